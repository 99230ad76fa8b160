#include "match/community.h"

#include <stdlib.h>

#define WEIGHT_POSTING 4 /* what a posting asks for, beside one who wants it */
#define WEIGHT_MOST    100000
#define NEED_CREDIT    500 /* of a posting's purpose: this one or beside it */
#define NEED_SHARE     20  /* asked or wanted by one of so many, or more */
#define NEED_LEAST     8   /* and so many times less than the first: no need */

/* What somebody says to be needed, around the purpose and at all. */
struct wanted {
	uint32_t weight; /* of the purpose's postings that ask for it */
	uint32_t asked, asked_at_all;   /* postings */
	uint32_t people, people_at_all; /* who want to learn it */
	uint8_t level;                  /* the highest asked */
};

/* Somebody interested; where they can meet others. */
struct person {
	struct team_candidate c;
	uint32_t region; /* two letters */
	uint8_t remote;  /* enum place */
	uint32_t part;
	bool placed;
};

struct community {
	const struct meaning *m;
	struct relate_item purpose;
	struct relate_table *near;
	struct wanted *wanted; /* by place; NULL after the needs are known */
	uint32_t postings, postings_at_all, caring, cards;
	struct team_need needs[COMMUNITY_NEEDS_MAX];
	size_t needs_n;
	struct team_view *view;
	struct person *people; /* sorted by id */
	size_t people_n, people_cap;
	size_t seen, interested;
	struct team_candidate *shown; /* of the result */
	struct community_cell *cells;
};

err
community_new(const struct meaning *m, const struct community_purpose *p,
    struct community **out)
{
	struct community *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL)
		return ERR_NOMEM;
	c->m = m;
	c->wanted = calloc(vocabulary_size(m->vocabulary), sizeof(*c->wanted));
	if (c->wanted == NULL) {
		free(c);
		return ERR_NOMEM;
	}
	c->purpose = (struct relate_item){ p->term, p->at, 0, 0 };
	const err e =
	    relate_table_new(m->vocabulary, &c->purpose, 1, true, &c->near);
	if (e != OK) {
		free(c->wanted);
		free(c);
		return e;
	}
	*out = c;
	return OK;
}

void
community_free(struct community *c)
{
	if (c == NULL)
		return;
	relate_table_free(c->near);
	team_view_free(c->view);
	free(c->wanted);
	free(c->people);
	free(c->shown);
	free(c->cells);
	free(c);
}

/* ---- who cares, and what is needed ---- */

/* How near the nearest of them is to the purpose; what only is a wider
 * cause, or another special case of one, is not the purpose's own. */
static uint16_t
nearness(const struct community *c, const struct graded_term *terms, uint16_t n,
    bool own)
{
	uint16_t nearest = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct relate_best best;
		const struct relate_item item = { terms[i].term, terms[i].at, 0,
			0 };
		if (terms[i].at == TERM_NOWHERE)
			continue;
		relate_meet(c->near, &item, 1, &best);
		if (!own || best.via == VIA_EXACT || best.via == VIA_NARROWER ||
		    best.via == VIA_RELATED)
			nearest = MAX(nearest, best.credit);
	}
	return nearest;
}

static bool
cares(const struct community *c, const struct card *card)
{
	return nearness(c, card->purposes, card->purposes_n, false) >=
		   COMMUNITY_INTEREST_MIN ||
	       nearness(c, card->aspirations, card->aspirations_n, false) >=
		   COMMUNITY_INTEREST_MIN;
}

static bool
is_skill(const struct community *c, uint32_t at)
{
	if (at == TERM_NOWHERE)
		return false;
	const enum term_type type = vocabulary_type(c->m->vocabulary, at);
	return type == TERM_SKILL || type == TERM_KNOWLEDGE;
}

