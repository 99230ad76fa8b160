#include "node/company/bundle.h"

#include <stdlib.h>

#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "proto/base/text.h"
#include "proto/record/names.h"

static void
hash_of(uint8_t out[32], const char *text, size_t n)
{
	const struct crypto_part part = { text, n };

	hash_blake2b(out, 32, "ohcn-bundlehash1", &part, 1);
}

/* pad16("ohcn-bundle-v1") || len(net) || net || hash, as the signer signs. */
static bool
bundle_verify(struct slice net, const uint8_t hash[32],
    const uint8_t adviser[ED25519_PUBLIC], const uint8_t sig[ED25519_SIG])
{
	uint8_t m[16 + 1 + NET_MAX + 32] = "ohcn-bundle-v1";

	if (net.n > NET_MAX)
		return false;
	m[16] = (uint8_t)net.n;
	memcpy(m + 17, net.p, net.n);
	memcpy(m + 17 + net.n, hash, 32);
	return ed25519_verify(sig, m, 17 + net.n + 32, adviser);
}

err
bundle_make(
    struct node *n, uint32_t persona, const json_t *content, json_t **out)
{
	char *text = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);
	uint8_t hash[32], sig[ED25519_SIG];
	char hex[2 * ED25519_SIG + 1], did[DID_KEY_TEXT];

	*out = NULL;
	if (text == NULL)
		return ERR_NOMEM;
	err e = strlen(text) > BUNDLE_MAX ? ERR_LIMIT : OK;
	if (e == OK) {
		hash_of(hash, text, strlen(text));
		e = signer_sign(n->signer, persona, SIGN_BUNDLE, 0,
		    slice_str(n->config->node.network), slice_of(hash, 32),
		    sig);
	}
	if (e == OK)
		e = hex_put(hex, sizeof(hex), slice_of(sig, sizeof(sig)));
	if (e == OK) {
		did_key_put(did, persona_get(n, persona)->pub);
		*out = json_pack("{s:i,s:s,s:s,s:s,s:s}", "ohcn_bundle", 1,
		    "net", n->config->node.network, "adviser", did, "content",
		    text, "signature", hex);
	}
	free(text);
	return e == OK && *out == NULL ? ERR_NOMEM : e;
}

err
bundle_open(const struct node *n, const json_t *file, json_t **content,
    uint8_t adviser[ED25519_PUBLIC])
{
	const json_t *text = json_object_get(file, "content");
	const char *net = json_string_value(json_object_get(file, "net"));
	const char *did = json_string_value(json_object_get(file, "adviser"));
	const char *hex = json_string_value(json_object_get(file, "signature"));
	uint8_t hash[32], sig[ED25519_SIG];
	struct buf out = { sig, 0, sizeof(sig) };

	*content = NULL;
	if (json_integer_value(json_object_get(file, "ohcn_bundle")) != 1 ||
	    !json_is_string(text) || json_string_length(text) > BUNDLE_MAX ||
	    net == NULL || did == NULL || hex == NULL ||
	    did_key_get(slice_str(did), adviser) != OK ||
	    hex_get(slice_str(hex), &out) != OK || out.n != sizeof(sig))
		return ERR_FORM;
	if (strcmp(net, n->config->node.network) != 0)
		return ERR_PEER;
	hash_of(hash, json_string_value(text), json_string_length(text));
	if (!bundle_verify(slice_str(net), hash, adviser, sig))
		return ERR_AUTH;
	*content = json_loadb(json_string_value(text), json_string_length(text),
	    JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(*content))
		return OK;
	json_decref(*content);
	*content = NULL;
	return ERR_FORM;
}
