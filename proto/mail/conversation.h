/*
 * mail/conversation.h: one conversation between a company and a person, seen
 * from one of the two, as a pure function: (state, event, now) gives the next
 * state and what is to be done. No clock, no randomness, no memory of its own;
 * struct conversation has no pointers, conversation_save() keeps it.
 *
 * What holds in every state, whatever the peer sends:
 * - nothing is sent but on an event of the owner: there are no receipts;
 * - a person's identity is opened only after the company's, and only by
 *   CONVERSATION_OWN_OPEN;
 * - no leaf is disclosed that CONVERSATION_OWN_APPROVE did not allow;
 * - every state but the final ones ends by time, and then the keys are gone;
 * - an event that is refused changes nothing.
 *
 *             person                                 company
 *   NEW ──hand──▶ HAND                     NEW ◀──hand── HAND
 *    │              │ offer comes           │ offer        │ offer
 *    ▼ offer comes  ▼                       ▼              ▼
 *   OFFERED ──seen──▶ SEEN                 OFFERED (silence is the decline)
 *                      │ interest           │ interest comes
 *                      ▼                    ▼
 *                   INTERESTED             INTERESTED
 *                      │ company writes     │ company writes
 *                      ▼                    ▼
 *                    TALK ─ commit, open: company first ─▶ REVEALED
 *                      └────────── both signed ──▶ AGREED ──▶ CONCLUDED
 *   final: EXPIRED, IGNORED, BLOCKED, WITHDRAWN, LAPSED, CLOSED
 *
 * How a node drives it: it keeps one of these for each conversation, and the
 * keys of all of them beside its intro keys (or inbox key) with a zero root. An
 * envelope that opens with a key of a conversation is its CONVERSATION_RECEIVE.
 * One that opens with an intro or inbox key is that of the conversation whose
 * id message_read() tells, if there is one; else, if inbox_offer() or
 * inbox_hand() lets it in, of a new one. What is MAIL_EARLY, and what nothing
 * opens, is tried again after CONVERSATION_KEYS_CHANGED. One that ended is kept
 * for ENVELOPE_HOURS and a day, or its first message would begin it again. The
 * state and what it sends are kept together before anything goes out, so that
 * a crash neither loses a message nor sends two under one key.
 *
 * SPEC.md, "Conversation"; secrets and claims: MODEL.md.
 */
#pragma once

#include "proto/mail/message.h"

enum conversation_state {
	CONVERSATION_NEW,
	CONVERSATION_HAND,       /* a hand was raised, no offer yet */
	CONVERSATION_OFFERED,    /* person: not looked at yet */
	CONVERSATION_SEEN,       /* person alone */
	CONVERSATION_INTERESTED, /* person: no word since; company: decide */
	CONVERSATION_TALK,
	CONVERSATION_REVEALED,  /* both identities are open */
	CONVERSATION_AGREED,    /* both signed the same agreement */
	CONVERSATION_CONCLUDED, /* an outcome is signed; a follow-up may come */
	/* final */
	CONVERSATION_EXPIRED,
	CONVERSATION_IGNORED, /* person: an offer left without an answer */
	CONVERSATION_BLOCKED,
	CONVERSATION_WITHDRAWN, /* by either side */
	CONVERSATION_LAPSED,    /* agreed, and no outcome came */
	CONVERSATION_CLOSED, /* by the owner, or the follow-up's time is over */
};
#define CONVERSATION_STATES (CONVERSATION_CLOSED + 1)

enum conversation_result {
	CONVERSATION_NONE,
	CONVERSATION_KEPT,
	CONVERSATION_PARTLY,
	CONVERSATION_BROKEN,
	CONVERSATION_VOID
};

/* Hours until a state ends when nothing happens. */
#define CONVERSATION_HAND_HOURS      672   /* also of NEW */
#define CONVERSATION_ANSWER_HOURS    720   /* INTERESTED */
#define CONVERSATION_TALK_HOURS      1440  /* since the last message */
#define CONVERSATION_GRACE_HOURS     720   /* AGREED: after its end */
#define CONVERSATION_AGREED_MAX      43800 /* five years */
#define CONVERSATION_FOLLOW_UP_HOURS 5760  /* CONCLUDED: eight months */

#define CONVERSATION_RECEIVE_KEYS 3
#define CONVERSATION_AUTHORS      16
#define CONVERSATION_HEARD        64 /* numbers remembered */
#define CONVERSATION_DAY_MAX      64 /* messages taken a day */
#define CONVERSATION_DOCUMENTS    2  /* unfinished ones */

