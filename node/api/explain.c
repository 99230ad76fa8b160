#include "node/api/explain.h"

#include <stdio.h>
#include <stdlib.h>

static const char *
choice_name(const struct field_choice *c, uint64_t number)
{
	for (; c != NULL && c->name != NULL; c++)
		if (c->number == number)
			return c->name;
	return "other";
}

/* "welding", or the digits of a term that nobody here knows. */
static void
label_text(const struct label_scope *s, uint64_t term, char *out, size_t cap)
{
	struct slice label;

	if (scope_label(s, term, &label)) {
		(void)snprintf(out, cap, "%.*s", (int)MIN(label.n, cap - 1),
		    (const char *)label.p);
		return;
	}
	char digits[2 * TERM_ID + 1];
	term_text(digits, term);
	(void)snprintf(out, cap, "%s", digits);
}

static json_t *
graded_json(const struct label_scope *s, uint64_t term, unsigned level)
{
	json_t *o = term_json(s, term);

	json_uint(o, "level", level);
	return o;
}

const char *
posting_type_name(unsigned type)
{
	const struct field *f =
	    field_find(schema_latest(KIND_DEMAND)->fields, slice_str("type"));

	return type == 0 || f == NULL ? "" : choice_name(f->choices, type);
}

/* ---- what a posting offers ---- */

json_t *
teaches_json(const struct label_scope *s, const struct posting *p)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < p->teaches_n; i++)
		(void)json_array_append_new(list,
		    graded_json(s, p->teaches[i].term, p->teaches[i].level));
	return list;
}

json_t *
pays_json(const struct label_scope *s, const struct posting *p)
{
	const struct field *invests = field_find(
	    schema_latest(KIND_DEMAND)->fields, slice_str("invests"));
	const struct field *kind =
	    invests == NULL
		? NULL
		: field_find(invests->element->fields, slice_str("kind"));
	json_t *list = json_array();

	for (uint16_t i = 0; i < p->invests_n; i++) {
		const struct investment *v = &p->invests[i];
		json_t *o = json_object();
		(void)json_object_set_new(o, "kind",
		    json_string(choice_name(
			kind == NULL ? NULL : kind->choices, v->kind)));
		if (v->amount > 0)
			json_uint(o, "amount", v->amount);
		if (v->currency[0] != 0)
			(void)json_object_set_new(
			    o, "currency", json_string(v->currency));
		if (v->hours > 0)
			json_uint(o, "hours", v->hours);
		if (v->term != 0)
			(void)json_object_set_new(
			    o, "for", term_json(s, v->term));
		(void)json_array_append_new(list, o);
	}
	return list;
}

json_t *
missing_json(const struct label_scope *s, const struct score *fit)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < fit->lines_n; i++) {
		const struct score_line *l = &fit->lines[i];
		if (l->kind != LINE_REQUIREMENT || l->ask || l->asked == 0 ||
		    l->credit >= CREDIT_MAX)
			continue;
		json_t *o = graded_json(s, l->asked, l->asked_level);
		json_uint(
		    o, "held_level", l->via == VIA_EXACT ? l->held_level : 0);
		json_uint(o, "credit", l->credit);
		json_truth(o, "must", l->must);
		(void)json_array_append_new(list, o);
	}
	return list;
}

json_t *
gives_json(const struct label_scope *s, const struct score *wish)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < wish->lines_n; i++) {
		const struct score_line *l = &wish->lines[i];
		if (l->kind == LINE_ASPIRATION && l->credit > 0)
			(void)json_array_append_new(
			    list, graded_json(s, l->asked, l->asked_level));
	}
	return list;
}

/* ---- gates ---- */

void
gate_text(const struct label_scope *s, enum gate_kind kind, uint64_t term,
    uint32_t language, char *out, size_t cap)
{
	char label[TERM_LABEL_MAX + 1];

	if (term != 0) {
		label_text(s, term, label, sizeof(label));
		(void)snprintf(out, cap, "%s: %s", gate_name(kind), label);
	} else if (language != 0) {
		char code[4] = "";
		(void)language_put(code, language);
		(void)snprintf(out, cap, "%s: %s", gate_name(kind), code);
	} else {
		(void)snprintf(out, cap, "%s", gate_name(kind));
	}
}

