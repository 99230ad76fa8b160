#include "node/record/publish.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/stamp.h"
#include "node/keys/intro.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/record/announce.h"
#include "proto/base/text.h"
#include "proto/record/schema.h"

#define STAMP_CHUNK 100000 /* tries between looks at the stop flag */
#define WAITING_MAX 4096   /* publications that wait for the stamp */
#define GATE        "gate"
#define GATE_SAVE_S 60

/* A publication under way. */
struct publication {
	struct publication *next;
	struct node *n;
	struct publish_request q;
	uint8_t *payload;
	char region[3];
	publish_done *done;
	void *ctx;
	struct publish_result result;
};

struct publisher {
	struct node *n;
	struct arena scratch;
	uv_work_t work;
	bool working;
	uint32_t stamping; /* the persona whose stamp is worked out */
	uint8_t stamping_pub[ED25519_PUBLIC];
	volatile bool stop; /* set by the loop, read by the worker */
	bool found;
	uint64_t start, tries;
	uint8_t nonce[STAMP_NONCE];
	struct publication *waiting, **waiting_end;
	size_t waiting_n;
	struct announcer *announcer;
	/* who published last, and when another persona may */
	uint32_t last_persona;
	uint64_t others_s, saved_s;
};

/* Told to all peers, a record is soon everywhere; told to the mesh alone, it
 * is less plain whose it is. */
static bool
floods(const struct config *c)
{
	return c->gossip.flood_publish == FLOOD_YES ||
	       (c->gossip.flood_publish == FLOOD_AUTO &&
		   c->node.role != NODE_PERSON);
}

static const uint8_t *
author_at(void *ctx, uint32_t i)
{
	const struct author *a = persona_get(ctx, i);

	return a == NULL ? NULL : a->pub;
}

static bool
one_time_of(void *ctx, const uint8_t *author, uint32_t *i)
{
	return persona_of_one_time(ctx, author, i);
}

struct publisher *
publisher_new(struct node *n, publish_quietly *quietly)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->n = n;
	p->waiting_end = &p->waiting;
	p->scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	const struct announce_config cf = {
		.host = n->host,
		.env = &n->env,
		.store = n->store,
		.net = slice_str(n->config->node.network),
		.author_at = author_at,
		.one_time = one_time_of,
		.quietly = quietly,
		.ctx = n,
		.gap_ms = n->config->publish.persona_gap_s * 1000U,
		.flood = floods(n->config),
	};
	p->announcer = announcer_new(&cf);
	if (p->scratch.p == NULL || p->announcer == NULL) {
		publisher_free(p);
		return NULL;
	}
	return p;
}

void
publisher_free(struct publisher *p)
{
	if (p == NULL)
		return;
	ASSERT(!p->working);
	announcer_free(p->announcer);
	free(p->scratch.p);
	free(p);
}

/* ---- personas are not to be seen together ---- */

static unsigned
live_personas(const struct node *n)
{
	unsigned live = 0;

	for (uint32_t i = 0; i < persona_count(n); i++)
		live += persona_may_publish(n, i);
	return live;
}

static uint64_t
gap_draw(const struct node *n)
{
	const uint32_t gap = n->config->publish.persona_gap_s;

	return gap == 0 ? 0 : gap + env_random_below(&n->env, gap);
}

static void
gate_load(struct publisher *p)
{
	json_t *o = vault_get(p->n->vault, GATE, NULL);

	p->last_persona =
	    (uint32_t)json_integer_value(json_object_get(o, "persona"));
	p->others_s =
	    (uint64_t)json_integer_value(json_object_get(o, "others"));
	json_decref(o);
}

/* It publishes now: the others wait, over a restart as well. */
static void
gate_shut(struct publisher *p, uint32_t persona)
{
	const uint64_t now = node_now(p->n);
	const bool other = p->last_persona != persona;

	if (live_personas(p->n) < 2)
		return;
	p->last_persona = persona;
	p->others_s = now + gap_draw(p->n);
	if (!other && now >= p->saved_s && now - p->saved_s < GATE_SAVE_S)
		return;
	json_t *o = json_pack("{s:I, s:I}", "persona", (json_int_t)persona,
	    "others", (json_int_t)p->others_s);
	if (o == NULL || vault_put(p->n->vault, GATE, o) != OK)
		env_log(&p->n->env, LOG_UNUSUAL, "gate_not_saved",
		    "what=\"personas may publish soon after one another "
		    "after a restart\"");
	json_decref(o);
	p->saved_s = now;
}

