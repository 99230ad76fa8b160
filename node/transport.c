#include "node/transport.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTENERS_MAX 16
#define WRITE_BYTES   (64 * 1024)
#define READ_BYTES    (64 * 1024)
#define BACKLOG       128
#define BUCKETS       1024 /* of links by connection */

struct listener {
	uv_tcp_t tcp;
	struct transport *t;
	bool open;
	struct multiaddr_ip at;
};

struct link {
	struct link *next, **back; /* in transport.links */
	struct link *bucket_next;  /* while it has a connection */
	uv_tcp_t tcp;
	struct transport *t;
	host_conn conn; /* 0: not yet, or no longer */
	uv_write_t write;
	uint8_t *out; /* being written */
	bool closing;
};

/* A connection attempt; becomes a link. */
struct dial {
	struct dial *next, **back;
	struct transport *t;
	uv_getaddrinfo_t lookup;
	uv_connect_t connect;
	uv_timer_t timer;
	struct link *link;
	uint8_t addr[MULTIADDR_MAX];
	size_t addr_n;
	bool has_peer, looking_up, timed_out;
	struct peer_id peer;
	transport_dialled *done;
	void *ctx;
	uint32_t number; /* of the host's, or 0 */
};

struct transport {
	struct transport_config cf;
	struct listener listeners[LISTENERS_MAX];
	size_t listeners_n;
	struct link *links;
	struct link *buckets[BUCKETS];
	struct dial *dials;
	unsigned dials_n;
	uv_timer_t timer;
	bool pumping, stopping;
	uint8_t read_buf[READ_BYTES];
};

static uint64_t
now_ms(const struct transport *t)
{
	return t->cf.env->mono_ms(t->cf.env->ctx);
}

static void pump(struct transport *t);

/* ---- links ---- */

static void
on_link_closed(uv_handle_t *handle)
{
	struct link *l = CONTAINER_OF((uv_tcp_t *)handle, struct link, tcp);

	*l->back = l->next;
	if (l->next != NULL)
		l->next->back = l->back;
	free(l->out);
	free(l);
}

static struct link *
link_new(struct transport *t)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->t = t;
	if (uv_tcp_init(t->cf.loop, &l->tcp) != 0) {
		free(l);
		return NULL;
	}
	l->next = t->links;
	l->back = &t->links;
	if (l->next != NULL)
		l->next->back = &l->next;
	t->links = l;
	return l;
}

static void
link_name(struct link *l, host_conn id)
{
	struct link **bucket = &l->t->buckets[id % BUCKETS];

	l->conn = id;
	l->bucket_next = *bucket;
	*bucket = l;
}

static void
link_unname(struct link *l)
{
	struct link **at = &l->t->buckets[l->conn % BUCKETS];

	while (*at != l)
		at = &(*at)->bucket_next;
	*at = l->bucket_next;
	l->conn = 0;
}

static void
link_close(struct link *l)
{
	if (l->closing)
		return;
	l->closing = true;
	if (l->conn != 0) {
		host_conn_gone(l->t->cf.host, l->conn, now_ms(l->t));
		link_unname(l);
	}
	uv_close((uv_handle_t *)&l->tcp, on_link_closed);
}

static struct link *
link_of(struct transport *t, host_conn id)
{
	struct link *l = t->buckets[id % BUCKETS];

	while (l != NULL && l->conn != id)
		l = l->bucket_next;
	return l;
}

static void link_flush(struct link *l);

static void
on_write(uv_write_t *req, int status)
{
	struct link *l = CONTAINER_OF(req, struct link, write);

	free(l->out);
	l->out = NULL;
	if (l->closing)
		return;
	if (status < 0) {
		link_close(l);
	} else {
		link_flush(l);
	}
	pump(l->t);
}

/* Starts a write of what the host has, unless one is under way. */
static void
link_flush(struct link *l)
{
	if (l->closing || l->conn == 0 || l->out != NULL)
		return;
	l->out = malloc(WRITE_BYTES);
	if (l->out == NULL) {
		link_close(l);
		return;
	}
	struct buf b = { l->out, 0, WRITE_BYTES };
	host_send(l->t->cf.host, l->conn, now_ms(l->t), &b);
	if (b.n == 0) {
		free(l->out);
		l->out = NULL;
		return;
	}
	const uv_buf_t uv = uv_buf_init((char *)b.p, (unsigned)b.n);
	if (uv_write(&l->write, (uv_stream_t *)&l->tcp, &uv, 1, on_write) !=
	    0) {
		free(l->out);
		l->out = NULL;
		link_close(l);
	}
}