void
community_posting(struct community *c, const struct posting *p)
{
	const uint32_t near = nearness(c, p->purposes, p->purposes_n, true);
	const bool of_it = near >= NEED_CREDIT;

	c->postings_at_all++;
	c->postings += of_it;
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		if (!is_skill(c, r->at))
			continue;
		struct wanted *w = &c->wanted[r->at];
		w->asked_at_all++;
		if (!of_it)
			continue;
		w->asked++;
		w->weight = MIN(
		    w->weight + r->weight * near / CREDIT_MAX + 1, WEIGHT_MOST);
		w->level = MAX(w->level, r->level);
	}
}

void
community_ask(struct community *c, const struct card *card)
{
	const bool of_it = cares(c, card);

	c->cards++;
	c->caring += of_it;
	for (uint16_t i = 0; i < card->aspirations_n; i++) {
		const uint32_t at = card->aspirations[i].at;
		if (!is_skill(c, at))
			continue;
		c->wanted[at].people_at_all++;
		c->wanted[at].people += of_it;
	}
}

/* One of NEED_SHARE says so at least, and no less often than elsewhere. */
static bool
is_typical(uint32_t here, uint32_t of, uint32_t at_all, uint32_t of_all)
{
	return here > 0 && (uint64_t)here * NEED_SHARE >= of &&
	       (uint64_t)here * of_all >= (uint64_t)at_all * of;
}

/* How much the purpose needs it; what is rare tells more. 0: not its own. */
static uint64_t
weight_of(const struct community *c, uint32_t at)
{
	const struct wanted *w = &c->wanted[at];
	uint64_t weight = 0;

	if (is_typical(
		w->asked, c->postings, w->asked_at_all, c->postings_at_all))
		weight += (uint64_t)w->weight * WEIGHT_POSTING;
	if (is_typical(w->people, c->caring, w->people_at_all, c->cards))
		weight += (uint64_t)w->people * REQUIREMENT_WEIGHT_DEFAULT;
	return weight * c->m->rarity->sixteenths[at] / RARITY_MIN;
}

/* A place that is a need goes among the heaviest so far. */
static void
need_put(struct community *c, uint64_t *weights, uint32_t at)
{
	const uint64_t weight = weight_of(c, at);
	const uint64_t term = vocabulary_term(c->m->vocabulary, at);
	size_t i = c->needs_n;

	while (i > 0 &&
	       (weight > weights[i - 1] ||
		   (weight == weights[i - 1] && term < c->needs[i - 1].term)))
		i--;
	if (weight == 0 || i == COMMUNITY_NEEDS_MAX)
		return;
	c->needs_n = MIN(c->needs_n + 1, (size_t)COMMUNITY_NEEDS_MAX);
	for (size_t k = c->needs_n - 1; k > i; k--) {
		c->needs[k] = c->needs[k - 1];
		weights[k] = weights[k - 1];
	}
	weights[i] = weight;
	c->needs[i] = (struct team_need){ .term = term,
		.at = at,
		.level = c->wanted[at].level,
		.times = 1,
		.weight = (uint32_t)MIN(weight, (uint64_t)TEAM_WEIGHT_MAX) };
}

err
community_needs(struct community *c, const struct team_need **out, size_t *n)
{
	uint64_t weights[COMMUNITY_NEEDS_MAX];

	if (c->view == NULL) {
		c->needs_n = 0;
		for (uint32_t at = 0; at < vocabulary_size(c->m->vocabulary);
		     at++)
			need_put(c, weights, at);
		while (c->needs_n > 0 &&
		       weights[c->needs_n - 1] * NEED_LEAST < weights[0])
			c->needs_n--;
		TRY(team_view_new(c->m, c->needs, c->needs_n, &c->view));
	}
	*out = c->needs;
	*n = c->needs_n;
	return OK;
}

/* ---- the people ---- */

static int
person_order(const void *a, const void *b)
{
	const struct person *x = a, *y = b;

	return memcmp(x->c.id, y->c.id, RECORD_ID);
}

