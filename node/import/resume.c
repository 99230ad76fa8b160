#include "node/import/resume.h"

#include <ctype.h>
#include <stdio.h>

#include "node/import/parts.h"
#include "node/import/prose.h"

#define SKILLS_MAX      64
#define ASPIRATIONS_MAX 32
#define PURPOSES_MAX    16
#define LANGUAGES_MAX   16
#define LEVEL_UNSAID    3
#define LEVEL_WISHED    2

static struct slice
text_at(const json_t *o, const char *key)
{
	const json_t *s = json_object_get(o, key);

	return json_is_string(s)
		   ? slice_of(json_string_value(s), json_string_length(s))
		   : slice_of(NULL, 0);
}

/* "3", "3/5", "4 of 5", "60%": a part of a whole; 0: no number. */
static unsigned
level_of_number(struct slice s)
{
	uint64_t n = 0, of = 0;
	size_t i = 0, from;

	for (; i < s.n && i < 4 && isdigit(s.p[i]); i++)
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	if (i == 0)
		return 0;
	if (i < s.n && s.p[i] == '%')
		of = 100;
	for (from = i; from < s.n && !isdigit(s.p[from]); from++)
		;
	for (; of < 1000 && from < s.n && isdigit(s.p[from]); from++)
		of = of * 10 + (uint64_t)(s.p[from] - '0');
	if (of == 0)
		return n >= 1 && n <= 5 && i == s.n ? (unsigned)n : 0;
	if (n > of)
		return 0;
	return (unsigned)MAX(1U, (n * 5 + of - 1) / of);
}

unsigned
level_of_words(struct slice text)
{
	/* the first that fits counts, so longer words come first */
	static const struct {
		const char *word;
		unsigned level;
	} words[] = {
		{ "very good", 4 },
		{ "sehr gut", 4 },
		{ "tr\xc3\xa8s bon", 4 },
		{ "muy buen", 4 },
		{ "expert", 5 },
		{ "master", 5 },
		{ "senior", 5 },
		{ "native", 5 },
		{ "meister", 5 },
		{ "excellent", 5 },
		{ "ausgezeichnet", 5 },
		{ "excelente", 5 },
		{ "advanced", 4 },
		{ "proficient", 4 },
		{ "strong", 4 },
		{ "fortgeschritten", 4 },
		{ "avanc", 4 },
		{ "avanz", 4 },
		{ "confirm", 4 },
		{ "ma\xc3\xaetris", 4 },
		{ "intermedi", 3 },
		{ "interm\xc3\xa9", 3 },
		{ "competent", 3 },
		{ "good", 3 },
		{ "gut", 3 },
		{ "solid", 3 },
		{ "mittel", 3 },
		{ "bon", 3 },
		{ "buen", 3 },
		{ "elementary", 2 },
		{ "fair", 2 },
		{ "familiar", 2 },
		{ "some experience", 2 },
		{ "erste erfahrung", 2 },
		{ "beginner", 1 },
		{ "basic", 1 },
		{ "basis", 1 },
		{ "novice", 1 },
		{ "grund", 1 },
		{ "anf\xc3\xa4nger", 1 },
		{ "notions", 1 },
		{ "d\xc3\xa9"
		  "butant",
		    1 },
		{ "principiante", 1 },
		{ "b\xc3\xa1sic", 1 },
		{ "learning", 1 },
		{ "trainee", 1 },
	};

	text = slice_trim(text);
	const unsigned level = level_of_number(text);
	if (level != 0)
		return level;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_has_word(text, words[i].word))
			return words[i].level;
	return 0;
}

static bool
full(struct import_draft *d, const char *name, size_t max, const char *field)
{
	const bool yes = json_array_size(import_list(d->draft, name)) >= max;

	if (yes)
		import_note(d, field, "keep the ones that matter most",
		    "a profile has at most %zu %s: the rest was left out", max,
		    name);
	return yes;
}

/* One phrase into the list that fits the type of its term. */
static void
take_skill(struct import_draft *d, struct slice text, unsigned level,
    const char *field)
{
	struct import_term t;

	if (text.n == 0 || full(d, "skills", SKILLS_MAX, field) ||
	    !import_term(d, text, 0, field, &t))
		return;
	(void)json_object_set_new(t.entry, "level", json_integer(level));
	import_skill(import_list(d->draft, "skills"), &t, level);
}

/* A phrase of the list of skills; "Projekt- und Zeitmanagement" are two. */
static void
take_phrase(struct import_draft *d, struct slice text, unsigned level,
    const char *field)
{
	struct slice pair[2] = { text, { NULL, 0 } };
	char bytes[128];

	if (text.n > 0)
		(void)prose_pair(d, text, pair, bytes, sizeof(bytes));
	take_skill(d, pair[0], level, field);
	take_skill(d, pair[1], level, field);
}

