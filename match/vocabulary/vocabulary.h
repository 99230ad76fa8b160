/*
 * vocabulary.h: a frozen snapshot of terms: skills, knowledge, interests,
 * occupations and purposes, with their labels and links. It is built once
 * from entries of several sources and then only read; the same entries in any
 * order give the same snapshot and the same hash on every machine.
 *
 * Ids that are said to be the same (same_as) share one place ("at"): a dense
 * index below vocabulary_size(). Terms outside the snapshot have no place:
 * they never score, gate or enter an index.
 *
 * Not here: search in the labels (search.h), the built-in terms (core.h).
 * Memory: malloc, bounded by struct vocabulary_limits.
 */
#pragma once

#include "proto/record/names.h"

enum term_type {
	TERM_SKILL = 1,
	TERM_KNOWLEDGE,
	TERM_INTEREST,
	TERM_OCCUPATION,
	TERM_PURPOSE,
};
#define TERM_TYPES 6 /* of an array indexed by enum term_type */

/* Where an entry comes from. On a clash the smaller number wins. */
enum term_source {
	SOURCE_CORE,     /* ships with the program */
	SOURCE_IMPORTED, /* a file that the operator imported */
	SOURCE_RECORD,   /* somebody's signed record */
};
#define TERM_SOURCES 3

#define TERM_NOWHERE       UINT32_MAX /* no place in the snapshot */
#define VOCABULARY_HASH    32         /* bytes */
#define VOCABULARY_DEPTH   16         /* levels of the hierarchy, at most */
#define TERM_URI_MAX       256        /* bytes */
#define TERM_LABEL_MAX     200        /* bytes */
#define TERM_NOTE_MAX      600        /* bytes of a description */
#define VOCABULARY_ENGLISH 0x656eU

struct term_label {
	uint32_t language; /* language_code() */
	bool preferred;
	struct slice text; /* clean UTF-8, 1 to TERM_LABEL_MAX bytes */
};

/*
 * What an occupation asks for: a skill; or what a skill itself asks for:
 * another skill or knowledge (ESCO's skill-skill relations).
 */
struct term_need {
	uint64_t term;
	bool essential;
	uint8_t level;  /* 1 to 5, 0: the source does not say */
	uint8_t weight; /* 1 to 100, 0: the source does not say */
};

/*
 * What one source says about one term. Links name terms by id, so that they
 * may point to entries that come later; what never comes is left out and
 * counted as dangling.
 */
struct term_entry {
	struct slice uri; /* 1 to TERM_URI_MAX bytes of clean text */
	uint64_t term;    /* as the source has it; 0: not told */
	enum term_type type;
	enum term_source source;
	uint32_t isco; /* an occupation's group, 4 digits, 0: none */
	uint8_t zone;  /* an occupation's preparation, 1 to 5, 0: not told */
	struct slice description; /* may be empty; cut at TERM_NOTE_MAX */

	const struct term_label *labels;
	size_t labels_n;
	const uint64_t *broader;
	size_t broader_n;
	const uint64_t *related; /* near substitutes; counts both ways */
	size_t related_n;
	const struct term_need *needs; /* not of interests and purposes */
	size_t needs_n;
	const uint64_t *close; /* of another vocabulary, not quite the same */
	size_t close_n;        /* counts both ways, never joins terms */
	const uint64_t *same_as;
	size_t same_as_n;
};

struct vocabulary_limits {
	uint32_t terms_max;  /* entries */
	uint32_t labels_max; /* in all */
	uint32_t links_max;  /* broader, related, needs, same_as in all */
	uint32_t text_bytes_max;
};

/* Room for ESCO in four languages beside the core. */
extern const struct vocabulary_limits vocabulary_limits_default;

