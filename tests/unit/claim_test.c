/*
 * Claims behind a root: what is shown can be checked, what is not shown can
 * not be guessed, and nobody shows one thing as another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/keys.h"
#include "proto/evidence/claim.h"
#include "test_records.h"

#define MADE TEST_HOUR

static uint8_t scratch_bytes[PRESENTATION_SCRATCH_BYTES];
static struct arena scratch;
static const uint8_t secret[32] = { 1, 2, 3 };
static const uint8_t tree_id[CLAIM_TREE_ID] = { 4, 5, 6 };
static const uint8_t number_7[] = { 0x07 }, yes[] = { 0xc3 };

static struct presentation_for
somebody(void)
{
	struct presentation_for to = {
		.net = slice_str(TEST_NET), .nonce = { 7, 7, 7 }, .made = MADE
	};

	memcpy(to.verifier, test_author(2).pub, ED25519_PUBLIC);
	return to;
}

static struct claim
claim_of(const char *name, const void *value, size_t n)
{
	return (struct claim){ slice_str(name), slice_of(value, n) };
}

/* ${n} claims, the first of which is a yes. */
static void
some_claims(struct claim *claims, size_t n)
{
	static const char *const names[] = { "licence", "years", "city", "name",
		"mail" };

	claims[0] = claim_of("licence", yes, 1);
	for (size_t i = 1; i < n; i++)
		claims[i] = claim_of(names[i % 5], number_7, 1);
}

static size_t
present(const struct claim_tree *t, const struct claim *claims,
    const struct claim_choice *choices, size_t n, uint8_t *bytes)
{
	const struct presentation_for to = somebody();
	struct buf out = { bytes, 0, PRESENTATION_MAX };
	const struct test_author holder = test_author(1);

	assert_int_equal(presentation_write(t, claims, choices, n, &to,
			     holder.secret, &scratch, &out),
	    OK);
	return out.n;
}

static enum evidence_fault
judge(struct slice bytes, struct presentation *p)
{
	const struct presentation_for to = somebody();

	return presentation_open(bytes, &to, TEST_NOW, &scratch, p);
}

static void
expect(struct slice bytes, enum evidence_fault want, const char *what)
{
	struct presentation p;
	const enum evidence_fault f = judge(bytes, &p);

	if (f != want)
		fail_msg("%s: %s, not %s", what, evidence_fault_name(f),
		    evidence_fault_name(want));
}

/* Each claim of trees of every size can be shown; all places are used. */
static void
test_every_size(void **state)
{
	static const size_t sizes[] = { 1, 2, 15, 16, 17, 32, 33, 63, 64 };
	struct claim claims[CLAIM_LEAVES];
	uint8_t bytes[PRESENTATION_MAX];

	(void)state;
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		const size_t n = sizes[s];
		struct claim_tree t;
		some_claims(claims, n);
		assert_int_equal(
		    claim_tree_build(&t, secret, tree_id, claims, n), OK);
		assert_int_equal(t.depth, n <= 16 ? 4 : n <= 32 ? 5 : 6);
		uint64_t used = 0;
		for (unsigned i = 0; i < 1U << t.depth; i++)
			used |= UINT64_C(1) << t.place[i];
		assert_true(
		    used == (t.depth == 6
				    ? UINT64_MAX
				    : (UINT64_C(1) << (1U << t.depth)) - 1));
		for (unsigned i = 0; i < n; i++) {
			const struct claim_choice c = { .number = i };
			struct presentation p;
			const size_t size = present(&t, claims, &c, 1, bytes);
			assert_int_equal(
			    judge(slice_of(bytes, size), &p), EVIDENCE_FINE);
			assert_int_equal(p.claims_n, 1);
			assert_true(slice_eq(p.claims[0].name, claims[i].name));
			assert_true(
			    slice_eq(p.claims[0].value, claims[i].value));
			assert_memory_equal(p.root, t.root, 32);
		}
	}
	struct claim_tree t;
	assert_int_equal(
	    claim_tree_build(&t, secret, tree_id, claims, 0), ERR_FORM);
	assert_int_equal(
	    claim_tree_build(&t, secret, tree_id, claims, 65), ERR_LIMIT);
}

