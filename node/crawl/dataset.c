/* crawl/dataset.c: the files of a data set, from what the crawl knows. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/crypto.h"
#include "match/core.h"
#include "node/base/paths.h"
#include "node/crawl/internal.h"
#include "node/record/labels.h"
#include "node/record/payload_json.h"
#include "proto/base/text.h"

#define ENGLISH 0x656e /* "en" */
#define LICENCE                                                                \
	"The records are their authors' own words, published by them. This "   \
	"collection carries no licence of its own: say under which terms you " \
	"pass it on, and respect deletions and revocations when you do."

void
dataset_file(
    struct dataset *d, const struct rows_done *done, const char *schema)
{
	char path[PATH_TEXT_MAX];

	crawl_path(path, "schema/%s.schema.json", schema);
	(void)json_array_append_new(d->files,
	    json_pack("{s:s,s:s,s:I,s:I,s:s}", "name", done->name, "schema",
		path, "rows", (json_int_t)done->rows, "bytes",
		(json_int_t)done->bytes, "sha256", done->sha256));
}

/* ---- cells from JSON ---- */

static void
text_or_null(struct rows *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_string(v))
		rows_text(
		    r, slice_of(json_string_value(v), json_string_length(v)));
	else
		rows_null(r);
}

static void
texts_or_null(struct rows *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (json_is_array(v))
		rows_texts(r, v);
	else
		rows_null(r);
}

static void
integer(struct rows *r, const json_t *o, const char *key)
{
	rows_integer(r, json_integer_value(json_object_get(o, key)));
}

static void
integer_or_null(struct rows *r, const json_t *o, const char *key)
{
	if (json_is_integer(json_object_get(o, key)))
		integer(r, o, key);
	else
		rows_null(r);
}

/* ---- who has opted out stands in no file ---- */

static bool
is_listed(struct dataset *d, const struct frontier_name *name)
{
	struct frontier_peer p;

	return frontier_get(d->f, name, &p) == OK &&
	       p.state != FRONTIER_OPTED_OUT;
}

static bool
name_get(const char *text, struct frontier_name *out)
{
	uint8_t raw[FRONTIER_NAME + 1];
	struct buf b = { raw, 0, sizeof(raw) };

	if (text == NULL || base32_get(slice_str(text), &b) != OK ||
	    b.n != FRONTIER_NAME)
		return false;
	memcpy(out->b, raw, FRONTIER_NAME);
	return true;
}

struct writing {
	struct dataset *d;
	struct rows *r;
};

/* ---- visits ---- */

static bool
on_visit(void *ctx, uint64_t number, const json_t *o)
{
	struct writing *w = ctx;
	struct rows *r = w->r;
	const char *peer = json_string_value(json_object_get(o, "peer"));
	struct frontier_name name;

	if (!name_get(peer, &name) || !is_listed(w->d, &name))
		return true;
	rows_integer(r, (int64_t)number);
	rows_string(r, peer);
	rows_time(r, (uint64_t)json_integer_value(json_object_get(o, "time")));
	integer(r, o, "attempt");
	rows_string(r, json_string_value(json_object_get(o, "outcome")));
	text_or_null(r, o, "why");
	integer(r, o, "milliseconds");
	text_or_null(r, o, "agent");
	texts_or_null(r, o, "protocols");
	integer_or_null(r, o, "contacts");
	integer(r, o, "questions");
	text_or_null(r, o, "sync");
	integer_or_null(r, o, "records_offered");
	integer_or_null(r, o, "records_new");
	rows_end(r);
	return true;
}

/* ---- peers ---- */

static const char *
transport_name(struct slice addr)
{
	struct multiaddr_part part;
	struct slice at = addr;
	const char *ip = "name";

	if (multiaddr_next(&at, &part) == OK) {
		if (part.code == MULTIADDR_IP4)
			ip = "ip4";
		else if (part.code == MULTIADDR_IP6)
			ip = "ip6";
		else if (part.code == MULTIADDR_ONION3)
			return "onion";
	}
	switch (address_kind(addr)) {
	case ADDRESS_TCP:
		return ip[0] == 'n'   ? "tcp-name"
		       : ip[2] == '4' ? "tcp-ip4"
				      : "tcp-ip6";
	case ADDRESS_WEBSOCKET:
		return ip[0] == 'n'   ? "ws-name"
		       : ip[2] == '4' ? "ws-ip4"
				      : "ws-ip6";
	case ADDRESS_CIRCUIT:
		return "relay";
	case ADDRESS_OTHER:
		break;
	}
	return "other";
}

