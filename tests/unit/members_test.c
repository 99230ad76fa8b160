/* Groups of many: what is kept of five hundred who ask, are welcomed, take a
 * role and leave it; names and values that are none; what was kept before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/community/community.h"
#include "node/community/promise.h"
#include "node/community/session.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "test_env.h"
#include "test_evidence.h"
#include "test_store.h"

#define MANY 500

struct fixture {
	char folder[TEST_PATH];
	struct test_env env;
	struct paths paths;
	struct problem problem;
	struct key_material km;
	struct config config;
	struct node n;
	json_t *value;
	uint8_t subject[RECORD_ID];
};

/* Thousands of small writes: in memory, where there is a place for it. */
static void
folder_make(char out[TEST_PATH])
{
	snprintf(out, TEST_PATH, "/dev/shm/ohcn-test-XXXXXX");
	if (mkdtemp(out) == NULL)
		test_folder_make(out);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_env_init(&f->env, 3);
	folder_make(f->folder);
	snprintf(f->paths.private_dir, sizeof(f->paths.private_dir), "%s",
	    f->folder);
	key_material_new(&f->km, NULL, 1700000000);
	assert_int_equal(config_init(&f->config), OK);
	assert_int_equal(
	    config_set(&f->config, "node.network", TEST_NET, &f->problem), OK);
	struct key_material km = f->km;
	f->n.env = f->env.env;
	f->n.config = &f->config;
	f->n.paths = &f->paths;
	f->n.problem = &f->problem;
	assert_int_equal(signer_start(&km, &f->n.signer, &f->problem), OK);
	assert_int_equal(vault_open(f->folder, f->km.private_key, &f->env.env,
			     &f->n.vault, &f->problem),
	    OK);
	assert_int_equal(personas_open(&f->n), OK);
	assert_int_equal(communities_open(&f->n), OK);
	assert_int_equal(documents_open(&f->n), OK);
	memset(f->subject, 7, sizeof(f->subject));
	f->value = json_pack("{s:b,s:i,s:[]}", "founded", 1, "slot", -1, "ids");
	assert_true(community_note(f->value, f->subject));
	assert_int_equal(community_keep(&f->n, 0, "river", f->value), OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char keys[TEST_PATH + 16];

	json_decref(f->value);
	documents_close(&f->n);
	communities_close(&f->n);
	vault_close(f->n.vault);
	signer_stop(f->n.signer);
	config_fini(&f->config);
	snprintf(keys, sizeof(keys), "%s/community.keys", f->folder);
	(void)unlink(keys);
	test_folder_remove(f->folder);
	free(f);
	return 0;
}

static void
talk_of(unsigned i, char out[33])
{
	snprintf(out, 33, "%032x", i * 2654435761u);
}

static bool
on_count(void *ctx, const char *talk, json_t *promise)
{
	unsigned *n = ctx;

	assert_int_equal(strlen(talk), 32);
	assert_string_equal(
	    "river", json_string_value(json_object_get(promise, "community")));
	(*n)++;
	return true;
}

/* ---- those who are welcomed ---- */

static void
test_promises(void **state)
{
	struct fixture *f = *state;
	char talk[33], text[121];
	unsigned n = 0;

	memset(text, 'r', 120);
	text[120] = 0;
	json_t *p = json_pack("{s:s,s:s,s:i,s:i}", "community", "river", "role",
	    text, "hours_week", 2, "weeks", 26);
	for (unsigned i = 0; i < MANY; i++) {
		talk_of(i, talk);
		assert_int_equal(promise_keep(&f->n, 0, talk, p), OK);
	}
	promise_each(&f->n, 0, on_count, &n);
	assert_int_equal(n, MANY);
	/* The group itself can still be kept, and what is not hers is not. */
	assert_int_equal(community_keep(&f->n, 0, "river", f->value), OK);
	for (unsigned i = MANY; i < f->config.community.promises; i++) {
		talk_of(i, talk);
		assert_int_equal(promise_keep(&f->n, 0, talk, p), OK);
	}
	talk_of(9999, talk);
	assert_int_equal(promise_keep(&f->n, 0, talk, p), ERR_LIMIT);
	talk_of(3, talk); /* one that is there is changed at any time */
	assert_int_equal(promise_keep(&f->n, 0, talk, p), OK);
	assert_int_equal(promise_drop(&f->n, 0, talk), OK);
	assert_null(promise_get(&f->n, 0, talk));
	assert_int_equal(promise_drop(&f->n, 0, talk), OK);
	talk_of(9999, talk);
	assert_int_equal(promise_keep(&f->n, 0, talk, p), OK);
	json_decref(p);
	assert_int_equal(promises_drop_of(&f->n, 0, "other"), OK);
	n = 0;
	promise_each(&f->n, 0, on_count, &n);
	assert_int_equal(n, f->config.community.promises);
	assert_int_equal(community_erase(&f->n, 0, "river"), OK);
	n = 0;
	promise_each(&f->n, 0, on_count, &n);
	assert_int_equal(n, 0);
}

static void
test_names(void **state)
{
	static const char *const bad[] = { "", "x", "../../keyfile",
		"0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdef0",
		"0123456789ABCDEF0123456789ABCDEF",
		"0123456789abcdef0123456789abcde/",
		"p/1/community-promise/0000000000" };
	struct fixture *f = *state;
	json_t *p = json_pack("{s:s}", "community", "river");

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(promise_keep(&f->n, 0, bad[i], p), ERR_FORM);
		assert_null(promise_get(&f->n, 0, bad[i]));
		assert_int_equal(promise_drop(&f->n, 0, bad[i]), OK);
	}
	json_decref(p);
}

