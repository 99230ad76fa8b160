/* What a card is to the needs of a team, and the best of many cards. */
#include <stdlib.h>

#include "match/team.h"

#define LANGUAGE_LEAST   3 /* B1 */
#define WANTS_LEAST      500
#define FIELDS_DEPTH_MAX 3

struct team_view {
	const struct meaning *m;
	const struct team_need *needs;
	size_t n;
	struct relate_item items[TEAM_NEEDS_MAX];
	uint16_t need_of[TEAM_NEEDS_MAX]; /* by item */
	uint16_t items_n;
	struct relate_table *table;
	uint64_t *fields; /* by place: a bit for each field it lies in */
	uint32_t field_at[TEAM_BACKGROUNDS_MAX];
	size_t fields_n;
};

/* ---- fields: the broad groups of skills and knowledge ---- */

static bool
is_field(const struct vocabulary *v, uint32_t at, uint32_t depth)
{
	const enum term_type type = vocabulary_type(v, at);

	return (type == TERM_SKILL || type == TERM_KNOWLEDGE) &&
	       vocabulary_narrower(v, at).n > 0 &&
	       vocabulary_depth(v, at) <= depth;
}

/* As deep as there are few enough of them. */
static uint32_t
fields_depth(const struct vocabulary *v)
{
	uint32_t count[FIELDS_DEPTH_MAX + 1] = { 0 };
	uint32_t depth = 0;

	for (uint32_t at = 0; at < vocabulary_size(v); at++)
		for (uint32_t d = 0; d <= FIELDS_DEPTH_MAX; d++)
			count[d] += is_field(v, at, d);
	for (uint32_t d = 1; d <= FIELDS_DEPTH_MAX; d++)
		if (count[d] <= TEAM_BACKGROUNDS_MAX)
			depth = d;
	return depth;
}

/* A field lies in itself, everything else where its broader terms lie. */
static void
fields_make(struct team_view *v)
{
	const struct vocabulary *w = v->m->vocabulary;
	const uint32_t deepest = fields_depth(w);

	for (uint32_t depth = 0; depth <= VOCABULARY_DEPTH; depth++)
		for (uint32_t at = 0; at < vocabulary_size(w); at++) {
			if (vocabulary_depth(w, at) != depth)
				continue;
			if (is_field(w, at, deepest)) {
				if (v->fields_n < TEAM_BACKGROUNDS_MAX) {
					v->field_at[v->fields_n] = at;
					v->fields[at] = UINT64_C(1)
							<< v->fields_n++;
				}
				continue;
			}
			const struct term_list up = vocabulary_broader(w, at);
			for (uint32_t i = 0; i < up.n; i++)
				v->fields[at] |= v->fields[up.at[i]];
		}
}

uint64_t
team_background(const struct team_view *v, size_t n)
{
	return n < v->fields_n
		   ? vocabulary_term(v->m->vocabulary, v->field_at[n])
		   : 0;
}

/* The field where most of a card's skills lie, and a second near it. */
static uint64_t
main_fields(const struct team_view *v, const struct card *c)
{
	uint32_t weight[TEAM_BACKGROUNDS_MAX] = { 0 };
	size_t first = 0, second = TEAM_BACKGROUNDS_MAX;

	for (uint16_t i = 0; i < c->skills_n; i++) {
		const uint32_t at = c->skills[i].at;
		for (size_t f = 0; at != TERM_NOWHERE && f < v->fields_n; f++)
			if ((v->fields[at] >> f & 1) != 0)
				weight[f] += v->m->rarity->sixteenths[at];
	}
	for (size_t f = 1; f < v->fields_n; f++)
		if (weight[f] > weight[first])
			first = f;
	if (v->fields_n == 0 || weight[first] == 0)
		return 0;
	for (size_t f = 0; f < v->fields_n; f++)
		if (f != first && weight[f] * 2 >= weight[first] &&
		    (second == TEAM_BACKGROUNDS_MAX ||
			weight[f] > weight[second]))
			second = f;
	return UINT64_C(1) << first |
	       (second == TEAM_BACKGROUNDS_MAX ? 0 : UINT64_C(1) << second);
}

