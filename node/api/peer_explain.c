/*
 * GET /peers/{id}/explain: why a peer is, or is not, in our meshes; of one
 * that is gone, when and why. Numbers for programs, sentences for people;
 * nothing here changes anything.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/mesh.h"

#define FOUND_MAX 6  /* peers named when an abbreviation fits several */
#define PART_MIN  4  /* characters of an abbreviated id */
#define WHOLE_MIN 46 /* of a whole one: "Qm..." */

static uint64_t
seconds_since(uint64_t then, uint64_t now)
{
	return now > then ? (now - then) / 1000 : 0;
}

/* ---- the score and its parts ---- */

struct part {
	const char *code, *name, *meaning;
	size_t at; /* in struct gossip_score_parts */
};

#define PART_AT(field) offsetof(struct gossip_score_parts, field)

static const struct part parts[] = {
	{ "P1", "time in mesh", "how long it has been in our meshes",
	    PART_AT(mesh_time) },
	{ "P2", "first deliveries", "good messages that it brought first",
	    PART_AT(first) },
	{ "P3", "mesh deliveries", "too few messages while in our mesh",
	    PART_AT(mesh) },
	{ "P3b", "mesh failures", "too few messages when it left our mesh",
	    PART_AT(failure) },
	{ "P4", "invalid messages", "messages of it that were rejected",
	    PART_AT(invalid) },
	{ "cap", "topic cap", "what the topics may add at most, taken off",
	    PART_AT(capped) },
	{ "P5", "application", "what this node itself thinks of it",
	    PART_AT(application) },
	{ "P6", "shared address", "many peers at its address or subnet",
	    PART_AT(colocation) },
	{ "P7", "behaviour",
	    "broken promises, GRAFT in back-off, floods of control",
	    PART_AT(behaviour) },
	{ "slow", "slow peer", "messages dropped since it reads too slowly",
	    PART_AT(slow) },
};

static int64_t
part_of(const struct gossip_score_parts *s, const struct part *p)
{
	int64_t v = 0;

	memcpy(&v, (const uint8_t *)s + p->at, sizeof(v));
	return v;
}

static json_t *
parts_json(const struct gossip_score_parts *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		json_t *o = json_object();
		mesh_string(o, "part", parts[i].code);
		mesh_string(o, "name", parts[i].name);
		mesh_string(o, "meaning", parts[i].meaning);
		mesh_points(o, "points", part_of(s, &parts[i]));
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* The part that costs most; NULL: none costs anything. */
static const struct part *
worst_part(const struct gossip_score_parts *s)
{
	const struct part *worst = NULL;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (part_of(s, &parts[i]) < 0 &&
		    (worst == NULL ||
			part_of(s, &parts[i]) < part_of(s, worst)))
			worst = &parts[i];
	return worst;
}

static const char *
score_advice(const struct part *worst)
{
	switch (worst->at) {
	case PART_AT(invalid):
		return "its messages are refused: does it run another version, "
		       "or is its clock wrong? The log names each reason";
	case PART_AT(colocation):
		return "peers from more places; many behind one address count "
		       "as one who pretends to be many";
	case PART_AT(behaviour):
		return "wait: the count fades by itself when it keeps to the "
		       "protocol";
	case PART_AT(slow):
		return "its line or machine is too slow for what it "
		       "subscribes to; the count fades by itself";
	default:
		return "wait: it earns points by bringing good messages";
	}
}

/* ---- which peer is meant ---- */

struct found {
	const char *asked;
	struct peer_id ids[FOUND_MAX];
	uint32_t n; /* may be more than there is room for */
};

static void
consider(struct found *f, const struct peer_id *id)
{
	char text[PEER_ID_TEXT_MAX];

	if (id->n == 0)
		return;
	peer_id_put(text, id);
	if (strstr(text, f->asked) == NULL)
		return;
	for (uint32_t i = 0; i < MIN(f->n, FOUND_MAX); i++)
		if (peer_id_eq(&f->ids[i], id))
			return;
	if (f->n < FOUND_MAX)
		f->ids[f->n] = *id;
	f->n++;
}

/* Connected, in the peer store, or gone not long ago. */
static void
look_for(struct node *n, struct found *f)
{
	struct host_peer_info info;
	struct host_known_peer known;
	struct host_left left;

	for (uint32_t i = 0; host_peer_at(n->host, i, &info); i++)
		consider(f, &info.id);
	for (uint32_t i = 0; host_known_peer_at(n->host, i, &known); i++)
		consider(f, &known.id);
	for (uint32_t i = 0; host_left_at(n->host, i, &left); i++)
		consider(f, &left.id);
}

static void
fail_ambiguous(struct http_request *r, const struct found *f)
{
	char list[FOUND_MAX * (PEER_ID_TEXT_MAX + 2)] = "";
	size_t at = 0;

	for (uint32_t i = 0; i < MIN(f->n, FOUND_MAX); i++) {
		char text[PEER_ID_TEXT_MAX];
		peer_id_put(text, &f->ids[i]);
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s",
		    i == 0 ? "" : ", ", text);
	}
	http_fail(r, 409, "E3304", "id", "one more of its characters",
	    "\"%s\" is part of several ids: %s%s", f->asked, list,
	    f->n > FOUND_MAX ? " and more" : "");
}

