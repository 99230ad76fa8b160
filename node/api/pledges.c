/*
 * Pledges and ledgers over the API: what was pledged and what became of it;
 * the own ledger, its openings and extensions; those of others, checked
 * against the root that they have published.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/api/proof.h"
#include "node/company/ledger.h"
#include "node/company/pledge.h"
#include "node/company/told.h"
#include "node/evidence/documents.h"
#include "proto/base/text.h"

#define PRACTICE_LEVEL 14 /* of an organisation's payload, as in SPEC.md */
#define LEDGER_ROOT    16
#define PROOF_COMPANY  6 /* of an opening or extension */
#define PROOF_TYPE     2
#define SEEN           "ledger-seen/" /* roots that were verified before */

static const char *const events[] = { "", "pledged", "kept", "partly", "broken",
	"lapsed", "done" };

void
api_pledges(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;

	if (!persona_asked(n, r, &persona))
		return;
	http_reply(r, 200,
	    pledges_json(n, (int)persona, http_query(r, "side"),
		http_query(r, "state")));
}

/* ---- the own one ---- */

static void
root_json(json_t *o, const char *key, const uint8_t root[32], bool there)
{
	if (there)
		json_hex(o, key, slice_of(root, 32));
	else
		(void)json_object_set_new(o, key, json_null());
}

/* practice_level of the own draft; 0: none. */
static unsigned
claimed_level(struct node *n, uint32_t persona)
{
	json_t *draft = persona_value(n, persona, DRAFT_ORGANISATION, NULL);
	const unsigned level = (unsigned)json_integer_value(
	    json_object_get(draft, "practice_level"));

	json_decref(draft);
	return level;
}

static const char *
why_of(enum ledger_condition c)
{
	switch (c) {
	case LEDGER_BEHIND:
		return "the published root is of a list that this node does "
		       "not have: an old backup, or another device; no other "
		       "root is published";
	case LEDGER_DAMAGED:
		return "a part of the list is lost or contradicts the rest: "
		       "restore a backup";
	case LEDGER_FULL:
		return "there is room for no more";
	case LEDGER_SOUND:
		break;
	}
	return "";
}

static json_t *
ledger_json(struct node *n, uint32_t persona)
{
	struct practice_facts facts;
	struct ledger_state s;
	uint8_t root[32];
	json_t *o = json_object();

	ledger_state_of(n, persona, &s);
	practice_facts_of(n, persona, &facts);
	json_did(o, "company", persona_get(n, persona)->pub);
	(void)json_object_set_new(
	    o, "condition", json_string(ledger_condition_name(s.condition)));
	(void)json_object_set_new(o, "why", json_string(why_of(s.condition)));
	json_uint(o, "size", s.n);
	json_uint(o, "committed", s.committed);
	root_json(
	    o, "root", root, ledger_root_of(n, persona, s.committed, root));
	root_json(o, "published_root", s.published_root, s.published);
	if (s.next_s != 0)
		json_uint(o, "changes", s.next_s);
	else
		(void)json_object_set_new(o, "changes", json_null());
	(void)json_object_set_new(
	    o, "counts", counts_json(&facts.counts, true));
	(void)json_object_set_new(
	    o, "practice", practice_json(&facts, claimed_level(n, persona)));
	return o;
}

void
api_ledger(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;

	if (persona_asked(n, r, &persona))
		http_reply(r, 200, ledger_json(n, persona));
}

void
api_ledger_publish(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	struct ledger_state s;

	if (body == NULL)
		return;
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	json_decref(body);
	ledger_state_of(n, persona, &s);
	if (s.n == 0) {
		http_fail(r, 409, "E3601", NULL, "ohcn pledge list",
		    "there is nothing in the ledger yet");
	} else if (s.condition == LEDGER_BEHIND ||
		   s.condition == LEDGER_DAMAGED) {
		http_fail(r, 409, "E3602", NULL, why_of(s.condition),
		    "the ledger is %s", ledger_condition_name(s.condition));
	} else if (!ledger_can_publish(n, persona)) {
		http_fail(r, 409, "E3603", NULL, "ohcn organisation publish",
		    "the root stands in the organisation record: there is "
		    "none, or it is being published");
	} else if (dry) {
		uint8_t root[32];
		json_t *o = json_object();
		root_json(
		    o, "root", root, ledger_root_of(n, persona, s.n, root));
		json_uint(o, "size", s.n);
		(void)json_object_set_new(o, "everybody_sees",
		    json_string("that something was signed since the root of "
				"before, and that it was before now; neither "
				"what nor with whom"));
		http_reply(r, 200, o);
	} else {
		const err e = ledger_commit(n, persona);
		if (e != OK) {
			http_fail_err(r, e, "the ledger cannot be saved");
			return;
		}
		ledger_publish(n, persona);
		http_reply(r, 200, ledger_json(n, persona));
	}
}

