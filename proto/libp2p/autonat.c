#include "proto/libp2p/autonat.h"

#include "proto/libp2p/autonat_wire.h"
#include "proto/libp2p/reach.h"

#define UNPACKED_MAX 32768
#define DATA_CHUNK   4096 /* of what is paid, in one message */
#define DATA_LEAST   100  /* smaller pieces are not worth reading */
#define BACKS_MAX    4
#define SKIPS_MAX    16 /* servers that were of no use lately */
#define ASKERS_MAX   64 /* peers whose requests are counted */
#define MINUTE_MS    60000
#define LINGER_MS    5000
#define SWEEP_MS     1000
#define SURE         3 /* votes after which an address rests */

struct vote {
	uint64_t group; /* of the server; 0: none */
	uint64_t at_ms;
	bool yes;
};

/* An address of ours. */
struct tested {
	uint8_t addr[AUTONAT_ADDR_MAX];
	size_t n; /* 0: free */
	struct vote votes[AUTONAT_VOTES];
	uint32_t votes_at; /* the oldest */
	enum autonat_verdict verdict;
	uint64_t asked_ms;
};

/* The one question of ours that is under way. */
struct question {
	bool active, seen; /* the nonce has come */
	struct host_stream stream;
	struct peer_id server;
	uint64_t group, nonce, since_ms, deadline_ms;
	uint8_t addr[AUTONAT_ADDR_MAX];
	size_t addr_n;
	uint64_t pay; /* bytes still owed */
	bool paid;
	uint8_t chunk[DATA_CHUNK + 16]; /* one message of them */
	size_t chunk_at, chunk_n;
};

/* Somebody dials us back. */
struct back {
	struct host_stream stream;
	uint64_t deadline_ms; /* 0: free */
};

enum request_state {
	REQUEST_FREE,
	REQUEST_READ,
	REQUEST_PAY,
	REQUEST_DIAL,
	REQUEST_END
};

/* A question of somebody else. */
struct request {
	enum request_state state;
	bool told; /* the dial, to the driver */
	struct host_stream stream;
	struct peer_id peer;
	uint32_t id;
	uint64_t deadline_ms, nonce, owed;
	uint32_t index;
	uint8_t addr[AUTONAT_ADDR_MAX];
	size_t addr_n;
};

struct asker {
	struct peer_id peer;
	uint64_t since_ms;
	uint32_t n;
};

struct skip {
	struct peer_id peer;
	uint64_t until_ms;
};

struct autonat {
	struct autonat_config cf;
	struct tested addrs[AUTONAT_ADDRS_MAX];
	struct question ask;
	uint64_t next_ask_ms;
	struct skip skips[SKIPS_MAX];
	uint32_t skips_at;
	struct back backs[BACKS_MAX];
	struct request *requests; /* limits.requests_max */
	struct asker askers[ASKERS_MAX];
	uint64_t minute_ms;
	uint32_t minute_n;
	uint32_t next_id;
	uint64_t sweep_ms;
	bool changed;
	struct autonat_stats stats;
	uint8_t *scratch;
};

struct autonat_limits
autonat_limits_default(void)
{
	return (struct autonat_limits){
		.requests_max = 8,
		.per_minute = 60,
		.per_peer = 12,
		.data_min = 30000,
		.data_max = 100000,
		.timeout_ms = 15000,
		.ask_ms = 2000,
		.again_ms = 600000,
		.ipv6 = true,
	};
}

struct autonat *
autonat_new(const struct autonat_config *cf, uint64_t now_ms)
{
	struct autonat *a = mem_alloc(cf->mem, sizeof(*a));

	ASSERT(cf->limits.requests_max > 0 &&
	       cf->limits.data_min <= cf->limits.data_max);
	if (a == NULL)
		return NULL;
	a->cf = *cf;
	a->next_id = 1;
	a->sweep_ms = now_ms + SWEEP_MS;
	a->next_ask_ms = now_ms + cf->limits.ask_ms;
	a->requests = mem_alloc(
	    cf->mem, cf->limits.requests_max * sizeof(a->requests[0]));
	a->scratch = mem_alloc(cf->mem, UNPACKED_MAX);
	if (a->requests == NULL || a->scratch == NULL) {
		autonat_free(a);
		return NULL;
	}
	return a;
}

