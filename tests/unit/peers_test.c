/*
 * peers: which addresses a node remembers, whatever peers tell it. The host,
 * the transport and the vault are played.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "node/peers.h"
#include "tests/unit/test_env.h"

#define host_peer_find     test_peer_find
#define host_stats(h, out) (*(out) = (struct host_stats){ 0 })
#define host_self          test_self
#define transport_dial     test_dial
#define vault_get          test_vault_get
#define vault_put          test_vault_put

#include "node/vault.h"

static struct host_peer_info told;
static uint8_t remote_raw[MULTIADDR_MAX];
static uint8_t addrs_raw[HOST_ADDRS_MAX][MULTIADDR_MAX];
static struct peer_id self;
static unsigned dialled;
static char written[65536];

static bool
test_peer_find(
    struct host *h, const struct peer_id *id, struct host_peer_info *out)
{
	(void)h;
	*out = told;
	return peer_id_eq(&told.id, id);
}

static const struct peer_id *
test_self(const struct host *h)
{
	(void)h;
	return &self;
}

static err
test_dial(
    struct transport *t, const char *addr, transport_dialled *done, void *ctx)
{
	(void)t;
	(void)addr;
	dialled++;
	done(ctx, ERR_CLOSED, "refused");
	return OK;
}

json_t *
test_vault_get(struct vault *v, const char *name, bool *bad)
{
	(void)v;
	(void)name;
	(void)bad;
	return NULL;
}

err
test_vault_put(struct vault *v, const char *name, const json_t *value)
{
	(void)v;
	(void)name;
	char *text = json_dumps(value, JSON_COMPACT);
	assert_non_null(text);
	snprintf(written, sizeof(written), "%s", text);
	free(text);
	return OK;
}

#include "node/peers.c" /* NOLINT: with those above in their places */

static struct test_env env;
static struct config config;
static struct node node;
static struct peers *p;

static void
setup(void)
{
	test_env_init(&env, 1);
	env.now_ms = 1000000;
	node = (struct node){ .config = &config, .env = env.env };
	p = peers_new(&node);
	assert_non_null(p);
	peers_start(p);
	dialled = 0;
}

static struct slice
raw_of(const char *text, uint8_t raw[MULTIADDR_MAX])
{
	struct buf b = { raw, 0, MULTIADDR_MAX };

	assert_int_equal(multiaddr_get(slice_str(text), &b), OK);
	return buf_slice(&b);
}

/* Peer number ${n} comes from ${remote}. */
static void
peer(unsigned n, const char *remote, bool outbound)
{
	uint8_t pub[ED25519_PUBLIC] = { (uint8_t)n, (uint8_t)(n >> 8) };

	told = (struct host_peer_info){ .id = peer_id_of_ed25519(pub),
		.outbound = outbound,
		.identified = true,
		.remote = raw_of(remote, remote_raw) };
}

static void
names(const char *addr)
{
	told.addrs[told.addrs_n] = raw_of(addr, addrs_raw[told.addrs_n]);
	told.addrs_n++;
}

static bool
remembers(const char *prefix)
{
	for (size_t i = 0; i < p->known_n; i++)
		if (strncmp(p->known[i].addr, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

static void
test_reach(void **state)
{
	static const struct {
		const char *remote, *addr;
		bool kept;
	} cases[] = {
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/203.0.113.5/tcp/1", true },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/127.0.0.1/tcp/22", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/10.0.0.1/tcp/80", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/172.31.0.1/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/172.32.0.1/tcp/8", true },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/192.168.1.1/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/169.254.1.1/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/100.64.1.1/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/0.0.0.0/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/224.0.0.1/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip4/203.0.113.5/tcp/0", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip6/::1/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip6/fd00::1/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip6/fe80::1/tcp/8", false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip6/::ffff:7f00:1/tcp/8",
		    false },
		{ "/ip4/198.51.100.1/tcp/9", "/ip6/2001:db8::1/tcp/8", true },
		{ "/ip4/192.168.1.7/tcp/9", "/ip4/192.168.1.8/tcp/8", true },
		{ "/ip4/192.168.1.7/tcp/9", "/ip4/127.0.0.1/tcp/8", false },
		{ "/ip4/192.168.1.7/tcp/9", "/ip4/203.0.113.5/tcp/8", true },
		{ "/ip4/127.0.0.1/tcp/9", "/ip4/127.0.0.1/tcp/8", true },
		{ "/ip4/127.0.0.1/tcp/9", "/ip4/10.0.0.1/tcp/8", true },
		{ "/ip4/127.0.0.1/tcp/9", "/ip4/0.0.0.0/tcp/8", false },
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		setup();
		peer(1, cases[c].remote, false);
		names(cases[c].addr);
		peers_identified(p, &told.id);
		if (remembers(cases[c].addr) != cases[c].kept)
			fail_msg("%s names %s", cases[c].remote, cases[c].addr);
		peers_free(p);
	}
}

/* Neither one peer nor a thousand push out what we have reached. */
static void
test_flood(void **state)
{
	char addr[64];

	(void)state;
	setup();
	peer(0, "/ip4/198.51.100.1/tcp/9", true);
	names("/ip4/198.51.100.1/tcp/9");
	peers_identified(p, &told.id);
	assert_true(p->known[0].proven);
	for (unsigned n = 1; n < 1000; n++) {
		peer(n, "/ip4/203.0.113.1/tcp/9", false);
		for (unsigned i = 0; i < HOST_ADDRS_MAX; i++) {
			snprintf(addr, sizeof(addr), "/ip4/203.0.113.%u/tcp/%u",
			    i, n);
			names(addr);
		}
		env.now_ms += 1000;
		peers_identified(p, &told.id);
		assert_true(count_of(p, &told.id) <= ADDRS_PER_PEER);
		assert_true(count_of(p, &told.id) > 0);
	}
	assert_int_equal(p->known_n, PEERS_KNOWN_MAX);
	assert_true(remembers("/ip4/198.51.100.1/tcp/9"));
	peers_save(p);
	assert_int_equal(
	    strncmp(written, "[\"/ip4/198.51.100.1/tcp/9/p2p/", 30), 0);

	/* Failing for long, it is no better than the others. */
	for (unsigned i = 0; i < 20; i++) {
		p->known[0].next_s = 0;
		peers_tick(p);
	}
	assert_true(dialled >= 20);
	assert_false(p->known[0].proven);
	peers_free(p);
}

/* A peer's new address takes the place of its oldest. */
static void
test_moves(void **state)
{
	char addr[64];

	(void)state;
	setup();
	for (unsigned i = 1; i <= 6; i++) {
		peer(1, "/ip4/203.0.113.1/tcp/9", false);
		snprintf(addr, sizeof(addr), "/ip4/203.0.113.1/tcp/%u", i);
		names(addr);
		env.now_ms += 1000;
		peers_identified(p, &told.id);
	}
	assert_int_equal(p->known_n, ADDRS_PER_PEER);
	assert_false(remembers("/ip4/203.0.113.1/tcp/2/"));
	assert_true(remembers("/ip4/203.0.113.1/tcp/3/"));
	assert_true(remembers("/ip4/203.0.113.1/tcp/6/"));
	peers_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_moves),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
