#include "tests/unit/sync_pair.h"

#include <stdlib.h>

#include "crypto/crypto.h"

int
sync_item_cmp(const void *a, const void *b)
{
	const struct sync_item *x = a, *y = b;

	if (x->hour != y->hour)
		return x->hour < y->hour ? -1 : 1;
	return memcmp(x->id, y->id, SYNC_ID);
}

static void
push(struct sync_item **items, size_t *n, size_t *cap,
    const struct sync_item *item)
{
	if (*n == *cap) {
		*cap = *cap == 0 ? 64 : 2 * *cap;
		*items = realloc(*items, *cap * sizeof(**items));
		ASSERT(*items != NULL);
	}
	(*items)[(*n)++] = *item;
}

static void
side_init(struct sync_side *side, struct test_env *t, bool dialer)
{
	side->mem = mem_child(&t->mem, (size_t)256 << 20);
	side->cf = (struct sync_config){
		.dialer = dialer, .net = slice_str("test"), .scope = scope_all()
	};
	side->cf.tag[0] = dialer ? 0xd1 : 0x15;
	side->head = dialer ? 1000 : 2000;
}

void
sync_pair_init(struct sync_pair *p, uint64_t seed)
{
	*p = (struct sync_pair){ 0 };
	test_env_init(&p->t, seed);
	side_init(&p->a, &p->t, true);
	side_init(&p->b, &p->t, false);
}

static void
side_free(struct sync_side *side)
{
	sync_free(side->s);
	free(side->items);
	free(side->got);
	free(side->refused);
}

void
sync_pair_free(struct sync_pair *p)
{
	side_free(&p->a);
	side_free(&p->b);
	test_env_check(&p->t);
}

void
sync_side_add(struct sync_side *side, const struct sync_item *item)
{
	push(&side->items, &side->n, &side->cap, item);
}

void
sync_side_sort(struct sync_side *side)
{
	size_t n = 0;

	if (side->n == 0)
		return;
	qsort(side->items, side->n, sizeof(*side->items), sync_item_cmp);
	for (size_t i = 0; i < side->n; i++)
		if (n == 0 ||
		    sync_item_cmp(&side->items[n - 1], &side->items[i]) != 0)
			side->items[n++] = side->items[i];
	side->n = n;
}

bool
sync_side_has(const struct sync_side *side, const struct sync_item *item)
{
	return side->n > 0 && bsearch(item, side->items, side->n, sizeof(*item),
				  sync_item_cmp) != NULL;
}

struct sync_item
sync_pair_item(struct sync_pair *p, uint32_t hour)
{
	struct sync_item item = { .hour = hour };

	p->t.env.random(p->t.env.ctx, item.id, SYNC_ID);
	return item;
}

void
sync_side_record(const struct sync_item *item, uint8_t out[PAIR_RECORD])
{
	memset(out, item->id[0], PAIR_RECORD);
	put_u32be(out, item->hour);
	memcpy(out + 4, item->id, SYNC_ID);
}

static void
judge(struct sync_side *side, const struct sync_item *item)
{
	struct sync_item winner = { 0 };
	enum sync_verdict v = SYNC_KEPT;

	if (side->judge != NULL)
		v = side->judge(side, item, &winner);
	if (v == SYNC_KEPT)
		push(&side->got, &side->got_n, &side->got_cap, item);
	sync_judged(side->s, v, item->id, &winner);
}

static void
take(struct sync_side *side, struct slice bytes)
{
	struct sync_item item = { 0 };

	if (bytes.n != PAIR_RECORD) { /* a liar's */
		side->rejected++;
		sync_judged(side->s, SYNC_REJECT, NULL, NULL);
		return;
	}
	item.hour = get_u32be(bytes.p);
	memcpy(item.id, bytes.p + 4, SYNC_ID);
	if (side->late_max == 0) {
		judge(side, &item);
		return;
	}
	side->late[side->late_n++] = item;
}

/* In no order. */
static void
judge_late(struct sync_side *side, struct test_env *t, size_t down_to)
{
	while (side->late_n > down_to) {
		const size_t at = test_below(t, side->late_n);
		const struct sync_item item = side->late[at];
		side->late[at] = side->late[--side->late_n];
		judge(side, &item);
	}
}

