/*
 * Facts as leaves, and what a cheating person could send of them in a
 * conversation: each has its outcome, and none of it is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/evidence/shown.h"
#include "test_records.h"

static uint8_t scratch_bytes[PRESENTATION_SCRATCH_BYTES];
static struct arena scratch;
static const uint8_t key[32] = { 5 };
static const uint8_t tree_id[CLAIM_TREE_ID] = { 1 },
		     tree_2[CLAIM_TREE_ID] = { 2 };
static const uint8_t nonce[16] = { 3 }, old_nonce[16] = { 4 };
static const uint8_t talk[16] = { 6 }, other_talk[16] = { 7 };
static const uint8_t zeros[16];

static json_t *
leaves(void)
{
	json_t *o =
	    json_pack("[{s:s,s:s},{s:s,s:b},{s:s,s:i,s:i},{s:s,s:i,s:i}]",
		"name", "name", "value", "Lea", "name", "licence", "value", 1,
		"name", "years:welding", "number", 12, "max", 60, "name",
		"skills:00000000000000aa", "number", 4, "max", 5);

	assert_non_null(o);
	return o;
}

static struct shown_from
asked_for(const json_t *asked)
{
	static struct test_author company, person;

	company = test_author(1);
	person = test_author(2);
	return (struct shown_from){ .net = slice_str(TEST_NET),
		.verifier = company.pub,
		.holder = person.pub,
		.nonce = nonce,
		.conversation = talk,
		.asked = asked,
		.now_s = TEST_NOW };
}

struct made {
	uint8_t bytes[PRESENTATION_MAX];
	size_t n;
};

static void
make(struct made *m, uint64_t who, uint64_t verifier, const uint8_t *answers,
    const uint8_t *id, const struct claim_choice *choices, size_t n)
{
	struct fact_tree *t = malloc(sizeof(*t));
	json_t *list = leaves();
	const struct test_author holder = test_author(who);
	const struct test_author to_whom = test_author(verifier);
	struct presentation_for to = { .net = slice_str(TEST_NET),
		.made = (uint32_t)TEST_HOUR };
	struct buf out = { m->bytes, 0, sizeof(m->bytes) };

	memcpy(to.verifier, to_whom.pub, ED25519_PUBLIC);
	memcpy(to.nonce, answers, 16);
	assert_int_equal(facts_tree(list, key, id, t), OK);
	assert_int_equal(presentation_write(&t->tree, t->claims, choices, n,
			     &to, holder.secret, &scratch, &out),
	    OK);
	m->n = out.n;
	json_decref(list);
	free(t);
}

static void
expect(const struct made *m, const struct shown_from *from,
    enum evidence_fault want, const char *what)
{
	struct presentation p;
	bool unasked;
	const enum evidence_fault f =
	    shown_open(slice_of(m->bytes, m->n), from, &scratch, &p, &unasked);

	if (f != want)
		fail_msg("%s: %s, not %s", what, evidence_fault_name(f),
		    evidence_fault_name(want));
}

static const struct claim_choice years[] = { { 2, CLAIM_AT_LEAST, 10, 12 } };
static const struct claim_choice licence[] = { { 1, 0, 0, 0 } };
static const struct claim_choice both[] = { { 2, CLAIM_AT_LEAST, 10, 12 },
	{ 1, 0, 0, 0 } };

static void
test_answers(void **state)
{
	json_t *asked = json_pack("[s,s]", "years", "skills");
	struct shown_from from = asked_for(asked);
	struct made m;
	struct presentation p;
	bool unasked;

	(void)state;
	make(&m, 2, 1, nonce, tree_id, years, 1);
	assert_int_equal(
	    shown_open(slice_of(m.bytes, m.n), &from, &scratch, &p, &unasked),
	    EVIDENCE_FINE);
	assert_false(unasked);
	json_t *leaf = shown_leaf(&p.claims[0]);
	assert_string_equal(
	    json_string_value(json_object_get(leaf, "name")), "years:welding");
	assert_int_equal(
	    json_integer_value(json_object_get(leaf, "at_least")), 10);
	assert_true(json_is_null(json_object_get(leaf, "at_most")));
	assert_int_equal(json_integer_value(json_object_get(leaf, "max")), 60);
	json_decref(leaf);
	/* Once more is the same. */
	expect(&m, &from, EVIDENCE_FINE, "again");

	/* Of one's own accord: whatever it is, and it is said so. */
	make(&m, 2, 1, talk, tree_id, both, 2);
	assert_int_equal(
	    shown_open(slice_of(m.bytes, m.n), &from, &scratch, &p, &unasked),
	    EVIDENCE_FINE);
	assert_true(unasked);
	from.nonce = zeros;
	expect(&m, &from, EVIDENCE_FINE, "never asked");

	/* A hand has no card: the holder is not known before. */
	from.holder = NULL;
	make(&m, 9, 1, talk, tree_id, licence, 1);
	expect(&m, &from, EVIDENCE_FINE, "any holder");
	json_decref(asked);
}

