#include "proto/evidence/ledger.h"

#include "proto/record/value.h"

/* ---- leaves, nodes, roots ---- */

void
ledger_tag(uint8_t out[32], const uint8_t id[EVIDENCE_ID])
{
	const struct crypto_part part = { id, EVIDENCE_ID };

	hash_blake2b(out, 32, "ohcn-ledgertag-1", &part, 1);
}

static void
leaf_put(uint8_t out[LEDGER_LEAF], const struct ledger_leaf *l)
{
	out[0] = (uint8_t)l->event;
	put_u32be(out + 1, l->at);
	put_u32be(out + 5, l->of);
	memcpy(out + 9, l->tag, 32);
}

/* A leaf of event PLEDGED or DONE refers to itself, others to before them. */
static bool
leaf_is_sound(const struct ledger_leaf *l, uint32_t number)
{
	const bool own = l->event == LEDGER_PLEDGED || l->event == LEDGER_DONE;

	return l->event >= LEDGER_PLEDGED && l->event <= LEDGER_DONE &&
	       (own ? l->of == number : l->of < number);
}

static bool
leaf_get(const uint8_t in[LEDGER_LEAF], uint32_t number, struct ledger_leaf *l)
{
	if (in[0] < LEDGER_PLEDGED || in[0] > LEDGER_DONE)
		return false;
	l->event = (enum ledger_event)in[0];
	l->at = get_u32be(in + 1);
	l->of = get_u32be(in + 5);
	memcpy(l->tag, in + 9, 32);
	return leaf_is_sound(l, number);
}

static struct ledger_node
leaf_node(const struct ledger_leaf *l, uint32_t number)
{
	uint8_t place[4], bytes[LEDGER_LEAF];
	const struct crypto_part parts[] = { { place, 4 },
		{ bytes, LEDGER_LEAF } };
	struct ledger_node n = { .sums = { 0 } };

	put_u32be(place, number);
	leaf_put(bytes, l);
	hash_blake2b(n.hash, 32, "ohcn-ledgerleaf1", parts, 2);
	n.sums[l->event - 1] = 1;
	return n;
}

static void
node_put(uint8_t out[LEDGER_NODE], const struct ledger_node *n)
{
	for (unsigned i = 0; i < LEDGER_SUMS; i++)
		put_u32be(out + 4 * i, n->sums[i]);
	memcpy(out + 4 * LEDGER_SUMS, n->hash, 32);
}

static void
node_get(const uint8_t in[LEDGER_NODE], struct ledger_node *n)
{
	for (unsigned i = 0; i < LEDGER_SUMS; i++)
		n->sums[i] = get_u32be(in + 4 * i);
	memcpy(n->hash, in + 4 * LEDGER_SUMS, 32);
}

static struct ledger_node
node_of(const struct ledger_node *left, const struct ledger_node *right)
{
	uint8_t bytes[2 * LEDGER_NODE];
	const struct crypto_part part = { bytes, sizeof(bytes) };
	struct ledger_node n;

	node_put(bytes, left);
	node_put(bytes + LEDGER_NODE, right);
	hash_blake2b(n.hash, 32, "ohcn-ledgernode1", &part, 1);
	for (unsigned i = 0; i < LEDGER_SUMS; i++)
		n.sums[i] = left->sums[i] + right->sums[i];
	return n;
}

/* The counts of n leaves are n in all; 64 bits, so that no sum wraps. */
static bool
node_counts(const struct ledger_node *n, uint32_t leaves)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LEDGER_SUMS; i++)
		sum += n->sums[i];
	return sum == leaves;
}

/* Of n >= 2 leaves, how many lie in the left part: a power of two below n. */
static uint32_t
split(uint32_t n)
{
	uint32_t k = 1;

	while (2 * k < n)
		k *= 2;
	return k;
}

