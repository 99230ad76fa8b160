#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "match/core.h"
#include "node/cli/review.h"
#include "node/import/csv.h"
#include "node/import/job.h"
#include "node/import/page.h"
#include "node/import/parts.h"
#include "node/import/prose.h"
#include "node/import/resume.h"
#include "node/import/text.h"
#include "node/import/vocabulary.h"
#include "node/import/words.h"

/* ---- a lookup of a few words ---- */

static const struct {
	const char *word, *uri;
	enum term_type type;
	unsigned confidence;
} words[] = {
	{ "welding", "urn:ohcn:welding", TERM_SKILL, 100 },
	{ "Schwei\xc3\x9f"
	  "en",
	    "urn:ohcn:welding", TERM_SKILL, 100 },
	{ "blueprint reading", "urn:ohcn:blueprint-reading", TERM_SKILL, 95 },
	{ "python", "urn:ohcn:python", TERM_SKILL, 100 },
	{ "climate protection", "urn:ohcn:climate-protection", TERM_PURPOSE,
	    100 },
	{ "welder", "urn:ohcn:welder", TERM_OCCUPATION, 100 },
	{ "vague", "urn:ohcn:vague", TERM_SKILL, 20 },
};

static size_t
guess_word(void *ctx, struct slice text, uint32_t language,
    struct term_guess *out, size_t max)
{
	size_t n = 0;

	(void)ctx;
	(void)language;
	for (size_t i = 0; i < ARRAY_LEN(words) && n < max; i++)
		if (slice_is(text, words[i].word))
			out[n++] = (struct term_guess){ term_of_uri(slice_str(
							    words[i].uri)),
				words[i].confidence };
	return n;
}

static bool
describe_word(void *ctx, uint64_t term, uint32_t language, struct slice *uri,
    struct slice *label, enum term_type *type)
{
	(void)ctx;
	(void)language;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (term == term_of_uri(slice_str(words[i].uri))) {
			*uri = slice_str(words[i].uri);
			*label = slice_str(words[i].word);
			*type = words[i].type;
			return true;
		}
	return false;
}

static const struct term_lookup lookup = { guess_word, describe_word, NULL,
	NULL };
static const struct import_options plain = { 0 };

/* "a.1.b" in a tree of JSON; NULL: not there. */
static json_t *
at(json_t *j, const char *path)
{
	struct slice rest = slice_str(path), part;
	char name[64];
	uint64_t i;

	while (j != NULL && slice_split(&rest, ".", &part)) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)part.n,
		    (const char *)part.p);
		j = json_is_array(j) && slice_number(part, &i)
			? json_array_get(j, (size_t)i)
			: json_object_get(j, name);
	}
	return j;
}

static void
assert_at(json_t *j, const char *path, const char *want)
{
	char *have = json_dumps(at(j, path), JSON_ENCODE_ANY | JSON_COMPACT);

	if (strcmp(have == NULL ? "none" : have, want) != 0) {
		char *all = json_dumps(j, JSON_INDENT(1));
		fail_msg("%s: have %s, want %s in %s", path, have, want, all);
	}
	free(have);
}

static const char *
hex_of(const char *uri)
{
	static char hex[20];

	(void)snprintf(hex, sizeof(hex), "\"%016" PRIx64 "\"",
	    term_of_uri(slice_str(uri)));
	return hex;
}

/* ---- facts ---- */

static void
test_facts(void **state)
{
	static const struct {
		const char *text, *currency;
		bool ok;
		uint64_t minor;
	} money[] = {
		{ "3200", "EUR", true, 320000 },
		{ "17.50", "EUR", true, 1750 },
		{ "17,5", "EUR", true, 1750 },
		{ "1.500", "EUR", true, 150000 },
		{ "1,500.25", "USD", true, 150025 },
		{ "1'500.25", "CHF", true, 150025 },
		{ "1500", "JPY", true, 1500 },
		{ "1.234", "KWD", true, 1234 },
		{ "12.5", "JPY", false, 0 },
		{ "17.505.1", "EUR", true, 1750510 },
		{ "-3", "EUR", false, 0 },
		{ "much", "EUR", false, 0 },
		{ "", "EUR", false, 0 },
	};
	static const struct {
		const char *text;
		uint64_t hours;
	} dates[] = {
		{ "1970-01-01", 0 },
		{ "1970-01-02T03:00:00Z", 27 },
		{ "2000-02-29", UINT64_C(951782400) / 3600 },
		{ "2026-12-31", UINT64_C(1798675200) / 3600 },
		{ "2100-03-01", UINT64_C(4107542400) / 3600 },
	};
	static const char *const bad_dates[] = { "2026-02-29", "2026-13-01",
		"26-01-01", "2026-04-31", "2026-01-00", "tomorrow",
		"2026-01-01T25:00" };
	static const struct {
		const char *text;
		unsigned level;
	} levels[] = { { "Beginner", 1 }, { "Grundkenntnisse", 1 },
		{ "d\xc3\xa9"
		  "butant",
		    1 },
		{ "Intermediate", 3 }, { "sehr gut", 4 }, { "gut", 3 },
		{ "Advanced", 4 }, { "Master", 5 }, { "Expert", 5 }, { "4", 4 },
		{ "3/5", 3 }, { "8/10", 4 }, { "100%", 5 }, { "5%", 1 },
		{ "7", 0 }, { "9/8", 0 }, { "whatever", 0 }, { "", 0 } },
	  fluency[] = { { "B2", 4 }, { "c1 (CEFR)", 5 },
		  { "Native speaker", 7 }, { "Muttersprache", 7 },
		  { "fluent", 5 }, { "Limited Working", 3 },
		  { "Grundkenntnisse", 2 }, { "langue maternelle", 7 },
		  { "nivel intermedio", 3 }, { "AB2C", 0 }, { "", 0 } };
	char code[4], region[3];
	const char *hint;
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(money); i++) {
		const bool ok =
		    money_get(slice_str(money[i].text), money[i].currency, &n);
		if (ok != money[i].ok || (ok && n != money[i].minor))
			fail_msg("%s: %d %" PRIu64, money[i].text, ok, n);
	}
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		assert_true(date_hours(slice_str(dates[i].text), &n));
		assert_int_equal(n, dates[i].hours);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_dates); i++)
		assert_false(date_hours(slice_str(bad_dates[i]), &n));
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (level_of_words(slice_str(levels[i].text)) !=
		    levels[i].level)
			fail_msg("level of %s", levels[i].text);
	for (size_t i = 0; i < ARRAY_LEN(fluency); i++)
		if (fluency_get(slice_str(fluency[i].text)) != fluency[i].level)
			fail_msg("fluency of %s", fluency[i].text);
	assert_true(currency_get(slice_str("chf"), code, &hint));
	assert_string_equal(code, "CHF");
	assert_false(currency_get(slice_str("EURO"), code, &hint));
	assert_string_equal(hint, "EUR");
	assert_false(currency_get(slice_str("E1R"), code, &hint));
	assert_true(region_get(slice_str("Allemagne"), region));
	assert_string_equal(region, "de");
	assert_true(region_get(slice_str("DE-BE"), region));
	assert_false(region_get(slice_str("Utopia"), region));
	assert_int_equal(
	    language_get(slice_str("de-AT")), language_code(slice_str("de")));
	assert_int_equal(language_get(slice_str("Espa\xc3\xb1ol")),
	    language_code(slice_str("es")));
	assert_int_equal(language_get(slice_str("Klingonisch")), 0);
}

