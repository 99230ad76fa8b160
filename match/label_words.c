#include "match/label_words.h"

#include <stdlib.h>

#include "match/bag.h"
#include "match/normal.h"
#include "match/stem.h"

#define LANGUAGES_MAX 64
#define WORD_BYTES    64
#define HITS_MAX      64
#define PART_LETTERS  4 /* of a word that another is made of */
#define WEIGHT_PART   1
#define WEIGHT_WORD   2
#define WEIGHT_NAME   4    /* of a word of the term's preferred label */
#define MOST          2200 /* that a word can count: BM25's k1 + 1 */

/* The terms with labels in one language. */
struct words_of {
	uint32_t language;
	uint32_t n;
	uint32_t *at; /* places, ascending */
	struct stems *stems;
	struct bag_field *field;
};

struct label_words {
	const struct vocabulary *v;
	uint32_t n;
	struct words_of of[LANGUAGES_MAX];
};

/* Does one word of it say what others say in several? */
static bool
is_compounding(uint32_t language)
{
	static const char codes[][3] = { "de", "nl", "sv", "da", "nb", "nn",
		"no", "fi" };

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (language == (uint32_t)((uint32_t)codes[i][0] << 8 |
					   (uint32_t)codes[i][1]))
			return true;
	return false;
}

NODISCARD static err
put_known(struct bag *b, const struct words_of *w, struct slice part)
{
	uint32_t stem;

	TRY(stems_number(w->stems, stem_of(part, w->language), false, &stem));
	return stem == UINT32_MAX ? OK : bag_put(b, stem, WEIGHT_PART);
}

/* The known words that ${word} begins or ends with. */
NODISCARD static err
put_parts(struct bag *b, const struct words_of *w, struct slice word)
{
	for (size_t i = PART_LETTERS; i + PART_LETTERS <= word.n; i++) {
		TRY(put_known(b, w, slice_of(word.p, i)));
		TRY(put_known(b, w, slice_of(word.p + i, word.n - i)));
	}
	return OK;
}

/* ${unknown}: adds the words whose stem no label has; may be NULL. */
NODISCARD static err
put_text(struct bag *b, const struct words_of *w, struct slice text,
    uint32_t weight, uint32_t *unknown)
{
	const bool parts = is_compounding(w->language);
	uint8_t space[WORD_BYTES];
	size_t at, n;

	while (text.n > 0) {
		struct buf room = { space, 0, sizeof(space) };
		uint32_t stem;
		if (!normal_next(&text, &room, &at, &n))
			break;
		const struct slice word = buf_slice(&room);
		if (word.n == 0 || stem_is_filler(word, w->language))
			continue;
		TRY(stems_number(
		    w->stems, stem_of(word, w->language), false, &stem));
		if (stem != UINT32_MAX)
			TRY(bag_put(b, stem, weight));
		else if (unknown != NULL)
			(*unknown)++;
		if (parts)
			TRY(put_parts(b, w, word));
	}
	return OK;
}

/* Of all labels in the language: the stems, and which terms have some. */
NODISCARD static err
learn_stems(struct words_of *w, const struct vocabulary *v)
{
	struct bag words = { 0 };

	for (uint32_t i = 0; i < vocabulary_labels(v); i++) {
		const struct vocabulary_label l = vocabulary_label_at(v, i);
		if (l.language != w->language)
			continue;
		if (w->n == 0 || w->at[w->n - 1] != l.at)
			w->at[w->n++] = l.at;
		words.n = 0;
		const err e = bag_text(
		    &words, w->stems, l.text, w->language, WEIGHT_WORD, true);
		if (e != OK) {
			bag_free(&words);
			return e;
		}
	}
	bag_free(&words);
	return OK;
}

/* The stems of all words first: parts are found among them. */
NODISCARD static err
words_make(struct words_of *w, const struct vocabulary *v, struct bag *bags)
{
	uint32_t n = 0;

	TRY(learn_stems(w, v));
	for (uint32_t i = 0; i < vocabulary_labels(v); i++) {
		const struct vocabulary_label l = vocabulary_label_at(v, i);
		if (l.language != w->language)
			continue;
		while (w->at[n] != l.at)
			n++;
		TRY(put_text(&bags[n], w, l.text,
		    l.preferred ? WEIGHT_NAME : WEIGHT_WORD, NULL));
	}
	for (uint32_t i = 0; i < w->n; i++)
		bag_settle(&bags[i]);
	return bag_field_new(bags, w->n, stems_count(w->stems), &w->field);
}