static void
people_sort(struct community *c)
{
	if (c->people_n > 0)
		qsort(c->people, c->people_n, sizeof(*c->people), person_order);
	c->people_n = MIN(c->people_n, (size_t)COMMUNITY_PEOPLE_MAX);
}

/* Twice the maximum at first, so that sorting out is rare. */
NODISCARD static err
person_put(struct community *c, const struct person *p)
{
	if (c->people_n == c->people_cap) {
		const size_t cap = MIN(MAX(c->people_cap * 2, (size_t)64),
		    (size_t)COMMUNITY_PEOPLE_MAX * 2);
		void *q = realloc(c->people, cap * sizeof(*c->people));
		if (q == NULL)
			return ERR_NOMEM;
		c->people = q;
		c->people_cap = cap;
	}
	c->people[c->people_n++] = *p;
	if (c->people_n == COMMUNITY_PEOPLE_MAX * 2)
		people_sort(c);
	return OK;
}

err
community_add(
    struct community *c, const uint8_t id[RECORD_ID], const struct card *card)
{
	struct person p = { .remote = card->remote };

	ASSERT(c->view != NULL);
	c->seen++;
	if (!cares(c, card))
		return OK;
	c->interested++;
	(void)team_look(c->view, id, card, &p.c);
	/* one who has nothing of it yet may learn, and languages count */
	memcpy(p.c.id, id, RECORD_ID);
	p.region = strcmp(card->region, "zz") == 0
		       ? 0
		       : (uint32_t)(uint8_t)card->region[0] << 8 |
			     (uint8_t)card->region[1];
	return person_put(c, &p);
}

/* ---- who can meet whom ---- */

static bool
share_language(const struct team_candidate *a, const struct team_candidate *b)
{
	if (!a->languages_known || !b->languages_known)
		return true; /* to be asked */
	for (uint8_t i = 0; i < a->languages_n; i++)
		for (uint8_t k = 0; k < b->languages_n; k++)
			if (a->languages[i] == b->languages[k])
				return true;
	return false;
}

/* In one place, or both from anywhere. */
static bool
share_place(const struct person *a, const struct person *b)
{
	const bool far =
	    a->remote != PLACE_ON_SITE && b->remote != PLACE_ON_SITE;

	return far || a->region == 0 || b->region == 0 ||
	       a->region == b->region;
}

static uint32_t
root_of(struct community *c, uint32_t i)
{
	while (c->people[i].part != i) {
		c->people[i].part = c->people[c->people[i].part].part;
		i = c->people[i].part;
	}
	return i;
}

/* The connected parts: ${part} is the smallest place of each. */
static void
parts_connect(struct community *c)
{
	for (uint32_t i = 0; i < c->people_n; i++)
		c->people[i].part = i;
	for (uint32_t i = 0; i < c->people_n; i++)
		for (uint32_t k = 0; k < i; k++) {
			const uint32_t a = root_of(c, i), b = root_of(c, k);
			if (a == b ||
			    !share_language(&c->people[i].c, &c->people[k].c) ||
			    !share_place(&c->people[i], &c->people[k]))
				continue;
			c->people[MAX(a, b)].part = MIN(a, b);
		}
	for (uint32_t i = 0; i < c->people_n; i++)
		c->people[i].part = root_of(c, i);
}

/* ---- cells ---- */

/* Some of the people who could be in a cell together. */
struct group {
	uint16_t who[TEAM_CANDIDATES_MAX];
	size_t n;
};

#define ANYWHERE UINT32_MAX /* a place: online */

struct cutting {
	struct community *c;
	struct community_result *r;
	size_t size;
	struct team_candidate *some; /* room for TEAM_CANDIDATES_MAX */
	struct group group;
};

static bool
is_in(const struct person *p, uint32_t part, uint32_t place)
{
	if (p->placed || p->part != part)
		return false;
	return place == ANYWHERE ? p->remote != PLACE_ON_SITE
				 : p->region == place || p->region == 0;
}

