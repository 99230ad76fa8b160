/*
 * ingest_bench [--json] [DIR]: a record's whole way into the node: checks,
 * signature on worker threads, group commit to LMDB, outcome. Two figures of
 * DESIGN section 10, without the match index, which does not exist yet:
 *
 *   ingest.ratio   records/s at saturation, against libsodium's verify alone
 *                  on all cores in the same run; half the authors distinct
 *   ingest.ack_ms  99th percentile from submission to the outcome after the
 *                  fsync, at half that rate
 *
 * DIR (default: here) must be on a real disk.
 */
#define _DEFAULT_SOURCE /* mkdtemp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/stamp.h"
#include "node/pipeline.h"
#include "proto/record/value.h"

#define RECORDS   40000
#define PACED     8000
#define NET       "test-bench"
#define HOUR      UINT64_C(500000)
#define VERIFY_MS 2000

static struct {
	uint8_t *p;
	size_t n;
} records[RECORDS + PACED];

static uv_loop_t loop;
static struct pipeline *pipeline;
static unsigned done, stored, waiting_max;
static uint64_t started[RECORDS + PACED];
static double latency_ms[PACED];
static bool json;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "ingest_bench: %s failed\n", what);
	exit(1);
}

static void
report(const char *name, double value, const char *unit, double goal,
    const char *peer, double peer_value)
{
	if (json)
		printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\","
		       "\"goal\":%.2f,\"peer\":\"%s\",\"peer_value\":%.1f,"
		       "\"limit\":null}\n",
		    name, value, unit, goal, peer, peer_value);
	else
		printf("%-16s %10.2f %-6s goal %.2f, %s %.0f\n", name, value,
		    unit, goal, peer, peer_value);
}

/* Record i: two by each author, so that half the authors are distinct. */
static void
record_make_one(size_t i)
{
	uint8_t seed[ED25519_SEED] = { 5 }, pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET], nonce[STAMP_NONCE];
	uint8_t stamp[STAMP_WORK_BYTES], raw[RECORD_BYTES_MAX], text[330];
	uint8_t payload[512];
	struct buf pay = { payload, 0, sizeof(payload) };
	struct buf out = { raw, 0, sizeof(raw) };
	const struct slice net = slice_str(NET);

	put_u64be(seed + 8, i / 2);
	ed25519_keypair(pub, secret, seed);
	must(stamp_search(
		 net.p, net.n, pub, net_stamp_bits(net), 0, 1 << 20, nonce),
	    "stamp");
	stamp_put(nonce, stamp);
	memset(text, 'x', sizeof(text));
	struct value label[] = { value_uint(0x656e),
		value_str(slice_of(text, sizeof(text))) };
	struct value title[] = { value_uint(0x656e),
		value_str(slice_str("Work")) };
	struct value map[] = { value_uint(0), value_uint(2), value_uint(1),
		value_map(label, 1), value_uint(2), value_map(title, 1) };
	const struct value v = value_map(map, 3);
	must(value_write(&v, &pay) == OK, "payload");
	const struct record_draft d = { .net = net,
		.kind = KIND_DEMAND,
		.region = "de",
		.slot = (uint32_t)(i % 2),
		.seq = (HOUR - i % 700) << 8,
		.expires_h = HOUR + 24,
		.stamp = slice_of(stamp, sizeof(stamp)),
		.payload = buf_slice(&pay) };
	must(record_make(&d, pub, secret, &out) == OK, "record");
	records[i].p = malloc(out.n);
	must(records[i].p != NULL, "memory");
	memcpy(records[i].p, raw, out.n);
	records[i].n = out.n;
}

/* ---- the rival: verify alone, on all cores ---- */

struct verifier {
	uv_thread_t thread;
	uint64_t count;
};

static void
verify_loop(void *ctx)
{
	struct verifier *v = ctx;
	uint8_t seed[ED25519_SEED] = { 7 }, pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET], sig[ED25519_SIG], m[60] = { 0 };
	const uint64_t end = uv_hrtime() + VERIFY_MS * UINT64_C(1000000);

	ed25519_keypair(pub, secret, seed);
	ed25519_sign(sig, m, sizeof(m), secret);
	while (uv_hrtime() < end) {
		must(ed25519_verify(sig, m, sizeof(m), pub), "verify");
		v->count++;
	}
}

