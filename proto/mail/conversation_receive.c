/* What the peer sends: conversation.h. */
#include "crypto/stamp.h"
#include "proto/mail/conversation_internal.h"

/* How an envelope was opened. */
enum way {
	WAY_STRANGER, /* with a key that strangers know */
	WAY_FIRST,    /* with the opener's first key */
	WAY_TALK,     /* with any other of this conversation */
};

/* ---- numbers ---- */

static enum mail_outcome
check_number(const struct conversation *c, uint64_t number)
{
	for (uint32_t i = 0; i < c->heard_n; i++)
		if (c->heard[i] == number)
			return MAIL_DUPLICATE;
	return c->heard_n == CONVERSATION_HEARD && number < c->heard[0]
		   ? MAIL_STALE
		   : MAIL_FINE;
}

/* Keeps the largest ones in order. */
static void
note_number(struct conversation *c, uint64_t number)
{
	uint32_t at;

	if (c->heard_n == CONVERSATION_HEARD) {
		memmove(c->heard, c->heard + 1,
		    (CONVERSATION_HEARD - 1) * sizeof(c->heard[0]));
		c->heard_n--;
	}
	for (at = c->heard_n; at > 0 && c->heard[at - 1] > number; at--)
		c->heard[at] = c->heard[at - 1];
	c->heard[at] = number;
	c->heard_n++;
}

/* So that a peer cannot fill the owner's screen and disk. */
static bool
within_day(struct conversation *c)
{
	const uint64_t day = c->clock_h / 24;

	if (c->day != day) {
		c->day = day;
		c->day_n = 0;
	}
	return c->day_n++ < CONVERSATION_DAY_MAX;
}

/* ---- keys ---- */

/* A key of low order would make the next message readable to all. */
static bool
is_sound_key(const struct step *s, const uint8_t key[X25519_SIZE])
{
	uint8_t q[X25519_SIZE];

	/* Any secret shows it; the root that came of the opening is one. */
	const bool sound = x25519_shared(q, s->e->opened->root, key);
	crypto_wipe(q, sizeof(q));
	return sound;
}

/* The one-time keys of a company's message: all good, or the message is not. */
static bool
check_authors(const struct step *s, const struct message *m)
{
	const struct conversation *c = s->c;
	const struct slice net = slice_str(c->net);

	if (m->not_after % CERTIFICATE_WEEK != 0 ||
	    m->not_after <= c->clock_h ||
	    m->not_after > c->clock_h + CERTIFICATE_MAX ||
	    !stamp_check(net.p, net.n, c->peer, m->stamp, net_stamp_bits(net)))
		return false;
	for (uint32_t i = 0; i < m->authors_n; i++) {
		uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
		ed25519_keypair(pub, secret, m->authors[i].seed);
		crypto_wipe(secret, sizeof(secret));
		if (!certificate_check(c->peer, net, pub, m->not_after,
			m->authors[i].certificate))
			return false;
	}
	return true;
}

static void
take_authors(struct conversation *c, const struct message *m)
{
	for (uint32_t i = 0; i < m->authors_n; i++) {
		uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
		bool known = false;
		ed25519_keypair(pub, secret, m->authors[i].seed);
		crypto_wipe(secret, sizeof(secret));
		for (uint32_t k = 0; k < c->authors_n; k++)
			known = known || memcmp(c->authors[k].pub, pub,
					     ED25519_PUBLIC) == 0;
		if (known) /* used or not: it is for one answer */
			continue;
		struct conversation_author *a = author_place(c);
		memset(a, 0, sizeof(*a));
		memcpy(a->pub, pub, ED25519_PUBLIC);
		memcpy(a->seed, m->authors[i].seed, ED25519_SEED);
		memcpy(a->certificate, m->authors[i].certificate, ED25519_SIG);
		memcpy(a->stamp, m->stamp, sizeof(a->stamp));
		a->not_after = m->not_after;
	}
}

