#include "proto/mail/message.h"

#include "proto/base/text.h"

#define NUMBER_MAX FIELD_INTEGER_MAX
#define HOUR_MAX   UINT32_MAX

/* Keys of the head. */
enum {
	VERSION = 0,
	TYPE = 2,
	CONVERSATION = 4,
	NUMBER = 6,
	REPLY_KEY = 8,
	AUTHORS = 10,
	BODY = 12,
	TEXT = 14,
};

/* ---- the form, as tables; SPEC.md, "Messages" ---- */

static const struct field author_fields[] = {
	{ 0, "seed", FIELD_BYTES, true, 32, 32 },
	{ 2, "certificate", FIELD_BYTES, true, 64, 64 },
	FIELDS_END,
};
static const struct field author_item = { .type = FIELD_MAP,
	.fields = author_fields };
static const struct field authors_fields[] = {
	{ 0, "stamp", FIELD_BYTES, true, 8, 8 },
	{ 2, "not_after", FIELD_UINT, true, 0, HOUR_MAX },
	{ 4, "keys", FIELD_LIST, true, 1, MESSAGE_AUTHORS_MAX,
	    .element = &author_item },
	FIELDS_END,
};
static const struct field line_item = {
	.type = FIELD_STR, .min = 0, .max = MESSAGE_LINE_MAX
};
static const struct field leaf_item = {
	.type = FIELD_STR, .min = 1, .max = 64
};
static const struct field_choice document_choices[] = {
	{ MAIL_AGREEMENT, "agreement" },
	{ MAIL_PROGRESS, "progress" },
	{ MAIL_OUTCOME, "outcome" },
	{ MAIL_SESSION, "session" },
	{ MAIL_CREDENTIAL, "credential" },
	{ MAIL_OTHER, "other" },
	{ MAIL_LEDGER, "ledger" },
	CHOICES_END,
};
static const struct field voucher_fields[] = {
	{ 0, "introducer", FIELD_BYTES, true, 32, 32 },
	{ 2, "token", FIELD_BYTES, true, VOUCHER_TOKEN, VOUCHER_TOKEN },
	{ 4, "until", FIELD_UINT, true, 0, HOUR_MAX },
	{ 6, "sig", FIELD_BYTES, true, 64, 64 },
	FIELDS_END,
};

static const struct field offer_body[] = {
	{ 0, "terms", FIELD_BYTES, true, 1, MESSAGE_TERMS_MAX },
	{ 2, "to", FIELD_BYTES, true, 32, 32 },
	{ 4, "sig", FIELD_BYTES, true, 64, 64 },
	{ 5, "ledger", FIELD_BYTES, false, 1, MESSAGE_LEDGER_MAX },
	FIELDS_END,
};
static const struct field empty_body[] = { FIELDS_END };
static const struct field ask_body[] = {
	{ 0, "leaves", FIELD_LIST, true, 1, MESSAGE_LEAVES_MAX,
	    .element = &leaf_item },
	{ 2, "nonce", FIELD_BYTES, true, 16, 16 },
	FIELDS_END,
};
static const struct field disclose_body[] = {
	{ 0, "presentation", FIELD_BYTES, true, 1, MAIL_PRESENTATION_MAX },
	FIELDS_END,
};
static const struct field commit_body[] = {
	{ 0, "commitment", FIELD_BYTES, true, MAIL_COMMITMENT,
	    MAIL_COMMITMENT },
	FIELDS_END,
};
static const struct field open_body[] = {
	{ 0, "identity", FIELD_BYTES, true, 1, MAIL_IDENTITY_MAX },
	{ 2, "salt", FIELD_BYTES, true, 32, 32 },
	FIELDS_END,
};
static const struct field document_body[] = {
	{ 0, "name", FIELD_BYTES, true, MAIL_DOCUMENT_NAME,
	    MAIL_DOCUMENT_NAME },
	{ 2, "kind", FIELD_CHOICE, true, .choices = document_choices },
	{ 4, "size", FIELD_UINT, true, 1, MAIL_DOCUMENT_MAX },
	{ 6, "part", FIELD_UINT, true, 0, MAIL_PARTS_MAX - 1 },
	{ 8, "data", FIELD_BYTES, true, 1, MAIL_PART_MAX },
	FIELDS_END,
};
static const struct field hand_body[] = {
	{ 0, "demand", FIELD_BYTES, true, 32, 32 },
	{ 2, "card", FIELD_BYTES, false, 1, 1024 },
	{ 4, "voucher", FIELD_MAP, false, .fields = voucher_fields },
	FIELDS_END,
};
static const struct field introduction_body[] = {
	{ 0, "company", FIELD_BYTES, true, 32, 32 },
	{ 2, "inbox", FIELD_BYTES, true, 32, 32 },
	{ 4, "voucher", FIELD_MAP, true, .fields = voucher_fields },
	FIELDS_END,
};

