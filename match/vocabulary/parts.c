/* What a vocabulary is made of: see vocabulary_parts() in vocabulary.h. */
#include <stdio.h>
#include <stdlib.h>

#include "match/vocabulary/internal.h"
#include "match/vocabulary/vocabulary.h"
#include "proto/record/fingerprint.h"

/* One row that was added: which part, and its hash, cut to 128 bits. */
struct mark {
	uint32_t language; /* of a label */
	uint8_t origin, aspect;
	uint64_t high, low;
};

enum aspect {
	ASPECT_TERMS,
	ASPECT_LABELS,
	ASPECT_NOTES,
	ASPECT_LINKS, /* + enum link_kind */
};

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int
mark_order(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	int d = ORDER(x->origin, y->origin);

	if (d == 0)
		d = ORDER(x->aspect, y->aspect);
	if (d == 0)
		d = ORDER(x->language, y->language);
	if (d == 0)
		d = ORDER(x->high, y->high);
	return d != 0 ? d : ORDER(x->low, y->low);
}

static bool
same_part(const struct mark *a, const struct mark *b)
{
	return a->origin == b->origin && a->aspect == b->aspect &&
	       a->language == b->language;
}

struct row_bytes {
	uint8_t space[64 + TERM_NOTE_MAX + TERM_URI_MAX];
	size_t n;
};

static void
put(struct row_bytes *r, uint64_t u)
{
	put_u64be(r->space + r->n, u);
	r->n += 8;
}

static void
put_ref(struct row_bytes *r, const uint8_t *text, struct text_ref ref)
{
	if (ref.n > 0)
		memcpy(r->space + r->n, text + ref.at, ref.n);
	r->n += ref.n;
}

static void
mark_set(struct mark *m, const struct row_bytes *r)
{
	uint8_t hash[FINGERPRINT];

	fingerprint(hash, "ohcn voc row 1", slice_of(r->space, r->n));
	m->high = get_u64be(hash);
	m->low = get_u64be(hash + 8);
}

static size_t
mark_entries(const struct vocabulary_builder *b, struct mark *out)
{
	const struct entry_row *rows = b->entries.p;
	const uint8_t *text = b->text.p;
	size_t n = 0;

	for (uint32_t i = 0; i < b->entries.n; i++) {
		const struct entry_row *e = &rows[i];
		struct row_bytes r = { .n = 0 };
		put(&r, e->type);
		put(&r, e->isco);
		put(&r, e->zone);
		put_ref(&r, text, e->uri);
		out[n] = (struct mark){ .origin = e->origin,
			.aspect = ASPECT_TERMS };
		mark_set(&out[n++], &r);
		if (e->note.n == 0)
			continue;
		r.n = 0;
		put(&r, e->id);
		put_ref(&r, text, e->note);
		out[n] = (struct mark){ .origin = e->origin,
			.aspect = ASPECT_NOTES };
		mark_set(&out[n++], &r);
	}
	return n;
}

static size_t
mark_labels(const struct vocabulary_builder *b, struct mark *out)
{
	const struct label_row *rows = b->labels.p;

	for (uint32_t i = 0; i < b->labels.n; i++) {
		const struct label_row *l = &rows[i];
		struct row_bytes r = { .n = 0 };
		put(&r, l->id);
		put(&r, l->preferred);
		put_ref(&r, b->text.p, l->text);
		out[i] = (struct mark){ .origin = l->origin,
			.aspect = ASPECT_LABELS,
			.language = l->language };
		mark_set(&out[i], &r);
	}
	return b->labels.n;
}

static size_t
mark_links(const struct vocabulary_builder *b, struct mark *out)
{
	const struct link_row *rows = b->links.p;

	for (uint32_t i = 0; i < b->links.n; i++) {
		const struct link_row *l = &rows[i];
		struct row_bytes r = { .n = 0 };
		put(&r, l->from);
		put(&r, l->to);
		put(&r, l->essential);
		put(&r, l->level);
		put(&r, l->weight);
		out[i] = (struct mark){ .origin = l->origin,
			.aspect = (uint8_t)(ASPECT_LINKS + l->kind) };
		mark_set(&out[i], &r);
	}
	return b->links.n;
}

static void
name_part(struct vocabulary_part *p, const struct vocabulary_builder *b,
    const struct mark *m)
{
	static const char *const aspects[ASPECT_LINKS + LINK_KINDS] = { "terms",
		"labels", "descriptions", "broader", "related", "needs", "same",
		"close" };
	char language[5] = " ";

	if (m->aspect != ASPECT_LABELS ||
	    !language_put(language + 1, m->language))
		language[0] = 0;
	(void)snprintf(p->name, sizeof(p->name), "%s %s%s",
	    b->origins[m->origin], aspects[m->aspect], language);
}

static int
part_order(const void *a, const void *b)
{
	const struct vocabulary_part *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/*
 * The hash of a part is over its different marks in ascending order. More
 * parts than there is room for (languages that records invent) are one, the
 * last of its origin.
 */
static err
sum_up(struct mark *marks, size_t n, const struct vocabulary_builder *b,
    struct vocabulary *v)
{
	uint8_t *bytes = malloc(n * 16 + 1);

	if (bytes == NULL)
		return ERR_NOMEM;
	for (size_t from = 0, to; from < n; from = to) {
		struct vocabulary_part *p = &v->parts[v->parts_n];
		size_t used = 0;
		const bool last = v->parts_n + 1 == VOCABULARY_PARTS_MAX;
		for (to = from;
		     to < n && (last || same_part(&marks[from], &marks[to]));
		     to++) {
			if (to > from &&
			    mark_order(&marks[to - 1], &marks[to]) == 0)
				continue;
			put_u64be(bytes + used, marks[to].high);
			put_u64be(bytes + used + 8, marks[to].low);
			used += 16;
		}
		name_part(p, b, &marks[from]);
		p->n = (uint32_t)(used / 16);
		fingerprint(p->hash, "ohcn voc part 1", slice_of(bytes, used));
		v->parts_n++;
	}
	free(bytes);
	qsort(v->parts, v->parts_n, sizeof(*v->parts), part_order);
	return OK;
}

err
vocabulary_make_parts(const struct vocabulary_builder *b, struct vocabulary *v)
{
	const size_t most = 2 * (size_t)b->entries.n + b->labels.n + b->links.n;
	struct mark *marks = malloc((most + 1) * sizeof(*marks));
	size_t n;
	err e = ERR_NOMEM;

	v->parts = calloc(VOCABULARY_PARTS_MAX, sizeof(*v->parts));
	if (marks != NULL && v->parts != NULL) {
		n = mark_entries(b, marks);
		n += mark_labels(b, marks + n);
		n += mark_links(b, marks + n);
		qsort(marks, n, sizeof(*marks), mark_order);
		e = sum_up(marks, n, b, v);
	}
	free(marks);
	return e;
}
