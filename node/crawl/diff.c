/*
 * crawl/diff.c: what changed between two data sets. Records are compared by
 * id, and by (author, kind, slot) for those that were replaced; counts by
 * their cells, so that the k rule of both holds. Peers have other names in
 * each crawl: of them only numbers are compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "node/base/paths.h"
#include "node/crawl/internal.h"

#define RECORDS_MAX (UINT64_C(20) << 20) /* of one data set: 1 GiB */
#define FILE_MAX    (64U << 20)

/* A record of one data set. */
struct item {
	uint8_t slot[12]; /* hash of author, kind, slot */
	uint8_t id[12];   /* of its id */
	uint8_t kind;
	char region[2];
	bool deleted;
};

struct items {
	struct item *v;
	size_t n, cap;
	err e;
	bool many;
};

static uint8_t
kind_of(const char *name)
{
	const uint32_t k = name == NULL ? 0 : kind_by_name(name);

	return k == 0 ? KIND_LAST + 1 : (uint8_t)k;
}

static const char *
kind_name(uint8_t kind)
{
	return kind > KIND_LAST ? "open" : kind_info(kind)->name;
}

static bool
item_read(const json_t *o, struct item *out)
{
	const char *id = json_string_value(json_object_get(o, "id"));
	const char *author = json_string_value(json_object_get(o, "author"));
	const char *kind = json_string_value(json_object_get(o, "kind"));
	const char *region = json_string_value(json_object_get(o, "region"));
	char number[48];

	if (id == NULL || author == NULL || kind == NULL || region == NULL ||
	    strlen(region) != 2)
		return false;
	(void)snprintf(number, sizeof(number), "%" PRId64 " %" PRId64,
	    (int64_t)json_integer_value(json_object_get(o, "kind_number")),
	    (int64_t)json_integer_value(json_object_get(o, "slot")));
	const struct crypto_part slot[] = { { author, strlen(author) },
		{ number, strlen(number) } };
	const struct crypto_part whole = { id, strlen(id) };
	hash_blake2b(out->slot, sizeof(out->slot), "ohcn-diff", slot, 2);
	hash_blake2b(out->id, sizeof(out->id), "ohcn-diff", &whole, 1);
	out->kind = kind_of(kind);
	memcpy(out->region, region, 2);
	out->deleted = json_is_true(json_object_get(o, "deleted"));
	return true;
}

static bool
on_line(void *ctx, struct slice line)
{
	struct items *s = ctx;
	json_t *o = json_loadb((const char *)line.p, line.n, 0, NULL);

	s->many = s->n == RECORDS_MAX;
	if (s->n == s->cap && !s->many) {
		const size_t cap = MAX((size_t)1024, 2 * s->cap);
		struct item *more = realloc(s->v, cap * sizeof(*more));
		if (more == NULL)
			s->e = ERR_NOMEM;
		else
			s->v = more;
		s->cap = more == NULL ? s->cap : cap;
	}
	if (s->e == OK && !s->many) {
		if (o == NULL || !item_read(o, &s->v[s->n]))
			s->e = ERR_FORM;
		else
			s->n++;
	}
	json_decref(o);
	return s->e == OK && !s->many;
}

static int
item_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return memcmp(x->slot, y->slot, sizeof(x->slot));
}

static json_t *
manifest_read(const char *dir, struct problem *p)
{
	char path[PATH_TEXT_MAX];
	struct slice text;
	json_t *o;

	crawl_path(path, "%s/%s", dir, CRAWL_MANIFEST);
	if (file_read(path, FILE_MAX, &text, p) != OK)
		return NULL;
	o = json_loadb((const char *)text.p, text.n, 0, NULL);
	free((void *)(uintptr_t)text.p);
	const char *schema = json_string_value(json_object_get(o, "schema"));
	if (schema == NULL || strcmp(schema, "ohcn.crawl/1") != 0 ||
	    !json_is_array(json_object_get(o, "files"))) {
		problem_set(p, EXIT_DAMAGED, "E1026",
		    "%s is no data set of a crawl that has ended", dir);
		json_decref(o);
		return NULL;
	}
	return o;
}

static err
items_read(const char *dir, const json_t *manifest, struct items *out,
    struct problem *p)
{
	size_t i;
	json_t *file;

	*out = (struct items){ 0 };
	json_array_foreach(json_object_get(manifest, "files"), i, file)
	{
		const char *name =
		    json_string_value(json_object_get(file, "name"));
		char path[PATH_TEXT_MAX];
		if (name == NULL || strncmp(name, "records-", 8) != 0 ||
		    strchr(name, '/') != NULL)
			continue;
		crawl_path(path, "%s/%s", dir, name);
		TRY(lines_read(path, on_line, out, p));
		if (out->many || out->e != OK) {
			problem_set(p,
			    out->many ? EXIT_TEMPORARY : EXIT_DAMAGED, "E1027",
			    "%s %s", path,
			    out->many ? "brings more than 20 million records; "
					"compare with DuckDB"
				      : "cannot be read");
			return out->many ? ERR_LIMIT : out->e;
		}
	}
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(out->v[0]), item_order);
	return OK;
}

