#include "node/import/statistic.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "match/noise.h"
#include "match/signal/signal.h"

#define VALUE_MAX   INT64_C(1000000000000)
#define SCALE_MAX   9
#define EXTERNAL    64
#define SHARED_KEYS 11

/* ---- cells ---- */

static bool
is_missing(struct slice s)
{
	return s.n == 0 || slice_is(s, ":") || slice_is(s, "..") ||
	       slice_is(s, "...") || slice_is(s, "-") || slice_is(s, "na") ||
	       slice_is(s, "n/a") || slice_is(s, "x");
}

/* "12.5" with scale 1 is 125. A letter behind a blank is a flag. */
static bool
value_get(struct slice s, unsigned scale, int64_t *out)
{
	const bool minus = s.n > 0 && s.p[0] == '-';
	bool point = false, digits = false;
	unsigned places = 0;
	int64_t v = 0;
	size_t i = minus;

	for (; i < s.n && s.p[i] != ' '; i++) {
		if ((s.p[i] == '.' || s.p[i] == ',') && digits && !point) {
			point = true;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		digits = true;
		if (point && places == scale) {
			if (s.p[i] != '0')
				return false; /* more than the scale has */
			continue;
		}
		places += point;
		v = v * 10 + (s.p[i] - '0');
		if (v > VALUE_MAX)
			return false;
	}
	for (; i < s.n; i++)
		if (s.p[i] != ' ' && !isalpha(s.p[i]))
			return false;
	for (; places < scale; places++)
		if ((v *= 10) > VALUE_MAX)
			return false;
	*out = minus ? -v : v;
	return digits;
}

/* The hour at which a day begins. */
static bool
day_hour(unsigned year, unsigned month, unsigned day, uint64_t *out)
{
	char text[32];

	if (month > 12) {
		year += month / 13;
		month = 1;
	}
	(void)snprintf(text, sizeof(text), "%04u-%02u-%02u", year, month, day);
	return date_hours(slice_str(text), out);
}

/* A year, quarter, month, week or day. */
static bool
span_get(struct slice s, uint64_t *start, uint64_t *end)
{
	char text[24] = "";
	unsigned y, k;
	int used = 0;

	if (s.n < 4 || s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	const int n = (int)s.n;
	if (sscanf(text, "%4u%n", &y, &used) == 1 && used == n)
		return day_hour(y, 1, 1, start) && day_hour(y + 1, 1, 1, end);
	if ((sscanf(text, "%4u-Q%1u%n", &y, &k, &used) == 2 ||
		sscanf(text, "%4uQ%1u%n", &y, &k, &used) == 2) &&
	    used == n)
		return k >= 1 && k <= 4 && day_hour(y, 3 * k - 2, 1, start) &&
		       day_hour(y, 3 * k + 1, 1, end);
	if ((sscanf(text, "%4u-W%2u%n", &y, &k, &used) == 2 ||
		sscanf(text, "%4uW%2u%n", &y, &k, &used) == 2) &&
	    used == n) {
		/* 4 January is always in the first week */
		if (k < 1 || k > 53 || !day_hour(y, 1, 4, start))
			return false;
		const uint32_t week = week_of_hour(*start) + k - 1;
		*start = week_begins(week);
		*end = week_begins(week + 1);
		return true;
	}
	if (sscanf(text, "%4u-%2u%n", &y, &k, &used) == 2 && used == n)
		return k >= 1 && k <= 12 && day_hour(y, k, 1, start) &&
		       day_hour(y, k + 1, 1, end);
	if (!date_hours(s, start))
		return false;
	*end = *start + 24;
	return true;
}

static void
fail_row(struct sheet *t, const char *field, const char *hint, const char *what,
    struct slice cell)
{
	json_t *row = json_object(), *messages = json_array();
	json_t *said = clean_text(cell, 60, NULL);

	import_message(messages, field, hint, "\"%s\" %s",
	    said != NULL ? json_string_value(said) : "", what);
	json_decref(said);
	(void)json_object_update(row, json_array_get(messages, 0));
	(void)json_object_set_new(row, "row", json_integer(t->row_line));
	(void)json_object_set_new(row, "state", json_string("failed"));
	(void)json_object_set_new(row, "messages", messages);
	(void)json_array_append_new(t->rows, row);
	t->counts[1]++;
}

static unsigned
scale_of(const struct sheet *t)
{
	const json_int_t v =
	    json_integer_value(json_object_get(t->o->about, "scale"));

	return v < 0 || v > SCALE_MAX ? 0 : (unsigned)v;
}

static bool
take_number(struct sheet *t, json_t *figure, const char *name, unsigned scale)
{
	const struct slice cell = sheet_cell(t, name);
	int64_t v;

	if (is_missing(cell))
		return true;
	if (!value_get(cell, scale, &v)) {
		fail_row(t, name,
		    "digits, a point for decimals; \"scale\" says how many",
		    "is no number of this scale", cell);
		return false;
	}
	(void)json_object_set_new(figure, name, json_integer(v));
	return true;
}

/* One to ${max} digits, or (industry) a section's letter. */
static bool
take_code(
    struct sheet *t, json_t *figure, const char *name, size_t max, bool section)
{
	const struct slice cell = sheet_cell(t, name);
	char text[8] = "";
	bool good = cell.n <= max;

	if (cell.n == 0 || slice_is(cell, "total"))
		return true;
	for (size_t i = 0; i < cell.n && good; i++)
		good = cell.p[i] >= '0' && cell.p[i] <= '9';
	if (section && cell.n == 1 && isalpha(cell.p[0]) &&
	    toupper(cell.p[0]) <= 'U')
		good = true;
	if (!good) {
		fail_row(t, name,
		    section ? "an ISIC section (A to U) or its digits"
			    : "an ISCO-08 group: one to four digits",
		    "is no such code", cell);
		return false;
	}
	memcpy(text, cell.p, cell.n);
	text[0] = (char)toupper((unsigned char)text[0]);
	(void)json_object_set_new(figure, name, json_string(text));
	return true;
}

static bool
take_region(struct sheet *t, json_t *figure)
{
	const struct slice cell = sheet_cell(t, "region");
	char region[3];

	if (cell.n == 0)
		return true;
	if (slice_is(cell, "el"))
		memcpy(region, "gr", 3);
	else if (slice_is(cell, "uk"))
		memcpy(region, "gb", 3);
	else if (!region_get(cell, region)) {
		fail_row(t, "region",
		    "a country: ISO 3166 (de) or its name; leave areas out",
		    "is no country", cell);
		return false;
	}
	(void)json_object_set_new(figure, "region", json_string(region));
	return true;
}

static bool
take_period(struct sheet *t, json_t *figure)
{
	const struct slice period = sheet_cell(t, "period");
	const struct slice first = sheet_cell(t, "start");
	const struct slice last = sheet_cell(t, "end");
	uint64_t start = 0, end = 0;

	if (period.n > 0 && !span_get(period, &start, &end)) {
		fail_row(t, "period",
		    "2026, 2026-Q3, 2026-11, 2026-W47 or 2026-11-22",
		    "is no period", period);
		return false;
	}
	if (first.n > 0 && !date_hours(first, &start)) {
		fail_row(t, "start", "2026-11-22", "is no day", first);
		return false;
	}
	if (last.n > 0 && !date_hours(last, &end)) {
		fail_row(t, "end", "2026-11-22", "is no day", last);
		return false;
	}
	if (end == 0)
		end = start;
	if (start == 0 || end < start) {
		fail_row(t, period.n > 0 ? "period" : "start",
		    "add a column period (2026-Q3), or start and end",
		    "tells no period", period.n > 0 ? period : first);
		return false;
	}
	(void)json_object_set_new(
	    figure, "start", json_integer((json_int_t)start));
	(void)json_object_set_new(figure, "end", json_integer((json_int_t)end));
	return true;
}

void
statistic_row(struct sheet *t)
{
	const unsigned scale = scale_of(t);
	json_t *figure = json_object();
	const struct slice term = sheet_cell(t, "term");

	if (is_missing(sheet_cell(t, "value"))) {
		t->passed_over++;
		json_decref(figure);
		return;
	}
	if (!take_number(t, figure, "value", scale) ||
	    !take_number(t, figure, "low", scale) ||
	    !take_number(t, figure, "high", scale) ||
	    !take_number(t, figure, "n", 0) ||
	    !take_code(t, figure, "isco", 4, false) ||
	    !take_code(t, figure, "industry", 4, true) ||
	    !take_region(t, figure) || !take_period(t, figure)) {
		json_decref(figure);
		return;
	}
	if (term.n > 0)
		(void)json_object_set_new(
		    figure, "term", clean_text(term, 200, NULL));
	(void)json_object_set_new(figure, "row", json_integer(t->row_line));
	(void)json_array_append_new(t->figures, figure);
}

/* ---- records ---- */

/* A name of the table that stays the same: told, or made of its title. */
static void
external_of(const struct sheet *t, size_t part, char out[EXTERNAL + 1])
{
	const char *told =
	    json_string_value(json_object_get(t->o->about, "external_id"));
	const json_t *title = json_object_get(t->o->about, "title");
	char name[48];
	size_t n = 0;

	if (told == NULL)
		told = json_is_string(title) ? json_string_value(title)
					     : "statistic";
	for (; *told != 0 && n + 1 < sizeof(name); told++)
		if (isalnum((unsigned char)*told))
			name[n++] = (char)tolower((unsigned char)*told);
		else if (strchr("-._/", *told) != NULL ||
			 (n > 0 && name[n - 1] != '-'))
			name[n++] = *told == ' ' ? '-' : *told;
	name[n] = 0;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] >= 128)
			name[i] = '-';
	if (part == 0)
		(void)snprintf(out, EXTERNAL + 1, "%s", name);
	else
		(void)snprintf(out, EXTERNAL + 1, "%s/%zu", name, part + 1);
}

