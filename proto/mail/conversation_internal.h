/*
 * conversation_internal.h: what the files of the conversation share. One step
 * works on a copy of the state; it becomes the state if nothing was refused.
 */
#pragma once

#include "proto/mail/conversation.h"

#define KEY_KEPT_HOURS (2 * ENVELOPE_HOURS) /* a receive key, once replaced */
#define AUTHOR_LEFT    24                   /* hours a one-time key needs */
#define AUTHORS_GIVEN  3 /* one-time keys in each message of a company */

struct step {
	struct conversation *c; /* the copy */
	const struct conversation_event *e;
	uint64_t now_h;      /* of the clock */
	struct arena values; /* for one message at a time */
	struct conversation_actions *out;
	size_t bytes;   /* of out->bytes that are used */
	unsigned drawn; /* ephemeral keys that are used */
};

/** action(s, type): one more; zeroed. */
struct conversation_action *action(
    struct step *s, enum conversation_action_type type);

void ask_owner(struct step *s, enum conversation_ask ask);

/** enter(s, state, hours): the next state, and when it ends. */
void enter(struct step *s, enum conversation_state state, uint64_t hours);

/** finish(s, state): a final one; secrets are wiped. */
void finish(struct step *s, enum conversation_state state);

/** is_opener(c): did this side send the first message? */
static inline bool
is_opener(const struct conversation *c)
{
	return c->company != c->by_hand;
}

/** is_talking(state): both have said yes: INTERESTED and later. */
static inline bool
is_talking(enum conversation_state state)
{
	return state >= CONVERSATION_INTERESTED &&
	       state <= CONVERSATION_CONCLUDED;
}

/** author_place(c): where one more one-time key goes; the least useful one
 * is forgotten. */
struct conversation_author *author_place(struct conversation *c);

/* Of the owner: conversation_send.c. */
enum mail_outcome send_event(struct step *s);

/* Of the peer: conversation_receive.c. */
enum mail_outcome receive_event(struct step *s);
