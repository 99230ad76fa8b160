#include "node/import/gather.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "match/protected.h"
#include "proto/base/text.h"

#define CONCEPTS_MAX    400000U
#define LABELS_MAX      4000000U
#define LINKS_MAX       4000000U
#define ALTERNATIVES    256U
#define WARNINGS_MAX    40
#define NOTES_MAX       20
#define CHUNK_BYTES     65536U
#define IMPORTANCE_NEED 300 /* hundredths of O*NET's IM, 100 to 500 */
#define IMPORTANCE_MUST 350

struct gather_chunk {
	struct gather_chunk *next;
	size_t used;
	uint8_t bytes[CHUNK_BYTES];
};

void
gather_progress(struct gathering *g, const char *file, uint64_t done)
{
	if (g->o != NULL && g->o->progress != NULL)
		g->o->progress(g->o->ctx, file, done);
}

void
gather_warn(struct gathering *g, const char *what, uint64_t n)
{
	char text[160];

	if (n == 0 || json_array_size(g->warnings) >= WARNINGS_MAX)
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64 " %s", n, what);
	(void)json_array_append_new(g->warnings, json_string(text));
}

void
gather_note(struct gathering *g, const struct table_row *row,
    const char *column, const char *message, const char *hint)
{
	if (json_array_size(g->notes) >= NOTES_MAX)
		return;
	(void)json_array_append_new(g->notes,
	    json_pack("{s:s, s:I, s:s, s:s, s:s}", "file",
		g->file == NULL ? "" : g->file, "line", (json_int_t)row->line,
		"column", column, "message", message, "hint", hint));
}

static err
keep(struct gathering *g, struct slice s, struct slice *out)
{
	if (s.n > CHUNK_BYTES)
		return ERR_LIMIT;
	if (g->chunks == NULL || CHUNK_BYTES - g->chunks->used < s.n) {
		struct gather_chunk *c = malloc(sizeof(*c));
		if (c == NULL)
			return ERR_NOMEM;
		c->next = g->chunks;
		c->used = 0;
		g->chunks = c;
	}
	uint8_t *p = g->chunks->bytes + g->chunks->used;
	memcpy(p, s.p, s.n);
	g->chunks->used += s.n;
	*out = slice_of(p, s.n);
	return OK;
}

/* Room for one more in an array that doubles; ${n} is not yet counted. */
static err
grow(void **array, uint32_t n, uint32_t *cap, size_t size, uint32_t max)
{
	if (n < *cap)
		return OK;
	if (n >= max)
		return ERR_LIMIT;
	const uint32_t more = *cap == 0 ? 1024 : MIN(*cap * 2, max);
	void *p = realloc(*array, more * size);
	if (p == NULL)
		return ERR_NOMEM;
	*array = p;
	*cap = more;
	return OK;
}

/* The slot of ${term} in the table: its own or the empty one for it. */
static uint32_t *
slot_of(struct gathering *g, uint64_t term)
{
	uint32_t i = (uint32_t)term & (g->table_cap - 1);

	while (g->table[i] != 0 && g->concepts[g->table[i] - 1].term != term)
		i = (i + 1) & (g->table_cap - 1);
	return &g->table[i];
}

struct concept *
gather_find(struct gathering *g, uint64_t term)
{
	if (g->table_cap == 0)
		return NULL;
	const uint32_t at = *slot_of(g, term);
	return at == 0 ? NULL : &g->concepts[at - 1];
}

static err
grow_table(struct gathering *g)
{
	if (g->concepts_n * 2 < g->table_cap)
		return OK;
	const uint32_t cap = g->table_cap == 0 ? 4096 : g->table_cap * 2;
	uint32_t *table = calloc(cap, sizeof(*table));
	if (table == NULL)
		return ERR_NOMEM;
	free(g->table);
	g->table = table;
	g->table_cap = cap;
	for (uint32_t i = 0; i < g->concepts_n; i++)
		*slot_of(g, g->concepts[i].term) = i + 1;
	return OK;
}

