#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "match/assess.h"

#define TERM(n) (0x0102030405060700U + (n))

static uint32_t seed = 7;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525U + 1013904223U;
	return (seed >> 8) % below;
}

/* An adaptive one about ${terms} terms: ${each} items of each level. */
static void
make_bank(struct assessment *a, unsigned terms, unsigned each, bool adaptive)
{
	*a = (struct assessment){ .measures_n = (uint16_t)terms,
		.adaptive = adaptive,
		.items_max = ASSESS_ITEMS_MAX,
		.confidence = ASSESS_CONFIDENT };
	for (unsigned m = 0; m < terms; m++) {
		a->measures[m] =
		    (struct assess_measure){ TERM(m), 1, LEVEL_MAX };
		for (unsigned i = 0; i < each * LEVEL_MAX; i++)
			a->items[a->items_n++] = (struct assess_item){
				.measure = (uint8_t)m,
				.type = ASSESS_SINGLE,
				.options_n = 5,
				.level = (uint8_t)(1 + i % LEVEL_MAX),
				.key = 2,
			};
	}
}

static struct assess_answer
given(int64_t value)
{
	return (struct assess_answer){ ASSESS_GIVEN, value };
}

/* Somebody of ${level} answers until nothing is asked any more. */
static unsigned
take(const struct assessment *a, unsigned level, struct assess_answers *w)
{
	unsigned n = 0;

	*w = (struct assess_answers){ 0 };
	for (uint16_t i; (i = assess_next(a, w)) != ASSESS_DONE; n++) {
		const bool knows = a->items[i].level <= level;
		const unsigned luck = draw(100);
		assert_int_equal(w->of[i].state, ASSESS_OPEN);
		assert_int_equal(assess_answer(a, w, i,
				     given(luck < (knows ? 90U : 15U) ? 2 : 0)),
		    OK);
		assert_true(n < a->items_n);
	}
	return n;
}

static void
test_adaptive_ends_and_finds(void **state)
{
	struct assessment a;
	struct assess_answers w;
	struct assess_level out[ASSESS_MEASURES_MAX];
	unsigned exact = 0, near = 0, asked = 0;

	(void)state;
	make_bank(&a, 1, 6, true);
	for (unsigned i = 0; i < 600; i++) {
		const unsigned level = i % ASSESS_LEVELS;
		asked += take(&a, level, &w);
		assess_levels(&a, &w, out);
		exact += out[0].level == level;
		near +=
		    out[0].level + 1U >= level && out[0].level <= level + 1U;
		assert_true(out[0].low <= out[0].high);
	}
	/* Of 12,000 such people 65 % are found exactly, 98 % within one. */
	assert_true(exact >= 600 * 62 / 100);
	assert_true(near >= 600 * 93 / 100);
	assert_true(asked < 600 * 20); /* of 30: it stops early */
}

/* The order of the answers changes nothing, nor does asking twice. */
static void
test_order(void **state)
{
	struct assessment a;
	struct assess_answers w = { 0 }, back = { 0 };
	struct assess_level one[ASSESS_MEASURES_MAX];
	struct assess_level two[ASSESS_MEASURES_MAX];

	(void)state;
	make_bank(&a, 3, 4, true);
	for (unsigned round = 0; round < 50; round++) {
		(void)take(&a, draw(6), &w);
		back = (struct assess_answers){ 0 };
		for (unsigned i = a.items_n; i-- > 0;)
			assert_int_equal(
			    assess_answer(&a, &back, i, w.of[i]), OK);
		assess_levels(&a, &w, one);
		assess_levels(&a, &back, two);
		for (unsigned m = 0; m < a.measures_n; m++) {
			assert_int_equal(one[m].level, two[m].level);
			assert_int_equal(one[m].confidence, two[m].confidence);
		}
		assert_int_equal(assess_next(&a, &w), assess_next(&a, &back));
	}
}

static struct assess_answer
any_answer(const struct assess_item *it)
{
	switch (it->type) {
	case ASSESS_SELF:
		return given(draw(6));
	case ASSESS_CHECKLIST:
		return given(draw(1U << it->options_n));
	default:
		return given(draw(2) == 0 ? it->key : (it->key + 1) % 4);
	}
}

