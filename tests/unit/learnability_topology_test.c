/*
 * Learnability against an attacker who searches: random worlds of honest
 * parties, into which fakes are wired by random mixtures of patterns, and then
 * changed step by step towards what brings them most of the bound P5. P1 to
 * P8 of SPEC.md hold for each world met on the way. OHCN_TOPOLOGIES=n: so many
 * starts instead of the few of an ordinary run; prints the worst ratio.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/learn/learnability.h"

#define NOW      680U
#define ANCHORS  3U
#define HONEST   12U /* after the anchors */
#define FAKE     (ANCHORS + HONEST)
#define FAKES    40U
#define KEYS     (FAKE + FAKES)
#define EVENTS   500U
#define VOUCHES  400U
#define CLAIMS   64U
#define STARTS   100U
#define STEPS    12U
#define PATTERNS ARRAY_LEN(patterns)

struct world {
	uint64_t random;
	unsigned fakes; /* in use */
	struct trust_attestation vouches[VOUCHES];
	struct learn_event events[EVENTS];
	struct learn_term terms[EVENTS][2];
	struct trust_claim lists[CLAIMS], names[CLAIMS];
	struct trust_link links[2 * CLAIMS];
	size_t vouches_n, events_n, lists_n, names_n;
	unsigned leaks; /* what the honest signed for fakes */
	uint32_t month;
};

static uint8_t keys[KEYS][TRUST_KEY];

static unsigned
below(struct world *w, unsigned n)
{
	w->random = w->random * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
	return (unsigned)((w->random >> 33) % n);
}

static unsigned
fake(struct world *w)
{
	return FAKE + below(w, w->fakes);
}

static unsigned
honest(struct world *w)
{
	return ANCHORS + below(w, HONEST);
}

/* ---- what somebody signs ---- */

static void
vouch(struct world *w, unsigned from, unsigned to)
{
	struct trust_attestation *a = &w->vouches[w->vouches_n];

	if (w->vouches_n == VOUCHES)
		return;
	w->vouches_n++;
	memcpy(a->from, keys[from], TRUST_KEY);
	memcpy(a->to, keys[to], TRUST_KEY);
	a->share = below(w, 3) ? TRUST_SHARE : (uint16_t)(1 + below(w, 1000));
	a->vouches =
	    below(w, 3) ? TRUST_VOUCHES_ALL : (uint8_t)(1 + below(w, 63));
}

/* Mostly as good as it gets. */
static void
sign(struct world *w, unsigned learner, unsigned partner)
{
	struct learn_event *e = &w->events[w->events_n];
	struct learn_term *t = w->terms[w->events_n];
	const bool best = below(w, 4) != 0;

	if (w->events_n == EVENTS)
		return;
	w->events_n++;
	*e = (struct learn_event){
		.kind = best ? LEARN_COURSE : (uint8_t)(1 + below(w, 10)),
		.method = best ? LEARN_ASSESSED : (uint8_t)below(w, 6),
		.value = best ? 1000 : (uint16_t)below(w, 1001),
		.completion = best ? LEARN_KEPT : (uint8_t)below(w, 4),
		.pledge = best ? LEARN_KEPT : (uint8_t)below(w, 4),
		.opened = true,
		.answer_days = best ? 0 : (uint16_t)below(w, 60),
		.hours = 40 + below(w, 100),
		.funded = 40 + below(w, 100),
		.first_day = 18000 + below(w, 2000),
		/* sleepers: the years before, or all of it today */
		.month = below(w, 2) ? NOW : NOW - below(w, 80),
		.terms_n = 2,
	};
	e->last_day = e->first_day + below(w, 20);
	for (unsigned i = 0; i < 8; i++)
		e->id[i] = e->agreement[i] = (uint8_t)below(w, 256);
	memcpy(e->learner, keys[learner], TRUST_KEY);
	memcpy(e->partner, keys[partner], TRUST_KEY);
	for (unsigned i = 0; i < 2; i++)
		t[i] =
		    (struct learn_term){ .term = i == 0 ? 1 + below(w, 5)
							: 100 + below(w, 4000),
			    .learned = true,
			    .applied = true,
			    .gap = 1000,
			    .gap_month = e->month };
}

static void
claim(struct world *w, unsigned organisation, unsigned key, bool both)
{
	struct trust_claim *l = &w->lists[w->lists_n];
	struct trust_claim *n = &w->names[w->names_n];

	if (w->lists_n == CLAIMS || w->names_n == CLAIMS)
		return;
	w->lists_n++;
	memcpy(l->by, keys[organisation], TRUST_KEY);
	memcpy(l->of, keys[key], TRUST_KEY);
	if (!both)
		return;
	w->names_n++;
	memcpy(n->by, keys[key], TRUST_KEY);
	memcpy(n->of, keys[organisation], TRUST_KEY);
}

