#include "node/crawl/frontier.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "proto/base/text.h"
#include "store/map.h"

#define FORMAT    1
#define MAP_BYTES (UINT64_C(64) << 30) /* of addresses, not of disk */
#define TAKEN_S   UINT32_MAX /* a taken peer is behind all that wait */
#define TOTALS    "totals"
#define BATCH     4096 /* changes before a walk that deletes commits */

enum table { META, PEERS, QUEUE, VISITS, EDGES, GROUPS, INFOS, SORT };

/* A peer as it lies in the map; then its id and its addresses, each with a
 * length in front. */
struct stored {
	uint8_t format, state, source, pad;
	uint32_t depth, attempts, named_by, first_s, answered_s, ready_s;
	uint64_t ready_n;
};

struct group {
	uint32_t next_s, peers;
};

struct frontier {
	struct frontier_config cf;
	struct map *map;
	struct map_txn *txn; /* open from the first use to the commit */
	uint8_t key[FRONTIER_KEY];
	uint64_t queued; /* entries given so far */
	struct frontier_totals totals;
};

const char *
frontier_source_name(enum frontier_source s)
{
	static const char *const names[] = { "seed", "node", "dht", "provider",
		"exchange", "lan" };

	return names[s];
}

const char *
frontier_state_name(enum frontier_state s)
{
	static const char *const names[] = { "waiting", "answered",
		"unreachable", "opted-out", "other-network" };

	return names[s];
}

/* ---- transactions ---- */

static err
txn(struct frontier *f)
{
	return f->txn != NULL ? OK : map_begin(f->map, true, &f->txn);
}

static err
get(struct frontier *f, enum table t, struct slice key, struct slice *v)
{
	TRY(txn(f));
	return map_get(f->txn, t, key, v);
}

static err
put(struct frontier *f, enum table t, struct slice key, struct slice v)
{
	TRY(txn(f));
	return map_put(f->txn, t, key, v, MAP_PUT);
}

static err
del(struct frontier *f, enum table t, struct slice key)
{
	TRY(txn(f));
	const err e = map_del(f->txn, t, key);
	return e == ERR_NOTFOUND ? OK : e;
}

/* What must survive beside the totals. */
struct kept {
	uint32_t format, size;
	uint8_t key[FRONTIER_KEY];
	uint64_t queued;
	struct frontier_totals totals;
};

err
frontier_commit(struct frontier *f)
{
	struct kept k;

	if (f->txn == NULL)
		return OK;
	memset(&k, 0, sizeof(k));
	k.format = FORMAT;
	k.size = sizeof(k);
	memcpy(k.key, f->key, sizeof(k.key));
	k.queued = f->queued;
	k.totals = f->totals;
	err e = put(f, META, slice_str(TOTALS), slice_of(&k, sizeof(k)));
	struct map_txn *t = f->txn;
	f->txn = NULL;
	if (e == OK)
		e = map_commit(t);
	else
		map_abort(t);
	crypto_wipe(&k, sizeof(k));
	return e;
}

static err
load(struct frontier *f, struct problem *p)
{
	struct slice v;
	struct kept k;
	const err e = get(f, META, slice_str(TOTALS), &v);

	if (e == ERR_NOTFOUND && f->cf.create) {
		f->cf.env->random(f->cf.env->ctx, f->key, sizeof(f->key));
		f->totals.begin_s = f->cf.env->wall_s(f->cf.env->ctx);
		return OK;
	}
	if (e != OK)
		return e;
	if (v.n != sizeof(k)) {
		problem_set(p, EXIT_NEWER, "E1021",
		    "the crawl in %s was begun by another version of ohcn",
		    f->cf.dir);
		return ERR_CORRUPT;
	}
	memcpy(&k, v.p, sizeof(k));
	memcpy(f->key, k.key, sizeof(f->key));
	f->queued = k.queued;
	f->totals = k.totals;
	crypto_wipe(&k, sizeof(k));
	return OK;
}

/* ---- the queue: key is the second and a number, value taken and name ---- */

#define QUEUE_KEY   12
#define QUEUE_VALUE (1 + FRONTIER_NAME)

static void
place_key(uint8_t out[QUEUE_KEY], uint32_t s, uint64_t n)
{
	put_u32be(out, s);
	put_u64be(out + 4, n);
}

