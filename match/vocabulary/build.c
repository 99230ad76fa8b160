#include <stdlib.h>

#include "match/protected.h"
#include "match/vocabulary/internal.h"
#include "match/vocabulary/vocabulary.h"
#include "proto/base/text.h"
#include "proto/record/fingerprint.h"

/* Room for ${n} more; ERR_LIMIT, ERR_NOMEM. */
NODISCARD static err
rows_reserve(struct rows *r, size_t n)
{
	if (n > r->max - r->n)
		return ERR_LIMIT;
	if (n <= r->cap - r->n)
		return OK;
	size_t cap = r->cap < 64 ? 64 : (size_t)r->cap * 2;
	cap = MIN(MAX(cap, r->n + n), (size_t)r->max);
	void *p = realloc(r->p, cap * r->size);
	if (p == NULL)
		return ERR_NOMEM;
	r->p = p;
	r->cap = (uint32_t)cap;
	return OK;
}

struct vocabulary_builder *
vocabulary_builder_new(const struct vocabulary_limits *limits)
{
	static const char *const by_source[TERM_SOURCES] = { "core", "imported",
		"record" };
	struct vocabulary_builder *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->entries = (struct rows){ .max = limits->terms_max,
		.size = sizeof(struct entry_row) };
	b->labels = (struct rows){ .max = limits->labels_max,
		.size = sizeof(struct label_row) };
	b->links = (struct rows){ .max = limits->links_max,
		.size = sizeof(struct link_row) };
	b->text = (struct rows){ .max = limits->text_bytes_max, .size = 1 };
	for (; b->origins_n < TERM_SOURCES; b->origins_n++)
		memcpy(b->origins[b->origins_n], by_source[b->origins_n],
		    strlen(by_source[b->origins_n]) + 1);
	return b;
}

void
vocabulary_builder_free(struct vocabulary_builder *b)
{
	if (b == NULL)
		return;
	free(b->entries.p);
	free(b->labels.p);
	free(b->links.p);
	free(b->text.p);
	free(b->known);
	free(b);
}

/* rows_reserve() came before: there is room. */
static struct text_ref
keep_text(struct vocabulary_builder *b, struct slice s)
{
	const struct text_ref ref = { b->text.n, (uint32_t)s.n };

	if (s.n > 0)
		memcpy((uint8_t *)b->text.p + b->text.n, s.p, s.n);
	b->text.n += (uint32_t)s.n;
	return ref;
}

static void
keep_link(struct vocabulary_builder *b, const struct link_row *row)
{
	struct link_row *rows = b->links.p;

	rows[b->links.n++] = *row;
}

static void
keep_links(struct vocabulary_builder *b, struct link_row row,
    enum link_kind kind, const uint64_t *to, size_t n)
{
	row.kind = (uint8_t)kind;
	for (size_t i = 0; i < n; i++) {
		row.to = to[i];
		keep_link(b, &row);
	}
}

static uint8_t
origin_of(const struct vocabulary_builder *b, enum term_source source)
{
	return b->origin >= TERM_SOURCES ? b->origin : (uint8_t)source;
}

/* At most TERM_NOTE_MAX bytes, whole words. */
static struct slice
cut_at_word(struct slice s)
{
	if (s.n <= TERM_NOTE_MAX)
		return s;
	s.n = TERM_NOTE_MAX;
	while (s.n > 0 && s.p[s.n] != ' ')
		s.n--;
	return s;
}

NODISCARD static err
entry_check(const struct term_entry *e)
{
	if (e->uri.n == 0 || e->uri.n > TERM_URI_MAX || !text_is_clean(e->uri))
		return ERR_FORM;
	if (e->term != 0 && e->term != term_of_uri(e->uri))
		return ERR_FORM;
	if ((int)e->type < TERM_SKILL || (int)e->type > TERM_PURPOSE ||
	    (int)e->source < 0 || (int)e->source >= TERM_SOURCES)
		return ERR_FORM;
	if (e->labels_n == 0)
		return ERR_FORM;
	if (e->needs_n > 0 &&
	    (e->type == TERM_INTEREST || e->type == TERM_PURPOSE))
		return ERR_FORM;
	for (size_t i = 0; i < e->needs_n; i++)
		if (e->needs[i].level > 5 || e->needs[i].weight > 100)
			return ERR_FORM;
	if (e->zone > 5 || !text_is_clean(e->description))
		return ERR_FORM;
	for (size_t i = 0; i < e->labels_n; i++) {
		const struct term_label *l = &e->labels[i];
		char letters[4];
		if (l->text.n == 0 || l->text.n > TERM_LABEL_MAX ||
		    !text_is_clean(l->text) ||
		    !language_put(letters, l->language))
			return ERR_FORM;
	}
	return OK;
}

