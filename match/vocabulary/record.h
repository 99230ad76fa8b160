/*
 * vocabulary/record.h: terms that arrive in signed records: payloads of kind
 * vocabulary, and the own terms that a profile, demand or course carries.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"
#include "proto/record/value.h"

/**
 * vocabulary_add_record(b, payload):
 * Add the terms of a vocabulary payload as SOURCE_RECORD. Terms that cannot
 * be taken (a bad URI, no room in a label) are left out. ERR_FORM: not the
 * shape that the schema wants; ERR_LIMIT; ERR_NOMEM.
 */
NODISCARD err vocabulary_add_record(
    struct vocabulary_builder *b, const struct value *payload);

/**
 * vocabulary_add_own_terms(b, payload, key):
 * The same for the list [{uri, labels}] at ${key} of a payload: 18 of a
 * profile, 52 of a demand, 40 of a course. Their type is not told: skill. No
 * list is OK.
 */
NODISCARD err vocabulary_add_own_terms(
    struct vocabulary_builder *b, const struct value *payload, uint64_t key);

#define PROFILE_OWN_TERMS 18
#define DEMAND_OWN_TERMS  52
#define COURSE_OWN_TERMS  40
