/*
 * test_records.h: signed records for tests: authors from small numbers, the
 * network "test-a" (whose stamps are cheap), payloads as hexadecimal.
 */
#pragma once

#include "proto/record/record.h"

#define TEST_NET  "test-a"
#define TEST_HOUR UINT64_C(500000) /* "now" in hours, some day in 2027 */
#define TEST_NOW  (TEST_HOUR * 3600 + 60)

struct test_author {
	uint8_t pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	uint8_t stamp[STAMP_WORK_BYTES];
};

/** test_author(n): the same for the same number; its stamp is for TEST_NET. */
struct test_author test_author(uint64_t n);

/* Fields with defaults: 0 or NULL stands for what the comment says. */
struct test_record {
	uint64_t author; /* test_author() */
	uint32_t kind;   /* KIND_PROFILE */
	uint32_t slot;
	uint64_t seq;       /* TEST_HOUR << 8 */
	uint64_t expires_h; /* seq's hour + 24 */
	uint64_t flags;
	uint64_t pv; /* the kind's; 0 where ${draft} */
	bool draft;
	const char *region;  /* "de" */
	const char *net;     /* TEST_NET */
	const char *payload; /* hexadecimal; a small valid one of the kind */
};

/** test_record_make(t, out, cap): the record's size; fails the test. */
size_t test_record_make(const struct test_record *t, uint8_t *out, size_t cap);

/** test_rules(): for TEST_NET at TEST_NOW, any class. */
struct record_rules test_rules(void);
