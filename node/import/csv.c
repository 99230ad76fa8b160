#include "node/import/csv.h"

#include <csv.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/import/parts.h"
#include "node/import/words.h"
#include "node/problem.h"
#include "proto/base/text.h"

#define COLUMNS_MAX     64
#define NAME_BYTES      48
#define CELL_BYTES_MAX  16384
#define WEIGHT_UNSAID   50
#define TAUGHT_UNSAID   3
#define LANGUAGE_UNSAID 3 /* B1 */

/* What a column of a kind may be called; title_LL, description_LL as well. */
static const char *const demand_columns[] = { "external_id", "type", "title",
	"description", "region", "place", "remote", "skills", "teaches",
	"invests", "hours", "contract", "pay_min", "pay_max", "currency",
	"period", "languages", "seats", "status", "purposes", "start",
	"occupation", "experience", "website", "salary" };
static const char *const course_columns[] = { "external_id", "type", "title",
	"description", "region", "teaches", "needs", "hours", "weeks",
	"sessions", "cost", "currency", "languages", "formats", "self_paced",
	"start", "seats", "credential", "website", "place", "duration" };

/* One run over one file. */
struct table {
	uint32_t kind;
	const struct term_lookup *lookup;
	const struct import_options *o;
	const char *const *known;
	size_t known_n;
	/* the header */
	char names[COLUMNS_MAX][NAME_BYTES]; /* "": not used */
	size_t columns;
	bool have_header;
	/* the row that is being read; cells are copies */
	struct slice cells[COLUMNS_MAX];
	size_t cells_n, cells_seen;
	size_t row_bytes;
	unsigned line, row_line;
	/* the outcome */
	json_t *rows, *messages, *ignored, *columns_as, *ids;
	unsigned counts[2]; /* ready, failed */
	err error;
};

/* ---- the header ---- */

/* Lower case, words joined by '_'. */
static void
normal_name(struct slice s, char out[NAME_BYTES])
{
	size_t n = 0;

	s = slice_trim(s);
	for (size_t i = 0; i < s.n && n + 1 < NAME_BYTES; i++) {
		const int c = s.p[i];
		out[n++] = c == ' ' || c == '-' ? '_' : (char)tolower(c);
	}
	out[n] = 0;
}

/* "title_de": a text column with a language behind it. */
static bool
is_text_column(const char *name, uint32_t *language)
{
	const char *under = strrchr(name, '_');

	if (under == NULL || !(strncmp(name, "title_", 6) == 0 ||
				 strncmp(name, "description_", 12) == 0))
		return false;
	*language = language_code(slice_str(under + 1));
	return *language != 0;
}

static bool
is_known(const struct table *t, const char *name)
{
	uint32_t language;

	for (size_t i = 0; i < t->known_n; i++)
		if (strcmp(t->known[i], name) == 0)
			return true;
	return is_text_column(name, &language);
}

/* The map says which column of the file is ours; else its own name counts. */
static void
column_name(const struct table *t, struct slice cell, char out[NAME_BYTES])
{
	struct slice rest = t->o->map, entry, ours;
	char normal[NAME_BYTES], theirs[NAME_BYTES];

	normal_name(cell, normal);
	while (slice_split(&rest, "\n", &entry)) {
		if (entry.p[0] == '#' || !slice_split(&entry, "=", &ours))
			continue;
		normal_name(entry, theirs);
		if (strcmp(theirs, normal) == 0) {
			normal_name(ours, out);
			return;
		}
	}
	memcpy(out, normal, NAME_BYTES);
}

static void
check_map(struct table *t)
{
	struct slice rest = t->o->map, entry, ours;
	char name[NAME_BYTES];

	while (slice_split(&rest, "\n", &entry)) {
		if (entry.p[0] == '#')
			continue;
		const bool split = slice_split(&entry, "=", &ours);
		normal_name(split ? ours : entry, name);
		if (split && slice_trim(entry).n > 0 && is_known(t, name))
			continue;
		const char *near =
		    nearest_name(name, t->known, t->known_n, sizeof(char *));
		char hint[96];
		(void)snprintf(hint, sizeof(hint), "%s%s%s",
		    near ? "did you mean \"" : "write: title = Name of column",
		    near ? near : "", near ? "\"?" : "");
		import_message(t->messages, "map", hint,
		    "\"%s\" is no column of ours", name);
		t->error = ERR_FORM;
	}
}

static bool
has_column(const struct table *t, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(t->names[i], name) == 0)
			return true;
	return false;
}

static void
ignore_column(struct table *t, size_t i)
{
	char *name = t->names[i];
	const char *near =
	    nearest_name(name, t->known, t->known_n, sizeof(char *));
	json_t *text = clean_text(t->cells[i], NAME_BYTES, NULL);
	char hint[96];

	(void)snprintf(hint, sizeof(hint), near ? "did you mean \"%s\"?" : "%s",
	    near ? near : "");
	import_message(t->messages, name, hint,
	    "is not a column of ours and was not used");
	if (text != NULL)
		(void)json_array_append_new(t->ignored, text);
	name[0] = 0;
}

