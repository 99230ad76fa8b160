/* Directories of ESCO, see import/vocabulary.h. */
#include <stdio.h>
#include <stdlib.h>

#include "node/import/gather.h"

#define INDEXES_MAX 100000U /* of compact_skills.tsv */

struct esco {
	uint64_t *skills; /* by the idx of compact_skills.tsv; 0: none */
	uint32_t skills_n;
	bool have_skills, have_needs;
};

/* Four digits of an ISCO-08 group, or 0: a larger group. */
static uint32_t
isco_code(struct slice s)
{
	uint64_t n;

	if (s.n > 1 && s.p[0] == 'C')
		slice_skip(&s, 1);
	return s.n == 4 && slice_number(s, &n) ? (uint32_t)n : 0;
}

static enum term_type
esco_type(struct slice kind, struct slice skill_type)
{
	if (slice_is(kind, "Occupation") || slice_is(kind, "ISCOGroup"))
		return TERM_OCCUPATION;
	return slice_is(skill_type, "knowledge") ? TERM_KNOWLEDGE : TERM_SKILL;
}

static err
other_labels(struct gathering *g, const struct table_row *row,
    struct concept *c, const char *column)
{
	struct slice rest = table_cell(row, column), part;

	while (slice_split(&rest, "\n|", &part))
		TRY(gather_label(g, row, c, part, false));
	return OK;
}

static err
esco_concept(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	const struct slice kind = table_cell(row, "conceptType");
	const struct slice status = table_cell(row, "status");
	const enum term_type type =
	    esco_type(kind, table_cell(row, "skillType"));
	struct concept *c;

	if (status.n > 0 && !slice_is(status, "released"))
		return OK;
	TRY(gather_concept(g, row, table_cell(row, "conceptUri"), type, &c));
	if (c == NULL)
		return OK;
	/* a collection without the column calls everything a skill */
	if (type == TERM_KNOWLEDGE)
		c->type = type;
	if (slice_is(kind, "ISCOGroup"))
		c->isco = isco_code(table_cell(row, "code"));
	else if (type == TERM_OCCUPATION && c->isco == 0)
		c->isco = isco_code(table_cell(row, "iscoGroup"));
	TRY(gather_label(g, row, c, table_cell(row, "preferredLabel"), true));
	TRY(other_labels(g, row, c, "altLabels"));
	TRY(other_labels(g, row, c, "hiddenLabels"));
	return type == TERM_OCCUPATION
		   ? gather_describe(g, c, table_cell(row, "description"))
		   : OK;
}

static err
esco_broader(void *ctx, const struct table_row *row)
{
	return gather_link_uris(ctx, table_cell(row, "conceptUri"),
	    table_cell(row, "broaderUri"), GATHER_BROADER, NULL);
}

/* "Level 0 URI" to "Level 3 URI": each is in the one before it. */
static err
esco_hierarchy(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	char uri[24], label[40];
	struct slice above = { NULL, 0 };
	struct concept *c;

	for (int level = 0; level < 8; level++) {
		(void)snprintf(uri, sizeof(uri), "Level %d URI", level);
		(void)snprintf(
		    label, sizeof(label), "Level %d preferred term", level);
		const struct slice here = table_cell(row, uri);
		if (here.n == 0)
			break;
		TRY(gather_concept(g, row, here, TERM_SKILL, &c));
		if (c == NULL)
			break;
		if (c->labels == 0)
			TRY(gather_label(
			    g, row, c, table_cell(row, label), true));
		if (above.n > 0)
			TRY(gather_link_uris(
			    g, here, above, GATHER_BROADER, NULL));
		above = here;
	}
	return OK;
}

/* The collections name the broader concepts in a column. */
static err
esco_collection_links(void *ctx, const struct table_row *row)
{
	struct slice rest = table_cell(row, "broaderConceptUri"), part;

	while (slice_split(&rest, "|\n", &part))
		TRY(gather_link_uris(ctx, table_cell(row, "conceptUri"), part,
		    GATHER_BROADER, NULL));
	return OK;
}

