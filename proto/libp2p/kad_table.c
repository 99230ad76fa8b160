#include "proto/libp2p/kad_table.h"

#include "crypto/crypto.h"

#define FAILURES_MAX 2

struct kad_point
kad_point_of(struct slice key)
{
	const struct crypto_part part = { key.p, key.n };
	struct kad_point p;

	hash_sha256(p.bytes, &part, 1);
	return p;
}

uint32_t
kad_shared_bits(const struct kad_point *a, const struct kad_point *b)
{
	for (uint32_t i = 0; i < sizeof(a->bytes); i++) {
		unsigned x = a->bytes[i] ^ b->bytes[i];
		uint32_t bits = 8 * i;
		if (x == 0)
			continue;
		for (; (x & 0x80) == 0; x <<= 1)
			bits++;
		return bits;
	}
	return 8 * (uint32_t)sizeof(a->bytes);
}

bool
kad_closer(const struct kad_point *to, const struct kad_point *a,
    const struct kad_point *b)
{
	for (size_t i = 0; i < sizeof(to->bytes); i++) {
		const int x = a->bytes[i] ^ to->bytes[i];
		const int y = b->bytes[i] ^ to->bytes[i];
		if (x != y)
			return x < y;
	}
	return false;
}

void
kad_table_init(struct kad_table *t, struct mem *mem, const struct peer_id *self)
{
	*t = (struct kad_table){ .mem = mem,
		.self = kad_point_of(peer_id_slice(self)) };
	for (uint32_t i = 0; i < KAD_BUCKETS; i++)
		link_init(&t->buckets[i]);
}

static struct kad_entry *
entry_of(struct link *l)
{
	return CONTAINER_OF(l, struct kad_entry, link);
}

static const struct kad_entry *
entry_const(const struct link *l)
{
	return (
	    const struct kad_entry *)(const void *)((const char *)l -
						    offsetof(struct kad_entry,
							link));
}

static void
entry_drop(struct kad_table *t, struct kad_entry *e)
{
	const uint32_t b = kad_shared_bits(&t->self, &e->point);

	link_drop(&e->link);
	t->bucket_n[b]--;
	t->n--;
	mem_free(t->mem, e, sizeof(*e));
}

void
kad_table_fini(struct kad_table *t)
{
	for (uint32_t i = 0; i < KAD_BUCKETS; i++)
		while (!list_is_empty(&t->buckets[i]))
			entry_drop(t, entry_of(t->buckets[i].next));
}

static struct kad_entry *
find_in(const struct kad_table *t, uint32_t bucket, const struct peer_id *id)
{
	const struct link *list = &t->buckets[bucket];

	for (struct link *l = list->next; l != list; l = l->next)
		if (peer_id_eq(&entry_of(l)->contact.id, id))
			return entry_of(l);
	return NULL;
}

struct kad_entry *
kad_table_find(const struct kad_table *t, const struct peer_id *id)
{
	const struct kad_point p = kad_point_of(peer_id_slice(id));
	const uint32_t b = kad_shared_bits(&t->self, &p);

	return b == KAD_BUCKETS ? NULL : find_in(t, b, id);
}

static bool
is_exempt(const struct kad_table *t, struct slice remote)
{
	const enum reach r = reach_of(remote);

	return !t->private_too && (r == REACH_MACHINE || r == REACH_SITE);
}

static uint32_t
count_group(const struct kad_table *t, uint32_t bucket, reach_group g,
    const struct kad_entry *but)
{
	const struct link *list = &t->buckets[bucket];
	uint32_t n = 0;

	for (const struct link *l = list->next; l != list; l = l->next)
		n += entry_const(l) != but && !entry_const(l)->exempt &&
		     entry_const(l)->group == g;
	return n;
}

/*
 * Those without an IP address at the front (relayed, or by a name) are one
 * subnet too: 0.
 */
static bool
group_is_full(const struct kad_table *t, uint32_t bucket, reach_group g,
    const struct kad_entry *but)
{
	uint32_t n = 0;

	if (count_group(t, bucket, g, but) >= t->group_bucket)
		return true;
	for (uint32_t b = 0; b < KAD_BUCKETS; b++)
		n += t->bucket_n[b] == 0 ? 0 : count_group(t, b, g, but);
	return n >= t->group_table;
}

