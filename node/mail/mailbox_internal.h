/*
 * mailbox_internal.h: what the files of node/mail share: mailbox.c (talks and
 * their steps, time), mailbox_letters.c (envelopes that come), mailbox_say.c
 * (what the owner says), mailbox_out.c (publishing it), mailbox_once.c (what
 * counts once, what has ended) and mailbox_vault.c (what is kept).
 */
#pragma once

#include "node/keys/erase.h"
#include "node/keys/persona.h"
#include "node/keys/vault.h"
#include "node/mail/mailbox.h"

#define ENDED_MAX   64 /* ended talks that are still shown */
#define ONCE_MAX    4096
#define TOKENS_MAX  2048
#define TOKENS_EACH 64 /* of one introducer */
#define TOMBS_MAX   4096

/* A record that is to be published: its content lies in the vault. */
struct outgoing {
	uint8_t talk[TALK_NAME];
	uint32_t number;
	uint32_t line; /* of the history that it says */
	uint32_t persona;
	uint32_t slot;  /* of a company's or a fresh author's envelope */
	uint64_t after; /* ticks: not before */
	uint8_t author[ED25519_PUBLIC];
	enum envelope_author by;
	unsigned moved; /* to another slot */
	bool busy;
};

/* Records to be looked at; the front is the oldest. */
struct rids {
	uint64_t *list;
	size_t n, at, cap;
};

enum letters {
	LETTERS_NEW,    /* not looked at */
	LETTERS_OURS,   /* by a key that we know: soon */
	LETTERS_OTHERS, /* of anybody: when there is time */
	/* what did not open, or came early: tried again when keys change */
	PENDING_OURS,
	PENDING_EARLY,
	PENDING_OTHERS,
	LETTERS_QUEUES,
};

/* What may not be used again: the key of an answer ... */
struct once {
	uint8_t key[ED25519_PUBLIC];
	uint32_t persona;
	uint32_t until_h; /* then it does not count any more */
};

/* ... and a voucher's token, of an introducer whom we know. */
struct token {
	uint8_t token[VOUCHER_TOKEN];
	uint8_t introducer[ED25519_PUBLIC]; /* zeros: of an earlier version */
	uint32_t until_h;
};

/* Of a talk that is forgotten: its first message must not begin it again, and
 * counts for the rules of the inbox. */
struct tomb {
	uint8_t name[TALK_NAME];
	uint8_t id[CONVERSATION_ID];
	uint8_t sender[RECORD_AUTHOR];
	uint32_t persona;
	bool company;
	uint64_t begun_s, until_s;
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
	uint32_t line; /* of the history */
	size_t n;
	uint8_t bytes[MAIL_DOCUMENT_MAX];
};

/* A talk in the vault that cannot be read. */
struct damaged {
	uint8_t name[TALK_NAME];
	uint32_t slot; /* UINT32_MAX: nobody knows, its head is gone, too */
	bool company, has_head;
	uint8_t peer[ED25519_PUBLIC];
	uint64_t begun_s;
	err why;
};

struct stamping; /* mailbox_out.c */

struct mailbox {
	struct node *n;
	struct talk *talks[TALKS_MAX];
	unsigned talks_n;
	struct damaged *damaged; /* with the talks at most TALKS_MAX */
	unsigned damaged_n;
	struct outgoing *out[OUTBOX_MAX];
	unsigned out_n;
	uint8_t (*blocked)[RECORD_AUTHOR];
	unsigned blocked_n;
	struct rids letters[LETTERS_QUEUES];
	struct once *once; /* ONCE_MAX */
	unsigned once_n;
	struct token *tokens; /* TOKENS_MAX */
	unsigned tokens_n;
	struct tomb *tombs; /* TOMBS_MAX, oldest first */
	unsigned tombs_n;
	bool scan, again;
	uint64_t sane_s; /* the clock while it was believed */
	uint64_t sane_ticks;
	bool leapt;
	uint64_t hold_until; /* ticks: after a long absence */
	struct mailbox_stats stats;
	struct arena values;  /* VALUE_ARENA_BYTES */
	struct arena scratch; /* CONVERSATION_SCRATCH */
	struct arena record;  /* RECORD_SCRATCH_BYTES */
	struct conversation_actions *actions;
	struct conversation *before;
	struct envelope_key *keys;
	struct eraser *eraser; /* the keys that states are sealed under */
	struct mailbox_hooks hooks;
	struct arrived *arrived; /* of the step under way */
	bool handed; /* what was left at the last end has been handed over */
	struct stamping *stamping;
};

/* ---- mailbox.c ---- */

/** mail_now(m): seconds since 1970 by a clock that is believed: while it has
 * leapt ahead, time goes on as before. */
uint64_t mail_now(const struct mailbox *m);

/* A step, what is kept of it, and who is told. Takes ${said}, NULL: nothing
 * for the history. */
NODISCARD err talk_step(struct mailbox *m, struct talk *t,
    const struct conversation_event *e, json_t *said,
    enum mail_outcome *outcome);

/** talk_add(m, t): a new one; false: no room. */
bool talk_add(struct mailbox *m, struct talk *t);

