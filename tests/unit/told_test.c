/*
 * What a company tells of its ledger in one conversation: proofs that lead
 * from what was told first to what is published, and those that do not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/company/told.h"
#include "proto/record/value.h"
#include "test_evidence.h"

#define LEAVES 12

static uint8_t scratch_bytes[LEDGER_SCRATCH_BYTES];
static struct ledger_leaf ours[LEAVES], rewritten[LEAVES];
static uint8_t room[TOLD_MAX + 4][LEDGER_BYTES_MAX];

static struct ledger_of
us(void)
{
	struct ledger_of l = { .net = slice_str(TEST_NET) };

	memcpy(l.company, test_author(1).pub, ED25519_PUBLIC);
	return l;
}

static struct arena
scratch_of(void)
{
	return arena_of(scratch_bytes, sizeof(scratch_bytes));
}

/* Pledges; in the rewritten list the third is another one. */
static int
setup(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < LEAVES; i++) {
		ours[i] = (struct ledger_leaf){ LEDGER_PLEDGED, TEST_HOUR + i,
			i, { 0 } };
		put_u32be(ours[i].tag, i + 1);
		rewritten[i] = ours[i];
	}
	rewritten[2].tag[31] = 7;
	return 0;
}

static void
root_of(uint8_t root[32], const struct ledger_leaf *leaves, uint32_t n)
{
	const struct ledger_of l = us();
	struct ledger_head head;

	ledger_head_of(leaves, n, &head);
	ledger_root(root, l.net, l.company, &head);
}

static struct slice
extension(unsigned at, const struct ledger_leaf *leaves, uint32_t m, uint32_t n)
{
	const struct ledger_of l = us();
	struct arena scratch = scratch_of();
	struct buf out = { room[at], 0, sizeof(room[at]) };

	assert_int_equal(
	    ledger_extension_write(&l, leaves, m, n, &scratch, &out), OK);
	return buf_slice(&out);
}

static struct slice
opening(unsigned at, const struct ledger_leaf *leaves, uint32_t n)
{
	const struct ledger_of l = us();
	struct arena scratch = scratch_of();
	struct buf out = { room[at], 0, sizeof(room[at]) };

	assert_int_equal(
	    ledger_opening_write(&l, leaves, n, n - 1, 1, &scratch, &out), OK);
	return buf_slice(&out);
}

/* ${seen}, ${published}: sizes of our list; 0: none. */
static struct told
check(const struct slice *proofs, size_t n, uint32_t seen, uint32_t published)
{
	const struct ledger_of l = us();
	struct arena scratch = scratch_of();
	uint8_t before[32], now[32];
	struct told t;

	if (seen > 0)
		root_of(before, ours, seen);
	if (published > 0)
		root_of(now, ours, published);
	told_check(&l, proofs, n, seen > 0 ? before : NULL,
	    published > 0 ? now : NULL, &scratch, &t);
	return t;
}

static void
test_leads_on(void **state)
{
	const struct slice proofs[] = { opening(0, ours, 3),
		extension(1, ours, 3, 5), extension(2, ours, 5, 9) };
	struct told t = check(proofs, 1, 0, 3);

	(void)state;
	assert_int_equal(t.openings, 1);
	assert_false(t.reaches); /* an opening alone: nothing has grown */
	t = check(proofs, 2, 0, 5);
	assert_true(t.reaches && !t.from_seen && t.refused == 0);
	assert_int_equal(t.since, 3);
	assert_int_equal(t.head.n, 5);
	/* Then the root goes on: it says nothing of that, until told. */
	assert_false(check(proofs, 2, 0, 9).reaches);
	t = check(proofs, 3, 0, 9);
	assert_true(t.reaches);
	assert_int_equal(t.extensions, 2);
	assert_int_equal(t.since, 3);
	assert_int_equal(t.head.n, 9);
	/* From a root that was verified before, without an opening. */
	t = check(proofs + 2, 1, 5, 9);
	assert_true(t.reaches && t.from_seen);
	assert_int_equal(t.since, 5);
	/* The published root is not here yet. */
	assert_false(check(proofs, 3, 0, 0).reaches);
}

