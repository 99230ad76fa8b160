#include "crypto/crypto.h"
#include "proto/libp2p/kad_internal.h"

#define SECOND_MS     UINT64_C(1000)
#define MINUTE_MS     (60 * SECOND_MS)
#define HOUR_MS       (60 * MINUTE_MS)
#define EXPIRE_MS     (10 * MINUTE_MS)
#define FIRST_PAUSE   (5 * MINUTE_MS) /* before a key is told again */
#define LOOK_MAX      16              /* times look_ms, in vain */
#define REFRESH_BITS  10 /* deeper buckets: the look for ourselves */
#define REFRESH_MAX   3  /* lookups of one refresh */
#define REFRESH_TRIES 8192

struct kad_params
kad_params_default(void)
{
	return (struct kad_params){
		.k = 20,
		.parallel = 5,
		.asked_max = 60,
		.request_ms = 10 * SECOND_MS,
		.query_ms = MINUTE_MS,
		.refresh_ms = 10 * MINUTE_MS,
		.idle_ms = MINUTE_MS,
		.provider_ms = 48 * HOUR_MS,
		.republish_ms = 22 * HOUR_MS,
		.queries_max = 8,
		.requests_max = 48,
		.streams_max = 64,
		.streams_per_peer = 4,
		.rate = 20,
		.peers_wanted = 8,
		.look_ms = 30 * SECOND_MS,
		.table_max = 512,
		.group_bucket = 3,
		.group_table = 10,
		.providers_max = 2048,
		.provider_keys = 256,
		.per_key = 64,
		.per_peer = 16,
	};
}

struct kad *
kad_new(const struct kad_config *cf, uint64_t now_ms)
{
	const struct kad_params *p = &cf->params;
	struct kad *k = mem_alloc(cf->mem, sizeof(*k));

	if (k == NULL)
		return NULL;
	ASSERT(p->k > 0 && p->k <= KAD_CLOSER_MAX && p->parallel > 0);
	k->host = cf->host;
	k->env = cf->env;
	k->mem = cf->mem;
	k->protocol = cf->protocol;
	k->protocol_index = cf->protocol_index;
	k->book = cf->book;
	k->params = *p;
	k->self.id = *host_self(cf->host);
	kad_table_init(&k->table, k->mem, &k->self.id);
	k->table.k = p->k;
	k->table.max = p->table_max;
	k->table.group_bucket = p->group_bucket;
	k->table.group_table = p->group_table;
	k->table.private_too = p->private_too;
	kad_providers_init(&k->providers, k->env, k->mem, &k->table.self);
	k->providers.max = p->providers_max;
	k->providers.keys_max = p->provider_keys;
	k->providers.per_key = p->per_key;
	k->providers.per_peer = p->per_peer;
	k->providers.per_group = p->group_bucket;
	k->providers.life_ms = p->provider_ms;
	k->providers.private_too = p->private_too;
	k->requests = mem_alloc(k->mem, p->requests_max * sizeof(*k->requests));
	k->queries = mem_alloc(k->mem, p->queries_max * sizeof(*k->queries));
	k->served = mem_alloc(k->mem, p->streams_max * sizeof(*k->served));
	if (k->requests == NULL || k->queries == NULL || k->served == NULL)
		goto fail1;
	k->refresh_ms = now_ms + p->refresh_ms;
	k->expire_ms = now_ms + EXPIRE_MS;
	k->look_pause_ms = p->look_ms;
	k->look_ms = now_ms + p->look_ms;
	return k;
fail1:
	mem_free(k->mem, k->requests, p->requests_max * sizeof(*k->requests));
	mem_free(k->mem, k->queries, p->queries_max * sizeof(*k->queries));
	mem_free(k->mem, k->served, p->streams_max * sizeof(*k->served));
	mem_free(k->mem, k, sizeof(*k));
	return NULL;
}

void
kad_free(struct kad *k)
{
	kad_requests_free(k);
	kad_queries_free(k);
	kad_serve_free(k);
	kad_providers_fini(&k->providers);
	kad_table_fini(&k->table);
	mem_free(k->mem, k, sizeof(*k));
}

/* ---- who we are, and who others are ---- */

void
kad_addrs_set(struct kad *k, const struct slice *addrs, size_t n)
{
	k->self = (struct kad_contact){ .id = k->self.id };
	for (size_t i = 0; i < n; i++)
		(void)kad_contact_add(&k->self, addrs[i]);
}

