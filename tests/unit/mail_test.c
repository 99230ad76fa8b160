/* Envelopes, the terms of offers, and the rules of the inbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/mail/inbox.h"
#include "proto/mail/message.h"
#include "test_env.h"

static uint8_t arena_bytes[VALUE_ARENA_BYTES];

static void
fill(struct test_env *t, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(test_random(t) >> 16);
}

static struct envelope_key
new_key(struct test_env *t)
{
	struct envelope_key k = { .tag = test_random(t) };

	fill(t, k.secret, X25519_SIZE);
	x25519_public(k.pub, k.secret);
	return k;
}

/* ---- envelopes ---- */

static void
test_classes(void **state)
{
	static const struct {
		size_t message, class;
	} cases[] = { { 0, 1024 }, { 974, 1024 }, { 975, 2048 }, { 1998, 2048 },
		{ 1999, 4096 }, { 4046, 4096 }, { 4047, 0 }, { 100000, 0 } };
	static uint8_t message[4047], sealed[4096], plain[ENVELOPE_PLAIN_MAX];
	const struct slice net = slice_str("test-a");
	struct test_env t;

	(void)state;
	test_env_init(&t, 5);
	struct envelope_key key = new_key(&t);
	uint8_t author[32] = { 1 }, e[32];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = { sealed, 0, sizeof(sealed) };
		struct envelope_opened o;
		const struct slice in = { message, cases[i].message };
		assert_int_equal(
		    envelope_class(cases[i].message), cases[i].class);
		if (in.n > sizeof(message))
			continue;
		fill(&t, message, in.n);
		fill(&t, e, sizeof(e));
		const err made = envelope_seal(
		    &out, in, net, author, key.pub, NULL, e, NULL);
		assert_int_equal(made, cases[i].class == 0 ? ERR_LIMIT : OK);
		if (made != OK)
			continue;
		assert_int_equal(out.n, cases[i].class);
		assert_int_equal(envelope_open(buf_slice(&out), net, author,
				     &key, 1, plain, &o),
		    OK);
		assert_true(slice_eq(o.message, in));
	}
}

/* Padding that tells more than its class is refused. */
static void
test_padding(void **state)
{
	static const struct {
		size_t size;
		uint16_t says;
		size_t stain; /* a byte that is not zero; 0: none */
		err want;
	} cases[] = {
		{ 1024, 10, 0, OK }, { 1024, 974, 0, OK },
		{ 1024, 975, 0, ERR_FORM }, /* more than there is */
		{ 1024, 65535, 0, ERR_FORM }, { 1024, 10, 12, ERR_FORM },
		{ 1024, 10, 975, ERR_FORM },
		{ 2048, 974, 0, ERR_FORM }, /* it would fit in less */
		{ 2048, 975, 0, OK }, { 4096, 1998, 0, ERR_FORM },
		{ 4096, 1999, 0, OK },
		{ 3072, 1999, 0, ERR_FORM }, /* no such size */
	};
	const struct slice net = slice_str("test-a");
	struct test_env t;

	(void)state;
	test_env_init(&t, 6);
	const struct envelope_key key = new_key(&t);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		static uint8_t sealed[4096], out[ENVELOPE_PLAIN_MAX];
		uint8_t plain[ENVELOPE_PLAIN_MAX] = { 0 }, e[32];
		uint8_t author[32] = { 2 }, ad[16 + 1 + 6 + 32] = { 0 };
		struct envelope_opened o;
		memcpy(ad, "ohcn-mail-v1", 12);
		ad[16] = 6;
		memcpy(ad + 17, "test-a", 6);
		memcpy(ad + 23, author, 32);
		put_u16be(plain, cases[i].says);
		if (cases[i].stain > 0)
			plain[cases[i].stain] = 1;
		fill(&t, e, sizeof(e));
		assert_true(sealing_seal(sealed, plain,
		    cases[i].size - SEALING_OVERHEAD,
		    (struct crypto_part){ ad, sizeof(ad) }, key.pub, NULL, e,
		    NULL));
		assert_int_equal(envelope_open(slice_of(sealed, cases[i].size),
				     net, author, &key, 1, out, &o),
		    cases[i].want);
	}
}

