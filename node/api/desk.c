#include "node/api/desk.h"

#include <stdlib.h>

#include "match/course.h"
#include "node/api/postings.h"

/* ---- the side that seeks ---- */

static bool
draft_fails(struct task *t, const struct match_ask *ask, const char *path,
    const char *why)
{
	task_fail(t, 422, "E3101",
	    ask->for_person ? "ohcn profile edit" : "ohcn help demand post",
	    "the draft cannot be used: %s %s", path, why);
	return false;
}

/* The draft of the input as a payload. */
static bool
read_draft(struct desk *d, uint32_t kind)
{
	struct task *t = d->t;
	struct payload_fault f = { 0 };
	err e = user_payload_read(kind, json_object_get(t->input, "draft"),
	    json_string_value(json_object_get(t->input, "region")), &d->bytes,
	    &f);

	if (e != OK)
		return draft_fails(t, d->ask, f.path, f.why);
	arena_reset(&d->own_rd.value_scratch);
	e = value_parse(slice_of(d->bytes.bytes, d->bytes.n),
	    &d->own_rd.value_scratch, &d->own);
	return e == OK || draft_fails(t, d->ask, "", err_name(e));
}

static bool
open_person(struct desk *d)
{
	const json_t *wishes = json_object_get(d->t->input, "wishes");
	struct person *p = &d->person;
	struct payload_fault f = { 0 };

	if (wishes_read(wishes, &p->wishes, &f) != OK)
		return draft_fails(d->t, d->ask, f.path, f.why);
	if (!read_draft(d, KIND_PROFILE))
		return false;
	const err e = card_decode(&d->own, d->bytes.region, &d->bare);
	if (e != OK)
		return draft_fails(d->t, d->ask, "", err_name(e));
	p->has_wishes = wishes != NULL;
	card_resolve(&d->bare, d->t->terms->vocabulary);
	wishes_resolve(&p->wishes, d->t->terms->vocabulary);
	card_with_wishes(&d->bare, &p->wishes, &p->card);
	return true;
}

static bool
open_demand(struct desk *d)
{
	struct task *t = d->t;
	struct store_record r;
	err e;

	if (d->ask->rid == 0) {
		if (!read_draft(d, KIND_DEMAND))
			return false;
		e = posting_decode(&d->own, d->bytes.region, &d->posting);
		if (e != OK)
			return draft_fails(t, d->ask, "", err_name(e));
	} else if (store_get_rid(t->view, d->ask->rid, &r) == OK &&
		   reader_open(&d->own_rd, &r) &&
		   posting_decode(&d->own_rd.payload, r.region, &d->posting) ==
		       OK) {
		d->own = d->own_rd.payload;
		d->published = true;
		memcpy(d->own_id, r.id, RECORD_ID);
	} else {
		task_fail(t, 409, "E3403", "try again in a moment",
		    "the demand has just been changed");
		return false;
	}
	posting_resolve(&d->posting, t->terms->vocabulary);
	return true;
}

struct desk *
desk_open(struct task *t)
{
	struct desk *d = calloc(1, sizeof(*d));

	if (d == NULL || reader_init(&d->rd) != OK ||
	    reader_init(&d->rd2) != OK || reader_init(&d->own_rd) != OK) {
		desk_close(d);
		find_fail(t, ERR_NOMEM);
		return NULL;
	}
	d->t = t;
	d->ask = t->more;
	if (d->ask->for_person ? open_person(d) : open_demand(d))
		return d;
	desk_close(d);
	return NULL;
}

void
desk_close(struct desk *d)
{
	if (d == NULL)
		return;
	lessons_free(&d->lessons);
	reader_fini(&d->rd);
	reader_fini(&d->rd2);
	reader_fini(&d->own_rd);
	free(d);
}

/* ---- the other side ---- */

static bool
take_posting(struct desk *d, const struct store_record *r)
{
	const err e =
	    r->kind == KIND_COURSE
		? course_posting(&d->rd.payload, r->region, &d->posting)
		: posting_decode(&d->rd.payload, r->region, &d->posting);

	if (e == OK)
		posting_resolve(&d->posting, d->t->terms->vocabulary);
	return e == OK;
}

static bool
take_card(struct desk *d, const struct store_record *r)
{
	struct card *c = &d->person.card;

	if (card_decode(&d->rd.payload, r->region, c) != OK)
		return false;
	card_resolve(c, d->t->terms->vocabulary);
	d->bare = *c;
	return true;
}

bool
desk_take(struct desk *d, const struct store_record *r)
{
	const bool person = d->ask->for_person;

	d->r = *r;
	if (r->deleted || !reader_open(&d->rd, r) ||
	    !(person ? take_posting(d, r) : take_card(d, r)))
		return false;
	d->scope = (struct label_scope){ d->t->terms->vocabulary,
		d->ask->language, { NULL, NULL } };
	scope_add(&d->scope, r->kind, &d->rd.payload);
	scope_add(&d->scope, person ? KIND_PROFILE : KIND_DEMAND, &d->own);
	return true;
}