NODISCARD static err
entry_reserve(struct vocabulary_builder *b, const struct term_entry *e)
{
	size_t text = e->uri.n + MIN(e->description.n, (size_t)TERM_NOTE_MAX);

	for (size_t i = 0; i < e->labels_n; i++)
		text += e->labels[i].text.n;
	TRY(rows_reserve(&b->entries, 1));
	TRY(rows_reserve(&b->labels, e->labels_n));
	TRY(rows_reserve(&b->text, text));
	return rows_reserve(&b->links, e->broader_n + e->related_n +
					   e->needs_n + e->same_as_n +
					   e->close_n);
}

err
vocabulary_builder_add(struct vocabulary_builder *b, const struct term_entry *e)
{
	TRY(entry_check(e));
	for (size_t i = 0; i < e->labels_n; i++) {
		if (label_is_protected(
			e->labels[i].language, e->labels[i].text)) {
			b->counts.protected_n++;
			return OK;
		}
	}
	TRY(entry_reserve(b, e));

	const uint64_t id = term_of_uri(e->uri);
	const uint8_t source = (uint8_t)e->source;
	const uint8_t origin = origin_of(b, e->source);
	struct entry_row *entries = b->entries.p;
	entries[b->entries.n++] = (struct entry_row){ .id = id,
		.uri = keep_text(b, e->uri),
		.note = keep_text(b, cut_at_word(e->description)),
		.isco = e->isco,
		.source = source,
		.type = (uint8_t)e->type,
		.zone = e->zone,
		.origin = origin };
	struct label_row *labels = b->labels.p;
	for (size_t i = 0; i < e->labels_n; i++) {
		labels[b->labels.n++] = (struct label_row){ .id = id,
			.language = e->labels[i].language,
			.text = keep_text(b, e->labels[i].text),
			.source = source,
			.origin = origin,
			.preferred = e->labels[i].preferred };
	}
	struct link_row row = {
		.from = id, .source = source, .origin = origin
	};
	keep_links(b, row, LINK_BROADER, e->broader, e->broader_n);
	keep_links(b, row, LINK_RELATED, e->related, e->related_n);
	keep_links(b, row, LINK_SAME, e->same_as, e->same_as_n);
	keep_links(b, row, LINK_CLOSE, e->close, e->close_n);
	row.kind = LINK_NEEDS;
	for (size_t i = 0; i < e->needs_n; i++) {
		row.to = e->needs[i].term;
		row.essential = e->needs[i].essential;
		row.level = e->needs[i].level;
		row.weight = e->needs[i].weight;
		keep_link(b, &row);
	}
	b->counts.entries++;
	return OK;
}

err
vocabulary_builder_link(struct vocabulary_builder *b, enum term_source source,
    uint64_t from, uint64_t to, enum term_link kind)
{
	ASSERT(kind == TERM_SAME || kind == TERM_CLOSE);
	TRY(rows_reserve(&b->links, 1));
	keep_link(b, &(struct link_row){ .from = from,
			 .to = to,
			 .kind = kind == TERM_SAME ? LINK_SAME : LINK_CLOSE,
			 .source = (uint8_t)source,
			 .origin = origin_of(b, source),
			 .loose = true });
	return OK;
}

err
vocabulary_builder_origin(struct vocabulary_builder *b, const char *name)
{
	const size_t n = strlen(name);

	ASSERT(n > 0 && n < ORIGIN_BYTES);
	for (b->origin = 0; b->origin < b->origins_n; b->origin++)
		if (strcmp(b->origins[b->origin], name) == 0)
			return OK;
	b->origin = 0;
	if (b->origins_n == ORIGINS_MAX)
		return ERR_LIMIT;
	b->origin = b->origins_n++;
	memcpy(b->origins[b->origin], name, n + 1);
	return OK;
}

