#include "proto/mail/conversation.h"

#include "proto/mail/conversation_internal.h"

#define HOUR     3600
#define HOUR_MAX (UINT32_MAX / 2) /* no clock of ours says more */

static const char *const state_names[CONVERSATION_STATES] = { "new", "hand",
	"offered", "seen", "interested", "talk", "revealed", "agreed",
	"concluded", "expired", "ignored", "blocked", "withdrawn", "lapsed",
	"closed" };

static const char *const outcome_names[MAIL_OUTCOMES] = { "fine", "wrong-state",
	"not-yet", "not-approved", "no-author", "no-key", "bad-request",
	"not-signed", "duplicate", "stale", "early", "malformed", "unknown",
	"foreign", "author-used", "forked", "bad-signature", "bad-certificate",
	"bad-commitment", "too-many", "over", "no-inbox" };

const char *
conversation_state_name(enum conversation_state s)
{
	return s < CONVERSATION_STATES ? state_names[s] : "unknown";
}

const char *
mail_outcome_name(enum mail_outcome o)
{
	return o < MAIL_OUTCOMES ? outcome_names[o] : "unknown";
}

bool
conversation_is_over(enum conversation_state state)
{
	return state >= CONVERSATION_EXPIRED;
}

void
conversation_init(struct conversation *c, struct slice net, bool company,
    const uint8_t own[ED25519_PUBLIC], uint64_t now_h)
{
	ASSERT(net.n <= NET_MAX);
	memset(c, 0, sizeof(*c));
	memcpy(c->net, net.p, net.n);
	c->company = company;
	memcpy(c->own, own, ED25519_PUBLIC);
	c->clock_h = now_h;
	c->deadline_h = now_h + CONVERSATION_HAND_HOURS;
}

uint64_t
conversation_expiry(const struct conversation *c)
{
	return conversation_is_over(c->state) ? UINT64_MAX
					      : c->deadline_h * HOUR;
}

size_t
conversation_keys(const struct conversation *c, uint64_t tag,
    struct envelope_key out[CONVERSATION_RECEIVE_KEYS])
{
	size_t n = 0;

	for (uint32_t i = 0; i < c->keys_n; i++) {
		const struct conversation_key *k = &c->keys[i];
		/* The opener's first key goes with the first root alone. */
		const bool first =
		    is_opener(c) && memcmp(k->pub, c->first, X25519_SIZE) == 0;
		const uint8_t which = first ? 0 : 1;
		if (c->roots <= which)
			continue;
		struct envelope_key *o = &out[n++];
		memset(o, 0, sizeof(*o));
		memcpy(o->secret, k->secret, X25519_SIZE);
		memcpy(o->pub, k->pub, X25519_SIZE);
		memcpy(o->root, c->root[which], SEALING_ROOT);
		/* A company writes under its own name, a person under any. */
		o->one_author = !c->company;
		memcpy(o->author, c->peer, RECORD_AUTHOR);
		o->tag = tag;
	}
	return n;
}

/* ---- what all events share ---- */

struct conversation_action *
action(struct step *s, enum conversation_action_type type)
{
	ASSERT(s->out->n < CONVERSATION_ACTIONS_MAX);
	struct conversation_action *a = &s->out->list[s->out->n++];
	memset(a, 0, sizeof(*a));
	a->type = type;
	return a;
}

void
ask_owner(struct step *s, enum conversation_ask ask)
{
	action(s, CONVERSATION_ASK_OWNER)->ask = ask;
}

void
enter(struct step *s, enum conversation_state state, uint64_t hours)
{
	s->c->state = state;
	s->c->deadline_h = s->c->clock_h + hours;
}

void
finish(struct step *s, enum conversation_state state)
{
	struct conversation *c = s->c;

	c->state = state;
	c->deadline_h = 0;
	crypto_wipe(c->root, sizeof(c->root));
	crypto_wipe(c->keys, sizeof(c->keys));
	crypto_wipe(c->authors, sizeof(c->authors));
	crypto_wipe(c->own_salt, sizeof(c->own_salt));
	crypto_wipe(c->own_identity, sizeof(c->own_identity));
	crypto_wipe(c->documents, sizeof(c->documents));
	c->roots = 0;
	c->keys_n = c->authors_n = c->own_identity_n = 0;
	c->turn = false;
	(void)action(s, CONVERSATION_ENDED);
}

