/*
 * The mailbox of a person's node against companies that do as they like:
 * what they send comes as records of the store, what the node answers is
 * taken from its outbox. Nothing here has a network.
 *
 * Bad input of conversations, and where each has its test:
 *   forged, replayed, truncated, altered,
 *   misaddressed, oversized, expired, of
 *   another network or version: each in
 *   each state of a talk                 test_hostile
 *   re-ordered                           test_reordered, unit/conversation
 *                                        test_late_and_early
 *   a one-time key used twice            test_one_key_two_talks
 *   a voucher used twice                 test_strange_vouchers
 *   two devices with one persona         unit/conversation test_two_devices,
 *                                        e2e restore_test.test_two_devices
 *   clock steps                          test_clock_leaps, unit/document
 *                                        test_clock, e2e
 *                                        restore_test.test_clock_steps
 *   a restored old backup                unit/conversation test_old_backup,
 *                                        e2e restore_test.test_old_backup
 *   letters by hand, as a liar writes    unit/conversation
 *                                        test_hostile_letters, test_liars,
 *                                        test_versions, e2e malice_test
 *   the documents in them                unit/document test_what_is_refused,
 *                                        test_damage, unit/documents
 *                                        test_agreements_refused,
 *                                        test_before_it_is_agreed
 */
#define _GNU_SOURCE /* memmem */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "mail_world.h"
#include "node/keys/intro.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/mail/mailbox.h"
#include "node/mail/mailbox_internal.h"
#include "node/trust/warnings.h"
#include "proto/base/text.h"
#include "proto/record/value.h"
#include "test_store.h"

#define DAY       UINT64_C(86400)
#define COMPANIES 22

struct fixture {
	char folder[TEST_PATH];
	struct test_env env;
	struct test_map map;
	struct config config;
	struct paths paths;
	struct problem problem;
	struct key_material km;
	struct node n;
	struct mail_world *companies[COMPANIES];
	uint64_t put; /* records that were put into the store */
};

static void
up(struct fixture *f)
{
	const struct store_config sc = { .net = slice_str(mail_net) };
	struct key_material km = f->km;
	char why[STORE_WHY];

	f->n.env = f->env.env;
	f->n.config = &f->config;
	f->n.paths = &f->paths;
	f->n.problem = &f->problem;
	f->n.restoring = true; /* what goes out stays in the outbox */
	assert_int_equal(signer_start(&km, &f->n.signer, &f->problem), OK);
	assert_int_equal(vault_open(f->folder, f->km.private_key, &f->env.env,
			     &f->n.vault, &f->problem),
	    OK);
	assert_int_equal(store_open(f->map.map, &sc, &f->n.store, why), OK);
	assert_int_equal(personas_open(&f->n), OK);
	assert_int_equal(intro_open(&f->n), OK);
	assert_int_equal(warnings_open(&f->n), OK);
	assert_int_equal(mailbox_open(&f->n), OK);
}

static void
down(struct fixture *f)
{
	mailbox_close(&f->n);
	warnings_close(&f->n);
	intro_close(&f->n);
	store_close(f->n.store);
	vault_close(f->n.vault);
	signer_stop(f->n.signer);
	f->n = (struct node){ 0 };
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint32_t second;

	test_env_init(&f->env, 5);
	/* The signer has the machine's clock. */
	f->env.wall_s = (uint64_t)time(NULL);
	test_folder_make(f->folder);
	test_map_open(&f->map, TEST_MEMORY);
	snprintf(f->paths.private_dir, sizeof(f->paths.private_dir), "%s",
	    f->folder);
	f->config.node.network = (char *)(uintptr_t)mail_net;
	key_material_new(&f->km, NULL, 1700000000);
	up(f);
	assert_int_equal(persona_add(&f->n, "quiet", &second), OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const made[] = { "erase.keys", "talks.keys" };
	struct fixture *f = *state;
	char path[TEST_PATH + 32];

	down(f);
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		snprintf(path, sizeof(path), "%s/%s", f->folder, made[i]);
		(void)remove(path);
	}
	for (unsigned i = 0; i < COMPANIES; i++)
		free(f->companies[i]);
	test_map_close(&f->map);
	test_folder_remove(f->folder);
	free(f);
	return 0;
}

/* A company with a key of its own. */
static struct mail_world *
company(struct fixture *f, unsigned i)
{
	if (f->companies[i] == NULL)
		f->companies[i] = mail_world_new(100 + i);
	f->companies[i]->now_s = f->env.wall_s;
	return f->companies[i];
}

/* Of this author into the store, and to the mailbox. */
static void
put_sealed(struct fixture *f, struct mail_world *w, struct slice sealed,
    uint64_t lives_h)
{
	static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	struct mail_side *c = &w->side[COMPANY];
	uint8_t raw[RECORD_BYTES_MAX], bytes[ENVELOPE_PAYLOAD_MAX];
	uint8_t stamp[STAMP_WORK_BYTES];
	struct buf payload = { bytes, 0, sizeof(bytes) };
	struct buf out = { raw, 0, sizeof(raw) };
	struct record r;

	/* By hand: the library would not write a wrong size. */
	struct value pair[2] = { value_uint(0), value_bin(sealed) };
	const struct value map = value_map(pair, 1);
	assert_int_equal(value_write(&map, &payload), OK);
	stamp_put(c->signer.stamp, stamp);
	const uint64_t hour = f->env.wall_s / 3600;
	const struct record_draft d = { .net = slice_str(mail_net),
		.kind = KIND_ENVELOPE,
		.region = "zz",
		.slot = (uint32_t)(f->put++ % 512),
		.seq = hour << 8 | (f->put / 512),
		.expires_h = hour + lives_h,
		.stamp = slice_of(stamp, sizeof(stamp)),
		.pv = ENVELOPE_PV,
		.payload = buf_slice(&payload) };
	assert_int_equal(record_make(&d, c->pub, c->secret, &out), OK);
	assert_int_equal(
	    record_read(buf_slice(&out), &scratch, &r), RECORD_FINE);
	struct store_item item = { .record = &r };
	assert_int_equal(
	    store_apply(f->n.store, &item, 1, f->env.wall_s, NULL, NULL), OK);
	assert_int_equal(item.outcome, RECORD_STORED);
	mailbox_stored(&f->n, item.rid);
}

static void
put_last(struct fixture *f, struct mail_world *w)
{
	const struct mail_letter *l = &w->wire[w->wire_n - 1];

	put_sealed(f, w, slice_of(l->sealed, l->n), ENVELOPE_HOURS);
}

