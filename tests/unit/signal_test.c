#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/signal/internal.h"
#include "match/signal/signal.h"
#include "match/signal/week.h"
#include "match_world.h"
#include "proto/record/kind.h"
#include "proto/record/record.h"

#define WEEK   2967U /* 2026-W47 */
#define ITEMS  24
#define MODEL  4096
#define TERMS  7
#define PLACES 3

static const char tsv[] =
    "slug\ttype\tisco\ten\tde\tfr\tes\tbroader\trelated\tsame_as\n"
    "craft\tskill\t*\tcraft\t\t\t\t\t\t\n"
    "metal\tskill\t*\tmetal work\t\t\t\tcraft\t\t\n"
    "weld\tskill\t*\twelding\t\t\t\tmetal\t\t\n"
    "mill\tskill\t*\tmilling\t\t\t\tmetal\t\t\n"
    "wood\tskill\t*\twood work\t\t\t\tcraft\t\t\n"
    "code\tskill\t*\tcoding\t\t\t\t\t\t\n"
    "smith\toccupation\t7221\tsmith\t\t\t\t\t\t\n";
static const char *const slugs[TERMS] = { "craft", "metal", "weld", "mill",
	"wood", "code", "smith" };
static const char *const regions[PLACES] = { "de", "fr", "zz" };

static struct world world;

/* ---- records in words ---- */

/* What a record of the model says; bits are places in ${slugs}. */
struct said {
	bool there;
	uint32_t kind, slot, author;
	unsigned region;
	uint32_t held, wanted;
	uint32_t org; /* author number + 1; 0: none */
	uint32_t seats, filled, status, since, made, pay;
	char industry;
	uint32_t posting_key; /* author number + 1 */
	uint64_t rid, expires;
};

struct payload {
	struct value pairs[40], items[3][ITEMS], maps[2 * ITEMS][4], pay[6];
	struct value industry;
	uint8_t terms[TERMS][8], keys[2][32];
	char text[2];
	size_t n, maps_n;
};

static void
author_bytes(uint32_t author, uint8_t out[32])
{
	uint64_t seed = author + 77;

	for (size_t i = 0; i < 32; i += 8)
		put_u64be(out + i, chance(&seed, UINT64_MAX) << 1 | 1);
}

static void
put(struct payload *p, uint64_t key, struct value v)
{
	p->pairs[p->n++] = value_uint(key);
	p->pairs[p->n++] = v;
}

static struct value
items_of(struct payload *p, unsigned list, uint32_t bits, uint64_t last)
{
	size_t n = 0;

	for (unsigned i = 0; i < TERMS; i++) {
		if ((bits >> i & 1) == 0)
			continue;
		struct value *m = p->maps[p->maps_n++];
		m[0] = value_uint(0);
		m[1] = value_bin(slice_of(p->terms[i], 8));
		m[2] = value_uint(last);
		m[3] = value_uint(3);
		p->items[list][n++] = value_map(m, 2);
	}
	return value_array(p->items[list], n);
}

static struct value
payload_of(struct payload *p, const struct said *s)
{
	memset(p, 0, sizeof(*p));
	for (unsigned i = 0; i < TERMS; i++)
		put_u64be(p->terms[i], slug_term(slugs[i]));
	switch (s->kind) {
	case KIND_PROFILE:
		put(p, 0, items_of(p, 0, s->held, 2));
		put(p, 2, items_of(p, 1, s->wanted, 2));
		break;
	case KIND_ORGANISATION:
		p->text[0] = s->industry;
		put(p, 4, value_str(slice_str(p->text)));
		if (s->posting_key != 0) {
			author_bytes(s->posting_key - 1, p->keys[0]);
			p->items[0][0] = value_bin(slice_of(p->keys[0], 32));
			put(p, 10, value_array(p->items[0], 1));
		}
		break;
	case KIND_DEMAND:
		put(p, 0, value_uint(1));
		if (s->org != 0) {
			author_bytes(s->org - 1, p->keys[1]);
			put(p, 4, value_bin(slice_of(p->keys[1], 32)));
		}
		put(p, 6, items_of(p, 0, s->held & 63, 4));
		if (s->pay != 0) {
			p->pay[0] = value_uint(0);
			p->pay[1] = value_uint(s->pay);
			p->pay[2] = value_uint(4);
			p->pay[3] = value_str(slice_str("EUR"));
			p->pay[4] = value_uint(6);
			p->pay[5] = value_uint(4);
			put(p, 28, value_map(p->pay, 3));
		}
		if (s->seats != 0)
			put(p, 34, value_uint(s->seats));
		if (s->since != 0)
			put(p, 36, value_uint(s->since));
		if (s->status != 0)
			put(p, 38, value_uint(s->status));
		if (s->filled != 0)
			put(p, 40, value_uint(s->filled));
		if ((s->held >> 6 & 1) != 0)
			put(p, 58, value_bin(slice_of(p->terms[6], 8)));
		break;
	default:
		put(p, 4, items_of(p, 0, s->held, 4));
	}
	return value_map(p->pairs, p->n / 2);
}

