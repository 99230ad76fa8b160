#include "esco.h"

#include <stdio.h>
#include <stdlib.h>

#include "eval.h"

#define SKILLS      13492
#define OCCUPATIONS 3039
#define NEEDS_MAX   512
#define ROW_MAX     65536

#define WEIGHT_ESSENTIAL 100
#define WEIGHT_OPTIONAL  50

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

static FILE *
data_open(const char *file)
{
	char path[1024];

	return eval_data(file, path, sizeof(path)) ? fopen(path, "r") : NULL;
}

NODISCARD static bool
add(struct vocabulary_builder *b, const char *uri, const char *label,
    enum term_type type, const uint64_t *broader, size_t broader_n,
    const struct term_need *needs, size_t needs_n)
{
	const struct term_label l = { VOCABULARY_ENGLISH, true,
		slice_str(label) };

	return vocabulary_builder_add(
		   b, &(struct term_entry){ .uri = slice_str(uri),
			  .type = type,
			  .source = SOURCE_IMPORTED,
			  .labels = &l,
			  .labels_n = 1,
			  .broader = broader,
			  .broader_n = broader_n,
			  .needs = needs,
			  .needs_n = needs_n }) == OK;
}

static bool
read_skills(struct esco *e, struct vocabulary_builder *b)
{
	static char row[ROW_MAX];
	FILE *f = data_open("esco-1.2.0/compact_skills.tsv");
	bool good = f != NULL && fgets(row, sizeof(row), f) != NULL;

	while (good && e->skills_n < SKILLS &&
	       fgets(row, sizeof(row), f) != NULL) {
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
			(void)snprintf(own, sizeof(own), "urn:test:%.40s", idx);
			uri = own;
		}
		e->skills[e->skills_n++] =
		    (struct esco_skill){ .term = term_of_uri(slice_str(uri)),
			    .group = broader_n > 0 ? broader[0] : 0 };
		good = add(b, uri, label, knows ? TERM_KNOWLEDGE : TERM_SKILL,
		    broader, broader_n, NULL, 0);
	}
	if (f != NULL)
		(void)fclose(f);
	return good && e->skills_n == SKILLS;
}

/* The groups above the skills; their names play no part. */
static bool
read_groups(struct vocabulary_builder *b)
{
	static char row[ROW_MAX];
	FILE *f = data_open("esco-1.2.0/broaderRelationsSkillPillar_en.csv");
	bool good = f != NULL;

	while (good && fgets(row, sizeof(row), f) != NULL) {
		char *line = row;
		const char *type = cell(&line, ",");
		const char *uri = cell(&line, ",");
		cell(&line, ",");
		const uint64_t broader =
		    term_of_uri(slice_str(cell(&line, "\r\n")));
		if (strcmp(type, "SkillGroup") == 0)
			good = add(
			    b, uri, "group", TERM_SKILL, &broader, 1, NULL, 0);
	}
	if (f != NULL)
		(void)fclose(f);
	return good;
}

static size_t
numbers(char *text, uint32_t **out)
{
	uint32_t all[NEEDS_MAX];
	size_t n = 0;

	while (*text != '\0' && n < NEEDS_MAX)
		all[n++] = (uint32_t)strtoul(cell(&text, ",\n"), NULL, 10);
	*out = calloc(n + 1, sizeof(**out));
	ASSERT(*out != NULL);
	memcpy(*out, all, n * sizeof(**out));
	return n;
}

static bool
read_occupations(struct esco *e, struct vocabulary_builder *b)
{
	static char row[ROW_MAX];
	static struct term_need needs[2 * NEEDS_MAX];
	FILE *f = data_open("esco-1.2.0/compact_occupations.tsv");
	bool good = f != NULL && fgets(row, sizeof(row), f) != NULL;

	while (good && e->occupations_n < OCCUPATIONS &&
	       fgets(row, sizeof(row), f) != NULL) {
		struct esco_occupation *o = &e->occupations[e->occupations_n++];
		size_t n = 0;
		char *line = row;
		const char *uri = cell(&line, "\t");
		cell(&line, "\t");
		(void)snprintf(
		    o->isco, sizeof(o->isco), "%s", cell(&line, "\t"));
		const char *label = cell(&line, "\t");
		(void)snprintf(o->label, sizeof(o->label), "%s", label);
		o->term = term_of_uri(slice_str(uri));
		o->essential_n = numbers(cell(&line, "\t"), &o->essential);
		o->optional_n = numbers(cell(&line, "\t\n"), &o->optional);
		for (size_t i = 0; i < o->essential_n; i++)
			needs[n++] = (struct term_need){
				e->skills[o->essential[i] % SKILLS].term, true
			};
		for (size_t i = 0; i < o->optional_n; i++)
			needs[n++] = (struct term_need){
				e->skills[o->optional[i] % SKILLS].term, false
			};
		good = add(b, uri, label, TERM_OCCUPATION, NULL, 0, needs, n);
	}
	if (f != NULL)
		(void)fclose(f);
	return good && e->occupations_n == OCCUPATIONS;
}

/* ---- what follows from it ---- */

static const struct esco *sorting;

static int
group_order(const void *a, const void *b)
{
	const uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const uint64_t x = sorting->skills[i].group;
	const uint64_t y = sorting->skills[j].group;

	if (x != y)
		return x < y ? -1 : 1;
	return (i > j) - (i < j);
}

