#include "match/bag.h"

#include <stdlib.h>

#include "match/normal.h"
#include "match/stem.h"
#include "match/vocabulary/vocabulary.h"

#define WORD_BYTES 64
#define K1         1200 /* BM25's k1 in thousandths; b is a half */

struct stems {
	uint8_t *text;
	size_t text_n, text_cap;
	struct stem_ref {
		uint32_t at, n;
	} * list;
	uint32_t n, cap;
	uint32_t *table; /* number + 1, 0: empty */
	uint32_t table_cap;
};

struct stems *
stems_new(void)
{
	struct stems *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->table_cap = 4096;
	s->table = calloc(s->table_cap, sizeof(*s->table));
	if (s->table == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void
stems_free(struct stems *s)
{
	if (s == NULL)
		return;
	free(s->text);
	free(s->list);
	free(s->table);
	free(s);
}

uint32_t
stems_count(const struct stems *s)
{
	return s->n;
}

static uint32_t
hash_of(struct slice s)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 16777619U;
	return h ^ h >> 15;
}

static uint32_t *
slot_of(const struct stems *s, struct slice stem)
{
	uint32_t i = hash_of(stem) & (s->table_cap - 1);

	while (s->table[i] != 0) {
		const struct stem_ref *r = &s->list[s->table[i] - 1];
		if (slice_eq(slice_of(s->text + r->at, r->n), stem))
			break;
		i = (i + 1) & (s->table_cap - 1);
	}
	return &s->table[i];
}

NODISCARD static err
stems_grow(struct stems *s, size_t bytes)
{
	if (s->text_cap - s->text_n < bytes) {
		const size_t cap = 2 * s->text_cap + bytes + 4096;
		uint8_t *text = realloc(s->text, cap);
		if (text == NULL)
			return ERR_NOMEM;
		s->text = text;
		s->text_cap = cap;
	}
	if (s->n == s->cap) {
		const uint32_t cap = s->cap == 0 ? 1024 : 2 * s->cap;
		void *list = realloc(s->list, cap * sizeof(*s->list));
		if (list == NULL)
			return ERR_NOMEM;
		s->list = list;
		s->cap = cap;
	}
	if (2 * s->n < s->table_cap)
		return OK;
	uint32_t *table = calloc(2 * (size_t)s->table_cap, sizeof(*table));
	if (table == NULL)
		return ERR_NOMEM;
	free(s->table);
	s->table = table;
	s->table_cap *= 2;
	for (uint32_t i = 0; i < s->n; i++)
		*slot_of(s, slice_of(s->text + s->list[i].at, s->list[i].n)) =
		    i + 1;
	return OK;
}

err
stems_number(struct stems *s, struct slice stem, bool add, uint32_t *out)
{
	uint32_t *slot = slot_of(s, stem);

	*out = UINT32_MAX;
	if (*slot != 0) {
		*out = *slot - 1;
		return OK;
	}
	if (!add)
		return OK;
	TRY(stems_grow(s, stem.n));
	slot = slot_of(s, stem);
	memcpy(s->text + s->text_n, stem.p, stem.n);
	s->list[s->n] =
	    (struct stem_ref){ (uint32_t)s->text_n, (uint32_t)stem.n };
	s->text_n += stem.n;
	*out = s->n++;
	*slot = s->n;
	return OK;
}

/* ---- bags ---- */

void
bag_free(struct bag *b)
{
	free(b->items);
	*b = (struct bag){ 0 };
}

err
bag_put(struct bag *b, uint32_t stem, uint32_t weight)
{
	if (b->n == b->cap) {
		const uint32_t cap = b->cap == 0 ? 16 : 2 * b->cap;
		void *items = realloc(b->items, cap * sizeof(*b->items));
		if (items == NULL)
			return ERR_NOMEM;
		b->items = items;
		b->cap = cap;
	}
	b->items[b->n++] = (struct bag_item){ stem, weight };
	return OK;
}

err
bag_text(struct bag *b, struct stems *s, struct slice text, uint32_t language,
    uint32_t weight, bool add)
{
	uint8_t space[WORD_BYTES];
	size_t at, n;

	while (text.n > 0) {
		struct buf word = { space, 0, sizeof(space) };
		uint32_t stem;
		if (!normal_next(&text, &word, &at, &n))
			break;
		const struct slice w = buf_slice(&word);
		if (w.n == 0 || stem_is_filler(w, language))
			continue;
		TRY(stems_number(s, stem_of(w, language), add, &stem));
		if (stem != UINT32_MAX)
			TRY(bag_put(b, stem, weight));
	}
	return OK;
}

static int
item_order(const void *a, const void *b)
{
	const struct bag_item *x = a, *y = b;

	return x->stem < y->stem ? -1 : x->stem > y->stem;
}

void
bag_settle(struct bag *b)
{
	uint32_t kept = 0;

	if (b->n > 1)
		qsort(b->items, b->n, sizeof(*b->items), item_order);
	for (uint32_t i = 0; i < b->n; i++) {
		if (kept > 0 && b->items[kept - 1].stem == b->items[i].stem)
			b->items[kept - 1].weight += b->items[i].weight;
		else
			b->items[kept++] = b->items[i];
	}
	b->n = kept;
}

uint64_t
bag_hash(const struct bag *b)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (uint32_t i = 0; i < b->n; i++)
		h = (h ^ b->items[i].stem) * UINT64_C(1099511628211);
	return h;
}

