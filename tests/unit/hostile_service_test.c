/*
 * A peer that floods the services over the host by every kind of message:
 * relay (hop and stop), AutoNAT, DCUtR, Kademlia, each well formed, malformed
 * and cut short, on one stream and on ever new ones that it leaves open. The
 * host's memory grows by no more than one connection may hold, all of it
 * comes back, and another peer is served at the height of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/base/varint.h"
#include "tests/unit/kad_net.h"
#include "tests/unit/nat_net.h"

#define GOOD  0
#define EVIL  1
#define OTHER 2

#define BOUND ((4U << 20) + (512U << 10)) /* a connection's, and some notes */
#define STAYS (256U << 10)                /* a minute later */

static uint64_t turn_salt;

static void
put(struct buf *b, const void *p, size_t n)
{
	assert_int_equal(buf_put(b, p, n), OK);
}

static void
put_number(struct buf *b, uint8_t field, uint64_t v)
{
	assert_int_equal(buf_put_u8(b, (uint8_t)(field << 3)), OK);
	assert_int_equal(varint_put(b, v), OK);
}

static void
put_bytes(struct buf *b, uint8_t field, const void *p, size_t n)
{
	assert_int_equal(buf_put_u8(b, (uint8_t)(field << 3 | 2)), OK);
	assert_int_equal(varint_put(b, n), OK);
	put(b, p, n);
}

/* Another one each time. */
static struct peer_id
somebody(void)
{
	uint8_t pub[32] = { 0xe1 };

	put_u64be(pub + 8, ++turn_salt);
	return peer_id_of_ed25519(pub);
}

static void
put_peer(struct buf *b, uint8_t field)
{
	const struct peer_id id = somebody();
	uint8_t raw[64];
	struct buf peer = { raw, 0, sizeof(raw) };

	put_bytes(&peer, 1, id.bytes, id.n);
	put_bytes(b, field, peer.p, peer.n);
}

/* ---- messages ---- */

typedef void fill_fn(struct buf *b);

static void
hop_reserve(struct buf *b)
{
	put_number(b, 1, 0);
}

static void
hop_connect(struct buf *b)
{
	put_number(b, 1, 1);
	put_peer(b, 2);
}

/* A reservation with a voucher, as if we had asked for one. */
static void
hop_status(struct buf *b)
{
	uint8_t raw[2048], voucher[600] = { 7 };
	struct buf r = { raw, 0, sizeof(raw) };
	const uint8_t addr[] = { 4, 203, 0, 113, 9, 6, 1, 1 };

	put_number(&r, 1, UINT64_MAX >> 1);
	for (unsigned i = 0; i < 40; i++)
		put_bytes(&r, 2, addr, sizeof(addr));
	put_bytes(&r, 3, voucher, sizeof(voucher));
	put_number(b, 1, 2);
	put_bytes(b, 3, r.p, r.n);
	put_number(b, 5, 100);
}

static void
stop_connect(struct buf *b)
{
	put_number(b, 1, 0);
	put_peer(b, 2);
}

static void
autonat_request(struct buf *b)
{
	uint8_t raw[3000];
	struct buf m = { raw, 0, sizeof(raw) };

	for (unsigned i = 0; i < 100; i++) {
		const uint8_t addr[] = { 4, 203, 0, (uint8_t)turn_salt,
			(uint8_t)i, 6, 1, 1 };
		put_bytes(&m, 1, addr, sizeof(addr));
	}
	put_number(&m, 2, ++turn_salt);
	put_bytes(b, 1, m.p, m.n);
}

static void
autonat_data(struct buf *b)
{
	uint8_t raw[4200] = { 0 };
	struct buf m = { raw, 0, sizeof(raw) };
	static const uint8_t data[4000];

	put_bytes(&m, 1, data, sizeof(data));
	put_bytes(b, 4, m.p, m.n);
}

static void
autonat_nonce(struct buf *b)
{
	assert_int_equal(buf_put_u8(b, 1 << 3 | 1), OK);
	put(b, &turn_salt, 8);
}

