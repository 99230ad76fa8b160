/* Sync: two sessions against each other, and what the price is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/sync_pair.h"

#define HOUR 490000

/* ${both} items in common, ${a} and ${b} of one side alone, in hours from
 * ${first} on, ${revoked} of the common ones are revocations. */
struct sets {
	size_t both, a, b;
	uint32_t hours;
	size_t revoked;
};

static void
fill(struct sync_pair *p, const struct sets *sets)
{
	const size_t n = sets->both + sets->a + sets->b;

	for (size_t i = 0; i < n; i++) {
		const uint32_t hour =
		    i < sets->revoked
			? 0
			: HOUR + (uint32_t)test_below(&p->t, sets->hours);
		const struct sync_item item = sync_pair_item(p, hour);
		if (i < sets->both + sets->a)
			sync_side_add(&p->a, &item);
		if (i < sets->both || i >= sets->both + sets->a)
			sync_side_add(&p->b, &item);
	}
	sync_side_sort(&p->a);
	sync_side_sort(&p->b);
}

static void
run_fine(struct sync_pair *p)
{
	assert_true(sync_pair_run(p));
	if (p->a.end.type != SYNC_DONE || p->b.end.type != SYNC_DONE)
		fail_msg("a: %s, b: %s", sync_why_name(p->a.end.why),
		    sync_why_name(p->b.end.why));
}

static void
test_sets_become_equal(void **state)
{
	static const struct sets table[] = {
		{ 0, 0, 0, 1, 0 },
		{ 1, 0, 0, 1, 0 },
		{ 0, 1, 0, 1, 0 },
		{ 0, 0, 1, 1, 1 },
		{ 1, 1, 1, 1, 0 },
		{ 100, 0, 0, 10, 3 },
		{ 100, 1, 0, 10, 0 },
		{ 100, 0, 1, 10, 0 },
		{ 0, 500, 0, 20, 5 },
		{ 0, 0, 500, 20, 0 },
		{ 0, 300, 200, 20, 0 },
		{ 5, 900, 1, 1, 2 },
		{ 5, 1, 900, 1, 0 },
		{ 1000, 50, 50, 500, 10 },
		{ 5000, 3, 4, 1000, 0 },
		{ 5000, 400, 0, 3, 100 },
		{ 20000, 5, 5, 1, 0 },
		{ 20000, 200, 300, 1440, 0 },
		{ 20000, 9000, 9000, 1440, 0 },
		{ 1, 20000, 20000, 1440, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sync_pair p;
		sync_pair_init(&p, 100 + i);
		fill(&p, &table[i]);
		run_fine(&p);
		const struct sync_figures f = sync_figures(p.a.s);
		assert_int_equal(f.equal, table[i].a + table[i].b == 0);
		assert_int_equal(p.a.got_n, table[i].b);
		assert_int_equal(p.b.got_n, table[i].a);
		sync_pair_merge(&p);
		assert_true(sync_pair_equal(&p));
		sync_pair_free(&p);
	}
}

/* Small sets of every shape, bytes cut anywhere, judgements late. */
static void
test_any_sets_any_cut(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct sync_pair p;
		sync_pair_init(&p, seed);
		const size_t size = (size_t)1 << test_below(&p.t, 10);
		const struct sets sets = { test_below(&p.t, size * 4),
			test_below(&p.t, size), test_below(&p.t, size),
			1 + (uint32_t)test_below(&p.t, 200), 0 };
		fill(&p, &sets);
		p.piece_max = 1 + test_below(&p.t, 300);
		p.a.late_max = test_below(&p.t, 8);
		p.b.late_max = test_below(&p.t, 8);
		run_fine(&p);
		sync_pair_merge(&p);
		if (!sync_pair_equal(&p))
			fail_msg("seed %d", (int)seed);
		/* Nothing is left to say. */
		run_fine(&p);
		assert_true(sync_figures(p.a.s).equal);
		assert_int_equal(sync_figures(p.a.s).turns_out, 2);
		sync_pair_free(&p);
	}
}

/* The stream breaks anywhere, again and again: it ends all the same. */
static void
test_resume_after_a_cut(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct sync_pair p;
		unsigned sessions = 0;
		sync_pair_init(&p, seed);
		fill(&p, &(struct sets){ 300, 200, 250, 50, 5 });
		do {
			p.cut_after = 2000 + test_below(&p.t, 20000);
			p.piece_max = 1000;
			assert_true(sync_pair_run(&p));
			sync_pair_merge(&p);
			assert_true(++sessions < 60);
		} while (!sync_pair_equal(&p));
		sync_pair_free(&p);
	}
}