/* ---- a view ---- */

err
team_view_new(const struct meaning *m, const struct team_need *needs, size_t n,
    struct team_view **out)
{
	struct team_view *v;

	*out = NULL;
	if (n > TEAM_NEEDS_MAX)
		return ERR_LIMIT;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	v->m = m;
	v->needs = needs;
	v->n = n;
	for (size_t i = 0; i < n; i++) {
		if (needs[i].at == TERM_NOWHERE)
			continue;
		v->need_of[v->items_n] = (uint16_t)i;
		v->items[v->items_n++] = (struct relate_item){ needs[i].term,
			needs[i].at, needs[i].level, 0 };
	}
	v->fields = calloc(
	    (size_t)vocabulary_size(m->vocabulary) + 1, sizeof(*v->fields));
	const err e = v->fields == NULL
			  ? ERR_NOMEM
			  : relate_table_new(m->vocabulary, v->items,
				v->items_n, true, &v->table);
	if (e != OK) {
		team_view_free(v);
		return e;
	}
	fields_make(v);
	*out = v;
	return OK;
}

void
team_view_free(struct team_view *v)
{
	if (v == NULL)
		return;
	relate_table_free(v->table);
	free(v->fields);
	free(v);
}

static uint16_t
items_of(const struct graded_term *terms, uint16_t n, struct relate_item *out)
{
	uint16_t k = 0;

	for (uint16_t i = 0; i < n; i++)
		if (terms[i].at != TERM_NOWHERE)
			out[k++] = (struct relate_item){ terms[i].term,
				terms[i].at, terms[i].level, 0 };
	return k;
}

/* Somebody who holds the thing itself, at the level or at one not told. */
static bool
passes(const struct relate_best *b, uint8_t level)
{
	return b->credit > 0 &&
	       (b->via == VIA_EXACT || b->via == VIA_NARROWER) &&
	       (level == 0 || b->level == 0 || b->level >= level);
}

static void
take_languages(const struct card *c, struct team_candidate *out)
{
	out->languages_known = c->languages_n > 0;
	for (uint16_t i = 0; i < c->languages_n; i++) {
		const struct spoken_language *l = &c->languages[i];
		if ((l->cefr == 0 || l->cefr >= LANGUAGE_LEAST) &&
		    out->languages_n < ARRAY_LEN(out->languages))
			out->languages[out->languages_n++] = l->language;
	}
}

bool
team_look(const struct team_view *v, const uint8_t id[RECORD_ID],
    const struct card *c, struct team_candidate *out)
{
	struct relate_item held[CARD_SKILLS_MAX];
	struct relate_best best[TEAM_NEEDS_MAX];
	bool any = false;

	*out = (struct team_candidate){ .hours = c->hours };
	memcpy(out->id, id, RECORD_ID);
	relate_meet(
	    v->table, held, items_of(c->skills, c->skills_n, held), best);
	for (uint16_t i = 0; i < v->items_n; i++) {
		const uint16_t need = v->need_of[i];
		out->credit[need] = best[i].credit;
		out->holds[need] = passes(&best[i], v->needs[need].level);
		any = any || best[i].credit > 0;
	}
	relate_meet(v->table, held,
	    items_of(c->aspirations, c->aspirations_n, held), best);
	for (uint16_t i = 0; i < v->items_n; i++)
		out->wants[v->need_of[i]] = best[i].credit >= WANTS_LEAST;
	take_languages(c, out);
	out->backgrounds = main_fields(v, c);
	return any;
}

/* ---- the best of many ---- */

struct ranked {
	uint32_t key; /* larger is better */
	uint32_t sum; /* of all credits */
	uint16_t slot;
};

