#include "match/klint.h"

#include <stdlib.h>
#include <string.h>

#define MARKS_MAX  256 /* own terms and those above them */
#define WORDS      (MARKS_MAX / 64)
#define CHAIN_MAX  3              /* broader terms tried, one above the other */
#define WORK_MAX   4000000        /* pairs looked at for a cheaper proposal */
#define WORK_HARD  (4 * WORK_MAX) /* and for any */
#define COST_ZONE  160            /* not to tell the region */
#define VALUE_LANG 128            /* of a language */
#define VALUE_ODD  64             /* of a term that no vocabulary knows */
#define ONE        (UINT64_C(1) << 32)

struct mask {
	uint64_t w[WORDS];
};

/* Something that a card may show. */
struct mark {
	enum klint_list list;
	uint32_t at;   /* TERM_NOWHERE: unknown, or a language */
	uint32_t code; /* of a language */
	uint64_t share, share_anywhere;
	uint32_t value; /* what it tells */
	uint16_t next;  /* the broader one; KLINT_NONE: leave it out */
};

struct own {
	enum klint_list list;
	uint16_t number, mark;
	uint8_t level;
	uint64_t term;
};

enum zone { HERE, ANYWHERE }; /* the region of the card, or all */

struct klint {
	const struct meaning *m;
	char region[3];
	uint16_t marks_n, own_n;
	struct mark marks[MARKS_MAX];
	struct own own[KLINT_OWN_MAX];
	struct mask of_list[KLINT_LISTS];
	uint32_t *row_of;  /* by place; 0: of no interest */
	struct mask *rows; /* which marks a place shows */
	uint64_t people[2];
	uint64_t joint[MARKS_MAX][MARKS_MAX]; /* share of two; a < b */
	uint32_t seen[2][MARKS_MAX][MARKS_MAX];
	uint32_t k[2][MARKS_MAX][MARKS_MAX]; /* klint_report() */
};

static bool
mask_has(const struct mask *m, size_t i)
{
	return (m->w[i / 64] >> (i % 64) & 1) != 0;
}

static void
mask_set(struct mask *m, size_t i)
{
	m->w[i / 64] |= UINT64_C(1) << (i % 64);
}

static size_t
mask_list(const struct mask *m, uint16_t *out)
{
	size_t n = 0;

	for (size_t w = 0; w < WORDS; w++)
		for (uint64_t left = m->w[w]; left != 0; left &= left - 1)
			out[n++] =
			    (uint16_t)(w * 64 + (size_t)__builtin_ctzll(left));
	return n;
}

/* ---- frequencies ---- */

uint64_t
klint_share(const struct meaning *m, uint32_t at)
{
	/* 2^32 * 2^(-i / 16), cut */
	static const uint64_t part[16] = { ONE, 0xf5257d15U, 0xeac0c6e7U,
		0xe0ccdeecU, 0xd744fccaU, 0xce248c15U, 0xc5672a11U, 0xbd08a39fU,
		0xb504f333U, 0xad583eeaU, 0xa5fed6a9U, 0x9ef53260U, 0x9837f051U,
		0x91c3d373U, 0x8b95c1e3U, 0x85aac367U };
	const uint8_t r = m->rarity->sixteenths[at];

	return part[r % 16] >> (r / 16);
}

/* Does nearly everybody in the region speak it? */
static bool
language_of_region(const char *region, uint32_t code)
{
	static const char pairs[][5] = { "atde", "auen", "befr", "benl", "bgbg",
		"brpt", "caen", "cafr", "chde", "chfr", "chit", "cles", "cnzh",
		"coes", "cyel", "czcs", "dede", "dkda", "eeet", "eses", "fifi",
		"frfr", "gben", "grel", "hrhr", "huhu", "ieen", "inen", "inhi",
		"isis", "itit", "jpja", "krko", "ltlt", "lude", "lufr", "lvlv",
		"mxes", "nlnl", "nono", "nzen", "plpl", "ptpt", "roro", "sesv",
		"sisl", "sksk", "trtr", "uauk", "usen" };

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (memcmp(pairs[i], region, 2) == 0 &&
		    language_code(slice_of(pairs[i] + 2, 2)) == code)
			return true;
	return false;
}

