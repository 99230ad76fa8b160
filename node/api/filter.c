#include "node/api/filter.h"

#include <stdio.h>

#include "proto/record/kind.h"
#include "proto/record/schema.h"

#define HOURS_MAX     168
#define HOURS_BUCKETS 5 /* of a card */

/* ---- reading ---- */

/* The next word of a list with commas between; false: the end. */
static bool
next_word(const char **at, char *out, size_t cap)
{
	const char *p = *at;
	size_t n;

	while (*p == ',')
		p++;
	n = strcspn(p, ",");
	if (n == 0)
		return false;
	(void)snprintf(out, cap, "%.*s", (int)MIN(n, cap - 1), p);
	*at = p + n;
	return true;
}

static bool
letters(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] < 'a' || p[i] > 'z')
			return false;
	return p[n] == '\0';
}

static bool
fail(struct http_request *r, const char *field, const char *hint,
    const char *text)
{
	http_fail(r, 422, "E3405", field, hint, "%s: \"%.60s\" is not one",
	    field, text);
	return false;
}

static bool
read_regions(struct http_request *r, struct match_filter *f)
{
	const char *list = http_query(r, "region");
	char word[16];
	uint16_t n = 0;

	while (list != NULL && next_word(&list, word, sizeof(word))) {
		if (!letters(word, 2) || n == FILTER_REGIONS_MAX)
			return fail(r, "region",
			    "countries as two letters, such as de,at", word);
		memcpy(f->regions[n++], word, 3);
	}
	if (n > 0)
		memcpy(f->regions[n++], "zz", 3); /* not told */
	f->index.regions = (const char(*)[3])f->regions;
	f->index.regions_n = n;
	return true;
}

static bool
read_languages(struct http_request *r, struct match_filter *f)
{
	const char *list = http_query(r, "language");
	char word[16];
	uint16_t n = 0;

	while (list != NULL && next_word(&list, word, sizeof(word))) {
		const uint32_t code = letters(word, 2) || letters(word, 3)
					  ? language_code(slice_str(word))
					  : 0;
		if (code == 0 || n == FILTER_LANGUAGES_MAX)
			return fail(r, "language",
			    "languages by their codes, such as de,en", word);
		f->languages[n++] = code;
	}
	f->index.languages = f->languages;
	f->index.languages_n = n;
	return true;
}

static uint64_t
choice_number(const struct field *f, const char *name)
{
	const struct field_choice *c = f == NULL ? NULL : f->choices;

	for (; c != NULL && c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c->number;
	return 0;
}

static bool
read_kinds(struct http_request *r, struct match_filter *f)
{
	const struct field *type =
	    field_find(schema_latest(KIND_DEMAND)->fields, slice_str("type"));
	const char *list = http_query(r, "kind");
	char word[24];

	f->demands = f->courses = list == NULL || list[0] == '\0';
	while (list != NULL && next_word(&list, word, sizeof(word))) {
		const uint64_t number = choice_number(type, word);
		if (strcmp(word, "course") == 0) {
			f->courses = true;
		} else if (strcmp(word, "demand") == 0) {
			f->demands = true;
		} else if (number > 0 && number < 32) {
			f->demands = true;
			f->index.types |= 1U << number | 1U; /* 1: not told */
		} else {
			return fail(r, "kind",
			    "job, gig, project, task, mentoring, "
			    "community-role, demand or course",
			    word);
		}
	}
	return true;
}

/* Currencies whose unit is not divided. */
static bool
without_cents(const char *currency)
{
	static const char list[] = "BIF CLP DJF GNF JPY KMF KRW PYG RWF UGX "
				   "UYI VND VUV XAF XOF XPF ";

	return strstr(list, currency) != NULL;
}

err
filter_pay_get(const char *text, struct pay *out)
{
	const struct field *pay =
	    field_find(schema_latest(KIND_DEMAND)->fields, slice_str("pay"));
	const struct field *period =
	    pay == NULL ? NULL : field_find(pay->fields, slice_str("period"));
	uint64_t whole = 0, cents = 0;
	unsigned places = 0;

	if (*text < '0' || *text > '9')
		return ERR_FORM;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (whole > UINT64_C(1000000000000))
			return ERR_FORM;
		whole = whole * 10 + (uint64_t)(*text - '0');
	}
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9' && places < 2;
		     text++, places++)
			cents = cents * 10 + (uint64_t)(*text - '0');
	*out = (struct pay){ .min = whole * 100 +
				    (places == 1 ? 10 * cents : cents) };
	for (size_t i = 0; i < 3; i++, text++) {
		if (*text < 'A' || *text > 'Z')
			return ERR_FORM;
		out->currency[i] = *text;
	}
	if (without_cents(out->currency))
		out->min /= 100;
	if (*text++ != '/')
		return ERR_FORM;
	out->period = (uint32_t)choice_number(period, text);
	return out->period == 0 ? ERR_FORM : OK;
}

bool
filter_read(struct http_request *r, struct match_filter *out)
{
	const char *remote = http_query(r, "remote");
	const char *pay = http_query(r, "pay");
	uint64_t hours = 0;

	*out = (struct match_filter){ 0 };
	if (!http_query_range(r, "hours", 1, 0, HOURS_MAX, &hours) ||
	    !read_regions(r, out) || !read_languages(r, out) ||
	    !read_kinds(r, out))
		return false;
	out->index.hours_max = (uint32_t)hours;
	for (uint8_t i = 1; hours > 0 && i <= HOURS_BUCKETS; i++)
		if (card_hours_max(i) >= hours)
			out->index.hours |= 1U << i;
	if (remote != NULL && strcmp(remote, "0") != 0)
		out->index.remote = 1U << PLACE_EITHER | 1U << PLACE_REMOTE |
				    1U << PLACE_UNKNOWN;
	if (pay != NULL && pay[0] != '\0' &&
	    filter_pay_get(pay, &out->index.pay) != OK)
		return fail(r, "pay", "such as 3000EUR/month", pay);
	return true;
}
