/*
 * schema.h: what the payload of each kind may hold, as tables. One table
 * drives the check of what comes from the network, the JSON that the API
 * speaks, and the error messages that name a field. SPEC.md, "Payloads".
 *
 * Rules for every payload map: a known key must fit its field; an unknown
 * even key means "do not interpret", an unknown odd key may be skipped.
 */
#pragma once

#include "proto/record/value.h"

/* Integers of payloads stay below 2^53, so that every language has them. */
#define FIELD_INTEGER_MAX ((INT64_C(1) << 53) - 1)

enum field_type {
	FIELD_UINT,     /* min..max */
	FIELD_INT,      /* min..max, may be negative */
	FIELD_BOOL,     /* the integers 0 and 1 */
	FIELD_STR,      /* text of min..max bytes */
	FIELD_TEXT,     /* map language -> text of 1..max bytes; 1..8 of them */
	FIELD_BYTES,    /* bin of min..max bytes; if ${choices}, so many */
	FIELD_TERM,     /* bin 8 */
	FIELD_LANGUAGE, /* a language code as in names.h */
	FIELD_REGION,   /* str, [a-z]{2} */
	FIELD_CURRENCY, /* str, [A-Z]{3} */
	FIELD_CHOICE,   /* one number of ${choices} */
	FIELD_BITS,     /* any sum of the numbers of ${choices}, not 0 */
	FIELD_LIST,     /* array of min..max ${element} */
	FIELD_MAP,      /* a map of ${fields} */
};

struct field_choice {
	uint32_t number;
	const char *name; /* kebab-case, as in JSON; NULL ends the list */
};

struct field {
	uint32_t key;
	const char *name; /* snake_case, as in JSON; NULL ends the list */
	enum field_type type;
	bool required;
	int64_t min, max;
	const struct field_choice *choices;
	const struct field *fields;  /* MAP */
	const struct field *element; /* LIST; its key and name are unused */
	/* UINT: what a writer of JSON means who leaves it out; 0: nothing.
	 * On the wire a required field is always there. */
	uint64_t usual;
};

/* The last row of a table of choices, of fields. */
#define CHOICES_END                                                            \
	{                                                                      \
		0, NULL                                                        \
	}
#define FIELDS_END                                                             \
	{                                                                      \
		.name = NULL                                                   \
	}

/* A payload schema: the fields of the map, for one kind and version. */
struct schema {
	uint32_t kind;
	uint64_t pv;
	const struct field *fields;
};

/** schema_of(kind, pv): NULL: none, the payload is carried unread. */
const struct schema *schema_of(uint32_t kind, uint64_t pv);

/** schema_latest(kind): the one to write with; NULL: none yet. */
const struct schema *schema_latest(uint32_t kind);

/** schema_pv(kind): its pv; 0 where there is none, of open kinds. */
uint64_t schema_pv(uint32_t kind);

enum schema_result {
	SCHEMA_OK,
	SCHEMA_OPAQUE, /* valid, but holds an unknown even key */
	SCHEMA_BAD,
};

#define SCHEMA_PATH_MAX 96
struct schema_fault {
	char path[SCHEMA_PATH_MAX]; /* "requirements[2].level" */
	char why[SCHEMA_PATH_MAX];  /* "must be 1 to 5" */
};

/** schema_check(s, payload, fault): ${fault} is filled on SCHEMA_BAD. */
NODISCARD enum schema_result schema_check(const struct schema *s,
    const struct value *payload, struct schema_fault *fault);

/** field_find(fields, name): by JSON name; NULL. */
const struct field *field_find(const struct field *fields, struct slice name);

/** field_by_key(fields, key): NULL. */
const struct field *field_by_key(const struct field *fields, uint64_t key);
