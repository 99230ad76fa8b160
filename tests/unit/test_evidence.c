#include "test_evidence.h"

#include <stdlib.h>

static uint8_t scratch_bytes[DOCUMENT_SCRATCH_BYTES];

static void
put_key(uint8_t out[ED25519_PUBLIC], uint64_t author)
{
	const struct test_author a = test_author(author);

	memcpy(out, a.pub, ED25519_PUBLIC);
}

static struct evidence_skills
skills(uint16_t n)
{
	struct evidence_skills s = { .n = n };

	for (uint16_t i = 0; i < n; i++) {
		s.at[i].term = UINT64_C(0x1122334455667700) + i;
		s.at[i].level = (uint8_t)(1 + i % 5);
	}
	return s;
}

static void
agreement_id(uint8_t id[EVIDENCE_ID])
{
	const struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	struct test_document t;

	test_document(&t, &e, 0);
	memcpy(id, t.d.id, EVIDENCE_ID);
}

static void
outcome_id(uint8_t id[EVIDENCE_ID])
{
	const struct evidence e = test_evidence(EVIDENCE_OUTCOME);
	struct test_document t;

	test_document(&t, &e, 0);
	memcpy(id, t.d.id, EVIDENCE_ID);
}

static struct agreement
agreement(void)
{
	struct agreement a = {
		.nonce = { 9, 9 },
		.kind = AGREEMENT_GIG,
		.made = TEST_MADE,
		.start = TEST_MADE + 24,
		.end = TEST_DUE - 100,
		.hours = 60,
		.subject = { 5 },
		.title = "Map the harbour",
		.pledge = {
			.kind = 1,
			.hours = 20,
			.amount = 50000,
			.currency = "EUR",
			.term = 77,
			.deadline = TEST_DUE,
			.conditions = "after the first month",
		},
		.teaches = skills(2),
		.coverage = 601,
		.answer_days = 4,
	};

	terms_hash(a.terms_hash, slice_str("the terms"));
	put_key(a.company, 1);
	put_key(a.person, 2);
	return a;
}

static struct outcome
outcome(void)
{
	struct outcome o = {
		.kind = AGREEMENT_GIG,
		.at = TEST_DUE + 10,
		.result = OUTCOME_DELIVERED,
		.usefulness = 5,
		.usefulness_company = 4,
		.hours = 62,
		.invested_hours = 20,
		.invested_amount = 25000,
		.currency = "EUR",
		.applied = skills(3),
		.learned = skills(1),
		.contract_before = 8,
		.contract_after = 2,
		.pledge = PLEDGE_PARTLY,
		.pledge_share = 500,
		.began = TEST_MADE + 24,
		.ended = TEST_DUE,
		.method = CREDENTIAL_APPLIED,
		.completion = PLEDGE_KEPT,
	};

	agreement_id(o.agreement);
	put_key(o.company, 1);
	put_key(o.person, 2);
	return o;
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, ED25519_PUBLIC);
}

static struct session
session(void)
{
	struct session s = {
		.nonce = { 8 },
		.peers_n = 4,
		.k = 3,
		.at = TEST_MADE + 1000,
		.minutes = 90,
		.subject = { 6 },
		.number = 2,
		.title = "Second meeting",
		.practised = skills(2),
	};

	agreement_id(s.agreement);
	for (unsigned i = 0; i < s.peers_n; i++)
		put_key(s.peers[i], i + 1);
	qsort(s.peers, s.peers_n, ED25519_PUBLIC, by_bytes);
	return s;
}

static struct credential
credential(void)
{
	struct credential c = {
		.nonce = { 7 },
		.title = "Guide, second grade",
		.skills = skills(2),
		.method = CREDENTIAL_OBSERVED,
		.issued = TEST_MADE,
		.expires = TEST_MADE + 9600,
		.grade = 201,
		.coach = true,
		.subject = { 4 },
		.refs_n = 2,
		.refs = { { 1 }, { 2 } },
		.claims = { 3 },
	};

	put_key(c.issuer, 1);
	put_key(c.holder, 2);
	return c;
}

