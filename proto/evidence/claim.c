#include "proto/evidence/claim.h"

#include "crypto/keys.h"
#include "proto/record/value.h"

/* ---- hashes ---- */

void
claim_leaf(uint8_t out[32], const uint8_t salt[32],
    const uint8_t id[CLAIM_TREE_ID], unsigned depth, unsigned position,
    struct slice claim)
{
	const uint8_t place[2] = { (uint8_t)depth, (uint8_t)position };
	const struct crypto_part parts[] = { { salt, 32 },
		{ id, CLAIM_TREE_ID }, { place, 2 }, { claim.p, claim.n } };

	hash_blake2b(out, 32, "ohcn-claimleaf-1", parts, ARRAY_LEN(parts));
}

static void
node_of(uint8_t out[32], const uint8_t left[32], const uint8_t right[32])
{
	const struct crypto_part parts[] = { { left, 32 }, { right, 32 } };

	hash_blake2b(out, 32, "ohcn-claimnode-1", parts, 2);
}

static void
root_of(uint8_t out[32], const uint8_t id[CLAIM_TREE_ID], unsigned depth,
    const uint8_t top[32])
{
	const uint8_t d = (uint8_t)depth;
	const struct crypto_part parts[] = { { id, CLAIM_TREE_ID }, { &d, 1 },
		{ top, 32 } };

	hash_blake2b(out, 32, "ohcn-claimroot-1", parts, ARRAY_LEN(parts));
}

void
claim_path_root(uint8_t out[32], const uint8_t leaf[32],
    const uint8_t id[CLAIM_TREE_ID], unsigned depth, unsigned position,
    const uint8_t *path)
{
	uint8_t at[32];

	memcpy(at, leaf, 32);
	for (unsigned i = 0; i < depth; i++) {
		const uint8_t *beside = path + 32 * i;
		if ((position >> i & 1U) == 0)
			node_of(at, at, beside);
		else
			node_of(at, beside, at);
	}
	root_of(out, id, depth, at);
}

void
claim_range_step(uint8_t x[32], const uint8_t id[CLAIM_TREE_ID],
    enum claim_side side, uint32_t times)
{
	const uint8_t s = (uint8_t)side;
	const struct crypto_part parts[] = { { id, CLAIM_TREE_ID }, { &s, 1 },
		{ x, 32 } };

	for (uint32_t i = 0; i < times; i++)
		hash_blake2b(
		    x, 32, "ohcn-claimrange1", parts, ARRAY_LEN(parts));
}

/* ---- secrets of one tree ---- */

void
claim_tree_key(
    uint8_t out[32], const uint8_t secret[32], const uint8_t id[CLAIM_TREE_ID])
{
	const struct crypto_part parts[] = { { secret, 32 },
		{ id, CLAIM_TREE_ID } };

	hash_blake2b(out, 32, "ohcn-claimkey-1", parts, 2);
}

/* The end of a range's chain: number 2i for at least, 2i + 1 for at most. */
static void
range_seed(uint8_t out[32], const uint8_t key[32], unsigned number,
    enum claim_side side)
{
	key_derive(
	    out, key, 2 * number + (side == CLAIM_AT_MOST ? 1 : 0), "claimrng");
}

/* Positions 0..n-1 in an order that only the tree's key tells. */
static void
shuffle(uint8_t *order, unsigned n, const uint8_t key[32])
{
	for (unsigned i = 0; i < n; i++)
		order[i] = (uint8_t)i;
	for (unsigned i = n - 1; i > 0; i--) {
		uint8_t draw[32];
		key_derive(draw, key, i, "claimprm");
		/* 64 bits for at most 64 places: no bias that matters. */
		const unsigned j = (unsigned)(get_u64be(draw) % (i + 1));
		const uint8_t kept = order[i];
		order[i] = order[j];
		order[j] = kept;
	}
}

/* ---- claims ---- */

static uint8_t *
put_len(uint8_t *p, size_t n)
{
	if (n >= 32)
		*p++ = 0xd9;
	*p++ = (uint8_t)(n >= 32 ? n : 0xa0 | n);
	return p;
}

/*
 * The canonical [name, value], from two canonical halves; ERR_LIMIT. Whether
 * they are canonical shows when it is parsed.
 */