static err
place_remove(struct frontier *f, struct frontier_peer *p)
{
	uint8_t key[QUEUE_KEY];

	if (p->ready_n == 0)
		return OK;
	place_key(key, p->ready_s, p->ready_n);
	p->ready_n = 0;
	return del(f, QUEUE, slice_of(key, sizeof(key)));
}

static err
place_put(
    struct frontier *f, struct frontier_peer *p, uint64_t at_s, bool taken)
{
	uint8_t key[QUEUE_KEY], value[QUEUE_VALUE];

	TRY(place_remove(f, p));
	p->ready_s =
	    taken ? TAKEN_S : (uint32_t)MIN(at_s, (uint64_t)TAKEN_S - 1);
	p->ready_n = ++f->queued;
	place_key(key, p->ready_s, p->ready_n);
	value[0] = taken;
	memcpy(value + 1, p->name.b, FRONTIER_NAME);
	return put(f, QUEUE, slice_of(key, sizeof(key)),
	    slice_of(value, sizeof(value)));
}

/* ---- peers ---- */

#define PEER_BYTES_MAX                                                         \
	(sizeof(struct stored) + 1 + PEER_ID_MAX +                             \
	    PEER_ADDRS_MAX * (2 + PEER_ADDR_MAX))

static err
peer_put(struct frontier *f, const struct frontier_peer *p)
{
	uint8_t room[PEER_BYTES_MAX];
	struct buf b = { room, 0, sizeof(room) };
	struct stored s;

	memset(&s, 0, sizeof(s));
	s.format = FORMAT;
	s.state = (uint8_t)p->state;
	s.source = (uint8_t)p->source;
	s.depth = p->depth;
	s.attempts = p->attempts;
	s.named_by = p->named_by;
	s.first_s = p->first_s;
	s.answered_s = p->answered_s;
	s.ready_s = p->ready_s;
	s.ready_n = p->ready_n;
	TRY(buf_put(&b, &s, sizeof(s)));
	TRY(buf_put_u8(&b, p->id.n));
	TRY(buf_put(&b, p->id.bytes, p->id.n));
	for (uint32_t i = 0; i < p->addrs_n; i++) {
		uint8_t n[2];
		put_u16be(n, p->addrs[i].n);
		TRY(buf_put(&b, n, 2));
		TRY(buf_put(&b, p->addrs[i].bytes, p->addrs[i].n));
	}
	return put(f, PEERS, slice_of(p->name.b, FRONTIER_NAME), buf_slice(&b));
}

static err
peer_read(struct slice name, struct slice v, struct frontier_peer *p)
{
	struct stored s;

	if (name.n != FRONTIER_NAME || v.n < sizeof(s) + 1)
		return ERR_CORRUPT;
	memcpy(&s, v.p, sizeof(s));
	slice_skip(&v, sizeof(s));
	*p = (struct frontier_peer){ .state = (enum frontier_state)s.state,
		.source = (enum frontier_source)s.source,
		.depth = s.depth,
		.attempts = s.attempts,
		.named_by = s.named_by,
		.first_s = s.first_s,
		.answered_s = s.answered_s,
		.ready_s = s.ready_s,
		.ready_n = s.ready_n };
	memcpy(p->name.b, name.p, FRONTIER_NAME);
	p->id.n = v.p[0];
	if (s.format != FORMAT || p->id.n > PEER_ID_MAX || v.n < 1U + p->id.n)
		return ERR_CORRUPT;
	memcpy(p->id.bytes, v.p + 1, p->id.n);
	slice_skip(&v, 1U + p->id.n);
	while (v.n >= 2 && p->addrs_n < PEER_ADDRS_MAX) {
		struct frontier_addr *a = &p->addrs[p->addrs_n++];
		a->n = get_u16be(v.p);
		slice_skip(&v, 2);
		if (a->n > v.n || a->n > PEER_ADDR_MAX)
			return ERR_CORRUPT;
		memcpy(a->bytes, v.p, a->n);
		slice_skip(&v, a->n);
	}
	return v.n == 0 ? OK : ERR_CORRUPT;
}

