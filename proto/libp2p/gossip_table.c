#include "proto/libp2p/gossip_table.h"

#define TABLE_START 16

void
table_init(struct gossip_table *t, struct mem *mem, uint32_t max)
{
	ASSERT(max <= UINT32_MAX / 4);
	*t = (struct gossip_table){ .mem = mem, .max = max };
}

void
table_fini(struct gossip_table *t)
{
	mem_free(t->mem, t->slots, t->cap * sizeof(t->slots[0]));
	t->slots = NULL;
	t->n = 0;
	t->cap = 0;
}

/* 0 marks a free slot; the one key in 2^64 that is 0 shares with 1. */
static uint64_t
usable(uint64_t key)
{
	return key == 0 ? 1 : key;
}

static uint32_t
home(const struct gossip_table *t, uint64_t key)
{
	return (uint32_t)(key >> 32 ^ key) & (t->cap - 1);
}

/* Where the key is, or the free slot where it would go. */
static uint32_t
find(const struct gossip_table *t, uint64_t key)
{
	uint32_t i = home(t, key);

	while (t->slots[i].key != 0 && t->slots[i].key != key)
		i = (i + 1) & (t->cap - 1);
	return i;
}

static err
grow(struct gossip_table *t)
{
	struct gossip_table bigger = *t;

	bigger.cap = t->cap == 0 ? TABLE_START : t->cap * 2;
	bigger.slots = mem_alloc(t->mem, bigger.cap * sizeof(t->slots[0]));
	if (bigger.slots == NULL)
		return ERR_LIMIT;
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slots[i].key != 0)
			bigger.slots[find(&bigger, t->slots[i].key)] =
			    t->slots[i];
	mem_free(t->mem, t->slots, t->cap * sizeof(t->slots[0]));
	*t = bigger;
	return OK;
}

uint64_t *
table_get(const struct gossip_table *t, uint64_t key)
{
	if (t->n == 0)
		return NULL;
	struct gossip_slot *s = &t->slots[find(t, usable(key))];
	return s->key == 0 ? NULL : &s->value;
}

err
table_put(struct gossip_table *t, uint64_t key, uint64_t value)
{
	uint64_t *there = table_get(t, key);

	if (there != NULL) {
		*there = value;
		return OK;
	}
	if (t->n >= t->max)
		return ERR_LIMIT;
	if (t->n + 1 > t->cap / 4 * 3)
		TRY(grow(t));
	key = usable(key);
	t->slots[find(t, key)] = (struct gossip_slot){ key, value };
	t->n++;
	return OK;
}

bool
table_del(struct gossip_table *t, uint64_t key)
{
	if (table_get(t, key) == NULL)
		return false;
	if (--t->n == 0) {
		table_fini(t);
		return true;
	}

	/* Close the gap: move back what could not be found behind it. */
	const uint32_t mask = t->cap - 1;
	uint32_t gap = find(t, usable(key));
	for (uint32_t i = (gap + 1) & mask; t->slots[i].key != 0;
	     i = (i + 1) & mask) {
		const uint32_t from = home(t, t->slots[i].key);
		if (((i - from) & mask) < ((i - gap) & mask))
			continue;
		t->slots[gap] = t->slots[i];
		gap = i;
	}
	t->slots[gap] = (struct gossip_slot){ 0, 0 };
	return true;
}

void
table_sweep(struct gossip_table *t,
    bool (*drop)(void *ctx, const struct gossip_slot *s), void *ctx)
{
	for (uint32_t i = 0; i < t->cap;) {
		const struct gossip_slot s = t->slots[i];
		if (s.key == 0 || !drop(ctx, &s))
			i++;
		else /* another entry may have moved to i: look again */
			(void)table_del(t, s.key);
	}
}