/* The node over n leaves from number ${first}; at most 24 deep. */
static struct ledger_node
node_over(const struct ledger_leaf *leaves, uint32_t first, uint32_t n)
{
	if (n == 1)
		return leaf_node(&leaves[first], first);
	const uint32_t k = split(n);
	const struct ledger_node left = node_over(leaves, first, k);
	const struct ledger_node right = node_over(leaves, first + k, n - k);
	return node_of(&left, &right);
}

void
ledger_head_of(
    const struct ledger_leaf *leaves, uint32_t n, struct ledger_head *head)
{
	ASSERT(n >= 1 && n <= LEDGER_LEAVES_MAX);
	head->n = n;
	head->top = node_over(leaves, 0, n);
}

void
ledger_frontier_add(struct ledger_frontier *f, const struct ledger_leaf *leaf)
{
	ASSERT(f->n < LEDGER_LEAVES_MAX);
	f->node[f->nodes++] = leaf_node(leaf, f->n);
	for (uint32_t full = f->n++; (full & 1) != 0; full >>= 1) {
		f->nodes--;
		f->node[f->nodes - 1] =
		    node_of(&f->node[f->nodes - 1], &f->node[f->nodes]);
	}
}

void
ledger_frontier_head(const struct ledger_frontier *f, struct ledger_head *head)
{
	ASSERT(f->n >= 1);
	head->n = f->n;
	head->top = f->node[f->nodes - 1];
	for (uint32_t i = f->nodes - 1; i > 0; i--)
		head->top = node_of(&f->node[i - 1], &head->top);
}

void
ledger_root(uint8_t out[32], struct slice net,
    const uint8_t company[ED25519_PUBLIC], const struct ledger_head *head)
{
	const uint8_t len = (uint8_t)net.n;
	uint8_t size[4], top[LEDGER_NODE];
	const struct crypto_part parts[] = { { &len, 1 }, { net.p, net.n },
		{ company, ED25519_PUBLIC }, { size, 4 },
		{ top, LEDGER_NODE } };

	put_u32be(size, head->n);
	node_put(top, &head->top);
	hash_blake2b(out, 32, "ohcn-ledgerroot1", parts, ARRAY_LEN(parts));
}

/* ---- leaves of documents ---- */

enum evidence_fault
ledger_pledged(
    struct ledger_leaf *leaf, uint32_t number, const struct document *agreement)
{
	if (agreement->is.type != EVIDENCE_AGREEMENT)
		return EVIDENCE_WRONG_REFERENCE;
	if (!agreement->complete)
		return EVIDENCE_INCOMPLETE;
	if (agreement->is.agreement.pledge.kind == 0)
		return EVIDENCE_CONTRADICTS;
	*leaf = (struct ledger_leaf){ LEDGER_PLEDGED,
		evidence_due(&agreement->is.agreement), number, { 0 } };
	ledger_tag(leaf->tag, agreement->id);
	return EVIDENCE_FINE;
}

enum evidence_fault
ledger_settled(struct ledger_leaf *leaf, uint32_t number, uint32_t of,
    const struct document *agreement, const struct document *outcome)
{
	static const enum ledger_event events[] = { LEDGER_DONE, LEDGER_KEPT,
		LEDGER_PARTLY, LEDGER_BROKEN };

	if (outcome->is.type != EVIDENCE_OUTCOME)
		return EVIDENCE_WRONG_REFERENCE;
	const enum evidence_fault f = evidence_belongs(outcome, agreement);
	if (f != EVIDENCE_FINE)
		return f;
	leaf->event = events[outcome->is.outcome.pledge];
	leaf->at = outcome->is.outcome.at;
	leaf->of = leaf->event == LEDGER_DONE ? number : of;
	ledger_tag(leaf->tag, outcome->id);
	return leaf_is_sound(leaf, number) ? EVIDENCE_FINE
					   : EVIDENCE_WRONG_REFERENCE;
}

