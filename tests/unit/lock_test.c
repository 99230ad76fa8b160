/*
 * Keys that are locked while something is under way: a publication that waits
 * for its stamp waits for the passphrase as well; a passphrase that is being
 * tried when the owner locks does not unlock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/access/lock.h"
#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/record/publish.h"
#include "test_env.h"
#include "test_records.h"
#include "test_store.h"

struct fixture {
	char folder[TEST_PATH];
	struct test_env env;
	struct test_map map;
	struct paths paths;
	struct problem problem;
	struct key_material km;
	struct config config;
	struct node n;
	/* what became of the publication */
	unsigned told;
	struct publish_result result;
};

static int
setup(void **state)
{
	const struct store_config sc = { .net = slice_str(TEST_NET) };
	struct fixture *f = calloc(1, sizeof(*f));
	struct key_material km;
	char why[STORE_WHY];

	test_env_init(&f->env, 3);
	test_folder_make(f->folder);
	test_map_open(&f->map, TEST_MEMORY);
	key_material_new(&f->km, NULL, 1700000000);
	km = f->km;
	assert_int_equal(config_init(&f->config), OK);
	assert_int_equal(
	    config_set(&f->config, "node.network", TEST_NET, &f->problem), OK);
	f->n.env = f->env.env;
	f->n.config = &f->config;
	f->n.paths = &f->paths;
	f->n.problem = &f->problem;
	f->n.key_guarded = true;
	assert_int_equal(uv_loop_init(&f->n.loop), 0);
	assert_int_equal(signer_start(&km, &f->n.signer, &f->problem), OK);
	assert_int_equal(vault_open(f->folder, f->km.private_key, &f->env.env,
			     &f->n.vault, &f->problem),
	    OK);
	assert_int_equal(store_open(f->map.map, &sc, &f->n.store, why), OK);
	assert_int_equal(personas_open(&f->n), OK);
	f->n.publisher = publisher_new(&f->n, NULL);
	assert_non_null(f->n.publisher);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	publisher_stop(f->n.publisher);
	assert_int_equal(uv_run(&f->n.loop, UV_RUN_DEFAULT), 0);
	publisher_free(f->n.publisher);
	store_close(f->n.store);
	vault_close(f->n.vault);
	signer_stop(f->n.signer);
	assert_int_equal(uv_loop_close(&f->n.loop), 0);
	config_fini(&f->config);
	test_map_close(&f->map);
	test_folder_remove(f->folder);
	free(f);
	return 0;
}

static void
on_published(void *ctx, const struct publish_result *r)
{
	struct fixture *f = ctx;

	f->told++;
	f->result = *r;
}

/* A demand from nowhere: no record is made of it, but that is seen only when
 * one is to be made. */
static void
publish(struct fixture *f)
{
	const struct publish_request q = { .kind = KIND_DEMAND,
		.region = "??",
		.payload = slice_of("\x80", 1) };

	publish_record(&f->n, &q, on_published, f);
}

static json_int_t
waiting(struct fixture *f)
{
	json_t *o = lock_json(&f->n);
	const json_int_t n = json_integer_value(json_object_get(o, "waiting"));

	json_decref(o);
	return n;
}

static void
test_publication_waits(void **state)
{
	struct fixture *f = *state;

	publish(f);
	assert_int_equal(waiting(f), 1);
	assert_int_equal(lock_now(&f->n), OK);
	publisher_start(f->n.publisher);
	assert_int_equal(uv_run(&f->n.loop, UV_RUN_DEFAULT), 0);
	assert_true(persona_get(&f->n, 0)->stamped);
	assert_int_equal(f->told, 0);
	assert_int_equal(waiting(f), 1);
	/* with a stamp and without keys: an error, and what to do */
	publish(f);
	assert_int_equal(f->told, 1);
	assert_int_equal(f->result.error, ERR_LIMIT);
	assert_non_null(strstr(f->result.why, "ohcn key unlock"));
	assert_int_equal(lock_open(&f->n, &f->km, f->n.lock_orders), OK);
	assert_int_equal(f->told, 2);
	assert_int_equal(f->result.error, ERR_FORM);
	assert_int_equal(waiting(f), 0);
}

/* A node that stops says so to who waits. */
static void
test_stopped_meanwhile(void **state)
{
	struct fixture *f = *state;

	publish(f);
	assert_int_equal(lock_now(&f->n), OK);
	publisher_stop(f->n.publisher);
	assert_int_equal(f->told, 1);
	assert_int_equal(f->result.error, ERR_CLOSED);
}

static void
test_locked_while_tried(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(lock_now(&f->n), OK);
	const uint64_t orders = f->n.lock_orders;
	assert_int_equal(lock_now(&f->n), OK); /* while it is tried */
	assert_int_equal(lock_open(&f->n, &f->km, orders), ERR_EXISTS);
	assert_true(signer_is_shut(f->n.signer));
	assert_int_equal(lock_open(&f->n, &f->km, f->n.lock_orders), OK);
	assert_false(signer_is_shut(f->n.signer));
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_publication_waits),
		TEST(test_stopped_meanwhile),
		TEST(test_locked_while_tried),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