err
gather_concept(struct gathering *g, const struct table_row *row,
    struct slice uri, enum term_type type, struct concept **out)
{
	*out = NULL;
	if (row->said > row->columns) {
		g->wide_rows++;
		gather_note(g, row, "",
		    "the row has more cells than the header",
		    "a separator inside a cell needs quotation marks");
	}
	if (uri.n < 3 || uri.n > TERM_URI_MAX || !text_is_clean(uri)) {
		g->odd_rows++;
		gather_note(g, row, "",
		    uri.n == 0 ? "there is no URI or code in this row"
			       : "the URI is too long or not clean text",
		    "the row was left out: correct it or leave it so");
		return OK;
	}
	const uint64_t term = term_of_uri(uri);
	TRY(grow_table(g));
	uint32_t *slot = slot_of(g, term);
	if (*slot == 0) {
		void *array = g->concepts;
		TRY(grow(&array, g->concepts_n, &g->concepts_cap,
		    sizeof(struct concept), CONCEPTS_MAX));
		g->concepts = array;
		struct concept *c = &g->concepts[g->concepts_n];
		*c = (struct concept){ .term = term, .type = type };
		TRY(keep(g, uri, &c->uri));
		*slot = ++g->concepts_n;
	}
	*out = &g->concepts[*slot - 1];
	return OK;
}

err
gather_label(struct gathering *g, const struct table_row *row,
    struct concept *c, struct slice text, bool preferred)
{
	unsigned others = 0;
	const unsigned max = g->o != NULL && g->o->alternatives_max != 0
				 ? g->o->alternatives_max
				 : ALTERNATIVES;

	text = slice_trim(text);
	if (text.n == 0)
		return OK;
	if (text.n > TERM_LABEL_MAX || !text_is_clean(text)) {
		g->odd_labels++;
		gather_note(g, row, "",
		    "a label is longer than 200 bytes or not clean UTF-8",
		    "the label was left out: shorten it, or save as UTF-8");
		return OK;
	}
	for (uint32_t i = c->labels; i != 0; i = g->labels[i].next) {
		const struct term_label *l = &g->labels[i].label;
		if (l->language != g->language)
			continue;
		/* one is preferred: a second file's is another label */
		preferred = preferred && !l->preferred;
		others += !l->preferred;
		if (slice_eq(l->text, text))
			return OK;
	}
	if (!preferred && others >= max)
		return OK;
	void *array = g->labels;
	TRY(grow(&array, g->labels_n, &g->labels_cap,
	    sizeof(struct gather_label), LABELS_MAX));
	g->labels = array;
	struct gather_label *node = &g->labels[g->labels_n];
	node->label =
	    (struct term_label){ g->language, preferred, { NULL, 0 } };
	TRY(keep(g, text, &node->label.text));
	node->next = c->labels;
	c->labels = g->labels_n++;
	return OK;
}

err
gather_describe(struct gathering *g, struct concept *c, struct slice text)
{
	uint8_t space[TERM_NOTE_MAX + 64];
	size_t n = 0;

	if (c->note.n > 0 && g->language != VOCABULARY_ENGLISH)
		return OK;
	text = slice_trim(text);
	for (size_t i = 0; i < text.n && n < sizeof(space); i++) {
		const bool blank = text.p[i] <= ' ';
		if (blank && n > 0 && space[n - 1] == ' ')
			continue;
		space[n++] = blank ? ' ' : text.p[i];
	}
	if (n > TERM_NOTE_MAX) { /* whole words */
		n = TERM_NOTE_MAX;
		while (n > 0 && space[n] != ' ')
			n--;
	}
	if (n == 0 || !text_is_clean(slice_of(space, n)))
		return OK;
	return keep(g, slice_of(space, n), &c->note);
}

err
gather_link(struct gathering *g, struct concept *c, enum gather_link type,
    uint64_t term, const struct gather_need *need)
{
	static const struct gather_need none;

	if (need == NULL)
		need = &none;
	if (c->term == term)
		return OK;
	for (uint32_t i = c->links[type]; i != 0; i = g->links[i].next) {
		struct gather_need *have = &g->links[i].need;
		if (g->links[i].term != term)
			continue;
		have->essential |= need->essential;
		have->level = MAX(have->level, need->level);
		have->importance = MAX(have->importance, need->importance);
		return OK;
	}
	void *array = g->links;
	TRY(grow(&array, g->links_n, &g->links_cap,
	    sizeof(struct gather_target), LINKS_MAX));
	g->links = array;
	g->links[g->links_n] =
	    (struct gather_target){ term, *need, c->links[type] };
	c->links[type] = g->links_n++;
	return OK;
}

err
gather_link_uris(struct gathering *g, struct slice from, struct slice to,
    enum gather_link type, const struct gather_need *need)
{
	struct concept *c = gather_find(g, term_of_uri(from));
	const uint64_t term = term_of_uri(to);

	if (c == NULL || to.n < 3) {
		g->lost_links++;
		return OK;
	}
	g->open_links += gather_find(g, term) == NULL;
	return gather_link(g, c, type, term, need);
}

