#include "proto/libp2p/peer_store.h"

#include "crypto/crypto.h"
#include "proto/libp2p/gossip_table.h"

#define MINUTE_MS 60000ULL
#define HOUR_MS   (60 * MINUTE_MS)

struct peer_store {
	struct peer_store_limits limits;
	const struct env *env;
	struct mem mem;
	uint8_t table_key[16];
	struct known_peer **peers; /* limits.peers_max */
	uint32_t top;
	struct gossip_table ids; /* key of the id -> slot */
	struct peer_store_stats stats;
};

/* How long an unproven address of a source is kept without being named. */
static const uint64_t ttl_ms[PEER_SOURCES] = {
	[PEER_OPERATOR] = UINT64_MAX,
	[PEER_BOOTSTRAP] = UINT64_MAX,
	[PEER_INVITATION] = 14 * 24 * HOUR_MS,
	[PEER_DISK] = 7 * 24 * HOUR_MS,
	[PEER_LAN] = 10 * MINUTE_MS,
	[PEER_RECORD] = 24 * HOUR_MS,
	[PEER_IDENTIFY] = 24 * HOUR_MS,
	[PEER_EXCHANGE] = 2 * HOUR_MS,
	[PEER_DHT] = HOUR_MS,
};
#define PROVEN_TTL_MS (14 * 24 * HOUR_MS)

/* So often in a row nobody answered: no better than hearsay. */
#define FAILS_UNPROVEN 10
#define FAILS_HOPELESS 6

const char *
peer_source_name(enum peer_source s)
{
	static const char *const names[PEER_SOURCES] = {
		[PEER_OPERATOR] = "operator",
		[PEER_BOOTSTRAP] = "bootstrap",
		[PEER_INVITATION] = "invitation",
		[PEER_DISK] = "disk",
		[PEER_LAN] = "lan",
		[PEER_RECORD] = "record",
		[PEER_IDENTIFY] = "identify",
		[PEER_EXCHANGE] = "exchange",
		[PEER_DHT] = "dht",
	};

	return s < PEER_SOURCES ? names[s] : "";
}

struct peer_store_limits
peer_store_limits_default(void)
{
	return (struct peer_store_limits){
		.peers_max = 1024,
		.addrs_max = PEER_ADDRS_MAX,
		.per_source_max = 256,
		.per_net_max = 32,
		.bytes_max = 1 << 20,
	};
}