bool
kad_is_server(const struct kad *k)
{
	return k->server;
}

void
kad_server_set(struct kad *k, bool on, uint64_t now_ms)
{
	if (k->server == on)
		return;
	k->server = on;
	host_protocol_set(k->host, k->protocol_index, on, now_ms);
	for (uint32_t i = 0; i < KAD_PROVIDE_MAX; i++) {
		k->own[i].next_ms = now_ms + SECOND_MS;
		k->own[i].pause_ms = FIRST_PAUSE;
	}
	for (uint32_t i = 0; i < k->params.streams_max && !on; i++)
		if (k->served[i].used) {
			host_stream_reset(k->host, k->served[i].stream);
			kad_serve_gone(
			    k, k->served[i].stream.conn, &k->served[i].peer);
		}
}

struct slice
kad_remote(struct kad *k, const struct peer_id *id, uint8_t out[MULTIADDR_MAX])
{
	struct host_peer_info info;

	if (!host_peer_find(k->host, id, &info) ||
	    info.remote.n > MULTIADDR_MAX || info.remote.n == 0)
		return slice_of(NULL, 0);
	memcpy(out, info.remote.p, info.remote.n);
	return slice_of(out, info.remote.n);
}

void
kad_contact_for(
    const struct kad_contact *in, struct slice remote, struct kad_contact *out)
{
	*out = (struct kad_contact){ .id = in->id };
	for (uint32_t i = 0; i < in->addrs_n; i++)
		if (remote.n == 0 ||
		    reach_may_name(remote, kad_contact_addr(in, i)))
			(void)kad_contact_add(out, kad_contact_addr(in, i));
}

bool
kad_contact_of(struct kad *k, const struct peer_id *id, struct slice for_remote,
    struct kad_contact *out)
{
	struct host_peer_info info;
	struct kad_contact c = { .id = *id, .connected = true };

	if (peer_id_eq(id, &k->self.id)) {
		kad_contact_for(&k->self, for_remote, out);
		return true;
	}
	if (!host_peer_find(k->host, id, &info))
		return false;
	/* Where we dialled it, it is. */
	if (info.outbound)
		(void)kad_contact_add(&c, info.remote);
	for (uint32_t i = 0; i < info.addrs_n; i++)
		if (reach_may_name(info.remote, info.addrs[i]))
			(void)kad_contact_add(&c, info.addrs[i]);
	kad_contact_for(&c, for_remote, out);
	out->connected = true;
	return true;
}

/* ---- what we provide ---- */

void
kad_topic_key(struct slice name, uint8_t out[KAD_TOPIC_KEY])
{
	const struct crypto_part part = { name.p, name.n };

	out[0] = 0x12; /* SHA-256 */
	out[1] = SHA256_SIZE;
	hash_sha256(out + 2, &part, 1);
}

struct kad_own *
kad_own_find(struct kad *k, struct slice key)
{
	for (uint32_t i = 0; i < KAD_PROVIDE_MAX; i++)
		if (k->own[i].key_n > 0 &&
		    slice_eq(slice_of(k->own[i].key, k->own[i].key_n), key))
			return &k->own[i];
	return NULL;
}

err
kad_provide(struct kad *k, struct slice key, uint64_t now_ms)
{
	TRY(kad_multihash_check(key));
	if (kad_own_find(k, key) != NULL)
		return ERR_EXISTS;
	for (uint32_t i = 0; i < KAD_PROVIDE_MAX; i++) {
		struct kad_own *o = &k->own[i];
		if (o->key_n > 0)
			continue;
		memcpy(o->key, key.p, key.n);
		o->key_n = (uint8_t)key.n;
		o->next_ms = now_ms + SECOND_MS;
		o->pause_ms = FIRST_PAUSE;
		return OK;
	}
	return ERR_LIMIT;
}

/* ---- lookups ---- */

static bool
anybody_to_ask(struct kad *k)
{
	struct host_peer_info info;

	if (k->table.n > 0)
		return true;
	for (uint32_t i = 0; host_peer_at(k->host, i, &info); i++) {
		const struct peer_id id = info.id;
		if (host_peer_speaks(k->host, &id, k->protocol))
			return true;
	}
	return false;
}