static void
tick(struct fixture *f)
{
	f->n.ticks++;
	mailbox_tick(&f->n, true);
}

static unsigned
talks(const struct fixture *f)
{
	return f->n.mailbox->talks_n;
}

static uint64_t
outcomes(const struct fixture *f, enum mail_outcome o)
{
	return f->n.mailbox->stats.outcome[o];
}

/* An offer to a persona, with an id and one-time keys of one's choice. */
static void
offer(struct fixture *f, struct mail_world *w, uint32_t persona,
    const uint8_t *id, const uint8_t *seed)
{
	struct mail_side *c = &w->side[COMPANY];
	uint8_t key[X25519_SIZE];

	assert_int_equal(intro_current(&f->n, persona, key), OK);
	conversation_init(
	    &c->c, slice_str(mail_net), true, c->pub, w->now_s / 3600);
	struct conversation_event e =
	    mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);
	if (id != NULL)
		memcpy(w->random.name, id, CONVERSATION_ID);
	if (seed != NULL)
		memcpy(w->random.authors[0], seed, ED25519_SEED);
	e.peer = f->n.authors[persona].pub;
	e.key = key;
	assert_int_equal(mail_step(w, COMPANY, &e), MAIL_FINE);
	put_last(f, w);
}

static enum mail_outcome
say(struct fixture *f, struct talk *t, enum conversation_event_type type,
    const char *text)
{
	enum mail_outcome o = MAIL_OVER;

	assert_int_equal(mailbox_say(&f->n, t, type, slice_str(text), &o), OK);
	return o;
}

/* The newest of the outbox, to the company. */
static enum mail_outcome
to_company(struct fixture *f, struct mail_world *w)
{
	static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];
	static uint8_t values_bytes[VALUE_ARENA_BYTES];
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	struct arena values = arena_of(values_bytes, sizeof(values_bytes));
	struct mailbox *m = f->n.mailbox;
	uint8_t raw[RECORD_BYTES_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct slice sealed;
	struct record r;

	assert_true(m->out_n > 0);
	json_t *v = outgoing_get(m, m->out[m->out_n - 1]);
	const char *hex = json_string_value(json_object_get(v, "record"));
	assert_non_null(hex);
	assert_int_equal(hex_get(slice_str(hex), &b), OK);
	json_decref(v);
	const struct record_rules rules = { slice_str(mail_net), f->env.wall_s,
		0 };
	assert_int_equal(
	    record_open(buf_slice(&b), &rules, &scratch, &r), RECORD_FINE);
	assert_int_equal(envelope_sealed(r.payload, &values, &sealed), OK);
	struct mail_letter *l = &w->wire[w->wire_n++];
	memset(l, 0, sizeof(*l));
	l->to = COMPANY;
	l->n = sealed.n;
	memcpy(l->author, r.author, RECORD_AUTHOR);
	memcpy(l->sealed, sealed.p, sealed.n);
	return mail_deliver_last(w);
}

/* Offer, interest, a word of the company: both in TALK. */
static struct talk *
talk_with(struct fixture *f, struct mail_world *w, uint32_t persona)
{
	offer(f, w, persona, NULL, NULL);
	tick(f);
	struct talk *t = mailbox_at(&f->n, talks(f) - 1);
	assert_int_equal(say(f, t, CONVERSATION_OWN_SEEN, ""), MAIL_FINE);
	assert_int_equal(say(f, t, CONVERSATION_OWN_INTEREST, ""), MAIL_FINE);
	assert_int_equal(to_company(f, w), MAIL_FINE);
	assert_int_equal(mail_do(w, COMPANY, CONVERSATION_OWN_TEXT), MAIL_FINE);
	put_last(f, w);
	tick(f);
	assert_int_equal(t->c.state, CONVERSATION_TALK);
	return t;
}

/* ---- names and keys that are given twice ---- */

/* One id for two personas, and another company that chooses it too. */
static void
test_one_id_many_talks(void **state)
{
	static const uint8_t id[CONVERSATION_ID] = { 47, 11 };
	struct fixture *f = *state;

	offer(f, company(f, 0), 0, id, NULL);
	offer(f, company(f, 0), 1, id, NULL);
	offer(f, company(f, 1), 0, id, NULL);
	tick(f);
	assert_int_equal(talks(f), 3);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 0; k < 3; k++) {
			const struct talk *a = mailbox_at(&f->n, i);
			const struct talk *b = mailbox_at(&f->n, k);
			assert_memory_equal(a->c.id, id, sizeof(id));
			assert_memory_not_equal(a->name, id, sizeof(id));
			if (i != k)
				assert_memory_not_equal(
				    a->name, b->name, TALK_NAME);
		}
	struct talk *t = mailbox_at(&f->n, 1);
	assert_int_equal(say(f, t, CONVERSATION_OWN_SEEN, ""), MAIL_FINE);
	assert_int_equal(
	    say(f, t, CONVERSATION_OWN_INTEREST, "yes"), MAIL_FINE);
	down(f);
	up(f);
	assert_int_equal(talks(f), 3);
	unsigned interested = 0, said = 0;
	for (unsigned i = 0; i < 3; i++) {
		t = mailbox_at(&f->n, i);
		interested += t->c.state == CONVERSATION_INTERESTED;
		json_t *list = mailbox_messages(&f->n, t);
		said += (unsigned)json_array_size(list);
		json_decref(list);
	}
	assert_int_equal(interested, 1);
	assert_int_equal(said, 4); /* three offers and one answer */
}

/* A one-time key that another talk has is not taken, nor one that another
 * talk had, whatever has become of it. */
static void
test_one_key_two_talks(void **state)
{
	static const uint8_t seed[ED25519_SEED] = { 9 };
	struct fixture *f = *state;
	struct mail_world *w = company(f, 0);
	uint32_t index = 77;

	offer(f, w, 0, NULL, seed);
	tick(f);
	assert_int_equal(talks(f), 1);
	offer(f, w, 1, NULL, seed);
	offer(f, company(f, 1), 0, NULL, seed);
	tick(f);
	assert_int_equal(talks(f), 1);
	assert_int_equal(outcomes(f, MAIL_AUTHOR_USED), 2);

	/* Answered and ended: it is still known whose it was. */
	struct talk *t = mailbox_at(&f->n, 0);
	assert_int_equal(say(f, t, CONVERSATION_OWN_SEEN, ""), MAIL_FINE);
	assert_int_equal(say(f, t, CONVERSATION_OWN_INTEREST, ""), MAIL_FINE);
	const struct outgoing *o = f->n.mailbox->out[0];
	uint8_t author[ED25519_PUBLIC];
	memcpy(author, o->author, sizeof(author));
	assert_int_equal(say(f, t, CONVERSATION_OWN_CLOSE, ""), MAIL_FINE);
	assert_true(mailbox_persona(&f->n, author, &index));
	assert_int_equal(index, 0);
	down(f);
	up(f);
	index = 77;
	assert_true(mailbox_persona(&f->n, author, &index));
	assert_int_equal(index, 0);
	offer(f, company(f, 1), 1, NULL, seed);
	tick(f);
	assert_int_equal(talks(f), 1);
	/* After its record has expired it is forgotten. */
	f->env.wall_s += 17 * DAY;
	for (unsigned i = 0; i < 12; i++)
		tick(f);
	assert_false(mailbox_persona(&f->n, author, &index));
	author[0] ^= 1;
	assert_false(mailbox_persona(&f->n, author, &index));
}

