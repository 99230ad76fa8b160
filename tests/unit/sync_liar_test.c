/* Sync: a peer written by hand that does not keep to the protocol. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/base/varint.h"
#include "proto/sync/coded.h"
#include "proto/sync/set.h"
#include "tests/unit/sync_pair.h"

#define HOUR        490000
#define ITEMS       500
#define REFUSES_MAX 4096 /* of one session */

/* The honest side is a listener, or a dialer; we are the other. */
struct liar {
	struct sync_pair p;
	struct sync_side *side;
	uint8_t salt[SET_SALT];
	uint64_t values[ITEMS];
	uint8_t *message; /* being written */
	struct buf b;
	unsigned said[WIRE_TYPES]; /* messages of each type by the side */
};

static const uint8_t my_nonce[SYNC_NONCE] = { 4, 4, 4 };

/* Counts the messages that the side has said. */
static void
hear_side(struct liar *l)
{
	sync_side_serve(l->side, &l->p.t);
	for (;;) {
		struct slice out = sync_send(l->side->s);
		const size_t all = out.n;
		if (all == 0)
			return;
		while (out.n > 0) {
			uint64_t n = 0;
			size_t head = 0;
			assert_int_equal(varint_get(out, &n, &head), OK);
			struct wire_in w = { .in = slice_of(
						 out.p + head, (size_t)n) };
			(void)wire_array(&w);
			l->said[wire_uint(&w, WIRE_TYPES - 1)]++;
			slice_skip(&out, head + (size_t)n);
		}
		sync_sent(l->side->s, all, 1);
		sync_side_serve(l->side, &l->p.t);
	}
}

static void
say(struct liar *l)
{
	uint8_t head[4];
	struct buf b = { head, 0, sizeof(head) };

	assert_int_equal(varint_put(&b, l->b.n), OK);
	assert_int_equal(sync_recv(l->side->s, buf_slice(&b), 1), b.n);
	struct slice rest = buf_slice(&l->b);
	while (rest.n > 0) {
		slice_skip(&rest, sync_recv(l->side->s, rest, 1));
		hear_side(l);
	}
	l->b.n = 0;
}

static struct buf *
begin(struct liar *l, enum wire_type type, uint32_t fields)
{
	l->b.n = 0;
	wire_put_array(&l->b, 1 + fields);
	wire_put_uint(&l->b, type);
	return &l->b;
}

static void
say_hello(struct liar *l)
{
	struct buf *b = begin(l, WIRE_HELLO, 6);

	wire_put_str(b, slice_str("test"));
	wire_put_array(b, 0);
	wire_put_bin(b, my_nonce, SYNC_NONCE);
	wire_put_uint(b, 0);
	wire_put_bin(b, NULL, 0);
	wire_put_uint(b, 0);
	say(l);
}

static void
say_welcome(struct liar *l, uint64_t count)
{
	struct buf *b = begin(l, WIRE_WELCOME, 10);

	wire_put_array(b, 0);
	wire_put_bin(b, my_nonce, SYNC_NONCE);
	wire_put_uint(b, 0);
	wire_put_bin(b, NULL, 0);
	wire_put_uint(b, 0);
	wire_put_bin(b, "abcd", SYNC_TAG);
	wire_put_uint(b, 7);
	wire_put_uint(b, count);
	wire_put_bin(b, "abcdefgh", 8);
	wire_put_uint(b, 0);
	say(l);
}

static void
say_end(struct liar *l)
{
	(void)begin(l, WIRE_END, 0);
	say(l);
}

static void
say_ids(struct liar *l, enum wire_type type, const uint64_t *v, size_t n)
{
	struct buf *b = begin(l, type, 1);

	wire_put_bin_head(b, n * 8);
	for (size_t i = 0; i < n; i++)
		wire_put_u64be(b, v[i]);
	say(l);
}

/* One range over everything. */
static void
say_ranges(struct liar *l, uint64_t count)
{
	uint8_t print[WIRE_PRINT] = { 1 };
	struct buf *b = begin(l, WIRE_RANGES, 6);

	wire_put_bin(b, "abcd", SYNC_TAG);
	wire_put_uint(b, 7);
	wire_put_uint(b, 0);
	wire_put_bin(b, NULL, 0);
	wire_put_uint(b, count);
	wire_put_bin(b, print, sizeof(print));
	say(l);
}

