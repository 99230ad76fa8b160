#include "converge_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/arena.h"
#include "proto/record/schema.h"
#include "proto/sync/sync.h"
#include "store/store.h"
#include "test_env.h"
#include "test_records.h"
#include "tests/sim/model.h"

#define NODES_MAX   10
#define RECORDS_MAX 120
#define AUTHORS     6 /* of everybody; then one for each node */
#define ROUNDS_MAX  6 /* of sessions between all pairs, until all agree */
#define REFUSED_MAX 512
#define EQUAL_BYTES 400 /* of a session that finds no difference */
#define PASS_MAX    200 /* of store_expire() */
#define SKEW_S      290 /* clocks differ by less than ten minutes */

struct cursor {
	struct sync_cursor c;
	struct sync_item refused[REFUSED_MAX];
	unsigned refused_n;
};

struct peer {
	struct world *world;
	unsigned index;
	bool joined;
	struct map *map;
	struct store *store;
	struct scope scope; /* as it was set */
	uint64_t quota;
	int64_t skew;
	uint8_t tag[SYNC_TAG];
	unsigned side;
	struct cursor of[NODES_MAX]; /* what it knows of each */
	/* When it was stored first, by count; 0: not, or evicted since. */
	unsigned seen[RECORDS_MAX];
	unsigned seen_n;
};

struct made {
	uint8_t bytes[400];
	size_t n;
	struct record r;
};

struct world {
	struct test_env env;
	enum converge_plant plant;
	struct converge_result *out;
	struct peer peers[NODES_MAX];
	unsigned peers_n;
	struct made made[RECORDS_MAX];
	struct model_record model[RECORDS_MAX];
	unsigned made_n;
	uint64_t now_s;
};

static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];

static const char *const regions[] = { "de", "fr", "at", "zz" };
static const uint32_t kinds[] = { KIND_PROFILE, KIND_DEMAND, KIND_COURSE,
	KIND_ORGANISATION };

const char *
converge_plant_name(enum converge_plant p)
{
	static const char *const names[] = { "sound", "no-winner", "floor-lost",
		"refused-lost", "refused-kept", "unheard-served",
		"scope-ignored", "body-lost" };

	return names[p];
}

static void note_fault(struct world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* With OHCN_CONVERGE_LOG set: what happens, for a seed that fails. */
#define SAY(...)                                                               \
	do {                                                                   \
		if (loud)                                                      \
			(void)printf(__VA_ARGS__);                             \
	} while (0)
static bool loud;

static void
note_fault(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->out->failed)
		return;
	w->out->failed = true;
	va_start(ap, fmt);
	(void)vsnprintf(w->out->why, sizeof(w->out->why), fmt, ap);
	va_end(ap);
}

static size_t
below(struct world *w, size_t n)
{
	return test_below(&w->env, n);
}

static bool
chance(struct world *w, unsigned percent)
{
	return below(w, 100) < percent;
}

static uint64_t
clock_of(const struct world *w, const struct peer *p)
{
	return (uint64_t)((int64_t)w->now_s + p->skew);
}

/* ---- stores ---- */

static void
random_fill(struct world *w, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)below(w, 256);
}

static void
store_start(struct world *w, struct peer *p)
{
	struct store_config cf = { .net = slice_str(TEST_NET),
		.max_records = p->quota,
		.scope = &p->scope };
	char why[STORE_WHY];

	random_fill(w, cf.random, sizeof(cf.random));
	const err e = store_open(p->map, &cf, &p->store, why);
	if (e != OK)
		fail_msg("store_open: %s", why);
	/* A copied disk may have the tag of another store: a cursor must not be
	 * believed. */
	if (store_info(p->store).created && !chance(w, 10))
		random_fill(w, p->tag, sizeof(p->tag));
}

static void
map_new(struct peer *p)
{
	assert_int_equal(map_memory_open(64 << 20, &p->map), OK);
}

static unsigned
number_of(const struct world *w, const uint8_t *id)
{
	unsigned i = 0;

	while (i < w->made_n && memcmp(w->model[i].id, id, RECORD_ID) != 0)
		i++;
	return i;
}

static void
on_gone(void *ctx, const struct store_gone *gone)
{
	struct peer *p = ctx;
	struct world *w = p->world;
	const unsigned i = number_of(w, gone->id);

	SAY("  gone from %u: record %u, %d\n", p->index, i, (int)gone->why);
	if (gone->why == STORE_EVICTED)
		p->seen[i] = 0;
	w->out->evicted += gone->why == STORE_EVICTED;
	w->out->expired += gone->why == STORE_EXPIRED;
}

static void
settle(struct world *w, struct peer *p)
{
	size_t removed = 1;

	for (unsigned i = 0; i < PASS_MAX && removed > 0; i++) {
		const err e = store_expire(
		    p->store, clock_of(w, p), 1000, on_gone, p, &removed);
		assert_int_equal(e, OK);
	}
}