/* What ${short_by} counts; NULL: nothing that has a number. */
static const char *
gate_unit(enum gate_kind kind)
{
	static const char *const units[GATE_KINDS] = {
		[GATE_MUST] = "levels",
		[GATE_LANGUAGE] = "levels",
		[GATE_HOURS] = "hours a week",
		[GATE_PAY] = "minor units of money",
		[GATE_DAY] = "hours a day",
		[GATE_DAYS] = "days a week",
		[GATE_ZONE] = "minutes",
		[GATE_START] = "days",
		[GATE_END] = "days",
	};

	return units[kind];
}

static void
gate_why(const struct gate *g, char *out, size_t cap)
{
	const char *unit = gate_unit(g->kind);

	if (g->state == GATE_PASS)
		out[0] = 0;
	else if (g->state == GATE_ASK)
		(void)snprintf(out, cap, "not told: ask");
	else if (g->short_by > 0 && unit != NULL)
		(void)snprintf(out, cap, "%s by %" PRIu64 " %s",
		    g->state == GATE_NEAR ? "nearly missed" : "missed",
		    g->short_by, unit);
	else
		(void)snprintf(out, cap, "%s",
		    g->state == GATE_NEAR ? "nearly missed" : "missed");
}

static void
add_gates(const struct label_scope *s, const struct score *score,
    const char *of, bool all, json_t *list)
{
	for (uint16_t i = 0; i < score->gates_n; i++) {
		const struct gate *g = &score->gates[i];
		char text[TERM_LABEL_MAX + 40], why[80];
		if (!all && g->state != GATE_FAIL && g->state != GATE_NEAR)
			continue;
		json_t *o = json_object();
		gate_text(s, g->kind, g->term, g->language, text, sizeof(text));
		gate_why(g, why, sizeof(why));
		(void)json_object_set_new(o, "of", json_string(of));
		(void)json_object_set_new(
		    o, "gate", json_string(gate_name(g->kind)));
		(void)json_object_set_new(o, "name", json_string(text));
		(void)json_object_set_new(
		    o, "state", json_string(gate_state_name(g->state)));
		json_truth(o, "passed", g->state != GATE_FAIL);
		(void)json_object_set_new(o, "why", json_string(why));
		json_uint(o, "short_by", g->short_by);
		const char *unit = gate_unit(g->kind);
		(void)json_object_set_new(o, "unit",
		    g->short_by > 0 && unit != NULL ? json_string(unit)
						    : json_null());
		if (g->term != 0)
			(void)json_object_set_new(
			    o, "term", term_json(s, g->term));
		(void)json_array_append_new(list, o);
	}
}

json_t *
missed_json(const struct label_scope *s, const struct score *fit,
    const struct score *wish)
{
	json_t *list = json_array();

	add_gates(s, fit, "fit", false, list);
	add_gates(s, wish, "wish", false, list);
	return list;
}

/* Fit and wish often ask the same. */
static void
append_once(json_t *list, json_t *o)
{
	size_t i;
	json_t *had;

	json_array_foreach(list, i, had) if (json_equal(had, o))
	{
		json_decref(o);
		return;
	}
	(void)json_array_append_new(list, o);
}

static void
add_asked(const struct label_scope *s, const struct score *score, json_t *list)
{
	for (uint16_t i = 0; i < score->gates_n; i++) {
		const struct gate *g = &score->gates[i];
		char text[TERM_LABEL_MAX + 40];
		if (g->state != GATE_ASK)
			continue;
		gate_text(s, g->kind, g->term, g->language, text, sizeof(text));
		append_once(list, json_pack("{s:s}", "label", text));
	}
	for (uint16_t i = 0; i < score->lines_n; i++) {
		const struct score_line *l = &score->lines[i];
		if (l->ask)
			append_once(list, l->asked != 0
					      ? term_json(s, l->asked)
					      : json_pack("{s:s}", "label",
						    line_name(l->kind)));
	}
}

