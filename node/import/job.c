#include "node/import/job.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/import/parts.h"
#include "node/import/prose.h"
#include "node/import/resume.h"

#define WEIGHT_SKILL         50
#define WEIGHT_QUALIFICATION 30
#define OCCUPATION_LEAST     75 /* percent, of a title */
#define REQUIREMENTS_MAX     64
#define LANGUAGES_MAX        16
#define LEVEL_TAUGHT         3 /* when "ohcn:level" does not say */
#define ORGANISATION_MAX     120
#define SEPARATORS           ",;\n|"

/* ---- JSON-LD, as far as it is used in practice ---- */

static json_t *
get(const json_t *o, const char *key)
{
	static const char *const heads[] = { "",
		"schema:", "https://schema.org/", "http://schema.org/" };
	char name[96];

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", heads[i], key);
		json_t *v = json_object_get(o, name);
		if (v != NULL && !json_is_null(v))
			return v;
	}
	return NULL;
}

/* A value, a list of values: the ${i}-th, or NULL. */
static json_t *
nth(json_t *v, size_t i)
{
	if (json_is_array(v))
		return json_array_get(v, i);
	return i == 0 ? v : NULL;
}

static struct slice
string_of(const json_t *v)
{
	return json_is_string(v)
		   ? slice_of(json_string_value(v), json_string_length(v))
		   : slice_of(NULL, 0);
}

/* "x", {"@value": "x"}, {"name": "x"}; the first of a list. */
static struct slice
text_of(json_t *v)
{
	v = nth(v, 0);
	if (json_is_object(v)) {
		json_t *inner = get(v, "@value");
		return string_of(
		    inner != NULL ? inner : nth(get(v, "name"), 0));
	}
	return string_of(v);
}

static bool
is_type(const json_t *o, const char *type)
{
	json_t *types = json_object_get(o, "@type"), *t;

	for (size_t i = 0; (t = nth(types, i)) != NULL; i++) {
		struct slice s = string_of(t);
		const size_t n = strlen(type);
		if (s.n >= n && slice_is(slice_of(s.p + s.n - n, n), type) &&
		    (s.n == n || s.p[s.n - n - 1] == ':' ||
			s.p[s.n - n - 1] == '/'))
			return true;
	}
	return false;
}

/* ---- texts ---- */

static uint32_t
language_of(json_t *v, uint32_t otherwise)
{
	struct slice s = string_of(nth(v, 0));

	if (json_is_object(nth(v, 0))) {
		s = text_of(get(nth(v, 0), "alternateName"));
		if (s.n == 0)
			s = text_of(get(nth(v, 0), "name"));
	}
	const uint32_t code = s.n == 0 ? 0 : language_get(s);
	return code != 0 ? code : otherwise;
}

/* A text or texts in several languages. */
static void
take_text(struct import_draft *d, json_t *v, const char *name, size_t max)
{
	json_t *item;

	for (size_t i = 0; (item = nth(v, i)) != NULL; i++)
		text_set(d, name,
		    language_of(
			json_object_get(item, "@language"), d->language),
		    text_of(item), max);
}

static void
take_title(struct import_draft *d, const json_t *job)
{
	json_t *title = get(job, "title");

	if (title == NULL)
		title = get(job, "name");
	if (text_of(title).n == 0) {
		import_fail(d, "title", "add \"title\": \"...\"", "is missing");
		return;
	}
	take_text(d, title, "title", 120);
	take_text(d, get(job, "description"), "description", 2000);
}

/* ---- skills ---- */

/* What is said about one skill. */
struct wanted {
	unsigned level, weight;
	bool must;
};

