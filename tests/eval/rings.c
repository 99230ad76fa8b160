/* Rings of fakes: the honest world, the topologies, what they gain. */
#include <stdlib.h>

#include "tests/eval/rings.h"

#define ANCHORS       4U
#define ISSUERS       6U
#define COMPANIES     30U
#define PEOPLE        300U
#define FIRST_ISSUER  ANCHORS
#define FIRST_COMPANY (FIRST_ISSUER + ISSUERS)
#define FIRST_PERSON  (FIRST_COMPANY + COMPANIES)
#define FIRST_FAKE    (FIRST_PERSON + PEOPLE)
#define FAKES_MAX     1000U
#define NODES_MAX     (FIRST_FAKE + FAKES_MAX)
#define OUTCOMES_MAX  40000U
#define VOUCHES_MAX   12000U
#define NOW           680U
#define LIMIT         19661U /* 0.3 */

struct world {
	const struct ring_case *c;
	uint8_t (*keys)[TRUST_KEY];
	struct trust_attestation *vouches;
	struct learn_event *outcomes;
	struct learn_term *terms; /* two of each outcome */
	size_t vouches_n, outcomes_n;
	uint64_t random;
	unsigned outcome_edges, attestation_edges;
};

const char *
ring_topology_name(enum ring_topology t)
{
	static const char *const names[] = { "clique", "star", "chain", "tree",
		"duped company", "diploma mill", "split identity",
		"two rings" };

	ASSERT((unsigned)t < ARRAY_LEN(names));
	return names[t];
}

static unsigned
below(struct world *w, unsigned n)
{
	w->random = w->random * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
	return (unsigned)((w->random >> 33) % n);
}

static void
vouch(struct world *w, unsigned from, unsigned to)
{
	struct trust_attestation *a = &w->vouches[w->vouches_n++];

	ASSERT(w->vouches_n <= VOUCHES_MAX);
	memcpy(a->from, w->keys[from], TRUST_KEY);
	memcpy(a->to, w->keys[to], TRUST_KEY);
	a->share = TRUST_SHARE;
	a->vouches = TRUST_VOUCHES_ALL;
}

/*
 * An outcome as good as it gets for ${subject}: every part at its fullest, a
 * term that was learned with one counterparty used with the next.
 */
static void
outcome(struct world *w, unsigned subject, unsigned other, unsigned month)
{
	const size_t n = w->outcomes_n++;
	struct learn_event *e = &w->outcomes[n];
	struct learn_term *t = &w->terms[2 * n];
	const bool person = w->c->role == LEARN_PERSON;

	ASSERT(w->outcomes_n <= OUTCOMES_MAX);
	*e = (struct learn_event){ .kind = LEARN_COURSE,
		.method = LEARN_ASSESSED,
		.value = 1000,
		.completion = LEARN_KEPT,
		.pledge = LEARN_KEPT,
		.opened = true,
		.answer_days = 0,
		.hours = 40,
		.funded = 40,
		.first_day = (uint32_t)(16000 + n),
		.last_day = (uint32_t)(16000 + n + 7),
		.month = month,
		.terms = t,
		.terms_n = 2 };
	for (unsigned i = 0; i < 8; i++)
		e->id[i] = e->agreement[i] = (uint8_t)(n >> (8 * i));
	memcpy(e->learner, w->keys[person ? subject : other], TRUST_KEY);
	memcpy(e->partner, w->keys[person ? other : subject], TRUST_KEY);
	t[0] = (struct learn_term){ .term = 1 + below(w, 4),
		.learned = true,
		.applied = true,
		.gap = 1000,
		.gap_month = month };
	t[1] = t[0];
	t[1].term = 100 + n;
}

