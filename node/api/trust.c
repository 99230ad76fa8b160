/*
 * Whom the owner relies on, over the API: anchors, the trust that follows
 * from them with its ways, what the owner vouches for in public, and the
 * rules of the inbox.
 */
#include "node/api/trust.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/mail/mailbox.h"
#include "node/signals.h"
#include "node/trust/warnings.h"
#include "proto/base/text.h"

#define WAYS_MAX        16
#define NAMES_MAX       10
#define ORGANISATION    0 /* keys of payloads: its name */
#define ATTEST_DAYS     365
#define ATTEST_DAYS_MAX 400

struct asked {
	struct trust_keeper *keeper;
	struct signals *signals;
	struct trust_view *view;
	struct trust_material *material;
};

/* ---- a task with a view ---- */

void
trust_task(struct node *n, struct http_request *r, task_run *run, json_t *input)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (input == NULL)
		input = json_object();
	json_truth(input, "strange", strange(r));
	if (a != NULL) {
		a->keeper = n->trust;
		a->signals = n->signals;
		a->view = trust_current(n);
		if (a->view == NULL)
			a->material = trust_gather(n);
	}
	if (a == NULL || (a->view == NULL && a->material == NULL)) {
		free(a);
		json_decref(input);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	task_start_with(n, r, run, input, a);
}

const struct trust_view *
trust_task_view(struct task *t)
{
	struct asked *a = t->more;

	if (a->view != NULL)
		return a->view;
	const err e = trust_view_make(
	    a->material, t->view, a->signals, t->terms, &a->view);
	if (e != OK) {
		task_fail(t, 503, "E3701", "try again in a moment",
		    "trust cannot be computed now: %s", err_name(e));
		return NULL;
	}
	trust_offer(a->keeper, a->view);
	return a->view;
}

void
trust_task_end(struct task *t)
{
	struct asked *a = t->more;

	trust_view_give(a->view);
	trust_material_free(a->material);
	a->view = NULL;
	a->material = NULL;
}

void
trust_task_key(const struct task *t, uint8_t key[ED25519_PUBLIC])
{
	const char *did = json_string_value(json_object_get(t->input, "key"));

	/* The handler wrote it. */
	if (did == NULL || did_key_get(slice_str(did), key) != OK)
		memset(key, 0, ED25519_PUBLIC);
}

/* ---- keys and shares ---- */

bool
key_asked(struct node *n, struct http_request *r, const char *field,
    const char *text, uint8_t key[ED25519_PUBLIC])
{
	uint32_t persona;

	if (text != NULL && strcmp(text, "me") == 0) {
		if (!persona_asked(n, r, &persona))
			return false;
		memcpy(key, persona_get(n, persona)->pub, ED25519_PUBLIC);
		return true;
	}
	if (text != NULL && did_key_get(slice_str(text), key) == OK)
		return true;
	http_fail(r, 422, "E3702", field,
	    "did:key:z6Mk...; \"me\"; ohcn trust anchor add @NAME finds "
	    "organisations",
	    "\"%.80s\" is no key", text == NULL ? "" : text);
	return false;
}

void
json_share(json_t *o, const char *key, uint64_t v)
{
	char name[48];

	json_uint(o, key, v);
	(void)snprintf(name, sizeof(name), "%s_permille", key);
	json_uint(o, name, v * 1000 / TRUST_ONE);
}

json_t *
party_name(struct task *t, struct reader *rd, const uint8_t key[ED25519_PUBLIC])
{
	struct store_record s;
	struct slice name;

	if (store_get_slot(t->view, key, KIND_ORGANISATION, 0, &s) != OK ||
	    s.deleted || !reader_open(rd, &s) ||
	    !text_pick(value_find(&rd->payload, ORGANISATION), 0, &name))
		return json_null();
	return json_stringn((const char *)name.p, name.n);
}

/* ---- GET /trust ---- */

