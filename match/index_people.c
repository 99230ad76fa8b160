#include "match/index.h"

#include <stdlib.h>

#include "match/index_internal.h"

#define CREDIT_STEPS 32    /* of one credit, where blocks are summed */
#define UNITS        30000 /* of a bound: the whole fit */
#define DENSE_MAX    16    /* requirements whose dense lists are told apart */
#define MASKS_MAX    64    /* of these lists */
#define CREDITS      16    /* different credits of a wish, at most */
#define USES         32    /* steps of the credit of what is used */
#define KNOWN_WISHES 256
#define HINT_ITEMS   128          /* of either side */
#define CHUNK        SUPER_BLOCKS /* blocks that are summed at once */

/* A list that says how well a requirement may be met in a block. */
struct hint {
	uint32_t at;
	uint16_t credit;
	uint8_t feature;
};

struct hints {
	struct hint *all;
	uint32_t n, cap;
};

/* A dense list, and what it is worth. */
struct mask {
	const uint32_t *bits; /* by block */
	int16_t credit;       /* in CREDIT_STEPS */
};

/*
 * Of a segment: what each block may reach. Where requirements have dense
 * lists, the single cards of a block are told apart: a card reaches what the
 * other requirements may add (rest), and of each of these the best of what
 * the block has otherwise (sparse) and of the masks in which it is.
 */
struct reach {
	const struct part *part;
	int16_t *fit, *fit_rest; /* in UNITS */
	/* what requirements take up of a card's skills; UNITS are all */
	int16_t *taken, *taken_rest;
	int16_t *both; /* the score */
	uint32_t dense_n, masks_n;
	int16_t *sparse[DENSE_MAX]; /* credits */
	uint32_t masks_from[DENSE_MAX + 1];
	uint16_t item[DENSE_MAX]; /* which requirement it is */
	struct mask masks[MASKS_MAX];
	uint8_t *learn; /* 1 + the rank of the best credit, 0: none */
	uint8_t *care;  /* the same of purposes */
	uint8_t *gone;  /* lacks a must-have for certain */
};

/* Wishes that have been computed, by what they are made of. */
struct known_wish {
	uint64_t facts;
	int32_t total;
};

struct search {
	const struct index_snapshot *s;
	const struct index *ix;
	const struct posting *posting;
	const struct index_filter *filter;
	struct plan *plan;
	struct plan_parts parts;
	struct fit_kernel *kernel;
	struct index_counts counts;
	struct top top;
	bool excluded; /* looking for those whom a gate keeps out */

	/* fit bounds */
	struct hints hints;
	uint32_t hints_from[POSTING_REQUIREMENTS_MAX + 1];
	int32_t fits[INT16_MAX / 64 + 1]; /* known ones, by units */
	uint64_t told, asks; /* weights of requirements, by what they are */
	uint64_t rarity;     /* of all requirements */
	uint16_t fit_part[POSTING_REQUIREMENTS_MAX];   /* of credits, in */
	uint16_t taken_part[POSTING_REQUIREMENTS_MAX]; /* 65536ths */
	int16_t *one; /* of the requirement at hand */

	/* wish bounds */
	struct hints wants;
	uint16_t credits[CREDITS]; /* ascending */
	uint8_t credits_n;
	uint32_t *wish_first;  /* by place: its first entry */
	uint64_t *wish_filter; /* a bit for each place with entries */
	struct known_wish known[KNOWN_WISHES];
	int32_t most[CREDITS + 1][CREDITS + 1][USES + 2];
	int32_t most_ever;

	/* gates and filters of a block */
	uint8_t remote_same, remote_silent, remote_other, hours_pass;
	uint32_t languages_n, languages[CARD_LANGUAGES_MAX];
	uint32_t filter_languages;
	uint32_t seeks_pass, offers_pass;
	bool silent_pass[4];
	uint16_t region;

	struct reach *reaches;
	uint32_t reaches_n;
	struct bounds bounds;
	struct card card;
};

/* ---- hints ---- */

NODISCARD static err
hint_put(struct hints *h, uint32_t at, unsigned feature, uint16_t credit)
{
	if (credit == 0)
		return OK;
	if (h->n == h->cap) {
		const uint32_t cap = h->cap == 0 ? 256 : h->cap * 2;
		void *p = realloc(h->all, cap * sizeof(*h->all));
		if (p == NULL)
			return ERR_NOMEM;
		h->all = p;
		h->cap = cap;
	}
	h->all[h->n++] = (struct hint){ at, credit, (uint8_t)feature };
	return OK;
}

/* Whoever has something below ${at}, by steps. */
NODISCARD static err
hint_below(struct hints *h, uint32_t at, unsigned feature, enum match_via via,
    unsigned steps_max)
{
	for (unsigned steps = 1; steps <= steps_max; steps++)
		TRY(hint_put(
		    h, at, feature + steps, relate_credit(via, steps)));
	return OK;
}

/* Whoever has something beside ${at}: one step below what is above. */
NODISCARD static err
hint_beside(
    struct hints *h, const struct vocabulary *v, uint32_t at, unsigned feature)
{
	const struct term_list up = vocabulary_broader(v, at);

