/*
 * list.h: a doubly linked list whose links lie inside what is listed. The
 * list is a link of its own; a link that points to itself is in no list.
 */
#pragma once

#include "proto/base/base.h"

struct link {
	struct link *prev, *next;
};

static inline void
link_init(struct link *l)
{
	l->prev = l->next = l;
}

static inline bool
link_is_alone(const struct link *l)
{
	return l->next == l;
}

static inline bool
list_is_empty(const struct link *list)
{
	return list->next == list;
}

static inline void
link_drop(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	link_init(l);
}

/* Appends, unless it is in a list already. */
static inline void
list_put(struct link *list, struct link *l)
{
	if (!link_is_alone(l))
		return;
	l->prev = list->prev;
	l->next = list;
	list->prev->next = l;
	list->prev = l;
}