/* "welding (advanced, required)": the phrase without what is in brackets. */
static struct slice
phrase_of(struct slice s, struct wanted *w)
{
	const uint8_t *open = s.n > 0 ? memchr(s.p, '(', s.n) : NULL;

	s = slice_trim(s);
	if (open == NULL || open == s.p || s.p[s.n - 1] != ')')
		return s;
	const struct slice inside =
	    slice_of(open + 1, (size_t)(s.p + s.n - open) - 2);
	struct slice rest = inside, part;
	bool known = false;
	while (slice_split(&rest, ",;", &part)) {
		const unsigned level = level_of_words(part);
		const bool must =
		    slice_is(part, "required") || slice_is(part, "must") ||
		    slice_is(part, "zwingend") || slice_is(part, "requis") ||
		    slice_is(part, "obligatorio");
		if (level != 0)
			w->level = level;
		w->must = w->must || must;
		known = known || level != 0 || must;
	}
	if (!known) /* "welding (MIG)": it belongs to the phrase */
		return s;
	return slice_trim(slice_of(s.p, (size_t)(open - s.p)));
}

/* One term into the list: requirements or teaches. */
static void
put_term(struct import_draft *d, struct slice text, struct wanted w,
    const char *field, bool teaches)
{
	struct import_term t;

	text = phrase_of(text, &w);
	if (text.n == 0)
		return;
	if (!import_term(d, text, 0, field, &t)) {
		if (w.must && !t.dropped)
			import_fail(d, field,
			    "use a label of the vocabulary or a URI",
			    "the must-have \"%.*s\" is no known term",
			    (int)MIN(text.n, 80), (const char *)text.p);
		return;
	}
	if (teaches)
		import_skill(import_list(d->draft, "teaches"), &t,
		    w.level == 0 ? LEVEL_TAUGHT : w.level);
	else
		import_requirement(import_list(d->draft, "requirements"), &t,
		    w.level, w.weight, w.must);
}

static unsigned
small_number(struct import_draft *d, const json_t *o, const char *key,
    unsigned min, unsigned max, const char *field, unsigned otherwise)
{
	json_t *v = get(o, key);

	if (v == NULL)
		return otherwise;
	if (!json_is_integer(v) || json_integer_value(v) < min ||
	    json_integer_value(v) > max) {
		char path[96];
		(void)snprintf(path, sizeof(path), "%s.%s", field, key);
		import_fail(d, path, "", "must be %u to %u", min, max);
		return otherwise;
	}
	return (unsigned)json_integer_value(v);
}

/* {"@type": "DefinedTerm", "name", "termCode", "url", "@id", "ohcn:level"} */
static void
take_defined_term(struct import_draft *d, json_t *item, struct wanted w,
    const char *field, bool teaches)
{
	static const char *const keys[] = { "termCode", "@id", "url",
		"sameAs" };
	struct slice text = text_of(item);

	w.level = small_number(d, item, "ohcn:level", 1, 5, field, w.level);
	w.weight =
	    small_number(d, item, "ohcn:weight", 1, 100, field, w.weight);
	w.must = json_is_true(get(item, "ohcn:must"));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct slice s = string_of(get(item, keys[i]));
		/* a code that is no URI means nothing without its set */
		if (s.n > 4 && (memcmp(s.p, "urn:", 4) == 0 ||
				   memcmp(s.p, "http", 4) == 0)) {
			put_term(d, s, w, field, teaches);
			return;
		}
	}
	if (text.n == 0)
		import_fail(d, field, "add \"name\" or a URI as \"termCode\"",
		    "a term without a name");
	else
		put_term(d, text, w, field, teaches);
}

static void
take_terms(struct import_draft *d, json_t *v, const char *name, unsigned weight,
    bool teaches)
{
	char field[64];
	json_t *item;

	for (size_t i = 0; (item = nth(v, i)) != NULL; i++) {
		const struct wanted w = { 0, weight, false };
		struct slice rest = text_of(item), part;
		(void)snprintf(field, sizeof(field),
		    json_is_array(v) ? "%s[%zu]" : "%s", name, i);
		if (json_is_object(item) && get(item, "@value") == NULL) {
			take_defined_term(d, item, w, field, teaches);
			continue;
		}
		while (slice_split(&rest, SEPARATORS, &part)) {
			struct slice pair[2] = { part, { NULL, 0 } };
			char bytes[128];
			/* "Projekt- und Zeitmanagement" are two */
			(void)prose_pair(d, part, pair, bytes, sizeof(bytes));
			put_term(d, pair[0], w, field, teaches);
			put_term(d, pair[1], w, field, teaches);
		}
	}
}