static void
punch(struct buf *b)
{
	put_number(b, 1, 100);
	for (unsigned i = 0; i < 100; i++) {
		const uint8_t addr[] = { 4, 203, 0, 113, (uint8_t)i, 6, 1, 1 };
		put_bytes(b, 2, addr, sizeof(addr));
	}
}

static void
kad_key(struct buf *b)
{
	uint8_t key[34] = { 0x12, 0x20 };

	put_u64be(key + 2, ++turn_salt);
	put_bytes(b, 2, key, sizeof(key));
}

/* Peers with as many addresses as fit. */
static void
kad_peers(struct buf *b, uint8_t field, unsigned n, const struct peer_id *id)
{
	for (unsigned i = 0; i < n; i++) {
		const struct peer_id who = id != NULL ? *id : somebody();
		uint8_t raw[512];
		struct buf peer = { raw, 0, sizeof(raw) };
		put_bytes(&peer, 1, who.bytes, who.n);
		for (unsigned k = 0; k < 16; k++) {
			const uint8_t addr[] = { 4, 203, 0, (uint8_t)i,
				(uint8_t)k, 6, 1, 1 };
			put_bytes(&peer, 2, addr, sizeof(addr));
		}
		put_bytes(b, field, peer.p, peer.n);
	}
}

static const struct peer_id *evil_id;

static void
kad_add(struct buf *b)
{
	put_number(b, 1, KAD_ADD_PROVIDER);
	kad_key(b);
	kad_peers(b, 9, 1, evil_id);
}

static void
kad_add_others(struct buf *b)
{
	put_number(b, 1, KAD_ADD_PROVIDER);
	kad_key(b);
	kad_peers(b, 9, 20, NULL);
}

static void
kad_get(struct buf *b)
{
	put_number(b, 1, KAD_GET_PROVIDERS);
	kad_key(b);
}

static void
kad_find(struct buf *b)
{
	put_number(b, 1, KAD_FIND_NODE);
	kad_key(b);
	kad_peers(b, 8, 40, NULL);
}

static void
kad_ping(struct buf *b)
{
	put_number(b, 1, KAD_PING);
}

static void
kad_put(struct buf *b)
{
	static const uint8_t value[8000];

	put_number(b, 1, KAD_PUT_VALUE);
	kad_key(b);
	put_bytes(b, 3, value, sizeof(value));
}

static void
nothing(struct buf *b)
{
	(void)b;
}

static void
garbage(struct buf *b)
{
	for (unsigned i = 0; i < 900; i++)
		assert_int_equal(
		    buf_put_u8(b, (uint8_t)(++turn_salt * 2654435761U >> 8)),
		    OK);
}

/* Many small parts in a message: what unpacking costs. */
static void
fragments(struct buf *b)
{
	for (unsigned i = 0; i < 1800; i++)
		put_bytes(b, 2, NULL, 0);
}

struct attack {
	const char *name, *protocol;
	fill_fn *fill;
	unsigned per_stream; /* messages of one stream; 0: all */
	bool cut;            /* the last byte of each message is missing */
};

static const struct attack nat_attacks[] = {
	{ "hop: RESERVE, each on a stream of its own", RELAY_HOP_PROTOCOL,
	    hop_reserve, 1, false },
	{ "hop: RESERVE without end", RELAY_HOP_PROTOCOL, hop_reserve, 0,
	    false },
	{ "hop: CONNECT to nobody", RELAY_HOP_PROTOCOL, hop_connect, 1, false },
	{ "hop: STATUS that nobody asked for", RELAY_HOP_PROTOCOL, hop_status,
	    1, false },
	{ "hop: half a message, and silence", RELAY_HOP_PROTOCOL, hop_connect,
	    1, true },
	{ "hop: garbage", RELAY_HOP_PROTOCOL, garbage, 1, false },
	{ "hop: thousands of parts", RELAY_HOP_PROTOCOL, fragments, 1, false },
	{ "stop: CONNECT of ever new peers", RELAY_STOP_PROTOCOL, stop_connect,
	    1, false },
	{ "stop: half a message, and silence", RELAY_STOP_PROTOCOL,
	    stop_connect, 1, true },
	{ "AutoNAT: requests", AUTONAT_DIAL_PROTOCOL, autonat_request, 1,
	    false },
	{ "AutoNAT: half a request, and silence", AUTONAT_DIAL_PROTOCOL,
	    autonat_request, 1, true },
	{ "AutoNAT: data that nobody wants", AUTONAT_DIAL_PROTOCOL,
	    autonat_data, 0, false },
	{ "AutoNAT: garbage", AUTONAT_DIAL_PROTOCOL, garbage, 1, false },
	{ "AutoNAT: nonces that nobody waits for", AUTONAT_BACK_PROTOCOL,
	    autonat_nonce, 1, false },
	{ "DCUtR: CONNECT", DCUTR_PROTOCOL, punch, 1, false },
	{ "DCUtR: half a message, and silence", DCUTR_PROTOCOL, punch, 1,
	    true },
};

