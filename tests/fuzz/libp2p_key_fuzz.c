/*
 * PublicKey protobufs: what is accepted is the one form of its key, has an
 * id that reads back, and never verifies a signature of zeros.
 */
#include "crypto/crypto.h"
#include "proto/libp2p/keys.h"
#include "proto/libp2p/peer_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t sig[64];
	const struct slice key = slice_of(data, size);
	char text[PEER_ID_TEXT_MAX];
	struct peer_id id, again;

	ASSERT(crypto_init());
	if (peer_id_parse(key, &id) == OK) {
		peer_id_put(text, &id);
		ASSERT(peer_id_get(slice_str(text), &again) == OK);
		ASSERT(peer_id_eq(&id, &again));
	}
	if (peer_id_get(key, &id) == OK) {
		peer_id_put(text, &id);
		ASSERT(peer_id_get(slice_str(text), &again) == OK);
		ASSERT(peer_id_eq(&id, &again));
	}
	const bool sound = peer_id_of_key(key, &id) == OK;
	const err e =
	    peer_key_verify(key, slice_str("m"), slice_of(sig, sizeof(sig)));
	ASSERT(e != OK);
	ASSERT(sound || e == ERR_PEER);
	if (sound)
		ASSERT(peer_id_parse(peer_id_slice(&id), &again) == OK);
	return 0;
}
