#include "tests/unit/nat_net.h"

#include <stdlib.h>

#include "proto/libp2p/autonat_dial.h"

struct nat_net nat;

static const char *const protocols[] = { RELAY_HOP_PROTOCOL,
	RELAY_STOP_PROTOCOL, AUTONAT_DIAL_PROTOCOL, AUTONAT_BACK_PROTOCOL,
	DCUTR_PROTOCOL, ECHO, PLAIN };
static const uint8_t flags[ARRAY_LEN(protocols)] = {
	[NAT_HOP] = HOST_PROTOCOL_OFF,
	[NAT_PUNCH] = HOST_PROTOCOL_LIMITED,
	[NAT_ECHO] = HOST_PROTOCOL_LIMITED,
};

struct slice
nat_address(unsigned node, uint8_t out[8])
{
	const uint8_t a[8] = { 4, 10, 0, (uint8_t)(node >> 8), (uint8_t)node, 6,
		0x0f, 0xa1 };

	memcpy(out, a, sizeof(a));
	return slice_of(out, 8);
}

struct nat_options
nat_options(void)
{
	struct nat_options o = {
		.relay = relay_limits_default(),
		.autonat = autonat_limits_default(),
		.dcutr = dcutr_limits_default(),
	};

	o.autonat.private_addrs = true;
	o.dcutr.private_addrs = true;
	return o;
}

unsigned
nat_add(const struct nat_options *o)
{
	struct host_config cf = test_net_config();

	cf.protocols = protocols;
	cf.protocols_n = ARRAY_LEN(protocols);
	cf.protocol_flags = flags;
	const unsigned i = test_net_add(&nat.net, &cf);
	ASSERT(i < NAT_NODES);
	struct nat_node *n = &nat.nodes[i];
	struct test_node *t = &nat.net.nodes[i];
	const uint64_t now = nat.net.t.now_ms;
	const struct relay_config rc = { &nat.net.t.env, &t->mem, t->host,
		t->secret, NAT_HOP, NAT_STOP, o->relay, o->service };
	const struct autonat_config ac = { &nat.net.t.env, &t->mem, t->host,
		NAT_DIAL, NAT_BACK, o->autonat, true };
	const struct dcutr_config dc = { &nat.net.t.env, &t->mem, t->host,
		NAT_PUNCH, o->dcutr };

	n->relay = relay_new(&rc, now);
	n->autonat = autonat_new(&ac, now);
	n->dcutr = dcutr_new(&dc, now);
	ASSERT(n->relay != NULL && n->autonat != NULL && n->dcutr != NULL);
	return i;
}

/* ---- an application ---- */

static void
echo(struct nat_node *n, struct host *h, struct host_stream s)
{
	const struct slice in = host_stream_read(h, s);
	size_t taken = 0;

	if (n->deaf)
		return;
	if (in.n > 0 && host_stream_write(h, s, in, &taken) == OK) {
		n->echoed += taken;
		host_stream_consume(h, s, taken);
	}
	if (host_stream_ended(h, s))
		host_stream_close(h, s);
}

static void
application(struct nat_node *n, struct host *h, const struct host_event *ev)
{
	const struct host_stream s = { ev->conn, ev->stream };

	if (ev->type >= HOST_STREAM_OPENED && ev->type <= HOST_STREAM_CLOSED)
		n->last = *ev;
	if (ev->type == HOST_STREAM_OPENED)
		n->opened = s;
	n->refused += ev->type == HOST_STREAM_REFUSED;
	n->closed += ev->type == HOST_STREAM_CLOSED;
	if (ev->type != HOST_STREAM_DATA && ev->type != HOST_STREAM_END &&
	    ev->type != HOST_STREAM_WRITABLE)
		return;
	if (s.conn == n->opened.conn && s.stream == n->opened.stream) {
		echo(n, h, s);
		return;
	}
	n->got += host_stream_read(h, s).n;
	host_stream_consume(h, s, host_stream_read(h, s).n);
}

void
nat_echo(unsigned node)
{
	echo(
	    &nat.nodes[node], nat.net.nodes[node].host, nat.nodes[node].opened);
}

static void
write_hostile(struct nat_node *n, struct host *h)
{
	size_t taken = 0;
	const size_t want = MIN(n->left.n, n->cut);

	if (n->left.n == 0 || host_stream_write(h, n->opened,
				  slice_of(n->left.p, want), &taken) != OK)
		return;
	slice_skip(&n->left, taken);
	if (n->left.n == 0)
		host_stream_close(h, n->opened);
}

/* ---- driving ---- */

static bool
on_event(struct test_net *net, unsigned node, const struct host_event *ev)
{
	struct nat_node *n = &nat.nodes[node];
	const uint64_t now = net->t.now_ms;

	if (n->hostile.p != NULL) {
		const struct host_stream s = { ev->conn, ev->stream };
		if (ev->type == HOST_STREAM_OPENED) {
			n->opened = s;
			n->left = n->hostile;
		}
		return false;
	}
	if (relay_event(n->relay, ev, now) ||
	    autonat_event(n->autonat, ev, now) ||
	    dcutr_event(n->dcutr, ev, now))
		return true;
	application(n, net->nodes[node].host, ev);
	return false;
}

static bool
on_output(struct test_net *net, unsigned node, host_conn conn)
{
	return relay_output(nat.nodes[node].relay, conn, net->t.now_ms);
}

