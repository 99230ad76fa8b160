#include "node/base/since.h"

#include <stdio.h>
#include <stdlib.h>

#define HOURS_MAX UINT64_C(9999999)

/* Days since 1970 of a date of the Gregorian calendar; false: no such day. */
static bool
days_of(unsigned year, unsigned month, unsigned day, uint64_t *days)
{
	static const unsigned char length[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 ||
	    day > length[month - 1] + (month == 2 && leap ? 1U : 0U))
		return false;
	*days = day - 1;
	for (unsigned m = 1; m < month; m++)
		*days += length[m - 1] + (m == 2 && leap ? 1U : 0U);
	for (unsigned y = 1970; y < year; y++)
		*days +=
		    y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) ? 366U : 365U;
	return true;
}

static bool
is_digits(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return n > 0;
}

/* "2026-11-22", then nothing, "T10", "T10:30", each with or without "Z". */
static err
read_date(const char *text, uint64_t *hour)
{
	const size_t n = strlen(text);
	unsigned h = 0, m = 0;
	uint64_t days;
	size_t used = 10;

	if (n < 10 || !is_digits(text, 4) || text[4] != '-' ||
	    !is_digits(text + 5, 2) || text[7] != '-' ||
	    !is_digits(text + 8, 2) ||
	    !days_of((unsigned)strtoul(text, NULL, 10),
		(unsigned)strtoul(text + 5, NULL, 10),
		(unsigned)strtoul(text + 8, NULL, 10), &days))
		return ERR_FORM;
	if (n >= 13 && text[10] == 'T' && is_digits(text + 11, 2)) {
		h = (unsigned)strtoul(text + 11, NULL, 10);
		used = 13;
		if (n >= 16 && text[13] == ':' && is_digits(text + 14, 2)) {
			m = (unsigned)strtoul(text + 14, NULL, 10);
			used = 16;
		}
		if (text[used] == 'Z')
			used++;
	}
	if (used != n || h > 23 || m > 59)
		return ERR_FORM;
	*hour = days * 24 + h;
	return OK;
}

err
since_read(const char *text, uint64_t now_s, uint64_t *hour)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} spans[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 7 * 86400 } };
	const size_t n = strlen(text);

	if (n < 1 || n > 18)
		return ERR_FORM;
	if (n > 4 && text[4] == '-')
		return read_date(text, hour);
	const uint64_t v = strtoull(text, NULL, 10);
	if (is_digits(text, n)) {
		*hour = v <= HOURS_MAX ? v : v / 3600;
		return OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		if (text[n - 1] != spans[i].letter || !is_digits(text, n - 1) ||
		    v > now_s / spans[i].seconds)
			continue;
		*hour = (now_s - v * spans[i].seconds) / 3600;
		return OK;
	}
	return ERR_FORM;
}