/* The same for the same; nothing in common for another verifier. */
static void
test_unlinkable(void **state)
{
	struct claim claims[16];
	struct claim_tree a, b, c;
	uint8_t other[CLAIM_TREE_ID] = { 9 }, else_[32] = { 9 };

	(void)state;
	some_claims(claims, 16);
	assert_int_equal(claim_tree_build(&a, secret, tree_id, claims, 16), OK);
	assert_int_equal(claim_tree_build(&b, secret, tree_id, claims, 16), OK);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(claim_tree_build(&b, secret, other, claims, 16), OK);
	assert_int_equal(claim_tree_build(&c, else_, tree_id, claims, 16), OK);
	for (unsigned i = 1; i < 32; i++)
		for (unsigned k = 1; k < 32; k++) {
			assert_memory_not_equal(a.node[i], b.node[k], 32);
			assert_memory_not_equal(a.node[i], c.node[k], 32);
		}
	assert_memory_not_equal(a.place, b.place, 16);
}

/* Beside the shown leaf stands, hashed, one that says yes or no. */
static void
test_yes_or_no_is_not_guessed(void **state)
{
	struct claim claims[16];
	struct claim_tree t;
	struct presentation p;
	uint8_t bytes[PRESENTATION_MAX];
	const uint8_t both[2] = { 0xc2, 0xc3 };
	unsigned beside = 0, right = 0;

	(void)state;
	some_claims(claims, 16);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	while (t.place[beside] != (t.place[0] ^ 1))
		beside++;
	const struct claim_choice c = { .number = beside };
	const size_t size = present(&t, claims, &c, 1, bytes);
	assert_int_equal(judge(slice_of(bytes, size), &p), EVIDENCE_FINE);
	const uint8_t *hidden = t.node[16 + t.place[0]];
	/* What the verifier has: the hash, the place, the name, a salt. */
	for (uint32_t guess = 0; guess < 40000; guess++) {
		uint8_t salt[32] = { 0 }, leaf[32];
		uint8_t claim[16] = { 0x92, 0xa7 };
		memcpy(claim + 2, "licence", 7);
		claim[9] = both[guess & 1];
		if (guess < 8)
			memcpy(salt, guess < 4 ? t.root : t.id,
			    guess < 4 ? 32 : CLAIM_TREE_ID);
		else if (guess < 16)
			key_derive(salt, t.root, guess, "claimslt");
		else
			put_u32be(salt + 28, guess / 2);
		claim_leaf(
		    leaf, salt, t.id, t.depth, t.place[0], slice_of(claim, 10));
		if (memcmp(leaf, hidden, 32) == 0)
			fail_msg("guessed at %" PRIu32, guess);
	}
	/* With the holder's key, one of the two is it: the test can fail. */
	for (unsigned i = 0; i < 2; i++) {
		uint8_t salt[32], leaf[32];
		uint8_t claim[16] = { 0x92, 0xa7 };
		memcpy(claim + 2, "licence", 7);
		claim[9] = both[i];
		key_derive(salt, t.key, t.place[0], "claimslt");
		claim_leaf(
		    leaf, salt, t.id, t.depth, t.place[0], slice_of(claim, 10));
		right += memcmp(leaf, hidden, 32) == 0;
	}
	assert_int_equal(right, 1);
}

/* ---- a holder who cheats: changed and signed again ---- */

typedef void cheat(struct value *body);

static struct value *
field(struct value *map, uint64_t key)
{
	for (uint32_t i = 0; i < map->n; i++)
		if (map->items[2 * i].u == key)
			return &map->items[2 * i + 1];
	fail_msg("no key %" PRIu64, key);
	return NULL;
}

static struct value *
first_claim(struct value *body)
{
	return &field(body, 18)->items[0];
}

