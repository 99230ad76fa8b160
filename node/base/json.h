/*
 * json.h: one member of a JSON object in the form that all our JSON has it.
 * Each adds ${key} to ${o}; without memory the member is missing, which the
 * schemas of the answers show. Any thread.
 */
#pragma once

#include <jansson.h>

#include "proto/record/record.h"

/** json_text(o, key, text): UTF-8; what is not is left out. */
void json_text(json_t *o, const char *key, struct slice text);

/** json_id(o, key, id): a record's id, as record_id_put() writes it. */
void json_id(json_t *o, const char *key, const uint8_t id[RECORD_ID]);

/** json_did(o, key, pub): a key as did:key. */
void json_did(json_t *o, const char *key, const uint8_t pub[ED25519_PUBLIC]);

/** json_hex(o, key, bytes): lower case. */
void json_hex(json_t *o, const char *key, struct slice bytes);

/** json_uint(o, key, v): at most INT64_MAX. */
void json_uint(json_t *o, const char *key, uint64_t v);

void json_truth(json_t *o, const char *key, bool v);
