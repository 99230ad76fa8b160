#include <stdlib.h>

#include "tests/sim/world.h"

static int
by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool
is_honest(const struct sim_node *n)
{
	return n->cf.actor == NULL && !n->cf.no_store;
}

void
sim_count_from(struct sim *s)
{
	for (unsigned i = 0; i < s->nodes_n; i++) {
		struct sim_node *n = s->nodes[i];
		n->past_copies = n->past_bytes = 0;
		if (n->up)
			host_stats(n->host, &n->counted);
	}
}

static void
count_nodes(struct sim *s, uint64_t messages, struct sim_measure *out)
{
	uint64_t copies = 0, bytes = 0, nodes = 0;

	for (unsigned i = 0; i < s->nodes_n; i++) {
		const struct sim_node *n = s->nodes[i];
		struct host_stats st = n->counted;
		if (!is_honest(n))
			continue;
		if (n->up)
			host_stats(n->host, &st);
		copies += n->past_copies + st.gossip.messages_in -
			  n->counted.gossip.messages_in;
		bytes += n->past_bytes + st.bytes_in - n->counted.bytes_in;
		out->memory_max =
		    MAX(out->memory_max, (uint64_t)n->memory_peak);
		nodes++;
	}
	if (nodes > 0 && messages > 0)
		out->copies_milli = copies * 1000 / (nodes * messages);
	if (nodes > 0)
		out->bytes_per_node = bytes / nodes;
}

void
sim_measure(struct sim *s, uint32_t from, uint32_t to, struct sim_measure *out)
{
	uint32_t *all =
	    malloc(((size_t)(to - from) * s->nodes_n + 1) * sizeof(all[0]));
	size_t n = 0;

	ASSERT(all != NULL && from <= to && to <= s->messages_n);
	*out = (struct sim_measure){ 0 };
	for (uint32_t i = from; i < to; i++)
		for (unsigned k = 0; k < s->messages[i].nodes; k++) {
			const uint32_t us = s->messages[i].after_us[k];
			if (!is_honest(s->nodes[k]) || k == s->messages[i].node)
				continue;
			out->wanted++;
			if (us != UINT32_MAX)
				all[n++] = us;
		}
	qsort(all, n, sizeof(all[0]), by_number);
	out->delivered = n;
	if (n > 0) {
		out->p50_us = all[n / 2];
		out->p99_us = all[n - 1 - n / 100];
		out->max_us = all[n - 1];
	}
	free(all);
	count_nodes(s, to - from, out);
}
