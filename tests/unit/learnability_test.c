/*
 * Learnability: P1 to P8 of SPEC.md for each part, on random worlds; the
 * calibration; the attacks, each with what it gains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/learn/learnability.h"

#define KEYS   128
#define EVENTS 400
#define NOW    680

static uint8_t keys[KEYS][TRUST_KEY];

/* A world that tests add to. Parties 0, 1 are anchors. */
struct world {
	struct trust_attestation a[KEYS * 4];
	struct trust_link links[8];
	struct learn_event e[EVENTS];
	struct learn_term terms[EVENTS][LEARN_TERMS];
	struct learn_availability available[KEYS];
	struct learn_positions positions[KEYS];
	struct trust_input trust;
	struct learn_input in;
	size_t a_n;
	uint32_t next; /* the id of the next outcome */
	uint32_t span; /* of random worlds: how many parties have outcomes */
};

static uint32_t
below(uint64_t *state, uint32_t n)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (uint32_t)((*state >> 33) % n);
}

static int
setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KEYS; i++) {
		memset(keys[i], 0x22, TRUST_KEY);
		keys[i][0] = (uint8_t)i;
	}
	return 0;
}

static void
world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->trust = (struct trust_input){ .anchors = keys[0],
		.anchors_n = 2,
		.attestations = w->a,
		.links = w->links };
	w->in = (struct learn_input){ .events = w->e,
		.availability = w->available,
		.positions = w->positions,
		.month = NOW };
}

static void
vouch(struct world *w, unsigned from, unsigned to, unsigned share)
{
	struct trust_attestation *a = &w->a[w->trust.attestations_n++];

	assert_true(w->trust.attestations_n <= ARRAY_LEN(w->a));
	memcpy(a->from, keys[from], TRUST_KEY);
	memcpy(a->to, keys[to], TRUST_KEY);
	a->share = (uint16_t)share;
	a->vouches = TRUST_VOUCHES_ALL;
}

/* A course of 20 hours, passed, two new terms, at no known gap. */
static struct learn_event *
course(struct world *w, unsigned learner, unsigned partner)
{
	const size_t i = w->in.events_n++;
	struct learn_event *e = &w->e[i];

	assert_true(i < EVENTS);
	*e = (struct learn_event){ .kind = LEARN_COURSE,
		.method = LEARN_ASSESSED,
		.value = 1000,
		.completion = LEARN_KEPT,
		.pledge = LEARN_KEPT,
		.answer_days = 0,
		.hours = 20,
		.funded = 20,
		.first_day = 20500 + 30 * w->next,
		.last_day = 20509 + 30 * w->next,
		.month = NOW,
		.terms = w->terms[i],
		.terms_n = 2 };
	memcpy(e->learner, keys[learner], TRUST_KEY);
	memcpy(e->partner, keys[partner], TRUST_KEY);
	w->next++;
	for (unsigned k = 0; k < 32; k++)
		e->id[k] = e->agreement[k] =
		    (uint8_t)(w->next >> (8 * (k % 4)));
	for (unsigned k = 0; k < 2; k++)
		w->terms[i][k] =
		    (struct learn_term){ .term = 100 + 10 * w->next + k,
			    .learned = true,
			    .gap = LEARN_NOT_TOLD };
	return e;
}

static struct learn_term *
term(struct learn_event *e, unsigned i)
{
	return (struct learn_term *)(uintptr_t)&e->terms[i];
}

static struct learnability
score(const struct world *w, unsigned who, enum learn_role role)
{
	struct trust *t;
	struct learn_book *b;
	struct learnability l;

	assert_int_equal(trust_new(&w->trust, &t), OK);
	assert_int_equal(learn_book_new(&w->in, t, &b), OK);
	assert_int_equal(learnability_of(b, keys[who], role, &l), OK);
	learn_book_free(b);
	trust_free(t);
	return l;
}

static double
points(uint32_t score65536)
{
	return score65536 * 100.0 / LEARN_ONE;
}

/* ---- random worlds ---- */

#define RANDOM_KEYS 12

static void
random_event(struct world *w, uint64_t *r, bool positive)
{
	const unsigned learner = below(r, w->span);
	struct learn_event *e = course(w, learner, below(r, w->span));

	/* in no order, and still all different */
	e->id[0] = e->agreement[0] = (uint8_t)below(r, 256);
	e->kind = (uint8_t)(1 + below(r, 10));
	e->method = (uint8_t)below(r, LEARN_METHODS);
	e->value = (uint16_t)(below(r, 3) ? 1000 : below(r, 1001));
	e->completion = (uint8_t)below(r, positive ? 2 : 4);
	e->pledge = (uint8_t)below(r, positive ? 2 : 4);
	e->opened = below(r, 2);
	e->answer_days = below(r, 3) ? (uint16_t)below(r, 60) : LEARN_NOT_TOLD;
	e->hours = below(r, 4) ? below(r, 30) : below(r, 300);
	e->funded = below(r, 40);
	/* few days, so that outcomes overlap */
	e->first_day = 20500 + below(r, 8);
	e->last_day = e->first_day + below(r, 5) - (below(r, 9) == 0);
	e->month = NOW - below(r, 40);
	e->terms_n = (uint8_t)below(r, 5);
	for (unsigned i = 0; i < e->terms_n; i++)
		*term(e, i) = (struct learn_term){ .term = 1 + below(r, 8),
			.group = below(r, 3) ? 20 + below(r, 3) : 0,
			.parent = below(r, 3) ? 30 + below(r, 2) : 0,
			.learned = below(r, 3) > 0,
			.applied = below(r, 2),
			.gap = below(r, 3) ? (uint16_t)below(r, 1001)
					   : LEARN_NOT_TOLD,
			.gap_month = NOW - below(r, 60) };
}

