#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/asked.h"
#include "match/index/cards.h"

/* ---- in which order ---- */

struct row {
	uint64_t key;
	const uint8_t *bytes;
	const uint8_t *id;
};

struct voting {
	const struct index *ix;
	uint32_t *counts; /* by cluster, all 0 between cards */
	uint32_t *touched;
};

/* The occupation to which most of what is held belongs. */
static uint32_t
cluster_of(struct voting *vt, const struct forward_card_view *v, bool wide)
{
	const struct shape *s = vt->ix->shape;
	const uint8_t *rarity = vt->ix->m.rarity->sixteenths;
	uint32_t n = 0, best = 0, rarest = 0;

	for (uint16_t i = 0; i < v->skills_n; i++) {
		const uint32_t at = forward_place(v->places, i, wide);
		if (rarity[at] >= rarity[rarest])
			rarest = at;
		for (uint32_t k = s->vote_from[at]; k < s->vote_from[at + 1];
		     k++) {
			const struct vote *w = &s->votes[k];
			if (w->weight == 0)
				break;
			if (vt->counts[w->cluster] == 0)
				vt->touched[n++] = w->cluster;
			vt->counts[w->cluster] += w->weight;
		}
	}
	if (n == 0)
		return s->clusters_n + (v->skills_n > 0 ? 1 + rarest : 0);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t a = vt->touched[i], b = vt->touched[best];
		if (vt->counts[a] > vt->counts[b] ||
		    (vt->counts[a] == vt->counts[b] && a < b))
			best = i;
	}
	const uint32_t cluster = vt->touched[best];
	for (uint32_t i = 0; i < n; i++)
		vt->counts[vt->touched[i]] = 0;
	return cluster;
}

/*
 * By region, so that whoever asks for one finds it in one place; then by what
 * a wish is made of, and by what a card can do in all, since what a posting
 * takes up is a share of that.
 */
static uint64_t
card_key(const struct index *ix, const uint8_t *bytes)
{
	struct forward_card_view v;

	forward_view_card(bytes, ix->form.wide, &v);
	return (uint64_t)v.region << 24 | (uint64_t)card_kind(&v) << 16 |
	       card_rarity(ix, &v);
}

/*
 * What is offered, roughly, so that it is the same for a whole block; then
 * the occupation to which most of what is asked for belongs.
 */
static uint64_t
posting_key(struct voting *vt, const uint8_t *bytes)
{
	const bool wide = vt->ix->form.wide;
	const size_t place = wide ? 4 : 2;
	uint8_t places[POSTING_REQUIREMENTS_MAX * 4];
	struct forward_card_view asked = { .places = places };
	struct forward_posting_view v;

	forward_view_posting(bytes, wide, &v);
	for (uint16_t i = 0; i < v.requirements_n; i++) {
		const uint8_t *r = v.requirements + i * (place + 2);
		if (forward_place(r, 0, wide) < vt->ix->shape->places_n)
			memcpy(places + place * asked.skills_n++, r, place);
	}
	return (uint64_t)asked_class(vt->ix, bytes) << 56 |
	       (uint64_t)cluster_of(vt, &asked, wide) << 24;
}

NODISCARD static err
give_keys(const struct index *ix, struct row *rows, uint32_t n)
{
	struct voting vt = { .ix = ix };

	vt.counts = calloc(ix->shape->clusters_n + 1, sizeof(*vt.counts));
	vt.touched = calloc(ix->shape->clusters_n + 1, sizeof(*vt.touched));
	const bool ok = vt.counts != NULL && vt.touched != NULL;
	for (uint32_t i = 0; i < n && ok; i++)
		rows[i].key = ix->kind == INDEX_PEOPLE
				  ? card_key(ix, rows[i].bytes)
				  : posting_key(&vt, rows[i].bytes);
	free(vt.counts);
	free(vt.touched);
	return ok ? OK : ERR_NOMEM;
}

