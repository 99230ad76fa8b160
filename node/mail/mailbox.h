/*
 * mailbox.h: the sealed conversations of this node (proto/mail). Each
 * envelope that is stored, and at the start each that lies in the store, is
 * tried with the receive keys of the personas and of the conversations; what
 * opens becomes an event of its conversation. What the owner says goes the
 * other way: the next state, the message and what is to be sent are written
 * to the vault in one transaction, then it is published: by a company under
 * its posting key, by a person under a one-time key and by the stem.
 *
 * Nothing is sent but on a word of the owner: there are no receipts. A
 * conversation that ended is shown for ENVELOPE_HOURS and a day, or until
 * ENDED_MAX newer ones have ended; then it and all that was said is deleted.
 * Secrets of a talk are in our memory while it lives; in the vault each state
 * is sealed under a key of its own, which is overwritten on the disk when the
 * next state is there (erase.h): a key that was replaced, or whose talk has
 * ended, is gone. So a backup has the words of talks but not their keys: what
 * is restored from it shows them as closed. Events and JSON have no secrets.
 *
 * What goes out under a one-time key is attributed to its persona for as long
 * as the record lives: it leaves by that persona's way, and waits as all that
 * it publishes does (publish.persona_gap).
 *
 * What comes and is for others to judge (documents, presentations of leaves)
 * is handed to them after the step is on the disk: mailbox_on_document() and
 * its like. For the loop's thread.
 */
#pragma once

#include "node/mail/demand.h"
#include "node/node.h"
#include "proto/mail/conversation.h"

#define TALKS_MAX     448
#define TALK_MESSAGES 512         /* kept of one talk */
#define TALK_BYTES    (96 * 1024) /* of its history, about */
#define TALK_NAME     16
#define TALK_ID_TEXT  (2 * TALK_NAME + 1)
#define TALK_KEPT_S   ((ENVELOPE_HOURS + 24) * 3600)
#define BLOCKED_MAX   256
#define OUTBOX_MAX    1024

/* What came whole and could not be stored by whom it is for: it is handed over
 * again, at first after seconds, then each hour, WAITING_TRIES times; then it
 * is lost, and the history's line says so. */
#define WAITING_TRIES 24
struct talk_waiting {
	unsigned tries; /* 0: nothing waits */
	err why;        /* of the last one */
	uint64_t after; /* ticks */
	const char *what;
};

struct talk {
	/* Random, drawn here, told to nobody: what vault, API and command line
	 * call it. The conversation's own id is the peer's choice. */
	uint8_t name[TALK_NAME];
	struct conversation c;
	uint32_t persona;
	uint64_t begun_s, changed_s, ended_s;
	uint32_t messages_n, messages_from, chunks_n, sent_n;
	uint32_t slot;   /* of the key its state is sealed under */
	uint64_t bytes;  /* of the history */
	uint64_t pledge; /* for the rules of the inbox */
	/* of a hand: who introduced it, and whether we know them */
	struct talk_waiting waiting;
	bool has_introducer, introduced;
	uint8_t introducer[ED25519_PUBLIC];
	uint8_t token[VOUCHER_TOKEN]; /* of its voucher */
	/* Person: an author of its own, for a hand. The stamp is worked out
	 * before anything goes out. Wiped when the talk ends. */
	bool has_fresh, fresh_stamped;
	uint8_t fresh_seed[ED25519_SEED]; /* secret */
	uint8_t fresh_pub[ED25519_PUBLIC];
	uint8_t fresh_stamp[STAMP_WORK_BYTES];
	/* What the API tells of the peer, worked out once for a view of trust;
	 * NULL: not asked for so far. */
	json_t *trust;
	uint64_t trust_view, trust_ticks;
	/* talk_demand()'s, and when to look again; 0: not so far. */
	struct demand_named demand;
	uint64_t demand_again;
};

/* Since the start. */
struct mailbox_stats {
	uint64_t tried, opened, taken, refused, kept_out, lost, not_sent;
	uint64_t not_kept;               /* came whole, and was lost here */
	uint64_t outcome[MAIL_OUTCOMES]; /* of what opened */
	unsigned talks, damaged, queued, pending, outbox;
};

