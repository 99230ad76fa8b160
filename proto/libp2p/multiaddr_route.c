#include <stdio.h>

#include "proto/base/text.h"
#include "proto/libp2p/multiaddr.h"

/* The host and the port with which the address begins. */
static err
take_host(struct slice *addr, struct multiaddr_route *out)
{
	struct multiaddr_part host, tcp;

	TRY(multiaddr_next(addr, &host));
	if (host.code == MULTIADDR_ONION3) {
		char text[64];
		TRY(base32_put(text, sizeof(text),
		    slice_of(host.value.p, MULTIADDR_ONION3_KEY)));
		(void)snprintf(
		    out->name, sizeof(out->name), "%.56s.onion", text);
		out->host = MULTIADDR_HOST_ONION;
		out->port = get_u16be(host.value.p + MULTIADDR_ONION3_KEY);
		return OK;
	}
	if (host.code == MULTIADDR_IP4 || host.code == MULTIADDR_IP6) {
		out->host = MULTIADDR_HOST_IP;
		out->ip.v6 = host.code == MULTIADDR_IP6;
		memcpy(out->ip.ip, host.value.p, host.value.n);
	} else if (host.code == MULTIADDR_DNS || host.code == MULTIADDR_DNS4 ||
		   host.code == MULTIADDR_DNS6) {
		out->host = MULTIADDR_HOST_NAME;
		out->dns.name = host.value;
		out->dns.v4 = host.code != MULTIADDR_DNS6;
		out->dns.v6 = host.code != MULTIADDR_DNS4;
	} else {
		return ERR_NOTFOUND;
	}
	TRY(multiaddr_next(addr, &tcp));
	if (tcp.code != MULTIADDR_TCP)
		return ERR_NOTFOUND;
	out->port = out->ip.port = out->dns.port = get_u16be(tcp.value.p);
	return OK;
}

/* "/ws", "/wss", "/tls/ws", "/tls/sni/NAME/ws": in this order alone. */
static err
take_websocket(struct slice *addr, struct multiaddr_route *out)
{
	struct slice rest = *addr;
	struct multiaddr_part part;

	if (multiaddr_next(&rest, &part) != OK || part.code == MULTIADDR_P2P)
		return OK;
	if (part.code == MULTIADDR_TLS) {
		out->tls = true;
		TRY(multiaddr_next(&rest, &part));
		if (part.code == MULTIADDR_SNI)
			TRY(multiaddr_next(&rest, &part));
	} else if (part.code == MULTIADDR_WSS) {
		out->tls = out->websocket = true;
	}
	if (part.code == MULTIADDR_WS)
		out->websocket = true;
	*addr = rest;
	return out->websocket ? OK : ERR_NOTFOUND;
}

err
multiaddr_route(struct slice addr, struct multiaddr_route *out)
{
	struct multiaddr_part part;

	*out = (struct multiaddr_route){ .host = MULTIADDR_HOST_IP };
	TRY(multiaddr_check(addr));
	TRY(take_host(&addr, out));
	TRY(take_websocket(&addr, out));
	if (addr.n == 0)
		return OK;
	TRY(multiaddr_next(&addr, &part));
	return part.code == MULTIADDR_P2P && addr.n == 0 ? OK : ERR_NOTFOUND;
}

err
multiaddr_front_ip(struct slice addr, struct multiaddr_ip *out)
{
	struct multiaddr_route route;

	TRY(multiaddr_route(addr, &route));
	if (route.host != MULTIADDR_HOST_IP)
		return ERR_NOTFOUND;
	*out = route.ip;
	return OK;
}

err
multiaddr_put_ws(struct buf *out)
{
	static const uint8_t ws[] = { 0xdd, 0x03 }; /* varint of 477 */

	return buf_put(out, ws, sizeof(ws));
}
