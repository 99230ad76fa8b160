#include "node/import/cells.h"

#include <ctype.h>

#define WEIGHT_UNSAID 50
#define TAUGHT_UNSAID 3
#define LIKELY        50 /* percent: words that are a term */

/* An item of a list cell: "blueprint reading:2-4!*80". */
struct item {
	struct slice text;
	bool have_level;
	unsigned from, to, weight;
	bool must;
};

/* Takes "<mark><digits>" off the end; false: it does not end so. */
static bool
take_suffix(struct slice *s, char mark, uint64_t *number)
{
	size_t at = s->n;

	while (at > 0 && isdigit(s->p[at - 1]))
		at--;
	if (at == 0 || at == s->n || s->p[at - 1] != (uint8_t)mark ||
	    !slice_number(slice_of(s->p + at, s->n - at), number))
		return false;
	*s = slice_trim(slice_of(s->p, at - 1));
	return true;
}

static bool
read_item(struct import_draft *d, struct slice s, const char *column,
    struct item *out)
{
	const struct slice whole = s;
	uint64_t weight = WEIGHT_UNSAID, to = 0, from = 0;

	*out = (struct item){ .text = s };
	/* '!' and '*80' in any order, then the level */
	for (int i = 0; i < 2; i++) {
		(void)take_suffix(&s, '*', &weight);
		if (s.n > 0 && s.p[s.n - 1] == '!') {
			out->must = true;
			s = slice_trim(slice_of(s.p, s.n - 1));
		}
	}
	struct slice before = s;
	if (take_suffix(&before, '-', &to) &&
	    take_suffix(&before, ':', &from)) {
		out->have_level = true;
		s = before;
	} else if (take_suffix(&s, ':', &to)) {
		out->have_level = true;
	} else {
		to = 0;
	}
	if (weight < 1 || weight > 100) {
		import_fail(d, column, "write *1 to *100, or nothing for *50",
		    "weight of \"%.*s\": must be 1 to 100", SHOWN(whole));
		return false;
	}
	if (out->have_level && (to < 1 || to > 5 || from > to)) {
		import_fail(d, column, "write :1 (first steps) to :5 (expert)",
		    "level of \"%.*s\": must be 1 to 5", SHOWN(whole));
		return false;
	}
	out->text = s;
	out->from = (unsigned)from;
	out->to = (unsigned)to;
	out->weight = (unsigned)weight;
	return s.n > 0;
}

static bool
is_term(const struct import_draft *d, struct slice s)
{
	struct term_guess g;
	size_t n = 0;

	while (n < s.n && strchr(":*!", s.p[n]) == NULL)
		n++;
	return d->lookup->guess(d->lookup->ctx, slice_trim(slice_of(s.p, n)),
		   d->language, &g, 1) == 1 &&
	       g.confidence >= LIKELY;
}

/*
 * What separates the items of a cell: ';', and where there is none, commas,
 * bars and lines. A comma may also be part of one label, "helping with
 * washing, dressing and eating": then the whole is known and no part is.
 */
static const char *
separators_of(const struct import_draft *d, struct slice s)
{
	struct slice rest = s, part;

	if (s.n == 0 || memchr(s.p, ';', s.n) != NULL)
		return ";\n";
	if (memchr(s.p, ',', s.n) == NULL || !is_term(d, s))
		return ",|\n";
	while (slice_split(&rest, ",|\n", &part))
		if (is_term(d, part))
			return ",|\n";
	return "|\n";
}

/* The next item, without the mark of a list before it. */
static bool
next_item(struct slice *rest, const char *separators, struct slice *out)
{
	static const char *const marks[] = { "- ", "* ", "\xe2\x80\xa2",
		"\xc2\xb7", "\xe2\x80\x93 " };

	while (slice_split(rest, separators, out)) {
		for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
			const size_t n = strlen(marks[i]);
			if (out->n >= n && memcmp(out->p, marks[i], n) == 0) {
				slice_skip(out, n);
				*out = slice_trim(*out);
			}
		}
		if (out->n > 0)
			return true;
	}
	return false;
}

static bool
item_term(struct import_draft *d, const struct item *i, const char *column,
    struct import_term *t)
{
	if (import_term(d, i->text, 0, column, t))
		return true;
	if (i->must && !t->dropped)
		import_fail(d, column,
		    "use a label of the vocabulary or a URI, or drop the '!'",
		    "the must-have \"%.*s\" is no known term", SHOWN(i->text));
	return false;
}

void
cell_requirements(struct import_draft *d, const struct sheet *t)
{
	struct slice rest = sheet_cell(t, "skills"), part;
	const char *separators = separators_of(d, rest);
	struct import_term term;
	struct item i;

	while (next_item(&rest, separators, &part))
		if (read_item(d, part, "skills", &i) &&
		    item_term(d, &i, "skills", &term))
			import_requirement(
			    import_list(d->draft, "requirements"), &term, i.to,
			    i.weight, i.must);
}

/* "welding:3" into a list of {term, level} */
void
cell_skills(struct import_draft *d, const struct sheet *t, const char *column)
{
	struct slice rest = sheet_cell(t, column), part;
	const char *separators = separators_of(d, rest);
	struct import_term term;
	struct item i;

	while (next_item(&rest, separators, &part))
		if (read_item(d, part, column, &i) &&
		    item_term(d, &i, column, &term))
			import_skill(import_list(d->draft, column), &term,
			    i.have_level ? i.to : TAUGHT_UNSAID);
}

/* "python:1-3" into {term, from, to} */
void
cell_taught(struct import_draft *d, const struct sheet *t)
{
	struct slice rest = sheet_cell(t, "teaches"), part;
	const char *separators = separators_of(d, rest);
	struct import_term term;
	struct item i;

	while (next_item(&rest, separators, &part)) {
		if (!read_item(d, part, "teaches", &i) ||
		    !item_term(d, &i, "teaches", &term))
			continue;
		(void)json_array_append_new(import_list(d->draft, "teaches"),
		    json_pack("{s:s, s:i, s:i}", "term", term.hex, "from",
			(int)i.from, "to",
			(int)(i.have_level ? i.to : TAUGHT_UNSAID)));
	}
}

void
cell_purposes(struct import_draft *d, const struct sheet *t)
{
	struct slice rest = sheet_cell(t, "purposes"), part;
	const char *separators = separators_of(d, rest);
	struct import_term term;

	while (next_item(&rest, separators, &part))
		if (import_term(d, part, 0, "purposes", &term))
			(void)json_array_append_new(
			    import_list(d->draft, "purposes"),
			    json_string(term.hex));
}
