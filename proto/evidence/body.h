/*
 * body.h: internal to proto/evidence. The bodies of documents as tables: what
 * a field may hold (for schema_check() and for JSON), and where in the structs
 * of evidence.h it lies, so that one loop reads all types and one writes them.
 */
#pragma once

#include "proto/evidence/evidence.h"
#include "proto/evidence/fault.h"
#include "proto/record/schema.h"

/* How a field lies in its struct. */
enum body_form {
	BODY_U8,
	BODY_U16,
	BODY_U16_PLUS, /* the number + 1; 0: absent */
	BODY_U32,
	BODY_U64,
	BODY_FLAG,   /* bool; present as 1 */
	BODY_SCORE,  /* int16_t after a bool that says it is there */
	BODY_BYTES,  /* ${size} bytes */
	BODY_STR,    /* char[size], with a zero */
	BODY_SKILLS, /* struct evidence_skills */
	BODY_IDS,    /* uint8_t[size][32]; their number at ${count} */
	BODY_PLEDGE, /* struct pledge */
};

struct body_place {
	uint32_t key;
	enum body_form form;
	uint16_t at, size, count; /* ${count}: of BODY_IDS, BODY_SCORE */
};

struct body_type {
	struct schema schema;            /* kind: the type; NULL fields: none */
	const struct body_place *places; /* in the order of keys */
	size_t places_n;
};

/* Keys that every body has. */
enum { BODY_VERSION = 0, BODY_TYPE = 2, BODY_NET = 4 };
#define BODY_PAIRS_MAX 32

/** body_type_of(type): NULL: no such type. */
const struct body_type *body_type_of(uint64_t type);

/** body_read(map, e): fill ${e} from a map that fits the schema. */
void body_read(const struct value *map, struct evidence *e);

/* Memory for the values of one body while it is written. */
struct body_parts {
	struct value pairs[2 * BODY_PAIRS_MAX];
	size_t n;
	struct value lists[2 * EVIDENCE_SKILLS]; /* items of its lists */
	size_t lists_n;
	struct value small[8 * EVIDENCE_SKILLS + 16]; /* pairs of inner maps */
	size_t small_n;
	uint8_t terms[2 * EVIDENCE_SKILLS + 1][TERM_ID];
	size_t terms_n;
	bool over; /* a list was longer than its struct */
};

/**
 * body_write(e, net, p, out): the map; borrows ${e}, ${net} and ${p}. false:
 * a list claims more items than it has room for.
 */
NODISCARD bool body_write(const struct evidence *e, struct slice net,
    struct body_parts *p, struct value *out);

/** body_check(e): the rules beyond the tables. */
enum evidence_fault body_check(const struct evidence *e);

/** body_made(e): the hour that it states of itself. */
uint32_t body_made(const struct evidence *e);