static err
tell(struct signal_table *t, const struct said *s)
{
	struct payload p;
	uint8_t author[32];
	const struct value v = payload_of(&p, s);
	struct signal_record r = { .rid = s->rid,
		.kind = s->kind,
		.slot = s->slot,
		.author = author,
		.made_h = s->made,
		.expires_h = s->expires,
		.payload = &v };

	author_bytes(s->author, author);
	memcpy(r.region, regions[s->region], 3);
	return signal_put(t, &r);
}

static struct signal_table *
table(const struct signal_limits *limits)
{
	struct signal_table *t;

	assert_int_equal(signal_table_new(world.v, limits, 99, WEEK, &t), OK);
	return t;
}

static uint32_t
place(const char *slug)
{
	return vocabulary_find(world.v, slug_term(slug));
}

static struct signal_counts
counts(const struct signal_table *t, const char *slug, const char *region,
    uint8_t sector)
{
	struct signal_counts c = { 0 };

	(void)signal_counts(t, place(slug), region, sector, &c);
	return c;
}

/* ---- units ---- */

static void
test_weeks(void **state)
{
	static const struct {
		uint64_t day; /* since 1970 */
		const char *text;
	} cases[] = {
		{ 0, "1970-W01" },
		{ 3, "1970-W01" },
		{ 4, "1970-W02" },
		{ 10957, "1999-W52" }, /* 2000-01-01, a Saturday */
		{ 14245, "2009-W01" }, /* 2009-01-01 */
		{ 14609, "2009-W53" }, /* 2009-12-31 */
		{ 14612, "2009-W53" }, /* 2010-01-03, a Sunday */
		{ 14613, "2010-W01" },
		{ 20779, "2026-W47" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[SIGNAL_WEEK_TEXT];
		const uint32_t w = week_of_hour(cases[i].day * 24 + 23);
		week_text(w, text);
		assert_string_equal(text, cases[i].text);
		assert_true(week_begins(w) <= cases[i].day * 24);
		assert_true(week_begins(w + 1) > cases[i].day * 24 + 23);
		assert_int_equal(week_of_hour(week_begins(w + 1)), w + 1);
	}
}

static void
test_sectors(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = { { "A", "A" }, { "u", "U" }, { "01", "A" },
		{ "1071", "C" }, { "33", "C" }, { "34", "unknown" },
		{ "4711", "G" }, { "99", "U" }, { "00", "unknown" },
		{ "V", "unknown" }, { "1", "unknown" }, { "", "unknown" },
		{ "62", "J" }, { "C10", "C" } };
	uint8_t s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(
		    sector_name(sector_of_isic(slice_str(cases[i].text))),
		    cases[i].name);
	for (uint8_t i = 0; i < SECTORS; i++) {
		assert_true(sector_find(sector_name(i), &s));
		assert_int_equal(s, i);
		assert_true(strlen(sector_title(i)) > 3);
	}
	assert_true(sector_find("ISCO-7", &s));
	assert_int_equal(s, SECTOR_ISCO_0 + 7);
	assert_false(sector_find("isco", &s));
}

static void
test_bins(void **state)
{
	struct signal_bins a = { 0 }, b = { 0 }, both = { 0 };

	(void)state;
	for (uint64_t v = 1; v < 5000000; v += 1 + v / 50) {
		const uint64_t m = signal_bin_value(signal_bin(v));
		/* the middle of a bin is at most an eighth of an octave off,
		 * and the rounding of small numbers */
		if (m * 100 > v * 112 + 150 || m * 100 + 150 < v * 89)
			fail_msg("%" PRIu64 " is taken for %" PRIu64, v, m);
		assert_true(signal_bin(v + 1) >= signal_bin(v));
		signal_bins_add(v % 3 == 0 ? &a : &b, v);
		signal_bins_add(&both, v);
	}
	signal_bins_merge(&a, &b);
	assert_memory_equal(&a, &both, sizeof(a));
	assert_int_equal(signal_bin(UINT64_MAX >> 1), SIGNAL_BINS - 1);
	struct signal_bins one = { 0 };
	assert_int_equal(signal_bins_quantile(&one, 500), 0);
	for (int i = 0; i < 99; i++)
		signal_bins_add(&one, 200000);
	signal_bins_add(&one, 900000000);
	assert_int_equal(signal_bins_quantile(&one, 500),
	    signal_bin_value(signal_bin(200000)));
	assert_int_equal(signal_bins_quantile(&one, 1000),
	    signal_bin_value(signal_bin(900000000)));
}

/* ---- counting ---- */

static void
test_counts(void **state)
{
	struct signal_table *t = table(&signal_limits_default);
	struct said demand = { .kind = KIND_DEMAND,
		.author = 1,
		.held = 1 << 2,
		.seats = 5,
		.filled = 2,
		.rid = 2,
		.expires = 9,
		.since = (uint32_t)week_begins(WEEK) + 1,
		.made = (uint32_t)week_begins(WEEK) + 5 };
	const struct said card = { .kind = KIND_PROFILE,
		.author = 2,
		.held = 1 << 2 | 1 << 3,
		.wanted = 1 << 5,
		.rid = 3,
		.expires = 9,
		.region = 1 };

	(void)state;
	assert_int_equal(tell(t, &demand), OK);
	assert_int_equal(tell(t, &card), OK);
	/* who welds works metal, and is a craftsperson once */
	assert_int_equal(counts(t, "craft", "zz", 0).people[SIGNAL_SUPPLY], 1);
	assert_int_equal(counts(t, "metal", "fr", 0).people[SIGNAL_SUPPLY], 1);
	assert_int_equal(counts(t, "mill", "fr", 0).people[SIGNAL_SUPPLY], 1);
	assert_int_equal(counts(t, "mill", "de", 0).people[SIGNAL_SUPPLY], 0);
	assert_int_equal(counts(t, "code", "fr", 0).people[SIGNAL_WANTED], 1);
	struct signal_counts c = counts(t, "metal", "de", SECTOR_UNKNOWN);
	assert_int_equal(c.amount[0], 3); /* 5 seats, 2 filled */
	assert_int_equal(c.companies[0], 1);
	assert_int_equal(c.amount[2], 5); /* opened this week */
	assert_int_equal(c.amount[3], 2); /* filled this week */
	/* the same slot again, as a tombstone of an older and a newer record */
	demand.seats = 7;
	demand.rid = 1;
	assert_int_equal(tell(t, &demand), OK);
	assert_int_equal(counts(t, "weld", "zz", 0).amount[0], 3);
	demand.rid = 5;
	demand.filled = 0;
	demand.status = 3; /* filled: all seats, none open */
	assert_int_equal(tell(t, &demand), OK);
	c = counts(t, "weld", "zz", 0);
	assert_int_equal(c.amount[0], 0);
	assert_int_equal(c.companies[0], 0);
	assert_int_equal(c.amount[3], 7);
	signal_set_week(t, WEEK + 1);
	c = counts(t, "weld", "zz", 0);
	assert_int_equal(c.amount[2], 0);
	assert_int_equal(c.amount[3], 0);
	assert_int_equal(signal_sweep(t, 9, NULL, NULL), 2);
	assert_int_equal(
	    t->cells_n + t->shares_n + t->entries_n + t->employers_n, 0);
	signal_table_free(t);
}

static void
test_companies(void **state)
{
	struct signal_table *t = table(&signal_limits_default);
	struct said org = { .kind = KIND_ORGANISATION,
		.author = 10,
		.industry = 'C',
		.posting_key = 12,
		.rid = 9,
		.expires = 9 };
	const uint8_t c_section = sector_of_isic(slice_str("C"));
	uint8_t author[32];

	(void)state;
	/* authors 11 (a posting key) and 12 (none) name organisation 10 */
	for (uint32_t a = 10; a <= 12; a++) {
		const struct said d = { .kind = KIND_DEMAND,
			.author = a,
			.held = 1 << 2 | 1 << 6,
			.org = a == 10 ? 0 : 11,
			.rid = a,
			.expires = 9 };
		assert_int_equal(tell(t, &d), OK);
	}
	/* nothing known of it: each for itself, by occupation */
	assert_int_equal(counts(t, "weld", "zz", 0).companies[0], 3);
	assert_int_equal(
	    counts(t, "weld", "zz", SECTOR_ISCO_0 + 7).amount[0], 3);
	assert_int_equal(tell(t, &org), OK);
	assert_int_equal(counts(t, "weld", "zz", 0).companies[0], 2);
	assert_int_equal(counts(t, "weld", "de", c_section).amount[0], 2);
	assert_int_equal(counts(t, "weld", "de", c_section).companies[0], 1);
	assert_int_equal(
	    counts(t, "weld", "zz", SECTOR_ISCO_0 + 7).amount[0], 1);
	/* it lists somebody else now, and changes its industry */
	org.posting_key = 13;
	org.industry = 'F';
	org.rid = 20;
	assert_int_equal(tell(t, &org), OK);
	assert_int_equal(counts(t, "weld", "zz", c_section).amount[0], 0);
	assert_int_equal(counts(t, "weld", "zz", 0).companies[0], 2);
	author_bytes(10, author);
	signal_remove(t, author, KIND_ORGANISATION, 0);
	assert_int_equal(counts(t, "weld", "zz", 0).companies[0], 3);
	signal_remove_author(t, author);
	assert_int_equal(counts(t, "weld", "zz", 0).companies[0], 2);
	signal_table_free(t);
}

/* ---- counted as they come and go, and counted anew ---- */

static void
said_random(uint64_t *seed, struct said *s, uint64_t rid)
{
	static const uint32_t kinds[] = { KIND_PROFILE, KIND_PROFILE,
		KIND_DEMAND, KIND_DEMAND, KIND_COURSE, KIND_ORGANISATION };

	*s = (struct said){ .there = true,
		.kind = kinds[chance(seed, ARRAY_LEN(kinds))],
		.author = (uint32_t)chance(seed, 60),
		.region = (unsigned)chance(seed, PLACES),
		.held = (uint32_t)chance(seed, 128),
		.wanted = (uint32_t)chance(seed, 64),
		.org = (uint32_t)chance(seed, 30),
		.seats = (uint32_t)chance(seed, 9),
		.filled = (uint32_t)chance(seed, 4),
		.status = (uint32_t)chance(seed, 5),
		.since =
		    (uint32_t)(week_begins(WEEK) - 300 + chance(seed, 600)),
		.made = (uint32_t)(week_begins(WEEK) - 100 + chance(seed, 300)),
		.pay = (uint32_t)chance(seed, 3) * 1000,
		.industry = (char)('A' + chance(seed, 25)),
		.posting_key = (uint32_t)chance(seed, 60),
		.rid = rid,
		.expires = 100 + chance(seed, 100) };
	if (s->kind == KIND_DEMAND)
		s->slot = (uint32_t)chance(seed, 3);
}

static bool
same_slot(const struct said *a, const struct said *b)
{
	return a->kind == b->kind && a->slot == b->slot &&
	       a->author == b->author;
}

/* Every cell of ${a} is in ${b}, with the same counts. */
static void
same_cells(const struct signal_table *a, const struct signal_table *b)
{
	assert_int_equal(a->cells_n, b->cells_n);
	assert_int_equal(a->shares_n, b->shares_n);
	assert_int_equal(a->entries_n, b->entries_n);
	assert_int_equal(a->employers_n, b->employers_n);
	for (size_t i = 0; i < a->cells_rows; i++) {
		if (a->cells[i].used == 0)
			continue;
		const struct cell *c = signal_cell(b, a->cells[i].key);
		assert_non_null(c);
		assert_int_equal(c->used, a->cells[i].used);
		assert_memory_equal(
		    &c->counts, &a->cells[i].counts, sizeof(c->counts));
	}
	for (size_t i = 0; i < a->shares_rows; i++) {
		if (a->shares[i].used == 0)
			continue;
		const struct share *s =
		    signal_share(b, a->shares[i].key, a->shares[i].company);
		assert_non_null(s);
		assert_memory_equal(
		    s->amount, a->shares[i].amount, sizeof(s->amount));
	}
}

/* People by hand: who holds the term or one below it. */
static void
people_by_hand(const struct said *all, size_t n, const struct signal_table *t)
{
	static const uint32_t below[TERMS] = { 31, 14, 4, 8, 16, 32, 64 };

	for (unsigned i = 0; i < TERMS; i++)
		for (unsigned r = 0; r < PLACES; r++) {
			uint32_t hold = 0, want = 0;
			for (size_t k = 0; k < n; k++) {
				if (!all[k].there ||
				    all[k].kind != KIND_PROFILE ||
				    (r < 2 && all[k].region != r))
					continue;
				hold += (all[k].held & below[i]) != 0;
				want += (all[k].wanted & below[i]) != 0;
			}
			const struct signal_counts c =
			    counts(t, slugs[i], regions[r], SECTOR_ALL);
			assert_int_equal(c.people[SIGNAL_SUPPLY], hold);
			assert_int_equal(c.people[SIGNAL_WANTED], want);
		}
}

static void
test_incremental(void **state)
{
	static struct said all[MODEL];
	struct signal_table *t = table(&signal_limits_default), *anew;
	uint64_t seed = 4711;
	size_t n = 0;

	(void)state;
	for (uint64_t step = 1; step <= 1500; step++) {
		struct said s;
		said_random(&seed, &s, step);
		for (size_t i = 0; i < n; i++)
			if (all[i].there && same_slot(&all[i], &s))
				all[i].there = false;
		if (chance(&seed, 4) == 0) {
			uint8_t author[32];
			author_bytes(s.author, author);
			signal_remove(t, author, s.kind, s.slot);
		} else {
			assert_int_equal(tell(t, &s), OK);
			all[n++] = s;
		}
		if (step == 700)
			signal_set_week(t, WEEK + 1);
		if (step == 1000) {
			for (size_t i = 0; i < n; i++)
				all[i].there =
				    all[i].there && all[i].expires > 150;
			(void)signal_sweep(t, 150, NULL, NULL);
		}
		if (step % 250 != 0)
			continue;
		/* from the end, another seed: order and place do not count */
		assert_int_equal(
		    signal_table_new(
			world.v, &signal_limits_default, step, t->week, &anew),
		    OK);
		for (size_t i = n; i > 0; i--)
			if (all[i - 1].there)
				assert_int_equal(tell(anew, &all[i - 1]), OK);
		same_cells(t, anew);
		people_by_hand(all, n, t);
		signal_table_free(anew);
	}
	signal_table_free(t);
}

static void
test_limits(void **state)
{
	static const struct signal_limits few = { 50, 40, 30 };
	struct signal_table *t = table(&few);
	struct signal_stats stats;
	uint64_t seed = 3;

	(void)state;
	for (uint64_t i = 1; i < 400; i++) {
		struct said s;
		said_random(&seed, &s, i);
		s.author = (uint32_t)i;
		const err e = tell(t, &s);
		assert_true(e == OK || e == ERR_LIMIT);
		assert_true(t->cells_n <= 40 && t->shares_n <= 30 &&
			    t->entries_n <= 50 && t->employers_n <= 50);
	}
	signal_stats(t, &stats);
	assert_true(stats.left_out > 100);
	assert_true(stats.records > 0 && stats.bytes > 1000);
	(void)signal_sweep(t, 1000, NULL, NULL);
	assert_int_equal(t->cells_n + t->shares_n + t->entries_n, 0);
	signal_table_free(t);
}

/* ---- what is shown ---- */

static struct signal_release *
release(struct signal_table *t, const struct signal_release *before)
{
	struct signal_release *r;

	assert_int_equal(
	    signal_release_new(t, 0, before == NULL ? NULL : before->rows,
		before == NULL ? 0 : before->n, &r),
	    OK);
	return r;
}

static const struct signal_row *
row(const struct signal_release *r, const char *slug, const char *region,
    uint8_t sector)
{
	return signal_find(r->rows, r->n, slug_term(slug), region, sector);
}

static uint32_t
shown(const struct signal_release *r, const char *slug, const char *region,
    uint8_t sector, unsigned measure)
{
	const struct signal_row *x = row(r, slug, region, sector);

	return x == NULL ? 0 : x->amount[measure];
}

static void
people(struct signal_table *t, uint32_t from, uint32_t n, unsigned region,
    uint32_t held)
{
	for (uint32_t i = from; i < from + n; i++) {
		const struct said s = { .kind = KIND_PROFILE,
			.author = i,
			.held = held,
			.region = region,
			.rid = i + 1,
			.expires = 9 };
		assert_int_equal(tell(t, &s), OK);
	}
}

static void
places(struct signal_table *t, uint32_t author, uint32_t seats, uint32_t pay)
{
	const struct said s = { .kind = KIND_DEMAND,
		.author = author,
		.held = 1 << 5,
		.seats = seats,
		.rid = author + 1,
		.expires = 9,
		.pay = pay };

	assert_int_equal(tell(t, &s), OK);
}

static void
test_thresholds(void **state)
{
	struct signal_table *t = table(&signal_limits_default);
	struct signal_release *r;

	(void)state;
	people(t, 0, 9, 0, 1 << 5);
	places(t, 100, 2, 300000);
	places(t, 101, 2, 300000);
	r = release(t, NULL);
	assert_int_equal(r->n, 0);
	assert_true(r->hidden > 0);
	signal_release_free(r);
	people(t, 9, 1, 0, 1 << 5);
	places(t, 102, 1, 320000);
	r = release(t, NULL);
	assert_int_equal(shown(r, "code", "zz", 0, SIGNAL_SUPPLY), 10);
	assert_int_equal(shown(r, "code", "de", 0, SIGNAL_DEMAND), 5);
	assert_int_equal(row(r, "code", "de", 0)->companies[0], 3);
	assert_int_equal(row(r, "code", "zz", 0)->pay.n, 3);
	assert_int_equal(signal_find(r->rows, r->n, 0, "zz", 0)->amount[0], 10);
	assert_string_equal(row(r, "code", "zz", 0)->currency, "EUR");
	assert_int_equal(row(r, "code", "zz", 0)->period, 4);
	assert_int_equal(row(r, "code", "zz", 0)->pay.middle,
	    signal_bin_value(signal_bin(300000)));
	signal_release_free(r);
	/* one has more than 80 % of the places now */
	places(t, 102, 40, 0);
	r = release(t, NULL);
	assert_int_equal(shown(r, "code", "zz", 0, SIGNAL_DEMAND), 0);
	signal_release_free(r);
	places(t, 102, 16, 0);
	r = release(t, NULL);
	assert_int_equal(shown(r, "code", "zz", 0, SIGNAL_DEMAND), 20);
	/* of two that tell their pay nothing is told */
	assert_int_equal(row(r, "code", "zz", 0)->pay.n, 0);
	signal_release_free(r);
	signal_table_free(t);
}

static void
test_time_to_fill(void **state)
{
	struct signal_table *t = table(&signal_limits_default);

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		const struct said s = { .kind = KIND_DEMAND,
			.author = i,
			.held = 1 << 5,
			.status = 3,
			.rid = i + 1,
			.since = (uint32_t)week_begins(WEEK) - 500,
			.made = (uint32_t)week_begins(WEEK) + 10,
			.expires = UINT32_MAX };
		assert_int_equal(tell(t, &s), OK);
	}
	struct signal_release *r = release(t, NULL);
	const struct signal_row *x = row(r, "code", "zz", 0);
	assert_non_null(x);
	assert_int_equal(x->amount[SIGNAL_FILLED], 4);
	assert_int_equal(x->fill.n, 4);
	assert_int_equal(x->fill.middle, signal_bin_value(signal_bin(510)));
	signal_release_free(r);
	signal_table_free(t);
}

