/* What a crawl keeps in mind and writes: rows, frontier, the k rule, diff. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/crawl/internal.h"
#include "proto/base/text.h"
#include "test_env.h"
#include "test_records.h"
#include "test_store.h"

#define NOW_S UINT64_C(1800000000)

/* The folder with folders in it. */
static void
folder_remove(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		char inner[PATH_TEXT_MAX];
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		crawl_path(inner, "%s/%s", path, e->d_name);
		if (unlink(inner) != 0)
			folder_remove(inner);
	}
	if (d != NULL)
		(void)closedir(d);
	assert_int_equal(rmdir(path), 0);
}

/* ---- rows ---- */

static const struct column columns[] = {
	{ "name", COLUMN_TEXT, true, "" },
	{ "number", COLUMN_INTEGER, false, "" },
	{ "list", COLUMN_TEXTS, false, "" },
	{ NULL, COLUMN_TEXT, false, NULL },
};
static const struct rows_kind kind = { "sample", ROWS_NDJSON, true, "",
	columns };
static const struct column csv_columns[] = {
	{ "name", COLUMN_TEXT, true, "" },
	{ "number", COLUMN_INTEGER, true, "" },
	{ NULL, COLUMN_TEXT, false, NULL },
};
static const struct rows_kind csv_kind = { "table", ROWS_CSV, false, "",
	csv_columns };

struct lines {
	json_t *list;
	char last[400];
};

static bool
on_json(void *ctx, struct slice line)
{
	struct lines *l = ctx;
	json_t *o = json_loadb((const char *)line.p, line.n, 0, NULL);

	assert_non_null(o); /* every line is JSON, whatever peers say */
	(void)json_array_append_new(l->list, o);
	return true;
}

static bool
on_text(void *ctx, struct slice line)
{
	struct lines *l = ctx;

	(void)snprintf(l->last, sizeof(l->last), "%.*s", (int)line.n, line.p);
	return true;
}

/* What peers may say of themselves, and how it is written. */
static const struct {
	const char *bytes;
	size_t n;
	const char *want;
} texts[] = {
	{ "plain", 5, "plain" },
	{ "a\"b\\c", 5, "a\"b\\c" },
	{ "line\nbreak", 10,
	    "line\xef\xbf\xbd"
	    "break" },
	{ "nul\0x", 5, "nul\xef\xbf\xbdx" },
	{ "\xff\xfe", 2, "\xef\xbf\xbd\xef\xbf\xbd" },
	{ "\xe2\x80\xae", 3, "\xef\xbf\xbd" }, /* turns text around */
	{ "caf\xc3\xa9 \xf0\x9f\x90\x9d", 10, "caf\xc3\xa9 \xf0\x9f\x90\x9d" },
};

static void
test_rows(void **state)
{
	char folder[TEST_PATH], path[PATH_TEXT_MAX];
	struct problem p;
	struct rows *r = NULL;
	struct rows_done done;
	struct lines l = { .list = json_array() };

	(void)state;
	test_folder_make(folder);
	assert_int_equal(rows_open(folder, &kind, "x", &r, &p), OK);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_t *list = json_pack("[s,s]", "one", "tw\"o");
		rows_text(r, slice_of(texts[i].bytes, texts[i].n));
		rows_integer(r, -(int64_t)i);
		rows_texts(r, list);
		rows_end(r);
		json_decref(list);
	}
	/* enough for several blocks of the compressor */
	for (size_t i = 0; i < 50000; i++) {
		json_t *list = json_array();
		rows_null(r);
		rows_integer(r, (int64_t)(i * 2654435761U));
		rows_texts(r, list);
		rows_end(r);
		json_decref(list);
	}
	crawl_path(path, "%s/sample-x.ndjson.zst", folder);
	assert_int_not_equal(access(path, F_OK), 0); /* not before its end */
	assert_int_equal(rows_close(r, &done, &p), OK);
	assert_string_equal(done.name, "sample-x.ndjson.zst");
	assert_int_equal(done.rows, 50000 + ARRAY_LEN(texts));
	assert_int_equal(lines_read(path, on_json, &l, &p), OK);
	assert_int_equal(json_array_size(l.list), done.rows);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		assert_string_equal(json_string_value(json_object_get(
					json_array_get(l.list, i), "name")),
		    texts[i].want);
	assert_true(json_is_null(
	    json_object_get(json_array_get(l.list, ARRAY_LEN(texts)), "name")));
	json_decref(l.list);
	/* cut short: told, not read as if it were whole */
	assert_int_equal(truncate(path, (off_t)done.bytes - 3), 0);
	l.list = json_array();
	assert_int_equal(lines_read(path, on_json, &l, &p), ERR_FORM);
	json_decref(l.list);
	folder_remove(folder);
}

