#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/cards.h"

struct making {
	const struct index *ix;
	const struct segment *s;
	const uint32_t *rank;
	bool wide;
	struct cards *c;
	uint32_t *dense_of; /* by rank: its number among the dense + 1 */
};

/* ---- one card ---- */

static uint64_t
facts_of(const struct forward_card_view *v)
{
	const uint8_t *at = v->languages;
	uint64_t facts = v->remote | (uint64_t)v->hours << FACTS_HOURS |
			 (v->seeks & FACTS_MANY) << FACTS_SEEKS |
			 (v->offers & FACTS_MANY) << FACTS_OFFERS;

	for (uint16_t i = 0; i < v->languages_n; i++)
		facts |= facts_language(forward_language(&at).language);
	if ((v->seeks & FACTS_MANY) == 0)
		facts |= UINT64_C(1) << FACTS_SILENT;
	if ((v->offers & FACTS_MANY) == 0)
		facts |= UINT64_C(2) << FACTS_SILENT;
	return v->languages_n == 0 ? facts | FACTS_LANGUAGE_NONE : facts;
}

static void
put_facts(struct cards *c, uint32_t card, uint64_t facts)
{
	for (unsigned bit = 0; facts != 0; bit++, facts >>= 1)
		c->facts[(size_t)bit * c->words_n + card / 32] |=
		    (uint32_t)(facts & 1) << card % 32;
}

uint16_t
card_rarity(const struct index *ix, const struct forward_card_view *v)
{
	const uint8_t *rarity = ix->m.rarity->sixteenths;
	uint32_t sum = 0;

	for (uint16_t i = 0; i < v->skills_n; i++)
		sum += rarity[forward_place(v->places, i, ix->form.wide)];
	return v->twice ? 0 : (uint16_t)sum;
}

/* ---- first: how long each list is ---- */

static void
count_card(struct making *m, uint32_t card, const struct forward_card_view *v)
{
	struct card_lists *held = &m->c->held, *wants = &m->c->wants;
	const uint32_t chunk = card / CHUNK_CARDS, wide = card / WANTS_CARDS;
	const size_t skills = v->skills_n, aims = skills + v->aspirations_n;
	const size_t all = aims + v->purposes_n;
	/* one further on: the sums of these are where a list begins */
	uint32_t *h = held->from + held->chunks_n + chunk;
	uint32_t *w = wants->from + wants->chunks_n + wide;

	for (size_t i = 0; i < all; i++) {
		const size_t rank =
		    m->rank[forward_place(v->places, i, m->wide)];
		if (i >= skills)
			w[rank * wants->chunks_n]++;
		if (i < skills || i >= aims)
			h[rank * held->chunks_n]++;
	}
}

/* Grows when there are 1, 2, 4, ... of them. */
NODISCARD static err
add_group(struct cards *c, uint32_t card, uint16_t region, uint8_t kind)
{
	const uint32_t n = c->groups_n;

	if (n > 0 && c->groups[n - 1].region == region &&
	    c->groups[n - 1].kind == kind)
		return OK;
	if ((n & (n - 1)) == 0) {
		void *p =
		    realloc(c->groups, MAX(n * 2, 1U) * sizeof(*c->groups));
		if (p == NULL)
			return ERR_NOMEM;
		c->groups = p;
	}
	c->groups[c->groups_n++] = (struct card_group){ region, kind, card };
	return OK;
}

NODISCARD static err
count_all(struct making *m)
{
	const uint8_t *at = m->s->bytes;
	struct cards *c = m->c;
	struct forward_card_view v;

	for (uint32_t i = 0; i < m->s->n; i++, at += forward_size(at)) {
		forward_view_card(at, m->wide, &v);
		TRY(add_group(c, i, v.region, card_kind(&v)));
		put_facts(c, i, facts_of(&v));
		c->rarity[i] = card_rarity(m->ix, &v);
		c->rarity_least[i / 32] =
		    MIN(c->rarity_least[i / 32], c->rarity[i]);
		count_card(m, i, &v);
	}
	return OK;
}

/* ---- then: which are dense, and where each list begins ---- */

NODISCARD static err
find_dense(struct making *m)
{
	struct cards *c = m->c;
	struct card_lists *l = &c->held;
	const uint32_t least = m->s->n / DENSE_SHARE + 1;

	/* each is held by so many that there cannot be more of them */
	c->dense = malloc(((size_t)CARD_SKILLS_MAX + CARD_PURPOSES_MAX) *
			  DENSE_SHARE * sizeof(*c->dense));
	if (c->dense == NULL)
		return ERR_NOMEM;
	for (uint32_t at = 0; at < l->ranks_n; at++) {
		uint32_t *from =
		    l->from + ((size_t)m->rank[at] + 1) * l->chunks_n;
		uint32_t n = 0;
		for (uint32_t k = 0; k < l->chunks_n; k++)
			n += from[k];
		if (n < least)
			continue;
		c->dense[c->dense_n++] = at;
		m->dense_of[m->rank[at]] = c->dense_n;
		memset(from, 0, l->chunks_n * sizeof(*from));
	}
	c->masks =
	    calloc((size_t)c->dense_n * c->words_n + 1, sizeof(*c->masks));
	return c->masks == NULL ? ERR_NOMEM : OK;
}