struct peer_store *
peer_store_new(const struct peer_store_limits *limits, const struct env *env,
    struct mem *mem)
{
	ASSERT(limits->peers_max > 0 && limits->addrs_max > 0);
	struct peer_store *s = mem_alloc(mem, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->limits = *limits;
	s->limits.addrs_max = MIN(limits->addrs_max, (uint32_t)PEER_ADDRS_MAX);
	s->env = env;
	s->mem = mem_child(mem, limits->bytes_max);
	env->random(env->ctx, s->table_key, sizeof(s->table_key));
	/* Beside the budget: a peer that has a place must get its name. */
	table_init(&s->ids, mem, limits->peers_max);
	s->peers = mem_alloc(&s->mem, limits->peers_max * sizeof(s->peers[0]));
	if (s->peers == NULL) {
		mem_free(mem, s, sizeof(*s));
		return NULL;
	}
	return s;
}

static void
free_addr(struct peer_store *s, struct known_addr *a)
{
	s->stats.addrs--;
	mem_free(&s->mem, a, sizeof(*a) + a->n);
}

static void
free_record(struct peer_store *s, struct known_peer *p)
{
	if (p->record == NULL)
		return;
	s->stats.records--;
	mem_free(&s->mem, p->record, p->record_n);
	p->record = NULL;
	p->record_n = 0;
}

static void
free_peer(struct peer_store *s, struct known_peer *p)
{
	while (p->addrs != NULL) {
		struct known_addr *a = p->addrs;
		p->addrs = a->next;
		free_addr(s, a);
	}
	free_record(s, p);
	if (p->id.n > 0)
		(void)table_del(&s->ids, p->key);
	s->peers[p->slot] = NULL;
	while (s->top > 0 && s->peers[s->top - 1] == NULL)
		s->top--;
	s->stats.peers--;
	mem_free(&s->mem, p, sizeof(*p));
}

void
peer_store_free(struct peer_store *s)
{
	if (s == NULL)
		return;
	struct mem *mem = s->mem.parent;
	for (uint32_t i = 0; i < s->limits.peers_max; i++)
		if (s->peers[i] != NULL)
			free_peer(s, s->peers[i]);
	table_fini(&s->ids);
	mem_free(&s->mem, s->peers, s->limits.peers_max * sizeof(s->peers[0]));
	ASSERT(s->mem.used == 0);
	mem_free(mem, s, sizeof(*s));
}

struct known_peer *
peer_store_at(const struct peer_store *s, uint32_t slot)
{
	return slot < s->top ? s->peers[slot] : NULL;
}

uint32_t
peer_store_top(const struct peer_store *s)
{
	return s->top;
}

static uint64_t
key_of(const struct peer_store *s, const struct peer_id *id)
{
	return hash_siphash(id->bytes, id->n, s->table_key);
}

struct known_peer *
peer_store_find(const struct peer_store *s, const struct peer_id *id)
{
	const uint64_t *slot =
	    id->n == 0 ? NULL : table_get(&s->ids, key_of(s, id));

	return slot == NULL ? NULL : s->peers[*slot];
}

bool
peer_store_kept(const struct known_peer *p)
{
	return p->pinned || p->source == PEER_OPERATOR ||
	       p->source == PEER_BOOTSTRAP;
}

static bool
source_kept(enum peer_source s)
{
	return s == PEER_OPERATOR || s == PEER_BOOTSTRAP;
}

bool
peer_store_is_proven(const struct known_peer *p)
{
	for (const struct known_addr *a = p->addrs; a != NULL; a = a->next)
		if (a->proven)
			return true;
	return false;
}

static bool
in_use(const struct known_peer *p)
{
	return p->connected || p->asked || p->dials > 0;
}

/* What strangers say, and may say without end. */
static bool
is_hearsay(enum peer_source s)
{
	return s >= PEER_LAN;
}

static bool
peer_is_hearsay(const struct known_peer *p)
{
	return is_hearsay(p->source) && !p->pinned && !in_use(p) &&
	       !peer_store_is_proven(p);
}

/* Tried and not found, or not named for long: others may have its place. */
static bool
is_stale(const struct known_peer *p, uint64_t now_ms)
{
	return p->fails > 0 ||
	       (ttl_ms[p->source] != UINT64_MAX &&
		   now_ms - p->heard_ms > ttl_ms[p->source] / 2);
}

/* Who of two goes first. */
static bool
goes_before(const struct known_peer *a, const struct known_peer *b)
{
	if (a->fails != b->fails)
		return a->fails > b->fails;
	return a->heard_ms < b->heard_ms;
}

/* What bounds a new peer of hearsay. */
struct crowd {
	uint32_t source_n; /* hearsay of this source */
	uint32_t net_n;    /* of this network, but what the operator wants */
	struct known_peer *source_last, *net_last, *last; /* who may go */
};

static bool
peer_in_net(const struct known_peer *p, reach_group net)
{
	for (const struct known_addr *a = p->addrs; a != NULL; a = a->next)
		if (a->net == net)
			return true;
	return false;
}

/* A LAN does not count as crowded. */
static reach_group
net_of(struct slice addr)
{
	return reach_of(addr) == REACH_WORLD ? reach_group_of(addr) : 0;
}

static void
candidate(struct known_peer **last, struct known_peer *p)
{
	if (*last == NULL || goes_before(p, *last))
		*last = p;
}

static struct crowd
count_crowd(const struct peer_store *s, enum peer_source source,
    reach_group net, uint64_t now_ms)
{
	struct crowd c = { 0 };

	for (uint32_t i = 0; i < s->top; i++) {
		struct known_peer *p = s->peers[i];
		if (p == NULL || peer_store_kept(p))
			continue;
		/* Reached or not: a network has so many places and no more. */
		const bool near = net != 0 && peer_in_net(p, net);
		c.net_n += near ? 1 : 0;
		if (!peer_is_hearsay(p))
			continue;
		const bool stale = is_stale(p, now_ms);
		if (stale)
			candidate(&c.last, p);
		if (p->source == source) {
			c.source_n++;
			if (stale)
				candidate(&c.source_last, p);
		}
		if (near && stale)
			candidate(&c.net_last, p);
	}
	return c;
}

/* Makes room by one that is stale; false: there is none. */
static bool
give_way(struct peer_store *s, struct known_peer *p)
{
	if (p == NULL)
		return false;
	s->stats.evicted++;
	free_peer(s, p);
	return true;
}

/* For those that the operator wants, hearsay that is not stale goes too. */
static bool
make_room_for_kept(struct peer_store *s)
{
	struct known_peer *last = NULL;

	for (uint32_t i = 0; i < s->top; i++)
		if (s->peers[i] != NULL && peer_is_hearsay(s->peers[i]))
			candidate(&last, s->peers[i]);
	return give_way(s, last);
}

/* A quarter of the bytes is for what is not hearsay. */
static bool
hearsay_fits(const struct peer_store *s)
{
	return s->mem.used < s->mem.cap / 4 * 3;
}

static bool
make_room(struct peer_store *s, enum peer_source source, struct slice addr,
    uint64_t now_ms)
{
	const reach_group net = net_of(addr);

	if (is_hearsay(source)) {
		if (!hearsay_fits(s))
			return false;
		struct crowd c = count_crowd(s, source, net, now_ms);
		if (net != 0 && c.net_n >= s->limits.per_net_max) {
			if (!give_way(s, c.net_last))
				return false;
			c = count_crowd(s, source, net, now_ms);
		}
		if (c.source_n >= s->limits.per_source_max) {
			if (!give_way(s, c.source_last))
				return false;
			c = count_crowd(s, source, 0, now_ms);
		}
		return s->stats.peers < s->limits.peers_max ||
		       give_way(s, c.last);
	}
	return s->stats.peers < s->limits.peers_max || make_room_for_kept(s);
}

static struct known_peer *
new_peer(struct peer_store *s, const struct peer_id *id,
    enum peer_source source, uint64_t now_ms)
{
	struct known_peer *p = mem_alloc(&s->mem, sizeof(*p));
	uint32_t slot = 0;

