/*
 * Signals: what is asked for, held, wanted and taught, as far as groups are
 * not small: GET /signals (rows by term, region, industry), /signals/series
 * (one of them week by week, with a forecast), /signals/map (by region), and
 * POST /signals/publish (as a statistic record). node/signals.h counts.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/forecast.h"
#include "match/signal/week.h"
#include "node/api/choose.h"
#include "node/api/explain.h"
#include "node/api/postings.h"
#include "node/signals.h"

#define K_MAX        1000000
#define TREND_WEEKS  12
#define SERIES_WEEKS 26
#define WEEKS_MOST   520
#define HORIZON      4
#define FIGURES_MAX  200

enum { BY_TERM = 1, BY_REGION = 2, BY_INDUSTRY = 4 };

/* What is asked for. */
struct choice {
	unsigned by;
	bool one_term; /* the term and, by term, all that is narrower */
	uint64_t term;
	uint8_t *under; /* a byte a place; NULL: any */
	json_t *guess;  /* what else ${term} may be; NULL: it is called so */
	char region[3]; /* "": none in particular */
	bool one_sector;
	uint8_t sector;
	uint32_t k;
	unsigned measure; /* SIGNAL_MEASURES: the gap */
	size_t limit;
};

/* ---- reading what is asked ---- */

static bool
measure_find(const char *text, unsigned *out)
{
	for (unsigned m = 0; m < SIGNAL_MEASURES; m++)
		if (strcmp(text, signal_measure_name(m)) == 0) {
			*out = m;
			return true;
		}
	*out = SIGNAL_MEASURES;
	return strcmp(text, "gap") == 0;
}

static bool
by_find(const char *text, unsigned *out)
{
	static const struct {
		const char *name;
		unsigned bit;
	} names[] = { { "term", BY_TERM }, { "region", BY_REGION },
		{ "industry", BY_INDUSTRY } };
	const char *at = text;

	*out = 0;
	while (*at != 0) {
		const size_t n = strcspn(at, ",");
		unsigned bit = 0;
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (strlen(names[i].name) == n &&
			    strncmp(at, names[i].name, n) == 0)
				bit = names[i].bit;
		if (bit == 0)
			return false;
		*out |= bit;
		at += n + (at[n] == ',');
	}
	return *out != 0;
}

static bool
is_region(const char *text)
{
	return strlen(text) == 2 && text[0] >= 'a' && text[0] <= 'z' &&
	       text[1] >= 'a' && text[1] <= 'z';
}

static void
copy_query(json_t *input, struct http_request *r, const char *name)
{
	const char *v = http_query(r, name);

	if (v != NULL && v[0] != 0)
		(void)json_object_set_new(input, name, json_string(v));
}

/* What all of them take; NULL: answered. */
static json_t *
input_of(struct node *n, struct http_request *r, const char *by_default)
{
	const uint64_t rows = n->config->limits.list_rows;
	uint64_t k, limit, weeks;
	const char *by = http_query(r, "by");
	const char *region = http_query(r, "region");
	const char *industry = http_query(r, "industry");
	const char *measure = http_query(r, "measure");
	unsigned mask, m;
	uint8_t sector;

	if (by == NULL || by[0] == 0)
		by = by_default;
	if (!by_find(by, &mask)) {
		http_fail(r, 422, "E3602", "by", "term, region, industry",
		    "\"%.40s\" is no list of term, region, industry", by);
		return NULL;
	}
	if (region != NULL && region[0] != 0 && !is_region(region)) {
		http_fail(r, 422, "E3603", "region",
		    "two letters such as de; zz: everywhere",
		    "\"%.40s\" is no region", region);
		return NULL;
	}
	if (industry != NULL && industry[0] != 0 &&
	    !sector_find(industry, &sector)) {
		http_fail(r, 422, "E3604", "industry",
		    "an ISIC section A to U, isco-0 to isco-9, or unknown",
		    "\"%.40s\" is no industry", industry);
		return NULL;
	}
	if (measure != NULL && measure[0] != 0 && !measure_find(measure, &m)) {
		http_fail(r, 422, "E3605", "measure",
		    "demand, supply, gap, wanted, taught, opened or filled",
		    "\"%.40s\" is not counted", measure);
		return NULL;
	}
	/* fewer could tell who they are */
	if (!http_query_range(
		r, "k", SIGNAL_K_PEOPLE, SIGNAL_K_PEOPLE, K_MAX, &k) ||
	    !http_query_range(r, "limit", 1, MIN(100U, rows), rows, &limit) ||
	    !http_query_range(r, "weeks", 1, 0, WEEKS_MOST, &weeks))
		return NULL;
	json_t *input = json_object();
	json_uint(input, "k", k);
	json_uint(input, "limit", limit);
	json_uint(input, "weeks", weeks);
	json_uint(input, "language", language_of(n, r));
	json_uint(input, "by", mask);
	copy_query(input, r, "term");
	copy_query(input, r, "region");
	copy_query(input, r, "industry");
	copy_query(input, r, "measure");
	return input;
}

