/* Kademlia: the bytes, the tables, lookups in a net, and those who lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "proto/base/varint.h"
#include "proto/libp2p/kad_providers.h"
#include "proto/libp2p/multiaddr.h"
#include "tests/unit/kad_net.h"

#define MINUTE 60000

/* ---- the bytes ---- */

static struct peer_id
id_of(uint32_t number)
{
	uint8_t pub[32] = { 1 };

	put_u32be(pub + 28, number);
	return peer_id_of_ed25519(pub);
}

static struct slice
ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t out[8])
{
	const uint8_t raw[8] = { 4, a, b, c, d, 6, 0x10, 0x2d };

	memcpy(out, raw, 8);
	return slice_of(out, 8);
}

static struct kad_contact
contact_of(uint32_t number)
{
	struct kad_contact c = { .id = id_of(number) };
	uint8_t raw[8];

	assert_true(kad_contact_add(
	    &c, ip4(198, 51, (uint8_t)(number >> 8), (uint8_t)number, raw)));
	return c;
}

static void
test_contact(void **state)
{
	struct kad_contact c = { .id = id_of(1) };
	const struct peer_id other = id_of(2);
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	uint8_t ip[8];

	(void)state;
	assert_int_equal(buf_put(&b, ip4(192, 0, 2, 1, ip).p, 8), OK);
	assert_int_equal(multiaddr_put_peer(&b, &c.id), OK);
	assert_true(kad_contact_add(&c, buf_slice(&b)));
	assert_true(slice_eq(kad_contact_addr(&c, 0), slice_of(ip, 8)));
	assert_false(kad_contact_add(&c, slice_of(ip, 8))); /* it is there */
	b.n = 8;
	assert_int_equal(multiaddr_put_peer(&b, &other), OK);
	assert_false(kad_contact_add(&c, buf_slice(&b)));
	assert_false(kad_contact_add(&c, slice_of(ip, 7)));
	assert_false(kad_contact_add(&c, slice_of(NULL, 0)));
	b.n = 0; /* only a name */
	assert_int_equal(multiaddr_put_peer(&b, &c.id), OK);
	assert_false(kad_contact_add(&c, buf_slice(&b)));
	for (uint8_t i = 2; i < 20; i++)
		(void)kad_contact_add(&c, ip4(192, 0, 2, i, ip));
	assert_int_equal(c.addrs_n, KAD_ADDRS_MAX);
	assert_true(kad_contact_addr(&c, 3).p[4] == 4);
}

static void
test_message(void **state)
{
	static struct kad_message m, back;
	static uint8_t bytes[KAD_MESSAGE_MAX + VARINT_MAX];
	struct buf b = { bytes, 0, sizeof(bytes) };
	uint8_t key[KAD_KEY_MAX], wanted[KAD_KEY_MAX] = { 7 };
	struct test_env t;
	uint64_t len = 0;
	size_t head = 0;

	(void)state;
	test_env_init(&t, 1);
	m.type = KAD_GET_PROVIDERS;
	m.key = slice_of(wanted, sizeof(wanted));
	m.closer_n = m.providers_n = KAD_CLOSER_MAX;
	for (uint32_t i = 0; i < KAD_CLOSER_MAX; i++) {
		/* The longest that a contact can be. */
		m.closer[i].id = m.providers[i].id = id_of(i);
		m.closer[i].connected = i % 2 == 0;
		for (uint8_t a = 0; a < KAD_ADDRS_MAX; a++) {
			char text[200];
			uint8_t raw[MULTIADDR_MAX];
			struct buf addr = { raw, 0, sizeof(raw) };
			(void)snprintf(text, sizeof(text),
			    "/dns/%u-%u.a.long.name.of.some.host.org/tcp/1", i,
			    a);
			assert_int_equal(
			    multiaddr_get(slice_str(text), &addr), OK);
			assert_true(
			    kad_contact_add(&m.closer[i], buf_slice(&addr)));
			assert_true(
			    kad_contact_add(&m.providers[i], buf_slice(&addr)));
		}
	}
	assert_int_equal(kad_message_put(&b, &m), OK);
	assert_int_equal(varint_get(buf_slice(&b), &len, &head), OK);
	assert_true(len == b.n - head && len <= KAD_MESSAGE_MAX);
	assert_int_equal(kad_message_get(slice_of(bytes + head, (size_t)len),
			     &t.mem, &back, key),
	    OK);
	assert_int_equal(back.type, m.type);
	assert_true(slice_eq(back.key, m.key));
	assert_memory_equal(back.closer, m.closer, sizeof(m.closer));
	assert_memory_equal(back.providers, m.providers, sizeof(m.providers));
	/* Each end that is too early. */
	for (size_t n = 1; n < 200; n++)
		assert_int_not_equal(
		    kad_message_get(slice_of(bytes + head, (size_t)len - n),
			&t.mem, &back, key),
		    OK);
	assert_int_equal(kad_message_get(slice_of(bytes, KAD_MESSAGE_MAX + 1),
			     &t.mem, &back, key),
	    ERR_LIMIT);
	/* No room: nothing was appended. */
	b.n = 0;
	b.cap = 100;
	assert_int_equal(kad_message_put(&b, &m), ERR_MORE);
	assert_int_equal(b.n, 0);
	test_env_check(&t);
}