struct conversation_key {
	uint8_t secret[X25519_SIZE];
	uint8_t pub[X25519_SIZE];
	uint64_t since_h;
};

/* Person: a key to answer under. Company: one it has given away. */
struct conversation_author {
	uint8_t pub[ED25519_PUBLIC];
	uint8_t seed[ED25519_SEED];       /* person alone; wiped when used */
	uint8_t certificate[ED25519_SIG]; /* person alone */
	uint8_t stamp[8];                 /* person alone */
	uint32_t not_after;
	bool used;
};

/* Parts of a document that has not come whole. */
struct conversation_document {
	uint8_t name[MAIL_DOCUMENT_NAME];
	uint8_t kind;  /* 0: this place is free */
	uint8_t parts; /* bit i: part i is there */
	uint32_t size;
	uint64_t number; /* of the newest part */
	uint8_t data[MAIL_DOCUMENT_MAX];
};

/* Read freely, change by conversation_step() alone. Wipe when done. */
struct conversation {
	char net[NET_MAX + 1];
	bool company; /* this side is the company's */
	bool by_hand; /* begun by the person */
	enum conversation_state state;
	uint8_t id[CONVERSATION_ID];
	uint8_t own[ED25519_PUBLIC]; /* company: posting key; person: persona,
					or the key the hand was raised under */
	uint8_t
	    peer[ED25519_PUBLIC];    /* the same of the other; zeros: unknown */
	uint8_t to_key[X25519_SIZE]; /* that the first message was sealed to */
	uint64_t clock_h, deadline_h;

	/* keys */
	uint8_t roots;                 /* how many of these are known */
	uint8_t root[2][SEALING_ROOT]; /* of the first message; of both keys */
	uint8_t first[X25519_SIZE];    /* key that the opener told first */
	uint8_t second[X25519_SIZE];   /* key that the answerer told first */
	uint32_t keys_n;
	struct conversation_key keys[CONVERSATION_RECEIVE_KEYS]; /* newest 0 */
	bool turn; /* the peer has used the newest: make another */
	bool peer_key_known;
	uint8_t peer_key[X25519_SIZE];
	uint64_t peer_key_number;
	uint32_t authors_n;
	struct conversation_author authors[CONVERSATION_AUTHORS];

	/* numbers */
	uint64_t sent;
	uint32_t heard_n;
	uint64_t heard[CONVERSATION_HEARD]; /* ascending */
	uint64_t day;                       /* the day that is counted */
	uint32_t day_n;

	/* what was said */
	uint32_t terms_n;
	uint8_t terms[MESSAGE_TERMS_MAX]; /* of the offer */
	uint8_t offer_sig[ED25519_SIG];
	uint8_t demand[RECORD_ID];    /* zeros: none */
	uint64_t approved, disclosed; /* person: leaves, bit i: leaf i */
	uint8_t own_nonce[16];  /* of one's last ask: presentations answer it */
	uint8_t peer_nonce[16]; /* of the peer's; zeros: none, take ${id} */
	bool own_committed, own_opened, peer_committed, peer_opened;
	uint8_t own_salt[32];
	uint32_t own_identity_n, peer_identity_n;
	uint8_t own_identity[MAIL_IDENTITY_MAX],
	    peer_identity[MAIL_IDENTITY_MAX];
	uint8_t peer_commitment[MAIL_COMMITMENT];
	struct conversation_document documents[CONVERSATION_DOCUMENTS];
	uint8_t agreement[RECORD_ID]; /* id of what both signed */
	uint64_t agreed_until_h;
	enum conversation_result result;
};

/* ---- events ---- */

enum conversation_event_type {
	/* of the owner; all that send take ${random}, a company's ${signer} */
	CONVERSATION_OWN_OFFER, /* company: terms; from NEW also peer, key; if
				      wanted an opening of its ledger (data) */
	CONVERSATION_OWN_HAND,  /* person: demand, peer, key, author, and if
				      wanted text, card (data), voucher */
	CONVERSATION_OWN_SEEN,  /* person: the owner has looked at the offer */
	CONVERSATION_OWN_INTEREST, /* person: text if wanted */
	CONVERSATION_OWN_TEXT,
	CONVERSATION_OWN_ASK,      /* text: one name of a leaf a line */
	CONVERSATION_OWN_APPROVE,  /* person: these leaves may be shown */
	CONVERSATION_OWN_DISCLOSE, /* person: data is a presentation of leaves */
	CONVERSATION_OWN_COMMIT,   /* data: the identity; salt from random */
	CONVERSATION_OWN_OPEN,     /* yes, tell who I am */
	CONVERSATION_OWN_DOCUMENT,     /* data, document */
	CONVERSATION_OWN_INTRODUCTION, /* peer: the company, key: its inbox */
	CONVERSATION_OWN_WITHDRAW,     /* before AGREED; text if wanted */
	CONVERSATION_OWN_IGNORE, /* person: close an offer, without a word */
	CONVERSATION_OWN_CLOSE,  /* in any state, without a word */
	CONVERSATION_OWN_BLOCK,  /* the same, and its offers from now on */
	/* of the node, which has checked the signatures of the documents */
	CONVERSATION_AGREE,    /* id, until_h: both signed, the owner too */
	CONVERSATION_CONCLUDE, /* id of the agreement, result: both signed */
	/* of the world */
	CONVERSATION_RECEIVE, /* opened */
	CONVERSATION_TIME,    /* nothing but time */
};
#define CONVERSATION_EVENTS (CONVERSATION_TIME + 1)

