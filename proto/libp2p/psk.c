#include "proto/libp2p/psk.h"

#include <openssl/evp.h>

#include "proto/base/text.h"

#define TAG      "/key/swarm/psk/1.0.0/"
#define BASE64_N 44 /* characters of 32 bytes */

/* ---- the file ---- */

static struct slice
take_line(struct slice *in)
{
	const uint8_t *end = in->n == 0 ? NULL : memchr(in->p, '\n', in->n);
	struct slice line =
	    slice_of(in->p, end == NULL ? in->n : (size_t)(end - in->p));

	slice_skip(in, end == NULL ? in->n : line.n + 1);
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

static bool
is_blank(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r' &&
		    s.p[i] != '\n')
			return false;
	return true;
}

static bool
base64_get(struct slice text, uint8_t key[PSK_SIZE])
{
	uint8_t raw[PSK_SIZE + 1];

	if (text.n != BASE64_N || text.p[BASE64_N - 1] != '=')
		return false;
	for (size_t i = 0; i < BASE64_N - 1; i++) {
		const uint8_t c = text.p[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    !(c >= '0' && c <= '9') && c != '+' && c != '/')
			return false;
	}
	const bool good =
	    EVP_DecodeBlock(raw, text.p, BASE64_N) == (int)sizeof(raw);
	if (good)
		memcpy(key, raw, PSK_SIZE);
	crypto_wipe(raw, sizeof(raw));
	return good;
}

static bool
key_get(struct slice form, struct slice *in, uint8_t key[PSK_SIZE],
    const char **why)
{
	struct buf b = { key, 0, PSK_SIZE };

	if (slice_eq_str(form, "/bin/")) {
		*why = "the key is not 32 bytes";
		if (in->n < PSK_SIZE)
			return false;
		memcpy(key, in->p, PSK_SIZE);
		slice_skip(in, PSK_SIZE);
		return true;
	}
	if (slice_eq_str(form, "/base16/")) {
		*why = "the third line is not 64 hexadecimal digits";
		const struct slice line = take_line(in);
		return line.n == 2 * PSK_SIZE && hex_get(line, &b) == OK;
	}
	if (slice_eq_str(form, "/base64/")) {
		*why = "the third line is not 44 characters of base64";
		return base64_get(take_line(in), key);
	}
	*why = "the second line is not /base16/, /base64/ or /bin/";
	return false;
}

err
psk_file_get(struct slice file, uint8_t key[PSK_SIZE], const char **why)
{
	memset(key, 0, PSK_SIZE);
	*why = "it is too long for a key file";
	if (file.n > PSK_FILE_MAX)
		return ERR_FORM;
	*why = "the first line is not " TAG;
	if (!slice_eq_str(take_line(&file), TAG))
		return ERR_FORM;
	const struct slice form = take_line(&file);
	bool good = key_get(form, &file, key, why);
	if (good && !is_blank(file)) {
		*why = "something follows the key";
		good = false;
	}
	if (good)
		*why = "";
	else
		crypto_wipe(key, PSK_SIZE);
	return good ? OK : ERR_FORM;
}

err
psk_file_put(struct buf *out, const uint8_t key[PSK_SIZE])
{
	char text[2 * PSK_SIZE + 1];
	const size_t start = out->n;

	err e = hex_put(text, sizeof(text), slice_of(key, PSK_SIZE));
	if (e == OK)
		e = buf_put(out, TAG "\n/base16/\n", sizeof(TAG) + 9);
	if (e == OK)
		e = buf_put(out, text, 2 * PSK_SIZE);
	if (e == OK)
		e = buf_put_u8(out, '\n');
	crypto_wipe(text, sizeof(text));
	if (e != OK)
		out->n = start;
	return e;
}

/* SHAKE-128 of the first block of the key's Salsa20 stream, as go does it. */
void
psk_fingerprint(char out[PSK_FINGERPRINT_TEXT], const uint8_t key[PSK_SIZE])
{
	static const uint8_t nonce[SALSA20_NONCE] = "finprint";
	uint8_t block[SALSA20_BLOCK] = { 0 }, print[PSK_FINGERPRINT];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	salsa20_xor(block, block, sizeof(block), 0, nonce, key);
	const bool good = ctx != NULL &&
			  EVP_DigestInit_ex(ctx, EVP_shake128(), NULL) == 1 &&
			  EVP_DigestUpdate(ctx, block, sizeof(block)) == 1 &&
			  EVP_DigestFinalXOF(ctx, print, sizeof(print)) == 1;
	EVP_MD_CTX_free(ctx);
	ASSERT(good);
	ASSERT(hex_put(out, PSK_FINGERPRINT_TEXT,
		   slice_of(print, sizeof(print))) == OK);
	crypto_wipe(block, sizeof(block));
}

/* ---- the stream ---- */

static void
key_of_nonce(struct psk_stream *s, const uint8_t key[PSK_SIZE])
{
	hsalsa20_subkey(s->key, s->nonce, key);
	s->begun = true;
}

void
psk_begin(struct psk_stream *s, const uint8_t key[PSK_SIZE],
    const uint8_t nonce[PSK_NONCE])
{
	*s = (struct psk_stream){ .nonce_n = PSK_NONCE };
	memcpy(s->nonce, nonce, PSK_NONCE);
	key_of_nonce(s, key);
}

err
psk_nonce_recv(
    struct psk_stream *s, const uint8_t key[PSK_SIZE], struct slice *in)
{
	const size_t n = MIN(in->n, (size_t)(PSK_NONCE - s->nonce_n));

	memcpy(s->nonce + s->nonce_n, in->p, n);
	s->nonce_n = (uint8_t)(s->nonce_n + n);
	slice_skip(in, n);
	if (s->nonce_n < PSK_NONCE)
		return ERR_MORE;
	key_of_nonce(s, key);
	return OK;
}

void
psk_xor(const struct psk_stream *s, uint8_t *out, const uint8_t *in, size_t n)
{
	const uint8_t *nonce = s->nonce + 16;
	const size_t within = s->at % SALSA20_BLOCK;
	uint64_t block = s->at / SALSA20_BLOCK;

	ASSERT(s->begun);
	if (within > 0) {
		uint8_t part[SALSA20_BLOCK] = { 0 };
		const size_t head = MIN(n, SALSA20_BLOCK - within);
		memcpy(part + within, in, head);
		salsa20_xor(part, part, sizeof(part), block, nonce, s->key);
		memcpy(out, part + within, head);
		crypto_wipe(part, sizeof(part));
		out += head;
		in += head;
		n -= head;
		block++;
	}
	if (n > 0)
		salsa20_xor(out, in, n, block, nonce, s->key);
}

void
psk_wipe(struct psk_stream *s)
{
	crypto_wipe(s, sizeof(*s));
}
