/* Scopes: what is in them, what two have in common, which covers which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/record/scope.h"
#include "tests/unit/test_env.h"

#define HOUR 490000

static const char *const regions[] = { "at", "de", "fr", "zz" };

static struct scope
random_scope(struct test_env *t)
{
	struct scope s = scope_all();

	if (test_below(t, 2) == 0)
		s.class_mask = (uint32_t)test_below(t, SCOPE_ALL_CLASSES + 1);
	if (test_below(t, 2) == 0) {
		s.kinds[0] = test_random(t);
		s.kinds[1] = test_random(t);
	}
	if (test_below(t, 2) == 0)
		s.since_h = HOUR + (uint32_t)test_below(t, 20);
	for (size_t n = test_below(t, 4); n > 0; n--)
		assert_int_equal(
		    scope_add_region(
			&s, regions[test_below(t, ARRAY_LEN(regions))]),
		    OK);
	if (test_below(t, 2) == 0) {
		s.samples[0].salt[3] = (uint8_t)test_below(t, 2);
		s.samples[0].below = (uint32_t)test_random(t) - 1;
	}
	return s;
}

/* A record's share in scopes. */
struct sample {
	uint32_t kind;
	const char *region;
	uint64_t hour;
	uint8_t author[SCOPE_AUTHOR];
};

static struct sample
random_sample(struct test_env *t)
{
	struct sample r = { .kind = (uint32_t)test_below(t, 130),
		.region = regions[test_below(t, ARRAY_LEN(regions))],
		.hour = HOUR - 3 + test_below(t, 25) };

	if (test_below(t, 2) == 0)
		r.kind = 1 + (uint32_t)test_below(t, KIND_LAST);
	put_u64be(r.author, test_random(t));
	return r;
}

static bool
has(const struct scope *s, const struct sample *r)
{
	return scope_has(s, r->kind, r->region, r->hour, r->author);
}

static void
test_meet_is_both(void **state)
{
	struct test_env t;
	unsigned in = 0, covers = 0;

	(void)state;
	test_env_init(&t, 1);
	for (unsigned i = 0; i < 3000; i++) {
		const struct scope a = random_scope(&t), b = random_scope(&t);
		struct scope both, again;
		assert_int_equal(scope_meet(&a, &b, &both), OK);
		assert_int_equal(scope_meet(&b, &a, &again), OK);
		assert_true(scope_equal(&both, &again));
		assert_true(scope_covers(&a, &both));
		assert_true(scope_covers(&b, &both));
		const bool covered = scope_covers(&a, &b);
		covers += covered;
		for (unsigned k = 0; k < 20; k++) {
			const struct sample r = random_sample(&t);
			assert_int_equal(
			    has(&both, &r), has(&a, &r) && has(&b, &r));
			if (covered && has(&b, &r))
				assert_true(has(&a, &r));
			in += has(&both, &r);
			if (r.kind == KIND_REVOCATION)
				assert_true(has(&both, &r));
		}
	}
	assert_true(in > 1000 && covers > 30); /* not all one way */
}

static void
test_all_and_none(void **state)
{
	const struct scope all = scope_all(), none = scope_none();
	struct test_env t;

	(void)state;
	test_env_init(&t, 2);
	for (unsigned i = 0; i < 1000; i++) {
		const struct sample r = random_sample(&t);
		assert_int_equal(has(&all, &r), kind_info(r.kind) != NULL);
		assert_int_equal(has(&none, &r), r.kind == KIND_REVOCATION);
	}
	assert_true(scope_covers(&all, &none));
	assert_false(scope_covers(&none, &all));
	assert_true(scope_covers(&none, &none));
}

static void
test_regions(void **state)
{
	struct scope s = scope_all();
	char region[2];

	(void)state;
	assert_int_equal(scope_add_region(&s, "DE"), ERR_FORM);
	assert_int_equal(scope_add_region(&s, "d1"), ERR_FORM);
	for (unsigned i = 0; i < SCOPE_REGIONS; i++) {
		region[0] = 'z';
		region[1] = (char)('z' - i % 26);
		region[0] = (char)(region[0] - (int)(i / 26));
		assert_int_equal(scope_add_region(&s, region), OK);
		assert_int_equal(scope_add_region(&s, region), OK);
		assert_int_equal(s.regions_n, i + 1);
	}
	for (unsigned i = 1; i < SCOPE_REGIONS; i++)
		assert_true(memcmp(s.regions[i - 1], s.regions[i], 2) < 0);
	assert_int_equal(scope_add_region(&s, "aa"), ERR_LIMIT);
}

/* Two salts on each side are more than a scope holds. */
static void
test_samples(void **state)
{
	struct scope a = scope_all(), b = scope_all(), c = scope_all(), out;

	(void)state;
	a.samples[0] = (struct scope_sample){ { 1 }, 100 };
	b.samples[0] = (struct scope_sample){ { 2 }, 200 };
	c.samples[0] = (struct scope_sample){ { 3 }, 300 };
	assert_int_equal(scope_meet(&b, &a, &out), OK);
	assert_int_equal(out.samples[0].salt[0], 1);
	assert_int_equal(out.samples[1].below, 200);
	assert_int_equal(scope_meet(&out, &c, &c), ERR_LIMIT);
	const struct scope none = scope_none();
	assert_true(scope_equal(&c, &none));
	/* The smaller of one salt. */
	b.samples[0].salt[0] = 1;
	assert_int_equal(scope_meet(&a, &b, &out), OK);
	assert_int_equal(out.samples[0].below, 100);
	assert_int_equal(out.samples[1].below, SCOPE_EVERYBODY);
	assert_true(scope_covers(&b, &a));
	assert_false(scope_covers(&a, &b));
}

/* A sample of half has about half of the authors. */
static void
test_sample_share(void **state)
{
	struct scope s = scope_all();
	struct test_env t;
	unsigned n = 0;

	(void)state;
	test_env_init(&t, 3);
	s.samples[0] = (struct scope_sample){ { 9, 8, 7 }, 1U << 31 };
	for (unsigned i = 0; i < 4000; i++) {
		uint8_t author[SCOPE_AUTHOR];
		put_u64be(author, test_random(&t));
		n += scope_has(&s, KIND_DEMAND, "de", HOUR, author);
	}
	assert_in_range(n, 1850, 2150);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meet_is_both),
		cmocka_unit_test(test_all_and_none),
		cmocka_unit_test(test_regions),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_sample_share),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
