/*
 * The way out of what was said: mailbox.h. A company's envelope is made when
 * it is published, under its posting key. A person's under a one-time key is
 * made at once, since the key is then forgotten; under an author of its own
 * when the stamp of that has been worked out.
 */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/stamp.h"
#include "node/mail/mailbox.h"
#include "node/mail/mailbox_internal.h"
#include "node/record/publish.h"
#include "proto/base/text.h"

#define ENVELOPE_SLOTS 512
#define AGAIN_TICKS    10 /* until what could not be published is tried again */
#define MOVES_MAX      4  /* to another slot */
#define RECORD_HEX     (2 * RECORD_BYTES_MAX + 1)
#define STAMP_CHUNK    100000 /* tries between looks at the stop flag */

void
mail_put_hex(json_t *o, const char *key, struct slice bytes)
{
	char hex[RECORD_HEX];

	if (o != NULL && hex_put(hex, sizeof(hex), bytes) == OK)
		(void)json_object_set_new(o, key, json_string(hex));
}

/* ---- what is to be sent ---- */

static bool
slot_taken(const struct mailbox *m, const struct outgoing *others, unsigned n,
    struct store_view *view, const uint8_t author[ED25519_PUBLIC],
    uint32_t slot)
{
	struct store_record r;

	for (unsigned i = 0; i < n; i++) /* parts of one document */
		if (others[i].slot == slot)
			return true;
	for (unsigned i = 0; i < m->out_n; i++)
		if (m->out[i]->slot == slot &&
		    memcmp(m->out[i]->author, author, ED25519_PUBLIC) == 0)
			return true;
	return store_get_slot(view, author, KIND_ENVELOPE, slot, &r) == OK &&
	       r.expires_h * 3600 > node_now(m->n);
}

/* ENVELOPE_SLOTS: all carry an envelope that is still alive. */
static uint32_t
free_slot(const struct mailbox *m, const struct outgoing *others, unsigned n,
    const uint8_t author[ED25519_PUBLIC], uint32_t from)
{
	struct store_view *view = NULL;
	uint32_t slot = from;

	if (store_view_open(m->n->store, &view) != OK)
		return ENVELOPE_SLOTS;
	while (slot < ENVELOPE_SLOTS &&
	       slot_taken(m, others, n, view, author, slot))
		slot++;
	store_view_close(view);
	return slot;
}

/* Would we take it ourselves? Then others do. */
static bool
is_sound(struct mailbox *m, struct slice bytes)
{
	const struct record_rules rules = {
		slice_str(m->n->config->node.network), node_now(m->n), 0
	};
	struct record r;

	return record_open(bytes, &rules, &m->record, &r) == RECORD_FINE;
}

static err
record_by(struct mailbox *m, const uint8_t seed[ED25519_SEED],
    struct slice stamp, uint32_t slot, uint64_t last_seq, uint64_t expires_h,
    struct slice payload, struct buf *out)
{
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	const uint64_t seq = record_next_seq(node_now(m->n), last_seq);
	const struct record_draft d = {
		.net = slice_str(m->n->config->node.network),
		.kind = KIND_ENVELOPE,
		.region = "zz",
		.slot = slot,
		.seq = seq,
		.expires_h = MIN(expires_h, (seq >> 8) + ENVELOPE_HOURS),
		.stamp = stamp,
		.pv = ENVELOPE_PV,
		.payload = payload,
	};

	if (seq == 0)
		return ERR_LIMIT;
	ed25519_keypair(pub, secret, seed);
	const err e = record_make(&d, pub, secret, out);
	crypto_wipe(secret, sizeof(secret));
	if (e != OK)
		return e;
	return is_sound(m, buf_slice(out)) ? OK : ERR_FORM;
}