/* Judged and stored as the pipeline would, but for the signature. */
static enum record_outcome
take(struct world *w, struct peer *p, struct slice bytes, bool own,
    struct record *r)
{
	const struct record_rules rules = { slice_str(TEST_NET), clock_of(w, p),
		0 };
	struct arena a = arena_of(scratch_bytes, sizeof(scratch_bytes));
	enum record_outcome o = record_open(bytes, &rules, &a, r);

	if (o != RECORD_FINE)
		return o;
	r->opaque = false;
	struct store_item item = { .record = r, .own = own };
	const err e =
	    store_apply(p->store, &item, 1, clock_of(w, p), on_gone, p);
	assert_int_equal(e, OK);
	SAY("  node %u takes record %u: %s\n", p->index, number_of(w, r->id),
	    record_outcome_name(item.outcome));
	unsigned *seen = &p->seen[number_of(w, r->id)];
	if (item.outcome == RECORD_STORED && *seen == 0)
		*seen = ++p->seen_n;
	return item.outcome;
}

/* The live records of a store in another one: its floors are forgotten. */
static bool
on_copy(void *ctx, const struct store_record *s)
{
	struct store *to = ctx;
	struct arena a = arena_of(scratch_bytes, sizeof(scratch_bytes));
	struct record r;

	assert_int_equal(record_read(s->bytes, &a, &r), RECORD_FINE);
	struct store_item item = { .record = &r, .own = s->own };
	assert_int_equal(
	    store_apply(to, &item, 1, s->received_s, NULL, NULL), OK);
	item.own = false;
	if (s->own && s->heard)
		assert_int_equal(
		    store_apply(to, &item, 1, s->received_s, NULL, NULL), OK);
	return true;
}

static void
forget_floors(struct world *w, struct peer *p)
{
	struct peer new = { .scope = p->scope, .quota = p->quota };
	struct store_view *view = NULL;

	map_new(&new);
	store_start(w, &new);
	assert_int_equal(store_view_open(p->store, &view), OK);
	assert_int_equal(store_each_arrival(view, 0, on_copy, new.store), OK);
	store_view_close(view);
	store_close(p->store);
	map_close(p->map);
	p->map = new.map;
	p->store = new.store;
}

static void
crash(struct world *w, struct peer *p)
{
	if (w->plant == CONVERGE_FLOOR_LOST) {
		forget_floors(w, p);
	} else {
		store_close(p->store);
		store_start(w, p);
	}
	/* What was not saved of the peers. */
	for (unsigned i = 0; i < w->peers_n; i++)
		if (chance(w, 30))
			p->of[i] = (struct cursor){ 0 };
}

static bool hand_over(struct world *w, struct peer *p);

/* A new disk; what it knew of its peers went with it. Records of its own that
 * nobody has heard of are lost for good: then it is not replaced. */
static void
replace(struct world *w, struct peer *p)
{
	for (unsigned i = 0; i < w->made_n; i++)
		if (w->model[i].secret && w->model[i].owner == p->index)
			return;
	if (!hand_over(w, p))
		return;
	SAY("node %u is replaced\n", p->index);
	store_close(p->store);
	map_close(p->map);
	map_new(p);
	store_start(w, p);
	memset(p->seen, 0, sizeof(p->seen));
	if (!chance(w, 20)) /* or it did not: then it knows too much */
		memset(p->of, 0, sizeof(p->of));
}

/* ---- records ---- */

static const struct test_author *
author(unsigned number)
{
	static struct test_author known[AUTHORS + NODES_MAX];
	static bool made[ARRAY_LEN(known)];

	if (!made[number])
		known[number] = test_author(9000 + number);
	made[number] = true;
	return &known[number];
}

/* The letter of a title makes records of one slot and seq differ. */
static struct slice
payload_of(struct world *w, uint32_t kind, bool deleted, uint8_t room[64])
{
	static const struct {
		uint32_t kind;
		const char *bytes; /* '?' is the letter */
		size_t n;
	} of[] = {
		{ KIND_REVOCATION, "\x81\x00\x02", 3 },
		{ KIND_ORGANISATION, "\x81\x00\x81\xcd\x65\x6e\xa1?", 8 },
		{ KIND_DEMAND, "\x82\x00\x02\x02\x81\xcd\x65\x6e\xa1?", 10 },
		{ KIND_COURSE,
		    "\x83\x00\x01\x02\x81\xcd\x65\x6e\xa1?\x04\x91\x82\x00"
		    "\xc4\x08\x01\x02\x03\x04\x05\x06\x07\x08\x04\x02",
		    26 },
	};
	size_t n = 1;

	room[0] = 0x80;
	for (size_t i = 0; !deleted && i < ARRAY_LEN(of); i++) {
		if (of[i].kind != kind)
			continue;
		n = of[i].n;
		memcpy(room, of[i].bytes, n);
	}
	for (size_t i = 0; i < n; i++)
		if (room[i] == '?')
			room[i] = (uint8_t)('A' + below(w, 26));
	return slice_of(room, n);
}