static void
random_world(struct world *w, uint64_t *r, bool positive)
{
	world_init(w);
	/* many with a little, or few with much */
	w->span = below(r, 2) ? RANDOM_KEYS : 4;
	for (unsigned i = below(r, 30) + 6; i > 0; i--)
		vouch(w, below(r, below(r, 2) ? 2 : RANDOM_KEYS),
		    below(r, RANDOM_KEYS), below(r, 2) ? 1000 : 300);
	for (unsigned i = below(r, 40); i > 0; i--)
		random_event(w, r, positive);
	for (unsigned i = 0; i < 4; i++) {
		memcpy(w->available[i].key, keys[below(r, RANDOM_KEYS)],
		    TRUST_KEY);
		w->available[i].hours_week = (uint16_t)below(r, 40);
		memcpy(w->positions[i].key, keys[below(r, RANDOM_KEYS)],
		    TRUST_KEY);
		w->positions[i].n = below(r, 5);
	}
	w->in.availability_n = below(r, 5);
	w->in.positions_n = below(r, 5);
	if (below(r, 4) == 0) {
		memcpy(w->links[0].a, keys[below(r, RANDOM_KEYS)], TRUST_KEY);
		memcpy(w->links[0].b, keys[below(r, RANDOM_KEYS)], TRUST_KEY);
		w->trust.links_n = 1;
	}
}

static bool
same_score(const struct learnability *a, const struct learnability *b)
{
	bool same = a->score == b->score && a->promise == b->promise &&
		    a->kept == b->kept && a->broken == b->broken &&
		    a->independent == b->independent &&
		    a->counterparties == b->counterparties &&
		    a->confidence == b->confidence;

	for (unsigned i = 0; i < LEARN_PARTS; i++)
		same &= a->parts[i].x == b->parts[i].x &&
			a->parts[i].score == b->parts[i].score;
	return same;
}

/* Nothing in ${after} is less than in ${before}. */
static void
assert_not_less(
    const struct learnability *before, const struct learnability *after)
{
	for (unsigned i = 0; i < LEARN_PARTS; i++) {
		assert_true(after->parts[i].x >= before->parts[i].x);
		assert_true(after->parts[i].score >= before->parts[i].score);
	}
	assert_true(after->score >= before->score);
	assert_true(after->independent >= before->independent);
}

static void
swap_events(struct learn_event *a, struct learn_event *b)
{
	const struct learn_event x = *a;

	*a = *b;
	*b = x;
}

static const uint8_t *
subject_of(const struct learn_event *e, enum learn_role role)
{
	return role == LEARN_PERSON ? e->learner : e->partner;
}

static const uint8_t *
other_of(const struct learn_event *e, enum learn_role role)
{
	return role == LEARN_PERSON ? e->partner : e->learner;
}

/* Calls ${check} on random worlds, for each role of a random party. */
static void
on_worlds(unsigned rounds, bool positive,
    void (*check)(struct world *w, uint64_t *r, unsigned who,
	enum learn_role role, const struct learnability *l))
{
	static struct world w;
	uint64_t r = 99;
	unsigned some[2][LEARN_PARTS] = { { 0 } };

	for (unsigned i = 0; i < rounds; i++) {
		random_world(&w, &r, positive);
		const unsigned who = below(&r, w.span);
		const enum learn_role role =
		    i % 2 ? LEARN_COMPANY : LEARN_PERSON;
		const struct learnability l = score(&w, who, role);
		for (unsigned k = 0; k < LEARN_PARTS; k++)
			some[role][k] += l.parts[k].x > 0;
		check(&w, &r, who, role, &l);
	}
	/* each part was at work */
	for (unsigned k = 0; k < LEARN_PARTS; k++) {
		assert_true(some[LEARN_PERSON][k] > rounds / 20);
		assert_true(some[LEARN_COMPANY][k] > rounds / 40);
	}
}

static void
check_p1(struct world *w, uint64_t *r, unsigned who, enum learn_role role,
    const struct learnability *l)
{
	(void)w;
	(void)r;
	(void)who;
	(void)role;
	for (unsigned i = 0; i < LEARN_PARTS; i++)
		assert_true(l->parts[i].score < LEARN_ONE);
	assert_true(l->score < LEARN_ONE);
	assert_in_range(l->promise, 13107, LEARN_ONE);
}

static void
test_p1_bounded(void **state)
{
	(void)state;
	on_worlds(800, false, check_p1);
}

/* One more positive outcome of the subject, whatever else there is. */
static void
check_p2(struct world *w, uint64_t *r, unsigned who, enum learn_role role,
    const struct learnability *before)
{
	struct learnability after;

	random_event(w, r, true);
	memcpy(role == LEARN_PERSON ? w->e[w->in.events_n - 1].learner
				    : w->e[w->in.events_n - 1].partner,
	    keys[who], TRUST_KEY);
	after = score(w, who, role);
	assert_not_less(before, &after);
}