static void
test_plain_text(void **state)
{
	static const struct {
		const char *in, *out;
		size_t max;
		bool cut;
	} cases[] = {
		{ " a\r\n\t b ", "a b", 99, false },
		{ "<p>A &amp; B</p><br/>1 < 2", "A & B 1 < 2", 99, false },
		{ "f&uuml;r &#220;ber&#xf6;fen &ndash; 3&nbsp;&euro;",
		    "für Überöfen – 3 €", 99, false },
		{ "&unknown; &#0; &#x110000; &#55296; &;",
		    "&unknown; &#0; &#x110000; &#55296; &;", 99, false },
		{ "\xc3\xa4\xc3\xb6", "\xc3\xa4", 3, true },
		{ "a\xe2\x80\xae"
		  "b\xff"
		  "c",
		    "abc", 9, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		bool cut;
		json_t *t =
		    plain_text(slice_str(cases[i].in), cases[i].max, &cut);
		assert_string_equal(json_string_value(t), cases[i].out);
		assert_int_equal(cut, cases[i].cut);
		json_decref(t);
	}
	assert_null(plain_text(slice_str(" \n "), 9, NULL));
}

/* ---- JSON Resume ---- */

static json_t *
load(const char *text)
{
	json_error_t error;
	json_t *j = json_loads(text, 0, &error);

	if (j == NULL)
		fail_msg("test JSON: %s: %s", error.text, text);
	return j;
}

static void
test_resume(void **state)
{
	json_t *resume = load(
	    "{\"basics\":{\"name\":\"Ada Secret\",\"email\":\"ada@x.org\","
	    "\"summary\":\"I weld at Acme\",\"location\":{\"countryCode\":"
	    "\"DE\",\"city\":\"Secretville\"}},"
	    "\"work\":[{\"name\":\"Acme\",\"startDate\":\"2019\"}],"
	    "\"skills\":[{\"name\":\"Metal\",\"level\":\"Advanced\","
	    "\"keywords\":[\"Schweißen\",\"blueprint reading\"]},"
	    "{\"name\":\"welding\",\"level\":\"beginner\"},{\"name\":\"vague\"}"
	    "],"
	    "\"interests\":[{\"name\":\"climate protection\"},"
	    "{\"name\":\"python\"},{\"name\":\"welding\"},"
	    "{\"name\":\"stamps\"}],"
	    "\"languages\":[{\"language\":\"Deutsch\",\"fluency\":\"native\"},"
	    "{\"language\":\"en\",\"fluency\":\"B2\"},"
	    "{\"language\":\"Klingonisch\",\"fluency\":\"A1\"}]}");
	json_t *report;

	(void)state;
	assert_int_equal(import_resume(resume, &lookup, &plain, &report), OK);
	assert_at(report, "region", "\"de\"");
	assert_at(report, "draft.skills.0.term", hex_of("urn:ohcn:welding"));
	/* said twice: the higher level stays */
	assert_at(report, "draft.skills.0.level", "4");
	assert_at(report, "draft.skills.1.level", "4");
	assert_at(report, "draft.skills.2", "none");
	assert_at(
	    report, "draft.purposes.0", hex_of("urn:ohcn:climate-protection"));
	assert_at(
	    report, "draft.aspirations.0.term", hex_of("urn:ohcn:python"));
	assert_at(report, "draft.aspirations.0.level", "2");
	/* one who can weld and wants to: one level more */
	assert_at(report, "draft.aspirations.1.level", "5");
	assert_at(report, "draft.languages",
	    "[{\"language\":\"de\",\"cefr\":7},{\"language\":\"en\",\"cefr\":4}"
	    "]");
	assert_at(report, "mapped.0.text", "\"Schweißen\"");
	assert_at(report, "mapped.0.uri", "\"urn:ohcn:welding\"");
	assert_at(report, "mapped.0.field", "\"skills[0].keywords[0]\"");
	assert_at(report, "unmapped.0.text", "\"Metal\"");
	assert_at(report, "unmapped.1.text", "\"vague\"");
	assert_at(report, "unmapped.2.text", "\"stamps\"");
	assert_at(report, "unmapped.3.text", "\"Klingonisch\"");
	assert_at(report, "kept_private.0.field", "\"basics.name\"");
	/* nothing of what is private is in any of it */
	static const char *const secrets[] = { "Ada", "Acme", "x.org",
		"Secretville", "2019" };
	char *text = json_dumps(report, 0);
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		assert_null(strstr(text, secrets[i]));
	free(text);
	json_decref(report);
	json_decref(resume);

	resume = load("{\"title\":\"x\"}");
	assert_int_equal(
	    import_resume(resume, &lookup, &plain, &report), ERR_FORM);
	assert_at(report, "messages.0.message",
	    "\"is not a JSON Resume: no basics, skills or work\"");
	json_decref(report);
	json_decref(resume);
}

/* What a person decides goes before what is likely. */
static void
test_decisions(void **state)
{
	json_t *resume = load("{\"skills\":[\"welding\",\"vague\",\"python\","
			      "\"stamps\",\"Rohre\"]}");
	json_t *said = load("{\"welding\":false,\"vague\":true,\"stamps\":true,"
			    "\"Rohre\":\"blueprint reading\"}");
	const struct import_options o = { .decisions = said };
	json_t *r;

	(void)state;
	assert_int_equal(import_resume(resume, &lookup, &o, &r), OK);
	assert_at(r, "mapped.0.term", hex_of("urn:ohcn:vague"));
	assert_at(r, "mapped.0.confidence", "20");
	assert_at(r, "mapped.0.decided", "true");
	assert_at(r, "mapped.1.term", hex_of("urn:ohcn:python"));
	assert_at(r, "mapped.1.decided", "false");
	assert_at(r, "mapped.2.term", hex_of("urn:ohcn:blueprint-reading"));
	assert_at(r, "mapped.2.confidence", "100");
	assert_int_equal(json_array_size(at(r, "draft.skills")), 3);
	assert_at(r, "unmapped.0.why", "\"dropped\"");
	assert_at(r, "unmapped.1.text", "\"stamps\"");
	assert_at(r, "unmapped.1.why", "\"unknown\"");
	json_decref(r);

	/* a number, a URI; what is no term is said and left out */
	(void)json_object_set_new(
	    said, "Rohre", json_string("urn:ohcn:python"));
	(void)json_object_set_new(said, "stamps", json_string("nonsense"));
	(void)json_object_set_new(
	    said, "python", json_string("0123456789abcdef"));
	assert_int_equal(import_resume(resume, &lookup, &o, &r), OK);
	assert_at(r, "mapped.1.term", "\"0123456789abcdef\"");
	assert_at(r, "mapped.2.term", hex_of("urn:ohcn:python"));
	assert_at(r, "messages.0.field", "\"skills[3].name\"");
	assert_int_equal(json_array_size(at(r, "unmapped")), 2);
	json_decref(r);

	/* nothing below the least confidence is taken in silence */
	const struct import_options sure = { .confidence_min = 96 };
	(void)json_array_append_new(
	    at(resume, "skills"), json_string("blueprint reading"));
	assert_int_equal(import_resume(resume, &lookup, &sure, &r), OK);
	assert_int_equal(json_array_size(at(r, "mapped")), 2);
	assert_at(r, "unmapped.0.text", "\"vague\"");
	assert_at(r, "unmapped.0.why", "\"unsure\"");
	assert_at(r, "unmapped.0.alternatives.0.confidence", "20");
	assert_at(r, "unmapped.3.text", "\"blueprint reading\"");
	json_decref(r);

	/* a must-have that is left out on purpose does not stop the demand */
	json_t *doc = load("{\"@type\":\"JobPosting\",\"title\":\"x\","
			   "\"skills\":\"stamps (must), welding\"}");
	assert_int_equal(import_job(doc, &lookup, &plain, &r), OK);
	assert_at(r, "failed", "1");
	json_decref(r);
	json_decref(said);
	said = load("{\"stamps\":false}");
	const struct import_options without = { .decisions = said };
	assert_int_equal(import_job(doc, &lookup, &without, &r), OK);
	assert_at(r, "ready", "1");
	json_decref(r);
	json_decref(doc);
	json_decref(said);
	json_decref(resume);
}

/* The lines of a review file. */
static void
test_review_file(void **state)
{
	static const struct {
		const char *text;
		unsigned line; /* of the fault; 0: none */
	} cases[] = {
		{ "", 0 },
		{ "# only\n\n  # comments\n", 0 },
		{ "keep \"a\"", 0 },
		{ "keep \"a\"\nkeep\n", 2 },
		{ "keep a\n", 1 },
		{ "hold \"a\"\n", 1 },
		{ "use \"a\"\n", 1 },
		{ "keep \"\"\n", 1 },
		{ "keep \"a\n", 1 },
		{ "keep \"a\" b\n", 1 },
	};
	unsigned line;
	json_t *said;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		review_read(slice_str(cases[i].text), &said, &line);
		if ((said == NULL) != (cases[i].line != 0) ||
		    (said == NULL && line != cases[i].line))
			fail_msg("%s: line %u", cases[i].text, line);
		json_decref(said);
	}
	review_read(slice_str("# x\r\nkeep \"a #1\"  # b, 70 %\r\n"
			      "drop \"say \\\"c\\\"\"\n"
			      "  use  gas welding   \"ü\" # or\n"
			      "keep \"twice\"\ndrop \"twice\"\n"),
	    &said, &line);
	assert_non_null(said);
	assert_int_equal(json_object_size(said), 4);
	assert_true(json_is_true(json_object_get(said, "a #1")));
	assert_true(json_is_false(json_object_get(said, "say \"c\"")));
	assert_string_equal(
	    json_string_value(json_object_get(said, "ü")), "gas welding");
	assert_true(json_is_false(json_object_get(said, "twice")));
	json_decref(said);
}

/* ---- JobPosting ---- */

#define JOB "{\"@type\":\"JobPosting\",\"title\":\"Welder\""

static json_t *
job_report(const char *text, err want)
{
	json_t *doc = load(text), *report;

	assert_int_equal(import_job(doc, &lookup, &plain, &report), want);
	json_decref(doc);
	return report;
}