/** mailbox_open(n): after the personas, vault and store. ERR_NOMEM. */
NODISCARD err mailbox_open(struct node *n);

/** mailbox_stop(n): cut what a worker does short. */
void mailbox_stop(struct node *n);
void mailbox_close(struct node *n);

/** mailbox_stored(n, rid): an envelope has been stored. Never calls back. */
void mailbox_stored(struct node *n, uint64_t rid);

/** mailbox_tick(n, expires): each second. ${expires} false: the clock has
 * leapt, nothing ends by time. */
void mailbox_tick(struct node *n, bool expires);

/** mailbox_at(n, i): NULL past the end; the order may change. */
struct talk *mailbox_at(struct node *n, unsigned i);

/** mailbox_find(n, text): by its name or the first 4 or more characters of
 * it; NULL: none, or several. */
struct talk *mailbox_find(struct node *n, const char *text);

/*
 * A talk that cannot be read: a value of it in the vault is gone or changed.
 * Its key stays, so that it goes on once the values are back (a copy of the
 * vault, a healthy disk).
 */
/** mailbox_damaged(n): [{"id", "side", "peer", "begun", "what", "why",
 * "try"}], a new list; what is not known is null. */
json_t *mailbox_damaged(struct node *n);

/** mailbox_is_damaged(n, text): by its name or its first characters, as
 * mailbox_find(). */
bool mailbox_is_damaged(struct node *n, const char *text);

/** mailbox_give_up(n, text): erase what is left of a damaged one, its key
 * first. ERR_NOTFOUND; ERR_EXISTS: several; ERR_IO. */
NODISCARD err mailbox_give_up(struct node *n, const char *text);

/**
 * mailbox_forget(n, persona): erase all talks of a persona, their keys first,
 * and what they have still to send. How many are left: while one of them is
 * being sent, or the disk refuses, to be asked again. What stays for 25 hours
 * more than the two weeks that they live is which one-time keys it used: what
 * is on its way goes on by the way it went.
 */
unsigned mailbox_forget(struct node *n, uint32_t persona);

/** mailbox_persona(n, author, index): whose one-time key is it? Known as long
 * as its record lives, also when the talk has ended; false: nobody's. */
bool mailbox_persona(const struct node *n, const uint8_t author[ED25519_PUBLIC],
    uint32_t *index);

/* An offer of the owner's. */
struct mailbox_offer {
	uint32_t persona;    /* whose posting key */
	const uint8_t *to;   /* author of a card */
	const uint8_t *key;  /* its intro key */
	struct slice terms;  /* offer_terms_write() */
	struct slice ledger; /* ledger_for_offer(); may be empty */
	struct talk *hand;   /* that is answered; NULL: ${to} and ${key} are */
};

/**
 * mailbox_offer(n, o, dry, out, outcome, bytes):
 * OK: see ${outcome}; ${out} is the talk if MAIL_FINE and not ${dry}.
 * ${dry}: nothing is kept or sent. ${bytes}: the sealed bytes, appended; NULL:
 * not wanted. ERR_LIMIT: too many talks, or too much to send; ERR_CLOSED: the
 * key's stamp is not ready; ERR_IO; ERR_NOMEM.
 */
NODISCARD err mailbox_offer(struct node *n, const struct mailbox_offer *o,
    bool dry, struct talk **out, enum mail_outcome *outcome, struct buf *bytes);

/* A hand that is raised for a demand, without an offer. */
struct mailbox_hand {
	uint32_t persona;       /* whose way out it takes; it is not named */
	const uint8_t *company; /* author key, and its inbox key */
	const uint8_t *inbox;
	const uint8_t *demand; /* RECORD_ID */
	struct slice text;     /* may be empty */
	struct slice card;     /* a profile's payload to show; may be empty */
	const struct voucher *voucher; /* NULL: none */
};

/** mailbox_hand(n, h, dry, out, outcome, bytes): as mailbox_offer(): under a
 * fresh author, which is stamped first (some seconds of one core). */
