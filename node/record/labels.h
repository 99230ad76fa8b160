/*
 * labels.h: what terms are called: by the vocabulary, or by the record that
 * uses them and brings its own. Any thread.
 */
#pragma once

#include "match/vocabulary/vocabulary.h"
#include "node/base/json.h"
#include "node/record/payload_json.h"

/* Where labels come from: the vocabulary, then the record itself. */
struct label_scope {
	const struct vocabulary *vocabulary;
	uint32_t language;
	const struct value *own[2]; /* "terms" of payloads; may be NULL */
};

/** scope_label(s, term, out): false: nobody here knows it. */
bool scope_label(const struct label_scope *s, uint64_t term, struct slice *out);
/** scope_labels(s): for payload_to_json(); borrows ${s}. */
struct payload_labels scope_labels(struct label_scope *s);
/** scope_add(s, kind, payload): its own terms, in the first free place. */
void scope_add(
    struct label_scope *s, uint32_t kind, const struct value *payload);

/** term_json(s, term): {"term", "label" or null}. */
json_t *term_json(const struct label_scope *s, uint64_t term);
void term_text(char out[2 * TERM_ID + 1], uint64_t term);

/** text_pick(map, language, out): of a text in languages; false: none. */
bool text_pick(const struct value *map, uint32_t language, struct slice *out);
