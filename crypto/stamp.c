#include "crypto/stamp.h"

#include <assert.h>

static uint64_t
u64be(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

bool
stamp_check(const uint8_t *net, size_t net_n,
    const uint8_t author[ED25519_PUBLIC], const uint8_t nonce[STAMP_NONCE],
    unsigned bits)
{
	uint8_t h[32];
	const uint8_t len = (uint8_t)net_n;
	const struct crypto_part parts[] = { { &len, 1 }, { net, net_n },
		{ author, ED25519_PUBLIC }, { nonce, STAMP_NONCE } };

	assert(net_n <= 255 && bits >= 1 && bits < 64);
	hash_blake2b(h, sizeof(h), "ohcn-stamp-v1", parts, 4);
	return u64be(h) >> (64 - bits) == 0;
}

bool
stamp_search(const uint8_t *net, size_t net_n,
    const uint8_t author[ED25519_PUBLIC], unsigned bits, uint64_t start,
    uint64_t tries, uint8_t nonce[STAMP_NONCE])
{
	for (uint64_t i = 0; i < tries; i++) {
		uint64_t v = start + i;
		for (int k = STAMP_NONCE - 1; k >= 0; k--, v >>= 8)
			nonce[k] = (uint8_t)v;
		if (stamp_check(net, net_n, author, nonce, bits))
			return true;
	}
	return false;
}