static size_t
cheated(struct slice bytes, cheat *change, uint8_t *out_bytes)
{
	static uint8_t memory[PRESENTATION_SCRATCH_BYTES];
	struct arena arena = arena_of(memory, sizeof(memory));
	const struct test_author holder = test_author(1);
	uint8_t raw[PRESENTATION_MAX], text[80], sig[ED25519_SIG];
	struct buf body = { raw, 0, sizeof(raw) };
	struct buf out = { out_bytes, 0, 2 * PRESENTATION_MAX };
	struct value all, map;

	assert_int_equal(value_parse(bytes, &arena, &all), OK);
	assert_int_equal(value_parse(all.items[0].s, &arena, &map), OK);
	change(&map);
	assert_int_equal(value_write(&map, &body), OK);
	const struct crypto_part part = { raw, body.n };
	const size_t n = strlen(TEST_NET);
	memset(text, 0, sizeof(text));
	memcpy(text, "ohcn-present-v1", 15);
	text[16] = (uint8_t)n;
	memcpy(text + 17, TEST_NET, n);
	hash_blake2b(text + 17 + n, 32, "ohcn-pres-id-v1", &part, 1);
	ed25519_sign(sig, text, 17 + n + 32, holder.secret);
	all.items[0] = value_bin(buf_slice(&body));
	all.items[2] = value_bin(slice_of(sig, sizeof(sig)));
	assert_int_equal(value_write(&all, &out), OK);
	return out.n;
}

static void
change_nothing(struct value *body)
{
	(void)body;
}

static void
swap_places(struct value *body)
{
	struct value *a = field(&field(body, 18)->items[0], 0);
	struct value *b = field(&field(body, 18)->items[1], 0);
	const struct value kept = *a;

	*a = *b;
	*b = kept;
}

static void
swap_contents(struct value *body)
{
	struct value *a = field(&field(body, 18)->items[0], 4);
	struct value *b = field(&field(body, 18)->items[1], 4);
	const struct value kept = *a;

	*a = *b;
	*b = kept;
}

static void
other_value(struct value *body)
{
	static uint8_t claim[64];
	struct value *c = field(first_claim(body), 4);

	memcpy(claim, c->s.p, c->s.n);
	claim[c->s.n - 1] ^= 1;
	c->s.p = claim;
}

static void
same_twice(struct value *body)
{
	field(body, 18)->items[1] = field(body, 18)->items[0];
}

static void
place_16(struct value *body)
{
	field(first_claim(body), 0)->u = 16;
}

static void
short_path(struct value *body)
{
	field(first_claim(body), 6)->s.n -= 32;
}

static void
long_path(struct value *body)
{
	static uint8_t path[5 * 32];
	struct value *p = field(first_claim(body), 6);

	memcpy(path, p->s.p, p->s.n);
	p->s = slice_of(path, sizeof(path));
}

/* The tree as if it were deeper, with the paths to match. */
static void
deeper(struct value *body)
{
	static uint8_t path[2][5 * 32];

	field(body, 16)->u = 5;
	for (unsigned i = 0; i < 2; i++) {
		struct value *p = field(&field(body, 18)->items[i], 6);
		memcpy(path[i], p->s.p, p->s.n);
		p->s = slice_of(path[i], sizeof(path[i]));
	}
}

static void
depth_3(struct value *body)
{
	field(body, 16)->u = 3;
}

static void
other_root(struct value *body)
{
	static uint8_t root[32] = { 1 };

	field(body, 12)->s.p = root;
}

static void
other_tree(struct value *body)
{
	static uint8_t id[16] = { 1 };

	field(body, 14)->s.p = id;
}

static void
no_claim(struct value *body)
{
	static const uint8_t not_one[] = { 0x91, 0x01 };

	field(first_claim(body), 4)->s = slice_of(not_one, 2);
}

static void
version_2(struct value *body)
{
	field(body, 0)->u = 2;
}

static void
even_key(struct value *body)
{
	body->items[2 * body->n - 2].u = 22;
}

static void
from_tomorrow(struct value *body)
{
	field(body, 10)->u = MADE + 24;
}

static void
another_net(struct value *body)
{
	field(body, 2)->s = slice_str("main");
}