/* ERR_FORM: nobody would take it. */
static err
content_of(struct mailbox *m, const struct talk *t,
    const struct conversation_action *a, const struct outgoing *others,
    unsigned others_n, struct outgoing *o, json_t *out)
{
	uint8_t raw[ENVELOPE_PAYLOAD_MAX], record[RECORD_BYTES_MAX];
	struct buf payload = { raw, 0, sizeof(raw) };
	struct buf made = { record, 0, sizeof(record) };
	/* What takes a hand back stands where the hand stood. */
	const bool replaces =
	    a->by == ENVELOPE_BY_FRESH && conversation_is_over(t->c.state);

	TRY(envelope_payload(a->sealed, &payload));
	if (a->by == ENVELOPE_BY_ONE_TIME) {
		TRY(record_by(m, a->seed, slice_of(a->stamp, sizeof(a->stamp)),
		    0, 0, a->expires_h, buf_slice(&payload), &made));
		mail_put_hex(out, "record", buf_slice(&made));
		return OK;
	}
	o->slot = replaces ? 0 : free_slot(m, others, others_n, a->author, 0);
	if (o->slot == ENVELOPE_SLOTS)
		return ERR_LIMIT;
	mail_put_hex(out, "payload", buf_slice(&payload));
	(void)json_object_set_new(
	    out, "fresh", json_boolean(a->by == ENVELOPE_BY_FRESH));
	(void)json_object_set_new(
	    out, "expires", json_integer((json_int_t)a->expires_h));
	return OK;
}

err
outgoing_of(struct mailbox *m, const struct talk *t,
    const struct conversation_action *a, const struct outgoing *others,
    unsigned others_n, struct outgoing *o, json_t **out)
{
	json_t *v = json_object();

	if (v == NULL)
		return ERR_NOMEM;
	memcpy(o->talk, t->name, TALK_NAME);
	memcpy(o->author, a->author, ED25519_PUBLIC);
	o->persona = t->persona;
	o->by = a->by;
	const err e = content_of(m, t, a, others, others_n, o, v);
	if (e != OK) {
		json_decref(v);
		return e;
	}
	(void)json_object_set_new(
	    v, "persona", json_integer((json_int_t)o->persona));
	(void)json_object_set_new(v, "slot", json_integer((json_int_t)o->slot));
	(void)json_object_set_new(v, "line", json_integer((json_int_t)o->line));
	mail_put_hex(v, "author", slice_of(o->author, ED25519_PUBLIC));
	*out = v;
	return OK;
}

/* ---- the stamp of an author of its own ---- */

struct stamping {
	struct mailbox *m;
	uv_work_t work;
	bool working;
	volatile bool stop; /* set by the loop, read by the worker */
	bool found;
	uint8_t talk[TALK_NAME];
	uint8_t pub[ED25519_PUBLIC];
	uint64_t start;
	uint8_t nonce[STAMP_NONCE];
};

static void
on_stamp_work(uv_work_t *work)
{
	struct stamping *s = CONTAINER_OF(work, struct stamping, work);
	const struct slice net = slice_str(s->m->n->config->node.network);
	const unsigned bits = net_stamp_bits(net);

	while (!s->stop && !s->found) {
		s->found = stamp_search(net.p, net.n, s->pub, bits, s->start,
		    STAMP_CHUNK, s->nonce);
		s->start += STAMP_CHUNK;
	}
}

static void
on_stamp_done(uv_work_t *work, int status)
{
	struct stamping *s = CONTAINER_OF(work, struct stamping, work);
	struct talk *t = talk_of_name(s->m, s->talk);

	(void)status;
	s->working = false;
	if (!s->found || t == NULL || !t->has_fresh)
		return; /* shutting down, or ended meanwhile */
	stamp_put(s->nonce, t->fresh_stamp);
	t->fresh_stamped = true;
	if (talk_keep(s->m, t, NULL, NULL, NULL, 0, NULL) != OK)
		env_log(&s->m->n->env, LOG_UNUSUAL, "stamp_not_saved",
		    "what=\"it is worked out again after a restart\"");
	/* What waits for it goes now. */
	for (unsigned i = 0; i < s->m->out_n; i++)
		if (memcmp(s->m->out[i]->talk, t->name, TALK_NAME) == 0)
			s->m->out[i]->after = 0;
	talk_tell(s->m, t, "stamped");
}