static uint64_t
language_share(const char *region, uint32_t code)
{
	if (language_of_region(region, code))
		return ONE / 2;
	return code == VOCABULARY_ENGLISH ? ONE / 4 : ONE / 32;
}

/* ---- marks ---- */

static uint16_t
mark_add(struct klint *k, const struct mark *like)
{
	for (uint16_t i = 0; i < k->marks_n; i++)
		if (k->marks[i].list == like->list &&
		    k->marks[i].at == like->at &&
		    k->marks[i].code == like->code &&
		    (like->at != TERM_NOWHERE || like->code != 0))
			return i;
	if (k->marks_n == MARKS_MAX)
		return KLINT_NONE;
	k->marks[k->marks_n] = *like;
	mask_set(&k->of_list[like->list], k->marks_n);
	return k->marks_n++;
}

/* Of several broader terms the one that still tells most. */
static uint32_t
broader_of(const struct meaning *m, uint32_t at)
{
	const struct term_list up = vocabulary_broader(m->vocabulary, at);
	uint32_t best = TERM_NOWHERE;

	for (uint32_t i = 0; i < up.n; i++)
		if (best == TERM_NOWHERE || m->rarity->sixteenths[up.at[i]] >
						m->rarity->sixteenths[best])
			best = up.at[i];
	return best;
}

static struct mark
mark_of(const struct klint *k, enum klint_list list, uint32_t at)
{
	struct mark mark = {
		.list = list, .at = at, .value = VALUE_ODD, .next = KLINT_NONE
	};

	if (at != TERM_NOWHERE) {
		mark.share = mark.share_anywhere = klint_share(k->m, at);
		mark.value = k->m->rarity->sixteenths[at];
	}
	return mark;
}

static void
own_add(struct klint *k, const struct own *like, const struct mark *mark)
{
	struct own *o = &k->own[k->own_n++];

	*o = *like;
	o->mark = mark_add(k, mark);
	ASSERT(o->mark != KLINT_NONE); /* KLINT_OWN_MAX < MARKS_MAX */
}

static void
own_terms(struct klint *k, enum klint_list list,
    const struct graded_term *terms, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct own o = { .list = list,
			.number = i,
			.level = terms[i].level,
			.term = terms[i].term };
		const struct mark mark = mark_of(k, list, terms[i].at);
		own_add(k, &o, &mark);
	}
}

/* After all own terms: what stands above them. */
static void
marks_above(struct klint *k)
{
	const uint16_t own = k->marks_n;

	for (uint16_t i = 0; i < own; i++) {
		uint16_t low = i;
		for (int up = 0; up < CHAIN_MAX; up++) {
			if (k->marks[low].at == TERM_NOWHERE ||
			    k->marks[low].next != KLINT_NONE)
				break;
			const uint32_t at = broader_of(k->m, k->marks[low].at);
			if (at == TERM_NOWHERE)
				break;
			const struct mark mark =
			    mark_of(k, k->marks[low].list, at);
			k->marks[low].next = mark_add(k, &mark);
			if (k->marks[low].next == KLINT_NONE)
				return;
			low = k->marks[low].next;
		}
	}
}

