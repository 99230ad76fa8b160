/*
 * Documents of evidence: each type there and back, who must sign, every named
 * fault, and what follows from several of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/record/value.h"
#include "test_evidence.h"

static uint8_t scratch_bytes[DOCUMENT_SCRATCH_BYTES];
static struct arena scratch;
static const char net_name[] = TEST_NET;

static struct slice
net(void)
{
	return slice_str(net_name);
}

static enum evidence_fault
open_it(struct slice bytes, struct document *d)
{
	return document_open(bytes, net(), 0, &scratch, d);
}

static void
expect(enum evidence_fault is, enum evidence_fault want, const char *what)
{
	if (is != want)
		fail_msg("%s: %s, not %s", what, evidence_fault_name(is),
		    evidence_fault_name(want));
}

/* Written, read and written again: the same bytes. */
static void
test_there_and_back(void **state)
{
	(void)state;
	for (unsigned type = 1; type <= EVIDENCE_TYPES; type++) {
		const struct evidence e = test_evidence(type);
		struct test_document t;
		uint8_t again[DOCUMENT_MAX];
		struct buf out = { again, 0, sizeof(again) };
		test_document(&t, &e, 0);
		assert_int_equal(t.d.is.type, type);
		assert_false(t.d.complete);
		assert_int_equal(t.d.signed_by, 0);
		expect(document_write(&t.d.is, net(), &scratch, &out),
		    EVIDENCE_FINE, evidence_type_name(type));
		assert_int_equal(out.n, t.n);
		assert_memory_equal(again, t.bytes, t.n);
		test_document_all(&t, &e);
		assert_true(t.d.complete);
		assert_int_equal(t.d.signed_by, t.d.needed);
	}
	assert_null(evidence_type_name(0));
	assert_null(evidence_type_name(EVIDENCE_TYPES + 1));
	assert_null(document_schema(0));
	assert_null(document_schema(EVIDENCE_TYPES + 1));
}

static void
test_fields_survive(void **state)
{
	struct test_document t;
	struct evidence e = test_evidence(EVIDENCE_AGREEMENT);

	(void)state;
	test_document(&t, &e, 0);
	const struct agreement *a = &t.d.is.agreement;
	assert_int_equal(a->coverage, 601);
	assert_int_equal(a->answer_days, 4);
	assert_string_equal(a->title, "Map the harbour");
	assert_string_equal(a->pledge.currency, "EUR");
	assert_int_equal(a->pledge.amount, 50000);
	assert_int_equal(a->pledge.term, 77);
	assert_string_equal(a->pledge.conditions, "after the first month");
	assert_int_equal(a->teaches.n, 2);
	assert_true(a->teaches.at[1].term == UINT64_C(0x1122334455667701));
	assert_int_equal(a->teaches.at[1].level, 2);
	assert_memory_equal(a->person, e.agreement.person, 32);
	assert_memory_equal(a->terms_hash, e.agreement.terms_hash, 32);
	assert_int_equal(a->pledge.deadline, TEST_DUE);
	e = test_evidence(EVIDENCE_PROGRESS);
	test_document(&t, &e, 0);
	assert_true(t.d.is.progress.scored);
	assert_int_equal(t.d.is.progress.score, -250);
	e.progress.scored = true;
	e.progress.score = 0; /* not the same as no score */
	test_document(&t, &e, 0);
	assert_true(t.d.is.progress.scored);
	e.progress.scored = false;
	test_document(&t, &e, 0);
	assert_false(t.d.is.progress.scored);
	e = test_evidence(EVIDENCE_SESSION);
	test_document(&t, &e, 0);
	assert_memory_equal(
	    t.d.is.session.peers, e.session.peers, sizeof(e.session.peers));
	assert_int_equal(t.d.is.session.peers_n, 4);
	assert_int_equal(t.d.is.session.k, 3);
	e = test_evidence(EVIDENCE_CREDENTIAL);
	test_document(&t, &e, 0);
	assert_true(t.d.is.credential.coach);
	assert_int_equal(t.d.is.credential.refs_n, 2);
	assert_int_equal(t.d.is.credential.refs[1][0], 2);
}

/* ---- what no document may say ---- */

typedef void spoil(struct evidence *e);

#define SPOIL(name, statement)                                                 \
	static void name(struct evidence *e)                                   \
	{                                                                      \
		statement;                                                     \
	}

