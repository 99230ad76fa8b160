/*
 * sync_bench [--json]: what it costs two nodes with a million records each,
 * hours spread over 60 days, to find out at first contact in which they
 * differ: bytes in both directions after the stream is negotiated, the bodies
 * of records left out, their framing counted; turn pairs; CPU time of the
 * session's start and of coded symbols; memory.
 *
 * Beside it negentropy on the same sets, and the sum of what must cross at
 * least: the short ids of the differences, 8 bytes each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "proto/sync/sync.h"
#include "tests/bench/negentropy.h"

#define ITEMS  1000000
#define HOURS  1440
#define FIRST  490000
#define RECORD 300

static bool json;
static uint64_t seed = 88172645463325252ULL;
static double work_ms; /* thread CPU time within sync_work() */
static double first_ms;
static size_t mem_now, mem_peak;

static uint64_t
next_random(void)
{
	seed += 0x9e3779b97f4a7c15ULL;
	uint64_t z = seed;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void *
bench_alloc(void *ctx, size_t n)
{
	size_t *p = malloc(n + 16);

	(void)ctx;
	if (p == NULL)
		return NULL;
	*p = n;
	mem_now += n;
	mem_peak = MAX(mem_peak, mem_now);
	return p + 2;
}

static void
bench_release(void *ctx, void *p)
{
	size_t *q = (size_t *)p - 2;

	(void)ctx;
	mem_now -= *q;
	free(q);
}

struct side {
	struct sync *s;
	struct sync_item *items;
	size_t n;
	uint32_t fresh[SYNC_FRESH_MAX];
	size_t fresh_n;
	struct mem mem;
	bool over, fine;
};

static int
item_cmp(const void *a, const void *b)
{
	const struct sync_item *x = a, *y = b;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return memcmp(x->id, y->id, SYNC_ID);
}

/*
 * ${n} items, of which ${differ} are of one side alone, half each: scattered
 * over all hours, or the newest.
 */
static void
fill(struct side *a, struct side *b, size_t n, size_t differ, bool newest)
{
	const size_t all = n + differ / 2;
	struct sync_item *pool = calloc(all, sizeof(*pool));

	a->items = calloc(all, sizeof(*pool));
	b->items = calloc(all, sizeof(*pool));
	if (pool == NULL || a->items == NULL || b->items == NULL)
		abort();
	a->n = b->n = a->fresh_n = b->fresh_n = 0;
	for (size_t i = 0; i < all; i++) {
		pool[i].hour = FIRST + (uint32_t)(i * HOURS / all);
		for (size_t k = 0; k < SYNC_ID; k += 8)
			put_u64be(pool[i].id + k, next_random());
	}
	qsort(pool, all, sizeof(*pool), item_cmp);
	/* Every step-th differs, in turn of a and of b. */
	const size_t step = differ == 0 ? 0 : all / differ;
	size_t left = differ;
	for (size_t i = all; i > 0; i--) {
		const bool odd = left > 0 && (newest || (all - i) % step == 0);
		const bool to_a = !odd || left % 2 == 0;
		const bool to_b = !odd || left % 2 == 1;
		left -= odd;
		if (to_a)
			a->items[a->n++] = pool[i - 1];
		if (to_b)
			b->items[b->n++] = pool[i - 1];
	}
	free(pool);
	qsort(a->items, a->n, sizeof(*pool), item_cmp);
	qsort(b->items, b->n, sizeof(*pool), item_cmp);
	/* The last ones are what arrived since the last time. */
	for (size_t i = 0; newest && differ <= SYNC_FRESH_MAX && i < differ / 2;
	     i++) {
		a->fresh[a->fresh_n++] = (uint32_t)(a->n - differ / 2 + i);
		b->fresh[b->fresh_n++] = (uint32_t)(b->n - differ / 2 + i);
	}
}

static void
timed_work(struct sync *s)
{
	const double t = cpu_ms();

	sync_work(s);
	const double took = cpu_ms() - t;
	if (first_ms == 0)
		first_ms = took;
	work_ms += took;
}

static void
serve(struct side *side)
{
	static const uint8_t record[RECORD];
	struct sync_event ev;

	while (sync_next(side->s, &ev)) {
		if (ev.type == SYNC_NEED_ITEMS)
			sync_items(
			    side->s, &(struct sync_set){ .items = side->items,
					 .n = side->n,
					 .fresh = side->fresh,
					 .fresh_n = side->fresh_n,
					 .fresh_known = ev.since.known,
					 .head = ITEMS });
		else if (ev.type == SYNC_WORK)
			timed_work(side->s);
		else if (ev.type == SYNC_RECORD)
			sync_judged(side->s, SYNC_KEPT, NULL, NULL);
		else if (ev.type == SYNC_BODY)
			sync_body(side->s, slice_of(record, RECORD));
		else if (ev.type == SYNC_DONE || ev.type == SYNC_FAILED) {
			side->over = true;
			side->fine = ev.type == SYNC_DONE && !ev.partial;
		}
	}
}

static bool
move(struct side *from, struct side *to)
{
	const struct slice out = sync_send(from->s);

	if (out.n == 0)
		return false;
	const size_t n = sync_recv(to->s, out, 1);
	sync_sent(from->s, n, 1);
	return n > 0;
}

struct result {
	uint64_t bytes;
	unsigned pairs;
	double start_ms, work_ms;
	size_t memory; /* of one session at its peak, items apart */
	uint64_t symbols;
	struct negentropy_cost rival;
};

static struct side sides[2];

static struct result
run(size_t n, size_t differ, bool newest, bool cursor)
{
	struct side *a = &sides[0], *b = &sides[1];
	struct sync_config cf = { .net = slice_str("main"),
		.scope = scope_all() };
	struct result r = { 0 };

	fill(a, b, n, differ, newest);
	work_ms = first_ms = 0;
	mem_now = mem_peak = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct side *side = &sides[i];
		side->mem = (struct mem){ .alloc = bench_alloc,
			.release = bench_release,
			.cap = SIZE_MAX };
		side->over = side->fine = false;
		put_u64be(cf.nonce, next_random());
		cf.dialer = i == 0;
		cf.tag[0] = (uint8_t)i;
		cf.cursor = (struct sync_cursor){ .known = cursor,
			.tag = { (uint8_t)(1 - i) },
			.rid = ITEMS / 2 };
		side->s = sync_new(&side->mem, &cf, 1);
		if (side->s == NULL)
			abort();
	}
	while (!a->over || !b->over) {
		serve(a);
		serve(b);
		if (!move(a, b) && !move(b, a) && !(a->over && b->over))
			abort();
	}
	const struct sync_figures fa = sync_figures(a->s),
				  fb = sync_figures(b->s);
	if (!a->fine || !b->fine || fa.records_in + fb.records_in != differ)
		abort();
	r.bytes = fa.bytes_out + fb.bytes_out - fa.record_bytes_out -
		  fb.record_bytes_out;
	r.pairs = MAX(fa.turns_out, fb.turns_out);
	r.start_ms = first_ms * 1e6 / (double)n;
	r.work_ms = work_ms;
	r.memory = mem_peak / 2;
	r.symbols = fa.symbols;
	r.rival = negentropy_cost(&(struct negentropy_set){ a->items, a->n },
	    &(struct negentropy_set){ b->items, b->n });
	for (unsigned i = 0; i < 2; i++) {
		sync_free(sides[i].s);
		free(sides[i].items);
	}
	return r;
}

