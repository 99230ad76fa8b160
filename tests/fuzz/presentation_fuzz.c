/*
 * The input is the body of a presentation, signed here, so that all that lies
 * behind the signature is reached. What presentation_open() then takes has
 * each claim once, leads from each to the root, is for one verifier and one
 * nonce, and never was signed by somebody else.
 */
#include <stdlib.h>

#include "proto/evidence/claim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t scratch_bytes[PRESENTATION_SCRATCH_BYTES];
static const char *const net_name = "test-a";

static size_t
sign(struct slice body, uint8_t *bytes, size_t cap, const uint8_t *secret)
{
	const struct crypto_part part = { body.p, body.n };
	const size_t n = strlen(net_name);
	uint8_t text[80] = { 0 }, sig[ED25519_SIG];
	struct buf out = { bytes, 0, cap };

	memcpy(text, "ohcn-present-v1", 15);
	text[16] = (uint8_t)n;
	memcpy(text + 17, net_name, n);
	hash_blake2b(text + 17 + n, 32, "ohcn-pres-id-v1", &part, 1);
	ed25519_sign(sig, text, 17 + n + 32, secret);
	struct value items[3] = { value_bin(body), value_uint(1),
		value_bin(slice_of(sig, sizeof(sig))) };
	const struct value all = value_array(items, 3);
	return value_write(&all, &out) == OK ? out.n : 0;
}

static void
check(const struct presentation *p, struct slice body)
{
	ASSERT(p->claims_n >= 1 && p->claims_n <= PRESENTATION_CLAIMS);
	ASSERT(p->depth >= CLAIM_DEPTH_MIN && p->depth <= CLAIM_DEPTH_MAX);
	for (size_t i = 0; i < p->claims_n; i++) {
		const struct presented *c = &p->claims[i];
		ASSERT(c->position < 1U << p->depth);
		ASSERT(c->name.n >= 1 && c->name.n <= CLAIM_NAME);
		ASSERT(c->value.n >= 1 && c->value.n < body.n);
		ASSERT(c->ranged || (!c->has_least && !c->has_most));
		ASSERT(!c->has_least || c->least <= c->max);
		ASSERT(!c->has_most || c->most <= c->max);
		for (size_t k = 0; k < i; k++)
			ASSERT(p->claims[k].position != c->position);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The holder and the verifier of tests/vectors/evidence.json. */
	static const char *const names[2] = { "evidence 1", "evidence 0" };
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	static uint8_t bytes[2 * PRESENTATION_MAX];
	uint8_t pub[2][ED25519_PUBLIC], secret[2][ED25519_SECRET], seed[32];
	struct presentation_for to = { .net = slice_str(net_name) };
	struct presentation p;
	const struct slice body = slice_of(data, size);

	for (unsigned i = 0; i < 2; i++) {
		const struct crypto_part part = { names[i], strlen(names[i]) };
		hash_sha256(seed, &part, 1);
		ed25519_keypair(pub[i], secret[i], seed);
	}
	memcpy(to.verifier, pub[1], sizeof(to.verifier));
	memset(to.nonce, 7, sizeof(to.nonce));
	/* As it is: a stranger's bytes. */
	if (presentation_open(body, &to, 0, &scratch, &p) == EVIDENCE_FINE)
		return 0;
	if (size > PRESENTATION_MAX)
		return 0;
	size_t n = sign(body, bytes, sizeof(bytes), secret[0]);
	if (presentation_open(slice_of(bytes, n), &to, 0, &scratch, &p) !=
	    EVIDENCE_FINE)
		return 0;
	check(&p, body);
	to.nonce[0]++;
	ASSERT(presentation_open(slice_of(bytes, n), &to, 0, &scratch, &p) ==
	       EVIDENCE_WRONG_NONCE);
	to.nonce[0]--;
	n = sign(body, bytes, sizeof(bytes), secret[1]);
	ASSERT(presentation_open(slice_of(bytes, n), &to, 0, &scratch, &p) ==
	       EVIDENCE_BAD_SIGNATURE);
	return 0;
}
