/*
 * tau against its text: halving, depth, budgets, conservation, links, paths,
 * order; on small graphs by hand and on random ones by property.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/trust.h"

#define KEYS 24

static uint8_t keys[KEYS][TRUST_KEY];

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
		memset(keys[i], 0x11, TRUST_KEY);
		keys[i][0] = (uint8_t)i;
	}
	return 0;
}

static struct trust_attestation
vouch(unsigned from, unsigned to, uint16_t share)
{
	struct trust_attestation a = { .share = share,
		.vouches = TRUST_VOUCHES_ALL };

	memcpy(a.from, keys[from], TRUST_KEY);
	memcpy(a.to, keys[to], TRUST_KEY);
	return a;
}

static struct trust *
trust_made(const uint8_t *anchors, size_t anchors_n,
    const struct trust_attestation *a, size_t n)
{
	const struct trust_input in = { .anchors = anchors,
		.anchors_n = anchors_n,
		.attestations = a,
		.attestations_n = n };
	struct trust *t;

	assert_int_equal(trust_new(&in, &t), OK);
	return t;
}

/* An anchor, an issuer, a company, its friend, and one too far. */
static void
test_halves_at_each_step(void **state)
{
	const struct trust_attestation a[] = { vouch(0, 1, 1000),
		vouch(1, 2, 1000), vouch(2, 3, 1000), vouch(3, 4, 1000),
		vouch(1, 1, 1000), vouch(9, 8, 1000), vouch(0, 5, 0),
		vouch(0, 5, 1001) };
	struct trust *t = trust_made(keys[0], 1, a, ARRAY_LEN(a));

	(void)state;
	assert_int_equal(trust_of(t, keys[0]), TRUST_ONE);
	assert_int_equal(trust_of(t, keys[1]), TRUST_ONE / 2);
	assert_int_equal(trust_of(t, keys[2]), TRUST_ONE / 4);
	assert_int_equal(trust_of(t, keys[3]), TRUST_ONE / 8);
	assert_int_equal(trust_of(t, keys[4]), 0);
	assert_int_equal(trust_of(t, keys[5]), 0);
	assert_int_equal(trust_of(t, keys[8]), 0);
	assert_int_equal(trust_of(t, keys[20]), 0);
	assert_true(trust_is_anchor(t, keys[0]));
	assert_false(trust_is_anchor(t, keys[1]));
	trust_free(t);
}

/* An issuer that vouches for two halves what each gets; an anchor has 32. */
static void
test_budget_is_shared(void **state)
{
	const struct trust_attestation a[] = { vouch(0, 1, 1000),
		vouch(0, 4, 1000), vouch(1, 2, 1000), vouch(1, 3, 1000),
		vouch(4, 5, 500), vouch(4, 6, 250) };
	struct trust *t = trust_made(keys[0], 1, a, ARRAY_LEN(a));

	(void)state;
	assert_int_equal(trust_of(t, keys[1]), TRUST_ONE / 2);
	assert_int_equal(trust_of(t, keys[2]), TRUST_ONE / 8);
	assert_int_equal(trust_of(t, keys[3]), TRUST_ONE / 8);
	assert_int_equal(trust_of(t, keys[5]), TRUST_ONE / 8);
	assert_int_equal(trust_of(t, keys[6]), TRUST_ONE / 16);
	trust_free(t);
}

/* The largest share between two counts, and once. */
static void
test_repeats_change_nothing(void **state)
{
	const struct trust_attestation once[] = { vouch(0, 1, 700) };
	const struct trust_attestation often[] = { vouch(0, 1, 30),
		vouch(0, 1, 700), vouch(0, 1, 700), vouch(0, 1, 2) };
	struct trust *a = trust_made(keys[0], 1, once, ARRAY_LEN(once));
	struct trust *b = trust_made(keys[0], 1, often, ARRAY_LEN(often));

	(void)state;
	assert_int_equal(trust_of(a, keys[1]), 32768 * 700 / 1000);
	assert_int_equal(trust_of(b, keys[1]), trust_of(a, keys[1]));
	trust_free(a);
	trust_free(b);
}

/* One's own attestations do not come back, by any circle. */
static void
test_circles_bring_nothing(void **state)
{
	const struct trust_attestation a[] = { vouch(0, 1, 1000),
		vouch(1, 2, 1000), vouch(2, 1, 1000), vouch(2, 3, 1000),
		vouch(3, 1, 1000), vouch(1, 0, 1000) };
	struct trust *with = trust_made(keys[0], 1, a, ARRAY_LEN(a));
	struct trust *without = trust_made(keys[0], 1, a, 1);

	(void)state;
	assert_int_equal(trust_of(with, keys[1]), trust_of(without, keys[1]));
	trust_free(with);
	trust_free(without);
}