/* A better answer to the same item; false: there is none. */
static bool
better(const struct assess_item *it, struct assess_answer *w)
{
	if (it->type == ASSESS_SELF && w->value < LEVEL_MAX) {
		w->value++;
		return true;
	}
	if (it->type == ASSESS_CHECKLIST) {
		const int64_t more = w->value | INT64_C(1) << draw(4);
		const bool is = more != w->value;
		w->value = more;
		return is;
	}
	if (it->type == ASSESS_SELF || w->value == it->key)
		return false;
	w->value = it->key;
	return true;
}

/* A better answer never gives a lower level. */
static void
test_monotone(void **state)
{
	struct assess_level before[ASSESS_MEASURES_MAX];
	struct assess_level after[ASSESS_MEASURES_MAX];

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct assessment a = { .measures_n = 1,
			.items_n = (uint16_t)(1 + draw(9)),
			.measures = { { TERM(0), 1, LEVEL_MAX } } };
		struct assess_answers w = { 0 };
		for (unsigned i = 0; i < a.items_n; i++) {
			struct assess_item *it = &a.items[i];
			*it = (struct assess_item){ .type =
							(uint8_t)(1 + draw(5)),
				.options_n = 4,
				.level = (uint8_t)(1 + draw(5)),
				.key = draw(4) };
			for (unsigned k = 0; k < 4; k++)
				it->levels[k] = (uint8_t)(1 + draw(5));
			w.of[i] = any_answer(it);
		}
		const unsigned at = draw(a.items_n);
		assess_levels(&a, &w, before);
		if (!better(&a.items[at], &w.of[at]))
			continue;
		assess_levels(&a, &w, after);
		assert_true(after[0].level >= before[0].level);
		assert_true(after[0].low >= before[0].low);
	}
}

/* What SPEC.md works out by hand. */
static void
test_example(void **state)
{
	struct assessment a = { .measures_n = 1,
		.items_n = 3,
		.measures = { { TERM(0), 1, LEVEL_MAX } },
		.items = { { .type = ASSESS_SINGLE,
			       .options_n = 4,
			       .level = 3,
			       .key = 1 },
		    { .type = ASSESS_SINGLE,
			.options_n = 4,
			.level = 4,
			.key = 0 },
		    { .type = ASSESS_SELF } } };
	struct assess_answers w = { .of = { given(1), given(2), given(3) } };
	struct assess_level out[ASSESS_MEASURES_MAX];

	(void)state;
	assess_levels(&a, &w, out);
	assert_int_equal(out[0].level, 3);
	assert_int_equal(out[0].confidence, 604);
	assert_int_equal(out[0].basis, ASSESS_ANSWERS);
	w = (struct assess_answers){ .of = { [2] = given(3) } };
	assess_levels(&a, &w, out);
	assert_int_equal(out[0].level, 3);
	assert_int_equal(out[0].basis, ASSESS_OWN_WORD);
	assert_int_equal(out[0].confidence, 480);
	w.of[2] = given(5);
	assess_levels(&a, &w, out);
	assert_int_equal(out[0].level, 5);
	assert_int_equal(out[0].confidence, ASSESS_OWN_WORD_MAX);
	w = (struct assess_answers){ .of = { { ASSESS_SKIPPED, 0 } } };
	assess_levels(&a, &w, out);
	assert_int_equal(out[0].basis, ASSESS_NOTHING);
	assert_int_equal(out[0].confidence, 0);
}

static void
test_hidden_keys(void **state)
{
	struct assessment a;

	(void)state;
	make_bank(&a, 1, 1, false);
	memset(a.salt, 9, sizeof(a.salt));
	a.items[1].hidden = true;
	a.items[1].key = 0;
	answer_hash(a.items[1].key_hash, a.salt, 1, 3);
	assert_true(assess_right(&a, 1, given(3)));
	assert_false(assess_right(&a, 1, given(2)));
	a.salt[0] ^= 1;
	assert_false(assess_right(&a, 1, given(3)));
}

static void
test_bad_answers(void **state)
{
	struct assessment a;
	struct assess_answers w = { 0 };

	(void)state;
	make_bank(&a, 1, 1, false);
	a.items[0].type = ASSESS_SELF;
	a.items[1].type = ASSESS_CHECKLIST;
	assert_int_equal(assess_answer(&a, &w, 5, given(0)), ERR_NOTFOUND);
	assert_int_equal(assess_answer(&a, &w, 0, given(6)), ERR_FORM);
	assert_int_equal(assess_answer(&a, &w, 0, given(-1)), ERR_FORM);
	assert_int_equal(assess_answer(&a, &w, 0,
			     (struct assess_answer){ ASSESS_UNKNOWN, 0 }),
	    ERR_FORM);
	assert_int_equal(assess_answer(&a, &w, 1, given(32)), ERR_FORM);
	assert_int_equal(assess_answer(&a, &w, 1, given(31)), OK);
	assert_int_equal(assess_answer(&a, &w, 2, given(5)), ERR_FORM);
	assert_int_equal(assess_answer(&a, &w, 2,
			     (struct assess_answer){ ASSESS_UNKNOWN, 0 }),
	    OK);
}