static err
claim_bytes(const struct claim *c, uint8_t out[CLAIM_BYTES], struct slice *all)
{
	uint8_t *p = out;

	if (c->name.n == 0 || c->name.n > CLAIM_NAME ||
	    c->value.n > CLAIM_BYTES - CLAIM_NAME - 3)
		return ERR_LIMIT;
	*p++ = 0x92;
	p = put_len(p, c->name.n);
	memcpy(p, c->name.p, c->name.n);
	p += c->name.n;
	if (c->value.n > 0)
		memcpy(p, c->value.p, c->value.n);
	*all = slice_of(out, (size_t)(p - out) + c->value.n);
	return OK;
}

static bool
is_claim(struct slice bytes, struct arena *scratch, struct value *v)
{
	return bytes.n <= CLAIM_BYTES && value_parse(bytes, scratch, v) == OK &&
	       v->type == VALUE_ARRAY && v->n == 2 &&
	       v->items[0].type == VALUE_STR && v->items[0].s.n >= 1 &&
	       v->items[0].s.n <= CLAIM_NAME;
}

static void
build_nodes(struct claim_tree *t)
{
	const unsigned leaves = 1U << t->depth;

	for (unsigned i = leaves - 1; i > 0; i--)
		node_of(t->node[i], t->node[2 * i], t->node[2 * i + 1]);
	root_of(t->root, t->id, t->depth, t->node[1]);
}

err
claim_tree_build(struct claim_tree *t, const uint8_t secret[32],
    const uint8_t id[CLAIM_TREE_ID], const struct claim *claims, size_t n)
{
	uint8_t key[32];

	claim_tree_key(key, secret, id);
	const err e = claim_tree_build_keyed(t, key, id, claims, n);
	crypto_wipe(key, sizeof(key));
	return e;
}

err
claim_tree_build_keyed(struct claim_tree *t, const uint8_t key[32],
    const uint8_t id[CLAIM_TREE_ID], const struct claim *claims, size_t n)
{
	uint8_t bytes[CLAIM_BYTES], salt[32];
	struct slice one;

	if (n == 0)
		return ERR_FORM;
	if (n > CLAIM_LEAVES)
		return ERR_LIMIT;
	*t = (struct claim_tree){ .depth = CLAIM_DEPTH_MIN };
	while (1U << t->depth < n)
		t->depth++;
	const unsigned leaves = 1U << t->depth;
	memcpy(t->id, id, CLAIM_TREE_ID);
	memcpy(t->key, key, sizeof(t->key));
	shuffle(t->place, leaves, t->key);
	for (unsigned i = 0; i < leaves; i++) {
		uint8_t *leaf = t->node[leaves + t->place[i]];
		if (i >= n) {
			key_derive(leaf, t->key, i, "claimdcy");
			continue;
		}
		TRY(claim_bytes(&claims[i], bytes, &one));
		key_derive(salt, t->key, t->place[i], "claimslt");
		claim_leaf(leaf, salt, id, t->depth, t->place[i], one);
	}
	build_nodes(t);
	crypto_wipe(salt, sizeof(salt));
	return OK;
}

/* ---- ranges ---- */

enum { RANGE_MAX = 0, RANGE_LEAST = 2, RANGE_MOST = 4 };

err
claim_range_write(const uint8_t secret[32], const uint8_t id[CLAIM_TREE_ID],
    unsigned number, uint32_t value, uint32_t max, struct buf *out)
{
	uint8_t key[32];

	claim_tree_key(key, secret, id);
	const err e = claim_range_write_keyed(key, id, number, value, max, out);
	crypto_wipe(key, sizeof(key));
	return e;
}

err
claim_range_write_keyed(const uint8_t key[32], const uint8_t id[CLAIM_TREE_ID],
    unsigned number, uint32_t value, uint32_t max, struct buf *out)
{
	uint8_t least[32], most[32];

	if (value > max || max > CLAIM_RANGE_MAX || number >= CLAIM_LEAVES)
		return ERR_FORM;
	range_seed(least, key, number, CLAIM_AT_LEAST);
	range_seed(most, key, number, CLAIM_AT_MOST);
	claim_range_step(least, id, CLAIM_AT_LEAST, value);
	claim_range_step(most, id, CLAIM_AT_MOST, max - value);
	struct value pairs[6] = { value_uint(RANGE_MAX), value_uint(max),
		value_uint(RANGE_LEAST), value_bin(slice_of(least, 32)),
		value_uint(RANGE_MOST), value_bin(slice_of(most, 32)) };
	const struct value map = value_map(pairs, 3);
	return value_write(&map, out);
}