static void
put_transports(struct rows *r, const struct frontier_peer *p)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < p->addrs_n; i++) {
		const char *name =
		    transport_name(slice_of(p->addrs[i].bytes, p->addrs[i].n));
		bool there = false;
		size_t k;
		json_t *v;
		json_array_foreach(list, k, v)
		{
			there |= strcmp(json_string_value(v), name) == 0;
		}
		if (!there)
			(void)json_array_append_new(list, json_string(name));
	}
	rows_texts(r, list);
	json_decref(list);
}

static void
put_reach(struct rows *r, const struct frontier_peer *p)
{
	static const char *const names[] = {
		[REACH_MACHINE] = "machine",
		[REACH_SITE] = "local",
		[REACH_WORLD] = "internet",
	};
	enum reach far = REACH_NOWHERE;

	for (uint32_t i = 0; i < p->addrs_n; i++)
		far = MAX(
		    far, reach_of(slice_of(p->addrs[i].bytes, p->addrs[i].n)));
	if (far == REACH_NOWHERE)
		rows_null(r);
	else
		rows_string(r, names[far]);
}

static void
put_addresses(struct rows *r, const struct frontier_peer *p, bool wanted)
{
	json_t *list;

	if (!wanted) {
		rows_null(r);
		return;
	}
	list = json_array();
	for (uint32_t i = 0; i < p->addrs_n; i++) {
		char text[MULTIADDR_TEXT_MAX];
		if (multiaddr_put(text, sizeof(text),
			slice_of(p->addrs[i].bytes, p->addrs[i].n)) == OK)
			(void)json_array_append_new(list, json_string(text));
	}
	rows_texts(r, list);
	json_decref(list);
}

static bool
on_peer(void *ctx, const struct frontier_peer *p)
{
	struct writing *w = ctx;
	struct rows *r = w->r;
	char name[FRONTIER_NAME_TEXT];

	if (p->state == FRONTIER_OPTED_OUT)
		return true;
	json_t *info = frontier_info_of(w->d->f, &p->name);
	const json_t *kad = json_object_get(info, "kad");
	frontier_name_put(name, &p->name);
	rows_string(r, name);
	rows_string(r, frontier_state_name(p->state));
	rows_string(r, frontier_source_name(p->source));
	rows_integer(r, p->depth);
	rows_integer(r, p->named_by);
	rows_integer(r, p->attempts);
	rows_time(r, p->first_s);
	if (p->answered_s > 0)
		rows_time(r, p->answered_s);
	else
		rows_null(r);
	text_or_null(r, info, "agent");
	texts_or_null(r, info, "protocols");
	put_transports(r, p);
	put_reach(r, p);
	if (json_is_boolean(kad))
		rows_truth(r, json_is_true(kad));
	else
		rows_null(r);
	put_addresses(r, p, w->d->p->addresses);
	rows_end(r);
	json_decref(info);
	return true;
}

/* ---- edges ---- */

static bool
on_edge(void *ctx, const struct frontier_name *from,
    const struct frontier_name *to, enum frontier_source source)
{
	struct writing *w = ctx;
	char text[FRONTIER_NAME_TEXT];

	if (!is_listed(w->d, from) || !is_listed(w->d, to))
		return true;
	frontier_name_put(text, from);
	rows_string(w->r, text);
	frontier_name_put(text, to);
	rows_string(w->r, text);
	rows_string(w->r, frontier_source_name(source));
	rows_end(w->r);
	return true;
}

static err
network_write(struct dataset *d, enum rows_file which)
{
	struct writing w = { d, NULL };
	struct rows_done done;
	err e;

	TRY(rows_open(d->cf->dir, &rows_kinds[which], NULL, &w.r, d->problem));
	if (which == ROWS_VISITS)
		e = frontier_each_visit(d->f, on_visit, &w);
	else if (which == ROWS_PEERS)
		e = frontier_each_peer(d->f, on_peer, &w);
	else
		e = frontier_each_edge(d->f, on_edge, &w);
	if (e != OK) {
		rows_drop(w.r);
		return e;
	}
	TRY(rows_close(w.r, &done, d->problem));
	if (which == ROWS_EDGES)
		d->edges = done.rows;
	dataset_file(d, &done, rows_kinds[which].name);
	return OK;
}