/* A total and one part more or less: neither gives a small one away. */
static void
test_people_complement(void **state)
{
	struct signal_table *t = table(&signal_limits_default);
	struct signal_release *r;

	(void)state;
	people(t, 0, 40, 0, 1 << 5);
	people(t, 40, 3, 1, 1 << 5);
	r = release(t, NULL);
	/* 43 in all, 40 in de would tell 3 in fr */
	assert_int_equal(shown(r, "code", "zz", 0, SIGNAL_SUPPLY), 45);
	assert_int_equal(shown(r, "code", "de", 0, SIGNAL_SUPPLY), 0);
	assert_int_equal(r->complementary, 2); /* and of all terms */
	signal_release_free(r);
	people(t, 43, 7, 1, 1 << 5);
	r = release(t, NULL);
	assert_int_equal(shown(r, "code", "de", 0, SIGNAL_SUPPLY), 40);
	assert_int_equal(shown(r, "code", "fr", 0, SIGNAL_SUPPLY), 10);
	signal_release_free(r);
	signal_table_free(t);
}

static void
test_broader_complement(void **state)
{
	struct signal_table *t = table(&signal_limits_default);
	struct signal_release *r;

	(void)state;
	/* 30 weld, 4 others mill: metal - weld would be 4 */
	people(t, 0, 30, 0, 1 << 2);
	people(t, 30, 4, 0, 1 << 3);
	r = release(t, NULL);
	assert_int_equal(shown(r, "metal", "zz", 0, SIGNAL_SUPPLY), 35);
	assert_int_equal(shown(r, "weld", "zz", 0, SIGNAL_SUPPLY), 0);
	signal_release_free(r);
	people(t, 34, 20, 0, 1 << 3);
	r = release(t, NULL);
	assert_int_equal(shown(r, "weld", "zz", 0, SIGNAL_SUPPLY), 30);
	assert_int_equal(shown(r, "mill", "zz", 0, SIGNAL_SUPPLY), 25);
	signal_release_free(r);
	/* 5 who work wood beside 54 of metal: craft less metal is 5 */
	people(t, 54, 5, 0, 1 << 4);
	r = release(t, NULL);
	assert_int_equal(shown(r, "craft", "zz", 0, SIGNAL_SUPPLY), 60);
	assert_int_equal(shown(r, "metal", "zz", 0, SIGNAL_SUPPLY), 0);
	signal_release_free(r);
	signal_table_free(t);
}

