/*
 * test_evidence.h: a sound document of each type for tests. The company is
 * test_author(1), the person test_author(2), the manager test_author(3);
 * participants of sessions are test_author(1..4) in the order of their keys.
 */
#pragma once

#include "proto/evidence/rules.h"
#include "test_records.h"

#define TEST_MADE 490000 /* the hour in which the samples were agreed */
#define TEST_DUE  492000 /* of the sample agreement and its pledge */

/**
 * test_evidence(type): every optional field is set, but for a manager. What
 * refers to an agreement refers to the sample one.
 */
struct evidence test_evidence(enum evidence_type type);

/** test_role_author(e, role): whose signature that is. */
struct test_author test_role_author(const struct evidence *e, unsigned role);

/* A document and the bytes it borrows. */
struct test_document {
	uint8_t bytes[DOCUMENT_MAX];
	size_t n;
	struct document d;
};

/** test_document(t, e, roles): written, signed by ${roles} (1 << role). */
void test_document(
    struct test_document *t, const struct evidence *e, uint64_t roles);

/** test_document_all(t, e): signed by all who may. */
void test_document_all(struct test_document *t, const struct evidence *e);