struct conversation_author *
author_place(struct conversation *c)
{
	struct conversation_author *worst = &c->authors[0];

	if (c->authors_n < CONVERSATION_AUTHORS)
		return &c->authors[c->authors_n++];
	for (uint32_t i = 1; i < CONVERSATION_AUTHORS; i++) {
		struct conversation_author *a = &c->authors[i];
		if (a->used != worst->used ? a->used
					   : a->not_after < worst->not_after)
			worst = a;
	}
	return worst;
}

/* ---- time ---- */

/* Old receive keys go: what was sealed to them has expired by now. */
static void
forget_keys(struct conversation *c)
{
	while (c->keys_n > 1 &&
	       c->keys[c->keys_n - 2].since_h + KEY_KEPT_HOURS <= c->clock_h) {
		c->keys_n--;
		crypto_wipe(&c->keys[c->keys_n], sizeof(c->keys[0]));
	}
}

static enum conversation_state
end_of(const struct conversation *c)
{
	switch (c->state) {
	case CONVERSATION_OFFERED:
		return c->company ? CONVERSATION_EXPIRED : CONVERSATION_IGNORED;
	case CONVERSATION_SEEN:
		return CONVERSATION_IGNORED;
	case CONVERSATION_AGREED:
		return CONVERSATION_LAPSED;
	case CONVERSATION_CONCLUDED:
		return CONVERSATION_CLOSED;
	case CONVERSATION_NEW:
	case CONVERSATION_HAND:
	case CONVERSATION_INTERESTED:
	case CONVERSATION_TALK:
	case CONVERSATION_REVEALED:
	case CONVERSATION_EXPIRED:
	case CONVERSATION_IGNORED:
	case CONVERSATION_BLOCKED:
	case CONVERSATION_WITHDRAWN:
	case CONVERSATION_LAPSED:
	case CONVERSATION_CLOSED:
		break;
	}
	return CONVERSATION_EXPIRED;
}

/* ---- events that send nothing ---- */

static enum mail_outcome
agree(struct step *s)
{
	struct conversation *c = s->c;
	const struct conversation_event *e = s->e;

	if (e->id == NULL || e->until_h <= c->clock_h ||
	    e->until_h > c->clock_h + CONVERSATION_AGREED_MAX)
		return MAIL_BAD_REQUEST;
	if (c->state == CONVERSATION_AGREED &&
	    memcmp(c->agreement, e->id, RECORD_ID) == 0)
		return MAIL_FINE; /* told twice */
	if (c->state != CONVERSATION_TALK &&
	    c->state != CONVERSATION_REVEALED &&
	    c->state != CONVERSATION_CONCLUDED)
		return MAIL_WRONG_STATE;
	memcpy(c->agreement, e->id, RECORD_ID);
	c->agreed_until_h = e->until_h;
	c->result = CONVERSATION_NONE;
	enter(s, CONVERSATION_AGREED,
	    e->until_h - c->clock_h + CONVERSATION_GRACE_HOURS);
	return MAIL_FINE;
}

static enum mail_outcome
conclude(struct step *s)
{
	struct conversation *c = s->c;
	const struct conversation_event *e = s->e;

	if (e->id == NULL || e->result == CONVERSATION_NONE ||
	    e->result > CONVERSATION_VOID)
		return MAIL_BAD_REQUEST;
	if (c->state == CONVERSATION_CONCLUDED && c->result == e->result &&
	    memcmp(c->agreement, e->id, RECORD_ID) == 0)
		return MAIL_FINE;
	if (c->state != CONVERSATION_AGREED ||
	    memcmp(c->agreement, e->id, RECORD_ID) != 0)
		return MAIL_WRONG_STATE;
	c->result = e->result;
	enter(s, CONVERSATION_CONCLUDED, CONVERSATION_FOLLOW_UP_HOURS);
	return MAIL_FINE;
}