static int
u64_order(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

bool
vocabulary_builder_knows(struct vocabulary_builder *b, uint64_t term)
{
	const struct entry_row *rows = b->entries.p;

	if (b->known_n != b->entries.n) {
		free(b->known);
		b->known_n = 0;
		b->known = malloc(b->entries.n * sizeof(*b->known));
		if (b->known == NULL)
			return false;
		for (; b->known_n < b->entries.n; b->known_n++)
			b->known[b->known_n] = rows[b->known_n].id;
		qsort(b->known, b->known_n, sizeof(*b->known), u64_order);
	}
	return b->known_n > 0 && bsearch(&term, b->known, b->known_n,
				     sizeof(term), u64_order) != NULL;
}

/* ---- freezing ---- */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/* qsort() has no context, and the comparisons need the text: a merge sort. */
typedef int compare_fn(const void *a, const void *b, const uint8_t *text);

/* Stable; ${tmp} has room for n rows. */
static void
merge_sort(uint8_t *p, uint8_t *tmp, size_t n, size_t size, compare_fn *cmp,
    const uint8_t *text)
{
	for (size_t run = 1; run < n; run *= 2) {
		for (size_t lo = 0; lo < n; lo += 2 * run) {
			const size_t mid = MIN(lo + run, n);
			const size_t hi = MIN(lo + 2 * run, n);
			size_t i = lo, j = mid, k = lo;
			while (i < mid || j < hi) {
				const bool left =
				    j >= hi ||
				    (i < mid && cmp(p + i * size, p + j * size,
						    text) <= 0);
				const size_t from = left ? i++ : j++;
				memcpy(tmp + k++ * size, p + from * size, size);
			}
		}
		memcpy(p, tmp, n * size);
	}
}

NODISCARD static err
rows_sort(struct rows *r, compare_fn *cmp, const uint8_t *text)
{
	if (r->n < 2)
		return OK;
	uint8_t *tmp = malloc(r->n * r->size);
	if (tmp == NULL)
		return ERR_NOMEM;
	merge_sort(r->p, tmp, r->n, r->size, cmp, text);
	free(tmp);
	return OK;
}

static int
text_order(struct text_ref a, struct text_ref b, const uint8_t *text)
{
	return slice_cmp(
	    slice_of(text + a.at, a.n), slice_of(text + b.at, b.n));
}

/* By id, then what wins first. */
static int
entry_order(const void *a, const void *b, const uint8_t *text)
{
	const struct entry_row *x = a, *y = b;
	int d = ORDER(x->id, y->id);

	if (d == 0)
		d = ORDER(x->source, y->source);
	if (d == 0)
		d = ORDER(x->type, y->type);
	if (d == 0)
		d = ORDER(y->isco, x->isco);
	if (d == 0)
		d = ORDER(y->zone, x->zone);
	return d != 0 ? d : text_order(x->uri, y->uri, text);
}

static int
label_order(const void *a, const void *b, const uint8_t *text)
{
	const struct label_row *x = a, *y = b;
	int d = ORDER(x->at, y->at);

	if (d == 0)
		d = ORDER(x->language, y->language);
	if (d == 0)
		d = ORDER(x->source, y->source);
	if (d == 0)
		d = ORDER(y->preferred, x->preferred);
	return d != 0 ? d : text_order(x->text, y->text, text);
}

/* Best source first, so that what it says is heard first. */
static int
same_order(const void *a, const void *b, const uint8_t *text)
{
	const struct link_row *x = a, *y = b;
	int d = ORDER(x->source, y->source);

	(void)text;
	if (d == 0)
		d = ORDER(x->from, y->from);
	return d != 0 ? d : ORDER(x->to, y->to);
}

static int
link_order(const void *a, const void *b, const uint8_t *text)
{
	const struct link_row *x = a, *y = b;
	int d = ORDER(x->kind, y->kind);

	(void)text;
	if (d == 0)
		d = ORDER(x->from_at, y->from_at);
	if (d == 0)
		d = ORDER(x->to_at, y->to_at);
	if (d == 0)
		d = ORDER(y->essential, x->essential);
	if (d == 0)
		d = ORDER(y->level, x->level);
	if (d == 0)
		d = ORDER(y->weight, x->weight);
	return d != 0 ? d : ORDER(x->source, y->source);
}

#define NO_ENTRY TERM_SOURCES /* rank of an id that nobody describes */

/* While freezing: one node per known id, joined into sets by same_as. */
struct freeze {
	struct vocabulary_builder *b;
	struct vocabulary *v;
	uint64_t *ids;
	uint32_t *parent;
	uint8_t *best;   /* of a root: the best source in the set */
	uint32_t *place; /* of a root */
	bool *described; /* some entry is about it */
	uint32_t ids_n;
	uint32_t *own; /* references to each place, for rarity */
};

static uint32_t
node_find(const struct freeze *f, uint64_t id)
{
	const uint64_t *hit =
	    bsearch(&id, f->ids, f->ids_n, sizeof(id), u64_order);

	return hit == NULL ? TERM_NOWHERE : (uint32_t)(hit - f->ids);
}

static uint32_t
root_of(struct freeze *f, uint32_t node)
{
	while (f->parent[node] != node) {
		f->parent[node] = f->parent[f->parent[node]];
		node = f->parent[node];
	}
	return node;
}

NODISCARD static err
collect_ids(struct freeze *f)
{
	const struct entry_row *entries = f->b->entries.p;
	const struct link_row *links = f->b->links.p;
	size_t n = f->b->entries.n;

	for (uint32_t i = 0; i < f->b->links.n; i++)
		n += links[i].kind == LINK_SAME ? 2 : 0;
	f->ids = malloc((n + 1) * sizeof(*f->ids));
	f->parent = malloc((n + 1) * sizeof(*f->parent));
	f->best = malloc(n + 1);
	f->place = malloc((n + 1) * sizeof(*f->place));
	f->described = calloc(n + 1, sizeof(*f->described));
	if (f->described == NULL || f->ids == NULL || f->parent == NULL ||
	    f->best == NULL || f->place == NULL)
		return ERR_NOMEM;
	n = 0;
	for (uint32_t i = 0; i < f->b->entries.n; i++)
		f->ids[n++] = entries[i].id;
	for (uint32_t i = 0; i < f->b->links.n; i++) {
		if (links[i].kind != LINK_SAME)
			continue;
		f->ids[n++] = links[i].from;
		f->ids[n++] = links[i].to;
	}
	if (n > 0)
		qsort(f->ids, n, sizeof(*f->ids), u64_order);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || f->ids[i] != f->ids[i - 1])
			f->ids[f->ids_n++] = f->ids[i];
	}
	for (uint32_t i = 0; i < f->ids_n; i++) {
		f->parent[i] = i;
		f->best[i] = NO_ENTRY;
		f->place[i] = TERM_NOWHERE;
	}
	for (uint32_t i = 0; i < f->b->entries.n; i++) {
		const uint32_t node = node_find(f, entries[i].id);
		f->best[node] = MIN(f->best[node], entries[i].source);
		f->described[node] = true;
	}
	return OK;
}

