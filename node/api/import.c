/*
 * Many demands or courses at once: a file becomes rows (on a worker), each
 * row is matched with what is published by its external id (on the loop),
 * and only when all of them are sound is anything published. The answer goes
 * out when the last row is on the disk.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/noise.h"
#include "match/signal/signal.h"
#include "node/api/import.h"
#include "node/api/postings.h"
#include "node/api/review.h"
#include "node/import/csv.h"
#include "node/import/job.h"
#include "node/import/page.h"
#include "node/import/text.h"
#include "node/keys/signer.h"
#include "proto/record/names.h"

#define PUBLISH_AT_ONCE 64 /* rows on their way to the disk */

enum row_state {
	ROW_READY,
	ROW_CREATED,
	ROW_UPDATED,
	ROW_UNCHANGED,
	ROW_ARCHIVED,
	ROW_FAILED,
};

struct bulk;

struct row {
	struct bulk *bulk;
	enum row_state state;
	json_t *report; /* of this row; borrowed from the bulk's list */
	char external_id[OWNER_EXTERNAL_MAX + 1];
	char region[3];
	uint8_t *payload;
	size_t payload_n;
	uint64_t expires_h; /* 0: not told */
	uint32_t slot;
};

/* Random bits that hang on a secret, the quarter and a cell alone. */
struct noise_stream {
	uint8_t key[FINGERPRINT], seed[FINGERPRINT];
	uint64_t at;
};

struct bulk {
	struct node *n;
	struct import_noise noise; /* of statistics; epsilon 0: none */
	struct noise_stream stream;
	char budget[32]; /* its place in the vault */
	char quarter[16];
	struct http_request *r; /* NULL: of a feed; then: */
	import_done *told;
	void *told_ctx;
	json_t *archived; /* these alone may be archived; NULL: all */
	bool hold_unsure;
	uint32_t persona, kind;
	const struct vocabulary *vocabulary; /* while the worker runs */
	bool dry, partial, archive;
	json_t *reply; /* "rows" in it */
	json_t *list;  /* borrowed: the rows */
	struct row *rows;
	size_t rows_n, rows_cap;
	/* the file as a whole is of no use */
	char why[200], hint[120];
	/* publishing */
	size_t next;
	unsigned outstanding;
	bool pumping;
};

static void
bulk_free(struct bulk *b)
{
	crypto_wipe(&b->stream, sizeof(b->stream));
	for (size_t i = 0; i < b->rows_n; i++)
		free(b->rows[i].payload);
	free(b->rows);
	json_decref(b->reply);
	json_decref(b->archived);
	free(b);
}

/* ---- on a worker: from the file to rows ---- */

static void
row_fail(
    struct row *row, const char *field, const char *message, const char *hint)
{
	row->state = ROW_FAILED;
	(void)json_object_set_new(row->report, "field", json_string(field));
	(void)json_object_set_new(row->report, "message", json_string(message));
	(void)json_object_set_new(row->report, "hint", json_string(hint));
}

