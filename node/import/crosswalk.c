/* Links between ESCO and O*NET, see import_crosswalk(). */
#include <stdio.h>
#include <stdlib.h>

#include "node/import/gather.h"

#define ROWS_MAX 100000U

enum match { MATCH_CLOSE = 1, MATCH_EXACT };

struct pair {
	uint64_t esco, onet;
	enum match match;
};

struct crosswalk {
	struct vocabulary_sink sink;
	struct pair *pairs;
	size_t n, cap;
	uint64_t left_out, unknown;
	bool found; /* a file with both columns */
};

static const char *const esco_names[] = { "ESCO or ISCO URI", "ESCO URI",
	"concept_uri", "conceptUri", "esco_uri" };
static const char *const onet_names[] = { "O*NET Id", "O*NET ID",
	"O*NET-SOC Code", "onet_code", "onet_soc_code" };

static const char *
column_of(const struct table_row *row, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (table_has(row, names[i]))
			return names[i];
	return NULL;
}

/* The term of a code, or of its main one; 0: neither is known. */
static uint64_t
onet_term(const struct crosswalk *c, struct slice code)
{
	char uri[64];
	int n = snprintf(uri, sizeof(uri), "urn:onet:%.*s",
	    (int)MIN(code.n, 40), (const char *)code.p);
	uint64_t term = term_of_uri(slice_of(uri, (size_t)n));

	if (c->sink.knows(c->sink.ctx, term))
		return term;
	if (code.n < 3 || code.p[code.n - 3] != '.')
		return 0;
	memcpy(uri + n - 2, "00", 2);
	term = term_of_uri(slice_of(uri, (size_t)n));
	return c->sink.knows(c->sink.ctx, term) ? term : 0;
}

/* 0: too weak, or not understood. */
static int
match_of(struct gathering *g, const struct table_row *row)
{
	const struct slice type = table_cell(row, "Type of Match");
	const struct slice confidence = table_cell(row, "confidence");

	if (table_has(row, "confidence")) {
		if (confidence.n == 0 || confidence.p[0] < '0' ||
		    confidence.p[0] > '9') {
			g->odd_values++;
			gather_note(g, row, "confidence",
			    "no number from 0 to 2", "the row was left out");
			return 0;
		}
		return confidence.p[0] >= '2'   ? MATCH_EXACT
		       : confidence.p[0] == '1' ? MATCH_CLOSE
						: 0;
	}
	if (slice_is(type, "exactMatch") || slice_is(type, "skos:exactMatch"))
		return MATCH_EXACT;
	return slice_is(type, "wrongMatch") ? 0 : MATCH_CLOSE;
}

static err
crosswalk_row(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	struct crosswalk *c = g->more;
	const char *esco = column_of(row, esco_names, ARRAY_LEN(esco_names));
	const char *onet = column_of(row, onet_names, ARRAY_LEN(onet_names));

	if (esco == NULL || onet == NULL)
		return OK; /* a table of something else beside it */
	c->found = true;
	const int match = match_of(g, row);
	const uint64_t from = term_of_uri(table_cell(row, esco));
	const uint64_t to = onet_term(c, table_cell(row, onet));
	if (match == 0) {
		c->left_out++;
		return OK;
	}
	if (to == 0 || !c->sink.knows(c->sink.ctx, from)) {
		c->unknown++;
		return OK;
	}
	if (c->n == ROWS_MAX)
		return ERR_LIMIT;
	if (c->n == c->cap) {
		const size_t cap = c->cap == 0 ? 2048 : c->cap * 2;
		void *p = realloc(c->pairs, cap * sizeof(*c->pairs));
		if (p == NULL)
			return ERR_NOMEM;
		c->pairs = p;
		c->cap = cap;
	}
	c->pairs[c->n++] = (struct pair){ from, to, (enum match)match };
	return OK;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int
pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int d = ORDER(x->esco, y->esco);

	if (d == 0)
		d = ORDER(x->onet, y->onet);
	return d != 0 ? d : ORDER(y->match, x->match);
}