/* Text that no field of a demand can hold exactly. */
static void
leave_unmapped(struct import_draft *d, const json_t *job, const char *name)
{
	json_t *v = get(job, name), *item;

	for (size_t i = 0; (item = nth(v, i)) != NULL; i++) {
		struct slice s = text_of(item);
		if (s.n == 0 && json_is_object(item))
			s = string_of(get(item, "credentialCategory"));
		import_unmapped(d, s, name);
	}
}

static void
take_experience(struct import_draft *d, const json_t *job)
{
	json_t *v = nth(get(job, "experienceRequirements"), 0);
	const json_t *months = get(v, "monthsOfExperience");
	char text[48];

	if (json_is_string(v)) {
		text_set(d, "experience", d->language, string_of(v), 280);
	} else if (text_of(get(v, "description")).n > 0) {
		text_set(d, "experience", d->language,
		    text_of(get(v, "description")), 280);
	} else if (json_is_number(months)) {
		(void)snprintf(text, sizeof(text), "%.0f months",
		    json_number_value(months));
		text_set(
		    d, "experience", VOCABULARY_ENGLISH, slice_str(text), 280);
	}
}

static void
take_occupation(struct import_draft *d, const json_t *job)
{
	json_t *v = nth(get(job, "occupationalCategory"), 0);
	struct slice code = string_of(get(v, "codeValue"));
	struct slice s = code.n > 0 ? code : text_of(v);
	char uri[64];
	struct import_term t;

	/* an O*NET-SOC code, "15-1252.00", has a URI of its own */
	if (s.n == 10 && s.p[2] == '-' && s.p[7] == '.' && isdigit(s.p[0])) {
		(void)snprintf(
		    uri, sizeof(uri), "urn:onet:%.10s", (const char *)s.p);
		s = slice_str(uri);
	}
	if (s.n > 0 && import_term(d, s, 0, "occupationalCategory", &t) &&
	    (t.type == TERM_OCCUPATION || t.type == 0))
		(void)json_object_set_new(
		    d->draft, "occupation", json_string(t.hex));
}

/* "Elektroniker (m/w/d)", where nothing else says which occupation it is. */
static void
take_title_occupation(struct import_draft *d, const json_t *job)
{
	struct slice s = text_of(get(job, "title"));
	struct term_guess g;
	struct import_term t;
	const uint8_t *open = s.n > 0 ? memchr(s.p, '(', s.n) : NULL;
	struct slice uri, label;
	enum term_type type;

	if (get(job, "occupationalCategory") != NULL || s.n == 0 ||
	    d->lookup->describe == NULL)
		return;
	if (open != NULL && open > s.p)
		s = slice_trim(slice_of(s.p, (size_t)(open - s.p)));
	if (d->lookup->guess(d->lookup->ctx, s, d->language, &g, 1) > 0 &&
	    g.confidence >= OCCUPATION_LEAST &&
	    d->lookup->describe(
		d->lookup->ctx, g.term, d->language, &uri, &label, &type) &&
	    type == TERM_OCCUPATION && import_term(d, s, 0, "title", &t))
		(void)json_object_set_new(
		    d->draft, "occupation", json_string(t.hex));
}

/* ---- what running text asks for ---- */

/*
 * Most postings on the web name their skills in the description alone. Where
 * "skills" lists them, that list is what is meant.
 */
static void
take_description(struct import_draft *d, const json_t *job, bool listed)
{
	static const char *const keys[] = { "responsibilities",
		"qualifications", "description" };
	struct prose p = { .take = listed ? NULL : prose_requirement,
		.ctx = d,
		.speak = get(job, "ohcn:languages") == NULL ? prose_language
							    : NULL };
	json_t *item;

	for (size_t k = 0; k < ARRAY_LEN(keys); k++)
		for (size_t i = 0; (item = nth(get(job, keys[k]), i)) != NULL;
		     i++)
			prose_read(&p, d, text_of(item), keys[k]);
}

