#include "proto/libp2p/kad_providers.h"

#include "proto/base/varint.h"

err
kad_multihash_check(struct slice key)
{
	uint64_t code = 0, len = 0;
	size_t used = 0;

	if (key.n > KAD_MULTIHASH_MAX || varint_get(key, &code, &used) != OK)
		return ERR_FORM;
	slice_skip(&key, used);
	if (varint_get(key, &len, &used) != OK)
		return ERR_FORM;
	slice_skip(&key, used);
	return len == key.n && len > 0 ? OK : ERR_FORM;
}

void
kad_providers_init(struct kad_providers *p, const struct env *env,
    struct mem *mem, const struct kad_point *self)
{
	*p = (struct kad_providers){ .env = env, .mem = mem, .self = *self };
	link_init(&p->keys);
}

static struct kad_provided *
key_of(struct link *l)
{
	return CONTAINER_OF(l, struct kad_provided, link);
}

static struct kad_provider *
record_of(struct link *l)
{
	return CONTAINER_OF(l, struct kad_provider, link);
}

static void
record_drop(
    struct kad_providers *p, struct kad_provided *k, struct kad_provider *r)
{
	link_drop(&r->link);
	mem_free(p->mem, r, sizeof(*r));
	k->n--;
	p->n--;
}

static void
key_drop(struct kad_providers *p, struct kad_provided *k)
{
	while (!list_is_empty(&k->records))
		record_drop(p, k, record_of(k->records.next));
	link_drop(&k->link);
	mem_free(p->mem, k, sizeof(*k));
	p->keys_n--;
}

void
kad_providers_fini(struct kad_providers *p)
{
	while (!list_is_empty(&p->keys))
		key_drop(p, key_of(p->keys.next));
}

static struct kad_provided *
key_find(const struct kad_providers *p, struct slice key)
{
	for (struct link *l = p->keys.next; l != &p->keys; l = l->next)
		if (slice_eq(slice_of(key_of(l)->key, key_of(l)->key_n), key))
			return key_of(l);
	return NULL;
}

static struct kad_provider *
record_find(const struct kad_provided *k, const struct peer_id *id)
{
	const struct link *list = &k->records;

	for (struct link *l = list->next; l != list; l = l->next)
		if (peer_id_eq(&record_of(l)->contact.id, id))
			return record_of(l);
	return NULL;
}

/* The key that is nearest to others. */
static struct kad_provided *
farthest(const struct kad_providers *p)
{
	struct kad_provided *worst = NULL;

	for (struct link *l = p->keys.next; l != &p->keys; l = l->next)
		if (worst == NULL ||
		    kad_closer(&p->self, &worst->point, &key_of(l)->point))
			worst = key_of(l);
	return worst;
}

/* One more record needs a place; ${key} is not to be dropped for it. */
static err
make_room(struct kad_providers *p, const struct kad_point *key, bool new_key)
{
	while (p->n >= p->max || (new_key && p->keys_n >= p->keys_max)) {
		struct kad_provided *worst = farthest(p);
		if (worst == NULL || !kad_closer(&p->self, key, &worst->point))
			return ERR_LIMIT;
		key_drop(p, worst);
	}
	return OK;
}

static uint32_t
count_peer(const struct kad_providers *p, const struct peer_id *id)
{
	uint32_t n = 0;

	for (struct link *l = p->keys.next; l != &p->keys; l = l->next)
		n += record_find(key_of(l), id) != NULL;
	return n;
}

static uint32_t
count_group(const struct kad_provided *k, reach_group g)
{
	const struct link *list = &k->records;
	uint32_t n = 0;

	for (struct link *l = list->next; l != list; l = l->next)
		n += !record_of(l)->exempt && record_of(l)->group == g;
	return n;
}

static uint32_t
count_group_all(const struct kad_providers *p, reach_group g)
{
	uint32_t n = 0;

	for (struct link *l = p->keys.next; l != &p->keys; l = l->next)
		n += count_group(key_of(l), g);
	return n;
}