/* Is the value of a claim a commitment to a number? */
static bool
range_read(const struct value *v, uint32_t *max, const uint8_t **least,
    const uint8_t **most)
{
	if (v->type != VALUE_MAP || v->n != 3)
		return false;
	const struct value *m = value_find(v, RANGE_MAX);
	const struct value *l = value_find(v, RANGE_LEAST);
	const struct value *h = value_find(v, RANGE_MOST);
	if (m == NULL || m->type != VALUE_UINT || m->u > CLAIM_RANGE_MAX ||
	    l == NULL || l->type != VALUE_BIN || l->s.n != 32 || h == NULL ||
	    h->type != VALUE_BIN || h->s.n != 32)
		return false;
	*max = (uint32_t)m->u;
	*least = l->s.p;
	*most = h->s.p;
	return true;
}

/* ---- presentations ---- */

/* Keys of a presentation's body, of a claim and of a bound in it. */
enum {
	VERSION = 0,
	NET = 2,
	HOLDER = 4,
	VERIFIER = 6,
	NONCE = 8,
	MADE = 10,
	ROOT = 12,
	TREE = 14,
	DEPTH = 16,
	CLAIMS = 18,
	BOUNDS = 20,
};
enum { POSITION = 0, SALT = 2, CLAIM = 4, PATH = 6 };
enum { BOUND_CLAIM = 0, BOUND_SIDE = 2, BOUND_AT = 4, BOUND_WITNESS = 6 };
#define SIG_TYPE 1
#define TEXT_MAX (16 + 1 + NET_MAX + 32)

/* What the holder signs. */
static size_t
signed_bytes(uint8_t out[TEXT_MAX], struct slice net, struct slice body)
{
	const struct crypto_part part = { body.p, body.n };

	memset(out, 0, 16);
	memcpy(out, "ohcn-present-v1", 15);
	out[16] = (uint8_t)net.n;
	memcpy(out + 17, net.p, net.n);
	hash_blake2b(out + 17 + net.n, 32, "ohcn-pres-id-v1", &part, 1);
	return 17 + net.n + 32;
}

/* Memory of the values that a presentation is made of. */
struct parts {
	struct value pairs[2 * 11];
	size_t n;
	struct value claims[PRESENTATION_CLAIMS], bounds[PRESENTATION_CLAIMS];
	struct value claim_pairs[PRESENTATION_CLAIMS][8];
	struct value bound_pairs[PRESENTATION_CLAIMS][8];
	uint8_t salts[PRESENTATION_CLAIMS][32];
	uint8_t paths[PRESENTATION_CLAIMS][32 * CLAIM_DEPTH_MAX];
	uint8_t witness[PRESENTATION_CLAIMS][32];
	size_t claims_n, bounds_n;
};

static void
put(struct parts *p, uint64_t key, struct value v)
{
	p->pairs[2 * p->n] = value_uint(key);
	p->pairs[2 * p->n + 1] = v;
	p->n++;
}

static void
put_claim(const struct claim_tree *t, unsigned number, struct slice bytes,
    struct parts *p)
{
	const size_t i = p->claims_n++;
	const unsigned position = t->place[number];
	struct value *v = p->claim_pairs[i];

	key_derive(p->salts[i], t->key, position, "claimslt");
	for (unsigned d = 0, at = (1U << t->depth) + position; d < t->depth;
	     d++, at /= 2)
		memcpy(p->paths[i] + 32 * d, t->node[at ^ 1U], 32);
	v[0] = value_uint(POSITION);
	v[1] = value_uint(position);
	v[2] = value_uint(SALT);
	v[3] = value_bin(slice_of(p->salts[i], 32));
	v[4] = value_uint(CLAIM);
	v[5] = value_bin(bytes);
	v[6] = value_uint(PATH);
	v[7] = value_bin(slice_of(p->paths[i], 32 * (size_t)t->depth));
	p->claims[i] = value_map(v, 4);
}

