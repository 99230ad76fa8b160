#include "store/pages.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/faults.h"

#define MAGIC       0xBEEFC0DEU
#define VERSION     1
#define HEAD        16 /* of a page: number 8, pad 2, flags 2, bounds 4 */
#define NODE        8  /* of an entry: size or page 4, flags 2, key size 2 */
#define DB          48 /* the head of a tree */
#define META        (HEAD + 24 + 2 * DB + 16)
#define DEPTH_MAX   32 /* as LMDB's own cursors */
#define NO_PAGE     UINT64_MAX
#define PAGE_BRANCH 1
#define PAGE_LEAF   2
#define PAGE_LONG   4
#define PAGE_META   8
#define NODE_LONG   1 /* the value is on pages of its own */
#define NODE_TREE   2 /* the value is the head of a tree */
#define KEY_MAX     511
#define INTEGER_KEY 8
#define TAIL_PAGES  64   /* as map_lmdb.c */
#define STEP        4096 /* pages between two calls of progress */

/* The head of a tree. */
struct tree {
	uint16_t flags, depth;
	uint64_t branches, leaves, longs, entries, root;
};

struct meta {
	struct tree unused, main;
	uint64_t last, txn;
	uint32_t page;
};

struct check {
	struct slice file;
	uint32_t page; /* bytes */
	struct meta meta;
	uint8_t *seen; /* a bit per page */
	struct store_faults faults;
	pages_progress_fn *progress;
	void *ctx;
	struct pages_report *report;
	uint64_t looked; /* at pages */
	bool stopped;
};

/* What a tree was found to have. */
struct found {
	const char *name;
	bool integers; /* its keys are numbers of the machine */
	bool named;    /* its values are heads of trees */
	bool unused;   /* its values are lists of free pages */
	uint64_t branches, leaves, longs, entries;
};