/* false: the request is answered. */
static bool
peer_asked(struct node *n, struct http_request *r, struct peer_id *out)
{
	struct found f = { .asked = http_param(r, "id") };

	/* of twelve characters, parts of many ids read as an id of 7 bytes */
	if (f.asked != NULL && strlen(f.asked) >= WHOLE_MIN &&
	    peer_id_get(slice_str(f.asked), out) == OK) {
		if (!peer_id_eq(out, host_self(n->host)))
			return true;
		http_fail(r, 422, "E3305", "id", "ohcn peer list",
		    "this is the node itself, not one of its peers");
		return false;
	}
	if (f.asked != NULL && strlen(f.asked) >= PART_MIN)
		look_for(n, &f);
	if (f.n == 1) {
		*out = f.ids[0];
		return true;
	}
	if (f.n > 1)
		fail_ambiguous(r, &f);
	else
		http_fail(r, 404, "E3303", "id",
		    "ohcn peer list shows who is connected; part of an id, "
		    "of 4 characters or more, will do",
		    "no peer with this id is connected, known, or left "
		    "lately");
	return false;
}

/* ---- one peer: what is known of it ---- */

static json_t *
addresses_json(struct node *n, const struct peer_id *id)
{
	struct slice addrs[PEER_ADDRS_MAX];
	char text[MULTIADDR_TEXT_MAX];
	json_t *list = json_array();
	const uint32_t count = host_peer_addrs(n->host, id, addrs);

	for (uint32_t i = 0; i < count; i++)
		if (multiaddr_put(text, sizeof(text), addrs[i]) == OK)
			(void)json_array_append_new(list, json_string(text));
	return list;
}

static bool
find_known(
    struct node *n, const struct peer_id *id, struct host_known_peer *out)
{
	for (uint32_t i = 0; host_known_peer_at(n->host, i, out); i++)
		if (out->id.n > 0 && peer_id_eq(&out->id, id))
			return true;
	return false;
}

static json_t *
known_json(struct node *n, const struct host_known_peer *k)
{
	json_t *o = json_object();
	const uint64_t now = mesh_now(n);

	mesh_string(o, "source", peer_source_name(k->source));
	json_truth(o, "proven", k->proven);
	(void)json_object_set_new(o, "addresses", addresses_json(n, &k->id));
	json_uint(o, "fails", k->fails);
	json_uint(o, "next_dial_s",
	    k->next_ms > now ? (k->next_ms - now + 999) / 1000 : 0);
	if (k->seen_ms == 0)
		(void)json_object_set_new(o, "seen_ago_s", json_null());
	else
		json_uint(o, "seen_ago_s", seconds_since(k->seen_ms, now));
	return o;
}

static bool
find_left(struct node *n, const struct peer_id *id, struct host_left *out)
{
	for (uint32_t i = 0; host_left_at(n->host, i, out); i++)
		if (peer_id_eq(&out->id, id))
			return true;
	return false;
}

static json_t *
left_json(struct node *n, const struct host_left *l)
{
	json_t *o = json_object();

	json_uint(o, "ago_s", seconds_since(l->at_ms, mesh_now(n)));
	mesh_string(o, "why", l->why);
	json_truth(o, "in_order", l->error == OK);
	return o;
}

/* ---- one peer: why ---- */