/* "Titel" counts as title, unless a column has that name itself. */
static void
take_alias(struct table *t, size_t i)
{
	const char *ours = column_alias(t->kind, t->names[i]);

	if (ours == NULL || has_column(t, t->columns, ours)) {
		ignore_column(t, i);
		return;
	}
	json_t *theirs = clean_text(t->cells[i], NAME_BYTES, NULL);
	(void)json_array_append_new(t->columns_as,
	    json_pack("{s:o?, s:s}", "name", theirs, "as", ours));
	(void)snprintf(t->names[i], NAME_BYTES, "%s", ours);
}

static void
take_header(struct table *t)
{
	bool title = false, teaches = false;

	t->have_header = true;
	t->columns = t->cells_n;
	for (size_t i = 0; i < t->columns; i++) {
		char *name = t->names[i];
		column_name(t, t->cells[i], name);
		if (name[0] != 0 && has_column(t, i, name)) {
			import_message(t->messages, name, "rename one of them",
			    "is there twice");
			t->error = ERR_FORM;
		}
	}
	for (size_t i = 0; i < t->columns; i++)
		if (t->names[i][0] != 0 && !is_known(t, t->names[i]))
			take_alias(t, i);
	for (size_t i = 0; i < t->columns; i++) {
		title = title || strncmp(t->names[i], "title", 5) == 0;
		teaches = teaches || strcmp(t->names[i], "teaches") == 0;
	}
	if (!title || (t->kind == KIND_COURSE && !teaches)) {
		import_message(t->messages, title ? "teaches" : "title",
		    "name it in the first row, or map it: \"title = Their "
		    "name\"",
		    "there is no such column");
		t->error = ERR_FORM;
	}
}

/* ---- cells ---- */

static struct slice
cell(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->cells_n && i < t->columns; i++)
		if (strcmp(t->names[i], name) == 0)
			return slice_trim(t->cells[i]);
	return slice_of(NULL, 0);
}

/* For messages: as much of a cell as is worth showing. */
#define SHOWN(s) (int)MIN((s).n, 60), (const char *)(s).p

static void
copy_text(struct import_draft *d, const struct table *t, const char *column,
    const char *name, size_t max)
{
	json_t *text = clean_text(cell(t, column), max, NULL);

	if (text != NULL)
		(void)json_object_set_new(d->draft, name, text);
}

/* "40 Std.", "38,5": hours are often written so; halves are rounded up. */
static bool
hours_number(
    struct import_draft *d, struct slice s, const char *column, uint64_t *out)
{
	size_t n = 0;

	if (strcmp(column, "hours") != 0)
		return false;
	while (n < s.n && isdigit(s.p[n]))
		n++;
	if (!slice_number(slice_of(s.p, n), out))
		return false;
	struct slice rest = slice_of(s.p + n, s.n - n);
	if (rest.n >= 2 && (rest.p[0] == ',' || rest.p[0] == '.') &&
	    isdigit(rest.p[1])) {
		*out += rest.p[1] >= '5';
		slice_skip(&rest, 2);
		import_note(d, column, "hours are whole numbers in a record",
		    "was rounded");
	}
	for (size_t i = 0; i < rest.n; i++)
		if (isdigit(rest.p[i]))
			return false; /* "35-40" */
	return true;
}

static void
copy_number(struct import_draft *d, const struct table *t, const char *column,
    const char *name)
{
	const struct slice s = cell(t, column);
	uint64_t n;

	if (s.n == 0)
		return;
	if (!slice_number(s, &n) && !hours_number(d, s, column, &n))
		import_fail(d, column, "write a whole number",
		    "\"%.*s\" is no whole number", SHOWN(s));
	else
		(void)json_object_set_new(
		    d->draft, name, json_integer((json_int_t)n));
}

static void
copy_date(struct import_draft *d, const struct table *t)
{
	struct slice s = cell(t, "start");
	uint64_t hours;
	char iso[11];

	if (s.n == 0)
		return;
	/* 31.12.2026 has one meaning only; 1/2/2026 has two */
	if (s.n == 10 && s.p[2] == '.' && s.p[5] == '.') {
		(void)snprintf(iso, sizeof(iso), "%.4s-%.2s-%.2s",
		    (const char *)s.p + 6, (const char *)s.p + 3,
		    (const char *)s.p);
		s = slice_str(iso);
	}
	if (!date_hours(s, &hours))
		import_fail(d, "start", "write it as 2026-12-31",
		    "\"%.*s\" is no date", SHOWN(s));
	else
		(void)json_object_set_new(
		    d->draft, "start", json_integer((json_int_t)hours));
}

static void
copy_texts(struct import_draft *d, const struct table *t)
{
	uint32_t language;

	text_set(d, "title", d->language, cell(t, "title"), 120);
	text_set(d, "description", d->language, cell(t, "description"), 2000);
	for (size_t i = 0; i < t->cells_n && i < t->columns; i++)
		if (is_text_column(t->names[i], &language))
			text_set(d,
			    t->names[i][0] == 't' ? "title" : "description",
			    language, t->cells[i],
			    t->names[i][0] == 't' ? 120 : 2000);
}

