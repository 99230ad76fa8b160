/*
 * model.h: what a node must hold, worked out the naive way: from all records
 * that were ever made, the time, and the node's scope; never from the order
 * in which anything came. Shared by the simulator and unit/converge.
 */
#pragma once

#include "proto/record/record.h"
#include "proto/record/scope.h"

struct model_record {
	const uint8_t *id;     /* RECORD_ID */
	const uint8_t *author; /* RECORD_AUTHOR */
	uint32_t kind, slot;
	uint64_t seq, expires_h;
	char region[3];
	/* Not heard of yet: for its owner alone it is there. */
	bool secret;
	unsigned owner;
};

/* Of a record among all others of the world. */
enum model_fate {
	MODEL_WINNER,
	MODEL_BEATEN,
	/* By one that has expired before it: an author who was careless. Who
	 * saw the winner in time refuses it, who did not cannot know. */
	MODEL_UNSURE,
	MODEL_EXPIRED,
	MODEL_REVOKED,
};

enum model_want { MODEL_MUST, MODEL_MUST_NOT, MODEL_MAY };

static inline bool
model_beats(const struct model_record *a, const struct model_record *b)
{
	return a->seq != b->seq ? a->seq > b->seq
				: memcmp(a->id, b->id, RECORD_ID) < 0;
}

static inline bool
model_same_slot(const struct model_record *a, const struct model_record *b)
{
	return a->kind == b->kind && a->slot == b->slot &&
	       memcmp(a->author, b->author, RECORD_AUTHOR) == 0;
}

static inline bool
model_alive(const struct model_record *r, uint64_t now_s)
{
	return r->expires_h > now_s / 3600;
}

/* As node ${viewer} sees the world when nothing is hidden from it. */
static inline enum model_fate
model_fate(const struct model_record *all, size_t n, size_t i, unsigned viewer,
    uint64_t now_s)
{
	const struct model_record *r = &all[i];
	const struct model_record *best = r;    /* that lives */
	const struct model_record *gone = NULL; /* the best that has expired */

	if (!model_alive(r, now_s))
		return MODEL_EXPIRED;
	for (size_t k = 0; k < n; k++) {
		const struct model_record *o = &all[k];
		if (o->secret && o->owner != viewer)
			continue;
		if (o->kind == KIND_REVOCATION && r->kind != KIND_REVOCATION &&
		    model_alive(o, now_s) &&
		    memcmp(o->author, r->author, RECORD_AUTHOR) == 0)
			return MODEL_REVOKED;
		if (!model_same_slot(o, r))
			continue;
		if (model_alive(o, now_s) && model_beats(o, best))
			best = o;
		if (!model_alive(o, now_s) &&
		    (gone == NULL || model_beats(o, gone)))
			gone = o;
	}
	if (gone != NULL && model_beats(gone, best))
		return MODEL_UNSURE;
	return best == r ? MODEL_WINNER : MODEL_BEATEN;
}

/* Whose scope has it must hold it; outside of the scope there may be what once
 * beat something that was held. What is revoked or over is nowhere. */
static inline enum model_want
model_want(enum model_fate fate, const struct model_record *r,
    const struct scope *scope)
{
	const bool in =
	    scope_has(scope, r->kind, r->region, r->seq >> 8, r->author);

	switch (fate) {
	case MODEL_WINNER:
		return in ? MODEL_MUST : MODEL_MAY;
	case MODEL_BEATEN:
		return in ? MODEL_MUST_NOT : MODEL_MAY;
	case MODEL_UNSURE:
		return MODEL_MAY;
	case MODEL_EXPIRED:
	case MODEL_REVOKED:
		break;
	}
	return MODEL_MUST_NOT;
}