static void
say_span(struct liar *l, enum wire_type type, uint64_t from, uint64_t to)
{
	struct buf *b = begin(l, type, type == WIRE_LIST ? 5 : 4);

	wire_put_uint(b, from);
	wire_put_bin(b, NULL, 0);
	wire_put_uint(b, to);
	wire_put_bin(b, NULL, 0);
	if (type == WIRE_LIST)
		wire_put_bin(b, NULL, 0);
	say(l);
}

static void
say_record(struct liar *l)
{
	const struct sync_item item = sync_pair_item(&l->p, HOUR);
	uint8_t record[PAIR_RECORD];
	struct buf *b = begin(l, WIRE_RECORD, 1);

	sync_side_record(&item, record);
	wire_put_bin(b, record, sizeof(record));
	say(l);
}

/* ${dialer}: the honest side dials. Its first turn is over. */
static void
liar_init(struct liar *l, bool dialer)
{
	memset(l, 0, sizeof(*l));
	sync_pair_init(&l->p, 3);
	l->message = malloc(SYNC_MESSAGE_MAX + 10);
	assert_non_null(l->message);
	l->b = (struct buf){ l->message, 0, SYNC_MESSAGE_MAX + 10 };
	l->side = dialer ? &l->p.a : &l->p.b;
	for (unsigned i = 0; i < ITEMS; i++) {
		const struct sync_item item =
		    sync_pair_item(&l->p, HOUR + i / 10);
		sync_side_add(l->side, &item);
	}
	sync_side_sort(l->side);
	if (dialer)
		set_salt(l->side->cf.nonce, my_nonce, l->salt);
	else
		set_salt(my_nonce, l->side->cf.nonce, l->salt);
	set_values(l->salt, l->side->items, ITEMS, l->values);
}

static void
liar_start(struct liar *l)
{
	l->side->s = sync_new(&l->side->mem, &l->side->cf, 1);
	assert_non_null(l->side->s);
	hear_side(l);
	if (!l->side->cf.dialer)
		say_hello(l);
}

static void
liar_free(struct liar *l)
{
	sync_pair_free(&l->p);
	free(l->message);
}

static void
assert_why(const struct liar *l, enum sync_why why)
{
	assert_true(l->side->over);
	if (l->side->end.why != why)
		fail_msg("%s and not %s", sync_why_name(l->side->end.why),
		    sync_why_name(why));
}

/* ---- out of place ---- */

static void
out_of_place(struct liar *l, unsigned i)
{
	switch (i) {
	case 0:
		say_hello(l);
		break;
	case 1:
		say_welcome(l, 3);
		break;
	case 2:
		say_span(l, WIRE_LIST, 0, 5);
		break;
	case 3:
		say_span(l, WIRE_ASK, 0, 5);
		break;
	case 4:
		(void)begin(l, WIRE_MORE, 1);
		wire_put_uint(&l->b, 5);
		say(l);
		break;
	case 5:
		(void)begin(l, WIRE_CODED, 3);
		wire_put_bin(&l->b, "\1", 1);
		wire_put_uint(&l->b, 0);
		wire_put_bin(&l->b, "123456789012", 12);
		say(l);
		break;
	case 6: /* types descend */
		say_ids(l, WIRE_WANT, l->values, 1);
		say_ids(l, WIRE_REFUSE, l->values, 1);
		break;
	case 7:
		say_ranges(l, 5);
		say_ranges(l, 5);
		break;
	case 8: /* once a session, by either side */
		say_ranges(l, 5);
		say_end(l);
		say_ranges(l, 5);
		break;
	case 9: /* a list of a range that is not known yet */
		say_ranges(l, 5);
		say_span(l, WIRE_LIST, 0, 5);
		break;
	default: /* FRESH is for turn 3 */
		say_ids(l, WIRE_WANT, l->values, 1);
		say_end(l);
		(void)begin(l, WIRE_FRESH, 5);
		wire_put_bin(&l->b, "abcd", 4);
		wire_put_uint(&l->b, 1);
		wire_put_uint(&l->b, 1);
		wire_put_bin(&l->b, "12345678", 8);
		wire_put_bin(&l->b, NULL, 0);
		say(l);
		break;
	}
}

