#include "node/api/path_json.h"

#include <stdio.h>

#define WEEK_S (7 * 86400)

void
path_money(char *out, size_t cap, uint64_t amount, const char *currency)
{
	static const char whole[] = "BIF CLP DJF GNF JPY KMF KRW PYG RWF UGX "
				    "UYI VND VUV XAF XOF XPF ";

	if (amount == 0)
		(void)snprintf(out, cap, "nothing");
	else if (currency[0] != 0 && strstr(whole, currency) != NULL)
		(void)snprintf(out, cap, "%" PRIu64 " %s", amount, currency);
	else
		(void)snprintf(out, cap, "%" PRIu64 ".%02u %s", amount / 100,
		    (unsigned)(amount % 100), currency);
}

static void
label_of(const struct path_view *v, uint64_t term, char *out, size_t cap)
{
	struct slice label;

	if (scope_label(v->scope, term, &label))
		(void)snprintf(out, cap, "%.*s", (int)MIN(label.n, cap - 1),
		    (const char *)label.p);
	else if (cap > 2 * TERM_ID)
		term_text(out, term);
}

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- the diagnosis ---- */

static json_t *
line_json(const struct path_view *v, uint16_t i)
{
	const struct path_line *l = &v->result->lines[i];
	json_t *o = term_json(v->scope, l->term);

	(void)json_object_set_new(
	    o, "state", json_string(path_state_name(l->state)));
	json_uint(o, "asked", l->asked);
	json_uint(o, "level", l->level);
	json_uint(o, "reachable", l->reachable);
	json_truth(o, "must", v->target->goals[i].must);
	if (l->held != 0 && l->via != VIA_EXACT) {
		json_t *via = term_json(v->scope, l->held);
		(void)json_object_set_new(
		    via, "how", json_string(via_name(l->via)));
		(void)json_object_set_new(o, "via", via);
	} else {
		(void)json_object_set_new(o, "via", json_null());
	}
	return o;
}

static void
put_diagnosis(const struct path_view *v, json_t *o)
{
	json_t *list = json_array(), *counts = json_object();
	unsigned n[PATH_STATES] = { 0 };

	for (uint16_t i = 0; i < v->result->lines_n; i++) {
		n[v->result->lines[i].state]++;
		(void)json_array_append_new(list, line_json(v, i));
	}
	for (int s = 0; s < PATH_STATES; s++)
		json_uint(counts, path_state_name((enum path_state)s), n[s]);
	json_uint(counts, "asked", v->result->lines_n);
	json_uint(counts, "gap", v->result->missing);
	json_uint(counts, "left_out", v->target->left_out);
	(void)json_object_set_new(o, "counts", counts);
	(void)json_object_set_new(o, "diagnosis", list);
}

/* ---- ways ---- */

