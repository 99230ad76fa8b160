/*
 * import/text.h: a résumé or a posting that is nothing but text, plain or
 * Markdown, as somebody typed it or a converter left it. One file is one
 * profile or one demand. What it names is read as all running text is
 * (import/prose.h), so less is found than in a list, and nothing of the text
 * of a résumé gets into the draft: only terms (level 3) and languages.
 * Of a posting the first line is the title, the rest the description.
 */
#pragma once

#include "node/import/import.h"

/* A file that only looks like text to nobody. */
struct text_document {
	const char *name; /* "a PDF" */
	const char *hint; /* a command that makes text of it */
};

/**
 * text_document(bytes): what ${bytes}, the begin of a file or all of it, are
 * if not text: PDF, ZIP (DOCX, ODT), RTF, old Word, a web page. NULL: none.
 */
const struct text_document *text_document(struct slice bytes);

/**
 * text_plain(text): without the marks of Markdown, line by line; a heading
 * ends with ":". The caller's reference; NULL: no UTF-8, or no memory.
 */
json_t *text_plain(struct slice text);

/**
 * import_text_resume(text, lookup, o, report):
 * ${report} as of import_resume(). ERR_FORM: no text, or it names no skill
 * and no language that is known (${report} then has only "messages");
 * ERR_NOMEM.
 */
NODISCARD err import_text_resume(struct slice text,
    const struct term_lookup *lookup, const struct import_options *o,
    json_t **report);

/** import_text_job(): the same of a posting; ${report} as of import_job(). */
NODISCARD err import_text_job(struct slice text,
    const struct term_lookup *lookup, const struct import_options *o,
    json_t **report);