/* What a peer packs in, and what of it is kept. */
static void
test_message_bounds(void **state)
{
	static struct kad_message m;
	static uint8_t bytes[KAD_MESSAGE_MAX];
	uint8_t key[KAD_KEY_MAX];
	struct test_env t;
	size_t n = 0;

	(void)state;
	test_env_init(&t, 1);
	/* A thousand peers without an id. */
	for (n = 0; n + 2 <= 2000; n += 2) {
		bytes[n] = 8 << 3 | 2;
		bytes[n + 1] = 0;
	}
	const err e = kad_message_get(slice_of(bytes, n), &t.mem, &m, key);
	assert_true(e == ERR_LIMIT || (e == OK && m.closer_n == 0));
	/* A key that is too long. */
	bytes[0] = 2 << 3 | 2;
	bytes[1] = 0x81;
	bytes[2] = 0x01;
	assert_int_equal(
	    kad_message_get(slice_of(bytes, 132), &t.mem, &m, key), ERR_LIMIT);
	/* Nothing at all is PUT_VALUE without a key. */
	assert_int_equal(
	    kad_message_get(slice_of(bytes, 0), &t.mem, &m, key), OK);
	assert_true(m.type == KAD_PUT_VALUE && m.key.n == 0);
	assert_int_equal(t.blocks, 0);
	t.mem.cap = 64;
	bytes[1] = 20;
	assert_int_equal(
	    kad_message_get(slice_of(bytes, 22), &t.mem, &m, key), ERR_LIMIT);
	test_env_check(&t);
}

/* ---- the routing table ---- */

static void
table_new(struct kad_table *t, struct mem *mem)
{
	const struct peer_id self = id_of(0);

	kad_table_init(t, mem, &self);
	t->k = 4;
	t->max = 20;
	t->group_bucket = 2;
	t->group_table = 5;
}

static err
answered(struct kad_table *t, uint32_t number, uint8_t net, uint64_t now_ms)
{
	const struct kad_contact c = contact_of(number);
	uint8_t raw[8];

	return kad_table_answered(t, &c,
	    ip4(203, net, (uint8_t)(number >> 8), (uint8_t)number, raw),
	    now_ms);
}

/* The n-th number whose bucket is ${bucket}. */
static uint32_t
in_bucket(const struct kad_table *t, uint32_t bucket, uint32_t n)
{
	for (uint32_t i = 1;; i++) {
		const struct peer_id id = id_of(i);
		const struct kad_point p = kad_point_of(peer_id_slice(&id));
		if (kad_shared_bits(&t->self, &p) == bucket && n-- == 0)
			return i;
	}
}

static void
test_points(void **state)
{
	struct kad_point a = { { 0 } }, b = { { 0 } }, to = { { 0 } };

	(void)state;
	assert_int_equal(kad_shared_bits(&a, &b), 256);
	b.bytes[31] = 1;
	assert_int_equal(kad_shared_bits(&a, &b), 255);
	b.bytes[0] = 0x20;
	assert_int_equal(kad_shared_bits(&a, &b), 2);
	to.bytes[0] = 0x30;
	assert_true(kad_closer(&to, &b, &a));
	assert_false(kad_closer(&to, &a, &b));
	assert_false(kad_closer(&to, &a, &a));
}