/* A company: the author of an answer, which counts once. */
static enum mail_outcome
use_author(struct conversation *c, const uint8_t author[ED25519_PUBLIC])
{
	for (uint32_t i = 0; i < c->authors_n; i++) {
		if (memcmp(c->authors[i].pub, author, ED25519_PUBLIC) != 0)
			continue;
		if (c->authors[i].used)
			return MAIL_AUTHOR_USED;
		c->authors[i].used = true;
		return MAIL_FINE;
	}
	return MAIL_FINE; /* a key with a stamp of its own */
}

/* The keys of the peer's message, once it is taken. */
static void
note_keys(struct step *s, const struct message *m, unsigned used)
{
	struct conversation *c = s->c;

	if (!c->peer_key_known || m->number > c->peer_key_number) {
		memcpy(c->peer_key, m->reply_key, X25519_SIZE);
		c->peer_key_number = m->number;
		c->peer_key_known = true;
	}
	if (used >= c->keys_n)
		return;
	c->turn = c->turn || used == 0;
	/* What was sent before it may still come, what was before that not. */
	while (c->keys_n > used + 2) {
		c->keys_n--;
		crypto_wipe(&c->keys[c->keys_n], sizeof(c->keys[0]));
	}
}

/* ---- the first message ---- */

static void
begin(struct step *s, const struct message *m)
{
	struct conversation *c = s->c;
	const struct envelope_opened *o = s->e->opened;

	memcpy(c->id, m->conversation, CONVERSATION_ID);
	memcpy(c->peer, o->author, ED25519_PUBLIC);
	memcpy(c->to_key, o->pub, X25519_SIZE);
	memcpy(c->root[0], o->root, SEALING_ROOT);
	c->roots = 1;
	memcpy(c->first, m->reply_key, X25519_SIZE);
}

static enum mail_outcome
take_offer(struct step *s, const struct message *m)
{
	struct conversation *c = s->c;
	struct offer_terms terms;

	if (c->company ||
	    c->state != (c->by_hand ? CONVERSATION_HAND : CONVERSATION_NEW))
		return MAIL_WRONG_STATE;
	if (!c->by_hand)
		begin(s, m);
	const struct offer_bound bound = { slice_str(c->net), c->id, c->own,
		s->e->opened->pub, m->offer.terms };
	if (memcmp(m->offer.to, c->own, ED25519_PUBLIC) != 0 ||
	    !offer_check(c->peer, &bound, m->offer.sig))
		return MAIL_BAD_SIGNATURE;
	arena_reset(&s->values);
	const err e = offer_terms_read(m->offer.terms, &s->values, &terms);
	if (e != OK)
		return e == ERR_NOTFOUND ? MAIL_UNKNOWN : MAIL_MALFORMED;
	if (m->authors_n == 0)
		return MAIL_BAD_CERTIFICATE; /* nobody could answer it */
	memcpy(c->terms, m->offer.terms.p, m->offer.terms.n);
	c->terms_n = (uint32_t)m->offer.terms.n;
	memcpy(c->offer_sig, m->offer.sig, ED25519_SIG);
	memcpy(c->demand, terms.demand, RECORD_ID);
	if (m->not_after > c->clock_h)
		enter(s, CONVERSATION_OFFERED, m->not_after - c->clock_h);
	ask_owner(s, ASK_OFFER);
	return MAIL_FINE;
}

static enum mail_outcome
take_hand(struct step *s, const struct message *m)
{
	struct conversation *c = s->c;

	if (!c->company || c->state != CONVERSATION_NEW)
		return MAIL_WRONG_STATE;
	if (m->hand.introduced && !voucher_check(slice_str(c->net), c->own,
				      c->clock_h, &m->hand.voucher))
		return MAIL_BAD_SIGNATURE;
	c->by_hand = true;
	begin(s, m);
	memcpy(c->demand, m->hand.demand, RECORD_ID);
	enter(s, CONVERSATION_HAND, CONVERSATION_HAND_HOURS);
	ask_owner(s, ASK_HAND);
	return MAIL_FINE;
}

/* ---- in a talk ---- */