/* Who looks week after week sees no single person come or go. */
static void
test_week_to_week(void **state)
{
	struct signal_table *t = table(&signal_limits_default);
	struct signal_release *before = NULL, *r;
	uint64_t seed = 8;
	uint32_t n = 0, last = 0, moves = 0;

	(void)state;
	people(t, 0, 30, 0, 1 << 5);
	n = 30;
	for (uint32_t week = 0; week < 120; week++) {
		if (chance(&seed, 3) > 0 || n < 12) {
			people(t, n, 1, 0, 1 << 5);
			n++;
		} else {
			uint8_t author[32];
			author_bytes(--n, author);
			signal_remove(t, author, KIND_PROFILE, 0);
		}
		signal_set_week(t, WEEK + week);
		r = release(t, before);
		const uint32_t now = shown(r, "code", "zz", 0, SIGNAL_SUPPLY);
		assert_int_equal(now % SIGNAL_STEP, 0);
		assert_true(now < n + SIGNAL_STEP && n < now + SIGNAL_STEP);
		if (week > 0 && now != last) {
			/* five people at least have come or gone */
			const uint32_t d = now > last ? now - last : last - now;
			assert_true(d >= SIGNAL_STEP);
			moves++;
		}
		last = now;
		signal_release_free(before);
		before = r;
	}
	assert_in_range(moves, 2, 24);
	signal_release_free(before);
	signal_table_free(t);
}

