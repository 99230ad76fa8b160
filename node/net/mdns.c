#include "node/net/mdns.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/libp2p/reach.h"

#define LOOK_MS        15000 /* between looks at the interfaces */
#define INTERFACES_MAX 32
#define TTL            255 /* RFC 6762, 11 */

struct interface {
	bool v6;
	bool internal;
	bool joined;
	char name[UV_IF_NAMESIZE];
	char ip[INET6_ADDRSTRLEN];                     /* IPv4 */
	char scope[UV_IF_NAMESIZE + INET6_ADDRSTRLEN]; /* IPv6: "::%eth0" */
	struct sockaddr_storage at, mask;
};

struct mdns_socket {
	uv_udp_t udp;
	bool open, reading;
	bool v6;
	uint8_t buffer[MDNS_PACKET_MAX];
};

struct mdns_sockets {
	struct node *n;
	void (*changed)(void *ctx);
	void *ctx;
	struct mdns *m;
	struct mem mem;
	struct mdns_socket sockets[2]; /* IPv4, IPv6 */
	struct interface interfaces[INTERFACES_MAX];
	size_t interfaces_n;
	struct sockaddr_storage own[INTERFACES_MAX]; /* of this machine */
	size_t own_n;
	uint64_t look_ms;
	bool stopped;
};

