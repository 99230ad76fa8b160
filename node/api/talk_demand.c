/* Of an offer: whose demand it names, as far as this node can tell. */
#include "node/api/parts.h"
#include "node/api/postings.h"
#include "node/api/talk.h"
#include "node/record/labels.h"
#include "node/record/organisation.h"

static json_t *
text_of(const struct reader *rd, uint64_t field, uint32_t language)
{
	struct slice text;

	if (!text_pick(value_find(&rd->payload, field), language, &text))
		return json_null();
	return json_stringn((const char *)text.p, text.n);
}

/* What the organisation calls itself; anybody can take a name. */
static json_t *
name_of(struct store_view *view, struct reader *rd, const uint8_t *key,
    uint64_t now_s, uint32_t language)
{
	struct store_record s;

	if (store_get_slot(view, key, KIND_ORGANISATION, 0, &s) != OK ||
	    !record_is_live(&s, now_s) || !reader_open(rd, &s))
		return json_null();
	return text_of(rd, ORGANISATION_NAME, language);
}

static void
names_into(
    json_t *o, struct node *n, const struct demand_named *d, uint32_t language)
{
	json_t *title = NULL, *name = NULL;
	struct store_view *view = NULL;
	struct store_record s;
	struct reader rd;

	if (reader_init(&rd) == OK && d->rid != 0 &&
	    store_view_open(n->store, &view) == OK) {
		if (store_get_rid(view, d->rid, &s) == OK &&
		    reader_open(&rd, &s))
			title = text_of(&rd, POSTING_TITLE, language);
		name = name_of(view, &rd,
		    d->has_organisation ? d->organisation : d->author,
		    node_now(n), language);
	}
	store_view_close(view);
	reader_fini(&rd);
	(void)json_object_set_new(
	    o, "title", title == NULL ? json_null() : title);
	(void)json_object_set_new(o, "name", name == NULL ? json_null() : name);
}

static const char *
words_of(enum demand_whose whose, bool shown)
{
	switch (whose) {
	case DEMAND_SENDER:
		return shown ? "the sender's own demand"
			     : "the sender's own demand; who the sender is, is "
			       "not shown yet";
	case DEMAND_PARTY:
		return shown ? "a demand of the sender's organisation, as both "
			       "sides say"
			     : "a demand of the sender's organisation, as both "
			       "sides say; who the sender is, is not shown yet";
	case DEMAND_ANOTHER:
		return shown ? "the demand of somebody else, who does not say "
			       "that the sender speaks for them"
			     : "the demand of somebody else, who does not say "
			       "that the sender speaks for them; who the "
			       "sender is, is not shown yet";
	case DEMAND_UNKNOWN:
		return shown ? "a demand that this node does not hold, or that "
			       "has changed since: whose it is cannot be told"
			     : "a demand that this node does not hold, or that "
			       "has changed since: whose it is cannot be told; "
			       "who the sender is, is not shown yet";
	case DEMAND_NONE:
		break;
	}
	return shown ? "no demand"
		     : "no demand; who the sender is, is not shown yet";
}

json_t *
talk_demand_json(struct node *n, struct talk *t, uint32_t language)
{
	const struct demand_named *d = talk_demand(n, t);
	const bool held = d->rid != 0;
	json_t *o;

	if (t->c.company || t->c.terms_n == 0)
		return json_null();
	o = json_object();
	if (d->whose == DEMAND_NONE)
		(void)json_object_set_new(o, "id", json_null());
	else
		json_hex(o, "id", slice_of(t->c.demand, RECORD_ID));
	(void)json_object_set_new(
	    o, "whose", json_string(demand_whose_name(d->whose)));
	json_truth(o, "warning", d->whose == DEMAND_ANOTHER);
	if (held)
		json_did(o, "author", d->author);
	else
		(void)json_object_set_new(o, "author", json_null());
	if (d->has_organisation)
		json_did(o, "organisation", d->organisation);
	else
		(void)json_object_set_new(o, "organisation", json_null());
	names_into(o, n, d, language);
	json_truth(o, "identity_shown", t->c.peer_opened);
	(void)json_object_set_new(
	    o, "says", json_string(words_of(d->whose, t->c.peer_opened)));
	return o;
}