/* The host is done with it: what it still has to say, then the end. */
static void
link_finish(struct link *l)
{
	uint8_t last[4096];
	struct buf b = { last, 0, sizeof(last) };

	if (l->out == NULL && l->conn != 0) {
		host_send(l->t->cf.host, l->conn, now_ms(l->t), &b);
		const uv_buf_t uv = uv_buf_init((char *)b.p, (unsigned)b.n);
		if (b.n > 0)
			(void)uv_try_write((uv_stream_t *)&l->tcp, &uv, 1);
	}
	link_close(l);
}

static void
on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	struct link *l = CONTAINER_OF((uv_tcp_t *)handle, struct link, tcp);

	(void)want;
	*out = uv_buf_init((char *)l->t->read_buf, READ_BYTES);
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct link *l = CONTAINER_OF((uv_tcp_t *)stream, struct link, tcp);
	struct transport *t = l->t;

	if (n == 0 || l->closing)
		return;
	if (n < 0) {
		link_close(l);
		pump(t);
		return;
	}
	struct slice in = slice_of(b->base, (size_t)n);
	while (in.n > 0 && !l->closing) {
		const size_t before = in.n;
		host_recv(t->cf.host, l->conn, now_ms(t), &in);
		pump(t); /* may close the link, not free it */
		if (in.n == before && !l->closing) {
			/* All events are drained and it takes nothing. */
			link_close(l);
			pump(t);
		}
	}
}

/* A connected socket joins the host. */
static err
link_open(struct link *l, const struct host_conn_config *cf)
{
	struct transport *t = l->t;

	(void)uv_tcp_nodelay(&l->tcp, 1);
	host_conn id = 0;
	TRY(host_conn_open(t->cf.host, cf, now_ms(t), &id));
	link_name(l, id);
	if (uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read) != 0)
		return ERR_IO;
	return OK;
}

/* ---- the host's events, output and timer ---- */

static void
on_timer(uv_timer_t *timer)
{
	struct transport *t = CONTAINER_OF(timer, struct transport, timer);

	host_on_time(t->cf.host, now_ms(t));
	pump(t);
}

static void dial_for_host(struct transport *t, const struct host_dial *dial);

static void
pump(struct transport *t)
{
	struct host_event ev;
	struct host_dial dial;
	host_conn id = 0;
	bool more = true;

	if (t->pumping || t->stopping)
		return;
	t->pumping = true;
	while (more) {
		more = false;
		while (host_next(t->cf.host, &ev)) {
			more = true;
			if (ev.type != HOST_CLOSE) {
				t->cf.event(t->cf.ctx, &ev);
				continue;
			}
			struct link *l = link_of(t, ev.conn);
			if (l == NULL)
				continue;
			env_log(t->cf.env,
			    ev.error == OK ? LOG_INFO : LOG_UNUSUAL,
			    "connection_closed", "conn=%" PRIu32 " why=\"%s\"",
			    ev.conn, ev.why == NULL ? "" : ev.why);
			link_finish(l);
		}
		while (host_next_dial(t->cf.host, &dial)) {
			more = true;
			dial_for_host(t, &dial);
		}
		while (host_next_output(t->cf.host, &id)) {
			struct link *l = link_of(t, id);
			more = true;
			if (l != NULL)
				link_flush(l);
		}
	}
	t->pumping = false;
	if (t->cf.after != NULL)
		t->cf.after(t->cf.ctx);
	const uint64_t at = host_expiry(t->cf.host), now = now_ms(t);
	if (at == UINT64_MAX)
		(void)uv_timer_stop(&t->timer);
	else
		(void)uv_timer_start(
		    &t->timer, on_timer, at > now ? at - now : 0, 0);
}

void
transport_wake(struct transport *t)
{
	pump(t);
}

/* ---- listening ---- */