static void
test_table(void **state)
{
	struct test_env env;
	struct kad_table t;
	const struct peer_id self = id_of(0);

	(void)state;
	test_env_init(&env, 1);
	table_new(&t, &env.mem);
	const struct kad_contact us = { .id = self };
	assert_int_equal(
	    kad_table_answered(&t, &us, slice_of(NULL, 0), 1), ERR_EXISTS);
	assert_null(kad_table_find(&t, &self));
	/* A full bucket keeps those who answer. */
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(
		    answered(&t, in_bucket(&t, 0, i), (uint8_t)i, 1), OK);
	const uint32_t late = in_bucket(&t, 0, 4);
	const struct peer_id late_id = id_of(late);
	assert_false(kad_table_room(&t, &late_id));
	assert_int_equal(answered(&t, late, 9, 2), ERR_LIMIT);
	/* One who was silent once gives way. */
	const struct peer_id silent = id_of(in_bucket(&t, 0, 2));
	kad_table_failed(&t, &silent);
	assert_non_null(kad_table_find(&t, &silent));
	assert_true(kad_table_room(&t, &late_id));
	assert_int_equal(answered(&t, late, 9, 2), OK);
	assert_null(kad_table_find(&t, &silent));
	assert_int_equal(t.n, 4);
	/* Silent twice: it goes by itself; an answer between saves it. */
	const uint32_t again = in_bucket(&t, 0, 0);
	const struct peer_id again_id = id_of(again);
	kad_table_failed(&t, &again_id);
	assert_int_equal(answered(&t, again, 0, 3), OK);
	kad_table_failed(&t, &again_id);
	assert_non_null(kad_table_find(&t, &again_id));
	kad_table_failed(&t, &again_id);
	assert_null(kad_table_find(&t, &again_id));
	assert_int_equal(t.n, 3);
	kad_table_fini(&t);
	test_env_check(&env);
}

static void
test_table_subnets(void **state)
{
	struct test_env env;
	struct kad_table t;
	uint8_t raw[8];

	(void)state;
	test_env_init(&env, 1);
	table_new(&t, &env.mem);
	/* All of 203.0.113.0/24: two a bucket, five in all. */
	uint32_t taken = 0;
	for (uint32_t i = 1; i < 100; i++) {
		const struct kad_contact c = contact_of(i);
		taken += kad_table_answered(&t, &c,
			     ip4(203, 0, 113, (uint8_t)i, raw), 1) == OK;
	}
	assert_int_equal(taken, 5);
	assert_true(t.bucket_n[0] <= 2);
	/* Without an address: one subnet as well. */
	taken = 0;
	for (uint32_t i = 100; i < 200; i++) {
		const struct kad_contact c = contact_of(i);
		taken += kad_table_answered(&t, &c, slice_of(NULL, 0), 1) == OK;
	}
	assert_int_equal(taken, 5);
	kad_table_fini(&t);
	/* A LAN is not bound by it, unless that is asked for. */
	for (int strict = 0; strict < 2; strict++) {
		table_new(&t, &env.mem);
		t.private_too = strict == 1;
		for (uint32_t i = 1; i < 200; i++) {
			const struct kad_contact c = contact_of(i);
			taken += kad_table_answered(&t, &c,
				     ip4(10, 0, 0, (uint8_t)i, raw), 1) == OK;
		}
		if (strict == 0)
			assert_true(t.bucket_n[0] == 4 && t.n > 5);
		else
			assert_int_equal(t.n, 5);
		assert_true(t.n <= t.max);
		kad_table_fini(&t);
	}
	test_env_check(&env);
}

/* Against a list that is sorted by hand. */
static void
test_table_closest(void **state)
{
	struct test_env env;
	struct kad_table t;
	const struct kad_entry *got[KAD_CLOSER_MAX];

	(void)state;
	test_env_init(&env, 1);
	table_new(&t, &env.mem);
	t.k = t.max = 200;
	for (uint32_t i = 1; i <= 100; i++)
		assert_int_equal(answered(&t, i, (uint8_t)i, 1), OK);
	for (uint32_t key = 0; key < 50; key++) {
		const struct peer_id id = id_of(1000 + key);
		const struct kad_point to = kad_point_of(peer_id_slice(&id));
		const uint32_t max = 1 + key % KAD_CLOSER_MAX;
		const uint32_t n = kad_table_closest(&t, &to, got, max);
		assert_int_equal(n, max);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t closer = 0;
			const struct kad_entry *e = NULL;
			for (uint32_t a = 0; (e = kad_table_at(&t, a)) != NULL;
			     a++)
				closer +=
				    kad_closer(&to, &e->point, &got[i]->point);
			assert_int_equal(closer, i);
		}
	}
	kad_table_fini(&t);
	test_env_check(&env);
}