/* An item of a list cell: "blueprint reading:2-4!*80". */
struct item {
	struct slice text;
	bool have_level;
	unsigned from, to, weight;
	bool must;
};

/* Takes "<mark><digits>" off the end; false: it does not end so. */
static bool
take_suffix(struct slice *s, char mark, uint64_t *number)
{
	size_t at = s->n;

	while (at > 0 && isdigit(s->p[at - 1]))
		at--;
	if (at == 0 || at == s->n || s->p[at - 1] != (uint8_t)mark ||
	    !slice_number(slice_of(s->p + at, s->n - at), number))
		return false;
	*s = slice_trim(slice_of(s->p, at - 1));
	return true;
}

static bool
read_item(struct import_draft *d, struct slice s, const char *column,
    struct item *out)
{
	const struct slice whole = s;
	uint64_t weight = WEIGHT_UNSAID, to = 0, from = 0;

	*out = (struct item){ .text = s };
	/* '!' and '*80' in any order, then the level */
	for (int i = 0; i < 2; i++) {
		(void)take_suffix(&s, '*', &weight);
		if (s.n > 0 && s.p[s.n - 1] == '!') {
			out->must = true;
			s = slice_trim(slice_of(s.p, s.n - 1));
		}
	}
	struct slice before = s;
	if (take_suffix(&before, '-', &to) &&
	    take_suffix(&before, ':', &from)) {
		out->have_level = true;
		s = before;
	} else if (take_suffix(&s, ':', &to)) {
		out->have_level = true;
	} else {
		to = 0;
	}
	if (weight < 1 || weight > 100) {
		import_fail(d, column, "write *1 to *100, or nothing for *50",
		    "weight of \"%.*s\": must be 1 to 100", SHOWN(whole));
		return false;
	}
	if (out->have_level && (to < 1 || to > 5 || from > to)) {
		import_fail(d, column, "write :1 (first steps) to :5 (expert)",
		    "level of \"%.*s\": must be 1 to 5", SHOWN(whole));
		return false;
	}
	out->text = s;
	out->from = (unsigned)from;
	out->to = (unsigned)to;
	out->weight = (unsigned)weight;
	return s.n > 0;
}

static bool
is_term(const struct import_draft *d, struct slice s)
{
	uint64_t term;
	unsigned confidence;
	size_t n = 0;

	while (n < s.n && strchr(":*!", s.p[n]) == NULL)
		n++;
	return d->lookup->find(d->lookup->ctx, slice_trim(slice_of(s.p, n)),
	    d->language, &term, &confidence);
}

/*
 * What separates the items of a cell: ';', and where there is none, commas,
 * bars and lines. A comma may also be part of one label, "helping with
 * washing, dressing and eating": then the whole is known and no part is.
 */
static const char *
separators_of(const struct import_draft *d, struct slice s)
{
	struct slice rest = s, part;

	if (s.n == 0 || memchr(s.p, ';', s.n) != NULL)
		return ";\n";
	if (memchr(s.p, ',', s.n) == NULL || !is_term(d, s))
		return ",|\n";
	while (slice_split(&rest, ",|\n", &part))
		if (is_term(d, part))
			return ",|\n";
	return "|\n";
}

/* The next item, without the mark of a list before it. */
static bool
next_item(struct slice *rest, const char *separators, struct slice *out)
{
	static const char *const marks[] = { "- ", "* ", "\xe2\x80\xa2",
		"\xc2\xb7", "\xe2\x80\x93 " };

	while (slice_split(rest, separators, out)) {
		for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
			const size_t n = strlen(marks[i]);
			if (out->n >= n && memcmp(out->p, marks[i], n) == 0) {
				slice_skip(out, n);
				*out = slice_trim(*out);
			}
		}
		if (out->n > 0)
			return true;
	}
	return false;
}

static bool
item_term(struct import_draft *d, const struct item *i, const char *column,
    struct import_term *t)
{
	if (import_term(d, i->text, 0, column, t))
		return true;
	if (i->must)
		import_fail(d, column,
		    "use a label of the vocabulary or a URI, or drop the '!'",
		    "the must-have \"%.*s\" is no known term", SHOWN(i->text));
	return false;
}

static void
copy_requirements(struct import_draft *d, const struct table *t)
{
	struct slice rest = cell(t, "skills"), part;
	const char *separators = separators_of(d, rest);
	struct import_term term;
	struct item i;

	while (next_item(&rest, separators, &part))
		if (read_item(d, part, "skills", &i) &&
		    item_term(d, &i, "skills", &term))
			import_requirement(
			    import_list(d->draft, "requirements"), &term, i.to,
			    i.weight, i.must);
}

/* "welding:3" into a list of {term, level} */
static void
copy_skills(struct import_draft *d, const struct table *t, const char *column)
{
	struct slice rest = cell(t, column), part;
	const char *separators = separators_of(d, rest);
	struct import_term term;
	struct item i;

	while (next_item(&rest, separators, &part))
		if (read_item(d, part, column, &i) &&
		    item_term(d, &i, column, &term))
			import_skill(import_list(d->draft, column), &term,
			    i.have_level ? i.to : TAUGHT_UNSAID);
}