/* Every place at or below that of a mark shows the mark. */
NODISCARD static err
make_rows(struct klint *k)
{
	const struct vocabulary *v = k->m->vocabulary;
	const uint32_t places = vocabulary_size(v);
	uint32_t rows_n = 1, cap = 64, n;
	uint32_t *queue = calloc((size_t)places + 1, sizeof(*queue));
	uint16_t *met = calloc((size_t)places + 1, sizeof(*met));
	err e = ERR_NOMEM;

	k->row_of = calloc((size_t)places + 1, sizeof(*k->row_of));
	k->rows = calloc(cap, sizeof(*k->rows));
	if (queue == NULL || met == NULL || k->row_of == NULL ||
	    k->rows == NULL)
		goto out;
	for (uint16_t i = 0; i < k->marks_n; i++) {
		if (k->marks[i].at == TERM_NOWHERE)
			continue;
		n = 0;
		queue[n++] = k->marks[i].at;
		met[k->marks[i].at] = (uint16_t)(i + 1);
		for (uint32_t at = 0; at < n; at++) {
			const uint32_t place = queue[at];
			const struct term_list down =
			    vocabulary_narrower(v, place);
			if (k->row_of[place] == 0) {
				if (rows_n == cap) {
					struct mask *more = realloc(
					    k->rows, 2 * cap * sizeof(*more));
					if (more == NULL)
						goto out;
					memset(
					    more + cap, 0, cap * sizeof(*more));
					k->rows = more;
					cap *= 2;
				}
				k->row_of[place] = rows_n++;
			}
			mask_set(&k->rows[k->row_of[place]], i);
			for (uint32_t d = 0; d < down.n; d++) {
				if (met[down.at[d]] == i + 1)
					continue;
				met[down.at[d]] = (uint16_t)(i + 1);
				queue[n++] = down.at[d];
			}
		}
	}
	e = OK;
out:
	free(queue);
	free(met);
	return e;
}

static void
add_places(const struct klint *k, struct term_list list, struct mask *out)
{
	for (uint32_t i = 0; i < list.n; i++) {
		const struct mask *row = &k->rows[k->row_of[list.at[i]]];
		for (size_t w = 0; w < WORDS; w++)
			out->w[w] |= row->w[w];
	}
}

static bool
below(const struct klint *k, uint16_t a, uint16_t b)
{
	const struct mark *x = &k->marks[a], *y = &k->marks[b];

	return x->list == y->list && x->at != TERM_NOWHERE &&
	       y->at != TERM_NOWHERE && mask_has(&k->rows[k->row_of[y->at]], a);
}

/* The share of two at once, from what occupations need together. */
static void
make_joint(struct klint *k)
{
	const struct vocabulary *v = k->m->vocabulary;
	uint16_t list[MARKS_MAX];
	uint64_t all = 0;

	for (uint32_t at = 0; at < vocabulary_size(v); at++) {
		struct mask mask = { { 0 } };
		if (vocabulary_type(v, at) != TERM_OCCUPATION ||
		    vocabulary_source(v, at) == SOURCE_RECORD)
			continue;
		all++;
		add_places(k, vocabulary_needs(v, at, true), &mask);
		add_places(k, vocabulary_needs(v, at, false), &mask);
		const size_t n = mask_list(&mask, list);
		for (size_t i = 0; i < n; i++)
			for (size_t j = i + 1; j < n; j++)
				k->joint[list[i]][list[j]]++;
	}
	all = MAX(all, vocabulary_size(v) / 4) + 1; /* as for the rarity */
	for (uint16_t a = 0; a < k->marks_n; a++)
		for (uint16_t b = a + 1; b < k->marks_n; b++) {
			const uint64_t x = k->marks[a].share;
			const uint64_t y = k->marks[b].share;
			const uint64_t most = MIN(x, y);
			/* neither is over 1/2, so this fits */
			uint64_t share =
			    MAX(x * y >> 32, (k->joint[a][b] << 32) / all);
			if (below(k, a, b) || below(k, b, a))
				share = most;
			k->joint[a][b] = MIN(share, most);
		}
}