static void
test_p2_more_is_never_less(void **state)
{
	(void)state;
	on_worlds(2500, false, check_p2);
}

/* With oneself, with a linked key, with whom nobody trusts: nothing. */
static void
check_p3(struct world *w, uint64_t *r, unsigned who, enum learn_role role,
    const struct learnability *before)
{
	struct learnability after;

	for (unsigned i = 0; i < 3; i++) {
		random_event(w, r, true);
		struct learn_event *e = &w->e[w->in.events_n - 1];
		memcpy(e->learner, keys[who], TRUST_KEY);
		memcpy(e->partner, keys[who], TRUST_KEY);
		memcpy(role == LEARN_PERSON ? e->partner : e->learner,
		    keys[i == 0 ? who : 100 + i], TRUST_KEY);
	}
	after = score(w, who, role);
	assert_true(same_score(before, &after));
	/* key 101 turns out to be the subject's own */
	memcpy(w->links[w->trust.links_n].a, keys[who], TRUST_KEY);
	memcpy(w->links[w->trust.links_n++].b, keys[101], TRUST_KEY);
	vouch(w, 0, 102, 1);
	after = score(w, who, role);
	assert_true(same_score(before, &after));
}

static void
test_p3_self_dealing(void **state)
{
	(void)state;
	on_worlds(1000, false, check_p3);
}

/* P4, P8: what one counterparty adds, by leaving all of it out. */
static void
check_p4(struct world *w, uint64_t *r, unsigned who, enum learn_role role,
    const struct learnability *with)
{
	struct learnability without;
	struct trust *t;
	uint64_t cap;
	const unsigned other = below(r, w->span);

	assert_int_equal(trust_new(&w->trust, &t), OK);
	cap = (uint64_t)LEARN_KAPPA * trust_of(t, keys[other]);
	for (size_t i = 0; i < w->in.events_n;) {
		const struct learn_event *e = &w->e[i];
		const bool theirs =
		    memcmp(trust_party(t, subject_of(e, role)),
			trust_party(t, keys[who]), TRUST_KEY) == 0 &&
		    memcmp(trust_party(t, other_of(e, role)),
			trust_party(t, keys[other]), TRUST_KEY) == 0;
		if (theirs)
			swap_events(&w->e[i], &w->e[--w->in.events_n]);
		else
			i++;
	}
	without = score(w, who, role);
	for (unsigned i = 0; i < LEARN_PARTS; i++) {
		assert_true(with->parts[i].x >= without.parts[i].x);
		assert_true(with->parts[i].x - without.parts[i].x <= cap);
	}
	assert_true(
	    with->independent - without.independent <= cap / LEARN_ONE + 1);
	trust_free(t);
}

static void
test_p4_p8_one_counterparty(void **state)
{
	(void)state;
	on_worlds(2000, false, check_p4);
}

/* P5: a random set of parties, its evidence and trust from outside. */
static void
check_p5(struct world *w, uint64_t *r, unsigned who, enum learn_role role,
    const struct learnability *l)
{
	const unsigned first = 2 + below(r, RANDOM_KEYS - 2);
	uint64_t sum[LEARN_PARTS] = { 0 }, bound = 0, inside = 0;
	struct trust *t;

	(void)l;
	(void)who;
	w->trust.links_n = 0;
	assert_int_equal(trust_new(&w->trust, &t), OK);
	for (unsigned s = first; s < RANDOM_KEYS; s++) {
		const struct learnability m = score(w, s, role);
		for (unsigned i = 0; i < LEARN_PARTS; i++)
			sum[i] += m.parts[i].x;
		for (unsigned o = 0; o < first; o++) {
			bool edge = false;
			for (size_t i = 0; i < w->in.events_n; i++)
				edge |= subject_of(&w->e[i], role)[0] == s &&
					other_of(&w->e[i], role)[0] == o;
			if (edge)
				bound += (uint64_t)LEARN_KAPPA *
					 trust_of(t, keys[o]);
		}
		inside += trust_of(t, keys[s]);
	}
	/* a budget each year, which halves in two: 4.32 of them */
	bound += inside * LEARN_BUDGET / 100 * 432;
	for (unsigned i = 0; i < LEARN_PARTS; i++)
		assert_true(sum[i] <= bound);
	trust_free(t);
}

static void
test_p5_groups(void **state)
{
	(void)state;
	on_worlds(400, false, check_p5);
}

static void
check_p6(struct world *w, uint64_t *r, unsigned who, enum learn_role role,
    const struct learnability *l)
{
	struct learnability before = *l;

	for (unsigned i = 0; i < 4; i++) {
		struct learnability after;
		w->in.month += 1 + below(r, 30);
		after = score(w, who, role);
		assert_not_less(&after, &before);
		before = after;
	}
}

static void
test_p6_time_adds_nothing(void **state)
{
	(void)state;
	on_worlds(600, false, check_p6);
}

