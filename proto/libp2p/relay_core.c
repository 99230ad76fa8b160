#include "crypto/crypto.h"
#include "proto/libp2p/relay_internal.h"

struct relay_limits
relay_limits_default(void)
{
	return (struct relay_limits){
		.reservations_max = 128,
		.reservations_per_ip_max = 8,
		.circuits_max = 128,
		.circuits_per_peer_max = 16,
		.requests_max = 32,
		.ttl_s = 3600,
		.duration_s = 120,
		.data_bytes = 128 << 10,
		.own_max = 32,
		.timeout_ms = 15000,
		.loopback_exempt = true,
	};
}

struct relay *
relay_new(const struct relay_config *cf, uint64_t now_ms)
{
	struct relay *r = mem_alloc(cf->mem, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->env = cf->env;
	r->mem = cf->mem;
	r->host = cf->host;
	memcpy(r->secret, cf->secret, ED25519_SECRET);
	r->hop = cf->hop;
	r->stop = cf->stop;
	r->limits = cf->limits;
	r->news_end = &r->news;
	r->sweep_ms = now_ms + RELAY_SWEEP_MS;
	r->scratch = mem_alloc(r->mem, RELAY_UNPACKED_MAX);
	r->guests = mem_alloc(
	    r->mem, r->limits.reservations_max * sizeof(r->guests[0]));
	if (r->scratch == NULL || r->guests == NULL) {
		relay_free(r);
		return NULL;
	}
	relay_service_set(r, cf->service);
	return r;
}

static void
news_pop(struct relay *r)
{
	struct news_item *i = r->news;

	r->news = i->next;
	if (r->news == NULL)
		r->news_end = &r->news;
	r->news_n--;
	mem_free(r->mem, i, sizeof(*i));
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	while (r->flows != NULL)
		relay_flow_free(r, r->flows);
	while (r->news != NULL)
		news_pop(r);
	mem_free(r->mem, r->scratch, RELAY_UNPACKED_MAX);
	mem_free(r->mem, r->guests,
	    r->limits.reservations_max * sizeof(r->guests[0]));
	crypto_wipe(r->secret, sizeof(r->secret));
	mem_free(r->mem, r, sizeof(*r));
}

void
relay_service_set(struct relay *r, bool on)
{
	r->service = on;
	host_protocol_set(r->host, r->hop, on, r->env->mono_ms(r->env->ctx));
}

void
relay_addrs_set(struct relay *r, const struct slice *addrs, size_t n)
{
	r->addrs_n = 0;
	for (size_t i = 0; i < n && r->addrs_n < RELAY_ADDRS_MAX; i++) {
		if (addrs[i].n == 0 || addrs[i].n > RELAY_ADDR_MAX - 40)
			continue; /* "/p2p" with an id of 38 follows */
		memcpy(r->addr[r->addrs_n], addrs[i].p, addrs[i].n);
		r->addr_n[r->addrs_n++] = (uint16_t)addrs[i].n;
	}
}

/* ---- flows ---- */

/* Which of the bounded classes a kind counts in. */
static uint32_t *
class_of(struct relay *r, enum flow_kind kind)
{
	switch (kind) {
	case FLOW_REQUEST:
	case FLOW_CALLING:
	case FLOW_SERVED:
		return &r->requests_n;
	case FLOW_BRIDGE:
		return &r->bridges_n;
	case FLOW_RESERVE:
	case FLOW_DIAL:
	case FLOW_STOP:
	case FLOW_OWN:
	case FLOW_LAST:
		break;
	}
	return &r->own_n;
}

/* NULL: the class is full, or no memory. */
struct flow *
relay_flow_add(struct relay *r, enum flow_kind kind, struct host_stream a,
    uint64_t deadline_ms)
{
	uint32_t *n = class_of(r, kind);
	const uint32_t max = n == &r->requests_n ? r->limits.requests_max
			     : n == &r->bridges_n
				 ? r->limits.circuits_max
				 : r->limits.own_max + RELAY_RELAYS_MAX;

	if (*n >= max)
		return NULL;
	struct flow *f = mem_alloc(r->mem, sizeof(*f));
	if (f == NULL)
		return NULL;
	++*n;
	f->kind = kind;
	f->a = a;
	f->deadline_ms = deadline_ms;
	f->retry_ms = UINT64_MAX;
	f->next = r->flows;
	f->back = &r->flows;
	if (f->next != NULL)
		f->next->back = &f->next;
	r->flows = f;
	return f;
}

void
relay_flow_turn(struct relay *r, struct flow *f, enum flow_kind kind)
{
	--*class_of(r, f->kind);
	++*class_of(r, kind);
	f->kind = kind;
}

static void
drop_out(struct relay *r, struct flow *f)
{
	mem_free(r->mem, f->out, RELAY_CHUNK);
	f->out = NULL;
	f->out_at = f->out_n = 0;
}

/* Forgets it; its streams and its connection are somebody else's, or gone. */
void
relay_flow_free(struct relay *r, struct flow *f)
{
	--*class_of(r, f->kind);
	*f->back = f->next;
	if (f->next != NULL)
		f->next->back = f->back;
	drop_out(r, f);
	mem_free(r->mem, f, sizeof(*f));
}

/* Ends it at once, on all sides; nothing is told. */
void
relay_flow_reset(struct relay *r, struct flow *f, uint64_t now_ms)
{
	host_stream_reset(r->host, f->a);
	if (f->b.conn != 0)
		host_stream_reset(r->host, f->b);
	if (f->conn != 0)
		host_conn_gone(r->host, f->conn, now_ms);
	relay_flow_free(r, f);
}

/* The last word was said on ${a}: the stream goes when the peer agrees. */
void
relay_flow_answered(struct relay *r, struct flow *f, uint64_t now_ms)
{
	host_stream_close(r->host, f->a);
	relay_flow_turn(
	    r, f, class_of(r, f->kind) == &r->own_n ? FLOW_LAST : FLOW_SERVED);
	f->deadline_ms = now_ms + RELAY_LINGER_MS;
	f->conn = 0;
}

void
relay_tell(struct relay *r, const struct relay_news *news)
{
	struct news_item *i = NULL;

	if (r->news_n < RELAY_NEWS_MAX)
		i = mem_alloc(r->mem, sizeof(*i));
	if (i == NULL)
		return; /* nobody has polled for long */
	i->news = *news;
	*r->news_end = i;
	r->news_end = &i->next;
	r->news_n++;
}

/* ERR_LIMIT: not all of it could be written. */
err
relay_say(struct relay *r, struct host_stream s, bool stop,
    const struct relay_message *m)
{
	uint8_t bytes[RELAY_MESSAGE_MAX + 4];
	struct buf out = { bytes, 0, sizeof(bytes) };
	size_t taken = 0;

	if (relay_message_put(&out, stop, m) != OK)
		return ERR_LIMIT;
	TRY(host_stream_write(r->host, s, buf_slice(&out), &taken));
	return taken == out.n ? OK : ERR_LIMIT;
}

/*
 * The message at the front of a stream; what follows stays there. What its
 * slices name lives in the scratch until the next one is heard.
 */
err
relay_hear(
    struct relay *r, struct host_stream s, bool stop, struct relay_message *m)
{
	const struct slice in = host_stream_read(r->host, s);
	struct slice body = { NULL, 0 };
	struct protobuf p;
	size_t used = 0;

	const err e = frame_get(in, RELAY_MESSAGE_MAX, &body, &used);
	if (e == ERR_MORE && host_stream_ended(r->host, s))
		return ERR_PEER; /* cut short */
	TRY(e);
	protobuf_init_block(&p, r->scratch, RELAY_UNPACKED_MAX);
	const err got = relay_message_get(&p, stop, body, m);
	host_stream_consume(r->host, s, used);
	return got == OK ? OK : ERR_PEER;
}

/* ---- circuits of our own ---- */

/* Where it comes from: the relay's address, the relay, "through it". */
static struct slice
circuit_addr(struct relay *r, const struct flow *f, struct buf *out)
{
	static const uint8_t circuit[2] = { 0xa2, 0x02 };
	struct host_conn_info info;

	if (!host_conn_find(r->host, f->a.conn, &info) ||
	    buf_put(out, info.remote.p, info.remote.n) != OK ||
	    multiaddr_put_peer(out, &f->peer) != OK ||
	    buf_put(out, circuit, sizeof(circuit)) != OK)
		return slice_of(NULL, 0);
	return buf_slice(out);
}

/* Makes the stream a connection of the host; says nothing on it yet. */
err
relay_own_open(struct relay *r, struct flow *f, bool dialer,
    const struct peer_id *peer, bool limited, uint64_t now_ms)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	const struct host_conn_config cc = {
		.dialer = dialer,
		.remote = circuit_addr(r, f, &b),
		.expect = peer,
		.limited = limited,
		.dial = f->dial,
	};
	const err e = host_conn_open(r->host, &cc, now_ms, &f->conn);

	if (e != OK)
		f->conn = 0;
	else
		f->other = *peer;
	return e;
}

