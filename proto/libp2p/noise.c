#include "proto/libp2p/noise.h"

#include "proto/libp2p/aead.h"
#include "proto/libp2p/keys.h"
#include "proto/libp2p/libp2p.pb-c.h"
#include "proto/libp2p/protobuf.h"

#define PROTOCOL_NAME "Noise_XX_25519_ChaChaPoly_SHA256" /* 32 bytes: h = it */
#define SIGN_PREFIX   "noise-libp2p-static-key:"
#define SIGN_SIZE     (sizeof(SIGN_PREFIX) - 1 + X25519_SIZE)
#define YAMUX_ID      "/yamux/1.0.0"
#define PAYLOAD_CAP   (3 * NOISE_HANDSHAKE_MAX) /* unpacked */
#define MUXERS_MAX    100

_Static_assert(sizeof(PROTOCOL_NAME) - 1 == SHA256_SIZE, "no padding needed");

/* ---- cipher: Noise 5.1, nonce as 12.3 ---- */

static void
nonce_put(uint8_t out[AEAD_NONCE], uint64_t n)
{
	memset(out, 0, 4);
	for (size_t i = 0; i < 8; i++)
		out[4 + i] = (uint8_t)(n >> (8 * i));
}

static err
seal_ad(struct noise_cipher *c, struct slice ad, uint8_t *out,
    const uint8_t *in, size_t n)
{
	uint8_t nonce[AEAD_NONCE];

	if (c->n == UINT64_MAX)
		return ERR_LIMIT;
	nonce_put(nonce, c->n);
	aead_seal(out, in, n, ad, nonce, c->key);
	c->n++;
	return OK;
}

static err
open_ad(struct noise_cipher *c, struct slice ad, uint8_t *out,
    const uint8_t *in, size_t n)
{
	uint8_t nonce[AEAD_NONCE];

	if (c->n == UINT64_MAX)
		return ERR_LIMIT;
	if (n < AEAD_TAG)
		return ERR_AUTH;
	nonce_put(nonce, c->n);
	if (!aead_open(out, in, n, ad, nonce, c->key))
		return ERR_AUTH;
	c->n++;
	return OK;
}

err
noise_seal(struct noise_cipher *c, uint8_t *out, const uint8_t *in, size_t n)
{
	ASSERT(n <= NOISE_PLAIN_MAX);
	return seal_ad(c, (struct slice){ NULL, 0 }, out, in, n);
}

err
noise_open(struct noise_cipher *c, uint8_t *out, const uint8_t *in, size_t n)
{
	return open_ad(c, (struct slice){ NULL, 0 }, out, in, n);
}

/* ---- symmetric state: Noise 5.2 ---- */

static void
mix_hash(struct noise_handshake *hs, struct slice in)
{
	const struct crypto_part parts[] = { { hs->h, sizeof(hs->h) },
		{ in.p, in.n } };

	hash_sha256(hs->h, parts, 2);
}

/* HKDF with two outputs: Noise 4.3. */
static void
hkdf(const uint8_t ck[SHA256_SIZE], struct slice in, uint8_t out1[SHA256_SIZE],
    uint8_t out2[SHA256_SIZE])
{
	static const uint8_t one = 1, two = 2;
	uint8_t temp[SHA256_SIZE];
	const struct crypto_part ikm = { in.p, in.n };
	const struct crypto_part first = { &one, 1 };

	hash_hmac_sha256(temp, ck, &ikm, 1);
	hash_hmac_sha256(out1, temp, &first, 1);
	const struct crypto_part second[] = { { out1, SHA256_SIZE },
		{ &two, 1 } };
	hash_hmac_sha256(out2, temp, second, 2);
	crypto_wipe(temp, sizeof(temp));
}

static err
mix_dh(struct noise_handshake *hs, const uint8_t secret[X25519_SIZE],
    const uint8_t pub[X25519_SIZE])
{
	uint8_t shared[X25519_SIZE], ck[SHA256_SIZE];

	/* libp2p: an all-zero result is a forgery, not a key */
	if (!x25519_shared(shared, secret, pub))
		return ERR_AUTH;
	hkdf(hs->ck, slice_of(shared, sizeof(shared)), ck, hs->cipher.key);
	memcpy(hs->ck, ck, sizeof(ck));
	hs->cipher.n = 0;
	hs->keyed = true;
	crypto_wipe(shared, sizeof(shared));
	crypto_wipe(ck, sizeof(ck));
	return OK;
}

/* Appends; the caller has checked the room. */
static err
encrypt_and_hash(struct noise_handshake *hs, struct slice in, struct buf *out)
{
	uint8_t *to = out->p + out->n;
	size_t n = in.n;

	if (hs->keyed) {
		TRY(seal_ad(&hs->cipher, slice_of(hs->h, sizeof(hs->h)), to,
		    in.p, in.n));
		n += AEAD_TAG;
	} else if (n > 0) {
		memcpy(to, in.p, n);
	}
	out->n += n;
	mix_hash(hs, slice_of(to, n));
	return OK;
}

