#include "proto/record/record.h"

#include "crypto/stamp.h"
#include "proto/record/schema.h"
#include "proto/record/value.h"

#define FIELDS 12
#define DOMAIN 16 /* bytes of a domain separation string */

_Static_assert(RECORD_SCRATCH_BYTES >= 2 * VALUE_ARENA_BYTES,
    "room for the outer array and the body");

/* What record_open() and record_read() share. */
static const struct record_rules no_rules;

void
record_id_of(struct slice body, uint8_t id[RECORD_ID])
{
	const struct crypto_part part = { body.p, body.n };

	hash_blake2b(id, RECORD_ID, "ohcn-rec-v1", &part, 1);
}

/* domain(16) || len(net) || net || sigtype || id: what is signed. */
static size_t
signed_bytes(struct slice net, const uint8_t id[RECORD_ID],
    uint8_t out[DOMAIN + 1 + NET_MAX + 1 + RECORD_ID])
{
	static const uint8_t domain[DOMAIN] = "ohcn-sig-v1";
	size_t n = 0;

	ASSERT(net.n <= NET_MAX);
	memcpy(out, domain, sizeof(domain));
	n += sizeof(domain);
	out[n++] = (uint8_t)net.n;
	memcpy(out + n, net.p, net.n);
	n += net.n;
	out[n++] = RECORD_SIGTYPE;
	memcpy(out + n, id, RECORD_ID);
	return n + RECORD_ID;
}

/*
 * What value_parse() says. Its two refusals need not be told apart: whatever
 * is over the bounds of a canonical value is not canonical. That we have no
 * memory is not the record's fault.
 */
static enum record_outcome
parsed(err e)
{
	return e == OK          ? RECORD_FINE
	       : e == ERR_NOMEM ? RECORD_QUEUE_FULL
				: RECORD_NOT_CANONICAL;
}

static enum record_outcome
open_outer(struct slice bytes, struct arena *scratch, struct record *r)
{
	struct value outer;

	if (bytes.n > RECORD_BYTES_MAX)
		return RECORD_OVERSIZE;
	const enum record_outcome o =
	    parsed(value_parse(bytes, scratch, &outer));
	if (o != RECORD_FINE)
		return o;
	if (outer.type != VALUE_ARRAY || outer.n != 3 ||
	    outer.items[0].type != VALUE_BIN ||
	    outer.items[1].type != VALUE_UINT)
		return RECORD_MALFORMED;
	r->bytes = bytes;
	r->body = outer.items[0].s;
	if (r->body.n > RECORD_BODY_MAX)
		return RECORD_OVERSIZE;
	if (outer.items[1].u != RECORD_SIGTYPE)
		return RECORD_UNKNOWN_SIGTYPE;
	if (outer.items[2].type != VALUE_BIN ||
	    outer.items[2].s.n != ED25519_SIG)
		return RECORD_MALFORMED;
	r->sig = outer.items[2].s.p;
	return RECORD_FINE;
}

/* The types and ranges of the header fields; not what they mean. */
static enum record_outcome
open_fields(const struct value *f, struct record *r)
{
	static const enum value_type types[FIELDS] = { VALUE_UINT, VALUE_STR,
		VALUE_UINT, VALUE_BIN, VALUE_STR, VALUE_UINT, VALUE_UINT,
		VALUE_UINT, VALUE_UINT, VALUE_BIN, VALUE_UINT, VALUE_MAP };

	for (size_t i = 0; i < FIELDS; i++)
		if (f[i].type != types[i])
			return RECORD_MALFORMED;
	if (!net_is_valid(f[1].s) || f[3].s.n != RECORD_AUTHOR ||
	    f[4].s.n != 2 || f[5].u > UINT32_MAX || f[6].u >> 53 != 0 ||
	    f[7].u > UINT32_MAX || f[8].u >> 53 != 0 || f[10].u >> 53 != 0)
		return RECORD_MALFORMED;
	for (int i = 0; i < 2; i++)
		if (f[4].s.p[i] < 'a' || f[4].s.p[i] > 'z')
			return RECORD_MALFORMED;
	r->net = f[1].s;
	r->author = f[3].s.p;
	memcpy(r->region, f[4].s.p, 2);
	r->region[2] = 0;
	r->slot = (uint32_t)f[5].u;
	r->seq = f[6].u;
	r->expires_h = f[7].u;
	r->flags = f[8].u;
	r->stamp = f[9].s;
	r->pv = f[10].u;
	return RECORD_FINE;
}

