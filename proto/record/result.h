/*
 * result.h: what an external assessor states about a person, signed:
 * for whom, in which assessment, which levels, until when. It goes from the
 * assessor to the person and is never gossiped.
 *
 *   result = canonical msgpack [ statement: bin, sigtype: uint, sig: bin 64 ]
 *
 * SPEC: "Signed results".
 */
#pragma once

#include "crypto/crypto.h"
#include "proto/base/arena.h"
#include "proto/record/record.h"

#define RESULT_LEVELS_MAX     32
#define RESULT_LEVEL_MAX      5
#define RESULT_CONFIDENCE_MAX 1000
#define ASSESS_RESULT_MAX     2048 /* bytes of a signed result */
#define ASSESS_NONCE          16
#define ASSESS_RESULT_HOURS   9600 /* it says no more than so many */

struct assess_stated {
	uint64_t term;
	uint8_t level;       /* 0..5 */
	uint16_t confidence; /* in thousandths; 0: not told */
};

struct assess_result {
	char net[NET_MAX + 1];
	uint8_t assessor[ED25519_PUBLIC]; /* who signs */
	uint8_t author[RECORD_AUTHOR];    /* of the assessment's record */
	uint32_t slot;                    /* of it */
	uint8_t person[ED25519_PUBLIC];
	uint64_t taken_h, expires_h; /* unix hours */
	uint8_t nonce[ASSESS_NONCE]; /* random: tells two results apart */
	uint16_t levels_n;
	struct assess_stated levels[RESULT_LEVELS_MAX];
};

/**
 * assess_result_sign(r, secret, out):
 * Append the signed result; ${r}->assessor is the public key of ${secret}.
 * ERR_FORM: it is not one that assess_result_read() takes; ERR_MORE: ${out}
 * has no room for ASSESS_RESULT_MAX.
 */
NODISCARD err assess_result_sign(const struct assess_result *r,
    const uint8_t secret[ED25519_SECRET], struct buf *out);

/** assess_result_sign_with(r, s, out): for a key that is elsewhere. */
NODISCARD err assess_result_sign_with(const struct assess_result *r,
    const struct record_signing *s, struct buf *out);

/**
 * assess_statement_sign(statement, net, secret, scratch, sig):
 * The other side of it: ERR_FORM if ${statement} is not canonical, of another
 * network, or names another assessor than ${secret}'s key.
 */
NODISCARD err assess_statement_sign(struct slice statement, struct slice net,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    uint8_t sig[ED25519_SIG]);

/**
 * assess_result_read(bytes, arena, out, id):
 * Its form and its signature by the assessor it names; ${id} (32 bytes) names
 * the result. ERR_FORM: not a result; ERR_AUTH: the signature is not right.
 */
NODISCARD err assess_result_read(struct slice bytes, struct arena *arena,
    struct assess_result *out, uint8_t id[RECORD_ID]);

#define ANSWER_SALT 16
#define ANSWER_HASH 16

/** answer_hash(out, salt, item, answer): what hides the key of an item. */
void answer_hash(uint8_t out[ANSWER_HASH], const uint8_t salt[ANSWER_SALT],
    unsigned item, int64_t answer);