static void
copy_about(const struct sheet *t, json_t *draft)
{
	static const char *const keys[SHARED_KEYS] = { "measure", "description",
		"basis", "unit", "scale", "currency", "pay_period", "source",
		"hidden_below", "terms", "title" };
	static const char *const texts[] = { "title", "description", "name" };
	char language[4] = "en";

	if (t->o->language != 0 || t->o->language_default != 0)
		(void)language_put(language, t->o->language != 0
						 ? t->o->language
						 : t->o->language_default);
	for (size_t i = 0; i < SHARED_KEYS; i++) {
		json_t *v = json_object_get(t->o->about, keys[i]);
		if (v != NULL && !json_is_null(v))
			(void)json_object_set_new(
			    draft, keys[i], json_deep_copy(v));
	}
	/* A text that does not say its language is in the file's. */
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		json_t *in = i < 2 ? draft : json_object_get(draft, "source");
		json_t *v = json_object_get(in, texts[i]);
		if (json_is_string(v))
			(void)json_object_set_new(
			    in, texts[i], json_pack("{s:O}", language, v));
	}
	if (json_object_get(draft, "basis") == NULL)
		(void)json_object_set_new(draft, "basis",
		    json_string(t->o->noise != NULL ? "noised" : "official"));
}

/* false: it is below the threshold, and left out. */
static bool
add_noise(const struct sheet *t, const char *external, json_t *figure)
{
	const struct import_noise *x = t->o->noise;
	const int64_t exact =
	    json_integer_value(json_object_get(figure, "value"));
	json_t *cell = json_copy(figure);

	/* What is drawn hangs on the cell alone, not on its value. */
	(void)json_object_del(cell, "value");
	(void)json_object_del(cell, "row");
	(void)json_object_set_new(cell, "table", json_string(external));
	char *text = json_dumps(cell, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(cell);
	if (text == NULL)
		return false;
	x->begin(x->ctx, slice_str(text));
	free(text);
	const int64_t noisy =
	    exact + noise_laplace(&x->env, x->epsilon_milli, x->sensitivity);
	(void)json_object_set_new(figure, "value", json_integer(noisy));
	/* These are of the exact one. */
	(void)json_object_del(figure, "n");
	(void)json_object_del(figure, "low");
	(void)json_object_del(figure, "high");
	return noisy >= (int64_t)x->threshold;
}

/* The figure as the record has it; false: left out. */
static bool
finish_figure(struct import_draft *d, const struct sheet *t,
    const char *external, json_t *figure)
{
	const char *text = json_string_value(json_object_get(figure, "term"));
	struct import_term term;

	if (text != NULL) {
		if (import_term(d, slice_str(text), 0, "term", &term))
			(void)json_object_set_new(
			    figure, "term", json_string(term.hex));
		else if (json_object_get(figure, "isco") != NULL)
			(void)json_object_del(figure, "term");
		else
			return false;
	}
	return t->o->noise == NULL || add_noise(t, external, figure);
}

static void
put_noise(const struct sheet *t, json_t *draft)
{
	const struct import_noise *x = t->o->noise;

	if (x == NULL)
		return;
	(void)json_object_set_new(draft, "noise",
	    json_pack("{s:s,s:i,s:i,s:I,s:i}", "mechanism", "discrete-laplace",
		"epsilon", (int)x->epsilon_milli, "sensitivity",
		(int)x->sensitivity, "threshold", (json_int_t)x->threshold,
		"delta", (int)x->delta));
}

static json_int_t
least(const json_t *list, const char *key, bool most)
{
	json_int_t best = -1;
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		const json_int_t one =
		    json_integer_value(json_object_get(v, key));
		if (best < 0 || (most ? one > best : one < best))
			best = one;
	}
	return best;
}

