#include <stdlib.h>

#include "crypto/stamp.h"
#include "proto/record/schema.h"
#include "tests/sim/world.h"

#define TEXT_MAX    2000
#define DRAFT_HOURS 48
#define BY_ID_MIN   1024

/* ---- authors ---- */

struct author *
author_of(struct sim *s, uint64_t number)
{
	const struct slice net = slice_str(SIM_NET);
	uint8_t seed[ED25519_SEED] = "author", nonce[STAMP_NONCE];

	for (unsigned i = 0; i < s->authors_n; i++)
		if (s->authors[i].number == number)
			return &s->authors[i];
	s->authors = sim_grow(
	    s->authors, s->authors_n, &s->authors_cap, sizeof(s->authors[0]));
	struct author *a = &s->authors[s->authors_n++];
	*a = (struct author){ .number = number };
	put_u64be(seed + 8, number);
	put_u64be(seed + 16, s->cf.seed);
	ed25519_keypair(a->pub, a->secret, seed);
	const bool found = stamp_search(
	    net.p, net.n, a->pub, net_stamp_bits(net), 0, 1U << 24, nonce);
	ASSERT(found);
	stamp_put(nonce, a->stamp);
	return a;
}

/* ---- bytes ---- */

static void
put(struct buf *b, const char *bytes, size_t n)
{
	const err e = buf_put(b, bytes, n);

	ASSERT(e == OK);
}

static void
put_text(struct buf *b, uint32_t n)
{
	const uint8_t head[3] = { 0xda, (uint8_t)(n >> 8), (uint8_t)n };

	ASSERT(n >= 256 && n <= TEXT_MAX);
	put(b, (const char *)head, sizeof(head));
	for (uint32_t i = 0; i < n; i++)
		put(b, "x", 1);
}

/* A small valid payload, with a description where a kind has one. */
static void
payload_put(const struct sim_draft *d, struct buf *b)
{
	const bool text = d->text >= 256;

	if (d->deleted) {
		put(b, "\x80", 1);
		return;
	}
	switch (d->kind) {
	case KIND_DEMAND:
	case KIND_COURSE: /* type; title; a course teaches one term */
		put(b,
		    d->kind == KIND_DEMAND ? (text ? "\x83" : "\x82")
					   : (text ? "\x84" : "\x83"),
		    1);
		put(b, d->kind == KIND_DEMAND ? "\x00\x02" : "\x00\x01", 2);
		if (text) {
			put(b, "\x01\x81\xcd\x65\x6e", 5);
			put_text(b, MIN(d->text, (uint32_t)TEXT_MAX));
		}
		put(b, "\x02\x81\xcd\x65\x6e\xa1\x41", 7);
		if (d->kind == KIND_COURSE)
			put(b,
			    "\x04\x91\x82\x00\xc4\x08\x01\x02\x03\x04\x05\x06"
			    "\x07\x08\x04\x02",
			    16);
		return;
	case KIND_REVOCATION:
		put(b, "\x81\x00\x02", 3);
		return;
	default:
		put(b, "\x80", 1);
		return;
	}
}

static uint64_t
expires_of(const struct sim_draft *d, uint64_t hour, uint64_t live)
{
	const uint64_t most = kind_info(d->kind)->lifetime_hours;

	if (d->kind == KIND_REVOCATION)
		return hour + most;
	return MIN(MAX(hour + (d->hours != 0 ? d->hours : DRAFT_HOURS), live),
	    hour + most);
}

static void
make(struct sim *s, const struct sim_draft *d, uint64_t seq, uint64_t expires,
    struct buf *out)
{
	const struct author *a = author_of(s, d->author);
	uint8_t room[RECORD_BODY_MAX];
	struct buf payload = { room, 0, sizeof(room) };

	payload_put(d, &payload);
	const struct record_draft r = {
		.net = slice_str(SIM_NET),
		.kind = d->kind,
		.region = d->region != NULL ? d->region : "de",
		.slot = d->slot,
		.seq = seq,
		.expires_h = expires,
		.flags = d->deleted ? RECORD_FLAG_DELETED : 0,
		.stamp = d->kind == KIND_REVOCATION
			     ? slice_of(NULL, 0)
			     : slice_of(a->stamp, sizeof(a->stamp)),
		.pv = schema_pv(d->kind),
		.payload = buf_slice(&payload),
	};
	const err e = record_make(&r, a->pub, a->secret, out);
	ASSERT(e == OK);
}

