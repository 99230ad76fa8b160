#include "node/import/csv.h"

#include <csv.h>
#include <stdlib.h>

#include "node/import/sheet.h"
#include "node/import/statistic.h"
#include "proto/base/text.h"

static void
drop_cells(struct sheet *t)
{
	for (size_t i = 0; i < t->cells_n; i++)
		free((void *)(uintptr_t)t->cells[i].p);
	t->cells_n = t->cells_seen = 0;
}

static void
on_cell(void *bytes, size_t n, void *ctx)
{
	struct sheet *t = ctx;
	uint8_t *copy;

	t->cells_seen++;
	if (t->error != OK || t->cells_n == SHEET_COLUMNS_MAX)
		return;
	if (n > SHEET_CELL_BYTES_MAX) {
		import_message(t->messages, "", "shorten it",
		    "row %u has a cell of %zu bytes, at most %d are taken",
		    t->row_line, n, SHEET_CELL_BYTES_MAX);
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
	struct sheet *t = ctx;
	const uint32_t max =
	    t->o->rows_max != 0 ? t->o->rows_max : IMPORT_ROWS_MAX;
	bool empty = true;

	(void)end;
	for (size_t i = 0; i < t->cells_n; i++)
		empty = empty && slice_trim(t->cells[i]).n == 0;
	if (t->error == OK && !empty) {
		if (!t->have_header)
			sheet_take_header(t);
		else if (json_array_size(t->rows) +
			     json_array_size(t->figures) >=
			 max) {
			import_message(t->messages, "", "split the file",
			    "has more than %u rows", max);
			t->error = ERR_LIMIT;
		} else
			sheet_take_row(t);
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
check_bytes(struct sheet *t, struct slice file)
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
parse(struct sheet *t, struct slice file, char delimiter)
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
settle(struct sheet *t)
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

/* Takes the rows and lists of ${t}. */
static json_t *
report_of(struct sheet *t, char delimiter)
{
	const char mark[2] = { delimiter };
	json_t *report = json_object();

	(void)json_object_set_new(report, "accepted", json_boolean(settle(t)));
	(void)json_object_set_new(report, "ready", json_integer(t->counts[0]));
	(void)json_object_set_new(report, "failed", json_integer(t->counts[1]));
	(void)json_object_set_new(report, "delimiter", json_string(mark));
	(void)json_object_set_new(report, "rows", t->rows);
	(void)json_object_set_new(report, "messages", t->messages);
	(void)json_object_set_new(report, "ignored_columns", t->ignored);
	(void)json_object_set_new(report, "columns", t->columns_as);
	return report;
}

err
import_csv(uint32_t kind, struct slice file, const struct term_lookup *lookup,
    const struct import_options *o, json_t **report)
{
	struct sheet *t = calloc(1, sizeof(*t));
	char delimiter = ',';

	*report = NULL;
	if (t == NULL)
		return ERR_NOMEM;
	ASSERT(kind == KIND_DEMAND || kind == KIND_COURSE ||
	       kind == KIND_STATISTIC);
	t->kind = kind;
	t->lookup = lookup;
	t->o = o;
	sheet_known(t);
	t->rows = json_array();
	t->messages = json_array();
	t->ignored = json_array();
	t->columns_as = json_array();
	t->ids = json_object();
	t->figures = json_array();
	if (file.n >= 3 && memcmp(file.p, "\xef\xbb\xbf", 3) == 0)
		slice_skip(&file, 3);
	sheet_check_map(t);
	if (t->error == OK && check_bytes(t, file)) {
		delimiter = find_delimiter(file);
		parse(t, file, delimiter);
	}
	if (t->error == OK && kind == KIND_STATISTIC)
		statistic_settle(t);
	if (t->error == OK && json_array_size(t->rows) == 0) {
		import_message(t->messages, "",
		    "the first row names the columns, the next are data",
		    "there are no rows");
		t->error = ERR_FORM;
	}
	*report = report_of(t, delimiter);
	json_decref(t->ids);
	json_decref(t->figures);
	const err e = t->error;
	free(t);
	return e;
}
