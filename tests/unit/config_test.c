#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/base/config.h"
#include "node/base/log.h"
#include "node/base/paths.h"

#define ID "12D3KooWHHzSeKaY8xuZVzkLbKFfvNgPPeKhFBGrMbNzbm5akpqu"
#define PEER                                                                   \
	"/ip4/192.0.2.1/tcp/4141/p2p/"                                         \
	"12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

static char file[] = "/tmp/ohcn-config-test-XXXXXX";

static void
write_file(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	assert_int_equal(fputs(text, f) >= 0, 1);
	assert_int_equal(fclose(f), 0);
}

/* Every setting prints a value that it reads back as the same. */
static void
test_table(void **state)
{
	size_t n;
	const struct config_setting *s = config_settings(&n);
	struct config c;
	struct problem p;
	char text[4096], again[4096];

	(void)state;
	assert_int_equal(config_init(&c), OK);
	assert_int_equal(config_check(&c, &p), OK);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(strchr(s[i].name, '.'));
		assert_true(strlen(s[i].help) > 10);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(s[i].name, s[j].name);
		assert_int_equal(
		    config_text(&c, &s[i], text, sizeof(text)), OK);
		assert_int_equal(config_set(&c, s[i].name, text, &p), OK);
		assert_int_equal(
		    config_text(&c, &s[i], again, sizeof(again)), OK);
		assert_string_equal(text, again);
		assert_int_equal(c.origin[i].from, ORIGIN_SET);
	}
	config_fini(&c);
}

/* A light node does without what costs bytes, but for what is wanted. */
static void
test_light(void **state)
{
	struct config c;
	struct problem p;
	char origin[40];

	(void)state;
	assert_int_equal(config_init(&c), OK);
	assert_int_equal(config_mode(&c), OK);
	assert_int_equal(c.listen.addresses.n, 1); /* full: nothing changes */
	assert_int_equal(config_set(&c, "node.mode", "light", &p), OK);
	assert_int_equal(config_set(&c, "kad.mode", "client", &p), OK);
	assert_int_equal(config_mode(&c), OK);
	assert_int_equal(config_check(&c, &p), OK);
	assert_int_equal(c.listen.addresses.n, 0);
	assert_int_equal(c.kad.mode, KAD_MODE_CLIENT);
	assert_int_equal(c.mdns.mode, MDNS_MODE_LISTEN);
	assert_int_equal(c.relay.client, 0);
	assert_int_equal(c.nat.port_mapping, 0);
	size_t n, i = 0;
	const struct config_setting *s = config_settings(&n);
	while (strcmp(s[i].name, "relay.client") != 0)
		i++;
	config_origin_text(&c, i, origin, sizeof(origin));
	assert_string_equal(origin, "node.mode = light");
	config_fini(&c);
}

