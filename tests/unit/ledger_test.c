/*
 * A company's ledger: what it opens is what its root commits to, what was
 * broken stays so, and counts hide nothing from those who look at their leaf.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/evidence/ledger.h"
#include "proto/record/value.h"
#include "test_evidence.h"

#define MANY 70

static uint8_t scratch_bytes[LEDGER_SCRATCH_BYTES];
static struct arena scratch;

static struct ledger_of
us(void)
{
	struct ledger_of l = { .net = slice_str(TEST_NET) };

	memcpy(l.company, test_author(1).pub, ED25519_PUBLIC);
	return l;
}

static uint32_t
next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(*state >> 33);
}

/* A sound ledger of n leaves: pledges, and later what became of them. */
static void
some_ledger(struct ledger_leaf *leaves, uint32_t n, uint64_t seed)
{
	uint32_t open[MANY], open_n = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t draw = next(&seed);
		leaves[i] = (struct ledger_leaf){ LEDGER_PLEDGED, TEST_HOUR + i,
			i, { 0 } };
		put_u32be(leaves[i].tag, i + 1);
		if (draw % 7 == 0) {
			leaves[i].event = LEDGER_DONE;
		} else if (draw % 2 == 0 && open_n > 0) {
			const uint32_t at = next(&seed) % open_n;
			leaves[i].event =
			    (enum ledger_event)(LEDGER_KEPT + draw / 2 % 4);
			leaves[i].of = open[at];
			open[at] = open[--open_n];
		} else {
			open[open_n++] = i;
		}
	}
}

static void
root_of(uint8_t root[32], const struct ledger_leaf *leaves, uint32_t n)
{
	const struct ledger_of l = us();
	struct ledger_head head;

	ledger_head_of(leaves, n, &head);
	ledger_root(root, l.net, l.company, &head);
}

static enum evidence_fault
opened(struct slice bytes, const uint8_t root[32], struct ledger_opening *o)
{
	const struct ledger_of l = us();

	return ledger_opening_read(bytes, &l, root, &scratch, o);
}

static enum evidence_fault
extended(struct slice bytes, const uint8_t old_root[32],
    const uint8_t new_root[32], struct ledger_extension *x)
{
	const struct ledger_of l = us();

	return ledger_extension_read(
	    bytes, &l, old_root, new_root, &scratch, x);
}

static struct slice
open_range(const struct ledger_leaf *leaves, uint32_t n, uint32_t first,
    uint32_t count, uint8_t *bytes)
{
	const struct ledger_of l = us();
	struct buf out = { bytes, 0, LEDGER_BYTES_MAX };

	assert_int_equal(
	    ledger_opening_write(&l, leaves, n, first, count, &scratch, &out),
	    OK);
	return buf_slice(&out);
}

static struct slice
extend_by(const struct ledger_leaf *leaves, uint32_t old_n, uint32_t n,
    uint8_t *bytes)
{
	const struct ledger_of l = us();
	struct buf out = { bytes, 0, LEDGER_BYTES_MAX };

	assert_int_equal(
	    ledger_extension_write(&l, leaves, old_n, n, &scratch, &out), OK);
	return buf_slice(&out);
}

/* Counted one by one. */
static void
check_counts(const struct ledger_leaf *leaves, uint32_t n,
    const struct ledger_head *head)
{
	uint32_t want[LEDGER_SUMS + 1] = { 0 };
	const struct ledger_counts c = ledger_counts_of(head);

	for (uint32_t i = 0; i < n; i++)
		want[leaves[i].event]++;
	assert_int_equal(c.pledged, want[LEDGER_PLEDGED]);
	assert_int_equal(c.kept, want[LEDGER_KEPT]);
	assert_int_equal(c.partly, want[LEDGER_PARTLY]);
	assert_int_equal(c.broken, want[LEDGER_BROKEN]);
	assert_int_equal(c.lapsed, want[LEDGER_LAPSED]);
	assert_int_equal(c.done, want[LEDGER_DONE]);
	assert_int_equal(
	    c.open, want[1] - want[2] - want[3] - want[4] - want[5]);
}