enum evidence_fault
ledger_lapsed(struct ledger_leaf *leaf, uint32_t of,
    const struct document *agreement, uint32_t now_h)
{
	const enum evidence_fault f = ledger_pledged(leaf, of, agreement);

	if (f != EVIDENCE_FINE)
		return f;
	if ((uint64_t)now_h < (uint64_t)leaf->at + EVIDENCE_GRACE_H)
		return EVIDENCE_TOO_EARLY;
	leaf->event = LEDGER_LAPSED;
	leaf->at = now_h;
	return EVIDENCE_FINE;
}

/* ---- proofs on the wire ---- */

enum {
	VERSION = 0,
	TYPE = 2,
	NET = 4,
	COMPANY = 6,
	SIZE = 8,
	TOP = 10,
	FIRST = 12,  /* opening */
	LEAVES = 14, /* opening */
	NODES = 16,
	OLD_SIZE = 18, /* extension */
	OLD_TOP = 20,  /* extension */
};
enum { OPENING = 1, EXTENSION = 2 };
#define NODES_MAX (2 * LEDGER_DEPTH_MAX + 2)

/* Nodes of a proof, written in order or taken in order. */
struct nodes {
	uint8_t bytes[NODES_MAX * LEDGER_NODE];
	size_t n;  /* in all */
	size_t at; /* the next to be taken */
};

static void
nodes_add(struct nodes *s, const struct ledger_node *n)
{
	ASSERT(s->n < NODES_MAX);
	node_put(s->bytes + LEDGER_NODE * s->n++, n);
}

/* The next one, over that many leaves. */
static enum evidence_fault
nodes_take(struct nodes *s, uint32_t leaves, struct ledger_node *out)
{
	if (s->at == s->n)
		return EVIDENCE_BAD_PATH;
	node_get(s->bytes + LEDGER_NODE * s->at++, out);
	return node_counts(out, leaves) ? EVIDENCE_FINE : EVIDENCE_BAD_SUMS;
}

struct parts {
	struct value pairs[2 * 9];
	size_t n;
	uint8_t top[LEDGER_NODE], old_top[LEDGER_NODE];
};

static void
put(struct parts *p, uint64_t key, struct value v)
{
	p->pairs[2 * p->n] = value_uint(key);
	p->pairs[2 * p->n + 1] = v;
	p->n++;
}

static void
put_head(struct parts *p, unsigned type, const struct ledger_of *l,
    const struct ledger_head *head)
{
	node_put(p->top, &head->top);
	put(p, VERSION, value_uint(1));
	put(p, TYPE, value_uint(type));
	put(p, NET, value_str(l->net));
	put(p, COMPANY, value_bin(slice_of(l->company, ED25519_PUBLIC)));
	put(p, SIZE, value_uint(head->n));
	put(p, TOP, value_bin(slice_of(p->top, LEDGER_NODE)));
}

/* Nodes beside the leaves [a, b), left to right, of the part [first, +n). */
static struct ledger_node
cover(const struct ledger_leaf *leaves, uint32_t first, uint32_t n, uint32_t a,
    uint32_t b, struct nodes *out)
{
	if (b <= first || a >= first + n) {
		const struct ledger_node whole = node_over(leaves, first, n);
		nodes_add(out, &whole);
		return whole;
	}
	if (n == 1)
		return leaf_node(&leaves[first], first);
	const uint32_t k = split(n);
	const struct ledger_node left = cover(leaves, first, k, a, b, out);
	const struct ledger_node right =
	    cover(leaves, first + k, n - k, a, b, out);
	return node_of(&left, &right);
}

