#include "proto/record/value.h"

#include <msgpack.h>

#include "proto/base/text.h"

/*
 * One header, as the scan sees it: how many bytes of content follow it and
 * how many items.
 */
struct head {
	uint8_t code;
	uint8_t bytes;   /* of the header itself */
	uint64_t number; /* the integer, or the length or count */
	enum value_type type;
};

/* The big-endian number of the ${n} bytes after the first. */
static err
head_number(struct slice in, size_t n, uint64_t least, struct head *h)
{
	if (in.n < 1 + n)
		return ERR_FORM;
	h->number = 0;
	for (size_t i = 1; i <= n; i++)
		h->number = h->number << 8 | in.p[i];
	h->bytes = (uint8_t)(1 + n);
	/* A number that a shorter header could carry is not canonical. */
	return h->number < least ? ERR_FORM : OK;
}

/* Signed integers: int8 to int64, of which only negative ones are allowed. */
static err
head_negative(struct slice in, size_t n, struct head *h)
{
	static const int64_t below[] = { -32, -128, -32768, -2147483648LL };

	h->type = VALUE_INT;
	TRY(head_number(in, n, 0, h));
	const unsigned shift = (unsigned)(64 - 8 * n);
	const int64_t v = (int64_t)(h->number << shift) >> shift;
	const size_t which = n == 1 ? 0 : n == 2 ? 1 : n == 4 ? 2 : 3;
	h->number = (uint64_t)v;
	return v < below[which] ? OK : ERR_FORM;
}

static err
head_get(struct slice in, struct head *h)
{
	if (in.n == 0)
		return ERR_FORM;
	const uint8_t c = in.p[0];
	*h = (struct head){ .code = c, .bytes = 1 };

	if (c <= 0x7f || c >= 0xe0) {
		h->type = c <= 0x7f ? VALUE_UINT : VALUE_INT;
		h->number = c <= 0x7f ? c : (uint64_t)(int64_t)(int8_t)c;
		return OK;
	}
	if (c <= 0xbf) { /* fixmap, fixarray, fixstr */
		h->type = c <= 0x8f   ? VALUE_MAP
			  : c <= 0x9f ? VALUE_ARRAY
				      : VALUE_STR;
		h->number = c <= 0x9f ? c & 0x0f : c & 0x1f;
		return OK;
	}
	switch (c) {
	case 0xc2:
	case 0xc3:
		h->type = VALUE_BOOL;
		h->number = c & 1;
		return OK;
	case 0xc4:
	case 0xc5:
	case 0xc6:
		h->type = VALUE_BIN;
		return head_number(in, (size_t)1 << (c - 0xc4),
		    c == 0xc4   ? 0
		    : c == 0xc5 ? 0x100
				: 0x10000,
		    h);
	case 0xcc:
	case 0xcd:
	case 0xce:
	case 0xcf:
		h->type = VALUE_UINT;
		return head_number(in, (size_t)1 << (c - 0xcc),
		    c == 0xcc   ? 0x80
		    : c == 0xcd ? 0x100
		    : c == 0xce ? 0x10000
				: UINT64_C(0x100000000),
		    h);
	case 0xd0:
	case 0xd1:
	case 0xd2:
	case 0xd3:
		return head_negative(in, (size_t)1 << (c - 0xd0), h);
	case 0xd9:
	case 0xda:
	case 0xdb:
		h->type = VALUE_STR;
		return head_number(in, (size_t)1 << (c - 0xd9),
		    c == 0xd9   ? 0x20
		    : c == 0xda ? 0x100
				: 0x10000,
		    h);
	case 0xdc:
	case 0xdd:
		h->type = VALUE_ARRAY;
		return head_number(
		    in, c == 0xdc ? 2 : 4, c == 0xdc ? 0x10 : 0x10000, h);
	case 0xde:
	case 0xdf:
		h->type = VALUE_MAP;
		return head_number(
		    in, c == 0xde ? 2 : 4, c == 0xde ? 0x10 : 0x10000, h);
	default: /* nil, never used, ext, float */
		return ERR_FORM;
	}
}

/* What of an open container is still to come. */
struct level {
	uint64_t left; /* items, keys included */
	bool map;
	bool some; /* a key was read */
	uint64_t key;
};

/*
 * Walk all headers of ${in} without allocating: forms, bounds, key order,
 * text. After this msgpack-c may unpack it: every declared count has its
 * items.
 */