/* ---- proofs of the own one ---- */

static void
reply_proof(struct http_request *r, struct node *n, uint32_t persona,
    const char *type, uint32_t size, struct slice bytes)
{
	struct ledger_state s;
	uint8_t root[32];
	json_t *o = json_object();

	ledger_state_of(n, persona, &s);
	const bool there = ledger_root_of(n, persona, size, root);
	(void)json_object_set_new(o, "type", json_string(type));
	json_did(o, "company", persona_get(n, persona)->pub);
	json_uint(o, "size", size);
	root_json(o, "root", root, there);
	json_truth(o, "published",
	    there && s.published && memcmp(root, s.published_root, 32) == 0);
	json_hex(o, "bytes_hex", bytes);
	http_reply(r, 200, o);
}

/* Which leaves; false: answered. */
static bool
span_asked(struct http_request *r, const json_t *body,
    const struct ledger_state *s, uint32_t *first, uint32_t *count)
{
	const char *text =
	    json_string_value(json_object_get(body, "agreement"));
	const json_int_t from =
	    json_integer_value(json_object_get(body, "first"));
	const json_int_t many =
	    json_integer_value(json_object_get(body, "count"));
	uint8_t id[EVIDENCE_ID];
	struct buf out = { id, 0, sizeof(id) };

	if (text != NULL) {
		const bool good = hex_get(slice_str(text), &out) == OK &&
				  out.n == EVIDENCE_ID;
		*first = good ? ledger_find(s->leaves, s->committed, id)
			      : s->committed;
		*count = 1;
		if (*first < s->committed)
			return true;
		http_fail(r, 404, "E3604", "agreement", "ohcn pledge list",
		    "no leaf under the root is of that agreement or outcome");
		return false;
	}
	if (many == 0 && from == 0) { /* as much as there is */
		*first = 0;
		*count = MIN(s->committed, LEDGER_OPENED);
		return true;
	}
	*first = (uint32_t)from;
	*count = (uint32_t)MAX(many, 1);
	if (from >= 0 && many >= 0 && from < s->committed &&
	    many <= LEDGER_OPENED && *count <= s->committed - *first)
		return true;
	http_fail(r, 422, "E3604", "first", "ohcn pledge ledger",
	    "there are %u leaves under the root, and one opening shows 64",
	    s->committed);
	return false;
}

void
api_ledger_open(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona, first, count;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	struct ledger_state s;
	uint8_t bytes[LEDGER_BYTES_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };

	if (body == NULL)
		return;
	ledger_state_of(n, persona, &s);
	if (s.committed == 0) {
		http_fail(r, 409, "E3601", NULL, "ohcn pledge publish",
		    "no root of this ledger was published yet");
	} else if (span_asked(r, body, &s, &first, &count)) {
		void *memory = malloc(LEDGER_SCRATCH_BYTES);
		struct arena scratch = arena_of(memory, LEDGER_SCRATCH_BYTES);
		const struct ledger_of of = ledger_of_persona(n, persona);
		const err e = memory == NULL ? ERR_NOMEM
					     : ledger_opening_write(&of,
						   s.leaves, s.committed, first,
						   count, &scratch, &out);
		free(memory);
		if (e != OK)
			http_fail_err(r, e, "the opening cannot be written");
		else
			reply_proof(r, n, persona, "opening", s.committed,
			    buf_slice(&out));
	}
	json_decref(body);
}

