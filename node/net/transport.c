#define _DEFAULT_SOURCE /* SO_REUSEPORT */

#include "node/net/transport.h"
#include "node/net/transport_internal.h"

#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "proto/libp2p/reach.h"

/* ---- the host's events, output and timer ---- */

static void
on_timer(uv_timer_t *timer)
{
	struct transport *t = CONTAINER_OF(timer, struct transport, timer);

	host_on_time(t->cf.host, transport_now(t));
	transport_pump(t);
}

static void dial_for_host(struct transport *t, const struct host_dial *dial);

static void
answer_secured(struct transport *t)
{
	struct host_conn_info info;

	for (struct link *l = t->links; l != NULL; l = l->next)
		if (l->done != NULL && l->conn != 0 &&
		    host_conn_find(t->cf.host, l->conn, &info))
			link_answer(l, OK, "");
}

void
transport_pump(struct transport *t)
{
	struct host_event ev;
	struct host_dial dial;
	host_conn id = 0;
	bool more = true;
	size_t written = 0;

	if (t->pumping || t->stopping)
		return;
	t->pumping = true;
	while (more) {
		more = false;
		while (host_next(t->cf.host, &ev)) {
			more = true;
			t->cf.event(t->cf.ctx, &ev);
			struct link *l =
			    ev.type == HOST_CLOSE ? link_of(t, ev.conn) : NULL;
			if (l == NULL)
				continue;
			env_log(t->cf.env,
			    ev.error == OK ? LOG_INFO : LOG_UNUSUAL,
			    "connection_closed", "conn=%" PRIu32 " why=\"%s\"",
			    ev.conn, ev.why == NULL ? "" : ev.why);
			link_answer(l, ERR_CLOSED, ev.why);
			link_finish(l);
		}
		if (t->awaited_n > 0)
			answer_secured(t);
		while (host_next_dial(t->cf.host, &dial)) {
			more = true;
			if (t->cf.dial == NULL || !t->cf.dial(t->cf.ctx, &dial))
				dial_for_host(t, &dial);
		}
		/* each in turn; after a while the loop looks for input */
		while (
		    written < PUMP_BYTES && host_next_output(t->cf.host, &id)) {
			struct link *l = link_of(t, id);
			more = true;
			if (l != NULL)
				written += link_flush(l);
			else if (t->cf.output != NULL)
				(void)t->cf.output(t->cf.ctx, id);
		}
	}
	t->pumping = false;
	if (t->cf.after != NULL)
		t->cf.after(t->cf.ctx);
	const uint64_t at = written < PUMP_BYTES ? host_expiry(t->cf.host) : 0;
	const uint64_t now = transport_now(t);
	if (at == UINT64_MAX)
		(void)uv_timer_stop(&t->timer);
	else
		(void)uv_timer_start(
		    &t->timer, on_timer, at > now ? at - now : 0, 0);
}

void
transport_wake(struct transport *t)
{
	transport_pump(t);
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
	host_conn id = 0;
	int n = sizeof(from);

	if (status < 0)
		return;
	struct link *l = link_new(t);
	if (l == NULL)
		return;
	if (uv_accept(stream, (uv_stream_t *)&l->tcp) != 0 ||
	    uv_tcp_getpeername(&l->tcp, (struct sockaddr *)&from, &n) != 0 ||
	    !ip_of_sockaddr(&from, &ip) ||
	    multiaddr_put_ip_tcp(&remote, &ip) != OK ||
	    (s->websocket && multiaddr_put_ws(&remote) != OK))
		goto fail;
	/* The host counts it from now on, and its handshake timer runs: who
	 * dawdles before WebSocket stands is cut by it as well. */
	const struct host_conn_config cf = { .remote = buf_slice(&remote) };
	if (host_conn_open(t->cf.host, &cf, transport_now(t), &id) != OK)
		goto fail;
	link_name(l, id);
	l->from_port = true;
	if (link_accepted(l, s->websocket) != OK)
		goto fail;
	transport_pump(t);
	return;
fail:
	link_close(l);
	transport_pump(t);
}

