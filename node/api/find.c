#include "node/api/find.h"

#include <stdlib.h>

#include "node/api/feed.h"

#define COUNT_MAX 4096 /* records that are counted beside a search */

void
find_fail(struct task *t, err e)
{
	if (e == ERR_NOMEM)
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
	else
		task_fail(
		    t, 500, "E3904", NULL, "matching failed: %s", err_name(e));
}

void
found_free(struct found *h)
{
	free(h->list);
	h->list = NULL;
	h->n = 0;
}

/* ---- looking at each ---- */

/* Who looks: for people with a posting, else a person for postings. */
struct seeker {
	enum match_list list;
	const struct posting *posting;
	const struct card *card;
	const struct wishes *wishes;
};

/* Records one after the other, of which the filter lets some through. */
struct sieve {
	const struct match_filter *filter;
	struct card_source cards;
	struct posting_source postings;
};

static bool
next_card(void *ctx, struct card_item *item)
{
	const struct sieve *s = ctx;

	while (s->cards.next(s->cards.ctx, item))
		if (index_filter_card(&s->filter->index, item->card))
			return true;
	return false;
}

static bool
next_posting(void *ctx, struct posting_item *item)
{
	const struct sieve *s = ctx;

	while (s->postings.next(s->postings.ctx, item))
		if (index_filter_posting(&s->filter->index, item->posting))
			return true;
	return false;
}

static bool
found_new(struct task *t, size_t max, struct found *out)
{
	*out = (struct found){ 0 };
	out->list = calloc(max, sizeof(*out->list));
	if (out->list == NULL)
		find_fail(t, ERR_NOMEM);
	return out->list != NULL;
}

static bool
found_done(struct task *t, err e, struct feed *f, struct found *out)
{
	out->known = f->n;
	out->counted = true;
	feed_close(f);
	if (e == OK)
		return true;
	found_free(out);
	find_fail(t, e);
	return false;
}

static bool
scan(struct task *t, const struct seeker *who, const struct find_options *o,
    struct found *out)
{
	struct feed *f;
	err e;

	if (!found_new(t, o->max, out))
		return false;
	f = feed_open(t, match_list_kind(who->list), true);
	if (f == NULL) {
		found_free(out);
		return false;
	}
	struct sieve sieve = { .filter = o->filter };
	if (who->posting != NULL) {
		const struct card_source source = { next_card, &sieve };
		sieve.cards = feed_cards(f);
		e = scan_people(&t->meaning, who->posting, &source, o->all,
		    out->list, o->max, &out->n, &out->counts);
	} else {
		const struct posting_source source = { next_posting, &sieve };
		sieve.postings = feed_postings(f);
		e = scan_postings(&t->meaning, who->card, who->wishes, &source,
		    o->all, out->list, o->max, &out->n, &out->counts);
	}
	return found_done(t, e, f, out);
}

/* ---- by the index ---- */

static err
search(const struct matcher_hold *hold, const struct seeker *who,
    const struct find_options *o, size_t max, struct found *out,
    struct index_counts *counts)
{
	const struct index_filter *f = &o->filter->index;

	if (who->posting != NULL)
		return index_people(hold->snapshot, who->posting, f, o->all,
		    out->list, max, &out->n, counts);
	return index_postings(hold->snapshot, who->card, who->wishes, f, o->all,
	    out->list, max, &out->n, counts);
}

/* What the store has no more, or what has expired, goes; how many. */
static size_t
drop_dead(const struct task *t, struct found *out)
{
	const size_t n = out->n;
	struct store_record r;

	out->n = 0;
	for (size_t i = 0; i < n; i++)
		if (store_get(t->view, out->list[i].id, &r) == OK &&
		    record_is_live(&r, t->now_s) && !r.opaque)
			out->list[out->n++] = out->list[i];
	return n - out->n;
}

/* Looks at each, where there are few: how many are excluded? */
static err
count(struct task *t, const struct matcher_hold *hold, const struct seeker *who,
    const struct find_options *o, struct found *out)
{
	struct index_walk walk = { .s = hold->snapshot };
	struct sieve sieve = { .filter = o->filter,
		.cards = { index_next_card, &walk },
		.postings = { index_next_posting, &walk } };
	const struct card_source cards = { next_card, &sieve };
	const struct posting_source postings = { next_posting, &sieve };
	struct scan_result first;
	size_t n;

	if (out->known > COUNT_MAX)
		return OK;
	out->counted = true;
	return who->posting != NULL
		   ? scan_people(&t->meaning, who->posting, &cards, false,
			 &first, 1, &n, &out->counts)
		   : scan_postings(&t->meaning, who->card, who->wishes,
			 &postings, false, &first, 1, &n, &out->counts);
}

