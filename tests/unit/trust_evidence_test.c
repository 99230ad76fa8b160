/*
 * Documents of a node as the input of trust and Learnability: what belongs
 * together is found, in whatever order it lies there; what is not complete,
 * foreign or cut counts for nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/trust/evidence.h"
#include "test_evidence.h"

#define NOW_H (TEST_DUE + 10000)
#define MANY  8

static struct vocabulary *v;
static uint64_t welding;

static int
setup(void **state)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	const struct term_label label = { 0x656e, true, slice_str("welding") };
	const struct term_entry e = {
		.uri = slice_str("urn:test:welding"),
		.term = term_of_uri(slice_str("urn:test:welding")),
		.type = TERM_SKILL,
		.labels = &label,
		.labels_n = 1,
	};

	(void)state;
	assert_non_null(b);
	welding = e.term;
	assert_int_equal(vocabulary_builder_add(b, &e), OK);
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

/* The documents of a test, and what becomes of them. */
struct world {
	struct test_document docs[MANY];
	struct slice bytes[MANY];
	size_t n;
	struct evidence_set set;
};

static const struct document *
add(struct world *w, const struct evidence *e, uint64_t roles)
{
	struct test_document *t = &w->docs[w->n];

	if (roles == 0)
		test_document_all(t, e);
	else
		test_document(t, e, roles);
	w->bytes[w->n++] = slice_of(t->bytes, t->n);
	return &t->d;
}

static void
make(struct world *w)
{
	evidence_set_free(&w->set);
	assert_int_equal(evidence_set_make(w->bytes, w->n,
			     slice_str(w->docs[0].d.net), v, NOW_H, &w->set),
	    OK);
}

static void
test_outcome(void **state)
{
	static struct world w;
	struct evidence a = test_evidence(EVIDENCE_AGREEMENT);
	struct evidence o = test_evidence(EVIDENCE_OUTCOME);
	struct evidence f = test_evidence(EVIDENCE_FOLLOW_UP);
	const struct document *first, *second;

	(void)state;
	add(&w, &a, 0);
	make(&w);
	assert_int_equal(w.set.events_n, 0); /* no outcome yet */
	o.outcome.learned =
	    (struct evidence_skills){ .n = 1, .at = { { welding, 3 } } };
	first = add(&w, &o, 0);
	o.outcome.at += 5;
	o.outcome.usefulness = 2;
	second = add(&w, &o, 0);
	f.follow_up.applied = o.outcome.learned;
	memcpy(f.follow_up.outcome, second->id, EVIDENCE_ID);
	f.follow_up.at += 5;
	add(&w, &f, 0);
	make(&w);
	/* One agreement has one outcome: the later one. */
	assert_int_equal(w.set.events_n, 1);
	assert_memory_equal(w.set.events[0].id, second->id, EVIDENCE_ID);
	assert_int_equal(w.set.events[0].value, 400);
	assert_true(w.set.terms[0][0].learned && w.set.terms[0][0].applied);
	assert_ptr_equal(w.set.events[0].terms, w.set.terms[0]);
	/* Without the agreement it is nothing. */
	w.bytes[0] = w.bytes[1];
	make(&w);
	assert_int_equal(w.set.events_n, 0);
	(void)first;
	evidence_set_free(&w.set);
}

/* Neither order nor copies change a byte; a copy with fewer signatures
 * neither. */