static int
term_order(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return ORDER(x, y);
}

/* ${term} is there exactly once. */
static bool
is_single(const uint64_t *terms, size_t n, uint64_t term)
{
	const uint64_t *hit =
	    bsearch(&term, terms, n, sizeof(term), term_order);

	if (hit == NULL)
		return false;
	return (hit == terms || hit[-1] != term) &&
	       (hit + 1 == terms + n || hit[1] != term);
}

/*
 * Each pair once, by its better match. An exact match with a rival on one of
 * its sides says that two terms of one vocabulary are the same: it is close.
 */
static err
hand_over(struct crosswalk *c, uint64_t counts[2])
{
	uint64_t *esco = malloc((c->n + 1) * sizeof(*esco));
	uint64_t *onet = malloc((c->n + 1) * sizeof(*onet));
	size_t kept = 0, exact = 0;
	err e = OK;

	if (esco == NULL || onet == NULL) {
		free(esco);
		free(onet);
		return ERR_NOMEM;
	}
	if (c->n > 0)
		qsort(c->pairs, c->n, sizeof(*c->pairs), pair_order);
	for (size_t i = 0; i < c->n; i++) {
		if (kept > 0 && c->pairs[kept - 1].esco == c->pairs[i].esco &&
		    c->pairs[kept - 1].onet == c->pairs[i].onet)
			continue;
		c->pairs[kept++] = c->pairs[i];
		if (c->pairs[i].match == MATCH_EXACT) {
			esco[exact] = c->pairs[i].esco;
			onet[exact++] = c->pairs[i].onet;
		}
	}
	qsort(esco, exact, sizeof(*esco), term_order);
	qsort(onet, exact, sizeof(*onet), term_order);
	for (size_t i = 0; i < kept && e == OK; i++) {
		const struct pair *p = &c->pairs[i];
		const bool same = p->match == MATCH_EXACT &&
				  is_single(esco, exact, p->esco) &&
				  is_single(onet, exact, p->onet);
		counts[same]++;
		e = c->sink.link(c->sink.ctx, p->esco, p->onet,
		    same ? TERM_SAME : TERM_CLOSE);
	}
	free(esco);
	free(onet);
	return e;
}

static void
put_count(struct gathering *g, const char *name, uint64_t n)
{
	(void)json_object_set_new(g->report, name, json_integer((json_int_t)n));
}

static bool
is_csv(const char *name)
{
	const size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".csv") == 0;
}

/* A file of something else that lies beside it is no crosswalk. */
static err
read_all(struct gathering *g, char *const *names, size_t n)
{
	const struct table_reader r = { .each = crosswalk_row };
	err e = OK;

	for (size_t i = 0; i < n && e == OK; i++)
		if (is_csv(names[i]))
			e = gather_file(g, names[i], &r);
	if (e == OK && !((struct crosswalk *)g->more)->found)
		return ERR_NOTFOUND;
	return e;
}

err
import_crosswalk(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report)
{
	struct gathering g;
	struct crosswalk c = { .sink = sink };
	char *names[GATHER_FILES_MAX];
	const size_t n = gather_names(dir, names);
	uint64_t counts[2] = { 0, 0 };

	gather_init(&g, dir, "crosswalk",
	    "as the file says; ESCO's own: European Commission, reuse with "
	    "notice",
	    o);
	g.more = &c;
	err e = read_all(&g, names, n);
	if (e == OK)
		e = hand_over(&c, counts);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	put_count(&g, "close", counts[0]);
	put_count(&g, "same", counts[1]);
	put_count(&g, "left_out", c.left_out);
	put_count(&g, "links", counts[0] + counts[1]);
	gather_warn(
	    &g, "rows are below the confidence that counts", c.left_out);
	gather_warn(
	    &g, "rows name a term that is in no vocabulary here", c.unknown);
	gather_warn(
	    &g, "values that are no numbers were left out", g.odd_values);
	free(c.pairs);
	gather_free(&g);
	*report = g.report;
	return e;
}