static json_t *
view_json(const struct trust_view *v)
{
	json_t *o = json_object();

	json_uint(o, "made", v->made_s);
	json_uint(o, "attestations", v->attestations_n);
	json_uint(o, "revoked", v->revoked_n);
	json_truth(o, "cut", v->cut);
	json_uint(o, "documents", v->evidence.documents);
	json_uint(o, "waiting", v->evidence.waiting);
	json_uint(o, "outcomes", v->evidence.events_n);
	json_uint(o, "not_counted",
	    v->evidence.left_out + learn_book_left_out(v->book));
	return o;
}

static void
on_party(void *arg, const uint8_t key[TRUST_KEY], uint32_t tau)
{
	(void)key;
	if (tau > 0)
		++*(uint64_t *)arg;
}

static void
trust_run(struct task *t)
{
	const struct trust_view *v = trust_task_view(t);
	struct reader rd;
	uint64_t parties = 0;

	if (v != NULL && reader_init(&rd) == OK) {
		json_t *o = json_object(), *list = json_array();
		for (size_t i = 0; i < v->anchors_n; i++) {
			json_t *a = json_object();
			json_did(a, "key", v->anchors[i].key);
			(void)json_object_set_new(
			    a, "label", json_string(v->anchors[i].label));
			(void)json_object_set_new(
			    a, "name", party_name(t, &rd, v->anchors[i].key));
			json_uint(a, "added", v->anchors[i].added_s);
			(void)json_array_append_new(list, a);
		}
		trust_each(v->trust, on_party, &parties);
		(void)json_object_set_new(o, "anchors", list);
		json_uint(o, "anchors_max", TRUST_ANCHORS_MAX);
		json_uint(o, "relied_on", parties);
		(void)json_object_set_new(o, "view", view_json(v));
		(void)json_object_set(
		    o, "inbox", json_object_get(t->input, "inbox"));
		t->result = o;
		reader_fini(&rd);
	} else if (v != NULL) {
		task_fail(t, 503, "E1901", "try again", "out of memory");
	}
	trust_task_end(t);
}

json_t *
trust_inbox_json(const struct node *n)
{
	static const char *const strangers[] = { "accept", "quiet", "drop" };
	json_t *o = json_object(), *dropped = json_object();

	for (unsigned i = TRUST_INBOX_STRANGER; i < TRUST_INBOX_RULES; i++)
		json_uint(dropped, trust_inbox_name((enum trust_inbox)i),
		    trust_inbox_counted(n, (enum trust_inbox)i));
	(void)json_object_set_new(
	    o, "strangers", json_string(strangers[n->config->inbox.strangers]));
	json_uint(o, "stranger_pledge", n->config->inbox.stranger_pledge);
	(void)json_object_set_new(o, "others_demands",
	    json_string(n->config->inbox.others_demands == INBOX_OTHERS_REFUSE
			    ? "refuse"
			    : "warn"));
	(void)json_object_set_new(o, "dropped", dropped);
	return o;
}

void
api_trust(struct http_request *r, void *ctx)
{
	trust_task(ctx, r, trust_run,
	    json_pack("{s:o}", "inbox", trust_inbox_json(ctx)));
}

/* ---- anchors ---- */

static void
reply_anchor(
    struct node *n, struct http_request *r, const char *did, const char *state)
{
	struct trust_anchor list[TRUST_ANCHORS_MAX];
	const size_t have = trust_anchors(n, list);

	http_reply(r, 200,
	    json_pack("{s:s,s:s,s:I,s:I}", "key", did, "state", state,
		"anchors", (json_int_t)have, "anchors_max",
		(json_int_t)TRUST_ANCHORS_MAX));
}