static void
test_every_opening(void **state)
{
	struct ledger_leaf leaves[MANY];
	uint8_t bytes[LEDGER_BYTES_MAX], root[32];
	static const uint32_t sizes[] = { 1, 2, 3, 4, 5, 7, 8, 9, 15, 33, 64,
		MANY };

	(void)state;
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		const uint32_t n = sizes[s];
		some_ledger(leaves, n, n);
		root_of(root, leaves, n);
		for (uint32_t first = 0; first < n; first += 1 + n / 9)
			for (uint32_t count = 1;
			     count <= MIN(n - first, LEDGER_OPENED);
			     count += 1 + n / 5) {
				struct ledger_opening o;
				const struct slice in =
				    open_range(leaves, n, first, count, bytes);
				assert_int_equal(
				    opened(in, root, &o), EVIDENCE_FINE);
				assert_int_equal(o.first, first);
				assert_int_equal(o.count, count);
				for (uint32_t i = 0; i < count; i++)
					assert_memory_equal(&o.leaves[i],
					    &leaves[first + i],
					    sizeof(leaves[0]));
				check_counts(leaves, n, &o.head);
			}
	}
}

/* Grown leaf by leaf or made anew: the same head at every size. */
static void
test_grows(void **state)
{
	struct ledger_leaf leaves[MANY];
	struct ledger_frontier f = { 0 };
	struct ledger_head grown, anew;

	(void)state;
	some_ledger(leaves, MANY, 7);
	for (uint32_t n = 1; n <= MANY; n++) {
		ledger_frontier_add(&f, &leaves[n - 1]);
		ledger_frontier_head(&f, &grown);
		ledger_head_of(leaves, n, &anew);
		assert_int_equal(grown.n, n);
		assert_memory_equal(&grown.top, &anew.top, sizeof(grown.top));
	}
}

static void
test_every_extension(void **state)
{
	struct ledger_leaf leaves[MANY];
	uint8_t bytes[LEDGER_BYTES_MAX], older[32], newer[32];
	struct ledger_extension x;

	(void)state;
	some_ledger(leaves, MANY, 5);
	for (uint32_t n = 1; n <= 34; n++)
		for (uint32_t m = 1; m <= n; m++) {
			const struct slice in = extend_by(leaves, m, n, bytes);
			root_of(older, leaves, m);
			root_of(newer, leaves, n);
			assert_int_equal(
			    extended(in, older, newer, &x), EVIDENCE_FINE);
			check_counts(leaves, m, &x.older);
			check_counts(leaves, n, &x.newer);
			if (m < n)
				assert_int_equal(extended(in, newer, older, &x),
				    EVIDENCE_BAD_PATH);
		}
}

static struct value *
field(struct value *map, uint64_t key)
{
	for (uint32_t i = 0; i < map->n; i++)
		if (map->items[2 * i].u == key)
			return &map->items[2 * i + 1];
	fail_msg("no key %" PRIu64, key);
	return NULL;
}

/* The proof with the field replaced. */
static struct slice
patched(struct slice in, uint64_t key, struct value v, uint8_t *bytes)
{
	static uint8_t memory[LEDGER_SCRATCH_BYTES];
	struct arena arena = arena_of(memory, sizeof(memory));
	struct buf out = { bytes, 0, 2 * LEDGER_BYTES_MAX };
	struct value map;

	assert_int_equal(value_parse(in, &arena, &map), OK);
	*field(&map, key) = v;
	assert_int_equal(value_write(&map, &out), OK);
	return buf_slice(&out);
}

static void
put_node(uint8_t out[LEDGER_NODE], const struct ledger_node *n)
{
	for (unsigned i = 0; i < LEDGER_SUMS; i++)
		put_u32be(out + 4 * i, n->sums[i]);
	memcpy(out + 4 * LEDGER_SUMS, n->hash, 32);
}

/*
 * A company that rewrites one leaf of the past: whatever leaf it is and
 * whatever it makes of it, the newer ledger does not extend the older one.
 */
static void
test_the_past_stays(void **state)
{
	struct ledger_leaf leaves[MANY], other[MANY];
	uint8_t bytes[LEDGER_BYTES_MAX], more[2 * LEDGER_BYTES_MAX];
	uint8_t older[32], newer[32], top[LEDGER_NODE];
	struct ledger_extension x;
	struct ledger_head was;

	(void)state;
	some_ledger(leaves, MANY, 9);
	for (uint32_t m = 1; m <= 20; m++) {
		const uint32_t n = m + 7;
		ledger_head_of(leaves, m, &was);
		put_node(top, &was.top);
		root_of(older, leaves, m);
		for (uint32_t i = 0; i < m; i++) {
			memcpy(other, leaves, sizeof(other));
			other[i].tag[31] ^= 1;
			if (other[i].event == LEDGER_BROKEN)
				other[i].event = LEDGER_KEPT;
			root_of(newer, other, n);
			/* With the true old head, and the new one's nodes. */
			const struct slice in =
			    patched(extend_by(other, m, n, bytes), 20,
				value_bin(slice_of(top, sizeof(top))), more);
			assert_int_equal(extended(in, older, newer, &x),
			    EVIDENCE_NOT_CONSISTENT);
		}
	}
}