/* The largest expires so far in a slot: an honest author never goes below. */
static uint64_t
expires_so_far(const struct world *w, const struct model_record *like)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < w->made_n; i++)
		if (model_same_slot(&w->model[i], like))
			most = MAX(most, w->model[i].expires_h);
	return most;
}

static void
draw(struct world *w, struct record_draft *d, struct model_record *m,
    unsigned number)
{
	const uint64_t hour = w->now_s / 3600;

	d->net = slice_str(TEST_NET);
	d->kind = chance(w, 4) ? KIND_REVOCATION : kinds[below(w, 4)];
	if (number >= AUTHORS) /* a person on a node of its own */
		d->kind = KIND_PROFILE;
	d->slot = d->kind == KIND_DEMAND || d->kind == KIND_COURSE
		      ? (uint32_t)below(w, 3)
		      : 0;
	d->region = regions[chance(w, 50) ? 0 : below(w, 4)];
	d->flags = d->kind != KIND_REVOCATION && chance(w, 15)
		       ? RECORD_FLAG_DELETED
		       : 0;
	/* Some were made a while ago and come late; seqs collide. */
	d->seq = (hour - (chance(w, 30) ? below(w, 30) : 0)) << 8 | below(w, 3);
	d->expires_h = (d->seq >> 8) + 1 + below(w, chance(w, 50) ? 8 : 200);
	*m = (struct model_record){
		.author = author(number)->pub, .kind = d->kind, .slot = d->slot
	};
	if (!chance(w, 15))
		d->expires_h = MAX(d->expires_h, expires_so_far(w, m));
	if (d->kind == KIND_REVOCATION)
		d->expires_h =
		    (d->seq >> 8) + kind_info(KIND_REVOCATION)->lifetime_hours;
	d->stamp = d->kind == KIND_REVOCATION
		       ? slice_of(NULL, 0)
		       : slice_of(author(number)->stamp, STAMP_WORK_BYTES);
}

/* The number of a new record, or of one that is the same to the bit. */
static unsigned
make(struct world *w, unsigned number)
{
	struct made *x = &w->made[w->made_n];
	struct model_record *m = &w->model[w->made_n];
	struct record_draft d = { 0 };
	struct buf b = { x->bytes, 0, sizeof(x->bytes) };
	struct arena a = arena_of(scratch_bytes, sizeof(scratch_bytes));
	uint8_t room[64];

	draw(w, &d, m, number);
	d.pv = schema_pv(d.kind);
	d.payload =
	    payload_of(w, d.kind, (d.flags & RECORD_FLAG_DELETED) != 0, room);
	assert_int_equal(
	    record_make(&d, author(number)->pub, author(number)->secret, &b),
	    OK);
	x->n = b.n;
	assert_int_equal(record_read(buf_slice(&b), &a, &x->r), RECORD_FINE);
	for (unsigned i = 0; i < w->made_n; i++)
		if (memcmp(w->made[i].r.id, x->r.id, RECORD_ID) == 0)
			return i;
	m->id = x->r.id;
	m->author = x->r.author;
	m->seq = x->r.seq;
	m->expires_h = x->r.expires_h;
	memcpy(m->region, x->r.region, sizeof(m->region));
	SAY("record %u: author %u kind %u slot %u seq %llu.%u region %s "
	    "expires "
	    "%llu%s\n",
	    w->made_n, number, (unsigned)m->kind, (unsigned)m->slot,
	    (unsigned long long)(m->seq >> 8), (unsigned)(m->seq & 255),
	    m->region, (unsigned long long)m->expires_h,
	    record_deleted(&x->r) ? " deleted" : "");
	return w->made_n++;
}

static struct slice
bytes_of(const struct world *w, unsigned i)
{
	return slice_of(w->made[i].bytes, w->made[i].n);
}

/*
 * Is the record in the network when this node has judged it so? Not where it
 * lies outside the scope, and is kept as an answer at best, or may be evicted.
 */
static bool
is_in(const struct world *w, const struct peer *p, unsigned i,
    enum record_outcome o)
{
	const struct model_record *m = &w->model[i];

	if (o == RECORD_STALE || o == RECORD_REVOKED)
		return true;
	return (o == RECORD_STORED || o == RECORD_DUPLICATE) && p->quota == 0 &&
	       scope_has(&p->scope, m->kind, m->region, m->seq >> 8, m->author);
}

