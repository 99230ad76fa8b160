#include "node/care/backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/stream.h"
#include "node/base/paths.h"
#include "node/care/care.h"
#include "node/net/swarm_key.h"
#include "node/sync/restore.h"
#include "proto/record/names.h"

#define MAGIC       "ohcnback"
#define FRAME_HEAD  5 /* type, length: as items travel */
#define PIECE_MAX   (1 + BACKUP_ITEM_MAX + STREAM_OVERHEAD)
#define RESTORE_MAP (UINT64_C(1) << 32) /* address space of a new store */

/* ---- bytes that grow ---- */

static err
bytes_room(struct bytes *b, size_t n)
{
	if (b->cap - b->n >= n)
		return OK;
	if (n > BACKUP_MAX || b->n + n > BACKUP_MAX)
		return ERR_LIMIT;
	const size_t cap = MAX(b->n + n, MAX(b->cap * 2, (size_t)65536));
	uint8_t *p = malloc(cap);
	if (p == NULL)
		return ERR_NOMEM;
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	if (b->p != NULL)
		crypto_wipe(b->p, b->n);
	free(b->p);
	b->p = p;
	b->cap = cap;
	return OK;
}

static err
bytes_put(struct bytes *b, const void *p, size_t n)
{
	TRY(bytes_room(b, n));
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	return OK;
}

static void
bytes_free(struct bytes *b)
{
	if (b->p != NULL)
		crypto_wipe(b->p, b->cap);
	free(b->p);
	*b = (struct bytes){ 0 };
}

/* ---- items as they travel ---- */

static err
frame_put(struct bytes *out, enum backup_item type, struct slice head,
    struct slice rest)
{
	uint8_t frame[FRAME_HEAD] = { (uint8_t)type };

	if (head.n + rest.n > BACKUP_ITEM_MAX)
		return ERR_LIMIT;
	put_u32be(frame + 1, (uint32_t)(head.n + rest.n));
	TRY(bytes_put(out, frame, sizeof(frame)));
	TRY(bytes_put(out, head.p, head.n));
	return bytes_put(out, rest.p, rest.n);
}

err
backup_next(struct slice *in, enum backup_item *type, struct slice *bytes)
{
	if (in->n < FRAME_HEAD)
		return ERR_FORM;
	const uint32_t n = get_u32be(in->p + 1);
	*type = (enum backup_item)in->p[0];
	slice_skip(in, FRAME_HEAD);
	if (n > BACKUP_ITEM_MAX || n > in->n)
		return ERR_FORM;
	*bytes = slice_of(in->p, n);
	slice_skip(in, n);
	if (*type == BACKUP_END)
		return in->n == 0 && n == 0 ? ERR_NOTFOUND : ERR_FORM;
	return OK;
}

struct collecting {
	struct bytes *out;
	err error;
};

static bool
on_private(void *ctx, struct slice name, struct slice sealed)
{
	struct collecting *c = ctx;
	uint8_t head[1 + VAULT_NAME_MAX] = { (uint8_t)name.n };

	if (name.n > VAULT_NAME_MAX)
		return true; /* not ours */
	memcpy(head + 1, name.p, name.n);
	c->error = frame_put(
	    c->out, BACKUP_PRIVATE, slice_of(head, 1 + name.n), sealed);
	return c->error == OK;
}

static bool
on_record(void *ctx, const struct store_record *r)
{
	struct collecting *c = ctx;
	const uint8_t heard = r->heard;

	c->error =
	    frame_put(c->out, BACKUP_RECORD, slice_of(&heard, 1), r->bytes);
	return c->error == OK;
}

err
backup_collect(struct vault *v, struct store_view *view, struct bytes *out)
{
	struct collecting c = { out, OK };

	TRY(vault_each_sealed(v, on_private, &c));
	TRY(c.error);
	TRY(store_each_own(view, on_record, &c));
	TRY(c.error);
	return frame_put(
	    out, BACKUP_END, (struct slice){ 0 }, (struct slice){ 0 });
}

/* ---- sealing ---- */

struct sealing {
	struct stream stream;
	struct bytes out;
};

