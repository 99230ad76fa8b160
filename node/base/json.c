#include "node/base/json.h"

#include <stdlib.h>

#include "proto/base/text.h"

void
json_text(json_t *o, const char *key, struct slice text)
{
	(void)json_object_set_new(
	    o, key, json_stringn((const char *)text.p, text.n));
}

void
json_id(json_t *o, const char *key, const uint8_t id[RECORD_ID])
{
	char text[RECORD_ID_TEXT];

	record_id_put(text, id);
	(void)json_object_set_new(o, key, json_string(text));
}

void
json_did(json_t *o, const char *key, const uint8_t pub[ED25519_PUBLIC])
{
	char text[DID_KEY_TEXT];

	did_key_put(text, pub);
	(void)json_object_set_new(o, key, json_string(text));
}

void
json_hex(json_t *o, const char *key, struct slice bytes)
{
	const size_t cap = 2 * bytes.n + 1;
	char *text = malloc(cap);

	if (text != NULL && hex_put(text, cap, bytes) == OK)
		(void)json_object_set_new(o, key, json_string(text));
	free(text);
}

void
json_uint(json_t *o, const char *key, uint64_t v)
{
	const json_int_t most = INT64_MAX;

	(void)json_object_set_new(
	    o, key, json_integer(v > (uint64_t)most ? most : (json_int_t)v));
}

void
json_truth(json_t *o, const char *key, bool v)
{
	(void)json_object_set_new(o, key, json_boolean(v));
}
