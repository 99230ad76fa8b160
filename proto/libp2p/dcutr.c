#include "proto/libp2p/dcutr.h"

#include "proto/libp2p/frame.h"
#include "proto/libp2p/libp2p.pb-c.h"
#include "proto/libp2p/reach.h"

#define UNPACKED_MAX 32768
#define WAIT_MS      2000 /* for the peer's identify */
#define POLL_MS      50   /* is the direct connection there? */
#define RTT_MAX_MS   5000

enum hole_punch_type { PUNCH_CONNECT = 100, PUNCH_SYNC = 300 };

enum state {
	FREE,
	/* B, who acts. */
	B_WAIT,    /* until identify has told where A listens */
	B_DIRECT,  /* A's public addresses are dialled */
	B_CONNECT, /* CONNECT was sent */
	B_HALF,    /* SYNC was sent; half a round trip to wait */
	B_PUNCH,   /* both dial */
	/* A, who reacts. */
	A_IDLE, /* between two rounds */
	A_CONNECT,
	A_SYNC, /* CONNECT was answered */
	A_PUNCH,
	GRACE, /* direct: the relayed one is left a moment */
};

struct upgrade {
	enum state state;
	struct peer_id peer;
	host_conn relayed;
	struct host_stream stream; /* conn == 0: none */
	uint64_t at_ms;            /* when the state ends */
	uint64_t sent_ms;
	uint32_t tries;
	bool dial, done; /* news that wait */
	err error;
	const char *why;
	size_t addrs_n;
	uint8_t addr[DCUTR_ADDRS_MAX][DCUTR_ADDR_MAX];
	size_t addr_n[DCUTR_ADDRS_MAX];
};

struct dcutr {
	struct dcutr_config cf;
	struct upgrade *upgrades; /* limits.upgrades_max */
	size_t addrs_n;
	uint8_t addr[DCUTR_ADDRS_MAX][DCUTR_ADDR_MAX];
	size_t addr_n[DCUTR_ADDRS_MAX];
	struct dcutr_stats stats;
	uint8_t *scratch;
};

struct dcutr_limits
dcutr_limits_default(void)
{
	return (struct dcutr_limits){
		.upgrades_max = 32,
		.timeout_ms = 10000,
		.dial_ms = 5000,
		.grace_ms = 1000,
	};
}

struct dcutr *
dcutr_new(const struct dcutr_config *cf, uint64_t now_ms)
{
	struct dcutr *d = mem_alloc(cf->mem, sizeof(*d));

	(void)now_ms;
	if (d == NULL)
		return NULL;
	d->cf = *cf;
	d->upgrades = mem_alloc(
	    cf->mem, cf->limits.upgrades_max * sizeof(d->upgrades[0]));
	d->scratch = mem_alloc(cf->mem, UNPACKED_MAX);
	if (d->upgrades == NULL || d->scratch == NULL) {
		dcutr_free(d);
		return NULL;
	}
	return d;
}

void
dcutr_free(struct dcutr *d)
{
	if (d == NULL)
		return;
	struct mem *mem = d->cf.mem;
	mem_free(mem, d->upgrades,
	    d->cf.limits.upgrades_max * sizeof(d->upgrades[0]));
	mem_free(mem, d->scratch, UNPACKED_MAX);
	mem_free(mem, d, sizeof(*d));
}

static bool
may_dial(const struct dcutr *d, struct slice addr)
{
	struct multiaddr_ip ip;

	return addr.n <= DCUTR_ADDR_MAX && multiaddr_ip_tcp(addr, &ip) == OK &&
	       ip.port != 0 &&
	       (reach_of_ip(&ip) == REACH_WORLD ||
		   (d->cf.limits.private_addrs &&
		       reach_of_ip(&ip) != REACH_NOWHERE));
}

void
dcutr_addrs_set(struct dcutr *d, const struct slice *addrs, size_t n)
{
	d->addrs_n = 0;
	for (size_t i = 0; i < n && d->addrs_n < DCUTR_ADDRS_MAX; i++) {
		if (!may_dial(d, addrs[i]))
			continue;
		memcpy(d->addr[d->addrs_n], addrs[i].p, addrs[i].n);
		d->addr_n[d->addrs_n++] = addrs[i].n;
	}
}

/* ---- connections ---- */

