/*
 * warnings.h: the warning lists that the owner imported
 * (proto/evidence/warning.h). None comes by itself, none follows another.
 * A list marks the keys on it, in the inbox and in lists of candidates; only
 * if the owner says so does it drop their offers. It moves nobody in a list
 * and enters no score. For the loop's thread.
 */
#pragma once

#include "node/node.h"
#include "proto/evidence/warning.h"

#define WARNINGS_MAX    16
#define WARNING_ID_TEXT (2 * WARNING_ID + 1)
#define WARNING_SHORT   12 /* characters of an id that people see */

enum warning_effect {
	WARNING_OFF,
	WARNING_MARK, /* shown beside the keys on it */
	WARNING_DROP, /* and their offers are dropped */
};

/* One that is held. */
struct warning_held {
	enum warning_effect effect;
	uint64_t imported_s;
	struct warning_list list; /* borrows ${bytes} */
	size_t bytes_n;
	uint8_t bytes[WARNING_BYTES_MAX];
};

/** warnings_open(n): those of the vault. ERR_NOMEM. */
NODISCARD err warnings_open(struct node *n);
void warnings_close(struct node *n); /* fine if never opened */

/**
 * warnings_import(n, bytes, effect, out, fault):
 * One that is held already gets the effect. A later list of the same issuer
 * and title takes the place of the earlier one. ERR_LIMIT: WARNINGS_MAX, or
 * too large for the vault; ERR_IO. ${out} (may be NULL): the one held.
 */
NODISCARD err warnings_import(struct node *n, struct slice bytes,
    enum warning_effect effect, const struct warning_held **out,
    enum evidence_fault *fault);

/** warnings_at(n, i): NULL past the end. */
const struct warning_held *warnings_at(const struct node *n, unsigned i);

/** warnings_find(n, text): by 6 or more first characters of its id. */
const struct warning_held *warnings_find(
    const struct node *n, const char *text);

/** warnings_effect(n, w, effect); warnings_remove(n, w): of the vault. */
NODISCARD err warnings_effect(
    struct node *n, const struct warning_held *w, enum warning_effect effect);
NODISCARD err warnings_remove(struct node *n, const struct warning_held *w);

/** warnings_in_force(n, w): neither off nor over. */
bool warnings_in_force(const struct node *n, const struct warning_held *w);

/** warnings_block(n, key): is it on a list that drops, and in force? */
bool warnings_block(struct node *n, const uint8_t key[ED25519_PUBLIC]);

/** warnings_of(n, key): [{"list", "title", "issuer", "reason", "text",
 * "drops"}] of all lists in force; empty: none. */
json_t *warnings_of(struct node *n, const uint8_t key[ED25519_PUBLIC]);

/** warnings_make(n, persona, l, out): sign a list as that persona. ERR_FORM,
 * ERR_CLOSED, ERR_MORE. */
NODISCARD err warnings_make(
    struct node *n, uint32_t persona, struct warning_list *l, struct buf *out);

/** warning_effect_name(e): "off", "mark", "drop". */
const char *warning_effect_name(enum warning_effect e);
bool warning_effect_find(const char *name, enum warning_effect *out);
