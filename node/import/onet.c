/* Directories of O*NET, see import/vocabulary.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "match/normal.h"
#include "node/import/gather.h"

#define SLUG_MAX 160

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
	TRY(gather_concept(g, row, onet_uri(id, uri), type, &c));
	if (c == NULL)
		return OK;
	TRY(gather_label(g, row, c, table_cell(row, "Element Name"), true));
	/* the file lists a group before what is in it */
	while (id.n > 0 && id.p[id.n - 1] != '.')
		id.n--;
	id.n -= id.n > 0;
	above = gather_find(g, term_of_uri(onet_uri(id, uri)));
	return above == NULL
		   ? OK
		   : gather_link(g, c, GATHER_BROADER, above->term, NULL);
}

static err
onet_occupation(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	const struct slice code = table_cell(row, "O*NET-SOC Code");
	struct concept *c;
	char uri[64];

	if (code.n == 0) {
		g->odd_rows++;
		gather_note(g, row, "O*NET-SOC Code", "there is no code",
		    "the row was left out");
		return OK;
	}
	TRY(gather_concept(g, row, onet_uri(code, uri), TERM_OCCUPATION, &c));
	if (c == NULL)
		return OK;
	TRY(gather_label(g, row, c, table_cell(row, "Title"), true));
	return gather_describe(g, c, table_cell(row, "Description"));
}

/* The occupation of a row; NULL: not there, counted. */
static struct concept *
occupation_of(struct gathering *g, const struct table_row *row)
{
	char uri[64];
	struct concept *c = gather_find(
	    g, term_of_uri(onet_uri(table_cell(row, "O*NET-SOC Code"), uri)));

	if (c == NULL)
		g->lost_links++;
	return c;
}

static err
onet_title(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	struct concept *c = occupation_of(g, row);

	if (c == NULL)
		return OK;
	TRY(gather_label(g, row, c, table_cell(row, "Alternate Title"), false));
	return gather_label(g, row, c, table_cell(row, "Short Title"), false);
}

/* "4.12" in hundredths, without floating point; -1: no such number. */
static int
hundredths(struct slice s)
{
	int n = 0, places = -1;

	if (s.n == 0 || s.n > 12)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (!isdigit(s.p[i]))
			return -1;
		if (places < 2 && n < 100000)
			n = n * 10 + (s.p[i] - '0');
		places += places >= 0 && places < 2;
	}
	for (places = places < 0 ? 0 : places; places < 2; places++)
		n *= 10;
	return n;
}

/* Skills and Knowledge: how important an element is, and at what level. */
static err
onet_rating(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	const struct slice scale = table_cell(row, "Scale ID");
	const bool importance = slice_is(scale, "IM");
	struct gather_need need = { .rated = true };
	char from[64], to[64];

	if ((!importance && !slice_is(scale, "LV")) ||
	    slice_is(table_cell(row, "Recommend Suppress"), "Y") ||
	    slice_is(table_cell(row, "Not Relevant"), "Y"))
		return OK;
	const int value = hundredths(table_cell(row, "Data Value"));
	if (value < 0 || value > (importance ? 500 : 700)) {
		g->odd_values++;
		gather_note(g, row, "Data Value",
		    importance ? "no number from 1 to 5"
			       : "no number from 0 to 7",
		    "the value was left out: use the file as published");
		return OK;
	}
	if (importance)
		need.importance = (uint16_t)MAX(value, 100);
	else
		need.level = (uint8_t)MAX((value * 5 + 699) / 700, 1);
	return gather_link_uris(g,
	    onet_uri(table_cell(row, "O*NET-SOC Code"), from),
	    onet_uri(table_cell(row, "Element ID"), to), GATHER_NEED, &need);
}

static err
onet_zone(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	struct concept *c = occupation_of(g, row);
	uint64_t zone;

	if (c == NULL)
		return OK;
	if (!slice_number(table_cell(row, "Job Zone"), &zone) || zone < 1 ||
	    zone > 5) {
		g->odd_values++;
		gather_note(g, row, "Job Zone", "no number from 1 to 5",
		    "the zone was left out: use the file as published");
		return OK;
	}
	c->zone = (uint8_t)zone;
	return OK;
}

/* ---- technology ---- */

/* "Microsoft .NET Framework" to urn:onet:technology:microsoft-net-framework */
static struct slice
technology_uri(struct slice name, char out[SLUG_MAX + 32])
{
	static const char head[] = "urn:onet:technology:";
	const size_t head_n = sizeof(head) - 1;
	struct buf b = { (uint8_t *)out, head_n, head_n + SLUG_MAX };

	memcpy(out, head, head_n);
	normal_put(name, &b);
	for (size_t i = head_n; i < b.n; i++)
		if (out[i] == ' ')
			out[i] = '-';
	return b.n == head_n ? slice_of(NULL, 0) : buf_slice(&b);
}

