#include "match_world.h"

#include <stdio.h>
#include <stdlib.h>

void
world_open(struct world *w)
{
	const err e = core_vocabulary_new(&w->v);

	ASSERT(e == OK);
	w->m = (struct meaning){ w->v, vocabulary_rarity(w->v) };
}

void
world_open_tsv(struct world *w, const char *tsv)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	err e = vocabulary_add_tsv(b, slice_str(tsv), SOURCE_CORE, NULL);

	ASSERT(e == OK);
	e = vocabulary_builder_finish(b, &w->v);
	ASSERT(e == OK);
	w->m = (struct meaning){ w->v, vocabulary_rarity(w->v) };
}

void
world_close(struct world *w)
{
	vocabulary_free(w->v);
}

uint64_t
slug_term(const char *slug)
{
	char uri[80];

	snprintf(uri, sizeof(uri), "urn:ohcn:%s", slug);
	return term_of_uri(slice_str(uri));
}

struct word {
	uint64_t term;
	unsigned level, weight;
	bool must;
};

/* The next word of a line; false at its end or at a semicolon. */
static bool
next_word(const struct world *w, const char **text, struct word *out)
{
	char slug[64];
	int n = 0;

	while (**text == ' ')
		(*text)++;
	if (**text == '\0' || **text == ';')
		return false;
	*out = (struct word){ .weight = REQUIREMENT_WEIGHT_DEFAULT };
	if (sscanf(*text, "%63[?a-z0-9-]%n", slug, &n) != 1)
		abort();
	*text += n;
	out->term = slug_term(slug);
	if (slug[0] != '?' &&
	    vocabulary_find(w->v, out->term) == TERM_NOWHERE) {
		fprintf(stderr, "no such term: %s\n", slug);
		abort();
	}
	if (**text == ':') {
		out->level = (unsigned)((*text)[1] - '0');
		*text += 2;
	}
	if (**text == '*') {
		char *end;
		out->weight = (unsigned)strtoul(*text + 1, &end, 10);
		*text = end;
	}
	if (**text == '!') {
		out->must = true;
		(*text)++;
	}
	return true;
}

static uint16_t
words(const struct world *w, const char **text, struct graded_term *out)
{
	struct word word;
	uint16_t n = 0;

	if (**text == ';')
		(*text)++;
	while (next_word(w, text, &word))
		out[n++] = (struct graded_term){ .term = word.term,
			.level = (uint8_t)word.level };
	return n;
}

void
card_of(const struct world *w, const char *text, struct card *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->region, "de", 3);
	out->skills_n = words(w, &text, out->skills);
	out->aspirations_n = words(w, &text, out->aspirations);
	out->purposes_n = words(w, &text, out->purposes);
	card_resolve(out, w->v);
}

void
posting_of(const struct world *w, const char *text, struct posting *out)
{
	struct word word;

	memset(out, 0, sizeof(*out));
	memcpy(out->region, "de", 3);
	while (next_word(w, &text, &word))
		out->requirements[out->requirements_n++] =
		    (struct requirement){ .term = word.term,
			    .level = (uint8_t)word.level,
			    .weight = (uint8_t)word.weight,
			    .must = word.must };
	out->teaches_n = words(w, &text, out->teaches);
	out->purposes_n = words(w, &text, out->purposes);
	posting_resolve(out, w->v);
}

uint64_t
chance(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 11) % below;
}

static uint64_t
random_term(const struct world *w, uint64_t *seed)
{
	if (chance(seed, 12) == 0)
		return chance(seed, UINT64_C(1) << 40) + 1;
	/* few terms, so that people and postings meet */
	const uint32_t n = vocabulary_size(w->v);
	const uint32_t at = (uint32_t)chance(seed, 2) == 0
				? (uint32_t)chance(seed, n)
				: (uint32_t)chance(seed, MIN(n, 60U));
	return vocabulary_term(w->v, at);
}

static uint16_t
random_terms(const struct world *w, uint64_t *seed, struct graded_term *out,
    uint64_t max, bool levels)
{
	const uint16_t n = (uint16_t)chance(seed, max + 1);

	for (uint16_t i = 0; i < n; i++)
		out[i] = (struct graded_term){ .term = random_term(w, seed),
			.level = levels ? (uint8_t)chance(seed, 6) : 0 };
	return n;
}