	for (uint32_t i = 0; i < up.n; i++) {
		if (vocabulary_narrower(v, up.at[i]).n <= SIBLINGS_MAX)
			TRY(hint_put(h, up.at[i], feature + 1,
			    relate_credit(VIA_SIBLING, 0)));
	}
	return OK;
}

/*
 * What the entries of a table say, in a few lists for each item: where they
 * are many (below a term, beside it) blocks have features for all of them
 * together.
 */
struct hints_of {
	const struct relate_table *table;
	const struct relate_item *items;
	uint16_t items_n;
	enum match_via below;
};

/* Those of an item begin at from[item]; from has items_n + 1. */
NODISCARD static err
make_hints(struct hints *h, const struct vocabulary *v,
    const struct hints_of *of, unsigned feature[2], uint32_t *from)
{
	struct hints one = { 0 };
	uint8_t lower[HINT_ITEMS] = { 0 }, beside[HINT_ITEMS] = { 0 };
	uint32_t n;
	const struct relate_entry *e = relate_entries(of->table, &n);
	err r = OK;

	ASSERT(of->items_n <= HINT_ITEMS);
	for (uint32_t i = 0; i < n && r == OK; i++) {
		lower[e[i].item] |= e[i].via == of->below;
		beside[e[i].item] |= e[i].via == VIA_SIBLING;
		if (e[i].via != of->below && e[i].via != VIA_SIBLING)
			r = hint_put(&one, i, 0, e[i].credit);
	}
	for (uint16_t i = 0; i < of->items_n && r == OK; i++) {
		const struct relate_item *item = &of->items[i];
		const unsigned f = feature[item->group];
		from[i] = h->n;
		for (uint32_t k = 0; k < one.n && r == OK; k++) {
			const struct relate_entry *d = &e[one.all[k].at];
			if (d->item == i)
				r = hint_put(h, d->at, f, d->credit);
		}
		if (r == OK && lower[i] != 0)
			r = hint_below(h, item->at, f, of->below,
			    f == FEATURE_HELD ? 3 : 2);
		if (r == OK && beside[i] != 0)
			r = hint_beside(h, v, item->at, f);
	}
	from[of->items_n] = h->n;
	free(one.all);
	return r;
}

/*
 * What to multiply full credit (in CREDIT_STEPS) with so that all together
 * come to UNITS.
 */
static uint16_t
part_of_all(uint64_t weight, uint64_t all)
{
	const uint64_t most = (uint64_t)CREDIT_MAX * CREDIT_STEPS;
	const uint64_t whole = ((uint64_t)UNITS * 65536 + most - 1) / most;

	return (uint16_t)(all == 0 ? 0 : (weight * whole + all - 1) / all);
}

NODISCARD static err
fit_hints(struct search *s)
{
	const struct hints_of of = { s->parts.fit, s->parts.asked,
		s->parts.asked_n, VIA_NARROWER };

	for (uint16_t i = 0; i < s->parts.asked_n; i++) {
		if (s->parts.tells[i])
			s->told += s->parts.weight[i];
		else
			s->asks += s->parts.weight[i];
		s->rarity += s->parts.rarity[i];
	}
	for (uint16_t i = 0; i < s->parts.asked_n; i++) {
		if (s->parts.tells[i])
			s->fit_part[i] =
			    part_of_all(s->parts.weight[i], s->told);
		s->taken_part[i] = part_of_all(s->parts.rarity[i], s->rarity);
	}
	return make_hints(&s->hints, s->ix->m.vocabulary, &of,
	    (unsigned[]){ FEATURE_HELD, FEATURE_HELD }, s->hints_from);
}

/* The rank of a credit among those that occur; the last is for all above. */
static uint8_t
rank_of(const struct search *s, uint16_t credit)
{
	uint8_t i = 0;

	while (i + 1 < s->credits_n && s->credits[i] < credit)
		i++;
	return (uint8_t)(i + 1);
}

static void
credit_add(struct search *s, uint16_t credit)
{
	uint8_t i = s->credits_n;

	for (uint8_t k = 0; k < s->credits_n; k++) {
		if (s->credits[k] == credit)
			return;
	}
	if (s->credits_n == CREDITS) { /* the last one stands for more */
		s->credits[CREDITS - 1] = MAX(s->credits[CREDITS - 1], credit);
		return;
	}
	for (; i > 0 && s->credits[i - 1] > credit; i--)
		s->credits[i] = s->credits[i - 1];
	s->credits[i] = credit;
	s->credits_n++;
}