/* Among many keys the right one; none else; only under its author. */
static void
test_trial(void **state)
{
	static struct envelope_key keys[200];
	static uint8_t sealed[4096], plain[ENVELOPE_PLAIN_MAX];
	const struct slice net = slice_str("test-a");
	struct buf out = { sealed, 0, sizeof(sealed) };
	struct envelope_opened o;
	struct test_env t;
	uint8_t author[32] = { 3 }, other[32] = { 4 }, e[32], next[32];

	(void)state;
	test_env_init(&t, 7);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		keys[i] = new_key(&t);
	fill(&t, keys[150].root, SEALING_ROOT);
	fill(&t, e, sizeof(e));
	assert_int_equal(envelope_seal(&out, slice_str("hello"), net, author,
			     keys[150].pub, keys[150].root, e, next),
	    OK);
	const struct slice s = buf_slice(&out);
	assert_int_equal(
	    envelope_open(s, net, author, keys, 200, plain, &o), OK);
	assert_int_equal(o.key, 150);
	assert_memory_equal(o.root, next, sizeof(next));
	assert_memory_equal(o.pub, keys[150].pub, X25519_SIZE);
	assert_int_equal(
	    envelope_open(s, net, author, keys, 150, plain, &o), ERR_NOTFOUND);
	assert_int_equal(
	    envelope_open(s, net, other, keys, 200, plain, &o), ERR_NOTFOUND);
	assert_int_equal(
	    envelope_open(s, slice_str("test-b"), author, keys, 200, plain, &o),
	    ERR_NOTFOUND);
	assert_int_equal(envelope_open(s, net, author, keys,
			     ENVELOPE_KEYS_MAX + 1, plain, &o),
	    ERR_LIMIT);
	keys[150].one_author = true; /* and that author is another */
	assert_int_equal(
	    envelope_open(s, net, author, keys, 200, plain, &o), ERR_NOTFOUND);
	memcpy(keys[150].author, author, sizeof(author));
	assert_int_equal(
	    envelope_open(s, net, author, keys, 200, plain, &o), OK);
}

static void
test_payload(void **state)
{
	static uint8_t sealed[4096], bytes[ENVELOPE_PAYLOAD_MAX];
	static const size_t sizes[] = { 1024, 2048, 4096, 1023, 1025, 3072 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct buf out = { bytes, 0, sizeof(bytes) };
		struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
		struct slice got;
		assert_int_equal(
		    envelope_payload(slice_of(sealed, sizes[i]), &out), OK);
		assert_int_equal(envelope_sealed(buf_slice(&out), &arena, &got),
		    i < 3 ? OK : ERR_FORM);
		assert_int_equal(got.n, i < 3 ? sizes[i] : 0);
	}
}

/* ---- terms ---- */

static void
test_terms(void **state)
{
	static const struct {
		const char *name;
		uint32_t activity, hours;
		uint64_t amount;
		const char *currency, *role;
		err want;
	} cases[] = {
		{ "hours", 1, 40, 0, "", "Welder", OK },
		{ "money", 9, 0, 1, "EUR", "Welder", OK },
		{ "both", 3, 10000, (UINT64_C(1) << 53) - 1, "JPY", "W", OK },
		{ "nothing", 1, 0, 0, "", "Welder", ERR_FORM },
		{ "money of no land", 1, 0, 5, "", "Welder", ERR_FORM },
		{ "a land of no money", 1, 5, 0, "EUR", "Welder", ERR_FORM },
		{ "small letters", 1, 0, 5, "eur", "Welder", ERR_FORM },
		{ "too many hours", 1, 10001, 0, "", "Welder", ERR_FORM },
		{ "no role", 1, 40, 0, "", "", ERR_FORM },
		{ "no activity", 0, 40, 0, "", "Welder", ERR_FORM },
		{ "activity 10", 10, 40, 0, "", "Welder", ERR_FORM },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t bytes[MESSAGE_TERMS_MAX];
		struct buf out = { bytes, 0, sizeof(bytes) };
		struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
		struct offer_terms t = { .activity = cases[i].activity,
			.role = slice_str(cases[i].role),
			.has_pledge = true,
			.pledge = { .kind = MAIL_PLEDGE_MENTORING,
			    .hours = cases[i].hours,
			    .amount = cases[i].amount,
			    .deadline_h = 500000,
			    .conditions = slice_str("none") } },
				   back;
		memcpy(t.pledge.currency, cases[i].currency,
		    strlen(cases[i].currency));
		const err e = offer_terms_write(&t, &arena, &out);
		if (e != cases[i].want)
			fail_msg("%s: %s", cases[i].name, err_name(e));
		if (e != OK) {
			assert_int_equal(out.n, 0);
			continue;
		}
		arena_reset(&arena);
		assert_int_equal(
		    offer_terms_read(buf_slice(&out), &arena, &back), OK);
		assert_int_equal(back.pledge.amount, t.pledge.amount);
		assert_int_equal(back.pledge.hours, t.pledge.hours);
		assert_string_equal(back.pledge.currency, t.pledge.currency);
		assert_true(slice_eq(back.role, t.role));
		assert_false(back.has_demand);
	}
}

