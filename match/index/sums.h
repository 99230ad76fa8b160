/*
 * index/sums.h: what the requirements of a posting come to at most with each
 * card of a chunk, list by list. Nobody outside the index includes this;
 * match/index/index.h comes before it.
 *
 * A sum has two halves: what the card meets of the told requirements (fit,
 * upper half) and what of its skills they take up (taken, lower half), both
 * in SUM_UNITS for all. Of one requirement the best credit counts, as in the
 * score; only the levels are coarser, and what dense lists say comes on top.
 */
#pragma once

#include "match/index/cards.h"

#define SUM_UNITS    15000 /* twice that, and a unit for each, is 15 bits */
#define SUM_CODES    100   /* a credit in steps, rounded up */
#define SUM_FIT(s)   ((s) >> 16)
#define SUM_TAKEN(s) ((s)&0xffffU)

/* Lists of neighbours in rank that earn the same. */
struct sum_run {
	uint32_t first, end;
	uint16_t item;
	uint8_t code[4]; /* by level class */
};

/* A posting made ready. */
struct sum_plan {
	uint16_t items_n;
	struct sum_run *runs; /* by item */
	uint32_t runs_n, runs_cap;
	uint32_t runs_from[POSTING_REQUIREMENTS_MAX + 1];
	/* of each item, what a code is worth */
	uint32_t worth[POSTING_REQUIREMENTS_MAX][SUM_CODES + 1];
	uint64_t told, asks; /* weights of requirements, by what they are */
	uint64_t rarity;     /* of all requirements */
};

/** sum_plan_new(ix, parts, out): ERR_NOMEM. */
NODISCARD err sum_plan_new(const struct index *ix,
    const struct plan_parts *parts, struct sum_plan **out);
void sum_plan_free(struct sum_plan *p);

/* A dense list, and what it is worth to whom it holds. */
struct sum_dense {
	const uint32_t *masks;
	uint16_t item;
	uint32_t worth;
	uint32_t word; /* of sums_word(): to whom no list before it is better */
};

/* A list of the chunk at hand. */
struct sum_span {
	const uint16_t *entries;
	uint32_t n, run;
};

struct sums {
	const struct sum_plan *plan;
	const struct cards *cards;
	/* by item, those worth more first */
	struct sum_dense *dense;
	uint32_t dense_n, dense_cap;
	uint32_t dense_most; /* what they come to at most */
	struct sum_span *spans;
	uint32_t spans_n;
	uint16_t *kept; /* entries of sums_keep() */
	uint64_t kept_cap;
	uint64_t entries; /* of all spans */
	uint32_t item_entries[POSTING_REQUIREMENTS_MAX];
	uint64_t dense_items; /* bits: those with dense lists */
	uint16_t tag;
	uint16_t best[CHUNK_CARDS]; /* tag << 8 | code */
	uint32_t sum[CHUNK_CARDS];
};

/** sums_new(plan, out): ERR_NOMEM. */
NODISCARD err sums_new(const struct sum_plan *plan, struct sums **out);
void sums_free(struct sums *s);

/** sums_open(s, parts, kernel, cards): go on with this segment. ERR_NOMEM. */
NODISCARD err sums_open(struct sums *s, const struct plan_parts *parts,
    const struct fit_kernel *kernel, const struct cards *cards);

/** sums_find(s, chunk): the spans. */
void sums_find(struct sums *s, uint32_t chunk);

/** sums_keep(s, pass): only entries of cards whose bit is set. ERR_NOMEM. */
NODISCARD err sums_keep(struct sums *s, const uint32_t pass[CHUNK_WORDS]);

/**
 * sums_must(s, must, item):
 * Of the items whose bit is in ${must}, the one that the fewest hold, if all
 * who do are in its spans; else UINT16_MAX. false: nobody holds one of them.
 */
bool sums_must(const struct sums *s, uint64_t must, uint16_t *item);

/** sums_add(s): what the spans hold. */
void sums_add(struct sums *s);

/** sums_add_dense(s, chunk, pass, from, to): on top, for words of its cards,
 * of those whose bit is set. */
void sums_add_dense(struct sums *s, uint32_t chunk,
    const uint32_t pass[CHUNK_WORDS], uint32_t from, uint32_t to);

/** sums_dense(s, card): what the dense lists say of one. */
uint32_t sums_dense(const struct sums *s, uint32_t card);

/** sums_dense_word(s, word, items): which cards of a word of the segment have,
 * of each item whose bit is set, one of its dense lists. */
uint32_t sums_dense_word(const struct sums *s, uint32_t word, uint64_t items);

/** sums_word(s, word): for sums_of(), what the dense lists say of a word. */
void sums_word(struct sums *s, uint32_t word);

/** sums_of(s, bit): sums_dense() of one card of that word. */
static inline uint32_t
sums_of(const struct sums *s, uint32_t bit)
{
	uint32_t sum = 0;

	for (uint32_t d = 0; d < s->dense_n; d++)
		sum += s->dense[d].worth & (0U - (s->dense[d].word >> bit & 1));
	return sum;
}

/** sums_clear(s), sums_clear_all(s): zero again, what the spans hold or all. */
void sums_clear(struct sums *s);
void sums_clear_all(struct sums *s);
