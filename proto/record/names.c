#include "proto/record/names.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "proto/base/text.h"

/* CIDv1 | messagepack 0x0201 | blake2b-256 0xb220 | 32, as varints. */
static const uint8_t cid_head[] = { 0x01, 0x81, 0x04, 0xa0, 0xe4, 0x02, 0x20 };
/* Multicodec ed25519-pub 0xed as a varint. */
static const uint8_t did_head[] = { 0xed, 0x01 };
static const char did_prefix[] = "did:key:z";

void
record_id_put(char out[RECORD_ID_TEXT], const uint8_t id[RECORD_ID])
{
	uint8_t raw[sizeof(cid_head) + RECORD_ID];

	memcpy(raw, cid_head, sizeof(cid_head));
	memcpy(raw + sizeof(cid_head), id, RECORD_ID);
	out[0] = 'b'; /* multibase: base32, lower case */
	const err e =
	    base32_put(out + 1, RECORD_ID_TEXT - 1, slice_of(raw, sizeof(raw)));
	ASSERT(e == OK);
}

err
record_id_get(struct slice text, uint8_t id[RECORD_ID])
{
	uint8_t raw[sizeof(cid_head) + RECORD_ID + 1];
	struct buf b = { raw, 0, sizeof(raw) };

	if (text.n == 0 || text.p[0] != 'b')
		return ERR_FORM;
	slice_skip(&text, 1);
	if (base32_get(text, &b) != OK || b.n != sizeof(cid_head) + RECORD_ID ||
	    memcmp(raw, cid_head, sizeof(cid_head)) != 0)
		return ERR_FORM;
	memcpy(id, raw + sizeof(cid_head), RECORD_ID);
	return OK;
}

void
did_key_put(char out[DID_KEY_TEXT], const uint8_t key[RECORD_AUTHOR])
{
	uint8_t raw[sizeof(did_head) + RECORD_AUTHOR];
	const size_t n = sizeof(did_prefix) - 1;

	memcpy(raw, did_head, sizeof(did_head));
	memcpy(raw + sizeof(did_head), key, RECORD_AUTHOR);
	memcpy(out, did_prefix, n);
	const err e =
	    base58_put(out + n, DID_KEY_TEXT - n, slice_of(raw, sizeof(raw)));
	ASSERT(e == OK);
}

err
did_key_get(struct slice text, uint8_t key[RECORD_AUTHOR])
{
	uint8_t raw[sizeof(did_head) + RECORD_AUTHOR + 1];
	struct buf b = { raw, 0, sizeof(raw) };
	const size_t n = sizeof(did_prefix) - 1;

	if (text.n < n || memcmp(text.p, did_prefix, n) != 0)
		return ERR_FORM;
	slice_skip(&text, n);
	if (base58_get(text, &b) != OK ||
	    b.n != sizeof(did_head) + RECORD_AUTHOR ||
	    memcmp(raw, did_head, sizeof(did_head)) != 0)
		return ERR_FORM;
	memcpy(key, raw + sizeof(did_head), RECORD_AUTHOR);
	return OK;
}

uint64_t
term_of_uri(struct slice uri)
{
	uint8_t h[TERM_ID];
	const struct crypto_part part = { uri.p, uri.n };

	hash_blake2b(h, sizeof(h), "ohcn-term-v1", &part, 1);
	return get_u64be(h);
}

uint32_t
language_code(struct slice text)
{
	uint32_t code = 0;

	if (text.n != 2 && text.n != 3)
		return 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < 'a' || text.p[i] > 'z')
			return 0;
		code = code << 8 | text.p[i];
	}
	return code;
}

bool
language_put(char out[4], uint64_t code)
{
	uint8_t letters[3];
	size_t n = 0;

	memset(out, 0, 4);
	if (code > 0xffffff)
		return false;
	for (int shift = 16; shift >= 0; shift -= 8) {
		const uint8_t c = (uint8_t)(code >> shift);
		if (c != 0 || n > 0)
			letters[n++] = c;
	}
	if (language_code(slice_of(letters, n)) != code || code == 0)
		return false;
	memcpy(out, letters, n);
	return true;
}

bool
net_is_valid(struct slice net)
{
	if (net.n < 1 || net.n > NET_MAX)
		return false;
	for (size_t i = 0; i < net.n; i++) {
		const uint8_t c = net.p[i];
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-')
			return false;
	}
	return true;
}

unsigned
net_stamp_bits(struct slice net)
{
	static const char test[] = "test-";

	if (net.n >= 5 && memcmp(net.p, test, 5) == 0)
		return 8;
	return 24;
}

void
topic_put(char out[TOPIC_TEXT], struct slice net, enum record_class c)
{
	ASSERT(net_is_valid(net));
	(void)snprintf(out, TOPIC_TEXT, "/ohcn/1/%.*s/%s/0", (int)net.n,
	    (const char *)net.p, class_name(c));
}