void
api_ledger_extend(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona, older = 0;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	const char *text = json_string_value(json_object_get(body, "older"));
	struct ledger_state s;
	uint8_t root[32], bytes[LEDGER_BYTES_MAX];
	struct buf hex = { root, 0, sizeof(root) };
	struct buf out = { bytes, 0, sizeof(bytes) };

	if (body == NULL)
		return;
	ledger_state_of(n, persona, &s);
	if (text != NULL && hex_get(slice_str(text), &hex) == OK &&
	    hex.n == sizeof(root))
		older = ledger_size_of(n, persona, root);
	if (older == 0) {
		http_fail(r, 404, "E3605", "older",
		    "the root, 64 hexadecimal digits",
		    "this ledger never had that root");
	} else {
		void *memory = malloc(LEDGER_SCRATCH_BYTES);
		struct arena scratch = arena_of(memory, LEDGER_SCRATCH_BYTES);
		const struct ledger_of of = ledger_of_persona(n, persona);
		const err e = memory == NULL
				  ? ERR_NOMEM
				  : ledger_extension_write(&of, s.leaves, older,
					s.committed, &scratch, &out);
		free(memory);
		if (e != OK)
			http_fail_err(r, e, "the proof cannot be written");
		else
			reply_proof(r, n, persona, "extension", s.committed,
			    buf_slice(&out));
	}
	json_decref(body);
}

/* ---- those of others ---- */

struct checked {
	struct node *n;
	uint8_t company[ED25519_PUBLIC];
	bool published;
	uint8_t root[32];
	unsigned level; /* that its record claims; 0: none */
	json_t *name;   /* or NULL */
	bool seen;      /* verified before: */
	uint8_t seen_root[32];
};

static void
seen_name(char out[VAULT_NAME_MAX + 1], const uint8_t company[ED25519_PUBLIC])
{
	(void)snprintf(out, VAULT_NAME_MAX + 1,
	    SEEN "%016" PRIx64 "%016" PRIx64, get_u64be(company),
	    get_u64be(company + 8));
}

/* What its live organisation record says. */
static void
look_up(struct checked *c, uint32_t language)
{
	struct store_view *view = NULL;
	struct store_record s;
	struct reader rd;

	if (reader_init(&rd) == OK &&
	    store_view_open(c->n->store, &view) == OK &&
	    store_get_slot(view, c->company, KIND_ORGANISATION, 0, &s) == OK &&
	    record_is_live(&s, node_now(c->n)) && reader_open(&rd, &s)) {
		const struct value *root = value_find(&rd.payload, LEDGER_ROOT);
		const struct value *level =
		    value_find(&rd.payload, PRACTICE_LEVEL);
		struct slice name;
		if (text_pick(value_find(&rd.payload, 0), language, &name))
			c->name = json_stringn((const char *)name.p, name.n);
		c->level = level == NULL ? 0 : (unsigned)level->u;
		c->published = root != NULL && root->s.n == 32;
		if (c->published)
			memcpy(c->root, root->s.p, 32);
	}
	store_view_close(view);
	reader_fini(&rd);

	char at[VAULT_NAME_MAX + 1];
	seen_name(at, c->company);
	json_t *seen = vault_get(c->n->vault, at, NULL);
	const char *hex = json_string_value(json_object_get(seen, "root"));
	struct buf out = { c->seen_root, 0, sizeof(c->seen_root) };
	c->seen = hex != NULL && hex_get(slice_str(hex), &out) == OK &&
		  out.n == sizeof(c->seen_root);
	json_decref(seen);
}

static void
keep_seen(struct checked *c, const char *name, json_t *value)
{
	char at[VAULT_NAME_MAX + 1];

	seen_name(at, c->company);
	json_t *o = vault_get(c->n->vault, at, NULL);
	if (o == NULL)
		o = json_object();
	if (json_equal(json_object_get(o, name), value)) {
		json_decref(value);
		json_decref(o);
		return;
	}
	(void)json_object_set_new(o, name, value);
	json_uint(o, "at", node_now(c->n));
	if (vault_put(c->n->vault, at, o) != OK)
		env_log(&c->n->env, LOG_UNUSUAL, "root_not_kept", "-");
	json_decref(o);
}

/* From now on a root has to extend this one. */
static void
remember(struct checked *c)
{
	char hex[65];

	if (hex_put(hex, sizeof(hex), slice_of(c->root, 32)) == OK)
		keep_seen(c, "root", json_string(hex));
}

