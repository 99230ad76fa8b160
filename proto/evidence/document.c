#include "proto/evidence/document.h"

#include "proto/evidence/body.h"

#define SIG_TYPE 1
#define TEXT_MAX (16 + 1 + NET_MAX + 1 + EVIDENCE_ID)
#define FUTURE_S 600

/* What stands in the outer array, unjudged. */
struct outer {
	struct slice body;
	unsigned n;
	unsigned roles[DOCUMENT_SIGS];
	const uint8_t *sigs[DOCUMENT_SIGS];
};

static void
id_of(uint8_t id[EVIDENCE_ID], struct slice body)
{
	const struct crypto_part part = { body.p, body.n };

	hash_blake2b(id, EVIDENCE_ID, "ohcn-doc-id-v1", &part, 1);
}

static size_t
signed_bytes(uint8_t out[TEXT_MAX], struct slice net, unsigned role,
    const uint8_t id[EVIDENCE_ID])
{
	memset(out, 0, 16);
	memcpy(out, "ohcn-doc-v1", 11);
	out[16] = (uint8_t)net.n;
	memcpy(out + 17, net.p, net.n);
	out[17 + net.n] = (uint8_t)role;
	memcpy(out + 18 + net.n, id, EVIDENCE_ID);
	return 18 + net.n + EVIDENCE_ID;
}

/* ---- roles ---- */

static bool
is_set(const uint8_t key[ED25519_PUBLIC])
{
	static const uint8_t none[ED25519_PUBLIC];

	return memcmp(key, none, sizeof(none)) != 0;
}

/* The keys of roles 1 and 2; NULL: the type has no such role. */
static void
two_sides(const struct evidence *e, const uint8_t *out[2])
{
	out[0] = out[1] = NULL;
	switch (e->type) {
	case EVIDENCE_AGREEMENT:
		out[0] = e->agreement.company;
		out[1] = e->agreement.person;
		return;
	case EVIDENCE_PROGRESS:
		out[0] = e->progress.company;
		out[1] = e->progress.person;
		return;
	case EVIDENCE_OUTCOME:
		out[0] = e->outcome.company;
		out[1] = e->outcome.person;
		return;
	case EVIDENCE_FOLLOW_UP:
		out[0] = e->follow_up.company;
		out[1] = e->follow_up.person;
		return;
	case EVIDENCE_ONE_SIDED:
		if (e->one_sided.side == ROLE_COMPANY)
			out[0] = e->one_sided.company;
		else
			out[1] = e->one_sided.person;
		return;
	case EVIDENCE_SESSION:
		return;
	case EVIDENCE_CREDENTIAL:
		out[0] = e->credential.issuer;
		out[1] = e->credential.holder;
		return;
	case EVIDENCE_CREDENTIAL_END:
		out[0] = e->credential_end.issuer;
		return;
	case EVIDENCE_MOVED:
		out[0] = e->moved.company;
		out[1] = e->moved.to;
		return;
	case EVIDENCE_LINKED:
		out[0] = e->linked.a;
		out[1] = e->linked.b;
		return;
	}
}

const uint8_t *
document_key_of(const struct evidence *e, unsigned role)
{
	const uint8_t *sides[2];

	two_sides(e, sides);
	if (role == ROLE_COMPANY || role == ROLE_PERSON)
		return sides[role - ROLE_COMPANY];
	if (role == ROLE_MANAGER)
		return e->type == EVIDENCE_AGREEMENT &&
			       is_set(e->agreement.manager)
			   ? e->agreement.manager
			   : NULL;
	if (e->type == EVIDENCE_SESSION && role >= ROLE_PEER &&
	    role - ROLE_PEER < e->session.peers_n)
		return e->session.peers[role - ROLE_PEER];
	return NULL;
}

static uint64_t
roles_of(const struct evidence *e)
{
	uint64_t roles = 0;

	for (unsigned r = 1; r < ROLE_PEER + EVIDENCE_PEERS; r++)
		if (document_key_of(e, r) != NULL)
			roles |= UINT64_C(1) << r;
	return roles;
}