static const struct attack kad_attacks[] = {
	{ "kad: ADD_PROVIDER of itself", KAD_NET_PROTOCOL, kad_add, 0, false },
	{ "kad: ADD_PROVIDER of others", KAD_NET_PROTOCOL, kad_add_others, 9,
	    false },
	{ "kad: GET_PROVIDERS, not read", KAD_NET_PROTOCOL, kad_get, 0, false },
	{ "kad: GET_PROVIDERS on many streams", KAD_NET_PROTOCOL, kad_get, 1,
	    false },
	{ "kad: FIND_NODE with peers", KAD_NET_PROTOCOL, kad_find, 5, false },
	{ "kad: PING", KAD_NET_PROTOCOL, kad_ping, 0, false },
	{ "kad: PUT_VALUE", KAD_NET_PROTOCOL, kad_put, 1, false },
	{ "kad: half a message, and silence", KAD_NET_PROTOCOL, kad_find, 1,
	    true },
	{ "kad: empty messages", KAD_NET_PROTOCOL, nothing, 9, false },
	{ "kad: garbage", KAD_NET_PROTOCOL, garbage, 1, false },
	{ "kad: thousands of parts", KAD_NET_PROTOCOL, fragments, 1, false },
};

/* ---- the flood ---- */

static struct host_stream stream;
static bool stream_open;

static void
flood(const struct attack *a, struct test_net *net, unsigned turn)
{
	static uint8_t body_raw[65000], head_raw[65010];
	struct buf body = { body_raw, 0, sizeof(body_raw) };
	struct buf all = { head_raw, 0, sizeof(head_raw) };
	struct host *evil = net->nodes[EVIL].host;
	size_t taken = 0;

	if (!stream_open || (a->per_stream > 0 && turn % a->per_stream == 0))
		stream_open = host_stream_open(evil, test_net_id(net, GOOD),
				  a->protocol, net->t.now_ms, &stream) == OK;
	if (!stream_open)
		return;
	a->fill(&body);
	assert_int_equal(varint_put(&all, body.n), OK);
	put(&all, body.p, body.n);
	if (a->cut && all.n > 0)
		all.n--;
	if (host_stream_write(evil, stream, buf_slice(&all), &taken) != OK ||
	    (taken < all.n && a->per_stream > 0))
		stream_open = false;
}

static void
check(const char *name, size_t before, size_t most, size_t bound)
{
	print_message("%-42s %8zu B held\n", name, most - MIN(most, before));
	if (most > before + bound)
		fail_msg("%s: %zu bytes", name, most - before);
}

static bool
has_reserved(unsigned node)
{
	for (unsigned i = 0; i < nat.nodes[node].news_n; i++)
		if (nat.nodes[node].news[i].type == RELAY_RESERVED)
			return true;
	return false;
}