NODISCARD static err
wish_hints(struct search *s)
{
	const struct hints_of of = { s->parts.wish, s->parts.given,
		s->parts.given_n, VIA_BROADER };
	const uint32_t places = s->ix->shape->places_n;
	uint32_t n, from[HINT_ITEMS + 1];
	const struct relate_entry *e = relate_entries(s->parts.wish, &n);

	TRY(make_hints(&s->wants, s->ix->m.vocabulary, &of,
	    (unsigned[]){ FEATURE_WANT, FEATURE_CARE }, from));
	for (uint32_t i = 0; i < s->wants.n; i++)
		credit_add(s, s->wants.all[i].credit);
	for (uint32_t i = 0; i < n; i++)
		credit_add(s, e[i].credit);
	s->wish_first = malloc(((size_t)places + 1) * sizeof(uint32_t));
	s->wish_filter = calloc(places / 64 + 1, sizeof(uint64_t));
	if (s->wish_first == NULL || s->wish_filter == NULL)
		return ERR_NOMEM;
	for (uint32_t i = n; i-- > 0;) {
		s->wish_first[e[i].at] = i;
		s->wish_filter[e[i].at / 64] |= UINT64_C(1) << e[i].at % 64;
	}
	memset(s->fits, 0xff, sizeof(s->fits));
	memset(s->most, 0xff, sizeof(s->most));
	s->most_ever =
	    plan_wish_most(s->plan, CREDIT_MAX, CREDIT_MAX, CREDIT_MAX, false);
	if (s->credits_n == 0)
		s->most_ever = plan_wish_most(s->plan, 0, 0, CREDIT_MAX, false);
	return OK;
}

/*
 * What a wish can be. ${uses}: of what the card can do, the posting calls for
 * so many USES-ths at most; USES + 1: that is not known, nor whether
 * the card can do anything.
 */
static int32_t
wish_most(struct search *s, uint8_t learn, uint8_t care, uint32_t uses)
{
	const bool skilled = uses <= USES;
	int32_t *m = &s->most[learn][care][uses];

	if (*m < 0)
		*m = plan_wish_most(s->plan,
		    learn == 0 ? 0 : s->credits[learn - 1],
		    care == 0 ? 0 : s->credits[care - 1],
		    skilled ? (uses * CREDIT_MAX + USES - 1) / USES
			    : CREDIT_MAX,
		    skilled);
	return *m;
}

/* ---- what each block may reach ---- */

static void
list_raise(const struct segment *s, const struct list *l,
    const int16_t units[4], int16_t *one)
{
	const uint16_t *e = s->entries + l->from;

	for (uint32_t i = 0; i < l->n; i++) {
		const uint32_t block = e[i] >> 2;
		const int16_t u = units[e[i] & 3];
		one[block] = MAX(one[block], u);
	}
}

static void
mask_raise(const uint32_t *restrict bits, uint32_t blocks, int16_t units,
    int16_t *restrict one)
{
	for (uint32_t from = 0; from < blocks; from += CHUNK) {
		for (unsigned i = 0; i < CHUNK; i++) {
			const int16_t u =
			    (int16_t)(-(bits[from + i] != 0) & units);
			one[from + i] = MAX(one[from + i], u);
		}
	}
}

/* ${part} of the credits, rounded up: never less than it is. */
static inline int16_t
part_of(int16_t credit, uint16_t part)
{
	return (int16_t)(((uint32_t)(uint16_t)credit * part >> 16) + 1);
}

/* Add one requirement's part to all blocks. */
static void
one_add(int16_t *restrict to, const int16_t *restrict one, uint16_t part,
    uint32_t blocks)
{
	for (uint32_t from = 0; from < blocks && part > 0; from += CHUNK) {
		for (unsigned i = 0; i < CHUNK; i++)
			to[from + i] = (int16_t)(to[from + i] +
						 part_of(one[from + i], part));
	}
}

static void
one_missing(
    uint8_t *restrict gone, const int16_t *restrict one, uint32_t blocks)
{
	for (uint32_t from = 0; from < blocks; from += CHUNK) {
		for (unsigned i = 0; i < CHUNK; i++)
			gone[from + i] |= one[from + i] == 0;
	}
}

/* The credits of a hint by the level that is held, in CREDIT_STEPS. */
static void
credits_of(
    const struct search *s, uint16_t item, uint16_t credit, int16_t credits[4])
{
	static const uint8_t levels[4] = { 1, 2, 3, 0 };

	for (unsigned i = 0; i < 4; i++) {
		const uint32_t earned =
		    credit *
		    level_adequacy(s->parts.asked[item].level, levels[i]);
		credits[i] =
		    (int16_t)((earned * CREDIT_STEPS + CREDIT_MAX - 1) /
			      CREDIT_MAX);
	}
}

/*
 * One requirement: into ${one} what the lists say; dense ones are also put
 * among the masks, if they find room. true: it is told apart.
 */
static bool
reach_item(struct search *s, struct reach *r, uint16_t item)
{
	const struct segment *seg = r->part->segment;
	const uint32_t first = r->masks_n;
	bool apart = r->dense_n < DENSE_MAX;

	for (uint32_t k = s->hints_from[item]; k < s->hints_from[item + 1];
	     k++) {
		const struct hint *h = &s->hints.all[k];
		const struct list *l = segment_list(seg, h->at, h->feature);
		int16_t credits[4];
		if (l == NULL)
			continue;
		credits_of(s, item, h->credit, credits);
		s->counts.entries += l->n;
		if (!l->dense) {
			list_raise(seg, l, credits, s->one);
			continue;
		}
		if (r->masks_n == MASKS_MAX) {
			apart = false;
			mask_raise(seg->masks + l->from, seg->blocks_n,
			    credits[3], s->one);
			continue;
		}
		r->masks[r->masks_n++] =
		    (struct mask){ seg->masks + l->from, credits[3] };
	}
	apart = apart && r->masks_n > first;
	if (apart) {
		memcpy(r->sparse[r->dense_n], s->one,
		    seg->blocks_n * sizeof(*s->one));
		r->item[r->dense_n] = item;
		r->masks_from[r->dense_n++] = first;
	}
	for (uint32_t k = first; k < r->masks_n; k++)
		mask_raise(r->masks[k].bits, seg->blocks_n, r->masks[k].credit,
		    s->one);
	if (!apart)
		r->masks_n = first;
	return apart;
}