static void
check_p7(struct world *w, uint64_t *r, unsigned who, enum learn_role role,
    const struct learnability *before)
{
	struct learnability after;

	for (unsigned i = 0; i < 3 && w->in.events_n > 0; i++) {
		w->e[w->in.events_n] = w->e[below(r, (uint32_t)w->in.events_n)];
		w->in.events_n++;
	}
	for (size_t i = w->in.events_n; i > 1; i--)
		swap_events(&w->e[i - 1], &w->e[below(r, (uint32_t)i)]);
	for (size_t i = w->trust.attestations_n; i > 1; i--) {
		const size_t k = below(r, (uint32_t)i);
		const struct trust_attestation a = w->a[i - 1];
		w->a[i - 1] = w->a[k];
		w->a[k] = a;
	}
	after = score(w, who, role);
	assert_true(same_score(before, &after));
}

static void
test_p7_order(void **state)
{
	(void)state;
	on_worlds(1000, false, check_p7);
}

/* Sources sum to each part; every contribution is what leaving out shows. */
static void
check_reasons(struct world *w, uint64_t *r, unsigned who, enum learn_role role,
    const struct learnability *l)
{
	struct learn_source sources[RANDOM_KEYS];
	struct learn_contribution c[64];
	struct learn_book *b;
	struct trust *t;
	uint64_t x[LEARN_PARTS] = { 0 };
	size_t n;
	int32_t rest, sum = 0;

	(void)r;
	assert_int_equal(trust_new(&w->trust, &t), OK);
	assert_int_equal(learn_book_new(&w->in, t, &b), OK);
	assert_int_equal(
	    learn_sources(b, keys[who], role, sources, RANDOM_KEYS, &n), OK);
	assert_true(n <= RANDOM_KEYS);
	for (size_t i = 0; i < n; i++) {
		for (unsigned k = 0; k < LEARN_PARTS; k++) {
			x[k] += sources[i].x[k];
			assert_true(sources[i].x[k] <=
				    (uint64_t)LEARN_KAPPA * sources[i].trust);
		}
	}
	for (unsigned k = 0; k < LEARN_PARTS; k++)
		assert_int_equal(x[k], l->parts[k].x);
	learn_book_free(b);
	assert_int_equal(learn_contributions(&w->in, t, keys[who], role, c,
			     ARRAY_LEN(c), &n, &rest),
	    OK);
	for (size_t i = 0; i < n; i++) {
		sum += c[i].points;
		assert_true(i == 0 || c[i - 1].points >= c[i].points);
	}
	assert_int_equal(sum + rest, l->score);
	/* Without the one on top the score is less by what was printed. */
	for (size_t i = 0; n > 0 && i < w->in.events_n;) {
		if (memcmp(w->e[i].id, c[0].id, 32) == 0)
			w->e[i] = w->e[--w->in.events_n];
		else
			i++;
	}
	if (n > 0)
		assert_int_equal(
		    (int32_t)l->score - c[0].points, score(w, who, role).score);
	trust_free(t);
}

static void
test_reasons(void **state)
{
	(void)state;
	on_worlds(150, false, check_reasons);
}

/* ---- calibration ---- */

static void
test_two_trainings(void **state)
{
	static struct world w;
	struct learnability l, c;

	(void)state;
	world_init(&w);
	vouch(&w, 0, 10, 1000);
	vouch(&w, 0, 11, 1000);
	l = score(&w, 20, LEARN_PERSON);
	assert_int_equal(l.score, 0);
	assert_int_equal(l.confidence, LEARN_NO_CONFIDENCE);
	(void)course(&w, 20, 10);
	(void)course(&w, 20, 11);
	l = score(&w, 20, LEARN_PERSON);
	assert_int_equal(l.parts[0].score, LEARN_ONE / 2);
	assert_int_equal(l.counterparties, 2);
	assert_int_equal(l.independent, LEARN_ONE);
	assert_int_equal(l.confidence, LEARN_LOW);
	assert_true(points(l.score) > 35 && points(l.score) < 42);
	/* Then used at a third: only more. */
	vouch(&w, 0, 12, 1000);
	struct learn_event *e = course(&w, 20, 12);
	e->kind = LEARN_GIG;
	e->method = LEARN_APPLIED;
	*term(e, 0) = *term(&w.e[0], 0);
	term(e, 0)->applied = true;
	term(e, 0)->learned = false;
	const struct learnability used = score(&w, 20, LEARN_PERSON);
	assert_not_less(&l, &used);
	assert_true(used.parts[3].x > l.parts[3].x);
	/* A company that trained two whom a school knows. */
	vouch(&w, 1, 20, 1000);
	vouch(&w, 1, 21, 1000);
	(void)course(&w, 21, 10);
	c = score(&w, 10, LEARN_COMPANY);
	assert_int_equal(c.parts[0].score, LEARN_ONE / 2);
	assert_int_equal(c.counterparties, 2);
}

/* Ten hours of one who has two a week are as much as 100 of one with 20. */
static void
test_effort_against_time(void **state)
{
	static struct world w;
	uint32_t much, little;

	(void)state;
	world_init(&w);
	struct learn_event *e = course(&w, 20, 0);
	e->hours = 2;
	memcpy(w.available[0].key, keys[20], TRUST_KEY);
	w.available[0].hours_week = 2;
	w.in.availability_n = 1;
	little = score(&w, 20, LEARN_PERSON).parts[0].score;
	e->hours = 20;
	w.available[0].hours_week = 40;
	much = score(&w, 20, LEARN_PERSON).parts[0].score;
	assert_int_equal(little, much);
	e->hours = 10;
	assert_true(score(&w, 20, LEARN_PERSON).parts[0].score < much);
}

