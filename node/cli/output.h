/*
 * output.h: how the command line shows things: aligned tables, plain lines,
 * one JSON object. Data goes to standard output, the rest to standard error.
 * Colour only on a terminal, without NO_COLOR, and never alone.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "node/base/problem.h"

struct output {
	FILE *to;
	bool json;  /* --json */
	bool quiet; /* --quiet: no notes on standard error */
	bool colour;
	unsigned width; /* columns of the terminal; 0: no limit, no cutting */
};

void output_init(struct output *o, bool json, bool quiet);

/**
 * output_json(o, schema, body):
 * {"schema": "ohcn.NOUN.VERB/1", ...body}; takes the reference.
 */
void output_json(struct output *o, const char *schema, json_t *body);

/** output_note(o, fmt, ...): for people, on standard error. */
void output_note(struct output *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** output_line(o, fmt, ...): data, one line. */
void output_line(struct output *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A table: cells are copied; the last column is cut to the terminal. */
struct table;
struct table *table_new(const char *const *heads, size_t n);
/** table_add(t, cells): ${n} strings; NULL is shown as "-". */
void table_add(struct table *t, const char *const *cells);
/** table_print(t, o): and free it. */
void table_print(struct table *t, struct output *o);
void table_free(struct table *t);

/** text_width(s): columns on a terminal, near enough. */
size_t text_width(const char *s);

/* Reading JSON that may lack things: never NULL. */
const char *json_str(const json_t *o, const char *key);
int64_t json_int(const json_t *o, const char *key);
bool json_yes(const json_t *o, const char *key);

/**
 * points_text(out, points), points_change(out, points): returns ${out}.
 * Of a score in hundredths: "90.88"; "+0.53".
 */
#define POINTS_TEXT 24
const char *points_text(char out[POINTS_TEXT], int64_t points);
const char *points_change(char out[POINTS_TEXT], int64_t points);
/** size_text(out, cap, n): "12.3 MiB". */
void size_text(char *out, size_t cap, uint64_t n);
/** span_text(out, cap, s): "3 d 4 h". */
void span_text(char *out, size_t cap, uint64_t seconds);
