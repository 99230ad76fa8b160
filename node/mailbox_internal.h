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
	uint8_t id[CONVERSATION_ID];
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
};

/* What a step adds to the history, or NULL. Takes ${said}. */
NODISCARD err talk_step(struct mailbox *m, struct talk *t,
    const struct conversation_event *e, json_t *said,
    enum mail_outcome *outcome);

/** talk_add(m, t): a new one; false: no room, or no memory. */
bool talk_add(struct mailbox *m, struct talk *t);

/* ---- mailbox_vault.c ---- */

/** talk_keep(m, t, said, sends, n): state, message and what is to be sent, in
 * one transaction; ${said} may be NULL. */
NODISCARD err talk_keep(struct mailbox *m, struct talk *t, json_t *said,
    json_t *const *sends, const struct outgoing *o, unsigned n);
void talk_forget(struct mailbox *m, const struct talk *t);
NODISCARD err mailbox_load(struct mailbox *m);
json_t *outgoing_get(struct mailbox *m, const struct outgoing *o);
void outgoing_drop(struct mailbox *m, const struct outgoing *o);
void blocked_keep(struct mailbox *m);

/* ---- mailbox_say.c ---- */

/** outgoing_tick(m): publish what waits. */
void outgoing_tick(struct mailbox *m);
/** outgoing_of(m, t, a, said, o): of an action SEND; NULL: no room. */
json_t *outgoing_of(struct mailbox *m, const struct talk *t,
    const struct conversation_action *a, struct outgoing *o);
