#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "node/base/log.h"

#define REPEAT_SECONDS 60

const char *
log_level_name(enum log_level level)
{
	static const char *const names[] = { "debug", "info", "unusual",
		"broken" };

	return (unsigned)level < ARRAY_LEN(names) ? names[level] : "broken";
}

void
log_init(struct log *l, int fd, enum log_level level, enum log_format format)
{
	*l = (struct log){ .fd = fd, .level = level, .format = format };
}

static uint64_t
wall(const struct log *l)
{
	return l->wall_s != NULL ? l->wall_s(l->ctx) : (uint64_t)time(NULL);
}

/* A log that cannot be written is no reason to stop. */
static void
put_line(const struct log *l, const char *line, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(l->fd, line, n);

		if (done <= 0)
			return;
		line += done;
		n -= (size_t)done;
	}
}

/* Values come from peers: no control characters, no quotes left open. */
static size_t
escape(char *out, size_t cap, const char *in, bool json)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (; *in != '\0' && n + 7 < cap; in++) {
		const unsigned char c = (unsigned char)*in;

		if (c < 0x20 || c == 0x7f) {
			memcpy(out + n, json ? "\\u00" : "\\x", json ? 4 : 2);
			n += json ? 4 : 2;
			out[n++] = digits[c >> 4];
			out[n++] = digits[c & 15];
		} else {
			if (json && (c == '"' || c == '\\'))
				out[n++] = '\\';
			out[n++] = (char)c;
		}
	}
	out[n] = '\0';
	return n;
}

static void
write_event(const struct log *l, enum log_level level, const char *event,
    const char *kv)
{
	const time_t now = (time_t)wall(l);
	const bool json = l->format == LOG_JSON;
	char when[24], text[1600], line[2048];
	struct tm tm;
	int n;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	escape(text, sizeof(text), kv, json);
	if (json)
		n = snprintf(line, sizeof(line),
		    "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\","
		    "\"text\":\"%s\"}\n",
		    when, log_level_name(level), event, text);
	else
		n = snprintf(line, sizeof(line), "%s %-7s %s%s%s\n", when,
		    log_level_name(level), event, text[0] == '\0' ? "" : " ",
		    text);
	put_line(l, line, MIN((size_t)n, sizeof(line) - 1));
}

static void
repeated_flush(struct log *l)
{
	char kv[64];

	if (l->repeated == 0)
		return;
	snprintf(kv, sizeof(kv), "times=%" PRIu32, l->repeated);
	l->repeated = 0;
	write_event(l, LOG_INFO, "repeated", kv);
}

static void
held_flush(struct log *l, struct log_event *e)
{
	char kv[96];

	if (e->held == 0)
		return;
	snprintf(kv, sizeof(kv), "event=%s times=%" PRIu32, e->name, e->held);
	e->held = 0;
	write_event(l, LOG_INFO, "held_back", kv);
}

void
log_flush(struct log *l)
{
	repeated_flush(l);
	for (size_t i = 0; i < LOG_EVENTS; i++)
		held_flush(l, &l->events[i]);
}

/* Minutes that are over are settled; a clock set back ends one as well. */
static void
minutes_end(struct log *l, uint64_t now)
{
	for (size_t i = 0; i < LOG_EVENTS && l->events[i].name[0] != '\0';
	     i++) {
		struct log_event *e = &l->events[i];
		if (now >= e->since_s && now < e->since_s + REPEAT_SECONDS)
			continue;
		held_flush(l, e);
		e->since_s = now;
		e->written = 0;
	}
}

/* May this event have another line in its minute? */
static bool
may_write(struct log *l, const char *event, uint64_t now)
{
	struct log_event *e = &l->events[0];

	minutes_end(l, now);
	for (size_t i = 0; i < LOG_EVENTS; i++) {
		e = &l->events[i];
		if (e->name[0] == '\0') {
			snprintf(e->name, sizeof(e->name), "%s", event);
			e->since_s = now;
			break;
		}
		if (strncmp(e->name, event, sizeof(e->name) - 1) == 0)
			break;
	}
	if (e->written >= LOG_PER_MINUTE) {
		e->held++;
		return false;
	}
	e->written++;
	return true;
}

void
log_sink(void *ctx, enum log_level level, const char *event, const char *kv)
{
	struct log *l = ctx;
	char key[sizeof(l->last)];
	const uint64_t now = wall(l);

	if (level == LOG_BROKEN)
		l->broken++;
	if (level == LOG_UNUSUAL)
		l->unusual++;
	if (level < l->level)
		return;
	snprintf(key, sizeof(key), "%d %s %s", (int)level, event, kv);
	if (strcmp(key, l->last) == 0 && now < l->last_at + REPEAT_SECONDS) {
		l->repeated++;
		return;
	}
	if (!may_write(l, event, now))
		return;
	repeated_flush(l);
	memcpy(l->last, key, sizeof(key));
	l->last_at = now;
	write_event(l, level, event, kv);
}
