/*
 * A table is a sorted list of sorted pages of entries. All three levels are
 * counted and never changed once a reader may see them: a write transaction
 * copies a page before it changes it, so that an abort is to let go of the
 * copies, and a reader keeps what it saw by holding the root.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/map.h"

#define PAGE_ENTRIES 32

struct entry {
	unsigned refs;
	uint32_t key_n;
	uint32_t value_n;
	uint8_t bytes[]; /* key, value */
};

struct page {
	unsigned refs;
	unsigned n;
	uint64_t txn; /* the write transaction that may change it */
	struct entry *entries[PAGE_ENTRIES];
};

struct table {
	unsigned refs;
	uint64_t txn;
	size_t n, cap;
	struct page **pages; /* none is empty */
};

struct root {
	unsigned refs;
	struct table *tables[MAP_TABLES]; /* NULL: empty */
};

struct memory {
	struct map map;
	uint64_t cap;
	uint64_t used; /* atomic */
	struct root *root;
	bool root_lock; /* held while ${root} is taken or exchanged */
	bool writing;
	uint64_t last_txn;
};

struct memory_txn {
	struct map_txn txn;
	struct root *root;
	uint64_t number; /* 0: a reader */
};

struct memory_cursor {
	struct map_cursor cursor;
	unsigned table;
	bool placed;
	size_t key_n;
	uint8_t key[MAP_KEY_MAX];
};

static struct memory *
memory_of(struct map *m)
{
	return CONTAINER_OF(m, struct memory, map);
}

static struct memory_txn *
txn_of(struct map_txn *t)
{
	return CONTAINER_OF(t, struct memory_txn, txn);
}

/* ---- counted memory ---- */

static void *
take(struct memory *m, size_t n)
{
	const uint64_t used = __atomic_add_fetch(&m->used, n, __ATOMIC_RELAXED);
	void *p = used <= m->cap ? calloc(1, n) : NULL;

	if (p == NULL)
		__atomic_sub_fetch(&m->used, n, __ATOMIC_RELAXED);
	return p;
}

static void
give(struct memory *m, void *p, size_t n)
{
	__atomic_sub_fetch(&m->used, n, __ATOMIC_RELAXED);
	free(p);
}

static void
hold(unsigned *refs)
{
	__atomic_add_fetch(refs, 1, __ATOMIC_RELAXED);
}

/* true: that was the last one. */
static bool
let_go(unsigned *refs)
{
	return __atomic_sub_fetch(refs, 1, __ATOMIC_ACQ_REL) == 0;
}

static void
entry_drop(struct memory *m, struct entry *e)
{
	if (let_go(&e->refs))
		give(m, e, sizeof(*e) + e->key_n + e->value_n);
}

static void
page_drop(struct memory *m, struct page *p)
{
	if (!let_go(&p->refs))
		return;
	for (unsigned i = 0; i < p->n; i++)
		entry_drop(m, p->entries[i]);
	give(m, p, sizeof(*p));
}

static void
table_drop(struct memory *m, struct table *t)
{
	if (t == NULL || !let_go(&t->refs))
		return;
	for (size_t i = 0; i < t->n; i++)
		page_drop(m, t->pages[i]);
	give(m, t->pages, t->cap * sizeof(struct page *));
	give(m, t, sizeof(*t));
}

static void
root_drop(struct memory *m, struct root *r)
{
	if (!let_go(&r->refs))
		return;
	for (unsigned i = 0; i < MAP_TABLES; i++)
		table_drop(m, r->tables[i]);
	give(m, r, sizeof(*r));
}

static struct slice
entry_key(const struct entry *e)
{
	return slice_of(e->bytes, e->key_n);
}

static struct slice
entry_value(const struct entry *e)
{
	return slice_of(e->bytes + e->key_n, e->value_n);
}

/* ---- finding ---- */

struct place {
	size_t page;
	unsigned entry;
};