/* ---- the attack: solve for what is not shown ---- */

#define PRIME   INT64_C(1000003)
#define UNKNOWN 256

static int64_t
power(int64_t b, int64_t e)
{
	int64_t r = 1;

	for (b %= PRIME; e > 0; e >>= 1, b = b * b % PRIME)
		if (e & 1)
			r = r * b % PRIME;
	return r;
}

/* Row echelon; then a column is solved when a row has it alone. */
static bool
any_solved(int64_t m[][UNKNOWN], size_t rows, size_t columns)
{
	size_t rank = 0;

	for (size_t c = 0; c < columns && rank < rows; c++) {
		size_t pivot = rank;
		while (pivot < rows && m[pivot][c] == 0)
			pivot++;
		if (pivot == rows)
			continue;
		for (size_t k = 0; k < columns; k++) {
			const int64_t v = m[pivot][k];
			m[pivot][k] = m[rank][k];
			m[rank][k] = v;
		}
		const int64_t inverse = power(m[rank][c], PRIME - 2);
		for (size_t k = 0; k < columns; k++)
			m[rank][k] = m[rank][k] * inverse % PRIME;
		for (size_t r = 0; r < rows; r++) {
			const int64_t f = m[r][c];
			for (size_t k = 0; r != rank && k < columns; k++)
				m[r][k] = (m[r][k] + (PRIME - f) * m[rank][k]) %
					  PRIME;
		}
		rank++;
	}
	for (size_t r = 0; r < rank; r++) {
		size_t n = 0;
		for (size_t k = 0; k < columns; k++)
			n += m[r][k] != 0;
		if (n == 1)
			return true;
	}
	return false;
}