static void
change_anchor(struct node *n, struct http_request *r, bool add)
{
	json_t *body = http_json(r);
	const char *text = json_string_value(json_object_get(body, "key"));
	const char *label = json_string_value(json_object_get(body, "label"));
	uint8_t key[TRUST_KEY];
	char did[DID_KEY_TEXT];
	err e;

	if (body == NULL)
		return;
	if (label == NULL)
		label = "";
	if (strlen(label) > TRUST_LABEL_MAX) {
		http_fail(r, 422, "E3703", "label", "at most 80 bytes",
		    "the label is too long");
	} else if (key_asked(n, r, "key", text, key)) {
		did_key_put(did, key);
		e = add ? trust_anchor_add(n, key, label)
			: trust_anchor_remove(n, key);
		if (e == OK || e == ERR_EXISTS)
			reply_anchor(n, r, did,
			    e == ERR_EXISTS ? "there already"
			    : add           ? "added"
					    : "removed");
		else if (e == ERR_LIMIT)
			http_fail(r, 409, "E3704", NULL,
			    "ohcn trust anchor remove KEY",
			    "there are %d anchors, as many as there can be",
			    TRUST_ANCHORS_MAX);
		else if (e == ERR_NOTFOUND)
			http_fail(r, 404, "E3705", "key",
			    "ohcn trust anchor list", "it is no anchor");
		else
			http_fail_err(
			    r, e, "it cannot be kept: %s", err_name(e));
	}
	json_decref(body);
}

void
api_trust_anchor_add(struct http_request *r, void *ctx)
{
	change_anchor(ctx, r, true);
}

void
api_trust_anchor_remove(struct http_request *r, void *ctx)
{
	change_anchor(ctx, r, false);
}

/* ---- organisations by name ---- */

struct names {
	struct task *t;
	struct reader rd;
	struct slice want;
	json_t *list;
	size_t more;
};

static bool
on_organisation(void *ctx, const struct store_record *s)
{
	struct names *w = ctx;
	struct slice name;

	if (!record_is_live(s, w->t->now_s) || !reader_open(&w->rd, s) ||
	    !text_pick(value_find(&w->rd.payload, ORGANISATION), 0, &name) ||
	    name.n != w->want.n)
		return true;
	for (size_t i = 0; i < name.n; i++) /* ASCII letters in any case */
		if ((name.p[i] | 32) != (w->want.p[i] | 32))
			return true;
	if (json_array_size(w->list) == NAMES_MAX) {
		w->more++;
		return true;
	}
	json_t *o = json_object();
	json_did(o, "key", s->author);
	json_text(o, "name", name);
	(void)json_object_set_new(o, "region", json_string(s->region));
	(void)json_array_append_new(w->list, o);
	return true;
}

static void
find_run(struct task *t)
{
	const char *who = json_string_value(json_object_get(t->input, "who"));
	struct names w = { .t = t, .want = slice_str(who) };

	w.list = json_array();
	if (reader_init(&w.rd) != OK ||
	    store_each_kind(t->view, KIND_ORGANISATION, on_organisation, &w) !=
		OK) {
		task_fail(t, 503, "E1901", "try again in a moment",
		    "organisations cannot be read now");
		json_decref(w.list);
	} else {
		t->result = json_pack("{s:s,s:o,s:I}", "who", who, "found",
		    w.list, "more", (json_int_t)w.more);
	}
	reader_fini(&w.rd);
}

void
api_trust_find(struct http_request *r, void *ctx)
{
	const char *who = http_query(r, "who");

	if (who == NULL || who[0] == 0) {
		http_fail(r, 422, "E3702", "who", "?who=Acme%20Werke",
		    "the name of an organisation is missing");
		return;
	}
	task_start(ctx, r, find_run, json_pack("{s:s}", "who", who));
}

/* ---- GET /trust/keys/{key} ---- */