err
frontier_get(struct frontier *f, const struct frontier_name *name,
    struct frontier_peer *out)
{
	const struct slice key = slice_of(name->b, FRONTIER_NAME);
	struct slice v;

	TRY(get(f, PEERS, key, &v));
	return peer_read(key, v, out);
}

struct frontier_name
frontier_name_of(const struct frontier *f, const struct peer_id *id)
{
	const struct crypto_part parts[] = { { f->key, FRONTIER_KEY },
		{ id->bytes, id->n } };
	struct frontier_name name;

	hash_blake2b(name.b, sizeof(name.b), "ohcn-crawl-v1", parts, 2);
	return name;
}

void
frontier_name_put(
    char out[FRONTIER_NAME_TEXT], const struct frontier_name *name)
{
	const err e = base32_put(
	    out, FRONTIER_NAME_TEXT, slice_of(name->b, FRONTIER_NAME));

	ASSERT(e == OK);
}

/* ---- hearing of peers ---- */

/* true: it is new. */
static bool
merge_addr(struct frontier_peer *p, struct slice addr)
{
	addr = multiaddr_strip_peer(addr);
	if (addr.n == 0 || addr.n > PEER_ADDR_MAX ||
	    multiaddr_check(addr) != OK || p->addrs_n == PEER_ADDRS_MAX)
		return false;
	for (uint32_t i = 0; i < p->addrs_n; i++)
		if (slice_eq(slice_of(p->addrs[i].bytes, p->addrs[i].n), addr))
			return false;
	struct frontier_addr *a = &p->addrs[p->addrs_n++];
	a->n = (uint16_t)addr.n;
	memcpy(a->bytes, addr.p, addr.n);
	return true;
}

/* The subnet that a peer counts for: of its first address out in the world;
 * 0: this machine, a LAN or a name, which need no pause. */
static reach_group
group_of(const struct frontier_peer *p)
{
	for (uint32_t i = 0; i < p->addrs_n; i++) {
		const struct slice a =
		    slice_of(p->addrs[i].bytes, p->addrs[i].n);
		if (reach_of(a) == REACH_WORLD && reach_group_of(a) != 0)
			return reach_group_of(a);
	}
	return 0;
}

/*
 * When a peer may be called: calls into one subnet have a pause between them,
 * which each one that waits has a place in. ERR_LIMIT: the subnet is full.
 */
static err
group_place(struct frontier *f, const struct frontier_peer *p, bool newcomer,
    uint64_t now_s, uint64_t *at_s)
{
	const reach_group g = group_of(p);
	uint8_t key[8];
	struct group group = { 0 };
	struct slice v;

	*at_s = now_s;
	if (g == 0)
		return OK;
	put_u64be(key, g);
	const err e = get(f, GROUPS, slice_of(key, 8), &v);
	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (e == OK && v.n == sizeof(group))
		memcpy(&group, v.p, sizeof(group));
	if (newcomer && group.peers >= FRONTIER_GROUP_MAX)
		return ERR_LIMIT;
	*at_s = MAX(now_s, (uint64_t)group.next_s);
	group.next_s = (uint32_t)(*at_s + f->cf.group_pause_s);
	group.peers += newcomer;
	return put(
	    f, GROUPS, slice_of(key, 8), slice_of(&group, sizeof(group)));
}

static err
add_new(struct frontier *f, struct frontier_peer *p, uint64_t now_s)
{
	uint64_t at_s = 0;

	if (f->totals.peers >= f->cf.peers_max) {
		f->totals.no_room++;
		return ERR_LIMIT;
	}
	const err e = group_place(f, p, true, now_s, &at_s);
	if (e == ERR_LIMIT)
		f->totals.crowded++;
	if (e != OK)
		return e;
	TRY(place_put(f, p, at_s, false));
	TRY(peer_put(f, p));
	f->totals.peers++;
	f->totals.waiting++;
	return OK;
}

