/*
 * names.h: the text forms and short ids of the standard: record ids as CIDv1,
 * keys as did:key, terms, languages, topics. SPEC.md, "Names".
 */
#pragma once

#include "proto/record/kind.h"

#define RECORD_ID     32 /* bytes */
#define RECORD_AUTHOR 32 /* bytes: an Ed25519 public key */
#define TERM_ID       8  /* bytes */
#define NET_MAX       16 /* characters of a network's name */

/* Text sizes with the terminating zero. */
#define RECORD_ID_TEXT 72
#define DID_KEY_TEXT   64
#define TOPIC_TEXT     48

/** record_id_put(out, id): the CIDv1: messagepack, blake2b-256, base32. */
void record_id_put(char out[RECORD_ID_TEXT], const uint8_t id[RECORD_ID]);

/** record_id_get(text, id): ERR_FORM. */
NODISCARD err record_id_get(struct slice text, uint8_t id[RECORD_ID]);

/** did_key_put(out, key): "did:key:z6Mk...". */
void did_key_put(char out[DID_KEY_TEXT], const uint8_t key[RECORD_AUTHOR]);

/** did_key_get(text, key): ERR_FORM. */
NODISCARD err did_key_get(struct slice text, uint8_t key[RECORD_AUTHOR]);

/** term_of_uri(uri): BLAKE2b-64 of the URI's exact bytes, big-endian. */
uint64_t term_of_uri(struct slice uri);

/**
 * language_code(text): "de" -> 0x6465, "gsw" -> 0x677377; 0: not two or
 * three lower-case letters. The code is the key of a text map.
 */
uint32_t language_code(struct slice text);

/** language_put(out, code): the letters; false: no language code. */
bool language_put(char out[4], uint64_t code);

/** net_is_valid(net): 1 to 16 of [a-z0-9-]. */
bool net_is_valid(struct slice net);

/** net_stamp_bits(net): leading zero bits of stamps: 8 on "test-", else 24. */
unsigned net_stamp_bits(struct slice net);

/** topic_put(out, net, class): "/ohcn/1/main/people/0". */
void topic_put(char out[TOPIC_TEXT], struct slice net, enum record_class c);
