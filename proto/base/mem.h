/*
 * mem.h: the bounded memory a state machine lives in. The caller supplies
 * where bytes come from and how many there may be at once; a machine that
 * would exceed its budget gets NULL and answers with ERR_LIMIT, so a peer
 * can never make it grow beyond what the configuration says.
 *
 * A budget may have a parent: what a connection takes counts against the
 * connection's and against the host's budget.
 */
#pragma once

#include "proto/base/base.h"

struct mem {
	void *(*alloc)(void *ctx, size_t n); /* NULL when there is none */
	void (*release)(void *ctx, void *p);
	void *ctx;
	struct mem *parent; /* counted there as well; may be NULL */
	size_t used;        /* bytes handed out, without overhead */
	size_t cap;         /* never exceeded */
};

/** mem_child(parent, cap): a budget within another one, same source. */
struct mem mem_child(struct mem *parent, size_t cap);

/** mem_alloc(m, n): ${n} > 0 zeroed bytes, or NULL over budget. */
void *mem_alloc(struct mem *m, size_t n);

/** mem_alloc_raw(m, n): the same with bytes of any value: for buffers. */
void *mem_alloc_raw(struct mem *m, size_t n);

/** mem_free(m, p, n): give back what mem_alloc(m, n) gave; p may be NULL. */
void mem_free(struct mem *m, void *p, size_t n);

/*
 * A queue of bytes: append at the end, consume from the front. Its storage
 * grows by doubling up to ${max} and is given back when it runs empty, so an
 * idle connection holds no buffers.
 */
struct queue {
	struct mem *mem;
	uint8_t *p;
	size_t at;  /* first unread byte */
	size_t n;   /* unread bytes */
	size_t cap; /* allocated */
	size_t max; /* unread bytes never exceed this */
};

void queue_init(struct queue *q, struct mem *mem, size_t max);
void queue_fini(struct queue *q);

static inline size_t
queue_room(const struct queue *q)
{
	return q->max - q->n;
}

static inline struct slice
queue_peek(const struct queue *q)
{
	return (struct slice){ q->n == 0 ? NULL : q->p + q->at, q->n };
}

/** queue_put(q, p, n): all or nothing; ERR_LIMIT over max or over budget. */
NODISCARD err queue_put(struct queue *q, const void *p, size_t n);

/**
 * queue_reserve(q, n, out):
 * Room for ${n} more bytes at the end, to be filled in place; queue_commit()
 * makes the first bytes of it part of the queue. ERR_LIMIT as queue_put().
 */
NODISCARD err queue_reserve(struct queue *q, size_t n, uint8_t **out);
void queue_commit(struct queue *q, size_t n);

/** queue_skip(q, n): forget the first ${n} <= q->n bytes. */
void queue_skip(struct queue *q, size_t n);
