#include "node/company/pledge.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/base/json.h"
#include "node/company/ledger.h"
#include "node/evidence/documents.h"
#include "node/keys/persona.h"
#include "node/record/labels.h"

static const char *const states[] = { "owed", "due", "overdue", "lapsed",
	"kept", "partly", "broken", "claimed" };

/* ---- what stands beside an agreement ---- */

/* Complete outcomes and one-sided words, by persona and agreement. */
struct beside {
	const struct holding *h; /* of the store: nothing changes meanwhile */
	unsigned came;           /* the order of the store */
};

/* A leaf by its tag. */
struct leaf_place {
	const uint8_t *tag;
	uint32_t number;
};

/* The ledger of one persona, to be looked up in. */
struct places {
	bool there;
	struct ledger_state s;
	struct leaf_place *by_tag; /* n of the state */
	uint8_t *settled;          /* event that settles leaf i; 0: none */
};

struct listing {
	struct node *n;
	int persona;
	const char *side, *state;
	json_t *list;
	struct held_document *agreement, *outcome, *word, *room;
	bool has_outcome, has_word;
	struct beside *beside;
	size_t beside_n, beside_cap;
	struct places places[PERSONAS_MAX];
};

static int
by_agreement(uint32_t persona, const uint8_t *about, const struct holding *h)
{
	return persona != h->persona
		   ? (persona > h->persona) - (persona < h->persona)
		   : memcmp(about, h->about, EVIDENCE_ID);
}

static int
beside_order(const void *a, const void *b)
{
	const struct beside *x = a, *y = b;
	const int order = by_agreement(x->h->persona, x->h->about, y->h);

	return order != 0 ? order : (x->came > y->came) - (x->came < y->came);
}

static bool
on_beside(void *ctx, const struct holding *h)
{
	struct listing *l = ctx;

	if (h->type != EVIDENCE_OUTCOME && h->type != EVIDENCE_ONE_SIDED)
		return true;
	if (l->beside_n < l->beside_cap) {
		l->beside[l->beside_n] =
		    (struct beside){ h, (unsigned)l->beside_n };
		l->beside_n++;
	}
	return true;
}

static int
tag_order(const void *a, const void *b)
{
	const struct leaf_place *x = a, *y = b;
	const int order = memcmp(x->tag, y->tag, 32);

	return order != 0 ? order
			  : (x->number > y->number) - (x->number < y->number);
}

static struct places *
places_of(struct listing *l, uint32_t persona)
{
	struct places *p = &l->places[persona];

	if (p->there)
		return p;
	p->there = true;
	ledger_state_of(l->n, persona, &p->s);
	p->by_tag = malloc((p->s.n + 1) * sizeof(*p->by_tag));
	p->settled = calloc(p->s.n + 1, 1);
	if (p->by_tag == NULL || p->settled == NULL)
		p->s.n = 0;
	for (uint32_t i = 0; i < p->s.n; i++) {
		const struct ledger_leaf *leaf = &p->s.leaves[i];
		p->by_tag[i] = (struct leaf_place){ leaf->tag, i };
		if (leaf->event >= LEDGER_KEPT &&
		    leaf->event <= LEDGER_LAPSED && leaf->of < i &&
		    p->settled[leaf->of] == 0)
			p->settled[leaf->of] = (uint8_t)leaf->event;
	}
	if (p->s.n > 0)
		qsort(p->by_tag, p->s.n, sizeof(*p->by_tag), tag_order);
	return p;
}

/* ---- one ---- */

static json_t *
content_of(const struct document *d)
{
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct value map;
	json_t *o = NULL;

	if (memory == NULL || value_parse(d->body, &arena, &map) != OK ||
	    payload_to_json(document_schema(d->is.type), &map, NULL, &o) != OK)
		o = NULL;
	free(memory);
	return o;
}

/* The outcome that counts, and the person's own word. */
static void
take_beside(struct listing *l, const struct holding *h)
{
	struct held_document *keep;

	if (documents_read(l->n, h, l->room) != OK)
		return;
	const struct document *d = &l->room->d;
	if (h->type == EVIDENCE_OUTCOME &&
	    (!l->has_outcome || evidence_wins(d, &l->outcome->d))) {
		keep = l->outcome;
		l->outcome = l->room;
		l->room = keep;
		l->has_outcome = true;
	} else if (h->type == EVIDENCE_ONE_SIDED) {
		keep = l->word;
		l->word = l->room;
		l->room = keep;
		l->has_word = true;
	}
}