static enum mail_outcome
silent_event(struct step *s)
{
	struct conversation *c = s->c;

	switch ((unsigned)s->e->type) {
	case CONVERSATION_OWN_SEEN:
		if (c->company || (c->state != CONVERSATION_OFFERED &&
				      c->state != CONVERSATION_SEEN))
			return MAIL_WRONG_STATE;
		c->state = CONVERSATION_SEEN; /* it ends when the offer does */
		return MAIL_FINE;
	case CONVERSATION_OWN_APPROVE:
		if (c->company || c->state == CONVERSATION_NEW)
			return MAIL_WRONG_STATE;
		c->approved = s->e->leaves | c->disclosed;
		return MAIL_FINE;
	case CONVERSATION_OWN_IGNORE:
		if (c->company || (c->state != CONVERSATION_OFFERED &&
				      c->state != CONVERSATION_SEEN))
			return MAIL_WRONG_STATE;
		finish(s, CONVERSATION_IGNORED);
		return MAIL_FINE;
	case CONVERSATION_OWN_CLOSE:
		finish(s, CONVERSATION_CLOSED);
		return MAIL_FINE;
	case CONVERSATION_OWN_BLOCK:
		(void)action(s, CONVERSATION_BLOCK);
		finish(s, CONVERSATION_BLOCKED);
		return MAIL_FINE;
	case CONVERSATION_AGREE:
		return agree(s);
	case CONVERSATION_CONCLUDE:
		return conclude(s);
	case CONVERSATION_TIME:
		return MAIL_FINE;
	default:
		return MAIL_BAD_REQUEST;
	}
}

/* ---- a step ---- */

static enum mail_outcome
judge(struct step *s)
{
	switch (s->e->type) {
	case CONVERSATION_OWN_OFFER:
	case CONVERSATION_OWN_HAND:
	case CONVERSATION_OWN_INTEREST:
	case CONVERSATION_OWN_TEXT:
	case CONVERSATION_OWN_ASK:
	case CONVERSATION_OWN_DISCLOSE:
	case CONVERSATION_OWN_COMMIT:
	case CONVERSATION_OWN_OPEN:
	case CONVERSATION_OWN_DOCUMENT:
	case CONVERSATION_OWN_INTRODUCTION:
	case CONVERSATION_OWN_WITHDRAW:
		return send_event(s);
	case CONVERSATION_RECEIVE:
		return receive_event(s);
	case CONVERSATION_OWN_SEEN:
	case CONVERSATION_OWN_APPROVE:
	case CONVERSATION_OWN_IGNORE:
	case CONVERSATION_OWN_CLOSE:
	case CONVERSATION_OWN_BLOCK:
	case CONVERSATION_AGREE:
	case CONVERSATION_CONCLUDE:
	case CONVERSATION_TIME:
		return silent_event(s);
	}
	return MAIL_BAD_REQUEST;
}

/* May an envelope that was refused before be taken now? */
static bool
keys_changed(const struct conversation *a, const struct conversation *b)
{
	return a->state != b->state || a->keys_n != b->keys_n ||
	       a->roots != b->roots || a->peer_committed != b->peer_committed ||
	       memcmp(a->keys, b->keys, sizeof(a->keys)) != 0;
}

enum mail_outcome
conversation_step(struct conversation *c, const struct conversation_event *e,
    uint64_t now_s, struct arena *scratch, struct conversation_actions *out)
{
	arena_reset(scratch);
	struct conversation *next = arena_alloc(scratch, sizeof(*next));
	uint8_t *values = arena_alloc(scratch, VALUE_ARENA_BYTES);
	ASSERT(next != NULL && values != NULL);
	struct step s = { .c = next,
		.e = e,
		.now_h = now_s / HOUR,
		.out = out,
		.values = arena_of(values, VALUE_ARENA_BYTES) };
	enum mail_outcome o = MAIL_OVER;

	*next = *c;
	out->n = 0;
	out->changed = false;
	/* A clock that goes back stops this one, which never does. */
	next->clock_h = MAX(next->clock_h, s.now_h);
	if (conversation_is_over(c->state)) {
		o = e->type == CONVERSATION_TIME ? MAIL_FINE : MAIL_OVER;
	} else if (next->clock_h >= c->deadline_h) {
		finish(&s, end_of(c));
		*c = *next;
		out->changed = true;
		o = e->type == CONVERSATION_TIME ? MAIL_FINE : MAIL_OVER;
	} else {
		forget_keys(next);
		o = judge(&s);
		if (o != MAIL_FINE) {
			crypto_wipe(out->list, sizeof(out->list));
			out->n = 0;
		} else {
			if (!conversation_is_over(next->state) &&
			    keys_changed(c, next))
				(void)action(&s, CONVERSATION_KEYS_CHANGED);
			*c = *next;
			out->changed = true;
		}
	}
	crypto_wipe(next, sizeof(*next));
	crypto_wipe(values, VALUE_ARENA_BYTES);
	arena_reset(scratch);
	return o;
}