/* ---- patterns of fakes; ${a} is any of them ---- */

static void
add_ring(struct world *w, unsigned a)
{
	const unsigned n = 2 + below(w, w->fakes - 1);

	for (unsigned i = 0; i < n; i++) {
		const unsigned x = FAKE + (a + i) % w->fakes;
		const unsigned y = FAKE + (a + (i + 1) % n) % w->fakes;
		sign(w, x, y);
		vouch(w, x, y);
	}
}

static void
add_star(struct world *w, unsigned a)
{
	for (unsigned i = 0; i < w->fakes; i++) {
		vouch(w, FAKE + a, FAKE + i);
		for (unsigned n = below(w, 3); n > 0; n--)
			below(w, 2) ? sign(w, FAKE + i, FAKE + a)
				    : sign(w, FAKE + a, FAKE + i);
	}
}

static void
add_clique(struct world *w, unsigned a)
{
	const unsigned n = MIN(w->fakes, 3 + below(w, 5));

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < n; k++) {
			sign(w, FAKE + (a + i) % w->fakes,
			    FAKE + (a + k) % w->fakes);
			vouch(w, FAKE + (a + i) % w->fakes,
			    FAKE + (a + k) % w->fakes);
		}
}

/* Each vouches for the next, honest ones sign here and there. */
static void
add_chain(struct world *w, unsigned a)
{
	for (unsigned i = 0; i + 1 < w->fakes; i++) {
		const unsigned x = FAKE + (a + i) % w->fakes;
		const unsigned y = FAKE + (a + i + 1) % w->fakes;
		vouch(w, x, y);
		sign(w, y, x);
		if (w->leaks > 0 && below(w, 4) == 0)
			sign(w, y, honest(w));
	}
}

static void
add_tree(struct world *w, unsigned a)
{
	for (unsigned i = 1; i < w->fakes; i++) {
		const unsigned up = FAKE + (a + (i - 1) / 3) % w->fakes;
		const unsigned down = FAKE + (a + i) % w->fakes;
		vouch(w, up, down);
		sign(w, down, up);
	}
}

/* Years of outcomes from one company, to each of them. */
static void
add_mill(struct world *w, unsigned a)
{
	for (unsigned i = 0; i < 60; i++) {
		sign(w, fake(w), FAKE + a);
		w->events[w->events_n - 1].month = NOW - 12 * (i % 7);
	}
}

/* Many small companies that share one person, as their only one. */
static void
add_shared_person(struct world *w, unsigned a)
{
	for (unsigned i = 0; i < w->fakes; i++) {
		sign(w, FAKE + a, FAKE + i);
		if (below(w, 3) == 0)
			vouch(w, FAKE + a, FAKE + i);
	}
}

/* Both invest in each other. */
static void
add_mutual(struct world *w, unsigned a)
{
	for (unsigned i = 0; i < 12; i++) {
		const unsigned b = fake(w);
		sign(w, FAKE + a, b);
		sign(w, b, FAKE + a);
	}
}

/* A shell that posts under the others' keys, and claims honest ones. */
static void
add_shell(struct world *w, unsigned a)
{
	for (unsigned i = 0; i < 8; i++)
		claim(w, FAKE + a, fake(w), below(w, 3) > 0);
	claim(w, FAKE + a, honest(w), false);
	claim(w, FAKE + a, below(w, ANCHORS), false);
}

static const struct {
	const char *name;
	void (*add)(struct world *, unsigned);
} patterns[] = {
	{ "ring", add_ring },
	{ "star", add_star },
	{ "clique", add_clique },
	{ "chain", add_chain },
	{ "tree", add_tree },
	{ "mill", add_mill },
	{ "shared person", add_shared_person },
	{ "mutual pledges", add_mutual },
	{ "shell", add_shell },
};

/* Somebody honest signs for a fake, or vouches for one; or an anchor does. */
static void
leak(struct world *w)
{
	switch (below(w, 5)) {
	case 0:
		vouch(w, honest(w), fake(w));
		break;
	case 1:
		vouch(w, below(w, ANCHORS), FAKE);
		break;
	case 2:
		sign(w, fake(w), below(w, FAKE));
		break;
	case 3:
		sign(w, below(w, FAKE), fake(w));
		break;
	default:
		for (unsigned i = 0; i < 6; i++)
			sign(w, FAKE + i % w->fakes, ANCHORS);
		break;
	}
}

