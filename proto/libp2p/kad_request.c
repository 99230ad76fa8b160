#include "proto/base/varint.h"
#include "proto/libp2p/kad_internal.h"

#define LINGER_MS  5000
#define PROBES_MAX 8

static void
request_end(struct kad_request *r)
{
	*r = (struct kad_request){ .state = REQUEST_FREE };
}

/* It is over, and badly. */
static void
request_fail(struct kad *k, struct kad_request *r, uint64_t now_ms)
{
	const struct kad_request was = *r;

	if (r->state == REQUEST_ASKED)
		host_stream_reset(k->host, r->stream);
	request_end(r);
	k->stats.failed++;
	if (was.why != KAD_FOR_PROVIDE)
		kad_table_failed(&k->table, &was.peer);
	if (was.why == KAD_FOR_LOOKUP)
		kad_query_failed(k, was.query, &was.peer, now_ms);
}

/* All is said: the peer closes its side, or is made to. */
static void
request_linger(struct kad *k, struct kad_request *r, uint64_t now_ms)
{
	if (host_stream_ended(k->host, r->stream)) {
		request_end(r);
		return;
	}
	r->state = REQUEST_LINGERS;
	r->deadline_ms = now_ms + LINGER_MS;
}

/* A free place; one that only waits for a close is taken for it. */
static struct kad_request *
request_place(struct kad *k)
{
	struct kad_request *oldest = NULL;

	for (uint32_t i = 0; i < k->params.requests_max; i++) {
		struct kad_request *r = &k->requests[i];
		if (r->state == REQUEST_FREE)
			return r;
		if (r->state == REQUEST_LINGERS &&
		    (oldest == NULL || r->deadline_ms < oldest->deadline_ms))
			oldest = r;
	}
	if (oldest != NULL) {
		host_stream_reset(k->host, oldest->stream);
		request_end(oldest);
	}
	return oldest;
}

/* The connection is there: say it, whole, or not at all. */
static bool
request_send(struct kad *k, struct kad_request *r, uint64_t now_ms)
{
	struct buf out = { k->bytes, 0, sizeof(k->bytes) };
	struct kad_message *m = &k->out;
	size_t taken = 0;

	m->type = r->type;
	m->key = slice_of(r->key, r->key_n);
	m->closer_n = 0;
	m->providers_n = 0;
	if (r->type == KAD_ADD_PROVIDER)
		m->providers[m->providers_n++] = k->self;
	if (kad_message_put(&out, m) != OK ||
	    host_stream_open(
		k->host, &r->peer, k->protocol, now_ms, &r->stream) != OK)
		return false;
	if (host_stream_write(k->host, r->stream, buf_slice(&out), &taken) !=
		OK ||
	    taken != out.n) {
		host_stream_reset(k->host, r->stream);
		return false;
	}
	host_stream_close(k->host, r->stream);
	r->state = REQUEST_ASKED;
	k->stats.asked++;
	return true;
}

bool
kad_ask(struct kad *k, const struct peer_id *peer, enum kad_why why,
    uint32_t query, enum kad_type type, struct slice key, uint64_t now_ms)
{
	struct host_peer_info info;
	struct kad_request *r = request_place(k);

	if (r == NULL)
		return false;
	*r = (struct kad_request){ .state = REQUEST_CONNECTING,
		.why = why,
		.query = query,
		.peer = *peer,
		.deadline_ms = now_ms + k->params.request_ms,
		.type = type,
		.key_n = (uint8_t)key.n };
	ASSERT(key.n <= sizeof(r->key));
	memcpy(r->key, key.p, key.n);
	const bool begun =
	    host_peer_find(k->host, peer, &info)
		? request_send(k, r, now_ms)
		: k->book.connect(k->book.ctx, peer, now_ms) == OK;
	if (!begun)
		request_end(r);
	return begun;
}

void
kad_probe(struct kad *k, const struct peer_id *peer, uint64_t now_ms)
{
	uint32_t probes = 0;

	if (!kad_table_room(&k->table, peer))
		return;
	for (uint32_t i = 0; i < k->params.requests_max; i++) {
		const struct kad_request *r = &k->requests[i];
		if (r->state == REQUEST_FREE || r->why != KAD_FOR_PROBE)
			continue;
		if (r->state == REQUEST_ASKED && peer_id_eq(&r->peer, peer))
			return;
		probes++;
	}
	if (probes < PROBES_MAX)
		(void)kad_ask(k, peer, KAD_FOR_PROBE, 0, KAD_FIND_NODE,
		    peer_id_slice(&k->self.id), now_ms);
}

/* Who answers is a server: it may have a place in the table. */
static void
note_answer(struct kad *k, const struct peer_id *peer, uint64_t now_ms)
{
	uint8_t raw[MULTIADDR_MAX];
	const struct slice remote = kad_remote(k, peer, raw);
	struct kad_contact c;
	const uint32_t before = k->table.n;

	k->stats.answered++;
	if (!kad_contact_of(k, peer, slice_of(NULL, 0), &c))
		return;
	if (kad_table_answered(&k->table, &c, remote, now_ms) == ERR_AUTH)
		k->stats.contacts_refused++;
	/* The first one tells of more. */
	if (before == 0 && k->table.n > 0)
		k->refresh_ms = MIN(k->refresh_ms,
		    now_ms + 200 + env_random_below(k->env, 800));
}

