#include "node/api/advice.h"

#include "node/api/find.h"
#include "proto/base/text.h"

static json_t *
age_json(const struct task *t, uint64_t made_h)
{
	const uint64_t made = made_h * 3600;

	if (made_h == 0)
		return json_null();
	return json_integer(
	    t->now_s > made ? (json_int_t)(t->now_s - made) : 0);
}

void
advice_view(const struct task *t, json_t *o)
{
	struct store_stat stat;
	json_t *view = json_object();

	if (store_stat(t->view, &stat) == OK) {
		json_uint(view, "records", stat.totals.records);
		(void)json_object_set_new(
		    view, "oldest_age_s", age_json(t, stat.oldest_h));
		(void)json_object_set_new(
		    view, "newest_age_s", age_json(t, stat.newest_h));
	}
	(void)json_object_set_new(o, "view", view);
}

void
advice_fail(struct task *t, err e)
{
	find_fail(t, e);
}

json_t *
advice_language(uint32_t code)
{
	const char text[4] = { (char)(code > 0xffff ? code >> 16 : code >> 8),
		(char)(code > 0xffff ? code >> 8 : code),
		(char)(code > 0xffff ? code : 0), 0 };

	return code == 0 ? json_null() : json_string(text);
}

json_t *
advice_fields(
    const struct label_scope *s, const struct team_view *view, uint64_t fields)
{
	json_t *list = json_array();

	for (size_t i = 0; i < TEAM_BACKGROUNDS_MAX; i++)
		if ((fields >> i & 1) != 0)
			(void)json_array_append_new(
			    list, term_json(s, team_background(view, i)));
	return list;
}

/* The record of a candidate; null in ${list} is never put. */
json_t *
advice_members(struct task *t, const struct label_scope *s,
    const struct team_task *task, const struct team_view *view,
    const struct team_candidate *people, const struct team *team)
{
	json_t *list = json_array();

	for (size_t i = 0; i < team->members_n; i++) {
		const struct team_candidate *c = &people[team->members[i]];
		json_t *o = json_object(), *brings = json_array();
		json_t *wants = json_array();
		struct store_record r;
		json_id(o, "record", c->id);
		if (store_get(t->view, c->id, &r) == OK) {
			json_did(o, "author", r.author);
			(void)json_object_set_new(
			    o, "region", json_string(r.region));
			json_uint(o, "expires", r.expires_h * 3600);
		}
		for (size_t k = 0; k < task->needs_n; k++) {
			const uint64_t term = task->needs[k].term;
			if (team->cover[k].best > 0 && team->cover[k].by == i)
				(void)json_array_append_new(
				    brings, term_json(s, term));
			if (c->wants[k] && !c->holds[k])
				(void)json_array_append_new(
				    wants, term_json(s, term));
		}
		(void)json_object_set_new(o, "brings", brings);
		(void)json_object_set_new(o, "wants_to_learn", wants);
		(void)json_object_set_new(
		    o, "fields", advice_fields(s, view, c->backgrounds));
		json_uint(o, "hours", card_hours_max(c->hours));
		json_truth(o, "ask_language",
		    team->language != 0 && !c->languages_known);
		json_uint(o, "load", c->load);
		(void)json_array_append_new(list, o);
	}
	return list;
}

json_t *
advice_needs(const struct label_scope *s, const struct team_task *task,
    const struct team_candidate *people, const struct team *team)
{
	json_t *list = json_array();

	for (size_t i = 0; i < task->needs_n; i++) {
		const struct team_need *need = &task->needs[i];
		const struct team_cover *c = &team->cover[i];
		json_t *o = term_json(s, need->term);
		json_t *learner = json_null();
		json_uint(o, "level", need->level);
		json_uint(o, "weight", need->weight);
		json_truth(o, "must", need->must);
		json_uint(o, "times", need->times);
		json_uint(o, "credit", c->best);
		json_uint(o, "credit_second", c->second);
		json_uint(o, "held_by", c->held_by);
		json_truth(o, "missing", c->missing);
		json_truth(o, "fragile", c->fragile);
		if (c->best > 0)
			json_id(o, "by", people[team->members[c->by]].id);
		else
			(void)json_object_set_new(o, "by", json_null());
		if (c->learner_is) {
			const struct team_candidate *p =
			    &people[team->members[c->learner]];
			learner = json_object();
			json_id(learner, "record", p->id);
			json_truth(learner, "wants", p->wants[i]);
			json_uint(learner, "credit", p->credit[i]);
		}
		(void)json_object_set_new(o, "could_learn", learner);
		(void)json_array_append_new(list, o);
	}
	return list;
}
