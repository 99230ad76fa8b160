/*
 * labels_sqlite.h: labels in SQLite's full-text index FTS5, as a rival of
 * our label search: words by their beginnings. (Any of the trigrams, the
 * usual way to forgive errors there, took over 10 minutes for 1,500.) Where SQLite is missing, opening says NULL.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"

struct labels_sqlite;

/** labels_sqlite_new(v): all labels of ${v}, in our normal form. */
struct labels_sqlite *labels_sqlite_new(const struct vocabulary *v);
void labels_sqlite_free(struct labels_sqlite *l);

/**
 * labels_sqlite_ask(l, text, max):
 * The best ${max} by its own rank: labels with a word for each beginning.
 * Returns how many there are.
 */
size_t labels_sqlite_ask(
    struct labels_sqlite *l, struct slice text, size_t max);