unsigned
document_role_of(const struct document *d, const uint8_t key[ED25519_PUBLIC])
{
	for (unsigned r = 1; r < ROLE_PEER + EVIDENCE_PEERS; r++) {
		const uint8_t *k = document_key_of(&d->is, r);
		if (k != NULL && memcmp(k, key, ED25519_PUBLIC) == 0)
			return r;
	}
	return 0;
}

static unsigned
bits_in(uint64_t set)
{
	unsigned n = 0;

	for (; set != 0; set &= set - 1)
		n++;
	return n;
}

/* In these the person answers to what the company signed. */
static bool
company_first(enum evidence_type type)
{
	return type == EVIDENCE_AGREEMENT || type == EVIDENCE_CREDENTIAL;
}

static bool
in_order(const struct document *d, uint64_t signed_by)
{
	return !company_first(d->is.type) ||
	       (signed_by & 1U << ROLE_PERSON) == 0 ||
	       (signed_by & 1U << ROLE_COMPANY) != 0;
}

const struct schema *
document_schema(uint32_t type)
{
	const struct body_type *t = body_type_of(type);

	return t == NULL ? NULL : &t->schema;
}

/* ---- reading ---- */

static enum evidence_fault
read_outer(struct slice bytes, struct arena *scratch, struct outer *o)
{
	struct value all;

	if (bytes.n > DOCUMENT_MAX)
		return EVIDENCE_OVERSIZE;
	if (value_parse(bytes, scratch, &all) != OK)
		return EVIDENCE_NOT_CANONICAL;
	if (all.type != VALUE_ARRAY || all.n != 3 ||
	    all.items[0].type != VALUE_BIN || all.items[1].type != VALUE_UINT ||
	    all.items[2].type != VALUE_ARRAY)
		return EVIDENCE_MALFORMED;
	if (all.items[1].u != SIG_TYPE)
		return EVIDENCE_UNKNOWN_VERSION;
	const struct value *list = &all.items[2];
	if (list->n > DOCUMENT_SIGS)
		return EVIDENCE_MALFORMED;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *v = &list->items[i];
		if (v->type != VALUE_ARRAY || v->n != 2 ||
		    v->items[0].type != VALUE_UINT ||
		    v->items[0].u > UINT8_MAX ||
		    v->items[1].type != VALUE_BIN ||
		    v->items[1].s.n != ED25519_SIG)
			return EVIDENCE_MALFORMED;
		o->roles[i] = (unsigned)v->items[0].u;
		o->sigs[i] = v->items[1].s.p;
	}
	o->n = list->n;
	o->body = all.items[0].s;
	return EVIDENCE_FINE;
}

static enum evidence_fault
read_head(const struct value *map, struct slice net)
{
	if (map->type != VALUE_MAP)
		return EVIDENCE_MALFORMED;
	const struct value *version = value_find(map, BODY_VERSION);
	const struct value *type = value_find(map, BODY_TYPE);
	const struct value *of = value_find(map, BODY_NET);
	if (version == NULL || version->type != VALUE_UINT)
		return EVIDENCE_MALFORMED;
	if (version->u != 1)
		return EVIDENCE_UNKNOWN_VERSION;
	if (type == NULL || type->type != VALUE_UINT)
		return EVIDENCE_MALFORMED;
	if (body_type_of(type->u) == NULL)
		return EVIDENCE_UNKNOWN_TYPE;
	if (of == NULL || of->type != VALUE_STR)
		return EVIDENCE_MALFORMED;
	return slice_eq(of->s, net) ? EVIDENCE_FINE : EVIDENCE_WRONG_NET;
}

static enum evidence_fault
read_body(struct slice body, struct slice net, struct arena *scratch,
    struct evidence *e)
{
	struct value map;
	struct schema_fault why;

	if (value_parse(body, scratch, &map) != OK)
		return EVIDENCE_NOT_CANONICAL;
	const enum evidence_fault f = read_head(&map, net);
	if (f != EVIDENCE_FINE)
		return f;
	const struct schema *s =
	    document_schema((uint32_t)value_find(&map, BODY_TYPE)->u);
	switch (schema_check(s, &map, &why)) {
	case SCHEMA_OK:
		break;
	case SCHEMA_OPAQUE:
		return EVIDENCE_UNKNOWN_FIELD;
	case SCHEMA_BAD:
		return EVIDENCE_BAD_BODY;
	}
	body_read(&map, e);
	return body_check(e);
}