static err
scan(struct slice in)
{
	struct level levels[VALUE_DEPTH_MAX];
	size_t depth = 0;
	uint32_t items = 0;

	do {
		struct head h;
		TRY(head_get(in, &h));
		if (++items > VALUE_ITEMS_MAX)
			return ERR_LIMIT;
		slice_skip(&in, h.bytes);
		struct level *l = depth == 0 ? NULL : &levels[depth - 1];
		if (l != NULL && l->map && l->left % 2 == 0) {
			if (h.type != VALUE_UINT ||
			    (l->some && h.number <= l->key))
				return ERR_FORM;
			l->some = true;
			l->key = h.number;
		}
		if (l != NULL)
			l->left--;
		if (h.type == VALUE_STR || h.type == VALUE_BIN) {
			if (h.number > in.n)
				return ERR_FORM;
			const struct slice s = { in.p, (size_t)h.number };
			if (h.type == VALUE_STR && !text_is_clean(s))
				return ERR_FORM;
			slice_skip(&in, s.n);
		} else if (h.type == VALUE_ARRAY || h.type == VALUE_MAP) {
			const bool map = h.type == VALUE_MAP;
			if (h.number > in.n) /* an item has a byte at least */
				return ERR_FORM;
			if (depth == VALUE_DEPTH_MAX)
				return ERR_LIMIT;
			levels[depth++] =
			    (struct level){ .left =
						map ? 2 * h.number : h.number,
				    .map = map };
		}
		while (depth > 0 && levels[depth - 1].left == 0)
			depth--;
	} while (depth > 0);
	return in.n == 0 ? OK : ERR_FORM;
}

static err convert(
    const msgpack_object *o, struct arena *arena, struct value *out);

static err
convert_items(const msgpack_object *o, struct arena *arena, struct value *out)
{
	const bool map = o->type == MSGPACK_OBJECT_MAP;
	const uint32_t n = map ? o->via.map.size : o->via.array.size;

	out->type = map ? VALUE_MAP : VALUE_ARRAY;
	out->n = n;
	out->items = NULL;
	if (n == 0)
		return OK;
	const size_t count = map ? 2 * (size_t)n : n;
	out->items = arena_alloc(arena, count * sizeof(struct value));
	if (out->items == NULL)
		return ERR_LIMIT;
	for (uint32_t i = 0; i < n; i++) {
		if (!map) {
			TRY(convert(
			    &o->via.array.ptr[i], arena, &out->items[i]));
			continue;
		}
		const msgpack_object_kv *kv = &o->via.map.ptr[i];
		TRY(convert(&kv->key, arena, &out->items[2 * i]));
		TRY(convert(&kv->val, arena, &out->items[2 * i + 1]));
	}
	return OK;
}

/* Recursion is as deep as the scan allowed: VALUE_DEPTH_MAX. */
static err
convert(const msgpack_object *o, struct arena *arena, struct value *out)
{
	switch (o->type) {
	case MSGPACK_OBJECT_POSITIVE_INTEGER:
		*out = value_uint(o->via.u64);
		return OK;
	case MSGPACK_OBJECT_NEGATIVE_INTEGER:
		*out = value_int(o->via.i64);
		return OK;
	case MSGPACK_OBJECT_BOOLEAN:
		*out =
		    (struct value){ .type = VALUE_BOOL, .u = o->via.boolean };
		return OK;
	case MSGPACK_OBJECT_STR:
		*out = value_str(slice_of(o->via.str.ptr, o->via.str.size));
		return OK;
	case MSGPACK_OBJECT_BIN:
		*out = value_bin(slice_of(o->via.bin.ptr, o->via.bin.size));
		return OK;
	case MSGPACK_OBJECT_ARRAY:
	case MSGPACK_OBJECT_MAP:
		return convert_items(o, arena, out);
	case MSGPACK_OBJECT_NIL:
	case MSGPACK_OBJECT_FLOAT32:
	case MSGPACK_OBJECT_FLOAT64:
	case MSGPACK_OBJECT_EXT:
		break;
	}
	return ERR_FORM;
}

/* Compares what msgpack-c writes with the bytes that were read. */
struct compare {
	struct slice rest;
	bool same;
};

static int
compare_write(void *data, const char *p, size_t n)
{
	struct compare *c = data;

	if (n == 0) /* of an empty text, whose p may be NULL */
		return 0;
	c->same = c->same && n <= c->rest.n && memcmp(c->rest.p, p, n) == 0;
	if (c->same)
		slice_skip(&c->rest, n);
	return 0;
}