static json_t *
gains_json(const struct path_view *v, const struct path_taken *t)
{
	json_t *list = json_array();

	for (uint8_t i = 0; i < t->gains_n; i++) {
		json_t *o = term_json(v->scope, t->gains[i].term);
		json_uint(o, "from", t->gains[i].from);
		json_uint(o, "to", t->gains[i].to);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
step_json_of(const struct path_view *v, const struct path_taken *t)
{
	const bool own = t->offer == UINT32_MAX;
	const enum path_offer_kind kind =
	    own ? PATH_ON_THE_JOB : v->offers[t->offer].kind;
	json_t *o = json_object(), *ask = json_array();

	(void)json_object_set_new(
	    o, "kind", json_string(path_offer_kind_name(kind)));
	if (own)
		(void)json_object_set_new(o, "title", json_string(v->name));
	else if (v->who != NULL)
		v->who(v->ctx, t->offer, o);
	json_uint(o, "from_week", t->from_week);
	json_uint(o, "to_week", t->to_week);
	json_uint(o, "start", v->now_s + (uint64_t)t->from_week * WEEK_S);
	json_uint(o, "hours", t->hours);
	json_truth(o, "hours_guessed", t->hours_guessed);
	json_uint(o, "price", t->cost);
	json_truth(o, "price_known", t->cost_known);
	json_uint(o, "paid_by_company", t->paid);
	if (t->asks_language)
		(void)json_array_append_new(ask, json_string("language"));
	if (t->asks_format)
		(void)json_array_append_new(ask, json_string("format"));
	if (!t->cost_known)
		(void)json_array_append_new(ask, json_string("price"));
	(void)json_object_set_new(o, "ask", ask);
	(void)json_object_set_new(o, "gains", gains_json(v, t));
	return o;
}

static const char *
payer_name(const struct path_point *p)
{
	enum path_payer payer = PATH_PAYS_NOBODY;

	if (p->unpriced > 0)
		payer = PATH_PAYS_UNKNOWN;
	else if (p->cost > 0)
		payer = p->paid > 0 ? PATH_PAYS_SHARED : PATH_PAYS_PERSON;
	else if (p->paid > 0)
		payer = PATH_PAYS_COMPANY;
	return path_payer_name(payer);
}

static json_t *
way_json(const struct path_view *v, const struct path_point *p)
{
	json_t *o = json_object(), *steps = json_array();

	json_uint(o, "cost", p->cost);
	json_uint(o, "paid_by_company", p->paid);
	(void)json_object_set_new(o, "payer", json_string(payer_name(p)));
	json_uint(o, "prices_not_told", p->unpriced);
	json_uint(o, "hours", p->hours);
	json_uint(o, "hours_paid", p->hours_paid);
	json_uint(o, "weeks", p->weeks);
	json_uint(o, "done", v->now_s + (uint64_t)p->weeks * WEEK_S);
	for (uint16_t k = 0; k < p->taken_n; k++)
		(void)json_array_append_new(
		    steps, step_json_of(v, &p->taken[k]));
	(void)json_object_set_new(o, "steps", steps);
	return o;
}

static json_t *
paths_json(const struct path_view *v)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < v->result->points_n; i++)
		(void)json_array_append_new(
		    list, way_json(v, &v->result->points[i]));
	return list;
}

/* What can be closed where all of it cannot. */
static json_t *
partial_json(const struct path_view *v)
{
	const struct path_result *r = v->result;
	json_t *o, *closes = json_array(), *leaves = json_array();

	if (r->part_lines == 0) {
		json_decref(closes);
		json_decref(leaves);
		return json_null();
	}
	o = way_json(v, &r->part);
	for (uint16_t i = 0; i < r->lines_n; i++) {
		const bool closed = (r->part_lines >> i & 1) != 0;
		if (closed || r->lines[i].state != PATH_HAVE)
			(void)json_array_append_new(closed ? closes : leaves,
			    term_json(v->scope, r->lines[i].term));
	}
	(void)json_object_set_new(o, "closes", closes);
	(void)json_object_set_new(o, "leaves", leaves);
	json_truth(o, "exact", r->part_exact);
	return o;
}

/* ---- what stays open ---- */

static const char *const bar_help[PATH_BARS] = {
	[PATH_BAR_LANGUAGE] = "another language: --language",
	[PATH_BAR_FORMAT] = "another format: --format",
	[PATH_BAR_PLACE] = "going there: it is on site in another region",
	[PATH_BAR_DATE] = "another date: it has begun, or ends after --until",
	[PATH_BAR_HOURS] = "more hours a week: --hours",
	[PATH_BAR_BUDGET] = "more money: --budget",
	[PATH_BAR_NEEDS] = "what is needed before it, which nobody teaches",
	[PATH_BAR_UNWANTED] = "it is on the list of what you do not want",
};