static void
test_job(void **state)
{
	json_t *r = job_report(
	    "{\"@context\":\"https://schema.org\",\"@graph\":[{\"@type\":"
	    "\"Organization\"},{\"@type\":\"schema:JobPosting\","
	    "\"title\":[{\"@value\":\"Welder\",\"@language\":\"en\"},"
	    "{\"@value\":\"Schweißer\",\"@language\":\"de\"}],"
	    "\"description\":\"<p>Weld &amp; more</p>\","
	    "\"identifier\":{\"@type\":\"PropertyValue\",\"value\":17},"
	    "\"skills\":[\"welding (advanced, required), vague\","
	    "{\"@type\":\"DefinedTerm\",\"name\":\"x\",\"termCode\":"
	    "\"http://data.europa.eu/esco/skill/1\",\"ohcn:level\":2,"
	    "\"ohcn:weight\":80}],"
	    "\"qualifications\":\"blueprint reading\","
	    "\"experienceRequirements\":{\"monthsOfExperience\":24},"
	    "\"employmentType\":[\"FULL_TIME\",\"TEMPORARY\"],"
	    "\"workHours\":\"38 hours a week\",\"totalJobOpenings\":3,"
	    "\"baseSalary\":{\"@type\":\"MonetaryAmount\",\"currency\":\"EUR\","
	    "\"value\":{\"minValue\":3200.5,\"maxValue\":\"4,000\","
	    "\"unitText\":\"MONTH\"}},"
	    "\"jobLocation\":{\"@type\":\"Place\",\"address\":{"
	    "\"addressLocality\":\"Linz\",\"addressCountry\":\"Austria\"}},"
	    "\"validThrough\":\"2026-12-31T23:59\","
	    "\"occupationalCategory\":\"welder\","
	    "\"hiringOrganization\":{\"name\":\"Acme Werke\"},"
	    "\"jobBenefits\":\"training on the job\","
	    "\"ohcn:teaches\":[{\"name\":\"python\",\"ohcn:level\":2}],"
	    "\"ohcn:languages\":[\"de:B2\"],"
	    "\"ohcn:invests\":[{\"kind\":\"course-budget\",\"amount\":1500,"
	    "\"currency\":\"EUR\"},{\"kind\":\"training-time\",\"hours\":40}]}"
	    "]}",
	    OK);

	(void)state;
	assert_at(r, "ready", "1");
	assert_at(r, "demands.0.index", "1");
	assert_at(r, "demands.0.state", "\"ready\"");
	assert_at(r, "demands.0.region", "\"at\"");
	assert_at(r, "demands.0.external_id", "\"17\"");
	assert_at(r, "demands.0.organisation", "\"Acme Werke\"");
	assert_at(r, "demands.0.expires", "499655");
	assert_at(r, "demands.0.draft.title",
	    "{\"en\":\"Welder\",\"de\":\"Schweißer\"}");
	assert_at(r, "demands.0.draft.description", "{\"en\":\"Weld & more\"}");
	assert_at(r, "demands.0.draft.requirements.0.level", "4");
	assert_at(r, "demands.0.draft.requirements.0.must", "true");
	assert_at(r, "demands.0.draft.requirements.1.term",
	    hex_of("http://data.europa.eu/esco/skill/1"));
	assert_at(r, "demands.0.draft.requirements.1.weight", "80");
	assert_at(r, "demands.0.draft.requirements.2.weight", "30");
	assert_at(r, "demands.0.draft.experience", "{\"en\":\"24 months\"}");
	assert_at(r, "demands.0.draft.contract", "\"temporary\"");
	assert_at(r, "demands.0.draft.guaranteed_hours", "38");
	assert_at(r, "demands.0.draft.seats", "3");
	assert_at(r, "demands.0.draft.pay",
	    "{\"min\":320050,\"max\":400000,\"currency\":\"EUR\",\"period\":"
	    "\"month\"}");
	assert_at(r, "demands.0.draft.place", "\"Linz\"");
	assert_at(r, "demands.0.draft.remote", "\"on-site\"");
	assert_at(r, "demands.0.draft.occupation", hex_of("urn:ohcn:welder"));
	assert_at(r, "demands.0.draft.teaches.0.level", "2");
	assert_at(r, "demands.0.draft.languages.0.cefr", "\"B2\"");
	assert_at(r, "demands.0.draft.invests",
	    "[{\"kind\":\"course-budget\",\"amount\":150000,\"currency\":"
	    "\"EUR\"},{\"kind\":\"training-time\",\"hours\":40}]");
	assert_at(r, "demands.0.unmapped.0.text", "\"vague\"");
	assert_at(r, "demands.0.unmapped.1.field", "\"jobBenefits\"");
	json_decref(r);
	r = job_report(JOB ",\"jobLocationType\":\"TELECOMMUTE\","
			   "\"applicantLocationRequirements\":{\"@type\":"
			   "\"Country\",\"name\":\"DE\"},\"employmentType\":"
			   "\"Contractor\"}",
	    OK);
	assert_at(r, "demands.0.region", "\"de\"");
	assert_at(r, "demands.0.draft.remote", "\"remote\"");
	assert_at(r, "demands.0.draft.type", "\"gig\"");
	json_decref(r);
}

static void
test_job_faults(void **state)
{
	static const struct {
		const char *json, *field, *message, *hint;
	} cases[] = {
		{ "{\"@type\":\"JobPosting\"}", "\"title\"", "\"is missing\"",
		    "\"add \\\"title\\\": \\\"...\\\"\"" },
		{ JOB ",\"baseSalary\":{\"currency\":\"EURO\",\"value\":5}}",
		    "\"baseSalary.currency\"",
		    "\"unknown currency \\\"EURO\\\": needs an ISO 4217 code\"",
		    "\"write EUR\"" },
		{ JOB ",\"baseSalary\":{\"currency\":\"EUR\",\"value\":5}}",
		    "\"baseSalary.value.unitText\"", "\"is missing\"",
		    "\"write HOUR, DAY, WEEK, MONTH or YEAR\"" },
		{ JOB ",\"validThrough\":\"31.12.2026\"}", "\"validThrough\"",
		    "\"\\\"31.12.2026\\\" is no date\"",
		    "\"write it as 2026-12-31\"" },
		{ JOB ",\"skills\":\"magic (required)\"}", "\"skills\"",
		    "\"the must-have \\\"magic\\\" is no known term\"",
		    "\"use a label of the vocabulary or a URI\"" },
		{ JOB ",\"skills\":[{\"name\":\"welding\",\"ohcn:level\":9}]}",
		    "\"skills[0].ohcn:level\"", "\"must be 1 to 5\"", "none" },
		{ JOB ",\"ohcn:invests\":[{\"kind\":\"couse-budget\"}]}",
		    "\"invests[0].kind\"",
		    "\"\\\"couse-budget\\\" is not known\"",
		    "\"did you mean \\\"course-budget\\\"?\"" },
		{ JOB ",\"jobLocation\":{\"address\":{\"addressCountry\":"
		      "\"Utopia\"}}}",
		    "\"jobLocation.address.addressCountry\"",
		    "\"\\\"Utopia\\\" is no country code\"",
		    "\"write two letters, like \\\"DE\\\"\"" },
	};
	json_t *r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		r = job_report(cases[i].json, OK);
		assert_at(r, "failed", "1");
		assert_at(r, "demands.0.state", "\"failed\"");
		assert_at(r, "demands.0.draft", "none");
		assert_at(r, "demands.0.messages.0.field", cases[i].field);
		assert_at(r, "demands.0.messages.0.message", cases[i].message);
		assert_at(r, "demands.0.messages.0.hint", cases[i].hint);
		json_decref(r);
	}
	r = job_report("[{\"@type\":\"Course\"}]", ERR_FORM);
	assert_at(r, "messages.0.message", "\"there is no JobPosting in it\"");
	json_decref(r);
	/* shapes that make no sense are answered, not trusted */
	r = job_report("[" JOB ",\"skills\":{\"a\":[[]]},\"baseSalary\":[[]],"
		       "\"jobLocation\":[3],\"identifier\":{\"value\":{}},"
		       "\"employmentType\":[1],\"workHours\":{},"
		       "\"ohcn:invests\":\"x\",\"ohcn:teaches\":7},"
		       "7,null,[]]",
	    OK);
	assert_at(r, "failed", "1");
	json_decref(r);
}

/* ---- CSV ---- */

static json_t *
csv_report(
    uint32_t kind, const char *text, const struct import_options *o, err want)
{
	json_t *report;
	const err e = import_csv(kind, slice_str(text), &lookup, o, &report);

	if (e != want)
		fail_msg(
		    "%s: %s: %s", text, err_name(e), json_dumps(report, 0));
	return report;
}

static void
test_csv_demands(void **state)
{
	static const char file[] =
	    "external_id,Title,title_de,description,skills,pay_min,"
	    "currency,period,languages,invests,region,purposes,start\n"
	    "A-1,Welder,Schweißer,\"two\nlines, \"\"quoted\"\"\","
	    "welding:3!*80; blueprint reading:2;nothing,17.50,EUR,hour,"
	    "de:B2; en,course-budget 1500 EUR; training-time 40h,DE,"
	    "climate protection,2026-12-31\n"
	    "\n"
	    "A-2,Helper,,,,,,,,,,,\n";
	json_t *r = csv_report(KIND_DEMAND, file, &plain, OK);

	(void)state;
	assert_at(r, "accepted", "true");
	assert_at(r, "ready", "2");
	assert_at(r, "rows.0.row", "2");
	assert_at(r, "rows.1.row", "5");
	assert_at(r, "rows.0.external_id", "\"A-1\"");
	assert_at(r, "rows.0.region", "\"de\"");
	assert_at(r, "rows.0.draft.title",
	    "{\"en\":\"Welder\",\"de\":\"Schweißer\"}");
	assert_at(r, "rows.0.draft.description",
	    "{\"en\":\"two lines, \\\"quoted\\\"\"}");
	assert_at(r, "rows.0.draft.requirements.0.level", "3");
	assert_at(r, "rows.0.draft.requirements.0.weight", "80");
	assert_at(r, "rows.0.draft.requirements.0.must", "true");
	assert_at(r, "rows.0.draft.requirements.1.weight", "50");
	assert_at(r, "rows.0.draft.pay",
	    "{\"min\":1750,\"currency\":\"EUR\",\"period\":\"hour\"}");
	assert_at(r, "rows.0.draft.languages",
	    "[{\"language\":\"de\",\"cefr\":4},{\"language\":\"en\",\"cefr\":3}"
	    "]");
	assert_at(r, "rows.0.draft.invests",
	    "[{\"kind\":\"course-budget\",\"amount\":150000,\"currency\":"
	    "\"EUR\"},{\"kind\":\"training-time\",\"hours\":40}]");
	assert_at(r, "rows.0.draft.purposes.0",
	    hex_of("urn:ohcn:climate-protection"));
	assert_at(r, "rows.0.draft.start", "499632");
	assert_at(r, "rows.0.unmapped.0.text", "\"nothing\"");
	assert_at(r, "rows.0.draft.type", "\"job\"");
	json_decref(r);
}

