/*
 * store_bench [--json] [--large N] [DIR]: how fast records of 512 bytes reach
 * the disk, by size of the batch, into a store that holds 50,000 already, next
 * to what the disk can do: the same bytes written one after the other, with an
 * fsync wherever the store commits. DIR (default: here) must be on a real disk.
 *
 * With --large: a store of N records as well, its walks and the check in
 * processor time. (million_bench has what the standard set asks for.)
 *
 * Device bytes are what the kernel counts for the whole disk, the file system's
 * own journal and other programs included: run it on an idle machine. (The
 * count per process goes by large folios and is many times too high.) 0: the
 * folder lies on something that does not count.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "crypto/keys.h"
#include "proto/record/schema.h"
#include "store/store.h"

#define RECORDS      100000
#define PREFILL      50000
#define RECORD_BYTES 512
#define NET          "test-bench"
#define HOUR         UINT64_C(500000)
#define NOW          (HOUR * 3600)

static uint8_t *bytes; /* RECORDS * RECORD_BYTES */
static struct record *records;
static bool json;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "store_bench: %s failed\n", what);
	exit(1);
}

static double
now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What this process has used of the processor: for what waits for no disk,
 * and must not depend on what else runs. */
static double
cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Written to the disk under ${folder} so far; 0: it does not say. */
static double
device_bytes(const char *folder)
{
	char path[64];
	unsigned long long sectors = 0;
	struct stat st;

	if (stat(folder, &st) != 0)
		return 0;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/stat",
	    major(st.st_dev), minor(st.st_dev));
	FILE *f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%*u %*u %*u %*u %*u %*u %llu", &sectors) != 1)
		sectors = 0;
	fclose(f);
	return (double)sectors * 512;
}

/* Two records an author, hours spread over 60 days, 512 bytes each. */
static void
records_make(void)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	struct arena a = arena_of(scratch, sizeof(scratch));
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	uint8_t seed[ED25519_SEED] = { 1 }, stamp[STAMP_WORK_BYTES];
	uint8_t payload[RECORD_BYTES] = { 0x81, 0x01, 0xc5 };

	stamp_put(seed, stamp);
	bytes = calloc(RECORDS, RECORD_BYTES);
	records = calloc(RECORDS, sizeof(*records));
	must(bytes != NULL && records != NULL, "memory");
	for (uint32_t i = 0; i < RECORDS; i++) {
		struct buf b = { bytes + (size_t)i * RECORD_BYTES, 0,
			RECORD_BYTES };
		if (i % 2 == 0) {
			put_u32be(seed, i);
			ed25519_keypair(pub, secret, seed);
		}
		struct record_draft d = {
			.net = slice_str(NET),
			.kind = KIND_DEMAND,
			.region = "de",
			.slot = i % 2,
			.seq = (HOUR - i * 7 % 1400) << 8,
			.expires_h = HOUR + 1 + i * 11 % 40,
			.stamp = slice_of(stamp, sizeof(stamp)),
			.pv = schema_pv(KIND_DEMAND),
		};
		/* as much payload as makes 512 bytes */
		const size_t n = RECORD_BYTES - 149 - 2;
		put_u16be(payload + 3, (uint16_t)n);
		d.payload = slice_of(payload, 5 + n);
		put_u32be(payload + 5, i);
		must(record_make(&d, pub, secret, &b) == OK, "record_make");
		must(record_read(buf_slice(&b), &a, &records[i]) == RECORD_FINE,
		    "record_read");
		if (i == 0 && b.n != RECORD_BYTES)
			fprintf(stderr, "records have %zu bytes\n", b.n);
	}
}

static void
feed(struct store *s, uint32_t from, uint32_t to, uint32_t batch)
{
	struct store_item *items = calloc(batch, sizeof(*items));

	must(items != NULL, "memory");
	for (uint32_t at = from; at < to; at += batch) {
		const uint32_t n = MIN(batch, to - at);
		for (uint32_t i = 0; i < n; i++)
			items[i] =
			    (struct store_item){ .record = &records[at + i] };
		must(store_apply(s, items, n, NOW, NULL, NULL) == OK &&
			 items[0].outcome == RECORD_STORED,
		    "store_apply");
	}
	free(items);
}

/* The physical limit: the same bytes in a row, as many fsyncs. */
static double
raw_seconds(const char *folder, uint32_t n, uint32_t batch)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/raw", folder);
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(fd >= 0, path);
	const double start = now();
	for (uint32_t at = 0; at < n; at += batch) {
		const size_t size = (size_t)MIN(batch, n - at) * RECORD_BYTES;
		must(write(fd, bytes + (size_t)at * RECORD_BYTES, size) ==
			 (ssize_t)size,
		    "write");
		must(fsync(fd) == 0, "fsync");
	}
	const double seconds = now() - start;
	close(fd);
	unlink(path);
	return seconds;
}

