/*
 * GET /topics/explain: who is in the mesh of a topic, who is not and why, and
 * what it lacks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/mesh.h"

#define LIST_MAX 200

/* The full name of what was asked for: a name, or a class of ours. */
static bool
topic_asked(
    struct node *n, struct http_request *r, char out[GOSSIP_TOPIC_MAX + 1])
{
	const char *asked = http_query(r, "name");
	char list[RECORD_CLASSES * 16] = "";
	size_t at = 0;
	struct gossip_topic now;

	for (int c = 0; asked != NULL && c < RECORD_CLASSES; c++) {
		char topic[TOPIC_TEXT];
		node_topic(n, (enum record_class)c, topic);
		if (strcmp(asked, class_name((enum record_class)c)) == 0 ||
		    strcmp(asked, topic) == 0) {
			(void)snprintf(out, GOSSIP_TOPIC_MAX + 1, "%s", topic);
			return true;
		}
	}
	if (asked != NULL && strlen(asked) <= GOSSIP_TOPIC_MAX &&
	    asked[0] != '\0' && host_topic(n->host, asked, &now)) {
		(void)snprintf(out, GOSSIP_TOPIC_MAX + 1, "%s", asked);
		return true;
	}
	for (int c = 0; c < RECORD_CLASSES; c++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
		    c == 0 ? "" : ", ", class_name((enum record_class)c));
	http_fail(r, asked == NULL ? 422 : 404, "E3306", "name",
	    "ohcn topic list; a class will do",
	    "this node has no such topic; its own are %s", list);
	return false;
}

static void
explain_lacks(const struct gossip_topic_explain *e, struct reasons *t)
{
	const uint32_t *s = e->standing;

	if (!e->subscribed) {
		mesh_say(t->why,
		    "this node is not subscribed, so it has no "
		    "mesh here%s",
		    e->fanout > 0 ? "; what it publishes goes to a fanout"
				  : "");
		return;
	}
	if (e->peers == 0) {
		mesh_say(t->why, "no connected peer is subscribed");
		mesh_say(t->try, "ohcn peer list: is anybody connected? Then "
				 "ohcn peer explain ID: do they have this "
				 "topic?");
		return;
	}
	if (e->missing > 0)
		mesh_say(t->why,
		    "the mesh has %" PRIu32 " member%s, %" PRIu32
		    " fewer than the %" PRIu32 " that it should not fall below",
		    e->mesh, e->mesh == 1 ? "" : "s", e->missing, e->d_lo);
	if (e->missing_peers > 0) {
		mesh_say(t->why,
		    "there are %" PRIu32 " fewer peers to choose from than "
		    "the %" PRIu32 " that a mesh wants",
		    e->missing_peers, e->d);
		mesh_say(t->try, "more peers: ohcn join INVITATION, ohcn peer "
				 "connect ADDRESS, or peers.bootstrap");
	}
	if (e->missing > 0 && s[GOSSIP_BACKOFF] > 0) {
		mesh_say(t->why, "%" PRIu32 " are in back-off after a prune",
		    s[GOSSIP_BACKOFF]);
		mesh_say(t->try, "wait: back-off ends within a minute or so");
	}
	if (e->missing > 0 && s[GOSSIP_POOR_SCORE] > 0) {
		mesh_say(t->why, "%" PRIu32 " have a score below 0",
		    s[GOSSIP_POOR_SCORE]);
		mesh_say(t->try, "ohcn peer explain ID says what cost them "
				 "their score");
	}
	if (e->missing > 0 && s[GOSSIP_NOT_CHOSEN] > 0)
		mesh_say(t->why,
		    "%" PRIu32 " may be taken in by the next "
		    "heartbeats",
		    s[GOSSIP_NOT_CHOSEN]);
	if (e->missing_outbound > 0 && e->mesh > 0) {
		mesh_say(t->why,
		    "%" PRIu32 " of the members were called by us, %" PRIu32
		    " are wanted: strangers could choose all of them",
		    e->outbound, e->d_out);
		mesh_say(t->try, "peers of your own choice: "
				 "peers.bootstrap, ohcn peer connect ADDRESS");
	}
	if (e->poor) {
		mesh_say(t->why,
		    "the median score of the members, %.3f, is "
		    "poor: few of them bring good messages",
		    (double)e->median / GOSSIP_POINT);
		mesh_say(t->try, "wait: new members are tried every minute");
	}
}

