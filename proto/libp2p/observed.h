/*
 * observed.h: where the world sees us. Peers say in identify from which
 * address we came to them; one may lie or be mistaken, several in different
 * subnets seldom are. Bounded; pure bookkeeping, no I/O.
 *
 * Only what was seen of connections that left from the port we listen on is
 * worth anything: behind a NAT that maps a port the same way for everyone,
 * it is the address others can come in by once a hole is punched.
 */
#pragma once

#include "proto/libp2p/multiaddr.h"

#define OBSERVED_MAX    16      /* addresses under count */
#define OBSERVERS_MAX   8       /* subnets that are kept of each */
#define OBSERVED_ENOUGH 2       /* subnets that make a candidate */
#define OBSERVED_MS     1800000 /* until a vote is forgotten */

struct observed_vote {
	uint64_t group; /* of the observer's subnet; 0: free */
	uint64_t at_ms;
};

struct observed_addr {
	bool used;
	struct multiaddr_ip ip;
	struct observed_vote votes[OBSERVERS_MAX];
};

struct observed {
	struct observed_addr addrs[OBSERVED_MAX];
};

/**
 * observed_add(o, seen, observer, now_ms):
 * The peer at ${observer} saw us at ${seen}; the one vote of its subnet moves
 * here when it stood elsewhere with the same address family.
 */
void observed_add(struct observed *o, const struct multiaddr_ip *seen,
    const struct multiaddr_ip *observer, uint64_t now_ms);

/**
 * observed_at(o, i, now_ms, out): the i-th address by votes, most first;
 * returns the votes, 0 past the end.
 */
uint32_t observed_at(const struct observed *o, size_t i, uint64_t now_ms,
    struct multiaddr_ip *out);

/** observed_symmetric(o, now_ms): do subnets see different ports of one of
 * our addresses? Then no hole can be punched. */
bool observed_symmetric(const struct observed *o, uint64_t now_ms);
