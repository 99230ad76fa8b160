/*
 * matcher.h: the match index of the node: people, demands and courses of
 * others, ready to be searched (match/index/index.h). It holds nothing of its own:
 * it is built from the store at start, on a worker, and again when the
 * vocabulary changes; from then on it follows the store's order of arrival
 * and is told what has left.
 *
 * A search first takes over what has arrived, so that what was stored is
 * found by the next search. It gets a snapshot of the index and a view of the
 * store that is not older; what the index still has and the view has no more
 * (the news of a removal may be on its way) is for the searcher to drop.
 * While there is no index for the vocabulary of a task it looks at each
 * record instead (node/api/find.h); the answer is the same. With
 * limits.match_records = 0 there never is one.
 *
 * One card of an author counts: a profile has one slot. Records of the node's
 * own key are left out: nobody is matched with oneself.
 *
 * Threads: matcher_hold(), matcher_release() and matcher_gone() from any,
 * the rest from the loop's, which never waits for a search or a build.
 */
#pragma once

#include "match/index/index.h"
#include "store/store.h"

struct node;
struct terms;
struct matcher;

enum match_list { MATCH_PEOPLE, MATCH_DEMANDS, MATCH_COURSES };
#define MATCH_LISTS 3

/** match_list_kind(list): the kind of its records. */
uint32_t match_list_kind(enum match_list list);

/** matcher_new(n): empty; the first matcher_tick() begins to build. NULL: no
 * memory. */
struct matcher *matcher_new(struct node *n);

/** matcher_tick(m): each second: build, follow, look after the index. */
void matcher_tick(struct matcher *m);

/** matcher_stop(m): what runs on a worker ends soon. NULL is fine. */
void matcher_stop(struct matcher *m);

/** matcher_free(m): when the loop has ended. NULL is fine. */
void matcher_free(struct matcher *m);

/** matcher_gone(m, gone): a record has left the store. */
void matcher_gone(struct matcher *m, const struct store_gone *gone);

struct stock;

/** matcher_own(m, author): a key of ours from now on: left out. */
void matcher_own(struct matcher *m, const uint8_t author[RECORD_AUTHOR]);

struct matcher_hold {
	struct stock *stock;
	enum match_list list;
	const struct index_snapshot *snapshot;
};

/**
 * matcher_hold(m, terms, list, out, view):
 * For a worker: all that the store has of ${list}, to be searched until
 * matcher_release(). ${view} is new and the caller's. false: there is no
 * index for ${terms} (yet), or no memory.
 */
NODISCARD bool matcher_hold(struct matcher *m, const struct terms *terms,
    enum match_list list, struct matcher_hold *out, struct store_view **view);
void matcher_release(struct matcher *m, struct matcher_hold *hold);

enum matcher_state {
	MATCHER_WAITING,  /* for the vocabulary, or for a worker */
	MATCHER_BUILDING, /* searches look at each record */
	MATCHER_READY,
	MATCHER_OFF, /* limits.match_records = 0 */
};

struct matcher_stats {
	enum matcher_state state;
	uint64_t records[MATCH_LISTS];
	uint64_t left_out; /* over limits.match_records */
	uint64_t done, of; /* records read by the build */
	uint64_t bytes;    /* of memory */
	uint64_t segments;
	uint64_t searches;                         /* by the index */
	uint64_t added, removed, builds, build_ms; /* since start; the last */
};

/** matcher_stats(m, out): of any thread; as of the last change. */
void matcher_stats(struct matcher *m, struct matcher_stats *out);

/** matcher_state_name(s): "building"; static text. */
const char *matcher_state_name(enum matcher_state s);
