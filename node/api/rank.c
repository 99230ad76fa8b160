/*
 * Which place a person has among those that this node knows for a posting,
 * and the cheapest single change that moves it. The others are searched for
 * once; they do not depend on the person, so each change is placed among
 * them by what it scores.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/desk.h"

/* The best others for a posting, none of them excluded. */
struct field_of_others {
	struct found hits;
	size_t n;     /* of them that are others */
	uint64_t of;  /* people who are not excluded, the others alone */
	bool counted; /* else the excluded are among them: they are many */
};

static const uint8_t last_of_equals[RECORD_ID] = { 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff };

/* How a card does. */
struct standing {
	int32_t both;
	bool excluded;
	uint64_t place; /* from 1; 0: excluded, or below RANK_MAX */
};

struct rank_change {
	uint64_t term;
	uint8_t from, to;
	struct standing then;
};

struct ranking {
	struct desk *d;
	struct plan *plan;
	struct field_of_others others;
	struct standing now;
	uint8_t id[RECORD_ID]; /* of the person's card; ties are by it */
};

void
rank_text(char *out, size_t cap, uint64_t place)
{
	static const char *const ends[] = { "th", "st", "nd", "rd" };
	const uint64_t tens = place / 10 % 10, last = place % 10;

	if (place == 0)
		(void)snprintf(out, cap, "below the %dth", RANK_MAX);
	else
		(void)snprintf(out, cap, "%" PRIu64 "%s", place,
		    ends[tens == 1 || last > 3 ? 0 : last]);
}

/* ---- the others ---- */

static bool
find_others(struct ranking *k)
{
	static const struct match_filter none;
	const struct find_options o = {
		.filter = &none, .max = RANK_MAX + 1, .scan = k->d->ask->scan
	};
	struct found *h = &k->others.hits;
	size_t n = 0;

	if (!find_people(k->d->t, &k->d->posting, &o, h))
		return false;
	for (size_t i = 0; i < h->n; i++)
		if (memcmp(h->list[i].id, k->id, RECORD_ID) != 0)
			h->list[n++] = h->list[i];
	k->others.n = MIN(n, (size_t)RANK_MAX);
	k->others.counted = h->counted;
	k->others.of =
	    h->counted ? h->counts.seen - h->counts.excluded : h->known;
	/* Our own card is in no search; a candidate was counted. */
	if (!k->d->ask->for_person && !(k->now.excluded && k->others.counted) &&
	    k->others.of > 0)
		k->others.of--;
	return true;
}

static uint64_t
place_of(const struct ranking *k, const struct standing *s,
    const uint8_t id[RECORD_ID])
{
	size_t before = 0;

	if (s->excluded)
		return 0;
	while (before < k->others.n) {
		const struct scan_result *r = &k->others.hits.list[before];
		if (r->both < s->both ||
		    (r->both == s->both && memcmp(r->id, id, RECORD_ID) > 0))
			break;
		before++;
	}
	return before == RANK_MAX ? 0 : before + 1;
}

/* As the posting's side sees it: without anything private. */
static struct standing
stand(const struct ranking *k, const struct card *c)
{
	const struct score_brief fit = plan_fit_brief(k->plan, c);
	const struct score_brief wish = plan_wish_brief(k->plan, c, NULL);

	return (struct standing){ .both = score_both(fit.total, wish.total),
		.excluded = fit.excluded || wish.excluded };
}

/* ---- what would move it ---- */

static bool
moves_up(const struct standing *now, const struct standing *then)
{
	return then->place != 0 &&
	       (now->place == 0 || then->place < now->place);
}

/* Is a the cheaper change? Fewest levels, best place, smallest term. */
static bool
cheaper(const struct rank_change *a, const struct rank_change *b)
{
	if (a->to - a->from != b->to - b->from)
		return a->to - a->from < b->to - b->from;
	if (a->then.place != b->then.place)
		return a->then.place < b->then.place;
	return a->term < b->term;
}

