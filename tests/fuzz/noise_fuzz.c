/*
 * The first byte says which handshake message is attacked, the second how
 * many bytes it loses; the rest is laid over it. Whatever is not the honest
 * message is refused from the second message on; and the rest as a payload
 * is never accepted for a key that did not sign it.
 */
#include "proto/libp2p/noise.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_honest(
    struct noise_handshake *hs, const uint8_t secret[64], struct buf *out)
{
	uint8_t room[NOISE_PAYLOAD_MAX];
	struct buf payload = { room, 0, sizeof(room) };

	out->n = 0;
	if (hs->messages > 0)
		ASSERT(noise_payload_put(&payload, secret, hs->s) == OK);
	ASSERT(noise_handshake_write(hs, buf_slice(&payload), out) == OK);
}

static void
attack(const uint8_t *data, size_t size, const uint8_t secret[64])
{
	static const uint8_t s[2][32] = { { 1 }, { 2 } };
	static const uint8_t e[2][32] = { { 3 }, { 4 } };
	const size_t target = data[0] % 3;
	uint8_t room[512], back[512];
	struct noise_handshake hs[2];
	struct buf out = { room, 0, sizeof(room) };

	for (size_t k = 0; k < 2; k++)
		noise_handshake_init(
		    &hs[k], k == 0, slice_of(NULL, 0), s[k], e[k]);
	for (size_t i = 0; i < target; i++) {
		struct buf r = { back, 0, sizeof(back) };
		write_honest(&hs[i % 2], secret, &out);
		ASSERT(noise_handshake_read(
			   &hs[1 - i % 2], buf_slice(&out), &r) == OK);
	}
	write_honest(&hs[target % 2], secret, &out);
	bool changed = false;
	for (size_t i = 2; i < size && i - 2 < out.n; i++) {
		changed = changed || data[i] != 0;
		room[i - 2] ^= data[i];
	}
	const size_t cut = MIN((size_t)data[1], out.n);
	changed = changed || cut > 0;
	out.n -= cut;
	struct buf r = { back, 0, sizeof(back) };
	const err got =
	    noise_handshake_read(&hs[1 - target % 2], buf_slice(&out), &r);
	if (target > 0)
		ASSERT((got == OK) == !changed);
	else
		ASSERT(got == OK || out.n < X25519_SIZE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 5 }, static_key[32] = { 6 };
	uint8_t pub[32], secret[64];
	struct noise_identity who;
	struct test_env t;

	if (size < 2 || size > NOISE_HANDSHAKE_MAX)
		return 0;
	ASSERT(crypto_init());
	test_env_init(&t, 1);
	ed25519_keypair(pub, secret, seed);
	attack(data, size, secret);
	t.mem.cap = 1 << 16;
	ASSERT(noise_payload_check(
		   slice_of(data, size), static_key, &t.mem, &who) != OK);
	test_env_check(&t);
	return 0;
}
