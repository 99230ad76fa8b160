#include <stdlib.h>

#include "tests/sim/world.h"

#define LEAST_ROOM 2048 /* a TCP stack does not take crumbs either */
#define PIECE      (64 * 1024)
#define STUCK      (20 * SIM_MS) /* a host that takes nothing is asked again */

/* ---- who reaches whom ---- */

bool
wire_blocked(const struct sim *s, unsigned from, unsigned to)
{
	if (s->side != NULL && from < s->side_n && to < s->side_n &&
	    s->side[from] != s->side[to])
		return true;
	for (unsigned i = 0; i < s->blocks_n; i++)
		if (s->blocks[i].from == from && s->blocks[i].to == to)
			return true;
	return false;
}

void
sim_block(struct sim *s, unsigned a, unsigned b, bool blocked)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->blocks_n; i++)
		if (s->blocks[i].from != a || s->blocks[i].to != b)
			s->blocks[kept++] = s->blocks[i];
	s->blocks_n = kept;
	if (blocked) {
		s->blocks = sim_grow(s->blocks, s->blocks_n, &s->blocks_cap,
		    sizeof(s->blocks[0]));
		s->blocks[s->blocks_n].from = a;
		s->blocks[s->blocks_n++].to = b;
	}
	wires_release(s);
}

void
sim_partition(struct sim *s, const uint8_t *side)
{
	free(s->side);
	s->side = NULL;
	s->side_n = 0;
	if (side != NULL) {
		s->side = malloc(s->nodes_n);
		ASSERT(s->side != NULL);
		memcpy(s->side, side, s->nodes_n);
		s->side_n = s->nodes_n;
	}
	wires_release(s);
}

/* ---- wires ---- */

uint32_t
wire_new(struct sim *s, struct wire_end a, struct wire_end b)
{
	uint32_t at = s->wires_n;

	if (s->spare_n > 0) {
		at = s->spare[--s->spare_n];
	} else {
		s->wires = sim_grow(
		    s->wires, s->wires_n, &s->wires_cap, sizeof(s->wires[0]));
		s->wires[at] = calloc(1, sizeof(struct wire));
		ASSERT(s->wires[at] != NULL);
		s->wires_n++;
	}
	struct wire *w = s->wires[at];
	*w = (struct wire){
		.used = true, .serial = ++s->wire_serial, .end = { a, b }
	};
	w->end[0].open = w->end[1].open = true;
	for (int i = 0; i < 2; i++) {
		struct sim_node *n = s->nodes[w->end[i].node];
		if (w->end[i].raw != NULL)
			continue;
		n->wires = sim_grow(
		    n->wires, n->wires_n, &n->wires_cap, sizeof(n->wires[0]));
		n->wires[n->wires_n++] = at;
	}
	return at;
}

static void
pipe_free(struct pipe *p)
{
	free(p->p);
	free(p->chunks);
	*p = (struct pipe){ 0 };
}

static void
wire_free_if_over(struct sim *s, uint32_t at)
{
	struct wire *w = s->wires[at];

	if (!w->used || w->end[0].open || w->end[1].open)
		return;
	pipe_free(&w->pipe[0]);
	pipe_free(&w->pipe[1]);
	w->used = false;
	w->serial = 0;
	s->spare =
	    sim_grow(s->spare, s->spare_n, &s->spare_cap, sizeof(s->spare[0]));
	s->spare[s->spare_n++] = at;
}

void
wires_free(struct sim *s)
{
	for (uint32_t i = 0; i < s->wires_n; i++) {
		struct wire *w = s->wires[i];
		for (int k = 0; w->used && k < 2; k++)
			if (w->end[k].open && w->end[k].raw != NULL &&
			    w->end[k].raw->gone != NULL) {
				w->end[k].open = false;
				w->end[k].raw->gone(s, i, w->end[k].ctx);
			}
		pipe_free(&w->pipe[0]);
		pipe_free(&w->pipe[1]);
		free(w);
	}
	free(s->wires);
	free(s->spare);
}

static uint64_t
latency(struct sim *s)
{
	const struct sim_path *p = &s->cf.path;

	return p->latency_us + prng_below(&s->prng[PRNG_NET], p->jitter_us + 1);
}

