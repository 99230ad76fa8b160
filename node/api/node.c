/*
 * The node itself over the API: status, settings, peers, topics, shutdown.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/access/lock.h"
#include "node/api/find.h"
#include "node/api/parts.h"
#include "node/api/trust.h"
#include "node/care/keeper.h"
#include "node/keys/signer.h"
#include "node/net/nat.h"
#include "node/record/stem_node.h"
#include "node/run.h"
#include "node/sync/light.h"
#include "node/sync/sync_node.h"
#include "proto/base/text.h"

#define NEW_COUNTED_MAX 1000000 /* records looked at for "new since" */
#define CLOCK_SOUND     UINT64_C(1767225600) /* 2026-01-01: built after it */

/* ---- addresses and topics ---- */

static void
add_address(json_t *list, struct slice addr, const struct peer_id *id)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	char text[MULTIADDR_TEXT_MAX];
	struct peer_id have;

	if (buf_put(&b, addr.p, addr.n) != OK)
		return;
	if (id != NULL && multiaddr_peer(addr, &have) != OK &&
	    multiaddr_put_peer(&b, id) != OK)
		return;
	if (multiaddr_put(text, sizeof(text), buf_slice(&b)) == OK)
		(void)json_array_append_new(list, json_string(text));
}

/* Where others can dial us, as far as we know ourselves. */
static json_t *
own_addresses(struct node *n)
{
	json_t *list = json_array();
	char text[MULTIADDR_TEXT_MAX];

	for (size_t i = 0; transport_listen_at(n->transport, i, text); i++) {
		uint8_t raw[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		if (multiaddr_get(slice_str(text), &b) == OK)
			add_address(list, buf_slice(&b), host_self(n->host));
	}
	return list;
}

static json_t *
topics_json(struct node *n)
{
	json_t *list = json_array();

	for (int c = 0; c < RECORD_CLASSES; c++) {
		char topic[TOPIC_TEXT];
		struct gossip_topic t = { 0 };
		node_topic(n, (enum record_class)c, topic);
		if (!host_topic(n->host, topic, &t))
			continue;
		json_t *o = json_object();
		(void)json_object_set_new(o, "name", json_string(topic));
		json_uint(o, "peers", t.peers);
		json_uint(o, "mesh", t.mesh);
		json_uint(o, "fanout", t.fanout);
		json_truth(o, "subscribed", t.subscribed);
		(void)json_array_append_new(list, o);
	}
	return list;
}

void
api_topics(struct http_request *r, void *ctx)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "topics", topics_json(ctx));
	http_reply(r, 200, o);
}

/* ---- status ---- */

static void
warn(json_t *list, const char *code, const char *text, const char *hint)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "code", json_string(code));
	(void)json_object_set_new(o, "text", json_string(text));
	(void)json_object_set_new(o, "hint", json_string(hint));
	(void)json_array_append_new(list, o);
}