/* To some nodes, as gossip that loses much; at least to one if ${sure}. */
static void
spread(struct world *w, unsigned i, bool sure)
{
	bool any = false;

	for (unsigned tries = 0; tries < 50 && !(any && tries > 0); tries++) {
		for (unsigned k = 0; k < w->peers_n; k++) {
			struct peer *p = &w->peers[(k + i) % w->peers_n];
			struct record r;
			if (!p->joined || !chance(w, 30))
				continue;
			const enum record_outcome o =
			    take(w, p, bytes_of(w, i), false, &r);
			any = any || is_in(w, p, i, o);
		}
		if (!sure)
			return;
	}
	struct record r;
	if (!any) /* node 0 has every scope */
		(void)take(w, &w->peers[0], bytes_of(w, i), false, &r);
}

/* A card of a node's own owner; later it is heard of, or not. */
static void
publish_card(struct world *w, struct peer *p)
{
	const unsigned before = w->made_n;
	const unsigned i = make(w, AUTHORS + p->index);
	struct record r;

	if (i < before)
		return;
	w->model[i].secret = true;
	w->model[i].owner = p->index;
	const enum record_outcome o = take(w, p, bytes_of(w, i), true, &r);
	if (o != RECORD_STORED) /* an older one than its own, or too late */
		w->made_n = before;
	else if (w->plant == CONVERGE_UNHEARD_SERVED)
		(void)take(w, p, bytes_of(w, i), false, &r);
}

static void
hear_of(struct world *w, unsigned i)
{
	struct peer *owner = &w->peers[w->model[i].owner];
	struct record r;

	w->model[i].secret = false;
	spread(w, i, true);
	/* and one of those has sent it back */
	(void)take(w, owner, bytes_of(w, i), false, &r);
}

/* ---- a session ---- */

struct end {
	struct world *w;
	struct peer *me;
	struct cursor *known; /* of the other one */
	struct sync *s;
	struct sync_item items[RECORDS_MAX];
	uint32_t fresh[RECORDS_MAX];
	size_t items_n, fresh_n;
	struct {
		uint8_t bytes[400];
		size_t n;
	} waiting[RECORDS_MAX]; /* to be judged */
	unsigned waiting_n;
	struct sync_cursor since;
	uint64_t head;
	bool over;
	struct sync_event last;
};

static bool
is_refused(const struct cursor *c, const struct store_item_key *key)
{
	for (unsigned i = 0; i < c->refused_n; i++)
		if (c->refused[i].hour == key->hour &&
		    memcmp(c->refused[i].id, key->id, SYNC_ID) == 0)
			return true;
	return false;
}

static bool
on_item(void *ctx, const struct store_item_key *key)
{
	struct end *e = ctx;

	e->head = MAX(e->head, key->arrival);
	if (is_refused(e->known, key))
		return true;
	assert_true(e->items_n < RECORDS_MAX);
	struct sync_item *it = &e->items[e->items_n];
	it->hour = key->hour;
	memcpy(it->id, key->id, SYNC_ID);
	if (e->since.known && key->arrival > e->since.rid)
		e->fresh[e->fresh_n++] = (uint32_t)e->items_n;
	e->items_n++;
	return true;
}

static void
give_items(struct end *e, const struct sync_event *ev)
{
	const struct scope all = scope_all();
	struct store_view *view = NULL;

	e->since = ev->since;
	assert_int_equal(store_view_open(e->me->store, &view), OK);
	assert_int_equal(
	    store_each_item(view,
		e->w->plant == CONVERGE_SCOPE_IGNORED ? &all : ev->scope,
		clock_of(e->w, e->me), on_item, e),
	    OK);
	store_view_close(view);
	const struct sync_set set = { .items = e->items,
		.n = e->items_n,
		.fresh = e->fresh,
		.fresh_n = e->fresh_n,
		.fresh_known = e->since.known,
		.head = e->head };
	sync_items(e->s, &set);
}

static void
give_body(struct end *e, const struct sync_item *item)
{
	struct store_view *view = NULL;
	struct store_record r;

	assert_int_equal(store_view_open(e->me->store, &view), OK);
	const err x = store_get_item(view, item->hour, item->id, &r);
	const bool lost =
	    e->w->plant == CONVERGE_BODY_LOST && (item->id[0] & 7) == 0;
	sync_body(e->s, x == OK && !lost ? r.bytes : slice_of(NULL, 0));
	store_view_close(view);
}

/* The rules of node/sync/judge.c. */
static enum sync_verdict
winner_of(
    struct end *e, const struct record *r, bool revoked, struct sync_item *out)
{
	enum sync_verdict v = SYNC_REFUSE;
	struct store_view *view = NULL;
	struct store_record w;