/* ---- contract, pay, place ---- */

static void
take_employment(struct import_draft *d, const json_t *job)
{
	static const struct {
		const char *word, *contract, *type;
	} known[] = {
		{ "CONTRACTOR", "freelance", "gig" },
		{ "FREELANCE", "freelance", "gig" },
		{ "PER_DIEM", "temporary", "gig" },
		{ "TEMPORARY", "temporary", NULL },
		{ "FIXED_TERM", "fixed-term", NULL },
		{ "PERMANENT", "permanent", NULL },
		{ "INTERN", "internship", NULL },
		{ "INTERNSHIP", "internship", NULL },
		{ "APPRENTICESHIP", "apprenticeship", NULL },
		{ "VOLUNTEER", "volunteer", NULL },
		/* these say how much, not what kind of contract */
		{ "FULL_TIME", NULL, NULL },
		{ "PART_TIME", NULL, NULL },
		{ "OTHER", NULL, NULL },
	};
	json_t *v = get(job, "employmentType"), *item;

	(void)json_object_set_new(d->draft, "type", json_string("job"));
	for (size_t i = 0; (item = nth(v, i)) != NULL; i++) {
		char word[24] = { 0 };
		const struct slice s = string_of(item);
		size_t k = 0, n = 0;
		for (; k < s.n && n + 1 < sizeof(word); k++)
			word[n++] =
			    isalpha(s.p[k]) ? (char)toupper(s.p[k]) : '_';
		for (k = 0; k < ARRAY_LEN(known); k++)
			if (strcmp(word, known[k].word) == 0)
				break;
		if (k == ARRAY_LEN(known)) {
			import_note(d, "employmentType",
			    "use FULL_TIME, PART_TIME, CONTRACTOR, TEMPORARY, "
			    "INTERN, VOLUNTEER",
			    "\"%s\" is not known and was left out", word);
			continue;
		}
		if (known[k].contract != NULL)
			(void)json_object_set_new(d->draft, "contract",
			    json_string(known[k].contract));
		if (known[k].type != NULL)
			(void)json_object_set_new(
			    d->draft, "type", json_string(known[k].type));
	}
}

static const char *
period_of(struct slice s)
{
	static const struct {
		const char *word, *period;
	} known[] = { { "HOUR", "hour" }, { "HOURLY", "hour" },
		{ "DAY", "day" }, { "DAILY", "day" }, { "WEEK", "week" },
		{ "WEEKLY", "week" }, { "MONTH", "month" },
		{ "MONTHLY", "month" }, { "YEAR", "year" },
		{ "YEARLY", "year" }, { "ANNUAL", "year" }, { "ANN", "year" },
		{ "TOTAL", "total" } };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (slice_is(s, known[i].word))
			return known[i].period;
	return NULL;
}

static void
put_money(struct import_draft *d, json_t *into, const char *name,
    const json_t *amount, const char *currency, const char *field)
{
	uint64_t minor;

	if (amount == NULL)
		return;
	if (!money_minor(amount, currency, &minor))
		import_fail(d, field, "write a number, like 3200.50",
		    "is no amount of %s", currency);
	else
		(void)json_object_set_new(
		    into, name, json_integer((json_int_t)minor));
}

static bool
take_currency(
    struct import_draft *d, struct slice s, const char *field, char out[4])
{
	const char *better;
	char hint[64];

	if (currency_get(s, out, &better))
		return true;
	(void)snprintf(hint, sizeof(hint),
	    better[0] != 0 ? "write %s" : "use an ISO 4217 code, like EUR",
	    better);
	if (s.n == 0)
		import_fail(d, field, hint, "is missing");
	else
		import_fail(d, field, hint,
		    "unknown currency \"%.*s\": needs an ISO 4217 code",
		    (int)MIN(s.n, 20), (const char *)s.p);
	return false;
}