/*
 * A source may tie its terms to others, but not two terms of better sources
 * to each other; and records may not touch each other's terms.
 */
static bool
may_join(const struct freeze *f, uint32_t a, uint32_t b, uint8_t source)
{
	if (f->best[a] < source && f->best[b] < source)
		return false;
	return source != SOURCE_RECORD || f->best[b] < SOURCE_RECORD ||
	       f->best[b] == NO_ENTRY;
}

NODISCARD static err
join_same(struct freeze *f)
{
	TRY(rows_sort(&f->b->links, same_order, NULL));
	const struct link_row *links = f->b->links.p;
	for (uint32_t i = 0; i < f->b->links.n; i++) {
		if (links[i].kind != LINK_SAME)
			continue;
		const uint32_t from = node_find(f, links[i].from);
		const uint32_t to = node_find(f, links[i].to);
		if (links[i].loose &&
		    (!f->described[from] || !f->described[to])) {
			f->v->counts.loose_n++;
			continue;
		}
		const uint32_t a = root_of(f, from);
		const uint32_t b = root_of(f, to);
		if (a == b)
			continue;
		if (!may_join(f, a, b, links[i].source)) {
			f->v->counts.same_refused_n++;
			continue;
		}
		/* the smaller id is the root: order does not matter */
		const uint32_t root = MIN(a, b), other = MAX(a, b);
		f->parent[other] = root;
		f->best[root] = MIN(f->best[root], f->best[other]);
	}
	return OK;
}

/*
 * What else the entries of a place know: the first description by source and
 * text, and a zone or group where the one that stands for it has none.
 */
static void
make_notes(struct freeze *f, const struct entry_row *entries)
{
	const uint8_t *text = f->b->text.p;

	for (uint8_t source = 0; source < TERM_SOURCES; source++) {
		for (uint32_t i = 0; i < f->b->entries.n; i++) {
			const struct entry_row *e = &entries[i];
			struct place_info *p = &f->v->places[f->place[root_of(
			    f, node_find(f, e->id))]];
			if (e->source != source)
				continue;
			if (e->note.n > 0 &&
			    (p->note.n == 0 ||
				(p->note_source == source &&
				    text_order(e->note, p->note, text) < 0))) {
				p->note = e->note;
				p->note_source = source;
			}
			if (p->zone == 0)
				p->zone = e->zone;
		}
	}
}

