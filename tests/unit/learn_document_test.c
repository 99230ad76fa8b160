/*
 * Signed documents as input of trust and Learnability: each field, and what
 * does not count: unsigned, foreign, early, expired, revoked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/learn/document.h"
#include "test_evidence.h"

#define NOW_H (TEST_DUE + 10000)

static struct vocabulary *v;
static uint64_t craft, metal, welding;

static uint64_t
term_add(struct vocabulary_builder *b, const char *uri, const uint64_t *broader)
{
	const struct term_label label = { 0x656e, true, slice_str("label") };
	struct term_entry e = {
		.uri = slice_str(uri),
		.term = term_of_uri(slice_str(uri)),
		.type = TERM_SKILL,
		.source = SOURCE_CORE,
		.labels = &label,
		.labels_n = 1,
		.broader = broader,
		.broader_n = broader != NULL,
	};

	assert_int_equal(vocabulary_builder_add(b, &e), OK);
	return e.term;
}

static int
setup(void **state)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);

	(void)state;
	assert_non_null(b);
	craft = term_add(b, "urn:test:craft", NULL);
	metal = term_add(b, "urn:test:metal", &craft);
	welding = term_add(b, "urn:test:welding", &metal);
	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	vocabulary_free(v);
	return 0;
}

static struct evidence_skills
skill(uint64_t term)
{
	return (struct evidence_skills){ .n = 1, .at = { { term, 3 } } };
}

static void
test_outcome(void **state)
{
	static struct test_document agreement, outcome, follow_up;
	struct evidence a = test_evidence(EVIDENCE_AGREEMENT);
	struct evidence o = test_evidence(EVIDENCE_OUTCOME);
	struct evidence f = test_evidence(EVIDENCE_FOLLOW_UP);
	struct learn_term terms[LEARN_TERMS];
	struct learn_event e;
	struct learn_documents d = { .agreement = &agreement.d };

	(void)state;
	test_document_all(&agreement, &a);
	assert_false(learn_from_agreement(&d, v, NOW_H, &e, terms));
	o.outcome.learned = skill(welding);
	/* one that the vocabulary lacks is left out */
	o.outcome.learned.at[o.outcome.learned.n++] =
	    (struct evidence_skill){ 12345, 1 };
	o.outcome.applied = skill(metal);
	o.outcome.usefulness = 4;
	test_document(&outcome, &o, 0);
	d.outcome = &outcome.d;
	assert_false(learn_from_agreement(&d, v, NOW_H, &e, terms));
	test_document_all(&outcome, &o);
	assert_true(learn_from_agreement(&d, v, NOW_H, &e, terms));
	assert_memory_equal(e.agreement, agreement.d.id, 32);
	assert_memory_equal(e.id, outcome.d.id, 32);
	assert_memory_equal(e.learner, a.agreement.person, 32);
	assert_memory_equal(e.partner, a.agreement.company, 32);
	assert_int_equal(e.kind, LEARN_GIG);
	assert_int_equal(e.method, LEARN_APPLIED);
	assert_int_equal(e.value, 800);
	assert_int_equal(e.completion, LEARN_KEPT);
	assert_int_equal(e.pledge, LEARN_PARTLY);
	assert_true(e.opened);
	assert_int_equal(e.answer_days, 3);
	assert_int_equal(e.hours, 62);
	assert_int_equal(e.funded, 20);
	assert_int_equal(e.first_day, (TEST_MADE + 24) / 24);
	assert_int_equal(e.last_day, TEST_DUE / 24);
	assert_int_equal(e.month, learn_month(TEST_DUE + 10));
	assert_int_equal(e.terms_n, 2);
	assert_true(terms[0].term == welding && terms[0].group == metal &&
		    terms[0].parent == craft);
	assert_true(terms[0].learned && !terms[0].applied);
	assert_int_equal(terms[0].gap, LEARN_NOT_TOLD);
	assert_true(terms[1].term == metal && terms[1].group == craft &&
		    terms[1].parent == 0 && terms[1].applied);
	/* half a year later it is used */
	memcpy(f.follow_up.outcome, outcome.d.id, EVIDENCE_ID);
	f.follow_up.applied = skill(welding);
	test_document_all(&follow_up, &f);
	d.follow_up = &follow_up.d;
	assert_true(learn_from_agreement(&d, v, NOW_H, &e, terms));
	assert_true(terms[0].learned && terms[0].applied);
	/* of another agreement */
	a.agreement.nonce[0] ^= 1;
	test_document_all(&agreement, &a);
	assert_false(learn_from_agreement(&d, v, NOW_H, &e, terms));
}

/* The person's word about a pledge: only beside what both signed, in time. */
static void
test_claimed_pledge(void **state)
{
	static struct test_document agreement, claim;
	const struct evidence a = test_evidence(EVIDENCE_AGREEMENT);
	struct evidence c = test_evidence(EVIDENCE_ONE_SIDED);
	struct learn_term terms[LEARN_TERMS];
	struct learn_event e;
	const struct learn_documents d = { .agreement = &agreement.d,
		.one_sided = &claim.d };

	(void)state;
	c.one_sided.side = ROLE_PERSON;
	c.one_sided.pledge = PLEDGE_BROKEN;
	c.one_sided.at = TEST_DUE + EVIDENCE_GRACE_H + 5;
	test_document_all(&claim, &c);
	test_document(&agreement, &a, UINT64_C(1) << ROLE_COMPANY);
	assert_false(learn_from_agreement(&d, v, NOW_H, &e, terms));
	test_document_all(&agreement, &a);
	assert_true(learn_from_agreement(&d, v, NOW_H, &e, terms));
	assert_int_equal(e.pledge, LEARN_BROKEN);
	assert_int_equal(e.value, 0);
	assert_int_equal(e.completion, LEARN_NO_PROMISE);
	c.one_sided.at = TEST_DUE + 5;
	test_document_all(&claim, &c);
	assert_false(learn_from_agreement(&d, v, NOW_H, &e, terms));
}

