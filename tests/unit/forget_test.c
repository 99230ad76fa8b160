/*
 * A persona is forgotten: nothing of it is left in the vault, wherever it lay,
 * and nothing of the others goes; with a disk that refuses at each step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/access/token.h"
#include "node/company/ledger.h"
#include "node/evidence/documents.h"
#include "node/care/forget.h"
#include "node/keys/intro.h"
#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/record/conflict.h"
#include "test_env.h"
#include "test_store.h"

#define QUIET 1

struct fixture {
	char folder[TEST_PATH];
	struct test_env env;
	struct paths paths;
	struct problem problem;
	struct key_material km;
	struct config config;
	struct node n;
};

static void
up(struct fixture *f)
{
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
	assert_int_equal(tokens_open(&f->n), OK);
	assert_int_equal(intro_open(&f->n), OK);
	assert_int_equal(documents_open(&f->n), OK);
}

static void
down(struct fixture *f)
{
	documents_close(&f->n);
	intro_close(&f->n);
	tokens_close(&f->n);
	vault_close(f->n.vault);
	signer_stop(f->n.signer);
	f->n = (struct node){ 0 };
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint32_t index;

	test_env_init(&f->env, 3);
	test_folder_make(f->folder);
	(void)snprintf(f->paths.private_dir, sizeof(f->paths.private_dir), "%s",
	    f->folder);
	key_material_new(&f->km, NULL, 1700000000);
	assert_int_equal(config_init(&f->config), OK);
	up(f);
	assert_int_equal(persona_add(&f->n, "quiet", &index), OK);
	assert_int_equal(index, QUIET);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	char path[TEST_PATH + 16];

	down(f);
	config_fini(&f->config);
	(void)snprintf(path, sizeof(path), "%s/erase.keys", f->folder);
	(void)unlink(path);
	test_folder_remove(f->folder);
	free(f);
	return 0;
}

static void
put(struct fixture *f, const char *name)
{
	json_t *v = json_pack("{s:s}", "a", "value");

	assert_int_equal(vault_put(f->n.vault, name, v), OK);
	json_decref(v);
}

static bool
has(struct fixture *f, const char *name)
{
	json_t *v = vault_get(f->n.vault, name, NULL);

	json_decref(v);
	return v != NULL;
}

struct search {
	const char *word;
	char found[VAULT_NAME_MAX + 1];
};

static bool
on_value(void *ctx, const char *name, json_t *value)
{
	struct search *s = ctx;
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (strstr(text, s->word) != NULL)
		(void)snprintf(s->found, sizeof(s->found), "%s", name);
	free(text);
	return s->found[0] == '\0';
}

/* Where in the vault the word stands; "": nowhere. */
static struct search
search(struct fixture *f, const char *word)
{
	struct search s = { .word = word };

	vault_each(f->n.vault, "", on_value, &s);
	return s;
}

static void
call(struct fixture *f, const char *token, const char *note)
{
	struct http_caller caller = { 0 };

	(void)snprintf(caller.name, sizeof(caller.name), "%s", token);
	tokens_access()->answered(
	    &f->n, &caller, HTTP_PUT, "/api/v1/profile", 200, note);
}

static void
forget(struct fixture *f)
{
	for (f->n.ticks = 0; f->n.ticks < 4; f->n.ticks++)
		forget_tick(&f->n);
}

static void
test_all_of_it(void **state)
{
	static const char *const gone[] = { "p/1/draft/profile", "p/1/facts",
		"ledger/1/head", "ledger/1/00000", "conflict/1/2/0",
		"access/bound/00" };
	static const char *const stay[] = { "draft/profile", "p/10/facts",
		"ledger/10/head", "ledger/0/head", "conflict/0/2/0",
		"conflict/10/2/0", "p/1/stem/guards", "access/free/00" };
	struct fixture *f = *state;
	char text[TOKEN_TEXT];
	uint8_t intro[X25519_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(gone) - 1; i++)
		put(f, gone[i]);
	for (size_t i = 0; i < ARRAY_LEN(stay) - 1; i++)
		put(f, stay[i]);
	assert_int_equal(
	    token_add(&f->n, "bound", SCOPE_ALL, QUIET + 1, 0, text), OK);
	assert_int_equal(token_add(&f->n, "free", SCOPE_ALL, 0, 0, text), OK);
	call(f, "free", "persona quiet"); /* of an earlier version */
	call(f, "free", PERSONA_NOTE "1");
	call(f, "free", "persona main");
	call(f, "bound", PERSONA_NOTE "1");
	assert_true(has(f, "access/bound/00"));
	assert_int_equal(intro_current(&f->n, QUIET, intro), OK);

	assert_int_equal(forget_begin(&f->n, QUIET), OK);
	assert_int_equal(forget_begin(&f->n, QUIET), ERR_EXISTS);
	assert_int_equal(persona_set_state(&f->n, QUIET, PERSONA_REVOKED), OK);
	forget(f);
	assert_true(persona_is_unnamed(&f->n, QUIET));
	assert_string_equal(persona_get(&f->n, QUIET)->name, "forgotten-1");
	assert_int_equal(forget_begin(&f->n, QUIET), ERR_EXISTS);
	assert_false(has(f, "forgetting"));
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		if (has(f, gone[i]))
			fail_msg("%s is left", gone[i]);
	for (size_t i = 0; i < ARRAY_LEN(stay); i++)
		if (!has(f, stay[i]))
			fail_msg("%s is gone", stay[i]);
	assert_string_equal(search(f, "quiet").found, "");
	assert_null(intro_find(&f->n, intro));
	/* over a restart, too; the others' log is whole */
	down(f);
	up(f);
	assert_null(token_json(&f->n, "bound"));
	json_t *log = access_log_json(&f->n, NULL, 10);
	assert_int_equal(json_array_size(log), 3);
	char *all = json_dumps(log, JSON_COMPACT);
	assert_null(strstr(all, "quiet"));
	assert_non_null(strstr(all, "persona forgotten-1"));
	assert_non_null(strstr(all, "persona main"));
	free(all);
	json_decref(log);
}

/* Nobody chooses the name of one that is forgotten; and who had it, by an
 * earlier version, is in nobody's way and can be forgotten. */
static void
test_names(void **state)
{
	struct fixture *f = *state;
	json_t *list = json_pack("[{s:s,s:s,s:i},{s:s,s:s,s:i},{s:s,s:s,s:i}]",
	    "name", "main", "state", "live", "made", 1, "name", "quiet",
	    "state", "revoked", "made", 1, "name", "forgotten-1", "state",
	    "live", "made", 1);
	uint32_t index;

	assert_int_equal(persona_add(&f->n, "forgotten-1", &index), ERR_FORM);
	assert_int_equal(persona_rename(&f->n, 0, "forgotten-9"), ERR_FORM);
	assert_int_equal(vault_put(f->n.vault, "personas", list), OK);
	json_decref(list);
	down(f);
	up(f);
	assert_int_equal(persona_count(&f->n), 3);
	assert_int_equal(forget_begin(&f->n, QUIET), OK);
	forget(f);
	assert_true(persona_is_unnamed(&f->n, QUIET));
	assert_string_equal(persona_get(&f->n, QUIET)->name, "forgotten-1-2");
	assert_false(has(f, "forgetting"));
	/* this one lives: it only has the name */
	assert_int_equal(forget_begin(&f->n, 2), OK);
	assert_int_equal(persona_set_state(&f->n, 2, PERSONA_REVOKED), OK);
	put(f, "p/2/facts");
	forget(f);
	assert_false(has(f, "p/2/facts"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_all_of_it, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