/* Each set with an entry gets a place, ordered by the id that stands for it:
 * of its best source the smallest. */
NODISCARD static err
make_places(struct freeze *f)
{
	const struct entry_row *entries = f->b->entries.p;
	struct vocabulary *v = f->v;

	TRY(rows_sort(&f->b->entries, entry_order, f->b->text.p));
	entries = f->b->entries.p;
	v->places = calloc((size_t)f->ids_n + 1, sizeof(*v->places));
	v->ids = malloc(((size_t)f->ids_n + 1) * sizeof(*v->ids));
	v->id_place = malloc(((size_t)f->ids_n + 1) * sizeof(*v->id_place));
	if (v->places == NULL || v->ids == NULL || v->id_place == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < f->b->entries.n; i++) {
		const struct entry_row *e = &entries[i];
		const uint32_t root = root_of(f, node_find(f, e->id));
		if (e->source != f->best[root] ||
		    f->place[root] != TERM_NOWHERE)
			continue;
		f->place[root] = v->places_n;
		v->places[v->places_n++] = (struct place_info){ .term = e->id,
			.uri = e->uri,
			.isco = e->isco,
			.type = e->type,
			.source = e->source,
			.zone = e->zone };
		v->counts.types[e->type]++;
	}
	make_notes(f, entries);
	for (uint32_t i = 0; i < f->ids_n; i++) {
		const uint32_t at = f->place[root_of(f, i)];
		if (at == TERM_NOWHERE)
			continue;
		v->ids[v->ids_n] = f->ids[i];
		v->id_place[v->ids_n++] = at;
	}
	return OK;
}

#define LABELS_MAX 256 /* of one term in one language; the rest is left out */

NODISCARD static err
make_labels(struct freeze *f)
{
	struct vocabulary *v = f->v;
	struct label_row *rows = f->b->labels.p;

	for (uint32_t i = 0; i < f->b->labels.n; i++)
		rows[i].at = vocabulary_find(v, rows[i].id);
	TRY(rows_sort(&f->b->labels, label_order, f->b->text.p));
	rows = f->b->labels.p;
	v->labels = malloc(((size_t)f->b->labels.n + 1) * sizeof(*v->labels));
	v->label_from = calloc((size_t)v->places_n + 1, sizeof(uint32_t));
	if (v->labels == NULL || v->label_from == NULL)
		return ERR_NOMEM;
	uint32_t group = 0; /* first stored label of this place and language */
	uint8_t best = 0;
	for (uint32_t i = 0; i < f->b->labels.n; i++) {
		const struct label_row *r = &rows[i];
		const bool first = i == 0 || rows[i - 1].at != r->at ||
				   rows[i - 1].language != r->language;
		if (first) {
			group = v->labels_n;
			best = r->source;
		} else if (r->source == SOURCE_RECORD && best < r->source) {
			continue;
		}
		bool twice = false;
		for (uint32_t k = group; k < v->labels_n && !twice; k++)
			twice = text_order(v->labels[k].text, r->text,
				    f->b->text.p) == 0;
		if (twice || v->labels_n - group >= LABELS_MAX)
			continue;
		v->labels[v->labels_n++] =
		    (struct stored_label){ r->at, r->language, r->text, first };
		v->label_from[r->at + 1] = v->labels_n;
	}
	for (uint32_t i = 0; i < v->places_n; i++)
		v->label_from[i + 1] =
		    MAX(v->label_from[i], v->label_from[i + 1]);
	return OK;
}

/* Links between places: ends looked up, what does not count taken out. */
NODISCARD static err
settle_links(struct freeze *f)
{
	struct link_row *rows = f->b->links.p;
	struct vocabulary *v = f->v;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->b->links.n; i++) {
		struct link_row r = rows[i];
		if (r.kind == LINK_SAME)
			continue;
		r.from_at = vocabulary_find(v, r.from);
		r.to_at = vocabulary_find(v, r.to);
		if (r.to_at == TERM_NOWHERE) {
			v->counts.dangling_n++;
			continue;
		}
		if (r.from_at == TERM_NOWHERE) {
			v->counts.loose_n++;
			continue;
		}
		if (r.from_at == r.to_at ||
		    r.source > MAX(v->places[r.from_at].source,
				   (uint8_t)SOURCE_IMPORTED))
			continue;
		rows[kept++] = r;
	}
	f->b->links.n = kept;
	TRY(rows_sort(&f->b->links, link_order, NULL));
	rows = f->b->links.p;
	uint32_t unique = 0;
	for (uint32_t i = 0; i < kept; i++) {
		if (unique > 0 && rows[unique - 1].kind == rows[i].kind &&
		    rows[unique - 1].from_at == rows[i].from_at &&
		    rows[unique - 1].to_at == rows[i].to_at)
			continue;
		rows[unique++] = rows[i];
	}
	f->b->links.n = unique;
	return OK;
}