SPOIL(own_company, memcpy(e->agreement.person, e->agreement.company, 32))
SPOIL(manager_is_person, (memcpy(e->agreement.manager, e->agreement.person, 32),
			     memcpy(e->agreement.team, "B", 2)))
SPOIL(manager_without_team, e->agreement.manager[0] = 1)
SPOIL(team_without_manager, memcpy(e->agreement.team, "B", 2))
SPOIL(starts_after_end, e->agreement.start = e->agreement.end + 1)
SPOIL(made_after_end, e->agreement.made = e->agreement.end + 1)
SPOIL(pledge_due_before, e->agreement.pledge.deadline = e->agreement.made - 1)
SPOIL(amount_without_currency, e->agreement.pledge.currency[0] = 0)
SPOIL(currency_without_amount, e->agreement.pledge.amount = 0)
SPOIL(small_currency, memcpy(e->agreement.pledge.currency, "eur", 4))
SPOIL(no_hours, e->agreement.hours = 0)
SPOIL(no_kind, e->agreement.kind = 0)
SPOIL(kind_10, e->agreement.kind = 10)
SPOIL(level_6, e->agreement.teaches.at[0].level = 6)
SPOIL(skill_twice, e->agreement.teaches.at[1] = e->agreement.teaches.at[0])
SPOIL(list_too_long, e->agreement.teaches.n = EVIDENCE_SKILLS + 1)
SPOIL(coverage_1001, e->agreement.coverage = 1002)
SPOIL(control_in_title, memcpy(e->agreement.title, "a\nb", 4))
SPOIL(bad_utf8, memcpy(e->agreement.title, "\xff", 2))
SPOIL(own_outcome, memcpy(e->outcome.person, e->outcome.company, 32))
SPOIL(share_of_kept, e->outcome.pledge = PLEDGE_KEPT)
SPOIL(share_1000, e->outcome.pledge_share = 1000)
SPOIL(usefulness_0, e->outcome.usefulness = 0)
SPOIL(usefulness_6, e->outcome.usefulness = 6)
SPOIL(invested_over_hours, e->outcome.invested_hours = e->outcome.hours + 1)
SPOIL(ended_after, e->outcome.ended = e->outcome.at + 1)
SPOIL(ended_before, e->outcome.began = e->outcome.ended + 1)
SPOIL(nothing_to_progress_in,
    (memset(e->progress.agreement, 0, 32), memset(e->progress.subject, 0, 32)))
SPOIL(score_over, e->progress.score = 1001)
SPOIL(number_0, e->progress.number = 0)
SPOIL(own_session, memcpy(e->session.peers[1], e->session.peers[0], 32))
SPOIL(peers_unsorted, e->session.peers[0][0] = 0xff)
SPOIL(one_peer, e->session.peers_n = 1)
SPOIL(k_over_n, e->session.k = 5)
SPOIL(k_1, e->session.k = 1)
SPOIL(own_credential, memcpy(e->credential.holder, e->credential.issuer, 32))
SPOIL(no_skill_no_grade, (e->credential.skills.n = 0, e->credential.grade = 0,
			     e->credential.coach = false))
SPOIL(coach_without_grade, e->credential.grade = 0)
SPOIL(never_valid, e->credential.expires = e->credential.issued)
SPOIL(valid_too_long,
    e->credential.expires = e->credential.issued + EVIDENCE_VALID_H + 1)
SPOIL(grade_500, e->credential.grade = 500)
SPOIL(says_nothing,
    (e->one_sided.pledge = 0, e->one_sided.hours = 0, e->one_sided.text[0] = 0))
SPOIL(side_3, e->one_sided.side = 3)
SPOIL(moved_nowhere, memcpy(e->moved.to, e->moved.from, 32))
SPOIL(linked_itself, memcpy(e->linked.a, e->linked.b, 32))

