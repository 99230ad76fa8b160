/* Envelopes that come: which are tried first, what opens, who is let in. */
#include <stdlib.h>

#include "node/keys/intro.h"
#include "node/keys/signer.h"
#include "node/mail/mailbox.h"
#include "node/mail/mailbox_internal.h"
#include "proto/mail/inbox.h"

#define RIDS_MAX      (1U << 20)
#define PENDING_KNOWN 4096
#define PENDING_FIRST 256 /* of strangers, before what they belong to */
#define PENDING_REST  1024
#define KEYS_A_TICK   1500 /* tries; about a tenth of a second */
#define LOOKED_A_TICK 4096 /* at the heads of new ones */
#define AGAIN_TICKS   3600 /* what was too much for a day */
#define HOUR_PLEDGED  3000 /* an hour counts like so many minor units */
/* Of the talks those that wait for a first answer; the others are under way or
 * have ended. */
#define ROOM (TALKS_MAX - ENDED_MAX - 64)

/* ---- numbers of records ---- */

static const size_t room[LETTERS_QUEUES] = { RIDS_MAX, RIDS_MAX, RIDS_MAX,
	PENDING_KNOWN, PENDING_FIRST, PENDING_REST };

size_t
letters_n(const struct mailbox *m, enum letters q)
{
	return m->letters[q].n - m->letters[q].at;
}

static bool
has_rid(const struct rids *q, uint64_t rid)
{
	for (size_t i = q->at; i < q->n; i++)
		if (q->list[i] == rid)
			return true;
	return false;
}

void
letters_put(struct mailbox *m, enum letters which, uint64_t rid)
{
	struct rids *q = &m->letters[which];

	if (which >= PENDING_OURS && has_rid(q, rid))
		return;
	if (q->n - q->at == room[which]) {
		m->stats.lost++;
		if (which < PENDING_OURS)
			return;
		q->at++; /* the oldest: it is the next to expire */
	}
	if (q->n == q->cap && q->at > q->cap / 2) {
		q->n -= q->at;
		memmove(q->list, q->list + q->at, q->n * sizeof(*q->list));
		q->at = 0;
	}
	if (q->n == q->cap) {
		const size_t cap = q->cap == 0 ? 64 : 2 * q->cap;
		uint64_t *more = realloc(q->list, cap * sizeof(*more));
		if (more == NULL) {
			m->stats.lost++;
			return;
		}
		q->list = more;
		q->cap = cap;
	}
	q->list[q->n++] = rid;
}

static bool
letters_take(struct mailbox *m, enum letters which, uint64_t *rid)
{
	struct rids *q = &m->letters[which];

	if (q->at == q->n)
		return false;
	*rid = q->list[q->at++];
	if (q->at == q->n)
		q->at = q->n = 0;
	return true;
}

void
mailbox_stored(struct node *n, uint64_t rid)
{
	if (n->mailbox != NULL && !signer_is_shut(n->signer))
		letters_put(n->mailbox, LETTERS_NEW, rid);
}

/* ---- an envelope ---- */

struct letter {
	uint64_t rid;
	uint8_t author[RECORD_AUTHOR];
	uint8_t company[RECORD_AUTHOR]; /* of its certificate */
	bool certified;
	size_t sealed_n;
	uint8_t sealed[ENVELOPE_SEALED_MAX];
};

/* False: nothing to be tried. */
static bool
letter_get(struct mailbox *m, uint64_t rid, struct letter *l)
{
	struct store_view *view = NULL;
	struct store_record s;
	struct record r;
	struct slice sealed;
	bool good = false;

	if (store_view_open(m->n->store, &view) != OK)
		return false;
	if (store_get_rid(view, rid, &s) == OK && s.kind == KIND_ENVELOPE &&
	    !s.deleted && !s.opaque && s.expires_h * 3600 > node_now(m->n) &&
	    record_read(s.bytes, &m->record, &r) == RECORD_FINE &&
	    r.stamp.n > 0 &&
	    envelope_sealed(r.payload, &m->values, &sealed) == OK) {
		l->rid = rid;
		memcpy(l->author, r.author, RECORD_AUTHOR);
		l->certified = r.stamp.p[0] == STAMP_CERTIFICATE &&
			       r.stamp.n == STAMP_CERTIFICATE_BYTES;
		if (l->certified)
			memcpy(l->company, r.stamp.p + 1, RECORD_AUTHOR);
		l->sealed_n = sealed.n;
		memcpy(l->sealed, sealed.p, sealed.n);
		good = true;
	}
	store_view_close(view);
	arena_reset(&m->values);
	return good;
}

