/*
 * crawl/counts.c: records by kind, region and term, as far as groups are not
 * small: at least 10 authors in a cell, and where companies publish, at least
 * 3 of them, none with more than 80 % of the cell's records.
 *
 * An author's company is the organisation that its record names, when that
 * organisation's own record lists the author; else the author itself.
 *
 * The pairs are sorted on disk, so that memory does not grow with them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/core.h"
#include "node/crawl/internal.h"
#include "proto/record/schema.h"

#define K_AUTHORS   10
#define K_COMPANIES 3
#define SHARE       80 /* per cent */
#define BUFFER      65536
#define LABEL       0x656e /* "en" */

/* kind, region, term; then which of the two lists, then its entry. */
#define CELL      (1 + 2 + 8)
#define KEY       (CELL + 1 + 8 + 8)
#define TERMS_MAX 512

enum { LIST_AUTHORS, LIST_COMPANIES };

struct counting {
	struct dataset *d;
	struct store_view *view;
	struct arena record_scratch, value_scratch, other_scratch;
	uint8_t (*keys)[KEY];
	size_t n;
	err e;
};

static bool
is_of_companies(uint32_t kind)
{
	switch (kind) {
	case KIND_ORGANISATION:
	case KIND_DEMAND:
	case KIND_COURSE:
	case KIND_ASSESSMENT:
	case KIND_PATHWAY:
	case KIND_STATISTIC:
		return true;
	default:
		return false;
	}
}

/* ---- the pairs ---- */

static int
key_order(const void *a, const void *b)
{
	return memcmp(a, b, KEY);
}

static void
spill(struct counting *c)
{
	qsort(c->keys, c->n, KEY, key_order);
	for (size_t i = 0; i < c->n && c->e == OK; i++)
		if (i == 0 || memcmp(c->keys[i - 1], c->keys[i], KEY) != 0)
			c->e = frontier_sort_add(
			    c->d->f, slice_of(c->keys[i], KEY));
	c->n = 0;
	if (c->e == OK)
		c->e = frontier_commit(c->d->f);
}

static void
pair(struct counting *c, const struct record *r, uint64_t term, uint8_t list,
    const uint8_t *first, const uint8_t *second)
{
	if (c->n == BUFFER)
		spill(c);
	uint8_t *k = c->keys[c->n++];
	k[0] = (uint8_t)r->kind;
	memcpy(k + 1, r->region, 2);
	put_u64be(k + 3, term);
	k[CELL] = list;
	memcpy(k + CELL + 1, first, 8);
	if (second != NULL)
		memcpy(k + CELL + 9, second, 8);
	else
		memset(k + CELL + 9, 0, 8);
}

/* ---- whose record it is ---- */

static bool
lists_author(
    struct counting *c, const struct store_record *s, const uint8_t *author)
{
	const struct schema *schema = schema_latest(KIND_ORGANISATION);
	const struct field *f =
	    field_find(schema->fields, slice_str("posting_keys"));
	struct record r;
	struct value payload;

	arena_reset(&c->other_scratch);
	if (record_read(s->bytes, &c->record_scratch, &r) != RECORD_FINE ||
	    value_parse(r.payload, &c->other_scratch, &payload) != OK ||
	    payload.type != VALUE_MAP)
		return false;
	const struct value *keys = value_find(&payload, f->key);
	if (keys == NULL || keys->type != VALUE_ARRAY)
		return false;
	for (uint32_t i = 0; i < keys->n; i++)
		if (keys->items[i].type == VALUE_BIN &&
		    slice_eq(keys->items[i].s, slice_of(author, RECORD_AUTHOR)))
			return true;
	return false;
}

static void
company_of(struct counting *c, const struct record *r,
    const struct schema *schema, const struct value *payload, uint8_t out[8])
{
	const struct field *f =
	    field_find(schema->fields, slice_str("organisation"));
	const struct value *said =
	    f == NULL ? NULL : value_find(payload, f->key);
	struct store_record s;

	memcpy(out, r->author, 8);
	if (said == NULL || said->type != VALUE_BIN ||
	    said->s.n != RECORD_AUTHOR ||
	    store_get_slot(c->view, said->s.p, KIND_ORGANISATION, 0, &s) !=
		OK ||
	    s.deleted)
		return;
	if (lists_author(c, &s, r->author))
		memcpy(out, said->s.p, 8);
}

/* ---- the terms of a payload ---- */

struct terms_found {
	uint64_t terms[TERMS_MAX];
	size_t n;
};

static void
find_terms(const struct field *f, const struct value *v, struct terms_found *t)
{
	if (f->type == FIELD_TERM && v->type == VALUE_BIN &&
	    v->s.n == TERM_ID && t->n < TERMS_MAX) {
		t->terms[t->n++] = get_u64be(v->s.p);
	} else if (f->type == FIELD_LIST && v->type == VALUE_ARRAY) {
		for (uint32_t i = 0; i < v->n; i++)
			find_terms(f->element, &v->items[i], t);
	} else if (f->type == FIELD_MAP && v->type == VALUE_MAP) {
		for (const struct field *of = f->fields; of->name != NULL;
		     of++) {
			const struct value *in = value_find(v, of->key);
			if (in != NULL)
				find_terms(of, in, t);
		}
	}
}

