/*
 * The lane of reach: what the fit would be after the cheapest way of learning
 * (match/path/path.h), and who pays for it. It stands beside the list and moves
 * nobody in it. The offers are the courses that this node knows, peer groups
 * and cohorts among them, and what a posting itself teaches.
 */
#include <stdlib.h>

#include "match/path/path.h"
#include "node/api/desk.h"

struct reached {
	struct scan_result now;
	struct path_reach way;
};

struct offers {
	struct path_offer *list;
	size_t n;
};

/* ---- what can be taken ---- */

/* The newest ones, if there are too many. */
static bool
offers_load(struct task *t, struct offers *out)
{
	struct feed *f = feed_open(t, KIND_COURSE, false);

	*out = (struct offers){ 0 };
	if (f == NULL)
		return false;
	const size_t most = MIN(f->n, (size_t)PATH_OFFERS_MAX);
	out->list = calloc(most + 1, sizeof(*out->list));
	if (out->list == NULL) {
		feed_close(f);
		find_fail(t, ERR_NOMEM);
		return false;
	}
	for (f->at = f->n - most; out->n < most && feed_step(f);)
		out->n +=
		    path_offer_of_course(f->s.id, f->s.region, &f->rd.payload,
			f->vocabulary, &out->list[out->n]) == OK;
	feed_close(f);
	return true;
}

/* ---- one way ---- */

/* Kept out by nothing but what can be learnt? */
static bool
learnable(const struct desk *d)
{
	for (size_t side = 0; side < 2; side++)
		for (uint16_t i = 0; i < d->score[side].gates_n; i++) {
			const struct gate *g = &d->score[side].gates[i];
			if (g->state == GATE_FAIL && g->kind != GATE_MUST)
				return false;
		}
	return true;
}

/* false: failed. ${there}: a way leads nearer to the pair on the desk. */
static bool
find_way(struct desk *d, const struct offers *offers, struct path_reach *way,
    bool *there)
{
	const struct wishes *w = &d->person.wishes;
	const bool own = d->ask->for_person && d->person.has_wishes;
	const struct path_means means = { .now_h = d->t->now_s / 3600,
		.unwanted = own ? w->unwanted : NULL,
		.unwanted_n = own ? w->unwanted_n : 0 };

	*there = false;
	if (!desk_score(d))
		return false;
	if (!learnable(d))
		return true;
	const err e = path_reach(&d->t->meaning, &d->posting, &d->person.card,
	    offers->list, offers->n, &means, way);
	if (e != OK) {
		find_fail(d->t, e);
		return false;
	}
	*there = way->steps > 0 && !way->excluded_after &&
		 (way->after > way->before || way->excluded_before);
	return true;
}

static int
reach_order(const void *a, const void *b)
{
	const struct reached *x = a, *y = b;

	if (x->way.after != y->way.after)
		return x->way.after > y->way.after ? -1 : 1;
	return memcmp(x->now.id, y->now.id, RECORD_ID);
}

static bool
find_all(struct desk *d, const struct found *h, struct reached *out, size_t *n)
{
	struct offers offers;
	bool good = offers_load(d->t, &offers), there;

	*n = 0;
	for (size_t i = 0; good && i < h->n; i++) {
		if (!desk_take_hit(d, &h->list[i]))
			continue;
		good = find_way(d, &offers, &out[*n].way, &there);
		out[*n].now = h->list[i];
		*n += good && there;
	}
	free(offers.list);
	qsort(out, *n, sizeof(*out), reach_order);
	return good;
}

/* ---- as JSON ---- */

static void
put_way(json_t *o, const struct path_reach *w)
{
	json_uint(o, "reach", (uint64_t)MAX(w->after, 0));
	(void)json_object_set_new(
	    o, "payer", json_string(path_payer_name(w->payer)));
	if (w->currency[0] != '\0')
		(void)json_object_set_new(o, "cost",
		    json_pack("{s:I, s:I, s:s}", "person", (json_int_t)w->cost,
			"company", (json_int_t)w->paid, "currency",
			w->currency));
	else
		(void)json_object_set_new(o, "cost", json_null());
	json_uint(o, "hours", w->hours);
	json_uint(o, "weeks", w->weeks);
	json_uint(o, "steps", w->steps);
	json_uint(o, "skills_missing", w->missing);
	json_uint(o, "skills_closed", w->closed);
	json_truth(o, "cheapest_proven", w->exact);
}

static json_t *
reached_json(struct desk *d, const struct reached *r)
{
	struct learning_step step;
	bool there;

	if (!desk_step(d, &step, &there))
		return NULL;
	json_t *o = json_object();
	desk_who(d, o);
	desk_result(o, &r->now);
	put_way(o, &r->way);
	(void)json_object_set_new(o, "next_step",
	    there ? step_json(d->t, &d->scope, &step, &d->rd2) : json_null());
	return o;
}

json_t *
reach_json(struct desk *d, const struct found *h)
{
	struct reached *all = calloc(h->n + 1, sizeof(*all));
	json_t *list = json_array();
	size_t n = 0;
	bool good = all != NULL;

	if (!good)
		find_fail(d->t, ERR_NOMEM);
	good = good && find_all(d, h, all, &n);
	for (size_t i = 0; good && i < n && i < d->ask->limit; i++) {
		json_t *o = NULL;
		if (!desk_take_hit(d, &all[i].now))
			continue;
		o = reached_json(d, &all[i]);
		good = o != NULL;
		(void)json_array_append_new(list, o);
	}
	free(all);
	if (good)
		return list;
	json_decref(list);
	return NULL;
}