void
sim_record(
    struct sim *s, const struct sim_draft *d, uint64_t seq, struct buf *out)
{
	struct sim_draft full = *d;

	ASSERT(d->author != 0);
	if (full.kind == 0)
		full.kind = KIND_DEMAND;
	if (seq == 0)
		seq = (SIM_WALL + s->wall_leapt_s + s->now / SIM_SECOND) / 3600
		      << 8;
	make(s, &full, seq, expires_of(&full, seq >> 8, 0), out);
}

/* ---- messages ---- */

static uint32_t *
by_id_place(const struct sim *s, const uint8_t id[RECORD_ID])
{
	uint32_t at = get_u32be(id) & (s->by_id_n - 1);

	while (s->by_id[at] != 0 &&
	       memcmp(s->messages[s->by_id[at] - 1].id, id, RECORD_ID) != 0)
		at = (at + 1) & (s->by_id_n - 1);
	return &s->by_id[at];
}

uint32_t
message_find(const struct sim *s, const uint8_t id[RECORD_ID])
{
	return s->by_id_n == 0 ? SIM_NONE : *by_id_place(s, id) - 1;
}

/* By the record's id, if it is that message to the last byte. */
uint32_t
message_of_bytes(struct sim *s, struct slice bytes)
{
	struct record r;

	if (record_read(bytes, &s->scratch, &r) != RECORD_FINE)
		return SIM_NONE;
	const uint32_t m = message_find(s, r.id);
	if (m == SIM_NONE ||
	    !slice_eq(slice_of(s->messages[m].bytes, s->messages[m].n), bytes))
		return SIM_NONE;
	return m;
}

static void
by_id_grow(struct sim *s)
{
	if (2 * (s->messages_n + 1) < s->by_id_n)
		return;
	s->by_id_n = s->by_id_n == 0 ? BY_ID_MIN : 2 * s->by_id_n;
	free(s->by_id);
	s->by_id = calloc(s->by_id_n, sizeof(s->by_id[0]));
	ASSERT(s->by_id != NULL);
	for (uint32_t i = 0; i < s->messages_n; i++)
		*by_id_place(s, s->messages[i].id) = i + 1;
}

static uint32_t
message_add(struct sim_node *n, const struct sim_draft *d, struct slice bytes)
{
	struct sim *s = n->s;
	struct record r;
	const enum record_outcome o = record_read(bytes, &s->scratch, &r);

	ASSERT(o == RECORD_FINE);
	if (message_find(s, r.id) != SIM_NONE)
		return message_find(s, r.id);
	by_id_grow(s);
	s->messages = sim_grow(s->messages, s->messages_n, &s->messages_cap,
	    sizeof(s->messages[0]));
	struct message *m = &s->messages[s->messages_n];
	*m = (struct message){ .bytes = malloc(bytes.n),
		.n = (uint32_t)bytes.n,
		.author = (uint32_t)(author_of(s, d->author) - s->authors),
		.kind = d->kind,
		.slot = d->slot,
		.seq = r.seq,
		.expires_h = r.expires_h,
		.region = { r.region[0], r.region[1], 0 },
		.node = n->index,
		.at = s->now,
		.deleted = d->deleted,
		.expect_none = d->expect_none,
		.nodes = s->nodes_n,
		.after_us = malloc(s->nodes_n * sizeof(uint32_t)) };
	ASSERT(m->bytes != NULL && m->after_us != NULL);
	memcpy(m->bytes, bytes.p, bytes.n);
	memcpy(m->id, r.id, RECORD_ID);
	memset(m->after_us, 0xff, s->nodes_n * sizeof(uint32_t));
	*by_id_place(s, m->id) = ++s->messages_n;
	return s->messages_n - 1;
}

void
records_free(struct sim *s)
{
	for (uint32_t i = 0; i < s->messages_n; i++) {
		free(s->messages[i].bytes);
		free(s->messages[i].after_us);
	}
	free(s->messages);
	free(s->by_id);
	free(s->authors);
}

