/*
 * kind.h: the kinds of record and what the standard fixes for each: how many
 * slots an author has, how long a record may live, how big it may be, in
 * which class of topics it travels. SPEC.md, "Kinds".
 */
#pragma once

#include "proto/base/base.h"

enum record_kind {
	KIND_PROFILE = 1,
	KIND_ORGANISATION = 2,
	KIND_DEMAND = 3,
	KIND_COURSE = 4,
	KIND_ASSESSMENT = 5,
	KIND_PATHWAY = 6,
	KIND_COMMUNITY = 7,
	KIND_ATTESTATION = 8,
	KIND_VOCABULARY = 9,
	KIND_STATISTIC = 10,
	KIND_ENVELOPE = 11,
	KIND_REVOCATION = 12,
};
#define KIND_LAST       12 /* the largest that version 1 defines */
#define KIND_OPEN_FIRST 64 /* open kinds: carried and stored unread */
#define KIND_OPEN_LAST  127

enum record_class {
	CLASS_PEOPLE,
	CLASS_DEMAND,
	CLASS_LEARN,
	CLASS_MAIL,
	CLASS_META,
};
#define RECORD_CLASSES 5

struct kind_info {
	const char *name; /* "profile"; open kinds are "open" */
	enum record_class class;
	uint32_t slots; /* K: slot numbers are below this */
	/* expires - hour(seq) is at most this; of a revocation exactly */
	uint32_t lifetime_hours;
	uint32_t body_bytes_max;
	bool stamped; /* must carry a stamp */
};

/** kind_info(kind): NULL for a kind that version 1 does not define. */
const struct kind_info *kind_info(uint64_t kind);

/** kind_by_name(name): the number, or 0. */
uint32_t kind_by_name(const char *name);

/** class_name(c): "people", as in topics. */
const char *class_name(enum record_class c);