/* ---- who is let in ---- */

static void
pledge(struct mail_world *w, uint64_t amount)
{
	static uint8_t bytes[VALUE_ARENA_BYTES];
	struct arena arena = arena_of(bytes, sizeof(bytes));
	struct buf out = { w->terms, 0, sizeof(w->terms) };
	const struct offer_terms t = { .activity = 2,
		.role = slice_str("Welder"),
		.has_pledge = true,
		.pledge = { .kind = MAIL_PLEDGE_COURSE_BUDGET,
		    .amount = amount,
		    .currency = "EUR",
		    .deadline_h = w->now_s / 3600 + 5000 } };

	assert_int_equal(offer_terms_write(&t, &arena, &out), OK);
	w->terms_n = out.n;
}

/* What would not begin a talk takes nobody's place. */
static void
test_nobody_evicted(void **state)
{
	struct fixture *f = *state;
	struct mail_world *w = company(f, 20);
	uint8_t key[X25519_SIZE];

	for (unsigned i = 0; i < 20; i++) {
		pledge(company(f, i), 1000 + i);
		offer(f, company(f, i), 0, NULL, NULL);
	}
	tick(f);
	assert_int_equal(talks(f), 20);
	/* To the key of this persona, signed for the other one. */
	pledge(w, 1 << 30);
	assert_int_equal(intro_current(&f->n, 0, key), OK);
	conversation_init(&w->side[COMPANY].c, slice_str(mail_net), true,
	    w->side[COMPANY].pub, w->now_s / 3600);
	struct conversation_event e =
	    mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);
	e.peer = f->n.authors[1].pub;
	e.key = key;
	assert_int_equal(mail_step(w, COMPANY, &e), MAIL_FINE);
	put_last(f, w);
	tick(f);
	assert_int_equal(outcomes(f, MAIL_BAD_SIGNATURE), 1);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(
		    mailbox_at(&f->n, i)->c.state, CONVERSATION_OFFERED);
	/* A good one does. */
	offer(f, w, 0, NULL, NULL);
	tick(f);
	unsigned open = 0;
	for (unsigned i = 0; i < talks(f); i++)
		open += mailbox_at(&f->n, i)->c.state == CONVERSATION_OFFERED;
	assert_int_equal(open, 20);
	assert_int_equal(talks(f), 21);
}

/* Ended ones fill no table; what began one does not begin it again, and the
 * company's share of new ones is used up all the same. */
static void
test_ended_make_room(void **state)
{
	struct fixture *f = *state;
	struct mailbox *m = f->n.mailbox;
	static struct mail_letter first;

	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < COMPANIES; i++) {
			struct mail_world *w = company(f, i);
			offer(f, w, 0, NULL, NULL);
			if (round == 0 && i == 0)
				first = w->wire[w->wire_n - 1];
			tick(f);
			for (unsigned k = 0; k < talks(f); k++)
				if (mailbox_at(&f->n, k)->c.state ==
				    CONVERSATION_OFFERED)
					say(f, mailbox_at(&f->n, k),
					    CONVERSATION_OWN_IGNORE, "");
			tick(f);
		}
	assert_int_equal(talks(f), ENDED_MAX);
	assert_int_equal(m->tombs_n, 3 * COMPANIES - ENDED_MAX);
	for (unsigned again = 0; again < 2; again++) {
		put_sealed(f, company(f, 0), slice_of(first.sealed, first.n),
		    ENVELOPE_HOURS);
		tick(f);
		assert_int_equal(f->n.mailbox->stats.outcome[MAIL_OVER], 1);
		assert_int_equal(talks(f), ENDED_MAX);
		/* A fourth within the week. */
		offer(f, company(f, 0), 0, NULL, NULL);
		tick(f);
		assert_int_equal(f->n.mailbox->stats.kept_out, 1);
		down(f);
		up(f);
		/* What lies in the store is looked at once. */
		f->n.mailbox->scan = false;
	}
	/* Two weeks later it counts no more. */
	f->env.wall_s += 16 * DAY;
	for (unsigned i = 0; i < 12; i++)
		tick(f);
	assert_int_equal(talks(f), 0);
	assert_int_equal(f->n.mailbox->tombs_n, 0);
}

/* Letters of others: a bounded list, and ours are tried before them. */
static void
test_mail_of_others(void **state)
{
	struct fixture *f = *state;
	struct mailbox *m = f->n.mailbox;

	for (uint64_t i = 1; i <= 3000; i++)
		letters_put(m, PENDING_OTHERS, i);
	assert_int_equal(letters_n(m, PENDING_OTHERS), 1024);
	letters_put(m, PENDING_OTHERS, 3000); /* twice */
	assert_int_equal(letters_n(m, PENDING_OTHERS), 1024);
	for (uint64_t i = 1; i <= 3000; i++)
		letters_put(m, PENDING_OURS, i);
	assert_int_equal(letters_n(m, PENDING_OURS), 3000);
	for (uint64_t i = 1; i <= 3000; i++)
		letters_put(m, PENDING_EARLY, i);
	assert_int_equal(letters_n(m, PENDING_EARLY), 256);
	/* Taken back before it came, of nothing that is known: kept apart. */
	assert_true(m->letters[PENDING_OTHERS].cap <= 2048);
	/* A queue that is used for long does not grow. */
	m->again = true;
	tick(f);
	for (unsigned i = 0; i < 40; i++)
		tick(f);
	assert_int_equal(letters_n(m, LETTERS_OTHERS), 0);
	for (unsigned round = 0; round < 100; round++) {
		for (uint64_t i = 1; i <= 50; i++)
			letters_put(m, LETTERS_NEW, 100000 + i);
		tick(f);
	}
	assert_true(m->letters[LETTERS_NEW].cap <= 128);
}

