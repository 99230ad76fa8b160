/*
 * fifo.h: a queue of things that carry their own link: first in, first out,
 * no memory of its own. The link is a member of the thing; CONTAINER_OF()
 * leads back to it. A thing is in one queue at a time.
 */
#pragma once

#include "proto/base/base.h"

struct fifo_link {
	struct fifo_link *next;
};

/* All zero: empty. */
struct fifo {
	struct fifo_link *first, *last;
	uint32_t n;
};

static inline void
fifo_push(struct fifo *q, struct fifo_link *l)
{
	l->next = NULL;
	if (q->last != NULL)
		q->last->next = l;
	else
		q->first = l;
	q->last = l;
	q->n++;
}

/** fifo_pop(q): the oldest, or NULL. */
static inline struct fifo_link *
fifo_pop(struct fifo *q)
{
	struct fifo_link *l = q->first;

	if (l == NULL)
		return NULL;
	q->first = l->next;
	if (q->first == NULL)
		q->last = NULL;
	q->n--;
	return l;
}

/** fifo_append(q, more): all of ${more}, in order, behind; it is then empty. */
static inline void
fifo_append(struct fifo *q, struct fifo *more)
{
	if (more->first == NULL)
		return;
	if (q->last != NULL)
		q->last->next = more->first;
	else
		q->first = more->first;
	q->last = more->last;
	q->n += more->n;
	*more = (struct fifo){ 0 };
}
