#include "node/credential/jcs.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"

#define DIGITS_MAX 17 /* tell any two doubles apart */

/* ---- numbers ---- */

/* d.ddd times ten to the power of ${exponent}; no digit is left out. */
struct decimal {
	char digits[DIGITS_MAX + 2];
	int n, exponent;
};

/* The nearest decimal of ${n} digits: printf rounds exactly. */
static struct decimal
decimal_of(double x, int n)
{
	struct decimal d = { .n = n };
	char text[48];
	int at = 0;

	(void)snprintf(text, sizeof(text), "%.*e", n - 1, x);
	for (const char *s = text; *s != '\0' && *s != 'e'; s++)
		if (*s >= '0' && *s <= '9' && at < DIGITS_MAX)
			d.digits[at++] = *s;
	d.exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	return d;
}

/* Its double, written without a point: that depends on the locale. */
static double
decimal_value(const struct decimal *d)
{
	char text[48];

	(void)snprintf(
	    text, sizeof(text), "%se%d", d->digits, d->exponent - (d->n - 1));
	return strtod(text, NULL);
}

/* One more in the last digit. */
static void
decimal_next(struct decimal *d)
{
	for (int i = d->n - 1; i >= 0; i--) {
		if (d->digits[i] != '9') {
			d->digits[i]++;
			return;
		}
		d->digits[i] = '0';
	}
	d->digits[0] = '1';
	d->exponent++;
}

/*
 * The fewest digits that read back as ${x} > 0, and of these the nearest. At
 * a power of two there is more room above than below: there the nearest may
 * lie outside although the next one above reads back.
 */
static struct decimal
shortest(double x)
{
	struct decimal d;

	for (int n = 1; n <= DIGITS_MAX; n++) {
		d = decimal_of(x, n);
		if (decimal_value(&d) == x)
			return d;
		decimal_next(&d);
		if (decimal_value(&d) == x)
			return d;
	}
	return decimal_of(x, DIGITS_MAX);
}

static void
number_text(char *out, size_t cap, const struct decimal *d)
{
	const int n = d->n, point = d->exponent + 1;

	if (n <= point && point <= 21)
		(void)snprintf(out, cap, "%s%.*s", d->digits, point - n,
		    "00000000000000000000");
	else if (0 < point && point <= 21)
		(void)snprintf(
		    out, cap, "%.*s.%s", point, d->digits, d->digits + point);
	else if (-6 < point && point <= 0)
		(void)snprintf(
		    out, cap, "0.%.*s%s", -point, "000000", d->digits);
	else
		(void)snprintf(out, cap, "%c%s%se%+d", d->digits[0],
		    n > 1 ? "." : "", d->digits + 1, point - 1);
}

bool
jcs_number(char out[JCS_NUMBER], double x)
{
	struct decimal d;

	out[0] = '\0';
	if (!isfinite(x))
		return false;
	if (fpclassify(x) == FP_ZERO) {
		memcpy(out, "0", 2);
		return true;
	}
	d = shortest(fabs(x));
	if (x < 0)
		*out++ = '-';
	number_text(out, JCS_NUMBER - 1, &d);
	return true;
}

static const char no_double[] = "an integer beyond 2^53 that no double holds";

/*
 * Does a double hold an integer: exactly, or as that for which ECMAScript
 * writes just these digits? 21 of them are the most that it writes.
 */
static bool
integer_holds(const char *digits, size_t n)
{
	char token[32], text[JCS_NUMBER];

	if (n >= sizeof(token))
		return false;
	memcpy(token, digits, n);
	token[n] = '\0';
	const double x = strtod(token, NULL);
	if (fabs(x) <= 0x1p53)
		return strtoll(token, NULL, 10) == (long long)x;
	if (jcs_number(text, x) && strcmp(text, token) == 0)
		return true;
	/* within 64 bits; those at the ends are not told from overflow */
	const long long i = strtoll(token, NULL, 10);
	return i != LLONG_MAX && i != LLONG_MIN && fabs(x) < 0x1p63 &&
	       (long long)x == i;
}

/* ---- writing ---- */

struct writer {
	char *p;
	size_t n, cap;
	char *why;
};