NODISCARD static err
words_new(struct words_of *w, const struct vocabulary *v)
{
	const uint32_t places = vocabulary_size(v);
	struct bag *bags = calloc((size_t)places + 1, sizeof(*bags));
	err e = ERR_NOMEM;

	w->stems = stems_new();
	w->at = malloc(((size_t)places + 1) * sizeof(*w->at));
	if (bags != NULL && w->stems != NULL && w->at != NULL)
		e = words_make(w, v, bags);
	for (uint32_t i = 0; bags != NULL && i < places; i++)
		bag_free(&bags[i]);
	free(bags);
	return e;
}

static void
languages_of(struct label_words *w)
{
	for (uint32_t i = 0; i < vocabulary_labels(w->v); i++) {
		const uint32_t language = vocabulary_label_at(w->v, i).language;
		uint32_t k = 0;
		while (k < w->n && w->of[k].language != language)
			k++;
		if (k == w->n && k < LANGUAGES_MAX)
			w->of[w->n++].language = language;
	}
}

err
label_words_new(const struct vocabulary *v, struct label_words **out)
{
	struct label_words *w = calloc(1, sizeof(*w));
	err e = OK;

	*out = NULL;
	if (w == NULL)
		return ERR_NOMEM;
	w->v = v;
	languages_of(w);
	for (uint32_t i = 0; i < w->n && e == OK; i++)
		e = words_new(&w->of[i], v);
	if (e != OK) {
		label_words_free(w);
		return e;
	}
	*out = w;
	return OK;
}

void
label_words_free(struct label_words *w)
{
	if (w == NULL)
		return;
	for (uint32_t i = 0; i < w->n; i++) {
		stems_free(w->of[i].stems);
		bag_field_free(w->of[i].field);
		free(w->of[i].at);
	}
	free(w);
}

struct best {
	uint32_t i;
	uint64_t score;
};

/* ${best} is sorted: larger score first, then smaller number. */
static void
keep(struct best *best, size_t *n, size_t max, struct best b)
{
	size_t at = *n;

	if (*n == max) {
		if (b.score <= best[max - 1].score)
			return;
		at = max - 1;
	} else {
		(*n)++;
	}
	for (; at > 0 && best[at - 1].score < b.score; at--)
		best[at] = best[at - 1];
	best[at] = b;
}

/* Of the most that the words can count, in thousandths. */
static uint16_t
share_of(uint64_t score, uint64_t all)
{
	const uint64_t share = score / (MAX(all, 1U) * MOST / 1000);

	return (uint16_t)(share < 1 ? 1 : MIN(share, 1000U));
}

static bool
is_wanted(const struct vocabulary *v, uint32_t at, uint32_t type_mask)
{
	return type_mask == 0 || (type_mask >> vocabulary_type(v, at) & 1) != 0;
}

static size_t
find_in(const struct vocabulary *v, const struct words_of *w, struct slice text,
    uint32_t type_mask, struct label_words_hit *hits, size_t max)
{
	uint64_t *scores = calloc((size_t)w->n + 1, sizeof(*scores));
	struct best best[HITS_MAX];
	struct bag b = { 0 };
	uint32_t unknown = 0;
	uint64_t all;
	size_t n = 0;

	if (scores == NULL ||
	    put_text(&b, w, text, WEIGHT_WORD, &unknown) != OK)
		goto out;
	bag_settle(&b);
	/* what nobody says is as rare as can be */
	all = (uint64_t)unknown * WEIGHT_WORD *
	      bag_field_idf(w->field, UINT32_MAX);
	for (uint32_t i = 0; i < b.n; i++)
		all += (uint64_t)b.items[i].weight *
		       bag_field_idf(w->field, b.items[i].stem);
	bag_field_score(w->field, &b, scores);
	for (uint32_t i = 0; i < w->n; i++)
		if (scores[i] > 0 && is_wanted(v, w->at[i], type_mask))
			keep(best, &n, max, (struct best){ i, scores[i] });
	for (size_t i = 0; i < n; i++)
		hits[i] = (struct label_words_hit){ w->at[best[i].i],
			share_of(best[i].score, all) };
out:
	bag_free(&b);
	free(scores);
	return n;
}

size_t
label_words_find(const struct label_words *w, struct slice text,
    uint32_t language, uint32_t type_mask, struct label_words_hit *hits,
    size_t max)
{
	text.n = MIN(text.n, (size_t)LABEL_WORDS_BYTES);
	max = MIN(max, (size_t)HITS_MAX);
	if (max == 0)
		return 0;
	for (uint32_t i = 0; i < w->n; i++)
		if (w->of[i].language == language)
			return find_in(
			    w->v, &w->of[i], text, type_mask, hits, max);
	return 0;
}
