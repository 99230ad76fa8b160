/*
 * Credentials of others over the API: judged from their text alone; nothing
 * is kept, nothing is fetched.
 */
#include "node/api/parts.h"
#include "node/base/since.h"
#include "node/credential/report.h"
#include "node/node.h"

#define BODY_MAX ((size_t)64 << 10) /* judged on the loop's thread */

/* ?at= and ?key=; false: it has been answered. */
static bool
take_query(const struct node *n, struct http_request *r, uint64_t *now_s,
    uint8_t key[ED25519_PUBLIC], const uint8_t **trusted)
{
	const char *at = http_query(r, "at"), *did = http_query(r, "key");
	uint64_t hour;

	*now_s = node_now(n);
	*trusted = NULL;
	if (at != NULL) {
		if (since_read(at, *now_s, &hour) != OK || hour == 0) {
			http_fail(r, 400, "E3520", "at", "2026-01-31, 30d",
			    "this is no time");
			return false;
		}
		*now_s = hour * 3600;
	}
	if (did == NULL)
		return true;
	if (did_key_get(slice_str(did), key) != OK) {
		http_fail(r, 400, "E3520", "key", "did:key:z6Mk...",
		    "this is no did:key of Ed25519");
		return false;
	}
	*trusted = key;
	return true;
}

void
api_credential_verify(struct http_request *r, void *ctx)
{
	const struct slice text = http_body(r);
	uint8_t key[ED25519_PUBLIC];
	const uint8_t *trusted;
	struct credential_check c;
	char why[JCS_WHY] = "larger than 64 KiB";
	uint64_t now_s;
	json_t *document = NULL;

	if (!take_query(ctx, r, &now_s, key, &trusted))
		return;
	const err e =
	    text.n > BODY_MAX ? ERR_LIMIT : jcs_read(text, &document, why);
	if (e != OK || !json_is_object(document)) {
		http_fail(r, 422, "E3521", "credential",
		    "the JSON of one credential, of 64 KiB at most; ohcn "
		    "credential verify FILE takes 1 MiB",
		    "this is no credential as JSON: %s",
		    e == OK ? "not an object" : why);
		json_decref(document);
		return;
	}
	(void)credential_verify(document, now_s, trusted, &c);
	http_reply(r, 200, credential_check_json(&c));
	json_decref(document);
}
