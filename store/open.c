/*
 * Opening and closing, and the meta table:
 *   format   "ohcnstor", version u32 BE, 0x01020304 in the machine's order
 *   net      the network's name
 *   secret   16 bytes, the key of all hashes
 *   mark     16 bytes, which node and machine opened it last
 *   clean    1: closed properly
 *   totals   next_rid, records, bytes u64; 128 counts per kind u32
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"

#define FORMAT_NAME  "ohcnstor"
#define FORMAT_BYTES 16

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
	return OK;
}

static err
meta_read(struct store *s, struct map_txn *t, const uint8_t mark[STORE_MARK])
{
	struct store_totals totals;
	struct slice v;

	err e = map_get(t, TABLE_META, slice_str("net"), &v);
	if (e == OK && !slice_eq(v, slice_of(s->net, s->net_n))) {
		snprintf(s->why, sizeof(s->why),
		    "the store belongs to the network \"%.*s\", not \"%.*s\"; "
		    "choose another store folder or set the network back",
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

	e = map_get(t, TABLE_META, slice_str("mark"), &v);
	s->info.moved = e == OK && !slice_eq(v, slice_of(mark, STORE_MARK));
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

	const err e = open_in(s, config);
	if (e != OK) {
		if (s->why[0] == '\0')
			store_fail(s, "open the store", e);
		memcpy(why, s->why, STORE_WHY);
		free(s);
		return e;
	}
	s->why[0] = '\0';
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
