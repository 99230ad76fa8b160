#include "proto/libp2p/aead.h"

#include <limits.h>
#include <openssl/evp.h>

/* NULL: libsodium has to do it; nothing is written yet. */
static EVP_CIPHER_CTX *
context_new(bool seal, const uint8_t *nonce, const uint8_t *key)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	/* the length of the nonce is 12 unless told otherwise */
	if (ctx != NULL && EVP_CipherInit_ex(ctx, EVP_chacha20_poly1305(), NULL,
			       key, nonce, seal ? 1 : 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

static bool
is_long(size_t n)
{
	return n >= AEAD_LONG && n <= INT_MAX;
}

/* Associated data, then the text. */
static bool
update(EVP_CIPHER_CTX *ctx, uint8_t *out, const uint8_t *in, size_t n,
    struct slice ad)
{
	int done = 0;

	if (ad.n > 0 && (ad.n > INT_MAX || EVP_CipherUpdate(ctx, NULL, &done,
					       ad.p, (int)ad.n) != 1))
		return false;
	return EVP_CipherUpdate(ctx, out, &done, in, (int)n) == 1 &&
	       done == (int)n;
}

void
aead_seal(uint8_t *out, const uint8_t *in, size_t n, struct slice ad,
    const uint8_t nonce[AEAD_NONCE], const uint8_t key[AEAD_KEY])
{
	EVP_CIPHER_CTX *ctx = is_long(n) ? context_new(true, nonce, key) : NULL;
	int rest = 0;

	if (ctx == NULL) {
		chachapoly_seal(
		    out, in, n, (struct crypto_part){ ad.p, ad.n }, nonce, key);
		return;
	}
	/* Over memory of ours, with lengths that fit, these cannot fail. */
	const bool good = update(ctx, out, in, n, ad) &&
			  EVP_CipherFinal_ex(ctx, out + n, &rest) == 1 &&
			  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
			      AEAD_TAG, out + n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	ASSERT(good);
}

bool
aead_open(uint8_t *out, const uint8_t *in, size_t n, struct slice ad,
    const uint8_t nonce[AEAD_NONCE], const uint8_t key[AEAD_KEY])
{
	uint8_t tag[AEAD_TAG], none[AEAD_TAG];
	int rest = 0;

	if (n < AEAD_TAG)
		return false;
	const size_t text = n - AEAD_TAG;
	EVP_CIPHER_CTX *ctx =
	    is_long(text) ? context_new(false, nonce, key) : NULL;
	if (ctx == NULL)
		return chachapoly_open(
		    out, in, n, (struct crypto_part){ ad.p, ad.n }, nonce, key);
	memcpy(tag, in + text, sizeof(tag));
	const bool good = EVP_CIPHER_CTX_ctrl(
			      ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) == 1 &&
			  update(ctx, out, in, text, ad) &&
			  EVP_CipherFinal_ex(ctx, none, &rest) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!good)
		crypto_wipe(out, text);
	return good;
}
