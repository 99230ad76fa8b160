/*
 * mail/message.h: what is inside an envelope: a canonical msgpack map with a
 * head that all messages share and a body by type, and the terms of an offer,
 * which are bytes of their own because they are signed.
 *
 * Reading checks form alone. Whether a message may come now is the
 * conversation's to say. SPEC.md, "Messages".
 */
#pragma once

#include "proto/mail/certificate.h"
#include "proto/mail/envelope.h"
#include "proto/record/schema.h"

#define MESSAGE_VERSION       1
#define CONVERSATION_ID       16
#define MESSAGE_AUTHORS_MAX   4
#define MESSAGE_LINES_MAX     32
#define MESSAGE_LINE_MAX      1000
#define MESSAGE_TEXT_MAX      2400 /* of all lines, with line feeds between */
#define MESSAGE_LEAVES_MAX    16
#define MESSAGE_TERMS_MAX     1400
#define MESSAGE_LEDGER_MAX    1800
#define MAIL_PRESENTATION_MAX 3072
#define MAIL_IDENTITY_MAX     1024
#define MAIL_COMMITMENT       32
#define MAIL_PART_MAX         3072
#define MAIL_PARTS_MAX        4
#define MAIL_DOCUMENT_MAX     (MAIL_PARTS_MAX * MAIL_PART_MAX)
#define MAIL_DOCUMENT_NAME    16

enum message_type {
	MESSAGE_OFFER = 1,    /* company: terms with a pledge, signed */
	MESSAGE_INTEREST = 2, /* person: yes, let us talk */
	MESSAGE_TEXT = 3,
	MESSAGE_ASK = 4,      /* which claims one would like to see */
	MESSAGE_DISCLOSE = 5, /* a presentation of some leaves */
	MESSAGE_COMMIT = 6,   /* the hash of one's identity */
	MESSAGE_OPEN = 7,     /* the identity behind it */
	MESSAGE_DOCUMENT = 8, /* a part of a signed document */
	MESSAGE_WITHDRAW = 9,
	MESSAGE_HAND = 10,         /* person: I would like to do this demand */
	MESSAGE_INTRODUCTION = 11, /* meet this company; it may expect you */
};
#define MESSAGE_TYPES 12

enum mail_document {
	MAIL_AGREEMENT = 1,
	MAIL_PROGRESS = 2,
	MAIL_OUTCOME = 3,
	MAIL_SESSION = 4,
	MAIL_CREDENTIAL = 5,
	MAIL_OTHER = 6,
	MAIL_LEDGER = 7, /* an opening or extension of the company's ledger */
};
#define MAIL_DOCUMENTS  (MAIL_LEDGER + 1)
#define MAIL_LEDGER_MAX MAIL_PART_MAX /* bytes of kind LEDGER */

/** mail_document_name(d): "agreement", as in SPEC.md; "unknown". */
const char *mail_document_name(enum mail_document d);

/* A one-time author key for an answer. */
struct message_author {
	uint8_t seed[ED25519_SEED]; /* secret */
	uint8_t certificate[ED25519_SIG];
};

/* A message as read; slices go into the bytes. Absent ones have n == 0. */
struct message {
	enum message_type type;
	uint8_t conversation[CONVERSATION_ID];
	uint64_t number; /* hour << 8 | counter: grows with each message */
	uint8_t reply_key[X25519_SIZE]; /* seal the answer to this */

	uint32_t authors_n; /* 0: none; a company's alone */
	struct message_author authors[MESSAGE_AUTHORS_MAX];
	uint8_t stamp[8]; /* the company's nonce */
	uint32_t not_after;

	uint32_t lines_n;
	struct slice lines[MESSAGE_LINES_MAX];