/* Fresh random bytes of one event; wipe it afterwards. */
struct conversation_random {
	uint8_t ephemeral[MAIL_PARTS_MAX][X25519_SIZE];
	uint8_t receive[X25519_SIZE];
	uint8_t authors[MESSAGE_AUTHORS_MAX][ED25519_SEED];
	uint8_t salt[32];
	uint8_t name[CONVERSATION_ID]; /* of the conversation, of a document */
};

/* Only what the type names is looked at; slices are borrowed for the call. */
struct conversation_event {
	enum conversation_event_type type;
	const struct conversation_random *random;
	const struct mail_signer *signer; /* company: its posting key */
	/* Person: public key of a fresh author with a stamp of its own, for
	 * when no one-time key is left (MAIL_NO_AUTHOR); NULL: none. */
	const uint8_t *author;
	struct slice text;
	struct slice data;
	struct slice terms;            /* of an offer: offer_terms_write() */
	const uint8_t *peer;           /* 32: Ed25519 */
	const uint8_t *key;            /* 32: X25519 */
	const uint8_t *id;             /* 32 */
	const struct voucher *voucher; /* NULL: none */
	uint64_t leaves;
	enum mail_document document;
	enum conversation_result result;
	uint64_t until_h;
	const struct envelope_opened *opened;
};

/* ---- outcomes ---- */

enum mail_outcome {
	MAIL_FINE,
	/* of an event of the owner: nothing was sent */
	MAIL_WRONG_STATE,  /* not in this state, or not for this side */
	MAIL_NOT_YET,      /* the company's identity comes first */
	MAIL_NOT_APPROVED, /* a leaf that was not approved */
	MAIL_NO_AUTHOR,    /* no one-time key left: wait, or give an author */
	MAIL_NO_KEY,       /* the peer has told no key yet */
	MAIL_BAD_REQUEST,  /* an argument is missing, malformed or too long */
	MAIL_NOT_SIGNED,   /* the signer refused */
	/* of a message that came: it changed nothing */
	MAIL_DUPLICATE,       /* was here before */
	MAIL_STALE,           /* older than what is remembered */
	MAIL_EARLY,           /* keep the envelope, try again after the next */
	MAIL_MALFORMED,       /* not the form of a message */
	MAIL_UNKNOWN,         /* of a later version */
	MAIL_FOREIGN,         /* another conversation's, author's or key's */
	MAIL_AUTHOR_USED,     /* a one-time key a second time */
	MAIL_FORKED,          /* a second answer to the same opening */
	MAIL_BAD_SIGNATURE,   /* of an offer or a voucher */
	MAIL_BAD_CERTIFICATE, /* of one-time keys */
	MAIL_BAD_COMMITMENT,  /* identity is not what was committed to */
	MAIL_TOO_MANY, /* over CONVERSATION_DAY_MAX: a later try may do */
	MAIL_OVER,     /* the state is final */
	MAIL_NO_INBOX, /* a hand to a key that is for no hands */
};
#define MAIL_OUTCOMES (MAIL_NO_INBOX + 1)

/** mail_outcome_name(o): "wrong-state", as in SPEC.md; static. */
const char *mail_outcome_name(enum mail_outcome o);

/* ---- actions ---- */

enum conversation_action_type {
	CONVERSATION_SEND, /* publish an envelope */
	CONVERSATION_SHOW, /* a message: show it, keep it with the history */
	CONVERSATION_DOCUMENT_WHOLE, /* data, document: all parts are there */
	CONVERSATION_ASK_OWNER,      /* a decision waits for the owner: ask */
	CONVERSATION_KEYS_CHANGED,   /* ask conversation_keys() again, and try
				      what was MAIL_EARLY again */
	CONVERSATION_BLOCK,          /* put peer on the block list */
	CONVERSATION_ENDED,          /* state is final, secrets are wiped */
};