static void
take_pay(struct import_draft *d, const json_t *job)
{
	json_t *salary = nth(get(job, "baseSalary"), 0);
	json_t *value = get(salary, "value"), *pay;
	char currency[4];
	struct slice code = string_of(get(salary, "currency"));
	struct slice unit = string_of(get(salary, "unitText"));

	if (salary == NULL)
		return;
	if (!json_is_object(salary)) {
		import_note(d, "baseSalary",
		    "write a MonetaryAmount with currency and unitText",
		    "a number alone says no currency and was left out");
		return;
	}
	if (code.n == 0)
		code = text_of(get(job, "salaryCurrency"));
	if (!take_currency(d, code, "baseSalary.currency", currency))
		return;
	json_t *low = value, *high = value;
	if (json_is_object(value)) {
		low = get(value, "minValue");
		high = get(value, "maxValue");
		if (low == NULL && high == NULL)
			low = high = get(value, "value");
		if (string_of(get(value, "unitText")).n > 0)
			unit = string_of(get(value, "unitText"));
	} else if (value == NULL) {
		low = get(salary, "minValue");
		high = get(salary, "maxValue");
	}
	const char *period = period_of(unit);
	if (period == NULL) {
		import_fail(d, "baseSalary.value.unitText",
		    "write HOUR, DAY, WEEK, MONTH or YEAR",
		    unit.n == 0 ? "is missing" : "is not a known unit of time");
		return;
	}
	pay = json_object();
	put_money(d, pay, "min", low, currency, "baseSalary.value.minValue");
	put_money(d, pay, "max", high, currency, "baseSalary.value.maxValue");
	(void)json_object_set_new(pay, "currency", json_string(currency));
	(void)json_object_set_new(pay, "period", json_string(period));
	(void)json_object_set_new(d->draft, "pay", pay);
}

/* The country of a Place, a PostalAddress, a Country or a bare name. */
static struct slice
country_of(json_t *place)
{
	json_t *address = get(place, "address");
	json_t *country =
	    get(address != NULL ? address : place, "addressCountry");

	return country != NULL ? text_of(country) : text_of(place);
}

static void
take_place(struct import_draft *d, const json_t *job, json_t *into)
{
	json_t *places = get(job, "jobLocation");
	json_t *place = nth(places, 0);
	json_t *address = get(place, "address");
	json_t *applicants = nth(get(job, "applicantLocationRequirements"), 0);
	const struct slice way = string_of(nth(get(job, "jobLocationType"), 0));
	char region[3];
	struct slice town = text_of(
	    get(json_is_object(address) ? address : place, "addressLocality"));

	if (town.n == 0 && json_is_string(address))
		town = string_of(address);
	json_t *text = clean_text(town, 80, NULL);
	if (text != NULL)
		(void)json_object_set_new(d->draft, "place", text);
	if (json_is_array(places) && json_array_size(places) > 1)
		import_note(d, "jobLocation", "post one demand a place",
		    "has %zu places: the first was used",
		    json_array_size(places));
	if (slice_is(way, "TELECOMMUTE"))
		(void)json_object_set_new(
		    d->draft, "remote", json_string("remote"));
	else if (slice_is(way, "HYBRID"))
		(void)json_object_set_new(
		    d->draft, "remote", json_string("hybrid"));
	else if (place != NULL)
		(void)json_object_set_new(
		    d->draft, "remote", json_string("on-site"));
	struct slice country = country_of(place);
	if (country.n == 0)
		country = country_of(applicants);
	if (country.n > 0 && region_get(country, region))
		(void)json_object_set_new(into, "region", json_string(region));
	else if (country.n > 0)
		import_fail(d, "jobLocation.address.addressCountry",
		    "write two letters, like \"DE\"",
		    "\"%.*s\" is no country code", (int)MIN(country.n, 40),
		    (const char *)country.p);
	else if (d->o->region != NULL)
		(void)json_object_set_new(
		    into, "region", json_string(d->o->region));
}

/* ---- our own properties ---- */