static void
stamp_tick(struct mailbox *m)
{
	struct talk *t = NULL;

	for (unsigned i = 0; i < m->talks_n && t == NULL; i++)
		if (m->talks[i]->has_fresh && !m->talks[i]->fresh_stamped)
			t = m->talks[i];
	if (t == NULL || m->n->stopping ||
	    (m->stamping != NULL && m->stamping->working))
		return;
	if (m->stamping == NULL)
		m->stamping = calloc(1, sizeof(*m->stamping));
	struct stamping *s = m->stamping;
	if (s == NULL)
		return;
	s->m = m;
	s->found = false;
	s->working = true;
	memcpy(s->talk, t->name, TALK_NAME);
	memcpy(s->pub, t->fresh_pub, ED25519_PUBLIC);
	s->start = env_random_u64(&m->n->env);
	const int rc =
	    uv_queue_work(&m->n->loop, &s->work, on_stamp_work, on_stamp_done);
	ASSERT(rc == 0);
}

void
mailbox_stop(struct node *n)
{
	if (n->mailbox != NULL && n->mailbox->stamping != NULL)
		n->mailbox->stamping->stop = true;
}

void
outgoing_stop(struct mailbox *m)
{
	ASSERT(m->stamping == NULL || !m->stamping->working);
	free(m->stamping);
	m->stamping = NULL;
}

/* ---- publishing ---- */

static bool
waits_for(const struct mailbox *m, const uint8_t talk[TALK_NAME])
{
	for (unsigned i = 0; i < m->out_n; i++)
		if (memcmp(m->out[i]->talk, talk, TALK_NAME) == 0)
			return true;
	return false;
}

static void
outgoing_end(struct mailbox *m, struct outgoing *o)
{
	struct talk *t = talk_of_name(m, o->talk);

	outgoing_drop(m, o);
	for (unsigned i = 0; i < m->out_n; i++)
		if (m->out[i] == o) {
			m->out[i] = m->out[--m->out_n];
			break;
		}
	/* The last word is out: its author is of no more use. */
	if (t != NULL && t->has_fresh && t->ended_s != 0 &&
	    !waits_for(m, o->talk)) {
		t->has_fresh = false;
		crypto_wipe(t->fresh_seed, sizeof(t->fresh_seed));
		if (talk_keep(m, t, NULL, NULL, NULL, 0, NULL) != OK)
			env_log(&m->n->env, LOG_UNUSUAL, "author_not_erased",
			    "what=\"the vault cannot be written\"");
	}
	free(o);
}

/* The owner is told: the history says that it was said. */
static void
not_sent(struct mailbox *m, struct outgoing *o, const char *why)
{
	struct talk *t = talk_of_name(m, o->talk);

	m->stats.not_sent++;
	env_log(&m->n->env, LOG_UNUSUAL, "envelope_refused", "why=\"%s\"", why);
	if (t != NULL) {
		line_mark(m, t, o->line, "not_sent", json_string(why));
		talk_tell(m, t, "not-sent");
	}
	outgoing_end(m, o);
}

/* A company's other device has used the slot: another one will do. */
static bool
move_slot(struct mailbox *m, struct outgoing *o, enum record_outcome why)
{
	const uint32_t slot = free_slot(m, NULL, 0, o->author, o->slot + 1);
	json_t *v;

	if (o->by == ENVELOPE_BY_ONE_TIME || slot == ENVELOPE_SLOTS ||
	    o->moved++ >= MOVES_MAX || why == RECORD_FINE)
		return false;
	v = outgoing_get(m, o);
	o->slot = slot;
	(void)json_object_set_new(v, "slot", json_integer((json_int_t)slot));
	if (v == NULL || outgoing_put(m, o, v) != OK)
		env_log(&m->n->env, LOG_UNUSUAL, "outbox_not_kept",
		    "what=\"the vault cannot be written\"");
	json_decref(v);
	return true;
}