/* From the host to the relay, as much as it takes. */
static void
own_push(struct relay *r, struct flow *f, uint64_t now_ms)
{
	f->retry_ms = UINT64_MAX;
	for (;;) {
		size_t taken = 0;
		if (f->out_n == 0) {
			if (f->out == NULL)
				f->out = mem_alloc(r->mem, RELAY_CHUNK);
			struct buf b = { f->out, 0, RELAY_CHUNK };
			if (f->out != NULL && f->conn != 0)
				host_send(r->host, f->conn, now_ms, &b);
			f->out_at = 0;
			f->out_n = b.n;
			if (f->out == NULL)
				f->retry_ms = now_ms + 100;
			if (b.n == 0) {
				drop_out(r, f);
				return;
			}
		}
		const err e = host_stream_write(r->host, f->a,
		    slice_of(f->out + f->out_at, f->out_n), &taken);
		f->out_at += taken;
		f->out_n -= taken;
		if (e == ERR_LIMIT) {
			f->retry_ms = now_ms + 100;
			return;
		}
		if (e != OK) { /* its end is told by an event */
			drop_out(r, f);
			return;
		}
		if (f->out_n > 0)
			return;
	}
}

static void
own_gone(struct relay *r, struct flow *f, uint64_t now_ms)
{
	host_stream_reset(r->host, f->a);
	host_conn_gone(r->host, f->conn, now_ms);
	relay_flow_free(r, f);
}