static void
put_help(const struct path_open *o, json_t *out)
{
	json_t *barred = json_object();
	int best = -1;

	for (int b = 0; b < PATH_BARS; b++) {
		if (o->barred[b] == 0)
			continue;
		json_uint(
		    barred, path_bar_name((enum path_bar)b), o->barred[b]);
		if (best < 0 || o->barred[b] > o->barred[best])
			best = b;
	}
	(void)json_object_set_new(out, "barred", barred);
	if (best < 0)
		(void)json_object_set_new(out, "help",
		    json_string("no known offer teaches it: learn it by "
				"yourself, or ask for it"));
	else
		(void)json_object_set_new(out, "help",
		    json_sprintf("%u offer%s would help with %s",
			(unsigned)o->barred[best], plural(o->barred[best]),
			bar_help[best]));
}

static json_t *
open_json(const struct path_view *v)
{
	json_t *list = json_array();

	for (uint16_t i = 0; i < v->result->open_n; i++) {
		const struct path_open *p = &v->result->open[i];
		const struct path_line *l = &v->result->lines[p->line];
		json_t *o = term_json(v->scope, l->term);
		json_uint(o, "order", i + 1U);
		json_uint(o, "asked", l->asked);
		json_uint(o, "reachable", l->reachable);
		json_truth(o, "known", l->state != PATH_UNKNOWN);
		json_truth(o, "self_study", p->offers == 0);
		json_uint(o, "offers", p->offers);
		json_uint(o, "depth", p->depth);
		json_uint(o, "rarity", p->rarity);
		put_help(p, o);
		(void)json_array_append_new(list, o);
	}
	return list;
}

/* ---- in words ---- */

static json_t *
block_json(const struct path_view *v)
{
	const struct path_result *r = v->result;
	char money[48];
	json_t *o;

	if (r->block == PATH_BLOCK_NOTHING)
		return json_null();
	o = json_object();
	if (r->block == PATH_BLOCK_NO_OFFER) {
		(void)json_object_set_new(o, "why", json_string("no-offer"));
		(void)json_object_set_new(o, "text",
		    json_string("nothing that this node knows and you can "
				"take teaches what is missing"));
	} else if (r->block == PATH_BLOCK_BUDGET) {
		path_money(money, sizeof(money), r->short_money, r->currency);
		(void)json_object_set_new(o, "why", json_string("budget"));
		(void)json_object_set_new(
		    o, "text", json_sprintf("%s more would do", money));
	} else {
		(void)json_object_set_new(o, "why", json_string("dates"));
		(void)json_object_set_new(o, "text",
		    r->short_weeks == 0
			? json_string("the dates and hours of the offers do "
				      "not fit together, whatever the end")
			: json_sprintf(
			      "%u more week%s would do, or more hours a week",
			      (unsigned)r->short_weeks,
			      plural(r->short_weeks)));
	}
	json_uint(o, "short_money", r->short_money);
	json_uint(o, "short_weeks", r->short_weeks);
	return o;
}

/* Why the first way is the one to take. */
static void
proof_text(const struct path_result *r, char *out, size_t cap)
{
	if (r->exact)
		(void)snprintf(out, cap, "no other way is cheaper");
	else if (r->bound > 0)
		(void)snprintf(out, cap,
		    "at most %u.%02u times the cheapest there is",
		    r->bound / 1000, r->bound % 1000 / 10);
	else
		(void)snprintf(out, cap, "the cheapest that was found");
}

/* Without a way: what would make one, else to study. */
static json_t *
no_way_json(const struct path_result *r)
{
	uint32_t barred[PATH_BARS] = { 0 }, some = 0;
	int best = 0;

	for (uint16_t i = 0; i < r->open_n; i++) {
		some += r->open[i].offers > 0;
		for (int b = 0; b < PATH_BARS; b++)
			barred[b] += r->open[i].barred[b] > 0;
	}
	for (int b = 1; b < PATH_BARS; b++)
		if (barred[b] > barred[best])
			best = b;
	if (some == 0 || barred[best] == 0)
		return json_sprintf(
		    "No offer that you can take helps with the %u "
		    "missing skill%s: study them in the order "
		    "below, the general before the special.",
		    (unsigned)r->missing, plural(r->missing));
	return json_sprintf(
	    "No offer that you can take helps with the %u missing skill%s. "
	    "Offers for %u of them would with %s%s",
	    (unsigned)r->missing, plural(r->missing), (unsigned)barred[best],
	    bar_help[best],
	    some < r->missing ? "; study the others in the order below." : ".");
}

