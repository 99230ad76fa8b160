/*
 * fetch.h: /ohcn/fetch/1: a node that was away asks a peer for the records it
 * missed, made in or after some hour. It stands in until set reconciliation
 * exists. What is received goes through the pipeline like gossip. SPEC.md,
 * "Fetch".
 *
 * Own cards that no peer has sent back to us yet are not served.
 *
 * It knows no loop and no thread: who drives it passes in what judges a
 * record and what runs a search; the simulator does so in virtual time.
 */
#pragma once

#include "node/judge.h"
#include "proto/libp2p/host.h"

#define FETCH_PROTOCOL       "/ohcn/fetch/1"
#define FETCH_RECORDS_MAX    10000 /* served in one answer */
#define FETCH_SERVED_AT_ONCE 8     /* answers under way */
#define FETCH_ASKED_AT_ONCE  2     /* questions under way */

struct fetch;
struct fetch_search;

/* What it lives in; everything must outlive it. */
struct fetch_config {
	struct host *host;
	const struct env *env;
	struct store *store;
	struct slice net;
	/* As pipeline_submit() for any class, not our own. */
	void (*submit)(
	    void *ctx, struct slice bytes, judge_done *done, void *done_ctx);
	/*
	 * Call fetch_search_run(), on any thread, then fetch_search_done() on
	 * the one of everything else; not within this call. ERR_NOMEM.
	 */
	err (*search)(void *ctx, struct fetch_search *q);
	/* The host may have something to send. */
	void (*wake)(void *ctx);
	void *ctx;
};

/**
 * fetch_new(cf, behind_h): ${behind_h}: the hour from which on records may be
 * missing; 0: all of them. It is asked for until three peers have told all.
 * NULL: no memory.
 */
struct fetch *fetch_new(const struct fetch_config *cf, uint64_t behind_h);
void fetch_free(struct fetch *f); /* when no search is under way */

/** The two halves of a search: see fetch_config. */
void fetch_search_run(struct fetch_search *q);
void fetch_search_done(struct fetch_search *q);

/** fetch_behind(f): what to give to fetch_new() at the next start. */
uint64_t fetch_behind(const struct fetch *f);

/** fetch_peer(f, peer): it speaks the protocol: ask it what we missed. */
void fetch_peer(struct fetch *f, const struct peer_id *peer);

/** fetch_peer_gone(f, peer): no connection is left; no events will come. */
void fetch_peer_gone(struct fetch *f, const struct peer_id *peer);

/** fetch_event(f, ev): a HOST_STREAM_* event; false: not one of ours. */
bool fetch_event(struct fetch *f, const struct host_event *ev);

/** fetch_tick(f): each second: time-outs, and the slow round. */
void fetch_tick(struct fetch *f);

struct fetch_stats {
	uint64_t asked, answered, failed; /* questions of ours */
	uint64_t records_in, records_new;
	uint64_t served, refused, records_out;
	unsigned asking_now, serving_now;
};
struct fetch_stats fetch_stats(const struct fetch *f);
