#include "proto/libp2p/envelope.h"

#include "crypto/crypto.h"
#include "proto/base/varint.h"
#include "proto/libp2p/libp2p.pb-c.h"
#include "proto/libp2p/protobuf.h"

#define DOMAIN_MAX 64
#define SIGNED_MAX (ENVELOPE_MAX + DOMAIN_MAX + 64)

static err
put_part(struct buf *out, struct slice part)
{
	TRY(varint_put(out, part.n));
	return buf_put(out, part.p, part.n);
}

/* What is signed. */
static err
put_signed(
    struct buf *out, const char *domain, struct slice type, struct slice body)
{
	TRY(put_part(out, slice_str(domain)));
	TRY(put_part(out, type));
	return put_part(out, body);
}

err
signed_envelope_seal(struct buf *out, const uint8_t *secret, const char *domain,
    struct slice type, struct slice payload)
{
	uint8_t bytes[SIGNED_MAX], sig[ED25519_SIG];
	struct buf all = { bytes, 0, sizeof(bytes) };
	Libp2p__PublicKey key = LIBP2P__PUBLIC_KEY__INIT;
	Libp2p__Envelope m = LIBP2P__ENVELOPE__INIT;

	if (payload.n > ENVELOPE_PAYLOAD_MAX)
		return ERR_LIMIT;
	TRY(put_signed(&all, domain, type, payload));
	ed25519_sign(sig, all.p, all.n, secret);
	key.type = LIBP2P__KEY_TYPE__ED25519;
	key.data =
	    protobuf_bytes(slice_of(secret + ED25519_SEED, ED25519_PUBLIC));
	m.public_key = &key;
	m.has_payload_type = m.has_payload = m.has_signature = 1;
	m.payload_type = protobuf_bytes(type);
	m.payload = protobuf_bytes(payload);
	m.signature = protobuf_bytes(slice_of(sig, sizeof(sig)));
	return protobuf_put(out, &m.base);
}

/* The key's bytes in the one form that makes the id. */
static err
check(const Libp2p__PublicKey *key, struct slice message, struct slice sig,
    struct peer_id *signer)
{
	uint8_t bytes[PEER_KEY_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };

	if (protobuf_put(&out, &key->base) != OK)
		return ERR_PEER;
	TRY(peer_key_verify(buf_slice(&out), message, sig));
	return peer_id_of_key(buf_slice(&out), signer);
}

err
signed_envelope_open(struct slice in, const char *domain, struct slice type,
    uint8_t room[ENVELOPE_ROOM], struct envelope *out)
{
	uint8_t bytes[SIGNED_MAX];
	struct buf all = { bytes, 0, sizeof(bytes) };
	ProtobufCMessage *base = NULL;
	struct protobuf pb;

	if (in.n > ENVELOPE_MAX)
		return ERR_LIMIT;
	protobuf_init_block(&pb, room, ENVELOPE_ROOM);
	TRY(protobuf_get(&pb, &libp2p__envelope__descriptor, in, &base));
	const Libp2p__Envelope *m = CONTAINER_OF(base, Libp2p__Envelope, base);
	if (m->public_key == NULL || !m->has_payload_type || !m->has_payload ||
	    !m->has_signature ||
	    !slice_eq(protobuf_slice(&m->payload_type), type))
		return ERR_PEER;
	out->type = protobuf_slice(&m->payload_type);
	out->payload = protobuf_slice(&m->payload);
	if (put_signed(&all, domain, out->type, out->payload) != OK)
		return ERR_LIMIT;
	return check(m->public_key, buf_slice(&all),
	    protobuf_slice(&m->signature), &out->signer);
}
