#include "proto/evidence/warning.h"

#include "proto/record/names.h"
#include "proto/record/schema.h"

#define SIG_TYPE 1
#define FUTURE_S 600
#define TEXT_MAX (16 + 1 + NET_MAX + WARNING_ID)

enum {
	VERSION = 0,
	NET = 2,
	ISSUER = 4,
	MADE = 6,
	EXPIRES = 8,
	TITLE = 10,
	ENTRIES = 12,
};
enum { ENTRY_KEY = 0, ENTRY_REASON = 2, ENTRY_SINCE = 4, ENTRY_TEXT = 6 };

static const struct field_choice reasons[] = {
	{ WARNING_IMPERSONATION, "impersonation" },
	{ WARNING_BROKEN_PLEDGES, "broken-pledges" },
	{ WARNING_FAKE_OUTCOMES, "fake-outcomes" },
	{ WARNING_FRAUD, "fraud" },
	{ WARNING_SPAM, "spam" },
	{ WARNING_HARASSMENT, "harassment" },
	{ WARNING_OTHER, "other" },
	{ 0, NULL },
};

static const struct field entry_fields[] = {
	{ ENTRY_KEY, "key", FIELD_BYTES, true, 32, 32 },
	{ ENTRY_REASON, "reason", FIELD_CHOICE, true, .choices = reasons },
	{ ENTRY_SINCE, "since", FIELD_UINT, false, 1, UINT32_MAX },
	{ ENTRY_TEXT, "text", FIELD_STR, false, 1, WARNING_TEXT },
	{ .name = NULL },
};
static const struct field entry_item = { .type = FIELD_MAP,
	.fields = entry_fields };

static const struct field body_fields[] = {
	{ VERSION, "version", FIELD_UINT, true, 1, 1 },
	{ NET, "net", FIELD_STR, true, 1, NET_MAX },
	{ ISSUER, "issuer", FIELD_BYTES, true, 32, 32 },
	{ MADE, "made", FIELD_UINT, true, 0, UINT32_MAX },
	{ EXPIRES, "expires", FIELD_UINT, true, 0, UINT32_MAX },
	{ TITLE, "title", FIELD_STR, true, 1, WARNING_TITLE },
	{ ENTRIES, "entries", FIELD_LIST, true, 1, WARNING_ENTRIES,
	    .element = &entry_item },
	{ .name = NULL },
};
static const struct schema body_schema = { 0, 1, body_fields };

const char *
warning_reason_name(unsigned r)
{
	return r < 1 || r > WARNING_REASONS ? NULL : reasons[r - 1].name;
}

unsigned
warning_reason_find(const char *name)
{
	for (unsigned r = 1; r <= WARNING_REASONS; r++)
		if (strcmp(reasons[r - 1].name, name) == 0)
			return r;
	return 0;
}

static size_t
signed_bytes(
    uint8_t out[TEXT_MAX], struct slice net, const uint8_t id[WARNING_ID])
{
	memset(out, 0, 16);
	memcpy(out, "ohcn-warning-v1", 15);
	out[16] = (uint8_t)net.n;
	memcpy(out + 17, net.p, net.n);
	memcpy(out + 17 + net.n, id, WARNING_ID);
	return 17 + net.n + WARNING_ID;
}

static void
id_of(uint8_t id[WARNING_ID], struct slice body)
{
	const struct crypto_part part = { body.p, body.n };

	hash_blake2b(id, WARNING_ID, "ohcn-warn-id-v1", &part, 1);
}

/* ---- reading ---- */

static uint32_t
number_of(const struct value *map, uint64_t key)
{
	const struct value *v = value_find(map, key);

	return v == NULL ? 0 : (uint32_t)v->u;
}

/* Of a map that fits the schema. */
static enum evidence_fault
entries_read(const struct value *list, struct warning_list *out)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *map = &list->items[i];
		const struct value *text = value_find(map, ENTRY_TEXT);
		struct warning_entry *e = &out->entries[i];
		*e = (struct warning_entry){
			.key = value_find(map, ENTRY_KEY)->s.p,
			.reason = (uint8_t)number_of(map, ENTRY_REASON),
			.since_h = number_of(map, ENTRY_SINCE),
		};
		if (text != NULL)
			e->text = text->s;
		if (memcmp(e->key, out->issuer, ED25519_PUBLIC) == 0 ||
		    (i > 0 && memcmp(out->entries[i - 1].key, e->key,
				  ED25519_PUBLIC) >= 0))
			return EVIDENCE_BAD_PARTIES;
	}
	out->entries_n = list->n;
	return EVIDENCE_FINE;
}

static enum evidence_fault
body_read(struct slice body, struct slice net, struct arena *scratch,
    struct warning_list *out)
{
	struct schema_fault ignored;
	struct value map;

	if (body.n > WARNING_BODY_MAX)
		return EVIDENCE_OVERSIZE;
	arena_reset(scratch);
	if (value_parse(body, scratch, &map) != OK)
		return EVIDENCE_NOT_CANONICAL;
	if (map.type != VALUE_MAP)
		return EVIDENCE_MALFORMED;
	const struct value *version = value_find(&map, VERSION);
	const struct value *of = value_find(&map, NET);
	if (version == NULL || version->type != VALUE_UINT)
		return EVIDENCE_MALFORMED;
	if (version->u != 1)
		return EVIDENCE_UNKNOWN_VERSION;
	if (of == NULL || of->type != VALUE_STR)
		return EVIDENCE_MALFORMED;
	if (!slice_eq(of->s, net))
		return EVIDENCE_WRONG_NET;
	switch (schema_check(&body_schema, &map, &ignored)) {
	case SCHEMA_OK:
		break;
	case SCHEMA_OPAQUE:
		return EVIDENCE_UNKNOWN_FIELD;
	case SCHEMA_BAD:
		return EVIDENCE_BAD_BODY;
	}
	memset(out, 0, sizeof(*out));
	id_of(out->id, body);
	memcpy(out->issuer, value_find(&map, ISSUER)->s.p, ED25519_PUBLIC);
	out->title = value_find(&map, TITLE)->s;
	out->made_h = number_of(&map, MADE);
	out->expires_h = number_of(&map, EXPIRES);
	const enum evidence_fault f =
	    entries_read(value_find(&map, ENTRIES), out);
	if (f != EVIDENCE_FINE)
		return f;
	return out->made_h >= out->expires_h ||
		       out->expires_h - out->made_h > WARNING_VALID_H
		   ? EVIDENCE_BAD_TIMES
		   : EVIDENCE_FINE;
}