/* ---- records ---- */

struct record_writing {
	struct dataset *d;
	struct rows *of[KIND_LAST + 2]; /* by kind; open kinds at the end */
	struct arena record_scratch, value_scratch;
	struct vocabulary *vocabulary;
	err e;
};

static size_t
place_of(uint32_t kind)
{
	return kind > KIND_LAST ? KIND_LAST + 1 : kind;
}

static void
put_base64(struct rows *r, struct slice in)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[(RECORD_BYTES_MAX + 2) / 3 * 4];
	size_t n = 0;

	for (size_t i = 0; i < in.n; i += 3) {
		const size_t left = in.n - i;
		const uint32_t v = (uint32_t)in.p[i] << 16 |
				   (left > 1 ? (uint32_t)in.p[i + 1] << 8 : 0) |
				   (left > 2 ? in.p[i + 2] : 0);
		text[n++] = digits[v >> 18];
		text[n++] = digits[v >> 12 & 63];
		text[n++] = left > 1 ? digits[v >> 6 & 63] : '=';
		text[n++] = left > 2 ? digits[v & 63] : '=';
	}
	rows_text(r, slice_of(text, n));
}

/* "" for a term that nobody here knows, so that a term has the same form in
 * every row. */
static bool
on_label(void *ctx, uint64_t term, struct slice *label)
{
	if (!scope_label(ctx, term, label))
		*label = slice_str("");
	return true;
}

static void
put_payload(struct rows *r, const struct record *rec, struct record_writing *w)
{
	const struct schema *schema = schema_of(rec->kind, rec->pv);
	struct label_scope scope = { w->vocabulary, ENGLISH, { NULL, NULL } };
	const struct payload_labels labels = { on_label, &scope };
	struct arena *scratch = &w->value_scratch;
	struct value payload;
	json_t *o = NULL;
	char *text = NULL;

	arena_reset(scratch);
	if (schema != NULL && !record_deleted(rec) &&
	    value_parse(rec->payload, scratch, &payload) == OK) {
		scope_add(&scope, rec->kind, &payload);
		if (payload_to_json(schema, &payload, &labels, &o) == OK)
			text =
			    json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
	}
	if (text != NULL)
		rows_json(r, text);
	else
		rows_null(r);
	free(text);
	json_decref(o);
}

static void
put_record(struct record_writing *w, struct rows *r, const struct record *rec,
    bool opaque)
{
	char id[RECORD_ID_TEXT], did[DID_KEY_TEXT];

	record_id_put(id, rec->id);
	did_key_put(did, rec->author);
	rows_string(r, id);
	rows_string(r, kind_info(rec->kind)->name);
	rows_integer(r, rec->kind);
	rows_string(r, did);
	rows_string(r, rec->region);
	rows_integer(r, rec->slot);
	rows_integer(r, (int64_t)rec->seq);
	rows_time(r, record_hour(rec) * 3600);
	rows_time(r, rec->expires_h * 3600);
	rows_truth(r, record_deleted(rec));
	rows_truth(r, opaque);
	rows_integer(r, (int64_t)MIN(rec->pv, (uint64_t)INT64_MAX));
	rows_integer(r, (int64_t)rec->bytes.n);
	put_payload(r, rec, w);
	put_base64(r, rec->bytes);
	rows_end(r);
}

static bool
on_record(void *ctx, const struct store_record *s)
{
	struct record_writing *w = ctx;
	struct record rec;
	const size_t at = place_of(s->kind);

	if (s->expires_h <= w->d->now_s / 3600 || s->kind >= STORE_KINDS ||
	    (w->d->p->kinds[s->kind / 64] >> s->kind % 64 & 1) == 0)
		return true;
	if (record_read(s->bytes, &w->record_scratch, &rec) != RECORD_FINE) {
		w->e = ERR_CORRUPT;
		return false;
	}
	if (w->of[at] == NULL)
		w->e = rows_open(w->d->cf->dir, &rows_kinds[ROWS_RECORDS],
		    kind_info(s->kind)->name, &w->of[at], w->d->problem);
	if (w->e != OK)
		return false;
	put_record(w, w->of[at], &rec, s->opaque);
	return true;
}

