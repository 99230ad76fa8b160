#include "node/import/sheet.h"

#include <ctype.h>
#include <stdio.h>

#include "node/base/problem.h"
#include "node/import/words.h"

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

static const char *const statistic_columns[] = { "value", "term", "isco",
	"industry", "region", "period", "start", "end", "n", "low", "high" };

void
sheet_known(struct sheet *t)
{
	if (t->kind == KIND_STATISTIC) {
		t->known = statistic_columns;
		t->known_n = ARRAY_LEN(statistic_columns);
		return;
	}
	t->known = t->kind == KIND_COURSE ? course_columns : demand_columns;
	t->known_n = t->kind == KIND_COURSE ? ARRAY_LEN(course_columns)
					    : ARRAY_LEN(demand_columns);
}

/* Lower case, words joined by '_'. */
static void
normal_name(struct slice s, char out[SHEET_NAME_BYTES])
{
	size_t n = 0;

	s = slice_trim(s);
	for (size_t i = 0; i < s.n && n + 1 < SHEET_NAME_BYTES; i++) {
		const int c = s.p[i];
		out[n++] = c == ' ' || c == '-' ? '_' : (char)tolower(c);
	}
	out[n] = 0;
}

bool
sheet_text_column(const char *name, uint32_t *language)
{
	const char *under = strrchr(name, '_');

	if (under == NULL || !(strncmp(name, "title_", 6) == 0 ||
				 strncmp(name, "description_", 12) == 0))
		return false;
	*language = language_code(slice_str(under + 1));
	return *language != 0;
}

static bool
is_known(const struct sheet *t, const char *name)
{
	uint32_t language;

	for (size_t i = 0; i < t->known_n; i++)
		if (strcmp(t->known[i], name) == 0)
			return true;
	return sheet_text_column(name, &language);
}

/* The map says which column of the file is ours; else its own name counts. */
static void
column_name(
    const struct sheet *t, struct slice cell, char out[SHEET_NAME_BYTES])
{
	struct slice rest = t->o->map, entry, ours;
	char normal[SHEET_NAME_BYTES], theirs[SHEET_NAME_BYTES];

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
	memcpy(out, normal, SHEET_NAME_BYTES);
}

void
sheet_check_map(struct sheet *t)
{
	struct slice rest = t->o->map, entry, ours;
	char name[SHEET_NAME_BYTES];

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
has_column(const struct sheet *t, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(t->names[i], name) == 0)
			return true;
	return false;
}

static void
ignore_column(struct sheet *t, size_t i)
{
	char *name = t->names[i];
	const char *near =
	    nearest_name(name, t->known, t->known_n, sizeof(char *));
	json_t *text = clean_text(t->cells[i], SHEET_NAME_BYTES, NULL);
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
take_alias(struct sheet *t, size_t i)
{
	const char *ours = column_alias(t->kind, t->names[i]);

	if (ours == NULL || has_column(t, t->columns, ours)) {
		ignore_column(t, i);
		return;
	}
	json_t *theirs = clean_text(t->cells[i], SHEET_NAME_BYTES, NULL);
	(void)json_array_append_new(t->columns_as,
	    json_pack("{s:o?, s:s}", "name", theirs, "as", ours));
	(void)snprintf(t->names[i], SHEET_NAME_BYTES, "%s", ours);
}

void
sheet_take_header(struct sheet *t)
{
	bool title = false, teaches = false, value = false;

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
		value = value || strcmp(t->names[i], "value") == 0;
	}
	if (t->kind == KIND_STATISTIC) {
		if (!value) {
			import_message(t->messages, "value",
			    "name it in the first row, or map it: \"value = "
			    "Their name\"",
			    "there is no such column");
			t->error = ERR_FORM;
		}
		return;
	}
	if (!title || (t->kind == KIND_COURSE && !teaches)) {
		import_message(t->messages, title ? "teaches" : "title",
		    "name it in the first row, or map it: \"title = Their "
		    "name\"",
		    "there is no such column");
		t->error = ERR_FORM;
	}
}

struct slice
sheet_cell(const struct sheet *t, const char *name)
{
	for (size_t i = 0; i < t->cells_n && i < t->columns; i++)
		if (strcmp(t->names[i], name) == 0)
			return slice_trim(t->cells[i]);
	return slice_of(NULL, 0);
}
