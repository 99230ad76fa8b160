/*
 * import.h: what the importers of foreign files share: how words become
 * terms, the options and the shape of the answers. The importers:
 * import/resume.h (JSON Resume), import/job.h (schema.org JobPosting),
 * import/csv.h (demands, courses), import/vocabulary.h (ESCO, O*NET).
 *
 * An importer makes drafts and a report; it stores, signs and sends nothing.
 * A draft is a payload in the form of payload_json.h that has been checked
 * against its schema. Reports are JSON objects that the API hands on; each
 * header says what is in its own. Lists in all of them:
 *   mapped    [{"text", "term", "uri", "label", "field", "confidence",
 *             "decided", "alternatives": [{"term", "uri", "label",
 *             "confidence"}]}] words of the file that became a term;
 *             confidence in percent; at most three alternatives; "decided":
 *             the person said so; in a résumé "level" too. "uri", "label"
 *             only if the lookup knows
 *   unmapped  [{"text", "field", "why", "alternatives"}] words that became
 *             none: "unknown", "unsure" (what they may mean, the most likely
 *             first, is below the least confidence), "dropped" (the person
 *             said so). Without "why": not asked for terms
 *             Both have "number": which phrase of the file it is, from 1
 *   messages  [{"field", "message", "hint"}] what was wrong
 */
#pragma once

#include <jansson.h>

#include "match/search.h"
#include "node/record/payload_json.h"
#include "proto/base/env.h"

#define TERM_GUESSES_MAX 4 /* a term and three others */

struct term_guess {
	uint64_t term;
	unsigned confidence; /* percent */
};

/* A term that stands in a text, and where: bytes [from, to). */
struct term_found {
	uint64_t term;
	size_t from, to;
	unsigned confidence; /* percent */
};

/* Words to a term. The functions may be called from one thread only. */
struct term_lookup {
	/*
	 * The terms that ${text}, a phrase of a person, may mean, the most
	 * likely first, each once; at most ${max}. ${language}:
	 * language_code(), 0: not known. 0: none.
	 */
	size_t (*guess)(void *ctx, struct slice text, uint32_t language,
	    struct term_guess *out, size_t max);
	/*
	 * What is known about a term; may be NULL. The slices live as long
	 * as the lookup. false: not known.
	 */
	bool (*describe)(void *ctx, uint64_t term, uint32_t language,
	    struct slice *uri, struct slice *label, enum term_type *type);
	void *ctx;
	/*
	 * The terms that running text names, each once, the surest first; at
	 * most ${max}. May be NULL: none is seen.
	 */
	size_t (*find)(void *ctx, struct slice text, uint32_t language,
	    struct term_found *out, size_t max);
};

/* A lookup in a vocabulary; both must live as long as the lookup. */
struct term_source_search {
	const struct vocabulary *vocabulary;
	const struct search_index *index;
};

/**
 * term_lookup_of_search(s): exact labels (100 %, other language 90 %); the same
 * words in other forms, order or compounds (75 to 85 %); labels in the text,
 * less sure with every word they leave over; at most 40 % what only begins
 * alike or has typing errors.
 */
struct term_lookup term_lookup_of_search(const struct term_source_search *s);

/* Noise on figures that rest on private data; see match/noise.h. */
struct import_noise {
	uint32_t epsilon_milli, sensitivity, delta;
	uint64_t threshold; /* noisy figures below it are left out */
	/* From now on ${env} draws what belongs to the cell: the same each
	 * time, so that asking again tells nothing more. */
	void (*begin)(void *ctx, struct slice cell);
	void *ctx;
	struct env env;
};

struct import_options {
	uint32_t language; /* of texts that do not say; 0: see below */
	/* where it can not be seen in the texts of a résumé or posting, and
	 * of tables; 0: English */
	uint32_t language_default;
	unsigned confidence_min; /* percent; below it is unmapped; 0: 50 */
	const char *region;      /* where a file names none; NULL: none */
	/*
	 * What the person decided about words, as they stand in "text" of a
	 * report: {"words": true (take what is most likely, however unsure) |
	 * false (leave them out) | "a term, URI or label"}. NULL: nothing.
	 */
	const json_t *decisions;
	/* import_csv alone: */
	bool allow_partial; /* take good rows though others failed */
	struct slice map;   /* "our_name = column of the file" lines */
	uint32_t rows_max;  /* 0: IMPORT_ROWS_MAX */
	/* import_csv() of statistics alone; see import/statistic.h: */
	const json_t *about;              /* what all figures share */
	const struct import_noise *noise; /* NULL: none */
};

#define IMPORT_ROWS_MAX  10000
#define IMPORT_BYTES_MAX (16U << 20)
#define IMPORT_DOCS_MAX  1024 /* job postings of a file */
