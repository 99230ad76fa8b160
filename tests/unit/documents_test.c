/* The documents that a node holds: what is let in from a conversation and
 * what not, signatures that come together, bounds, personas apart, and what
 * is there after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "node/evidence/follow.h"
#include "node/evidence/from_talk.h"
#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/mail/mailbox.h"
#include "test_env.h"
#include "test_evidence.h"
#include "test_store.h"

#define COMPANY 1 /* test_author(): the other side */
#define OTHER   3

struct fixture {
	char folder[TEST_PATH];
	struct test_env env;
	struct paths paths;
	struct problem problem;
	struct key_material km;
	struct config config;
	struct node n;
	struct talk talk, elsewhere;
	/* what a listener was told */
	unsigned heard[HELD_GONE + 1];
};

static void
on_change(
    struct node *n, enum held_change change, const struct holding *h, void *ctx)
{
	struct fixture *f = ctx;

	(void)h;
	assert_ptr_equal(n, &f->n);
	f->heard[change]++;
}

static void
up(struct fixture *f)
{
	struct key_material km = f->km;
	uint32_t second;

	f->n.env = f->env.env;
	f->n.config = &f->config;
	f->n.paths = &f->paths;
	f->n.problem = &f->problem;
	assert_int_equal(signer_start(&km, &f->n.signer, &f->problem), OK);
	assert_int_equal(vault_open(f->folder, f->km.private_key, &f->env.env,
			     &f->n.vault, &f->problem),
	    OK);
	assert_int_equal(personas_open(&f->n), OK);
	if (persona_count(&f->n) == 1)
		assert_int_equal(persona_add(&f->n, "second", &second), OK);
	assert_int_equal(documents_open(&f->n), OK);
	documents_listen(&f->n, on_change, f);
}

static void
down(struct fixture *f)
{
	documents_close(&f->n);
	vault_close(f->n.vault);
	signer_stop(f->n.signer);
	f->n = (struct node){ 0 };
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct test_author company = test_author(COMPANY);

	test_env_init(&f->env, 3);
	test_folder_make(f->folder);
	snprintf(f->paths.private_dir, sizeof(f->paths.private_dir), "%s",
	    f->folder);
	key_material_new(&f->km, NULL, 1700000000);
	assert_int_equal(config_init(&f->config), OK);
	assert_int_equal(
	    config_set(&f->config, "node.network", TEST_NET, &f->problem), OK);
	up(f);
	memset(f->talk.name, 1, TALK_NAME);
	memcpy(f->talk.c.own, persona_get(&f->n, 0)->pub, ED25519_PUBLIC);
	memcpy(f->talk.c.peer, company.pub, ED25519_PUBLIC);
	f->talk.c.state = CONVERSATION_TALK;
	f->elsewhere = f->talk;
	memset(f->elsewhere.name, 2, TALK_NAME);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	down(f);
	config_fini(&f->config);
	test_folder_remove(f->folder);
	free(f);
	return 0;
}

/* ---- documents of the other side ---- */

/* A sample in which the persona is the person. */
static struct evidence
sample(const struct fixture *f, enum evidence_type type)
{
	struct evidence e = test_evidence(type);
	const uint8_t *me = persona_get(&f->n, 0)->pub;

	switch (type) {
	case EVIDENCE_AGREEMENT:
		memcpy(e.agreement.person, me, ED25519_PUBLIC);
		break;
	case EVIDENCE_OUTCOME:
		memcpy(e.outcome.person, me, ED25519_PUBLIC);
		break;
	case EVIDENCE_PROGRESS:
		memcpy(e.progress.person, me, ED25519_PUBLIC);
		break;
	case EVIDENCE_FOLLOW_UP:
		memcpy(e.follow_up.person, me, ED25519_PUBLIC);
		break;
	case EVIDENCE_ONE_SIDED:
		memcpy(e.one_sided.person, me, ED25519_PUBLIC);
		e.one_sided.side = ROLE_COMPANY;
		break;
	case EVIDENCE_CREDENTIAL:
		memcpy(e.credential.holder, me, ED25519_PUBLIC);
		break;
	case EVIDENCE_MOVED:
		memcpy(e.moved.to, me, ED25519_PUBLIC);
		break;
	case EVIDENCE_LINKED:
		memcpy(e.linked.b, me, ED25519_PUBLIC);
		break;
	case EVIDENCE_SESSION:
	case EVIDENCE_CREDENTIAL_END:
		break;
	}
	return e;
}