static void
test_cheating(void **state)
{
	json_t *asked = json_pack("[s,s]", "years", "skills");
	const struct shown_from from = asked_for(asked);
	struct shown_from other = from;
	struct made m;

	(void)state;
	make(&m, 2, 1, nonce, tree_id, licence, 1);
	expect(&m, &from, EVIDENCE_NOT_ASKED, "not asked for");
	make(&m, 2, 1, nonce, tree_id, both, 2);
	expect(&m, &from, EVIDENCE_NOT_ASKED, "one of two not asked for");
	make(&m, 2, 1, old_nonce, tree_id, years, 1);
	expect(&m, &from, EVIDENCE_WRONG_NONCE, "an answer to an older ask");
	make(&m, 2, 1, other_talk, tree_id, years, 1);
	expect(&m, &from, EVIDENCE_WRONG_NONCE, "of another conversation");
	make(&m, 3, 1, nonce, tree_id, years, 1);
	expect(&m, &from, EVIDENCE_WRONG_HOLDER, "somebody else's facts");
	make(&m, 2, 9, nonce, tree_id, years, 1);
	expect(&m, &from, EVIDENCE_WRONG_VERIFIER, "made for another company");
	make(&m, 2, 1, nonce, tree_id, years, 1);
	other.net = slice_str("elsewhere");
	expect(&m, &other, EVIDENCE_WRONG_NET, "of another network");
	other = from;
	other.now_s = TEST_NOW - 7200;
	expect(&m, &other, EVIDENCE_FROM_FUTURE, "made later than now");
	m.n--;
	expect(&m, &from, EVIDENCE_NOT_CANONICAL, "cut short");
	json_decref(asked);
}

/* Signed again by its holder after a change: the tree gives it away. */
static void
test_altered(void **state)
{
	json_t *asked = json_pack("[s,s]", "licence", "years");
	const struct shown_from from = asked_for(asked);
	const struct test_author holder = test_author(2);
	static uint8_t memory[PRESENTATION_SCRATCH_BYTES];
	struct arena mine = arena_of(memory, sizeof(memory));
	struct made a, b;
	struct value all, body, outer[3];
	uint8_t raw[PRESENTATION_MAX], sig[ED25519_SIG];

	(void)state;
	make(&a, 2, 1, nonce, tree_id, licence, 1);
	make(&b, 2, 1, nonce, tree_2, licence, 1);
	for (int kind = 0; kind < 2; kind++) {
		struct made out;
		struct buf text = { raw, 0, sizeof(raw) };
		struct buf whole = { out.bytes, 0, sizeof(out.bytes) };
		arena_reset(&mine);
		assert_int_equal(
		    value_parse(slice_of(a.bytes, a.n), &mine, &all), OK);
		static uint8_t copy[PRESENTATION_MAX];
		memcpy(copy, all.items[0].s.p, all.items[0].s.n);
		const struct slice content = slice_of(copy, all.items[0].s.n);
		if (kind == 0) {
			/* the yes becomes a no: claim [licence, true] */
			size_t i = 0;
			while (memcmp(copy + i, "licence\xc3", 8) != 0)
				i++;
			copy[i + 7] = 0xc2;
		}
		arena_reset(&mine);
		assert_int_equal(value_parse(content, &mine, &body), OK);
		if (kind == 1) {
			/* the leaf of one tree under the root of another */
			struct value all_b, body_b;
			static uint8_t more[PRESENTATION_SCRATCH_BYTES];
			struct arena second = arena_of(more, sizeof(more));
			assert_int_equal(value_parse(slice_of(b.bytes, b.n),
					     &second, &all_b),
			    OK);
			assert_int_equal(
			    value_parse(all_b.items[0].s, &second, &body_b),
			    OK);
			*(struct slice *)(uintptr_t)&value_find(&body, 12)->s =
			    value_find(&body_b, 12)->s;
			assert_int_equal(value_write(&body, &text), OK);
		} else {
			assert_int_equal(value_write(&body, &text), OK);
		}
		static uint8_t third[PRESENTATION_SCRATCH_BYTES];
		struct arena check = arena_of(third, sizeof(third));
		assert_int_equal(
		    presentation_body_sign(buf_slice(&text),
			slice_str(TEST_NET), holder.secret, &check, sig),
		    OK);
		outer[0] = value_bin(buf_slice(&text));
		outer[1] = value_uint(1);
		outer[2] = value_bin(slice_of(sig, sizeof(sig)));
		const struct value o = value_array(outer, 3);
		assert_int_equal(value_write(&o, &whole), OK);
		out.n = whole.n;
		expect(&out, &from, EVIDENCE_BAD_PATH,
		    kind == 0 ? "altered" : "another tree's");
	}
	expect(&a, &from, EVIDENCE_FINE, "as it was");
	json_decref(asked);
}

