/*
 * stream.h: a file of any length, sealed by a passphrase piece by piece, so
 * that a changed, missing, moved or added piece and a cut end are noticed.
 *
 *   header = magic 8 | version u8 | ops u32be | mem_kib u32be | salt 16
 *            | nonce 24
 *   key    = Argon2id(passphrase, salt, ops, mem_kib)
 *   piece  = XChaCha20-Poly1305 secretstream of libsodium; the header is the
 *            additional data of the first one, the last one is marked final
 *
 * Where one piece ends in the file is the caller's to note. The bounds of
 * the cost are those of keys.h.
 */
#pragma once

#include "crypto/keys.h"

#define STREAM_MAGIC    8
#define STREAM_HEADER   (STREAM_MAGIC + 1 + 4 + 4 + 16 + 24)
#define STREAM_OVERHEAD 17 /* bytes that sealing adds to a piece */

struct stream {
	_Alignas(16) uint8_t state[64];
	uint8_t header[STREAM_HEADER];
	bool begun; /* a piece has gone through */
	bool ended; /* the final one has */
};

/**
 * stream_create(s, magic, version, pass, pass_n, cost):
 * To seal; ${s}->header is then what the file begins with. false: not enough
 * memory for the cost.
 */
CRYPTO_CHECKED bool stream_create(struct stream *s,
    const char magic[STREAM_MAGIC], uint8_t version, const char *pass,
    size_t pass_n, struct seal_cost cost);

/**
 * stream_seal(s, out, in, n, final):
 * One piece; ${out} holds n + STREAM_OVERHEAD bytes. Nothing may follow the
 * final one.
 */
void stream_seal(
    struct stream *s, uint8_t *out, const uint8_t *in, size_t n, bool final);

/**
 * stream_open(s, header, magic, version, pass, pass_n):
 * To unseal. SEAL_FOREIGN: another magic or version. Whether the passphrase
 * is right shows at the first piece.
 */
CRYPTO_CHECKED enum seal_result stream_open(struct stream *s,
    const uint8_t header[STREAM_HEADER], const char magic[STREAM_MAGIC],
    uint8_t version, const char *pass, size_t pass_n);

/**
 * stream_unseal(s, out, in, n):
 * One piece; ${out} holds n - STREAM_OVERHEAD bytes. false: it is not what
 * was sealed at this place, or the final one was before. ${s}->ended tells
 * whether it was the final one.
 */
CRYPTO_CHECKED bool stream_unseal(
    struct stream *s, uint8_t *out, const uint8_t *in, size_t n);

/** stream_wipe(s): forget the key. */
void stream_wipe(struct stream *s);
