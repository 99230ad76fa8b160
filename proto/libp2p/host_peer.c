#include "crypto/crypto.h"
#include "proto/libp2p/host_internal.h"
#include "proto/libp2p/multiaddr.h"

uint64_t
host_key(const struct host *h, struct slice s)
{
	return hash_siphash(s.p, s.n, h->table_key);
}

struct host_peer *
host_peer_lookup(const struct host *h, const struct peer_id *id)
{
	const uint64_t *n =
	    table_get(&h->peer_ids, host_key(h, peer_id_slice(id)));

	return n == NULL ? NULL : h->peers[*n];
}

static struct host_peer *
peer_new(struct host *h, const struct peer_id *id)
{
	struct host_peer *p = mem_alloc(&h->mem, sizeof(*p));
	uint32_t number = 0;

	if (p == NULL)
		return NULL;
	/* There are as many numbers as there may be connections. */
	while (h->peers[number] != NULL)
		number++;
	p->id = *id;
	p->key = host_key(h, peer_id_slice(id));
	p->number = number;
	p->up = (struct host_note){ .type = HOST_PEER_UP, .peer = p };
	p->down = (struct host_note){ .type = HOST_PEER_DOWN, .peer = p };
	p->told = (struct host_note){ .type = HOST_IDENTIFIED, .peer = p };
	p->pinged = (struct host_note){ .type = HOST_PING, .peer = p };
	if (table_put(&h->peer_ids, p->key, number) != OK) {
		mem_free(&h->mem, p, sizeof(*p));
		return NULL;
	}
	h->peers[number] = p;
	h->peers_top = MAX(h->peers_top, number + 1);
	return p;
}

static void
forget_identify(struct host *h, struct host_peer *p)
{
	mem_free(&h->mem, p->speaks, p->speaks_n * sizeof(p->speaks[0]));
	mem_free(&h->mem, p->addrs, p->addrs_size);
	if (p->agent != NULL)
		mem_free(&h->mem, p->agent, strlen(p->agent) + 1);
}

void
host_peer_free(struct host *h, struct host_peer *p)
{
	ASSERT(p->gone && p->links == NULL);
	forget_identify(h, p);
	mem_free(&h->mem, p, sizeof(*p));
}

/* The connection for what needs one without limits; NULL: there is none. */
struct host_link *
host_peer_link(const struct host_peer *p)
{
	struct host_link *l = p->links;

	while (l != NULL && l->limited)
		l = l->sibling;
	return l;
}

/* Have we reached it by our own choice? */
bool
host_peer_is_ours(const struct host_peer *p)
{
	for (const struct host_link *l = p->links; l != NULL; l = l->sibling)
		if (l->dialer && !l->limited && !l->feeler && !l->once)
			return true;
	return false;
}

/* The connection turned out to be one of this peer's. */
err
host_peer_join(struct host_link *l, const struct peer_id *id)
{
	struct host *h = l->h;
	struct host_peer *p = host_peer_lookup(h, id);

	if (p == NULL) {
		p = peer_new(h, id);
		if (p == NULL)
			return ERR_LIMIT;
		p->up.conn = l->id;
		host_note_put(h, &p->up);
	}
	if (p->links_n >= h->limits.conns_per_peer_max)
		return ERR_LIMIT;
	struct host_link **end = &p->links;
	while (*end != NULL)
		end = &(*end)->sibling;
	*end = l;
	p->links_n++;
	l->peer = p;
	return OK;
}

/* The last connection is gone; what was never announced goes silently. */
static void
peer_over(struct host *h, struct host_peer *p)
{
	p->gone = true;
	(void)table_del(&h->peer_ids, p->key);
	h->peers[p->number] = NULL;
	while (h->peers_top > 0 && h->peers[h->peers_top - 1] == NULL)
		h->peers_top--;
	host_note_drop(h, &p->told);
	if (p->up.queued) {
		host_note_drop(h, &p->up);
		host_note_drop(h, &p->pinged);
		host_peer_free(h, p);
		return;
	}
	host_note_put(h, &p->down);
}

