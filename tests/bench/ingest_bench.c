/*
 * ingest_bench [--json] [DIR]: a record's whole way into the node: checks,
 * signature on worker threads, group commit to LMDB, outcome; half the
 * authors distinct. The match index is not part of it.
 *
 *   ingest.ratio     records/s at saturation against libsodium's verify alone
 *                    on all cores: each round is run between two of the
 *                    rival's; the median of the rounds
 *   ingest.cpu_ratio the same by processor time, which other programs on the
 *                    machine disturb less: time of a verify against all the
 *                    time of this process for a record
 *   ingest.ack_ms    99th percentile from submission to the outcome after
 *                    the fsync, at half that rate
 *
 * and a table of where each microsecond goes, by calling the stages one after
 * the other on one thread. DIR (default: here) must be on a real disk.
 */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <fcntl.h>
#include <stdarg.h>

#include "node/record/pipeline.h"
#include "tests/bench/bench.h"

#define ROUNDS   5
#define ROUND    8000
#define PACED    12000
#define STAGED   4000 /* for the table */
#define RECORDS  (ROUNDS * ROUND + PACED + STAGED)
#define TEXT     330
#define VERIFY_S 0.5
#define BATCH    500
#define SYNCS    200

static struct slice records[RECORDS];
static double started[RECORDS], latency_ms[RECORDS];

static uv_loop_t loop;
static struct pipeline *pipeline;
static unsigned done, stored, waiting_max;

/* Two by each author, so that half the authors are distinct. */
static void
records_make(void)
{
	struct bench_author a = { 0 };

	for (uint32_t i = 0; i < RECORDS; i++) {
		uint8_t raw[RECORD_BYTES_MAX];
		struct buf out = { raw, 0, sizeof(raw) };
		if (i % 2 == 0)
			author_make(&a, i / 2);
		demand_make(&a, i % 2, i, TEXT, &out);
		uint8_t *p = malloc(out.n);
		must(p != NULL, "memory");
		memcpy(p, raw, out.n);
		records[i] = slice_of(p, out.n);
	}
}

/* ---- the pipeline ---- */

static uint64_t
wall_s(void *ctx)
{
	(void)ctx;
	return BENCH_NOW;
}

static void
on_done(void *ctx, const struct judge_result *r)
{
	const size_t i = (size_t)(uintptr_t)ctx;

	done++;
	stored += r->outcome == RECORD_STORED;
	latency_ms[i] = (wall_now() - started[i]) * 1e3;
}

static void
submit(size_t i)
{
	started[i] = wall_now();
	pipeline_submit(
	    pipeline, records[i], 0, false, on_done, (void *)(uintptr_t)i);
}

/* Records a second, as many at once as the queue takes. */
static double
saturate(size_t from, size_t to)
{
	const double begin = wall_now();
	size_t next = from;

	done = 0;
	while (done < to - from) {
		while (next < to && next - from - done < waiting_max)
			submit(next++);
		(void)uv_run(&loop, UV_RUN_ONCE);
	}
	return (double)(to - from) / (wall_now() - begin);
}

struct round {
	double rate, raw, ratio, cpu_us, raw_cpu_us, cpu_ratio;
};

static struct round
round_run(unsigned n, unsigned cores)
{
	struct round r;
	double before_us, after_us;

	const double before = verify_rate(cores, VERIFY_S, &before_us);
	const double cpu = process_now();
	r.rate = saturate(n * (size_t)ROUND, (n + 1) * (size_t)ROUND);
	r.cpu_us = (process_now() - cpu) * 1e6 / ROUND;
	const double after = verify_rate(cores, VERIFY_S, &after_us);
	r.raw = (before + after) / 2;
	r.raw_cpu_us = (before_us + after_us) / 2;
	r.ratio = r.rate / r.raw;
	r.cpu_ratio = r.raw_cpu_us / r.cpu_us;
	note("round %u: %6.0f records/s, verify alone %6.0f/s, ratio %.2f; "
	     "cpu %5.1f us, verify %5.1f us, ratio %.2f\n",
	    n + 1, r.rate, r.raw, r.ratio, r.cpu_us, r.raw_cpu_us, r.cpu_ratio);
	return r;
}

static void
on_pace(uv_timer_t *timer)
{
	(void)timer; /* only wakes the loop */
}