static bool
speaks(const struct person *p, uint32_t language)
{
	if (!p->c.languages_known || language == 0)
		return true;
	for (uint8_t i = 0; i < p->c.languages_n; i++)
		if (p->c.languages[i] == language)
			return true;
	return false;
}

static size_t
count_in(
    const struct community *c, uint32_t part, uint32_t place, uint32_t language)
{
	size_t n = 0;

	for (size_t i = 0; i < c->people_n; i++)
		n += is_in(&c->people[i], part, place) &&
		     speaks(&c->people[i], language);
	return n;
}

/* The language in which most of them can talk; 0: nobody told any. */
static uint32_t
common_language(const struct community *c, uint32_t part, uint32_t place)
{
	uint32_t tried[64], best = 0;
	size_t tried_n = 0, most = 0;

	for (size_t i = 0; i < c->people_n; i++) {
		const struct person *p = &c->people[i];
		if (!is_in(p, part, place))
			continue;
		for (uint8_t k = 0; k < p->c.languages_n; k++) {
			const uint32_t l = p->c.languages[k];
			size_t at = 0;
			while (at < tried_n && tried[at] != l)
				at++;
			if (at < tried_n || tried_n == ARRAY_LEN(tried))
				continue;
			tried[tried_n++] = l;
			const size_t n = count_in(c, part, place, l);
			if (n > most || (n == most && l < best)) {
				most = n;
				best = l;
			}
		}
	}
	return best;
}

/* One cell of the group: who covers most, then the others in turn. */
NODISCARD static err
cut_cell(struct cutting *x, size_t size, uint32_t language, uint32_t part)
{
	struct community *c = x->c;
	const struct team_task task = {
		.needs = c->needs, .needs_n = c->needs_n, .size_max = size
	};
	struct community_cell *cell = &x->r->cells[x->r->cells_n];
	uint16_t members[TEAM_SIZE_MAX];
	size_t n = 0, left = 0;

	for (size_t i = 0; i < x->group.n; i++)
		x->some[i] = c->people[x->group.who[i]].c;
	TRY(team_form(&task, x->some, x->group.n, &cell->team));
	for (; n < cell->team.members_n; n++) {
		members[n] = x->group.who[cell->team.members[n]];
		c->people[members[n]].placed = true;
	}
	for (size_t i = 0; i < x->group.n && n < size; i++)
		if (!c->people[x->group.who[i]].placed) {
			members[n++] = x->group.who[i];
			c->people[x->group.who[i]].placed = true;
		}
	TRY(team_of(&task, x->r->people, members, n, &cell->team));
	cell->team.language = language;
	cell->part = part;
	x->r->cells_n++;
	for (size_t i = 0; i < x->group.n; i++)
		if (!c->people[x->group.who[i]].placed)
			x->group.who[left++] = x->group.who[i];
	x->group.n = left;
	return OK;
}

/*
 * All who can meet in one place and talk: so many cells that none is smaller
 * than the least, of about the same size.
 */
NODISCARD static err
cut_group(struct cutting *x, uint32_t part, uint32_t number, uint32_t place)
{
	struct community *c = x->c;

	for (;;) {
		const uint32_t language = common_language(c, part, place);
		x->group.n = 0;
		for (size_t i = 0;
		     i < c->people_n && x->group.n < TEAM_CANDIDATES_MAX; i++)
			if (is_in(&c->people[i], part, place) &&
			    speaks(&c->people[i], language))
				x->group.who[x->group.n++] = (uint16_t)i;
		size_t cells = (x->group.n + x->size - 1) / x->size;
		while (cells > 1 && x->group.n / cells < COMMUNITY_CELL_MIN)
			cells--;
		if (x->group.n < COMMUNITY_CELL_MIN)
			return OK;
		for (; cells > 0; cells--) {
			if (x->r->cells_n == COMMUNITY_CELLS_MAX)
				return OK;
			TRY(cut_cell(x,
			    MIN((x->group.n + cells - 1) / cells,
				(size_t)COMMUNITY_CELL_MAX),
			    language, number));
		}
	}
}