/* ---- signed results ---- */

struct signer {
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
};

static struct signer
signer(uint8_t n)
{
	struct signer s;
	uint8_t bytes[ED25519_SEED] = { n };

	ed25519_keypair(s.pub, s.secret, bytes);
	return s;
}

#define NOW_H 500000U

static struct assess_result
result_of(const struct signer *s, const uint8_t *author, const uint8_t *person)
{
	struct assess_result r = { .net = "test-a",
		.slot = 3,
		.taken_h = NOW_H - 5,
		.expires_h = NOW_H + 100,
		.nonce = { 1, 2, 3 },
		.levels_n = 2,
		.levels = { { TERM(0), 4, 910 }, { TERM(1), 0, 0 } } };

	memcpy(r.assessor, s->pub, sizeof(r.assessor));
	memcpy(r.author, author, sizeof(r.author));
	memcpy(r.person, person, sizeof(r.person));
	return r;
}

static void
test_results(void **state)
{
	static _Alignas(16) uint8_t space[VALUE_ARENA_BYTES * 2];
	struct arena arena = arena_of(space, sizeof(space));
	const struct signer s = signer(1), other = signer(2), me = signer(3);
	struct assessment a;
	struct assess_result r = result_of(&s, other.pub, me.pub), back;
	uint8_t bytes[ASSESS_RESULT_MAX], id[RECORD_ID];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct assess_expected e = { &a, other.pub, 3, me.pub, "test-a",
		(uint64_t)NOW_H * 3600 };

	(void)state;
	make_bank(&a, 2, 1, false);
	a.external = true;
	memcpy(a.external_key, s.pub, sizeof(s.pub));
	assert_int_equal(assess_result_sign(&r, other.secret, &out), ERR_FORM);
	assert_int_equal(assess_result_sign(&r, s.secret, &out), OK);
	assert_int_equal(
	    assess_result_read(buf_slice(&out), &arena, &back, id), OK);
	assert_memory_equal(&r, &back, sizeof(r));
	assert_int_equal(assess_result_judge(&back, &e), ASSESS_ACCEPTED);
	/* Any bit that changes. */
	for (size_t i = 0; i < out.n * 8; i += 5) {
		arena_reset(&arena);
		bytes[i / 8] ^= (uint8_t)(1U << i % 8);
		assert_int_not_equal(
		    assess_result_read(buf_slice(&out), &arena, &back, id), OK);
		bytes[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	e.net = "test-b";
	assert_int_equal(assess_result_judge(&r, &e), ASSESS_OTHER_NET);
	e.net = "test-a";
	e.person = other.pub;
	assert_int_equal(assess_result_judge(&r, &e), ASSESS_OTHER_PERSON);
	e.person = me.pub;
	e.slot = 4;
	assert_int_equal(assess_result_judge(&r, &e), ASSESS_NO_ASSESSMENT);
	e.slot = 3;
	e.now_s = (uint64_t)(NOW_H + 100) * 3600;
	assert_int_equal(assess_result_judge(&r, &e), ASSESS_EXPIRED);
	e.now_s = (uint64_t)(NOW_H - 50) * 3600;
	assert_int_equal(assess_result_judge(&r, &e), ASSESS_FROM_FUTURE);
	e.now_s = (uint64_t)NOW_H * 3600;
	a.measures[0].to = 3;
	assert_int_equal(assess_result_judge(&r, &e), ASSESS_NOT_MEASURED);
	a.measures[0].to = 5;
	a.external_key[0] ^= 1;
	assert_int_equal(assess_result_judge(&r, &e), ASSESS_OTHER_ASSESSOR);
	a.external = false;
	assert_int_equal(assess_result_judge(&r, &e), ASSESS_NOT_EXTERNAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adaptive_ends_and_finds),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_monotone),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_hidden_keys),
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_results),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