/* "python:1-3" into {term, from, to} */
static void
copy_taught(struct import_draft *d, const struct table *t)
{
	struct slice rest = cell(t, "teaches"), part;
	const char *separators = separators_of(d, rest);
	struct import_term term;
	struct item i;

	while (next_item(&rest, separators, &part)) {
		if (!read_item(d, part, "teaches", &i) ||
		    !item_term(d, &i, "teaches", &term))
			continue;
		(void)json_array_append_new(import_list(d->draft, "teaches"),
		    json_pack("{s:s, s:i, s:i}", "term", term.hex, "from",
			(int)i.from, "to",
			(int)(i.have_level ? i.to : TAUGHT_UNSAID)));
	}
}

static void
copy_purposes(struct import_draft *d, const struct table *t)
{
	struct slice rest = cell(t, "purposes"), part;
	const char *separators = separators_of(d, rest);
	struct import_term term;

	while (next_item(&rest, separators, &part))
		if (import_term(d, part, 0, "purposes", &term))
			(void)json_array_append_new(
			    import_list(d->draft, "purposes"),
			    json_string(term.hex));
}

/* ---- money ---- */

static bool
currency_cell(
    struct import_draft *d, struct slice s, const char *column, char out[4])
{
	const char *better;
	char hint[48];

	if (currency_get(s, out, &better))
		return true;
	(void)snprintf(hint, sizeof(hint),
	    better[0] != 0 ? "write %s" : "write a code like EUR", better);
	if (s.n == 0)
		import_fail(d, column, hint, "money needs a currency");
	else
		import_fail(d, column, hint,
		    "unknown currency \"%.*s\": needs an ISO 4217 code",
		    SHOWN(s));
	return false;
}

static void
money_cell(struct import_draft *d, json_t *into, const char *name,
    struct slice s, const char *currency, const char *column)
{
	uint64_t minor;

	if (s.n == 0)
		return;
	if (!money_get(s, currency, &minor))
		import_fail(d, column, "write it like 3200 or 17.50",
		    "\"%.*s\" is no amount of %s", SHOWN(s), currency);
	else
		(void)json_object_set_new(
		    into, name, json_integer((json_int_t)minor));
}

static void
copy_pay(struct import_draft *d, const struct table *t)
{
	const struct slice low = cell(t, "pay_min"), high = cell(t, "pay_max");
	char currency[4];

	if ((low.n == 0 && high.n == 0) ||
	    !currency_cell(d, cell(t, "currency"), "currency", currency))
		return;
	json_t *pay = json_object();
	(void)json_object_set_new(d->draft, "pay", pay);
	money_cell(d, pay, "min", low, currency, "pay_min");
	money_cell(d, pay, "max", high, currency, "pay_max");
	(void)json_object_set_new(pay, "currency", json_string(currency));
	const char *said = period_get(cell(t, "period"));
	json_t *period = said != NULL ? json_string(said)
				      : clean_text(cell(t, "period"), 20, NULL);
	if (period == NULL)
		import_fail(d, "period", "write hour, day, week, month or year",
		    "pay needs a period");
	else
		(void)json_object_set_new(pay, "period", period);
}

/* A salary in one cell. What it does not say is not guessed. */
static void
copy_salary(struct import_draft *d, const struct table *t)
{
	const struct slice s = cell(t, "salary"), code = cell(t, "currency");
	const char *better = "", *period;
	struct salary pay;
	uint64_t low = 0, high = 0;

	if (s.n == 0 || json_object_get(d->draft, "pay") != NULL)
		return;
	if (!salary_get(s, &pay)) {
		import_note(d, "salary", "write it like 3000-3500 EUR/month",
		    "\"%.*s\" was not understood and left out", SHOWN(s));
		return;
	}
	if (pay.currency[0] == 0 && !currency_get(code, pay.currency, &better))
		(void)snprintf(
		    pay.currency, sizeof(pay.currency), "%s", better);
	period =
	    pay.period != NULL ? pay.period : period_get(cell(t, "period"));
	if (pay.currency[0] == 0 || period == NULL) {
		import_note(d, "salary",
		    "write it like 3000-3500 EUR/month, or add the columns "
		    "currency and period",
		    "\"%.*s\" names no %s and was left out", SHOWN(s),
		    pay.currency[0] != 0 ? "period"
		    : period != NULL     ? "currency"
					 : "currency and no period");
		return;
	}
	if ((pay.low[0] != 0 &&
		!money_get(slice_str(pay.low), pay.currency, &low)) ||
	    (pay.high[0] != 0 &&
		!money_get(slice_str(pay.high), pay.currency, &high)) ||
	    (pay.low[0] != 0 && pay.high[0] != 0 && low > high)) {
		import_note(d, "salary", "write it like 3000-3500 EUR/month",
		    "\"%.*s\" was not understood and left out", SHOWN(s));
		return;
	}
	json_t *o = json_object();
	if (pay.low[0] != 0)
		(void)json_object_set_new(
		    o, "min", json_integer((json_int_t)low));
	if (pay.high[0] != 0)
		(void)json_object_set_new(
		    o, "max", json_integer((json_int_t)high));
	(void)json_object_set_new(o, "currency", json_string(pay.currency));
	(void)json_object_set_new(o, "period", json_string(period));
	(void)json_object_set_new(d->draft, "pay", o);
}