err
ledger_opening_write(const struct ledger_of *l,
    const struct ledger_leaf *leaves, uint32_t n, uint32_t first,
    uint32_t count, struct arena *scratch, struct buf *out)
{
	struct parts p = { .n = 0 };
	struct ledger_head head = { .n = n };

	arena_reset(scratch);
	if (n == 0 || n > LEDGER_LEAVES_MAX || count == 0 ||
	    count > LEDGER_OPENED || first >= n || count > n - first ||
	    !net_is_valid(l->net))
		return ERR_FORM;
	struct nodes *nodes = arena_alloc(scratch, sizeof(*nodes));
	uint8_t *shown = arena_alloc(scratch, (size_t)count * LEDGER_LEAF);
	if (nodes == NULL || shown == NULL)
		return ERR_LIMIT;
	head.top = cover(leaves, 0, n, first, first + count, nodes);
	for (uint32_t i = 0; i < count; i++)
		leaf_put(shown + LEDGER_LEAF * (size_t)i, &leaves[first + i]);
	put_head(&p, OPENING, l, &head);
	put(&p, FIRST, value_uint(first));
	put(&p, LEAVES,
	    value_bin(slice_of(shown, (size_t)count * LEDGER_LEAF)));
	put(&p, NODES,
	    value_bin(slice_of(nodes->bytes, nodes->n * LEDGER_NODE)));
	const struct value map = value_map(p.pairs, p.n);
	return value_write(&map, out);
}

/*
 * What shows that the first m leaves of the part are as they were: ${whole}
 * says that the part began the old ledger, whose head the reader has.
 */
static void
extend(const struct ledger_leaf *leaves, uint32_t first, uint32_t m, uint32_t n,
    bool whole, struct nodes *out)
{
	if (m == n) {
		if (whole)
			return;
		const struct ledger_node all = node_over(leaves, first, n);
		nodes_add(out, &all);
		return;
	}
	const uint32_t k = split(n);
	if (m <= k) {
		extend(leaves, first, m, k, whole, out);
		const struct ledger_node right =
		    node_over(leaves, first + k, n - k);
		nodes_add(out, &right);
		return;
	}
	const struct ledger_node left = node_over(leaves, first, k);
	nodes_add(out, &left);
	extend(leaves, first + k, m - k, n - k, false, out);
}

err
ledger_extension_write(const struct ledger_of *l,
    const struct ledger_leaf *leaves, uint32_t old_n, uint32_t n,
    struct arena *scratch, struct buf *out)
{
	struct parts p = { .n = 0 };
	struct ledger_head older, newer;

	arena_reset(scratch);
	if (old_n == 0 || old_n > n || n > LEDGER_LEAVES_MAX ||
	    !net_is_valid(l->net))
		return ERR_FORM;
	struct nodes *nodes = arena_alloc(scratch, sizeof(*nodes));
	if (nodes == NULL)
		return ERR_LIMIT;
	extend(leaves, 0, old_n, n, true, nodes);
	ledger_head_of(leaves, old_n, &older);
	ledger_head_of(leaves, n, &newer);
	put_head(&p, EXTENSION, l, &newer);
	node_put(p.old_top, &older.top);
	put(&p, NODES,
	    value_bin(slice_of(nodes->bytes, nodes->n * LEDGER_NODE)));
	put(&p, OLD_SIZE, value_uint(old_n));
	put(&p, OLD_TOP, value_bin(slice_of(p.old_top, LEDGER_NODE)));
	const struct value map = value_map(p.pairs, p.n);
	return value_write(&map, out);
}

/* ---- judging proofs ---- */

/* A bin of a whole number of pieces, 0 to ${max} of them. */
static bool
pieces_at(const struct value *map, uint64_t key, size_t piece, size_t max,
    struct slice *out)
{
	const struct value *v = value_find(map, key);

	if (v == NULL || v->type != VALUE_BIN || v->s.n % piece != 0 ||
	    v->s.n / piece > max)
		return false;
	*out = v->s;
	return true;
}

/* Settled is at most what was pledged, and all leaves are counted. */
static enum evidence_fault
check_counts(const struct ledger_head *head)
{
	const uint32_t *s = head->top.sums;
	const uint64_t settled = (uint64_t)s[LEDGER_KEPT - 1] +
				 s[LEDGER_PARTLY - 1] + s[LEDGER_BROKEN - 1] +
				 s[LEDGER_LAPSED - 1];

	return node_counts(&head->top, head->n) &&
		       settled <= s[LEDGER_PLEDGED - 1]
		   ? EVIDENCE_FINE
		   : EVIDENCE_BAD_SUMS;
}