/* Who is vouched for, but not for attesting, hands on nothing; and whoever
 * attests well need not be one whose word counts. */
static void
test_what_is_vouched_for(void **state)
{
	struct trust_attestation a[] = { vouch(0, 1, 1000), vouch(1, 2, 1000),
		vouch(0, 3, 1000), vouch(3, 4, 1000), vouch(0, 5, 1000),
		vouch(0, 6, 1000) };
	struct trust_path p[4];
	struct trust *t;

	(void)state;
	a[0].vouches = 1;
	a[2].vouches = TRUST_VOUCHES_ATTESTING;
	a[3].vouches = 2;
	a[4].vouches = 0;
	a[5].vouches = TRUST_VOUCHES_ALL + 1;
	t = trust_made(keys[0], 1, a, ARRAY_LEN(a));
	assert_int_equal(trust_of(t, keys[1]), TRUST_ONE / 2);
	assert_int_equal(trust_of(t, keys[2]), 0);
	assert_int_equal(trust_of(t, keys[3]), 0);
	assert_int_equal(trust_of(t, keys[4]), TRUST_ONE / 4);
	assert_int_equal(trust_of(t, keys[5]), 0);
	assert_int_equal(trust_of(t, keys[6]), 0);
	assert_int_equal(trust_why(t, keys[2], p, 4, NULL), 0);
	assert_int_equal(trust_why(t, keys[3], p, 4, NULL), 0);
	assert_int_equal(trust_why(t, keys[4], p, 4, NULL), 1);
	trust_free(t);
}

/* What is too thin is none; handing on dust makes no crowd trusted. */
static void
test_floor(void **state)
{
	struct trust_attestation a[1 + 20];
	struct trust *t;

	(void)state;
	a[0] = vouch(0, 1, 1000);
	for (unsigned i = 0; i < 20; i++)
		a[1 + i] = vouch(1, 2 + i, 1000);
	t = trust_made(keys[0], 1, a, 1 + 8);
	assert_int_equal(trust_of(t, keys[2]), TRUST_FLOOR);
	trust_free(t);
	t = trust_made(keys[0], 1, a, 1 + 9);
	assert_int_equal(trust_of(t, keys[2]), 0);
	trust_free(t);
}

static void
test_links_are_one_party(void **state)
{
	const struct trust_attestation a[] = { vouch(0, 1, 1000),
		vouch(3, 4, 1000) };
	struct trust_link links[2];
	const struct trust_input in = { .anchors = keys[0],
		.anchors_n = 1,
		.attestations = a,
		.attestations_n = 2,
		.links = links,
		.links_n = 2 };
	struct trust *t;

	(void)state;
	memcpy(links[0].a, keys[2], TRUST_KEY);
	memcpy(links[0].b, keys[1], TRUST_KEY);
	memcpy(links[1].a, keys[3], TRUST_KEY);
	memcpy(links[1].b, keys[2], TRUST_KEY);
	assert_int_equal(trust_new(&in, &t), OK);
	assert_int_equal(trust_of(t, keys[3]), TRUST_ONE / 2);
	assert_int_equal(trust_of(t, keys[4]), TRUST_ONE / 4);
	assert_memory_equal(trust_party(t, keys[3]), keys[1], TRUST_KEY);
	assert_memory_equal(trust_party(t, keys[9]), keys[9], TRUST_KEY);
	trust_free(t);
}

static void
test_bounds_of_the_input(void **state)
{
	struct trust_attestation one = vouch(0, 1, 1000);
	const struct trust_input over[] = {
		{ .anchors = keys[0], .anchors_n = TRUST_ANCHORS_MAX + 1 },
		{ .attestations = &one, .attestations_n = TRUST_EDGES_MAX + 1 },
		{ .links_n = TRUST_LINKS_MAX + 1 },
	};
	const struct trust_input none = { 0 };
	struct trust *t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(over); i++) {
		assert_int_equal(trust_new(&over[i], &t), ERR_LIMIT);
		assert_null(t);
	}
	assert_int_equal(trust_new(&none, &t), OK);
	assert_int_equal(trust_of(t, keys[0]), 0);
	trust_free(t);
}

