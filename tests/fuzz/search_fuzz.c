/*
 * Any bytes as a label, a query and a text: the normal form of a normal form
 * is itself; hits are in order and each term comes once; what a text names
 * lies inside it; the first line of the input, when it can be a label, finds
 * itself.
 */
#include <stdlib.h>

#include "match/core.h"
#include "match/normal.h"
#include "match/protected.h"
#include "match/search.h"

static struct vocabulary *
core_and(struct slice label, bool *taken)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);
	struct vocabulary *v = NULL;
	static const char tsv[] =
	    "slug\ttype\tisco\ten\tde\tfr\tes\tbroader\trelated\tsame_as\n"
	    "weld\tskill\t*\twelding|arc work\tSchweißen\tsouder\tsoldar"
	    "\t\t\t\n"
	    "speak\tskill\t*\tpublic speaking\töffentliches Reden"
	    "\tprise de parole\thablar en público\t\t\t\n";
	const struct term_label l = { VOCABULARY_ENGLISH, true, label };

	ASSERT(b != NULL);
	ASSERT(vocabulary_add_tsv(
		   b, slice_of(tsv, sizeof(tsv) - 1), SOURCE_CORE, NULL) == OK);
	*taken = vocabulary_builder_add(
		     b, &(struct term_entry){ .uri = slice_of("x:1", 3),
			    .type = TERM_SKILL,
			    .source = SOURCE_RECORD,
			    .labels = &l,
			    .labels_n = 1 }) == OK &&
		 !label_is_protected(VOCABULARY_ENGLISH, label);
	ASSERT(vocabulary_builder_finish(b, &v) == OK);
	return v;
}

static void
check_normal(struct slice text)
{
	uint8_t once[256], twice[256];
	struct buf a = { once, 0, sizeof(once) };
	struct buf b = { twice, 0, sizeof(twice) };

	normal_put(text, &a);
	normal_put(buf_slice(&a), &b);
	/* a cut in the middle of a letter cannot happen: it comes whole */
	ASSERT(slice_eq(buf_slice(&a), buf_slice(&b)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice first = { data, 0 };
	const struct slice all = slice_of(data, size);
	struct search_hit hits[8];
	struct search_found found[8];
	struct search_index *s;
	bool taken;

	while (first.n < size && data[first.n] != '\n')
		first.n++;
	check_normal(all);
	struct vocabulary *v = core_and(first, &taken);
	ASSERT(search_index_new(v, &s) == OK);
	const struct search_options o = { VOCABULARY_ENGLISH, 0 };
	const size_t n = search_labels(s, first, o, hits, 8);
	ASSERT(n <= 8);
	for (size_t i = 0; i < n; i++) {
		ASSERT(hits[i].at < vocabulary_size(v));
		ASSERT(i == 0 || hits[i].way >= hits[i - 1].way);
		for (size_t k = 0; k < i; k++)
			ASSERT(hits[k].at != hits[i].at);
	}
	uint8_t space[SEARCH_QUERY_MAX];
	struct buf normal = { space, 0, sizeof(space) };
	normal_put(first, &normal);
	if (taken && normal.n > 0 && normal.n <= 48 && first.n <= 48)
		ASSERT(n > 0 && hits[0].way == SEARCH_EXACT);
	const size_t some = search_some(s, first, o, hits, 8);
	ASSERT(some <= 8);
	for (size_t i = 0; i < some; i++) {
		ASSERT(hits[i].at < vocabulary_size(v));
		ASSERT(i == 0 || hits[i].share <= hits[i - 1].share);
		for (size_t k = 0; k < i; k++)
			ASSERT(hits[k].at != hits[i].at);
	}
	const size_t m = search_text(s, all, o, found, 8);
	ASSERT(m <= 8);
	for (size_t i = 0; i < m; i++)
		ASSERT(found[i].from < found[i].to && found[i].to <= size);
	search_index_free(s);
	vocabulary_free(v);
	return 0;
}