static void
take_invests(struct import_draft *d, const json_t *job)
{
	json_t *v = get(job, "ohcn:invests"), *item;
	char field[64], currency[4];

	for (size_t i = 0; (item = nth(v, i)) != NULL; i++) {
		json_t *out = json_object();
		json_t *amount = get(item, "amount");
		(void)snprintf(field, sizeof(field), "ohcn:invests[%zu]", i);
		if (get(item, "kind") != NULL)
			(void)json_object_set(out, "kind", get(item, "kind"));
		if (get(item, "hours") != NULL)
			(void)json_object_set(out, "hours", get(item, "hours"));
		if (amount != NULL &&
		    take_currency(
			d, string_of(get(item, "currency")), field, currency)) {
			put_money(d, out, "amount", amount, currency, field);
			(void)json_object_set_new(
			    out, "currency", json_string(currency));
		}
		(void)json_array_append_new(
		    import_list(d->draft, "invests"), out);
	}
}

/* "de:B2", or {"language": "de", "cefr": "B2"} */
static void
take_languages(struct import_draft *d, const json_t *job)
{
	json_t *v = get(job, "ohcn:languages"), *item;

	for (size_t i = 0; (item = nth(v, i)) != NULL; i++) {
		struct slice s = string_of(item), code, level;
		if (json_is_object(item)) {
			(void)json_array_append(
			    import_list(d->draft, "languages"), item);
			continue;
		}
		if (!slice_split(&s, ":", &code))
			continue;
		if (!slice_split(&s, ":", &level))
			level = slice_str("B1");
		json_t *out = json_object();
		(void)json_object_set_new(
		    out, "language", clean_text(code, 40, NULL));
		(void)json_object_set_new(
		    out, "cefr", clean_text(level, 40, NULL));
		(void)json_array_append_new(
		    import_list(d->draft, "languages"), out);
	}
}

/* ---- the rest ---- */

static void
take_number(struct import_draft *d, json_t *v, const char *name)
{
	uint64_t n;
	struct slice s = string_of(v);

	if (json_is_integer(v)) {
		(void)json_object_set(d->draft, name, v);
		return;
	}
	/* "40 hours a week", "38,5 Stunden": whole hours of the first number;
	 * "8-16 Uhr", "9:00": a time of day says nothing */
	if (s.n == 0 || memchr(s.p, ':', s.n) != NULL ||
	    slice_has_word(s, "uhr"))
		return;
	while (s.n > 0 && !isdigit(s.p[0]))
		slice_skip(&s, 1);
	const uint8_t *from = s.p;
	while (s.n > 0 && isdigit(s.p[0]))
		slice_skip(&s, 1);
	if (slice_number(slice_of(from, (size_t)(s.p - from)), &n) && n > 0)
		(void)json_object_set_new(
		    d->draft, name, json_integer((json_int_t)n));
}

static void
take_date(struct import_draft *d, json_t *v, const char *field, json_t *into,
    const char *name)
{
	uint64_t hours;
	const struct slice s = string_of(v);

	if (s.n == 0)
		return;
	if (!date_hours(s, &hours))
		import_fail(d, field, "write it as 2026-12-31",
		    "\"%.*s\" is no date", (int)MIN(s.n, 40),
		    (const char *)s.p);
	else
		(void)json_object_set_new(
		    into, name, json_integer((json_int_t)hours));
}

static void
take_identity(struct import_draft *d, const json_t *job, json_t *into)
{
	json_t *id = nth(get(job, "identifier"), 0);
	json_t *inner = json_is_object(id) ? get(id, "value") : id;
	json_t *name = text_of(get(job, "hiringOrganization")).n == 0
			   ? NULL
			   : clean_text(text_of(get(job, "hiringOrganization")),
				 ORGANISATION_MAX, NULL);
	struct slice url = text_of(get(job, "url"));
	char number[24];

	struct slice text = string_of(inner);
	if (json_is_integer(inner)) {
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(inner));
		text = slice_str(number);
	}
	json_t *clean = clean_text(text, 256, NULL);
	if (clean != NULL) {
		(void)json_object_set(into, "external_id", clean);
		(void)json_object_set_new(d->draft, "external_id", clean);
	}
	if (name != NULL)
		(void)json_object_set_new(into, "organisation", name);
	if (url.n > 0)
		(void)json_object_set_new(
		    d->draft, "website", clean_text(url, 256, NULL));
}