static void
test_values(void **state)
{
	static const struct {
		const char *name, *value;
		bool ok;
		const char *shown;
	} cases[] = {
		{ "store.quota_bytes", "256MiB", true, "256MiB" },
		{ "store.quota_bytes", "1048576", true, "1MiB" },
		{ "store.quota_bytes", "1 GB", true, "1GB" },
		{ "store.quota_bytes", "12 parsecs", false, NULL },
		{ "store.quota_bytes", "1KiB", false, NULL },
		{ "store.quota_bytes", "-5", false, NULL },
		{ "store.quota_bytes", "99999999999999999999", false, NULL },
		{ "store.quota_bytes", "17592186044416TiB", false, NULL },
		{ "publish.delay", "30s", true, "30s" },
		{ "publish.delay", "120", true, "2m" },
		{ "publish.delay", "0", true, "0s" },
		{ "publish.delay", "2d", false, NULL },
		{ "gossip.heartbeat", "700ms", true, "700ms" },
		{ "gossip.heartbeat", "2s", true, "2s" },
		{ "gossip.heartbeat", "2", false, NULL },
		{ "gossip.flood_publish", "no", true, "no" },
		{ "gossip.flood_publish", "maybe", false, NULL },
		{ "node.role", "company", true, "company" },
		{ "node.role", "compan", false, NULL },
		{ "node.role", "", false, NULL },
		{ "node.network", "test-1", true, "test-1" },
		{ "node.network", "Main", false, NULL },
		{ "node.network", "aaaaaaaaaaaaaaaaa", false, NULL },
		{ "node.region", "de", true, "de" },
		{ "node.region", "DE", false, NULL },
		{ "node.language", "gsw", true, "gsw" },
		{ "node.language", "e", false, NULL },
		{ "peers.max", "0", false, NULL },
		{ "peers.bootstrap", PEER, true, PEER },
		{ "peers.bootstrap", "/ip4/192.0.2.1/tcp/1", false, NULL },
		{ "peers.bootstrap", "", true, "" },
		{ "listen.addresses", "/ip4/1.2.3.4/tcp/1,/ip6/::1/tcp/2", true,
		    "/ip4/1.2.3.4/tcp/1 /ip6/::1/tcp/2" },
		{ "listen.addresses", "1.2.3.4:5", false, NULL },
		{ "listen.addresses", "/ip4/1.2.3.4/tcp/1/ws", true,
		    "/ip4/1.2.3.4/tcp/1/ws" },
		{ "listen.addresses", "/dns4/a.b/tcp/1", false, NULL },
		{ "listen.addresses", "/ip4/1.2.3.4/tcp/1/tls/ws", false,
		    NULL },
		{ "listen.announce", "/dns4/a.b/tcp/443/tls/ws", true,
		    "/dns4/a.b/tcp/443/tls/ws" },
		{ "listen.announce", "/ip4/1.2.3.4/udp/1/quic-v1", false,
		    NULL },
		{ "peers.bootstrap", "/dns4/a.b/tcp/443/tls/ws/p2p/" ID, false,
		    NULL },
		{ "peers.bootstrap", "/dns4/a.b/tcp/80/ws/p2p/" ID, true,
		    "/dns4/a.b/tcp/80/ws/p2p/" ID },
		{ "listen.addresses", "/ip4/1.2.3.4/udp/1/quic-v1", false,
		    NULL },
		{ "api.port", "65536", false, NULL },
	};
	size_t n;
	const struct config_setting *s = config_settings(&n);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct config c;
		struct problem p = { 0 };
		char text[4096];
		err e;

		assert_int_equal(config_init(&c), OK);
		e = config_set(&c, cases[i].name, cases[i].value, &p);
		if ((e == OK) != cases[i].ok)
			fail_msg("%s = %s", cases[i].name, cases[i].value);
		if (e != OK) {
			assert_int_equal(e, ERR_CONFIG);
			assert_int_equal(p.exit, EXIT_CONFIG);
			assert_non_null(strstr(p.what, cases[i].name));
			assert_true(p.why[0] != '\0');
		}
		for (size_t j = 0; cases[i].ok && j < n; j++) {
			if (strcmp(s[j].name, cases[i].name) != 0)
				continue;
			assert_int_equal(
			    config_text(&c, &s[j], text, sizeof(text)), OK);
			assert_string_equal(text, cases[i].shown);
		}
		config_fini(&c);
	}
}