struct bytes {
	uint8_t p[DOCUMENT_MAX];
	size_t n;
	uint8_t id[EVIDENCE_ID];
};

/* In ${net}, signed by ${author} in ${role}; role 0: by nobody. */
static struct bytes
made(const struct evidence *e, const char *net, uint64_t author, unsigned role)
{
	static uint8_t memory[DOCUMENT_SCRATCH_BYTES];
	struct arena scratch = arena_of(memory, sizeof(memory));
	struct bytes b = { .n = 0 };
	uint8_t raw[DOCUMENT_MAX];
	struct buf first = { raw, 0, sizeof(raw) };
	struct buf out = { b.p, 0, sizeof(b.p) };
	struct document d;

	assert_int_equal(
	    document_write(e, slice_str(net), &scratch, &first), EVIDENCE_FINE);
	assert_int_equal(
	    document_open(buf_slice(&first), slice_str(net), 0, &scratch, &d),
	    EVIDENCE_FINE);
	memcpy(b.id, d.id, EVIDENCE_ID);
	if (role == 0) {
		memcpy(b.p, raw, first.n);
		b.n = first.n;
		return b;
	}
	const struct test_author a = test_author(author);
	assert_int_equal(document_sign(buf_slice(&first), slice_str(net), role,
			     a.secret, &scratch, &out),
	    EVIDENCE_FINE);
	b.n = out.n;
	return b;
}

static struct slice
all_of(const struct bytes *b)
{
	return slice_of(b->p, b->n);
}

/* It comes by the talk; "" if it is let in, else why not. */
static const char *
comes(struct fixture *f, struct talk *t, enum mail_document kind,
    const struct bytes *b)
{
	const err e = documents_from_talk(&f->n, t, kind, all_of(b));

	if (e == OK)
		return "";
	if (e != ERR_FORM)
		return err_name(e);
	return evidence_fault_name(documents_refusal(&f->n, 0)->fault);
}

/* An agreement that both have signed; its id. */
static struct bytes
agreed(struct fixture *f)
{
	const struct evidence e = sample(f, EVIDENCE_AGREEMENT);
	const struct bytes b = made(&e, TEST_NET, COMPANY, ROLE_COMPANY);
	enum evidence_fault fault;

	assert_string_equal(comes(f, &f->talk, MAIL_AGREEMENT, &b), "");
	assert_int_equal(documents_sign(&f->n, 0, b.id, NULL, &fault), OK);
	assert_int_equal(fault, EVIDENCE_FINE);
	assert_true(documents_find(&f->n, 0, b.id)->complete);
	return b;
}

/* ---- tests ---- */