void
autonat_free(struct autonat *a)
{
	if (a == NULL)
		return;
	struct mem *mem = a->cf.mem;
	mem_free(mem, a->requests,
	    a->cf.limits.requests_max * sizeof(a->requests[0]));
	mem_free(mem, a->scratch, UNPACKED_MAX);
	mem_free(mem, a, sizeof(*a));
}

/* ---- messages ---- */

/* ERR_LIMIT: not all of it could be written. */
static err
say(struct autonat *a, struct host_stream s, const struct autonat_message *m)
{
	uint8_t bytes[1024];
	struct buf out = { bytes, 0, sizeof(bytes) };
	size_t taken = 0;

	if (autonat_message_put(&out, m) != OK)
		return ERR_LIMIT;
	TRY(host_stream_write(a->cf.host, s, buf_slice(&out), &taken));
	return taken == out.n ? OK : ERR_LIMIT;
}

/* The bytes of the message at the front of a stream. */
static err
hear_body(struct autonat *a, struct host_stream s, size_t max,
    struct slice *body, size_t *used)
{
	const struct slice in = host_stream_read(a->cf.host, s);
	const err e = frame_get(in, max, body, used);

	if (e == ERR_MORE && host_stream_ended(a->cf.host, s))
		return ERR_PEER; /* cut short */
	return e;
}

/* The message at the front of a stream; lives in the scratch. */
static err
hear(struct autonat *a, struct host_stream s, struct autonat_message *m)
{
	struct slice body = { NULL, 0 };
	struct protobuf p;
	size_t used = 0;

	TRY(hear_body(a, s, AUTONAT_MESSAGE_MAX, &body, &used));
	protobuf_init_block(&p, a->scratch, UNPACKED_MAX);
	const err e = autonat_message_get(&p, body, m);
	host_stream_consume(a->cf.host, s, used);
	return e == OK ? OK : ERR_PEER;
}

static bool
same(struct host_stream s, const struct host_event *ev)
{
	return s.conn == ev->conn && s.stream == ev->stream;
}

/* ---- what is known of our addresses ---- */

/* Everyone in a far subnet is one voter; near to us each is its own. */
static uint64_t
group_of(const struct peer_id *peer, struct slice remote)
{
	uint64_t g = reach_group_of(remote);

	if (reach_of(remote) == REACH_WORLD && g != 0)
		return g;
	g = 14695981039346656037U;
	for (size_t i = 0; i < peer->n; i++)
		g = (g ^ peer->bytes[i]) * 1099511628211U;
	return g | 1;
}

static void
count(const struct tested *t, uint32_t *yes, uint32_t *no)
{
	*yes = *no = 0;
	for (size_t i = 0; i < AUTONAT_VOTES; i++) {
		if (t->votes[i].group == 0)
			continue;
		if (t->votes[i].yes)
			++*yes;
		else
			++*no;
	}
}

static void
judge(struct autonat *a, struct tested *t)
{
	uint32_t yes = 0, no = 0;
	enum autonat_verdict v = AUTONAT_UNKNOWN;

	count(t, &yes, &no);
	if (yes > 0 && yes >= no)
		v = AUTONAT_REACHABLE;
	else if (no >= SURE)
		v = AUTONAT_UNREACHABLE;
	if (v != t->verdict)
		a->changed = true;
	t->verdict = v;
}

static void
vote(struct autonat *a, struct tested *t, uint64_t group, bool yes,
    uint64_t now_ms)
{
	struct vote *v = NULL;

	for (size_t i = 0; i < AUTONAT_VOTES; i++)
		if (t->votes[i].group == group)
			v = &t->votes[i];
	if (v == NULL)
		v = &t->votes[t->votes_at++ % AUTONAT_VOTES];
	*v = (struct vote){ group, now_ms, yes };
	judge(a, t);
}

