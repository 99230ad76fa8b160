/*
 * api/discovery.c: finding peers over the API: invitations, and what
 * Kademlia and multicast DNS do.
 */
#include <stdio.h>

#include "node/api/parts.h"
#include "node/net/discovery.h"
#include "node/net/invite.h"
#include "node/net/network.h"
#include "proto/libp2p/psk.h"

/* ---- invitations ---- */

static const char *const reaches[] = {
	[REACH_NOWHERE] = "nowhere",
	[REACH_MACHINE] = "this machine",
	[REACH_SITE] = "local network",
	[REACH_WORLD] = "internet",
};

static void
add_addrs(struct invite *v, const struct slice *addrs, uint32_t n,
    enum reach reach, enum reach *best)
{
	for (uint32_t i = 0; i < n && v->addrs_n < INVITE_ADDRS_MAX; i++) {
		if (reach_of(addrs[i]) != reach ||
		    multiaddr_put(
			v->addrs[v->addrs_n], INVITE_ADDR_MAX, addrs[i]) != OK)
			continue;
		v->addrs_n++;
		*best = MAX(*best, reach);
	}
}

void
api_invite(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct slice addrs[HOST_ADDRS_MAX];
	const uint32_t addrs_n = discovery_addrs(n->discovery, addrs);
	struct invite v = { .id = *host_self(n->host) };
	enum reach best = REACH_NOWHERE;
	char text[INVITE_TEXT_MAX], id[PEER_ID_TEXT_MAX];

	(void)snprintf(v.net, sizeof(v.net), "%s", n->config->node.network);
	add_addrs(&v, addrs, addrs_n, REACH_WORLD, &best);
	add_addrs(&v, addrs, addrs_n, REACH_SITE, &best);
	if (v.addrs_n == 0)
		add_addrs(&v, addrs, addrs_n, REACH_MACHINE, &best);
	if (v.addrs_n == 0) {
		http_fail(r, 409, "E3310", "listen.addresses",
		    "listen.addresses, or listen.announce (behind a proxy); or "
		    "send the invitation of a peer",
		    "this node has no address that others could call");
		return;
	}
	const uint8_t *psk = host_psk(n->host);
	if (http_query(r, "key") != NULL && psk == NULL) {
		http_fail(r, 409, "E3311", "key", NULL,
		    "this network is open: there is no key to give away");
		return;
	}
	if (psk != NULL) {
		psk_fingerprint(v.psk, psk);
		v.has_key = http_query(r, "key") != NULL;
		if (v.has_key)
			memcpy(v.key, psk, sizeof(v.key));
	}
	const err e = invite_put(&v, text);
	crypto_wipe(v.key, sizeof(v.key));
	if (e != OK) {
		http_fail(
		    r, 500, "E3312", NULL, NULL, "the link would be too long");
		return;
	}
	json_t *o = json_object(), *list = json_array();
	peer_id_put(id, &v.id);
	(void)json_object_set_new(o, "link", json_string(text));
	(void)json_object_set_new(o, "network", json_string(v.net));
	(void)json_object_set_new(o, "peer_id", json_string(id));
	for (size_t i = 0; i < v.addrs_n; i++)
		(void)json_array_append_new(list, json_string(v.addrs[i]));
	(void)json_object_set_new(o, "addresses", list);
	(void)json_object_set_new(o, "reach", json_string(reaches[best]));
	http_reply(r, 200, o);
}

/* Into the peer store, and a call at once. How many addresses are of use. */
static size_t
join(struct node *n, const struct invite *v)
{
	const uint64_t now_ms = n->env.mono_ms(n->env.ctx);
	size_t kept = 0;

	for (size_t i = 0; i < v->addrs_n; i++) {
		uint8_t raw[MULTIADDR_MAX];
		struct buf b = { raw, 0, sizeof(raw) };
		kept += multiaddr_get(slice_str(v->addrs[i]), &b) == OK &&
			host_peer_add(n->host, &v->id, buf_slice(&b),
			    PEER_INVITATION, now_ms) == OK;
	}
	/* Connected already, or too much to do: the host will see to it. */
	if (kept > 0)
		(void)!host_connect(n->host, &v->id, now_ms);
	network_wake(n->network);
	return kept;
}

