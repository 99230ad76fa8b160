#include "node/api/parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/record/stem_node.h"
#include "proto/base/text.h"

/* Keys of the payloads, as in SPEC.md. */
#define ORGANISATION_NAME         0
#define ORGANISATION_POSTING_KEYS 10
#define DEMAND_ORGANISATION       4

uint32_t
language_of(const struct node *n, const struct http_request *r)
{
	const char *text = http_query(r, "lang");

	if (text == NULL || text[0] == 0)
		text = n->config->node.language;
	if (text == NULL)
		return 0;
	return language_code(slice_of(text, strcspn(text, "-_")));
}

/* ---- records ---- */

bool
strange(const struct http_request *r)
{
	return !http_may(r, SCOPE_OWN) || http_caller(r)->only != 0;
}

/* The header fields of a record, as all answers have them. */
static json_t *
header_json(const struct record *r)
{
	const struct kind_info *info = kind_info(r->kind);
	json_t *o = json_object();

	json_id(o, "id", r->id);
	json_did(o, "author", r->author);
	(void)json_object_set_new(
	    o, "kind", json_string(info == NULL ? "open" : info->name));
	json_uint(o, "kind_number", r->kind);
	(void)json_object_set_new(o, "region", json_string(r->region));
	json_uint(o, "slot", r->slot);
	json_uint(o, "seq", r->seq);
	json_uint(o, "made", record_hour(r) * 3600);
	json_uint(o, "expires", r->expires_h * 3600);
	json_uint(o, "flags", r->flags);
	json_truth(o, "deleted", record_deleted(r));
	json_uint(o, "pv", r->pv);
	json_uint(o, "size", r->bytes.n);
	return o;
}

/* What can be read of a payload; JSON null if nothing. */
static json_t *
payload_json(const struct record *r, const struct value *payload,
    const struct vocabulary *v, uint32_t language)
{
	const struct schema *schema = schema_of(r->kind, r->pv);
	struct label_scope scope = { v, language, { NULL, NULL } };
	json_t *out = NULL;

	if (schema == NULL || record_deleted(r))
		return json_null();
	scope_add(&scope, r->kind, payload);
	const struct payload_labels labels = scope_labels(&scope);
	if (payload_to_json(schema, payload, &labels, &out) != OK)
		return json_null();
	return out;
}

json_t *
record_json(struct reader *rd, const struct store_record *s,
    const struct vocabulary *v, uint32_t language, bool full)
{
	if (!reader_open(rd, s))
		return NULL;
	json_t *o = header_json(&rd->r);
	json_uint(o, "rid", s->rid);
	json_uint(o, "received", s->received_s);
	json_truth(o, "own", s->own);
	json_truth(o, "heard", s->heard);
	json_truth(o, "on_its_way", store_is_hidden(s));
	json_truth(o, "opaque", s->opaque);
	if (full)
		json_hex(o, "bytes_hex", s->bytes);
	(void)json_object_set_new(
	    o, "payload", payload_json(&rd->r, &rd->payload, v, language));
	return o;
}

static bool
has_posting_key(const struct value *payload, const uint8_t *author)
{
	const struct value *keys =
	    value_find(payload, ORGANISATION_POSTING_KEYS);

	if (keys == NULL || keys->type != VALUE_ARRAY)
		return false;
	for (uint32_t i = 0; i < keys->n; i++)
		if (keys->items[i].type == VALUE_BIN &&
		    slice_eq(keys->items[i].s, slice_of(author, RECORD_AUTHOR)))
			return true;
	return false;
}

