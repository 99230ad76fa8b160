/*
 * The input is a warning list, or a body: which is then signed here, so that
 * all behind the signature is reached. What is taken is ordered, in time, and
 * written again with the same bytes.
 */
#include <stdlib.h>

#include "proto/evidence/warning.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t scratch_bytes[WARNING_SCRATCH_BYTES];
static uint8_t joined[WARNING_BYTES_MAX + 256], again[WARNING_BODY_MAX];
static struct warning_list list;

static void
check(struct slice body, struct slice net)
{
	struct buf out = { again, 0, sizeof(again) };

	ASSERT(list.entries_n >= 1 && list.entries_n <= WARNING_ENTRIES);
	ASSERT(list.made_h < list.expires_h &&
	       list.expires_h - list.made_h <= WARNING_VALID_H);
	for (size_t i = 0; i < list.entries_n; i++) {
		ASSERT(warning_reason_name(list.entries[i].reason) != NULL);
		ASSERT(i == 0 || memcmp(list.entries[i - 1].key,
				     list.entries[i].key, 32) < 0);
	}
	/* An odd field may be passed over; then the bytes are others. */
	if (warning_body_write(&list, net, &out) == OK && out.n == body.n)
		ASSERT(memcmp(again, body.p, body.n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[ED25519_SEED] = { 1 };
	static uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	const struct slice in = slice_of(data, size), net = slice_str("test-a");
	struct buf out = { joined, 0, sizeof(joined) };
	uint8_t sig[ED25519_SIG];

	ed25519_keypair(pub, secret, seed);
	if (warning_open(in, net, 0, &scratch, &list) == EVIDENCE_FINE)
		ASSERT(list.entries_n > 0);
	if (size > WARNING_BODY_MAX ||
	    warning_body_sign(in, net, secret, &scratch, sig) != OK ||
	    warning_join(in, sig, &out) != OK)
		return 0;
	ASSERT(warning_open(buf_slice(&out), net, 0, &scratch, &list) ==
	       EVIDENCE_FINE);
	check(in, net);
	ASSERT(warning_open(buf_slice(&out), slice_str("test-b"), 0, &scratch,
		   &list) == EVIDENCE_WRONG_NET);
	joined[out.n - 1] ^= 1;
	ASSERT(warning_open(buf_slice(&out), net, 0, &scratch, &list) ==
	       EVIDENCE_BAD_SIGNATURE);
	return 0;
}