/* Honest people learn a little, with two or three of the companies. */
static void
honest(struct world *w)
{
	for (unsigned i = 0; i < ISSUERS; i++)
		vouch(w, i % ANCHORS, FIRST_ISSUER + i);
	for (unsigned i = 0; i < COMPANIES; i++) {
		/* half by an anchor, half by an issuer, some by both */
		if (i % 2 == 0)
			vouch(w, i % ANCHORS, FIRST_COMPANY + i);
		if (i % 2 == 1 || i % 6 == 0)
			vouch(w, FIRST_ISSUER + i % ISSUERS, FIRST_COMPANY + i);
	}
	/* members whom a union knows: counterparties of companies */
	for (unsigned i = 0; i < 60; i++)
		vouch(w, i % ANCHORS, FIRST_PERSON + i);
	for (unsigned i = 0; i < PEOPLE; i++) {
		for (unsigned k = 1 + below(w, 3); k > 0; k--) {
			const unsigned company =
			    FIRST_COMPANY + below(w, COMPANIES);
			const unsigned month = NOW - below(w, 30);
			if (w->c->role == LEARN_PERSON)
				outcome(w, FIRST_PERSON + i, company, month);
			else
				outcome(w, company, FIRST_PERSON + i, month);
		}
	}
}

static unsigned
fake(const struct world *w, unsigned i)
{
	return FIRST_FAKE + i % w->c->fakes;
}

/* All that fakes can say of each other in one topology. */
static void
wire(struct world *w)
{
	const unsigned k = w->c->fakes;

	for (unsigned i = 0; i < k; i++) {
		const unsigned self = fake(w, i);
		switch (w->c->topology) {
		case RING_CLIQUE:
		case RING_SPLIT:
			for (unsigned d = 1; d <= 12 && d < k; d++) {
				outcome(w, self, fake(w, i + d), NOW - d);
				if (d <= 6)
					vouch(w, self, fake(w, i + d));
			}
			break;
		case RING_STAR:
		case RING_MILL:
		case RING_DUPED:
			if (i == 0) {
				vouch(w, self, fake(w, 1));
				break;
			}
			vouch(w, fake(w, 0), self);
			for (unsigned y = 0; y < 10; y++)
				outcome(w, self, fake(w, 0), NOW - 12 * y);
			break;
		case RING_CHAIN:
			outcome(w, self, fake(w, i + k - 1), NOW);
			outcome(w, self, fake(w, i + 1), NOW);
			vouch(w, self, fake(w, i + 1));
			break;
		case RING_TREE:
			for (unsigned d = 1; d <= 2 && 2 * i + d < k; d++) {
				vouch(w, self, fake(w, 2 * i + d));
				outcome(w, fake(w, 2 * i + d), self, NOW);
				outcome(w, self, fake(w, 2 * i + d), NOW);
			}
			break;
		case RING_PAIR: /* even ones sign for odd ones */
			for (unsigned d = 1; d <= 11 && d < k; d += 2) {
				outcome(w, self, fake(w, i + d), NOW - d);
				vouch(w, self, fake(w, i + d));
			}
			break;
		case RING_TOPOLOGIES:
		default:
			break;
		}
	}
}

/* One attack edge: somebody honest signs for a fake, or vouches for it. */
static void
attack(struct world *w, unsigned i)
{
	bool vouches = i % 2 == 0;

	if (w->c->topology == RING_DUPED)
		vouches = false;
	if (w->c->topology == RING_MILL || w->c->topology == RING_SPLIT)
		vouches = true;
	if (vouches) {
		const unsigned target = w->c->topology == RING_SPLIT
					    ? fake(w, below(w, w->c->fakes))
					    : fake(w, 0);
		/* anchors are the viewer's own choice: issuers and companies */
		vouch(w, FIRST_ISSUER + (i / 2) % ISSUERS, target);
		w->attestation_edges++;
		return;
	}
	const unsigned target = fake(w, below(w, w->c->fakes));
	const unsigned from = w->c->role == LEARN_PERSON
				  ? FIRST_COMPANY + below(w, COMPANIES)
				  : FIRST_PERSON + below(w, 60);
	for (unsigned m = 0; m < 24; m++)
		outcome(w, target, from, NOW - m);
	w->outcome_edges++;
}

