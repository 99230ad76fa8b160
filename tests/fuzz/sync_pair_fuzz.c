/*
 * Two sessions of sync with bytes changed on the way. The first eight bytes
 * choose the sets, cursors and how bytes are cut; then each four: direction
 * and place, what the byte is changed by. Unchanged, the sets become equal;
 * changed anyhow, both sides come to an end, at the latest when time is up,
 * and give back all memory.
 */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "tests/unit/sync_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HOUR       490000
#define MEMORY_MAX ((size_t)8 << 20)

struct edits {
	struct slice list; /* 4 bytes each */
	bool done;         /* something was changed */
};

static void
garble(void *ctx, struct sync_side *from, uint8_t *bytes, size_t n, uint64_t at)
{
	struct edits *e = ctx;

	for (size_t i = 0; i + 4 <= e->list.n; i += 4) {
		const uint8_t *p = e->list.p + i;
		const uint32_t place = get_u32be(p) >> 8 & 0x7fffff;
		if ((p[0] >> 7 != 0) != from->cf.dialer || place < at ||
		    place >= at + n)
			continue;
		bytes[place - at] ^= p[3];
		e->done |= p[3] != 0;
	}
}

static void
fill(struct sync_pair *p, const uint8_t *h)
{
	const size_t both = (size_t)h[0] * 4, a = h[1], b = h[2];
	const uint32_t hours = 1 + h[3];

	for (size_t i = 0; i < both + a + b; i++) {
		const uint32_t hour =
		    i < h[4] % 8 ? 0
				 : HOUR + (uint32_t)test_below(&p->t, hours);
		const struct sync_item item = sync_pair_item(p, hour);
		if (i < both + a)
			sync_side_add(&p->a, &item);
		if (i < both || i >= both + a)
			sync_side_add(&p->b, &item);
	}
	sync_side_sort(&p->a);
	sync_side_sort(&p->b);
}

static void
cursor(struct sync_side *side, const struct sync_side *other)
{
	side->cf.cursor = (struct sync_cursor){ .known = true };
	memcpy(side->cf.cursor.tag, other->cf.tag, SYNC_TAG);
	side->fresh_known = true;
	for (size_t i = 0; i < side->n; i++)
		if (!sync_side_has(other, &side->items[i]))
			side->fresh[side->fresh_n++] = (uint32_t)i;
}

/* Whoever still waits for the other gives up when time is up. */
static void
give_up(struct sync_pair *p, struct sync_side *side)
{
	if (side->over)
		return;
	sync_on_time(side->s, 1000);
	sync_on_time(side->s, 100000000);
	sync_side_serve(side, &p->t);
	ASSERT(side->over && side->end.type == SYNC_FAILED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sync_pair p;
	struct edits e = { 0 };

	if (size < 8)
		return 0;
	e.list = slice_of(data + 8, size - 8);
	sync_pair_init(&p, 1 + data[5]);
	fill(&p, data);
	if ((data[6] & 1) != 0) {
		cursor(&p.a, &p.b);
		cursor(&p.b, &p.a);
	}
	p.piece_max = data[7];
	p.a.late_max = data[6] >> 1 & 7;
	p.b.late_max = data[6] >> 4 & 7;
	p.garble = garble;
	p.garble_ctx = &e;
	const bool ended = sync_pair_run(&p);
	ASSERT(ended || e.done);
	give_up(&p, &p.a);
	give_up(&p, &p.b);
	ASSERT(p.t.peak <= MEMORY_MAX);
	if (!e.done) {
		ASSERT(p.a.end.type == SYNC_DONE);
		ASSERT(p.b.end.type == SYNC_DONE);
		sync_pair_merge(&p);
		ASSERT(sync_pair_equal(&p));
	}
	sync_pair_free(&p);
	return 0;
}
