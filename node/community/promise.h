/*
 * community/promise.h: what is kept beside a group for each of those who are
 * in it or want to be, each under a name of its own in the vault, so that none
 * of it grows with the size of the group:
 *
 *   community-promise/TALK   the role that was offered to a request, until its
 *                            agreement has gone out; or that it waits
 *   community-left/ID        when the role of an agreement was left; ID: the
 *                            first 32 digits of the agreement
 *
 * A promise goes when its conversation has, a leaving when its agreement has.
 */
#pragma once

#include "node/evidence/documents.h"
#include "node/keys/persona.h"

/** promise_get(n, persona, talk): {community, role, hours_week, weeks}, or
 * {community, waiting: s}; a new reference; NULL: none. ${talk}: all of
 * talk_id_text(). */
json_t *promise_get(struct node *n, uint32_t persona, const char *talk);

/** promise_keep(n, persona, talk, promise): on the disk on return. ERR_LIMIT:
 * community.promises are kept; ERR_IO, ERR_NOMEM. */
NODISCARD err promise_keep(
    struct node *n, uint32_t persona, const char *talk, const json_t *promise);

/** promise_drop(n, persona, talk): OK also if there is none. */
NODISCARD err promise_drop(struct node *n, uint32_t persona, const char *talk);

/** promise_each(n, persona, fn, ctx): false ends the walk. ${fn} may not
 * change what is kept. Both are borrowed. */
typedef bool promise_fn(void *ctx, const char *talk, json_t *promise);
void promise_each(struct node *n, uint32_t persona, promise_fn *fn, void *ctx);

/** promises_drop_of(n, persona, name): all of a group's. ERR_IO. */
NODISCARD err promises_drop_of(
    struct node *n, uint32_t persona, const char *name);

/**
 * promises_move(n, persona, name, value):
 * Out of ${value} of a group of before, where all of them stood in one, which
 * is kept without them: in one transaction. OK also if there are none.
 */
NODISCARD err promises_move(
    struct node *n, uint32_t persona, const char *name, json_t *value);

/** left_get(n, persona, agreement): seconds; 0: the role was not left. */
uint64_t left_get(
    struct node *n, uint32_t persona, const uint8_t agreement[EVIDENCE_ID]);

/** left_keep(n, persona, agreement, at_s): the first time stays. ERR_IO. */
NODISCARD err left_keep(struct node *n, uint32_t persona,
    const uint8_t agreement[EVIDENCE_ID], uint64_t at_s);

/** left_drop(n, persona, agreement): OK also if there is none. ERR_IO. */
NODISCARD err left_drop(
    struct node *n, uint32_t persona, const uint8_t agreement[EVIDENCE_ID]);
