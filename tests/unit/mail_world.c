#include "mail_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/stamp.h"

const char mail_net[] = "test-mail";

static void
draw(struct mail_world *w, void *out, size_t n)
{
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(test_random(&w->t) >> 24);
}

static bool
sign_as(void *ctx, const uint8_t *m, size_t n, uint8_t sig[ED25519_SIG])
{
	struct mail_side *s = ctx;

	if (s->refuse_to_sign)
		return false;
	ed25519_sign(sig, m, n, s->secret);
	return true;
}

static void
side_new(struct mail_world *w, struct mail_side *s, bool company)
{
	uint8_t seed[ED25519_SEED];

	draw(w, seed, sizeof(seed));
	ed25519_keypair(s->pub, s->secret, seed);
	draw(w, s->stranger.secret, X25519_SIZE);
	x25519_public(s->stranger.pub, s->stranger.secret);
	s->signer = (struct mail_signer){ .sign = sign_as, .ctx = s };
	memcpy(s->signer.pub, s->pub, ED25519_PUBLIC);
	if (company)
		assert_true(
		    stamp_search((const uint8_t *)mail_net, strlen(mail_net),
			s->pub, net_stamp_bits(slice_str(mail_net)), 0, 100000,
			s->signer.stamp));
	conversation_init(
	    &s->c, slice_str(mail_net), company, s->pub, w->now_s / 3600);
}

static void
terms_new(struct mail_world *w)
{
	static uint8_t arena_bytes[VALUE_ARENA_BYTES];
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	struct buf out = { w->terms, 0, sizeof(w->terms) };
	const struct offer_terms t = { .activity = 2,
		.role = slice_str("Welder, night shift"),
		.has_demand = true,
		.demand = { 7 },
		.has_pledge = true,
		.pledge = { .kind = MAIL_PLEDGE_COURSE_BUDGET,
		    .hours = 40,
		    .amount = 150000,
		    .currency = "EUR",
		    .deadline_h = w->now_s / 3600 + 5000,
		    .conditions = slice_str("whether or not we go on") } };

	assert_int_equal(offer_terms_write(&t, &arena, &out), OK);
	w->terms_n = out.n;
}

struct mail_world *
mail_world_new(uint64_t seed)
{
	struct mail_world *w = calloc(1, sizeof(*w));
	uint8_t secret[ED25519_SECRET], fresh[ED25519_SEED];

	assert_non_null(w);
	assert_true(crypto_init());
	test_env_init(&w->t, seed);
	w->now_s = w->t.wall_s;
	side_new(w, &w->side[PERSON], false);
	side_new(w, &w->side[COMPANY], true);
	draw(w, fresh, sizeof(fresh));
	ed25519_keypair(w->fresh, secret, fresh);
	terms_new(w);
	return w;
}

struct conversation_event
mail_event(
    struct mail_world *w, unsigned side, enum conversation_event_type type)
{
	static const uint8_t demand[RECORD_ID] = { 7 };
	const struct mail_side *other = &w->side[1 - side];
	struct conversation_event e = { .type = type, .random = &w->random };

	draw(w, &w->random, sizeof(w->random));
	e.signer = &w->side[side].signer;
	e.author = w->fresh;
	e.peer = other->pub;
	e.key = other->stranger.pub;
	e.terms = slice_of(w->terms, w->terms_n);
	e.id = demand;
	e.document = MAIL_AGREEMENT;
	e.result = CONVERSATION_KEPT;
	e.until_h = w->now_s / 3600 + 1000;
	switch ((unsigned)type) {
	case CONVERSATION_OWN_TEXT:
		e.text = slice_str("Good day.\n\nWhen could we talk?");
		break;
	case CONVERSATION_OWN_ASK:
		e.text = slice_str("welding certificate\nfirst aid");
		break;
	case CONVERSATION_OWN_APPROVE:
	case CONVERSATION_OWN_DISCLOSE:
		e.leaves = 5;
		e.data = slice_str("a presentation of leaves 0 and 2");
		break;
	case CONVERSATION_OWN_COMMIT:
		e.data = slice_str(side == COMPANY ? "Stahl GmbH, A. Meyer"
						   : "Jo Doe, jo@example.org");
		break;
	case CONVERSATION_OWN_DOCUMENT:
		e.data = slice_str("an agreement");
		break;
	default:
		break;
	}
	return e;
}

/* ---- steps ---- */

static size_t
save(struct mail_world *w, const struct conversation *c,
    uint8_t out[CONVERSATION_SAVED_MAX])
{
	static uint8_t bytes[VALUE_ARENA_BYTES];
	struct arena arena = arena_of(bytes, sizeof(bytes));
	struct buf b = { out, 0, CONVERSATION_SAVED_MAX };

	(void)w;
	assert_int_equal(conversation_save(c, &arena, &b), OK);
	return b.n;
}

/* What is kept is all that there is. */
static void
save_and_load(struct mail_world *w, struct conversation *c)
{
	static uint8_t a[CONVERSATION_SAVED_MAX], b[CONVERSATION_SAVED_MAX];
	static uint8_t bytes[VALUE_ARENA_BYTES];
	struct arena arena = arena_of(bytes, sizeof(bytes));
	const size_t n = save(w, c, a);

	assert_int_equal(conversation_load(slice_of(a, n), &arena, c), OK);
	assert_int_equal(save(w, c, b), n);
	assert_memory_equal(a, b, n);
}