static void
test_csv_courses(void **state)
{
	static const char *const files[] = {
		/* BOM, semicolons, CR LF, no newline at the end */
		"\xef\xbb\xbftitle;teaches;needs;cost;currency;languages;"
		"formats;self_paced;weeks\r\nPython;\"python:1-3;welding\";"
		"welding:2;90;EUR;de,en;online,video;ja;4",
		"title\tteaches\tneeds\tcost\tcurrency\tlanguages\tformats\t"
		"self_paced\tweeks\nPython\tpython:1-3;welding\twelding:2\t90\t"
		"EUR\tGerman;en\tonline;video\tyes\t4\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		json_t *r = csv_report(KIND_COURSE, files[i], &plain, OK);
		assert_at(r, "delimiter", i == 0 ? "\";\"" : "\"\\t\"");
		assert_at(r, "accepted", "true");
		assert_at(r, "rows.0.draft.teaches.0.from", "1");
		assert_at(r, "rows.0.draft.teaches.0.to", "3");
		assert_at(r, "rows.0.draft.teaches.1.to", "3");
		assert_at(r, "rows.0.draft.needs.0.level", "2");
		assert_at(r, "rows.0.draft.cost",
		    "{\"amount\":9000,\"currency\":\"EUR\"}");
		assert_at(r, "rows.0.draft.languages", "[\"de\",\"en\"]");
		assert_at(r, "rows.0.draft.formats", "[\"online\",\"video\"]");
		assert_at(r, "rows.0.draft.self_paced", "true");
		assert_at(r, "rows.0.draft.weeks", "4");
		json_decref(r);
	}
}

static void
test_csv_rows_that_fail(void **state)
{
	static const struct {
		const char *columns, *row, *field, *message, *hint;
	} cases[] = {
		{ "pay_min,currency,period", "5,EURO,hour", "\"currency\"",
		    "\"unknown currency \\\"EURO\\\": needs an ISO 4217 code\"",
		    "\"write EUR\"" },
		{ "pay_min,currency,period", "5,EUR,", "\"period\"",
		    "\"pay needs a period\"",
		    "\"write hour, day, week, month or year\"" },
		{ "pay_min,currency,period", "5,EUR,mnoth", "\"pay.period\"",
		    "\"\\\"mnoth\\\" is not known\"",
		    "\"did you mean \\\"month\\\"?\"" },
		{ "skills", "welding:7", "\"skills\"",
		    "\"level of \\\"welding:7\\\": must be 1 to 5\"",
		    "\"write :1 (first steps) to :5 (expert)\"" },
		{ "skills", "welding*101", "\"skills\"",
		    "\"weight of \\\"welding*101\\\": must be 1 to 100\"",
		    "\"write *1 to *100, or nothing for *50\"" },
		{ "skills", "magic:2!", "\"skills\"",
		    "\"the must-have \\\"magic\\\" is no known term\"",
		    "\"use a label of the vocabulary or a URI, or drop the "
		    "'!'\"" },
		{ "type", "jbo", "\"type\"", "\"\\\"jbo\\\" is not known\"",
		    "\"did you mean \\\"job\\\"?\"" },
		{ "seats", "two", "\"seats\"",
		    "\"\\\"two\\\" is no whole number\"",
		    "\"write a whole number\"" },
		{ "seats", "0", "\"seats\"", "\"must be 1 to 10000\"", "none" },
		{ "seats", "1,2", "\"\"", "\"has 4 cells, the header has 3\"",
		    "\"put cells that hold the separator into quotation "
		    "marks\"" },
		{ "invests", "course-budget 1500", "\"invests\"",
		    "\"\\\"course-budget 1500\\\" has neither hours nor a "
		    "currency\"",
		    "\"write \\\"course-budget 1500 EUR\\\" or "
		    "\\\"training-time 40h\\\"\"" },
		{ "languages", "de:Z9", "\"languages\"",
		    "\"\\\"de:Z9\\\" is no level of a language\"",
		    "\"write A1 to C2 or native, like \\\"de:B2\\\"\"" },
		{ "region", "Utopia", "\"region\"",
		    "\"\\\"Utopia\\\" is no country code\"",
		    "\"write two letters, like de\"" },
		{ "start", "soon", "\"start\"", "\"\\\"soon\\\" is no date\"",
		    "\"write it as 2026-12-31\"" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(text, sizeof(text),
		    "external_id,title,%s\n1,Good\n2,Bad,%s\n",
		    cases[i].columns, cases[i].row);
		json_t *r = csv_report(KIND_DEMAND, text, &plain, OK);
		/* as a whole or not at all */
		assert_at(r, "accepted", "false");
		assert_at(r, "rows.0.state", "\"held\"");
		assert_at(r, "rows.1.state", "\"failed\"");
		assert_at(r, "rows.1.row", "3");
		assert_at(r, "rows.1.field", cases[i].field);
		assert_at(r, "rows.1.message", cases[i].message);
		assert_at(r, "rows.1.hint", cases[i].hint);
		assert_at(r, "rows.1.draft", "none");
		json_decref(r);
		const struct import_options partial = { .allow_partial = true };
		r = csv_report(KIND_DEMAND, text, &partial, OK);
		assert_at(r, "accepted", "true");
		assert_at(r, "rows.0.state", "\"ready\"");
		json_decref(r);
	}
	json_t *r = csv_report(
	    KIND_DEMAND, "external_id,title\n7,A\n7,B\n", &plain, OK);
	assert_at(r, "rows.1.message", "\"\\\"7\\\" is also in row 2\"");
	json_decref(r);
}

#define MAP "# ours = theirs\ntitle = Stelle\nskills = Was man kann\n"
#define BAD "titel = x\n"

static void
test_csv_files_that_fail(void **state)
{
	static const struct {
		const char *text, *message;
		err want;
	} cases[] = {
		{ "", "\"there are no rows\"", ERR_FORM },
		{ "title\n", "\"there are no rows\"", ERR_FORM },
		{ "name\nx\n", "\"there is no such column\"", ERR_FORM },
		{ "title,title\nx,y\n", "\"is there twice\"", ERR_FORM },
		{ "title\n\"x\n", "\"row 2: quotation marks do not fit\"",
		    ERR_FORM },
		{ "title\nx\"y\n", "\"row 2: quotation marks do not fit\"",
		    ERR_FORM },
		{ "title\nx\xff\n", "\"line 2 is not UTF-8\"", ERR_FORM },
		{ "title\na\nb\nc\n", "\"has more than 2 rows\"", ERR_LIMIT },
	};
	const struct import_options two = { .rows_max = 2 };
	json_t *r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		r = csv_report(KIND_DEMAND, cases[i].text, &two, cases[i].want);
		assert_at(r, "accepted", "false");
		const size_t n = json_array_size(at(r, "messages"));
		char path[64];
		(void)snprintf(path, sizeof(path), "messages.%zu.message",
		    n == 0 ? 0 : n - 1);
		assert_at(r, path, cases[i].message);
		json_decref(r);
	}
	const struct import_options map = { .map = { (const uint8_t *)MAP,
						sizeof(MAP) - 1 } };
	r = csv_report(
	    KIND_DEMAND, "Stelle,Was man kann,seat\nx,welding,1\n", &map, OK);
	assert_at(r, "accepted", "true");
	assert_at(r, "rows.0.mapped.0.text", "\"welding\"");
	assert_at(r, "ignored_columns", "[\"seat\"]");
	assert_at(r, "messages.0.hint", "\"did you mean \\\"seats\\\"?\"");
	json_decref(r);
	const struct import_options bad = { .map = { (const uint8_t *)BAD,
						sizeof(BAD) - 1 } };
	r = csv_report(KIND_DEMAND, "x\ny\n", &bad, ERR_FORM);
	assert_at(r, "messages.0.hint", "\"did you mean \\\"title\\\"?\"");
	json_decref(r);
}

/* ---- words of people ---- */