/* ---- the price, to the byte ---- */

static void
test_exact_price(void **state)
{
	static const struct {
		struct sets sets;
		uint64_t bytes;   /* both ways, records' bodies left out */
		unsigned a, b;    /* turns */
		uint64_t symbols; /* sent */
	} table[] = {
		{ { 0, 0, 0, 1, 0 }, 74, 2, 1, 0 },
		{ { 10000, 0, 0, 1440, 10 }, 76, 2, 1, 0 },
		{ { 10000, 0, 1, 1440, 10 }, 1903, 4, 3, 16 },
		{ { 10000, 50, 50, 1440, 10 }, 4915, 4, 3, 193 },
		{ { 10000, 5000, 5000, 1440, 10 }, 208594, 4, 4, 0 },
		{ { 0, 10000, 0, 1440, 10 }, 51688, 3, 3, 0 },
		{ { 0, 0, 10000, 1440, 10 }, 50133, 3, 2, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sync_pair p;
		sync_pair_init(&p, 7000 + i);
		fill(&p, &table[i].sets);
		run_fine(&p);
		const struct sync_figures a = sync_figures(p.a.s);
		const struct sync_figures b = sync_figures(p.b.s);
		const uint64_t bytes = a.bytes_out - a.record_bytes_out +
				       b.bytes_out - b.record_bytes_out;
		if (bytes != table[i].bytes || a.turns_out != table[i].a ||
		    b.turns_out != table[i].b || a.symbols != table[i].symbols)
			fail_msg("%zu: %llu bytes, %u and %u turns, %llu", i,
			    (unsigned long long)bytes, a.turns_out, b.turns_out,
			    (unsigned long long)a.symbols);
		assert_int_equal(a.bytes_out, b.bytes_in);
		assert_int_equal(a.record_bytes_in, b.record_bytes_out);
		assert_int_equal(a.turns_in, b.turns_out);
		sync_pair_free(&p);
	}
}

/* ---- cursors ---- */

static void
met(struct sync_side *side, const struct sync_side *other)
{
	side->cf.cursor =
	    (struct sync_cursor){ .known = true, .rid = other->head };
	memcpy(side->cf.cursor.tag, other->cf.tag, SYNC_TAG);
}

static void
mark_fresh(struct sync_side *side, const struct sync_side *other)
{
	side->fresh_known = true;
	side->fresh_n = 0;
	for (size_t i = 0; i < side->n; i++)
		if (!sync_side_has(other, &side->items[i]))
			side->fresh[side->fresh_n++] = (uint32_t)i;
}

static void
test_cursor(void **state)
{
	(void)state;
	for (unsigned missed = 0; missed < 2; missed++) {
		struct sync_pair p;
		sync_pair_init(&p, 5);
		fill(&p, &(struct sets){ 3000, 10, 7, 1440, 3 });
		mark_fresh(&p.a, &p.b);
		mark_fresh(&p.b, &p.a);
		p.b.fresh_n -= missed;
		met(&p.a, &p.b);
		met(&p.b, &p.a);
		run_fine(&p);
		const struct sync_figures a = sync_figures(p.a.s);
		/* One that the cursor does not explain costs a turn more. */
		assert_int_equal(a.turns_out, 3 + missed);
		assert_true(p.a.since.known && p.a.since.rid == 1000);
		assert_true(p.b.since.known && p.b.since.rid == 2000);
		assert_true(p.a.end.cursor.known);
		assert_int_equal(p.a.end.cursor.rid, 2000);
		assert_int_equal(p.b.end.cursor.rid, 1000);
		assert_memory_equal(p.b.end.cursor.tag, p.a.cf.tag, SYNC_TAG);
		if (missed == 0)
			assert_true(a.bytes_out - a.record_bytes_out < 300);
		sync_pair_merge(&p);
		assert_true(sync_pair_equal(&p));
		sync_pair_free(&p);
	}
}

/* A cursor of a store that is gone says nothing. */
static void
test_cursor_of_another_store(void **state)
{
	struct sync_pair p;

	(void)state;
	sync_pair_init(&p, 6);
	fill(&p, &(struct sets){ 100, 2, 2, 10, 0 });
	mark_fresh(&p.a, &p.b);
	mark_fresh(&p.b, &p.a);
	met(&p.a, &p.b);
	met(&p.b, &p.a);
	p.a.cf.cursor.tag[1] ^= 1;
	p.b.cf.cursor.tag[1] ^= 1;
	run_fine(&p);
	assert_false(p.a.since.known);
	assert_false(p.b.since.known);
	sync_pair_merge(&p);
	assert_true(sync_pair_equal(&p));
	sync_pair_free(&p);
}

/* ---- judgements ---- */

/* Refuses what has an odd first byte. */
static enum sync_verdict
refuse_odd(
    struct sync_side *side, const struct sync_item *item, struct sync_item *w)
{
	(void)side;
	(void)w;
	return item->id[0] % 2 != 0 ? SYNC_REFUSE : SYNC_KEPT;
}

static void
test_refused_are_told_once(void **state)
{
	struct sync_pair p;
	size_t odd = 0;

	(void)state;
	sync_pair_init(&p, 11);
	fill(&p, &(struct sets){ 200, 60, 30, 30, 0 });
	p.b.judge = refuse_odd;
	run_fine(&p);
	for (size_t i = 0; i < p.a.n; i++)
		odd += p.a.items[i].id[0] % 2 != 0 &&
		       !sync_side_has(&p.b, &p.a.items[i]);
	assert_true(odd > 10);
	assert_int_equal(p.a.refused_n, odd);
	assert_int_equal(sync_figures(p.b.s).refused, odd);
	assert_int_equal(sync_figures(p.a.s).refused_by_peer, odd);
	/* The dialer leaves them out from now on: the sets are equal. */
	const size_t n = p.a.refused_n;
	struct sync_item *refused = p.a.refused;
	qsort(refused, n, sizeof(*refused), sync_item_cmp);
	sync_pair_merge(&p);
	size_t kept = 0;
	for (size_t i = 0; i < p.a.n; i++)
		if (bsearch(&p.a.items[i], refused, n, sizeof(*refused),
			sync_item_cmp) == NULL)
			p.a.items[kept++] = p.a.items[i];
	p.a.n = kept;
	run_fine(&p);
	assert_true(sync_figures(p.a.s).equal);
	sync_pair_free(&p);
}

/* Knows a winner, in another hour, for what has an odd first byte. */
static enum sync_verdict
beat_odd(
    struct sync_side *side, const struct sync_item *item, struct sync_item *w)
{
	(void)side;
	if (item->id[0] % 2 == 0)
		return SYNC_KEPT;
	*w = *item;
	w->hour += 5;
	w->id[15] ^= 0x55;
	return SYNC_BEATEN;
}

static void
test_winners_come_back(void **state)
{
	(void)state;
	/* Whoever dials: the other side of the last turn answers too. */
	for (unsigned by_a = 0; by_a < 2; by_a++) {
		struct sync_pair p;
		size_t odd = 0;
		sync_pair_init(&p, 12);
		fill(&p, &(struct sets){ 200, 40, 40, 30, 0 });
		struct sync_side *judge = by_a ? &p.a : &p.b;
		struct sync_side *other = by_a ? &p.b : &p.a;
		judge->judge = beat_odd;
		run_fine(&p);
		for (size_t i = 0; i < other->n; i++) {
			struct sync_item w = other->items[i];
			if (w.id[0] % 2 == 0 || sync_side_has(judge, &w))
				continue;
			odd++;
			w.hour += 5;
			w.id[15] ^= 0x55;
			bool came = false;
			for (size_t k = 0; k < other->got_n; k++)
				came |= sync_item_cmp(&other->got[k], &w) == 0;
			assert_true(came);
		}
		assert_true(odd > 5);
		assert_int_equal(sync_figures(judge->s).beaten, odd);
		sync_pair_free(&p);
	}
}

static enum sync_verdict
reject(
    struct sync_side *side, const struct sync_item *item, struct sync_item *w)
{
	(void)side;
	(void)item;
	(void)w;
	return SYNC_REJECT;
}

static enum sync_verdict
later(struct sync_side *side, const struct sync_item *item, struct sync_item *w)
{
	(void)side;
	(void)item;
	(void)w;
	return SYNC_LATER;
}

static void
test_rejected_and_later(void **state)
{
	struct sync_pair p;

	(void)state;
	sync_pair_init(&p, 13);
	fill(&p, &(struct sets){ 20, 3, 3, 30, 0 });
	p.b.judge = reject;
	(void)sync_pair_run(&p);
	assert_int_equal(p.b.end.type, SYNC_FAILED);
	assert_int_equal(p.b.end.why, SYNC_BAD_RECORD);
	p.b.judge = later;
	met(&p.b, &p.a);
	run_fine(&p);
	assert_true(p.b.end.partial);
	assert_false(p.b.end.cursor.known); /* it would skip them */
	assert_false(p.a.end.partial);
	sync_pair_free(&p);
}

/* ---- limits of ours ---- */

static void
test_wants_come_in_parts(void **state)
{
	struct sync_pair p;
	unsigned sessions = 0;

	(void)state;
	sync_pair_init(&p, 14);
	fill(&p, &(struct sets){ 3000, 0, 600, 300, 0 });
	p.a.cf.limits.wants = 150;
	do {
		run_fine(&p);
		assert_true(p.a.got_n > 0);
		sync_pair_merge(&p);
		assert_true(++sessions < 10);
	} while (!sync_pair_equal(&p));
	assert_true(sessions > 1);
	sync_pair_free(&p);
}

static void
test_take_only(void **state)
{
	(void)state;
	for (unsigned taker = 0; taker < 2; taker++) {
		struct sync_pair p;
		sync_pair_init(&p, 15);
		fill(&p, &(struct sets){ 100, 20, 30, 3, 0 });
		struct sync_side *t = taker ? &p.b : &p.a;
		t->cf.take_only = true;
		run_fine(&p);
		assert_int_equal(t->got_n, taker ? 20 : 30);
		assert_int_equal((taker ? &p.a : &p.b)->got_n, 0);
		assert_int_equal(sync_figures(t->s).records_out, 0);
		sync_pair_free(&p);
	}
}

static void
test_declined(void **state)
{
	static const struct {
		bool crawler, no_crawlers;
		enum sync_close decline;
		const char *net;
		bool samples;
		enum sync_close expected;
	} table[] = {
		{ true, false, SYNC_CLOSE_NONE, "test", false,
		    SYNC_CLOSE_NONE },
		{ true, true, SYNC_CLOSE_NONE, "test", false,
		    SYNC_CLOSE_CRAWLER },
		{ false, true, SYNC_CLOSE_NONE, "test", false,
		    SYNC_CLOSE_NONE },
		{ false, false, SYNC_CLOSE_BUSY, "test", false,
		    SYNC_CLOSE_BUSY },
		{ false, false, SYNC_CLOSE_NONE, "tess", false,
		    SYNC_CLOSE_NET },
		{ false, false, SYNC_CLOSE_NONE, "test", true,
		    SYNC_CLOSE_SCOPE },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sync_pair p;
		sync_pair_init(&p, 16);
		fill(&p, &(struct sets){ 3, 2, 2, 3, 0 });
		p.a.cf.crawler = table[i].crawler;
		p.b.cf.no_crawlers = table[i].no_crawlers;
		p.b.cf.decline = table[i].decline;
		p.b.cf.net = slice_str(table[i].net);
		for (unsigned k = 0; table[i].samples && k < 3; k++) {
			struct sync_side *side = k == 0 ? &p.a : &p.b;
			side->cf.scope.samples[k == 2] =
			    (struct scope_sample){ { (uint8_t)k }, 1U << 31 };
		}
		assert_true(sync_pair_run(&p));
		if (table[i].expected == SYNC_CLOSE_NONE) {
			assert_int_equal(p.a.end.type, SYNC_DONE);
		} else {
			assert_int_equal(p.a.end.why, SYNC_CLOSED);
			assert_int_equal(p.a.end.close, table[i].expected);
			assert_int_equal(p.b.end.why, SYNC_DECLINED);
			assert_int_equal(p.b.end.close, table[i].expected);
		}
		assert_int_equal(
		    sync_figures(p.b.s).peer_crawler, table[i].crawler);
		sync_pair_free(&p);
	}
}

/* With any amount of memory it ends well or says why; nothing is lost. */
static void
test_no_memory(void **state)
{
	unsigned failed = 0, fine = 0;

	(void)state;
	for (size_t cap = 5000; cap < 400000; cap += cap / 16) {
		struct sync_pair p;
		sync_pair_init(&p, 17);
		fill(&p, &(struct sets){ 2000, 40, 40, 300, 0 });
		p.b.mem.cap = cap;
		(void)sync_pair_run(&p);
		if (p.b.end.type == SYNC_FAILED) {
			assert_int_equal(p.b.end.why, SYNC_NO_MEMORY);
			failed++;
		} else {
			fine++;
		}
		assert_true(p.b.mem.used <= cap);
		sync_pair_free(&p);
	}
	assert_true(failed > 10 && fine > 3);
}

/* What the manual says that a session takes is enough to come to an end. */
static void
test_little_memory(void **state)
{
	static const struct sets table[] = {
		{ 20000, 8000, 8000, 1440, 0 },
		{ 20000, 1500, 1500, 1440, 0 },
		{ 0, 20000, 20000, 1440, 0 },
		{ 30000, 0, 9000, 1440, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct sync_pair p;
		unsigned sessions = 0;
		sync_pair_init(&p, 21 + i);
		fill(&p, &table[i]);
		do {
			p.a.mem.cap = p.a.n * 82 / 10 + 800000;
			p.b.mem.cap = p.b.n * 82 / 10 + 800000;
			run_fine(&p);
			sync_pair_merge(&p);
			assert_true(++sessions < 10);
		} while (!sync_pair_equal(&p));
		sync_pair_free(&p);
	}
}

static void
test_times_out(void **state)
{
	struct sync_pair p;
	struct sync_event ev;

	(void)state;
	sync_pair_init(&p, 18);
	p.a.s = sync_new(&p.a.mem, &p.a.cf, 1000);
	assert_non_null(p.a.s);
	assert_false(sync_next(p.a.s, &ev));
	assert_int_equal(sync_expiry(p.a.s), 61000);
	sync_sent(p.a.s, sync_send(p.a.s).n, 5000);
	sync_on_time(p.a.s, 5001); /* our own part took that long */
	assert_int_equal(sync_expiry(p.a.s), 65001);
	sync_on_time(p.a.s, 65000);
	assert_false(sync_next(p.a.s, &ev));
	sync_on_time(p.a.s, 65001);
	assert_true(sync_next(p.a.s, &ev));
	assert_int_equal(ev.type, SYNC_FAILED);
	assert_int_equal(ev.why, SYNC_IDLE);
	assert_int_equal(sync_expiry(p.a.s), UINT64_MAX);
	assert_false(sync_next(p.a.s, &ev));

	/* Waiting for its own driver it has two hours, and no more. */
	p.b.s = sync_new(&p.b.mem, &p.b.cf, 1000);
	assert_non_null(p.b.s);
	sync_free(p.a.s);
	p.a.s = sync_new(&p.a.mem, &p.a.cf, 1000);
	assert_non_null(p.a.s);
	assert_false(sync_next(p.a.s, &ev));
	const struct slice hello = sync_send(p.a.s);
	assert_int_equal(sync_recv(p.b.s, hello, 2000), hello.n);
	assert_true(sync_next(p.b.s, &ev));
	assert_int_equal(ev.type, SYNC_NEED_ITEMS);
	sync_on_time(p.b.s, 7200999);
	assert_false(sync_next(p.b.s, &ev));
	sync_on_time(p.b.s, 7201000);
	assert_true(sync_next(p.b.s, &ev));
	assert_int_equal(ev.why, SYNC_TOO_LONG);
	sync_pair_free(&p);
}

static void
test_abort(void **state)
{
	struct sync_pair p;

	(void)state;
	sync_pair_init(&p, 19);
	fill(&p, &(struct sets){ 3, 2, 2, 3, 0 });
	p.a.s = sync_new(&p.a.mem, &p.a.cf, 1);
	p.b.s = sync_new(&p.b.mem, &p.b.cf, 1);
	assert_non_null(p.a.s);
	assert_non_null(p.b.s);
	sync_side_serve(&p.a, &p.t);
	struct slice out = sync_send(p.a.s);
	assert_int_equal(sync_recv(p.b.s, out, 1), out.n);
	struct sync_event ev;
	assert_true(sync_next(p.b.s, &ev)); /* our turn: items */
	sync_abort(p.b.s, SYNC_CLOSE_LIMIT);
	sync_side_serve(&p.b, &p.t);
	assert_int_equal(p.b.end.why, SYNC_DECLINED);
	out = sync_send(p.b.s);
	assert_int_equal(sync_recv(p.a.s, out, 1), out.n);
	sync_side_serve(&p.a, &p.t);
	assert_int_equal(p.a.end.why, SYNC_CLOSED);
	assert_int_equal(p.a.end.close, SYNC_CLOSE_LIMIT);
	sync_pair_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets_become_equal),
		cmocka_unit_test(test_any_sets_any_cut),
		cmocka_unit_test(test_resume_after_a_cut),
		cmocka_unit_test(test_exact_price),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_cursor_of_another_store),
		cmocka_unit_test(test_refused_are_told_once),
		cmocka_unit_test(test_winners_come_back),
		cmocka_unit_test(test_rejected_and_later),
		cmocka_unit_test(test_wants_come_in_parts),
		cmocka_unit_test(test_take_only),
		cmocka_unit_test(test_declined),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_little_memory),
		cmocka_unit_test(test_times_out),
		cmocka_unit_test(test_abort),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
