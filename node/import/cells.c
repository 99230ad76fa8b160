#include "node/import/cells.h"

#include <ctype.h>
#include <stdio.h>

#include "node/import/words.h"

#define LANGUAGE_UNSAID 3 /* B1 */

void
cell_text(struct import_draft *d, const struct sheet *t, const char *column,
    const char *name, size_t max)
{
	json_t *text = clean_text(sheet_cell(t, column), max, NULL);

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

void
cell_number(struct import_draft *d, const struct sheet *t, const char *column,
    const char *name)
{
	const struct slice s = sheet_cell(t, column);
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

void
cell_date(struct import_draft *d, const struct sheet *t)
{
	struct slice s = sheet_cell(t, "start");
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

void
cell_texts(struct import_draft *d, const struct sheet *t)
{
	uint32_t language;

	text_set(d, "title", d->language, sheet_cell(t, "title"), 120);
	text_set(
	    d, "description", d->language, sheet_cell(t, "description"), 2000);
	for (size_t i = 0; i < t->cells_n && i < t->columns; i++)
		if (sheet_text_column(t->names[i], &language))
			text_set(d,
			    t->names[i][0] == 't' ? "title" : "description",
			    language, t->cells[i],
			    t->names[i][0] == 't' ? 120 : 2000);
}

static void
put_language(struct import_draft *d, const struct sheet *t, struct slice whole)
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

void
cell_languages(struct import_draft *d, const struct sheet *t)
{
	struct slice rest = sheet_cell(t, "languages"), part;

	while (slice_split(&rest, ";,|/&\n", &part))
		put_language(d, t, part);
}

void
cell_formats(struct import_draft *d, const struct sheet *t)
{
	struct slice rest = sheet_cell(t, "formats"), part;

	while (slice_split(&rest, ";,|/\n", &part)) {
		const char *way = workplace_get(part);
		(void)json_array_append_new(import_list(d->draft, "formats"),
		    way != NULL && strcmp(way, "on-site") == 0
			? json_string(way)
			: clean_text(part, 40, NULL));
	}
}

/* "40 Stunden", "2 Wochen" */
void
cell_duration(struct import_draft *d, const struct sheet *t)
{
	const struct slice s = sheet_cell(t, "duration");
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
void
cell_choice(struct import_draft *d, const struct sheet *t, const char *name,
    const char *(*get)(struct slice))
{
	const struct slice s = sheet_cell(t, name);
	const char *ours = s.n == 0 ? NULL : get(s);

	if (ours != NULL)
		(void)json_object_set_new(d->draft, name, json_string(ours));
	else
		cell_text(d, t, name, name, 40);
}

/* "Vollzeit" says how much, not which contract. */
void
cell_contract(struct import_draft *d, const struct sheet *t)
{
	const struct slice s = sheet_cell(t, "contract");

	if (contract_get(s) == NULL &&
	    (slice_has_word(s, "full") || slice_has_word(s, "part") ||
		slice_has_word(s, "voll") || slice_has_word(s, "teil") ||
		slice_has_word(s, "temps") || slice_has_word(s, "jornada")))
		import_note(d, "contract",
		    "write permanent, fixed-term, ...; the hours a week go "
		    "into the column hours",
		    "says how much, not which contract, and was left out");
	else
		cell_choice(d, t, "contract", contract_get);
}

void
cell_yes(struct import_draft *d, const struct sheet *t, const char *column)
{
	static const char *const yes[] = { "yes", "true", "1", "ja", "oui",
		"s\xc3\xad", "si", "x" };
	static const char *const no[] = { "no", "false", "0", "nein", "non" };
	const struct slice s = sheet_cell(t, column);

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