/* Numbers of the machine, wherever they stand. */
static uint16_t
u16_at(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t
u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t
u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static struct tree
tree_at(const uint8_t *p)
{
	return (struct tree){ u16_at(p + 4), u16_at(p + 6), u64_at(p + 8),
		u64_at(p + 16), u64_at(p + 24), u64_at(p + 32),
		u64_at(p + 40) };
}

/* ---- the heads ---- */

static bool
meta_at(const uint8_t *p, uint64_t number, struct meta *m)
{
	if (u64_at(p) != number || u16_at(p + 10) != PAGE_META ||
	    u32_at(p + HEAD) != MAGIC || u32_at(p + HEAD + 4) != VERSION)
		return false;
	const uint8_t *at = p + HEAD + 24;
	m->page = u32_at(at);
	m->unused = tree_at(at);
	m->main = tree_at(at + DB);
	m->last = u64_at(at + (size_t)2 * DB);
	m->txn = u64_at(at + (size_t)2 * DB + 8);
	return true;
}

static bool
is_page_size(uint32_t n)
{
	return n >= 512 && n <= 65536 && (n & (n - 1)) == 0;
}

/*
 * Two heads take turns, so that the newest lies where its number says and
 * the other is one commit older. Of the bits of a number one alone can flip
 * unnoticed: commit 7 as 5 beside 6 is the state before the last commit.
 */
static bool
metas_read(struct check *c)
{
	struct meta m[2];
	bool good[2] = { false, false };

	for (size_t i = 0; i < 2; i++) {
		const size_t at = i == 0    ? 0
				  : good[0] ? m[0].page
					    : (size_t)4096;
		good[i] = at + META <= c->file.n &&
			  meta_at(c->file.p + at, i, &m[i]) &&
			  is_page_size(m[i].page);
		if (!good[i])
			store_fault(&c->faults, "head %zu: it is damaged", i);
	}
	if (!good[0] && !good[1])
		return false;
	if (good[0] && good[1]) {
		const uint64_t newer = MAX(m[0].txn, m[1].txn);
		if (m[0].page != m[1].page)
			store_fault(&c->faults,
			    "the heads differ in the size of a page");
		for (uint64_t i = 0; i < 2; i++)
			if (m[i].txn > 1 && (m[i].txn & 1) != i)
				store_fault(&c->faults,
				    "head %" PRIu64 ": commit %" PRIu64
				    " is not of this place",
				    i, m[i].txn);
		if (newer > 1 && newer - MIN(m[0].txn, m[1].txn) != 1)
			store_fault(
			    &c->faults, "the heads do not follow one another");
		c->meta = m[1].txn > m[0].txn ? m[1] : m[0];
	} else {
		c->meta = good[0] ? m[0] : m[1];
	}
	c->page = c->meta.page;
	return true;
}

/* ---- pages ---- */

static const uint8_t *
page_at(const struct check *c, uint64_t number)
{
	return c->file.p + number * c->page;
}

static bool
is_seen(const struct check *c, uint64_t number)
{
	return (c->seen[number / 8] & 1U << number % 8) != 0;
}

/* Note that a page is used; false: it cannot be looked at. */
static bool
take(struct check *c, uint64_t number, const char *what)
{
	if (number < 2 || number > c->meta.last ||
	    (number + 1) * c->page > c->file.n) {
		store_fault(&c->faults,
		    "page %" PRIu64 " of %s: it is outside of the file", number,
		    what);
		return false;
	}
	if (is_seen(c, number)) {
		store_fault(&c->faults,
		    "page %" PRIu64 " of %s: it is in use twice", number, what);
		return false;
	}
	c->seen[number / 8] |= (uint8_t)(1U << number % 8);
	if (++c->looked % STEP == 0 && c->progress != NULL && !c->stopped)
		c->stopped = !c->progress(c->ctx, c->looked, c->meta.last + 1);
	return !c->stopped;
}

static int
key_compare(const struct found *f, struct slice a, struct slice b)
{
	if (f->integers) {
		const uint64_t x = u64_at(a.p), y = u64_at(b.p);
		return x < y ? -1 : x > y;
	}
	const int d = memcmp(a.p, b.p, MIN(a.n, b.n));
	return d != 0 ? d : a.n < b.n ? -1 : a.n > b.n;
}

/* A long value: pages that follow one another; its bytes, or none. */
static struct slice
long_value(struct check *c, struct found *f, uint64_t number, uint32_t n)
{
	const uint64_t need = ((uint64_t)HEAD - 1 + n) / c->page + 1;

	if (!take(c, number, f->name))
		return (struct slice){ 0 };
	const uint8_t *p = page_at(c, number);
	const uint64_t have = u32_at(p + 12);
	if (u64_at(p) != number || u16_at(p + 10) != PAGE_LONG || have < need ||
	    have > c->meta.last || (number + have) * c->page > c->file.n) {
		store_fault(&c->faults,
		    "page %" PRIu64 " of %s: not the long value it should "
		    "be",
		    number, f->name);
		return (struct slice){ 0 };
	}
	for (uint64_t i = 1; i < have; i++)
		if (!take(c, number + i, f->name))
			return (struct slice){ 0 };
	f->longs += have;
	return slice_of(p + HEAD, n);
}

static void tree_check(struct check *c, const struct tree *t, struct found *f);

static void
named_check(struct check *c, struct slice key, const uint8_t *head)
{
	char name[48];
	struct found f = { .name = name };
	const struct tree t = tree_at(head);

	(void)snprintf(name, sizeof(name), "%.*s", (int)MIN(key.n, 40),
	    (const char *)key.p);
	if (t.flags != 0)
		store_fault(
		    &c->faults, "%s: a tree of a kind that is not ours", name);
	else
		tree_check(c, &t, &f);
}

/* A list of free pages: a count, then their numbers, the largest first. */
static void
unused_check(struct check *c, struct slice value, uint64_t number)
{
	const uint64_t n = value.n < 8 ? NO_PAGE : u64_at(value.p);

	if (n > value.n / 8 - 1 || value.n < 8) {
		store_fault(&c->faults,
		    "page %" PRIu64 ": a list of free pages has no end",
		    number);
		return;
	}
	for (uint64_t i = 0; i < n && !c->stopped; i++) {
		const uint64_t at = u64_at(value.p + 8 * (i + 1));
		if (i > 0 && at >= u64_at(value.p + 8 * i))
			store_fault(&c->faults,
			    "page %" PRIu64
			    ": a list of free pages is out of order",
			    number);
		if (take(c, at, "the list of free pages"))
			c->report->unused++;
	}
}

/* One entry of a leaf that lies within its page. */
static void
leaf_entry(struct check *c, struct found *f, uint64_t number,
    const uint8_t *node, const uint8_t *end)
{
	const uint32_t n = u32_at(node);
	const uint16_t flags = u16_at(node + 4), key_n = u16_at(node + 6);
	const uint8_t *data = node + NODE + key_n;
	const size_t inside = (flags & NODE_LONG) != 0 ? 8 : n;
	struct slice value = slice_of(data, n);

	f->entries++;
	c->report->entries++;
	if (inside > (size_t)(end - data)) {
		store_fault(&c->faults,
		    "page %" PRIu64 " of %s: a value runs over its end", number,
		    f->name);
		return;
	}
	if ((flags & ~(NODE_LONG | NODE_TREE)) != 0 ||
	    ((flags & NODE_TREE) != 0) != f->named ||
	    (f->named && (n != DB || flags != NODE_TREE))) {
		store_fault(&c->faults,
		    "page %" PRIu64 " of %s: an entry of a wrong kind", number,
		    f->name);
		return;
	}
	if (f->named) {
		named_check(c, slice_of(node + NODE, key_n), data);
		return;
	}
	if ((flags & NODE_LONG) != 0)
		value = long_value(c, f, u64_at(data), n);
	if (f->unused && value.p != NULL)
		unused_check(c, value, number);
}

/* Bytes that an entry takes in its page. */
static size_t
node_bytes(const uint8_t *node, bool leaf)
{
	const uint16_t flags = u16_at(node + 4), key_n = u16_at(node + 6);
	size_t n = NODE + (size_t)key_n;

	if (leaf)
		n += (flags & NODE_LONG) != 0 ? 8 : u32_at(node);
	return n + (n & 1);
}

/* What is said once of a page: number, kind, bounds. Its entries, or 0. */
static size_t
page_shape(struct check *c, const struct found *f, uint64_t number, bool leaf)
{
	const uint8_t *p = page_at(c, number);
	const uint16_t lower = u16_at(p + 12), upper = u16_at(p + 14);
	const char *what = NULL;

	if (u64_at(p) != number)
		what = "it has another number";
	else if (u16_at(p + 10) != (leaf ? PAGE_LEAF : PAGE_BRANCH))
		what = "it is of another kind";
	else if (lower < HEAD || lower > upper || upper > c->page ||
		 (lower & 1) != 0)
		what = "its bounds make no sense";
	else if ((lower - HEAD) / 2 < (leaf ? 1 : 2))
		what = "it has too few entries";
	if (what == NULL)
		return (lower - HEAD) / 2U;
	store_fault(
	    &c->faults, "page %" PRIu64 " of %s: %s", number, f->name, what);
	return 0;
}

/* The entries' places and sizes; false: they cannot be looked at. */
static bool
page_entries(struct check *c, const struct found *f, uint64_t number,
    size_t entries, bool leaf)
{
	const uint8_t *p = page_at(c, number);
	const uint16_t upper = u16_at(p + 14);
	size_t sum = 0;

	for (size_t i = 0; i < entries; i++) {
		const size_t at = u16_at(p + HEAD + 2 * i);
		if (at < upper || at + NODE > c->page ||
		    u16_at(p + at + 6) > KEY_MAX ||
		    at + NODE + u16_at(p + at + 6) > c->page ||
		    (f->integers && (leaf || i > 0) &&
			u16_at(p + at + 6) != 8)) {
			store_fault(&c->faults,
			    "page %" PRIu64 " of %s: entry %zu lies "
			    "outside of it",
			    number, f->name, i);
			return false;
		}
		sum += node_bytes(p + at, leaf);
	}
	if (sum == (size_t)c->page - upper)
		return true;
	store_fault(&c->faults,
	    "page %" PRIu64 " of %s: its entries overlap or leave gaps", number,
	    f->name);
	return false;
}

/* Is the key above the one before, and within what the page above says? */
static void
order_check(struct check *c, const struct found *f, uint64_t number,
    struct slice key, struct slice before, struct slice from, struct slice to)
{
	if (before.p != NULL && key_compare(f, before, key) >= 0)
		store_fault(&c->faults,
		    "page %" PRIu64 " of %s: keys out of order", number,
		    f->name);
	else if ((from.p != NULL && key_compare(f, key, from) < 0) ||
		 (to.p != NULL && key_compare(f, key, to) >= 0))
		store_fault(&c->faults,
		    "page %" PRIu64 " of %s: a key is in the wrong place",
		    number, f->name);
}

static struct slice
key_at(const uint8_t *p, size_t i)
{
	const uint8_t *node = p + u16_at(p + HEAD + 2 * i);

	return slice_of(node + NODE, u16_at(node + 6));
}

/* A page and all below it; keys are in ${from} <= key < ${to}. */
static void
page_check(struct check *c, struct found *f, uint64_t number, unsigned depth,
    struct slice from, struct slice to)
{
	const bool leaf = depth == 1;
	struct slice before = { 0 };

	if (!take(c, number, f->name))
		return;
	const size_t n = page_shape(c, f, number, leaf);
	const uint8_t *p = page_at(c, number);
	if (n == 0 || !page_entries(c, f, number, n, leaf))
		return;
	f->branches += !leaf;
	f->leaves += leaf;
	for (size_t i = 0; i < n && !c->stopped; i++) {
		const uint8_t *node = p + u16_at(p + HEAD + 2 * i);
		const struct slice key = key_at(p, i);
		/* The first key of a branch stands for all below. */
		if (leaf || i > 0) {
			order_check(c, f, number, key, before, from, to);
			before = key;
		}
		if (leaf) {
			leaf_entry(c, f, number, node, p + c->page);
			continue;
		}
		const uint64_t below = u32_at(node) | (uint64_t)u16_at(node + 4)
							  << 32;
		page_check(c, f, below, depth - 1, i > 0 ? key : from,
		    i + 1 < n ? key_at(p, i + 1) : to);
	}
}

static void
tree_check(struct check *c, const struct tree *t, struct found *f)
{
	const struct slice none = { 0 };

	if (t->root == NO_PAGE) {
		if ((t->entries | t->depth | t->branches | t->leaves |
			t->longs) != 0)
			store_fault(&c->faults,
			    "%s: it has entries but no root", f->name);
		return;
	}
	if (t->depth < 1 || t->depth > DEPTH_MAX) {
		store_fault(
		    &c->faults, "%s: its depth makes no sense", f->name);
		return;
	}
	page_check(c, f, t->root, t->depth, none, none);
	if (!c->stopped &&
	    (f->entries != t->entries || f->branches != t->branches ||
		f->leaves != t->leaves || f->longs != t->longs))
		store_fault(&c->faults,
		    "%s: its head says %" PRIu64 " entries and %" PRIu64
		    " pages, there are %" PRIu64 " and %" PRIu64,
		    f->name, t->entries, t->branches + t->leaves + t->longs,
		    f->entries, f->branches + f->leaves + f->longs);
}

static uint64_t
count_seen(const struct check *c)
{
	uint64_t n = 0;

	for (uint64_t i = 2; i <= c->meta.last; i++)
		n += is_seen(c, i);
	return n;
}

static err
check_all(struct check *c)
{
	struct found unused = { .name = "the list of free pages",
		.integers = true,
		.unused = true };
	struct found main = { .name = "the list of tables", .named = true };
	const uint64_t there = c->file.n / c->page;

	/* A crash may leave a little of the end unwritten. */
	c->report->pages = c->meta.last + 1;
	if (c->meta.last < 1 || there < 2 || c->meta.last / 2 > there ||
	    c->meta.last >= there + TAIL_PAGES) {
		store_fault(&c->faults,
		    "the head says %" PRIu64 " pages, the file has %" PRIu64,
		    c->meta.last + 1, there);
		return OK;
	}
	c->seen = calloc((size_t)(c->meta.last / 8 + 1), 1);
	if (c->seen == NULL)
		return ERR_NOMEM;
	if (c->meta.unused.flags != INTEGER_KEY || c->meta.main.flags != 0)
		store_fault(&c->faults, "the head has flags that are not ours");
	tree_check(c, &c->meta.main, &main);
	tree_check(c, &c->meta.unused, &unused);
	const uint64_t seen = count_seen(c);
	c->report->used = 2 + seen - MIN(seen, c->report->unused);
	c->report->lost = c->meta.last + 1 - 2 - seen;
	free(c->seen);
	return c->stopped ? ERR_CLOSED : OK;
}

err
pages_check(struct slice file, store_fault_fn *fn, pages_progress_fn *progress,
    void *ctx, struct pages_report *report)
{
	struct check c = { .file = file,
		.faults = { fn, ctx, &report->faults },
		.progress = progress,
		.ctx = ctx,
		.report = report };

	*report = (struct pages_report){ 0 };
	return metas_read(&c) ? check_all(&c) : OK;
}

/* ---- what a broken tree no longer leads to ---- */

/* The value of an entry, wherever it lies; empty: it makes no sense. */
static struct slice
salvage_value(
    struct slice file, uint32_t page, const uint8_t *node, const uint8_t *end)
{
	const uint32_t n = u32_at(node);
	const uint8_t *data = node + NODE + u16_at(node + 6);
	const struct slice none = { 0 };

	if ((u16_at(node + 4) & NODE_LONG) == 0)
		return n <= (size_t)(end - data) ? slice_of(data, n) : none;
	if (end - data < 8)
		return none;
	const uint64_t at = u64_at(data);
	if (at < 2 || at >= file.n / page || n > file.n ||
	    at * page + HEAD + n > file.n)
		return none;
	return slice_of(file.p + at * page + HEAD, n);
}

static bool
salvage_page(struct slice file, uint32_t page, const uint8_t *p, size_t key_n,
    size_t min, pages_value_fn *fn, void *ctx, uint64_t *found)
{
	const uint16_t lower = u16_at(p + 12);
	const size_t n = lower < HEAD || lower > page ? 0 : (lower - HEAD) / 2U;

	for (size_t i = 0; i < n; i++) {
		const size_t at = u16_at(p + HEAD + 2 * i);
		if (at < HEAD || at + NODE + key_n > page ||
		    u16_at(p + at + 6) != key_n)
			continue;
		const struct slice v =
		    salvage_value(file, page, p + at, p + page);
		if (v.p == NULL || v.n < min)
			continue;
		++*found;
		if (!fn(ctx, slice_of(p + at + NODE, key_n), v))
			return false;
	}
	return true;
}

void
pages_salvage(struct slice file, size_t key_n, size_t min, pages_value_fn *fn,
    void *ctx, uint64_t *found)
{
	uint32_t page = 4096;
	struct meta m;

	*found = 0;
	if (file.n >= META && meta_at(file.p, 0, &m) && is_page_size(m.page))
		page = m.page;
	for (uint64_t i = 2; i < file.n / page; i++) {
		const uint8_t *p = file.p + i * page;
		if (u16_at(p + 10) == PAGE_LEAF &&
		    !salvage_page(file, page, p, key_n, min, fn, ctx, found))
			return;
	}
}