/* The same two days, told by five: two days. */
static void
test_overlapping_hours(void **state)
{
	static struct world w;
	uint32_t one, five;

	(void)state;
	world_init(&w);
	memcpy(w.available[0].key, keys[20], TRUST_KEY);
	w.available[0].hours_week = 20;
	w.in.availability_n = 1;
	for (unsigned i = 0; i < 5; i++) {
		struct learn_event *e = course(&w, 20, 10 + i);
		vouch(&w, 0, 10 + i, 1000);
		e->first_day = 20500;
		e->last_day = 20501;
		e->hours = 400;
	}
	w.in.events_n = 1;
	one = score(&w, 20, LEARN_PERSON).parts[0].score;
	w.in.events_n = 5;
	five = score(&w, 20, LEARN_PERSON).parts[0].score;
	assert_int_equal(one, five);
	/* other days count */
	w.e[4].first_day = w.e[4].last_day = 20502;
	assert_true(score(&w, 20, LEARN_PERSON).parts[0].score > five);
}

/* A term is new once; another of its group is new in part. */
static void
test_novelty(void **state)
{
	static struct world w;
	uint64_t one, again, near, far;

	(void)state;
	world_init(&w);
	vouch(&w, 0, 10, 1000);
	for (unsigned i = 0; i < 2; i++) {
		struct learn_event *e = course(&w, 20, i);
		e->terms_n = 1;
		term(e, 0)->term = 7;
		term(e, 0)->group = 70;
		term(e, 0)->parent = 700;
	}
	w.in.events_n = 1;
	one = score(&w, 20, LEARN_PERSON).parts[1].x;
	w.in.events_n = 2;
	again = score(&w, 20, LEARN_PERSON).parts[1].x;
	term(&w.e[1], 0)->term = 8;
	near = score(&w, 20, LEARN_PERSON).parts[1].x;
	term(&w.e[1], 0)->group = 80;
	far = score(&w, 20, LEARN_PERSON).parts[1].x;
	assert_int_equal(one, again);
	assert_int_equal(one, (UINT64_C(13107) + 2 * 9830) << 16);
	assert_int_equal(near - one, UINT64_C(13107) << 16);
	assert_int_equal(far - one, (UINT64_C(13107) + 9830) << 16);
}

/* Kept, partly, broken. One whom nobody trusts cannot call it broken. */
static void
test_promises(void **state)
{
	static struct world w;
	uint32_t kept, partly, broken;

	(void)state;
	world_init(&w);
	vouch(&w, 0, 20, 1000);
	vouch(&w, 0, 21, 1000);
	(void)course(&w, 20, 10);
	struct learn_event *e = course(&w, 21, 10);
	kept = score(&w, 10, LEARN_COMPANY).score;
	e->pledge = LEARN_PARTLY;
	partly = score(&w, 10, LEARN_COMPANY).score;
	e->pledge = LEARN_BROKEN;
	broken = score(&w, 10, LEARN_COMPANY).score;
	assert_true(kept > partly && partly > broken && broken > 0);
	const uint32_t before = score(&w, 10, LEARN_COMPANY).score;
	for (unsigned i = 0; i < 50; i++)
		course(&w, 60 + i, 10)->pledge = LEARN_BROKEN;
	assert_int_equal(score(&w, 10, LEARN_COMPANY).score, before);
	/* nor can one of little trust */
	vouch(&w, 0, 59, 100);
	course(&w, 59, 10)->pledge = LEARN_BROKEN;
	w.e[w.in.events_n - 1].value = 0;
	assert_int_equal(score(&w, 10, LEARN_COMPANY).score, before);
	/* never below a fifth of it */
	w.in.events_n = 2;
	for (unsigned i = 0; i < 20; i++) {
		vouch(&w, 1, 30 + i, 1000);
		struct learn_event *b = course(&w, 30 + i, 10);
		b->pledge = LEARN_BROKEN;
		b->value = 0;
	}
	assert_int_equal(score(&w, 10, LEARN_COMPANY).promise, 13107);
	w.in.month += 60;
	assert_int_equal(score(&w, 10, LEARN_COMPANY).promise, 13107);
	w.in.month = NOW;
	/* an abandoned course costs the person in follow-through alone */
	w.in.events_n = 0;
	(void)course(&w, 20, 0);
	const struct learnability good = score(&w, 20, LEARN_PERSON);
	course(&w, 20, 1)->completion = LEARN_BROKEN;
	w.e[1].value = 0;
	const struct learnability bad = score(&w, 20, LEARN_PERSON);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(good.parts[i].score, bad.parts[i].score);
	assert_true(bad.parts[3].score < good.parts[3].score);
}

/* ---- attacks of domain.md 7 ---- */

/* A ring of 100 keys, all signing for one; edge 1 comes from ${by}. */
static void
ring_of_100(struct world *w, unsigned by)
{
	world_init(w);
	/* an honest issuer that vouches for 19 companies */
	vouch(w, 0, 2, 1000);
	for (unsigned i = 3; i < 22; i++)
		vouch(w, 2, i, 1000);
	/* two honest outcomes */
	(void)course(w, 127, 0);
	(void)course(w, 127, 1);
	for (unsigned i = 26; i < 126; i++) {
		(void)course(w, 127, i);
		vouch(w, i, 26 + (i + 1) % 100, 1000);
		vouch(w, i, 26 + (i + 7) % 100, 1000);
	}
	if (by != 0)
		vouch(w, by, 26, 1000);
}