err
kad_lookup(struct kad *k, enum kad_lookup what, struct slice key,
    uint64_t now_ms, uint32_t *query)
{
	struct peer_id id;

	if (key.n == 0 || key.n > KAD_KEY_MAX ||
	    (what == KAD_PEER && peer_id_parse(key, &id) != OK) ||
	    (what == KAD_PROVIDERS && kad_multihash_check(key) != OK))
		return ERR_FORM;
	if (!anybody_to_ask(k))
		return ERR_NOTFOUND;
	return kad_query_new(k, KAD_FOR_CALLER, what, key, now_ms, query);
}

bool
kad_next(struct kad *k, struct kad_event *ev)
{
	return kad_queries_next(k, ev);
}

/* ---- events ---- */

bool
kad_event(struct kad *k, const struct host_event *ev, uint64_t now_ms)
{
	switch (ev->type) {
	case HOST_PEER_UP:
		kad_requests_up(k, &ev->peer, now_ms);
		return false;
	case HOST_PEER_DOWN:
		kad_requests_gone(k, 0, &ev->peer, now_ms);
		kad_serve_gone(k, 0, &ev->peer);
		return false;
	case HOST_CLOSE:
		kad_requests_gone(k, ev->conn, &ev->peer, now_ms);
		kad_serve_gone(k, ev->conn, &ev->peer);
		return false;
	case HOST_UNREACHABLE:
		kad_requests_gone(k, 0, &ev->peer, now_ms);
		return false;
	case HOST_IDENTIFIED:
		if (host_peer_speaks(k->host, &ev->peer, k->protocol))
			kad_probe(k, &ev->peer, now_ms);
		return false;
	case HOST_STREAM_OPENED:
		return kad_serve_event(k, ev, now_ms);
	case HOST_STREAM_READY:
	case HOST_STREAM_REFUSED:
	case HOST_STREAM_DATA:
	case HOST_STREAM_WRITABLE:
	case HOST_STREAM_END:
	case HOST_STREAM_CLOSED:
		return kad_request_event(k, ev, now_ms) ||
		       kad_serve_event(k, ev, now_ms);
	case HOST_MESSAGE:
	case HOST_PING:
		return false;
	}
	return false;
}

/* ---- time ---- */

/* A key whose point shares ${bits} bits with ours, and not one more. */
static bool
key_in_bucket(struct kad *k, uint32_t bits, uint8_t key[32])
{
	k->env->random(k->env->ctx, key, 32);
	for (uint32_t i = 0; i < REFRESH_TRIES; i++) {
		put_u32be(key, get_u32be(key) + 1);
		const struct kad_point p = kad_point_of(slice_of(key, 32));
		if (kad_shared_bits(&k->table.self, &p) == bits)
			return true;
	}
	return false;
}

/*
 * Look for ourselves, so that the neighbours know us and we know them, and
 * for something in a bucket that lacks contacts or was silent.
 */
static void
refresh(struct kad *k, uint64_t now_ms)
{
	struct host_peer_info info;
	uint32_t id = 0, begun = 1;
	uint8_t key[32];

	for (uint32_t i = 0; host_peer_at(k->host, i, &info); i++) {
		const struct peer_id peer = info.id;
		if (host_peer_speaks(k->host, &peer, k->protocol))
			kad_probe(k, &peer, now_ms);
	}
	/* A young table is looked after more often. */
	k->refresh_ms = now_ms + (k->table.n < k->params.k
					 ? MIN(k->params.refresh_ms, MINUTE_MS)
					 : k->params.refresh_ms);
	k->refresh_ms += env_random_below(k->env, 1 + k->params.refresh_ms / 8);
	if (!anybody_to_ask(k))
		return;
	(void)kad_query_new(k, KAD_FOR_REFRESH, KAD_CLOSEST,
	    peer_id_slice(&k->self.id), now_ms, &id);
	const uint32_t first = (uint32_t)env_random_below(k->env, REFRESH_BITS);
	for (uint32_t i = 0; i < REFRESH_BITS && begun < REFRESH_MAX; i++) {
		const uint32_t b = (first + i) % REFRESH_BITS;
		if (k->table.bucket_n[b] >= k->params.k ||
		    !key_in_bucket(k, b, key))
			continue;
		if (kad_query_new(k, KAD_FOR_REFRESH, KAD_CLOSEST,
			slice_of(key, sizeof(key)), now_ms, &id) != OK)
			return;
		begun++;
	}
}

