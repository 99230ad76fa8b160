/*
 * index/people.h: what the files of the search for people share. Nobody else
 * includes this; match/index/index.h comes before it.
 *
 * A search sums up, chunk by chunk, what a posting's requirements come to at
 * most with each card (index/sums.h), and what its wish may come to by what
 * the card wants (index/wish.c). Only who could then still be among the best
 * is read.
 */
#pragma once

#include "match/index/sums.h"

#define CREDITS      15 /* different credits of a wish, at most */
#define USES         64 /* steps of the credit of what is used */
#define USES_UNKNOWN (USES + 1)
#define KNOWN_WISHES 256
#define FIT_BITS     8 /* units that have one bound, as a shift */
#define FIT_BOUNDS   ((2 * SUM_UNITS >> FIT_BITS) + 2)

/* Wishes that have been computed, by what they are made of. */
struct known_wish {
	uint64_t facts;
	int32_t total;
};

/*
 * Who can still enter with a score of ${both}: of those with so much fit, by
 * bound, whoever uses at least so many USES-ths; USES_UNKNOWN: nobody.
 */
struct limit {
	int32_t both; /* -1: not made yet */
	uint32_t fit; /* units, the least with which anybody can */
	uint8_t uses[FIT_BOUNDS];
};

/* What a card wants: the rank of the best credit for it, 0: none. */
#define WANT(learn, care) ((uint8_t)((unsigned)(learn) << 4 | (unsigned)(care)))

struct wish_run {
	uint32_t first, end; /* ranks */
	uint8_t want;
};

struct wish_bounds {
	uint16_t credits[CREDITS]; /* ascending */
	uint8_t credits_n;
	struct wish_run *runs;
	uint32_t runs_n;
	uint32_t *first;  /* by place: its first entry */
	uint64_t *filter; /* a bit for each place with entries */
	struct known_wish known[KNOWN_WISHES];
	int16_t most[256][USES + 2]; /* by want; -1: not known */
	int16_t fits[FIT_BOUNDS];
	struct limit *limits[256]; /* by want */
};

/* What gates and filter ask of a card's facts. */
struct fact_gates {
	uint8_t remote_same, remote_silent, remote_other; /* bits */
	uint8_t remote, hours;                            /* bits */
	uint16_t region;
	uint32_t languages_n;
	uint64_t languages[CARD_LANGUAGES_MAX + 1]; /* one of these facts */
	uint32_t seeks_pass, offers_pass, seeks_asked;
	bool silent_pass[4];
};

struct search {
	const struct index_snapshot *s;
	const struct index *ix;
	const struct posting *posting;
	const struct index_filter *filter;
	struct plan *plan;
	struct plan_parts parts;
	struct fit_kernel *kernel;
	struct index_counts counts;
	struct top top;
	bool excluded; /* looking for those whom a gate keeps out */

	struct fact_gates gates;
	struct wish_bounds wish;
	struct sum_plan *plan_sums;
	struct sums *sums;
	struct card card;

	/* the segment at hand */
	const struct part *part;
	const struct cards *cards;
	uint8_t *passes; /* by region: which values of remote, bits */

	/* the chunk at hand */
	uint32_t first;                /* its first card */
	uint32_t wants_chunk;          /* UINT32_MAX: none */
	uint8_t want[WANTS_CARDS];     /* of each card of it */
	uint16_t wanters[WANTS_CARDS]; /* who wants, by chunk of CHUNK_CARDS */
	uint32_t wanters_n[WANTS_CARDS / CHUNK_CARDS];
	struct candidate *candidates; /* and room to sort them */
	uint32_t candidates_n;
	uint32_t pass[CHUNK_WORDS];  /* bits: to be looked at, perhaps */
	uint8_t summed[CHUNK_WORDS]; /* words with their dense lists */
};

struct candidate {
	uint32_t card;
	int32_t both;
};

/* ---- gates ---- */

/** gates_make(s): of posting and filter; ${s}->excluded: of the filter. */
void gates_make(struct search *s);

/** gates_region(s, region): which values of remote pass there, as bits. */
uint8_t gates_region(const struct search *s, uint16_t region);

/** region_end(s, i): where the cards of a region end. */
static inline uint32_t
region_end(const struct search *s, uint32_t i)
{
	return i + 1 < s->cards->regions_n ? s->cards->regions[i + 1].first
					   : s->part->segment->n;
}

/**
 * gates_chunk(s, chunk): who passes, by the facts of a card and its region,
 * and is not removed: ${pass}.
 */
void gates_chunk(struct search *s, uint32_t chunk);

/** view_wanted(f, v): does the filter let it through? */
bool view_wanted(
    const struct index_filter *f, const struct forward_card_view *v);

/** view_passes(s, v): do all gates but the must-haves? As score.c asks. */
bool view_passes(struct search *s, const struct forward_card_view *v);

/* ---- wishes ---- */

NODISCARD err wish_bounds_make(struct search *s);
void wish_bounds_end(struct search *s);

/** view_wish(s, v, uses): the wish of a card. */
int32_t view_wish(
    struct search *s, const struct forward_card_view *v, int32_t uses);

/** wish_most(s, want, uses): what it can be; uses in USES-ths. */
int32_t wish_most(struct search *s, uint8_t want, uint32_t uses);

/** fit_most(s, units): the fit that they stand for at most. */
int32_t fit_most(struct search *s, uint32_t units);

/** limit_of(s, want): for those who may enter now. NULL: out of memory. */
const struct limit *limit_of(struct search *s, uint8_t want);

/** wants_open(s, chunk): ${want} and ${wanters} for a chunk of wants. */
void wants_open(struct search *s, uint32_t chunk);