static json_t *
strategy_json(const struct path_view *v)
{
	const struct path_result *r = v->result;
	const struct path_point *p = &r->points[0];
	char money[48], proof[80], faster[80] = "", open[64] = "";

	if (r->missing == 0)
		return json_string("Nothing that is asked is missing.");
	if (r->points_n == 0)
		return no_way_json(r);
	path_money(money, sizeof(money), p->cost, r->currency);
	proof_text(r, proof, sizeof(proof));
	if (r->points_n > 1)
		(void)snprintf(faster, sizeof(faster),
		    "; money buys time, down to %u week%s",
		    (unsigned)r->points[r->points_n - 1].weeks,
		    plural(r->points[r->points_n - 1].weeks));
	if (r->closed < r->missing)
		(void)snprintf(open, sizeof(open), "; %u stay%s open",
		    (unsigned)(r->missing - r->closed),
		    r->missing - r->closed == 1 ? "s" : "");
	if (r->closed == 0) /* what there is ends below the level asked for */
		return json_sprintf("No offer here closes one of the %u "
				    "missing skill%s; %u lead%s towards it, in "
				    "%u week%s and %u hour%s, for %s: %s%s%s.",
		    (unsigned)r->missing, plural(r->missing),
		    (unsigned)p->taken_n, p->taken_n == 1 ? "s" : "",
		    (unsigned)p->weeks, plural(p->weeks), (unsigned)p->hours,
		    plural(p->hours), money, proof, faster, open);
	return json_sprintf("%u of %u missing skill%s in %u week%s and %u "
			    "hour%s by %u offer%s, for %s: %s%s%s.",
	    (unsigned)r->closed, (unsigned)r->missing, plural(r->missing),
	    (unsigned)p->weeks, plural(p->weeks), (unsigned)p->hours,
	    plural(p->hours), (unsigned)p->taken_n, plural(p->taken_n), money,
	    proof, faster, open);
}

static json_t *
action(const char *kind, json_t *text)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "kind", json_string(kind));
	(void)json_object_set_new(o, "text", text);
	return o;
}

static json_t *
first_step(const struct path_view *v)
{
	const struct path_taken *t = &v->result->points[0].taken[0];
	json_t *who = json_object(), *out;
	char label[TERM_LABEL_MAX + 1] = "it";

	if (t->offer != UINT32_MAX && v->who != NULL)
		v->who(v->ctx, t->offer, who);
	const char *title = json_string_value(json_object_get(who, "title"));
	const char *id = json_string_value(json_object_get(who, "id"));
	if (t->gains_n > 0)
		label_of(v, t->gains[0].term, label, sizeof(label));
	if (t->offer == UINT32_MAX) {
		out = action("apply",
		    json_sprintf("apply: they teach %s on the job", label));
	} else {
		out =
		    action("take", json_sprintf("begin with \"%.100s\" (%s)%s",
				       title == NULL ? label : title, label,
				       t->from_week == 0 ? ", this week" : ""));
		if (id != NULL)
			(void)json_object_set_new(
			    out, "record", json_string(id));
	}
	json_decref(who);
	return out;
}