static void
find_beside(struct listing *l, const struct holding *a)
{
	size_t low = 0, high = l->beside_n;

	l->has_outcome = l->has_word = false;
	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		if (by_agreement(a->persona, a->id, l->beside[mid].h) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < l->beside_n &&
	       by_agreement(a->persona, a->id, l->beside[low].h) == 0;
	     low++)
		take_beside(l, l->beside[low].h);
}

static uint32_t
now_h(const struct node *n)
{
	return (uint32_t)(node_now(n) / 3600);
}

static const char *
state_of(const struct listing *l, const json_t *place)
{
	const struct document *a = &l->agreement->d;
	const uint32_t due = evidence_due(&a->is.agreement);
	const char *entered =
	    json_string_value(json_object_get(place, "settled"));

	switch (pledge_standing_of(a, l->has_outcome ? &l->outcome->d : NULL,
	    l->has_word ? &l->word->d : NULL, now_h(l->n))) {
	case STANDING_KEPT:
		return "kept";
	case STANDING_PARTLY:
		return "partly";
	case STANDING_BROKEN:
		return "broken";
	case STANDING_CLAIMED:
		return "claimed";
	case STANDING_OVERDUE:
		return entered != NULL && strcmp(entered, "lapsed") == 0
			   ? "lapsed"
			   : "overdue";
	case STANDING_OPEN:
		return now_h(l->n) < due ? "owed" : "due";
	case STANDING_NONE:
		break;
	}
	return "owed";
}

/* Where it stands in our ledger; null: it is not ours to keep one. */
static json_t *
place_of(struct listing *l, uint32_t persona, const uint8_t id[EVIDENCE_ID])
{
	static const char *const events[] = { "", "pledged", "kept", "partly",
		"broken", "lapsed", "done" };
	const struct places *p = places_of(l, persona);
	uint8_t tag[32];
	uint32_t low = 0, high = p->s.n;

	ledger_tag(tag, id);
	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;
		if (memcmp(p->by_tag[mid].tag, tag, sizeof(tag)) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == p->s.n || memcmp(p->by_tag[low].tag, tag, sizeof(tag)) != 0)
		return json_null();
	const uint32_t number = p->by_tag[low].number;
	const uint8_t settled = p->settled[number];
	return json_pack("{s:I,s:s?,s:b}", "number", (json_int_t)number,
	    "settled", settled == 0 ? NULL : events[settled], "committed",
	    number < p->s.committed);
}

static json_t *
paid_json(const struct outcome *o)
{
	json_t *p = json_object();

	json_uint(p, "hours", o->invested_hours);
	json_uint(p, "amount", o->invested_amount);
	if (o->currency[0] != '\0')
		(void)json_object_set_new(
		    p, "currency", json_string(o->currency));
	else
		(void)json_object_set_new(p, "currency", json_null());
	return p;
}

static json_t *
pledge_json(struct listing *l, const struct holding *h)
{
	const struct document *d = &l->agreement->d;
	const struct agreement *a = &d->is.agreement;
	const bool given = h->role == ROLE_COMPANY;
	json_t *content = content_of(d), *o = json_object();

	json_hex(o, "agreement", slice_of(d->id, EVIDENCE_ID));
	(void)json_object_set_new(
	    o, "side", json_string(given ? "given" : "received"));
	(void)json_object_set_new(
	    o, "persona", json_string(persona_get(l->n, h->persona)->name));
	json_did(o, "peer", given ? a->person : a->company);
	(void)json_object_set_new(
	    o, "talk", h->talk[0] == '\0' ? json_null() : json_string(h->talk));
	(void)json_object_set_new(o, "title", json_string(a->title));
	(void)json_object_set(o, "activity", json_object_get(content, "kind"));
	(void)json_object_set(o, "pledge", json_object_get(content, "pledge"));
	json_uint(o, "due", (uint64_t)evidence_due(a) * 3600);
	json_t *place = given ? place_of(l, h->persona, d->id) : json_null();
	(void)json_object_set_new(o, "state", json_string(state_of(l, place)));
	if (l->has_outcome)
		json_hex(o, "outcome", slice_of(l->outcome->d.id, EVIDENCE_ID));
	else
		(void)json_object_set_new(o, "outcome", json_null());
	(void)json_object_set_new(o, "paid",
	    l->has_outcome ? paid_json(&l->outcome->d.is.outcome)
			   : json_null());
	(void)json_object_set_new(o, "ledger", place);
	json_decref(content);
	return o;
}

