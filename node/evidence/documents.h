/*
 * documents.h: the evidence this node holds (proto/evidence): agreements,
 * outcomes, sessions, credentials and the like, sealed in the vault, one
 * store for all of them. A document is held for one persona: if two personas
 * of this node got the same one, it is there twice, and neither of the two
 * shows in what the other does.
 *
 * What is held has been judged: form, network, every signature that is there.
 * Signatures come together over time; the id never changes. What comes by a
 * conversation has to fit what is held (from_talk.h). Full is full: nothing
 * that is held gives way to what others send.
 *
 * A complete document has consequences elsewhere (states of talks, ledgers,
 * trust): who wants to know listens. A listener that was not there when it
 * happened, as after a crash, finds all of it by documents_each().
 *
 * For the loop's thread.
 */
#pragma once

#include "node/node.h"
#include "proto/evidence/document.h"

#define HELD_TALK        33 /* TALK_ID_TEXT of mail/mailbox.h */
#define HELD_LISTENERS   16
#define DOCUMENT_ID_TEXT (2 * EVIDENCE_ID + 1)

enum held_origin {
	HELD_OWN,      /* the persona has a role in it */
	HELD_SHOWN,    /* of others, shown in a conversation */
	HELD_IMPORTED, /* of others, from a file of the owner's */
};

/* What the index in memory knows of one. */
struct holding {
	uint8_t id[EVIDENCE_ID];
	enum evidence_type type;
	enum held_origin origin;
	uint32_t persona;
	unsigned role;        /* that the persona has in it; 0: none */
	char talk[HELD_TALK]; /* talk_id_text() of where it belongs; "" */
	/* The agreement that it names; of a follow-up the outcome, of a
	 * credential's end the credential; zeros: none. */
	uint8_t about[EVIDENCE_ID];
	uint32_t made;              /* the hour that it states */
	uint64_t needed, signed_by; /* 1 << role */
	bool complete;
	uint64_t came_s, changed_s;
	uint32_t number; /* of its value in the vault */
};

/* One with its content: documents_read() fills it; ${d} borrows ${bytes}. */
struct held_document {
	struct document d;
	uint8_t bytes[DOCUMENT_MAX];
};

/* Where a document comes from. */
struct held_from {
	uint32_t persona;
	const char *talk; /* talk_id_text(); "" or NULL: none */
	bool imported;    /* by the owner, from a file */
	bool own; /* an act of the owner's: set by documents_make() and the
		     like. The last eighth of the room is for these, and the
		     share of a conversation is not for them. */
};

/** documents_open(n): after vault and personas. ERR_NOMEM. */
NODISCARD err documents_open(struct node *n);
void documents_close(struct node *n); /* fine if never opened */

/**
 * documents_take(n, from, bytes, out, fault):
 * Judge bytes from anybody, put their signatures together with those that are
 * held, keep the result. OK: see ${fault}: EVIDENCE_FINE: it is held, ${out}
 * (NULL: not wanted) says how; else it was refused and nothing has changed.
 * EVIDENCE_INCOMPLETE: the persona has no role in it, and it is not complete.
 * ERR_LIMIT: no room
 * (settings evidence.*); ERR_IO, ERR_NOMEM: nothing has changed.
 */
NODISCARD err documents_take(struct node *n, const struct held_from *from,
    struct slice bytes, struct holding *out, enum evidence_fault *fault);

/** documents_judge(n, bytes, d): document_open() of what comes now, in our
 * network. ${d} borrows ${bytes}. */
NODISCARD enum evidence_fault documents_judge(
    struct node *n, struct slice bytes, struct document *d);

/* ---- what was refused: the last ones, in memory alone ---- */

#define REFUSALS_MAX 32

struct document_refusal {
	uint64_t at_s;
	uint32_t persona;
	char talk[HELD_TALK];
	enum evidence_fault fault;
};

/** documents_refused(n, from, f): to be shown to the owner; an event. */
void documents_refused(
    struct node *n, const struct held_from *from, enum evidence_fault f);

