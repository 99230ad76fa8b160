/*
 * What node/record/stem_node.c does with proto/stem, without a vault: guards stay
 * with the node while it is down.
 */
#include "proto/stem/stem.h"
#include "tests/sim/world.h"

#define STEM_MEMORY (8U << 20)

void
stem_start(struct sim_node *n)
{
	if (n->s->cf.stem == NULL)
		return;
	n->stem_mem = mem_child(&n->mem, STEM_MEMORY);
	const struct stem_config cf = { .env = &n->env,
		.mem = &n->stem_mem,
		.host = n->host,
		.protocol = SIM_PROTOCOL_STEM,
		.net = slice_str(SIM_NET),
		.limits = *n->s->cf.stem };

	n->stem = stem_new(&cf, sim_mono_ms(n->s, n->index));
	ASSERT(n->stem != NULL);
	for (uint32_t i = 0; i < n->routes_n; i++)
		stem_guards_set(n->stem, i, &n->routes[i].guards);
}

void
stem_stop(struct sim_node *n)
{
	stem_free(n->stem);
	n->stem = NULL;
}

/* Each author is a persona; beyond those that there is room for, the first. */
static uint32_t
route_of(struct sim_node *n, const uint8_t author[RECORD_AUTHOR])
{
	for (uint32_t i = 0; i < n->routes_n; i++)
		if (memcmp(n->routes[i].author, author, RECORD_AUTHOR) == 0)
			return i;
	if (n->routes_n == SIM_ROUTES)
		return 0;
	memcpy(n->routes[n->routes_n].author, author, RECORD_AUTHOR);
	return n->routes_n++;
}

err
stem_quietly(void *ctx, const struct store_record *r)
{
	struct sim_node *n = ctx;

	if (planted(PLANT_STEM_SHOWN)) {
		/* Into the cache that IWANT is answered from, and to nobody. */
		char topic[TOPIC_TEXT];
		uint32_t sent_to = 0;
		sim_topic(CLASS_META, topic);
		const uint64_t now = sim_mono_ms(n->s, n->index);
		err e = host_subscribe(n->host, topic, now);
		if (e == OK)
			e = host_publish(
			    n->host, topic, r->bytes, false, now, &sent_to);
		(void)e; /* said before */
	}
	return stem_publish(n->stem, route_of(n, r->author), r->bytes,
	    sim_mono_ms(n->s, n->index));
}

static void
spread(struct sim_node *n, const struct stem_news *news)
{
	char topic[TOPIC_TEXT];
	uint32_t sent_to = 0;

	sim_topic(kind_info(news->kind)->class, topic);
	const err e = host_publish(n->host, topic, news->bytes, false,
	    sim_mono_ms(n->s, n->index), &sent_to);
	const bool told = sent_to > 0 || e == ERR_EXISTS;
	if (news->own && !told)
		announce_again(n->announcer, news->id);
	if (!news->own && told)
		judge_submit(n, news->bytes, 0, false, NULL, NULL);
}

void
stem_drain(struct sim_node *n)
{
	struct stem_news news;

	if (n->stem == NULL)
		return;
	while (stem_next(n->stem, &news))
		if (news.type == STEM_SPREAD)
			spread(n, &news);
		else if (news.route < n->routes_n)
			stem_guards(
			    n->stem, news.route, &n->routes[news.route].guards);
}

/* ---- questions and faults by hand ---- */

void
sim_guards_drop(struct sim *s, unsigned node)
{
	struct sim_node *n = sim_node(s, node);

	for (uint32_t i = 0; n->stem != NULL && i < n->routes_n; i++)
		stem_guards_drop(n->stem, i);
}

bool
sim_guard(const struct sim *s, unsigned node, unsigned i, struct peer_id *out)
{
	const struct sim_node *n = sim_node(s, node);

	ASSERT(i < STEM_GUARDS);
	*out = n->routes[0].guards.v[i].id;
	return n->routes_n > 0 && out->n > 0;
}

bool
sim_stem_stats(const struct sim *s, unsigned node, struct stem_stats *out)
{
	const struct sim_node *n = sim_node(s, node);

	if (n->stem == NULL)
		return false;
	stem_stats(n->stem, out);
	return true;
}