err
frontier_add(struct frontier *f, const struct peer_id *id,
    const struct slice *addrs, uint32_t n, enum frontier_source source,
    uint32_t depth, uint64_t now_s)
{
	const struct frontier_name name = frontier_name_of(f, id);
	struct frontier_peer p;
	bool fresh = false;
	const err e = frontier_get(f, &name, &p);

	if (e != OK && e != ERR_NOTFOUND)
		return e;
	if (e == ERR_NOTFOUND)
		p = (struct frontier_peer){ .name = name,
			.source = source,
			.depth = depth,
			.first_s = (uint32_t)now_s,
			.id = *id };
	if (p.state == FRONTIER_OPTED_OUT)
		return ERR_EXISTS;
	for (uint32_t i = 0; i < n; i++)
		fresh |= merge_addr(&p, addrs[i]);
	if (e == ERR_NOTFOUND && p.addrs_n == 0) {
		f->totals.undiallable++;
		return ERR_FORM;
	}
	if (e == ERR_NOTFOUND)
		return add_new(f, &p, now_s);
	if (depth < p.depth) {
		p.depth = depth;
		fresh = true;
	}
	if (fresh)
		TRY(peer_put(f, &p));
	return ERR_EXISTS;
}

err
frontier_next(struct frontier *f, uint64_t now_s, struct frontier_peer *out)
{
	struct map_cursor *c = NULL;
	struct slice key, value;
	struct frontier_name name;

	TRY(txn(f));
	TRY(map_cursor_open(f->txn, QUEUE, &c));
	err e = map_cursor_seek(c, slice_of(NULL, 0), &key, &value);
	/* Those that are taken stand far behind: the first is the one. */
	if (e == OK && (key.n != QUEUE_KEY || value.n != QUEUE_VALUE))
		e = ERR_CORRUPT;
	if (e == OK && (get_u32be(key.p) > now_s || value.p[0] != 0))
		e = ERR_NOTFOUND;
	if (e == OK)
		memcpy(name.b, value.p + 1, FRONTIER_NAME);
	map_cursor_close(c);
	TRY(e);
	TRY(frontier_get(f, &name, out));
	TRY(place_put(f, out, TAKEN_S, true));
	return peer_put(f, out);
}

err
frontier_later(struct frontier *f, struct frontier_peer *p, uint64_t at_s)
{
	struct frontier_peer now;
	uint64_t place_s = 0;

	/* Addresses and edges may have come meanwhile. */
	TRY(frontier_get(f, &p->name, &now));
	now.attempts = p->attempts;
	TRY(group_place(f, &now, false, at_s, &place_s));
	TRY(place_put(f, &now, place_s, false));
	TRY(peer_put(f, &now));
	*p = now;
	return OK;
}

err
frontier_done(struct frontier *f, struct frontier_peer *p)
{
	struct frontier_peer now;

	TRY(frontier_get(f, &p->name, &now));
	TRY(place_remove(f, &now));
	now.attempts = p->attempts;
	now.state = p->state;
	now.answered_s = p->answered_s;
	f->totals.waiting--;
	f->totals.answered += p->state == FRONTIER_ANSWERED;
	f->totals.unreachable += p->state == FRONTIER_UNREACHABLE;
	f->totals.foreign += p->state == FRONTIER_FOREIGN;
	if (p->state == FRONTIER_OPTED_OUT) {
		f->totals.opted_out++;
		now.id.n = 0;
		now.addrs_n = 0;
		TRY(del(f, INFOS, slice_of(p->name.b, FRONTIER_NAME)));
	}
	return peer_put(f, &now);
}

/* Visits that a kill has cut off: they wait again, first of all. */
static err
release_taken(struct frontier *f)
{
	for (;;) {
		struct map_cursor *c = NULL;
		struct slice key, value;
		struct frontier_peer p;
		struct frontier_name name;
		TRY(txn(f));
		TRY(map_cursor_open(f->txn, QUEUE, &c));
		err e = map_cursor_prev(c, &key, &value); /* the last one */
		if (e == OK && value.n != QUEUE_VALUE)
			e = ERR_CORRUPT;
		const bool taken = e == OK && value.p[0] != 0;
		if (taken)
			memcpy(name.b, value.p + 1, FRONTIER_NAME);
		map_cursor_close(c);
		if (e == ERR_NOTFOUND || (e == OK && !taken))
			return OK;
		TRY(e);
		TRY(frontier_get(f, &name, &p));
		TRY(place_put(f, &p, 0, false));
		TRY(peer_put(f, &p));
	}
}

/* ---- what is written down ---- */