	if (e->w->plant == CONVERGE_NO_WINNER && !revoked)
		return v;
	assert_int_equal(store_view_open(e->me->store, &view), OK);
	if (store_get_open(view, r->author, revoked ? KIND_REVOCATION : r->kind,
		revoked ? 0 : r->slot, &w) == OK) {
		out->hour =
		    w.kind == KIND_REVOCATION ? 0 : (uint32_t)(w.seq >> 8);
		memcpy(out->id, w.id, SYNC_ID);
		v = SYNC_BEATEN;
		e->w->out->beaten++;
	}
	store_view_close(view);
	return v;
}

/* Who sends a record has it by now. */
static void
refused_drop(struct cursor *c, const uint8_t *id)
{
	for (unsigned i = 0; i < c->refused_n; i++)
		if (memcmp(c->refused[i].id, id, SYNC_ID) == 0)
			c->refused[i--] = c->refused[--c->refused_n];
}

static void
judge_one(struct end *e)
{
	const unsigned i = (unsigned)below(e->w, e->waiting_n);
	struct sync_item winner = { 0 };
	enum sync_verdict v;
	struct record r;

	const enum record_outcome o = take(e->w, e->me,
	    slice_of(e->waiting[i].bytes, e->waiting[i].n), false, &r);
	if (e->w->plant != CONVERGE_REFUSED_KEPT)
		refused_drop(e->known, r.id);
	if (o == RECORD_STORED || o == RECORD_DUPLICATE)
		v = SYNC_KEPT;
	else if (o == RECORD_STALE || o == RECORD_REVOKED)
		v = winner_of(e, &r, o == RECORD_REVOKED, &winner);
	else if (o == RECORD_QUEUE_FULL && r.kind == KIND_REVOCATION)
		v = SYNC_REFUSE; /* more than it has room for */
	else if (o == RECORD_RELAYED || o == RECORD_OUT_OF_SCOPE)
		v = SYNC_KEPT; /* an answer that is not needed any more */
	else
		v = SYNC_LATER;
	e->w->out->held += o == RECORD_STORED;
	e->w->out->stale += o == RECORD_STALE;
	e->w->out->revoked += o == RECORD_REVOKED;
	if (record_verdict(o) == VERDICT_REJECT)
		note_fault(
		    e->w, "a record was rejected: %s", record_outcome_name(o));
	sync_judged(e->s, v, v == SYNC_REFUSE ? r.id : NULL,
	    v == SYNC_BEATEN ? &winner : NULL);
	e->waiting[i] = e->waiting[--e->waiting_n];
}

static void
on_refused(struct end *e, const struct sync_item *item)
{
	struct cursor *c = e->known;

	e->w->out->refused++;
	if (e->w->plant != CONVERGE_REFUSED_LOST && c->refused_n < REFUSED_MAX)
		c->refused[c->refused_n++] = *item;
}

static void
serve(struct end *e, const struct sync_event *ev)
{
	switch (ev->type) {
	case SYNC_NEED_ITEMS:
		give_items(e, ev);
		break;
	case SYNC_WORK:
		sync_work(e->s);
		break;
	case SYNC_RECORD:
		assert_true(e->waiting_n < RECORDS_MAX);
		assert_true(ev->bytes.n <= sizeof(e->waiting[0].bytes));
		memcpy(
		    e->waiting[e->waiting_n].bytes, ev->bytes.p, ev->bytes.n);
		e->waiting[e->waiting_n++].n = ev->bytes.n;
		break;
	case SYNC_BODY:
		give_body(e, &ev->item);
		break;
	case SYNC_REFUSED:
		on_refused(e, &ev->item);
		break;
	case SYNC_DONE:
	case SYNC_FAILED:
		e->over = true;
		e->last = *ev;
		break;
	}
}

/* All that one end can do before bytes come. */
static bool
turn(struct end *e)
{
	struct sync_event ev;
	bool any = false;

	while (!e->over && sync_next(e->s, &ev)) {
		serve(e, &ev);
		any = true;
		if (e->waiting_n > 0 && chance(e->w, 30))
			judge_one(e);
	}
	if (!e->over && e->waiting_n > 0) {
		judge_one(e);
		any = true;
	}
	return any;
}

/* Some of the bytes of one end to the other. */
static bool
carry(struct end *from, struct end *to, uint64_t *left)
{
	const struct slice out = sync_send(from->s);
	const size_t some =
	    chance(from->w, 30) ? 1 + below(from->w, 50) : SIZE_MAX;
	const size_t n = MIN(MIN(out.n, some), *left);

	if (n == 0)
		return false;
	const size_t used =
	    sync_recv(to->s, slice_of(out.p, n), from->w->env.now_ms);
	sync_sent(from->s, used, from->w->env.now_ms);
	*left -= used;
	return used > 0;
}