/* ---- a field ---- */

struct posting {
	uint32_t bag, weight;
};

struct bag_field {
	uint32_t n, stems;
	uint32_t *from;           /* stems + 1 */
	struct posting *postings; /* weight: idf times BM25's share of tf */
	uint32_t *idf;
};

void
bag_field_free(struct bag_field *f)
{
	if (f == NULL)
		return;
	free(f->from);
	free(f->postings);
	free(f->idf);
	free(f);
}

uint32_t
bag_field_idf(const struct bag_field *f, uint32_t stem)
{
	/* of a stem that is in no bag: as if it were in one */
	return stem < f->stems ? f->idf[stem]
			       : log2_sixteenths(f->n + (uint64_t)1);
}

/* 16 log2((n + 1) / (df + 1/2)) */
static uint32_t
idf_of(uint64_t n, uint64_t df)
{
	const uint32_t l = log2_sixteenths(512 * (n + 1) / (2 * df + 1) + 1);

	return l > 128 ? l - 128 : 0;
}

static uint64_t
length_of(const struct bag *b)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < b->n; i++)
		n += b->items[i].weight;
	return n;
}

static void
fill(struct bag_field *f, const struct bag *bags, uint32_t *next)
{
	uint64_t all = 0;

	for (uint32_t i = 0; i < f->n; i++)
		all += length_of(&bags[i]);
	const uint64_t mean = MAX(f->n > 0 ? all / f->n : 1, 1U);
	for (uint32_t i = 0; i < f->n; i++) {
		const uint64_t n = length_of(&bags[i]);
		const uint64_t k = K1 * (mean + n) / (2 * mean);
		for (uint32_t j = 0; j < bags[i].n; j++) {
			const struct bag_item *item = &bags[i].items[j];
			const uint64_t tf = (uint64_t)item->weight *
					    (1000 + K1) * 1000 /
					    ((uint64_t)item->weight * 1000 + k);
			f->postings[next[item->stem]++] = (struct posting){ i,
				(uint32_t)(f->idf[item->stem] * tf) };
		}
	}
}

err
bag_field_new(
    const struct bag *bags, uint32_t n, uint32_t stems, struct bag_field **out)
{
	struct bag_field *f = calloc(1, sizeof(*f));
	uint32_t *next = calloc((size_t)stems + 1, sizeof(*next));
	size_t postings = 1;

	*out = NULL;
	for (uint32_t i = 0; i < n; i++)
		postings += bags[i].n;
	if (f == NULL || next == NULL)
		goto fail;
	f->n = n;
	f->stems = stems;
	f->from = calloc((size_t)stems + 1, sizeof(*f->from));
	f->idf = calloc((size_t)stems + 1, sizeof(*f->idf));
	f->postings = malloc(postings * sizeof(*f->postings));
	if (f->from == NULL || f->idf == NULL || f->postings == NULL)
		goto fail;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < bags[i].n; j++)
			f->from[bags[i].items[j].stem + 1]++;
	for (uint32_t s = 0; s < stems; s++) {
		f->idf[s] = idf_of(n, f->from[s + 1]);
		f->from[s + 1] += f->from[s];
		next[s] = f->from[s];
	}
	fill(f, bags, next);
	free(next);
	*out = f;
	return OK;
fail:
	bag_field_free(f);
	free(next);
	return ERR_NOMEM;
}

void
bag_field_score(
    const struct bag_field *f, const struct bag *query, uint64_t *scores)
{
	for (uint32_t i = 0; i < query->n; i++) {
		const struct bag_item *q = &query->items[i];
		if (q->stem >= f->stems)
			continue;
		for (uint32_t k = f->from[q->stem]; k < f->from[q->stem + 1];
		     k++)
			scores[f->postings[k].bag] +=
			    (uint64_t)q->weight * f->postings[k].weight;
	}
}