	union {
		struct {
			struct slice terms; /* message_terms_read() */
			uint8_t to[ED25519_PUBLIC];
			uint8_t sig[ED25519_SIG];
			struct slice ledger; /* an opening of the company's */
		} offer;
		struct {
			uint8_t nonce[16]; /* the presentation answers it */
			uint32_t n;
			struct slice leaves[MESSAGE_LEAVES_MAX]; /* names */
		} ask;
		struct slice presentation;
		uint8_t commitment[MAIL_COMMITMENT];
		struct {
			struct slice identity;
			uint8_t salt[32];
		} open;
		struct {
			uint8_t name
			    [MAIL_DOCUMENT_NAME]; /* the same in all parts */
			enum mail_document kind;
			uint32_t size; /* of the whole */
			uint32_t part; /* from 0 */
			struct slice data;
		} document;
		struct {
			uint8_t demand[RECORD_ID];
			struct slice card; /* a profile's payload */
			bool introduced;
			struct voucher voucher;
		} hand;
		struct {
			uint8_t company[ED25519_PUBLIC];
			uint8_t inbox[X25519_SIZE];
			struct voucher voucher;
		} introduction;
	};
};

/**
 * message_read(bytes, arena, m):
 * OK; ERR_FORM: not canonical, or not the form of its type; ERR_NOTFOUND: a
 * version, type or even key that this version does not know: not to be
 * interpreted. ${arena}: VALUE_ARENA_BYTES. Fields that repeat others, such
 * as the size of a document's part, are checked to agree.
 */
NODISCARD err message_read(
    struct slice bytes, struct arena *arena, struct message *m);

/** message_write(m, out): append; ERR_FORM: message_read() would refuse it;
 * ERR_MORE: no room. ${arena}: VALUE_ARENA_BYTES, used to check. */
NODISCARD err message_write(
    const struct message *m, struct arena *arena, struct buf *out);

/** message_type_name(t): "offer", as in SPEC.md; "unknown". */
const char *message_type_name(enum message_type t);

/** message_text_set(m, text): lines of ${text}, cut at each line feed.
 * ERR_LIMIT: too many or too long; ERR_FORM: not clean text. */
NODISCARD err message_text_set(struct message *m, struct slice text);

/** message_text_get(m, out): lines joined by line feeds, appended. */
NODISCARD err message_text_get(const struct message *m, struct buf *out);

enum mail_pledge_kind { /* as `invests` of a demand */
	MAIL_PLEDGE_TRAINING_TIME = 1,
	MAIL_PLEDGE_COURSE_BUDGET = 2,
	MAIL_PLEDGE_MENTORING = 3,
	MAIL_PLEDGE_CERTIFICATE = 4,
	MAIL_PLEDGE_EQUIPMENT = 5,
};

/* What is promised to the person: hours, or money, or both. */
struct mail_pledge {
	enum mail_pledge_kind kind;
	uint32_t hours;
	uint64_t amount; /* minor units */
	char currency[4];
	uint64_t deadline_h; /* hour by which it is given */
	struct slice conditions;
};

struct offer_terms {
	uint32_t activity; /* as enum agreement_kind of evidence: 1..9 */
	struct slice role;
	bool has_demand, has_pledge;
	uint8_t demand[RECORD_ID];
	struct mail_pledge pledge;
	struct slice note;
};

/** offer_terms_read(bytes, arena, t), offer_terms_write(t, arena, out): as
 * for messages; slices of ${t} borrow. */
NODISCARD err offer_terms_read(
    struct slice bytes, struct arena *arena, struct offer_terms *t);
NODISCARD err offer_terms_write(
    const struct offer_terms *t, struct arena *arena, struct buf *out);

/* For the JSON of the API: names of fields and choices, schema.h. */
extern const struct field offer_terms_fields[];

/**
 * identity_commit(out, conversation, company, salt, identity):
 * BLAKE2b-256("ohcn-identity-v1"; conversation || u8(company) || salt 32 ||
 * identity): neither side can show the other's as its own.
 */
void identity_commit(uint8_t out[MAIL_COMMITMENT],
    const uint8_t conversation[CONVERSATION_ID], bool company,
    const uint8_t salt[32], struct slice identity);