static void
test_what_is_refused(void **state)
{
	static const struct {
		enum evidence_type type;
		spoil *spoil;
		enum evidence_fault want;
	} cases[] = {
		{ EVIDENCE_AGREEMENT, own_company, EVIDENCE_BAD_PARTIES },
		{ EVIDENCE_AGREEMENT, manager_is_person, EVIDENCE_BAD_PARTIES },
		{ EVIDENCE_AGREEMENT, manager_without_team, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, team_without_manager, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, starts_after_end, EVIDENCE_BAD_TIMES },
		{ EVIDENCE_AGREEMENT, made_after_end, EVIDENCE_BAD_TIMES },
		{ EVIDENCE_AGREEMENT, pledge_due_before, EVIDENCE_BAD_TIMES },
		{ EVIDENCE_AGREEMENT, amount_without_currency,
		    EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, currency_without_amount,
		    EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, small_currency, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, no_hours, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, no_kind, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, kind_10, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, level_6, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, skill_twice, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, list_too_long, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, coverage_1001, EVIDENCE_BAD_BODY },
		{ EVIDENCE_AGREEMENT, control_in_title,
		    EVIDENCE_NOT_CANONICAL },
		{ EVIDENCE_AGREEMENT, bad_utf8, EVIDENCE_NOT_CANONICAL },
		{ EVIDENCE_OUTCOME, own_outcome, EVIDENCE_BAD_PARTIES },
		{ EVIDENCE_OUTCOME, share_of_kept, EVIDENCE_BAD_BODY },
		{ EVIDENCE_OUTCOME, share_1000, EVIDENCE_BAD_BODY },
		{ EVIDENCE_OUTCOME, usefulness_0, EVIDENCE_BAD_BODY },
		{ EVIDENCE_OUTCOME, usefulness_6, EVIDENCE_BAD_BODY },
		{ EVIDENCE_OUTCOME, invested_over_hours, EVIDENCE_BAD_BODY },
		{ EVIDENCE_OUTCOME, ended_after, EVIDENCE_BAD_TIMES },
		{ EVIDENCE_OUTCOME, ended_before, EVIDENCE_BAD_TIMES },
		{ EVIDENCE_PROGRESS, nothing_to_progress_in,
		    EVIDENCE_BAD_BODY },
		{ EVIDENCE_PROGRESS, score_over, EVIDENCE_BAD_BODY },
		{ EVIDENCE_PROGRESS, number_0, EVIDENCE_BAD_BODY },
		{ EVIDENCE_SESSION, own_session, EVIDENCE_BAD_PARTIES },
		{ EVIDENCE_SESSION, peers_unsorted, EVIDENCE_BAD_PARTIES },
		{ EVIDENCE_SESSION, one_peer, EVIDENCE_BAD_BODY },
		{ EVIDENCE_SESSION, k_over_n, EVIDENCE_BAD_BODY },
		{ EVIDENCE_SESSION, k_1, EVIDENCE_BAD_BODY },
		{ EVIDENCE_CREDENTIAL, own_credential, EVIDENCE_BAD_PARTIES },
		{ EVIDENCE_CREDENTIAL, no_skill_no_grade, EVIDENCE_BAD_BODY },
		{ EVIDENCE_CREDENTIAL, coach_without_grade, EVIDENCE_BAD_BODY },
		{ EVIDENCE_CREDENTIAL, never_valid, EVIDENCE_BAD_TIMES },
		{ EVIDENCE_CREDENTIAL, valid_too_long, EVIDENCE_BAD_TIMES },
		{ EVIDENCE_CREDENTIAL, grade_500, EVIDENCE_BAD_BODY },
		{ EVIDENCE_ONE_SIDED, says_nothing, EVIDENCE_BAD_BODY },
		{ EVIDENCE_ONE_SIDED, side_3, EVIDENCE_BAD_BODY },
		{ EVIDENCE_MOVED, moved_nowhere, EVIDENCE_BAD_PARTIES },
		{ EVIDENCE_LINKED, linked_itself, EVIDENCE_BAD_PARTIES },
	};
	uint8_t bytes[DOCUMENT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct evidence e = test_evidence(cases[i].type);
		struct buf out = { bytes, 0, sizeof(bytes) };
		char what[64];
		cases[i].spoil(&e);
		(void)snprintf(what, sizeof(what), "case %zu, %s", i,
		    evidence_type_name(cases[i].type));
		expect(document_write(&e, net(), &scratch, &out), cases[i].want,
		    what);
		assert_int_equal(out.n, 0);
	}
}

/* ---- bytes of strangers ---- */

