#include "proto/libp2p/host_internal.h"

#define IDENTIFY_MS  5000  /* for an answer, and for a push */
#define LINGER_MS    10000 /* for the peer to close its side as well */
#define ECHO_IDLE_MS 60000
#define ECHOES_MAX   2 /* ping streams of one connection */
#define READERS_MAX  3 /* identify streams that we read at once */
#define TELLS_MAX    4 /* HOST_IDENTIFIED of a peer in TELLS_MS */
#define TELLS_MS     10000

struct host_service *
host_service_find(struct host_link *l, uint32_t stream)
{
	struct host_service *s = l->services;

	while (s != NULL && s->stream != stream)
		s = s->next;
	return s;
}

struct host_service *
host_service_add(struct host_link *l, enum service_kind kind, uint32_t stream,
    uint64_t deadline_ms)
{
	struct host_service *s = NULL;

	if (l->services_n < HOST_SERVICES_MAX)
		s = mem_alloc(&l->h->mem, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->kind = kind;
	s->stream = stream;
	s->deadline_ms = deadline_ms;
	s->next = l->services;
	l->services = s;
	l->services_n++;
	host_wake_at(l->h, deadline_ms);
	return s;
}

static void
drop_reader(struct host_link *l, struct host_service *s)
{
	if (s->u.reader == NULL)
		return;
	identify_reader_fini(s->u.reader);
	mem_free(&l->h->mem, s->u.reader, sizeof(*s->u.reader));
	s->u.reader = NULL;
}

void
host_service_del(struct host_link *l, struct host_service *s)
{
	struct host_service **at = &l->services;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	l->services_n--;
	if (s->kind == SERVICE_IDENTIFY || s->kind == SERVICE_PUSHED)
		drop_reader(l, s);
	if (s->kind == SERVICE_PING)
		mem_free(&l->h->mem, s->u.ping, sizeof(*s->u.ping));
	mem_free(&l->h->mem, s, sizeof(*s));
}

void
host_service_reset(struct host_link *l, struct host_service *s)
{
	conn_stream_reset(l->c, s->stream);
	host_service_del(l, s);
	host_touch(l);
}

void
host_services_free(struct host_link *l)
{
	while (l->services != NULL)
		host_service_del(l, l->services);
}

static uint32_t
count_kind(const struct host_link *l, enum service_kind kind)
{
	uint32_t n = 0;

	for (const struct host_service *s = l->services; s != NULL; s = s->next)
		n += s->kind == kind ? 1 : 0;
	return n;
}

/* ---- identify ---- */

/* What we say of ourselves, on a stream that is then closed. */
static void
say_identify(struct host_link *l, uint32_t stream)
{
	const struct host *h = l->h;
	uint8_t bytes[IDENTIFY_SEND_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct identify m = {
		.public_key = slice_of(h->public_key, h->public_key_n),
		.agent = slice_str(h->agent),
		.protocol_version = slice_str(h->protocol_version),
		.observed = slice_of(l->remote, l->remote_n),
	};

	if (h->record_n > 0)
		m.record = slice_of(h->record, h->record_n);
	size_t taken = 0;

	if (l->remote_n == 0)
		m.observed = slice_of(NULL, 0);
	for (uint32_t i = 0; i < h->listens; i++)
		m.addrs[m.addrs_n++] = slice_of(h->listen[i], h->listen_n[i]);
	const char *const *answered =
	    l->limited ? h->answered_limited : h->answered;
	for (size_t i = 0; i < h->protocols_n; i++)
		if (answered[i][0] != '\0')
			m.protocols[m.protocols_n++] = slice_str(answered[i]);
	if (identify_put(&out, &m) != OK ||
	    conn_stream_write(l->c, stream, buf_slice(&out), &taken) != OK ||
	    taken < out.n) {
		struct host_service *s = host_service_find(l, stream);
		if (s != NULL)
			host_service_reset(l, s);
		return;
	}
	conn_stream_close(l->c, stream);
	if (l->peer != NULL)
		l->peer->said = h->says;
	host_touch(l);
}

static struct host_service *
add_reader(struct host_link *l, enum service_kind kind, uint32_t stream,
    uint64_t now_ms)
{
	if (count_kind(l, SERVICE_IDENTIFY) + count_kind(l, SERVICE_PUSHED) >=
	    READERS_MAX)
		return NULL;
	struct host_service *s =
	    host_service_add(l, kind, stream, now_ms + IDENTIFY_MS);
	if (s == NULL)
		return NULL;
	s->u.reader = mem_alloc(&l->h->mem, sizeof(*s->u.reader));
	if (s->u.reader == NULL) {
		host_service_del(l, s);
		return NULL;
	}
	identify_reader_init(s->u.reader, &l->h->mem);
	s->fresh_addrs = s->fresh_protocols = true;
	return s;
}

void
host_identify_ask(struct host_link *l, uint64_t now_ms)
{
	uint32_t stream = 0;

	if (count_kind(l, SERVICE_IDENTIFY) > 0 ||
	    conn_stream_open(l->c, IDENTIFY_PROTOCOL, now_ms, &stream) != OK)
		return;
	if (add_reader(l, SERVICE_IDENTIFY, stream, now_ms) == NULL)
		conn_stream_reset(l->c, stream);
	host_touch(l);
}

static bool
same_listens(const struct host *h, const struct slice *addrs, uint32_t n)
{
	bool same = n == h->listens;

	for (uint32_t i = 0; same && i < n; i++)
		same =
		    slice_eq(slice_of(h->listen[i], h->listen_n[i]), addrs[i]);
	return same;
}

void
host_listen_set(struct host *h, const struct slice *addrs, size_t n)
{
	struct slice kept[HOST_ADDRS_MAX];
	uint32_t kept_n = 0;

	for (size_t i = 0; i < n && kept_n < HOST_ADDRS_MAX; i++)
		if (addrs[i].n > 0 && addrs[i].n <= HOST_ADDR_MAX)
			kept[kept_n++] = addrs[i];
	if (same_listens(h, kept, kept_n))
		return;
	for (uint32_t i = 0; i < kept_n; i++) {
		memcpy(h->listen[i], kept[i].p, kept[i].n);
		h->listen_n[i] = (uint16_t)kept[i].n;
	}
	h->listens = kept_n;
	host_own_record(h);
	host_identify_push(h, h->env->mono_ms(h->env->ctx));
}

static void
push_to(struct host *h, struct host_peer *p, uint64_t now_ms)
{
	uint32_t stream = 0;

	if (!p->identified || !host_peer_says(h, p, IDENTIFY_PUSH_PROTOCOL))
		return;
	struct host_link *l = host_peer_link(p);
	if (l == NULL)
		l = p->links;
	if (l == NULL || conn_stream_open(l->c, IDENTIFY_PUSH_PROTOCOL, now_ms,
			     &stream) != OK)
		return;
	if (host_service_add(l, SERVICE_ANSWER, stream, now_ms + LINGER_MS) ==
	    NULL)
		conn_stream_reset(l->c, stream);
	else
		say_identify(l, stream);
	host_touch(l);
}

/*
 * Who has changed tells all who want to hear it. A peer that has not said yet
 * whether it wants to is told as soon as it has: identify_done().
 */
void
host_identify_push(struct host *h, uint64_t now_ms)
{
	h->says++;
	for (uint32_t i = 0; i < h->peers_top; i++)
		if (h->peers[i] != NULL)
			push_to(h, h->peers[i], now_ms);
}

/* What it pushes is learnt; but not each push makes work for all others. */
static void
tell_identified(struct host_link *l, uint64_t now_ms)
{
	struct host_peer *p = l->peer;

	if (p->tells == 0 || now_ms - p->tells_ms >= TELLS_MS) {
		p->tells = 0;
		p->tells_ms = now_ms;
	}
	if (p->tells == TELLS_MAX)
		return;
	p->tells++;
	p->told.conn = l->id;
	host_note_put(l->h, &p->told);
}

/* Where it listens goes to the peers that are known. */
static void
learn_places(struct host_link *l, uint64_t now_ms)
{
	const struct host_peer *p = l->peer;

	for (size_t at = 0; at < p->addrs_size;) {
		const size_t n = get_u16be(p->addrs + at);
		host_dials_learn(l, slice_of(p->addrs + at + 2, n), now_ms);
		at += 2 + n;
	}
}

/* The peer has said all; or nothing more than what is there. */
static void
identify_done(struct host_link *l, struct host_service *s, uint64_t now_ms)
{
	struct host_peer *p = l->peer;
	const bool said = s->u.reader->messages > 0;

	drop_reader(l, s);
	conn_stream_close(l->c, s->stream);
	s->kind = SERVICE_ANSWER;
	s->deadline_ms = now_ms + LINGER_MS;
	if (!said)
		return;
	p->identified = true;
	p->partly = l->limited;
	learn_places(l, now_ms);
	tell_identified(l, now_ms);
	if (l->feeler) {
		host_fail(l, OK, "only a look", now_ms);
		return;
	}
	if (p->said != 0 && p->said != l->h->says)
		push_to(l->h, p, now_ms);
	host_gossip_open(l->h, p, now_ms);
}

/*
 * A record that is not signed by this very peer costs the connection; one
 * that we cannot read, or older than what we have, does not.
 */
static err
take_record(struct host_link *l, struct slice record, uint64_t now_ms)
{
	const struct peer_id id = l->peer->id;
	struct peer_id signer = { 0 };
	const err e = host_peer_record_add(
	    l->h, &id, record, PEER_IDENTIFY, now_ms, &signer);

	if (e != ERR_AUTH && (signer.n == 0 || peer_id_eq(&signer, &id)))
		return OK;
	host_fail(
	    l, ERR_AUTH, "identify: the signed record of another", now_ms);
	return ERR_AUTH;
}

static err
identify_take(struct host_link *l, struct host_service *s,
    const struct identify *m, uint64_t now_ms)
{
	struct peer_id id;

	if (m->public_key.p != NULL &&
	    (peer_id_of_key(m->public_key, &id) != OK ||
		!peer_id_eq(&id, &l->peer->id))) {
		host_fail(
		    l, ERR_AUTH, "identify: the key of another peer", now_ms);
		return ERR_AUTH;
	}
	host_peer_learn(l->h, l->peer, m, s->fresh_addrs, s->fresh_protocols);
	if (m->record.n > 0 && take_record(l, m->record, now_ms) == ERR_AUTH)
		return ERR_AUTH;
	if (m->addrs_n > 0)
		s->fresh_addrs = false;
	if (m->protocols_n > 0)
		s->fresh_protocols = false;
	return OK;
}

static void
identify_read(struct host_link *l, struct host_service *s, uint64_t now_ms)
{
	const uint32_t stream = s->stream;
	struct slice in = conn_stream_read(l->c, stream);
	const size_t n = in.n;
	struct identify m;
	err e;

	while ((e = identify_recv(s->u.reader, &in, &m)) == OK)
		if (identify_take(l, s, &m, now_ms) != OK)
			return; /* the connection is over, and s with it */
	if (e != ERR_MORE) {
		host_stream_fault(l, "identify: malformed");
		host_service_reset(l, s);
		return;
	}
	conn_stream_consume(l->c, stream, n);
	if (!conn_stream_ended(l->c, stream))
		return;
	if (identify_at_end(s->u.reader)) {
		identify_done(l, s, now_ms);
		return;
	}
	host_stream_fault(l, "identify: cut short");
	host_service_reset(l, s);
}

/* ---- ping ---- */

static void
echo(struct host_link *l, struct host_service *s, uint64_t now_ms)
{
	const struct slice in = conn_stream_read(l->c, s->stream);
	size_t taken = 0;

	/* Short when the peer does not read: the rest waits in its window. */
	if (in.n > 0 && conn_stream_write(l->c, s->stream, in, &taken) == OK) {
		conn_stream_consume(l->c, s->stream, taken);
		s->deadline_ms = now_ms + ECHO_IDLE_MS;
	}
	if (conn_stream_ended(l->c, s->stream)) {
		conn_stream_close(l->c, s->stream);
		s->deadline_ms = now_ms + LINGER_MS;
	}
}

static void
ping_result(struct host_link *l, uint32_t rtt_ms)
{
	l->peer->pinged.value = rtt_ms;
	l->peer->pinged.conn = l->id;
	host_note_put(l->h, &l->peer->pinged);
}

static void
ping_read(struct host_link *l, struct host_service *s, uint64_t now_ms)
{
	struct slice in = conn_stream_read(l->c, s->stream);
	const size_t n = in.n;
	uint32_t rtt_ms = UINT32_MAX;
	const err e = ping_recv(s->u.ping, now_ms, &in, &rtt_ms);

	conn_stream_consume(l->c, s->stream, n - in.n);
	if (e == ERR_MORE && !conn_stream_ended(l->c, s->stream))
		return;
	ping_result(l, e == OK ? rtt_ms : UINT32_MAX);
	host_service_reset(l, s);
}

err
host_ping(struct host *h, const struct peer_id *peer, uint64_t now_ms)
{
	struct host_peer *p = host_peer_lookup(h, peer);
	uint32_t stream = 0;
	size_t taken = 0;

	if (p == NULL)
		return ERR_NOTFOUND;
	if (p->pinging)
		return ERR_EXISTS;
	struct host_link *l = p->links;
	TRY(conn_stream_open(l->c, PING_PROTOCOL, now_ms, &stream));
	struct ping *ping = mem_alloc(&h->mem, sizeof(*ping));
	if (ping == NULL)
		goto fail1;
	struct host_service *s =
	    host_service_add(l, SERVICE_PING, stream, now_ms + PING_TIMEOUT_MS);
	if (s == NULL)
		goto fail2;
	s->u.ping = ping;
	ping_start(ping, h->env, now_ms);
	if (conn_stream_write(l->c, stream, slice_of(ping->bytes, PING_BYTES),
		&taken) != OK ||
	    taken < PING_BYTES) {
		host_service_reset(l, s);
		return ERR_LIMIT;
	}
	p->pinging = true;
	host_touch(l);
	return OK;
fail2:
	mem_free(&h->mem, ping, sizeof(*ping));
fail1:
	conn_stream_reset(l->c, stream);
	host_touch(l);
	return ERR_LIMIT;
}

/* ---- all of them ---- */

/* A stream of the peer's for one of our protocols. */
void
host_serve(
    struct host_link *l, uint32_t stream, size_t protocol, uint64_t now_ms)
{
	struct host_service *s = NULL;

	switch (protocol) {
	case SERVE_IDENTIFY:
		s = host_service_add(
		    l, SERVICE_ANSWER, stream, now_ms + LINGER_MS);
		if (s != NULL) {
			say_identify(l, stream);
			return;
		}
		break;
	case SERVE_PUSH:
		s = add_reader(l, SERVICE_PUSHED, stream, now_ms);
		break;
	case SERVE_PING:
		if (count_kind(l, SERVICE_ECHO) < ECHOES_MAX)
			s = host_service_add(
			    l, SERVICE_ECHO, stream, now_ms + ECHO_IDLE_MS);
		break;
	default:
		host_gossip_inbound(l, stream, now_ms);
		return;
	}
	if (s == NULL)
		conn_stream_reset(l->c, stream);
}

/* Something to read, to write, or the other side is done. */
static void
on_activity(struct host_link *l, struct host_service *s,
    enum conn_event_type type, uint64_t now_ms)
{
	switch (s->kind) {
	case SERVICE_IDENTIFY:
	case SERVICE_PUSHED:
		identify_read(l, s, now_ms);
		break;
	case SERVICE_ECHO:
		echo(l, s, now_ms);
		break;
	case SERVICE_PING:
		ping_read(l, s, now_ms);
		break;
	case SERVICE_GOSSIP_IN:
		host_gossip_pull(l->h, l->peer, now_ms);
		if (type == CONN_STREAM_END && !l->closing)
			conn_stream_close(l->c, s->stream);
		break;
	case SERVICE_GOSSIP_OUT:
		if (type == CONN_STREAM_WRITABLE)
			host_gossip_push(l->h, l->peer, now_ms);
		/* Nobody may write on it: drop what comes. */
		conn_stream_consume(
		    l->c, s->stream, conn_stream_read(l->c, s->stream).n);
		break;
	case SERVICE_ANSWER:
		conn_stream_consume(
		    l->c, s->stream, conn_stream_read(l->c, s->stream).n);
		break;
	}
}

/* An event of a stream of ours; false: it is one of the application's. */
bool
host_service_event(
    struct host_link *l, const struct conn_event *ev, uint64_t now_ms)
{
	struct host_service *s = host_service_find(l, ev->stream);

	if (s == NULL)
		return false;
	switch (ev->type) {
	case CONN_STREAM_REFUSED:
	case CONN_STREAM_CLOSED:
		if (s->kind == SERVICE_GOSSIP_IN ||
		    s->kind == SERVICE_GOSSIP_OUT) {
			host_gossip_lost(
			    l, s, ev->type == CONN_STREAM_REFUSED, now_ms);
			break;
		}
		if (s->kind == SERVICE_PING)
			ping_result(l, UINT32_MAX);
		host_service_del(l, s);
		break;
	case CONN_STREAM_DATA:
	case CONN_STREAM_WRITABLE:
	case CONN_STREAM_END:
		on_activity(l, s, ev->type, now_ms);
		break;
	case CONN_STREAM_READY:
	case CONN_STREAM_OPENED:
	case CONN_SECURED:
		break;
	}
	return true;
}

void
host_services_time(struct host_link *l, uint64_t now_ms)
{
	struct host_service *next = NULL;

	for (struct host_service *s = l->services; s != NULL; s = next) {
		next = s->next;
		if (s->deadline_ms > now_ms)
			continue;
		if (s->kind == SERVICE_GOSSIP_OUT) {
			host_fail(
			    l, ERR_LIMIT, "gossip: it does not read", now_ms);
			return;
		}
		if (s->kind == SERVICE_PING)
			ping_result(l, UINT32_MAX);
		if (s->kind == SERVICE_IDENTIFY || s->kind == SERVICE_PUSHED)
			host_stream_fault(l, "identify: not in time");
		host_service_reset(l, s);
	}
}

uint64_t
host_services_expiry(const struct host_link *l)
{
	uint64_t at = UINT64_MAX;

	for (const struct host_service *s = l->services; s != NULL; s = s->next)
		at = MIN(at, s->deadline_ms);
	return at;
}
