/*
 * The message id, SHA-256 of the data, by libcrypto: it uses the processor's
 * SHA instructions, libsodium does not, and the id is the largest part of
 * what a message costs the router. The low-level calls are deprecated in
 * OpenSSL 3 in favour of ones that take memory from the heap; these do not,
 * and cannot fail.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "proto/libp2p/gossip_internal.h"

void
gossip_id(uint8_t id[GOSSIP_ID], struct slice data)
{
	SHA256_CTX c;
	int ok = SHA256_Init(&c);

	if (data.n > 0)
		ok &= SHA256_Update(&c, data.p, data.n);
	ok &= SHA256_Final(id, &c);
	ASSERT(ok == 1);
}