/* A body of one pair each, and whatever signatures, as bytes. */
static struct slice
outer_of(const struct value *map, uint64_t sigtype, struct value sigs,
    uint8_t *bytes, size_t cap)
{
	uint8_t raw[DOCUMENT_MAX + 512];
	struct buf body = { raw, 0, sizeof(raw) }, out = { bytes, 0, cap };

	assert_int_equal(value_write(map, &body), OK);
	struct value items[3] = { value_bin(buf_slice(&body)),
		value_uint(sigtype), sigs };
	const struct value all = value_array(items, 3);
	assert_int_equal(value_write(&all, &out), OK);
	return buf_slice(&out);
}

static void
test_forms(void **state)
{
	const uint8_t zeros[3000] = { 0 };
	uint8_t bytes[8192], sig[ED25519_SIG] = { 1 };
	struct document d;
	struct value pairs[12] = { value_uint(0), value_uint(1), value_uint(2),
		value_uint(10), value_uint(4), value_str(net()), value_uint(6),
		value_bin(slice_of(zeros, 32)), value_uint(8),
		value_bin(slice_of(sig, 32)), value_uint(14), value_uint(5) };
	const struct value map = value_map(pairs, 6);
	const struct value none = value_array(NULL, 0);

	(void)state;
	expect(open_it(outer_of(&map, 1, none, bytes, 8192), &d), EVIDENCE_FINE,
	    "as it is");
	expect(open_it(outer_of(&map, 2, none, bytes, 8192), &d),
	    EVIDENCE_UNKNOWN_VERSION, "sigtype");
	expect(open_it(slice_str(""), &d), EVIDENCE_NOT_CANONICAL, "empty");
	expect(open_it(slice_str("\x90"), &d), EVIDENCE_MALFORMED, "[]");
	expect(open_it(slice_of(zeros, DOCUMENT_MAX + 1 > sizeof(zeros)
					   ? sizeof(zeros)
					   : DOCUMENT_MAX + 1),
		   &d),
	    EVIDENCE_NOT_CANONICAL, "trailing");
	pairs[1] = value_uint(2);
	expect(open_it(outer_of(&map, 1, none, bytes, 8192), &d),
	    EVIDENCE_UNKNOWN_VERSION, "version");
	pairs[1] = value_str(slice_str("1"));
	expect(open_it(outer_of(&map, 1, none, bytes, 8192), &d),
	    EVIDENCE_MALFORMED, "version as text");
	pairs[1] = value_uint(1);
	pairs[3] = value_uint(EVIDENCE_TYPES + 1);
	expect(open_it(outer_of(&map, 1, none, bytes, 8192), &d),
	    EVIDENCE_UNKNOWN_TYPE, "type");
	pairs[3] = value_uint(UINT64_C(0x10000000a));
	expect(open_it(outer_of(&map, 1, none, bytes, 8192), &d),
	    EVIDENCE_UNKNOWN_TYPE, "large type");
	pairs[3] = value_uint(10);
	pairs[5] = value_str(slice_str("main"));
	expect(open_it(outer_of(&map, 1, none, bytes, 8192), &d),
	    EVIDENCE_WRONG_NET, "net");
	pairs[5] = value_str(net());
	pairs[10] = value_uint(12); /* even, and unknown; 14 is missing */
	expect(open_it(outer_of(&map, 1, none, bytes, 8192), &d),
	    EVIDENCE_BAD_BODY, "a field is missing");
	pairs[10] = value_uint(14);
	struct value more[16];
	memcpy(more, pairs, sizeof(pairs));
	more[12] = value_uint(15);
	more[13] = value_bin(slice_of(zeros, 5));
	const struct value odd = value_map(more, 7);
	expect(open_it(outer_of(&odd, 1, none, bytes, 8192), &d), EVIDENCE_FINE,
	    "an odd key");
	more[12] = value_uint(16);
	expect(open_it(outer_of(&odd, 1, none, bytes, 8192), &d),
	    EVIDENCE_UNKNOWN_FIELD, "an even key");
	more[12] = value_uint(15);
	more[13] = value_bin(slice_of(zeros, 3000));
	expect(open_it(outer_of(&odd, 1, none, bytes, 8192), &d),
	    EVIDENCE_OVERSIZE, "too long");
	const struct value text = value_str(slice_str("x"));
	expect(open_it(outer_of(&text, 1, none, bytes, 8192), &d),
	    EVIDENCE_MALFORMED, "a body that is text");
	expect(open_it(outer_of(&map, 1, value_uint(1), bytes, 8192), &d),
	    EVIDENCE_MALFORMED, "signatures that are none");
}

