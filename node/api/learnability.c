/*
 * Learnability over the API: of one key in one role, as the owner of this
 * node sees it: parts, where they come from, how sure, what would change it.
 * There is no list of several keys by it, and none is ordered by it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/proof.h"
#include "node/api/trust.h"

#define SOURCES_MAX 64
#define WHY_MAX     64       /* outcomes whose contribution is shown */
#define WHY_WORK    4000000U /* events times books, to work them out */
#define BYTES_MAX   128

/* ---- one result as bytes: the same on every node with the same input ---- */

static void
put_u64(struct buf *b, uint64_t v)
{
	uint8_t raw[8];

	put_u64be(raw, v);
	if (buf_put(b, raw, sizeof(raw)) != OK)
		ASSERT(false);
}

static void
put_u32(struct buf *b, uint32_t v)
{
	uint8_t raw[4];

	put_u32be(raw, v);
	if (buf_put(b, raw, sizeof(raw)) != OK)
		ASSERT(false);
}

static void
put_bytes(json_t *o, const struct learnability *l)
{
	uint8_t raw[BYTES_MAX], hash[32];
	struct buf b = { raw, 0, sizeof(raw) };

	put_u32(&b, (uint32_t)l->role);
	for (unsigned i = 0; i < LEARN_PARTS; i++) {
		put_u64(&b, l->parts[i].x);
		put_u32(&b, l->parts[i].score);
	}
	put_u32(&b, l->promise);
	put_u64(&b, l->kept);
	put_u64(&b, l->broken);
	put_u32(&b, l->score);
	put_u32(&b, l->independent);
	put_u32(&b, l->counterparties);
	put_u32(&b, (uint32_t)l->confidence);
	const struct crypto_part part = { raw, b.n };
	hash_blake2b(hash, sizeof(hash), "ohcn-learnab-v1", &part, 1);
	json_hex(o, "bytes", buf_slice(&b));
	json_hex(o, "hash", slice_of(hash, sizeof(hash)));
}

/* ---- in words ---- */

static const char *const meaning[2][LEARN_PARTS] = {
	{ "time put into learning, against the hours that were declared",
	    "new fields, away from what was learned before",
	    "learned what the region was short of",
	    "finished what was begun, and used it with somebody else" },
	{ "hours of learning paid for, against the posts that are offered",
	    "took people who lacked a must-have, and taught it",
	    "how soon people who were interested got an answer",
	    "what people learned here was used later" },
};

static void
say(json_t *list, const char *text)
{
	(void)json_array_append_new(list, json_string(text));
}

static json_t *
would_change(const struct trust_view *v, const struct learnability *l,
    size_t events, bool own)
{
	json_t *list = json_array();

	if (v->anchors_n == 0)
		say(list, "an anchor: somebody whose signature you rely on "
			  "(ohcn trust anchor add KEY)");
	if (events == 0)
		say(list,
		    own ? "an outcome, a session or a credential that "
			  "another side signed with you"
			: "evidence that you are shown: outcomes, sessions and "
			  "credentials that others signed with that key");
	else if (l->counterparties == 0)
		say(list, "trust in somebody who signed: as an anchor, or by "
			  "an attestation of those you rely on");
	else if (l->counterparties < 3)
		say(list, "evidence of more counterparties, since each counts "
			  "for one unit at most");
	if (events > 0 && v->evidence.waiting > 0)
		say(list, "signatures that are missing: documents that one "
			  "side alone signed do not count");
	return list;
}

static json_t *
hints_json(const struct learn_hints *h)
{
	json_t *list = json_array();

	if (h->one_month)
		say(list, "all outcomes are of one month");
	if (h->alone)
		say(list, "all outcomes are with one counterparty");
	if (h->captive)
		say(list, "a counterparty deals almost only with those who "
			  "have no other");
	if (h->reciprocal)
		say(list, "with somebody it signed in both roles");
	return list;
}

/* ---- parts and sources ---- */

