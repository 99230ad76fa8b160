/* crawl/parameters.c: what a crawl was asked for, and the plan of one. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "node/base/env.h"
#include "node/base/paths.h"
#include "node/crawl/internal.h"
#include "proto/base/text.h"
#include "proto/libp2p/gossip_rpc.h"
#include "proto/sync/sync.h"

struct crawl_parameters
crawl_parameters_default(void)
{
	return (struct crawl_parameters){ .rate_milli = 10000,
		.parallel = 16,
		.retries = 1,
		.retry_s = 30,
		.subnet_s = 2,
		.visit_s = 300,
		.peers_max = 5000000,
		.records = true,
		.kinds = { UINT64_MAX, UINT64_MAX } };
}

void
crawl_agent(const struct crawl_parameters *p, char out[CRAWL_WORDS])
{
	(void)snprintf(out, CRAWL_WORDS, "ohcn-crawler/%s%s%s%s", OHCN_VERSION,
	    p->contact[0] == 0 ? "" : " (", p->contact,
	    p->contact[0] == 0 ? "" : ")");
}

static void
put_int(json_t *o, const char *key, uint64_t v)
{
	(void)json_object_set_new(
	    o, key, json_integer((json_int_t)MIN(v, (uint64_t)INT64_MAX)));
}

static json_t *
kinds_json(const uint64_t kinds[2])
{
	json_t *list = json_array();

	if (kinds[0] == UINT64_MAX)
		return list;
	for (uint32_t k = 1; k <= KIND_LAST; k++)
		if ((kinds[0] >> k & 1) != 0)
			(void)json_array_append_new(
			    list, json_string(kind_info(k)->name));
	return list;
}

json_t *
parameters_json(const struct crawl_parameters *p)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "network", json_string(p->network));
	(void)json_object_set_new(o, "contact", json_string(p->contact));
	put_int(o, "limit", p->limit);
	(void)json_object_set_new(
	    o, "calls_per_second", json_real(p->rate_milli / 1000.0));
	put_int(o, "visits_at_once", p->parallel);
	put_int(o, "retries", p->retries);
	put_int(o, "retry_seconds", p->retry_s);
	put_int(o, "subnet_pause_seconds", p->subnet_s);
	put_int(o, "visit_seconds", p->visit_s);
	put_int(o, "peers_max", p->peers_max);
	(void)json_object_set_new(o, "addresses", json_boolean(p->addresses));
	(void)json_object_set_new(o, "keep_key", json_boolean(p->keep_key));
	(void)json_object_set_new(o, "records", json_boolean(p->records));
	(void)json_object_set_new(o, "kinds", kinds_json(p->kinds));
	return o;
}

static bool
take_int(const json_t *o, const char *key, uint64_t max, uint64_t *out)
{
	const json_t *v = json_object_get(o, key);
	const json_int_t n = json_integer_value(v);

	if (!json_is_integer(v) || n < 0 || (uint64_t)n > max)
		return false;
	*out = (uint64_t)n;
	return true;
}

static bool
take_u32(const json_t *o, const char *key, uint32_t *out)
{
	uint64_t v = 0;
	const bool good = take_int(o, key, UINT32_MAX, &v);

	*out = (uint32_t)v;
	return good;
}

bool
parameters_take(const json_t *o, struct crawl_parameters *p)
{
	const char *network = json_string_value(json_object_get(o, "network"));
	const char *contact = json_string_value(json_object_get(o, "contact"));
	const json_t *kinds = json_object_get(o, "kinds");
	size_t i;
	json_t *v;

	*p = crawl_parameters_default();
	if (network == NULL || contact == NULL ||
	    strlen(network) >= sizeof(p->network) ||
	    strlen(contact) >= sizeof(p->contact))
		return false;
	memcpy(p->network, network, strlen(network));
	memcpy(p->contact, contact, strlen(contact));
	if (json_array_size(kinds) > 0)
		p->kinds[0] = p->kinds[1] = 0;
	json_array_foreach(kinds, i, v)
	{
		const char *name = json_string_value(v);
		const uint32_t k = name == NULL ? 0 : kind_by_name(name);
		if (k == 0)
			return false;
		p->kinds[0] |= UINT64_C(1) << k;
	}
	const double rate =
	    json_number_value(json_object_get(o, "calls_per_second"));
	p->rate_milli = rate > 0 && rate < 1e6 ? (uint32_t)(rate * 1000) : 0;
	p->addresses = json_is_true(json_object_get(o, "addresses"));
	p->keep_key = json_is_true(json_object_get(o, "keep_key"));
	p->records = json_is_true(json_object_get(o, "records"));
	return p->rate_milli > 0 &&
	       take_int(o, "limit", INT64_MAX, &p->limit) &&
	       take_u32(o, "visits_at_once", &p->parallel) &&
	       p->parallel >= 1 && p->parallel <= CRAWL_PARALLEL_MAX &&
	       take_u32(o, "retries", &p->retries) &&
	       take_u32(o, "retry_seconds", &p->retry_s) &&
	       take_u32(o, "subnet_pause_seconds", &p->subnet_s) &&
	       take_u32(o, "visit_seconds", &p->visit_s) &&
	       take_int(o, "peers_max", INT64_MAX, &p->peers_max);
}

err
crawl_seed_get(
    const char *text, enum frontier_source source, struct crawl_seed *out)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	*out = (struct crawl_seed){ .source = source };
	TRY(multiaddr_get(slice_str(text), &b));
	if (multiaddr_peer(buf_slice(&b), &out->id) != OK)
		return ERR_FORM;
	const struct slice addr = multiaddr_strip_peer(buf_slice(&b));
	if (addr.n == 0 || addr.n > sizeof(out->addr.bytes))
		return ERR_FORM;
	memcpy(out->addr.bytes, addr.p, addr.n);
	out->addr.n = (uint16_t)addr.n;
	return OK;
}

/* ---- the plan ---- */