static err
seal_item(struct sealing *s, enum backup_item type, struct slice bytes)
{
	uint8_t plain[1 + BACKUP_ITEM_MAX], length[4];
	const size_t n = 1 + bytes.n;

	if (bytes.n > BACKUP_ITEM_MAX)
		return ERR_LIMIT;
	plain[0] = (uint8_t)type;
	if (bytes.n > 0)
		memcpy(plain + 1, bytes.p, bytes.n);
	put_u32be(length, (uint32_t)(n + STREAM_OVERHEAD));
	TRY(bytes_put(&s->out, length, sizeof(length)));
	TRY(bytes_room(&s->out, n + STREAM_OVERHEAD));
	stream_seal(
	    &s->stream, s->out.p + s->out.n, plain, n, type == BACKUP_END);
	s->out.n += n + STREAM_OVERHEAD;
	crypto_wipe(plain, n);
	return OK;
}

static err
seal_all(struct sealing *s, const struct backup *b)
{
	uint8_t keys[KEY_MATERIAL_BYTES];
	struct slice in = b->items, bytes;
	enum backup_item type;
	err e = OK;

	char *manifest = json_dumps(b->manifest, JSON_COMPACT);
	if (manifest == NULL)
		return ERR_NOMEM;
	e = bytes_put(&s->out, s->stream.header, STREAM_HEADER);
	if (e == OK)
		e = seal_item(s, BACKUP_BEGIN, (struct slice){ 0 });
	if (e == OK)
		e = seal_item(s, BACKUP_MANIFEST, slice_str(manifest));
	free(manifest);
	TRY(e);
	key_material_put(keys, &b->keys);
	e = seal_item(s, BACKUP_KEYS, slice_of(keys, sizeof(keys)));
	crypto_wipe(keys, sizeof(keys));
	TRY(e);
	if (b->settings.n > 0)
		TRY(seal_item(s, BACKUP_SETTINGS, b->settings));
	if (b->network.n > 0)
		TRY(seal_item(s, BACKUP_NETWORK, b->network));
	while ((e = backup_next(&in, &type, &bytes)) == OK)
		if (type == BACKUP_PRIVATE || type == BACKUP_RECORD)
			TRY(seal_item(s, type, bytes));
	if (e != ERR_NOTFOUND)
		return e;
	return seal_item(s, BACKUP_END, (struct slice){ 0 });
}

static void
save_problem(struct problem *p, err e, const char *path)
{
	if (e == ERR_NOMEM)
		problem_set(p, EXIT_TEMPORARY, "E1702",
		    "not enough memory for the backup");
	else if (e == ERR_LIMIT)
		problem_set(p, EXIT_REFUSED, "E1703",
		    "the backup would be larger than a gigabyte");
	else
		problem_set(p, EXIT_DAMAGED, "E1704",
		    "what was to be saved in %s is not what the node sends",
		    path);
}

/* What lies on the disk now opens, and holds as much. */
static err
read_again(const char *path, const struct backup *b, const char *pass,
    size_t pass_n, struct problem *p)
{
	struct backup again;

	TRY(backup_load(path, pass, pass_n, &again, p));
	const bool same =
	    slice_eq(again.items, b->items) &&
	    crypto_equal(&again.keys, &b->keys, sizeof(again.keys));
	backup_free(&again);
	if (same)
		return OK;
	problem_set(p, EXIT_DAMAGED, "E1705",
	    "%s does not hold what was written", path);
	problem_why(p, "the disk or the memory is at fault");
	problem_hint(p, "write the backup to another disk");
	return ERR_CORRUPT;
}