struct pair {
	uint32_t from, to;
};

static int
pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	const int d = ORDER(x->from, y->from);

	return d != 0 ? d : ORDER(x->to, y->to);
}

/* Lists from pairs, each pair once. */
NODISCARD static err
adjacency_make(
    struct adjacency *a, uint32_t places_n, struct pair *pairs, size_t n)
{
	if (n > 0)
		qsort(pairs, n, sizeof(*pairs), pair_order);
	a->from = calloc((size_t)places_n + 1, sizeof(*a->from));
	a->to = malloc((n + 1) * sizeof(*a->to));
	if (a->from == NULL || a->to == NULL)
		return ERR_NOMEM;
	uint32_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && pair_order(&pairs[i - 1], &pairs[i]) == 0)
			continue;
		a->to[kept++] = pairs[i].to;
		a->from[pairs[i].from + 1] = kept;
	}
	for (uint32_t i = 0; i < places_n; i++)
		a->from[i + 1] = MAX(a->from[i], a->from[i + 1]);
	return OK;
}

static void
below(struct vocabulary *v, const struct link_row *r)
{
	uint32_t *depth = &v->places[r->from_at].depth;

	*depth = MAX(*depth, v->places[r->to_at].depth + 1);
}

/*
 * Depths, from the top down. When nothing is left that has all its broader
 * terms done there is a circle: of the links among the rest, those of the
 * worst source go, all of them, so that no order of entries matters.
 */
NODISCARD static err
break_circles(struct freeze *f)
{
	struct link_row *rows = f->b->links.p;
	struct vocabulary *v = f->v;
	uint32_t n = 0, left = v->places_n;

	while (n < f->b->links.n && rows[n].kind == LINK_BROADER)
		n++;
	uint32_t *waits = calloc((size_t)v->places_n + 1, sizeof(*waits));
	bool *done = calloc((size_t)v->places_n + 1, sizeof(*done));
	bool *dead = calloc((size_t)n + 1, sizeof(*dead));
	if (waits == NULL || done == NULL || dead == NULL) {
		free(waits);
		free(done);
		free(dead);
		return ERR_NOMEM;
	}
	for (uint32_t level = 0; left > 0;) {
		memset(waits, 0, v->places_n * sizeof(*waits));
		uint8_t worst = 0;
		for (uint32_t i = 0; i < n; i++) {
			if (dead[i])
				continue;
			if (done[rows[i].to_at]) {
				below(v, &rows[i]);
				continue;
			}
			waits[rows[i].from_at]++;
			worst = MAX(worst, rows[i].source);
		}
		const uint32_t before = left;
		for (uint32_t at = 0; at < v->places_n; at++) {
			if (done[at] || waits[at] > 0)
				continue;
			left--;
			done[at] = true;
		}
		const bool stuck = left == before;
		const bool deep = level + 1 >= VOCABULARY_DEPTH;
		for (uint32_t i = 0; i < n && (stuck || deep); i++) {
			if (dead[i] || done[rows[i].to_at] ||
			    (stuck && rows[i].source < worst))
				continue;
			dead[i] = true;
			v->counts.cycle_links_n++;
		}
		level += !stuck;
	}
	uint32_t kept = 0;
	for (uint32_t i = 0; i < f->b->links.n; i++) {
		if (i >= n || !dead[i])
			rows[kept++] = rows[i];
	}
	f->b->links.n = kept;
	free(waits);
	free(done);
	free(dead);
	return OK;
}

static bool
link_is(const struct link_row *r, const struct vocabulary *v,
    const struct adjacency *a)
{
	if (a == &v->broader || a == &v->narrower)
		return r->kind == LINK_BROADER;
	if (a == &v->related)
		return r->kind == LINK_RELATED;
	if (a == &v->close)
		return r->kind == LINK_CLOSE;
	return r->kind == LINK_NEEDS && r->essential == (a == &v->essential);
}

