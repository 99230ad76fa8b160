/* Largest flow by shortest augmenting ways, a whole level at a time. */
#include <stdlib.h>

#include "match/learn/internal.h"

struct arc {
	uint32_t to, next; /* next of the same node; arc i's reverse is i ^ 1 */
	uint64_t room;
};

struct net {
	struct arc *arcs;
	uint32_t *head, *at, *level, *queue;
	uint32_t *way; /* arcs from the source to where the search stands */
	uint32_t nodes_n, arcs_n, arcs_cap;
};

#define NOWHERE UINT32_MAX

struct net *
net_new(uint32_t nodes, uint32_t arcs)
{
	struct net *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->nodes_n = nodes;
	n->arcs_cap = 2 * arcs;
	n->arcs = calloc((size_t)n->arcs_cap + 1, sizeof(n->arcs[0]));
	n->head = calloc(nodes, sizeof(uint32_t));
	n->at = calloc(nodes, sizeof(uint32_t));
	n->level = calloc(nodes, sizeof(uint32_t));
	n->queue = calloc(nodes, sizeof(uint32_t));
	n->way = calloc(nodes, sizeof(uint32_t));
	if (n->arcs == NULL || n->head == NULL || n->at == NULL ||
	    n->level == NULL || n->queue == NULL || n->way == NULL) {
		net_free(n);
		return NULL;
	}
	for (uint32_t i = 0; i < nodes; i++)
		n->head[i] = NOWHERE;
	return n;
}

void
net_free(struct net *n)
{
	if (n == NULL)
		return;
	free(n->arcs);
	free(n->head);
	free(n->at);
	free(n->level);
	free(n->queue);
	free(n->way);
	free(n);
}

static void
half_arc(struct net *n, uint32_t from, uint32_t to, uint64_t room)
{
	ASSERT(n->arcs_n < n->arcs_cap && from < n->nodes_n && to < n->nodes_n);
	n->arcs[n->arcs_n] = (struct arc){ to, n->head[from], room };
	n->head[from] = n->arcs_n++;
}

void
net_arc(struct net *n, uint32_t from, uint32_t to, uint64_t cap)
{
	half_arc(n, from, to, cap);
	half_arc(n, to, from, 0);
}

/* Levels from the source; false: the sink is out of reach. */
static bool
levels(struct net *n)
{
	uint32_t first = 0, last = 0;

	for (uint32_t i = 0; i < n->nodes_n; i++)
		n->level[i] = NOWHERE;
	n->level[0] = 0;
	n->queue[last++] = 0;
	while (first < last) {
		const uint32_t v = n->queue[first++];
		for (uint32_t a = n->head[v]; a != NOWHERE;
		     a = n->arcs[a].next) {
			const uint32_t to = n->arcs[a].to;
			if (n->arcs[a].room == 0 || n->level[to] != NOWHERE)
				continue;
			n->level[to] = n->level[v] + 1;
			n->queue[last++] = to;
		}
	}
	return n->level[1] != NOWHERE;
}

/* Pushes along n->way[0..depth); returns how much. */
static uint64_t
push_way(struct net *n, uint32_t depth)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < depth; i++)
		least = MIN(least, n->arcs[n->way[i]].room);
	for (uint32_t i = 0; i < depth; i++) {
		n->arcs[n->way[i]].room -= least;
		n->arcs[n->way[i] ^ 1].room += least;
	}
	return least;
}

/* All ways of one set of levels. */
static uint64_t
block(struct net *n)
{
	uint64_t sum = 0;
	uint32_t depth = 0, v = 0;

	for (;;) {
		if (v == 1) {
			sum += push_way(n, depth);
			depth = v = 0;
			continue;
		}
		uint32_t *a = &n->at[v];
		while (*a != NOWHERE &&
		       (n->arcs[*a].room == 0 ||
			   n->level[n->arcs[*a].to] != n->level[v] + 1))
			*a = n->arcs[*a].next;
		if (*a != NOWHERE) {
			n->way[depth++] = *a;
			v = n->arcs[*a].to;
		} else if (depth == 0) {
			return sum;
		} else { /* a dead end: the arc that led here is done */
			const uint32_t back = n->way[--depth];
			v = n->arcs[back ^ 1].to;
			n->at[v] = n->arcs[back].next;
		}
	}
}

uint64_t
net_push(struct net *n)
{
	uint64_t sum = 0;

	while (levels(n)) {
		memcpy(n->at, n->head, n->nodes_n * sizeof(n->at[0]));
		sum += block(n);
	}
	return sum;
}