static void
copy_cost(struct import_draft *d, const struct table *t)
{
	struct slice s = cell(t, "cost");
	struct salary price;
	char currency[4];

	if (s.n == 0)
		return;
	/* "490 EUR" in one cell */
	if (cell(t, "currency").n == 0 && salary_get(s, &price) &&
	    price.currency[0] != 0 && price.high[0] != 0 &&
	    strcmp(price.low, price.high) == 0) {
		memcpy(currency, price.currency, sizeof(currency));
		s = slice_str(price.low);
	} else if (!currency_cell(d, cell(t, "currency"), "currency", currency))
		return;
	json_t *cost = json_object();
	(void)json_object_set_new(d->draft, "cost", cost);
	money_cell(d, cost, "amount", s, currency, "cost");
	(void)json_object_set_new(cost, "currency", json_string(currency));
}

/* "course-budget 1500 EUR", "training-time 40h", "certificate" */
static void
copy_invests(struct import_draft *d, const struct table *t)
{
	struct slice rest = cell(t, "invests"), part, word, amount, code;
	char currency[4];
	uint64_t hours;

	while (slice_split(&rest, ";\n", &part)) {
		const struct slice whole = part;
		json_t *out = json_object();
		(void)json_array_append_new(
		    import_list(d->draft, "invests"), out);
		if (slice_split(&part, " ", &word))
			(void)json_object_set_new(
			    out, "kind", clean_text(word, 40, NULL));
		if (!slice_split(&part, " ", &amount))
			continue;
		struct slice number = amount;
		if (number.n > 1 && tolower(number.p[number.n - 1]) == 'h') {
			number.n--;
			if (slice_number(number, &hours)) {
				(void)json_object_set_new(out, "hours",
				    json_integer((json_int_t)hours));
				continue;
			}
		}
		if (!slice_split(&part, " ", &code)) {
			import_fail(d, "invests",
			    "write \"course-budget 1500 EUR\" or "
			    "\"training-time 40h\"",
			    "\"%.*s\" has neither hours nor a currency",
			    SHOWN(whole));
			continue;
		}
		if (!currency_cell(d, code, "invests", currency))
			continue;
		money_cell(d, out, "amount", amount, currency, "invests");
		(void)json_object_set_new(
		    out, "currency", json_string(currency));
	}
}

/* ---- other lists ---- */

static void
put_language(struct import_draft *d, const struct table *t, struct slice whole)
{
	struct slice part = whole, name, level;
	struct spoken spoken;
	char letters[4];

	(void)slice_split(&part, ":", &name);
	if (slice_split(&part, ":", &level)) {
		spoken = (struct spoken){ .language = language_get(name),
			.level = fluency_get(level) };
		if (spoken.language != 0 && spoken.level == 0 &&
		    t->kind != KIND_COURSE) {
			import_fail(d, "languages",
			    "write A1 to C2 or native, like \"de:B2\"",
			    "\"%.*s\" is no level of a language", SHOWN(whole));
			return;
		}
	} else {
		(void)spoken_get(whole, &spoken);
	}
	if (!language_put(letters, spoken.language)) {
		import_fail(d, "languages", "write codes, like \"de:B2; en\"",
		    "\"%.*s\" is no language", SHOWN(whole));
		return;
	}
	if (t->kind == KIND_COURSE) {
		(void)json_array_append_new(
		    import_list(d->draft, "languages"), json_string(letters));
		return;
	}
	if (spoken.strange)
		import_note(d, "languages",
		    "write A1 to C2 or native, like \"de:B2\"",
		    "no level was understood in \"%.*s\": B1 was taken",
		    SHOWN(whole));
	(void)json_array_append_new(import_list(d->draft, "languages"),
	    json_pack("{s:s, s:i}", "language", letters, "cefr",
		(int)(spoken.level == 0 ? LANGUAGE_UNSAID : spoken.level)));
}

static void
copy_languages(struct import_draft *d, const struct table *t)
{
	struct slice rest = cell(t, "languages"), part;

	while (slice_split(&rest, ";,|/&\n", &part))
		put_language(d, t, part);
}

static void
copy_formats(struct import_draft *d, const struct table *t)
{
	struct slice rest = cell(t, "formats"), part;

	while (slice_split(&rest, ";,|/\n", &part)) {
		const char *way = workplace_get(part);
		(void)json_array_append_new(import_list(d->draft, "formats"),
		    way != NULL && strcmp(way, "on-site") == 0
			? json_string(way)
			: clean_text(part, 40, NULL));
	}
}

