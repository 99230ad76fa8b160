#include "crypto/stream.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "crypto/bytes.h"

typedef crypto_secretstream_xchacha20poly1305_state state;

static_assert(sizeof(state) <= sizeof(((struct stream *)0)->state),
    "libsodium's state fits");
static_assert(
    STREAM_OVERHEAD == crypto_secretstream_xchacha20poly1305_ABYTES, "ABYTES");

enum {
	OPS_AT = STREAM_MAGIC + 1,
	MEM_AT = OPS_AT + 4,
	SALT_AT = MEM_AT + 4,
	NONCE_AT = SALT_AT + 16
};

static bool
derive(uint8_t key[32], const uint8_t *header, const char *pass, size_t pass_n)
{
	return crypto_pwhash(key, 32, pass, pass_n, header + SALT_AT,
		   bytes_get_u32be(header + OPS_AT),
		   (size_t)bytes_get_u32be(header + MEM_AT) * 1024,
		   crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool
stream_create(struct stream *s, const char magic[STREAM_MAGIC], uint8_t version,
    const char *pass, size_t pass_n, struct seal_cost cost)
{
	uint8_t key[32];

	assert(cost.mem_kib >= SEAL_MEM_KIB_MIN && cost.ops >= SEAL_OPS_MIN);
	memset(s, 0, sizeof(*s));
	memcpy(s->header, magic, STREAM_MAGIC);
	s->header[STREAM_MAGIC] = version;
	bytes_put_u32be(s->header + OPS_AT, cost.ops);
	bytes_put_u32be(s->header + MEM_AT, cost.mem_kib);
	randombytes_buf(s->header + SALT_AT, 16);
	if (!derive(key, s->header, pass, pass_n))
		return false;
	(void)crypto_secretstream_xchacha20poly1305_init_push(
	    (state *)(void *)s->state, s->header + NONCE_AT, key);
	sodium_memzero(key, sizeof(key));
	return true;
}

void
stream_seal(
    struct stream *s, uint8_t *out, const uint8_t *in, size_t n, bool final)
{
	assert(!s->ended);
	(void)crypto_secretstream_xchacha20poly1305_push(
	    (state *)(void *)s->state, out, NULL, in, n,
	    s->begun ? NULL : s->header, s->begun ? 0 : STREAM_HEADER,
	    final ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
		  : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
	s->begun = true;
	s->ended = final;
}

enum seal_result
stream_open(struct stream *s, const uint8_t header[STREAM_HEADER],
    const char magic[STREAM_MAGIC], uint8_t version, const char *pass,
    size_t pass_n)
{
	uint8_t key[32];

	memset(s, 0, sizeof(*s));
	memcpy(s->header, header, STREAM_HEADER);
	if (memcmp(header, magic, STREAM_MAGIC) != 0 ||
	    header[STREAM_MAGIC] != version)
		return SEAL_FOREIGN;
	const uint32_t ops = bytes_get_u32be(header + OPS_AT);
	const uint32_t mem_kib = bytes_get_u32be(header + MEM_AT);
	if (ops < SEAL_OPS_MIN || ops > SEAL_OPS_MAX ||
	    mem_kib < SEAL_MEM_KIB_MIN || mem_kib > SEAL_MEM_KIB_MAX)
		return SEAL_TOO_COSTLY;
	if (!derive(key, header, pass, pass_n))
		return SEAL_NO_MEMORY;
	const int bad = crypto_secretstream_xchacha20poly1305_init_pull(
	    (state *)(void *)s->state, header + NONCE_AT, key);
	sodium_memzero(key, sizeof(key));
	return bad == 0 ? SEAL_OK : SEAL_FOREIGN;
}

bool
stream_unseal(struct stream *s, uint8_t *out, const uint8_t *in, size_t n)
{
	uint8_t tag = 0;

	if (s->ended || n < STREAM_OVERHEAD ||
	    crypto_secretstream_xchacha20poly1305_pull(
		(state *)(void *)s->state, out, NULL, &tag, in, n,
		s->begun ? NULL : s->header, s->begun ? 0 : STREAM_HEADER) != 0)
		return false;
	s->begun = true;
	s->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	return true;
}

void
stream_wipe(struct stream *s)
{
	sodium_memzero(s, sizeof(*s));
}