uint64_t
publish_open_at(const struct node *n, uint32_t persona)
{
	const struct publisher *p = n->publisher;
	const uint64_t now = node_now(n);
	const uint64_t most = UINT64_C(2) * n->config->publish.persona_gap_s;

	if (persona == p->last_persona || live_personas(n) < 2 ||
	    p->others_s <= now)
		return 0;
	/* A clock that went back must not shut us up for long. */
	return MIN(p->others_s, now + most);
}

/* ---- the stamp ---- */

static void
stamp_name(const struct node *n, const uint8_t pub[ED25519_PUBLIC],
    char out[VAULT_NAME_MAX + 1])
{
	char did[DID_KEY_TEXT];

	did_key_put(did, pub);
	/* The key's last characters tell authors apart well enough. */
	(void)snprintf(out, VAULT_NAME_MAX + 1, "stamp/%s/%s",
	    n->config->node.network, did + strlen(did) - 16);
}

static void
on_stamp_work(uv_work_t *work)
{
	struct publisher *p = CONTAINER_OF(work, struct publisher, work);
	const struct slice net = slice_str(p->n->config->node.network);
	const unsigned bits = net_stamp_bits(net);

	while (!p->stop && !p->found) {
		p->found = stamp_search(net.p, net.n, p->stamping_pub, bits,
		    p->start, STAMP_CHUNK, p->nonce);
		p->start += STAMP_CHUNK;
		p->tries += STAMP_CHUNK;
	}
}

static void publication_start(struct publication *u);

/* Takes what waits for the persona out of the list; not while the keys are
 * locked: nothing could be signed, and who asked was not told to come again. */
static void
waiting_start(struct publisher *p, uint32_t persona)
{
	struct publication **at = &p->waiting, *ready = NULL, **end = &ready;

	if (signer_is_shut(p->n->signer))
		return;
	while (*at != NULL) {
		struct publication *u = *at;
		if (u->q.persona != persona) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		u->next = NULL;
		*end = u;
		end = &u->next;
		p->waiting_n--;
	}
	p->waiting_end = at;
	while (ready != NULL) {
		struct publication *u = ready;
		ready = u->next;
		publication_start(u);
	}
}

static void
stamp_ready(struct publisher *p, uint32_t persona)
{
	struct author *a = &p->n->authors[persona];

	stamp_put(p->nonce, a->stamp);
	a->stamped = true;
	waiting_start(p, persona);
}

void
publisher_unlocked(struct publisher *p)
{
	for (uint32_t i = 0; p != NULL && i < persona_count(p->n); i++)
		if (persona_get(p->n, i)->stamped)
			waiting_start(p, i);
}

size_t
publisher_held(const struct publisher *p)
{
	return p == NULL ? 0 : p->waiting_n;
}

static void
on_stamp_done(uv_work_t *work, int status)
{
	struct publisher *p = CONTAINER_OF(work, struct publisher, work);
	char name[VAULT_NAME_MAX + 1], hex[2 * STAMP_NONCE + 1];

	(void)status;
	p->working = false;
	if (!p->found)
		return; /* shutting down */
	stamp_name(p->n, p->stamping_pub, name);
	const err e =
	    hex_put(hex, sizeof(hex), slice_of(p->nonce, STAMP_NONCE));
	ASSERT(e == OK);
	json_t *value = json_string(hex);
	if (value == NULL || vault_put(p->n->vault, name, value) != OK)
		env_log(&p->n->env, LOG_UNUSUAL, "stamp_not_saved",
		    "what=\"it will be worked out again at the next start\"");
	json_decref(value);
	env_log(&p->n->env, LOG_INFO, "stamp_ready", "tries_at_most=%" PRIu64,
	    p->tries);
	stamp_ready(p, p->stamping);
	publisher_start(p); /* of the next persona without one */
}