static void
test_order(void **state)
{
	char one[] = "OHCN_PEERS_MAX=20", two[] = "OHCN_HOME=/nowhere",
	     three[] = "OHCN_NODE_REGION=fr", four[] = "PATH=/bin";
	char *env[] = { one, two, three, four, NULL };
	struct config c;
	struct problem p;
	char text[40];
	size_t n;

	(void)state;
	(void)config_settings(&n);
	write_file("# ours\n[node]\nregion = de\nlanguage = de ; inline\n"
		   "[peers]\nmax = 10\nmemory = 64MiB\n"
		   "[listen]\naddresses = /ip4/127.0.0.1/tcp/1\n"
		   "addresses = /ip4/127.0.0.1/tcp/2\n");
	assert_int_equal(config_init(&c), OK);
	assert_int_equal(config_read(&c, file, &p), OK);
	assert_int_equal(c.peers.max, 10);
	assert_int_equal(c.peers.memory, 64 << 20);
	assert_string_equal(c.node.language, "de");
	assert_int_equal(c.listen.addresses.n, 2);
	assert_string_equal(c.listen.addresses.v[1], "/ip4/127.0.0.1/tcp/2");
	assert_int_equal(config_read_env(&c, env, &p), OK);
	assert_int_equal(c.peers.max, 20);
	assert_string_equal(c.node.region, "fr");
	assert_int_equal(config_set(&c, "peers.max", "30", &p), OK);
	assert_int_equal(c.peers.max, 30);
	config_origin_text(&c, 0, text, sizeof(text));
	assert_string_equal(text, "built-in");
	for (size_t i = 0, seen = 0; i < n; i++) {
		config_origin_text(&c, i, text, sizeof(text));
		seen += strcmp(text, "file, line 4") == 0;
		seen += strcmp(text, "environment") == 0;
		seen += strcmp(text, "--set") == 0;
		if (i + 1 == n)
			assert_int_equal(seen, 3);
	}
	config_fini(&c);
}

static void
test_bad_files(void **state)
{
	static const struct {
		const char *text;
		const char *where, *hint;
	} cases[] = {
		{ "[node]\nrol = person\n", "line 2", "node.role" },
		{ "[peers]\nmax = 1\n\n[peers]\nmax = 2\n", "line 5", "" },
		{ "[peers]\nmax = many\n", "line 2", "" },
		{ "[peers]\nmax\n", "line 2", "" },
		{ "[peers\nmax = 1\n", "line 1", "" },
		{ "region = de\n", "line 1", "" },
		{ "[nosuch]\nthing = 1\n", "line 2", "config list" },
		{ "[listen]\naddresses = /ip4/1.2.3.4/tcp/1\n"
		  "addresses = nonsense\n",
		    "line 3", "" },
	};
	char big[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases) + 1; i++) {
		const bool last = i == ARRAY_LEN(cases);
		struct config c;
		struct problem p = { 0 };

		memset(big, 'x', sizeof(big) - 1);
		big[0] = '#';
		big[sizeof(big) - 1] = '\0';
		write_file(last ? big : cases[i].text);
		assert_int_equal(config_init(&c), OK);
		assert_int_equal(config_read(&c, file, &p), ERR_CONFIG);
		assert_int_equal(p.exit, EXIT_CONFIG);
		assert_non_null(strstr(p.what, file));
		assert_non_null(
		    strstr(p.what, last ? "line 1" : cases[i].where));
		assert_non_null(strstr(p.hint, last ? "" : cases[i].hint));
		config_fini(&c);
	}
}

static void
test_missing_file_and_check(void **state)
{
	struct config c;
	struct problem p;

	(void)state;
	assert_int_equal(config_init(&c), OK);
	assert_int_equal(
	    config_read(&c, "/nonexistent/ohcn.conf", &p), ERR_NOTFOUND);
	assert_int_equal(config_set(&c, "gossip.d", "13", &p), OK);
	assert_int_equal(config_check(&c, &p), ERR_CONFIG);
	assert_int_equal(config_set(&c, "gossip.d", "6", &p), OK);
	assert_int_equal(config_set(&c, "store.map_size", "1GiB", &p), OK);
	assert_int_equal(config_check(&c, &p), ERR_CONFIG);
	assert_non_null(strstr(p.what, "quota"));
	config_fini(&c);
}