/* Answers to us, and what those write with whom we talk. */
static bool
is_ours(const struct mailbox *m, const struct letter *l)
{
	if (l->certified)
		return persona_of_key(m->n, l->company) != NULL;
	for (unsigned i = 0; i < m->talks_n; i++)
		if (!conversation_is_over(m->talks[i]->c.state) &&
		    memcmp(m->talks[i]->c.peer, l->author, RECORD_AUTHOR) == 0)
			return true;
	return false;
}

/* The intro keys: their secrets are the signer's. */
static size_t
intro_keys(struct mailbox *m, const struct letter *l)
{
	uint8_t pubs[SIGNER_KEYS_MAX][X25519_SIZE];
	uint8_t shared[SIGNER_KEYS_MAX][X25519_SIZE];
	unsigned n = 0;

	if (intro_at(m->n, 0) == NULL ||
	    signer_shared_all(m->n->signer, l->sealed, pubs, shared, &n) != OK)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		struct envelope_key *k = &m->keys[i];
		memset(k, 0, sizeof(*k));
		memcpy(k->pub, pubs[i], X25519_SIZE);
		memcpy(k->secret, shared[i], X25519_SIZE);
		k->shared = true;
	}
	crypto_wipe(shared, sizeof(shared));
	return n;
}

static bool
gave_away(const struct conversation *c, const uint8_t author[RECORD_AUTHOR])
{
	for (uint32_t i = 0; i < c->authors_n; i++)
		if (memcmp(c->authors[i].pub, author, RECORD_AUTHOR) == 0)
			return true;
	return false;
}

/* May an envelope like this be for that talk? */
static bool
may_be_for(const struct talk *t, const struct letter *l, bool known)
{
	const struct conversation *c = &t->c;

	if (!c->company)
		return !l->certified &&
		       memcmp(c->peer, l->author, RECORD_AUTHOR) == 0;
	if (l->certified && memcmp(c->own, l->company, RECORD_AUTHOR) != 0)
		return false;
	return !known || gave_away(c, l->author);
}

/* All keys that may open it; ${some}: some day one of ours may. */
static size_t
keys_for(struct mailbox *m, const struct letter *l, bool *some)
{
	size_t n = l->certified ? 0 : intro_keys(m, l);
	bool known = false;

	*some = false;
	for (unsigned i = 0; i < m->talks_n && l->certified; i++)
		known = known || gave_away(&m->talks[i]->c, l->author);
	for (unsigned i = 0; i < m->talks_n; i++) {
		const struct talk *t = m->talks[i];
		if (conversation_is_over(t->c.state) ||
		    !may_be_for(t, l, known))
			continue;
		*some = true;
		n += conversation_keys(&t->c, i + 1, m->keys + n);
	}
	return n;
}

/* ---- one-time keys that were given twice ---- */

static bool
is_elsewhere(const struct mailbox *m, const struct talk *t,
    const uint8_t pub[ED25519_PUBLIC])
{
	if (gave_away(&t->c, pub))
		return false; /* told again: it is for one answer all the same */
	if (once_find(m, pub) != NULL)
		return true;
	for (unsigned i = 0; i < m->talks_n; i++)
		if (m->talks[i] != t && !m->talks[i]->c.company &&
		    gave_away(&m->talks[i]->c, pub))
			return true;
	return false;
}

/* A company that gives one key to two talks would have two answers under one
 * author: they displace each other, and show that both are from here. */
