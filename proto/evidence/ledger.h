/*
 * ledger.h: a company's pledges as a list that only grows. Its root stands in
 * the organisation record (`ledger_root`); the counts of pledged, kept,
 * partly, broken, lapsed are in every node of the Merkle tree above the list,
 * so nobody can open the root with other counts than the leaves have where
 * the people concerned look at theirs.
 *
 * What it proves: all who look see one history (one root, signed); a newer
 * root keeps all that an older one had, so that what was broken stays so; a
 * person whose leaf is missing or wrong can prove it to others. What it does
 * not: that the people behind the leaves exist. That is trust's part.
 * SPEC.md, "Evidence", "Ledger".
 *
 * Pure; who keeps a ledger holds all of its leaves, 41 bytes each.
 */
#pragma once

#include "proto/base/arena.h"
#include "proto/evidence/rules.h"

#define LEDGER_LEAVES_MAX    (1U << 24)
#define LEDGER_DEPTH_MAX     24
#define LEDGER_LEAF          41 /* event u8, at u32be, of u32be, tag 32 */
#define LEDGER_SUMS          6
#define LEDGER_NODE          (4 * LEDGER_SUMS + 32)
#define LEDGER_OPENED        64   /* leaves in one opening */
#define LEDGER_BYTES_MAX     6144 /* of an opening or extension */
#define LEDGER_SCRATCH_BYTES (VALUE_ARENA_BYTES + 16 * 1024)

enum ledger_event {
	LEDGER_PLEDGED = 1, /* an agreement with a pledge was signed */
	LEDGER_KEPT = 2,    /* its outcome, signed by both: ... */
	LEDGER_PARTLY = 3,
	LEDGER_BROKEN = 4,
	LEDGER_LAPSED = 5, /* due for 30 days, and no outcome was signed */
	LEDGER_DONE = 6,   /* an outcome of an agreement without a pledge */
};

struct ledger_leaf {
	enum ledger_event event;
	uint32_t at;     /* hour; of PLEDGED: when it is due */
	uint32_t of;     /* number of the PLEDGED leaf it settles, or its own */
	uint8_t tag[32]; /* ledger_tag() of the agreement's or outcome's id */
};

/* Of any part of the list. sums[e - 1] counts the leaves with event e. */
struct ledger_node {
	uint32_t sums[LEDGER_SUMS];
	uint8_t hash[32];
};

struct ledger_head {
	uint32_t n; /* leaves, 1..LEDGER_LEAVES_MAX */
	struct ledger_node top;
};

/** ledger_tag(out, id): who knows the document finds it; nobody else can. */
void ledger_tag(uint8_t out[32], const uint8_t id[EVIDENCE_ID]);

/**
 * ledger_pledged(leaf, number, agreement), ledger_settled(leaf, number, of,
 * agreement, outcome), ledger_lapsed(leaf, of, agreement, now_h):
 * Leaves of complete documents; ${number} is that of the new leaf, ${of} that
 * of the agreement's. evidence_belongs() and its faults;
 * EVIDENCE_CONTRADICTS: no pledge to enter.
 */
NODISCARD enum evidence_fault ledger_pledged(struct ledger_leaf *leaf,
    uint32_t number, const struct document *agreement);
NODISCARD enum evidence_fault ledger_settled(struct ledger_leaf *leaf,
    uint32_t number, uint32_t of, const struct document *agreement,
    const struct document *outcome);
NODISCARD enum evidence_fault ledger_lapsed(struct ledger_leaf *leaf,
    uint32_t of, const struct document *agreement, uint32_t now_h);

/** ledger_head_of(leaves, n, head): n is 1..LEDGER_LEAVES_MAX; n hashes. */
void ledger_head_of(
    const struct ledger_leaf *leaves, uint32_t n, struct ledger_head *head);

/* The heads of a list while it grows, without going through it again. */
struct ledger_frontier {
	uint32_t n;     /* leaves so far; begin with zeros */
	uint32_t nodes; /* one for each bit of ${n}, the largest first */
	struct ledger_node node[LEDGER_DEPTH_MAX + 1];
};

/** ledger_frontier_add(f, leaf): sound, and the next of the list (ASSERT:
 * LEDGER_LEAVES_MAX). ledger_frontier_head(f, head): as ledger_head_of() of
 * all that were added, at least one; at most 24 hashes. */