static json_t *
warnings(struct node *n, const struct store_totals *totals,
    const struct pipeline_stats *ps, const struct host_stats *hs)
{
	json_t *list = json_array();
	const uint64_t bytes = n->config->store.quota_bytes;
	const uint64_t records = n->config->store.quota_records;
	struct matcher_stats ms;

	/* A light node that rests has none, as it should. */
	if (hs->peers_now == 0 && (n->light == NULL || !light_rests(n->light)))
		warn(list, "no-peers", "no peer is connected",
		    "ohcn join INVITATION, ohcn peer connect ADDRESS, or "
		    "peers.bootstrap in the settings");
	if (keeper_authors_ppm(n) < 1000000)
		warn(list, "store-sample",
		    "the store was full: it keeps a random part of the "
		    "authors, its owner always; ohcn store stat",
		    "a larger store.quota_bytes or store.quota_records, or a "
		    "narrower scope.regions or scope.kinds");
	else if ((bytes > 0 && totals->bytes >= bytes / 10 * 9) ||
		 (records > 0 && totals->records >= records / 10 * 9))
		warn(list, "store-nearly-full",
		    "the store is over 90 % of its quota; when it is full, "
		    "it keeps a random part of the authors, its owner always",
		    "a larger store.quota_bytes or store.quota_records, or a "
		    "narrower scope.regions or scope.kinds");
	if (ps->write_errors > 0)
		warn(list, "write-errors",
		    ps->last_error[0] != 0 ? ps->last_error
					   : "the store could not be written",
		    "look at the disk: full, read-only or broken");
	matcher_stats(n->matcher, &ms);
	if (ms.left_out > 0)
		warn(list, "match-index-full",
		    "the match index is full: some people, demands or courses "
		    "are not in the lists of matches",
		    "a larger limits.match_records, or a narrower "
		    "scope.regions");
	if (node_now(n) < CLOCK_SOUND)
		warn(list, "clock", "the clock of this machine is wrong",
		    "set the clock: records would be made in the past");
	else if (ps->outcomes[RECORD_FROM_FUTURE] >
		 ps->outcomes[RECORD_STORED] + 10)
		warn(list, "clock",
		    "most records come from the future: this clock is "
		    "probably slow",
		    "compare the clock with another machine");
	keeper_warnings(n, list);
	if (!signer_alive(n->signer))
		warn(list, "keys",
		    "the process that holds the keys has ended: nothing is "
		    "signed, no offer is opened",
		    "ohcn down, then ohcn up; look for what ended it: memory?");
	if (!n->authors[0].stamped)
		warn(list, "stamp",
		    "the proof of work of the key is still being done; what "
		    "is published waits for it",
		    "wait; it is needed once");
	return list;
}

static json_t *
outcomes_json(const struct pipeline_stats *ps)
{
	json_t *o = json_object();

	for (int i = RECORD_FINE + 1; i < RECORD_OUTCOMES; i++)
		if (ps->outcomes[i] > 0)
			json_uint(o,
			    record_outcome_name((enum record_outcome)i),
			    ps->outcomes[i]);
	return o;
}

static json_t *
kinds_json(const struct store_totals *totals)
{
	json_t *o = json_object();
	uint64_t open = 0;

	for (uint32_t k = 0; k < STORE_KINDS; k++) {
		const struct kind_info *info = kind_info(k);
		if (info != NULL)
			json_uint(o, info->name, totals->kind[k]);
		else
			open += totals->kind[k];
	}
	json_uint(o, "open", open);
	return o;
}

static json_t *
published_json(struct node *n, uint32_t kind)
{
	const struct owner_post *p = owner_post(n, 0, kind, 0);
	json_t *o;

	if (p == NULL)
		return json_null();
	o = json_object();
	json_truth(o, "published", true);
	json_id(o, "id", p->id);
	json_uint(o, "seq", p->seq);
	json_uint(o, "expires", p->expires_h * 3600);
	(void)json_object_set_new(o, "region", json_string(p->region));
	return o;
}

static json_t *
own_json(struct node *n)
{
	json_t *o = json_object();

	(void)json_object_set_new(
	    o, "profile", published_json(n, KIND_PROFILE));
	(void)json_object_set_new(
	    o, "organisation", published_json(n, KIND_ORGANISATION));
	json_uint(o, "demands_open", owner_open(n, 0));
	json_uint(o, "demands", owner_live(n, 0, KIND_DEMAND));
	json_uint(o, "courses_open", owner_live(n, 0, KIND_COURSE));
	if (owner_plan_at(n, 0) != 0)
		json_uint(o, "publish_at", owner_plan_at(n, 0));
	return o;
}

static void
identity_json(struct node *n, json_t *o)
{
	char peer[PEER_ID_TEXT_MAX];

	peer_id_put(peer, host_self(n->host));
	(void)json_object_set_new(o, "peer_id", json_string(peer));
	json_did(o, "did", persona_get(n, 0)->pub);
	(void)json_object_set_new(o, "version", json_string(OHCN_VERSION));
	(void)json_object_set_new(o, "addresses", own_addresses(n));
	(void)json_object_set_new(
	    o, "network", json_string(n->config->node.network));
	(void)json_object_set_new(
	    o, "role", json_string(role_name(n->config->node.role)));
	(void)json_object_set_new(o, "name", json_string(n->config->node.name));
	(void)json_object_set_new(
	    o, "region", json_string(n->config->node.region));
	json_uint(o, "uptime_s",
	    node_now(n) > n->started_s ? node_now(n) - n->started_s : 0);
	json_truth(o, "stamp_ready", n->authors[0].stamped);
	json_truth(o, "keys_ready", signer_alive(n->signer));
	(void)json_object_set_new(o, "keys", lock_json(n));
}

