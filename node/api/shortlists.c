/*
 * Saved lists of candidates over the API: for a team, each change with the
 * name of the token it came by.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/api/postings.h"
#include "node/api/talk.h"
#include "node/company/shortlist.h"
#include "proto/record/names.h"

static const char *
who(const struct http_request *r)
{
	return http_caller(r)->name; /* "": the owner */
}

static void
fail_missing(struct http_request *r, const char *name)
{
	http_fail(r, 404, "E3174", "name", "ohcn shortlist list",
	    "there is no shortlist \"%.40s\"", name);
}

void
api_shortlists(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;

	if (persona_asked(n, r, &persona))
		http_reply(r, 200,
		    json_pack(
			"{s:o}", "shortlists", shortlists_json(n, persona)));
}

/* ---- one ---- */

/* A cell: quoted, and never a formula of a spreadsheet. */
static void
cell(FILE *out, const char *text)
{
	(void)fputc('"', out);
	if (text != NULL && text[0] != '\0' && strchr("=+-@\t\r", text[0]))
		(void)fputc('\'', out);
	for (; text != NULL && *text != '\0'; text++) {
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text, out);
	}
	(void)fputs("\",", out);
}

static void
reply_csv(struct http_request *r, const json_t *list)
{
	static const char *const columns[] = { "author", "card", "gone",
		"state", "note", "by" };
	char *text = NULL;
	size_t size = 0, i;
	json_t *one;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	(void)fputs("author,card,gone,state,note,by,talk,talk_state,added,"
		    "changed\r\n",
	    out);
	json_array_foreach(json_object_get(list, "candidates"), i, one)
	{
		const json_t *talk = json_object_get(one, "talk");
		for (size_t k = 0; k < ARRAY_LEN(columns); k++)
			cell(out, json_string_value(
				      json_object_get(one, columns[k])));
		cell(out, json_string_value(json_object_get(talk, "id")));
		cell(out, json_string_value(json_object_get(talk, "state")));
		(void)fprintf(out, "%" PRId64 ",%" PRId64 "\r\n",
		    (int64_t)json_integer_value(json_object_get(one, "added")),
		    (int64_t)json_integer_value(
			json_object_get(one, "changed")));
	}
	const bool good = fclose(out) == 0;
	if (good)
		http_reply_bytes(r, 200, "text/csv; charset=utf-8",
		    slice_of((const uint8_t *)text, size));
	else
		http_fail_err(r, ERR_NOMEM, "out of memory");
	free(text);
}

void
api_shortlist(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	const char *format = http_query(r, "format");
	uint32_t persona;

	if (!persona_asked(n, r, &persona))
		return;
	json_t *o = shortlist_json(n, persona, name);
	if (o == NULL) {
		fail_missing(r, name);
	} else if (format != NULL && strcmp(format, "csv") == 0) {
		reply_csv(r, o);
		json_decref(o);
	} else {
		http_reply(r, 200, o);
	}
}

/* The demand as it is called now; false: answered. */
static bool
demand_asked(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *body, json_t **out)
{
	const char *text = json_string_value(json_object_get(body, "demand"));
	struct store_view *view = NULL;
	struct store_record s;
	struct slice title = slice_of(NULL, 0);
	struct reader rd;
	uint32_t slot;

	if (text == NULL) {
		http_fail(r, 422, "E3175", "demand", "ohcn demand list",
		    "a shortlist is for a demand of yours");
		return false;
	}
	if (!find_post(n, r, persona, KIND_DEMAND, text, &slot))
		return false;
	const struct owner_post *post =
	    owner_post(n, persona, KIND_DEMAND, slot);
	*out = json_object();
	json_uint(*out, "slot", slot);
	(void)json_object_set_new(*out, "external_id",
	    json_string(post == NULL ? "" : post->external_id));
	(void)json_object_set_new(*out, "title", json_string(""));
	if (reader_init(&rd) == OK && post != NULL &&
	    store_view_open(n->store, &view) == OK &&
	    store_get_rid(view, post->rid, &s) == OK && reader_open(&rd, &s) &&
	    text_pick(value_find(&rd.payload, POSTING_TITLE), language_of(n, r),
		&title))
		json_text(*out, "title", title);
	store_view_close(view);
	reader_fini(&rd);
	return true;
}

