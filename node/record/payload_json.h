/*
 * payload_json.h: the payload of a record as JSON and back, by walking the
 * tables of schema.h. What the API, the command line and importers speak.
 *
 * The form: field names are keys; a choice is its name, bits are a list of
 * names; 0/1 fields are true/false; a language is "de", a text is
 * {"en": "..."}; the key of an author is a did:key, other bytes are
 * hexadecimal. A term is 16 hexadecimal digits; with labels
 * asked for, a map with a "term" gets a "label" beside it, and a term that
 * stands alone becomes {"term": ..., "label": ...}.
 *
 * Reading also takes: a term as a URI (anything with ':'), as an object with
 * "term" or "uri" ("label" is for people and skipped); keys and ids in any
 * of their forms; "B2" or "native" for a CEFR level; capitals in a language
 * or region; 0 and 1 for a truth value; a requirement without a "weight" as
 * one of weight 50 (a field's usual value, schema.h).
 */
#pragma once

#include <jansson.h>

#include "proto/base/arena.h"
#include "proto/record/schema.h"

/* Room that payload_from_json() may need: VALUE_ARENA_BYTES and the bytes. */
#define PAYLOAD_ARENA_BYTES (VALUE_ARENA_BYTES + 32768)

/* Where labels come from. */
struct payload_labels {
	/* false: unknown term; ${label} need only live until the next call */
	bool (*label)(void *ctx, uint64_t term, struct slice *label);
	void *ctx;
};

/* What is wrong with JSON from a user, and what would be right. */
struct payload_fault {
	char path[SCHEMA_PATH_MAX]; /* "requirements[2].level" */
	char why[160];              /* "must be 1 to 5" */
	char hint[160];             /* "did you mean ...?"; may be "" */
};

/**
 * payload_to_json(s, payload, labels, out):
 * ${payload} fits ${s} (schema_check() said so); ${labels} may be NULL. Keys
 * that the schema does not know are named in "_unknown_keys" (numbers); such
 * JSON is not taken back. ERR_FORM: it does not fit; ERR_NOMEM.
 */
NODISCARD err payload_to_json(const struct schema *s,
    const struct value *payload, const struct payload_labels *labels,
    json_t **out);

/**
 * payload_from_json(s, in, arena, out, fault):
 * ${out} borrows ${in} and ${arena} and is a payload that schema_check()
 * accepts. ERR_FORM: ${fault} says what and where; ERR_LIMIT: larger than
 * any record (${fault} says so too).
 */
NODISCARD err payload_from_json(const struct schema *s, const json_t *in,
    struct arena *arena, struct value *out, struct payload_fault *fault);

/** payload_fault_text(f, out, cap): "PATH: WHY (HINT)". */
void payload_fault_text(const struct payload_fault *f, char *out, size_t cap);

/**
 * cefr_level(text): 1 for "A1" .. 6 for "C2", 7 for "native", in any case;
 * 0: neither.
 */
unsigned cefr_level(struct slice text);