static void
take_interest(struct import_draft *d, struct slice text, const char *field)
{
	struct import_term t;
	size_t i;
	json_t *item;

	if (text.n == 0 || !import_term(d, text, 0, field, &t))
		return;
	if (t.type == TERM_PURPOSE) {
		json_t *list = import_list(d->draft, "purposes");
		json_array_foreach(
		    list, i, item) if (strcmp(json_string_value(item), t.hex) ==
				       0) return;
		if (!full(d, "purposes", PURPOSES_MAX, field))
			(void)json_array_append_new(list, json_string(t.hex));
		return;
	}
	unsigned level = LEVEL_WISHED;
	json_array_foreach(json_object_get(d->draft, "skills"), i, item)
	{
		const json_int_t have =
		    json_integer_value(json_object_get(item, "level"));
		if (strcmp(json_string_value(json_object_get(item, "term")),
			t.hex) == 0)
			level = have >= 4 ? 5 : (unsigned)have + 1;
	}
	if (full(d, "aspirations", ASPIRATIONS_MAX, field))
		return;
	(void)json_object_set_new(t.entry, "level", json_integer(level));
	import_skill(import_list(d->draft, "aspirations"), &t, level);
}

/* skills: [{name, level, keywords}], interests: [{name, keywords}] */
static void
take_list(struct import_draft *d, const json_t *list, bool interests)
{
	const char *name = interests ? "interests" : "skills";
	char field[64];
	size_t i, k;
	json_t *item, *word;

	if (list != NULL && !json_is_array(list))
		import_note(
		    d, name, "write [{\"name\": \"...\"}]", "must be a list");
	json_array_foreach(list, i, item)
	{
		const unsigned said = level_of_words(text_at(item, "level"));
		const unsigned level = said != 0 ? said : LEVEL_UNSAID;
		(void)snprintf(field, sizeof(field), "%s[%zu].name", name, i);
		/* a bare word in the list is common, though not the schema */
		struct slice text = json_is_string(item)
					? slice_of(json_string_value(item),
					      json_string_length(item))
					: text_at(item, "name");
		if (interests)
			take_interest(d, text, field);
		else
			take_phrase(d, text, level, field);
		json_array_foreach(json_object_get(item, "keywords"), k, word)
		{
			(void)snprintf(field, sizeof(field),
			    "%s[%zu].keywords[%zu]", name, i, k);
			text = json_is_string(word)
				   ? slice_of(json_string_value(word),
					 json_string_length(word))
				   : slice_of(NULL, 0);
			if (interests)
				take_interest(d, text, field);
			else
				take_phrase(d, text, level, field);
		}
	}
}

static void
take_languages(struct import_draft *d, const json_t *list)
{
	char field[64], letters[4];
	size_t i, k;
	json_t *item, *other;

	json_array_foreach(list, i, item)
	{
		const struct slice name = text_at(item, "language");
		const struct slice fluency = text_at(item, "fluency");
		const uint32_t code = language_get(name);
		unsigned level = fluency_get(fluency);
		bool twice = false;
		(void)snprintf(field, sizeof(field), "languages[%zu]", i);
		if (code == 0 || !language_put(letters, code)) {
			import_unmapped(d, name, field);
			continue;
		}
		if (level == 0) {
			level = 3;
			import_note(d, field, "set it to A1 to C2 or native",
			    "how well is not said in known words: B1 assumed");
		}
		json_t *out = import_list(d->draft, "languages");
		json_array_foreach(out, k, other) twice =
		    twice || strcmp(json_string_value(
					json_object_get(other, "language")),
				 letters) == 0;
		if (twice || full(d, "languages", LANGUAGES_MAX, field))
			continue;
		(void)json_array_append_new(
		    out, json_pack("{s:s, s:i}", "language", letters, "cefr",
			     (int)level));
	}
}

/* What somebody did shows what they can do: the terms, not the text. */
static void
take_named(void *ctx, const struct prose_hit *hit)
{
	struct import_draft *d = ctx;

	if (full(d, "skills", SKILLS_MAX, "work"))
		return;
	(void)json_object_set_new(
	    hit->term->entry, "level", json_integer(LEVEL_UNSAID));
	import_skill(import_list(d->draft, "skills"), hit->term, LEVEL_UNSAID);
}

/* A text, or a list of them. */
static void
take_texts(
    struct prose *p, struct import_draft *d, const json_t *v, const char *field)
{
	const json_t *item;
	size_t i;

	if (json_is_string(v))
		prose_read(p, d,
		    slice_of(json_string_value(v), json_string_length(v)),
		    field);
	json_array_foreach(v, i, item)
	{
		if (json_is_string(item))
			take_texts(p, d, item, field);
	}
}

