/*
 * A conversation as bytes and back: conversation.h. One table says where each
 * member lies; what is zero is left out. Keys are for good: a member that goes
 * leaves its key unused, a new one gets a new key.
 */
#include "proto/mail/conversation.h"

#define SAVED_VERSION 1

enum member_type {
	MEMBER_BOOL,
	MEMBER_U8,
	MEMBER_U32,
	MEMBER_U64,
	MEMBER_ENUM,    /* an int */
	MEMBER_BYTES,   /* size bytes; absent: all zero */
	MEMBER_TEXT,    /* size bytes with the terminating zero */
	MEMBER_PREFIX,  /* as many bytes as a u32 at ${count} says */
	MEMBER_LIST,    /* as many of ${members} as a u32 at ${count} says */
	MEMBER_ARRAY,   /* always ${cap} of ${members} */
	MEMBER_NUMBERS, /* u64, as many as at ${count} */
};

struct member {
	uint32_t key; /* from 1; 0 ends the table */
	enum member_type type;
	size_t at, size; /* of a list: of one item */
	uint32_t cap;
	size_t count;
	const struct member *members;
	uint64_t max; /* of a number */
};

#define AT(t, m)   offsetof(struct t, m), sizeof(((struct t *)NULL)->m)
#define ITEM(t, m) offsetof(struct t, m), sizeof(((struct t *)NULL)->m[0])
#define MEMBER_END                                                             \
	{                                                                      \
		0                                                              \
	}

static const struct member key_members[] = {
	{ 1, MEMBER_BYTES, AT(conversation_key, secret) },
	{ 2, MEMBER_BYTES, AT(conversation_key, pub) },
	{ 3, MEMBER_U64, AT(conversation_key, since_h), .max = UINT32_MAX },
	MEMBER_END,
};

static const struct member author_members[] = {
	{ 1, MEMBER_BYTES, AT(conversation_author, pub) },
	{ 2, MEMBER_BYTES, AT(conversation_author, seed) },
	{ 3, MEMBER_BYTES, AT(conversation_author, certificate) },
	{ 4, MEMBER_BYTES, AT(conversation_author, stamp) },
	{ 5, MEMBER_U32, AT(conversation_author, not_after),
	    .max = UINT32_MAX },
	{ 6, MEMBER_BOOL, AT(conversation_author, used), .max = 1 },
	MEMBER_END,
};

static const struct member document_members[] = {
	{ 1, MEMBER_BYTES, AT(conversation_document, name) },
	{ 2, MEMBER_U8, AT(conversation_document, kind), .max = MAIL_LEDGER },
	{ 3, MEMBER_U8, AT(conversation_document, parts),
	    .max = (1U << MAIL_PARTS_MAX) - 1 },
	{ 4, MEMBER_U32, AT(conversation_document, size),
	    .max = MAIL_DOCUMENT_MAX },
	{ 5, MEMBER_U64, AT(conversation_document, number), .max = UINT64_MAX },
	{ 6, MEMBER_PREFIX, AT(conversation_document, data),
	    .count = offsetof(struct conversation_document, size) },
	MEMBER_END,
};

#define C(m)     AT(conversation, m)
#define COUNT(m) .count = offsetof(struct conversation, m)

