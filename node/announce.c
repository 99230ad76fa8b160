#include "node/announce.h"

#include <stdlib.h>

#define PER_TICK 64
#define AGAIN_MS 600000 /* beyond what gossip remembers as seen */

struct announcer {
	struct announce_config cf;
	char net[NET_MAX + 1];
	uint64_t *rids; /* that wait */
	size_t n, cap;
	uint64_t again_ms;  /* the next look at the cards */
	uint32_t open;      /* the author that may be told of */
	uint64_t others_ms; /* from when on another one may */
};

static uint64_t
now_ms(const struct announcer *a)
{
	return a->cf.env->mono_ms(a->cf.env->ctx);
}

struct announcer *
announcer_new(const struct announce_config *cf)
{
	ASSERT(net_is_valid(cf->net));
	struct announcer *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->cf = *cf;
	memcpy(a->net, cf->net.p, cf->net.n);
	a->again_ms = now_ms(a) + AGAIN_MS;
	return a;
}

void
announcer_free(struct announcer *a)
{
	if (a == NULL)
		return;
	free(a->rids);
	free(a);
}

static void
wait_add(struct announcer *a, uint64_t rid)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->rids[i] == rid)
			return;
	if (a->n == ANNOUNCE_MAX)
		return; /* sync brings it to peers all the same */
	if (a->n == a->cap) {
		const size_t cap = a->cap == 0 ? 16 : 2 * a->cap;
		uint64_t *more = realloc(a->rids, cap * sizeof(*more));
		if (more == NULL)
			return;
		a->rids = more;
		a->cap = cap;
	}
	a->rids[a->n++] = rid;
}

/* Which of our authors; the first for one that is none any more. */
static uint32_t
author_of(const struct announcer *a, const uint8_t author[RECORD_AUTHOR])
{
	const uint8_t *own;

	for (uint32_t i = 0; (own = a->cf.author_at(a->cf.ctx, i)) != NULL; i++)
		if (memcmp(own, author, RECORD_AUTHOR) == 0)
			return i;
	return 0;
}

static bool
may_speak(const struct announcer *a, uint32_t author)
{
	return author == a->open || now_ms(a) >= a->others_ms;
}

static void
spoke(struct announcer *a, uint32_t author)
{
	a->open = author;
	if (a->cf.gap_ms > 0)
		a->others_ms = now_ms(a) + a->cf.gap_ms +
			       env_random_below(a->cf.env, a->cf.gap_ms);
}

/*
 * To how many peers it went; ERR_MORE: later. Where nobody listens it is not
 * said at all: gossip would remember it as said, and never say it again.
 * A person's card never floods: it would point at where it began.
 */
static err
announce(
    struct announcer *a, uint32_t kind, struct slice bytes, uint32_t *sent_to)
{
	struct gossip_topic now;
	char topic[TOPIC_TEXT];

	*sent_to = 0;
	topic_put(topic, slice_str(a->net), kind_info(kind)->class);
	if (!host_topic(a->cf.host, topic, &now) || now.peers == 0)
		return OK;
	return host_publish(a->cf.host, topic, bytes,
	    a->cf.flood && kind != KIND_PROFILE, now_ms(a), sent_to);
}

uint32_t
announce_stored(struct announcer *a, const struct record *r, uint64_t rid)
{
	const uint32_t author = author_of(a, r->author);
	uint32_t sent_to = 0;
	err e = OK;

	if (may_speak(a, author))
		e = announce(a, r->kind, r->bytes, &sent_to);
	if (sent_to > 0)
		spoke(a, author);

	if (e != ERR_EXISTS && sent_to == 0)
		wait_add(a, rid);
	return sent_to;
}

static bool
announce_rid(struct announcer *a, struct store_view *view, uint64_t rid)
{
	struct store_record r;
	uint32_t sent_to = 0;

	if (store_get_rid(view, rid, &r) != OK)
		return true; /* replaced or gone meanwhile */
	const uint32_t author = author_of(a, r.author);
	if (!may_speak(a, author))
		return false;
	const err e = announce(a, r.kind, r.bytes, &sent_to);
	if (sent_to > 0)
		spoke(a, author);
	return (e == OK && sent_to > 0) || e == ERR_EXISTS;
}

static void
look_at_cards(struct announcer *a, struct store_view *view)
{
	const uint8_t *author;
	struct store_record r;

	a->again_ms = now_ms(a) + AGAIN_MS;
	for (uint32_t i = 0; (author = a->cf.author_at(a->cf.ctx, i)) != NULL;
	     i++)
		if (store_get_slot(view, author, KIND_PROFILE, 0, &r) == OK &&
		    r.own && !r.heard)
			wait_add(a, r.rid);
}

void
announce_tick(struct announcer *a)
{
	const bool again = now_ms(a) >= a->again_ms;
	struct host_peer_info peer;
	struct store_view *view = NULL;
	size_t kept = 0, tried = 0;

	if ((a->n == 0 && !again) || !host_peer_at(a->cf.host, 0, &peer) ||
	    store_view_open(a->cf.store, &view) != OK)
		return;
	if (again)
		look_at_cards(a, view);
	for (size_t i = 0; i < a->n; i++)
		if (tried++ >= PER_TICK || !announce_rid(a, view, a->rids[i]))
			a->rids[kept++] = a->rids[i];
	a->n = kept;
	store_view_close(view);
}

size_t
announce_waiting(const struct announcer *a)
{
	return a->n;
}