/* A stamp that was worked out before, if it is still right. */
static bool
stamp_load(struct publisher *p, const uint8_t pub[ED25519_PUBLIC])
{
	const struct slice net = slice_str(p->n->config->node.network);
	char name[VAULT_NAME_MAX + 1];
	struct buf b = { p->nonce, 0, sizeof(p->nonce) };

	stamp_name(p->n, pub, name);
	json_t *value = vault_get(p->n->vault, name, NULL);
	const char *hex = json_string_value(value);
	const bool good =
	    hex != NULL && hex_get(slice_str(hex), &b) == OK &&
	    b.n == STAMP_NONCE &&
	    stamp_check(net.p, net.n, pub, p->nonce, net_stamp_bits(net));
	json_decref(value);
	return good;
}

static void
stamp_work(struct publisher *p, const struct author *a)
{
	p->stamping = a->index;
	memcpy(p->stamping_pub, a->pub, ED25519_PUBLIC);
	p->start = env_random_u64(&p->n->env);
	p->tries = 0;
	p->found = false;
	p->working = true;
	const int rc =
	    uv_queue_work(&p->n->loop, &p->work, on_stamp_work, on_stamp_done);
	ASSERT(rc == 0);
	env_log(&p->n->env, LOG_INFO, "stamp_started",
	    "what=\"a proof of work, once per key and network\" bits=%u",
	    net_stamp_bits(slice_str(p->n->config->node.network)));
}

void
publisher_start(struct publisher *p)
{
	if (p->last_persona == 0 && p->others_s == 0)
		gate_load(p);
	for (uint32_t i = 0; i < persona_count(p->n); i++) {
		const struct author *a = persona_get(p->n, i);
		if (p->working || p->stop)
			return;
		if (a->stamped || a->state != PERSONA_LIVE)
			continue;
		if (stamp_load(p, a->pub))
			stamp_ready(p, i);
		else
			stamp_work(p, a);
	}
}

/* ---- announcing ---- */

void
publisher_tick(struct publisher *p)
{
	announce_tick(p->announcer);
}

void
publisher_again(struct publisher *p, const uint8_t id[RECORD_ID])
{
	announce_again(p->announcer, id);
}

size_t
publisher_waiting(const struct publisher *p)
{
	return announce_waiting(p->announcer) + p->waiting_n;
}

/* ---- one record ---- */

static uint64_t
expires_of(const struct publish_request *q, uint64_t seq, uint64_t live_expires)
{
	const uint64_t hour = seq >> 8;
	const uint64_t most = kind_info(q->kind)->lifetime_hours;
	/* A revocation that lived less would be refused: see SPEC.md, 8. */
	if (q->kind == KIND_REVOCATION)
		return hour + most;
	uint64_t hours = q->lifetime_hours != 0 ? q->lifetime_hours
						: MIN(most, UINT64_C(30) * 24);

	hours = MIN(hours, most);
	return MIN(MAX(hour + hours, live_expires), hour + most);
}

/* May this persona publish this? */
static err
may_publish(struct node *n, const struct publish_request *q, char why[160])
{
	const struct author *a = persona_get(n, q->persona);

	if (a == NULL) {
		(void)snprintf(why, 160, "there is no such persona");
		return ERR_FORM;
	}
	if (a->state == PERSONA_LIVE || q->kind == KIND_REVOCATION)
		return OK;
	(void)snprintf(why, 160,
	    "the persona \"%s\" is %s: it publishes "
	    "nothing any more",
	    a->name, persona_state_name(a->state));
	return ERR_FORM;
}

static void
say_keys_gone(char why[160])
{
	(void)snprintf(why, 160,
	    "the process that holds the keys has ended: start the node again");
}

/* Each card says to which key offers for it are sealed now; each community,
 * to which one asks to join it. */
static err
add_intro(struct node *n, const struct publish_request *q, struct buf *out,
    char why[160])
{
	const err e = intro_into(n, q->persona, q->kind, q->payload, out);

	if (e == ERR_CLOSED)
		say_keys_gone(why);
	else if (e != OK)
		(void)snprintf(why, 160,
		    "the record cannot get a key to write to: %s", err_name(e));
	return e;
}