/* This end is over for its owner, who has been told or need not be. */
static void
end_leave(struct sim *s, uint32_t at, int side)
{
	struct wire *w = s->wires[at];
	struct sim_node *n = s->nodes[w->end[side].node];

	w->end[side].open = false;
	for (unsigned i = 0; w->end[side].raw == NULL && i < n->wires_n; i++)
		if (n->wires[i] == at) {
			n->wires[i] = n->wires[--n->wires_n];
			break;
		}
	wire_free_if_over(s, at);
}

/* Its owner learns that the connection is over. */
static void
end_gone(struct sim *s, uint32_t at, int side)
{
	struct wire *w = s->wires[at];
	const struct wire_end e = w->end[side];
	struct sim_node *n = s->nodes[e.node];

	if (!e.open)
		return;
	end_leave(s, at, side);
	if (e.raw != NULL) {
		if (e.raw->gone != NULL)
			e.raw->gone(s, at, e.ctx);
		return;
	}
	host_conn_gone(n->host, e.conn, sim_mono_ms(s, n->index));
	node_pump(n);
}

/* ---- sending ---- */

static uint64_t
arrival(struct sim *s, struct pipe *p, size_t n)
{
	const uint32_t rate = s->cf.path.bytes_per_ms;

	p->sent_at = MAX(p->sent_at, s->now);
	if (rate > 0)
		p->sent_at += (uint64_t)n * SIM_MS / rate;
	p->last_at = MAX(p->last_at, p->sent_at + latency(s));
	return p->last_at;
}

static void
chunk_add(struct sim *s, uint32_t at, int side, uint32_t n)
{
	struct pipe *p = &s->wires[at]->pipe[side];

	p->chunks = sim_grow(
	    p->chunks, p->chunks_n, &p->chunks_cap, sizeof(p->chunks[0]));
	p->chunks[p->chunks_n++] = (struct chunk){ arrival(s, p, n), n };
	sim_put(s, p->last_at, EVENT_ARRIVE, at, (uint32_t)side,
	    s->wires[at]->serial);
}

/* Takes from the sender what fits under the window; ${last}: in any case. */
static void
pipe_fill(struct sim *s, uint32_t at, int side, bool last)
{
	static uint8_t room[PIECE];
	struct wire *w = s->wires[at];
	const struct wire_end *e = &w->end[side];
	struct pipe *p = &w->pipe[side];
	const size_t window = s->cf.path.window;

	if (!last && (p->n > window || window - p->n < LEAST_ROOM)) {
		p->waiting = true;
		return;
	}
	p->waiting = false;
	struct buf out = { room, 0,
		last ? PIECE : MIN((size_t)PIECE, window - p->n) };
	if (e->raw != NULL)
		e->raw->send(s, at, e->ctx, &out);
	else
		host_send(s->nodes[e->node]->host, e->conn,
		    sim_mono_ms(s, e->node), &out);
	if (out.n == 0)
		return;
	if (p->n + out.n > p->cap) {
		p->cap = MAX(2 * p->cap, p->n + out.n);
		p->p = realloc(p->p, p->cap);
		ASSERT(p->p != NULL);
	}
	memcpy(p->p + p->n, room, out.n);
	p->n += out.n;
	chunk_add(s, at, side, (uint32_t)out.n);
}

static uint32_t
wire_of(const struct sim_node *n, host_conn conn, int *side)
{
	for (unsigned i = 0; i < n->wires_n; i++) {
		const struct wire *w = n->s->wires[n->wires[i]];
		for (*side = 0; *side < 2; ++*side)
			if (w->end[*side].node == n->index &&
			    w->end[*side].open && w->end[*side].raw == NULL &&
			    w->end[*side].conn == conn)
				return n->wires[i];
	}
	return SIM_NONE;
}

void
wire_output(struct sim_node *n, host_conn conn)
{
	int side = 0;
	const uint32_t at = wire_of(n, conn, &side);

	ASSERT(at != SIM_NONE);
	pipe_fill(n->s, at, side, false);
}

/* HOST_CLOSE: what is left goes out, then the socket is closed. */
void
wire_closed(struct sim_node *n, host_conn conn)
{
	int side = 0;
	const uint32_t at = wire_of(n, conn, &side);

	ASSERT(at != SIM_NONE);
	pipe_fill(n->s, at, side, true);
	host_conn_gone(n->host, conn, sim_mono_ms(n->s, n->index));
	chunk_add(n->s, at, side, 0);
	end_leave(n->s, at, side);
}