/* In the order of hour and id: the same set gives the same file. */
static err
records_write(struct dataset *d, struct store_view *view)
{
	struct record_writing w = { .d = d };
	err e;

	w.record_scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	w.value_scratch =
	    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	if (w.record_scratch.p == NULL || w.value_scratch.p == NULL ||
	    core_vocabulary_new(&w.vocabulary) != OK)
		e = ERR_NOMEM;
	else
		e = store_each_time(
		    view, 0, (1U << RECORD_CLASSES) - 1, on_record, &w);
	e = e == OK ? w.e : e;
	for (size_t i = 0; i < ARRAY_LEN(w.of); i++) {
		struct rows_done done;
		if (w.of[i] == NULL)
			continue;
		if (e != OK) {
			rows_drop(w.of[i]);
			continue;
		}
		e = rows_close(w.of[i], &done, d->problem);
		if (e != OK)
			continue;
		dataset_file(d, &done, "records");
		(void)json_object_set_new(d->records,
		    i > KIND_LAST ? "open" : kind_info(i)->name,
		    json_integer((json_int_t)done.rows));
	}
	vocabulary_free(w.vocabulary);
	free(w.record_scratch.p);
	free(w.value_scratch.p);
	return e;
}

/* ---- the manifest ---- */

static void
put_time(json_t *o, const char *key, uint64_t s)
{
	const time_t t = (time_t)s;
	char text[40] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)json_object_set_new(o, key, json_string(text));
}

static json_t *
counts_json(const struct dataset *d, const struct frontier_totals *t)
{
	json_int_t records = 0;
	const char *kind;
	json_t *v;

	json_object_foreach(d->records, kind, v)
	{
		records += json_integer_value(v);
	}
	json_t *o = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}",
	    "peers_heard_of", (json_int_t)t->peers, "answered",
	    (json_int_t)t->answered, "unreachable", (json_int_t)t->unreachable,
	    "opted_out", (json_int_t)t->opted_out, "other_network",
	    (json_int_t)t->foreign, "waiting", (json_int_t)t->waiting, "visits",
	    (json_int_t)t->visits, "calls", (json_int_t)t->dials, "questions",
	    (json_int_t)t->questions, "edges", (json_int_t)d->edges, "records",
	    records);
	(void)json_object_set(o, "records_by_kind", d->records);
	return o;
}

static void
skip(json_t *list, const char *what, uint64_t count, const char *why)
{
	if (count > 0)
		(void)json_array_append_new(
		    list, json_pack("{s:s,s:I,s:s}", "what", what, "count",
			      (json_int_t)count, "why", why));
}

static json_t *
skipped_json(const struct dataset *d, const struct frontier_totals *t)
{
	json_t *list = json_array();

	skip(list, "peers", t->opted_out,
	    "they do not want to be crawled; nothing else is written of them");
	skip(list, "peers", t->waiting, "the crawl ended before their turn");
	skip(list, "peers named", t->no_room,
	    "more peers than the crawl may keep in mind (--peers-max)");
	skip(list, "peers named", t->crowded,
	    "more than 256 of one subnet (/24 or /56)");
	skip(list, "peers named", t->undiallable,
	    "no address that can be dialled");
	skip(list, "addresses", t->unnameable,
	    "nearer to us than the peer that named them");
	skip(list, "cells of counts.csv", d->cells_hidden,
	    "fewer than 10 authors or 3 companies, or one company with more "
	    "than 80 %");
	return list;
}

static json_t *
privacy_json(const struct dataset *d)
{
	char key[2 * FRONTIER_KEY + 1] = "";
	json_t *o = json_pack("{s:s,s:b,s:s,s:s}", "peers",
	    "128 bits of BLAKE2b over a random key of this crawl and the "
	    "peer id: names of two crawls cannot be joined",
	    "addresses_written", d->p->addresses, "opt_out",
	    "a node with crawl.allow = no is in no file but in the count "
	    "opted_out",
	    "records",
	    "public, pseudonymous records as their authors signed them; the "
	    "rule of k authors binds counts.csv, not who holds the rows");

	if (d->p->keep_key &&
	    hex_put(key, sizeof(key),
		slice_of(frontier_key(d->f), FRONTIER_KEY)) == OK)
		(void)json_object_set_new(o, "key", json_string(key));
	return o;
}

