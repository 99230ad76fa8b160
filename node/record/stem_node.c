#include "node/record/stem_node.h"

#include <stdlib.h>

#include "node/keys/persona.h"
#include "node/keys/vault.h"
#include "node/record/publish.h"
#include "proto/base/text.h"

#define GUARDS "stem/guards" /* of a persona, in the vault */

#define LIGHT_PATIENCE_MS (24 * 3600 * 1000)

struct stem_node {
	stem_told_fn *told;
	struct node *n;
	struct stem *stem;
};

bool
stem_node_on(const struct node *n)
{
	return n->config->stem.publish != STEM_NEVER;
}

bool
stem_node_quiet(const struct node *n)
{
	return n->config->stem.publish == STEM_ALWAYS ||
	       (n->config->stem.publish == STEM_AUTO &&
		   n->config->node.role == NODE_PERSON);
}

/* ---- guards over a restart ---- */

static json_t *
guard_json(const struct stem_guard *g)
{
	char id[PEER_ID_TEXT_MAX], addr[2 * PEER_ADDR_MAX + 1];

	peer_id_put(id, &g->id);
	if (hex_put(addr, sizeof(addr), slice_of(g->addr, g->addr_n)) != OK)
		addr[0] = '\0';
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:s}", "id", id, "since",
	    (json_int_t)g->since_s, "until", (json_int_t)g->until_s, "gone",
	    (json_int_t)g->gone_s, "missed", (json_int_t)g->missed_s, "misses",
	    (json_int_t)g->misses, "addr", addr);
}

static void
guard_read(const json_t *o, struct stem_guard *g)
{
	const char *id = json_string_value(json_object_get(o, "id"));
	const char *addr = json_string_value(json_object_get(o, "addr"));
	struct buf b = { g->addr, 0, sizeof(g->addr) };

	*g = (struct stem_guard){ 0 };
	if (id == NULL || peer_id_get(slice_str(id), &g->id) != OK) {
		g->id.n = 0;
		return;
	}
	g->since_s = (uint64_t)json_integer_value(json_object_get(o, "since"));
	g->until_s = (uint64_t)json_integer_value(json_object_get(o, "until"));
	g->gone_s = (uint64_t)json_integer_value(json_object_get(o, "gone"));
	g->missed_s =
	    (uint64_t)json_integer_value(json_object_get(o, "missed"));
	g->misses = (uint32_t)json_integer_value(json_object_get(o, "misses"));
	if (addr != NULL && hex_get(slice_str(addr), &b) == OK)
		g->addr_n = (uint16_t)b.n;
}

static void
guards_keep(struct stem_node *sn, uint32_t route)
{
	struct node *n = sn->n;
	struct stem_guards g;
	json_t *list = json_array();

	stem_guards(sn->stem, route, &g);
	for (unsigned i = 0; i < STEM_GUARDS; i++)
		(void)json_array_append_new(
		    list, g.v[i].id.n > 0 ? guard_json(&g.v[i]) : json_null());
	json_t *o = json_pack("{s:o,s:I,s:I}", "guards", list, "redraws",
	    (json_int_t)g.redraws, "redraws_since", (json_int_t)g.redraws_s);
	if (persona_keep(n, route, GUARDS, o) != OK)
		env_log(&n->env, LOG_UNUSUAL, "guards_not_kept",
		    "what=\"after a restart others will be drawn, which tells "
		    "more of them where this node is\"");
	json_decref(o);
}

static void
guards_restore(struct stem_node *sn, uint32_t route)
{
	json_t *o = persona_value(sn->n, route, GUARDS, NULL);
	const json_t *list = json_object_get(o, "guards");
	struct stem_guards g = { 0 };

	for (unsigned i = 0; i < STEM_GUARDS; i++)
		guard_read(json_array_get(list, i), &g.v[i]);
	g.redraws = (uint32_t)json_integer_value(json_object_get(o, "redraws"));
	g.redraws_s =
	    (uint64_t)json_integer_value(json_object_get(o, "redraws_since"));
	stem_guards_set(sn->stem, route, &g);
	json_decref(o);
}

/* ---- spreading ---- */

/*
 * Of others: published and stored as if it were news from anywhere. An own
 * one is in the store; there is nobody to hand it to.
 */
static void
spread(struct stem_node *sn, const struct stem_news *news, uint64_t now_ms)
{
	struct node *n = sn->n;
	struct gossip_topic now;
	char topic[TOPIC_TEXT];
	uint32_t sent_to = 0;

	node_topic(n, kind_info(news->kind)->class, topic);
	/* What was said to nobody counts as said, for minutes. Of others: seen
	 * already, or no room: whoever handed it on watches. */
	const err e = !host_topic(n->host, topic, &now) || now.peers == 0
			  ? OK
			  : host_publish(n->host, topic, news->bytes, false,
				now_ms, &sent_to);
	const bool told = sent_to > 0 || e == ERR_EXISTS;
	if (news->own && told)
		env_log(&n->env, LOG_UNUSUAL, "stem_fell_back",
		    "what=\"no peer passed an own record on; it was published "
		    "from here\"");
	if (news->own && !told)
		publisher_again(n->publisher, news->id);
	/* Gossip does not come back to who began it: ask. */
	if (news->own && told && sn->told != NULL)
		sn->told(n);
	/* Stored as heard only once others know it, or an own one that was
	 * handed back would be told of to nobody. What the store refuses is of
	 * no use to us; others may differ. */
	if (!news->own && told)
		pipeline_submit(n->pipeline, news->bytes, 0, false, NULL, NULL);
}