static json_t *
store_json(const struct node *n, const struct store_totals *t)
{
	json_t *o = json_object();

	json_uint(o, "bytes", t->bytes);
	json_uint(o, "quota_bytes", n->config->store.quota_bytes);
	json_uint(o, "map_bytes", n->config->store.map_size);
	json_uint(o, "records", t->records);
	json_uint(o, "quota_records", n->config->store.quota_records);
	json_uint(o, "refused_full", t->refused_full);
	json_uint(o, "evicted", t->evicted);
	json_uint(o, "authors_ppm", keeper_authors_ppm(n));
	return o;
}

/* By the stage that decided: {"parse": {"malformed": 3}}. */
static json_t *
stages_json(const struct pipeline_stats *ps)
{
	json_t *o = json_object();

	for (int s = 0; s < PIPELINE_STAGES; s++) {
		json_t *at = json_object();
		for (int i = RECORD_FINE + 1; i < RECORD_OUTCOMES; i++)
			if (ps->ended[s][i] > 0)
				json_uint(at,
				    record_outcome_name((enum record_outcome)i),
				    ps->ended[s][i]);
		(void)json_object_set_new(
		    o, pipeline_stage_name((enum pipeline_stage)s), at);
	}
	return o;
}

static void
work_json(struct node *n, const struct pipeline_stats *ps,
    const struct host_stats *hs, json_t *o)
{
	json_t *memory = json_object(), *pipeline = json_object();

	json_uint(memory, "used", hs->memory_now);
	json_uint(memory, "cap", hs->memory_cap);
	(void)json_object_set_new(o, "memory", memory);
	json_uint(pipeline, "queued", ps->queued);
	json_uint(pipeline, "queued_max", n->config->ingest.queue);
	json_uint(pipeline, "queued_bytes", ps->queued_bytes);
	json_uint(pipeline, "queued_bytes_max", n->config->ingest.queue_bytes);
	json_uint(pipeline, "to_verify", ps->to_verify);
	json_uint(pipeline, "to_write", ps->to_write);
	json_uint(pipeline, "verified", ps->verified);
	json_uint(pipeline, "spared", ps->spared);
	json_uint(pipeline, "commits", ps->commits);
	json_uint(pipeline, "write_errors", ps->write_errors);
	(void)json_object_set_new(pipeline, "outcomes", outcomes_json(ps));
	(void)json_object_set_new(pipeline, "stages", stages_json(ps));
	(void)json_object_set_new(o, "pipeline", pipeline);
	json_uint(o, "waiting_to_announce", publisher_waiting(n->publisher));
}

/* Connections, what is known of peers, dials: each beside its bound. */
static void
network_json(const struct node *n, const struct host_stats *hs, json_t *o)
{
	json_t *net = json_object(), *known = json_object();
	json_t *dials = json_object();
	const uint64_t max = n->config->peers.max;

	json_uint(net, "inbound", hs->conns_in);
	json_uint(net, "inbound_max", max - max / 8);
	json_uint(net, "outbound", hs->conns_out);
	json_uint(net, "chosen", hs->peers_out);
	json_uint(net, "chosen_wanted", n->config->peers.outbound);
	json_uint(net, "limited", hs->conns_limited);
	json_uint(net, "half_open", hs->half_open);
	json_uint(net, "refused", hs->conns_refused);
	json_uint(net, "trimmed", hs->trimmed);
	json_uint(net, "streams_refused", hs->streams_refused);
	json_uint(known, "peers", hs->known_peers);
	json_uint(known, "peers_max", n->config->peers.known);
	json_uint(known, "addresses", hs->known_addrs);
	json_uint(known, "records", hs->known_records);
	json_uint(known, "bytes", hs->known_bytes);
	(void)json_object_set_new(net, "known", known);
	json_uint(dials, "now", hs->dials_now);
	json_uint(dials, "begun", hs->dials);
	json_uint(dials, "done", hs->dials_done);
	json_uint(dials, "failed", hs->dials_failed);
	(void)json_object_set_new(net, "dials", dials);
	(void)json_object_set_new(o, "connections", net);
}

