#include "proto/mail/envelope.h"

#include "proto/record/schema.h"

#define DOMAIN      16
#define CONTEXT_MAX (DOMAIN + 1 + NET_MAX + RECORD_AUTHOR)
#define SEALED_KEY  0

static const size_t classes[] = { 1024, 2048, ENVELOPE_SEALED_MAX };

size_t
envelope_class(size_t message_n)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (message_n + 2 + SEALING_OVERHEAD <= classes[i])
			return classes[i];
	return 0;
}

static bool
is_class(size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (n == classes[i])
			return true;
	return false;
}

/* Network and author: sealed bytes open under no others. */
static struct crypto_part
context(uint8_t out[CONTEXT_MAX], struct slice net,
    const uint8_t author[RECORD_AUTHOR])
{
	ASSERT(net.n <= NET_MAX);
	memset(out, 0, DOMAIN);
	memcpy(out, "ohcn-mail-v1", 12);
	out[DOMAIN] = (uint8_t)net.n;
	memcpy(out + DOMAIN + 1, net.p, net.n);
	memcpy(out + DOMAIN + 1 + net.n, author, RECORD_AUTHOR);
	return (struct crypto_part){ out, DOMAIN + 1 + net.n + RECORD_AUTHOR };
}

err
envelope_seal(struct buf *out, struct slice message, struct slice net,
    const uint8_t author[RECORD_AUTHOR], const uint8_t to[X25519_SIZE],
    const uint8_t root[SEALING_ROOT], const uint8_t ephemeral[X25519_SIZE],
    uint8_t next[SEALING_ROOT])
{
	uint8_t plain[ENVELOPE_PLAIN_MAX] = { 0 }, ad[CONTEXT_MAX];
	const size_t n = envelope_class(message.n);

	if (n == 0)
		return ERR_LIMIT;
	ASSERT(buf_room(out) >= n);
	put_u16be(plain, (uint16_t)message.n);
	if (message.n > 0)
		memcpy(plain + 2, message.p, message.n);
	const bool ok =
	    sealing_seal(out->p + out->n, plain, n - SEALING_OVERHEAD,
		context(ad, net, author), to, root, ephemeral, next);
	crypto_wipe(plain, sizeof(plain));
	if (!ok)
		return ERR_AUTH;
	out->n += n;
	return OK;
}

/* The message, and nothing but zeros behind it. */
static bool
unpad(const uint8_t *plain, size_t n, struct slice *message)
{
	const size_t length = get_u16be(plain);
	uint8_t rest = 0;

	if (length > n - 2)
		return false;
	/* The smallest class that holds it, so that there is one form. */
	if (envelope_class(length) != n + SEALING_OVERHEAD)
		return false;
	for (size_t i = 2 + length; i < n; i++)
		rest |= plain[i];
	*message = slice_of(plain + 2, length);
	return rest == 0;
}

void
envelope_id(uint8_t id[ENVELOPE_ID], struct slice sealed)
{
	const struct crypto_part part = { sealed.p, sealed.n };

	hash_blake2b(id, ENVELOPE_ID, "ohcn-seal-id-v1", &part, 1);
}

err
envelope_open(struct slice sealed, struct slice net,
    const uint8_t author[RECORD_AUTHOR], const struct envelope_key *keys,
    size_t n, uint8_t plain[ENVELOPE_PLAIN_MAX], struct envelope_opened *out)
{
	uint8_t ad[CONTEXT_MAX];
	const struct crypto_part bound = context(ad, net, author);

	*out = (struct envelope_opened){ .key = n };
	if (!is_class(sealed.n))
		return ERR_FORM;
	if (n > ENVELOPE_KEYS_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < n; i++) {
		const struct envelope_key *k = &keys[i];
		if (k->one_author &&
		    memcmp(k->author, author, RECORD_AUTHOR) != 0)
			continue;
		if (!(k->shared ? sealing_open_shared : sealing_open)(plain,
			sealed.p, sealed.n, bound, k->secret, k->pub, k->root,
			out->root))
			continue;
		if (!unpad(plain, sealed.n - SEALING_OVERHEAD, &out->message)) {
			crypto_wipe(plain, ENVELOPE_PLAIN_MAX);
			*out = (struct envelope_opened){ .key = n };
			return ERR_FORM;
		}
		out->key = i;
		memcpy(out->pub, k->pub, X25519_SIZE);
		memcpy(out->author, author, RECORD_AUTHOR);
		envelope_id(out->id, sealed);
		return OK;
	}
	return ERR_NOTFOUND;
}

err
envelope_payload(struct slice sealed, struct buf *out)
{
	struct value pair[2] = { value_uint(SEALED_KEY), value_bin(sealed) };
	const struct value map = value_map(pair, 1);

	return value_write(&map, out);
}

err
envelope_sealed(struct slice payload, struct arena *arena, struct slice *sealed)
{
	struct schema_fault fault;
	struct value map;

	*sealed = slice_of(NULL, 0);
	if (value_parse(payload, arena, &map) != OK ||
	    schema_check(schema_of(KIND_ENVELOPE, ENVELOPE_PV), &map, &fault) !=
		SCHEMA_OK)
		return ERR_FORM;
	*sealed = value_find(&map, SEALED_KEY)->s;
	return OK;
}
