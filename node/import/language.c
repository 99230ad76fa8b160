/* Which language the texts of a file are in, by their small words. */
#include "match/normal.h"
#include "match/stem.h"
#include "node/import/parts.h"

#define DEPTH_MAX   8
#define WORD_BYTES  64
#define WORDS_LEAST 5

static const uint32_t languages[] = { 0x656eU, 0x6465U, 0x6672U, 0x6573U };

#define LANGUAGES ARRAY_LEN(languages)

static void
count_words(struct slice text, unsigned counts[LANGUAGES])
{
	uint8_t bytes[WORD_BYTES];
	size_t at, n;

	while (text.n > 0) {
		struct buf b = { bytes, 0, sizeof(bytes) };
		if (!normal_next(&text, &b, &at, &n))
			return;
		for (size_t i = 0; i < LANGUAGES && b.n > 1; i++)
			counts[i] +=
			    stem_is_filler(slice_of(bytes, b.n), languages[i]);
	}
}

static void
count_in(json_t *v, unsigned depth, unsigned counts[LANGUAGES])
{
	const char *key;
	size_t i;
	json_t *item;

	if (json_is_string(v))
		count_words(
		    slice_of(json_string_value(v), json_string_length(v)),
		    counts);
	if (depth == DEPTH_MAX)
		return;
	if (json_is_array(v)) {
		json_array_foreach(v, i, item)
		{
			count_in(item, depth + 1, counts);
		}
		return;
	}
	json_object_foreach(v, key, item)
	{
		count_in(item, depth + 1, counts);
	}
}

uint32_t
language_seen(const json_t *v)
{
	unsigned counts[LANGUAGES] = { 0 };
	size_t best = 0;

	count_in((json_t *)(uintptr_t)v, 0, counts);
	for (size_t i = 1; i < LANGUAGES; i++)
		if (counts[i] > counts[best])
			best = i;
	for (size_t i = 0; i < LANGUAGES; i++)
		if (i != best && 2 * counts[i] > counts[best])
			return 0;
	return counts[best] >= WORDS_LEAST ? languages[best] : 0;
}
