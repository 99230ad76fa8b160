#include "node/import/table.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/import/parts.h"

/* One reading. Cells of the row at hand lie one after another in ${text}. */
struct reading {
	const struct table_reader *reader;
	char names[TABLE_COLUMNS_MAX][TABLE_NAME_BYTES];
	struct table_row row;
	size_t ends[TABLE_COLUMNS_MAX]; /* of the cells in ${text} */
	uint8_t *text;
	size_t text_n, text_cap;
	unsigned line;
	bool have_header;
	uint64_t rows;
	err error;
	struct table_fault *fault;
};

struct slice
table_cell(const struct table_row *row, const char *name)
{
	for (size_t i = 0; i < row->n && i < row->columns; i++)
		if (strcmp(row->names[i], name) == 0)
			return slice_trim(row->cells[i]);
	return slice_of(NULL, 0);
}

bool
table_has(const struct table_row *row, const char *name)
{
	for (size_t i = 0; i < row->columns; i++)
		if (strcmp(row->names[i], name) == 0)
			return true;
	return false;
}

static void
check_columns(struct reading *r)
{
	struct table_fault *f = r->fault;
	size_t n = 0;

	for (size_t i = 0;
	     r->reader->needed != NULL && r->reader->needed[i] != NULL; i++) {
		const char *name = r->reader->needed[i];
		if (table_has(&r->row, name))
			continue;
		r->error = ERR_FORM;
		f->line = r->row.line;
		(void)snprintf(f->column, sizeof(f->column), "%s", name);
		(void)snprintf(f->message, sizeof(f->message),
		    "there is no column \"%s\" in the header", name);
		n = (size_t)snprintf(f->hint, sizeof(f->hint),
		    "use the file as published; its header has:");
		for (size_t k = 0; k < r->row.columns; k++)
			if (n < sizeof(f->hint))
				n += (size_t)snprintf(f->hint + n,
				    sizeof(f->hint) - n, "%s %s",
				    k == 0 ? "" : ",", r->names[k]);
		return;
	}
}

static void
end_row(struct reading *r)
{
	if (r->error != OK)
		return;
	if (r->have_header) {
		r->rows++;
		r->error = r->reader->each(r->reader->ctx, &r->row);
	} else {
		r->have_header = true;
		r->row.columns = r->row.n;
		r->row.names = (const char(*)[TABLE_NAME_BYTES])r->names;
		for (size_t i = 0; i < r->row.n; i++) {
			const struct slice s = slice_trim(r->row.cells[i]);
			(void)snprintf(r->names[i], sizeof(r->names[i]), "%.*s",
			    (int)MIN(s.n, sizeof(r->names[i]) - 1),
			    (const char *)s.p);
		}
		check_columns(r);
	}
	r->row.n = r->row.said = 0;
}

static void
on_cell(void *bytes, size_t n, void *ctx)
{
	struct reading *r = ctx;

	r->row.said++;
	if (r->error != OK || r->row.n == TABLE_COLUMNS_MAX)
		return;
	if (r->text_n + n > r->text_cap) {
		const size_t cap = 2 * (r->text_n + n) + 4096;
		uint8_t *more = realloc(r->text, cap);
		if (more == NULL) {
			r->error = ERR_NOMEM;
			return;
		}
		r->text = more;
		r->text_cap = cap;
	}
	if (n > 0)
		memcpy(r->text + r->text_n, bytes, n);
	r->text_n += n;
	r->ends[r->row.n++] = r->text_n;
}

static void
on_row(int end, void *ctx)
{
	struct reading *r = ctx;
	size_t from = 0;

	(void)end;
	for (size_t i = 0; i < r->row.n; i++) {
		r->row.cells[i] = slice_of(r->text + from, r->ends[i] - from);
		from = r->ends[i];
	}
	end_row(r);
	r->text_n = 0;
	r->row.line = r->line + 1;
}

/* The separator that the header has most of, outside quotes. */
static char
find_separator(struct slice s)
{
	static const char marks[] = ",;\t";
	unsigned counts[3] = { 0, 0, 0 };
	bool quoted = false;
	size_t best = 0;

	for (size_t i = 0; i < s.n && (quoted || s.p[i] != '\n'); i++) {
		if (s.p[i] == '"')
			quoted = !quoted;
		for (size_t k = 0; !quoted && k < 3; k++)
			counts[k] += s.p[i] == (uint8_t)marks[k];
	}
	for (size_t k = 1; k < 3; k++)
		if (counts[k] > counts[best])
			best = k;
	return marks[best];
}