/* By key; rows of one key stay in order. */
static void
sort_rows(struct row *rows, struct row *other, uint32_t n)
{
	uint32_t counts[8][256] = { { 0 } };
	struct row *from = rows, *to = other;

	for (uint32_t i = 0; i < n; i++) {
		for (unsigned b = 0; b < 8; b++)
			counts[b][rows[i].key >> 8 * b & 255]++;
	}
	for (unsigned b = 0; b < 8; b++) {
		uint32_t at = 0;
		if (n == 0 || counts[b][rows[0].key >> 8 * b & 255] == n)
			continue;
		for (unsigned k = 0; k < 256; k++) {
			const uint32_t c = counts[b][k];
			counts[b][k] = at;
			at += c;
		}
		for (uint32_t i = 0; i < n; i++)
			to[counts[b][from[i].key >> 8 * b & 255]++] = from[i];
		struct row *const t = from;
		from = to;
		to = t;
	}
	if (from != rows)
		memcpy(rows, from, n * sizeof(*rows));
}

/* ---- gathering ---- */

static uint32_t
gather_tail(const struct part *p, struct row *rows)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		if (!dead_at(p->dead, i))
			rows[n++] = (struct row){ i, p->tail->records[i],
				p->tail->ids[i] };
	}
	return n;
}

static uint32_t
gather_segment(const struct part *p, struct row *rows)
{
	const struct segment *s = p->segment;
	const uint8_t *at = s->bytes;
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n; i++, at += forward_size(at)) {
		if (!dead_at(p->dead, i))
			rows[n++] = (struct row){ i, at, s->ids[i] };
	}
	return n;
}

NODISCARD static err
gather(const struct index *ix, const struct part *parts, uint32_t parts_n,
    struct row **out, uint32_t *out_n)
{
	uint32_t all = 0, n = 0;

	for (uint32_t i = 0; i < parts_n; i++)
		all += parts[i].n - parts[i].dead->count;
	struct row *rows = calloc((size_t)all * 2 + 1, sizeof(*rows));
	if (rows == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < parts_n; i++)
		n += parts[i].segment != NULL
			 ? gather_segment(&parts[i], rows + n)
			 : gather_tail(&parts[i], rows + n);
	ASSERT(n == all);
	const err e = give_keys(ix, rows, n);
	if (e != OK) {
		free(rows);
		return e;
	}
	sort_rows(rows, rows + n, n);
	*out = rows;
	*out_n = n;
	return OK;
}

/* ---- a segment's records ---- */

/* A slot has, beside the number, bits that spare a look at the id. */
#define SLOT_NUMBER  0xfffffU
#define SLOT_TAG(id) ((uint32_t)(id)[RECORD_ID - 1] << 24 | 0x00f00000U)

static void
put_slot(struct segment *s, uint64_t seed, uint32_t i)
{
	uint32_t at = id_slot(seed, s->ids[i], s->slots_n);

	while (s->slots[at] != 0)
		at = at + 1 == s->slots_n ? 0 : at + 1;
	s->slots[at] = (i + 1) | SLOT_TAG(s->ids[i]);
}

uint32_t
segment_find(const struct segment *s, uint64_t seed, const uint8_t *id)
{
	for (uint32_t at = id_slot(seed, id, s->slots_n); s->slots[at] != 0;
	     at = at + 1 == s->slots_n ? 0 : at + 1) {
		const uint32_t i = (s->slots[at] & SLOT_NUMBER) - 1;
		if ((s->slots[at] & ~SLOT_NUMBER) == SLOT_TAG(id) &&
		    memcmp(s->ids[i], id, RECORD_ID) == 0)
			return i;
	}
	return UINT32_MAX;
}