static void
test_cheating_holder(void **state)
{
	static const struct {
		const char *name;
		cheat *change;
		enum evidence_fault want;
	} cases[] = {
		{ "as it was", change_nothing, EVIDENCE_FINE },
		{ "places swapped", swap_places, EVIDENCE_BAD_PATH },
		{ "contents swapped", swap_contents, EVIDENCE_BAD_PATH },
		{ "another value", other_value, EVIDENCE_BAD_PATH },
		{ "one leaf twice", same_twice, EVIDENCE_BAD_CLAIM },
		{ "place 16 of 16", place_16, EVIDENCE_BAD_BODY },
		{ "a path too short", short_path, EVIDENCE_BAD_PATH },
		{ "a path too long", long_path, EVIDENCE_BAD_PATH },
		{ "another depth", deeper, EVIDENCE_BAD_PATH },
		{ "depth 3", depth_3, EVIDENCE_BAD_BODY },
		{ "another root", other_root, EVIDENCE_BAD_PATH },
		{ "another tree", other_tree, EVIDENCE_BAD_PATH },
		{ "no claim", no_claim, EVIDENCE_BAD_CLAIM },
		{ "version 2", version_2, EVIDENCE_UNKNOWN_VERSION },
		{ "an even key", even_key, EVIDENCE_UNKNOWN_FIELD },
		{ "made tomorrow", from_tomorrow, EVIDENCE_FROM_FUTURE },
		{ "another net", another_net, EVIDENCE_WRONG_NET },
	};
	const struct claim_choice choices[] = { { .number = 2 },
		{ .number = 0 } };
	struct claim claims[16];
	struct claim_tree t;
	uint8_t bytes[PRESENTATION_MAX], other[2 * PRESENTATION_MAX];

	(void)state;
	some_claims(claims, 16);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	const size_t size = present(&t, claims, choices, 2, bytes);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const size_t n =
		    cheated(slice_of(bytes, size), cases[i].change, other);
		expect(slice_of(other, n), cases[i].want, cases[i].name);
	}
}

/* An inner node is never a leaf, though its children are known bytes. */
static void
test_node_is_no_leaf(void **state)
{
	struct claim claims[16];
	struct claim_tree t;
	uint8_t leaf[32], pair[64];

	(void)state;
	some_claims(claims, 16);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	for (unsigned i = 1; i < 16; i++) {
		memcpy(pair, t.node[2 * i], 32);
		memcpy(pair + 32, t.node[2 * i + 1], 32);
		/* The 64 bytes split as salt and the rest, as a leaf has it. */
		for (unsigned depth = 0; depth <= 6; depth++) {
			claim_leaf(leaf, pair, pair + 32, depth, i,
			    slice_of(pair + 48, 16));
			assert_memory_not_equal(leaf, t.node[i], 32);
		}
	}
}

static void
test_replay(void **state)
{
	const struct claim_choice c = { .number = 0 };
	struct claim claims[16];
	struct claim_tree t;
	struct presentation p;
	struct presentation_for to = somebody();
	uint8_t bytes[PRESENTATION_MAX];

	(void)state;
	some_claims(claims, 16);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	const struct slice in =
	    slice_of(bytes, present(&t, claims, &c, 1, bytes));
	memcpy(to.verifier, test_author(3).pub, 32);
	assert_int_equal(presentation_open(in, &to, 0, &scratch, &p),
	    EVIDENCE_WRONG_VERIFIER);
	to = somebody();
	to.nonce[0]++;
	assert_int_equal(
	    presentation_open(in, &to, 0, &scratch, &p), EVIDENCE_WRONG_NONCE);
	to = somebody();
	to.net = slice_str("main");
	assert_int_equal(
	    presentation_open(in, &to, 0, &scratch, &p), EVIDENCE_WRONG_NET);
	/* Rewritten for somebody else, the signature does not hold. */
	for (size_t i = 0; i + 32 <= in.n; i++)
		if (memcmp(bytes + i, somebody().verifier, 32) == 0)
			memcpy(bytes + i, test_author(3).pub, 32);
	to = somebody();
	memcpy(to.verifier, test_author(3).pub, 32);
	assert_int_equal(presentation_open(in, &to, 0, &scratch, &p),
	    EVIDENCE_BAD_SIGNATURE);
}