static void
share_port(const uv_handle_t *handle)
{
	const int on = 1;
	uv_os_fd_t fd;

	/* Without it dials leave from other ports. */
	if (uv_fileno(handle, &fd) == 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
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
	/* For the dials that leave from here; only now, or two nodes could
	 * listen on one port. */
	if (rc == 0)
		share_port((uv_handle_t *)&s->tcp);
	return rc;
}

err
transport_listen(struct transport *t, const char *addr, struct problem *p)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct multiaddr_route route;

	if (t->listeners_n == LISTENERS_MAX) {
		problem_set(p, EXIT_CONFIG, "E1101",
		    "more than %d listen addresses", LISTENERS_MAX);
		return ERR_LIMIT;
	}
	if (multiaddr_get(slice_str(addr), &b) != OK ||
	    multiaddr_route(buf_slice(&b), &route) != OK ||
	    route.host != MULTIADDR_HOST_IP || route.tls) {
		problem_set(
		    p, EXIT_CONFIG, "E1102", "cannot listen on \"%s\"", addr);
		problem_why(p, "it is not an IP address with a TCP port, "
			       "or one with /ws");
		problem_hint(p, "/ip4/0.0.0.0/tcp/4141 or "
				"/ip4/0.0.0.0/tcp/4142/ws");
		return ERR_FORM;
	}
	struct listener *s = &t->listeners[t->listeners_n];
	if (uv_tcp_init(t->cf.loop, &s->tcp) != 0) {
		problem_set(p, EXIT_TEMPORARY, "E1103", "cannot make a socket");
		return ERR_IO;
	}
	s->t = t;
	s->open = true;
	s->websocket = route.websocket;
	t->listeners_n++;
	const int rc = listener_open(s, &route.ip);
	if (rc == 0)
		return OK;
	problem_set(p, rc == UV_EADDRINUSE ? EXIT_CONFLICT : EXIT_CONFIG,
	    "E1104", "cannot listen on %s", addr);
	problem_why(p, "%s",
	    rc == UV_EADDRINUSE ? "another program uses this port"
				: uv_strerror(rc));
	problem_hint(
	    p, rc == UV_EADDRNOTAVAIL
		   ? "no interface has this address: /ip4/0.0.0.0/tcp/4141 "
		     "listens on all; listen.announce tells others another"
	       : rc == UV_EACCES
		   ? "ports below 1024 are for root: another port, or setcap "
		     "cap_net_bind_service=+ep on the program"
		   : "--set listen.addresses=/ip4/0.0.0.0/tcp/0 takes any free "
		     "port");
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
	       (!t->listeners[i].websocket || multiaddr_put_ws(&b) == OK) &&
	       multiaddr_put(out, MULTIADDR_TEXT_MAX, buf_slice(&b)) == OK;
}

bool
transport_listen_ip(
    const struct transport *t, size_t i, struct multiaddr_ip *out)
{
	for (size_t k = 0; k < t->listeners_n; k++) {
		if (t->listeners[k].websocket || i-- > 0)
			continue;
		*out = t->listeners[k].at;
		return true;
	}
	return false;
}

bool
transport_from_port(const struct transport *t, host_conn conn)
{
	const struct link *l = t->buckets[conn % BUCKETS];

	while (l != NULL && l->conn != conn)
		l = l->bucket_next;
	return l != NULL && l->from_port;
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

	if (d->link != NULL) {
		d->link->dial = NULL;
		if (e != OK) {
			link_close(d->link);
		} else if (d->done != NULL) { /* said when it is secured */
			d->link->done = d->done;
			d->link->ctx = d->ctx;
			t->awaited_n++;
			d->done = NULL;
		}
	}
	d->link = NULL;
	if (e != OK) /* of no account when the host has refused it itself */
		host_dial_failed(t->cf.host, d->number, transport_now(t));
	if (d->done != NULL)
		d->done(d->ctx, e, why);
	uv_close((uv_handle_t *)&d->timer, on_dial_closed);
	transport_pump(t);
}

void
dial_failed(struct dial *d, err e, const char *why)
{
	dial_end(d, e, d->timed_out ? "nobody answers" : why);
}