/* Proves a bound on the claim number ${at} of those that were put. */
static err
put_bound(const struct claim_tree *t, const struct claim_choice *c,
    const struct value *committed, size_t at, struct parts *p)
{
	const size_t i = p->bounds_n;
	const uint8_t *least = NULL, *most = NULL;
	uint8_t check[32];
	uint32_t max = 0;

	if (!range_read(committed, &max, &least, &most) || c->value > max ||
	    c->bound > max ||
	    (c->side == CLAIM_AT_LEAST ? c->value < c->bound
				       : c->value > c->bound))
		return ERR_FORM;
	/* How far the witness lies from the seed, and the end from it. */
	const bool at_least = c->side == CLAIM_AT_LEAST;
	range_seed(p->witness[i], t->key, c->number, c->side);
	claim_range_step(p->witness[i], t->id, c->side,
	    at_least ? c->value - c->bound : c->bound - c->value);
	memcpy(check, p->witness[i], 32);
	claim_range_step(
	    check, t->id, c->side, at_least ? c->bound : max - c->bound);
	if (memcmp(check, at_least ? least : most, 32) != 0)
		return ERR_FORM; /* it commits to another number */
	struct value *v = p->bound_pairs[i];
	v[0] = value_uint(BOUND_CLAIM);
	v[1] = value_uint(at);
	v[2] = value_uint(BOUND_SIDE);
	v[3] = value_uint(c->side);
	v[4] = value_uint(BOUND_AT);
	v[5] = value_uint(c->bound);
	v[6] = value_uint(BOUND_WITNESS);
	v[7] = value_bin(slice_of(p->witness[i], 32));
	p->bounds[i] = value_map(v, 4);
	p->bounds_n++;
	return OK;
}

/* A claim as it goes on the wire, and in the tree that was built of it. */
static err
put_one(const struct claim_tree *t, const struct claim *claims, unsigned number,
    size_t *total, struct arena *scratch, struct parts *p, struct value *v)
{
	const size_t leaves = (size_t)1 << t->depth, i = p->claims_n;
	uint8_t *bytes = arena_alloc(scratch, CLAIM_BYTES), leaf[32];
	struct slice one;

	if (bytes == NULL)
		return ERR_LIMIT;
	if (number >= leaves)
		return ERR_FORM;
	TRY(claim_bytes(&claims[number], bytes, &one));
	*total += one.n;
	if (*total > PRESENTATION_MAX)
		return ERR_LIMIT;
	if (!is_claim(one, scratch, v))
		return ERR_FORM;
	put_claim(t, number, one, p);
	claim_leaf(leaf, p->salts[i], t->id, t->depth, t->place[number], one);
	return memcmp(leaf, t->node[leaves + t->place[number]], 32) == 0
		   ? OK
		   : ERR_FORM;
}

static err
put_claims(const struct claim_tree *t, const struct claim *claims,
    const struct claim_choice *choices, size_t n, struct arena *scratch,
    struct parts *p)
{
	struct value contents[PRESENTATION_CLAIMS];
	unsigned numbers[PRESENTATION_CLAIMS];
	enum claim_side sides[PRESENTATION_CLAIMS];
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		const struct claim_choice *c = &choices[i];
		size_t k = 0;
		while (k < p->claims_n && numbers[k] != c->number)
			k++;
		/* Once more for the other side alone. */
		if (k < p->claims_n &&
		    (sides[k] == 0 || c->side == 0 || sides[k] == c->side))
			return ERR_FORM;
		if (k == p->claims_n) {
			TRY(put_one(t, claims, c->number, &total, scratch, p,
			    &contents[k]));
			numbers[k] = c->number;
			sides[k] = c->side;
		} else {
			sides[k] = 0;
		}
		if (c->side != 0)
			TRY(put_bound(t, c, &contents[k].items[1], k, p));
	}
	return OK;
}

static err
write_body(const struct claim_tree *t, const struct presentation_for *to,
    const uint8_t holder[ED25519_PUBLIC], struct parts *p, struct buf *out)
{
	put(p, VERSION, value_uint(1));
	put(p, NET, value_str(to->net));
	put(p, HOLDER, value_bin(slice_of(holder, ED25519_PUBLIC)));
	put(p, VERIFIER, value_bin(slice_of(to->verifier, ED25519_PUBLIC)));
	put(p, NONCE, value_bin(slice_of(to->nonce, PRESENTATION_NONCE)));
	put(p, MADE, value_uint(to->made));
	put(p, ROOT, value_bin(slice_of(t->root, 32)));
	put(p, TREE, value_bin(slice_of(t->id, CLAIM_TREE_ID)));
	put(p, DEPTH, value_uint(t->depth));
	put(p, CLAIMS, value_array(p->claims, p->claims_n));
	put(p, BOUNDS, value_array(p->bounds, p->bounds_n));
	const struct value map = value_map(p->pairs, p->n);
	return value_write(&map, out) == OK ? OK : ERR_LIMIT;
}

