/* crawl/columns.c: the columns of the files, and what describes them. */
#include <stdlib.h>
#include <sys/stat.h>

#include "node/base/paths.h"
#include "node/crawl/rows.h"

static const struct column visit_columns[] = {
	{ "visit", COLUMN_INTEGER, false, "number of the visit, from 1" },
	{ "peer", COLUMN_TEXT, false,
	    "who was visited: a name that holds in this crawl alone" },
	{ "time", COLUMN_TIME, false, "when the visit began, UTC" },
	{ "attempt", COLUMN_INTEGER, false, "1: the first visit to this peer" },
	{ "outcome", COLUMN_TEXT, false,
	    "answered, unreachable, no-address, no-identify, closed, "
	    "other-network" },
	{ "why", COLUMN_TEXT, true, "more about the outcome" },
	{ "milliseconds", COLUMN_INTEGER, false, "from the call to the end" },
	{ "agent", COLUMN_TEXT, true, "identify: the program it runs" },
	{ "protocols", COLUMN_TEXTS, true, "identify: what it speaks" },
	{ "contacts", COLUMN_INTEGER, true,
	    "peers that it named (Kademlia); null: not asked" },
	{ "questions", COLUMN_INTEGER, false, "that it was asked (Kademlia)" },
	{ "sync", COLUMN_TEXT, true,
	    "the comparison of records: done, refused, failed, unspoken; "
	    "null: not begun" },
	{ "records_offered", COLUMN_INTEGER, true,
	    "records that it holds in the scope, as it says" },
	{ "records_new", COLUMN_INTEGER, true,
	    "of these, what no visit before had brought" },
	{ NULL, COLUMN_TEXT, false, NULL },
};

static const struct column peer_columns[] = {
	{ "peer", COLUMN_TEXT, false,
	    "a name that holds in this crawl alone: see crawl.json" },
	{ "state", COLUMN_TEXT, false,
	    "answered, unreachable, other-network, waiting (the crawl ended "
	    "before)" },
	{ "source", COLUMN_TEXT, false,
	    "who named it first: seed, node, dht, exchange, lan" },
	{ "depth", COLUMN_INTEGER, false, "steps from a seed" },
	{ "named_by", COLUMN_INTEGER, false,
	    "edges to it, those of source provider apart" },
	{ "attempts", COLUMN_INTEGER, false, "visits made or tried" },
	{ "first_seen", COLUMN_TIME, false, "first named, UTC" },
	{ "last_answered", COLUMN_TIME, true, "UTC; null: never" },
	{ "agent", COLUMN_TEXT, true, "identify: the program it runs" },
	{ "protocols", COLUMN_TEXTS, true, "identify: what it speaks" },
	{ "transports", COLUMN_TEXTS, false,
	    "kinds of its addresses: tcp, ws, relay, onion, other, each with "
	    "ip4, ip6, name" },
	{ "reach", COLUMN_TEXT, true,
	    "of its farthest address: internet, local, machine" },
	{ "dht_server", COLUMN_TRUTH, true, "answers questions of Kademlia" },
	{ "addresses", COLUMN_TEXTS, true,
	    "multiaddrs; null unless the crawl was made with --addresses" },
	{ NULL, COLUMN_TEXT, false, NULL },
};

static const struct column edge_columns[] = {
	{ "from_peer", COLUMN_TEXT, false, "who named the other" },
	{ "to_peer", COLUMN_TEXT, false, "who was named" },
	{ "source", COLUMN_TEXT, false,
	    "dht: in its routing table; exchange: in its mesh; provider: as a "
	    "member of the network" },
	{ NULL, COLUMN_TEXT, false, NULL },
};