/* The bytes of the last field, which value_parse() has accepted. */
static struct slice
payload_bytes(struct slice body)
{
	slice_skip(&body, 1); /* the header of an array of 12 is one byte */
	for (size_t i = 0; i + 1 < FIELDS; i++) {
		const err e = value_skip(&body);
		ASSERT(e == OK);
	}
	return body;
}

static enum record_outcome
check_payload(struct record *r, const struct value *payload)
{
	const struct schema *schema = schema_of(r->kind, r->pv);
	struct schema_fault fault;

	if (record_deleted(r)) {
		/* A revocation is final: it cannot be taken back. */
		if (r->kind == KIND_REVOCATION || r->payload.n != 1)
			return RECORD_BAD_PAYLOAD;
		return RECORD_FINE;
	}
	if (schema == NULL) {
		r->opaque = true;
		return RECORD_FINE;
	}
	switch (schema_check(schema, payload, &fault)) {
	case SCHEMA_OK:
		return RECORD_FINE;
	case SCHEMA_OPAQUE:
		r->opaque = true;
		return RECORD_FINE;
	case SCHEMA_BAD:
		break;
	}
	return RECORD_BAD_PAYLOAD;
}

static enum record_outcome
open_body(const struct record_rules *rules, bool judge, struct arena *scratch,
    struct record *r)
{
	struct value body;

	enum record_outcome o = parsed(value_parse(r->body, scratch, &body));
	if (o != RECORD_FINE)
		return o;
	if (body.type != VALUE_ARRAY || body.n < 1 ||
	    body.items[0].type != VALUE_UINT)
		return RECORD_MALFORMED;
	if (body.items[0].u != RECORD_VERSION)
		return RECORD_UNKNOWN_VERSION;
	if (body.n != FIELDS)
		return RECORD_MALFORMED;
	o = open_fields(body.items, r);
	if (o != RECORD_FINE)
		return o;
	if (judge && !slice_eq(r->net, rules->net))
		return RECORD_WRONG_NET;
	const struct kind_info *kind = kind_info(body.items[2].u);
	if (kind == NULL)
		return RECORD_UNKNOWN_KIND;
	r->kind = (uint32_t)body.items[2].u;
	if (judge && rules->class_mask != 0 &&
	    (rules->class_mask >> kind->class & 1U) == 0)
		return RECORD_WRONG_CLASS;
	if (r->body.n > kind->body_bytes_max)
		return RECORD_OVERSIZE;
	r->payload = payload_bytes(r->body);
	/* Told by record_verify(): a bad signature comes before it. */
	if (judge) {
		r->content = check_payload(r, &body.items[FIELDS - 1]);
		r->content_known = true;
	}
	return RECORD_FINE;
}

/* A type 3 stamp leaves a one-time key a single slot. */
static uint32_t
slots_of(const struct record *r, const struct kind_info *kind)
{
	if (r->kind == KIND_ENVELOPE && r->stamp.n > 0 &&
	    r->stamp.p[0] == STAMP_CERTIFICATE)
		return 1;
	return kind->slots;
}

/*
 * A revocation lives exactly as long as its kind may: a thief of the key can
 * sign a newer one, but none that ends before the one it replaces.
 */
static bool
times_fit(const struct record *r, const struct kind_info *kind)
{
	const uint64_t hour = record_hour(r);

	if ((r->seq & 0xff) > RECORD_COUNTER_MAX || r->expires_h <= hour)
		return false;
	const uint64_t hours = r->expires_h - hour;
	return r->kind == KIND_REVOCATION ? hours == kind->lifetime_hours
					  : hours <= kind->lifetime_hours;
}

static enum record_outcome
check_header(
    const struct record *r, const struct record_rules *rules, bool judge)
{
	const struct kind_info *kind = kind_info(r->kind);
	const uint64_t hour = record_hour(r);

	if ((r->flags & ~(uint64_t)RECORD_FLAG_DELETED) != 0)
		return RECORD_UNKNOWN_FLAG;
	if (r->slot >= slots_of(r, kind))
		return RECORD_BAD_SLOT;
	if (!times_fit(r, kind))
		return RECORD_BAD_TIMES;
	if (!judge)
		return RECORD_FINE;
	if (hour > (rules->now_s + RECORD_FUTURE_S) / 3600)
		return RECORD_FROM_FUTURE;
	if (r->expires_h <= rules->now_s / 3600)
		return RECORD_EXPIRED;
	return RECORD_FINE;
}

