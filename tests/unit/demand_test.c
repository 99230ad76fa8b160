/*
 * Whose demand an offer names: the sender's, its organisation's where both say
 * so, somebody else's, or nobody can tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/mail/demand.h"
#include "proto/base/text.h"
#include "proto/record/kind.h"
#include "test_env.h"
#include "test_records.h"
#include "test_store.h"

enum { ACME = 1, DESK, SECOND, OTHER };

struct fixture {
	struct node n;
	struct test_env env;
	struct test_map map;
	char payload[1024];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct store_config config = { .net = slice_str(TEST_NET) };
	char why[STORE_WHY];

	assert_non_null(f);
	test_env_init(&f->env, 9);
	f->env.wall_s = TEST_NOW;
	f->n.env = f->env.env;
	test_map_open(&f->map, TEST_MEMORY);
	assert_int_equal(store_open(f->map.map, &config, &f->n.store, why), OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->n.store);
	test_map_close(&f->map);
	free(f);
	return 0;
}

/* Into the store; its id. */
static void
hold(struct fixture *f, const struct test_record *t, uint8_t id[RECORD_ID])
{
	static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	uint8_t bytes[RECORD_BYTES_MAX];
	const size_t n = test_record_make(t, bytes, sizeof(bytes));
	struct record r;

	assert_int_equal(
	    record_read(slice_of(bytes, n), &scratch, &r), RECORD_FINE);
	struct store_item item = { .record = &r };
	assert_int_equal(
	    store_apply(f->n.store, &item, 1, TEST_NOW, NULL, NULL), OK);
	assert_int_equal(item.outcome, RECORD_STORED);
	if (id != NULL)
		memcpy(id, r.id, RECORD_ID);
}

static void
say(struct fixture *f, const char *hex)
{
	const size_t at = strlen(f->payload);

	(void)snprintf(f->payload + at, sizeof(f->payload) - at, "%s", hex);
}

static void
say_key(struct fixture *f, uint64_t author)
{
	const struct test_author a = test_author(author);
	char hex[2 * ED25519_PUBLIC + 1];

	assert_int_equal(
	    hex_put(hex, sizeof(hex), slice_of(a.pub, sizeof(a.pub))), OK);
	say(f, "c420");
	say(f, hex);
}

/* ${by}'s organisation record lists one key. */
static void
lists(struct fixture *f, uint64_t by, uint64_t key)
{
	f->payload[0] = '\0';
	say(f, "820081cd656ea1410a91");
	say_key(f, key);
	hold(f,
	    &(struct test_record){ .author = by,
		.kind = KIND_ORGANISATION,
		.payload = f->payload },
	    NULL);
}

/* ${org} 0: it names none. */
static void
posts(struct fixture *f, uint64_t key, uint64_t org, uint32_t slot, uint8_t *id)
{
	f->payload[0] = '\0';
	say(f, org == 0 ? "8200020281cd656ea141" : "8300020281cd656ea14104");
	if (org != 0)
		say_key(f, org);
	hold(f,
	    &(struct test_record){ .author = key,
		.kind = KIND_DEMAND,
		.slot = slot,
		.payload = f->payload },
	    id);
}

static struct demand_named
look(struct fixture *f, const uint8_t id[RECORD_ID], uint64_t sender)
{
	const struct test_author a = test_author(sender);
	struct demand_named d;

	demand_look(&f->n, id, a.pub, &d);
	return d;
}

static enum demand_whose
whose(struct fixture *f, const uint8_t id[RECORD_ID], uint64_t sender)
{
	return look(f, id, sender).whose;
}

static bool
is_of(const uint8_t key[RECORD_AUTHOR], uint64_t author)
{
	const struct test_author a = test_author(author);

	return memcmp(key, a.pub, RECORD_AUTHOR) == 0;
}

static void
test_own_and_others(void **state)
{
	static const uint8_t none[RECORD_ID], unknown[RECORD_ID] = { 7 };
	struct fixture *f = *state;
	uint8_t id[RECORD_ID], profile[RECORD_ID];

	posts(f, ACME, 0, 0, id);
	hold(f, &(struct test_record){ .author = OTHER }, profile);
	assert_int_equal(whose(f, none, ACME), DEMAND_NONE);
	assert_int_equal(whose(f, unknown, ACME), DEMAND_UNKNOWN);
	assert_int_equal(whose(f, profile, OTHER), DEMAND_UNKNOWN);
	assert_int_equal(whose(f, id, ACME), DEMAND_SENDER);
	const struct demand_named d = look(f, id, OTHER);
	assert_int_equal(d.whose, DEMAND_ANOTHER);
	assert_true(d.rid != 0 && is_of(d.author, ACME));
	assert_false(d.has_organisation);
}

static void
test_both_say_so(void **state)
{
	struct fixture *f = *state;
	uint8_t by_desk[RECORD_ID], by_acme[RECORD_ID];

	posts(f, DESK, ACME, 0, by_desk);
	posts(f, ACME, 0, 0, by_acme);
	/* The desk says so, Acme does not: anybody could. */
	assert_int_equal(whose(f, by_desk, ACME), DEMAND_ANOTHER);
	assert_int_equal(whose(f, by_acme, DESK), DEMAND_ANOTHER);
	assert_false(look(f, by_desk, DESK).has_organisation);
	lists(f, ACME, DESK);
	assert_int_equal(whose(f, by_desk, ACME), DEMAND_PARTY);
	assert_int_equal(whose(f, by_acme, DESK), DEMAND_PARTY);
	const struct demand_named d = look(f, by_desk, DESK);
	assert_int_equal(d.whose, DEMAND_SENDER);
	assert_true(d.has_organisation && is_of(d.organisation, ACME));
	/* A stranger that lists both, or says that it posts for Acme. */
	lists(f, OTHER, DESK);
	posts(f, OTHER, ACME, 0, NULL);
	assert_int_equal(whose(f, by_desk, OTHER), DEMAND_ANOTHER);
	assert_int_equal(whose(f, by_acme, OTHER), DEMAND_ANOTHER);
	assert_true(is_of(look(f, by_desk, OTHER).organisation, ACME));
}

/* Two keys of one organisation that is neither of them; then one is revoked. */
static void
test_two_desks(void **state)
{
	struct fixture *f = *state;
	uint8_t id[RECORD_ID];

	posts(f, DESK, ACME, 0, id);
	posts(f, SECOND, ACME, 0, NULL);
	lists(f, ACME, DESK);
	assert_int_equal(whose(f, id, SECOND), DEMAND_ANOTHER);
	f->payload[0] = '\0';
	say(f, "820081cd656ea1410a92");
	say_key(f, DESK);
	say_key(f, SECOND);
	hold(f,
	    &(struct test_record){ .author = ACME,
		.kind = KIND_ORGANISATION,
		.seq = (TEST_HOUR << 8) + 1,
		.payload = f->payload },
	    NULL);
	assert_int_equal(whose(f, id, SECOND), DEMAND_PARTY);
	hold(f,
	    &(struct test_record){ .author = SECOND, .kind = KIND_REVOCATION },
	    NULL);
	assert_int_equal(whose(f, id, SECOND), DEMAND_ANOTHER);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_own_and_others, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_both_say_so, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_two_desks, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