static void
sockaddr_of(const struct multiaddr_ip *ip, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (ip->v6) {
		struct sockaddr_in6 *s = (struct sockaddr_in6 *)(void *)out;
		s->sin6_family = AF_INET6;
		s->sin6_port = htons(ip->port);
		memcpy(&s->sin6_addr, ip->ip, 16);
	} else {
		struct sockaddr_in *s = (struct sockaddr_in *)(void *)out;
		s->sin_family = AF_INET;
		s->sin_port = htons(ip->port);
		memcpy(&s->sin_addr, ip->ip, 4);
	}
}

static bool
ip_of_sockaddr(const struct sockaddr_storage *in, struct multiaddr_ip *out)
{
	*out = (struct multiaddr_ip){ 0 };
	if (in->ss_family == AF_INET6) {
		const struct sockaddr_in6 *s =
		    (const struct sockaddr_in6 *)(const void *)in;
		out->v6 = true;
		out->port = ntohs(s->sin6_port);
		memcpy(out->ip, &s->sin6_addr, 16);
		return true;
	}
	if (in->ss_family == AF_INET) {
		const struct sockaddr_in *s =
		    (const struct sockaddr_in *)(const void *)in;
		out->port = ntohs(s->sin_port);
		memcpy(out->ip, &s->sin_addr, 4);
		return true;
	}
	return false;
}

static void
on_connection(uv_stream_t *stream, int status)
{
	struct listener *s =
	    CONTAINER_OF((uv_tcp_t *)stream, struct listener, tcp);
	struct transport *t = s->t;
	struct sockaddr_storage from;
	struct multiaddr_ip ip;
	uint8_t raw[MULTIADDR_MAX];
	struct buf remote = { raw, 0, sizeof(raw) };
	int n = sizeof(from);

	if (status < 0)
		return;
	struct link *l = link_new(t);
	if (l == NULL)
		return;
	if (uv_accept(stream, (uv_stream_t *)&l->tcp) != 0 ||
	    uv_tcp_getpeername(&l->tcp, (struct sockaddr *)&from, &n) != 0 ||
	    !ip_of_sockaddr(&from, &ip) ||
	    multiaddr_put_ip_tcp(&remote, &ip) != OK)
		goto fail1;
	const struct host_conn_config cf = { .remote = buf_slice(&remote) };
	if (link_open(l, &cf) != OK)
		goto fail1;
	pump(t);
	return;
fail1:
	link_close(l);
	pump(t);
}

/* Binds and listens; the libuv error. */
static int
listener_open(struct listener *s, const struct multiaddr_ip *ip)
{
	struct sockaddr_storage sa;
	int n = sizeof(sa);

	sockaddr_of(ip, &sa);
	int rc = uv_tcp_bind(&s->tcp, (const struct sockaddr *)&sa,
	    ip->v6 ? UV_TCP_IPV6ONLY : 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&s->tcp, BACKLOG, on_connection);
	if (rc == 0)
		rc = uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&sa, &n);
	if (rc == 0 && !ip_of_sockaddr(&sa, &s->at))
		rc = UV_EINVAL;
	return rc;
}

err
transport_listen(struct transport *t, const char *addr, struct problem *p)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct multiaddr_ip ip;

	if (t->listeners_n == LISTENERS_MAX) {
		problem_set(p, EXIT_CONFIG, "E1101",
		    "more than %d listen addresses", LISTENERS_MAX);
		return ERR_LIMIT;
	}
	if (multiaddr_get(slice_str(addr), &b) != OK ||
	    multiaddr_ip_tcp(buf_slice(&b), &ip) != OK) {
		problem_set(
		    p, EXIT_CONFIG, "E1102", "cannot listen on \"%s\"", addr);
		problem_why(p, "it is not an IP address with a TCP port");
		problem_hint(p, "/ip4/0.0.0.0/tcp/4141 or /ip6/::/tcp/4141");
		return ERR_FORM;
	}
	struct listener *s = &t->listeners[t->listeners_n];
	if (uv_tcp_init(t->cf.loop, &s->tcp) != 0) {
		problem_set(p, EXIT_TEMPORARY, "E1103", "cannot make a socket");
		return ERR_IO;
	}
	s->t = t;
	s->open = true;
	t->listeners_n++;
	const int rc = listener_open(s, &ip);
	if (rc == 0)
		return OK;
	problem_set(p, rc == UV_EADDRINUSE ? EXIT_CONFLICT : EXIT_CONFIG,
	    "E1104", "cannot listen on %s", addr);
	problem_why(p, "%s",
	    rc == UV_EADDRINUSE ? "another program uses this port"
				: uv_strerror(rc));
	problem_hint(p, "--set listen.addresses=/ip4/0.0.0.0/tcp/0 takes any "
			"free port");
	return rc == UV_EADDRINUSE ? ERR_EXISTS : ERR_IO;
}