/* ---- what is kept ---- */

static bool
file_holds(const struct fixture *f, const char *name, const void *p, size_t n)
{
	char path[TEST_PATH + 32];
	struct slice file;
	struct problem why;

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	assert_int_equal(file_read(path, 1 << 26, &file, &why), OK);
	const bool found = memmem(file.p, file.n, p, n) != NULL;
	free((void *)(uintptr_t)file.p);
	return found;
}

/* Each state has a key of its own, which is on the disk as long as it. */
static void
test_keys_gone(void **state)
{
	struct fixture *f = *state;
	struct mailbox *m = f->n.mailbox;
	uint8_t was[ERASE_KEY], is[ERASE_KEY], reply[X25519_SIZE];
	struct talk *t = talk_with(f, company(f, 0), 0);

	assert_int_equal(eraser_get(m->eraser, t->slot, was), OK);
	assert_true(file_holds(f, "talks.keys", was, sizeof(was)));
	memcpy(reply, t->c.keys[0].secret, sizeof(reply));
	assert_false(file_holds(f, "data.mdb", reply, sizeof(reply)));
	assert_int_equal(say(f, t, CONVERSATION_OWN_TEXT, "hours?"), MAIL_FINE);
	assert_false(file_holds(f, "talks.keys", was, sizeof(was)));
	assert_int_equal(eraser_get(m->eraser, t->slot, is), OK);
	assert_true(file_holds(f, "talks.keys", is, sizeof(is)));
	assert_int_equal(to_company(f, company(f, 0)), MAIL_FINE);
	/* Over a restart it goes on. */
	down(f);
	up(f);
	m = f->n.mailbox;
	t = mailbox_at(&f->n, 0);
	assert_int_equal(t->c.state, CONVERSATION_TALK);
	assert_int_equal(eraser_get(m->eraser, t->slot, is), OK);
	assert_int_equal(say(f, t, CONVERSATION_OWN_CLOSE, ""), MAIL_FINE);
	assert_false(file_holds(f, "talks.keys", is, sizeof(is)));
	/* Of a backup: the file of keys is another one. */
	char path[TEST_PATH + 32];
	down(f);
	snprintf(path, sizeof(path), "%s/talks.keys", f->folder);
	assert_int_equal(remove(path), 0);
	up(f);
	assert_int_equal(talks(f), 1);
	t = mailbox_at(&f->n, 0);
	assert_int_equal(t->c.state, CONVERSATION_CLOSED);
	json_t *said = mailbox_messages(&f->n, t);
	assert_int_equal(json_array_size(said), 4);
	json_decref(said);
}

/* One that talks much fills no disk. */
static void
test_history_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct mail_world *w = company(f, 0);
	struct talk *t = talk_with(f, w, 0);
	char text[2001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	for (unsigned i = 0; i < sizeof(text) - 1; i += 900)
		text[i] = '\n';
	for (unsigned i = 0; i < 60; i++) {
		struct conversation_event e =
		    mail_event(w, COMPANY, CONVERSATION_OWN_TEXT);
		e.text = slice_str(text);
		assert_int_equal(mail_step(w, COMPANY, &e), MAIL_FINE);
		put_last(f, w);
		tick(f);
	}
	assert_int_equal(t->messages_n, 63);
	assert_true(t->messages_from > 0);
	assert_true(t->bytes <= TALK_BYTES);
	json_t *said = mailbox_messages(&f->n, t);
	assert_int_equal(
	    json_array_size(said), t->messages_n - t->messages_from);
	json_decref(said);
}

/* A clock that leaps ends nothing, and lets nothing be said that nobody would
 * take; set right again, all goes on. */
static void
test_clock_leaps(void **state)
{
	struct fixture *f = *state;
	struct mail_world *w = company(f, 0);
	struct talk *t = talk_with(f, w, 0);
	enum mail_outcome o;

	f->env.wall_s += 400 * DAY;
	for (unsigned i = 0; i < 30; i++) {
		f->n.ticks++;
		mailbox_tick(&f->n, false);
	}
	assert_int_equal(t->c.state, CONVERSATION_TALK);
	const uint32_t lines = t->messages_n;
	assert_int_equal(
	    mailbox_say(&f->n, t, CONVERSATION_OWN_TEXT, slice_str("now?"), &o),
	    ERR_FORM);
	assert_int_equal(t->c.state, CONVERSATION_TALK);
	assert_int_equal(t->messages_n, lines);
	f->env.wall_s -= 400 * DAY;
	tick(f);
	assert_int_equal(say(f, t, CONVERSATION_OWN_TEXT, "now."), MAIL_FINE);
	assert_int_equal(to_company(f, w), MAIL_FINE);
	/* Believed, it ends. */
	f->env.wall_s += 400 * DAY;
	for (unsigned i = 0; i < 12; i++)
		tick(f);
	assert_int_equal(talks(f), 1);
	assert_int_equal(t->c.state, CONVERSATION_EXPIRED);
}

/* ---- hostile messages in every state ---- */

enum hostile {
	REPLAYED,      /* the same sealed bytes in another record */
	FORGED,        /* under another author */
	TRUNCATED,     /* of no size that there is */
	ALTERED,       /* one bit */
	EXPIRED,       /* the record's time is over */
	OTHER_NETWORK, /* sealed for another one */
	MISADDRESSED,  /* an offer to another persona, to this one's key */
	UNKNOWN_KEY,   /* sealed to a key that nobody has */
	OVERSIZED,     /* a byte more than the largest */
	OTHER_VERSION, /* of the message */
	HOSTILES
};

static const char *const hostile_names[] = { "replayed", "forged", "truncated",
	"altered", "expired", "other network", "misaddressed", "unknown key",
	"oversized", "other version" };

static const enum conversation_state in_states[] = { CONVERSATION_OFFERED,
	CONVERSATION_SEEN, CONVERSATION_INTERESTED, CONVERSATION_TALK,
	CONVERSATION_CLOSED };