struct mdns_sockets *
mdns_sockets_new(struct node *n, void (*changed)(void *ctx), void *ctx)
{
	struct mdns_sockets *s = calloc(1, sizeof(*s));
	const uint64_t now_ms = n->env.mono_ms(n->env.ctx);

	if (s == NULL)
		return NULL;
	s->n = n;
	s->changed = changed;
	s->ctx = ctx;
	s->mem = mem_child(&n->mem, 64U << 10);
	const struct mdns_config cf = {
		.env = &n->env,
		.mem = &s->mem,
		.self = *host_self(n->host),
		.silent = n->config->mdns.mode == MDNS_MODE_LISTEN,
		.each_ms = n->config->mdns.each_s * 1000,
	};
	s->m = mdns_new(&cf, now_ms);
	if (s->m == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void
mdns_sockets_free(struct mdns_sockets *s)
{
	if (s == NULL)
		return;
	mdns_free(s->m);
	free(s);
}

void
mdns_sockets_addrs(struct mdns_sockets *s, const struct slice *addrs, size_t n)
{
	mdns_addrs_set(s->m, addrs, n);
}

void
mdns_sockets_stats(const struct mdns_sockets *s, struct mdns_stats *out)
{
	mdns_stats(s->m, out);
}

/* ---- interfaces ---- */

static bool
is_wanted(const struct mdns_sockets *s, const uv_interface_address_t *a)
{
	return (a->is_internal != 0) == (s->n->config->mdns.loopback != 0);
}

static bool
interface_make(const uv_interface_address_t *a, struct interface *out)
{
	*out = (struct interface){ .internal = a->is_internal != 0,
		.v6 = a->address.address4.sin_family == AF_INET6 };
	(void)snprintf(out->name, sizeof(out->name), "%s", a->name);
	memcpy(&out->at, &a->address, sizeof(a->address));
	memcpy(&out->mask, &a->netmask, sizeof(a->netmask));
	if (!out->v6)
		return uv_ip4_name(
			   &a->address.address4, out->ip, sizeof(out->ip)) == 0;
	(void)snprintf(out->scope, sizeof(out->scope), "::%%%s", a->name);
	return true;
}

static struct interface *
interface_find(struct mdns_sockets *s, const struct interface *like)
{
	for (size_t i = 0; i < s->interfaces_n; i++) {
		struct interface *at = &s->interfaces[i];
		if (at->v6 == like->v6 && strcmp(at->name, like->name) == 0 &&
		    strcmp(at->ip, like->ip) == 0)
			return at;
	}
	return NULL;
}

static const char *
interface_of(const struct interface *i)
{
	return i->v6 ? i->scope : i->ip;
}

static void
interface_join(struct mdns_sockets *s, struct interface *i)
{
	struct mdns_socket *socket = &s->sockets[i->v6 ? 1 : 0];
	const char *group = i->v6 ? MDNS_GROUP_V6 : MDNS_GROUP_V4;

	if (!socket->open)
		return;
	const int rc = uv_udp_set_membership(
	    &socket->udp, group, interface_of(i), UV_JOIN_GROUP);
	/* In use: joined by another address of the same interface. */
	i->joined = rc == 0 || rc == UV_EADDRINUSE;
	env_log(&s->n->env, LOG_DEBUG, "mdns_interface",
	    "name=%s address=%s joined=%s", i->name, interface_of(i),
	    rc == 0 ? "yes" : uv_strerror(rc));
}

/* True: there is one that was not there before. */
static bool
look(struct mdns_sockets *s)
{
	static struct interface now[INTERFACES_MAX];
	uv_interface_address_t *list = NULL;
	int count = 0;
	size_t n = 0;
	bool fresh = false;

	if (uv_interface_addresses(&list, &count) != 0)
		return false;
	s->own_n = 0;
	for (int i = 0; i < count && s->own_n < INTERFACES_MAX; i++)
		memcpy(&s->own[s->own_n++], &list[i].address,
		    sizeof(list[i].address));
	for (int i = 0; i < count && n < INTERFACES_MAX; i++) {
		struct interface *at = &now[n];
		if (!is_wanted(s, &list[i]) || !interface_make(&list[i], at))
			continue;
		const struct interface *old = interface_find(s, at);
		if (old != NULL) {
			*at = *old;
		} else {
			interface_join(s, at);
			fresh = true;
		}
		n++;
	}
	uv_free_interface_addresses(list, count);
	memcpy(s->interfaces, now, n * sizeof(now[0]));
	s->interfaces_n = n;
	return fresh;
}

/* ---- sockets ---- */

static void
on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct mdns_socket *socket =
	    CONTAINER_OF((uv_udp_t *)(void *)handle, struct mdns_socket, udp);

	(void)wanted;
	*out = uv_buf_init((char *)socket->buffer, sizeof(socket->buffer));
}

static const uint8_t *
ip_of(const struct sockaddr *a, size_t *n)
{
	*n = a->sa_family == AF_INET ? 4 : a->sa_family == AF_INET6 ? 16 : 0;
	return *n == 4 ? (const uint8_t *)&(
			     (const struct sockaddr_in *)(const void *)a)
			     ->sin_addr
		       : (const uint8_t *)&(
			     (const struct sockaddr_in6 *)(const void *)a)
			     ->sin6_addr;
}

static bool
same_ip(const struct sockaddr *x, const struct sockaddr *y)
{
	size_t n = 0, m = 0;
	const uint8_t *a = ip_of(x, &n), *b = ip_of(y, &m);

	return n != 0 && n == m && memcmp(a, b, n) == 0;
}

bool
mdns_on_link(const struct sockaddr *from, const struct sockaddr *at,
    const struct sockaddr *mask)
{
	size_t n = 0, at_n = 0, mask_n = 0;
	const uint8_t *a = ip_of(from, &n), *b = ip_of(at, &at_n);
	const uint8_t *m = ip_of(mask, &mask_n);

	if (n == 0 || n != at_n)
		return false;
	if (n == 16 && a[0] == 0xfe && (a[1] & 0xc0) == 0x80)
		return true; /* no router passes it on */
	for (size_t i = 0; i < n && n == mask_n; i++)
		if (((a[i] ^ b[i]) & m[i]) != 0)
			return false;
	return n == mask_n;
}

/*
 * The port is open to whoever can reach this machine, by unicast too. RFC
 * 6762, 11: what does not come from the link is ignored.
 */
static bool
is_neighbour(const struct mdns_sockets *s, const struct sockaddr *from)
{
	for (size_t i = 0; i < s->interfaces_n; i++)
		if (mdns_on_link(from,
			(const struct sockaddr *)&s->interfaces[i].at,
			(const struct sockaddr *)&s->interfaces[i].mask))
			return true;
	/* By loopback another process may speak from any address of ours. */
	for (size_t i = 0; i < s->own_n && s->n->config->mdns.loopback; i++)
		if (same_ip(from, (const struct sockaddr *)&s->own[i]))
			return true;
	return false;
}

static void
on_packet(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf,
    const struct sockaddr *from, unsigned flags)
{
	struct mdns_sockets *s = udp->data;

	/* Cut short: whoever sends such a packet does not mean us. */
	if (n <= 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0 ||
	    !is_neighbour(s, from))
		return;
	const uint64_t now_ms = s->n->env.mono_ms(s->n->env.ctx);
	mdns_recv(s->m, slice_of(buf->base, (size_t)n), now_ms);
	mdns_sockets_drain(s, now_ms);
	transport_wake(s->n->transport);
}

/* Shared with every other program that speaks mDNS on this machine. */
static int
socket_bind(struct mdns_socket *socket)
{
	struct sockaddr_storage any = { 0 };
	int rc = 0;

	if (socket->v6)
		rc = uv_ip6_addr("::", MDNS_PORT, (void *)&any);
	else
		rc = uv_ip4_addr("0.0.0.0", MDNS_PORT, (void *)&any);
	if (rc == 0)
		rc = uv_udp_bind(&socket->udp, (const void *)&any,
		    UV_UDP_REUSEADDR |
			(socket->v6 ? (unsigned)UV_UDP_IPV6ONLY : 0));
	if (rc == 0)
		rc = uv_udp_set_multicast_ttl(&socket->udp, TTL);
	if (rc == 0)
		rc = uv_udp_set_multicast_loop(&socket->udp, 1);
	if (rc == 0)
		rc = uv_udp_recv_start(&socket->udp, on_alloc, on_packet);
	return rc;
}

static bool
socket_open(struct mdns_sockets *s, bool v6)
{
	struct mdns_socket *socket = &s->sockets[v6 ? 1 : 0];

	socket->v6 = v6;
	if (uv_udp_init(&s->n->loop, &socket->udp) != 0)
		return false;
	socket->udp.data = s;
	const int rc = socket_bind(socket);
	if (rc != 0) {
		env_log(&s->n->env, LOG_UNUSUAL, "mdns_socket",
		    "family=%s why=\"%s\" what=\"peers on the local network "
		    "are not found by this\"",
		    v6 ? "ip6" : "ip4", uv_strerror(rc));
		uv_close((uv_handle_t *)&socket->udp, NULL);
		return false;
	}
	socket->open = true;
	return true;
}

bool
mdns_sockets_start(struct mdns_sockets *s)
{
	const bool v4 = socket_open(s, false), v6 = socket_open(s, true);

	if (!v4 && !v6)
		return false;
	(void)look(s);
	s->look_ms = s->n->env.mono_ms(s->n->env.ctx) + LOOK_MS;
	return true;
}

void
mdns_sockets_stop(struct mdns_sockets *s)
{
	if (s->stopped)
		return;
	s->stopped = true;
	for (size_t i = 0; i < 2; i++)
		if (s->sockets[i].open)
			uv_close((uv_handle_t *)&s->sockets[i].udp, NULL);
	s->sockets[0].open = s->sockets[1].open = false;
}

/* ---- what is to be done ---- */

static void
send_to(struct mdns_sockets *s, const struct interface *i, struct slice packet)
{
	struct mdns_socket *socket = &s->sockets[i->v6 ? 1 : 0];
	struct sockaddr_storage group = { 0 };
	union {
		const uint8_t *in;
		char *out;
	} p = { .in = packet.p }; /* libuv only reads it */
	const uv_buf_t buf = uv_buf_init(p.out, (unsigned)packet.n);

	if (!socket->open || !i->joined || packet.n == 0 ||
	    uv_udp_set_multicast_interface(&socket->udp, interface_of(i)) != 0)
		return;
	if (i->v6)
		(void)uv_ip6_addr(MDNS_GROUP_V6, MDNS_PORT, (void *)&group);
	else
		(void)uv_ip4_addr(MDNS_GROUP_V4, MDNS_PORT, (void *)&group);
	/* What the machine does not take now is asked again soon. */
	(void)uv_udp_try_send(&socket->udp, &buf, 1, (const void *)&group);
}

static void
send_all(struct mdns_sockets *s, uint64_t now_ms)
{
	for (;;) {
		uint8_t raw[2][MDNS_SEND_MAX];
		struct buf far = { raw[0], 0, MDNS_SEND_MAX };
		struct buf near = { raw[1], 0, MDNS_SEND_MAX };

		if (!mdns_send(s->m, false, &far) ||
		    !mdns_send(s->m, true, &near))
			return;
		for (size_t i = 0; i < s->interfaces_n; i++)
			send_to(s, &s->interfaces[i],
			    buf_slice(
				s->interfaces[i].internal ? &near : &far));
		mdns_sent(s->m, now_ms);
	}
}

uint64_t
mdns_sockets_expiry(const struct mdns_sockets *s)
{
	return MIN(mdns_expiry(s->m), s->look_ms);
}

void
mdns_sockets_on_time(struct mdns_sockets *s, uint64_t now_ms)
{
	if (s->look_ms <= now_ms) {
		s->look_ms = now_ms + LOOK_MS;
		if (look(s)) {
			mdns_changed(s->m, now_ms);
			s->changed(s->ctx);
		}
	}
	mdns_on_time(s->m, now_ms);
}

void
mdns_sockets_drain(struct mdns_sockets *s, uint64_t now_ms)
{
	struct mdns_event ev;

	send_all(s, now_ms);
	while (mdns_next(s->m, &ev)) {
		/* A neighbour has no business on our loopback interface. */
		if (!s->n->config->mdns.loopback &&
		    reach_of(slice_of(ev.addr, ev.addr_n)) == REACH_MACHINE)
			continue;
		const err e = host_peer_add(s->n->host, &ev.id,
		    slice_of(ev.addr, ev.addr_n), PEER_LAN, now_ms);
		char id[PEER_ID_TEXT_MAX];
		peer_id_put(id, &ev.id);
		env_log(&s->n->env, LOG_DEBUG, "mdns_peer", "peer=%s kept=%s",
		    id, err_name(e));
	}
}
