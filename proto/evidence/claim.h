/*
 * claim.h: facts about oneself behind one hash, shown one by one. A claim is
 * a name and a value; up to 64 of them are the leaves of a Merkle tree, each
 * with a secret salt, filled up with decoys and shuffled. Who sees the root
 * and some leaves learns nothing of the others, not even of a yes or no.
 *
 * Everything of a tree follows from the persona's claim secret
 * (persona_claim_secret() of crypto/keys.h) and a tree id; make a new random
 * tree id for each verifier, and no two of them can compare roots.
 * SPEC.md, "Evidence", "Claims".
 *
 * A root says nothing about truth: it is the holder's word, unless an issuer
 * put it into a credential (`claims`).
 */
#pragma once

#include "proto/base/arena.h"
#include "proto/evidence/evidence.h"
#include "proto/evidence/fault.h"
#include "proto/record/value.h"

#define CLAIM_LEAVES    64
#define CLAIM_TREE_ID   16
#define CLAIM_NAME      64   /* bytes of a name, 1..64 */
#define CLAIM_BYTES     2100 /* of a leaf's canonical [name, value] */
#define CLAIM_DEPTH_MIN 4    /* 16 leaves */
#define CLAIM_DEPTH_MAX 6    /* 64 leaves */
#define CLAIM_RANGE_MAX 1000

struct claim {
	struct slice name;  /* text */
	struct slice value; /* canonical msgpack of any value */
};

/* Wipe it after use: it holds the salts' key. */
struct claim_tree {
	uint8_t id[CLAIM_TREE_ID];
	uint8_t key[32]; /* secret */
	unsigned depth;
	uint8_t place[CLAIM_LEAVES];        /* claim number -> position */
	uint8_t node[2 * CLAIM_LEAVES][32]; /* [1] top; [2i], [2i+1] below i */
	uint8_t root[32];
};

/**
 * claim_tree_key(out, secret, id): all of one tree follows from its key, and
 * nothing of another one. Whoever has no claim secret, since it stays with
 * the seed, or issues a tree to somebody else, has only keys.
 */
void claim_tree_key(
    uint8_t out[32], const uint8_t secret[32], const uint8_t id[CLAIM_TREE_ID]);

/**
 * claim_tree_build(t, secret, id, claims, n):
 * n is 1..64. ERR_LIMIT: more, or a name or value that is empty or too long;
 * ERR_FORM: none. Whether names and values are canonical shows when they are
 * presented. Equal arguments give equal trees, byte for byte.
 */
NODISCARD err claim_tree_build(struct claim_tree *t, const uint8_t secret[32],
    const uint8_t id[CLAIM_TREE_ID], const struct claim *claims, size_t n);

/**
 * claim_range_write(secret, id, number, value, max, out):
 * Append the value of claim ${number} (its index in the array that goes to
 * claim_tree_build()) that commits to a number 0..max, max <= 1000, so that
 * "at least" and "at most" can be shown without it. 80 bytes are enough.
 * ERR_FORM: value > max > 1000.
 */
NODISCARD err claim_range_write(const uint8_t secret[32],
    const uint8_t id[CLAIM_TREE_ID], unsigned number, uint32_t value,
    uint32_t max, struct buf *out);

/* The same two of a tree whose key is known. */
NODISCARD err claim_tree_build_keyed(struct claim_tree *t,
    const uint8_t key[32], const uint8_t id[CLAIM_TREE_ID],
    const struct claim *claims, size_t n);
NODISCARD err claim_range_write_keyed(const uint8_t key[32],
    const uint8_t id[CLAIM_TREE_ID], unsigned number, uint32_t value,
    uint32_t max, struct buf *out);

#define PRESENTATION_MAX           3072 /* bytes; several may show one tree */
#define PRESENTATION_CLAIMS        16
#define PRESENTATION_NONCE         16
#define PRESENTATION_SCRATCH_BYTES (VALUE_ARENA_BYTES + 16 * 1024)

enum claim_side { CLAIM_AT_LEAST = 1, CLAIM_AT_MOST = 2 };

/*
 * What is to be shown of the claim with that number. A range claim may stand
 * twice, once for each side; both with one bound show the number itself.
 */
