/*
 * multiaddr.h: addresses that say how to reach a peer, protocol by protocol:
 * "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW...". On the wire and in memory an
 * address is its binary form, a plain slice; text is for people and files.
 *
 * Only the protocols of enum multiaddr_code are known; an address with any
 * other is malformed here, since its length cannot be told.
 * Spec: github.com/multiformats/multiaddr; codes: multicodec table.
 */
#pragma once

#include "proto/libp2p/peer_id.h"

#define MULTIADDR_MAX      512  /* bytes of a binary address we accept */
#define MULTIADDR_TEXT_MAX 2048 /* characters of its text, with zero */

enum multiaddr_code {
	MULTIADDR_IP4 = 4,
	MULTIADDR_TCP = 6,
	MULTIADDR_IP6 = 41,
	MULTIADDR_IP6ZONE = 42,
	MULTIADDR_IPCIDR = 43,
	MULTIADDR_DNS = 53,
	MULTIADDR_DNS4 = 54,
	MULTIADDR_DNS6 = 55,
	MULTIADDR_DNSADDR = 56,
	MULTIADDR_UDP = 273,
	MULTIADDR_WEBRTC_DIRECT = 280,
	MULTIADDR_P2P_CIRCUIT = 290,
	MULTIADDR_UNIX = 400,
	MULTIADDR_P2P = 421,
	MULTIADDR_ONION3 = 445,
	MULTIADDR_TLS = 448,
	MULTIADDR_SNI = 449,
	MULTIADDR_NOISE = 454,
	MULTIADDR_QUIC = 460,
	MULTIADDR_QUIC_V1 = 461,
	MULTIADDR_WEBTRANSPORT = 465,
	MULTIADDR_CERTHASH = 466,
	MULTIADDR_WS = 477,
	MULTIADDR_WSS = 478,
	MULTIADDR_HTTP_PATH = 481,
	MULTIADDR_MEMORY = 777,
};

/* One protocol of an address; the value borrows from the address. */
struct multiaddr_part {
	enum multiaddr_code code;
	struct slice value; /* without its length prefix; ports big-endian */
};

/**
 * multiaddr_next(addr, out):
 * Take the first part off ${addr}. OK; ERR_NOTFOUND: ${addr} is empty;
 * ERR_FORM: malformed, cut short, or of an unknown protocol.
 */
NODISCARD err multiaddr_next(struct slice *addr, struct multiaddr_part *out);

/** multiaddr_check(addr): ERR_FORM unless 1..MULTIADDR_MAX sound bytes. */
NODISCARD err multiaddr_check(struct slice addr);

/**
 * multiaddr_get(text, out):
 * Text to binary, appended to ${out}. "/ipfs/" is read as "/p2p/"; one
 * trailing slash is accepted. ERR_FORM; ERR_MORE: no room; either leaves
 * ${out} as it was.
 */
NODISCARD err multiaddr_get(struct slice text, struct buf *out);

/**
 * multiaddr_put(out, cap, addr):
 * Binary to text, zero-terminated. ERR_FORM; ERR_MORE: more than ${cap};
 * ${out} is then "". What it prints, multiaddr_get() reads back as ${addr}.
 */
NODISCARD err multiaddr_put(char *out, size_t cap, struct slice addr);

/* Where to point a TCP socket. */
struct multiaddr_ip {
	bool v6;
	uint8_t ip[16]; /* the first 4 for IPv4 */
	uint16_t port;
};

/**
 * multiaddr_ip_tcp(addr, out):
 * Of "/ip4|ip6/.../tcp/N" with at most a "/p2p/ID" behind. ERR_NOTFOUND:
 * an address of another kind (WebSocket, QUIC, relay, a name); ERR_FORM.
 */
NODISCARD err multiaddr_ip_tcp(struct slice addr, struct multiaddr_ip *out);

/** multiaddr_put_ip_tcp(out, ip): append "/ip4|ip6/.../tcp/N"; ERR_MORE. */
NODISCARD err multiaddr_put_ip_tcp(
    struct buf *out, const struct multiaddr_ip *ip);

/* A name that has to be looked up before a TCP socket can be opened. */
struct multiaddr_dns {
	struct slice name; /* borrows from the address */
	bool v4, v6;       /* families that are wanted */
	uint16_t port;
};

/**
 * multiaddr_dns_tcp(addr, out):
 * Of "/dns|dns4|dns6/NAME/tcp/N" with at most a "/p2p/ID" behind.
 * ERR_NOTFOUND: another kind; ERR_FORM.
 */
NODISCARD err multiaddr_dns_tcp(struct slice addr, struct multiaddr_dns *out);

#define MULTIADDR_ONION3_KEY 35 /* bytes of /onion3 before the port */

/* How to open a byte stream to an address, beyond a bare TCP socket. */
enum multiaddr_host {
	MULTIADDR_HOST_IP,
	MULTIADDR_HOST_NAME,  /* to be looked up, or left to a proxy */
	MULTIADDR_HOST_ONION, /* by a SOCKS proxy alone */
};

struct multiaddr_route {
	enum multiaddr_host host;
	struct multiaddr_ip ip;   /* HOST_IP */
	struct multiaddr_dns dns; /* HOST_NAME; borrows from the address */
	char name[64];            /* HOST_ONION: "....onion" */
	uint16_t port;
	bool tls; /* "/tls/ws" and "/wss": WebSocket within TLS */
	bool websocket;
};

/**
 * multiaddr_route(addr, out):
 * Of "/ip4|ip6|dns|dns4|dns6/X/tcp/N" or "/onion3/X:N", then nothing, "/ws",
 * "/tls/ws", "/tls/sni/NAME/ws" or "/wss", then at most a "/p2p/ID".
 * ERR_NOTFOUND: an address of another kind (QUIC, a relay's); ERR_FORM.
 */
NODISCARD err multiaddr_route(struct slice addr, struct multiaddr_route *out);

/**
 * multiaddr_front_ip(addr, out): the IP address and TCP port of a route, with
 * or without WebSocket: for limits per address. ERR_NOTFOUND; ERR_FORM.
 */
NODISCARD err multiaddr_front_ip(struct slice addr, struct multiaddr_ip *out);

/** multiaddr_put_ws(out): append "/ws"; ERR_MORE. */
NODISCARD err multiaddr_put_ws(struct buf *out);

/** multiaddr_is_loopback(ip): 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104. */
bool multiaddr_is_loopback(const struct multiaddr_ip *ip);

/**
 * multiaddr_peer(addr, out): the id of a trailing "/p2p/ID"; ERR_NOTFOUND:
 * there is none at the end; ERR_FORM.
 */
NODISCARD err multiaddr_peer(struct slice addr, struct peer_id *out);

/** multiaddr_strip_peer(addr): without a trailing "/p2p/ID", if any. */
struct slice multiaddr_strip_peer(struct slice addr);

/** multiaddr_put_peer(out, id): append "/p2p/ID"; ERR_MORE. */
NODISCARD err multiaddr_put_peer(struct buf *out, const struct peer_id *id);