/* Every layer stands: it joins the host. */
void
dial_ready(struct dial *d)
{
	struct link *l = d->link;
	host_conn id = 0;

	const struct host_conn_config cf = { .dialer = !d->listener,
		.remote = slice_of(d->addr, d->addr_n),
		.expect = d->has_peer ? &d->peer : NULL,
		.dial = d->number };
	const err e =
	    host_conn_open(d->t->cf.host, &cf, transport_now(d->t), &id);
	if (e == OK)
		link_name(l, id);
	dial_end(d, e,
	    e == OK          ? ""
	    : e == ERR_LIMIT ? "too many connections"
			     : "this connection exists, or is to ourselves");
}

/* Tor keeps those apart who come under different names: one for each peer,
 * which tells the proxy nothing and is another one after a restart. */
static void
isolate(const struct dial *d, char user[17])
{
	const uint64_t v =
	    d->has_peer
		? hash_siphash(d->peer.bytes, d->peer.n, d->t->isolation)
		: hash_siphash(d->addr, d->addr_n, d->t->isolation);

	(void)snprintf(user, 17, "%016" PRIx64, v);
}

/* Whom the proxy shall connect to; ${name} and ${user} are room for it. */
static void
target_of(const struct dial *d, const struct multiaddr_route *r,
    const char *name, char user[17], struct socks5_target *out)
{
	const struct transport_proxy *proxy = d->t->cf.proxy;

	*out = (struct socks5_target){
		.name = r->host == MULTIADDR_HOST_IP ? NULL : name,
		.v6 = r->ip.v6,
		.port = r->port,
		.user = proxy->user,
		.password = proxy->password,
	};
	memcpy(out->ip, r->ip.ip, sizeof(out->ip));
	if (proxy->user == NULL) {
		isolate(d, user);
		out->user = out->password = user;
		out->password_optional = true;
	}
}

/* The host's name or address as text, for the proxy and for HTTP. */
static void
name_of(const struct multiaddr_route *r, char out[256])
{
	out[0] = 0;
	switch (r->host) {
	case MULTIADDR_HOST_IP:
		(void)(r->ip.v6 ? uv_inet_ntop(AF_INET6, r->ip.ip, out, 256)
				: uv_inet_ntop(AF_INET, r->ip.ip, out, 256));
		break;
	case MULTIADDR_HOST_NAME:
		(void)snprintf(out, 256, "%.*s", (int)r->dns.name.n,
		    (const char *)r->dns.name.p);
		break;
	case MULTIADDR_HOST_ONION:
		(void)snprintf(out, 256, "%s", r->name);
		break;
	}
}

static void
on_connect(uv_connect_t *req, int status)
{
	struct dial *d = CONTAINER_OF(req, struct dial, connect);
	const bool proxied = d->t->cf.proxy != NULL;
	struct multiaddr_route route;
	struct socks5_target to;
	char name[256], user[17];

	d->connecting = false;
	if (status != 0) {
		dial_end(d, ERR_CLOSED,
		    d->timed_out ? "nobody answers"
		    : proxied    ? "the proxy cannot be reached"
				 : uv_strerror(status));
		return;
	}
	const err e = multiaddr_route(slice_of(d->addr, d->addr_n), &route);
	ASSERT(e == OK); /* it was when the dial began */
	name_of(&route, name);
	if (proxied)
		target_of(d, &route, name, user, &to);
	const err b = link_begin(d->link, proxied ? &to : NULL,
	    route.websocket ? name : NULL, route.port);
	if (b != OK)
		dial_end(d, b, "this address cannot be asked for");
}

/* The port that we listen on for that kind of address; 0: none. */
static struct multiaddr_ip
port_for(const struct transport *t, bool v6)
{
	struct multiaddr_ip at = { 0 };

	for (size_t i = 0; transport_listen_ip(t, i, &at); i++)
		if (at.v6 == v6 && !multiaddr_is_loopback(&at))
			return at;
	return (struct multiaddr_ip){ 0 };
}