static bool
gives_twice(
    const struct mailbox *m, const struct talk *t, const struct message *msg)
{
	bool twice = false;

	for (uint32_t i = 0; i < msg->authors_n && !t->c.company; i++) {
		uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
		ed25519_keypair(pub, secret, msg->authors[i].seed);
		crypto_wipe(secret, sizeof(secret));
		twice = twice || is_elsewhere(m, t, pub);
	}
	return twice;
}

static enum mail_outcome
receive(struct mailbox *m, struct talk *t, const struct envelope_opened *o)
{
	const struct conversation_event e = { .type = CONVERSATION_RECEIVE,
		.opened = o };
	enum mail_outcome outcome = MAIL_AUTHOR_USED;
	struct message msg;

	arena_reset(&m->values);
	const bool read = message_read(o->message, &m->values, &msg) == OK;
	const bool twice = read && gives_twice(m, t, &msg);
	/* There is one place for what waits to be stored. */
	const bool waits =
	    read && t->waiting.tries > 0 &&
	    (msg.type == MESSAGE_DOCUMENT || msg.type == MESSAGE_DISCLOSE ||
		msg.type == MESSAGE_ASK);
	crypto_wipe(&msg, sizeof(msg));
	if (waits)
		outcome = MAIL_EARLY;
	else if (twice)
		env_log(&m->n->env, LOG_UNUSUAL, "one_time_key_twice",
		    "what=\"a company gave two conversations one key to answer "
		    "under; the message was dropped\"");
	else if (talk_step(m, t, &e, NULL, &outcome) != OK)
		outcome = MAIL_TOO_MANY;
	return outcome;
}

/* ---- first messages of strangers ---- */

/* What the rules look at, and whose it is; UINT_MAX: of a tomb. */
struct rules {
	struct inbox_item items[TALKS_MAX + TOMBS_MAX];
	unsigned of[TALKS_MAX + TOMBS_MAX];
	size_t n;
};

static uint64_t
pledge_worth(const struct offer_terms *terms)
{
	if (!terms->has_pledge)
		return 0;
	return terms->pledge.amount +
	       (uint64_t)terms->pledge.hours * HOUR_PLEDGED;
}

static uint32_t
trust_in(
    struct mailbox *m, uint32_t persona, const uint8_t author[RECORD_AUTHOR])
{
	return m->hooks.trust == NULL
		   ? 0
		   : MIN(m->hooks.trust(m->n, persona, author), INBOX_ONE);
}

static void
put_talk(struct mailbox *m, struct rules *r, unsigned of)
{
	const struct talk *t = m->talks[of];
	struct inbox_item *i = &r->items[r->n];

	*i = (struct inbox_item){ .persona = t->persona,
		.trust = trust_in(m, t->persona, t->c.peer),
		.pledge = t->pledge,
		.received_h = t->begun_s / 3600,
		.introduced = t->introduced,
		.open = t->c.company ? t->c.state == CONVERSATION_HAND
				     : t->c.state == CONVERSATION_OFFERED ||
					   t->c.state == CONVERSATION_SEEN };
	memcpy(i->id, t->c.id, CONVERSATION_ID);
	memcpy(i->sender, t->c.peer, RECORD_AUTHOR);
	r->of[r->n++] = of;
}

static void
put_tomb(struct rules *r, const struct tomb *t)
{
	struct inbox_item *i = &r->items[r->n];

	*i = (struct inbox_item){ .persona = t->persona,
		.received_h = t->begun_s / 3600 };
	memcpy(i->id, t->id, CONVERSATION_ID);
	memcpy(i->sender, t->sender, RECORD_AUTHOR);
	r->of[r->n++] = UINT32_MAX;
}

/* Do the owner's own rules keep that offer out? */
static bool
rules_drop(struct mailbox *m, const struct inbox_item *item,
    const uint8_t demand[RECORD_ID])
{
	struct demand_named named;
	const char *why = "";

	if (m->hooks.rule == NULL)
		return false;
	demand_look(m->n, demand, item->sender, &named);
	const struct mailbox_asked a = { .author = item->sender,
		.pledge = item->pledge,
		.foreign = named.whose == DEMAND_ANOTHER,
		.arrives = true };
	if (m->hooks.rule(m->n, &a, &why) != MAILBOX_DROPPED)
		return false;
	m->stats.kept_out++;
	env_log(&m->n->env, LOG_INFO, "offer_kept_out", "why=%s", why);
	return true;
}