static err
decrypt_and_hash(struct noise_handshake *hs, struct slice in, uint8_t *out)
{
	if (hs->keyed) {
		TRY(open_ad(&hs->cipher, slice_of(hs->h, sizeof(hs->h)), out,
		    in.p, in.n));
	} else if (in.n > 0) {
		memcpy(out, in.p, in.n);
	}
	mix_hash(hs, in);
	return OK;
}

/* ---- handshake state: Noise 5.3, pattern XX ---- */

static void
handshake_start(struct noise_handshake *hs, bool initiator,
    struct slice prologue, const uint8_t e_secret[X25519_SIZE])
{
	*hs = (struct noise_handshake){ .initiator = initiator };
	memcpy(hs->h, PROTOCOL_NAME, SHA256_SIZE);
	memcpy(hs->ck, hs->h, SHA256_SIZE);
	mix_hash(hs, prologue);
	memcpy(hs->e_secret, e_secret, X25519_SIZE);
	x25519_public(hs->e, e_secret);
}

void
noise_handshake_init(struct noise_handshake *hs, bool initiator,
    struct slice prologue, const uint8_t s_secret[X25519_SIZE],
    const uint8_t e_secret[X25519_SIZE])
{
	handshake_start(hs, initiator, prologue, e_secret);
	memcpy(hs->s_secret, s_secret, X25519_SIZE);
	x25519_public(hs->s, s_secret);
}

void
noise_handshake_init_with(struct noise_handshake *hs, bool initiator,
    struct slice prologue, const struct noise_static *own,
    const uint8_t e_secret[X25519_SIZE])
{
	handshake_start(hs, initiator, prologue, e_secret);
	memcpy(hs->s_secret, own->s_secret, X25519_SIZE);
	memcpy(hs->s, own->s, X25519_SIZE);
}

static bool
our_turn(const struct noise_handshake *hs)
{
	return hs->messages < 3 && (hs->messages % 2 == 0) == hs->initiator;
}

err
noise_handshake_write(
    struct noise_handshake *hs, struct slice payload, struct buf *out)
{
	static const size_t overhead[] = { NOISE_FIRST_OVERHEAD,
		NOISE_SECOND_OVERHEAD, NOISE_THIRD_OVERHEAD };

	ASSERT(our_turn(hs));
	ASSERT(payload.n <= NOISE_PLAIN_MAX - NOISE_SECOND_OVERHEAD);
	if (payload.n + overhead[hs->messages] > buf_room(out))
		return ERR_MORE;
	if (hs->messages < 2) { /* e */
		TRY(buf_put(out, hs->e, X25519_SIZE));
		mix_hash(hs, slice_of(hs->e, X25519_SIZE));
	}
	if (hs->messages == 1) /* ee */
		TRY(mix_dh(hs, hs->e_secret, hs->re));
	if (hs->messages >= 1) { /* s, then es or se */
		TRY(encrypt_and_hash(hs, slice_of(hs->s, X25519_SIZE), out));
		TRY(mix_dh(hs, hs->s_secret, hs->re));
	}
	TRY(encrypt_and_hash(hs, payload, out));
	hs->messages++;
	return OK;
}

err
noise_handshake_read(
    struct noise_handshake *hs, struct slice message, struct buf *payload)
{
	ASSERT(hs->messages < 3 && !our_turn(hs));
	if (hs->messages < 2) { /* e */
		if (message.n < X25519_SIZE)
			return ERR_PEER;
		memcpy(hs->re, message.p, X25519_SIZE);
		mix_hash(hs, slice_of(message.p, X25519_SIZE));
		slice_skip(&message, X25519_SIZE);
	}
	if (hs->messages == 1) /* ee */
		TRY(mix_dh(hs, hs->e_secret, hs->re));
	if (hs->messages >= 1) { /* s, then es or se */
		const size_t n = X25519_SIZE + AEAD_TAG;
		if (message.n < n)
			return ERR_PEER;
		TRY(decrypt_and_hash(hs, slice_of(message.p, n), hs->rs));
		slice_skip(&message, n);
		TRY(mix_dh(hs, hs->e_secret, hs->rs));
	}
	const size_t tag = hs->keyed ? AEAD_TAG : 0;
	if (message.n < tag || message.n - tag > buf_room(payload))
		return ERR_PEER;
	TRY(decrypt_and_hash(hs, message, payload->p + payload->n));
	payload->n += message.n - tag;
	hs->messages++;
	return OK;
}

bool
noise_handshake_done(const struct noise_handshake *hs)
{
	return hs->messages == 3;
}