static const struct column record_columns[] = {
	{ "id", COLUMN_TEXT, false, "CIDv1 of the record's body" },
	{ "kind", COLUMN_TEXT, false, "profile, demand, course, ..." },
	{ "kind_number", COLUMN_INTEGER, false, "as on the wire" },
	{ "author", COLUMN_TEXT, false, "did:key" },
	{ "region", COLUMN_TEXT, false, "ISO 3166-1 alpha-2, or zz" },
	{ "slot", COLUMN_INTEGER, false, "one slot, one live record" },
	{ "seq", COLUMN_INTEGER, false, "hour << 8 | counter" },
	{ "hour", COLUMN_TIME, false, "hour in which it was made, UTC" },
	{ "expires", COLUMN_TIME, false, "UTC" },
	{ "deleted", COLUMN_TRUTH, false, "a tombstone; the payload is null" },
	{ "opaque", COLUMN_TRUTH, false, "not to be interpreted" },
	{ "payload_version", COLUMN_INTEGER, false, "pv of the record" },
	{ "size", COLUMN_INTEGER, false, "bytes of the record" },
	{ "payload", COLUMN_JSON, true,
	    "what it says, as the API shows it; labels in English, \"\" for a "
	    "term that the core vocabulary lacks" },
	{ "bytes", COLUMN_TEXT, false,
	    "the signed record, base64: for verifying it again" },
	{ NULL, COLUMN_TEXT, false, NULL },
};

static const struct column count_columns[] = {
	{ "kind", COLUMN_TEXT, false, "profile, demand, course, ..." },
	{ "region", COLUMN_TEXT, false, "ISO 3166-1 alpha-2, or zz" },
	{ "term", COLUMN_TEXT, false,
	    "16 hexadecimal digits; empty: all records of kind and region" },
	{ "label", COLUMN_TEXT, false, "English, of the core vocabulary" },
	{ "records", COLUMN_INTEGER, false, "records that hold the term" },
	{ "authors", COLUMN_INTEGER, false, "distinct keys; at least 10" },
	{ "companies", COLUMN_INTEGER, true,
	    "distinct organisations; at least 3, none with more than 80 % of "
	    "the records; null: the kind is not of companies" },
	{ NULL, COLUMN_TEXT, false, NULL },
};

const struct rows_kind rows_kinds[ROWS_FILES] = {
	[ROWS_VISITS] = { "visits", ROWS_NDJSON, true,
	    "one line for each visit to a peer", visit_columns },
	[ROWS_PEERS] = { "peers", ROWS_NDJSON, true,
	    "one line for each peer that was heard of", peer_columns },
	[ROWS_EDGES] = { "edges", ROWS_CSV, true, "who named whom",
	    edge_columns },
	[ROWS_RECORDS] = { "records", ROWS_NDJSON, true,
	    "one line for each record of this kind", record_columns },
	[ROWS_COUNTS] = { "counts", ROWS_CSV, false,
	    "records by kind, region and term; small cells are left out",
	    count_columns },
};

void
rows_file_name(const struct rows_kind *k, const char *of, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s%s%s.%s%s", k->name, of == NULL ? "" : "-",
	    of == NULL ? "" : of, k->format == ROWS_CSV ? "csv" : "ndjson",
	    k->packed ? ".zst" : "");
}

/* ---- JSON Schema ---- */

static json_t *
type_schema(const struct column *c)
{
	static const char *const names[] = {
		[COLUMN_TEXT] = "string",
		[COLUMN_INTEGER] = "integer",
		[COLUMN_TRUTH] = "boolean",
		[COLUMN_TIME] = "string",
		[COLUMN_TEXTS] = "array",
		[COLUMN_JSON] = "object",
	};
	json_t *o = json_object();
	json_t *type = json_string(names[c->type]);

	if (c->may_be_null) {
		json_t *both = json_array();
		(void)json_array_append_new(both, type);
		(void)json_array_append_new(both, json_string("null"));
		type = both;
	}
	(void)json_object_set_new(o, "type", type);
	if (c->type == COLUMN_TIME)
		(void)json_object_set_new(
		    o, "format", json_string("date-time"));
	if (c->type == COLUMN_TEXTS)
		(void)json_object_set_new(
		    o, "items", json_pack("{s:s}", "type", "string"));
	(void)json_object_set_new(o, "description", json_string(c->about));
	return o;
}

static json_t *
line_schema(const struct rows_kind *k)
{
	json_t *o = json_object(), *properties = json_object();
	json_t *required = json_array();

	for (const struct column *c = k->columns; c->name != NULL; c++) {
		(void)json_object_set_new(properties, c->name, type_schema(c));
		(void)json_array_append_new(required, json_string(c->name));
	}
	(void)json_object_set_new(o, "$schema",
	    json_string("https://json-schema.org/draft/2020-12/schema"));
	(void)json_object_set_new(o, "title", json_string(k->name));
	(void)json_object_set_new(o, "description", json_string(k->about));
	(void)json_object_set_new(o, "type", json_string("object"));
	(void)json_object_set_new(o, "properties", properties);
	(void)json_object_set_new(o, "required", required);
	(void)json_object_set_new(o, "additionalProperties", json_false());
	return o;
}

