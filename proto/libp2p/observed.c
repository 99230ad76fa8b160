#include "proto/libp2p/observed.h"

/* Who has one address of a /16, or of a /48 of IPv6, has many. */
static uint64_t
group_of(const struct multiaddr_ip *ip)
{
	uint64_t g = 1;

	for (size_t i = 0; i < (ip->v6 ? 6U : 2U); i++)
		g = g << 8 | ip->ip[i];
	return g << 1 | (ip->v6 ? 1 : 0);
}

static bool
same_ip(const struct multiaddr_ip *a, const struct multiaddr_ip *b)
{
	return a->v6 == b->v6 && memcmp(a->ip, b->ip, a->v6 ? 16 : 4) == 0;
}

static uint32_t
count_votes(const struct observed_addr *a, uint64_t now_ms)
{
	uint32_t n = 0;

	for (size_t i = 0; i < OBSERVERS_MAX; i++)
		n += a->votes[i].group != 0 &&
			     now_ms - a->votes[i].at_ms < OBSERVED_MS
			 ? 1
			 : 0;
	return n;
}

/* Takes back what the group said of the same address family. */
static void
withdraw(struct observed *o, uint64_t group, bool v6)
{
	for (size_t i = 0; i < OBSERVED_MAX; i++)
		for (size_t k = 0; k < OBSERVERS_MAX; k++)
			if (o->addrs[i].used && o->addrs[i].ip.v6 == v6 &&
			    o->addrs[i].votes[k].group == group)
				o->addrs[i].votes[k].group = 0;
}

/* Its entry, or that of the address with the fewest votes. */
static struct observed_addr *
place(struct observed *o, const struct multiaddr_ip *ip, uint64_t now_ms)
{
	struct observed_addr *worst = NULL;
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < OBSERVED_MAX; i++) {
		struct observed_addr *a = &o->addrs[i];
		if (a->used && same_ip(&a->ip, ip) && a->ip.port == ip->port)
			return a;
		const uint32_t votes = a->used ? count_votes(a, now_ms) : 0;
		if (votes < least) {
			least = votes;
			worst = a;
		}
	}
	*worst = (struct observed_addr){ .used = true, .ip = *ip };
	return worst;
}

void
observed_add(struct observed *o, const struct multiaddr_ip *seen,
    const struct multiaddr_ip *observer, uint64_t now_ms)
{
	const uint64_t group = group_of(observer);
	struct observed_vote *oldest = NULL;

	withdraw(o, group, seen->v6);
	struct observed_addr *a = place(o, seen, now_ms);
	for (size_t i = 0; i < OBSERVERS_MAX; i++) {
		struct observed_vote *v = &a->votes[i];
		if (v->group == 0) {
			oldest = v;
			break;
		}
		if (oldest == NULL || v->at_ms < oldest->at_ms)
			oldest = v;
	}
	*oldest = (struct observed_vote){ group, now_ms };
}

uint32_t
observed_at(const struct observed *o, size_t i, uint64_t now_ms,
    struct multiaddr_ip *out)
{
	uint32_t votes[OBSERVED_MAX];

	for (size_t k = 0; k < OBSERVED_MAX; k++)
		votes[k] =
		    o->addrs[k].used ? count_votes(&o->addrs[k], now_ms) : 0;
	for (;;) {
		size_t best = 0;
		for (size_t k = 1; k < OBSERVED_MAX; k++)
			if (votes[k] > votes[best])
				best = k;
		if (votes[best] == 0)
			return 0;
		if (i-- == 0) {
			*out = o->addrs[best].ip;
			return votes[best];
		}
		votes[best] = 0;
	}
}

bool
observed_symmetric(const struct observed *o, uint64_t now_ms)
{
	for (size_t i = 0; i < OBSERVED_MAX; i++)
		for (size_t k = i + 1; k < OBSERVED_MAX; k++)
			if (o->addrs[i].used && o->addrs[k].used &&
			    same_ip(&o->addrs[i].ip, &o->addrs[k].ip) &&
			    count_votes(&o->addrs[i], now_ms) > 0 &&
			    count_votes(&o->addrs[k], now_ms) > 0)
				return true;
	return false;
}