static bool
may_test(const struct autonat *a, struct slice addr)
{
	struct multiaddr_ip ip;

	return addr.n <= AUTONAT_ADDR_MAX &&
	       multiaddr_ip_tcp(addr, &ip) == OK && ip.port != 0 &&
	       (reach_of_ip(&ip) == REACH_WORLD ||
		   (a->cf.limits.private_addrs &&
		       reach_of_ip(&ip) != REACH_NOWHERE));
}

static struct tested *
tested_of(struct autonat *a, struct slice addr)
{
	for (size_t i = 0; i < AUTONAT_ADDRS_MAX; i++)
		if (slice_eq(slice_of(a->addrs[i].addr, a->addrs[i].n), addr))
			return &a->addrs[i];
	return NULL;
}

void
autonat_addrs_set(
    struct autonat *a, const struct slice *addrs, size_t n, uint64_t now_ms)
{
	struct tested next[AUTONAT_ADDRS_MAX] = { 0 };
	size_t m = 0;

	(void)now_ms;
	for (size_t i = 0; i < n && m < AUTONAT_ADDRS_MAX; i++) {
		bool twice = !may_test(a, addrs[i]);
		for (size_t k = 0; k < m; k++)
			twice |= slice_eq(
			    slice_of(next[k].addr, next[k].n), addrs[i]);
		if (twice)
			continue;
		const struct tested *old = tested_of(a, addrs[i]);
		if (old != NULL) {
			next[m++] = *old;
			continue;
		}
		memcpy(next[m].addr, addrs[i].p, addrs[i].n);
		next[m++].n = addrs[i].n;
	}
	for (size_t i = 0; i < AUTONAT_ADDRS_MAX; i++)
		a->changed |=
		    next[i].n != a->addrs[i].n ||
		    memcmp(next[i].addr, a->addrs[i].addr, next[i].n) != 0;
	memcpy(a->addrs, next, sizeof(next));
}

bool
autonat_addr_at(const struct autonat *a, size_t i, struct autonat_addr *out)
{
	if (i >= AUTONAT_ADDRS_MAX || a->addrs[i].n == 0)
		return false;
	const struct tested *t = &a->addrs[i];
	*out = (struct autonat_addr){ .addr = slice_of(t->addr, t->n),
		.verdict = t->verdict,
		.asked_ms = t->asked_ms };
	count(t, &out->yes, &out->no);
	return true;
}

enum autonat_verdict
autonat_verdict(const struct autonat *a)
{
	enum autonat_verdict v = AUTONAT_UNKNOWN;

	for (size_t i = 0; i < AUTONAT_ADDRS_MAX && a->addrs[i].n > 0; i++) {
		if (a->addrs[i].verdict == AUTONAT_REACHABLE)
			return AUTONAT_REACHABLE;
		if (i == 0)
			v = a->addrs[i].verdict;
		else if (v != a->addrs[i].verdict)
			v = AUTONAT_UNKNOWN;
	}
	return v;
}

/* ---- asking ---- */

static bool
skipped(const struct autonat *a, const struct peer_id *peer, uint64_t now_ms)
{
	for (size_t i = 0; i < SKIPS_MAX; i++)
		if (a->skips[i].until_ms > now_ms &&
		    peer_id_eq(&a->skips[i].peer, peer))
			return true;
	return false;
}

static void
question_end(struct autonat *a, uint64_t now_ms)
{
	host_stream_reset(a->cf.host, a->ask.stream);
	a->ask = (struct question){ 0 };
	a->next_ask_ms = now_ms + a->cf.limits.ask_ms;
}

/* Of no use: another one is asked, and this one not for a while. */
static void
question_failed(struct autonat *a, uint64_t now_ms)
{
	a->stats.failed++;
	a->skips[a->skips_at++ % SKIPS_MAX] =
	    (struct skip){ a->ask.server, now_ms + a->cf.limits.again_ms };
	question_end(a, now_ms);
}

static bool
is_fresh(const struct autonat *a, const struct vote *v, uint64_t now_ms)
{
	return v->group != 0 && now_ms - v->at_ms < a->cf.limits.again_ms;
}

static bool
has_voted(const struct autonat *a, const struct tested *t, uint64_t group,
    uint64_t now_ms)
{
	for (size_t i = 0; i < AUTONAT_VOTES; i++)
		if (t->votes[i].group == group &&
		    is_fresh(a, &t->votes[i], now_ms))
			return true;
	return false;
}