NODISCARD err mailbox_hand(struct node *n, const struct mailbox_hand *h,
    bool dry, struct talk **out, enum mail_outcome *outcome, struct buf *bytes);

/** mailbox_voucher(n, persona, company, until_h, v): "whoever shows this to
 * ${company} comes from me". ERR_CLOSED. */
NODISCARD err mailbox_voucher(struct node *n, uint32_t persona,
    const uint8_t company[ED25519_PUBLIC], uint32_t until_h, struct voucher *v);

struct mailbox_introduction {
	struct voucher voucher;
	uint8_t inbox[X25519_SIZE];
};

/** mailbox_introduced(n, persona, company, out): the newest introduction to
 * that company that this persona was given and that still counts. */
bool mailbox_introduced(struct node *n, uint32_t persona,
    const uint8_t company[ED25519_PUBLIC], struct mailbox_introduction *out);

/**
 * mailbox_say(n, t, type, said, outcome):
 * An event of the owner's: SEEN, INTEREST, TEXT, COMMIT, OPEN, WITHDRAW,
 * IGNORE, CLOSE, BLOCK; ${said} is the text, of COMMIT the identity. Errors of
 * mailbox_offer(): then nothing has changed.
 */
NODISCARD err mailbox_say(struct node *n, struct talk *t,
    enum conversation_event_type type, struct slice said,
    enum mail_outcome *outcome);

/*
 * More events of the owner's; outcomes and errors as of mailbox_say(). Each is
 * kept in the talk's history.
 */

/** mailbox_ask(n, t, names, outcome): which claims one would like to see, one
 * name a line; ${t}->c.own_nonce is then what a presentation has to answer. */
NODISCARD err mailbox_ask(struct node *n, struct talk *t, struct slice names,
    enum mail_outcome *outcome);

/** mailbox_approve(n, t, leaves, outcome): person: these may be shown, bit i:
 * leaf i; nothing is sent. */
NODISCARD err mailbox_approve(struct node *n, struct talk *t, uint64_t leaves,
    enum mail_outcome *outcome);

/** mailbox_disclose(n, t, leaves, presentation, text, outcome): person: of
 * approved ones alone; MAIL_NOT_APPROVED. ${text} may be empty. */
NODISCARD err mailbox_disclose(struct node *n, struct talk *t, uint64_t leaves,
    struct slice presentation, struct slice text, enum mail_outcome *outcome);

/** mailbox_say_document(n, t, kind, bytes, outcome): in up to MAIL_PARTS_MAX
 * envelopes, each of a person's under a key of its own. The owner has seen
 * what it says. */
NODISCARD err mailbox_say_document(struct node *n, struct talk *t,
    enum mail_document kind, struct slice bytes, enum mail_outcome *outcome);

/** mailbox_introduce(n, t, company, inbox, v, text, outcome): meet this
 * company (author key, inbox key), with a voucher that is signed. */
NODISCARD err mailbox_introduce(struct node *n, struct talk *t,
    const uint8_t company[ED25519_PUBLIC], const uint8_t inbox[X25519_SIZE],
    const struct voucher *v, struct slice text, enum mail_outcome *outcome);

/** mailbox_agree(n, t, id, until_h, outcome): both have signed the agreement
 * with that id; nothing is sent. Told twice it changes nothing. */
NODISCARD err mailbox_agree(struct node *n, struct talk *t,
    const uint8_t id[RECORD_ID], uint64_t until_h, enum mail_outcome *outcome);

/** mailbox_conclude(n, t, id, result, outcome): both have signed the outcome
 * of that agreement. */
NODISCARD err mailbox_conclude(struct node *n, struct talk *t,
    const uint8_t id[RECORD_ID], enum conversation_result result,
    enum mail_outcome *outcome);

/*
 * Who judges what comes: one function each, set once at the start (again:
 * replaces). Called from the loop after state and history are on the disk,
 * outside of any step: it may call all of the above. ${bytes} are borrowed for
 * the call. OK: kept; ERR_FORM: judged, and refused for good; any other error:
 * it is called again later (struct talk_waiting), what comes meanwhile waits
 * in its envelope. A crash just before it: it is called after the next start.
 */
