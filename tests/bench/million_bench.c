/*
 * million_bench [--json] [--records N] [DIR]: a store with a million records
 * (or N): how fast it is copied from a peer, opened, checked, and compared,
 * and what memory it takes. Figures of times and memory are per million.
 *
 *   ingest.copy_ratio   a first full copy: records in the order of sync's bulk
 *                       transfer through the pipeline as a stream has room for
 *                       them, against libsodium's verify alone on all cores
 *                       (the stream itself, Noise and Yamux, apart)
 *   ingest.copy_cpu_ratio  the same by processor time; see ingest_bench
 *   store.open_ms       the longest of five
 *   store.check_s       every record, index and total; without signatures
 *   sync.session_ms     items from the store and values for a session, CPU
 *   node.store_mb       anonymous memory of store and session, 1,000 records
 *                       scattered over the set being different
 *
 * DIR (default: here) must be on a real disk, and have room for 1.5 kB for
 * each record. What is measured on the finished store runs in a process of its
 * own, which has none of the benchmark's memory.
 */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <stdarg.h>
#include <sys/wait.h>

#include "node/base/env.h"
#include "node/record/pipeline.h"
#include "proto/sync/sync.h"
#include "tests/bench/bench.h"

#define TEXT     330
#define BYTES    520 /* at most, of a record with that text */
#define VERIFY_S 2.0
#define OPENS    5
#define DIFFER   1000
#define GETS     10000

static size_t records_n = 1000000;

struct made {
	uint8_t bytes[BYTES];
	uint16_t n;
	struct sync_item item;
};
static struct made *made;

/* ---- making records ---- */

struct maker {
	uv_thread_t thread;
	uint32_t from, to;
};

static void
maker_main(void *ctx)
{
	const struct maker *k = ctx;
	uint8_t *scratch = malloc(RECORD_SCRATCH_BYTES);
	struct arena arena = arena_of(scratch, RECORD_SCRATCH_BYTES);
	struct bench_author a = { 0 };
	struct record r;

	must(scratch != NULL, "memory");
	for (uint32_t i = k->from; i < k->to; i++) {
		struct made *m = &made[i];
		struct buf out = { m->bytes, 0, sizeof(m->bytes) };
		if (i % 2 == 0)
			author_make(&a, i / 2);
		demand_make(&a, i % 2, i, TEXT, &out);
		m->n = (uint16_t)out.n;
		must(record_read(buf_slice(&out), &arena, &r) == RECORD_FINE,
		    "record_read");
		m->item.hour = (uint32_t)record_hour(&r);
		memcpy(m->item.id, r.id, SYNC_ID);
	}
	free(scratch);
}

static int
item_order(const struct sync_item *x, const struct sync_item *y)
{
	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return memcmp(x->id, y->id, SYNC_ID);
}

static int
made_order(const void *a, const void *b)
{
	const struct made *x = a, *y = b;

	return item_order(&x->item, &y->item);
}

static void
records_make(unsigned cores)
{
	struct maker k[16];

	made = calloc(records_n, sizeof(*made));
	must(made != NULL, "memory");
	for (unsigned i = 0; i < cores; i++) {
		/* Both records of an author are of one maker. */
		k[i].from = (uint32_t)(records_n * i / cores / 2 * 2);
		k[i].to = (uint32_t)(i + 1 == cores
					 ? records_n
					 : records_n * (i + 1) / cores / 2 * 2);
		must(uv_thread_create(&k[i].thread, maker_main, &k[i]) == 0,
		    "thread");
	}
	for (unsigned i = 0; i < cores; i++)
		(void)uv_thread_join(&k[i].thread);
	qsort(made, records_n, sizeof(*made), made_order);
}

/* ---- the first copy ---- */

struct copy {
	uv_loop_t loop;
	struct pipeline *pipeline;
	struct pipeline_waiter waiter;
	size_t next, done, stored;
};

static void
on_done(void *ctx, const struct judge_result *r)
{
	struct copy *c = ctx;

	c->done++;
	c->stored += r->outcome == RECORD_STORED;
}

