/*
 * credential: what ours signs, for verifiers of others.
 *
 *   credential badge           a native credential of the tests as a badge,
 *                              signed by its issuer, on standard output
 *   credential sign SEED TIME  the JSON of standard input with a proof by the
 *                              key of the seed (hex), made at TIME (seconds)
 */
#include <stdio.h>
#include <stdlib.h>

#include "../unit/test_evidence.h"
#include "node/credential/credential.h"
#include "proto/base/text.h"

static int
finish(json_t *document, const uint8_t secret[ED25519_SECRET], uint64_t when)
{
	char why[JCS_WHY];

	if (proof_create(document, secret, when, why) != OK) {
		(void)fprintf(stderr, "no proof: %s\n", why);
		return 1;
	}
	(void)json_dumpf(document, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(document);
	return 0;
}

static int
badge(void)
{
	const struct evidence e = test_evidence(EVIDENCE_CREDENTIAL);
	const struct test_author issuer = test_author(1);
	struct test_document d;
	json_t *out;

	test_document_all(&d, &e);
	if (credential_write(&e.credential, d.d.id, NULL, &out) != OK)
		return 1;
	return finish(out, issuer.secret, (uint64_t)e.credential.issued * 3600);
}

static int
sign(const char *seed_hex, const char *when)
{
	static char text[JCS_MAX];
	uint8_t seed[ED25519_SEED + 1], pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	struct buf b = { seed, 0, sizeof(seed) };
	char why[JCS_WHY];
	json_t *v;

	const size_t n = fread(text, 1, sizeof(text), stdin);
	if (hex_get(slice_str(seed_hex), &b) != OK || b.n != ED25519_SEED)
		return 2;
	if (jcs_read(slice_of(text, n), &v, why) != OK) {
		(void)fprintf(stderr, "%s\n", why);
		return 1;
	}
	ed25519_keypair(pub, secret, seed);
	return finish(v, secret, strtoull(when, NULL, 10));
}

int
main(int argc, char **argv)
{
	if (!crypto_init())
		return 1;
	if (argc == 2 && strcmp(argv[1], "badge") == 0)
		return badge();
	if (argc == 4 && strcmp(argv[1], "sign") == 0)
		return sign(argv[2], argv[3]);
	(void)fputs("usage: credential badge | sign SEED TIME\n", stderr);
	return 2;
}