/*
 * Two leaves, a pledge and that it was broken; the company commits to
 * counts that say it was kept. Strangers cannot see it, but no opening of the
 * second leaf fits that root, so whoever has that leaf has proof.
 */
static void
test_counts_that_lie(void **state)
{
	struct ledger_leaf leaves[2];
	struct ledger_head head;
	struct ledger_opening o;
	const struct ledger_of l = us();
	uint8_t bytes[LEDGER_BYTES_MAX], more[2 * LEDGER_BYTES_MAX];
	uint8_t root[32], top[LEDGER_NODE];

	(void)state;
	leaves[0] = (struct ledger_leaf){ LEDGER_PLEDGED, 1, 0, { 1 } };
	leaves[1] = (struct ledger_leaf){ LEDGER_BROKEN, 1, 0, { 2 } };
	ledger_head_of(leaves, 2, &head);
	head.top.sums[LEDGER_BROKEN - 1] = 0;
	head.top.sums[LEDGER_KEPT - 1] = 1;
	ledger_root(root, l.net, l.company, &head);
	put_node(top, &head.top);
	for (uint32_t i = 0; i < 2; i++) {
		const struct slice in =
		    patched(open_range(leaves, 2, i, 1, bytes), 10,
			value_bin(slice_of(top, sizeof(top))), more);
		assert_int_equal(opened(in, root, &o), EVIDENCE_BAD_PATH);
	}
	/* Counts that cannot be: not as many as leaves, more kept than made. */
	head.top.sums[LEDGER_KEPT - 1] = 0;
	ledger_root(root, l.net, l.company, &head);
	put_node(top, &head.top);
	struct slice in = patched(open_range(leaves, 2, 0, 1, bytes), 10,
	    value_bin(slice_of(top, sizeof(top))), more);
	assert_int_equal(opened(in, root, &o), EVIDENCE_BAD_SUMS);
	head.top.sums[LEDGER_PLEDGED - 1] = 0;
	head.top.sums[LEDGER_KEPT - 1] = 2;
	ledger_root(root, l.net, l.company, &head);
	put_node(top, &head.top);
	in = patched(open_range(leaves, 2, 0, 1, bytes), 10,
	    value_bin(slice_of(top, sizeof(top))), more);
	assert_int_equal(opened(in, root, &o), EVIDENCE_BAD_SUMS);
}

/* A node whose counts wrap around 2^32 is refused where it stands. */
static void
test_counts_that_wrap(void **state)
{
	struct ledger_leaf leaves[4];
	struct ledger_opening o;
	uint8_t bytes[LEDGER_BYTES_MAX], more[2 * LEDGER_BYTES_MAX];
	uint8_t root[32], nodes[2 * LEDGER_NODE];
	struct value map;

	(void)state;
	some_ledger(leaves, 4, 1);
	root_of(root, leaves, 4);
	const struct slice in = open_range(leaves, 4, 0, 1, bytes);
	arena_reset(&scratch);
	assert_int_equal(value_parse(in, &scratch, &map), OK);
	const struct slice old = field(&map, 16)->s;
	assert_int_equal(old.n, sizeof(nodes));
	memcpy(nodes, old.p, old.n);
	put_u32be(nodes, UINT32_MAX);
	put_u32be(nodes + 4, 2);
	assert_int_equal(
	    opened(patched(in, 16, value_bin(slice_of(nodes, old.n)), more),
		root, &o),
	    EVIDENCE_BAD_SUMS);
}