static double
verify_rate(unsigned threads)
{
	struct verifier v[16] = { { 0 } };
	uint64_t all = 0;

	for (unsigned i = 0; i < threads; i++)
		must(uv_thread_create(&v[i].thread, verify_loop, &v[i]) == 0,
		    "thread");
	for (unsigned i = 0; i < threads; i++) {
		(void)uv_thread_join(&v[i].thread);
		all += v[i].count;
	}
	return (double)all * 1000 / VERIFY_MS;
}

/* ---- the pipeline ---- */

static uint64_t
wall_s(void *ctx)
{
	(void)ctx;
	return HOUR * 3600 + 60;
}

static void
on_done(void *ctx, const struct judge_result *r)
{
	const size_t i = (size_t)(uintptr_t)ctx;

	done++;
	stored += r->outcome == RECORD_STORED;
	if (i >= RECORDS)
		latency_ms[i - RECORDS] =
		    (double)(uv_hrtime() - started[i]) / 1e6;
}

static void
submit(size_t i)
{
	started[i] = uv_hrtime();
	pipeline_submit(pipeline, slice_of(records[i].p, records[i].n), 0,
	    false, on_done, (void *)(uintptr_t)i);
}

static double
saturate(void)
{
	const uint64_t start = uv_hrtime();
	size_t next = 0;

	while (done < RECORDS) {
		while (next < RECORDS && next - done < waiting_max)
			submit(next++);
		(void)uv_run(&loop, UV_RUN_ONCE);
	}
	return RECORDS / ((double)(uv_hrtime() - start) / 1e9);
}

static void
on_pace(uv_timer_t *timer)
{
	(void)timer; /* only wakes the loop */
}

static void
paced(double rate)
{
	const uint64_t start = uv_hrtime();
	uv_timer_t timer;
	size_t next = 0;

	(void)uv_timer_init(&loop, &timer);
	(void)uv_timer_start(&timer, on_pace, 1, 1);
	while (done < RECORDS + PACED) {
		const double at = (double)(uv_hrtime() - start) / 1e9;
		while (next < PACED && (double)next < at * rate)
			submit(RECORDS + next++);
		(void)uv_run(&loop, UV_RUN_ONCE);
	}
	uv_close((uv_handle_t *)&timer, NULL);
}

static int
order(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
on_stopped(void *ctx)
{
	(void)ctx;
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
			json = true;
		else
			(void)snprintf(path, sizeof(path),
			    "%s/ingest_bench.XXXXXX", argv[i]);
	must(crypto_init() && uv_loop_init(&loop) == 0, "start");
	must(mkdtemp(path) != NULL, "folder");
	for (size_t i = 0; i < RECORDS + PACED; i++)
		record_make_one(i);
	const struct map_lmdb_options mo = { .map_bytes = 1 << 30,
		.create = true };
	const struct store_config sc = { .net = slice_str(NET) };
	must(map_lmdb_open(path, &mo, &map, why) == OK &&
		 store_open(map, &sc, &store, why) == OK,
	    why);
	const struct pipeline_config pc = { .loop = &loop,
		.env = &env,
		.store = store,
		.net = slice_str(NET),
		.threads = cores,
		.queue_max = 8192,
		.bytes_max = 64 << 20,
		.commit_ms = 25 };
	waiting_max = pc.queue_max - 1;
	pipeline = pipeline_new(&pc);
	must(pipeline != NULL, "pipeline");

	const double before = verify_rate(cores);
	const double rate = saturate();
	const double after = verify_rate(cores);
	const double raw = (before + after) / 2;
	report("ingest.per_s", rate, "1/s", 0, "verify alone", raw);
	report("ingest.ratio", rate / raw, "", 0.7, "verify alone", raw);
	paced(rate / 2);
	qsort(latency_ms, PACED, sizeof(latency_ms[0]), order);
	report("ingest.ack_ms", latency_ms[PACED * 99 / 100], "ms", 50,
	    "at records/s", rate / 2);
	must(stored == RECORDS + PACED, "storing each record");

	pipeline_stop(pipeline, on_stopped, NULL);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	pipeline_free(pipeline);
	store_close(store);
	map_close(map);
	char file[300];
	static const char *const files[] = { "data.mdb", "lock.mdb",
		"owner.lock" };
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", path, files[i]);
		(void)unlink(file);
	}
	(void)rmdir(path);
	for (size_t i = 0; i < RECORDS + PACED; i++)
		free(records[i].p);
	return 0;
}