/* clang-format off */
#define MESSAGE(body, text)                                                    \
	{                                                                      \
		{ VERSION, "version", FIELD_UINT, true, 1, MESSAGE_VERSION },  \
		{ TYPE, "type", FIELD_UINT, true, 1, MESSAGE_TYPES - 1 },      \
		{ CONVERSATION, "conversation", FIELD_BYTES, true,             \
		    CONVERSATION_ID, CONVERSATION_ID },                        \
		{ NUMBER, "number", FIELD_UINT, true, 0, NUMBER_MAX },         \
		{ REPLY_KEY, "reply_key", FIELD_BYTES, true, 32, 32 },         \
		{ AUTHORS, "authors", FIELD_MAP, .fields = authors_fields },   \
		{ BODY, "body", FIELD_MAP, true, .fields = (body) },           \
		{ TEXT, "text", FIELD_LIST, (text), 1, MESSAGE_LINES_MAX,      \
		    .element = &line_item },                                   \
		FIELDS_END,                                                      \
	}

static const struct field offer_message[] = MESSAGE(offer_body, false);
static const struct field plain_message[] = MESSAGE(empty_body, false);
static const struct field text_message[] = MESSAGE(empty_body, true);
static const struct field ask_message[] = MESSAGE(ask_body, false);
static const struct field disclose_message[] = MESSAGE(disclose_body, false);
static const struct field commit_message[] = MESSAGE(commit_body, false);
static const struct field open_message[] = MESSAGE(open_body, false);
static const struct field document_message[] = MESSAGE(document_body, false);
static const struct field hand_message[] = MESSAGE(hand_body, false);
static const struct field introduction_message[] =
    MESSAGE(introduction_body, false);
/* clang-format on */

static const struct {
	const char *name;
	const struct field *fields;
} types[MESSAGE_TYPES] = {
	[MESSAGE_OFFER] = { "offer", offer_message },
	[MESSAGE_INTEREST] = { "interest", plain_message },
	[MESSAGE_TEXT] = { "text", text_message },
	[MESSAGE_ASK] = { "ask", ask_message },
	[MESSAGE_DISCLOSE] = { "disclose", disclose_message },
	[MESSAGE_COMMIT] = { "commit", commit_message },
	[MESSAGE_OPEN] = { "open", open_message },
	[MESSAGE_DOCUMENT] = { "document", document_message },
	[MESSAGE_WITHDRAW] = { "withdraw", plain_message },
	[MESSAGE_HAND] = { "hand", hand_message },
	[MESSAGE_INTRODUCTION] = { "introduction", introduction_message },
};

const char *
message_type_name(enum message_type t)
{
	return t < MESSAGE_TYPES && types[t].name != NULL ? types[t].name
							  : "unknown";
}

const char *
mail_document_name(enum mail_document d)
{
	return d >= MAIL_AGREEMENT && d < MAIL_DOCUMENTS
		   ? document_choices[d - 1].name
		   : "unknown";
}

/* ---- reading: what the tables have checked is taken as it stands ---- */

static void
take(const struct value *map, uint64_t key, uint8_t *out)
{
	const struct value *v = value_find(map, key);

	memcpy(out, v->s.p, v->s.n);
}

static void
take_voucher(const struct value *map, struct voucher *v)
{
	take(map, 0, v->introducer);
	take(map, 2, v->token);
	v->until_h = (uint32_t)value_find(map, 4)->u;
	take(map, 6, v->sig);
}

static void
take_authors(const struct value *map, struct message *m)
{
	const struct value *list = value_find(map, 4);

	take(map, 0, m->stamp);
	m->not_after = (uint32_t)value_find(map, 2)->u;
	m->authors_n = list->n;
	for (uint32_t i = 0; i < list->n; i++) {
		take(&list->items[i], 0, m->authors[i].seed);
		take(&list->items[i], 2, m->authors[i].certificate);
	}
}