/* What does not compress comes out of the reader in other portions. */
static void
test_rows_dense(void **state)
{
	char folder[TEST_PATH], path[PATH_TEXT_MAX], text[2001];
	struct test_env env;
	struct problem p;
	struct rows *r = NULL;
	struct rows_done done;
	struct lines l = { .list = json_array() };
	json_t *none = json_array();

	(void)state;
	test_env_init(&env, 3);
	test_folder_make(folder);
	assert_int_equal(rows_open(folder, &kind, NULL, &r, &p), OK);
	for (size_t i = 0; i < 500; i++) {
		for (size_t k = 0; k + 1 < sizeof(text); k++)
			text[k] = (char)('0' + test_random(&env) % 75);
		text[sizeof(text) - 1] = 0;
		rows_string(r, text);
		rows_integer(r, 1);
		rows_texts(r, none);
		rows_end(r);
	}
	assert_int_equal(rows_close(r, &done, &p), OK);
	crawl_path(path, "%s/sample.ndjson.zst", folder);
	assert_int_equal(lines_read(path, on_json, &l, &p), OK);
	assert_int_equal(json_array_size(l.list), 500);
	assert_string_equal(json_string_value(json_object_get(
				json_array_get(l.list, 499), "name")),
	    text);
	json_decref(l.list);
	json_decref(none);
	folder_remove(folder);
}

static void
test_csv(void **state)
{
	char folder[TEST_PATH], path[PATH_TEXT_MAX];
	struct problem p;
	struct rows *r = NULL;
	struct rows_done done;
	struct lines l = { NULL, "" };

	(void)state;
	test_folder_make(folder);
	assert_int_equal(rows_open(folder, &csv_kind, NULL, &r, &p), OK);
	rows_string(r, "a,\"b\"\n");
	rows_null(r);
	rows_end(r);
	assert_int_equal(rows_close(r, &done, &p), OK);
	crawl_path(path, "%s/table.csv", folder);
	assert_int_equal(lines_read(path, on_text, &l, &p), OK);
	assert_string_equal(l.last, "\"a,\"\"b\"\"\xef\xbf\xbd\",");
	folder_remove(folder);
}

/* ---- the frontier ---- */

struct fixture {
	struct test_env env;
	char folder[TEST_PATH], path[PATH_TEXT_MAX];
	struct frontier *f;
	struct problem p;
};

static void
fixture_open(struct fixture *x, bool create, uint64_t peers_max)
{
	const struct frontier_config cf = { .env = &x->env.env,
		.dir = x->path,
		.create = create,
		.peers_max = peers_max,
		.group_pause_s = 2 };

	if (create) {
		test_env_init(&x->env, 7);
		test_folder_make(x->folder);
		crawl_path(x->path, "%s/walk", x->folder);
	}
	assert_int_equal(frontier_open(&cf, &x->f, &x->p), OK);
}

static void
fixture_end(struct fixture *x)
{
	frontier_close(x->f);
	folder_remove(x->folder);
}

static struct peer_id
peer_number(uint32_t n)
{
	struct peer_id id = { .n = 38, .bytes = { 0, 0x24, 8, 1, 0x12, 0x20 } };

	put_u32be(id.bytes + 6, n);
	return id;
}

static err
add(struct fixture *x, uint32_t n, const char *addr)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	const struct peer_id id = peer_number(n);

	assert_int_equal(multiaddr_get(slice_str(addr), &b), OK);
	const struct slice a = buf_slice(&b);
	return frontier_add(x->f, &id, &a, 1, FRONTIER_DHT, 1, NOW_S);
}

