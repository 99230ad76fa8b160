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
#define FIT_BITS     8 /* units that have one limit, as a shift */
#define FIT_BOUNDS   ((2 * SUM_UNITS >> FIT_BITS) + 2)
#define FINE_BITS    5 /* units that have one bound */
#define FINE_BOUNDS  (FIT_BOUNDS << (FIT_BITS - FINE_BITS))

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
	int16_t most[USES + 1]; /* wish of who uses so much; -1: not known */
};

/* What a card wants: the rank of the best credit for it, 0: none. */
#define WANT(learn, care) ((uint8_t)((unsigned)(learn) << 4 | (unsigned)(care)))

static_assert(CHUNK_WORDS / LINE_WORDS == 32, "a bit for each line");

/* Whom a limit is for: wants none of what there is to learn, of purposes? */
#define WANT_LEARNS  1U
#define WANT_CARES   2U
#define WANT_CLASSES 4
#define WANT_CLASS(want)                                                       \
	(((want) >> 4 != 0 ? WANT_LEARNS : 0) |                                \
	    (((want)&15) != 0 ? WANT_CARES : 0))
#define KIND_CLOSED (WISH_KIND_ANY + 1) /* of groups where nobody passes */

struct wish_run {
	uint32_t first, end; /* ranks */
	uint8_t want;
};

struct wish_bounds {
	uint16_t credits[CREDITS]; /* ascending */
	uint8_t credits_n;
	uint8_t want_all; /* the best of all runs; 0: there are none */
	struct wish_run *runs;
	uint32_t runs_n;
	uint32_t *first;  /* by place: its first entry */
	uint64_t *filter; /* a bit for each place with entries */
	struct known_wish known[KNOWN_WISHES];
	int16_t fits[FINE_BOUNDS]; /* -1: not known */
	struct limit limits[WANT_CLASSES][KIND_CLOSED + 1];
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
	uint8_t *passes; /* by group: which values of remote, bits */

	/* the chunk at hand */
	uint32_t first;                    /* its first card */
	uint32_t wants_chunk;              /* UINT32_MAX: none */
	uint32_t wants_n;                  /* cards of it */
	uint8_t want[WANTS_CARDS];         /* of each of them */
	uint32_t learns[WANTS_CARDS / 32]; /* bits, of WANT_LEARNS */
	uint32_t cares[WANTS_CARDS / 32];
	uint32_t gated; /* bits: the lines that ${pass} is made of */
	struct candidate *candidates; /* and room to sort them */
	uint32_t candidates_n;
	uint32_t group_first, group_end; /* those with cards in it */
	uint8_t kinds[CHUNK_WORDS];      /* of each word of cards */
	uint32_t pass[CHUNK_WORDS];      /* bits: to be looked at, perhaps */
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

/** group_end(s, i): where the cards of a group end. */
static inline uint32_t
group_end(const struct search *s, uint32_t i)
{
	return i + 1 < s->cards->groups_n ? s->cards->groups[i + 1].first
					  : s->part->segment->n;
}

/** group_of(s, card): whose it is. */
static inline uint32_t
group_of(const struct search *s, uint32_t card)
{
	uint32_t lo = 0, hi = s->cards->groups_n;

	while (hi - lo > 1) {
		const uint32_t mid = lo + (hi - lo) / 2;
		if (s->cards->groups[mid].first <= card)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/**
 * gates_line(s, line), gates_chunk(s): who passes, by the facts of a card and
 * its region, and is not removed: ${pass}, of a line of words or of all. What
 * is made already stays as it is.
 */
void gates_line(struct search *s, uint32_t line);
void gates_chunk(struct search *s);

/** gates_hours(s, card): its bucket of hours. */
static inline uint8_t
gates_hours(const struct search *s, uint32_t card)
{
	const uint32_t *f = s->cards->facts +
			    (size_t)FACTS_HOURS * s->cards->words_n + card / 32;
	const size_t n = s->cards->words_n;

	return (uint8_t)((f[0] >> card % 32 & 1) |
			 (f[n] >> card % 32 & 1) << 1 |
			 (f[2 * n] >> card % 32 & 1) << 2);
}

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

/** wish_bound(s, want, kind, hours, uses): what it can be at most. */
int32_t wish_bound(const struct search *s, uint8_t want, uint8_t kind,
    uint8_t hours, int32_t uses);

/** fit_most(s, units): the fit that they stand for at most. */
int32_t fit_most(struct search *s, uint32_t units);

/** limits_begin(s): nobody is among the best yet. */
void limits_begin(struct search *s);

/** limits_open(s, kind): ${limits} of a kind, for who may enter now. */
void limits_open(struct search *s, uint8_t kind);

/** limit_most(s, kind): of who wants as much as anybody can. */
static inline const struct limit *
limit_most(const struct search *s, uint8_t kind)
{
	return &s->wish.limits[WANT_CLASS(s->wish.want_all)][kind];
}

/** wants_open(s, chunk): ${want} for a chunk of wants. */
void wants_open(struct search *s, uint32_t chunk);

/** want_of(s, card): what it wants. */
static inline uint8_t
want_of(struct search *s, uint32_t card)
{
	if (s->wish.want_all == 0)
		return 0;
	if (s->wants_chunk != card / WANTS_CARDS)
		wants_open(s, card / WANTS_CARDS);
	return s->want[card % WANTS_CARDS];
}
