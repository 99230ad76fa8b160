/*
 * Conversations: the way from an offer, or a raised hand, to an outcome; every
 * refusal by its name; and what must hold in any order of events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mail_world.h"

#define EXPECT(call, what) assert_int_equal((call), (what))

static enum conversation_state
state_of(const struct mail_world *w, unsigned side)
{
	return w->side[side].c.state;
}

/* An event, and its letter at the other side. */
static void
say(struct mail_world *w, unsigned side, enum conversation_event_type type)
{
	EXPECT(mail_do(w, side, type), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
}

static void
test_whole_way(void **state)
{
	struct mail_world *w = mail_world_new(1);
	static const uint8_t id[RECORD_ID] = { 7 };

	(void)state;
	mail_talk(w);
	say(w, COMPANY, CONVERSATION_OWN_ASK);
	assert_true(mail_asked(w, PERSON, ASK_LEAVES));
	assert_memory_equal(
	    w->side[PERSON].c.peer_nonce, w->side[COMPANY].c.own_nonce, 16);
	assert_memory_equal(w->random.name, w->side[COMPANY].c.own_nonce, 16);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_APPROVE), MAIL_FINE);
	say(w, PERSON, CONVERSATION_OWN_DISCLOSE);
	say(w, COMPANY, CONVERSATION_OWN_COMMIT);
	say(w, PERSON, CONVERSATION_OWN_COMMIT);
	say(w, COMPANY, CONVERSATION_OWN_OPEN);
	assert_true(mail_asked(w, PERSON, ASK_OPEN));
	assert_memory_equal(
	    w->side[PERSON].c.peer_identity, "Stahl GmbH, A. Meyer", 20);
	say(w, PERSON, CONVERSATION_OWN_OPEN);
	assert_memory_equal(
	    w->side[COMPANY].c.peer_identity, "Jo Doe, jo@example.org", 22);
	EXPECT(state_of(w, PERSON), CONVERSATION_REVEALED);
	EXPECT(state_of(w, COMPANY), CONVERSATION_REVEALED);
	say(w, COMPANY, CONVERSATION_OWN_DOCUMENT);
	assert_true(mail_asked(w, PERSON, ASK_DOCUMENT));
	say(w, PERSON, CONVERSATION_OWN_DOCUMENT);
	for (unsigned s = 0; s < 2; s++) {
		EXPECT(mail_do(w, s, CONVERSATION_AGREE), MAIL_FINE);
		EXPECT(state_of(w, s), CONVERSATION_AGREED);
		assert_memory_equal(w->side[s].c.agreement, id, RECORD_ID);
		EXPECT(mail_do(w, s, CONVERSATION_AGREE), MAIL_FINE);
		EXPECT(
		    mail_do(w, s, CONVERSATION_OWN_WITHDRAW), MAIL_WRONG_STATE);
	}
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	for (unsigned s = 0; s < 2; s++) {
		EXPECT(mail_do(w, s, CONVERSATION_CONCLUDE), MAIL_FINE);
		EXPECT(w->side[s].c.result, CONVERSATION_KEPT);
	}
	w->now_s += UINT64_C(5000) * 3600; /* a follow-up after six months */
	say(w, COMPANY, CONVERSATION_OWN_DOCUMENT);
	w->now_s += UINT64_C(800) * 3600;
	for (unsigned s = 0; s < 2; s++) {
		EXPECT(mail_do(w, s, CONVERSATION_TIME), MAIL_FINE);
		EXPECT(state_of(w, s), CONVERSATION_CLOSED);
		EXPECT(w->side[s].c.keys_n, 0);
	}
	free(w);
}