/* What became of the entries. */
struct vocabulary_counts {
	uint32_t entries;        /* taken */
	uint32_t protected_n;    /* left out: a protected attribute */
	uint32_t dangling_n;     /* links to terms that are not there */
	uint32_t cycle_links_n;  /* broader links dropped to break a circle */
	uint32_t same_refused_n; /* same_as that would merge foreign terms */
	uint32_t loose_n; /* vocabulary_builder_link() from unknown terms */
	uint32_t types[TERM_TYPES];
};

/* ---- building ---- */

struct vocabulary_builder;

/** vocabulary_builder_new(limits): NULL: out of memory. */
struct vocabulary_builder *vocabulary_builder_new(
    const struct vocabulary_limits *limits);
void vocabulary_builder_free(struct vocabulary_builder *b);

/**
 * vocabulary_builder_add(b, e):
 * Take one entry; everything is copied. A term with a label that names a
 * protected attribute (age, sex, religion, ...: see label_is_protected()) is
 * left out and counted, the result is OK. After an error the builder is as
 * before and can go on.
 * ERR_FORM: no clean URI, no label, a bad label or type, or ${e}->term is not
 * the id of the URI; ERR_LIMIT; ERR_NOMEM.
 */
NODISCARD err vocabulary_builder_add(
    struct vocabulary_builder *b, const struct term_entry *e);

enum term_link { TERM_SAME = 1, TERM_CLOSE };

/**
 * vocabulary_builder_link(b, source, from, to, kind):
 * A link between two terms that other entries describe: of a crosswalk. As
 * same_as or close of an entry of ${from}; when nobody describes ${from} or
 * ${to} it is left out. ERR_LIMIT, ERR_NOMEM.
 */
NODISCARD err vocabulary_builder_link(struct vocabulary_builder *b,
    enum term_source source, uint64_t from, uint64_t to, enum term_link kind);

/**
 * vocabulary_builder_knows(b, term): an entry about it was added. Slow after
 * each addition, fast after that.
 */
bool vocabulary_builder_knows(struct vocabulary_builder *b, uint64_t term);

/**
 * vocabulary_builder_origin(b, name):
 * What comes next is counted under ${name} (a C string of at most 31 bytes of
 * [a-z0-9-]) in vocabulary_parts(). Without it: "core", "imported", "record",
 * by source. ERR_LIMIT: more than 30 names.
 */
NODISCARD err vocabulary_builder_origin(
    struct vocabulary_builder *b, const char *name);

struct vocabulary;

/**
 * vocabulary_builder_finish(b, out):
 * Freeze. ${b} is freed in any case. ERR_NOMEM.
 *
 * What wins: type, ISCO group, and per language the preferred label come from
 * the best source that has them; other labels stay as alternatives, those of
 * records only in languages that no better source has. Broader, related and
 * needed links of core and imported entries are united; those of a record's
 * entry count only for a term that no better source knows. A record's same_as
 * ties its term to one better term at most, an imported one never ties two
 * core terms together. Of one term and language 256 labels are kept.
 * Of a need told twice the essential one counts, then the higher level.
 */
NODISCARD err vocabulary_builder_finish(
    struct vocabulary_builder *b, struct vocabulary **out);
void vocabulary_free(struct vocabulary *v);

/* ---- reading ---- */

const uint8_t *vocabulary_hash(const struct vocabulary *v);
const struct vocabulary_counts *vocabulary_counts(const struct vocabulary *v);
uint32_t vocabulary_size(const struct vocabulary *v);

/** vocabulary_find(v, term): its place, or TERM_NOWHERE. */
uint32_t vocabulary_find(const struct vocabulary *v, uint64_t term);

/* Of a place below vocabulary_size(); anything else is a caller's bug. */

/** vocabulary_term(v, at): the id of the term that stands for the place. */
uint64_t vocabulary_term(const struct vocabulary *v, uint32_t at);
struct slice vocabulary_uri(const struct vocabulary *v, uint32_t at);
enum term_type vocabulary_type(const struct vocabulary *v, uint32_t at);
enum term_source vocabulary_source(const struct vocabulary *v, uint32_t at);
uint32_t vocabulary_isco(const struct vocabulary *v, uint32_t at);