static void
test_frontier(void **state)
{
	struct fixture x;
	struct frontier_peer p, q;

	(void)state;
	fixture_open(&x, true, 100);
	assert_int_equal(add(&x, 1, "/ip4/127.0.0.1/tcp/1"), OK);
	assert_int_equal(add(&x, 1, "/ip4/127.0.0.1/tcp/1"), ERR_EXISTS);
	assert_int_equal(add(&x, 1, "/ip4/127.0.0.1/tcp/2"), ERR_EXISTS);
	assert_int_equal(add(&x, 2, "/ip4/127.0.0.1/tcp/3"), OK);
	assert_int_equal(frontier_next(x.f, NOW_S, &p), OK);
	assert_int_equal(p.addrs_n, 2);
	assert_int_equal(frontier_next(x.f, NOW_S, &q), OK);
	assert_int_not_equal(memcmp(p.name.b, q.name.b, FRONTIER_NAME), 0);
	assert_int_equal(frontier_next(x.f, NOW_S, &q), ERR_NOTFOUND);
	/* one is visited, of the other the crawl dies */
	p.state = FRONTIER_ANSWERED;
	assert_int_equal(frontier_done(x.f, &p), OK);
	assert_int_equal(frontier_commit(x.f), OK);
	frontier_close(x.f);
	fixture_open(&x, false, 100);
	assert_int_equal(frontier_totals(x.f)->waiting, 1);
	assert_int_equal(frontier_next(x.f, NOW_S, &q), OK);
	assert_int_not_equal(memcmp(p.name.b, q.name.b, FRONTIER_NAME), 0);
	/* not now */
	q.attempts = 1;
	assert_int_equal(frontier_later(x.f, &q, NOW_S + 30), OK);
	assert_int_equal(frontier_next(x.f, NOW_S + 29, &q), ERR_NOTFOUND);
	assert_int_equal(frontier_next(x.f, NOW_S + 30, &q), OK);
	assert_int_equal(q.attempts, 1);
	fixture_end(&x);
}

/* A subnet is called at its pace, and does not fill the whole crawl. */
static void
test_subnets(void **state)
{
	struct fixture x;
	struct frontier_peer p;
	char addr[64];

	(void)state;
	fixture_open(&x, true, 1000);
	for (uint32_t i = 0; i < FRONTIER_GROUP_MAX; i++) {
		(void)snprintf(addr, sizeof(addr),
		    "/ip4/198.51.100.%" PRIu32 "/tcp/4141", i % 256);
		assert_int_equal(add(&x, i, addr), OK);
	}
	assert_int_equal(add(&x, 900, "/ip4/198.51.100.9/tcp/9"), ERR_LIMIT);
	assert_int_equal(frontier_totals(x.f)->crowded, 1);
	assert_int_equal(add(&x, 901, "/ip4/203.0.113.9/tcp/9"), OK);
	for (unsigned i = 0; i < 2; i++) /* one of each subnet */
		assert_int_equal(frontier_next(x.f, NOW_S, &p), OK);
	assert_int_equal(frontier_next(x.f, NOW_S, &p), ERR_NOTFOUND);
	assert_int_equal(frontier_next(x.f, NOW_S + 1, &p), ERR_NOTFOUND);
	assert_int_equal(frontier_next(x.f, NOW_S + 2, &p), OK);
	assert_int_equal(frontier_next(x.f, NOW_S + 2, &p), ERR_NOTFOUND);
	fixture_end(&x);
}

static void
test_room(void **state)
{
	struct fixture x;
	const struct peer_id id = peer_number(9);

	(void)state;
	fixture_open(&x, true, 2);
	assert_int_equal(add(&x, 1, "/ip4/127.0.0.1/tcp/1"), OK);
	assert_int_equal(add(&x, 2, "/ip4/127.0.0.1/tcp/2"), OK);
	assert_int_equal(add(&x, 3, "/ip4/127.0.0.1/tcp/3"), ERR_LIMIT);
	assert_int_equal(frontier_totals(x.f)->no_room, 1);
	assert_int_equal(
	    frontier_add(x.f, &id, NULL, 0, FRONTIER_DHT, 1, NOW_S), ERR_FORM);
	assert_int_equal(frontier_totals(x.f)->undiallable, 1);
	fixture_end(&x);
}

