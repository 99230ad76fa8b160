/*
 * conflict.h: two versions of one slot. Where another device with the same
 * key has published in a slot that this one had filled, both versions stand
 * side by side until the owner chooses one. The network holds theirs
 * meanwhile, and it is not renewed here.
 *
 * For the loop's thread.
 */
#pragma once

#include "node/keys/persona.h"

/**
 * conflict_note(n, persona, mine):
 * A record of ours, as it was published here, has lost its slot to one that
 * was not made here.
 */
void conflict_note(struct node *n, uint32_t persona, const struct record *mine);

/** conflict_each(n, fn, ctx): false ends the walk. ${mine} is the record. */
struct conflict {
	uint32_t persona, kind, slot;
	struct slice mine; /* the record's bytes; empty: too large to keep */
	uint64_t noted_s;
};
void conflict_each(
    struct node *n, bool (*fn)(void *ctx, const struct conflict *c), void *ctx);

/** conflict_forget(n, persona, kind, slot): it is decided. */
NODISCARD err conflict_forget(
    struct node *n, uint32_t persona, uint32_t kind, uint32_t slot);

/** conflict_forget_all(n, persona): all of a persona. Of the vault. */
NODISCARD err conflict_forget_all(struct node *n, uint32_t persona);

/** conflict_any(n, persona, kind, slot): is one open there? */
bool conflict_any(
    struct node *n, uint32_t persona, uint32_t kind, uint32_t slot);