static void
request_data(struct kad *k, struct kad_request *r, uint64_t now_ms)
{
	const struct slice in = host_stream_read(k->host, r->stream);
	uint64_t len = 0;
	size_t head = 0;

	if (r->type == KAD_ADD_PROVIDER) { /* nothing is expected */
		host_stream_consume(k->host, r->stream, in.n);
		return;
	}
	const err e = varint_get(in, &len, &head);
	if (e == ERR_MORE ||
	    (e == OK && len <= KAD_MESSAGE_MAX && in.n - head < len)) {
		if (host_stream_ended(k->host, r->stream))
			request_fail(k, r, now_ms);
		return;
	}
	if (e != OK || len > KAD_MESSAGE_MAX ||
	    kad_message_get(slice_of(in.p + head, (size_t)len), k->mem, &k->in,
		k->in_key) != OK ||
	    k->in.type != r->type) {
		request_fail(k, r, now_ms);
		return;
	}
	host_stream_consume(k->host, r->stream, in.n);
	const struct kad_request was = *r;
	request_linger(k, r, now_ms);
	note_answer(k, &was.peer, now_ms);
	if (was.why == KAD_FOR_LOOKUP)
		kad_query_answer(k, was.query, &was.peer, &k->in, now_ms);
}

bool
kad_request_event(struct kad *k, const struct host_event *ev, uint64_t now_ms)
{
	struct kad_request *r = NULL;

	for (uint32_t i = 0; i < k->params.requests_max && r == NULL; i++) {
		struct kad_request *at = &k->requests[i];
		if ((at->state == REQUEST_ASKED ||
			at->state == REQUEST_LINGERS) &&
		    at->stream.conn == ev->conn &&
		    at->stream.stream == ev->stream)
			r = at;
	}
	if (r == NULL)
		return false;
	if (ev->type == HOST_STREAM_CLOSED || ev->type == HOST_STREAM_REFUSED) {
		if (r->state == REQUEST_LINGERS ||
		    (r->type == KAD_ADD_PROVIDER &&
			ev->type == HOST_STREAM_CLOSED)) {
			request_end(r);
			return true;
		}
		request_fail(k, r, now_ms);
		return true;
	}
	if (r->state == REQUEST_LINGERS) { /* it says too much, or it ends */
		host_stream_consume(
		    k->host, r->stream, host_stream_read(k->host, r->stream).n);
		if (host_stream_ended(k->host, r->stream))
			request_end(r);
		return true;
	}
	if (ev->type == HOST_STREAM_DATA || ev->type == HOST_STREAM_END)
		request_data(k, r, now_ms);
	return true;
}

void
kad_requests_up(struct kad *k, const struct peer_id *peer, uint64_t now_ms)
{
	for (uint32_t i = 0; i < k->params.requests_max; i++) {
		struct kad_request *r = &k->requests[i];
		if (r->state == REQUEST_CONNECTING &&
		    peer_id_eq(&r->peer, peer) && !request_send(k, r, now_ms))
			request_fail(k, r, now_ms);
	}
}

void
kad_requests_gone(
    struct kad *k, host_conn conn, const struct peer_id *peer, uint64_t now_ms)
{
	for (uint32_t i = 0; i < k->params.requests_max; i++) {
		struct kad_request *r = &k->requests[i];
		if (r->state == REQUEST_FREE)
			continue;
		if (conn != 0 ? r->state == REQUEST_CONNECTING ||
				    r->stream.conn != conn
			      : !peer_id_eq(&r->peer, peer))
			continue;
		if (r->state == REQUEST_LINGERS)
			request_end(r);
		else
			request_fail(k, r, now_ms);
	}
}

void
kad_requests_time(struct kad *k, uint64_t now_ms)
{
	for (uint32_t i = 0; i < k->params.requests_max; i++) {
		struct kad_request *r = &k->requests[i];
		if (r->state == REQUEST_FREE || r->deadline_ms > now_ms)
			continue;
		if (r->state == REQUEST_LINGERS) {
			host_stream_reset(k->host, r->stream);
			request_end(r);
		} else {
			request_fail(k, r, now_ms);
		}
	}
}

uint64_t
kad_requests_expiry(const struct kad *k)
{
	uint64_t at = UINT64_MAX;

	for (uint32_t i = 0; i < k->params.requests_max; i++)
		if (k->requests[i].state != REQUEST_FREE)
			at = MIN(at, k->requests[i].deadline_ms);
	return at;
}

void
kad_requests_free(struct kad *k)
{
	for (uint32_t i = 0; i < k->params.requests_max; i++)
		if (k->requests[i].state == REQUEST_ASKED ||
		    k->requests[i].state == REQUEST_LINGERS)
			host_stream_reset(k->host, k->requests[i].stream);
	mem_free(
	    k->mem, k->requests, k->params.requests_max * sizeof(*k->requests));
}