void
noise_handshake_split(struct noise_handshake *hs, struct noise_cipher *send,
    struct noise_cipher *recv)
{
	uint8_t rs[X25519_SIZE], h[SHA256_SIZE];
	struct noise_cipher *to_responder = hs->initiator ? send : recv;
	struct noise_cipher *to_initiator = hs->initiator ? recv : send;

	ASSERT(noise_handshake_done(hs));
	*send = *recv = (struct noise_cipher){ .n = 0 };
	hkdf(hs->ck, (struct slice){ NULL, 0 }, to_responder->key,
	    to_initiator->key);
	memcpy(rs, hs->rs, sizeof(rs));
	memcpy(h, hs->h, sizeof(h));
	noise_handshake_wipe(hs);
	memcpy(hs->rs, rs, sizeof(rs));
	memcpy(hs->h, h, sizeof(h));
}

void
noise_handshake_wipe(struct noise_handshake *hs)
{
	crypto_wipe(hs, sizeof(*hs));
}

/* ---- libp2p's payload ---- */

static struct slice
signed_text(uint8_t out[SIGN_SIZE], const uint8_t s[X25519_SIZE])
{
	memcpy(out, SIGN_PREFIX, sizeof(SIGN_PREFIX) - 1);
	memcpy(out + sizeof(SIGN_PREFIX) - 1, s, X25519_SIZE);
	return slice_of(out, SIGN_SIZE);
}

err
noise_payload_put(struct buf *out, const uint8_t secret[ED25519_SECRET],
    const uint8_t s[X25519_SIZE])
{
	uint8_t text[SIGN_SIZE], sig[ED25519_SIG];
	uint8_t key[PEER_KEY_ED25519_SIZE];
	struct buf key_buf = { key, 0, sizeof(key) };
	ProtobufCBinaryData yamux = protobuf_bytes(slice_str(YAMUX_ID));
	Libp2p__NoiseExtensions ext = LIBP2P__NOISE_EXTENSIONS__INIT;
	Libp2p__NoiseHandshakePayload payload =
	    LIBP2P__NOISE_HANDSHAKE_PAYLOAD__INIT;

	const struct slice m = signed_text(text, s);
	ed25519_sign(sig, m.p, m.n, secret);
	/* the public key is the second half of libsodium's secret key */
	TRY(peer_key_put_ed25519(&key_buf, secret + ED25519_SEED));
	ext.n_stream_muxers = 1;
	ext.stream_muxers = &yamux;
	payload.has_identity_key = true;
	payload.identity_key = protobuf_bytes(buf_slice(&key_buf));
	payload.has_identity_sig = true;
	payload.identity_sig = protobuf_bytes(slice_of(sig, sizeof(sig)));
	payload.extensions = &ext;
	return protobuf_put(out, &payload.base);
}

void
noise_static_init(struct noise_static *out,
    const uint8_t secret[ED25519_SECRET], const uint8_t s_secret[X25519_SIZE])
{
	struct buf b = { out->payload, 0, sizeof(out->payload) };

	memcpy(out->s_secret, s_secret, X25519_SIZE);
	x25519_public(out->s, s_secret);
	const err e = noise_payload_put(&b, secret, out->s);
	ASSERT(e == OK); /* there is room */
	out->payload_n = b.n;
}

static err
payload_check(const Libp2p__NoiseHandshakePayload *m,
    const uint8_t rs[X25519_SIZE], struct noise_identity *out)
{
	uint8_t text[SIGN_SIZE];

	*out = (struct noise_identity){ .muxers = false };
	if (!m->has_identity_key || !m->has_identity_sig)
		return ERR_PEER;
	const struct slice key = protobuf_slice(&m->identity_key);
	TRY(peer_id_of_key(key, &out->peer));
	const err e = peer_key_verify(
	    key, signed_text(text, rs), protobuf_slice(&m->identity_sig));
	if (e == ERR_NOTFOUND)
		return ERR_AUTH;
	TRY(e);
	const Libp2p__NoiseExtensions *ext = m->extensions;
	if (ext == NULL)
		return OK;
	if (ext->n_stream_muxers > MUXERS_MAX)
		return ERR_PEER;
	out->muxers = ext->n_stream_muxers > 0;
	for (size_t i = 0; i < ext->n_stream_muxers; i++)
		if (slice_eq_str(
			protobuf_slice(&ext->stream_muxers[i]), YAMUX_ID))
			out->yamux = true;
	return OK;
}

err
noise_payload_check(struct slice payload, const uint8_t rs[X25519_SIZE],
    struct mem *mem, struct noise_identity *out)
{
	struct protobuf p;
	ProtobufCMessage *m = NULL;

	protobuf_init(&p, mem, PAYLOAD_CAP);
	err e = protobuf_get(
	    &p, &libp2p__noise_handshake_payload__descriptor, payload, &m);
	if (e == OK)
		e = payload_check(
		    (const Libp2p__NoiseHandshakePayload *)m, rs, out);
	protobuf_fini(&p);
	return e;
}
