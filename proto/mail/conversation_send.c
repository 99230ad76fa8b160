/* Events of the owner that send something: conversation.h. */
#include "proto/mail/conversation_internal.h"

/* ---- keys ---- */

/* A new key to be answered to, if the peer has used the newest. */
static bool
renew_receive_key(struct step *s)
{
	struct conversation *c = s->c;

	if (c->keys_n > 0 && !c->turn)
		return true;
	crypto_wipe(
	    &c->keys[CONVERSATION_RECEIVE_KEYS - 1], sizeof(c->keys[0]));
	memmove(&c->keys[1], &c->keys[0],
	    (CONVERSATION_RECEIVE_KEYS - 1) * sizeof(c->keys[0]));
	if (c->keys_n < CONVERSATION_RECEIVE_KEYS)
		c->keys_n++;
	struct conversation_key *k = &c->keys[0];
	memcpy(k->secret, s->e->random->receive, X25519_SIZE);
	x25519_public(k->pub, k->secret);
	k->since_h = c->clock_h;
	c->turn = false;
	if (is_opener(c)) {
		if (c->roots == 0)
			memcpy(c->first, k->pub, X25519_SIZE);
		return true;
	}
	if (c->roots != 1)
		return true;
	/* The answerer's first: now both have told one. */
	memcpy(c->second, k->pub, X25519_SIZE);
	c->roots = 2;
	return sealing_session(
	    c->root[1], k->secret, c->first, c->root[0], c->first, c->second);
}

/* One-time keys for the answer, each with the company's certificate. */
static enum mail_outcome
give_authors(struct step *s, struct message *m)
{
	struct conversation *c = s->c;
	const struct mail_signer *signer = s->e->signer;
	const struct slice net = slice_str(c->net);

	m->authors_n = AUTHORS_GIVEN;
	m->not_after = certificate_not_after(c->clock_h);
	memcpy(m->stamp, signer->stamp, sizeof(m->stamp));
	for (uint32_t i = 0; i < AUTHORS_GIVEN; i++) {
		uint8_t secret[ED25519_SECRET];
		struct conversation_author a = { .not_after = m->not_after };
		memcpy(
		    m->authors[i].seed, s->e->random->authors[i], ED25519_SEED);
		ed25519_keypair(a.pub, secret, m->authors[i].seed);
		crypto_wipe(secret, sizeof(secret));
		if (certificate_sign(signer, net, a.pub, m->not_after,
			m->authors[i].certificate) != OK)
			return MAIL_NOT_SIGNED;
		*author_place(c) = a;
	}
	return MAIL_FINE;
}

/* ---- under which key it goes out ---- */

/* The usable one-time key that ends first. */
static struct conversation_author *
next_author(struct step *s)
{
	struct conversation *c = s->c;
	struct conversation_author *best = NULL;

	for (uint32_t i = 0; i < c->authors_n; i++) {
		struct conversation_author *a = &c->authors[i];
		if (a->used || a->not_after < c->clock_h + AUTHOR_LEFT)
			continue;
		if (best == NULL || a->not_after < best->not_after)
			best = a;
	}
	return best;
}

static enum mail_outcome
choose_author(struct step *s, struct conversation_action *a, uint32_t part)
{
	struct conversation *c = s->c;

	a->expires_h = s->now_h + ENVELOPE_HOURS;
	if (c->company) {
		a->by = ENVELOPE_BY_COMPANY;
		memcpy(a->author, c->own, ED25519_PUBLIC);
		return MAIL_FINE;
	}
	struct conversation_author *k = next_author(s);
	if (k != NULL) {
		a->by = ENVELOPE_BY_ONE_TIME;
		memcpy(a->author, k->pub, ED25519_PUBLIC);
		memcpy(a->seed, k->seed, ED25519_SEED);
		certificate_stamp(
		    a->stamp, c->peer, k->stamp, k->not_after, k->certificate);
		a->expires_h = MIN(a->expires_h, k->not_after);
		k->used = true;
		crypto_wipe(k->seed, sizeof(k->seed));
		return MAIL_FINE;
	}
	if (s->e->author == NULL)
		return MAIL_NO_AUTHOR;
	/* Until the company has told a key, it knows the person by the author
	 * of the hand alone. */
	if (!c->peer_key_known &&
	    memcmp(s->e->author, c->own, ED25519_PUBLIC) != 0)
		return MAIL_BAD_REQUEST;
	a->by = ENVELOPE_BY_FRESH;
	a->slot = part;
	memcpy(a->author, s->e->author, ED25519_PUBLIC);
	return MAIL_FINE;
}

/* ---- sealing ---- */