static struct sync *
session_new(struct world *w, struct peer *me, struct cursor *known, bool dials)
{
	struct sync_config cf = {
		.dialer = dials, .net = slice_str(TEST_NET), .cursor = known->c
	};

	random_fill(w, cf.nonce, sizeof(cf.nonce));
	memcpy(cf.tag, me->tag, sizeof(cf.tag));
	store_scope(me->store, &cf.scope);
	struct sync *s = sync_new(&w->env.mem, &cf, w->env.now_ms);
	assert_non_null(s);
	return s;
}

static void
end_note(struct end *e, bool was_cut)
{
	if (!was_cut && e->over && e->last.type == SYNC_FAILED)
		note_fault(e->w, "a session of node %u failed: %s, %s",
		    e->me->index, sync_why_name(e->last.why),
		    sync_close_name(e->last.close));
	else if (!was_cut && !e->over)
		note_fault(
		    e->w, "a session of node %u stands still", e->me->index);
	if (e->over && e->last.type == SYNC_DONE && !e->last.partial)
		e->known->c = e->last.cursor;
}

struct outcome {
	uint64_t bytes, records;
	bool equal;
};

/* ${left}: bytes until the connection breaks. */
static struct outcome
session(struct world *w, struct peer *a, struct peer *b, uint64_t left)
{
	static struct end ends[2];
	const uint64_t whole = left;

	SAY("session %u -> %u\n", a->index, b->index);
	ends[0] = (struct end){ .w = w, .me = a, .known = &a->of[b->index] };
	ends[1] = (struct end){ .w = w, .me = b, .known = &b->of[a->index] };
	ends[0].s = session_new(w, a, ends[0].known, true);
	ends[1].s = session_new(w, b, ends[1].known, false);
	for (bool any = true; any;) {
		any = turn(&ends[0]);
		any = carry(&ends[0], &ends[1], &left) || any;
		any = turn(&ends[1]) || any;
		any = carry(&ends[1], &ends[0], &left) || any;
	}
	const struct sync_figures f = sync_figures(ends[0].s);
	const struct outcome o = { .bytes = whole - left,
		.records = f.records_in + f.records_out,
		.equal = f.equal };
	w->out->sessions++;
	w->out->cut += left == 0;
	for (unsigned i = 0; i < 2; i++) {
		end_note(&ends[i], left == 0);
		sync_free(ends[i].s);
	}
	return o;
}

/* What it alone has must not be lost: node 0 gets it first. */
static bool
hand_over(struct world *w, struct peer *p)
{
	if (p->index == 0)
		return false;
	for (unsigned i = 0; i < 3; i++)
		(void)session(w, p, &w->peers[0], UINT64_MAX);
	return true;
}

/* ---- what is held ---- */

/*
 * What a node had in a slot must not be followed by something older, as long
 * as anything lives that it had there before. What is hidden lies beside it.
 */
static void
check_forward(struct world *w, const struct peer *p, unsigned held)
{
	const struct model_record *m = &w->model[held];
	unsigned later = 0; /* the last one stored that beats it */
	uint64_t until = 0;

	for (unsigned i = 0; i < w->made_n; i++)
		if (p->seen[i] > 0 && !w->model[i].secret &&
		    model_same_slot(&w->model[i], m) &&
		    model_beats(&w->model[i], m) &&
		    (later == 0 || p->seen[i] > p->seen[later - 1]))
			later = i + 1;
	for (unsigned i = 0; i < w->made_n && later > 0; i++)
		if (p->seen[i] > 0 && p->seen[i] <= p->seen[later - 1] &&
		    model_same_slot(&w->model[i], m))
			until = MAX(until, w->model[i].expires_h);
	if (later > 0 && m->expires_h <= until)
		note_fault(w, "node %u has gone back from record %u to %u",
		    p->index, later - 1, held);
}

static void
check_peer(struct world *w, struct peer *p, bool whole)
{
	struct store_view *view = NULL;
	struct store_totals totals;
	struct store_record held;
	struct scope scope;

	store_scope(p->store, &scope);
	assert_int_equal(store_view_open(p->store, &view), OK);
	assert_int_equal(store_totals(view, &totals), OK);
	for (unsigned i = 0; i < w->made_n && !w->out->failed; i++) {
		const struct model_record *m = &w->model[i];
		const bool is = store_get(view, m->id, &held) == OK;
		if (m->secret && m->owner != p->index) {
			if (is)
				note_fault(w,
				    "node %u holds record %u, a card that "
				    "nobody has heard of",
				    p->index, i);
			continue;
		}
		if (is)
			check_forward(w, p, i);
		if (!whole)
			continue;
		const enum model_fate fate =
		    model_fate(w->model, w->made_n, i, p->index, w->now_s);
		enum model_want want = model_want(fate, m, &scope);
		/* Revocations get an eighth of a quota. */
		if (want == MODEL_MUST && m->kind == KIND_REVOCATION &&
		    p->quota > 0 &&
		    totals.kind[KIND_REVOCATION] >= MAX(p->quota / 8, 1))
			want = MODEL_MAY;
		/* What is hidden from all is as if it were not there. */
		if (want == MODEL_MAY && fate == MODEL_WINNER && is && held.own)
			want = MODEL_MUST;
		if (want == MODEL_MAY || (want == MODEL_MUST) == is)
			continue;
		note_fault(w,
		    "node %u %s record %u: kind %u slot %u seq %llu region "
		    "%s, fate %d",
		    p->index, is ? "still holds" : "does not hold", i,
		    (unsigned)m->kind, (unsigned)m->slot,
		    (unsigned long long)m->seq, m->region, (int)fate);
	}
	store_view_close(view);
}

