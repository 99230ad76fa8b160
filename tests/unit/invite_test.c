/* Invitations: what is written is read, and what is wrong is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/net/invite.h"

#define ID   "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
#define LINK "ohcn:invite?net=main&id=" ID "&addr=/ip4/192.0.2.1/tcp/4141"

static void
test_round(void **state)
{
	struct invite in = { .net = "main", .addrs_n = 2 }, out;
	char text[INVITE_TEXT_MAX];
	struct problem p;

	(void)state;
	assert_int_equal(peer_id_get(slice_str(ID), &in.id), OK);
	snprintf(in.addrs[0], INVITE_ADDR_MAX, "/ip4/192.0.2.1/tcp/4141");
	snprintf(in.addrs[1], INVITE_ADDR_MAX,
	    "/dns4/a.example/tcp/443/wss/p2p/" ID "/p2p-circuit");
	assert_int_equal(invite_put(&in, text), OK);
	assert_int_equal(strncmp(text, LINK, strlen(LINK)), 0);
	assert_int_equal(invite_get(text, &out, &p), OK);
	assert_memory_equal(&in, &out, sizeof(in));
	/* Nothing of a key is there unless it was asked for. */
	assert_null(strstr(text, "key="));
	snprintf(in.psk, sizeof(in.psk), "00112233445566778899aabbccddeeff");
	in.has_key = true;
	for (unsigned i = 0; i < 32; i++)
		in.key[i] = (uint8_t)(i * 7);
	assert_int_equal(invite_put(&in, text), OK);
	assert_int_equal(invite_get(text, &out, &p), OK);
	assert_memory_equal(&in, &out, sizeof(in));
	/* The longest that there can be. */
	for (in.addrs_n = 0; in.addrs_n < INVITE_ADDRS_MAX; in.addrs_n++)
		snprintf(in.addrs[in.addrs_n], INVITE_ADDR_MAX,
		    "/dns/%0130zu/tcp/4141", in.addrs_n);
	assert_int_equal(invite_put(&in, text), OK);
	assert_int_equal(invite_get(text, &out, &p), OK);
	assert_memory_equal(&in, &out, sizeof(in));
	/* Characters that have to be escaped. */
	in.addrs_n = 1;
	in.has_key = false;
	snprintf(in.addrs[0], INVITE_ADDR_MAX, "/a&b=c+d%%");
	assert_int_equal(invite_put(&in, text), OK);
	assert_non_null(strstr(text, "&addr=/a%26b%3Dc%2Bd%25"));
}

static void
test_reading(void **state)
{
	static const struct {
		const char *text, *say; /* NULL: it is fine */
	} cases[] = {
		{ LINK, NULL },
		{ "  " LINK "\r\n", NULL },
		{ LINK "&later=1", NULL },
		{ LINK "&addr=%2Fip4%2F192.0.2.2%2Ftcp%2F1", NULL },
		{ "", "begins with" },
		{ "https://example.org/", "begins with" },
		{ "ohcn:invite", "begins with" },
		{ "ohcn:invite?", "no network" },
		{ "ohcn:invite?net=main", "no peer" },
		{ "ohcn:invite?net=main&id=" ID, "no address" },
		{ "ohcn:invite?id=" ID "&addr=/ip4/192.0.2.1/tcp/1",
		    "no network" },
		{ LINK "&net=other", "name of the network" },
		{ "ohcn:invite?net=Main&id=" ID "&addr=/ip4/192.0.2.1/tcp/1",
		    "name of the network" },
		{ "ohcn:invite?net=12345678901234567&id=" ID, "network" },
		{ "ohcn:invite?net=main&id=12D3Koo&addr=/ip4/192.0.2.1/tcp/1",
		    "the peer" },
		{ LINK "&addr=/ip4/192.0.2.1/tcp", "an address" },
		{ LINK "&addr=/ip4/192.0.2.1/udp/1/quic-v1", NULL },
		{ "ohcn:invite?net=main&id=" ID "&addr=/ip4/192.0.2.1/udp/1",
		    "can be dialled" },
		{ LINK "&addr=/ip4/192.0.2", "an address" },
		{ LINK "&addr=%2", "escaped" },
		{ LINK "&addr=%zz", "escaped" },
		{ LINK "&addr=a b", "escaped" },
		{ LINK "&addr=%00", "escaped" },
		{ LINK "&psk=12", "fingerprint" },
		{ LINK "&key=12", "the key" },
		{ LINK "&x", "escaped" },
	};
	struct invite out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct problem p = { 0 };
		const err e = invite_get(cases[i].text, &out, &p);
		if ((e == OK) != (cases[i].say == NULL))
			fail_msg("%s: %s", cases[i].text, err_name(e));
		if (e != OK && strstr(p.why, cases[i].say) == NULL)
			fail_msg("%s: says %s", cases[i].text, p.why);
	}
	char *big = malloc(5000);
	struct problem p = { 0 };
	assert_non_null(big);
	memset(big, 'x', 4999);
	big[4999] = '\0';
	memcpy(big, LINK "&a=", strlen(LINK "&a="));
	assert_int_equal(invite_get(big, &out, &p), ERR_FORM);
	free(big);
}

/* Any byte changed or cut: an error or a link that says something else. */
static void
test_damage(void **state)
{
	char text[sizeof(LINK)];
	struct invite out;
	struct problem p;

	(void)state;
	for (size_t i = 0; i < sizeof(LINK) - 1; i++) {
		memcpy(text, LINK, sizeof(LINK));
		text[i] = '\0';
		const err cut = invite_get(text, &out, &p);
		if (cut == OK)
			assert_true(i > sizeof(LINK) - 6);
		for (int c = 1; c < 256; c++) {
			text[i] = (char)c;
			if (invite_get(text, &out, &p) == OK)
				assert_true(out.id.n > 0 && out.addrs_n > 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
