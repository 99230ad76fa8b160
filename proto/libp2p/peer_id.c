#include "proto/libp2p/peer_id.h"

#include "crypto/crypto.h"
#include "proto/base/text.h"
#include "proto/base/varint.h"
#include "proto/libp2p/keys.h"

#define HASH_IDENTITY 0x00
#define HASH_SHA256   0x12
#define INLINE_MAX    42 /* a longer key protobuf is hashed */
#define CID_VERSION   0x01
#define CID_KEY       0x72 /* multicodec libp2p-key */

struct peer_id
peer_id_of_ed25519(const uint8_t pub[32])
{
	struct peer_id id = { .n = 2 };
	struct buf b = { id.bytes + 2, 0, PEER_ID_MAX - 2 };

	const err e = peer_key_put_ed25519(&b, pub);
	ASSERT(e == OK && b.n <= INLINE_MAX);
	id.bytes[0] = HASH_IDENTITY;
	id.bytes[1] = (uint8_t)b.n;
	id.n = (uint8_t)(2 + b.n);
	return id;
}

err
peer_id_of_key(struct slice key, struct peer_id *out)
{
	struct peer_key parsed;
	uint8_t room[PEER_KEY_ROOM];

	TRY(peer_key_parse(key, room, &parsed));
	*out = (struct peer_id){ 0 };
	if (key.n <= INLINE_MAX) {
		out->bytes[0] = HASH_IDENTITY;
		out->bytes[1] = (uint8_t)key.n;
		memcpy(out->bytes + 2, key.p, key.n);
		out->n = (uint8_t)(2 + key.n);
		return OK;
	}
	const struct crypto_part part = { key.p, key.n };
	out->bytes[0] = HASH_SHA256;
	out->bytes[1] = SHA256_SIZE;
	hash_sha256(out->bytes + 2, &part, 1);
	out->n = 2 + SHA256_SIZE;
	return OK;
}

err
peer_id_parse(struct slice bytes, struct peer_id *out)
{
	/* both codes and both lengths fit one byte of a minimal varint */
	if (bytes.n < 3 || bytes.n > PEER_ID_MAX || bytes.p[1] != bytes.n - 2)
		return ERR_FORM;
	if (bytes.p[0] == HASH_IDENTITY) {
		if (bytes.p[1] > INLINE_MAX)
			return ERR_FORM;
	} else if (bytes.p[0] != HASH_SHA256 || bytes.p[1] != SHA256_SIZE) {
		return ERR_FORM;
	}
	*out = (struct peer_id){ .n = (uint8_t)bytes.n };
	memcpy(out->bytes, bytes.p, bytes.n);
	return OK;
}

void
peer_id_put(char out[PEER_ID_TEXT_MAX], const struct peer_id *id)
{
	const err e = base58_put(out, PEER_ID_TEXT_MAX, peer_id_slice(id));

	ASSERT(e == OK);
}

err
peer_id_get(struct slice text, struct peer_id *out)
{
	uint8_t raw[PEER_ID_MAX + 2];
	struct buf b = { raw, 0, sizeof(raw) };

	if (text.n < 2 || text.n >= 2 * PEER_ID_TEXT_MAX)
		return ERR_FORM;
	if (text.p[0] == '1' || (text.p[0] == 'Q' && text.p[1] == 'm')) {
		if (base58_get(text, &b) != OK)
			return ERR_FORM;
		return peer_id_parse(buf_slice(&b), out);
	}
	if (text.p[0] != 'b')
		return ERR_FORM;
	slice_skip(&text, 1);
	if (base32_get(text, &b) != OK || b.n < 2 || raw[0] != CID_VERSION ||
	    raw[1] != CID_KEY)
		return ERR_FORM;
	return peer_id_parse(slice_of(raw + 2, b.n - 2), out);
}

bool
peer_id_ed25519(const struct peer_id *id, uint8_t pub[32])
{
	struct peer_key key;
	uint8_t room[PEER_KEY_ROOM];

	if (id->n < 3 || id->bytes[0] != HASH_IDENTITY ||
	    peer_key_parse(slice_of(id->bytes + 2, id->n - 2u), room, &key) !=
		OK ||
	    key.type != PEER_KEY_ED25519)
		return false;
	memcpy(pub, key.data.p, 32);
	return true;
}

err
peer_key_verify(struct slice key, struct slice message, struct slice sig)
{
	struct peer_key parsed;
	uint8_t room[PEER_KEY_ROOM];

	TRY(peer_key_parse(key, room, &parsed));
	return peer_key_check(&parsed, message, sig);
}