void ledger_frontier_add(
    struct ledger_frontier *f, const struct ledger_leaf *leaf);
void ledger_frontier_head(
    const struct ledger_frontier *f, struct ledger_head *head);

/** ledger_root(out, net, company, head): the organisation's ledger_root. */
void ledger_root(uint8_t out[32], struct slice net,
    const uint8_t company[ED25519_PUBLIC], const struct ledger_head *head);

/* Whose ledger, of which network. */
struct ledger_of {
	struct slice net;
	uint8_t company[ED25519_PUBLIC];
};

/**
 * ledger_opening_write(l, leaves, n, first, count, scratch, out):
 * Append a proof that shows ${count} (1..64) leaves from ${first}, and the
 * counts of all. count = n: everything. At most LEDGER_BYTES_MAX; one leaf
 * takes 56 bytes per doubling of n. ERR_FORM: no such leaves.
 */
NODISCARD err ledger_opening_write(const struct ledger_of *l,
    const struct ledger_leaf *leaves, uint32_t n, uint32_t first,
    uint32_t count, struct arena *scratch, struct buf *out);

struct ledger_opening {
	struct ledger_head head; /* counts of the whole ledger */
	uint32_t first, count;
	struct ledger_leaf leaves[LEDGER_OPENED];
};

/**
 * ledger_opening_read(bytes, l, root, scratch, out):
 * EVIDENCE_FINE: these leaves and counts are what ${root} commits to;
 * EVIDENCE_BAD_PATH: they are not; EVIDENCE_BAD_SUMS: they are, but counts
 * and leaves contradict each other, so the ledger is false.
 */
NODISCARD enum evidence_fault ledger_opening_read(struct slice bytes,
    const struct ledger_of *l, const uint8_t root[32], struct arena *scratch,
    struct ledger_opening *out);

/**
 * ledger_extension_write(l, leaves, old_n, n, scratch, out):
 * Append a proof that the ledger of n leaves begins with that of old_n.
 */
NODISCARD err ledger_extension_write(const struct ledger_of *l,
    const struct ledger_leaf *leaves, uint32_t old_n, uint32_t n,
    struct arena *scratch, struct buf *out);

struct ledger_extension {
	struct ledger_head older, newer;
};

/**
 * ledger_extension_read(bytes, l, old_root, new_root, scratch, out):
 * EVIDENCE_NOT_CONSISTENT: the proof does not show it.
 */
NODISCARD enum evidence_fault ledger_extension_read(struct slice bytes,
    const struct ledger_of *l, const uint8_t old_root[32],
    const uint8_t new_root[32], struct arena *scratch,
    struct ledger_extension *out);

/**
 * ledger_roots(bytes, l, scratch, older, newer):
 * Which roots an opening or an extension is about, by the sizes and tops it
 * names: to be held against roots that are known. ${older}: zeros of an
 * opening. EVIDENCE_FINE says that it can be read, not that it shows anything.
 */
NODISCARD enum evidence_fault ledger_roots(struct slice bytes,
    const struct ledger_of *l, struct arena *scratch, uint8_t older[32],
    uint8_t newer[32]);

/* What a ledger says, and what it leaves unsaid. */
struct ledger_counts {
	uint32_t pledged, kept, partly, broken, lapsed, done;
	uint32_t open;    /* pledged and not settled */
	uint32_t overdue; /* of them: due for over 30 days; audit only */
};

/** ledger_counts_of(head): from a head alone; overdue is 0. */
struct ledger_counts ledger_counts_of(const struct ledger_head *head);

/**
 * ledger_audit(leaves, n, now_h, order, counts):
 * Of a ledger whose leaves are all known. ${order} is scratch for n numbers.
 * EVIDENCE_BAD_SUMS: a pledge is settled twice or by a leaf before it, a leaf
 * refers to none, or one agreement or outcome stands twice.
 */
NODISCARD enum evidence_fault ledger_audit(const struct ledger_leaf *leaves,
    uint32_t n, uint32_t now_h, uint32_t *order, struct ledger_counts *counts);

/** ledger_find(leaves, n, id): the first leaf of that document; n: none. */
uint32_t ledger_find(const struct ledger_leaf *leaves, uint32_t n,
    const uint8_t id[EVIDENCE_ID]);