/* Sums up the lengths; the lists begin one entry of ${from} too early then. */
NODISCARD static err
lists_begin(struct card_lists *l)
{
	uint32_t at = 0;

	for (uint32_t k = 0; k < l->chunks_n; k++) {
		uint32_t *from = l->from + k;
		*from = at;
		for (uint32_t rank = 1; rank <= l->ranks_n; rank++) {
			from += l->chunks_n;
			const uint32_t n = *from;
			*from = at;
			at += n;
		}
	}
	l->entries_n = at;
	l->entries = malloc(((size_t)at + 1) * sizeof(*l->entries));
	return l->entries == NULL ? ERR_NOMEM : OK;
}

/* ---- last: the entries ---- */

static void
put_card(struct making *m, uint32_t card, const struct forward_card_view *v)
{
	struct card_lists *held = &m->c->held, *wants = &m->c->wants;
	const uint32_t chunk = card / CHUNK_CARDS, wide = card / WANTS_CARDS;
	const size_t skills = v->skills_n, aims = skills + v->aspirations_n;
	const size_t all = aims + v->purposes_n;
	uint32_t *h = held->from + held->chunks_n + chunk;
	uint32_t *w = wants->from + wants->chunks_n + wide;

	for (size_t i = 0; i < all; i++) {
		const uint32_t rank =
		    m->rank[forward_place(v->places, i, m->wide)];
		const uint32_t dense = m->dense_of[rank];
		if (i >= skills)
			wants->entries[w[rank * wants->chunks_n]++] =
			    (uint16_t)(card % WANTS_CARDS);
		if (i >= skills && i < aims)
			continue;
		if (dense > 0) {
			m->c->masks[(size_t)(dense - 1) * m->c->words_n +
				    card / 32] |= 1U << card % 32;
			continue;
		}
		const uint8_t class =
		    i < skills ? level_class(forward_level(v->levels, i)) : 3;
		held->entries[h[rank * held->chunks_n]++] =
		    (uint16_t)(card % CHUNK_CARDS << 2 | class);
	}
}

static void
put_all(struct making *m)
{
	const uint8_t *at = m->s->bytes;
	struct forward_card_view v;

	for (uint32_t i = 0; i < m->s->n; i++, at += forward_size(at)) {
		forward_view_card(at, m->wide, &v);
		put_card(m, i, &v);
	}
}

/* ---- all of it ---- */

NODISCARD static err
lists_new(struct card_lists *l, uint32_t ranks, uint32_t n, uint32_t chunk)
{
	l->ranks_n = ranks;
	l->chunks_n = (n + chunk - 1) / chunk;
	l->from =
	    calloc((size_t)l->chunks_n * (ranks + 1) + 1, sizeof(*l->from));
	return l->from == NULL ? ERR_NOMEM : OK;
}

NODISCARD static err
make(struct making *m)
{
	const uint32_t ranks = m->ix->shape->places_n, n = m->s->n;
	struct cards *c = m->c;

	TRY(lists_new(&c->held, ranks, n, CHUNK_CARDS));
	TRY(lists_new(&c->wants, ranks, n, WANTS_CARDS));
	c->words_n = c->held.chunks_n * CHUNK_WORDS;
	c->facts = calloc((size_t)c->words_n * FACTS + 1, sizeof(*c->facts));
	c->rarity = malloc(((size_t)n + 1) * sizeof(*c->rarity));
	c->rarity_least =
	    malloc(((size_t)c->words_n + 1) * sizeof(*c->rarity_least));
	m->dense_of = calloc((size_t)ranks + 1, sizeof(*m->dense_of));
	if (c->facts == NULL || c->rarity == NULL || c->rarity_least == NULL ||
	    m->dense_of == NULL)
		return ERR_NOMEM;
	memset(c->rarity_least, 0xff, c->words_n * sizeof(*c->rarity_least));
	TRY(count_all(m));
	TRY(find_dense(m));
	TRY(lists_begin(&c->held));
	TRY(lists_begin(&c->wants));
	put_all(m);
	return OK;
}

err
cards_new(const struct index *ix, const struct segment *s, struct cards **out)
{
	struct making m = { .ix = ix,
		.s = s,
		.rank = ix->shape->rank,
		.wide = ix->form.wide,
		.c = calloc(1, sizeof(*m.c)) };

	*out = NULL;
	if (m.c == NULL)
		return ERR_NOMEM;
	const err e = make(&m);
	free(m.dense_of);
	if (e != OK) {
		cards_free(m.c);
		return e;
	}
	*out = m.c;
	return OK;
}

void
cards_free(struct cards *c)
{
	if (c == NULL)
		return;
	free(c->held.from);
	free(c->held.entries);
	free(c->wants.from);
	free(c->wants.entries);
	free(c->dense);
	free(c->masks);
	free(c->facts);
	free(c->rarity);
	free(c->rarity_least);
	free(c->groups);
	free(c);
}

static uint64_t
lists_bytes(const struct card_lists *l)
{
	return (uint64_t)l->chunks_n * (l->ranks_n + 1) * sizeof(*l->from) +
	       l->entries_n * sizeof(*l->entries);
}

uint64_t
cards_bytes(const struct cards *c, uint32_t n)
{
	return sizeof(*c) + lists_bytes(&c->held) + lists_bytes(&c->wants) +
	       (uint64_t)(CARD_SKILLS_MAX + CARD_PURPOSES_MAX) * DENSE_SHARE *
		   sizeof(*c->dense) +
	       (uint64_t)c->dense_n * c->words_n * sizeof(*c->masks) +
	       (uint64_t)c->words_n * FACTS * sizeof(*c->facts) +
	       (uint64_t)n * sizeof(*c->rarity) +
	       (uint64_t)c->words_n * sizeof(*c->rarity_least) +
	       c->groups_n * sizeof(*c->groups);
}
