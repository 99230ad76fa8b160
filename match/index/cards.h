/*
 * index/cards.h: what a segment of people is searched by, and how it is made.
 * Nobody outside the index includes this; match/index/index.h comes before it.
 *
 * For each chunk of cards and each term there is a list of who holds it, and
 * at which level; what many hold has a bit for each card instead. Terms go by
 * rank (struct shape): those that lie below one term are neighbours, so that
 * their lists are one.
 */
#pragma once

#include "match/index/internal.h"

#define CHUNK_BITS  14 /* of an entry; two more are for the level */
#define CHUNK_CARDS (1U << CHUNK_BITS)
#define CHUNK_WORDS (CHUNK_CARDS / 32)
#define LINE_WORDS  16 /* of 32 cards: so much of a bit is near each other */
#define WANTS_CARDS 65536U /* an entry of wants is the card alone */
#define DENSE_SHARE 16     /* one card in so many holds it */

/*
 * The lists of one chunk after the other, each by rank. Where they begin is
 * kept by rank, as a search asks for few ranks, in all chunks.
 */
struct card_lists {
	uint32_t ranks_n, chunks_n;
	uint32_t *from; /* ranks_n + 1 of chunks_n each */
	uint16_t *entries;
	uint64_t entries_n;
};

/* Cards of one region and kind, up to where the next ones begin. */
struct card_group {
	uint16_t region; /* as in a view */
	uint8_t kind;    /* of wish */
	uint32_t first;
};

struct cards {
	/* chunks of CHUNK_CARDS; an entry is card << 2 | level class */
	struct card_lists held;
	/* chunks of WANTS_CARDS; aspirations and purposes */
	struct card_lists wants;
	uint32_t dense_n, words_n; /* words of 32 cards, whole chunks */
	uint32_t *dense;           /* places */
	uint32_t *masks;           /* words_n of each; levels are not kept */
	uint32_t *facts;           /* FACTS of words_n, bit by bit */
	uint16_t *rarity;          /* of all skills of a card; 0: not known */
	uint16_t *rarity_least;    /* of each word of cards */
	uint32_t groups_n;
	struct card_group *groups;
};

/*
 * What gates and filters ask of a card: remote 2 bits, hours 3, seeks 9,
 * offers 9, languages 9, and whether it seeks or offers nothing.
 */
#define FACTS_HOURS         2
#define FACTS_SEEKS         5
#define FACTS_OFFERS        14
#define FACTS_LANGUAGES     23
#define FACTS_MANY          UINT64_C(0x1ff) /* of each of these three */
#define FACTS_LANGUAGE_NONE (UINT64_C(1) << 31)
#define FACTS_SILENT        32 /* seeks nothing; then, offers nothing */
#define FACTS               34

/** facts_language(code): one of eight bits; several languages share one. */
static inline uint64_t
facts_language(uint32_t code)
{
	return UINT64_C(1) << (FACTS_LANGUAGES +
			       (code * 2654435761U >> 20 & 7));
}

/* 0 to 3: level 1, 2, 3, or more; not told counts as the highest. */
static inline uint8_t
level_class(uint8_t level)
{
	return level == 0 ? 3 : (uint8_t)(MIN(level, (uint8_t)4) - 1);
}

/** card_rarity(ix, v): of all skills; 0 when one may be there twice. */
uint16_t card_rarity(const struct index *ix, const struct forward_card_view *v);

/* What a wish of a card can be made of. */
static inline uint8_t
card_kind(const struct forward_card_view *v)
{
	return WISH_KIND(v->aspirations_n, v->purposes_n > 0);
}

/**
 * cards_new(ix, s, out): of a segment's records, which are sorted by region,
 * then by kind, then by rarity. ERR_NOMEM.
 */
NODISCARD err cards_new(
    const struct index *ix, const struct segment *s, struct cards **out);
void cards_free(struct cards *c);
uint64_t cards_bytes(const struct cards *c, uint32_t n);

/** cards_list(l, chunk, first, end, n): entries of the ranks [first, end). */
static inline const uint16_t *
cards_list(const struct card_lists *l, uint32_t chunk, uint32_t first,
    uint32_t end, uint32_t *n)
{
	const uint32_t *from = l->from + chunk;
	const uint32_t begin = from[(size_t)first * l->chunks_n];

	*n = from[(size_t)end * l->chunks_n] - begin;
	return l->entries + begin;
}
