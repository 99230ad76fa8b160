/*
 * owner.h: what the owner of this node says: drafts and wishes (private, in
 * the vault), the slots of the author's key and what is published in them,
 * the plan of a delayed publication, and the renewal of what is about to
 * expire. All of it for each persona apart (persona.h).
 *
 * What is published is what the store holds of our author; the table here is
 * derived from it and never the other way round. A slot is `busy` from the
 * moment a publication is asked for until it is on the disk or refused, so
 * that no two of them take the same slot.
 *
 * All functions are for the loop's thread.
 */
#pragma once

#include "node/record/publish.h"
#include "proto/record/fingerprint.h"

#define OWNER_EXTERNAL_MAX 64 /* bytes of an external id */

struct owner;

/* One slot. */
struct owner_post {
	uint64_t rid; /* of the live record; 0: none, or it has expired */
	uint8_t id[RECORD_ID];
	uint64_t seq, expires_h;
	char region[3];
	bool deleted; /* a tombstone: the slot may be used again */
	bool own;     /* of this node: it renews it */
	bool foreign; /* made by another device with this key: conflict.h */
	bool busy;
	uint8_t status; /* demand: enum posting_status; else 0 */
	char external_id[OWNER_EXTERNAL_MAX + 1]; /* "" */
	uint8_t content[FINGERPRINT];             /* of region and payload */
	bool take_over; /* renew it soon: it came from another machine */
	bool old_pv;    /* of a version of payloads that is unread now */
	bool old_intro; /* a card with a key for offers that we cannot open */
	/* The owner's: the record, while it was made here. */
	uint8_t *mine;
	size_t mine_n;
	uint8_t made[RECORD_ID]; /* the last that was made here; since start */
};

/**
 * owner_start(n): sets ${n}->owner. Without memory it stays NULL: nothing is
 * known to be published then, and nothing can be planned or renewed.
 */
void owner_start(struct node *n);

/** owner_look_again(n): what the store holds may be ours now; cards get a
 * key for offers of this node. */
void owner_look_again(struct node *n);

/**
 * owner_settle(n, persona, kind, slot): a conflict there is decided for what
 * the store holds: it is renewed here again.
 */
void owner_settle(
    struct node *n, uint32_t persona, uint32_t kind, uint32_t slot);

/** owner_stop(n): free it; NULL is fine. */
void owner_stop(struct node *n);

/**
 * owner_tick(n): each second: the plan, and a few renewals: live records
 * without an end of the owner's (profile, organisation, course, open or
 * paused demand) with less than a quarter of their lifetime left.
 */
void owner_tick(struct node *n);

/**
 * owner_post(n, persona, kind, slot): NULL: nothing live there (a tombstone neither)
 * or no such slot. Valid until the loop goes on. Kinds: profile,
 * organisation, demand, course, statistic, assessment, pathway, community,
 * attestation (its external id is the key it vouches for, hexadecimal).
 */
const struct owner_post *owner_post(
    struct node *n, uint32_t persona, uint32_t kind, uint32_t slot);

/** owner_live(n, persona, kind): slots in use; owner_open(n, persona): demands that are open. */
uint32_t owner_live(struct node *n, uint32_t persona, uint32_t kind);
uint32_t owner_open(struct node *n, uint32_t persona);

/**
 * owner_find(n, persona, kind, text, slot):
 * By external id, slot number, record id or a part of it (record_text_is()).
 * ERR_NOTFOUND; ERR_EXISTS: it fits several.
 */
NODISCARD err owner_find(struct node *n, uint32_t persona, uint32_t kind,
    const char *text, uint32_t *slot);

/** owner_find_external(n, persona, kind, external_id, slot): ERR_NOTFOUND. */
NODISCARD err owner_find_external(struct node *n, uint32_t persona,
    uint32_t kind, const char *external_id, uint32_t *slot);

/**
 * owner_free_slot(n, persona, kind, taken, slot): the first free one that is not set
 * in ${taken} (a byte a slot; NULL: none). ERR_LIMIT.
 */
NODISCARD err owner_free_slot(struct node *n, uint32_t persona, uint32_t kind,
    const uint8_t *taken, uint32_t *slot);

/** owner_busy(n, persona, kind, slot): a publication in it is under way. */
bool owner_busy(struct node *n, uint32_t persona, uint32_t kind, uint32_t slot);

/** owner_content(out, region, payload): to compare with a post's. */
void owner_content(
    uint8_t out[FINGERPRINT], const char *region, struct slice payload);

/**
 * owner_publish(n, q, done, ctx):
 * publish_record() with the slot marked busy meanwhile. A busy slot is
 * answered at once with ERR_EXISTS.
 */
void owner_publish(struct node *n, const struct publish_request *q,
    publish_done *done, void *ctx);

/**
 * owner_plan(n, q, at_s):
 * Publish the profile at a time to come; replaces the plan that there was.
 * It is kept over a restart. Errors of the vault.
 */
NODISCARD err owner_plan(
    struct node *n, const struct publish_request *q, uint64_t at_s);

/**
 * owner_draw_time(n, persona, delay_s): a time to publish at, at random up
 * to ${delay_s} from now, or later where another persona is in the way.
 */
uint64_t owner_draw_time(struct node *n, uint32_t persona, uint32_t delay_s);

/** owner_plan_at(n, persona): 0: none. */
uint64_t owner_plan_at(const struct node *n, uint32_t persona);

/** owner_plan_cancel(n, persona): OK also when there is none. */
NODISCARD err owner_plan_cancel(struct node *n, uint32_t persona);

/**
 * record_text_is(id, text):
 * Is ${text} the CID of ${id}, at least 6 characters of its end, or at least
 * 6 after the head that all ids share (with or without that head)?
 */
bool record_text_is(const uint8_t id[RECORD_ID], const char *text);