static void
test_text(void **state)
{
	static char long_text[MESSAGE_TEXT_MAX + 2];
	static const struct {
		const char *text;
		uint32_t lines;
		err want;
	} cases[] = {
		{ "", 0, OK },
		{ "one", 1, OK },
		{ "one\n\nthree", 3, OK },
		{ "\n", 2, OK },
		{ "ends\n", 2, OK },
		{ "a\tb", 0, ERR_FORM },
		{ "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
		  "\n",
		    32, OK },
		{ "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
		  "\n\n",
		    0, ERR_LIMIT },
		{ long_text, 0, ERR_LIMIT },
	};

	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct message m = { .type = MESSAGE_TEXT };
		uint8_t back[MESSAGE_TEXT_MAX];
		struct buf out = { back, 0, sizeof(back) };
		const struct slice text = slice_str(cases[i].text);
		assert_int_equal(message_text_set(&m, text), cases[i].want);
		if (cases[i].want != OK)
			continue;
		assert_int_equal(m.lines_n, cases[i].lines);
		assert_int_equal(message_text_get(&m, &out), OK);
		assert_true(slice_eq(buf_slice(&out), text));
	}
}

/* ---- inbox ---- */

#define ITEMS 80

struct inbox {
	struct inbox_item items[ITEMS];
	size_t n;
};

static struct inbox_item
item(unsigned sender, uint32_t trust, uint64_t pledge, uint64_t hour)
{
	struct inbox_item a = { .trust = trust,
		.pledge = pledge,
		.received_h = hour,
		.open = true };

	put_u32be(a.sender, sender);
	put_u32be(a.id, sender);
	return a;
}

static enum inbox_outcome
offer(struct inbox *b, const struct inbox_item *a)
{
	static const uint8_t blocked[1][RECORD_AUTHOR] = { { 0xff } };
	const struct inbox_limits l = inbox_limits_standard();
	size_t place = ITEMS;
	const enum inbox_outcome o =
	    inbox_offer(&l, blocked, 1, b->items, b->n, a, &place);

	if (o == INBOX_KEEP)
		b->items[b->n++] = *a;
	else if (o == INBOX_REPLACE)
		b->items[place] = *a;
	else
		assert_int_equal(place, ITEMS);
	return o;
}

static void
test_inbox(void **state)
{
	struct inbox b = { .n = 0 };
	struct inbox_item a = item(0xff000000, INBOX_ONE, 0, 1000);

	(void)state;
	assert_int_equal(offer(&b, &a), INBOX_BLOCKED);
	a = item(1, 0, 0, 1000);
	assert_int_equal(offer(&b, &a), INBOX_NO_PLEDGE);
	a = item(1, 1, 0, 1000); /* known a little: no pledge needed */
	assert_int_equal(offer(&b, &a), INBOX_KEEP);
	a.received_h = 1001;
	assert_int_equal(offer(&b, &a), INBOX_OPEN_ALREADY);
	for (unsigned i = 0; i < 2; i++) {
		b.items[b.n - 1].open = false; /* the window counts it still */
		assert_int_equal(offer(&b, &a), INBOX_KEEP);
	}
	b.items[b.n - 1].open = false;
	assert_int_equal(offer(&b, &a), INBOX_TOO_MANY);
	/* Each persona for itself: what one has got, nobody sees by another. */
	for (unsigned i = 1; i < 6; i++) {
		a.persona = i;
		assert_int_equal(offer(&b, &a), INBOX_KEEP);
		assert_int_equal(offer(&b, &a), INBOX_OPEN_ALREADY);
	}
	a.persona = 0;
	assert_int_equal(offer(&b, &a), INBOX_TOO_MANY);
	a.received_h = 1168;
	assert_int_equal(offer(&b, &a), INBOX_KEEP);
}

