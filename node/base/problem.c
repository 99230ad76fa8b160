#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/base/problem.h"

static void put(char *out, size_t cap, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void
put(char *out, size_t cap, const char *fmt, va_list args)
{
	vsnprintf(out, cap, fmt, args);
	for (char *c = out; *c != '\0'; c++) /* names come from strangers */
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
}

void
problem_set(struct problem *p, enum exit_code exit_code, const char *code,
    const char *fmt, ...)
{
	va_list args;

	if (p == NULL)
		return;
	*p = (struct problem){ .exit = exit_code };
	snprintf(p->code, sizeof(p->code), "%s", code);
	va_start(args, fmt);
	put(p->what, sizeof(p->what), fmt, args);
	va_end(args);
}

void
problem_why(struct problem *p, const char *fmt, ...)
{
	va_list args;

	if (p == NULL)
		return;
	va_start(args, fmt);
	put(p->why, sizeof(p->why), fmt, args);
	va_end(args);
}

void
problem_hint(struct problem *p, const char *fmt, ...)
{
	va_list args;

	if (p == NULL)
		return;
	va_start(args, fmt);
	put(p->hint, sizeof(p->hint), fmt, args);
	va_end(args);
}

void
problem_print(const struct problem *p, const char *context)
{
	fprintf(stderr, "ohcn: %s%s%s [%s]\n", context,
	    context[0] == '\0' ? "" : ": ", p->what, p->code);
	if (p->why[0] != '\0')
		fprintf(stderr, "  why: %s\n", p->why);
	if (p->hint[0] != '\0')
		fprintf(stderr, "  try: %s\n", p->hint);
}

enum exit_code
problem_exit(err e)
{
	switch (e) {
	case OK:
		return EXIT_DONE;
	case ERR_AUTH:
		return EXIT_AUTH;
	case ERR_NOTFOUND:
		return EXIT_NOTFOUND;
	case ERR_EXISTS:
		return EXIT_CONFLICT;
	case ERR_CLOSED:
	case ERR_NOMEM:
	case ERR_MORE:
		return EXIT_TEMPORARY;
	case ERR_CONFIG:
		return EXIT_CONFIG;
	case ERR_IO:
		return EXIT_DISK;
	case ERR_CORRUPT:
		return EXIT_DAMAGED;
	case ERR_PEER:
	case ERR_LIMIT:
	case ERR_FORM:
		return EXIT_REFUSED;
	}
	return EXIT_REFUSED;
}

/* Levenshtein distance with transpositions, of at most 63 bytes. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[3][64] = { { 0 } };
	const size_t n = strlen(a), m = strlen(b);

	if (n > 63 || m > 63)
		return 99;
	for (unsigned j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = rows[i % 3], *last = rows[(i + 2) % 3];
		const unsigned *before = rows[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			const unsigned same = a[i - 1] == b[j - 1] ? 0 : 1;
			unsigned best = last[j - 1] + same;

			best = MIN(best, last[j] + 1);
			best = MIN(best, now[j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				best = MIN(best, before[j - 2] + 1);
			now[j] = best;
		}
	}
	return rows[n % 3][m];
}

const char *
nearest_name(
    const char *name, const char *const *names, size_t n, size_t stride)
{
	const char *found = NULL;
	unsigned best = (unsigned)strlen(name) / 3 + 2;

	for (size_t i = 0; i < n; i++) {
		const char *const *at = (const char *const *)(const void
			*)((const char *)(const void *)names + i * stride);
		unsigned d;

		if (*at == NULL)
			continue;
		d = distance(name, *at);
		if (strlen(name) >= 3 && strncmp(*at, name, strlen(name)) == 0)
			d = 1; /* a beginning */
		if (d < best) {
			best = d;
			found = *at;
		}
	}
	return found;
}