/* ---- records ---- */

/* Changes of one kind and region. */
struct tally {
	uint8_t kind;
	char region[2];
	uint64_t before, after, appeared, vanished, changed, deleted;
};

struct tallies {
	struct tally *v;
	size_t n, cap;
	bool no_memory;
};

static struct tally *
tally_of(struct tallies *t, const struct item *at)
{
	static struct tally nowhere;

	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].kind == at->kind &&
		    memcmp(t->v[i].region, at->region, 2) == 0)
			return &t->v[i];
	if (t->n == t->cap) {
		const size_t cap = MAX((size_t)64, 2 * t->cap);
		struct tally *more = realloc(t->v, cap * sizeof(*more));
		if (more == NULL) {
			t->no_memory = true;
			return &nowhere;
		}
		t->v = more;
		t->cap = cap;
	}
	t->v[t->n] = (struct tally){ .kind = at->kind };
	memcpy(t->v[t->n].region, at->region, 2);
	return &t->v[t->n++];
}

static void
compare_items(const struct items *a, const struct items *b, struct tallies *t)
{
	size_t i = 0, k = 0;

	while (i < a->n || k < b->n) {
		const int order = i == a->n   ? 1
				  : k == b->n ? -1
					      : item_order(&a->v[i], &b->v[k]);
		if (order < 0) {
			struct tally *at = tally_of(t, &a->v[i++]);
			at->before++;
			at->vanished++;
		} else if (order > 0) {
			struct tally *at = tally_of(t, &b->v[k++]);
			at->after++;
			at->appeared++;
		} else {
			const struct item *x = &a->v[i++], *y = &b->v[k++];
			tally_of(t, x)->before++;
			struct tally *at = tally_of(t, y);
			at->after++;
			if (memcmp(x->id, y->id, sizeof(x->id)) != 0) {
				at->changed++;
				at->deleted += y->deleted && !x->deleted;
			}
		}
	}
}

static int
tally_order(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return memcmp(x->region, y->region, 2);
}

static json_t *
tallies_json(struct tallies *t)
{
	json_t *list = json_array();

	if (t->n > 0)
		qsort(t->v, t->n, sizeof(t->v[0]), tally_order);
	for (size_t i = 0; i < t->n; i++) {
		const struct tally *x = &t->v[i];
		char region[3] = { x->region[0], x->region[1], 0 };
		if (x->appeared + x->vanished + x->changed == 0)
			continue;
		(void)json_array_append_new(list,
		    json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "kind",
			kind_name(x->kind), "region", region, "before",
			(json_int_t)x->before, "after", (json_int_t)x->after,
			"appeared", (json_int_t)x->appeared, "vanished",
			(json_int_t)x->vanished, "changed",
			(json_int_t)x->changed, "deleted",
			(json_int_t)x->deleted));
	}
	return list;
}

/* ---- cells of counts.csv ---- */

/* {"kind,region,term": [label, records, authors]} */
static bool
on_cell(void *ctx, struct slice line)
{
	json_t *cells = ctx;
	char fields[7][400] = { "" };
	size_t n = 0, len = 0;
	bool quoted = false;
	char key[40];

	for (size_t i = 0; i < line.n && n < ARRAY_LEN(fields); i++) {
		const char ch = (char)line.p[i];
		if (ch == '"' && quoted && i + 1 < line.n &&
		    line.p[i + 1] == '"') {
			i++;
		} else if (ch == '"') {
			quoted = !quoted;
			continue;
		} else if (ch == ',' && !quoted) {
			n++;
			len = 0;
			continue;
		}
		if (len + 1 < sizeof(fields[0])) {
			fields[n][len++] = ch;
			fields[n][len] = 0;
		}
	}
	if (n < 5 || strcmp(fields[0], "kind") == 0)
		return true;
	(void)snprintf(key, sizeof(key), "%.15s,%.2s,%.16s", fields[0],
	    fields[1], fields[2]);
	(void)json_object_set_new(cells, key,
	    json_pack("[s,I,I]", fields[3],
		(json_int_t)strtoll(fields[4], NULL, 10),
		(json_int_t)strtoll(fields[5], NULL, 10)));
	return true;
}

static err
cells_read(const char *dir, json_t *out, struct problem *p)
{
	char path[PATH_TEXT_MAX];

	crawl_path(path, "%s/counts.csv", dir);
	if (access(path, F_OK) != 0)
		return OK; /* a crawl without records */
	return lines_read(path, on_cell, out, p);
}

