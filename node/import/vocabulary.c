#include "node/import/vocabulary.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "match/protected.h"
#include "node/import/parts.h"
#include "node/import/table.h"
#include "proto/base/text.h"

#define CONCEPTS_MAX     400000U
#define LABELS_MAX       4000000U
#define LINKS_MAX        4000000U
#define ALTERNATIVES     16U
#define PATH_BYTES       1024
#define FILES_MAX        256
#define WARNINGS_MAX     40
#define CHUNK_BYTES      65536U
#define IMPORTANCE_NEED  3.0 /* O*NET's scale IM, 1 to 5 */
#define IMPORTANCE_ESSEN 3.5

/* ---- what is gathered before it goes to the sink ---- */

struct chunk {
	struct chunk *next;
	size_t used;
	uint8_t bytes[CHUNK_BYTES];
};

enum link_type { LINK_BROADER, LINK_RELATED, LINK_NEED, LINK_TYPES };

/* Labels and links are lists through two big arrays: 0 ends a list. */
struct label_node {
	struct term_label label;
	uint32_t next;
};

struct link_node {
	uint64_t term;
	bool essential;
	uint32_t next;
};

struct concept {
	struct slice uri;
	uint64_t term;
	enum term_type type;
	uint32_t isco;
	uint32_t labels; /* node, 0: none */
	uint32_t links[LINK_TYPES];
};

struct gathering {
	const char *dir;
	const struct vocabulary_import_options *o;
	struct concept *concepts;
	uint32_t concepts_n, concepts_cap;
	uint32_t *table; /* of concepts by term: index + 1, 0: empty */
	uint32_t table_cap;
	struct label_node *labels; /* [0] is not used */
	uint32_t labels_n, labels_cap;
	struct link_node *links;
	uint32_t links_n, links_cap;
	struct chunk *chunks;
	uint32_t language; /* of the file at hand */
	uint64_t odd_labels, odd_rows, lost_links, open_links;
	json_t *report, *files, *warnings;
};

static void
progress(struct gathering *g, const char *file, uint64_t done)
{
	if (g->o != NULL && g->o->progress != NULL)
		g->o->progress(g->o->ctx, file, done);
}

static void
warn(struct gathering *g, const char *what, uint64_t n)
{
	char text[160];

	if (n == 0 || json_array_size(g->warnings) >= WARNINGS_MAX)
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64 " %s", n, what);
	(void)json_array_append_new(g->warnings, json_string(text));
}

