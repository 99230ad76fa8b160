#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "node/log.h"

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

void
log_flush(struct log *l)
{
	char kv[64];

	if (l->repeated == 0)
		return;
	snprintf(kv, sizeof(kv), "times=%" PRIu32, l->repeated);
	l->repeated = 0;
	write_event(l, LOG_INFO, "repeated", kv);
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
	log_flush(l);
	memcpy(l->last, key, sizeof(key));
	l->last_at = now;
	write_event(l, level, event, kv);
}
