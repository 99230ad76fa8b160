/*
 * peers: what a node remembers of its peers over a restart, and that it
 * notices when the machine was asleep. The host is real, the vault is played.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "tests/unit/test_net.h"

#define vault_get test_vault_get
#define vault_put test_vault_put

#include "node/keys/vault.h"

#define ENTRIES 4
static struct {
	char name[VAULT_NAME_MAX];
	char text[32768];
} vault[ENTRIES];

json_t *
test_vault_get(struct vault *v, const char *name, bool *bad)
{
	(void)v;
	(void)bad;
	for (unsigned i = 0; i < ENTRIES; i++)
		if (strcmp(vault[i].name, name) == 0)
			return json_loads(vault[i].text, 0, NULL);
	return NULL;
}

err
test_vault_put(struct vault *v, const char *name, const json_t *value)
{
	unsigned i = 0;

	(void)v;
	while (vault[i].name[0] != '\0' && strcmp(vault[i].name, name) != 0)
		assert_true(++i < ENTRIES);
	(void)snprintf(vault[i].name, sizeof(vault[i].name), "%s", name);
	char *text = json_dumps(value, JSON_COMPACT);
	assert_non_null(text);
	assert_true(strlen(text) < sizeof(vault[i].text));
	(void)snprintf(vault[i].text, sizeof(vault[i].text), "%s", text);
	free(text);
	return OK;
}

#include "node/net/peers.c" /* NOLINT: with those above in their places */

static struct test_net net; /* large: not on the stack */
static struct config config;
static struct node node;
static struct peers *p;

/* Node 0 of the net is ours; it wants two peers. */
static void
begin(unsigned others)
{
	struct host_config cf = test_net_config();

	test_net_init(&net, 1);
	net.dials = true;
	cf.limits.feeler_ms = 0;
	cf.limits.outbound_wanted = 2;
	(void)test_net_add(&net, &cf);
	cf.limits.outbound_wanted = 0;
	for (unsigned i = 0; i < others; i++)
		(void)test_net_add(&net, &cf);
	node = (struct node){
		.config = &config, .env = net.t.env, .host = net.nodes[0].host
	};
	p = peers_new(&node);
	assert_non_null(p);
}

static void
end(void)
{
	peers_free(p);
	test_net_fini(&net);
}

static void
text_of(unsigned n, char *out, size_t cap)
{
	uint8_t raw[MULTIADDR_MAX], at[8];
	struct buf b = { raw, 0, sizeof(raw) };
	const struct slice addr = test_net_address(n, at);

	assert_int_equal(buf_put(&b, addr.p, addr.n), OK);
	assert_int_equal(multiaddr_put_peer(&b, test_net_id(&net, n)), OK);
	assert_int_equal(multiaddr_put(out, cap, buf_slice(&b)), OK);
}

/* Whom we relied on is met first after a restart, among a hundred others. */
static void
test_restart(void **state)
{
	static char bootstrap[256];
	char one[256], two[256];

	(void)state;
	memset(vault, 0, sizeof(vault));
	begin(20);
	text_of(7, bootstrap, sizeof(bootstrap));
	config.peers.bootstrap.n = 1;
	config.peers.bootstrap.v[0] = bootstrap;
	peers_start(p);
	for (unsigned i = 1; i <= 20; i++) {
		uint8_t at[8];
		assert_int_equal(
		    host_peer_add(node.host, test_net_id(&net, i),
			test_net_address(i, at), PEER_INVITATION, net.t.now_ms),
		    OK);
	}
	test_net_run(&net, 2000);
	struct host_stats s;
	host_stats(node.host, &s);
	assert_int_equal(s.peers_out, 2);
	struct host_peer_info info[2];
	struct peer_id met[2];
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(host_peer_at(node.host, i, &info[i]));
		met[i] = info[i].id;
	}
	peers_save(p);
	end();

	json_t *anchors = test_vault_get(NULL, "anchors", NULL);
	json_t *peers = test_vault_get(NULL, "peers", NULL);
	assert_int_equal(json_array_size(anchors), PEERS_ANCHORS);
	assert_int_equal(json_array_size(peers), 20);
	/* What was proven comes first. */
	(void)snprintf(one, sizeof(one), "%s",
	    json_string_value(json_array_get(peers, 0)));
	(void)snprintf(two, sizeof(two), "%s",
	    json_string_value(json_array_get(peers, 1)));
	for (size_t i = 0; i < 2; i++) {
		const char *a = json_string_value(json_array_get(anchors, i));
		assert_true(strcmp(a, one) == 0 || strcmp(a, two) == 0);
	}
	json_decref(anchors);
	json_decref(peers);

	config.peers.bootstrap.n = 0;
	begin(20);
	peers_start(p);
	test_net_run(&net, 2000);
	for (unsigned i = 0; i < 2; i++) {
		struct host_peer_info again;
		assert_true(host_peer_find(node.host, &met[i], &again));
		assert_true(again.outbound);
	}
	host_stats(node.host, &s);
	assert_int_equal(s.peers_out, 2);
	assert_int_equal(s.known_peers, 20);
	end();
}