/* ---- provider records ---- */

static struct slice
key_of(uint32_t number, uint8_t out[KAD_TOPIC_KEY])
{
	uint8_t name[4];

	put_u32be(name, number);
	kad_topic_key(slice_of(name, 4), out);
	return slice_of(out, KAD_TOPIC_KEY);
}

static void
test_multihash(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		bool fine;
	} cases[] = {
		{ "\x12\x20"
		  "01234567890123456789012345678901",
		    34, true },
		{ "\x12\x20"
		  "0123456789012345678901234567890",
		    33, false },
		{ "\x12\x00", 2, false },
		{ "\x00\x01"
		  "a",
		    3, true },
		{ "", 0, false },
		{ "\x12", 1, false },
		{ "\x12\x81", 2, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if ((kad_multihash_check(slice_of(
			 cases[i].bytes, cases[i].n)) == OK) != cases[i].fine)
			fail_msg("case %zu", i);
}

static void
test_providers(void **state)
{
	struct test_env env;
	struct kad_providers p;
	struct kad_contact got[KAD_CLOSER_MAX];
	const struct peer_id self = id_of(0);
	const struct kad_point at = kad_point_of(peer_id_slice(&self));
	uint8_t raw[8], key[KAD_TOPIC_KEY], other[KAD_TOPIC_KEY];

	(void)state;
	test_env_init(&env, 1);
	kad_providers_init(&p, &env.env, &env.mem, &at);
	p.max = 60;
	p.keys_max = 8;
	p.per_key = 30;
	p.per_peer = 4;
	p.per_group = 3;
	p.life_ms = 1000;
	/* One subnet: three, and renewals of those. */
	for (uint32_t i = 1; i < 50; i++) {
		const struct kad_contact c = contact_of(i);
		const err e = kad_providers_add(&p, key_of(1, key), &c,
		    ip4(203, 0, 113, (uint8_t)i, raw), i);
		assert_int_equal(e, i <= 3 ? OK : ERR_AUTH);
	}
	const struct kad_contact first = contact_of(1);
	assert_int_equal(kad_providers_add(&p, key_of(1, key), &first,
			     ip4(203, 0, 113, 1, raw), 500),
	    OK);
	assert_int_equal(p.n, 3);
	assert_int_equal(
	    kad_providers_get(&p, key_of(1, key), got, KAD_CLOSER_MAX), 3);
	assert_int_equal(
	    kad_providers_get(&p, key_of(2, other), got, KAD_CLOSER_MAX), 0);
	kad_providers_expire(&p, 1100); /* two are over, one was renewed */
	assert_int_equal(
	    kad_providers_get(&p, key_of(1, key), got, KAD_CLOSER_MAX), 1);
	assert_true(peer_id_eq(&got[0].id, &first.id));
	/* Many subnets: no more than its share of places, others get in. */
	for (uint32_t i = 100; i < 300; i++) {
		const struct kad_contact c = contact_of(i);
		assert_int_equal(kad_providers_add(&p, key_of(1, key), &c,
				     ip4(203, (uint8_t)i, 1, 1, raw), 1200),
		    OK);
		assert_true(p.n <= p.per_key);
	}
	unsigned late = 0;
	const uint32_t n =
	    kad_providers_get(&p, key_of(1, key), got, KAD_CLOSER_MAX);
	assert_int_equal(n, KAD_CLOSER_MAX);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = i + 1; k < n; k++)
			assert_false(peer_id_eq(&got[i].id, &got[k].id));
	for (uint32_t i = 200; i < 300; i++) {
		const struct kad_contact c = contact_of(i);
		for (uint32_t k = 0; k < n; k++)
			late += peer_id_eq(&c.id, &got[k].id);
	}
	assert_true(late > 0);
	/* One provider of everything. */
	unsigned keys = 0, taken = 0;
	for (uint32_t i = 10; i < 40; i++) {
		const struct kad_contact c = contact_of(1000);
		keys += kad_providers_add(&p, key_of(i, other), &c,
			    ip4(203, 1, 1, 1, raw), 1200) == OK;
	}
	assert_int_equal(keys, p.per_peer);
	/* Everyone of everything: the nearest keys stay. */
	for (uint32_t i = 0; i < 2000; i++) {
		const struct kad_contact c = contact_of(2000 + i);
		taken += kad_providers_add(&p, key_of(i, other), &c,
			     ip4(203, (uint8_t)(i >> 8), (uint8_t)i, 1, raw),
			     1200) == OK;
		assert_true(p.n <= p.max && p.keys_n <= p.keys_max);
	}
	assert_true(taken > p.keys_max);
	uint32_t nearer = 0;
	for (struct link *l = p.keys.next; l != &p.keys; l = l->next) {
		const struct kad_provided *k =
		    CONTAINER_OF(l, struct kad_provided, link);
		for (uint32_t i = 0; i < 2000; i++) {
			const struct kad_point point =
			    kad_point_of(key_of(i, other));
			nearer += kad_closer(&p.self, &point, &k->point);
		}
	}
	assert_true(nearer <= p.keys_max * p.keys_max);
	/* One subnet, of all keys in the world: its share, no more. */
	unsigned mine = 0;
	for (uint32_t i = 0; i < 4000; i++) {
		const struct kad_contact c = contact_of(9000 + i);
		mine += kad_providers_add(&p, key_of(5000 + i, other), &c,
			    ip4(203, 250, 250, (uint8_t)i, raw), 1200) == OK;
	}
	assert_true(p.keys_n == p.keys_max);
	unsigned held = 0;
	for (struct link *l = p.keys.next; l != &p.keys; l = l->next) {
		const struct kad_provided *k =
		    CONTAINER_OF(l, struct kad_provided, link);
		const struct link *list = &k->records;
		for (struct link *r = list->next; r != list; r = r->next)
			held +=
			    CONTAINER_OF(r, struct kad_provider, link)->group ==
			    reach_group_of(ip4(203, 250, 250, 1, raw));
	}
	assert_in_range(held, 1, p.per_peer);
	assert_true(mine > 0);
	kad_providers_expire(&p, 3000);
	assert_true(p.n == 0 && p.keys_n == 0);
	kad_providers_fini(&p);
	test_env_check(&env);
}

