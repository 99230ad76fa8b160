/*
 * index/asked.h: a card made ready to meet postings in the form in which an
 * index keeps them, not decoded and in no particular order: what each may come
 * to at most, and whether a gate is certain to fail. It never says less than
 * the score, and says the score itself of almost all; whoever asks scores the
 * few that are left completely.
 *
 * Only files of the index include this, after match/index/internal.h.
 */
#pragma once

#include "match/index/internal.h"

/* What the card earns where a posting asks for a place. */
struct asked_row {
	uint32_t at;
	uint32_t from;                 /* its first entry */
	uint16_t credit[ASKED_LEVELS]; /* by the level that is asked */
};

struct asked_kernel {
	const struct index *ix;
	const struct card_plan *plan;
	const struct index_filter *filter; /* may be NULL */
	struct card_plan_parts parts;
	struct card speaks; /* only languages are set */
	const struct relate_entry *entries, *wants;
	uint32_t entries_n, wants_n;
	uint32_t *row_of;       /* by place: 1 + its row, 0: none */
	struct asked_row *rows; /* by place, and one for the end */
	uint32_t rows_n;
	uint64_t *want_filter; /* a bit for each place with wants */
	uint16_t adequacy[CARD_SKILLS_MAX + CARD_PURPOSES_MAX][8];

	/* gates; bits by what the posting says */
	uint16_t region;
	uint8_t remote_same, remote_silent, remote_other;
	uint32_t kind_pass;     /* 1 << (direction * 8 + type) */
	uint32_t contract_pass; /* 1 << contract % 32 */
	uint8_t hours_pass[UINT8_MAX + 1];
};

/** asked_kernel_new(ix, plan, c, w, f, out): borrows all. ERR_NOMEM. */
NODISCARD err asked_kernel_new(const struct index *ix,
    const struct card_plan *plan, const struct card *c, const struct wishes *w,
    const struct index_filter *f, struct asked_kernel **out);
void asked_kernel_free(struct asked_kernel *k);

/** asked_wanted(k, v): false: the filter leaves the posting out. */
bool asked_wanted(
    const struct asked_kernel *k, const struct forward_posting_view *v);

/** asked_passes(k, v): false: a gate other than a must-have fails. */
bool asked_passes(
    const struct asked_kernel *k, const struct forward_posting_view *v);

/**
 * asked_both(k, v, least, missing):
 * The score at most; below ${least} it may be any such number. ${missing}: a
 * must-have is, for certain.
 */
int32_t asked_both(const struct asked_kernel *k,
    const struct forward_posting_view *v, int32_t least, bool *missing);

/* ---- the bounds of a whole segment ---- */

/*
 * What is the same in many postings, roughly: 5 steps of what is invested, 6
 * of the hours, whether there are purposes, and what sort of requirements.
 */
#define ASKED_CLASSES 180
uint8_t asked_class(const struct index *ix, const uint8_t *bytes);

/* What the classes come to for one card. */
struct asked_wishes {
	uint32_t base[ASKED_CLASSES];    /* earned without uses and wants */
	uint32_t uses[ASKED_CLASSES];    /* earned when all skills are used */
	uint64_t part[ASKED_CLASSES];    /* of what is earned, in 2^-32 */
	int32_t fits[256];               /* by share / 256 */
	uint64_t use_slope;              /* earned by what is taken, in 2^-16 */
	uint32_t first, second, purpose; /* earned by full credit */
};

void asked_wishes(const struct asked_kernel *k, struct asked_wishes *out);

/* What the postings of a segment may come to, and the best of each block. */
struct asked_reach {
	const struct segment *s;
	uint32_t *sums; /* share << 16 | what is taken of the skills */
	uint8_t *learn; /* the best credit of what is taught, in quarters */
	uint8_t *care;  /* the same of purposes */
	uint8_t *learn_most, *care_most; /* by block */
	int16_t *both;                   /* by block: the score */
	uint64_t entries;                /* that were read */
};

/** asked_reach_new(k, w, s, out): borrows ${s}. ERR_NOMEM (and free it). */
NODISCARD err asked_reach_new(const struct asked_kernel *k,
    const struct asked_wishes *w, const struct segment *s,
    struct asked_reach *out);
void asked_reach_free(struct asked_reach *r);

/**
 * asked_reach_block(r, w, block, least, both):
 * The score of each posting of a block at most, or -1 where it is below
 * ${least}. ${both} has room for BLOCK_RECORDS.
 */
void asked_reach_block(const struct asked_reach *r,
    const struct asked_wishes *w, uint32_t block, int32_t least, int16_t *both);