static void
paced(size_t from, size_t n, double rate)
{
	const double begin = wall_now();
	static uv_timer_t timer; /* closed by the loop, later */
	size_t next = 0;

	done = 0;
	(void)uv_timer_init(&loop, &timer);
	(void)uv_timer_start(&timer, on_pace, 1, 1);
	while (done < n) {
		const double at = wall_now() - begin;
		while (next < n && (double)next < at * rate)
			submit(from + next++);
		(void)uv_run(&loop, UV_RUN_ONCE);
	}
	uv_close((uv_handle_t *)&timer, NULL);
}

/* ---- stage by stage ---- */

struct cost {
	double cpu, wall;
};

static struct cost
cost_now(void)
{
	return (struct cost){ thread_now(), wall_now() };
}

/* Microseconds each of ${n} took since ${from}. */
static struct cost
cost_since(struct cost from, size_t n)
{
	const struct cost to = cost_now();

	return (struct cost){ (to.cpu - from.cpu) * 1e6 / (double)n,
		(to.wall - from.wall) * 1e6 / (double)n };
}

static double
cost_row(const char *stage, const char *where, struct cost c)
{
	note("  %-34s %-8s %8.2f %8.2f\n", stage, where, c.cpu, c.wall);
	return c.cpu;
}

/* store_apply() with its commit apart: the backend's, with a clock. */
static const struct map_ops *lmdb;
static struct cost commit_cost;

static err
timed_commit(struct map_txn *t)
{
	const struct cost begin = cost_now();
	const err e = lmdb->commit(t);
	const struct cost took = cost_since(begin, 1);

	commit_cost.cpu += took.cpu;
	commit_cost.wall += took.wall;
	return e;
}

static void
stages(struct map *map, struct store *store, size_t from)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	static struct record r[STAGED];
	static struct store_item items[STAGED];
	struct arena a = arena_of(scratch, sizeof(scratch));
	const struct record_rules rules = { slice_str(BENCH_NET), BENCH_NOW,
		0 };
	struct store_view *view = NULL;
	double sum = 0;
	uint8_t m[60] = { 0 }, seed[ED25519_SEED] = { 9 };
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET], sig[ED25519_SIG];

	note("  %-34s %-8s %8s %8s\n", "stage, microseconds a record", "thread",
	    "cpu", "wall");
	struct cost c = cost_now();
	for (size_t i = 0; i < STAGED; i++)
		must(record_open(records[from + i], &rules, &a, &r[i]) ==
			 RECORD_FINE,
		    "record_open");
	sum += cost_row(
	    "parse, payload, cheap checks, id", "loop", cost_since(c, STAGED));

	c = cost_now();
	for (size_t i = 0; i < STAGED; i++) {
		enum record_outcome o;
		if (i % 64 == 0) {
			store_view_close(view);
			must(store_view_open(store, &view) == OK, "view");
		}
		must(store_look(view, &r[i], BENCH_NOW, &o, NULL) == OK &&
			 o == RECORD_FINE,
		    "store_look");
	}
	store_view_close(view);
	sum += cost_row("look into the store", "loop", cost_since(c, STAGED));

	c = cost_now();
	for (size_t i = 0; i < STAGED; i++)
		must(stamp_check(r[i].net.p, r[i].net.n, r[i].author,
			 r[i].stamp.p + 1, net_stamp_bits(r[i].net)),
		    "stamp");
	sum += cost_row("stamp", "verify", cost_since(c, STAGED));

	ed25519_keypair(pub, secret, seed);
	ed25519_sign(sig, m, sizeof(m), secret);
	c = cost_now();
	for (size_t i = 0; i < STAGED; i++)
		must(ed25519_verify(sig, m, sizeof(m), pub), "verify");
	sum += cost_row("signature", "verify", cost_since(c, STAGED));

	struct map_ops ops = *map->ops;
	lmdb = map->ops;
	ops.commit = timed_commit;
	map->ops = &ops;
	c = cost_now();
	for (size_t i = 0; i < STAGED; i += BATCH) {
		for (size_t k = 0; k < BATCH; k++)
			items[k] = (struct store_item){ .record = &r[i + k] };
		must(store_apply(store, items, BATCH, BENCH_NOW, NULL, NULL) ==
			 OK,
		    "store_apply");
	}
	struct cost apply = cost_since(c, STAGED);
	map->ops = lmdb;
	commit_cost.cpu /= STAGED;
	commit_cost.wall /= STAGED;
	apply.cpu -= commit_cost.cpu;
	apply.wall -= commit_cost.wall;
	sum += cost_row("apply, by 500", "writer", apply);
	sum += cost_row("commit, by 500", "writer", commit_cost);
	note("  %-34s %-8s %8.2f\n", "sum", "", sum);
}

