/*
 * Opening and closing, and the meta table:
 *   format   "ohcnstor", version u32 BE, 0x01020304 in the machine's order
 *   net      the network's name
 *   secret   16 bytes, the key of all hashes
 *   mark     16 bytes, which node and machine opened it last
 *   clean    1: closed properly
 *   totals   next_rid, records, bytes, floors, own, evicted u64; 128 counts
 *            per kind u32 (in version 1 without floors, own and evicted)
 *   sample   below, epoch, changed u32; absent: everybody, never changed
 *   unshown  numbers that others are not told: see internal.h; absent: none
 *   migrate  while a migration is under way: see migrate.c
 *   migrated from, to, seconds since 1970 u32
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"

#define FORMAT_NAME    "ohcnstor"
#define FORMAT_BYTES   16
#define SAMPLING_BYTES 12

static void
format_put(uint8_t out[FORMAT_BYTES], uint32_t version)
{
	const uint32_t order = 0x01020304;

	memcpy(out, FORMAT_NAME, 8);
	put_u32be(out + 8, version);
	memcpy(out + 12, &order, 4);
}

static err
meta_put(struct map_txn *t, const char *name, const void *p, size_t n)
{
	return map_put(t, TABLE_META, slice_str(name), slice_of(p, n), MAP_PUT);
}

err
store_fail(struct store *s, const char *doing, err e)
{
	const char *why = map_why(s->map);

	if (e == ERR_CONFIG) /* store_usable() has said it */
		return e;
	if (e == ERR_CORRUPT)
		why = "the store contradicts itself; `ohcn store check` says "
		      "where";
	else if (e == ERR_NOMEM)
		why = "out of memory";
	else if (e == ERR_LIMIT && why[0] == '\0')
		why = "the store is full";
	snprintf(s->why, sizeof(s->why), "%s: %.150s", doing,
	    why[0] != '\0' ? why : err_name(e));
	return e;
}

static err
say(struct store *s, err e, const char *text)
{
	snprintf(s->why, sizeof(s->why), "%s", text);
	return e;
}

/* Nothing in any table: not even another program's rows. */
static err
map_is_empty(struct map_txn *t, bool *empty)
{
	*empty = true;
	for (unsigned i = 0; i < MAP_TABLES && *empty; i++) {
		struct map_cursor *c;
		struct slice key, value;
		TRY(map_cursor_open(t, i, &c));
		const err e =
		    map_cursor_seek(c, (struct slice){ 0 }, &key, &value);
		map_cursor_close(c);
		if (e != OK && e != ERR_NOTFOUND)
			return e;
		*empty = e == ERR_NOTFOUND;
	}
	return OK;
}

static err
meta_create(
    struct store *s, struct map_txn *t, const struct store_config *config)
{
	const struct store_totals none = { .next_rid = 1 };
	uint8_t format[FORMAT_BYTES];

	s->info.created = true;
	s->info.clean = true;
	s->info.version = STORE_VERSION;
	memcpy(s->secret, config->random, STORE_SECRET);
	format_put(format, STORE_VERSION);
	TRY(meta_put(t, "format", format, sizeof(format)));
	TRY(meta_put(t, "net", s->net, s->net_n));
	TRY(meta_put(t, "secret", s->secret, STORE_SECRET));
	return store_totals_put(t, &none);
}

static err
format_check(struct store *s, struct slice format)
{
	uint8_t ours[FORMAT_BYTES];

	format_put(ours, STORE_VERSION);
	if (format.n != FORMAT_BYTES || memcmp(format.p, ours, 8) != 0)
		return say(s, ERR_CORRUPT, "not a store of ohcn");
	if (memcmp(format.p + 12, ours + 12, 4) != 0)
		return say(s, ERR_CORRUPT,
		    "the store was made on a machine with another byte order; "
		    "export the records there and import them here");
	s->info.version = get_u32be(format.p + 8);
	if (s->info.version > STORE_VERSION) {
		snprintf(s->why, sizeof(s->why),
		    "the store has version %" PRIu32 ", this ohcn knows %d: "
		    "install the newer ohcn again, or choose another store "
		    "folder; nothing was changed",
		    s->info.version, STORE_VERSION);
		return ERR_CONFIG;
	}
	if (s->info.version < 1)
		return say(s, ERR_CORRUPT, "the store has version 0");
	s->info.must_migrate = s->info.version < STORE_VERSION;
	return OK;
}

