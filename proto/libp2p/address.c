#include "proto/libp2p/address.h"

bool
address_ip(struct slice addr, struct multiaddr_ip *out)
{
	return multiaddr_front_ip(addr, out) == OK;
}

/* What stands before "/p2p/RELAY/p2p-circuit"; false: it is no circuit. */
static bool
relay_part(struct slice addr, struct slice *relay)
{
	const uint8_t *begin = addr.p;
	struct multiaddr_part part;

	for (;;) {
		const uint8_t *at = addr.p;
		if (multiaddr_next(&addr, &part) != OK)
			return false;
		if (part.code == MULTIADDR_P2P_CIRCUIT) {
			*relay = slice_of(begin, (size_t)(at - begin));
			return true;
		}
	}
}

enum address_kind
address_kind(struct slice addr)
{
	struct multiaddr_route route;
	struct slice relay;
	struct peer_id id;
	const bool circuit = relay_part(addr, &relay);

	if (multiaddr_check(addr) != OK || reach_of(addr) == REACH_NOWHERE ||
	    multiaddr_route(circuit ? relay : addr, &route) != OK ||
	    route.port == 0)
		return ADDRESS_OTHER;
	if (circuit)
		return multiaddr_peer(relay, &id) == OK ? ADDRESS_CIRCUIT
							: ADDRESS_OTHER;
	return route.websocket ? ADDRESS_WEBSOCKET : ADDRESS_TCP;
}

unsigned
address_rank(struct slice addr)
{
	const enum address_kind kind = address_kind(addr);
	const enum reach reach = reach_of(addr);

	return (unsigned)kind * 4 + (unsigned)reach;
}

bool
address_same(const struct multiaddr_ip *a, const struct multiaddr_ip *b,
    enum address_scope scope)
{
	static const uint8_t bytes[2][3] = { { 4, 3, 2 }, { 8, 6, 4 } };

	return a->v6 == b->v6 &&
	       memcmp(a->ip, b->ip, bytes[a->v6 ? 1 : 0][scope]) == 0;
}