static void
test_hand(void **state)
{
	struct mail_world *w = mail_world_new(2);
	struct conversation_event e =
	    mail_event(w, PERSON, CONVERSATION_OWN_HAND);
	struct voucher v = { .until_h = (uint32_t)(w->now_s / 3600 + 100) };

	(void)state;
	/* A friend of the company's: here, the company itself. */
	EXPECT(voucher_sign(&w->side[COMPANY].signer, slice_str(mail_net),
		   w->side[COMPANY].pub, &v),
	    OK);
	e.voucher = &v;
	e.text = slice_str("I have done this for years.");
	EXPECT(mail_step(w, PERSON, &e), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	EXPECT(state_of(w, COMPANY), CONVERSATION_HAND);
	assert_true(mail_asked(w, COMPANY, ASK_HAND));
	assert_true(w->side[COMPANY].out.message.hand.introduced);
	/* Nothing of the persona is in it. */
	assert_memory_not_equal(
	    w->side[COMPANY].c.peer, w->side[PERSON].pub, ED25519_PUBLIC);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_TEXT), MAIL_WRONG_STATE);
	say(w, COMPANY, CONVERSATION_OWN_OFFER);
	EXPECT(state_of(w, PERSON), CONVERSATION_OFFERED);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_SEEN), MAIL_FINE);
	say(w, PERSON, CONVERSATION_OWN_INTEREST);
	say(w, COMPANY, CONVERSATION_OWN_TEXT);
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	EXPECT(state_of(w, PERSON), CONVERSATION_TALK);
	/* The contact's word may be passed on in turn. */
	e = mail_event(w, COMPANY, CONVERSATION_OWN_INTRODUCTION);
	e.peer = w->side[COMPANY].pub;
	e.voucher = &v;
	EXPECT(mail_step(w, COMPANY, &e), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	v.token[0] ^= 1;
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	free(w);
}

/* An opening of the company's ledger comes along with its offer, or not at
 * all where it is too long. */
static void
test_ledger(void **state)
{
	static const uint8_t opening[MESSAGE_LEDGER_MAX + 1] = { 0xde };
	struct mail_world *w = mail_world_new(5);
	struct conversation_event e =
	    mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);

	(void)state;
	e.data = slice_of(opening, MESSAGE_LEDGER_MAX + 1);
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	EXPECT(state_of(w, COMPANY), CONVERSATION_NEW);
	e.data = slice_of(opening, MESSAGE_LEDGER_MAX);
	EXPECT(mail_step(w, COMPANY, &e), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	const struct slice came = w->side[PERSON].out.message.offer.ledger;
	assert_int_equal(came.n, MESSAGE_LEDGER_MAX);
	assert_memory_equal(came.p, opening, came.n);
	free(w);
}

/* A hand that is taken back while it waits. */
static void
test_hand_back(void **state)
{
	struct mail_world *w = mail_world_new(3);
	uint8_t other[ED25519_PUBLIC] = { 9 };

	(void)state;
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_HAND), MAIL_FINE);
	struct conversation_event e =
	    mail_event(w, PERSON, CONVERSATION_OWN_WITHDRAW);
	e.author = other;
	EXPECT(mail_step(w, PERSON, &e), MAIL_BAD_REQUEST);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_WITHDRAW), MAIL_FINE);
	EXPECT(state_of(w, PERSON), CONVERSATION_WITHDRAWN);
	EXPECT(mail_deliver(w, 1), MAIL_EARLY); /* in the wrong order */
	EXPECT(mail_deliver(w, 0), MAIL_FINE);
	EXPECT(mail_deliver(w, 1), MAIL_FINE);
	EXPECT(state_of(w, COMPANY), CONVERSATION_WITHDRAWN);
	EXPECT(mail_deliver(w, 0), MAIL_OVER);
	free(w);
}

/* ---- what each owner may not do ---- */

static void
test_order_of_identities(void **state)
{
	struct mail_world *w = mail_world_new(4);

	(void)state;
	mail_talk(w);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_OPEN), MAIL_WRONG_STATE);
	say(w, PERSON, CONVERSATION_OWN_COMMIT);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_COMMIT), MAIL_WRONG_STATE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_OPEN), MAIL_NOT_YET);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_OPEN), MAIL_WRONG_STATE);
	say(w, COMPANY, CONVERSATION_OWN_COMMIT);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_OPEN), MAIL_NOT_YET);
	say(w, COMPANY, CONVERSATION_OWN_OPEN);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_OPEN), MAIL_WRONG_STATE);
	say(w, PERSON, CONVERSATION_OWN_OPEN);
	EXPECT(state_of(w, PERSON), CONVERSATION_REVEALED);
	free(w);

	/* A company opens only when the person has committed. */
	w = mail_world_new(5);
	mail_talk(w);
	say(w, COMPANY, CONVERSATION_OWN_COMMIT);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_OPEN), MAIL_NOT_YET);
	free(w);
}

