#include "node/care/stat.h"

#include "proto/record/scope.h"

static json_t *
kinds_of(const struct store_totals *t)
{
	json_t *o = json_object();
	uint64_t open = 0;

	for (uint32_t k = 0; k < STORE_KINDS; k++) {
		const struct kind_info *info = kind_info(k);
		if (info == NULL)
			open += t->kind[k];
		else
			(void)json_object_set_new(o, info->name,
			    json_integer((json_int_t)t->kind[k]));
	}
	(void)json_object_set_new(o, "open", json_integer((json_int_t)open));
	return o;
}

static json_t *
tables_of(const struct store_stat *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < STORE_TABLES; i++)
		(void)json_array_append_new(
		    list, json_pack("{s:s,s:I,s:I}", "name", s->table[i].name,
			      "rows", (json_int_t)s->table[i].rows, "bytes",
			      (json_int_t)s->table[i].bytes));
	return list;
}

static void
put(json_t *o, const char *key, uint64_t v)
{
	(void)json_object_set_new(o, key, json_integer((json_int_t)v));
}

err
care_stat(struct store_view *view, struct map *map, json_t **out)
{
	struct store_stat s;
	struct map_stats m;
	unsigned readers = 0, cleared = 0;

	*out = NULL;
	TRY(store_stat(view, &s));
	TRY(map_stats(map, &m));
	json_t *o = json_object();
	put(o, "version", s.version);
	put(o, "records", s.totals.records);
	put(o, "bytes", s.totals.bytes);
	(void)json_object_set_new(o, "kinds", kinds_of(&s.totals));
	put(o, "own", s.totals.own);
	put(o, "floors", s.totals.floors);
	put(o, "evicted", s.totals.evicted);
	put(o, "arrivals", s.totals.next_rid - 1);
	put(o, "refused_full", s.totals.refused_full);
	(void)json_object_set_new(o, "quota",
	    json_pack("{s:I,s:I}", "bytes", (json_int_t)s.max_bytes, "records",
		(json_int_t)s.max_records));
	(void)json_object_set_new(o, "sample",
	    json_pack("{s:f,s:I,s:b}", "share",
		s.sample == SCOPE_EVERYBODY ? 1.0 : s.sample / 4294967296.0,
		"changed", (json_int_t)s.narrowed_s, "evicting",
		(int)s.evicting));
	(void)json_object_set_new(o, "tables", tables_of(&s));
	(void)json_object_set_new(o, "file",
	    json_pack("{s:I,s:I,s:I,s:I}", "bytes", (json_int_t)m.file_bytes,
		"used", (json_int_t)m.used_bytes, "free",
		(json_int_t)(m.file_bytes - MIN(m.file_bytes, m.used_bytes)),
		"map", (json_int_t)m.max_bytes));
	put(o, "oldest", (uint64_t)s.oldest_h * 3600);
	put(o, "newest", (uint64_t)s.newest_h * 3600);
	put(o, "next_expiry", (uint64_t)s.first_expiry_h * 3600);
	put(o, "migrated_from", s.migrated_from);
	put(o, "migrated", s.migrated_s);
	if (map_lmdb_readers(map, &readers, &cleared) == OK)
		put(o, "readers", readers);
	*out = o;
	return OK;
}