struct sending {
	struct node *n;
	struct outgoing *o;
};

static void
on_sent(void *ctx, const struct publish_result *r)
{
	struct sending *s = ctx;
	struct mailbox *m = s->n->mailbox;
	struct outgoing *o = s->o;

	free(s);
	if (m == NULL)
		return;
	o->busy = false;
	o->after = m->n->ticks + AGAIN_TICKS;
	if (r->error == OK ||
	    (r->error == ERR_FORM && r->outcome == RECORD_DUPLICATE))
		outgoing_end(m, o);
	else if (r->error == ERR_FORM && !move_slot(m, o, r->outcome))
		not_sent(m, o, r->why);
}

static bool
bytes_of(const json_t *v, const char *key, struct buf *out)
{
	const char *hex = json_string_value(json_object_get(v, key));

	return hex != NULL && hex_get(slice_str(hex), out) == OK && out->n > 0;
}

/* Under the talk's own author, now that there is a stamp. ERR_MORE: not yet. */
static err
fresh_record(struct mailbox *m, const struct outgoing *o, const json_t *v,
    struct slice payload, struct buf *out)
{
	const struct talk *t = talk_of_name(m, o->talk);
	struct store_view *view = NULL;
	uint64_t last = 0;

	if (t == NULL || !t->has_fresh)
		return ERR_FORM;
	if (!t->fresh_stamped)
		return ERR_MORE;
	TRY(store_view_open(m->n->store, &view));
	const err e =
	    store_slot_seq(view, t->fresh_pub, KIND_ENVELOPE, o->slot, &last);
	store_view_close(view);
	TRY(e);
	return record_by(m, t->fresh_seed,
	    slice_of(t->fresh_stamp, STAMP_WORK_BYTES), o->slot, last,
	    json_number(v, "expires"), payload, out);
}

static void
publish(struct mailbox *m, struct outgoing *o)
{
	uint8_t raw[RECORD_BYTES_MAX], record[RECORD_BYTES_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct buf made = { record, 0, sizeof(record) };
	struct sending *s = malloc(sizeof(*s));
	json_t *v = outgoing_get(m, o);
	const bool one_time = o->by == ENVELOPE_BY_ONE_TIME;
	err e = s != NULL && bytes_of(v, one_time ? "record" : "payload", &b)
		    ? OK
		    : ERR_IO;

	o->after = m->n->ticks + AGAIN_TICKS;
	if (e == OK && o->by == ENVELOPE_BY_FRESH)
		e = fresh_record(m, o, v, buf_slice(&b), &made);
	json_decref(v);
	if (e != OK) {
		free(s);
		if (e == ERR_FORM)
			not_sent(m, o, "it came too late to be published");
		return;
	}
	*s = (struct sending){ m->n, o };
	o->busy = true;
	if (one_time || o->by == ENVELOPE_BY_FRESH) {
		publish_made(m->n, o->persona,
		    one_time ? buf_slice(&b) : buf_slice(&made), on_sent, s);
		return;
	}
	const struct publish_request q = { .persona = o->persona,
		.kind = KIND_ENVELOPE,
		.slot = o->slot,
		.region = "zz",
		.payload = buf_slice(&b),
		.lifetime_hours = ENVELOPE_HOURS };
	publish_record(m->n, &q, on_sent, s);
}

/* One by one: each may end within the call, and the list changes then. */
void
outgoing_tick(struct mailbox *m)
{
	stamp_tick(m);
	for (unsigned i = 0; i < m->out_n;) {
		struct outgoing *o = m->out[i];
		if (!o->busy && o->after <= m->n->ticks && !m->n->restoring)
			publish(m, o);
		if (i < m->out_n && m->out[i] == o)
			i++;
	}
}