static void
pack(msgpack_packer *pk, const struct value *v)
{
	const uint32_t count = v->type == VALUE_MAP ? 2 * v->n : v->n;

	switch (v->type) {
	case VALUE_UINT:
		(void)msgpack_pack_uint64(pk, v->u);
		return;
	case VALUE_INT:
		(void)msgpack_pack_int64(pk, v->i);
		return;
	case VALUE_BOOL:
		(void)(v->u != 0 ? msgpack_pack_true(pk)
				 : msgpack_pack_false(pk));
		return;
	case VALUE_STR:
		(void)msgpack_pack_str(pk, v->s.n);
		(void)msgpack_pack_str_body(pk, v->s.p, v->s.n);
		return;
	case VALUE_BIN:
		(void)msgpack_pack_bin(pk, v->s.n);
		(void)msgpack_pack_bin_body(pk, v->s.p, v->s.n);
		return;
	case VALUE_ARRAY:
		(void)msgpack_pack_array(pk, v->n);
		break;
	case VALUE_MAP:
		(void)msgpack_pack_map(pk, v->n);
		break;
	}
	for (uint32_t i = 0; i < count; i++)
		pack(pk, &v->items[i]);
}

err
value_parse(struct slice in, struct arena *arena, struct value *out)
{
	msgpack_unpacked m;
	size_t at = 0;

	TRY(scan(in));
	msgpack_unpacked_init(&m);
	const msgpack_unpack_return rc =
	    msgpack_unpack_next(&m, (const char *)in.p, in.n, &at);
	err e = rc == MSGPACK_UNPACK_NOMEM_ERROR ? ERR_NOMEM : ERR_FORM;
	if (rc == MSGPACK_UNPACK_SUCCESS && at == in.n)
		e = convert(&m.data, arena, out);
	msgpack_unpacked_destroy(&m);
	if (e != OK)
		return e;

	struct compare c = { in, true };
	msgpack_packer pk;
	msgpack_packer_init(&pk, &c, compare_write);
	pack(&pk, out);
	return c.same && c.rest.n == 0 ? OK : ERR_FORM;
}

struct writer {
	struct buf *out;
	err e;
};

static int
buf_write(void *data, const char *p, size_t n)
{
	struct writer *w = data;

	if (w->e == OK)
		w->e = buf_put(w->out, p, n);
	return 0;
}

err
value_write(const struct value *v, struct buf *out)
{
	struct writer w = { out, OK };
	msgpack_packer pk;

	msgpack_packer_init(&pk, &w, buf_write);
	pack(&pk, v);
	return w.e;
}

const struct value *
value_find(const struct value *map, uint64_t key)
{
	ASSERT(map->type == VALUE_MAP);
	for (uint32_t i = 0; i < map->n; i++)
		if (map->items[2 * i].type == VALUE_UINT &&
		    map->items[2 * i].u == key)
			return &map->items[2 * i + 1];
	return NULL;
}

bool
value_uint_at(
    const struct value *map, uint64_t key, uint64_t max, uint64_t *out)
{
	const struct value *v = value_find(map, key);

	if (v == NULL || v->type != VALUE_UINT || v->u > max)
		return false;
	*out = v->u;
	return true;
}

const uint8_t *
value_bytes_at(const struct value *map, uint64_t key, size_t n)
{
	const struct value *v = value_find(map, key);

	return v != NULL && v->type == VALUE_BIN && v->s.n == n ? v->s.p : NULL;
}

bool
value_keys_known(const struct value *map, uint64_t last)
{
	ASSERT(map->type == VALUE_MAP);
	for (uint32_t i = 0; i < map->n; i++)
		if (map->items[2 * i].u % 2 == 0 && map->items[2 * i].u > last)
			return false;
	return true;
}

err
value_skip(struct slice *in)
{
	uint64_t left = 1;

	while (left > 0) {
		struct head h;
		TRY(head_get(*in, &h));
		slice_skip(in, h.bytes);
		left--;
		if (h.type == VALUE_STR || h.type == VALUE_BIN) {
			if (h.number > in->n)
				return ERR_FORM;
			slice_skip(in, (size_t)h.number);
		} else if (h.type == VALUE_ARRAY) {
			left += h.number;
		} else if (h.type == VALUE_MAP) {
			left += 2 * h.number;
		}
		if (left > in->n)
			return ERR_FORM;
	}
	return OK;
}
