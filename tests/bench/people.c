#include "people.h"

#include <stdio.h>
#include <stdlib.h>

#define UNIT_GROUPS    436 /* of ISCO */
#define UNIT_POOL      60  /* skills that occupations of one share */
#define ESSENTIAL      14  /* of PEOPLE_NEEDS */
#define LANGUAGES      8
#define GROUPS_TOP     8
#define GROUPS_MIDDLE  75
#define NARROWER_SHARE 10 /* one skill in so many lies below another */

static const char regions[PEOPLE_REGIONS][3] = { "de", "fr", "it", "es", "pl",
	"ro", "nl", "be", "cz", "gr", "pt", "se", "hu", "at", "ch", "bg", "dk",
	"fi", "sk", "no", "ie", "hr", "lt", "si", "lv", "ee", "lu", "cy", "mt",
	"is", "ke", "ng", "za", "gh", "ug", "tz", "rw", "in", "br", "zz" };
static const uint32_t languages[LANGUAGES] = { 0x656e, 0x6465, 0x6672, 0x6974,
	0x6573, 0x706c, 0x6e6c, 0x7377 };

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "people: %s failed\n", what);
	abort();
}

/* ---- numbers ---- */

static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

struct dice {
	uint64_t state;
};

static uint32_t
roll(struct dice *d, uint32_t below)
{
	d->state = mix(d->state);
	return (uint32_t)((d->state >> 32) * below >> 32);
}

static bool
percent(struct dice *d, uint32_t p)
{
	return roll(d, 100) < p;
}

/* Small numbers are likelier: of the first ones each has a few percent. */
static uint32_t
roll_low(struct dice *d, uint32_t below)
{
	const uint64_t r = roll(d, 1U << 20);

	return (uint32_t)((r * r >> 20) * below >> 20);
}

const char *
people_region(unsigned i)
{
	return regions[i % PEOPLE_REGIONS];
}

void
people_id(unsigned kind, uint64_t i, uint8_t id[RECORD_ID])
{
	uint64_t x = mix(i * 2 + kind);

	for (size_t k = 0; k < RECORD_ID; k += 8) {
		x = mix(x);
		put_u64be(id + k, x);
	}
}

/* ---- the vocabulary ---- */

enum { URI_SKILL, URI_GROUP, URI_OCCUPATION, URI_PURPOSE };

static uint64_t
term_number(unsigned what, uint32_t i, char uri[40])
{
	(void)snprintf(uri, 40, "urn:bench:%c%u", "sgop"[what], i);
	return term_of_uri(slice_str(uri));
}

static uint64_t
term_id(unsigned what, uint32_t i)
{
	char uri[40];

	return term_number(what, i, uri);
}

static void
add(struct vocabulary_builder *b, unsigned what, uint32_t i,
    struct term_entry *e)
{
	static const enum term_type types[] = { TERM_SKILL, TERM_SKILL,
		TERM_OCCUPATION, TERM_PURPOSE };
	char uri[40], text[40];

	(void)term_number(what, i, uri);
	(void)snprintf(text, sizeof(text), "%s %u",
	    what == URI_OCCUPATION ? "work" : "craft", what * 100000 + i);
	const struct term_label label = { VOCABULARY_ENGLISH, true,
		slice_str(text) };
	e->uri = slice_str(uri);
	e->type = types[what];
	e->source = SOURCE_IMPORTED;
	e->labels = &label;
	e->labels_n = 1;
	must(vocabulary_builder_add(b, e) == OK, "a term");
}

/* The group of a skill: a few are large. Neighbours are of one group. */
static uint32_t
group_of(uint32_t skill)
{
	const uint64_t part = (uint64_t)skill * 1000 / PEOPLE_SKILLS;
	const uint32_t leaves = PEOPLE_GROUPS - GROUPS_TOP - GROUPS_MIDDLE;

	return GROUPS_TOP + GROUPS_MIDDLE +
	       (uint32_t)(part * part * leaves / 1000000);
}

static void
add_skill(struct vocabulary_builder *b, uint32_t i, bool flat)
{
	struct dice d = { i };
	const bool below = i > 0 && group_of(i) == group_of(i - 1) &&
			   roll(&d, NARROWER_SHARE) == 0;
	const uint64_t broader =
	    below ? term_id(URI_SKILL, i - 1) : term_id(URI_GROUP, group_of(i));
	const uint64_t related =
	    term_id(URI_SKILL, (i + 1 + roll(&d, 6)) % PEOPLE_SKILLS);

	add(b, URI_SKILL, i,
	    &(struct term_entry){ .broader = &broader,
		.broader_n = flat ? 0 : 1,
		.related = &related,
		.related_n = !flat && percent(&d, 25) ? 1 : 0 });
}