err
frontier_edge(struct frontier *f, const struct frontier_name *from,
    const struct frontier_name *to, enum frontier_source source)
{
	uint8_t key[2 * FRONTIER_NAME + 1];
	struct frontier_peer p;
	struct slice v;

	memcpy(key, from->b, FRONTIER_NAME);
	memcpy(key + FRONTIER_NAME, to->b, FRONTIER_NAME);
	key[2 * FRONTIER_NAME] = (uint8_t)source;
	const err e = get(f, EDGES, slice_of(key, sizeof(key)), &v);
	if (e != ERR_NOTFOUND)
		return e == OK ? ERR_EXISTS : e;
	TRY(put(f, EDGES, slice_of(key, sizeof(key)), slice_of("", 0)));
	f->totals.edges++;
	if (source == FRONTIER_PROVIDER || frontier_get(f, to, &p) != OK)
		return OK;
	p.named_by++;
	return peer_put(f, &p);
}

static err
json_put(struct frontier *f, enum table t, struct slice key, const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	err e = ERR_NOMEM;

	if (text != NULL)
		e = strlen(text) > MAP_VALUE_MAX
			? ERR_LIMIT
			: put(f, t, key, slice_str(text));
	free(text);
	return e;
}

static json_t *
json_get(struct frontier *f, enum table t, struct slice key)
{
	struct slice v;

	if (get(f, t, key, &v) != OK)
		return NULL;
	return json_loadb((const char *)v.p, v.n, 0, NULL);
}

err
frontier_note(struct frontier *f, const char *key, const json_t *o)
{
	return json_put(f, META, slice_str(key), o);
}

json_t *
frontier_noted(struct frontier *f, const char *key)
{
	return json_get(f, META, slice_str(key));
}

err
frontier_info(
    struct frontier *f, const struct frontier_name *name, const json_t *o)
{
	return json_put(f, INFOS, slice_of(name->b, FRONTIER_NAME), o);
}

json_t *
frontier_info_of(struct frontier *f, const struct frontier_name *name)
{
	return json_get(f, INFOS, slice_of(name->b, FRONTIER_NAME));
}

err
frontier_visit(struct frontier *f, const json_t *o)
{
	uint8_t key[8];

	put_u64be(key, f->totals.visits + 1);
	TRY(json_put(f, VISITS, slice_of(key, 8), o));
	f->totals.visits++;
	return OK;
}

/* ---- walks ---- */

typedef bool each_fn(void *ctx, struct slice key, struct slice value, err *e);

static err
each(struct frontier *f, enum table t, each_fn *fn, void *ctx)
{
	struct map_cursor *c = NULL;
	struct slice key, value;
	err e;

	TRY(txn(f));
	TRY(map_cursor_open(f->txn, t, &c));
	err inner = OK;
	for (e = map_cursor_seek(c, slice_of(NULL, 0), &key, &value);
	     e == OK && fn(ctx, key, value, &inner);
	     e = map_cursor_next(c, &key, &value))
		;
	map_cursor_close(c);
	if (inner != OK)
		return inner;
	return e == ERR_NOTFOUND ? OK : e;
}

struct walk {
	frontier_peer_fn *peer;
	frontier_visit_fn *visit;
	frontier_edge_fn *edge;
	frontier_sort_fn *sort;
	void *ctx;
};

static bool
walk_peer(void *ctx, struct slice key, struct slice value, err *e)
{
	const struct walk *w = ctx;
	struct frontier_peer p;

	*e = peer_read(key, value, &p);
	return *e == OK && w->peer(w->ctx, &p);
}

static bool
walk_visit(void *ctx, struct slice key, struct slice value, err *e)
{
	const struct walk *w = ctx;
	json_t *o = json_loadb((const char *)value.p, value.n, 0, NULL);

	*e = o == NULL || key.n != 8 ? ERR_CORRUPT : OK;
	const bool more = *e == OK && w->visit(w->ctx, get_u64be(key.p), o);
	json_decref(o);
	return more;
}