/* The place of the first key >= ${key}: at most one past a page's end. */
static struct place
table_find(const struct table *t, struct slice key)
{
	size_t low = 0, high = t->n; /* pages whose first key is <= key */

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct page *p = t->pages[middle];
		if (slice_cmp(entry_key(p->entries[0]), key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return (struct place){ 0, 0 };

	const struct page *p = t->pages[low - 1];
	unsigned a = 0, b = p->n;
	while (a < b) {
		const unsigned middle = a + (b - a) / 2;
		if (slice_cmp(entry_key(p->entries[middle]), key) < 0)
			a = middle + 1;
		else
			b = middle;
	}
	return (struct place){ low - 1, a };
}

static struct entry *
table_at(const struct table *t, struct place at)
{
	if (at.page < t->n && at.entry == t->pages[at.page]->n)
		at = (struct place){ at.page + 1, 0 };
	return at.page < t->n ? t->pages[at.page]->entries[at.entry] : NULL;
}

static struct entry *
table_get(const struct table *t, struct slice key)
{
	if (t == NULL || t->n == 0)
		return NULL;
	struct entry *e = table_at(t, table_find(t, key));
	return e != NULL && slice_eq(entry_key(e), key) ? e : NULL;
}

/* ---- changing ---- */

/* The table, for this transaction to change; NULL: no memory. */
static struct table *
table_own(struct memory_txn *t, unsigned number)
{
	struct memory *m = memory_of(t->txn.map);
	struct table *old = t->root->tables[number];

	if (old != NULL && old->txn == t->number)
		return old;
	const size_t n = old == NULL ? 0 : old->n;
	struct table *copy = take(m, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	copy->refs = 1;
	copy->txn = t->number;
	copy->cap = n + 8;
	copy->pages = take(m, copy->cap * sizeof(struct page *));
	if (copy->pages == NULL) {
		give(m, copy, sizeof(*copy));
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		copy->pages[i] = old->pages[i];
		hold(&copy->pages[i]->refs);
	}
	copy->n = n;
	table_drop(m, old);
	t->root->tables[number] = copy;
	return copy;
}

/* A new page into the list at ${at}; NULL: no memory. */
static struct page *
page_insert(struct memory *m, struct table *table, size_t at, uint64_t number)
{
	if (table->n == table->cap) {
		const size_t cap = table->cap * 2;
		struct page **more = take(m, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		memcpy(more, table->pages, table->n * sizeof(*more));
		give(m, table->pages, table->cap * sizeof(*more));
		table->pages = more;
		table->cap = cap;
	}
	struct page *p = take(m, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->refs = 1;
	p->txn = number;
	memmove(table->pages + at + 1, table->pages + at,
	    (table->n - at) * sizeof(struct page *));
	table->pages[at] = p;
	table->n++;
	return p;
}

/* Page ${at}, for this transaction to change; NULL: no memory. */
static struct page *
page_own(struct memory *m, struct table *table, size_t at, uint64_t number)
{
	struct page *old = table->pages[at];

	if (old->txn == number)
		return old;
	struct page *copy = take(m, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	/* Not the count of the old one: readers change it meanwhile. */
	copy->n = old->n;
	memcpy(copy->entries, old->entries, old->n * sizeof(struct entry *));
	copy->refs = 1;
	copy->txn = number;
	for (unsigned i = 0; i < copy->n; i++)
		hold(&copy->entries[i]->refs);
	page_drop(m, old);
	table->pages[at] = copy;
	return copy;
}

static void
page_shift_in(struct page *p, unsigned at, struct entry *e)
{
	memmove(p->entries + at + 1, p->entries + at,
	    (p->n - at) * sizeof(struct entry *));
	p->entries[at] = e;
	p->n++;
}

/* Insert a key that is absent; false: no memory. */
static bool
table_insert(struct memory *m, struct table *table, struct place at,
    struct entry *e, uint64_t number)
{
	if (table->n == 0) {
		struct page *first = page_insert(m, table, 0, number);
		if (first == NULL)
			return false;
		page_shift_in(first, 0, e);
		return true;
	}
	struct page *p = page_own(m, table, at.page, number);
	if (p == NULL)
		return false;
	if (p->n == PAGE_ENTRIES) {
		struct page *right = page_insert(m, table, at.page + 1, number);
		if (right == NULL)
			return false;
		/* keys that come in order leave full pages behind */
		const bool append = at.page + 2 == table->n && at.entry == p->n;
		const unsigned keep = append ? PAGE_ENTRIES : PAGE_ENTRIES / 2;
		right->n = p->n - keep;
		memcpy(right->entries, p->entries + keep,
		    right->n * sizeof(struct entry *));
		p->n = keep;
		if (append || at.entry > keep) {
			p = right;
			at.entry -= keep;
		}
	}
	page_shift_in(p, at.entry, e);
	return true;
}

static err
memory_put(struct map_txn *txn, unsigned number, struct slice key,
    struct slice value, enum map_put how)
{
	struct memory_txn *t = txn_of(txn);
	struct memory *m = memory_of(txn->map);

	(void)how;
	struct entry *e = take(m, sizeof(*e) + key.n + value.n);
	if (e == NULL)
		return ERR_LIMIT;
	e->refs = 1;
	e->key_n = (uint32_t)key.n;
	e->value_n = (uint32_t)value.n;
	memcpy(e->bytes, key.p, key.n);
	if (value.n > 0)
		memcpy(e->bytes + key.n, value.p, value.n);

	struct table *table = table_own(t, number);
	if (table == NULL)
		goto fail1;
	const struct place at = table_find(table, key);
	if (at.page < table->n && at.entry < table->pages[at.page]->n &&
	    slice_eq(
		entry_key(table->pages[at.page]->entries[at.entry]), key)) {
		struct page *p = page_own(m, table, at.page, t->number);
		if (p == NULL)
			goto fail1;
		entry_drop(m, p->entries[at.entry]);
		p->entries[at.entry] = e;
		return OK;
	}
	if (!table_insert(m, table, at, e, t->number))
		goto fail1;
	return OK;

fail1:
	entry_drop(m, e);
	return ERR_LIMIT;
}

static err
memory_del(struct map_txn *txn, unsigned number, struct slice key)
{
	struct memory_txn *t = txn_of(txn);
	struct memory *m = memory_of(txn->map);

	if (table_get(t->root->tables[number], key) == NULL)
		return ERR_NOTFOUND;
	struct table *table = table_own(t, number);
	if (table == NULL)
		return ERR_LIMIT;
	const struct place at = table_find(table, key);
	struct page *p = page_own(m, table, at.page, t->number);
	if (p == NULL)
		return ERR_LIMIT;

	entry_drop(m, p->entries[at.entry]);
	p->n--;
	memmove(p->entries + at.entry, p->entries + at.entry + 1,
	    (p->n - at.entry) * sizeof(struct entry *));
	if (p->n > 0)
		return OK;
	page_drop(m, p);
	table->n--;
	memmove(table->pages + at.page, table->pages + at.page + 1,
	    (table->n - at.page) * sizeof(struct page *));
	return OK;
}

static err
memory_get(
    struct map_txn *txn, unsigned number, struct slice key, struct slice *value)
{
	const struct entry *e =
	    table_get(txn_of(txn)->root->tables[number], key);

	if (e == NULL)
		return ERR_NOTFOUND;
	*value = entry_value(e);
	return OK;
}

/* ---- transactions ---- */

static void
root_lock(struct memory *m)
{
	while (__atomic_test_and_set(&m->root_lock, __ATOMIC_ACQUIRE)) {
		/* held for a few instructions */
	}
}

static void
root_unlock(struct memory *m)
{
	__atomic_clear(&m->root_lock, __ATOMIC_RELEASE);
}

static struct root *
root_hold(struct memory *m)
{
	root_lock(m);
	struct root *r = m->root;
	hold(&r->refs);
	root_unlock(m);
	return r;
}

static err
memory_begin(struct map *map, bool write, struct map_txn **txn)
{
	struct memory *m = memory_of(map);
	struct memory_txn *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NOMEM;
	t->root = root_hold(m);
	if (write) {
		struct root *copy = calloc(1, sizeof(*copy));
		if (copy == NULL) {
			root_drop(m, t->root);
			free(t);
			return ERR_NOMEM;
		}
		ASSERT(!m->writing);
		m->writing = true;
		/* beyond the cap as well, so that a full map can shrink */
		__atomic_add_fetch(&m->used, sizeof(*copy), __ATOMIC_RELAXED);
		copy->refs = 1;
		for (unsigned i = 0; i < MAP_TABLES; i++) {
			copy->tables[i] = t->root->tables[i];
			if (copy->tables[i] != NULL)
				hold(&copy->tables[i]->refs);
		}
		root_drop(m, t->root);
		t->root = copy;
		t->number = ++m->last_txn;
	}
	*txn = &t->txn;
	return OK;
}

static void
memory_abort(struct map_txn *txn)
{
	struct memory_txn *t = txn_of(txn);
	struct memory *m = memory_of(txn->map);

	if (t->number != 0)
		m->writing = false;
	root_drop(m, t->root);
	free(t);
}

static err
memory_commit(struct map_txn *txn)
{
	struct memory_txn *t = txn_of(txn);
	struct memory *m = memory_of(txn->map);

	if (t->number != 0) {
		struct root *old;
		root_lock(m);
		old = m->root;
		m->root = t->root;
		root_unlock(m);
		t->root = old;
	}
	memory_abort(txn);
	return OK;
}

/* ---- cursors ---- */

static struct memory_cursor *
cursor_of(struct map_cursor *c)
{
	return CONTAINER_OF(c, struct memory_cursor, cursor);
}

static err
memory_cursor_open(struct map_txn *txn, unsigned table, struct map_cursor **c)
{
	struct memory_cursor *mc = calloc(1, sizeof(*mc));

	(void)txn;
	if (mc == NULL)
		return ERR_NOMEM;
	mc->table = table;
	*c = &mc->cursor;
	return OK;
}

static const struct table *
cursor_table(const struct memory_cursor *c)
{
	const struct table *t = txn_of(c->cursor.txn)->root->tables[c->table];

	return t == NULL || t->n == 0 ? NULL : t;
}

static err
cursor_place(struct memory_cursor *c, const struct entry *e, struct slice *key,
    struct slice *value)
{
	if (e == NULL)
		return ERR_NOTFOUND;
	c->placed = true;
	c->key_n = e->key_n;
	memcpy(c->key, e->bytes, e->key_n);
	*key = entry_key(e);
	*value = entry_value(e);
	return OK;
}

static err
memory_cursor_seek(struct map_cursor *cursor, struct slice from,
    struct slice *key, struct slice *value)
{
	struct memory_cursor *c = cursor_of(cursor);
	const struct table *t = cursor_table(c);

	if (t == NULL)
		return ERR_NOTFOUND;
	return cursor_place(c, table_at(t, table_find(t, from)), key, value);
}

static err
memory_cursor_next(
    struct map_cursor *cursor, struct slice *key, struct slice *value)
{
	struct memory_cursor *c = cursor_of(cursor);
	const struct table *t = cursor_table(c);

	if (!c->placed)
		return memory_cursor_seek(
		    cursor, (struct slice){ 0 }, key, value);
	if (t == NULL)
		return ERR_NOTFOUND;
	const struct slice from = { c->key, c->key_n };
	struct place at = table_find(t, from);
	const struct entry *e = table_at(t, at);
	if (e != NULL && slice_eq(entry_key(e), from)) {
		at.entry++; /* it stands inside its page, as it was found */
		e = table_at(t, at);
	}
	return cursor_place(c, e, key, value);
}

static err
memory_cursor_prev(
    struct map_cursor *cursor, struct slice *key, struct slice *value)
{
	struct memory_cursor *c = cursor_of(cursor);
	const struct table *t = cursor_table(c);

	if (t == NULL)
		return ERR_NOTFOUND;
	struct place at = { t->n, 0 };
	if (c->placed)
		at = table_find(t, slice_of(c->key, c->key_n));
	if (at.entry > 0)
		at.entry--;
	else if (at.page > 0)
		at =
		    (struct place){ at.page - 1, t->pages[at.page - 1]->n - 1 };
	else
		return ERR_NOTFOUND;
	return cursor_place(
	    c, t->pages[at.page]->entries[at.entry], key, value);
}

static void
memory_cursor_close(struct map_cursor *c)
{
	free(cursor_of(c));
}

/* ---- the rest ---- */

static err
memory_table_stats(
    struct map_txn *txn, unsigned number, struct map_table_stats *out)
{
	const struct table *t = txn_of(txn)->root->tables[number];

	for (size_t i = 0; t != NULL && i < t->n; i++) {
		const struct page *p = t->pages[i];
		out->rows += p->n;
		out->bytes += sizeof(*p);
		for (unsigned k = 0; k < p->n; k++)
			out->bytes += sizeof(struct entry) +
				      p->entries[k]->key_n +
				      p->entries[k]->value_n;
	}
	return OK;
}

static err
memory_stats(struct map *map, struct map_stats *out)
{
	struct memory *m = memory_of(map);

	out->used_bytes = __atomic_load_n(&m->used, __ATOMIC_RELAXED);
	out->max_bytes = m->cap;
	return OK;
}

static err
memory_sync(struct map *map)
{
	(void)map;
	return OK;
}

static err
memory_copy(struct map *map, const char *path)
{
	(void)map;
	(void)path;
	return ERR_CONFIG;
}

static const char *
memory_why(const struct map *map)
{
	(void)map;
	return "";
}

static void
memory_close(struct map *map)
{
	struct memory *m = memory_of(map);

	ASSERT(!m->writing);
	root_drop(m, m->root);
	ASSERT(m->used == 0); /* else a reader is still open */
	free(m);
}

err
map_memory_open(uint64_t max_bytes, struct map **map)
{
	static const struct map_ops ops = {
		.begin = memory_begin,
		.commit = memory_commit,
		.abort = memory_abort,
		.get = memory_get,
		.put = memory_put,
		.del = memory_del,
		.cursor_open = memory_cursor_open,
		.cursor_seek = memory_cursor_seek,
		.cursor_next = memory_cursor_next,
		.cursor_prev = memory_cursor_prev,
		.cursor_close = memory_cursor_close,
		.table_stats = memory_table_stats,
		.stats = memory_stats,
		.sync = memory_sync,
		.copy = memory_copy,
		.why = memory_why,
		.close = memory_close,
	};
	struct memory *m = calloc(1, sizeof(*m));

	*map = NULL;
	if (m == NULL)
		return ERR_NOMEM;
	m->map.ops = &ops;
	m->cap = MAX(max_bytes, sizeof(struct root));
	m->root = take(m, sizeof(*m->root));
	if (m->root == NULL) {
		free(m);
		return ERR_NOMEM;
	}
	m->root->refs = 1;
	*map = &m->map;
	return OK;
}
