/*
 * What an adviser, a coach or a learning system hands to a person as JSON.
 * The first byte chooses: a bundle's file as it comes; the content of one,
 * signed here, so that all behind the signature is reached; a statement of
 * xAPI; facts of the owner's own. What is refused leaves nothing behind and
 * says why; a bundle opens with its own bytes under its own key alone; facts
 * that are taken make a tree.
 */
#include <stdlib.h>

#include "node/company/bundle.h"
#include "node/evidence/facts.h"
#include "node/evidence/xapi.h"
#include "proto/base/text.h"
#include "proto/record/names.h"

#define NET "test-fuzz"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char net[] = NET;
static struct config config = { .node = { .network = net } };
static const struct node node = { .config = &config };

static json_t *
json_of(const uint8_t *data, size_t size)
{
	return json_loadb(
	    (const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
}

static err
try_file(const json_t *file)
{
	uint8_t adviser[ED25519_PUBLIC];
	json_t *content;

	const err e = bundle_open(&node, file, &content, adviser);
	ASSERT(e == OK || e == ERR_FORM || e == ERR_PEER || e == ERR_AUTH);
	ASSERT((e == OK) == json_is_object(content));
	ASSERT(e == OK || content == NULL);
	json_decref(content);
	return e;
}

/* As the signer signs it: SPEC.md 20, "Bundles of advisers". */
static void
sign(const char *text, size_t n, char did[DID_KEY_TEXT],
    char hex[2 * ED25519_SIG + 1])
{
	static const uint8_t seed[ED25519_SEED] = { 7 };
	const struct crypto_part part = { text, n };
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET], sig[ED25519_SIG];
	uint8_t m[16 + 1 + sizeof(NET) - 1 + 32] = "ohcn-bundle-v1";

	m[16] = sizeof(NET) - 1;
	memcpy(m + 17, NET, sizeof(NET) - 1);
	hash_blake2b(m + sizeof(m) - 32, 32, "ohcn-bundlehash1", &part, 1);
	ed25519_keypair(pub, secret, seed);
	ed25519_sign(sig, m, sizeof(m), secret);
	did_key_put(did, pub);
	ASSERT(hex_put(hex, 2 * ED25519_SIG + 1, slice_of(sig, sizeof(sig))) ==
	       OK);
}

static void
try_content(const uint8_t *data, size_t size)
{
	char did[DID_KEY_TEXT], hex[2 * ED25519_SIG + 1];
	json_t *text = json_stringn((const char *)data, size);

	if (text == NULL)
		return; /* no UTF-8 */
	sign((const char *)data, size, did, hex);
	json_t *file = json_pack("{s:i,s:s,s:s,s:o,s:s}", "ohcn_bundle", 1,
	    "net", NET, "adviser", did, "content", text, "signature", hex);
	ASSERT(file != NULL);
	const err e = try_file(file);
	/* It is signed, and of this network. */
	ASSERT(e == OK || e == ERR_FORM);
	if (e == OK) {
		json_t *longer = json_sprintf("%.*s ", (int)size, data);
		(void)json_object_set_new(file, "content", longer);
		ASSERT(try_file(file) != OK);
	}
	json_decref(file);
}

static void
try_statement(const json_t *v)
{
	json_t *content = json_pack("{s:s}", "kept", "yes");
	char why[XAPI_WHY] = "";

	const err e = xapi_read(v, content, why);
	ASSERT(e == OK || e == ERR_FORM);
	if (e == ERR_FORM) {
		ASSERT(why[0] != '\0' && json_object_size(content) == 1);
	} else {
		ASSERT(json_is_string(json_object_get(content, "verb")));
	}
	ASSERT(json_object_get(content, "kept") != NULL);
	json_decref(content);
}

static void
try_facts(const json_t *v)
{
	static const uint8_t key[32] = { 1 }, id[CLAIM_TREE_ID] = { 2 };
	char why[FACTS_WHY] = "";
	unsigned left_out = 0;

	const err e = facts_check(v, why);
	ASSERT(e == OK || e == ERR_FORM || e == ERR_LIMIT);
	if (e != OK) {
		ASSERT(why[0] != '\0');
		return;
	}
	json_t *leaves = facts_leaves(v, NULL, NULL, &left_out);
	struct fact_tree *t = malloc(sizeof(*t));
	ASSERT(leaves != NULL && t != NULL && left_out == 0);
	ASSERT(json_array_size(leaves) == json_object_size(v));
	/* No fact, no tree. */
	ASSERT((facts_tree(leaves, key, id, t) == OK) ==
	       (json_object_size(v) > 0));
	free(t);
	json_decref(leaves);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	const uint8_t how = data[0] % 4;
	if (how == 1) {
		try_content(data + 1, size - 1);
		return 0;
	}
	json_t *v = json_of(data + 1, size - 1);
	if (v == NULL)
		return 0;
	if (how == 0)
		(void)try_file(v);
	else if (how == 2)
		try_statement(v);
	else
		try_facts(v);
	json_decref(v);
	return 0;
}