/* ---- a net ---- */

/* Nodes in a line: each knows the address of the one before. */
static struct kad_net *
line(uint64_t seed, unsigned nodes, bool star)
{
	const struct kad_params params = kad_params_default();
	struct kad_net *n = kad_net_new(seed);

	n->peers_wanted = 8;
	for (unsigned i = 0; i < nodes; i++) {
		(void)kad_net_add(n, &params, true);
		if (i > 0)
			kad_net_tell(n, i, star ? 0 : i - 1);
	}
	return n;
}

static void
lookup(struct kad_net *n, unsigned node, enum kad_lookup what, struct slice key)
{
	struct kad_net_node *me = &n->nodes[node];
	const unsigned done = me->done;
	uint32_t query = 0;

	me->found_n = 0;
	assert_int_equal(
	    kad_lookup(me->kad, what, key, n->net.t.now_ms, &query), OK);
	for (unsigned i = 0; i < 100 && me->done == done; i++)
		kad_net_run(n, 1000);
	assert_int_equal(me->done, done + 1);
}

/* How many of the true k closest others were found. */
static unsigned
right_of(struct kad_net *n, unsigned node, struct slice key)
{
	const struct kad_point to = kad_point_of(key);
	const struct kad_net_node *me = &n->nodes[node];
	unsigned right = 0;

	for (unsigned i = 0; i < n->net.nodes_n; i++) {
		const struct kad_point a =
		    kad_point_of(peer_id_slice(test_net_id(&n->net, i)));
		unsigned closer = 0;
		for (unsigned k = 0; k < n->net.nodes_n; k++) {
			const struct kad_point b = kad_point_of(
			    peer_id_slice(test_net_id(&n->net, k)));
			closer += k != node && kad_closer(&to, &b, &a);
		}
		for (unsigned f = 0; f < me->found_n; f++)
			right += i != node && closer < KAD_CLOSER_MAX &&
				 peer_id_eq(
				     &me->found[f].id, test_net_id(&n->net, i));
	}
	return right;
}

/*
 * A node that knows one address finds the network: everyone gets peers, and
 * what one says reaches all.
 */