static bool
on_agreement(void *ctx, const struct holding *h)
{
	struct listing *l = ctx;

	if ((h->role != ROLE_COMPANY && h->role != ROLE_PERSON) ||
	    (l->persona >= 0 && h->persona != (uint32_t)l->persona) ||
	    (l->side != NULL &&
		strcmp(l->side,
		    h->role == ROLE_COMPANY ? "given" : "received") != 0) ||
	    documents_read(l->n, h, l->agreement) != OK ||
	    l->agreement->d.is.agreement.pledge.kind == 0)
		return true;
	find_beside(l, h);
	json_t *o = pledge_json(l, h);
	if (l->state == NULL ||
	    strcmp(l->state, json_string_value(json_object_get(o, "state"))) ==
		0)
		(void)json_array_append(l->list, o);
	json_decref(o);
	return true;
}

/* ---- totals ---- */

static json_t *
empty_total(const char *side, const json_t *kind, const json_t *currency)
{
	json_t *by = json_object(), *o = json_object();

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		(void)json_object_set_new(by, states[i],
		    json_pack(
			"{s:i,s:i,s:i}", "count", 0, "hours", 0, "amount", 0));
	(void)json_object_set_new(o, "side", json_string(side));
	(void)json_object_set(o, "kind", (json_t *)(uintptr_t)kind);
	(void)json_object_set_new(o, "currency",
	    currency == NULL ? json_null()
			     : json_string(json_string_value(currency)));
	(void)json_object_set_new(o, "states", by);
	return o;
}

static void
add_to(json_t *o, const char *key, json_int_t n)
{
	(void)json_object_set_new(o, key,
	    json_integer(json_integer_value(json_object_get(o, key)) + n));
}