static void
plan_seeds(json_t *o, const struct crawl_config *cf)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < cf->seeds_n; i++) {
		const struct crawl_seed *s = &cf->seeds[i];
		char addr[MULTIADDR_TEXT_MAX], id[PEER_ID_TEXT_MAX];
		if (multiaddr_put(addr, sizeof(addr),
			slice_of(s->addr.bytes, s->addr.n)) != OK)
			continue;
		peer_id_put(id, &s->id);
		(void)json_array_append_new(
		    list, json_pack("{s:s,s:s,s:s}", "peer", id, "address",
			      addr, "source", frontier_source_name(s->source)));
	}
	(void)json_object_set_new(o, "seeds", list);
}

static void
add_bytes(json_t *list, const char *what, const char *why, struct slice bytes)
{
	char *hex = malloc(2 * bytes.n + 1);

	if (hex != NULL && hex_put(hex, 2 * bytes.n + 1, bytes) == OK)
		(void)json_array_append_new(
		    list, json_pack("{s:s,s:s,s:i,s:s}", "what", what, "why",
			      why, "bytes", (int)bytes.n, "hex", hex));
	free(hex);
}

/* The first message of sync; after it come fingerprints of what the crawl
 * holds by then, and short ids of what it wants. */
static void
plan_hello(json_t *list, const struct crawl_config *cf)
{
	struct mem mem = mem_heap(1U << 20);
	struct sync_config sc = { .dialer = true,
		.net = slice_str(cf->parameters.network),
		.scope = scope_all(),
		.crawler = true,
		.light = true,
		.take_only = true };

	if (!cf->parameters.records)
		return;
	sc.scope.kinds[0] = cf->parameters.kinds[0];
	sc.scope.kinds[1] = cf->parameters.kinds[1];
	crypto_random(sc.nonce, sizeof(sc.nonce));
	crypto_random(sc.tag, sizeof(sc.tag));
	struct sync *s = sync_new(&mem, &sc, 0);
	struct sync_event ev;
	if (s != NULL && !sync_next(s, &ev))
		add_bytes(list, "hello of sync",
		    "network, kinds, that we crawl and give nothing",
		    sync_send(s));
	sync_free(s);
}

