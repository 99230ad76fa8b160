#include "match/search.h"

#include <stdlib.h>

#include "match/label_words.h"
#include "match/normal.h"

#define WORD_MAX       48 /* bytes of a query's word that are compared */
#define TEXT_WORDS     8  /* words of a label that a text is searched for */
#define ENDING_MAX     2  /* letters that the end of a word may differ by */
#define STEM_MIN       4  /* letters that must stay */
#define STEM_RANGE_MAX 256
#define TYPOS_MAX      2
#define SPANS_MAX      2048 /* runs of known words that are like one asked */
#define LANGUAGES_MAX  250

/* A piece of normal text and the label it belongs to. */
struct piece {
	const uint8_t *p;
	uint32_t label;
	uint16_t n;
};

struct known_word {
	const uint8_t *p;
	uint16_t n;
	uint32_t from; /* its labels: postings[from] .. of the next's from */
};

/* A bit for each of a-z that is in a word: in all of it, its first bytes. */
enum { LETTERS_ALL, LETTERS_FIRST_6, LETTERS_FIRST_3, LETTERS };
#define LABELS_FEW 512 /* not worth looking for a rarer word */
#define BLOCK      64  /* words whose letters are compared at once */

struct search_index {
	const struct vocabulary *v;
	uint8_t *text;
	struct piece *labels; /* normal forms, by label */
	uint32_t *sorted;     /* labels by normal form, then number */
	uint32_t *rank;       /* of each label among equals: see rank_order() */
	uint8_t *language;    /* of each label: index into languages */
	uint32_t languages[LANGUAGES_MAX];
	uint32_t languages_n;
	struct piece *tokens; /* while building */
	uint32_t tokens_n;
	uint32_t *postings;   /* labels of each word, ascending */
	uint32_t *words_of;   /* words of each label: from words_from[i] on */
	uint32_t *words_from; /* labels + 1 */
	struct known_word *words;   /* ascending; one more to end the last */
	uint32_t *letters[LETTERS]; /* of each word, in full blocks */
	uint32_t words_n;
	uint32_t *sorted_rank;    /* rank[] in the order of sorted[] */
	uint8_t *sorted_language; /* likewise */
	uint32_t labels_n;
	struct label_words *some;
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

/* The words in order, and the labels of each. */
static void
collect_words(struct search_index *s)
{
	for (uint32_t i = 0; i < s->tokens_n; i++) {
		const struct piece *t = &s->tokens[i];
		if (i == 0 || bytes_order(t->p, t->n, t[-1].p, t[-1].n) != 0) {
			static const size_t bytes[LETTERS] = { SIZE_MAX, 6, 3 };
			for (size_t k = 0; k < LETTERS; k++)
				s->letters[k][s->words_n] = letters_of(
				    t->p, MIN((size_t)t->n, bytes[k]));
			s->words[s->words_n++] =
			    (struct known_word){ t->p, t->n, i };
		}
		s->postings[i] = t->label;
		s->words_from[t->label + 1]++;
	}
	s->words[s->words_n] = (struct known_word){ .from = s->tokens_n };
}

/* The words of each label, from the labels of each word. */
NODISCARD static err
turn_around(struct search_index *s)
{
	uint32_t *next = malloc(((size_t)s->labels_n + 1) * sizeof(*next));

	if (next == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < s->labels_n; i++) {
		s->words_from[i + 1] += s->words_from[i];
		next[i] = s->words_from[i];
	}
	for (uint32_t w = 0; w < s->words_n; w++)
		for (uint32_t i = s->words[w].from; i < s->words[w + 1].from;
		     i++)
			s->words_of[next[s->postings[i]]++] = w;
	free(next);
	return OK;
}

NODISCARD static err
index_words(struct search_index *s)
{
	const size_t room = (size_t)s->tokens_n + 1;
	uint32_t n = 0;

	s->tokens = malloc(room * sizeof(*s->tokens));
	s->words = malloc(room * sizeof(*s->words));
	s->postings = malloc(room * sizeof(*s->postings));
	s->words_of = malloc(room * sizeof(*s->words_of));
	s->words_from = calloc((size_t)s->labels_n + 1, sizeof(*s->words_from));
	for (size_t i = 0; i < LETTERS; i++) {
		s->letters[i] = calloc(room + BLOCK, sizeof(uint32_t));
		if (s->letters[i] == NULL)
			return ERR_NOMEM;
	}
	if (s->tokens == NULL || s->words == NULL || s->postings == NULL ||
	    s->words_of == NULL || s->words_from == NULL)
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
	collect_words(s);
	free(s->tokens);
	s->tokens = NULL;
	return turn_around(s);
}

/* ---- the order among equals ---- */

struct rank_key {
	uint32_t label, at, bytes;
	uint8_t plain, rarity; /* not preferred; how rare */
};

/* Preferred, shorter, more common; the labels are by place and text. */
static int
rank_order(const void *a, const void *b)
{
	const struct rank_key *x = a, *y = b;

	if (x->plain != y->plain)
		return x->plain < y->plain ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	if (x->rarity != y->rarity)
		return x->rarity < y->rarity ? -1 : 1;
	return x->label < y->label ? -1 : x->label > y->label;
}

/* More languages than there is room for are one: that is never asked for. */
static uint8_t
language_index(struct search_index *s, uint32_t language)
{
	for (uint32_t i = 0; i < s->languages_n; i++)
		if (s->languages[i] == language)
			return (uint8_t)i;
	if (s->languages_n == LANGUAGES_MAX)
		return LANGUAGES_MAX;
	s->languages[s->languages_n] = language;
	return (uint8_t)s->languages_n++;
}

NODISCARD static err
rank_labels(struct search_index *s)
{
	struct rank_key *keys =
	    malloc(((size_t)s->labels_n + 1) * sizeof(*keys));
	const uint8_t *rarity = vocabulary_rarity(s->v)->sixteenths;

	s->rank = malloc(((size_t)s->labels_n + 1) * sizeof(*s->rank));
	s->language = malloc((size_t)s->labels_n + 1);
	if (keys == NULL || s->rank == NULL || s->language == NULL) {
		free(keys);
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < s->labels_n; i++) {
		const struct vocabulary_label l = vocabulary_label_at(s->v, i);
		keys[i] = (struct rank_key){ i, l.at, (uint32_t)l.text.n,
			!l.preferred, rarity[l.at] };
		s->language[i] = language_index(s, l.language);
	}
	if (s->labels_n > 0)
		qsort(keys, s->labels_n, sizeof(*keys), rank_order);
	for (uint32_t i = 0; i < s->labels_n; i++)
		s->rank[keys[i].label] = i;
	free(keys);
	return OK;
}

NODISCARD static err
sort_labels(struct search_index *s)
{
	const size_t room = (size_t)s->labels_n + 1;
	struct piece *tmp = malloc(room * sizeof(*tmp));

	s->sorted = malloc(room * sizeof(*s->sorted));
	s->sorted_rank = malloc(room * sizeof(*s->sorted_rank));
	s->sorted_language = malloc(room);
	if (tmp == NULL || s->sorted == NULL || s->sorted_rank == NULL ||
	    s->sorted_language == NULL) {
		free(tmp);
		return ERR_NOMEM;
	}
	memcpy(tmp, s->labels, s->labels_n * sizeof(*tmp));
	if (s->labels_n > 0)
		qsort(tmp, s->labels_n, sizeof(*tmp), piece_order);
	for (uint32_t i = 0; i < s->labels_n; i++) {
		const uint32_t label = tmp[i].label;
		s->sorted[i] = label;
		s->sorted_rank[i] = s->rank[label];
		s->sorted_language[i] = s->language[label];
	}
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
		e = rank_labels(s);
	if (e == OK)
		e = sort_labels(s);
	if (e == OK)
		e = label_words_new(v, &s->some);
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
	free(s->rank);
	free(s->sorted_rank);
	free(s->sorted_language);
	for (size_t i = 0; i < LETTERS; i++)
		free(s->letters[i]);
	free(s->language);
	free(s->tokens);
	free(s->postings);
	free(s->words_of);
	free(s->words_from);
	free(s->words);
	label_words_free(s->some);
	free(s);
}

/* ---- known words that are like one of the query ---- */

/* Known words [from, to) at a distance. */
struct span {
	uint32_t from, to;
	unsigned errors;
};

struct query_word {
	struct slice text;
	struct span begins;      /* words that begin with it */
	uint8_t typos;           /* that are forgiven */
	bool open;               /* the last one may be unfinished */
	uint8_t *errors;         /* of each known word; NULL: not kept */
	uint32_t letters, early; /* all; of the first 6 - typos bytes */
	uint64_t where[256];     /* a bit for each place of a byte */
};

struct query {
	uint8_t space[SEARCH_QUERY_MAX];
	struct slice text;
	struct query_word words[SEARCH_WORDS_MAX];
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
		struct query_word *word = &q->words[q->words_n++];
		*word = (struct query_word){ .text = w,
			.letters = letters_of(w.p, w.n) };
		for (size_t i = 0; i < w.n; i++)
			word->where[w.p[i]] |= UINT64_C(1) << i;
	}
	if (q->words_n > 0)
		q->words[q->words_n - 1].open = true;
}