/* Nonsense in the vault and in the configuration does no harm. */
static void
test_nonsense(void **state)
{
	static char bad[] = "/ip4/1.2.3.4/udp/9";

	(void)state;
	memset(vault, 0, sizeof(vault));
	(void)snprintf(vault[0].name, sizeof(vault[0].name), "peers");
	(void)snprintf(vault[0].text, sizeof(vault[0].text),
	    "[1, null, \"\", \"/ip4/1.2.3.4\", \"/ip4/10.0.0.1/tcp/4001\", "
	    "{\"a\": 2}]");
	(void)snprintf(vault[1].name, sizeof(vault[1].name), "anchors");
	(void)snprintf(
	    vault[1].text, sizeof(vault[1].text), "{\"not\": \"a list\"}");
	begin(1);
	config.peers.bootstrap.n = 1;
	config.peers.bootstrap.v[0] = bad;
	peers_start(p);
	test_net_run(&net, 1000);
	struct host_stats s;
	host_stats(node.host, &s);
	assert_int_equal(s.known_peers, 0);
	config.peers.bootstrap.n = 0;
	end();
}

/* The wall clock went on without the other one, or both without a tick. */
static void
test_sleep(void **state)
{
	static const struct {
		uint64_t mono_s;
		int64_t wall_s;
		bool slept;
	} cases[] = {
		{ 1, 1, false },
		{ 5, 5, false },
		{ 1, 14, false },    /* set right a little */
		{ 1, -3600, false }, /* set back */
		{ 1, 3600, true },
		{ 3600, 3600, true },
		{ 20, 20, true },
	};

	(void)state;
	memset(vault, 0, sizeof(vault));
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		struct host_stats before, after;
		uint8_t raw[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		const uint8_t pub[32] = { 9 };
		const struct peer_id gone = peer_id_of_ed25519(pub);
		begin(0);
		net.step_ms = 1;
		peers_start(p);
		/* Nobody answers there: the next try is minutes away. */
		assert_int_equal(
		    multiaddr_get(slice_str("/ip4/10.9.9.9/tcp/1"), &b), OK);
		assert_int_equal(host_peer_add(node.host, &gone, buf_slice(&b),
				     PEER_BOOTSTRAP, net.t.now_ms),
		    OK);
		net.step_ms = 50;
		for (unsigned i = 0; i < 1200; i++) {
			test_net_run(&net, 1000);
			net.t.wall_s++;
			peers_tick(p);
		}
		host_stats(node.host, &before);
		net.t.now_ms += cases[c].mono_s * 1000;
		net.t.wall_s =
		    (uint64_t)((int64_t)net.t.wall_s + cases[c].wall_s);
		peers_tick(p);
		net.step_ms = 5;
		test_net_run(&net, 1200);
		host_stats(node.host, &after);
		if (cases[c].mono_s < 60 &&
		    (after.dials > before.dials) != cases[c].slept)
			fail_msg("case %zu: %" PRIu64 " dials", c,
			    after.dials - before.dials);
		end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_sleep),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
