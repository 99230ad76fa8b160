#include "node/import/table.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/import/parts.h"

/* One reading. Cells of the row at hand lie one after another in ${text}. */
struct reading {
	char names[TABLE_COLUMNS_MAX][48];
	struct table_row row;
	size_t ends[TABLE_COLUMNS_MAX]; /* of the cells in ${text} */
	uint8_t *text;
	size_t text_n, text_cap;
	bool have_header;
	err (*each)(void *ctx, const struct table_row *row);
	void *ctx;
	uint64_t rows;
	err error;
};

struct slice
table_cell(const struct table_row *row, const char *name)
{
	for (size_t i = 0; i < row->n && i < row->columns; i++)
		if (strcmp(row->names[i], name) == 0)
			return slice_trim(row->cells[i]);
	return slice_of(NULL, 0);
}

static void
end_row(struct reading *r)
{
	if (r->error != OK)
		return;
	if (r->have_header) {
		r->rows++;
		r->error = r->each(r->ctx, &r->row);
	} else {
		r->have_header = true;
		r->row.columns = r->row.n;
		r->row.names = (const char(*)[48])r->names;
		for (size_t i = 0; i < r->row.n; i++) {
			const struct slice s = slice_trim(r->row.cells[i]);
			(void)snprintf(r->names[i], sizeof(r->names[i]), "%.*s",
			    (int)MIN(s.n, 47), (const char *)s.p);
		}
	}
	r->row.n = 0;
}

static void
on_cell(void *bytes, size_t n, void *ctx)
{
	struct reading *r = ctx;

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
}

static void
read_csv(struct reading *r, struct slice file)
{
	struct csv_parser p;

	if (csv_init(&p, CSV_STRICT_FINI) != 0) {
		r->error = ERR_NOMEM;
		return;
	}
	while (file.n > 0 && r->error == OK) {
		const size_t n = MIN(file.n, (size_t)65536);
		if (csv_parse(&p, file.p, n, on_cell, on_row, r) != n)
			r->error = ERR_FORM;
		slice_skip(&file, n);
	}
	if (r->error == OK && csv_fini(&p, on_cell, on_row, r) != 0)
		r->error = ERR_FORM;
	csv_free(&p);
	free(r->text);
}

static void
read_tabs(struct reading *r, struct slice file)
{
	while (file.n > 0 && r->error == OK) {
		const uint8_t *end = memchr(file.p, '\n', file.n);
		struct slice line =
		    slice_of(file.p, end ? (size_t)(end - file.p) : file.n);
		slice_skip(&file, line.n + (end != NULL));
		if (slice_trim(line).n == 0)
			continue;
		r->row.n = 0;
		for (bool more = true; more && r->row.n < TABLE_COLUMNS_MAX;) {
			const uint8_t *tab =
			    line.n == 0 ? NULL : memchr(line.p, '\t', line.n);
			const size_t n = tab ? (size_t)(tab - line.p) : line.n;
			r->row.cells[r->row.n++] = slice_of(line.p, n);
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
table_read(const char *path, bool tabs,
    err (*each)(void *ctx, const struct table_row *row), void *ctx,
    uint64_t *rows)
{
	struct reading *r = calloc(1, sizeof(*r));
	uint8_t *bytes;
	size_t n = 0;

	*rows = 0;
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
	r->each = each;
	r->ctx = ctx;
	if (tabs)
		read_tabs(r, file);
	else
		read_csv(r, file);
	*rows = r->rows;
	e = r->error;
	free(bytes);
	free(r);
	return e;
}