static void
explain_absent(struct node *n, const struct peer_id *id,
    const struct host_known_peer *k, const struct host_left *l,
    struct reasons *t)
{
	const uint64_t now = mesh_now(n);

	(void)id;
	if (l != NULL)
		mesh_say(t->why, "it left %" PRIu64 " s ago: %s",
		    seconds_since(l->at_ms, now), l->why);
	if (k == NULL) {
		mesh_say(t->why,
		    l == NULL
			? "it was never connected since this node is up, and "
			  "no list of addresses names it"
			: "no address of it is known, so it is not called "
			  "again");
		mesh_say(t->try, "ohcn peer connect ADDRESS");
		return;
	}
	if (l == NULL)
		mesh_say(t->why, "it has not been connected%s",
		    k->proven ? " since this node is up" : " yet");
	mesh_say(t->why, "%" PRIu32 " of its addresses %s known, from: %s",
	    k->addrs_n, k->addrs_n == 1 ? "is" : "are",
	    peer_source_name(k->source));
	if (k->fails > 0)
		mesh_say(t->why,
		    "nobody answered in the last %" PRIu32 " attempts",
		    k->fails);
	if (k->next_ms > now)
		mesh_say(t->try,
		    "wait: it is not called again for %" PRIu64
		    " s; or ohcn peer connect ADDRESS",
		    (k->next_ms - now + 999) / 1000);
	else
		mesh_say(t->try,
		    "ohcn peer connect ADDRESS; this node calls a few peers of "
		    "its own choice, not all that it knows");
}

static void
explain_no_gossip(
    struct node *n, const struct host_peer_info *p, struct reasons *t)
{
	if (!p->identified) {
		mesh_say(t->why, "it has not told what it speaks yet");
		mesh_say(t->try, "wait a few seconds; the log tells if "
				 "identify failed");
	} else if (p->limited) {
		mesh_say(t->why, "it is reached through a relay, where gossip "
				 "does not run");
		mesh_say(t->try, "a direct connection: listen.addresses that "
				 "others can reach");
	} else if (!host_peer_speaks(n->host, &p->id, GOSSIP_PROTOCOL_12) &&
		   !host_peer_speaks(n->host, &p->id, GOSSIP_PROTOCOL_11)) {
		mesh_say(t->why, "it does not speak gossipsub 1.1 or 1.2");
		mesh_say(t->try, "nothing: it takes no part in gossip");
	} else {
		mesh_say(t->why, "it speaks gossipsub, but took no stream of "
				 "ours");
		mesh_say(t->try, "wait; if it lasts, its log may say why");
	}
}

static void
explain_score(const struct gossip_peer_explain *e, struct reasons *t)
{
	const struct part *worst = worst_part(&e->score);

	if (e->score.total >= 0 || worst == NULL)
		return;
	mesh_say(t->why, "its score is %.3f, most of it from %s: %s",
	    (double)e->score.total / GOSSIP_POINT, worst->code, worst->meaning);
	if (e->graylisted)
		mesh_say(t->why, "below the graylist threshold: all that it "
				 "sends is ignored");
	else if (!e->publishes)
		mesh_say(t->why, "below the publish threshold: it gets nothing "
				 "that we publish");
	else if (!e->gossips)
		mesh_say(t->why, "below the gossip threshold: ids are neither "
				 "told to it nor taken from it");
	mesh_say(t->try, "%s", score_advice(worst));
}

/* Which of our topics it wants: none, or not all. */
static void
explain_wishes(const struct gossip_peer_explain *e, struct reasons *t)
{
	uint32_t ours = 0, wanted = 0;

	for (uint32_t i = 0; i < e->topics_n; i++) {
		const enum gossip_standing s = e->topics[i].standing;
		ours += s != GOSSIP_NOT_OURS ? 1 : 0;
		wanted +=
		    s != GOSSIP_NOT_OURS && s != GOSSIP_NOT_WANTED ? 1 : 0;
	}
	if (ours == 0)
		mesh_say(t->why, "this node is subscribed to nothing itself");
	else if (e->topics_told == 0)
		mesh_say(t->why, "it is not subscribed to any topic");
	else if (wanted == 0)
		mesh_say(t->why,
		    "it is not subscribed to our topics, but to %" PRIu32
		    " others",
		    e->topics_told);
	else if (wanted < ours)
		mesh_say(t->why,
		    "it is not subscribed to %" PRIu32 " of our %" PRIu32
		    " topics",
		    ours - wanted, ours);
	if (ours > 0 && wanted == 0)
		mesh_say(t->try, "is it in the same network (node.network)? A "
				 "light node subscribes to nothing");
}

