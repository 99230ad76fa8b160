/*
 * api/desk.h: what a worker needs to match one side with the other: the side
 * that seeks (the person of this node by the draft, or a demand, published
 * or not) and, one after the other, the records on the other side. Whichever
 * side seeks, a pair is a posting and a person.
 */
#pragma once

#include "node/api/explain.h"
#include "node/api/feed.h"
#include "node/api/find.h"

#define MATCH_ID_TEXT 96 /* what people type of an id */

/* One request; ${more} of its task. */
struct match_ask {
	bool for_person; /* else for a demand */
	bool all, scan, reach;
	uint64_t rid; /* of the own demand; 0: a draft, in the input */
	size_t limit;
	int32_t turn; /* points within which people take turns; 0: never */
	uint32_t language;
	struct match_filter filter;
	char record[2][MATCH_ID_TEXT]; /* to explain, to compare */
};

struct desk {
	struct task *t;
	const struct match_ask *ask;
	/* The side that seeks. */
	struct card bare; /* the person's, without the private skills */
	struct value own; /* payload of draft or demand */
	uint8_t own_id[RECORD_ID];
	bool published; /* ${own_id} is the id of the demand */
	/* The pair: one of both changes with desk_take(). */
	struct person person;
	struct posting posting;
	struct store_record r; /* the record that was taken */
	struct label_scope scope;
	struct reader rd, rd2, own_rd;
	struct user_payload bytes;
	struct lessons lessons;
	bool lessons_loaded;
	struct score score[2]; /* fit, wish */
};

/** desk_open(t): with the side that seeks; NULL: task_fail() was called. */
struct desk *desk_open(struct task *t);
void desk_close(struct desk *d); /* NULL is fine */

/**
 * desk_take(d, r):
 * Open a record of the other side: a card, or a demand or course. false: it
 * is withdrawn or cannot be interpreted.
 */
NODISCARD bool desk_take(struct desk *d, const struct store_record *r);

/** desk_take_hit(d, res): the same for a result, which may be gone since. */
NODISCARD bool desk_take_hit(struct desk *d, const struct scan_result *res);

/** desk_find(d, text): desk_take() by id; false: task_fail() was called. */
NODISCARD bool desk_find(struct desk *d, const char *text);

/** desk_search(d, list, o, out): for the side that seeks. */
NODISCARD bool desk_search(struct desk *d, enum match_list list,
    const struct find_options *o, struct found *out);

/** desk_score(d): fit and wish of the pair, in ${d}->score. */
NODISCARD bool desk_score(struct desk *d);

/** desk_step(d, step, there): the next thing to learn; false: failed. */
NODISCARD bool desk_step(
    struct desk *d, struct learning_step *step, bool *there);

/** desk_who(d, o): of the record taken: "record", "kind", "title", ... */
void desk_who(struct desk *d, json_t *o);

/** desk_result(o, res): "score", "fit", "wish", "excluded", "near". */
void desk_result(json_t *o, const struct scan_result *res);

/** desk_explain(d): the whole explanation of the pair; NULL: failed. */
json_t *desk_explain(struct desk *d);

/** desk_demand_json(d): {"id" or null, "title"}, of a demand that seeks. */
json_t *desk_demand_json(struct desk *d);

/* ---- the lane of reach (api/reach.c) ---- */

#define REACH_POOL 64 /* of whom the reach is worked out */

/**
 * reach_json(d, h):
 * What of ${h} could be reached by learning, ordered by the fit after the
 * cheapest way, with who pays for it. NULL: failed.
 */
json_t *reach_json(struct desk *d, const struct found *h);

/* ---- the place in a list (api/rank.c) ---- */

#define RANK_MAX 1000 /* places that are told apart */

/**
 * rank_json(d):
 * Which place the person of the pair has among the people this node knows
 * for the posting, and the cheapest single change that moves it. NULL:
 * failed.
 */
json_t *rank_json(struct desk *d);

/** rank_text(out, cap, place): "4th"; 0: "below the 1000th". */
void rank_text(char *out, size_t cap, uint64_t place);
