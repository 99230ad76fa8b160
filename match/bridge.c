#include "match/bridge.h"

#include <stdlib.h>

#include "match/bag.h"

#define CANDIDATES 120
#define SCALE      10000U /* of a comparison: its best */
#define UNIT       1000000U

/* What is compared, its weight in hundredths, and with what it is asked. */
enum part {
	PART_LABEL,  /* preferred label to all titles */
	PART_TITLES, /* all labels to all titles */
	PART_ABOVE,  /* labels of the groups above to all titles */
	PART_TEXT,   /* labels and description to title and description */
	PART_ALL,    /* the same to titles and description */
	PART_WORK,   /* needs, description to optional needs, description */
	PART_TOOLS,  /* needs to all needs */
	PART_EXACT,  /* the same words as one whole title */
	PARTS,
};
static const uint32_t weights[PARTS] = { 30, 100, 30, 48, 64, 20, 30, 80 };

/* How much those of the same group are heard, in hundredths. */
#define GROUP4_WEIGHT 100
#define GROUP3_WEIGHT 30

enum field { FIELD_TITLES, FIELD_TEXT, FIELD_ALL, FIELD_WORK, FIELD_TOOLS };
#define FIELDS 5
static const enum field field_of[PARTS] = { FIELD_TITLES, FIELD_TITLES,
	FIELD_TITLES, FIELD_TEXT, FIELD_ALL, FIELD_WORK, FIELD_TOOLS,
	FIELD_TITLES };

struct title {
	uint64_t hash;
	uint32_t doc;
};

struct candidate {
	uint32_t doc;
	uint32_t score; /* UNIT: the best one's */
};

struct source {
	uint32_t at, isco, n;
	struct candidate list[CANDIDATES];
};

struct bridge {
	struct source *sources; /* by place */
	uint32_t sources_n;
	uint32_t *docs; /* places of the other side */
	uint32_t docs_n;
};

/* While it is made. */
struct making {
	const struct vocabulary *v;
	struct slice title, text; /* of the question TERM_NOWHERE */
	struct bridge *b;
	uint32_t *doc_of;     /* of each place, or TERM_NOWHERE */
	uint32_t *label_from; /* first label of each place, one more */
	struct stems *stems;
	struct bag_field *fields[FIELDS];
	struct title *titles; /* by hash, then doc */
	uint32_t titles_n;
	uint64_t *scores; /* of one comparison, by doc */
	uint64_t *sums;
};

void
bridge_free(struct bridge *b)
{
	if (b == NULL)
		return;
	free(b->sources);
	free(b->docs);
	free(b);
}

static bool
is_on_side(const struct vocabulary *v, uint32_t at, struct slice prefix)
{
	const struct slice uri = vocabulary_uri(v, at);

	return vocabulary_type(v, at) == TERM_OCCUPATION && uri.n >= prefix.n &&
	       memcmp(uri.p, prefix.p, prefix.n) == 0;
}

/* Labels of one place in English: all, or the preferred one. */
NODISCARD static err
put_labels(struct making *m, struct bag *b, uint32_t at, bool all,
    uint32_t weight, bool add)
{
	for (uint32_t i = m->label_from[at]; i < m->label_from[at + 1]; i++) {
		const struct vocabulary_label l = vocabulary_label_at(m->v, i);
		if (l.language == VOCABULARY_ENGLISH && (all || l.preferred))
			TRY(bag_text(
			    b, m->stems, l.text, l.language, weight, add));
	}
	return OK;
}

NODISCARD static err
put_needs(struct making *m, struct bag *b, uint32_t at, bool essential,
    uint32_t weight, bool add)
{
	const struct term_list l = vocabulary_needs(m->v, at, essential);

	for (uint32_t i = 0; i < l.n; i++)
		TRY(put_labels(m, b, l.at[i], false, weight, add));
	return OK;
}

NODISCARD static err
put_description(
    struct making *m, struct bag *b, uint32_t at, uint32_t weight, bool add)
{
	return bag_text(b, m->stems, vocabulary_description(m->v, at),
	    VOCABULARY_ENGLISH, weight, add);
}