void
api_shortlist_new(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	json_t *demand = NULL;

	if (body == NULL)
		return;
	if (demand_asked(n, r, persona, body, &demand)) {
		const err e = shortlist_new(n, persona, name, demand, who(r));
		if (e == ERR_FORM)
			http_fail(r, 422, "E3175", "name",
			    "a-z 0-9 - _, at most 24",
			    "this is no name for a shortlist");
		else if (e == ERR_EXISTS)
			http_fail(r, 409, "E3176", "name",
			    "ohcn shortlist remove",
			    "there is a shortlist \"%s\" already", name);
		else if (e == ERR_LIMIT)
			http_fail(r, 409, "E3176", NULL,
			    "ohcn shortlist remove",
			    "there are %d shortlists, as many as a persona has",
			    SHORTLISTS_MAX);
		else if (e != OK)
			http_fail_err(r, e, "the shortlist cannot be kept");
		else
			http_reply(r, 200, shortlist_json(n, persona, name));
	}
	json_decref(demand);
	json_decref(body);
}

void
api_shortlist_remove(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;

	if (!persona_asked(n, r, &persona))
		return;
	const err e = shortlist_remove(n, persona, name);
	if (e == ERR_NOTFOUND)
		fail_missing(r, name);
	else if (e != OK)
		http_fail_err(r, e, "the shortlist cannot be removed");
	else
		http_reply(r, 200, json_pack("{s:s}", "removed", name));
}

/* ---- candidates ---- */

/* false: answered. */
static bool
words_of(struct http_request *r, const json_t *body, const char **state,
    const char **note)
{
	const json_t *s = json_object_get(body, "state");
	const json_t *t = json_object_get(body, "note");

	*state = json_string_value(s);
	*note = json_string_value(t);
	if (s != NULL && (*state == NULL || !shortlist_is_state(*state))) {
		http_fail(r, 422, "E3177", "state", SHORTLIST_STATES,
		    "this is no state of a candidate");
		return false;
	}
	if (t != NULL &&
	    (*note == NULL || json_string_length(t) > SHORTLIST_NOTE_MAX)) {
		http_fail(r, 422, "E3177", "note", NULL,
		    "a note is a text of at most %d bytes", SHORTLIST_NOTE_MAX);
		return false;
	}
	return true;
}

static void
set(struct node *n, struct http_request *r, uint32_t persona,
    const uint8_t author[ED25519_PUBLIC], const json_t *body)
{
	const char *name = http_param(r, "name"), *state, *note;

	if (!words_of(r, body, &state, &note))
		return;
	const err e =
	    shortlist_set(n, persona, name, author, state, note, who(r));
	if (e == ERR_NOTFOUND)
		fail_missing(r, name);
	else if (e == ERR_LIMIT)
		http_fail(r, 409, "E3176", NULL, "ohcn shortlist drop",
		    "the shortlist has %d candidates, as many as one holds",
		    SHORTLIST_MAX);
	else if (e != OK)
		http_fail_err(r, e, "the shortlist cannot be kept");
	else
		http_reply(r, 200, shortlist_json(n, persona, name));
}

void
api_shortlist_add(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	uint64_t rid;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;
	const char *card = json_string_value(json_object_get(body, "card"));
	uint8_t author[ED25519_PUBLIC], key[X25519_SIZE];

	if (body == NULL)
		return;
	if (card == NULL)
		http_fail(r, 422, "E3177", "card",
		    "ohcn candidate list --demand ID shows cards",
		    "which card is not said");
	else if (card_find(n, r, card, &rid, author, key))
		set(n, r, persona, author, body);
	json_decref(body);
}

/* Who of the list is meant; false: answered. */
static bool
candidate_asked(struct node *n, struct http_request *r, uint32_t persona,
    uint8_t author[ED25519_PUBLIC])
{
	const char *name = http_param(r, "name"), *card = http_param(r, "card");
	const err e = shortlist_find(n, persona, name, card, author);

	if (e == ERR_EXISTS)
		http_fail(r, 409, "E3178", "card", "give more characters of it",
		    "\"%.80s\" fits several", card);
	else if (e != OK)
		http_fail(r, 404, "E3178", "card", "ohcn shortlist show NAME",
		    "\"%.80s\" is not in that shortlist", card);
	return e == OK;
}

void
api_shortlist_set(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	uint8_t author[ED25519_PUBLIC];
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	if (candidate_asked(n, r, persona, author))
		set(n, r, persona, author, body);
	json_decref(body);
}

void
api_shortlist_drop(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "name");
	uint32_t persona;
	uint8_t author[ED25519_PUBLIC];

	if (!persona_asked(n, r, &persona) ||
	    !candidate_asked(n, r, persona, author))
		return;
	const err e = shortlist_drop(n, persona, name, author);
	if (e != OK)
		http_fail_err(r, e, "the shortlist cannot be kept");
	else
		http_reply(r, 200, shortlist_json(n, persona, name));
}