static json_t *
manifest_json(struct dataset *d, const char *state)
{
	static const char *const ends[] = {
		[CRAWL_ALL] = "nobody is left to visit",
		[CRAWL_LIMIT] = "the limit of visits",
		[CRAWL_STOPPED] = "stopped",
	};
	const struct frontier_totals *t = frontier_totals(d->f);
	char id[17];
	uint8_t raw[8];
	const struct crypto_part part = { frontier_key(d->f), FRONTIER_KEY };
	json_t *o = json_object();

	hash_blake2b(raw, sizeof(raw), "ohcn-crawl-id", &part, 1);
	if (hex_put(id, sizeof(id), slice_of(raw, sizeof(raw))) != OK)
		id[0] = 0;
	(void)json_object_set_new(o, "schema", json_string("ohcn.crawl/1"));
	(void)json_object_set_new(o, "crawl", json_string(id));
	(void)json_object_set_new(
	    o, "made_by", json_string("ohcn " OHCN_VERSION));
	(void)json_object_set_new(o, "network", json_string(d->p->network));
	(void)json_object_set_new(o, "state", json_string(state));
	put_time(o, "begin", t->begin_s);
	if (d->files != NULL) {
		put_time(o, "end", d->now_s);
		(void)json_object_set_new(
		    o, "ended_by", json_string(ends[d->end]));
		(void)json_object_set_new(
		    o, "seconds", json_integer((json_int_t)t->worked_s));
		(void)json_object_set_new(
		    o, "runs", json_integer((json_int_t)t->runs));
	}
	(void)json_object_set_new(o, "command",
	    json_string(d->cf->command == NULL ? "" : d->cf->command));
	(void)json_object_set_new(o, "parameters", parameters_json(d->p));
	(void)json_object_set_new(
	    o, "seeds", json_integer((json_int_t)d->cf->seeds_n));
	(void)json_object_set_new(o, "privacy", privacy_json(d));
	(void)json_object_set_new(o, "licence", json_string(LICENCE));
	if (d->files == NULL)
		return o;
	(void)json_object_set_new(o, "counts", counts_json(d, t));
	(void)json_object_set_new(o, "skipped", skipped_json(d, t));
	(void)json_object_set(o, "files", d->files);
	return o;
}

static err
manifest_put(struct dataset *d, const json_t *o)
{
	char path[PATH_TEXT_MAX];
	char *text = json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	err e = ERR_NOMEM;

	crawl_path(path, "%s/%s", d->cf->dir, CRAWL_MANIFEST);
	if (text != NULL)
		e = file_replace(path, slice_str(text), 0644, d->problem);
	free(text);
	return e;
}

err
dataset_begun(struct dataset *d)
{
	json_t *o = manifest_json(d, "running");
	const err e = manifest_put(d, o);

	json_decref(o);
	return e;
}

static err
schemas_write(struct dataset *d)
{
	const char *kinds[KIND_LAST + 2];
	const char *kind;
	size_t n = 0;
	json_t *v;

	json_object_foreach(d->records, kind, v)
	{
		if (n < ARRAY_LEN(kinds))
			kinds[n++] = kind;
	}
	return rows_schema_write(
	    d->cf->dir, d->store == NULL ? NULL : kinds, n, d->problem);
}

err
dataset_write(struct dataset *d, json_t **manifest)
{
	struct store_view *view = NULL;
	err e;

	d->files = json_array();
	d->records = json_object();
	e = network_write(d, ROWS_VISITS);
	if (e == OK)
		e = network_write(d, ROWS_PEERS);
	if (e == OK)
		e = network_write(d, ROWS_EDGES);
	if (e == OK && d->store != NULL)
		e = store_view_open(d->store, &view);
	if (e == OK && view != NULL)
		e = records_write(d, view);
	if (e == OK && view != NULL)
		e = counts_write(d, view);
	store_view_close(view);
	if (e == OK)
		e = schemas_write(d);
	if (e == OK) {
		*manifest = manifest_json(
		    d, d->end == CRAWL_STOPPED ? "partial" : "complete");
		e = manifest_put(d, *manifest);
	}
	json_decref(d->files);
	json_decref(d->records);
	return e;
}