/* To which key, with which root; NULL: a key that strangers know. */
static const uint8_t *
receiver(const struct conversation *c, const uint8_t **root)
{
	*root = NULL;
	if (!c->peer_key_known)
		return is_opener(c) ? c->to_key : NULL;
	const bool first =
	    !is_opener(c) && memcmp(c->peer_key, c->first, X25519_SIZE) == 0;
	*root = c->root[first ? 0 : 1];
	return c->peer_key;
}

static uint64_t
next_number(struct conversation *c)
{
	c->sent = MAX(c->sent + 1, c->clock_h << 8);
	return c->sent;
}

/* Completes a message, seals it and asks for it to be sent. */
static enum mail_outcome
post(struct step *s, struct message *m, uint32_t part)
{
	struct conversation *c = s->c;
	uint8_t bytes[ENVELOPE_MESSAGE_MAX], next[SEALING_ROOT];
	struct buf written = { bytes, 0, sizeof(bytes) };
	struct buf sealed = { s->out->bytes + s->bytes, 0,
		ENVELOPE_SEALED_MAX };
	const uint8_t *root = NULL;
	const uint8_t *to = receiver(c, &root);

	if (to == NULL)
		return MAIL_NO_KEY;
	memcpy(m->conversation, c->id, CONVERSATION_ID);
	memcpy(m->reply_key, c->keys[0].pub, X25519_SIZE);
	m->number = next_number(c);
	arena_reset(&s->values);
	if (message_write(m, &s->values, &written) != OK)
		return MAIL_BAD_REQUEST;
	struct conversation_action *a = action(s, CONVERSATION_SEND);
	const enum mail_outcome o = choose_author(s, a, part);
	if (o != MAIL_FINE) {
		crypto_wipe(bytes, sizeof(bytes));
		return o;
	}
	ASSERT(s->drawn < MAIL_PARTS_MAX);
	const err e =
	    envelope_seal(&sealed, buf_slice(&written), slice_str(c->net),
		a->author, to, root, s->e->random->ephemeral[s->drawn++], next);
	crypto_wipe(bytes, sizeof(bytes));
	if (e != OK)
		return e == ERR_AUTH ? MAIL_NO_KEY : MAIL_BAD_REQUEST;
	a->sealed = buf_slice(&sealed);
	s->bytes += sealed.n;
	if (c->roots == 0) { /* the first message of all */
		memcpy(c->root[0], next, SEALING_ROOT);
		c->roots = 1;
	}
	crypto_wipe(next, sizeof(next));
	return MAIL_FINE;
}

/* One message of the owner's: keys, then what is sealed. */
static enum mail_outcome
send(struct step *s, struct message *m)
{
	if (!renew_receive_key(s))
		return MAIL_NO_KEY;
	if (s->c->company) {
		const enum mail_outcome o = give_authors(s, m);
		if (o != MAIL_FINE)
			return o;
	}
	return post(s, m, 0);
}

/* ---- offer, hand, interest ---- */

static enum mail_outcome
own_offer(struct step *s, struct message *m)
{
	struct conversation *c = s->c;
	const struct conversation_event *e = s->e;
	struct offer_terms terms;

	if (!c->company ||
	    (c->state != CONVERSATION_NEW && c->state != CONVERSATION_HAND))
		return MAIL_WRONG_STATE;
	arena_reset(&s->values);
	if (offer_terms_read(e->terms, &s->values, &terms) != OK)
		return MAIL_BAD_REQUEST;
	if (c->state == CONVERSATION_NEW) {
		if (e->peer == NULL || e->key == NULL)
			return MAIL_BAD_REQUEST;
		memcpy(c->peer, e->peer, ED25519_PUBLIC);
		memcpy(c->to_key, e->key, X25519_SIZE);
		memcpy(c->id, e->random->name, CONVERSATION_ID);
	}
	memcpy(c->terms, e->terms.p, e->terms.n);
	c->terms_n = (uint32_t)e->terms.n;
	memcpy(c->demand, terms.demand, RECORD_ID);
	const struct offer_bound bound = { slice_str(c->net), c->id, c->peer,
		c->peer_key_known ? c->peer_key : c->to_key, e->terms };
	if (offer_sign(e->signer, &bound, c->offer_sig) != OK)
		return MAIL_NOT_SIGNED;
	m->offer.terms = e->terms;
	memcpy(m->offer.to, c->peer, ED25519_PUBLIC);
	memcpy(m->offer.sig, c->offer_sig, ED25519_SIG);
	m->offer.ledger = e->data;
	const enum mail_outcome o = send(s, m);
	enter(s, CONVERSATION_OFFERED, m->not_after - c->clock_h);
	return o;
}