/* "CSV on the Web", w3.org/TR/tabular-metadata. */
static json_t *
table_schema(const struct rows_kind *k)
{
	char name[80];
	json_t *columns = json_array();

	rows_file_name(k, NULL, name, sizeof(name));
	for (const struct column *c = k->columns; c->name != NULL; c++)
		(void)json_array_append_new(columns,
		    json_pack("{s:s,s:s,s:b,s:s}", "name", c->name, "datatype",
			c->type == COLUMN_INTEGER ? "integer" : "string",
			"required", !c->may_be_null, "dc:description",
			c->about));
	return json_pack("{s:s,s:s,s:s,s:{s:b,s:s,s:s},s:{s:o}}", "@context",
	    "http://www.w3.org/ns/csvw", "url", name, "dc:description",
	    k->about, "dialect", "header", 1, "delimiter", ",", "encoding",
	    "utf-8", "tableSchema", "columns", columns);
}

/* ---- views for DuckDB ---- */

static const char *const sql_types[] = {
	[COLUMN_TEXT] = "VARCHAR",
	[COLUMN_INTEGER] = "BIGINT",
	[COLUMN_TRUTH] = "BOOLEAN",
	[COLUMN_TIME] = "TIMESTAMPTZ",
	[COLUMN_TEXTS] = "VARCHAR[]",
	[COLUMN_JSON] = "JSON",
};

static void
sql_view(FILE *to, const struct rows_kind *k, const char *of)
{
	char file[80];
	const char *between = "";

	rows_file_name(k, of, file, sizeof(file));
	(void)fprintf(to, "CREATE OR REPLACE VIEW \"%s%s%s\" AS\n  SELECT * ",
	    k->name, of == NULL ? "" : "_", of == NULL ? "" : of);
	if (k->format == ROWS_CSV)
		(void)fprintf(to,
		    "FROM read_csv('%s', header = true, "
		    "columns = {",
		    file);
	else
		(void)fprintf(to,
		    "FROM read_json('%s', format = "
		    "'newline_delimited', columns = {",
		    file);
	for (const struct column *c = k->columns; c->name != NULL; c++) {
		(void)fprintf(to, "%s\n    %s: '%s'", between, c->name,
		    sql_types[c->type]);
		between = ",";
	}
	(void)fprintf(to, "});\n");
}

static err
schema_put(const char *dir, const struct rows_kind *k, struct problem *p)
{
	char path[PATH_TEXT_MAX];
	json_t *o = k->format == ROWS_CSV ? table_schema(k) : line_schema(k);
	char *text = o == NULL
			 ? NULL
			 : json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	err e = ERR_NOMEM;

	json_decref(o);
	if (text != NULL) {
		crawl_path(path, "%s/%s.schema.json", dir, k->name);
		e = file_replace(path, slice_str(text), 0644, p);
	}
	free(text);
	return e;
}

err
rows_schema_write(
    const char *dir, const char *const *kinds, size_t n, struct problem *p)
{
	char path[PATH_TEXT_MAX], *sql = NULL;
	size_t sql_n = 0;

	crawl_path(path, "%s/schema", dir);
	(void)mkdir(path, 0755);
	for (size_t i = 0; i < ROWS_FILES; i++)
		TRY(schema_put(path, &rows_kinds[i], p));
	FILE *to = open_memstream(&sql, &sql_n);
	if (to == NULL)
		return ERR_NOMEM;
	(void)fprintf(to,
	    "-- Run in the folder of crawl.json: duckdb < schema/duckdb.sql\n");
	for (size_t i = 0; i < ROWS_FILES; i++)
		if (i != ROWS_RECORDS && (i != ROWS_COUNTS || kinds != NULL))
			sql_view(to, &rows_kinds[i], NULL);
	for (size_t i = 0; i < n; i++)
		sql_view(to, &rows_kinds[ROWS_RECORDS], kinds[i]);
	if (fclose(to) != 0) {
		free(sql);
		return ERR_NOMEM;
	}
	crawl_path(path, "%s/schema/duckdb.sql", dir);
	const err e = file_replace(path, slice_of(sql, sql_n), 0644, p);
	free(sql);
	return e;
}