json_t *
ask_json(const struct label_scope *s, const struct score *fit,
    const struct score *wish)
{
	json_t *list = json_array();

	add_asked(s, fit, list);
	if (wish != NULL)
		add_asked(s, wish, list);
	return list;
}

/* ---- the lines of a score ---- */

static void
add_lines(const struct label_scope *s, const struct score *score,
    const char *of, json_t *list)
{
	for (uint16_t i = 0; i < score->lines_n; i++) {
		const struct score_line *l = &score->lines[i];
		json_t *o =
		    l->asked != 0 ? term_json(s, l->asked) : json_object();
		if (l->asked == 0 ||
		    json_is_null(json_object_get(o, "label"))) {
			char label[TERM_LABEL_MAX + 1];
			if (l->asked != 0)
				label_text(s, l->asked, label, sizeof(label));
			(void)json_object_set_new(o, "label",
			    json_string(
				l->asked != 0 ? label : line_name(l->kind)));
		}
		(void)json_object_set_new(o, "of", json_string(of));
		(void)json_object_set_new(
		    o, "kind", json_string(line_name(l->kind)));
		json_uint(o, "asked", l->asked_level);
		json_uint(o, "held", l->held_level);
		if (l->held != 0 && l->via != VIA_EXACT &&
		    l->via != VIA_NOTHING) {
			json_t *via = term_json(s, l->held);
			(void)json_object_set_new(
			    via, "how", json_string(via_name(l->via)));
			(void)json_object_set_new(o, "via", via);
		} else {
			(void)json_object_set_new(o, "via", json_null());
		}
		(void)json_object_set_new(
		    o, "match", json_string(via_name(l->via)));
		json_truth(o, "must", l->must);
		json_truth(o, "ask", l->ask);
		json_uint(o, "credit", l->credit);
		json_uint(o, "weight", l->weight);
		(void)json_object_set_new(o, "points", json_integer(l->points));
		(void)json_object_set_new(
		    o, "points_most", json_integer(l->points_most));
		(void)json_array_append_new(list, o);
	}
}

/* ---- the same, as a person asks: what is there, near, missing, unknown - */

static const char *
line_status(const struct score_line *l)
{
	if (l->kind == LINE_UNWANTED)
		return "unwanted";
	if (l->ask || l->kind == LINE_NEUTRAL)
		return "unknown";
	if (l->credit >= CREDIT_MAX)
		return "have";
	return l->credit > 0 ? "near" : "missing";
}

static bool
card_holds(const struct card *c, uint64_t term)
{
	for (uint16_t i = 0; i < c->skills_n; i++)
		if (c->skills[i].term == term)
			return true;
	return false;
}

/* Where the credit of a line comes from; JSON null: from nowhere. */
static json_t *
source_json(const struct label_scope *s, const struct pair *p,
    const struct score_line *l)
{
	if (l->held == 0)
		return json_null();
	json_t *o = graded_json(s, l->held, l->held_level);
	const char *from = l->kind != LINE_REQUIREMENT    ? "posting"
			   : card_holds(p->bare, l->held) ? "card"
							  : "private";
	(void)json_object_set_new(o, "how", json_string(via_name(l->via)));
	(void)json_object_set_new(o, "from", json_string(from));
	return o;
}

