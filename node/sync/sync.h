/*
 * sync.h: who is asked, and when, what he has that we lack: drives the
 * sessions of proto/sync/sync.h over streams of the host. What is received
 * goes through the pipeline like gossip. SPEC.md, section 13.
 *
 * When: soon after a peer has come, one after the other; then for ever at a
 * slow pace, so that what gossip has lost is found; sooner again after a
 * session that brought something. Who failed, lied or had nothing else than
 * we is asked later. Every second session goes to a peer of our own choice,
 * so that strangers cannot take them all.
 *
 * What the pipeline refuses for the moment is kept and submitted again;
 * until then no more is read from the peer. A session counts as agreed when
 * everything it brought is judged.
 *
 * It knows no loop and no thread: who drives it passes in what judges a
 * record and what lists the store's items; the simulator does so in virtual
 * time.
 */
#pragma once

#include "node/record/judge.h"
#include "proto/libp2p/host.h"
#include "proto/record/scope.h"
#include "proto/sync/sync.h"

#define SYNCER_PEERS_MAX 256   /* remembered, connected or not */
#define SYNCER_JUDGING   1024  /* records of a session under judgement */
#define SYNCER_NO_WANTS  32768 /* refused by peers, of all together */
#define SYNCER_AWAY_S    3600  /* without a peer so long: all may be missing */

struct syncer;
struct syncer_job;

/* What it lives in; everything must outlive it. */
struct syncer_config {
	struct host *host;
	const struct env *env;
	struct store *store;
	struct slice net;
	uint8_t tag[SYNC_TAG]; /* random, made with the store */
	unsigned sessions_max; /* both directions; our own: a quarter, >= 1 */
	struct mem *mem;       /* items and sessions; its cap bounds them */
	uint32_t pace_s;       /* between two sessions of the slow round */
	/* Only by syncer_now(), and our peers are told that we are light. */
	bool light;
	bool crawler;   /* we say that we are one */
	bool no_crawl;  /* and serve none */
	bool take_only; /* peers get no records from us */
	/* What this node keeps now. */
	void (*scope)(void *ctx, struct scope *out);
	/* As pipeline_submit() for any class, not our own. */
	void (*submit)(
	    void *ctx, struct slice bytes, judge_done *done, void *done_ctx);
	/* May it be called now? False: syncer_room() will be, when it may.
	 * NULL: always. */
	bool (*room)(void *ctx);
	/*
	 * Call syncer_job_run(), on any thread, then syncer_job_done() on the
	 * one of everything else; not within this call. One at a time.
	 * ERR_NOMEM.
	 */
	err (*work)(void *ctx, struct syncer_job *j);
	/* The host may have something to send. */
	void (*wake)(void *ctx);
	/* A session is over; ${why}: "" if it agreed; may be NULL. */
	void (*over)(void *ctx, const struct peer_id *peer, const char *why);
	/* Bytes that may still be used; NULL: no bound. A session in which it
	 * comes to 0 is broken off. */
	uint64_t (*left)(void *ctx);
	void *ctx;
};

/** syncer_new(cf): NULL: no memory. */
struct syncer *syncer_new(const struct syncer_config *cf);

/** syncer_stop(y): resets all sessions and begins none. */
void syncer_stop(struct syncer *y);

/** syncer_free(y): when no job is under way and nothing is judged. */
void syncer_free(struct syncer *y);

/** The two halves of a job: see syncer_config. */
void syncer_job_run(struct syncer_job *j);
void syncer_job_done(struct syncer_job *j);

/** syncer_room(y): config.room() said no, and would not now. */
void syncer_room(struct syncer *y);

/** syncer_peer(y, peer): it is connected and speaks the protocol. */
void syncer_peer(struct syncer *y, const struct peer_id *peer);

/** syncer_peer_gone(y, peer): no connection is left; no events will come. */
void syncer_peer_gone(struct syncer *y, const struct peer_id *peer);

/** syncer_event(y, ev): a HOST_STREAM_* event; false: not one of ours. */
bool syncer_event(struct syncer *y, const struct host_event *ev);

/** syncer_tick(y): each second: time-outs, and whose turn it is. */
void syncer_tick(struct syncer *y);

/**
 * syncer_now(y, peer): a session with ${peer} at once, whatever the pace.
 * ERR_NOTFOUND: not connected, or does not speak the protocol; ERR_EXISTS:
 * one is under way; ERR_LIMIT: as many as may be are.
 */
NODISCARD err syncer_now(struct syncer *y, const struct peer_id *peer);

/**
 * syncer_soon(y): compare with one connected peer in about ten seconds: an own
 * record was told to all, and is not yet known to have been heard.
 */
void syncer_soon(struct syncer *y);

/* What is known of a peer. Times are of the wall clock, 0: never. */
struct syncer_peer {
	struct peer_id id;
	bool connected;
	bool talking;        /* a session is under way */
	uint64_t tried_s;    /* the last session began */
	uint64_t agreed_s;   /* the last one that ended in agreement */
	const char *why;     /* static text: why the last one failed; "" */
	uint32_t fails;      /* in a row */
	uint32_t equals;     /* sessions without any difference, in a row */
	uint32_t lies;       /* sessions in which it broke the rules */
	bool light, crawler; /* as it says */
	uint32_t wait_s;     /* our next one comes not before */
	/* Of the last session that agreed. */
	uint32_t turns;
	uint64_t differences; /* records sent and received */
	uint64_t last_bytes;  /* both directions */
	uint64_t peer_items;  /* records that it has, it says */
	/* Of all sessions. */
	uint64_t sessions, bytes_in, bytes_out;
	uint64_t records_in, records_new, records_out;
	struct sync_cursor cursor; /* up to where we have its store */
};

/** syncer_peer_at(y, i, out): the i-th; false past the end. */
bool syncer_peer_at(
    const struct syncer *y, unsigned i, struct syncer_peer *out);
bool syncer_peer_find(
    const struct syncer *y, const struct peer_id *id, struct syncer_peer *out);

/** syncer_restore(y, p): what was saved of a peer before a restart. */
void syncer_restore(struct syncer *y, const struct syncer_peer *p);

struct syncer_stats {
	uint64_t begun, served; /* sessions of ours, of theirs */
	uint64_t agreed, equal; /* of both; equal: without any difference */
	uint64_t failed, lied;  /* of both; lied: the peer broke the rules */
	uint64_t busy;          /* of ours: the peer had no room */
	uint64_t declined;      /* of theirs: over a limit of ours */
	uint64_t bytes_in, bytes_out;
	uint64_t records_in, records_new, records_out, winners_out;
	uint64_t refused_in, refused_out; /* records for good */
	uint64_t held_back;               /* times that our pipeline was full */
	size_t memory_now;                /* of items and sessions */
	unsigned own_now, serving_now;
	bool behind; /* since start or absence not enough peers have agreed */
};
struct syncer_stats syncer_stats(const struct syncer *y);