static struct row *
row_new(struct bulk *b, size_t number)
{
	if (b->rows_n == b->rows_cap) {
		const size_t cap = b->rows_cap == 0 ? 64 : 2 * b->rows_cap;
		struct row *more = realloc(b->rows, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		b->rows = more;
		b->rows_cap = cap;
	}
	struct row *row = &b->rows[b->rows_n++];
	*row = (struct row){ .report = json_object() };
	json_uint(row->report, "row", number);
	(void)json_array_append_new(b->list, row->report);
	return row;
}

/* The draft of a row to the bytes of a payload. */
static void
row_take(struct bulk *b, struct row *row, json_t *draft, const char *region,
    struct user_payload *scratch)
{
	struct payload_fault f = { 0 };

	if (row->external_id[0] != 0 &&
	    json_object_get(draft, "external_id") == NULL)
		(void)json_object_set_new(
		    draft, "external_id", json_string(row->external_id));
	const char *external =
	    json_string_value(json_object_get(draft, "external_id"));
	if (external != NULL)
		(void)snprintf(
		    row->external_id, sizeof(row->external_id), "%s", external);
	json_t *whole = own_terms_carry(b->vocabulary, b->kind, draft);
	const err e = user_payload_read(b->kind, whole, region, scratch, &f);
	json_decref(whole);
	if (e == OK) {
		row->payload = malloc(MAX(scratch->n, 1U));
		if (row->payload == NULL) {
			row_fail(row, "", "out of memory", "");
			return;
		}
		memcpy(row->payload, scratch->bytes, scratch->n);
		row->payload_n = scratch->n;
		memcpy(row->region, scratch->region, sizeof(row->region));
	} else {
		row_fail(row, f.path, f.why, f.hint);
	}
}

static void
copy_key(json_t *to, const json_t *from, const char *key)
{
	json_t *v = json_object_get(from, key);

	if (v != NULL)
		(void)json_object_set(to, key, v);
}

/* Rows as import_csv() and import_job() report them. */
static void
take_reports(struct bulk *b, json_t *list, const char *region,
    const char *number_key, struct user_payload *scratch)
{
	size_t i;
	json_t *in;

	json_array_foreach(list, i, in)
	{
		const char *state =
		    json_string_value(json_object_get(in, "state"));
		const char *external =
		    json_string_value(json_object_get(in, "external_id"));
		const char *at =
		    json_string_value(json_object_get(in, "region"));
		json_t *draft = json_object_get(in, "draft");
		const json_int_t number =
		    json_integer_value(json_object_get(in, number_key));
		struct row *row = row_new(b, (size_t)number);
		if (row == NULL)
			return;
		(void)snprintf(row->external_id, sizeof(row->external_id), "%s",
		    external == NULL ? "" : external);
		const json_t *title = json_object_get(draft, "title");
		json_t *first_text = json_object_iter_value(
		    json_object_iter((json_t *)(uintptr_t)title));
		if (first_text != NULL)
			(void)json_object_set(row->report, "title", first_text);
		const json_int_t expires =
		    json_integer_value(json_object_get(in, "expires"));
		row->expires_h = expires > 0 ? (uint64_t)expires : 0;
		copy_key(row->report, in, "mapped");
		copy_key(row->report, in, "unmapped");
		copy_key(row->report, in, "messages");
		if (state != NULL && strcmp(state, "failed") != 0 &&
		    json_is_object(draft)) {
			row_take(
			    b, row, draft, at != NULL ? at : region, scratch);
			continue;
		}
		row->state = ROW_FAILED;
		json_t *first =
		    json_array_get(json_object_get(in, "messages"), 0);
		const json_t *said =
		    json_object_get(in, "message") != NULL ? in : first;
		copy_key(row->report, said, "field");
		copy_key(row->report, said, "message");
		copy_key(row->report, said, "hint");
	}
}

static void
take_lines(struct bulk *b, struct slice data, const char *region,
    size_t rows_max, struct user_payload *scratch)
{
	size_t line = 0;

	while (data.n > 0) {
		const uint8_t *end = memchr(data.p, '\n', data.n);
		const size_t n = end == NULL ? data.n : (size_t)(end - data.p);
		const char *text = (const char *)data.p;
		bool blank = true;
		line++;
		for (size_t i = 0; i < n && blank; i++)
			blank = strchr(" \t\r", text[i]) != NULL;
		if (!blank) {
			struct row *row =
			    b->rows_n < rows_max ? row_new(b, line) : NULL;
			if (row == NULL) {
				(void)snprintf(b->why, sizeof(b->why),
				    "there are more than %zu rows", rows_max);
				return;
			}
			json_error_t fault;
			json_t *draft =
			    json_loadb(text, n, JSON_REJECT_DUPLICATES, &fault);
			if (json_is_object(draft))
				row_take(b, row, draft, region, scratch);
			else
				row_fail(row, "", "this line is no JSON object",
				    fault.text);
			json_decref(draft);
		}
		slice_skip(&data, end == NULL ? n : n + 1);
	}
}

static int
by_external(const void *a, const void *b)
{
	const struct row *const *x = a, *const *y = b;
	const int order = strcmp((*x)->external_id, (*y)->external_id);

	return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* The same external id twice: which one would count? */
static void
find_twins(struct bulk *b)
{
	struct row **order = malloc((b->rows_n + 1) * sizeof(struct row *));

	if (order == NULL) {
		(void)snprintf(b->why, sizeof(b->why), "out of memory");
		return;
	}
	for (size_t i = 0; i < b->rows_n; i++)
		order[i] = &b->rows[i];
	qsort(order, b->rows_n, sizeof(struct row *), by_external);
	for (size_t i = 1; i < b->rows_n; i++)
		if (order[i]->external_id[0] != 0 &&
		    order[i]->state != ROW_FAILED &&
		    strcmp(order[i]->external_id, order[i - 1]->external_id) ==
			0)
			row_fail(order[i], "external_id",
			    "the same external_id is in the file twice",
			    "remove one of the two rows");
	free(order);
}

/*
 * What the importer says about the file when no row came of it: the last
 * message, since those before it may be remarks that do no harm.
 */
static void
whole_file(struct bulk *b, err e, const json_t *report)
{
	const json_t *list = json_object_get(report, "messages");
	const json_t *last = json_array_get(
	    list, json_array_size(list) > 0 ? json_array_size(list) - 1 : 0);
	const char *said = json_string_value(json_object_get(last, "message"));
	const char *hint = json_string_value(json_object_get(last, "hint"));
	const char *field = json_string_value(json_object_get(last, "field"));

	if (e == OK)
		return;
	(void)snprintf(b->why, sizeof(b->why), "%s%s%s",
	    field == NULL ? "" : field,
	    field == NULL || field[0] == 0 ? "" : ": ",
	    said != NULL     ? said
	    : e == ERR_LIMIT ? "the file has too many rows or bytes"
	    : e == ERR_NOMEM ? "out of memory"
			     : "the file is not of this format");
	(void)snprintf(b->hint, sizeof(b->hint), "%s", hint ? hint : "");
}

static err
take_job(json_t *data, const struct term_lookup *lookup,
    const struct import_options *o, json_t **report)
{
	json_t *parsed = NULL;
	json_error_t where = { .line = 0 };

	if (json_is_string(data)) {
		const struct slice text =
		    slice_of(json_string_value(data), json_string_length(data));
		parsed = is_page(text) ? import_page(text)
				       : json_loadb((const char *)text.p,
					     text.n, 0, &where);
		data = parsed;
	}
	if (data == NULL) {
		*report = json_pack("{s:[{s:s, s:o}]}", "messages", "field", "",
		    "message",
		    json_sprintf("line %d, column %d: %s", where.line,
			where.column, where.text));
		return ERR_FORM;
	}
	const err e = import_job(data, lookup, o, report);
	json_decref(parsed);
	return e;
}

static void
bulk_run(struct job *j)
{
	struct bulk *b = j->more;
	struct user_payload *scratch = malloc(sizeof(*scratch));
	const struct term_source_search search = { j->terms->vocabulary,
		j->terms->search };
	const struct term_lookup lookup = term_lookup_of_search(&search);
	json_t *data = json_object_get(j->input, "data"), *report = NULL;
	json_t *map = json_object_get(j->input, "map");
	const char *format =
	    json_string_value(json_object_get(j->input, "format"));
	struct import_options o = {
		.language = (uint32_t)json_integer_value(
		    json_object_get(j->input, "language_code")),
		.language_default = (uint32_t)json_integer_value(
		    json_object_get(j->input, "language_default")),
		.region =
		    json_string_value(json_object_get(j->input, "region")),
		.allow_partial = true, /* the loop decides, with slots */
		.map = json_is_string(map) ? slice_of(json_string_value(map),
						 json_string_length(map))
					   : slice_of(NULL, 0),
		.rows_max = (uint32_t)json_integer_value(
		    json_object_get(j->input, "rows_max")),
		.about = json_object_get(j->input, "about"),
		.noise = b->noise.epsilon_milli > 0 ? &b->noise : NULL,
	};

	b->vocabulary = j->terms->vocabulary;
	review_options(j->input, &o);
	if (scratch == NULL) {
		(void)snprintf(b->why, sizeof(b->why), "out of memory");
		return;
	}
	const struct slice text =
	    json_is_string(data)
		? slice_of(json_string_value(data), json_string_length(data))
		: slice_of(NULL, 0);
	if (strcmp(format, "csv") == 0) {
		const err e = import_csv(b->kind, text, &lookup, &o, &report);
		whole_file(b, e, report);
		take_reports(b, json_object_get(report, "rows"), o.region,
		    "row", scratch);
		copy_key(b->reply, report, "ignored_columns");
		copy_key(b->reply, report, "columns");
	} else if (strcmp(format, "jobposting") == 0 ||
		   strcmp(format, "text") == 0) {
		const err e = strcmp(format, "text") == 0
				  ? import_text_job(text, &lookup, &o, &report)
				  : take_job(data, &lookup, &o, &report);
		whole_file(b, e, report);
		take_reports(b, json_object_get(report, "demands"), o.region,
		    "index", scratch);
	} else {
		take_lines(b, text, o.region, o.rows_max, scratch);
	}
	copy_key(b->reply, report, "messages");
	json_decref(report);
	free(scratch);
	find_twins(b);
}

/* ---- on the loop: what to do with each row ---- */

/* Without an external id only the same content is the same posting. */
static bool
find_same_content(struct bulk *b, const uint8_t content[FINGERPRINT],
    const uint8_t *taken, uint32_t *slot)
{
	for (uint32_t i = 0; i < kind_info(b->kind)->slots; i++) {
		const struct owner_post *p =
		    owner_post(b->n, b->persona, b->kind, i);
		if (p != NULL && taken[i] == 0 && p->external_id[0] == 0 &&
		    memcmp(p->content, content, FINGERPRINT) == 0) {
			*slot = i;
			return true;
		}
	}
	return false;
}

/* The file names a later end than what is published has. A far one is
 * approached in steps of a week, as a record's lifetime allows. */
static bool
lasts_longer(
    const struct bulk *b, const struct row *row, const struct owner_post *p)
{
	const uint64_t most =
	    node_now(b->n) / 3600 + kind_info(b->kind)->lifetime_hours;

	if (row->expires_h == 0 || row->expires_h <= p->expires_h)
		return false;
	return row->expires_h <= most || most >= p->expires_h + 7 * 24;
}

/* Words of it may mean several things, and nobody has said which. */
static bool
is_unsure(const struct row *row)
{
	const json_t *list = json_object_get(row->report, "unmapped"), *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		const char *why =
		    json_string_value(json_object_get(one, "why"));
		if (why != NULL && strcmp(why, "unsure") == 0)
			return true;
	}
	return false;
}

static void
hold_back(struct bulk *b, struct row *row, uint8_t *taken)
{
	if (!b->hold_unsure ||
	    (row->state != ROW_CREATED && row->state != ROW_UPDATED) ||
	    !is_unsure(row))
		return;
	if (row->state == ROW_UPDATED) /* what is published stays */
		taken[row->slot] = 1;
	json_truth(row->report, "held", true);
	row_fail(row, "skills", "words of unsure meaning wait for a review",
	    "ohcn feed review");
}

/* Of a feed: the posting was there, and this feed has not brought it. */
static bool
is_foreign(const struct bulk *b, const struct row *row)
{
	return b->archived != NULL &&
	       json_object_get(b->archived, row->external_id) == NULL;
}

static void
decide(struct bulk *b, struct row *row, uint8_t *taken)
{
	uint8_t content[FINGERPRINT];
	const uint64_t now_h = node_now(b->n) / 3600;

	if (row->state == ROW_FAILED) {
		/* A broken row does not mean that its posting is missing. */
		if (owner_find_external(b->n, b->persona, b->kind,
			row->external_id, &row->slot) == OK)
			taken[row->slot] = 1;
		return;
	}
	if (row->expires_h != 0 && row->expires_h <= now_h) {
		if (owner_find_external(b->n, b->persona, b->kind,
			row->external_id, &row->slot) == OK)
			taken[row->slot] = 1; /* it ends by itself */
		row_fail(row, "validThrough", "it is over already",
		    "leave it out, or give a later date");
		return;
	}
	owner_content(
	    content, row->region, slice_of(row->payload, row->payload_n));
	if (owner_find_external(b->n, b->persona, b->kind, row->external_id,
		&row->slot) == OK) {
		const struct owner_post *p =
		    owner_post(b->n, b->persona, b->kind, row->slot);
		row->state =
		    p != NULL &&
			    memcmp(p->content, content, FINGERPRINT) == 0 &&
			    !lasts_longer(b, row, p)
			? ROW_UNCHANGED
			: ROW_UPDATED;
		if (row->state == ROW_UPDATED && is_foreign(b, row))
			row_fail(row, "external_id",
			    "a posting that did not come from here has this id",
			    "withdraw that one, or give this one another id");
		else if (row->state == ROW_UPDATED &&
			 owner_busy(b->n, b->persona, b->kind, row->slot))
			row_fail(row, "", "a change of it is under way",
			    "try again in a moment");
	} else if (row->external_id[0] == 0 &&
		   find_same_content(b, content, taken, &row->slot)) {
		row->state = ROW_UNCHANGED;
	} else if (owner_free_slot(
		       b->n, b->persona, b->kind, taken, &row->slot) == OK) {
		row->state = ROW_CREATED;
	} else {
		row_fail(row, "", "all slots of the key are in use",
		    "close postings that are no longer needed");
	}
	hold_back(b, row, taken);
	if (row->state != ROW_FAILED)
		taken[row->slot] = 1;
}

/* Open own demands that the file no longer has. */
static void
archive_missing(struct bulk *b, const uint8_t *taken)
{
	struct user_payload *p = malloc(sizeof(*p));

	for (uint32_t i = 0; p != NULL && i < kind_info(b->kind)->slots; i++) {
		const struct owner_post *post =
		    owner_post(b->n, b->persona, b->kind, i);
		if (post == NULL || taken[i] != 0 ||
		    post->external_id[0] == 0 || post->busy ||
		    (b->archived != NULL && json_object_get(b->archived,
						post->external_id) == NULL) ||
		    (b->kind == KIND_DEMAND && post->status != POSTING_OPEN))
			continue;
		struct row *row = row_new(b, 0);
		if (row == NULL)
			break;
		row->state = ROW_ARCHIVED;
		row->slot = i;
		memcpy(row->region, post->region, sizeof(row->region));
		memcpy(row->external_id, post->external_id,
		    sizeof(row->external_id));
		if (b->kind == KIND_COURSE)
			continue; /* a tombstone has no payload */
		row->payload = NULL;
		if (demand_with_status(
			b->n, b->persona, i, POSTING_WITHDRAWN, -1, p) == OK &&
		    (row->payload = malloc(p->n)) != NULL) {
			memcpy(row->payload, p->bytes, p->n);
			row->payload_n = p->n;
		} else {
			row_fail(row, "", "it cannot be withdrawn", "");
		}
	}
	free(p);
}

/* ---- publishing, and the answer ---- */

static const char *
state_name(enum row_state s)
{
	static const char *const names[] = { "ready", "created", "updated",
		"unchanged", "archived", "error" };

	return names[s];
}

static void
bulk_reply(struct bulk *b, bool accepted)
{
	static const char *const names[] = { "ready", "created", "updated",
		"unchanged", "archived", "errors" };
	uint64_t count[ROW_FAILED + 1] = { 0 };

	for (size_t i = 0; i < b->rows_n; i++) {
		struct row *row = &b->rows[i];
		const struct owner_post *p =
		    row->state == ROW_UNCHANGED
			? owner_post(b->n, b->persona, b->kind, row->slot)
			: NULL;
		count[row->state]++;
		(void)json_object_set_new(
		    row->report, "state", json_string(state_name(row->state)));
		(void)json_object_set_new(row->report, "external_id",
		    row->external_id[0] == 0 ? json_null()
					     : json_string(row->external_id));
		if (row->state != ROW_FAILED)
			json_uint(row->report, "slot", row->slot);
		if (p != NULL)
			json_id(row->report, "id", p->id);
	}
	for (int i = ROW_CREATED; i <= ROW_FAILED; i++)
		json_uint(b->reply, names[i], count[i]);
	json_truth(b->reply, "accepted", accepted);
	json_truth(b->reply, "dry_run", b->dry);
	if (b->r != NULL)
		http_reply(b->r, 200, json_incref(b->reply));
	else
		b->told(b->told_ctx, b->reply, "");
	bulk_free(b);
}

static void bulk_pump(struct bulk *b);

static void
on_row_published(void *ctx, const struct publish_result *r)
{
	struct row *row = ctx;
	struct bulk *b = row->bulk;

	b->outstanding--;
	if (r->error != OK)
		row_fail(row, "", r->why, "");
	else
		json_id(row->report, "id", r->id);
	bulk_pump(b);
}

static void
bulk_pump(struct bulk *b)
{
	const uint64_t now_h = node_now(b->n) / 3600;

	if (b->pumping)
		return; /* a publication ended at once, within the loop below */
	b->pumping = true;
	while (b->next < b->rows_n && b->outstanding < PUBLISH_AT_ONCE) {
		struct row *row = &b->rows[b->next++];
		if (row->state == ROW_FAILED || row->state == ROW_UNCHANGED)
			continue;
		const struct publish_request q = { .persona = b->persona,
			.kind = b->kind,
			.slot = row->slot,
			.region = row->region,
			.deleted = row->payload == NULL,
			.payload = slice_of(row->payload, row->payload_n),
			.lifetime_hours =
			    row->expires_h > now_h
				? (uint32_t)MIN(row->expires_h - now_h, 100000U)
			    : b->kind == KIND_STATISTIC
				? kind_info(b->kind)->lifetime_hours
				: 0 };
		row->bulk = b;
		b->outstanding++;
		owner_publish(b->n, &q, on_row_published, row);
	}
	b->pumping = false;
	if (b->outstanding == 0 && b->next == b->rows_n)
		bulk_reply(b, true);
}

/*
 * One table may answer once in a quarter: another file under the same noise,
 * or the same under another one, would tell what the noise is there to hide.
 * The same file again gives the same figures. false: answered.
 */
static bool
spend_noise(struct bulk *b)
{
	char digest[2 * FINGERPRINT + 1] = "";
	uint8_t print[FINGERPRINT] = { 0 };

	if (b->noise.epsilon_milli == 0)
		return true;
	for (size_t i = 0; i < b->rows_n; i++) {
		struct crypto_part parts[] = { { print, sizeof(print) },
			{ b->rows[i].payload, b->rows[i].payload_n } };
		hash_blake2b(print, sizeof(print), "ohcn-noise-file", parts,
		    b->rows[i].payload == NULL ? 1 : 2);
	}
	for (size_t i = 0; i < FINGERPRINT; i++)
		(void)snprintf(digest + 2 * i, 3, "%02x", print[i]);
	json_t *had = vault_get(b->n->vault, b->budget, NULL);
	const char *quarter =
	    json_string_value(json_object_get(had, "quarter"));
	const char *file = json_string_value(json_object_get(had, "file"));
	const bool spent = quarter != NULL &&
			   strcmp(quarter, b->quarter) == 0 &&
			   (file == NULL || strcmp(file, digest) != 0);
	json_decref(had);
	if (spent) {
		http_fail(b->r, 409, "E3608", "noise",
		    "publish the same file, or wait for the next quarter",
		    "other figures of this table were published in %s: more "
		    "of them would undo the noise",
		    b->quarter);
		bulk_free(b);
		return false;
	}
	json_t *now =
	    json_pack("{s:s,s:s}", "quarter", b->quarter, "file", digest);
	const err e = vault_put(b->n->vault, b->budget, now);
	json_decref(now);
	if (e == OK)
		return true;
	http_fail_err(b->r, e, "what was published cannot be noted");
	bulk_free(b);
	return false;
}

static void
bulk_done(struct job *j)
{
	struct bulk *b = j->more;
	const uint32_t slots = kind_info(b->kind)->slots;
	uint8_t *taken = calloc(slots, 1);
	bool failed = false;

	job_end(j);
	if (b->r == NULL &&
	    (b->why[0] != 0 || taken == NULL || b->n->stopping)) {
		b->told(b->told_ctx, NULL,
		    b->why[0] != 0 ? b->why : "the node is shutting down");
		free(taken);
		bulk_free(b);
		return;
	}
	if (b->why[0] != 0 || taken == NULL || b->n->stopping) {
		http_fail(b->r, b->n->stopping ? 503 : 422, "E3204", "data",
		    b->hint[0] != 0 ? b->hint : NULL, "%s",
		    b->n->stopping   ? "the node is shutting down"
		    : b->why[0] != 0 ? b->why
				     : "out of memory");
		free(taken);
		bulk_free(b);
		return;
	}
	for (size_t i = 0; i < b->rows_n; i++)
		decide(b, &b->rows[i], taken);
	if (b->archive)
		archive_missing(b, taken);
	free(taken);
	for (size_t i = 0; i < b->rows_n; i++)
		failed = failed || b->rows[i].state == ROW_FAILED;
	if (b->dry || (failed && !b->partial)) {
		bulk_reply(b, !failed || b->partial);
		return;
	}
	if (!spend_noise(b))
		return;
	bulk_pump(b);
}

/* ---- noise ---- */

static void
on_noise_cell(void *ctx, struct slice cell)
{
	struct bulk *b = ctx;
	const struct crypto_part parts[] = { { b->stream.key,
						 sizeof(b->stream.key) },
		{ b->quarter, sizeof(b->quarter) }, { cell.p, cell.n } };

	hash_blake2b(b->stream.seed, sizeof(b->stream.seed), "ohcn-noise-cell",
	    parts, ARRAY_LEN(parts));
	b->stream.at = 0;
}

static void
on_noise_bits(void *ctx, uint8_t *out, size_t n)
{
	struct noise_stream *s = ctx;
	uint8_t at[8];

	for (size_t i = 0; i < n; i += 32) {
		const struct crypto_part parts[] = {
			{ s->seed, sizeof(s->seed) }, { at, sizeof(at) }
		};
		put_u64be(at, s->at++);
		hash_blake2b(out + i, MIN(n - i, (size_t)32), "ohcn-noise",
		    parts, ARRAY_LEN(parts));
	}
}

/* false: answered. */
static bool
read_noise(struct bulk *b, const json_t *body)
{
	const json_t *noise = json_object_get(body, "noise");
	const json_t *about = json_object_get(body, "about");
	const char *basis = json_string_value(json_object_get(about, "basis"));
	const json_t *sensitivity = json_object_get(noise, "sensitivity");
	const json_t *delta = json_object_get(noise, "delta");
	const double epsilon =
	    json_number_value(json_object_get(noise, "epsilon"));
	const json_int_t s =
	    sensitivity == NULL ? 1 : json_integer_value(sensitivity);
	const json_int_t d = delta == NULL ? 6 : json_integer_value(delta);
	const char *id =
	    json_string_value(json_object_get(about, "external_id"));
	uint8_t print[FINGERPRINT];

	if (noise == NULL || json_is_null(noise)) {
		if (basis == NULL || strcmp(basis, "noised") != 0)
			return true;
		http_fail(b->r, 422, "E3609", "noise",
		    "\"noise\": {\"epsilon\": 1, \"sensitivity\": 1}",
		    "figures that rest on private data need noise");
		return false;
	}
	if (basis != NULL && strcmp(basis, "noised") != 0) {
		http_fail(b->r, 422, "E3609", "noise",
		    "leave noise away, or say basis noised",
		    "what anybody can look up gains nothing by noise");
		return false;
	}
	if (id == NULL || id[0] == 0 ||
	    json_integer_value(json_object_get(about, "scale")) != 0) {
		http_fail(b->r, 422, "E3609", "about",
		    "whole numbers (scale 0) and an external_id of the table",
		    "a noised table needs a name of its own and counts");
		return false;
	}
	if (!(epsilon >= 0.01 && epsilon <= 10) || s < 1 ||
	    s > NOISE_SENSITIVITY_MAX || d < 1 || d > 18) {
		http_fail(b->r, 422, "E3609", "noise",
		    "epsilon 0.01 to 10, sensitivity 1 to 1000000, delta 1 to "
		    "18 (10^-delta)",
		    "the parameters of the noise are out of range");
		return false;
	}
	const uint64_t now = node_now(b->n);
	char week[SIGNAL_WEEK_TEXT];
	week_text(week_of_hour(now / 3600), week);
	const int number = (week[6] - '0') * 10 + (week[7] - '0');
	(void)snprintf(b->quarter, sizeof(b->quarter), "%.4s-Q%d", week,
	    MIN((number - 1) / 13 + 1, 4));
	const err e = signer_noise_key(b->n->signer, b->persona, b->stream.key);
	if (e != OK) {
		http_fail_err(
		    b->r, e, "no key to draw noise from: %s", err_name(e));
		return false;
	}
	fingerprint(print, "ohcn-noise-table", slice_str(id));
	(void)snprintf(b->budget, sizeof(b->budget), "noise/%016" PRIx64,
	    get_u64be(print));
	b->noise = (struct import_noise){ .epsilon_milli =
					      (uint32_t)(epsilon * 1000 + 0.5),
		.sensitivity = (uint32_t)s,
		.delta = (uint32_t)d,
		.begin = on_noise_cell,
		.ctx = b,
		.env = { .random = on_noise_bits, .ctx = &b->stream } };
	b->noise.threshold = noise_threshold(SIGNAL_K_PEOPLE,
	    b->noise.epsilon_milli, b->noise.sensitivity, b->noise.delta);
	return true;
}

/* ---- the handlers ---- */

/* false: answered. */
static bool
check_import(struct http_request *r, uint32_t kind, const json_t *body)
{
	const char *format = json_string_value(json_object_get(body, "format"));
	const json_t *data = json_object_get(body, "data");

	if (format == NULL ||
	    (strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0 &&
		((strcmp(format, "jobposting") != 0 &&
		     strcmp(format, "text") != 0) ||
		    kind != KIND_DEMAND))) {
		http_fail(r, 422, "E3107", "format",
		    kind == KIND_DEMAND ? "csv, jobposting, ndjson or text"
					: "csv or ndjson",
		    "the format is missing or not known");
		return false;
	}
	if (kind == KIND_STATISTIC && strcmp(format, "csv") == 0 &&
	    !json_is_object(json_object_get(body, "about"))) {
		http_fail(r, 422, "E3108", "about",
		    "{measure, title, unit, source{name, licence}, ...}",
		    "nothing says what the figures are about");
		return false;
	}
	if (kind == KIND_STATISTIC && strcmp(format, "csv") != 0 &&
	    json_object_get(body, "noise") != NULL) {
		http_fail(r, 422, "E3609", "noise", "csv",
		    "noise is added to tables in CSV only");
		return false;
	}
	if (!json_is_string(data) &&
	    (data == NULL || strcmp(format, "jobposting") != 0)) {
		http_fail(r, 422, "E3108", "data", "the file as one string",
		    "there is no data in it");
		return false;
	}
	return true;
}

static void
import(struct node *n, struct http_request *r, uint32_t kind)
{
	uint32_t persona;
	json_t *body = persona_asked(n, r, &persona) ? http_json(r) : NULL;

	if (body == NULL)
		return;
	if (!check_import(r, kind, body) || !review_check(r, body)) {
		json_decref(body);
		return;
	}
	struct bulk *b = calloc(1, sizeof(*b));
	if (b == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		json_decref(body);
		return;
	}
	b->n = n;
	b->r = r;
	b->persona = persona;
	b->kind = kind;
	b->dry = json_is_true(json_object_get(body, "dry_run"));
	b->partial = json_is_true(json_object_get(body, "allow_partial"));
	b->archive = kind != KIND_STATISTIC &&
		     json_is_true(json_object_get(body, "archive_missing"));
	if (kind == KIND_STATISTIC && !read_noise(b, body)) {
		free(b);
		json_decref(body);
		return;
	}
	b->reply = json_object();
	b->list = json_array();
	(void)json_object_set_new(b->reply, "rows", b->list);
	if (!json_is_string(json_object_get(body, "region")))
		(void)json_object_set_new(
		    body, "region", json_string(n->config->node.region));
	const char *lang = http_query(r, "lang");
	json_uint(body,
	    lang != NULL && lang[0] != 0 ? "language_code" : "language_default",
	    language_of(n, r));
	json_uint(body, "rows_max", n->config->limits.import_rows);
	if (!job_start(n, r, bulk_run, bulk_done, body, b))
		bulk_free(b);
}

err
import_start(struct node *n, const struct import_run *run)
{
	struct bulk *b = calloc(1, sizeof(*b));
	json_t *in = run->input;

	if (b == NULL) {
		json_decref(in);
		json_decref(run->archived);
		return ERR_NOMEM;
	}
	b->n = n;
	b->told = run->done;
	b->told_ctx = run->ctx;
	b->archived = run->archived;
	b->hold_unsure = run->hold_unsure;
	b->persona = run->persona;
	b->kind = KIND_DEMAND;
	b->dry = json_is_true(json_object_get(in, "dry_run"));
	b->partial = true;
	b->archive = json_is_true(json_object_get(in, "archive_missing"));
	b->reply = json_object();
	b->list = json_array();
	(void)json_object_set_new(b->reply, "rows", b->list);
	if (!json_is_string(json_object_get(in, "region")))
		(void)json_object_set_new(
		    in, "region", json_string(n->config->node.region));
	json_uint(in, "language_default",
	    language_code(slice_str(n->config->node.language)));
	json_uint(in, "rows_max", n->config->limits.import_rows);
	if (job_start(n, NULL, bulk_run, bulk_done, in, b))
		return OK;
	bulk_free(b);
	return ERR_NOMEM;
}

void
api_demands_import(struct http_request *r, void *ctx)
{
	import(ctx, r, KIND_DEMAND);
}

void
api_courses_import(struct http_request *r, void *ctx)
{
	import(ctx, r, KIND_COURSE);
}

void
api_signals_import(struct http_request *r, void *ctx)
{
	import(ctx, r, KIND_STATISTIC);
}