static json_t *
parts_json(const struct learnability *l)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < LEARN_PARTS; i++) {
		json_t *o = json_object();
		(void)json_object_set_new(
		    o, "name", json_string(learn_part_name(l->role, i)));
		(void)json_object_set_new(
		    o, "means", json_string(meaning[l->role][i]));
		json_uint(o, "weight", learn_part_weight(l->role, i));
		json_share(o, "score", l->parts[i].score);
		json_uint(o, "evidence_milli", l->parts[i].x * 1000 >> 32);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
by_part(enum learn_role role, const int64_t x[LEARN_PARTS])
{
	json_t *o = json_object();

	for (unsigned i = 0; i < LEARN_PARTS; i++)
		(void)json_object_set_new(
		    o, learn_part_name(role, i), json_integer(x[i]));
	return o;
}

static err
put_sources(struct task *t, const struct trust_view *v, const uint8_t *key,
    enum learn_role role, struct reader *rd, json_t *o)
{
	struct learn_source *s = calloc(SOURCES_MAX, sizeof(*s));
	json_t *list = json_array();
	size_t n = 0;
	err e = s == NULL
		    ? ERR_NOMEM
		    : learn_sources(v->book, key, role, s, SOURCES_MAX, &n);

	for (size_t i = 0; e == OK && i < MIN(n, (size_t)SOURCES_MAX); i++) {
		json_t *one = json_object();
		int64_t x[LEARN_PARTS];
		json_did(one, "key", s[i].key);
		(void)json_object_set_new(
		    one, "name", party_name(t, rd, s[i].key));
		json_share(one, "trust", s[i].trust);
		json_uint(one, "outcomes", s[i].events);
		for (unsigned k = 0; k < LEARN_PARTS; k++)
			x[k] = (int64_t)(s[i].x[k] * 1000 >> 32);
		(void)json_object_set_new(
		    one, "evidence_milli", by_part(role, x));
		(void)json_array_append_new(list, one);
	}
	(void)json_object_set_new(o, "sources", list);
	json_uint(o, "sources_in_all", n);
	free(s);
	return e;
}

/* How many outcomes it has in the role, trusted or not. */
static size_t
outcomes_of(
    const struct trust_view *v, const uint8_t *key, enum learn_role role)
{
	const uint8_t *party = trust_party(v->trust, key);
	size_t n = 0;

	for (size_t i = 0; i < v->input.events_n; i++) {
		const struct learn_event *e = &v->input.events[i];
		n += memcmp(trust_party(v->trust,
				role == LEARN_PERSON ? e->learner : e->partner),
			 party, TRUST_KEY) == 0;
	}
	return n;
}

/* What each outcome is worth: the score without it. */
static err
put_contributions(const struct trust_view *v, const uint8_t *key,
    enum learn_role role, size_t events, json_t *o)
{
	struct learn_contribution *c = calloc(WHY_MAX, sizeof(*c));
	json_t *list = json_array();
	size_t n = 0;
	int32_t rest = 0;
	err e = c == NULL ? ERR_NOMEM : OK;

	if (e == OK && events * v->input.events_n > WHY_WORK)
		e = ERR_LIMIT;
	if (e == OK)
		e = learn_contributions(
		    &v->input, v->trust, key, role, c, WHY_MAX, &n, &rest);
	for (size_t i = 0; e == OK && i < MIN(n, (size_t)WHY_MAX); i++) {
		json_t *one = json_object();
		int64_t x[LEARN_PARTS];
		for (unsigned k = 0; k < LEARN_PARTS; k++)
			x[k] = c[i].parts[k];
		json_hex(one, "document", slice_of(c[i].id, 32));
		json_did(one, "with", c[i].counterparty);
		(void)json_object_set_new(
		    one, "score", json_integer(c[i].points));
		(void)json_object_set_new(one, "parts", by_part(role, x));
		(void)json_array_append_new(list, one);
	}
	(void)json_object_set_new(
	    o, "contributions", e == OK ? json_incref(list) : json_null());
	json_uint(o, "contributions_in_all", n);
	(void)json_object_set_new(o, "rest", json_integer(rest));
	json_decref(list);
	free(c);
	return e == ERR_LIMIT ? OK : e;
}

/* ---- what it rests on ---- */

static json_t *
rests_json(const struct trust_view *v, const uint8_t *key, size_t events)
{
	json_t *o = json_object();
	uint64_t hours = 0, positions = 0;

	for (size_t i = 0; i < v->input.availability_n; i++)
		if (v->availability[i].hours_week != 0 &&
		    memcmp(v->availability[i].key, key, TRUST_KEY) == 0)
			hours =
			    hours == 0
				? v->availability[i].hours_week
				: MIN(hours,
				      (uint64_t)v->availability[i].hours_week);
	for (size_t i = 0; i < v->input.positions_n; i++)
		if (memcmp(v->positions[i].key, key, TRUST_KEY) == 0)
			positions = v->positions[i].n;
	json_uint(o, "outcomes", events);
	json_uint(o, "documents", v->evidence.documents);
	json_uint(o, "waiting", v->evidence.waiting);
	json_uint(o, "anchors", v->anchors_n);
	json_uint(o, "attestations", v->attestations_n);
	json_uint(o, "hours_week", hours);
	json_uint(o, "positions", positions);
	json_uint(o, "terms_with_gap", v->terms_told);
	json_uint(o, "terms", v->terms_n);
	json_uint(o, "month", v->input.month);
	return o;
}

static void
head(char *out, size_t cap, const struct learnability *l, size_t events,
    const struct trust_view *v)
{
	const uint32_t points =
	    (uint32_t)((uint64_t)l->score * 100 / LEARN_ONE);

	if (events == 0)
		(void)snprintf(out, cap,
		    "nothing is known: this node holds no evidence that was "
		    "signed with that key in this role. That is no mark "
		    "against it");
	else if (l->counterparties == 0)
		(void)snprintf(out, cap,
		    "nothing counts yet: %zu outcomes are here, and %s", events,
		    v->anchors_n == 0
			? "you have named no anchors"
			: "no way leads from your anchors to who signed them");
	else
		(void)snprintf(out, cap,
		    "%u of 100, confidence %s: %u.%u independent "
		    "counterparties",
		    points, learn_confidence_name(l->confidence),
		    l->independent / TRUST_ONE,
		    l->independent % TRUST_ONE * 10 / TRUST_ONE);
}

static void
learn_run(struct task *t)
{
	const struct trust_view *v = trust_task_view(t);
	const enum learn_role role =
	    json_is_true(json_object_get(t->input, "company")) ? LEARN_COMPANY
							       : LEARN_PERSON;
	struct learnability l;
	struct learn_hints hints;
	uint8_t key[TRUST_KEY];
	char text[200];
	struct reader rd = { 0 };
	json_t *o = json_object();
	err e = v == NULL ? ERR_CLOSED : reader_init(&rd);
	size_t events = 0;

	trust_task_key(t, key);
	if (e == OK)
		e = learnability_of(v->book, key, role, &l);
	if (e == OK) {
		events = outcomes_of(v, key, role);
		learn_hints_of(v->book, key, role, &hints);
		json_did(o, "key", key);
		if (!json_is_true(json_object_get(t->input, "strange")))
			json_truth(o, "own", task_owns(t, key));
		(void)json_object_set_new(o, "name", party_name(t, &rd, key));
		(void)json_object_set(
		    o, "ledger", json_object_get(t->input, "ledger"));
		(void)json_object_set_new(o, "role",
		    json_string(role == LEARN_COMPANY ? "company" : "person"));
		head(text, sizeof(text), &l, events, v);
		(void)json_object_set_new(o, "says", json_string(text));
		json_share(o, "score", l.score);
		(void)json_object_set_new(o, "parts", parts_json(&l));
		json_share(o, "promise", l.promise);
		json_uint(o, "kept_milli", l.kept * 1000 >> 32);
		json_uint(o, "broken_milli", l.broken * 1000 >> 32);
		json_share(o, "independent", l.independent);
		json_uint(o, "counterparties", l.counterparties);
		(void)json_object_set_new(o, "confidence",
		    json_string(learn_confidence_name(l.confidence)));
		(void)json_object_set_new(o, "hints", hints_json(&hints));
		(void)json_object_set_new(
		    o, "rests_on", rests_json(v, key, events));
		(void)json_object_set_new(o, "would_change",
		    would_change(v, &l, events, task_owns(t, key)));
		put_bytes(o, &l);
		e = put_sources(t, v, key, role, &rd, o);
	}
	if (e == OK && json_is_true(json_object_get(t->input, "why")))
		e = put_contributions(v, key, role, events, o);
	reader_fini(&rd);
	if (e == OK)
		t->result = o;
	else {
		json_decref(o);
		if (v != NULL)
			task_fail(t, e == ERR_LIMIT ? 409 : 503, "E3709", NULL,
			    e == ERR_LIMIT
				? "there are more outcomes of one learner "
				  "than are counted"
				: "it cannot be worked out: %s",
			    err_name(e));
	}
	trust_task_end(t);
}

void
api_learnability(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *role = http_query(r, "role"), *why = http_query(r, "why");
	uint8_t key[ED25519_PUBLIC];
	json_t *input;

	if (!key_asked(n, r, "key", http_param(r, "key"), key))
		return;
	if (role != NULL && strcmp(role, "person") != 0 &&
	    strcmp(role, "company") != 0) {
		http_fail(r, 422, "E3710", "role", "person or company",
		    "\"%.40s\" is no role", role);
		return;
	}
	input = json_object();
	json_did(input, "key", key);
	json_truth(input, "company",
	    role == NULL ? persona_of_key(n, key) != NULL &&
			       n->config->node.role != NODE_PERSON
			 : strcmp(role, "company") == 0);
	(void)json_object_set_new(input, "ledger",
	    json_is_true(json_object_get(input, "company"))
		? proof_opened(n, key)
		: json_null());
	json_truth(input, "why", why != NULL && strcmp(why, "1") == 0);
	trust_task(n, r, learn_run, input);
}
