#include "match/search.h"

#include <stdlib.h>

#include "match/normal.h"

#define WORD_MAX       48 /* bytes of a query's word that are compared */
#define TEXT_WORDS     8  /* words of a label that a text is searched for */
#define ENDING_MAX     2  /* letters that the end of a word may differ by */
#define STEM_MIN       4  /* letters that must stay */
#define STEM_RANGE_MAX 256
#define TYPOS_MAX      2

/* A piece of normal text and the label it belongs to. */
struct piece {
	const uint8_t *p;
	uint32_t label;
	uint16_t n;
};

struct known_word {
	const uint8_t *p;
	uint32_t
	    from; /* its labels: posting[from] .. of the next word's from */
	uint32_t letters; /* a bit for each of a-z that is in it */
	uint16_t n;
};

struct search_index {
	const struct vocabulary *v;
	uint8_t *text;
	struct piece *labels; /* normal forms, by label */
	uint32_t *sorted;     /* labels by normal form, then number */
	struct piece *tokens; /* while building; afterwards the postings */
	uint32_t tokens_n;
	struct known_word *words; /* ascending; one more to end the last */
	uint32_t words_n;
	uint32_t labels_n;
};

/* ---- building ---- */

static int
bytes_order(const uint8_t *a, size_t an, const uint8_t *b, size_t bn)
{
	return slice_cmp(slice_of(a, an), slice_of(b, bn));
}

static int
piece_order(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;
	const int d = bytes_order(x->p, x->n, y->p, y->n);

	return d != 0 ? d : (x->label > y->label) - (x->label < y->label);
}

static uint32_t
letters_of(const uint8_t *p, size_t n)
{
	uint32_t letters = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] >= 'a' && p[i] <= 'z')
			letters |= 1U << (p[i] - 'a');
	}
	return letters;
}

/* The normal form of every label into ${s}->text; counts the words. */
NODISCARD static err
normalise_labels(struct search_index *s)
{
	size_t bytes = 1;

	for (uint32_t i = 0; i < s->labels_n; i++)
		bytes += vocabulary_label_at(s->v, i).text.n;
	struct buf b = { malloc(bytes), 0, bytes };
	if (b.p == NULL)
		return ERR_NOMEM;
	s->text = b.p;
	for (uint32_t i = 0; i < s->labels_n; i++) {
		const size_t from = b.n;
		/* a normal form is never longer than its label */
		normal_put(vocabulary_label_at(s->v, i).text, &b);
		s->labels[i] =
		    (struct piece){ b.p + from, i, (uint16_t)(b.n - from) };
		for (size_t k = from; k < b.n; k++)
			s->tokens_n += b.p[k] == ' ';
		s->tokens_n += b.n > from;
	}
	return OK;
}

/* Take the first word off the front. */
static struct slice
first_word(struct slice *s)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != ' ')
		n++;
	const struct slice word = { s->p, n };
	slice_skip(s, n < s->n ? n + 1 : n);
	return word;
}

NODISCARD static err
index_words(struct search_index *s)
{
	uint32_t n = 0;

	s->tokens = malloc(((size_t)s->tokens_n + 1) * sizeof(*s->tokens));
	s->words = malloc(((size_t)s->tokens_n + 1) * sizeof(*s->words));
	if (s->tokens == NULL || s->words == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < s->labels_n; i++) {
		struct slice rest = { s->labels[i].p, s->labels[i].n };
		while (rest.n > 0) {
			const struct slice w = first_word(&rest);
			s->tokens[n++] =
			    (struct piece){ w.p, i, (uint16_t)w.n };
		}
	}
	ASSERT(n == s->tokens_n);
	if (n > 0)
		qsort(s->tokens, n, sizeof(*s->tokens), piece_order);
	for (uint32_t i = 0; i < n; i++) {
		const struct piece *t = &s->tokens[i];
		if (i > 0 && bytes_order(t->p, t->n, t[-1].p, t[-1].n) == 0)
			continue;
		s->words[s->words_n++] = (struct known_word){ t->p, i,
			letters_of(t->p, t->n), t->n };
	}
	s->words[s->words_n] = (struct known_word){ .from = n };
	return OK;
}

NODISCARD static err
sort_labels(struct search_index *s)
{
	struct piece *tmp = malloc(((size_t)s->labels_n + 1) * sizeof(*tmp));

	s->sorted = malloc(((size_t)s->labels_n + 1) * sizeof(*s->sorted));
	if (tmp == NULL || s->sorted == NULL) {
		free(tmp);
		return ERR_NOMEM;
	}
	memcpy(tmp, s->labels, s->labels_n * sizeof(*tmp));
	if (s->labels_n > 0)
		qsort(tmp, s->labels_n, sizeof(*tmp), piece_order);
	for (uint32_t i = 0; i < s->labels_n; i++)
		s->sorted[i] = tmp[i].label;
	free(tmp);
	return OK;
}