static bool
take_text(const struct value *list, struct message *m)
{
	size_t n = list->n - 1;

	for (uint32_t i = 0; i < list->n; i++) {
		m->lines[i] = list->items[i].s;
		n += m->lines[i].n;
	}
	m->lines_n = list->n;
	return n > 0 && n <= MESSAGE_TEXT_MAX;
}

static bool
take_document(const struct value *body, struct message *m)
{
	take(body, 0, m->document.name);
	m->document.kind = (enum mail_document)value_find(body, 2)->u;
	m->document.size = (uint32_t)value_find(body, 4)->u;
	m->document.part = (uint32_t)value_find(body, 6)->u;
	m->document.data = value_find(body, 8)->s;
	const uint32_t from = m->document.part * MAIL_PART_MAX;
	return from < m->document.size &&
	       m->document.data.n ==
		   MIN(MAIL_PART_MAX, m->document.size - from);
}

static void
take_hand(const struct value *body, struct message *m)
{
	const struct value *card = value_find(body, 2);
	const struct value *voucher = value_find(body, 4);

	take(body, 0, m->hand.demand);
	if (card != NULL)
		m->hand.card = card->s;
	m->hand.introduced = voucher != NULL;
	if (voucher != NULL)
		take_voucher(voucher, &m->hand.voucher);
}

static void
take_offer(const struct value *body, struct message *m)
{
	const struct value *ledger = value_find(body, 5);

	m->offer.terms = value_find(body, 0)->s;
	take(body, 2, m->offer.to);
	take(body, 4, m->offer.sig);
	if (ledger != NULL)
		m->offer.ledger = ledger->s;
}

static bool
take_body(const struct value *body, struct message *m)
{
	switch (m->type) {
	case MESSAGE_OFFER:
		take_offer(body, m);
		return true;
	case MESSAGE_ASK:
		m->ask.n = value_find(body, 0)->n;
		for (uint32_t i = 0; i < m->ask.n; i++)
			m->ask.leaves[i] = value_find(body, 0)->items[i].s;
		take(body, 2, m->ask.nonce);
		return true;
	case MESSAGE_DISCLOSE:
		m->presentation = value_find(body, 0)->s;
		return true;
	case MESSAGE_COMMIT:
		take(body, 0, m->commitment);
		return true;
	case MESSAGE_OPEN:
		m->open.identity = value_find(body, 0)->s;
		take(body, 2, m->open.salt);
		return true;
	case MESSAGE_DOCUMENT:
		return take_document(body, m);
	case MESSAGE_HAND:
		take_hand(body, m);
		return true;
	case MESSAGE_INTRODUCTION:
		take(body, 0, m->introduction.company);
		take(body, 2, m->introduction.inbox);
		take_voucher(value_find(body, 4), &m->introduction.voucher);
		return true;
	case MESSAGE_INTEREST:
	case MESSAGE_TEXT:
	case MESSAGE_WITHDRAW:
		return true;
	}
	return false;
}

/* A version or type that is not ours to judge, beyond being canonical. */
static bool
is_later(const struct value *map)
{
	const struct value *version = value_find(map, VERSION);
	const struct value *type = value_find(map, TYPE);

	if (version == NULL || version->type != VALUE_UINT)
		return false;
	if (version->u != MESSAGE_VERSION)
		return true;
	return type != NULL && type->type == VALUE_UINT &&
	       (type->u == 0 || type->u >= MESSAGE_TYPES);
}

err
message_read(struct slice bytes, struct arena *arena, struct message *m)
{
	struct schema_fault fault;
	struct value map;

	memset(m, 0, sizeof(*m));
	if (bytes.n > ENVELOPE_MESSAGE_MAX ||
	    value_parse(bytes, arena, &map) != OK || map.type != VALUE_MAP)
		return ERR_FORM;
	if (is_later(&map))
		return ERR_NOTFOUND;
	const struct value *type = value_find(&map, TYPE);
	/* Without a version nothing has looked at the type's range. */
	if (type == NULL || type->type != VALUE_UINT || type->u == 0 ||
	    type->u >= MESSAGE_TYPES)
		return ERR_FORM;
	const struct schema form = { (uint32_t)type->u, MESSAGE_VERSION,
		types[type->u].fields };
	const enum schema_result fits = schema_check(&form, &map, &fault);
	if (fits != SCHEMA_OK)
		return fits == SCHEMA_OPAQUE ? ERR_NOTFOUND : ERR_FORM;

	m->type = (enum message_type)type->u;
	take(&map, CONVERSATION, m->conversation);
	m->number = value_find(&map, NUMBER)->u;
	take(&map, REPLY_KEY, m->reply_key);
	if (value_find(&map, AUTHORS) != NULL)
		take_authors(value_find(&map, AUTHORS), m);
	if (value_find(&map, TEXT) != NULL &&
	    !take_text(value_find(&map, TEXT), m))
		return ERR_FORM;
	return take_body(value_find(&map, BODY), m) ? OK : ERR_FORM;
}

