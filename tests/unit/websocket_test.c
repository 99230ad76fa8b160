#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/libp2p/websocket.h"
#include "tests/unit/test_env.h"

/* The request of RFC 6455, 1.3, with what may vary. */
#define REQUEST                                                                \
	"GET /chat HTTP/1.1\r\nHost: server.example.com\r\n"                   \
	"Upgrade: websocket\r\nConnection: Upgrade\r\n"                        \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                      \
	"Origin: http://example.com\r\nSec-WebSocket-Version: 13\r\n"
#define ANSWER                                                                 \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"           \
	"Connection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

/* base64 of it is RFC 6455's sample key */
static const uint8_t nonce[16] = "the sample nonce";
static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

static struct slice
said(struct websocket_upgrade *u, char *room, size_t cap)
{
	struct buf b = { (uint8_t *)room, 0, cap };

	websocket_upgrade_send(u, &b);
	return buf_slice(&b);
}

static void
test_server_takes(void **state)
{
	static const char *const cases[] = {
		REQUEST "\r\n",
		/* names and words in any case, lists, spaces, bare LF */
		"GET / HTTP/1.1\nhost:x\nUPGRADE: WebSocket\n"
		"connection: keep-alive,  upgrade \n"
		"sec-websocket-key:\tdGhlIHNhbXBsZSBub25jZQ== \n"
		"Sec-WebSocket-Version: 13\n"
		"Sec-WebSocket-Extensions: permessage-deflate\n\n",
	};
	char room[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct websocket_upgrade u;
		char all[1024];
		(void)snprintf(all, sizeof(all), "%sxyz", cases[i]);
		struct slice in = slice_str(all);
		websocket_accept(&u);
		if (websocket_upgrade_recv(&u, &in) != OK)
			fail_msg("case %zu: %s", i, u.why);
		assert_true(slice_eq_str(in, "xyz"));
		assert_true(slice_eq_str(
		    said(&u, room, sizeof(room)), ANSWER ACCEPT "\r\n"));
	}
	/* a long cookie is passed over, within the limit of all of it */
	struct websocket_upgrade u;
	static char cookie[7500];
	(void)snprintf(
	    cookie, sizeof(cookie), REQUEST "Cookie: %06000d\r\n\r\n", 0);
	struct slice in = slice_str(cookie);
	websocket_accept(&u);
	assert_int_equal(websocket_upgrade_recv(&u, &in), OK);
}

static void
test_server_refuses(void **state)
{
	static const struct {
		const char *in, *status;
	} cases[] = {
		{ "POST / HTTP/1.1\r\n", "405" },
		{ "GET / HTTP/1.0\r\n", "400" },
		{ "GET x HTTP/1.1\r\n", "400" },
		{ "\r\n", "405" },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "426" },
		{ "GET / HTTP/1.1\r\n\r\n", "400" },
		{ REQUEST "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
		    "400" },
		{ "GET / HTTP/1.1\r\nSec-WebSocket-Key: short\r\n", "400" },
		{ "GET / HTTP/1.1\r\nSec-WebSocket-Key: "
		  "dGhlIHNhbXBsZSBub25jZ===\r\n",
		    "400" },
		{ "GET / HTTP/1.1\r\nno colon\r\n", "400" },
		{ "GET / HTTP/1.1\r\n folded: x\r\n", "400" },
		{ "GET / HTTP/1.1\r\nHost : x\r\n", "400" },
	};
	static const uint8_t mss[] = "\x13/multistream/1.0.0\n\0";
	static char big[9000];
	char room[1024];
	struct websocket_upgrade u;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice in = slice_str(cases[i].in), none = { NULL, 0 };
		websocket_accept(&u);
		if (websocket_upgrade_recv(&u, &in) != ERR_PEER)
			fail_msg("case %zu", i);
		const struct slice out = said(&u, room, sizeof(room));
		assert_true(out.n > 12);
		if (memcmp(out.p + 9, cases[i].status, 3) != 0)
			fail_msg("case %zu: %.20s", i, room);
		const char *body = strstr(room, "\r\n\r\n") + 4;
		assert_int_equal(out.n - (size_t)(body - room), 40);
		assert_int_equal(websocket_upgrade_recv(&u, &none), ERR_PEER);
	}
	/* a plain libp2p peer at the wrong door */
	struct slice in = slice_of(mss, sizeof(mss));
	websocket_accept(&u);
	assert_int_equal(websocket_upgrade_recv(&u, &in), ERR_PEER);
	/* without end */
	(void)snprintf(
	    big, sizeof(big), "GET / HTTP/1.1\r\nCookie: %08500d", 0);
	in = slice_str(big);
	websocket_accept(&u);
	assert_int_equal(websocket_upgrade_recv(&u, &in), ERR_LIMIT);
	(void)snprintf(big, sizeof(big), "GET /%0500d HTTP/1.1\r\n", 0);
	in = slice_str(big);
	websocket_accept(&u);
	assert_int_equal(websocket_upgrade_recv(&u, &in), ERR_PEER);
}

