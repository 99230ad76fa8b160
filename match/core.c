#include "match/core.h"

#define COLUMNS       10
#define CELL_LIST_MAX 32 /* labels or slugs in a cell */

enum column {
	COLUMN_SLUG,
	COLUMN_TYPE,
	COLUMN_ISCO,
	COLUMN_EN,
	COLUMN_DE,
	COLUMN_FR,
	COLUMN_ES,
	COLUMN_BROADER,
	COLUMN_RELATED,
	COLUMN_SAME_AS,
};

static const char *const head[COLUMNS] = { "slug", "type", "isco", "en", "de",
	"fr", "es", "broader", "related", "same_as" };

/* Take what is before the separator off the front; all when there is none. */
static struct slice
cut(struct slice *s, char separator)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != (uint8_t)separator)
		n++;
	const struct slice part = { s->p, n };
	slice_skip(s, n < s->n ? n + 1 : n);
	return part;
}

NODISCARD static err
split(struct slice line, struct slice cells[COLUMNS])
{
	size_t n = 0;

	for (size_t i = 0; i < line.n; i++)
		n += line.p[i] == '\t';
	if (n != COLUMNS - 1)
		return ERR_FORM;
	for (n = 0; n < COLUMNS; n++)
		cells[n] = cut(&line, '\t');
	return OK;
}

NODISCARD static err
type_get(struct slice cell, enum term_type *out)
{
	static const char *const names[] = { "skill", "knowledge", "interest",
		"occupation", "purpose" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_eq_str(cell, names[i])) {
			*out = (enum term_type)(TERM_SKILL + i);
			return OK;
		}
	}
	return ERR_FORM;
}

/* Four digits; for other terms the column tells the majors, unused here. */
static uint32_t
isco_get(struct slice cell)
{
	uint32_t isco = 0;

	if (cell.n != 4)
		return 0;
	for (size_t i = 0; i < 4; i++) {
		if (cell.p[i] < '0' || cell.p[i] > '9')
			return 0;
		isco = isco * 10 + (uint32_t)(cell.p[i] - '0');
	}
	return isco;
}

static const char uri_head[] = "urn:ohcn:";

NODISCARD static err
uri_of_slug(struct slice slug, struct buf *out)
{
	if (slug.n == 0)
		return ERR_FORM;
	if (buf_put(out, uri_head, sizeof(uri_head) - 1) != OK ||
	    buf_put(out, slug.p, slug.n) != OK)
		return ERR_FORM;
	return OK;
}

/* Ids of a cell's slugs (or of whole URIs). */
NODISCARD static err
terms_get(struct slice cell, char separator, bool slugs,
    uint64_t out[CELL_LIST_MAX], size_t *n)
{
	*n = 0;
	while (cell.n > 0) {
		const struct slice part = cut(&cell, separator);
		uint8_t space[TERM_URI_MAX];
		struct buf uri = { space, 0, sizeof(space) };
		if (*n == CELL_LIST_MAX || part.n == 0)
			return ERR_FORM;
		if (slugs)
			TRY(uri_of_slug(part, &uri));
		out[(*n)++] = term_of_uri(slugs ? buf_slice(&uri) : part);
	}
	return OK;
}

NODISCARD static err
add_line(
    struct vocabulary_builder *b, struct slice line, enum term_source source)
{
	static const uint32_t languages[] = { 0x656e, 0x6465, 0x6672, 0x6573 };
	struct slice cells[COLUMNS];
	struct term_label labels[4 * CELL_LIST_MAX];
	uint64_t broader[CELL_LIST_MAX], related[CELL_LIST_MAX],
	    same_as[CELL_LIST_MAX];
	struct term_need needs[CELL_LIST_MAX];
	uint8_t space[TERM_URI_MAX];
	struct buf uri = { space, 0, sizeof(space) };
	struct term_entry e = { .source = source,
		.labels = labels,
		.broader = broader,
		.related = related,
		.same_as = same_as,
		.needs = needs };

	TRY(split(line, cells));
	TRY(uri_of_slug(cells[COLUMN_SLUG], &uri));
	e.uri = buf_slice(&uri);
	TRY(type_get(cells[COLUMN_TYPE], &e.type));
	for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
		struct slice cell = cells[COLUMN_EN + i];
		for (size_t k = 0; cell.n > 0; k++) {
			if (k == CELL_LIST_MAX)
				return ERR_FORM;
			labels[e.labels_n++] =
			    (struct term_label){ languages[i], k == 0,
				    cut(&cell, '|') };
		}
	}
	TRY(terms_get(cells[COLUMN_BROADER], ',', true, broader, &e.broader_n));
	TRY(terms_get(cells[COLUMN_RELATED], ',', true, related, &e.related_n));
	TRY(terms_get(
	    cells[COLUMN_SAME_AS], ' ', false, same_as, &e.same_as_n));
	if (e.type == TERM_OCCUPATION) {
		e.isco = isco_get(cells[COLUMN_ISCO]);
		e.needs_n = e.related_n;
		e.related_n = 0;
		for (size_t i = 0; i < e.needs_n; i++)
			needs[i] = (struct term_need){ .term = related[i],
				.essential = true };
	}
	return vocabulary_builder_add(b, &e);
}

NODISCARD static err
check_head(struct slice line)
{
	struct slice cells[COLUMNS];

	TRY(split(line, cells));
	for (size_t i = 0; i < COLUMNS; i++) {
		if (!slice_eq_str(cells[i], head[i]))
			return ERR_FORM;
	}
	return OK;
}

err
vocabulary_add_tsv(struct vocabulary_builder *b, struct slice tsv,
    enum term_source source, unsigned *line)
{
	unsigned number = 0;
	err e = tsv.n == 0 ? ERR_FORM : OK;

	while (tsv.n > 0 && e == OK) {
		const struct slice text = cut(&tsv, '\n');
		number++;
		if (number == 1)
			e = check_head(text);
		else if (text.n > 0 && text.p[0] != '#')
			e = add_line(b, text, source);
	}
	if (line != NULL)
		*line = number;
	return e;
}

err
core_vocabulary_add(struct vocabulary_builder *b)
{
	return vocabulary_add_tsv(b,
	    slice_of(core_vocabulary_tsv, core_vocabulary_tsv_size),
	    SOURCE_CORE, NULL);
}

err
core_vocabulary_new(struct vocabulary **out)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);

	*out = NULL;
	if (b == NULL)
		return ERR_NOMEM;
	const err e = core_vocabulary_add(b);
	if (e != OK) {
		vocabulary_builder_free(b);
		return e;
	}
	return vocabulary_builder_finish(b, out);
}