static void
mark_under(const struct vocabulary *v, uint32_t at, uint8_t *under)
{
	const struct term_list down = vocabulary_narrower(v, at);

	under[at] = 1;
	for (uint32_t i = 0; i < down.n; i++)
		if (under[down.at[i]] == 0)
			mark_under(v, down.at[i], under);
}

/* false: task_fail() was called. */
static bool
choice_read(struct task *t, unsigned measure, struct choice *c)
{
	const char *term = json_string_value(json_object_get(t->input, "term"));
	const char *region =
	    json_string_value(json_object_get(t->input, "region"));
	const char *industry =
	    json_string_value(json_object_get(t->input, "industry"));
	const char *said =
	    json_string_value(json_object_get(t->input, "measure"));
	const struct vocabulary *v = t->terms->vocabulary;

	*c = (struct choice){ .measure = measure };
	c->by = (unsigned)json_integer_value(json_object_get(t->input, "by"));
	c->k = (uint32_t)json_integer_value(json_object_get(t->input, "k"));
	c->limit =
	    (size_t)json_integer_value(json_object_get(t->input, "limit"));
	if (said != NULL)
		(void)measure_find(said, &c->measure);
	if (region != NULL)
		memcpy(c->region, region, 3);
	c->one_sector = industry != NULL && sector_find(industry, &c->sector);
	if (term == NULL)
		return true;
	c->one_term = true;
	const uint32_t language =
	    (uint32_t)json_integer_value(json_object_get(t->input, "language"));
	struct term_choice chosen;
	if (!term_choose(t->terms, term, strlen(term), 0, language, &chosen)) {
		task_fail(t, 404, "E3606", "ohcn vocabulary search WORDS",
		    "no term is called \"%.80s\"", term);
		return false;
	}
	c->guess = chosen.guessed_of;
	const uint32_t at = chosen.at;
	c->term = vocabulary_term(v, at);
	c->under = calloc(vocabulary_size(v), 1);
	if (c->under == NULL) {
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
		return false;
	}
	mark_under(v, at, c->under);
	return true;
}

static bool
is_chosen(const struct choice *c, const struct vocabulary *v,
    const struct signal_row *row)
{
	const bool everywhere = memcmp(row->region, SIGNAL_EVERYWHERE, 2) == 0;

	if (c->region[0] != 0 ? memcmp(row->region, c->region, 2) != 0
			      : (c->by & BY_REGION) == 0 && !everywhere)
		return false;
	if (c->one_sector
		? row->sector != c->sector
		: (c->by & BY_INDUSTRY) == 0 && row->sector != SECTOR_ALL)
		return false;
	if (!c->one_term)
		return ((c->by & BY_TERM) != 0) == (row->term != 0);
	if ((c->by & BY_TERM) == 0)
		return row->term == c->term;
	const uint32_t at = vocabulary_find(v, row->term);
	return row->term != 0 && at != TERM_NOWHERE && c->under[at] != 0;
}

/* ---- rows as JSON ---- */

static bool
is_shown(const struct signal_row *row, unsigned measure)
{
	return (row->shown >> measure & 1) != 0;
}

/* Open places less people; only where both are shown. */
static bool
gap_of(const struct signal_row *row, int64_t *gap)
{
	*gap = (int64_t)row->amount[SIGNAL_DEMAND] -
	       (int64_t)row->amount[SIGNAL_SUPPLY];
	return is_shown(row, SIGNAL_DEMAND) && is_shown(row, SIGNAL_SUPPLY);
}

static json_t *
quartiles_json(const struct signal_quartiles *q)
{
	json_t *o = json_object();

	json_uint(o, "n", q->n);
	json_uint(o, "low", q->low);
	json_uint(o, "middle", q->middle);
	json_uint(o, "high", q->high);
	return o;
}

