/*
 * klint.h: is a card one of many? Before a card is published, k is worked
 * out: the minimum, over all pairs of (region, term, term) that it shows, of
 * the smaller of
 *  - the other authors seen who show both terms in that region; somebody
 *    with a narrower term shows the broader one, too;
 *  - how many of the cards known in that region would be expected to, by a
 *    table of frequencies that nobody's card changes.
 * So whoever floods the network with cards cannot hide a rare one: it takes
 * one more card in the region for each "share" of one.
 *
 * The table: the share of a term is 2^(-rarity / 16), of vocabulary_rarity():
 * about the part of all occupations that need it or a term below it. The share
 * of two terms is that of the occupations that need both, at least the product
 * of both, at most the smaller one. Of languages nothing is known from the
 * vocabulary: 1/2 for the language of the region, 1/4 for English, else 1/32.
 * Two nodes need not agree on any of this.
 *
 * Terms of one list are compared with that list of the others: a skill is no
 * aspiration. A term that no vocabulary knows is shown by nobody.
 * Not here: hours, remote, levels and the time of publishing tell, too.
 *
 * Integers only; no clock, no randomness. Memory: malloc, about 1.5 MB and
 * four bytes for each term of the vocabulary.
 */
#pragma once

#include "match/score.h"

#define KLINT_WARN     20   /* below it the person is warned */
#define KLINT_REFUSE   5    /* below it nothing goes out unless forced */
#define KLINT_NEWCOMER 1000 /* known cards, below it k means nothing */
#define KLINT_CORE_MAX 5    /* terms of a newcomer's card */

#define KLINT_OWN_MAX                                                          \
	(CARD_SKILLS_MAX + CARD_ASPIRATIONS_MAX + CARD_PURPOSES_MAX +          \
	    CARD_LANGUAGES_MAX)

enum klint_list {
	KLINT_SKILL,
	KLINT_ASPIRATION,
	KLINT_PURPOSE,
	KLINT_LANGUAGE,
};
#define KLINT_LISTS 4

enum klint_act { KLINT_KEEP, KLINT_REPLACE, KLINT_DROP };

/* What a card shows besides its region, and what could be done about it. */
struct klint_item {
	enum klint_list list;
	uint16_t number; /* in that list of the card */
	uint64_t term;   /* or the code of the language */
	uint32_t at;     /* TERM_NOWHERE: not a known term */
	uint8_t level;
	uint64_t k_dropped;  /* of the card, if this alone were left out */
	uint32_t broader;    /* place of the next broader term, or nowhere */
	uint64_t k_broader;  /* if that alone stood in its place */
	enum klint_act act;  /* of the proposal */
	uint32_t becomes;    /* place, of KLINT_REPLACE */
	uint8_t level_after; /* less detail; never more than ${level} */
};

#define KLINT_NONE UINT16_MAX

struct klint_number {
	uint64_t k;              /* the smaller of both */
	uint64_t seen, expected; /* of the worst pair */
	/* items of the worst pair; one term alone: equal; none: KLINT_NONE */
	uint16_t a, b;
};

enum klint_verdict { KLINT_FINE, KLINT_WARNED, KLINT_REFUSED };

struct klint_report {
	enum klint_verdict verdict; /* of the card as it is */
	bool newcomer;              /* fewer cards than KLINT_NEWCOMER */
	uint64_t known, in_region;  /* cards of others */
	struct klint_number now;
	uint64_t k_nowhere; /* with region zz, all else as it is */
	uint16_t items_n;
	struct klint_item items[KLINT_OWN_MAX];

	/*
	 * What would do, in ${items} and ${to_nowhere} (region zz): the cheapest
	 * that comes to KLINT_WARN; of a newcomer KLINT_CORE_MAX terms of the
	 * core vocabulary, with levels in three steps. The cost is what the
	 * card tells less, in sixteenths of a bit.
	 */
	bool proposal; /* there is one, and it changes something */
	bool to_nowhere;
	bool cheapest; /* false: search was cut short, it might be cheaper */
	uint64_t k_proposed;
};

struct klint;

/**
 * klint_new(m, c, out):
 * Begin with a card that is resolved against ${m}, which is borrowed.
 * ERR_NOMEM.
 */
NODISCARD err klint_new(
    const struct meaning *m, const struct card *c, struct klint **out);
void klint_free(struct klint *k); /* NULL is fine */

/** klint_see(k, other): the card of another author, each author once. */
void klint_see(struct klint *k, const struct card *other);

/** klint_report(k, out): of what was seen so far. */
void klint_report(struct klint *k, struct klint_report *out);

/**
 * klint_apply(r, v, c, out):
 * The card ${c} as the proposal has it; what comes twice is left out. With no
 * proposal, the same card.
 */
void klint_apply(const struct klint_report *r, const struct vocabulary *v,
    const struct card *c, struct card *out);

/** klint_share(m, at): of a term, in 1 / 2^32. */
uint64_t klint_share(const struct meaning *m, uint32_t at);