struct claim_choice {
	unsigned number;
	/* A bound on a range claim instead of nothing more; 0: no bound. */
	enum claim_side side;
	uint32_t bound;
	uint32_t value; /* the committed number: stays here */
};

/* To whom, in answer to what. */
struct presentation_for {
	struct slice net;
	uint8_t verifier[ED25519_PUBLIC];  /* the key that asked */
	uint8_t nonce[PRESENTATION_NONCE]; /* that it chose */
	uint32_t made;                     /* hour */
};

/**
 * presentation_write(t, claims, choices, n, to, secret, scratch, out):
 * Append a presentation signed by the holder's ${secret}. ${claims} are those
 * of claim_tree_build(). ERR_FORM: a number without a claim, one twice (but
 * for two sides), a bound that does not hold; ERR_LIMIT: over PRESENTATION_MAX: show fewer;
 * ERR_MORE: no room.
 */
NODISCARD err presentation_write(const struct claim_tree *t,
    const struct claim *claims, const struct claim_choice *choices, size_t n,
    const struct presentation_for *to, const uint8_t secret[ED25519_SECRET],
    struct arena *scratch, struct buf *out);

/* Who signs presentations: the signer process, in a node. ${sign} gets the
 * body, which presentation_body_sign() takes; false: refused. */
struct presentation_signer {
	uint8_t holder[ED25519_PUBLIC];
	bool (*sign)(void *ctx, struct slice net, struct slice body,
	    uint8_t sig[ED25519_SIG]);
	void *ctx;
};

/** presentation_write_by(...): as presentation_write(). ERR_CLOSED: the signer
 * refused. */
NODISCARD err presentation_write_by(const struct claim_tree *t,
    const struct claim *claims, const struct claim_choice *choices, size_t n,
    const struct presentation_for *to, const struct presentation_signer *by,
    struct arena *scratch, struct buf *out);

/**
 * presentation_body_sign(body, net, secret, scratch, sig):
 * Looks first: ERR_FORM: not the canonical body of a presentation on ${net}
 * by the holder ${secret}.
 */
NODISCARD err presentation_body_sign(struct slice body, struct slice net,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    uint8_t sig[ED25519_SIG]);

struct presented {
	unsigned position; /* in the tree; says nothing */
	struct slice name, value;
	bool ranged;  /* ${value} commits to a number 0..${max} */
	uint32_t max; /* of it */
	bool has_least, has_most;
	uint32_t least, most; /* what was proved of it */
};

struct presentation {
	uint8_t holder[ED25519_PUBLIC];
	uint8_t verifier[ED25519_PUBLIC];
	uint8_t nonce[PRESENTATION_NONCE];
	uint32_t made;
	uint8_t root[32];
	uint8_t tree[CLAIM_TREE_ID];
	unsigned depth;
	size_t claims_n;
	struct presented claims[PRESENTATION_CLAIMS]; /* borrow the bytes */
};

/**
 * presentation_open(bytes, to, now_s, scratch, p):
 * Judge one from anybody: form, that it answers ${to} (whose ${made} is not
 * looked at), the holder's signature, each path and each bound. Whether the
 * root is the one that was announced, or an issuer's, is for the caller to
 * compare: presentation_issued(). ${now_s} 0: no clock.
 */
NODISCARD enum evidence_fault presentation_open(struct slice bytes,
    const struct presentation_for *to, uint64_t now_s, struct arena *scratch,
    struct presentation *p);

/** presentation_issued(p, c): its root is in that credential of its holder. */
bool presentation_issued(
    const struct presentation *p, const struct credential *c);

/* ---- the pieces, for tests and for those who write another node ---- */

/** claim_leaf(out, salt, id, depth, position, claim): ${claim} as on the wire. */
void claim_leaf(uint8_t out[32], const uint8_t salt[32],
    const uint8_t id[CLAIM_TREE_ID], unsigned depth, unsigned position,
    struct slice claim);

/** claim_path_root(out, leaf, id, depth, position, path): the root it gives. */
void claim_path_root(uint8_t out[32], const uint8_t leaf[32],
    const uint8_t id[CLAIM_TREE_ID], unsigned depth, unsigned position,
    const uint8_t *path);

/** claim_range_step(x, id, side, times): x = H^times(x). */
void claim_range_step(uint8_t x[32], const uint8_t id[CLAIM_TREE_ID],
    enum claim_side side, uint32_t times);