static void
follow_up(struct follow_up *f)
{
	*f = (struct follow_up){
		.at = TEST_DUE + 10 + EVIDENCE_FOLLOW_H,
		.place = FOLLOW_UP_HERE,
		.contract = 1,
		.usefulness = 4,
		.applied = skills(2),
	};
	agreement_id(f->agreement);
	outcome_id(f->outcome);
	put_key(f->company, 1);
	put_key(f->person, 2);
}

static void
progress(struct progress *p)
{
	*p = (struct progress){
		.number = 3,
		.verb = PROGRESS_PASSED,
		.at = TEST_MADE + 500,
		.minutes = 300,
		.scored = true,
		.score = -250,
		.subject = { 5 },
		.reached = skills(1),
	};
	agreement_id(p->agreement);
	put_key(p->company, 1);
	put_key(p->person, 2);
}

static void
one_sided(struct one_sided *o)
{
	*o = (struct one_sided){
		.side = ROLE_PERSON,
		.at = TEST_DUE + EVIDENCE_GRACE_H,
		.pledge = PLEDGE_BROKEN,
		.hours = 60,
		.text = "nobody answers",
	};
	agreement_id(o->agreement);
	put_key(o->company, 1);
	put_key(o->person, 2);
}

struct evidence
test_evidence(enum evidence_type type)
{
	struct evidence e;

	memset(&e, 0, sizeof(e));
	e.type = type;
	switch (type) {
	case EVIDENCE_AGREEMENT:
		e.agreement = agreement();
		break;
	case EVIDENCE_PROGRESS:
		progress(&e.progress);
		break;
	case EVIDENCE_OUTCOME:
		e.outcome = outcome();
		break;
	case EVIDENCE_FOLLOW_UP:
		follow_up(&e.follow_up);
		break;
	case EVIDENCE_ONE_SIDED:
		one_sided(&e.one_sided);
		break;
	case EVIDENCE_SESSION:
		e.session = session();
		break;
	case EVIDENCE_CREDENTIAL:
		e.credential = credential();
		break;
	case EVIDENCE_CREDENTIAL_END:
		put_key(e.credential_end.issuer, 1);
		e.credential_end.credential[0] = 9;
		e.credential_end.at = TEST_MADE + 100;
		e.credential_end.reason = CREDENTIAL_END_MISTAKE;
		break;
	case EVIDENCE_MOVED:
		put_key(e.moved.company, 1);
		put_key(e.moved.from, 2);
		put_key(e.moved.to, 4);
		e.moved.at = TEST_DUE + 100;
		e.moved.refs_n = 1;
		agreement_id(e.moved.refs[0]);
		break;
	case EVIDENCE_LINKED:
		put_key(e.linked.a, 1);
		put_key(e.linked.b, 2);
		e.linked.at = TEST_MADE;
		break;
	}
	return e;
}

struct test_author
test_role_author(const struct evidence *e, unsigned role)
{
	const uint8_t *key = document_key_of(e, role);
	struct test_author a = test_author(1);

	ASSERT(key != NULL);
	for (uint64_t i = 2; memcmp(a.pub, key, ED25519_PUBLIC) != 0; i++) {
		ASSERT(i <= 8); /* it is one of the first authors */
		a = test_author(i);
	}
	return a;
}

void
test_document(struct test_document *t, const struct evidence *e, uint64_t roles)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	const struct slice net = slice_str(TEST_NET);
	struct buf out = { t->bytes, 0, sizeof(t->bytes) };
	uint8_t copy[DOCUMENT_MAX];

	ASSERT(document_write(e, net, &scratch, &out) == EVIDENCE_FINE);
	for (unsigned r = 1; r < 64; r++) {
		if ((roles & UINT64_C(1) << r) == 0)
			continue;
		const struct test_author a = test_role_author(e, r);
		const struct slice before = slice_of(copy, out.n);
		memcpy(copy, t->bytes, out.n);
		out.n = 0;
		ASSERT(document_sign(before, net, r, a.secret, &scratch,
			   &out) == EVIDENCE_FINE);
	}
	t->n = out.n;
	ASSERT(document_open(slice_of(t->bytes, t->n), net, 0, &scratch,
		   &t->d) == EVIDENCE_FINE);
}

void
test_document_all(struct test_document *t, const struct evidence *e)
{
	test_document(t, e, 0);
	test_document(t, e, t->d.needed);
}