static json_t *
way_json(struct task *t, struct reader *rd, const struct trust_view *v,
    const struct trust_path *p)
{
	json_t *o = json_object(), *keys = json_array();

	for (uint8_t i = 0; i <= p->steps; i++) {
		json_t *k = json_object();
		json_did(k, "key", p->keys[i]);
		(void)json_object_set_new(
		    k, "name", party_name(t, rd, p->keys[i]));
		for (size_t a = 0; a < v->anchors_n; a++)
			if (memcmp(v->anchors[a].key, p->keys[i], TRUST_KEY) ==
			    0)
				(void)json_object_set_new(k, "label",
				    json_string(v->anchors[a].label));
		(void)json_array_append_new(keys, k);
	}
	(void)json_object_set_new(o, "keys", keys);
	json_uint(o, "steps", p->steps);
	json_share(o, "amount", p->amount);
	return o;
}

static const char *
says_of(const struct trust_view *v, const uint8_t *key, uint32_t tau)
{
	if (trust_is_anchor(v->trust, key))
		return "it is one of your anchors: you rely on it in full";
	if (tau > 0)
		return "it is vouched for by ways that begin at your anchors";
	if (v->anchors_n == 0)
		return "nothing is known: you have named no anchors. "
		       "`ohcn trust anchor add KEY` names somebody you rely on";
	return "a stranger: no way of at most 3 attestations leads from your "
	       "anchors to it. That is no mark against it";
}

static void
key_run(struct task *t)
{
	const struct trust_view *v = trust_task_view(t);
	struct trust_path ways[WAYS_MAX];
	uint8_t key[TRUST_KEY];
	struct reader rd;
	size_t total = 0;

	if (v == NULL || reader_init(&rd) != OK) {
		if (v != NULL)
			task_fail(t, 503, "E1901", "try again", "no memory");
		trust_task_end(t);
		return;
	}
	trust_task_key(t, key);
	const uint32_t tau = trust_of(v->trust, key);
	const size_t n = trust_why(v->trust, key, ways, WAYS_MAX, &total);
	json_t *o = json_object(), *list = json_array();
	json_did(o, "key", key);
	(void)json_object_set_new(o, "name", party_name(t, &rd, key));
	json_share(o, "trust", tau);
	json_truth(o, "anchor", trust_is_anchor(v->trust, key));
	json_did(o, "party", trust_party(v->trust, key));
	if (!json_is_true(json_object_get(t->input, "strange")))
		json_truth(o, "own", task_owns(t, key));
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
		    list, way_json(t, &rd, v, &ways[i]));
	(void)json_object_set_new(o, "ways", list);
	json_uint(o, "ways_in_all", total);
	json_uint(o, "anchors", v->anchors_n);
	(void)json_object_set_new(o, "says", json_string(says_of(v, key, tau)));
	(void)json_object_set(
	    o, "warnings", json_object_get(t->input, "warnings"));
	(void)json_object_set(
	    o, "blocked", json_object_get(t->input, "blocked"));
	t->result = o;
	reader_fini(&rd);
	trust_task_end(t);
}

void
api_trust_key(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint8_t key[ED25519_PUBLIC];
	json_t *input;

	if (!key_asked(n, r, "key", http_param(r, "key"), key))
		return;
	input = json_object();
	json_did(input, "key", key);
	(void)json_object_set_new(input, "warnings", warnings_of(n, key));
	json_truth(input, "blocked", mailbox_is_blocked(n, key));
	trust_task(n, r, key_run, input);
}

/* ---- what the owner vouches for, in public ---- */

static json_t *
attestation_json(struct node *n, uint32_t persona, uint32_t slot)
{
	const struct owner_post *p =
	    owner_post(n, persona, KIND_ATTESTATION, slot);
	struct store_view *view = NULL;
	struct store_record s;
	struct reader rd;
	json_t *o = NULL, *payload;

	if (p == NULL || reader_init(&rd) != OK)
		return NULL;
	if (store_view_open(n->store, &view) == OK &&
	    store_get_rid(view, p->rid, &s) == OK && reader_open(&rd, &s) &&
	    payload_to_json(schema_latest(KIND_ATTESTATION), &rd.payload, NULL,
		&payload) == OK) {
		const struct value *key = value_find(&rd.payload, 0);
		o = json_object();
		json_did(o, "key", key->s.p);
		(void)json_object_set(
		    o, "share", json_object_get(payload, "budget"));
		(void)json_object_set(
		    o, "vouches", json_object_get(payload, "vouches"));
		json_uint(o, "until",
		    (uint64_t)json_integer_value(
			json_object_get(payload, "until")) *
			3600);
		json_id(o, "record", p->id);
		json_truth(o, "heard", s.heard);
		json_decref(payload);
	}
	store_view_close(view);
	reader_fini(&rd);
	return o;
}