static void
explain_standing(
    const struct gossip_peer_topic *m, uint64_t now, struct reasons *t)
{
	switch (m->standing) {
	case GOSSIP_MEMBER:
	case GOSSIP_NOT_OURS:
	case GOSSIP_NOT_WANTED: /* told once for all topics */
	case GOSSIP_EXPLICIT:
	case GOSSIP_POOR_SCORE: /* the same, with its parts */
		return;
	case GOSSIP_BACKOFF:
		mesh_say(t->why,
		    "%s: in back-off for %" PRIu64 " s more, since one of us "
		    "pruned the other",
		    m->name, (m->backoff_until_ms - now + 999) / 1000);
		mesh_say(t->try,
		    "wait: a heartbeat after that may take it in again");
		return;
	case GOSSIP_MESH_FULL:
		mesh_say(t->why,
		    "%s: the mesh has members enough; it hears of messages by "
		    "their ids",
		    m->name);
		return;
	case GOSSIP_NOT_CHOSEN:
		mesh_say(t->why,
		    "%s: nothing is against it; the next "
		    "heartbeats may take it in",
		    m->name);
		return;
	}
}

/* ---- one peer: numbers ---- */

static json_t *
standings_json(const struct gossip_peer_explain *e, uint64_t now)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < e->topics_n; i++) {
		const struct gossip_peer_topic *m = &e->topics[i];
		json_t *o = json_object();
		mesh_string(o, "name", m->name);
		mesh_string(o, "standing", mesh_standing(m->standing));
		mesh_string(o, "text", gossip_standing_text(m->standing));
		mesh_backoff(o, m->backoff_until_ms, now);
		if (m->member_since_ms == 0)
			(void)json_object_set_new(o, "member_s", json_null());
		else
			json_uint(o, "member_s",
			    seconds_since(m->member_since_ms, now));
		json_truth(o, "eager", m->eager);
		mesh_points(o, "P1", m->score.mesh_time);
		mesh_points(o, "P2", m->score.first);
		mesh_points(o, "P3", m->score.mesh);
		mesh_points(o, "P3b", m->score.failure);
		mesh_points(o, "P4", m->score.invalid);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
drops_json(const struct gossip_peer_counts *c)
{
	const struct {
		const char *reason, *text;
		uint64_t n;
	} rows[] = {
		{ "queue", "not sent: its queue was full", c->dropped_queue },
		{ "pending", "not taken: too many wait for a verdict",
		    c->dropped_pending },
		{ "unwanted", "of a topic that is not ours", c->unwanted },
		{ "oversize", "longer than we take", c->oversize },
		{ "signed", "signed, against the rule of the network",
		    c->signed_refused },
		{ "control", "control over a bound per heartbeat",
		    c->control_ignored },
		{ "score", "gossip or GRAFT of a poor score",
		    c->score_ignored },
		{ "graylist", "whole frames while graylisted", c->graylisted },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *o = json_object();
		mesh_string(o, "reason", rows[i].reason);
		mesh_string(o, "text", rows[i].text);
		json_uint(o, "count", rows[i].n);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
counts_json(const struct gossip_peer_counts *c)
{
	json_t *o = json_object();

	json_uint(o, "rpcs", c->rpcs);
	json_uint(o, "first", c->first);
	json_uint(o, "duplicates", c->duplicates);
	json_uint(o, "invalid", c->invalid);
	json_uint(o, "ignored", c->ignored);
	json_uint(o, "sent", c->sent);
	json_uint(o, "announced", c->announced);
	json_uint(o, "asked", c->asked);
	json_uint(o, "promises_broken", c->promises_broken);
	json_uint(o, "backoff_breached", c->backoff_breached);
	return o;
}

static void
gossip_json(const struct gossip_peer_explain *e, uint64_t now, json_t *o,
    struct reasons *t)
{
	json_t *score = json_object(), *same = json_array();

	mesh_points(score, "points", e->score.total);
	(void)json_object_set_new(score, "parts", parts_json(&e->score));
	json_truth(score, "gossips", e->gossips);
	json_truth(score, "publishes", e->publishes);
	json_truth(score, "graylisted", e->graylisted);
	json_truth(score, "exchanges", e->exchanges);
	(void)json_object_set_new(o, "score", score);
	mesh_string(o, "gossip", e->v12 ? "1.2" : "1.1");
	json_truth(o, "explicit", e->direct);
	json_uint(o, "topics_told", e->topics_told);
	json_uint(o, "queued_bytes", e->queued_bytes);
	json_uint(o, "pending", e->pending);
	for (size_t i = 0; i < GOSSIP_IP_GROUPS; i++)
		(void)json_array_append_new(
		    same, json_integer((json_int_t)e->same_ip[i]));
	(void)json_object_set_new(o, "same_address", same);
	(void)json_object_set_new(o, "topics", standings_json(e, now));
	(void)json_object_set_new(o, "counts", counts_json(&e->counts));
	(void)json_object_set_new(o, "drops", drops_json(&e->counts));
	explain_score(e, t);
	explain_wishes(e, t);
	for (uint32_t i = 0; i < e->topics_n; i++)
		explain_standing(&e->topics[i], now, t);
}

static void
connection_json(struct node *n, const struct host_peer_info *p, json_t *o)
{
	char text[MULTIADDR_TEXT_MAX];

	mesh_agent(o, p->agent);
	if (multiaddr_put(text, sizeof(text), p->remote) == OK)
		mesh_string(o, "address", text);
	json_truth(o, "outbound", p->outbound);
	json_truth(o, "limited", p->limited);
	json_truth(o, "identified", p->identified);
	json_uint(o, "since_s", seconds_since(p->since_ms, mesh_now(n)));
	if (p->rtt_ms == UINT32_MAX)
		(void)json_object_set_new(o, "rtt_ms", json_null());
	else
		json_uint(o, "rtt_ms", p->rtt_ms);
	json_uint(o, "meshes", p->meshes);
}

static void
connected_json(struct node *n, const struct host_peer_info *p, json_t *o,
    struct reasons *t)
{
	struct gossip_peer_explain *e = malloc(sizeof(*e));
	const struct peer_id id = p->id;
	const uint64_t now = mesh_now(n);

	connection_json(n, p, o);
	if (e != NULL && host_peer_explain(n->host, &id, now, e)) {
		gossip_json(e, now, o, t);
	} else {
		struct host_peer_info again;
		(void)json_object_set_new(o, "gossip", json_null());
		if (host_peer_find(n->host, &id, &again))
			explain_no_gossip(n, &again, t);
	}
	free(e);
	if (json_array_size(t->why) == 0)
		mesh_say(
		    t->why, json_integer_value(json_object_get(o, "meshes")) > 0
				? "all is well: it is in a mesh of ours"
				: "nothing is wrong with it");
}

void
api_peer_explain(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct peer_id id;
	struct host_peer_info p;
	struct host_known_peer known;
	struct host_left left;

	if (!peer_asked(n, r, &id))
		return;
	const bool connected = host_peer_find(n->host, &id, &p);
	const bool is_known = find_known(n, &id, &known);
	const bool has_left = find_left(n, &id, &left);
	if (!connected && !is_known && !has_left) {
		http_fail(r, 404, "E3303", "id",
		    "ohcn peer list shows who is connected; ohcn peer connect "
		    "ADDRESS calls one",
		    "this peer is not connected, was not since this node is "
		    "up, and no list of addresses names it");
		return;
	}
	json_t *o = json_object();
	struct reasons t = { json_array(), json_array() };
	mesh_peer(o, &id);
	json_truth(o, "connected", connected);
	if (connected)
		connected_json(n, &p, o, &t);
	else
		explain_absent(n, &id, is_known ? &known : NULL,
		    has_left ? &left : NULL, &t);
	(void)json_object_set_new(
	    o, "known", is_known ? known_json(n, &known) : json_null());
	(void)json_object_set_new(
	    o, "left", has_left ? left_json(n, &left) : json_null());
	(void)json_object_set_new(o, "why", t.why);
	(void)json_object_set_new(o, "try", t.try);
	http_reply(r, 200, o);
}