static bool
read_one_head(const struct value *map, uint64_t size_key, uint64_t top_key,
    struct ledger_head *head)
{
	uint64_t n = 0;
	struct slice top;

	if (!value_uint_at(map, size_key, LEDGER_LEAVES_MAX, &n) || n == 0 ||
	    !pieces_at(map, top_key, LEDGER_NODE, 1, &top) || top.n == 0)
		return false;
	head->n = (uint32_t)n;
	node_get(top.p, &head->top);
	return true;
}

static enum evidence_fault
read_head(struct slice bytes, unsigned type, const struct ledger_of *l,
    struct arena *scratch, struct value *map, struct ledger_head *head,
    struct nodes *nodes)
{
	uint64_t version = 0, is = 0;
	struct slice beside;

	if (bytes.n > LEDGER_BYTES_MAX)
		return EVIDENCE_OVERSIZE;
	if (value_parse(bytes, scratch, map) != OK)
		return EVIDENCE_NOT_CANONICAL;
	if (map->type != VALUE_MAP ||
	    !value_uint_at(map, VERSION, UINT64_MAX, &version))
		return EVIDENCE_MALFORMED;
	if (version != 1)
		return EVIDENCE_UNKNOWN_VERSION;
	if (!value_uint_at(map, TYPE, UINT64_MAX, &is))
		return EVIDENCE_MALFORMED;
	if (is != type)
		return EVIDENCE_UNKNOWN_TYPE;
	const struct value *net = value_find(map, NET);
	if (net == NULL || net->type != VALUE_STR)
		return EVIDENCE_MALFORMED;
	if (!net_is_valid(l->net) || !slice_eq(net->s, l->net))
		return EVIDENCE_WRONG_NET;
	const struct value *company = value_find(map, COMPANY);
	if (company == NULL || company->type != VALUE_BIN ||
	    company->s.n != ED25519_PUBLIC ||
	    !read_one_head(map, SIZE, TOP, head) ||
	    !pieces_at(map, NODES, LEDGER_NODE, NODES_MAX, &beside))
		return EVIDENCE_BAD_BODY;
	if (memcmp(company->s.p, l->company, ED25519_PUBLIC) != 0)
		return EVIDENCE_BAD_PARTIES;
	if (!value_keys_known(map, OLD_TOP))
		return EVIDENCE_UNKNOWN_FIELD;
	if (beside.n > 0)
		memcpy(nodes->bytes, beside.p, beside.n);
	nodes->n = beside.n / LEDGER_NODE;
	return EVIDENCE_FINE;
}

static bool
is_root(const struct ledger_of *l, const struct ledger_head *head,
    const uint8_t root[32])
{
	uint8_t is[32];

	ledger_root(is, l->net, l->company, head);
	return memcmp(is, root, 32) == 0;
}

/* As cover(), from the shown leaves and the nodes beside them. */
static enum evidence_fault
uncover(const struct ledger_opening *o, uint32_t first, uint32_t n,
    struct nodes *in, struct ledger_node *out)
{
	struct ledger_node left, right;

	if (o->first + o->count <= first || o->first >= first + n)
		return nodes_take(in, n, out);
	if (n == 1) {
		*out = leaf_node(&o->leaves[first - o->first], first);
		return EVIDENCE_FINE;
	}
	const uint32_t k = split(n);
	enum evidence_fault f = uncover(o, first, k, in, &left);
	if (f == EVIDENCE_FINE)
		f = uncover(o, first + k, n - k, in, &right);
	if (f == EVIDENCE_FINE)
		*out = node_of(&left, &right);
	return f;
}