static void
test_proxy(void **state)
{
	static const struct {
		const char *text, *host; /* NULL: malformed */
		uint16_t port;
	} cases[] = {
		{ "127.0.0.1:9050", "127.0.0.1", 9050 },
		{ "[::1]:1080", "::1", 1080 },
		{ "tor:1", "tor", 1 },
		{ "tor", NULL },
		{ "tor:", NULL },
		{ "tor:0", NULL },
		{ "tor:65536", NULL },
		{ "::1:9050", NULL },
		{ ":9050", NULL },
		{ "[]:9050", NULL },
		{ "tor:9050x", NULL },
	};
	struct config c;
	struct problem p;

	(void)state;
	assert_int_equal(config_init(&c), OK);
	assert_false(config_proxied(&c));
	assert_true(config_is_default(&c, "listen.addresses"));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char host[256];
		uint16_t port = 0;
		assert_int_equal(
		    config_set(&c, "network.socks5", cases[i].text, &p), OK);
		assert_true(config_proxied(&c));
		if (config_proxy(&c, host, &port) != (cases[i].host != NULL))
			fail_msg("%s", cases[i].text);
		assert_int_equal(config_check(&c, &p),
		    cases[i].host != NULL ? OK : ERR_CONFIG);
		if (cases[i].host == NULL)
			continue;
		assert_string_equal(host, cases[i].host);
		assert_int_equal(port, cases[i].port);
	}
	assert_int_equal(config_set(&c, "network.socks5", "tor:1", &p), OK);
	assert_int_equal(config_set(&c, "network.socks5_user", "me", &p), OK);
	assert_int_equal(config_check(&c, &p), ERR_CONFIG);
	assert_int_equal(
	    config_set(&c, "network.socks5_password", "pw", &p), OK);
	assert_int_equal(config_check(&c, &p), OK);
	/* it works, and is not shown */
	size_t n = 0;
	const struct config_setting *s = config_settings(&n);
	char text[400];
	assert_string_equal(c.network.socks5_password, "pw");
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(
		    config_text(&c, &s[i], text, sizeof(text)), OK);
		assert_null(strstr(text, "pw"));
	}
	config_fini(&c);
}

static void
test_nearest(void **state)
{
	static const char *const names[] = { "profile", "demand", "peer" };

	(void)state;
	assert_string_equal(
	    nearest_name("profil", names, 3, sizeof(names[0])), "profile");
	assert_string_equal(
	    nearest_name("demnad", names, 3, sizeof(names[0])), "demand");
	assert_null(nearest_name("zzzzzzz", names, 3, sizeof(names[0])));
}

static void
test_paths(void **state)
{
	char home[] = "/tmp/ohcn-paths-XXXXXX", long_home[300], deep[64];
	struct paths paths;
	struct config c;
	struct problem p;

	(void)state;
	assert_non_null(mkdtemp(home));
	assert_int_equal(paths_find(&paths, home, &p), OK);
	assert_string_equal(paths.home, home);
	assert_int_equal(strncmp(paths.socket, home, strlen(home)), 0);
	assert_int_equal(strncmp(paths.config, home, strlen(home)), 0);
	assert_int_equal(config_init(&c), OK);
	assert_int_equal(paths_override(&paths, &c, &p), OK);
	assert_int_equal(config_set(&c, "api.socket", "/tmp/x.sock", &p), OK);
	assert_int_equal(paths_override(&paths, &c, &p), OK);
	assert_string_equal(paths.socket, "/tmp/x.sock");
	snprintf(deep, sizeof(deep), "%s/a/b", home);
	assert_int_equal(paths_find(&paths, deep, &p), OK);
	assert_int_equal(paths_make(&paths, &p), OK);
	assert_int_equal(access(paths.store, W_OK), 0);
	memset(long_home, 'a', sizeof(long_home));
	long_home[0] = '/';
	long_home[sizeof(long_home) - 1] = '\0';
	assert_int_equal(config_set(&c, "api.socket", "", &p), OK);
	assert_int_equal(paths_find(&paths, long_home, &p), OK);
	assert_int_equal(paths_override(&paths, &c, &p), ERR_CONFIG);
	config_fini(&c);
}