bool
transport_listen_at(
    const struct transport *t, size_t i, char out[MULTIADDR_TEXT_MAX])
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	return i < t->listeners_n &&
	       multiaddr_put_ip_tcp(&b, &t->listeners[i].at) == OK &&
	       multiaddr_put(out, MULTIADDR_TEXT_MAX, buf_slice(&b)) == OK;
}

/* ---- dialling ---- */

static void
on_dial_closed(uv_handle_t *handle)
{
	struct dial *d = CONTAINER_OF((uv_timer_t *)handle, struct dial, timer);

	*d->back = d->next;
	if (d->next != NULL)
		d->next->back = d->back;
	d->t->dials_n--;
	free(d);
}

static void
dial_end(struct dial *d, err e, const char *why)
{
	struct transport *t = d->t;

	if (e != OK && d->link != NULL)
		link_close(d->link);
	d->link = NULL;
	if (e != OK) /* of no account when the host has refused it itself */
		host_dial_failed(t->cf.host, d->number, now_ms(t));
	if (d->done != NULL)
		d->done(d->ctx, e, why);
	uv_close((uv_handle_t *)&d->timer, on_dial_closed);
	pump(t);
}

static void
on_connect(uv_connect_t *req, int status)
{
	struct dial *d = CONTAINER_OF(req, struct dial, connect);

	if (status != 0) {
		dial_end(d, ERR_CLOSED,
		    d->timed_out ? "nobody answers" : uv_strerror(status));
		return;
	}
	const struct host_conn_config cf = { .dialer = true,
		.remote = slice_of(d->addr, d->addr_n),
		.expect = d->has_peer ? &d->peer : NULL,
		.dial = d->number };
	const err e = link_open(d->link, &cf);
	dial_end(d, e,
	    e == OK          ? ""
	    : e == ERR_LIMIT ? "too many connections"
			     : "this connection exists, or is to ourselves");
}

static void
dial_connect(struct dial *d, const struct sockaddr *sa)
{
	d->link = link_new(d->t);
	if (d->link == NULL) {
		dial_end(d, ERR_NOMEM, "no memory");
		return;
	}
	const int rc =
	    uv_tcp_connect(&d->connect, &d->link->tcp, sa, on_connect);
	if (rc != 0)
		dial_end(d, ERR_CLOSED, uv_strerror(rc));
}

static void
on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
	struct dial *d = CONTAINER_OF(req, struct dial, lookup);
	struct sockaddr_storage sa;

	d->looking_up = false;
	/* It may come all the same, when it could not be cancelled. */
	if (status == 0 && (d->timed_out || d->t->stopping)) {
		uv_freeaddrinfo(res);
		res = NULL;
	}
	if (status != 0 || res == NULL || res->ai_addrlen > sizeof(sa)) {
		if (status == 0)
			uv_freeaddrinfo(res);
		dial_end(d, ERR_NOTFOUND,
		    d->timed_out ? "the name server does not answer"
				 : "there is no such host name");
		return;
	}
	memcpy(&sa, res->ai_addr, res->ai_addrlen);
	uv_freeaddrinfo(res);
	dial_connect(d, (struct sockaddr *)&sa);
}

static void
on_dial_timeout(uv_timer_t *timer)
{
	struct dial *d = CONTAINER_OF(timer, struct dial, timer);

	d->timed_out = true;
	if (d->looking_up)
		(void)uv_cancel((uv_req_t *)&d->lookup);
	else if (d->link != NULL)
		link_close(d->link); /* on_connect() gets UV_ECANCELED */
}

