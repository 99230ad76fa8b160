/*
 * match_bench [--json]: people for a posting by linear scan over 100,000
 * cards, postings for a person over 10,000, and label search. Cards hold 20
 * skills each of the core vocabulary, half of them from one occupation, as
 * people have them; postings ask for 10.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "match/core.h"
#include "match/scan.h"
#include "match/search.h"

#define CARDS    100000
#define POSTINGS 10000
#define ROUNDS   20
#define TOP      10

static struct vocabulary *v;
static struct meaning m;
static struct card *cards;
static struct posting *postings;
static uint32_t occupations[1024];
static size_t occupations_n;
static bool json;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t
chance(uint64_t below)
{
	static uint64_t seed = 88172645463325252U;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

/* Half of the time a skill that the occupation needs. */
static uint32_t
some_skill(uint32_t occupation)
{
	const struct term_list needs = vocabulary_needs(v, occupation, true);

	if (needs.n > 0 && chance(2) == 0)
		return needs.at[chance(needs.n)];
	return (uint32_t)chance(vocabulary_size(v));
}

static void
make_card(struct card *c)
{
	const uint32_t occupation = occupations[chance(occupations_n)];

	*c = (struct card){ .region = "de", .skills_n = 20, .hours = 5 };
	for (size_t i = 0; i < c->skills_n; i++)
		c->skills[i].term = vocabulary_term(v, some_skill(occupation));
	for (size_t i = 0; i < c->skills_n; i++)
		c->skills[i].level = (uint8_t)(1 + chance(5));
	c->aspirations_n = 3;
	for (size_t i = 0; i < c->aspirations_n; i++)
		c->aspirations[i].term =
		    vocabulary_term(v, some_skill(occupation));
	card_resolve(c, v);
}

static void
make_posting(struct posting *p)
{
	const uint32_t occupation = occupations[chance(occupations_n)];

	*p = (struct posting){ .region = "de", .requirements_n = 10 };
	for (size_t i = 0; i < p->requirements_n; i++)
		p->requirements[i] = (struct requirement){
			.term = vocabulary_term(v, some_skill(occupation)),
			.level = (uint8_t)chance(6),
			.weight = (uint8_t)(1 + chance(100)),
			.must = i == 0 && chance(2) == 0,
		};
	p->teaches_n = 2;
	for (size_t i = 0; i < p->teaches_n; i++)
		p->teaches[i].term = vocabulary_term(v, some_skill(occupation));
	posting_resolve(p, v);
}

static void
id_of(size_t i, uint8_t id[RECORD_ID])
{
	memset(id, 0, RECORD_ID);
	put_u32be(id, (uint32_t)i);
}

struct walk {
	size_t at;
	uint8_t id[RECORD_ID];
};

static bool
next_card(void *ctx, struct card_item *item)
{
	struct walk *w = ctx;

	if (w->at == CARDS)
		return false;
	id_of(w->at, w->id);
	*item = (struct card_item){ w->id, w->id, &cards[w->at++] };
	return true;
}

static bool
next_posting(void *ctx, struct posting_item *item)
{
	struct walk *w = ctx;

	if (w->at == POSTINGS)
		return false;
	id_of(w->at, w->id);
	*item = (struct posting_item){ w->id, w->id, &postings[w->at++] };
	return true;
}

static void
figure(const char *name, double value, const char *unit)
{
	if (json)
		printf("{\"name\":\"match.%s\",\"value\":%.1f,"
		       "\"unit\":\"%s\",\"goal\":null,\"limit\":null}\n",
		    name, value, unit);
	else
		printf("%-28s %12.1f %s\n", name, value, unit);
}

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "match_bench: %s failed\n", what);
	exit(1);
}

static void
bench_scans(void)
{
	struct scan_result top[TOP];
	size_t n;
	double start = now();

	for (size_t i = 0; i < ROUNDS; i++) {
		struct walk walk = { 0 };
		const struct card_source source = { next_card, &walk };
		must(scan_people(&m, &postings[i], &source, false, top, TOP, &n,
			 NULL) == OK,
		    "scan_people");
	}
	double each = (now() - start) / ROUNDS;
	figure("people_100k.ms", each * 1e3, "ms");
	figure("people.ns_per_pair", each / CARDS * 1e9, "ns");

	start = now();
	for (size_t i = 0; i < ROUNDS; i++) {
		struct walk walk = { 0 };
		const struct posting_source source = { next_posting, &walk };
		must(scan_postings(&m, &cards[i], NULL, &source, false, top,
			 TOP, &n, NULL) == OK,
		    "scan_postings");
	}
	each = (now() - start) / ROUNDS;
	figure("postings_10k.ms", each * 1e3, "ms");
	figure("postings.ns_per_pair", each / POSTINGS * 1e9, "ns");

	static struct score score;
	start = now();
	for (size_t i = 0; i < 1000; i++)
		must(score_fit(&m, &postings[i], &cards[i], &score) == OK,
		    "score_fit");
	figure("explanation.us", (now() - start) * 1e3, "us");
}