static void
test_order(void **state)
{
	static struct world w, x;
	struct evidence a = test_evidence(EVIDENCE_AGREEMENT);
	struct evidence o = test_evidence(EVIDENCE_OUTCOME);
	struct evidence s = test_evidence(EVIDENCE_SESSION);

	(void)state;
	add(&w, &a, 0);
	add(&w, &o, 0);
	add(&w, &s, 0);
	make(&w);
	add(&x, &o, 1U << ROLE_COMPANY);
	add(&x, &s, 0);
	add(&x, &o, 0);
	add(&x, &a, 1U << ROLE_COMPANY);
	add(&x, &a, 0);
	add(&x, &s, 0);
	make(&x);
	assert_true(w.set.events_n > 1);
	assert_int_equal(w.set.events_n, x.set.events_n);
	assert_int_equal(w.set.documents, x.set.documents);
	assert_int_equal(x.set.waiting, 0);
	for (size_t i = 0; i < w.set.events_n; i++) {
		struct learn_event p = w.set.events[i], q = x.set.events[i];
		assert_memory_equal(
		    w.set.terms[i], x.set.terms[i], sizeof(w.set.terms[i]));
		p.terms = q.terms = NULL;
		assert_memory_equal(p.id, q.id, 32);
		assert_memory_equal(p.learner, q.learner, TRUST_KEY);
		assert_memory_equal(p.partner, q.partner, TRUST_KEY);
		assert_int_equal(p.value, q.value);
		assert_int_equal(p.hours, q.hours);
	}
	evidence_set_free(&w.set);
	evidence_set_free(&x.set);
}

/* All ordered pairs of those who signed, and of nobody else. */
static void
test_session(void **state)
{
	static struct world w;
	struct evidence s = test_evidence(EVIDENCE_SESSION);

	(void)state;
	s.session.k = 2;
	add(&w, &s, 3U << ROLE_PEER);
	make(&w);
	assert_int_equal(w.set.events_n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(
		    w.set.events[i].learner, s.session.peers[i], TRUST_KEY);
		assert_memory_equal(
		    w.set.events[i].partner, s.session.peers[1 - i], TRUST_KEY);
	}
	evidence_set_free(&w.set);
}

/* A credential counts, vouches for its holder, goes on with a new key, and
 * ends for good. */
static void
test_credential(void **state)
{
	static struct world w;
	struct evidence c = test_evidence(EVIDENCE_CREDENTIAL);
	struct evidence end = test_evidence(EVIDENCE_CREDENTIAL_END);
	struct evidence m = test_evidence(EVIDENCE_MOVED);

	(void)state;
	c.credential.issued = NOW_H - 100;
	c.credential.expires = NOW_H + 100;
	const struct document *d = add(&w, &c, 0);
	make(&w);
	assert_int_equal(w.set.events_n, 1);
	assert_int_equal(w.set.vouches_n, 1);
	assert_memory_equal(
	    w.set.vouches[0].from, c.credential.issuer, TRUST_KEY);
	assert_memory_equal(
	    w.set.events[0].learner, c.credential.holder, TRUST_KEY);
	/* moved: the same issuer says that it holds for another key */
	memcpy(m.moved.company, c.credential.issuer, TRUST_KEY);
	memcpy(m.moved.from, c.credential.holder, TRUST_KEY);
	m.moved.at = NOW_H;
	m.moved.refs_n = 0;
	assert_memory_not_equal(m.moved.to, m.moved.from, TRUST_KEY);
	add(&w, &m, 0);
	make(&w);
	assert_int_equal(w.set.events_n, 1);
	assert_memory_equal(w.set.events[0].learner, m.moved.to, TRUST_KEY);
	memcpy(end.credential_end.credential, d->id, EVIDENCE_ID);
	memcpy(end.credential_end.issuer, c.credential.issuer, TRUST_KEY);
	add(&w, &end, 0);
	make(&w);
	assert_int_equal(w.set.events_n, 0);
	assert_int_equal(w.set.vouches_n, 0);
	evidence_set_free(&w.set);
}