	if (p == NULL)
		return NULL;
	while (s->peers[slot] != NULL)
		slot++;
	if (id != NULL) {
		p->id = *id;
		p->key = key_of(s, id);
		if (table_put(&s->ids, p->key, slot) != OK) {
			mem_free(&s->mem, p, sizeof(*p));
			return NULL;
		}
	}
	p->slot = slot;
	p->source = source;
	p->heard_ms = now_ms;
	s->peers[slot] = p;
	s->top = MAX(s->top, slot + 1);
	s->stats.peers++;
	return p;
}

static struct known_addr *
find_addr(const struct known_peer *p, struct slice addr)
{
	struct known_addr *a = p->addrs;

	while (a != NULL && !slice_eq(slice_of(a->bytes, a->n), addr))
		a = a->next;
	return a;
}

/* Among those without a name each address is a peer of its own. */
static struct known_peer *
find_nameless(const struct peer_store *s, struct slice addr)
{
	for (uint32_t i = 0; i < s->top; i++) {
		struct known_peer *p = s->peers[i];
		if (p != NULL && p->id.n == 0 && find_addr(p, addr) != NULL)
			return p;
	}
	return NULL;
}

static void
unlink_addr(struct peer_store *s, struct known_peer *p, struct known_addr *a)
{
	struct known_addr **at = &p->addrs;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	p->addrs_n--;
	free_addr(s, a);
}

/* Which address of a peer gives way to a new one. */
static struct known_addr *
last_addr(const struct known_peer *p, enum peer_source source)
{
	struct known_addr *last = NULL;

	for (struct known_addr *a = p->addrs; a != NULL; a = a->next) {
		if (a->dial != 0 || source_kept(a->source) ||
		    (a->proven && !source_kept(source)))
			continue;
		if (last == NULL || a->fails > last->fails ||
		    (a->fails == last->fails && a->heard_ms < last->heard_ms))
			last = a;
	}
	return last;
}

/* One more address of a peer: what it may not have as its first, it may not
 * have as its second either. */
static bool
net_is_full(const struct peer_store *s, const struct known_peer *p,
    struct slice addr, uint64_t now_ms)
{
	const reach_group net = net_of(addr);