static void
test_approval(void **state)
{
	struct mail_world *w = mail_world_new(6);

	(void)state;
	mail_talk(w);
	EXPECT(
	    mail_do(w, PERSON, CONVERSATION_OWN_DISCLOSE), MAIL_NOT_APPROVED);
	struct conversation_event e =
	    mail_event(w, PERSON, CONVERSATION_OWN_APPROVE);
	e.leaves = 1;
	EXPECT(mail_step(w, PERSON, &e), MAIL_FINE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_DISCLOSE),
	    MAIL_NOT_APPROVED); /* leaves 0 and 2 */
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_APPROVE), MAIL_FINE);
	say(w, PERSON, CONVERSATION_OWN_DISCLOSE);
	EXPECT(w->side[PERSON].c.disclosed, 5);
	EXPECT(
	    mail_do(w, COMPANY, CONVERSATION_OWN_DISCLOSE), MAIL_WRONG_STATE);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_APPROVE), MAIL_WRONG_STATE);
	free(w);
}

/* Three keys came with each message of the company; then a fresh one. */
static void
test_authors_run_out(void **state)
{
	struct mail_world *w = mail_world_new(7);

	(void)state;
	mail_talk(w); /* six keys, one is used */
	for (unsigned i = 0; i < 5; i++) {
		say(w, PERSON, CONVERSATION_OWN_TEXT);
		assert_true(w->wire[w->wire_n - 1].one_time);
	}
	struct conversation_event e =
	    mail_event(w, PERSON, CONVERSATION_OWN_TEXT);
	e.author = NULL;
	EXPECT(mail_step(w, PERSON, &e), MAIL_NO_AUTHOR);
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	assert_false(w->wire[w->wire_n - 1].one_time);
	say(w, COMPANY, CONVERSATION_OWN_TEXT);
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	assert_true(w->wire[w->wire_n - 1].one_time);
	free(w);
}

static void
test_document_parts(void **state)
{
	struct mail_world *w = mail_world_new(8);
	static uint8_t data[MAIL_DOCUMENT_MAX + 1];
	struct conversation_event e;

	(void)state;
	mail_talk(w);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	e = mail_event(w, COMPANY, CONVERSATION_OWN_DOCUMENT);
	e.data = slice_of(data, MAIL_DOCUMENT_MAX + 1);
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	e.data = slice_of(data, 10000);
	EXPECT(mail_step(w, COMPANY, &e), MAIL_FINE);
	const size_t first = w->wire_n - 4;
	EXPECT(mail_deliver(w, first + 2), MAIL_FINE); /* in any order */
	EXPECT(mail_deliver(w, first), MAIL_FINE);
	EXPECT(mail_deliver(w, first), MAIL_DUPLICATE);
	EXPECT(mail_deliver(w, first + 3), MAIL_FINE);
	EXPECT(mail_deliver(w, first + 1), MAIL_FINE);
	const struct conversation_action *a = &w->side[PERSON].out.list[0];
	EXPECT(a->type, CONVERSATION_DOCUMENT_WHOLE);
	EXPECT(a->data.n, 10000);
	assert_memory_equal(a->data.p, data, 10000);
	/* A person has a key for each part, or none is sent. */
	e = mail_event(w, PERSON, CONVERSATION_OWN_DOCUMENT);
	e.data = slice_of(data, MAIL_DOCUMENT_MAX);
	const size_t n = w->wire_n;
	EXPECT(mail_step(w, PERSON, &e), MAIL_FINE);
	EXPECT(w->wire_n, n + 4);
	for (size_t i = n; i < n + 4; i++)
		EXPECT(mail_deliver(w, i), MAIL_FINE);
	EXPECT(w->side[COMPANY].out.list[0].data.n, MAIL_DOCUMENT_MAX);
	free(w);
}

/* ---- what comes from outside ---- */

static void
test_hostile_letters(void **state)
{
	struct mail_world *w = mail_world_new(9);
	struct mail_letter *l;
	size_t n;

	(void)state;
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_OFFER), MAIL_FINE);
	l = &w->wire[0];
	/* Another author on the same bytes, another net, one bit changed. */
	l->author[3] ^= 1;
	EXPECT(mail_deliver(w, 0), MAIL_FOREIGN);
	l->author[3] ^= 1;
	for (size_t i = 0; i < l->n; i += 37) {
		l->sealed[i] ^= 0x20;
		EXPECT(mail_deliver(w, 0), MAIL_FOREIGN);
		l->sealed[i] ^= 0x20;
	}
	n = l->n;
	l->n = n - 1;
	EXPECT(mail_deliver(w, 0), MAIL_FOREIGN);
	l->n = n;
	EXPECT(mail_deliver(w, 0), MAIL_FINE);
	EXPECT(mail_deliver(w, 0), MAIL_DUPLICATE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_SEEN), MAIL_FINE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_INTEREST), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_DUPLICATE);
	free(w);
}