struct news {
	uint64_t until, seen, records, demands, courses, profiles;
};

static bool
on_news(void *ctx, const struct store_record *s)
{
	struct news *w = ctx;

	if (s->rid >= w->until || w->seen++ >= NEW_COUNTED_MAX)
		return false;
	if (s->own || s->deleted)
		return true;
	w->records++;
	w->demands += s->kind == KIND_DEMAND;
	w->courses += s->kind == KIND_COURSE;
	w->profiles += s->kind == KIND_PROFILE;
	return true;
}

/* On a worker: what came since the last visit may be a long walk. */
static void
status_run(struct task *t)
{
	struct news w = { 0 };
	json_t *o = json_object();
	json_t *after = json_object_get(t->input, "visit_after");

	w.until = (uint64_t)json_integer_value(json_object_get(after, "until"));
	const err e = store_each_arrival(t->view,
	    (uint64_t)json_integer_value(json_object_get(after, "rid")),
	    on_news, &w);
	if (e != OK) {
		json_decref(o);
		task_fail(t, 500, "E3902", "ohcn store check",
		    "the store cannot be read: %s", err_name(e));
		return;
	}
	json_uint(o, "records", w.records);
	json_uint(o, "demands", w.demands);
	json_uint(o, "courses", w.courses);
	json_uint(o, "profiles", w.profiles);
	(void)json_object_del(t->input, "visit_after");
	(void)json_object_set_new(t->input, "new_since_last_visit", o);
	t->result = t->input;
	t->input = NULL;
}

/* Since when; with ?visit=1 the mark moves to now. */
static json_t *
visit(
    struct node *n, const struct http_request *r, const struct store_totals *t)
{
	json_t *mark = vault_get(n->vault, VISIT_MARK, NULL);
	const json_int_t rid = json_integer_value(json_object_get(mark, "rid"));
	const char *move = http_query(r, "visit");
	json_t *after = json_object();

	json_decref(mark);
	json_uint(after, "rid", rid > 0 ? (uint64_t)rid : 0);
	json_uint(after, "until", t->next_rid);
	if (move != NULL && strcmp(move, "1") == 0) {
		mark = json_object();
		json_uint(mark, "rid", t->next_rid > 0 ? t->next_rid - 1 : 0);
		json_uint(mark, "at", node_now(n));
		if (vault_put(n->vault, VISIT_MARK, mark) != OK)
			env_log(&n->env, LOG_UNUSUAL, "visit_not_saved",
			    "what=\"the next visit shows more than is new\"");
		json_decref(mark);
	}
	return after;
}

static err
totals_of(struct node *n, struct store_totals *out)
{
	struct store_view *view = NULL;

	TRY(store_view_open(n->store, &view));
	const err e = store_totals(view, out);
	store_view_close(view);
	return e;
}

void
api_status(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct store_totals totals = { 0 };
	struct pipeline_stats ps;
	struct host_stats hs;
	json_t *o;

	const err e = totals_of(n, &totals);
	if (e != OK) {
		http_fail_err(r, e, "the store cannot be read");
		return;
	}
	pipeline_stats(n->pipeline, &ps);
	host_stats(n->host, &hs);
	o = json_object();
	identity_json(n, o);
	json_uint(o, "peers", hs.peers_now);
	(void)json_object_set_new(o, "topics", topics_json(n));
	(void)json_object_set_new(o, "records", kinds_json(&totals));
	(void)json_object_set_new(o, "store", store_json(n, &totals));
	work_json(n, &ps, &hs, o);
	network_json(n, &hs, o);
	(void)json_object_set_new(o, "own",
	    http_may(r, SCOPE_OWN) && persona_may(r, 0) ? own_json(n)
							: json_null());
	(void)json_object_set_new(o, "sync", sync_json(n));
	(void)json_object_set_new(o, "match_index", matcher_json(n->matcher));
	(void)json_object_set_new(
	    o, "light", n->light == NULL ? json_null() : light_json(n->light));
	(void)json_object_set_new(o, "reach", nat_json(n->nat));
	(void)json_object_set_new(o, "stem", stem_node_json(n));
	(void)json_object_set_new(
	    o, "warnings", warnings(n, &totals, &ps, &hs));
	if (http_may(r, SCOPE_INBOX))
		(void)json_object_set_new(o, "inbox", trust_inbox_json(n));
	(void)json_object_set_new(o, "visit_after", visit(n, r, &totals));
	task_start(n, r, status_run, o);
}

