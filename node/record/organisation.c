#include "node/record/organisation.h"

#include "node/record/reader.h"
#include "proto/record/kind.h"
#include "proto/record/value.h"

const struct organisation_field organisation_fields[ORGANISATION_FIELDS] = {
	{ KIND_DEMAND, 4 },
	{ KIND_COURSE, 48 },
	{ KIND_ASSESSMENT, 44 },
	{ KIND_PATHWAY, 44 },
	{ KIND_COMMUNITY, 44 },
};

bool
organisation_lists(
    const struct value *payload, const uint8_t key[RECORD_AUTHOR])
{
	const struct value *keys =
	    value_find(payload, ORGANISATION_POSTING_KEYS);

	for (uint32_t i = 0;
	     keys != NULL && keys->type == VALUE_ARRAY && i < keys->n; i++)
		if (keys->items[i].type == VALUE_BIN &&
		    slice_eq(keys->items[i].s, slice_of(key, RECORD_AUTHOR)))
			return true;
	return false;
}

/* Does the organisation record of ${by} list ${key}? */
static bool
lists(struct store_view *view, struct reader *rd, uint64_t now_s,
    const uint8_t by[RECORD_AUTHOR], const uint8_t key[RECORD_AUTHOR])
{
	struct store_record s;

	return store_get_slot(view, by, KIND_ORGANISATION, 0, &s) == OK &&
	       record_is_live(&s, now_s) && reader_open(rd, &s) &&
	       organisation_lists(&rd->payload, key);
}

static bool
is_revoked(struct store_view *view, const uint8_t key[RECORD_AUTHOR])
{
	struct store_record s;

	return store_get_slot(view, key, KIND_REVOCATION, 0, &s) == OK;
}

struct search {
	struct reader *rd;
	uint64_t now_s, field;
	const uint8_t *organisation;
	unsigned left;
	bool found;
};

static bool
on_posting(void *ctx, const struct store_record *s)
{
	struct search *l = ctx;
	const struct value *v;

	if (record_is_live(s, l->now_s) && reader_open(l->rd, s)) {
		v = value_find(&l->rd->payload, l->field);
		l->found =
		    v != NULL && v->type == VALUE_BIN &&
		    slice_eq(v->s, slice_of(l->organisation, RECORD_AUTHOR));
	}
	return !l->found && --l->left > 0;
}

/* Does ${key} say that it posts for that organisation? */
static bool
says_so(struct store_view *view, struct reader *rd, uint64_t now_s,
    const uint8_t organisation[RECORD_AUTHOR], const uint8_t key[RECORD_AUTHOR])
{
	struct search l = { rd, now_s, 0, organisation, 0, false };

	if (lists(view, rd, now_s, key, organisation))
		return true;
	for (size_t i = 0; i < ORGANISATION_FIELDS && !l.found; i++) {
		l.field = organisation_fields[i].field;
		l.left = ORGANISATION_POSTINGS;
		if (store_each_author(view, key, organisation_fields[i].kind,
			on_posting, &l) != OK)
			return false;
	}
	return l.found;
}

bool
organisation_is_of(struct store_view *view, struct reader *rd, uint64_t now_s,
    const uint8_t organisation[RECORD_AUTHOR], const uint8_t key[RECORD_AUTHOR])
{
	return lists(view, rd, now_s, organisation, key) &&
	       !is_revoked(view, organisation) && !is_revoked(view, key) &&
	       says_so(view, rd, now_s, organisation, key);
}
