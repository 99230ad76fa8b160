#include "proto/base/varint.h"
#include "proto/libp2p/kad_internal.h"

#define SECOND_MS 1000

static void
out_drop(struct kad *k, struct kad_served *s)
{
	mem_free(k->mem, s->out, s->out_n);
	s->out = NULL;
}

static void
served_end(struct kad *k, struct kad_served *s)
{
	out_drop(k, s);
	*s = (struct kad_served){ 0 };
}

static void
served_refuse(struct kad *k, struct kad_served *s)
{
	host_stream_reset(k->host, s->stream);
	k->stats.refused++;
	served_end(k, s);
}

static void
served_open(struct kad *k, const struct host_event *ev, uint64_t now_ms)
{
	const struct host_stream stream = { ev->conn, ev->stream };
	struct kad_served *place = NULL;
	uint32_t same = 0;

	for (uint32_t i = 0; i < k->params.streams_max; i++) {
		struct kad_served *s = &k->served[i];
		if (!s->used)
			place = s;
		else if (peer_id_eq(&s->peer, &ev->peer))
			same++;
	}
	if (!k->server || place == NULL || same >= k->params.streams_per_peer) {
		host_stream_reset(k->host, stream);
		k->stats.refused++;
		return;
	}
	*place = (struct kad_served){ .used = true,
		.stream = stream,
		.peer = ev->peer,
		.last_ms = now_ms,
		.second_ms = now_ms };
}

/* ---- answers ---- */

static bool
is_listed(const struct kad_message *m, const struct peer_id *id)
{
	for (uint32_t i = 0; i < m->closer_n; i++)
		if (peer_id_eq(&m->closer[i].id, id))
			return true;
	return false;
}

/* The peer that is looked for, if we are it or are connected to it. */
static void
put_target(struct kad *k, struct kad_message *out, struct slice remote)
{
	struct peer_id id;

	if (peer_id_parse(out->key, &id) == OK &&
	    kad_contact_of(k, &id, remote, &out->closer[0]) &&
	    out->closer[0].addrs_n > 0)
		out->closer_n = 1;
}

static void
put_closer(struct kad *k, const struct peer_id *asker, struct kad_message *out,
    struct slice remote)
{
	const struct kad_entry *near[KAD_CLOSER_MAX];
	const struct kad_point target = kad_point_of(out->key);
	struct host_peer_info info;
	const uint32_t n = kad_table_closest(&k->table, &target, near,
	    MIN(k->params.k, (uint32_t)KAD_CLOSER_MAX));

	for (uint32_t i = 0; i < n && out->closer_n < KAD_CLOSER_MAX; i++) {
		struct kad_contact *c = &out->closer[out->closer_n];
		if (peer_id_eq(&near[i]->contact.id, asker) ||
		    is_listed(out, &near[i]->contact.id))
			continue;
		kad_contact_for(&near[i]->contact, remote, c);
		c->connected = host_peer_find(k->host, &c->id, &info);
		out->closer_n += c->addrs_n > 0;
	}
}

static void
put_providers(struct kad *k, struct kad_message *out, struct slice remote)
{
	struct kad_contact found[KAD_CLOSER_MAX];
	uint32_t n = 0;

	if (kad_own_find(k, out->key) != NULL) {
		kad_contact_for(&k->self, remote, &out->providers[0]);
		out->providers_n = out->providers[0].addrs_n > 0;
	}
	n = kad_providers_get(
	    &k->providers, out->key, found, KAD_CLOSER_MAX - 1);
	for (uint32_t i = 0; i < n; i++) {
		struct kad_contact *c = &out->providers[out->providers_n];
		kad_contact_for(&found[i], remote, c);
		out->providers_n += c->addrs_n > 0;
	}
}

/* Who sends it provides it; what it says of others is nobody's word. */
static void
take_provider(struct kad *k, const struct kad_served *s, struct slice remote,
    uint64_t now_ms)
{
	struct kad_contact c;

	for (uint32_t i = 0; i < k->in.providers_n; i++) {
		const struct kad_contact *p = &k->in.providers[i];
		if (!peer_id_eq(&p->id, &s->peer))
			continue;
		c = (struct kad_contact){ .id = p->id };
		for (uint32_t a = 0; a < p->addrs_n; a++)
			if (reach_may_name(remote, kad_contact_addr(p, a)))
				(void)kad_contact_add(
				    &c, kad_contact_addr(p, a));
		if (c.addrs_n == 0)
			(void)kad_contact_of(
			    k, &s->peer, slice_of(NULL, 0), &c);
		if (kad_providers_add(
			&k->providers, k->in.key, &c, remote, now_ms) == OK)
			k->stats.provider_records_in++;
		else
			k->stats.provider_records_refused++;
		return;
	}
	k->stats.provider_records_refused++;
}

static void
served_write(struct kad *k, struct kad_served *s)
{
	size_t taken = 0;

	if (s->out == NULL)
		return;
	if (host_stream_write(k->host, s->stream,
		slice_of(s->out + s->out_at, s->out_n - s->out_at),
		&taken) != OK) {
		served_refuse(k, s);
		return;
	}
	s->out_at += (uint32_t)taken;
	if (s->out_at == s->out_n)
		out_drop(k, s);
}