static void
test_signature_lists(void **state)
{
	uint8_t sig[3][ED25519_SIG] = { { 1 }, { 2 }, { 3 } };
	uint8_t bytes[8192];
	static const struct {
		unsigned roles[3], n;
		size_t bytes;
		enum evidence_fault want;
	} cases[] = {
		{ { 1 }, 1, 64, EVIDENCE_BAD_SIGNATURE },
		{ { 1 }, 1, 63, EVIDENCE_MALFORMED },
		{ { 0 }, 1, 64, EVIDENCE_BAD_ROLE },
		{ { 3 }, 1, 64, EVIDENCE_BAD_ROLE }, /* no manager is named */
		{ { 16 }, 1, 64, EVIDENCE_BAD_ROLE },
		{ { 64 }, 1, 64, EVIDENCE_BAD_ROLE },
		{ { 255 }, 1, 64, EVIDENCE_BAD_ROLE },
		{ { 256 }, 1, 64, EVIDENCE_MALFORMED },
		{ { 2 }, 1, 64, EVIDENCE_BAD_ORDER },
		{ { 2, 1 }, 2, 64, EVIDENCE_BAD_ROLE },
		{ { 1, 1 }, 2, 64, EVIDENCE_BAD_ROLE },
	};
	const struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	struct test_document t;
	struct value map;

	(void)state;
	test_document(&t, &e, 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct value pairs[3][2], list[3];
		struct document d;
		char what[32];
		for (unsigned k = 0; k < cases[i].n; k++) {
			pairs[k][0] = value_uint(cases[i].roles[k]);
			pairs[k][1] =
			    value_bin(slice_of(sig[k], cases[i].bytes));
			list[k] = value_array(pairs[k], 2);
		}
		arena_reset(&scratch);
		assert_int_equal(value_parse(t.d.body, &scratch, &map), OK);
		const struct slice in = outer_of(&map, 1,
		    value_array(list, cases[i].n), bytes, sizeof(bytes));
		(void)snprintf(what, sizeof(what), "case %zu", i);
		expect(open_it(in, &d), cases[i].want, what);
	}
}

/* Cut anywhere, or with any bit turned, it is no document that both signed. */
static void
test_damage(void **state)
{
	(void)state;
	for (unsigned type = 1; type <= EVIDENCE_TYPES; type++) {
		const struct evidence e = test_evidence(type);
		struct test_document t;
		struct document d;
		test_document_all(&t, &e);
		for (size_t n = 0; n < t.n; n += 7)
			expect(open_it(slice_of(t.bytes, n), &d),
			    EVIDENCE_NOT_CANONICAL, "cut");
		for (size_t i = 0; i < 8 * t.n; i += 37) {
			t.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
			if (open_it(slice_of(t.bytes, t.n), &d) ==
			    EVIDENCE_FINE)
				fail_msg("type %u, bit %zu", type, i);
			t.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		}
	}
}

static void
test_who_signs(void **state)
{
	struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	const struct test_author company = test_author(1),
				 person = test_author(2),
				 manager = test_author(3);
	struct test_document t;
	uint8_t bytes[DOCUMENT_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };

	(void)state;
	memcpy(e.agreement.manager, manager.pub, 32);
	memcpy(e.agreement.team, "Team North", 11);
	test_document(&t, &e, 0);
	const struct slice in = slice_of(t.bytes, t.n);
	expect(document_sign(
		   in, net(), ROLE_PERSON, person.secret, &scratch, &out),
	    EVIDENCE_BAD_ORDER, "the person first");
	expect(document_sign(
		   in, net(), ROLE_COMPANY, person.secret, &scratch, &out),
	    EVIDENCE_BAD_ROLE, "another's key");
	expect(
	    document_sign(in, net(), ROLE_PEER, company.secret, &scratch, &out),
	    EVIDENCE_BAD_ROLE, "no such role");
	expect(document_sign(in, slice_str("main"), ROLE_COMPANY,
		   company.secret, &scratch, &out),
	    EVIDENCE_WRONG_NET, "another network");
	assert_int_equal(out.n, 0);
	test_document(&t, &e, 1U << ROLE_MANAGER);
	assert_false(t.d.complete);
	test_document(&t, &e, 1U << ROLE_COMPANY | 1U << ROLE_PERSON);
	assert_false(t.d.complete); /* without permission it is none */
	test_document(&t, &e, 14);
	assert_true(t.d.complete);
	assert_int_equal(document_role_of(&t.d, manager.pub), ROLE_MANAGER);
	assert_int_equal(document_role_of(&t.d, e.agreement.subject), 0);
	/* Signed again: the same bytes. */
	expect(document_sign(slice_of(t.bytes, t.n), net(), ROLE_PERSON,
		   person.secret, &scratch, &out),
	    EVIDENCE_FINE, "twice");
	assert_int_equal(out.n, t.n);
	assert_memory_equal(bytes, t.bytes, t.n);
}