/* A server that has not voted on it lately. */
static bool
choose(struct autonat *a, const struct tested *t, uint64_t now_ms,
    struct peer_id *server, uint64_t *group)
{
	struct host_peer_info info;
	uint32_t fit = 0;

	for (uint32_t i = 0; host_peer_at(a->cf.host, i, &info); i++) {
		const uint64_t g = group_of(&info.id, info.remote);
		const struct peer_id id = info.id;
		if (info.limited || skipped(a, &id, now_ms) ||
		    has_voted(a, t, g, now_ms) ||
		    !host_peer_speaks(a->cf.host, &id, AUTONAT_DIAL_PROTOCOL))
			continue;
		/* Each of them with the same chance. */
		if (env_random_below(a->cf.env, ++fit) != 0)
			continue;
		*server = id;
		*group = g;
	}
	return fit > 0;
}

static void
put(struct tested *t, struct question *q)
{
	memcpy(q->addr, t->addr, t->n);
	q->addr_n = t->n;
}

static bool
ask(struct autonat *a, struct tested *t, uint64_t now_ms)
{
	struct question *q = &a->ask;
	struct autonat_message m = { .type = AUTONAT_REQUEST,
		.addrs_n = 1,
		.addrs = { slice_of(t->addr, t->n) } };

	*q = (struct question){ 0 };
	if (!choose(a, t, now_ms, &q->server, &q->group))
		return false;
	t->asked_ms = now_ms;
	q->nonce = env_random_u64(a->cf.env);
	q->since_ms = now_ms;
	q->deadline_ms = now_ms + a->cf.limits.timeout_ms;
	put(t, q);
	m.nonce = q->nonce;
	a->stats.asked++;
	if (host_stream_open(a->cf.host, &q->server, AUTONAT_DIAL_PROTOCOL,
		now_ms, &q->stream) != OK) {
		question_failed(a, now_ms);
		return true;
	}
	q->active = true;
	if (say(a, q->stream, &m) != OK)
		question_failed(a, now_ms);
	return true;
}

static void
ask_next(struct autonat *a, uint64_t now_ms)
{
	a->next_ask_ms = now_ms + a->cf.limits.ask_ms;
	for (size_t i = 0; i < AUTONAT_ADDRS_MAX; i++) {
		struct tested *t = &a->addrs[i];
		uint32_t fresh = 0;
		if (t->n == 0)
			break;
		for (size_t k = 0; k < AUTONAT_VOTES; k++)
			fresh += is_fresh(a, &t->votes[k], now_ms) ? 1 : 0;
		if (fresh >= SURE)
			continue;
		if (ask(a, t, now_ms))
			return;
	}
}

/* What the server wants to be paid, as much as the stream takes now. */
static void
pay(struct autonat *a, uint64_t now_ms)
{
	static const uint8_t zeros[DATA_CHUNK];
	struct question *q = &a->ask;

	while (q->pay > 0 || q->chunk_n > 0) {
		size_t taken = 0;
		if (q->chunk_n == 0) {
			const size_t n =
			    (size_t)MIN(q->pay, (uint64_t)DATA_CHUNK);
			const struct autonat_message m = { .type = AUTONAT_DATA,
				.data = slice_of(zeros, n) };
			struct buf b = { q->chunk, 0, sizeof(q->chunk) };
			const err e = autonat_message_put(&b, &m);
			ASSERT(e == OK);
			q->pay -= n;
			q->chunk_at = 0;
			q->chunk_n = b.n;
		}
		if (host_stream_write(a->cf.host, q->stream,
			slice_of(q->chunk + q->chunk_at, q->chunk_n),
			&taken) != OK) {
			question_failed(a, now_ms);
			return;
		}
		q->chunk_at += taken;
		q->chunk_n -= taken;
		if (q->chunk_n > 0)
			return; /* an event tells when it goes on */
	}
}