/* Members, and the others with why not. */
static void
topic_peers(struct node *n, const char *topic, json_t *members, json_t *others)
{
	struct gossip_peer_explain *e = malloc(sizeof(*e));
	const uint64_t now = mesh_now(n);
	struct host_peer_info p;

	for (uint32_t i = 0; e != NULL && host_peer_at(n->host, i, &p); i++) {
		const struct gossip_peer_topic *m = NULL;
		if (!host_peer_explain(n->host, &p.id, now, e))
			continue;
		for (uint32_t k = 0; k < e->topics_n && m == NULL; k++)
			if (strcmp(e->topics[k].name, topic) == 0)
				m = &e->topics[k];
		if (m == NULL || m->standing == GOSSIP_NOT_WANTED)
			continue;
		json_t *to = m->standing == GOSSIP_MEMBER ? members : others;
		if (json_array_size(to) >= LIST_MAX)
			continue;
		json_t *o = json_object();
		mesh_peer(o, &p.id);
		mesh_agent(o, p.agent);
		json_truth(o, "outbound", p.outbound);
		mesh_string(o, "standing", mesh_standing(m->standing));
		mesh_string(o, "text", gossip_standing_text(m->standing));
		mesh_points(o, "points", e->score.total);
		mesh_backoff(o, m->backoff_until_ms, now);
		json_truth(o, "eager", m->eager);
		json_uint(o, "first", e->counts.first);
		json_uint(o, "duplicates", e->counts.duplicates);
		(void)json_array_append_new(to, o);
	}
	free(e);
}

static json_t *
standing_counts(const struct gossip_topic_explain *e)
{
	json_t *list = json_array();

	for (int s = 0; s <= GOSSIP_NOT_CHOSEN; s++) {
		json_t *o = json_object();
		mesh_string(
		    o, "standing", mesh_standing((enum gossip_standing)s));
		mesh_string(
		    o, "text", gossip_standing_text((enum gossip_standing)s));
		json_uint(o, "peers", e->standing[s]);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void
topic_numbers(const struct gossip_topic_explain *e, json_t *o)
{
	json_truth(o, "subscribed", e->subscribed);
	json_uint(o, "peers", e->peers);
	json_uint(o, "mesh", e->mesh);
	json_uint(o, "fanout", e->fanout);
	json_uint(o, "eager", e->eager);
	json_uint(o, "outbound", e->outbound);
	(void)json_object_set_new(o, "wanted",
	    json_pack("{s:i,s:i,s:i,s:i}", "d", (int)e->d, "d_lo", (int)e->d_lo,
		"d_hi", (int)e->d_hi, "d_out", (int)e->d_out));
	(void)json_object_set_new(o, "missing",
	    json_pack("{s:i,s:i,s:i}", "members", (int)e->missing, "outbound",
		(int)e->missing_outbound, "peers", (int)e->missing_peers));
	mesh_points(o, "median", e->median);
	json_uint(o, "messages", e->first);
	json_uint(o, "duplicates", e->duplicates);
	(void)json_object_set_new(o, "standing", standing_counts(e));
}

void
api_topic_explain(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	char topic[GOSSIP_TOPIC_MAX + 1];
	struct gossip_topic_explain e;

	if (!topic_asked(n, r, topic))
		return;
	if (!host_topic_explain(n->host, topic, mesh_now(n), &e))
		e = (struct gossip_topic_explain){ 0 };
	json_t *o = json_object();
	json_t *members = json_array(), *others = json_array();
	struct reasons t = { json_array(), json_array() };
	mesh_string(o, "name", topic);
	topic_numbers(&e, o);
	explain_lacks(&e, &t);
	json_truth(o, "healthy", e.subscribed && json_array_size(t.why) == 0);
	if (json_array_size(t.why) == 0)
		mesh_say(t.why, "nothing is missing for a healthy mesh");
	topic_peers(n, topic, members, others);
	(void)json_object_set_new(o, "members", members);
	(void)json_object_set_new(o, "others", others);
	(void)json_object_set_new(o, "why", t.why);
	(void)json_object_set_new(o, "try", t.try);
	http_reply(r, 200, o);
}
