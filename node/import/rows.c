#include "node/import/sheet.h"

#include "node/import/cells.h"
#include "node/import/prose.h"
#include "node/import/statistic.h"
#include "node/import/words.h"

/*
 * Where no cell lists the skills, those that the description names are taken
 * (with a lower weight, for the person to look at), as from a web page.
 */
static void
copy_description(struct import_draft *d, const struct sheet *t)
{
	struct prose p = { .take = sheet_cell(t, "skills").n == 0
				       ? prose_requirement
				       : NULL,
		.ctx = d,
		.speak =
		    sheet_cell(t, "languages").n == 0 ? prose_language : NULL };
	const uint32_t own = d->language;
	uint32_t language;

	prose_read(&p, d, sheet_cell(t, "description"), "description");
	for (size_t i = 0; i < t->cells_n && i < t->columns; i++) {
		if (!sheet_text_column(t->names[i], &language) ||
		    t->names[i][0] != 'd')
			continue;
		d->language = language;
		prose_read(&p, d, t->cells[i], t->names[i]);
	}
	d->language = own;
}

static void
copy_demand(struct import_draft *d, const struct sheet *t)
{
	struct import_term term;

	cell_text(d, t, "type", "type", 40);
	if (json_object_get(d->draft, "type") == NULL)
		(void)json_object_set_new(d->draft, "type", json_string("job"));
	cell_choice(d, t, "remote", workplace_get);
	cell_contract(d, t);
	cell_text(d, t, "status", "status", 40);
	cell_requirements(d, t);
	copy_description(d, t);
	cell_skills(d, t, "teaches");
	cell_invests(d, t);
	cell_number(d, t, "hours", "guaranteed_hours");
	cell_pay(d, t);
	cell_salary(d, t);
	cell_purposes(d, t);
	text_set(
	    d, "experience", d->language, sheet_cell(t, "experience"), 280);
	if (sheet_cell(t, "occupation").n > 0 &&
	    import_term(d, sheet_cell(t, "occupation"), 0, "occupation", &term))
		(void)json_object_set_new(
		    d->draft, "occupation", json_string(term.hex));
}

static void
copy_course(struct import_draft *d, const struct sheet *t)
{
	cell_text(d, t, "type", "type", 40);
	if (json_object_get(d->draft, "type") == NULL)
		(void)json_object_set_new(
		    d->draft, "type", json_string("course"));
	cell_taught(d, t);
	cell_skills(d, t, "needs");
	cell_number(d, t, "hours", "hours");
	cell_number(d, t, "weeks", "weeks");
	cell_duration(d, t);
	cell_number(d, t, "sessions", "sessions");
	cell_cost(d, t);
	cell_formats(d, t);
	cell_yes(d, t, "self_paced");
	text_set(
	    d, "credential", d->language, sheet_cell(t, "credential"), 120);
}

/*
 * The region: its own column; else the country that the place names; else
 * the node's.
 */
static void
copy_place(struct import_draft *d, const struct sheet *t, json_t *row)
{
	const struct slice region = sheet_cell(t, "region"),
			   place = sheet_cell(t, "place");
	struct slice town = place;
	char letters[3];
	bool found = false;

	if (region.n > 0 && !region_get(region, letters)) {
		import_fail(d, "region", "write two letters, like de",
		    "\"%.*s\" is no country code", SHOWN(region));
	} else if (region.n > 0) {
		found = true;
	} else if (place.n > 0) {
		const char *way = workplace_get(place);
		found = country_get(place, t->o->region, letters, &town);
		if (t->kind == KIND_DEMAND && way != NULL && !found &&
		    sheet_cell(t, "remote").n == 0) {
			(void)json_object_set_new(
			    d->draft, "remote", json_string(way));
			town.n = strcmp(way, "remote") == 0 ? 0 : town.n;
		}
	}
	if (found)
		(void)json_object_set_new(row, "region", json_string(letters));
	else if (t->o->region != NULL && region.n == 0)
		(void)json_object_set_new(
		    row, "region", json_string(t->o->region));
	if (!found && place.n > 0 && region.n == 0)
		import_note(d, "place",
		    "write \"Lyon, France\", or add a column region",
		    t->o->region != NULL
			? "names no country: your node's region, %s, was taken"
			: "names no country%s",
		    t->o->region != NULL ? t->o->region : "");
	if (t->kind == KIND_COURSE && town.n > 0)
		import_note(d, "place", "put the town into the title",
		    "a course has no place: only the country is published");
	json_t *text = town.n == 0 ? NULL : clean_text(town, 80, NULL);
	if (text != NULL && t->kind == KIND_DEMAND)
		(void)json_object_set_new(d->draft, "place", text);
	else
		json_decref(text);
}

static void
copy_identity(struct import_draft *d, struct sheet *t, json_t *row)
{
	json_t *id = clean_text(sheet_cell(t, "external_id"), 256, NULL);

	if (id != NULL) {
		const char *text = json_string_value(id);
		const json_t *before = json_object_get(t->ids, text);
		if (before != NULL)
			import_fail(d, "external_id",
			    "give each row an id of its own",
			    "\"%.60s\" is also in row %d", text,
			    (int)json_integer_value(before));
		else
			(void)json_object_set_new(
			    t->ids, text, json_integer(t->row_line));
		(void)json_object_set(row, "external_id", id);
		(void)json_object_set_new(d->draft, "external_id", id);
	}
	copy_place(d, t, row);
}

void
sheet_take_row(struct sheet *t)
{
	struct import_draft d;

	if (t->kind == KIND_STATISTIC) {
		statistic_row(t);
		return;
	}
	json_t *row = json_object();
	import_draft_init(&d, t->lookup, t->o);
	(void)json_object_set_new(row, "row", json_integer(t->row_line));
	if (t->cells_seen > t->columns)
		import_fail(&d, "",
		    "put cells that hold the separator into quotation marks",
		    "has %zu cells, the header has %zu", t->cells_seen,
		    t->columns);
	copy_identity(&d, t, row);
	cell_texts(&d, t);
	cell_number(&d, t, "seats", "seats");
	cell_text(&d, t, "website", "website", 256);
	cell_languages(&d, t);
	cell_date(&d, t);
	if (t->kind == KIND_COURSE)
		copy_course(&d, t);
	else
		copy_demand(&d, t);
	import_draft_finish(&d, t->kind);
	(void)json_object_set_new(
	    row, "state", json_string(d.failed ? "failed" : "ready"));
	t->counts[d.failed]++;
	const json_t *first = json_array_get(d.messages, 0);
	if (first != NULL)
		(void)json_object_update(row, (json_t *)(uintptr_t)first);
	import_draft_report(&d, row);
	import_draft_drop(&d);
	(void)json_array_append_new(t->rows, row);
}