static void
on_room(void *ctx)
{
	struct copy *c = ctx;

	while (c->next < records_n && pipeline_room(c->pipeline)) {
		const struct made *m = &made[c->next++];
		pipeline_submit(c->pipeline, slice_of(m->bytes, m->n), 0, false,
		    on_done, c);
	}
	if (c->next < records_n)
		pipeline_when_room(c->pipeline, &c->waiter);
}

static void
on_stopped(void *ctx)
{
	(void)ctx;
}

static uint64_t
wall_s(void *ctx)
{
	(void)ctx;
	return BENCH_NOW;
}

static void
store_make(const char *path, struct map **map, struct store **store)
{
	char why[STORE_WHY] = "";
	const struct map_lmdb_options mo = { .map_bytes = UINT64_C(16) << 30,
		.create = true };
	const struct store_config sc = { .net = slice_str(BENCH_NET) };

	must(map_lmdb_open(path, &mo, map, why) == OK &&
		 store_open(*map, &sc, store, why) == OK,
	    why);
}

static void
copy(const char *path, unsigned cores)
{
	static struct copy c;
	struct env env = { .wall_s = wall_s };
	struct map *map;
	struct store *store;
	double before_us, after_us;

	store_make(path, &map, &store);
	must(uv_loop_init(&c.loop) == 0, "loop");
	const struct pipeline_config pc = { .loop = &c.loop,
		.env = &env,
		.store = store,
		.net = slice_str(BENCH_NET),
		.threads = cores,
		.queue_max = 8192,
		.bytes_max = 64 << 20,
		.commit_ms = 25,
		.seen_max = 16384 };
	c.pipeline = pipeline_new(&pc);
	must(c.pipeline != NULL, "pipeline");
	c.waiter = (struct pipeline_waiter){ .room = on_room, .ctx = &c };
	const double before = verify_rate(cores, VERIFY_S, &before_us);
	const double wall = wall_now(), cpu = process_now();
	on_room(&c);
	while (c.done < records_n)
		(void)uv_run(&c.loop, UV_RUN_ONCE);
	const double seconds = wall_now() - wall;
	const double cpu_us = (process_now() - cpu) * 1e6 / (double)records_n;
	const double after = verify_rate(cores, VERIFY_S, &after_us);
	must(c.stored == records_n, "storing each record");
	const double raw = (before + after) / 2;
	const double raw_us = (before_us + after_us) / 2;
	const double rate = (double)records_n / seconds;
	struct pipeline_stats stats;
	pipeline_stats(c.pipeline, &stats);
	figure("ingest.copy_per_s", rate, "1/s", -1, "verify alone", raw);
	figure("ingest.copy_ratio", rate / raw, "", 0.5, "verify alone", raw);
	figure("ingest.copy_cpu_ratio", raw_us / cpu_us, "", -1,
	    "verify alone, us", raw_us);
	note("%.0f s; cpu %.1f us a record; commits of %.0f; busy: checks "
	     "%.1f us, verify %.1f us, writer %.1f us a record\n",
	    seconds, cpu_us, (double)stats.committed / (double)stats.commits,
	    (double)stats.loop_ns / 1e3 / (double)records_n,
	    (double)stats.verify_ns / 1e3 / (double)records_n,
	    (double)stats.write_ns / 1e3 / (double)records_n);
	pipeline_stop(c.pipeline, on_stopped, NULL);
	(void)uv_run(&c.loop, UV_RUN_DEFAULT);
	pipeline_free(c.pipeline);
	(void)uv_loop_close(&c.loop);
	store_close(store);
	map_close(map);
}

/* ---- on the finished store, in a process of its own ---- */

/* Anonymous memory, in kB. */
static double
anonymous_kb(void)
{
	char line[128];
	double kb = 0;
	FILE *f = fopen("/proc/self/status", "r");

	must(f != NULL, "/proc/self/status");
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "RssAnon:", 8) == 0)
			kb = strtod(line + 8, NULL);
	(void)fclose(f);
	return kb;
}

