/*
 * import/table.h: a file of rows with named columns, read whole: CSV with
 * quoted fields over several lines, separated by comma, semicolon or tab (as
 * the header has it), or tab-separated text without quotes (as O*NET has it).
 * UTF-8 with or without a byte order mark, lines end with LF or CR LF. A row
 * may have fewer cells than the header (the others are empty) or more (they
 * are left out, and said). Private to the readers of vocabularies.
 */
#pragma once

#include "proto/base/base.h"

#define TABLE_COLUMNS_MAX 32
#define TABLE_BYTES_MAX   (128U << 20)
#define TABLE_NAME_BYTES  48

struct table_row {
	const char (*names)[TABLE_NAME_BYTES];
	size_t columns;
	struct slice cells[TABLE_COLUMNS_MAX];
	size_t n;      /* cells that are there, at most TABLE_COLUMNS_MAX */
	size_t said;   /* cells that the row has */
	unsigned line; /* its first one, from 1 */
};

/** table_cell(row, name): trimmed; empty when there is no such column. */
struct slice table_cell(const struct table_row *row, const char *name);

/** table_has(row, name): there is a column of that name. */
bool table_has(const struct table_row *row, const char *name);

/* Why a file cannot be read, for people. */
struct table_fault {
	unsigned line;
	char column[TABLE_NAME_BYTES]; /* may be empty */
	char message[200], hint[240];
};

/* What to do with a file. */
struct table_reader {
	bool plain; /* no quotes: tab-separated text */
	/* columns that have to be there, or NULL at the end; may be NULL */
	const char *const *needed;
	/* For every row after the header; an error ends the reading. */
	err (*each)(void *ctx, const struct table_row *row);
	void *ctx;
};

/**
 * table_read(path, r, rows, fault):
 * ${rows}: rows after the header. ERR_FORM: ${fault} tells what is wrong
 * where: no header, a column missing, quotation marks that do not fit;
 * rows before it have been given to ${r}->each. An error of ${r}->each is
 * returned as it is. ERR_IO: cannot be read; ERR_LIMIT: larger than
 * TABLE_BYTES_MAX; ERR_NOMEM.
 */
NODISCARD err table_read(const char *path, const struct table_reader *r,
    uint64_t *rows, struct table_fault *fault);