static const struct member members[] = {
	{ 1, MEMBER_TEXT, C(net) },
	{ 2, MEMBER_BOOL, C(company), .max = 1 },
	{ 3, MEMBER_BOOL, C(by_hand), .max = 1 },
	{ 4, MEMBER_ENUM, C(state), .max = CONVERSATION_STATES - 1 },
	{ 5, MEMBER_BYTES, C(id) },
	{ 6, MEMBER_BYTES, C(own) },
	{ 7, MEMBER_BYTES, C(peer) },
	{ 8, MEMBER_BYTES, C(to_key) },
	{ 9, MEMBER_U64, C(clock_h), .max = UINT32_MAX },
	{ 10, MEMBER_U64, C(deadline_h), .max = UINT32_MAX },
	{ 11, MEMBER_U8, C(roots), .max = 2 },
	{ 12, MEMBER_BYTES, C(root) },
	{ 13, MEMBER_BYTES, C(first) },
	{ 14, MEMBER_BYTES, C(second) },
	{ 15, MEMBER_LIST, ITEM(conversation, keys), CONVERSATION_RECEIVE_KEYS,
	    COUNT(keys_n), key_members },
	{ 16, MEMBER_BOOL, C(turn), .max = 1 },
	{ 17, MEMBER_BOOL, C(peer_key_known), .max = 1 },
	{ 18, MEMBER_BYTES, C(peer_key) },
	{ 19, MEMBER_U64, C(peer_key_number), .max = UINT64_MAX },
	{ 20, MEMBER_LIST, ITEM(conversation, authors), CONVERSATION_AUTHORS,
	    COUNT(authors_n), author_members },
	{ 21, MEMBER_U64, C(sent), .max = UINT64_MAX },
	{ 22, MEMBER_NUMBERS, ITEM(conversation, heard), CONVERSATION_HEARD,
	    COUNT(heard_n) },
	{ 23, MEMBER_U64, C(day), .max = UINT32_MAX },
	{ 24, MEMBER_U32, C(day_n), .max = UINT32_MAX },
	{ 25, MEMBER_U32, C(terms_n), .max = MESSAGE_TERMS_MAX },
	{ 26, MEMBER_PREFIX, C(terms), COUNT(terms_n) },
	{ 27, MEMBER_BYTES, C(offer_sig) },
	{ 28, MEMBER_BYTES, C(demand) },
	{ 29, MEMBER_U64, C(approved), .max = UINT64_MAX },
	{ 30, MEMBER_U64, C(disclosed), .max = UINT64_MAX },
	{ 31, MEMBER_BOOL, C(own_committed), .max = 1 },
	{ 32, MEMBER_BOOL, C(own_opened), .max = 1 },
	{ 33, MEMBER_BOOL, C(peer_committed), .max = 1 },
	{ 34, MEMBER_BOOL, C(peer_opened), .max = 1 },
	{ 35, MEMBER_BYTES, C(own_salt) },
	{ 36, MEMBER_U32, C(own_identity_n), .max = MAIL_IDENTITY_MAX },
	{ 37, MEMBER_PREFIX, C(own_identity), COUNT(own_identity_n) },
	{ 38, MEMBER_U32, C(peer_identity_n), .max = MAIL_IDENTITY_MAX },
	{ 39, MEMBER_PREFIX, C(peer_identity), COUNT(peer_identity_n) },
	{ 40, MEMBER_BYTES, C(peer_commitment) },
	{ 41, MEMBER_ARRAY, ITEM(conversation, documents),
	    CONVERSATION_DOCUMENTS, .members = document_members },
	{ 42, MEMBER_BYTES, C(agreement) },
	{ 43, MEMBER_U64, C(agreed_until_h), .max = UINT32_MAX },
	{ 44, MEMBER_ENUM, C(result), .max = CONVERSATION_VOID },
	{ 45, MEMBER_BYTES, C(own_nonce) },
	{ 46, MEMBER_BYTES, C(peer_nonce) },
	MEMBER_END,
};

/* ---- writing ---- */

static bool
is_zero(const uint8_t *p, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= p[i];
	return all == 0;
}

static uint64_t
number_of(const struct member *m, const uint8_t *base)
{
	const uint8_t *p = base + m->at;
	uint64_t u = 0;
	uint32_t v = 0;
	int i = 0;

	switch ((unsigned)m->type) {
	case MEMBER_BOOL:
	case MEMBER_U8:
		return *p;
	case MEMBER_U32:
		memcpy(&v, p, sizeof(v));
		return v;
	case MEMBER_ENUM:
		memcpy(&i, p, sizeof(i));
		return (uint64_t)i;
	default:
		memcpy(&u, p, sizeof(u));
		return u;
	}
}

static uint32_t
count_of(const struct member *m, const uint8_t *base)
{
	uint32_t n;

	if (m->type == MEMBER_ARRAY)
		return m->cap;
	memcpy(&n, base + m->count, sizeof(n));
	return n;
}

static struct value put_struct(
    const struct member *table, const uint8_t *base, struct arena *arena);

static struct value
put_list(const struct member *m, const uint8_t *base, struct arena *arena)
{
	const uint32_t n = count_of(m, base);
	struct value *items = arena_alloc(arena, (n + 1) * sizeof(*items));
	uint64_t u;

	ASSERT(items != NULL);
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *item = base + m->at + i * m->size;
		if (m->type == MEMBER_NUMBERS) {
			memcpy(&u, item, sizeof(u));
			items[i] = value_uint(u);
		} else {
			items[i] = put_struct(m->members, item, arena);
		}
	}
	return value_array(items, n);
}

/* false: it is zero, and left out. */
static bool
put_member(const struct member *m, const uint8_t *base, struct arena *arena,
    struct value *out)
{
	const uint8_t *p = base + m->at;

	switch (m->type) {
	case MEMBER_BOOL:
	case MEMBER_U8:
	case MEMBER_U32:
	case MEMBER_U64:
	case MEMBER_ENUM:
		*out = value_uint(number_of(m, base));
		return out->u != 0;
	case MEMBER_BYTES:
		*out = value_bin(slice_of(p, m->size));
		return !is_zero(p, m->size);
	case MEMBER_TEXT:
		*out = value_str(slice_str((const char *)p));
		return true;
	case MEMBER_PREFIX:
		*out = value_bin(slice_of(p, count_of(m, base)));
		return out->s.n > 0;
	case MEMBER_LIST:
	case MEMBER_NUMBERS:
	case MEMBER_ARRAY:
		*out = put_list(m, base, arena);
		return out->n > 0;
	}
	return false;
}