static void
test_session(void **state)
{
	static struct test_document session;
	struct evidence s = test_evidence(EVIDENCE_SESSION);
	struct learn_term terms[LEARN_TERMS];
	struct learn_event e;

	(void)state;
	s.session.practised = skill(metal);
	test_document(&session, &s,
	    UINT64_C(1) << ROLE_PEER | UINT64_C(1) << (ROLE_PEER + 1) |
		UINT64_C(1) << (ROLE_PEER + 2));
	assert_true(learn_from_session(
	    &session.d, s.session.peers[0], s.session.peers[2], v, &e, terms));
	assert_int_equal(e.kind, LEARN_PEER_SESSION);
	assert_int_equal(e.method, LEARN_PEERS);
	assert_int_equal(e.hours, 1);
	assert_int_equal(e.terms_n, 1);
	assert_false(learn_from_session(
	    &session.d, s.session.peers[0], s.session.peers[3], v, &e, terms));
	assert_false(learn_from_session(
	    &session.d, s.session.peers[1], s.session.peers[1], v, &e, terms));
	test_document(&session, &s, UINT64_C(1) << ROLE_PEER);
	assert_false(learn_from_session(
	    &session.d, s.session.peers[0], s.session.peers[1], v, &e, terms));
}

static void
test_credential(void **state)
{
	static struct test_document credential, end;
	struct evidence c = test_evidence(EVIDENCE_CREDENTIAL);
	struct evidence x = test_evidence(EVIDENCE_CREDENTIAL_END);
	struct learn_term terms[LEARN_TERMS];
	struct trust_attestation a;
	struct learn_event e;
	const uint32_t now = TEST_MADE + 200;

	(void)state;
	c.credential.skills = skill(welding);
	test_document_all(&credential, &c);
	assert_true(
	    learn_from_credential(&credential.d, NULL, v, now, &e, terms));
	assert_int_equal(e.method, LEARN_OBSERVED);
	assert_memory_equal(e.learner, c.credential.holder, 32);
	assert_memory_equal(e.partner, c.credential.issuer, 32);
	assert_true(trust_from_credential(&credential.d, NULL, now, &a));
	assert_memory_equal(a.from, c.credential.issuer, 32);
	assert_memory_equal(a.to, c.credential.holder, 32);
	assert_int_equal(a.vouches, 1);
	/* over, taken back, not accepted */
	assert_false(learn_from_credential(
	    &credential.d, NULL, v, TEST_MADE + 9601, &e, terms));
	assert_false(
	    trust_from_credential(&credential.d, NULL, TEST_MADE + 9601, &a));
	memcpy(x.credential_end.credential, credential.d.id, EVIDENCE_ID);
	test_document_all(&end, &x);
	assert_false(
	    learn_from_credential(&credential.d, &end.d, v, now, &e, terms));
	test_document(&credential, &c, UINT64_C(1) << ROLE_COMPANY);
	assert_false(
	    learn_from_credential(&credential.d, NULL, v, now, &e, terms));
	assert_false(
	    trust_from_linked(&credential.d, &(struct trust_link){ 0 }));
}

static void
test_attestation_record(void **state)
{
	static const uint8_t author[TRUST_KEY] = { 1 },
			     other[TRUST_KEY] = { 2 };
	struct value pairs[] = { value_uint(0),
		value_bin(slice_of(other, sizeof(other))), value_uint(2),
		value_uint(33), value_uint(4), value_uint(750), value_uint(6),
		value_uint(5000) };
	const struct value payload = value_map(pairs, 4);
	struct trust_attestation a;

	(void)state;
	assert_true(trust_from_record(author, &payload, 4999, &a));
	assert_memory_equal(a.from, author, TRUST_KEY);
	assert_memory_equal(a.to, other, TRUST_KEY);
	assert_int_equal(a.share, 750);
	assert_int_equal(a.vouches, 33);
	assert_false(trust_from_record(author, &payload, 5000, &a));
	pairs[5] = value_uint(1001);
	assert_false(trust_from_record(author, &payload, 1, &a));
}

static void
test_months(void **state)
{
	static const struct {
		uint32_t day, month;
	} cases[] = { { 0, 0 }, { 30, 0 }, { 31, 1 }, { 58, 1 }, { 59, 2 },
		{ 364, 11 }, { 365, 12 }, { 789, 25 }, { 790, 26 },
		{ 11015, 361 }, { 11016, 361 }, { 11017, 362 }, { 11322, 371 },
		{ 11323, 372 }, { 20779, 682 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    learn_month(24 * cases[i].day + 23), cases[i].month);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_claimed_pledge),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_credential),
		cmocka_unit_test(test_attestation_record),
		cmocka_unit_test(test_months),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