static void
test_ring_of_100(void **state)
{
	static struct world w;
	struct learnability none, edge;

	(void)state;
	ring_of_100(&w, 0);
	none = score(&w, 127, LEARN_PERSON);
	ring_of_100(&w, 2); /* an attestation by the issuer */
	edge = score(&w, 127, LEARN_PERSON);
	assert_true(points(edge.score) - points(none.score) < 3);
	assert_true(edge.independent - none.independent < LEARN_ONE / 5);
	ring_of_100(&w, 0); /* an outcome with an anchor: no trust */
	(void)course(&w, 26, 0);
	edge = score(&w, 127, LEARN_PERSON);
	assert_true(same_score(&none, &edge));
	/* even where the issuer vouches for three others only */
	ring_of_100(&w, 0);
	memmove(
	    &w.a[4], &w.a[20], (w.trust.attestations_n - 20) * sizeof(w.a[0]));
	w.trust.attestations_n -= 16;
	vouch(&w, 2, 26, 1000);
	edge = score(&w, 127, LEARN_PERSON);
	assert_true(edge.score > none.score);
	assert_true(points(edge.score) - points(none.score) < 3);
	assert_true(edge.independent - none.independent < LEARN_ONE / 5);
}

static void
test_claims_weigh_nothing(void **state)
{
	static struct world w;
	struct learnability l;

	(void)state;
	world_init(&w);
	course(&w, 20, 0)->method = LEARN_CLAIMED;
	w.e[0].completion = w.e[0].pledge = LEARN_NO_PROMISE;
	l = score(&w, 20, LEARN_PERSON);
	assert_int_equal(l.score, 0);
	assert_int_equal(l.counterparties, 0);
}

/* One friend who signs everything: as much as one counterparty. */
static void
test_complicit_friend(void **state)
{
	static struct world w;
	struct learnability l;

	(void)state;
	world_init(&w);
	vouch(&w, 0, 10, 1000);
	for (unsigned i = 0; i < 60; i++) {
		struct learn_event *e = course(&w, 20, 10);
		e->month = NOW - i;
		e->terms_n = LEARN_TERMS;
		for (unsigned k = 0; k < LEARN_TERMS; k++)
			*term(e, k) =
			    (struct learn_term){ .term = 1000 + 16 * i + k,
				    .learned = true,
				    .gap = 1000,
				    .gap_month = NOW - i };
	}
	l = score(&w, 20, LEARN_PERSON);
	for (unsigned i = 0; i < LEARN_PARTS; i++)
		assert_true(l.parts[i].x <= UINT64_C(32768) * LEARN_KAPPA);
	assert_int_equal(l.independent, LEARN_ONE / 2);
	/* and half of it for each, while they sign for one another */
	w.in.events_n = 1;
	l = score(&w, 20, LEARN_PERSON);
	(void)course(&w, 10, 20);
	assert_int_equal(
	    score(&w, 20, LEARN_PERSON).independent, l.independent / 2);
}

/* A mill's year is shared by all whom it signs for. */
static void
test_diploma_mill(void **state)
{
	static struct world w;
	uint64_t sum = 0, lone;

	(void)state;
	world_init(&w);
	vouch(&w, 0, 2, 1000);
	(void)course(&w, 20, 2);
	lone = score(&w, 20, LEARN_PERSON).parts[0].x;
	for (unsigned i = 21; i < 120; i++)
		(void)course(&w, i, 2);
	for (unsigned i = 20; i < 120; i++)
		sum += score(&w, i, LEARN_PERSON).parts[0].x;
	assert_true(sum <= (uint64_t)LEARN_BUDGET * 32768);
	assert_true(sum > lone * 15);
	assert_true(score(&w, 20, LEARN_PERSON).parts[0].x < lone / 6);
}

/* An agreement of one pair counts once; whose id is taken loses nothing. */
static void
test_one_outcome_of_an_agreement(void **state)
{
	static struct world w;
	struct learnability one, two;

	(void)state;
	world_init(&w);
	(void)course(&w, 20, 0);
	one = score(&w, 20, LEARN_PERSON);
	memcpy(course(&w, 20, 0)->agreement, w.e[0].agreement, 32);
	two = score(&w, 20, LEARN_PERSON);
	assert_true(same_score(&one, &two));
	struct learn_event *e = course(&w, 21, 99);
	memcpy(e->agreement, w.e[0].agreement, 32);
	memset(e->id, 0, 32);
	two = score(&w, 20, LEARN_PERSON);
	assert_true(same_score(&one, &two));
}

/* Dates: ahead of time is no evidence, a later answer to a gap counts less. */
static void
test_dates(void **state)
{
	static struct world w;
	uint64_t quick, slow;

	(void)state;
	world_init(&w);
	struct learn_event *e = course(&w, 20, 0);
	e->month = NOW + 1;
	assert_int_equal(score(&w, 20, LEARN_PERSON).score, 0);
	e->month = NOW - 24;
	assert_int_equal(
	    score(&w, 20, LEARN_PERSON).parts[0].x, UINT64_C(1) << 31);
	term(e, 0)->gap = 1000;
	term(e, 0)->gap_month = NOW - 24;
	quick = score(&w, 20, LEARN_PERSON).parts[2].x;
	term(e, 0)->gap_month = NOW - 36;
	slow = score(&w, 20, LEARN_PERSON).parts[2].x;
	assert_true(quick > slow && slow > 0);
}