static void
finds_the_network(bool star)
{
	struct kad_net *n = line(star ? 11 : 12, star ? 25 : 32, star);
	uint32_t sent = 0;

	for (unsigned i = 0; i < n->net.nodes_n; i++)
		assert_int_equal(
		    host_subscribe(n->net.nodes[i].host, "t", n->net.t.now_ms),
		    OK);
	for (unsigned i = 0; i < n->net.nodes_n; i++) {
		uint8_t key[KAD_TOPIC_KEY];
		kad_topic_key(slice_str("ohcn/test"), key);
		assert_int_equal(
		    kad_provide(n->nodes[i].kad, slice_of(key, sizeof(key)),
			n->net.t.now_ms),
		    OK);
	}
	kad_net_run(n, 3 * MINUTE);
	unsigned least = 1000;
	for (unsigned i = 0; i < n->net.nodes_n; i++)
		least = MIN(least, kad_net_peers(n, i));
	printf("least peers %u, %u wires\n", least, n->net.wires_n);
	assert_true(least >= 6);
	assert_int_equal(host_publish(n->net.nodes[7].host, "t",
			     slice_str("hello"), false, n->net.t.now_ms, &sent),
	    OK);
	kad_net_run(n, 10000);
	unsigned reached = 0;
	for (unsigned i = 0; i < n->net.nodes_n; i++)
		reached += n->net.nodes[i].messages > 0;
	assert_int_equal(reached, n->net.nodes_n - 1);
	kad_net_free(n);
}

static void
test_finds_chain(void **state)
{
	(void)state;
	finds_the_network(false);
}

static void
test_finds_star(void **state)
{
	(void)state;
	finds_the_network(true);
}

static void
test_lookups(void **state)
{
	struct kad_net *n = line(3, 40, false);
	uint8_t key[KAD_TOPIC_KEY];

	(void)state;
	kad_net_run(n, 3 * MINUTE);
	for (unsigned i = 0; i < 5; i++) {
		lookup(n, i * 7, KAD_CLOSEST, key_of(i, key));
		assert_int_equal(n->nodes[i * 7].error, OK);
		const unsigned right = right_of(n, i * 7, key_of(i, key));
		if (right < 19)
			fail_msg("%u of the 20 closest", right);
	}
	/* One peer by its id. */
	lookup(n, 1, KAD_PEER, peer_id_slice(test_net_id(&n->net, 39)));
	assert_int_equal(n->nodes[1].error, OK);
	assert_int_equal(n->nodes[1].found_n, 1);
	assert_true(
	    peer_id_eq(&n->nodes[1].found[0].id, test_net_id(&n->net, 39)));
	assert_int_equal(n->nodes[1].found[0].addrs_n, 1);
	/* One that does not exist. */
	const struct peer_id nobody = id_of(77);
	lookup(n, 1, KAD_PEER, peer_id_slice(&nobody));
	assert_int_equal(n->nodes[1].error, ERR_NOTFOUND);
	/* Providers: none, then two. */
	lookup(n, 2, KAD_PROVIDERS, key_of(99, key));
	assert_int_equal(n->nodes[2].error, ERR_NOTFOUND);
	assert_int_equal(
	    kad_provide(n->nodes[30].kad, key_of(99, key), n->net.t.now_ms),
	    OK);
	assert_int_equal(
	    kad_provide(n->nodes[31].kad, key_of(99, key), n->net.t.now_ms),
	    OK);
	assert_int_equal(
	    kad_provide(n->nodes[31].kad, key_of(99, key), n->net.t.now_ms),
	    ERR_EXISTS);
	kad_net_run(n, 30000);
	lookup(n, 2, KAD_PROVIDERS, key_of(99, key));
	assert_int_equal(n->nodes[2].error, OK);
	assert_int_equal(n->nodes[2].found_n, 2);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(n->nodes[2].found[i].addrs_n, 1);
	/* Keys that are none. */
	uint32_t query = 0;
	assert_int_equal(kad_lookup(n->nodes[0].kad, KAD_PROVIDERS,
			     slice_str("x"), n->net.t.now_ms, &query),
	    ERR_FORM);
	assert_int_equal(kad_lookup(n->nodes[0].kad, KAD_PEER, slice_str("x"),
			     n->net.t.now_ms, &query),
	    ERR_FORM);
	assert_int_equal(kad_lookup(n->nodes[0].kad, KAD_CLOSEST,
			     slice_of(NULL, 0), n->net.t.now_ms, &query),
	    ERR_FORM);
	kad_net_free(n);
}