static enum mail_outcome
own_hand(struct step *s, struct message *m)
{
	struct conversation *c = s->c;
	const struct conversation_event *e = s->e;

	if (c->company || c->state != CONVERSATION_NEW)
		return MAIL_WRONG_STATE;
	if (e->peer == NULL || e->key == NULL || e->id == NULL ||
	    e->author == NULL ||
	    (e->voucher != NULL && !voucher_check(slice_str(c->net), e->peer,
				       c->clock_h, e->voucher)))
		return MAIL_BAD_REQUEST;
	c->by_hand = true;
	memcpy(c->own, e->author, ED25519_PUBLIC);
	memcpy(c->peer, e->peer, ED25519_PUBLIC);
	memcpy(c->to_key, e->key, X25519_SIZE);
	memcpy(c->id, e->random->name, CONVERSATION_ID);
	memcpy(c->demand, e->id, RECORD_ID);
	memcpy(m->hand.demand, e->id, RECORD_ID);
	m->hand.card = e->data;
	m->hand.introduced = e->voucher != NULL;
	if (e->voucher != NULL)
		m->hand.voucher = *e->voucher;
	const enum mail_outcome o = send(s, m);
	enter(s, CONVERSATION_HAND, CONVERSATION_HAND_HOURS);
	return o;
}

static enum mail_outcome
own_interest(struct step *s, struct message *m)
{
	if (s->c->company || s->c->state != CONVERSATION_SEEN)
		return MAIL_WRONG_STATE;
	const enum mail_outcome o = send(s, m);
	enter(s, CONVERSATION_INTERESTED, CONVERSATION_ANSWER_HOURS);
	return o;
}

/* ---- in a talk ---- */

/* A company's first word makes a talk of it; every word keeps it alive. */
static void
spoke(struct step *s)
{
	struct conversation *c = s->c;

	if (c->state == CONVERSATION_INTERESTED && c->company)
		c->state = CONVERSATION_TALK;
	if (c->state == CONVERSATION_TALK || c->state == CONVERSATION_REVEALED)
		enter(s, c->state, CONVERSATION_TALK_HOURS);
}

static enum mail_outcome
own_ask(struct step *s, struct message *m)
{
	struct message names = { .lines_n = 0 };

	if (message_text_set(&names, s->e->text) != OK || names.lines_n == 0 ||
	    names.lines_n > MESSAGE_LEAVES_MAX)
		return MAIL_BAD_REQUEST;
	for (uint32_t i = 0; i < names.lines_n; i++)
		m->ask.leaves[i] = names.lines[i];
	m->ask.n = names.lines_n;
	memcpy(m->ask.nonce, s->e->random->name, sizeof(m->ask.nonce));
	memcpy(s->c->own_nonce, m->ask.nonce, sizeof(m->ask.nonce));
	m->lines_n = 0;
	return send(s, m);
}

static enum mail_outcome
own_disclose(struct step *s, struct message *m)
{
	struct conversation *c = s->c;

	if (c->company)
		return MAIL_WRONG_STATE;
	if (s->e->leaves == 0)
		return MAIL_BAD_REQUEST;
	if ((s->e->leaves & ~c->approved) != 0)
		return MAIL_NOT_APPROVED;
	c->disclosed |= s->e->leaves;
	m->presentation = s->e->data;
	return send(s, m);
}

static enum mail_outcome
own_commit(struct step *s, struct message *m)
{
	struct conversation *c = s->c;
	const struct slice identity = s->e->data;

	if (c->own_committed)
		return MAIL_WRONG_STATE;
	if (identity.n == 0 || identity.n > MAIL_IDENTITY_MAX)
		return MAIL_BAD_REQUEST;
	memcpy(c->own_identity, identity.p, identity.n);
	c->own_identity_n = (uint32_t)identity.n;
	memcpy(c->own_salt, s->e->random->salt, sizeof(c->own_salt));
	c->own_committed = true;
	identity_commit(
	    m->commitment, c->id, c->company, c->own_salt, identity);
	return send(s, m);
}

static enum mail_outcome
own_open(struct step *s, struct message *m)
{
	struct conversation *c = s->c;

	if (!c->own_committed || c->own_opened)
		return MAIL_WRONG_STATE;
	/* Both commit before anybody opens, and the company opens first. */
	if (c->company ? !c->peer_committed : !c->peer_opened)
		return MAIL_NOT_YET;
	c->own_opened = true;
	m->open.identity = slice_of(c->own_identity, c->own_identity_n);
	memcpy(m->open.salt, c->own_salt, sizeof(m->open.salt));
	const enum mail_outcome o = send(s, m);
	if (c->peer_opened && (c->state == CONVERSATION_TALK ||
				  c->state == CONVERSATION_INTERESTED))
		enter(s, CONVERSATION_REVEALED, CONVERSATION_TALK_HOURS);
	return o;
}