static bool
is_circuit(struct slice remote)
{
	struct multiaddr_part part;

	while (multiaddr_next(&remote, &part) == OK)
		if (part.code == MULTIADDR_P2P_CIRCUIT)
			return true;
	return false;
}

static bool
is_direct(const struct dcutr *d, const struct peer_id *peer)
{
	struct host_conn_info info;
	host_conn c = 0;

	for (uint32_t i = 0; (c = host_peer_conn(d->cf.host, peer, i)) != 0;
	     i++)
		if (host_conn_find(d->cf.host, c, &info) &&
		    !is_circuit(info.remote))
			return true;
	return false;
}

static struct upgrade *
upgrade_of(const struct dcutr *d, host_conn relayed)
{
	for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++)
		if (d->upgrades[i].state != FREE &&
		    d->upgrades[i].relayed == relayed)
			return &d->upgrades[i];
	return NULL;
}

/* A free one, or one that only remembers how often it was tried. */
static struct upgrade *
upgrade_place(struct dcutr *d)
{
	struct upgrade *idle = NULL;

	for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++) {
		struct upgrade *u = &d->upgrades[i];
		if (u->state == FREE)
			return u;
		if (u->state == A_IDLE && !u->done && idle == NULL)
			idle = u;
	}
	return idle;
}

static void
drop_stream(struct dcutr *d, struct upgrade *u)
{
	if (u->stream.conn != 0)
		host_stream_reset(d->cf.host, u->stream);
	u->stream = (struct host_stream){ 0 };
}

static void
turn(struct upgrade *u, enum state state, uint64_t at_ms)
{
	u->state = state;
	u->at_ms = at_ms;
}

/* ---- messages ---- */

static err
say(struct dcutr *d, struct upgrade *u, enum hole_punch_type type)
{
	Libp2p__HolePunch m = LIBP2P__HOLE_PUNCH__INIT;
	ProtobufCBinaryData addrs[DCUTR_ADDRS_MAX];
	uint8_t bytes[1024];
	struct buf out = { bytes, 0, sizeof(bytes) };
	size_t taken = 0;

	m.has_type = 1;
	m.type = type;
	for (size_t i = 0; i < d->addrs_n; i++)
		addrs[i] = protobuf_bytes(slice_of(d->addr[i], d->addr_n[i]));
	m.obs_addrs = addrs;
	m.n_obs_addrs = type == PUNCH_CONNECT ? d->addrs_n : 0;
	if (frame_put(&out, &m.base) != OK)
		return ERR_LIMIT;
	TRY(host_stream_write(d->cf.host, u->stream, buf_slice(&out), &taken));
	return taken == out.n ? OK : ERR_LIMIT;
}

static err
hear(struct dcutr *d, struct upgrade *u, const Libp2p__HolePunch **out)
{
	const struct slice in = host_stream_read(d->cf.host, u->stream);
	struct slice body = { NULL, 0 };
	struct protobuf p;
	ProtobufCMessage *m = NULL;
	size_t used = 0;

	const err e = frame_get(in, DCUTR_MESSAGE_MAX, &body, &used);
	if (e == ERR_MORE && host_stream_ended(d->cf.host, u->stream))
		return ERR_PEER; /* cut short */
	TRY(e);
	protobuf_init_block(&p, d->scratch, UNPACKED_MAX);
	const err got =
	    protobuf_get(&p, &libp2p__hole_punch__descriptor, body, &m);
	host_stream_consume(d->cf.host, u->stream, used);
	*out = (const void *)m;
	return got == OK && (*out)->has_type ? OK : ERR_PEER;
}

static void
keep_addr(const struct dcutr *d, struct upgrade *u, struct slice addr)
{
	addr = multiaddr_strip_peer(addr);
	if (u->addrs_n == DCUTR_ADDRS_MAX || !may_dial(d, addr))
		return;
	for (size_t i = 0; i < u->addrs_n; i++)
		if (slice_eq(slice_of(u->addr[i], u->addr_n[i]), addr))
			return;
	memcpy(u->addr[u->addrs_n], addr.p, addr.n);
	u->addr_n[u->addrs_n++] = addr.n;
}

static void
take_addrs(const struct dcutr *d, struct upgrade *u, const Libp2p__HolePunch *m)
{
	u->addrs_n = 0;
	for (size_t i = 0; i < m->n_obs_addrs; i++)
		keep_addr(d, u, protobuf_slice(&m->obs_addrs[i]));
}