static void
take_work(struct import_draft *d, const json_t *resume)
{
	static const struct {
		const char *section, *key;
	} parts[] = { { "work", "summary" }, { "work", "highlights" },
		{ "volunteer", "summary" }, { "volunteer", "highlights" },
		{ "projects", "description" }, { "projects", "highlights" },
		{ "projects", "keywords" }, { "education", "courses" },
		{ "certificates", "name" } };
	struct prose p = { .take = take_named, .ctx = d };
	char field[48];
	const json_t *item;
	size_t k;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		json_array_foreach(
		    json_object_get(resume, parts[i].section), k, item)
		{
			(void)snprintf(field, sizeof(field), "%s[%zu].%s",
			    parts[i].section, k, parts[i].key);
			take_texts(
			    &p, d, json_object_get(item, parts[i].key), field);
		}
}

/* What is in the file and never gets into a draft. */
static json_t *
private_parts(const json_t *resume)
{
	static const struct {
		const char *section, *key, *why;
	} parts[] = {
		{ "basics", "name", "your name" },
		{ "basics", "label", "free text" },
		{ "basics", "image", "a picture of you" },
		{ "basics", "email", "how to reach you" },
		{ "basics", "phone", "how to reach you" },
		{ "basics", "url", "a page that names you" },
		{ "basics", "summary", "free text" },
		{ "basics", "profiles", "pages that name you" },
		{ NULL, "work", "employers, dates and free text" },
		{ NULL, "volunteer", "organisations, dates and free text" },
		{ NULL, "education", "schools and dates" },
		{ NULL, "awards", "names and dates" },
		{ NULL, "certificates", "shown in a conversation, not before" },
		{ NULL, "publications", "they name you" },
		{ NULL, "references", "names of others" },
		{ NULL, "projects", "names, dates and free text" },
		{ NULL, "meta", "not about what you can do" },
	};
	json_t *list = json_array();
	char field[48];

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const json_t *in =
		    parts[i].section == NULL
			? resume
			: json_object_get(resume, parts[i].section);
		if (json_object_get(in, parts[i].key) == NULL)
			continue;
		(void)snprintf(field, sizeof(field), "%s%s%s",
		    parts[i].section ? parts[i].section : "",
		    parts[i].section ? "." : "", parts[i].key);
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s}", "field", field, "why",
			      parts[i].why));
	}
	const json_t *place =
	    json_object_get(json_object_get(resume, "basics"), "location");
	if (json_object_size(place) >
	    (json_object_get(place, "countryCode") != NULL ? 1U : 0U))
		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s}", "field", "basics.location",
			      "why", "only the country is suggested"));
	return list;
}

/* Lists without a member are not valid in a payload: leave them out. */
static void
drop_empty(json_t *draft)
{
	const char *key;
	json_t *item;
	void *next;

	json_object_foreach_safe(draft, next, key,
	    item) if (json_is_array(item) && json_array_size(item) == 0)(void)
	    json_object_del(draft, key);
}

err
import_resume(const json_t *resume, const struct term_lookup *lookup,
    const struct import_options *o, json_t **report)
{
	struct import_draft d;
	char region[3];

	*report = json_object();
	import_draft_init(&d, lookup, o);
	if (!json_is_object(resume) ||
	    (!json_is_object(json_object_get(resume, "basics")) &&
		!json_is_array(json_object_get(resume, "skills")) &&
		!json_is_array(json_object_get(resume, "work")))) {
		import_fail(&d, "", "see https://jsonresume.org/schema",
		    "is not a JSON Resume: no basics, skills or work");
		(void)json_object_set(*report, "messages", d.messages);
		import_draft_drop(&d);
		return ERR_FORM;
	}
	/* not of the schema, but it allows more: what language this is in */
	uint32_t language =
	    language_get(text_at(json_object_get(resume, "meta"), "language"));
	if (language == 0)
		language = language_seen(resume);
	if (o->language == 0 && language != 0)
		d.language = language;
	take_list(&d, json_object_get(resume, "skills"), false);
	take_work(&d, resume);
	take_list(&d, json_object_get(resume, "interests"), true);
	take_languages(&d, json_object_get(resume, "languages"));
	const json_t *place =
	    json_object_get(json_object_get(resume, "basics"), "location");
	const struct slice country = text_at(place, "countryCode");
	if (country.n > 0 && region_get(country, region))
		(void)json_object_set_new(
		    *report, "region", json_string(region));
	else if (country.n > 0)
		import_note(&d, "basics.location.countryCode",
		    "write two letters, like \"DE\"", "is no country code");
	else if (o->region != NULL)
		(void)json_object_set_new(
		    *report, "region", json_string(o->region));
	drop_empty(d.draft);
	import_draft_finish(&d, KIND_PROFILE);
	import_draft_report(&d, *report);
	(void)json_object_set_new(
	    *report, "kept_private", private_parts(resume));
	import_draft_drop(&d);
	return OK;
}
