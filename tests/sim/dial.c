/*
 * Sockets that open: the host says whom to dial (host_next_dial()); here it is
 * decided whether somebody is there.
 */
#include "tests/sim/world.h"

#define TIMEOUT (10 * SIM_SECOND) /* as node/net/transport.c */

static struct slice
address(uint32_t ip, uint8_t out[8])
{
	const uint8_t a[8] = { 4, (uint8_t)(ip >> 24), (uint8_t)(ip >> 16),
		(uint8_t)(ip >> 8), (uint8_t)ip, 6, 0x0f, 0xa1 };

	memcpy(out, a, sizeof(a));
	return slice_of(out, 8);
}

static struct peer_id
id_of(const struct sim_node *n)
{
	return peer_id_of_ed25519(n->secret + ED25519_SEED);
}

/* ---- what a node is told at its start ---- */

static void
tell(struct sim_node *n, unsigned b)
{
	const struct sim_node *to = n->s->nodes[b];
	const struct peer_id id = id_of(to);
	uint8_t at[8];

	const err e = host_peer_add(n->host, &id, address(to->ip, at),
	    PEER_BOOTSTRAP, sim_mono_ms(n->s, n->index));
	ASSERT(e == OK);
}

void
sim_know(struct sim *s, unsigned a, unsigned b)
{
	struct sim_node *n = s->nodes[a];

	if (a == b)
		return;
	for (unsigned i = 0; i < n->known_n; i++)
		if (n->known[i] == b)
			return;
	n->known =
	    sim_grow(n->known, n->known_n, &n->known_cap, sizeof(n->known[0]));
	n->known[n->known_n++] = b;
	if (n->up)
		tell(n, b);
	node_pump(n);
}

void
sim_link_random(struct sim *s, unsigned from, unsigned count, unsigned each)
{
	struct prng *r = &s->prng[PRNG_SWARM];

	for (unsigned a = from; a < from + count; a++)
		for (unsigned i = 0; i < each && count > 1; i++)
			sim_know(s, a, from + (unsigned)prng_below(r, count));
}

/* The host is new. */
void
dial_start(struct sim_node *n)
{
	uint8_t at[8];
	const struct slice own = address(n->ip, at);

	memset(n->dials, 0, sizeof(n->dials));
	host_listen_set(n->host, &own, 1);
	for (unsigned i = 0; i < n->known_n; i++)
		tell(n, n->known[i]);
}

/* ---- dials ---- */

static unsigned
node_by_address(const struct sim *s, const struct host_dial *d)
{
	uint8_t at[8];

	for (unsigned i = 0; i < s->nodes_n; i++)
		if (slice_eq(address(s->nodes[i]->ip, at),
			slice_of(d->addr, d->addr_n)))
			return i;
	return SIM_NONE;
}

static bool
reaches(const struct sim *s, unsigned a, unsigned b)
{
	return b != SIM_NONE && s->nodes[b]->up && !wire_blocked(s, a, b) &&
	       !wire_blocked(s, b, a);
}

/* All dials that the host wants now; they are decided later. */
bool
dial_next(struct sim_node *n)
{
	struct sim *s = n->s;
	struct host_dial d;
	unsigned i = 0;

	if (!host_next_dial(n->host, &d))
		return false;
	while (n->dials[i].number != 0)
		i++;
	ASSERT(i < HOST_DIALS_MAX);
	n->dials[i].number = d.number;
	n->dials[i].to = node_by_address(s, &d);
	const bool there = reaches(s, n->index, n->dials[i].to);
	sim_note(s, (uint64_t)d.number << 32 | n->dials[i].to);
	sim_put(s,
	    s->now + (there ? 2 * (uint64_t)s->cf.path.latency_us : TIMEOUT),
	    EVENT_DIALLED, n->index, i, n->life);
	return true;
}

/* Both sides of a new socket. */
static void
open_both(struct sim_node *n, struct sim_node *to, uint32_t number)
{
	const struct sim *s = n->s;
	struct wire_end a = { .node = n->index, .life = n->life };
	struct wire_end b = { .node = to->index, .life = to->life };
	uint8_t at_to[8], at_n[8];
	const struct host_conn_config from = {
		.dialer = true, .remote = address(to->ip, at_to), .dial = number
	};
	const struct host_conn_config in = { .remote = address(n->ip, at_n) };

	if (host_conn_open(to->host, &in, sim_mono_ms(s, to->index), &b.conn) !=
	    OK) {
		host_dial_failed(n->host, number, sim_mono_ms(s, n->index));
		return;
	}
	if (host_conn_open(n->host, &from, sim_mono_ms(s, n->index), &a.conn) !=
	    OK)
		host_conn_gone(to->host, b.conn, sim_mono_ms(s, to->index));
	else
		(void)wire_new(n->s, a, b);
	node_pump(to);
}

void
dial_decided(struct sim_node *n, unsigned place)
{
	struct sim *s = n->s;
	const uint32_t number = n->dials[place].number;
	const unsigned to = n->dials[place].to;

	n->dials[place].number = 0;
	if (reaches(s, n->index, to))
		open_both(n, s->nodes[to], number);
	else
		host_dial_failed(n->host, number, sim_mono_ms(s, n->index));
}

err
dial_raw(struct sim *s, unsigned from, struct sim_node *to, host_conn *conn)
{
	uint8_t at[8];
	const struct host_conn_config in = { .remote = address(
						 s->nodes[from]->ip, at) };

	if (!reaches(s, from, to->index))
		return ERR_CLOSED;
	return host_conn_open(to->host, &in, sim_mono_ms(s, to->index), conn);
}