/* ---- B ---- */

static void
failed(struct dcutr *d, struct upgrade *u, const char *why)
{
	drop_stream(d, u);
	d->stats.failed++;
	u->error = ERR_CLOSED;
	u->why = why;
	u->done = true;
	turn(u, A_IDLE, UINT64_MAX);
}

static void
succeeded(struct dcutr *d, struct upgrade *u, uint64_t now_ms)
{
	drop_stream(d, u);
	if (u->state == B_DIRECT)
		d->stats.direct++;
	else
		d->stats.punched++;
	u->error = OK;
	u->why = "";
	u->done = true;
	turn(u, GRACE, now_ms + d->cf.limits.grace_ms);
}

static void
b_connect(struct dcutr *d, struct upgrade *u, uint64_t now_ms)
{
	if (u->tries == DCUTR_TRIES) {
		failed(d, u, "no packet came through");
		return;
	}
	if (d->addrs_n == 0) {
		failed(d, u, "we do not know our own address");
		return;
	}
	u->tries++;
	d->stats.tried++;
	if (host_stream_open_on(d->cf.host, u->relayed, DCUTR_PROTOCOL, now_ms,
		&u->stream) != OK) {
		u->stream = (struct host_stream){ 0 };
		failed(d, u, "the relayed connection takes no stream");
		return;
	}
	if (say(d, u, PUNCH_CONNECT) != OK) {
		failed(d, u, "the relayed connection takes no bytes");
		return;
	}
	u->sent_ms = now_ms;
	turn(u, B_CONNECT, now_ms + d->cf.limits.timeout_ms);
}

/* Is A perhaps to be reached without any of this? */
static void
b_direct(struct dcutr *d, struct upgrade *u, uint64_t now_ms)
{
	struct host_peer_info info;

	u->addrs_n = 0;
	if (host_peer_find(d->cf.host, &u->peer, &info))
		for (uint32_t i = 0; i < info.addrs_n; i++)
			if (!is_circuit(info.addrs[i]))
				keep_addr(d, u, info.addrs[i]);
	if (u->addrs_n == 0) {
		b_connect(d, u, now_ms);
		return;
	}
	u->dial = true;
	turn(u, B_DIRECT, now_ms + d->cf.limits.dial_ms);
}

static void
b_answered(struct dcutr *d, struct upgrade *u, const Libp2p__HolePunch *m,
    uint64_t now_ms)
{
	const uint64_t rtt_ms = MIN(now_ms - u->sent_ms, (uint64_t)RTT_MAX_MS);

	if (m->type != PUNCH_CONNECT) {
		failed(d, u, "the peer does not speak the protocol");
		return;
	}
	take_addrs(d, u, m);
	if (u->addrs_n == 0) {
		failed(d, u, "the peer does not know its own address");
		return;
	}
	if (say(d, u, PUNCH_SYNC) != OK) {
		failed(d, u, "the relayed connection takes no bytes");
		return;
	}
	host_stream_close(d->cf.host, u->stream);
	turn(u, B_HALF, now_ms + rtt_ms / 2);
}

void
dcutr_inbound(struct dcutr *d, host_conn conn, const struct peer_id *peer,
    uint64_t now_ms)
{
	struct upgrade *u = upgrade_place(d);

	if (u == NULL || upgrade_of(d, conn) != NULL)
		return;
	*u = (struct upgrade){ .peer = *peer, .relayed = conn, .why = "" };
	turn(u, B_WAIT, now_ms + WAIT_MS);
}

/* ---- A ---- */

static bool
a_opened(struct dcutr *d, const struct host_event *ev, uint64_t now_ms)
{
	const struct host_stream s = { ev->conn, ev->stream };
	struct upgrade *u = upgrade_of(d, ev->conn);
	struct host_conn_info info;

	if (ev->protocol != d->cf.protocol)
		return false;
	/* Over a relay alone: it would have us dial whom it likes. */
	if (!host_conn_find(d->cf.host, ev->conn, &info) ||
	    !is_circuit(info.remote) || !info.dialer)
		goto refuse;
	if (u == NULL) {
		u = upgrade_place(d);
		if (u == NULL)
			goto refuse;
		*u = (struct upgrade){ .state = A_IDLE,
			.peer = ev->peer,
			.relayed = ev->conn,
			.why = "" };
	}
	/* B begins the next round when it has given up the one before. */
	if ((u->state != A_IDLE && u->state != A_PUNCH) ||
	    u->tries == DCUTR_TRIES)
		goto refuse;
	drop_stream(d, u);
	u->tries++;
	u->dial = false;
	u->stream = s;
	turn(u, A_CONNECT, now_ms + d->cf.limits.timeout_ms);
	return true;
refuse:
	host_stream_reset(d->cf.host, s);
	return true;
}