static void
add_group(struct vocabulary_builder *b, uint32_t i, bool flat)
{
	const uint32_t leaf = i - MIN(i, (uint32_t)GROUPS_TOP + GROUPS_MIDDLE);
	const uint64_t broader = term_id(URI_GROUP,
	    i >= GROUPS_TOP + GROUPS_MIDDLE ? GROUPS_TOP + leaf % GROUPS_MIDDLE
					    : i % GROUPS_TOP);

	add(b, URI_GROUP, i,
	    &(struct term_entry){ .broader = &broader,
		.broader_n = flat || i < GROUPS_TOP ? 0 : 1 });
}

/* Skills of an occupation, by number: of its unit group's pool, mostly. */
static uint32_t
need_of(uint32_t occupation, uint32_t k, struct dice *d)
{
	const uint32_t unit = occupation * UNIT_GROUPS / PEOPLE_OCCUPATIONS;
	uint32_t from = unit;

	if (k % 8 == 7) /* some of a neighbouring unit group */
		from = (unit + UNIT_GROUPS + roll(d, 9) - 4) % UNIT_GROUPS;
	if (k % 20 == 19)
		return PEOPLE_TRANSVERSAL +
		       roll(d, PEOPLE_SKILLS - PEOPLE_TRANSVERSAL);
	if (k % 20 == 9)
		return roll_low(d, PEOPLE_TRANSVERSAL);
	/* the pool: three runs of neighbours in the hierarchy */
	const uint32_t at = roll(d, UNIT_POOL);
	const uint64_t run = mix((uint64_t)from * 3 + at % 3);
	return PEOPLE_TRANSVERSAL +
	       (uint32_t)((run % PEOPLE_SKILLS + at) %
			  (PEOPLE_SKILLS - PEOPLE_TRANSVERSAL));
}

static void
add_occupation(struct vocabulary_builder *b, struct people_world *w, uint32_t i)
{
	struct dice d = { mix(i + UINT64_C(1000000)) };
	struct term_need needs[PEOPLE_NEEDS];

	for (uint32_t k = 0; k < PEOPLE_NEEDS; k++) {
		w->needs[i][k] = need_of(i, k, &d);
		needs[k] = (struct term_need){ .term = term_id(
						   URI_SKILL, w->needs[i][k]),
			.essential = k < ESSENTIAL };
	}
	add(b, URI_OCCUPATION, i,
	    &(struct term_entry){ .needs = needs,
		.needs_n = PEOPLE_NEEDS,
		.isco = 1000 + i * UNIT_GROUPS / PEOPLE_OCCUPATIONS });
}

static void
make_vocabulary(struct people_world *w, bool flat)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);

	must(b != NULL, "memory");
	for (uint32_t i = 0; i < PEOPLE_GROUPS; i++)
		add_group(b, i, flat);
	for (uint32_t i = 0; i < PEOPLE_SKILLS; i++)
		add_skill(b, i, flat);
	for (uint32_t i = 0; i < PEOPLE_OCCUPATIONS; i++)
		add_occupation(b, w, i);
	for (uint32_t i = 0; i < PEOPLE_PURPOSES; i++)
		add(b, URI_PURPOSE, i, &(struct term_entry){ 0 });
	must(vocabulary_builder_finish(b, &w->v) == OK, "the vocabulary");
	w->m = (struct meaning){ w->v, vocabulary_rarity(w->v) };
	for (uint32_t i = 0; i < PEOPLE_SKILLS; i++)
		w->skills[i] = vocabulary_find(w->v, term_id(URI_SKILL, i));
	for (uint32_t i = 0; i < PEOPLE_PURPOSES; i++)
		w->purposes[i] = vocabulary_find(w->v, term_id(URI_PURPOSE, i));
}