/* Line by line, so that a row knows the line it begins on. */
static void
read_csv(struct reading *r, struct slice file)
{
	struct csv_parser p;

	if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		r->error = ERR_NOMEM;
		return;
	}
	csv_set_delim(&p, (unsigned char)find_separator(file));
	r->line = 1;
	while (file.n > 0 && r->error == OK) {
		const uint8_t *end = memchr(file.p, '\n', file.n);
		const size_t n =
		    end == NULL ? file.n : (size_t)(end - file.p) + 1;
		if (r->row.n == 0 && p.pstate == 0)
			r->row.line = r->line;
		if (csv_parse(&p, file.p, n, on_cell, on_row, r) != n &&
		    r->error == OK)
			r->error = ERR_FORM;
		slice_skip(&file, n);
		if (r->error == OK)
			r->line++;
	}
	if (r->error == OK && csv_fini(&p, on_cell, on_row, r) != 0)
		r->error = ERR_FORM;
	if (r->error == ERR_FORM && r->fault->line == 0) {
		r->fault->line = r->row.line;
		(void)snprintf(r->fault->message, sizeof(r->fault->message),
		    "quotation marks do not fit in the row that begins here");
		(void)snprintf(r->fault->hint, sizeof(r->fault->hint),
		    "double the marks inside a cell and close it: \"a "
		    "\"\"b\"\" c\"");
	}
	csv_free(&p);
	free(r->text);
}

static void
read_plain(struct reading *r, struct slice file)
{
	while (file.n > 0 && r->error == OK) {
		const uint8_t *end = memchr(file.p, '\n', file.n);
		struct slice line =
		    slice_of(file.p, end ? (size_t)(end - file.p) : file.n);
		slice_skip(&file, line.n + (end != NULL));
		r->row.line = ++r->line;
		if (slice_trim(line).n == 0)
			continue;
		for (bool more = true; more;) {
			const uint8_t *tab =
			    line.n == 0 ? NULL : memchr(line.p, '\t', line.n);
			const size_t n = tab ? (size_t)(tab - line.p) : line.n;
			if (r->row.n < TABLE_COLUMNS_MAX)
				r->row.cells[r->row.n++] = slice_of(line.p, n);
			r->row.said++;
			slice_skip(&line, n + (tab != NULL));
			more = tab != NULL;
		}
		end_row(r);
	}
}

static err
load(const char *path, uint8_t **out, size_t *n)
{
	FILE *f = fopen(path, "rb");
	long size = -1;
	err e = ERR_IO;

	*out = NULL;
	if (f == NULL)
		return ERR_IO;
	if (fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size < 0 || fseek(f, 0, SEEK_SET) != 0)
		goto done;
	e = ERR_LIMIT;
	if ((unsigned long)size > TABLE_BYTES_MAX)
		goto done;
	e = ERR_NOMEM;
	*out = malloc((size_t)size + 1);
	if (*out == NULL)
		goto done;
	*n = fread(*out, 1, (size_t)size, f);
	e = ferror(f) ? ERR_IO : OK;
done:
	(void)fclose(f);
	if (e != OK) {
		free(*out);
		*out = NULL;
	}
	return e;
}

err
table_read(const char *path, const struct table_reader *reader, uint64_t *rows,
    struct table_fault *fault)
{
	struct reading *r = calloc(1, sizeof(*r));
	uint8_t *bytes;
	size_t n = 0;

	*rows = 0;
	*fault = (struct table_fault){ 0 };
	if (r == NULL)
		return ERR_NOMEM;
	err e = load(path, &bytes, &n);
	if (e != OK) {
		free(r);
		return e;
	}
	struct slice file = slice_of(bytes, n);
	if (file.n >= 3 && memcmp(file.p, "\xef\xbb\xbf", 3) == 0)
		slice_skip(&file, 3);
	r->reader = reader;
	r->fault = fault;
	if (reader->plain)
		read_plain(r, file);
	else
		read_csv(r, file);
	*rows = r->rows;
	e = r->error;
	if (e == OK && !r->have_header) {
		e = ERR_FORM;
		fault->line = 1;
		(void)snprintf(fault->message, sizeof(fault->message),
		    "the file is empty: there is no header row");
		(void)snprintf(fault->hint, sizeof(fault->hint),
		    "unpack or download it again");
	}
	free(bytes);
	free(r);
	return e;
}
