#include "node/record/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/node.h"

err
reader_init(struct reader *rd)
{
	*rd = (struct reader){ 0 };
	rd->record_scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	rd->value_scratch =
	    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	if (rd->record_scratch.p != NULL && rd->value_scratch.p != NULL)
		return OK;
	reader_fini(rd);
	return ERR_NOMEM;
}

void
reader_fini(struct reader *rd)
{
	free(rd->record_scratch.p);
	free(rd->value_scratch.p);
	rd->record_scratch.p = NULL;
	rd->value_scratch.p = NULL;
}

bool
reader_open(struct reader *rd, const struct store_record *s)
{
	arena_reset(&rd->value_scratch);
	return record_read(s->bytes, &rd->record_scratch, &rd->r) ==
		   RECORD_FINE &&
	       value_parse(rd->r.payload, &rd->value_scratch, &rd->payload) ==
		   OK &&
	       rd->payload.type == VALUE_MAP;
}

bool
record_is_live(const struct store_record *s, uint64_t now_s)
{
	return !s->deleted && s->expires_h > now_s / 3600;
}

const char *
region_of(const struct node *n, const json_t *draft)
{
	const char *region =
	    json_string_value(json_object_get(draft, "region"));

	return region != NULL ? region : n->config->node.region;
}

static bool
region_take(const char *text, char out[3])
{
	if (text == NULL || strlen(text) != 2)
		return false;
	for (size_t i = 0; i < 2; i++) {
		const char c = text[i];
		if (c >= 'A' && c <= 'Z')
			out[i] = (char)(c - 'A' + 'a');
		else if (c >= 'a' && c <= 'z')
			out[i] = c;
		else
			return false;
	}
	out[2] = 0;
	return true;
}

static void
fault(struct payload_fault *f, const char *path, const char *why,
    const char *hint)
{
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	(void)snprintf(f->why, sizeof(f->why), "%s", why);
	(void)snprintf(f->hint, sizeof(f->hint), "%s", hint);
}

err
user_payload_read(uint32_t kind, const json_t *draft, const char *region,
    struct user_payload *out, struct payload_fault *f)
{
	const struct schema *schema = schema_latest(kind);
	struct value value;

	ASSERT(schema != NULL);
	if (!json_is_object(draft)) {
		fault(f, "", "must be an object", "");
		return ERR_FORM;
	}
	const json_t *said = json_object_get(draft, "region");
	if (said != NULL)
		region = json_string_value(said);
	if (!region_take(region, out->region)) {
		fault(f, "region", "must be two letters",
		    "a country of ISO 3166-1, or \"zz\"");
		return ERR_FORM;
	}
	void *memory = malloc(PAYLOAD_ARENA_BYTES);
	json_t *copy = json_copy((json_t *)(uintptr_t)draft);
	if (memory == NULL || copy == NULL) {
		free(memory);
		json_decref(copy);
		fault(f, "", "out of memory", "");
		return ERR_NOMEM;
	}
	(void)json_object_del(copy, "region");
	struct arena arena = arena_of(memory, PAYLOAD_ARENA_BYTES);
	struct buf bytes = { out->bytes, 0, sizeof(out->bytes) };
	err e = payload_from_json(schema, copy, &arena, &value, f);
	if (e == OK && (value_write(&value, &bytes) != OK ||
			   bytes.n > kind_info(kind)->body_bytes_max)) {
		fault(f, "", "is larger than a record may be",
		    "shorten texts and lists");
		e = ERR_LIMIT;
	}
	out->n = bytes.n;
	json_decref(copy);
	free(memory);
	return e;
}
