/*
 * pipeline.h: the only way of a record into this node, whoever brings it:
 *
 *   parse and cheap checks, look into the store, seen? (loop)
 *   -> signature (verify threads) -> store_apply() (writer thread, group
 *   commit) -> verdict, index, events (loop)
 *
 * Bounds: a record counts from its submission to its outcome, in number and
 * in bytes; so no queue between two stages is ever longer. When a bound is
 * reached a new record is refused with RECORD_QUEUE_FULL, which gossip
 * forgets, so that it can come again. Who reads a stream asks first, with
 * pipeline_room(), leaves its socket unread while there is none and is told
 * by pipeline_when_room(); streams fill half of the bounds at most, so that
 * gossip finds room.
 *
 * Order: records reach the store in the order of their submission, whatever
 * thread verified them, and so do their outcomes. What is decided before
 * the signature is told at once, within pipeline_submit(). In one commit the
 * best record of a slot wins at once (see store_apply()).
 *
 * No bytes are verified twice: a copy of what is under way waits for its
 * outcome (it is then a duplicate), and what was verified but is not held
 * (stale by now, over the quota, out of scope) is remembered, bounded. Only
 * the very same bytes count as a copy: under one id a forged signature may
 * arrive first.
 *
 * An outcome of RECORD_STORED is given after the covering fsync. The writer
 * thread also runs everything else that writes the store.
 *
 * All functions are for the loop's thread.
 */
#pragma once

#include <uv.h>

#include "node/record/judge.h"
#include "proto/base/env.h"
#include "proto/base/fifo.h"

struct pipeline;

struct pipeline_config {
	uv_loop_t *loop;
	const struct env *env;
	struct store *store;
	struct slice net;
	unsigned threads;   /* signature checks at once, 1..16 */
	unsigned queue_max; /* records in all stages together */
	uint64_t bytes_max; /* of them */
	unsigned commit_ms; /* a group commit waits for more at most this */
	bool own_quiet;     /* own records are hidden until they are heard */
	unsigned seen_max;  /* verified records remembered that are not held */
	/* Each record that was stored, on the loop, before its done(). */
	void (*stored)(
	    void *ctx, const struct record *r, uint64_t rid, bool own);
	/* An own one that nobody was shown has come back by others: from now
	 * on they see it here, too, under this number; NULL: nobody. */
	void (*returned)(void *ctx, const struct record *r, uint64_t rid);
	/* Each readable record of a peer's, before its done(); NULL: nobody. */
	void (*judged)(void *ctx, const struct record *r);
	/* Each record that left the store, on the loop. */
	void (*gone)(void *ctx, const struct store_gone *gone);
	void *ctx;
};

/** pipeline_new(cf): starts the threads; NULL: no memory. */
struct pipeline *pipeline_new(const struct pipeline_config *cf);

/**
 * pipeline_submit(p, bytes, class_mask, own, done, ctx):
 * Judge ${bytes} (copied) and store it. ${class_mask}: what the topic
 * carries, 0 for any. ${done} is called once: at once when the record is
 * refused before its signature, else later from the loop.
 */
void pipeline_submit(struct pipeline *p, struct slice bytes,
    uint32_t class_mask, bool own, judge_done *done, void *ctx);

/** pipeline_room(p): may a stream submit one more record? */
bool pipeline_room(const struct pipeline *p);

/* One who waits for room; its owner's memory. */
struct pipeline_waiter {
	struct fifo_link link;
	void (*room)(void *ctx);
	void *ctx;
	bool waiting; /* the pipeline's; false at first */
};

/**
 * pipeline_when_room(p, w): call w->room() once, from the loop and never
 * within a call of ours, when pipeline_room() is true; who waits longest is
 * called first, and the next one if there is still room. It may submit,
 * and wait again. When ${w} waits already, nothing changes.
 */
void pipeline_when_room(struct pipeline *p, struct pipeline_waiter *w);

/** pipeline_forget(p, w): it does not wait any more, if it did. */
void pipeline_forget(struct pipeline *p, struct pipeline_waiter *w);

/* Work for the writer thread; it may write the store. */
typedef err writer_work(struct store *s, void *ctx);
typedef void writer_done(void *ctx, err e);

/**
 * pipeline_write(p, work, done, ctx): in its place in the order of the
 * records. ERR_LIMIT: the queue is full; ERR_NOMEM.
 */
NODISCARD err pipeline_write(
    struct pipeline *p, writer_work *work, writer_done *done, void *ctx);

/**
 * pipeline_stop(p, stopped, ctx): finish what is queued, then say so. Nobody
 * is told of room any more.
 */
void pipeline_stop(struct pipeline *p, void (*stopped)(void *ctx), void *ctx);

/** pipeline_free(p): after ${stopped}, when the loop has run its closings. */
void pipeline_free(struct pipeline *p);

/* Where a record's way ended. */
enum pipeline_stage {
	PIPELINE_QUEUE,  /* no room for it, or not a record's size */
	PIPELINE_PARSE,  /* parse and cheap checks */
	PIPELINE_LOOK,   /* the store had it, or a better one */
	PIPELINE_SEEN,   /* a copy of one under way */
	PIPELINE_VERIFY, /* stamp, signature, payload */
	PIPELINE_STORE,  /* written, or decided by the writer */
	PIPELINE_STAGES
};

/** pipeline_stage_name(s): "verify"; static. */
const char *pipeline_stage_name(enum pipeline_stage s);

struct pipeline_stats {
	uint64_t outcomes[RECORD_OUTCOMES]; /* since start */
	uint64_t ended[PIPELINE_STAGES][RECORD_OUTCOMES];
	uint64_t verified;           /* signature checks made */
	uint64_t spared;             /* and not made: verified before */
	uint64_t commits, committed; /* transactions, records in them */
	uint64_t write_errors;
	uint64_t loop_ns, verify_ns,
	    write_ns;                 /* busy: checks, threads, writer */
	unsigned queued;              /* records in all stages now */
	unsigned to_verify, to_write; /* of them, before these stages */
	uint64_t queued_bytes;
	char last_error[STORE_WHY]; /* of the writer; "" */
};
void pipeline_stats(struct pipeline *p, struct pipeline_stats *out);