/* What all figures say stands once, in the record. */
static void
lift(json_t *draft, json_t *figures, json_t *row)
{
	const json_int_t start = least(figures, "start", false);
	const json_int_t end = least(figures, "end", true);
	const char *region = NULL;
	bool one_region = true;
	size_t i;
	json_t *v;

	json_array_foreach(figures, i, v)
	{
		const char *r = json_string_value(json_object_get(v, "region"));
		one_region = one_region && r != NULL &&
			     (region == NULL || strcmp(region, r) == 0);
		region = r;
		if (json_integer_value(json_object_get(v, "start")) == start &&
		    json_integer_value(json_object_get(v, "end")) == end) {
			(void)json_object_del(v, "start");
			(void)json_object_del(v, "end");
		}
		(void)json_object_del(v, "row");
	}
	(void)json_object_set_new(draft, "start", json_integer(start));
	(void)json_object_set_new(draft, "end", json_integer(end));
	(void)json_object_set_new(row, "region",
	    json_string(
		one_region && region != NULL ? region : SIGNAL_EVERYWHERE));
}

static void
make_record(struct sheet *t, size_t part, size_t from, size_t to)
{
	struct import_draft d;
	json_t *row = json_object(), *figures = json_array();
	char external[EXTERNAL + 1];
	unsigned left_out = 0;

	import_draft_init(&d, t->lookup, t->o);
	external_of(t, part, external);
	copy_about(t, d.draft);
	put_noise(t, d.draft);
	(void)json_object_set_new(row, "row",
	    json_incref(
		json_object_get(json_array_get(t->figures, from), "row")));
	for (size_t i = from; i < to; i++) {
		json_t *figure = json_array_get(t->figures, i);
		if (finish_figure(&d, t, external, figure))
			(void)json_array_append(figures, figure);
		else
			left_out++;
	}
	if (left_out > 0)
		import_note(&d, "figures",
		    t->o->noise != NULL ? "below the threshold, or no term"
					: "ohcn vocabulary search WORDS",
		    "%u of %zu figures were left out", left_out, to - from);
	lift(d.draft, figures, row);
	(void)json_object_set_new(d.draft, "figures", figures);
	(void)json_object_set_new(
	    d.draft, "external_id", json_string(external));
	(void)json_object_set_new(row, "external_id", json_string(external));
	(void)json_object_set_new(
	    row, "figures", json_integer((json_int_t)json_array_size(figures)));
	if (json_array_size(figures) == 0)
		import_fail(&d, "figures", "", "nothing is left to publish");
	else
		import_draft_finish(&d, t->kind);
	(void)json_object_set_new(
	    row, "state", json_string(d.failed ? "failed" : "ready"));
	t->counts[d.failed]++;
	const json_t *first = json_array_get(d.messages, 0);
	if (d.failed && first != NULL)
		(void)json_object_update(row, (json_t *)(uintptr_t)first);
	import_draft_report(&d, row);
	import_draft_drop(&d);
	(void)json_array_append_new(t->rows, row);
}

void
statistic_settle(struct sheet *t)
{
	const size_t n = json_array_size(t->figures);
	size_t part = 0;

	for (size_t from = 0; from < n; from += STATISTIC_FIGURES)
		make_record(t, part++, from, MIN(from + STATISTIC_FIGURES, n));
	if (t->passed_over > 0)
		import_message(t->messages, "value", "",
		    "%u rows have no value and were passed over",
		    t->passed_over);
}
