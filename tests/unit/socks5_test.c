#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/libp2p/socks5.h"

#define OK10 "05000001000000000000" /* the reply to CONNECT that most give */

/* ${script}: what we say, "|", what the proxy answers, "|" ... in hex. */
struct talk {
	const char *what;
	struct socks5_target to;
	const char *script;
	err e; /* of the last answer */
	const char *why, *rest;
};

static void
play(const struct talk *t)
{
	uint8_t said[1024], heard[1024];
	struct socks5 s;
	struct buf out = { said, 0, sizeof(said) };
	const char *at = t->script;
	err e = ERR_MORE;

	assert_int_equal(socks5_init(&s, &t->to), OK);
	for (unsigned turn = 0; *at != 0; turn++) {
		const size_t n = strcspn(at, "|");
		struct buf b = { heard, 0, sizeof(heard) };
		assert_int_equal(hex_get(slice_of(at, n), &b), OK);
		at += n + (at[n] == '|');
		struct slice in = buf_slice(&b);
		if (turn % 2 == 0) {
			out.n = 0;
			socks5_send(&s, &out);
			if (!slice_eq(in, buf_slice(&out)))
				fail_msg("%s: turn %u", t->what, turn);
			continue;
		}
		e = socks5_recv(&s, &in);
		if (e == OK && t->rest != NULL) {
			char text[64];
			assert_int_equal(hex_put(text, sizeof(text), in), OK);
			assert_string_equal(text, t->rest);
		} else {
			assert_true(e != OK || in.n == 0);
		}
	}
	if (e != t->e || strstr(s.why, t->why == NULL ? "" : t->why) == NULL)
		fail_msg("%s: %d \"%s\"", t->what, e, s.why);
	if (e != OK && e != ERR_MORE) {
		struct slice none = { NULL, 0 };
		assert_int_equal(socks5_recv(&s, &none), ERR_PEER);
	}
	socks5_wipe(&s);
}

static void
test_talks(void **state)
{
	static const struct socks5_target ip4 = { .ip = { 192, 0, 2, 1 },
		.port = 4141 };
	static const struct socks5_target ip6 = {
		.v6 = true, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 }, .port = 1
	};
	static const struct socks5_target name = { .name = "a.onion",
		.port = 80 };
	static const struct socks5_target user = {
		.name = "b.c", .port = 80, .user = "me", .password = "pw!"
	};
	static const struct socks5_target apart = { .name = "b.c",
		.port = 80,
		.user = "me",
		.password = "pw!",
		.password_optional = true };
	const struct talk talks[] = {
		{ "apart, and the proxy knows how", apart,
		    "05020002|0502|01026d6503707721|0100|"
		    "0501000303622e630050|" OK10,
		    OK },
		{ "apart, and it does not", apart,
		    "05020002|0500|0501000303622e630050|" OK10, OK },
		{ "IPv4", ip4, "050100|0500|05010001c0000201102d|" OK10, OK },
		{ "IPv6", ip6,
		    "050100|0500|0501000420010db8000000000000000000000001"
		    "0001|05000004000000000000000000000000000000000000",
		    OK },
		{ "a name goes to the proxy, a name comes back", name,
		    "050100|0500|0501000307612e6f6e696f6e0050|"
		    "050000030178ffff",
		    OK },
		{ "what follows is the peer's", ip4,
		    "050100|0500|05010001c0000201102d|" OK10 "aabb", OK, NULL,
		    "aabb" },
		{ "user and password", user,
		    "050102|0502|01026d6503707721|0100|"
		    "0501000303622e630050|" OK10,
		    OK },
		{ "wrong password", user, "050102|0502|01026d6503707721|0101",
		    ERR_AUTH, "refuses the user" },
		{ "no password wanted", user, "050102|05ff", ERR_AUTH,
		    "takes no user" },
		{ "a password wanted", ip4, "050100|05ff", ERR_AUTH,
		    "wants a user" },
		{ "it may not skip the password", user, "050102|0500",
		    ERR_PEER },
		{ "HTTP answers", ip4, "050100|485454502f312e31", ERR_PEER,
		    "does not speak" },
		{ "SOCKS 4", ip4, "050100|0400", ERR_PEER },
		{ "refused", ip4,
		    "050100|0500|05010001c0000201102d|05050001000000000000",
		    ERR_CLOSED, "connection refused" },
		{ "host unreachable", ip4,
		    "050100|0500|05010001c0000201102d|05040001000000000000",
		    ERR_CLOSED, "host unreachable" },
		{ "Tor: no such service", ip4,
		    "050100|0500|05010001c0000201102d|05f00001000000000000",
		    ERR_CLOSED, "onion" },
		{ "an unknown code", ip4,
		    "050100|0500|05010001c0000201102d|05770001000000000000",
		    ERR_CLOSED, "refuses" },
		{ "an unknown kind of address", ip4,
		    "050100|0500|05010001c0000201102d|05000002000000000000",
		    ERR_PEER },
		{ "not yet", ip4,
		    "050100|0500|05010001c0000201102d|0500000100000000",
		    ERR_MORE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(talks); i++)
		play(&talks[i]);
}

static void
test_targets(void **state)
{
	static char big[SOCKS5_NAME_MAX + 2];
	struct socks5 s;
	uint8_t raw[4 * 256];
	struct buf out = { raw, 0, sizeof(raw) };
	struct slice in = slice_of("\5\2\1\0", 4);

	(void)state;
	memset(big, 'x', SOCKS5_NAME_MAX + 1);
	assert_int_equal(
	    socks5_init(&s, &(struct socks5_target){ .name = big }), ERR_FORM);
	assert_int_equal(
	    socks5_init(&s, &(struct socks5_target){ .name = "" }), ERR_FORM);
	assert_int_equal(socks5_init(&s,
			     &(struct socks5_target){
				 .name = "a", .user = big, .password = "p" }),
	    ERR_FORM);
	assert_int_equal(socks5_init(&s, &(struct socks5_target){ .name = "a",
					     .user = "u" }),
	    ERR_FORM);
	/* the longest of everything, even if nothing is sent in between */
	big[SOCKS5_NAME_MAX] = 0;
	const struct socks5_target most = {
		.name = big, .user = big, .password = big
	};
	assert_int_equal(socks5_init(&s, &most), OK);
	socks5_send(&s, &out);
	assert_int_equal(out.n, 3);
	assert_int_equal(socks5_recv(&s, &in), ERR_MORE);
	out.cap = out.n + 100; /* in two pieces */
	socks5_send(&s, &out);
	assert_int_equal(out.n, 103);
	out.cap = sizeof(raw);
	socks5_send(&s, &out);
	assert_int_equal(out.n, 3 + 3 + 2 * 255 + 5 + 255 + 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