static void
add_honest(struct world *w)
{
	for (unsigned i = 0; i < HONEST; i++) {
		if (below(w, 4) > 0)
			vouch(w, below(w, ANCHORS), ANCHORS + i);
		else
			vouch(w, honest(w), ANCHORS + i);
	}
	for (unsigned i = 0; i < 3 * HONEST; i++)
		sign(w, honest(w), below(w, FAKE));
}

/* ---- scores ---- */

struct scored {
	struct trust *t;
	struct learn_book *b;
	struct learn_input in;
};

static void
scored_make(struct world *w, struct scored *s)
{
	struct trust_input ti = { .anchors = keys[0],
		.anchors_n = ANCHORS,
		.attestations = w->vouches,
		.attestations_n = w->vouches_n,
		.links = w->links };

	ti.links_n = trust_postings(w->lists, w->lists_n, w->names, w->names_n,
	    w->links, ARRAY_LEN(w->links));
	assert_true(ti.links_n <= ARRAY_LEN(w->links));
	for (size_t i = 0; i < w->events_n; i++)
		w->events[i].terms = w->terms[i];
	s->in = (struct learn_input){
		.events = w->events, .events_n = w->events_n, .month = w->month
	};
	assert_int_equal(trust_new(&ti, &s->t), OK);
	assert_int_equal(learn_book_new(&s->in, s->t, &s->b), OK);
}

static void
scored_free(struct scored *s)
{
	learn_book_free(s->b);
	trust_free(s->t);
}

static struct learnability
score(const struct scored *s, unsigned who, enum learn_role role)
{
	struct learnability l;

	assert_int_equal(learnability_of(s->b, keys[who], role, &l), OK);
	return l;
}

static struct learnability
score_in(struct world *w, unsigned who, enum learn_role role)
{
	struct scored s;
	struct learnability l;

	scored_make(w, &s);
	l = score(&s, who, role);
	scored_free(&s);
	return l;
}

static unsigned
node_of(const uint8_t key[TRUST_KEY])
{
	return key[0];
}

/* The first key of its party. */
static unsigned
party(const struct scored *s, unsigned who)
{
	return node_of(trust_party(s->t, keys[who]));
}

static bool
is_fake(void *arg, const uint8_t key[TRUST_KEY])
{
	(void)arg;
	return node_of(key) >= FAKE;
}

static const uint8_t *
subject_of(const struct learn_event *e, enum learn_role role)
{
	return role == LEARN_PERSON ? e->learner : e->partner;
}

/* ---- P1, P5 ---- */

/* Pairs of an outsider and a fake with an outcome, by the outsider's tau. */
static uint64_t
edges_into(const struct world *w, const struct scored *s, enum learn_role role)
{
	bool met[FAKE][FAKES] = { { false } };
	uint64_t sum = 0;

	for (size_t i = 0; i < w->events_n; i++) {
		const struct learn_event *e = &w->events[i];
		const unsigned in = party(s, node_of(subject_of(e, role)));
		const unsigned out = party(
		    s, node_of(role == LEARN_PERSON ? e->partner : e->learner));
		if (in < FAKE || out >= FAKE || met[out][in - FAKE])
			continue;
		met[out][in - FAKE] = true;
		sum += (uint64_t)LEARN_KAPPA * trust_of(s->t, keys[out]);
	}
	return sum;
}

/* The largest share of its bound that a part, or I, of the fakes reaches. */
static double
ratio_of(const struct world *w, const struct scored *s, enum learn_role role)
{
	uint64_t sum[LEARN_PARTS + 1] = { 0 }, tau = 0;
	double most = 0;

	for (unsigned i = FAKE; i < FAKE + w->fakes; i++) {
		/* no word of a fake makes it one with somebody honest */
		assert_true(party(s, i) >= FAKE);
		if (party(s, i) != i)
			continue;
		const struct learnability l = score(s, i, role);
		assert_true(l.score < LEARN_ONE);
		for (unsigned k = 0; k < LEARN_PARTS; k++) {
			assert_true(l.parts[k].score < LEARN_ONE);
			sum[k] += l.parts[k].x;
		}
		sum[LEARN_PARTS] += (uint64_t)l.independent << 16;
		tau += trust_of(s->t, keys[i]);
	}
	assert_true(4 * tau <= 7 * trust_inflow(s->t, is_fake, NULL));
	const uint64_t bound =
	    edges_into(w, s, role) + tau * (LEARN_BUDGET / 100) * 432;
	for (unsigned k = 0; k <= LEARN_PARTS; k++) {
		assert_true(sum[k] <= bound);
		if (bound > 0)
			most = MAX(most, (double)sum[k] / (double)bound);
	}
	return most;
}