static void
line(const char *name, double value, const char *unit, const char *goal,
    double rival, double limit)
{
	char other[32] = "null";

	if (!json)
		return;
	if (rival > 0)
		(void)snprintf(other, sizeof(other), "%.6g", rival);
	printf("{\"name\":\"%s\",\"value\":%.6g,\"unit\":\"%s\","
	       "\"goal\":\"%s\",\"peer\":\"%s\",\"peer_value\":%s,"
	       "\"limit\":%.6g}\n",
	    name, value, unit, goal, rival > 0 ? "negentropy v1" : "none",
	    other, limit);
}

static struct result
row(const char *what, size_t n, size_t differ, bool newest, bool cursor)
{
	const struct result r = run(n, differ, newest, cursor);

	if (!json)
		printf("%-24s %9llu B %7.1f B/diff  %u pairs  %7llu symbols "
		       "%6.0f ms %5.1f B/item  negentropy %9llu B %u pairs\n",
		    what, (unsigned long long)r.bytes,
		    differ == 0 ? 0.0 : (double)r.bytes / (double)differ,
		    r.pairs, (unsigned long long)r.symbols, r.work_ms,
		    (double)r.memory / (double)n +
			(double)sizeof(struct sync_item),
		    (unsigned long long)r.rival.bytes, r.rival.pairs);
	return r;
}

int
main(int argc, char **argv)
{
	json = argc > 1 && strcmp(argv[1], "--json") == 0;
	if (!crypto_init())
		return 1;
	const struct result equal = row("equal", ITEMS, 0, false, false);
	const struct result newest =
	    row("newest 1,000 differ", ITEMS, 1000, true, false);
	const struct result met =
	    row("the same, they have met", ITEMS, 1000, true, true);
	const struct result scattered =
	    row("1,000 scattered", ITEMS, 1000, false, false);
	row("10 scattered", ITEMS, 10, false, false);
	row("20,000 scattered", ITEMS, 20000, false, false);
	const struct result many =
	    row("100,000 scattered", ITEMS, 100000, false, false);
	const unsigned pairs =
	    MAX(MAX(equal.pairs, newest.pairs), scattered.pairs);

	line("sync.equal_bytes", (double)equal.bytes, "bytes", "<= 100",
	    (double)equal.rival.bytes, 0);
	line("sync.newest1000_bytes", (double)newest.bytes, "bytes", "<= 30000",
	    (double)newest.rival.bytes, 8000);
	line("sync.newest1000_met_bytes", (double)met.bytes, "bytes", "-",
	    (double)met.rival.bytes, 8000);
	line("sync.scattered1000_bytes", (double)scattered.bytes, "bytes",
	    "<= 60000", (double)scattered.rival.bytes, 8000);
	line("sync.scattered100k_bytes", (double)many.bytes, "bytes", "-",
	    (double)many.rival.bytes, 800000);
	line("sync.rounds", pairs, "turn pairs", "<= 4",
	    MAX(MAX(equal.rival.pairs, newest.rival.pairs),
		scattered.rival.pairs),
	    1);
	line(
	    "sync.start_ms", equal.start_ms, "ms per 1 M, CPU", "<= 100", 0, 0);
	line("sync.coded_ms", scattered.work_ms - 2 * scattered.start_ms,
	    "ms, both sides, CPU", "-", 0, 0);
	line("sync.item_bytes",
	    (double)equal.memory / ITEMS + (double)sizeof(struct sync_item),
	    "bytes per item and session", "<= 36", 0, 20);
	if (!json)
		printf("start of a session: %.0f ms per million items\n",
		    equal.start_ms);
	return 0;
}