static void
test_facts(void **state)
{
	static const struct {
		const char *json;
		err want;
	} cases[] = {
		{ "{}", OK },
		{ "{\"name\":\"Lea\",\"licence\":true}", OK },
		{ "{\"years\":{\"number\":3,\"max\":60}}", OK },
		{ "{\"years\":{\"number\":61,\"max\":60}}", ERR_FORM },
		{ "{\"years\":{\"number\":1,\"max\":1001}}", ERR_FORM },
		{ "{\"years\":-1}", ERR_FORM },
		{ "{\"bad name\":\"x\"}", ERR_FORM },
		{ "{\":x\":\"x\"}", ERR_FORM },
		{ "{\"a::b\":\"x\"}", ERR_FORM },
		{ "{\"a\":\"\"}", ERR_FORM },
		{ "{\"a\":\"x\\u202ey\"}", ERR_FORM },
		{ "[]", ERR_FORM },
	};
	char why[FACTS_WHY];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *o = json_loads(cases[i].json, 0, NULL);
		if (facts_check(o, why) != cases[i].want)
			fail_msg("%s", cases[i].json);
		json_decref(o);
	}
	assert_true(fact_covers("skills", "skills:x"));
	assert_true(fact_covers("skills", "skills"));
	assert_false(fact_covers("skill", "skills:x"));
	assert_false(fact_covers("skills:x", "skills"));
	assert_true(fact_is_identity("email:work"));
	assert_false(fact_is_identity("names"));
}

/* Numbers that were given out keep their meaning. */
static void
test_renew(void **state)
{
	json_t *sheet = json_array(), *now = leaves();

	(void)state;
	assert_true(facts_renew(sheet, now));
	assert_int_equal(json_array_size(sheet), 4);
	assert_false(facts_renew(sheet, now));
	json_object_set_new(json_array_get(now, 2), "number", json_integer(13));
	assert_int_equal(json_array_remove(now, 0), 0);
	assert_true(facts_renew(sheet, now));
	assert_int_equal(json_array_size(sheet), 5);
	assert_true(
	    json_is_true(json_object_get(json_array_get(sheet, 0), "old")));
	assert_true(
	    json_is_true(json_object_get(json_array_get(sheet, 2), "old")));
	assert_int_equal(json_integer_value(json_object_get(
			     json_array_get(sheet, 4), "number")),
	    13);
	/* Full: what is new stays out, and nothing moves. */
	for (int i = 0; i < 80; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "n%d", i);
		json_array_append_new(
		    now, json_pack("{s:s,s:b}", "name", name, "value", 1));
	}
	assert_true(facts_renew(sheet, now));
	assert_int_equal(json_array_size(sheet), CLAIM_LEAVES);
	assert_false(facts_renew(sheet, now));
	json_decref(sheet);
	json_decref(now);
}

/* What wishes and a card become; private skills come before the card's. */
static void
test_leaves(void **state)
{
	struct wishes w = {
		.floor = { .min = 315001, .currency = "EUR", .period = 4 },
		.hours_week_max = 30,
		.contract_mask = 1U << 2,
		.skills_n = 1
	};
	json_t *card = json_loads("{\"skills\":[{\"term\":\"00000000000000aa\","
				  "\"level\":3},{\"term\":\"00000000000000bb\","
				  "\"level\":2}],\"languages\":[{\"language\":"
				  "\"de\",\"cefr\":7}]}",
	    0, NULL);
	static const struct {
		const char *name;
		int number, max;
	} want[] = { { "pay_floor:EUR:month", 32, 1000 },
		{ "hours_week", 30, 168 }, { "contracts:fixed-term", -1, 0 },
		{ "languages:de", 7, 7 }, { "skills:00000000000000aa", 5, 5 },
		{ "skills:00000000000000bb", 2, 5 } };
	unsigned left_out;

	(void)state;
	w.skills[0] = (struct graded_term){ 0xaa, 0, 5 };
	json_t *list = facts_leaves(NULL, card, &w, &left_out);
	assert_int_equal(left_out, 0);
	assert_int_equal(json_array_size(list), ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const json_t *leaf = json_array_get(list, i);
		assert_string_equal(
		    json_string_value(json_object_get(leaf, "name")),
		    want[i].name);
		if (want[i].number >= 0) {
			assert_int_equal(
			    json_integer_value(json_object_get(leaf, "number")),
			    want[i].number);
			assert_int_equal(
			    json_integer_value(json_object_get(leaf, "max")),
			    want[i].max);
		}
	}
	json_decref(list);
	json_decref(card);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_cheating),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_leaves),
	};

	scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
