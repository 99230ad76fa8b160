#include "match/noise.h"

/* Uniform in [0, max), exactly. */
static uint64_t
uniform(const struct env *env, uint64_t max)
{
	const uint64_t bad = (UINT64_MAX % max + 1) % max; /* 2^64 mod max */
	uint64_t u;

	do
		u = env_random_u64(env);
	while (u > UINT64_MAX - bad);
	return u % max;
}

/* True with probability exp(-n / d), for 0 <= n <= d. */
static bool
chance_exp(const struct env *env, uint64_t n, uint64_t d)
{
	uint64_t k = 1;

	/* The series of exp, as the length of a run: Forsythe, von Neumann. */
	while (uniform(env, d * k) < n)
		k++;
	return k % 2 == 1;
}

int64_t
noise_laplace(
    const struct env *env, uint32_t epsilon_milli, uint32_t sensitivity)
{
	const uint64_t s = epsilon_milli;
	const uint64_t t = UINT64_C(1000) * sensitivity;

	ASSERT(s >= 1 && s <= NOISE_EPSILON_MAX);
	ASSERT(sensitivity >= 1 && sensitivity <= NOISE_SENSITIVITY_MAX);
	for (;;) {
		const uint64_t u = uniform(env, t);
		uint64_t v = 0;
		if (!chance_exp(env, u, t))
			continue;
		while (v < UINT32_MAX && chance_exp(env, 1, 1))
			v++;
		/* u + t v is geometric with ratio exp(-1 / t) */
		const uint64_t y = (u + t * v) / s;
		const bool minus = uniform(env, 2) == 1;
		if (minus && y == 0)
			continue; /* zero once only */
		return minus ? -(int64_t)y : (int64_t)y;
	}
}

uint64_t
noise_threshold(uint64_t k, uint32_t epsilon_milli, uint32_t sensitivity,
    uint32_t delta_digits)
{
	/* ln(10^digits / 2) in millionths, rounded up */
	const uint64_t log =
	    delta_digits * UINT64_C(2302586) - UINT64_C(693147);
	const uint64_t d = UINT64_C(1000) * epsilon_milli;

	ASSERT(delta_digits >= 1 && delta_digits <= 18 && epsilon_milli > 0);
	return k + (log * sensitivity + d - 1) / d;
}
