/*
 * pipeline_internal.h: what the loop's side of the pipeline (pipeline.c) and
 * its threads (pipeline_threads.c) share.
 *
 * A job is on the loop, then in ${order} until all before it are verified
 * (the threads mark it, whoever completes the head moves it on), then with
 * the writer, then on the loop again. Which side may touch it follows from
 * where it is; it moves under ${lock} alone.
 */
#pragma once

#include "node/record/pipeline.h"
#include "node/record/seen.h"

#define VERIFY_BATCH 32
#define COMMIT_BATCH 4096
#define THREADS_MAX  16

/* One record on its way, or one piece of work for the writer. */
struct job {
	struct fifo_link link;  /* in the queue of its stage */
	struct fifo_link order; /* in ${order} */
	bool judged;            /* in ${order}: may go on; under ${lock} */

	struct judging j;
	size_t n, room;     /* of ${bytes} */
	bool unwritten;     /* the writer's transaction failed */
	bool over_quota;    /* of the store */
	bool seen;          /* its bytes were verified some time before */
	bool flying;        /* in the table of flights */
	uint64_t hash;      /* of id and signature, keyed */
	struct job *next;   /* in its row of that table */
	struct fifo copies; /* that wait for its outcome */
	judge_done *done;
	void *ctx;

	writer_work *work; /* instead of a record */
	writer_done *work_done;
	err work_result;

	uint8_t bytes[];
};

struct verifier {
	uv_thread_t thread;
	struct pipeline *p;
	struct job *jobs[VERIFY_BATCH];
	unsigned n;
	struct arena scratch;
};

/* What left the store in one commit. */
struct gone_list {
	struct gone_list *next;
	size_t n;
	struct store_gone v[];
};

/* What one commit covers; the writer's. */
struct commit {
	struct job *jobs[COMMIT_BATCH];
	struct store_item items[COMMIT_BATCH];
	unsigned n;
	struct gone_list *gone;
	size_t gone_cap;
};

struct pipeline {
	struct pipeline_config cf;
	char net[NET_MAX + 1];

	/* of the loop */
	struct arena scratch;
	uint8_t key[16]; /* of the hashes */
	struct job **flights;
	size_t rows; /* of it; a power of two */
	struct seen seen;
	struct fifo spare;  /* jobs that can be used again */
	struct fifo staged; /* submitted, not handed to the threads yet */
	struct fifo waiters;
	struct store_view *view; /* for a few looks; closed before we wait */
	unsigned looks;
	uv_prepare_t prepare;
	unsigned queued;
	uint64_t queued_bytes;
	struct pipeline_stats stats;
	bool stop_asked;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
	unsigned closing;

	/* of the threads */
	struct verifier *verifiers; /* cf.threads of them */
	uv_thread_t writer;
	struct commit *commit;
	unsigned last_batch;
	uint64_t commit_ns; /* what a commit takes, rather more than less */

	uv_mutex_t lock;
	uv_cond_t verify_wake, write_wake;
	uv_async_t async; /* something was written, or there is room */

	/* under ${lock} */
	struct fifo order;
	struct fifo to_verify, to_write, written;
	unsigned verifiers_idle;
	uint32_t write_wanted; /* wake the writer when so many wait */
	uint64_t write_since;  /* when the first of them came */
	uint64_t write_last;   /* and the last */
	struct gone_list *gone, **gone_end;
	uint64_t verified, verify_ns, write_ns;
	uint64_t commits, committed, write_errors;
	char last_error[STORE_WHY];
	bool stopping; /* the threads end when their queues are empty */
};

static inline struct job *
job_pop(struct fifo *q)
{
	struct fifo_link *l = fifo_pop(q);

	return l == NULL ? NULL : CONTAINER_OF(l, struct job, link);
}

/**
 * threads_hand(p, jobs): take over all of ${jobs}, in order; those that need
 * no check of their signature are verified already.
 */
void threads_hand(struct pipeline *p, struct fifo *jobs);

/** threads_start(p): aborts when the system is out of threads. */
void threads_start(struct pipeline *p);

/** threads_stop(p): when nothing is queued; waits for their end. */
void threads_stop(struct pipeline *p);
