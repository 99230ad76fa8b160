/*
 * api/explain.h: scores, steps and what a posting offers as JSON with labels.
 * For a worker.
 */
#pragma once

#include "match/scan.h"
#include "node/api/parts.h"

/* What a person brings to a score, resolved. */
struct person {
	struct card card; /* with the private skills, if there are wishes */
	struct wishes wishes;
	bool has_wishes;
};

/* Everything about a pair that is to be explained. */
struct pair {
	const struct posting *posting;
	const struct person *person;
	const struct card *bare; /* without private skills: what others see */
	const struct score *fit, *wish;
	const struct learning_step *step; /* NULL: none helps */
};

/** level of a list: [{"term", "label", "level"}] */
json_t *teaches_json(const struct label_scope *s, const struct posting *p);
/** pays_json(s, p): [{"kind", "amount", "currency", "hours", "term"}] */
json_t *pays_json(const struct label_scope *s, const struct posting *p);
/** missing_json(s, fit): requirements that earn less than they could. */
json_t *missing_json(const struct label_scope *s, const struct score *fit);
/** gives_json(s, wish): of what the person wants to learn, what is taught. */
json_t *gives_json(const struct label_scope *s, const struct score *wish);
/** missed_json(s, fit, wish): gates that failed or nearly did, by how much. */
json_t *missed_json(const struct label_scope *s, const struct score *fit,
    const struct score *wish);
/** ask_json(s, a, b): what is unknown, from gates and lines. */
json_t *ask_json(const struct label_scope *s, const struct score *fit,
    const struct score *wish);

/** step_json(t, s, step, rd): with "text"; ${rd} reads the course. */
json_t *step_json(struct task *t, const struct label_scope *s,
    const struct learning_step *step, struct reader *rd);

/** hashes_json(t, o): of vocabulary and rarity table. */
void hashes_json(const struct task *t, json_t *o);

/** gate_text(s, g, out, cap): "must-have welding". */
void gate_text(const struct label_scope *s, enum gate_kind kind, uint64_t term,
    uint32_t language, char *out, size_t cap);

/** posting_type_name(type): "job"; 0: "". */
const char *posting_type_name(unsigned type);

/**
 * change_text(s, term, from, to, out, cap): "welding from level 1 to 3", or
 * "welding at level 3" when it is not held.
 */
void change_text(const struct label_scope *s, uint64_t term, unsigned from,
    unsigned to, char *out, size_t cap);

/**
 * explain_pair(t, s, pair, rd, o):
 * Put the whole explanation into ${o}; ${rd} reads the course of the step.
 */
NODISCARD err explain_pair(struct task *t, const struct label_scope *s,
    const struct pair *pair, struct reader *rd, json_t *o);