/* From the relay to the host, as much as it takes; may free ${f}. */
static void
own_pull(struct relay *r, struct flow *f, uint64_t now_ms)
{
	uint8_t chunk[RELAY_CHUNK];

	f->stalled = false;
	for (;;) {
		const struct slice in = host_stream_read(r->host, f->a);
		const size_t n = MIN(in.n, sizeof(chunk));
		if (n == 0)
			break;
		memcpy(chunk, in.p, n);
		struct slice s = slice_of(chunk, n);
		host_recv(r->host, f->conn, now_ms, &s);
		host_stream_consume(r->host, f->a, n - s.n);
		if (s.n == n) {
			f->stalled = r->any_stalled = true;
			return;
		}
	}
	if (host_stream_ended(r->host, f->a))
		own_gone(r, f, now_ms);
}

/* The stream is a circuit from here on; bytes may be there already. */
void
relay_own_start(struct relay *r, struct flow *f, uint64_t now_ms)
{
	relay_flow_turn(r, f, FLOW_OWN);
	f->deadline_ms = UINT64_MAX;
	own_push(r, f, now_ms);
	own_pull(r, f, now_ms);
}

static struct flow *
own_of(const struct relay *r, host_conn conn)
{
	struct flow *f = r->flows;

	while (f != NULL && (f->kind != FLOW_OWN || f->conn != conn))
		f = f->next;
	return f;
}

bool
relay_output(struct relay *r, host_conn conn, uint64_t now_ms)
{
	struct flow *f = own_of(r, conn);

	if (f == NULL)
		return false;
	/* What waits for room goes on by an event. */
	if (f->out_n == 0)
		own_push(r, f, now_ms);
	return true;
}

