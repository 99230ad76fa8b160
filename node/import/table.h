/*
 * import/table.h: a file of rows with named columns, read whole: CSV with
 * quoted fields over several lines, or tab-separated text without quotes (as
 * O*NET has it). Private to node/import/vocabulary.c.
 */
#pragma once

#include "proto/base/base.h"

#define TABLE_COLUMNS_MAX 32
#define TABLE_BYTES_MAX   (128U << 20)

struct table_row {
	const char (*names)[48];
	size_t columns;
	struct slice cells[TABLE_COLUMNS_MAX];
	size_t n;
};

/** table_cell(row, name): trimmed; empty when there is no such column. */
struct slice table_cell(const struct table_row *row, const char *name);

/**
 * table_read(path, tabs, each, ctx, rows):
 * Call ${each} for every row after the header; an error of it ends the
 * reading and is returned. ERR_IO: cannot be read; ERR_LIMIT: larger than
 * TABLE_BYTES_MAX; ERR_FORM: quotes that do not close; ERR_NOMEM.
 */
NODISCARD err table_read(const char *path, bool tabs,
    err (*each)(void *ctx, const struct table_row *row), void *ctx,
    uint64_t *rows);