/* Many postings and one training; sham hires of a few hours. */
static void
test_company_pads(void **state)
{
	static struct world w;
	struct learnability l, padded;

	(void)state;
	world_init(&w);
	vouch(&w, 0, 20, 1000);
	struct learn_event *e = course(&w, 20, 10);
	e->opened = true;
	e->hours = 41;
	l = score(&w, 10, LEARN_COMPANY);
	memcpy(w.positions[0].key, keys[10], TRUST_KEY);
	w.positions[0].n = 50;
	w.in.positions_n = 1;
	e->hours = 39;
	padded = score(&w, 10, LEARN_COMPANY);
	assert_true(padded.parts[0].x * 45 < l.parts[0].x);
	assert_true(padded.parts[1].x * 4 < l.parts[1].x);
	/* hours that the learner did not sign for are not funded ones */
	e->funded = 4000;
	assert_true(
	    score(&w, 10, LEARN_COMPANY).parts[0].x < 2 * padded.parts[0].x);
}

/*
 * A company that posts under 40 keys, each known to an anchor by itself, is
 * one counterparty, one budget and one employer with so many positions.
 */
static void
test_posting_keys(void **state)
{
	static struct world w;
	static struct trust_claim lists[40], names[40];
	static struct trust_link links[80];
	struct learnability many, one, company;

	(void)state;
	world_init(&w);
	vouch(&w, 0, 60, 1000);
	for (unsigned i = 0; i < 40; i++) {
		vouch(&w, i % 2, 61 + i, 1000);
		(void)course(&w, 20, 61 + i);
		memcpy(lists[i].by, keys[60], TRUST_KEY);
		memcpy(lists[i].of, keys[61 + i], TRUST_KEY);
		memcpy(names[i].by, keys[61 + i], TRUST_KEY);
		memcpy(names[i].of, keys[60], TRUST_KEY);
		memcpy(w.positions[i].key, keys[61 + i], TRUST_KEY);
		w.positions[i].n = 2;
	}
	many = score(&w, 20, LEARN_PERSON);
	/* each by itself: a crowd */
	assert_int_equal(many.counterparties, 40);
	assert_true(many.independent > 10 * LEARN_ONE);
	/* what it lists alone, or what they name alone, is anybody's word */
	assert_int_equal(trust_postings(lists, 40, names, 0, links, 80), 0);
	assert_int_equal(trust_postings(lists, 0, names, 40, links, 80), 0);
	assert_int_equal(trust_postings(lists, 40, names, 40, links, 80), 40);
	w.trust.attestations_n = 41;
	w.trust.links = links;
	w.trust.links_n = 40;
	w.in.positions_n = 40;
	one = score(&w, 20, LEARN_PERSON);
	assert_int_equal(one.counterparties, 1);
	assert_true(one.independent <= LEARN_ONE);
	for (unsigned i = 0; i < LEARN_PARTS; i++)
		assert_true(one.parts[i].x <= (uint64_t)LEARN_ONE * LEARN_ONE);
	/* 80 positions: one training is a small part of so much */
	vouch(&w, 0, 20, 1000);
	company = score(&w, 75, LEARN_COMPANY);
	w.in.positions_n = 0;
	assert_true(company.parts[0].x * 30 <
		    score(&w, 60, LEARN_COMPANY).parts[0].x * 2);
}

/* Who may join whom, and who may not. */
static void
test_posting_words(void **state)
{
	static const struct {
		const char *lists, *names; /* pairs: by, of */
		size_t links;
	} cases[] = {
		{ "ap", "pa", 1 }, { "apap", "papa", 1 },
		{ "ap", "pb", 0 },       /* another company's */
		{ "pa", "pa", 0 },       /* a stranger lists, and names */
		{ "apbp", "papb", 0 },   /* an agency of two is of neither */
		{ "ap", "papb", 1 },     /* b does not list it */
		{ "appa", "", 1 },       /* both list each other */
		{ "appabp", "pb", 2 },   /* a group */
		{ "appa", "pa", 2 },     /* said twice */
		{ "aa", "aa", 0 },       /* oneself */
		{ "apaq", "paqa", 2 },   /* two keys of one */
		{ "apaqar", "paqb", 1 }, /* the third says nothing */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct trust_claim l[8] = { 0 }, n[8] = { 0 };
		struct trust_link out[8];
		const size_t ln = strlen(cases[i].lists) / 2;
		const size_t nn = strlen(cases[i].names) / 2;
		for (size_t k = 0; k < ln; k++) {
			l[k].by[0] = (uint8_t)cases[i].lists[2 * k];
			l[k].of[0] = (uint8_t)cases[i].lists[2 * k + 1];
		}
		for (size_t k = 0; k < nn; k++) {
			n[k].by[0] = (uint8_t)cases[i].names[2 * k];
			n[k].of[0] = (uint8_t)cases[i].names[2 * k + 1];
		}
		assert_int_equal(
		    trust_postings(l, ln, n, nn, out, 8), cases[i].links);
		assert_int_equal(
		    trust_postings(l, ln, n, nn, out, 0), cases[i].links);
	}
}