static err
onet_technology(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	const struct slice name = table_cell(row, "Example");
	const struct slice code = table_cell(row, "Commodity Code");
	const struct slice group = table_cell(row, "Commodity Title");
	const struct gather_need need = {
		.essential = slice_is(table_cell(row, "In Demand"), "Y")
	};
	char space[SLUG_MAX + 32], unspsc[64];
	struct concept *c, *above;
	uint64_t term, number;

	TRY(gather_concept(
	    g, row, technology_uri(name, space), TERM_KNOWLEDGE, &c));
	if (c == NULL)
		return OK;
	term = c->term;
	TRY(gather_label(g, row, c, name, true));
	if (slice_number(code, &number) && group.n > 0) {
		const int n = snprintf(
		    unspsc, sizeof(unspsc), "urn:onet:unspsc:%" PRIu64, number);
		const struct slice uri = slice_of(unspsc, (size_t)n);
		TRY(gather_concept(g, row, uri, TERM_KNOWLEDGE, &above));
		if (above->labels == 0)
			TRY(gather_label(g, row, above, group, true));
		const uint64_t group_term = above->term;
		c = gather_find(g, term); /* it may have moved */
		TRY(gather_link(g, c, GATHER_BROADER, group_term, NULL));
	}
	c = occupation_of(g, row);
	return c == NULL ? OK : gather_link(g, c, GATHER_NEED, term, &need);
}

/* ---- work activities ---- */

/* An activity, in the one above it; ${above} 0: none. */
static err
activity(struct gathering *g, const struct table_row *row, const char *id,
    const char *title, uint64_t above, uint64_t *out)
{
	struct concept *c;
	char uri[64];

	*out = 0;
	TRY(gather_concept(
	    g, row, onet_uri(table_cell(row, id), uri), TERM_SKILL, &c));
	if (c == NULL)
		return OK;
	*out = c->term;
	if (c->labels == 0) {
		struct slice label = table_cell(row, title);
		if (label.n > 1 && label.p[label.n - 1] == '.')
			label.n--; /* a title here is a sentence */
		TRY(gather_label(g, row, c, label, true));
	}
	return above == 0 ? OK : gather_link(g, c, GATHER_BROADER, above, NULL);
}

static err
onet_activity(void *ctx, const struct table_row *row)
{
	uint64_t term;

	TRY(activity(ctx, row, "Element ID", "Element Name", 0, &term));
	TRY(activity(ctx, row, "IWA ID", "IWA Title", term, &term));
	return activity(ctx, row, "DWA ID", "DWA Title", term, &term);
}

static err
onet_task(void *ctx, const struct table_row *row)
{
	struct gathering *g = ctx;
	uint64_t term;

	TRY(activity(g, row, "DWA ID", "DWA Title", 0, &term));
	struct concept *c = occupation_of(g, row);
	return c == NULL || term == 0
		   ? OK
		   : gather_link(g, c, GATHER_NEED, term, NULL);
}

static const char *const element_columns[] = { "Element ID", "Element Name",
	NULL };
static const char *const occupation_columns[] = { "O*NET-SOC Code", "Title",
	NULL };
static const char *const title_columns[] = { "O*NET-SOC Code",
	"Alternate Title", NULL };
static const char *const rating_columns[] = { "O*NET-SOC Code", "Element ID",
	"Scale ID", "Data Value", NULL };
static const char *const zone_columns[] = { "O*NET-SOC Code", "Job Zone",
	NULL };
static const char *const technology_columns[] = { "O*NET-SOC Code", "Example",
	NULL };
static const char *const activity_columns[] = { "Element ID", "Element Name",
	"IWA ID", "IWA Title", "DWA ID", "DWA Title", NULL };
static const char *const task_columns[] = { "O*NET-SOC Code", "DWA ID",
	"DWA Title", NULL };

static const struct {
	const char *name;
	err (*each)(void *ctx, const struct table_row *row);
	const char *const *needed;
} onet_files[] = {
	{ "Content Model Reference.txt", onet_element, element_columns },
	{ "Occupation Data.txt", onet_occupation, occupation_columns },
	{ "Alternate Titles.txt", onet_title, title_columns },
	{ "Skills.txt", onet_rating, rating_columns },
	{ "Knowledge.txt", onet_rating, rating_columns },
	{ "Job Zones.txt", onet_zone, zone_columns },
	{ "Technology Skills.txt", onet_technology, technology_columns },
	{ "DWA Reference.txt", onet_activity, activity_columns },
	{ "Tasks to DWAs.txt", onet_task, task_columns },
};

err
import_onet(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report)
{
	struct gathering g;
	json_t *missing = json_array();
	err e = OK;

	gather_init(&g, dir, "O*NET",
	    "This product includes information from the O*NET Database by the "
	    "U.S. Department of Labor, Employment and Training Administration "
	    "(USDOL/ETA). Used under the CC BY 4.0 license. O*NET\xc2\xae is "
	    "a trademark of USDOL/ETA. Modified; USDOL/ETA has not approved, "
	    "endorsed, or tested these modifications.",
	    o);
	g.language = VOCABULARY_ENGLISH;
	for (size_t i = 0; i < ARRAY_LEN(onet_files) && e == OK; i++) {
		const struct table_reader r = { .plain = true,
			.needed = onet_files[i].needed,
			.each = onet_files[i].each };
		char path[GATHER_PATH_BYTES];
		FILE *f = NULL;
		if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir,
			onet_files[i].name) < sizeof(path))
			f = fopen(path, "rb");
		if (f == NULL) {
			(void)json_array_append_new(
			    missing, json_string(onet_files[i].name));
			continue;
		}
		(void)fclose(f);
		e = gather_file(&g, onet_files[i].name, &r);
	}
	(void)json_object_set_new(g.report, "missing", missing);
	(void)json_object_set_new(
	    g.report, "languages", json_pack("[s]", "en"));
	*report = g.report;
	return gather_finish(&g, sink, e);
}
