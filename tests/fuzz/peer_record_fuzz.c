/*
 * Signed peer records from whatever bytes: as an envelope, which nobody
 * signed; and as the payload of one that we signed ourselves, so that what
 * lies behind the signature is reached as well. What opens names the signer,
 * and sealed again it opens to the same addresses.
 */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "proto/libp2p/peer_record.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t room[ENVELOPE_ROOM], again_room[ENVELOPE_ROOM];
static uint8_t sealed[ENVELOPE_MAX + ENVELOPE_PAYLOAD_MAX];

static void
check_again(const uint8_t *secret, const struct peer_record *r)
{
	struct buf out = { sealed, 0, sizeof(sealed) };
	struct peer_record again;

	ASSERT(
	    peer_record_seal(&out, secret, r->seq, r->addrs, r->addrs_n) == OK);
	ASSERT(peer_record_open(buf_slice(&out), again_room, &again) == OK);
	ASSERT(peer_id_eq(&again.id, &r->id) && again.seq == r->seq);
	ASSERT(again.addrs_n <= r->addrs_n);
	for (uint32_t i = 0; i < again.addrs_n; i++)
		ASSERT(slice_eq(again.addrs[i], r->addrs[i]));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t type[] = { 3, 1 };
	uint8_t seed[ED25519_SEED] = { 1 }, pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	struct buf out = { sealed, 0, sizeof(sealed) };
	struct peer_record r;

	ed25519_keypair(pub, secret, seed);
	const err e = peer_record_open(slice_of(data, size), room, &r);
	ASSERT(e == OK || e == ERR_PEER || e == ERR_AUTH || e == ERR_LIMIT ||
	       e == ERR_NOTFOUND);
	if (signed_envelope_seal(&out, secret, "libp2p-peer-record",
		slice_of(type, sizeof(type)), slice_of(data, size)) != OK) {
		ASSERT(size > ENVELOPE_PAYLOAD_MAX);
		return 0;
	}
	const struct peer_id me = peer_id_of_ed25519(pub);
	const err own = peer_record_open(buf_slice(&out), room, &r);
	ASSERT(own == OK || own == ERR_PEER || own == ERR_AUTH ||
	       own == ERR_LIMIT);
	if (own != OK)
		return 0;
	ASSERT(peer_id_eq(&r.id, &me));
	check_again(secret, &r);
	return 0;
}