/* 100,000 labels: words put together from those of the core. */
static struct vocabulary *
many_labels(void)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct vocabulary *many = NULL;
	const uint32_t n = vocabulary_labels(v);

	must(b != NULL, "builder");
	for (uint32_t i = 0; i < 25000; i++) {
		char uri[32], text[4][TERM_LABEL_MAX];
		struct term_label labels[4];
		snprintf(uri, sizeof(uri), "urn:bench:%u", i);
		for (size_t k = 0; k < 4; k++) {
			const struct vocabulary_label a =
			    vocabulary_label_at(v, (uint32_t)chance(n));
			const struct vocabulary_label z =
			    vocabulary_label_at(v, (uint32_t)chance(n));
			snprintf(text[k], sizeof(text[k]), "%.*s%c%.*s %u",
			    (int)a.text.n, (const char *)a.text.p,
			    k < 2 ? ' ' : 'x', (int)z.text.n,
			    (const char *)z.text.p, i % 100);
			labels[k] = (struct term_label){ a.language, k == 0,
				slice_str(text[k]) };
		}
		const err e = vocabulary_builder_add(
		    b, &(struct term_entry){ .uri = slice_str(uri),
			   .type = TERM_SKILL,
			   .labels = labels,
			   .labels_n = 4 });
		must(e == OK || e == ERR_FORM, "add");
	}
	must(vocabulary_builder_finish(b, &many) == OK, "finish");
	return many;
}

static void
bench_search(void)
{
	static const char *const queries[] = { "weld", "a", "elektro",
		"electical installation", "verhandlungsfürung", "trabajo equ",
		"public speaknig", "nothing like this" };
	struct vocabulary *many = many_labels();
	struct search_index *s;
	struct search_hit hits[TOP];
	double worst = 0, sum = 0;

	double start = now();
	must(search_index_new(many, &s) == OK, "index");
	figure("search.labels", vocabulary_labels(many), "");
	figure("search.index.ms", (now() - start) * 1e3, "ms");
	for (size_t i = 0; i < ARRAY_LEN(queries) * 5; i++) {
		start = now();
		search_labels(s, slice_str(queries[i % ARRAY_LEN(queries)]),
		    (struct search_options){ VOCABULARY_ENGLISH, 0 }, hits,
		    TOP);
		const double took = now() - start;
		worst = MAX(worst, took);
		sum += took;
	}
	figure("search.mean.ms", sum / (ARRAY_LEN(queries) * 5.0) * 1e3, "ms");
	figure("search.worst.ms", worst * 1e3, "ms");
	search_index_free(s);
	vocabulary_free(many);
}

int
main(int argc, char **argv)
{
	json = argc > 1 && strcmp(argv[1], "--json") == 0;
	double start = now();
	must(core_vocabulary_new(&v) == OK, "core vocabulary");
	figure("core_vocabulary.ms", (now() - start) * 1e3, "ms");
	m = (struct meaning){ v, vocabulary_rarity(v) };
	for (uint32_t at = 0; at < vocabulary_size(v); at++) {
		if (vocabulary_type(v, at) == TERM_OCCUPATION)
			occupations[occupations_n++] = at;
	}
	cards = calloc(CARDS, sizeof(*cards));
	postings = calloc(POSTINGS, sizeof(*postings));
	must(cards != NULL && postings != NULL, "memory");
	for (size_t i = 0; i < CARDS; i++)
		make_card(&cards[i]);
	for (size_t i = 0; i < POSTINGS; i++)
		make_posting(&postings[i]);
	figure("card.bytes", sizeof(struct card), "bytes");
	bench_scans();
	bench_search();
	free(cards);
	free(postings);
	vocabulary_free(v);
	return 0;
}