static bool
is_whole(struct world *w)
{
	struct converge_result *out = w->out, probe = { 0 };

	w->out = &probe;
	for (unsigned i = 0; i < w->peers_n && !probe.failed; i++)
		check_peer(w, &w->peers[i], true);
	w->out = out;
	return !probe.failed;
}

static void
on_fault(void *ctx, const char *text)
{
	note_fault(ctx, "store_check: %s", text);
}

static void
check_stores(struct world *w)
{
	struct store_report report;

	for (unsigned i = 0; i < w->peers_n; i++) {
		struct store_view *view = NULL;
		assert_int_equal(store_view_open(w->peers[i].store, &view), OK);
		assert_int_equal(
		    store_check(view, STORE_CHECK, on_fault, w, &report), OK);
		store_view_close(view);
	}
}

/* ---- a history ---- */

static struct scope
draw_scope(struct world *w)
{
	struct scope s = scope_all();

	if (chance(w, 30))
		s.class_mask = (uint32_t)below(w, SCOPE_ALL_CLASSES + 1);
	if (chance(w, 30)) {
		s.kinds[0] = s.kinds[1] = 0;
		for (unsigned i = 0; i < 4; i++)
			if (chance(w, 50))
				s.kinds[kinds[i] / 64] |= UINT64_C(1)
							  << kinds[i] % 64;
	}
	for (unsigned i = 0; i < 3 && chance(w, 40); i++)
		assert_int_equal(
		    scope_add_region(&s, regions[below(w, 4)]), OK);
	if (chance(w, 25))
		s.since_h = (uint32_t)(w->now_s / 3600 - below(w, 40));
	return s;
}

/* Node 0 has every scope and no quota: there is someone to ask. */
static void
join(struct world *w, struct peer *p)
{
	p->world = w;
	p->index = (unsigned)(p - w->peers);
	p->scope = p->index == 0 || chance(w, 30) ? scope_all() : draw_scope(w);
	p->quota = p->index > 0 && chance(w, 15) ? 8 + below(w, 30) : 0;
	p->skew = (int64_t)below(w, 2 * SKEW_S + 1) - SKEW_S;
	p->joined = true;
	SAY("node %u joins, quota %llu, clock %lld, classes %x, kinds %llx, %u "
	    "regions, since %u\n",
	    p->index, (unsigned long long)p->quota, (long long)p->skew,
	    (unsigned)p->scope.class_mask,
	    (unsigned long long)p->scope.kinds[0], p->scope.regions_n,
	    (unsigned)p->scope.since_h);
	map_new(p);
	store_start(w, p);
}

static void
happen(struct world *w)
{
	struct peer *p = &w->peers[below(w, w->peers_n)];

	if (!p->joined || chance(w, 50))
		return;
	switch (below(w, 8)) {
	case 0:
		replace(w, p);
		break;
	case 1:
	case 2:
		crash(w, p);
		break;
	case 3:
		if (!hand_over(w, p))
			break;
		p->scope = chance(w, 30) ? scope_all() : draw_scope(w);
		SAY("node %u has another scope\n", p->index);
		store_set_scope(p->store, &p->scope);
		break;
	case 4:
		p->skew = (int64_t)below(w, 2 * SKEW_S + 1) - SKEW_S;
		break;
	case 5:
		if (w->made_n < RECORDS_MAX)
			publish_card(w, p);
		break;
	case 6:
		settle(w, p);
		break;
	default: /* an old record comes again */
		if (w->made_n > 0) {
			const unsigned i = (unsigned)below(w, w->made_n);
			if (!w->model[i].secret)
				spread(w, i, false);
		}
	}
}

static void
make_some(struct world *w)
{
	for (size_t n = below(w, 12); n > 0 && w->made_n < RECORDS_MAX; n--) {
		const unsigned before = w->made_n;
		const unsigned i = make(w, (unsigned)below(w, AUTHORS));
		if (!w->model[i].secret)
			spread(w, i, i == before);
	}
	for (unsigned i = 0; i < w->made_n; i++)
		if (w->model[i].secret && chance(w, 20))
			hear_of(w, i);
}