static double
ratio(struct world *w, enum learn_role role)
{
	struct scored s;
	double r;

	scored_make(w, &s);
	r = ratio_of(w, &s, role);
	scored_free(&s);
	return r;
}

/* ---- the others ---- */

static void
assert_not_less(
    const struct learnability *less, const struct learnability *more)
{
	for (unsigned i = 0; i < LEARN_PARTS; i++) {
		assert_true(more->parts[i].x >= less->parts[i].x);
		assert_true(more->parts[i].score >= less->parts[i].score);
	}
	assert_true(more->score >= less->score);
	assert_true(more->independent >= less->independent);
}

static void
assert_same(const struct learnability *a, const struct learnability *b)
{
	assert_not_less(a, b);
	assert_not_less(b, a);
	assert_int_equal(a->kept, b->kept);
	assert_int_equal(a->broken, b->broken);
	assert_int_equal(a->counterparties, b->counterparties);
}

static void
check_more(struct world *w, unsigned who, enum learn_role role)
{
	const size_t n = w->events_n;
	const struct learnability before = score_in(w, who, role);
	const unsigned other = below(w, FAKE + w->fakes);

	/* P2: whoever it is with */
	role == LEARN_PERSON ? sign(w, who, other) : sign(w, other, who);
	if (w->events_n > n) {
		struct learn_event *e = &w->events[n];
		e->completion = e->pledge = LEARN_KEPT;
		const struct learnability after = score_in(w, who, role);
		assert_not_less(&before, &after);
	}
	/* P3: with oneself */
	w->events_n = n;
	sign(w, who, who);
	const struct learnability self = score_in(w, who, role);
	assert_same(&before, &self);
	w->events_n = n;
}

static void
check_one(struct world *w, unsigned who, enum learn_role role)
{
	struct world *less = malloc(sizeof(*less));
	const unsigned other = below(w, FAKE + w->fakes);
	struct scored s;

	assert_non_null(less);
	memcpy(less, w, sizeof(*less));
	scored_make(w, &s);
	less->events_n = 0;
	for (size_t i = 0; i < w->events_n; i++) {
		const struct learn_event *e = &w->events[i];
		const unsigned a = party(&s, node_of(e->learner));
		const unsigned b = party(&s, node_of(e->partner));
		const unsigned x = role == LEARN_PERSON ? a : b;
		const unsigned y = role == LEARN_PERSON ? b : a;
		if (x == party(&s, who) && y == party(&s, other))
			continue;
		memcpy(less->terms[less->events_n], w->terms[i],
		    sizeof(w->terms[i]));
		less->events[less->events_n++] = *e;
	}
	/* P4, P8 */
	const struct learnability all = score(&s, who, role);
	const struct learnability rest = score_in(less, who, role);
	const uint64_t cap = (uint64_t)LEARN_KAPPA * trust_of(s.t, keys[other]);
	for (unsigned k = 0; k < LEARN_PARTS; k++) {
		assert_true(all.parts[k].x >= rest.parts[k].x);
		assert_true(all.parts[k].x - rest.parts[k].x <= cap);
	}
	scored_free(&s);
	free(less);
}

static void
check_time_and_order(struct world *w, unsigned who, enum learn_role role)
{
	struct learnability before = score_in(w, who, role), after;

	/* P7: each twice, as far as there is room, and in another order */
	const size_t n = w->events_n;
	for (size_t i = 0; i < n && w->events_n < EVENTS; i++) {
		memcpy(w->terms[w->events_n], w->terms[i], sizeof(w->terms[i]));
		w->events[w->events_n++] = w->events[i];
	}
	for (size_t i = w->events_n; i > 1; i--) {
		const size_t k = below(w, (unsigned)i);
		const struct learn_event e = w->events[k];
		struct learn_term t[2];
		memcpy(t, w->terms[k], sizeof(t));
		w->events[k] = w->events[i - 1];
		memcpy(w->terms[k], w->terms[i - 1], sizeof(t));
		w->events[i - 1] = e;
		memcpy(w->terms[i - 1], t, sizeof(t));
	}
	after = score_in(w, who, role);
	assert_same(&before, &after);
	/* P6 */
	for (unsigned i = 0; i < 3; i++) {
		w->month += 1 + below(w, 30);
		after = score_in(w, who, role);
		assert_not_less(&after, &before);
		before = after;
	}
}