/* Weights are doubled: optional needs count half in a question. */
NODISCARD static err
put_field(struct making *m, struct bag *b, uint32_t at, enum field f)
{
	switch (f) {
	case FIELD_TITLES:
		return put_labels(m, b, at, true, 1, true);
	case FIELD_TEXT:
		TRY(put_labels(m, b, at, false, 2, true));
		return put_description(m, b, at, 1, true);
	case FIELD_ALL:
		TRY(put_labels(m, b, at, true, 1, true));
		return put_description(m, b, at, 1, true);
	case FIELD_WORK:
		TRY(put_needs(m, b, at, false, 1, true));
		return put_description(m, b, at, 1, true);
	case FIELD_TOOLS:
		TRY(put_needs(m, b, at, true, 1, true));
		return put_needs(m, b, at, false, 1, true);
	}
	return OK;
}

/* The question that is somebody's words: a title, and what is said of it. */
NODISCARD static err
put_words(struct making *m, struct bag *b, enum part part)
{
	if (part != PART_ABOVE && part != PART_WORK && part != PART_TOOLS)
		TRY(bag_text(
		    b, m->stems, m->title, VOCABULARY_ENGLISH, 2, false));
	if (part == PART_TEXT || part == PART_ALL || part == PART_WORK)
		TRY(bag_text(
		    b, m->stems, m->text, VOCABULARY_ENGLISH, 2, false));
	return OK;
}

NODISCARD static err
put_question(struct making *m, struct bag *b, uint32_t at, enum part part)
{
	if (at == TERM_NOWHERE)
		return put_words(m, b, part);
	const struct term_list above = vocabulary_broader(m->v, at);

	switch (part) {
	case PART_LABEL:
		return put_labels(m, b, at, false, 2, false);
	case PART_TITLES:
		return put_labels(m, b, at, true, 2, false);
	case PART_ABOVE:
		for (uint32_t i = 0; i < above.n; i++)
			TRY(put_labels(m, b, above.at[i], false, 2, false));
		return OK;
	case PART_TEXT:
	case PART_ALL:
		TRY(put_labels(m, b, at, true, 2, false));
		return put_description(m, b, at, 2, false);
	case PART_WORK:
		TRY(put_needs(m, b, at, true, 2, false));
		return put_description(m, b, at, 2, false);
	case PART_TOOLS:
		TRY(put_needs(m, b, at, true, 2, false));
		return put_needs(m, b, at, false, 1, false);
	case PART_EXACT:
	case PARTS:
		break;
	}
	return OK;
}

NODISCARD static err
make_field(struct making *m, enum field f)
{
	const uint32_t n = m->b->docs_n;
	struct bag *bags = calloc((size_t)n + 1, sizeof(*bags));
	err e = bags == NULL ? ERR_NOMEM : OK;

	for (uint32_t i = 0; i < n && e == OK; i++) {
		e = put_field(m, &bags[i], m->b->docs[i], f);
		bag_settle(&bags[i]);
	}
	if (e == OK)
		e = bag_field_new(
		    bags, n, stems_count(m->stems), &m->fields[f]);
	for (uint32_t i = 0; bags != NULL && i < n; i++)
		bag_free(&bags[i]);
	free(bags);
	return e;
}

/* ---- whole titles ---- */

static int
title_order(const void *a, const void *b)
{
	const struct title *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->doc < y->doc ? -1 : x->doc > y->doc;
}

/* The set of words of one label; 0: there are none. */
NODISCARD static err
title_hash(struct making *m, struct slice text, uint64_t *out)
{
	struct bag b = { 0 };

	const err e = bag_text(&b, m->stems, text, VOCABULARY_ENGLISH, 1, true);
	bag_settle(&b);
	*out = b.n > 0 ? bag_hash(&b) : 0;
	bag_free(&b);
	return e;
}