/* ---- to the sink ---- */

/* Arrays for one entry, filled from the lists. */
struct emission {
	struct term_label labels[4096];
	uint64_t links[2][4096];
	struct term_need needs[4096];
	uint64_t terms, labels_n, links_n, filtered, filtered_labels, refused;
	uint64_t types[TERM_TYPES];
};

/* false: a preferred label names a protected attribute. */
static bool
fill_labels(const struct gathering *g, const struct concept *c,
    struct emission *m, size_t *n)
{
	for (uint32_t i = c->labels; i != 0 && *n < ARRAY_LEN(m->labels);
	     i = g->labels[i].next) {
		const struct term_label *l = &g->labels[i].label;
		if (!label_is_protected(l->language, l->text)) {
			m->labels[(*n)++] = *l;
			continue;
		}
		if (l->preferred)
			return false;
		m->filtered_labels++;
	}
	return true;
}

static size_t
fill_needs(
    const struct gathering *g, const struct concept *c, struct emission *m)
{
	size_t n = 0;

	for (uint32_t i = c->links[GATHER_NEED];
	     i != 0 && n < ARRAY_LEN(m->needs); i = g->links[i].next) {
		const struct gather_need *need = &g->links[i].need;
		struct term_need *out = &m->needs[n];
		*out = (struct term_need){ .term = g->links[i].term,
			.essential = need->essential,
			.level = need->level };
		if (need->rated) {
			if (need->importance < IMPORTANCE_NEED)
				continue;
			out->essential = need->importance >= IMPORTANCE_MUST;
			out->weight =
			    (uint8_t)MIN((need->importance - 100U) / 4, 100U);
		}
		n++;
	}
	return n;
}

static bool
fill(const struct gathering *g, const struct concept *c, struct emission *m,
    struct term_entry *e)
{
	size_t n = 0;

	*e = (struct term_entry){ .uri = c->uri,
		.term = c->term,
		.type = c->type,
		.source = SOURCE_IMPORTED,
		.isco = c->isco,
		.zone = c->zone,
		.description = c->note };
	if (!fill_labels(g, c, m, &n))
		return false;
	e->labels = m->labels;
	e->labels_n = n;
	for (int t = GATHER_BROADER; t <= GATHER_RELATED; t++) {
		n = 0;
		for (uint32_t i = c->links[t];
		     i != 0 && n < ARRAY_LEN(m->links[t]); i = g->links[i].next)
			m->links[t][n++] = g->links[i].term;
		if (t == GATHER_BROADER)
			e->broader_n = n;
		else
			e->related_n = n;
	}
	e->broader = m->links[GATHER_BROADER];
	e->related = m->links[GATHER_RELATED];
	e->needs = m->needs;
	e->needs_n = fill_needs(g, c, m);
	return true;
}

static err
emit(struct gathering *g, struct vocabulary_sink sink)
{
	static const char *const names[TERM_TYPES] = { "", "skill", "knowledge",
		"interest", "occupation", "purpose" };
	struct emission *m = calloc(1, sizeof(*m));
	struct term_entry entry;
	err e = OK;

	if (m == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < g->concepts_n && e == OK; i++) {
		const struct concept *c = &g->concepts[i];
		if (i % 1000 == 0)
			gather_progress(g, "", i);
		if (c->labels == 0) {
			m->refused++;
			continue;
		}
		if (!fill(g, c, m, &entry)) {
			m->filtered++;
			continue;
		}
		e = sink.add(sink.ctx, &entry);
		if (e == ERR_FORM) { /* one bad term does not end it all */
			m->refused++;
			e = OK;
			continue;
		}
		m->terms++;
		m->types[c->type]++;
		m->labels_n += entry.labels_n;
		m->links_n += entry.broader_n + entry.related_n + entry.needs_n;
	}
	(void)json_object_set_new(
	    g->report, "terms", json_integer((json_int_t)m->terms));
	(void)json_object_set_new(
	    g->report, "labels", json_integer((json_int_t)m->labels_n));
	(void)json_object_set_new(
	    g->report, "links", json_integer((json_int_t)m->links_n));
	(void)json_object_set_new(
	    g->report, "filtered", json_integer((json_int_t)m->filtered));
	json_t *types = json_object();
	for (unsigned t = 1; t < TERM_TYPES; t++)
		if (m->types[t] != 0)
			(void)json_object_set_new(types, names[t],
			    json_integer((json_int_t)m->types[t]));
	(void)json_object_set_new(g->report, "types", types);
	gather_warn(
	    g, "terms without a usable label or URI were left out", m->refused);
	gather_warn(g,
	    "other labels that name a protected attribute were left out",
	    m->filtered_labels);
	free(m);
	return e;
}