static json_t *
sides_json(const struct label_scope *s, const struct pair *p,
    const struct score *score, bool of_fit)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < score->lines_n; i++) {
		const struct score_line *l = &score->lines[i];
		if (of_fit && l->kind != LINE_REQUIREMENT)
			continue;
		json_t *o =
		    l->asked != 0
			? graded_json(s, l->asked, l->asked_level)
			: json_pack("{s:s}", "label", line_name(l->kind));
		(void)json_object_set_new(
		    o, "kind", json_string(line_name(l->kind)));
		(void)json_object_set_new(
		    o, "status", json_string(line_status(l)));
		if (of_fit)
			json_truth(o, "must", l->must);
		json_uint(o, "weight", l->weight);
		json_uint(o, "credit", l->credit);
		(void)json_object_set_new(o, "points", json_integer(l->points));
		(void)json_object_set_new(
		    o, "points_most", json_integer(l->points_most));
		(void)json_object_set_new(o, "source", source_json(s, p, l));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static void
add_terms(
    const struct label_scope *s, const uint64_t *terms, size_t n, json_t *list)
{
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, term_json(s, terms[i]));
}

/* ---- what would help ---- */

static void
effect_text(char *out, size_t cap, int32_t before, int32_t after,
    bool excluded_before, bool excluded_after)
{
	(void)snprintf(out, cap,
	    "fit %" PRId32 ".%02" PRId32 " to %" PRId32 ".%02" PRId32 "%s",
	    before / 100, before % 100, after / 100, after % 100,
	    excluded_before && !excluded_after ? ", no longer excluded" : "");
}

void
change_text(const struct label_scope *s, uint64_t term, unsigned from,
    unsigned to, char *out, size_t cap)
{
	char label[TERM_LABEL_MAX + 1];

	label_text(s, term, label, sizeof(label));
	if (from == 0)
		(void)snprintf(out, cap, "%s at level %u", label, to);
	else
		(void)snprintf(
		    out, cap, "%s from level %u to %u", label, from, to);
}

static json_t *
change_json(const struct label_scope *s, const struct change *c)
{
	char what[TERM_LABEL_MAX + 40], effect[80];
	json_t *o = term_json(s, c->term);

	change_text(s, c->term, c->from_level, c->to_level, what, sizeof(what));
	effect_text(effect, sizeof(effect), c->before, c->after,
	    c->excluded_before, c->excluded_after);
	(void)json_object_set_new(
	    o, "text", json_sprintf("%s: %s", what, effect));
	json_uint(o, "from_level", c->from_level);
	json_uint(o, "to_level", c->to_level);
	(void)json_object_set_new(o, "before", json_integer(c->before));
	(void)json_object_set_new(o, "after", json_integer(c->after));
	json_truth(o, "excluded_before", c->excluded_before);
	json_truth(o, "excluded_after", c->excluded_after);
	return o;
}

/* The course of a step; NULL: it is not there any more. */
static json_t *
course_json(struct task *t, const uint8_t *id, const struct label_scope *s,
    struct reader *rd)
{
	struct store_record r;
	struct slice title;
	json_t *o;

	if (store_get(t->view, id, &r) != OK || !reader_open(rd, &r))
		return NULL;
	o = json_object();
	json_id(o, "id", id);
	json_did(o, "author", r.author);
	if (text_pick(value_find(&rd->payload, 2), s->language, &title))
		json_text(o, "title", title);
	json_t *provider = organisation_name(t->view, r.author,
	    &(struct value){ .type = VALUE_MAP }, rd, s->language);
	(void)json_object_set_new(
	    o, "provider", provider == NULL ? json_null() : provider);
	return o;
}