struct items {
	struct sync_item *v;
	size_t n, cap;
};

static bool
on_item(void *ctx, const struct store_item_key *key)
{
	struct items *all = ctx;

	must(all->n < all->cap, "as many items as records");
	struct sync_item *i = &all->v[all->n++];
	i->hour = key->hour;
	memcpy(i->id, key->id, SYNC_ID);
	return true;
}

struct side {
	struct sync *s;
	const struct items *items;
	struct mem mem;
	size_t peak;
	double first_ms; /* of its first work */
	bool over, fine;
};

static void
serve(struct side *side)
{
	static const uint8_t body[BYTES];
	struct sync_event ev;

	while (sync_next(side->s, &ev)) {
		const double begin = thread_now();
		if (ev.type == SYNC_NEED_ITEMS)
			sync_items(side->s,
			    &(struct sync_set){ .items = side->items->v,
				.n = side->items->n,
				.head = side->items->n });
		else if (ev.type == SYNC_WORK)
			sync_work(side->s);
		else if (ev.type == SYNC_RECORD)
			sync_judged(side->s, SYNC_KEPT, NULL, NULL);
		else if (ev.type == SYNC_BODY)
			sync_body(side->s, slice_of(body, sizeof(body)));
		side->over |= ev.type == SYNC_DONE || ev.type == SYNC_FAILED;
		side->fine |= ev.type == SYNC_DONE && !ev.partial;
		if (ev.type == SYNC_WORK && side->first_ms == 0)
			side->first_ms = (thread_now() - begin) * 1e3;
		side->peak = MAX(side->peak, side->mem.used);
	}
}

static bool
pass(struct side *from, struct side *to)
{
	const struct slice out = sync_send(from->s);

	if (out.n == 0)
		return false;
	const size_t n = sync_recv(to->s, out, 1);
	sync_sent(from->s, n, 1);
	return n > 0;
}

/* A session with a peer that lacks some; its first work and its memory. */
static void
session(const struct items *ours, double *first_ms, double *peak_mb)
{
	struct items theirs = { malloc(ours->n * sizeof(ours->v[0])), 0, 0 };
	struct side side[2] = { { .items = ours }, { .items = &theirs } };
	struct sync_config cf = { .net = slice_str(BENCH_NET),
		.scope = scope_all() };

	must(theirs.v != NULL, "memory");
	for (size_t i = 0; i < ours->n; i++)
		if (i % (ours->n / DIFFER) != 0)
			theirs.v[theirs.n++] = ours->v[i];
	for (unsigned i = 0; i < 2; i++) {
		side[i].mem = mem_heap(SIZE_MAX);
		cf.dialer = i == 0;
		cf.nonce[0] = cf.tag[0] = (uint8_t)(i + 1);
		side[i].s = sync_new(&side[i].mem, &cf, 1);
		must(side[i].s != NULL, "sync_new");
	}
	while (!side[0].over || !side[1].over) {
		serve(&side[0]);
		serve(&side[1]);
		const bool a = pass(&side[0], &side[1]);
		const bool b = pass(&side[1], &side[0]);
		must(a || b || (side[0].over && side[1].over), "going on");
	}
	must(side[0].fine && side[1].fine, "the session");
	*first_ms = side[0].first_ms;
	*peak_mb = (double)side[0].peak / 1e6;
	for (unsigned i = 0; i < 2; i++)
		sync_free(side[i].s);
	free(theirs.v);
}

/* The middle of three, since the machine may be busy. */
static double
items_ms(struct store_view *v, struct items *all)
{
	const struct scope scope = scope_all();
	double ms[3];

	for (unsigned i = 0; i < 3; i++) {
		const double begin = thread_now();
		all->n = 0;
		must(store_each_item(v, &scope, BENCH_NOW, on_item, all) == OK,
		    "store_each_item");
		ms[i] = (thread_now() - begin) * 1e3;
	}
	return quantile(ms, 3, 0.5);
}