static bool
same_node(const struct ledger_node *a, const struct ledger_node *b)
{
	return memcmp(a->sums, b->sums, sizeof(a->sums)) == 0 &&
	       memcmp(a->hash, b->hash, sizeof(a->hash)) == 0;
}

static enum evidence_fault
read_leaves(const struct value *map, struct ledger_opening *o)
{
	struct slice leaves;
	uint64_t first = 0;

	if (!value_uint_at(map, FIRST, LEDGER_LEAVES_MAX, &first) ||
	    !pieces_at(map, LEAVES, LEDGER_LEAF, LEDGER_OPENED, &leaves) ||
	    leaves.n == 0)
		return EVIDENCE_BAD_BODY;
	o->first = (uint32_t)first;
	o->count = (uint32_t)(leaves.n / LEDGER_LEAF);
	if (o->first >= o->head.n || o->count > o->head.n - o->first)
		return EVIDENCE_BAD_BODY;
	for (uint32_t i = 0; i < o->count; i++)
		if (!leaf_get(leaves.p + LEDGER_LEAF * (size_t)i, o->first + i,
			&o->leaves[i]))
			return EVIDENCE_BAD_SUMS;
	return EVIDENCE_FINE;
}

enum evidence_fault
ledger_opening_read(struct slice bytes, const struct ledger_of *l,
    const uint8_t root[32], struct arena *scratch, struct ledger_opening *out)
{
	struct value map;
	struct ledger_node top;

	*out = (struct ledger_opening){ .count = 0 };
	arena_reset(scratch);
	struct nodes *nodes = arena_alloc(scratch, sizeof(*nodes));
	ASSERT(nodes != NULL);
	enum evidence_fault f =
	    read_head(bytes, OPENING, l, scratch, &map, &out->head, nodes);
	if (f == EVIDENCE_FINE && !is_root(l, &out->head, root))
		f = EVIDENCE_BAD_PATH;
	if (f == EVIDENCE_FINE)
		f = check_counts(&out->head);
	if (f == EVIDENCE_FINE)
		f = read_leaves(&map, out);
	if (f == EVIDENCE_FINE)
		f = uncover(out, 0, out->head.n, nodes, &top);
	if (f == EVIDENCE_FINE &&
	    (nodes->at != nodes->n || !same_node(&top, &out->head.top)))
		f = EVIDENCE_BAD_PATH;
	if (f != EVIDENCE_FINE)
		*out = (struct ledger_opening){ .count = 0 };
	return f;
}

/* As extend(): the part's old node over m leaves, its new one over n. */
static enum evidence_fault
unextend(const struct ledger_head *older, uint32_t m, uint32_t n, bool whole,
    struct nodes *in, struct ledger_node *was, struct ledger_node *is)
{
	struct ledger_node left, right, part;
	enum evidence_fault f;

	if (m == n) {
		*was = older->top;
		f = whole ? EVIDENCE_FINE : nodes_take(in, n, was);
		*is = *was;
		return f;
	}
	const uint32_t k = split(n);
	if (m <= k) {
		f = unextend(older, m, k, whole, in, was, &left);
		if (f == EVIDENCE_FINE)
			f = nodes_take(in, n - k, &right);
		if (f == EVIDENCE_FINE)
			*is = node_of(&left, &right);
		return f;
	}
	f = nodes_take(in, k, &left);
	if (f == EVIDENCE_FINE)
		f = unextend(older, m - k, n - k, false, in, &part, &right);
	if (f == EVIDENCE_FINE) {
		*was = node_of(&left, &part);
		*is = node_of(&left, &right);
	}
	return f;
}

/* The nodes show that one head's list begins with the other's. */
static enum evidence_fault
check_extension(const struct ledger_extension *x, struct nodes *nodes)
{
	struct ledger_node was, is;
	const enum evidence_fault f =
	    unextend(&x->older, x->older.n, x->newer.n, true, nodes, &was, &is);

	if (f == EVIDENCE_BAD_SUMS)
		return f;
	return f == EVIDENCE_FINE && nodes->at == nodes->n &&
		       same_node(&was, &x->older.top) &&
		       same_node(&is, &x->newer.top)
		   ? EVIDENCE_FINE
		   : EVIDENCE_NOT_CONSISTENT;
}