/* Half of the net is gone: lookups go on, and the table forgets them. */
static void
test_dead(void **state)
{
	struct kad_net *n = line(4, 30, false);
	struct kad_peer_info row;
	uint8_t key[KAD_TOPIC_KEY];

	(void)state;
	kad_net_run(n, 3 * MINUTE);
	for (unsigned i = 15; i < 30; i++)
		n->nodes[i].deaf = true;
	for (unsigned w = 0; w < n->net.wires_n; w++)
		if (!n->net.wires[w].cut && (n->net.wires[w].node[0] >= 15 ||
						n->net.wires[w].node[1] >= 15))
			test_net_cut(&n->net, w);
	lookup(n, 0, KAD_CLOSEST, key_of(1, key));
	assert_int_equal(n->nodes[0].error, OK);
	for (unsigned f = 0; f < n->nodes[0].found_n; f++)
		for (unsigned i = 15; i < 30; i++)
			assert_false(peer_id_eq(
			    &n->nodes[0].found[f].id, test_net_id(&n->net, i)));
	/* The dead stand in the tables of all, and in the way of some. */
	assert_true(n->nodes[0].found_n >= 8);
	n->net.step_ms = 200; /* half an hour is long */
	kad_net_run(n, 30 * MINUTE);
	n->net.step_ms = 20;
	for (uint32_t i = 0; kad_peer_at(n->nodes[0].kad, i, &row); i++)
		for (unsigned d = 15; d < 30; d++)
			assert_false(peer_id_eq(
			    &row.contact.id, test_net_id(&n->net, d)));
	lookup(n, 0, KAD_CLOSEST, key_of(1, key));
	assert_int_equal(n->nodes[0].found_n, 14);
	kad_net_free(n);
}

/* A client asks and is answered, and nobody has it in a table. */
static void
test_client(void **state)
{
	const struct kad_params params = kad_params_default();
	struct kad_net *n = line(5, 10, false);
	struct kad_peer_info row;
	uint8_t key[KAD_TOPIC_KEY];

	(void)state;
	const unsigned client = kad_net_add(n, &params, false);
	kad_net_tell(n, client, 3);
	kad_net_run(n, 3 * MINUTE);
	lookup(n, client, KAD_CLOSEST, key_of(1, key));
	assert_int_equal(n->nodes[client].found_n, 10);
	for (unsigned i = 0; i < 10; i++)
		for (uint32_t r = 0; kad_peer_at(n->nodes[i].kad, r, &row); r++)
			assert_false(peer_id_eq(
			    &row.contact.id, test_net_id(&n->net, client)));
	kad_net_free(n);
}

/* ---- those who lie ---- */

/*
 * A node that answers every question with twenty contacts that nobody has
 * heard of, a new lot each time, and asks as fast as it can.
 */
static struct kad_net *lied_to;
static uint32_t lies;

static void
lie(struct host *h, struct host_stream s, uint32_t type)
{
	static struct kad_message m;
	static uint8_t bytes[KAD_MESSAGE_MAX + VARINT_MAX];
	struct buf b = { bytes, 0, sizeof(bytes) };
	size_t taken = 0;

	m = (struct kad_message){ .type = type,
		.closer_n = KAD_CLOSER_MAX,
		.providers_n = KAD_CLOSER_MAX };
	for (uint32_t i = 0; i < KAD_CLOSER_MAX; i++) {
		m.closer[i] = contact_of(100000 + lies++);
		m.providers[i] = contact_of(100000 + lies++);
	}
	assert_int_equal(kad_message_put(&b, &m), OK);
	(void)!host_stream_write(h, s, buf_slice(&b), &taken);
	host_stream_close(h, s);
}

static void
on_lied(struct test_net *net, unsigned node, const struct host_event *ev)
{
	const struct host_stream s = { ev->conn, ev->stream };
	struct host *h = net->nodes[node].host;

	if (node > 0) {
		(void)kad_event(lied_to->nodes[node].kad, ev, net->t.now_ms);
		return;
	}
	if (ev->type != HOST_STREAM_DATA)
		return;
	/* The type is the first field of the message. */
	const struct slice in = host_stream_read(h, s);
	const uint32_t type = in.n > 2 ? in.p[2] : 0;
	host_stream_consume(h, s, in.n);
	lie(h, s, type);
}

static bool
is_of_net(const struct kad_net *n, const struct peer_id *id)
{
	for (unsigned i = 0; i < n->net.nodes_n; i++)
		if (peer_id_eq(id, test_net_id(&n->net, i)))
			return true;
	return false;
}