NODISCARD static err
make_room(struct segment *s, const struct row *rows, uint32_t n, bool postings)
{
	for (uint32_t i = 0; i < n; i++)
		s->bytes_n += forward_size(rows[i].bytes);
	s->n = n;
	s->blocks_n = (n + BLOCK_RECORDS - 1) / BLOCK_RECORDS;
	s->slots_n = n + n / 4 + 8;
	s->ids = malloc((size_t)n * sizeof(*s->ids) + 1);
	s->bytes = malloc(s->bytes_n + 1);
	s->slots = calloc(s->slots_n, sizeof(*s->slots));
	s->blocks = calloc((size_t)s->blocks_n + 1, sizeof(*s->blocks));
	s->dead = calloc(1,
	    sizeof(*s->dead) + ((size_t)n / 64 + 1) * sizeof(s->dead->bits[0]));
	if (postings) {
		s->offsets = malloc(((size_t)n + 1) * sizeof(*s->offsets));
		s->classes = malloc((size_t)n + 1);
	} else {
		s->starts = malloc(((size_t)n + 1) * sizeof(*s->starts));
	}
	const bool places = postings ? s->offsets != NULL && s->classes != NULL
				     : s->starts != NULL;
	if (s->ids == NULL || s->bytes == NULL || s->slots == NULL ||
	    s->blocks == NULL || s->dead == NULL || !places)
		return ERR_NOMEM;
	s->dead->refs = 1;
	return OK;
}

static void
copy_records(struct segment *s, const struct row *rows, uint64_t seed)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		const size_t size = forward_size(rows[i].bytes);
		struct block *b = &s->blocks[i / BLOCK_RECORDS];
		const uint64_t id = get_u64be(rows[i].id);
		if (i % BLOCK_RECORDS == 0)
			*b = (struct block){ id, (uint32_t)at };
		b->id_least = MIN(b->id_least, id);
		if (s->offsets != NULL)
			s->offsets[i] = (uint32_t)at;
		else
			s->starts[i] = (uint16_t)(at - b->from);
		memcpy(s->ids[i], rows[i].id, RECORD_ID);
		memcpy(s->bytes + at, rows[i].bytes, size);
		at += size;
	}
	for (uint32_t i = 0; i < s->n; i++)
		put_slot(s, seed, i);
}

err
segment_build(const struct index *ix, const struct part *parts, uint32_t n,
    struct segment **out)
{
	struct segment *s = calloc(1, sizeof(*s));
	const bool postings = ix->kind == INDEX_POSTINGS;
	struct row *rows = NULL;
	uint32_t rows_n = 0;

	*out = NULL;
	if (s == NULL)
		return ERR_NOMEM;
	s->refs = 1;
	err e = gather(ix, parts, n, &rows, &rows_n);
	if (e == OK)
		e = make_room(s, rows, rows_n, postings);
	if (e == OK)
		copy_records(s, rows, ix->limits.seed);
	free(rows);
	if (e == OK)
		e = postings ? posting_lists(ix, s)
			     : cards_new(ix, s, &s->cards);
	if (e != OK) {
		segment_free(s);
		return e;
	}
	*out = s;
	return OK;
}

void
segment_free(struct segment *s)
{
	if (s == NULL)
		return;
	free(s->ids);
	free(s->bytes);
	free(s->slots);
	free(s->blocks);
	free(s->list_from);
	free(s->lists);
	free(s->offsets);
	free(s->classes);
	free(s->starts);
	cards_free(s->cards);
	free(s->shares);
	free(s->dead);
	free(s);
}

uint32_t
segment_chunks(const struct segment *s)
{
	return s->cards != NULL ? s->cards->held.chunks_n : 0;
}

uint64_t
segment_bytes(const struct segment *s, const struct shape *shape)
{
	const uint64_t n = s->n;
	const uint64_t all = sizeof(*s) + n * RECORD_ID + s->bytes_n +
			     s->slots_n * sizeof(*s->slots) +
			     s->blocks_n * sizeof(*s->blocks) + n / 8;

	if (s->cards != NULL)
		return all + n * sizeof(*s->starts) +
		       cards_bytes(s->cards, s->n);
	return all + n * (sizeof(*s->offsets) + sizeof(*s->classes)) +
	       (shape->places_n + 2) * sizeof(*s->list_from) +
	       s->lists_n * sizeof(*s->lists) +
	       s->entries_n * sizeof(*s->shares);
}