static void
serve(struct sync_side *side, const struct sync_event *ev)
{
	uint8_t record[PAIR_RECORD];

	switch (ev->type) {
	case SYNC_NEED_ITEMS:
		side->since = ev->since;
		sync_items(side->s,
		    &(struct sync_set){ .items = side->items,
			.n = side->n,
			.fresh = side->fresh,
			.fresh_n = side->fresh_n,
			.fresh_known = side->fresh_known && ev->since.known,
			.head = side->head });
		break;
	case SYNC_WORK:
		sync_work(side->s);
		break;
	case SYNC_RECORD:
		take(side, ev->bytes);
		break;
	case SYNC_BODY:
		sync_side_record(&ev->item, record);
		sync_body(side->s, slice_of(record, sizeof(record)));
		break;
	case SYNC_REFUSED:
		push(&side->refused, &side->refused_n, &side->refused_cap,
		    &ev->item);
		break;
	case SYNC_DONE:
	case SYNC_FAILED:
		side->over = true;
		side->end = *ev;
		break;
	}
}

void
sync_side_serve(struct sync_side *side, struct test_env *t)
{
	struct sync_event ev;

	for (;;) {
		while (sync_next(side->s, &ev)) {
			serve(side, &ev);
			if (side->late_n == side->late_max)
				judge_late(side, t, side->late_max / 2);
		}
		if (side->late_n == 0)
			break;
		judge_late(side, t, 0);
	}
}

void
sync_side_serve_traced(struct sync_side *side, uint64_t *hash, uint64_t *events)
{
	static const uint8_t key[16] = { 2 };
	struct sync_event ev;

	while (sync_next(side->s, &ev)) {
		const uint64_t of[] = { (uint64_t)ev.type, (uint64_t)ev.why,
			ev.item.hour, get_u64be(ev.item.id), ev.bytes.n,
			ev.bytes.n > 0
			    ? hash_siphash(ev.bytes.p, ev.bytes.n, key)
			    : 0 };
		*hash = *hash * 31 + hash_siphash(of, sizeof(of), key);
		(*events)++;
		serve(side, &ev);
	}
}

/* Moves a piece; false: there was nothing. */
static bool
move(struct sync_pair *p, struct sync_side *from, struct sync_side *to)
{
	struct slice out = sync_send(from->s);

	if (out.n == 0)
		return false;
	if (p->piece_max > 0) {
		const size_t most = 1 + test_below(&p->t, p->piece_max);
		out.n = MIN(out.n, most);
	}
	if (p->cut_after > 0 && p->moved + out.n > p->cut_after) {
		p->cut = true;
		return true;
	}
	size_t n = 0;
	if (p->garble == NULL) {
		n = sync_recv(to->s, out, p->t.now_ms);
	} else {
		uint8_t bytes[4096];
		out.n = MIN(out.n, sizeof(bytes));
		memcpy(bytes, out.p, out.n);
		p->garble(p->garble_ctx, from, bytes, out.n,
		    sync_figures(from->s).bytes_out);
		n = sync_recv(to->s, slice_of(bytes, out.n), p->t.now_ms);
	}
	if (n > 0 && from->tap != NULL)
		from->tap(from->tap_ctx, from, slice_of(out.p, n));
	sync_sent(from->s, n, p->t.now_ms);
	p->moved += n;
	return n > 0;
}

static void
side_start(struct sync_pair *p, struct sync_side *side)
{
	sync_free(side->s);
	side->over = false;
	side->got_n = side->late_n = side->refused_n = 0;
	side->rejected = 0;
	put_u64be(side->cf.nonce, test_random(&p->t));
	side->s = sync_new(&side->mem, &side->cf, p->t.now_ms);
	ASSERT(side->s != NULL);
}

void
sync_pair_start(struct sync_pair *p)
{
	side_start(p, &p->a);
	side_start(p, &p->b);
	p->moved = 0;
	p->cut = false;
}

bool
sync_pair_run(struct sync_pair *p)
{
	bool moved = true;

	sync_pair_start(p);
	while (moved && !p->cut) {
		sync_side_serve(&p->a, &p->t);
		sync_side_serve(&p->b, &p->t);
		moved = move(p, &p->a, &p->b);
		sync_side_serve(&p->b, &p->t);
		if (!p->cut)
			moved |= move(p, &p->b, &p->a);
	}
	return p->cut || (p->a.over && p->b.over);
}

static void
merge(struct sync_side *side)
{
	for (size_t i = 0; i < side->got_n; i++)
		push(&side->items, &side->n, &side->cap, &side->got[i]);
	side->got_n = 0;
	sync_side_sort(side);
}

void
sync_pair_merge(struct sync_pair *p)
{
	/* The sessions borrow the items. */
	sync_free(p->a.s);
	sync_free(p->b.s);
	p->a.s = p->b.s = NULL;
	merge(&p->a);
	merge(&p->b);
}

bool
sync_pair_equal(const struct sync_pair *p)
{
	return p->a.n == p->b.n &&
	       (p->a.n == 0 || memcmp(p->a.items, p->b.items,
				   p->a.n * sizeof(*p->a.items)) == 0);
}