void
host_peer_leave(struct host_link *l, uint64_t now_ms)
{
	struct host *h = l->h;
	struct host_peer *p = l->peer;

	if (p == NULL)
		return;
	struct host_link **at = &p->links;
	while (*at != l)
		at = &(*at)->sibling;
	*at = l->sibling;
	l->sibling = NULL;
	l->peer = NULL;
	p->links_n--;
	for (const struct host_service *s = l->services; s != NULL; s = s->next)
		if (s->kind == SERVICE_PING) {
			p->pinged.value = UINT32_MAX;
			host_note_put(h, &p->pinged);
		}
	if (p->in_link == l) {
		p->in_link = NULL;
		if (p->gossip_up)
			gossip_recv_reset(h->gossip, p->number);
	}
	if (p->out_link == l) {
		host_gossip_down(h, p);
		p->gossip_tries = 0;
	}
	if (p->links == NULL) {
		host_left_note(h, l, &p->id, now_ms);
		const struct peer_id id = p->id;
		host_gossip_down(h, p);
		peer_over(h, p);
		host_dial_peer_down(h, &id, now_ms);
		return;
	}
	/* Another connection carries on. */
	if (!p->identified)
		host_identify_ask(p->links, now_ms);
	if (p->out_link == NULL)
		host_gossip_open(h, p, now_ms);
}

bool
host_peer_says(
    const struct host *h, const struct host_peer *p, const char *protocol)
{
	const uint64_t key = host_key(h, slice_str(protocol));

	for (uint32_t i = 0; i < p->speaks_n; i++)
		if (p->speaks[i] == key)
			return true;
	return false;
}

static void
learn_protocols(
    struct host *h, struct host_peer *p, const struct identify *m, bool fresh)
{
	const size_t old = fresh ? 0 : p->speaks_n;
	const size_t n =
	    MIN(old + m->protocols_n, (size_t)IDENTIFY_PROTOCOLS_MAX);
	uint64_t *list =
	    n == 0 ? NULL : mem_alloc(&h->mem, n * sizeof(list[0]));

	if (list == NULL)
		return; /* over budget: what we knew stays */
	if (old > 0)
		memcpy(list, p->speaks, old * sizeof(list[0]));
	for (size_t i = old; i < n; i++)
		list[i] = host_key(h, m->protocols[i - old]);
	mem_free(&h->mem, p->speaks, p->speaks_n * sizeof(p->speaks[0]));
	p->speaks = list;
	p->speaks_n = (uint16_t)n;
}

static bool
is_addr(struct slice a)
{
	return a.n <= HOST_ADDR_MAX && multiaddr_check(a) == OK;
}

static void
learn_addrs(
    struct host *h, struct host_peer *p, const struct identify *m, bool fresh)
{
	const size_t old = fresh ? 0 : p->addrs_size;
	struct slice kept[HOST_ADDRS_MAX];
	size_t n = old, have = 0, kept_n = 0;

	for (size_t at = 0; at < old; at += 2u + get_u16be(p->addrs + at))
		have++;
	for (uint32_t i = 0; i < m->addrs_n; i++)
		if (is_addr(m->addrs[i]) && have + kept_n < HOST_ADDRS_MAX) {
			kept[kept_n++] = m->addrs[i];
			n += 2 + m->addrs[i].n;
		}
	uint8_t *list = n == 0 ? NULL : mem_alloc(&h->mem, n);
	if (list == NULL)
		return; /* none of use, or over budget: what we knew stays */
	if (old > 0)
		memcpy(list, p->addrs, old);
	size_t at = old;
	for (size_t i = 0; i < kept_n; i++) {
		put_u16be(list + at, (uint16_t)kept[i].n);
		memcpy(list + at + 2, kept[i].p, kept[i].n);
		at += 2 + kept[i].n;
	}
	mem_free(&h->mem, p->addrs, p->addrs_size);
	p->addrs = list;
	p->addrs_size = (uint16_t)n;
}

static void
learn_observed(struct host_peer *p, struct slice addr)
{
	if (addr.n == 0 || addr.n > HOST_OBSERVED_MAX || !is_addr(addr))
		return;
	memcpy(p->observed, addr.p, addr.n);
	p->observed_n = (uint8_t)addr.n;
}