/* Are both in the open, or in the same private network? */
static bool
same_key(const struct node *n, const struct invite *v)
{
	const uint8_t *psk = host_psk(n->host);
	char ours[PSK_FINGERPRINT_TEXT] = "", theirs[PSK_FINGERPRINT_TEXT];

	_Static_assert(sizeof(v->psk) == sizeof(theirs), "fingerprint");
	memcpy(theirs, v->psk, sizeof(theirs));
	if (v->has_key)
		psk_fingerprint(theirs, v->key);
	if (psk != NULL)
		psk_fingerprint(ours, psk);
	return strcmp(ours, theirs) == 0;
}

static void
join_link(struct http_request *r, struct node *n, const char *link)
{
	struct host_peer_info info;
	struct invite v;
	struct problem p;
	char id[PEER_ID_TEXT_MAX];

	if (invite_get(link, &v, &p) != OK) {
		http_fail(
		    r, 422, "E3313", "link", p.hint, "%s: %s", p.what, p.why);
		return;
	}
	if (strcmp(v.net, n->config->node.network) != 0) {
		http_fail(r, 409, "E3314", "link",
		    "start another node for it: ohcn --home DIR up --join "
		    "LINK",
		    "the invitation is for the network \"%s\", this node is "
		    "of \"%s\"",
		    v.net, n->config->node.network);
		return;
	}
	if (!same_key(n, &v)) {
		http_fail(r, 409, "E3315", "link",
		    "network.psk_file with the key of those who invite",
		    host_psk(n->host) == NULL
			? "the invitation is for a private network with a "
			  "key, this node has none"
			: "this node is in a private network with another "
			  "key");
		return;
	}
	if (peer_id_eq(&v.id, host_self(n->host))) {
		http_fail(r, 422, "E3316", "link",
		    "open it on the machine of whom you invite",
		    "this is an invitation to this very node");
		return;
	}
	const size_t kept = join(n, &v);
	if (kept == 0) {
		http_fail(r, 422, "E3317", "link", "ask for a new one",
		    "no address of the invitation can be dialled from here");
		return;
	}
	json_t *o = json_object();
	peer_id_put(id, &v.id);
	(void)json_object_set_new(o, "network", json_string(v.net));
	(void)json_object_set_new(o, "peer_id", json_string(id));
	json_uint(o, "addresses", kept);
	json_truth(o, "connected", host_peer_find(n->host, &v.id, &info));
	http_reply(r, 200, o);
}

void
api_join(struct http_request *r, void *ctx)
{
	json_t *body = http_json(r);
	const char *link = json_string_value(json_object_get(body, "link"));

	if (body == NULL)
		return;
	if (link == NULL)
		http_fail(r, 422, "E3313", "link", "ohcn:invite?net=...",
		    "the link of an invitation is missing");
	else
		join_link(r, ctx, link);
	json_decref(body);
}

/* ---- what the machines do ---- */