/* "40 Stunden", "2 Wochen" */
static void
copy_duration(struct import_draft *d, const struct table *t)
{
	const struct slice s = cell(t, "duration");
	const char *unit = period_get(s);
	size_t n = 0;
	uint64_t number;

	if (s.n == 0)
		return;
	while (n < s.n && isdigit(s.p[n]))
		n++;
	if (unit == NULL || !slice_number(slice_of(s.p, n), &number) ||
	    (strcmp(unit, "hour") != 0 && strcmp(unit, "week") != 0)) {
		import_note(d, "duration",
		    "write \"40 hours\" or \"6 weeks\", or use the columns "
		    "hours and weeks",
		    "\"%.*s\" was not understood and left out", SHOWN(s));
		return;
	}
	const char *name = unit[0] == 'h' ? "hours" : "weeks";
	if (json_object_get(d->draft, name) == NULL)
		(void)json_object_set_new(
		    d->draft, name, json_integer((json_int_t)number));
}

/* A word of ours stays as it is; others are looked up. */
static void
copy_choice(struct import_draft *d, const struct table *t, const char *name,
    const char *(*get)(struct slice))
{
	const struct slice s = cell(t, name);
	const char *ours = s.n == 0 ? NULL : get(s);

	if (ours != NULL)
		(void)json_object_set_new(d->draft, name, json_string(ours));
	else
		copy_text(d, t, name, name, 40);
}

/* "Vollzeit" says how much, not which contract. */
static void
copy_contract(struct import_draft *d, const struct table *t)
{
	const struct slice s = cell(t, "contract");

	if (contract_get(s) == NULL &&
	    (slice_has_word(s, "full") || slice_has_word(s, "part") ||
		slice_has_word(s, "voll") || slice_has_word(s, "teil") ||
		slice_has_word(s, "temps") || slice_has_word(s, "jornada")))
		import_note(d, "contract",
		    "write permanent, fixed-term, ...; the hours a week go "
		    "into the column hours",
		    "says how much, not which contract, and was left out");
	else
		copy_choice(d, t, "contract", contract_get);
}

