/*
 * gossip_table.h: a map from 64-bit keys to 64-bit values with a bound, open
 * addressing in one block. Keys must already be unpredictable to a peer (a
 * keyed hash, random bits), since they are used as they are.
 *
 * Grows by doubling within its memory budget, gives the block back when it
 * runs empty. Not ordered.
 */
#pragma once

#include "proto/base/mem.h"

struct gossip_slot {
	uint64_t key; /* 0: free */
	uint64_t value;
};

struct gossip_table {
	struct mem *mem;
	struct gossip_slot *slots;
	uint32_t n, cap; /* cap is a power of two, or 0 */
	uint32_t max;    /* n never exceeds this */
};

void table_init(struct gossip_table *t, struct mem *mem, uint32_t max);
void table_fini(struct gossip_table *t);

/** table_get(t, key): the value's place until the next change; or NULL. */
uint64_t *table_get(const struct gossip_table *t, uint64_t key);

/** table_put(t, key, value): insert or replace; ERR_LIMIT: full, no memory. */
NODISCARD err table_put(struct gossip_table *t, uint64_t key, uint64_t value);

/** table_del(t, key): false: it was not there. */
bool table_del(struct gossip_table *t, uint64_t key);

/** table_sweep(t, drop, ctx): delete every entry for which drop() is true. */
void table_sweep(struct gossip_table *t,
    bool (*drop)(void *ctx, const struct gossip_slot *s), void *ctx);
