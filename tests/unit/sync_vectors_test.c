/* The vectors of sync: up to date, and a session behaves as they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define VECTORS_WITHOUT_MAIN
#include "tests/tool/make_sync_vectors.c"

static void
test_file_is_up_to_date(void **state)
{
	json_error_t why;
	json_t *made = make_sync();
	json_t *held =
	    json_load_file(OHCN_SOURCE_DIR "/tests/vectors/sync.json", 0, &why);

	(void)state;
	if (held == NULL)
		fail_msg("sync.json: %s", why.text);
	if (!json_equal(made, held))
		fail_msg("run tool_make_sync_vectors tests/vectors");
	json_decref(made);
	json_decref(held);
}

/* A listener takes the good ones as HELLO, and no other. */
static void
test_hellos(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hellos); i++) {
		struct sync_pair p;
		struct sync_event ev;
		uint8_t raw[512], framed[600];
		struct buf b = { framed, 0, sizeof(framed) };
		const size_t n = unhex(hellos[i].bytes, raw, sizeof(raw));
		assert_int_equal(varint_put(&b, n), OK);
		assert_int_equal(buf_put(&b, raw, n), OK);
		sync_pair_init(&p, 1);
		p.b.s = sync_new(&p.b.mem, &p.b.cf, 1);
		assert_non_null(p.b.s);
		assert_int_equal(sync_recv(p.b.s, buf_slice(&b), 1), b.n);
		assert_true(sync_next(p.b.s, &ev));
		if (ev.type != (hellos[i].good ? SYNC_NEED_ITEMS : SYNC_FAILED))
			fail_msg("%s", hellos[i].name);
		sync_pair_free(&p);
	}
}

/* Scopes come back as they were written. */
static void
test_scopes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		uint8_t raw[256];
		struct buf b = { raw, 0, sizeof(raw) };
		const struct scope s = scope_some(i);
		wire_put_scope(&b, &s);
		struct wire_in w = { .in = buf_slice(&b) };
		const struct scope again = wire_scope(&w);
		assert_false(w.bad);
		assert_int_equal(w.in.n, 0);
		assert_true(scope_equal(&s, &again));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file_is_up_to_date),
		cmocka_unit_test(test_hellos),
		cmocka_unit_test(test_scopes),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