void
api_shutdown(struct http_request *r, void *ctx)
{
	json_t *o = json_object();

	json_truth(o, "stopping", true);
	http_reply(r, 202, o);
	node_stop(ctx);
}

void
api_healthz(struct http_request *r, void *ctx)
{
	const struct node *n = ctx;
	json_t *o = json_object();

	(void)json_object_set_new(
	    o, "status", json_string(n->stopping ? "stopping" : "ok"));
	http_reply(r, n->stopping ? 503 : 200, o);
}

/* ---- settings ---- */

static const char *
type_name(enum config_type t)
{
	switch (t) {
	case CONFIG_NUMBER:
		return "number";
	case CONFIG_BYTES:
		return "bytes";
	case CONFIG_SECONDS:
	case CONFIG_MILLIS:
		return "time";
	case CONFIG_BOOL:
		return "yes-no";
	case CONFIG_STRING:
	case CONFIG_SECRET:
	case CONFIG_NETWORK:
	case CONFIG_REGION:
	case CONFIG_LANGUAGE:
		return "text";
	case CONFIG_ENUM:
		return "choice";
	case CONFIG_ADDRESS_LIST:
	case CONFIG_PEER_LIST:
	case CONFIG_PLACE_LIST:
		return "addresses";
	}
	return "";
}

void
api_config(struct http_request *r, void *ctx)
{
	const struct node *n = ctx;
	size_t settings_n = 0;
	const struct config_setting *s = config_settings(&settings_n);
	const size_t cap = 64 * 1024;
	char *text = malloc(cap);
	json_t *list = json_array(), *o = json_object();

	for (size_t i = 0; text != NULL && i < settings_n; i++) {
		char origin[PATH_TEXT_MAX];
		json_t *one = json_object();
		config_origin_text(n->config, i, origin, sizeof(origin));
		if (config_text(n->config, &s[i], text, cap) != OK)
			text[0] = 0;
		(void)json_object_set_new(one, "name", json_string(s[i].name));
		(void)json_object_set_new(one, "value", json_string(text));
		(void)json_object_set_new(one, "origin", json_string(origin));
		(void)json_object_set_new(
		    one, "default", json_string(s[i].def));
		(void)json_object_set_new(
		    one, "type", json_string(type_name(s[i].type)));
		(void)json_object_set_new(one, "help", json_string(s[i].help));
		json_truth(one, "restart", s[i].restart);
		(void)json_array_append_new(list, one);
	}
	free(text);
	(void)json_object_set_new(o, "settings", list);
	(void)json_object_set_new(o, "file", json_string(n->paths->config));
	http_reply(r, 200, o);
}

/* ---- peers ---- */

static json_t *
peer_json(struct node *n, const struct host_peer_info *p)
{
	char id[PEER_ID_TEXT_MAX];
	json_t *o = json_object(), *list = json_array(), *remote = json_array();
	const uint64_t now = n->env.mono_ms(n->env.ctx);

	peer_id_put(id, &p->id);
	(void)json_object_set_new(o, "peer_id", json_string(id));
	/* What a stranger calls itself may hold anything. */
	const struct slice agent = slice_str(p->agent);
	(void)json_object_set_new(
	    o, "agent", json_string(text_is_clean(agent) ? p->agent : "?"));
	add_address(remote, p->remote, NULL);
	if (json_array_size(remote) == 1)
		(void)json_object_set(o, "address", json_array_get(remote, 0));
	else
		(void)json_object_set_new(o, "address", json_null());
	json_decref(remote);
	json_truth(o, "outbound", p->outbound);
	json_truth(o, "relayed", p->limited);
	json_truth(o, "identified", p->identified);
	json_uint(
	    o, "since_s", now > p->since_ms ? (now - p->since_ms) / 1000 : 0);
	if (p->rtt_ms == UINT32_MAX)
		(void)json_object_set_new(o, "rtt_ms", json_null());
	else
		json_uint(o, "rtt_ms", p->rtt_ms);
	json_truth(o, "gossip", p->gossips);
	json_uint(o, "meshes", p->meshes);
	(void)json_object_set_new(o, "score", json_integer(p->score));
	for (uint32_t i = 0; i < p->addrs_n; i++)
		add_address(list, p->addrs[i], &p->id);
	(void)json_object_set_new(o, "addresses", list);
	return o;
}