static void
reach_fit(struct search *s, struct reach *r)
{
	const uint32_t blocks = r->part->segment->blocks_n;

	for (uint16_t i = 0; i < s->parts.asked_n; i++) {
		const bool apart = reach_item(s, r, i);
		const uint16_t fit = s->fit_part[i], taken = s->taken_part[i];
		one_add(r->fit, s->one, fit, blocks);
		one_add(r->taken, s->one, taken, blocks);
		if (!apart) {
			one_add(r->fit_rest, s->one, fit, blocks);
			one_add(r->taken_rest, s->one, taken, blocks);
		}
		if (s->parts.of[i]->must && s->parts.tells[i])
			one_missing(r->gone, s->one, blocks);
		memset(s->one, 0, blocks * sizeof(*s->one));
	}
	r->masks_from[r->dense_n] = r->masks_n;
}

static void
reach_wish(struct search *s, struct reach *r)
{
	const struct segment *seg = r->part->segment;

	for (uint32_t k = 0; k < s->wants.n; k++) {
		const struct hint *h = &s->wants.all[k];
		const struct list *l = segment_list(seg, h->at, h->feature);
		uint8_t *to = h->feature < FEATURE_CARE ? r->learn : r->care;
		const uint8_t rank = rank_of(s, h->credit);
		for (uint32_t i = 0; l != NULL && i < l->n; i++) {
			const uint32_t block = seg->entries[l->from + i] >> 2;
			to[block] = MAX(to[block], rank);
		}
		s->counts.entries += l != NULL ? l->n : 0;
	}
}

#define STEP 64 /* units that have one bound */

/* The fit that so many units stand for, at most. */
static int32_t
fit_of(struct search *s, int16_t units)
{
	int32_t *known = &s->fits[(uint16_t)units / STEP];
	uint64_t share = MIN((uint64_t)(units | (STEP - 1)), (uint64_t)UNITS);

	if (*known >= 0)
		return *known;
	/* what cannot be told from a card counts if it is there in full */
	if (s->asks > 0)
		share = MIN(
		    (share * s->told + UNITS * s->asks) / (s->told + s->asks) +
			1,
		    (uint64_t)UNITS);
	*known = s->parts.asked_n == 0 ? SCORE_NEUTRAL
		 : s->told == 0        ? SCORE_MAX
				       : fit_of_share(share, UNITS);
	return *known;
}

/*
 * How many USES-ths of a card's skills, of so much rarity, are called for at
 * most; USES + 1: its skills are not known.
 */
static uint32_t
uses_of(const struct search *s, int16_t taken, uint32_t rarity)
{
	if (rarity == 0 || s->rarity == 0)
		return USES + 1;
	const uint64_t most =
	    ((uint64_t)(uint16_t)taken * s->rarity * USES + UNITS - 1) / UNITS;
	return (uint32_t)MIN((most + rarity - 1) / rarity, (uint64_t)USES);
}

static int32_t
block_wish(struct search *s, const struct reach *r, uint32_t i)
{
	return wish_most(s, r->learn[i], r->care[i],
	    uses_of(s, r->taken[i], r->part->segment->blocks[i].rarity_least));
}

static void
reach_both(struct search *s, struct reach *r)
{
	for (uint32_t i = 0; i < r->part->segment->blocks_n; i++)
		r->both[i] = (int16_t)score_both(
		    fit_of(s, r->fit[i]), block_wish(s, r, i));
}

NODISCARD static err
reach_new(struct search *s, const struct part *p, struct reach *r)
{
	const size_t blocks =
	    ((size_t)p->segment->blocks_n + CHUNK) / CHUNK * CHUNK;

	*r = (struct reach){ .part = p };
	r->fit = calloc(blocks * 5, sizeof(*r->fit));
	r->learn = calloc(blocks, 3);
	if (r->fit == NULL || r->learn == NULL)
		return ERR_NOMEM;
	r->fit_rest = r->fit + blocks;
	r->taken = r->fit_rest + blocks;
	r->taken_rest = r->taken + blocks;
	r->both = r->taken_rest + blocks;
	for (uint32_t i = 0; i < MIN(s->parts.asked_n, DENSE_MAX); i++) {
		r->sparse[i] = malloc(blocks * sizeof(*r->sparse[i]));
		if (r->sparse[i] == NULL)
			return ERR_NOMEM;
	}
	r->care = r->learn + blocks;
	r->gone = r->care + blocks;
	reach_fit(s, r);
	reach_wish(s, r);
	reach_both(s, r);
	s->counts.blocks += p->segment->blocks_n;
	return OK;
}

/* ---- gates and filters ---- */

/*
 * The gate of what is sought looks for one bit, or for nothing told at all:
 * which bits pass, and what passes without any that is looked for.
 */