static enum mail_outcome
take_interest(struct step *s)
{
	if (!s->c->company || s->c->state != CONVERSATION_OFFERED)
		return MAIL_WRONG_STATE;
	enter(s, CONVERSATION_INTERESTED, CONVERSATION_ANSWER_HOURS);
	ask_owner(s, ASK_INTEREST);
	return MAIL_FINE;
}

static enum mail_outcome
take_commit(struct step *s, const struct message *m)
{
	struct conversation *c = s->c;

	if (c->peer_committed)
		return MAIL_WRONG_STATE;
	memcpy(c->peer_commitment, m->commitment, MAIL_COMMITMENT);
	c->peer_committed = true;
	ask_owner(s, ASK_OPEN);
	return MAIL_FINE;
}

static enum mail_outcome
take_open(struct step *s, const struct message *m)
{
	struct conversation *c = s->c;
	uint8_t again[MAIL_COMMITMENT];

	if (c->peer_opened)
		return MAIL_WRONG_STATE;
	if (!c->peer_committed)
		return MAIL_EARLY;
	/* A person's node never opens first: what does is none of ours. */
	if (c->company && !c->own_opened)
		return MAIL_WRONG_STATE;
	identity_commit(
	    again, c->id, !c->company, m->open.salt, m->open.identity);
	if (!crypto_equal(again, c->peer_commitment, sizeof(again)))
		return MAIL_BAD_COMMITMENT;
	memcpy(c->peer_identity, m->open.identity.p, m->open.identity.n);
	c->peer_identity_n = (uint32_t)m->open.identity.n;
	c->peer_opened = true;
	if (c->own_opened && (c->state == CONVERSATION_TALK ||
				 c->state == CONVERSATION_INTERESTED))
		enter(s, CONVERSATION_REVEALED, CONVERSATION_TALK_HOURS);
	else if (!c->own_opened)
		ask_owner(s, ASK_OPEN);
	return MAIL_FINE;
}

/* The place of a document: its own, a free one, or the oldest's. */
static struct conversation_document *
document_place(struct conversation *c, const struct message *m)
{
	struct conversation_document *place = NULL;

	for (size_t i = 0; i < CONVERSATION_DOCUMENTS; i++) {
		struct conversation_document *d = &c->documents[i];
		if (d->kind != 0 &&
		    memcmp(d->name, m->document.name, MAIL_DOCUMENT_NAME) == 0)
			return d;
		if (place == NULL ||
		    (place->kind != 0 &&
			(d->kind == 0 || d->number < place->number)))
			place = d;
	}
	memset(place, 0, sizeof(*place));
	memcpy(place->name, m->document.name, MAIL_DOCUMENT_NAME);
	place->kind = (uint8_t)m->document.kind;
	place->size = m->document.size;
	return place;
}

static enum mail_outcome
take_document(struct step *s, const struct message *m)
{
	struct conversation_document *d = document_place(s->c, m);
	const uint32_t parts =
	    (m->document.size + MAIL_PART_MAX - 1) / MAIL_PART_MAX;

	/* Parts of one name say the same of the whole, and each comes once. */
	if (d->kind != m->document.kind || d->size != m->document.size ||
	    (d->parts & 1U << m->document.part) != 0)
		return MAIL_MALFORMED;
	memcpy(d->data + m->document.part * MAIL_PART_MAX, m->document.data.p,
	    m->document.data.n);
	d->parts |= (uint8_t)(1U << m->document.part);
	d->number = MAX(d->number, m->number);
	if (d->parts != (1U << parts) - 1)
		return MAIL_FINE;
	struct conversation_action *a = action(s, CONVERSATION_DOCUMENT_WHOLE);
	memcpy(s->out->bytes, d->data, d->size);
	a->document = m->document.kind;
	a->data = slice_of(s->out->bytes, d->size);
	memset(d, 0, sizeof(*d));
	ask_owner(s, ASK_DOCUMENT);
	return MAIL_FINE;
}