static void
test_unknown_root(void **state)
{
	const struct slice proofs[] = { opening(0, ours, 3),
		extension(1, ours, 4, 9), extension(2, ours, 3, 9) };
	struct told t = check(proofs, 2, 0, 9);

	(void)state;
	assert_true(!t.reaches && t.unknown == 1 && t.refused == 0);
	t = check(proofs + 1, 1, 3, 9);
	assert_true(!t.reaches && t.unknown == 1);
	/* A good one beside it counts all the same. */
	assert_true(check(proofs, 3, 0, 9).reaches);
	/* The wrong way round nothing is known yet. */
	const struct slice early[] = { proofs[2], proofs[0] };
	t = check(early, 2, 0, 9);
	assert_true(!t.reaches && t.unknown == 1);
}

static void
test_rewritten(void **state)
{
	const struct slice proofs[] = { opening(0, ours, 3),
		extension(1, rewritten, 3, 9) };
	uint8_t now[32];
	const struct ledger_of l = us();
	struct arena scratch = scratch_of();
	struct told t;

	(void)state;
	/* A ledger in which the past is another one has another old root ... */
	root_of(now, rewritten, 9);
	told_check(&l, proofs, 2, NULL, now, &scratch, &t);
	assert_true(!t.reaches && t.unknown == 1);
	/* ... and with the old top of ours in its place it is no proof. */
	const struct slice mine = extension(2, ours, 3, 9);
	struct slice forged = extension(3, rewritten, 3, 9);
	const size_t top = forged.n - LEDGER_NODE;
	assert_int_equal(mine.n, forged.n);
	memcpy(room[3] + top, mine.p + top, LEDGER_NODE);
	const struct slice both[] = { proofs[0], forged };
	scratch = scratch_of();
	told_check(&l, both, 2, NULL, now, &scratch, &t);
	assert_true(!t.reaches && t.refused == 1);
	assert_int_equal(t.fault, EVIDENCE_NOT_CONSISTENT);
}

/* Not one byte of a proof can be changed; nor whose it is. */
static void
test_forged(void **state)
{
	const struct slice good = extension(1, ours, 3, 9);
	struct slice proofs[] = { opening(0, ours, 3), good };
	struct ledger_of l = us();
	struct arena scratch = scratch_of();
	uint8_t now[32];
	struct told t;

	(void)state;
	for (size_t i = 0; i < good.n; i++) {
		memcpy(room[2], good.p, good.n);
		room[2][i] ^= 1;
		proofs[1] = slice_of(room[2], good.n);
		t = check(proofs, 2, 0, 9);
		assert_false(t.reaches);
		assert_int_equal(t.refused + t.unknown, 1);
	}
	for (size_t n = 0; n < good.n; n++) {
		proofs[1] = slice_of(good.p, n);
		t = check(proofs, 2, 0, 9);
		assert_true(!t.reaches && t.refused == 1);
	}
	proofs[1] = good;
	memcpy(l.company, test_author(2).pub, ED25519_PUBLIC);
	root_of(now, ours, 9);
	told_check(&l, proofs, 2, NULL, now, &scratch, &t);
	assert_true(!t.reaches && t.refused == 2);
	assert_int_equal(t.fault, EVIDENCE_BAD_PARTIES);
}

/* Told again and again: no more is looked at than there is room for, and the
 * newest always. */
static void
test_many(void **state)
{
	struct slice proofs[TOLD_MAX + 4];
	const size_t n = ARRAY_LEN(proofs);

	(void)state;
	proofs[0] = opening(0, ours, 3);
	for (unsigned i = 1; i < n; i++)
		proofs[i] = extension(i, ours, 3, 4);
	assert_true(check(proofs, n, 0, 4).reaches);
	assert_int_equal(check(proofs, n, 0, 4).extensions, TOLD_MAX - 1);
	proofs[n - 1] = extension((unsigned)n - 1, ours, 4, 9);
	assert_true(check(proofs, n, 0, 9).reaches);
	/* A replay of an older one changes nothing. */
	const struct slice again[] = { proofs[0], extension(1, ours, 3, 9),
		extension(2, ours, 3, 5) };
	assert_true(check(again, 3, 0, 9).reaches);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leads_on),
		cmocka_unit_test(test_unknown_root),
		cmocka_unit_test(test_rewritten),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