enum evidence_fault
ledger_extension_read(struct slice bytes, const struct ledger_of *l,
    const uint8_t old_root[32], const uint8_t new_root[32],
    struct arena *scratch, struct ledger_extension *out)
{
	struct value map;

	*out = (struct ledger_extension){ .older = { .n = 0 } };
	arena_reset(scratch);
	struct nodes *nodes = arena_alloc(scratch, sizeof(*nodes));
	ASSERT(nodes != NULL);
	enum evidence_fault f =
	    read_head(bytes, EXTENSION, l, scratch, &map, &out->newer, nodes);
	if (f == EVIDENCE_FINE &&
	    (!read_one_head(&map, OLD_SIZE, OLD_TOP, &out->older) ||
		out->older.n > out->newer.n))
		f = EVIDENCE_BAD_BODY;
	if (f == EVIDENCE_FINE && (!is_root(l, &out->newer, new_root) ||
				      !is_root(l, &out->older, old_root)))
		f = EVIDENCE_BAD_PATH;
	if (f == EVIDENCE_FINE)
		f = check_counts(&out->newer);
	if (f == EVIDENCE_FINE)
		f = check_counts(&out->older);
	if (f == EVIDENCE_FINE)
		f = check_extension(out, nodes);
	if (f != EVIDENCE_FINE)
		*out = (struct ledger_extension){ .older = { .n = 0 } };
	return f;
}

enum evidence_fault
ledger_roots(struct slice bytes, const struct ledger_of *l,
    struct arena *scratch, uint8_t older[32], uint8_t newer[32])
{
	struct ledger_head head, old;
	struct value map;

	arena_reset(scratch);
	struct nodes *nodes = arena_alloc(scratch, sizeof(*nodes));
	ASSERT(nodes != NULL);
	memset(older, 0, 32);
	memset(newer, 0, 32);
	enum evidence_fault f =
	    read_head(bytes, OPENING, l, scratch, &map, &head, nodes);
	const bool extension = f == EVIDENCE_UNKNOWN_TYPE;
	if (extension) {
		arena_reset(scratch);
		nodes = arena_alloc(scratch, sizeof(*nodes));
		ASSERT(nodes != NULL);
		f = read_head(bytes, EXTENSION, l, scratch, &map, &head, nodes);
	}
	if (f == EVIDENCE_FINE && extension &&
	    (!read_one_head(&map, OLD_SIZE, OLD_TOP, &old) || old.n > head.n))
		f = EVIDENCE_BAD_BODY;
	if (f != EVIDENCE_FINE)
		return f;
	ledger_root(newer, l->net, l->company, &head);
	if (extension)
		ledger_root(older, l->net, l->company, &old);
	return f;
}

/* ---- counts ---- */

struct ledger_counts
ledger_counts_of(const struct ledger_head *head)
{
	const uint32_t *s = head->top.sums;
	struct ledger_counts c = { .pledged = s[LEDGER_PLEDGED - 1],
		.kept = s[LEDGER_KEPT - 1],
		.partly = s[LEDGER_PARTLY - 1],
		.broken = s[LEDGER_BROKEN - 1],
		.lapsed = s[LEDGER_LAPSED - 1],
		.done = s[LEDGER_DONE - 1] };

	c.open = c.pledged - c.kept - c.partly - c.broken - c.lapsed;
	return c;
}

/* An order of leaf numbers: by event or not, by what they name, by number. */
typedef int leaf_order(
    const struct ledger_leaf *leaves, uint32_t a, uint32_t b);

static int
by_tag(const struct ledger_leaf *leaves, uint32_t a, uint32_t b)
{
	return memcmp(leaves[a].tag, leaves[b].tag, 32);
}