static void
test_client(void **state)
{
	static const struct {
		const char *in;
		err e;
	} cases[] = {
		{ ANSWER ACCEPT "\r\n", OK },
		{ ANSWER ACCEPT "Server: x\r\n\r\n", OK },
		{ ANSWER ACCEPT, ERR_MORE },
		{ ANSWER "\r\n", ERR_PEER },
		{ ANSWER ACCEPT ACCEPT "\r\n", ERR_PEER },
		{ ANSWER "Sec-WebSocket-Accept: "
			 "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n\r\n",
		    ERR_PEER },
		{ ANSWER "Sec-WebSocket-Extensions: x\r\n", ERR_PEER },
		{ ANSWER "Sec-WebSocket-Protocol: x\r\n", ERR_PEER },
		{ "HTTP/1.1 200 OK\r\n", ERR_PEER },
		{ "HTTP/1.0 101 x\r\n", ERR_PEER },
		{ "\x13/multistream/1.0.0\n", ERR_PEER },
		{ "HTTP/1.1 101 x\r\n" ACCEPT "\r\n", ERR_PEER },
	};
	static const struct {
		const char *host, *line;
	} hosts[] = { { "a.b", "Host: a.b:80\r\n" },
		{ "::1", "Host: [::1]:80\r\n" } };
	static char big[300];
	char room[1024];
	struct websocket_upgrade u;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice in = slice_str(cases[i].in);
		assert_int_equal(websocket_connect(&u, "a.b", 80, nonce), OK);
		if (websocket_upgrade_recv(&u, &in) != cases[i].e)
			fail_msg("case %zu: %s", i, u.why);
		assert_int_equal(cases[i].e == ERR_PEER, u.why[0] != 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		assert_int_equal(
		    websocket_connect(&u, hosts[i].host, 80, nonce), OK);
		const struct slice out = said(&u, room, sizeof(room) - 1);
		room[out.n] = 0;
		assert_non_null(strstr(room, hosts[i].line));
		assert_non_null(
		    strstr(room, "Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
	}
	memset(big, 'x', 256);
	assert_int_equal(websocket_connect(&u, big, 80, nonce), ERR_FORM);
	assert_int_equal(websocket_connect(&u, "", 80, nonce), ERR_FORM);
	assert_int_equal(
	    websocket_connect(&u, "a\r\nX: y", 80, nonce), ERR_FORM);
	big[255] = 0;
	assert_int_equal(websocket_connect(&u, big, 65535, nonce), OK);
}

/* Frames in hex and what comes of them, for one role. */
static void
test_frames(void **state)
{
	static const struct {
		const char *what, *in;
		bool client;
		err e;
		const char *out, *reply; /* text; hex of frames, unmasked */
	} cases[] = {
		/* RFC 6455, 5.7, with the binary opcode */
		{ "masked", "828537fa213d7f9f4d5158", false, OK, "Hello", "" },
		{ "unmasked", "820548656c6c6f", true, OK, "Hello", "" },
		{ "fragments", "020348656c80026c6f", true, OK, "Hello", "" },
		{ "a ping between",
		    "020348656c890168"
		    "80026c6f",
		    true, OK, "Hello", "8a8137fa213d5f" },
		{ "the latest ping", "890161890162", true, OK, "",
		    "8a8137fa213d55" },
		{ "an empty frame", "8200820548656c6c6f", true, OK, "Hello",
		    "" },
		{ "a pong", "8a0168", true, OK, "", "" },
		{ "a masked ping", "898537fa213d7f9f4d5158", false, OK, "",
		    "8a0548656c6c6f" },
		{ "close", "880203e8", true, ERR_CLOSED, "",
		    "888237fa213d3412" },
		{ "close without a code", "8800", true, ERR_CLOSED, "",
		    "888237fa213d3412" },
		{ "half a code", "880103", true, ERR_PEER, "",
		    "888237fa213d3410" },
		{ "text", "810548656c6c6f", true, ERR_PEER, "",
		    "888237fa213d3411" },
		{ "a masked server", "828537fa213d7f9f4d5158", true, ERR_PEER,
		    "", "888237fa213d3410" },
		{ "an unmasked client", "820548656c6c6f", false, ERR_PEER, "",
		    "880203ea" },
		{ "compressed", "c20148", true, ERR_PEER, "", NULL },
		{ "unknown opcode", "830148", true, ERR_PEER, "", NULL },
		{ "unknown control", "8b0148", true, ERR_PEER, "", NULL },
		{ "a long ping", "897e007e", true, ERR_PEER, "", NULL },
		{ "a ping in fragments", "090148", true, ERR_PEER, "", NULL },
		{ "continues nothing", "800148", true, ERR_PEER, "", NULL },
		{ "begins within", "02014882014a", true, ERR_PEER, "H", NULL },
		{ "not shortest, 16", "827e0005", true, ERR_PEER, "", NULL },
		{ "not shortest, 64", "827f0000000000000005", true, ERR_PEER,
		    "", NULL },
		{ "too big", "827f0000000001000001", true, ERR_LIMIT, "",
		    NULL },
		{ "far too big", "827fffffffffffffffff", true, ERR_LIMIT, "",
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[256], out[256], sent[512];
		struct buf in = { raw, 0, sizeof(raw) };
		struct buf got = { out, 0, sizeof(out) };
		struct buf reply = { sent, 0, sizeof(sent) };
		char text[128];
		struct websocket w;
		err e = OK;
		size_t at = 0;

		websocket_init(&w, cases[i].client);
		assert_int_equal(hex_get(slice_str(cases[i].in), &in), OK);
		while (e == OK && at < in.n) {
			struct slice payload;
			size_t used = 0;
			e = websocket_recv(
			    &w, raw + at, in.n - at, &used, &payload);
			at += used;
			assert_int_equal(
			    buf_put(&got, payload.p, payload.n), OK);
		}
		if (e != cases[i].e || (e != OK) != (w.why[0] != 0) ||
		    !slice_eq_str(buf_slice(&got), cases[i].out))
			fail_msg("%s: %d %s", cases[i].what, e, w.why);
		websocket_reply_send(&w, &reply, mask);
		assert_int_equal(
		    hex_put(text, sizeof(text), buf_slice(&reply)), OK);
		if (cases[i].reply != NULL && strcmp(text, cases[i].reply) != 0)
			fail_msg("%s: %s", cases[i].what, text);
		if (e != OK) {
			struct slice payload;
			size_t used = 0;
			assert_int_equal(
			    websocket_recv(&w, raw, 1, &used, &payload), e);
		}
	}
}

/* What one side wraps the other reads, whatever the sizes and cuts. */
static void
test_there_and_back(void **state)
{
	enum { N = 400000 };
	static const size_t sizes[] = { 1, 125, 126, 127, 65535, 65536, 70000 };
	static uint8_t plain[N], wire[N + 1000], got[N];
	struct test_env t;

	(void)state;
	test_env_init(&t, 3);
	t.env.random(t.env.ctx, plain, sizeof(plain));
	for (unsigned client = 0; client < 2; client++) {
		struct websocket from, to;
		size_t wire_n = 0, sent = 0, n = 0, at = 0;
		websocket_init(&from, client == 1);
		websocket_init(&to, client == 0);
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			uint8_t head[WEBSOCKET_HEAD_MAX];
			uint8_t m[4];
			t.env.random(t.env.ctx, m, sizeof(m));
			static uint8_t part[70000];
			memcpy(part, plain + sent, sizes[i]);
			const size_t head_n =
			    websocket_wrap(&from, head, part, sizes[i], m);
			memcpy(wire + wire_n, head, head_n);
			memcpy(wire + wire_n + head_n, part, sizes[i]);
			wire_n += head_n + sizes[i];
			sent += sizes[i];
		}
		while (at < wire_n) {
			const size_t want = 1 + test_below(&t, 5000);
			const size_t piece = MIN(want, wire_n - at);
			size_t done = 0;
			while (done < piece) {
				struct slice p;
				size_t used = 0;
				assert_int_equal(
				    websocket_recv(&to, wire + at + done,
					piece - done, &used, &p),
				    OK);
				memcpy(got + n, p.p == NULL ? got : p.p, p.n);
				n += p.n;
				done += used;
			}
			at += piece;
		}
		assert_int_equal(n, sent);
		assert_memory_equal(got, plain, sent);
	}
}

static void
test_close(void **state)
{
	uint8_t raw[200];
	struct buf out = { raw, 0, 100 };
	struct websocket w;

	(void)state;
	websocket_init(&w, false);
	assert_false(websocket_reply_pending(&w));
	websocket_close(&w, 1001);
	websocket_close(&w, 1000); /* the first one counts */
	websocket_reply_send(&w, &out, mask);
	assert_int_equal(out.n, 0); /* no room for the largest */
	assert_true(websocket_reply_pending(&w));
	out.cap = sizeof(raw);
	websocket_reply_send(&w, &out, mask);
	assert_true(slice_eq(buf_slice(&out), slice_of("\x88\x02\x03\xe9", 4)));
	assert_false(websocket_reply_pending(&w));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_takes),
		cmocka_unit_test(test_server_refuses),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
