#include "node/trust/posting.h"

#include <stdlib.h>

#include "node/record/organisation.h"
#include "proto/record/kind.h"
#include "proto/record/record.h"
#include "proto/record/value.h"

static bool
in_force(
    struct posting_keys *p, const struct store_record *s, struct value *payload)
{
	struct record r;

	arena_reset(p->value_scratch);
	return !s->deleted && !s->opaque && s->expires_h > p->now_h &&
	       record_read(s->bytes, p->record_scratch, &r) == RECORD_FINE &&
	       value_parse(r.payload, p->value_scratch, payload) == OK &&
	       payload->type == VALUE_MAP;
}

static bool
is_revoked(struct posting_keys *p, const uint8_t key[TRUST_KEY])
{
	struct store_record r;

	if (p->asked_n < p->asked_cap)
		memcpy(p->asked[p->asked_n++], key, TRUST_KEY);
	else
		p->asked_full = true;
	return store_get_slot(p->view, key, KIND_REVOCATION, 0, &r) == OK;
}

/* The keys that ${by}'s organisation record lists; how many. */
static size_t
listed_by(struct posting_keys *p, const uint8_t by[TRUST_KEY],
    uint8_t out[POSTING_LISTED][TRUST_KEY])
{
	struct store_record s;
	struct value payload;
	const struct value *keys;
	size_t n = 0;

	if (store_get_slot(p->view, by, KIND_ORGANISATION, 0, &s) != OK ||
	    !in_force(p, &s, &payload))
		return 0;
	keys = value_find(&payload, ORGANISATION_POSTING_KEYS);
	for (uint32_t i = 0; keys != NULL && keys->type == VALUE_ARRAY &&
			     i < keys->n && n < POSTING_LISTED;
	     i++)
		if (keys->items[i].type == VALUE_BIN &&
		    keys->items[i].s.n == TRUST_KEY)
			memcpy(out[n++], keys->items[i].s.p, TRUST_KEY);
	return n;
}

static void
claim_put(struct trust_claim *list, size_t *n, size_t cap,
    const uint8_t by[TRUST_KEY], const uint8_t of[TRUST_KEY])
{
	ASSERT(*n < cap);
	memcpy(list[*n].by, by, TRUST_KEY);
	memcpy(list[(*n)++].of, of, TRUST_KEY);
}

/* Does ${by} list ${of}? Then it is noted. */
static bool
note_listed(struct posting_keys *p, const uint8_t by[TRUST_KEY],
    const uint8_t of[TRUST_KEY])
{
	uint8_t keys[POSTING_LISTED][TRUST_KEY];
	const size_t n = is_revoked(p, by) ? 0 : listed_by(p, by, keys);

	for (size_t i = 0; i < n; i++) {
		if (memcmp(keys[i], of, TRUST_KEY) != 0)
			continue;
		claim_put(p->lists, &p->lists_n, ARRAY_LEN(p->lists), by, of);
		return true;
	}
	return false;
}

/* ---- whom a key's postings name ---- */

struct named {
	struct posting_keys *p;
	uint64_t field;
	const uint8_t *by;
	uint8_t keys[POSTING_NAMED][TRUST_KEY];
	size_t n;
	bool many;
};

static bool
on_posting(void *ctx, const struct store_record *s)
{
	struct named *d = ctx;
	struct value payload;
	const struct value *of;

	if (!in_force(d->p, s, &payload))
		return true;
	of = value_find(&payload, d->field);
	if (of == NULL || of->type != VALUE_BIN || of->s.n != TRUST_KEY ||
	    memcmp(of->s.p, d->by, TRUST_KEY) == 0)
		return true;
	for (size_t i = 0; i < d->n; i++)
		if (memcmp(d->keys[i], of->s.p, TRUST_KEY) == 0)
			return true;
	d->many = d->n == POSTING_NAMED;
	if (!d->many)
		memcpy(d->keys[d->n++], of->s.p, TRUST_KEY);
	return !d->many;
}

/* Notes the organisations that ${by} names and that list it. */
static err
note_named(struct posting_keys *p, const uint8_t by[TRUST_KEY])
{
	struct named d = { .p = p, .by = by };

	for (size_t i = 0; i < ORGANISATION_FIELDS && !d.many; i++) {
		d.field = organisation_fields[i].field;
		TRY(store_each_author(
		    p->view, by, organisation_fields[i].kind, on_posting, &d));
	}
	for (size_t i = 0; i < d.n && !d.many; i++)
		if (note_listed(p, d.keys[i], by))
			claim_put(p->names, &p->names_n, ARRAY_LEN(p->names),
			    by, d.keys[i]);
	return OK;
}

/* ---- links ---- */

static bool
has_link(const struct posting_keys *p, const struct trust_link *l)
{
	for (size_t i = 0; i < p->links_n; i++)
		if ((memcmp(p->links[i].a, l->a, TRUST_KEY) == 0 &&
			memcmp(p->links[i].b, l->b, TRUST_KEY) == 0) ||
		    (memcmp(p->links[i].a, l->b, TRUST_KEY) == 0 &&
			memcmp(p->links[i].b, l->a, TRUST_KEY) == 0))
			return true;
	return false;
}

err
posting_look(struct posting_keys *p, const uint8_t key[TRUST_KEY])
{
	uint8_t keys[POSTING_LISTED][TRUST_KEY];
	struct trust_link found[2 * POSTING_LISTED + 2];
	size_t n;

	p->lists_n = p->names_n = 0;
	if (is_revoked(p, key))
		return OK;
	n = listed_by(p, key, keys);
	for (size_t i = 0; i < n; i++) {
		if (memcmp(keys[i], key, TRUST_KEY) == 0 ||
		    is_revoked(p, keys[i]))
			continue;
		claim_put(
		    p->lists, &p->lists_n, ARRAY_LEN(p->lists), key, keys[i]);
		(void)note_listed(p, keys[i], key);
		TRY(note_named(p, keys[i]));
	}
	TRY(note_named(p, key));
	n = trust_postings(p->lists, p->lists_n, p->names, p->names_n, found,
	    ARRAY_LEN(found));
	for (size_t i = 0; i < MIN(n, ARRAY_LEN(found)); i++) {
		if (has_link(p, &found[i]))
			continue;
		if (p->links_n == TRUST_LINKS_MAX) {
			p->cut = true;
			return OK;
		}
		p->links[p->links_n++] = found[i];
	}
	return OK;
}