static unsigned
typos_allowed(struct slice word)
{
	const size_t letters = normal_letters(word);

	return letters >= 8 ? 2 : letters >= 4 ? 1 : 0;
}

/* Of the words from ${lo} on: the first that is not below ${prefix} or, with
 * ${behind}, neither begins with it. */
static uint32_t
words_bound(
    const struct search_index *s, uint32_t lo, struct slice prefix, bool behind)
{
	uint32_t hi = s->words_n;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		const struct known_word *w = &s->words[mid];
		const size_t n = behind ? MIN((size_t)w->n, prefix.n) : w->n;
		const int d = bytes_order(w->p, n, prefix.p, prefix.n);
		if (d < 0 || (behind && d == 0))
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

/*
 * Changes, additions, omissions and swaps of neighbours between the query's
 * word and the known one (or, if it is open, its best beginning): any number
 * above what is forgiven if they are more. A column of the table of distances
 * in two words of bits, as steps up and down (Myers; with swaps Hyyro).
 */
static unsigned
distance(const struct query_word *q, struct slice w)
{
	const uint64_t last = UINT64_C(1) << (q->text.n - 1);
	const size_t end = MIN(w.n, q->text.n + q->typos);
	uint64_t up = UINT64_MAX, down = 0, same = 0, before = 0;
	size_t errors = q->text.n, best = errors;

	for (size_t i = 0; i < end; i++) {
		const uint64_t here = q->where[w.p[i]];
		const uint64_t swap = ((~same & here) << 1) & before;
		same = (((here & up) + up) ^ up) | here | down | swap;
		const uint64_t more = down | ~(same | up);
		const uint64_t less = same & up;
		errors += (more & last) != 0;
		errors -= (less & last) != 0;
		best = MIN(best, errors);
		/* one less with each further byte at best */
		if (MIN(best, errors) > q->typos + (end - i - 1))
			break;
		const uint64_t next = more << 1 | 1;
		up = less << 1 | ~(same | next);
		down = next & same;
		before = here;
	}
	return (unsigned)(q->open ? best : errors);
}

/* Nothing but as many of the lowest bits as errors are forgiven: 0. */
static uint32_t
bits_left(uint32_t bits, uint32_t one, uint32_t two)
{
	bits &= (bits - 1) | one;
	bits &= (bits - 1) | two;
	return bits;
}

/*
 * Which of the words from ${from} on may be like ${q}. A letter of one that
 * the other does not have is an error of its own, and letters move by no more
 * places than there are errors.
 */
static uint64_t
may_be(const struct search_index *s, const struct query_word *q, uint32_t from)
{
	const uint32_t *all = s->letters[LETTERS_ALL] + from;
	const uint32_t *six = s->letters[LETTERS_FIRST_6] + from;
	const uint32_t *three = s->letters[LETTERS_FIRST_3] + from;
	const unsigned max = q->typos;
	const uint32_t one = max < 1 ? UINT32_MAX : 0;
	const uint32_t two = max < 2 ? UINT32_MAX : 0;
	/* what is not in the query counts where its end is far enough */
	const uint32_t no_six = q->text.n >= 6 + max ? 0 : UINT32_MAX;
	const uint32_t no_three = q->text.n >= 3 + max ? 0 : UINT32_MAX;
	const uint32_t no_all = q->open ? UINT32_MAX : 0;
	const uint32_t has = q->letters, early = q->early;
	uint32_t bad[BLOCK];
	uint64_t good = 0;

	for (size_t i = 0; i < BLOCK; i++)
		bad[i] = bits_left(has & ~all[i], one, two) |
			 bits_left(early & ~six[i], one, two) |
			 bits_left(six[i] & ~(has | no_six), one, two) |
			 bits_left(three[i] & ~(has | no_three), one, two) |
			 bits_left(all[i] & ~(has | no_all), one, two);
	for (size_t i = 0; i < BLOCK; i++)
		if (bad[i] == 0)
			good |= UINT64_C(1) << i;
	return good;
}

/* The errors of a known word, or more than are forgiven. */
static unsigned
errors_at(const struct search_index *s, const struct query_word *q, uint32_t at)
{
	const struct known_word *w = &s->words[at];
	const unsigned max = q->typos;

	if (at >= q->begins.from && at < q->begins.to)
		return 0;
	if (max == 0 || w->n + max < q->text.n ||
	    (!q->open && w->n > q->text.n + max))
		return max + 1;
	return distance(q, slice_of(w->p, w->n));
}

static void
span_put(struct span *spans, size_t *n, struct span s)
{
	if (s.from == s.to)
		return;
	if (*n > 0 && spans[*n - 1].to == s.from &&
	    spans[*n - 1].errors == s.errors)
		spans[*n - 1].to = s.to;
	else if (*n < SPANS_MAX)
		spans[(*n)++] = s;
}

/* Known words within the errors of ${q}, neighbours as one. */
static size_t
find_similar(const struct search_index *s, const struct query_word *q,
    struct span *spans)
{
	const struct span begins = { q->begins.from, q->begins.to, 0 };
	bool begun = false;
	size_t n = 0;

	for (uint32_t from = 0; q->typos > 0 && from < s->words_n;
	     from += BLOCK) {
		uint64_t good = may_be(s, q, from);
		for (; good != 0; good &= good - 1) {
			const uint32_t i =
			    from + (uint32_t)__builtin_ctzll(good);
			if (i >= s->words_n)
				break;
			if (i >= begins.from && i < begins.to)
				continue;
			const unsigned errors = errors_at(s, q, i);
			if (errors > q->typos)
				continue;
			if (i >= begins.to && !begun) {
				span_put(spans, &n, begins);
				begun = true;
			}
			span_put(spans, &n, (struct span){ i, i + 1, errors });
		}
	}
	if (!begun)
		span_put(spans, &n, begins);
	return n;
}

/* The same, looked at once. */
static unsigned
errors_of(const struct search_index *s, const struct query_word *q, uint32_t at)
{
	if (q->errors == NULL)
		return errors_at(s, q, at);
	if (q->errors[at] == UINT8_MAX)
		q->errors[at] = (uint8_t)errors_at(s, q, at);
	return q->errors[at];
}

/* ---- labels ---- */

struct ranking {
	const struct search_index *s;
	uint32_t type_mask;
	uint8_t language; /* index of the one asked for, or 255 */
	struct search_hit *hits;
	uint64_t keys[SEARCH_HITS_MAX]; /* of the hits, ascending */
	size_t n, max;
};

/* The order of hits as one number. */
static uint64_t
key_of(enum search_way way, unsigned typos, bool other_language, uint32_t rank)
{
	return (uint64_t)way << 48 | (uint64_t)MIN(typos, 255U) << 40 |
	       (uint64_t)other_language << 32 | rank;
}

static bool
type_wanted(const struct search_index *s, uint32_t at, uint32_t mask)
{
	return mask == 0 || (mask >> vocabulary_type(s->v, at) & 1) != 0;
}

/* Keep the best terms, each with its best label, sorted. */
static void
keep_hit(struct ranking *r, uint32_t label, enum search_way way, unsigned typos)
{
	const uint64_t key = key_of(way, typos,
	    r->s->language[label] != r->language, r->s->rank[label]);
	size_t at = 0;

	if (r->n == r->max && key >= r->keys[r->max - 1])
		return;
	const struct vocabulary_label l = vocabulary_label_at(r->s->v, label);
	if (!type_wanted(r->s, l.at, r->type_mask))
		return;
	while (at < r->n && r->hits[at].at != l.at)
		at++;
	if (at < r->n && key >= r->keys[at])
		return;
	if (at == r->n && r->n < r->max)
		r->n++;
	at = MIN(at, r->n - 1); /* the place that gets free */
	while (at > 0 && key < r->keys[at - 1]) {
		r->hits[at] = r->hits[at - 1];
		r->keys[at] = r->keys[at - 1];
		at--;
	}
	r->keys[at] = key;
	r->hits[at] = (struct search_hit){ .at = l.at,
		.way = way,
		.typos = typos,
		.preferred = l.preferred,
		.language = l.language,
		.label = l.text };
}

/* The first label in the order that is not below ${text} or, with ${behind},
 * does not begin with it either. */
static uint32_t
sorted_bound(const struct search_index *s, struct slice text, bool behind)
{
	uint32_t lo = 0, hi = s->labels_n;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2;
		const struct piece *l = &s->labels[s->sorted[mid]];
		const size_t n = behind ? MIN((size_t)l->n, text.n) : l->n;
		const int d = bytes_order(l->p, n, text.p, text.n);
		if (d < 0 || (behind && d == 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static uint32_t
sorted_from(const struct search_index *s, struct slice text)
{
	return sorted_bound(s, text, false);
}

/* Labels that are the query or begin with it: neighbours in the order. */
static void
collect_beginnings(struct ranking *r, const struct query *q)
{
	const struct search_index *s = r->s;
	uint32_t i = sorted_bound(s, q->text, false);
	const uint32_t to = sorted_bound(s, q->text, true);

	for (; i < to && s->labels[s->sorted[i]].n == q->text.n; i++)
		keep_hit(r, s->sorted[i], SEARCH_EXACT, 0);
	for (; i < to; i++) {
		const uint64_t key = key_of(SEARCH_BEGINS, 0,
		    s->sorted_language[i] != r->language, s->sorted_rank[i]);
		if (r->n < r->max || key < r->keys[r->max - 1])
			keep_hit(r, s->sorted[i], SEARCH_BEGINS, 0);
	}
}

/* The fewest errors of a word of the label; more than allowed: none is. */
static unsigned
errors_in(
    const struct search_index *s, uint32_t label, const struct query_word *q)
{
	unsigned best = q->typos + 1U;

	for (uint32_t k = s->words_from[label];
	     k < s->words_from[label + 1] && best > 0; k++)
		best = MIN(best, errors_of(s, q, s->words_of[k]));
	return best;
}

/* Even if it had no more errors than these, others come before it. */
static bool
cannot_win(const struct ranking *r, uint32_t label, unsigned errors)
{
	const struct search_index *s = r->s;

	return r->n == r->max && key_of(errors > 0 ? SEARCH_TYPO : SEARCH_WORDS,
				     errors, s->language[label] != r->language,
				     s->rank[label]) >= r->keys[r->max - 1];
}

/* A label that has a word like one of the query: and like the others? */
static void
check_label(struct ranking *r, const struct query *q, uint32_t label,
    unsigned errors_least)
{
	const struct piece *l = &r->s->labels[label];
	unsigned errors = 0;

	if (cannot_win(r, label, errors_least))
		return;
	for (size_t i = 0; i < q->words_n; i++) {
		const unsigned e = errors_in(r->s, label, &q->words[i]);
		if (e > q->words[i].typos)
			return;
		errors += e;
	}
	if (errors > 0)
		keep_hit(r, label, SEARCH_TYPO, errors);
	else if (!begins(l->p, l->n, q->text)) /* else it is kept already */
		keep_hit(r, label, SEARCH_WORDS, 0);
}

/*
 * Labels of known words that are like a word of the query. What has no error
 * at all was found before errors were forgiven.
 */
static void
check_span(
    struct ranking *r, const struct query *q, struct span span, bool forgiven)
{
	const struct search_index *s = r->s;
	const unsigned least = forgiven ? MAX(span.errors, 1U) : 0;

	for (uint32_t i = s->words[span.from].from; i < s->words[span.to].from;
	     i++) {
		const uint32_t label = s->postings[i];
		if (q->words_n > 1 || !forgiven)
			check_label(r, q, label, least);
		else if (span.errors > 0 && !cannot_win(r, label, least))
			keep_hit(r, label, SEARCH_TYPO, span.errors);
	}
}

/* Labels with a beginning of each word, from those of the rarest. */
static void
collect_words_of(struct ranking *r, const struct query *q)
{
	const struct known_word *w = r->s->words;
	const struct query_word *rare = NULL;
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < q->words_n; i++) {
		const struct span b = q->words[i].begins;
		const uint32_t n = w[b.to].from - w[b.from].from;
		if (n < least) {
			least = n;
			rare = &q->words[i];
		}
	}
	check_span(r, q, rare->begins, false);
}

/* Labels of the known words in ${spans}. */
static uint32_t
labels_of(const struct search_index *s, const struct span *spans, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum +=
		    s->words[spans[i].to].from - s->words[spans[i].from].from;
	return sum;
}

/* Of the words not yet taken the longest, first ones first. */
static size_t
longest_word(const struct query *q, const bool *taken)
{
	size_t longest = q->words_n;

	for (size_t i = 0; i < q->words_n; i++)
		if (!taken[i] &&
		    (longest == q->words_n ||
			q->words[i].text.n > q->words[longest].text.n))
			longest = i;
	return longest;
}

/*
 * Labels with errors, from those of a long word that has few. ${spans} has
 * room for two words, ${errors} is for each word of the query and known word.
 */
static void
collect_similar(
    struct ranking *r, struct query *q, struct span *spans, uint8_t *errors)
{
	const struct search_index *s = r->s;
	struct span *best = spans, *next = spans + SPANS_MAX;
	bool taken[SEARCH_WORDS_MAX] = { false };
	uint32_t least = UINT32_MAX;
	size_t best_n = 0;

	for (size_t i = 0; i < q->words_n && least > LABELS_FEW; i++) {
		const size_t at = longest_word(q, taken);
		const size_t n = find_similar(s, &q->words[at], next);
		const uint32_t labels = labels_of(s, next, n);
		taken[at] = true;
		if (labels >= least)
			continue;
		least = labels;
		best_n = n;
		struct span *const other = best;
		best = next;
		next = other;
	}
	for (size_t i = 0; q->words_n > 1 && i < q->words_n; i++) {
		q->words[i].errors = errors + i * s->words_n;
		memset(q->words[i].errors, UINT8_MAX, s->words_n);
	}
	for (size_t i = 0; i < best_n; i++)
		check_span(r, q, best[i], true);
}

size_t
search_labels(const struct search_index *s, struct slice query,
    struct search_options o, struct search_hit *hits, size_t max)
{
	struct ranking r = { .s = s,
		.type_mask = o.type_mask,
		.language = UINT8_MAX,
		.hits = hits,
		.max = MIN(max, (size_t)SEARCH_HITS_MAX) };
	struct query q;

	query_make(query, &q);
	if (q.words_n == 0 || r.max == 0 || s->labels_n == 0)
		return 0;
	for (uint32_t i = 0; i < s->languages_n; i++)
		if (s->languages[i] == o.language)
			r.language = (uint8_t)i;
	collect_beginnings(&r, &q);
	if (r.n == r.max) /* all others come after these */
		return r.n;
	for (size_t i = 0; i < q.words_n; i++) {
		struct query_word *w = &q.words[i];
		w->begins.from = words_bound(s, 0, w->text, false);
		w->begins.to = words_bound(s, w->begins.from, w->text, true);
	}
	collect_words_of(&r, &q);
	if (r.n == r.max)
		return r.n;
	unsigned forgiven = 0;
	for (size_t i = 0; i < q.words_n; i++) {
		struct query_word *w = &q.words[i];
		w->typos = (uint8_t)typos_allowed(w->text);
		w->early =
		    letters_of(w->text.p, MIN(w->text.n, (size_t)6 - w->typos));
		forgiven += w->typos;
	}
	if (forgiven == 0)
		return r.n;
	struct span *spans = malloc(2 * SPANS_MAX * sizeof(*spans));
	uint8_t *errors = malloc(q.words_n * s->words_n);
	if (spans != NULL && errors != NULL)
		collect_similar(&r, &q, spans, errors);
	free(spans);
	free(errors);
	return r.n;
}

size_t
search_some(const struct search_index *s, struct slice query,
    struct search_options o, struct search_hit *hits, size_t max)
{
	struct label_words_hit some[SEARCH_HITS_MAX];
	const uint32_t language =
	    o.language != 0 ? o.language : VOCABULARY_ENGLISH;
	const size_t n = label_words_find(s->some, query, language, o.type_mask,
	    some, MIN(max, (size_t)SEARCH_HITS_MAX));
	size_t kept = 0;

	for (; kept < n && 2 * some[kept].share >= some[0].share; kept++) {
		struct search_hit *h = &hits[kept];
		*h = (struct search_hit){ .at = some[kept].at,
			.way = SEARCH_SOME,
			.share = some[kept].share,
			.preferred = true };
		h->label =
		    vocabulary_label(s->v, h->at, language, &h->language);
	}
	return kept;
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