NODISCARD static err
make_titles(struct making *m)
{
	uint32_t kept = 0;

	m->titles =
	    malloc(((size_t)vocabulary_labels(m->v) + 1) * sizeof(*m->titles));
	if (m->titles == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < m->b->docs_n; i++) {
		const uint32_t at = m->b->docs[i];
		for (uint32_t k = m->label_from[at]; k < m->label_from[at + 1];
		     k++) {
			const struct vocabulary_label l =
			    vocabulary_label_at(m->v, k);
			struct title *t = &m->titles[m->titles_n];
			if (l.language != VOCABULARY_ENGLISH)
				continue;
			TRY(title_hash(m, l.text, &t->hash));
			t->doc = i;
			m->titles_n += t->hash != 0;
		}
	}
	qsort(m->titles, m->titles_n, sizeof(*m->titles), title_order);
	for (uint32_t i = 0; i < m->titles_n; i++)
		if (kept == 0 ||
		    title_order(&m->titles[kept - 1], &m->titles[i]) != 0)
			m->titles[kept++] = m->titles[i];
	m->titles_n = kept;
	return OK;
}

static uint32_t
root_of(uint32_t n)
{
	uint32_t r = 0;

	while ((r + 1) * (r + 1) <= n)
		r++;
	return r;
}

/* The more docs have a title, the less it says. */
NODISCARD static err
score_title(struct making *m, struct slice text, uint32_t weight)
{
	struct title want = { 0, 0 };
	uint32_t lo = 0, hi = m->titles_n, n = 0;

	TRY(title_hash(m, text, &want.hash));
	while (want.hash != 0 && lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		if (m->titles[mid].hash < want.hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (want.hash != 0 && lo + n < m->titles_n &&
	       m->titles[lo + n].hash == want.hash)
		n++;
	for (uint32_t i = 0; i < n; i++)
		m->scores[m->titles[lo + i].doc] += weight * root_of(UNIT / n);
	return OK;
}

NODISCARD static err
score_exact(struct making *m, uint32_t at)
{
	if (at == TERM_NOWHERE)
		return score_title(m, m->title, 10);
	for (uint32_t k = m->label_from[at]; k < m->label_from[at + 1]; k++) {
		const struct vocabulary_label l = vocabulary_label_at(m->v, k);
		if (l.language == VOCABULARY_ENGLISH)
			TRY(score_title(m, l.text, l.preferred ? 10 : 3));
	}
	return OK;
}

/* ---- one occupation ---- */

NODISCARD static err
add_part(struct making *m, uint32_t at, enum part part)
{
	const uint32_t n = m->b->docs_n;
	uint64_t most = 0;
	struct bag question = { 0 };
	err e = OK;

	memset(m->scores, 0, n * sizeof(*m->scores));
	if (part == PART_EXACT) {
		e = score_exact(m, at);
	} else {
		e = put_question(m, &question, at, part);
		bag_settle(&question);
		bag_field_score(
		    m->fields[field_of[part]], &question, m->scores);
		bag_free(&question);
	}
	for (uint32_t i = 0; i < n; i++)
		most = MAX(most, m->scores[i]);
	for (uint32_t i = 0; i < n && most > 0; i++)
		m->sums[i] += m->scores[i] * SCALE / most * weights[part];
	return e;
}

/* The best docs by sum, then number. */
static void
keep_best(struct making *m, struct source *s)
{
	uint64_t most = 0;

	s->n = 0;
	for (uint32_t i = 0; i < m->b->docs_n; i++)
		most = MAX(most, m->sums[i]);
	for (uint32_t i = 0; i < m->b->docs_n && most > 0; i++) {
		const uint32_t score = (uint32_t)(m->sums[i] * UNIT / most);
		uint32_t at = s->n;
		if (score == 0 ||
		    (s->n == CANDIDATES && score <= s->list[s->n - 1].score))
			continue;
		s->n += s->n < CANDIDATES;
		at = MIN(at, s->n - 1);
		while (at > 0 && score > s->list[at - 1].score) {
			s->list[at] = s->list[at - 1];
			at--;
		}
		s->list[at] = (struct candidate){ i, score };
	}
}

NODISCARD static err
make_source(struct making *m, uint32_t at, struct source *s)
{
	s->at = at;
	s->isco = at == TERM_NOWHERE ? 0 : vocabulary_isco(m->v, at);
	memset(m->sums, 0, m->b->docs_n * sizeof(*m->sums));
	for (int part = 0; part < PARTS; part++)
		TRY(add_part(m, at, (enum part)part));
	keep_best(m, s);
	return OK;
}

/* ---- relatives ---- */

/* What one occupation says about its candidates: shares of UNIT, sharpened. */
static void
shares_of(const struct source *s, uint64_t shares[CANDIDATES])
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		const uint64_t r = s->list[i].score / (UNIT / 1000);
		shares[i] = r * r * r * r * r;
		sum += shares[i];
	}
	for (uint32_t i = 0; i < s->n && sum > 0; i++)
		shares[i] = shares[i] / 1000 * UNIT / (sum / 1000 + 1);
}

