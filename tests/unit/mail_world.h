/*
 * mail_world.h: a company and a person who write to each other through the
 * code of proto/mail, with every envelope in the test's hand: it may be lost,
 * come twice, late, changed or to somebody else.
 */
#pragma once

#include "proto/mail/conversation.h"
#include "test_env.h"

#define MAIL_WIRE 256
#define PERSON    0
#define COMPANY   1

struct mail_letter {
	unsigned to; /* PERSON or COMPANY */
	uint8_t author[RECORD_AUTHOR];
	uint8_t sealed[ENVELOPE_SEALED_MAX];
	size_t n;
	bool taken; /* once with MAIL_FINE */
	bool one_time;
};

struct mail_side {
	struct conversation c;
	uint8_t secret[ED25519_SECRET], pub[ED25519_PUBLIC];
	struct envelope_key stranger; /* intro key or inbox */
	struct mail_signer signer;
	struct conversation_actions out;
	uint8_t plain[ENVELOPE_PLAIN_MAX]; /* of the last one that opened */
	bool refuse_to_sign;
};

struct mail_world {
	struct test_env t;
	struct mail_side side[2];
	uint64_t now_s;
	struct mail_letter wire[MAIL_WIRE];
	size_t wire_n;
	uint8_t fresh[ED25519_PUBLIC]; /* an author the person has stamped */
	uint8_t terms[MESSAGE_TERMS_MAX];
	size_t terms_n;
	struct conversation_random random;
	uint8_t scratch[CONVERSATION_SCRATCH];
};

extern const char mail_net[];

/** mail_world_new(seed): both sides in state NEW; free() it. */
struct mail_world *mail_world_new(uint64_t seed);

/** mail_event(w, side, type): an event with all that it may need filled in. */
struct conversation_event mail_event(
    struct mail_world *w, unsigned side, enum conversation_event_type type);

/** mail_step(w, side, e): one step, what is sent goes on the wire; the state
 * is saved and loaded again each time. Fails the test when a refusal changed
 * something, or when something was sent that nobody asked for. */
enum mail_outcome mail_step(
    struct mail_world *w, unsigned side, const struct conversation_event *e);

/** mail_do(w, side, type): mail_step() of mail_event(). */
enum mail_outcome mail_do(
    struct mail_world *w, unsigned side, enum conversation_event_type type);

/** mail_deliver(w, i): letter ${i} to whom it is for. MAIL_FOREIGN also when
 * none of the keys opens it. */
enum mail_outcome mail_deliver(struct mail_world *w, size_t i);

/** mail_deliver_last(w): the newest letter. */
enum mail_outcome mail_deliver_last(struct mail_world *w);

/** mail_talk(w): offer, interest, a word of the company: both in TALK. */
void mail_talk(struct mail_world *w);

/** mail_asked(w, side, ask): did the last step ask the owner that? */
bool mail_asked(
    const struct mail_world *w, unsigned side, enum conversation_ask ask);