static bool
same_text(const json_t *a, const json_t *b)
{
	const char *x = json_string_value(a), *y = json_string_value(b);

	return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

/* By side, kind and currency. */
static json_t *
totals_of(const json_t *pledges)
{
	json_t *totals = json_array(), *p, *t;
	size_t i, j;

	json_array_foreach((json_t *)(uintptr_t)pledges, i, p)
	{
		const json_t *what = json_object_get(p, "pledge");
		const json_t *kind = json_object_get(what, "kind");
		const json_t *currency = json_object_get(what, "currency");
		json_t *total = NULL;
		json_array_foreach(totals, j, t)
		{
			if (same_text(json_object_get(t, "side"),
				json_object_get(p, "side")) &&
			    same_text(json_object_get(t, "kind"), kind) &&
			    same_text(json_object_get(t, "currency"), currency))
				total = t;
		}
		if (total == NULL) {
			total = empty_total(
			    json_string_value(json_object_get(p, "side")), kind,
			    currency);
			(void)json_array_append_new(totals, total);
		}
		json_t *one = json_object_get(json_object_get(total, "states"),
		    json_string_value(json_object_get(p, "state")));
		add_to(one, "count", 1);
		add_to(one, "hours",
		    json_integer_value(json_object_get(what, "hours")));
		add_to(one, "amount",
		    json_integer_value(json_object_get(what, "amount")));
	}
	return totals;
}

json_t *
pledges_json(struct node *n, int persona, const char *side, const char *state)
{
	const struct held_filter agreements = { .type = EVIDENCE_AGREEMENT,
		.complete = true };
	const struct held_filter complete = { .complete = true };
	struct held_document *room = malloc(4 * sizeof(*room));
	struct listing *l = calloc(1, sizeof(*l));
	json_t *list = json_array();

	if (l != NULL && room != NULL) {
		*l = (struct listing){ .n = n,
			.persona = persona,
			.side = side,
			.state = state,
			.list = list,
			.agreement = room,
			.outcome = room + 1,
			.word = room + 2,
			.room = room + 3,
			.beside_cap = documents_count(n) };
		l->beside = calloc(l->beside_cap + 1, sizeof(*l->beside));
		if (l->beside != NULL)
			documents_each(n, &complete, on_beside, l);
		if (l->beside_n > 0)
			qsort(l->beside, l->beside_n, sizeof(*l->beside),
			    beside_order);
		documents_each(n, &agreements, on_agreement, l);
		for (unsigned i = 0; i < PERSONAS_MAX; i++) {
			free(l->places[i].by_tag);
			free(l->places[i].settled);
		}
		free(l->beside);
	}
	free(l);
	free(room);
	json_t *totals = totals_of(list);
	return json_pack("{s:o,s:o}", "pledges", list, "totals", totals);
}

/* ---- practice ---- */

#define PEOPLE_MAX 512

struct counting {
	struct node *n;
	struct practice_facts *f;
	struct held_document *room;
	uint8_t people[PEOPLE_MAX][ED25519_PUBLIC];
};

static bool
on_settled(void *ctx, const struct holding *h)
{
	struct counting *c = ctx;

	if (h->role != ROLE_COMPANY || documents_read(c->n, h, c->room) != OK)
		return true;
	if (h->type == EVIDENCE_FOLLOW_UP) {
		c->f->follow_ups++;
		return true;
	}
	const struct outcome *o = &c->room->d.is.outcome;
	if (o->learned.n > 0)
		c->f->learned++;
	if (o->pledge != PLEDGE_KEPT || c->f->people == PEOPLE_MAX)
		return true;
	for (uint32_t i = 0; i < c->f->people; i++)
		if (memcmp(c->people[i], o->person, ED25519_PUBLIC) == 0)
			return true;
	memcpy(c->people[c->f->people++], o->person, ED25519_PUBLIC);
	return true;
}

void
practice_facts_of(
    struct node *n, uint32_t persona, struct practice_facts *facts)
{
	struct held_filter filter = { .type = EVIDENCE_OUTCOME,
		.of_persona = true,
		.persona = persona,
		.complete = true };
	struct counting *c = calloc(1, sizeof(*c));
	struct ledger_state s;

	*facts = (struct practice_facts){ .documents = false };
	ledger_state_of(n, persona, &s);
	uint32_t *order = malloc((s.n + 1) * sizeof(*order));
	if (order != NULL && s.n > 0 &&
	    ledger_audit(s.leaves, s.n, now_h(n), order, &facts->counts) !=
		EVIDENCE_FINE)
		facts->counts = (struct ledger_counts){ 0 };
	free(order);
	if (c == NULL)
		return;
	c->n = n;
	c->f = facts;
	c->room = malloc(sizeof(*c->room));
	if (c->room != NULL) {
		facts->documents = true;
		documents_each(n, &filter, on_settled, c);
		filter.type = EVIDENCE_FOLLOW_UP;
		documents_each(n, &filter, on_settled, c);
	}
	free(c->room);
	free(c);
}

json_t *
practice_json(const struct practice_facts *facts, unsigned claimed)
{
	struct practice p;
	json_t *list = json_array();
	const char *says;

	practice_of(facts, &p);
	for (unsigned i = 0; i < p.n; i++) {
		const struct practice_criterion *c = &p.criteria[i];
		json_t *o = json_pack("{s:i,s:s,s:I}", "level", (int)c->level,
		    "what", c->what, "need", (json_int_t)c->need);
		(void)json_object_set_new(o, "have",
		    c->known ? json_integer((json_int_t)c->have) : json_null());
		(void)json_object_set_new(
		    o, "met", c->known ? json_boolean(c->met) : json_null());
		(void)json_array_append_new(list, o);
	}
	if (claimed == 0)
		says = "it claims no level";
	else if (claimed <= p.shown)
		says = "what it claims is shown by what both sides signed";
	else if (claimed <= p.allow)
		says = "what it claims fits the counts; the rest is its own "
		       "word";
	else
		says = "it claims more than what both sides signed shows: its "
		       "own word";
	return json_pack("{s:o,s:i,s:i,s:s,s:o}", "claimed",
	    claimed == 0 ? json_null() : json_integer((json_int_t)claimed),
	    "shown", (int)p.shown, "allow", (int)p.allow, "says", says,
	    "criteria", list);
}

json_t *
counts_json(const struct ledger_counts *c, bool overdue_known)
{
	json_t *o = json_object();

	json_uint(o, "pledged", c->pledged);
	json_uint(o, "kept", c->kept);
	json_uint(o, "partly", c->partly);
	json_uint(o, "broken", c->broken);
	json_uint(o, "lapsed", c->lapsed);
	json_uint(o, "done", c->done);
	json_uint(o, "open", c->open);
	if (overdue_known)
		json_uint(o, "overdue", c->overdue);
	else
		(void)json_object_set_new(o, "overdue", json_null());
	return o;
}