static err
esco_related(void *ctx, const struct table_row *row)
{
	const struct slice from = table_cell(row, "originalSkillUri");
	const struct slice to = table_cell(row, "relatedSkillUri");
	const struct gather_need need = { .essential = slice_is(
					      table_cell(row, "relationType"),
					      "essential") };

	TRY(gather_link_uris(ctx, from, to, GATHER_RELATED, NULL));
	return gather_link_uris(ctx, from, to, GATHER_NEED, &need);
}

static err
esco_need(void *ctx, const struct table_row *row)
{
	const struct gather_need need = { .essential = slice_is(
					      table_cell(row, "relationType"),
					      "essential") };

	return gather_link_uris(ctx, table_cell(row, "occupationUri"),
	    table_cell(row, "skillUri"), GATHER_NEED, &need);
}

/* ---- the compact form ---- */

static err
compact_skill(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	struct esco *e = g->more;
	struct slice broader = table_cell(row, "broaderUris"), part;
	const struct slice uri = table_cell(row, "uri");
	uint64_t index;
	struct concept *c;

	if (!slice_number(table_cell(row, "idx"), &index) ||
	    index >= INDEXES_MAX) {
		g->odd_values++;
		gather_note(g, row, "idx", "idx is no number below 100000",
		    "use compact_skills.tsv as it was made");
		return OK;
	}
	TRY(gather_concept(g, row, uri,
	    esco_type(slice_of(NULL, 0), table_cell(row, "type")), &c));
	if (c == NULL)
		return OK;
	e->skills[index] = c->term;
	e->skills_n = MAX(e->skills_n, (uint32_t)index + 1);
	TRY(gather_label(g, row, c, table_cell(row, "label"), true));
	while (slice_split(&broader, " ", &part))
		TRY(gather_link_uris(g, uri, part, GATHER_BROADER, NULL));
	return OK;
}

static err
compact_needs(struct gathering *g, const struct table_row *row,
    struct concept *c, bool essential)
{
	struct esco *e = g->more;
	const char *column = essential ? "essential" : "optional";
	struct slice rest = table_cell(row, column), part;
	const struct gather_need need = { .essential = essential };
	uint64_t index;

	while (slice_split(&rest, ",", &part)) {
		if (!slice_number(part, &index)) {
			g->odd_values++;
			gather_note(g, row, column, "an index is no number",
			    "use compact_occupations.tsv as it was made");
			continue;
		}
		if (index >= e->skills_n || e->skills[index] == 0) {
			g->lost_links++;
			continue;
		}
		TRY(gather_link(g, c, GATHER_NEED, e->skills[index], &need));
	}
	return OK;
}

static err
compact_occupation(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	struct concept *c;

	TRY(gather_concept(
	    g, row, table_cell(row, "uri"), TERM_OCCUPATION, &c));
	if (c == NULL)
		return OK;
	if (c->isco == 0)
		c->isco = isco_code(table_cell(row, "isco"));
	TRY(gather_label(g, row, c, table_cell(row, "label"), true));
	TRY(compact_needs(g, row, c, true));
	return compact_needs(g, row, c, false);
}

/* ---- the files ---- */

enum when { ALWAYS, NO_SKILLS, NO_NEEDS };

static const char *const concept_columns[] = { "conceptUri", "preferredLabel",
	NULL };
static const char *const broader_columns[] = { "conceptUri", "broaderUri",
	NULL };
static const char *const level_columns[] = { "Level 0 URI", "Level 1 URI",
	NULL };
static const char *const pair_columns[] = { "originalSkillUri", "relationType",
	"relatedSkillUri", NULL };
static const char *const need_columns[] = { "occupationUri", "relationType",
	"skillUri", NULL };
static const char *const skill_columns[] = { "idx", "uri", "label", NULL };
static const char *const profile_columns[] = { "uri", "essential", "optional",
	NULL };