	return net != 0 && !peer_store_kept(p) && !peer_in_net(p, net) &&
	       count_crowd(s, PEER_SOURCES, net, now_ms).net_n >=
		   s->limits.per_net_max;
}

static err
add_addr(struct peer_store *s, struct known_peer *p, struct slice addr,
    enum peer_source source, uint64_t now_ms)
{
	if (is_hearsay(source) &&
	    (!hearsay_fits(s) ||
		(p->addrs != NULL && net_is_full(s, p, addr, now_ms))))
		return ERR_LIMIT;
	if (p->addrs_n >= s->limits.addrs_max) {
		struct known_addr *last = last_addr(p, source);
		if (last == NULL)
			return ERR_LIMIT;
		unlink_addr(s, p, last);
	}
	struct known_addr *a = mem_alloc(&s->mem, sizeof(*a) + addr.n);
	if (a == NULL)
		return ERR_LIMIT;
	a->source = source;
	a->heard_ms = now_ms;
	a->net = net_of(addr);
	a->n = (uint16_t)addr.n;
	memcpy(a->bytes, addr.p, addr.n);
	a->next = p->addrs;
	p->addrs = a;
	p->addrs_n++;
	s->stats.addrs++;
	return OK;
}

err
peer_store_add(struct peer_store *s, const struct peer_id *id,
    struct slice addr, enum peer_source source, uint64_t now_ms,
    struct known_peer **out)
{
	ASSERT(source < PEER_SOURCES);
	if (addr.n == 0 || addr.n > PEER_ADDR_MAX ||
	    address_kind(addr) == ADDRESS_OTHER)
		return ERR_FORM;
	struct known_peer *p =
	    id == NULL ? find_nameless(s, addr) : peer_store_find(s, id);
	if (p == NULL) {
		if (!make_room(s, source, addr, now_ms) ||
		    (p = new_peer(s, id, source, now_ms)) == NULL) {
			s->stats.refused++;
			return ERR_LIMIT;
		}
	}
	struct known_addr *a = find_addr(p, addr);
	err e = OK;
	if (a == NULL)
		e = add_addr(s, p, addr, source, now_ms);
	else {
		a->heard_ms = now_ms;
		a->source = MIN(a->source, source);
	}
	if (e != OK) {
		s->stats.refused++;
		if (p->addrs == NULL && !in_use(p))
			free_peer(s, p);
		return e;
	}
	p->heard_ms = now_ms;
	p->source = MIN(p->source, source);
	if (out != NULL)
		*out = p;
	return OK;
}

err
peer_store_record(struct peer_store *s, struct known_peer *p, uint64_t seq,
    struct slice record)
{
	if (p->record != NULL && seq <= p->record_seq)
		return ERR_EXISTS;
	if (record.n == 0 || record.n > PEER_RECORD_MAX || !hearsay_fits(s))
		return ERR_LIMIT;
	uint8_t *copy = mem_alloc(&s->mem, record.n);
	if (copy == NULL)
		return ERR_LIMIT;
	memcpy(copy, record.p, record.n);
	free_record(s, p);
	p->record = copy;
	p->record_n = (uint16_t)record.n;
	p->record_seq = seq;
	s->stats.records++;
	return OK;
}

/* To a peer that may know it; false: it had no room. */
static bool
move_addr(struct peer_store *s, struct known_peer *to, struct known_addr *a)
{
	struct known_addr *same = find_addr(to, slice_of(a->bytes, a->n));

	if (same != NULL) {
		same->source = MIN(same->source, a->source);
		same->proven = same->proven || a->proven;
		same->seen_ms = MAX(same->seen_ms, a->seen_ms);
		free_addr(s, a);
		return true;
	}
	if (to->addrs_n >= s->limits.addrs_max) {
		struct known_addr *last = last_addr(to, a->source);
		if (last == NULL) {
			free_addr(s, a);
			return false;
		}
		unlink_addr(s, to, last);
	}
	a->next = to->addrs;
	to->addrs = a;
	to->addrs_n++;
	return true;
}

struct known_peer *
peer_store_name(
    struct peer_store *s, struct known_peer *p, const struct peer_id *id)
{
	struct known_peer *other = peer_store_find(s, id);

