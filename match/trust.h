/*
 * trust.h: tau, how far a viewer relies on a key, from 0 to 1. It flows from
 * anchors that the viewer chose, along explicit signed attestations, three
 * steps at most, halved at each; what an attester hands on in all is bounded
 * by its budget, so a crowd of keys behind one attestation shares what that
 * one brings (conservation). Evidence plays no part: nothing that a key does
 * raises its tau.
 *
 * It is one viewer's number, never published and no property of a key.
 * Pure integer arithmetic: the same input gives the same numbers everywhere,
 * in whatever order and however often things are named.
 * SPEC.md, "Trust and Learnability".
 */
#pragma once

#include "proto/base/base.h"

#define TRUST_KEY          32              /* bytes: Ed25519 */
#define TRUST_ONE          UINT32_C(65536) /* Q16.16 */
#define TRUST_ANCHORS_MAX  16
#define TRUST_STEPS        3
#define TRUST_SHARE        1000  /* a full share */
#define TRUST_BUDGET       1     /* full shares that an attester has to give */
#define TRUST_BUDGET_FIRST 32    /* and an anchor */
#define TRUST_FLOOR        2048  /* what is less than 1/32 counts as none */
#define TRUST_EDGES_MAX    65536 /* attestations */
#define TRUST_LINKS_MAX    4096

/* What is vouched for: bits of an attestation record's `vouches`. */
#define TRUST_VOUCHES_ITSELF    31U /* any of them: its word and its deeds */
#define TRUST_VOUCHES_ATTESTING 32U /* its own attestations are followed */
#define TRUST_VOUCHES_ALL       63U

/*
 * ${from} vouches for ${to}; of several between two the one with the largest
 * share counts, of equals with the largest ${vouches}.
 */
struct trust_attestation {
	uint8_t from[TRUST_KEY], to[TRUST_KEY];
	uint16_t share;  /* 1..TRUST_SHARE; else it is ignored */
	uint8_t vouches; /* 1..63; else it is ignored */
};

/* Both keys signed that they are one party; they count as one key. */
struct trust_link {
	uint8_t a[TRUST_KEY], b[TRUST_KEY];
};

/*
 * What one key says of another one in a record of its own, in force: that it
 * is a posting key of its organisation, or whose posting it is.
 */
struct trust_claim {
	uint8_t by[TRUST_KEY], of[TRUST_KEY];
};

/**
 * trust_postings(lists, lists_n, names, names_n, out, cap):
 * From one-sided words to links. ${lists}: organisation records that list a
 * key; ${names}: postings of a key that name an organisation. Linked are two
 * who list each other, and a posting key with the only organisation that it
 * names and that lists it; a word of one side alone links nothing. Sorts both
 * arrays. At most ${cap} are written, the smallest posting keys first; returns
 * how many there are.
 */
size_t trust_postings(struct trust_claim *lists, size_t lists_n,
    struct trust_claim *names, size_t names_n, struct trust_link *out,
    size_t cap);

/* Borrowed arrays: attestations that hold now (verified, not expired). */
struct trust_input {
	const uint8_t *anchors; /* anchors_n keys, one after the other */
	size_t anchors_n;
	const struct trust_attestation *attestations;
	size_t attestations_n;
	const struct trust_link *links;
	size_t links_n;
};

struct trust;

/**
 * trust_new(in, out):
 * Compute it. ERR_LIMIT: more anchors, attestations or links than the bounds
 * above; ERR_NOMEM. ${in} is not needed afterwards. Takes time in the number
 * of attestations · log; memory about 200 bytes for each.
 */
NODISCARD err trust_new(const struct trust_input *in, struct trust **out);

void trust_free(struct trust *t); /* NULL is fine */

/** trust_of(t, key): tau of a key, 0..TRUST_ONE; 0: nothing is known. */
uint32_t trust_of(const struct trust *t, const uint8_t key[TRUST_KEY]);

/** trust_is_anchor(t, key): the viewer chose it, or a key it is linked to. */
bool trust_is_anchor(const struct trust *t, const uint8_t key[TRUST_KEY]);

/**
 * trust_party(t, key):
 * The key that stands for all that are linked with ${key}: the smallest of
 * them. ${key} itself where no link names it.
 */
const uint8_t *trust_party(const struct trust *t, const uint8_t key[TRUST_KEY]);

/* One way that trust takes: keys[0] is an anchor, keys[steps] the key. */
struct trust_path {
	uint8_t keys[TRUST_STEPS + 1][TRUST_KEY];
	uint32_t amount; /* what comes along it, of TRUST_ONE */
	uint8_t steps;   /* 0: the key is an anchor itself */
};

/**
 * trust_why(t, key, paths, cap, total):
 * The ways to ${key}, largest amount first, then bytewise by keys; at most
 * ${cap} are written. Returns how many were, ${total} (may be NULL) how many
 * there are. Amounts below 1/65536 are left out. Their sum is tau, up to
 * rounding (a few parts in 65536 for each path), before anybody's tau is cut
 * to 1, and before what is under TRUST_FLOOR is taken as none.
 */
size_t trust_why(const struct trust *t, const uint8_t key[TRUST_KEY],
    struct trust_path *paths, size_t cap, size_t *total);

/**
 * trust_each(t, use, arg):
 * Calls ${use} with each party of which something is known and its tau,
 * ascending by key. For lists and for proofs in tests.
 */
void trust_each(const struct trust *t,
    void (*use)(void *arg, const uint8_t key[TRUST_KEY], uint32_t tau),
    void *arg);

/**
 * trust_inflow(t, inside, arg):
 * What comes over the attestations that cross into a set of parties, in
 * 1/65536: the sum over them of the attester's tau times the share. All tau
 * within a set without anchors sums to at most 7/4 of it, however many keys
 * it has (SPEC, "Bounds").
 */
uint64_t trust_inflow(const struct trust *t,
    bool (*inside)(void *arg, const uint8_t key[TRUST_KEY]), void *arg);
