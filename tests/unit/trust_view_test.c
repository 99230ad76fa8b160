/*
 * A view of trust out of a store: posting keys become one party with their
 * organisation where both say so, and nowhere else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/trust/posting.h"
#include "node/trust/view.h"
#include "proto/base/text.h"
#include "test_records.h"
#include "test_store.h"

#define FORGE 1 /* authors: companies, then keys that they may post under */
#define OTHER 2
#define DESK  10

struct world {
	struct test_map map;
	struct store *store;
	struct arena scratch;
	struct terms terms;
	uint8_t bytes[RECORD_BYTES_MAX];
	char payload[8192];
};

static int
setup(void **state)
{
	const struct store_config sc = { .net = slice_str(TEST_NET) };
	struct world *w = calloc(1, sizeof(*w));
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	const struct term_label label = { 0x656e, true, slice_str("welding") };
	const struct term_entry e = { .uri = slice_str("urn:test:welding"),
		.term = term_of_uri(slice_str("urn:test:welding")),
		.type = TERM_SKILL,
		.labels = &label,
		.labels_n = 1 };
	char why[STORE_WHY];

	assert_non_null(w);
	assert_non_null(b);
	assert_int_equal(vocabulary_builder_add(b, &e), OK);
	assert_int_equal(
	    vocabulary_builder_finish(b, &w->terms.vocabulary), OK);
	test_map_open(&w->map, TEST_MEMORY);
	assert_int_equal(store_open(w->map.map, &sc, &w->store, why), OK);
	w->scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	test_map_close(&w->map);
	vocabulary_free(w->terms.vocabulary);
	free(w->scratch.p);
	free(w);
	return 0;
}

static void
hold(struct world *w, const struct test_record *t)
{
	const struct record_rules rules = test_rules();
	const size_t n = test_record_make(t, w->bytes, sizeof(w->bytes));
	struct record r;
	struct store_item item = { .record = &r };

	assert_int_equal(
	    record_open(slice_of(w->bytes, n), &rules, &w->scratch, &r),
	    RECORD_FINE);
	assert_int_equal(record_verify(&r, &w->scratch), RECORD_FINE);
	assert_int_equal(
	    store_apply(w->store, &item, 1, TEST_NOW, NULL, NULL), OK);
	assert_int_equal(item.outcome, RECORD_STORED);
}

static void
say(struct world *w, const char *hex)
{
	const size_t n = strlen(w->payload);

	(void)snprintf(w->payload + n, sizeof(w->payload) - n, "%s", hex);
}

static void
say_key(struct world *w, uint64_t author)
{
	const struct test_author a = test_author(author);
	char hex[2 * ED25519_PUBLIC + 1];

	assert_int_equal(
	    hex_put(hex, sizeof(hex), slice_of(a.pub, sizeof(a.pub))), OK);
	say(w, "c420");
	say(w, hex);
}

/* ${org}'s record lists ${n} keys from ${first} on. */
static void
lists(struct world *w, uint64_t org, uint64_t first, unsigned n, uint64_t later)
{
	char count[8];

	(void)snprintf(count, sizeof(count), "0a%02x", 0x90 + n);
	w->payload[0] = 0;
	say(w, "820081cd656ea141");
	say(w, count);
	for (unsigned i = 0; i < n; i++)
		say_key(w, first + i);
	hold(w, &(struct test_record){ .author = org,
		    .kind = KIND_ORGANISATION,
		    .seq = (TEST_HOUR << 8) + later,
		    .payload = w->payload });
}

/* A demand of ${key} for ${org}. */
static void
posts(struct world *w, uint64_t key, uint64_t org, uint32_t slot)
{
	w->payload[0] = 0;
	say(w, "8300020281cd656ea14104");
	say_key(w, org);
	hold(w, &(struct test_record){ .author = key,
		    .kind = KIND_DEMAND,
		    .slot = slot,
		    .payload = w->payload });
}

