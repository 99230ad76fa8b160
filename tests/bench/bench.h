/*
 * bench.h: what the benchmarks share: clocks, figures, records. All in the
 * header, since each benchmark is a program of one file.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "crypto/keys.h"
#include "crypto/stamp.h"
#include "proto/record/record.h"
#include "proto/record/schema.h"
#include "proto/record/value.h"
#include "store/store.h"

#define BENCH_NET  "test-bench"
#define BENCH_HOUR UINT64_C(500000)
#define BENCH_NOW  (BENCH_HOUR * 3600 + 60)

static bool bench_json;

static inline void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench: %s failed\n", what);
	exit(1);
}

static inline double
clock_of(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double
wall_now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

/* Processor time of this thread, or of all threads. */
static inline double
thread_now(void)
{
	return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

static inline double
process_now(void)
{
	return clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* One figure; ${goal} < 0: none; ${peer} NULL: none. */
static inline void
figure(const char *name, double value, const char *unit, double goal,
    const char *peer, double peer_value)
{
	if (!bench_json) {
		printf("%-22s %12.2f %-6s", name, value, unit);
		if (goal >= 0)
			printf("  goal %.2f", goal);
		if (peer != NULL)
			printf("  (%s %.2f)", peer, peer_value);
		printf("\n");
		(void)fflush(stdout);
		return;
	}
	printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",", name, value,
	    unit);
	printf(goal >= 0 ? "\"goal\":%.2f," : "\"goal\":null,", goal);
	if (peer != NULL)
		printf(
		    "\"peer\":\"%s\",\"peer_value\":%.2f,", peer, peer_value);
	else
		printf("\"peer\":null,\"peer_value\":null,");
	printf("\"limit\":null}\n");
	(void)fflush(stdout);
}

/* A line for people alone. */
static inline void __attribute__((format(printf, 1, 2)))
note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!bench_json)
		(void)vprintf(fmt, ap);
	va_end(ap);
}

static inline int
double_order(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Sorts; the value below which the share ${q} of them lies. */
static inline double
quantile(double *v, size_t n, double q)
{
	qsort(v, n, sizeof(v[0]), double_order);
	return v[MIN((size_t)(q * (double)n), n - 1)];
}

static inline void
folder_remove(const char *path)
{
	static const char *const files[] = { "data.mdb", "lock.mdb",
		"owner.lock" };
	char file[400];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", path, files[i]);
		(void)unlink(file);
	}
	(void)rmdir(path);
}

/* ---- records ---- */

struct bench_author {
	uint32_t number;
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	uint8_t stamp[STAMP_WORK_BYTES];
};

static inline void
author_make(struct bench_author *a, uint32_t number)
{
	const struct slice net = slice_str(BENCH_NET);
	uint8_t seed[ED25519_SEED] = { 5 }, nonce[STAMP_NONCE];

	a->number = number;
	put_u64be(seed + 8, number);
	ed25519_keypair(a->pub, a->secret, seed);
	must(stamp_search(
		 net.p, net.n, a->pub, net_stamp_bits(net), 0, 1 << 20, nonce),
	    "stamp");
	stamp_put(nonce, a->stamp);
}

/*
 * A demand of about ${text} bytes more than the shortest, in ${slot}, hours
 * spread over 60 days as ${spread} says; appended to ${out}.
 */
static inline void
demand_make(const struct bench_author *a, uint32_t slot, uint32_t spread,
    size_t text, struct buf *out)
{
	uint8_t words[1024], payload[1200];
	struct buf pay = { payload, 0, sizeof(payload) };

	memset(words, 'x', sizeof(words));
	struct value label[] = { value_uint(0x656e),
		value_str(slice_of(words, MIN(text, sizeof(words)))) };
	struct value title[] = { value_uint(0x656e),
		value_str(slice_str("Work")) };
	struct value map[] = { value_uint(0), value_uint(2), value_uint(1),
		value_map(label, 1), value_uint(2), value_map(title, 1) };
	const struct value v = value_map(map, 3);
	must(value_write(&v, &pay) == OK, "payload");
	const struct record_draft d = { .net = slice_str(BENCH_NET),
		.kind = KIND_DEMAND,
		.region = "de",
		.slot = slot,
		.seq = (BENCH_HOUR - spread % 1300) << 8,
		.expires_h = BENCH_HOUR + 24 + spread % 40,
		.stamp = slice_of(a->stamp, sizeof(a->stamp)),
		.pv = schema_pv(KIND_DEMAND),
		.payload = buf_slice(&pay) };
	must(record_make(&d, a->pub, a->secret, out) == OK, "record");
}

/* ---- the rival of all that judges records: verify alone, on all cores ---- */

struct bench_verifier {
	uv_thread_t thread;
	double seconds;
	uint64_t count;
	double cpu;
};

static inline void
verify_loop(void *ctx)
{
	struct bench_verifier *v = ctx;
	uint8_t seed[ED25519_SEED] = { 7 }, pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET], sig[ED25519_SIG], m[60] = { 0 };
	const double end = wall_now() + v->seconds;

	ed25519_keypair(pub, secret, seed);
	ed25519_sign(sig, m, sizeof(m), secret);
	while (wall_now() < end) {
		must(ed25519_verify(sig, m, sizeof(m), pub), "verify");
		v->count++;
	}
	v->cpu = thread_now();
}

/* Verifications a second; ${cpu_us}: processor time of one. */
static inline double
verify_rate(unsigned threads, double seconds, double *cpu_us)
{
	struct bench_verifier v[16] = { { 0 } };
	uint64_t all = 0;
	double cpu = 0;

	for (unsigned i = 0; i < threads; i++) {
		v[i].seconds = seconds;
		must(uv_thread_create(&v[i].thread, verify_loop, &v[i]) == 0,
		    "thread");
	}
	for (unsigned i = 0; i < threads; i++) {
		(void)uv_thread_join(&v[i].thread);
		all += v[i].count;
		cpu += v[i].cpu;
	}
	*cpu_us = cpu * 1e6 / (double)all;
	return (double)all / seconds;
}