err
presentation_write_by(const struct claim_tree *t, const struct claim *claims,
    const struct claim_choice *choices, size_t n,
    const struct presentation_for *to, const struct presentation_signer *by,
    struct arena *scratch, struct buf *out)
{
	uint8_t bytes[PRESENTATION_MAX], sig[ED25519_SIG];
	struct buf body = { bytes, 0, sizeof(bytes) - 80 };
	struct parts p = { .n = 0 };

	arena_reset(scratch);
	if (n == 0 || !net_is_valid(to->net))
		return ERR_FORM;
	if (n > PRESENTATION_CLAIMS)
		return ERR_LIMIT;
	TRY(put_claims(t, claims, choices, n, scratch, &p));
	TRY(write_body(t, to, by->holder, &p, &body));
	if (!by->sign(by->ctx, to->net, buf_slice(&body), sig))
		return ERR_CLOSED;
	struct value items[3] = { value_bin(buf_slice(&body)),
		value_uint(SIG_TYPE), value_bin(slice_of(sig, sizeof(sig))) };
	const struct value all = value_array(items, 3);
	return value_write(&all, out);
}

static bool
sign_here(
    void *ctx, struct slice net, struct slice body, uint8_t sig[ED25519_SIG])
{
	uint8_t text[TEXT_MAX];

	ed25519_sign(sig, text, signed_bytes(text, net, body), ctx);
	return true;
}

err
presentation_write(const struct claim_tree *t, const struct claim *claims,
    const struct claim_choice *choices, size_t n,
    const struct presentation_for *to, const uint8_t secret[ED25519_SECRET],
    struct arena *scratch, struct buf *out)
{
	struct presentation_signer by = { .sign = sign_here,
		.ctx = (void *)(uintptr_t)secret };

	memcpy(by.holder, secret + ED25519_SEED, ED25519_PUBLIC);
	return presentation_write_by(
	    t, claims, choices, n, to, &by, scratch, out);
}

/* ---- judging ---- */

static enum evidence_fault
read_head(const struct value *map, struct slice net, struct presentation *p)
{
	const struct value *of = value_find(map, NET);
	uint64_t version = 0, made = 0, depth = 0;

	if (!value_uint_at(map, VERSION, UINT64_MAX, &version))
		return EVIDENCE_MALFORMED;
	if (version != 1)
		return EVIDENCE_UNKNOWN_VERSION;
	if (of == NULL || of->type != VALUE_STR)
		return EVIDENCE_MALFORMED;
	if (!slice_eq(of->s, net))
		return EVIDENCE_WRONG_NET;
	const uint8_t *holder = value_bytes_at(map, HOLDER, ED25519_PUBLIC);
	const uint8_t *verifier = value_bytes_at(map, VERIFIER, ED25519_PUBLIC);
	const uint8_t *nonce = value_bytes_at(map, NONCE, PRESENTATION_NONCE);
	const uint8_t *root = value_bytes_at(map, ROOT, 32);
	const uint8_t *tree = value_bytes_at(map, TREE, CLAIM_TREE_ID);
	if (holder == NULL || verifier == NULL || nonce == NULL ||
	    root == NULL || tree == NULL ||
	    !value_uint_at(map, MADE, UINT32_MAX, &made) ||
	    !value_uint_at(map, DEPTH, CLAIM_DEPTH_MAX, &depth) ||
	    depth < CLAIM_DEPTH_MIN)
		return EVIDENCE_BAD_BODY;
	memcpy(p->holder, holder, ED25519_PUBLIC);
	memcpy(p->verifier, verifier, ED25519_PUBLIC);
	memcpy(p->nonce, nonce, PRESENTATION_NONCE);
	memcpy(p->root, root, 32);
	memcpy(p->tree, tree, CLAIM_TREE_ID);
	p->made = (uint32_t)made;
	p->depth = (unsigned)depth;
	return value_keys_known(map, BOUNDS) ? EVIDENCE_FINE
					     : EVIDENCE_UNKNOWN_FIELD;
}

