#include "tests/unit/test_env.h"

#include <stdio.h>
#include <stdlib.h>

/* splitmix64: good enough to split streams and to fill keys in tests. */
uint64_t
test_random(struct test_env *t)
{
	uint64_t z = (t->seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

size_t
test_below(struct test_env *t, size_t n)
{
	ASSERT(n > 0);
	return (size_t)(test_random(t) % n);
}

static uint64_t
env_mono_ms(void *ctx)
{
	return ((struct test_env *)ctx)->now_ms;
}

static uint64_t
env_wall_s(void *ctx)
{
	return ((struct test_env *)ctx)->wall_s;
}

static void
env_fill_random(void *ctx, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)test_random(ctx);
}

static void
env_write_log(
    void *ctx, enum log_level level, const char *event, const char *kv)
{
	struct test_env *t = ctx;

	if (level == LOG_BROKEN)
		t->broken++;
	if (t->loud || level == LOG_BROKEN)
		(void)fprintf(stderr, "log %d %s %s\n", (int)level, event, kv);
}

static void *
mem_take(void *ctx, size_t n)
{
	struct test_env *t = ctx;
	void *p = malloc(n);

	if (p == NULL)
		return NULL;
	t->blocks++;
	t->takes++;
	t->peak = MAX(t->peak, t->mem.used + n);
	return p;
}

static void
mem_give(void *ctx, void *p)
{
	struct test_env *t = ctx;

	ASSERT(t->blocks > 0);
	t->blocks--;
	free(p);
}

void
test_env_init(struct test_env *t, uint64_t seed)
{
	*t = (struct test_env){
		.now_ms = 1000,
		.wall_s = 1800000000,
		.seed = seed,
	};
	t->env = (struct env){ env_mono_ms, env_wall_s, env_fill_random,
		env_write_log, t };
	t->mem = (struct mem){ .alloc = mem_take,
		.release = mem_give,
		.ctx = t,
		.cap = SIZE_MAX / 2 };
}

void
test_env_check(const struct test_env *t)
{
	if (t->blocks != 0 || t->mem.used != 0) {
		(void)fprintf(stderr, "%zu blocks, %zu bytes leaked\n",
		    t->blocks, t->mem.used);
		abort();
	}
	if (t->broken != 0) {
		(void)fprintf(stderr, "%u broken log lines\n", t->broken);
		abort();
	}
}
