/* Résumés and postings that are nothing but text; see import/text.h. */
#include "node/import/text.h"

#include <stdlib.h>

#include "node/import/job.h"
#include "node/import/page.h"
#include "node/import/parts.h"
#include "node/import/prose.h"

#define SKILLS_MAX    64
#define LANGUAGES_MAX 16
#define LEVEL_UNSAID  3

const struct text_document *
text_document(struct slice bytes)
{
	static const struct {
		struct slice begin;
		struct text_document what;
	} known[] = {
		{ { (const uint8_t *)"%PDF-", 5 },
		    { "a PDF",
			"pdftotext cv.pdf cv.txt, then import cv.txt" } },
		{ { (const uint8_t *)"PK\x03\x04", 4 },
		    { "a ZIP, as DOCX and ODT are",
			"pandoc -t plain cv.docx -o cv.txt, then import "
			"cv.txt" } },
		{ { (const uint8_t *)"{\\rtf", 5 },
		    { "an RTF file",
			"pandoc -t plain cv.rtf -o cv.txt, then import "
			"cv.txt" } },
		{ { (const uint8_t *)"\xd0\xcf\x11\xe0", 4 },
		    { "a DOC of old Word",
			"libreoffice --convert-to txt cv.doc, then import "
			"cv.txt" } },
	};
	static const struct text_document page = { "a web page",
		"pandoc -t plain cv.html -o cv.txt, then import cv.txt" };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (bytes.n >= known[i].begin.n &&
		    memcmp(bytes.p, known[i].begin.p, known[i].begin.n) == 0)
			return &known[i].what;
	return is_page(bytes) ? &page : NULL;
}

/* ---- Markdown ---- */

/* The next line, without the marks at its ends; ${heading}: "# ..." */
static bool
next_line(struct slice *rest, struct slice *out, bool *heading)
{
	while (rest->n > 0) {
		size_t n = 0;
		while (n < rest->n && strchr("\n\r\f\v", rest->p[n]) == NULL)
			n++;
		*out = slice_trim(slice_of(rest->p, n));
		slice_skip(rest, MIN(n + 1, rest->n));
		*heading = out->n > 0 && out->p[0] == '#';
		while (out->n > 0 && out->p[0] != 0 &&
		       strchr("#>*+-=_|~ \t", out->p[0]) != NULL)
			slice_skip(out, 1);
		while (out->n > 0 && out->p[out->n - 1] != 0 &&
		       strchr("*_|~` \t", out->p[out->n - 1]) != NULL)
			out->n--;
		/* "## Skills ##", yet not "C#" */
		if (*heading)
			while (out->n > 0 && out->p[out->n - 1] == '#')
				out->n--;
		*out = slice_trim(*out);
		if (out->n > 0)
			return true;
	}
	return false;
}

/* Without "**", "__" and "`" inside. */
static size_t
put_line(char *to, struct slice line)
{
	size_t n = 0;

	for (size_t i = 0; i < line.n; i++) {
		if (i + 1 < line.n && line.p[i] == line.p[i + 1] &&
		    (line.p[i] == '*' || line.p[i] == '_')) {
			i++;
			continue;
		}
		if (line.p[i] != '`' && line.p[i] != 0)
			to[n++] = (char)line.p[i];
	}
	return n;
}

json_t *
text_plain(struct slice text)
{
	/* a heading gets two bytes more than it had */
	char *to = malloc(2 * text.n + 2);
	struct slice line;
	size_t n = 0;
	bool heading;

	if (to == NULL)
		return NULL;
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		slice_skip(&text, 3);
	while (next_line(&text, &line, &heading)) {
		n += put_line(to + n, line);
		if (heading && n > 0 && to[n - 1] != ':')
			to[n++] = ':';
		to[n++] = '\n';
	}
	json_t *out = json_stringn(to, n);
	free(to);
	return out;
}

/* ---- a résumé ---- */

static void
take_named(void *ctx, const struct prose_hit *hit)
{
	struct import_draft *d = ctx;
	json_t *list = import_list(d->draft, "skills");

	if (json_array_size(list) == SKILLS_MAX)
		return;
	(void)json_object_set_new(
	    hit->term->entry, "level", json_integer(LEVEL_UNSAID));
	import_skill(list, hit->term, LEVEL_UNSAID);
}

