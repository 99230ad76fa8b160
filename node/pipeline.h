/*
 * pipeline.h: the only way of a record into this node, whoever brings it:
 *
 *   parse and cheap checks (loop) -> store_look() -> signature (workers)
 *   -> store_apply() (writer thread, group commit) -> outcome (loop)
 *
 * Every stage is bounded by one number of jobs; when it is reached, a new
 * record is refused with RECORD_QUEUE_FULL, which gossip ignores, so that it
 * can come again. An outcome of RECORD_STORED is given after the covering
 * fsync. The writer thread also runs everything else that writes the store.
 *
 * All functions are for the loop's thread.
 */
#pragma once

#include <uv.h>

#include "node/judge.h"
#include "proto/base/env.h"

struct pipeline;

struct pipeline_config {
	uv_loop_t *loop;
	const struct env *env;
	struct store *store;
	struct slice net;
	unsigned threads;   /* signature checks at once, 1..16 */
	unsigned queue_max; /* jobs in all stages together */
	uint64_t bytes_max; /* of their records */
	unsigned commit_ms; /* under load a commit waits this long for more */
	/* Each record that was stored, on the loop, before its done(). */
	void (*stored)(
	    void *ctx, const struct record *r, uint64_t rid, bool own);
	/* Each record that left the store, on the loop. */
	void (*gone)(void *ctx, const struct store_gone *gone);
	void *ctx;
};

/** pipeline_new(cf): starts the writer thread; NULL: no memory, no thread. */
struct pipeline *pipeline_new(const struct pipeline_config *cf);

/**
 * pipeline_submit(p, bytes, class_mask, own, done, ctx):
 * Judge ${bytes} (copied) and store it. ${class_mask}: what the topic
 * carries, 0 for any. ${done} is called once: at once when the record is
 * refused by the cheap checks, else later from the loop.
 */
void pipeline_submit(struct pipeline *p, struct slice bytes,
    uint32_t class_mask, bool own, judge_done *done, void *ctx);

/* Work for the writer thread; it may write the store. */
typedef err writer_work(struct store *s, void *ctx);
typedef void writer_done(void *ctx, err e);

/** pipeline_write(p, work, done, ctx): ERR_LIMIT: the queue is full. */
NODISCARD err pipeline_write(
    struct pipeline *p, writer_work *work, writer_done *done, void *ctx);

/** pipeline_stop(p, stopped, ctx): finish what is queued, then say so. */
void pipeline_stop(struct pipeline *p, void (*stopped)(void *ctx), void *ctx);

/** pipeline_free(p): after ${stopped}, when the loop has run its closings. */
void pipeline_free(struct pipeline *p);

struct pipeline_stats {
	uint64_t outcomes[RECORD_OUTCOMES]; /* since start */
	uint64_t verified;                  /* signature checks made */
	uint64_t commits, committed;        /* transactions, records in them */
	uint64_t write_errors;
	unsigned queued; /* jobs in all stages now */
	uint64_t queued_bytes;
	char last_error[STORE_WHY]; /* of the writer; "" */
};
void pipeline_stats(struct pipeline *p, struct pipeline_stats *out);