static double
get_us(struct store_view *v, const struct items *all)
{
	const double begin = thread_now();

	for (size_t i = 0; i < GETS; i++) {
		const struct sync_item *x =
		    &all->v[i * UINT64_C(2654435761) % all->n];
		struct store_record r;
		must(store_get_item(v, x->hour, x->id, &r) == OK,
		    "store_get_item");
	}
	return (thread_now() - begin) * 1e6 / GETS;
}

static void
on_fault(void *ctx, const char *text)
{
	(void)ctx;
	(void)fprintf(stderr, "%s\n", text);
}

static void
measure(const char *path)
{
	struct map *map;
	struct store *store;
	struct store_view *v;
	struct store_report report;
	const double million = 1e6 / (double)records_n;
	const double empty_kb = anonymous_kb();
	double longest = 0;

	for (unsigned i = 0; i < OPENS; i++) {
		const double begin = wall_now();
		store_make(path, &map, &store);
		longest = MAX(longest, wall_now() - begin);
		if (i + 1 == OPENS)
			break;
		store_close(store);
		map_close(map);
	}
	figure("store.open_ms", longest * 1e3, "ms", 1000, NULL, 0);

	must(store_view_open(store, &v) == OK, "view");
	struct items all = { malloc(records_n * sizeof(all.v[0])), 0,
		records_n };
	must(all.v != NULL, "memory");
	const double walk_ms = items_ms(v, &all);
	must(all.n == records_n, "finding each record");
	const double store_kb = anonymous_kb() - empty_kb;
	double first_ms, peak_mb;
	session(&all, &first_ms, &peak_mb);
	figure("sync.session_ms", (walk_ms + first_ms) * million, "ms", 100,
	    "of it the walk, ms", walk_ms * million);
	figure("node.store_mb", (store_kb * 1024 / 1e6 + peak_mb) * million,
	    "MB", 64, "of it the session, MB", peak_mb * million);
	figure("store.get_item_us", get_us(v, &all), "us", -1, NULL, 0);

	const double wall = wall_now(), cpu = process_now();
	must(store_check(v, STORE_CHECK, on_fault, NULL, &report) == OK &&
		 report.faults == 0 && report.records == records_n,
	    "store_check");
	figure("store.check_s", (wall_now() - wall) * million, "s", 10,
	    "cpu, s", (process_now() - cpu) * million);
	store_view_close(v);
	free(all.v);
	store_close(store);
	map_close(map);
}

static void
measure_apart(const char *self, const char *path)
{
	char number[24];
	int status = 1;

	(void)snprintf(number, sizeof(number), "%zu", records_n);
	(void)fflush(stdout);
	const pid_t child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		(void)execl(self, self, "--measure", path, "--records", number,
		    bench_json ? "--json" : (char *)NULL, (char *)NULL);
		_exit(127);
	}
	must(waitpid(child, &status, 0) == child && status == 0,
	    "measuring the store");
}

int
main(int argc, char **argv)
{
	char path[256] = "million_bench.XXXXXX";
	const char *finished = NULL;
	const unsigned cores = MIN(uv_available_parallelism(), 16U);

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			bench_json = true;
		else if (strcmp(argv[i], "--records") == 0 && i + 1 < argc)
			records_n = strtoul(argv[++i], NULL, 10);
		else if (strcmp(argv[i], "--measure") == 0 && i + 1 < argc)
			finished = argv[++i];
		else
			(void)snprintf(path, sizeof(path),
			    "%s/million_bench.XXXXXX", argv[i]);
	must(crypto_init(), "start");
	must(records_n >= 2 * DIFFER && records_n <= 100000000, "--records");
	if (finished != NULL) {
		measure(finished);
		return 0;
	}
	must(mkdtemp(path) != NULL, "folder");
	const double begin = wall_now();
	records_make(cores);
	note("%zu records made in %.0f s\n", records_n, wall_now() - begin);
	copy(path, cores);
	free(made);
	measure_apart("/proc/self/exe", path);
	folder_remove(path);
	return 0;
}
