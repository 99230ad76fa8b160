#include "proto/base/env.h"

#include <stdarg.h>
#include <stdio.h>

uint64_t
env_random_u64(const struct env *env)
{
	uint8_t r[8];

	env->random(env->ctx, r, sizeof(r));
	return get_u64be(r);
}

uint64_t
env_random_below(const struct env *env, uint64_t max)
{
	ASSERT(max > 0 && max <= UINT64_C(1) << 32);
	return env_random_u64(env) % max; /* bias below 2^-32 */
}

void
env_log(const struct env *env, enum log_level level, const char *event,
    const char *fmt, ...)
{
	char kv[512];
	va_list ap;

	if (env->log == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(kv, sizeof(kv), fmt, ap);
	va_end(ap);
	env->log(env->ctx, level, event, kv);
}
