/*
 * GET /signals: how many organisations ask for a term in a region, and how
 * many people hold or want it, from what this node holds. Small groups are
 * not shown. These are counts of public records that anybody can make, so
 * nothing is gained by noise.
 */
#include <stdlib.h>

#include "node/api/feed.h"

#define K_PEOPLE        10 /* authors; may be raised, never lowered */
#define K_ORGANISATIONS 3
#define K_MAX           1000000
#define CELLS_MAX       65536
#define ENTRIES_MAX     4000000 /* (author, term) pairs: 96 MB */

enum column { DEMAND, SUPPLY, WANTED, COLUMNS };

struct counts {
	struct scan_cell *cells;
	size_t n;
};

static err
count_column(struct task *t, enum column c, uint32_t kind, struct counts *out)
{
	struct feed *f = feed_open(t, kind, false);
	err e;

	if (f == NULL)
		return ERR_IO;
	out->cells = malloc(CELLS_MAX * sizeof(*out->cells));
	if (out->cells == NULL) {
		e = ERR_NOMEM;
	} else if (c == DEMAND) {
		const struct posting_source source = feed_postings(f);
		e = scan_count_postings(&t->meaning, &source, 1, ENTRIES_MAX,
		    out->cells, CELLS_MAX, &out->n);
	} else {
		const struct card_source source = feed_cards(f);
		e = scan_count_people(&t->meaning, &source,
		    c == SUPPLY ? COUNT_HELD : COUNT_WANTED, 1, ENTRIES_MAX,
		    out->cells, CELLS_MAX, &out->n);
	}
	feed_close(f);
	return e;
}

static int
cell_order(const struct scan_cell *a, const struct scan_cell *b)
{
	if (a->term != b->term)
		return a->term < b->term ? -1 : 1;
	return strcmp(a->region, b->region);
}

/* One line of the answer. */
struct line {
	const struct scan_cell *cell; /* term and region */
	uint32_t count[COLUMNS];
};

static void
put_count(json_t *o, const char *key, uint32_t count, uint32_t k)
{
	if (count >= k)
		json_uint(o, key, count);
	else
		(void)json_object_set_new(o, key, json_null());
}

static json_t *
line_json(const struct label_scope *s, const struct line *l, uint32_t k_people,
    uint32_t k_organisations)
{
	json_t *o = term_json(s, l->cell->term);

	(void)json_object_set_new(o, "region", json_string(l->cell->region));
	put_count(o, "demand", l->count[DEMAND], k_organisations);
	put_count(o, "supply", l->count[SUPPLY], k_people);
	put_count(o, "wanted", l->count[WANTED], k_people);
	return o;
}

/* Most asked for first, then most held, then by term and region. */
static int
by_size(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	for (int c = 0; c < COLUMNS; c++)
		if (x->count[c] != y->count[c])
			return x->count[c] > y->count[c] ? -1 : 1;
	return cell_order(x->cell, y->cell);
}

/* Three ordered lists to one of lines; counts below k become 0. */
static size_t
merge(const struct counts in[COLUMNS], const uint32_t k[COLUMNS],
    struct line *out, uint64_t *suppressed)
{
	size_t at[COLUMNS] = { 0 }, n = 0;

	for (;;) {
		const struct scan_cell *first = NULL;
		struct line l = { NULL, { 0 } };
		bool shown = false;
		for (int c = 0; c < COLUMNS; c++)
			if (at[c] < in[c].n &&
			    (first == NULL ||
				cell_order(&in[c].cells[at[c]], first) < 0))
				first = &in[c].cells[at[c]];
		if (first == NULL)
			return n;
		l.cell = first;
		for (int c = 0; c < COLUMNS; c++) {
			if (at[c] == in[c].n ||
			    cell_order(&in[c].cells[at[c]], first) != 0)
				continue;
			const uint32_t authors = in[c].cells[at[c]++].authors;
			if (authors >= k[c]) {
				l.count[c] = authors;
				shown = true;
			} else {
				(*suppressed)++;
			}
		}
		if (shown)
			out[n++] = l;
	}
}

static json_t *
reply_json(struct task *t, const struct line *lines, size_t n,
    const uint32_t k[COLUMNS], uint64_t suppressed)
{
	const struct label_scope s = { t->terms->vocabulary,
		(uint32_t)json_integer_value(
		    json_object_get(t->input, "language")),
		{ NULL, NULL } };
	const size_t limit =
	    (size_t)json_integer_value(json_object_get(t->input, "limit"));
	json_t *o = json_object(), *cells = json_array(), *ks = json_object();

	for (size_t i = 0; i < MIN(n, limit); i++)
		(void)json_array_append_new(
		    cells, line_json(&s, &lines[i], k[SUPPLY], k[DEMAND]));
	(void)json_object_set_new(o, "cells", cells);
	json_uint(o, "cells_in_all", n);
	json_uint(ks, "people", k[SUPPLY]);
	json_uint(ks, "organisations", k[DEMAND]);
	(void)json_object_set_new(o, "k", ks);
	json_uint(o, "suppressed", suppressed);
	(void)json_object_set_new(o, "note",
	    json_sprintf("counts of fewer than %u people or %u organisations "
			 "are not shown; a person or an organisation is a key, "
			 "and somebody can have several",
		(unsigned)k[SUPPLY], (unsigned)k[DEMAND]));
	return o;
}

static void
signals_run(struct task *t)
{
	static const uint32_t kinds[COLUMNS] = { KIND_DEMAND, KIND_PROFILE,
		KIND_PROFILE };
	const uint32_t k_people =
	    (uint32_t)json_integer_value(json_object_get(t->input, "k"));
	const uint32_t k[COLUMNS] = { K_ORGANISATIONS, k_people, k_people };
	struct counts counts[COLUMNS] = { { NULL, 0 } };
	struct line *lines = NULL;
	uint64_t suppressed = 0;
	err e = OK;

	for (int c = 0; c < COLUMNS && e == OK; c++)
		e = count_column(t, (enum column)c, kinds[c], &counts[c]);
	if (e == OK) {
		lines = calloc(
		    counts[DEMAND].n + counts[SUPPLY].n + counts[WANTED].n + 1,
		    sizeof(*lines));
		e = lines == NULL ? ERR_NOMEM : OK;
	}
	if (e == OK) {
		const size_t n = merge(counts, k, lines, &suppressed);
		qsort(lines, n, sizeof(*lines), by_size);
		t->result = reply_json(t, lines, n, k, suppressed);
	} else if (t->code == NULL) {
		task_fail(t, 503, "E3601", NULL,
		    e == ERR_NOMEM ? "out of memory"
				   : "there is more to count than this node "
				     "does at once");
	}
	for (int c = 0; c < COLUMNS; c++)
		free(counts[c].cells);
	free(lines);
}

void
api_signals(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *by = http_query(r, "by");
	uint64_t k = K_PEOPLE, limit = 0;

	if (by != NULL && by[0] != 0 && strcmp(by, "term,region") != 0 &&
	    strcmp(by, "region,term") != 0) {
		http_fail(r, 422, "E3602", "by", "term,region",
		    "only counts by term and region are there");
		return;
	}
	if (!http_query_uint(r, "k", K_PEOPLE, K_MAX, &k) ||
	    !http_query_uint(r, "limit", MIN(100U, n->config->limits.list_rows),
		n->config->limits.list_rows, &limit))
		return;
	json_t *input = json_object();
	json_uint(input, "k", MAX(k, (uint64_t)K_PEOPLE));
	json_uint(input, "limit", MAX(limit, 1U));
	json_uint(input, "language", language_of(n, r));
	task_start(n, r, signals_run, input);
}