static void
cell_put(json_t *list, const char *key, const json_t *a, const json_t *b)
{
	char kind[16] = "", region[3] = "", term[17] = "";
	const json_t *some = b != NULL ? b : a;
	const char *at = strchr(key, ',');

	(void)snprintf(kind, sizeof(kind), "%.*s", (int)(at - key), key);
	(void)snprintf(region, sizeof(region), "%.2s", at + 1);
	(void)snprintf(term, sizeof(term), "%s", at + 4);
	json_t *o = json_pack("{s:s,s:s,s:s,s:O,s:s}", "kind", kind, "region",
	    region, "term", term, "label", json_array_get(some, 0), "what",
	    a == NULL   ? "appeared"
	    : b == NULL ? "vanished"
			: "changed");
	for (size_t i = 1; i <= 2; i++) {
		const char *name = i == 1 ? "records" : "authors";
		char before[24];
		(void)snprintf(before, sizeof(before), "%s_before", name);
		if (a != NULL)
			(void)json_object_set(o, before, json_array_get(a, i));
		else
			(void)json_object_set_new(o, before, json_null());
		if (b != NULL)
			(void)json_object_set(o, name, json_array_get(b, i));
		else
			(void)json_object_set_new(o, name, json_null());
	}
	(void)json_array_append_new(list, o);
}

static json_t *
cells_json(json_t *a, json_t *b)
{
	json_t *list = json_array(), *v;
	const char *key;

	json_object_foreach(a, key, v)
	{
		json_t *now = json_object_get(b, key);
		if (now == NULL || !json_equal(v, now))
			cell_put(list, key, v, now);
	}
	json_object_foreach(b, key, v)
	{
		if (json_object_get(a, key) == NULL)
			cell_put(list, key, NULL, v);
	}
	return list;
}

/* ---- the whole ---- */

static json_t *
network_json(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "peers_heard_of", "answered",
		"unreachable", "opted_out", "other_network", "waiting", "edges",
		"records" };
	const json_t *x = json_object_get(a, "counts");
	const json_t *y = json_object_get(b, "counts");
	json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const json_int_t before =
		    json_integer_value(json_object_get(x, keys[i]));
		const json_int_t after =
		    json_integer_value(json_object_get(y, keys[i]));
		(void)json_object_set_new(o, keys[i],
		    json_pack("{s:I,s:I,s:I}", "before", before, "after", after,
			"change", after - before));
	}
	return o;
}

static json_t *
side_json(const char *dir, const json_t *m)
{
	json_t *o = json_pack("{s:s}", "folder", dir);
	static const char *const keys[] = { "crawl", "network", "state",
		"begin", "end" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		json_t *v = json_object_get(m, keys[i]);
		if (v != NULL)
			(void)json_object_set(o, keys[i], v);
	}
	return o;
}

/* What makes the numbers of two crawls hard to compare. */
static json_t *
notes_json(const json_t *a, const json_t *b)
{
	json_t *list = json_array();
	const json_t *m[] = { a, b };

	if (!json_equal(
		json_object_get(a, "network"), json_object_get(b, "network")))
		(void)json_array_append_new(
		    list, json_string("these are two networks"));
	for (size_t i = 0; i < 2; i++) {
		const char *state =
		    json_string_value(json_object_get(m[i], "state"));
		const char *end =
		    json_string_value(json_object_get(m[i], "ended_by"));
		if (state != NULL && strcmp(state, "complete") != 0)
			(void)json_array_append_new(
			    list, json_sprintf("the %s crawl is partial",
				      i == 0 ? "first" : "second"));
		else if (end != NULL && strstr(end, "limit") != NULL)
			(void)json_array_append_new(list,
			    json_sprintf("the %s crawl ended at its limit",
				i == 0 ? "first" : "second"));
	}
	if (!json_equal(
		json_object_get(json_object_get(a, "parameters"), "kinds"),
		json_object_get(json_object_get(b, "parameters"), "kinds")))
		(void)json_array_append_new(
		    list, json_string("they were asked for other kinds"));
	return list;
}

err
crawl_diff(const char *a, const char *b, json_t **out, struct problem *p)
{
	struct items before = { 0 }, after = { 0 };
	struct tallies t = { 0 };
	json_t *x = manifest_read(a, p);
	json_t *y = x == NULL ? NULL : manifest_read(b, p);
	json_t *cells_a = json_object(), *cells_b = json_object();
	err e = x == NULL || y == NULL ? ERR_FORM : OK;

	if (e == OK)
		e = items_read(a, x, &before, p);
	if (e == OK)
		e = items_read(b, y, &after, p);
	if (e == OK)
		e = cells_read(a, cells_a, p);
	if (e == OK)
		e = cells_read(b, cells_b, p);
	if (e == OK) {
		compare_items(&before, &after, &t);
		*out = json_object();
		(void)json_object_set_new(*out, "from", side_json(a, x));
		(void)json_object_set_new(*out, "to", side_json(b, y));
		(void)json_object_set_new(*out, "notes", notes_json(x, y));
		(void)json_object_set_new(*out, "network", network_json(x, y));
		(void)json_object_set_new(*out, "records", tallies_json(&t));
		(void)json_object_set_new(
		    *out, "terms", cells_json(cells_a, cells_b));
	}
	if (e == OK && t.no_memory)
		e = ERR_NOMEM;
	json_decref(cells_a);
	json_decref(cells_b);
	json_decref(x);
	json_decref(y);
	free(before.v);
	free(after.v);
	free(t.v);
	return e;
}