static err
meta_read(struct store *s, struct map_txn *t, const uint8_t mark[STORE_MARK])
{
	static const uint8_t unknown[STORE_MARK];
	struct store_totals totals;
	struct slice v;

	err e = map_get(t, TABLE_META, slice_str("net"), &v);
	if (e == OK && !slice_eq(v, slice_of(s->net, s->net_n))) {
		snprintf(s->why, sizeof(s->why),
		    "the store belongs to the network \"%.*s\", not \"%.*s\"",
		    (int)MIN(v.n, NET_MAX), (const char *)v.p, (int)s->net_n,
		    (const char *)s->net);
		return ERR_AUTH;
	}
	if (e == OK)
		e = map_get(t, TABLE_META, slice_str("secret"), &v);
	if (e == OK && v.n != STORE_SECRET)
		e = ERR_CORRUPT;
	if (e == OK) {
		memcpy(s->secret, v.p, STORE_SECRET);
		e = store_totals_get(t, &totals);
	}
	if (e == ERR_NOTFOUND || e == ERR_CORRUPT)
		return say(s, ERR_CORRUPT,
		    "the store's head is damaged; restore a backup or move "
		    "the store away");
	TRY(e);

	e = map_get(t, TABLE_META, slice_str("migrate"), &v);
	if (e == OK)
		s->info.must_migrate = true;
	else if (e != ERR_NOTFOUND)
		return e;
	e = map_get(t, TABLE_META, slice_str("sample"), &v);
	if (e == OK && v.n == SAMPLING_BYTES)
		s->sampling = (struct sampling){ get_u32be(v.p),
			get_u32be(v.p + 4), get_u32be(v.p + 8) };
	else if (e != OK && e != ERR_NOTFOUND)
		return e;

	e = map_get(t, TABLE_META, slice_str("mark"), &v);
	s->info.moved = e == OK &&
			!slice_eq(v, slice_of(unknown, STORE_MARK)) &&
			!slice_eq(v, slice_of(mark, STORE_MARK));
	if (e == OK || e == ERR_NOTFOUND)
		e = map_get(t, TABLE_META, slice_str("clean"), &v);
	s->info.clean = e == OK && v.n == 1 && v.p[0] == 1;
	return e == ERR_NOTFOUND ? OK : e;
}

static err
meta_begin(
    struct store *s, struct map_txn *t, const struct store_config *config)
{
	struct slice format;
	bool empty = false;
	err e = map_get(t, TABLE_META, slice_str("format"), &format);

	if (e == OK) {
		TRY(format_check(s, format));
		TRY(meta_read(s, t, config->mark));
	} else if (e == ERR_NOTFOUND && s->read_only) {
		return say(s, ERR_CORRUPT, "not a store of ohcn");
	} else if (e == ERR_NOTFOUND) {
		TRY(map_is_empty(t, &empty));
		if (!empty)
			return say(s, ERR_CORRUPT, "not a store of ohcn");
		TRY(meta_create(s, t, config));
	} else {
		return e;
	}
	if (s->read_only)
		return OK;
	TRY(meta_put(t, "mark", config->mark, STORE_MARK));
	return meta_put(t, "clean", "\0", 1);
}

/* ---- the scope ---- */

static void
scope_lock(struct store *s)
{
	while (__atomic_test_and_set(&s->lock, __ATOMIC_ACQUIRE)) {
	}
}

static void
scope_unlock(struct store *s)
{
	__atomic_clear(&s->lock, __ATOMIC_RELEASE);
}

void
store_scope_swap(struct store *s, const struct scope *scope)
{
	scope_lock(s);
	s->scope = *scope;
	scope_unlock(s);
}

void
store_scope(struct store *s, struct scope *out)
{
	scope_lock(s);
	*out = s->scope;
	scope_unlock(s);
}

struct scope_sample
store_sample_of(const struct store *s, const struct sampling *sampling)
{
	struct scope_sample sample = { .below = sampling->below };
	uint8_t name[10] = "sample";

	if (sampling->below == SCOPE_EVERYBODY)
		return sample;
	put_u32be(name + 6, sampling->epoch);
	put_u64be(sample.salt, hash_siphash(name, sizeof(name), s->secret));
	return sample;
}

err
store_sampling_put(struct map_txn *t, const struct sampling *sampling)
{
	uint8_t out[SAMPLING_BYTES];

	put_u32be(out, sampling->below);
	put_u32be(out + 4, sampling->epoch);
	put_u32be(out + 8, sampling->changed_s);
	return meta_put(t, "sample", out, sizeof(out));
}

/* ${scope} with the store's own sample, and no other. */
static struct scope
scope_mine(const struct store *s, const struct scope *scope)
{
	struct scope mine = *scope;

	memset(mine.samples, 0, sizeof(mine.samples));
	for (size_t i = 0; i < SCOPE_SAMPLES; i++)
		mine.samples[i].below = SCOPE_EVERYBODY;
	mine.samples[0] = store_sample_of(s, &s->sampling);
	return mine;
}

