#include "node/mail/demand.h"

#include "node/record/organisation.h"
#include "node/record/reader.h"
#include "proto/record/kind.h"
#include "proto/record/value.h"

const char *
demand_whose_name(enum demand_whose w)
{
	static const char *const names[] = { "none", "unknown", "sender",
		"party", "another" };

	return names[w];
}

/* The organisations that a demand may be of: that it names, and those that
 * the record of its author lists. */
#define OWNERS_MAX 65
struct owners {
	uint8_t keys[OWNERS_MAX][RECORD_AUTHOR];
	unsigned n;
};

static void
owner_put(struct owners *o, const struct value *v)
{
	if (v != NULL && v->type == VALUE_BIN && v->s.n == RECORD_AUTHOR &&
	    o->n < OWNERS_MAX)
		memcpy(o->keys[o->n++], v->s.p, RECORD_AUTHOR);
}

static void
owners_listed(struct owners *o, struct store_view *view, struct reader *rd,
    uint64_t now_s, const uint8_t author[RECORD_AUTHOR])
{
	const struct value *keys;
	struct store_record s;

	if (store_get_slot(view, author, KIND_ORGANISATION, 0, &s) != OK ||
	    !record_is_live(&s, now_s) || !reader_open(rd, &s))
		return;
	keys = value_find(&rd->payload, ORGANISATION_POSTING_KEYS);
	for (uint32_t i = 0;
	     keys != NULL && keys->type == VALUE_ARRAY && i < keys->n; i++)
		owner_put(o, &keys->items[i]);
}

static bool
is_key(const uint8_t a[RECORD_AUTHOR], const uint8_t b[RECORD_AUTHOR])
{
	return memcmp(a, b, RECORD_AUTHOR) == 0;
}

/* Is the sender the author's organisation, one of its keys, or another key of
 * the same? */
static bool
is_party(struct store_view *view, struct reader *rd, uint64_t now_s,
    const struct owners *may, const uint8_t sender[RECORD_AUTHOR],
    struct demand_named *out)
{
	bool same = organisation_is_of(view, rd, now_s, out->author, sender);

	for (unsigned i = 0; i < may->n; i++) {
		const uint8_t *of = may->keys[i];
		if (!organisation_is_of(view, rd, now_s, of, out->author))
			continue;
		if (!out->has_organisation)
			memcpy(out->organisation, of, RECORD_AUTHOR);
		out->has_organisation = true;
		same = same || is_key(of, sender) ||
		       organisation_is_of(view, rd, now_s, of, sender);
	}
	return same;
}

static void
look(struct store_view *view, struct reader *rd, uint64_t now_s,
    const uint8_t id[RECORD_ID], const uint8_t sender[RECORD_AUTHOR],
    struct demand_named *out)
{
	struct owners may = { .n = 0 };
	struct store_record s;

	if (store_get(view, id, &s) != OK || s.deleted ||
	    s.kind != KIND_DEMAND || !reader_open(rd, &s))
		return;
	out->rid = s.rid;
	memcpy(out->author, s.author, RECORD_AUTHOR);
	owner_put(&may, value_find(&rd->payload, organisation_fields[0].field));
	owners_listed(&may, view, rd, now_s, out->author);
	const bool party = is_party(view, rd, now_s, &may, sender, out);
	out->whose = is_key(out->author, sender) ? DEMAND_SENDER
		     : party                     ? DEMAND_PARTY
						 : DEMAND_ANOTHER;
}

void
demand_look(struct node *n, const uint8_t id[RECORD_ID],
    const uint8_t sender[RECORD_AUTHOR], struct demand_named *out)
{
	static const uint8_t none[RECORD_ID];
	struct store_view *view = NULL;
	struct reader rd;

	*out = (struct demand_named){ .whose = DEMAND_UNKNOWN };
	if (memcmp(id, none, RECORD_ID) == 0) {
		out->whose = DEMAND_NONE;
		return;
	}
	if (reader_init(&rd) == OK && store_view_open(n->store, &view) == OK)
		look(view, &rd, node_now(n), id, sender, out);
	store_view_close(view);
	reader_fini(&rd);
}
