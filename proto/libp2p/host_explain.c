#include "proto/libp2p/host_internal.h"

/* What tells a person why a peer is not, or no longer, connected. */

void
host_left_note(struct host *h, const struct host_link *last,
    const struct peer_id *id, uint64_t now_ms)
{
	h->left[h->left_n++ % HOST_LEFT_MAX] = (struct host_left){
		.id = *id,
		.at_ms = now_ms,
		.why =
		    last->why[0] == '\0' ? "the connection was cut" : last->why,
		.error = last->error,
	};
}

bool
host_left_at(const struct host *h, uint32_t i, struct host_left *out)
{
	if (i >= HOST_LEFT_MAX || i >= h->left_n)
		return false;
	*out = h->left[(h->left_n - 1 - i) % HOST_LEFT_MAX];
	return true;
}

bool
host_known_peer_at(
    const struct host *h, uint32_t i, struct host_known_peer *out)
{
	*out = (struct host_known_peer){ 0 };
	if (i >= peer_store_top(h->known))
		return false;
	const struct known_peer *p = peer_store_at(h->known, i);
	if (p == NULL)
		return true;
	*out = (struct host_known_peer){
		.id = p->id,
		.source = p->source,
		.proven = peer_store_is_proven(p),
		.addrs_n = p->addrs_n,
		.fails = p->fails,
		.next_ms = p->next_ms,
	};
	for (const struct known_addr *a = p->addrs; a != NULL; a = a->next)
		out->seen_ms = MAX(out->seen_ms, a->seen_ms);
	return true;
}