/** documents_refusal(n, i): the newest is 0; NULL: no more. */
const struct document_refusal *documents_refusal(
    const struct node *n, unsigned i);

/* ---- the owner's own ---- */

/**
 * documents_make(n, from, e, sign, out, fault):
 * A document of the owner's own: written, signed in the persona's role if
 * ${sign}, kept. As documents_take(); EVIDENCE_BAD_ROLE: the persona has none;
 * ERR_CLOSED: no signer; ERR_FORM: it refused.
 */
NODISCARD err documents_make(struct node *n, const struct held_from *from,
    const struct evidence *e, bool sign, struct holding *out,
    enum evidence_fault *fault);

/** documents_draft(n, e, out): the same as bytes alone: for a dry run.
 * ERR_NOMEM. */
NODISCARD err documents_draft(struct node *n, const struct evidence *e,
    struct held_document *out, enum evidence_fault *fault);

/**
 * documents_sign(n, persona, id, out, fault):
 * Sign what is held, in the persona's role; signed before: nothing changes.
 * ERR_NOTFOUND: not held for that persona; else as documents_make().
 */
NODISCARD err documents_sign(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], struct holding *out,
    enum evidence_fault *fault);

/** documents_forget(n, persona, id): OK also if it is not held. ERR_IO. The
 * sealed value is overwritten as vault.h says. */
NODISCARD err documents_forget(
    struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID]);

/** documents_place(n, persona, id, talk): say to which talk it belongs.
 * ERR_NOTFOUND, ERR_IO. */
NODISCARD err documents_place(struct node *n, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], const char *talk);

/** documents_find(n, persona, id): NULL: not held. Valid until the next call
 * that changes something. */
const struct holding *documents_find(
    const struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID]);

/**
 * documents_named(n, persona, text, several):
 * By its id in hexadecimal or the first 4 or more characters of it. NULL:
 * none; or several, and ${several} (may be NULL) is true.
 */
const struct holding *documents_named(
    const struct node *n, uint32_t persona, const char *text, bool *several);

/** documents_bytes(n, h, out): those of one, unjudged, appended; ERR_NOTFOUND:
 * they cannot be read. ${out} has room for DOCUMENT_MAX. */
NODISCARD err documents_bytes(
    struct node *n, const struct holding *h, struct buf *out);

/** documents_read(n, h, out): ERR_NOTFOUND: it cannot be read any more. */
NODISCARD err documents_read(
    struct node *n, const struct holding *h, struct held_document *out);

/* Which ones: what is 0, NULL or false does not narrow it. */
struct held_filter {
	uint32_t type; /* enum evidence_type */
	bool of_persona;
	uint32_t persona;
	const char *talk;
	const uint8_t *about; /* 32: as in struct holding */
	bool complete;
};

/**
 * documents_each(n, f, fn, ctx):
 * In the order in which they came; false ends the walk. ${fn} may read, not
 * change. ${f} NULL: all.
 */
void documents_each(const struct node *n, const struct held_filter *f,
    bool (*fn)(void *ctx, const struct holding *h), void *ctx);

/** documents_count(n): all of them. */
unsigned documents_count(const struct node *n);

/* ---- who wants to know ---- */

enum held_change {
	HELD_NEW,      /* it came, and is not complete */
	HELD_SIGNED,   /* another signature, and still not complete, or more
			  than were needed */
	HELD_COMPLETE, /* it has become complete, or came so */
	HELD_GONE,     /* forgotten */
};

typedef void held_listener(struct node *n, enum held_change change,
    const struct holding *h, void *ctx);

/**
 * documents_listen(n, fn, ctx):
 * Called when it is on the disk, before documents_take() and the like return,
 * in the order of listening. ${h} is a copy: ${fn} may read and change
 * documents. At most HELD_LISTENERS (ASSERT).
 */
void documents_listen(struct node *n, held_listener *fn, void *ctx);

/** document_id_text(id, out): hexadecimal. */
void document_id_text(
    const uint8_t id[EVIDENCE_ID], char out[DOCUMENT_ID_TEXT]);