static void
run_nat(const struct attack *a)
{
	struct nat_options o = nat_options();
	struct autonat_stats stats;
	uint8_t at[8];
	size_t most = 0;

	nat_init(1);
	o.service = true;
	for (unsigned i = 0; i < 3; i++)
		(void)nat_add(&o);
	assert_int_equal(test_net_connect(&nat.net, EVIL, GOOD, NULL), OK);
	assert_int_equal(test_net_connect(&nat.net, OTHER, GOOD, NULL), OK);
	nat_run(1000);
	/* It is a relay of ours, so that it may bring circuits. */
	assert_int_equal(relay_reserve(nat.nodes[GOOD].relay,
			     test_net_id(&nat.net, EVIL), nat.net.t.now_ms),
	    OK);
	nat_run(500);
	assert_true(has_reserved(GOOD));
	struct mem *mem = &nat.net.nodes[GOOD].mem;
	const size_t before = mem->used;
	stream_open = false;
	for (unsigned turn = 0; turn < 400; turn++) {
		flood(a, &nat.net, turn);
		if (turn % 4 == 0)
			nat_run(5);
		most = MAX(most, mem->used);
	}
	nat_run(20);
	/* Now, not when all has timed out. */
	const struct slice addr = nat_address(OTHER, at);
	nat.nodes[OTHER].open = true;
	autonat_addrs_set(nat.nodes[OTHER].autonat, &addr, 1, nat.net.t.now_ms);
	assert_int_equal(relay_reserve(nat.nodes[OTHER].relay,
			     test_net_id(&nat.net, GOOD), nat.net.t.now_ms),
	    OK);
	nat_run(4000);
	if (!has_reserved(OTHER))
		fail_msg("%s: no reservation for another peer", a->name);
	autonat_stats(nat.nodes[OTHER].autonat, &stats);
	if (stats.yes == 0)
		fail_msg("%s: another peer is not dialled back", a->name);
	most = MAX(most, mem->used);
	check(a->name, before, most, BOUND);
	nat_run(90000);
	if (mem->used > before + STAYS)
		fail_msg("%s: %zu bytes stay", a->name, mem->used - before);
	nat_fini();
}

static void
test_nat(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(nat_attacks); i++)
		run_nat(&nat_attacks[i]);
}

static void
run_kad(const struct attack *a)
{
	struct kad_net *n = kad_net_new(2);
	struct kad_params params = kad_params_default();
	uint32_t query = 0;
	size_t most = 0;

	for (unsigned i = 0; i < 3; i++)
		(void)kad_net_add(n, &params, true);
	assert_int_equal(test_net_connect(&n->net, EVIL, GOOD, NULL), OK);
	assert_int_equal(test_net_connect(&n->net, OTHER, GOOD, NULL), OK);
	kad_net_run(n, 3000);
	evil_id = test_net_id(&n->net, EVIL);
	struct mem *mem = &n->net.nodes[GOOD].mem;
	const size_t before = mem->used;
	stream_open = false;
	for (unsigned turn = 0; turn < 400; turn++) {
		flood(a, &n->net, turn);
		if (turn % 4 == 0)
			kad_net_run(n, 5);
		most = MAX(most, mem->used);
	}
	kad_net_run(n, 20);
	struct kad_net_node *other = &n->nodes[OTHER];
	const struct peer_id *good = test_net_id(&n->net, GOOD);
	other->done = 0;
	assert_int_equal(kad_lookup(other->kad, KAD_CLOSEST,
			     peer_id_slice(good), n->net.t.now_ms, &query),
	    OK);
	kad_net_run(n, 15000);
	if (other->done != 1 || other->error != OK ||
	    !peer_id_eq(&other->found[0].id, good))
		fail_msg("%s: another peer is not answered", a->name);
	most = MAX(most, mem->used);
	check(a->name, before, most, BOUND);
	struct kad_stats stats;
	kad_stats(n->nodes[GOOD].kad, &stats);
	assert_in_range(stats.providers_now, 0, params.per_peer);
	if (a->fill == kad_add)
		assert_int_equal(stats.providers_now, params.per_peer);
	kad_net_run(n, 120000);
	/* What it provides lives on: as many keys as one peer may have. */
	if (mem->used > before + STAYS)
		fail_msg("%s: %zu bytes stay", a->name, mem->used - before);
	kad_net_free(n);
}

static void
test_kad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kad_attacks); i++)
		run_kad(&kad_attacks[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_kad),
	};
	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