/* What cannot be read is counted, no more; another network's neither. */
static void
test_foreign(void **state)
{
	static struct world w;
	struct evidence a = test_evidence(EVIDENCE_AGREEMENT);
	struct evidence o = test_evidence(EVIDENCE_OUTCOME);

	(void)state;
	add(&w, &a, 0);
	add(&w, &o, 0);
	assert_int_equal(evidence_set_make(w.bytes, w.n, slice_str("other"), v,
			     NOW_H, &w.set),
	    OK);
	assert_int_equal(w.set.events_n, 0);
	assert_int_equal(w.set.left_out, 2);
	evidence_set_free(&w.set);
	w.docs[1].bytes[w.docs[1].n - 1] ^= 1; /* a signature */
	make(&w);
	assert_int_equal(w.set.events_n, 0);
	assert_int_equal(w.set.left_out, 1);
	/* One side alone says nothing that counts. */
	w.n = 1;
	add(&w, &o, 1U << ROLE_PERSON);
	make(&w);
	assert_int_equal(w.set.events_n, 0);
	assert_int_equal(w.set.waiting, 1);
	evidence_set_free(&w.set);
}

/*
 * The attacks of domain.md 7 by the node's path, with one honest anchor: a
 * ring that nobody vouches for, one complicit friend again and again, and
 * dealing with a key that is linked.
 */
static struct learnability
score(struct world *w, const uint8_t *anchor, const uint8_t *subject)
{
	const struct trust_input in = { .anchors = anchor,
		.anchors_n = anchor == NULL ? 0 : 1,
		.attestations = w->set.vouches,
		.attestations_n = w->set.vouches_n,
		.links = w->set.links,
		.links_n = w->set.links_n };
	const struct learn_input evidence = { .events = w->set.events,
		.events_n = w->set.events_n,
		.month = learn_month(NOW_H) };
	struct learn_book *book = NULL;
	struct trust *trust = NULL;
	struct learnability l;

	assert_int_equal(trust_new(&in, &trust), OK);
	assert_int_equal(learn_book_new(&evidence, trust, &book), OK);
	assert_int_equal(learnability_of(book, subject, LEARN_PERSON, &l), OK);
	learn_book_free(book);
	trust_free(trust);
	return l;
}

static void
test_attacks(void **state)
{
	static struct world w;
	struct evidence a = test_evidence(EVIDENCE_AGREEMENT);
	struct evidence o = test_evidence(EVIDENCE_OUTCOME);
	struct evidence l = test_evidence(EVIDENCE_LINKED);
	uint8_t stranger[TRUST_KEY];
	const struct document *d;

	(void)state;
	memset(stranger, 7, sizeof(stranger));
	o.outcome.learned =
	    (struct evidence_skills){ .n = 1, .at = { { welding, 3 } } };
	d = add(&w, &a, 0);
	memcpy(o.outcome.agreement, d->id, EVIDENCE_ID);
	add(&w, &o, 0);
	make(&w);
	/* Co-signed by one whom nobody relies on. */
	assert_int_equal(score(&w, NULL, a.agreement.person).score, 0);
	assert_int_equal(score(&w, stranger, a.agreement.person).score, 0);
	const struct learnability once =
	    score(&w, a.agreement.company, a.agreement.person);
	assert_true(once.score > 0);
	/* The same friend three times over: one unit is the ceiling. */
	for (unsigned i = 0; i < 2; i++) {
		a.agreement.nonce[0]++;
		d = add(&w, &a, 0);
		memcpy(o.outcome.agreement, d->id, EVIDENCE_ID);
		add(&w, &o, 0);
	}
	make(&w);
	assert_int_equal(w.set.events_n, 3);
	const struct learnability often =
	    score(&w, a.agreement.company, a.agreement.person);
	assert_true(often.score >= once.score);
	assert_int_equal(often.counterparties, 1);
	for (unsigned i = 0; i < LEARN_PARTS; i++)
		assert_true(often.parts[i].x <= UINT64_C(1) << 32);
	/* Both keys are one party's: all of it was with oneself. */
	memcpy(l.linked.a, a.agreement.company, TRUST_KEY);
	memcpy(l.linked.b, a.agreement.person, TRUST_KEY);
	add(&w, &l, 0);
	make(&w);
	assert_int_equal(w.set.links_n, 1);
	assert_int_equal(
	    score(&w, a.agreement.company, a.agreement.person).score, 0);
	evidence_set_free(&w.set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_credential),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_attacks),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