static void
copy_yes(struct import_draft *d, const struct table *t, const char *column)
{
	static const char *const yes[] = { "yes", "true", "1", "ja", "oui",
		"s\xc3\xad", "si", "x" };
	static const char *const no[] = { "no", "false", "0", "nein", "non" };
	const struct slice s = cell(t, column);

	if (s.n == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (slice_is(s, yes[i])) {
			(void)json_object_set_new(
			    d->draft, column, json_true());
			return;
		}
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (slice_is(s, no[i])) {
			(void)json_object_set_new(
			    d->draft, column, json_false());
			return;
		}
	import_fail(
	    d, column, "write yes or no", "\"%.*s\" is neither", SHOWN(s));
}

/* ---- rows ---- */

static void
copy_demand(struct import_draft *d, const struct table *t)
{
	struct import_term term;

	copy_text(d, t, "type", "type", 40);
	if (json_object_get(d->draft, "type") == NULL)
		(void)json_object_set_new(d->draft, "type", json_string("job"));
	copy_choice(d, t, "remote", workplace_get);
	copy_contract(d, t);
	copy_text(d, t, "status", "status", 40);
	copy_requirements(d, t);
	copy_skills(d, t, "teaches");
	copy_invests(d, t);
	copy_number(d, t, "hours", "guaranteed_hours");
	copy_pay(d, t);
	copy_salary(d, t);
	copy_purposes(d, t);
	text_set(d, "experience", d->language, cell(t, "experience"), 280);
	if (cell(t, "occupation").n > 0 &&
	    import_term(d, cell(t, "occupation"), 0, "occupation", &term))
		(void)json_object_set_new(
		    d->draft, "occupation", json_string(term.hex));
}

static void
copy_course(struct import_draft *d, const struct table *t)
{
	copy_text(d, t, "type", "type", 40);
	if (json_object_get(d->draft, "type") == NULL)
		(void)json_object_set_new(
		    d->draft, "type", json_string("course"));
	copy_taught(d, t);
	copy_skills(d, t, "needs");
	copy_number(d, t, "hours", "hours");
	copy_number(d, t, "weeks", "weeks");
	copy_duration(d, t);
	copy_number(d, t, "sessions", "sessions");
	copy_cost(d, t);
	copy_formats(d, t);
	copy_yes(d, t, "self_paced");
	text_set(d, "credential", d->language, cell(t, "credential"), 120);
}

/*
 * The region: its own column; else the country that the place names; else
 * the node's.
 */
static void
copy_place(struct import_draft *d, const struct table *t, json_t *row)
{
	const struct slice region = cell(t, "region"), place = cell(t, "place");
	struct slice town = place;
	char letters[3];
	bool found = false;

	if (region.n > 0 && !region_get(region, letters)) {
		import_fail(d, "region", "write two letters, like de",
		    "\"%.*s\" is no country code", SHOWN(region));
	} else if (region.n > 0) {
		found = true;
	} else if (place.n > 0) {
		const char *way = workplace_get(place);
		found = country_get(place, t->o->region, letters, &town);
		if (t->kind == KIND_DEMAND && way != NULL && !found &&
		    cell(t, "remote").n == 0) {
			(void)json_object_set_new(
			    d->draft, "remote", json_string(way));
			town.n = strcmp(way, "remote") == 0 ? 0 : town.n;
		}
	}
	if (found)
		(void)json_object_set_new(row, "region", json_string(letters));
	else if (t->o->region != NULL && region.n == 0)
		(void)json_object_set_new(
		    row, "region", json_string(t->o->region));
	if (!found && place.n > 0 && region.n == 0)
		import_note(d, "place",
		    "write \"Lyon, France\", or add a column region",
		    t->o->region != NULL
			? "names no country: your node's region, %s, was taken"
			: "names no country%s",
		    t->o->region != NULL ? t->o->region : "");
	if (t->kind == KIND_COURSE && town.n > 0)
		import_note(d, "place", "put the town into the title",
		    "a course has no place: only the country is published");
	json_t *text = town.n == 0 ? NULL : clean_text(town, 80, NULL);
	if (text != NULL && t->kind == KIND_DEMAND)
		(void)json_object_set_new(d->draft, "place", text);
	else
		json_decref(text);
}

static void
copy_identity(struct import_draft *d, struct table *t, json_t *row)
{
	json_t *id = clean_text(cell(t, "external_id"), 256, NULL);

	if (id != NULL) {
		const char *text = json_string_value(id);
		const json_t *before = json_object_get(t->ids, text);
		if (before != NULL)
			import_fail(d, "external_id",
			    "give each row an id of its own",
			    "\"%.60s\" is also in row %d", text,
			    (int)json_integer_value(before));
		else
			(void)json_object_set_new(
			    t->ids, text, json_integer(t->row_line));
		(void)json_object_set(row, "external_id", id);
		(void)json_object_set_new(d->draft, "external_id", id);
	}
	copy_place(d, t, row);
}

static void
take_row(struct table *t)
{
	struct import_draft d;
	json_t *row = json_object();

	import_draft_init(&d, t->lookup, t->o);
	(void)json_object_set_new(row, "row", json_integer(t->row_line));
	if (t->cells_seen > t->columns)
		import_fail(&d, "",
		    "put cells that hold the separator into quotation marks",
		    "has %zu cells, the header has %zu", t->cells_seen,
		    t->columns);
	copy_identity(&d, t, row);
	copy_texts(&d, t);
	copy_number(&d, t, "seats", "seats");
	copy_text(&d, t, "website", "website", 256);
	copy_languages(&d, t);
	copy_date(&d, t);
	if (t->kind == KIND_COURSE)
		copy_course(&d, t);
	else
		copy_demand(&d, t);
	import_draft_finish(&d, t->kind);
	(void)json_object_set_new(
	    row, "state", json_string(d.failed ? "failed" : "ready"));
	t->counts[d.failed]++;
	const json_t *first = json_array_get(d.messages, 0);
	if (first != NULL)
		(void)json_object_update(row, (json_t *)(uintptr_t)first);
	import_draft_report(&d, row);
	import_draft_drop(&d);
	(void)json_array_append_new(t->rows, row);
}

/* ---- the parser's events ---- */

static void
drop_cells(struct table *t)
{
	for (size_t i = 0; i < t->cells_n; i++)
		free((void *)(uintptr_t)t->cells[i].p);
	t->cells_n = t->cells_seen = 0;
}

static void
on_cell(void *bytes, size_t n, void *ctx)
{
	struct table *t = ctx;
	uint8_t *copy;

	t->cells_seen++;
	if (t->error != OK || t->cells_n == COLUMNS_MAX)
		return;
	if (n > CELL_BYTES_MAX) {
		import_message(t->messages, "", "shorten it",
		    "row %u has a cell of %zu bytes, at most %d are taken",
		    t->row_line, n, CELL_BYTES_MAX);
		t->error = ERR_LIMIT;
		return;
	}
	copy = malloc(n + 1);
	if (copy == NULL) {
		t->error = ERR_NOMEM;
		return;
	}
	if (n > 0)
		memcpy(copy, bytes, n);
	copy[n] = 0;
	t->cells[t->cells_n++] = slice_of(copy, n);
}

static void
on_row(int end, void *ctx)
{
	struct table *t = ctx;
	const uint32_t max =
	    t->o->rows_max != 0 ? t->o->rows_max : IMPORT_ROWS_MAX;
	bool empty = true;

	(void)end;
	for (size_t i = 0; i < t->cells_n; i++)
		empty = empty && slice_trim(t->cells[i]).n == 0;
	if (t->error == OK && !empty) {
		if (!t->have_header)
			take_header(t);
		else if (json_array_size(t->rows) >= max) {
			import_message(t->messages, "", "split the file",
			    "has more than %u rows", max);
			t->error = ERR_LIMIT;
		} else
			take_row(t);
	}
	drop_cells(t);
	t->row_line = t->line + 1;
}

/* The separator that the header row has most of, outside quotes. */
static char
find_delimiter(struct slice s)
{
	static const char marks[] = ",;\t";
	unsigned counts[3] = { 0, 0, 0 };
	bool quoted = false;
	size_t best = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && s.p[i] == '\n')
			break;
		for (size_t k = 0; !quoted && k < 3; k++)
			counts[k] += s.p[i] == (uint8_t)marks[k];
	}
	for (size_t k = 1; k < 3; k++)
		if (counts[k] > counts[best])
			best = k;
	return marks[best];
}