static enum evidence_fault
check_sigs(const struct outer *o, struct slice net, struct document *d)
{
	uint8_t text[TEXT_MAX];

	for (unsigned i = 0; i < o->n; i++) {
		if ((i > 0 && o->roles[i] <= o->roles[i - 1]) ||
		    document_key_of(&d->is, o->roles[i]) == NULL)
			return EVIDENCE_BAD_ROLE;
		d->signed_by |= UINT64_C(1) << o->roles[i];
	}
	if (!in_order(d, d->signed_by))
		return EVIDENCE_BAD_ORDER;
	for (unsigned i = 0; i < o->n; i++) {
		const size_t n = signed_bytes(text, net, o->roles[i], d->id);
		if (!ed25519_verify(o->sigs[i], text, n,
			document_key_of(&d->is, o->roles[i])))
			return EVIDENCE_BAD_SIGNATURE;
	}
	return EVIDENCE_FINE;
}

static enum evidence_fault
open_with(struct slice bytes, struct slice net, uint64_t now_s,
    struct arena *scratch, struct document *d, struct outer *o)
{
	*d = (struct document){ .bytes = bytes };
	*o = (struct outer){ .n = 0 };
	arena_reset(scratch);
	if (!net_is_valid(net))
		return EVIDENCE_WRONG_NET;
	enum evidence_fault f = read_outer(bytes, scratch, o);
	if (f == EVIDENCE_FINE)
		f = read_body(o->body, net, scratch, &d->is);
	if (f != EVIDENCE_FINE)
		return f;
	d->body = o->body;
	memcpy(d->net, net.p, net.n);
	d->net[net.n] = '\0';
	id_of(d->id, o->body);
	d->made = body_made(&d->is);
	d->needed = roles_of(&d->is);
	if (now_s != 0 && d->made > (now_s + FUTURE_S) / 3600)
		return EVIDENCE_FROM_FUTURE;
	f = check_sigs(o, net, d);
	if (f != EVIDENCE_FINE)
		return f;
	d->complete = d->is.type == EVIDENCE_SESSION
			  ? bits_in(d->signed_by) >= d->is.session.k
			  : d->signed_by == d->needed;
	return EVIDENCE_FINE;
}

enum evidence_fault
document_open(struct slice bytes, struct slice net, uint64_t now_s,
    struct arena *scratch, struct document *d)
{
	struct outer o;
	const enum evidence_fault f =
	    open_with(bytes, net, now_s, scratch, d, &o);

	if (f != EVIDENCE_FINE)
		*d = (struct document){ .bytes = bytes };
	return f;
}

/* ---- writing ---- */

static err
write_outer(const struct outer *o, struct buf *out)
{
	struct value pairs[DOCUMENT_SIGS][2], list[DOCUMENT_SIGS];

	for (unsigned i = 0; i < o->n; i++) {
		pairs[i][0] = value_uint(o->roles[i]);
		pairs[i][1] = value_bin(slice_of(o->sigs[i], ED25519_SIG));
		list[i] = value_array(pairs[i], 2);
	}
	struct value items[3] = { value_bin(o->body), value_uint(SIG_TYPE),
		value_array(list, o->n) };
	const struct value all = value_array(items, 3);
	return value_write(&all, out);
}

enum evidence_fault
document_write(const struct evidence *e, struct slice net,
    struct arena *scratch, struct buf *out)
{
	uint8_t bytes[DOCUMENT_MAX];
	struct buf body = { bytes, 0, sizeof(bytes) };
	struct body_parts parts;
	struct value map;
	struct document d;
	const size_t before = out->n;

	if (body_type_of(e->type) == NULL)
		return EVIDENCE_UNKNOWN_TYPE;
	if (!net_is_valid(net))
		return EVIDENCE_WRONG_NET;
	if (!body_write(e, net, &parts, &map))
		return EVIDENCE_BAD_BODY;
	if (value_write(&map, &body) != OK)
		return EVIDENCE_OVERSIZE;
	const struct outer o = { .body = buf_slice(&body) };
	if (write_outer(&o, out) != OK)
		return EVIDENCE_OVERSIZE;
	const enum evidence_fault f = document_open(
	    slice_of(out->p + before, out->n - before), net, 0, scratch, &d);
	if (f != EVIDENCE_FINE)
		out->n = before;
	return f;
}