static bool
walk_edge(void *ctx, struct slice key, struct slice value, err *e)
{
	const struct walk *w = ctx;
	struct frontier_name from, to;

	(void)value;
	*e = key.n != 2 * FRONTIER_NAME + 1 ? ERR_CORRUPT : OK;
	if (*e != OK)
		return false;
	memcpy(from.b, key.p, FRONTIER_NAME);
	memcpy(to.b, key.p + FRONTIER_NAME, FRONTIER_NAME);
	return w->edge(
	    w->ctx, &from, &to, (enum frontier_source)key.p[2 * FRONTIER_NAME]);
}

static bool
walk_sort(void *ctx, struct slice key, struct slice value, err *e)
{
	const struct walk *w = ctx;

	(void)value;
	(void)e;
	return w->sort(w->ctx, key);
}

err
frontier_each_peer(struct frontier *f, frontier_peer_fn *fn, void *ctx)
{
	struct walk w = { .peer = fn, .ctx = ctx };

	return each(f, PEERS, walk_peer, &w);
}

err
frontier_each_visit(struct frontier *f, frontier_visit_fn *fn, void *ctx)
{
	struct walk w = { .visit = fn, .ctx = ctx };

	return each(f, VISITS, walk_visit, &w);
}

err
frontier_each_edge(struct frontier *f, frontier_edge_fn *fn, void *ctx)
{
	struct walk w = { .edge = fn, .ctx = ctx };

	return each(f, EDGES, walk_edge, &w);
}

err
frontier_sort_add(struct frontier *f, struct slice key)
{
	return put(f, SORT, key, slice_of("", 0));
}

err
frontier_sort_each(struct frontier *f, frontier_sort_fn *fn, void *ctx)
{
	struct walk w = { .sort = fn, .ctx = ctx };

	return each(f, SORT, walk_sort, &w);
}

err
frontier_sort_clear(struct frontier *f)
{
	for (size_t n = 0;; n++) {
		struct map_cursor *c = NULL;
		struct slice key, value;
		uint8_t copy[MAP_KEY_MAX];
		TRY(txn(f));
		TRY(map_cursor_open(f->txn, SORT, &c));
		const err e =
		    map_cursor_seek(c, slice_of(NULL, 0), &key, &value);
		if (e == OK)
			memcpy(copy, key.p, key.n);
		map_cursor_close(c);
		if (e == ERR_NOTFOUND)
			return OK;
		TRY(e);
		TRY(del(f, SORT, slice_of(copy, key.n)));
		if (n % BATCH == BATCH - 1)
			TRY(frontier_commit(f));
	}
}

/* ---- opening ---- */

void
frontier_limits(struct frontier *f, uint64_t peers_max, uint32_t group_pause_s)
{
	f->cf.peers_max = peers_max;
	f->cf.group_pause_s = group_pause_s;
}

struct frontier_totals *
frontier_totals(struct frontier *f)
{
	return &f->totals;
}

const uint8_t *
frontier_key(const struct frontier *f)
{
	return f->key;
}

err
frontier_open(
    const struct frontier_config *cf, struct frontier **out, struct problem *p)
{
	const struct map_lmdb_options options = { .map_bytes = MAP_BYTES,
		.create = cf->create };
	struct frontier *f = calloc(1, sizeof(*f));
	char why[MAP_WHY] = "";

	*out = NULL;
	if (f == NULL)
		return ERR_NOMEM;
	f->cf = *cf;
	p->what[0] = 0;
	err e = map_lmdb_open(cf->dir, &options, &f->map, why);
	if (e == OK)
		e = load(f, p);
	if (e == OK)
		e = release_taken(f);
	if (e == OK)
		e = frontier_commit(f);
	if (e == OK) {
		*out = f;
		return OK;
	}
	if (p->what[0] == 0) {
		problem_set(p,
		    e == ERR_EXISTS     ? EXIT_CONFLICT
		    : e == ERR_NOTFOUND ? EXIT_NOTFOUND
		    : e == ERR_CORRUPT  ? EXIT_DAMAGED
					: EXIT_DISK,
		    "E1019", "cannot open the crawl in %s: %s", cf->dir,
		    err_name(e));
		problem_why(p, "%s", why);
	}
	frontier_close(f);
	return e;
}

void
frontier_close(struct frontier *f)
{
	if (f == NULL)
		return;
	map_abort(f->txn);
	map_close(f->map);
	crypto_wipe(f->key, sizeof(f->key));
	free(f);
}
