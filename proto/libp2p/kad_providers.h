/*
 * kad_providers.h: who provides what, as others told us: records by key,
 * each with a life time. Bounded: so many keys, so many records in all, of a
 * key, of a provider, and of one subnet for a key.
 *
 * When all places are taken, the keys farthest from us go first: those are
 * nearer to others, who hold them too. A key with all its places taken gives
 * a random one to the newcomer, so that neither the first nor the loudest
 * hold it for ever.
 */
#pragma once

#include "proto/base/env.h"
#include "proto/libp2p/kad_table.h"

#define KAD_MULTIHASH_MAX 66 /* bytes of a key: 512 bits, two of head */

struct kad_provider {
	struct link link;
	uint64_t expires_ms;
	reach_group group;
	bool exempt;
	struct kad_contact contact;
};

struct kad_provided {
	struct link link;
	struct kad_point point;
	uint8_t key[KAD_MULTIHASH_MAX];
	uint8_t key_n;
	uint32_t n;
	struct link records;
};

struct kad_providers {
	const struct env *env;
	struct mem *mem;
	struct kad_point self;
	uint32_t max, keys_max, per_key, per_peer, per_group;
	uint64_t life_ms;
	bool private_too;
	uint32_t n, keys_n;
	struct link keys;
};

/** kad_multihash_check(key): ERR_FORM unless a multihash that fits. */
NODISCARD err kad_multihash_check(struct slice key);

/** kad_providers_init(p, ...): limits are the caller's to set. */
void kad_providers_init(struct kad_providers *p, const struct env *env,
    struct mem *mem, const struct kad_point *self);
void kad_providers_fini(struct kad_providers *p);

/**
 * kad_providers_add(p, key, contact, remote, now_ms):
 * A record, or its renewal, of a provider that talks to us from ${remote}.
 * ERR_FORM: no multihash; ERR_LIMIT: no place; ERR_AUTH: too many of its
 * subnet for this key.
 */
NODISCARD err kad_providers_add(struct kad_providers *p, struct slice key,
    const struct kad_contact *contact, struct slice remote, uint64_t now_ms);

/** kad_providers_get(p, key, out, max): some of them, at random; how many. */
uint32_t kad_providers_get(const struct kad_providers *p, struct slice key,
    struct kad_contact *out, uint32_t max);

/** kad_providers_expire(p, now_ms): drop those whose time is over. */
void kad_providers_expire(struct kad_providers *p, uint64_t now_ms);