static void
test_inbox_places(void **state)
{
	struct inbox b = { .n = 0 };
	struct inbox_item a;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		a = item(100 + i, 0, 1000 + i, 1000);
		assert_int_equal(offer(&b, &a), INBOX_KEEP);
	}
	a = item(200, 0, 999, 1000);
	assert_int_equal(offer(&b, &a), INBOX_NO_PLACE);
	a = item(201, 0, 1009, 1000); /* at the median: as good as any */
	assert_int_equal(offer(&b, &a), INBOX_REPLACE);
	assert_int_equal(get_u32be(b.items[0].sender), 201);
	/* Strangers do not take the places of the known, nor the reverse. */
	for (unsigned i = 0; i < 30; i++) {
		a = item(300 + i, 1000 + i, 1000000, 1000);
		assert_int_equal(offer(&b, &a), INBOX_KEEP);
	}
	a = item(400, 999, 1000000, 1000);
	assert_int_equal(offer(&b, &a), INBOX_NO_PLACE);
	a = item(401, INBOX_ONE, 0, 1000); /* trust alone is not enough */
	assert_int_equal(offer(&b, &a), INBOX_NO_PLACE);
	a = item(402, 1001, 1000000, 1000);
	assert_int_equal(offer(&b, &a), INBOX_REPLACE);
	assert_int_equal(b.n, 50);
	/* No flood of strangers, however much they pledge, moves the known. */
	for (unsigned i = 0; i < 1000; i++) {
		a = item(1000 + i, 0, UINT64_MAX - i, 1001);
		(void)offer(&b, &a);
	}
	unsigned known = 0;
	for (size_t i = 0; i < b.n; i++)
		known += b.items[i].trust > 0 ? 1 : 0;
	assert_int_equal(known, 30);
	assert_int_equal(b.n, 50);
}

/* Whatever one persona has got, the other's places and median are as before:
 * who fills the one sees nothing at the other. */
static void
test_inbox_personas(void **state)
{
	const struct inbox_limits l = inbox_limits_standard();
	struct inbox b = { .n = 0 };
	struct inbox_item a;
	size_t place;

	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		a = item(100 + i, 0, 1000000 + i, 1000);
		(void)offer(&b, &a);
		a = item(300 + i, 7, 1000000 + i, 1000);
		(void)offer(&b, &a);
	}
	assert_int_equal(b.n, 50);
	for (unsigned i = 0; i < 20; i++) {
		a = item(500 + i, 0, 10 + i, 1000);
		a.persona = 1;
		assert_int_equal(offer(&b, &a), INBOX_KEEP);
	}
	assert_int_equal(b.n, 70);
	/* At the median of this persona it takes the place of its least. */
	a = item(600, 0, 25, 1001);
	a.persona = 1;
	assert_int_equal(
	    inbox_offer(&l, NULL, 0, b.items, b.n, &a, &place), INBOX_REPLACE);
	assert_int_equal(get_u32be(b.items[place].sender), 500);
	a.pledge = 9;
	assert_int_equal(
	    inbox_offer(&l, NULL, 0, b.items, b.n, &a, &place), INBOX_NO_PLACE);
	a = item(601, 7, 1, 1001);
	a.persona = 1;
	assert_int_equal(
	    inbox_offer(&l, NULL, 0, b.items, b.n, &a, &place), INBOX_KEEP);
}