void
api_attestations(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *list = json_array();
	uint32_t persona;
	uint64_t given = 0;

	if (!persona_asked(n, r, &persona)) {
		json_decref(list);
		return;
	}
	for (uint32_t i = 0; i < kind_info(KIND_ATTESTATION)->slots; i++) {
		json_t *o = attestation_json(n, persona, i);
		if (o == NULL)
			continue;
		given +=
		    (uint64_t)json_integer_value(json_object_get(o, "share"));
		(void)json_array_append_new(list, o);
	}
	http_reply(r, 200,
	    json_pack("{s:s,s:o,s:I,s:I}", "persona",
		persona_get(n, persona)->name, "attestations", list, "given",
		(json_int_t)given, "whole", (json_int_t)TRUST_SHARE));
}

static json_t *
attestation_draft(struct http_request *r, const json_t *body,
    const uint8_t key[TRUST_KEY], uint64_t now_s, uint32_t *hours)
{
	const json_int_t share =
	    json_integer_value(json_object_get(body, "share"));
	const json_t *days = json_object_get(body, "days");
	const json_int_t for_days =
	    days == NULL ? ATTEST_DAYS : json_integer_value(days);
	json_t *vouches = json_object_get(body, "vouches");
	json_t *draft;
	char hex[2 * TRUST_KEY + 1];

	if (share < 1 || share > TRUST_SHARE) {
		http_fail(r, 422, "E3706", "share", "1 to 1000",
		    "how much of your weight goes there is missing, or is no "
		    "whole number of thousandths");
		return NULL;
	}
	if (for_days < 1 || for_days > ATTEST_DAYS_MAX) {
		http_fail(r, 422, "E3706", "days", "1 to 400",
		    "an attestation is for 1 to 400 days");
		return NULL;
	}
	if (hex_put(hex, sizeof(hex), slice_of(key, TRUST_KEY)) != OK)
		hex[0] = 0;
	*hours = (uint32_t)for_days * 24;
	draft = json_pack("{s:s,s:I,s:I}", "key", hex, "budget", share, "until",
	    (json_int_t)(now_s / 3600 + *hours));
	if (json_is_array(vouches))
		(void)json_object_set(draft, "vouches", vouches);
	else
		(void)json_object_set_new(
		    draft, "vouches", json_pack("[s]", "investing"));
	for (size_t i = 0; i < 2; i++) {
		static const char *const more[] = { "description", "known_by" };
		json_t *v = json_object_get(body, more[i]);
		if (v != NULL)
			(void)json_object_set(draft, more[i], v);
	}
	return draft;
}

static void
say_public(json_t *o, struct node *n, uint32_t persona, const char *did)
{
	char own[DID_KEY_TEXT];

	did_key_put(own, persona_get(n, persona)->pub);
	(void)json_object_set_new(
	    o, "persona", json_string(persona_get(n, persona)->name));
	(void)json_object_set_new(o, "everybody_sees",
	    json_sprintf("that %s (your persona \"%s\") vouches for %s, for "
			 "what, with which share and until when. It links the "
			 "two keys for all who read it, also after you take "
			 "it back: copies stay",
		own, persona_get(n, persona)->name, did));
}

