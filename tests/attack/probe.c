#include "tests/attack/probe.h"

#include <stdlib.h>

#include "proto/base/varint.h"
#include "proto/libp2p/gossip_internal.h"
#include "proto/libp2p/gossip_rpc.h"
#include "tests/sim/talker.h"

#define FRAME_MAX 32768
#define ASKED_MAX 64 /* records of which answers are expected */
#define EACH      41 /* nodes that are asked for one */
#define AGAIN     1

struct probe {
	struct probes *all;
	unsigned target;
	struct talker *t;
	uint32_t out;
	bool ready;
	uint8_t in[FRAME_MAX];
	size_t in_n;
};

struct asked {
	uint8_t id[GOSSIP_ID];
	uint8_t bytes[RECORD_BYTES_MAX];
	size_t n;
	uint32_t number;
	unsigned first, again;
};

struct probes {
	struct probes_config cf;
	struct probe *v;
	struct asked asked[ASKED_MAX];
	unsigned asked_n; /* ever */
	bool settled;
	struct probes_stats stats;
};

/* ---- what is heard ---- */

static void
on_record(struct probe *p, struct slice data)
{
	struct probes *all = p->all;
	const unsigned n = MIN(all->asked_n, ASKED_MAX);

	all->stats.answers++;
	for (unsigned i = 0; i < n; i++) {
		const struct asked *a = &all->asked[i];
		if (slice_eq(slice_of(a->bytes, a->n), data)) {
			all->cf.answered(all->cf.ctx, p->target, a->number);
			return;
		}
	}
}

static void
on_frame(struct probe *p, struct slice in)
{
	struct rpc_field f, m;

	while (rpc_field_next(&in, &f) == OK) {
		if (f.number == RPC_SUBSCRIPTION && p->all->settled)
			p->all->stats.subscriptions++;
		if (f.number != RPC_PUBLISH)
			continue;
		struct slice message = f.bytes;
		while (rpc_field_next(&message, &m) == OK)
			if (m.number == MESSAGE_DATA)
				on_record(p, m.bytes);
	}
}

static void
on_bytes(struct probe *p, struct slice in)
{
	uint64_t n = 0;
	size_t used = 0;

	if (in.n > FRAME_MAX - p->in_n) { /* more than was asked for */
		p->ready = false;
		return;
	}
	memcpy(p->in + p->in_n, in.p, in.n);
	p->in_n += in.n;
	while (varint_get(slice_of(p->in, p->in_n), &n, &used) == OK &&
	       n <= p->in_n - used) {
		on_frame(p, slice_of(p->in + used, (size_t)n));
		p->in_n -= used + (size_t)n;
		memmove(p->in, p->in + used + (size_t)n, p->in_n);
	}
}

static void
on_event(struct talker *t, void *ctx, const struct conn_event *ev)
{
	struct probe *p = ctx;

	if (ev->type == CONN_STREAM_READY && ev->stream == p->out)
		p->ready = true;
	if (ev->type == CONN_STREAM_DATA && ev->stream != p->out)
		on_bytes(p, talker_read(t, ev->stream));
}

static void
on_secured(struct talker *t, void *ctx)
{
	struct probe *p = ctx;

	const err e = talker_open(t, GOSSIP_PROTOCOL_11, &p->out);
	ASSERT(e == OK);
}

static void
on_gone(struct talker *t, void *ctx)
{
	(void)t;
	((struct probe *)ctx)->ready = false;
}

static const struct talker_ops ops = {
	.secured = on_secured, .event = on_event, .gone = on_gone
};

/* ---- asking ---- */

static void
ask(struct probe *p, const struct asked *a)
{
	uint8_t room[256];
	struct buf out = { room, 0, sizeof(room) };
	const struct rpc_ids ids = {
		.kind = CONTROL_IWANT, .ids = a->id, .n = 1
	};

	if (!p->ready)
		return;
	ASSERT(rpc_ids_size(&ids) <= sizeof(room));
	rpc_ids_put(&out, &ids);
	p->all->stats.asked++;
	(void)talker_write(p->t, p->out, buf_slice(&out));
}

static void
ask_all(struct probes *p, const struct asked *a)
{
	struct prng *r = sim_prng(p->cf.s, PRNG_ATTACK);
	const unsigned n = p->cf.honest;

	ask(&p->v[a->first], a);
	if (n <= EACH) {
		for (unsigned i = 0; i < n; i++)
			if (i != a->first)
				ask(&p->v[i], a);
		return;
	}
	for (unsigned i = 1; i < EACH; i++)
		ask(&p->v[prng_below(r, n)], a);
}

void
probes_ask(
    struct probes *p, struct slice bytes, uint32_t number, unsigned first)
{
	struct asked *a = &p->asked[p->asked_n++ % ASKED_MAX];

	ASSERT(first < p->cf.honest && bytes.n <= sizeof(a->bytes));
	*a = (struct asked){
		.n = bytes.n, .number = number, .first = first, .again = AGAIN
	};
	memcpy(a->bytes, bytes.p, bytes.n);
	gossip_id(a->id, bytes);
	ask_all(p, a);
}

void
probes_again(struct probes *p)
{
	const unsigned n = MIN(p->asked_n, ASKED_MAX);

	for (unsigned i = 0; i < n; i++)
		if (p->asked[i].again > 0) {
			p->asked[i].again--;
			ask_all(p, &p->asked[i]);
		}
}

/* ---- life ---- */

struct probes *
probes_new(const struct probes_config *cf)
{
	struct probes *p = calloc(1, sizeof(*p));

	ASSERT(p != NULL && cf->honest > 0 && cf->machines > 0);
	p->cf = *cf;
	p->v = calloc(cf->honest, sizeof(p->v[0]));
	ASSERT(p->v != NULL);
	for (unsigned i = 0; i < cf->honest; i++) {
		struct probe *o = &p->v[i];
		o->all = p;
		o->target = i;
		if (talker_dial(cf->s, cf->honest + i % cf->machines, i,
			5000 + i, false, &ops, o, &o->t) != OK)
			o->t = NULL;
	}
	return p;
}

void
probes_free(struct probes *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < p->cf.honest; i++)
		talker_free(p->v[i].t);
	free(p->v);
	free(p);
}

struct probes_stats
probes_stats(const struct probes *p)
{
	struct probes_stats st = p->stats;

	for (unsigned i = 0; i < p->cf.honest; i++)
		st.ready += p->v[i].ready;
	return st;
}

void
probes_settle(struct probes *p)
{
	p->settled = true;
}