static void
to_wire(
    struct mail_world *w, unsigned from, const struct conversation_action *a)
{
	assert_true(w->wire_n < MAIL_WIRE);
	struct mail_letter *l = &w->wire[w->wire_n++];
	memset(l, 0, sizeof(*l));
	l->to = 1 - from;
	l->n = a->sealed.n;
	l->one_time = a->by == ENVELOPE_BY_ONE_TIME;
	memcpy(l->author, a->author, RECORD_AUTHOR);
	memcpy(l->sealed, a->sealed.p, a->sealed.n);
	assert_true(l->n == 1024 || l->n == 2048 || l->n == 4096);
	assert_true(a->expires_h <= w->now_s / 3600 + ENVELOPE_HOURS);
	assert_true(a->expires_h > w->now_s / 3600);
	for (size_t i = 0; l->one_time && i + 1 < w->wire_n; i++)
		assert_memory_not_equal(
		    w->wire[i].author, l->author, RECORD_AUTHOR);
}

static bool
may_send(enum conversation_event_type type)
{
	return type <= CONVERSATION_OWN_WITHDRAW &&
	       type != CONVERSATION_OWN_SEEN &&
	       type != CONVERSATION_OWN_APPROVE;
}

enum mail_outcome
mail_step(
    struct mail_world *w, unsigned side, const struct conversation_event *e)
{
	static uint8_t before[CONVERSATION_SAVED_MAX];
	static uint8_t after[CONVERSATION_SAVED_MAX];
	struct mail_side *s = &w->side[side];
	struct arena arena = arena_of(w->scratch, sizeof(w->scratch));
	const size_t n = save(w, &s->c, before);
	const enum mail_outcome o =
	    conversation_step(&s->c, e, w->now_s, &arena, &s->out);

	if (o != MAIL_FINE && !s->out.changed) {
		assert_int_equal(save(w, &s->c, after), n);
		assert_memory_equal(before, after, n);
	}
	for (uint32_t i = 0; i < s->out.n; i++) {
		const struct conversation_action *a = &s->out.list[i];
		assert_true(o == MAIL_FINE || a->type == CONVERSATION_ENDED);
		if (a->type != CONVERSATION_SEND)
			continue;
		assert_true(may_send(e->type));
		to_wire(w, side, a);
	}
	save_and_load(w, &s->c);
	return o;
}

enum mail_outcome
mail_do(struct mail_world *w, unsigned side, enum conversation_event_type type)
{
	const struct conversation_event e = mail_event(w, side, type);

	return mail_step(w, side, &e);
}

enum mail_outcome
mail_deliver(struct mail_world *w, size_t i)
{
	struct mail_letter *l = &w->wire[i];
	struct mail_side *s = &w->side[l->to];
	struct envelope_key keys[CONVERSATION_RECEIVE_KEYS + 1];
	struct envelope_opened opened;
	const size_t n = conversation_keys(&s->c, 1, keys);

	keys[n] = s->stranger;
	if (envelope_open(slice_of(l->sealed, l->n), slice_str(mail_net),
		l->author, keys, n + 1, s->plain, &opened) != OK)
		return MAIL_FOREIGN;
	const struct conversation_event e = { .type = CONVERSATION_RECEIVE,
		.opened = &opened };
	const enum mail_outcome o = mail_step(w, l->to, &e);
	l->taken = l->taken || o == MAIL_FINE;
	return o;
}

enum mail_outcome
mail_deliver_last(struct mail_world *w)
{
	assert_true(w->wire_n > 0);
	return mail_deliver(w, w->wire_n - 1);
}

void
mail_talk(struct mail_world *w)
{
	assert_int_equal(
	    mail_do(w, COMPANY, CONVERSATION_OWN_OFFER), MAIL_FINE);
	assert_int_equal(mail_deliver_last(w), MAIL_FINE);
	assert_int_equal(mail_do(w, PERSON, CONVERSATION_OWN_SEEN), MAIL_FINE);
	assert_int_equal(
	    mail_do(w, PERSON, CONVERSATION_OWN_INTEREST), MAIL_FINE);
	assert_int_equal(mail_deliver_last(w), MAIL_FINE);
	assert_int_equal(mail_do(w, COMPANY, CONVERSATION_OWN_TEXT), MAIL_FINE);
	assert_int_equal(mail_deliver_last(w), MAIL_FINE);
	assert_int_equal(w->side[PERSON].c.state, CONVERSATION_TALK);
	assert_int_equal(w->side[COMPANY].c.state, CONVERSATION_TALK);
}

bool
mail_asked(const struct mail_world *w, unsigned side, enum conversation_ask ask)
{
	const struct conversation_actions *out = &w->side[side].out;

	for (uint32_t i = 0; i < out->n; i++)
		if (out->list[i].type == CONVERSATION_ASK_OWNER &&
		    out->list[i].ask == ask)
			return true;
	return false;
}