/* ---- a service of network.h ---- */

static bool
on_event(void *ctx, const struct host_event *ev, uint64_t now_ms)
{
	return stem_event(((struct stem_node *)ctx)->stem, ev, now_ms);
}

static uint64_t
on_expiry(const void *ctx)
{
	return stem_expiry(((const struct stem_node *)ctx)->stem);
}

static void
on_time(void *ctx, uint64_t now_ms)
{
	stem_on_time(((struct stem_node *)ctx)->stem, now_ms);
}

static void
on_drain(void *ctx, uint64_t now_ms)
{
	struct stem_node *sn = ctx;
	struct stem_news news;

	if (sn->n->stopping)
		return;
	while (stem_next(sn->stem, &news))
		if (news.type == STEM_NEW_GUARDS)
			guards_keep(sn, news.route);
		else
			spread(sn, &news, now_ms);
}

static void
on_free(void *ctx)
{
	struct stem_node *sn = ctx;

	sn->n->stem = NULL;
	stem_free(sn->stem);
	free(sn);
}

err
stem_node_open(struct node *n, struct network *w)
{
	struct stem_node *sn = calloc(1, sizeof(*sn));
	struct stem_config cf = { .env = &n->env,
		.mem = &n->mem,
		.host = n->host,
		.protocol = NETWORK_STEM,
		.net = slice_str(n->config->node.network),
		.limits = stem_limits_default() };
	const struct network_service s = { .name = "stem",
		.ctx = sn,
		.event = on_event,
		.expiry = on_expiry,
		.on_time = on_time,
		.drain = on_drain,
		.free = on_free };

	if (sn == NULL)
		return ERR_NOMEM;
	if (n->config->stem.alone_s == 0)
		cf.limits.alone_ms = UINT32_MAX;
	else
		cf.limits.alone_ms = (uint32_t)n->config->stem.alone_s * 1000;
	cf.limits.guard_wait_ms = (uint32_t)n->config->stem.guard_wait_s * 1000;
	/* It hears by sync, a few times a day. */
	if (n->config->node.mode == NODE_LIGHT)
		cf.limits.patience_ms = LIGHT_PATIENCE_MS;
	sn->n = n;
	sn->stem = stem_new(&cf, n->env.mono_ms(n->env.ctx));
	if (sn->stem == NULL) {
		free(sn);
		return ERR_NOMEM;
	}
	n->stem = sn;
	for (uint32_t i = 0; i < persona_count(n) && i < STEM_ROUTES_MAX; i++)
		guards_restore(sn, i);
	network_service_add(w, &s);
	return OK;
}

void
stem_node_on_told(struct node *n, stem_told_fn *fn)
{
	n->stem->told = fn;
}

err
stem_node_publish(
    struct node *n, const uint8_t author[ED25519_PUBLIC], struct slice bytes)
{
	const struct author *a = persona_of_key(n, author);
	uint32_t index = a == NULL ? 0 : a->index;
	/* A one-time key's record goes the way of whose answer it is. One that
	 * is nobody's goes no way: any would be somebody's. */
	if (a == NULL && !persona_of_one_time(n, author, &index))
		return ERR_EXISTS;
	const uint32_t route = index % STEM_ROUTES_MAX;
	return stem_publish(
	    n->stem->stem, route, bytes, n->env.mono_ms(n->env.ctx));
}

void
stem_node_heard(struct node *n, const struct record *r)
{
	if (n->stem != NULL)
		stem_heard(n->stem->stem, r->id, r->bytes);
}

uint32_t
stem_node_relays(const struct node *n)
{
	struct stem_stats s;

	stem_stats(n->stem->stem, &s);
	return s.relays;
}

uint32_t
stem_node_untaken(struct node *n)
{
	struct stem_stats s;

	stem_stats(n->stem->stem, &s);
	return s.untaken_now;
}

json_t *
stem_node_json(struct node *n)
{
	struct stem_stats s;

	stem_stats(n->stem->stem, &s);
	return json_pack(
	    "{s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i,s:i,s:i,s:I}",
	    "own", stem_node_on(n), "all", stem_node_quiet(n), "published",
	    (json_int_t)s.published, "heard", (json_int_t)s.heard, "tried",
	    (json_int_t)s.tried, "fell_back", (json_int_t)s.fell_back, "taken",
	    (json_int_t)s.taken, "handed_on", (json_int_t)s.handed_on, "spread",
	    (json_int_t)s.spread, "embargoed", (json_int_t)s.embargoed,
	    "refused", (json_int_t)s.refused, "busy", (json_int_t)s.busy,
	    "own_now", (int)s.own_now, "pool_now", (int)s.pool_now, "relays",
	    (int)s.relays, "bytes", (json_int_t)s.bytes_now);
}
