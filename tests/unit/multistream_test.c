#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/libp2p/multistream.h"
#include "tests/unit/test_env.h"

#define HEADER "\x13/multistream/1.0.0\n"
#define NA     "\x03na\n"

static const char *const ids[] = { "/a/1", "/b/1" };

static void
test_exchanges(void **state)
{
	static const struct {
		const char *name;
		bool dialer;
		const char *in;  /* what the peer says */
		const char *out; /* what we say, from the start */
		err want;
		size_t chosen; /* when DONE */
		const char *rest;
	} cases[] = {
		{ "listener, accepted", false, HEADER "\x05/b/1\nxyz",
		    HEADER "\x05/b/1\n", OK, 1, "xyz" },
		{ "listener, second proposal", false,
		    HEADER "\x05/c/1\n\x05/a/1\n", HEADER NA "\x05/a/1\n", OK,
		    0, "" },
		{ "listener, simultaneous open is refused", false,
		    HEADER "\x1d/libp2p/simultaneous-connect\n\x05/a/1\n",
		    HEADER NA "\x05/a/1\n", OK, 0, "" },
		{ "listener, ls", false, HEADER "\x03ls\n",
		    HEADER "\x0d\x05/a/1\n\x05/b/1\n\n", ERR_MORE, 0, "" },
		{ "listener, waits", false, HEADER "\x05/b", HEADER, ERR_MORE,
		    0, "\x05/b" },
		{ "listener, no header", false, "\x05/a/1\n", "", ERR_PEER, 0,
		    NULL },
		{ "listener, raw bytes", false, "GET / HTTP/1.1\r\n\r\n", "",
		    ERR_PEER, 0, NULL },
		{ "listener, TLS hello", false,
		    "\x16\x03\x01\x02\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
		    "\x01\x01\x01\x01\x01\x01\x01\x01\x01",
		    "", ERR_PEER, 0, NULL },
		{ "no newline", false, "\x03/ab", "", ERR_PEER, 0, NULL },
		{ "too long", false, "\x81\x08", "", ERR_PEER, 0, NULL },
		{ "length of three bytes", false, "\x81\x80\x01", "", ERR_PEER,
		    0, NULL },
		{ "dialer, accepted", true, HEADER "\x05/a/1\nxyz",
		    HEADER "\x05/a/1\n", OK, 0, "xyz" },
		{ "dialer, second choice", true, HEADER NA "\x05/b/1\n",
		    HEADER "\x05/a/1\n\x05/b/1\n", OK, 1, "" },
		{ "dialer, refused", true, HEADER NA NA,
		    HEADER "\x05/a/1\n\x05/b/1\n", ERR_NOTFOUND, 0, NULL },
		{ "dialer, answer to something else", true, HEADER "\x05/b/1\n",
		    HEADER "\x05/a/1\n", ERR_PEER, 0, NULL },
		{ "dialer, header twice", true, HEADER HEADER,
		    HEADER "\x05/a/1\n", ERR_PEER, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t step = 1; step < 40; step += 38) {
			struct test_env t;
			struct multistream m;
			struct queue out, in;
			const size_t n = strlen(cases[i].in);
			err e = ERR_MORE;

			test_env_init(&t, i);
			queue_init(&out, &t.mem, 4096);
			queue_init(&in, &t.mem, 4096);
			assert_int_equal(multistream_start(
					     &m, cases[i].dialer, ids, 2, &out),
			    OK);
			for (size_t at = 0; at < n; at += step) {
				assert_int_equal(
				    queue_put(&in, cases[i].in + at,
					MIN(step, n - at)),
				    OK);
				if (e != ERR_MORE)
					continue;
				struct slice s = queue_peek(&in);
				e = multistream_recv(&m, &s, &out);
				queue_skip(&in, in.n - s.n);
			}
			if (e != cases[i].want)
				fail_msg("%s: %s", cases[i].name, err_name(e));
			if (!slice_eq_str(queue_peek(&out), cases[i].out))
				fail_msg("%s: said %.*s", cases[i].name,
				    (int)out.n, queue_peek(&out).p);
			if (e == OK) {
				assert_int_equal(m.state, MULTISTREAM_DONE);
				assert_int_equal(m.chosen, cases[i].chosen);
			}
			if (cases[i].rest != NULL)
				assert_true(slice_eq_str(
				    queue_peek(&in), cases[i].rest));
			queue_fini(&in);
			queue_fini(&out);
			test_env_check(&t);
		}
}

/* The longest message allowed is read; proposals without end are not. */
static void
test_limits(void **state)
{
	static uint8_t line[2 + MULTISTREAM_MAX];
	struct test_env t;
	struct multistream m;
	struct queue out;

	(void)state;
	test_env_init(&t, 1);
	queue_init(&out, &t.mem, 4096);
	assert_int_equal(multistream_start(&m, false, ids, 2, &out), OK);
	struct slice in = slice_str(HEADER);
	assert_int_equal(multistream_recv(&m, &in, &out), ERR_MORE);
	line[0] = 0x80;
	line[1] = 0x08;
	memset(line + 2, 'x', MULTISTREAM_MAX - 1);
	line[sizeof(line) - 1] = '\n';
	in = slice_of(line, sizeof(line));
	assert_int_equal(multistream_recv(&m, &in, &out), ERR_MORE);
	assert_int_equal(in.n, 0);
	err e = ERR_MORE;
	size_t n = 0;
	while (e == ERR_MORE && n++ < 1000) {
		in = slice_str("\x05/z/1\n");
		e = multistream_recv(&m, &in, &out);
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_true(n < 300);
	queue_fini(&out);
	/* a peer that does not read its refusals fills a small queue */
	queue_init(&out, &t.mem, 30);
	assert_int_equal(multistream_start(&m, false, ids, 2, &out), OK);
	in = slice_str(HEADER "\x05/z/1\n\x05/z/1\n\x05/z/1\n\x05/z/1\n");
	assert_int_equal(multistream_recv(&m, &in, &out), ERR_LIMIT);
	queue_fini(&out);
	test_env_check(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
