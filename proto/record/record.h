/*
 * record.h: the signed record: reading, judging and making it.
 *
 *   record = msgpack [ body: bin, sigtype: uint, sig: bin 64 ]
 *   body   = msgpack [ v, net, kind, author, region, slot, seq, expires,
 *                      flags, stamp, pv, payload ]
 *
 * The bytes are kept and passed on as they came; nothing is re-encoded. Every
 * check here is a pure function of the bytes, the network's name, the topic's
 * class and the time; what depends on other records (duplicate, stale,
 * revoked) is the store's. SPEC.md, "Record" and "Validation".
 */
#pragma once

#include "crypto/crypto.h"
#include "proto/base/arena.h"
#include "proto/record/names.h"
#include "proto/record/outcome.h"

#define RECORD_VERSION      1
#define RECORD_SIGTYPE      1 /* Ed25519 */
#define RECORD_BODY_MAX     16384
#define RECORD_BYTES_MAX    (RECORD_BODY_MAX + 80)
#define RECORD_FLAG_DELETED 1U
#define RECORD_FUTURE_S     600 /* a clock may be this far ahead */
#define RECORD_COUNTER_MAX  63  /* of seq's low byte */

enum stamp_type { STAMP_WORK = 1, STAMP_CERTIFICATE = 3 };
#define STAMP_WORK_BYTES 9 /* type, nonce 8 */
/* type, company key 32, its nonce 8, not after u32be hour, signature 64 */
#define STAMP_CERTIFICATE_BYTES 109

/* A record as read; all slices and pointers go into ${bytes}. */
struct record {
	struct slice bytes;
	struct slice body;
	struct slice net;
	struct slice stamp;   /* type byte and proof; empty on a revocation */
	struct slice payload; /* msgpack of a map */
	const uint8_t *author;
	const uint8_t *sig;
	uint64_t seq;       /* unix hour << 8 | counter */
	uint64_t expires_h; /* unix hour */
	uint64_t flags;
	uint64_t pv;
	uint32_t kind;
	uint32_t slot;
	char region[3]; /* "de", "zz" */
	bool opaque; /* not to be interpreted: open kind, unknown pv or key */
	/* What record_verify() will say of the payload, where that is known. */
	bool content_known;
	enum record_outcome content;
	uint8_t id[RECORD_ID];
};

/** record_hour(r): the unix hour in which it was made, says its author. */
static inline uint64_t
record_hour(const struct record *r)
{
	return r->seq >> 8;
}

static inline bool
record_deleted(const struct record *r)
{
	return (r->flags & RECORD_FLAG_DELETED) != 0;
}

/* What a record is judged against. */
struct record_rules {
	struct slice net;
	uint64_t now_s;      /* seconds since 1970, UTC */
	uint32_t class_mask; /* 1 << class that the topic carries; 0: any */
};

/* Scratch memory that the functions below need; they reset it. */
#define RECORD_SCRATCH_BYTES (336 * 1024)

/** record_id_of(body, id): the hash that names a record with this body. */
void record_id_of(struct slice body, uint8_t id[RECORD_ID]);

/**
 * record_open(bytes, rules, scratch, r):
 * The checks up to the id, cheapest first: size, shape, canonical form,
 * version, net, kind, class, slot, times. RECORD_FINE: ${r} is filled
 * (${opaque} if record_verify() agrees) and borrows ${bytes}; else the outcome.
 */
NODISCARD enum record_outcome record_open(struct slice bytes,
    const struct record_rules *rules, struct arena *scratch, struct record *r);

/**
 * record_read(bytes, scratch, r):
 * As record_open() without the checks of net, class and clock: for records
 * that were judged before and come from our own store.
 */
NODISCARD enum record_outcome record_read(
    struct slice bytes, struct arena *scratch, struct record *r);

/**
 * record_verify(r, scratch):
 * The rest: stamp, signature, payload. Sets ${r}->opaque. The signature
 * dominates (50 microseconds); safe on any thread with a scratch of its own.
 */
NODISCARD enum record_outcome record_verify(
    struct record *r, struct arena *scratch);

/**
 * record_beats(a_seq, a_id, b_seq, b_id):
 * Of two records in one slot, does a win over b? Larger seq, then smaller id.
 */
bool record_beats(uint64_t a_seq, const uint8_t a_id[RECORD_ID], uint64_t b_seq,
    const uint8_t b_id[RECORD_ID]);

/**
 * record_next_seq(now_s, last_seq):
 * The seq of the next record in a slot whose last one had ${last_seq} (0:
 * none). 0: the slot's 64 changes of this hour are used up, wait.
 */
uint64_t record_next_seq(uint64_t now_s, uint64_t last_seq);

/* What an author says; record_make() writes and signs it. */
struct record_draft {
	struct slice net;
	uint32_t kind;
	const char *region; /* "de" */
	uint32_t slot;
	uint64_t seq;
	uint64_t expires_h;
	uint64_t flags;
	struct slice stamp; /* from stamp_put(); empty on a revocation */
	uint64_t pv;
	struct slice payload; /* canonical msgpack of a map */
};

/**
 * record_make(d, pub, secret, out):
 * Append the signed record to ${out}; RECORD_BYTES_MAX is always enough.
 * It writes what it is told: judge it with record_open() and record_verify()
 * before publishing. ERR_MORE: no room.
 */
NODISCARD err record_make(const struct record_draft *d,
    const uint8_t pub[ED25519_PUBLIC], const uint8_t secret[ED25519_SECRET],
    struct buf *out);

/*
 * Who has the secret: it gets what is to be signed and judges by itself
 * whether that is a thing to sign; any error of it ends the call.
 */
struct record_signing {
	const uint8_t *pub; /* of the author; borrowed */
	err (*sign)(void *ctx, struct slice bytes, uint8_t sig[ED25519_SIG]);
	void *ctx;
};

/** record_make_with(d, s, out): record_make() for a key that is elsewhere. */
NODISCARD err record_make_with(const struct record_draft *d,
    const struct record_signing *s, struct buf *out);

/**
 * record_body_sign(body, net, secret, scratch, sig):
 * The other side of it: ERR_FORM if ${body} is not canonical, of another
 * network, or of another author than ${secret}'s. ${scratch} has
 * RECORD_SCRATCH_BYTES.
 */
NODISCARD err record_body_sign(struct slice body, struct slice net,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    uint8_t sig[ED25519_SIG]);

/**
 * record_certificate_sign(net, one_time, not_after_h, secret, sig):
 * A company's word for a one-time key: SPEC.md, 6, type 3.
 */
void record_certificate_sign(struct slice net,
    const uint8_t one_time[ED25519_PUBLIC], uint32_t not_after_h,
    const uint8_t secret[ED25519_SECRET], uint8_t sig[ED25519_SIG]);

/** stamp_put(nonce, out): the stamp field of type 1. */
void stamp_put(const uint8_t nonce[8], uint8_t out[STAMP_WORK_BYTES]);
