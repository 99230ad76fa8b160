#include "tests/sim/world.h"

#define BACKOFF_FIRST_S 2
#define BACKOFF_LAST_S  60
#define TIMEOUT         (10 * SIM_SECOND)
#define PER_TICK        4

void
sim_know(struct sim *s, unsigned a, unsigned b)
{
	struct sim_node *n = s->nodes[a];

	if (a == b)
		return;
	for (unsigned i = 0; i < n->known_n; i++)
		if (n->known[i].node == b)
			return;
	ASSERT(n->known_n < KNOWN_MAX);
	n->known[n->known_n++] =
	    (struct known){ .node = b, .backoff_s = BACKOFF_FIRST_S };
}

void
sim_link_random(struct sim *s, unsigned from, unsigned count, unsigned each)
{
	struct prng *r = &s->prng[PRNG_SWARM];

	ASSERT(each < KNOWN_MAX);
	for (unsigned a = from; a < from + count; a++)
		for (unsigned i = 0; i < each && count > 1; i++)
			sim_know(s, a, from + (unsigned)prng_below(r, count));
}

static bool
is_connected(struct sim_node *n, unsigned to)
{
	const struct peer_id id =
	    peer_id_of_ed25519(n->s->nodes[to]->secret + ED25519_SEED);
	struct host_peer_info info;

	return host_peer_find(n->host, &id, &info);
}

/* When the dial of a node is decided: at once, or after a time-out. */
static void
dial(struct sim_node *n, struct known *k)
{
	struct sim *s = n->s;
	const struct sim_node *to = s->nodes[k->node];
	const bool silent = !to->up || wire_blocked(s, n->index, k->node) ||
			    wire_blocked(s, k->node, n->index);

	k->dialling = true;
	sim_put(s,
	    s->now + (silent ? TIMEOUT : 2 * (uint64_t)s->cf.path.latency_us),
	    EVENT_DIALLED, n->index, k->node, n->life);
}

void
dial_tick(struct sim_node *n)
{
	struct host_stats st;
	unsigned dials = 0;

	host_stats(n->host, &st);
	for (unsigned i = 0; i < n->known_n && dials < PER_TICK; i++) {
		struct known *k = &n->known[i];
		if (k->dialling || n->s->now < k->next_at ||
		    is_connected(n, k->node) ||
		    st.peers_now + dials >= n->s->cf.degree_max)
			continue;
		dial(n, k);
		dials++;
	}
}

static struct known *
find(struct sim_node *n, unsigned to)
{
	for (unsigned i = 0; i < n->known_n; i++)
		if (n->known[i].node == to)
			return &n->known[i];
	return NULL;
}

static struct slice
address(const struct sim_node *n, uint8_t out[8])
{
	const uint8_t a[8] = { 4, (uint8_t)(n->ip >> 24),
		(uint8_t)(n->ip >> 16), (uint8_t)(n->ip >> 8), (uint8_t)n->ip,
		6, 0x0f, 0xa1 };

	memcpy(out, a, sizeof(a));
	return slice_of(out, 8);
}

/* Both sides of a new socket; false: one of them refused. */
static bool
open_both(struct sim_node *n, struct sim_node *to)
{
	const struct sim *s = n->s;
	const struct peer_id id = peer_id_of_ed25519(to->secret + ED25519_SEED);
	struct wire_end a = { .node = n->index, .life = n->life };
	struct wire_end b = { .node = to->index, .life = to->life };
	uint8_t at[8];

	if (host_conn_open(n->host, true, address(to, at), &id,
		sim_mono_ms(s, n->index), &a.conn) != OK)
		return false;
	if (host_conn_open(to->host, false, address(n, at), NULL,
		sim_mono_ms(s, to->index), &b.conn) != OK) {
		host_conn_gone(n->host, a.conn, sim_mono_ms(s, n->index));
		return false;
	}
	(void)wire_new(n->s, a, b);
	node_pump(to);
	return true;
}

void
dial_decided(struct sim_node *n, unsigned to)
{
	struct sim *s = n->s;
	struct known *k = find(n, to);

	if (k == NULL)
		return;
	k->dialling = false;
	const bool good = s->nodes[to]->up && !is_connected(n, to) &&
			  !wire_blocked(s, n->index, to) &&
			  !wire_blocked(s, to, n->index) &&
			  open_both(n, s->nodes[to]);
	sim_note(s, good);
	k->next_at = s->now + k->backoff_s * SIM_SECOND;
	k->backoff_s = MIN(2 * k->backoff_s, (uint32_t)BACKOFF_LAST_S);
	node_pump(n);
}

/* A connection that we dialled is over: soon again, if it held. */
void
dial_gone(struct sim_node *n, unsigned to)
{
	struct known *k = find(n, to);

	if (k != NULL && n->s->now > k->next_at + 30 * SIM_SECOND) {
		k->backoff_s = BACKOFF_FIRST_S;
		k->next_at = n->s->now + SIM_SECOND;
	}
}