/* The bytes of a value that is the second of a parsed [name, value]. */
static struct slice
value_bytes(struct slice claim, const struct value *name)
{
	const uint8_t *from = name->s.p + name->s.n;

	return slice_of(from, (size_t)(claim.p + claim.n - from));
}

static enum evidence_fault
read_claim(const struct value *m, struct arena *scratch, struct presentation *p,
    size_t i, struct value *content)
{
	struct presented *c = &p->claims[i];
	const uint8_t *least = NULL, *most = NULL;
	uint64_t position = 0;
	uint8_t leaf[32], root[32];

	if (m->type != VALUE_MAP)
		return EVIDENCE_BAD_BODY;
	const uint8_t *salt = value_bytes_at(m, SALT, 32);
	const uint8_t *path = value_bytes_at(m, PATH, 32 * (size_t)p->depth);
	const struct value *bytes = value_find(m, CLAIM);
	if (!value_uint_at(m, POSITION, (1U << p->depth) - 1, &position) ||
	    salt == NULL || bytes == NULL || bytes->type != VALUE_BIN)
		return EVIDENCE_BAD_BODY;
	if (!value_keys_known(m, PATH))
		return EVIDENCE_UNKNOWN_FIELD;
	if (path == NULL)
		return EVIDENCE_BAD_PATH;
	for (size_t k = 0; k < i; k++)
		if (p->claims[k].position == position)
			return EVIDENCE_BAD_CLAIM;
	if (!is_claim(bytes->s, scratch, content))
		return EVIDENCE_BAD_CLAIM;
	c->position = (unsigned)position;
	claim_leaf(leaf, salt, p->tree, p->depth, c->position, bytes->s);
	claim_path_root(root, leaf, p->tree, p->depth, c->position, path);
	if (memcmp(root, p->root, 32) != 0)
		return EVIDENCE_BAD_PATH;
	c->name = content->items[0].s;
	c->value = value_bytes(bytes->s, &content->items[0]);
	c->ranged = range_read(&content->items[1], &c->max, &least, &most);
	return EVIDENCE_FINE;
}

static enum evidence_fault
read_bound(
    const struct value *m, const struct value *contents, struct presentation *p)
{
	const uint8_t *least = NULL, *most = NULL;
	uint64_t at = 0, side = 0, bound = 0;
	uint8_t x[32];
	uint32_t max = 0;

	if (m->type != VALUE_MAP)
		return EVIDENCE_BAD_BODY;
	const uint8_t *witness = value_bytes_at(m, BOUND_WITNESS, 32);
	if (!value_uint_at(m, BOUND_CLAIM, p->claims_n - 1, &at) ||
	    !value_uint_at(m, BOUND_SIDE, CLAIM_AT_MOST, &side) ||
	    side < CLAIM_AT_LEAST ||
	    !value_uint_at(m, BOUND_AT, CLAIM_RANGE_MAX, &bound) ||
	    witness == NULL)
		return EVIDENCE_BAD_BODY;
	if (!value_keys_known(m, BOUND_WITNESS))
		return EVIDENCE_UNKNOWN_FIELD;
	struct presented *c = &p->claims[at];
	const bool at_least = side == CLAIM_AT_LEAST;
	if (!range_read(&contents[at].items[1], &max, &least, &most) ||
	    bound > max || (at_least ? c->has_least : c->has_most))
		return EVIDENCE_BAD_RANGE;
	memcpy(x, witness, 32);
	claim_range_step(x, p->tree, (enum claim_side)side,
	    (uint32_t)(at_least ? bound : max - bound));
	if (memcmp(x, at_least ? least : most, 32) != 0)
		return EVIDENCE_BAD_RANGE;
	if (at_least) {
		c->has_least = true;
		c->least = (uint32_t)bound;
	} else {
		c->has_most = true;
		c->most = (uint32_t)bound;
	}
	return EVIDENCE_FINE;
}