err
publish_build(struct node *n, const struct publish_request *q, struct buf *out,
    struct record *r, struct arena *scratch, char why[160])
{
	static const uint8_t no_stamp[STAMP_WORK_BYTES] = { STAMP_WORK };
	const uint64_t now = node_now(n);
	struct store_view *view = NULL;
	struct store_record live;
	uint64_t last = 0, live_expires = 0;

	why[0] = 0;
	TRY(may_publish(n, q, why));
	const struct author *a = persona_get(n, q->persona);
	TRY(store_view_open(n->store, &view));
	const err seen = store_slot_seq(view, a->pub, q->kind, q->slot, &last);
	if (seen == OK &&
	    store_get_slot(view, a->pub, q->kind, q->slot, &live) == OK)
		live_expires = live.expires_h;
	store_view_close(view);
	TRY(seen);
	const uint64_t seq = record_next_seq(now, last);
	if (seq == 0) {
		(void)snprintf(why, 160,
		    "this record was changed 64 times within the hour; wait "
		    "for the next one");
		return ERR_LIMIT;
	}
	uint8_t card[RECORD_BODY_MAX];
	struct buf carded = { card, 0, sizeof(card) };
	struct slice payload = q->deleted ? slice_of("\x80", 1) : q->payload;
	if (intro_field(q->kind) != 0 && !q->deleted) {
		TRY(add_intro(n, q, &carded, why));
		payload = buf_slice(&carded);
	}
	const struct slice stamp =
	    q->kind == KIND_REVOCATION ? slice_of(NULL, 0)
	    : a->stamped               ? slice_of(a->stamp, STAMP_WORK_BYTES)
				       : slice_of(no_stamp, sizeof(no_stamp));
	const struct record_draft d = {
		.net = slice_str(n->config->node.network),
		.kind = q->kind,
		.region = q->region,
		.slot = q->slot,
		.seq = seq,
		.expires_h = expires_of(q, seq, live_expires),
		.flags = q->deleted ? RECORD_FLAG_DELETED : 0,
		.stamp = stamp,
		.pv = schema_pv(q->kind),
		.payload = payload,
	};
	struct signer_use with = { n->signer, q->persona, SIGN_RECORD,
		slice_str(n->config->node.network) };
	const struct record_signing signing = { a->pub, signer_sign_as, &with };
	const err made = record_make_with(&d, &signing, out);
	if (made == ERR_CLOSED)
		say_keys_gone(why);
	TRY(made);
	const struct record_rules rules = { d.net, now, 0 };
	const enum record_outcome o =
	    record_open(buf_slice(out), &rules, scratch, r);
	if (o == RECORD_FINE)
		return OK;
	(void)snprintf(why, 160, "the record would be refused: %s",
	    record_outcome_name(o));
	return ERR_FORM;
}

static err
may_speak(const struct node *n, const struct publish_request *q, char why[160])
{
	const uint64_t at = publish_open_at(n, q->persona);

	if (signer_is_shut(n->signer)) {
		(void)snprintf(
		    why, 160, "the keys are locked: ohcn key unlock");
		return ERR_LIMIT;
	}
	if (q->kind == KIND_REVOCATION)
		return OK;
	if (n->restoring) {
		(void)snprintf(why, 160,
		    "this node was restored and first asks the network what "
		    "its keys have published: wait, or ohcn key restore "
		    "--now");
		return ERR_LIMIT;
	}
	if (at == 0)
		return OK;
	(void)snprintf(why, 160,
	    "another persona published a moment ago; this one may in %" PRIu64
	    " s: who publish together can be told to belong together",
	    at - node_now(n));
	return ERR_LIMIT;
}

static void
publication_end(struct publication *u)
{
	if (u->done != NULL)
		u->done(u->ctx, &u->result);
	free(u->payload);
	free(u);
}