static void
test_attack(void **state)
{
	static int64_t m[512][UNKNOWN];
	static const char all_regions[][3] = { "at", "be", "de", "fr", "it",
		"zz" };
	uint64_t seed = 5;
	unsigned hidden_ever = 0, shown_ever = 0;

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		struct signal_table *t = table(&signal_limits_default);
		const uint32_t companies = 3 + (uint32_t)chance(&seed, 40);
		for (uint32_t c = 0; c < companies; c++) {
			uint8_t author[32];
			struct payload p;
			struct said s = { .kind = KIND_ORGANISATION,
				.author = c,
				.industry = (char)('A' + chance(&seed, 5)),
				.rid = 1,
				.expires = 9 };
			assert_int_equal(tell(t, &s), OK);
			for (uint32_t k = 0; k < 1 + chance(&seed, 5); k++) {
				s = (struct said){ .kind = KIND_DEMAND,
					.author = c,
					.slot = k,
					.held = 32,
					.seats =
					    1 + (uint32_t)chance(&seed, 20),
					.rid = 2,
					.expires = 9 };
				const struct value v = payload_of(&p, &s);
				struct signal_record rec = { .rid = 2,
					.kind = KIND_DEMAND,
					.slot = k,
					.author = author,
					.expires_h = 9,
					.payload = &v };
				author_bytes(c, author);
				memcpy(rec.region,
				    all_regions[chance(&seed, 5)], 3);
				assert_int_equal(signal_put(t, &rec), OK);
			}
		}
		struct signal_release *r = release(t, NULL);
		int number[6][SECTORS];
		size_t unknown = 0, rows = 0;
		memset(m, 0, sizeof(m));
		for (size_t i = 0; i < 6; i++)
			for (uint8_t k = 0; k < SECTORS; k++) {
				const uint32_t exact =
				    counts(t, "code", all_regions[i], k)
					.amount[0];
				const uint32_t got = shown(r, "code",
				    all_regions[i], k, SIGNAL_DEMAND);
				assert_true(got == 0 || got == exact);
				number[i][k] =
				    exact > 0 && got == 0 ? (int)unknown++ : -1;
				shown_ever += got > 0;
			}
		hidden_ever += (unsigned)unknown;
		assert_true(unknown < UNKNOWN);
		/* parts less total are what is shown, in each line */
		for (size_t i = 0; i < 6; i++, rows++)
			for (uint8_t k = 0; k < SECTORS; k++)
				if (number[i][k] >= 0)
					m[rows][number[i][k]] =
					    k == 0 ? PRIME - 1 : 1;
		for (uint8_t k = 0; k < SECTORS; k++, rows++)
			for (size_t i = 0; i < 6; i++)
				if (number[i][k] >= 0)
					m[rows][number[i][k]] =
					    i == 5 ? PRIME - 1 : 1;
		if (any_solved(m, rows, unknown))
			fail_msg("round %u: a hidden count is told", round);
		signal_release_free(r);
		signal_table_free(t);
	}
	assert_true(hidden_ever > 100 && shown_ever > 100);
}

