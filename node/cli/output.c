#define _DEFAULT_SOURCE /* ioctl's winsize */
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "node/cli/output.h"
#include "proto/base/text.h"

struct table {
	size_t columns;
	const char *const *heads;
	char **cells; /* row by row */
	size_t n, cap;
};

void
output_init(struct output *o, bool json, bool quiet)
{
	const bool tty = isatty(STDOUT_FILENO) == 1;
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize w;

	*o = (struct output){ .to = stdout, .json = json, .quiet = quiet };
	o->colour = tty && !json && (none == NULL || none[0] == '\0') &&
		    term != NULL && strcmp(term, "dumb") != 0;
	if (tty && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0)
		o->width = w.ws_col;
}

void
output_json(struct output *o, const char *schema, json_t *body)
{
	json_t *whole = json_object();

	json_object_set_new(whole, "schema", json_string(schema));
	if (json_is_object(body))
		json_object_update(whole, body);
	else
		json_object_set(whole, "data", body);
	json_decref(body);
	json_dumpf(whole, o->to, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	fputc('\n', o->to);
	json_decref(whole);
}

void
output_note(struct output *o, const char *fmt, ...)
{
	va_list args;

	if (o->quiet)
		return;
	fflush(o->to);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

/* What a stranger wrote must not move the cursor or turn the text. */
static void
put_clean(FILE *to, const char *text, size_t columns)
{
	struct slice rest = slice_str(text);

	while (rest.n > 0 && columns-- > 0) {
		const struct slice before = rest;
		uint32_t cp;

		if (!utf8_next(&rest, &cp)) {
			slice_skip(&rest, 1);
			fputc('?', to);
		} else if (cp < 0x20 || !text_is_clean(slice_of(
					    before.p, before.n - rest.n))) {
			fputc(' ', to);
		} else {
			fwrite(before.p, 1, before.n - rest.n, to);
		}
	}
}

void
output_line(struct output *o, const char *fmt, ...)
{
	char small[1024], *text = small;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if ((size_t)n >= sizeof(small)) {
		text = malloc((size_t)n + 1);
		if (text == NULL)
			return;
		va_start(args, fmt);
		vsnprintf(text, (size_t)n + 1, fmt, args);
		va_end(args);
	}
	put_clean(o->to, text, SIZE_MAX);
	fputc('\n', o->to);
	if (text != small)
		free(text);
}

size_t
text_width(const char *s)
{
	struct slice rest = slice_str(s);
	size_t n = 0;

	for (uint32_t cp; rest.n > 0; n++)
		if (!utf8_next(&rest, &cp))
			slice_skip(&rest, 1);
	return n;
}

struct table *
table_new(const char *const *heads, size_t n)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t != NULL) {
		t->columns = n;
		t->heads = heads;
	}
	return t;
}

void
table_add(struct table *t, const char *const *cells)
{
	if (t == NULL)
		return;
	if (t->n + t->columns > t->cap) {
		const size_t cap = MAX(t->cap * 2, t->columns * 16);
		char **more = realloc(t->cells, cap * sizeof(*more));

		if (more == NULL)
			return;
		t->cells = more;
		t->cap = cap;
	}
	for (size_t i = 0; i < t->columns; i++)
		t->cells[t->n++] = strdup(
		    cells[i] == NULL || cells[i][0] == '\0' ? "-" : cells[i]);
}

static const char *
cell(const struct table *t, size_t i)
{
	return t->cells[i] == NULL ? "-" : t->cells[i];
}

static void
put_row(struct output *o, const struct table *t, const size_t *widths,
    const char *const *row)
{
	size_t at = 0;

	for (size_t i = 0; i < t->columns; i++) {
		const char *text = row[i] == NULL ? "-" : row[i];
		const bool last = i + 1 == t->columns;
		const size_t room =
		    last && o->width > at + 8 ? o->width - at : SIZE_MAX;

		put_clean(o->to, text, room);
		if (last)
			break;
		for (size_t w = text_width(text); w < widths[i] + 2; w++)
			fputc(' ', o->to);
		at += widths[i] + 2;
	}
	fputc('\n', o->to);
}

void
table_print(struct table *t, struct output *o)
{
	size_t widths[16] = { 0 };

	if (t == NULL)
		return;
	ASSERT(t->columns <= ARRAY_LEN(widths));
	for (size_t i = 0; i < t->columns; i++)
		widths[i] = text_width(t->heads[i]);
	for (size_t i = 0; i < t->n; i++)
		widths[i % t->columns] =
		    MAX(widths[i % t->columns], text_width(cell(t, i)));
	if (o->colour)
		fputs("\033[1m", o->to);
	put_row(o, t, widths, t->heads);
	if (o->colour)
		fputs("\033[0m", o->to);
	for (size_t i = 0; i < t->n; i += t->columns)
		put_row(
		    o, t, widths, (const char *const *)(void *)(t->cells + i));
	table_free(t);
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

const char *
json_str(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text == NULL ? "" : text;
}

int64_t
json_int(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_real(v) ? (int64_t)json_real_value(v)
			       : json_integer_value(v);
}

bool
json_yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static const char *
put_points(char out[POINTS_TEXT], const char *plus, int64_t points)
{
	const uint64_t n = points < 0 ? -(uint64_t)points : (uint64_t)points;

	snprintf(out, POINTS_TEXT, "%s%" PRIu64 ".%02u",
	    points < 0 ? "-" : plus, n / 100, (unsigned)(n % 100));
	return out;
}

const char *
points_text(char out[POINTS_TEXT], int64_t points)
{
	return put_points(out, "", points);
}

const char *
points_change(char out[POINTS_TEXT], int64_t points)
{
	return put_points(out, "+", points);
}

void
size_text(char *out, size_t cap, uint64_t n)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB",
		"PiB" };
	double v = (double)n / 1024;
	size_t i = 0;

	if (n < 1024) {
		snprintf(out, cap, "%" PRIu64 " B", n);
		return;
	}
	while (v >= 1024 && i + 1 < ARRAY_LEN(units)) {
		v /= 1024;
		i++;
	}
	snprintf(out, cap, "%.1f %s", v, units[i]);
}

void
span_text(char *out, size_t cap, uint64_t s)
{
	if (s < 60)
		snprintf(out, cap, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(out, cap, "%" PRIu64 " min", s / 60);
	else if (s < 86400)
		snprintf(out, cap, "%" PRIu64 " h %" PRIu64 " min", s / 3600,
		    s / 60 % 60);
	else
		snprintf(out, cap, "%" PRIu64 " d %" PRIu64 " h", s / 86400,
		    s / 3600 % 24);
}
