/*
 * view.h: trust and Learnability as of one moment: gathered on the loop,
 * made on a worker, read from any thread, counted by its users. See trust.h.
 */
#pragma once

#include <stdatomic.h>

#include "node/node.h"
#include "node/trust/evidence.h"
#include "proto/evidence/warning.h"
#include "store/store.h"

#define TRUST_LABEL_MAX 80 /* bytes: what the owner calls an anchor */

struct signals;
struct terms;

/* A key that the owner relies on without anybody's word. */
struct trust_anchor {
	uint8_t key[TRUST_KEY];
	char label[TRUST_LABEL_MAX + 1];
	uint64_t added_s;
};

/* Of a warning list in force: copied, so that any thread may read it. */
struct trust_warned {
	uint8_t key[TRUST_KEY];
	uint8_t reason; /* enum warning_reason */
	char title[WARNING_TITLE + 1];
};

/* What only the loop's thread can read: the owner's private things. */
struct trust_material {
	uint64_t number;    /* of the state that it was gathered in */
	uint64_t news_from; /* of the records stored; keeper.c */
	struct trust_anchor anchors[TRUST_ANCHORS_MAX];
	size_t anchors_n;
	struct slice *documents; /* into ${bytes} */
	size_t documents_n;
	uint8_t *bytes;
	/* Hours a week that the owner's personas declared, in private. */
	struct learn_availability own[PERSONAS_MAX];
	size_t own_n;
	struct trust_warned *warned;
	size_t warned_n;
	char net[NET_MAX + 1];
	char region[3]; /* of own personas whose card nobody has */
	uint64_t now_s;
};

struct trust_view {
	atomic_uint users;
	uint64_t number, news_from; /* of its material */
	uint64_t made_s;
	const struct vocabulary *vocabulary; /* by name: it may be gone */
	struct trust_anchor anchors[TRUST_ANCHORS_MAX];
	size_t anchors_n;
	size_t attestations_n, revoked_n; /* that count; and that do not */
	bool cut; /* there were more attestations than are followed */
	struct trust *trust;
	/* keys of one party: by documents, and posting keys (posting.h) */
	struct trust_link *links;
	size_t links_n;
	/* whose attestations were read, and all keys that were looked at */
	uint8_t (*read)[TRUST_KEY], (*keys)[TRUST_KEY];
	size_t read_n, keys_n;
	bool keys_all; /* there were more: take it that all were */
	struct evidence_set evidence;
	struct learn_availability *availability;
	struct learn_positions *positions;
	struct learn_input input;
	struct learn_book *book;
	struct trust_warned *warned; /* taken over from the material */
	size_t warned_n;
	size_t terms_told, terms_n; /* learned ones with a gap; all of them */
};

void trust_material_free(struct trust_material *m); /* NULL is fine */

/**
 * trust_view_make(m, view, signals, terms, out):
 * On a worker. Takes no reference to anything but ${out}. ${signals} NULL:
 * gaps are not told. ERR_NOMEM, ERR_LIMIT (more than the bounds of
 * match/trust.h: as many as fit are followed, this is for documents), of the
 * store.
 */
NODISCARD err trust_view_make(struct trust_material *m, struct store_view *view,
    struct signals *signals, const struct terms *terms,
    struct trust_view **out);

/**
 * trust_view_reads(v, kind, author):
 * Could a record of that kind and author, stored or gone since, change the
 * view? False: a new one would have the same bytes. Attestations count of
 * those alone whom trust reaches, revocations and organisations of those who
 * were looked at. What is declared (hours, positions, whose desk a posting
 * comes from) is read anew each hour, whatever is stored meanwhile.
 */
bool trust_view_reads(
    const struct trust_view *v, uint32_t kind, const uint8_t author[TRUST_KEY]);

/** trust_view_warned(v, key): [{"reason", "title"}] of the lists in force. */
json_t *trust_view_warned(
    const struct trust_view *v, const uint8_t key[TRUST_KEY]);

void trust_view_take(struct trust_view *v);
void trust_view_give(struct trust_view *v); /* NULL is fine; any thread */