static void
test_poison(void **state)
{
	const struct kad_params params = kad_params_default();
	struct kad_stats stats;
	uint8_t key[KAD_TOPIC_KEY];

	(void)state;
	lies = 0;
	struct kad_net *n = line(21, 12, true); /* all know the liar first */
	lied_to = n;
	n->net.on_event = on_lied;
	for (unsigned i = 2; i < 12; i++)
		kad_net_tell(n, i, i - 1);
	kad_net_tell(n, 1, 0);
	kad_net_run(n, 2 * MINUTE);
	for (unsigned i = 0; i < 6; i++) {
		struct kad_net_node *me = &n->nodes[1 + i];
		const unsigned told = me->told;
		lookup(n, 1 + i, i % 2 == 0 ? KAD_CLOSEST : KAD_PROVIDERS,
		    key_of(i, key));
		assert_true(me->asked <= params.asked_max);
		/* Other lookups go on meanwhile: a few of them. */
		assert_true(
		    me->told - told <= 8 * params.asked_max * KAD_ADDRS_MAX);
		/* The honest ones are found all the same. */
		if (i % 2 == 0)
			assert_true(right_of(n, 1 + i, key_of(i, key)) >= 8);
	}
	assert_true(lies > 1000);
	for (unsigned i = 1; i < 12; i++) {
		struct kad_peer_info row;
		kad_stats(n->nodes[i].kad, &stats);
		assert_true(stats.table_now <= 11);
		assert_int_equal(stats.providers_now, 0);
		assert_true(n->net.nodes[i].mem.used < (2U << 20));
		for (uint32_t r = 0; kad_peer_at(n->nodes[i].kad, r, &row); r++)
			assert_true(is_of_net(n, &row.contact.id));
	}
	kad_net_free(n);
}

/* One peer that asks without end, and does not read. */
static void
test_flood(void **state)
{
	const struct kad_params params = kad_params_default();
	struct kad_net *n = kad_net_new(31);
	static uint8_t bytes[60000];
	struct buf b = { bytes, 0, sizeof(bytes) };
	struct host_stream streams[40];
	struct kad_stats stats;
	unsigned opened = 0;
	uint8_t key[KAD_TOPIC_KEY];
	static struct kad_message m;

	(void)state;
	(void)kad_net_add(n, &params, true);
	(void)kad_net_add(n, &params, true);
	kad_net_tell(n, 1, 0);
	kad_net_run(n, 2000);
	const struct kad_contact me = kad_net_contact(n, 1);
	for (uint32_t i = 0; i < 400; i++) {
		m = (struct kad_message){ .type = i % 2 == 0
						      ? KAD_ADD_PROVIDER
						      : KAD_GET_PROVIDERS,
			.key = key_of(i / 2, key),
			.providers_n = 2,
			.providers = { me, contact_of(i) } };
		assert_int_equal(kad_message_put(&b, &m), OK);
	}
	for (unsigned i = 0; i < ARRAY_LEN(streams); i++) {
		size_t taken = 0;
		if (host_stream_open(n->net.nodes[1].host,
			test_net_id(&n->net, 0), KAD_NET_PROTOCOL,
			n->net.t.now_ms, &streams[opened]) != OK)
			continue;
		(void)!host_stream_write(n->net.nodes[1].host,
		    streams[opened++], buf_slice(&b), &taken);
	}
	assert_true(opened > params.streams_per_peer);
	kad_net_run(n, 5000);
	kad_stats(n->nodes[0].kad, &stats);
	/* Streams over the share are reset; the others wait their turn. */
	assert_true(stats.streams_now <= params.streams_per_peer);
	assert_true(stats.refused >= opened - params.streams_per_peer);
	assert_true(stats.served <=
		    (uint64_t)params.streams_per_peer * params.rate * 7 + 20);
	assert_true(stats.served >= params.rate);
	/* So many keys of one provider, and nothing of third parties. */
	assert_int_equal(stats.providers_now, params.per_peer);
	assert_true(stats.provider_records_refused > 0);
	assert_true(n->net.nodes[0].mem.used < (3U << 20));
	kad_net_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contact),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_message_bounds),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_subnets),
		cmocka_unit_test(test_table_closest),
		cmocka_unit_test(test_multihash),
		cmocka_unit_test(test_providers),
		cmocka_unit_test(test_finds_chain),
		cmocka_unit_test(test_finds_star),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