static enum mail_outcome
take_introduction(struct step *s, const struct message *m)
{
	return voucher_check(slice_str(s->c->net), m->introduction.company,
		   s->c->clock_h, &m->introduction.voucher)
		   ? MAIL_FINE
		   : MAIL_BAD_SIGNATURE;
}

static enum mail_outcome
take_withdraw(struct step *s)
{
	const enum conversation_state state = s->c->state;

	if (state == CONVERSATION_AGREED || state == CONVERSATION_CONCLUDED)
		return MAIL_WRONG_STATE;
	finish(s, CONVERSATION_WITHDRAWN);
	return MAIL_FINE;
}

static enum mail_outcome
take_talk(struct step *s, const struct message *m)
{
	struct conversation *c = s->c;

	/* Before both have said yes: what opens the talk is still to come. */
	if (!is_talking(c->state))
		return c->company || c->state == CONVERSATION_HAND
			   ? MAIL_EARLY
			   : MAIL_WRONG_STATE;
	if (c->state == CONVERSATION_INTERESTED && !c->company)
		c->state = CONVERSATION_TALK;
	if (c->state == CONVERSATION_TALK || c->state == CONVERSATION_REVEALED)
		enter(s, c->state, CONVERSATION_TALK_HOURS);
	switch (m->type) {
	case MESSAGE_TEXT:
		return MAIL_FINE;
	case MESSAGE_ASK:
		memcpy(c->peer_nonce, m->ask.nonce, sizeof(c->peer_nonce));
		ask_owner(s, ASK_LEAVES);
		return MAIL_FINE;
	case MESSAGE_DISCLOSE:
		return c->company ? MAIL_FINE : MAIL_WRONG_STATE;
	case MESSAGE_COMMIT:
		return take_commit(s, m);
	case MESSAGE_OPEN:
		return take_open(s, m);
	case MESSAGE_DOCUMENT:
		return take_document(s, m);
	case MESSAGE_INTRODUCTION:
		return take_introduction(s, m);
	case MESSAGE_OFFER:
	case MESSAGE_INTEREST:
	case MESSAGE_WITHDRAW:
	case MESSAGE_HAND:
		break;
	}
	return MAIL_WRONG_STATE;
}

/* ---- from whom, how, and when ---- */

/* Is it this conversation's, and how was it opened? ${used}: own key. */
static enum mail_outcome
find_way(const struct step *s, const struct message *m, enum way *way,
    unsigned *used)
{
	const struct conversation *c = s->c;
	const struct envelope_opened *o = s->e->opened;
	const bool from_peer = memcmp(o->author, c->peer, ED25519_PUBLIC) == 0;

	*used = CONVERSATION_RECEIVE_KEYS;
	if (memcmp(m->conversation, c->id, CONVERSATION_ID) != 0)
		return MAIL_FOREIGN;
	for (unsigned i = 0; i < c->keys_n; i++)
		if (memcmp(c->keys[i].pub, o->pub, X25519_SIZE) == 0)
			*used = i;
	if (*used == CONVERSATION_RECEIVE_KEYS) {
		*way = WAY_STRANGER;
		return !is_opener(c) && from_peer &&
			       memcmp(c->to_key, o->pub, X25519_SIZE) == 0
			   ? MAIL_FINE
			   : MAIL_FOREIGN;
	}
	*way = is_opener(c) && memcmp(o->pub, c->first, X25519_SIZE) == 0
		   ? WAY_FIRST
		   : WAY_TALK;
	return c->company || from_peer ? MAIL_FINE : MAIL_FOREIGN;
}

/* The answerer's first key makes the second root; there is one answerer. */
static enum mail_outcome
meet(struct step *s, const struct message *m, unsigned used)
{
	struct conversation *c = s->c;

	if (c->roots == 2)
		return memcmp(c->second, m->reply_key, X25519_SIZE) == 0
			   ? MAIL_FINE
			   : MAIL_FORKED;
	memcpy(c->second, m->reply_key, X25519_SIZE);
	c->roots = 2;
	return sealing_session(c->root[1], c->keys[used].secret, c->second,
		   c->root[0], c->first, c->second)
		   ? MAIL_FINE
		   : MAIL_MALFORMED;
}

