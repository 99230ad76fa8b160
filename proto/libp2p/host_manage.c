#include "proto/libp2p/host_internal.h"

#define MANAGE_MS    10000 /* between two looks at all connections */
#define HALF_OPEN_MS 3000  /* then a handshake may have to give way */
#define FEELER_MS    10000 /* a look at a peer takes no longer */

/* Inbound connections beside a new one, by how near their owners are. */
struct neighbours {
	uint32_t inbound, half_open, limited;
	uint32_t same[3]; /* enum address_scope */
	uint32_t free_slot;
};

static void
count_near(struct neighbours *n, const struct host_link *l,
    const struct multiaddr_ip *ip)
{
	struct multiaddr_ip other;

	if (!address_ip(slice_of(l->remote, l->remote_n), &other))
		return;
	for (unsigned s = ADDRESS_HOST; s <= ADDRESS_WIDE; s++)
		n->same[s] += address_same(&other, ip, s) ? 1 : 0;
}

static struct neighbours
count_neighbours(const struct host *h, const struct multiaddr_ip *ip)
{
	struct neighbours n = { .free_slot = UINT32_MAX };

	for (uint32_t i = 0; i < h->limits.conns_max; i++) {
		const struct host_link *l = h->links[i];
		if (l == NULL) {
			n.free_slot = MIN(n.free_slot, i);
			if (i >= h->links_top)
				break;
			continue;
		}
		n.limited += l->limited ? 1 : 0;
		if (l->dialer)
			continue;
		n.inbound++;
		n.half_open += l->peer == NULL && !l->closing ? 1 : 0;
		if (ip != NULL && !l->limited)
			count_near(&n, l, ip);
	}
	return n;
}

static uint32_t
inbound_max(const struct host *h)
{
	return h->limits.conns_max - h->limits.conns_max / 8;
}

/* The handshake that takes longest gives way; false: all have just begun. */
static bool
hurry_half_open(struct host *h, uint64_t now_ms)
{
	struct host_link *slow = NULL;

	for (uint32_t i = 0; i < h->links_top; i++) {
		struct host_link *l = h->links[i];
		if (l == NULL || l->dialer || l->peer != NULL || l->closing ||
		    l->since_ms + HALF_OPEN_MS > now_ms)
			continue;
		if (slow == NULL || l->since_ms < slow->since_ms)
			slow = l;
	}
	if (slow == NULL)
		return false;
	host_fail(slow, ERR_LIMIT, "slow handshake, others wait", now_ms);
	return true;
}

/* Handshakes cost curve arithmetic: so many a second, and a burst. */
static bool
take_handshake(struct host *h, uint64_t now_ms)
{
	const uint64_t rate = h->limits.handshakes_per_s;
	const uint64_t full = 2000 * rate;

	if (rate == 0)
		return true;
	h->handshakes =
	    MIN(full, h->handshakes + (now_ms - h->handshakes_ms) * rate);
	h->handshakes_ms = now_ms;
	if (h->handshakes < 1000)
		return false;
	h->handshakes -= 1000;
	return true;
}

void
host_resumed(struct host *h, uint64_t now_ms)
{
	for (uint32_t i = 0; i < h->links_top; i++) {
		struct host_link *l = h->links[i];
		if (l == NULL || l->closing)
			continue;
		conn_probe(l->c, now_ms);
		host_touch(l);
	}
	host_dials_resume(h, now_ms);
}

/*
 * A slot, unless a limit forbids the connection. One in eight is for those
 * that we dial, so that strangers cannot choose all our peers.
 */
bool
host_may_open(struct host *h, const struct host_conn_config *cf,
    uint64_t now_ms, uint32_t *slot)
{
	const struct host_limits *max = &h->limits;
	struct multiaddr_ip ip;
	const bool counted = !cf->dialer && !cf->limited &&
			     address_ip(cf->remote, &ip) &&
			     reach_of_ip(&ip) != REACH_MACHINE;
	const struct neighbours n = count_neighbours(h, counted ? &ip : NULL);

	*slot = n.free_slot;
	if (!cf->dialer && n.inbound >= inbound_max(h)) {
		/* Soon there may be room. */
		h->manage_ms = MIN(h->manage_ms, now_ms + 1000);
		host_wake_at(h, h->manage_ms);
		return false;
	}
	if (n.free_slot == UINT32_MAX)
		return false;
	if (cf->limited && n.limited >= max->conns_max / 4)
		return false;
	if (cf->dialer)
		return true;
	if (n.half_open >= max->half_open_max && !hurry_half_open(h, now_ms))
		return false;
	if (counted && n.same[ADDRESS_HOST] >= max->conns_per_ip_max)
		return false;
	if (counted && reach_of_ip(&ip) == REACH_WORLD &&
	    (n.same[ADDRESS_NET] >= max->conns_per_net_max ||
		n.same[ADDRESS_WIDE] >= max->conns_per_wide_max))
		return false;
	return take_handshake(h, now_ms);
}

/* ---- trimming ---- */

static bool
has_streams(const struct host_peer *p)
{
	for (const struct host_link *l = p->links; l != NULL; l = l->sibling)
		if (l->apps != NULL)
			return true;
	return false;
}

/*
 * May it be closed to make room? Only what others have opened, or have named
 * to us.
 */
static bool
may_trim(const struct host *h, const struct host_link *l, uint64_t now_ms)
{
	const struct host_peer *p = l->peer;

	if ((l->dialer && !l->once) || l->closing || p == NULL ||
	    p->protects > 0 || host_is_direct(h, &p->id) ||
	    l->since_ms + h->limits.grace_ms > now_ms || host_peer_is_ours(p) ||
	    has_streams(p))
		return false;
	const struct known_peer *known = peer_store_find(h->known, &p->id);
	return known == NULL || !peer_store_kept(known);
}

