/*
 * import/prose.h: what running text names: the description of a posting, what
 * somebody did at work, as plain text or HTML. Only skills and knowledge are
 * taken, and only where a label stands word for word or the whole phrase is
 * one; what the text says otherwise is left alone and not listed. Left out:
 * sentences with a "not", and what a posting promises ("Wir bieten", "we
 * offer"). Nothing found so is more than PROSE_MOST percent sure.
 * Private to node/import/.
 */
#pragma once

#include "node/import/parts.h"

#define PROSE_MOST   80
#define PROSE_TERMS  24    /* of one draft */
#define PROSE_BYTES  32768 /* of one text; the rest is noted, not read */
#define PROSE_PIECES 2000  /* phrases looked at, of one draft */

/* What a text named. */
struct prose_hit {
	const struct import_term *term;
	bool wished; /* "von Vorteil", "a plus": not asked for */
};

struct prose {
	/* called for each term, which is in "mapped" by then; NULL: terms
	 * are not meant */
	void (*take)(void *ctx, const struct prose_hit *hit);
	void *ctx;
	/* called for "Deutsch mindestens B2"; NULL: languages are not meant */
	void (*speak)(void *ctx, uint32_t language, unsigned level);
	unsigned taken;        /* so far; at most PROSE_TERMS */
	unsigned pieces;       /* so far; at most PROSE_PIECES */
	bool told, told_terms; /* a message says that a limit was reached */
};

/** prose_requirement(ctx, hit): a ->take for demands; ${ctx}: the draft. */
void prose_requirement(void *ctx, const struct prose_hit *hit);

/**
 * prose_language(ctx, language, level): a ->speak for demands; ${ctx}: the
 * draft. The first level of a language stands.
 */
void prose_language(void *ctx, uint32_t language, unsigned level);

/**
 * prose_read(p, d, text, field):
 * Terms that ${d} has mapped already are not taken again.
 */
void prose_read(struct prose *p, struct import_draft *d, struct slice text,
    const char *field);

/**
 * prose_pair(d, text, pair, bytes, cap):
 * "Projekt- und Zeitmanagement" as "Projektmanagement" (in ${bytes}) and
 * "Zeitmanagement", if the first is a term. false: it is no such pair, and ${pair} is as it was.
 */
bool prose_pair(const struct import_draft *d, struct slice text,
    struct slice pair[2], char *bytes, size_t cap);