static bool
check_bytes(struct table *t, struct slice file)
{
	uint32_t cp;
	unsigned line = 1;

	if (file.n > IMPORT_BYTES_MAX) {
		import_message(t->messages, "", "split the file",
		    "has %zu bytes, at most %u are taken", file.n,
		    IMPORT_BYTES_MAX);
		t->error = ERR_LIMIT;
		return false;
	}
	while (file.n > 0) {
		line += file.p[0] == '\n';
		if (utf8_next(&file, &cp) && cp != 0)
			continue;
		import_message(t->messages, "",
		    "save it as CSV in UTF-8 (\"CSV UTF-8\" in a spreadsheet)",
		    "line %u is not UTF-8", line);
		t->error = ERR_FORM;
		return false;
	}
	return true;
}

/* Line by line, so that a row knows the line it begins on. */
static void
parse(struct table *t, struct slice file, char delimiter)
{
	struct csv_parser p;

	if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		t->error = ERR_NOMEM;
		return;
	}
	csv_set_delim(&p, (unsigned char)delimiter);
	t->line = t->row_line = 1;
	while (file.n > 0 && t->error == OK) {
		const uint8_t *end = memchr(file.p, '\n', file.n);
		const size_t n =
		    end == NULL ? file.n : (size_t)(end - file.p) + 1;
		/* blank lines between rows give no event */
		if (t->cells_n == 0 && p.pstate == 0)
			t->row_line = t->line;
		if (csv_parse(&p, file.p, n, on_cell, on_row, t) != n)
			break;
		slice_skip(&file, n);
		t->line++;
	}
	if (t->error == OK && (csv_error(&p) != CSV_SUCCESS ||
				  csv_fini(&p, on_cell, on_row, t) != 0)) {
		import_message(t->messages, "",
		    "double the marks inside a cell and close it: \"a "
		    "\"\"b\"\" "
		    "c\"",
		    "row %u: quotation marks do not fit", t->row_line);
		t->error = ERR_FORM;
	}
	drop_cells(t);
	csv_free(&p);
}

/* As a whole or not at all. */
static bool
settle(struct table *t)
{
	size_t i;
	json_t *row;
	const bool whole = t->counts[1] == 0 || t->o->allow_partial;

	if (t->error != OK)
		return false;
	if (whole)
		return t->counts[0] > 0;
	json_array_foreach(t->rows, i,
	    row) if (strcmp(json_string_value(json_object_get(row, "state")),
			 "ready") == 0)(void)
	    json_object_set_new(row, "state", json_string("held"));
	return false;
}

err
import_csv(uint32_t kind, struct slice file, const struct term_lookup *lookup,
    const struct import_options *o, json_t **report)
{
	struct table *t = calloc(1, sizeof(*t));
	char delimiter[2] = ",";

	*report = NULL;
	if (t == NULL)
		return ERR_NOMEM;
	ASSERT(kind == KIND_DEMAND || kind == KIND_COURSE);
	t->kind = kind;
	t->lookup = lookup;
	t->o = o;
	t->known = kind == KIND_COURSE ? course_columns : demand_columns;
	t->known_n = kind == KIND_COURSE ? ARRAY_LEN(course_columns)
					 : ARRAY_LEN(demand_columns);
	t->rows = json_array();
	t->messages = json_array();
	t->ignored = json_array();
	t->columns_as = json_array();
	t->ids = json_object();
	if (file.n >= 3 && memcmp(file.p, "\xef\xbb\xbf", 3) == 0)
		slice_skip(&file, 3);
	check_map(t);
	if (t->error == OK && check_bytes(t, file)) {
		delimiter[0] = find_delimiter(file);
		parse(t, file, delimiter[0]);
	}
	if (t->error == OK && json_array_size(t->rows) == 0) {
		import_message(t->messages, "",
		    "the first row names the columns, the next are data",
		    "there are no rows");
		t->error = ERR_FORM;
	}
	*report = json_object();
	(void)json_object_set_new(*report, "accepted", json_boolean(settle(t)));
	(void)json_object_set_new(*report, "ready", json_integer(t->counts[0]));
	(void)json_object_set_new(
	    *report, "failed", json_integer(t->counts[1]));
	(void)json_object_set_new(*report, "delimiter", json_string(delimiter));
	(void)json_object_set_new(*report, "rows", t->rows);
	(void)json_object_set_new(*report, "messages", t->messages);
	(void)json_object_set_new(*report, "ignored_columns", t->ignored);
	(void)json_object_set_new(*report, "columns", t->columns_as);
	json_decref(t->ids);
	const err e = t->error;
	free(t);
	return e;
}