static void
test_files(void **state)
{
	struct problem p;
	struct slice text;

	(void)state;
	assert_int_equal(file_replace(file, slice_str("one"), 0600, &p), OK);
	assert_int_equal(
	    file_create(file, slice_str("two"), 0600, &p), ERR_EXISTS);
	assert_int_equal(p.exit, EXIT_CONFLICT);
	assert_int_equal(file_read(file, 3, &text, &p), OK);
	assert_true(slice_eq_str(text, "one"));
	free((void *)(uintptr_t)text.p);
	assert_int_equal(file_read(file, 2, &text, &p), ERR_LIMIT);
	assert_int_equal(
	    file_replace("/nonexistent/x", slice_str("x"), 0600, &p), ERR_IO);
	assert_int_equal(p.exit, EXIT_DISK);
}

static uint64_t
fixed_time(void *ctx)
{
	return *(const uint64_t *)ctx;
}

static void
test_log(void **state)
{
	uint64_t now = 1700000000;
	struct log l;
	char out[2048];
	int fds[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	log_init(&l, fds[1], LOG_INFO, LOG_TEXT);
	l.wall_s = fixed_time;
	l.ctx = &now;
	log_sink(&l, LOG_DEBUG, "hidden", "a=1");
	for (int i = 0; i < 3; i++)
		log_sink(&l, LOG_UNUSUAL, "odd", "peer=x\ny");
	log_sink(&l, LOG_BROKEN, "bug", "");
	l.format = LOG_JSON;
	log_sink(&l, LOG_INFO, "quoted", "a=\"b\\\"");
	n = read(fds[0], out, sizeof(out) - 1);
	assert_true(n > 0);
	out[n] = '\0';
	assert_string_equal(out,
	    "2023-11-14T22:13:20Z unusual odd peer=x\\x0ay\n"
	    "2023-11-14T22:13:20Z info    repeated times=2\n"
	    "2023-11-14T22:13:20Z broken  bug\n"
	    "{\"time\":\"2023-11-14T22:13:20Z\",\"level\":\"info\","
	    "\"event\":\"quoted\",\"text\":\"a=\\\"b\\\\\\\"\"}\n");
	assert_int_equal(l.broken, 1);
	assert_int_equal(l.unusual, 3);
	close(fds[0]);
	close(fds[1]);
}

static unsigned
lines_of(int fd, const char *word)
{
	static char out[65536];
	unsigned lines = 0;
	const ssize_t n = read(fd, out, sizeof(out) - 1);

	assert_true(n > 0 && (size_t)n < sizeof(out) - 1);
	out[n] = '\0';
	for (const char *at = out; (at = strstr(at, word)) != NULL; at++)
		lines++;
	return lines;
}

/* What peers cause cannot fill the disk; other events are still told. */
static void
test_log_flood(void **state)
{
	uint64_t now = 1700000000;
	struct log l;
	char kv[32];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	log_init(&l, fds[1], LOG_INFO, LOG_TEXT);
	l.wall_s = fixed_time;
	l.ctx = &now;
	for (int i = 0; i < 5000; i++) {
		snprintf(kv, sizeof(kv), "conn=%d", i);
		log_sink(&l, LOG_INFO, "flood", kv);
		log_sink(&l, LOG_UNUSUAL, i % 2 == 0 ? "odd" : "even", kv);
	}
	log_sink(&l, LOG_INFO, "calm", "");
	assert_int_equal(lines_of(fds[0], "\n"), 3 * LOG_PER_MINUTE + 1);
	assert_int_equal(l.unusual, 5000);
	now += 60;
	log_sink(&l, LOG_INFO, "flood", "again");
	log_flush(&l);
	now -= 1000000; /* the clock is set back: nothing is kept silent */
	log_sink(&l, LOG_INFO, "flood", "before");
	assert_int_equal(
	    lines_of(fds[0], "held_back event=flood times=4900"), 1);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_light),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_missing_file_and_check),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_flood),
	};
	const int fd = mkstemp(file);
	int failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(file);
	return failed;
}
