#include "node/api/find.h"

#include <stdlib.h>

#include "node/api/feed.h"

uint32_t
find_kind(enum find_list list)
{
	static const uint32_t kinds[FIND_LISTS] = { KIND_PROFILE, KIND_DEMAND,
		KIND_COURSE };

	return kinds[list];
}

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

/* A feed, of which the filter lets some through. */
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
		if (filter_card(&s->filter->index, item->card))
			return true;
	return false;
}

static bool
next_posting(void *ctx, struct posting_item *item)
{
	const struct sieve *s = ctx;

	while (s->postings.next(s->postings.ctx, item))
		if (filter_posting(&s->filter->index, item->posting))
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

bool
find_people(struct task *t, const struct posting *p,
    const struct find_options *o, struct found *out)
{
	struct feed *f;

	if (!found_new(t, o->max, out))
		return false;
	f = feed_open(t, KIND_PROFILE, true);
	if (f == NULL) {
		found_free(out);
		return false;
	}
	struct sieve sieve = { .filter = o->filter, .cards = feed_cards(f) };
	const struct card_source source = { next_card, &sieve };
	return found_done(t,
	    scan_people(&t->meaning, p, &source, o->all, out->list, o->max,
		&out->n, &out->counts),
	    f, out);
}

bool
find_postings(struct task *t, enum find_list list, const struct card *c,
    const struct wishes *w, const struct find_options *o, struct found *out)
{
	struct feed *f;

	if (!found_new(t, o->max, out))
		return false;
	f = feed_open(t, find_kind(list), true);
	if (f == NULL) {
		found_free(out);
		return false;
	}
	struct sieve sieve = { .filter = o->filter,
		.postings = feed_postings(f) };
	const struct posting_source source = { next_posting, &sieve };
	return found_done(t,
	    scan_postings(&t->meaning, c, w, &source, o->all, out->list, o->max,
		&out->n, &out->counts),
	    f, out);
}

/* ---- who is kept out ---- */

bool
find_barriers(struct task *t, const struct posting *p,
    const struct match_filter *filter, struct find_barriers *out)
{
	struct feed *f = feed_open(t, KIND_PROFILE, true);
	struct scan_counts counts;

	*out = (struct find_barriers){ 0 };
	if (f == NULL)
		return false;
	struct sieve sieve = { .filter = filter, .cards = feed_cards(f) };
	const struct card_source source = { next_card, &sieve };
	f->step = f->n / FIND_BARRIERS_MAX + 1;
	out->known = f->n;
	const err e =
	    scan_barriers(&t->meaning, p, &source, out->list, &out->n, &counts);
	feed_close(f);
	out->looked_at = counts.seen;
	if (e != OK)
		find_fail(t, e);
	return e == OK;
}