uint8_t vocabulary_zone(const struct vocabulary *v, uint32_t at);

/**
 * vocabulary_description(v, at): of its best source, the smallest text; empty:
 * none. For people and for vocabulary_bridge(); not in the hash.
 */
struct slice vocabulary_description(const struct vocabulary *v, uint32_t at);

/** vocabulary_depth(v, at): 0 at the top, else 1 + the deepest broader. */
uint32_t vocabulary_depth(const struct vocabulary *v, uint32_t at);

/**
 * vocabulary_label(v, at, language, found):
 * The preferred label in ${language}, else in English, else in the language
 * with the smallest code. ${found} is the language of the answer, may be NULL.
 */
struct slice vocabulary_label(const struct vocabulary *v, uint32_t at,
    uint32_t language, uint32_t *found);

/* A list of places, ascending. */
struct term_list {
	const uint32_t *at;
	uint32_t n;
};
struct term_list vocabulary_broader(const struct vocabulary *v, uint32_t at);
struct term_list vocabulary_narrower(const struct vocabulary *v, uint32_t at);
struct term_list vocabulary_related(const struct vocabulary *v, uint32_t at);

/** vocabulary_close(v, at): terms of other vocabularies, close but not same. */
struct term_list vocabulary_close(const struct vocabulary *v, uint32_t at);

/** vocabulary_needs(v, at, essential): the skills of an occupation or skill. */
struct term_list vocabulary_needs(
    const struct vocabulary *v, uint32_t at, bool essential);

/**
 * vocabulary_need(v, at, essential, i): the ${i}-th of vocabulary_needs() with
 * its level and weight (struct term_need; term is the place's id).
 */
struct term_need vocabulary_need(
    const struct vocabulary *v, uint32_t at, bool essential, uint32_t i);

/* All labels, ordered by place, language, preferred first, text. */
struct vocabulary_label {
	uint32_t at;
	uint32_t language;
	bool preferred;
	struct slice text;
};
uint32_t vocabulary_labels(const struct vocabulary *v);
struct vocabulary_label vocabulary_label_at(
    const struct vocabulary *v, uint32_t i);

/* ---- what it is made of ---- */

/*
 * What one origin brought of one aspect: "esco terms", "esco labels de",
 * "onet needs", "crosswalk same". Two nodes whose hashes differ find out
 * what differs by comparing these lists. ${n} counts different rows, ${hash}
 * is over them in an order of their own: it does not depend on the order of
 * entries, nor on a row that came twice. Descriptions have a part too.
 */
#define VOCABULARY_PARTS_MAX 512
struct vocabulary_part {
	char name[48];
	uint32_t n;
	uint8_t hash[VOCABULARY_HASH];
};

/** vocabulary_parts(v, n): ${n} of them, by name. */
const struct vocabulary_part *vocabulary_parts(
    const struct vocabulary *v, uint32_t *n);

/* ---- rarity ---- */

/*
 * How much it tells about a person to hold a term: its information content in
 * sixteenths of a bit, 16 (everybody has it) to 255. One byte a place.
 */
#define RARITY_MIN 16
struct rarity {
	uint8_t hash[VOCABULARY_HASH];
	const uint8_t *sixteenths; /* ${n} of them, by place */
	uint32_t n;
};

/**
 * vocabulary_rarity(v):
 * The table that follows from the snapshot alone: the more occupations need a
 * term or one below it, and the more terms lie below or beside it, the less
 * it tells. Links of records do not count. Lives as long as ${v}.
 */
const struct rarity *vocabulary_rarity(const struct vocabulary *v);

/** log2_sixteenths(n): floor(16 * log2(n)) for n >= 1, by integers alone. */
uint32_t log2_sixteenths(uint64_t n);
