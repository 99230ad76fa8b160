/*
 * env.h: the outside world of a program of ours, for the cores below node/:
 * clocks and randomness of the system, memory of the heap. One place fills
 * struct env and struct mem; a test that wants other ones has its own.
 */
#pragma once

#include "proto/base/env.h"
#include "proto/base/mem.h"

/** What an env does with an event; see struct env. */
typedef void env_log_fn(
    void *ctx, enum log_level level, const char *event, const char *kv);

/**
 * env_system(log, ctx): the system's clocks and random source, from any
 * thread; events go to ${log} (NULL: nowhere) with ${ctx}.
 */
struct env env_system(env_log_fn *log, void *ctx);

/** env_mono_ms(): what its mono_ms tells, for who has no env at hand. */
uint64_t env_mono_ms(void);

/** mem_heap(cap): at most ${cap} bytes of malloc() at once. */
struct mem mem_heap(size_t cap);
