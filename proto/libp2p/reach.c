#include "proto/libp2p/reach.h"

/* The IP address at the front; the port is left alone. */
static err
front_ip(struct slice addr, struct multiaddr_ip *out)
{
	struct multiaddr_part part;

	*out = (struct multiaddr_ip){ 0 };
	TRY(multiaddr_next(&addr, &part));
	if (part.code == MULTIADDR_IP6ZONE)
		TRY(multiaddr_next(&addr, &part));
	if (part.code != MULTIADDR_IP4 && part.code != MULTIADDR_IP6)
		return ERR_NOTFOUND;
	out->v6 = part.code == MULTIADDR_IP6;
	memcpy(out->ip, part.value.p, MIN(part.value.n, sizeof(out->ip)));
	return OK;
}

static bool
is_mapped(const struct multiaddr_ip *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return a->v6 && memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}

static enum reach
reach_v4(const uint8_t ip[4])
{
	if (ip[0] == 0 || ip[0] >= 224)
		return REACH_NOWHERE;
	if (ip[0] == 127)
		return REACH_MACHINE;
	if (ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	    (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
	    (ip[0] == 100 && (ip[1] & 0xc0) == 64))
		return REACH_SITE;
	return REACH_WORLD;
}

enum reach
reach_of_ip(const struct multiaddr_ip *a)
{
	static const uint8_t zero[15];

	if (!a->v6)
		return reach_v4(a->ip);
	if (is_mapped(a))
		return reach_v4(a->ip + 12);
	if (memcmp(a->ip, zero, sizeof(zero)) == 0)
		return a->ip[15] == 1 ? REACH_MACHINE : REACH_NOWHERE;
	if (a->ip[0] == 0xff)
		return REACH_NOWHERE;
	/* fc00::/7, fe80::/10, and fec0::/10 that some still route */
	if ((a->ip[0] & 0xfe) == 0xfc ||
	    (a->ip[0] == 0xfe && (a->ip[1] & 0x80) != 0))
		return REACH_SITE;
	return REACH_WORLD;
}

enum reach
reach_of(struct slice addr)
{
	struct multiaddr_ip ip;

	const err e = front_ip(addr, &ip);

	if (e == OK)
		return reach_of_ip(&ip);
	/* An empty address is not found either. */
	return e == ERR_NOTFOUND && addr.n > 0 ? REACH_WORLD : REACH_NOWHERE;
}

static bool
is_circuit(struct slice addr)
{
	struct multiaddr_part part;

	while (multiaddr_next(&addr, &part) == OK)
		if (part.code == MULTIADDR_P2P_CIRCUIT)
			return true;
	return false;
}

bool
reach_may_name(struct slice from, struct slice addr)
{
	struct multiaddr_ip ip;
	/* Who comes through a relay of ours is not where the relay is. */
	const enum reach near = !is_circuit(from) && front_ip(from, &ip) == OK
				    ? reach_of_ip(&ip)
				    : REACH_WORLD;
	const enum reach far = reach_of(addr);

	return far != REACH_NOWHERE && far >= near;
}

reach_group
reach_group_of(struct slice addr)
{
	struct multiaddr_ip a;

	if (front_ip(addr, &a) != OK)
		return 0;
	/* The top byte tells the families apart. */
	if (!a.v6 || is_mapped(&a))
		return (uint64_t)4 << 56 |
		       get_u32be(a.v6 ? a.ip + 12 : a.ip) >> 8;
	return (uint64_t)6 << 56 | get_u64be(a.ip) >> 8;
}