bool
desk_take_hit(struct desk *d, const struct scan_result *res)
{
	struct store_record r;

	return store_get(d->t->view, res->id, &r) == OK && desk_take(d, &r);
}

bool
desk_find(struct desk *d, const char *text)
{
	struct store_record r;

	/* For a person a demand or a course; the kind is looked at after. */
	if (!find_record(d->t, text, d->ask->for_person ? 0 : KIND_PROFILE, &r))
		return false;
	if (d->ask->for_person && r.kind != KIND_DEMAND &&
	    r.kind != KIND_COURSE) {
		task_fail(d->t, 404, "E3202", "ohcn match list",
		    "\"%.80s\" is neither a demand nor a course", text);
		return false;
	}
	if (desk_take(d, &r))
		return true;
	task_fail(d->t, 422, "E3402", NULL,
	    "this record is withdrawn or cannot be interpreted");
	return false;
}

bool
desk_search(struct desk *d, enum match_list list, const struct find_options *o,
    struct found *out)
{
	if (!d->ask->for_person)
		return find_people(d->t, &d->posting, o, out);
	return find_postings(d->t, list, &d->bare,
	    d->person.has_wishes ? &d->person.wishes : NULL, o, out);
}

/* ---- the pair ---- */

bool
desk_score(struct desk *d)
{
	const struct meaning *m = &d->t->meaning;
	err e = score_fit(m, &d->posting, &d->person.card, &d->score[0]);

	if (e == OK)
		e = score_wish(m, &d->posting, &d->person.card,
		    d->person.has_wishes ? &d->person.wishes : NULL,
		    &d->score[1]);
	if (e != OK)
		find_fail(d->t, e);
	return e == OK;
}

bool
desk_step(struct desk *d, struct learning_step *step, bool *there)
{
	*there = false;
	if (!d->lessons_loaded && !lessons_load(d->t, &d->lessons))
		return false;
	d->lessons_loaded = true;
	const struct lesson_source source = lessons_source(&d->lessons);
	const err e = scan_learning_step(
	    &d->t->meaning, &d->posting, &d->person.card, &source, step);
	*there = e == OK;
	if (e != OK && e != ERR_NOTFOUND)
		find_fail(d->t, e);
	return e == OK || e == ERR_NOTFOUND;
}

/* ---- as JSON ---- */

static void
put_title(json_t *o, const struct value *payload, uint32_t language)
{
	struct slice title;

	if (text_pick(value_find(payload, POSTING_TITLE), language, &title))
		json_text(o, "title", title);
	else
		(void)json_object_set_new(o, "title", json_string(""));
}

void
desk_who(struct desk *d, json_t *o)
{
	const struct store_record *r = &d->r;

	json_id(o, "record", r->id);
	(void)json_object_set_new(
	    o, "kind", json_string(kind_info(r->kind)->name));
	json_did(o, "author", r->author);
	(void)json_object_set_new(o, "region", json_string(r->region));
	json_uint(o, "made", (r->seq >> 8) * 3600);
	json_uint(o, "expires", r->expires_h * 3600);
	if (!d->ask->for_person) {
		put_title(o, &d->own, d->ask->language);
		return;
	}
	put_title(o, &d->rd.payload, d->ask->language);
	(void)json_object_set_new(o, "type",
	    json_string(r->kind == KIND_COURSE
			    ? "course"
			    : posting_type_name(d->posting.type)));
	json_t *name = organisation_name(
	    d->t->view, r->author, &d->rd.payload, &d->rd2, d->ask->language);
	(void)json_object_set_new(
	    o, "organisation", name == NULL ? json_null() : name);
}

void
desk_result(json_t *o, const struct scan_result *r)
{
	json_uint(o, "score", (uint64_t)MAX(r->both, 0));
	json_uint(o, "fit", (uint64_t)MAX(r->fit, 0));
	json_uint(o, "wish", (uint64_t)MAX(r->wish, 0));
	json_truth(o, "excluded", r->excluded);
	json_truth(o, "near", r->near);
}

json_t *
desk_demand_json(struct desk *d)
{
	json_t *o = json_object();

	if (d->published)
		json_id(o, "id", d->own_id);
	else
		(void)json_object_set_new(o, "id", json_null());
	put_title(o, &d->own, d->ask->language);
	return o;
}

json_t *
desk_explain(struct desk *d)
{
	struct learning_step step;
	bool there;

	if (!desk_score(d) || !desk_step(d, &step, &there))
		return NULL;
	json_t *o = json_object();
	desk_who(d, o);
	if (!d->ask->for_person)
		(void)json_object_set_new(o, "demand", desk_demand_json(d));
	const err e = explain_pair(d->t, &d->scope,
	    &(struct pair){ &d->posting, &d->person, &d->bare, &d->score[0],
		&d->score[1], there ? &step : NULL },
	    &d->rd2, o);
	json_t *rank = e == OK ? rank_json(d) : NULL;
	if (e != OK)
		find_fail(d->t, e);
	if (rank == NULL) {
		json_decref(o);
		return NULL;
	}
	(void)json_object_set_new(o, "rank", rank);
	return o;
}