static void
test_out_of_place(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= 10; i++) {
		struct liar l;
		liar_init(&l, false);
		liar_start(&l);
		assert_int_equal(l.said[WIRE_WELCOME], 1);
		out_of_place(&l, i);
		assert_why(&l, SYNC_BAD_TURN);
		liar_free(&l);
	}
}

/* Of two ways to begin only one: both would be answered. */
static void
test_fresh_and_ranges(void **state)
{
	struct liar l;

	(void)state;
	liar_init(&l, false);
	liar_start(&l);
	struct buf *b = begin(&l, WIRE_FRESH, 5);
	wire_put_bin(b, "abcd", SYNC_TAG);
	wire_put_uint(b, 7);
	wire_put_uint(b, 3);
	wire_put_bin(b, "12345678", 8);
	wire_put_bin(b, NULL, 0);
	say(&l);
	say_ranges(&l, 3);
	say_end(&l);
	assert_why(&l, SYNC_BAD_TURN);
	liar_free(&l);
}

/* Lists that overlap would let us be scanned again and again. */
static void
test_overlapping_lists(void **state)
{
	static const struct {
		enum wire_type type;
		uint64_t spans[2][2];
		bool good;
	} table[] = {
		{ WIRE_LIST, { { 0, HOUR + 5 }, { HOUR + 5, 1ULL << 32 } },
		    true },
		{ WIRE_LIST, { { 0, HOUR + 5 }, { HOUR + 4, HOUR + 9 } },
		    false },
		{ WIRE_LIST, { { HOUR, HOUR + 5 }, { 0, HOUR } }, false },
		{ WIRE_LIST, { { 0, 5 }, { 7, 7 } }, false },
		{ WIRE_LIST, { { 0, 5 }, { 7, (1ULL << 32) + 1 } }, false },
		{ WIRE_ASK, { { 0, 5 }, { 5, 6 } }, true },
		{ WIRE_ASK, { { 0, 5 }, { 4, 6 } }, false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct liar l;
		liar_init(&l, true);
		liar_start(&l);
		say_welcome(&l, 400);
		assert_int_equal(l.said[WIRE_RANGES], 1);
		for (unsigned k = 0; k < 2; k++)
			say_span(&l, table[i].type, table[i].spans[k][0],
			    table[i].spans[k][1]);
		say_end(&l);
		if (table[i].good)
			assert_false(l.side->over);
		else
			assert_why(&l, SYNC_BAD_MESSAGE);
		liar_free(&l);
	}
}

/* ---- limits ---- */

static void
test_turns(void **state)
{
	struct liar l;

	(void)state;
	liar_init(&l, false);
	liar_start(&l);
	/* Asks for one record after the other: it never ends by itself. */
	for (unsigned turn = 2; turn <= 16; turn++) {
		say_ids(&l, WIRE_WANT, &l.values[turn], 1);
		say_end(&l);
		assert_false(l.side->over);
		assert_int_equal(l.said[WIRE_RECORD], turn - 1);
	}
	say_ids(&l, WIRE_WANT, l.values, 1);
	say_end(&l);
	assert_why(&l, SYNC_TOO_MANY_TURNS);
	liar_free(&l);
}

static void
test_more_records_than_it_has(void **state)
{
	struct liar l;

	(void)state;
	liar_init(&l, true);
	liar_start(&l);
	say_welcome(&l, 3);
	for (unsigned i = 0; i < 3; i++) {
		say_record(&l);
		assert_false(l.side->over);
	}
	say_record(&l);
	assert_why(&l, SYNC_TOO_MUCH);
	assert_int_equal(l.side->got_n, 3);
	liar_free(&l);
}

static void
test_records_limit(void **state)
{
	struct liar l;

	(void)state;
	liar_init(&l, true);
	l.side->cf.limits.records = 2;
	liar_start(&l);
	say_welcome(&l, 3000);
	say_record(&l);
	say_record(&l);
	say_record(&l);
	assert_why(&l, SYNC_TOO_MUCH);
	liar_free(&l);
}

/* Wants what nobody has, for ever: memory and bytes stay bounded. */
static void
test_wants_flood(void **state)
{
	static uint64_t none[8000];
	struct liar l;
	unsigned n = 0;

	(void)state;
	liar_init(&l, false);
	liar_start(&l);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		none[i] = i << 44; /* a weak hash would pile them up */
	while (!l.side->over && n++ < 100)
		say_ids(&l, WIRE_WANT, none, ARRAY_LEN(none));
	assert_why(&l, SYNC_TOO_MUCH);
	assert_in_range(n, 16, 18); /* 1 MiB and 500 items */
	assert_true(l.p.t.peak < (size_t)5 << 20);
	liar_free(&l);
}

/* Refuses all that we have: the driver is told of a bounded part. */
static void
test_refuse_flood(void **state)
{
	static uint64_t values[6000];
	struct liar l;

	(void)state;
	liar_init(&l, false);
	for (size_t i = ITEMS; i < ARRAY_LEN(values); i++) {
		const struct sync_item item = sync_pair_item(&l.p, HOUR);
		sync_side_add(l.side, &item);
	}
	sync_side_sort(l.side);
	set_values(l.salt, l.side->items, ARRAY_LEN(values), values);
	liar_start(&l);
	for (unsigned turn = 0; turn < 3; turn++) {
		say_ids(&l, WIRE_REFUSE, values, ARRAY_LEN(values));
		say_end(&l);
	}
	assert_int_equal(l.side->refused_n, REFUSES_MAX);
	liar_free(&l);
}

static void
test_more_flood(void **state)
{
	struct liar l;
	unsigned n = 0;

	(void)state;
	liar_init(&l, false);
	liar_start(&l);
	/* As many as ours, another sum, the same z: 1 difference at least. */
	struct set s = { l.side->items, l.values, ITEMS };
	const struct set_print p = set_print(&s, 0, ITEMS);
	struct buf *b = begin(&l, WIRE_RANGES, 6);
	wire_put_bin(b, "abcd", SYNC_TAG);
	wire_put_uint(b, 7);
	wire_put_uint(b, 0);
	wire_put_bin(b, NULL, 0);
	wire_put_uint(b, p.count);
	wire_put_bin_head(b, WIRE_PRINT);
	wire_put_u64be(b, p.sum + 1);
	for (unsigned j = 0; j < SET_Z; j++)
		wire_put_u16be(b, p.z[j]);
	say(&l);
	say_end(&l);
	assert_int_equal(l.said[WIRE_CODED], 1);
	while (!l.side->over && n++ < 100) {
		(void)begin(&l, WIRE_MORE, 1);
		wire_put_uint(&l.b, 100 * n);
		say(&l);
		if (!l.side->over)
			say_end(&l);
	}
	assert_why(&l, SYNC_TOO_MUCH);
	assert_int_equal(n, 4);
	liar_free(&l);
}

/* ---- symbols ---- */

/* All ranges, symbols [first, end) of c. */
static void
say_coded(struct liar *l, const struct coded *c, size_t first, size_t end,
    size_t ranges)
{
	uint8_t mask[WIRE_RANGES_MAX / 8] = { 0 };
	struct buf *b = begin(l, WIRE_CODED, 3);

	for (size_t i = 0; i < ranges; i++)
		mask[i / 8] |= (uint8_t)(1U << i % 8);
	wire_put_bin(b, mask, (ranges + 7) / 8);
	wire_put_uint(b, first);
	wire_put_bin_head(b, (end - first) * WIRE_CELL);
	for (size_t i = first; i < end; i++) {
		wire_put_u64be(b, c->sum[i]);
		wire_put_u32be(b, c->check[i]);
	}
	say(l);
}

static size_t
ranges_of(const struct liar *l)
{
	const struct set s = { l->side->items, l->values, ITEMS };
	size_t at[WIRE_RANGES_MAX];

	return set_cut(&s, at);
}

/* As if they had all of ours but one, which we do not have either. */
static void
test_symbols_of_what_nobody_has(void **state)
{
	uint64_t sum[40] = { 0 };
	uint32_t check[40] = { 0 };
	struct coded c = { sum, check, 0, 40 };
	struct liar l;

	(void)state;
	for (unsigned lie = 0; lie < 2; lie++) {
		memset(sum, 0, sizeof(sum));
		memset(check, 0, sizeof(check));
		liar_init(&l, true);
		liar_start(&l);
		say_welcome(&l, ITEMS - 1);
		for (unsigned i = 0; i < ITEMS; i++)
			coded_add(&c, l.values[i]);
		coded_sub(&c, lie ? 12345 : l.values[7]);
		say_coded(&l, &c, 0, 40, ranges_of(&l));
		say_end(&l);
		if (lie) {
			assert_why(&l, SYNC_BAD_CODED);
		} else {
			assert_false(l.side->over);
			assert_int_equal(l.said[WIRE_RECORD], 1);
			assert_int_equal(l.said[WIRE_DONE], 1);
		}
		liar_free(&l);
	}
}

/* Symbols that never decode: three times more, then lists. */
static void
test_symbols_that_never_decode(void **state)
{
	static uint64_t sum[2000];
	static uint32_t check[2000];
	const struct coded c = { sum, check, 0, 2000 };
	struct liar l;
	size_t had = 40;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sum); i++) {
		sum[i] = i * 77777777777;
		check[i] = (uint32_t)i * 999331;
	}
	liar_init(&l, true);
	liar_start(&l);
	say_welcome(&l, ITEMS);
	say_coded(&l, &c, 0, had, ranges_of(&l));
	say_end(&l);
	for (unsigned more = 1; more <= 3; more++) {
		assert_int_equal(l.said[WIRE_MORE], more);
		assert_int_equal(l.said[WIRE_ASK], 0);
		say_coded(&l, &c, had, 2 * had + 16, ranges_of(&l));
		had = 2 * had + 16;
		say_end(&l);
	}
	assert_int_equal(l.said[WIRE_MORE], 3);
	assert_int_equal(l.said[WIRE_ASK], 1); /* they are all neighbours */
	assert_false(l.side->over);
	/* And no symbols any more. */
	say_coded(&l, &c, had, had + 1, ranges_of(&l));
	assert_why(&l, SYNC_BAD_TURN);
	liar_free(&l);
}

