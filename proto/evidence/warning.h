/*
 * warning.h: a warning list: keys that somebody advises against, with
 * reasons, signed by who says so. A file that is handed over, never a record:
 * whoever imports one chose to, and nobody follows it further.
 *
 *   list = msgpack [ body: bin, sigtype: uint = 1, sig: bin 64 ]
 *   id   = BLAKE2b-256("ohcn-warn-id-v1"; body)
 *   sig  = Ed25519 by the issuer over pad16("ohcn-warning-v1") || len(net)
 *                  || net || id
 *
 * It is the word of one key and no evidence: it enters no score and no trust.
 * Pure, no allocation. SPEC.md, "Warning lists".
 */
#pragma once

#include "crypto/crypto.h"
#include "proto/base/arena.h"
#include "proto/evidence/fault.h"
#include "proto/record/value.h"

#define WARNING_BYTES_MAX 8320
#define WARNING_BODY_MAX  8192
#define WARNING_ENTRIES   128
#define WARNING_TITLE     120
#define WARNING_TEXT      200
#define WARNING_VALID_H   9600 /* 400 days: a list is renewed or forgotten */
#define WARNING_ID        32

enum warning_reason {
	WARNING_IMPERSONATION = 1,
	WARNING_BROKEN_PLEDGES = 2,
	WARNING_FAKE_OUTCOMES = 3,
	WARNING_FRAUD = 4,
	WARNING_SPAM = 5,
	WARNING_HARASSMENT = 6,
	WARNING_OTHER = 7,
};
#define WARNING_REASONS 7

struct warning_entry {
	const uint8_t *key; /* 32, borrowed */
	uint8_t reason;     /* enum warning_reason */
	uint32_t since_h;   /* 0: not told */
	struct slice text;  /* may be empty; borrowed */
};

struct warning_list {
	uint8_t id[WARNING_ID];
	uint8_t issuer[ED25519_PUBLIC];
	uint32_t made_h, expires_h;
	struct slice title; /* borrowed */
	size_t entries_n;
	struct warning_entry entries[WARNING_ENTRIES]; /* ascending by key */
};

/** warning_reason_name(r): "broken-pledges"; NULL: none. */
const char *warning_reason_name(unsigned r);
/** warning_reason_find(name): 0: none. */
unsigned warning_reason_find(const char *name);

/* Scratch for the functions below; they reset it. */
#define WARNING_SCRATCH_BYTES VALUE_ARENA_BYTES

/**
 * warning_open(bytes, net, now_s, scratch, out):
 * Judge a list from anybody; the first fault is the outcome, in the order of
 * SPEC. ${now_s} 0: times are not compared with the clock. ${out} borrows
 * ${bytes}.
 */
NODISCARD enum evidence_fault warning_open(struct slice bytes, struct slice net,
    uint64_t now_s, struct arena *scratch, struct warning_list *out);

/**
 * warning_body_write(l, net, out):
 * Append the body. Entries are taken in ascending order of keys. ERR_FORM:
 * a key twice or out of order, or a field that does not fit; ERR_MORE.
 */
NODISCARD err warning_body_write(
    const struct warning_list *l, struct slice net, struct buf *out);

/**
 * warning_body_sign(body, net, secret, scratch, sig):
 * ERR_FORM: it is no body that warning_open() takes, of another network, or
 * names another issuer than the key of ${secret}.
 */
NODISCARD err warning_body_sign(struct slice body, struct slice net,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    uint8_t sig[ED25519_SIG]);

/** warning_join(body, sig, out): append the list. ERR_MORE. */
NODISCARD err warning_join(
    struct slice body, const uint8_t sig[ED25519_SIG], struct buf *out);
