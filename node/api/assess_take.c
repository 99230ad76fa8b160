/*
 * Taking an assessment over the API: what was answered so far lies in the
 * vault, so that one can go on another day; the next item and the levels
 * follow from it. Answers never leave the node.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/assess.h"

#define ITEMS   4
#define PROMPT  4
#define OPTIONS 6

static const char *const type_names[] = { "", "single-choice",
	"multiple-choice", "number", "self-rating", "checklist" };

static void
run_name(const char *id, char out[VAULT_NAME_MAX + 1])
{
	const size_t n = strlen(id), tail = MIN(n, (size_t)24);

	(void)snprintf(out, VAULT_NAME_MAX + 1, RUN_NAME "%s", id + (n - tail));
}

/* ---- answers as JSON ---- */

/* 2, [0, 3] (numbers of options), "unknown", null (skipped). */
static bool
answer_read(const json_t *v, struct assess_answer *out)
{
	size_t i;
	json_t *one;

	*out = (struct assess_answer){ ASSESS_GIVEN, 0 };
	if (json_is_integer(v)) {
		out->value = json_integer_value(v);
	} else if (json_is_null(v)) {
		out->state = ASSESS_SKIPPED;
	} else if (json_is_string(v) &&
		   strcmp(json_string_value(v), "unknown") == 0) {
		out->state = ASSESS_UNKNOWN;
	} else if (json_is_array(v)) {
		json_array_foreach((json_t *)(uintptr_t)v, i, one)
		{
			const json_int_t bit = json_integer_value(one);
			if (!json_is_integer(one) || bit < 0 ||
			    bit >= ASSESS_OPTIONS_MAX)
				return false;
			out->value |= INT64_C(1) << bit;
		}
	} else {
		return false;
	}
	return true;
}

/* Puts every answer of ${from} down; the first that does not fit, or NULL. */
static const char *
answers_read(
    const struct paper *p, const json_t *from, struct assess_answers *out)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)from, key, v)
	{
		struct assess_answer one;
		char *end = NULL;
		const unsigned long item = strtoul(key, &end, 10);
		const json_t *shape = v;
		if (key[0] < '0' || key[0] > '9' || *end != 0 ||
		    item >= p->a.items_n || !answer_read(shape, &one) ||
		    (json_is_array(shape) &&
			p->a.items[item].type != ASSESS_MULTIPLE &&
			p->a.items[item].type != ASSESS_CHECKLIST) ||
		    assess_answer(&p->a, out, (unsigned)item, one) != OK)
			return key;
	}
	return NULL;
}

/* ---- the state ---- */

static json_t *
item_json(const struct paper *p, unsigned i)
{
	const struct value *items = value_find(&p->payload, ITEMS);
	const struct value *v = &items->items[i];
	const struct value *options = value_find(v, OPTIONS);
	const struct assess_item *it = &p->a.items[i];
	struct label_scope s = paper_scope(p);
	json_t *o = term_json(&s, p->a.measures[it->measure].term);
	json_t *list = json_array();
	struct slice text = { NULL, 0 };

	json_uint(o, "item", i);
	(void)json_object_set_new(o, "type", json_string(type_names[it->type]));
	(void)text_pick(value_find(v, PROMPT), p->language, &text);
	json_text(o, "prompt", text);
	for (uint32_t k = 0; options != NULL && k < options->n; k++) {
		(void)text_pick(&options->items[k], p->language, &text);
		(void)json_array_append_new(
		    list, json_stringn((const char *)text.p, text.n));
	}
	(void)json_object_set_new(o, "options", list);
	return o;
}

static json_t *
state_json(const struct paper *p, const struct assess_answers *w)
{
	const uint16_t next = assess_next(&p->a, w);
	json_t *o = json_object();
	unsigned answered = 0;

	for (unsigned i = 0; i < p->a.items_n; i++)
		answered += w->of[i].state != ASSESS_OPEN;
	(void)json_object_set_new(o, "assessment", json_string(p->name));
	(void)json_object_set_new(o, "title", paper_title(p));
	json_truth(o, "adaptive", p->a.adaptive);
	json_uint(o, "answered", answered);
	json_uint(o, "items", p->a.items_n);
	(void)json_object_set_new(
	    o, "next", next == ASSESS_DONE ? json_null() : item_json(p, next));
	(void)json_object_set_new(o, "levels", levels_json(p, w));
	return o;
}

/* What is kept of a run; a new reference, an empty one if there is none. */
static json_t *
run_get(struct node *n, const char *id)
{
	char name[VAULT_NAME_MAX + 1];

	run_name(id, name);
	json_t *run = vault_get(n->vault, name, NULL);
	return run == NULL ? json_object() : run;
}

static bool
run_put(
    struct node *n, struct http_request *r, const char *id, const json_t *run)
{
	char name[VAULT_NAME_MAX + 1];

	run_name(id, name);
	const err e = vault_put(n->vault, name, run);
	if (e != OK)
		http_fail_err(
		    r, e, "the answers cannot be saved: %s", err_name(e));
	return e == OK;
}

/* The paper and the run that a request is about. */
struct desk {
	struct paper *p;
	json_t *run;
	struct assess_answers answers;
};