/* What there is room for is divided among the personas, whatever each of them
 * has got: who fills one's places sees nothing of another's. */
static struct inbox_limits
limits_of(struct mailbox *m, uint32_t persona)
{
	const bool hands =
	    m->hooks.hands != NULL && m->hooks.hands(m->n, persona);

	return inbox_limits_shared(ROOM / MAX(1, persona_count(m->n)), hands);
}

/* By the rules of inbox.h. ${demand}: that an offer names, zeros: none; NULL:
 * it is a hand. ${place}: which talk gives way, NULL: none. */
static bool
let_in(struct mailbox *m, const struct inbox_item *item, const uint8_t *demand,
    struct talk **place)
{
	const bool hand = demand == NULL;
	const struct inbox_limits limits = limits_of(m, item->persona);
	struct rules *r = calloc(1, sizeof(*r));
	enum inbox_outcome o = INBOX_NO_PLACE;
	size_t at = 0;

	*place = NULL;
	/* The owner's rules come first: what they drop takes no place. */
	if (!hand && rules_drop(m, item, demand)) {
		free(r);
		return false;
	}
	talks_trim(m);
	if (r != NULL && !talks_full(m)) {
		for (unsigned i = 0; i < m->talks_n; i++)
			if (m->talks[i]->c.company == hand)
				put_talk(m, r, i);
		for (unsigned i = 0; i < m->tombs_n && !hand; i++)
			if (!m->tombs[i].company)
				put_tomb(r, &m->tombs[i]);
		o = hand ? inbox_hand(&limits, r->items, r->n, item)
			 : inbox_offer(&limits,
			       (const uint8_t(*)[RECORD_AUTHOR])m->blocked,
			       m->blocked_n, r->items, r->n, item, &at);
	}
	if (o == INBOX_REPLACE && r->of[at] < m->talks_n)
		*place = m->talks[r->of[at]];
	else if (o == INBOX_REPLACE)
		o = INBOX_NO_PLACE;
	if (o != INBOX_KEEP && o != INBOX_REPLACE) {
		m->stats.kept_out++;
		env_log(&m->n->env, LOG_INFO, "offer_kept_out", "why=%s",
		    inbox_outcome_name(o));
	}
	free(r);
	return o == INBOX_KEEP || o == INBOX_REPLACE;
}

/* Would it begin a talk? Nobody gives way to what would not. */
static enum mail_outcome
would_begin(
    struct mailbox *m, const struct envelope_opened *o, const struct talk *as)
{
	const struct conversation_event e = { .type = CONVERSATION_RECEIVE,
		.opened = o };

	*m->before = as->c;
	const enum mail_outcome outcome = conversation_step(
	    m->before, &e, mail_now(m), &m->scratch, m->actions);
	crypto_wipe(m->actions, sizeof(*m->actions));
	crypto_wipe(m->before, sizeof(*m->before));
	return outcome;
}

/* Each token counts once. Of an introducer whom we know it is kept; anybody
 * can make vouchers in the name of keys that nobody knows. */
static void
use_voucher(
    struct mailbox *m, struct talk *t, const struct voucher *v, bool known)
{
	t->has_introducer = true;
	t->introduced = known && token_keep(m, v);
	memcpy(t->introducer, v->introducer, ED25519_PUBLIC);
	memcpy(t->token, v->token, VOUCHER_TOKEN);
}

static bool
voucher_counts(const struct mailbox *m, const struct message *msg)
{
	return msg->hand.introduced &&
	       !token_is_used(m, msg->hand.voucher.token);
}