/* Others that came in from the same network. */
static int64_t
crowd_of(const struct host *h, const struct host_link *l)
{
	struct multiaddr_ip ip, other;
	int64_t n = 0;

	if (!address_ip(slice_of(l->remote, l->remote_n), &ip))
		return 0;
	for (uint32_t i = 0; i < h->links_top; i++) {
		const struct host_link *o = h->links[i];
		if (o != NULL && o != l && !o->dialer && !o->closing &&
		    address_ip(slice_of(o->remote, o->remote_n), &other) &&
		    address_same(&ip, &other, ADDRESS_NET))
			n++;
	}
	return n;
}

/*
 * What a peer is worth to us: its score from gossip, the meshes it is in,
 * that it has said who it is, its age; less for each neighbour of its own.
 */
static int64_t
worth(const struct host *h, const struct host_link *l, uint64_t now_ms)
{
	const struct host_peer *p = l->peer;
	struct host_peer_info info;
	int64_t v = 0;

	host_peer_fill(h, p, &info);
	if (info.score < 0)
		return INT64_MIN / 2 + info.score;
	v += MIN(info.score, 1000) * 10;
	v += MIN((int64_t)info.meshes, 5) * 200;
	v += p->gossip_up ? 100 : 0;
	v += p->identified ? 50 : 0;
	v += (int64_t)MIN((now_ms - l->since_ms) / 60000, 60U) * 5;
	return v - MIN(crowd_of(h, l), 20) * 50;
}

static struct host_link *
least(struct host *h, bool once, uint64_t now_ms)
{
	struct host_link *out = NULL;
	int64_t least_worth = INT64_MAX;

	for (uint32_t i = 0; i < h->links_top; i++) {
		struct host_link *l = h->links[i];
		if (l == NULL || l->once != once || !may_trim(h, l, now_ms))
			continue;
		const int64_t w = worth(h, l, now_ms);
		/* Of equals the youngest goes: who was here first may stay. */
		if (out == NULL || w < least_worth ||
		    (w == least_worth && l->since_ms > out->since_ms)) {
			out = l;
			least_worth = w;
		}
	}
	return out;
}

static void
trim(struct host *h, uint64_t now_ms)
{
	const uint32_t max = inbound_max(h);
	const uint32_t high =
	    h->limits.inbound_high > 0 ? h->limits.inbound_high : max - max / 8;
	const uint32_t low =
	    h->limits.inbound_low > 0 ? h->limits.inbound_low : max - max / 4;
	uint32_t n = count_neighbours(h, NULL).inbound;

	if (n <= high)
		return;
	for (; n > low; n--) {
		struct host_link *l = least(h, false, now_ms);
		if (l == NULL)
			break;
		h->stats.trimmed++;
		host_fail(l, OK, "making room for others", now_ms);
	}
}

uint32_t
host_once_count(const struct host *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->links_top; i++)
		n += h->links[i] != NULL && h->links[i]->once &&
		     !h->links[i]->closing;
	return n;
}

/*
 * Peers that we had a question for. They were named by others, who must not
 * fill our places with their friends: most go again.
 */
static void
trim_once(struct host *h, uint64_t now_ms)
{
	const uint32_t most = MAX(h->limits.conns_max / 8, 4U);

	for (uint32_t n = host_once_count(h); n > most; n--) {
		struct host_link *l = least(h, true, now_ms);
		if (l == NULL)
			break;
		h->stats.trimmed++;
		host_fail(l, OK, "it was for a question", now_ms);
	}
}

void
host_manage_time(struct host *h, uint64_t now_ms)
{
	if (now_ms >= h->manage_ms) {
		h->manage_ms = now_ms + MANAGE_MS;
		trim(h, now_ms);
		trim_once(h, now_ms);
		for (uint32_t i = 0; i < h->links_top; i++) {
			struct host_link *l = h->links[i];
			if (l != NULL && l->feeler && !l->closing &&
			    l->since_ms + FEELER_MS <= now_ms)
				host_fail(l, OK, "only a look", now_ms);
		}
	}
	host_wake_at(h, h->manage_ms);
}

/* ---- streams of the application's protocols ---- */

err
host_app_opened(struct host_link *l, uint32_t stream, size_t protocol)
{
	const struct host_limits *max = &l->h->limits;
	uint32_t all = 0, same = 0;

	for (const struct host_link *o = l->peer->links; o != NULL;
	     o = o->sibling)
		for (const struct host_app *a = o->apps; a != NULL;
		     a = a->next) {
			all++;
			same += a->protocol == protocol ? 1 : 0;
		}
	if (all >= max->streams_per_peer_max ||
	    same >= max->streams_per_protocol_max)
		return ERR_LIMIT;
	struct host_app *a = mem_alloc(&l->h->mem, sizeof(*a));
	if (a == NULL)
		return ERR_LIMIT;
	a->stream = stream;
	a->protocol = (uint32_t)protocol;
	a->next = l->apps;
	l->apps = a;
	return OK;
}

void
host_app_closed(struct host_link *l, uint32_t stream)
{
	struct host_app **at = &l->apps;

	while (*at != NULL && (*at)->stream != stream)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	struct host_app *a = *at;
	*at = a->next;
	mem_free(&l->h->mem, a, sizeof(*a));
}

void
host_apps_free(struct host_link *l)
{
	while (l->apps != NULL)
		host_app_closed(l, l->apps->stream);
}