/* A socket that leaves from the port we listen on; false: it cannot. */
static bool
bind_port(struct dial *d, const struct sockaddr *to)
{
	const struct multiaddr_ip at =
	    port_for(d->t, to->sa_family == AF_INET6);
	struct sockaddr_storage sa;
	const int on = 1;

	if (at.port == 0)
		return false;
	sockaddr_of(&at, &sa);
	const int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
	    bind(fd, (const struct sockaddr *)&sa,
		at.v6 ? sizeof(struct sockaddr_in6)
		      : sizeof(struct sockaddr_in)) != 0 ||
	    uv_tcp_open(&d->link->tcp, fd) != 0) {
		(void)close(fd);
		return false;
	}
	return true;
}

/* Where a NAT may be in between, our port is worth to be seen. */
static bool
wants_port(const struct dial *d, const struct sockaddr_storage *to)
{
	struct multiaddr_ip ip;

	return d->punch ||
	       (d->t->cf.proxy == NULL && !d->port_taken &&
		   ip_of_sockaddr(to, &ip) && reach_of_ip(&ip) == REACH_WORLD);
}

static void
dial_connect(struct dial *d, const struct sockaddr *sa)
{
	struct sockaddr_storage to;

	memset(&to, 0, sizeof(to));
	memcpy(&to, sa,
	    sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
				      : sizeof(struct sockaddr_in));
	d->link = link_new(d->t);
	if (d->link == NULL) {
		dial_end(d, ERR_NOMEM, "no memory");
		return;
	}
	d->link->dial = d;
	if (wants_port(d, &to))
		d->link->from_port = bind_port(d, sa);
	if (d->punch && !d->link->from_port) {
		dial_end(d, ERR_IO, "not from our port");
		return;
	}
	const int rc =
	    uv_tcp_connect(&d->connect, &d->link->tcp, sa, on_connect);
	if (rc == 0) {
		d->connecting = true;
		return;
	}
	/* The pair of addresses may not be free yet: from another port. */
	if (d->link->from_port && !d->punch) {
		d->port_taken = true;
		d->link->dial = NULL;
		link_close(d->link);
		dial_connect(d, (const struct sockaddr *)&to);
		return;
	}
	dial_end(d, ERR_CLOSED, uv_strerror(rc));
}

bool
transport_pick(
    const struct addrinfo *list, bool world, struct sockaddr_storage *out)
{
	struct multiaddr_ip ip;

	for (; list != NULL; list = list->ai_next) {
		if (list->ai_addrlen > sizeof(*out))
			continue;
		memcpy(out, list->ai_addr, list->ai_addrlen);
		if (ip_of_sockaddr(out, &ip) &&
		    (!world || reach_of_ip(&ip) == REACH_WORLD))
			return true;
	}
	return false;
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
	if (status != 0 || res == NULL ||
	    !transport_pick(res, d->world && d->t->cf.proxy == NULL, &sa)) {
		const bool named = status == 0 && res != NULL;
		if (status == 0)
			uv_freeaddrinfo(res);
		dial_end(d, ERR_NOTFOUND,
		    d->timed_out ? "the name server does not answer"
		    : named      ? "a stranger's name leads to our own network"
		    : d->t->cf.proxy != NULL
			? "there is no host of the proxy's name"
			: "there is no such host name");
		return;
	}
	uv_freeaddrinfo(res);
	dial_connect(d, (struct sockaddr *)&sa);
}

static void
on_dial_timeout(uv_timer_t *timer)
{
	struct dial *d = CONTAINER_OF(timer, struct dial, timer);

	if (uv_is_closing((uv_handle_t *)timer))
		return;
	d->timed_out = true;
	if (d->looking_up)
		(void)uv_cancel((uv_req_t *)&d->lookup);
	else if (d->connecting)
		link_close(d->link); /* on_connect() gets UV_ECANCELED */
	else
		dial_end(d, ERR_CLOSED, "nobody answers");
}

static err
look_up(struct dial *d, const char *name, uint16_t port, int family)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_family = family };
	char text[8];

	(void)snprintf(text, sizeof(text), "%u", (unsigned)port);
	if (uv_getaddrinfo(
		d->t->cf.loop, &d->lookup, on_lookup, name, text, &hints) != 0)
		return ERR_IO;
	d->looking_up = true;
	return OK;
}

