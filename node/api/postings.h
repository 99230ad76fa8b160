/*
 * api/postings.h: what the handlers of own demands and courses share.
 */
#pragma once

#include "match/card.h"
#include "node/api/parts.h"

/* Keys of both payloads, as in SPEC.md. */
#define POSTING_TITLE      2
#define POSTING_STATUS_KEY 38
#define POSTING_FILLED_KEY 40

/** status_name(status): "open" (also for 0: not told), "paused", ... */
const char *status_name(unsigned status);

/** find_post(n, r, persona, kind, text, slot): false: answered. */
bool find_post(struct node *n, struct http_request *r, uint32_t persona,
    uint32_t kind, const char *text, uint32_t *slot);

/**
 * demand_with_status(n, persona, slot, status, filled, out):
 * The published payload of a demand with another status, and another number
 * of filled seats unless that is below 0. ERR_NOTFOUND; ERR_FORM; ERR_MORE;
 * ERR_NOMEM; the store's.
 */
NODISCARD err demand_with_status(struct node *n, uint32_t persona,
    uint32_t slot, unsigned status, int64_t filled, struct user_payload *out);

/** list_posts(n, r, kind, name): answers with the own ones of ?persona=, as
 * a list called ${name}. */
void list_posts(
    struct node *n, struct http_request *r, uint32_t kind, const char *name);

/** post_draft(n, r, kind, draft, dry): publish a posting, or show it. */
void post_draft(struct node *n, struct http_request *r, uint32_t kind,
    const json_t *draft, bool dry);
