/*
 * match_world.h: people and postings in a line of text, for the tests of
 * match/; terms are slugs of the core vocabulary.
 *
 *   card     "welding:3 teamwork; cooking:2; climate-protection"
 *            skills; aspirations; purposes. A word that begins with ? is a
 *            term that no vocabulary knows.
 *   posting  "welding:3*80! first-aid; python:2; climate-protection"
 *            requirements (level, weight, ! must); teaches; purposes.
 */
#pragma once

#include "match/core.h"
#include "match/score.h"

/* The core vocabulary, and what it means. */
struct world {
	struct vocabulary *v;
	struct meaning m;
};
void world_open(struct world *w);
void world_open_tsv(struct world *w, const char *tsv);
void world_close(struct world *w);

uint64_t slug_term(const char *slug);

/* Region "de", nothing else told. */
void card_of(const struct world *w, const char *text, struct card *out);
void posting_of(const struct world *w, const char *text, struct posting *out);

/* Random but for the seed: xorshift64. */
uint64_t chance(uint64_t *seed, uint64_t below);

/* Anything that a schema allows, of known and unknown terms. */
void card_random(const struct world *w, uint64_t *seed, struct card *out);
void posting_random(const struct world *w, uint64_t *seed, struct posting *out);
void wishes_random(const struct world *w, uint64_t *seed, struct wishes *out);