static err
dial_start(struct dial *d)
{
	const struct slice addr = slice_of(d->addr, d->addr_n);
	struct multiaddr_ip ip;
	struct multiaddr_dns dns;
	struct sockaddr_storage sa;
	char name[256], port[8];

	if (multiaddr_ip_tcp(addr, &ip) == OK) {
		sockaddr_of(&ip, &sa);
		dial_connect(d, (struct sockaddr *)&sa);
		return OK;
	}
	if (multiaddr_dns_tcp(addr, &dns) != OK || dns.name.n >= sizeof(name))
		return ERR_FORM;
	memcpy(name, dns.name.p, dns.name.n);
	name[dns.name.n] = 0;
	(void)snprintf(port, sizeof(port), "%u", (unsigned)dns.port);
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_family = dns.v4 && dns.v6 ? AF_UNSPEC
			     : dns.v6         ? AF_INET6
					      : AF_INET };
	if (uv_getaddrinfo(
		d->t->cf.loop, &d->lookup, on_lookup, name, port, &hints) != 0)
		return ERR_IO;
	d->looking_up = true;
	return OK;
}

/* A dial that is listed, and has not begun. */
static struct dial *
dial_new(struct transport *t, struct slice addr, const struct peer_id *peer)
{
	struct dial *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->t = t;
	d->has_peer = peer != NULL;
	if (peer != NULL)
		d->peer = *peer;
	memcpy(d->addr, addr.p, addr.n);
	d->addr_n = addr.n;
	(void)uv_timer_init(t->cf.loop, &d->timer);
	(void)uv_timer_start(
	    &d->timer, on_dial_timeout, t->cf.dial_timeout_ms, 0);
	d->next = t->dials;
	d->back = &t->dials;
	if (d->next != NULL)
		d->next->back = &d->next;
	t->dials = d;
	t->dials_n++;
	return d;
}

static void
dial_for_host(struct transport *t, const struct host_dial *dial)
{
	struct dial *d = t->stopping || t->dials_n >= 2 * t->cf.dials_max
			     ? NULL
			     : dial_new(t, slice_of(dial->addr, dial->addr_n),
				   dial->peer.n == 0 ? NULL : &dial->peer);

	if (d == NULL) {
		host_dial_failed(t->cf.host, dial->number, now_ms(t));
		return;
	}
	d->number = dial->number;
	const err e = dial_start(d);
	if (e != OK)
		dial_end(d, e, "");
}

err
transport_dial(
    struct transport *t, const char *addr, transport_dialled *done, void *ctx)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct multiaddr_ip ip;
	struct multiaddr_dns dns;
	struct peer_id peer;

	if (t->stopping || t->dials_n >= t->cf.dials_max)
		return ERR_LIMIT;
	if (multiaddr_get(slice_str(addr), &b) != OK ||
	    (multiaddr_ip_tcp(buf_slice(&b), &ip) != OK &&
		multiaddr_dns_tcp(buf_slice(&b), &dns) != OK))
		return ERR_FORM;
	const bool has_peer = multiaddr_peer(buf_slice(&b), &peer) == OK;
	struct dial *d = dial_new(
	    t, multiaddr_strip_peer(buf_slice(&b)), has_peer ? &peer : NULL);
	if (d == NULL)
		return ERR_NOMEM;
	d->done = done;
	d->ctx = ctx;
	const err e = dial_start(d);
	if (e != OK) {
		d->done = NULL;
		dial_end(d, e, "");
	}
	return e;
}

/* ---- life ---- */

struct transport *
transport_new(const struct transport_config *cf)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->cf = *cf;
	(void)uv_timer_init(cf->loop, &t->timer);
	pump(t); /* arms the timer */
	return t;
}

void
transport_stop(struct transport *t)
{
	if (t->stopping)
		return;
	for (struct link *l = t->links; l != NULL; l = l->next)
		if (!l->closing && l->conn != 0)
			host_conn_close(
			    t->cf.host, l->conn, "shutting down", now_ms(t));
	pump(t);
	t->stopping = true;
	for (struct dial *d = t->dials; d != NULL; d = d->next)
		on_dial_timeout(&d->timer);
	for (struct link *l = t->links; l != NULL; l = l->next)
		link_close(l);
	for (size_t i = 0; i < t->listeners_n; i++)
		if (t->listeners[i].open)
			uv_close((uv_handle_t *)&t->listeners[i].tcp, NULL);
	uv_close((uv_handle_t *)&t->timer, NULL);
}

void
transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	ASSERT(t->links == NULL && t->dials == NULL);
	free(t);
}
