/*
 * log.h: the sink of env.log: lines on a file descriptor, as text
 * ("2026-01-02T03:04:05Z info listening addr=...") or one JSON object each.
 * The same event with the same values again within a minute is counted and
 * not written; the count follows when something else is said.
 * Not for several threads at once: a worker hands its news to the loop.
 */
#pragma once

#include "node/config.h"

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
};

void log_init(
    struct log *l, int fd, enum log_level level, enum log_format format);

/** log_sink(l, level, event, kv): to be put into env.log with ctx = l. */
void log_sink(void *l, enum log_level level, const char *event, const char *kv);

/** log_flush(l): write the pending count of repetitions. */
void log_flush(struct log *l);

const char *log_level_name(enum log_level level);