static void
take_job(const json_t *job, size_t index, const struct term_lookup *lookup,
    const struct import_options *o, json_t *demands, unsigned counts[2])
{
	struct import_draft d;
	json_t *into = json_object();

	import_draft_init(&d, lookup, o);
	const uint32_t seen = o->language == 0 ? language_seen(job) : 0;
	d.language =
	    language_of(get(job, "inLanguage"), seen != 0 ? seen : d.language);
	(void)json_object_set_new(
	    into, "index", json_integer((json_int_t)index));
	take_identity(&d, job, into);
	take_title(&d, job);
	take_employment(&d, job);
	take_terms(&d, get(job, "skills"), "skills", WEIGHT_SKILL, false);
	const bool listed =
	    json_array_size(json_object_get(d.draft, "requirements")) > 0;
	take_terms(&d, get(job, "qualifications"), "qualifications",
	    WEIGHT_QUALIFICATION, false);
	take_description(&d, job, listed);
	take_experience(&d, job);
	leave_unmapped(&d, job, "educationRequirements");
	leave_unmapped(&d, job, "jobBenefits");
	leave_unmapped(&d, job, "incentiveCompensation");
	take_occupation(&d, job);
	take_title_occupation(&d, job);
	take_terms(&d, get(job, "ohcn:teaches"), "ohcn:teaches", 0, true);
	take_invests(&d, job);
	take_languages(&d, job);
	take_pay(&d, job);
	take_place(&d, job, into);
	take_number(&d, get(job, "totalJobOpenings"), "seats");
	take_number(&d, get(job, "workHours"), "guaranteed_hours");
	take_date(
	    &d, get(job, "validThrough"), "validThrough", into, "expires");
	take_date(
	    &d, get(job, "jobStartDate"), "jobStartDate", d.draft, "start");
	import_draft_finish(&d, KIND_DEMAND);
	(void)json_object_set_new(
	    into, "state", json_string(d.failed ? "failed" : "ready"));
	counts[d.failed]++;
	import_draft_report(&d, into);
	import_draft_drop(&d);
	(void)json_array_append_new(demands, into);
}

err
import_job(const json_t *document, const struct term_lookup *lookup,
    const struct import_options *o, json_t **report)
{
	json_t *list = json_is_object(document)
			   ? json_object_get(document, "@graph")
			   : NULL;
	json_t *demands = json_array(), *messages = json_array(), *item;
	unsigned counts[2] = { 0, 0 };
	err e = OK;

	*report = json_object();
	if (list == NULL)
		list = (json_t *)(uintptr_t)document;
	const size_t n = json_is_array(list) ? json_array_size(list) : 1;
	if (n > IMPORT_DOCS_MAX) {
		import_message(messages, "", "split the file",
		    "has %zu postings, at most %d are taken", n,
		    IMPORT_DOCS_MAX);
		e = ERR_LIMIT;
	}
	for (size_t i = 0; e == OK && (item = nth(list, i)) != NULL; i++)
		if (is_type(item, "JobPosting"))
			take_job(item, i, lookup, o, demands, counts);
	if (e == OK && json_array_size(demands) == 0) {
		import_message(messages, "@type",
		    "mark each with \"@type\": \"JobPosting\"",
		    "there is no JobPosting in it");
		e = ERR_FORM;
	}
	(void)json_object_set_new(*report, "demands", demands);
	(void)json_object_set_new(*report, "ready", json_integer(counts[0]));
	(void)json_object_set_new(*report, "failed", json_integer(counts[1]));
	(void)json_object_set_new(*report, "messages", messages);
	return e;
}
