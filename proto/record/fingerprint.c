#include "proto/record/fingerprint.h"

#include "crypto/crypto.h"

void
fingerprint(uint8_t out[FINGERPRINT], const char *personal, struct slice bytes)
{
	const struct crypto_part part = { bytes.p, bytes.n };

	hash_blake2b(out, FINGERPRINT, personal, &part, 1);
}