/* What the fakes say among themselves changes nothing for the honest. */
static void
check_undisturbed(struct world *w, size_t events, size_t vouches)
{
	struct scored s, alone;
	struct world *calm = malloc(sizeof(*calm));

	assert_non_null(calm);
	memcpy(calm, w, sizeof(*calm));
	calm->events_n = events;
	calm->vouches_n = vouches;
	calm->lists_n = calm->names_n = 0;
	scored_make(w, &s);
	scored_make(calm, &alone);
	for (unsigned i = 0; i < FAKE; i++)
		for (unsigned role = 0; role < 2; role++) {
			const struct learnability a =
			    score(&alone, i, (enum learn_role)role);
			const struct learnability b =
			    score(&s, i, (enum learn_role)role);
			assert_same(&a, &b);
		}
	for (unsigned i = FAKE; i < FAKE + w->fakes; i++)
		assert_int_equal(score(&s, i, LEARN_PERSON).score, 0);
	scored_free(&s);
	scored_free(&alone);
	free(calm);
}

/* ---- the attacker ---- */

/* One more pattern, leak or outcome, or one of the fakes' things less. */
static void
mutate(struct world *w)
{
	const unsigned what = below(w, 6);

	if (what == 0)
		patterns[below(w, PATTERNS)].add(w, below(w, w->fakes));
	else if (what == 1 && w->leaks > 0)
		leak(w);
	else if (what == 2 && w->events_n > 4 * HONEST)
		w->events_n -= below(w, 8);
	else if (what == 3 && w->vouches_n > 2 * HONEST)
		w->vouches_n -= below(w, 4);
	else if (what == 4)
		sign(w, fake(w), fake(w));
	else
		vouch(w, fake(w), fake(w));
}

struct worst {
	double ratio;
	char how[128];
	unsigned worlds;
};

static void
attack(struct world *w, struct world *room, struct worst *worst)
{
	const enum learn_role role = below(w, 2) ? LEARN_COMPANY : LEARN_PERSON;
	const char *names[3];
	unsigned names_n = 0;
	size_t events, vouches;

	add_honest(w);
	events = w->events_n;
	vouches = w->vouches_n;
	for (unsigned i = 1 + below(w, 3); i > 0; i--) {
		const unsigned p = below(w, PATTERNS);
		patterns[p].add(w, below(w, w->fakes));
		names[names_n++] = patterns[p].name;
	}
	if (w->leaks == 0)
		check_undisturbed(w, events, vouches);
	for (unsigned i = 0; i < w->leaks; i++)
		leak(w);
	double best = ratio(w, role);
	worst->worlds++;
	for (unsigned i = 0; i < STEPS; i++) {
		memcpy(room, w, sizeof(*room));
		mutate(room);
		const double r = ratio(room, role);
		worst->worlds++;
		w->random = room->random;
		if (r < best)
			continue;
		memcpy(w, room, sizeof(*w));
		best = r;
	}
	const unsigned who = below(w, 3) ? fake(w) : honest(w);
	check_more(w, who, role);
	check_one(w, who, role);
	check_time_and_order(w, who, role);
	if (best <= worst->ratio)
		return;
	worst->ratio = best;
	(void)snprintf(worst->how, sizeof(worst->how),
	    "%s, %u fakes, %u leaks: %s%s%s%s%s",
	    role == LEARN_PERSON ? "people" : "companies", w->fakes, w->leaks,
	    names[0], names_n > 1 ? " + " : "", names_n > 1 ? names[1] : "",
	    names_n > 2 ? " + " : "", names_n > 2 ? names[2] : "");
}

static void
test_search(void **state)
{
	const char *more = getenv("OHCN_TOPOLOGIES");
	const unsigned starts =
	    more == NULL ? STARTS : (unsigned)strtoul(more, NULL, 10);
	struct world *w = malloc(sizeof(*w)), *room = malloc(sizeof(*room));
	struct worst worst = { .ratio = 0 };

	(void)state;
	assert_true(w != NULL && room != NULL);
	for (unsigned i = 0; i < KEYS; i++) {
		memset(keys[i], 0x33, TRUST_KEY);
		keys[i][0] = (uint8_t)i;
	}
	for (unsigned i = 0; i < starts; i++) {
		memset(w, 0, sizeof(*w));
		w->random = 77 + i;
		w->month = NOW;
		w->fakes = 2 + below(w, FAKES - 1);
		w->leaks = below(w, 6);
		attack(w, room, &worst);
	}
	print_message("%u topologies: the most that was gained is %.1f %% of "
		      "its bound (%s)\n",
	    worst.worlds, 100 * worst.ratio, worst.how);
	/* the search finds what a bound leaves, or it proves nothing */
	assert_true(worst.ratio > 0.5 && worst.ratio <= 1);
	free(w);
	free(room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