/* Printable ASCII alone: it goes to logs and terminals. */
static void
learn_agent(struct host *h, struct host_peer *p, struct slice agent)
{
	const size_t n = MIN(agent.n, (size_t)HOST_TEXT_MAX);
	char text[HOST_TEXT_MAX + 1];

	for (size_t i = 0; i < n; i++)
		text[i] = agent.p[i] >= ' ' && agent.p[i] < 0x7f
			      ? (char)agent.p[i]
			      : '?';
	text[n] = '\0';
	char *copy = mem_alloc(&h->mem, n + 1);
	if (copy == NULL)
		return;
	memcpy(copy, text, n + 1);
	if (p->agent != NULL)
		mem_free(&h->mem, p->agent, strlen(p->agent) + 1);
	p->agent = copy;
	host_gossip_visitor(h, p);
}

/* A list replaces what we knew when it is the first of its stream. */
void
host_peer_learn(struct host *h, struct host_peer *p, const struct identify *m,
    bool fresh_addrs, bool fresh_protocols)
{
	if (m->protocols_n > 0)
		learn_protocols(h, p, m, fresh_protocols);
	if (m->addrs_n > 0)
		learn_addrs(h, p, m, fresh_addrs);
	if (m->agent.p != NULL)
		learn_agent(h, p, m->agent);
	learn_observed(p, m->observed);
}

void
host_peer_fill(
    const struct host *h, const struct host_peer *p, struct host_peer_info *out)
{
	const struct host_link *l = p->links;

	*out = (struct host_peer_info){ .id = p->id,
		.outbound = l->dialer,
		.limited = host_peer_link(p) == NULL,
		.observed = slice_of(p->observed, p->observed_n),
		.identified = p->identified,
		.agent = p->agent == NULL ? "" : p->agent,
		.remote = slice_of(l->remote, l->remote_n),
		.rtt_ms = conn_rtt_ms(l->c),
		.conns = p->links_n,
		.since_ms = l->since_ms,
		.gossips = p->out_link != NULL || p->in_link != NULL,
		.meshes = gossip_peer_meshes(h->gossip, p->number),
		.score = host_gossip_score(h, p) };
	for (size_t at = 0; at < p->addrs_size;) {
		const size_t n = get_u16be(p->addrs + at);
		out->addrs[out->addrs_n++] = slice_of(p->addrs + at + 2, n);
		at += 2 + n;
	}
}

bool
host_peer_at(struct host *h, uint32_t i, struct host_peer_info *out)
{
	for (uint32_t n = 0; n < h->peers_top; n++)
		if (h->peers[n] != NULL && i-- == 0) {
			host_peer_fill(h, h->peers[n], out);
			return true;
		}
	return false;
}

bool
host_peer_find(
    struct host *h, const struct peer_id *id, struct host_peer_info *out)
{
	struct host_peer *p = host_peer_lookup(h, id);

	if (p == NULL)
		return false;
	host_peer_fill(h, p, out);
	return true;
}

bool
host_conn_find(const struct host *h, host_conn conn, struct host_conn_info *out)
{
	const struct host_link *l = host_link_find(h, conn);

	if (l == NULL || l->closing || l->peer == NULL)
		return false;
	*out = (struct host_conn_info){ .peer = l->peer->id,
		.dialer = l->dialer,
		.limited = l->limited,
		.remote = slice_of(l->remote, l->remote_n),
		.since_ms = l->since_ms };
	return true;
}

host_conn
host_peer_conn(const struct host *h, const struct peer_id *id, uint32_t i)
{
	const struct host_peer *p = host_peer_lookup(h, id);
	const struct host_link *l = p == NULL ? NULL : p->links;

	for (; l != NULL && i > 0; i--)
		l = l->sibling;
	return l == NULL ? 0 : l->id;
}

void
host_peer_protect(struct host *h, const struct peer_id *id, bool on)
{
	struct host_peer *p = host_peer_lookup(h, id);

	if (p == NULL)
		return;
	if (on)
		p->protects++;
	else if (p->protects > 0)
		p->protects--;
}

bool
host_peer_speaks(struct host *h, const struct peer_id *id, const char *protocol)
{
	const struct host_peer *p = host_peer_lookup(h, id);

	return p != NULL && host_peer_says(h, p, protocol);
}