static void
test_column_names(void **state)
{
	static const struct {
		uint32_t kind;
		const char *name, *want;
	} cases[] = {
		{ KIND_DEMAND, "titel", "title" },
		{ KIND_DEMAND, "intitulé_du_poste", "title" },
		{ KIND_DEMAND, "puesto", "title" },
		{ KIND_DEMAND, "ort", "place" },
		{ KIND_DEMAND, "location", "place" },
		{ KIND_DEMAND, "land", "region" },
		{ KIND_DEMAND, "kenntnisse", "skills" },
		{ KIND_COURSE, "kenntnisse", "teaches" },
		{ KIND_DEMAND, "gehalt_(brutto)", "salary" },
		{ KIND_DEMAND, "sprache", "languages" },
		{ KIND_DEMAND, "skills:", NULL },
		{ KIND_DEMAND, "skill:", "skills" },
		{ KIND_COURSE, "gehalt", NULL },
		{ KIND_COURSE, "precio", "cost" },
		{ KIND_DEMAND, "precio", NULL },
		{ KIND_DEMAND, "titelbild", NULL },
		{ KIND_DEMAND, "(x)", NULL },
		{ KIND_DEMAND, "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = column_alias(cases[i].kind, cases[i].name);
		if ((got == NULL) != (cases[i].want == NULL) ||
		    (got != NULL && strcmp(got, cases[i].want) != 0))
			fail_msg("%s is %s, not %s", cases[i].name,
			    got ? got : "none",
			    cases[i].want ? cases[i].want : "none");
	}
}

static void
test_salaries(void **state)
{
	static const struct {
		const char *text, *low, *high, *currency, *period;
	} cases[] = {
		{ "3000-3500 EUR/month", "3000", "3500", "EUR", "month" },
		{ "60000", "60000", "60000", "", "" },
		{ "45.000 € brutto/Jahr", "45.000", "45.000", "EUR", "year" },
		{ "2.400 – 2.800 EUR mtl.", "2.400", "2.800", "EUR", "month" },
		{ "ab 2.800 € pro Monat", "2.800", "", "EUR", "month" },
		{ "bis 4000 EUR/Monat", "", "4000", "EUR", "month" },
		{ "60-70k EUR p.a.", "60000", "70000", "EUR", "year" },
		{ "£62.5k per annum", "62500", "62500", "GBP", "year" },
		{ "17,50 €/h", "17,50", "17,50", "EUR", "hour" },
		{ "CHF 6'500 bis 7'000 / Monat", "6500", "7000", "CHF",
		    "month" },
		{ "30 000 € par an", "30000", "30000", "EUR", "year" },
		{ "EUR60000 yearly", "60000", "60000", "EUR", "year" },
		{ "1200 a 1400 euros al mes", "1200", "1400", "EUR", "month" },
		{ "$20", "20", "20", "", "" },
		/* more than one meaning, or none */
		{ "nach Vereinbarung", NULL, NULL, NULL, NULL },
		{ "40 h/Woche, 3000 EUR", NULL, NULL, NULL, NULL },
		{ "3000 EUR or 3200 USD", NULL, NULL, NULL, NULL },
		{ "1-2-3 EUR", NULL, NULL, NULL, NULL },
		{ "1234567890123456789012345678 EUR", NULL, NULL, NULL, NULL },
		{ "", NULL, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct salary s;
		const bool got = salary_get(slice_str(cases[i].text), &s);
		if (got != (cases[i].low != NULL))
			fail_msg("%s: %d", cases[i].text, got);
		if (!got)
			continue;
		const char *period = s.period == NULL ? "" : s.period;
		if (strcmp(s.low, cases[i].low) != 0 ||
		    strcmp(s.high, cases[i].high) != 0 ||
		    strcmp(s.currency, cases[i].currency) != 0 ||
		    strcmp(period, cases[i].period) != 0)
			fail_msg("%s: %s to %s %s a %s", cases[i].text, s.low,
			    s.high, s.currency, period);
	}
}

static void
test_spoken(void **state)
{
	static const struct {
		const char *text, *language;
		unsigned level;
		bool strange;
	} cases[] = {
		{ "en", "en", 0, false },
		{ "German B1", "de", 3, false },
		{ "Englisch fließend", "en", 5, false },
		{ "fließend Englisch", "en", 5, false },
		{ "Deutsch (C1)", "de", 5, false },
		{ "gute Deutschkenntnisse", "de", 4, false },
		{ "de C2", "de", 6, false },
		{ "German Z9", "de", 0, true },
		{ "so und so", "so", 0, true },
		{ "keine", NULL, 0, false },
		{ "", NULL, 0, false },
	};
	char letters[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct spoken s;
		const bool got = spoken_get(slice_str(cases[i].text), &s);
		if (got != (cases[i].language != NULL))
			fail_msg("%s: %d", cases[i].text, got);
		if (!got)
			continue;
		assert_true(language_put(letters, s.language));
		if (strcmp(letters, cases[i].language) != 0 ||
		    s.level != cases[i].level || s.strange != cases[i].strange)
			fail_msg("%s: %s %u %d", cases[i].text, letters,
			    s.level, s.strange);
	}
}

static void
test_countries(void **state)
{
	static const struct {
		const char *text, *own, *region, *town;
	} cases[] = {
		{ "Germany", NULL, "de", "" },
		{ "USA", NULL, "us", "" },
		{ "FR", NULL, "fr", "" },
		{ "Lyon, France", NULL, "fr", "Lyon" },
		{ "Bern (CH)", NULL, "ch", "Bern" },
		{ "Los Angeles, CA", NULL, NULL, "Los Angeles, CA" },
		{ "Wilmington, DE", NULL, NULL, "Wilmington, DE" },
		{ "Köln, DE", "de", "de", "Köln" },
		{ "Hamburg", "de", NULL, "Hamburg" },
		{ "St-Malo", NULL, NULL, "St-Malo" },
		{ "", NULL, NULL, "" },
		{ ",", NULL, NULL, "," },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct slice town;
		char region[3] = "";
		const bool got = country_get(
		    slice_str(cases[i].text), cases[i].own, region, &town);
		if (got != (cases[i].region != NULL) ||
		    !slice_eq_str(town, cases[i].town) ||
		    (got && strcmp(region, cases[i].region) != 0))
			fail_msg("%s: %s, \"%.*s\"", cases[i].text, region,
			    (int)town.n, (const char *)town.p);
	}
}

/* Without a list of skills, what the description names is taken. */
static void
test_csv_description(void **state)
{
	static const char file[] =
	    "title;description;description_de;skills;languages\n"
	    "A;What you bring: welding. German at least B2.;;;\n"
	    "B;What you bring: welding.;;blueprint reading;\n"
	    "C;;Sie können: welding;;\n"
	    "D;German at least B2.;;;en\n";
	json_t *r = csv_report(KIND_DEMAND, file, &plain, OK);

	(void)state;
	assert_at(r, "ready", "4");
	assert_at(r, "rows.0.mapped.0.text", "\"welding\"");
	assert_at(r, "rows.0.mapped.0.field", "\"description\"");
	assert_at(r, "rows.0.draft.requirements.0.weight", "30");
	assert_at(
	    r, "rows.0.draft.languages", "[{\"language\":\"de\",\"cefr\":4}]");
	assert_at(r, "rows.1.mapped.0.text", "\"blueprint reading\"");
	assert_at(r, "rows.1.draft.requirements.1", "none");
	assert_at(r, "rows.2.mapped.0.field", "\"description_de\"");
	assert_at(r, "rows.3.draft.languages.1", "none");
	json_decref(r);
}

/* An export of a spreadsheet, as companies have them. */
static void
test_csv_of_a_spreadsheet(void **state)
{
	static const char file[] =
	    "\xef\xbb\xbfTitel;Ort;Gehalt;Kenntnisse;Sprache;Beginn;"
	    "Vertragsart;Abteilung\r\n"
	    "Schweißer;Lyon, France;3000-3500 EUR/Monat;\"welding, "
	    "blueprint reading\";Deutsch B1, Englisch;31.12.2026;"
	    "unbefristet;4711\r\n"
	    "Helfer;Hamburg;60000;welding | magic;de:B2;;Vollzeit;\r\n"
	    "Helfer;remote;;\"- welding\n- blueprint reading\";;;;\r\n";
	const struct import_options o = { .region = "de" };
	json_t *r = csv_report(KIND_DEMAND, file, &o, OK);

	(void)state;
	assert_at(r, "ready", "3");
	assert_at(r, "ignored_columns", "[\"Abteilung\"]");
	assert_at(r, "columns.1", "{\"name\":\"Ort\",\"as\":\"place\"}");
	assert_at(r, "rows.0.region", "\"fr\"");
	assert_at(r, "rows.0.draft.place", "\"Lyon\"");
	assert_at(r, "rows.0.draft.pay",
	    "{\"min\":300000,\"max\":350000,\"currency\":\"EUR\","
	    "\"period\":\"month\"}");
	assert_at(r, "rows.0.mapped.1.text", "\"blueprint reading\"");
	assert_at(r, "rows.0.draft.languages",
	    "[{\"language\":\"de\",\"cefr\":3},{\"language\":\"en\","
	    "\"cefr\":3}]");
	assert_at(r, "rows.0.draft.start", "499632");
	assert_at(r, "rows.0.draft.contract", "\"permanent\"");
	assert_at(r, "rows.0.messages", "[]");
	assert_at(r, "rows.1.region", "\"de\"");
	assert_at(r, "rows.1.draft.place", "\"Hamburg\"");
	assert_at(r, "rows.1.draft.pay", "none");
	assert_at(r, "rows.1.mapped.0.text", "\"welding\"");
	assert_at(r, "rows.1.unmapped.0.text", "\"magic\"");
	assert_at(r, "rows.1.messages.0.field", "\"place\"");
	assert_at(r, "rows.1.messages.1.field", "\"contract\"");
	assert_at(r, "rows.1.messages.2.message",
	    "\"\\\"60000\\\" names no currency and no period and was left "
	    "out\"");
	assert_at(r, "rows.2.draft.remote", "\"remote\"");
	assert_at(r, "rows.2.draft.place", "none");
	assert_at(r, "rows.2.mapped.1.text", "\"blueprint reading\"");
	json_decref(r);

	r = csv_report(KIND_COURSE,
	    "Kurs;Inhalte;Preis;Dauer;Format;Titel\n"
	    "MAG;welding, python:1-3;1.200,00 €;2 Wochen;Präsenz;MAG\n",
	    &o, OK);
	assert_at(r, "rows.0.draft.teaches.1.from", "1");
	assert_at(
	    r, "rows.0.draft.cost", "{\"amount\":120000,\"currency\":\"EUR\"}");
	assert_at(r, "rows.0.draft.weeks", "2");
	assert_at(r, "rows.0.draft.formats", "[\"on-site\"]");
	/* two columns for one: the first is taken, the other is named */
	assert_at(r, "ignored_columns", "[\"Titel\"]");
	json_decref(r);
}

static void
test_web_page(void **state)
{
	static const char page[] =
	    "\n<!DOCTYPE html><script>1 < 2</script>"
	    "<SCRIPT id=x type=\"application/ld+json\">{\"a\": 1}</SCRIPT>"
	    "<script type='application/ld+json'>no JSON</script>"
	    "<script type='application/ld+json'>{\"@graph\": [{\"b\": 2}]}"
	    "</script><script type='application/ld+json'>[{\"c\": 3}]";
	json_t *list = import_page(slice_str(page));

	(void)state;
	assert_true(is_page(slice_str(page)));
	assert_false(is_page(slice_str("{\"a\": \"<\"}")));
	assert_false(is_page(slice_str("")));
	assert_at(list, "0", "{\"a\":1}");
	assert_at(list, "1", "{\"b\":2}");
	assert_at(list, "2", "{\"c\":3}");
	assert_int_equal(json_array_size(list), 3);
	json_decref(list);
	/* cut anywhere: nothing worse than less */
	for (size_t n = 0; n < sizeof(page); n++)
		json_decref(import_page(slice_of(page, n)));
}

/* ---- vocabularies ---- */

static void
put_file(const char *dir, const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

/* What arrived at the sink, as JSON by URI. */
static err
sink_add(void *ctx, const struct term_entry *e)
{
	char uri[300];
	unsigned essential = 0;
	json_t *labels = json_array();

	(void)snprintf(
	    uri, sizeof(uri), "%.*s", (int)e->uri.n, (const char *)e->uri.p);
	assert_int_equal(e->term, term_of_uri(e->uri));
	assert_int_equal(e->source, SOURCE_IMPORTED);
	for (size_t i = 0; i < e->labels_n; i++) {
		char letters[4], label[300];
		assert_true(language_put(letters, e->labels[i].language));
		(void)snprintf(label, sizeof(label), "%s%s:%.*s", letters,
		    e->labels[i].preferred ? "!" : "", (int)e->labels[i].text.n,
		    (const char *)e->labels[i].text.p);
		(void)json_array_append_new(labels, json_string(label));
	}
	for (size_t i = 0; i < e->needs_n; i++)
		essential += e->needs[i].essential;
	return json_object_set_new(ctx, uri,
		   json_pack("{s:i, s:i, s:o, s:i, s:i, s:i, s:i}", "type",
		       (int)e->type, "isco", (int)e->isco, "labels", labels,
		       "broader", (int)e->broader_n, "related",
		       (int)e->related_n, "needs", (int)e->needs_n, "essential",
		       (int)essential)) == 0
		   ? OK
		   : ERR_NOMEM;
}

static char *
temp_dir(void)
{
	static char name[] = "/tmp/ohcn-import-XXXXXX";

	memcpy(name + sizeof(name) - 7, "XXXXXX", 6);
	assert_non_null(mkdtemp(name));
	return name;
}

static void
drop_dir(const char *dir, const char *const *names, size_t n)
{
	char path[256];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

static void
count_progress(void *ctx, const char *file, uint64_t done)
{
	(void)file;
	(void)done;
	++*(unsigned *)ctx;
}

static void
test_esco(void **state)
{
	static const char *const names[] = { "skills_en.csv", "skills_de.csv",
		"occupations_en.csv", "broaderRelationsSkillPillar_en.csv",
		"skillSkillRelations_en.csv", "occupationSkillRelations_en.csv",
		"conceptSchemes_en.csv" };
	const char *dir = temp_dir();
	json_t *got = json_object(), *report;
	unsigned calls = 0;
	const struct vocabulary_import_options o = { count_progress, &calls,
		2 };

	(void)state;
	put_file(dir, names[0],
	    "conceptUri,conceptType,skillType,preferredLabel,altLabels,status"
	    "\r\n"
	    "http://x/s1,KnowledgeSkillCompetence,skill/competence,weld,"
	    "\"welding\nto weld\nthird\",released\r\n"
	    "http://x/s2,KnowledgeSkillCompetence,knowledge,metals,,released"
	    "\r\n"
	    "http://x/s3,KnowledgeSkillCompetence,knowledge,religion,,released"
	    "\r\n"
	    "http://x/s4,KnowledgeSkillCompetence,knowledge,old,,obsolete\r\n"
	    ",KnowledgeSkillCompetence,knowledge,no URI,,released\r\n");
	put_file(dir, names[1],
	    "conceptType,conceptUri,preferredLabel\nKnowledgeSkillCompetence,"
	    "http://x/s1,schweißen\n");
	put_file(dir, names[2],
	    "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels\n"
	    "Occupation,http://x/o1,7212,welder,\"solderer\"\n");
	put_file(dir, names[3],
	    "conceptType,conceptUri,broaderType,broaderUri\n"
	    "K,http://x/s1,K,http://x/s2\nK,http://x/s1,K,http://x/s2\n"
	    "K,http://x/s1,K,http://x/nowhere\n");
	put_file(dir, names[4],
	    "originalSkillUri,originalSkillType,relationType,"
	    "relatedSkillType,relatedSkillUri\n"
	    "http://x/s2,k,optional,k,http://x/s1\n");
	put_file(dir, names[5],
	    "occupationUri,relationType,skillType,skillUri\n"
	    "http://x/o1,essential,k,http://x/s1\n"
	    "http://x/o1,optional,k,http://x/s2\n");
	put_file(dir, names[6], "conceptType\nx\n");
	assert_int_equal(
	    import_esco(
		dir, (struct vocabulary_sink){ sink_add, got }, &o, &report),
	    OK);
	drop_dir(dir, names, ARRAY_LEN(names));
	assert_true(calls > ARRAY_LEN(names) - 1);
	assert_at(report, "terms", "3");
	assert_at(report, "filtered", "1");
	assert_at(report, "links", "6");
	assert_at(
	    report, "types", "{\"skill\":1,\"knowledge\":1,\"occupation\":1}");
	assert_at(report, "languages", "[\"de\",\"en\"]");
	assert_at(report, "missing",
	    "[\"ISCOGroups_*.csv\",\"skillGroups_*.csv\","
	    "\"broaderRelationsOccPillar_*.csv\"]");
	assert_at(report, "warnings.0",
	    "\"1 rows without a usable URI were left out\"");
	assert_at(report, "warnings.1",
	    "\"1 links lead to terms that are not in these files\"");
	static const struct {
		const char *uri, *want;
	} entries[] = {
		/* alternatives are at most two a language here */
		{ "http://x/s1",
		    "{\"type\":1,\"isco\":0,\"labels\":[\"en:to weld\","
		    "\"en:welding\",\"en!:weld\",\"de!:schweißen\"],"
		    "\"broader\":2,\"related\":0,\"needs\":0,\"essential\":"
		    "0}" },
		{ "http://x/s2",
		    "{\"type\":2,\"isco\":0,\"labels\":[\"en!:metals\"],"
		    "\"broader\":0,\"related\":1,\"needs\":1,\"essential\":"
		    "0}" },
		{ "http://x/o1",
		    "{\"type\":4,\"isco\":7212,\"labels\":[\"en:solderer\","
		    "\"en!:welder\"],\"broader\":0,\"related\":0,\"needs\":2,"
		    "\"essential\":1}" },
	};
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		json_t *want = load(entries[i].want);
		json_t *have = json_object_get(got, entries[i].uri);
		if (!json_equal(have, want))
			fail_msg("%s: %s", entries[i].uri, json_dumps(have, 0));
		json_decref(want);
	}
	json_decref(got);
	json_decref(report);
	assert_int_equal(
	    import_esco("/nowhere/at/all",
		(struct vocabulary_sink){ sink_add, NULL }, NULL, &report),
	    ERR_NOTFOUND);
	json_decref(report);
}

static void
test_onet(void **state)
{
	static const char *const names[] = { "Content Model Reference.txt",
		"Occupation Data.txt", "Alternate Titles.txt", "Skills.txt" };
	const char *dir = temp_dir();
	json_t *got = json_object(), *report;

	(void)state;
	put_file(dir, names[0],
	    "Element ID\tElement Name\tDescription\r\n"
	    "1\tWorker Characteristics\tx\r\n"
	    "2.A\tBasic Skills\tx\r\n2.A.1\tContent\tx\r\n"
	    "2.A.1.a\tReading\tThe \"quoted\" text\r\n"
	    "2.C.1\tBusiness\tx\r\n1.B.1.a\tRealistic\tx\r\n"
	    "1.B.1.g\tFirst Interest High-Point\tx\r\n");
	put_file(dir, names[1],
	    "O*NET-SOC Code\tTitle\tDescription\n11-1011.00\tChief\tx\n");
	put_file(dir, names[2],
	    "O*NET-SOC Code\tTitle\tAlternate Title\n11-1011.00\tChief\tCEO\n"
	    "99-9999.00\tx\ty\n");
	put_file(dir, names[3],
	    "O*NET-SOC Code\tElement ID\tScale ID\tData Value\t"
	    "Recommend Suppress\n"
	    "11-1011.00\t2.A.1.a\tIM\t4.12\tN\n"
	    "11-1011.00\t2.C.1\tLV\t4.12\tN\n"
	    "11-1011.00\t2.A.1\tIM\t3.1\tN\n"
	    "11-1011.00\t2.A\tIM\t2.9\tN\n");
	assert_int_equal(
	    import_onet(
		dir, (struct vocabulary_sink){ sink_add, got }, NULL, &report),
	    OK);
	drop_dir(dir, names, ARRAY_LEN(names));
	assert_at(report, "terms", "6");
	assert_at(report, "missing",
	    "[\"Knowledge.txt\",\"Job Zones.txt\",\"Technology Skills.txt\","
	    "\"DWA Reference.txt\",\"Tasks to DWAs.txt\"]");
	assert_at(report, "warnings",
	    "[\"1 links of terms that are not in these files were left out\"]");
	json_t *chief = json_object_get(got, "urn:onet:11-1011.00");
	assert_at(chief, "labels", "[\"en:CEO\",\"en!:Chief\"]");
	assert_at(chief, "needs", "2");
	assert_at(chief, "essential", "1");
	json_t *reading = json_object_get(got, "urn:onet:2.A.1.a");
	assert_at(reading, "broader", "1");
	assert_at(reading, "type", "1");
	json_decref(got);
	json_decref(report);
}

/* The real files, where they are: counts that their README states. */
static void
test_data(void **state)
{
	const char *dir = getenv("OHCN_TEST_DATA");
	char path[512];
	struct stat st;
	json_t *got, *report;

	(void)state;
	if (dir == NULL)
		dir = OHCN_SOURCE_DIR "/../shared/data";
	(void)snprintf(path, sizeof(path), "%s/esco-1.2.0", dir);
	if (stat(path, &st) != 0) {
		print_message("SKIP import/data: no ../shared/data\n");
		return;
	}
	got = json_object();
	assert_int_equal(
	    import_esco(
		path, (struct vocabulary_sink){ sink_add, got }, NULL, &report),
	    OK);
	/* 3,039 occupations and 619 ISCO groups; none is protected */
	assert_at(report, "types.occupation", "3658");
	/* and 13,492 skills less 751 without a URI, beside the groups */
	assert_true(json_integer_value(at(report, "terms")) > 17000);
	assert_true(json_integer_value(at(report, "links")) > 140000);
	assert_at(report, "missing",
	    "[\"skills_*.csv\",\"occupationSkillRelations_*.csv\"]");
	json_decref(got);
	json_decref(report);
	(void)snprintf(path, sizeof(path), "%s/onet-29.2", dir);
	got = json_object();
	assert_int_equal(
	    import_onet(
		path, (struct vocabulary_sink){ sink_add, got }, NULL, &report),
	    OK);
	assert_at(report, "types.occupation", "1016");
	assert_at(report, "missing", "[]");
	assert_true(json_integer_value(at(report, "links")) > 10000);
	json_decref(got);
	json_decref(report);
}

/* ---- the demo's files, with the vocabulary that ships ---- */

struct demo {
	struct vocabulary *vocabulary;
	struct search_index *index;
	struct term_source_search source;
	struct term_lookup lookup;
};

static void
demo_init(struct demo *d)
{
	assert_int_equal(core_vocabulary_new(&d->vocabulary), OK);
	assert_int_equal(search_index_new(d->vocabulary, &d->index), OK);
	d->source = (struct term_source_search){ d->vocabulary, d->index };
	d->lookup = term_lookup_of_search(&d->source);
}

static void
demo_fini(struct demo *d)
{
	search_index_free(d->index);
	vocabulary_free(d->vocabulary);
}

/* How people write a skill, and which term it is; "": rather none. */
static void
test_lookup_words(void **state)
{
	static const struct {
		const char *text, *uri;
	} cases[] = {
		{ "driving a forklift", "urn:ohcn:forklift-driving" },
		{ "forklift driving", "urn:ohcn:forklift-driving" },
		{ "SQL", "urn:ohcn:sql" }, { "telepathy", "" },
		{ "work", "" }, /* the beginning of many */
	};
	struct demo d;

	(void)state;
	demo_init(&d);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct term_guess g = { 0, 0 };
		uint64_t want = 0;
		const bool found =
		    d.lookup.guess(d.lookup.ctx, slice_str(cases[i].text),
			VOCABULARY_ENGLISH, &g, 1) == 1 &&
		    g.confidence >= 50;
		if (cases[i].uri[0] != 0)
			want = term_of_uri(slice_str(cases[i].uri));
		if (found != (want != 0) || (found && g.term != want) ||
		    g.confidence > 100)
			fail_msg("%s: %" PRIx64 " %u", cases[i].text, g.term,
			    g.confidence);
	}
	demo_fini(&d);
}

/* ---- own words in two languages ---- */

#define FIXTURES OHCN_SOURCE_DIR "/tests/unit/data/import/"

/* What is taken of a file, all of it, and what must not be. */
static void
test_two_languages(void **state)
{
	static const struct {
		const char *file;
		struct {
			const char *text, *uri;
		} taken[12];
		const char *left[8];
	} files[] = {
		{ "resume_de.json",
		    { { "Betreuung von Kunden", "urn:ohcn:customer-service" },
			{ "Teams leiten", "urn:ohcn:team-leadership" },
			{ "Gute Kenntnisse in Excel",
			    "urn:ohcn:spreadsheet-use" },
			{ "Kassenbedienung", "urn:ohcn:cash-handling" },
			{ "Planung von Schichten", "urn:ohcn:work-scheduling" },
			{ "Präsentation von Waren",
			    "urn:ohcn:merchandise-display" },
			{ "Dateneingaben", "urn:ohcn:data-entry" },
			{ "Altenpflege", "urn:ohcn:care-of-older-people" } },
		    { "Erfahrung mit Reklamationen", "Führerschein Klasse B",
			"Kenntnisse", "Pünktliche Frohnatur",
			"Pflegestufe beantragt", "Briefmarken" } },
		{ "resume_en.json",
		    { { "Timber frames", "urn:ohcn:carpentry" },
			{ "Lead teams", "urn:ohcn:team-leadership" },
			{ "management of projects",
			    "urn:ohcn:project-management" },
			{ "Strong knowledge of welding", "urn:ohcn:welding" },
			{ "floor tiling", "urn:ohcn:tiling" },
			{ "Managed budgets", "urn:ohcn:budgeting" },
			{ "Resolved conflicts",
			    "urn:ohcn:conflict-resolution" },
			{ "beekeeping", "urn:ohcn:beekeeping" } },
		    { "first aider", "driving licence", "references on request",
			"welding inspector software vendor",
			"good sense of humour", "vintage stamps" } },
		{ "job_de.json",
		    { { "Stapler fahren", "urn:ohcn:forklift-driving" },
			{ "sehr gute Kenntnisse in Excel",
			    "urn:ohcn:spreadsheet-use" },
			{ "Dienstplanungen", "urn:ohcn:work-scheduling" },
			{ "Teamfähigkeit", "urn:ohcn:teamwork" },
			{ "Reparatur von Fahrrädern",
			    "urn:ohcn:bicycle-repair" } },
		    { "Verpacken von Waren", "Lagern von Gütern",
			"Obstkorb und Kicker", "abgeschlossene Ausbildung" } },
		{ "job_en.json",
		    { { "nursing care", "urn:ohcn:patient-care" },
			{ "wound treatment", "urn:ohcn:wound-care" },
			{ "monitored vital signs",
			    "urn:ohcn:vital-signs-monitoring" },
			{ "care of elderly", "urn:ohcn:care-of-older-people" },
			{ "experience in palliative care",
			    "urn:ohcn:palliative-care" },
			{ "teamwork skills", "urn:ohcn:teamwork" } },
		    { "table football and free fruit", "completed training",
			"giving medication" } },
	};
	struct demo d;

	(void)state;
	demo_init(&d);
	for (size_t f = 0; f < ARRAY_LEN(files); f++) {
		char path[512];
		json_t *all = NULL, *report;
		size_t n = 0, left = 0;
		(void)snprintf(
		    path, sizeof(path), FIXTURES "%s", files[f].file);
		json_t *file = json_load_file(path, 0, NULL);
		assert_non_null(file);
		if (json_object_get(file, "@type") != NULL)
			assert_int_equal(
			    import_job(file, &d.lookup, &plain, &all), OK);
		else
			assert_int_equal(
			    import_resume(file, &d.lookup, &plain, &all), OK);
		report =
		    at(all, "demands.0") != NULL ? at(all, "demands.0") : all;
		assert_non_null(at(report, "draft"));
		json_t *mapped = at(report, "mapped"), *e;
		json_t *unmapped = at(report, "unmapped");
		for (; files[f].taken[n].text != NULL; n++) {
			e = json_array_get(mapped, n);
			const char *text =
			    json_string_value(json_object_get(e, "text"));
			const char *uri =
			    json_string_value(json_object_get(e, "uri"));
			if (text == NULL || uri == NULL ||
			    strcmp(text, files[f].taken[n].text) != 0 ||
			    strcmp(uri, files[f].taken[n].uri) != 0)
				fail_msg("%s: %s is %s, want %s for %s",
				    files[f].file, text, uri,
				    files[f].taken[n].uri,
				    files[f].taken[n].text);
		}
		assert_int_equal(json_array_size(mapped), n);
		for (; left < ARRAY_LEN(files[f].left) &&
		       files[f].left[left] != NULL;
		     left++) {
			e = json_array_get(unmapped, left);
			assert_string_equal(
			    json_string_value(json_object_get(e, "text")),
			    files[f].left[left]);
		}
		assert_int_equal(json_array_size(unmapped), left);
		json_decref(all);
		json_decref(file);
	}
	demo_fini(&d);
}

#define DEMO OHCN_SOURCE_DIR "/tests/demo/data/"

static void
test_demo_people(void **state)
{
	struct demo d;
	DIR *dir = opendir(DEMO "people");
	struct dirent *entry;
	unsigned people = 0;
	size_t mapped = 0, unmapped = 0;

	(void)state;
	demo_init(&d);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[512];
		json_t *resume, *report;
		if (strstr(entry->d_name, ".json") == NULL)
			continue;
		(void)snprintf(
		    path, sizeof(path), DEMO "people/%s", entry->d_name);
		resume = json_load_file(path, 0, NULL);
		assert_int_equal(
		    import_resume(resume, &d.lookup, &plain, &report), OK);
		if (at(report, "draft") == NULL ||
		    json_array_size(at(report, "draft.skills")) < 3 ||
		    json_array_size(at(report, "draft.languages")) == 0 ||
		    at(report, "region") == NULL)
			fail_msg("%s: %s", entry->d_name,
			    json_dumps(report, JSON_INDENT(1)));
		mapped += json_array_size(at(report, "mapped"));
		unmapped += json_array_size(at(report, "unmapped"));
		people++;
		json_decref(resume);
		json_decref(report);
	}
	(void)closedir(dir);
	assert_int_equal(people, 30);
	/* one phrase in ten may be words of their own */
	assert_true(unmapped > 0 && unmapped * 10 < mapped);
	demo_fini(&d);
}

static struct slice
read_all(const char *path)
{
	static char bytes[1 << 17];
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	const size_t n = fread(bytes, 1, sizeof(bytes), f);
	assert_int_equal(fclose(f), 0);
	assert_true(n > 0 && n < sizeof(bytes));
	return slice_of(bytes, n);
}

static void
test_demo_tables(void **state)
{
	static const struct {
		const char *path, *list;
		uint32_t kind; /* 0: JobPostings */
		unsigned rows;
	} files[] = {
		{ DEMO "jobs/acme-jobs.json", "demands", 0, 24 },
		{ DEMO "jobs/care-jobs.csv", "rows", KIND_DEMAND, 30 },
		{ DEMO "courses/courses.csv", "rows", KIND_COURSE, 32 },
	};
	struct demo d;
	json_t *report, *row;
	size_t i;

	(void)state;
	demo_init(&d);
	for (size_t k = 0; k < ARRAY_LEN(files); k++) {
		if (files[k].kind != 0) {
			assert_int_equal(
			    import_csv(files[k].kind, read_all(files[k].path),
				&d.lookup, &plain, &report),
			    OK);
		} else {
			json_t *doc = json_load_file(files[k].path, 0, NULL);
			assert_int_equal(
			    import_job(doc, &d.lookup, &plain, &report), OK);
			json_decref(doc);
		}
		const json_t *rows = at(report, files[k].list);
		assert_int_equal(json_array_size(rows), files[k].rows);
		json_array_foreach(rows, i, row)
		{
			size_t unmapped = json_array_size(at(row, "unmapped"));
			/* promises without a number stay unmapped */
			if (files[k].kind == 0 && unmapped == 1 &&
			    strcmp(
				json_string_value(at(row, "unmapped.0.field")),
				"jobBenefits") == 0)
				unmapped = 0;
			if (at(row, "draft") == NULL || unmapped != 0)
				fail_msg("%s: %s", files[k].path,
				    json_dumps(row, JSON_INDENT(1)));
		}
		json_decref(report);
	}
	demo_fini(&d);
}

/* ---- running text ---- */

static size_t
guess_counted(void *ctx, struct slice text, uint32_t language,
    struct term_guess *out, size_t max)
{
	++*(size_t *)ctx;
	return guess_word(NULL, text, language, out, max);
}

/* What is no pair stays one phrase; a long tail costs few guesses. */
static void
test_pair(void **state)
{
	size_t guesses = 0;
	const struct term_lookup counted = { .guess = guess_counted,
		.describe = describe_word,
		.ctx = &guesses };
	const struct import_draft d = { .lookup = &counted };
	struct slice pair[2] = { { NULL, 0 }, { NULL, 0 } };
	char bytes[128], text[120];

	(void)state;
	(void)snprintf(text, sizeof(text), "x- und %0100d", 0);
	assert_false(
	    prose_pair(&d, slice_str(text), pair, bytes, sizeof(bytes)));
	assert_int_equal(pair[1].n, 0);
	assert_in_range(guesses, 1, 40);
}

/* The work for a text is bounded, whatever its length. */
static void
test_long_text(void **state)
{
	const size_t n = 200000;
	size_t guesses = 0;
	const struct term_lookup counted = { .guess = guess_counted,
		.describe = describe_word,
		.ctx = &guesses };
	struct import_draft d = { .lookup = &counted,
		.messages = json_array() };
	struct prose p = { .take = NULL };
	char *text = malloc(n);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		text[i] = "a,\n"[i % 3];
	prose_read(&p, &d, slice_of(text, n), "description");
	assert_in_range(guesses, 1, PROSE_PIECES);
	assert_int_equal(json_array_size(d.messages), 2);
	assert_at(d.messages, "1.message",
	    "\"only the first 2000 phrases of the texts were read\"");
	/* said once for a draft */
	prose_read(&p, &d, slice_str("a, b"), "qualifications");
	assert_int_equal(json_array_size(d.messages), 2);
	json_decref(d.messages);
	free(text);
}

/* ---- nothing but text ---- */

static void
test_text_resume(void **state)
{
	static const struct {
		const char *text, *skills, *languages;
	} cases[] = {
		{ "Ada Geheim\nSchwei\xc3\x9f"
		  "en, Python\n"
		  "Sprachen: Deutsch (Muttersprache), Englisch B1\n",
		    "2",
		    "[{\"language\":\"de\",\"cefr\":7},"
		    "{\"language\":\"en\",\"cefr\":3}]" },
		{ "# Ada Secret\r\n\r\n## Skills\r\n\r\n- **welding**\r\n"
		  "* `python`\r\n\r\n## Languages\r\n- English: native\r\n"
		  "- **German**: good\r\n- French - B2\r\n",
		    "2",
		    "[{\"language\":\"en\",\"cefr\":7},"
		    "{\"language\":\"de\",\"cefr\":4},"
		    "{\"language\":\"fr\",\"cefr\":4}]" },
		/* a word for the list in the same line */
		{ "Skills: python, blueprint reading\n", "2", "none" },
		{ "Deutsch: C1\n", "none",
		    "[{\"language\":\"de\",\"cefr\":5}]" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *report;
		char have[8] = "none";
		assert_int_equal(import_text_resume(slice_str(cases[i].text),
				     &lookup, &plain, &report),
		    OK);
		const json_t *skills = at(report, "draft.skills");
		if (skills != NULL)
			(void)snprintf(
			    have, sizeof(have), "%zu", json_array_size(skills));
		assert_string_equal(have, cases[i].skills);
		assert_at(report, "draft.languages", cases[i].languages);
		assert_at(report, "kept_private.0.field", "\"text\"");
		char *all = json_dumps(report, 0);
		assert_null(strstr(all, "Ada"));
		free(all);
		json_decref(report);
	}
}

static void
test_text_job(void **state)
{
	static const char text[] = "# Schwei\xc3\x9f"
				   "er (m/w/d\n\nIhr Profil: Python\n"
				   "- **Schwei\xc3\x9f"
				   "en**\n- Deutsch: B2\n"
				   "## Wir bieten\n- blueprint reading\n";
	json_t *report;

	(void)state;
	assert_int_equal(
	    import_text_job(slice_str(text), &lookup, &plain, &report), OK);
	assert_at(report, "ready", "1");
	assert_int_equal(
	    json_array_size(at(report, "demands.0.draft.requirements")), 2);
	assert_at(report, "demands.0.draft.languages",
	    "[{\"language\":\"de\",\"cefr\":4}]");
	json_t *title = json_object_iter_value(
	    json_object_iter(at(report, "demands.0.draft.title")));
	assert_string_equal(json_string_value(title), "Schwei\xc3\x9f"
						      "er (m/w/d");
	json_decref(report);
	/* a title alone; cut anywhere: no worse than less */
	for (size_t n = 0; n < sizeof(text); n++) {
		const err e = import_text_job(
		    slice_of(text, n), &lookup, &plain, &report);
		json_decref(report);
		(void)e;
		const err e2 = import_text_resume(
		    slice_of(text, n), &lookup, &plain, &report);
		json_decref(report);
		(void)e2;
	}
}

static void
test_text_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "%PDF-1.7\n", "\"this is a PDF, not text\"" },
		{ "PK\x03\x04\x14",
		    "\"this is a ZIP, as DOCX and ODT are, not text\"" },
		{ "{\\rtf1\\ansi", "\"this is an RTF file, not text\"" },
		{ "<html>", "\"this is a web page, not text\"" },
		{ "welding \xff", "\"this is not text in UTF-8\"" },
	};
	json_t *report;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct slice text = slice_str(cases[i].text);
		assert_int_equal(
		    import_text_resume(text, &lookup, &plain, &report),
		    ERR_FORM);
		assert_at(report, "messages.0.message", cases[i].why);
		assert_non_null(at(report, "messages.0.hint"));
		json_decref(report);
		assert_int_equal(
		    import_text_job(text, &lookup, &plain, &report), ERR_FORM);
		assert_at(report, "messages.0.message", cases[i].why);
		json_decref(report);
	}
	/* nothing known: the draft of before must not give way to nothing */
	assert_int_equal(
	    import_text_resume(slice_str("Hello\n"), &lookup, &plain, &report),
	    ERR_FORM);
	assert_at(report, "draft", "none");
	json_decref(report);
	assert_int_equal(
	    import_text_job(slice_str("\n--\n"), &lookup, &plain, &report),
	    ERR_FORM);
	json_decref(report);
}