void
gather_init(struct gathering *g, const char *dir, const char *source,
    const char *licence, const struct vocabulary_import_options *o)
{
	*g = (struct gathering){
		.dir = dir, .o = o, .labels_n = 1, .links_n = 1
	};
	g->report = json_object();
	g->files = json_array();
	g->warnings = json_array();
	g->notes = json_array();
	g->errors = json_array();
	(void)json_object_set_new(g->report, "source", json_string(source));
	(void)json_object_set_new(g->report, "licence", json_string(licence));
	(void)json_object_set_new(g->report, "files", g->files);
	(void)json_object_set_new(g->report, "warnings", g->warnings);
	(void)json_object_set_new(g->report, "notes", g->notes);
	(void)json_object_set_new(g->report, "errors", g->errors);
}

void
gather_free(struct gathering *g)
{
	while (g->chunks != NULL) {
		struct gather_chunk *next = g->chunks->next;
		free(g->chunks);
		g->chunks = next;
	}
	free(g->concepts);
	free(g->table);
	free(g->labels);
	free(g->links);
}

err
gather_finish(struct gathering *g, struct vocabulary_sink sink, err e)
{
	gather_warn(g, "rows without a usable URI were left out", g->odd_rows);
	gather_warn(g,
	    "labels that are too long or not clean text were left out",
	    g->odd_labels);
	gather_warn(
	    g, "values that are no numbers were left out", g->odd_values);
	gather_warn(g, "rows have more cells than the header", g->wide_rows);
	gather_warn(g,
	    "links of terms that are not in these files were left out",
	    g->lost_links);
	gather_warn(g, "links lead to terms that are not in these files",
	    g->open_links);
	if (e == OK && g->concepts_n == 0)
		e = ERR_NOTFOUND;
	if (e == OK)
		e = emit(g, sink);
	gather_free(g);
	return e;
}

/* The collections are read twice: for their terms, then for their links. */
static bool
is_listed(const json_t *files, const char *name)
{
	size_t i;
	json_t *item;

	json_array_foreach(files, i,
	    item) if (strcmp(json_string_value(json_object_get(item, "file")),
			  name) == 0) return true;
	return false;
}

err
gather_file(struct gathering *g, const char *name, const struct table_reader *r)
{
	char path[GATHER_PATH_BYTES];
	struct table_reader reader = *r;
	struct table_fault fault;
	uint64_t rows = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", g->dir, name) >=
	    sizeof(path))
		return ERR_LIMIT;
	reader.ctx = g;
	g->file = name;
	const err e = table_read(path, &reader, &rows, &fault);
	g->file = NULL;
	if (!is_listed(g->files, name))
		(void)json_array_append_new(
		    g->files, json_pack("{s:s, s:I}", "file", name, "rows",
				  (json_int_t)rows));
	gather_progress(g, name, rows);
	if (e != OK)
		(void)json_array_append_new(g->errors,
		    json_pack("{s:s, s:I, s:s, s:s, s:s}", "file", name, "line",
			(json_int_t)fault.line, "column", fault.column,
			"message",
			fault.message[0] != 0 ? fault.message : err_name(e),
			"hint", fault.hint));
	return e;
}

static int
name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t
gather_names(const char *dir, char *names[GATHER_FILES_MAX])
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	if (d == NULL)
		return 0;
	while (n < GATHER_FILES_MAX && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		names[n] = strdup(entry->d_name);
		n += names[n] != NULL;
	}
	(void)closedir(d);
	qsort(names, n, sizeof(names[0]), name_cmp);
	return n;
}

/* ---- the builder as a sink ---- */

static err
add_to_builder(void *ctx, const struct term_entry *e)
{
	return vocabulary_builder_add(ctx, e);
}

static err
link_in_builder(void *ctx, uint64_t from, uint64_t to, enum term_link kind)
{
	return vocabulary_builder_link(ctx, SOURCE_IMPORTED, from, to, kind);
}

static bool
builder_knows(void *ctx, uint64_t term)
{
	return vocabulary_builder_knows(ctx, term);
}

struct vocabulary_sink
vocabulary_sink_of(struct vocabulary_builder *b)
{
	return (struct vocabulary_sink){ add_to_builder, b, link_in_builder,
		builder_knows };
}
