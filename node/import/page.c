/* The JSON-LD of a web page; see import/page.h. */
#include "node/import/page.h"

#include "node/import/parts.h"

/* Where ${text} stands in ${s}, letters in any case; s.n: nowhere. */
static size_t
find(struct slice s, const char *text)
{
	const size_t n = strlen(text);

	for (size_t i = 0; i + n <= s.n; i++)
		if (slice_is(slice_of(s.p + i, n), text))
			return i;
	return s.n;
}

static void
take(json_t *out, json_t *v)
{
	json_t *list = json_is_array(v) ? v : json_object_get(v, "@graph");
	json_t *item;
	size_t i;

	if (!json_is_array(list)) {
		if (json_is_object(v) && json_array_size(out) < IMPORT_DOCS_MAX)
			(void)json_array_append(out, v);
		return;
	}
	for (i = 0; (item = json_array_get(list, i)) != NULL &&
		    json_array_size(out) < IMPORT_DOCS_MAX;
	     i++)
		(void)json_array_append(out, item);
}

bool
is_page(struct slice text)
{
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		slice_skip(&text, 3);
	text = slice_trim(text);
	return text.n > 0 && text.p[0] == '<';
}

json_t *
import_page(struct slice text)
{
	json_t *out = json_array();

	while (out != NULL && text.n > 0) {
		slice_skip(&text, find(text, "<script"));
		const size_t head = find(text, ">");
		const struct slice tag = slice_of(text.p, head);
		slice_skip(&text, MIN(head + 1, text.n));
		if (find(tag, "application/ld+json") == tag.n)
			continue;
		const size_t n = find(text, "</script");
		json_t *v = json_loadb((const char *)text.p, n, 0, NULL);
		take(out, v);
		json_decref(v);
		slice_skip(&text, n);
	}
	return out;
}