static void
a_end(struct dcutr *d, struct upgrade *u)
{
	drop_stream(d, u);
	turn(u, A_IDLE, UINT64_MAX);
}

static void
a_read(struct dcutr *d, struct upgrade *u, const Libp2p__HolePunch *m,
    uint64_t now_ms)
{
	if (u->state == A_CONNECT && m->type == PUNCH_CONNECT) {
		take_addrs(d, u, m);
		if (say(d, u, PUNCH_CONNECT) != OK)
			a_end(d, u);
		else
			u->state = A_SYNC;
	} else if (u->state == A_SYNC && m->type == PUNCH_SYNC) {
		host_stream_close(d->cf.host, u->stream);
		d->stats.tried++;
		u->dial = u->addrs_n > 0;
		turn(u, A_PUNCH, now_ms + d->cf.limits.dial_ms);
	} else {
		a_end(d, u);
	}
}

/* ---- events ---- */

static void
read_stream(struct dcutr *d, struct upgrade *u, uint64_t now_ms)
{
	const Libp2p__HolePunch *m = NULL;

	while (u->state == B_CONNECT || u->state == A_CONNECT ||
	       u->state == A_SYNC) {
		const err e = hear(d, u, &m);
		if (e == ERR_MORE)
			return;
		if (e != OK && u->state == B_CONNECT)
			failed(d, u, "the peer does not speak the protocol");
		else if (e != OK)
			a_end(d, u);
		else if (u->state == B_CONNECT)
			b_answered(d, u, m, now_ms);
		else
			a_read(d, u, m, now_ms);
	}
	/* Nothing more is expected. */
	if (u->stream.conn != 0)
		host_stream_consume(d->cf.host, u->stream,
		    host_stream_read(d->cf.host, u->stream).n);
}

static void
stream_lost(struct dcutr *d, struct upgrade *u, bool refused)
{
	u->stream = (struct host_stream){ 0 };
	if (u->state == B_CONNECT)
		failed(d, u,
		    refused ? "the peer does not speak the protocol"
			    : "the peer has closed the stream");
	else if (u->state == A_CONNECT || u->state == A_SYNC)
		a_end(d, u);
}

static bool
on_stream(struct dcutr *d, const struct host_event *ev, uint64_t now_ms)
{
	for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++) {
		struct upgrade *u = &d->upgrades[i];
		if (u->state == FREE || u->stream.conn != ev->conn ||
		    u->stream.stream != ev->stream)
			continue;
		if (ev->type == HOST_STREAM_REFUSED ||
		    ev->type == HOST_STREAM_CLOSED)
			stream_lost(d, u, ev->type == HOST_STREAM_REFUSED);
		else if (ev->type != HOST_STREAM_READY)
			read_stream(d, u, now_ms);
		return true;
	}
	return false;
}

/* Upgrades whose relayed connection is gone. */
static void
sweep(struct dcutr *d, host_conn closed, uint64_t now_ms)
{
	struct host_conn_info info;

	for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++) {
		struct upgrade *u = &d->upgrades[i];
		if (u->state == FREE ||
		    (u->relayed != closed &&
			host_conn_find(d->cf.host, u->relayed, &info)))
			continue;
		/* A circuit just accepted is not secured yet. */
		if (u->state == B_WAIT && u->relayed != closed &&
		    u->at_ms > now_ms)
			continue;
		*u = (struct upgrade){ 0 };
	}
}

