/*
 * mail/envelope.h: the payload of an envelope (kind 11, pv 1): one field
 * `sealed` of exactly 1024, 2048 or 4096 bytes, and nothing that tells for
 * whom it is. Who holds receive keys tries them all.
 *
 * What is sealed is u16be(n) || message, n bytes || zeros. The context binds
 * network and author, so that nobody can put another's sealed bytes under a
 * name of their own. SPEC.md, "Mail".
 */
#pragma once

#include "crypto/sealing.h"
#include "proto/base/arena.h"
#include "proto/record/names.h"

#define ENVELOPE_PV          1
#define ENVELOPE_HOURS       336 /* every envelope asks for this lifetime */
#define ENVELOPE_SEALED_MAX  4096
#define ENVELOPE_PLAIN_MAX   (ENVELOPE_SEALED_MAX - SEALING_OVERHEAD)
#define ENVELOPE_MESSAGE_MAX (ENVELOPE_PLAIN_MAX - 2)
#define ENVELOPE_PAYLOAD_MAX (ENVELOPE_SEALED_MAX + 8)
#define ENVELOPE_KEYS_MAX    4096 /* keys tried on one envelope, at most */
#define ENVELOPE_ID          32

/* A key that may open an envelope. */
struct envelope_key {
	uint8_t secret[X25519_SIZE];
	uint8_t pub[X25519_SIZE];
	uint8_t root[SEALING_ROOT]; /* zeros: a key that strangers know */
	uint8_t author[RECORD_AUTHOR];
	bool shared; /* ${secret} is X25519(its secret, first 32 bytes of what
			is opened): the secret itself is elsewhere */
	bool one_author; /* tried on envelopes of ${author} alone */
	uint64_t tag;    /* the caller's: whose key it is */
};

struct envelope_opened {
	size_t key; /* index of the key that opened it */
	uint8_t pub[X25519_SIZE];
	uint8_t root[SEALING_ROOT]; /* secret: the root that comes of it */
	uint8_t id[ENVELOPE_ID];    /* of the sealed bytes */
	uint8_t author[RECORD_AUTHOR];
	struct slice message; /* borrows the caller's memory */
};

/** envelope_class(message_n): 1024, 2048 or 4096; 0: too long for any. */
size_t envelope_class(size_t message_n);

/**
 * envelope_seal(out, message, net, author, to, root, ephemeral, next):
 * Pad and seal into the smallest class; ${out} has room for
 * ENVELOPE_SEALED_MAX and gets the sealed bytes appended. ${root} and ${next}
 * as in sealing_seal(). ERR_LIMIT: too long; ERR_AUTH: ${to} is of low order.
 */
NODISCARD err envelope_seal(struct buf *out, struct slice message,
    struct slice net, const uint8_t author[RECORD_AUTHOR],
    const uint8_t to[X25519_SIZE], const uint8_t root[SEALING_ROOT],
    const uint8_t ephemeral[X25519_SIZE], uint8_t next[SEALING_ROOT]);

/**
 * envelope_open(sealed, net, author, keys, n, plain, out):
 * Try at most ENVELOPE_KEYS_MAX keys, 60 to 80 microseconds each. ${plain}
 * has ENVELOPE_PLAIN_MAX bytes and holds the message afterwards; wipe it.
 * ERR_NOTFOUND: none of the keys opens it; ERR_FORM: not one of the three
 * sizes, or it opens and its padding is wrong; ERR_LIMIT: too many keys.
 */
NODISCARD err envelope_open(struct slice sealed, struct slice net,
    const uint8_t author[RECORD_AUTHOR], const struct envelope_key *keys,
    size_t n, uint8_t plain[ENVELOPE_PLAIN_MAX], struct envelope_opened *out);

/** envelope_id(id, sealed): BLAKE2b-256("ohcn-seal-id-v1"; sealed): what
 * tells that an envelope came before, whatever record it is in. */
void envelope_id(uint8_t id[ENVELOPE_ID], struct slice sealed);

/** envelope_payload(sealed, out): append the payload of the record. */
NODISCARD err envelope_payload(struct slice sealed, struct buf *out);

/** envelope_sealed(payload, arena, sealed): the field of a payload that fits
 * the schema; borrows it. ERR_FORM: it does not, or is not to be read. */
NODISCARD err envelope_sealed(
    struct slice payload, struct arena *arena, struct slice *sealed);
