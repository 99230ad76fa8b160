/*
 * What document_open() takes is named by its body, lies within its bytes, can
 * be written again from what it says, merges with itself into the same bytes,
 * belongs to one network, and no part of it is a document.
 */
#include <stdlib.h>

#include "proto/evidence/rules.h"

#define PREFIXES 64 /* of each document that are tried */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t scratch_bytes[DOCUMENT_SCRATCH_BYTES];
static const char *const net_name = "test-a";

static void
check_written_again(const struct document *d, struct arena *scratch)
{
	uint8_t first[DOCUMENT_MAX], second[DOCUMENT_MAX];
	struct buf a = { first, 0, sizeof(first) };
	struct buf b = { second, 0, sizeof(second) };
	const struct slice net = slice_str(net_name);
	struct document again;

	/* Odd keys and zeros are left out, so it may be shorter. */
	ASSERT(document_write(&d->is, net, scratch, &a) == EVIDENCE_FINE);
	ASSERT(document_open(buf_slice(&a), net, 0, scratch, &again) ==
	       EVIDENCE_FINE);
	ASSERT(again.is.type == d->is.type && again.made == d->made &&
	       again.needed == d->needed && again.signed_by == 0);
	ASSERT(again.body.n <= d->body.n);
	ASSERT(document_write(&again.is, net, scratch, &b) == EVIDENCE_FINE);
	ASSERT(slice_eq(buf_slice(&a), buf_slice(&b)));
}

static void
check_signatures(const struct document *d, struct arena *scratch)
{
	uint8_t bytes[DOCUMENT_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	const struct slice net = slice_str(net_name);

	ASSERT((d->signed_by & ~d->needed) == 0);
	ASSERT(!d->complete || d->signed_by != 0);
	ASSERT(document_merge(d->bytes, d->bytes, net, scratch, &out) ==
	       EVIDENCE_FINE);
	ASSERT(slice_eq(buf_slice(&out), d->bytes));
	for (unsigned role = 0; role < 64; role++) {
		const uint8_t *key = document_key_of(&d->is, role);
		ASSERT(
		    (key != NULL) == ((d->needed & UINT64_C(1) << role) != 0));
		ASSERT(key == NULL || document_role_of(d, key) != 0);
	}
}

/* Beside itself or anything, the rules answer and do not fall over. */
static void
check_rules(const struct document *d)
{
	ASSERT(evidence_belongs(d, d) == EVIDENCE_WRONG_REFERENCE);
	ASSERT(evidence_follows(d, d) == EVIDENCE_WRONG_REFERENCE);
	ASSERT(!evidence_wins(d, d));
	ASSERT(!moved_covers(d, d));
	(void)pledge_standing_of(d, d, d, d->made);
	ASSERT(credential_state(d, d, d->made) != EVIDENCE_REVOKED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	const struct slice in = slice_of(data, size);
	uint8_t id[EVIDENCE_ID];
	struct document d, other;

	if (document_open(in, slice_str(net_name), 0, &scratch, &d) !=
	    EVIDENCE_FINE)
		return 0;
	const struct crypto_part part = { d.body.p, d.body.n };
	hash_blake2b(id, sizeof(id), "ohcn-doc-id-v1", &part, 1);
	ASSERT(memcmp(id, d.id, sizeof(id)) == 0);
	ASSERT(size <= DOCUMENT_MAX && d.body.p >= data &&
	       d.body.p + d.body.n <= data + size);
	check_written_again(&d, &scratch);
	check_signatures(&d, &scratch);
	check_rules(&d);
	ASSERT(document_open(in, slice_str("test-b"), 0, &scratch, &other) ==
	       EVIDENCE_WRONG_NET);
	for (size_t i = 1; i <= PREFIXES && i <= size; i++)
		ASSERT(
		    document_open(slice_of(data, size - i), slice_str(net_name),
			0, &scratch, &other) == EVIDENCE_NOT_CANONICAL);
	return 0;
}
