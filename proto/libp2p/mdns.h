/*
 * mdns.h: finding libp2p peers on the local network without asking anybody:
 * multicast DNS in the record form of libp2p. Packets and time go in,
 * packets and peers come out; node/net/mdns.c has the sockets.
 *
 * What we say: a question for _p2p._udp.local; to such a question, and to
 * the service enumeration, an answer under a random name with our addresses
 * in TXT strings "dnsaddr=/ip4/.../p2p/ID". So everybody on the network can
 * read our peer id: see the README on mdns.mode.
 *
 * What we believe: nothing but that an address may be worth a try. Packets
 * come from anyone on the network and the source address can be forged, so
 * an answer costs us a bounded number of dials at most: few peers of a
 * packet, few addresses of a peer, and an address only once in a while.
 *
 * Spec: github.com/libp2p/specs, discovery/mdns.md; RFC 6762, RFC 6763.
 */
#pragma once

#include "proto/base/env.h"
#include "proto/base/mem.h"
#include "proto/libp2p/peer_id.h"

#define MDNS_PORT       5353
#define MDNS_GROUP_V4   "224.0.0.251"
#define MDNS_GROUP_V6   "ff02::fb"
#define MDNS_SERVICE    "_p2p._udp.local"
#define MDNS_PACKET_MAX 9000 /* bytes of one that we read: RFC 6762 17 */
#define MDNS_SEND_MAX   1232 /* bytes of one that we send */
#define MDNS_ADDRS_MAX  16   /* of ours; and taken from one packet */
#define MDNS_ADDR_MAX   200  /* binary bytes of one */
#define MDNS_NAME_MAX   40   /* of a peer's name, with zero */

/* ---- the bytes ---- */

enum mdns_packet_type {
	MDNS_OTHER,     /* not about libp2p */
	MDNS_QUERY,     /* who is there? */
	MDNS_ENUMERATE, /* which services are there? */
	MDNS_ANSWER,    /* with addresses */
};

struct mdns_packet {
	enum mdns_packet_type type;
	bool unicast; /* a question that wants its answer sent back to it */
	uint16_t id;  /* of a legacy question, to be repeated */
	uint32_t addrs_n;
	/* Binary multiaddrs with /p2p/ID at the end. */
	uint16_t addr_n[MDNS_ADDRS_MAX];
	uint8_t addr[MDNS_ADDRS_MAX][MDNS_ADDR_MAX];
};

/**
 * mdns_get(in, out):
 * Read a packet. Records that are not ours to read are skipped; addresses
 * that are too many, too long or malformed are left out. ERR_PEER: not DNS,
 * cut short, or names that run in circles.
 */
NODISCARD err mdns_get(struct slice in, struct mdns_packet *out);

/** mdns_put_query(out): a question for MDNS_SERVICE; ERR_MORE. */
NODISCARD err mdns_put_query(struct buf *out);

/**
 * mdns_put_answer(out, enumerate, name, id, addrs, n):
 * An answer for the peer ${name} (a label of 1..63), or to the enumeration.
 * Addresses are binary, without /p2p; those that do not fit are left out.
 * ERR_MORE: no room for any.
 */
NODISCARD err mdns_put_answer(struct buf *out, bool enumerate, const char *name,
    const struct peer_id *id, const struct slice *addrs, size_t n);

/* ---- the machine ---- */

struct mdns;

struct mdns_config {
	const struct env *env;
	struct mem *mem;
	struct peer_id self;
	bool silent;      /* ask, but answer nobody */
	uint32_t each_ms; /* between questions, once the first are asked */
};

/** mdns_new(cf, now_ms): asks at once, after 1 s and 3 s, then regularly. */
struct mdns *mdns_new(const struct mdns_config *cf, uint64_t now_ms);
void mdns_free(struct mdns *m);

/** mdns_addrs_set(m, addrs, n): ours, without /p2p; copied; too long: out. */
void mdns_addrs_set(struct mdns *m, const struct slice *addrs, size_t n);

/** mdns_changed(m, now_ms): the interfaces changed: ask and tell again. */
void mdns_changed(struct mdns *m, uint64_t now_ms);

/** mdns_recv(m, in, now_ms): a packet from the network; bad ones count. */
void mdns_recv(struct mdns *m, struct slice in, uint64_t now_ms);

/**
 * mdns_send(m, machine, out):
 * The next packet for every interface, appended to ${out} of at least
 * MDNS_SEND_MAX bytes; false: there is none. Call for each kind of interface
 * in turn: ${machine}: the loopback one, where loopback addresses count, and
 * they alone; mdns_sent() then drops the packet.
 */
bool mdns_send(const struct mdns *m, bool machine, struct buf *out);
void mdns_sent(struct mdns *m, uint64_t now_ms);

uint64_t mdns_expiry(const struct mdns *m);
void mdns_on_time(struct mdns *m, uint64_t now_ms);

struct mdns_event {
	struct peer_id id;
	uint16_t addr_n;
	uint8_t addr[MDNS_ADDR_MAX]; /* without /p2p */
};

/** mdns_next(m, ev): an address of a peer that is on the network. */
bool mdns_next(struct mdns *m, struct mdns_event *ev);

struct mdns_stats {
	uint64_t packets_in, bad, queries_in, answers_in;
	uint64_t queries_out, answers_out, dropped;
};
void mdns_stats(const struct mdns *m, struct mdns_stats *out);