/* The kinds of file, in the order in which they have to be read. */
static const struct esco_file {
	const char *base; /* "*X": ends with X */
	err (*each)(void *ctx, const struct table_row *row);
	const char *const *needed;
	bool expected;
	enum when when;
} esco_files[] = {
	{ "ISCOGroups", esco_concept, concept_columns, true, ALWAYS },
	{ "skillGroups", esco_concept, concept_columns, true, ALWAYS },
	{ "skills", esco_concept, concept_columns, true, ALWAYS },
	{ "occupations", esco_concept, concept_columns, true, ALWAYS },
	{ "*Collection", esco_concept, concept_columns, false, ALWAYS },
	{ "skillsHierarchy", esco_hierarchy, level_columns, false, ALWAYS },
	{ "compact_skills.tsv", compact_skill, skill_columns, false,
	    NO_SKILLS },
	{ "broaderRelationsSkillPillar", esco_broader, broader_columns, true,
	    ALWAYS },
	{ "broaderRelationsOccPillar", esco_broader, broader_columns, true,
	    ALWAYS },
	{ "*Collection", esco_collection_links, concept_columns, false,
	    ALWAYS },
	{ "skillSkillRelations", esco_related, pair_columns, true, ALWAYS },
	{ "occupationSkillRelations", esco_need, need_columns, true, ALWAYS },
	{ "compact_occupations.tsv", compact_occupation, profile_columns, false,
	    NO_NEEDS },
};

/* "skills_de.csv" is of the base "skills" and in German. */
static bool
is_of_base(const char *name, const char *base, uint32_t *language)
{
	const char *under = strrchr(name, '_');
	const char *dot = strrchr(name, '.');

	*language = VOCABULARY_ENGLISH; /* "skills.csv" */
	if (strchr(base, '.') != NULL)
		return strcmp(name, base) == 0;
	if (dot == NULL || strcmp(dot, ".csv") != 0)
		return false;
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

/* All files of one kind; false in ${found}: there is none. */
static err
read_kind(struct gathering *g, const struct esco_file *f, char *const *names,
    size_t n, json_t *languages, bool *found)
{
	const struct table_reader r = { .needed = f->needed, .each = f->each };
	uint32_t language;

	*found = false;
	for (size_t i = 0; i < n; i++) {
		if (!is_of_base(names[i], f->base, &language))
			continue;
		*found = true;
		g->language = language;
		TRY(gather_file(g, names[i], &r));
		if (f->each == esco_concept)
			add_language(languages, language);
	}
	return OK;
}

static bool
is_wanted(const struct esco *e, enum when when)
{
	return when == ALWAYS || (when == NO_SKILLS && !e->have_skills) ||
	       (when == NO_NEEDS && !e->have_needs);
}

static err
read_kinds(struct gathering *g, char *const *names, size_t n, json_t *missing,
    json_t *languages)
{
	struct esco *e = g->more;
	char text[96];

	for (size_t k = 0; k < ARRAY_LEN(esco_files); k++) {
		const struct esco_file *f = &esco_files[k];
		bool found;
		if (!is_wanted(e, f->when))
			continue;
		TRY(read_kind(g, f, names, n, languages, &found));
		e->have_skills |= found && strcmp(f->base, "skills") == 0;
		e->have_needs |=
		    found && strcmp(f->base, "occupationSkillRelations") == 0;
		if (found || !f->expected)
			continue;
		(void)snprintf(text, sizeof(text), "%s_*.csv", f->base);
		(void)json_array_append_new(missing, json_string(text));
	}
	return OK;
}

err
import_esco(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report)
{
	struct gathering g;
	struct esco esco = { .skills =
				 calloc(INDEXES_MAX, sizeof(*esco.skills)) };
	char *names[GATHER_FILES_MAX];
	const size_t n = gather_names(dir, names);
	json_t *missing = json_array(), *languages = json_array();

	gather_init(&g, dir, "ESCO",
	    "This service uses the ESCO classification of the European "
	    "Commission.",
	    o);
	g.more = &esco;
	const err e = esco.skills == NULL
			  ? ERR_NOMEM
			  : read_kinds(&g, names, n, missing, languages);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(esco.skills);
	(void)json_object_set_new(g.report, "missing", missing);
	(void)json_object_set_new(g.report, "languages", languages);
	*report = g.report;
	return gather_finish(&g, sink, e);
}