static void
test_bad_symbols(void **state)
{
	uint64_t sum[40] = { 1 };
	uint32_t check[40] = { 1 };
	const struct coded c = { sum, check, 0, 40 };
	struct liar l;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		liar_init(&l, true);
		l.side->cf.limits.symbols = 30;
		liar_start(&l);
		say_welcome(&l, ITEMS);
		const size_t n = ranges_of(&l);
		if (i == 0) /* a gap */
			say_coded(&l, &c, 1, 20, n);
		else if (i == 1) /* of a range that is not */
			say_coded(&l, &c, 0, 20, n + 1);
		else if (i == 2) /* of none */
			say_coded(&l, &c, 0, 20, 0);
		else
			say_coded(&l, &c, 0, 31, n);
		assert_why(&l, i == 3 ? SYNC_TOO_MUCH : SYNC_BAD_MESSAGE);
		liar_free(&l);
	}
}

/* ---- counts ---- */

/* It says that it has four billion in a range: asked for a list, no more. */
static void
test_count_of_lies(void **state)
{
	struct liar l;

	(void)state;
	liar_init(&l, false);
	liar_start(&l);
	say_ranges(&l, UINT32_MAX);
	say_end(&l);
	assert_false(l.side->over);
	assert_int_equal(l.said[WIRE_LIST], 1);
	assert_true(l.p.t.peak < (size_t)1 << 20);
	liar_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_place),
		cmocka_unit_test(test_fresh_and_ranges),
		cmocka_unit_test(test_overlapping_lists),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_more_records_than_it_has),
		cmocka_unit_test(test_records_limit),
		cmocka_unit_test(test_wants_flood),
		cmocka_unit_test(test_refuse_flood),
		cmocka_unit_test(test_more_flood),
		cmocka_unit_test(test_symbols_of_what_nobody_has),
		cmocka_unit_test(test_symbols_that_never_decode),
		cmocka_unit_test(test_bad_symbols),
		cmocka_unit_test(test_count_of_lies),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
