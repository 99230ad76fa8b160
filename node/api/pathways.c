/*
 * Pathways over the API: own ones, all that this node holds, and one of them
 * with those who stand for it. Publishing is in api/postings.c.
 */
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/api/feed.h"
#include "node/api/postings.h"
#include "proto/record/cosign.h"

#define PATHWAY_TITLE 0 /* keys of the payload, as in SPEC.md */
#define PATHWAY_STEPS 4
#define COSIGN_ROLES  5

/* Who stands for it: each with what became of its signature. */
static json_t *
cosigned_json(const struct record *r, uint64_t now_s)
{
	static const char *const roles[COSIGN_ROLES + 1] = { "", "co-author",
		"company", "school", "source", "coach" };
	struct cosignature list[COSIGN_MAX];
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena scratch = arena_of(memory, VALUE_ARENA_BYTES);
	json_t *out = json_array();
	size_t n = 0;

	if (memory == NULL ||
	    cosign_check(r, now_s / 3600, &scratch, list, &n) != OK)
		n = 0;
	for (size_t i = 0; i < n; i++) {
		json_t *one = json_object();
		json_did(one, "key", list[i].key);
		(void)json_object_set_new(one, "role",
		    json_string(roles[MIN(list[i].role, COSIGN_ROLES)]));
		json_uint(one, "until", list[i].until_h * 3600);
		(void)json_object_set_new(one, "result",
		    json_string(cosign_result_name(list[i].result)));
		(void)json_array_append_new(out, one);
	}
	free(memory);
	return out;
}

static json_t *
pathway_json(struct task *t, struct reader *rd, const struct store_record *s,
    uint32_t language)
{
	json_t *o = record_json(rd, s, t->terms->vocabulary, language, false);
	struct slice title;

	if (o == NULL)
		return NULL;
	if (text_pick(
		value_find(&rd->payload, PATHWAY_TITLE), language, &title))
		json_text(o, "title", title);
	else
		(void)json_object_set_new(o, "title", json_string(""));
	const struct value *steps = value_find(&rd->payload, PATHWAY_STEPS);
	json_uint(o, "steps", steps == NULL ? 0 : steps->n);
	(void)json_object_set_new(
	    o, "cosigned", cosigned_json(&rd->r, t->now_s));
	return o;
}

static void
all_run(struct task *t)
{
	const uint32_t language =
	    (uint32_t)json_integer_value(json_object_get(t->input, "language"));
	const size_t limit =
	    (size_t)json_integer_value(json_object_get(t->input, "limit"));
	struct feed *f = feed_open(t, KIND_PATHWAY, false);
	json_t *list;
	struct reader rd;

	if (f == NULL)
		return;
	if (reader_init(&rd) != OK) {
		feed_close(f);
		task_fail(
		    t, 503, "E1901", "try again in a moment", "out of memory");
		return;
	}
	list = json_array();
	const bool hides = json_is_true(json_object_get(t->input, "strange"));
	while (json_array_size(list) < limit && feed_step(f)) {
		if (hides && store_is_hidden(&f->s))
			continue;
		json_t *one = pathway_json(t, &rd, &f->s, language);
		if (one != NULL)
			(void)json_array_append_new(list, one);
	}
	t->result = json_object();
	json_uint(t->result, "count", json_array_size(list));
	(void)json_object_set_new(t->result, "pathways", list);
	reader_fini(&rd);
	feed_close(f);
}

void
api_pathways(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint64_t limit = 0;
	json_t *input;

	if (http_query(r, "all") == NULL) { /* this node's */
		if (http_need(r, SCOPE_PUBLISH | SCOPE_COURSE))
			list_posts(n, r, KIND_PATHWAY, "pathways");
		return;
	}
	if (!http_query_range(r, "limit", 1,
		MIN((uint64_t)LIST_DEFAULT, n->config->limits.list_rows),
		n->config->limits.list_rows, &limit))
		return;
	input = json_object();
	json_uint(input, "limit", limit);
	json_uint(input, "language", language_of(n, r));
	json_truth(input, "strange", strange(r));
	task_start(n, r, all_run, input);
}

static void
one_run(struct task *t)
{
	const uint32_t language =
	    (uint32_t)json_integer_value(json_object_get(t->input, "language"));
	struct store_record s;
	struct reader rd;

	if (!find_record(t,
		json_string_value(json_object_get(t->input, "record")),
		KIND_PATHWAY, &s))
		return;
	if (json_is_true(json_object_get(t->input, "strange")) &&
	    store_is_hidden(&s)) {
		task_fail(t, 404, "E3503", "ohcn pathway list --all",
		    "there is no such record");
		return;
	}
	if (reader_init(&rd) == OK)
		t->result = pathway_json(t, &rd, &s, language);
	if (t->result == NULL)
		task_fail(t, 500, "E3902", "ohcn store check",
		    "the record on our disk cannot be read");
	reader_fini(&rd);
}

void
api_pathway(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *id = http_param(r, "id");
	char full[RECORD_ID_TEXT];
	uint32_t persona, slot;
	json_t *input;

	if (!persona_asked(n, r, &persona))
		return;
	if (http_may(r, SCOPE_OWN) &&
	    owner_find(n, persona, KIND_PATHWAY, id, &slot) == OK) {
		record_id_put(
		    full, owner_post(n, persona, KIND_PATHWAY, slot)->id);
		id = full;
	}
	input = json_object();
	(void)json_object_set_new(input, "record", json_string(id));
	json_uint(input, "language", language_of(n, r));
	json_truth(input, "strange", strange(r));
	task_start(n, r, one_run, input);
}
