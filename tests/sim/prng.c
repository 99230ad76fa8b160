#include "tests/sim/prng.h"

static uint64_t
scramble(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t
prng_mix(uint64_t a, uint64_t b)
{
	return scramble(a * 0x9e3779b97f4a7c15u + scramble(b + 1));
}

struct prng
prng_of(uint64_t seed, uint64_t stream)
{
	return (struct prng){ prng_mix(seed, stream) };
}

uint64_t
prng_next(struct prng *p)
{
	p->state += 0x9e3779b97f4a7c15u;
	return scramble(p->state);
}

uint64_t
prng_below(struct prng *p, uint64_t n)
{
	ASSERT(n > 0);
	return prng_next(p) % n;
}

uint64_t
prng_between(struct prng *p, uint64_t low, uint64_t high)
{
	ASSERT(low <= high);
	return low + prng_below(p, high - low + 1);
}

bool
prng_chance(struct prng *p, unsigned permille)
{
	return prng_below(p, 1000) < permille;
}

void
prng_fill(struct prng *p, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		const uint64_t v = prng_next(p);
		for (size_t k = i; k < n && k < i + 8; k++)
			out[k] = (uint8_t)(v >> (8 * (k - i)));
	}
}