static void
seeks_gates(struct search *s)
{
	const uint32_t other = 1U << 9; /* no bit of a card */
	struct card *c = &s->card;

	for (uint32_t bit = 1; bit < other; bit *= 2) {
		c->seeks = bit;
		c->offers = other;
		if (gate_seeks(s->posting, c).state != GATE_FAIL)
			s->seeks_pass |= bit;
		c->seeks = other;
		c->offers = bit;
		if (gate_seeks(s->posting, c).state != GATE_FAIL)
			s->offers_pass |= bit;
	}
	for (unsigned silent = 0; silent < 4; silent++) {
		c->seeks = (silent & 1) != 0 ? 0 : other;
		c->offers = (silent & 2) != 0 ? 0 : other;
		s->silent_pass[silent] =
		    gate_seeks(s->posting, c).state != GATE_FAIL;
	}
}

static void
block_gates(struct search *s)
{
	const struct posting *p = s->posting;
	struct card c = { .region = "zz" };

	s->region = forward_region(p->region);
	for (uint8_t remote = 0; remote < 4; remote++) {
		const uint8_t bit = (uint8_t)(1U << remote);
		c.remote = remote;
		memcpy(c.region, "zz", 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			s->remote_silent |= bit;
		memcpy(c.region, p->region, 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			s->remote_same |= bit;
		memcpy(c.region, p->region[0] == 'x' ? "yy" : "xx", 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			s->remote_other |= bit;
	}
	for (uint8_t hours = 0; hours < 8; hours++) {
		if (gate_hours(posting_hours_week(p), card_hours_max(hours))
			.state != GATE_FAIL)
			s->hours_pass |= (uint8_t)(1U << hours);
	}
	seeks_gates(s);
	s->languages_n = p->languages_n;
	for (uint16_t i = 0; i < p->languages_n; i++)
		s->languages[i] =
		    language_bit(p->languages[i].language) | LANGUAGE_NONE_BIT;
	for (uint16_t i = 0; s->filter != NULL && i < s->filter->languages_n;
	     i++)
		s->filter_languages |= language_bit(s->filter->languages[i]);
}

static bool
block_has_region(const struct block *b, uint16_t region)
{
	return region >= b->region_least && region <= b->region_most;
}

/* Does the gate of what is sought let these through? */
static inline bool
seeks_pass(const struct search *s, uint32_t seeks, uint32_t offers)
{
	return (seeks & s->seeks_pass) != 0 || (offers & s->offers_pass) != 0 ||
	       s->silent_pass[(seeks == 0) | (offers == 0) << 1];
}

static bool
block_seeks(const struct search *s, const struct block *b)
{
	const bool seeks = (b->silent & SILENT_SEEKS) != 0;
	const bool offers = (b->silent & SILENT_OFFERS) != 0;

	return seeks_pass(s, b->seeks, b->offers) ||
	       (seeks && seeks_pass(s, 0, b->offers)) ||
	       (offers && seeks_pass(s, b->seeks, 0)) ||
	       (seeks && offers && seeks_pass(s, 0, 0));
}

/* May somebody in it pass every gate? */
static bool
block_passes(const struct search *s, const struct block *b)
{
	const bool one_region = b->region_least == b->region_most;
	uint8_t remote = 0;

	if (block_has_region(b, s->region))
		remote |= s->remote_same;
	if (block_has_region(b, REGION_NOT_TOLD))
		remote |= s->remote_silent;
	if (!one_region || (b->region_least != s->region &&
			       b->region_least != REGION_NOT_TOLD))
		remote |= s->remote_other;
	if ((b->remote & remote) == 0 || (b->hours & s->hours_pass) == 0)
		return false;
	for (uint32_t i = 0; i < s->languages_n; i++) {
		if ((b->languages & s->languages[i]) == 0)
			return false;
	}
	return block_seeks(s, b);
}

/* May somebody in it be let through by the filter? */
static bool
block_wanted(const struct search *s, const struct block *b)
{
	const struct index_filter *f = s->filter;
	bool region = f->regions_n == 0;

	for (uint16_t i = 0; i < f->regions_n && !region; i++)
		region = block_has_region(b, forward_region(f->regions[i]));
	return region && (f->remote == 0 || (b->remote & f->remote) != 0) &&
	       (f->hours == 0 || (b->hours & f->hours) != 0) &&
	       (f->seeks == 0 || (b->seeks & f->seeks) != 0) &&
	       (f->languages_n == 0 ||
		   (b->languages & s->filter_languages) != 0);
}

static bool
view_wanted(const struct index_filter *f, const struct forward_card_view *v)
{
	const uint8_t *at = v->languages;
	bool ok = f->regions_n == 0;

	for (uint16_t i = 0; i < f->regions_n && !ok; i++)
		ok = forward_region(f->regions[i]) == v->region;
	if (!ok || (f->remote != 0 && (f->remote >> v->remote & 1) == 0) ||
	    (f->hours != 0 && (f->hours >> v->hours & 1) == 0) ||
	    (f->seeks != 0 && (v->seeks & f->seeks) == 0))
		return false;
	ok = f->languages_n == 0;
	for (uint16_t i = 0; i < v->languages_n && !ok; i++) {
		const uint32_t l = forward_language(&at).language;
		for (uint16_t k = 0; k < f->languages_n && !ok; k++)
			ok = f->languages[k] == l;
	}
	return ok;
}

/* ---- records ---- */

/* The best credit of a wanted term, by what the posting gives. */
static uint16_t
wish_credit(const struct search *s, uint32_t at, uint8_t level, uint8_t group)
{
	uint32_t n, best = 0;
	const struct relate_entry *e = relate_entries(s->parts.wish, &n);

	if ((s->wish_filter[at / 64] >> at % 64 & 1) == 0)
		return 0;
	for (uint32_t i = s->wish_first[at]; i < n && e[i].at == at; i++) {
		const struct relate_item *g = &s->parts.given[e[i].item];
		if (g->group != group)
			continue;
		const uint32_t credit =
		    e[i].credit * level_adequacy(level, g->level) / CREDIT_MAX;
		best = MAX(best, credit);
	}
	return (uint16_t)best;
}

static int32_t
wish_of(struct search *s, const struct wish_facts *f)
{
	const uint64_t facts =
	    1 | (uint64_t)f->aspirations << 1 | (uint64_t)f->purposes << 3 |
	    (uint64_t)f->hours << 4 | (uint64_t)f->first << 8 |
	    (uint64_t)f->second << 19 | (uint64_t)f->purpose << 30 |
	    (uint64_t)(f->uses + 1) << 41;
	struct known_wish *k =
	    &s->known[facts * UINT64_C(0x9e3779b97f4a7c15) >> 56];

	if (k->facts != facts) {
		k->facts = facts;
		k->total = plan_wish_total(s->plan, f);
	}
	return k->total;
}

static int32_t
view_wish(struct search *s, const struct forward_card_view *v, int32_t uses)
{
	struct wish_facts f = { .aspirations =
				    (uint8_t)MIN(v->aspirations_n, 2),
		.purposes = v->purposes_n > 0,
		.hours = v->hours,
		.uses = (int16_t)uses };
	const bool wide = s->ix->form.wide;
	size_t n = v->skills_n;

	for (uint16_t i = 0; i < v->aspirations_n; i++, n++) {
		const uint16_t credit =
		    wish_credit(s, forward_place(v->places, n, wide),
			forward_level(v->levels, n), 0);
		f.second = MAX(f.second, MIN(f.first, credit));
		f.first = MAX(f.first, credit);
	}
	for (uint16_t i = 0; i < v->purposes_n; i++, n++) {
		const uint16_t credit =
		    wish_credit(s, forward_place(v->places, n, wide), 0, 1);
		f.purpose = MAX(f.purpose, credit);
	}
	return wish_of(s, &f);
}

/* Do all gates but the must-haves let it through? As score.c asks them. */
static bool
view_passes(struct search *s, const struct forward_card_view *v)
{
	const uint8_t *at = v->languages;
	const uint8_t remote = v->region == REGION_NOT_TOLD ? s->remote_silent
			       : v->region == s->region     ? s->remote_same
							    : s->remote_other;
	struct card *c = &s->card;

	if ((remote >> v->remote & 1) == 0 ||
	    (s->hours_pass >> v->hours & 1) == 0 ||
	    !seeks_pass(s, v->seeks, v->offers))
		return false;
	if (s->languages_n == 0)
		return true;
	c->languages_n = v->languages_n;
	for (uint16_t i = 0; i < v->languages_n; i++)
		c->languages[i] = forward_language(&at);
	for (uint32_t i = 0; i < s->languages_n; i++) {
		if (gate_language(&s->posting->languages[i], c).state ==
		    GATE_FAIL)
			return false;
	}
	return true;
}

static void
take(struct search *s, const uint8_t *id, const uint8_t *bytes)
{
	s->counts.records_scored++;
	forward_card(&s->ix->form, bytes, &s->card);
	const struct score_brief f = plan_fit_brief(s->plan, &s->card);
	const struct score_brief w = plan_wish_brief(s->plan, &s->card, NULL);
	struct scan_result r = { .fit = f.total,
		.wish = w.total,
		.both = score_both(f.total, w.total),
		.excluded = f.excluded || w.excluded,
		.near = f.near || w.near };
	memcpy(r.id, id, RECORD_ID);
	if (r.excluded == s->excluded)
		top_put(&s->top, &r);
}

/* What a card may come to at most, cheaply. */
static int32_t
both_most(struct search *s, const struct kernel_result *r, uint8_t learn,
    uint8_t care)
{
	const uint32_t uses =
	    r->uses < 0
		? USES + 1
		: ((uint32_t)r->uses * USES + CREDIT_MAX - 1) / CREDIT_MAX;
	int32_t fit = SCORE_MAX;

	if (r->most > 0 && s->asks == 0)
		fit = fit_of(s, (int16_t)(r->earned * UNITS / r->most));
	return score_both(fit, wish_most(s, learn, care, uses));
}

/* ${learn}, ${care}: what its block may earn with what it wants. */
static void
look_at(struct search *s, const uint8_t *id, const uint8_t *bytes,
    uint8_t learn, uint8_t care)
{
	struct forward_card_view v;

	s->counts.records_read++;
	forward_view_card(bytes, s->ix->form.wide, &v);
	if (s->filter != NULL && !view_wanted(s->filter, &v))
		return;
	if (!s->excluded && !view_passes(s, &v))
		return;
	if (v.twice) {
		take(s, id, bytes);
		return;
	}
	const struct kernel_result r = fit_kernel_run(s->kernel, &v);
	if ((r.missing && !s->excluded) ||
	    both_most(s, &r, learn, care) < top_least(&s->top))
		return;
	const int32_t fit = fit_of_share(r.earned, r.most);
	if (top_wants(&s->top, score_both(fit, view_wish(s, &v, r.uses)), id))
		take(s, id, bytes);
}

static void
open_tail(struct search *s, const struct part *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (!dead_at(p->dead, i))
			look_at(s, p->tail->ids[i], p->tail->records[i],
			    s->credits_n, s->credits_n);
	}
}

/* For each byte, which of eight cards it stands for. */
#define ROW(n)                                                                 \
	{                                                                      \
		-((n)&1), -((n) >> 1 & 1), -((n) >> 2 & 1), -((n) >> 3 & 1),   \
		    -((n) >> 4 & 1), -((n) >> 5 & 1), -((n) >> 6 & 1),         \
		    -((n) >> 7 & 1)                                            \
	}
#define ROWS_4(n)  ROW(n), ROW((n) + 1), ROW((n) + 2), ROW((n) + 3)
#define ROWS_16(n) ROWS_4(n), ROWS_4((n) + 4), ROWS_4((n) + 8), ROWS_4((n) + 12)
#define ROWS_64(n)                                                             \
	ROWS_16(n), ROWS_16((n) + 16), ROWS_16((n) + 32), ROWS_16((n) + 48)
static const int16_t spread[256][8] = { ROWS_64(0), ROWS_64(64), ROWS_64(128),
	ROWS_64(192) };

/* What the cards of a block may reach, each by itself. */
struct cards_reach {
	int16_t fit[BLOCK_RECORDS], taken[BLOCK_RECORDS];
};

static void
block_cards(const struct search *s, const struct reach *r, uint32_t block,
    struct cards_reach *out)
{
	int16_t one[BLOCK_RECORDS];

	for (unsigned i = 0; i < BLOCK_RECORDS; i++) {
		out->fit[i] = r->fit_rest[block];
		out->taken[i] = r->taken_rest[block];
	}
	for (uint32_t d = 0; d < r->dense_n; d++) {
		const uint16_t fit = s->fit_part[r->item[d]];
		const uint16_t taken = s->taken_part[r->item[d]];
		for (unsigned i = 0; i < BLOCK_RECORDS; i++)
			one[i] = r->sparse[d][block];
		for (uint32_t k = r->masks_from[d]; k < r->masks_from[d + 1];
		     k++) {
			const uint32_t bits = r->masks[k].bits[block];
			const int16_t credit = r->masks[k].credit;
			for (unsigned b = 0; b < 4; b++) {
				const int16_t *row =
				    spread[bits >> 8 * b & 255];
				int16_t *to = one + 8 * b;
				for (unsigned i = 0; i < 8; i++) {
					const int16_t u =
					    (int16_t)(row[i] & credit);
					to[i] = MAX(to[i], u);
				}
			}
		}
		for (unsigned i = 0; i < BLOCK_RECORDS; i++) {
			out->fit[i] =
			    (int16_t)(out->fit[i] + part_of(one[i], fit));
			out->taken[i] =
			    (int16_t)(out->taken[i] + part_of(one[i], taken));
		}
	}
}

/* Fewer units than this are too few for ${both}, with such a wish. */
static int16_t
least_units(struct search *s, int32_t both, int32_t wish)
{
	if (both <= 0)
		return 0;
	if (2 * wish <= both)
		return INT16_MAX;
	/* of 2 f w / (f + w) >= both */
	const int64_t fit = (int64_t)both * wish / (2 * wish - both);
	int32_t lo = 0, hi = INT16_MAX / STEP;
	while (lo < hi) {
		const int32_t mid = (lo + hi) / 2;
		if (fit_of(s, (int16_t)(mid * STEP)) >= fit)
			hi = mid;
		else
			lo = mid + 1;
	}
	return (int16_t)(lo * STEP);
}

/* May the card enter, by what is known without its bytes? */
static bool
card_may_enter(struct search *s, const struct reach *r, uint32_t block,
    uint32_t rarity, int16_t fit, int16_t taken)
{
	const uint32_t uses = uses_of(s, taken, rarity);
	const int32_t wish =
	    wish_most(s, r->learn[block], r->care[block], uses);

	return score_both(fit_of(s, fit), wish) >= top_least(&s->top);
}

/* With fewer USES-ths than this no card of the block can enter. */
static uint32_t
least_uses(struct search *s, const struct reach *r, uint32_t block)
{
	const int32_t fit = fit_of(s, r->fit[block]);
	uint32_t lo = 0, hi = USES;

	while (lo < hi) {
		const uint32_t mid = (lo + hi) / 2;
		if (score_both(fit,
			wish_most(s, r->learn[block], r->care[block], mid)) >=
		    top_least(&s->top))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void
open_block(
    struct search *s, const struct reach *r, uint32_t block, int32_t wish)
{
	const struct segment *seg = r->part->segment;
	const uint8_t *at = seg->bytes + seg->blocks[block].from;
	const uint32_t first = block * BLOCK_RECORDS;
	const uint32_t n = MIN(seg->n - first, (uint32_t)BLOCK_RECORDS);
	const int16_t least = least_units(s, top_least(&s->top), wish);
	const uint32_t uses = least_uses(s, r, block);
	const uint64_t share = (uint64_t)(uses > 0 ? uses - 1 : 0) * UNITS;
	struct cards_reach cards;

	s->counts.blocks_opened++;
	block_cards(s, r, block, &cards);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t card = first + i;
		const uint64_t taken =
		    (uint64_t)(uint16_t)cards.taken[i] * s->rarity * USES;
		if (cards.fit[i] >= least &&
		    taken + UNITS >= share * seg->rarity[card] &&
		    card_may_enter(s, r, block, seg->rarity[card], cards.fit[i],
			cards.taken[i]) &&
		    !dead_at(r->part->dead, card))
			look_at(s, seg->ids[card], at + seg->starts[card],
			    r->learn[block], r->care[block]);
	}
}

/* ---- the search ---- */

static bool
block_may_enter(struct search *s, int32_t both, const struct block *b)
{
	if (both != top_least(&s->top))
		return both > top_least(&s->top);
	/* as good as the last: only with a smaller id */
	return b->id_least <= get_u64be(s->top.out[s->top.n - 1].id);
}

static void
try_block(void *search, uint32_t reach, uint32_t i)
{
	struct search *s = search;
	const struct reach *r = &s->reaches[reach];
	const struct block *b = &r->part->segment->blocks[i];

	if (!block_may_enter(s, r->both[i], b))
		return;
	if (!s->excluded && (r->gone[i] != 0 || !block_passes(s, b)))
		return;
	if (s->filter != NULL && !block_wanted(s, b))
		return;
	open_block(s, r, i, block_wish(s, r, i));
}

NODISCARD static err
reach_all(struct search *s)
{
	uint32_t stretches = 1;

	for (uint32_t i = 0; i < s->s->parts_n; i++) {
		const struct segment *seg = s->s->parts[i].segment;
		if (seg != NULL)
			stretches += seg->blocks_n / STRETCH + 1;
	}
	s->one = calloc(SEGMENT_BLOCKS + CHUNK, sizeof(*s->one));
	s->reaches = calloc(s->s->parts_n + 1, sizeof(*s->reaches));
	s->bounds.stretches = calloc(stretches, sizeof(*s->bounds.stretches));
	if (s->one == NULL || s->reaches == NULL || s->bounds.stretches == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < s->s->parts_n; i++) {
		const struct part *p = &s->s->parts[i];
		if (p->segment == NULL)
			continue;
		const uint32_t at = s->reaches_n++;
		TRY(reach_new(s, p, &s->reaches[at]));
		bounds_put(
		    &s->bounds, at, s->reaches[at].both, p->segment->blocks_n);
	}
	return OK;
}

NODISCARD static err
search_start(struct search *s)
{
	TRY(plan_new(&s->ix->m, s->posting, &s->plan));
	plan_parts(s->plan, &s->parts);
	TRY(fit_kernel_new(s->plan, s->ix, &s->kernel));
	TRY(fit_hints(s));
	TRY(wish_hints(s));
	block_gates(s);
	return reach_all(s);
}

static void
search_end(struct search *s)
{
	for (uint32_t i = 0; i < s->reaches_n; i++) {
		for (uint32_t k = 0; k < DENSE_MAX; k++)
			free(s->reaches[i].sparse[k]);
		free(s->reaches[i].fit);
		free(s->reaches[i].learn);
	}
	free(s->reaches);
	free(s->bounds.stretches);
	free(s->one);
	free(s->wish_first);
	free(s->wish_filter);
	free(s->hints.all);
	free(s->wants.all);
	fit_kernel_free(s->kernel);
	plan_free(s->plan);
}

static void
search_run(struct search *s)
{
	for (uint32_t i = 0; i < s->s->parts_n; i++) {
		if (s->s->parts[i].tail != NULL)
			open_tail(s, &s->s->parts[i]);
	}
	bounds_run(&s->bounds, &s->top, try_block, s);
}

err
index_people(const struct index_snapshot *s, const struct posting *p,
    const struct index_filter *f, bool with_excluded, struct scan_result *out,
    size_t max, size_t *n, struct index_counts *counts)
{
	struct search *x = calloc(1, sizeof(*x));

	*n = 0;
	if (x == NULL)
		return ERR_NOMEM;
	ASSERT(s->ix->kind == INDEX_PEOPLE);
	x->s = s;
	x->ix = s->ix;
	x->posting = p;
	x->filter = f;
	x->bounds.width_bits = 7;
	x->top = (struct top){ out, max, 0 };
	err e = search_start(x);
	if (e == OK && max > 0) {
		search_run(x);
		*n = x->top.n;
	}
	if (e == OK && with_excluded && *n < max) {
		/* all who may come are there; now those who may not */
		x->excluded = true;
		x->top = (struct top){ out + *n, max - *n, 0 };
		search_run(x);
		*n += x->top.n;
	}
	x->counts.records = s->live;
	if (counts != NULL)
		*counts = x->counts;
	search_end(x);
	free(x);
	return e;
}