enum evidence_fault
warning_open(struct slice bytes, struct slice net, uint64_t now_s,
    struct arena *scratch, struct warning_list *out)
{
	uint8_t text[TEXT_MAX], sig[ED25519_SIG];
	struct value all;
	enum evidence_fault f;

	if (bytes.n > WARNING_BYTES_MAX)
		return EVIDENCE_OVERSIZE;
	arena_reset(scratch);
	if (value_parse(bytes, scratch, &all) != OK)
		return EVIDENCE_NOT_CANONICAL;
	if (all.type != VALUE_ARRAY || all.n != 3 ||
	    all.items[0].type != VALUE_BIN || all.items[1].type != VALUE_UINT)
		return EVIDENCE_MALFORMED;
	if (all.items[1].u != SIG_TYPE)
		return EVIDENCE_UNKNOWN_VERSION;
	if (all.items[2].type != VALUE_BIN || all.items[2].s.n != ED25519_SIG)
		return EVIDENCE_MALFORMED;
	const struct slice body = all.items[0].s;
	memcpy(sig, all.items[2].s.p, sizeof(sig));
	f = body_read(body, net, scratch, out);
	if (f != EVIDENCE_FINE)
		return f;
	if (now_s != 0 && out->made_h > (now_s + FUTURE_S) / 3600)
		return EVIDENCE_FROM_FUTURE;
	if (now_s != 0 && out->expires_h <= now_s / 3600)
		return EVIDENCE_EXPIRED;
	const size_t n = signed_bytes(text, net, out->id);
	return ed25519_verify(sig, text, n, out->issuer)
		   ? EVIDENCE_FINE
		   : EVIDENCE_BAD_SIGNATURE;
}

/* ---- writing ---- */

static struct value
entry_value(const struct warning_entry *e, struct value pairs[8])
{
	size_t n = 0;

	pairs[n++] = value_uint(ENTRY_KEY);
	pairs[n++] = value_bin(slice_of(e->key, ED25519_PUBLIC));
	pairs[n++] = value_uint(ENTRY_REASON);
	pairs[n++] = value_uint(e->reason);
	if (e->since_h != 0) {
		pairs[n++] = value_uint(ENTRY_SINCE);
		pairs[n++] = value_uint(e->since_h);
	}
	if (e->text.n != 0) {
		pairs[n++] = value_uint(ENTRY_TEXT);
		pairs[n++] = value_str(e->text);
	}
	return value_map(pairs, n / 2);
}

err
warning_body_write(
    const struct warning_list *l, struct slice net, struct buf *out)
{
	struct value inner[WARNING_ENTRIES][8], list[WARNING_ENTRIES];
	struct schema_fault ignored;

	if (l->entries_n < 1 || l->entries_n > WARNING_ENTRIES ||
	    l->made_h >= l->expires_h ||
	    l->expires_h - l->made_h > WARNING_VALID_H)
		return ERR_FORM;
	for (size_t i = 0; i < l->entries_n; i++) {
		const uint8_t *key = l->entries[i].key;
		if (memcmp(key, l->issuer, ED25519_PUBLIC) == 0 ||
		    (i > 0 && memcmp(l->entries[i - 1].key, key,
				  ED25519_PUBLIC) >= 0))
			return ERR_FORM;
		list[i] = entry_value(&l->entries[i], inner[i]);
	}
	struct value pairs[] = { value_uint(VERSION), value_uint(1),
		value_uint(NET), value_str(net), value_uint(ISSUER),
		value_bin(slice_of(l->issuer, ED25519_PUBLIC)),
		value_uint(MADE), value_uint(l->made_h), value_uint(EXPIRES),
		value_uint(l->expires_h), value_uint(TITLE),
		value_str(l->title), value_uint(ENTRIES),
		value_array(list, l->entries_n) };
	const struct value map = value_map(pairs, ARRAY_LEN(pairs) / 2);
	if (schema_check(&body_schema, &map, &ignored) != SCHEMA_OK)
		return ERR_FORM;
	return value_write(&map, out);
}

err
warning_body_sign(struct slice body, struct slice net,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    uint8_t sig[ED25519_SIG])
{
	struct warning_list l;
	uint8_t text[TEXT_MAX];

	if (net.n > NET_MAX ||
	    body_read(body, net, scratch, &l) != EVIDENCE_FINE ||
	    memcmp(l.issuer, secret + ED25519_SEED, ED25519_PUBLIC) != 0)
		return ERR_FORM;
	ed25519_sign(sig, text, signed_bytes(text, net, l.id), secret);
	return OK;
}

err
warning_join(struct slice body, const uint8_t sig[ED25519_SIG], struct buf *out)
{
	struct value items[3] = { value_bin(body), value_uint(SIG_TYPE),
		value_bin(slice_of(sig, ED25519_SIG)) };
	const struct value all = value_array(items, 3);

	return value_write(&all, out);
}