/* Makes a letter of side ${from} by hand, with what a liar would write. */
static void
forge(struct mail_world *w, unsigned from, struct message *m)
{
	static uint8_t arena_bytes[VALUE_ARENA_BYTES];
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	struct conversation *c = &w->side[from].c;
	uint8_t bytes[ENVELOPE_MESSAGE_MAX], ephemeral[32] = { 3, 1, 4 };
	struct buf b = { bytes, 0, sizeof(bytes) };
	struct mail_letter *l = &w->wire[w->wire_n++];
	struct buf sealed = { l->sealed, 0, sizeof(l->sealed) };

	memcpy(m->conversation, c->id, CONVERSATION_ID);
	m->number = c->sent + 1000 + w->wire_n;
	if (m->reply_key[0] == 0)
		memcpy(m->reply_key, c->keys[0].pub, X25519_SIZE);
	EXPECT(message_write(m, &arena, &b), OK);
	l->to = 1 - from;
	memcpy(l->author, from == COMPANY ? c->own : w->fresh, RECORD_AUTHOR);
	EXPECT(envelope_seal(&sealed, buf_slice(&b), slice_str(mail_net),
		   l->author, c->peer_key, c->root[1], ephemeral, NULL),
	    OK);
	l->n = sealed.n;
}

static void
test_liars(void **state)
{
	struct mail_world *w = mail_world_new(10);
	struct message m;

	(void)state;
	mail_talk(w);
	say(w, PERSON, CONVERSATION_OWN_TEXT); /* first keys are past */
	say(w, COMPANY, CONVERSATION_OWN_TEXT);

	m = (struct message){ .type = MESSAGE_OPEN };
	m.open.identity = slice_str("x");
	forge(w, PERSON, &m);
	EXPECT(mail_deliver_last(w), MAIL_EARLY);
	m = (struct message){ .type = MESSAGE_COMMIT };
	forge(w, PERSON, &m);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	forge(w, PERSON, &m);
	EXPECT(mail_deliver_last(w), MAIL_WRONG_STATE); /* another identity */
	/* A person's node that opens first is broken or a fake. */
	m = (struct message){ .type = MESSAGE_OPEN };
	m.open.identity = slice_str("x");
	forge(w, PERSON, &m);
	EXPECT(mail_deliver_last(w), MAIL_WRONG_STATE);
	/* A company that opens what it did not commit to. */
	say(w, COMPANY, CONVERSATION_OWN_COMMIT);
	forge(w, COMPANY, &m);
	EXPECT(mail_deliver_last(w), MAIL_BAD_COMMITMENT);
	/* A second offer in a talk, an interest twice, a hand. */
	m = (struct message){ .type = MESSAGE_INTEREST };
	forge(w, PERSON, &m);
	EXPECT(mail_deliver_last(w), MAIL_WRONG_STATE);
	m = (struct message){ .type = MESSAGE_HAND };
	forge(w, PERSON, &m);
	EXPECT(mail_deliver_last(w), MAIL_WRONG_STATE);
	m = (struct message){ .type = MESSAGE_OFFER };
	m.offer.terms = slice_of(w->terms, w->terms_n);
	forge(w, COMPANY, &m);
	EXPECT(mail_deliver_last(w), MAIL_WRONG_STATE);
	/* A person who certifies, and a company that does it badly. */
	m = (struct message){ .type = MESSAGE_INTEREST, .authors_n = 1 };
	forge(w, PERSON, &m);
	EXPECT(mail_deliver_last(w), MAIL_MALFORMED);
	m = (struct message){ .type = MESSAGE_COMMIT, .authors_n = 1 };
	m.not_after = certificate_not_after(w->now_s / 3600);
	memcpy(m.stamp, w->side[COMPANY].signer.stamp, 8);
	forge(w, COMPANY, &m);
	EXPECT(mail_deliver_last(w), MAIL_BAD_CERTIFICATE);
	/* A key of low order: what would be sealed to it, all could read. */
	m = (struct message){ .type = MESSAGE_INTEREST };
	m.reply_key[0] = 1;
	forge(w, COMPANY, &m);
	EXPECT(mail_deliver_last(w), MAIL_MALFORMED);
	free(w);
}

