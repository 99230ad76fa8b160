/*
 * bag.h: texts as bags of stems, and how well a bag fits each of many others:
 * BM25 in integers. Shared by bridge.h and phrase.h; not a search of its own.
 */
#pragma once

#include "proto/base/base.h"

/* Stems and their numbers, from 0. Grows while bags are made. */
struct stems;

struct stems *stems_new(void); /* NULL: out of memory */
void stems_free(struct stems *s);
uint32_t stems_count(const struct stems *s);

/**
 * stems_number(s, stem, add, out): ${add}: make it when it is new, else
 * UINT32_MAX in ${out}. ERR_NOMEM.
 */
NODISCARD err stems_number(
    struct stems *s, struct slice stem, bool add, uint32_t *out);

struct bag_item {
	uint32_t stem;
	uint32_t weight; /* times it occurs, by weight of the text */
};

struct bag {
	struct bag_item *items; /* by stem, once bag_settle() was called */
	uint32_t n, cap;
};

void bag_free(struct bag *b);

/** bag_put(b, stem, weight): once more. ERR_NOMEM. */
NODISCARD err bag_put(struct bag *b, uint32_t stem, uint32_t weight);

/**
 * bag_text(b, s, text, language, weight, add): the stems of a text without
 * fillers; stems that are not known are left out unless ${add}. ERR_NOMEM.
 */
NODISCARD err bag_text(struct bag *b, struct stems *s, struct slice text,
    uint32_t language, uint32_t weight, bool add);

/** bag_settle(b): each stem once, ascending. */
void bag_settle(struct bag *b);

/** bag_hash(b): of the set of stems; after bag_settle(). */
uint64_t bag_hash(const struct bag *b);

/* Many bags to hold one against. */
struct bag_field;

/** bag_field_new(bags, n, stems, out): settled bags; copied. ERR_NOMEM. */
NODISCARD err bag_field_new(
    const struct bag *bags, uint32_t n, uint32_t stems, struct bag_field **out);
void bag_field_free(struct bag_field *f);

/** bag_field_idf(f, stem): how rare it is, in sixteenths of a bit. */
uint32_t bag_field_idf(const struct bag_field *f, uint32_t stem);

/** bag_field_score(f, query, scores): adds to ${scores}[n]; 0: no stem. */
void bag_field_score(
    const struct bag_field *f, const struct bag *query, uint64_t *scores);