static struct kad_provided *
key_add(struct kad_providers *p, struct slice key, const struct kad_point *at)
{
	struct kad_provided *k = mem_alloc(p->mem, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->point = *at;
	memcpy(k->key, key.p, key.n);
	k->key_n = (uint8_t)key.n;
	link_init(&k->link);
	link_init(&k->records);
	list_put(&p->keys, &k->link);
	p->keys_n++;
	return k;
}

static struct kad_provider *
record_add(struct kad_providers *p, struct kad_provided *k)
{
	struct kad_provider *r = NULL;

	if (k->n >= p->per_key) {
		struct link *l = k->records.next;
		for (uint64_t i = env_random_below(p->env, k->n); i > 0; i--)
			l = l->next;
		record_drop(p, k, record_of(l));
	}
	r = mem_alloc(p->mem, sizeof(*r));
	if (r == NULL)
		return NULL;
	link_init(&r->link);
	list_put(&k->records, &r->link);
	k->n++;
	p->n++;
	return r;
}

err
kad_providers_add(struct kad_providers *p, struct slice key,
    const struct kad_contact *contact, struct slice remote, uint64_t now_ms)
{
	const enum reach reach = reach_of(remote);
	const bool exempt =
	    !p->private_too && (reach == REACH_MACHINE || reach == REACH_SITE);
	const reach_group group = reach_group_of(remote);
	const struct kad_point at = kad_point_of(key);
	struct kad_provider *r = NULL;

	TRY(kad_multihash_check(key));
	struct kad_provided *k = key_find(p, key);
	if (k != NULL)
		r = record_find(k, &contact->id);
	if (r == NULL) {
		if (k != NULL && !exempt &&
		    count_group(k, group) >= p->per_group)
			return ERR_AUTH;
		if (count_peer(p, &contact->id) >= p->per_peer)
			return ERR_LIMIT;
		/* Keys can be ground near to us: nobody's subnet pushes all
		 * others out by them. */
		if (!exempt && count_group_all(p, group) >=
				   MAX(p->keys_max / 8, p->per_peer))
			return ERR_AUTH;
		if (k == NULL || k->n < p->per_key)
			TRY(make_room(p, &at, k == NULL));
		if (k == NULL)
			k = key_add(p, key, &at);
		if (k == NULL)
			return ERR_LIMIT;
		r = record_add(p, k);
		if (r == NULL) {
			if (k->n == 0)
				key_drop(p, k);
			return ERR_LIMIT;
		}
	}
	r->contact = *contact;
	r->group = group;
	r->exempt = exempt;
	r->expires_ms = now_ms + p->life_ms;
	return OK;
}

uint32_t
kad_providers_get(const struct kad_providers *p, struct slice key,
    struct kad_contact *out, uint32_t max)
{
	const struct kad_provided *k = key_find(p, key);
	uint32_t n = 0, seen = 0;

	if (k == NULL || max == 0)
		return 0;
	/* Each has the same chance: a reservoir. */
	for (struct link *l = k->records.next; l != &k->records; l = l->next) {
		const uint64_t at =
		    ++seen <= max ? n++ : env_random_below(p->env, seen);
		if (at < max)
			out[at] = record_of(l)->contact;
	}
	return n;
}

void
kad_providers_expire(struct kad_providers *p, uint64_t now_ms)
{
	struct link *next = NULL, *after = NULL;

	for (struct link *l = p->keys.next; l != &p->keys; l = next) {
		struct kad_provided *k = key_of(l);
		next = l->next;
		for (struct link *r = k->records.next; r != &k->records;
		     r = after) {
			after = r->next;
			if (record_of(r)->expires_ms <= now_ms)
				record_drop(p, k, record_of(r));
		}
		if (k->n == 0)
			key_drop(p, k);
	}
}