struct hearing {
	const struct bridge *b;
	const uint64_t (*shares)[CANDIDATES]; /* of every source, as it was */
	uint64_t *group;                      /* by doc */
	uint64_t *own;
};

/* One occupation hears ${others} of its group: the mean of their shares. */
static void
hear(struct hearing *h, struct source *s, const uint64_t *before,
    const struct source *was, uint32_t others, uint32_t weight,
    struct candidate *scratch)
{
	uint32_t n = 0;
	uint64_t most = 1;

	memset(h->own, 0, h->b->docs_n * sizeof(*h->own));
	for (uint32_t i = 0; i < s->n; i++)
		h->own[s->list[i].doc] = s->list[i].score;
	for (uint32_t d = 0; d < h->b->docs_n; d++) {
		uint64_t heard = h->group[d];
		for (uint32_t i = 0; heard > 0 && i < was->n; i++)
			if (was->list[i].doc == d)
				heard -= MIN(heard, before[i]);
		const uint64_t score =
		    h->own[d] + heard * weight / 100 / (others + 1);
		if (score > 0)
			scratch[n++] = (struct candidate){ d, (uint32_t)score };
		most = MAX(most, score);
	}
	s->n = 0;
	for (uint32_t k = 0; k < n; k++) {
		const uint32_t score =
		    (uint32_t)((uint64_t)scratch[k].score * UNIT / most);
		uint32_t at = s->n;
		if (score == 0 ||
		    (s->n == CANDIDATES && score <= s->list[s->n - 1].score))
			continue;
		s->n += s->n < CANDIDATES;
		at = MIN(at, s->n - 1);
		while (at > 0 && score > s->list[at - 1].score) {
			s->list[at] = s->list[at - 1];
			at--;
		}
		s->list[at] = (struct candidate){ scratch[k].doc, score };
	}
}

static int
isco_order(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->isco != y->isco)
		return x->isco < y->isco ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int