static void
test_agreement(void **state)
{
	struct fixture *f = *state;
	struct evidence e = sample(f, EVIDENCE_AGREEMENT);
	struct bytes b = made(&e, TEST_NET, COMPANY, ROLE_COMPANY);
	struct held_document c;
	enum evidence_fault fault;
	char talk[TALK_ID_TEXT];

	assert_string_equal(comes(f, &f->talk, MAIL_AGREEMENT, &b), "");
	assert_int_equal(f->heard[HELD_NEW], 1);
	const struct holding *h = documents_find(&f->n, 0, b.id);
	assert_non_null(h);
	talk_id_text(&f->talk, talk);
	assert_string_equal(h->talk, talk);
	assert_int_equal(h->origin, HELD_OWN);
	assert_int_equal(h->role, ROLE_PERSON);
	assert_false(h->complete);
	assert_null(documents_find(&f->n, 1, b.id));
	/* Once more: nothing changes, nobody is told. */
	f->env.wall_s += 60;
	const struct holding before = *h;
	assert_string_equal(comes(f, &f->talk, MAIL_AGREEMENT, &b), "");
	assert_memory_equal(
	    documents_find(&f->n, 0, b.id), &before, sizeof(before));
	assert_int_equal(documents_count(&f->n), 1);
	assert_int_equal(f->heard[HELD_NEW] + f->heard[HELD_SIGNED], 1);
	/* Signed here, over a restart, and what is shorter comes again. */
	assert_int_equal(documents_sign(&f->n, 0, b.id, NULL, &fault), OK);
	assert_int_equal(fault, EVIDENCE_FINE);
	assert_int_equal(f->heard[HELD_COMPLETE], 1);
	down(f);
	up(f);
	h = documents_find(&f->n, 0, b.id);
	assert_non_null(h);
	assert_true(h->complete);
	assert_string_equal(h->talk, talk);
	assert_int_equal(documents_read(&f->n, h, &c), OK);
	assert_int_equal(c.d.is.agreement.hours, e.agreement.hours);
	assert_string_equal(comes(f, &f->talk, MAIL_AGREEMENT, &b), "");
	assert_true(documents_find(&f->n, 0, b.id)->complete);
	/* Twice signed is once signed. */
	assert_int_equal(documents_sign(&f->n, 0, b.id, NULL, &fault), OK);
	assert_int_equal(f->heard[HELD_COMPLETE], 1);
	assert_int_equal(documents_forget(&f->n, 0, b.id), OK);
	assert_int_equal(documents_forget(&f->n, 0, b.id), OK);
	assert_int_equal(f->heard[HELD_GONE], 1);
	assert_int_equal(
	    documents_sign(&f->n, 0, b.id, NULL, &fault), ERR_NOTFOUND);
}