static void
answered(struct autonat *a, const struct autonat_message *m, uint64_t now_ms)
{
	struct question *q = &a->ask;
	struct tested *t = tested_of(a, slice_of(q->addr, q->addr_n));
	const uint32_t dial = m->dial_status;

	if (t == NULL) { /* no longer an address of ours */
		question_end(a, now_ms);
		return;
	}
	if (m->status == AUTONAT_OK && m->index == 0) {
		/* Its word alone does not make us reachable. */
		if (dial == AUTONAT_DIAL_OK && q->seen) {
			a->stats.yes++;
			vote(a, t, q->group, true, now_ms);
			question_end(a, now_ms);
			return;
		}
		if (dial == AUTONAT_DIAL_ERROR && !q->seen) {
			a->stats.no++;
			vote(a, t, q->group, false, now_ms);
			question_end(a, now_ms);
			return;
		}
	}
	question_failed(a, now_ms);
}

static void
question_read(struct autonat *a, uint64_t now_ms)
{
	struct question *q = &a->ask;
	struct autonat_message m;
	const err e = hear(a, q->stream, &m);

	if (e == ERR_MORE)
		return;
	if (e == OK && m.type == AUTONAT_RESPONSE) {
		answered(a, &m, now_ms);
	} else if (e == OK && m.type == AUTONAT_DATA_REQUEST && !q->paid &&
		   m.bytes <= a->cf.limits.data_max) {
		q->paid = true;
		q->pay = m.bytes;
		pay(a, now_ms);
	} else {
		question_failed(a, now_ms);
	}
}

/* ---- being dialled back ---- */

/* A dial back is a connection that was not there when we asked: the nonce
 * on one that we made ourselves proves nothing. */
static bool
is_dial_back(const struct autonat *a, host_conn conn)
{
	struct host_conn_info info;

	return a->ask.active && host_conn_find(a->cf.host, conn, &info) &&
	       !info.dialer && !info.limited &&
	       info.since_ms >= a->ask.since_ms;
}

static bool
back_opened(struct autonat *a, const struct host_event *ev, uint64_t now_ms)
{
	const struct host_stream s = { ev->conn, ev->stream };

	if (ev->protocol != a->cf.dial_back)
		return false;
	for (size_t i = 0; i < BACKS_MAX && is_dial_back(a, ev->conn); i++)
		if (a->backs[i].deadline_ms == 0) {
			a->backs[i] = (struct back){ s, now_ms + LINGER_MS };
			return true;
		}
	host_stream_reset(a->cf.host, s);
	return true;
}

static void
back_read(struct autonat *a, struct back *b)
{
	uint8_t bytes[16];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct slice body = { NULL, 0 };
	uint64_t nonce = 0;
	size_t used = 0, taken = 0;
	const err e = hear_body(a, b->stream, AUTONAT_BACK_MAX, &body, &used);

	if (e == ERR_MORE)
		return;
	if (e != OK || autonat_back_get(body, &nonce) != OK || !a->ask.active ||
	    nonce != a->ask.nonce || autonat_back_answer_put(&out) != OK ||
	    host_stream_write(a->cf.host, b->stream, buf_slice(&out), &taken) !=
		OK ||
	    taken < out.n) {
		host_stream_reset(a->cf.host, b->stream);
		b->deadline_ms = 0;
		return;
	}
	host_stream_consume(a->cf.host, b->stream, used);
	a->ask.seen = true;
	host_stream_close(a->cf.host, b->stream);
}

/* ---- answering ---- */

static void
respond(struct autonat *a, struct request *r, enum autonat_response status,
    uint32_t dial, uint64_t now_ms)
{
	const struct autonat_message m = { .type = AUTONAT_RESPONSE,
		.status = status,
		.index = r->index,
		.dial_status = dial };

	if (status == AUTONAT_OK)
		a->stats.served++;
	else
		a->stats.refused++;
	if (say(a, r->stream, &m) != OK) {
		host_stream_reset(a->cf.host, r->stream);
		*r = (struct request){ 0 };
		return;
	}
	host_stream_close(a->cf.host, r->stream);
	r->state = REQUEST_END;
	r->deadline_ms = now_ms + LINGER_MS;
}