/* The bytes of a message as they opened, or changed after that. */
static enum mail_outcome
take_bytes(struct mail_world *w, struct slice bytes)
{
	const struct conversation *c = &w->side[PERSON].c;
	struct envelope_opened o = { .message = bytes, .root = { 5 } };
	const struct conversation_event e = { .type = CONVERSATION_RECEIVE,
		.opened = &o };

	memcpy(o.pub, c->keys[0].pub, X25519_SIZE);
	memcpy(o.author, c->peer, RECORD_AUTHOR);
	return mail_step(w, PERSON, &e);
}

static void
test_versions(void **state)
{
	static uint8_t arena_bytes[VALUE_ARENA_BYTES];
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	struct mail_world *w = mail_world_new(16);
	uint8_t bytes[ENVELOPE_MESSAGE_MAX];
	struct buf b = { bytes, 0, sizeof(bytes) };
	struct message m = { .type = MESSAGE_COMMIT };

	(void)state;
	mail_talk(w);
	const struct conversation *c = &w->side[PERSON].c;
	memcpy(m.conversation, c->id, CONVERSATION_ID);
	memcpy(m.reply_key, c->peer_key, X25519_SIZE);
	m.number = c->peer_key_number + 1;
	EXPECT(message_write(&m, &arena, &b), OK);
	bytes[2] = 2; /* map, key 0, version */
	EXPECT(take_bytes(w, buf_slice(&b)), MAIL_UNKNOWN);
	bytes[2] = 1;
	bytes[4] = MESSAGE_TYPES;
	EXPECT(take_bytes(w, buf_slice(&b)), MAIL_UNKNOWN);
	bytes[4] = MESSAGE_OPEN; /* with the body of another type */
	EXPECT(take_bytes(w, buf_slice(&b)), MAIL_MALFORMED);
	bytes[4] = MESSAGE_COMMIT;
	for (size_t n = 0; n < b.n; n++)
		EXPECT(take_bytes(w, slice_of(bytes, n)), MAIL_MALFORMED);
	bytes[8] ^= 1; /* another conversation of the same two */
	EXPECT(take_bytes(w, buf_slice(&b)), MAIL_FOREIGN);
	bytes[8] ^= 1;
	EXPECT(take_bytes(w, buf_slice(&b)), MAIL_FINE);
	EXPECT(take_bytes(w, buf_slice(&b)), MAIL_DUPLICATE);
	free(w);
}

/* Letters of one conversation say nothing in the next of the same two. */
static void
test_next_conversation(void **state)
{
	struct mail_world *w = mail_world_new(17);

	(void)state;
	mail_talk(w);
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	const size_t n = w->wire_n;
	for (unsigned i = 0; i < 2; i++)
		conversation_init(&w->side[i].c, slice_str(mail_net),
		    i == COMPANY, w->side[i].pub, w->now_s / 3600);
	mail_talk(w);
	for (size_t i = 0; i < n; i++)
		EXPECT(mail_deliver(w, i), MAIL_FOREIGN);
	free(w);
}

/* One answer to an offer: whoever holds the persona's keys elsewhere. */
static void
test_two_devices(void **state)
{
	struct mail_world *w = mail_world_new(11);

	(void)state;
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_OFFER), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_SEEN), MAIL_FINE);
	const struct conversation second = w->side[PERSON].c;
	say(w, PERSON, CONVERSATION_OWN_INTEREST);
	w->side[PERSON].c = second;
	/* The same one-time key on the wire is what is being tested. */
	w->wire[w->wire_n - 1].one_time = false;
	memset(w->wire[w->wire_n - 1].author, 0, RECORD_AUTHOR);
	w->now_s += 7200;
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_INTEREST), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FORKED);
	free(w);
}

/* A backup of the person's is restored: its one-time key is used again. */
static void
test_old_backup(void **state)
{
	struct mail_world *w = mail_world_new(12);

	(void)state;
	mail_talk(w);
	const struct conversation old = w->side[PERSON].c;
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	memset(w->wire[w->wire_n - 1].author, 0, RECORD_AUTHOR);
	w->side[PERSON].c = old;
	w->now_s += 7200;
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_TEXT), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_AUTHOR_USED);
	/* The next key was not used, and the numbers do not collide. */
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	/* What came meanwhile is new to it once more, and then not. */
	say(w, COMPANY, CONVERSATION_OWN_TEXT);
	EXPECT(mail_deliver_last(w), MAIL_DUPLICATE);
	free(w);
}