static void
put_counts(json_t *o, const struct signal_row *row, uint32_t k)
{
	int64_t gap;

	for (unsigned m = 0; m < SIGNAL_MEASURES; m++)
		if (is_shown(row, m))
			json_uint(o, signal_measure_name(m), row->amount[m]);
		else
			(void)json_object_set_new(
			    o, signal_measure_name(m), json_null());
	if (is_shown(row, SIGNAL_DEMAND))
		json_uint(o, "companies", row->companies[0]);
	if (is_shown(row, SIGNAL_TAUGHT))
		json_uint(o, "providers", row->companies[1]);
	const bool both = gap_of(row, &gap);
	(void)json_object_set_new(
	    o, "gap", both ? json_integer(gap) : json_null());
	/* So few people are held back that the gap is this at least. Where
	 * an industry is told people are not counted at all. */
	if (!both && is_shown(row, SIGNAL_DEMAND) &&
	    row->sector == SECTOR_ALL && row->amount[SIGNAL_DEMAND] >= k)
		(void)json_object_set_new(o, "gap_if_few",
		    json_integer(
			(json_int_t)row->amount[SIGNAL_DEMAND] - (k - 1)));
	if (row->pay.n > 0) {
		static const char *const periods[] = { "", "hour", "day",
			"week", "month", "year", "total" };
		json_t *pay = quartiles_json(&row->pay);
		(void)json_object_set_new(
		    pay, "currency", json_string(row->currency));
		(void)json_object_set_new(pay, "period",
		    json_string(row->period < ARRAY_LEN(periods)
				    ? periods[row->period]
				    : ""));
		(void)json_object_set_new(o, "pay", pay);
	}
	if (row->fill.n > 0)
		(void)json_object_set_new(
		    o, "hours_to_fill", quartiles_json(&row->fill));
}

static json_t *
row_json(const struct label_scope *s, const struct signal_row *row, uint32_t k)
{
	json_t *o = row->term != 0 ? term_json(s, row->term) : json_object();

	if (row->term == 0) {
		(void)json_object_set_new(o, "term", json_null());
		(void)json_object_set_new(o, "label", json_string("all terms"));
	}
	if (memcmp(row->region, SIGNAL_UNTOLD, 2) == 0)
		(void)json_object_set_new(o, "region", json_null());
	else
		(void)json_object_set_new(
		    o, "region", json_string(row->region));
	(void)json_object_set_new(
	    o, "industry", json_string(sector_name(row->sector)));
	put_counts(o, row, k);
	return o;
}

static struct label_scope
scope_of(const struct task *t)
{
	return (struct label_scope){ t->terms->vocabulary,
		(uint32_t)json_integer_value(
		    json_object_get(t->input, "language")),
		{ NULL, NULL } };
}

static void
put_frame(json_t *o, const struct task *t, const struct signal_release *r)
{
	char week[SIGNAL_WEEK_TEXT];
	json_t *k = json_object();

	week_text(r->week, week);
	(void)json_object_set_new(o, "week", json_string(week));
	json_uint(k, "people", r->k_people);
	json_uint(k, "companies", r->k_companies);
	json_uint(k, "organisations", r->k_companies);
	json_uint(k, "share", SIGNAL_SHARE);
	json_uint(k, "step", SIGNAL_STEP);
	(void)json_object_set_new(o, "k", k);
	json_uint(o, "suppressed", r->hidden);
	json_uint(o, "complementary", r->complementary);
	hashes_json(t, o);
	(void)json_object_set_new(o, "note",
	    json_sprintf("null: fewer than %u people or %u companies, one "
			 "company with more than %d %%, or a count that would "
			 "tell such a one; people are in steps of %d; a person "
			 "or a company is a key, and somebody can have several",
		(unsigned)r->k_people, (unsigned)r->k_companies, SIGNAL_SHARE,
		SIGNAL_STEP));
}

/* false: task_fail() was called. */
static bool
take(struct task *t, uint32_t k, const struct signal_release **out)
{
	const err e =
	    signals_take(t->node->signals, t->view, t->terms, t->now_s, k, out);

	if (e == ERR_LIMIT)
		task_fail(t, 503, "E3601", "try again in a moment",
		    "the signals are being counted");
	else if (e == ERR_NOMEM)
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
	else if (e != OK)
		task_fail(t, 500, "E3902", "ohcn store check",
		    "the store cannot be read: %s", err_name(e));
	return e == OK;
}

/* ---- top ---- */

/* Rows that are asked for, best first. */
struct chosen {
	const struct choice *c;
	struct signal_row *rows;
	int64_t (*past)[TREND_WEEKS + 1]; /* of ${measure}, by row */
	size_t n, all;
	uint32_t week;
};

static _Thread_local unsigned sort_measure;

static int64_t
rank_of(const struct signal_row *row)
{
	int64_t gap;

	if (sort_measure < SIGNAL_MEASURES)
		return row->amount[sort_measure];
	return gap_of(row, &gap) ? gap : INT64_MIN;
}