static json_t *
contacts_json(const struct kad *k, uint64_t now_ms, uint32_t max)
{
	struct kad_peer_info row;
	json_t *list = json_array();

	for (uint32_t i = 0; i < max && kad_peer_at(k, i, &row); i++) {
		char id[PEER_ID_TEXT_MAX];
		json_t *o = json_object();
		peer_id_put(id, &row.contact.id);
		(void)json_object_set_new(o, "peer_id", json_string(id));
		json_uint(o, "bucket", row.bucket);
		json_uint(o, "answered_s", (now_ms - row.answered_ms) / 1000);
		json_uint(o, "failures", row.failures);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
kad_json(const struct node *n)
{
	const struct kad *k = discovery_kad(n->discovery);
	struct kad_stats s;
	json_t *o = NULL;

	if (k == NULL)
		return json_null();
	kad_stats(k, &s);
	o = json_object();
	(void)json_object_set_new(
	    o, "mode", json_string(kad_is_server(k) ? "server" : "client"));
	json_uint(o, "contacts", s.table_now);
	json_uint(o, "contacts_refused", s.contacts_refused);
	json_uint(o, "lookups", s.lookups);
	json_uint(o, "asked", s.asked);
	json_uint(o, "answered", s.answered);
	json_uint(o, "failed", s.failed);
	json_uint(o, "served", s.served);
	json_uint(o, "refused", s.refused);
	json_uint(o, "provider_records", s.providers_now);
	(void)json_object_set_new(o, "table",
	    contacts_json(
		k, n->env.mono_ms(n->env.ctx), n->config->limits.list_rows));
	return o;
}

static json_t *
mdns_json(const struct node *n)
{
	static const char *const modes[] = { "on", "listen", "off" };
	struct mdns_stats s;
	json_t *o = NULL;

	if (!discovery_mdns(n->discovery, &s))
		return json_null();
	o = json_object();
	(void)json_object_set_new(
	    o, "mode", json_string(modes[n->config->mdns.mode]));
	json_uint(o, "packets", s.packets_in);
	json_uint(o, "bad", s.bad);
	json_uint(o, "questions", s.queries_in);
	json_uint(o, "answers", s.answers_in);
	json_uint(o, "asked", s.queries_out);
	json_uint(o, "answered", s.answers_out);
	json_uint(o, "dropped", s.dropped);
	return o;
}

void
api_discovery(struct http_request *r, void *ctx)
{
	const struct node *n = ctx;
	json_t *o = json_object();

	(void)json_object_set_new(o, "kad", kad_json(n));
	(void)json_object_set_new(o, "mdns", mdns_json(n));
	http_reply(r, 200, o);
}

/* ---- looking for somebody ---- */

static void
on_found(void *ctx, err e, const struct kad_contact *found, uint32_t n,
    uint32_t asked)
{
	struct http_request *r = ctx;
	json_t *o = json_object(), *list = json_array();

	(void)e; /* nobody answered, or nobody knew: the list is empty */
	for (uint32_t i = 0; i < n; i++) {
		char id[PEER_ID_TEXT_MAX], text[MULTIADDR_TEXT_MAX];
		json_t *one = json_object(), *addrs = json_array();
		peer_id_put(id, &found[i].id);
		for (uint32_t a = 0; a < found[i].addrs_n; a++)
			if (multiaddr_put(text, sizeof(text),
				kad_contact_addr(&found[i], a)) == OK)
				(void)json_array_append_new(
				    addrs, json_string(text));
		(void)json_object_set_new(one, "peer_id", json_string(id));
		(void)json_object_set_new(one, "addresses", addrs);
		(void)json_array_append_new(list, one);
	}
	json_uint(o, "asked", asked);
	(void)json_object_set_new(o, "found", list);
	http_reply(r, 200, o);
}

static void
find(struct http_request *r, struct node *n, enum kad_lookup what,
    struct slice key)
{
	const err e = discovery_lookup(n->discovery, what, key, on_found, r);

	if (e == ERR_NOTFOUND)
		http_fail(r, 409, "E3321", NULL,
		    "kad.mode, and a peer that serves: ohcn peer list",
		    "there is nobody who could be asked");
	else if (e != OK)
		http_fail_err(r, e, "cannot look: %s", err_name(e));
	else
		network_wake(n->network);
}

void
api_discovery_find(struct http_request *r, void *ctx)
{
	json_t *body = http_json(r);
	const char *peer = json_string_value(json_object_get(body, "peer_id"));
	const char *near = json_string_value(json_object_get(body, "near"));
	const char *topic = json_string_value(json_object_get(body, "topic"));
	uint8_t key[KAD_TOPIC_KEY];
	struct peer_id id;

	if (body == NULL)
		return;
	if (topic != NULL) {
		kad_topic_key(slice_str(topic), key);
		find(r, ctx, KAD_PROVIDERS, slice_of(key, sizeof(key)));
	} else if ((peer == NULL && near == NULL) ||
		   peer_id_get(slice_str(peer == NULL ? near : peer), &id) !=
		       OK) {
		http_fail(r, 422, "E3320", "peer_id", "12D3KooW...",
		    "the id of a peer, or a topic, is missing or malformed");
	} else {
		find(r, ctx, peer == NULL ? KAD_CLOSEST : KAD_PEER,
		    peer_id_slice(&id));
	}
	json_decref(body);
}