/* Somebody we have to do with, or trust. */
static bool
is_known(struct mailbox *m, uint32_t persona, const uint8_t key[ED25519_PUBLIC])
{
	if (persona_of_key(m->n, key) != NULL || trust_in(m, persona, key) > 0)
		return true;
	for (unsigned i = 0; i < m->talks_n; i++)
		if (m->talks[i]->c.state >= CONVERSATION_TALK &&
		    m->talks[i]->c.state <= CONVERSATION_CONCLUDED &&
		    memcmp(m->talks[i]->c.peer, key, ED25519_PUBLIC) == 0)
			return true;
	return false;
}

static enum mail_outcome
begin(struct mailbox *m, const struct envelope_opened *o,
    const struct author *persona, const struct message *msg,
    const struct offer_terms *terms)
{
	static const struct conversation_event ignore = {
		.type = CONVERSATION_OWN_IGNORE
	};
	const bool hand = msg->type == MESSAGE_HAND;
	const bool vouched = hand && voucher_counts(m, msg);
	const uint64_t pledge = hand ? 0 : pledge_worth(terms);
	struct inbox_item item = { .persona = persona->index,
		.trust = hand ? 0 : trust_in(m, persona->index, o->author),
		.pledge = pledge,
		.received_h = mail_now(m) / 3600,
		.open = true,
		.introduced = vouched && is_known(m, persona->index,
					     msg->hand.voucher.introducer) };
	struct talk *t = talk_new(m, persona->index, hand, persona->pub);
	struct talk *place = NULL;
	enum mail_outcome outcome = MAIL_TOO_MANY, ignored;

	if (t == NULL)
		return outcome;
	memcpy(item.id, msg->conversation, CONVERSATION_ID);
	memcpy(item.sender, o->author, RECORD_AUTHOR);
	t->pledge = pledge;
	outcome = would_begin(m, o, t);
	if (outcome == MAIL_FINE &&
	    !let_in(m, &item, hand ? NULL : terms->demand, &place))
		outcome = MAIL_OVER;
	if (outcome == MAIL_FINE && vouched)
		use_voucher(m, t, &msg->hand.voucher, item.introduced);
	if (outcome == MAIL_FINE)
		outcome = receive(m, t, o);
	if (outcome != MAIL_FINE || !talk_add(m, t)) {
		talk_free(t);
		return outcome;
	}
	if (place != NULL && talk_step(m, place, &ignore, NULL, &ignored) != OK)
		env_log(&m->n->env, LOG_UNUSUAL, "offer_not_dropped",
		    "what=\"the disk refuses; it stays in the inbox\"");
	return outcome;
}

/* It opened with an intro key. */
static enum mail_outcome
from_stranger(struct mailbox *m, const struct envelope_opened *o)
{
	const struct intro_key *k = intro_find(m->n, o->pub);
	const struct author *p =
	    k == NULL ? NULL : persona_get(m->n, k->persona);
	struct message msg;
	struct offer_terms terms = { .has_pledge = false };
	err e;

	if (p == NULL)
		return MAIL_FOREIGN;
	arena_reset(&m->values);
	e = message_read(o->message, &m->values, &msg);
	if (e != OK)
		return e == ERR_NOTFOUND ? MAIL_UNKNOWN : MAIL_MALFORMED;
	crypto_wipe(msg.authors, sizeof(msg.authors));
	for (unsigned i = 0; i < m->talks_n; i++) {
		struct talk *t = m->talks[i];
		/* Of this persona and this sender: others may have chosen the
		 * same id. */
		if (t->persona == p->index &&
		    memcmp(t->c.peer, o->author, RECORD_AUTHOR) == 0 &&
		    memcmp(t->c.id, msg.conversation, CONVERSATION_ID) == 0)
			return receive(m, t, o);
	}
	if (tomb_find(m, msg.conversation, o->author, p->index))
		return MAIL_OVER;
	if (msg.type == MESSAGE_WITHDRAW)
		return MAIL_EARLY;
	if (msg.type != MESSAGE_OFFER && msg.type != MESSAGE_HAND)
		return MAIL_FOREIGN;
	/* The key of a person's card is for offers, which blocks and the
	 * owner's rules keep out; a hand passes them by. */
	if (msg.type == MESSAGE_HAND &&
	    (m->hooks.hands == NULL || !m->hooks.hands(m->n, p->index)))
		return m->n->restoring ? MAIL_EARLY : MAIL_NO_INBOX;
	if (msg.type == MESSAGE_OFFER) {
		uint8_t *memory = malloc(VALUE_ARENA_BYTES);
		struct arena a = arena_of(memory, VALUE_ARENA_BYTES);
		if (memory == NULL)
			return MAIL_TOO_MANY;
		e = offer_terms_read(msg.offer.terms, &a, &terms);
		terms.role = terms.note = slice_of(NULL, 0); /* borrowed */
		free(memory);
	}
	if (e != OK)
		return e == ERR_NOTFOUND ? MAIL_UNKNOWN : MAIL_MALFORMED;
	return begin(m, o, p, &msg, &terms);
}