static void
attest(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *body, const uint8_t key[TRUST_KEY])
{
	struct user_payload *payload = malloc(sizeof(*payload));
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	struct payload_fault f = { 0 };
	char hex[2 * TRUST_KEY + 1], did[DID_KEY_TEXT];
	uint32_t slot = 0, hours = 0;
	json_t *draft = attestation_draft(r, body, key, node_now(n), &hours);

	if (draft == NULL) {
		free(payload);
		return;
	}
	const err e = payload == NULL
			  ? ERR_NOMEM
			  : user_payload_read(KIND_ATTESTATION, draft,
				region_of(n, body), payload, &f);
	json_decref(draft);
	did_key_put(did, key);
	if (hex_put(hex, sizeof(hex), slice_of(key, TRUST_KEY)) != OK)
		hex[0] = 0;
	const bool created =
	    owner_find_external(n, persona, KIND_ATTESTATION, hex, &slot) != OK;
	if (e != OK) {
		fail_payload(r, e, &f);
	} else if (created && owner_free_slot(n, persona, KIND_ATTESTATION,
				  NULL, &slot) != OK) {
		http_fail(r, 409, "E3201", NULL, "ohcn trust withdraw KEY",
		    "all slots of the key are in use");
	} else {
		const struct publish_request q = { .persona = persona,
			.kind = KIND_ATTESTATION,
			.slot = slot,
			.region = payload->region,
			.lifetime_hours = hours,
			.payload = slice_of(payload->bytes, payload->n) };
		json_t *o = dry ? preview_json(n, r, &q) : json_object();
		if (o != NULL) {
			json_did(o, "key", key);
			(void)json_object_set_new(o, "state",
			    json_string(created ? "created" : "updated"));
			say_public(o, n, persona, did);
		}
		if (!dry)
			reply_published(n, &q, r, o);
		else if (o != NULL)
			http_reply(r, 200, o);
	}
	free(payload);
}

static void
withdraw(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *body, const uint8_t key[TRUST_KEY])
{
	const bool dry = json_is_true(json_object_get(body, "dry_run"));
	char hex[2 * TRUST_KEY + 1];
	uint32_t slot = 0;

	if (hex_put(hex, sizeof(hex), slice_of(key, TRUST_KEY)) != OK ||
	    owner_find_external(n, persona, KIND_ATTESTATION, hex, &slot) !=
		OK) {
		http_fail(r, 404, "E3707", "key", "ohcn trust given",
		    "this persona does not vouch for it");
		return;
	}
	const struct publish_request q = { .persona = persona,
		.kind = KIND_ATTESTATION,
		.slot = slot,
		.region =
		    owner_post(n, persona, KIND_ATTESTATION, slot)->region,
		.deleted = true };
	json_t *o = dry ? preview_json(n, r, &q) : json_object();
	if (o == NULL)
		return;
	json_did(o, "key", key);
	(void)json_object_set_new(o, "state", json_string("withdrawn"));
	(void)json_object_set_new(
	    o, "persona", json_string(persona_get(n, persona)->name));
	(void)json_object_set_new(o, "everybody_sees",
	    json_string("that this key takes back what it said in this slot; "
			"who kept the attestation still knows for whom it "
			"was"));
	if (dry)
		http_reply(r, 200, o);
	else
		reply_published(n, &q, r, o);
}

static void
change_attestation(struct node *n, struct http_request *r, bool add)
{
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	uint8_t key[TRUST_KEY];

	if (body == NULL)
		return;
	if (key_asked(n, r, "key",
		json_string_value(json_object_get(body, "key")), key)) {
		if (add && persona_of_key(n, key) != NULL)
			http_fail(r, 422, "E3708", "key", NULL,
			    "it is a key of this node: to vouch for oneself "
			    "says nothing, and would link two personas");
		else if (add)
			attest(n, r, persona, body, key);
		else
			withdraw(n, r, persona, body, key);
	}
	json_decref(body);
}

void
api_attest(struct http_request *r, void *ctx)
{
	change_attestation(ctx, r, true);
}

void
api_attest_withdraw(struct http_request *r, void *ctx)
{
	change_attestation(ctx, r, false);
}