static void
phase(struct world *w)
{
	w->now_s += below(w, 6 * 3600);
	SAY("-- hour %llu + %u s\n", (unsigned long long)(w->now_s / 3600),
	    (unsigned)(w->now_s % 3600));
	for (unsigned i = 0; i < w->peers_n; i++) {
		w->peers[i].side = chance(w, 50);
		if (!w->peers[i].joined && chance(w, 40))
			join(w, &w->peers[i]);
	}
	make_some(w);
	for (size_t n = below(w, 2 * w->peers_n + 1); n > 0; n--) {
		struct peer *a = &w->peers[below(w, w->peers_n)];
		struct peer *b = &w->peers[below(w, w->peers_n)];
		happen(w);
		if (a == b || !a->joined || !b->joined || a->side != b->side)
			continue;
		(void)session(
		    w, a, b, chance(w, 25) ? 1 + below(w, 2000) : UINT64_MAX);
	}
	for (unsigned i = 0; i < w->peers_n; i++)
		if (w->peers[i].joined)
			check_peer(w, &w->peers[i], false);
}

/* Each with each, in random order. The largest of all, and the records. */
static struct outcome
all_pairs(struct world *w)
{
	struct outcome sum = { .equal = true };
	unsigned pairs[NODES_MAX * NODES_MAX], n = 0;

	for (unsigned a = 0; a < w->peers_n; a++)
		for (unsigned b = 0; b < a; b++)
			pairs[n++] = chance(w, 50) ? a * NODES_MAX + b
						   : b * NODES_MAX + a;
	while (n > 0 && !w->out->failed) {
		const size_t i = below(w, n);
		const struct outcome o =
		    session(w, &w->peers[pairs[i] / NODES_MAX],
			&w->peers[pairs[i] % NODES_MAX], UINT64_MAX);
		sum.bytes = MAX(sum.bytes, o.bytes);
		sum.records += o.records;
		sum.equal = sum.equal && o.equal;
		pairs[i] = pairs[--n];
	}
	for (unsigned i = 0; i < w->peers_n; i++)
		settle(w, &w->peers[i]);
	return sum;
}

/*
 * All are there and reach each other. After a few rounds each holds what the
 * model says; and once a round has changed nothing, the next one costs only
 * what it costs to see that.
 */
static void
converge(struct world *w)
{
	struct outcome o = { 0 };
	unsigned round = 0;

	do {
		o = all_pairs(w);
	} while (++round < ROUNDS_MAX && !w->out->failed && !is_whole(w));
	w->out->rounds = round;
	for (unsigned i = 0; i < w->peers_n; i++)
		check_peer(w, &w->peers[i], true);
	/* Refusals are exchanged, cursors kept; then nothing more. */
	(void)all_pairs(w);
	o = all_pairs(w);
	if (o.records > 0)
		note_fault(w, "%llu records are sent again and again",
		    (unsigned long long)o.records);
	if (!o.equal || o.bytes > EQUAL_BYTES)
		note_fault(w, "equal nodes need %llu bytes",
		    (unsigned long long)o.bytes);
	w->out->equal_bytes = (unsigned)o.bytes;
	if (!w->out->failed && !is_whole(w))
		check_peer(w, &w->peers[0], true);
}

void
converge_run(
    uint64_t seed, enum converge_plant plant, struct converge_result *out)
{
	static struct world w;

	loud = getenv("OHCN_CONVERGE_LOG") != NULL;
	memset(&w, 0, sizeof(w));
	*out = (struct converge_result){ 0 };
	test_env_init(&w.env, seed);
	w.out = out;
	w.plant = plant;
	w.now_s = TEST_NOW;
	w.peers_n = 2 + (unsigned)below(&w, NODES_MAX - 1);
	join(&w, &w.peers[0]);
	for (size_t n = 2 + below(&w, 6); n > 0 && !out->failed; n--)
		phase(&w);
	for (unsigned i = 0; i < w.peers_n; i++)
		if (!w.peers[i].joined)
			join(&w, &w.peers[i]);
	/* The middle of an hour: nothing is about to expire. */
	w.now_s = (w.now_s / 3600 + 1) * 3600 + 1800;
	for (unsigned i = 0; i < w.made_n; i++)
		if (w.model[i].secret)
			hear_of(&w, i);
	for (unsigned i = 0; i < w.peers_n; i++)
		settle(&w, &w.peers[i]);
	if (!out->failed)
		converge(&w);
	if (!out->failed)
		check_stores(&w);
	out->nodes = w.peers_n;
	out->records = w.made_n;
	for (unsigned i = 0; i < w.peers_n; i++) {
		if (w.peers[i].store == NULL)
			continue;
		store_close(w.peers[i].store);
		map_close(w.peers[i].map);
	}
	test_env_check(&w.env);
}