/* The host is done with it: its goodbye, then the end of the stream. */
static void
own_close(struct relay *r, struct flow *f, uint64_t now_ms)
{
	own_push(r, f, now_ms);
	host_conn_gone(r->host, f->conn, now_ms);
	drop_out(r, f);
	relay_flow_answered(r, f, now_ms);
}

/* ---- events ---- */

static struct flow *
flow_of(const struct relay *r, const struct host_event *ev, bool *on_b)
{
	for (struct flow *f = r->flows; f != NULL; f = f->next) {
		*on_b = f->b.conn == ev->conn && f->b.stream == ev->stream;
		if (*on_b ||
		    (f->a.conn == ev->conn && f->a.stream == ev->stream))
			return f;
	}
	return NULL;
}

/* One of its streams is gone; a connection with all of them. */
static void
flow_lost(struct relay *r, struct flow *f, uint64_t now_ms)
{
	switch (f->kind) {
	case FLOW_REQUEST:
	case FLOW_CALLING:
	case FLOW_BRIDGE:
	case FLOW_SERVED:
		relay_service_lost(r, f, now_ms);
		return;
	case FLOW_RESERVE:
	case FLOW_DIAL:
	case FLOW_STOP:
		relay_client_failed(
		    r, f, "the relay has closed the stream", now_ms);
		return;
	case FLOW_OWN:
		own_gone(r, f, now_ms);
		return;
	case FLOW_LAST:
		relay_flow_free(r, f);
		return;
	}
}

static void
flow_activity(struct relay *r, struct flow *f, bool on_b, uint64_t now_ms)
{
	switch (f->kind) {
	case FLOW_REQUEST:
	case FLOW_CALLING:
		relay_service_read(r, f, on_b, now_ms);
		return;
	case FLOW_BRIDGE:
		relay_service_bridge(r, f, now_ms);
		return;
	case FLOW_RESERVE:
	case FLOW_DIAL:
	case FLOW_STOP:
		relay_client_read(r, f, now_ms);
		return;
	case FLOW_OWN:
		own_push(r, f, now_ms);
		own_pull(r, f, now_ms);
		return;
	case FLOW_SERVED:
	case FLOW_LAST: /* all was said */
		host_stream_consume(
		    r->host, f->a, host_stream_read(r->host, f->a).n);
		return;
	}
}

static bool
on_stream(struct relay *r, const struct host_event *ev, uint64_t now_ms)
{
	bool on_b = false;
	struct flow *f = flow_of(r, ev, &on_b);

	if (f == NULL)
		return false;
	if (ev->type == HOST_STREAM_REFUSED && f->kind == FLOW_RESERVE)
		relay_client_failed(r, f, "it is no relay", now_ms);
	else if (ev->type == HOST_STREAM_REFUSED ||
		 ev->type == HOST_STREAM_CLOSED)
		flow_lost(r, f, now_ms);
	else if (ev->type != HOST_STREAM_READY)
		flow_activity(r, f, on_b, now_ms);
	return true;
}

static void
conn_lost(struct relay *r, host_conn conn, uint64_t now_ms)
{
	struct flow *next = NULL;

	for (struct flow *f = r->flows; f != NULL; f = next) {
		next = f->next;
		if (f->a.conn == conn || f->b.conn == conn)
			flow_lost(r, f, now_ms);
	}
}

/* A socket that breaks tells nobody of its streams. */
static void
sweep(struct relay *r, uint64_t now_ms)
{
	struct host_conn_info info;
	struct flow *next = NULL;

	for (struct flow *f = r->flows; f != NULL; f = next) {
		next = f->next;
		if (!host_conn_find(r->host, f->a.conn, &info) ||
		    (f->b.conn != 0 &&
			!host_conn_find(r->host, f->b.conn, &info)))
			flow_lost(r, f, now_ms);
	}
}