static void
test_inbox_shared(void **state)
{
	static const struct {
		uint32_t room;
		bool hands;
		uint32_t places, strangers, stranger_hands;
	} cases[] = {
		{ 320, false, 50, 20, 200 },
		{ 320, true, 50, 20, 200 },
		{ 160, true, 50, 20, 110 },
		{ 50, false, 50, 20, 0 },
		{ 40, true, 20, 8, 20 },
		{ 10, false, 10, 4, 0 },
		{ 10, true, 5, 2, 5 },
		{ 0, true, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct inbox_limits l =
		    inbox_limits_shared(cases[i].room, cases[i].hands);
		assert_int_equal(l.places, cases[i].places);
		assert_int_equal(l.strangers, cases[i].strangers);
		assert_int_equal(l.stranger_hands, cases[i].stranger_hands);
		/* A persona never has more waiting than its room. */
		assert_true(
		    l.places + (cases[i].hands ? l.stranger_hands : 0) <=
		    cases[i].room);
	}
}

static void
test_inbox_rank(void **state)
{
	static const struct {
		uint32_t trust;
		uint64_t pledge, median;
		uint32_t want;
	} cases[] = {
		{ INBOX_ONE, 10, 10, 65536 },
		{ INBOX_ONE, 5, 10, 32768 },
		{ INBOX_ONE / 2, 5, 10, 16384 },
		{ INBOX_ONE, 100, 10, 65536 },
		{ 0, 5, 10, 32768 },
		{ INBOX_ONE, 0, 10, 0 },
		{ INBOX_ONE, 0, 0, 0 },
		{ INBOX_ONE, UINT64_MAX, UINT64_MAX, 65536 },
		{ 4000000000U, 10, 10, 65536 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct inbox_item a =
		    item(1, cases[i].trust, cases[i].pledge, 1);
		assert_int_equal(
		    inbox_rank(&a, cases[i].median), cases[i].want);
	}
	/* Near the largest numbers: never above one, and never a fault. */
	const struct inbox_item a = item(1, INBOX_ONE, UINT64_MAX / 2, 1);
	const uint32_t half = inbox_rank(&a, UINT64_MAX);
	assert_true(half > 32000 && half <= 32768);
}

static void
test_hands(void **state)
{
	static struct inbox_item items[300];
	struct inbox_limits l = inbox_limits_standard();
	struct inbox_item a = item(1, 0, 0, 5);

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(inbox_hand(&l, items, i, &a), INBOX_KEEP);
		items[i] = item(i, 0, 0, 5);
	}
	assert_int_equal(inbox_hand(&l, items, 200, &a), INBOX_TOO_MANY);
	a.introduced = true;
	assert_int_equal(inbox_hand(&l, items, 200, &a), INBOX_KEEP);
	a.introduced = false;
	a.persona = 1; /* another of this node: it has places of its own */
	assert_int_equal(inbox_hand(&l, items, 200, &a), INBOX_KEEP);
	a.persona = 0;
	items[7].open = false;
	assert_int_equal(inbox_hand(&l, items, 200, &a), INBOX_KEEP);
}

/* What anybody may seal: a type without a version, of any number. */
static void
test_types_without_version(void **state)
{
	static uint8_t memory[VALUE_ARENA_BYTES];
	static const uint8_t zero[] = { 0x81, 2, 0 }, many[] = { 0x81, 2, 12 },
			     huge[] = { 0x81, 2, 0xcf, 0, 0, 1, 0, 0, 0, 0, 0 };
	static const struct slice all[] = { { zero, sizeof(zero) },
		{ many, sizeof(many) }, { huge, sizeof(huge) } };
	static struct message m;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct arena arena = arena_of(memory, sizeof(memory));
		assert_int_equal(message_read(all[i], &arena, &m), ERR_FORM);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_trial),
		cmocka_unit_test(test_payload),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_inbox),
		cmocka_unit_test(test_inbox_places),
		cmocka_unit_test(test_inbox_personas),
		cmocka_unit_test(test_inbox_shared),
		cmocka_unit_test(test_inbox_rank),
		cmocka_unit_test(test_hands),
		cmocka_unit_test(test_types_without_version),
	};

	return crypto_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