NODISCARD static err
make_adjacency(struct freeze *f, struct adjacency *a)
{
	const struct link_row *rows = f->b->links.p;
	struct vocabulary *v = f->v;
	struct pair *pairs =
	    malloc(((size_t)f->b->links.n * 2 + 1) * sizeof(*pairs));
	size_t n = 0;

	if (pairs == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < f->b->links.n; i++) {
		const struct link_row *r = &rows[i];
		if (!link_is(r, v, a))
			continue;
		if (a != &v->narrower)
			pairs[n++] = (struct pair){ r->from_at, r->to_at };
		if (a == &v->narrower || a == &v->related || a == &v->close)
			pairs[n++] = (struct pair){ r->to_at, r->from_at };
	}
	const err e = adjacency_make(a, v->places_n, pairs, n);
	free(pairs);
	return e;
}

/* Levels and weights, in the order of the lists: rows are in it already. */
NODISCARD static err
make_needs(struct freeze *f, bool essential)
{
	const struct link_row *rows = f->b->links.p;
	struct vocabulary *v = f->v;
	struct adjacency *a = essential ? &v->essential : &v->optional;
	uint32_t n = 0;

	TRY(make_adjacency(f, a));
	struct need_info *info =
	    malloc(((size_t)a->from[v->places_n] + 1) * sizeof(*info));
	if (info == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < f->b->links.n; i++)
		if (link_is(&rows[i], v, a))
			info[n++] =
			    (struct need_info){ rows[i].level, rows[i].weight };
	ASSERT(n == a->from[v->places_n]); /* each pair once: settle_links() */
	if (essential)
		v->essential_info = info;
	else
		v->optional_info = info;
	return OK;
}

/* ---- rarity ---- */

/*
 * What a skill itself asks for, and what is merely close, tells nothing about
 * how many people hold a term.
 */
static bool
tells_use(const struct vocabulary *v, const struct link_row *r)
{
	if (r->source == SOURCE_RECORD || r->kind == LINK_CLOSE)
		return false;
	return r->kind != LINK_NEEDS ||
	       v->places[r->from_at].type == TERM_OCCUPATION;
}

#define REFERENCES_MAX (1U << 30)

NODISCARD static err
make_rarity(struct freeze *f)
{
	const struct link_row *rows = f->b->links.p;
	struct vocabulary *v = f->v;
	uint32_t deepest = 0;

	f->own = calloc((size_t)v->places_n + 1, sizeof(*f->own));
	v->rarity_sixteenths = malloc((size_t)v->places_n + 1);
	if (f->own == NULL || v->rarity_sixteenths == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < f->b->links.n; i++) {
		if (tells_use(v, &rows[i]))
			f->own[rows[i].to_at]++;
	}
	for (uint32_t at = 0; at < v->places_n; at++)
		deepest = MAX(deepest, v->places[at].depth);
	/* what refers to a term refers to those above it */
	for (uint32_t depth = deepest; depth > 0; depth--) {
		for (uint32_t i = 0; i < f->b->links.n; i++) {
			if (rows[i].kind != LINK_BROADER ||
			    rows[i].source == SOURCE_RECORD ||
			    v->places[rows[i].from_at].depth != depth)
				continue;
			uint32_t *up = &f->own[rows[i].to_at];
			*up =
			    MIN(*up + f->own[rows[i].from_at], REFERENCES_MAX);
		}
	}
	const uint32_t total =
	    MAX(v->counts.types[TERM_OCCUPATION], v->places_n / 4) + 1;
	const uint32_t all = log2_sixteenths(total);
	for (uint32_t at = 0; at < v->places_n; at++) {
		const uint32_t some = log2_sixteenths((uint64_t)f->own[at] + 1);
		const uint32_t ic = all > some ? all - some : 0;
		v->rarity_sixteenths[at] =
		    (uint8_t)MIN(MAX(ic, (uint32_t)RARITY_MIN), 255U);
	}
	v->rarity.sixteenths = v->rarity_sixteenths;
	v->rarity.n = v->places_n;
	return OK;
}

/* ---- the hash ---- */

static void
put_number(struct buf *b, uint64_t u, size_t bytes)
{
	ASSERT(b->cap - b->n >= bytes); /* hash_bytes() counted */
	for (size_t i = bytes; i > 0; i--)
		b->p[b->n++] = (uint8_t)(u >> (8 * (i - 1)));
}

static void
put_text(struct buf *b, struct slice s)
{
	put_number(b, s.n, 4);
	ASSERT(b->cap - b->n >= s.n);
	if (s.n > 0)
		memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
}