enum conversation_ask {
	ASK_OFFER,    /* look at an offer: answer or leave it */
	ASK_HAND,     /* make an offer to a hand? */
	ASK_INTEREST, /* somebody is interested: write? */
	ASK_LEAVES,   /* which leaves to show */
	ASK_OPEN,     /* the peer's identity is open, or committed to: yours? */
	ASK_DOCUMENT, /* read, sign? */
};

enum envelope_author {
	ENVELOPE_BY_COMPANY,  /* signer's key, stamp type 1, any free slot */
	ENVELOPE_BY_ONE_TIME, /* ${seed}, ${stamp}; slot 0 */
	ENVELOPE_BY_FRESH,    /* the author that the event gave; ${slot} */
};

struct conversation_action {
	enum conversation_action_type type;
	/* SEND; region zz, pv ENVELOPE_PV, payload envelope_payload(sealed) */
	enum envelope_author by;
	uint8_t author[ED25519_PUBLIC];
	uint8_t seed[ED25519_SEED]; /* secret; ONE_TIME alone */
	uint8_t stamp[STAMP_CERTIFICATE_BYTES];
	uint32_t slot;
	uint64_t expires_h;  /* at most hour(seq) + ENVELOPE_HOURS: lower it */
	struct slice sealed; /* into the actions */
	/* ASK_OWNER */
	enum conversation_ask ask;
	/* DOCUMENT_WHOLE: data borrows the actions */
	enum mail_document document;
	struct slice data;
};

#define CONVERSATION_ACTIONS_MAX 8

struct conversation_actions {
	uint32_t n;
	struct conversation_action list[CONVERSATION_ACTIONS_MAX];
	bool changed; /* the state: keep it before anything is sent */
	/* SHOW: the message that came; borrows the opened envelope */
	struct message message;
	uint8_t bytes[MAIL_PARTS_MAX * ENVELOPE_SEALED_MAX];
};

/* ---- calls ---- */

/** conversation_init(c, net, company, own, now_h): a new one, state NEW.
 * ${own}: the company's posting key, or the persona's key. */
void conversation_init(struct conversation *c, struct slice net, bool company,
    const uint8_t own[ED25519_PUBLIC], uint64_t now_h);

/**
 * conversation_step(c, e, now_s, scratch, out):
 * One event. MAIL_FINE: ${c} is the next state and ${out} says what to do;
 * anything else: ${c} is as before but for time (a state whose time is over
 * ends first: ${out}->changed says so) and ${out} has no SEND and no SHOW.
 * ${scratch}: CONVERSATION_SCRATCH bytes, wiped before the return. Wipe ${out}
 * when done: it may hold a seed.
 */
#define CONVERSATION_SCRATCH                                                   \
	(2 * VALUE_ARENA_BYTES + sizeof(struct conversation) + 16384)
NODISCARD enum mail_outcome conversation_step(struct conversation *c,
    const struct conversation_event *e, uint64_t now_s, struct arena *scratch,
    struct conversation_actions *out);

/** conversation_expiry(c): unix second at which CONVERSATION_TIME is due;
 * UINT64_MAX: never. */
uint64_t conversation_expiry(const struct conversation *c);

/** conversation_is_over(state): is it final? */
bool conversation_is_over(enum conversation_state state);

/** conversation_keys(c, tag, out): the keys to try on envelopes, with their
 * roots and authors; returns how many. */
size_t conversation_keys(const struct conversation *c, uint64_t tag,
    struct envelope_key out[CONVERSATION_RECEIVE_KEYS]);

/** conversation_state_name(s): "talk", as in SPEC.md; static. */
const char *conversation_state_name(enum conversation_state s);

/**
 * conversation_save(c, out), conversation_load(bytes, arena, c):
 * All of it as one canonical msgpack map, secrets included: for the vault.
 * ${arena}: VALUE_ARENA_BYTES, which both reset; wipe it.
 * CONVERSATION_SAVED_MAX is enough room. ERR_MORE; ERR_FORM: not such bytes,
 * or of a later version.
 */
#define CONVERSATION_SAVED_MAX (sizeof(struct conversation) + 4096)
NODISCARD err conversation_save(
    const struct conversation *c, struct arena *arena, struct buf *out);
NODISCARD err conversation_load(
    struct slice bytes, struct arena *arena, struct conversation *c);
