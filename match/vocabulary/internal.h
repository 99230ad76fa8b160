/*
 * vocabulary/internal.h: the snapshot's arrays, for the files that build and
 * read it. Nobody else includes this.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"

struct text_ref {
	uint32_t at; /* into ${text} */
	uint32_t n;
};

/* ---- what a builder gathers ---- */

enum link_kind {
	LINK_BROADER,
	LINK_RELATED,
	LINK_NEEDS,
	LINK_SAME,
	LINK_CLOSE,
};
#define LINK_KINDS 5

struct entry_row {
	uint64_t id;
	struct text_ref uri, note;
	uint32_t isco;
	uint8_t source;
	uint8_t type;
	uint8_t zone;
	uint8_t origin; /* index into the builder's names */
};

struct label_row {
	uint64_t id;
	uint32_t at; /* place; set when freezing */
	uint32_t language;
	struct text_ref text;
	uint8_t source;
	uint8_t origin;
	bool preferred;
};

struct link_row {
	uint64_t from, to;
	uint32_t from_at, to_at; /* places; set when freezing */
	uint8_t kind;
	uint8_t source;
	uint8_t origin;
	uint8_t level, weight; /* of a need */
	bool essential;
	bool loose; /* made by vocabulary_builder_link() */
};

/* An array that grows by doubling up to its limit. */
struct rows {
	void *p;
	uint32_t n, cap, max;
	size_t size; /* of one */
};

#define ORIGINS_MAX  33 /* three of them by source */
#define ORIGIN_BYTES 32

struct vocabulary_builder {
	struct rows entries, labels, links, text;
	struct vocabulary_counts counts;
	char origins[ORIGINS_MAX][ORIGIN_BYTES];
	uint8_t origins_n;
	uint64_t *known; /* ids of the first known_n entries, ascending */
	uint32_t known_n;
	uint8_t origin; /* of what comes; below TERM_SOURCES: by source */
};

/* ---- the snapshot ---- */

struct stored_label {
	uint32_t at;
	uint32_t language;
	struct text_ref text;
	bool preferred;
};

/* Lists of all places in one array: those of i are [from[i], from[i + 1]). */
struct adjacency {
	uint32_t *from; /* places + 1 */
	uint32_t *to;
};

struct place_info {
	uint64_t term;
	struct text_ref uri;
	struct text_ref note;
	uint32_t isco;
	uint32_t depth;
	uint8_t type;
	uint8_t source;
	uint8_t zone;
	uint8_t note_source;
};

struct need_info {
	uint8_t level, weight;
};

struct vocabulary {
	uint32_t places_n;
	uint32_t ids_n;
	uint32_t labels_n;
	struct place_info *places;
	uint64_t *ids;      /* ascending, all known ids */
	uint32_t *id_place; /* of each id */
	struct stored_label *labels;
	uint32_t *label_from; /* places + 1 */
	uint8_t *text;
	struct adjacency broader, narrower, related, essential, optional;
	struct adjacency close;
	struct need_info *essential_info, *optional_info; /* as ->to */
	struct vocabulary_part *parts;
	uint32_t parts_n;
	uint8_t *rarity_sixteenths;
	struct rarity rarity;
	struct vocabulary_counts counts;
	uint8_t hash[VOCABULARY_HASH];
};

/**
 * vocabulary_make_parts(b, v): v->parts from the rows as they were added;
 * before anything is settled. ERR_NOMEM.
 */
NODISCARD err vocabulary_make_parts(
    const struct vocabulary_builder *b, struct vocabulary *v);