static void
test_why(void **state)
{
	const struct trust_attestation a[] = { vouch(0, 2, 1000),
		vouch(1, 2, 400), vouch(0, 3, 1000), vouch(3, 2, 1000),
		vouch(2, 3, 1000), vouch(3, 4, 1000), vouch(2, 4, 1000) };
	struct trust *t = trust_made(keys[0], 2, a, ARRAY_LEN(a));
	struct trust_path p[8];
	size_t total, n = trust_why(t, keys[2], p, 8, &total);
	uint32_t sum = 0;

	(void)state;
	assert_int_equal(n, 3);
	assert_int_equal(total, 3);
	for (size_t i = 0; i < n; i++)
		sum += p[i].amount;
	assert_int_equal(sum, trust_of(t, keys[2]));
	assert_int_equal(p[0].steps, 1);
	assert_int_equal(p[0].amount, TRUST_ONE / 2);
	assert_memory_equal(p[0].keys[0], keys[0], TRUST_KEY);
	assert_memory_equal(p[0].keys[1], keys[2], TRUST_KEY);
	assert_int_equal(p[1].amount, 32768 * 400 / 1000);
	assert_int_equal(p[2].steps, 2);
	assert_memory_equal(p[2].keys[1], keys[3], TRUST_KEY);
	/* only the best fit in */
	assert_int_equal(trust_why(t, keys[2], p, 1, &total), 1);
	assert_int_equal(total, 3);
	assert_int_equal(p[0].amount, TRUST_ONE / 2);
	assert_int_equal(trust_why(t, keys[1], p, 8, NULL), 1);
	assert_int_equal(p[0].steps, 0);
	assert_int_equal(p[0].amount, TRUST_ONE);
	assert_int_equal(trust_why(t, keys[9], p, 8, NULL), 0);
	trust_free(t);
}

static bool
in_ring(void *arg, const uint8_t key[TRUST_KEY])
{
	return key[0] >= *(const uint8_t *)arg;
}

struct sum {
	uint8_t first;
	uint64_t tau;
};

static void
add_ring(void *arg, const uint8_t key[TRUST_KEY], uint32_t tau)
{
	struct sum *s = arg;

	assert_true(tau <= TRUST_ONE);
	if (key[0] >= s->first)
		s->tau += tau;
}

static size_t
random_graph(uint64_t *r, struct trust_attestation *a)
{
	const size_t n = 5 + below(r, 60);

	for (size_t i = 0; i < n; i++) {
		a[i] = vouch(below(r, KEYS), below(r, KEYS),
		    (uint16_t)(below(r, 4) ? 1000 : 1 + below(r, 1000)));
		if (below(r, 4) == 0)
			a[i].vouches = (uint8_t)(1 + below(r, 63));
	}
	return n;
}

/* However a set is wired inside, it has at most 7/4 of what flows in. */
static void
test_conservation(void **state)
{
	uint64_t r = 1;
	unsigned some = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct trust_attestation a[80];
		const size_t n = random_graph(&r, a);
		struct sum s = { (uint8_t)(2 + below(&r, KEYS - 2)), 0 };
		struct trust *t = trust_made(keys[0], 2, a, n);
		const uint64_t inflow = trust_inflow(t, in_ring, &s.first);
		trust_each(t, add_ring, &s);
		assert_true(4 * s.tau <= 7 * inflow);
		some += s.tau > 0;
		trust_free(t);
	}
	assert_true(some > 1000);
}

/* Order and repetition change no byte; paths sum to tau. */
static void
test_order(void **state)
{
	uint64_t r = 7;

	(void)state;
	for (unsigned round = 0; round < 1000; round++) {
		struct trust_attestation a[160];
		size_t n = random_graph(&r, a);
		struct trust *before = trust_made(keys[0], 2, a, n), *after;
		struct trust_path p[512];
		unsigned full = 0; /* the anchors, and who was cut to 1 */
		a[n] = a[below(&r, (uint32_t)n)];
		n++;
		for (size_t i = n - 1; i > 0; i--) {
			const size_t k = below(&r, (uint32_t)i + 1);
			const struct trust_attestation x = a[i];
			a[i] = a[k];
			a[k] = x;
		}
		after = trust_made(keys[0], 2, a, n);
		for (unsigned i = 0; i < KEYS; i++)
			full += trust_of(after, keys[i]) == TRUST_ONE;
		for (unsigned i = 0; i < KEYS; i++) {
			const uint32_t tau = trust_of(before, keys[i]);
			uint32_t sum = 0;
			size_t total;
			assert_int_equal(tau, trust_of(after, keys[i]));
			const size_t paths =
			    trust_why(after, keys[i], p, ARRAY_LEN(p), &total);
			assert_int_equal(paths, total);
			for (size_t k = 0; k < paths; k++)
				sum += p[k].amount;
			if (tau > 0)
				assert_true(sum + 4 * paths >= tau);
			else
				assert_true(sum < TRUST_FLOOR || full > 2);
			if (tau > 0 && full == 2)
				assert_true(sum <= tau + 8 * paths);
		}
		trust_free(before);
		trust_free(after);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_halves_at_each_step),
		cmocka_unit_test(test_budget_is_shared),
		cmocka_unit_test(test_repeats_change_nothing),
		cmocka_unit_test(test_circles_bring_nothing),
		cmocka_unit_test(test_what_is_vouched_for),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_links_are_one_party),
		cmocka_unit_test(test_bounds_of_the_input),
		cmocka_unit_test(test_why),
		cmocka_unit_test(test_conservation),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