/* ---- writing ---- */

/* A map while it is built; keys come in ascending order. */
struct pairs {
	struct value at[2 * 10];
	size_t n;
};

static void
put(struct pairs *p, uint64_t key, struct value v)
{
	ASSERT(2 * p->n < ARRAY_LEN(p->at));
	p->at[2 * p->n] = value_uint(key);
	p->at[2 * p->n + 1] = v;
	p->n++;
}

static void
put_bytes(struct pairs *p, uint64_t key, const uint8_t *bytes, size_t n)
{
	put(p, key, value_bin(slice_of(bytes, n)));
}

static struct value
map_of(struct pairs *p)
{
	return value_map(p->at, p->n);
}

/* What the values of a message lie in while it is written. */
struct draft {
	struct pairs head, authors, body, voucher;
	struct pairs keys[MESSAGE_AUTHORS_MAX];
	struct value key_list[MESSAGE_AUTHORS_MAX];
	struct value lines[MESSAGE_LINES_MAX];
	struct value leaves[MESSAGE_LEAVES_MAX];
};

static struct value
authors_value(const struct message *m, struct draft *d)
{
	put_bytes(&d->authors, 0, m->stamp, sizeof(m->stamp));
	put(&d->authors, 2, value_uint(m->not_after));
	for (uint32_t i = 0; i < m->authors_n; i++) {
		put_bytes(&d->keys[i], 0, m->authors[i].seed, ED25519_SEED);
		put_bytes(
		    &d->keys[i], 2, m->authors[i].certificate, ED25519_SIG);
		d->key_list[i] = map_of(&d->keys[i]);
	}
	put(&d->authors, 4, value_array(d->key_list, m->authors_n));
	return map_of(&d->authors);
}

static struct value
voucher_value(const struct voucher *v, struct draft *d)
{
	put_bytes(&d->voucher, 0, v->introducer, ED25519_PUBLIC);
	put_bytes(&d->voucher, 2, v->token, VOUCHER_TOKEN);
	put(&d->voucher, 4, value_uint(v->until_h));
	put_bytes(&d->voucher, 6, v->sig, ED25519_SIG);
	return map_of(&d->voucher);
}

static struct value
body_value(const struct message *m, struct draft *d)
{
	struct pairs *b = &d->body;

	switch (m->type) {
	case MESSAGE_OFFER:
		put(b, 0, value_bin(m->offer.terms));
		put_bytes(b, 2, m->offer.to, ED25519_PUBLIC);
		put_bytes(b, 4, m->offer.sig, ED25519_SIG);
		if (m->offer.ledger.n > 0)
			put(b, 5, value_bin(m->offer.ledger));
		break;
	case MESSAGE_ASK:
		for (uint32_t i = 0; i < m->ask.n; i++)
			d->leaves[i] = value_str(m->ask.leaves[i]);
		put(b, 0, value_array(d->leaves, m->ask.n));
		put_bytes(b, 2, m->ask.nonce, sizeof(m->ask.nonce));
		break;
	case MESSAGE_DISCLOSE:
		put(b, 0, value_bin(m->presentation));
		break;
	case MESSAGE_COMMIT:
		put_bytes(b, 0, m->commitment, MAIL_COMMITMENT);
		break;
	case MESSAGE_OPEN:
		put(b, 0, value_bin(m->open.identity));
		put_bytes(b, 2, m->open.salt, sizeof(m->open.salt));
		break;
	case MESSAGE_DOCUMENT:
		put_bytes(b, 0, m->document.name, MAIL_DOCUMENT_NAME);
		put(b, 2, value_uint(m->document.kind));
		put(b, 4, value_uint(m->document.size));
		put(b, 6, value_uint(m->document.part));
		put(b, 8, value_bin(m->document.data));
		break;
	case MESSAGE_HAND:
		put_bytes(b, 0, m->hand.demand, RECORD_ID);
		if (m->hand.card.n > 0)
			put(b, 2, value_bin(m->hand.card));
		if (m->hand.introduced)
			put(b, 4, voucher_value(&m->hand.voucher, d));
		break;
	case MESSAGE_INTRODUCTION:
		put_bytes(b, 0, m->introduction.company, ED25519_PUBLIC);
		put_bytes(b, 2, m->introduction.inbox, X25519_SIZE);
		put(b, 4, voucher_value(&m->introduction.voucher, d));
		break;
	case MESSAGE_INTEREST:
	case MESSAGE_TEXT:
	case MESSAGE_WITHDRAW:
		break;
	}
	return map_of(b);
}