/* Within so many a minute, of all and of this one. */
static bool
may_ask(struct autonat *a, const struct peer_id *peer, uint64_t now_ms)
{
	struct asker *who = &a->askers[0];

	if (now_ms - a->minute_ms >= MINUTE_MS) {
		a->minute_ms = now_ms;
		a->minute_n = 0;
	}
	for (size_t i = 0; i < ASKERS_MAX; i++) {
		if (peer_id_eq(&a->askers[i].peer, peer)) {
			who = &a->askers[i];
			break;
		}
		if (a->askers[i].since_ms < who->since_ms)
			who = &a->askers[i];
	}
	/* More askers than are counted are too many for a minute anyway. */
	if (!peer_id_eq(&who->peer, peer) ||
	    now_ms - who->since_ms >= MINUTE_MS)
		*who = (struct asker){ *peer, now_ms, 0 };
	if (a->minute_n >= a->cf.limits.per_minute ||
	    who->n >= a->cf.limits.per_peer)
		return false;
	a->minute_n++;
	who->n++;
	return true;
}

static bool
request_opened(struct autonat *a, const struct host_event *ev, uint64_t now_ms)
{
	const struct host_stream s = { ev->conn, ev->stream };
	struct host_conn_info info;
	struct request *free_one = NULL;
	uint32_t same_peer = 0;

	if (ev->protocol != a->cf.dial_request)
		return false;
	for (uint32_t i = 0; i < a->cf.limits.requests_max; i++) {
		struct request *r = &a->requests[i];
		if (r->state == REQUEST_FREE)
			free_one = r;
		else
			same_peer += peer_id_eq(&r->peer, &ev->peer) ? 1 : 0;
	}
	if (!a->cf.server || free_one == NULL || same_peer >= 2 ||
	    !host_conn_find(a->cf.host, ev->conn, &info) || info.limited) {
		a->stats.refused++;
		host_stream_reset(a->cf.host, s);
		return true;
	}
	*free_one = (struct request){ .state = REQUEST_READ,
		.stream = s,
		.peer = ev->peer,
		.id = a->next_id++,
		.deadline_ms = now_ms + a->cf.limits.timeout_ms };
	if (!may_ask(a, &ev->peer, now_ms))
		respond(a, free_one, AUTONAT_REJECTED, 0, now_ms);
	return true;
}

/* May we dial it? Behind it there may be the asker's own id. */
static bool
may_dial(const struct autonat *a, const struct request *r, struct slice *addr,
    struct multiaddr_ip *ip)
{
	struct peer_id id;
	const err e = multiaddr_peer(*addr, &id);

	if ((e == OK && !peer_id_eq(&id, &r->peer)) ||
	    (e != OK && e != ERR_NOTFOUND))
		return false;
	*addr = multiaddr_strip_peer(*addr);
	return may_test(a, *addr) && multiaddr_ip_tcp(*addr, ip) == OK &&
	       (!ip->v6 || a->cf.limits.ipv6);
}

static void
request_dial(struct autonat *a, struct request *r, uint64_t now_ms)
{
	r->state = REQUEST_DIAL;
	r->told = false;
	r->deadline_ms = now_ms + a->cf.limits.timeout_ms;
	a->stats.dialled++;
}

static void
ask_data(struct autonat *a, struct request *r, uint64_t now_ms)
{
	struct autonat_message m = { .type = AUTONAT_DATA_REQUEST,
		.index = r->index };

	r->owed = a->cf.limits.data_min +
		  env_random_below(a->cf.env, (uint64_t)a->cf.limits.data_max -
						  a->cf.limits.data_min + 1);
	m.bytes = r->owed;
	if (say(a, r->stream, &m) != OK) {
		host_stream_reset(a->cf.host, r->stream);
		*r = (struct request){ 0 };
		return;
	}
	r->state = REQUEST_PAY;
	r->deadline_ms = now_ms + a->cf.limits.timeout_ms;
}