/* Both sign their own copy of an outcome; one document comes of it. */
static void
test_merge(void **state)
{
	const struct evidence e = test_evidence(EVIDENCE_OUTCOME);
	struct evidence other = e;
	struct test_document all, a, b, c;
	uint8_t bytes[DOCUMENT_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };

	(void)state;
	other.outcome.usefulness = 4;
	test_document_all(&all, &e);
	test_document(&a, &e, 1U << ROLE_COMPANY);
	test_document(&b, &e, 1U << ROLE_PERSON);
	test_document(&c, &other, 1U << ROLE_PERSON);
	expect(document_merge(slice_of(b.bytes, b.n), slice_of(a.bytes, a.n),
		   net(), &scratch, &out),
	    EVIDENCE_FINE, "merge");
	assert_int_equal(out.n, all.n);
	assert_memory_equal(bytes, all.bytes, all.n);
	expect(document_merge(slice_of(a.bytes, a.n), slice_of(c.bytes, c.n),
		   net(), &scratch, &out),
	    EVIDENCE_WRONG_REFERENCE, "another body");
}

static void
test_sessions(void **state)
{
	const struct evidence e = test_evidence(EVIDENCE_SESSION);
	struct test_document t;
	const uint64_t peer = UINT64_C(1) << ROLE_PEER;

	(void)state;
	test_document(&t, &e, peer | peer << 3);
	assert_false(t.d.complete); /* 2 of 4, and k is 3 */
	assert_false(session_attended(&t.d, e.session.peers[0]));
	test_document(&t, &e, peer | peer << 1 | peer << 3);
	assert_true(t.d.complete);
	assert_true(session_attended(&t.d, e.session.peers[0]));
	assert_false(session_attended(&t.d, e.session.peers[2]));
}

static void
test_clock(void **state)
{
	const struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	const uint64_t made_s = UINT64_C(3600) * TEST_MADE;
	struct test_document t;
	struct document d;

	(void)state;
	test_document(&t, &e, 0);
	const struct slice in = slice_of(t.bytes, t.n);
	expect(document_open(in, net(), made_s - 600, &scratch, &d),
	    EVIDENCE_FINE, "ten minutes ahead");
	expect(document_open(in, net(), made_s - 601, &scratch, &d),
	    EVIDENCE_FROM_FUTURE, "more than that");
}

/* ---- several together ---- */

static void
test_belongs(void **state)
{
	const struct evidence agreed = test_evidence(EVIDENCE_AGREEMENT);
	struct evidence e = agreed;
	struct test_document a, b, d;

	(void)state;
	test_document_all(&a, &agreed);
	e.agreement.nonce[0]++;
	test_document_all(&b, &e);
	static const enum evidence_type types[] = { EVIDENCE_PROGRESS,
		EVIDENCE_OUTCOME, EVIDENCE_FOLLOW_UP, EVIDENCE_ONE_SIDED,
		EVIDENCE_SESSION };
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		e = test_evidence(types[i]);
		test_document_all(&d, &e);
		expect(evidence_belongs(&d.d, &a.d), EVIDENCE_FINE, "its own");
		expect(evidence_belongs(&d.d, &b.d), EVIDENCE_WRONG_REFERENCE,
		    "another agreement");
		expect(evidence_belongs(&d.d, &d.d), EVIDENCE_WRONG_REFERENCE,
		    "no agreement");
		test_document(&d, &e, 0);
		expect(evidence_belongs(&d.d, &a.d), EVIDENCE_INCOMPLETE,
		    "unsigned");
	}
	test_document(&b, &agreed, 1U << ROLE_COMPANY);
	e = test_evidence(EVIDENCE_OUTCOME);
	test_document_all(&d, &e);
	expect(evidence_belongs(&d.d, &b.d), EVIDENCE_INCOMPLETE,
	    "an agreement that only one signed");
	expect(evidence_belongs(&a.d, &a.d), EVIDENCE_WRONG_REFERENCE,
	    "an agreement");
}

