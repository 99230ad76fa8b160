/*
 * Does fit find the right demand? People are made from ESCO occupations: a
 * part of the essential skills, some of another occupation as noise, and some
 * replaced by a neighbour under the same group, as two people name the same
 * thing differently. Each looks for the demand of its occupation among all.
 * Measured against what most job boards show: the share of required skills
 * that is there. Small form of task T2 of the domain notes; needs the data
 * beside the source folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/scan.h"
#include "match_world.h"

#define DATA        OHCN_SOURCE_DIR "/../shared/data/esco-1.2.0/"
#define SKILLS      13492
#define OCCUPATIONS 3039
#define QUERIES     50
#define ROW_MAX     65536

struct skill {
	uint64_t term, group; /* 0: none */
};

struct occupation {
	uint16_t essential[256], optional[256];
	size_t essential_n, optional_n;
};

static struct skill skills[SKILLS];
static struct occupation occupations[OCCUPATIONS];
static struct posting demands[OCCUPATIONS];

/* Take a cell off the front of a line. */
static char *
cell(char **line, const char *separators)
{
	char *begin = *line;
	char *end = begin + strcspn(begin, separators);

	*line = *end == '\0' ? end : end + 1;
	*end = '\0';
	return begin;
}

static void
add(struct vocabulary_builder *b, const char *uri, const char *label,
    enum term_type type, const uint64_t *broader, size_t broader_n,
    const struct term_need *needs, size_t needs_n)
{
	const struct term_label l = { 0x656e, true, slice_str(label) };
	const err e = vocabulary_builder_add(
	    b, &(struct term_entry){ .uri = slice_str(uri),
		   .type = type,
		   .source = SOURCE_IMPORTED,
		   .labels = &l,
		   .labels_n = 1,
		   .broader = broader,
		   .broader_n = broader_n,
		   .needs = needs,
		   .needs_n = needs_n });

	assert_int_equal(e, OK);
}

static bool
read_skills(struct vocabulary_builder *b)
{
	char row[ROW_MAX];
	FILE *f = fopen(DATA "compact_skills.tsv", "r");
	size_t n = 0;

	if (f == NULL)
		return false;
	assert_non_null(fgets(row, sizeof(row), f));
	while (fgets(row, sizeof(row), f) != NULL && n < SKILLS) {
		char *line = row, own[64];
		const char *idx = cell(&line, "\t");
		const char *uri = cell(&line, "\t");
		const char *label = cell(&line, "\t");
		const bool knows = strcmp(cell(&line, "\t"), "knowledge") == 0;
		uint64_t broader[16];
		size_t broader_n = 0;
		while (*line != '\0' && *line != '\n' && broader_n < 16)
			broader[broader_n++] =
			    term_of_uri(slice_str(cell(&line, " \n")));
		if (*uri == '\0') {
			snprintf(own, sizeof(own), "urn:test:%s", idx);
			uri = own;
		}
		skills[n++] = (struct skill){ term_of_uri(slice_str(uri)),
			broader_n > 0 ? broader[0] : 0 };
		add(b, uri, label, knows ? TERM_KNOWLEDGE : TERM_SKILL, broader,
		    broader_n, NULL, 0);
	}
	fclose(f);
	return n == SKILLS;
}

/* The groups above the skills; their names play no part. */
static bool
read_groups(struct vocabulary_builder *b)
{
	char row[ROW_MAX];
	FILE *f = fopen(DATA "broaderRelationsSkillPillar_en.csv", "r");

	if (f == NULL)
		return false;
	while (fgets(row, sizeof(row), f) != NULL) {
		char *line = row;
		const char *type = cell(&line, ",");
		const char *uri = cell(&line, ",");
		cell(&line, ",");
		const uint64_t broader =
		    term_of_uri(slice_str(cell(&line, "\r\n")));
		if (strcmp(type, "SkillGroup") == 0)
			add(b, uri, "group", TERM_SKILL, &broader, 1, NULL, 0);
	}
	fclose(f);
	return true;
}

static size_t
numbers(char *text, uint16_t *out)
{
	size_t n = 0;

	while (*text != '\0' && n < 256)
		out[n++] = (uint16_t)strtoul(cell(&text, ",\n"), NULL, 10);
	return n;
}

static bool
read_occupations(struct vocabulary_builder *b)
{
	char row[ROW_MAX];
	FILE *f = fopen(DATA "compact_occupations.tsv", "r");
	size_t n = 0;

	if (f == NULL)
		return false;
	assert_non_null(fgets(row, sizeof(row), f));
	while (fgets(row, sizeof(row), f) != NULL && n < OCCUPATIONS) {
		struct occupation *o = &occupations[n++];
		struct term_need needs[512];
		size_t needs_n = 0;
		char *line = row;
		const char *uri = cell(&line, "\t");
		cell(&line, "\t");
		cell(&line, "\t");
		const char *label = cell(&line, "\t");
		o->essential_n = numbers(cell(&line, "\t"), o->essential);
		o->optional_n = numbers(cell(&line, "\t\n"), o->optional);
		for (size_t i = 0; i < o->essential_n; i++)
			needs[needs_n++] =
			    (struct term_need){ skills[o->essential[i]].term,
				    true };
		for (size_t i = 0; i < o->optional_n; i++)
			needs[needs_n++] =
			    (struct term_need){ skills[o->optional[i]].term,
				    false };
		add(b, uri, label, TERM_OCCUPATION, NULL, 0, needs, needs_n);
	}
	fclose(f);
	return n == OCCUPATIONS;
}