/*
 * Every level between what is held and what is asked. The card would have
 * another id then, which nobody knows: it is put behind its equals, so that
 * the place is never worse than said.
 */
static bool
find_change(const struct ranking *k, struct rank_change *best)
{
	const struct posting *p = &k->d->posting;
	bool found = false;

	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		const uint8_t most = MAX(r->level, (uint8_t)1);
		for (uint8_t to = 1; r->at != TERM_NOWHERE && to <= most;
		     to++) {
			struct rank_change c = { .term = r->term, .to = to };
			struct card other = k->d->bare;
			if (!card_raise(&other, r->term, r->at, to, &c.from) ||
			    c.from >= to)
				continue;
			c.then = stand(k, &other);
			c.then.place = place_of(k, &c.then, last_of_equals);
			if (moves_up(&k->now, &c.then) &&
			    (!found || cheaper(&c, best))) {
				*best = c;
				found = true;
			}
		}
	}
	return found;
}

static void
put_place(json_t *o, const char *key, uint64_t place)
{
	if (place > 0)
		json_uint(o, key, place);
	else
		(void)json_object_set_new(o, key, json_null());
}

static json_t *
change_json(const struct ranking *k, const struct rank_change *c)
{
	json_t *o = term_json(&k->d->scope, c->term);
	char what[TERM_LABEL_MAX + 40], then[32], now[32];

	change_text(&k->d->scope, c->term, c->from, c->to, what, sizeof(what));
	rank_text(then, sizeof(then), c->then.place);
	rank_text(now, sizeof(now), k->now.place);
	(void)json_object_set_new(o, "text",
	    json_sprintf("with %s %s would rank %s instead of %s", what,
		k->d->ask->for_person ? "you" : "this person", then,
		k->now.excluded ? "being excluded" : now));
	json_uint(o, "from_level", c->from);
	json_uint(o, "to_level", c->to);
	json_uint(o, "rank", c->then.place);
	json_uint(o, "score", (uint64_t)MAX(c->then.both, 0));
	return o;
}

/* Of the card that is published, if there is one. */
static void
own_card_id(const struct desk *d, uint8_t id[RECORD_ID])
{
	struct store_record r;

	if (store_get_slot(d->t->view, d->t->author, KIND_PROFILE, 0, &r) ==
		OK &&
	    !r.deleted)
		memcpy(id, r.id, RECORD_ID);
}

json_t *
rank_json(struct desk *d)
{
	struct ranking k = { .d = d };
	struct rank_change change;

	if (d->ask->for_person && d->r.kind == KIND_COURSE)
		return json_null(); /* nobody is chosen for a course */
	const err e = plan_new(&d->t->meaning, &d->posting, &k.plan);
	if (e != OK) {
		find_fail(d->t, e);
		return NULL;
	}
	memcpy(k.id, last_of_equals, RECORD_ID); /* not published */
	if (!d->ask->for_person)
		memcpy(k.id, d->r.id, RECORD_ID);
	else
		own_card_id(d, k.id);
	k.now = stand(&k, &d->bare);
	if (!find_others(&k)) {
		plan_free(k.plan);
		return NULL;
	}
	k.now.place = place_of(&k, &k.now, k.id);
	json_t *o = json_object();
	put_place(o, "now", k.now.place);
	json_uint(o, "of", k.others.of + (k.now.excluded ? 0 : 1));
	json_truth(o, "of_excluded_too", !k.others.counted);
	json_uint(o, "places", RANK_MAX);
	json_truth(o, "excluded", k.now.excluded);
	json_uint(o, "score", (uint64_t)MAX(k.now.both, 0));
	(void)json_object_set_new(o, "change",
	    find_change(&k, &change) ? change_json(&k, &change) : json_null());
	found_free(&k.others.hits);
	plan_free(k.plan);
	return o;
}