static bool
on_record(void *ctx, const struct store_record *s)
{
	struct counting *c = ctx;
	const struct schema *schema;
	struct terms_found t = { .n = 0 };
	struct value payload;
	struct record r;
	uint8_t company[8];

	if (s->expires_h <= c->d->now_s / 3600 || s->deleted || s->opaque ||
	    s->kind > KIND_LAST || (c->d->p->kinds[0] >> s->kind & 1) == 0 ||
	    record_read(s->bytes, &c->record_scratch, &r) != RECORD_FINE)
		return c->e == OK;
	schema = schema_of(r.kind, r.pv);
	arena_reset(&c->value_scratch);
	if (schema == NULL ||
	    value_parse(r.payload, &c->value_scratch, &payload) != OK ||
	    payload.type != VALUE_MAP)
		return c->e == OK;
	const struct field whole = { .type = FIELD_MAP,
		.fields = schema->fields };
	t.terms[t.n++] = 0; /* all of kind and region */
	if (r.kind != KIND_VOCABULARY)
		find_terms(&whole, &payload, &t);
	/* company_of() reads into the scratch of the record: last. */
	const struct record copy = r;
	company_of(c, &copy, schema, &payload, company);
	for (size_t i = 0; i < t.n; i++) {
		pair(c, &copy, t.terms[i], LIST_AUTHORS, copy.author, NULL);
		pair(c, &copy, t.terms[i], LIST_COMPANIES, company, copy.id);
	}
	return c->e == OK;
}

/* ---- the cells ---- */

struct cells {
	struct dataset *d;
	struct rows *rows;
	struct vocabulary *vocabulary;
	uint8_t cell[CELL], company[8];
	bool any;
	uint64_t authors, records, companies, of_company, largest;
};

static void
put_cell(struct cells *x)
{
	const uint32_t kind = x->cell[0];
	const bool companies = is_of_companies(kind);
	const uint64_t term = get_u64be(x->cell + 3);
	const uint32_t at = vocabulary_find(x->vocabulary, term);
	char text[17] = "";

	x->largest = MAX(x->largest, x->of_company);
	if (x->authors < K_AUTHORS ||
	    (companies && (x->companies < K_COMPANIES ||
			      x->largest * 100 > x->records * SHARE))) {
		x->d->cells_hidden++;
		return;
	}
	x->d->cells_shown++;
	rows_string(x->rows, kind_info(kind)->name);
	rows_text(x->rows, slice_of(x->cell + 1, 2));
	if (term != 0)
		(void)snprintf(text, sizeof(text), "%016" PRIx64, term);
	rows_string(x->rows, text);
	rows_text(
	    x->rows, term == 0 || at == TERM_NOWHERE
			 ? slice_str("")
			 : vocabulary_label(x->vocabulary, at, LABEL, NULL));
	rows_integer(x->rows, (int64_t)x->records);
	rows_integer(x->rows, (int64_t)x->authors);
	if (companies)
		rows_integer(x->rows, (int64_t)x->companies);
	else
		rows_null(x->rows);
	rows_end(x->rows);
}

static void
next_cell(struct cells *x, const uint8_t *key)
{
	if (x->any)
		put_cell(x);
	x->any = true;
	memcpy(x->cell, key, CELL);
	x->authors = x->records = x->companies = 0;
	x->of_company = x->largest = 0;
}

static bool
on_pair(void *ctx, struct slice key)
{
	struct cells *x = ctx;
	const uint8_t *company = key.p + CELL + 1;

	if (key.n != KEY)
		return true;
	if (!x->any || memcmp(x->cell, key.p, CELL) != 0)
		next_cell(x, key.p);
	if (key.p[CELL] == LIST_AUTHORS) {
		x->authors++;
		return true;
	}
	x->records++;
	if (x->companies == 0 || memcmp(x->company, company, 8) != 0) {
		memcpy(x->company, company, 8);
		x->companies++;
		x->largest = MAX(x->largest, x->of_company);
		x->of_company = 0;
	}
	x->of_company++;
	return true;
}

static err
cells_write(struct dataset *d)
{
	struct cells x = { .d = d };
	struct rows_done done;
	err e;

	TRY(core_vocabulary_new(&x.vocabulary));
	e = rows_open(
	    d->cf->dir, &rows_kinds[ROWS_COUNTS], NULL, &x.rows, d->problem);
	if (e != OK)
		goto fail1;
	e = frontier_sort_each(d->f, on_pair, &x);
	if (e != OK) {
		rows_drop(x.rows);
		goto fail1;
	}
	if (x.any)
		put_cell(&x);
	e = rows_close(x.rows, &done, d->problem);
	if (e == OK)
		dataset_file(d, &done, "counts");
fail1:
	vocabulary_free(x.vocabulary);
	return e;
}

err
counts_write(struct dataset *d, struct store_view *view)
{
	struct counting c = { .d = d, .view = view };

	c.keys = malloc(BUFFER * sizeof(*c.keys));
	c.record_scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	c.value_scratch =
	    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	c.other_scratch =
	    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	c.e = c.keys == NULL || c.record_scratch.p == NULL ||
		      c.value_scratch.p == NULL || c.other_scratch.p == NULL
		  ? ERR_NOMEM
		  : frontier_sort_clear(d->f); /* of a run before */
	err e = c.e;
	if (e == OK)
		e = store_each_time(
		    view, 0, (1U << RECORD_CLASSES) - 1, on_record, &c);
	if (e == OK)
		spill(&c);
	e = e == OK ? c.e : e;
	if (e == OK)
		e = cells_write(d);
	if (e == OK)
		e = frontier_sort_clear(d->f);
	if (e == OK)
		e = frontier_commit(d->f);
	free(c.keys);
	free(c.record_scratch.p);
	free(c.value_scratch.p);
	free(c.other_scratch.p);
	return e;
}