place_order(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* All groups of ISCO codes that are equal when divided by ${divisor}. */
static void
hear_groups(struct hearing *h, const struct source *was, uint32_t divisor,
    uint32_t weight, struct candidate *scratch)
{
	struct source *list = h->b->sources;

	for (uint32_t from = 0, to; from < h->b->sources_n; from = to) {
		const uint32_t isco = list[from].isco / divisor;
		memset(h->group, 0, h->b->docs_n * sizeof(*h->group));
		for (to = from;
		     to < h->b->sources_n && list[to].isco / divisor == isco;
		     to++)
			for (uint32_t i = 0; i < was[to].n; i++)
				h->group[was[to].list[i].doc] +=
				    h->shares[to][i];
		for (uint32_t k = from; k < to && to - from > 1 && isco != 0;
		     k++)
			hear(h, &list[k], h->shares[k], &was[k], to - from - 1,
			    weight, scratch);
	}
}

NODISCARD static err
hear_relatives(struct bridge *b)
{
	const size_t n = b->sources_n;
	struct source *was = malloc((n + 1) * sizeof(*was));
	uint64_t(*shares)[CANDIDATES] = malloc((n + 1) * sizeof(*shares));
	struct candidate *scratch =
	    malloc(((size_t)b->docs_n + 1) * sizeof(*scratch));
	struct hearing h = { .b = b,
		.group = malloc(((size_t)b->docs_n + 1) * sizeof(uint64_t)),
		.own = malloc(((size_t)b->docs_n + 1) * sizeof(uint64_t)) };
	err e = ERR_NOMEM;

	if (was != NULL && shares != NULL && scratch != NULL &&
	    h.group != NULL && h.own != NULL) {
		qsort(b->sources, n, sizeof(*b->sources), isco_order);
		memcpy(was, b->sources, n * sizeof(*was));
		for (size_t i = 0; i < n; i++)
			shares_of(&was[i], shares[i]);
		h.shares = (const uint64_t(*)[CANDIDATES])shares;
		hear_groups(&h, was, 1, GROUP4_WEIGHT, scratch);
		hear_groups(&h, was, 10, GROUP3_WEIGHT, scratch);
		qsort(b->sources, n, sizeof(*b->sources), place_order);
		e = OK;
	}
	free(was);
	free(shares);
	free(scratch);
	free(h.group);
	free(h.own);
	return e;
}

/* ---- all of it ---- */

NODISCARD static err
making_init(struct making *m, const struct bridge_options *o)
{
	const uint32_t n = vocabulary_size(m->v);
	uint32_t sources = o->title.n > 0;

	m->doc_of = malloc(((size_t)n + 1) * sizeof(*m->doc_of));
	m->label_from = calloc((size_t)n + 1, sizeof(*m->label_from));
	m->b->docs = malloc(((size_t)n + 1) * sizeof(*m->b->docs));
	m->stems = stems_new();
	if (m->doc_of == NULL || m->label_from == NULL || m->b->docs == NULL ||
	    m->stems == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < vocabulary_labels(m->v); i++)
		m->label_from[vocabulary_label_at(m->v, i).at + 1] = i + 1;
	for (uint32_t at = 0; at < n; at++) {
		m->label_from[at + 1] =
		    MAX(m->label_from[at], m->label_from[at + 1]);
		if (is_on_side(m->v, at, o->to))
			m->b->docs[m->b->docs_n++] = at;
		sources += o->title.n == 0 && is_on_side(m->v, at, o->from);
	}
	if (m->b->docs_n == 0 || sources == 0)
		return ERR_NOTFOUND;
	m->scores = malloc(m->b->docs_n * sizeof(*m->scores));
	m->sums = malloc(m->b->docs_n * sizeof(*m->sums));
	m->b->sources = malloc(sources * sizeof(*m->b->sources));
	return m->scores == NULL || m->sums == NULL || m->b->sources == NULL
		   ? ERR_NOMEM
		   : OK;
}

NODISCARD static err
make(struct making *m, const struct bridge_options *o)
{
	TRY(making_init(m, o));
	for (int f = 0; f < FIELDS; f++)
		TRY(make_field(m, (enum field)f));
	TRY(make_titles(m));
	if (o->title.n > 0) {
		m->title = o->title;
		m->text = o->text;
		return make_source(
		    m, TERM_NOWHERE, &m->b->sources[m->b->sources_n++]);
	}
	for (uint32_t at = 0; at < vocabulary_size(m->v); at++)
		if (is_on_side(m->v, at, o->from))
			TRY(make_source(
			    m, at, &m->b->sources[m->b->sources_n++]));
	return o->alone ? OK : hear_relatives(m->b);
}

err
bridge_new(const struct vocabulary *v, const struct bridge_options *o,
    struct bridge **out)
{
	struct making m = { .v = v, .b = calloc(1, sizeof(struct bridge)) };
	err e = ERR_NOMEM;

	*out = NULL;
	if (m.b != NULL)
		e = make(&m, o);
	for (int f = 0; f < FIELDS; f++)
		bag_field_free(m.fields[f]);
	stems_free(m.stems);
	free(m.doc_of);
	free(m.label_from);
	free(m.titles);
	free(m.scores);
	free(m.sums);
	if (e != OK)
		bridge_free(m.b);
	else
		*out = m.b;
	return e;
}

static uint64_t
fifth(uint64_t r)
{
	return r * r * r * r * r;
}

size_t
bridge_find(
    const struct bridge *b, uint32_t at, struct bridge_hit *hits, size_t max)
{
	uint32_t lo = 0, hi = b->sources_n;
	uint64_t all = 0;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		if (b->sources[mid].at < at)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == b->sources_n || b->sources[lo].at != at)
		return 0;
	const struct source *s = &b->sources[lo];
	const size_t n = MIN((size_t)s->n, max);
	for (uint32_t i = 0; i < s->n; i++)
		all += fifth(s->list[i].score / 1000);
	for (size_t i = 0; i < n; i++)
		hits[i] = (struct bridge_hit){ b->docs[s->list[i].doc],
			s->list[i].score,
			(uint16_t)(fifth(s->list[i].score / 1000) /
				   (all / 1000 + 1)) };
	return n;
}
