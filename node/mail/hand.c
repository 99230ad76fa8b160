#include "node/mail/hand.h"

#include <stdlib.h>

#include "node/keys/intro.h"
#include "node/record/organisation.h"
#include "node/record/owner.h"
#include "proto/record/value.h"

#define DEMAND_ORGANISATION 4 /* of a demand, as in SPEC.md */

struct wanted {
	const char *text;
	uint64_t rid, now_s;
	unsigned found;
};

static bool
on_demand(void *ctx, const struct store_record *s)
{
	struct wanted *w = ctx;

	if (!s->deleted && s->expires_h * 3600 > w->now_s &&
	    record_text_is(s->id, w->text)) {
		w->rid = s->rid;
		w->found++;
	}
	return w->found < 2;
}

struct looking {
	struct arena record, values;
	struct record r;
	struct value payload;
};

static err
looking_open(struct looking *l)
{
	l->record =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	l->values = arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	return l->record.p == NULL || l->values.p == NULL ? ERR_NOMEM : OK;
}

static void
looking_close(struct looking *l)
{
	free(l->record.p);
	free(l->values.p);
}

static bool
look(struct looking *l, const struct store_record *s)
{
	arena_reset(&l->values);
	return !s->deleted && !s->opaque &&
	       record_read(s->bytes, &l->record, &l->r) == RECORD_FINE &&
	       value_parse(l->r.payload, &l->values, &l->payload) == OK &&
	       l->payload.type == VALUE_MAP;
}

/* ${posting} NULL: of no demand. */
static err
inbox_of(struct node *n, struct store_view *view, struct looking *l,
    const uint8_t company[ED25519_PUBLIC], const uint8_t *posting,
    uint8_t inbox[X25519_SIZE])
{
	struct store_record s;
	const struct value *v;

	if (store_get_slot(view, company, KIND_ORGANISATION, 0, &s) != OK ||
	    s.expires_h * 3600 <= node_now(n) || !look(l, &s))
		return ERR_CLOSED;
	if (posting != NULL && memcmp(posting, company, ED25519_PUBLIC) != 0 &&
	    !organisation_lists(&l->payload, posting))
		return ERR_CLOSED; /* anybody could say so */
	v = value_find(&l->payload, ORGANISATION_INBOX);
	if (v == NULL || v->type != VALUE_BIN || v->s.n != X25519_SIZE)
		return ERR_CLOSED;
	memcpy(inbox, v->s.p, X25519_SIZE);
	return OK;
}

static err
target_in(struct node *n, struct store_view *view, struct looking *l,
    const char *text, struct hand_target *out)
{
	struct wanted w = { .text = text, .now_s = node_now(n) };
	uint8_t posting[ED25519_PUBLIC];
	struct store_record s;
	const struct value *v;

	TRY(store_each_kind(view, KIND_DEMAND, on_demand, &w));
	if (w.found != 1)
		return w.found == 0 ? ERR_NOTFOUND : ERR_EXISTS;
	TRY(store_get_rid(view, w.rid, &s));
	if (!look(l, &s))
		return ERR_NOTFOUND;
	memcpy(out->demand, s.id, RECORD_ID);
	memcpy(posting, s.author, ED25519_PUBLIC);
	memcpy(out->company, s.author, ED25519_PUBLIC);
	v = value_find(&l->payload, DEMAND_ORGANISATION);
	if (v != NULL && v->type == VALUE_BIN && v->s.n == ED25519_PUBLIC)
		memcpy(out->company, v->s.p, ED25519_PUBLIC);
	return inbox_of(n, view, l, out->company, posting, out->inbox);
}

err
hand_target(struct node *n, const char *text, struct hand_target *out)
{
	struct store_view *view = NULL;
	struct looking l = { .values = { 0 } };
	err e = looking_open(&l);

	if (e == OK)
		e = store_view_open(n->store, &view);
	if (e == OK) {
		e = target_in(n, view, &l, text, out);
		store_view_close(view);
	}
	looking_close(&l);
	return e;
}

err
hand_inbox(struct node *n, const uint8_t company[ED25519_PUBLIC],
    uint8_t inbox[X25519_SIZE])
{
	struct store_view *view = NULL;
	struct looking l = { .values = { 0 } };
	err e = looking_open(&l);

	if (e == OK)
		e = store_view_open(n->store, &view);
	if (e == OK) {
		e = inbox_of(n, view, &l, company, NULL, inbox);
		store_view_close(view);
	}
	looking_close(&l);
	return e;
}

bool
hand_taken(struct node *n, uint32_t persona)
{
	return owner_live(n, persona, KIND_ORGANISATION) > 0 ||
	       owner_live(n, persona, KIND_COMMUNITY) > 0;
}

/* ---- the card ---- */

static err
without_intro(const struct value *map, struct buf *out)
{
	struct value pairs[2 * 64];
	uint32_t n = 0;

	if (map->n > ARRAY_LEN(pairs) / 2)
		return ERR_FORM;
	for (uint32_t i = 0; i < map->n; i++) {
		if (map->items[2 * i].u == PROFILE_INTRO)
			continue;
		pairs[2 * n] = map->items[2 * i];
		pairs[2 * n + 1] = map->items[2 * i + 1];
		n++;
	}
	const struct value with = value_map(pairs, n);
	TRY(value_write(&with, out));
	return out->n > HAND_CARD_MAX ? ERR_MORE : OK;
}

err
hand_card(struct node *n, uint32_t persona, struct buf *out)
{
	const struct owner_post *post = owner_post(n, persona, KIND_PROFILE, 0);
	struct store_view *view = NULL;
	struct looking l = { .values = { 0 } };
	struct store_record s;

	if (post == NULL || post->deleted || post->rid == 0)
		return ERR_NOTFOUND;
	err e = looking_open(&l);
	if (e == OK)
		e = store_view_open(n->store, &view);
	if (e == OK) {
		e = store_get_rid(view, post->rid, &s) == OK && look(&l, &s)
			? without_intro(&l.payload, out)
			: ERR_NOTFOUND;
		store_view_close(view);
	}
	looking_close(&l);
	return e;
}