/* Only a word with the right root comes through; nothing stays open long. */
static void
test_old_keys_go(void **state)
{
	struct mail_world *w = mail_world_new(13);

	(void)state;
	mail_talk(w);
	for (unsigned i = 0; i < 6; i++)
		say(w, i % 2 == 0 ? PERSON : COMPANY, CONVERSATION_OWN_TEXT);
	const struct conversation *c = &w->side[COMPANY].c;
	assert_true(c->keys_n <= CONVERSATION_RECEIVE_KEYS);
	for (unsigned i = 0; i < c->keys_n; i++)
		assert_memory_not_equal(c->keys[i].pub, c->first, X25519_SIZE);
	w->now_s += UINT64_C(3600) * 700;
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	say(w, COMPANY, CONVERSATION_OWN_TEXT);
	w->now_s += UINT64_C(3600) * 700;
	EXPECT(mail_do(w, COMPANY, CONVERSATION_TIME), MAIL_FINE);
	EXPECT(c->keys_n, 1);
	free(w);
}

static void
test_late_and_early(void **state)
{
	struct mail_world *w = mail_world_new(14);

	(void)state;
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_OFFER), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_INTEREST),
	    MAIL_WRONG_STATE); /* not looked at */
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_TEXT), MAIL_WRONG_STATE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_SEEN), MAIL_FINE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_INTEREST), MAIL_FINE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_TEXT), MAIL_FINE);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_COMMIT), MAIL_FINE);
	EXPECT(mail_deliver(w, 3), MAIL_EARLY);
	EXPECT(mail_deliver(w, 2), MAIL_EARLY);
	EXPECT(mail_deliver(w, 1), MAIL_FINE);
	assert_true(mail_asked(w, COMPANY, ASK_INTEREST));
	EXPECT(mail_deliver(w, 3), MAIL_FINE);
	EXPECT(mail_deliver(w, 2), MAIL_FINE);
	say(w, COMPANY, CONVERSATION_OWN_COMMIT);
	free(w);
}

static void
test_flood(void **state)
{
	struct mail_world *w = mail_world_new(15);
	unsigned taken = 0, refused = 0;

	(void)state;
	mail_talk(w);
	for (unsigned i = 0; i < 100; i++) {
		EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_TEXT), MAIL_FINE);
		const enum mail_outcome o = mail_deliver_last(w);
		taken += o == MAIL_FINE ? 1 : 0;
		refused += o == MAIL_TOO_MANY ? 1 : 0;
	}
	EXPECT(taken, CONVERSATION_DAY_MAX - 1); /* the talk's first, too */
	EXPECT(taken + refused, 100);
	w->now_s += 86400;
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	/* What is older than all that is remembered is stale. */
	EXPECT(w->side[PERSON].c.heard_n, CONVERSATION_HEARD);
	EXPECT(mail_deliver(w, 2), MAIL_STALE);
	free(w);
}