/* What is further off than any tag is long ends none. */
static void
test_open_tag(void **state)
{
	char text[6000];

	(void)state;
	/* a picture within the text may be long; without an end it is text */
	memset(text, 'x', sizeof(text));
	memcpy(text, "see <a", 6);
	text[sizeof(text) - 1] = '>';
	json_t *out = plain_text(slice_of(text, sizeof(text)), 8000, NULL);
	assert_string_equal(json_string_value(out), "see");
	json_decref(out);
	text[sizeof(text) - 1] = 'x';
	out = plain_text(slice_of(text, sizeof(text)), 8000, NULL);
	assert_int_equal(json_string_length(out), sizeof(text));
	json_decref(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_plain_text),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_review_file),
		cmocka_unit_test(test_job),
		cmocka_unit_test(test_job_faults),
		cmocka_unit_test(test_csv_demands),
		cmocka_unit_test(test_csv_courses),
		cmocka_unit_test(test_csv_rows_that_fail),
		cmocka_unit_test(test_csv_files_that_fail),
		cmocka_unit_test(test_column_names),
		cmocka_unit_test(test_salaries),
		cmocka_unit_test(test_spoken),
		cmocka_unit_test(test_countries),
		cmocka_unit_test(test_csv_description),
		cmocka_unit_test(test_csv_of_a_spreadsheet),
		cmocka_unit_test(test_web_page),
		cmocka_unit_test(test_esco),
		cmocka_unit_test(test_onet),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_lookup_words),
		cmocka_unit_test(test_two_languages),
		cmocka_unit_test(test_demo_people),
		cmocka_unit_test(test_demo_tables),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_open_tag),
		cmocka_unit_test(test_text_resume),
		cmocka_unit_test(test_text_job),
		cmocka_unit_test(test_text_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
