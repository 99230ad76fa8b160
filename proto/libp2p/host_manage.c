#include "proto/libp2p/host_internal.h"

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
	if (n.free_slot == UINT32_MAX)
		return false;
	if (cf->limited && n.limited >= max->conns_max / 4)
		return false;
	if (cf->dialer)
		return true;
	if (n.inbound >= max->conns_max - max->conns_max / 8 ||
	    n.half_open >= max->half_open_max)
		return false;
	if (counted && n.same[ADDRESS_HOST] >= max->conns_per_ip_max)
		return false;
	if (counted && reach_of_ip(&ip) == REACH_WORLD &&
	    (n.same[ADDRESS_NET] >= max->conns_per_net_max ||
		n.same[ADDRESS_WIDE] >= max->conns_per_wide_max))
		return false;
	return take_handshake(h, now_ms);
}