static bool
count_peers(void *ctx, const struct frontier_peer *p)
{
	unsigned *n = ctx;

	(void)p;
	++*n;
	return true;
}

/* Who opted out: neither id nor address is kept, and it is not taken in
 * again. */
static void
test_opt_out(void **state)
{
	struct fixture x;
	struct frontier_peer p, q;
	unsigned n = 0;
	json_t *info = json_pack("{s:s}", "agent", "secret/1");

	(void)state;
	fixture_open(&x, true, 100);
	assert_int_equal(add(&x, 1, "/ip4/127.0.0.1/tcp/1"), OK);
	assert_int_equal(frontier_next(x.f, NOW_S, &p), OK);
	assert_int_equal(frontier_info(x.f, &p.name, info), OK);
	p.state = FRONTIER_OPTED_OUT;
	assert_int_equal(frontier_done(x.f, &p), OK);
	assert_int_equal(add(&x, 1, "/ip4/127.0.0.1/tcp/1"), ERR_EXISTS);
	assert_int_equal(frontier_get(x.f, &p.name, &q), OK);
	assert_int_equal(q.id.n, 0);
	assert_int_equal(q.addrs_n, 0);
	assert_null(frontier_info_of(x.f, &p.name));
	assert_int_equal(frontier_totals(x.f)->opted_out, 1);
	assert_int_equal(frontier_next(x.f, NOW_S + 999, &q), ERR_NOTFOUND);
	assert_int_equal(frontier_each_peer(x.f, count_peers, &n), OK);
	assert_int_equal(n, 1);
	json_decref(info);
	fixture_end(&x);
}

/* Names of two crawls have nothing in common; of one they are the same. */
static void
test_names(void **state)
{
	struct fixture x, y;
	const struct peer_id id = peer_number(1);

	(void)state;
	fixture_open(&x, true, 10);
	fixture_open(&y, true, 10);
	const struct frontier_name a = frontier_name_of(x.f, &id);
	assert_memory_equal(frontier_key(x.f), frontier_key(y.f), FRONTIER_KEY);
	fixture_end(&y);
	struct fixture z = { .f = NULL };
	test_env_init(&z.env, 8);
	test_folder_make(z.folder);
	crawl_path(z.path, "%s/walk", z.folder);
	const struct frontier_config cf = {
		.env = &z.env.env, .dir = z.path, .create = true, .peers_max = 1
	};
	assert_int_equal(frontier_open(&cf, &z.f, &z.p), OK);
	const struct frontier_name b = frontier_name_of(z.f, &id);
	assert_memory_not_equal(a.b, b.b, FRONTIER_NAME);
	frontier_close(x.f);
	fixture_open(&x, false, 10);
	const struct frontier_name again = frontier_name_of(x.f, &id);
	assert_memory_equal(a.b, again.b, FRONTIER_NAME);
	fixture_end(&z);
	fixture_end(&x);
}

/* ---- counts ---- */

struct counted {
	struct fixture x;
	struct test_map m;
	struct store *store;
	uint8_t bytes[RECORD_BYTES_MAX];
	struct arena scratch;
};

static void
hold(struct counted *c, const struct test_record *t)
{
	const struct record_rules rules = test_rules();
	struct record r;
	struct store_item item = { .record = &r };
	const size_t n = test_record_make(t, c->bytes, sizeof(c->bytes));

	assert_int_equal(
	    record_open(slice_of(c->bytes, n), &rules, &c->scratch, &r),
	    RECORD_FINE);
	assert_int_equal(record_verify(&r, &c->scratch), RECORD_FINE);
	assert_int_equal(
	    store_apply(c->store, &item, 1, TEST_NOW, NULL, NULL), OK);
	assert_int_equal(item.outcome, RECORD_STORED);
}