err
backup_save(const char *path, const struct backup *b, const char *pass,
    size_t pass_n, struct seal_cost cost, bool replace, struct problem *p)
{
	struct sealing s = { 0 };

	if (!replace && access(path, F_OK) == 0) {
		problem_set(p, EXIT_CONFLICT, "E1701",
		    "%s exists and is left as it is", path);
		problem_hint(p, "another name, or --force");
		return ERR_EXISTS;
	}
	if (!stream_create(
		&s.stream, MAGIC, BACKUP_VERSION, pass, pass_n, cost)) {
		save_problem(p, ERR_NOMEM, path);
		return ERR_NOMEM;
	}
	err e = seal_all(&s, b);
	if (e != OK)
		save_problem(p, e, path);
	if (e == OK)
		e = care_room(path, s.out.n, p);
	if (e == OK)
		e = replace ? file_replace(
				  path, slice_of(s.out.p, s.out.n), 0600, p)
			    : file_create(
				  path, slice_of(s.out.p, s.out.n), 0600, p);
	stream_wipe(&s.stream);
	bytes_free(&s.out);
	return e == OK ? read_again(path, b, pass, pass_n, p) : e;
}

/* ---- unsealing ---- */

static err
damaged(struct problem *p, const char *path, size_t at, const char *why)
{
	problem_set(p, EXIT_DAMAGED, "E1706", "the backup %s is damaged", path);
	problem_why(p, "at byte %zu: %s", at, why);
	problem_hint(p, "take another copy of it, or an earlier backup");
	return ERR_CORRUPT;
}

static err
open_header(struct stream *s, struct slice file, const char *path,
    const char *pass, size_t pass_n, struct problem *p)
{
	if (file.n < STREAM_MAGIC + 1 ||
	    memcmp(file.p, MAGIC, STREAM_MAGIC) != 0) {
		problem_set(p, EXIT_DAMAGED, "E1707",
		    "%s is not a backup of a node", path);
		problem_hint(p, "a file that `ohcn backup create` made");
		return ERR_CORRUPT;
	}
	if (file.p[STREAM_MAGIC] > BACKUP_VERSION) {
		problem_set(p, EXIT_NEWER, "E1708",
		    "the backup %s was made by a newer ohcn", path);
		problem_why(p, "it has version %u, this one knows up to %u",
		    file.p[STREAM_MAGIC], BACKUP_VERSION);
		problem_hint(p, "install the newer ohcn and restore with it");
		return ERR_CONFIG;
	}
	if (file.n < STREAM_HEADER)
		return damaged(p, path, file.n, "the file is cut short");
	switch (
	    stream_open(s, file.p, MAGIC, file.p[STREAM_MAGIC], pass, pass_n)) {
	case SEAL_OK:
		return OK;
	case SEAL_NO_MEMORY:
		problem_set(p, EXIT_TEMPORARY, "E1702",
		    "not enough memory to open the backup");
		return ERR_NOMEM;
	case SEAL_TOO_COSTLY:
		return damaged(p, path, STREAM_MAGIC + 1,
		    "it asks for a cost outside the limits");
	case SEAL_FOREIGN:
	case SEAL_WRONG:
		break;
	}
	return damaged(p, path, STREAM_MAGIC, "its head makes no sense");
}

/* Puts one item in its place; ${bytes} lies in memory of the caller. */
static err
take_item(struct backup *b, struct bytes *items, enum backup_item type,
    struct slice bytes)
{
	switch (type) {
	case BACKUP_MANIFEST:
		json_decref(b->manifest);
		b->manifest =
		    json_loadb((const char *)bytes.p, bytes.n, 0, NULL);
		return json_is_object(b->manifest) ? OK : ERR_FORM;
	case BACKUP_KEYS:
		return bytes.n == KEY_MATERIAL_BYTES &&
			       key_material_get(bytes.p, &b->keys)
			   ? OK
			   : ERR_FORM;
	case BACKUP_SETTINGS:
		b->settings = bytes;
		return OK;
	case BACKUP_NETWORK:
		b->network = bytes;
		return OK;
	case BACKUP_PRIVATE:
		b->private_n++;
		break;
	case BACKUP_RECORD:
		b->records_n++;
		break;
	case BACKUP_END:
		break;
	case BACKUP_BEGIN:
	default:
		return OK; /* of later versions: nothing that we need */
	}
	return frame_put(items, type, bytes, (struct slice){ 0 });
}

/*
 * Piece by piece; an item then lies where its piece lay, and is shorter. The
 * items for the node are put together behind.
 */