void
store_set_scope(struct store *s, const struct scope *scope)
{
	const struct scope new = scope_mine(s, scope);
	struct scope later = s->scope;

	if (scope_equal(&new, &s->scope))
		return;
	/* a horizon that moves on concerns old records alone */
	later.since_h = new.since_h;
	const bool moved_on =
	    new.since_h > s->scope.since_h &&scope_equal(&new, &later);
	if (!moved_on || s->pass.phase != PASS_NONE)
		s->pass = (struct pass){ .phase = PASS_RECORDS };
	else
		s->pass = (struct pass){ .phase = PASS_RECORDS,
			.below_h = new.since_h };
	__atomic_store_n(&s->evicting, true, __ATOMIC_RELAXED);
	store_scope_swap(s, &new);
}

/* A change since the last run is not remembered: look through it all, unless
 * nothing can lie outside. */
static void
scope_begin(struct store *s, const struct store_config *config)
{
	const struct scope all = scope_all();

	s->scope = scope_mine(s, config->scope != NULL ? config->scope : &all);
	if (!s->info.created && !scope_equal(&s->scope, &all)) {
		s->pass.phase = PASS_RECORDS;
		s->evicting = true;
	}
}

static err
open_in(struct store *s, const struct store_config *config)
{
	struct map_txn *t;

	TRY(map_begin(s->map, !s->read_only, &t));
	const err e = meta_begin(s, t, config);
	if (e != OK) {
		map_abort(t);
		return e;
	}
	return map_commit(t);
}

err
store_open(struct map *map, const struct store_config *config,
    struct store **store, char why[STORE_WHY])
{
	*store = NULL;
	why[0] = '\0';
	if (!net_is_valid(config->net)) {
		snprintf(why, STORE_WHY,
		    "the network's name must be 1 to 16 of a-z, 0-9 and -");
		return ERR_CONFIG;
	}
	struct store *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	s->map = map;
	s->read_only = config->read_only;
	s->max_bytes = config->max_bytes;
	s->max_records = config->max_records;
	s->hash = config->hash != NULL ? config->hash : hash_siphash;
	memcpy(s->net, config->net.p, config->net.n);
	s->net_n = config->net.n;
	s->sampling.below = SCOPE_EVERYBODY;

	const err e = open_in(s, config);
	if (e != OK) {
		if (s->why[0] == '\0')
			store_fail(s, "open the store", e);
		memcpy(why, s->why, STORE_WHY);
		free(s);
		return e;
	}
	s->why[0] = '\0';
	scope_begin(s, config);
	*store = s;
	return OK;
}

void
store_close(struct store *s)
{
	struct map_txn *t;

	if (s == NULL)
		return;
	/* If the mark cannot be written, the next open finds it unclean. */
	if (!s->read_only && map_begin(s->map, true, &t) == OK) {
		err e = meta_put(t, "clean", "\1", 1);
		if (e == OK)
			e = map_commit(t);
		else
			map_abort(t);
		(void)e;
	}
	crypto_wipe(s->secret, sizeof(s->secret));
	free(s);
}

err
store_usable(struct store *s)
{
	if (!s->info.must_migrate)
		return OK;
	return say(s, ERR_CONFIG,
	    "the store has the layout of an older ohcn and must be migrated "
	    "first");
}

struct store_info
store_info(const struct store *s)
{
	return s->info;
}

const char *
store_why(const struct store *s)
{
	return s->why;
}

static err
private_write(struct store *s, struct slice key, const struct slice *value)
{
	struct map_txn *t;

	TRY(store_usable(s));
	err e = map_begin(s->map, true, &t);
	if (e != OK)
		return store_fail(s, "write", e);
	if (value != NULL)
		e = map_put(t, TABLE_PRIVATE, key, *value, MAP_PUT);
	else
		e = map_del(t, TABLE_PRIVATE, key);
	if (e == ERR_NOTFOUND) {
		map_abort(t);
		return OK;
	}
	if (e == OK)
		e = map_commit(t);
	else
		map_abort(t);
	return e == OK ? OK : store_fail(s, "write", e);
}

err
store_private_put(struct store *s, struct slice key, struct slice value)
{
	if (key.n < 1 || key.n > STORE_PRIVATE_KEY || value.n > MAP_VALUE_MAX)
		return say(s, ERR_LIMIT,
		    "a private key has 1 to 60 bytes, a value up to 20480");
	return private_write(s, key, &value);
}

err
store_private_delete(struct store *s, struct slice key)
{
	if (key.n < 1 || key.n > STORE_PRIVATE_KEY)
		return OK;
	return private_write(s, key, NULL);
}

err
store_backup(struct store *s, const char *path)
{
	return map_copy(s->map, path);
}