static enum record_outcome
open_any(struct slice bytes, const struct record_rules *rules, bool judge,
    struct arena *scratch, struct record *r)
{
	arena_reset(scratch);
	*r = (struct record){ 0 };
	enum record_outcome o = open_outer(bytes, scratch, r);
	if (o == RECORD_FINE)
		o = open_body(rules, judge, scratch, r);
	if (o == RECORD_FINE)
		o = check_header(r, rules, judge);
	if (o == RECORD_FINE)
		record_id_of(r->body, r->id);
	return o;
}

enum record_outcome
record_open(struct slice bytes, const struct record_rules *rules,
    struct arena *scratch, struct record *r)
{
	return open_any(bytes, rules, true, scratch, r);
}

enum record_outcome
record_read(struct slice bytes, struct arena *scratch, struct record *r)
{
	return open_any(bytes, &no_rules, false, scratch, r);
}

#define CERTIFIED_MAX (DOMAIN + 1 + NET_MAX + RECORD_AUTHOR + 4)

static size_t
certified_bytes(struct slice net, const uint8_t one_time[RECORD_AUTHOR],
    uint32_t not_after_h, uint8_t m[CERTIFIED_MAX])
{
	static const uint8_t domain[DOMAIN] = "ohcn-cert-v1";
	size_t n = sizeof(domain);

	ASSERT(net.n <= NET_MAX);
	memcpy(m, domain, sizeof(domain));
	m[n++] = (uint8_t)net.n;
	memcpy(m + n, net.p, net.n);
	n += net.n;
	memcpy(m + n, one_time, RECORD_AUTHOR);
	n += RECORD_AUTHOR;
	put_u32be(m + n, not_after_h);
	return n + 4;
}

void
record_certificate_sign(struct slice net,
    const uint8_t one_time[ED25519_PUBLIC], uint32_t not_after_h,
    const uint8_t secret[ED25519_SECRET], uint8_t sig[ED25519_SIG])
{
	uint8_t m[CERTIFIED_MAX];

	ed25519_sign(
	    sig, m, certified_bytes(net, one_time, not_after_h, m), secret);
}

/* A company's word for a one-time key; see SPEC.md, "Stamp". */
static enum record_outcome
check_certificate(const struct record *r)
{
	uint8_t m[CERTIFIED_MAX];
	const uint8_t *company = r->stamp.p + 1;
	const uint8_t *nonce = company + RECORD_AUTHOR;
	const uint8_t *not_after = nonce + 8;

	if (r->stamp.n != STAMP_CERTIFICATE_BYTES || r->kind != KIND_ENVELOPE ||
	    r->expires_h > get_u32be(not_after))
		return RECORD_BAD_STAMP;
	if (!stamp_check(
		r->net.p, r->net.n, company, nonce, net_stamp_bits(r->net)))
		return RECORD_BAD_STAMP;
	const size_t n =
	    certified_bytes(r->net, r->author, get_u32be(not_after), m);
	if (!ed25519_verify(not_after + 4, m, n, company))
		return RECORD_BAD_STAMP;
	return RECORD_FINE;
}

static enum record_outcome
check_stamp(const struct record *r)
{
	if (!kind_info(r->kind)->stamped)
		return r->stamp.n == 0 ? RECORD_FINE : RECORD_BAD_STAMP;
	if (r->stamp.n == 0)
		return RECORD_BAD_STAMP;
	switch (r->stamp.p[0]) {
	case STAMP_WORK:
		if (r->stamp.n == STAMP_WORK_BYTES &&
		    stamp_check(r->net.p, r->net.n, r->author, r->stamp.p + 1,
			net_stamp_bits(r->net)))
			return RECORD_FINE;
		return RECORD_BAD_STAMP;
	case STAMP_CERTIFICATE:
		return check_certificate(r);
	default:
		return RECORD_UNKNOWN_STAMP;
	}
}

enum record_outcome
record_verify(struct record *r, struct arena *scratch)
{
	uint8_t m[DOMAIN + 1 + NET_MAX + 1 + RECORD_ID];
	struct value payload;

	const enum record_outcome o = check_stamp(r);
	if (o != RECORD_FINE)
		return o;
	const size_t n = signed_bytes(r->net, r->id, m);
	if (!ed25519_verify(r->sig, m, n, r->author))
		return RECORD_BAD_SIGNATURE;
	if (r->content_known)
		return r->content;
	arena_reset(scratch);
	const enum record_outcome p =
	    parsed(value_parse(r->payload, scratch, &payload));
	return p == RECORD_FINE ? check_payload(r, &payload) : p;
}