static enum mail_outcome
take_body(struct step *s, const struct message *m, enum way way)
{
	/* Strangers' keys are for the first message, and to take it back. */
	if (way == WAY_STRANGER && m->type != MESSAGE_WITHDRAW)
		return MAIL_FOREIGN;
	switch (m->type) {
	case MESSAGE_OFFER:
		return take_offer(s, m);
	case MESSAGE_INTEREST:
		return take_interest(s);
	case MESSAGE_WITHDRAW:
		return take_withdraw(s);
	case MESSAGE_HAND:
		return MAIL_WRONG_STATE;
	case MESSAGE_TEXT:
	case MESSAGE_ASK:
	case MESSAGE_DISCLOSE:
	case MESSAGE_COMMIT:
	case MESSAGE_OPEN:
	case MESSAGE_DOCUMENT:
	case MESSAGE_INTRODUCTION:
		return take_talk(s, m);
	}
	return MAIL_UNKNOWN;
}

/* What every message has to be, whatever it says. */
static enum mail_outcome
take_head(struct step *s, const struct message *m)
{
	if (s->c->company && m->authors_n > 0)
		return MAIL_MALFORMED; /* persons certify nobody */
	if (!is_sound_key(s, m->reply_key))
		return MAIL_MALFORMED;
	return m->authors_n == 0 || check_authors(s, m) ? MAIL_FINE
							: MAIL_BAD_CERTIFICATE;
}

static enum mail_outcome
take_first(struct step *s, const struct message *m)
{
	struct conversation *c = s->c;
	enum mail_outcome o;

	if (m->type == MESSAGE_WITHDRAW)
		return MAIL_EARLY; /* of what has not come yet */
	if (m->type != (c->company ? MESSAGE_HAND : MESSAGE_OFFER))
		return MAIL_FOREIGN;
	memcpy(c->peer, s->e->opened->author, ED25519_PUBLIC);
	if ((o = take_head(s, m)) != MAIL_FINE)
		return o;
	return c->company ? take_hand(s, m) : take_offer(s, m);
}

static enum mail_outcome
take_next(struct step *s, const struct message *m, unsigned *used)
{
	struct conversation *c = s->c;
	enum way way = WAY_STRANGER;
	enum mail_outcome o = find_way(s, m, &way, used);

	if (o != MAIL_FINE || (o = check_number(c, m->number)) != MAIL_FINE)
		return o;
	if ((o = take_head(s, m)) != MAIL_FINE)
		return o;
	if (way == WAY_FIRST && (o = meet(s, m, *used)) != MAIL_FINE)
		return o;
	if (c->company && way != WAY_STRANGER &&
	    (o = use_author(c, s->e->opened->author)) != MAIL_FINE)
		return o;
	if (!within_day(c))
		return MAIL_TOO_MANY;
	return take_body(s, m, way);
}

enum mail_outcome
receive_event(struct step *s)
{
	struct conversation *c = s->c;
	struct message *m = &s->out->message;
	unsigned used = CONVERSATION_RECEIVE_KEYS;

	if (s->e->opened == NULL)
		return MAIL_BAD_REQUEST;
	const err e = message_read(s->e->opened->message, &s->values, m);
	if (e != OK)
		return e == ERR_NOTFOUND ? MAIL_UNKNOWN : MAIL_MALFORMED;
	const enum mail_outcome o = c->state == CONVERSATION_NEW
					? take_first(s, m)
					: take_next(s, m, &used);
	if (o != MAIL_FINE)
		return o;
	note_number(c, m->number);
	if (!conversation_is_over(c->state)) {
		note_keys(s, m, used);
		take_authors(c, m);
	}
	if (m->type != MESSAGE_DOCUMENT)
		(void)action(s, CONVERSATION_SHOW);
	/* Secrets of it are in the state by now; the faces need none. */
	crypto_wipe(m->authors, sizeof(m->authors));
	return MAIL_FINE;
}