static void
figure(
    const char *name, double value, const char *unit, double goal, double limit)
{
	if (!json)
		return;
	printf("{\"name\":\"%s\",\"value\":%.1f,\"unit\":\"%s\",", name, value,
	    unit);
	printf(goal > 0 ? "\"goal\":%.0f," : "\"goal\":null,", goal);
	printf("\"peer\":null,\"peer_value\":null,");
	printf(limit > 0 ? "\"limit\":%.1f}\n" : "\"limit\":null}\n", limit);
}

static void
run(const char *folder, bool lmdb, uint32_t batch, uint32_t n)
{
	const struct store_config c = { .net = slice_str(NET),
		.random = { 1, 2, 3 } };
	const struct map_lmdb_options o = { .map_bytes = UINT64_C(4) << 30,
		.create = true };
	char path[256], file[300], why[STORE_WHY], name[64];
	struct map_stats stats = { 0 };
	struct store *s;
	struct map *m;

	snprintf(path, sizeof(path), "%s/store", folder);
	must((lmdb ? map_lmdb_open(path, &o, &m, why)
		   : map_memory_open(UINT64_C(2) << 30, &m)) == OK,
	    "open map");
	must(store_open(m, &c, &s, why) == OK, "open store");
	feed(s, 0, PREFILL, 10000);

	const double before = device_bytes(folder);
	const double start = now();
	feed(s, PREFILL, PREFILL + n, batch);
	const double seconds = now() - start;
	const double device = (device_bytes(folder) - before) / n;
	must(map_stats(m, &stats) == OK, "stats");
	store_close(s);
	map_close(m);

	const double raw = lmdb ? n / raw_seconds(folder, n, batch) : 0.0;
	if (!json)
		printf("%-7s %6u %12.0f %12.0f %12.0f %12.0f\n",
		    lmdb ? "lmdb" : "memory", batch, n / seconds, raw,
		    lmdb ? device : 0.0,
		    (double)stats.used_bytes / (PREFILL + n));
	snprintf(name, sizeof(name), "store.%s.batch_%u.records_per_s",
	    lmdb ? "lmdb" : "memory", batch);
	figure(name, n / seconds, "1/s", 0, raw);
	if (lmdb && batch == 1000) {
		figure(
		    "store.device_bytes", device, "bytes", 10000, RECORD_BYTES);
		figure("store.file_bytes",
		    (double)stats.used_bytes / (PREFILL + n), "bytes", 0,
		    RECORD_BYTES);
	}
	if (!lmdb)
		return;
	static const char *const names[] = { "data.mdb", "lock.mdb",
		"owner.lock" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		unlink(file);
	}
	rmdir(path);
}

/* ---- a large store ---- */

#define CHUNK 10000

/*
 * Records as above of N / 2 authors; their signatures are not good, which
 * nothing here looks at, and which would take longer than all the rest.
 */
static void
large_feed(struct store *s, uint32_t n)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	static const uint8_t key[16] = { 7 };
	struct arena a = arena_of(scratch, sizeof(scratch));
	struct store_item *items = calloc(CHUNK, sizeof(*items));

	must(items != NULL, "memory");
	for (uint32_t from = 0; from < n; from += CHUNK) {
		const uint32_t count = MIN(n - from, CHUNK);
		for (uint32_t i = 0; i < count; i++) {
			const uint32_t at = from + i;
			uint8_t *p = bytes + (size_t)i * RECORD_BYTES;
			struct record *r = &records[i];
			must(record_read(slice_of(p, RECORD_BYTES), &a, r) ==
				 RECORD_FINE,
			    "record_read");
			/* another author; the last bytes of the payload */
			uint8_t *author = p + (r->author - p);
			uint8_t *end = p + (r->payload.p - p) + r->payload.n;
			for (uint32_t k = 0; k < 4; k++) {
				const uint32_t in[2] = { at / 2, k };
				put_u64be(author + 8 * (size_t)k,
				    hash_siphash(in, sizeof(in), key));
			}
			put_u32be(end - 8, at);
			must(record_read(slice_of(p, RECORD_BYTES), &a, r) ==
				 RECORD_FINE,
			    "record_read");
			items[i] = (struct store_item){ .record = r };
		}
		must(store_apply(s, items, count, NOW, NULL, NULL) == OK &&
			 items[0].outcome == RECORD_STORED,
		    "store_apply");
	}
	free(items);
}

static bool
count_item(void *ctx, const struct store_item_key *key)
{
	(void)key;
	++*(uint32_t *)ctx;
	return true;
}