/* An example of each message with content that a peer gets from us. */
static void
plan_bytes(json_t *o, const struct crawl_config *cf)
{
	static const char *const served[] = { "/ipfs/id/1.0.0",
		"/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0" };
	char agent[CRAWL_WORDS], topic[TOPIC_TEXT];
	uint8_t room[1024], key[36] = { 0, 0x24, 8, 1, 0x12, 0x20 };
	struct buf b = { room, 0, sizeof(room) };
	struct identify m = { .protocol_version = slice_str("ohcn/1") };
	struct kad_message *q = calloc(1, sizeof(*q));
	json_t *list = json_array();

	crawl_agent(&cf->parameters, agent);
	m.agent = slice_str(agent);
	for (size_t i = 0; i < ARRAY_LEN(served); i++)
		m.protocols[m.protocols_n++] = slice_str(served[i]);
	if (identify_put(&b, &m) == OK)
		add_bytes(list, "identify",
		    "who we are; on the wire with the public key of this "
		    "run, where we see the peer, and gossip's protocols",
		    buf_slice(&b));
	b.n = 0;
	if (q != NULL) {
		q->type = KAD_FIND_NODE;
		crypto_random(key + 6, sizeof(key) - 6);
		q->key = slice_of(key, sizeof(key));
		if (kad_message_put(&b, q) == OK)
			add_bytes(list, "question of Kademlia",
			    "who is near a random key; up to 13 to each "
			    "server",
			    buf_slice(&b));
	}
	free(q);
	b.n = 0;
	topic_put(topic, slice_str(cf->parameters.network), CLASS_META);
	rpc_graft_put(&b, slice_str(topic));
	add_bytes(list, "gossip",
	    "a place in the mesh of this topic, so that the peer refuses and "
	    "names others; before it the subscription",
	    buf_slice(&b));
	plan_hello(list, cf);
	(void)json_object_set_new(o, "sends", list);
}

static void
plan_files(json_t *o, const struct crawl_config *cf)
{
	json_t *list = json_array();
	char name[80];

	for (size_t i = 0; i < ROWS_FILES; i++) {
		if (!cf->parameters.records &&
		    (i == ROWS_RECORDS || i == ROWS_COUNTS))
			continue;
		rows_file_name(&rows_kinds[i],
		    i == ROWS_RECORDS ? "KIND" : NULL, name, sizeof(name));
		(void)json_array_append_new(
		    list, json_pack("{s:s,s:s}", "name", name, "about",
			      rows_kinds[i].about));
	}
	(void)json_array_append_new(
	    list, json_pack("{s:s,s:s}", "name", CRAWL_MANIFEST, "about",
		      "what was done, counts, hashes of the files"));
	(void)json_array_append_new(
	    list, json_pack("{s:s,s:s}", "name", "schema/", "about",
		      "JSON Schema, CSVW and views for DuckDB"));
	(void)json_object_set_new(o, "files", list);
}

json_t *
crawl_plan(const struct crawl_config *cf)
{
	char agent[CRAWL_WORDS];
	json_t *o = json_object();

	crawl_agent(&cf->parameters, agent);
	(void)json_object_set_new(o, "dry_run", json_true());
	(void)json_object_set_new(
	    o, "folder", cf->dir == NULL ? json_null() : json_string(cf->dir));
	(void)json_object_set_new(o, "agent", json_string(agent));
	plan_seeds(o, cf);
	(void)json_object_set_new(
	    o, "parameters", parameters_json(&cf->parameters));
	plan_files(o, cf);
	plan_bytes(o, cf);
	return o;
}

err
crawl_resume_parameters(
    const char *dir, struct crawl_parameters *out, struct problem *p)
{
	struct env env = env_system(NULL, NULL);
	char work[PATH_TEXT_MAX];
	struct frontier_config fc = { .env = &env, .dir = work };
	struct frontier *f = NULL;

	crawl_path(work, "%s/%s/walk", dir, CRAWL_WORK);
	const err e = frontier_open(&fc, &f, p);
	if (e == ERR_NOTFOUND) {
		problem_set(p, EXIT_NOTFOUND, "E1022",
		    "there is no unfinished crawl in %s", dir);
		problem_why(p,
		    "a crawl that is complete has no %s any more; one that "
		    "was killed before it called anybody has nothing yet",
		    CRAWL_WORK);
		problem_hint(p, "ohcn crawl run -o %s ADDRESS...", dir);
	}
	TRY(e);
	json_t *o = frontier_noted(f, "parameters");
	const bool good = o != NULL && parameters_take(o, out);
	json_decref(o);
	frontier_close(f);
	if (!good) {
		problem_set(p, EXIT_DAMAGED, "E1023",
		    "the parameters of the crawl in %s cannot be read", dir);
		return ERR_CORRUPT;
	}
	return OK;
}
