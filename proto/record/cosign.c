#include "proto/record/cosign.h"

#include "proto/record/value.h"

/* Keys of a cosig map. */
enum { KEY = 0, ROLE = 2, SIG = 4, UNTIL = 6 };

const char *
cosign_result_name(enum cosign_result r)
{
	static const char *const names[] = { "good", "no-end", "expired",
		"self", "twice", "bad" };

	ASSERT((unsigned)r < ARRAY_LEN(names));
	return names[r];
}

static bool
has_cosignatures(uint32_t kind)
{
	return kind == KIND_COURSE || kind == KIND_PATHWAY ||
	       kind == KIND_STATISTIC;
}

/* ${payload}'s bytes without the field, into ${out}; true: it fitted. */
static bool
without_field(
    const struct value *payload, struct arena *scratch, struct slice *out)
{
	struct value rest = *payload;
	struct buf b = { NULL, 0, RECORD_BODY_MAX };

	rest.items = arena_alloc(
	    scratch, (2 * (size_t)payload->n + 1) * sizeof(struct value));
	b.p = arena_alloc(scratch, b.cap);
	if (rest.items == NULL || b.p == NULL)
		return false;
	rest.n = 0;
	for (uint32_t i = 0; i < payload->n; i++) {
		const struct value *pair = &payload->items[2 * i];
		if (pair->u == COSIGN_KEY)
			continue;
		rest.items[2 * rest.n] = pair[0];
		rest.items[2 * rest.n + 1] = pair[1];
		rest.n++;
	}
	if (value_write(&rest, &b) != OK)
		return false;
	*out = buf_slice(&b);
	return true;
}

static err
id_of(uint32_t kind, const uint8_t author[RECORD_AUTHOR], const char region[2],
    uint32_t slot, uint64_t pv, const struct value *payload,
    struct arena *scratch, uint8_t id[COSIGN_ID])
{
	uint8_t kind_bytes[4], tail[12];
	struct slice rest;

	if (payload->type != VALUE_MAP ||
	    !without_field(payload, scratch, &rest))
		return ERR_FORM;
	put_u32be(kind_bytes, kind);
	put_u32be(tail, slot);
	put_u64be(tail + 4, pv);
	const struct crypto_part parts[] = { { kind_bytes, 4 },
		{ author, RECORD_AUTHOR }, { region, 2 }, { tail, 12 },
		{ rest.p, rest.n } };
	hash_blake2b(
	    id, COSIGN_ID, "ohcn-cosig-id-v1", parts, ARRAY_LEN(parts));
	return OK;
}

err
cosign_id(uint32_t kind, const uint8_t author[RECORD_AUTHOR],
    const char region[2], uint32_t slot, uint64_t pv, struct slice payload,
    struct arena *scratch, uint8_t id[COSIGN_ID])
{
	struct value map;

	arena_reset(scratch);
	if (!has_cosignatures(kind) || payload.n > RECORD_BODY_MAX ||
	    value_parse(payload, scratch, &map) != OK)
		return ERR_FORM;
	return id_of(kind, author, region, slot, pv, &map, scratch, id);
}

/* What is signed. */
static size_t
signed_bytes(uint8_t out[96], struct slice net, unsigned role, uint32_t until_h,
    const uint8_t id[COSIGN_ID])
{
	ASSERT(net.n >= 1 && net.n <= NET_MAX && role <= UINT8_MAX);
	memset(out, 0, 16);
	memcpy(out, "ohcn-cosig-v1", 13);
	out[16] = (uint8_t)net.n;
	memcpy(out + 17, net.p, net.n);
	out[17 + net.n] = (uint8_t)role;
	put_u32be(out + 18 + net.n, until_h);
	memcpy(out + 22 + net.n, id, COSIGN_ID);
	return 22 + net.n + COSIGN_ID;
}

void
cosign_make(uint8_t sig[ED25519_SIG], struct slice net, unsigned role,
    uint32_t until_h, const uint8_t id[COSIGN_ID],
    const uint8_t secret[ED25519_SECRET])
{
	uint8_t text[96];

	ed25519_sign(
	    sig, text, signed_bytes(text, net, role, until_h, id), secret);
}

static enum cosign_result
judge(const struct record *r, const struct cosignature *all, size_t at,
    const struct value *item, uint64_t now_h, const uint8_t id[COSIGN_ID])
{
	const struct cosignature *c = &all[at];
	uint8_t text[96];

	if (value_find(item, UNTIL) == NULL)
		return COSIGN_NO_END;
	if (c->until_h <= now_h)
		return COSIGN_EXPIRED;
	if (memcmp(c->key, r->author, RECORD_AUTHOR) == 0)
		return COSIGN_SELF;
	for (size_t i = 0; i < at; i++)
		if (memcmp(all[i].key, c->key, RECORD_AUTHOR) == 0)
			return COSIGN_TWICE;
	const size_t n =
	    signed_bytes(text, r->net, c->role, (uint32_t)c->until_h, id);
	return ed25519_verify(value_find(item, SIG)->s.p, text, n, c->key)
		   ? COSIGN_GOOD
		   : COSIGN_BAD;
}

err
cosign_check(const struct record *r, uint64_t now_h, struct arena *scratch,
    struct cosignature *out, size_t *n)
{
	struct value map;
	uint8_t id[COSIGN_ID];

	*n = 0;
	arena_reset(scratch);
	if (!has_cosignatures(r->kind) || record_deleted(r) || r->opaque)
		return OK;
	TRY(value_parse(r->payload, scratch, &map));
	const struct value *list = value_find(&map, COSIGN_KEY);
	if (list == NULL)
		return OK;
	TRY(id_of(
	    r->kind, r->author, r->region, r->slot, r->pv, &map, scratch, id));
	/* The schema has seen to types and sizes. */
	ASSERT(list->type == VALUE_ARRAY && list->n <= COSIGN_MAX);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *item = &list->items[i];
		const struct value *until = value_find(item, UNTIL);
		out[i] = (struct cosignature){
			.key = value_find(item, KEY)->s.p,
			.role = (unsigned)value_find(item, ROLE)->u,
			.until_h = until == NULL ? 0 : until->u,
		};
		out[i].result = judge(r, out, i, item, now_h, id);
	}
	*n = list->n;
	return OK;
}