/* What the last good opening said, for the page of the company. */
static void
remember_counts(struct checked *c, const json_t *o)
{
	char hex[65];

	if (hex_put(hex, sizeof(hex), slice_of(c->root, 32)) == OK)
		keep_seen(c, "opened",
		    json_pack("{s:s,s:O,s:O}", "root", hex, "size",
			json_object_get(o, "size"), "counts",
			json_object_get(o, "counts")));
}

/* Agreements with it that this node holds and its whole ledger lacks. */
struct missing {
	struct checked *c;
	const struct ledger_opening *o;
	struct held_document *room;
	json_t *leaves; /* of the opening, to be told which are of ours */
	json_t *list;
};

static bool
on_ours(void *ctx, const struct holding *h)
{
	struct missing *m = ctx;
	char id[DOCUMENT_ID_TEXT];

	if (documents_read(m->c->n, h, m->room) != OK)
		return true;
	const struct evidence *e = &m->room->d.is;
	const uint8_t *company = h->type == EVIDENCE_AGREEMENT
				     ? e->agreement.company
				     : e->outcome.company;
	if (memcmp(company, m->c->company, ED25519_PUBLIC) != 0)
		return true;
	document_id_text(h->id, id);
	const uint32_t at = ledger_find(m->o->leaves, m->o->count, h->id);
	if (at < m->o->count)
		(void)json_object_set_new(
		    json_array_get(m->leaves, at), "document", json_string(id));
	else if (m->o->count == m->o->head.n && h->type == EVIDENCE_AGREEMENT &&
		 e->agreement.pledge.kind != 0 &&
		 h->changed_s + EVIDENCE_GRACE_H * 3600ULL < node_now(m->c->n))
		(void)json_array_append_new(m->list, json_string(id));
	return true;
}

static void
put_leaves(json_t *o, struct checked *c, const struct ledger_opening *w)
{
	const struct held_filter agreements = { .type = EVIDENCE_AGREEMENT,
		.complete = true };
	const struct held_filter outcomes = { .type = EVIDENCE_OUTCOME,
		.complete = true };
	struct missing m = { c, w, malloc(sizeof(*m.room)), json_array(),
		json_array() };

	for (uint32_t i = 0; i < w->count; i++)
		(void)json_array_append_new(
		    m.leaves, json_pack("{s:I,s:s,s:I,s:I,s:n}", "number",
				  (json_int_t)(w->first + i), "event",
				  events[w->leaves[i].event], "at",
				  (json_int_t)w->leaves[i].at * 3600, "of",
				  (json_int_t)w->leaves[i].of, "document"));
	if (m.room != NULL) {
		documents_each(c->n, &agreements, on_ours, &m);
		documents_each(c->n, &outcomes, on_ours, &m);
	}
	free(m.room);
	(void)json_object_set_new(o, "leaves", m.leaves);
	(void)json_object_set_new(o, "missing", m.list);
}

static void
put_counts(json_t *o, struct checked *c, const struct ledger_head *head,
    const struct ledger_opening *whole)
{
	struct practice_facts facts = { .counts = ledger_counts_of(head) };
	uint32_t order[LEDGER_OPENED];
	bool audited = false;

	if (whole != NULL && whole->count == head->n)
		audited = ledger_audit(whole->leaves, whole->count,
			      (uint32_t)(node_now(c->n) / 3600), order,
			      &facts.counts) == EVIDENCE_FINE;
	json_uint(o, "size", head->n);
	(void)json_object_set_new(
	    o, "counts", counts_json(&facts.counts, audited));
	(void)json_object_set_new(
	    o, "practice", practice_json(&facts, c->level));
}

static enum evidence_fault
check_opening(
    struct checked *c, struct slice bytes, struct arena *scratch, json_t *o)
{
	struct ledger_of of = { .net = slice_str(c->n->config->node.network) };
	struct ledger_opening *w = calloc(1, sizeof(*w));
	enum evidence_fault f = EVIDENCE_BAD_PATH;

	memcpy(of.company, c->company, sizeof(of.company));
	if (w != NULL && c->published)
		f = ledger_opening_read(bytes, &of, c->root, scratch, w);
	if (f == EVIDENCE_FINE) {
		put_counts(o, c, &w->head, w);
		put_leaves(o, c, w);
		if (!c->seen)
			remember(c);
		remember_counts(c, o);
	}
	free(w);
	return f;
}