static void
request_take(struct autonat *a, struct request *r,
    const struct autonat_message *m, uint64_t now_ms)
{
	struct host_conn_info info;
	struct multiaddr_ip ip, from;

	for (size_t i = 0; i < m->addrs_n; i++) {
		struct slice addr = m->addrs[i];
		if (!may_dial(a, r, &addr, &ip))
			continue;
		memcpy(r->addr, addr.p, addr.n);
		r->addr_n = addr.n;
		r->index = (uint32_t)i;
		r->nonce = m->nonce;
		/* Where the asker is, costs it nothing; elsewhere it pays. */
		if (host_conn_find(a->cf.host, r->stream.conn, &info) &&
		    multiaddr_ip_tcp(info.remote, &from) == OK &&
		    from.v6 == ip.v6 &&
		    memcmp(from.ip, ip.ip, ip.v6 ? 16 : 4) == 0)
			request_dial(a, r, now_ms);
		else
			ask_data(a, r, now_ms);
		return;
	}
	respond(a, r, AUTONAT_REFUSED, 0, now_ms);
}

static void
request_reset(struct autonat *a, struct request *r)
{
	host_stream_reset(a->cf.host, r->stream);
	*r = (struct request){ 0 };
	a->stats.refused++;
}

/* What it pays; pieces too small to be worth it are not taken. */
static bool
paid(struct autonat *a, struct request *r, size_t n)
{
	if (n == 0 || n > DATA_CHUNK || (n < DATA_LEAST && n < r->owed))
		return false;
	r->owed -= MIN(r->owed, (uint64_t)n);
	a->stats.data_bytes += n;
	return true;
}

static void
request_read(struct autonat *a, struct request *r, uint64_t now_ms)
{
	while (r->state == REQUEST_READ || r->state == REQUEST_PAY) {
		struct autonat_message m;
		const err e = hear(a, r->stream, &m);
		if (e == ERR_MORE)
			return;
		if (e == OK && r->state == REQUEST_READ &&
		    m.type == AUTONAT_REQUEST) {
			request_take(a, r, &m, now_ms);
		} else if (e == OK && r->state == REQUEST_PAY &&
			   m.type == AUTONAT_DATA && paid(a, r, m.data.n)) {
			if (r->owed == 0)
				request_dial(a, r, now_ms);
		} else {
			request_reset(a, r);
		}
	}
	if (r->state == REQUEST_END)
		host_stream_consume(a->cf.host, r->stream,
		    host_stream_read(a->cf.host, r->stream).n);
}

void
autonat_dialled(struct autonat *a, uint32_t id, enum autonat_dial_status status,
    uint64_t now_ms)
{
	for (uint32_t i = 0; i < a->cf.limits.requests_max; i++)
		if (a->requests[i].state == REQUEST_DIAL &&
		    a->requests[i].id == id)
			respond(a, &a->requests[i], AUTONAT_OK, status, now_ms);
}

/* ---- events ---- */

static bool
on_stream(struct autonat *a, const struct host_event *ev, uint64_t now_ms)
{
	const bool lost =
	    ev->type == HOST_STREAM_REFUSED || ev->type == HOST_STREAM_CLOSED;

	if (a->ask.active && same(a->ask.stream, ev)) {
		if (lost)
			question_failed(a, now_ms);
		else if (ev->type == HOST_STREAM_WRITABLE)
			pay(a, now_ms);
		else if (ev->type != HOST_STREAM_READY)
			question_read(a, now_ms);
		return true;
	}
	for (size_t i = 0; i < BACKS_MAX; i++) {
		struct back *b = &a->backs[i];
		if (b->deadline_ms == 0 || !same(b->stream, ev))
			continue;
		if (lost)
			b->deadline_ms = 0;
		else
			back_read(a, b);
		return true;
	}
	for (uint32_t i = 0; i < a->cf.limits.requests_max; i++) {
		struct request *r = &a->requests[i];
		if (r->state == REQUEST_FREE || !same(r->stream, ev))
			continue;
		if (lost)
			*r = (struct request){ 0 };
		else
			request_read(a, r, now_ms);
		return true;
	}
	return false;
}

static bool
is_gone(const struct autonat *a, struct host_stream s, host_conn closed)
{
	struct host_conn_info info;

	return s.conn == closed || !host_conn_find(a->cf.host, s.conn, &info);
}