static err
keep(struct gathering *g, struct slice s, struct slice *out)
{
	if (s.n > CHUNK_BYTES)
		return ERR_LIMIT;
	if (g->chunks == NULL || CHUNK_BYTES - g->chunks->used < s.n) {
		struct chunk *c = malloc(sizeof(*c));
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

static struct concept *
find(struct gathering *g, uint64_t term)
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

/* The concept of a URI, made when it is new. NULL in ${out}: no good URI. */
static err
concept_of(struct gathering *g, struct slice uri, enum term_type type,
    struct concept **out)
{
	*out = NULL;
	if (uri.n < 3 || uri.n > TERM_URI_MAX || !text_is_clean(uri)) {
		g->odd_rows++;
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

static err
add_label(
    struct gathering *g, struct concept *c, struct slice text, bool preferred)
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
	TRY(grow(&array, g->labels_n, &g->labels_cap, sizeof(struct label_node),
	    LABELS_MAX));
	g->labels = array;
	struct label_node *node = &g->labels[g->labels_n];
	node->label =
	    (struct term_label){ g->language, preferred, { NULL, 0 } };
	TRY(keep(g, text, &node->label.text));
	node->next = c->labels;
	c->labels = g->labels_n++;
	return OK;
}

static err
add_link(struct gathering *g, struct concept *c, enum link_type type,
    uint64_t term, bool essential)
{
	if (c->term == term)
		return OK;
	for (uint32_t i = c->links[type]; i != 0; i = g->links[i].next)
		if (g->links[i].term == term) {
			g->links[i].essential |= essential;
			return OK;
		}
	void *array = g->links;
	TRY(grow(&array, g->links_n, &g->links_cap, sizeof(struct link_node),
	    LINKS_MAX));
	g->links = array;
	g->links[g->links_n] =
	    (struct link_node){ term, essential, c->links[type] };
	c->links[type] = g->links_n++;
	return OK;
}

/*
 * From a known URI. Where it leads may come with another directory or be in
 * the core: the builder leaves out what never comes.
 */
static err
link_uris(struct gathering *g, struct slice from, struct slice to,
    enum link_type type, bool essential)
{
	struct concept *c = find(g, term_of_uri(from));
	const uint64_t term = term_of_uri(to);

	if (c == NULL || to.n < 3) {
		g->lost_links++;
		return OK;
	}
	g->open_links += find(g, term) == NULL;
	return add_link(g, c, type, term, essential);
}

/* ---- to the sink ---- */

/* Arrays for one entry, filled from the lists. */
struct emission {
	struct term_label labels[1024];
	uint64_t links[2][4096];
	struct term_need needs[4096];
	uint64_t terms, labels_n, links_n, filtered, refused;
	uint64_t types[TERM_TYPES];
};

static bool
fill(const struct gathering *g, const struct concept *c, struct emission *m,
    struct term_entry *e)
{
	size_t n = 0;

	*e = (struct term_entry){ .uri = c->uri,
		.term = c->term,
		.type = c->type,
		.source = SOURCE_IMPORTED,
		.isco = c->isco };
	for (uint32_t i = c->labels; i != 0 && n < ARRAY_LEN(m->labels);
	     i = g->labels[i].next) {
		m->labels[n++] = g->labels[i].label;
		if (label_is_protected(
			g->labels[i].label.language, g->labels[i].label.text))
			return false;
	}
	e->labels = m->labels;
	e->labels_n = n;
	for (int t = LINK_BROADER; t <= LINK_RELATED; t++) {
		n = 0;
		for (uint32_t i = c->links[t];
		     i != 0 && n < ARRAY_LEN(m->links[t]); i = g->links[i].next)
			m->links[t][n++] = g->links[i].term;
		if (t == LINK_BROADER)
			e->broader_n = n;
		else
			e->related_n = n;
	}
	e->broader = m->links[LINK_BROADER];
	e->related = m->links[LINK_RELATED];
	n = 0;
	for (uint32_t i = c->links[LINK_NEED];
	     i != 0 && n < ARRAY_LEN(m->needs); i = g->links[i].next)
		m->needs[n++] = (struct term_need){ g->links[i].term,
			g->links[i].essential };
	e->needs = m->needs;
	e->needs_n = n;
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
			progress(g, "", i);
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
	warn(
	    g, "terms without a usable label or URI were left out", m->refused);
	free(m);
	return e;
}

static void
gathering_init(struct gathering *g, const char *dir, const char *source,
    const char *licence, const struct vocabulary_import_options *o)
{
	*g = (struct gathering){
		.dir = dir, .o = o, .labels_n = 1, .links_n = 1
	};
	g->report = json_object();
	g->files = json_array();
	g->warnings = json_array();
	(void)json_object_set_new(g->report, "source", json_string(source));
	(void)json_object_set_new(g->report, "licence", json_string(licence));
	(void)json_object_set_new(g->report, "files", g->files);
	(void)json_object_set_new(g->report, "warnings", g->warnings);
}

static void
gathering_fini(struct gathering *g)
{
	while (g->chunks != NULL) {
		struct chunk *next = g->chunks->next;
		free(g->chunks);
		g->chunks = next;
	}
	free(g->concepts);
	free(g->table);
	free(g->labels);
	free(g->links);
}

/* The common end: hand over what was gathered, and the report. */
static err
finish(struct gathering *g, struct vocabulary_sink sink, err e)
{
	warn(g, "rows without a usable URI were left out", g->odd_rows);
	warn(g, "labels that are too long or not clean text were left out",
	    g->odd_labels);
	warn(g, "links of terms that are not in these files were left out",
	    g->lost_links);
	warn(g, "links lead to terms that are not in these files",
	    g->open_links);
	if (e == OK && g->concepts_n == 0)
		e = ERR_NOTFOUND;
	if (e == OK)
		e = emit(g, sink);
	gathering_fini(g);
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

static err
read_file(struct gathering *g, const char *name, bool tabs,
    err (*each)(void *ctx, const struct table_row *row))
{
	char path[PATH_BYTES];
	uint64_t rows = 0;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", g->dir, name) >=
	    sizeof(path))
		return ERR_LIMIT;
	err e = table_read(path, tabs, each, g, &rows);
	if (!is_listed(g->files, name))
		(void)json_array_append_new(
		    g->files, json_pack("{s:s, s:I}", "file", name, "rows",
				  (json_int_t)rows));
	progress(g, name, rows);
	if (e == ERR_FORM) {
		char text[PATH_BYTES];
		(void)snprintf(text, sizeof(text),
		    "%s: quotation marks that do not close after row %" PRIu64
		    ": the rest of it was not read",
		    name, rows);
		(void)json_array_append_new(g->warnings, json_string(text));
		e = OK;
	}
	return e;
}

/* ---- ESCO ---- */

/* Four digits of an ISCO-08 group, or 0: a larger group. */
static uint32_t
isco_code(struct slice s)
{
	uint64_t n;

	if (s.n > 1 && s.p[0] == 'C')
		slice_skip(&s, 1);
	return s.n == 4 && slice_number(s, &n) ? (uint32_t)n : 0;
}

static err
esco_concept(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	const struct slice kind = table_cell(row, "conceptType");
	const struct slice status = table_cell(row, "status");
	struct slice rest = table_cell(row, "altLabels"), part;
	enum term_type type = TERM_SKILL;
	struct concept *c;

	if (status.n > 0 && !slice_is(status, "released"))
		return OK;
	if (slice_is(kind, "Occupation") || slice_is(kind, "ISCOGroup"))
		type = TERM_OCCUPATION;
	else if (slice_is(table_cell(row, "skillType"), "knowledge"))
		type = TERM_KNOWLEDGE;
	TRY(concept_of(g, table_cell(row, "conceptUri"), type, &c));
	if (c == NULL)
		return OK;
	/* a collection without the column calls everything a skill */
	if (type == TERM_KNOWLEDGE)
		c->type = type;
	if (slice_is(kind, "ISCOGroup"))
		c->isco = isco_code(table_cell(row, "code"));
	else if (type == TERM_OCCUPATION && c->isco == 0)
		c->isco = isco_code(table_cell(row, "iscoGroup"));
	TRY(add_label(g, c, table_cell(row, "preferredLabel"), true));
	while (slice_split(&rest, "\n|", &part))
		TRY(add_label(g, c, part, false));
	return OK;
}

static err
esco_broader(void *ctx, const struct table_row *row)
{
	return link_uris(ctx, table_cell(row, "conceptUri"),
	    table_cell(row, "broaderUri"), LINK_BROADER, false);
}

/* The collections name the broader concepts in a column. */
static err
esco_collection_links(void *ctx, const struct table_row *row)
{
	struct slice rest = table_cell(row, "broaderConceptUri"), part;

	while (slice_split(&rest, "|\n", &part))
		TRY(link_uris(ctx, table_cell(row, "conceptUri"), part,
		    LINK_BROADER, false));
	return OK;
}

static err
esco_related(void *ctx, const struct table_row *row)
{
	return link_uris(ctx, table_cell(row, "originalSkillUri"),
	    table_cell(row, "relatedSkillUri"), LINK_RELATED, false);
}

static err
esco_need(void *ctx, const struct table_row *row)
{
	return link_uris(ctx, table_cell(row, "occupationUri"),
	    table_cell(row, "skillUri"), LINK_NEED,
	    slice_is(table_cell(row, "relationType"), "essential"));
}

/* The kinds of file, in the order in which they have to be read. */
static const struct esco_file {
	const char *base; /* "*X": ends with X */
	err (*each)(void *ctx, const struct table_row *row);
	bool expected;
} esco_files[] = {
	{ "ISCOGroups", esco_concept, true },
	{ "skillGroups", esco_concept, true },
	{ "skills", esco_concept, true },
	{ "occupations", esco_concept, true },
	{ "*Collection", esco_concept, false },
	{ "broaderRelationsSkillPillar", esco_broader, true },
	{ "broaderRelationsOccPillar", esco_broader, true },
	{ "*Collection", esco_collection_links, false },
	{ "skillSkillRelations", esco_related, true },
	{ "occupationSkillRelations", esco_need, true },
};

/* "skills_de.csv" is of the base "skills" and in German. */
static bool
is_of_base(const char *name, const char *base, uint32_t *language)
{
	const char *under = strrchr(name, '_');
	const char *dot = strrchr(name, '.');

	if (dot == NULL || strcmp(dot, ".csv") != 0)
		return false;
	*language = VOCABULARY_ENGLISH; /* "skills.csv" */
	size_t n = (size_t)(dot - name);
	if (under != NULL && under < dot) {
		const uint32_t code = language_get(
		    slice_of(under + 1, (size_t)(dot - under - 1)));
		if (code != 0) {
			*language = code;
			n = (size_t)(under - name);
		}
	}
	if (base[0] != '*')
		return n == strlen(base) && memcmp(name, base, n) == 0;
	const size_t tail = strlen(base) - 1;
	return n >= tail && memcmp(name + n - tail, base + 1, tail) == 0;
}

static int
name_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of the plain files of a directory, in order; caller frees. */
static size_t
list_dir(const char *dir, char *names[FILES_MAX])
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	size_t n = 0;

	if (d == NULL)
		return 0;
	while (n < FILES_MAX && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		names[n] = strdup(entry->d_name);
		n += names[n] != NULL;
	}
	(void)closedir(d);
	qsort(names, n, sizeof(names[0]), name_cmp);
	return n;
}

static void
add_language(json_t *languages, uint32_t code)
{
	char letters[4];
	size_t i;
	json_t *item;

	if (!language_put(letters, code))
		return;
	json_array_foreach(languages, i,
	    item) if (strcmp(json_string_value(item), letters) == 0) return;
	(void)json_array_append_new(languages, json_string(letters));
}

err
import_esco(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report)
{
	struct gathering g;
	char *names[FILES_MAX], text[96];
	const size_t n = list_dir(dir, names);
	json_t *missing = json_array(), *languages = json_array();
	uint32_t language;
	err e = OK;

	gathering_init(&g, dir, "ESCO",
	    "This service uses the ESCO classification of the European "
	    "Commission.",
	    o);
	for (size_t k = 0; k < ARRAY_LEN(esco_files) && e == OK; k++) {
		const struct esco_file *f = &esco_files[k];
		bool found = false;
		for (size_t i = 0; i < n && e == OK; i++) {
			if (!is_of_base(names[i], f->base, &language))
				continue;
			found = true;
			g.language = language;
			e = read_file(&g, names[i], false, f->each);
			if (f->each == esco_concept)
				add_language(languages, language);
		}
		if (found || !f->expected)
			continue;
		(void)snprintf(text, sizeof(text), "%s_*.csv", f->base);
		(void)json_array_append_new(missing, json_string(text));
	}
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	(void)json_object_set_new(g.report, "missing", missing);
	(void)json_object_set_new(g.report, "languages", languages);
	*report = g.report;
	return finish(&g, sink, e);
}

/* ---- O*NET ---- */

static bool
begins(struct slice s, const char *head)
{
	const size_t n = strlen(head);

	return s.n >= n && memcmp(s.p, head, n) == 0;
}

/* Which elements are terms: skills, knowledge, interests. */
static enum term_type
onet_type(struct slice id)
{
	if (begins(id, "2.A") || begins(id, "2.B"))
		return TERM_SKILL;
	if (begins(id, "2.C"))
		return TERM_KNOWLEDGE;
	/* 1.B.1.g and on are ranks of a person's interests */
	if (begins(id, "1.B.3") ||
	    (begins(id, "1.B.1.") && id.n == 7 && id.p[6] <= 'f'))
		return TERM_INTEREST;
	return 0;
}

static struct slice
onet_uri(struct slice id, char out[64])
{
	const int n = snprintf(
	    out, 64, "urn:onet:%.*s", (int)MIN(id.n, 40), (const char *)id.p);

	return slice_of(out, n < 0 ? 0 : (size_t)n);
}

static err
onet_element(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	struct slice id = table_cell(row, "Element ID");
	const enum term_type type = onet_type(id);
	struct concept *c, *above;
	char uri[64];

	if (type == 0)
		return OK;
	TRY(concept_of(g, onet_uri(id, uri), type, &c));
	if (c == NULL)
		return OK;
	TRY(add_label(g, c, table_cell(row, "Element Name"), true));
	/* the file lists a group before what is in it */
	while (id.n > 0 && id.p[id.n - 1] != '.')
		id.n--;
	id.n -= id.n > 0;
	above = find(g, term_of_uri(onet_uri(id, uri)));
	return above == NULL ? OK
			     : add_link(g, c, LINK_BROADER, above->term, false);
}

static err
onet_occupation(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	struct concept *c;
	char uri[64];

	TRY(concept_of(g, onet_uri(table_cell(row, "O*NET-SOC Code"), uri),
	    TERM_OCCUPATION, &c));
	if (c == NULL)
		return OK;
	return add_label(g, c, table_cell(row, "Title"), true);
}

static err
onet_title(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	char uri[64];
	struct concept *c = find(
	    g, term_of_uri(onet_uri(table_cell(row, "O*NET-SOC Code"), uri)));

	if (c == NULL) {
		g->lost_links++;
		return OK;
	}
	return add_label(g, c, table_cell(row, "Alternate Title"), false);
}

/* Skills and Knowledge: how important an element is to an occupation. */
static err
onet_rating(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	const struct slice value = table_cell(row, "Data Value");
	char number[16], from[64], to[64];

	if (!slice_is(table_cell(row, "Scale ID"), "IM") ||
	    slice_is(table_cell(row, "Recommend Suppress"), "Y") ||
	    value.n == 0 || value.n >= sizeof(number))
		return OK;
	memcpy(number, value.p, value.n);
	number[value.n] = 0;
	const double importance = strtod(number, NULL);
	if (importance < IMPORTANCE_NEED)
		return OK;
	return link_uris(g, onet_uri(table_cell(row, "O*NET-SOC Code"), from),
	    onet_uri(table_cell(row, "Element ID"), to), LINK_NEED,
	    importance >= IMPORTANCE_ESSEN);
}

err
import_onet(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report)
{
	static const struct {
		const char *name;
		err (*each)(void *ctx, const struct table_row *row);
	} files[] = {
		{ "Content Model Reference.txt", onet_element },
		{ "Occupation Data.txt", onet_occupation },
		{ "Alternate Titles.txt", onet_title },
		{ "Skills.txt", onet_rating },
		{ "Knowledge.txt", onet_rating },
	};
	struct gathering g;
	json_t *missing = json_array();
	err e = OK;

	gathering_init(&g, dir, "O*NET",
	    "This product includes information from the O*NET Database by the "
	    "U.S. Department of Labor, Employment and Training Administration "
	    "(USDOL/ETA). Used under the CC BY 4.0 license. O*NET\xc2\xae is "
	    "a trademark of USDOL/ETA. Modified; USDOL/ETA has not approved, "
	    "endorsed, or tested these modifications.",
	    o);
	g.language = VOCABULARY_ENGLISH;
	for (size_t i = 0; i < ARRAY_LEN(files) && e == OK; i++) {
		char path[PATH_BYTES];
		FILE *f = NULL;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir,
			files[i].name) < sizeof(path))
			f = fopen(path, "rb");
		if (f == NULL) {
			(void)json_array_append_new(
			    missing, json_string(files[i].name));
			continue;
		}
		(void)fclose(f);
		e = read_file(&g, files[i].name, true, files[i].each);
	}
	(void)json_object_set_new(g.report, "missing", missing);
	(void)json_object_set_new(
	    g.report, "languages", json_pack("[s]", "en"));
	*report = g.report;
	return finish(&g, sink, e);
}