static void
test_bad_proofs(void **state)
{
	static const uint8_t none[LEDGER_NODE];
	struct ledger_leaf leaves[MANY];
	struct ledger_opening o;
	struct ledger_of l = us();
	uint8_t bytes[LEDGER_BYTES_MAX], more[2 * LEDGER_BYTES_MAX], root[32];
	const struct {
		uint64_t key;
		struct value v;
		enum evidence_fault want;
	} cases[] = {
		{ 0, value_uint(2), EVIDENCE_UNKNOWN_VERSION },
		{ 0, value_str(slice_str("1")), EVIDENCE_MALFORMED },
		{ 2, value_uint(2), EVIDENCE_UNKNOWN_TYPE },
		{ 4, value_str(slice_str("main")), EVIDENCE_WRONG_NET },
		{ 6, value_bin(slice_of(none, 32)), EVIDENCE_BAD_PARTIES },
		{ 6, value_bin(slice_of(none, 31)), EVIDENCE_BAD_BODY },
		{ 8, value_uint(0), EVIDENCE_BAD_BODY },
		{ 8, value_uint(12), EVIDENCE_BAD_PATH },
		{ 8, value_uint(LEDGER_LEAVES_MAX + 1), EVIDENCE_BAD_BODY },
		{ 10, value_bin(slice_of(none, 56)), EVIDENCE_BAD_PATH },
		{ 12, value_uint(3), EVIDENCE_BAD_PATH },
		{ 12, value_uint(10), EVIDENCE_BAD_BODY },
		{ 14, value_bin(slice_of(none, 0)), EVIDENCE_BAD_BODY },
		{ 14, value_bin(slice_of(none, 40)), EVIDENCE_BAD_BODY },
		{ 14, value_bin(slice_of(none, 41)), EVIDENCE_BAD_SUMS },
		{ 16, value_bin(slice_of(none, 0)), EVIDENCE_BAD_PATH },
		{ 16, value_bin(slice_of(none, 56)), EVIDENCE_BAD_SUMS },
		{ 16, value_bin(slice_of(none, 55)), EVIDENCE_BAD_BODY },
	};

	(void)state;
	some_ledger(leaves, 11, 3);
	root_of(root, leaves, 11);
	leaves[2] = (struct ledger_leaf){ LEDGER_PLEDGED, 5, 2, { 9 } };
	root_of(root, leaves, 11);
	const struct slice in = open_range(leaves, 11, 2, 1, bytes);
	assert_int_equal(opened(in, root, &o), EVIDENCE_FINE);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const enum evidence_fault f = opened(
		    patched(in, cases[i].key, cases[i].v, more), root, &o);
		/* At another place that leaf names no pledge before it. */
		if (f != cases[i].want &&
		    !(cases[i].key == 12 && f == EVIDENCE_BAD_SUMS))
			fail_msg("case %zu: %s", i, evidence_fault_name(f));
	}
	for (size_t i = 0; i < in.n; i += 3)
		assert_int_equal(opened(slice_of(in.p, i), root, &o),
		    EVIDENCE_NOT_CANONICAL);
	for (size_t i = 0; i < 8 * in.n; i += 11) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		if (opened(in, root, &o) == EVIDENCE_FINE)
			fail_msg("bit %zu", i);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	/* Another company's root over the same leaves is another one. */
	l.company[0] ^= 1;
	assert_int_equal(ledger_opening_read(in, &l, root, &scratch, &o),
	    EVIDENCE_BAD_PARTIES);
	struct buf out = { bytes, 0, sizeof(bytes) };
	assert_int_equal(
	    ledger_opening_write(&l, leaves, 11, 11, 1, &scratch, &out),
	    ERR_FORM);
	assert_int_equal(
	    ledger_opening_write(&l, leaves, 11, 0, 12, &scratch, &out),
	    ERR_FORM);
	assert_int_equal(
	    ledger_extension_write(&l, leaves, 0, 11, &scratch, &out),
	    ERR_FORM);
	assert_int_equal(
	    ledger_extension_write(&l, leaves, 12, 11, &scratch, &out),
	    ERR_FORM);
}

static void
test_audit(void **state)
{
	struct ledger_leaf leaves[MANY];
	uint32_t order[MANY];
	struct ledger_counts c;

	(void)state;
	for (uint64_t seed = 0; seed < 40; seed++) {
		some_ledger(leaves, MANY, seed);
		uint32_t overdue = 0;
		const uint32_t now = TEST_HOUR + 35 + EVIDENCE_GRACE_H;
		for (uint32_t i = 0; i < MANY; i++) {
			bool settled = leaves[i].event != LEDGER_PLEDGED;
			for (uint32_t k = i + 1; k < MANY; k++)
				settled = settled || leaves[k].of == i;
			overdue += !settled && i <= 35;
		}
		assert_int_equal(
		    ledger_audit(leaves, MANY, now, order, &c), EVIDENCE_FINE);
		assert_int_equal(c.overdue, overdue);
		assert_true(c.overdue <= c.open);
	}
	assert_int_equal(ledger_audit(leaves, 0, 0, order, &c), EVIDENCE_FINE);
	static const struct ledger_leaf good[4] = { { LEDGER_PLEDGED, 1, 0,
							{ 1 } },
		{ LEDGER_PLEDGED, 1, 1, { 2 } }, { LEDGER_KEPT, 1, 1, { 3 } },
		{ LEDGER_LAPSED, 1, 0, { 1 } } };
	static const struct {
		uint32_t at;
		struct ledger_leaf leaf;
		enum evidence_fault want;
	} cases[] = {
		{ 3, { LEDGER_LAPSED, 1, 0, { 1 } }, EVIDENCE_FINE },
		{ 3, { LEDGER_DONE, 1, 3, { 5 } }, EVIDENCE_FINE },
		{ 3, { LEDGER_KEPT, 1, 1, { 4 } }, EVIDENCE_BAD_SUMS },
		{ 3, { LEDGER_KEPT, 1, 2, { 4 } }, EVIDENCE_BAD_SUMS },
		{ 3, { LEDGER_KEPT, 1, 0, { 3 } }, EVIDENCE_BAD_SUMS },
		{ 3, { LEDGER_PLEDGED, 1, 3, { 2 } }, EVIDENCE_BAD_SUMS },
		{ 3, { LEDGER_LAPSED, 1, 0, { 2 } }, EVIDENCE_BAD_SUMS },
		{ 3, { LEDGER_PLEDGED, 1, 2, { 4 } }, EVIDENCE_BAD_SUMS },
		{ 2, { LEDGER_KEPT, 1, 3, { 3 } }, EVIDENCE_BAD_SUMS },
		{ 0, { LEDGER_KEPT, 1, 0, { 4 } }, EVIDENCE_BAD_SUMS },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ledger_leaf four[4];
		memcpy(four, good, sizeof(four));
		four[cases[i].at] = cases[i].leaf;
		const enum evidence_fault f =
		    ledger_audit(four, 4, 0, order, &c);
		if (f != cases[i].want)
			fail_msg("case %zu: %s", i, evidence_fault_name(f));
	}
}

