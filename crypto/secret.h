/*
 * secret.h: memory for secrets that live long: not written to swap where the
 * system allows it (RLIMIT_MEMLOCK), not in core dumps, between guard pages.
 */
#pragma once

#include "crypto/crypto.h"

/**
 * secret_alloc(n, locked):
 * ${n} zero bytes, or NULL. ${locked}: whether they are kept out of swap.
 * A fork does not inherit the lock: call it in the process that keeps them.
 */
void *secret_alloc(size_t n, bool *locked);

/** secret_free(p): wipes it; NULL is fine. */
void secret_free(void *p);

/** secret_lock(p, n): of memory that is there already; false: not allowed. */
CRYPTO_CHECKED bool secret_lock(void *p, size_t n);

/** secret_unlock(p, n): wipes it, too. */
void secret_unlock(void *p, size_t n);