/* Most of what is asked for; then most asked for, held, wanted. */
static int
by_rank(const void *a, const void *b)
{
	static const unsigned then[] = { SIGNAL_DEMAND, SIGNAL_SUPPLY,
		SIGNAL_WANTED };
	const struct signal_row *x = a, *y = b;
	const int64_t p = rank_of(x), q = rank_of(y);

	if (p != q)
		return p > q ? -1 : 1;
	for (size_t i = 0; i < ARRAY_LEN(then); i++)
		if (x->amount[then[i]] != y->amount[then[i]])
			return x->amount[then[i]] > y->amount[then[i]] ? -1 : 1;
	return signal_row_order(x, y);
}

/* Copies, so that the counters are free again. */
static bool
choose(struct task *t, const struct choice *c, const struct signal_release *r,
    struct chosen *out)
{
	size_t n = 0;

	*out = (struct chosen){ .c = c, .week = r->week };
	for (size_t i = 0; i < r->n; i++)
		n += is_chosen(c, t->terms->vocabulary, &r->rows[i]);
	out->rows = malloc(MAX(n, 1U) * sizeof(*out->rows));
	if (out->rows == NULL) {
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
		return false;
	}
	for (size_t i = 0; i < r->n; i++)
		if (is_chosen(c, t->terms->vocabulary, &r->rows[i]))
			out->rows[out->all++] = r->rows[i];
	sort_measure = c->measure;
	if (out->all > 0)
		qsort(out->rows, out->all, sizeof(*out->rows), by_rank);
	out->n = MIN(out->all, c->limit);
	return true;
}

static bool
on_trend_week(void *ctx, const struct signal_week *w)
{
	struct chosen *h = ctx;
	const unsigned m = MIN(h->c->measure, (unsigned)SIGNAL_DEMAND);

	for (size_t i = 0; i < h->n; i++) {
		const struct signal_row *row = &h->rows[i];
		const struct signal_row *had = signal_find(
		    w->rows, w->n, row->term, row->region, row->sector);
		if (had != NULL && is_shown(had, m))
			h->past[i][TREND_WEEKS - (h->week - w->week)] =
			    had->amount[m];
	}
	return true;
}

/* Change a week over the last twelve, where at least four are known. */
static void
put_trends(struct task *t, struct chosen *h, json_t *cells)
{
	const unsigned m = MIN(h->c->measure, (unsigned)SIGNAL_DEMAND);
	const uint32_t from = h->week > TREND_WEEKS ? h->week - TREND_WEEKS : 0;

	h->past = malloc(MAX(h->n, 1U) * sizeof(*h->past));
	if (h->past == NULL)
		return;
	for (size_t i = 0; i < h->n; i++) {
		for (size_t k = 0; k < TREND_WEEKS; k++)
			h->past[i][k] = FORECAST_MISSING;
		h->past[i][TREND_WEEKS] = is_shown(&h->rows[i], m)
					      ? h->rows[i].amount[m]
					      : FORECAST_MISSING;
	}
	if (signals_weeks(t->node->signals, from, h->week, on_trend_week, h) ==
	    OK)
		for (size_t i = 0; i < h->n; i++) {
			struct forecast f;
			forecast_series(h->past[i], TREND_WEEKS + 1, 1, &f);
			if (f.method == FORECAST_NONE)
				continue;
			json_t *o = json_object();
			(void)json_object_set_new(
			    o, "measure", json_string(signal_measure_name(m)));
			(void)json_object_set_new(
			    o, "per_week_milli", json_integer(f.trend_milli));
			json_uint(o, "weeks", f.n);
			(void)json_object_set_new(
			    json_array_get(cells, i), "trend", o);
		}
	free(h->past);
}

/* The choice and the release of a request; false: task_fail() was called. */
static bool
begin(struct task *t, struct choice *c, const struct signal_release **r)
{
	if (choice_read(t, SIGNAL_DEMAND, c) && take(t, c->k, r))
		return true;
	free(c->under);
	json_decref(c->guess);
	return false;
}

/* Takes ${o}, the answer, and what ${c} holds. */
static void
end(struct task *t, struct choice *c, json_t *o)
{
	(void)json_object_set_new(
	    o, "guessed_of", c->guess == NULL ? json_null() : c->guess);
	free(c->under);
	t->result = o;
}

