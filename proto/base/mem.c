#include "proto/base/mem.h"

#define QUEUE_START 256

struct mem
mem_child(struct mem *parent, size_t cap)
{
	return (struct mem){ .alloc = parent->alloc,
		.release = parent->release,
		.ctx = parent->ctx,
		.parent = parent,
		.cap = cap };
}

void *
mem_alloc_raw(struct mem *m, size_t n)
{
	ASSERT(n > 0);
	for (struct mem *b = m; b != NULL; b = b->parent)
		if (n > b->cap || b->used > b->cap - n)
			return NULL;

	void *p = m->alloc(m->ctx, n);
	if (p == NULL)
		return NULL;
	for (struct mem *b = m; b != NULL; b = b->parent)
		b->used += n;
	return p;
}

void *
mem_alloc(struct mem *m, size_t n)
{
	void *p = mem_alloc_raw(m, n);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}

void
mem_free(struct mem *m, void *p, size_t n)
{
	if (p == NULL)
		return;
	for (struct mem *b = m; b != NULL; b = b->parent) {
		ASSERT(b->used >= n);
		b->used -= n;
	}
	m->release(m->ctx, p);
}

void
queue_init(struct queue *q, struct mem *mem, size_t max)
{
	*q = (struct queue){ .mem = mem, .max = max };
}

void
queue_fini(struct queue *q)
{
	mem_free(q->mem, q->p, q->cap);
	*q = (struct queue){ .mem = q->mem, .max = q->max };
}

static err
queue_grow(struct queue *q, size_t need)
{
	size_t cap = MAX(q->cap, (size_t)QUEUE_START);
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;

	uint8_t *p = mem_alloc_raw(q->mem, cap);
	if (p == NULL && cap > need) {
		cap = need;
		p = mem_alloc_raw(q->mem, cap);
	}
	if (p == NULL)
		return ERR_LIMIT;
	if (q->n > 0)
		memcpy(p, q->p + q->at, q->n);
	mem_free(q->mem, q->p, q->cap);
	q->p = p;
	q->at = 0;
	q->cap = cap;
	return OK;
}

err
queue_reserve(struct queue *q, size_t n, uint8_t **out)
{
	if (n > q->max - q->n)
		return ERR_LIMIT;
	if (q->at > 0 && n > q->cap - q->at - q->n) {
		memmove(q->p, q->p + q->at, q->n);
		q->at = 0;
	}
	if (n > q->cap - q->at - q->n)
		TRY(queue_grow(q, q->n + n));
	*out = q->p + q->at + q->n;
	return OK;
}

void
queue_commit(struct queue *q, size_t n)
{
	ASSERT(n <= q->cap - q->at - q->n);
	q->n += n;
}

err
queue_put(struct queue *q, const void *p, size_t n)
{
	uint8_t *to = NULL;

	if (n == 0)
		return OK;
	TRY(queue_reserve(q, n, &to));
	memcpy(to, p, n);
	queue_commit(q, n);
	return OK;
}

void
queue_skip(struct queue *q, size_t n)
{
	ASSERT(n <= q->n);
	q->at += n;
	q->n -= n;
	if (q->n == 0)
		queue_fini(q);
}
