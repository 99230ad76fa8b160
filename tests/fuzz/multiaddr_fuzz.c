/*
 * As bytes: what is accepted prints, and reads back as the same bytes. As
 * text: what is accepted prints in a form that reads back as the same bytes.
 */
#include "proto/libp2p/multiaddr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
round_trip(struct slice addr)
{
	uint8_t raw[MULTIADDR_MAX];
	char text[MULTIADDR_TEXT_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	ASSERT(multiaddr_put(text, sizeof(text), addr) == OK);
	ASSERT(multiaddr_get(slice_str(text), &b) == OK);
	ASSERT(slice_eq(buf_slice(&b), addr));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice in = slice_of(data, size);
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct multiaddr_ip ip;
	struct multiaddr_dns dns;
	struct multiaddr_route route;
	struct peer_id id;

	if (multiaddr_check(in) == OK) {
		round_trip(in);
		const struct slice bare = multiaddr_strip_peer(in);
		ASSERT((multiaddr_peer(in, &id) == OK) == (bare.n < in.n));
		ASSERT(multiaddr_ip_tcp(in, &ip) != OK ||
		       multiaddr_dns_tcp(in, &dns) != OK);
		const bool routed = multiaddr_route(in, &route) == OK;
		ASSERT(multiaddr_ip_tcp(in, &ip) != OK ||
		       (routed && !route.websocket));
		ASSERT(multiaddr_dns_tcp(in, &dns) != OK ||
		       (routed && !route.websocket));
	}
	if (multiaddr_get(in, &b) == OK)
		round_trip(buf_slice(&b));
	return 0;
}