static err
refuse(struct writer *w, err e, const char *why)
{
	(void)snprintf(w->why, JCS_WHY, "%s", why);
	return e;
}

static err
put(struct writer *w, const char *s, size_t n)
{
	if (n > JCS_MAX || w->n + n > JCS_MAX)
		return refuse(w, ERR_LIMIT, "larger than 1 MiB");
	if (w->n + n + 1 > w->cap) {
		const size_t cap = MAX(2 * w->cap, w->n + n + 1);
		char *p = realloc(w->p, cap);
		if (p == NULL)
			return refuse(w, ERR_NOMEM, "no memory");
		w->p = p;
		w->cap = cap;
	}
	memcpy(w->p + w->n, s, n);
	w->n += n;
	w->p[w->n] = '\0';
	return OK;
}

static err
put_text(struct writer *w, const char *s)
{
	return put(w, s, strlen(s));
}

static err
put_char(struct writer *w, char c)
{
	static const char short_form[] = "b\bt\tn\nf\fr\r\"\"\\\\";
	char text[8];

	for (size_t i = 0; i + 1 < sizeof(short_form); i += 2)
		if (c == short_form[i + 1]) {
			const char pair[2] = { '\\', short_form[i] };
			return put(w, pair, 2);
		}
	if ((unsigned char)c >= 0x20)
		return put(w, &c, 1);
	(void)snprintf(text, sizeof(text), "\\u%04x", (unsigned)c);
	return put_text(w, text);
}

static err
put_string(struct writer *w, const char *s, size_t n)
{
	struct slice rest = slice_of(s, n);
	uint32_t cp;

	while (rest.n > 0)
		if (!utf8_next(&rest, &cp))
			return refuse(w, ERR_FORM, "a text is not UTF-8");
	if (n > 0 && memchr(s, 0, n) != NULL)
		return refuse(w, ERR_FORM, "a text with the character U+0000");
	TRY(put(w, "\"", 1));
	for (size_t i = 0; i < n; i++)
		TRY(put_char(w, s[i]));
	return put(w, "\"", 1);
}

static err
put_number(struct writer *w, double x)
{
	char text[JCS_NUMBER];

	if (!jcs_number(text, x))
		return refuse(w, ERR_FORM, "a number that is not finite");
	return put_text(w, text);
}

static err
put_integer(struct writer *w, json_int_t i)
{
	char text[24];

	const int n = snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, i);
	if (!integer_holds(text, (size_t)n))
		return refuse(w, ERR_FORM, no_double);
	return put_number(w, (double)i);
}

/* UTF-16 code units sort as code points, but U+E000..U+FFFF come last. */
static uint32_t
rank_of(uint32_t cp)
{
	if (cp >= 0x10000)
		return 0xd800u;
	return cp;
}

static int
order(const void *va, const void *vb)
{
	const char *const *pa = va, *const *pb = vb;
	struct slice a = slice_str(*pa), b = slice_str(*pb);
	uint32_t ca, cb;

	while (a.n > 0 && b.n > 0) {
		/* texts of jansson are UTF-8; else the order is no matter */
		if (!utf8_next(&a, &ca) || !utf8_next(&b, &cb))
			break;
		if (ca == cb)
			continue;
		if (rank_of(ca) != rank_of(cb))
			return rank_of(ca) < rank_of(cb) ? -1 : 1;
		return ca < cb ? -1 : 1;
	}
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

static err put_value(struct writer *w, const json_t *v, unsigned depth);

static err
put_members(
    struct writer *w, const json_t *o, const char *const *keys, unsigned depth)
{
	const size_t n = json_object_size(o);

	TRY(put(w, "{", 1));
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			TRY(put(w, ",", 1));
		TRY(put_string(w, keys[i], strlen(keys[i])));
		TRY(put(w, ":", 1));
		TRY(put_value(w, json_object_get(o, keys[i]), depth + 1));
	}
	return put(w, "}", 1);
}

