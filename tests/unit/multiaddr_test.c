#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/text.h"
#include "proto/libp2p/multiaddr.h"

/* of go-multiaddr's tests */
#define ONION "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd"

#define ID "12D3KooWHHzSeKaY8xuZVzkLbKFfvNgPPeKhFBGrMbNzbm5akpqu"

static void
test_good_text(void **state)
{
	/* hex: NULL where only the round trip is checked */
	static const struct {
		const char *in, *hex, *out; /* out: NULL when as in */
	} cases[] = {
		{ "/ip4/127.0.0.1/tcp/4001", "047f000001060fa1", NULL },
		{ "/ip4/0.0.0.0/udp/0", "040000000091020000", NULL },
		{ "/ip4/1.2.3.4/tcp/80/", "0401020304060050",
		    "/ip4/1.2.3.4/tcp/80" },
		{ "/ip6/::1/tcp/65535",
		    "290000000000000000000000000000000106ffff", NULL },
		{ "/ip6/::", "2900000000000000000000000000000000", NULL },
		{ "/ip6/2001:DB8:0:0:1:0:0:1",
		    "2920010db8000000000001000000000001",
		    "/ip6/2001:db8::1:0:0:1" },
		{ "/ip6/1:0:2:0:3:0:4:0", "2900010000000200000003000000040000",
		    NULL },
		{ "/ip6/1::", "2900010000000000000000000000000000", NULL },
		{ "/ip6/::ffff:1.2.3.4", "2900000000000000000000ffff01020304",
		    "/ip6/::ffff:102:304" },
		{ "/ip6/1:2:3:4:5:6:7:8", "2900010002000300040005000600070008",
		    NULL },
		{ "/ip6/1:2:3:4:5:6:7::", "2900010002000300040005000600070000",
		    "/ip6/1:2:3:4:5:6:7:0" },
		{ "/ip6zone/eth0/ip6/fe80::1",
		    "2a046574683029fe800000000000000000000000000001", NULL },
		{ "/ip4/10.0.0.0/ipcidr/8", "040a0000002b08", NULL },
		{ "/dns/example.org/tcp/1", "350b6578616d706c652e6f7267060001",
		    NULL },
		{ "/dns4/a/tcp/443/wss",
		    "36016106"
		    "01bbde03",
		    NULL },
		{ "/dns6/a/tcp/443/tls/ws",
		    "37016106"
		    "01bbc003dd03",
		    NULL },
		{ "/dnsaddr/bootstrap.libp2p.io",
		    "3813626f6f7473747261702e6c69627032702e696f", NULL },
		{ "/ip4/1.2.3.4/udp/9/quic-v1/webtransport",
		    "0401020304910200"
		    "09cd03d103",
		    NULL },
		{ "/ip4/1.2.3.4/udp/9/quic", "040102030491020009cc03", NULL },
		{ "/p2p/" ID, NULL, NULL },
		{ "/ipfs/" ID, NULL, "/p2p/" ID },
		{ "/ip4/1.2.3.4/tcp/4001/p2p/" ID "/p2p-circuit/p2p/" ID, NULL,
		    NULL },
		{ "/p2p-circuit", "a202", NULL },
		{ "/webrtc-direct/certhash/uEiAB",
		    "9802d2030312"
		    "2001",
		    NULL },
		{ "/unix/tmp/p2p.sock", "90030d2f746d702f7032702e736f636b",
		    NULL },
		{ "/tls/sni/example.org/noise",
		    "c003c1030b6578616d706c652e6f7267c603", NULL },
		{ "/onion3/" ONION ":1234",
		    "bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c0"
		    "7fb4cc139ed7e30304d2",
		    NULL },
		{ "/ip4/1.2.3.4/tcp/80/ws",
		    "04010203040600"
		    "50dd03",
		    NULL },
		{ "/ip4/1.2.3.4/tcp/80/ws/p2p/" ID "/p2p-circuit/p2p/" ID, NULL,
		    NULL },
		{ "/memory/18446744073709551615", "8906ffffffffffffffff",
		    NULL },
		{ "/http-path/tmp%2fbar",
		    "e103077"
		    "46d702f626172",
		    "/http-path/tmp%2Fbar" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[MULTIADDR_MAX], want_room[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		struct buf want = { want_room, 0, sizeof(want_room) };
		char text[MULTIADDR_TEXT_MAX];

		if (multiaddr_get(slice_str(cases[i].in), &b) != OK)
			fail_msg("%s is refused", cases[i].in);
		if (cases[i].hex != NULL) {
			assert_int_equal(
			    hex_get(slice_str(cases[i].hex), &want), OK);
			if (!slice_eq(buf_slice(&b), buf_slice(&want)))
				fail_msg("%s: other bytes", cases[i].in);
		}
		assert_int_equal(
		    multiaddr_put(text, sizeof(text), buf_slice(&b)), OK);
		assert_string_equal(
		    text, cases[i].out == NULL ? cases[i].in : cases[i].out);
		/* one byte too little room for the text */
		const size_t n = strlen(text);
		assert_int_equal(
		    multiaddr_put(text, n, buf_slice(&b)), ERR_MORE);
		assert_string_equal(text, "");
		/* and for the bytes */
		struct buf tight = { want_room, 0, b.n - 1 };
		assert_int_equal(
		    multiaddr_get(slice_str(cases[i].in), &tight), ERR_MORE);
		assert_int_equal(tight.n, 0);
	}
}

static void
test_bad_text(void **state)
{
	static const char *const cases[] = { "", "/", "//", "ip4/1.2.3.4",
		"/ip4", "/ip4/", "/ip4/1.2.3", "/ip4/1.2.3.4.5",
		"/ip4/1.2.3.256", "/ip4/01.2.3.4", "/ip4/1.2.3.-4",
		"/ip4/1.2.3.4//tcp/1", "/ip6/",
		"/ip6/:", "/ip6/:::", "/ip6/1::2::3", "/ip6/1:2:3:4:5:6:7",
		"/ip6/1:2:3:4:5:6:7:8:9", "/ip6/1:2:3:4:5:6:7:8::",
		"/ip6/12345::", "/ip6/g::", "/ip6/1:2:3:4:5:6:7:1.2.3.4",
		"/ip6/1:", "/ip6/:1", "/ip6/::1:", "/tcp", "/tcp/",
		"/tcp/65536", "/tcp/-1", "/tcp/01", "/tcp/1x",
		"/udp/99999999999999999999999", "/memory/18446744073709551616",
		"/nonsense/1", "/ws/x", "/p2p/", "/p2p/xyz", "/p2p/12D3KooW",
		"/dns/", "/dns4/a\nb/tcp/1", "/unix", "/unix/",
		"/certhash/zabc", "/certhash/u", "/certhash/uEiAx+",
		"/certhash/uEiB", "/http-path/%2", "/http-path/%zz",
		"/ipcidr/256", "/quic-v1x", "/onion3/" ONION, "/onion3/",
		"/onion3/" ONION ":", "/onion3/" ONION ":65536",
		"/onion3/" ONION "a:1", "/onion3/vww6ybal:1", "/ws/80" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[MULTIADDR_MAX] = { 0xee };
		struct buf b = { raw, 1, sizeof(raw) };
		if (multiaddr_get(slice_str(cases[i]), &b) != ERR_FORM)
			fail_msg("%s is accepted", cases[i]);
		assert_int_equal(b.n, 1);
	}
}

static void
test_bad_bytes(void **state)
{
	static const struct {
		const char *name, *hex;
	} cases[] = {
		{ "empty", "" },
		{ "ip4 cut short", "047f0000" },
		{ "unknown code", "0100" },
		{ "code not minimal", "84007f000001" },
		{ "name longer than the rest", "360561" },
		{ "empty name", "3600" },
		{ "slash in a name", "3603612f62" },
		{ "control character in a name", "36020a61" },
		{ "not UTF-8", "3601ff" },
		{ "peer id cut", "a5030412200000" },
		{ "path without slash", "9003017e" },
		{ "something behind a path", "9003022f61dd03" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[64];
		char text[64];
		struct buf b = { raw, 0, sizeof(raw) };
		assert_int_equal(hex_get(slice_str(cases[i].hex), &b), OK);
		if (multiaddr_check(buf_slice(&b)) != ERR_FORM ||
		    multiaddr_put(text, sizeof(text), buf_slice(&b)) !=
			ERR_FORM)
			fail_msg("%s is accepted", cases[i].name);
	}
}

static struct slice
parse(const char *text, uint8_t raw[MULTIADDR_MAX])
{
	struct buf b = { raw, 0, MULTIADDR_MAX };

	assert_int_equal(multiaddr_get(slice_str(text), &b), OK);
	return buf_slice(&b);
}

static void
test_where_to_connect(void **state)
{
	static const struct {
		const char *text;
		err ip, dns, peer;
	} cases[] = {
		{ "/ip4/1.2.3.4/tcp/4001", OK, ERR_NOTFOUND, ERR_NOTFOUND },
		{ "/ip6/::1/tcp/4001/p2p/" ID, OK, ERR_NOTFOUND, OK },
		{ "/ip4/1.2.3.4/tcp/4001/ws", ERR_NOTFOUND, ERR_NOTFOUND,
		    ERR_NOTFOUND },
		{ "/ip4/1.2.3.4/udp/4001/quic-v1/p2p/" ID, ERR_NOTFOUND,
		    ERR_NOTFOUND, OK },
		{ "/ip4/1.2.3.4/tcp/1/p2p/" ID "/p2p-circuit", ERR_NOTFOUND,
		    ERR_NOTFOUND, ERR_NOTFOUND },
		{ "/dns4/a.b/tcp/9/p2p/" ID, ERR_NOTFOUND, OK, OK },
		{ "/ip4/1.2.3.4", ERR_NOTFOUND, ERR_NOTFOUND, ERR_NOTFOUND },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[MULTIADDR_MAX], again[MULTIADDR_MAX];
		const struct slice addr = parse(cases[i].text, raw);
		struct buf b = { again, 0, sizeof(again) };
		struct multiaddr_ip ip;
		struct multiaddr_dns dns;
		struct peer_id id;

		if (multiaddr_ip_tcp(addr, &ip) != cases[i].ip ||
		    multiaddr_dns_tcp(addr, &dns) != cases[i].dns ||
		    multiaddr_peer(addr, &id) != cases[i].peer)
			fail_msg("%s", cases[i].text);
		const struct slice bare = multiaddr_strip_peer(addr);
		assert_int_equal(bare.n == addr.n, cases[i].peer != OK);
		assert_int_equal(buf_put(&b, bare.p, bare.n), OK);
		if (cases[i].peer == OK)
			assert_int_equal(multiaddr_put_peer(&b, &id), OK);
		assert_true(slice_eq(buf_slice(&b), addr));
		if (cases[i].ip == OK) {
			b.n = 0;
			assert_int_equal(multiaddr_put_ip_tcp(&b, &ip), OK);
			assert_true(slice_eq(buf_slice(&b), bare));
			assert_int_equal(ip.port, 4001);
			assert_int_equal(multiaddr_is_loopback(&ip), ip.v6);
		}
		if (cases[i].dns == OK) {
			assert_true(slice_eq_str(dns.name, "a.b"));
			assert_true(dns.v4 && !dns.v6 && dns.port == 9);
		}
	}
}

/* What a transport makes of an address. */
static void
test_route(void **state)
{
	static const struct {
		const char *text;
		err e;
		enum multiaddr_host host;
		bool tls, websocket;
	} cases[] = {
		{ "/ip4/1.2.3.1/tcp/9", OK, MULTIADDR_HOST_IP },
		{ "/ip6/::1/tcp/9/p2p/" ID, OK, MULTIADDR_HOST_IP },
		{ "/ip4/1.2.3.1/tcp/9/ws", OK, MULTIADDR_HOST_IP, false, true },
		{ "/ip4/1.2.3.1/tcp/9/ws/p2p/" ID, OK, MULTIADDR_HOST_IP, false,
		    true },
		{ "/dns4/a.b/tcp/9/wss", OK, MULTIADDR_HOST_NAME, true, true },
		{ "/dns/a.b/tcp/9/tls/ws", OK, MULTIADDR_HOST_NAME, true,
		    true },
		{ "/dns/a.b/tcp/9/tls/sni/c.d/ws/p2p/" ID, OK,
		    MULTIADDR_HOST_NAME, true, true },
		{ "/onion3/" ONION ":9", OK, MULTIADDR_HOST_ONION },
		{ "/onion3/" ONION ":9/ws/p2p/" ID, OK, MULTIADDR_HOST_ONION,
		    false, true },
		/* TLS alone, a wrong order, what is no stream, a relay's */
		{ "/dns/a.b/tcp/9/tls", ERR_NOTFOUND },
		{ "/dns/a.b/tcp/9/ws/tls", ERR_NOTFOUND },
		{ "/ip4/1.2.3.1/ws/tcp/9", ERR_NOTFOUND },
		{ "/ip4/1.2.3.1/tcp/9/p2p/" ID "/ws", ERR_NOTFOUND },
		{ "/ip4/1.2.3.1/tcp/9/ws/ws", ERR_NOTFOUND },
		{ "/ip4/1.2.3.1/tcp/9/noise", ERR_NOTFOUND },
		{ "/ip4/1.2.3.1/udp/9/quic-v1", ERR_NOTFOUND },
		{ "/ip4/1.2.3.4", ERR_NOTFOUND },
		{ "/dnsaddr/a.b", ERR_NOTFOUND },
		{ "/ip4/1.2.3.1/tcp/9/p2p/" ID "/p2p-circuit", ERR_NOTFOUND },
		{ "/ip4/1.2.3.1/tcp/9/ws/p2p/" ID "/p2p-circuit/p2p/" ID,
		    ERR_NOTFOUND },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[MULTIADDR_MAX];
		const struct slice addr = parse(cases[i].text, raw);
		struct multiaddr_route r;
		struct multiaddr_ip ip;

		if (multiaddr_route(addr, &r) != cases[i].e)
			fail_msg("%s", cases[i].text);
		assert_int_equal(multiaddr_front_ip(addr, &ip) == OK,
		    cases[i].e == OK && r.host == MULTIADDR_HOST_IP);
		if (cases[i].e != OK)
			continue;
		assert_int_equal(r.host, cases[i].host);
		assert_int_equal(r.tls, cases[i].tls);
		assert_int_equal(r.websocket, cases[i].websocket);
		assert_int_equal(r.port, 9);
		if (r.host == MULTIADDR_HOST_IP)
			assert_int_equal(r.ip.port, 9);
		if (r.host == MULTIADDR_HOST_NAME)
			assert_true(slice_eq_str(r.dns.name, "a.b"));
		if (r.host == MULTIADDR_HOST_ONION)
			assert_string_equal(r.name, ONION ".onion");
	}
}

static void
test_put_ws(void **state)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	char text[MULTIADDR_TEXT_MAX];
	const struct multiaddr_ip ip = { .ip = { 1, 2, 3, 4 }, .port = 9 };

	(void)state;
	assert_int_equal(multiaddr_put_ip_tcp(&b, &ip), OK);
	assert_int_equal(multiaddr_put_ws(&b), OK);
	assert_int_equal(multiaddr_put(text, sizeof(text), buf_slice(&b)), OK);
	assert_string_equal(text, "/ip4/1.2.3.4/tcp/9/ws");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_put_ws),
		cmocka_unit_test(test_good_text),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_bad_bytes),
		cmocka_unit_test(test_where_to_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