/* Who did not answer last; else nobody. */
static struct kad_entry *
dead_in(const struct kad_table *t, uint32_t bucket)
{
	const struct link *list = &t->buckets[bucket];
	struct kad_entry *worst = NULL;

	for (struct link *l = list->next; l != list; l = l->next)
		if (entry_of(l)->failures > 0 &&
		    (worst == NULL || entry_of(l)->failures > worst->failures))
			worst = entry_of(l);
	return worst;
}

/* The table is full: the fullest bucket's dead, or nobody's. */
static struct kad_entry *
dead_anywhere(const struct kad_table *t)
{
	for (uint32_t b = 0; b < KAD_BUCKETS; b++)
		if (t->bucket_n[b] > 0 && dead_in(t, b) != NULL)
			return dead_in(t, b);
	return NULL;
}

bool
kad_table_room(const struct kad_table *t, const struct peer_id *id)
{
	const struct kad_point p = kad_point_of(peer_id_slice(id));
	const uint32_t b = kad_shared_bits(&t->self, &p);

	if (b == KAD_BUCKETS || find_in(t, b, id) != NULL)
		return false;
	if (t->bucket_n[b] >= t->k)
		return dead_in(t, b) != NULL;
	return t->n < t->max || dead_anywhere(t) != NULL;
}

static err
make_room(struct kad_table *t, uint32_t bucket)
{
	struct kad_entry *dead = NULL;

	if (t->bucket_n[bucket] >= t->k)
		dead = dead_in(t, bucket);
	else if (t->n >= t->max)
		dead = dead_anywhere(t);
	else
		return OK;
	if (dead == NULL)
		return ERR_LIMIT;
	entry_drop(t, dead);
	return OK;
}

err
kad_table_answered(struct kad_table *t, const struct kad_contact *contact,
    struct slice remote, uint64_t now_ms)
{
	const struct kad_point p = kad_point_of(peer_id_slice(&contact->id));
	const uint32_t b = kad_shared_bits(&t->self, &p);
	const reach_group group = reach_group_of(remote);
	const bool exempt = is_exempt(t, remote);

	if (b == KAD_BUCKETS)
		return ERR_EXISTS;
	struct kad_entry *e = find_in(t, b, &contact->id);
	/* One who moves into a full subnet loses its place. */
	if (!exempt && group_is_full(t, b, group, e)) {
		if (e != NULL)
			entry_drop(t, e);
		return ERR_AUTH;
	}
	if (e == NULL) {
		TRY(make_room(t, b));
		e = mem_alloc(t->mem, sizeof(*e));
		if (e == NULL)
			return ERR_LIMIT;
		e->point = p;
		link_init(&e->link);
		list_put(&t->buckets[b], &e->link);
		t->bucket_n[b]++;
		t->n++;
	}
	if (contact->addrs_n > 0 || e->contact.id.n == 0)
		e->contact = *contact;
	e->group = group;
	e->exempt = exempt;
	e->answered_ms = now_ms;
	e->failures = 0;
	return OK;
}

void
kad_table_failed(struct kad_table *t, const struct peer_id *id)
{
	struct kad_entry *e = kad_table_find(t, id);

	if (e != NULL && ++e->failures >= FAILURES_MAX)
		entry_drop(t, e);
}

uint32_t
kad_table_closest(const struct kad_table *t, const struct kad_point *to,
    const struct kad_entry **out, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t b = 0; b < KAD_BUCKETS; b++) {
		const struct link *list = &t->buckets[b];
		for (const struct link *l = list->next; l != list;
		     l = l->next) {
			const struct kad_entry *e = entry_const(l);
			uint32_t at = n;
			while (at > 0 &&
			       kad_closer(to, &e->point, &out[at - 1]->point))
				at--;
			if (at == max)
				continue;
			n = MIN(n + 1, max);
			memmove(&out[at + 1], &out[at],
			    (n - 1 - at) * sizeof(*out));
			out[at] = e;
		}
	}
	return n;
}

const struct kad_entry *
kad_table_at(const struct kad_table *t, uint32_t i)
{
	for (uint32_t b = 0; b < KAD_BUCKETS; b++) {
		const struct link *list = &t->buckets[b];
		if (i >= t->bucket_n[b]) {
			i -= t->bucket_n[b];
			continue;
		}
		const struct link *l = list->next;
		while (i-- > 0)
			l = l->next;
		return entry_const(l);
	}
	return NULL;
}
