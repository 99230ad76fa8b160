#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/world.h"

struct sim_config
sim_config_default(void)
{
	struct sim_config cf = {
		.path = { .latency_us = 40000,
		    .jitter_us = 20000,
		    .bytes_per_ms = 1250, /* 10 Mbit/s */
		    .window = 256 * 1024 },
		.store_bytes = 16 << 20,
		.limits = host_limits_default(),
		.gossip = gossip_params_default(),
		.verify_us = 150,
		.commit_us = 5000,
		.queue_max = 1024,
		.outbound_wanted = 8,
	};
	return cf;
}

const char *
sim_fault_name(enum sim_fault f)
{
	static const char *const names[SIM_FAULTS] = { "split", "jitter", "cut",
		"partition", "one-way", "clog", "crash", "clock", "drift",
		"slow-verify", "disk", "evil" };

	return names[f];
}

/* Room for one more of ${n} things. */
void *
sim_grow(void *p, unsigned n, unsigned *cap, size_t size)
{
	if (n < *cap)
		return p;
	*cap = *cap == 0 ? 16 : 2 * *cap;
	p = realloc(p, *cap * size);
	ASSERT(p != NULL);
	return p;
}

static void
folder_make(struct sim *s)
{
	const char *root = s->cf.folder;

	if (!s->cf.lmdb)
		return;
	if (root == NULL)
		root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(
	    s->folder, sizeof(s->folder), "%s/ohcn-sim-XXXXXX", root);
	ASSERT(mkdtemp(s->folder) != NULL);
}

struct sim *
sim_new(const struct sim_config *cf)
{
	struct sim *s = calloc(1, sizeof(*s));

	ASSERT(s != NULL && crypto_init());
	s->cf = *cf;
	s->hash = prng_mix(cf->seed, 0);
	for (unsigned i = 0; i <= PRNG_ATTACK; i++)
		s->prng[i] = prng_of(cf->seed, i);
	s->scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	ASSERT(s->scratch.p != NULL);
	folder_make(s);
	plant_set((enum plant)cf->plant);
	return s;
}

void
sim_free(struct sim *s)
{
	for (unsigned i = 0; i < s->nodes_n; i++)
		node_stop(s->nodes[i]);
	wires_free(s);
	for (unsigned i = 0; i < s->nodes_n; i++) {
		ASSERT(s->nodes[i]->mem.used == 0);
		free(s->nodes[i]);
	}
	records_free(s);
	if (s->folder[0] != '\0')
		(void)rmdir(s->folder);
	heap_free(&s->heap);
	free(s->nodes);
	free(s->side);
	free(s->blocks);
	free(s->scratch.p);
	free(s);
	plant_set(PLANT_NONE);
}

/* ---- time ---- */

uint64_t
sim_now(const struct sim *s)
{
	return s->now;
}

void
sim_put(struct sim *s, uint64_t at, enum event_kind kind, uint32_t a,
    uint32_t b, uint32_t serial)
{
	ASSERT(at >= s->now);
	heap_put(&s->heap,
	    (struct event){
		.at = at, .kind = kind, .a = a, .b = b, .serial = serial });
}

void
sim_at(struct sim *s, uint64_t at, sim_call *fn, void *ctx, uint64_t number)
{
	heap_put(&s->heap, (struct event){ .at = MAX(at, s->now),
			       .kind = EVENT_CALL,
			       .fn = fn,
			       .ctx = ctx,
			       .value = number });
}

static void
dispatch(struct sim *s, const struct event *e)
{
	switch (e->kind) {
	case EVENT_CALL:
		e->fn(s, e->ctx, e->value);
		return;
	case EVENT_TIMER:
	case EVENT_TICK:
	case EVENT_ACTOR:
	case EVENT_VERIFIED:
	case EVENT_COMMIT:
	case EVENT_SYNC_JOB:
	case EVENT_DIALLED:
		node_event(s->nodes[e->a], e);
		return;
	case EVENT_ARRIVE:
	case EVENT_ROOM:
	case EVENT_GONE:
		wire_event(s, e);
		return;
	}
}

static uint64_t
cpu_ns(void)
{
	struct timespec t;
	const int failed = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);

	ASSERT(failed == 0);
	return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static unsigned
node_of(const struct sim *s, const struct event *e)
{
	switch (e->kind) {
	case EVENT_CALL:
		return SIM_NONE;
	case EVENT_ARRIVE:
	case EVENT_ROOM:
	case EVENT_GONE:
		return wire_event_node(s, e);
	case EVENT_TIMER:
	case EVENT_TICK:
	case EVENT_ACTOR:
	case EVENT_VERIFIED:
	case EVENT_COMMIT:
	case EVENT_SYNC_JOB:
	case EVENT_DIALLED:
		return e->a;
	}
	return SIM_NONE;
}

void
sim_clock_nodes(struct sim *s)
{
	s->clocks_nodes = true;
	for (unsigned i = 0; i < s->nodes_n; i++)
		s->nodes[i]->cpu_ns = 0;
}

uint64_t
sim_cpu_us(const struct sim *s, unsigned node)
{
	return sim_node(s, node)->cpu_ns / 1000;
}

static void
happen(struct sim *s, const struct event *e)
{
	s->events++;
	sim_note(s, e->at);
	sim_note(s, (uint64_t)e->kind << 32 | e->a);
	sim_note(s, (uint64_t)e->b << 32 | e->serial);
	if (s->cf.loud)
		sim_trace(s,
		    "event %d a=%" PRIu32 " b=%" PRIu32 " hash=%016" PRIx64,
		    (int)e->kind, e->a, e->b, s->hash);
	const uint64_t began = s->clocks_nodes ? cpu_ns() : 0;
	const unsigned node = s->clocks_nodes ? node_of(s, e) : SIM_NONE;
	dispatch(s, e);
	if (node != SIM_NONE)
		s->nodes[node]->cpu_ns += cpu_ns() - began;
}

void
sim_run(struct sim *s, uint64_t until)
{
	const struct event *first;

	while ((first = heap_first(&s->heap)) != NULL && first->at <= until &&
	       !s->failed) {
		const struct event e = heap_take(&s->heap);
		s->now = e.at;
		happen(s, &e);
	}
	s->now = MAX(s->now, until);
}

/* ---- the hash, and words ---- */

void
sim_note(struct sim *s, uint64_t v)
{
	s->hash = prng_mix(s->hash, v);
}

void
sim_hash_bytes(struct sim *s, const void *p, size_t n)
{
	const uint8_t *at = p;
	uint64_t h = n;

	for (; n >= 8; at += 8, n -= 8)
		h = (h ^ get_u64be(at)) * 0x9e3779b97f4a7c15u, h ^= h >> 29;
	for (; n > 0; at++, n--)
		h = (h ^ *at) * 0x9e3779b97f4a7c15u;
	sim_note(s, h);
}

uint64_t
sim_hash(const struct sim *s)
{
	return s->hash;
}

struct prng *
sim_prng(struct sim *s, enum prng_stream stream)
{
	ASSERT(stream <= PRNG_ATTACK);
	return &s->prng[stream];
}

void
sim_trace(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "%10" PRIu64 ".%03" PRIu64 " ", s->now / 1000,
	    s->now % 1000);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

void
sim_fail(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	if (s->failed)
		return; /* the first one is the one to look at */
	s->failed = true;
	va_start(ap, fmt);
	(void)vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	if (s->cf.loud)
		sim_trace(s, "FAILED %s", s->why);
}

bool
sim_failed(const struct sim *s)
{
	return s->failed;
}

const char *
sim_why(const struct sim *s)
{
	return s->why;
}