/* A node has said that it holds the record. */
void
record_acked(struct sim_node *n, const uint8_t id[RECORD_ID])
{
	struct sim *s = n->s;
	const uint32_t at = message_find(s, id);

	if (at == SIM_NONE)
		return;
	struct message *m = &s->messages[at];
	if (at / 8 >= n->acked_n) {
		const size_t more = at / 8 + 64;
		n->acked = realloc(n->acked, more);
		ASSERT(n->acked != NULL);
		memset(n->acked + n->acked_n, 0, more - n->acked_n);
		n->acked_n = more;
	}
	n->acked[at / 8] |= (uint8_t)(1U << at % 8);
	if (n->index < m->nodes && m->after_us[n->index] == UINT32_MAX)
		m->after_us[n->index] =
		    (uint32_t)MIN(s->now - m->at, (uint64_t)UINT32_MAX - 1);
	m->acked = m->acked || n->index == m->node;
}

/* ---- publishing: as node/record/publish.c ---- */

struct published {
	struct sim_node *n;
	uint32_t message;
};

static void
on_published(void *ctx, const struct judge_result *r)
{
	struct published *p = ctx;
	struct sim_node *n = p->n;
	bool quiet = false;

	if (r->outcome == RECORD_STORED)
		(void)announce_stored(n->announcer, r->rid, &quiet);
	free(p);
}

/* The next seq of the slot and how long it has to live at least. */
static err
next_seq(struct sim_node *n, const struct sim_draft *d, uint64_t *seq,
    uint64_t *live_expires)
{
	const uint8_t *pub = author_of(n->s, d->author)->pub;
	struct store_view *view = NULL;
	struct store_record live;
	uint64_t last = 0;

	TRY(store_view_open(n->store, &view));
	const err e = store_slot_seq(view, pub, d->kind, d->slot, &last);
	if (e == OK && store_get_slot(view, pub, d->kind, d->slot, &live) == OK)
		*live_expires = live.expires_h;
	store_view_close(view);
	TRY(e);
	*seq = record_next_seq(sim_wall_s(n->s, n->index), last);
	return *seq == 0 ? ERR_LIMIT : OK;
}

err
sim_publish(
    struct sim *s, unsigned node, const struct sim_draft *d, uint32_t *message)
{
	struct sim_node *n = sim_node(s, node);
	struct sim_draft full = *d;
	uint8_t room[RECORD_BYTES_MAX];
	struct buf out = { room, 0, sizeof(room) };
	uint64_t seq = 0, live = 0;

	if (!n->up || n->store == NULL)
		return ERR_CLOSED;
	if (full.kind == 0)
		full.kind = KIND_DEMAND;
	if (full.author == 0)
		full.author = node + 1;
	TRY(next_seq(n, &full, &seq, &live));
	make(s, &full, seq,
	    expires_of(&full, seq >> 8, full.careless ? 0 : live), &out);
	struct published *p = malloc(sizeof(*p));
	ASSERT(p != NULL);
	*p = (struct published){ n, message_add(n, &full, buf_slice(&out)) };
	if (message != NULL)
		*message = p->message;
	judge_submit(n, buf_slice(&out), 0, true, on_published, p);
	node_pump(n);
	return OK;
}

/* ---- questions ---- */

uint32_t
sim_messages(const struct sim *s)
{
	return s->messages_n;
}

uint64_t
sim_published(const struct sim *s, uint32_t message)
{
	return s->messages[message].at;
}

const uint8_t *
sim_message_id(const struct sim *s, uint32_t message)
{
	return s->messages[message].id;
}

uint64_t
sim_delivered(const struct sim *s, uint32_t message, unsigned node)
{
	const struct message *m = &s->messages[message];

	if (node >= m->nodes || m->after_us[node] == UINT32_MAX)
		return SIM_NEVER;
	return m->at + m->after_us[node];
}

bool
sim_holds(struct sim *s, unsigned node, const uint8_t id[RECORD_ID])
{
	const struct sim_node *n = sim_node(s, node);
	struct store_view *view = NULL;
	struct store_record r;

	if (n->store == NULL || store_view_open(n->store, &view) != OK)
		return false;
	const err e = store_get(view, id, &r);
	store_view_close(view);
	return e == OK;
}

uint64_t
sim_records(struct sim *s, unsigned node)
{
	const struct sim_node *n = sim_node(s, node);
	struct store_view *view = NULL;
	struct store_totals totals;

	if (n->store == NULL || store_view_open(n->store, &view) != OK)
		return 0;
	const err e = store_totals(view, &totals);
	store_view_close(view);
	return e == OK ? totals.records : 0;
}