void
api_peers(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct host_peer_info p;
	json_t *list = json_array(), *o = json_object();
	uint32_t i = 0;

	for (; i < n->config->limits.list_rows && host_peer_at(n->host, i, &p);
	     i++)
		(void)json_array_append_new(list, peer_json(n, &p));
	(void)json_object_set_new(o, "peers", list);
	http_reply(r, 200, o);
}

static json_t *
known_json(struct node *n, const struct host_known_peer *k)
{
	char id[PEER_ID_TEXT_MAX], text[MULTIADDR_TEXT_MAX];
	struct slice addrs[PEER_ADDRS_MAX];
	const uint32_t addrs_n = host_peer_addrs(n->host, &k->id, addrs);
	json_t *list = json_array();

	peer_id_put(id, &k->id);
	for (uint32_t i = 0; i < addrs_n; i++)
		if (multiaddr_put(text, sizeof(text), addrs[i]) == OK)
			(void)json_array_append_new(list, json_string(text));
	return json_pack("{s:s,s:s,s:b,s:o}", "peer_id", id, "source",
	    peer_source_name(k->source), "proven", k->proven, "addresses",
	    list);
}

void
api_peers_known(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct host_known_peer k;
	json_t *list = json_array(), *o = json_object();

	for (uint32_t i = 0;
	     host_known_peer_at(n->host, i, &k) &&
	     json_array_size(list) < n->config->limits.list_rows;
	     i++)
		if (k.id.n > 0)
			(void)json_array_append_new(list, known_json(n, &k));
	(void)json_object_set_new(o, "peers", list);
	http_reply(r, 200, o);
}

static void
on_dialled(void *ctx, err e, const char *why)
{
	struct http_request *r = ctx;

	if (e == OK || e == ERR_EXISTS) {
		json_t *o = json_object();
		json_truth(o, "connected", true);
		json_truth(o, "already", e == ERR_EXISTS);
		http_reply(r, 200, o);
		return;
	}
	http_fail(r, 502, "E3301", "address",
	    "is the other node up, the address and the id in it right, and "
	    "has it the same network key, or none?",
	    "cannot connect: %s", why[0] == 0 ? err_name(e) : why);
}

static const char *
cannot_dial(const struct node *n, const char *address)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	const char *why = NULL;

	if (multiaddr_get(slice_str(address), &b) == OK)
		why = transport_cannot_dial(n->transport, buf_slice(&b));
	return why == NULL ? "this is not a multiaddr" : why;
}

void
api_peers_connect(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);
	const char *address =
	    json_string_value(json_object_get(body, "address"));

	if (body == NULL)
		return;
	if (address == NULL) {
		http_fail(r, 422, "E3302", "address",
		    "/ip4/192.0.2.1/tcp/4141/p2p/12D3KooW...",
		    "an address to connect to is missing");
	} else {
		err e = nat_connect(n->nat, address, on_dialled, r);
		if (e == ERR_NOTFOUND)
			e = transport_dial(
			    n->transport, address, on_dialled, r);
		if (e == ERR_FORM)
			http_fail(r, 422, "E3302", "address",
			    "/ip4/192.0.2.1/tcp/4141/p2p/12D3KooW...", "%s",
			    cannot_dial(n, address));
		else if (e != OK)
			http_fail_err(r, e, "cannot dial: %s", err_name(e));
	}
	json_decref(body);
}
