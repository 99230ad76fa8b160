/*
 * The input is an opening or an extension, read against the roots that its
 * own heads have, so that all behind them is reached. What is taken: counts
 * that add up, leaves that stand where they say; and an older ledger has no
 * count that a newer one lacks.
 */
#include <stdlib.h>

#include "proto/evidence/ledger.h"
#include "proto/record/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t scratch_bytes[LEDGER_SCRATCH_BYTES];

static bool
root_in(const struct value *map, uint64_t size_key, const struct ledger_of *l,
    uint8_t root[32])
{
	const struct value *n = value_find(map, size_key);
	const struct value *top = value_find(map, size_key + 2);
	struct ledger_head head;

	if (n == NULL || n->type != VALUE_UINT || n->u > UINT32_MAX ||
	    top == NULL || top->type != VALUE_BIN || top->s.n != LEDGER_NODE)
		return false;
	head.n = (uint32_t)n->u;
	for (unsigned i = 0; i < LEDGER_SUMS; i++)
		head.top.sums[i] = get_u32be(top->s.p + 4 * i);
	memcpy(head.top.hash, top->s.p + 4 * LEDGER_SUMS, 32);
	ledger_root(root, l->net, l->company, &head);
	return true;
}

static void
check_head(const struct ledger_head *head)
{
	const struct ledger_counts c = ledger_counts_of(head);
	const uint64_t all = (uint64_t)c.pledged + c.kept + c.partly +
			     c.broken + c.lapsed + c.done;

	ASSERT(head->n >= 1 && head->n <= LEDGER_LEAVES_MAX && all == head->n);
	ASSERT(c.open <= c.pledged && c.overdue == 0);
}

static void
check_opening(const struct ledger_opening *o)
{
	check_head(&o->head);
	ASSERT(o->count >= 1 && o->count <= LEDGER_OPENED);
	ASSERT(o->first < o->head.n && o->count <= o->head.n - o->first);
	for (uint32_t i = 0; i < o->count; i++)
		ASSERT(o->leaves[i].of <= o->first + i);
	if (o->count == o->head.n) {
		struct ledger_head head;
		ledger_head_of(o->leaves, o->count, &head);
		ASSERT(memcmp(&head.top, &o->head.top, sizeof(head.top)) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	const struct slice in = slice_of(data, size);
	struct ledger_of l = { .net = slice_str("test-a") };
	uint8_t root[32] = { 0 }, older[32] = { 0 };
	struct ledger_opening o;
	struct ledger_extension x;
	struct value map;

	if (size <= LEDGER_BYTES_MAX && value_parse(in, &scratch, &map) == OK &&
	    map.type == VALUE_MAP) {
		const struct value *company = value_find(&map, 6);
		if (company != NULL && company->type == VALUE_BIN &&
		    company->s.n == ED25519_PUBLIC)
			memcpy(l.company, company->s.p, ED25519_PUBLIC);
		(void)root_in(&map, 8, &l, root);
		(void)root_in(&map, 18, &l, older);
	}
	if (ledger_opening_read(in, &l, root, &scratch, &o) == EVIDENCE_FINE) {
		check_opening(&o);
		root[0] ^= 1;
		ASSERT(ledger_opening_read(in, &l, root, &scratch, &o) ==
		       EVIDENCE_BAD_PATH);
		root[0] ^= 1;
	}
	if (ledger_extension_read(in, &l, older, root, &scratch, &x) ==
	    EVIDENCE_FINE) {
		check_head(&x.older);
		check_head(&x.newer);
		for (unsigned i = 0; i < LEDGER_SUMS; i++)
			ASSERT(x.older.top.sums[i] <= x.newer.top.sums[i]);
		older[0] ^= 1;
		ASSERT(ledger_extension_read(in, &l, older, root, &scratch,
			   &x) == EVIDENCE_BAD_PATH);
	}
	return 0;
}