struct people_world *
people_world_new(
    uint64_t seed, enum people_order order, uint64_t count, bool flat)
{
	struct people_world *w = calloc(1, sizeof(*w));
	uint64_t sum = 0;

	must(w != NULL, "memory");
	w->seed = seed;
	w->order = order;
	w->count = count;
	make_vocabulary(w, flat);
	/* some occupations are common, spread over all unit groups */
	for (uint32_t i = 0; i < PEOPLE_OCCUPATIONS; i++) {
		sum += 1000000 / (mix(i) % PEOPLE_OCCUPATIONS + 20);
		w->popularity[i] = sum;
	}
	return w;
}

void
people_world_free(struct people_world *w)
{
	vocabulary_free(w->v);
	free(w);
}

/* ---- people ---- */

/* By popularity; clustered: in the order of their numbers. */
static uint32_t
occupation_of(const struct people_world *w, uint64_t i, struct dice *d)
{
	const uint64_t all = w->popularity[PEOPLE_OCCUPATIONS - 1];
	const uint64_t at = w->order == PEOPLE_CLUSTERED && w->count > 0
				? i % w->count * all / w->count
				: roll(d, (uint32_t)all);
	uint32_t lo = 0, hi = PEOPLE_OCCUPATIONS - 1;

	while (lo < hi) {
		const uint32_t mid = (lo + hi) / 2;
		if (w->popularity[mid] <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct graded_term
term_of(const struct people_world *w, uint32_t at, uint8_t level)
{
	return (struct graded_term){ vocabulary_term(w->v, at), at, level };
}

static uint8_t
some_level(struct dice *d)
{
	return percent(d, 10) ? 0
			      : (uint8_t)(1 + (roll(d, 5) + roll(d, 5)) / 2);
}

static void
hold(const struct people_world *w, struct dice *d, uint32_t skill,
    struct card *out)
{
	if (out->skills_n == CARD_SKILLS_MAX)
		return;
	for (uint16_t i = 0; i < out->skills_n; i++) {
		if (out->skills[i].at == w->skills[skill])
			return;
	}
	out->skills[out->skills_n++] =
	    term_of(w, w->skills[skill], some_level(d));
}

static void
hold_all(const struct people_world *w, struct dice *d, uint32_t occupation,
    struct card *out)
{
	const uint32_t full = 30 + roll(d, 71); /* how much of it, percent */

	for (uint32_t k = 0; k < PEOPLE_NEEDS; k++) {
		const uint32_t p = k < ESSENTIAL ? 80 : 30;
		if (w->order != PEOPLE_ADVERSARIAL &&
		    percent(d, p * full / 100))
			hold(w, d, w->needs[occupation][k], out);
	}
	for (uint32_t k = 0; k < PEOPLE_TRANSVERSAL; k++) {
		const uint32_t p = 40 - k * 34 / PEOPLE_TRANSVERSAL;
		if (percent(d, w->order == PEOPLE_ADVERSARIAL ? 48 : p))
			hold(w, d, k, out);
	}
	if (w->order != PEOPLE_ADVERSARIAL)
		hold(w, d, roll(d, PEOPLE_SKILLS), out);
}

static uint32_t
main_language(uint32_t region)
{
	return languages[region % LANGUAGES];
}

static void
speak(struct dice *d, uint32_t region, struct card *out)
{
	if (percent(d, 10))
		return;
	out->languages[out->languages_n++] =
	    (struct spoken_language){ main_language(region), CEFR_NATIVE };
	if (percent(d, 50))
		out->languages[out->languages_n++] =
		    (struct spoken_language){ languages[0],
			    (uint8_t)(1 + roll(d, 6)) };
	if (percent(d, 25))
		out->languages[out->languages_n++] =
		    (struct spoken_language){ languages[roll(d, LANGUAGES)],
			    (uint8_t)roll(d, 7) };
}

void
people_card(const struct people_world *w, uint64_t i, struct card *out)
{
	static const uint8_t hours[10] = { 0, 0, 5, 5, 5, 5, 4, 3, 2, 1 };
	static const uint8_t remote[10] = { 0, 0, 0, 0, 1, 1, 2, 2, 2, 3 };
	struct dice d = { mix(w->seed * 3 + i) };
	const uint32_t occupation = occupation_of(w, i, &d);
	const uint32_t region = roll_low(&d, PEOPLE_REGIONS);

	memset(out, 0, offsetof(struct card, skills));
	memcpy(out->region, regions[region], 3);
	out->hours = hours[roll(&d, 10)];
	out->remote = remote[roll(&d, 10)];
	for (uint32_t bit = 1; bit <= SEEKS_TASK && percent(&d, 70); bit *= 2)
		out->seeks |= percent(&d, 60) ? bit : 0;
	out->offers = percent(&d, 20) ? SEEKS_MENTORING : 0;
	hold_all(w, &d, occupation, out);
	for (uint32_t n = roll(&d, 6); n > 0; n--) {
		/* of a neighbouring occupation, or of any */
		const uint32_t o =
		    percent(&d, 70)
			? (occupation + roll(&d, 10)) % PEOPLE_OCCUPATIONS
			: roll(&d, PEOPLE_OCCUPATIONS);
		out->aspirations[out->aspirations_n++] =
		    term_of(w, w->skills[w->needs[o][roll(&d, PEOPLE_NEEDS)]],
			(uint8_t)roll(&d, 6));
	}
	for (uint32_t n = roll(&d, 3); n > 0; n--)
		out->purposes[out->purposes_n++] =
		    term_of(w, w->purposes[roll_low(&d, PEOPLE_PURPOSES)], 0);
	speak(&d, region, out);
}

/* ---- postings ---- */

static void
ask(const struct people_world *w, struct dice *d, uint32_t skill,
    struct posting *out)
{
	for (uint16_t i = 0; i < out->requirements_n; i++) {
		if (out->requirements[i].at == w->skills[skill])
			return;
	}
	out->requirements[out->requirements_n++] = (struct requirement){
		.term = vocabulary_term(w->v, w->skills[skill]),
		.at = w->skills[skill],
		.level = some_level(d),
		.weight = (uint8_t)(10 + roll(d, 91)),
		.must = percent(d, 4),
	};
}

static void
ask_all(const struct people_world *w, struct dice *d, uint32_t occupation,
    struct posting *out)
{
	const uint32_t n = 5 + roll_low(d, 16);

	for (uint32_t k = 0; k < n; k++) {
		if (w->order == PEOPLE_ADVERSARIAL || percent(d, 25))
			ask(w, d, roll_low(d, PEOPLE_TRANSVERSAL), out);
		else
			ask(w, d,
			    w->needs[occupation][percent(d, 70)
						     ? roll(d, ESSENTIAL)
						     : roll(d, PEOPLE_NEEDS)],
			    out);
	}
}

static void
give(const struct people_world *w, struct dice *d, uint32_t occupation,
    struct posting *out)
{
	for (uint32_t n = roll(d, 4); n > 0; n--) {
		const uint32_t skill =
		    w->needs[occupation][roll(d, PEOPLE_NEEDS)];
		out->teaches[out->teaches_n++] =
		    term_of(w, w->skills[skill], (uint8_t)roll(d, 6));
	}
	if (percent(d, 20))
		out->purposes[out->purposes_n++] =
		    term_of(w, w->purposes[roll_low(d, PEOPLE_PURPOSES)], 0);
	if (percent(d, 30))
		out->invests[out->invests_n++] = (struct investment){
			.kind = 1,
			.hours = roll(d, 60),
			.amount = (uint64_t)roll(d, 2) * 50000,
			.currency = "EUR",
			.at = TERM_NOWHERE,
		};
}

void
people_posting(const struct people_world *w, uint64_t i, struct posting *out)
{
	static const uint8_t remote[10] = { 0, 0, 1, 1, 1, 1, 2, 2, 3, 3 };
	struct dice d = { mix(w->seed * 3 + i + (UINT64_C(1) << 40)) };
	const uint32_t occupation = occupation_of(w, i, &d);
	const uint32_t region = roll_low(&d, PEOPLE_REGIONS);

	memset(out, 0, sizeof(*out));
	memcpy(out->region, regions[region], 3);
	out->occupation.at = TERM_NOWHERE;
	out->type = (uint8_t)(percent(&d, 70) ? POSTING_JOB : 1 + roll(&d, 4));
	out->remote = remote[roll(&d, 10)];
	out->contract = (uint8_t)roll(&d, 6);
	out->guaranteed_hours = percent(&d, 60) ? 40 : roll(&d, 40);
	ask_all(w, &d, occupation, out);
	give(w, &d, occupation, out);
	if (percent(&d, 60))
		out->languages[out->languages_n++] =
		    (struct spoken_language){ main_language(region),
			    (uint8_t)(2 + roll(&d, 4)) };
	out->pay = (struct pay){ 0, 200000 + roll(&d, 400000), "EUR", 4 };
}