static void
test_ends(void **state)
{
	static const struct {
		unsigned side, by;
		enum conversation_event_type event;
		enum conversation_state end;
	} cases[] = {
		{ PERSON, PERSON, CONVERSATION_OWN_CLOSE, CONVERSATION_CLOSED },
		{ PERSON, PERSON, CONVERSATION_OWN_BLOCK,
		    CONVERSATION_BLOCKED },
		{ PERSON, COMPANY, CONVERSATION_OWN_WITHDRAW,
		    CONVERSATION_WITHDRAWN },
		{ COMPANY, PERSON, CONVERSATION_OWN_WITHDRAW,
		    CONVERSATION_WITHDRAWN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct mail_world *w = mail_world_new(20 + i);
		mail_talk(w);
		const size_t n = w->wire_n;
		EXPECT(mail_do(w, cases[i].by, cases[i].event), MAIL_FINE);
		if (cases[i].by != cases[i].side)
			EXPECT(mail_deliver_last(w), MAIL_FINE);
		else
			EXPECT(w->wire_n, n); /* without a word */
		const struct conversation *c = &w->side[cases[i].side].c;
		EXPECT(c->state, cases[i].end);
		EXPECT(c->keys_n, 0);
		EXPECT(c->roots, 0);
		assert_true(conversation_expiry(c) == UINT64_MAX);
		EXPECT(mail_do(w, cases[i].side, CONVERSATION_OWN_TEXT),
		    MAIL_OVER);
		EXPECT(mail_do(w, cases[i].side, CONVERSATION_TIME), MAIL_FINE);
		free(w);
	}
	/* An offer left alone, on both sides. */
	struct mail_world *w = mail_world_new(30);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_OFFER), MAIL_FINE);
	EXPECT(mail_deliver_last(w), MAIL_FINE);
	w->now_s = conversation_expiry(&w->side[PERSON].c) - 1;
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_SEEN), MAIL_FINE);
	w->now_s++;
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_INTEREST), MAIL_OVER);
	EXPECT(state_of(w, PERSON), CONVERSATION_IGNORED);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_TIME), MAIL_FINE);
	EXPECT(state_of(w, COMPANY), CONVERSATION_EXPIRED);
	free(w);
	/* A clock that goes back by a year ends nothing and starts nothing. */
	w = mail_world_new(31);
	mail_talk(w);
	const uint64_t due = conversation_expiry(&w->side[PERSON].c);
	w->now_s -= UINT64_C(365) * 86400;
	EXPECT(mail_do(w, PERSON, CONVERSATION_TIME), MAIL_FINE);
	assert_true(conversation_expiry(&w->side[PERSON].c) == due);
	say(w, PERSON, CONVERSATION_OWN_TEXT);
	free(w);
}

static void
test_requests(void **state)
{
	struct mail_world *w = mail_world_new(40);
	struct conversation_event e;

	(void)state;
	w->side[COMPANY].refuse_to_sign = true;
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_OFFER), MAIL_NOT_SIGNED);
	w->side[COMPANY].refuse_to_sign = false;
	e = mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);
	e.key = (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	EXPECT(mail_step(w, COMPANY, &e), MAIL_NO_KEY);
	e = mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);
	e.terms.n--;
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	e = mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);
	e.random = NULL;
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	e = mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);
	e.signer = NULL;
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	EXPECT(mail_do(w, PERSON, CONVERSATION_OWN_OFFER), MAIL_WRONG_STATE);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_OWN_HAND), MAIL_WRONG_STATE);
	mail_talk(w);
	e = mail_event(w, COMPANY, CONVERSATION_OWN_TEXT);
	e.text = slice_str("a bell \a");
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	e.text = slice_str("");
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	e = mail_event(w, COMPANY, CONVERSATION_AGREE);
	e.until_h = w->now_s / 3600;
	EXPECT(mail_step(w, COMPANY, &e), MAIL_BAD_REQUEST);
	EXPECT(mail_do(w, COMPANY, CONVERSATION_CONCLUDE), MAIL_WRONG_STATE);
	free(w);
}

/* ---- any order of events ---- */

struct shadow {
	uint64_t approved;
	bool yes[2]; /* an explicit OWN_OPEN that was granted */
};

static void
check(struct mail_world *w, const struct shadow *s)
{
	const struct conversation *p = &w->side[PERSON].c;
	const struct conversation *c = &w->side[COMPANY].c;

	assert_true((p->disclosed & ~s->approved) == 0);
	/* Only their own yes opens an identity, the company's first. */
	assert_true(!p->own_opened || (s->yes[PERSON] && s->yes[COMPANY]));
	assert_true(!c->own_opened || s->yes[COMPANY]);
	assert_true(!p->peer_opened || s->yes[COMPANY]);
	assert_true(!c->peer_opened || (s->yes[PERSON] && p->own_opened));
	assert_true(p->state != CONVERSATION_REVEALED || s->yes[PERSON]);
	for (unsigned i = 0; i < 2; i++)
		assert_true(conversation_is_over(w->side[i].c.state) ==
			    (conversation_expiry(&w->side[i].c) == UINT64_MAX));
}