/* All in one value, as the version before kept them. */
static void
test_moved(void **state)
{
	struct fixture *f = *state;
	json_t *all = json_object(), *old = json_deep_copy(f->value);
	char talk[33];
	unsigned n = 0;

	for (unsigned i = 0; i < 100; i++) {
		json_t *one = json_pack("{s:s,s:i,s:i}", "role", "Scout",
		    "hours_week", 2, "weeks", 26);
		if (i % 4 == 0)
			(void)json_object_set_new(one, "sent", json_true());
		talk_of(i, talk);
		(void)json_object_set_new(all, talk, one);
	}
	(void)json_object_set_new(all, "no-talk", json_object());
	(void)json_object_set_new(
	    all, "0123456789abcdef0123456789abcdef", json_integer(1));
	(void)json_object_set_new(old, "welcomes", all);
	assert_int_equal(community_keep(&f->n, 0, "river", old), OK);
	json_decref(old);
	for (int i = 0; i < 2; i++) {
		json_t *v = community_get(&f->n, 0, "river");
		assert_int_equal(promises_move(&f->n, 0, "river", v), OK);
		json_decref(v);
	}
	promise_each(&f->n, 0, on_count, &n);
	assert_int_equal(n, 75);
	json_t *now = community_get(&f->n, 0, "river");
	assert_true(json_equal(now, f->value));
	json_decref(now);
	talk_of(5, talk);
	json_t *one = promise_get(&f->n, 0, talk);
	assert_string_equal(
	    "Scout", json_string_value(json_object_get(one, "role")));
	json_decref(one);
}

/* ---- those who have a role ---- */