static void
take_spoken(void *ctx, uint32_t language, unsigned level)
{
	struct import_draft *d = ctx;
	json_t *list = import_list(d->draft, "languages"), *have;
	char letters[4];
	size_t i;

	if (!language_put(letters, language) ||
	    json_array_size(list) == LANGUAGES_MAX)
		return;
	json_array_foreach(list, i, have)
	{
		if (strcmp(json_string_value(json_object_get(have, "language")),
			letters) == 0)
			return;
	}
	(void)json_array_append_new(list,
	    json_pack("{s:s, s:i}", "language", letters, "cefr", (int)level));
}

static err
refuse(json_t *report, const char *message, const char *hint)
{
	json_t *list = json_array();

	import_message(list, "", hint, "%s", message);
	(void)json_object_set_new(report, "messages", list);
	return ERR_FORM;
}

static err
not_text(struct slice text, json_t *report)
{
	const struct text_document *is = text_document(text);
	json_t *list = json_array();

	if (is == NULL) {
		json_decref(list);
		return OK;
	}
	import_message(list, "", is->hint, "this is %s, not text", is->name);
	(void)json_object_set_new(report, "messages", list);
	return ERR_FORM;
}

err
import_text_resume(struct slice text, const struct term_lookup *lookup,
    const struct import_options *o, json_t **report)
{
	struct import_draft d;
	struct prose p = {
		.take = take_named, .ctx = &d, .speak = take_spoken
	};

	*report = json_object();
	TRY(not_text(text, *report));
	json_t *plain = text_plain(text);
	if (plain == NULL)
		return refuse(*report, "this is not text in UTF-8",
		    "iconv -f latin1 -t utf-8 cv.txt > utf8.txt");
	import_draft_init(&d, lookup, o);
	const uint32_t seen = o->language == 0 ? language_seen(plain) : 0;
	if (seen != 0)
		d.language = seen;
	prose_read(&p, &d,
	    slice_of(json_string_value(plain), json_string_length(plain)),
	    "text");
	json_decref(plain);
	const bool skills =
	    json_array_size(json_object_get(d.draft, "skills")) > 0;
	const bool languages =
	    json_array_size(json_object_get(d.draft, "languages")) > 0;
	if (!skills && !languages) {
		import_draft_drop(&d);
		return refuse(*report,
		    "the text names no skill and no language that is known",
		    "list them, one a line; `ohcn vocabulary search WORD` "
		    "shows what is known");
	}
	if (!skills)
		(void)json_object_del(d.draft, "skills");
	if (!languages)
		(void)json_object_del(d.draft, "languages");
	if (o->region != NULL)
		(void)json_object_set_new(
		    *report, "region", json_string(o->region));
	import_draft_finish(&d, KIND_PROFILE);
	import_draft_report(&d, *report);
	(void)json_object_set_new(*report, "kept_private",
	    json_pack("[{s:s, s:s}]", "field", "text", "why",
		"the whole text: names, employers, dates, how to reach you"));
	import_draft_drop(&d);
	return OK;
}

/* ---- a posting ---- */

err
import_text_job(struct slice text, const struct term_lookup *lookup,
    const struct import_options *o, json_t **report)
{
	*report = json_object();
	TRY(not_text(text, *report));
	json_t *plain = text_plain(text);
	if (plain == NULL)
		return refuse(*report, "this is not text in UTF-8",
		    "iconv -f latin1 -t utf-8 job.txt > utf8.txt");
	struct slice rest = slice_of(
			 json_string_value(plain), json_string_length(plain)),
		     title;
	const uint8_t *end = rest.n == 0 ? NULL : memchr(rest.p, '\n', rest.n);
	if (end == NULL) {
		json_decref(plain);
		return refuse(*report, "there is no text in it",
		    "a title in the first line, then what is asked for");
	}
	title = slice_of(rest.p, (size_t)(end - rest.p));
	slice_skip(&rest, title.n + 1);
	if (title.n > 0 && title.p[title.n - 1] == ':')
		title.n--;
	json_t *job = json_pack("{s:s, s:s%}", "@type", "JobPosting", "title",
	    (const char *)title.p, title.n);
	rest = slice_trim(rest);
	if (rest.n > 0)
		(void)json_object_set_new(job, "description",
		    json_stringn((const char *)rest.p, rest.n));
	json_decref(plain);
	json_decref(*report);
	*report = NULL;
	const err e = import_job(job, lookup, o, report);
	json_decref(job);
	return e;
}
