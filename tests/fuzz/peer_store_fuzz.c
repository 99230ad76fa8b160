/*
 * The peer store under any sequence of calls: its own counts agree with what
 * is in it, bounds hold after every call, what is in use or wanted by the
 * operator stays, and every peer is found by its name.
 */
#include <stdio.h>
#include <stdlib.h>

#include "proto/libp2p/peer_store.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PEERS 32

static struct peer_id
peer_of(uint8_t n)
{
	uint8_t pub[32] = { 7 };

	pub[1] = n % PEERS;
	return peer_id_of_ed25519(pub);
}

static struct slice
addr_of(uint8_t n, uint8_t raw[MULTIADDR_MAX])
{
	struct buf b = { raw, 0, MULTIADDR_MAX };
	char text[320], name[201];

	memset(name, 'x', 200);
	name[200] = '\0';
	switch (n >> 6) {
	case 0:
		(void)snprintf(
		    text, sizeof(text), "/ip4/198.51.100.%u/tcp/9", n & 63);
		break;
	case 1:
		(void)snprintf(
		    text, sizeof(text), "/ip4/%u.1.1.1/tcp/9", 20 + (n & 63));
		break;
	case 2:
		(void)snprintf(
		    text, sizeof(text), "/ip6/2001:db8:%x::1/tcp/9/ws", n & 63);
		break;
	default:
		(void)snprintf(
		    text, sizeof(text), "/dns4/%s%u/tcp/9", name, n & 63);
	}
	ASSERT(multiaddr_get(slice_str(text), &b) == OK);
	return buf_slice(&b);
}

static void
check(const struct peer_store *s, const struct peer_store_limits *limits)
{
	struct peer_store_stats st;
	uint32_t peers = 0, addrs = 0, records = 0;

	peer_store_stats(s, &st);
	for (uint32_t i = 0; i < peer_store_top(s); i++) {
		const struct known_peer *p = peer_store_at(s, i);
		uint32_t n = 0;
		if (p == NULL)
			continue;
		ASSERT(p->slot == i);
		ASSERT(p->id.n == 0 || peer_store_find(s, &p->id) == p);
		for (const struct known_addr *a = p->addrs; a != NULL;
		     a = a->next)
			n++;
		ASSERT(n == p->addrs_n && n <= limits->addrs_max);
		peers++;
		addrs += n;
		records += p->record != NULL;
	}
	ASSERT(peers == st.peers && peers <= limits->peers_max);
	ASSERT(addrs == st.addrs && records == st.records);
	ASSERT(st.bytes <= limits->bytes_max);
}

/* One call; what it is told to keep, it keeps. */
static void
step(struct peer_store *s, struct test_env *t, const uint8_t op[4])
{
	uint8_t raw[MULTIADDR_MAX], record[PEER_RECORD_MAX] = { 0 };
	const struct peer_id id = peer_of(op[1]);
	struct known_peer *p = peer_store_find(s, &id);
	const enum peer_source source = op[3] % PEER_SOURCES;

	switch (op[0] % 9) {
	case 0:
	case 1:
		(void)!peer_store_add(
		    s, &id, addr_of(op[2], raw), source, t->now_ms, NULL);
		break;
	case 2:
		(void)!peer_store_add(
		    s, NULL, addr_of(op[2], raw), op[3] % 2, t->now_ms, NULL);
		break;
	case 3:
		if (p != NULL && p->addrs != NULL)
			peer_store_proven(s, p, p->addrs, t->now_ms);
		break;
	case 4:
		if (p != NULL)
			(void)!peer_store_record(
			    s, p, op[2], slice_of(record, op[3] * 9U));
		break;
	case 5:
		if (p != NULL) {
			p->connected = op[2] & 1;
			p->fails = op[3];
		}
		break;
	case 6:
		if (p != NULL && op[2] & 1) {
			peer_store_drop(s, p);
		} else if (p != NULL && p->addrs != NULL) {
			p->addrs->fails = op[3];
			/* As the host does; never the operator's. */
			if (op[2] & 2 && p->addrs->dial == 0 &&
			    p->addrs->source > PEER_BOOTSTRAP)
				(void)peer_store_drop_addr(s, p, p->addrs);
		}
		break;
	case 7:
		t->now_ms += (uint64_t)op[2] << (op[3] % 24);
		peer_store_sweep(s, t->now_ms);
		break;
	default:
		for (uint32_t i = 0; i < peer_store_top(s); i++) {
			p = peer_store_at(s, i);
			if (p != NULL && p->id.n == 0) {
				p = peer_store_name(s, p, &id);
				ASSERT(peer_id_eq(&p->id, &id));
				break;
			}
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct test_env t;
	struct peer_store_limits limits = { .peers_max = 24,
		.addrs_max = 3,
		.per_source_max = 6,
		.per_net_max = 4,
		.bytes_max = 16 << 10 };
	bool in_use[PEERS], kept[PEERS];

	if (size > 4096)
		return 0;
	test_env_init(&t, 1);
	struct peer_store *s = peer_store_new(&limits, &t.env, &t.mem);
	ASSERT(s != NULL);
	for (; size >= 4; data += 4, size -= 4) {
		for (uint8_t i = 0; i < PEERS; i++) {
			const struct peer_id id = peer_of(i);
			const struct known_peer *p = peer_store_find(s, &id);
			in_use[i] = p != NULL && p->connected;
			kept[i] =
			    p != NULL && p->addrs != NULL && peer_store_kept(p);
		}
		step(s, &t, data);
		check(s, &limits);
		for (uint8_t i = 0; i < PEERS; i++) {
			const struct peer_id id = peer_of(i);
			const bool there = peer_store_find(s, &id) != NULL;
			ASSERT(there || !in_use[i]);
			/* Only whoever asks for it drops the operator's. */
			ASSERT(there || !kept[i] || data[0] % 9 == 6);
		}
	}
	peer_store_free(s);
	test_env_check(&t);
	return 0;
}