err
klint_new(const struct meaning *m, const struct card *c, struct klint **out)
{
	struct klint *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (k == NULL)
		return ERR_NOMEM;
	k->m = m;
	memcpy(k->region, c->region, sizeof(k->region));
	own_terms(k, KLINT_SKILL, c->skills, c->skills_n);
	own_terms(k, KLINT_ASPIRATION, c->aspirations, c->aspirations_n);
	own_terms(k, KLINT_PURPOSE, c->purposes, c->purposes_n);
	for (uint16_t i = 0; i < c->languages_n; i++) {
		const uint32_t code = c->languages[i].language;
		const struct own o = { .list = KLINT_LANGUAGE,
			.number = i,
			.level = c->languages[i].cefr,
			.term = code };
		const struct mark mark = { .list = KLINT_LANGUAGE,
			.at = TERM_NOWHERE,
			.code = code,
			.share = language_share(c->region, code),
			.share_anywhere = language_share("zz", code),
			.value = VALUE_LANG,
			.next = KLINT_NONE };
		own_add(k, &o, &mark);
	}
	marks_above(k);
	if (make_rows(k) != OK) {
		klint_free(k);
		return ERR_NOMEM;
	}
	make_joint(k);
	*out = k;
	return OK;
}

void
klint_free(struct klint *k)
{
	if (k == NULL)
		return;
	free(k->row_of);
	free(k->rows);
	free(k);
}

/* ---- the others ---- */

static void
add_terms(const struct klint *k, enum klint_list list,
    const struct graded_term *terms, uint16_t n, struct mask *out)
{
	for (uint16_t i = 0; i < n; i++) {
		if (terms[i].at == TERM_NOWHERE || k->row_of[terms[i].at] == 0)
			continue;
		const struct mask *row = &k->rows[k->row_of[terms[i].at]];
		for (size_t w = 0; w < WORDS; w++)
			out->w[w] |= row->w[w] & k->of_list[list].w[w];
	}
}

static void
see_pairs(struct klint *k, const struct mask *mask, bool here)
{
	uint16_t list[MARKS_MAX];
	const size_t n = mask_list(mask, list);

	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++) {
			k->seen[ANYWHERE][list[i]][list[j]]++;
			k->seen[HERE][list[i]][list[j]] += here;
		}
}

void
klint_see(struct klint *k, const struct card *other)
{
	const bool here = strcmp(k->region, "zz") == 0 ||
			  memcmp(k->region, other->region, 2) == 0;
	struct mask mask = { { 0 } };

	if (k->people[ANYWHERE] == UINT32_MAX)
		return;
	k->people[ANYWHERE]++;
	k->people[HERE] += here;
	add_terms(k, KLINT_SKILL, other->skills, other->skills_n, &mask);
	add_terms(k, KLINT_ASPIRATION, other->aspirations, other->aspirations_n,
	    &mask);
	add_terms(k, KLINT_PURPOSE, other->purposes, other->purposes_n, &mask);
	for (uint16_t i = 0; i < k->own_n; i++)
		for (uint16_t j = 0;
		     k->own[i].list == KLINT_LANGUAGE && j < other->languages_n;
		     j++)
			if (other->languages[j].language == k->own[i].term)
				mask_set(&mask, k->own[i].mark);
	see_pairs(k, &mask, here);
}

/* ---- numbers ---- */

static uint64_t
share_in(const struct mark *m, enum zone zone)
{
	return zone == HERE ? m->share : m->share_anywhere;
}

static uint64_t
expected(const struct klint *k, enum zone zone, uint16_t a, uint16_t b)
{
	const struct mark *x = &k->marks[a], *y = &k->marks[b];
	uint64_t share = share_in(x, zone);

	if (a != b && (x->list == KLINT_LANGUAGE || y->list == KLINT_LANGUAGE))
		share = share * share_in(y, zone) >> 32;
	else if (a != b)
		share = k->joint[MIN(a, b)][MAX(a, b)];
	return k->people[zone] * share >> 32;
}

static void
make_k(struct klint *k)
{
	for (unsigned zone = HERE; zone <= ANYWHERE; zone++)
		for (uint16_t a = 0; a < k->marks_n; a++)
			for (uint16_t b = a; b < k->marks_n; b++) {
				const uint64_t e =
				    expected(k, (enum zone)zone, a, b);
				k->k[zone][a][b] = (uint32_t)MIN(
				    e, (uint64_t)k->seen[zone][a][b]);
			}
}

