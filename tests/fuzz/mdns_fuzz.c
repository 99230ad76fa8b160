/*
 * Whatever comes from the network as mDNS: it ends, addresses are sound and
 * name a peer, a machine that hears it stays within its bounds, and what is
 * found can be written and reads back.
 */
#include <stdlib.h>

#include "proto/libp2p/mdns.h"
#include "proto/libp2p/multiaddr.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_addresses(const struct mdns_packet *p)
{
	static struct mdns_packet again;

	ASSERT(p->addrs_n <= MDNS_ADDRS_MAX);
	ASSERT((p->addrs_n > 0) == (p->type == MDNS_ANSWER));
	for (uint32_t i = 0; i < p->addrs_n; i++) {
		const struct slice full = slice_of(p->addr[i], p->addr_n[i]);
		const struct slice addr = multiaddr_strip_peer(full);
		uint8_t raw[MDNS_SEND_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		struct peer_id id;
		ASSERT(multiaddr_check(full) == OK);
		ASSERT(multiaddr_peer(full, &id) == OK && addr.n > 0);
		/* Longer than a string may be: then it is left out. */
		if (mdns_put_answer(&b, false, "abcdefgh", &id, &addr, 1) != OK)
			continue;
		ASSERT(mdns_get(buf_slice(&b), &again) == OK);
		ASSERT(again.addrs_n == 1);
		ASSERT(
		    slice_eq(slice_of(again.addr[0], again.addr_n[0]), full));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mdns_packet p;
	const uint8_t pub[32] = { 1 };
	struct test_env t;
	struct mdns_event ev;
	unsigned found = 0;

	if (size > MDNS_PACKET_MAX)
		return 0;
	const err e = mdns_get(slice_of(data, size), &p);
	ASSERT(e == OK || e == ERR_PEER);
	if (e == OK)
		check_addresses(&p);
	test_env_init(&t, 1);
	const struct mdns_config cf = { .env = &t.env,
		.mem = &t.mem,
		.self = peer_id_of_ed25519(pub),
		.each_ms = 1000 };
	struct mdns *m = mdns_new(&cf, t.now_ms);
	ASSERT(m != NULL);
	mdns_recv(m, slice_of(data, size), t.now_ms);
	mdns_recv(m, slice_of(data, size), t.now_ms);
	while (mdns_next(m, &ev)) {
		found++;
		ASSERT(multiaddr_check(slice_of(ev.addr, ev.addr_n)) == OK);
	}
	ASSERT(found <= MDNS_ADDRS_MAX);
	mdns_free(m);
	test_env_check(&t);
	return 0;
}