static bool
in_ring(void *arg, const uint8_t key[TRUST_KEY])
{
	(void)arg;
	return ((unsigned)key[0] << 8 | key[1]) >= FIRST_FAKE;
}

static unsigned
node_of(const uint8_t key[TRUST_KEY])
{
	return (unsigned)key[0] << 8 | key[1];
}

/* P5: tau of each outsider once for every fake it has an outcome with. */
static err
bound(const struct world *w, const struct trust *t, struct ring_result *r)
{
	const bool person = w->c->role == LEARN_PERSON;
	bool *seen = calloc((size_t)FIRST_FAKE * FAKES_MAX, sizeof(*seen));
	uint64_t edges = 0;

	if (seen == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < w->outcomes_n; i++) {
		const struct learn_event *e = &w->outcomes[i];
		const unsigned s = node_of(person ? e->learner : e->partner);
		const unsigned o = node_of(person ? e->partner : e->learner);
		if (s < FIRST_FAKE || o >= FIRST_FAKE)
			continue;
		bool *at = &seen[(size_t)o * FAKES_MAX + s - FIRST_FAKE];
		if (!*at)
			edges += trust_of(t, w->keys[o]);
		*at = true;
	}
	free(seen);
	for (unsigned i = 0; i < w->c->fakes; i++)
		r->tau += trust_of(t, w->keys[FIRST_FAKE + i]);
	r->inflow = trust_inflow(t, in_ring, NULL);
	r->bound = edges * LEARN_KAPPA + r->tau * LEARN_BUDGET / 100 * 432;
	r->promise =
	    edges * LEARN_KAPPA + r->inflow * 7 / 4 * LEARN_BUDGET / 100 * 432;
	return OK;
}

static err
measure(
    const struct world *w, const struct learn_book *b, struct ring_result *r)
{
	for (unsigned i = 0; i < w->c->fakes; i++) {
		struct learnability l;
		TRY(learnability_of(
		    b, w->keys[FIRST_FAKE + i], w->c->role, &l));
		for (unsigned k = 0; k < LEARN_PARTS; k++)
			r->gained[k] += l.parts[k].x;
		r->gained[LEARN_PARTS] += (uint64_t)l.independent << 16;
		r->best = MAX(r->best, l.score);
		r->over += l.score >= LIMIT;
	}
	return OK;
}

static int
number_cmp(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x == y ? 0 : x < y ? -1 : 1;
}

/* Did the attack sign anything with one of ${node}'s counterparties? */
static err
honest_scores(const struct world *w, const struct learn_book *b, uint32_t *out)
{
	const unsigned first =
	    w->c->role == LEARN_PERSON ? FIRST_PERSON : FIRST_COMPANY;
	const unsigned n = w->c->role == LEARN_PERSON ? PEOPLE : COMPANIES;

	for (unsigned i = 0; i < n; i++) {
		struct learnability l;
		TRY(learnability_of(b, w->keys[first + i], w->c->role, &l));
		out[i] = l.score;
	}
	return OK;
}

/* The book of the first ${vouches} attestations and ${outcomes} outcomes. */
static err
book_of(const struct world *w, size_t vouches, size_t outcomes,
    struct learn_input *in, struct trust **t, struct learn_book **b)
{
	const struct trust_input ti = { .anchors = w->keys[0],
		.anchors_n = ANCHORS,
		.attestations = w->vouches,
		.attestations_n = vouches };
	err e;

	*in = (struct learn_input){ .events = w->outcomes,
		.events_n = outcomes,
		.month = NOW,
		.unbounded = w->c->unbounded };
	*b = NULL;
	TRY(trust_new(&ti, t));
	e = learn_book_new(in, *t, b);
	if (e != OK) {
		trust_free(*t);
		*t = NULL;
	}
	return e;
}