typedef err mailbox_document_fn(struct node *n, struct talk *t,
    enum mail_document kind, struct slice bytes);
typedef err mailbox_bytes_fn(
    struct node *n, struct talk *t, struct slice bytes);
/* What the owner's rules say of an offer, beside places and blocks. */
enum mailbox_rule {
	MAILBOX_SHOWN,
	MAILBOX_QUIET,   /* kept, no event tells of it */
	MAILBOX_DROPPED, /* of no use once it is kept: quiet then */
};
struct mailbox_asked {
	const uint8_t *author; /* who sent it */
	uint64_t pledge;       /* its worth in minor units */
	bool foreign;          /* it names the demand of somebody else */
	bool arrives;          /* just now: what is dropped is to be counted */
};
/* ${why}: of what is dropped, for the log. */
typedef enum mailbox_rule mailbox_rule_fn(
    struct node *n, const struct mailbox_asked *a, const char **why);
/* 0: a stranger, up to INBOX_ONE. */
typedef uint32_t mailbox_trust_fn(
    struct node *n, uint32_t persona, const uint8_t author[RECORD_AUTHOR]);
/* Is that persona's key for hands? */
typedef bool mailbox_hands_fn(struct node *n, uint32_t persona);

struct mailbox_hooks {
	mailbox_document_fn *document;
	mailbox_bytes_fn *presentation, *ask;
	mailbox_rule_fn *rule;
	mailbox_trust_fn *trust;
	mailbox_hands_fn *hands;
};

void mailbox_on_document(struct node *n, mailbox_document_fn *fn);
/** ${bytes}: the presentation; its nonce: ${t}->c.own_nonce, or if that is
 * zeros ${t}->c.id. */
void mailbox_on_presentation(struct node *n, mailbox_bytes_fn *fn);
/** ${bytes}: names of leaves, one a line; the answer is to carry
 * ${t}->c.peer_nonce. */
void mailbox_on_ask(struct node *n, mailbox_bytes_fn *fn);
/** The owner's rules; nobody set: all are shown. */
void mailbox_on_rule(struct node *n, mailbox_rule_fn *fn);
/** For the places of the inbox; nobody set: all are strangers. */
void mailbox_on_trust(struct node *n, mailbox_trust_fn *fn);
/** Whose keys take hands; nobody set: none do. */
void mailbox_on_hands(struct node *n, mailbox_hands_fn *fn);

/** mailbox_messages(n, t): what was said, oldest first: a new list. */
json_t *mailbox_messages(struct node *n, const struct talk *t);

/** talk_is_quiet(n, t): an open offer that the owner's rules of now keep in
 * the background: no event tells of it. */
bool talk_is_quiet(struct node *n, struct talk *t);

/** talk_demand(n, t): person: whose demand the offer names, as of a few seconds
 * ago at most; of a company's talk DEMAND_NONE. Borrows the talk. */
const struct demand_named *talk_demand(struct node *n, struct talk *t);

/** talk_id_text(t, out): its name, hexadecimal. */
void talk_id_text(const struct talk *t, char out[TALK_ID_TEXT]);

/** talk_asks(t): what waits for the owner, "answer"; "" if nothing. */
const char *talk_asks(const struct talk *t);

void mailbox_stats(const struct node *n, struct mailbox_stats *out);

/** mailbox_block(n, key): drop all offers of that key from now on; ERR_EXISTS:
 * it is blocked; ERR_LIMIT: BLOCKED_MAX. mailbox_unblock(): ERR_NOTFOUND. */
NODISCARD err mailbox_block(struct node *n, const uint8_t key[ED25519_PUBLIC]);
NODISCARD err mailbox_unblock(
    struct node *n, const uint8_t key[ED25519_PUBLIC]);
bool mailbox_is_blocked(struct node *n, const uint8_t key[ED25519_PUBLIC]);

/** mailbox_blocked(n): did:key of those whose offers are dropped. */
json_t *mailbox_blocked(struct node *n);
