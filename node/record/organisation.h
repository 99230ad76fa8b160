/*
 * record/organisation.h: how an organisation and the keys it posts under name
 * each other: its record lists them, and they say so themselves, in an
 * organisation record of their own or in what they post. One side alone is
 * nothing: anybody could say it. SPEC.md 21,
 * "Posting keys".
 */
#pragma once

#include "store/store.h"

struct reader;
struct value;

#define ORGANISATION_NAME         0  /* of an organisation's payload */
#define ORGANISATION_POSTING_KEYS 10 /* keys of 32 bytes */

/* Kinds that may name their organisation, and the field. */
struct organisation_field {
	uint32_t kind;
	uint64_t field;
};
#define ORGANISATION_FIELDS 5
extern const struct organisation_field organisation_fields[ORGANISATION_FIELDS];

/** organisation_lists(payload, key): an organisation's or any other map. */
bool organisation_lists(
    const struct value *payload, const uint8_t key[RECORD_AUTHOR]);

/**
 * organisation_is_of(view, rd, now_s, organisation, key):
 * Do both say that ${key} posts for ${organisation}? Neither is revoked.
 * Looks at ORGANISATION_POSTINGS postings of a kind of ${key}: of more the
 * rest is not looked at.
 */
#define ORGANISATION_POSTINGS 64
bool organisation_is_of(struct store_view *view, struct reader *rd,
    uint64_t now_s, const uint8_t organisation[RECORD_AUTHOR],
    const uint8_t key[RECORD_AUTHOR]);
