/*
 * What record_read() takes has the fields that SPEC.md allows, lies within
 * its bytes, is judged the same by record_open() in its own network and time,
 * and no part of it is a record.
 */
#include <stdlib.h>

#include "proto/record/record.h"

#define PREFIXES 64 /* of each record that are tried */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];

static bool
within(struct slice inner, struct slice outer)
{
	return inner.n == 0 ||
	       (inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n);
}

static void
check_fields(const struct record *r, struct slice in)
{
	const struct kind_info *k = kind_info(r->kind);
	const struct crypto_part part = { r->body.p, r->body.n };
	uint8_t id[RECORD_ID];

	ASSERT(slice_eq(r->bytes, in) && in.n <= RECORD_BYTES_MAX);
	ASSERT(k != NULL && r->body.n <= k->body_bytes_max);
	ASSERT(within(r->body, in) && within(r->net, r->body));
	ASSERT(within(r->stamp, r->body) && within(r->payload, r->body));
	ASSERT(within(slice_of(r->author, RECORD_AUTHOR), r->body));
	ASSERT(within(slice_of(r->sig, ED25519_SIG), in));
	ASSERT(r->payload.n >= 1);
	ASSERT(r->payload.p + r->payload.n == r->body.p + r->body.n);
	ASSERT(net_is_valid(r->net) && strlen(r->region) == 2);
	ASSERT(r->slot < k->slots && r->flags <= RECORD_FLAG_DELETED);
	ASSERT((r->seq & 255) <= RECORD_COUNTER_MAX);
	ASSERT(r->expires_h > record_hour(r));
	ASSERT(r->expires_h - record_hour(r) <= k->lifetime_hours);
	ASSERT(r->kind != KIND_REVOCATION ||
	       r->expires_h - record_hour(r) == k->lifetime_hours);
	hash_blake2b(id, sizeof(id), "ohcn-rec-v1", &part, 1);
	ASSERT(memcmp(id, r->id, sizeof(id)) == 0);
}

/* In its own network, in the hour in which it was made, of its class. */
static void
check_judgement(const struct record *r, struct arena *scratch)
{
	struct record_rules rules = { r->net, record_hour(r) * 3600,
		1U << kind_info(r->kind)->class };
	struct record again;

	ASSERT(record_open(r->bytes, &rules, scratch, &again) == RECORD_FINE);
	ASSERT(memcmp(again.id, r->id, RECORD_ID) == 0);
	const enum record_outcome o = record_verify(&again, scratch);
	ASSERT(o == RECORD_FINE || o == RECORD_BAD_STAMP ||
	       o == RECORD_UNKNOWN_STAMP || o == RECORD_BAD_SIGNATURE ||
	       o == RECORD_BAD_PAYLOAD);
	ASSERT(record_verify(&again, scratch) == o);
	rules.class_mask ^= 31;
	ASSERT(record_open(r->bytes, &rules, scratch, &again) ==
	       RECORD_WRONG_CLASS);
	rules.class_mask = 0;
	rules.now_s = r->expires_h * 3600;
	ASSERT(
	    record_open(r->bytes, &rules, scratch, &again) == RECORD_EXPIRED);
	rules.net = slice_str("0");
	if (!slice_eq(r->net, rules.net))
		ASSERT(record_open(r->bytes, &rules, scratch, &again) ==
		       RECORD_WRONG_NET);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	const struct slice in = slice_of(data, size);
	struct record r, part;

	if (record_read(in, &scratch, &r) != RECORD_FINE)
		return 0;
	check_fields(&r, in);
	check_judgement(&r, &scratch);
	for (size_t i = 1; i <= PREFIXES && i <= size; i++)
		ASSERT(record_read(slice_of(data, size - i), &scratch, &part) ==
		       RECORD_NOT_CANONICAL);
	return 0;
}