/* Where most of the part are that have no cell yet; 0: nowhere any more. */
static uint32_t
next_region(const struct community *c, uint32_t part, const uint32_t *done,
    size_t done_n)
{
	uint32_t best = 0;
	size_t most = 0;

	for (size_t i = 0; i < c->people_n; i++) {
		const struct person *p = &c->people[i];
		size_t at = 0;
		while (at < done_n && done[at] != p->region)
			at++;
		if (p->part != part || p->placed || p->region == 0 ||
		    at < done_n || p->region == best)
			continue;
		const size_t n = count_in(c, part, p->region, 0);
		if (n > most || (n == most && p->region < best)) {
			most = n;
			best = p->region;
		}
	}
	return most >= COMMUNITY_CELL_MIN ? best : 0;
}

/* Those near each other first, then over the distance. */
NODISCARD static err
cut_part(struct cutting *x, uint32_t part, uint32_t number)
{
	uint32_t done[COMMUNITY_CELLS_MAX];
	size_t done_n = 0;

	while (done_n < ARRAY_LEN(done)) {
		const uint32_t region = next_region(x->c, part, done, done_n);
		if (region == 0)
			break;
		done[done_n++] = region;
		TRY(cut_group(x, part, number, region));
	}
	return cut_group(x, part, number, ANYWHERE);
}

/* The parts of two or more, the largest first. */
NODISCARD static err
cut_parts(struct cutting *x)
{
	struct community *c = x->c;
	uint32_t *size = calloc(c->people_n + 1, sizeof(*size));
	err e = OK;

	if (size == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < c->people_n; i++)
		size[c->people[i].part]++;
	for (size_t i = 0; i < c->people_n; i++) {
		x->r->parts += size[i] > 1;
		x->r->unconnected += size[i] == 1;
	}
	for (uint32_t number = 0; number < x->r->parts && e == OK; number++) {
		uint32_t best = 0;
		for (uint32_t i = 1; i < c->people_n; i++)
			if (size[i] > size[best])
				best = i;
		if (size[best] < COMMUNITY_CELL_MIN)
			break;
		size[best] = 0;
		e = cut_part(x, best, number);
	}
	free(size);
	for (size_t i = 0; i < c->people_n; i++)
		x->r->waiting += !c->people[i].placed;
	x->r->waiting -= x->r->unconnected;
	return e;
}

err
community_cells(struct community *c, size_t size, struct community_result *out)
{
	struct cutting x = { .c = c, .r = out, .size = size };
	err e;

	*out = (struct community_result){ .seen = c->seen,
		.interested = c->interested };
	if (size < COMMUNITY_CELL_MIN || size > COMMUNITY_CELL_MAX)
		return ERR_LIMIT;
	ASSERT(c->view != NULL);
	people_sort(c);
	free(c->shown);
	free(c->cells);
	c->shown = calloc(c->people_n + 1, sizeof(*c->shown));
	c->cells = calloc(COMMUNITY_CELLS_MAX, sizeof(*c->cells));
	x.some = calloc(TEAM_CANDIDATES_MAX, sizeof(*x.some));
	e = c->shown == NULL || c->cells == NULL || x.some == NULL ? ERR_NOMEM
								   : OK;
	if (e == OK) {
		for (size_t i = 0; i < c->people_n; i++) {
			c->people[i].placed = false;
			c->shown[i] = c->people[i].c;
		}
		out->people = c->shown;
		out->people_n = c->people_n;
		out->cells = c->cells;
		parts_connect(c);
		e = cut_parts(&x);
	}
	free(x.some);
	return e;
}