json_t *
step_json(struct task *t, const struct label_scope *s,
    const struct learning_step *step, struct reader *rd)
{
	char label[TERM_LABEL_MAX + 1], effect[80], how[160];
	json_t *o = term_json(s, step->term);
	json_t *course =
	    step->by_posting ? NULL : course_json(t, step->id, s, rd);
	const char *title = json_string_value(json_object_get(course, "title"));

	label_text(s, step->term, label, sizeof(label));
	effect_text(effect, sizeof(effect), step->before, step->after,
	    step->excluded_before, step->excluded_after);
	if (step->by_posting)
		(void)snprintf(how, sizeof(how), "taught on the job");
	else
		(void)snprintf(how, sizeof(how), "%.120s",
		    title == NULL ? "a course" : title);
	(void)json_object_set_new(o, "text",
	    json_sprintf("%s to level %u: %s, paid by %s; %s", label,
		(unsigned)step->to_level, how, who_pays_name(step->payer),
		effect));
	json_uint(o, "from_level", step->from_level);
	json_uint(o, "to_level", step->to_level);
	json_truth(o, "by_posting", step->by_posting);
	(void)json_object_set_new(
	    o, "course", course == NULL ? json_null() : course);
	json_uint(o, "hours", step->hours);
	json_uint(o, "weeks", step->weeks);
	if (step->currency[0] != 0)
		(void)json_object_set_new(o, "cost",
		    json_pack("{s:I, s:s}", "amount", (json_int_t)step->cost,
			"currency", step->currency));
	else
		(void)json_object_set_new(o, "cost", json_null());
	(void)json_object_set_new(
	    o, "payer", json_string(who_pays_name(step->payer)));
	json_uint(o, "paid_by_posting", step->paid_by_posting);
	(void)json_object_set_new(o, "before", json_integer(step->before));
	(void)json_object_set_new(o, "after", json_integer(step->after));
	json_truth(o, "excluded_before", step->excluded_before);
	json_truth(o, "excluded_after", step->excluded_after);
	return o;
}

void
hashes_json(const struct task *t, json_t *o)
{
	json_hex(o, "vocabulary_hash",
	    slice_of(vocabulary_hash(t->meaning.vocabulary), VOCABULARY_HASH));
	json_hex(o, "rarity_hash",
	    slice_of(t->meaning.rarity->hash, VOCABULARY_HASH));
}

/* ---- all of it ---- */

static void
put_scores(const struct label_scope *s, const struct score *fit,
    const struct score *wish, json_t *o)
{
	json_t *terms = json_array(), *gates = json_array();
	json_t *strange = json_array(), *unused = json_array();

	json_uint(o, "fit", (uint64_t)MAX(fit->total, 0));
	json_uint(o, "wish", (uint64_t)MAX(wish->total, 0));
	json_uint(
	    o, "score", (uint64_t)MAX(score_both(fit->total, wish->total), 0));
	json_uint(o, "score_max", SCORE_MAX);
	json_truth(o, "excluded", fit->excluded || wish->excluded);
	json_truth(o, "near", fit->near || wish->near);
	add_lines(s, fit, "fit", terms);
	add_lines(s, wish, "wish", terms);
	(void)json_object_set_new(o, "terms", terms);
	add_gates(s, fit, "fit", true, gates);
	add_gates(s, wish, "wish", true, gates);
	(void)json_object_set_new(o, "gates", gates);
	(void)json_object_set_new(o, "missing", missing_json(s, fit));
	(void)json_object_set_new(o, "unknown", ask_json(s, fit, wish));
	add_terms(s, fit->not_understood, fit->not_understood_n, strange);
	(void)json_object_set_new(o, "not_understood", strange);
	add_terms(s, fit->unused, fit->unused_n, unused);
	(void)json_object_set_new(o, "unused", unused);
}

err
explain_pair(struct task *t, const struct label_scope *s,
    const struct pair *pair, struct reader *rd, json_t *o)
{
	struct plan *plan = NULL;
	struct change change;
	const err e = plan_new(&t->meaning, pair->posting, &plan);

	if (e != OK)
		return e;
	put_scores(s, pair->fit, pair->wish, o);
	(void)json_object_set_new(
	    o, "requirements", sides_json(s, pair, pair->fit, true));
	(void)json_object_set_new(
	    o, "wants", sides_json(s, pair, pair->wish, false));
	const bool helps = score_change(plan, &pair->person->card, &change);
	(void)json_object_set_new(o, "what_would_change_it",
	    helps ? change_json(s, &change) : json_null());
	(void)json_object_set_new(o, "next_step",
	    pair->step != NULL ? step_json(t, s, pair->step, rd) : json_null());
	(void)json_object_set_new(o, "teaches", teaches_json(s, pair->posting));
	(void)json_object_set_new(o, "pays", pays_json(s, pair->posting));
	hashes_json(t, o);
	plan_free(plan);
	return OK;
}