bool
record_beats(uint64_t a_seq, const uint8_t a_id[RECORD_ID], uint64_t b_seq,
    const uint8_t b_id[RECORD_ID])
{
	if (a_seq != b_seq)
		return a_seq > b_seq;
	return memcmp(a_id, b_id, RECORD_ID) < 0;
}

uint64_t
record_next_seq(uint64_t now_s, uint64_t last_seq)
{
	const uint64_t now = now_s / 3600 << 8;

	if (last_seq < now)
		return now;
	return (last_seq & 0xff) < RECORD_COUNTER_MAX ? last_seq + 1 : 0;
}

/* The author's field of a body; see SPEC.md, "Record". */
enum { BODY_NET = 1, BODY_AUTHOR = 3 };

err
record_body_sign(struct slice body, struct slice net,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    uint8_t sig[ED25519_SIG])
{
	const struct slice pub =
	    slice_of(secret + ED25519_SEED, ED25519_PUBLIC);
	uint8_t m[DOMAIN + 1 + NET_MAX + 1 + RECORD_ID], id[RECORD_ID];
	struct value v;

	if (body.n > RECORD_BODY_MAX || net.n > NET_MAX)
		return ERR_FORM;
	arena_reset(scratch);
	if (value_parse(body, scratch, &v) != OK || v.type != VALUE_ARRAY ||
	    v.n != FIELDS || v.items[BODY_NET].type != VALUE_STR ||
	    !slice_eq(v.items[BODY_NET].s, net) ||
	    v.items[BODY_AUTHOR].type != VALUE_BIN ||
	    !slice_eq(v.items[BODY_AUTHOR].s, pub))
		return ERR_FORM;
	record_id_of(body, id);
	ed25519_sign(sig, m, signed_bytes(net, id, m), secret);
	return OK;
}

err
record_make_with(const struct record_draft *d, const struct record_signing *s,
    struct buf *out)
{
	uint8_t raw[RECORD_BODY_MAX], sig[ED25519_SIG];
	struct buf body = { raw, 0, sizeof(raw) };
	struct value head[] = {
		value_uint(RECORD_VERSION),
		value_str(d->net),
		value_uint(d->kind),
		value_bin(slice_of(s->pub, ED25519_PUBLIC)),
		value_str(slice_str(d->region)),
		value_uint(d->slot),
		value_uint(d->seq),
		value_uint(d->expires_h),
		value_uint(d->flags),
		value_bin(d->stamp),
		value_uint(d->pv),
	};
	_Static_assert(ARRAY_LEN(head) == FIELDS - 1, "and the payload");

	/* The payload is packed already: write the array around it. */
	TRY(buf_put_u8(&body, 0x90 | FIELDS));
	for (size_t i = 0; i < ARRAY_LEN(head); i++)
		TRY(value_write(&head[i], &body));
	TRY(buf_put(&body, d->payload.p, d->payload.n));
	TRY(s->sign(s->ctx, buf_slice(&body), sig));

	struct value items[] = { value_bin(buf_slice(&body)),
		value_uint(RECORD_SIGTYPE),
		value_bin(slice_of(sig, sizeof(sig))) };
	const struct value outer = value_array(items, ARRAY_LEN(items));
	const size_t before = out->n;
	const err e = value_write(&outer, out);
	if (e != OK)
		out->n = before;
	return e;
}

struct own_secret {
	struct slice net;
	const uint8_t *secret;
};

static err
sign_here(void *ctx, struct slice body, uint8_t sig[ED25519_SIG])
{
	const struct own_secret *own = ctx;
	uint8_t m[DOMAIN + 1 + NET_MAX + 1 + RECORD_ID], id[RECORD_ID];

	record_id_of(body, id);
	ed25519_sign(sig, m, signed_bytes(own->net, id, m), own->secret);
	return OK;
}

err
record_make(const struct record_draft *d, const uint8_t pub[ED25519_PUBLIC],
    const uint8_t secret[ED25519_SECRET], struct buf *out)
{
	struct own_secret own = { d->net, secret };
	const struct record_signing s = { pub, sign_here, &own };

	return record_make_with(d, &s, out);
}

void
stamp_put(const uint8_t nonce[8], uint8_t out[STAMP_WORK_BYTES])
{
	out[0] = STAMP_WORK;
	memcpy(out + 1, nonce, 8);
}