static void
on_submitted(void *ctx, const struct judge_result *r)
{
	struct publication *u = ctx;
	struct node *n = u->n;

	u->result.outcome = r->outcome;
	if (r->outcome == RECORD_STORED) {
		u->result.sent_to = announce_stored(
		    n->publisher->announcer, r->rid, &u->result.quiet);
		transport_wake(n->transport);
	} else if (r->broken != NULL) {
		u->result.error = ERR_IO;
		(void)snprintf(
		    u->result.why, sizeof(u->result.why), "%s", r->broken);
	} else if (r->outcome == RECORD_QUEUE_FULL) {
		u->result.error = ERR_LIMIT;
		(void)snprintf(u->result.why, sizeof(u->result.why),
		    "the store is full, or the node is too busy");
	} else {
		u->result.error = ERR_FORM;
		(void)snprintf(u->result.why, sizeof(u->result.why),
		    "the node's own check refused it: %s",
		    record_outcome_name(r->outcome));
	}
	publication_end(u);
}

static void
publication_start(struct publication *u)
{
	struct node *n = u->n;
	static uint8_t raw[RECORD_BYTES_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	struct record r;

	u->result.error = may_speak(n, &u->q, u->result.why);
	if (u->result.error == OK)
		u->result.error = publish_build(
		    n, &u->q, &out, &r, &n->publisher->scratch, u->result.why);
	if (u->result.error != OK) {
		publication_end(u);
		return;
	}
	gate_shut(n->publisher, u->q.persona);
	memcpy(u->result.id, r.id, RECORD_ID);
	u->result.seq = r.seq;
	u->result.expires_h = r.expires_h;
	u->result.bytes = out.n;
	pipeline_submit(n->pipeline, buf_slice(&out), 0, true, on_submitted, u);
}

void
publish_made(struct node *n, uint32_t persona, struct slice bytes,
    publish_done *done, void *ctx)
{
	const struct publish_request q = { .persona = persona,
		.kind = KIND_ENVELOPE };
	struct publish_result refused = { .error = OK };
	struct publication *u = NULL;

	refused.error = may_speak(n, &q, refused.why);
	if (refused.error == OK) {
		u = calloc(1, sizeof(*u));
		refused.error = u == NULL ? ERR_NOMEM : OK;
	}
	if (refused.error != OK) {
		done(ctx, &refused);
		return;
	}
	gate_shut(n->publisher, persona);
	u->n = n;
	u->done = done;
	u->ctx = ctx;
	u->result.bytes = bytes.n;
	pipeline_submit(n->pipeline, bytes, 0, true, on_submitted, u);
}

void
publish_record(struct node *n, const struct publish_request *q,
    publish_done *done, void *ctx)
{
	struct publisher *p = n->publisher;
	struct publish_result refused = { .error = OK };
	struct publication *u;

	refused.error = may_publish(n, q, refused.why);
	if (refused.error != OK) {
		done(ctx, &refused);
		return;
	}
	const bool stamped = n->authors[q->persona].stamped;
	refused.error = ERR_LIMIT;
	u = calloc(1, sizeof(*u));

	if (u != NULL && q->payload.n > 0) {
		u->payload = malloc(q->payload.n);
		if (u->payload == NULL) {
			free(u);
			u = NULL;
		}
	}
	if (u == NULL || (!stamped && p->waiting_n == WAITING_MAX)) {
		(void)snprintf(refused.why, sizeof(refused.why),
		    "too many records wait to be published");
		if (u != NULL)
			free(u->payload);
		free(u);
		done(ctx, &refused);
		return;
	}
	u->n = n;
	u->q = *q;
	if (q->payload.n > 0)
		memcpy(u->payload, q->payload.p, q->payload.n);
	u->q.payload = slice_of(u->payload, q->payload.n);
	memcpy(u->region, q->region, 2);
	u->q.region = u->region;
	u->done = done;
	u->ctx = ctx;
	if (stamped || q->kind == KIND_REVOCATION) {
		publication_start(u);
		return;
	}
	*p->waiting_end = u;
	p->waiting_end = &u->next;
	p->waiting_n++;
}

void
publisher_stop(struct publisher *p)
{
	p->stop = true;
	while (p->waiting != NULL) {
		struct publication *u = p->waiting;
		p->waiting = u->next;
		u->result.error = ERR_CLOSED;
		(void)snprintf(u->result.why, sizeof(u->result.why),
		    "the node is shutting down; nothing was published");
		publication_end(u);
	}
	p->waiting_n = 0;
	p->waiting_end = &p->waiting;
}