static enum evidence_fault
check_extension(
    struct checked *c, struct slice bytes, struct arena *scratch, json_t *o)
{
	struct ledger_of of = { .net = slice_str(c->n->config->node.network) };
	struct ledger_extension x;
	enum evidence_fault f = EVIDENCE_BAD_PATH;

	memcpy(of.company, c->company, sizeof(of.company));
	if (c->published && c->seen)
		f = ledger_extension_read(
		    bytes, &of, c->seen_root, c->root, scratch, &x);
	if (f == EVIDENCE_FINE) {
		put_counts(o, c, &x.newer, NULL);
		remember(c);
	}
	return f;
}

/* What it is, for people. */
static const char *
says(const struct checked *c, enum evidence_fault f, bool opening)
{
	if (!c->published)
		return "the company has published no root, or its "
		       "organisation record has not come yet";
	if (!opening && !c->seen)
		return "no older root of this company was verified here";
	if (f == EVIDENCE_BAD_PATH)
		return "it is not of the root that the company has "
		       "published: perhaps of an older or newer one";
	if (f == EVIDENCE_NOT_CONSISTENT)
		return "the newer ledger does not extend the older one: "
		       "ask why, and do not rely on it";
	if (f == EVIDENCE_BAD_SUMS)
		return "its counts contradict its leaves: the ledger is "
		       "false";
	if (f != EVIDENCE_FINE)
		return "it is not a sound proof";
	if (opening && c->seen && memcmp(c->seen_root, c->root, 32) != 0)
		return "good for the published root; another root was "
		       "verified before: ask for an extension of that one";
	return "good: it is what the company has published";
}

/* Type and company that the proof names; false: not a proof. */
static bool
proof_head(struct slice bytes, struct arena *scratch, bool *opening,
    uint8_t company[ED25519_PUBLIC])
{
	struct value map;

	if (bytes.n > LEDGER_BYTES_MAX ||
	    value_parse(bytes, scratch, &map) != OK || map.type != VALUE_MAP)
		return false;
	const struct value *type = value_find(&map, PROOF_TYPE);
	const struct value *who = value_find(&map, PROOF_COMPANY);
	if (type == NULL || who == NULL || type->type != VALUE_UINT ||
	    type->u < 1 || type->u > 2 || who->s.n != ED25519_PUBLIC)
		return false;
	*opening = type->u == 1;
	memcpy(company, who->s.p, ED25519_PUBLIC);
	return true;
}

static json_t *
verify(struct node *n, uint32_t language, struct slice bytes,
    const uint8_t *company, struct arena *scratch)
{
	struct checked c = { .n = n };
	bool opening;

	if (!proof_head(bytes, scratch, &opening, c.company) ||
	    (company != NULL &&
		memcmp(company, c.company, ED25519_PUBLIC) != 0))
		return NULL;
	look_up(&c, language);
	json_t *o = json_object();
	arena_reset(scratch);
	const enum evidence_fault f =
	    opening ? check_opening(&c, bytes, scratch, o)
		    : check_extension(&c, bytes, scratch, o);
	json_truth(o, "good", f == EVIDENCE_FINE);
	(void)json_object_set_new(
	    o, "fault", json_string(evidence_fault_name(f)));
	(void)json_object_set_new(
	    o, "type", json_string(opening ? "opening" : "extension"));
	json_did(o, "company", c.company);
	(void)json_object_set_new(
	    o, "name", c.name == NULL ? json_null() : c.name);
	root_json(o, "published_root", c.root, c.published);
	root_json(o, "seen_root", c.seen_root, c.seen);
	(void)json_object_set_new(o, "says", json_string(says(&c, f, opening)));
	return o;
}

json_t *
proof_json(struct node *n, uint32_t language, struct slice bytes,
    const uint8_t *company)
{
	void *memory = malloc(LEDGER_SCRATCH_BYTES);
	struct arena scratch = arena_of(memory, LEDGER_SCRATCH_BYTES);
	json_t *o = memory == NULL
			? NULL
			: verify(n, language, bytes, company, &scratch);

	free(memory);
	return o;
}

