/*
 * mail_saved: bytes as a conversation that was kept. What loads is saved to
 * the same bytes, and whatever it says, events on it break nothing.
 */
#include <stdlib.h>

#include "tests/unit/mail_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mail_world *w;

static void
check(bool ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum conversation_event_type events[] = {
		CONVERSATION_OWN_TEXT, CONVERSATION_OWN_OFFER,
		CONVERSATION_OWN_OPEN, CONVERSATION_OWN_DISCLOSE,
		CONVERSATION_AGREE, CONVERSATION_OWN_WITHDRAW,
		CONVERSATION_OWN_CLOSE
	};
	static uint8_t bytes[VALUE_ARENA_BYTES];
	static uint8_t out_bytes[CONVERSATION_SAVED_MAX];
	struct arena arena = arena_of(bytes, sizeof(bytes));
	struct buf out = { out_bytes, 0, sizeof(out_bytes) };
	struct envelope_key keys[CONVERSATION_RECEIVE_KEYS];

	if (w == NULL)
		w = mail_world_new(5);
	if (size > CONVERSATION_SAVED_MAX)
		return 0;
	struct conversation *c = &w->side[COMPANY].c;
	if (conversation_load(slice_of(data, size), &arena, c) != OK)
		return 0;
	check(conversation_save(c, &arena, &out) == OK);
	check(slice_eq(buf_slice(&out), slice_of(data, size)));
	check(conversation_keys(c, 0, keys) <= CONVERSATION_RECEIVE_KEYS);
	w->now_s = MIN(c->clock_h, (uint64_t)UINT32_MAX / 2) * 3600;
	w->wire_n = 0;
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		(void)mail_do(w, COMPANY, events[i]);
	check(conversation_is_over(c->state));
	return 0;
}