static void
provide(struct kad *k, uint64_t now_ms)
{
	uint32_t id = 0;

	for (uint32_t i = 0; i < KAD_PROVIDE_MAX; i++) {
		struct kad_own *o = &k->own[i];
		if (o->key_n == 0 || !k->server || o->next_ms > now_ms)
			continue;
		o->next_ms = now_ms + 10 * SECOND_MS;
		if (k->table.n > 0 &&
		    kad_query_new(k, KAD_TO_PROVIDE, KAD_CLOSEST,
			slice_of(o->key, o->key_n), now_ms, &id) == OK)
			o->next_ms = now_ms + k->params.query_ms + SECOND_MS;
	}
}

/* Too few peers: who provides what we provide is one of us. */
static void
look(struct kad *k, uint64_t now_ms)
{
	struct host_stats stats;
	uint32_t id = 0;

	k->look_ms = now_ms + k->look_pause_ms +
		     env_random_below(k->env, 1 + k->look_pause_ms / 4);
	host_stats(k->host, &stats);
	if (stats.peers_now >= k->params.peers_wanted) {
		k->look_pause_ms = k->params.look_ms;
		return;
	}
	for (uint32_t i = 0; i < KAD_PROVIDE_MAX; i++) {
		const struct kad_own *o =
		    &k->own[k->look_turn++ % KAD_PROVIDE_MAX];
		if (o->key_n == 0)
			continue;
		if (!anybody_to_ask(k) ||
		    kad_query_new(k, KAD_TO_CONNECT, KAD_PROVIDERS,
			slice_of(o->key, o->key_n), now_ms, &id) != OK)
			return;
		break;
	}
	k->look_pause_ms =
	    MIN(2 * k->look_pause_ms, (uint64_t)LOOK_MAX * k->params.look_ms);
}

static uint64_t
own_expiry(const struct kad *k)
{
	uint64_t at = UINT64_MAX;

	for (uint32_t i = 0; i < KAD_PROVIDE_MAX; i++)
		if (k->own[i].key_n > 0 && k->server)
			at = MIN(at, k->own[i].next_ms);
	return at;
}

uint64_t
kad_expiry(const struct kad *k)
{
	uint64_t at = MIN(k->refresh_ms, k->expire_ms);

	if (k->params.peers_wanted > 0)
		at = MIN(at, k->look_ms);
	at = MIN(at, own_expiry(k));
	at = MIN(at, kad_requests_expiry(k));
	at = MIN(at, kad_queries_expiry(k));
	return MIN(at, kad_serve_expiry(k));
}

void
kad_on_time(struct kad *k, uint64_t now_ms)
{
	kad_requests_time(k, now_ms);
	kad_queries_time(k, now_ms);
	kad_serve_time(k, now_ms);
	if (k->refresh_ms <= now_ms)
		refresh(k, now_ms);
	if (k->expire_ms <= now_ms) {
		kad_providers_expire(&k->providers, now_ms);
		k->expire_ms = now_ms + EXPIRE_MS;
	}
	if (k->params.peers_wanted > 0 && k->look_ms <= now_ms)
		look(k, now_ms);
	provide(k, now_ms);
}

/* ---- for people ---- */

bool
kad_peer_at(const struct kad *k, uint32_t i, struct kad_peer_info *out)
{
	const struct kad_entry *e = kad_table_at(&k->table, i);

	if (e == NULL)
		return false;
	*out = (struct kad_peer_info){
		.contact = e->contact,
		.bucket = kad_shared_bits(&k->table.self, &e->point),
		.answered_ms = e->answered_ms,
		.failures = e->failures,
	};
	return true;
}

void
kad_stats(const struct kad *k, struct kad_stats *out)
{
	*out = k->stats;
	out->table_now = k->table.n;
	out->providers_now = k->providers.n;
	out->queries_now = out->requests_now = out->streams_now = 0;
	for (uint32_t i = 0; i < k->params.queries_max; i++)
		out->queries_now += k->queries[i] != NULL;
	for (uint32_t i = 0; i < k->params.requests_max; i++)
		out->requests_now += k->requests[i].state != REQUEST_FREE;
	for (uint32_t i = 0; i < k->params.streams_max; i++)
		out->streams_now += k->served[i].used;
}
