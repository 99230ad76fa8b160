/*
 * mail_message: bytes as sealed ones, as a message, as the terms of an offer;
 * and what is a message, said to both sides of a talk by the other.
 *
 * Properties: what is read is written to the same bytes; what is refused
 * changes nothing; no message makes a node send, open or disclose.
 */
#include <stdlib.h>

#include "tests/unit/mail_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ENVELOPE_SEALED_MAX

static struct mail_world *talking, *w;
static uint8_t arena_bytes[VALUE_ARENA_BYTES];

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static void
as_sealed(struct slice in)
{
	static uint8_t plain[ENVELOPE_PLAIN_MAX];
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	struct envelope_opened o;
	struct slice sealed;

	check(envelope_open(in, slice_str(mail_net), w->side[COMPANY].pub,
		  &w->side[PERSON].stranger, 1, plain, &o) != OK);
	if (envelope_sealed(in, &arena, &sealed) == OK)
		check(envelope_class(sealed.n - 50) == sealed.n);
}

static void
as_terms(struct slice in)
{
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	uint8_t bytes[MESSAGE_TERMS_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct offer_terms t;

	if (offer_terms_read(in, &arena, &t) != OK)
		return;
	arena_reset(&arena);
	check(offer_terms_write(&t, &arena, &out) == OK);
	/* Odd keys that we skip are not written again. */
	check(out.n <= in.n);
}

/* The same message, as if it belonged to the talk of that side. */
static void
told(unsigned side, struct message m)
{
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	struct conversation *c = &w->side[side].c;
	const uint64_t disclosed = c->disclosed;
	uint8_t bytes[ENVELOPE_MESSAGE_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct envelope_opened o = { .root = { 1 } };
	const struct conversation_event e = { .type = CONVERSATION_RECEIVE,
		.opened = &o };

	memcpy(m.conversation, c->id, CONVERSATION_ID);
	if (m.number % 8 != 0)
		m.number = c->sent + 10 + m.number % 1000;
	check(message_write(&m, &arena, &out) == OK);
	o.message = buf_slice(&out);
	memcpy(o.pub, c->keys[0].pub, X25519_SIZE);
	memcpy(o.author, side == PERSON ? c->peer : w->fresh, RECORD_AUTHOR);
	const enum mail_outcome first = mail_step(w, side, &e);
	check(!c->own_opened && !c->own_committed && c->disclosed == disclosed);
	if (first == MAIL_FINE)
		check(mail_step(w, side, &e) != MAIL_FINE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = arena_of(arena_bytes, sizeof(arena_bytes));
	const struct slice in = { data, size };
	static uint8_t again[ENVELOPE_MESSAGE_MAX];
	struct buf out = { again, 0, sizeof(again) };
	struct message m;

	if (size > INPUT_MAX)
		return 0;
	if (talking == NULL) {
		talking = mail_world_new(1);
		w = mail_world_new(1);
		mail_talk(talking);
	}
	w->now_s = talking->now_s;
	w->side[PERSON].c = talking->side[PERSON].c;
	w->side[COMPANY].c = talking->side[COMPANY].c;
	as_sealed(in);
	as_terms(in);
	if (message_read(in, &arena, &m) != OK)
		return 0;
	arena_reset(&arena);
	check(message_write(&m, &arena, &out) == OK && out.n <= size);
	if (out.n == size)
		check(memcmp(again, data, size) == 0);
	told(PERSON, m);
	told(COMPANY, m);
	return 0;
}