static void
hold_many(struct counted *c, uint32_t k, const char *region, uint64_t first,
    uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		hold(c, &(struct test_record){
			    .author = first + i, .kind = k, .region = region });
}

static void
counted_open(struct counted *c)
{
	struct store_config sc = { .net = slice_str(TEST_NET) };
	char why[STORE_WHY];

	memset(c, 0, sizeof(*c));
	fixture_open(&c->x, true, 10);
	test_map_open(&c->m, TEST_MEMORY);
	assert_int_equal(store_open(c->m.map, &sc, &c->store, why), OK);
	c->scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
}

static void
counted_end(struct counted *c)
{
	store_close(c->store);
	test_map_close(&c->m);
	free(c->scratch.p);
	fixture_end(&c->x);
}

static bool
on_cell_line(void *ctx, struct slice line)
{
	(void)json_array_append_new(
	    ctx, json_stringn((const char *)line.p, line.n));
	return true;
}

static json_t *
count(struct counted *c, uint64_t *hidden)
{
	const struct crawl_parameters p = crawl_parameters_default();
	const struct crawl_config cf = { .dir = c->x.folder };
	struct dataset d = { .cf = &cf,
		.p = &p,
		.f = c->x.f,
		.store = c->store,
		.now_s = TEST_NOW,
		.problem = &c->x.p,
		.files = json_array() };
	struct store_view *view = NULL;
	json_t *lines = json_array();
	char path[PATH_TEXT_MAX];

	assert_int_equal(store_view_open(c->store, &view), OK);
	assert_int_equal(counts_write(&d, view), OK);
	store_view_close(view);
	crawl_path(path, "%s/counts.csv", c->x.folder);
	assert_int_equal(lines_read(path, on_cell_line, lines, &c->x.p), OK);
	assert_int_equal(json_array_size(d.files), 1);
	json_decref(d.files);
	*hidden = d.cells_hidden;
	return lines;
}

static void
assert_lines(json_t *lines, const char *const *want, size_t n)
{
	assert_int_equal(json_array_size(lines), n + 1); /* and the head */
	for (size_t i = 0; i < n; i++)
		assert_string_equal(
		    json_string_value(json_array_get(lines, i + 1)), want[i]);
	json_decref(lines);
}

/* Ten authors and three companies are shown, nine are not. */
static void
test_k_rule(void **state)
{
	static const char *const want[] = {
		"\"profile\",\"be\",\"\",\"\",10,10,",
		"\"course\",\"de\",\"\",\"\",12,12,12",
		"\"course\",\"de\",\"0102030405060708\",\"\",12,12,12",
	};
	struct counted c;
	uint64_t hidden = 0;

	(void)state;
	counted_open(&c);
	hold_many(&c, KIND_PROFILE, "be", 100, 10);
	hold_many(&c, KIND_PROFILE, "fr", 200, 9);
	hold_many(&c, KIND_COURSE, "de", 300, 12);
	hold_many(&c, KIND_COURSE, "fr", 400, 9);
	/* a tombstone counts for nothing */
	hold(&c, &(struct test_record){ .author = 409,
		     .kind = KIND_COURSE,
		     .region = "fr",
		     .flags = RECORD_FLAG_DELETED });
	assert_lines(count(&c, &hidden), want, ARRAY_LEN(want));
	assert_int_equal(hidden, 3); /* profile fr, course fr twice */
	/* once more: nothing is left of the pairs of before */
	assert_lines(count(&c, &hidden), want, ARRAY_LEN(want));
	counted_end(&c);
}