/* Whether it opens at all, and what is then said of it, by state. */
static const struct {
	bool opens;
	enum mail_outcome outcome[ARRAY_LEN(in_states)];
} wanted[HOSTILES] = {
	[REPLAYED] = { true, { MAIL_DUPLICATE, MAIL_DUPLICATE, MAIL_DUPLICATE,
				 MAIL_DUPLICATE, MAIL_OVER } },
	[OTHER_VERSION] = { true, { MAIL_UNKNOWN, MAIL_UNKNOWN, MAIL_UNKNOWN,
				      MAIL_UNKNOWN, MAIL_UNKNOWN } },
	[MISADDRESSED] = { true,
	    { MAIL_BAD_SIGNATURE, MAIL_BAD_SIGNATURE, MAIL_BAD_SIGNATURE,
		MAIL_BAD_SIGNATURE, MAIL_BAD_SIGNATURE } },
};

static void
seal_for(struct mail_world *w, const char *net, const uint8_t to[X25519_SIZE],
    struct slice message, struct buf *out)
{
	static const uint8_t none[SEALING_ROOT], e[X25519_SIZE] = { 3 };
	uint8_t next[SEALING_ROOT];

	assert_int_equal(envelope_seal(out, message, slice_str(net),
			     w->side[COMPANY].pub, to, none, e, next),
	    OK);
}

static void
send_hostile(struct fixture *f, struct mail_world *w, enum hostile what,
    const struct mail_letter *l)
{
	uint8_t bytes[ENVELOPE_SEALED_MAX], key[X25519_SIZE];
	static uint8_t large[ENVELOPE_SEALED_MAX + 1],
	    values[VALUE_ARENA_BYTES];
	uint8_t written[ENVELOPE_MESSAGE_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct buf text = { written, 0, sizeof(written) };
	struct arena arena = arena_of(values, sizeof(values));
	const struct message m = { .type = MESSAGE_WITHDRAW };
	struct conversation_event e;

	assert_int_equal(intro_current(&f->n, 0, key), OK);
	switch (what) {
	case FORGED:
		put_sealed(f, company(f, 2), slice_of(l->sealed, l->n),
		    ENVELOPE_HOURS);
		return;
	case TRUNCATED:
		put_sealed(f, w, slice_of(l->sealed, l->n - 1), ENVELOPE_HOURS);
		return;
	case REPLAYED:
		put_sealed(f, w, slice_of(l->sealed, l->n), ENVELOPE_HOURS);
		return;
	case ALTERED:
		memcpy(bytes, l->sealed, l->n);
		bytes[l->n / 2] ^= 1;
		put_sealed(f, w, slice_of(bytes, l->n), ENVELOPE_HOURS);
		return;
	case EXPIRED:
		f->env.wall_s -= 7200;
		put_sealed(f, w, slice_of(l->sealed, l->n), 1);
		f->env.wall_s += 7200;
		return;
	case OTHER_NETWORK:
		seal_for(w, "test-other", key, slice_str("?"), &out);
		put_sealed(f, w, buf_slice(&out), ENVELOPE_HOURS);
		return;
	case UNKNOWN_KEY:
		key[3] ^= 1;
		seal_for(w, mail_net, key, slice_str("?"), &out);
		put_sealed(f, w, buf_slice(&out), ENVELOPE_HOURS);
		return;
	case OVERSIZED:
		memset(large, 7, sizeof(large));
		put_sealed(f, w, slice_of(large, sizeof(large)), 10);
		return;
	case OTHER_VERSION:
		assert_int_equal(message_write(&m, &arena, &text), OK);
		assert_int_equal(written[2], MESSAGE_VERSION);
		written[2]++;
		seal_for(w, mail_net, key, buf_slice(&text), &out);
		put_sealed(f, w, buf_slice(&out), ENVELOPE_HOURS);
		return;
	case MISADDRESSED:
		w = company(f, 3);
		conversation_init(&w->side[COMPANY].c, slice_str(mail_net),
		    true, w->side[COMPANY].pub, w->now_s / 3600);
		e = mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);
		e.peer = f->n.authors[1].pub;
		e.key = key;
		assert_int_equal(mail_step(w, COMPANY, &e), MAIL_FINE);
		put_last(f, w);
		return;
	case HOSTILES:
		break;
	}
}

static struct talk *
talk_in(struct fixture *f, struct mail_world *w, enum conversation_state s)
{
	struct talk *t;

	if (s == CONVERSATION_TALK)
		return talk_with(f, w, 0);
	offer(f, w, 0, NULL, NULL);
	tick(f);
	t = mailbox_at(&f->n, talks(f) - 1);
	if (s == CONVERSATION_SEEN || s == CONVERSATION_INTERESTED)
		say(f, t, CONVERSATION_OWN_SEEN, "");
	if (s == CONVERSATION_INTERESTED)
		say(f, t, CONVERSATION_OWN_INTEREST, "");
	if (s == CONVERSATION_CLOSED)
		say(f, t, CONVERSATION_OWN_CLOSE, "");
	assert_int_equal(t->c.state, s);
	return t;
}

static size_t
saved(const struct talk *t, uint8_t out[CONVERSATION_SAVED_MAX])
{
	static uint8_t bytes[VALUE_ARENA_BYTES];
	struct arena arena = arena_of(bytes, sizeof(bytes));
	struct buf b = { out, 0, CONVERSATION_SAVED_MAX };

	assert_int_equal(conversation_save(&t->c, &arena, &b), OK);
	return b.n;
}

static void
one_hostile(struct fixture *f, unsigned state, enum hostile what)
{
	static uint8_t before[CONVERSATION_SAVED_MAX];
	static uint8_t after[CONVERSATION_SAVED_MAX];
	struct mail_world *w = company(f, 0);
	const struct mailbox_stats *s = &f->n.mailbox->stats;
	struct talk *t = talk_in(f, w, in_states[state]);
	const struct mail_letter l = w->wire[w->wire_n - 1];
	const size_t n = saved(t, before);
	const unsigned had = talks(f);
	const uint64_t opened = s->opened;
	const enum mail_outcome o = wanted[what].outcome[state];
	const uint64_t count = s->outcome[o];

	send_hostile(f, w, what, &l);
	tick(f);
	if (s->opened - opened != wanted[what].opens ||
	    (wanted[what].opens && s->outcome[o] != count + 1))
		fail_msg("%s in %s: opened %u, wanted %s", hostile_names[what],
		    conversation_state_name(in_states[state]),
		    (unsigned)(s->opened - opened), mail_outcome_name(o));
	assert_int_equal(talks(f), had);
	assert_int_equal(saved(t, after), n);
	assert_memory_equal(before, after, n);
}

static void
test_hostile(void **state)
{
	for (unsigned i = 0; i < ARRAY_LEN(in_states); i++)
		for (unsigned k = 0; k < HOSTILES; k++) {
			one_hostile(*state, i, k);
			teardown(state);
			setup(state);
		}
}