/* The view of who relies on ${anchor} alone, at ${hour}. */
static struct trust_view *
view_of(struct world *w, uint64_t anchor, uint64_t hour)
{
	struct trust_material *m = calloc(1, sizeof(*m));
	const struct test_author a = test_author(anchor);
	struct store_view *store;
	struct trust_view *v;

	assert_non_null(m);
	memcpy(m->anchors[m->anchors_n++].key, a.pub, TRUST_KEY);
	(void)snprintf(m->net, sizeof(m->net), "%s", TEST_NET);
	m->now_s = hour * 3600 + 60;
	assert_int_equal(store_view_open(w->store, &store), OK);
	assert_int_equal(trust_view_make(m, store, NULL, &w->terms, &v), OK);
	store_view_close(store);
	trust_material_free(m);
	return v;
}

/* Is ${key} one with the anchor? */
static bool
is_one(struct world *w, uint64_t anchor, uint64_t key, uint64_t hour)
{
	struct trust_view *v = view_of(w, anchor, hour);
	const struct test_author a = test_author(key);
	const bool one = trust_is_anchor(v->trust, a.pub);

	trust_view_give(v);
	return one;
}

static void
test_both_say_so(void **state)
{
	struct world *w = *state;

	lists(w, FORGE, DESK, 3, 0);
	assert_false(is_one(w, FORGE, DESK, TEST_HOUR));
	posts(w, DESK, FORGE, 0);
	posts(w, DESK + 1, FORGE, 0);
	posts(w, DESK + 5, FORGE, 0); /* not listed */
	assert_true(is_one(w, FORGE, DESK, TEST_HOUR));
	assert_true(is_one(w, DESK, FORGE, TEST_HOUR));
	/* over the organisation, which nobody asked for */
	assert_true(is_one(w, DESK, DESK + 1, TEST_HOUR));
	assert_false(is_one(w, FORGE, DESK + 2, TEST_HOUR));
	assert_false(is_one(w, FORGE, DESK + 5, TEST_HOUR));
	/* the posting has expired, or the organisation does not list it */
	assert_false(is_one(w, FORGE, DESK, TEST_HOUR + 25));
	lists(w, FORGE, DESK + 1, 2, 1);
	assert_false(is_one(w, FORGE, DESK, TEST_HOUR));
	assert_true(is_one(w, FORGE, DESK + 1, TEST_HOUR));
}

static void
test_foreign_words(void **state)
{
	struct world *w = *state;

	/* An attacker lists honest keys, and claims to be a desk of one. */
	lists(w, OTHER, DESK, 4, 0);
	posts(w, OTHER, FORGE, 0);
	lists(w, FORGE, DESK, 4, 0);
	posts(w, DESK, FORGE, 0);
	assert_true(is_one(w, FORGE, DESK, TEST_HOUR));
	assert_false(is_one(w, FORGE, OTHER, TEST_HOUR));
	assert_false(is_one(w, OTHER, DESK, TEST_HOUR));
	/* An agency posts for both: it is of neither. */
	posts(w, DESK + 1, FORGE, 0);
	assert_true(is_one(w, FORGE, DESK + 1, TEST_HOUR));
	posts(w, DESK + 1, OTHER, 1);
	assert_false(is_one(w, FORGE, DESK + 1, TEST_HOUR));
	assert_false(is_one(w, OTHER, DESK + 1, TEST_HOUR));
	/* who names 17 is of none */
	for (uint32_t i = 0; i < POSTING_NAMED; i++)
		posts(w, DESK + 2, i == 0 ? FORGE : 100 + i, i);
	assert_true(is_one(w, FORGE, DESK + 2, TEST_HOUR));
	posts(w, DESK + 2, 99, POSTING_NAMED);
	assert_false(is_one(w, FORGE, DESK + 2, TEST_HOUR));
}