/* A way to write the card: which mark for each own term. */
struct way {
	enum zone zone;
	uint16_t mark[KLINT_OWN_MAX];
};

static uint64_t
way_k(const struct klint *k, const struct way *way, uint16_t *worst_a,
    uint16_t *worst_b, uint64_t *work)
{
	struct mask mask = { { 0 } };
	uint16_t list[MARKS_MAX];
	uint64_t best = UINT64_MAX;

	for (uint16_t i = 0; i < k->own_n; i++)
		if (way->mark[i] != KLINT_NONE)
			mask_set(&mask, way->mark[i]);
	const size_t n = mask_list(&mask, list);
	*worst_a = *worst_b = KLINT_NONE;
	*work += n * n / 2 + 1;
	if (n == 0)
		return k->people[way->zone];
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + (n > 1); j < n; j++) {
			const uint64_t one = k->k[way->zone][list[i]][list[j]];
			if (one >= best)
				continue;
			best = one;
			*worst_a = list[i];
			*worst_b = list[j];
		}
	return best;
}

/* ---- the cheapest way ---- */

struct hunt {
	const struct klint *k;
	struct way way, best;
	uint64_t best_cost, best_k, work;
	bool found, cut;
};

static uint32_t
step_cost(const struct klint *k, uint16_t mark)
{
	const struct mark *m = &k->marks[mark];
	const uint32_t left =
	    m->next == KLINT_NONE ? 0 : k->marks[m->next].value;

	return m->value > left ? m->value - left : 1;
}

/*
 * Of the worst pair one of both must change, whatever else does: try both,
 * the cheaper first. So all ways are tried, but those that cost too much.
 */
static void
hunt_on(struct hunt *h, uint64_t cost)
{
	const struct klint *k = h->k;
	uint16_t pair[2], saved[KLINT_OWN_MAX];
	uint64_t price[2] = { 0, 0 };

	if (cost >= h->best_cost)
		return;
	if (h->work > (h->found ? WORK_MAX : WORK_HARD)) {
		h->cut = true;
		return;
	}
	const uint64_t now = way_k(k, &h->way, &pair[0], &pair[1], &h->work);
	if (now >= KLINT_WARN) {
		h->found = true;
		h->best = h->way;
		h->best_cost = cost;
		h->best_k = now;
		return;
	}
	if (pair[0] == KLINT_NONE)
		return; /* nothing left to leave out */
	for (int i = 0; i < 2; i++)
		for (uint16_t o = 0; o < k->own_n; o++)
			if (h->way.mark[o] == pair[i])
				price[i] += step_cost(k, pair[i]);
	memcpy(saved, h->way.mark, sizeof(saved));
	const int first = price[1] < price[0];
	for (int i = 0; i < (pair[0] == pair[1] ? 1 : 2); i++) {
		const int one = i == 0 ? first : !first;
		for (uint16_t o = 0; o < k->own_n; o++)
			if (h->way.mark[o] == pair[one])
				h->way.mark[o] = k->marks[pair[one]].next;
		hunt_on(h, cost + price[one]);
		memcpy(h->way.mark, saved, sizeof(saved));
	}
}

static void
own_way(const struct klint *k, enum zone zone, struct way *out)
{
	out->zone = zone;
	for (uint16_t i = 0; i < k->own_n; i++)
		out->mark[i] = k->own[i].mark;
}

static void
propose(const struct klint *k, struct klint_report *out)
{
	struct hunt h = { .k = k, .best_cost = UINT64_MAX };

	/* Where too few live, no card at all is one of many. */
	own_way(k, HERE, &h.way);
	if (k->people[HERE] >= KLINT_WARN)
		hunt_on(&h, 0);
	if (strcmp(k->region, "zz") != 0) {
		own_way(k, ANYWHERE, &h.way);
		hunt_on(&h, COST_ZONE);
	}
	if (!h.found)
		return;
	out->proposal = true;
	out->cheapest = !h.cut;
	out->to_nowhere = h.best.zone == ANYWHERE;
	out->k_proposed = h.best_k;
	for (uint16_t i = 0; i < k->own_n; i++) {
		struct klint_item *item = &out->items[i];
		if (h.best.mark[i] == KLINT_NONE) {
			item->act = KLINT_DROP;
		} else if (h.best.mark[i] != k->own[i].mark) {
			item->act = KLINT_REPLACE;
			item->becomes = k->marks[h.best.mark[i]].at;
		}
	}
}

