/*
 * publish.h: from what the owner wants to say to a record on the network:
 * builds and signs it, puts it through the pipeline like any other, and
 * announces it by gossip once it is on our disk. Also does the work for the
 * stamp of the author's key, once, on a worker thread.
 *
 * A record that no peer took yet is kept in a list and announced again when
 * peers are there.
 */
#pragma once

#include "node/keys/persona.h"

struct publish_request {
	uint32_t persona; /* whose it is; 0: the first */
	uint32_t kind;
	uint32_t slot;
	const char *region; /* two letters */
	bool deleted;       /* a tombstone; the payload is then ignored */
	struct slice payload;
	/* Hours from now; 0: half the kind's lifetime or 30 days. Never below
	 * what the slot's live record has: expires may not decrease. Without
	 * effect on a revocation, which lives as long as its kind may. */
	uint32_t lifetime_hours;
};

struct publish_result {
	err error; /* OK: see ${outcome}; ERR_LIMIT: try later; ERR_IO: disk; ERR_FORM */
	enum record_outcome outcome; /* STORED when it is published */
	char why[160];
	uint8_t id[RECORD_ID];
	uint64_t seq, expires_h;
	size_t bytes;
	uint32_t sent_to; /* peers that got it at once */
	bool quiet;       /* by the stem (stem_node.h) */
};

typedef void publish_done(void *ctx, const struct publish_result *r);

/* Sends an own record by the stem; see announce.h. */
typedef err publish_quietly(void *node, const struct store_record *r);

/** publisher_new(n, quietly): ${quietly} NULL: no stem. NULL: no memory. */
struct publisher *publisher_new(struct node *n, publish_quietly *quietly);
void publisher_free(struct publisher *p);

/** publisher_start(p): take the stamp from the vault, or begin its work. */
void publisher_start(struct publisher *p);

/** publisher_stop(p): cut the stamp's work short. */
void publisher_stop(struct publisher *p);

/** publisher_again(p, id): nobody heard of this record: tell it again. */
void publisher_again(struct publisher *p, const uint8_t id[RECORD_ID]);

/** publisher_tick(p): each second: announce what nobody has taken yet. */
void publisher_tick(struct publisher *p);

/** publisher_held(p): publications that wait for a stamp, or, when that is
 * there, for the keys to be unlocked. */
size_t publisher_held(const struct publisher *p);

/** publisher_unlocked(p): the keys are here again: what waited for them is
 * published. */
void publisher_unlocked(struct publisher *p);

/** publisher_waiting(p): records that no peer has taken yet. */
size_t publisher_waiting(const struct publisher *p);

/**
 * publish_open_at(n, persona): when it may publish; 0: now. What another
 * persona published has to lie back some while (publish.persona_gap), so that
 * nobody sees two of them speak together. A revocation never waits.
 */
uint64_t publish_open_at(const struct node *n, uint32_t persona);

/**
 * publish_build(n, q, out, r, scratch):
 * The record that publish_record() would make now: for --dry-run. Without a
 * stamp yet its place is filled with zeros. ${r} reads ${out}.
 * ERR_FORM: not a sound record (${why}); ERR_LIMIT: the slot's changes of
 * this hour are used up.
 */
NODISCARD err publish_build(struct node *n, const struct publish_request *q,
    struct buf *out, struct record *r, struct arena *scratch, char why[160]);

/**
 * publish_record(n, q, done, ctx):
 * ${done} is called once, after the fsync, from the loop; at once on an
 * error. It waits for the stamp; where the keys are locked meanwhile, for them
 * as well. Locked keys alone are an error (ERR_LIMIT). ${q} is copied.
 */
void publish_record(struct node *n, const struct publish_request *q,
    publish_done *done, void *ctx);

/**
 * publish_made(n, persona, bytes, done, ctx): a record that is signed already,
 * by a one-time key of ${persona}'s, which persona_of_one_time() tells: stored and
 * announced as the others, and as they it waits while another persona has just
 * published (ERR_LIMIT). ${bytes} are copied.
 */
void publish_made(struct node *n, uint32_t persona, struct slice bytes,
    publish_done *done, void *ctx);
