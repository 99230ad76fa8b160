#include "node/base/env.h"

#include <stdlib.h>
#include <uv.h>

#include "crypto/crypto.h"

uint64_t
env_mono_ms(void)
{
	return uv_hrtime() / 1000000;
}

static uint64_t
mono_ms(void *ctx)
{
	(void)ctx;
	return env_mono_ms();
}

static uint64_t
wall_s(void *ctx)
{
	uv_timeval64_t tv = { 0 };

	(void)ctx;
	(void)uv_gettimeofday(&tv);
	return tv.tv_sec < 0 ? 0 : (uint64_t)tv.tv_sec;
}

static void
fill_random(void *ctx, uint8_t *out, size_t n)
{
	(void)ctx;
	crypto_random(out, n);
}

struct env
env_system(env_log_fn *log, void *ctx)
{
	return (struct env){ mono_ms, wall_s, fill_random, log, ctx };
}

static void *
heap_alloc(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}

static void
heap_release(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

struct mem
mem_heap(size_t cap)
{
	return (struct mem){
		.alloc = heap_alloc, .release = heap_release, .cap = cap
	};
}