/* Any people: no difference of what is shown is a small group. */
static void
test_people_attack(void **state)
{
	static const int up[TERMS] = { -1, 0, 1, 1, 0, -1, -1 };
	uint64_t seed = 31;

	(void)state;
	for (unsigned round = 0; round < 30; round++) {
		struct signal_table *t = table(&signal_limits_default);
		const uint32_t n = 20 + (uint32_t)chance(&seed, 120);
		const uint32_t rare = (uint32_t)chance(&seed, 64);
		for (uint32_t i = 0; i < n; i++)
			people(t, i, 1, chance(&seed, 9) == 0,
			    chance(&seed, 8) == 0
				? rare
				: (uint32_t)chance(&seed, 64) & 44);
		struct signal_release *r = release(t, NULL);
		for (unsigned i = 0; i < TERMS; i++) {
			const uint32_t parts[3] = {
				counts(t, slugs[i], "de", 0).people[0],
				counts(t, slugs[i], "fr", 0).people[0],
				counts(t, slugs[i], "zz", 0).people[0]
			};
			const bool seen[3] = { shown(r, slugs[i], "de", 0, 0) >
						   0,
				shown(r, slugs[i], "fr", 0, 0) > 0,
				shown(r, slugs[i], "zz", 0, 0) > 0 };
			for (unsigned k = 0; k < 2; k++) {
				const uint32_t rest = parts[2] - parts[k];
				if (seen[2] && seen[k] && !seen[1 - k])
					assert_int_equal(rest, 0);
			}
			for (unsigned k = 0; k < 3; k++) {
				assert_true(!seen[k] || parts[k] >= 10);
				for (int b = up[i]; b >= 0; b = up[b]) {
					if (!seen[k] ||
					    shown(r, slugs[b], regions[k], 0,
						0) == 0)
						continue;
					const uint32_t rest =
					    counts(t, slugs[b], regions[k], 0)
						.people[0] -
					    parts[k];
					assert_true(rest == 0 || rest >= 10);
				}
			}
		}
		signal_release_free(r);
		signal_table_free(t);
	}
}

