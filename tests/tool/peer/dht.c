/*
 * dht.c: Kademlia in the test peer: a server from the start, under a
 * protocol id of the tests.
 */
#include <string.h>

#include "tests/tool/peer/peer.h"

#define DHT_MEMORY  (4U << 20)
#define QUERIES_MAX 8
#define FOUND_MAX   20

struct query {
	bool used;
	bool peer; /* asked for a peer, else for providers */
	uint32_t number;
	struct peer_id wanted;
	uint32_t found_n;
	struct kad_contact found[FOUND_MAX];
};

static struct mem dht_mem;
static uv_timer_t dht_timer;
static struct kad *dht;
static struct query queries[QUERIES_MAX];

static void
book_add(void *ctx, const struct peer_id *teller, const struct peer_id *id,
    struct slice addr, uint64_t now_ms)
{
	(void)ctx;
	(void)!host_peer_told(peer.host, teller, id, addr, PEER_DHT, now_ms);
}

static err
book_connect(void *ctx, const struct peer_id *id, uint64_t now_ms)
{
	(void)ctx;
	return host_connect_once(peer.host, id, now_ms);
}

bool
dht_open(size_t protocol_index, const struct slice *addrs, size_t n)
{
	const struct kad_config cf = {
		.host = peer.host,
		.env = &peer.env,
		.mem = &dht_mem,
		.protocol = KAD_PROTOCOL,
		.protocol_index = protocol_index,
		.book = { NULL, book_add, book_connect },
		.params = kad_params_default(),
	};

	dht_mem = mem_child(&peer.mem, DHT_MEMORY);
	(void)uv_timer_init(&peer.loop, &dht_timer);
	dht = kad_new(&cf, peer_now());
	if (dht == NULL)
		return false;
	kad_server_set(dht, true, peer_now());
	kad_addrs_set(dht, addrs, n);
	return true;
}

void
dht_close(void)
{
	if (dht == NULL)
		return;
	uv_close((uv_handle_t *)&dht_timer, NULL);
}

void
dht_free(void)
{
	if (dht != NULL)
		kad_free(dht);
}

static void
say_contact(const struct kad_contact *c)
{
	char text[MULTIADDR_TEXT_MAX];
	const char *comma = "";

	printf("\"peer\":\"%s\",\"addresses\":[", peer_id_text(&c->id));
	for (uint32_t i = 0; i < c->addrs_n; i++) {
		if (multiaddr_put(text, sizeof(text), kad_contact_addr(c, i)) !=
		    OK)
			continue;
		printf("%s\"%s\"", comma, text);
		comma = ",";
	}
	printf("]");
}

static void
say_done(struct query *q)
{
	const char *comma = "";

	q->used = false;
	if (q->peer) {
		for (uint32_t i = 0; i < q->found_n; i++) {
			if (!peer_id_eq(&q->found[i].id, &q->wanted))
				continue;
			printf("{\"event\":\"dht-peer\",");
			say_contact(&q->found[i]);
			printf("}\n");
			return;
		}
		printf("{\"event\":\"dht-peer\",\"peer\":null}\n");
		return;
	}
	printf("{\"event\":\"dht-providers\",\"providers\":[");
	for (uint32_t i = 0; i < q->found_n; i++, comma = ",") {
		printf("%s{", comma);
		say_contact(&q->found[i]);
		printf("}");
	}
	printf("]}\n");
}

static void
drain(void)
{
	struct kad_event ev;

	while (kad_next(dht, &ev)) {
		struct query *q = NULL;
		for (size_t i = 0; i < QUERIES_MAX; i++)
			if (queries[i].used && queries[i].number == ev.query)
				q = &queries[i];
		if (q == NULL)
			continue;
		if (ev.type == KAD_DONE)
			say_done(q);
		else if (q->found_n < FOUND_MAX)
			q->found[q->found_n++] = ev.contact;
	}
}

bool
dht_event(const struct host_event *ev)
{
	if (dht == NULL)
		return false;
	const bool own = kad_event(dht, ev, peer_now());
	drain();
	return own;
}

static void
on_timer(uv_timer_t *timer)
{
	(void)timer;
	kad_on_time(dht, peer_now());
	drain();
	transport_wake(peer.transport);
}

void
dht_pumped(void)
{
	if (dht == NULL || uv_is_closing((uv_handle_t *)&dht_timer))
		return;
	const uint64_t at = kad_expiry(dht), now = peer_now();
	if (at == UINT64_MAX)
		(void)uv_timer_stop(&dht_timer);
	else
		(void)uv_timer_start(
		    &dht_timer, on_timer, at > now ? at - now : 0, 0);
}

static err
lookup(enum kad_lookup what, struct slice key, const struct peer_id *wanted)
{
	struct query *q = NULL;

	for (size_t i = 0; i < QUERIES_MAX; i++)
		if (!queries[i].used)
			q = &queries[i];
	if (q == NULL)
		return ERR_LIMIT;
	*q = (struct query){ .peer = wanted != NULL };
	TRY(kad_lookup(dht, what, key, peer_now(), &q->number));
	q->used = true;
	if (wanted != NULL)
		q->wanted = *wanted;
	drain();
	return OK;
}

err
dht_command(const char *verb, const char *arg)
{
	uint8_t raw[128];
	struct buf key = { raw, 0, sizeof(raw) };
	struct kad_stats s;
	struct peer_id id;

	if (dht == NULL)
		return ERR_NOTFOUND;
	if (strcmp(verb, "dht-stats") == 0) {
		kad_stats(dht, &s);
		printf("{\"event\":\"dht-stats\",\"table\":%" PRIu32
		       ",\"busy\":%" PRIu32 ",\"providers\":%" PRIu32
		       ",\"served\":%" PRIu64 "}\n",
		    s.table_now, s.queries_now + s.requests_now,
		    s.providers_now, s.served);
		return OK;
	}
	if (arg == NULL)
		return ERR_FORM;
	if (strcmp(verb, "dht-peer") == 0) {
		TRY(peer_id_get(slice_str(arg), &id));
		return lookup(KAD_PEER, slice_of(id.bytes, id.n), &id);
	}
	TRY(hex_get(slice_str(arg), &key));
	if (strcmp(verb, "dht-provide") == 0)
		return kad_provide(dht, buf_slice(&key), peer_now());
	if (strcmp(verb, "dht-providers") == 0)
		return lookup(KAD_PROVIDERS, buf_slice(&key), NULL);
	return ERR_FORM;
}