static void
put_list(struct buf *b, struct term_list l)
{
	put_number(b, l.n, 4);
	for (uint32_t i = 0; i < l.n; i++)
		put_number(b, l.at[i], 4);
}

static void
put_needs(
    struct buf *b, const struct vocabulary *v, uint32_t at, bool essential)
{
	const struct term_list l = vocabulary_needs(v, at, essential);

	put_number(b, l.n, 4);
	for (uint32_t i = 0; i < l.n; i++) {
		const struct term_need n = vocabulary_need(v, at, essential, i);
		put_number(b, l.at[i], 4);
		put_number(b, n.level, 1);
		put_number(b, n.weight, 1);
	}
}

/*
 * What is hashed, all numbers big-endian: count of places; per place: term,
 * type, source, isco, zone, uri, labels (language, text), the lists of
 * broader, related, close, essential and optional places (the last two with
 * level and weight); then every id with its place.
 */
static void
put_snapshot(struct buf *b, const struct vocabulary *v)
{
	put_number(b, v->places_n, 4);
	for (uint32_t at = 0; at < v->places_n; at++) {
		const struct place_info *p = &v->places[at];
		put_number(b, p->term, 8);
		put_number(b, p->type, 1);
		put_number(b, p->source, 1);
		put_number(b, p->isco, 4);
		put_number(b, p->zone, 1);
		put_text(b, vocabulary_uri(v, at));
		const uint32_t from = v->label_from[at];
		const uint32_t to = v->label_from[at + 1];
		put_number(b, to - from, 4);
		for (uint32_t i = from; i < to; i++) {
			put_number(b, v->labels[i].language, 4);
			put_text(b, vocabulary_label_at(v, i).text);
		}
		put_list(b, vocabulary_broader(v, at));
		put_list(b, vocabulary_related(v, at));
		put_list(b, vocabulary_close(v, at));
		put_needs(b, v, at, true);
		put_needs(b, v, at, false);
	}
	for (uint32_t i = 0; i < v->ids_n; i++) {
		put_number(b, v->ids[i], 8);
		put_number(b, v->id_place[i], 4);
	}
}

NODISCARD static err
make_hashes(struct freeze *f)
{
	struct vocabulary *v = f->v;
	size_t cap = 64 + (size_t)v->places_n * 43 + (size_t)v->labels_n * 8 +
		     (size_t)f->b->links.n * 12 + (size_t)v->ids_n * 12;

	for (uint32_t at = 0; at < v->places_n; at++)
		cap += v->places[at].uri.n;
	for (uint32_t i = 0; i < v->labels_n; i++)
		cap += v->labels[i].text.n;
	struct buf b = { malloc(cap), 0, cap };
	if (b.p == NULL)
		return ERR_NOMEM;
	put_snapshot(&b, v);
	fingerprint(v->hash, "ohcn vocabulary2", buf_slice(&b));
	b.n = 0;
	put_text(&b, slice_of(v->hash, sizeof(v->hash)));
	put_text(&b, slice_of(v->rarity_sixteenths, v->places_n));
	fingerprint(v->rarity.hash, "ohcn rarity 1", buf_slice(&b));
	free(b.p);
	return OK;
}

NODISCARD static err
freeze(struct freeze *f)
{
	struct vocabulary *v = f->v;

	v->counts = f->b->counts;
	TRY(vocabulary_make_parts(f->b, v));
	TRY(collect_ids(f));
	TRY(join_same(f));
	TRY(make_places(f));
	TRY(make_labels(f));
	TRY(settle_links(f));
	TRY(break_circles(f));
	TRY(make_adjacency(f, &v->broader));
	TRY(make_adjacency(f, &v->narrower));
	TRY(make_adjacency(f, &v->related));
	TRY(make_adjacency(f, &v->close));
	TRY(make_needs(f, true));
	TRY(make_needs(f, false));
	TRY(make_rarity(f));
	v->text = f->b->text.p;
	f->b->text.p = NULL;
	return make_hashes(f);
}

err
vocabulary_builder_finish(struct vocabulary_builder *b, struct vocabulary **out)
{
	struct freeze f = { .b = b };
	err e = ERR_NOMEM;

	*out = NULL;
	f.v = calloc(1, sizeof(*f.v));
	if (f.v != NULL)
		e = freeze(&f);
	if (e == OK)
		*out = f.v;
	else
		vocabulary_free(f.v);
	free(f.ids);
	free(f.parent);
	free(f.best);
	free(f.place);
	free(f.described);
	free(f.own);
	vocabulary_builder_free(b);
	return e;
}
