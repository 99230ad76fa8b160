#include "proto/record/result.h"

#include "proto/record/value.h"

#define VERSION     1
#define SIG_TYPE    1
#define FIELDS      9
#define LEVEL_PAIRS 3

/* Keys of the statement. */
enum {
	VERSION_KEY = 0,
	NET = 2,
	ASSESSOR = 4,
	AUTHOR = 6,
	SLOT = 8,
	PERSON = 10,
	TAKEN = 12,
	EXPIRES = 14,
	LEVELS = 16,
	NONCE = 18,
};

static void
name_of(uint8_t id[RECORD_ID], struct slice statement)
{
	const struct crypto_part part = { statement.p, statement.n };

	hash_blake2b(id, RECORD_ID, "ohcn-res-v1", &part, 1);
}

/* What is signed; ${out} has room. */
static size_t
signed_bytes(const char *net, const uint8_t id[RECORD_ID], uint8_t out[128])
{
	const size_t n = strlen(net);

	memset(out, 0, 16);
	memcpy(out, "ohcn-ressig-v1", 14);
	out[16] = (uint8_t)n;
	memcpy(out + 17, net, n);
	out[17 + n] = SIG_TYPE;
	memcpy(out + 18 + n, id, RECORD_ID);
	return 18 + n + RECORD_ID;
}

/* ---- writing ---- */

static bool
is_sound(const struct assess_result *r)
{
	if (!net_is_valid(slice_str(r->net)) || r->levels_n == 0 ||
	    r->levels_n > RESULT_LEVELS_MAX || r->taken_h > UINT32_MAX ||
	    r->expires_h <= r->taken_h ||
	    r->expires_h > r->taken_h + ASSESS_RESULT_HOURS)
		return false;
	for (unsigned i = 0; i < r->levels_n; i++) {
		if (r->levels[i].term == 0 ||
		    r->levels[i].level > RESULT_LEVEL_MAX ||
		    r->levels[i].confidence > RESULT_CONFIDENCE_MAX)
			return false;
		for (unsigned j = 0; j < i; j++)
			if (r->levels[j].term == r->levels[i].term)
				return false;
	}
	return true;
}

/* Memory of the values that a statement is made of. */
struct parts {
	struct value pairs[2 * (FIELDS + 1)];
	struct value levels[RESULT_LEVELS_MAX];
	struct value level_pairs[RESULT_LEVELS_MAX][2 * LEVEL_PAIRS];
	uint8_t terms[RESULT_LEVELS_MAX][TERM_ID];
	size_t n;
};

static void
put(struct parts *p, uint64_t key, struct value v)
{
	p->pairs[2 * p->n] = value_uint(key);
	p->pairs[2 * p->n + 1] = v;
	p->n++;
}

static struct value
levels_value(const struct assess_result *r, struct parts *p)
{
	for (unsigned i = 0; i < r->levels_n; i++) {
		const struct assess_stated *s = &r->levels[i];
		struct value *v = p->level_pairs[i];
		size_t n = 2;
		put_u64be(p->terms[i], s->term);
		v[0] = value_uint(0);
		v[1] = value_bin(slice_of(p->terms[i], TERM_ID));
		v[2] = value_uint(2);
		v[3] = value_uint(s->level);
		if (s->confidence > 0) {
			v[4] = value_uint(4);
			v[5] = value_uint(s->confidence);
			n = LEVEL_PAIRS;
		}
		p->levels[i] = value_map(v, n);
	}
	return value_array(p->levels, r->levels_n);
}

static err
statement_write(const struct assess_result *r, struct buf *out)
{
	struct parts p = { .n = 0 };

	put(&p, VERSION_KEY, value_uint(VERSION));
	put(&p, NET, value_str(slice_str(r->net)));
	put(&p, ASSESSOR, value_bin(slice_of(r->assessor, ED25519_PUBLIC)));
	put(&p, AUTHOR, value_bin(slice_of(r->author, RECORD_AUTHOR)));
	put(&p, SLOT, value_uint(r->slot));
	put(&p, PERSON, value_bin(slice_of(r->person, ED25519_PUBLIC)));
	put(&p, TAKEN, value_uint(r->taken_h));
	put(&p, EXPIRES, value_uint(r->expires_h));
	put(&p, LEVELS, levels_value(r, &p));
	put(&p, NONCE, value_bin(slice_of(r->nonce, ASSESS_NONCE)));
	const struct value map = value_map(p.pairs, p.n);
	return value_write(&map, out);
}

err
assess_statement_sign(struct slice statement, struct slice net,
    const uint8_t secret[ED25519_SECRET], struct arena *scratch,
    uint8_t sig[ED25519_SIG])
{
	const struct slice pub =
	    slice_of(secret + ED25519_SEED, ED25519_PUBLIC);
	uint8_t id[RECORD_ID], text[128];
	char name[NET_MAX + 1];
	struct value v;

	if (statement.n > ASSESS_RESULT_MAX || net.n > NET_MAX)
		return ERR_FORM;
	arena_reset(scratch);
	if (value_parse(statement, scratch, &v) != OK || v.type != VALUE_MAP)
		return ERR_FORM;
	const struct value *of = value_find(&v, NET);
	const struct value *by = value_find(&v, ASSESSOR);
	if (of == NULL || of->type != VALUE_STR || !slice_eq(of->s, net) ||
	    by == NULL || by->type != VALUE_BIN || !slice_eq(by->s, pub))
		return ERR_FORM;
	memcpy(name, net.p, net.n);
	name[net.n] = 0;
	name_of(id, statement);
	ed25519_sign(sig, text, signed_bytes(name, id, text), secret);
	return OK;
}