/* ---- receiving ---- */

/* Bytes for the end; how many it took. */
static size_t
give(struct sim *s, uint32_t at, int to, const uint8_t *p, size_t n)
{
	const struct wire_end e = s->wires[at]->end[to];
	struct slice in = slice_of(p, n);

	if (!e.open)
		return n;
	if (e.raw != NULL) {
		e.raw->recv(s, at, e.ctx, in);
		return n;
	}
	host_recv(s->nodes[e.node]->host, e.conn, sim_mono_ms(s, e.node), &in);
	node_pump(s->nodes[e.node]);
	return n - in.n;
}

static void
pipe_consume(struct sim *s, uint32_t at, int side, size_t n)
{
	struct wire *w = s->wires[at];
	struct pipe *p = &w->pipe[side];

	memmove(p->p, p->p + n, p->n - n);
	p->n -= n;
	if (p->n == 0) { /* an idle wire holds no memory */
		free(p->p);
		p->p = NULL;
		p->cap = 0;
	}
	if (p->waiting)
		sim_put(s, s->now + s->cf.path.latency_us, EVENT_ROOM, at,
		    (uint32_t)side, w->serial);
}

static void
chunk_drop(struct pipe *p)
{
	p->chunks_n--;
	memmove(p->chunks, p->chunks + 1, p->chunks_n * sizeof(p->chunks[0]));
}

/* The first chunk arrives, or a part of it; false: try later. */
static bool
arrive_one(struct sim *s, uint32_t at, int side)
{
	struct wire *w = s->wires[at];
	struct pipe *p = &w->pipe[side];
	struct chunk *c = &p->chunks[0];
	struct prng *r = &s->prng[PRNG_NET];
	const uint32_t serial = w->serial;
	size_t n = c->n;

	if (n == 0) { /* the other one has closed, and all is read */
		chunk_drop(p);
		end_gone(s, at, 1 - side);
		return w->serial == serial;
	}
	if (n > 1 && prng_chance(r, s->cf.path.split_permille))
		n = 1 + prng_below(r, n - 1);
	sim_hash_bytes(s, p->p, n);
	/* The bytes stay where they are meanwhile: nobody else takes them. */
	uint8_t *copy = malloc(n);
	ASSERT(copy != NULL);
	memcpy(copy, p->p, n);
	const size_t took = give(s, at, 1 - side, copy, n);
	free(copy);
	if (w->serial != serial)
		return false;
	p->chunks[0].n -= (uint32_t)took;
	if (p->chunks[0].n == 0)
		chunk_drop(p);
	pipe_consume(s, at, side, took);
	return took == n;
}

/* The end is not there any more. */
static void
arrive_dead(struct sim *s, uint32_t at, int side)
{
	struct wire *w = s->wires[at];
	struct pipe *p = &w->pipe[side];
	const struct sim_node *to = s->nodes[w->end[1 - side].node];

	if (!to->up && w->end[1 - side].raw == NULL) {
		p->held = true; /* the machine is off: nobody answers */
		return;
	}
	p->chunks_n = 0;
	p->n = 0;
	if (w->end[side].open)
		sim_put(s, s->now + latency(s), EVENT_GONE, at, (uint32_t)side,
		    w->serial);
}

static void
arrive(struct sim *s, uint32_t at, int side)
{
	struct wire *w = s->wires[at];
	struct pipe *p = &w->pipe[side];
	const uint32_t serial = w->serial;
	const struct sim_node *to = s->nodes[w->end[1 - side].node];

	if (p->chunks_n == 0 || p->chunks[0].at > s->now || p->held)
		return;
	if (wire_blocked(s, w->end[side].node, to->index)) {
		p->held = true;
		return;
	}
	if (!w->end[1 - side].open) {
		arrive_dead(s, at, side);
		return;
	}
	if (to->clogged_until > s->now) {
		p->held = true;
		sim_put(s, to->clogged_until, EVENT_ROOM, at,
		    2 + (uint32_t)side, serial);
		return;
	}
	while (p->chunks_n > 0 && p->chunks[0].at <= s->now) {
		if (arrive_one(s, at, side))
			continue;
		if (w->serial == serial)
			sim_put(s, s->now + STUCK, EVENT_ARRIVE, at,
			    (uint32_t)side, serial);
		return;
	}
}