static const char *
told_says(const struct checked *c, const struct told *t)
{
	if (t->refused > 0)
		return "a proof of how its ledger grew is false: ask why, and "
		       "do not rely on it";
	if (t->reaches)
		return "good: what it has published since keeps all that it "
		       "told before";
	if (t->unknown > 0)
		return "it extends a root that was not told in this "
		       "conversation, nor verified here: it shows nothing";
	if (!c->published)
		return "the company has published no root, or its "
		       "organisation record has not come yet";
	return "it does not lead to the root that is published now: perhaps "
	       "that has not come yet, or has changed since: ask for another";
}

json_t *
proof_told(struct node *n, const uint8_t company[ED25519_PUBLIC],
    const struct slice *proofs, size_t count)
{
	struct ledger_of of = { .net = slice_str(n->config->node.network) };
	void *memory = malloc(LEDGER_SCRATCH_BYTES);
	struct arena scratch = arena_of(memory, LEDGER_SCRATCH_BYTES);
	struct checked c = { .n = n };
	struct told t;

	if (memory == NULL)
		return json_null();
	memcpy(c.company, company, sizeof(c.company));
	memcpy(of.company, company, sizeof(of.company));
	look_up(&c, 0);
	json_decref(c.name);
	told_check(&of, proofs, count, c.seen ? c.seen_root : NULL,
	    c.published ? c.root : NULL, &scratch, &t);
	free(memory);
	const bool good = t.reaches && t.refused == 0;
	if (good && (t.from_seen || !c.seen))
		remember(&c);
	if (t.extensions + t.refused + t.unknown == 0)
		return json_null();
	const struct ledger_counts counts = ledger_counts_of(&t.head);
	json_t *o = json_pack("{s:b,s:I,s:I,s:s?,s:s}", "good", good, "proofs",
	    (json_int_t)t.extensions, "refused",
	    (json_int_t)(t.refused + t.unknown), "fault",
	    t.refused > 0   ? evidence_fault_name(t.fault)
	    : t.unknown > 0 ? "unknown-root"
			    : NULL,
	    "says", told_says(&c, &t));
	(void)json_object_set_new(
	    o, "since", good ? json_integer((json_int_t)t.since) : json_null());
	(void)json_object_set_new(
	    o, "size", good ? json_integer((json_int_t)t.head.n) : json_null());
	(void)json_object_set_new(
	    o, "counts", good ? counts_json(&counts, false) : json_null());
	return o;
}

json_t *
proof_opened(struct node *n, const uint8_t company[ED25519_PUBLIC])
{
	struct checked c = { .n = n };
	char at[VAULT_NAME_MAX + 1], hex[65] = "";

	memcpy(c.company, company, sizeof(c.company));
	seen_name(at, company);
	json_t *seen = vault_get(n->vault, at, NULL);
	const json_t *opened = json_object_get(seen, "opened");
	json_t *o = json_null();
	if (json_is_object(opened)) {
		look_up(&c, 0);
		if (c.published &&
		    hex_put(hex, sizeof(hex), slice_of(c.root, 32)) != OK)
			hex[0] = '\0';
		o = json_pack("{s:O,s:O,s:O}", "at",
		    json_object_get(seen, "at"), "size",
		    json_object_get(opened, "size"), "counts",
		    json_object_get(opened, "counts"));
		const char *root =
		    json_string_value(json_object_get(opened, "root"));
		json_truth(
		    o, "current", root != NULL && strcmp(root, hex) == 0);
		json_decref(c.name);
	}
	json_decref(seen);
	return o;
}

void
api_ledger_verify(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r), *o = NULL;
	const char *hex = json_string_value(json_object_get(body, "bytes_hex"));
	uint8_t bytes[LEDGER_BYTES_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };

	if (body == NULL)
		return;
	if (hex != NULL && hex_get(slice_str(hex), &out) == OK)
		o = proof_json(n, language_of(n, r), buf_slice(&out), NULL);
	if (o == NULL)
		http_fail(r, 422, "E3606", "bytes_hex",
		    "a file of ohcn pledge open or extend",
		    "this is no proof of a ledger");
	else
		http_reply(r, 200, o);
	json_decref(body);
}