static void
test_damage(void **state)
{
	const struct claim_choice choices[] = { { .number = 1 },
		{ .number = 3 } };
	struct claim claims[16];
	struct claim_tree t;
	struct presentation p;
	uint8_t bytes[PRESENTATION_MAX];

	(void)state;
	some_claims(claims, 16);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	const size_t n = present(&t, claims, choices, 2, bytes);
	for (size_t i = 0; i < n; i += 5)
		expect(slice_of(bytes, i), EVIDENCE_NOT_CANONICAL, "cut");
	for (size_t i = 0; i < 8 * n; i += 29) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		if (judge(slice_of(bytes, n), &p) == EVIDENCE_FINE)
			fail_msg("bit %zu", i);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

/* ---- ranges ---- */

#define VALUE 12
#define MOST  40

static void
years(struct claim *claims, uint8_t *value, struct buf *out)
{
	*out = (struct buf){ value, 0, 80 };
	assert_int_equal(
	    claim_range_write(secret, tree_id, 1, VALUE, MOST, out), OK);
	some_claims(claims, 16);
	claims[1] = claim_of("years", value, out->n);
}

static void
test_ranges(void **state)
{
	struct claim claims[16];
	struct claim_tree t;
	struct buf value;
	uint8_t room[80], bytes[PRESENTATION_MAX];
	const struct presentation_for to = somebody();
	const struct test_author holder = test_author(1);

	(void)state;
	years(claims, room, &value);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	for (unsigned side = 1; side <= 2; side++)
		for (uint32_t bound = 0; bound <= MOST + 1; bound++) {
			const struct claim_choice c = { 1,
				(enum claim_side)side, bound, VALUE };
			struct buf out = { bytes, 0, sizeof(bytes) };
			struct presentation p;
			const bool holds =
			    bound <= MOST &&
			    (side == CLAIM_AT_LEAST ? VALUE >= bound
						    : VALUE <= bound);
			const err e = presentation_write(&t, claims, &c, 1, &to,
			    holder.secret, &scratch, &out);
			assert_int_equal(e, holds ? OK : ERR_FORM);
			if (!holds)
				continue;
			assert_int_equal(
			    judge(buf_slice(&out), &p), EVIDENCE_FINE);
			assert_true(p.claims[0].ranged);
			assert_int_equal(p.claims[0].max, MOST);
			assert_int_equal(p.claims[0].has_least, side == 1);
			assert_int_equal(p.claims[0].has_most, side == 2);
			assert_int_equal(
			    side == 1 ? p.claims[0].least : p.claims[0].most,
			    bound);
		}
	/* The committed number is not another one. */
	const struct claim_choice lie = { 1, CLAIM_AT_LEAST, 13, 14 };
	struct buf out = { bytes, 0, sizeof(bytes) };
	assert_int_equal(presentation_write(&t, claims, &lie, 1, &to,
			     holder.secret, &scratch, &out),
	    ERR_FORM);
	const struct claim_choice plain = { 2, CLAIM_AT_LEAST, 1, 7 };
	assert_int_equal(presentation_write(&t, claims, &plain, 1, &to,
			     holder.secret, &scratch, &out),
	    ERR_FORM);
	out = (struct buf){ room, 0, 80 };
	assert_int_equal(
	    claim_range_write(secret, tree_id, 1, 41, 40, &out), ERR_FORM);
	assert_int_equal(
	    claim_range_write(secret, tree_id, 1, 1, 1001, &out), ERR_FORM);
}

/* Both bounds of one claim, in one place: the number itself. */
static void
test_both_sides(void **state)
{
	struct claim claims[16];
	struct claim_tree t;
	struct buf value;
	uint8_t room[80], bytes[PRESENTATION_MAX];
	const struct claim_choice both[] = { { 1, CLAIM_AT_LEAST, VALUE,
						 VALUE },
		{ 0, 0, 0, 0 }, { 1, CLAIM_AT_MOST, VALUE, VALUE } };
	const struct claim_choice same[] = { both[0], both[0] };
	const struct claim_choice thrice[] = { both[0], both[2], both[0] };
	const struct presentation_for to = somebody();
	const struct test_author holder = test_author(1);
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct presentation p;

	(void)state;
	years(claims, room, &value);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	const size_t n = present(&t, claims, both, 3, bytes);
	assert_int_equal(judge(slice_of(bytes, n), &p), EVIDENCE_FINE);
	assert_int_equal(p.claims_n, 2);
	assert_true(p.claims[0].has_least && p.claims[0].has_most);
	assert_int_equal(p.claims[0].least, VALUE);
	assert_int_equal(p.claims[0].most, VALUE);
	assert_int_equal(presentation_write(&t, claims, same, 2, &to,
			     holder.secret, &scratch, &out),
	    ERR_FORM);
	assert_int_equal(presentation_write(&t, claims, thrice, 3, &to,
			     holder.secret, &scratch, &out),
	    ERR_FORM);
}

/* A tree's key gives the tree; another signer than the holder is refused. */
static void
test_keyed(void **state)
{
	struct claim claims[16];
	struct claim_tree a, b;
	uint8_t key[32], bytes[PRESENTATION_MAX], sig[ED25519_SIG];
	struct value all;
	struct claim_choice c = { .number = 3 };
	const struct test_author holder = test_author(1),
				 other = test_author(2);

	(void)state;
	some_claims(claims, 16);
	assert_int_equal(claim_tree_build(&a, secret, tree_id, claims, 16), OK);
	claim_tree_key(key, secret, tree_id);
	assert_int_equal(
	    claim_tree_build_keyed(&b, key, tree_id, claims, 16), OK);
	assert_memory_equal(&a, &b, sizeof(a));
	const size_t n = present(&a, claims, &c, 1, bytes);
	arena_reset(&scratch);
	assert_int_equal(value_parse(slice_of(bytes, n), &scratch, &all), OK);
	const struct slice body = all.items[0].s;
	static uint8_t more[PRESENTATION_SCRATCH_BYTES];
	struct arena mine = arena_of(more, sizeof(more));
	assert_int_equal(presentation_body_sign(body, slice_str(TEST_NET),
			     holder.secret, &mine, sig),
	    OK);
	assert_memory_equal(sig, all.items[2].s.p, sizeof(sig));
	assert_int_equal(presentation_body_sign(body, slice_str(TEST_NET),
			     other.secret, &mine, sig),
	    ERR_FORM);
	assert_int_equal(presentation_body_sign(body, slice_str("elsewhere"),
			     holder.secret, &mine, sig),
	    ERR_FORM);
	assert_int_equal(presentation_body_sign(slice_of(body.p, body.n - 1),
			     slice_str(TEST_NET), holder.secret, &mine, sig),
	    ERR_FORM);
}

static void
bound_up(struct value *body)
{
	field(&field(body, 20)->items[0], 4)->u++;
}

static void
bound_down(struct value *body)
{
	field(&field(body, 20)->items[0], 4)->u--;
}

static void
bound_over_max(struct value *body)
{
	field(&field(body, 20)->items[0], 4)->u = MOST + 1;
}

static void
other_side(struct value *body)
{
	field(&field(body, 20)->items[0], 2)->u = CLAIM_AT_MOST;
}

static void
of_no_claim(struct value *body)
{
	field(&field(body, 20)->items[0], 0)->u = 1;
}

static void
test_cheating_ranges(void **state)
{
	static const struct {
		cheat *change;
		enum evidence_fault want;
	} cases[] = {
		{ change_nothing, EVIDENCE_FINE },
		{ bound_up, EVIDENCE_BAD_RANGE },
		{ bound_down, EVIDENCE_BAD_RANGE },
		{ bound_over_max, EVIDENCE_BAD_RANGE },
		{ other_side, EVIDENCE_BAD_RANGE },
		{ of_no_claim, EVIDENCE_BAD_BODY },
	};
	struct claim claims[16];
	struct claim_tree t;
	struct buf value;
	uint8_t room[80], bytes[PRESENTATION_MAX], other[2 * PRESENTATION_MAX];
	const struct claim_choice c = { 1, CLAIM_AT_LEAST, 10, VALUE };

	(void)state;
	years(claims, room, &value);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	const size_t size = present(&t, claims, &c, 1, bytes);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const size_t n =
		    cheated(slice_of(bytes, size), cases[i].change, other);
		char what[16];
		(void)snprintf(what, sizeof(what), "case %zu", i);
		expect(slice_of(other, n), cases[i].want, what);
	}
}