/* What was held back tries again, in order of the wires. */
void
wires_release(struct sim *s)
{
	for (uint32_t i = 0; i < s->wires_n; i++)
		for (int side = 0; side < 2; side++) {
			struct wire *w = s->wires[i];
			if (!w->used || !w->pipe[side].held)
				continue;
			w->pipe[side].held = false;
			sim_put(s, s->now + latency(s), EVENT_ARRIVE, i,
			    (uint32_t)side, w->serial);
		}
}

/* At whose end something happens. */
unsigned
wire_event_node(const struct sim *s, const struct event *e)
{
	const unsigned side = e->b & 1;
	const bool far = e->kind == EVENT_ARRIVE || e->b >= 2;

	return s->wires[e->a]->end[far ? 1 - side : side].node;
}

void
wire_event(struct sim *s, const struct event *e)
{
	struct wire *w = s->wires[e->a];
	const int side = (int)(e->b & 1);

	if (!w->used || w->serial != e->serial)
		return;
	if (e->kind == EVENT_ARRIVE) {
		arrive(s, e->a, side);
	} else if (e->kind == EVENT_GONE) {
		end_gone(s, e->a, side);
	} else if (e->b >= 2) { /* the clog is over */
		w->pipe[side].held = false;
		arrive(s, e->a, side);
	} else if (w->end[side].open && w->pipe[side].waiting) {
		pipe_fill(s, e->a, side, false);
		if (w->used && w->serial == e->serial &&
		    w->end[side].raw == NULL)
			node_pump(s->nodes[w->end[side].node]);
	}
}

/* ---- ends that are not in order ---- */

/* What is under way is lost, in the middle of whatever it is. */
static void
pipe_lose(struct pipe *p)
{
	p->chunks_n = 0;
	p->n = 0;
}

void
wire_break(struct sim *s, uint32_t at)
{
	struct wire *w = s->wires[at];

	pipe_lose(&w->pipe[0]);
	pipe_lose(&w->pipe[1]);
	for (uint32_t side = 0; side < 2; side++)
		sim_put(
		    s, s->now + latency(s), EVENT_GONE, at, side, w->serial);
}

/* Its host is gone: the others learn of it at once, late or never. */
void
wires_of_dead(struct sim_node *n, bool silent)
{
	struct sim *s = n->s;

	while (n->wires_n > 0) {
		const uint32_t at = n->wires[n->wires_n - 1];
		struct wire *w = s->wires[at];
		const int side = w->end[0].node == n->index && w->end[0].open &&
					 w->end[0].raw == NULL
				     ? 0
				     : 1;
		const uint32_t serial = w->serial;
		pipe_lose(&w->pipe[side]);
		end_leave(s, at, side);
		if (!silent && w->serial == serial)
			sim_put(s, s->now + latency(s), EVENT_GONE, at,
			    (uint32_t)(1 - side), serial);
	}
}

void
sim_cut(struct sim *s, unsigned node)
{
	const struct sim_node *n = s->nodes[node];

	if (n->wires_n > 0)
		wire_break(
		    s, n->wires[prng_below(&s->prng[PRNG_FAULT], n->wires_n)]);
}

/* ---- raw ends ---- */

err
sim_dial_raw(struct sim *s, unsigned from, unsigned to,
    const struct sim_end *end, void *ctx, uint32_t *wire)
{
	struct sim_node *n = s->nodes[to];
	struct wire_end a = { .node = from, .raw = end, .ctx = ctx };
	struct wire_end b = { .node = to, .life = n->life };

	TRY(dial_raw(s, from, n, &b.conn));
	*wire = wire_new(s, a, b);
	s->wires[*wire]->pipe[0].waiting = true;
	sim_ready(s, *wire);
	node_pump(n);
	return OK;
}

void
sim_ready(struct sim *s, uint32_t wire)
{
	struct wire *w = s->wires[wire];

	w->pipe[0].waiting = true;
	sim_put(s, s->now, EVENT_ROOM, wire, 0, w->serial);
}

void
sim_hang_up(struct sim *s, uint32_t wire)
{
	if (!s->wires[wire]->end[0].open)
		return;
	chunk_add(s, wire, 0, 0);
	end_leave(s, wire, 0);
}