static void
test_hints(void **state)
{
	static struct world w;
	struct learn_hints h;
	struct learn_book *b;
	struct trust *t;

	(void)state;
	world_init(&w);
	for (unsigned i = 0; i < 6; i++)
		(void)course(&w, 20 + i, 10);
	(void)course(&w, 20, 10);
	(void)course(&w, 20, 10);
	(void)course(&w, 10, 20);
	assert_int_equal(trust_new(&w.trust, &t), OK);
	assert_int_equal(learn_book_new(&w.in, t, &b), OK);
	learn_hints_of(b, keys[20], LEARN_PERSON, &h);
	assert_true(h.one_month && h.alone && h.captive && h.reciprocal);
	learn_hints_of(b, keys[21], LEARN_PERSON, &h);
	assert_true(!h.one_month && !h.alone && h.captive && !h.reciprocal);
	learn_book_free(b);
	trust_free(t);
}

/* Doors only open, and wider for whom both are more willing. */
static void
test_door(void **state)
{
	uint64_t r = 5;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct learn_missing m[4];
		const uint32_t fit = below(&r, 10001);
		const uint32_t p = below(&r, LEARN_ONE);
		const uint32_t c = below(&r, LEARN_ONE);
		for (unsigned k = 0; k < 4; k++)
			m[k] =
			    (struct learn_missing){ (uint16_t)below(&r, 5000),
				    (uint16_t)below(&r, 1001), below(&r, 2) };
		const size_t n = below(&r, 5);
		const uint32_t out = learnability_door(fit, m, n, p, c);
		assert_in_range(out, fit, 10000);
		assert_true(out <= learnability_door(fit, m, n, p, LEARN_ONE));
		assert_true(out <= learnability_door(fit, m, n, LEARN_ONE, c));
		assert_int_equal(learnability_door(fit, m, n, 0, c), fit);
	}
	const struct learn_missing one = { 2000, 600, true };
	assert_int_equal(
	    learnability_door(5000, &one, 1, LEARN_ONE, LEARN_ONE / 4), 5600);
	assert_int_equal(learnability_door(20000, &one, 1, 1, 1), 20000);
}

static void
test_malformed_and_bounds(void **state)
{
	static struct world w;
	static struct learn_event many[LEARN_SUBJECT_MAX + 1];
	struct learn_book *b;
	struct trust *t;
	struct learnability l;

	(void)state;
	world_init(&w);
	for (unsigned i = 0; i < 6; i++)
		(void)course(&w, 20, 0);
	w.e[0].kind = 0;
	w.e[1].kind = LEARN_KINDS;
	w.e[2].method = LEARN_METHODS;
	w.e[3].value = 1001;
	w.e[4].pledge = 4;
	w.e[5].terms_n = LEARN_TERMS + 1;
	assert_int_equal(trust_new(&w.trust, &t), OK);
	assert_int_equal(learn_book_new(&w.in, t, &b), OK);
	assert_int_equal(learn_book_left_out(b), 6);
	learn_book_free(b);
	assert_int_equal(score(&w, 20, LEARN_PERSON).score, 0);
	w.in.events_n = LEARN_EVENTS_MAX + 1;
	assert_int_equal(learn_book_new(&w.in, t, &b), ERR_LIMIT);
	assert_null(b);
	w.in.events_n = 0;
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		w.in.events_n = 0;
		many[i] = *course(&w, 20, 0);
	}
	w.in.events = many;
	w.in.events_n = LEARN_SUBJECT_MAX;
	assert_int_equal(learn_book_new(&w.in, t, &b), OK);
	assert_int_equal(learnability_of(b, keys[20], LEARN_PERSON, &l), OK);
	assert_int_equal(l.parts[0].x, (uint64_t)LEARN_KAPPA << 16);
	learn_book_free(b);
	w.in.events_n = LEARN_SUBJECT_MAX + 1;
	assert_int_equal(learn_book_new(&w.in, t, &b), OK);
	assert_int_equal(
	    learnability_of(b, keys[20], LEARN_PERSON, &l), ERR_LIMIT);
	learn_book_free(b);
	trust_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_p1_bounded),
		cmocka_unit_test(test_p2_more_is_never_less),
		cmocka_unit_test(test_p3_self_dealing),
		cmocka_unit_test(test_p4_p8_one_counterparty),
		cmocka_unit_test(test_p5_groups),
		cmocka_unit_test(test_p6_time_adds_nothing),
		cmocka_unit_test(test_p7_order),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_two_trainings),
		cmocka_unit_test(test_effort_against_time),
		cmocka_unit_test(test_overlapping_hours),
		cmocka_unit_test(test_novelty),
		cmocka_unit_test(test_promises),
		cmocka_unit_test(test_ring_of_100),
		cmocka_unit_test(test_claims_weigh_nothing),
		cmocka_unit_test(test_complicit_friend),
		cmocka_unit_test(test_diploma_mill),
		cmocka_unit_test(test_one_outcome_of_an_agreement),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_company_pads),
		cmocka_unit_test(test_posting_keys),
		cmocka_unit_test(test_posting_words),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_door),
		cmocka_unit_test(test_malformed_and_bounds),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