SPOIL(other_kind, e->outcome.kind = AGREEMENT_JOB)
SPOIL(no_pledge, (e->outcome.pledge = 0, e->outcome.pledge_share = 0))
SPOIL(other_team, memcpy(e->outcome.team, "B", 2))
SPOIL(before_agreed,
    (e->outcome.at = TEST_MADE - 1, e->outcome.began = 0, e->outcome.ended = 0))
SPOIL(other_person, memcpy(e->outcome.person, test_author(3).pub, 32))

static void
test_outcome_beside_agreement(void **state)
{
	static const struct {
		spoil *spoil;
		enum evidence_fault want;
	} cases[] = {
		{ other_kind, EVIDENCE_CONTRADICTS },
		{ no_pledge, EVIDENCE_CONTRADICTS },
		{ other_team, EVIDENCE_CONTRADICTS },
		{ before_agreed, EVIDENCE_CONTRADICTS },
		{ other_person, EVIDENCE_WRONG_REFERENCE },
	};
	const struct evidence agreed = test_evidence(EVIDENCE_AGREEMENT);
	struct test_document a, d;

	(void)state;
	test_document_all(&a, &agreed);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct evidence e = test_evidence(EVIDENCE_OUTCOME);
		char what[32];
		cases[i].spoil(&e);
		test_document_all(&d, &e);
		(void)snprintf(what, sizeof(what), "case %zu", i);
		expect(evidence_belongs(&d.d, &a.d), cases[i].want, what);
	}
}

static void
test_times_between(void **state)
{
	const struct evidence agreed = test_evidence(EVIDENCE_AGREEMENT);
	struct evidence e = test_evidence(EVIDENCE_ONE_SIDED);
	struct test_document a, d, o;

	(void)state;
	test_document_all(&a, &agreed);
	assert_int_equal(evidence_due(&agreed.agreement), TEST_DUE);
	e.one_sided.at--;
	test_document_all(&d, &e);
	expect(evidence_belongs(&d.d, &a.d), EVIDENCE_TOO_EARLY, "one-sided");
	e = test_evidence(EVIDENCE_OUTCOME);
	test_document_all(&o, &e);
	e = test_evidence(EVIDENCE_FOLLOW_UP);
	test_document_all(&d, &e);
	expect(evidence_follows(&d.d, &o.d), EVIDENCE_FINE, "follow-up");
	expect(evidence_follows(&d.d, &a.d), EVIDENCE_WRONG_REFERENCE,
	    "follow-up of no outcome");
	e.follow_up.at--;
	test_document_all(&d, &e);
	expect(evidence_follows(&d.d, &o.d), EVIDENCE_TOO_EARLY, "follow-up");
	e.follow_up.at++;
	test_document(&d, &e, 1U << ROLE_PERSON);
	expect(evidence_follows(&d.d, &o.d), EVIDENCE_INCOMPLETE, "one side");
}

static void
test_standing(void **state)
{
	struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	struct test_document a, plain, o, s, company;
	const uint32_t grace = TEST_DUE + EVIDENCE_GRACE_H;

	(void)state;
	test_document_all(&a, &e);
	e.agreement.pledge.kind = 0;
	test_document_all(&plain, &e);
	e = test_evidence(EVIDENCE_ONE_SIDED);
	test_document_all(&s, &e);
	e.one_sided.side = ROLE_COMPANY;
	test_document_all(&company, &e);
	assert_int_equal(
	    pledge_standing_of(&plain.d, NULL, NULL, grace), STANDING_NONE);
	assert_int_equal(
	    pledge_standing_of(&a.d, NULL, NULL, grace - 1), STANDING_OPEN);
	assert_int_equal(
	    pledge_standing_of(&a.d, NULL, NULL, grace), STANDING_OVERDUE);
	assert_int_equal(
	    pledge_standing_of(&a.d, NULL, &s.d, grace), STANDING_CLAIMED);
	assert_int_equal(
	    pledge_standing_of(&a.d, NULL, &s.d, grace - 1), STANDING_OPEN);
	assert_int_equal(pledge_standing_of(&a.d, NULL, &company.d, grace),
	    STANDING_OVERDUE);
	static const enum pledge_standing want[] = { STANDING_KEPT,
		STANDING_PARTLY, STANDING_BROKEN };
	e = test_evidence(EVIDENCE_OUTCOME);
	e.outcome.pledge_share = 0;
	for (unsigned i = 0; i < ARRAY_LEN(want); i++) {
		e.outcome.pledge = (uint8_t)(PLEDGE_KEPT + i);
		test_document_all(&o, &e);
		assert_int_equal(
		    pledge_standing_of(&a.d, &o.d, &s.d, grace), want[i]);
	}
	/* One that only the company signed changes nothing. */
	test_document(&o, &e, 1U << ROLE_COMPANY);
	assert_int_equal(
	    pledge_standing_of(&a.d, &o.d, NULL, grace), STANDING_OVERDUE);
	for (unsigned i = STANDING_NONE; i <= STANDING_CLAIMED; i++)
		assert_non_null(pledge_standing_name(i));
}