/* A pledge comes before what settles it, since it has the smaller number. */
static int
by_pledge(const struct ledger_leaf *leaves, uint32_t a, uint32_t b)
{
	if (leaves[a].of != leaves[b].of)
		return leaves[a].of < leaves[b].of ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void
sift(const struct ledger_leaf *leaves, uint32_t *heap, uint32_t at, uint32_t n,
    leaf_order *order)
{
	for (;;) {
		uint32_t top = at;
		for (uint32_t c = 2 * at + 1; c <= 2 * at + 2 && c < n; c++)
			if (order(leaves, heap[c], heap[top]) > 0)
				top = c;
		if (top == at)
			return;
		const uint32_t kept = heap[at];
		heap[at] = heap[top];
		heap[top] = kept;
		at = top;
	}
}

static void
sort(const struct ledger_leaf *leaves, uint32_t *order, uint32_t n,
    leaf_order *by)
{
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = n / 2; i-- > 0;)
		sift(leaves, order, i, n, by);
	for (uint32_t i = n - 1; i > 0; i--) {
		const uint32_t kept = order[0];
		order[0] = order[i];
		order[i] = kept;
		sift(leaves, order, 0, i, by);
	}
}

/* LAPSED names the agreement as its PLEDGED does; nothing else twice. */
static bool
tags_are_sound(const struct ledger_leaf *leaves, uint32_t n, uint32_t *order)
{
	sort(leaves, order, n, by_tag);
	for (uint32_t i = 1; i < n; i++) {
		const struct ledger_leaf *a = &leaves[order[i - 1]];
		const struct ledger_leaf *b = &leaves[order[i]];
		if (memcmp(a->tag, b->tag, 32) != 0)
			continue;
		if (a->event == b->event || a->of != b->of ||
		    (a->event != LEDGER_LAPSED && b->event != LEDGER_LAPSED) ||
		    (a->event != LEDGER_PLEDGED && b->event != LEDGER_PLEDGED))
			return false;
	}
	return true;
}

enum evidence_fault
ledger_audit(const struct ledger_leaf *leaves, uint32_t n, uint32_t now_h,
    uint32_t *order, struct ledger_counts *counts)
{
	struct ledger_head head = { .n = n };

	*counts = (struct ledger_counts){ .pledged = 0 };
	for (uint32_t i = 0; i < n; i++) {
		if (!leaf_is_sound(&leaves[i], i))
			return EVIDENCE_BAD_SUMS;
		head.top.sums[leaves[i].event - 1]++;
	}
	if (n == 0)
		return EVIDENCE_FINE;
	if (!tags_are_sound(leaves, n, order))
		return EVIDENCE_BAD_SUMS;
	sort(leaves, order, n, by_pledge);
	uint32_t overdue = 0;
	for (uint32_t i = 0; i < n;) {
		const struct ledger_leaf *a = &leaves[order[i]];
		uint32_t end = i + 1;
		while (end < n && leaves[order[end]].of == a->of)
			end++;
		/* One leaf, or a pledge and what settles it. */
		if (end - i > 2 || order[i] != a->of ||
		    (end - i == 2 && a->event != LEDGER_PLEDGED))
			return EVIDENCE_BAD_SUMS;
		if (end - i == 1 && a->event == LEDGER_PLEDGED &&
		    now_h >= (uint64_t)a->at + EVIDENCE_GRACE_H)
			overdue++;
		i = end;
	}
	*counts = ledger_counts_of(&head);
	counts->overdue = overdue;
	return EVIDENCE_FINE;
}

uint32_t
ledger_find(
    const struct ledger_leaf *leaves, uint32_t n, const uint8_t id[EVIDENCE_ID])
{
	uint8_t tag[32];

	ledger_tag(tag, id);
	for (uint32_t i = 0; i < n; i++)
		if (memcmp(leaves[i].tag, tag, 32) == 0)
			return i;
	return n;
}
