/*
 * kad_message.h: the one message of Kademlia, and the contacts in it: who a
 * peer is and a few addresses. The bytes alone; kad.h speaks them.
 *
 * A contact is small on purpose: at most KAD_ADDRS_MAX addresses in
 * KAD_ADDRS_BYTES, so that what strangers tell has a known cost, and a whole
 * answer always fits into the 16 KiB that rust-libp2p takes.
 *
 * Values (PUT_VALUE, GET_VALUE) are neither read nor written: the record
 * field is skipped like an unknown one.
 *
 * Spec: github.com/libp2p/specs, kad-dht, "RPC messages".
 */
#pragma once

#include "proto/base/mem.h"
#include "proto/libp2p/peer_id.h"

#define KAD_MESSAGE_MAX 16384 /* bytes, without the length prefix */
#define KAD_KEY_MAX     128   /* bytes of a key that we accept */
#define KAD_ADDRS_MAX   4     /* addresses of a contact */
#define KAD_ADDRS_BYTES 192   /* of all of them, a length byte each */
#define KAD_CLOSER_MAX  20    /* contacts of either kind in a message */

enum kad_type {
	KAD_PUT_VALUE,
	KAD_GET_VALUE,
	KAD_ADD_PROVIDER,
	KAD_GET_PROVIDERS,
	KAD_FIND_NODE,
	KAD_PING,
};

struct kad_contact {
	struct peer_id id;
	bool connected; /* the one who tells it has a connection to it */
	uint8_t addrs_n;
	uint8_t used; /* bytes of ${addrs} */
	uint8_t addrs[KAD_ADDRS_BYTES];
};

/**
 * kad_contact_add(c, addr):
 * Keep one more binary address, without a trailing /p2p/ID of its own.
 * false: malformed, there already, the id at its end is another peer's, or
 * it is one too many.
 */
bool kad_contact_add(struct kad_contact *c, struct slice addr);

/** kad_contact_addr(c, i): the i-th address, i < addrs_n. */
struct slice kad_contact_addr(const struct kad_contact *c, uint32_t i);

struct kad_message {
	uint32_t type; /* enum kad_type, or what the peer said */
	struct slice key;
	uint32_t closer_n, providers_n;
	struct kad_contact closer[KAD_CLOSER_MAX];
	struct kad_contact providers[KAD_CLOSER_MAX];
};

/**
 * kad_message_get(in, mem, out, key):
 * Read one message without its length prefix; ${key} receives a copy of the
 * key, to which out->key points. Contacts after the first KAD_CLOSER_MAX,
 * those whose id is malformed, and addresses that do not fit or that we
 * cannot read are left out. ${mem}: 64 KiB for the time of the call.
 * ERR_PEER: malformed; ERR_LIMIT: too long, too many parts, or no memory.
 */
NODISCARD err kad_message_get(struct slice in, struct mem *mem,
    struct kad_message *out, uint8_t key[KAD_KEY_MAX]);

/**
 * kad_message_put(out, m): append with its length prefix; at most
 * KAD_MESSAGE_MAX bytes behind it. ERR_MORE: no room in ${out}.
 */
NODISCARD err kad_message_put(struct buf *out, const struct kad_message *m);
