/*
 * import/gather.h: what the readers of vocabularies share: concepts, labels
 * and links gathered from many files before they go to the sink, and the
 * report. Private to esco.c, onet.c, crosswalk.c.
 */
#pragma once

#include "node/import/parts.h"
#include "node/import/table.h"
#include "node/import/vocabulary.h"

#define GATHER_PATH_BYTES 1024
#define GATHER_FILES_MAX  256

enum gather_link { GATHER_BROADER, GATHER_RELATED, GATHER_NEED };
#define GATHER_LINKS 3

/* Labels and links are lists through two big arrays: 0 ends a list. */
struct gather_label {
	struct term_label label;
	uint32_t next;
};

struct gather_need {
	bool essential;
	bool rated; /* counts from an importance on */
	uint8_t level;
	uint16_t importance; /* hundredths of O*NET's IM */
};

struct gather_target {
	uint64_t term;
	struct gather_need need;
	uint32_t next;
};

struct concept {
	struct slice uri, note;
	uint64_t term;
	enum term_type type;
	uint32_t isco;
	uint8_t zone;
	uint32_t labels; /* node, 0: none */
	uint32_t links[GATHER_LINKS];
};

struct gather_chunk;

struct gathering {
	const char *dir;
	const struct vocabulary_import_options *o;
	struct concept *concepts;
	uint32_t concepts_n, concepts_cap;
	uint32_t *table; /* of concepts by term: index + 1, 0: empty */
	uint32_t table_cap;
	struct gather_label *labels; /* [0] is not used */
	uint32_t labels_n, labels_cap;
	struct gather_target *links;
	uint32_t links_n, links_cap;
	struct gather_chunk *chunks;
	uint32_t language; /* of the file at hand */
	const char *file;  /* at hand */
	uint64_t odd_labels, odd_rows, odd_values, lost_links, open_links;
	uint64_t wide_rows;
	json_t *report, *files, *warnings, *notes, *errors;
	void *more; /* of the reader */
};

void gather_init(struct gathering *g, const char *dir, const char *source,
    const char *licence, const struct vocabulary_import_options *o);

/**
 * gather_finish(g, sink, e): hand over what was gathered unless ${e}, which is
 * returned otherwise; complete the report; free all.
 */
err gather_finish(struct gathering *g, struct vocabulary_sink sink, err e);

/** gather_free(g): all but the report. */
void gather_free(struct gathering *g);

/** gather_warn(g, what, n): "${n} ${what}" in the warnings, if n > 0. */
void gather_warn(struct gathering *g, const char *what, uint64_t n);

/** gather_note(g, row, column, message, hint): about one row. */
void gather_note(struct gathering *g, const struct table_row *row,
    const char *column, const char *message, const char *hint);

void gather_progress(struct gathering *g, const char *file, uint64_t done);

/** gather_find(g, term): NULL: not gathered. Until the next is made. */
struct concept *gather_find(struct gathering *g, uint64_t term);

/**
 * gather_concept(g, row, uri, type, out): the concept of a URI, made when it
 * is new. NULL in ${out}: no good URI, noted.
 */
NODISCARD err gather_concept(struct gathering *g, const struct table_row *row,
    struct slice uri, enum term_type type, struct concept **out);

/** gather_label(g, row, c, text, preferred): in the language at hand. */
NODISCARD err gather_label(struct gathering *g, const struct table_row *row,
    struct concept *c, struct slice text, bool preferred);

/** gather_describe(g, c, text): one line; English before other languages. */
NODISCARD err gather_describe(
    struct gathering *g, struct concept *c, struct slice text);

/** gather_link(g, c, type, term, need): each pair once; the stronger need. */
NODISCARD err gather_link(struct gathering *g, struct concept *c,
    enum gather_link type, uint64_t term, const struct gather_need *need);

/**
 * gather_link_uris(g, from, to, type, need): from a known URI. Where it leads
 * may come with another directory: the builder leaves out what never comes.
 */
NODISCARD err gather_link_uris(struct gathering *g, struct slice from,
    struct slice to, enum gather_link type, const struct gather_need *need);

/** gather_file(g, name, r): read one; ERR_FORM is told in "errors". */
NODISCARD err gather_file(
    struct gathering *g, const char *name, const struct table_reader *r);

/** gather_names(dir, names): plain files in order; the caller frees each. */
size_t gather_names(const char *dir, char *names[GATHER_FILES_MAX]);