static void
test_from_documents(void **state)
{
	struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	struct test_document a, plain, o, half;
	struct ledger_leaf leaves[3], leaf;

	(void)state;
	test_document_all(&a, &e);
	test_document(&half, &e, 1U << ROLE_COMPANY);
	e.agreement.pledge.kind = 0;
	test_document_all(&plain, &e);
	e = test_evidence(EVIDENCE_OUTCOME);
	test_document_all(&o, &e);
	assert_int_equal(ledger_pledged(&leaves[0], 0, &a.d), EVIDENCE_FINE);
	assert_int_equal(leaves[0].at, TEST_DUE);
	assert_int_equal(
	    ledger_pledged(&leaf, 0, &half.d), EVIDENCE_INCOMPLETE);
	assert_int_equal(
	    ledger_pledged(&leaf, 0, &plain.d), EVIDENCE_CONTRADICTS);
	assert_int_equal(
	    ledger_pledged(&leaf, 0, &o.d), EVIDENCE_WRONG_REFERENCE);
	assert_int_equal(
	    ledger_settled(&leaves[1], 1, 0, &a.d, &o.d), EVIDENCE_FINE);
	assert_int_equal(leaves[1].event, LEDGER_PARTLY);
	assert_int_equal(leaves[1].of, 0);
	assert_int_equal(
	    ledger_settled(&leaf, 1, 1, &a.d, &o.d), EVIDENCE_WRONG_REFERENCE);
	assert_int_equal(ledger_settled(&leaf, 1, 0, &plain.d, &o.d),
	    EVIDENCE_WRONG_REFERENCE);
	assert_int_equal(
	    ledger_lapsed(&leaf, 0, &a.d, TEST_DUE + EVIDENCE_GRACE_H - 1),
	    EVIDENCE_TOO_EARLY);
	assert_int_equal(
	    ledger_lapsed(&leaf, 0, &a.d, TEST_DUE + EVIDENCE_GRACE_H),
	    EVIDENCE_FINE);
	assert_int_equal(leaf.event, LEDGER_LAPSED);
	assert_int_equal(ledger_find(leaves, 2, a.d.id), 0);
	assert_int_equal(ledger_find(leaves, 2, o.d.id), 1);
	assert_int_equal(ledger_find(leaves, 2, plain.d.id), 2);
	/* An outcome without a pledge stands alone. */
	e = test_evidence(EVIDENCE_OUTCOME);
	e.outcome.pledge = 0;
	e.outcome.pledge_share = 0;
	memcpy(e.outcome.agreement, plain.d.id, EVIDENCE_ID);
	test_document_all(&o, &e);
	assert_int_equal(
	    ledger_settled(&leaf, 2, 0, &plain.d, &o.d), EVIDENCE_FINE);
	assert_int_equal(leaf.event, LEDGER_DONE);
	assert_int_equal(leaf.of, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_opening),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_every_extension),
		cmocka_unit_test(test_the_past_stays),
		cmocka_unit_test(test_counts_that_lie),
		cmocka_unit_test(test_counts_that_wrap),
		cmocka_unit_test(test_bad_proofs),
		cmocka_unit_test(test_audit),
		cmocka_unit_test(test_from_documents),
	};

	if (!crypto_init())
		return 1;
	scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