static err
load_pieces(struct backup *b, struct stream *s, struct slice file,
    uint8_t *plain, struct bytes *items, const char *path, struct problem *p)
{
	size_t at = STREAM_HEADER;
	bool first = true;

	while (!s->ended) {
		uint8_t *piece = b->memory.p + at + 4;
		if (file.n - at < 4)
			return damaged(p, path, at, "the file is cut short");
		const uint32_t n = get_u32be(file.p + at);
		if (n <= STREAM_OVERHEAD || n > PIECE_MAX)
			return damaged(p, path, at, "a length makes no sense");
		if (n > file.n - at - 4)
			return damaged(p, path, at, "the file is cut short");
		if (!stream_unseal(s, plain, piece, n)) {
			if (!first)
				return damaged(p, path, at,
				    "it is not what was written there");
			problem_set(p, EXIT_AUTH, "E1709",
			    "the passphrase does not open the backup");
			problem_why(p,
			    "it is the wrong one, or the "
			    "beginning of %s was changed",
			    path);
			problem_hint(p, "the passphrase that it was made "
					"with: --backup-passphrase-file FILE");
			return ERR_AUTH;
		}
		memcpy(piece, plain, n - STREAM_OVERHEAD);
		const err e = take_item(b, items, (enum backup_item)piece[0],
		    slice_of(piece + 1, n - STREAM_OVERHEAD - 1));
		if (e == ERR_FORM)
			return damaged(
			    p, path, at, "an item is not what it should be");
		if (e != OK) {
			save_problem(p, e, path);
			return e;
		}
		at += 4 + n;
		first = false;
	}
	return at == file.n ? OK
			    : damaged(p, path, at, "something follows the end");
}

static bool
is_whole(const struct backup *b)
{
	struct slice in = b->items, bytes;
	enum backup_item type;
	err e;

	do {
		e = backup_next(&in, &type, &bytes);
	} while (e == OK);
	return e == ERR_NOTFOUND && b->manifest != NULL && b->keys.created != 0;
}

err
backup_load(const char *path, const char *pass, size_t pass_n,
    struct backup *out, struct problem *p)
{
	struct slice file;
	struct stream s;
	struct bytes items = { 0 };

	*out = (struct backup){ 0 };
	TRY(file_read(path, BACKUP_MAX, &file, p));
	out->memory.p = (uint8_t *)(uintptr_t)file.p;
	out->memory.n = out->memory.cap = file.n;
	/* Not in place: the plain bytes would begin one before the sealed
	 * ones, and libsodium then gets some lengths wrong. */
	uint8_t *plain = malloc(PIECE_MAX);
	err e = open_header(&s, file, path, pass, pass_n, p);
	if (e == OK)
		e = plain == NULL
			? ERR_NOMEM
			: load_pieces(out, &s, file, plain, &items, path, p);
	if (plain != NULL)
		crypto_wipe(plain, PIECE_MAX);
	free(plain);
	stream_wipe(&s);
	out->items = slice_of(items.p, items.n);
	if (e == OK && !is_whole(out))
		e = damaged(p, path, file.n, "something is missing in it");
	if (e != OK)
		backup_free(out);
	return e;
}

void
backup_free(struct backup *b)
{
	json_decref(b->manifest);
	key_material_wipe(&b->keys);
	if (b->items.p != NULL && b->memory.p != NULL) {
		uint8_t *items = (uint8_t *)(uintptr_t)b->items.p;
		crypto_wipe(items, b->items.n);
		free(items);
	}
	bytes_free(&b->memory);
	*b = (struct backup){ 0 };
}

/* ---- restoring ---- */

static err
nothing_there(const struct paths *paths, struct problem *p)
{
	char store[PATH_TEXT_MAX + 16], private_data[PATH_TEXT_MAX + 16];
	const char *const must_not[] = { paths->key, paths->config, store,
		private_data };

	(void)snprintf(store, sizeof(store), "%s/data.mdb", paths->store);
	(void)snprintf(private_data, sizeof(private_data), "%s/data.mdb",
	    paths->private_dir);
	for (size_t i = 0; i < ARRAY_LEN(must_not); i++) {
		if (access(must_not[i], F_OK) != 0)
			continue;
		problem_set(p, EXIT_CONFLICT, "E1710",
		    "there is a node already: %s", must_not[i]);
		problem_why(p, "a node is never overwritten");
		problem_hint(p,
		    "ohcn --home NEWDIR backup restore FILE, or "
		    "move %s away",
		    paths->home);
		return ERR_EXISTS;
	}
	return OK;
}