/* A document in parts; the company's one-time keys go with the last. */
static enum mail_outcome
own_document(struct step *s, struct message *m)
{
	const struct slice data = s->e->data;
	enum mail_outcome o = MAIL_FINE;

	if (data.n == 0 || data.n > MAIL_DOCUMENT_MAX)
		return MAIL_BAD_REQUEST;
	if (!renew_receive_key(s))
		return MAIL_NO_KEY;
	memcpy(m->document.name, s->e->random->name, MAIL_DOCUMENT_NAME);
	m->document.kind = s->e->document;
	m->document.size = (uint32_t)data.n;
	for (size_t at = 0; at < data.n && o == MAIL_FINE;
	     at += MAIL_PART_MAX) {
		const size_t n = MIN(data.n - at, (size_t)MAIL_PART_MAX);
		m->document.part = (uint32_t)(at / MAIL_PART_MAX);
		m->document.data = slice_of(data.p + at, n);
		if (s->c->company && at + n == data.n)
			o = give_authors(s, m);
		if (o == MAIL_FINE)
			o = post(s, m, m->document.part);
	}
	return o;
}

static enum mail_outcome
own_introduction(struct step *s, struct message *m)
{
	const struct conversation_event *e = s->e;

	if (e->peer == NULL || e->key == NULL || e->voucher == NULL ||
	    !voucher_check(
		slice_str(s->c->net), e->peer, s->c->clock_h, e->voucher))
		return MAIL_BAD_REQUEST;
	memcpy(m->introduction.company, e->peer, ED25519_PUBLIC);
	memcpy(m->introduction.inbox, e->key, X25519_SIZE);
	m->introduction.voucher = *e->voucher;
	return send(s, m);
}

static enum mail_outcome
own_withdraw(struct step *s, struct message *m)
{
	const struct conversation *c = s->c;
	/* Before there is a talk, each can take back what it began. */
	const bool began = c->company ? c->state == CONVERSATION_OFFERED
				      : c->state == CONVERSATION_HAND;

	if (!began && c->state != CONVERSATION_INTERESTED &&
	    c->state != CONVERSATION_TALK && c->state != CONVERSATION_REVEALED)
		return MAIL_WRONG_STATE;
	const enum mail_outcome o = send(s, m);
	if (o == MAIL_FINE)
		finish(s, CONVERSATION_WITHDRAWN);
	return o;
}

/* ---- which ---- */

static const struct {
	enum message_type type;
	enum mail_outcome (*send)(struct step *s, struct message *m);
	bool talk; /* only when both have said yes */
	bool text; /* it may carry text */
} sends[CONVERSATION_EVENTS] = {
	[CONVERSATION_OWN_OFFER] = { MESSAGE_OFFER, own_offer },
	[CONVERSATION_OWN_HAND] = { MESSAGE_HAND, own_hand, false, true },
	[CONVERSATION_OWN_INTEREST] = { MESSAGE_INTEREST, own_interest, false,
	    true },
	[CONVERSATION_OWN_TEXT] = { MESSAGE_TEXT, send, true, true },
	[CONVERSATION_OWN_ASK] = { MESSAGE_ASK, own_ask, true, false },
	[CONVERSATION_OWN_DISCLOSE] = { MESSAGE_DISCLOSE, own_disclose, true,
	    true },
	[CONVERSATION_OWN_COMMIT] = { MESSAGE_COMMIT, own_commit, true, true },
	[CONVERSATION_OWN_OPEN] = { MESSAGE_OPEN, own_open, true, true },
	[CONVERSATION_OWN_DOCUMENT] = { MESSAGE_DOCUMENT, own_document, true,
	    false },
	[CONVERSATION_OWN_INTRODUCTION] = { MESSAGE_INTRODUCTION,
	    own_introduction, true, true },
	[CONVERSATION_OWN_WITHDRAW] = { MESSAGE_WITHDRAW, own_withdraw, false,
	    true },
};

enum mail_outcome
send_event(struct step *s)
{
	const struct conversation_event *e = s->e;
	struct message m = { .type = sends[e->type].type };

	if (sends[e->type].talk && !is_talking(s->c->state))
		return MAIL_WRONG_STATE;
	if (e->random == NULL || (s->c->company && e->signer == NULL))
		return MAIL_BAD_REQUEST;
	if (sends[e->type].text && message_text_set(&m, e->text) != OK)
		return MAIL_BAD_REQUEST;
	const enum mail_outcome o = sends[e->type].send(s, &m);
	if (o == MAIL_FINE && sends[e->type].talk)
		spoke(s);
	crypto_wipe(&m, sizeof(m));
	return o;
}