/** talks_full(m): no room for one more. */
bool talks_full(const struct mailbox *m);

/** talk_new(m, persona, company, own): NULL: no memory. */
struct talk *talk_new(struct mailbox *m, uint32_t persona, bool company,
    const uint8_t own[ED25519_PUBLIC]);
void talk_free(struct talk *t);

/** talk_of_name(m, name): NULL: none. */
struct talk *talk_of_name(struct mailbox *m, const uint8_t name[TALK_NAME]);

/** talk_tell(m, t, what): an event to those who watch. */
void talk_tell(struct mailbox *m, struct talk *t, const char *what);

/** talks_trim(m): of the ended ones the oldest become tombs. */
void talks_trim(struct mailbox *m);

/* ---- mailbox_letters.c ---- */

/** letters_put(m, q, rid): full: one is lost, of what is pending the oldest. */
void letters_put(struct mailbox *m, enum letters q, uint64_t rid);
size_t letters_n(const struct mailbox *m, enum letters q);
void letters_tick(struct mailbox *m);

/* ---- mailbox_once.c ---- */

/** once_find(m, key): NULL: it was not used. */
const struct once *once_find(
    const struct mailbox *m, const uint8_t key[ED25519_PUBLIC]);
/** once_add(m, o): it is in the vault already. False: no room. */
bool once_add(struct mailbox *m, const struct once *o);
struct once once_of(const struct mailbox *m, const struct outgoing *o);
void once_name(char out[VAULT_NAME_MAX + 1], const struct once *o);
json_t *once_json(const struct once *o);

/** token_is_used(m, token): was it shown before: by a hand that is still
 * there, or by one that a known introducer had vouched for? */
bool token_is_used(const struct mailbox *m, const uint8_t token[VOUCHER_TOKEN]);

/** token_keep(m, v): it has been used. False: no room of this introducer or
 * at all, or the disk refuses: it does not count then. */
bool token_keep(struct mailbox *m, const struct voucher *v);

/** tomb_find(m, id, sender, persona): did it end here before? */
bool tomb_find(const struct mailbox *m, const uint8_t id[CONVERSATION_ID],
    const uint8_t sender[RECORD_AUTHOR], uint32_t persona);
/** tomb_make(m, t): ${t} may be forgotten then. ERR_IO. */
NODISCARD err tomb_make(struct mailbox *m, const struct talk *t);

/** tombs_forget(m, persona): all of a persona's. Of the vault. */
NODISCARD err tombs_forget(struct mailbox *m, uint32_t persona);

void once_load(struct mailbox *m);
/** once_tick(m): what does not count any more goes. */
void once_tick(struct mailbox *m);

/* ---- mailbox_vault.c ---- */

/** talk_keep(m, t, said, sends, o, n, a): state, message, what is to be sent
 * and what is to be handed over, in one transaction; ${said} and ${a} may be
 * NULL. The key under which the state before was sealed is then erased. */
NODISCARD err talk_keep(struct mailbox *m, struct talk *t, json_t *said,
    json_t *const *sends, const struct outgoing *o, unsigned n,
    const struct arrived *a);

/** arrived_load(m, t, a): what was kept to be handed over; false: nothing. */
bool arrived_load(struct mailbox *m, const struct talk *t, struct arrived *a);
/** damaged_find(m, name): NULL: it is none. */
const struct damaged *damaged_find(
    const struct mailbox *m, const uint8_t name[TALK_NAME]);
void arrived_drop(struct mailbox *m, const struct talk *t);
void talk_forget(struct mailbox *m, const struct talk *t);
NODISCARD err mailbox_load(struct mailbox *m);
json_t *outgoing_get(struct mailbox *m, const struct outgoing *o);
NODISCARD err outgoing_put(
    struct mailbox *m, const struct outgoing *o, const json_t *v);
void outgoing_drop(struct mailbox *m, const struct outgoing *o);
/** line_mark(m, t, line, key, value): a word more to a line of the history;
 * takes ${value}. */
void line_mark(struct mailbox *m, const struct talk *t, uint32_t line,
    const char *key, json_t *value);
void blocked_keep(struct mailbox *m);
uint64_t json_number(const json_t *o, const char *key);
/** json_bytes(o, key, out, n): hexadecimal of exactly ${n} bytes? */
bool json_bytes(const json_t *o, const char *key, uint8_t *out, size_t n);

/* ---- mailbox_out.c ---- */

/** mail_put_hex(o, key, bytes): of at most a record. */
void mail_put_hex(json_t *o, const char *key, struct slice bytes);

/** outgoing_tick(m): publish what waits. */
void outgoing_tick(struct mailbox *m);

/** outgoing_of(m, t, a, others, n, o, out):
 * Of an action SEND; ${others} came of the same step before it. ERR_LIMIT: no
 * slot is free; ERR_FORM: it would not be taken by anybody: the clock is
 * wrong, or the key's certificate. */
NODISCARD err outgoing_of(struct mailbox *m, const struct talk *t,
    const struct conversation_action *a, const struct outgoing *others,
    unsigned others_n, struct outgoing *o, json_t **out);
void outgoing_stop(struct mailbox *m);