/* What takes an offer back comes before it: it is kept until then. */
static void
test_reordered(void **state)
{
	struct fixture *f = *state;
	struct mail_world *w = company(f, 0);
	uint8_t key[X25519_SIZE];

	tick(f);
	conversation_init(&w->side[COMPANY].c, slice_str(mail_net), true,
	    w->side[COMPANY].pub, w->now_s / 3600);
	assert_int_equal(intro_current(&f->n, 0, key), OK);
	struct conversation_event e =
	    mail_event(w, COMPANY, CONVERSATION_OWN_OFFER);
	e.peer = f->n.authors[0].pub;
	e.key = key;
	assert_int_equal(mail_step(w, COMPANY, &e), MAIL_FINE);
	const struct mail_letter first = w->wire[w->wire_n - 1];
	assert_int_equal(
	    mail_do(w, COMPANY, CONVERSATION_OWN_WITHDRAW), MAIL_FINE);
	put_last(f, w);
	tick(f);
	assert_int_equal(outcomes(f, MAIL_EARLY), 1);
	assert_int_equal(talks(f), 0);
	put_sealed(f, w, slice_of(first.sealed, first.n), ENVELOPE_HOURS);
	tick(f);
	tick(f);
	assert_int_equal(talks(f), 1);
	assert_int_equal(mailbox_at(&f->n, 0)->c.state, CONVERSATION_WITHDRAWN);
	assert_int_equal(letters_n(f->n.mailbox, PENDING_EARLY), 0);
}

/* ---- hands ---- */

static bool
all_hands(struct node *n, uint32_t persona)
{
	(void)n;
	(void)persona;
	return true;
}

/* Who may be somebody whom we know. */
static uint8_t known[ED25519_PUBLIC];

static uint32_t
trusts_known(
    struct node *n, uint32_t persona, const uint8_t author[RECORD_AUTHOR])
{
	(void)n;
	(void)persona;
	return memcmp(author, known, sizeof(known)) == 0 ? 65536 : 0;
}

/* A hand to a key of a persona's, under an author of its own, by ${by}'s
 * voucher with this token; NULL: none. */
static void
hand(struct fixture *f, struct mail_world *w, uint32_t persona,
    struct mail_world *by, unsigned token)
{
	struct voucher v = { .token = { 1 },
		.until_h = (uint32_t)(f->env.wall_s / 3600 + 1000) };
	uint8_t key[X25519_SIZE];

	put_u32be(v.token + 1, token);
	if (by != NULL)
		assert_int_equal(
		    voucher_sign(&by->side[COMPANY].signer, slice_str(mail_net),
			f->n.authors[persona].pub, &v),
		    OK);
	assert_int_equal(intro_current(&f->n, persona, key), OK);
	memcpy(w->fresh, w->side[COMPANY].pub, sizeof(w->fresh));
	conversation_init(&w->side[PERSON].c, slice_str(mail_net), false,
	    w->side[PERSON].pub, w->now_s / 3600);
	struct conversation_event e =
	    mail_event(w, PERSON, CONVERSATION_OWN_HAND);
	e.peer = f->n.authors[persona].pub;
	e.key = key;
	e.voucher = by == NULL ? NULL : &v;
	assert_int_equal(mail_step(w, PERSON, &e), MAIL_FINE);
	put_last(f, w);
	tick(f);
	w->wire_n = 0;
}

/* To the key of a person's card: no rule of the inbox would see it. */
static void
test_hand_to_a_card(void **state)
{
	struct fixture *f = *state;

	tick(f); /* what lies in the store is looked at once */
	f->n.restoring = false;
	hand(f, company(f, 0), 0, NULL, 0);
	assert_int_equal(talks(f), 0);
	assert_int_equal(outcomes(f, MAIL_NO_INBOX), 1);
	assert_string_equal(mail_outcome_name(MAIL_NO_INBOX), "no-inbox");
	/* While the own records are not all there, nobody can tell. */
	f->n.restoring = true;
	hand(f, company(f, 1), 0, NULL, 0);
	assert_int_equal(outcomes(f, MAIL_EARLY), 1);
	assert_int_equal(talks(f), 0);
	mailbox_on_hands(&f->n, all_hands);
	f->n.mailbox->again = true;
	tick(f);
	assert_int_equal(talks(f), 1);
	assert_int_equal(mailbox_at(&f->n, 0)->c.state, CONVERSATION_HAND);
}

static bool
on_counted(void *ctx, const char *name, json_t *value)
{
	(void)name;
	(void)value;
	++*(unsigned *)ctx;
	return true;
}

static unsigned
names_in_vault(struct fixture *f, const char *prefix)
{
	unsigned n = 0;

	vault_each(f->n.vault, prefix, on_counted, &n);
	return n;
}

/* Vouchers of keys that nobody knows are kept with their hand, no longer, and
 * stop nobody from answering. */
static void
test_strange_vouchers(void **state)
{
	struct fixture *f = *state;
	struct mailbox *m = f->n.mailbox;

	mailbox_on_hands(&f->n, all_hands);
	for (unsigned i = 0; i < 30; i++) {
		hand(f, company(f, i % COMPANIES), 0, company(f, 21), i);
		const struct talk *t = mailbox_at(&f->n, i);
		assert_non_null(t);
		assert_true(t->has_introducer);
		assert_false(t->introduced);
	}
	assert_int_equal(m->once_n, 0);
	assert_int_equal(m->tokens_n, 0);
	assert_int_equal(names_in_vault(f, "mail/token/"), 0);
	assert_int_equal(names_in_vault(f, "mail/by/"), 0);
	/* It counts once all the same, over a restart too. */
	for (unsigned again = 0; again < 2; again++) {
		hand(f, company(f, again), 0, company(f, 21), 7);
		assert_false(mailbox_at(&f->n, talks(f) - 1)->has_introducer);
		down(f);
		up(f);
		f->n.mailbox->scan = false;
		mailbox_on_hands(&f->n, all_hands);
	}
	/* Somebody whom we know: up to so many. */
	m = f->n.mailbox;
	memcpy(known, company(f, 20)->side[COMPANY].pub, sizeof(known));
	mailbox_on_trust(&f->n, trusts_known);
	for (unsigned i = 0; i <= TOKENS_EACH; i++) {
		hand(f, company(f, i % COMPANIES), 0, company(f, 20), 100 + i);
		const struct talk *t = mailbox_at(&f->n, talks(f) - 1);
		assert_true(t->has_introducer);
		assert_int_equal(t->introduced, i < TOKENS_EACH);
	}
	assert_int_equal(m->tokens_n, TOKENS_EACH);
	assert_int_equal(names_in_vault(f, "mail/token/"), TOKENS_EACH);
	hand(f, company(f, 3), 0, company(f, 20), 100);
	assert_false(mailbox_at(&f->n, talks(f) - 1)->has_introducer);
	/* Each ends with its voucher. */
	f->env.wall_s += 50 * DAY;
	for (unsigned i = 0; i < 12; i++)
		tick(f);
	assert_int_equal(m->tokens_n, 0);
	assert_int_equal(names_in_vault(f, "mail/token/"), 0);
}