/* The dial-back, all of it at once, against a connection of the asker's. */
static enum autonat_dial_status
dial_back(const struct autonat_news *news)
{
	struct test_net *net = &nat.net;
	uint8_t raw[8], bytes[16384];
	unsigned to = 0;
	host_conn conn = 0;
	enum autonat_dial_status status = AUTONAT_DIAL_ERROR;

	while (
	    to < net->nodes_n && !peer_id_eq(&news->peer, test_net_id(net, to)))
		to++;
	if (to == net->nodes_n || !nat.nodes[to].open)
		return nat.lies ? AUTONAT_DIAL_OK : AUTONAT_DIAL_ERROR;
	const struct host_conn_config cc = { .remote = nat_address(99, raw) };
	struct host *h = net->nodes[to].host;
	const err e = host_conn_open(h, &cc, net->t.now_ms, &conn);
	ASSERT(e == OK);
	struct autonat_dial *d = autonat_dial_new(&net->t.env, &net->t.mem,
	    NULL, &news->peer, news->nonce, net->t.now_ms);
	for (int i = 0; i < 40 && !autonat_dial_done(d, &status); i++) {
		struct buf out = { bytes, 0, sizeof(bytes) };
		autonat_dial_send(d, &out, net->t.now_ms);
		struct slice in = buf_slice(&out);
		host_recv(h, conn, net->t.now_ms, &in);
		struct host_event ev;
		while (host_next(h, &ev))
			(void)on_event(net, to, &ev);
		out.n = 0;
		host_send(h, conn, net->t.now_ms, &out);
		if (out.n > 0)
			autonat_dial_recv(d, buf_slice(&out), net->t.now_ms);
	}
	(void)autonat_dial_done(d, &status);
	autonat_dial_free(d);
	host_conn_gone(h, conn, net->t.now_ms);
	return status;
}

static void
punch(unsigned node, const struct dcutr_news *news)
{
	struct nat_node *n = &nat.nodes[node];

	if (n->punches_n < NAT_NEWS)
		n->punches[n->punches_n++] = *news;
	if (news->type != DCUTR_DIAL || !news->punch || !nat.holes)
		return;
	const unsigned other = nat.punch_pending;
	if (other == 0 || other == node + 1) {
		nat.punch_pending = node + 1;
		return;
	}
	nat.punch_pending = 0;
	/* One dials, as the roles say. */
	const err e = news->dialer
			  ? test_net_connect(&nat.net, node, other - 1, NULL)
			  : test_net_connect(&nat.net, other - 1, node, NULL);
	ASSERT(e == OK);
}

static bool
on_poll(struct test_net *net, unsigned node)
{
	struct nat_node *n = &nat.nodes[node];
	struct relay_news r;
	struct autonat_news a;
	struct dcutr_news d;
	bool more = false;

	while (relay_next(n->relay, net->t.now_ms, &r)) {
		more = true;
		if (r.type == RELAY_ACCEPTED)
			dcutr_inbound(n->dcutr, r.conn, &r.peer, net->t.now_ms);
		if (n->news_n < NAT_NEWS)
			n->news[n->news_n++] = r;
	}
	while (autonat_next(n->autonat, &a)) {
		more = true;
		if (a.type == AUTONAT_CHANGED) {
			n->changed++;
			continue;
		}
		if (n->dials_n < NAT_NEWS)
			n->dials[n->dials_n++] = a;
		if (!nat.mute)
			autonat_dialled(
			    n->autonat, a.id, dial_back(&a), net->t.now_ms);
	}
	while (dcutr_next(n->dcutr, &d)) {
		more = true;
		punch(node, &d);
	}
	return more;
}

static void
on_time(struct test_net *net, unsigned node)
{
	struct nat_node *n = &nat.nodes[node];
	const uint64_t now = net->t.now_ms;

	if (n->hostile.p != NULL)
		write_hostile(n, net->nodes[node].host);
	if (relay_expiry(n->relay) <= now)
		relay_on_time(n->relay, now);
	if (autonat_expiry(n->autonat) <= now)
		autonat_on_time(n->autonat, now);
	if (dcutr_expiry(n->dcutr) <= now)
		dcutr_on_time(n->dcutr, now);
}

void
nat_init(uint64_t seed)
{
	memset(&nat, 0, sizeof(nat));
	test_net_init(&nat.net, seed);
	nat.net.service_event = on_event;
	nat.net.service_output = on_output;
	nat.net.service_poll = on_poll;
	nat.net.service_time = on_time;
}

void
nat_fini(void)
{
	for (unsigned i = 0; i < nat.net.nodes_n; i++) {
		relay_free(nat.nodes[i].relay);
		autonat_free(nat.nodes[i].autonat);
		dcutr_free(nat.nodes[i].dcutr);
	}
	test_net_fini(&nat.net);
}

void
nat_run(uint64_t ms)
{
	test_net_run(&nat.net, ms);
}

host_conn
nat_circuit(unsigned a, unsigned b)
{
	const struct nat_node *n = &nat.nodes[a];

	for (unsigned i = 0; i < n->news_n; i++)
		if ((n->news[i].type == RELAY_DIALLED ||
			n->news[i].type == RELAY_ACCEPTED) &&
		    n->news[i].conn != 0 &&
		    peer_id_eq(&n->news[i].peer, test_net_id(&nat.net, b)))
			return n->news[i].conn;
	return 0;
}