struct team_pool {
	size_t needs_n, each;
	struct ranked *lists; /* needs_n + 1 lists of ${each} */
	size_t lists_n[TEAM_NEEDS_MAX + 1];
	struct team_candidate *slots;
	uint16_t *uses;   /* by slot: in how many lists it is */
	uint16_t *unused; /* slots */
	size_t unused_n, slots_n;
};

err
team_pool_new(size_t n, struct team_pool **out)
{
	struct team_pool *p;

	*out = NULL;
	if (n > TEAM_NEEDS_MAX)
		return ERR_LIMIT;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_NOMEM;
	p->needs_n = n;
	p->each = TEAM_CANDIDATES_MAX / (n + 1);
	p->slots_n = p->each * (n + 1) + 1;
	p->lists = calloc(p->slots_n, sizeof(*p->lists));
	p->slots = calloc(p->slots_n, sizeof(*p->slots));
	p->uses = calloc(p->slots_n, sizeof(*p->uses));
	p->unused = calloc(p->slots_n, sizeof(*p->unused));
	if (p->lists == NULL || p->slots == NULL || p->uses == NULL ||
	    p->unused == NULL) {
		team_pool_free(p);
		return ERR_NOMEM;
	}
	while (p->unused_n < p->slots_n) {
		p->unused[p->unused_n] =
		    (uint16_t)(p->slots_n - 1 - p->unused_n);
		p->unused_n++;
	}
	*out = p;
	return OK;
}

void
team_pool_free(struct team_pool *p)
{
	if (p == NULL)
		return;
	free(p->lists);
	free(p->slots);
	free(p->uses);
	free(p->unused);
	free(p);
}

size_t
team_pool_each(const struct team_pool *p)
{
	return p->each;
}

static bool
ranked_before(
    const struct team_pool *p, const struct ranked *a, const struct ranked *b)
{
	const struct team_candidate *x = &p->slots[a->slot];
	const struct team_candidate *y = &p->slots[b->slot];

	if (a->key != b->key)
		return a->key > b->key;
	if (a->sum != b->sum)
		return a->sum > b->sum;
	if (x->load != y->load)
		return x->load < y->load;
	return memcmp(x->id, y->id, RECORD_ID) < 0;
}

static void
slot_drop(struct team_pool *p, uint16_t slot)
{
	if (--p->uses[slot] == 0)
		p->unused[p->unused_n++] = slot;
}

static void
list_put(struct team_pool *p, size_t list, struct ranked r)
{
	struct ranked *l = &p->lists[list * p->each];
	size_t n = p->lists_n[list];

	if (r.key == 0 || (n == p->each && !ranked_before(p, &r, &l[n - 1])))
		return;
	if (n == p->each)
		slot_drop(p, l[--n].slot);
	p->lists_n[list] = n + 1;
	for (; n > 0 && ranked_before(p, &r, &l[n - 1]); n--)
		l[n] = l[n - 1];
	l[n] = r;
	p->uses[r.slot]++;
}

void
team_pool_add(struct team_pool *p, const struct team_candidate *c)
{
	ASSERT(p->unused_n > 0);
	const uint16_t slot = p->unused[--p->unused_n];
	struct ranked r = { .slot = slot };

	p->slots[slot] = *c;
	p->uses[slot] = 1;
	for (size_t i = 0; i < p->needs_n; i++)
		r.sum += c->credit[i];
	for (size_t i = 0; i < p->needs_n; i++) {
		r.key = c->credit[i] + (c->holds[i] ? CREDIT_MAX : 0U);
		list_put(p, i, r);
	}
	r.key = r.sum;
	list_put(p, p->needs_n, r);
	slot_drop(p, slot);
}

static int
candidate_order(const void *a, const void *b)
{
	const struct team_candidate *x = a, *y = b;

	return memcmp(x->id, y->id, RECORD_ID);
}

size_t
team_pool_take(const struct team_pool *p, struct team_candidate *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->slots_n; i++)
		if (p->uses[i] > 0)
			out[n++] = p->slots[i];
	if (n > 0)
		qsort(out, n, sizeof(*out), candidate_order);
	return n;
}