static struct value
put_struct(const struct member *table, const uint8_t *base, struct arena *arena)
{
	size_t n = 0, used = 0;

	while (table[n].key != 0)
		n++;
	struct value *pairs = arena_alloc(arena, 2 * (n + 1) * sizeof(*pairs));
	ASSERT(pairs != NULL);
	for (size_t i = 0; i < n; i++) {
		if (!put_member(&table[i], base, arena, &pairs[2 * used + 1]))
			continue;
		pairs[2 * used++] = value_uint(table[i].key);
	}
	return value_map(pairs, used);
}

err
conversation_save(
    const struct conversation *c, struct arena *arena, struct buf *out)
{
	struct value pair[4] = { value_uint(0), value_uint(SAVED_VERSION),
		value_uint(1) };

	arena_reset(arena);
	pair[3] = put_struct(members, (const uint8_t *)c, arena);
	const struct value map = value_map(pair, 2);
	return value_write(&map, out);
}

/* ---- reading ---- */

static bool
get_number(const struct member *m, const struct value *v, uint8_t *base)
{
	uint8_t *p = base + m->at;

	if (v->type != VALUE_UINT || v->u > m->max)
		return false;
	const uint32_t u32 = (uint32_t)v->u;
	const int i = (int)v->u;
	switch ((unsigned)m->type) {
	case MEMBER_BOOL:
	case MEMBER_U8:
		*p = (uint8_t)v->u;
		break;
	case MEMBER_U32:
		memcpy(p, &u32, sizeof(u32));
		break;
	case MEMBER_ENUM:
		memcpy(p, &i, sizeof(i));
		break;
	default:
		memcpy(p, &v->u, sizeof(v->u));
	}
	return true;
}

static bool get_struct(
    const struct member *table, const struct value *map, uint8_t *base);

static bool
get_list(const struct member *m, const struct value *v, uint8_t *base)
{
	if (v->type != VALUE_ARRAY || v->n > m->cap ||
	    (m->type == MEMBER_ARRAY && v->n != m->cap))
		return false;
	if (m->type != MEMBER_ARRAY)
		memcpy(base + m->count, &v->n, sizeof(v->n));
	for (uint32_t i = 0; i < v->n; i++) {
		uint8_t *item = base + m->at + i * m->size;
		const struct value *one = &v->items[i];
		if (m->type != MEMBER_NUMBERS) {
			if (!get_struct(m->members, one, item))
				return false;
			continue;
		}
		if (one->type != VALUE_UINT ||
		    (i > 0 && one->u <= v->items[i - 1].u))
			return false;
		memcpy(item, &one->u, sizeof(one->u));
	}
	return true;
}

static bool
get_member(const struct member *m, const struct value *v, uint8_t *base)
{
	uint8_t *p = base + m->at;

	switch (m->type) {
	case MEMBER_BOOL:
	case MEMBER_U8:
	case MEMBER_U32:
	case MEMBER_U64:
	case MEMBER_ENUM:
		return get_number(m, v, base) && v->u != 0;
	case MEMBER_BYTES:
		if (v->type != VALUE_BIN || v->s.n != m->size ||
		    is_zero(v->s.p, v->s.n))
			return false;
		memcpy(p, v->s.p, v->s.n);
		return true;
	case MEMBER_TEXT:
		if (v->type != VALUE_STR || !net_is_valid(v->s))
			return false;
		memcpy(p, v->s.p, v->s.n);
		return true;
	case MEMBER_PREFIX:
		if (v->type != VALUE_BIN || v->s.n == 0 ||
		    v->s.n != count_of(m, base))
			return false;
		memcpy(p, v->s.p, v->s.n);
		return true;
	case MEMBER_LIST:
	case MEMBER_NUMBERS:
	case MEMBER_ARRAY:
		return get_list(m, v, base) && v->n > 0;
	}
	return false;
}

static bool
get_struct(const struct member *table, const struct value *map, uint8_t *base)
{
	size_t seen = 0;

	if (map->type != VALUE_MAP)
		return false;
	for (const struct member *m = table; m->key != 0; m++) {
		const struct value *v = value_find(map, m->key);
		if (v == NULL) {
			/* A count without its bytes would be a lie. */
			if ((m->type == MEMBER_PREFIX &&
				count_of(m, base) != 0) ||
			    m->type == MEMBER_TEXT)
				return false;
			continue;
		}
		seen++;
		if (!get_member(m, v, base))
			return false;
	}
	return seen == map->n;
}

err
conversation_load(
    struct slice bytes, struct arena *arena, struct conversation *c)
{
	struct value map;

	arena_reset(arena);
	memset(c, 0, sizeof(*c));
	if (value_parse(bytes, arena, &map) != OK || map.type != VALUE_MAP ||
	    map.n != 2)
		return ERR_FORM;
	const struct value *version = value_find(&map, 0);
	const struct value *state = value_find(&map, 1);
	if (version == NULL || version->type != VALUE_UINT ||
	    version->u != SAVED_VERSION || state == NULL ||
	    !get_struct(members, state, (uint8_t *)c)) {
		crypto_wipe(c, sizeof(*c));
		return ERR_FORM;
	}
	return OK;
}