bool
dcutr_event(struct dcutr *d, const struct host_event *ev, uint64_t now_ms)
{
	switch (ev->type) {
	case HOST_STREAM_OPENED:
		return a_opened(d, ev, now_ms);
	case HOST_STREAM_READY:
	case HOST_STREAM_REFUSED:
	case HOST_STREAM_DATA:
	case HOST_STREAM_WRITABLE:
	case HOST_STREAM_END:
	case HOST_STREAM_CLOSED:
		return on_stream(d, ev, now_ms);
	case HOST_IDENTIFIED:
		for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++)
			if (d->upgrades[i].state == B_WAIT &&
			    peer_id_eq(&d->upgrades[i].peer, &ev->peer))
				d->upgrades[i].at_ms = now_ms;
		return false;
	case HOST_CLOSE:
	case HOST_PEER_DOWN:
		sweep(d, ev->type == HOST_CLOSE ? ev->conn : 0, now_ms);
		return false;
	case HOST_PEER_UP:
	case HOST_MESSAGE:
	case HOST_PING:
	case HOST_UNREACHABLE:
		break;
	}
	return false;
}

static void
put_dial(const struct upgrade *u, struct dcutr_news *out)
{
	out->type = DCUTR_DIAL;
	out->punch = u->state != B_DIRECT;
	out->dialer = u->state != B_PUNCH;
	out->addrs_n = u->addrs_n;
	memcpy(out->addr, u->addr, sizeof(out->addr));
	memcpy(out->addr_n, u->addr_n, sizeof(out->addr_n));
}

bool
dcutr_next(struct dcutr *d, struct dcutr_news *out)
{
	for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++) {
		struct upgrade *u = &d->upgrades[i];
		if (u->state == FREE || (!u->dial && !u->done))
			continue;
		*out = (struct dcutr_news){ .type = DCUTR_DONE,
			.peer = u->peer,
			.relayed = u->relayed,
			.tries = u->tries,
			.error = u->error,
			.why = u->why };
		if (u->dial)
			put_dial(u, out);
		else
			u->done = false;
		u->dial = false;
		return true;
	}
	return false;
}

/* ---- time ---- */

static bool
is_dialling(const struct upgrade *u)
{
	return u->state == B_DIRECT || u->state == B_PUNCH ||
	       u->state == A_PUNCH;
}

uint64_t
dcutr_expiry(const struct dcutr *d)
{
	uint64_t at = UINT64_MAX;

	for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++) {
		const struct upgrade *u = &d->upgrades[i];
		if (u->state == FREE)
			continue;
		at = MIN(at, u->at_ms);
		if (is_dialling(u))
			at = MIN(at, u->sent_ms);
	}
	return at;
}

static void
state_ends(struct dcutr *d, struct upgrade *u, uint64_t now_ms)
{
	switch (u->state) {
	case B_WAIT:
		if (is_direct(d, &u->peer))
			succeeded(d, u, now_ms);
		else
			b_direct(d, u, now_ms);
		return;
	case B_CONNECT:
		failed(d, u, "the peer does not answer in time");
		return;
	case B_HALF:
		u->dial = true;
		turn(u, B_PUNCH, now_ms + d->cf.limits.dial_ms);
		return;
	case B_DIRECT:
	case B_PUNCH:
		drop_stream(d, u);
		b_connect(d, u, now_ms);
		return;
	case A_CONNECT:
	case A_SYNC:
	case A_PUNCH:
		a_end(d, u);
		return;
	case GRACE:
		host_conn_close(d->cf.host, u->relayed,
		    "a direct connection stands", now_ms);
		*u = (struct upgrade){ 0 };
		return;
	case FREE:
	case A_IDLE:
		return;
	}
}

void
dcutr_on_time(struct dcutr *d, uint64_t now_ms)
{
	sweep(d, 0, now_ms);
	for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++) {
		struct upgrade *u = &d->upgrades[i];
		if (u->state == FREE)
			continue;
		if (is_dialling(u) && is_direct(d, &u->peer)) {
			succeeded(d, u, now_ms);
			continue;
		}
		if (is_dialling(u))
			u->sent_ms = now_ms + POLL_MS;
		if (u->at_ms <= now_ms)
			state_ends(d, u, now_ms);
	}
}

void
dcutr_stats(const struct dcutr *d, struct dcutr_stats *out)
{
	*out = d->stats;
	out->now = 0;
	for (uint32_t i = 0; i < d->cf.limits.upgrades_max; i++)
		out->now += d->upgrades[i].state != FREE &&
				    d->upgrades[i].state != A_IDLE
				? 1
				: 0;
}