bool
relay_event(struct relay *r, const struct host_event *ev, uint64_t now_ms)
{
	struct flow *f = NULL;

	switch (ev->type) {
	case HOST_STREAM_OPENED:
		return relay_service_opened(r, ev, now_ms) ||
		       relay_client_opened(r, ev, now_ms);
	case HOST_STREAM_READY:
	case HOST_STREAM_REFUSED:
	case HOST_STREAM_DATA:
	case HOST_STREAM_WRITABLE:
	case HOST_STREAM_END:
	case HOST_STREAM_CLOSED:
		return on_stream(r, ev, now_ms);
	case HOST_CLOSE:
		f = own_of(r, ev->conn);
		if (f != NULL)
			own_close(r, f, now_ms);
		conn_lost(r, ev->conn, now_ms);
		return f != NULL;
	case HOST_PEER_DOWN:
		sweep(r, now_ms);
		relay_service_peer_down(r, &ev->peer);
		relay_client_peer_down(r, &ev->peer);
		return false;
	case HOST_PEER_UP:
	case HOST_IDENTIFIED:
	case HOST_MESSAGE:
	case HOST_PING:
	case HOST_UNREACHABLE:
		break;
	}
	return false;
}

bool
relay_next(struct relay *r, uint64_t now_ms, struct relay_news *out)
{
	struct flow *next = NULL;

	if (r->any_stalled) {
		r->any_stalled = false;
		for (struct flow *f = r->flows; f != NULL; f = next) {
			next = f->next;
			if (f->kind == FLOW_OWN && f->stalled)
				own_pull(r, f, now_ms);
		}
	}
	if (r->news == NULL)
		return false;
	*out = r->news->news;
	news_pop(r);
	return true;
}

/* ---- time ---- */

uint64_t
relay_expiry(const struct relay *r)
{
	uint64_t at = MIN(relay_client_expiry(r), relay_service_expiry(r));

	if (r->flows != NULL)
		at = MIN(at, r->sweep_ms);
	for (const struct flow *f = r->flows; f != NULL; f = f->next)
		at = MIN(at, MIN(f->deadline_ms, f->retry_ms));
	return at;
}

static void
flow_timeout(struct relay *r, struct flow *f, uint64_t now_ms)
{
	switch (f->kind) {
	case FLOW_RESERVE:
	case FLOW_DIAL:
		host_stream_reset(r->host, f->a);
		relay_client_failed(
		    r, f, "the relay does not answer in time", now_ms);
		return;
	case FLOW_BRIDGE:
		r->stats.cut_time++;
		relay_flow_reset(r, f, now_ms);
		return;
	case FLOW_CALLING:
		host_stream_reset(r->host, f->b);
		relay_service_lost(r, f, now_ms);
		return;
	case FLOW_REQUEST:
	case FLOW_SERVED:
	case FLOW_STOP:
	case FLOW_OWN:
	case FLOW_LAST:
		relay_flow_reset(r, f, now_ms);
		return;
	}
}

void
relay_on_time(struct relay *r, uint64_t now_ms)
{
	struct flow *next = NULL;

	if (r->sweep_ms <= now_ms) {
		r->sweep_ms = now_ms + RELAY_SWEEP_MS;
		sweep(r, now_ms);
	}
	relay_service_on_time(r, now_ms);
	for (struct flow *f = r->flows; f != NULL; f = next) {
		next = f->next;
		if (f->deadline_ms <= now_ms) {
			flow_timeout(r, f, now_ms);
		} else if (f->retry_ms <= now_ms) {
			f->retry_ms = UINT64_MAX;
			flow_activity(r, f, false, now_ms);
		}
	}
	relay_client_on_time(r, now_ms);
}

void
relay_stats(const struct relay *r, struct relay_stats *out)
{
	*out = r->stats;
	out->circuits_now = r->bridges_n;
	out->own_now = 0;
	for (const struct flow *f = r->flows; f != NULL; f = f->next)
		out->own_now += f->kind == FLOW_OWN ? 1 : 0;
	for (uint32_t i = 0; i < r->limits.reservations_max; i++)
		out->reservations_now += r->guests[i].peer.n > 0 ? 1 : 0;
}