/* ---- trying ---- */

static void
count(struct mailbox *m, enum mail_outcome o)
{
	m->stats.opened++;
	m->stats.outcome[o]++;
	if (o == MAIL_FINE)
		m->stats.taken++;
	else
		m->stats.refused++;
}

/* How many keys it took. */
static size_t
try_one(struct mailbox *m, uint64_t rid)
{
	struct letter l;
	uint8_t plain[ENVELOPE_PLAIN_MAX];
	struct envelope_opened o;
	enum mail_outcome outcome = MAIL_FOREIGN;
	bool some = false, stranger = false;

	if (!letter_get(m, rid, &l))
		return 1;
	const size_t n = keys_for(m, &l, &some);
	m->stats.tried++;
	const err e = envelope_open(slice_of(l.sealed, l.sealed_n),
	    slice_str(m->n->config->node.network), l.author, m->keys, n, plain,
	    &o);
	if (e == OK) {
		const uint64_t tag = m->keys[o.key].tag;
		stranger = tag == 0;
		outcome = stranger ? from_stranger(m, &o)
				   : receive(m, m->talks[tag - 1], &o);
		count(m, outcome);
		crypto_wipe(plain, sizeof(plain));
		crypto_wipe(&o, sizeof(o));
	}
	crypto_wipe(m->keys, n * sizeof(*m->keys));
	crypto_wipe(m->values.p, VALUE_ARENA_BYTES);
	arena_reset(&m->values);
	if (e == OK && (outcome == MAIL_EARLY || outcome == MAIL_TOO_MANY))
		letters_put(m, stranger ? PENDING_EARLY : PENDING_OURS, rid);
	else if (e == ERR_NOTFOUND && some)
		letters_put(
		    m, is_ours(m, &l) ? PENDING_OURS : PENDING_OTHERS, rid);
	return n + 1;
}

/* Which of the new ones are to be tried first. */
static void
sort_new(struct mailbox *m)
{
	struct letter l;
	uint64_t rid;

	for (unsigned i = 0; i < LOOKED_A_TICK; i++) {
		if (!letters_take(m, LETTERS_NEW, &rid))
			return;
		if (letter_get(m, rid, &l))
			letters_put(m,
			    is_ours(m, &l) ? LETTERS_OURS : LETTERS_OTHERS,
			    rid);
	}
}

static void
put_back(struct mailbox *m, enum letters from, enum letters to)
{
	uint64_t rid;

	while (letters_take(m, from, &rid))
		letters_put(m, to, rid);
}

void
letters_tick(struct mailbox *m)
{
	size_t keys = 0;
	uint64_t rid;

	sort_new(m);
	if (m->again || m->n->ticks % AGAIN_TICKS == 0) {
		m->again = false;
		put_back(m, PENDING_OURS, LETTERS_OURS);
		put_back(m, PENDING_EARLY, LETTERS_OTHERS);
		put_back(m, PENDING_OTHERS, LETTERS_OTHERS);
	}
	while (keys < KEYS_A_TICK && (letters_take(m, LETTERS_OURS, &rid) ||
					 letters_take(m, LETTERS_OTHERS, &rid)))
		keys += try_one(m, rid);
}