/* A role of member ${i}, signed by the persona and, if ${both}, by them. */
static void
member(struct fixture *f, unsigned i, bool both, uint8_t id[EVIDENCE_ID])
{
	static uint8_t memory[DOCUMENT_SCRATCH_BYTES];
	struct arena scratch = arena_of(memory, sizeof(memory));
	const struct held_from from = { .persona = 0 };
	const struct test_author who = test_author(1000 + i);
	const uint32_t now_h = (uint32_t)(node_now(&f->n) / 3600);
	struct evidence e = { .type = EVIDENCE_AGREEMENT };
	struct held_document held;
	uint8_t raw[DOCUMENT_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	enum evidence_fault fault;
	struct holding h;

	e.agreement.kind = AGREEMENT_COMMUNITY_ROLE;
	e.agreement.made = e.agreement.start = now_h - 10;
	e.agreement.end = now_h + 1000;
	e.agreement.hours = 20;
	memcpy(e.agreement.company, persona_get(&f->n, 0)->pub, ED25519_PUBLIC);
	memcpy(e.agreement.person, who.pub, ED25519_PUBLIC);
	memcpy(e.agreement.subject, f->subject, RECORD_ID);
	memcpy(e.agreement.nonce, &i, sizeof(i));
	snprintf(e.agreement.title, sizeof(e.agreement.title), "Scout");
	assert_int_equal(
	    documents_make(&f->n, &from, &e, true, &h, &fault), OK);
	assert_int_equal(fault, EVIDENCE_FINE);
	memcpy(id, h.id, EVIDENCE_ID);
	if (!both)
		return;
	assert_int_equal(documents_read(&f->n, &h, &held), OK);
	assert_int_equal(document_sign(held.d.bytes, slice_str(TEST_NET),
			     ROLE_PERSON, who.secret, &scratch, &out),
	    EVIDENCE_FINE);
	assert_int_equal(
	    documents_take(&f->n, &from, buf_slice(&out), &h, &fault), OK);
	assert_int_equal(fault, EVIDENCE_FINE);
	assert_true(h.complete);
}

static enum session_fault
judged(struct fixture *f, const unsigned *who, unsigned n, uint32_t at)
{
	struct document d = { .is = { .type = EVIDENCE_SESSION } };
	struct session *s = &d.is.session;
	char name[COMMUNITY_NAME_MAX + 1];

	memcpy(s->subject, f->subject, RECORD_ID);
	memcpy(
	    s->peers[s->peers_n++], persona_get(&f->n, 0)->pub, ED25519_PUBLIC);
	for (unsigned i = 0; i < n; i++)
		memcpy(s->peers[s->peers_n++], test_author(1000 + who[i]).pub,
		    ED25519_PUBLIC);
	s->at = at;
	return session_judge(&f->n, 0, &d, name);
}

static void
test_roles(void **state)
{
	struct fixture *f = *state;
	const uint32_t now_h = (uint32_t)(node_now(&f->n) / 3600);
	uint8_t ids[MANY][EVIDENCE_ID], half[EVIDENCE_ID];

	for (unsigned i = 0; i < MANY; i++)
		member(f, i, true, ids[i]);
	member(f, MANY, false, half); /* who never signed */
	struct community_roles all = community_role_list(&f->n, 0, f->value);
	assert_int_equal(all.n, MANY + 1);
	free(all.list);
	const unsigned some[] = { 0, 250, MANY - 1 };
	const unsigned unsigned_one[] = { 0, MANY }, stranger[] = { MANY + 1 };
	assert_int_equal(judged(f, some, 3, now_h), SESSION_FINE);
	assert_int_equal(judged(f, unsigned_one, 2, now_h), SESSION_STRANGERS);
	assert_int_equal(judged(f, stranger, 1, now_h), SESSION_STRANGERS);
	assert_int_equal(judged(f, some, 3, now_h - 11), SESSION_OUTSIDE);
	assert_int_equal(judged(f, some, 3, now_h + 1001), SESSION_OUTSIDE);
	/* Left: over at once, and no later session counts it. */
	assert_int_equal(community_role_leave(&f->n, 0, ids[250]), OK);
	assert_int_equal(judged(f, some, 3, now_h), SESSION_FINE);
	assert_int_equal(judged(f, some, 3, now_h + 1), SESSION_OUTSIDE);
	f->env.wall_s += 5 * 3600;
	assert_int_equal(community_role_leave(&f->n, 0, ids[250]), OK);
	assert_int_equal(judged(f, some, 3, now_h + 1), SESSION_OUTSIDE);
	all = community_role_list(&f->n, 0, f->value);
	unsigned over = 0;
	for (size_t i = 0; i < all.n; i++)
		over += all.list[i].over;
	assert_int_equal(over, 1);
	assert_true(all.list[250].left);
	assert_int_equal(all.list[250].end, now_h);
	free(all.list);
	/* Again in: both times count. */
	uint8_t again[EVIDENCE_ID];
	f->env.wall_s += 15 * 3600;
	member(f, 250, true, again);
	assert_int_equal(judged(f, some, 3, now_h), SESSION_FINE);
	assert_int_equal(judged(f, some, 3, now_h + 20), SESSION_FINE);
	assert_int_equal(judged(f, some, 3, now_h + 5), SESSION_OUTSIDE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_promises, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_moved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_roles, setup, teardown),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