/* Answer k->in; false: it is refused. */
static bool
served_answer(struct kad *k, struct kad_served *s, uint64_t now_ms)
{
	struct buf bytes = { k->bytes, 0, sizeof(k->bytes) };
	uint8_t raw[MULTIADDR_MAX];
	const struct slice remote = kad_remote(k, &s->peer, raw);
	struct kad_message *out = &k->out;

	out->type = k->in.type;
	out->key = k->in.key;
	out->closer_n = out->providers_n = 0;
	switch (k->in.type) {
	case KAD_ADD_PROVIDER:
		if (kad_multihash_check(k->in.key) != OK)
			return false;
		take_provider(k, s, remote, now_ms);
		return true;
	case KAD_GET_PROVIDERS:
		if (kad_multihash_check(k->in.key) != OK)
			return false;
		put_providers(k, out, remote);
		put_closer(k, &s->peer, out, remote);
		break;
	case KAD_FIND_NODE:
		if (k->in.key.n == 0)
			return false;
		put_target(k, out, remote);
		put_closer(k, &s->peer, out, remote);
		break;
	case KAD_PING:
		break;
	default:
		return false;
	}
	if (kad_message_put(&bytes, out) != OK)
		return false;
	s->out = mem_alloc(k->mem, bytes.n);
	if (s->out == NULL)
		return false;
	memcpy(s->out, bytes.p, bytes.n);
	s->out_n = (uint32_t)bytes.n;
	s->out_at = 0;
	return true;
}

/* Too many questions in a second wait for the next one. */
static bool
may_ask(const struct kad *k, struct kad_served *s, uint64_t now_ms)
{
	if (now_ms - s->second_ms >= SECOND_MS) {
		s->second_ms = now_ms;
		s->count = 0;
	}
	s->waiting = s->count >= k->params.rate;
	return !s->waiting;
}

static void
served_read(struct kad *k, struct kad_served *s, uint64_t now_ms)
{
	while (s->used && s->out == NULL && may_ask(k, s, now_ms)) {
		const struct slice in = host_stream_read(k->host, s->stream);
		uint64_t len = 0;
		size_t head = 0;
		const err e = varint_get(in, &len, &head);

		if (e == ERR_MORE ||
		    (e == OK && len <= KAD_MESSAGE_MAX && in.n - head < len)) {
			if (!host_stream_ended(k->host, s->stream))
				return;
			if (in.n > 0) { /* cut short */
				served_refuse(k, s);
				return;
			}
			host_stream_close(k->host, s->stream);
			served_end(k, s);
			return;
		}
		if (e != OK || len > KAD_MESSAGE_MAX ||
		    kad_message_get(slice_of(in.p + head, (size_t)len), k->mem,
			&k->in, k->in_key) != OK ||
		    !served_answer(k, s, now_ms)) {
			served_refuse(k, s);
			return;
		}
		host_stream_consume(k->host, s->stream, head + (size_t)len);
		s->count++;
		s->last_ms = now_ms;
		k->stats.served++;
		served_write(k, s);
	}
}

bool
kad_serve_event(struct kad *k, const struct host_event *ev, uint64_t now_ms)
{
	struct kad_served *s = NULL;

	if (ev->type == HOST_STREAM_OPENED) {
		if (ev->protocol != k->protocol_index)
			return false;
		served_open(k, ev, now_ms);
		return true;
	}
	for (uint32_t i = 0; i < k->params.streams_max && s == NULL; i++)
		if (k->served[i].used && k->served[i].stream.conn == ev->conn &&
		    k->served[i].stream.stream == ev->stream)
			s = &k->served[i];
	if (s == NULL)
		return false;
	if (ev->type == HOST_STREAM_CLOSED) {
		served_end(k, s);
		return true;
	}
	if (ev->type == HOST_STREAM_WRITABLE)
		served_write(k, s);
	served_read(k, s, now_ms);
	return true;
}

void
kad_serve_gone(struct kad *k, host_conn conn, const struct peer_id *peer)
{
	for (uint32_t i = 0; i < k->params.streams_max; i++) {
		struct kad_served *s = &k->served[i];
		if (s->used && (conn != 0 ? s->stream.conn == conn
					  : peer_id_eq(&s->peer, peer)))
			served_end(k, s);
	}
}

static uint64_t
served_expiry(const struct kad *k, const struct kad_served *s)
{
	return s->waiting ? s->second_ms + SECOND_MS
			  : s->last_ms + k->params.idle_ms;
}

void
kad_serve_time(struct kad *k, uint64_t now_ms)
{
	for (uint32_t i = 0; i < k->params.streams_max; i++) {
		struct kad_served *s = &k->served[i];
		if (!s->used || served_expiry(k, s) > now_ms)
			continue;
		if (s->waiting)
			served_read(k, s, now_ms);
		else
			served_refuse(k, s);
	}
}

uint64_t
kad_serve_expiry(const struct kad *k)
{
	uint64_t at = UINT64_MAX;

	for (uint32_t i = 0; i < k->params.streams_max; i++)
		if (k->served[i].used)
			at = MIN(at, served_expiry(k, &k->served[i]));
	return at;
}

void
kad_serve_free(struct kad *k)
{
	for (uint32_t i = 0; i < k->params.streams_max; i++)
		if (k->served[i].used) {
			host_stream_reset(k->host, k->served[i].stream);
			served_end(k, &k->served[i]);
		}
	mem_free(k->mem, k->served, k->params.streams_max * sizeof(*k->served));
}