/* ---- bounds of the writer, issuers, secrets ---- */

static void
test_writer(void **state)
{
	static uint8_t big[2000] = { 0xc5, 0x07, 0xcd };
	struct claim claims[16];
	struct claim_tree t;
	uint8_t bytes[PRESENTATION_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	const struct presentation_for to = somebody();
	const struct test_author holder = test_author(1);
	const struct claim_choice both[] = { { .number = 1 }, { .number = 2 } };
	const struct claim_choice twice[] = { { .number = 1 },
		{ .number = 1 } };
	const struct claim_choice none[] = { { .number = 16 } };

	(void)state;
	some_claims(claims, 16);
	claims[1].value = claims[2].value = slice_of(big, sizeof(big));
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	assert_int_equal(presentation_write(&t, claims, both, 1, &to,
			     holder.secret, &scratch, &out),
	    OK);
	assert_true(out.n <= PRESENTATION_MAX);
	out.n = 0;
	assert_int_equal(presentation_write(&t, claims, both, 2, &to,
			     holder.secret, &scratch, &out),
	    ERR_LIMIT);
	assert_int_equal(presentation_write(&t, claims, twice, 2, &to,
			     holder.secret, &scratch, &out),
	    ERR_FORM);
	assert_int_equal(presentation_write(&t, claims, none, 1, &to,
			     holder.secret, &scratch, &out),
	    ERR_FORM);
	claims[2].value = slice_str("\xc0"); /* nil */
	assert_int_equal(presentation_write(&t, claims, both + 1, 1, &to,
			     holder.secret, &scratch, &out),
	    ERR_FORM);
	claims[3].name = slice_str("");
	assert_int_equal(
	    claim_tree_build(&t, secret, tree_id, claims, 16), ERR_LIMIT);
}

static void
test_issued(void **state)
{
	const struct claim_choice c = { .number = 0 };
	struct claim claims[16];
	struct claim_tree t;
	struct presentation p;
	struct credential by = { .grade = 101 };
	uint8_t bytes[PRESENTATION_MAX];

	(void)state;
	some_claims(claims, 16);
	assert_int_equal(claim_tree_build(&t, secret, tree_id, claims, 16), OK);
	const size_t n = present(&t, claims, &c, 1, bytes);
	assert_int_equal(judge(slice_of(bytes, n), &p), EVIDENCE_FINE);
	assert_false(presentation_issued(&p, &by));
	memcpy(by.claims, t.root, 32);
	assert_false(presentation_issued(&p, &by));
	memcpy(by.holder, test_author(1).pub, 32);
	assert_true(presentation_issued(&p, &by));
}

static void
test_secrets_of_personas(void **state)
{
	const uint8_t seed[SEED_SIZE] = { 1 };
	uint8_t a[32], b[32], pub[32], key[ED25519_SECRET];

	(void)state;
	persona_claim_secret(a, seed, 0);
	persona_claim_secret(b, seed, 0);
	assert_memory_equal(a, b, 32);
	persona_claim_secret(b, seed, 1);
	assert_memory_not_equal(a, b, 32);
	persona_keypair(pub, key, seed, 0);
	assert_memory_not_equal(a, key, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_unlinkable),
		cmocka_unit_test(test_yes_or_no_is_not_guessed),
		cmocka_unit_test(test_cheating_holder),
		cmocka_unit_test(test_node_is_no_leaf),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_both_sides),
		cmocka_unit_test(test_keyed),
		cmocka_unit_test(test_cheating_ranges),
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_issued),
		cmocka_unit_test(test_secrets_of_personas),
	};

	if (!crypto_init())
		return 1;
	scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