/* Streams whose connection is gone: nothing is said of them. */
static void
sweep(struct autonat *a, host_conn closed, uint64_t now_ms)
{
	if (a->ask.active && is_gone(a, a->ask.stream, closed))
		question_end(a, now_ms);
	for (size_t i = 0; i < BACKS_MAX; i++)
		if (a->backs[i].deadline_ms != 0 &&
		    is_gone(a, a->backs[i].stream, closed))
			a->backs[i].deadline_ms = 0;
	for (uint32_t i = 0; i < a->cf.limits.requests_max; i++)
		if (a->requests[i].state != REQUEST_FREE &&
		    is_gone(a, a->requests[i].stream, closed))
			a->requests[i] = (struct request){ 0 };
}

bool
autonat_event(struct autonat *a, const struct host_event *ev, uint64_t now_ms)
{
	switch (ev->type) {
	case HOST_STREAM_OPENED:
		return back_opened(a, ev, now_ms) ||
		       request_opened(a, ev, now_ms);
	case HOST_STREAM_READY:
	case HOST_STREAM_REFUSED:
	case HOST_STREAM_DATA:
	case HOST_STREAM_WRITABLE:
	case HOST_STREAM_END:
	case HOST_STREAM_CLOSED:
		return on_stream(a, ev, now_ms);
	case HOST_CLOSE:
	case HOST_PEER_DOWN:
		sweep(a, ev->type == HOST_CLOSE ? ev->conn : 0, now_ms);
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
autonat_next(struct autonat *a, struct autonat_news *out)
{
	if (a->changed) {
		a->changed = false;
		*out = (struct autonat_news){ .type = AUTONAT_CHANGED };
		return true;
	}
	for (uint32_t i = 0; i < a->cf.limits.requests_max; i++) {
		struct request *r = &a->requests[i];
		if (r->state != REQUEST_DIAL || r->told)
			continue;
		r->told = true;
		*out = (struct autonat_news){ .type = AUTONAT_DIAL,
			.id = r->id,
			.nonce = r->nonce,
			.peer = r->peer,
			.addr_n = r->addr_n };
		memcpy(out->addr, r->addr, r->addr_n);
		return true;
	}
	return false;
}

/* ---- time ---- */

uint64_t
autonat_expiry(const struct autonat *a)
{
	uint64_t at = UINT64_MAX;

	if (a->ask.active)
		at = MIN(a->ask.deadline_ms, a->sweep_ms);
	else if (a->addrs[0].n > 0)
		at = a->next_ask_ms;
	for (size_t i = 0; i < BACKS_MAX; i++)
		if (a->backs[i].deadline_ms != 0)
			at = MIN(at, a->backs[i].deadline_ms);
	for (uint32_t i = 0; i < a->cf.limits.requests_max; i++)
		if (a->requests[i].state != REQUEST_FREE)
			at = MIN(
			    at, MIN(a->requests[i].deadline_ms, a->sweep_ms));
	return at;
}

void
autonat_on_time(struct autonat *a, uint64_t now_ms)
{
	if (a->sweep_ms <= now_ms) {
		a->sweep_ms = now_ms + SWEEP_MS;
		sweep(a, 0, now_ms);
	}
	if (a->ask.active && a->ask.deadline_ms <= now_ms)
		question_failed(a, now_ms);
	for (size_t i = 0; i < BACKS_MAX; i++) {
		struct back *b = &a->backs[i];
		if (b->deadline_ms == 0 || b->deadline_ms > now_ms)
			continue;
		host_stream_reset(a->cf.host, b->stream);
		b->deadline_ms = 0;
	}
	for (uint32_t i = 0; i < a->cf.limits.requests_max; i++) {
		struct request *r = &a->requests[i];
		if (r->state == REQUEST_FREE || r->deadline_ms > now_ms)
			continue;
		if (r->state == REQUEST_DIAL) {
			respond(a, r, AUTONAT_OK, AUTONAT_DIAL_ERROR, now_ms);
			continue;
		}
		host_stream_reset(a->cf.host, r->stream);
		*r = (struct request){ 0 };
	}
	if (!a->ask.active && a->next_ask_ms <= now_ms)
		ask_next(a, now_ms);
}

void
autonat_stats(const struct autonat *a, struct autonat_stats *out)
{
	*out = a->stats;
}