static err
put_object(struct writer *w, const json_t *o, unsigned depth)
{
	const size_t n = json_object_size(o);
	const char **keys = calloc(n + 1, sizeof(*keys));
	size_t at = 0;

	if (keys == NULL)
		return refuse(w, ERR_NOMEM, "no memory");
	/* jansson walks through what it does not change */
	json_t *const walked = (json_t *)(uintptr_t)o;
	for (void *i = json_object_iter(walked); i != NULL && at < n;
	     i = json_object_iter_next(walked, i))
		keys[at++] = json_object_iter_key(i);
	qsort(keys, at, sizeof(*keys), order);
	const err e = put_members(w, o, keys, depth);
	free(keys);
	return e;
}

static err
put_array(struct writer *w, const json_t *a, unsigned depth)
{
	TRY(put(w, "[", 1));
	for (size_t i = 0; i < json_array_size(a); i++) {
		if (i > 0)
			TRY(put(w, ",", 1));
		TRY(put_value(w, json_array_get(a, i), depth + 1));
	}
	return put(w, "]", 1);
}

static err
put_value(struct writer *w, const json_t *v, unsigned depth)
{
	if (v == NULL)
		return refuse(w, ERR_FORM, "there is no value");
	if (depth > JCS_DEPTH)
		return refuse(w, ERR_LIMIT, "more than 64 levels deep");
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return put_object(w, v, depth);
	case JSON_ARRAY:
		return put_array(w, v, depth);
	case JSON_STRING:
		return put_string(
		    w, json_string_value(v), json_string_length(v));
	case JSON_INTEGER:
		return put_integer(w, json_integer_value(v));
	case JSON_REAL:
		return put_number(w, json_real_value(v));
	case JSON_TRUE:
		return put_text(w, "true");
	case JSON_FALSE:
		return put_text(w, "false");
	case JSON_NULL:
		return put_text(w, "null");
	}
	return refuse(w, ERR_FORM, "no JSON value");
}

err
jcs_write(const json_t *v, struct slice *out, char why[JCS_WHY])
{
	struct writer w = { .why = why };
	const err e = put_value(&w, v, 0);

	*out = slice_of(NULL, 0);
	if (e != OK) {
		free(w.p);
		return e;
	}
	*out = slice_of(w.p, w.n);
	return OK;
}

/* ---- reading ---- */

/* Brackets outside of texts: before jansson recurses. */
static bool
is_deep(struct slice text)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		const uint8_t c = text.p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth > 0)
			depth--;
		if (depth > JCS_DEPTH)
			return true;
	}
	return false;
}

/* Every integer of a text that jansson reads, outside of texts. */
static bool
integers_hold(struct slice text)
{
	static const char parts[] = "+-.0123456789eE";
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		const char c = (char)text.p[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		if (quoted || (c != '-' && (c < '0' || c > '9')))
			continue;
		const size_t from = i;
		bool whole = true;
		for (; i < text.n && text.p[i] != '\0' &&
		       strchr(parts, text.p[i]) != NULL;
		     i++)
			whole = whole && strchr(".eE", text.p[i]) == NULL;
		if (whole &&
		    !integer_holds((const char *)text.p + from, i - from))
			return false;
		i--;
	}
	return true;
}

static json_t *
load(struct slice text, size_t flags, json_error_t *where)
{
	return json_loadb(text.n == 0 ? "" : (const char *)text.p, text.n,
	    flags | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, where);
}

err
jcs_read(struct slice text, json_t **out, char why[JCS_WHY])
{
	json_error_t where;

	*out = NULL;
	if (text.n > JCS_MAX) {
		(void)snprintf(why, JCS_WHY, "larger than 1 MiB");
		return ERR_LIMIT;
	}
	if (is_deep(text)) {
		(void)snprintf(why, JCS_WHY, "more than 64 levels deep");
		return ERR_LIMIT;
	}
	*out = load(text, 0, &where);
	/* 1e20 is written in digits, which 64 bits do not hold */
	if (*out == NULL &&
	    json_error_code(&where) == json_error_numeric_overflow) {
		*out = load(text, JSON_DECODE_INT_AS_REAL, &where);
		if (*out != NULL && !integers_hold(text)) {
			json_decref(*out);
			*out = NULL;
			(void)snprintf(why, JCS_WHY, "%s", no_double);
			return ERR_FORM;
		}
	}
	if (*out != NULL)
		return OK;
	(void)snprintf(why, JCS_WHY, "line %d, column %d: %s", where.line,
	    where.column, where.text);
	return ERR_FORM;
}
