/*
 * mailbox_internal.h: what mailbox.c (envelopes that come, time),
 * mailbox_say.c (what the owner says, publishing) and mailbox_vault.c (what
 * is kept) share. Included after mailbox.h.
 */
#pragma once

#include "node/persona.h"
#include "node/vault.h"

/* A record that is to be published: its content lies in the vault. */
struct outgoing {
	uint8_t talk[TALK_NAME];
	uint32_t number;
	uint32_t persona;
	uint32_t slot;  /* of a company's envelope */
	uint64_t after; /* ticks: not before */
	uint8_t author[ED25519_PUBLIC];
	bool one_time, busy;
};

struct rids {
	uint64_t *list;
	size_t n, at, cap;
};

struct mailbox {
	struct node *n;
	struct talk *talks[TALKS_MAX];
	unsigned talks_n;
	struct outgoing *out[OUTBOX_MAX];
	unsigned out_n;
	uint8_t (*blocked)[RECORD_AUTHOR];
	unsigned blocked_n;
	struct rids queue;   /* to be tried */
	struct rids pending; /* did not open, or came early */
	bool scan, again;
	struct mailbox_stats stats;
	struct arena values;  /* VALUE_ARENA_BYTES */
	struct arena scratch; /* CONVERSATION_SCRATCH */
	struct arena record;  /* RECORD_SCRATCH_BYTES */
	struct conversation_actions *actions;
	struct conversation *before;
	struct envelope_key *keys;
	struct mailbox_hooks hooks;
	struct arrived *arrived; /* of the step under way */
	bool handed; /* what was left at the last end has been handed over */
};

/* What came whole and is for somebody else to judge. */
enum arrived_what {
	ARRIVED_NOTHING,
	ARRIVED_DOCUMENT,
	ARRIVED_LEAVES,
	ARRIVED_ASK
};
struct arrived {
	enum arrived_what what;
	enum mail_document kind;
	size_t n;
	uint8_t bytes[MAIL_DOCUMENT_MAX];
};

/* What a step adds to the history, or NULL. Takes ${said}. */
NODISCARD err talk_step(struct mailbox *m, struct talk *t,
    const struct conversation_event *e, json_t *said,
    enum mail_outcome *outcome);

/** talk_add(m, t): a new one; false: no room, or no memory. */
bool talk_add(struct mailbox *m, struct talk *t);

/** talk_new(m, persona, company, own): NULL: no memory. */
struct talk *talk_new(struct mailbox *m, uint32_t persona, bool company,
    const uint8_t own[ED25519_PUBLIC]);
void talk_free(struct talk *t);

/* ---- mailbox_vault.c ---- */

/** talk_keep(m, t, said, sends, o, n, a): state, message, what is to be sent
 * and what is to be handed over, in one transaction; ${said} and ${a} may be
 * NULL. */
NODISCARD err talk_keep(struct mailbox *m, struct talk *t, json_t *said,
    json_t *const *sends, const struct outgoing *o, unsigned n,
    const struct arrived *a);

/** arrived_load(m, t, a): what was kept to be handed over; false: nothing. */
bool arrived_load(struct mailbox *m, const struct talk *t, struct arrived *a);
void arrived_drop(struct mailbox *m, const struct talk *t);
void talk_forget(struct mailbox *m, const struct talk *t);
NODISCARD err mailbox_load(struct mailbox *m);
json_t *outgoing_get(struct mailbox *m, const struct outgoing *o);
void outgoing_drop(struct mailbox *m, const struct outgoing *o);
void blocked_keep(struct mailbox *m);

/* ---- mailbox_say.c ---- */

/** mail_put_hex(o, key, bytes): of at most a record. */
void mail_put_hex(json_t *o, const char *key, struct slice bytes);

/** outgoing_tick(m): publish what waits. */
void outgoing_tick(struct mailbox *m);
/** outgoing_of(m, t, a, others, n, o): of an action SEND; ${others} came of
 * the same step before it. NULL: no room. */
json_t *outgoing_of(struct mailbox *m, const struct talk *t,
    const struct conversation_action *a, const struct outgoing *others,
    unsigned others_n, struct outgoing *o);