/* ---- weeks on the disk ---- */

static void
test_week_file(void **state)
{
	struct signal_table *t = table(&signal_limits_default);
	struct signal_week w;
	struct buf b, again;

	(void)state;
	people(t, 0, 25, 0, 1 << 5);
	people(t, 25, 30, 1, 1 << 2);
	for (uint32_t i = 0; i < 5; i++)
		places(t, 100 + i, 3, 250000 + i * 1000);
	struct signal_release *r = release(t, NULL);
	assert_true(r->n > 4);
	assert_int_equal(signal_week_write(r, 1000, &b), OK);
	assert_int_equal(signal_week_read(buf_slice(&b), &w), OK);
	assert_int_equal(w.week, WEEK);
	assert_int_equal(w.n, r->n);
	for (size_t i = 0; i < w.n; i++) {
		const struct signal_row *x = &w.rows[i], *y = &r->rows[i];
		assert_int_equal(signal_row_order(x, y), 0);
		assert_int_equal(x->shown, y->shown);
		assert_memory_equal(x->amount, y->amount, sizeof(x->amount));
		assert_memory_equal(
		    x->companies, y->companies, sizeof(x->companies));
		assert_int_equal(x->pay.n, y->pay.n);
		assert_int_equal(x->pay.low, y->pay.low);
		assert_int_equal(x->pay.high, y->pay.high);
		assert_string_equal(x->currency, y->currency);
		assert_int_equal(x->period, y->period);
	}
	/* and the same bytes again */
	const struct signal_release read = {
		.week = w.week, .k_people = w.k_people, .n = w.n, .rows = w.rows
	};
	assert_int_equal(signal_week_write(&read, 1000, &again), OK);
	assert_int_equal(again.n, b.n);
	assert_memory_equal(again.p, b.p, b.n);
	free(again.p);
	free(w.rows);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] ^= 4;
		assert_int_equal(signal_week_read(buf_slice(&b), &w), ERR_FORM);
		b.p[i] ^= 4;
		assert_int_equal(
		    signal_week_read(slice_of(b.p, i), &w), ERR_FORM);
	}
	/* with room for two, the two largest */
	assert_int_equal(signal_week_write(r, 2, &again), OK);
	assert_int_equal(signal_week_read(buf_slice(&again), &w), OK);
	assert_int_equal(w.n, 2);
	assert_true(signal_row_order(&w.rows[0], &w.rows[1]) < 0);
	free(w.rows);
	free(b.p);
	free(again.p);
	signal_release_free(r);
	signal_table_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weeks),
		cmocka_unit_test(test_sectors),
		cmocka_unit_test(test_bins),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_companies),
		cmocka_unit_test(test_incremental),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_time_to_fill),
		cmocka_unit_test(test_people_complement),
		cmocka_unit_test(test_broader_complement),
		cmocka_unit_test(test_week_to_week),
		cmocka_unit_test(test_attack),
		cmocka_unit_test(test_people_attack),
		cmocka_unit_test(test_week_file),
	};

	world_open_tsv(&world, tsv);
	const int failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_close(&world);
	return failed;
}