/* An earlier version kept tokens among the keys of answers: a full table let
 * nobody answer. */
static void
test_tokens_of_before(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 200; i++) {
		struct once o = { .until_h =
				      (uint32_t)(f->env.wall_s / 3600 + 500) };
		char name[VAULT_NAME_MAX + 1];
		o.key[0] = 9;
		put_u32be(o.key + 4, i);
		once_name(name, &o);
		json_t *v = once_json(&o);
		assert_int_equal(vault_put(f->n.vault, name, v), OK);
		json_decref(v);
	}
	for (unsigned again = 0; again < 2; again++) {
		down(f);
		up(f);
		assert_int_equal(f->n.mailbox->once_n, 0);
		assert_int_equal(f->n.mailbox->tokens_n, 200);
		assert_int_equal(names_in_vault(f, "mail/by/"), 0);
	}
	const uint8_t token[VOUCHER_TOKEN] = { 9, 0, 0, 0, 0, 0, 0, 77 };
	assert_true(token_is_used(f->n.mailbox, token));
	struct talk *t = talk_with(f, company(f, 0), 0);
	assert_int_equal(say(f, t, CONVERSATION_OWN_TEXT, "yes"), MAIL_FINE);
	assert_int_equal(f->n.mailbox->once_n, 2);
}

/* An own hand that ended without another word: its author is erased. */
static void
test_author_of_a_hand(void **state)
{
	struct fixture *f = *state;
	struct mail_world *w = company(f, 0);
	static const uint8_t demand[RECORD_ID] = { 3 };
	uint8_t seed[ED25519_SEED], nothing[ED25519_SEED] = { 0 };
	enum mail_outcome o;
	struct talk *t;
	const struct mailbox_hand h = { .company = w->side[COMPANY].pub,
		.inbox = w->side[COMPANY].stranger.pub,
		.demand = demand,
		.text = slice_str("Evenings?") };

	f->n.stopping = true; /* nobody works a stamp out */
	for (unsigned how = 0; how < 2; how++) {
		assert_int_equal(
		    mailbox_hand(&f->n, &h, false, &t, &o, NULL), OK);
		assert_int_equal(o, MAIL_FINE);
		memcpy(seed, t->fresh_seed, sizeof(seed));
		assert_true(t->has_fresh);
		/* It is out. */
		assert_int_equal(f->n.mailbox->out_n, 1);
		outgoing_drop(f->n.mailbox, f->n.mailbox->out[0]);
		free(f->n.mailbox->out[0]);
		f->n.mailbox->out_n = 0;
		if (how == 0) {
			assert_int_equal(
			    say(f, t, CONVERSATION_OWN_CLOSE, ""), MAIL_FINE);
		} else {
			f->env.wall_s += 29 * DAY;
			for (unsigned i = 0; i < 12; i++)
				tick(f);
			assert_int_equal(t->c.state, CONVERSATION_EXPIRED);
		}
		assert_false(t->has_fresh);
		assert_memory_equal(t->fresh_seed, nothing, sizeof(nothing));
		down(f);
		up(f);
		f->n.stopping = true;
		for (unsigned i = 0; i < talks(f); i++) {
			t = mailbox_at(&f->n, i);
			assert_false(t->has_fresh);
			assert_memory_equal(
			    t->fresh_seed, nothing, sizeof(nothing));
		}
	}
	assert_memory_not_equal(seed, nothing, sizeof(nothing));
}

/* ---- what cannot be read, what cannot be stored ---- */

/* A value that is gone or changed: the talk is shown as damaged, and goes on
 * as soon as the value is back. */
static void
test_damaged(void **state)
{
	static const char *const what[] = { "s000000", "h", "s000000" };
	struct fixture *f = *state;
	uint8_t key[ERASE_KEY], still[ERASE_KEY];
	char id[TALK_ID_TEXT], name[VAULT_NAME_MAX + 1];
	struct talk *t = talk_with(f, company(f, 0), 0);
	const uint32_t slot = t->slot;

	talk_id_text(t, id);
	talk_with(f, company(f, 1), 1);
	assert_int_equal(eraser_get(f->n.mailbox->eraser, slot, key), OK);
	for (unsigned i = 0; i < ARRAY_LEN(what); i++) {
		snprintf(name, sizeof(name), "talk/%s/%s", id, what[i]);
		json_t *was = vault_get(f->n.vault, name, NULL);
		json_t *now = json_string("zz");
		if (i == 2)
			assert_int_equal(vault_delete(f->n.vault, name), OK);
		else
			assert_int_equal(vault_put(f->n.vault, name, now), OK);
		json_decref(now);
		for (unsigned k = 0; k < 2; k++) {
			down(f);
			up(f);
			tick(f);
		}
		assert_int_equal(talks(f), 1);
		assert_null(mailbox_find(&f->n, id));
		assert_true(mailbox_is_damaged(&f->n, id));
		assert_int_equal(
		    eraser_get(f->n.mailbox->eraser, slot, still), OK);
		assert_memory_equal(key, still, sizeof(key));
		json_t *list = mailbox_damaged(&f->n);
		const json_t *one = json_array_get(list, 0);
		assert_int_equal(json_array_size(list), 1);
		assert_string_equal(
		    json_string_value(json_object_get(one, "id")), id);
		assert_int_equal(
		    json_is_null(json_object_get(one, "side")), i == 1);
		assert_true(json_is_string(json_object_get(one, "try")));
		json_decref(list);
		assert_int_equal(vault_put(f->n.vault, name, was), OK);
		json_decref(was);
		down(f);
		up(f);
		assert_int_equal(talks(f), 2);
		t = mailbox_find(&f->n, id);
		assert_non_null(t);
		assert_int_equal(t->c.state, CONVERSATION_TALK);
	}
	/* Given up: the key goes, and all that there was. */
	snprintf(name, sizeof(name), "talk/%s/s000000", id);
	assert_int_equal(vault_delete(f->n.vault, name), OK);
	down(f);
	up(f);
	assert_int_equal(mailbox_give_up(&f->n, "0000"), ERR_NOTFOUND);
	assert_int_equal(mailbox_give_up(&f->n, id), OK);
	assert_false(mailbox_is_damaged(&f->n, id));
	assert_int_equal(
	    eraser_get(f->n.mailbox->eraser, slot, still), ERR_NOTFOUND);
	snprintf(name, sizeof(name), "talk/%s/", id);
	assert_int_equal(names_in_vault(f, name), 0);
	assert_int_equal(talks(f), 1);
}