err
assess_result_sign_with(const struct assess_result *r,
    const struct record_signing *s, struct buf *out)
{
	uint8_t bytes[ASSESS_RESULT_MAX], sig[ED25519_SIG];
	struct buf statement = { bytes, 0, sizeof(bytes) };

	if (!is_sound(r) || memcmp(r->assessor, s->pub, ED25519_PUBLIC) != 0)
		return ERR_FORM;
	TRY(statement_write(r, &statement));
	TRY(s->sign(s->ctx, buf_slice(&statement), sig));
	struct value items[3] = { value_bin(buf_slice(&statement)),
		value_uint(SIG_TYPE), value_bin(slice_of(sig, sizeof(sig))) };
	const struct value all = value_array(items, 3);
	return value_write(&all, out);
}

struct own_secret {
	const char *net;
	const uint8_t *secret;
};

static err
sign_here(void *ctx, struct slice statement, uint8_t sig[ED25519_SIG])
{
	const struct own_secret *own = ctx;
	uint8_t id[RECORD_ID], text[128];

	name_of(id, statement);
	ed25519_sign(sig, text, signed_bytes(own->net, id, text), own->secret);
	return OK;
}

err
assess_result_sign(const struct assess_result *r,
    const uint8_t secret[ED25519_SECRET], struct buf *out)
{
	struct own_secret own = { r->net, secret };
	const struct record_signing s = { secret + ED25519_SEED, sign_here,
		&own };

	return assess_result_sign_with(r, &s, out);
}

/* ---- reading ---- */

static bool
take_bytes(const struct value *map, uint64_t key, size_t n, uint8_t *out)
{
	const uint8_t *v = value_bytes_at(map, key, n);

	if (v == NULL)
		return false;
	memcpy(out, v, n);
	return true;
}

static bool
take_levels(const struct value *map, struct assess_result *out)
{
	const struct value *list = value_find(map, LEVELS);

	if (list == NULL || list->type != VALUE_ARRAY ||
	    list->n > RESULT_LEVELS_MAX)
		return false;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *v = &list->items[i];
		uint8_t term[TERM_ID];
		uint64_t level = 0, confidence = 0;
		if (v->type != VALUE_MAP || !take_bytes(v, 0, TERM_ID, term) ||
		    !value_uint_at(v, 2, RESULT_LEVEL_MAX, &level) ||
		    (value_find(v, 4) != NULL &&
			!value_uint_at(
			    v, 4, RESULT_CONFIDENCE_MAX, &confidence)))
			return false;
		out->levels[i] = (struct assess_stated){ get_u64be(term),
			(uint8_t)level, (uint16_t)confidence };
	}
	out->levels_n = (uint16_t)list->n;
	return true;
}

static bool
take_statement(const struct value *map, struct assess_result *out)
{
	uint64_t version = 0, slot = 0;

	if (map->type != VALUE_MAP || !value_keys_known(map, NONCE))
		return false;
	const struct value *net = value_find(map, NET);
	if (net == NULL || net->type != VALUE_STR || net->s.n > NET_MAX ||
	    !value_uint_at(map, VERSION_KEY, VERSION, &version) ||
	    version != VERSION ||
	    !take_bytes(map, ASSESSOR, ED25519_PUBLIC, out->assessor) ||
	    !take_bytes(map, AUTHOR, RECORD_AUTHOR, out->author) ||
	    !value_uint_at(map, SLOT, UINT32_MAX, &slot) ||
	    !take_bytes(map, PERSON, ED25519_PUBLIC, out->person) ||
	    !value_uint_at(map, TAKEN, UINT32_MAX, &out->taken_h) ||
	    !value_uint_at(map, EXPIRES, UINT32_MAX, &out->expires_h) ||
	    !take_bytes(map, NONCE, ASSESS_NONCE, out->nonce) ||
	    !take_levels(map, out))
		return false;
	memcpy(out->net, net->s.p, net->s.n);
	out->net[net->s.n] = '\0';
	out->slot = (uint32_t)slot;
	return is_sound(out);
}

err
assess_result_read(struct slice bytes, struct arena *arena,
    struct assess_result *out, uint8_t id[RECORD_ID])
{
	struct value all, map;
	uint8_t text[128];

	*out = (struct assess_result){ .levels_n = 0 };
	if (bytes.n > ASSESS_RESULT_MAX ||
	    value_parse(bytes, arena, &all) != OK || all.type != VALUE_ARRAY ||
	    all.n != 3 || all.items[0].type != VALUE_BIN ||
	    all.items[1].type != VALUE_UINT || all.items[1].u != SIG_TYPE ||
	    all.items[2].type != VALUE_BIN || all.items[2].s.n != ED25519_SIG ||
	    value_parse(all.items[0].s, arena, &map) != OK ||
	    !take_statement(&map, out))
		return ERR_FORM;
	name_of(id, all.items[0].s);
	return ed25519_verify(all.items[2].s.p, text,
		   signed_bytes(out->net, id, text), out->assessor)
		   ? OK
		   : ERR_AUTH;
}

/* ---- hidden keys ---- */

void
answer_hash(uint8_t out[ANSWER_HASH], const uint8_t salt[ANSWER_SALT],
    unsigned item, int64_t answer)
{
	uint8_t tail[9] = { (uint8_t)item };
	const struct crypto_part parts[] = { { salt, ANSWER_SALT },
		{ tail, sizeof(tail) } };

	put_u64be(tail + 1, (uint64_t)answer);
	hash_blake2b(out, ANSWER_HASH, "ohcn-answer-v1", parts, 2);
}