/*
 * The settings, with the file of the network's key where it lies now. Other
 * lines stay as the user wrote them.
 */
static err
put_settings(
    const struct backup *b, const struct paths *paths, struct problem *p)
{
	struct bytes text = { 0 };
	char key_path[PATH_TEXT_MAX + 16], line[PATH_TEXT_MAX + 64];
	struct slice in = b->settings;
	err e = OK;

	(void)snprintf(key_path, sizeof(key_path), "%s/swarm.key", paths->home);
	if (b->network.n > 0)
		TRY(file_create(key_path, b->network, 0600, p));
	while (e == OK && in.n > 0) {
		const uint8_t *end = memchr(in.p, '\n', in.n);
		const size_t n = end == NULL ? in.n : (size_t)(end - in.p) + 1;
		size_t blank = 0;
		while (blank < n && (in.p[blank] == ' ' || in.p[blank] == '\t'))
			blank++;
		if (b->network.n > 0 && n - blank >= 8 &&
		    memcmp(in.p + blank, "psk_file", 8) == 0) {
			(void)snprintf(
			    line, sizeof(line), "psk_file = %s\n", key_path);
			e = bytes_put(&text, line, strlen(line));
		} else {
			e = bytes_put(&text, in.p, n);
		}
		slice_skip(&in, n);
	}
	if (e != OK)
		save_problem(p, e, paths->config);
	else if (text.n > 0)
		e = file_create(
		    paths->config, slice_of(text.p, text.n), 0600, p);
	bytes_free(&text);
	return e;
}

/*
 * What stays behind: cursors into what peers have, and tokens of the API: one
 * that was revoked since must not count again.
 */
static bool
stays_behind(struct slice name)
{
	static const char *const heads[] = { "fetch/", "sync/", "light/",
		"care/", "tokens", "access/" };

	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		if (name.n >= strlen(heads[i]) &&
		    memcmp(name.p, heads[i], strlen(heads[i])) == 0)
			return true;
	return false;
}

static err
put_private(const struct backup *b, const struct paths *paths,
    struct backup_restored *out, struct problem *p)
{
	struct env env = { 0 }; /* nothing is sealed anew */
	struct slice in = b->items, bytes;
	enum backup_item type;
	struct vault *v;
	err e = OK;

	TRY(vault_open(paths->private_dir, b->keys.private_key, &env, &v, p));
	while (e == OK && backup_next(&in, &type, &bytes) == OK) {
		if (type != BACKUP_PRIVATE)
			continue;
		if (bytes.n < 1 || (size_t)bytes.p[0] + 1 > bytes.n) {
			e = ERR_FORM;
			break;
		}
		const struct slice name = slice_of(bytes.p + 1, bytes.p[0]);
		if (stays_behind(name))
			continue;
		slice_skip(&bytes, 1 + name.n);
		e = vault_put_sealed(v, name, bytes);
		out->private_n++;
	}
	vault_close(v);
	if (e != OK) {
		problem_set(p, e == ERR_IO ? EXIT_DISK : EXIT_DAMAGED, "E1711",
		    "the private data cannot be put back into %s",
		    paths->private_dir);
		problem_why(p, "%s",
		    e == ERR_IO ? "it cannot be written; is the disk full?"
				: "it was sealed under another key");
	}
	return e;
}

