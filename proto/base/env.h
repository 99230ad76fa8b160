/*
 * env.h: everything the outside world may tell a protocol core besides
 * bytes. node/ fills it from libuv and libsodium, tests from a seed. Nothing
 * below node/ reads a clock, draws randomness or prints by itself.
 */
#pragma once

#include "proto/base/base.h"

enum log_level {
	LOG_DEBUG,   /* for a developer who looks for something */
	LOG_INFO,    /* normal life: listening, peer connected */
	LOG_UNUSUAL, /* a peer or a user did something odd */
	LOG_BROKEN,  /* our own bug; a test that logs one fails */
};

struct env {
	/* Milliseconds since some start; never goes back. */
	uint64_t (*mono_ms)(void *ctx);
	/* Seconds since 1970 UTC; may jump; for the times of records alone. */
	uint64_t (*wall_s)(void *ctx);
	/* Fills out[0..n) with bytes fit for keys and nonces. */
	void (*random)(void *ctx, uint8_t *out, size_t n);
	/* One event: a name, then "key=value key=value"; never a secret. */
	void (*log)(
	    void *ctx, enum log_level level, const char *event, const char *kv);
	void *ctx;
};

/** env_random_u64(env): 64 random bits. */
uint64_t env_random_u64(const struct env *env);

/** env_random_below(env, max): uniform enough in [0, max), max in 1..2^32. */
uint64_t env_random_below(const struct env *env, uint64_t max);

/**
 * env_log(env, level, event, fmt, ...):
 * Format up to 511 bytes of "key=value" text and pass them on. ${event} is a
 * short constant in snake_case; longer text is cut.
 */
void env_log(const struct env *env, enum log_level level, const char *event,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