/* One company with more than four fifths of the records hides the cell. */
static void
test_dominance(void **state)
{
	static const char *const want[] = {
		"\"course\",\"at\",\"\",\"\",55,11,11",
		"\"course\",\"at\",\"0102030405060708\",\"\",55,11,11",
	};
	struct counted c;
	uint64_t hidden = 0;

	(void)state;
	counted_open(&c);
	hold_many(&c, KIND_COURSE, "at", 1, 11);
	for (uint32_t i = 1; i <= 44; i++) /* 45 of 55 is 81.8 % */
		hold(&c, &(struct test_record){ .author = 1,
			     .kind = KIND_COURSE,
			     .region = "at",
			     .slot = i });
	assert_lines(count(&c, &hidden), NULL, 0);
	assert_int_equal(hidden, 2);
	/* 44 of 55 is 80 % */
	hold(&c, &(struct test_record){ .author = 1,
		     .kind = KIND_COURSE,
		     .region = "at",
		     .slot = 44,
		     .seq = (TEST_HOUR << 8) + 1,
		     .flags = RECORD_FLAG_DELETED });
	hold(&c,
	    &(struct test_record){
		.author = 2, .kind = KIND_COURSE, .region = "at", .slot = 1 });
	assert_lines(count(&c, &hidden), want, ARRAY_LEN(want));
	counted_end(&c);
}

static void
hex_append(char *out, size_t cap, const char *text)
{
	const size_t n = strlen(out);

	(void)snprintf(out + n, cap - n, "%s", text);
}

static void
hex_key(char *out, size_t cap, uint64_t author)
{
	const struct test_author a = test_author(author);
	char hex[2 * ED25519_PUBLIC + 1];

	assert_int_equal(
	    hex_put(hex, sizeof(hex), slice_of(a.pub, sizeof(a.pub))), OK);
	hex_append(out, cap, "c420");
	hex_append(out, cap, hex);
}

/*
 * Twelve posting keys of two organisations are two companies; the same keys
 * without the organisation's word for it are twelve.
 */
static void
test_posting_keys(void **state)
{
	static const char *const want[] = {
		"\"demand\",\"de\",\"\",\"\",12,12,12",
	};
	static char payload[8192];
	struct counted c;
	uint64_t hidden = 0;

	(void)state;
	counted_open(&c);
	for (uint64_t i = 0; i < 12; i++) {
		(void)snprintf(payload, sizeof(payload),
		    "83000202"
		    "81cd656ea14104");
		hex_key(payload, sizeof(payload), 1 + i % 2);
		hold(&c, &(struct test_record){ .author = 10 + i,
			     .kind = KIND_DEMAND,
			     .payload = payload });
	}
	assert_lines(count(&c, &hidden), want, ARRAY_LEN(want));
	for (uint64_t org = 1; org <= 2; org++) {
		(void)snprintf(payload, sizeof(payload),
		    "820081cd656ea141"
		    "0a96");
		for (uint64_t i = 0; i < 12; i++)
			if (1 + i % 2 == org)
				hex_key(payload, sizeof(payload), 10 + i);
		hold(&c, &(struct test_record){ .author = org,
			     .kind = KIND_ORGANISATION,
			     .payload = payload });
	}
	assert_lines(count(&c, &hidden), NULL, 0);
	counted_end(&c);
}

/* ---- parameters ---- */

static void
test_parameters(void **state)
{
	struct crawl_parameters a = crawl_parameters_default(), b;
	json_t *o;

	(void)state;
	a.limit = 77;
	a.rate_milli = 2500;
	a.kinds[0] = UINT64_C(1) << KIND_DEMAND;
	a.kinds[1] = 0;
	a.addresses = true;
	(void)snprintf(a.contact, sizeof(a.contact), "me@example.org");
	(void)snprintf(a.network, sizeof(a.network), "test-x");
	o = parameters_json(&a);
	assert_true(parameters_take(o, &b));
	assert_int_equal(b.limit, 77);
	assert_int_equal(b.rate_milli, 2500);
	assert_int_equal(b.kinds[0], a.kinds[0]);
	assert_true(b.addresses && !b.keep_key && b.records);
	assert_string_equal(b.contact, "me@example.org");
	assert_string_equal(b.network, "test-x");
	(void)json_object_set_new(o, "visits_at_once", json_integer(0));
	assert_false(parameters_take(o, &b));
	json_decref(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_dense),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_frontier),
		cmocka_unit_test(test_subnets),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_opt_out),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_k_rule),
		cmocka_unit_test(test_dominance),
		cmocka_unit_test(test_posting_keys),
		cmocka_unit_test(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