/* One own record, first as ours, then, if it was, as heard from others. */
static err
put_record(struct store *s, struct slice bytes, struct arena *scratch,
    uint64_t now_s, struct backup_restored *out)
{
	struct record r;
	if (bytes.n < 1)
		return ERR_FORM;
	const bool heard = bytes.p[0] != 0;
	/* Whether it was to be quiet is not known: so it is. */
	struct store_item item = { .record = &r, .own = true, .quiet = !heard };
	slice_skip(&bytes, 1);
	arena_reset(scratch);
	if (record_read(bytes, scratch, &r) != RECORD_FINE ||
	    record_verify(&r, scratch) != RECORD_FINE)
		return ERR_FORM;
	TRY(store_apply(s, &item, 1, now_s, NULL, NULL));
	if (item.outcome != RECORD_STORED) {
		out->expired_n++;
		return OK;
	}
	out->records_n++;
	item = (struct store_item){ .record = &r };
	return heard ? store_apply(s, &item, 1, now_s, NULL, NULL) : OK;
}

static err
put_records(const struct backup *b, struct store *s, uint64_t now_s,
    struct backup_restored *out)
{
	struct slice in = b->items, bytes;
	enum backup_item type;
	err e = OK;
	struct arena scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);

	if (scratch.p == NULL)
		return ERR_NOMEM;
	while (e == OK && backup_next(&in, &type, &bytes) == OK)
		if (type == BACKUP_RECORD)
			e = put_record(s, bytes, &scratch, now_s, out);
	free(scratch.p);
	return e;
}

static err
put_store(const struct backup *b, const struct paths *paths, uint64_t now_s,
    struct backup_restored *out, struct problem *p)
{
	const struct map_lmdb_options options = { .map_bytes = RESTORE_MAP,
		.create = true };
	const char *net =
	    json_string_value(json_object_get(b->manifest, "network"));
	struct store_config cf = { .net = slice_str(net == NULL ? "" : net) };
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	char why[STORE_WHY] = "";
	struct map *map = NULL;
	struct store *s = NULL;

	persona_keypair(pub, secret, b->keys.seed, 0);
	crypto_wipe(secret, sizeof(secret));
	care_mark(pub, cf.mark);
	crypto_random(cf.random, sizeof(cf.random));
	err e = map_lmdb_open(paths->store, &options, &map, why);
	if (e == OK)
		e = store_open(map, &cf, &s, why);
	if (e == OK) {
		e = put_records(b, s, now_s, out);
		if (e != OK)
			(void)snprintf(why, sizeof(why), "%s",
			    e == ERR_FORM ? "an own record in it is damaged"
					  : store_why(s));
	}
	store_close(s);
	map_close(map);
	if (e != OK) {
		problem_set(p, e == ERR_FORM ? EXIT_DAMAGED : problem_exit(e),
		    "E1712", "the own records cannot be put into %s",
		    paths->store);
		problem_why(p, "%s", why);
	}
	return e;
}

static void
remove_in(const char *dir, const char *name)
{
	char path[PATH_TEXT_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (unlink(path) != 0 && errno != ENOENT)
		(void)fprintf(stderr, "ohcn: %s stays\n", path);
}

/* Of a restoration that failed half-way; nothing was there before. */
static void
take_away(const struct paths *paths)
{
	static const char *const files[] = { "data.mdb", "lock.mdb",
		"owner.lock" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		remove_in(paths->store, files[i]);
		remove_in(paths->private_dir, files[i]);
	}
	remove_in(paths->home, "swarm.key");
	remove_in(paths->home, RESTORE_FILE);
	(void)unlink(paths->config);
}

err
backup_restore(const struct backup *b, const struct paths *paths,
    const char *pass, size_t pass_n, struct seal_cost cost, uint64_t now_s,
    struct backup_restored *out, struct problem *p)
{
	*out = (struct backup_restored){ 0 };
	TRY(nothing_there(paths, p));
	TRY(paths_make(paths, p));
	TRY(care_room(paths->home, 2 * b->memory.n, p));
	err e = put_private(b, paths, out, p);
	if (e == OK)
		e = put_store(b, paths, now_s, out, p);
	if (e == OK)
		e = put_settings(b, paths, p);
	if (e == OK)
		e = restore_mark(paths->home, p);
	if (e == OK)
		e = keyfile_create(paths->key, &b->keys, pass, pass_n, cost, p);
	if (e != OK)
		take_away(paths);
	return e;
}