static bool
count_record(void *ctx, const struct store_record *r)
{
	(void)r;
	++*(uint32_t *)ctx;
	return true;
}

static void
say(const char *what, double value, const char *unit, double goal)
{
	if (!json)
		printf("%-32s %12.1f %s\n", what, value, unit);
	char name[64];
	snprintf(name, sizeof(name), "store.large.%s", what);
	figure(name, value, unit, goal, 0);
}

static void
large_measure(struct store *s, uint32_t n)
{
	const struct scope all = scope_all();
	struct scope half = scope_all();
	struct store_report report;
	struct store_view *v;
	uint32_t count = 0;

	half.samples[0].below = UINT32_MAX / 2;
	must(store_view_open(s, &v) == OK, "view");
	double start = cpu();
	must(store_each_item(v, &all, NOW, count_item, &count) == OK &&
		 count > n / 2,
	    "store_each_item");
	say("items_ms", (cpu() - start) * 1e3, "ms", 60);
	count = 0;
	start = cpu();
	must(store_each_item(v, &half, NOW, count_item, &count) == OK,
	    "store_each_item");
	say("items_sampled_ms", (cpu() - start) * 1e3, "ms", 0);
	count = 0;
	start = cpu();
	must(store_each_kind(v, KIND_COURSE, count_record, &count) == OK &&
		 count == 0,
	    "store_each_kind");
	say("kind_of_none_ms", (cpu() - start) * 1e3, "ms", 0);
	start = cpu();
	must(store_check(v, STORE_CHECK, NULL, NULL, &report) == OK &&
		 report.faults == 0 && report.records == n,
	    "store_check");
	say("check_s", cpu() - start, "s", 10);
	store_view_close(v);
}

static void
large(const char *folder, uint32_t n)
{
	const struct store_config c = { .net = slice_str(NET),
		.random = { 1, 2, 3 } };
	const struct map_lmdb_options o = { .map_bytes = UINT64_C(64) << 30,
		.create = true };
	char path[256], file[300], why[STORE_WHY];
	struct map_stats stats;
	struct store *s;
	struct map *m;

	snprintf(path, sizeof(path), "%s/store", folder);
	must(map_lmdb_open(path, &o, &m, why) == OK, "open map");
	must(store_open(m, &c, &s, why) == OK, "open store");
	double start = now();
	const double used = cpu();
	large_feed(s, n);
	say("fill_per_s", n / (now() - start), "1/s", 0);
	say("fill_cpu_us", (cpu() - used) / n * 1e6, "us", 0);
	store_close(s);
	map_close(m);

	start = now();
	must(map_lmdb_open(path, &o, &m, why) == OK, "open map");
	must(store_open(m, &c, &s, why) == OK, "open store");
	say("open_ms", (now() - start) * 1e3, "ms", 1000);
	must(map_stats(m, &stats) == OK, "stats");
	say("file_bytes_per_record", (double)stats.used_bytes / n, "bytes", 0);
	large_measure(s, n);

	/* a thousand at a time into this one */
	const double before = device_bytes(folder);
	start = now();
	const double busy = cpu();
	feed(s, CHUNK, CHUNK + 20000, 1000);
	say("batch_1000_per_s", 20000 / (now() - start), "1/s", 0);
	say("batch_1000_cpu_us", (cpu() - busy) / 20000 * 1e6, "us", 0);
	say("device_bytes", (device_bytes(folder) - before) / 20000, "bytes",
	    0);
	store_close(s);
	map_close(m);
	static const char *const names[] = { "data.mdb", "lock.mdb",
		"owner.lock" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]);
		unlink(file);
	}
	rmdir(path);
}

int
main(int argc, char **argv)
{
	unsigned long n = 0;

	const char *where = ".";
	char folder[200];

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--large") == 0 && i + 1 < argc)
			n = strtoul(argv[++i], NULL, 10);
		else
			where = argv[i];
	}
	must(crypto_init(), "crypto_init");
	snprintf(folder, sizeof(folder), "%s/store-bench-XXXXXX", where);
	must(mkdtemp(folder) != NULL, "make a folder");
	records_make();
	if (!json)
		printf("%-7s %6s %12s %12s %12s %12s\n", "map", "batch",
		    "records/s", "raw/s", "device B/rec", "used B/rec");
	run(folder, true, 1, 2000);
	run(folder, true, 100, 20000);
	run(folder, true, 1000, 50000);
	run(folder, true, 10000, 50000);
	run(folder, false, 1000, 50000);
	if (n > 0)
		large(folder, (uint32_t)MIN(n, 100000000));
	rmdir(folder);
	free(bytes);
	free(records);
	return 0;
}
