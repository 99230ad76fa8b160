/*
 * import/sheet.h: one CSV file of demands or courses while it is read: its
 * header (which column of the file is which of ours), the row that is being
 * read, and the outcome. csv.c fills the cells and reports, sheet.c reads
 * the header, rows.c makes a row a draft, cells.h one cell. Nothing here
 * parses CSV. Private to the files named; the columns are told in csv.h.
 * Not table.h, which reads the tables of vocabularies.
 */
#pragma once

#include "node/import/parts.h"

#define SHEET_COLUMNS_MAX    64 /* further ones are counted, not read */
#define SHEET_NAME_BYTES     48
#define SHEET_CELL_BYTES_MAX 16384

/* One run over one file. */
struct sheet {
	uint32_t kind; /* KIND_DEMAND, KIND_COURSE or KIND_STATISTIC */
	const struct term_lookup *lookup;
	const struct import_options *o;
	const char *const *known; /* the columns of the kind */
	size_t known_n;
	/* the header */
	char names[SHEET_COLUMNS_MAX][SHEET_NAME_BYTES]; /* "": not used */
	size_t columns;
	bool have_header;
	/* the row that is being read; cells are copies */
	struct slice cells[SHEET_COLUMNS_MAX];
	size_t cells_n, cells_seen;
	unsigned line, row_line; /* from 1; row_line: where the row begins */
	/* the outcome */
	json_t *rows, *messages, *ignored, *columns_as;
	json_t *ids;          /* external_id to row_line */
	json_t *figures;      /* of statistics: what the rows say */
	unsigned passed_over; /* of statistics: rows without a value */
	unsigned counts[2];   /* ready, failed */
	err error; /* why there is no table; rows fail by themselves */
};

/** sheet_known(t): set t->known and t->known_n from t->kind. */
void sheet_known(struct sheet *t);

/**
 * sheet_check_map(t): every entry of the map names a column of ours, or a
 * message says which does not and t->error is ERR_FORM.
 */
void sheet_check_map(struct sheet *t);

/**
 * sheet_take_header(t):
 * The cells at hand are the first row: name the columns, by the map, by their
 * own name, or by what else columns are called (import/words.h). Others are
 * listed as ignored. t->error ERR_FORM, with a message: a column is there
 * twice, or there is no title (courses: nor "teaches").
 */
void sheet_take_header(struct sheet *t);

/**
 * sheet_take_row(t): the cells at hand are a row: add what became of it to
 * t->rows and t->counts. A row that fails never sets t->error.
 */
void sheet_take_row(struct sheet *t);

/**
 * sheet_text_column(name, language): ${name} is title_LL or description_LL
 * and LL, given as ${language}, is a language.
 */
bool sheet_text_column(const char *name, uint32_t *language);

/**
 * sheet_cell(t, name): the row's cell in the column ${name}, trimmed and
 * borrowed until the row ends; empty when the row or file has none.
 */
struct slice sheet_cell(const struct sheet *t, const char *name);