static uint16_t
random_languages(uint64_t *seed, struct spoken_language *out)
{
	static const uint32_t codes[] = { 0x656e, 0x6465, 0x6672 };
	const uint16_t n = (uint16_t)chance(seed, 3);

	for (uint16_t i = 0; i < n; i++)
		out[i] = (struct spoken_language){ codes[chance(seed, 3)],
			(uint8_t)(chance(seed, 7) + 1) };
	return n;
}

static const char *
random_region(uint64_t *seed)
{
	static const char *const regions[] = { "de", "fr", "ke", "zz" };

	return regions[chance(seed, 4)];
}

void
card_random(const struct world *w, uint64_t *seed, struct card *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->region, random_region(seed), 3);
	out->remote = (uint8_t)chance(seed, 4);
	out->hours = (uint8_t)chance(seed, 6);
	out->seeks = (uint32_t)chance(seed, 256);
	out->offers = (uint32_t)chance(seed, 256);
	out->skills_n = random_terms(w, seed, out->skills, 30, true);
	out->aspirations_n = random_terms(w, seed, out->aspirations, 8, true);
	out->purposes_n = random_terms(w, seed, out->purposes, 4, false);
	out->languages_n = random_languages(seed, out->languages);
	card_resolve(out, w->v);
}

void
posting_random(const struct world *w, uint64_t *seed, struct posting *out)
{
	struct graded_term terms[POSTING_REQUIREMENTS_MAX];

	memset(out, 0, sizeof(*out));
	memcpy(out->region, random_region(seed), 3);
	out->type = (uint8_t)chance(seed, 7);
	out->status = (uint8_t)(chance(seed, 8) == 0 ? POSTING_FILLED : 0);
	out->remote = (uint8_t)chance(seed, 4);
	out->contract = (uint8_t)chance(seed, 8);
	out->guaranteed_hours = (uint32_t)chance(seed, 45);
	out->hours_day = (uint32_t)chance(seed, 10);
	out->days_week = (uint32_t)chance(seed, 8);
	out->start = (uint32_t)(chance(seed, 3) * 1000 + chance(seed, 2000));
	out->weeks = (uint32_t)chance(seed, 20);
	out->zone_told = chance(seed, 2) != 0;
	out->time_zone =
	    (int16_t)(out->zone_told ? (int)chance(seed, 1560) - 720 : 0);
	out->requirements_n = random_terms(w, seed, terms, 12, true);
	for (uint16_t i = 0; i < out->requirements_n; i++)
		out->requirements[i] = (struct requirement){
			.term = terms[i].term,
			.level = terms[i].level,
			.weight = (uint8_t)(chance(seed, 100) + 1),
			.must = chance(seed, 6) == 0,
		};
	out->teaches_n = random_terms(w, seed, out->teaches, 5, true);
	out->purposes_n = random_terms(w, seed, out->purposes, 3, false);
	out->languages_n = random_languages(seed, out->languages);
	out->invests_n = (uint16_t)chance(seed, 3);
	for (uint16_t i = 0; i < out->invests_n; i++)
		out->invests[i] = (struct investment){ .kind = 1,
			.hours = (uint32_t)chance(seed, 60),
			.amount = chance(seed, 2) * 50000,
			.currency = "EUR",
			.term =
			    chance(seed, 2) == 0 ? 0 : random_term(w, seed) };
	out->pay = (struct pay){ 0, chance(seed, 600000), "EUR",
		(uint32_t)(chance(seed, 6) + 1) };
	posting_resolve(out, w->v);
}

void
wishes_random(const struct world *w, uint64_t *seed, struct wishes *out)
{
	memset(out, 0, sizeof(*out));
	out->floor = (struct pay){ chance(seed, 500000), 0, "EUR",
		(uint32_t)(chance(seed, 6) + 1) };
	out->hours_week_max = (uint32_t)chance(seed, 45);
	out->hours_day_max = (uint32_t)chance(seed, 10);
	out->days_week_max = (uint32_t)chance(seed, 8);
	out->free_from = (uint32_t)chance(seed, 3000);
	out->free_until = (uint32_t)chance(seed, 6000);
	out->zone_told = chance(seed, 2) != 0;
	out->time_zone = (int16_t)((int)chance(seed, 1560) - 720);
	out->zone_shift_max = (uint32_t)chance(seed, 400);
	out->contract_mask = (uint32_t)chance(seed, 256);
	out->unwanted_n = (uint16_t)chance(seed, 4);
	for (uint16_t i = 0; i < out->unwanted_n; i++)
		out->unwanted[i] = random_term(w, seed);
	out->skills_n = random_terms(w, seed, out->skills, 6, true);
	wishes_resolve(out, w->v);
}