/* What the disk itself takes to make 64 KiB safe. */
static double
fsync_ms(const char *folder)
{
	static uint8_t bytes[65536];
	static double ms[SYNCS];
	char path[400];

	(void)snprintf(path, sizeof(path), "%s/raw", folder);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(fd >= 0, path);
	for (size_t i = 0; i < SYNCS; i++) {
		const double begin = wall_now();
		must(pwrite(fd, bytes, sizeof(bytes),
			 (off_t)(i % 16 * sizeof(bytes))) == sizeof(bytes) &&
			 fdatasync(fd) == 0,
		    "fsync");
		ms[i] = (wall_now() - begin) * 1e3;
	}
	(void)close(fd);
	(void)unlink(path);
	return quantile(ms, SYNCS, 0.99);
}

static void
on_stopped(void *ctx)
{
	(void)ctx;
}

static double
median(const struct round *r, size_t offset)
{
	double v[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++)
		memcpy(&v[i], (const char *)&r[i] + offset, sizeof(v[i]));
	return quantile(v, ROUNDS, 0.5);
}

static void
measure(const char *path, unsigned cores)
{
	struct round r[ROUNDS];
	struct pipeline_stats before, after;
	const size_t first = ROUNDS * (size_t)ROUND;

	for (unsigned i = 0; i < ROUNDS; i++)
		r[i] = round_run(i, cores);
	const double rate = median(r, offsetof(struct round, rate));
	const double raw = median(r, offsetof(struct round, raw));
	figure("ingest.per_s", rate, "1/s", -1, "verify alone", raw);
	figure("ingest.ratio", median(r, offsetof(struct round, ratio)), "",
	    0.7, "verify alone", raw);
	figure("ingest.cpu_ratio", median(r, offsetof(struct round, cpu_ratio)),
	    "", -1, "verify alone, us",
	    median(r, offsetof(struct round, raw_cpu_us)));
	pipeline_stats(pipeline, &before);
	note("commits of %.0f records\n",
	    (double)before.committed / (double)before.commits);

	paced(first, PACED, rate / 2);
	pipeline_stats(pipeline, &after);
	const double p99 = quantile(latency_ms + first, PACED, 0.99);
	figure("ingest.ack_ms", p99, "ms", 50, "fsync of 64 KiB, p99",
	    fsync_ms(path));
	note("at %.0f/s: median %.1f ms, longest %.1f ms; commits of %.0f\n",
	    rate / 2, quantile(latency_ms + first, PACED, 0.5),
	    latency_ms[first + PACED - 1],
	    (double)(after.committed - before.committed) /
		(double)(after.commits - before.commits));
	must(stored == ROUNDS * ROUND + PACED, "storing each record");
}

int
main(int argc, char **argv)
{
	char path[256] = "ingest_bench.XXXXXX", why[STORE_WHY] = "";
	const unsigned cores = MIN(uv_available_parallelism(), 16U);
	const struct env env = { .wall_s = wall_s };
	struct map *map = NULL;
	struct store *store = NULL;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			bench_json = true;
		else
			(void)snprintf(path, sizeof(path),
			    "%s/ingest_bench.XXXXXX", argv[i]);
	must(crypto_init() && uv_loop_init(&loop) == 0, "start");
	must(mkdtemp(path) != NULL, "folder");
	records_make();
	const struct map_lmdb_options mo = { .map_bytes = 1 << 30,
		.create = true };
	const struct store_config sc = { .net = slice_str(BENCH_NET) };
	must(map_lmdb_open(path, &mo, &map, why) == OK &&
		 store_open(map, &sc, &store, why) == OK,
	    why);
	const struct pipeline_config pc = { .loop = &loop,
		.env = &env,
		.store = store,
		.net = slice_str(BENCH_NET),
		.threads = cores,
		.queue_max = 8192,
		.bytes_max = 64 << 20,
		.commit_ms = 25,
		.seen_max = 16384 };
	waiting_max = pc.queue_max - 1;
	pipeline = pipeline_new(&pc);
	must(pipeline != NULL, "pipeline");
	measure(path, cores);
	pipeline_stop(pipeline, on_stopped, NULL);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	pipeline_free(pipeline);
	stages(map, store, ROUNDS * (size_t)ROUND + PACED);
	store_close(store);
	map_close(map);
	folder_remove(path);
	for (size_t i = 0; i < RECORDS; i++)
		free((void *)(uintptr_t)records[i].p);
	return 0;
}