static void
test_credentials(void **state)
{
	struct evidence e = test_evidence(EVIDENCE_CREDENTIAL);
	struct test_document c, end, alien;
	const uint32_t until = e.credential.expires;

	(void)state;
	test_document(&c, &e, 1U << ROLE_COMPANY);
	expect(credential_state(&c.d, NULL, TEST_MADE), EVIDENCE_INCOMPLETE,
	    "not accepted");
	test_document_all(&c, &e);
	expect(
	    credential_state(&c.d, NULL, until - 1), EVIDENCE_FINE, "accepted");
	expect(credential_state(&c.d, NULL, until), EVIDENCE_EXPIRED, "over");
	e = test_evidence(EVIDENCE_CREDENTIAL_END);
	test_document_all(&alien, &e); /* of another one */
	memcpy(e.credential_end.credential, c.d.id, EVIDENCE_ID);
	test_document(&end, &e, 0);
	expect(credential_state(&c.d, &end.d, TEST_MADE), EVIDENCE_FINE,
	    "an end that nobody signed");
	test_document_all(&end, &e);
	expect(credential_state(&c.d, &end.d, TEST_MADE), EVIDENCE_REVOKED,
	    "revoked");
	expect(credential_state(&c.d, &alien.d, TEST_MADE), EVIDENCE_FINE,
	    "another's end");
	memcpy(e.credential_end.issuer, test_author(3).pub, 32);
	test_document_all(&end, &e);
	expect(credential_state(&c.d, &end.d, TEST_MADE), EVIDENCE_FINE,
	    "by somebody else");
}

static void
test_moved_and_wins(void **state)
{
	struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	struct test_document a, o, later, m;

	(void)state;
	test_document_all(&a, &e);
	e = test_evidence(EVIDENCE_OUTCOME);
	test_document_all(&o, &e);
	e.outcome.at++;
	test_document_all(&later, &e);
	assert_true(evidence_wins(&later.d, &o.d));
	assert_false(evidence_wins(&o.d, &later.d));
	assert_false(evidence_wins(&o.d, &o.d));
	e.outcome.at--;
	e.outcome.hours++;
	test_document_all(&later, &e);
	assert_true(
	    evidence_wins(&o.d, &later.d) != evidence_wins(&later.d, &o.d));
	e = test_evidence(EVIDENCE_MOVED);
	test_document_all(&m, &e);
	assert_true(moved_covers(&m.d, &a.d));
	assert_false(moved_covers(&m.d, &o.d)); /* not named */
	e.moved.refs_n = 0;
	test_document_all(&m, &e);
	assert_true(moved_covers(&m.d, &o.d));
	test_document(&m, &e, 1U << ROLE_PERSON);
	assert_false(moved_covers(&m.d, &o.d)); /* the company did not sign */
	memcpy(e.moved.company, test_author(3).pub, 32);
	test_document_all(&m, &e);
	assert_false(moved_covers(&m.d, &o.d));
}

static void
test_fault_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EVIDENCE_FAULTS; i++)
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(
			    evidence_fault_name(i), evidence_fault_name(k));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_fields_survive),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_signature_lists),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_who_signs),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_belongs),
		cmocka_unit_test(test_outcome_beside_agreement),
		cmocka_unit_test(test_times_between),
		cmocka_unit_test(test_standing),
		cmocka_unit_test(test_credentials),
		cmocka_unit_test(test_moved_and_wins),
		cmocka_unit_test(test_fault_names),
	};

	if (!crypto_init())
		return 1;
	scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
