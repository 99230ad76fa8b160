/*
 * scope.h: which records a node takes part in: classes, kinds, regions, a
 * horizon and a sample of authors. A node keeps what its scope has, announces
 * it in sync, and two nodes reconcile what both scopes have.
 *
 * A scope never looks at the content of a record and never changes its mind
 * about one: scope_has() is a pure function. Revocations are in every scope.
 * SPEC.md, "Scope".
 */
#pragma once

#include "proto/record/kind.h"

#define SCOPE_REGIONS     32
#define SCOPE_SAMPLES     2
#define SCOPE_SALT        8
#define SCOPE_AUTHOR      8 /* leading bytes of an author that it looks at */
#define SCOPE_EVERYBODY   UINT32_MAX
#define SCOPE_ALL_CLASSES ((1U << RECORD_CLASSES) - 1)

/* Authors with scope_author_hash(salt, author) < below; SCOPE_EVERYBODY: all
 * of them, whatever the hash. */
struct scope_sample {
	uint8_t salt[SCOPE_SALT];
	uint32_t below;
};

/*
 * The canonical form, which every function here returns and expects: regions
 * ascend, each once; samples that are everybody stand last and have a zero
 * salt; two samples ascend by salt and have different ones. A class_mask of 0
 * has nothing but revocations. Compare with scope_equal().
 */
struct scope {
	uint32_t class_mask; /* 1 << class; bits above the classes are 0 */
	uint64_t kinds[2];   /* kind k: bit k % 64 of kinds[k / 64] */
	uint8_t regions[SCOPE_REGIONS][2]; /* "de" */
	unsigned regions_n;                /* 0: all */
	uint32_t since_h;                  /* records with hour(seq) >= it */
	struct scope_sample samples[SCOPE_SAMPLES]; /* an author is in both */
};

/** scope_all(): every record. */
struct scope scope_all(void);

/** scope_none(): revocations alone. */
struct scope scope_none(void);

/**
 * scope_add_region(s, region): restrict to this region, or to one more. OK
 * also when it is there; ERR_LIMIT: SCOPE_REGIONS are; ERR_FORM: not two
 * letters a-z.
 */
NODISCARD err scope_add_region(struct scope *s, const char region[2]);

/** scope_kind(s, kind): does it have records of this kind at all? */
bool scope_kind(const struct scope *s, uint32_t kind);

/**
 * scope_has(s, kind, region, hour, author): is a record in it, by its kind,
 * region, hour(seq) and the first SCOPE_AUTHOR bytes of its author? A kind
 * that version 1 does not define is in none.
 */
bool scope_has(const struct scope *s, uint32_t kind, const char region[2],
    uint64_t hour, const uint8_t author[SCOPE_AUTHOR]);

/** scope_author_hash(salt, author): the top 32 bits of SipHash-2-4. */
uint32_t scope_author_hash(
    const uint8_t salt[SCOPE_SALT], const uint8_t author[SCOPE_AUTHOR]);

/** scope_equal(a, b): do they look the same? */
bool scope_equal(const struct scope *a, const struct scope *b);

/**
 * scope_meet(a, b, out): what both have. A sample each may stay: two of the
 * same salt become the smaller. ERR_LIMIT: over SCOPE_SAMPLES different ones;
 * ${out} is then scope_none(). ${out} may be ${a} or ${b}.
 */
NODISCARD err scope_meet(
    const struct scope *a, const struct scope *b, struct scope *out);

/** scope_covers(a, b): does ${a} have every record that ${b} has? True only
 * when it shows: two samples of different salts never cover each other. */
bool scope_covers(const struct scope *a, const struct scope *b);