static void
top_run(struct task *t)
{
	const struct label_scope s = scope_of(t);
	const struct signal_release *r;
	struct choice c;
	struct chosen h;

	if (!begin(t, &c, &r))
		return;
	json_t *o = json_object(), *cells = json_array();
	put_frame(o, t, r);
	const uint32_t k = r->k_people;
	const bool ok = choose(t, &c, r, &h);
	signals_give(t->node->signals, r);
	for (size_t i = 0; ok && i < h.n; i++)
		(void)json_array_append_new(cells, row_json(&s, &h.rows[i], k));
	if (ok)
		put_trends(t, &h, cells);
	(void)json_object_set_new(o, "cells", cells);
	json_uint(o, "cells_in_all", ok ? h.all : 0);
	if (c.one_term)
		(void)json_object_set_new(o, "of", term_json(&s, c.term));
	free(h.rows);
	end(t, &c, o);
}

void
api_signals(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *input = input_of(n, r, "term,region");

	if (input != NULL)
		task_start(n, r, top_run, input);
}

/* ---- one cell, week by week ---- */

struct series {
	struct signal_row cell; /* which */
	uint32_t from, weeks;   /* the last of them is the one at hand */
	struct signal_row *rows;
	bool *known;
};

static bool
on_series_week(void *ctx, const struct signal_week *w)
{
	struct series *s = ctx;
	const struct signal_row *row = signal_find(
	    w->rows, w->n, s->cell.term, s->cell.region, s->cell.sector);
	const uint32_t i = w->week - s->from;

	s->known[i] = true;
	s->rows[i] = row != NULL ? *row : s->cell;
	return true;
}

static void
put_forecast(json_t *all, const struct series *s, unsigned m)
{
	/* What is counted within a week is not complete before its end. */
	const bool flow = m == SIGNAL_OPENED || m == SIGNAL_FILLED;
	const uint32_t n = s->weeks - flow;
	int64_t *y = malloc(MAX(n, 1U) * sizeof(*y));
	struct forecast f;

	if (y == NULL)
		return;
	for (uint32_t i = 0; i < n; i++)
		y[i] = s->known[i] && is_shown(&s->rows[i], m)
			   ? s->rows[i].amount[m]
			   : FORECAST_MISSING;
	forecast_series(y, n, HORIZON, &f);
	free(y);
	json_t *o = json_object(), *points = json_array();
	(void)json_object_set_new(
	    o, "method", json_string(forecast_method_name(f.method)));
	json_uint(o, "weeks", f.n);
	json_uint(o, "interval", 80);
	(void)json_object_set_new(
	    o, "trend_milli", json_integer(f.trend_milli));
	for (uint32_t h = 0; h < f.points_n; h++) {
		char text[SIGNAL_WEEK_TEXT];
		week_text(s->from + n + h, text);
		(void)json_array_append_new(
		    points, json_pack("{s:s,s:I,s:I,s:I}", "week", text,
				"value", (json_int_t)f.points[h].value, "low",
				(json_int_t)f.points[h].low, "high",
				(json_int_t)f.points[h].high));
	}
	(void)json_object_set_new(o, "points", points);
	(void)json_object_set_new(all, signal_measure_name(m), o);
}

/* The first week of the series in which a measure is shown. */
static bool
first_week(const struct series *s, unsigned m, uint32_t *out)
{
	for (uint32_t i = 0; i < s->weeks; i++)
		if (s->known[i] && is_shown(&s->rows[i], m)) {
			*out = i;
			return true;
		}
	return false;
}

/*
 * How fast the loop turns, as far as records tell: asked for, taught, held,
 * filled. How long a person took to learn is in outcomes that both sides
 * sign; those are not gossiped.
 */
static json_t *
loop_json(const struct series *s)
{
	static const unsigned steps[] = { SIGNAL_DEMAND, SIGNAL_TAUGHT,
		SIGNAL_SUPPLY, SIGNAL_FILLED };
	json_t *o = json_object(), *not = json_array();
	uint32_t demand = 0, at = 0;
	const bool asked = first_week(s, SIGNAL_DEMAND, &demand);

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		char text[SIGNAL_WEEK_TEXT], name[40];
		const char *m = signal_measure_name(steps[i]);
		const bool there = first_week(s, steps[i], &at);
		week_text(s->from + at * there, text);
		(void)snprintf(name, sizeof(name), "%s_first", m);
		(void)json_object_set_new(
		    o, name, there ? json_string(text) : json_null());
		/* Before the first week that is known: not known when. */
		(void)snprintf(name, sizeof(name), "weeks_to_%s", m);
		if (i > 0 && there && asked && demand > 0 && at >= demand)
			json_uint(o, name, at - demand);
	}
	(void)json_array_append_new(
	    not, json_string("how long people took to learn it: outcomes are "
			     "not published"));
	if (asked && demand == 0)
		(void)json_array_append_new(not,
		    json_string("how fast the market answered: it was asked "
				"for before the first week that is kept"));
	(void)json_object_set_new(o, "not_measured", not );
	return o;
}