err
message_write(const struct message *m, struct arena *arena, struct buf *out)
{
	struct draft d = { .head.n = 0 };
	struct message again;
	const size_t before = out->n;

	if (m->authors_n > MESSAGE_AUTHORS_MAX ||
	    m->lines_n > MESSAGE_LINES_MAX ||
	    (m->type == MESSAGE_ASK && m->ask.n > MESSAGE_LEAVES_MAX))
		return ERR_FORM;
	put(&d.head, VERSION, value_uint(MESSAGE_VERSION));
	put(&d.head, TYPE, value_uint(m->type));
	put_bytes(&d.head, CONVERSATION, m->conversation, CONVERSATION_ID);
	put(&d.head, NUMBER, value_uint(m->number));
	put_bytes(&d.head, REPLY_KEY, m->reply_key, X25519_SIZE);
	if (m->authors_n > 0)
		put(&d.head, AUTHORS, authors_value(m, &d));
	put(&d.head, BODY, body_value(m, &d));
	for (uint32_t i = 0; i < m->lines_n; i++)
		d.lines[i] = value_str(m->lines[i]);
	if (m->lines_n > 0)
		put(&d.head, TEXT, value_array(d.lines, m->lines_n));
	const struct value map = map_of(&d.head);
	TRY(value_write(&map, out));
	/* What we write is judged as what we read: one set of rules. */
	const struct slice written = slice_of(out->p + before, out->n - before);
	const err e = message_read(written, arena, &again);
	crypto_wipe(&again, sizeof(again));
	if (e != OK)
		out->n = before;
	return e == OK ? OK : ERR_FORM;
}

/* ---- text ---- */

err
message_text_set(struct message *m, struct slice text)
{
	m->lines_n = 0;
	if (text.n > MESSAGE_TEXT_MAX)
		return ERR_LIMIT;
	for (bool last = text.n == 0; !last;) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		const size_t n = end == NULL ? text.n : (size_t)(end - text.p);
		const struct slice line = { text.p, n };
		if (m->lines_n == MESSAGE_LINES_MAX || n > MESSAGE_LINE_MAX)
			return ERR_LIMIT;
		if (!text_is_clean(line))
			return ERR_FORM;
		m->lines[m->lines_n++] = line;
		last = end == NULL;
		slice_skip(&text, n + (last ? 0 : 1));
		if (!last && text.n == 0) { /* it ends with a line feed */
			if (m->lines_n == MESSAGE_LINES_MAX)
				return ERR_LIMIT;
			m->lines[m->lines_n++] = slice_of(NULL, 0);
			last = true;
		}
	}
	return OK;
}

err
message_text_get(const struct message *m, struct buf *out)
{
	for (uint32_t i = 0; i < m->lines_n; i++) {
		if (i > 0)
			TRY(buf_put_u8(out, '\n'));
		TRY(buf_put(out, m->lines[i].p, m->lines[i].n));
	}
	return OK;
}

void
identity_commit(uint8_t out[MAIL_COMMITMENT],
    const uint8_t conversation[CONVERSATION_ID], bool company,
    const uint8_t salt[32], struct slice identity)
{
	const uint8_t side = company ? 1 : 0;
	const struct crypto_part parts[] = { { conversation, CONVERSATION_ID },
		{ &side, 1 }, { salt, 32 }, { identity.p, identity.n } };

	hash_blake2b(out, MAIL_COMMITMENT, "ohcn-identity-v1", parts, 4);
}