json_t *
organisation_name(struct store_view *view, const uint8_t *author,
    const struct value *payload, struct reader *rd2, uint32_t language)
{
	const struct value *said = value_find(payload, DEMAND_ORGANISATION);
	const uint8_t *key = author;
	struct store_record s;
	struct slice name;

	if (said != NULL && said->type == VALUE_BIN &&
	    said->s.n == RECORD_AUTHOR)
		key = said->s.p;
	if (store_get_slot(view, key, KIND_ORGANISATION, 0, &s) != OK ||
	    s.deleted || !reader_open(rd2, &s))
		return NULL;
	if (memcmp(key, author, RECORD_AUTHOR) != 0 &&
	    !has_posting_key(&rd2->payload, author))
		return NULL; /* anybody could say so */
	if (!text_pick(
		value_find(&rd2->payload, ORGANISATION_NAME), language, &name))
		return NULL;
	return json_stringn((const char *)name.p, name.n);
}

void
fail_payload(struct http_request *r, err e, const struct payload_fault *f)
{
	const char *field = f->path[0] == 0 ? NULL : f->path;
	const char *hint = f->hint[0] == 0 ? NULL : f->hint;

	if (e == ERR_NOMEM) {
		http_fail_err(r, e, "out of memory");
		return;
	}
	http_fail(r, 422, e == ERR_LIMIT ? "E3102" : "E3101", field, hint,
	    "%s%s%s", f->path, field == NULL ? "it " : " ", f->why);
}

/* ---- publishing ---- */

static const char no_stem[] =
    "this node publishes openly (stem.publish): peers of this node can link "
    "its network address to this card";

static json_t *
warnings_json(const struct node *n, uint32_t kind)
{
	json_t *list = json_array();

	if (kind == KIND_PROFILE && !stem_node_on(n))
		(void)json_array_append_new(list, json_string(no_stem));
	return list;
}

static json_t *
readers_json(const struct node *n, uint32_t kind, const char *topic)
{
	return json_sprintf("every node of network %s that subscribes to %s; "
			    "%s may keep it, pass it on and never forget it",
	    n->config->node.network, topic,
	    kind == KIND_PROFILE ? "anyone among them" : "anyone");
}

json_t *
preview_json(
    struct node *n, struct http_request *r, const struct publish_request *q)
{
	uint8_t *raw = malloc(RECORD_BYTES_MAX);
	char why[160] = "", topic[TOPIC_TEXT];
	struct reader rd;
	struct record record;

	if (raw == NULL || reader_init(&rd) != OK) {
		free(raw);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return NULL;
	}
	struct buf out = { raw, 0, RECORD_BYTES_MAX };
	json_t *reply = NULL;
	const err e =
	    publish_build(n, q, &out, &record, &rd.record_scratch, why);
	if (e != OK) {
		const struct publish_result result = { .error = e };
		struct publish_result said = result;
		memcpy(said.why, why, sizeof(said.why));
		fail_publish(r, &said);
	} else if (value_parse(
		       record.payload, &rd.value_scratch, &rd.payload) != OK) {
		http_fail(r, 500, "E3901", NULL, NULL,
		    "the record made here cannot be read again");
	} else {
		node_topic(n, kind_info(q->kind)->class, topic);
		json_t *rec = json_object(), *body = header_json(&record);
		json_id(rec, "id", record.id);
		json_uint(rec, "size", out.n);
		json_hex(rec, "bytes_hex", buf_slice(&out));
		(void)json_object_set_new(rec, "topic", json_string(topic));
		(void)json_object_set_new(body, "v", json_integer(1));
		(void)json_object_set_new(
		    body, "net", json_string(n->config->node.network));
		json_hex(body, "stamp", record.stamp);
		(void)json_object_set_new(body, "payload",
		    payload_json(&record, &rd.payload, n->terms->vocabulary,
			language_of(n, r)));
		(void)json_object_set_new(rec, "body", body);
		reply = json_object();
		(void)json_object_set_new(reply, "record", rec);
		(void)json_object_set_new(
		    reply, "readers", readers_json(n, q->kind, topic));
		json_t *warnings = warnings_json(n, q->kind);
		if (!n->authors[q->persona].stamped &&
		    q->kind != KIND_REVOCATION)
			(void)json_array_append_new(warnings,
			    json_string("the stamp of the key is still being "
					"worked out: its place holds zeros, "
					"and id and signature will differ"));
		(void)json_object_set_new(reply, "warnings", warnings);
	}
	reader_fini(&rd);
	free(raw);
	return reply;
}