static err
dial_start(struct dial *d)
{
	const struct transport_proxy *proxy = d->t->cf.proxy;
	struct multiaddr_route route;
	struct sockaddr_storage sa;
	char name[256];

	if (proxy != NULL) {
		if (uv_ip4_addr(proxy->host, proxy->port,
			(struct sockaddr_in *)(void *)&sa) != 0 &&
		    uv_ip6_addr(proxy->host, proxy->port,
			(struct sockaddr_in6 *)(void *)&sa) != 0)
			return look_up(d, proxy->host, proxy->port, AF_UNSPEC);
		dial_connect(d, (struct sockaddr *)&sa);
		return OK;
	}
	TRY(multiaddr_route(slice_of(d->addr, d->addr_n), &route));
	if (route.host == MULTIADDR_HOST_IP) {
		sockaddr_of(&route.ip, &sa);
		dial_connect(d, (struct sockaddr *)&sa);
		return OK;
	}
	name_of(&route, name);
	return look_up(d, name, route.port,
	    route.dns.v4 && route.dns.v6 ? AF_UNSPEC
	    : route.dns.v6               ? AF_INET6
					 : AF_INET);
}

const char *
transport_cannot_dial(const struct transport *t, struct slice addr)
{
	struct multiaddr_route route;

	if (multiaddr_route(addr, &route) != OK)
		return "only TCP and WebSocket addresses can be dialled";
	if (route.tls)
		return "WebSocket within TLS (/tls/ws, /wss) is not dialled";
	if (route.host == MULTIADDR_HOST_ONION && t->cf.proxy == NULL)
		return "an onion address needs network.socks5";
	if (route.host == MULTIADDR_HOST_NAME && route.dns.name.n > 253)
		return "the host name is too long";
	return NULL;
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
	const struct slice addr = slice_of(dial->addr, dial->addr_n);
	struct dial *d =
	    t->stopping || t->dials_n >= 2 * t->cf.dials_max ||
		    transport_cannot_dial(t, addr) != NULL
		? NULL
		: dial_new(t, addr, dial->peer.n == 0 ? NULL : &dial->peer);

	if (d == NULL) {
		host_dial_failed(t->cf.host, dial->number, transport_now(t));
		return;
	}
	d->number = dial->number;
	d->world = dial->world;
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
	struct peer_id peer;

	if (t->stopping || t->dials_n >= t->cf.dials_max)
		return ERR_LIMIT;
	if (multiaddr_get(slice_str(addr), &b) != OK ||
	    transport_cannot_dial(t, buf_slice(&b)) != NULL)
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

err
transport_punch(struct transport *t, const struct transport_punch *p)
{
	struct multiaddr_ip ip;

	if (t->stopping || t->dials_n >= 2 * t->cf.dials_max)
		return ERR_LIMIT;
	if (multiaddr_ip_tcp(p->addr, &ip) != OK || p->addr.n > MULTIADDR_MAX ||
	    t->cf.proxy != NULL)
		return ERR_FORM;
	if (p->from_port && port_for(t, ip.v6).port == 0)
		return ERR_IO;
	struct dial *d = dial_new(t, p->addr, &p->peer);
	if (d == NULL)
		return ERR_NOMEM;
	d->punch = p->from_port;
	d->listener = !p->dialer;
	const err e = dial_start(d);
	if (e != OK)
		dial_end(d, e, "");
	return e;
}

/* ---- life ---- */

/*
 * The buffers of a busy stream come and go by 64 KiB and more with every
 * frame. glibc would give each back to the system and get it anew, page by
 * page, which costs more than the cipher; it keeps a MiB instead.
 */
static void
keep_heap(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_MMAP_THRESHOLD, 512 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
#endif
}

struct transport *
transport_new(const struct transport_config *cf)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	keep_heap();
	t->cf = *cf;
	cf->env->random(cf->env->ctx, t->isolation, sizeof(t->isolation));
	(void)uv_timer_init(cf->loop, &t->timer);
	transport_pump(t); /* arms the timer */
	return t;
}

void
transport_stop(struct transport *t)
{
	if (t->stopping)
		return;
	for (struct link *l = t->links; l != NULL; l = l->next)
		if (!l->closing && l->conn != 0)
			host_conn_close(t->cf.host, l->conn, "shutting down",
			    transport_now(t));
	transport_pump(t);
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
