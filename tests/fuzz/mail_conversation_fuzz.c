/*
 * mail_conversation: two bytes an event. The first chooses the side and the
 * event, or a letter that arrives, late, twice, changed or with time in
 * between; the second what is in it.
 *
 * Properties, most of them in mail_step(): nothing is sent unasked, refusals
 * change nothing, no identity is open without its owner's yes and the
 * company's before it, no leaf is shown unapproved, time ends everything.
 */
#include <stdlib.h>

#include "tests/unit/mail_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EVENTS_MAX 24

static struct mail_world *fresh, *w;
static uint64_t approved;
static bool yes[2];

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static void
arrives(uint8_t which)
{
	if (w->wire_n == 0)
		return;
	const size_t i = w->wire_n - 1 - which / 4 % w->wire_n;
	struct mail_letter *l = &w->wire[i];
	const bool before = l->taken;

	if (which % 4 == 3) {
		l->sealed[which] ^= 1;
		check(mail_deliver(w, i) == MAIL_FOREIGN);
		l->sealed[which] ^= 1;
		return;
	}
	const enum mail_outcome o = mail_deliver(w, i);
	check(!before || o != MAIL_FINE);
}

static void
event(uint8_t a, uint8_t b)
{
	const unsigned side = a & 1;
	const unsigned type = a / 2 % (CONVERSATION_EVENTS + 8);

	if (type > CONVERSATION_EVENTS) {
		arrives(b);
		return;
	}
	if (type == CONVERSATION_EVENTS) {
		w->now_s += UINT64_C(3600) * b;
		return;
	}
	if (type == CONVERSATION_RECEIVE)
		return;
	struct conversation_event e =
	    mail_event(w, side, (enum conversation_event_type)type);
	if (type == CONVERSATION_OWN_APPROVE ||
	    type == CONVERSATION_OWN_DISCLOSE)
		e.leaves = b;
	if (b % 8 == 7)
		e.author = NULL;
	if (mail_step(w, side, &e) != MAIL_FINE)
		return;
	if (type == CONVERSATION_OWN_APPROVE)
		approved |= b;
	if (type == CONVERSATION_OWN_OPEN)
		yes[side] = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (fresh == NULL) {
		fresh = mail_world_new(3);
		w = mail_world_new(3);
	}
	*w = *fresh;
	approved = 0;
	yes[PERSON] = yes[COMPANY] = false;
	for (size_t i = 0; i + 1 < size && i < 2 * EVENTS_MAX; i += 2) {
		const struct conversation *p = &w->side[PERSON].c;
		const struct conversation *c = &w->side[COMPANY].c;
		event(data[i], data[i + 1]);
		check((p->disclosed & ~approved) == 0);
		check(!p->own_opened || (yes[PERSON] && yes[COMPANY]));
		check(!p->peer_opened || yes[COMPANY]);
		check(!c->own_opened || yes[COMPANY]);
		check(!c->peer_opened || yes[PERSON]);
	}
	for (unsigned side = 0; side < 2; side++) {
		const uint64_t due = conversation_expiry(&w->side[side].c);
		if (due == UINT64_MAX)
			continue;
		w->now_s = MAX(w->now_s, due);
		check(mail_do(w, side, CONVERSATION_TIME) == MAIL_FINE);
		check(conversation_is_over(w->side[side].c.state));
	}
	return 0;
}