/* Puts a signature at its place; the role is not there yet. */
static bool
add_sig(struct outer *o, unsigned role, const uint8_t *sig)
{
	unsigned at = o->n;

	if (o->n == DOCUMENT_SIGS)
		return false;
	for (; at > 0 && o->roles[at - 1] > role; at--) {
		o->roles[at] = o->roles[at - 1];
		o->sigs[at] = o->sigs[at - 1];
	}
	o->roles[at] = role;
	o->sigs[at] = sig;
	o->n++;
	return true;
}

static enum evidence_fault
write_if_fits(const struct outer *o, struct buf *out)
{
	const size_t before = out->n;

	if (write_outer(o, out) != OK)
		return EVIDENCE_OVERSIZE;
	if (out->n - before > DOCUMENT_MAX) {
		out->n = before;
		return EVIDENCE_OVERSIZE;
	}
	return EVIDENCE_FINE;
}

/* With ${sig}, or with one by ${secret} if that is NULL. */
static enum evidence_fault
sign_or_add(struct slice bytes, struct slice net, unsigned role,
    const uint8_t *secret, const uint8_t *sig, struct arena *scratch,
    struct buf *out)
{
	uint8_t text[TEXT_MAX], made[ED25519_SIG];
	struct document d;
	struct outer o;
	const enum evidence_fault f = open_with(bytes, net, 0, scratch, &d, &o);

	if (f != EVIDENCE_FINE)
		return f;
	const uint8_t *key = document_key_of(&d.is, role);
	if (key == NULL || (sig == NULL && memcmp(key, secret + ED25519_SEED,
					       ED25519_PUBLIC) != 0))
		return EVIDENCE_BAD_ROLE;
	const uint64_t bit = UINT64_C(1) << role;
	if ((d.signed_by & bit) != 0)
		return write_if_fits(&o, out);
	if (!in_order(&d, d.signed_by | bit))
		return EVIDENCE_BAD_ORDER;
	const size_t n = signed_bytes(text, net, role, d.id);
	if (sig == NULL) {
		ed25519_sign(made, text, n, secret);
		sig = made;
	} else if (!ed25519_verify(sig, text, n, key)) {
		return EVIDENCE_BAD_SIGNATURE;
	}
	if (!add_sig(&o, role, sig))
		return EVIDENCE_BAD_ROLE;
	return write_if_fits(&o, out);
}

enum evidence_fault
document_sign(struct slice bytes, struct slice net, unsigned role,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    struct buf *out)
{
	return sign_or_add(bytes, net, role, secret, NULL, scratch, out);
}

enum evidence_fault
document_add(struct slice bytes, struct slice net, unsigned role,
    const uint8_t sig[ED25519_SIG], struct arena *scratch, struct buf *out)
{
	return sign_or_add(bytes, net, role, NULL, sig, scratch, out);
}

err
document_wrap(struct slice body, struct buf *out)
{
	const struct outer o = { .body = body };

	return write_outer(&o, out);
}

enum evidence_fault
document_merge(struct slice a, struct slice b, struct slice net,
    struct arena *scratch, struct buf *out)
{
	struct document of_a, of_b;
	struct outer o, other;
	enum evidence_fault f = open_with(a, net, 0, scratch, &of_a, &o);

	if (f == EVIDENCE_FINE)
		f = open_with(b, net, 0, scratch, &of_b, &other);
	if (f != EVIDENCE_FINE)
		return f;
	if (memcmp(of_a.id, of_b.id, EVIDENCE_ID) != 0)
		return EVIDENCE_WRONG_REFERENCE;
	for (unsigned i = 0; i < other.n; i++)
		if ((of_a.signed_by & UINT64_C(1) << other.roles[i]) == 0 &&
		    !add_sig(&o, other.roles[i], other.sigs[i]))
			return EVIDENCE_BAD_ROLE;
	return write_if_fits(&o, out);
}