err
search_index_new(const struct vocabulary *v, struct search_index **out)
{
	struct search_index *s = calloc(1, sizeof(*s));
	err e = ERR_NOMEM;

	*out = NULL;
	if (s == NULL)
		return ERR_NOMEM;
	s->v = v;
	s->labels_n = vocabulary_labels(v);
	s->labels = malloc(((size_t)s->labels_n + 1) * sizeof(*s->labels));
	if (s->labels != NULL)
		e = normalise_labels(s);
	if (e == OK)
		e = index_words(s);
	if (e == OK)
		e = sort_labels(s);
	if (e != OK) {
		search_index_free(s);
		return e;
	}
	*out = s;
	return OK;
}

void
search_index_free(struct search_index *s)
{
	if (s == NULL)
		return;
	free(s->text);
	free(s->labels);
	free(s->sorted);
	free(s->tokens);
	free(s->words);
	free(s);
}

/* ---- typing errors ---- */

/*
 * Changes, additions, omissions and swaps of neighbours between the query's
 * word and the known one (or, if ${prefix}, its best beginning); more than
 * ${max} is max + 1.
 */
static unsigned
distance(struct slice q, const struct known_word *w, unsigned max, bool prefix)
{
	unsigned rows[3][WORD_MAX + TYPOS_MAX + 1];
	const size_t m = MIN((size_t)w->n, q.n + max);

	if (!prefix && w->n > q.n + max)
		return max + 1;
	if (w->n + max < q.n)
		return max + 1;
	/* cells further than max from the diagonal are over max anyway */
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j <= max ? (unsigned)j : max + 1;
	for (size_t i = 1; i <= q.n; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *up = rows[(i + 2) % 3];
		const unsigned *up2 = rows[(i + 1) % 3];
		const size_t from = i > max ? i - max : 1;
		const size_t to = MIN(i + max, m);
		unsigned least = max + 1;
		row[from - 1] = from == 1 && i <= max ? (unsigned)i : max + 1;
		if (from == 1)
			least = row[0];
		for (size_t j = from; j <= to; j++) {
			unsigned d = up[j - 1] + (q.p[i - 1] != w->p[j - 1]);
			d = MIN(d, up[j] + 1);
			d = MIN(d, row[j - 1] + 1);
			if (i > 1 && j > 1 && q.p[i - 1] == w->p[j - 2] &&
			    q.p[i - 2] == w->p[j - 1])
				d = MIN(d, up2[j - 2] + 1);
			row[j] = d;
			least = MIN(least, d);
		}
		if (to < m) /* the row below looks at it */
			row[to + 1] = max + 1;
		if (least > max)
			return max + 1;
	}
	const unsigned *last = rows[q.n % 3];
	unsigned best = max + 1;
	for (size_t j = q.n > max ? q.n - max : 0; j <= m; j++) {
		if (prefix || j == m)
			best = MIN(best, last[j]);
	}
	return MIN(best, max + 1);
}

static unsigned
typos_allowed(struct slice word)
{
	const size_t letters = normal_letters(word);

	return letters >= 8 ? 2 : letters >= 4 ? 1 : 0;
}

static unsigned
bits(uint32_t x)
{
	unsigned n = 0;

	for (; x != 0; x &= x - 1)
		n++;
	return n;
}

/* ---- labels ---- */

/* How far a label has matched: words of the query so far, typing errors. */
struct progress {
	uint8_t words;
	uint8_t typos;
};

struct query {
	uint8_t space[SEARCH_QUERY_MAX];
	struct slice text;
	struct slice words[SEARCH_WORDS_MAX];
	size_t words_n;
};

static void
query_make(struct slice text, struct query *q)
{
	struct buf b = { q->space, 0, sizeof(q->space) };

	text.n = MIN(text.n, (size_t)SEARCH_QUERY_MAX);
	normal_put(text, &b);
	q->text = buf_slice(&b);
	q->words_n = 0;
	struct slice rest = q->text;
	while (rest.n > 0 && q->words_n < SEARCH_WORDS_MAX) {
		struct slice w = first_word(&rest);
		w.n = MIN(w.n, (size_t)WORD_MAX);
		q->words[q->words_n++] = w;
	}
}

