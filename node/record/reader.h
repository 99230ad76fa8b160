/*
 * reader.h: a record of the store, opened to be read; and the way back, a
 * user's JSON as the canonical bytes of a payload. Any thread, each with a
 * reader of its own.
 */
#pragma once

#include "node/record/payload_json.h"
#include "store/store.h"

struct node;

/* The private drafts of a persona, in the vault. */
#define DRAFT_PROFILE      "draft/profile"
#define DRAFT_ORGANISATION "draft/organisation"
#define DRAFT_WISHES       "draft/wishes"

struct reader {
	struct arena record_scratch, value_scratch;
	struct record r;      /* the last one opened */
	struct value payload; /* of it */
};

NODISCARD err reader_init(struct reader *rd);
void reader_fini(struct reader *rd);

/** reader_open(rd, s): false: not readable; both borrow the view. */
NODISCARD bool reader_open(struct reader *rd, const struct store_record *s);

/** record_is_live(s, now_s): neither deleted nor expired. */
bool record_is_live(const struct store_record *s, uint64_t now_s);

/* A payload as canonical bytes. */
struct user_payload {
	char region[3];
	size_t n;
	uint8_t bytes[RECORD_BODY_MAX];
};

/**
 * user_payload_read(kind, draft, region, out, f):
 * ${draft}: an object in the form of payload_json.h; "region" in it is taken
 * out (a copy is made), else ${region} counts. Any thread. ERR_FORM with
 * ${f}; ERR_LIMIT; ERR_NOMEM.
 */
NODISCARD err user_payload_read(uint32_t kind, const json_t *draft,
    const char *region, struct user_payload *out, struct payload_fault *f);

/** region_of(n, draft): its "region", else the node's. */
const char *region_of(const struct node *n, const json_t *draft);