static struct {
	err say;
	unsigned calls;
	size_t n;
} storing;

static err
store_document(
    struct node *n, struct talk *t, enum mail_document kind, struct slice bytes)
{
	(void)n;
	(void)t;
	assert_int_equal(kind, MAIL_AGREEMENT);
	storing.calls++;
	storing.n = bytes.n;
	return storing.say;
}

static void
document(struct fixture *f, struct mail_world *w, size_t n)
{
	static const uint8_t bytes[MAIL_PART_MAX];
	struct conversation_event e =
	    mail_event(w, COMPANY, CONVERSATION_OWN_DOCUMENT);

	e.data = slice_of(bytes, n);
	assert_int_equal(mail_step(w, COMPANY, &e), MAIL_FINE);
	put_last(f, w);
	tick(f);
}

/* A document that came whole and could not be stored: tried again, what comes
 * behind it waits, and in the end the owner is told that it is lost. */
static void
test_stored_later(void **state)
{
	struct fixture *f = *state;
	struct mail_world *w = company(f, 0);
	struct talk *t = talk_with(f, w, 0);
	const uint32_t lines = t->messages_n;

	storing.say = ERR_LIMIT;
	storing.calls = 0;
	mailbox_on_document(&f->n, store_document);
	document(f, w, 100);
	assert_int_equal(storing.calls, 1);
	assert_int_equal(t->waiting.tries, 1);
	assert_int_equal(t->waiting.why, ERR_LIMIT);
	assert_string_equal(t->waiting.what, "agreement");
	document(f, w, 200);
	assert_int_equal(storing.calls, 1);
	assert_int_equal(t->messages_n, lines + 1);
	/* Not each second. */
	for (unsigned i = 0; i < 200; i++)
		tick(f);
	assert_true(storing.calls > 2 && storing.calls < 8);
	assert_int_equal(storing.n, 100);
	/* It is there over a restart; then there is room. */
	down(f);
	up(f);
	f->n.mailbox->scan = false;
	mailbox_on_document(&f->n, store_document);
	t = mailbox_at(&f->n, 0);
	tick(f);
	assert_int_equal(t->waiting.tries, 1);
	storing.say = OK;
	for (unsigned i = 0; i < 12; i++)
		tick(f);
	assert_int_equal(t->waiting.tries, 0);
	assert_int_equal(storing.n, 100);
	const unsigned calls = storing.calls;
	tick(f);
	assert_int_equal(storing.calls, calls);

	/* One that waits takes the next one's place; both are stored. */
	storing.say = ERR_IO;
	document(f, w, 300);
	document(f, w, 400);
	assert_int_equal(storing.n, 300);
	storing.say = OK;
	for (unsigned i = 0; i < 12; i++)
		tick(f);
	assert_int_equal(storing.n, 400);
	assert_int_equal(t->messages_n, lines + 3);

	/* Refused is not lost. */
	storing.say = ERR_FORM;
	document(f, w, 500);
	assert_int_equal(t->waiting.tries, 0);
	/* Not for ever. */
	storing.say = ERR_IO;
	document(f, w, 600);
	for (unsigned i = 0; i < 24 * 3600 && t->waiting.tries > 0; i++)
		tick(f);
	assert_int_equal(t->waiting.tries, 0);
	assert_int_equal(f->n.mailbox->stats.not_kept, 1);
	json_t *said = mailbox_messages(&f->n, t);
	const json_t *last = json_array_get(said, json_array_size(said) - 1);
	assert_string_equal(
	    json_string_value(json_object_get(last, "not_kept")), "io");
	json_decref(said);
}

/* Of a persona that is forgotten nobody is known who began a talk with it,
 * not of those that were forgotten before either; of the others all stay. */
static void
test_forgotten_persona(void **state)
{
	struct fixture *f = *state;
	char hex[2 * TALK_NAME + 1] = "";
	char name[2][VAULT_NAME_MAX + 1];

	for (unsigned i = 0; i < 2; i++) {
		uint8_t raw[TALK_NAME];
		memset(raw, (int)i + 1, sizeof(raw));
		assert_int_equal(
		    hex_put(hex, sizeof(hex), slice_of(raw, sizeof(raw))), OK);
		(void)snprintf(name[i], sizeof(name[i]), "mail/over/%s", hex);
		json_t *v = json_pack("{s:i,s:b,s:I,s:I,s:s,s:s}", "persona",
		    (int)i, "company", 0, "begun", (json_int_t)f->env.wall_s,
		    "until", (json_int_t)(f->env.wall_s + 90 * DAY), "id",
		    "000102030405060708090a0b0c0d0e0f", "sender",
		    "000102030405060708090a0b0c0d0e0f"
		    "000102030405060708090a0b0c0d0e0f");
		assert_int_equal(vault_put(f->n.vault, name[i], v), OK);
		json_decref(v);
	}
	down(f);
	up(f);
	assert_int_equal(f->n.mailbox->tombs_n, 2);
	assert_int_equal(mailbox_forget(&f->n, 1), 0);
	assert_int_equal(f->n.mailbox->tombs_n, 1);
	assert_int_equal(f->n.mailbox->tombs[0].persona, 0);
	for (unsigned i = 0; i < 2; i++) {
		json_t *v = vault_get(f->n.vault, name[i], NULL);
		assert_int_equal(v != NULL, i == 0);
		json_decref(v);
	}
}

int
main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_one_id_many_talks),
		TEST(test_one_key_two_talks),
		TEST(test_nobody_evicted),
		TEST(test_ended_make_room),
		TEST(test_mail_of_others),
		TEST(test_keys_gone),
		TEST(test_history_is_bounded),
		TEST(test_clock_leaps),
		TEST(test_reordered),
		TEST(test_hand_to_a_card),
		TEST(test_strange_vouchers),
		TEST(test_tokens_of_before),
		TEST(test_author_of_a_hand),
		TEST(test_damaged),
		TEST(test_stored_later),
		TEST(test_forgotten_persona),
		TEST(test_hostile),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