static void
own_event(struct mail_world *w, struct shadow *s)
{
	const unsigned side = (unsigned)test_below(&w->t, 2);
	enum conversation_event_type type =
	    (enum conversation_event_type)test_below(
		&w->t, CONVERSATION_RECEIVE);
	/* Often what leads to the end of the way. */
	if (test_below(&w->t, 3) == 0)
		type = test_below(&w->t, 2) == 0 ? CONVERSATION_OWN_COMMIT
						 : CONVERSATION_OWN_OPEN;
	struct conversation_event e = mail_event(w, side, type);

	/* The ends are rare, or nothing would ever get far. */
	if (type >= CONVERSATION_OWN_WITHDRAW &&
	    type <= CONVERSATION_OWN_BLOCK && test_below(&w->t, 12) > 0)
		return;
	if (type == CONVERSATION_OWN_APPROVE ||
	    type == CONVERSATION_OWN_DISCLOSE)
		e.leaves = 1 + test_below(&w->t, 15);
	if (test_below(&w->t, 8) == 0)
		e.author = NULL;
	const enum mail_outcome o = mail_step(w, side, &e);
	if (o != MAIL_FINE)
		return;
	if (type == CONVERSATION_OWN_APPROVE)
		s->approved |= e.leaves;
	if (type == CONVERSATION_OWN_OPEN) {
		assert_true(side == COMPANY || w->side[side].c.peer_opened);
		s->yes[side] = true;
	}
}

static void
letter_event(struct mail_world *w)
{
	if (w->wire_n == 0)
		return;
	/* Mostly recent ones, so that a talk goes on. */
	const size_t back = test_below(&w->t, MIN(w->wire_n, (size_t)5));
	const size_t i = test_below(&w->t, 4) == 0
			     ? test_below(&w->t, w->wire_n)
			     : w->wire_n - 1 - back;
	struct mail_letter *l = &w->wire[i];
	const bool before = l->taken;

	switch (test_below(&w->t, 8)) {
	case 0: { /* changed on the way */
		const size_t at = test_below(&w->t, l->n);
		l->sealed[at] ^= 0x10;
		assert_int_equal(mail_deliver(w, i), MAIL_FOREIGN);
		l->sealed[at] ^= 0x10;
		return;
	}
	case 1: /* to the wrong one */
		l->to = 1 - l->to;
		assert_int_not_equal(mail_deliver(w, i), MAIL_FINE);
		l->to = 1 - l->to;
		return;
	default: {
		const enum mail_outcome o = mail_deliver(w, i);
		if (before) /* what was taken is never taken again */
			assert_int_not_equal(o, MAIL_FINE);
	}
	}
}

static void
test_random_sequences(void **state)
{
	unsigned reached[CONVERSATION_STATES] = { 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= 120; seed++) {
		struct mail_world *w = mail_world_new(seed * 977);
		struct shadow s = { 0 };
		if (seed % 3 == 0) /* well begun */
			mail_talk(w);
		for (unsigned i = 0; i < 250 && w->wire_n < MAIL_WIRE - 4;
		     i++) {
			if (test_below(&w->t, 40) == 0)
				w->now_s += 3600 * test_below(&w->t, 400);
			if (test_below(&w->t, 2) == 0)
				own_event(w, &s);
			else
				letter_event(w);
			check(w, &s);
			reached[w->side[PERSON].c.state]++;
			reached[w->side[COMPANY].c.state]++;
		}
		/* Time alone ends everything. */
		for (unsigned side = 0; side < 2; side++) {
			struct conversation *c = &w->side[side].c;
			const uint64_t due = conversation_expiry(c);
			if (due == UINT64_MAX)
				continue;
			w->now_s = MAX(w->now_s, due);
			EXPECT(mail_do(w, side, CONVERSATION_TIME), MAIL_FINE);
			assert_true(conversation_is_over(c->state));
		}
		free(w);
	}
	for (unsigned i = 0; i < CONVERSATION_STATES; i++) {
		if (i == CONVERSATION_LAPSED || i == CONVERSATION_BLOCKED)
			continue; /* too rare to ask for */
		if (reached[i] == 0)
			fail_msg("no sequence reached %s",
			    conversation_state_name(
				(enum conversation_state)i));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_way),
		cmocka_unit_test(test_hand),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_hand_back),
		cmocka_unit_test(test_order_of_identities),
		cmocka_unit_test(test_approval),
		cmocka_unit_test(test_authors_run_out),
		cmocka_unit_test(test_document_parts),
		cmocka_unit_test(test_hostile_letters),
		cmocka_unit_test(test_liars),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_next_conversation),
		cmocka_unit_test(test_two_devices),
		cmocka_unit_test(test_old_backup),
		cmocka_unit_test(test_old_keys_go),
		cmocka_unit_test(test_late_and_early),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_random_sequences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