/* ---- newcomers ---- */

/* The term of the core at or above a place; TERM_NOWHERE: none. */
static uint32_t
core_of(const struct meaning *m, uint32_t at)
{
	for (int i = 0; at != TERM_NOWHERE && i < VOCABULARY_DEPTH; i++) {
		if (vocabulary_source(m->vocabulary, at) == SOURCE_CORE)
			return at;
		at = broader_of(m, at);
	}
	return TERM_NOWHERE;
}

/* Does the item count as one of the few? Not what most people there speak. */
static bool
counts(const struct klint *k, const struct klint_item *item)
{
	return item->list != KLINT_LANGUAGE ||
	       !(item->term == VOCABULARY_ENGLISH ||
		   language_of_region(k->region, (uint32_t)item->term));
}

static bool
same_kept(const struct klint_report *r, uint16_t i)
{
	for (uint16_t j = 0; j < r->items_n; j++)
		if (j != i && r->items[j].list == r->items[i].list &&
		    r->items[j].act != KLINT_DROP &&
		    r->items[j].becomes == r->items[i].becomes)
			return true;
	return false;
}

/* In three steps, downwards: 1 3 5; native stays what it is. */
static uint8_t
coarse_level(uint8_t level)
{
	return level == CEFR_NATIVE || level == 0 || level % 2 == 1
		   ? level
		   : (uint8_t)(level - 1);
}

static void
newcomer(const struct klint *k, struct klint_report *out)
{
	/* Who I am, then where to, for what; then more of the first. */
	static const unsigned most[] = { 3, 4, KLINT_CORE_MAX, KLINT_CORE_MAX };
	unsigned left = KLINT_CORE_MAX;

	for (uint16_t i = 0; i < k->own_n; i++) {
		struct klint_item *item = &out->items[i];
		item->becomes = item->at;
		if (item->list != KLINT_LANGUAGE)
			item->becomes = core_of(k->m, item->at);
		item->level_after = coarse_level(item->level);
		item->act = counts(k, item) ? KLINT_DROP : KLINT_KEEP;
	}
	for (int round = 0; round < 2; round++)
		for (uint16_t i = 0; i < k->own_n && left > 0; i++) {
			struct klint_item *item = &out->items[i];
			const bool room = round > 0 || KLINT_CORE_MAX - left <
							   most[item->list];
			if (item->act != KLINT_DROP || !room ||
			    (item->list != KLINT_LANGUAGE &&
				(item->becomes == TERM_NOWHERE ||
				    same_kept(out, i))))
				continue;
			item->act = item->becomes == item->at ? KLINT_KEEP
							      : KLINT_REPLACE;
			left--;
		}
	for (uint16_t i = 0; i < k->own_n; i++)
		out->proposal |=
		    out->items[i].act != KLINT_KEEP ||
		    out->items[i].level_after != out->items[i].level;
	out->cheapest = true;
	out->k_proposed = 0;
}

/* ---- the report ---- */

static uint16_t
own_of(const struct klint *k, uint16_t mark, uint16_t not_this)
{
	for (uint16_t i = 0; i < k->own_n; i++)
		if (k->own[i].mark == mark && i != not_this)
			return i;
	return KLINT_NONE;
}