static struct vocabulary *
read_esco(void)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct vocabulary *v = NULL;

	assert_non_null(b);
	if (!read_skills(b) || !read_groups(b) || !read_occupations(b)) {
		vocabulary_builder_free(b);
		return NULL;
	}
	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	return v;
}

static void
make_demands(const struct vocabulary *v)
{
	for (size_t i = 0; i < OCCUPATIONS; i++) {
		const struct occupation *o = &occupations[i];
		struct posting *p = &demands[i];
		*p = (struct posting){ .region = "zz" };
		for (size_t k = 0; k < o->essential_n &&
				   p->requirements_n < POSTING_REQUIREMENTS_MAX;
		     k++)
			p->requirements[p->requirements_n++] =
			    (struct requirement){
				    .term = skills[o->essential[k]].term,
				    .weight = 50,
			    };
		posting_resolve(p, v);
	}
}

static uint64_t
neighbour(uint64_t *seed, const struct skill *s)
{
	static uint64_t same[SKILLS];
	size_t n = 0;

	for (size_t i = 0; i < SKILLS && s->group != 0; i++) {
		if (skills[i].group == s->group && skills[i].term != s->term)
			same[n++] = skills[i].term;
	}
	return n == 0 ? s->term : same[chance(seed, n)];
}

struct setting {
	unsigned keep, noise, drift; /* in hundredths */
};

static void
make_person(uint64_t *seed, const struct setting *s, size_t of, struct card *c)
{
	const struct occupation *o = &occupations[of];
	const struct occupation *other =
	    &occupations[chance(seed, OCCUPATIONS)];
	size_t noise;

	*c = (struct card){ .region = "zz" };
	for (size_t i = 0; i < o->essential_n && c->skills_n < 60; i++) {
		const struct skill *skill = &skills[o->essential[i]];
		if (chance(seed, 100) >= s->keep)
			continue;
		c->skills[c->skills_n++].term = chance(seed, 100) < s->drift
						    ? neighbour(seed, skill)
						    : skill->term;
	}
	noise = (size_t)c->skills_n * s->noise / 100;
	for (size_t i = 0; i < noise && other->essential_n > 0; i++)
		c->skills[c->skills_n++].term =
		    skills[other->essential[chance(seed, other->essential_n)]]
			.term;
}

static int32_t
coverage(const struct posting *p, const struct card *c)
{
	int32_t there = 0;

	for (uint16_t i = 0; i < p->requirements_n; i++) {
		for (uint16_t k = 0; k < c->skills_n; k++) {
			if (c->skills[k].at != p->requirements[i].at)
				continue;
			there++;
			break;
		}
	}
	return p->requirements_n == 0
		   ? 0
		   : there * 10000 / (int32_t)p->requirements_n;
}

/* Reciprocal ranks of the right demand, in millionths, summed. */
struct ranks {
	uint64_t coverage, fit;
};

static uint64_t
reciprocal_rank(const int32_t *scores, size_t of)
{
	uint64_t rank = 1;

	for (size_t i = 0; i < OCCUPATIONS; i++)
		rank += scores[i] > scores[of] ||
			(scores[i] == scores[of] && i < of);
	return 1000000 / rank;
}

static void
measure(const struct meaning *m, const struct setting *s, struct ranks *out)
{
	static int32_t plain[OCCUPATIONS], fit[OCCUPATIONS];
	uint64_t seed = 7;

	*out = (struct ranks){ 0 };
	for (int q = 0; q < QUERIES; q++) {
		const size_t of = (size_t)chance(&seed, OCCUPATIONS);
		struct card_plan *plan;
		struct card c;
		make_person(&seed, s, of, &c);
		card_resolve(&c, m->vocabulary);
		assert_int_equal(card_plan_new(m, &c, NULL, &plan), OK);
		for (size_t i = 0; i < OCCUPATIONS; i++) {
			plain[i] = coverage(&demands[i], &c);
			fit[i] = card_plan_fit_brief(plan, &demands[i]).total;
		}
		card_plan_free(plan);
		out->coverage += reciprocal_rank(plain, of);
		out->fit += reciprocal_rank(fit, of);
	}
	out->coverage /= QUERIES;
	out->fit /= QUERIES;
}

static void
test_quality(void **state)
{
	static const struct setting settings[] = {
		{ 60, 30, 0 },
		{ 30, 50, 40 },
		{ 15, 50, 60 },
	};
	struct vocabulary *v = read_esco();

	(void)state;
	if (v == NULL) {
		print_message("SKIP match/data: no ../shared/data\n");
		return;
	}
	const struct meaning m = { v, vocabulary_rarity(v) };
	make_demands(v);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *s = &settings[i];
		struct ranks r;
		measure(&m, s, &r);
		print_message("keep %u noise %u drift %u: mean reciprocal rank "
			      "in thousandths: coverage %u, fit %u\n",
		    s->keep, s->noise, s->drift, (unsigned)(r.coverage / 1000),
		    (unsigned)(r.fit / 1000));
		/*
		 * Where all use the same words there is little to gain and a
		 * little to lose; where they do not, there is much to gain.
		 */
		if (s->drift == 0)
			assert_true(r.fit > 900000);
		else
			assert_true(r.fit > r.coverage + r.coverage / 10);
	}
	vocabulary_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quality),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