/* The first known word that is not before ${word}. */
static uint32_t
words_from(const struct search_index *s, struct slice word)
{
	uint32_t lo = 0, hi = s->words_n;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		const struct known_word *w = &s->words[mid];
		if (bytes_order(w->p, w->n, word.p, word.n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
begins(const uint8_t *p, size_t n, struct slice with)
{
	return n >= with.n && memcmp(p, with.p, with.n) == 0;
}

/* Labels with the known word that matched all words before take a step. */
static void
advance(const struct search_index *s, uint32_t word, size_t step,
    unsigned typos, struct progress *progress)
{
	const uint32_t to = s->words[word + 1].from;

	for (uint32_t i = s->words[word].from; i < to; i++) {
		struct progress *p = &progress[s->tokens[i].label];
		if (p->words != step)
			continue;
		p->words++;
		p->typos = (uint8_t)(p->typos + typos);
	}
}

/* All labels that have a word for the query's word ${step}. */
static void
match_word(const struct search_index *s, const struct query *q, size_t step,
    uint8_t *typos_of, struct progress *progress)
{
	const struct slice word = q->words[step];
	const bool last = step + 1 == q->words_n;
	const unsigned allowed = typos_of != NULL ? typos_allowed(word) : 0;
	const uint32_t letters = letters_of(word.p, word.n);

	for (uint32_t i = words_from(s, word);
	     i < s->words_n && begins(s->words[i].p, s->words[i].n, word); i++)
		advance(s, i, step, 0, progress);
	for (uint32_t i = 0; i < s->words_n && allowed > 0; i++) {
		const struct known_word *w = &s->words[i];
		typos_of[i] = bits(letters & ~w->letters) > allowed
				  ? (uint8_t)(allowed + 1)
				  : (uint8_t)distance(word, w, allowed, last);
	}
	/* fewer errors first: a label keeps its first match */
	for (unsigned typos = 1; typos <= allowed; typos++) {
		for (uint32_t i = 0; i < s->words_n; i++) {
			if (typos_of[i] == typos)
				advance(s, i, step, typos, progress);
		}
	}
}

struct ranking {
	const struct search_index *s;
	struct search_options o;
};

static bool
hit_before(const struct ranking *r, const struct search_hit *a,
    const struct search_hit *b)
{
	if (a->way != b->way)
		return a->way < b->way;
	if (a->typos != b->typos)
		return a->typos < b->typos;
	const bool al = a->language == r->o.language;
	const bool bl = b->language == r->o.language;
	if (al != bl)
		return al;
	if (a->preferred != b->preferred)
		return a->preferred;
	if (a->label.n != b->label.n)
		return a->label.n < b->label.n;
	const uint8_t *rarity = vocabulary_rarity(r->s->v)->sixteenths;
	if (rarity[a->at] != rarity[b->at])
		return rarity[a->at] < rarity[b->at];
	if (a->at != b->at)
		return a->at < b->at;
	const int d = slice_cmp(a->label, b->label);
	return d != 0 ? d < 0 : a->language < b->language;
}

/* Keep the best ${max} terms, each with its best label, sorted. */
static void
keep_hit(const struct ranking *r, struct search_hit *hits, size_t max,
    size_t *n, const struct search_hit *h)
{
	if (*n == max && !hit_before(r, h, &hits[max - 1]))
		return;
	size_t at = 0;
	while (at < *n && hits[at].at != h->at)
		at++;
	if (at < *n && !hit_before(r, h, &hits[at]))
		return;
	if (at == *n && *n < max)
		(*n)++;
	at = MIN(at, *n - 1); /* the place that gets free */
	while (at > 0 && hit_before(r, h, &hits[at - 1])) {
		hits[at] = hits[at - 1];
		at--;
	}
	hits[at] = *h;
}

static bool
type_wanted(const struct search_index *s, uint32_t at, uint32_t mask)
{
	return mask == 0 || (mask >> vocabulary_type(s->v, at) & 1) != 0;
}

static void
collect(const struct ranking *r, const struct query *q, uint8_t *typos_of,
    struct progress *progress, struct search_hit *hits, size_t max, size_t *n)
{
	const struct search_index *s = r->s;

	memset(progress, 0, s->labels_n * sizeof(*progress));
	for (size_t step = 0; step < q->words_n; step++)
		match_word(s, q, step, typos_of, progress);
	for (uint32_t i = 0; i < s->labels_n; i++) {
		if (progress[i].words != q->words_n)
			continue;
		const struct vocabulary_label l = vocabulary_label_at(s->v, i);
		const struct slice normal = { s->labels[i].p, s->labels[i].n };
		if (!type_wanted(s, l.at, r->o.type_mask))
			continue;
		struct search_hit h = { .at = l.at,
			.way = SEARCH_WORDS,
			.typos = progress[i].typos,
			.preferred = l.preferred,
			.language = l.language,
			.label = l.text };
		if (h.typos > 0)
			h.way = SEARCH_TYPO;
		else if (slice_eq(normal, q->text))
			h.way = SEARCH_EXACT;
		else if (begins(normal.p, normal.n, q->text))
			h.way = SEARCH_BEGINS;
		keep_hit(r, hits, max, n, &h);
	}
}

size_t
search_labels(const struct search_index *s, struct slice query,
    struct search_options o, struct search_hit *hits, size_t max)
{
	const struct ranking r = { s, o };
	struct query q;
	size_t n = 0;

	max = MIN(max, (size_t)SEARCH_HITS_MAX);
	query_make(query, &q);
	if (q.words_n == 0 || max == 0 || s->labels_n == 0)
		return 0;
	struct progress *progress = malloc(s->labels_n * sizeof(*progress));
	uint8_t *typos_of = malloc((size_t)s->words_n + 1);
	if (progress != NULL && typos_of != NULL) {
		collect(&r, &q, NULL, progress, hits, max, &n);
		if (n < max) /* those with errors come after all others */
			collect(&r, &q, typos_of, progress, hits, max, &n);
	}
	free(progress);
	free(typos_of);
	return n;
}

/* ---- texts ---- */

/* A word of the text: its normal form, and where it stands. */
struct text_word {
	uint32_t from, to;         /* in the text */
	uint32_t normal, normal_n; /* in the normal text */
};

struct text {
	uint8_t *normal; /* words separated by one space */
	struct text_word *words;
	size_t words_n;
};

NODISCARD static err
text_make(struct slice text, struct text *t)
{
	const uint8_t *begin = text.p;
	const size_t cap = text.n + 1;

	t->words_n = 0;
	t->normal = malloc(cap * 2);
	t->words = malloc((cap / 2 + 1) * sizeof(*t->words));
	if (t->normal == NULL || t->words == NULL) {
		free(t->normal);
		free(t->words);
		return ERR_NOMEM;
	}
	struct buf b = { t->normal, 0, cap * 2 };
	while (text.n > 0) {
		const uint8_t *here = text.p;
		const size_t start = b.n;
		size_t at, n;
		if (!normal_next(&text, &b, &at, &n))
			break;
		const uint32_t from = (uint32_t)((size_t)(here - begin) + at);
		t->words[t->words_n++] =
		    (struct text_word){ from, from + (uint32_t)n,
			    (uint32_t)start, (uint32_t)(b.n - start) };
		if (buf_put_u8(&b, ' ') != OK)
			break;
	}
	return OK;
}

static uint32_t
sorted_from(const struct search_index *s, struct slice text)
{
	uint32_t lo = 0, hi = s->labels_n;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		const struct piece *l = &s->labels[s->sorted[mid]];
		if (bytes_order(l->p, l->n, text.p, text.n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct text_match {
	uint32_t label;
	unsigned differs; /* letters at the end */
};

/* Letters that differ behind the common beginning; of the last word only. */
static bool
ending_differs(const struct piece *l, struct slice text, size_t last_word,
    unsigned *differs)
{
	size_t same = 0;

	while (same < l->n && same < text.n && l->p[same] == text.p[same])
		same++;
	if (same < text.n - last_word + STEM_MIN && same < text.n)
		return false;
	const size_t more = l->n - same, less = text.n - same;
	if (more > ENDING_MAX || less > ENDING_MAX ||
	    memchr(l->p + same, ' ', more) != NULL)
		return false;
	if ((more > 0 || less > 0) && last_word < STEM_MIN)
		return false;
	*differs = (unsigned)(more + less);
	return true;
}

/* Is label a a better reading than label b? */
static bool
reading_before(const struct search_index *s, struct search_options o,
    const struct text_match *a, const struct text_match *b)
{
	const struct vocabulary_label x = vocabulary_label_at(s->v, a->label);
	const struct vocabulary_label y = vocabulary_label_at(s->v, b->label);
	const uint8_t *rarity = vocabulary_rarity(s->v)->sixteenths;

	if (a->differs != b->differs)
		return a->differs < b->differs;
	if ((x.language == o.language) != (y.language == o.language))
		return x.language == o.language;
	if (x.preferred != y.preferred)
		return x.preferred;
	if (rarity[x.at] != rarity[y.at])
		return rarity[x.at] < rarity[y.at];
	return a->label < b->label;
}

/* The best label that stands in ${text}, whose last word has that length. */
static bool
label_in(const struct search_index *s, struct search_options o,
    struct slice text, size_t last_word, struct text_match *out)
{
	const size_t cut = last_word > STEM_MIN
			       ? MIN(last_word - STEM_MIN, (size_t)ENDING_MAX)
			       : 0;
	const struct slice stem = { text.p, text.n - cut };
	bool found = false;
	uint32_t looked = 0;

	for (uint32_t i = sorted_from(s, text); i < s->labels_n; i++) {
		const struct piece *l = &s->labels[s->sorted[i]];
		const struct text_match m = { .label = s->sorted[i] };
		if (!slice_eq(slice_of(l->p, l->n), text))
			break;
		if (!type_wanted(
			s, vocabulary_label_at(s->v, m.label).at, o.type_mask))
			continue;
		if (!found || reading_before(s, o, &m, out))
			*out = m;
		found = true;
	}
	if (found)
		return true;
	for (uint32_t i = sorted_from(s, stem);
	     i < s->labels_n && looked < STEM_RANGE_MAX; i++, looked++) {
		const struct piece *l = &s->labels[s->sorted[i]];
		struct text_match m = { .label = s->sorted[i] };
		if (!begins(l->p, l->n, stem))
			break;
		if (l->n == 0 ||
		    !ending_differs(l, text, last_word, &m.differs) ||
		    !type_wanted(
			s, vocabulary_label_at(s->v, m.label).at, o.type_mask))
			continue;
		if (!found || reading_before(s, o, &m, out))
			*out = m;
		found = true;
	}
	return found;
}

static uint16_t
confidence(const struct search_index *s, struct search_options o,
    const struct text_match *m, size_t words)
{
	const struct vocabulary_label l = vocabulary_label_at(s->v, m->label);
	const size_t letters = normal_letters(
	    slice_of(s->labels[m->label].p, s->labels[m->label].n));
	int c = words >= 3     ? 900
		: words == 2   ? 800
		: letters >= 6 ? 600
		: letters >= 4 ? 450
		: letters >= 3 ? 250
			       : 100;

	if (l.preferred)
		c += 50;
	if (o.language != 0)
		c += l.language == o.language ? 50 : -150;
	c -= (int)m->differs * 40;
	return (uint16_t)(c < 1 ? 1 : c > 1000 ? 1000 : c);
}

static bool
found_before(const struct search_found *a, const struct search_found *b)
{
	if (a->confidence != b->confidence)
		return a->confidence > b->confidence;
	return a->from < b->from;
}

static void
keep_found(struct search_found *found, size_t max, size_t *n,
    const struct search_found *f)
{
	size_t at = 0;

	while (at < *n && found[at].at != f->at)
		at++;
	if (at < *n && !found_before(f, &found[at]))
		return;
	if (at == *n) {
		if (*n == max && !found_before(f, &found[max - 1]))
			return;
		if (*n < max)
			(*n)++;
		at = *n - 1;
	}
	while (at > 0 && found_before(f, &found[at - 1])) {
		found[at] = found[at - 1];
		at--;
	}
	found[at] = *f;
}

size_t
search_text(const struct search_index *s, struct slice text,
    struct search_options o, struct search_found *found, size_t max)
{
	struct text t;
	size_t n = 0;

	text.n = MIN(text.n, (size_t)SEARCH_TEXT_MAX);
	if (max == 0 || text.n == 0 || text_make(text, &t) != OK)
		return 0;
	for (size_t i = 0; i < t.words_n;) {
		size_t words = MIN((size_t)TEXT_WORDS, t.words_n - i);
		struct text_match m;
		for (; words > 0; words--) {
			const struct text_word *first = &t.words[i];
			const struct text_word *last = &t.words[i + words - 1];
			const struct slice part = { t.normal + first->normal,
				last->normal + last->normal_n - first->normal };
			if (label_in(s, o, part, last->normal_n, &m))
				break;
		}
		if (words == 0) {
			i++;
			continue;
		}
		const struct vocabulary_label l =
		    vocabulary_label_at(s->v, m.label);
		const struct search_found f = { .at = l.at,
			.from = t.words[i].from,
			.to = t.words[i + words - 1].to,
			.confidence = confidence(s, o, &m, words),
			.label = l.text,
			.language = l.language };
		keep_found(found, max, &n, &f);
		i += words;
	}
	free(t.normal);
	free(t.words);
	return n;
}