static void
test_agreements_refused(void **state)
{
	struct fixture *f = *state;
	const struct evidence good = sample(f, EVIDENCE_AGREEMENT);
	struct evidence theirs = good, unknown = good, early = good;
	const struct test_author other = test_author(OTHER);

	/* another company's; with somebody else; of the future */
	memcpy(theirs.agreement.company, other.pub, ED25519_PUBLIC);
	memcpy(unknown.agreement.person, other.pub, ED25519_PUBLIC);
	early.agreement.made = (uint32_t)(f->env.wall_s / 3600) + 2;
	early.agreement.start = early.agreement.made;
	early.agreement.end = early.agreement.made + 100;
	early.agreement.pledge.deadline = early.agreement.end;
	struct bytes by = made(&good, TEST_NET, COMPANY, ROLE_COMPANY);
	struct bytes changed = by, flipped = by, cut = by;
	changed.p[60] ^= 1;
	flipped.p[flipped.n - 1] ^= 1;
	cut.n--;
	const struct {
		struct bytes b;
		enum mail_document kind;
		const char *fault;
	} cases[] = {
		{ made(&good, TEST_NET, 0, 0), MAIL_AGREEMENT, "incomplete" },
		{ made(&theirs, TEST_NET, OTHER, ROLE_COMPANY), MAIL_AGREEMENT,
		    "wrong-reference" },
		{ made(&unknown, TEST_NET, COMPANY, ROLE_COMPANY),
		    MAIL_AGREEMENT, "incomplete" },
		{ made(&early, TEST_NET, COMPANY, ROLE_COMPANY), MAIL_AGREEMENT,
		    "from-future" },
		{ made(&good, "test-b", COMPANY, ROLE_COMPANY), MAIL_AGREEMENT,
		    "wrong-net" },
		{ by, MAIL_OUTCOME, "unknown-type" },
		{ flipped, MAIL_AGREEMENT, "bad-signature" },
		{ changed, MAIL_AGREEMENT, "bad-signature" },
		{ cut, MAIL_AGREEMENT, "not-canonical" },
		{ { .n = 0 }, MAIL_AGREEMENT, "not-canonical" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_string_equal(
		    comes(f, &f->talk, cases[i].kind, &cases[i].b),
		    cases[i].fault);
		assert_int_equal(documents_count(&f->n), 0);
	}
	/* However it is cut, it is no document. */
	for (cut.n = 0; cut.n < by.n; cut.n++)
		assert_string_not_equal(
		    comes(f, &f->talk, MAIL_AGREEMENT, &cut), "");
	assert_int_equal(documents_count(&f->n), 0);
	for (unsigned i = 0; i <= HELD_GONE; i++)
		assert_int_equal(f->heard[i], 0);
	assert_null(documents_refusal(&f->n, REFUSALS_MAX));
	assert_non_null(documents_refusal(&f->n, REFUSALS_MAX - 1));
}

static void
test_what_names_an_agreement(void **state)
{
	struct fixture *f = *state;
	const struct bytes a = agreed(f);
	struct evidence never = sample(f, EVIDENCE_OUTCOME), good = never;
	struct evidence kind, silent, old, theirs;
	const struct test_author other = test_author(OTHER);

	memcpy(good.outcome.agreement, a.id, EVIDENCE_ID);
	never.outcome.agreement[0] ^= 1;
	kind = silent = old = theirs = good;
	kind.outcome.kind = AGREEMENT_JOB;
	silent.outcome.pledge = PLEDGE_NONE;
	silent.outcome.pledge_share = 0;
	old.outcome.at = TEST_MADE - 1;
	old.outcome.began = old.outcome.ended = 0;
	memcpy(theirs.outcome.company, other.pub, ED25519_PUBLIC);
	const struct {
		const struct evidence *e;
		uint64_t author;
		unsigned role;
		struct talk *talk;
		const char *fault;
	} cases[] = {
		{ &never, COMPANY, ROLE_COMPANY, &f->talk, "wrong-reference" },
		{ &good, COMPANY, ROLE_COMPANY, &f->elsewhere,
		    "wrong-reference" },
		{ &theirs, OTHER, ROLE_COMPANY, &f->talk, "wrong-reference" },
		{ &good, 0, 0, &f->talk, "incomplete" },
		{ &kind, COMPANY, ROLE_COMPANY, &f->talk, "contradicts" },
		{ &silent, COMPANY, ROLE_COMPANY, &f->talk, "contradicts" },
		{ &old, COMPANY, ROLE_COMPANY, &f->talk, "contradicts" },
		{ &good, COMPANY, ROLE_COMPANY, &f->talk, "" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct bytes b =
		    made(cases[i].e, TEST_NET, cases[i].author, cases[i].role);
		assert_string_equal(
		    comes(f, cases[i].talk, MAIL_OUTCOME, &b), cases[i].fault);
		assert_int_equal(
		    documents_count(&f->n), cases[i].fault[0] == '\0' ? 2 : 1);
	}

	/* One side alone, a month too early, and in time. */
	struct evidence alone = sample(f, EVIDENCE_ONE_SIDED);
	memcpy(alone.one_sided.agreement, a.id, EVIDENCE_ID);
	alone.one_sided.at--;
	struct bytes b = made(&alone, TEST_NET, COMPANY, ROLE_COMPANY);
	assert_string_equal(comes(f, &f->talk, MAIL_OTHER, &b), "too-early");
	alone.one_sided.at++;
	b = made(&alone, TEST_NET, COMPANY, ROLE_COMPANY);
	assert_string_equal(comes(f, &f->talk, MAIL_OTHER, &b), "");
	assert_int_equal(documents_find(&f->n, 0, b.id)->origin, HELD_OWN);
}

static void
test_before_it_is_agreed(void **state)
{
	struct fixture *f = *state;
	const struct evidence e = sample(f, EVIDENCE_AGREEMENT);
	const struct bytes a = made(&e, TEST_NET, COMPANY, ROLE_COMPANY);
	struct evidence o = sample(f, EVIDENCE_OUTCOME);
	enum evidence_fault fault;

	memcpy(o.outcome.agreement, a.id, EVIDENCE_ID);
	const struct bytes b = made(&o, TEST_NET, COMPANY, ROLE_COMPANY);
	assert_string_equal(
	    comes(f, &f->talk, MAIL_OUTCOME, &b), "wrong-reference");
	assert_string_equal(comes(f, &f->talk, MAIL_AGREEMENT, &a), "");
	assert_string_equal(comes(f, &f->talk, MAIL_OUTCOME, &b), "incomplete");
	assert_int_equal(documents_sign(&f->n, 0, a.id, NULL, &fault), OK);
	assert_string_equal(comes(f, &f->talk, MAIL_OUTCOME, &b), "");
}

/* Follow-ups name an outcome that both have signed, half a year later. */
static void
test_follow_up(void **state)
{
	struct fixture *f = *state;
	const struct bytes a = agreed(f);
	struct evidence o = sample(f, EVIDENCE_OUTCOME);
	struct evidence u = sample(f, EVIDENCE_FOLLOW_UP);
	enum pledge_standing standing;
	const struct holding *counts;
	enum evidence_fault fault;

	memcpy(o.outcome.agreement, a.id, EVIDENCE_ID);
	const struct bytes b = made(&o, TEST_NET, COMPANY, ROLE_COMPANY);
	memcpy(u.follow_up.agreement, a.id, EVIDENCE_ID);
	memcpy(u.follow_up.outcome, b.id, EVIDENCE_ID);
	struct bytes c = made(&u, TEST_NET, COMPANY, ROLE_COMPANY);
	assert_string_equal(
	    comes(f, &f->talk, MAIL_OTHER, &c), "wrong-reference");
	assert_string_equal(comes(f, &f->talk, MAIL_OUTCOME, &b), "");
	assert_string_equal(comes(f, &f->talk, MAIL_OTHER, &c), "incomplete");
	assert_int_equal(
	    agreement_standing(
		&f->n, documents_find(&f->n, 0, a.id), &counts, &standing),
	    OK);
	assert_int_equal(standing, STANDING_OVERDUE);
	assert_null(counts);
	assert_int_equal(documents_sign(&f->n, 0, b.id, NULL, &fault), OK);
	assert_int_equal(
	    agreement_standing(
		&f->n, documents_find(&f->n, 0, a.id), &counts, &standing),
	    OK);
	assert_int_equal(standing, STANDING_PARTLY);
	assert_memory_equal(counts->id, b.id, EVIDENCE_ID);
	u.follow_up.at--;
	struct bytes early = made(&u, TEST_NET, COMPANY, ROLE_COMPANY);
	assert_string_equal(
	    comes(f, &f->talk, MAIL_OTHER, &early), "too-early");
	assert_string_equal(comes(f, &f->talk, MAIL_OTHER, &c), "");
}

/* What two sign: the other one is who talks, and has signed. */
static void
test_pairs(void **state)
{
	static const struct {
		enum evidence_type type;
		enum mail_document kind;
	} types[] = { { EVIDENCE_CREDENTIAL, MAIL_CREDENTIAL },
		{ EVIDENCE_MOVED, MAIL_OTHER },
		{ EVIDENCE_LINKED, MAIL_OTHER } };
	struct fixture *f = *state;
	const struct test_author other = test_author(OTHER);

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct evidence e = sample(f, types[i].type), theirs = e;
		struct bytes b = made(&e, TEST_NET, 0, 0);
		assert_string_equal(
		    comes(f, &f->talk, types[i].kind, &b), "incomplete");
		memcpy(e.type == EVIDENCE_CREDENTIAL ? theirs.credential.issuer
		       : e.type == EVIDENCE_MOVED    ? theirs.moved.company
						     : theirs.linked.a,
		    other.pub, ED25519_PUBLIC);
		b = made(&theirs, TEST_NET, OTHER, ROLE_COMPANY);
		assert_string_equal(
		    comes(f, &f->talk, types[i].kind, &b), "wrong-reference");
		b = made(&e, TEST_NET, COMPANY, ROLE_COMPANY);
		assert_string_equal(comes(f, &f->talk, types[i].kind, &b), "");
	}
	assert_int_equal(documents_count(&f->n), ARRAY_LEN(types));
}

/* Complete documents of others are shown; others no more than so many. */
static void
test_shown(void **state)
{
	struct fixture *f = *state;
	struct evidence e = test_evidence(EVIDENCE_OUTCOME);
	struct test_document t;
	struct bytes b = { .n = 0 };

	f->config.evidence.shown = 2;
	for (unsigned i = 0; i < 4; i++) {
		e.outcome.hours = 50 + i;
		test_document(&t, &e,
		    i == 0 ? 1U << ROLE_COMPANY
			   : 1U << ROLE_COMPANY | 1U << ROLE_PERSON);
		memcpy(b.p, t.bytes, t.n);
		b.n = t.n;
		assert_string_equal(comes(f, &f->talk, MAIL_OUTCOME, &b),
		    i == 0   ? "incomplete"
		    : i == 3 ? err_name(ERR_LIMIT)
			     : "");
	}
	assert_int_equal(documents_count(&f->n), 2);
	assert_int_equal(documents_find(&f->n, 0, t.d.id) == NULL, true);
}

/* Full is full; the owner has the last eighth. */
static void
test_bounds(void **state)
{
	struct fixture *f = *state;
	struct evidence e = sample(f, EVIDENCE_AGREEMENT);
	const struct held_from mine = { .persona = 0 };
	enum evidence_fault fault;
	unsigned taken = 0;

	f->config.evidence.per_talk = 5;
	for (unsigned i = 0; i < 10; i++) {
		e.agreement.nonce[0] = (uint8_t)i;
		const struct bytes b =
		    made(&e, TEST_NET, COMPANY, ROLE_COMPANY);
		taken += comes(f, &f->talk, MAIL_AGREEMENT, &b)[0] == '\0';
	}
	assert_int_equal(taken, 5);
	f->config.evidence.documents = 16;
	for (unsigned i = 10; i < 40; i++) {
		e.agreement.nonce[0] = (uint8_t)i;
		const struct bytes b =
		    made(&e, TEST_NET, COMPANY, ROLE_COMPANY);
		memset(f->elsewhere.name, (int)i, TALK_NAME);
		taken += comes(f, &f->elsewhere, MAIL_AGREEMENT, &b)[0] == '\0';
	}
	assert_int_equal(taken, 14);
	struct evidence own = sample(f, EVIDENCE_PROGRESS);
	unsigned kept = 0;
	for (unsigned i = 1; i < 5; i++) {
		own.progress.number = (uint16_t)i;
		const err e2 =
		    documents_make(&f->n, &mine, &own, true, NULL, &fault);
		kept += e2 == OK && fault == EVIDENCE_FINE;
		assert_true(e2 == OK || e2 == ERR_LIMIT);
	}
	assert_int_equal(kept, 2);
	assert_int_equal(documents_count(&f->n), 16);
}

/* The same document with two personas: neither shows in the other. */
static void
test_personas(void **state)
{
	struct fixture *f = *state;
	const struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	struct test_document t;
	struct holding h;
	enum evidence_fault fault;
	bool several;
	char id[DOCUMENT_ID_TEXT];

	test_document_all(&t, &e);
	for (uint32_t i = 0; i < 2; i++) {
		const struct held_from from = { .persona = i,
			.imported = true };
		assert_int_equal(documents_take(&f->n, &from,
				     slice_of(t.bytes, t.n), &h, &fault),
		    OK);
		assert_int_equal(fault, EVIDENCE_FINE);
		assert_int_equal(h.persona, i);
		assert_int_equal(h.origin, HELD_IMPORTED);
	}
	assert_int_equal(documents_count(&f->n), 2);
	document_id_text(t.d.id, id);
	id[7] = '\0';
	assert_non_null(documents_named(&f->n, 1, id, &several));
	assert_int_equal(documents_forget(&f->n, 0, t.d.id), OK);
	assert_null(documents_find(&f->n, 0, t.d.id));
	assert_non_null(documents_find(&f->n, 1, t.d.id));
	/* No role in it: not to be signed. */
	assert_int_equal(documents_sign(&f->n, 1, t.d.id, NULL, &fault), OK);
	assert_int_equal(fault, EVIDENCE_BAD_ROLE);
	down(f);
	up(f);
	assert_int_equal(documents_count(&f->n), 1);
	assert_int_equal(
	    documents_find(&f->n, 1, t.d.id)->origin, HELD_IMPORTED);
}

/* Sessions: signatures of k among n, from wherever they come. */
static void
test_session(void **state)
{
	struct fixture *f = *state;
	struct evidence e = test_evidence(EVIDENCE_SESSION);
	const uint8_t *me = persona_get(&f->n, 0)->pub;
	const struct held_from mine = { .persona = 0 };
	struct holding h;
	enum evidence_fault fault;
	unsigned at = 0;

	/* In the place of one of the four, so that they still ascend. */
	while (at < 3 && memcmp(e.session.peers[at], me, ED25519_PUBLIC) < 0)
		at++;
	memcpy(e.session.peers[at], me, ED25519_PUBLIC);
	assert_int_equal(
	    documents_make(&f->n, &mine, &e, true, &h, &fault), OK);
	assert_int_equal(fault, EVIDENCE_FINE);
	assert_false(h.complete);
	for (unsigned i = 0; i < 4; i++) {
		if (i == at)
			continue;
		const unsigned role = ROLE_PEER + i;
		uint64_t author = 1;
		while (memcmp(test_author(author).pub, e.session.peers[i],
			   ED25519_PUBLIC) != 0)
			author++;
		const struct bytes b = made(&e, TEST_NET, author, role);
		assert_int_equal(
		    documents_take(&f->n, &mine, all_of(&b), &h, &fault), OK);
		assert_int_equal(fault, EVIDENCE_FINE);
	}
	assert_true(h.complete);
	assert_int_equal(f->heard[HELD_NEW], 1);
	assert_int_equal(f->heard[HELD_COMPLETE], 1);
	assert_int_equal(f->heard[HELD_SIGNED], 2); /* the 2nd, the 4th */
	assert_int_equal(documents_count(&f->n), 1);
}

/* A value that somebody damaged is left, and nothing else is lost. */
static void
test_damage(void **state)
{
	struct fixture *f = *state;
	const struct bytes a = agreed(f);
	json_t *bad = json_pack("{s:s,s:i,s:s,s:b,s:i,s:i}", "bytes", "00",
	    "persona", 0, "talk", "", "imported", 0, "came", 1, "changed", 1);
	json_t *odd = json_pack("{s:i,s:i}", "bytes", 3, "persona", 31);

	assert_int_equal(vault_put(f->n.vault, "doc/0000000700", bad), OK);
	assert_int_equal(vault_put(f->n.vault, "doc/0000000701", odd), OK);
	json_decref(bad);
	json_decref(odd);
	down(f);
	up(f);
	assert_int_equal(documents_count(&f->n), 1);
	assert_non_null(documents_find(&f->n, 0, a.id));
	/* Its number is not used again. */
	const struct held_from mine = { .persona = 0 };
	const struct evidence p = sample(f, EVIDENCE_PROGRESS);
	struct holding h;
	enum evidence_fault fault;
	assert_int_equal(
	    documents_make(&f->n, &mine, &p, true, &h, &fault), OK);
	assert_true(h.number > 701);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_agreement, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_agreements_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_what_names_an_agreement, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_before_it_is_agreed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_follow_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pairs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_personas, setup, teardown),
		cmocka_unit_test_setup_teardown(test_session, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