static void
report_items(struct klint *k, struct klint_report *out)
{
	struct way way;
	uint16_t a, b;
	uint64_t work = 0;

	for (uint16_t i = 0; i < k->own_n; i++) {
		const struct own *o = &k->own[i];
		const struct mark *m = &k->marks[o->mark];
		struct klint_item *item = &out->items[i];
		*item = (struct klint_item){ .list = o->list,
			.number = o->number,
			.term = o->term,
			.at = m->at,
			.level = o->level,
			.level_after = o->level,
			.broader = TERM_NOWHERE,
			.becomes = m->at };
		own_way(k, HERE, &way);
		way.mark[i] = KLINT_NONE;
		item->k_dropped = way_k(k, &way, &a, &b, &work);
		if (m->next == KLINT_NONE)
			continue;
		way.mark[i] = m->next;
		item->broader = k->marks[m->next].at;
		item->k_broader = way_k(k, &way, &a, &b, &work);
	}
	out->items_n = k->own_n;
}

void
klint_report(struct klint *k, struct klint_report *out)
{
	struct way way;
	uint16_t a, b;
	uint64_t work = 0;

	*out = (struct klint_report){ .known = k->people[ANYWHERE],
		.in_region = k->people[HERE] };
	make_k(k);
	own_way(k, ANYWHERE, &way);
	out->k_nowhere = way_k(k, &way, &a, &b, &work);
	own_way(k, HERE, &way);
	out->now.k = way_k(k, &way, &a, &b, &work);
	out->now.seen = out->now.expected = k->people[HERE];
	out->now.a = out->now.b = KLINT_NONE;
	if (a != KLINT_NONE) {
		out->now.seen = k->seen[HERE][a][b];
		out->now.expected = expected(k, HERE, a, b);
		out->now.a = own_of(k, a, KLINT_NONE);
		out->now.b = own_of(k, b, KLINT_NONE);
	}
	report_items(k, out);
	out->newcomer = out->known < KLINT_NEWCOMER;
	if (out->newcomer) {
		newcomer(k, out);
		out->verdict = out->proposal ? KLINT_REFUSED : KLINT_FINE;
		return;
	}
	out->verdict = out->now.k >= KLINT_WARN     ? KLINT_FINE
		       : out->now.k >= KLINT_REFUSE ? KLINT_WARNED
						    : KLINT_REFUSED;
	if (out->verdict != KLINT_FINE)
		propose(k, out);
}

/* ---- the card that is proposed ---- */

static void
apply_terms(const struct klint_report *r, const struct vocabulary *v,
    enum klint_list list, struct graded_term *terms, uint16_t *n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < r->items_n; i++) {
		const struct klint_item *item = &r->items[i];
		if (item->list != list || item->act == KLINT_DROP)
			continue;
		struct graded_term t = terms[item->number];
		t.level = item->level_after;
		if (item->act == KLINT_REPLACE) {
			t.at = item->becomes;
			t.term = vocabulary_term(v, item->becomes);
		}
		bool twice = false;
		for (uint16_t j = 0; j < kept; j++)
			twice |= terms[j].term == t.term ||
				 (t.at != TERM_NOWHERE && terms[j].at == t.at);
		if (!twice)
			terms[kept++] = t;
	}
	*n = kept;
}

void
klint_apply(const struct klint_report *r, const struct vocabulary *v,
    const struct card *c, struct card *out)
{
	uint16_t kept = 0;

	*out = *c;
	if (!r->proposal)
		return;
	if (r->to_nowhere)
		memcpy(out->region, "zz", sizeof(out->region));
	apply_terms(r, v, KLINT_SKILL, out->skills, &out->skills_n);
	apply_terms(
	    r, v, KLINT_ASPIRATION, out->aspirations, &out->aspirations_n);
	apply_terms(r, v, KLINT_PURPOSE, out->purposes, &out->purposes_n);
	for (uint16_t i = 0; i < r->items_n; i++) {
		const struct klint_item *item = &r->items[i];
		if (item->list != KLINT_LANGUAGE || item->act == KLINT_DROP)
			continue;
		out->languages[kept] = out->languages[item->number];
		out->languages[kept++].cefr = item->level_after;
	}
	out->languages_n = kept;
}
