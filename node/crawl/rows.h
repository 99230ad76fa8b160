/*
 * crawl/rows.h: the files of a data set: what columns each has, and a writer
 * that can write nothing else. One table (columns.c) gives the rows, the JSON
 * Schema, the description of CSV and the views for DuckDB, so that they
 * cannot tell different things.
 *
 * A file is written as NAME.part and gets its name when it is complete: one
 * frame of zstd with a checksum, or plain text.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "node/base/paths.h"

enum column_type {
	COLUMN_TEXT,
	COLUMN_INTEGER,
	COLUMN_TRUTH,
	COLUMN_TIME,  /* seconds since 1970; "2026-01-02T03:04:05Z" */
	COLUMN_TEXTS, /* a list of texts; NDJSON alone */
	COLUMN_JSON,  /* an object; NDJSON alone */
};

struct column {
	const char *name; /* NULL ends the list */
	enum column_type type;
	bool may_be_null;
	const char *about;
};

enum rows_format { ROWS_NDJSON, ROWS_CSV };

struct rows_kind {
	const char *name; /* "visits" */
	enum rows_format format;
	bool packed; /* by zstd */
	const char *about;
	const struct column *columns;
};

enum rows_file {
	ROWS_VISITS,
	ROWS_PEERS,
	ROWS_EDGES,
	ROWS_RECORDS, /* one file of each kind of record */
	ROWS_COUNTS,
	ROWS_FILES
};

extern const struct rows_kind rows_kinds[ROWS_FILES];

/** rows_file_name(k, of, out, cap): "records-profile.ndjson.zst"; ${of} is
 * the kind of record or NULL. */
void rows_file_name(
    const struct rows_kind *k, const char *of, char *out, size_t cap);

struct rows;

/** rows_open(dir, k, of, out, p): begin a file; ERR_IO, ERR_NOMEM. */
NODISCARD err rows_open(const char *dir, const struct rows_kind *k,
    const char *of, struct rows **out, struct problem *p);

/*
 * The cells of a row, in the order of the columns and of their type. Text
 * that is no clean UTF-8 is cleaned: what cannot be read becomes U+FFFD.
 * rows_null(): of any column that may be null. Errors of the disk are kept
 * and told by rows_close().
 */
void rows_text(struct rows *r, struct slice text);
void rows_string(struct rows *r, const char *text);
void rows_integer(struct rows *r, int64_t v);
void rows_truth(struct rows *r, bool v);
void rows_time(struct rows *r, uint64_t s);
void rows_texts(struct rows *r, const json_t *list); /* of strings */
/** rows_json(r, text): one JSON object as text, without a line's end. */
void rows_json(struct rows *r, const char *text);
void rows_null(struct rows *r);
/** rows_end(r): the row is complete. */
void rows_end(struct rows *r);

/* A file that is complete. */
struct rows_done {
	char name[80];
	uint64_t rows, bytes; /* bytes on the disk */
	char sha256[65];      /* of the file as it lies there */
};

/** rows_close(r, done, p): give the file its name; frees ${r} in any case. */
NODISCARD err rows_close(
    struct rows *r, struct rows_done *done, struct problem *p);
/** rows_drop(r): remove what was written. NULL is fine. */
void rows_drop(struct rows *r);

/** rows_schema_write(dir, kinds, n, p): DIR/schema: NAME.schema.json (JSON
 * Schema of a line, or CSVW of a table) and duckdb.sql with a view of each
 * of the ${n} kinds of record named in ${kinds}; NULL: no records at all. */
NODISCARD err rows_schema_write(
    const char *dir, const char *const *kinds, size_t n, struct problem *p);

/** crawl_path(out, fmt, ...): a path, or "" (which no file has) when it is too
 * long for PATH_TEXT_MAX. */
void crawl_path(char out[PATH_TEXT_MAX], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** file_sha256(path, out): of a file; false: it cannot be read. */
bool file_sha256(const char *path, char out[65], uint64_t *bytes);

/** json_lines_read(path, line, ctx, p): each line of an NDJSON file, packed by
 * zstd or not; ${line} false ends it. ERR_IO, ERR_FORM. */
typedef bool json_line(void *ctx, struct slice line);
NODISCARD err lines_read(
    const char *path, json_line *line, void *ctx, struct problem *p);
