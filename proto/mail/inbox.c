#include "proto/mail/inbox.h"

struct inbox_limits
inbox_limits_standard(void)
{
	return (struct inbox_limits){ .places = 50,
		.strangers = 20,
		.open_company = 1,
		.window_offers = 3,
		.window_hours = 168,
		.stranger_hands = 200 };
}

struct inbox_limits
inbox_limits_shared(uint32_t room, bool hands)
{
	struct inbox_limits l = inbox_limits_standard();
	const uint32_t places = hands ? room / 2 : room;

	if (l.places > places) {
		l.places = places;
		l.strangers = places * 2 / 5;
	}
	l.stranger_hands = MIN(l.stranger_hands, room - l.places);
	return l;
}

const char *
inbox_outcome_name(enum inbox_outcome o)
{
	static const char *const names[] = { "keep", "replace", "blocked",
		"no-pledge", "open-already", "too-many", "no-place" };

	return o < ARRAY_LEN(names) ? names[o] : "unknown";
}

uint32_t
inbox_rank(const struct inbox_item *offer, uint64_t median)
{
	uint64_t share = INBOX_ONE;

	if (median > 0 && offer->pledge < median)
		/* Both below 2^47 after the shift, whatever they were. */
		share = median >> 47 == 0
			    ? offer->pledge * INBOX_ONE / median
			    : (offer->pledge >> 17) / ((median >> 33) + 1);
	else if (offer->pledge == 0)
		share = 0;
	const uint64_t trust = MIN(offer->trust, (uint32_t)INBOX_ONE);
	return (uint32_t)(trust == 0 ? share : trust * share / INBOX_ONE);
}

/* Does it count beside the new one? What waits for another persona says
 * nothing of this one, so that nobody sees that both are of one node. */
static bool
is_beside(const struct inbox_item *a, const struct inbox_item *offer)
{
	return a->open && a->persona == offer->persona;
}

/* The lower median of the pledges that are there, the new one too: the
 * smallest that at least half of them do not exceed. */
static uint64_t
median_pledge(
    const struct inbox_item *items, size_t n, const struct inbox_item *offer)
{
	uint64_t best = 0;
	size_t all = offer->pledge > 0 ? 1 : 0;

	for (size_t i = 0; i < n; i++)
		all += is_beside(&items[i], offer) && items[i].pledge > 0;
	for (size_t i = 0; i <= n; i++) {
		const struct inbox_item *a = i < n ? &items[i] : offer;
		size_t below =
		    offer->pledge > 0 && offer->pledge <= a->pledge ? 1 : 0;
		if (a->pledge == 0 || (i < n && !is_beside(a, offer)))
			continue;
		for (size_t k = 0; k < n; k++)
			below += is_beside(&items[k], offer) &&
				 items[k].pledge > 0 &&
				 items[k].pledge <= a->pledge;
		if (2 * below >= all && (best == 0 || a->pledge < best))
			best = a->pledge;
	}
	return best;
}

/* Less by rank, then by the later arrival, then by the larger id. */
static bool
is_less(const struct inbox_item *a, const struct inbox_item *b, uint64_t median)
{
	const uint32_t ra = inbox_rank(a, median), rb = inbox_rank(b, median);

	if (ra != rb)
		return ra < rb;
	if (a->received_h != b->received_h)
		return a->received_h > b->received_h;
	return memcmp(a->id, b->id, RECORD_ID) > 0;
}

/* Strangers and the known each have places of their own: neither lane can
 * push the other out. */
static bool
same_lane(const struct inbox_item *a, const struct inbox_item *b)
{
	return (a->trust == 0) == (b->trust == 0);
}

/* The least of the lane gives way, if the new one is more. */
static enum inbox_outcome
compete(const struct inbox_item *items, size_t n,
    const struct inbox_item *offer, size_t *place)
{
	const uint64_t median = median_pledge(items, n, offer);
	const struct inbox_item *least = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!is_beside(&items[i], offer) ||
		    !same_lane(&items[i], offer))
			continue;
		if (least == NULL || is_less(&items[i], least, median))
			least = &items[i];
	}
	if (least == NULL || !is_less(least, offer, median))
		return INBOX_NO_PLACE;
	*place = (size_t)(least - items);
	return INBOX_REPLACE;
}

enum inbox_outcome
inbox_offer(const struct inbox_limits *l,
    const uint8_t (*blocked)[RECORD_AUTHOR], size_t blocked_n,
    const struct inbox_item *items, size_t n, const struct inbox_item *offer,
    size_t *place)
{
	uint32_t open = 0, lately = 0, lane = 0;

	for (size_t i = 0; i < blocked_n; i++)
		if (memcmp(blocked[i], offer->sender, RECORD_AUTHOR) == 0)
			return INBOX_BLOCKED;
	if (offer->trust == 0 && offer->pledge == 0)
		return INBOX_NO_PLEDGE;
	for (size_t i = 0; i < n; i++) {
		const struct inbox_item *a = &items[i];
		lane += is_beside(a, offer) && same_lane(a, offer) ? 1 : 0;
		if (a->persona != offer->persona ||
		    memcmp(a->sender, offer->sender, RECORD_AUTHOR) != 0)
			continue;
		open += a->open ? 1 : 0;
		lately +=
		    a->received_h + l->window_hours > offer->received_h ? 1 : 0;
	}
	if (open >= l->open_company)
		return INBOX_OPEN_ALREADY;
	if (lately >= l->window_offers)
		return INBOX_TOO_MANY;
	const uint32_t strangers = MIN(l->strangers, l->places);
	if (lane >= (offer->trust == 0 ? strangers : l->places - strangers))
		return compete(items, n, offer, place);
	return INBOX_KEEP;
}

enum inbox_outcome
inbox_hand(const struct inbox_limits *l, const struct inbox_item *items,
    size_t n, const struct inbox_item *hand)
{
	uint32_t open = 0;

	if (hand->introduced)
		return INBOX_KEEP;
	for (size_t i = 0; i < n; i++)
		open += is_beside(&items[i], hand) && !items[i].introduced;
	return open < l->stranger_hands ? INBOX_KEEP : INBOX_TOO_MANY;
}