static bool
make_groups(struct esco *e)
{
	uint32_t *by_group = calloc(SKILLS, sizeof(*by_group));

	if (by_group == NULL)
		return false;
	for (uint32_t i = 0; i < SKILLS; i++)
		by_group[i] = i;
	sorting = e;
	qsort(by_group, SKILLS, sizeof(*by_group), group_order);
	for (uint32_t i = 0, k; i < SKILLS; i = k) {
		const uint64_t group = e->skills[by_group[i]].group;
		for (k = i; k < SKILLS && e->skills[by_group[k]].group == group;
		     k++)
			;
		for (uint32_t j = i; j < k; j++) {
			struct esco_skill *s = &e->skills[by_group[j]];
			s->same = &by_group[i];
			s->same_n = group == 0 ? 0 : k - i;
		}
	}
	e->by_group = by_group;
	return true;
}

static void
require(struct posting *p, const struct esco *e, const uint32_t *skills,
    size_t n, uint8_t weight)
{
	for (size_t i = 0;
	     i < n && p->requirements_n < POSTING_REQUIREMENTS_MAX; i++)
		p->requirements[p->requirements_n++] =
		    (struct requirement){ .term = e->skills[skills[i]].term,
			    .weight = weight };
}

static bool
make_postings(struct esco *e)
{
	e->postings = calloc(OCCUPATIONS, sizeof(*e->postings));
	if (e->postings == NULL)
		return false;
	for (size_t i = 0; i < OCCUPATIONS; i++) {
		const struct esco_occupation *o = &e->occupations[i];
		struct posting *p = &e->postings[i];
		memcpy(p->region, "zz", 3);
		p->occupation.at = TERM_NOWHERE;
		require(p, e, o->essential, o->essential_n, WEIGHT_ESSENTIAL);
		require(p, e, o->optional, o->optional_n, WEIGHT_OPTIONAL);
		posting_resolve(p, e->v);
	}
	return true;
}

struct esco *
esco_open(void)
{
	struct esco *e = calloc(1, sizeof(*e));
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);

	ASSERT(e != NULL && b != NULL);
	e->skills = calloc(SKILLS, sizeof(*e->skills));
	e->occupations = calloc(OCCUPATIONS, sizeof(*e->occupations));
	ASSERT(e->skills != NULL && e->occupations != NULL);
	const bool there =
	    read_skills(e, b) && read_groups(b) && read_occupations(e, b);
	if (!there) {
		vocabulary_builder_free(b);
		esco_close(e);
		return NULL;
	}
	const err made = vocabulary_builder_finish(b, &e->v);
	ASSERT(made == OK);
	e->m = (struct meaning){ e->v, vocabulary_rarity(e->v) };
	for (size_t i = 0; i < SKILLS; i++)
		e->skills[i].at = vocabulary_find(e->v, e->skills[i].term);
	const bool ready = make_groups(e) && make_postings(e);
	ASSERT(ready);
	return e;
}

void
esco_close(struct esco *e)
{
	if (e == NULL)
		return;
	vocabulary_free(e->v);
	for (size_t i = 0; i < e->occupations_n; i++) {
		free(e->occupations[i].essential);
		free(e->occupations[i].optional);
	}
	free(e->occupations);
	free(e->skills);
	free(e->by_group);
	free(e->postings);
	free(e);
}

/* ---- people ---- */

static void
hold(struct card *c, const struct esco *e, uint32_t skill)
{
	if (c->skills_n < CARD_SKILLS_MAX)
		c->skills[c->skills_n++] =
		    (struct graded_term){ e->skills[skill].term,
			    e->skills[skill].at, 0 };
}

static uint32_t
drifted(const struct esco *e, uint32_t skill, unsigned drift, uint64_t *seed)
{
	const struct esco_skill *s = &e->skills[skill];

	if (eval_chance(seed, 100) >= drift || s->same_n < 2)
		return skill;
	const uint32_t other = s->same[eval_chance(seed, s->same_n - 1)];
	return other == skill ? s->same[s->same_n - 1] : other;
}

void
esco_person(const struct esco *e, const struct esco_person *s, size_t of,
    uint64_t *seed, struct card *out)
{
	const struct esco_occupation *o = &e->occupations[of];
	const struct esco_occupation *other =
	    &e->occupations[eval_chance(seed, e->occupations_n)];
	uint32_t own[2 * NEEDS_MAX];
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	memcpy(out->region, "zz", 3);
	for (size_t i = 0; i < o->essential_n; i++) {
		if (eval_chance(seed, 100) < s->keep)
			own[n++] = o->essential[i];
	}
	for (size_t i = 0; i < o->optional_n; i++) {
		if (eval_chance(seed, 300) < s->keep)
			own[n++] = o->optional[i];
	}
	if (n == 0)
		own[n++] =
		    o->essential_n > 0 ? o->essential[0] : o->optional[0];
	for (size_t i = 0; i < n; i++)
		hold(out, e, drifted(e, own[i], s->drift, seed));
	const size_t noise = n * s->noise / 100;
	for (size_t i = 0; i < noise && other->essential_n > 0; i++)
		hold(out, e,
		    other->essential[eval_chance(seed, other->essential_n)]);
}