static json_t *
next_json(const struct path_view *v)
{
	const struct path_result *r = v->result;
	char label[TERM_LABEL_MAX + 1] = "";
	const struct path_open *open = &r->open[0];

	if (r->missing == 0 && r->open_n == 0)
		return action("apply",
		    json_string(v->demand != NULL
				    ? "nothing is missing: answer this demand"
				    : "nothing is missing: look what fits, "
				      "ohcn match list"));
	if (r->block == PATH_BLOCK_BUDGET || r->block == PATH_BLOCK_DATES) {
		const json_t *text;
		json_t *b = block_json(v);
		text = json_object_get(b, "text");
		json_t *out = action("change",
		    json_sprintf("ask again: %s", json_string_value(text)));
		json_decref(b);
		return out;
	}
	if (r->points_n > 0)
		return first_step(v);
	if (r->open_n == 0)
		return action("none", json_string("nothing can be said"));
	label_of(v, r->lines[open->line].term, label, sizeof(label));
	if (open->offers == 0)
		return action("study",
		    json_sprintf("study %s by yourself, to level %u: no known "
				 "offer teaches it",
			label, (unsigned)r->lines[open->line].asked));
	json_t *help = json_object();
	put_help(open, help);
	json_t *out = action(
	    "change", json_sprintf("%s: %s", label,
			  json_string_value(json_object_get(help, "help"))));
	json_decref(help);
	return out;
}

/* ---- all of it ---- */

static json_t *
means_json(const struct path_view *v)
{
	json_t *o = json_object();

	json_uint(o, "hours_week", v->result->hours_week);
	json_truth(o, "hours_assumed", v->hours_assumed);
	(void)json_object_set_new(o, "budget",
	    v->means->has_budget ? json_integer((json_int_t)v->means->budget)
				 : json_null());
	(void)json_object_set_new(o, "until",
	    v->means->until_h != 0
		? json_integer((json_int_t)(v->means->until_h * 3600))
		: json_null());
	json_uint(o, "busy_times", v->means->busy_n);
	return o;
}

static void
put_search(const struct path_result *r, json_t *o)
{
	json_t *offers = json_object(), *search = json_object();

	json_uint(offers, "known", r->offers);
	json_uint(offers, "useful", r->offers_useful);
	json_uint(offers, "usable", r->offers_usable);
	json_uint(offers, "left_out", r->offers_left_out);
	(void)json_object_set_new(o, "offers", offers);
	json_truth(search, "exact", r->exact);
	json_truth(search, "whole_front", r->whole_front);
	json_uint(search, "points_found", r->points_found);
	(void)json_object_set_new(search, "bound",
	    r->bound == 0 ? json_null() : json_integer(r->bound));
	(void)json_object_set_new(search, "bound_always",
	    r->bound_always == 0 ? json_null() : json_integer(r->bound_always));
	json_uint(search, "states", r->states);
	json_uint(search, "ways", r->ways);
	(void)json_object_set_new(o, "search", search);
}

json_t *
path_json(const struct path_view *v)
{
	const struct path_result *r = v->result;
	json_t *o = json_object(), *other = json_array();

	put_diagnosis(v, o);
	for (uint16_t i = 0; i < v->target->other_n; i++)
		(void)json_array_append_new(other,
		    term_json(v->scope, vocabulary_term(v->scope->vocabulary,
					    v->target->other[i])));
	(void)json_object_set_new(o, "asked_too", other);
	(void)json_object_set_new(o, "strategy", strategy_json(v));
	(void)json_object_set_new(o, "next_action", next_json(v));
	(void)json_object_set_new(o, "closed", json_integer(r->closed));
	(void)json_object_set_new(o, "paths", paths_json(v));
	(void)json_object_set_new(o, "partial", partial_json(v));
	(void)json_object_set_new(o, "open", open_json(v));
	(void)json_object_set_new(o, "block", block_json(v));
	(void)json_object_set_new(o, "currency",
	    r->currency[0] == 0 ? json_null() : json_string(r->currency));
	(void)json_object_set_new(o, "means", means_json(v));
	put_search(r, o);
	if (v->value != NULL) {
		json_t *value = json_object();
		json_uint(value, "demands", v->value->seen);
		json_uint(value, "unlocked", v->value->unlocked);
		json_uint(value, "raised", v->value->raised);
		json_uint(value, "fit_from", PATH_FIT_UNLOCKED);
		(void)json_object_set_new(o, "value", value);
	} else {
		(void)json_object_set_new(o, "value", json_null());
	}
	return o;
}