/* Until there are enough that are alive, or all. */
static err
search_live(struct task *t, const struct matcher_hold *hold,
    const struct seeker *who, const struct find_options *o, struct found *out)
{
	struct index_counts counts = { 0 };

	for (size_t max = o->max;;) {
		TRY(search(hold, who, o, max, out, &counts));
		const bool all = out->n < max;
		const size_t dead = drop_dead(t, out);
		out->known = counts.records;
		if (all || dead == 0 || out->n >= o->max)
			break;
		max += 2 * dead;
		void *more = realloc(out->list, max * sizeof(*out->list));
		if (more == NULL)
			return ERR_NOMEM;
		out->list = more;
	}
	out->n = MIN(out->n, o->max);
	out->by_index = true;
	return count(t, hold, who, o, out);
}

static bool
find(struct task *t, const struct seeker *who, const struct find_options *o,
    struct found *out)
{
	struct matcher_hold hold;
	struct store_view *view;

	if (o->scan ||
	    !matcher_hold(t->matcher, t->terms, who->list, &hold, &view))
		return scan(t, who, o, out);
	task_renew_view(t, view);
	if (!found_new(t, o->max, out)) {
		matcher_release(t->matcher, &hold);
		return false;
	}
	const err e = search_live(t, &hold, who, o, out);
	matcher_release(t->matcher, &hold);
	if (e == OK)
		return true;
	found_free(out);
	find_fail(t, e);
	return false;
}

bool
find_people(struct task *t, const struct posting *p,
    const struct find_options *o, struct found *out)
{
	return find(
	    t, &(struct seeker){ .list = MATCH_PEOPLE, .posting = p }, o, out);
}

bool
find_postings(struct task *t, enum match_list list, const struct card *c,
    const struct wishes *w, const struct find_options *o, struct found *out)
{
	return find(t, &(struct seeker){ .list = list, .card = c, .wishes = w },
	    o, out);
}

/* ---- who is kept out ---- */

static bool
barriers_by_index(struct task *t, const struct posting *p,
    const struct match_filter *filter, struct find_barriers *out, err *e)
{
	struct matcher_hold hold;
	struct store_view *view;
	struct index_walk walk = { 0 };
	struct sieve sieve = { .filter = filter,
		.cards = { index_next_card, &walk } };
	const struct card_source source = { next_card, &sieve };
	struct scan_counts counts = { 0 };
	struct matcher_stats stats;

	matcher_stats(t->matcher, &stats);
	if (stats.records[MATCH_PEOPLE] > FIND_BARRIERS_MAX ||
	    !matcher_hold(t->matcher, t->terms, MATCH_PEOPLE, &hold, &view))
		return false;
	store_view_close(view);
	walk.s = hold.snapshot;
	*e =
	    scan_barriers(&t->meaning, p, &source, out->list, &out->n, &counts);
	matcher_release(t->matcher, &hold);
	out->looked_at = out->known = counts.seen;
	return true;
}

bool
find_barriers(struct task *t, const struct posting *p,
    const struct match_filter *filter, bool scan, struct find_barriers *out)
{
	struct scan_counts counts;
	err e = OK;

	*out = (struct find_barriers){ 0 };
	if (scan || !barriers_by_index(t, p, filter, out, &e)) {
		struct feed *f = feed_open(t, KIND_PROFILE, true);
		if (f == NULL)
			return false;
		struct sieve sieve = { .filter = filter,
			.cards = feed_cards(f) };
		const struct card_source source = { next_card, &sieve };
		f->step = f->n / FIND_BARRIERS_MAX + 1;
		out->known = f->n;
		e = scan_barriers(
		    &t->meaning, p, &source, out->list, &out->n, &counts);
		feed_close(f);
		out->looked_at = counts.seen;
	}
	if (e != OK)
		find_fail(t, e);
	return e == OK;
}

json_t *
matcher_json(struct matcher *m)
{
	struct matcher_stats s;
	json_t *o = json_object();

	matcher_stats(m, &s);
	(void)json_object_set_new(
	    o, "state", json_string(matcher_state_name(s.state)));
	json_uint(o, "people", s.records[MATCH_PEOPLE]);
	json_uint(o, "demands", s.records[MATCH_DEMANDS]);
	json_uint(o, "courses", s.records[MATCH_COURSES]);
	json_uint(o, "left_out", s.left_out);
	json_uint(o, "done", s.done);
	json_uint(o, "of", s.of);
	json_uint(o, "bytes", s.bytes);
	return o;
}