void
fail_publish(struct http_request *r, const struct publish_result *p)
{
	switch ((int)p->error) {
	case ERR_LIMIT:
		http_fail(
		    r, 503, "E3110", NULL, "try again later", "%s", p->why);
		break;
	case ERR_EXISTS:
		http_fail(r, 409, "E3111", NULL, "try again in a moment", "%s",
		    p->why);
		break;
	case ERR_FORM:
		http_fail(r, 422, "E3112", NULL, NULL, "%s", p->why);
		break;
	default:
		http_fail_err(r, p->error, "%s", p->why);
	}
}

json_t *
result_json(const struct node *n, uint32_t kind, const struct publish_result *r)
{
	char topic[TOPIC_TEXT];
	json_t *o = json_object();

	node_topic(n, kind_info(kind)->class, topic);
	json_id(o, "id", r->id);
	json_uint(o, "seq", r->seq);
	json_uint(o, "expires", r->expires_h * 3600);
	json_uint(o, "size", r->bytes);
	(void)json_object_set_new(o, "topic", json_string(topic));
	return o;
}

struct published {
	struct node *n;
	struct http_request *r;
	uint32_t kind;
	json_t *extra;
};

static void
on_published(void *ctx, const struct publish_result *r)
{
	struct published *p = ctx;

	if (r->error != OK) {
		fail_publish(p->r, r);
		json_decref(p->extra);
	} else {
		char topic[TOPIC_TEXT];
		json_t *o = p->extra != NULL ? p->extra : json_object();
		node_topic(p->n, kind_info(p->kind)->class, topic);
		(void)json_object_set_new(
		    o, "record", result_json(p->n, p->kind, r));
		json_uint(o, "sent_to", r->sent_to);
		(void)json_object_set_new(o, "quiet", json_boolean(r->quiet));
		if (r->quiet) {
			json_uint(o, "relays", stem_node_relays(p->n));
			json_uint(o, "alone_s", p->n->config->stem.alone_s);
		}
		(void)json_object_set_new(
		    o, "readers", readers_json(p->n, p->kind, topic));
		(void)json_object_set_new(
		    o, "warnings", warnings_json(p->n, p->kind));
		http_reply(p->r, 200, o);
	}
	free(p);
}

void
reply_published(struct node *n, const struct publish_request *q,
    struct http_request *r, json_t *extra)
{
	struct published *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		json_decref(extra);
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	*p = (struct published){ n, r, q->kind, extra };
	owner_publish(n, q, on_published, p);
}

/* ---- work on a thread ---- */

static void
on_job_work(uv_work_t *work)
{
	struct job *j = CONTAINER_OF(work, struct job, work);

	j->run(j);
}

static void
on_job_done(uv_work_t *work, int status)
{
	struct job *j = CONTAINER_OF(work, struct job, work);

	(void)status;
	terms_give(j->node, j->terms);
	j->terms = NULL;
	j->done(j);
}

bool
job_start(struct node *n, struct http_request *r, job_fn *run, job_fn *done,
    json_t *input, void *more)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		json_decref(input);
		if (r != NULL)
			http_fail_err(r, ERR_NOMEM, "out of memory");
		return false;
	}
	j->node = n;
	j->request = r;
	j->terms = terms_take(n);
	j->run = run;
	j->done = done;
	j->input = input;
	j->more = more;
	const int rc =
	    uv_queue_work(&n->loop, &j->work, on_job_work, on_job_done);
	ASSERT(rc == 0);
	return true;
}

void
job_end(struct job *j)
{
	json_decref(j->input);
	json_decref(j->result);
	free(j);
}