static err
run(struct world *w, struct ring_result *r)
{
	uint32_t before[PEOPLE] = { 0 }, after[PEOPLE] = { 0 };
	const unsigned n = w->c->role == LEARN_PERSON ? PEOPLE : COMPANIES;
	struct learn_input in;
	struct learn_book *b;
	struct trust *t;
	size_t vouches, outcomes;
	err e;

	honest(w);
	vouches = w->vouches_n;
	outcomes = w->outcomes_n;
	TRY(book_of(w, vouches, outcomes, &in, &t, &b));
	e = honest_scores(w, b, before);
	learn_book_free(b);
	trust_free(t);
	if (e != OK)
		return e;

	/* The ring alone, without an edge, changes nothing for the others. */
	wire(w);
	TRY(book_of(w, w->vouches_n, w->outcomes_n, &in, &t, &b));
	e = honest_scores(w, b, after);
	r->disturbed = memcmp(before, after, n * sizeof(before[0])) != 0;
	learn_book_free(b);
	trust_free(t);
	if (e != OK)
		return e;

	for (unsigned i = 0; i < w->c->edges; i++)
		attack(w, i);
	TRY(book_of(w, w->vouches_n, w->outcomes_n, &in, &t, &b));
	e = measure(w, b, r);
	if (e == OK)
		e = bound(w, t, r);
	learn_book_free(b);
	trust_free(t);
	qsort(before, n, sizeof(before[0]), number_cmp);
	r->honest = before[n / 2];
	return e;
}

err
rings_run(const struct ring_case *c, struct ring_result *r)
{
	struct world w = { .c = c, .random = c->seed };
	err e = ERR_NOMEM;

	*r = (struct ring_result){ 0 };
	if (c->fakes < 2 || c->fakes > FAKES_MAX || c->edges > 8)
		return ERR_LIMIT;
	w.keys = calloc(NODES_MAX, sizeof(w.keys[0]));
	w.vouches = calloc(VOUCHES_MAX, sizeof(w.vouches[0]));
	w.outcomes = calloc(OUTCOMES_MAX, sizeof(w.outcomes[0]));
	w.terms = calloc((size_t)2 * OUTCOMES_MAX, sizeof(w.terms[0]));
	if (w.keys != NULL && w.vouches != NULL && w.outcomes != NULL &&
	    w.terms != NULL) {
		for (unsigned i = 0; i < NODES_MAX; i++) {
			w.keys[i][0] = (uint8_t)(i >> 8);
			w.keys[i][1] = (uint8_t)i;
		}
		e = run(&w, r);
	}
	free(w.keys);
	free(w.vouches);
	free(w.outcomes);
	free(w.terms);
	r->outcome_edges = w.outcome_edges;
	r->attestation_edges = w.attestation_edges;
	r->holds = !r->disturbed && r->over <= c->edges &&
		   4 * r->tau <= 7 * r->inflow && r->bound <= r->promise;
	for (unsigned i = 0; i <= LEARN_PARTS; i++)
		r->holds &= r->gained[i] <= r->bound;
	return e;
}

static double
units(uint64_t x)
{
	return (double)x / ((double)LEARN_ONE * LEARN_ONE);
}

void
rings_print(const struct ring_case *c, const struct ring_result *r, FILE *out)
{
	(void)fprintf(out, "%-14s %-7s %5u %3u+%-3u %5.3f |",
	    ring_topology_name(c->topology),
	    c->role == LEARN_PERSON ? "person" : "company", c->fakes,
	    r->outcome_edges, r->attestation_edges, (double)r->tau / TRUST_ONE);
	for (unsigned i = 0; i <= LEARN_PARTS; i++)
		(void)fprintf(out, " %6.2f", units(r->gained[i]));
	(void)fprintf(out, " | %7.2f %7.2f | %5.3f %4u  %s\n", units(r->bound),
	    units(r->promise), (double)r->best / LEARN_ONE, r->over,
	    r->holds ? "holds" : "EXCEEDED");
}
