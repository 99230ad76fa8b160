#include "proto/libp2p/gossip_internal.h"

const char *
gossip_standing_text(enum gossip_standing s)
{
	switch (s) {
	case GOSSIP_MEMBER:
		return "in the mesh";
	case GOSSIP_NOT_OURS:
		return "we are not subscribed";
	case GOSSIP_NOT_WANTED:
		return "it does not want the topic";
	case GOSSIP_EXPLICIT:
		return "explicit: it gets everything without the mesh";
	case GOSSIP_POOR_SCORE:
		return "its score is below 0";
	case GOSSIP_BACKOFF:
		return "in back-off after a prune";
	case GOSSIP_MESH_FULL:
		return "the mesh has members enough";
	case GOSSIP_NOT_CHOSEN:
		return "not chosen yet";
	}
	return "";
}

static enum gossip_standing
standing(const struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *p, uint64_t now_ms)
{
	const uint64_t bit = gossip_topic_bit(g, t);

	if (!t->subscribed)
		return GOSSIP_NOT_OURS;
	if ((p->meshes & bit) != 0)
		return GOSSIP_MEMBER;
	if ((p->topics & bit) == 0)
		return GOSSIP_NOT_WANTED;
	if (p->direct)
		return GOSSIP_EXPLICIT;
	if (p->score < 0)
		return GOSSIP_POOR_SCORE;
	if (gossip_in_backoff(g, t->key, p, now_ms))
		return GOSSIP_BACKOFF;
	return t->members_n >= g->p.d_lo ? GOSSIP_MESH_FULL : GOSSIP_NOT_CHOSEN;
}

static void
explain_topic(const struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *p, uint64_t now_ms, struct gossip_peer_topic *out)
{
	const uint64_t until = gossip_backoff(g, t->key, p);

	memcpy(out->name, t->name, t->name_n + 1u);
	out->standing = standing(g, t, p, now_ms);
	out->backoff_until_ms = until > now_ms ? until : 0;
	out->eager = out->standing == GOSSIP_MEMBER && !gossip_is_lazy(g, t, p);
	for (uint32_t i = 0; i < p->record.deeds_n; i++) {
		const struct gossip_deeds *d = &p->record.deeds[i];
		if (d->topic != t->key)
			continue;
		gossip_deeds_score(g, d, &out->score);
		out->member_since_ms = d->since_ms;
	}
}

bool
gossip_peer_explain(const struct gossip *g, uint32_t peer, uint64_t now_ms,
    struct gossip_peer_explain *out)
{
	_Static_assert(ARRAY_LEN(out->topics) == GOSSIP_TOPICS, "all slots");
	const struct gossip_score_params *s = &g->p.score;

	memset(out, 0, sizeof(*out));
	if (peer >= g->p.peers_max || g->peers[peer] == NULL)
		return false;
	const struct gossip_peer *p = g->peers[peer];
	out->id = p->id;
	out->outbound = p->outbound;
	out->v12 = p->v12;
	out->direct = p->direct;
	gossip_score_parts(g, p, &out->score);
	out->gossips = p->direct || out->score.total >= s->gossip_threshold;
	out->publishes = p->direct || out->score.total >= s->publish_threshold;
	out->graylisted =
	    !p->direct && out->score.total < s->graylist_threshold;
	out->exchanges = out->score.total >= s->exchange_threshold;
	out->counts = p->counts;
	out->topics_told = p->wants_n;
	out->pending = p->pending;
	out->queued_bytes = p->control.n + p->messages_bytes - p->sent;
	for (size_t i = 0; i < GOSSIP_IP_GROUPS; i++)
		out->same_ip[i] = gossip_same_ip(g, p, i);
	for (uint32_t i = 0; i < g->p.topics_max; i++)
		if (g->topics[i].key != 0)
			explain_topic(g, &g->topics[i], p, now_ms,
			    &out->topics[out->topics_n++]);
	return true;
}

static void
count_members(const struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_topic_explain *out)
{
	for (uint32_t i = 0; i < t->members_n; i++) {
		const struct gossip_peer *p = g->peers[t->members[i]];
		out->outbound += p->outbound;
		out->eager += !gossip_is_lazy(g, t, p);
	}
}

static void
count_missing(const struct gossip *g, const struct gossip_slot_topic *t,
    struct gossip_topic_explain *out)
{
	const uint32_t able =
	    out->standing[GOSSIP_MEMBER] + out->standing[GOSSIP_BACKOFF] +
	    out->standing[GOSSIP_MESH_FULL] + out->standing[GOSSIP_NOT_CHOSEN];

	out->missing = g->p.d_lo - MIN(g->p.d_lo, t->members_n);
	out->missing_outbound = g->p.d_out - MIN(g->p.d_out, out->outbound);
	out->missing_peers = g->p.d - MIN(g->p.d, able);
	out->median = gossip_median(g, t);
	out->poor = t->members_n > 1 &&
		    out->median < g->p.score.opportunistic_threshold;
}

bool
gossip_topic_explain(const struct gossip *g, const char *topic, uint64_t now_ms,
    struct gossip_topic_explain *out)
{
	const uint64_t key = gossip_topic_key(g, slice_str(topic));
	const struct gossip_slot_topic *t = gossip_topic_find(g, key);
	struct gossip_topic now;

	memset(out, 0, sizeof(*out));
	if (!gossip_topic(g, topic, &now))
		return false;
	out->subscribed = now.subscribed;
	out->peers = now.peers;
	out->mesh = now.mesh;
	out->fanout = now.fanout;
	out->d = g->p.d;
	out->d_lo = g->p.d_lo;
	out->d_hi = g->p.d_hi;
	out->d_out = g->p.d_out;
	if (t == NULL || !t->subscribed) {
		out->standing[GOSSIP_NOT_OURS] = now.peers;
		return true;
	}
	out->first = t->first;
	out->duplicates = t->duplicates;
	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL &&
		    (g->peers[i]->topics & gossip_topic_bit(g, t)) != 0)
			out->standing[standing(g, t, g->peers[i], now_ms)]++;
	count_members(g, t, out);
	count_missing(g, t, out);
	return true;
}
