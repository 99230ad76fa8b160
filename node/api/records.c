/* Records over the API: list and show. */
#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/api/feed.h"

/* ---- listing ---- */

struct filter {
	uint32_t kind; /* 0: any */
	const char *region;
	bool by_author;
	uint8_t author[RECORD_AUTHOR];
	uint64_t now_s;
};

static bool
passes(const struct filter *f, const struct store_record *s)
{
	if (s->expires_h <= f->now_s / 3600 ||
	    (f->kind != 0 && s->kind != f->kind) ||
	    (f->region != NULL && strcmp(f->region, s->region) != 0))
		return false;
	return !f->by_author ||
	       memcmp(f->author, s->author, RECORD_AUTHOR) == 0;
}

/* What tells whether it is this node's. */
static void
own_drop(json_t *o)
{
	static const char *const keys[] = { "own", "heard", "on_its_way" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		(void)json_object_del(o, keys[i]);
}

struct page {
	struct task *t;
	struct filter filter;
	struct reader rd;
	uint32_t language;
	uint64_t limit, cursor, last;
	bool more, strange;
	uint64_t *ring; /* by author, newest: the last ${limit} + 1 */
	uint64_t ring_n;
	json_t *list;
};

static void
page_add(struct page *p, const struct store_record *s)
{
	struct slice title;
	json_t *o =
	    record_json(&p->rd, s, p->t->terms->vocabulary, p->language, false);

	if (o == NULL)
		return;
	if (p->strange)
		own_drop(o);
	p->last = s->rid;
	if ((s->kind == KIND_DEMAND || s->kind == KIND_COURSE) &&
	    text_pick(value_find(&p->rd.payload, 2), p->language, &title))
		json_text(o, "title", title);
	else if (s->kind == KIND_ORGANISATION &&
		 text_pick(value_find(&p->rd.payload, 0), p->language, &title))
		json_text(o, "title", title);
	(void)json_array_append_new(p->list, o);
}

static bool
on_forward(void *ctx, const struct store_record *s)
{
	struct page *p = ctx;

	if (!passes(&p->filter, s) || (p->strange && store_is_hidden(s)))
		return true;
	p->more = json_array_size(p->list) >= p->limit;
	if (!p->more)
		page_add(p, s);
	return !p->more;
}

static bool
on_author(void *ctx, const struct store_record *s)
{
	struct page *p = ctx;

	if (s->rid >= p->cursor)
		return false;
	if (passes(&p->filter, s))
		p->ring[p->ring_n++ % (p->limit + 1)] = s->rid;
	return true;
}

/* The newest records of one author below the cursor. */
static err
list_author(struct page *p)
{
	struct store_record s;

	p->ring = calloc(p->limit + 1, sizeof(*p->ring));
	if (p->ring == NULL)
		return ERR_NOMEM;
	TRY(store_each_author(
	    p->t->view, p->filter.author, p->filter.kind, on_author, p));
	for (uint64_t i = 0; i < MIN(p->ring_n, p->limit); i++) {
		const uint64_t at = (p->ring_n - 1 - i) % (p->limit + 1);
		if (store_get_rid(p->t->view, p->ring[at], &s) == OK)
			page_add(p, &s);
	}
	p->more = p->ring_n > p->limit;
	return OK;
}

/* From the newest, or the cursor, back; gaps in the numbers are skipped. */
static err
list_newest(struct page *p)
{
	struct store_totals totals;
	struct store_record s;

	TRY(store_totals(p->t->view, &totals));
	for (uint64_t rid = MIN(totals.next_rid, p->cursor);
	     rid-- > 1 && !p->more;) {
		const err e = store_get_rid(p->t->view, rid, &s);
		if (e == OK)
			(void)on_forward(p, &s);
		else if (e != ERR_NOTFOUND)
			return e;
	}
	return OK;
}

static void
list_run(struct task *t)
{
	struct page p = { .t = t };
	json_t *in = t->input, *o;
	const char *author = json_string_value(json_object_get(in, "author"));
	const bool arrival = json_is_true(json_object_get(in, "arrival"));
	err e;

	p.filter.now_s = t->now_s;
	p.filter.kind =
	    (uint32_t)json_integer_value(json_object_get(in, "kind"));
	p.filter.region = json_string_value(json_object_get(in, "region"));
	p.language =
	    (uint32_t)json_integer_value(json_object_get(in, "language"));
	p.limit = (uint64_t)json_integer_value(json_object_get(in, "limit"));
	p.cursor = (uint64_t)json_integer_value(json_object_get(in, "cursor"));
	p.strange = json_is_true(json_object_get(in, "strange"));
	p.filter.by_author = author != NULL;
	if (author != NULL &&
	    did_key_get(slice_str(author), p.filter.author) != OK) {
		task_fail(t, 422, "E3501", "did:key:z6Mk...",
		    "the author is not a did:key");
		return;
	}
	p.list = json_array();
	e = reader_init(&p.rd);
	/* A stranger sees what others see, by walks that show no more. */
	if (e == OK && arrival)
		e = (p.strange ? store_each_open : store_each_arrival)(
		    t->view, p.cursor, on_forward, &p);
	else if (e == OK && author != NULL && !p.strange)
		e = list_author(&p);
	else if (e == OK)
		e = list_newest(&p);
	reader_fini(&p.rd);
	free(p.ring);
	if (e != OK) {
		json_decref(p.list);
		task_fail(t, 500, "E3902", "ohcn store check",
		    "the store cannot be read: %s", err_name(e));
		return;
	}
	o = json_object();
	(void)json_object_set_new(
	    o, "order", json_string(arrival ? "arrival" : "newest"));
	(void)json_object_set_new(o, "cursor",
	    p.more ? json_sprintf("%" PRIu64, p.last) : json_null());
	(void)json_object_set_new(o, "records", p.list);
	t->result = o;
}

/* Puts ?kind= into ${input}; false: answered. */
static bool
kind_input(struct http_request *r, json_t *input)
{
	const char *kind = http_query(r, "kind");

	if (kind == NULL || kind[0] == 0)
		return true;
	const uint32_t k = kind_by_name(kind);
	if (k == 0) {
		http_fail(r, 422, "E3502", "kind",
		    "profile, organisation, demand, course, ...",
		    "there is no kind \"%.40s\"", kind);
		return false;
	}
	json_uint(input, "kind", k);
	return true;
}

static void
text_input(const struct http_request *r, const char *name, json_t *input)
{
	const char *text = http_query(r, name);

	if (text != NULL && text[0] != 0)
		(void)json_object_set_new(input, name, json_string(text));
}

void
api_records(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *order = http_query(r, "order");
	const bool arrival = order != NULL && strcmp(order, "arrival") == 0;
	uint64_t limit = 0, cursor = 0;
	json_t *input = json_object();

	if (!http_query_range(r, "limit", 1,
		MIN((uint64_t)LIST_DEFAULT, n->config->limits.list_rows),
		n->config->limits.list_rows, &limit) ||
	    !http_query_uint(r, "cursor", 0, INT64_MAX, &cursor) ||
	    !kind_input(r, input)) {
		json_decref(input);
		return;
	}
	text_input(r, "region", input);
	text_input(r, "author", input);
	json_uint(input, "limit", limit);
	json_uint(input, "language", language_of(n, r));
	if (http_query(r, "cursor") == NULL && !arrival)
		cursor = INT64_MAX;
	json_uint(input, "cursor", cursor);
	json_truth(input, "arrival", arrival);
	json_truth(input, "strange", strange(r));
	task_start(n, r, list_run, input);
}

static void
show_run(struct task *t)
{
	struct store_record s;
	struct reader rd;

	if (!find_record(t,
		json_string_value(json_object_get(t->input, "record")), 0, &s))
		return;
	if (reader_init(&rd) != OK) {
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
		return;
	}
	const bool strange = json_is_true(json_object_get(t->input, "strange"));
	if (strange && store_is_hidden(&s)) {
		reader_fini(&rd);
		task_fail(t, 404, "E3503", "ohcn record list",
		    "there is no such record");
		return;
	}
	t->result = record_json(&rd, &s, t->terms->vocabulary,
	    (uint32_t)json_integer_value(json_object_get(t->input, "language")),
	    true);
	reader_fini(&rd);
	if (strange)
		own_drop(t->result);
	if (t->result == NULL)
		task_fail(t, 500, "E3902", "ohcn store check",
		    "the record on our disk cannot be read");
}

void
api_record(struct http_request *r, void *ctx)
{
	json_t *input = json_object();

	(void)json_object_set_new(
	    input, "record", json_string(http_param(r, "id")));
	json_uint(input, "language", language_of(ctx, r));
	json_truth(input, "strange", strange(r));
	task_start(ctx, r, show_run, input);
}