static enum evidence_fault
read_claims(
    const struct value *map, struct arena *scratch, struct presentation *p)
{
	const struct value *claims = value_find(map, CLAIMS);
	const struct value *bounds = value_find(map, BOUNDS);
	struct value contents[PRESENTATION_CLAIMS];

	if (claims == NULL || claims->type != VALUE_ARRAY || claims->n == 0 ||
	    claims->n > PRESENTATION_CLAIMS || bounds == NULL ||
	    bounds->type != VALUE_ARRAY || bounds->n > PRESENTATION_CLAIMS)
		return EVIDENCE_BAD_BODY;
	for (uint32_t i = 0; i < claims->n; i++) {
		const enum evidence_fault f =
		    read_claim(&claims->items[i], scratch, p, i, &contents[i]);
		if (f != EVIDENCE_FINE)
			return f;
	}
	p->claims_n = claims->n;
	for (uint32_t i = 0; i < bounds->n; i++) {
		const enum evidence_fault f =
		    read_bound(&bounds->items[i], contents, p);
		if (f != EVIDENCE_FINE)
			return f;
	}
	return EVIDENCE_FINE;
}

static enum evidence_fault
read_all(struct slice bytes, const struct presentation_for *to, uint64_t now_s,
    struct arena *scratch, struct presentation *p)
{
	struct value all, map;
	uint8_t text[TEXT_MAX];

	if (bytes.n > PRESENTATION_MAX)
		return EVIDENCE_OVERSIZE;
	if (value_parse(bytes, scratch, &all) != OK)
		return EVIDENCE_NOT_CANONICAL;
	if (all.type != VALUE_ARRAY || all.n != 3 ||
	    all.items[0].type != VALUE_BIN || all.items[1].type != VALUE_UINT ||
	    all.items[2].type != VALUE_BIN || all.items[2].s.n != ED25519_SIG)
		return EVIDENCE_MALFORMED;
	if (all.items[1].u != SIG_TYPE)
		return EVIDENCE_UNKNOWN_VERSION;
	const struct slice body = all.items[0].s;
	if (value_parse(body, scratch, &map) != OK)
		return EVIDENCE_NOT_CANONICAL;
	if (map.type != VALUE_MAP)
		return EVIDENCE_MALFORMED;
	const enum evidence_fault f = read_head(&map, to->net, p);
	if (f != EVIDENCE_FINE)
		return f;
	if (memcmp(p->verifier, to->verifier, ED25519_PUBLIC) != 0)
		return EVIDENCE_WRONG_VERIFIER;
	if (memcmp(p->nonce, to->nonce, PRESENTATION_NONCE) != 0)
		return EVIDENCE_WRONG_NONCE;
	if (now_s != 0 && p->made > (now_s + 600) / 3600)
		return EVIDENCE_FROM_FUTURE;
	if (!ed25519_verify(all.items[2].s.p, text,
		signed_bytes(text, to->net, body), p->holder))
		return EVIDENCE_BAD_SIGNATURE;
	return read_claims(&map, scratch, p);
}

enum evidence_fault
presentation_open(struct slice bytes, const struct presentation_for *to,
    uint64_t now_s, struct arena *scratch, struct presentation *p)
{
	*p = (struct presentation){ .depth = 0 };
	arena_reset(scratch);
	if (!net_is_valid(to->net))
		return EVIDENCE_WRONG_NET;
	const enum evidence_fault f = read_all(bytes, to, now_s, scratch, p);
	if (f != EVIDENCE_FINE)
		*p = (struct presentation){ .depth = 0 };
	return f;
}

err
presentation_body_sign(struct slice body, struct slice net,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    uint8_t sig[ED25519_SIG])
{
	struct presentation p = { .depth = 0 };
	struct value map;

	arena_reset(scratch);
	if (!net_is_valid(net) || body.n > PRESENTATION_MAX ||
	    value_parse(body, scratch, &map) != OK || map.type != VALUE_MAP ||
	    read_head(&map, net, &p) != EVIDENCE_FINE ||
	    memcmp(p.holder, secret + ED25519_SEED, ED25519_PUBLIC) != 0)
		return ERR_FORM;
	(void)sign_here((void *)(uintptr_t)secret, net, body, sig);
	return OK;
}

bool
presentation_issued(const struct presentation *p, const struct credential *c)
{
	return memcmp(p->holder, c->holder, ED25519_PUBLIC) == 0 &&
	       memcmp(p->root, c->claims, 32) == 0;
}
