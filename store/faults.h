/*
 * faults.h: what a check or a repair tells of what it finds, in words: the
 * first STORE_FAULTS_TOLD of it, all of it counted.
 */
#pragma once

#include "store/store.h"

struct store_faults {
	store_fault_fn *fn; /* NULL: only counted */
	void *ctx;
	uint64_t *n; /* of the caller's report */
};

/** store_fault(f, fmt, ...): one more; its text is cut at 159 bytes. */
void store_fault(const struct store_faults *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