static json_t *
series_json(const struct series *s, uint32_t k)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < s->weeks; i++) {
		char text[SIGNAL_WEEK_TEXT];
		json_t *o = json_object();
		week_text(s->from + i, text);
		(void)json_object_set_new(o, "week", json_string(text));
		json_truth(o, "known", s->known[i]);
		if (s->known[i])
			put_counts(o, &s->rows[i], k);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void
series_run(struct task *t)
{
	const struct label_scope scope = scope_of(t);
	const struct signal_release *r;
	const uint32_t asked =
	    (uint32_t)json_integer_value(json_object_get(t->input, "weeks"));
	struct choice c;

	if (!begin(t, &c, &r))
		return;
	struct series s = { .weeks = asked == 0 ? SERIES_WEEKS : asked };
	s.weeks = MIN(s.weeks, r->week);
	s.from = r->week - s.weeks + 1;
	s.cell.term = c.term;
	s.cell.sector = c.one_sector ? c.sector : SECTOR_ALL;
	memcpy(
	    s.cell.region, c.region[0] != 0 ? c.region : SIGNAL_EVERYWHERE, 3);
	s.rows = calloc(s.weeks, sizeof(*s.rows));
	s.known = calloc(s.weeks, sizeof(*s.known));
	json_t *o = row_json(&scope, &s.cell, r->k_people);
	put_frame(o, t, r);
	const uint32_t k = r->k_people, week = r->week;
	const struct signal_week now = { week, k, r->n, r->rows };
	if (s.rows != NULL && s.known != NULL)
		(void)on_series_week(&s, &now);
	signals_give(t->node->signals, r);
	if (s.rows == NULL || s.known == NULL ||
	    signals_weeks(t->node->signals, s.from, week, on_series_week, &s) !=
		OK) {
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
	} else {
		json_t *forecasts = json_object();
		/* The counts of the week at hand stand in the list. */
		for (unsigned m = 0; m < SIGNAL_MEASURES; m++) {
			(void)json_object_del(o, signal_measure_name(m));
			put_forecast(forecasts, &s, m);
		}
		(void)json_object_del(o, "gap");
		(void)json_object_set_new(o, "weeks", series_json(&s, k));
		(void)json_object_set_new(o, "forecast", forecasts);
		(void)json_object_set_new(o, "loop", loop_json(&s));
	}
	free(s.rows);
	free(s.known);
	end(t, &c, o);
}

void
api_signals_series(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *input = input_of(n, r, "term");

	if (input != NULL)
		task_start(n, r, series_run, input);
}

/* ---- by region ---- */

static void
map_run(struct task *t)
{
	const struct label_scope s = scope_of(t);
	const struct signal_release *r;
	struct choice c;
	struct chosen h;

	if (!begin(t, &c, &r))
		return;
	c.by = BY_REGION;
	json_t *o = json_object(), *regions = json_array();
	put_frame(o, t, r);
	const uint32_t k = r->k_people;
	const bool ok = choose(t, &c, r, &h);
	signals_give(t->node->signals, r);
	(void)json_object_set_new(o, "measure",
	    json_string(c.measure < SIGNAL_MEASURES
			    ? signal_measure_name(c.measure)
			    : "gap"));
	if (c.one_term)
		(void)json_object_set_new(o, "of", term_json(&s, c.term));
	(void)json_object_set_new(o, "everywhere", json_null());
	for (size_t i = 0; ok && i < h.n; i++) {
		json_t *one = row_json(&s, &h.rows[i], k);
		if (memcmp(h.rows[i].region, SIGNAL_EVERYWHERE, 2) == 0)
			(void)json_object_set_new(o, "everywhere", one);
		else
			(void)json_array_append_new(regions, one);
	}
	(void)json_object_set_new(o, "regions", regions);
	free(h.rows);
	end(t, &c, o);
}

void
api_signals_map(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *input = input_of(n, r, "region");

	if (input != NULL)
		task_start(n, r, map_run, input);
}

/* ---- published ---- */

struct publishing {
	struct node *n;
	uint32_t persona;
	struct http_request *r;
	struct store_view *view;
	struct terms *terms;
	uint64_t now_s;
	bool dry;
	struct choice c;
	char external[OWNER_EXTERNAL_MAX + 1];
	const char *code, *why;
};

static json_t *
draft_of(const struct publishing *p, const struct signal_release *r,
    const char *title)
{
	static const char *const units[] = { "people", "people", "places",
		"courses", "places", "places" };
	char week[SIGNAL_WEEK_TEXT], name[80];
	const char *measure = signal_measure_name(p->c.measure);
	/* As the standard calls them. */
	static const char *const measures[] = { "supply", "wanted", "demand",
		"taught", "other", "other" };
	json_t *figures = json_array();
	struct signal_row *rows = malloc(MAX(r->n, 1U) * sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; rows != NULL && i < r->n; i++)
		if (r->rows[i].term != 0 &&
		    is_shown(&r->rows[i], p->c.measure) &&
		    is_chosen(&p->c, p->terms->vocabulary, &r->rows[i]))
			rows[n++] = r->rows[i];
	sort_measure = p->c.measure;
	if (n > 0)
		qsort(rows, n, sizeof(*rows), by_rank);
	for (size_t i = 0; i < MIN(n, p->c.limit); i++) {
		char text[2 * TERM_ID + 1];
		json_t *f = json_object();
		term_text(text, rows[i].term);
		json_uint(f, "value", rows[i].amount[p->c.measure]);
		(void)json_object_set_new(f, "term", json_string(text));
		if (memcmp(rows[i].region, SIGNAL_UNTOLD, 2) != 0)
			(void)json_object_set_new(
			    f, "region", json_string(rows[i].region));
		if (rows[i].sector >= SECTOR_ISIC_A &&
		    rows[i].sector < SECTOR_ISCO_0)
			(void)json_object_set_new(f, "industry",
			    json_string(sector_name(rows[i].sector)));
		else if (rows[i].sector >= SECTOR_ISCO_0 &&
			 rows[i].sector < SECTOR_UNKNOWN)
			(void)json_object_set_new(f, "isco",
			    json_string(sector_name(rows[i].sector) + 5));
		if (p->c.measure >= SIGNAL_PEOPLE)
			json_uint(f, "n",
			    rows[i].companies[p->c.measure - SIGNAL_PEOPLE]);
		(void)json_array_append_new(figures, f);
	}
	free(rows);
	week_text(r->week, week);
	(void)snprintf(name, sizeof(name), "%s by term, %s", measure, week);
	json_t *draft = json_pack("{s:s,s:{s:s},s:{s:s},s:s,s:o,s:s,s:I,s:I}",
	    "measure", measures[p->c.measure], "title", "en",
	    title != NULL ? title : name, "description", "en",
	    "Counted from the public records that this node held; a term "
	    "counts with everything narrower. Nothing private is in it, so "
	    "it has no noise.",
	    "basis", "records", "figures", figures, "unit", units[p->c.measure],
	    "start", (json_int_t)week_begins(r->week), "end",
	    (json_int_t)(p->now_s / 3600));
	(void)json_object_set_new(
	    draft, "external_id", json_string(p->external));
	(void)json_object_set_new(draft, "hidden_below",
	    p->c.measure < SIGNAL_PEOPLE
		? json_pack("{s:i}", "people", (int)r->k_people)
		: json_pack("{s:i,s:i}", "companies", (int)r->k_companies,
		      "share", SIGNAL_SHARE));
	return draft;
}

static void
publish_run(struct job *j)
{
	struct publishing *p = j->more;
	const struct signal_release *r;
	const err e = signals_take(
	    p->n->signals, p->view, p->terms, p->now_s, p->c.k, &r);

	if (e != OK) {
		p->code = e == ERR_LIMIT ? "E3601" : "E3902";
		p->why = e == ERR_LIMIT ? "the signals are being counted"
					: "the store cannot be read";
		return;
	}
	j->result = draft_of(
	    p, r, json_string_value(json_object_get(j->input, "title")));
	signals_give(p->n->signals, r);
	if (json_array_size(json_object_get(j->result, "figures")) == 0) {
		p->code = "E3607";
		p->why = "nothing of it may be shown, so there is nothing to "
			 "publish";
	}
}

static void
publish_draft(struct publishing *p, const json_t *draft)
{
	struct user_payload *payload = malloc(sizeof(*payload));
	struct payload_fault f = { 0 };
	uint32_t slot = 0;
	const char *region =
	    p->c.region[0] != 0 ? p->c.region : SIGNAL_EVERYWHERE;
	const err e = payload == NULL ? ERR_NOMEM
				      : user_payload_read(KIND_STATISTIC, draft,
					    region, payload, &f);
	const bool created = owner_find_external(p->n, p->persona,
				 KIND_STATISTIC, p->external, &slot) != OK;

	if (e != OK) {
		fail_payload(p->r, e, &f);
	} else if (created && owner_free_slot(p->n, p->persona, KIND_STATISTIC,
				  NULL, &slot) != OK) {
		http_fail(p->r, 409, "E3201", NULL, "wait until some expire",
		    "all slots of the key are in use");
	} else {
		const struct publish_request q = { .persona = p->persona,
			.kind = KIND_STATISTIC,
			.slot = slot,
			.region = payload->region,
			.lifetime_hours = 90 * 24,
			.payload = slice_of(payload->bytes, payload->n) };
		json_t *o =
		    p->dry ? preview_json(p->n, p->r, &q) : json_object();
		if (o != NULL) {
			json_uint(o, "slot", slot);
			(void)json_object_set_new(o, "state",
			    json_string(created ? "created" : "updated"));
			json_uint(o, "figures",
			    json_array_size(json_object_get(draft, "figures")));
			(void)json_object_set_new(
			    o, "basis", json_string("records"));
			(void)json_object_set_new(o, "noise", json_null());
			(void)json_object_set(o, "hidden_below",
			    json_object_get(draft, "hidden_below"));
		}
		if (!p->dry)
			reply_published(p->n, &q, p->r, o);
		else if (o != NULL)
			http_reply(p->r, 200, o);
	}
	free(payload);
}

static void
publish_done_(struct job *j)
{
	struct publishing *p = j->more;
	json_t *draft = json_incref(j->result);

	job_end(j);
	store_view_close(p->view);
	terms_give(p->n, p->terms);
	if (p->code != NULL || draft == NULL || p->n->stopping)
		http_fail(p->r, p->n->stopping ? 503 : 409,
		    p->code != NULL ? p->code : "E1901", NULL,
		    "ohcn signal top", "%s",
		    p->why != NULL ? p->why : "the node is shutting down");
	else
		publish_draft(p, draft);
	json_decref(draft);
	free(p);
}

/* Of the body what a choice takes; false: answered. */
static bool
publishing_read(struct publishing *p, const json_t *body)
{
	const char *measure =
	    json_string_value(json_object_get(body, "measure"));
	const char *region = json_string_value(json_object_get(body, "region"));
	const char *industry =
	    json_string_value(json_object_get(body, "industry"));
	const json_t *limit = json_object_get(body, "limit");

	p->c = (struct choice){ .by = BY_TERM,
		.k = SIGNAL_K_PEOPLE,
		.measure = SIGNAL_DEMAND,
		.limit = FIGURES_MAX };
	p->dry = json_is_true(json_object_get(body, "dry_run"));
	if (measure != NULL && (!measure_find(measure, &p->c.measure) ||
				   p->c.measure == SIGNAL_MEASURES)) {
		http_fail(p->r, 422, "E3605", "measure",
		    "demand, supply, wanted, taught, opened or filled",
		    "\"%.40s\" cannot be published", measure);
		return false;
	}
	if (region != NULL && !is_region(region)) {
		http_fail(p->r, 422, "E3603", "region",
		    "two letters such as de; zz: everywhere",
		    "\"%.40s\" is no region", region);
		return false;
	}
	if (region != NULL)
		memcpy(p->c.region, region, 3);
	if (industry != NULL && !sector_find(industry, &p->c.sector)) {
		http_fail(p->r, 422, "E3604", "industry",
		    "an ISIC section A to U, isco-0 to isco-9, or unknown",
		    "\"%.40s\" is no industry", industry);
		return false;
	}
	p->c.one_sector = industry != NULL;
	if (limit != NULL &&
	    (!json_is_integer(limit) || json_integer_value(limit) < 1 ||
		json_integer_value(limit) > FIGURES_MAX)) {
		http_fail(p->r, 422, "E3602", "limit",
		    "a whole number from 1 to 200",
		    "a table has no so many figures");
		return false;
	}
	if (limit != NULL)
		p->c.limit = (size_t)json_integer_value(limit);
	(void)snprintf(p->external, sizeof(p->external), "signal/%s/%s/%s",
	    signal_measure_name(p->c.measure),
	    region != NULL ? region : SIGNAL_EVERYWHERE,
	    industry != NULL ? sector_name(p->c.sector) : "all");
	return true;
}

void
api_signals_publish(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	struct publishing *p = calloc(1, sizeof(*p));
	if (p == NULL || store_view_open(n->store, &p->view) != OK) {
		free(p);
		json_decref(body);
		http_fail(r, 503, "E1901", NULL, "try again in a moment",
		    "the node is too busy");
		return;
	}
	p->n = n;
	p->persona = persona;
	p->r = r;
	p->now_s = node_now(n);
	p->terms = terms_take(n);
	if (!publishing_read(p, body)) {
		json_decref(body);
	} else if (job_start(n, r, publish_run, publish_done_, body, p)) {
		return;
	}
	store_view_close(p->view);
	terms_give(n, p->terms);
	free(p);
}