	ASSERT(p->id.n == 0);
	if (other == NULL) {
		if (table_put(&s->ids, key_of(s, id), p->slot) == OK) {
			p->id = *id;
			p->key = key_of(s, id);
		}
		return p;
	}
	while (p->addrs != NULL) {
		struct known_addr *a = p->addrs;
		p->addrs = a->next;
		p->addrs_n--;
		if (move_addr(s, other, a))
			other->source = MIN(other->source, p->source);
	}
	free_peer(s, p);
	return other;
}

void
peer_store_proven(struct peer_store *s, struct known_peer *p,
    struct known_addr *a, uint64_t now_ms)
{
	(void)s;
	a->proven = true;
	a->fails = 0;
	a->seen_ms = a->heard_ms = now_ms;
	p->heard_ms = now_ms;
}

void
peer_store_drop(struct peer_store *s, struct known_peer *p)
{
	if (!in_use(p))
		free_peer(s, p);
}

bool
peer_store_drop_addr(
    struct peer_store *s, struct known_peer *p, struct known_addr *a)
{
	unlink_addr(s, p, a);
	if (p->addrs != NULL || in_use(p))
		return false;
	free_peer(s, p);
	return true;
}

static bool
addr_is_over(const struct known_addr *a, uint64_t now_ms)
{
	if (a->dial != 0 || ttl_ms[a->source] == UINT64_MAX)
		return false;
	if (a->proven)
		return now_ms - a->seen_ms > PROVEN_TTL_MS;
	return a->fails >= FAILS_HOPELESS ||
	       now_ms - a->heard_ms > ttl_ms[a->source];
}

void
peer_store_sweep(struct peer_store *s, uint64_t now_ms)
{
	for (uint32_t i = 0; i < s->top; i++) {
		struct known_peer *p = s->peers[i];
		if (p == NULL || in_use(p) || p->pinned)
			continue;
		struct known_addr *next = NULL;
		bool gone = false;
		for (struct known_addr *a = p->addrs; a != NULL && !gone;
		     a = next) {
			next = a->next;
			if (a->fails >= FAILS_UNPROVEN)
				a->proven = false;
			if (addr_is_over(a, now_ms))
				gone = peer_store_drop_addr(s, p, a);
		}
		if (!gone && p->addrs == NULL)
			free_peer(s, p);
	}
}

void
peer_store_stats(const struct peer_store *s, struct peer_store_stats *out)
{
	*out = s->stats;
	out->bytes = s->mem.used;
	for (uint32_t i = 0; i < s->top; i++)
		if (s->peers[i] != NULL)
			out->by_source[s->peers[i]->source]++;
}
