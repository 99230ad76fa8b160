/*
 * log.h: the sink of env.log: lines on a file descriptor, as text
 * ("2026-01-02T03:04:05Z info listening addr=...") or one JSON object each.
 * The same event with the same values again within a minute is counted and
 * not written; the count follows when something else is said. Of one event at
 * most LOG_PER_MINUTE lines are written in a minute, since peers cause many of
 * them: "held_back event=x times=n" follows for the rest.
 * Not for several threads at once: a worker hands its news to the loop.
 */
#pragma once

#include "node/base/config.h"

#define LOG_PER_MINUTE 100
#define LOG_EVENTS     64 /* told apart; more share the last place */

/* How many lines an event had in its minute. */
struct log_event {
	char name[32];
	uint64_t since_s;
	uint32_t written, held;
};

struct log {
	int fd;
	enum log_level level; /* what is below is not written */
	enum log_format format;
	uint64_t broken, unusual;      /* counted whatever the level */
	uint64_t (*wall_s)(void *ctx); /* NULL: the system's clock */
	void *ctx;
	/* the last line, for repetitions */
	char last[640];
	uint64_t last_at;
	uint32_t repeated;
	struct log_event events[LOG_EVENTS];
};

void log_init(
    struct log *l, int fd, enum log_level level, enum log_format format);

/** log_sink(l, level, event, kv): to be put into env.log with ctx = l. */
void log_sink(void *l, enum log_level level, const char *event, const char *kv);

/** log_flush(l): write the pending counts. */
void log_flush(struct log *l);

const char *log_level_name(enum log_level level);
