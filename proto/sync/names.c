#include "proto/sync/sync.h"

const char *
sync_why_name(enum sync_why w)
{
	static const char *const names[] = {
		[SYNC_FINE] = "fine",
		[SYNC_CLOSED] = "closed",
		[SYNC_DECLINED] = "declined",
		[SYNC_BAD_MESSAGE] = "bad_message",
		[SYNC_BAD_TURN] = "bad_turn",
		[SYNC_BAD_RECORD] = "bad_record",
		[SYNC_BAD_CODED] = "bad_coded",
		[SYNC_TOO_MANY_TURNS] = "too_many_turns",
		[SYNC_TOO_MUCH] = "too_much",
		[SYNC_NO_MEMORY] = "no_memory",
		[SYNC_IDLE] = "idle",
		[SYNC_TOO_LONG] = "too_long",
	};

	return names[w];
}

const char *
sync_close_name(enum sync_close c)
{
	static const char *const names[] = {
		[SYNC_CLOSE_NONE] = "none",
		[SYNC_CLOSE_BUSY] = "busy",
		[SYNC_CLOSE_CRAWLER] = "crawler",
		[SYNC_CLOSE_NET] = "net",
		[SYNC_CLOSE_SCOPE] = "scope",
		[SYNC_CLOSE_LIMIT] = "limit",
	};

	return (unsigned)c < ARRAY_LEN(names) ? names[c] : "other";
}
