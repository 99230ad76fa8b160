/*
 * api/path_json.h: a learning path as JSON with words for people: diagnosis,
 * strategy, one next action, the ways, what stays open and why. Any thread.
 */
#pragma once

#include "match/path/path.h"
#include "node/api/parts.h"

struct path_view {
	const struct label_scope *scope;
	const struct path_target *target;
	const struct path_offer *offers;
	const struct path_means *means;
	const struct path_result *result;
	const struct path_value *value; /* NULL: not counted */
	const char *name;               /* of the target */
	const char *demand; /* id of the target demand; NULL: it is none */
	bool hours_assumed;
	uint64_t now_s;
	/* Put "id", "title", "provider" of an offer; may be NULL. */
	void (*who)(void *ctx, uint32_t offer, json_t *o);
	void *ctx;
};

/** path_json(v): the body, without hashes. */
json_t *path_json(const struct path_view *v);

/** path_money(out, cap, amount, currency): "12.50 EUR". */
void path_money(char *out, size_t cap, uint64_t amount, const char *currency);
