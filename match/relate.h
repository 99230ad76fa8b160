/*
 * relate.h: which terms stand in for which, and how well. Held terms earn
 * credit for asked ones: the same term all, a special case of it most, the
 * general case some, a neighbour or near substitute a part. Of several ways
 * the best counts; ways never add up.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"

#define CREDIT_MAX 1000

#define NARROWER_STEPS  3
#define BROADER_STEPS   2
#define SIBLING_CREDIT  300 /* both are special cases of one thing */
#define SIBLINGS_MAX    256 /* of a group with more it says nothing */
#define RELATED_CREDIT  500 /* a near substitute; 600 is the bound */
#define NEAR_CREDIT_MAX 600

enum match_via {
	VIA_NOTHING, /* not held in any form */
	VIA_EXACT,
	VIA_NARROWER, /* holds a special case: 900, 800, 700 by steps */
	VIA_BROADER,  /* holds the general case: 500, 250 */
	VIA_RELATED,
	VIA_SIBLING,
};

/** via_name(via): "narrower"; static text. */
const char *via_name(enum match_via via);

/* One of the terms on a side; only items of the same group meet. */
struct relate_item {
	uint64_t term;
	uint32_t at;
	uint8_t level; /* 0: any, or not told */
	uint8_t group;
};

/* How an asked item is best met. */
struct relate_best {
	uint16_t credit; /* 0..CREDIT_MAX, level counted */
	uint8_t via;     /* enum match_via */
	uint8_t level;   /* of the held item */
	uint64_t term;   /* the held item; 0: none */
};

/**
 * level_adequacy(asked, held):
 * 0..CREDIT_MAX: the share of the asked level that is held. Full when nothing
 * is asked, and when the held level is not known.
 */
uint32_t level_adequacy(uint8_t asked, uint8_t held);

/* One side made ready to meet many others. */
struct relate_table;

/**
 * relate_table_new(v, items, n, asked, out):
 * The items, all with a place, are asked (else held). ${items} is borrowed
 * for as long as the table lives. ERR_NOMEM.
 */
NODISCARD err relate_table_new(const struct vocabulary *v,
    const struct relate_item *items, uint16_t n, bool asked,
    struct relate_table **out);
void relate_table_free(struct relate_table *t);

/**
 * relate_meet(t, others, n, best):
 * ${others} are of the other side, all with a place. ${best}[i] is for the
 * i-th asked item: of the table's items, or of ${others} when the table holds
 * the held side. The order of the held items changes nothing.
 */
void relate_meet(const struct relate_table *t, const struct relate_item *others,
    uint16_t n, struct relate_best *best);

/**
 * relate_meet_used(t, others, n, best, used):
 * The same; ${used}[k] is the most that the k-th held item earns anywhere.
 */
void relate_meet_used(const struct relate_table *t,
    const struct relate_item *others, uint16_t n, struct relate_best *best,
    uint16_t *used);

/* Seen from a place of the other side: the item it meets, and how. */
struct relate_entry {
	uint32_t at;
	uint16_t item;
	uint16_t credit; /* level aside */
	uint8_t via;
};

/**
 * relate_entries(t, n):
 * All of a table, by place, then item; of each pair the best way. Borrowed.
 */
const struct relate_entry *relate_entries(
    const struct relate_table *t, uint32_t *n);