static void
desk_close(struct desk *d)
{
	paper_close(d->p);
	json_decref(d->run);
}

/* ${about} NULL: as the run says. false: answered. */
static bool
desk_open(struct node *n, struct http_request *r, const json_t *about,
    bool restart, struct desk *d)
{
	const char *text = http_param(r, "id");
	const bool self = strcmp(text, ASSESS_SELF_NAME) == 0;

	*d = (struct desk){ .run = NULL };
	if (self && !restart && about == NULL) {
		d->run = run_get(n, text);
		about = json_object_get(d->run, "about");
	}
	d->p = paper_open(n, r, text, about);
	if (d->p == NULL) {
		desk_close(d);
		return false;
	}
	json_decref(d->run);
	d->run = run_get(n, d->p->name);
	if (!d->p->usable || d->p->a.items_n == 0) {
		http_fail(r, 409, "E3513", "id", "ohcn assess show ID",
		    "it cannot be taken here: %s",
		    d->p->usable ? "it is taken elsewhere, at the address "
				   "that it names"
				 : d->p->why);
		desk_close(d);
		return false;
	}
	/* Answers to other terms are answers to other items. */
	if (restart || (self && !json_equal(json_object_get(d->run, "about"),
				    d->p->about)))
		(void)json_object_clear(d->run);
	if (self)
		(void)json_object_set(d->run, "about", d->p->about);
	if (json_object_get(d->run, "answers") == NULL)
		(void)json_object_set_new(d->run, "answers", json_object());
	/* What does not fit any more is asked again. */
	(void)answers_read(
	    d->p, json_object_get(d->run, "answers"), &d->answers);
	return true;
}

void
api_assessment_take(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);
	struct desk d;

	if (body == NULL)
		return;
	const json_t *about = json_object_get(body, "about");
	if (about != NULL && !json_is_array(about))
		http_fail(r, 422, "E3511", "about", "[\"nursing\", \"excel\"]",
		    "about is a list of terms or words");
	else if (desk_open(n, r, about,
		     json_is_true(json_object_get(body, "restart")), &d)) {
		if (run_put(n, r, d.p->name, d.run))
			http_reply(r, 200, state_json(d.p, &d.answers));
		desk_close(&d);
	}
	json_decref(body);
}

void
api_assessment_answer(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	json_t *body = http_json(r);
	struct desk d;

	if (body == NULL)
		return;
	if (!desk_open(n, r, NULL, false, &d)) {
		json_decref(body);
		return;
	}
	const json_t *given = json_object_get(body, "answers");
	const char *bad = answers_read(d.p, given, &d.answers);
	if (!json_is_object(given) || bad != NULL) {
		http_fail(r, 422, "E3512", "answers",
		    "{\"0\": 2, \"1\": [0, 3], \"2\": \"unknown\", \"3\": "
		    "null}",
		    bad == NULL ? "there are no answers in it"
				: "the answer to item %.20s does not fit it",
		    bad);
	} else {
		(void)json_object_update(json_object_get(d.run, "answers"),
		    (json_t *)(uintptr_t)given);
		if (run_put(n, r, d.p->name, d.run))
			http_reply(r, 200, state_json(d.p, &d.answers));
	}
	desk_close(&d);
	json_decref(body);
}

struct counting {
	unsigned n;
};

static bool
on_count(void *ctx, const char *name, json_t *value)
{
	struct counting *c = ctx;

	(void)name;
	(void)value;
	return ++c->n < RESULTS_MAX;
}

/* Levels become a result; the answers are forgotten. */
void
api_assessment_finish(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	char name[VAULT_NAME_MAX + 1], id[32];
	struct counting c = { 0 };
	json_t *body = http_json(r);
	struct desk d;

	if (body == NULL)
		return;
	json_decref(body);
	if (!desk_open(n, r, NULL, false, &d))
		return;
	vault_each(n->vault, RESULT_NAME, on_count, &c);
	if (c.n >= RESULTS_MAX) {
		http_fail(r, 409, "E3514", NULL, "ohcn assess forget ID",
		    "%d results are kept, there is no room for more",
		    RESULTS_MAX);
		desk_close(&d);
		return;
	}
	const size_t len = strlen(d.p->name);
	(void)snprintf(id, sizeof(id), "%" PRIu64 "-%s", node_now(n),
	    d.p->name + (len > 8 ? len - 8 : 0));
	json_t *o = json_object();
	(void)json_object_set_new(o, "id", json_string(id));
	(void)json_object_set_new(o, "assessment", json_string(d.p->name));
	(void)json_object_set_new(o, "title", paper_title(d.p));
	json_uint(o, "taken", node_now(n));
	(void)json_object_set_new(o, "source", json_string("local"));
	(void)json_object_set_new(o, "levels", levels_json(d.p, &d.answers));
	(void)snprintf(name, sizeof(name), RESULT_NAME "%s", id);
	err e = vault_put(n->vault, name, o);
	run_name(d.p->name, name);
	if (e == OK)
		e = vault_delete(n->vault, name);
	if (e == OK) {
		http_reply(r, 200, o);
	} else {
		json_decref(o);
		http_fail_err(
		    r, e, "the result cannot be saved: %s", err_name(e));
	}
	desk_close(&d);
}