static void
test_group(void **state)
{
	struct world *w = *state;

	lists(w, FORGE, OTHER, 1, 0);
	assert_false(is_one(w, FORGE, OTHER, TEST_HOUR));
	lists(w, OTHER, FORGE, 1, 0);
	assert_true(is_one(w, FORGE, OTHER, TEST_HOUR));
	/* a revoked key is linked with none */
	hold(w,
	    &(struct test_record){ .author = OTHER, .kind = KIND_REVOCATION });
	assert_false(is_one(w, FORGE, OTHER, TEST_HOUR));
}

/* ---- which records a view depends on ---- */

#define PARTIES 24

static unsigned
below(uint64_t *state, unsigned n)
{
	*state = *state * UINT64_C(6364136223846793005) +
		 UINT64_C(1442695040888963407);
	return (unsigned)((*state >> 33) % n);
}

static void
attests(struct world *w, uint64_t from, uint64_t to, unsigned vouches,
    uint32_t slot, uint64_t later)
{
	char rest[64];

	w->payload[0] = 0;
	say(w, "8400");
	say_key(w, to);
	(void)snprintf(rest, sizeof(rest), "02%02x04cd03e806ce%08x", vouches,
	    (unsigned)TEST_HOUR + 20);
	say(w, rest);
	hold(w, &(struct test_record){ .author = from,
		    .kind = KIND_ATTESTATION,
		    .slot = slot,
		    .seq = (TEST_HOUR << 8) + later,
		    .payload = w->payload });
}

static bool
same_trust(const struct trust_view *a, const struct trust_view *b)
{
	bool same =
	    a->attestations_n == b->attestations_n && a->links_n == b->links_n;

	for (uint64_t i = 1; i <= PARTIES; i++) {
		const struct test_author key = test_author(i);
		same &= trust_of(a->trust, key.pub) ==
			    trust_of(b->trust, key.pub) &&
			trust_is_anchor(a->trust, key.pub) ==
			    trust_is_anchor(b->trust, key.pub);
	}
	return same;
}

/*
 * Random records, one after the other: whenever a view is said not to depend
 * on one, the view with it is the same; and most of them are such.
 */
static void
test_what_is_read(void **state)
{
	struct world *w = *state;
	uint64_t r = 5;
	unsigned unread = 0, changed = 0, revoked = 0;
	struct trust_view *v = view_of(w, FORGE, TEST_HOUR);
	bool gone[PARTIES + 1] = { false };
	uint64_t versions[PARTIES + 1] = { 0 };

	for (uint32_t i = 0; i < 150; i++) {
		const uint64_t from = 1 + below(&r, PARTIES);
		const unsigned what = below(&r, 12);
		uint32_t kind = KIND_ATTESTATION;
		if (gone[from])
			continue;
		if (what == 0 && i > 100 && from != FORGE && revoked < 4) {
			kind = KIND_REVOCATION;
			gone[from] = true;
			revoked++;
			hold(w, &(struct test_record){
				    .author = from, .kind = kind });
		} else if (what == 1) {
			kind = KIND_ORGANISATION;
			lists(w, from, 1 + below(&r, PARTIES - 3), 3,
			    versions[from]++);
		} else {
			attests(w, from, 1 + below(&r, PARTIES),
			    below(&r, 3) ? 63 : 1 + below(&r, 63), i % 256, 0);
		}
		const struct test_author a = test_author(from);
		struct trust_view *next = view_of(w, FORGE, TEST_HOUR);
		const bool reads = trust_view_reads(v, kind, a.pub);
		assert_true(reads || same_trust(v, next));
		unread += !reads;
		changed += !same_trust(v, next);
		trust_view_give(v);
		v = next;
	}
	trust_view_give(v);
	print_message("%u records did not concern the view, %u changed it\n",
	    unread, changed);
	assert_true(unread > 20 && changed > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_both_say_so, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_foreign_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_group, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_what_is_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
