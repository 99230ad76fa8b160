/*
 * company/feed.h: postings that a company keeps elsewhere, read from there by
 * itself: a URL (or a file in feeds.directory) of JobPosting JSON-LD, CSV or
 * NDJSON, compared with what is published by external id: new, changed,
 * archived. One at a time, each at its own interval and a little later by
 * chance; what has not changed is asked for by ETag and date.
 *
 * What it does not do by itself:
 * - archive what it did not publish: only external ids that this feed has had;
 * - archive much at once: a file without a good row, or one that has lost half
 *   of what the feed had, archives nothing until the owner says so; neither
 *   does one that cannot be fetched or read;
 * - publish words that it is not sure of: such a row waits for a review, and
 *   what is published of it stays.
 *
 * In the vault, per persona: feed/NAME, feed-ids/NAME/CHUNK. For the loop's
 * thread.
 */
#pragma once

#include "node/node.h"

#define FEEDS_MAX      32 /* of all personas */
#define FEED_NAME_MAX  24
#define FEED_IDS_MAX   1024
#define FEED_WORDS_MAX 100 /* decided, and shown for review */

struct feeds;

/* ${reply}: as POST /demands/import answers, borrowed; NULL: the file as a
 * whole is of no use, and ${why} says why. */
typedef void import_done(void *ctx, const json_t *reply, const char *why);

struct import_run {
	uint32_t persona;
	json_t *input;    /* as the body of POST /demands/import; taken */
	json_t *archived; /* external ids as keys: these alone may be archived;
			     taken */
	bool hold_unsure; /* rows with words of unsure meaning are held back */
	import_done *done;
	void *ctx;
};

/** OK: ${done} comes, on the loop; ERR_NOMEM: it does not. What was to be taken
 * is. */
typedef err import_start_fn(struct node *n, const struct import_run *run);

/** feeds_open(n, import): after owner and vault; ${import} brings in what was
 * read. ERR_NOMEM. */
NODISCARD err feeds_open(struct node *n, import_start_fn *import);
/** feeds_stop(n): what is being fetched ends soon. */
void feeds_stop(struct node *n);
void feeds_close(struct node *n);
/** feeds_tick(n): each second. */
void feeds_tick(struct node *n);

/**
 * feeds_json(n, persona): [{name, url, format, region, every, archive, made,
 * next, busy, known, decisions{}, last{at, result, why, created, updated,
 * unchanged, archived, errors, held} | null, fails, ask{missing, known} | null,
 * review[{text, alternatives[]}], errors[{external_id, message}]}].
 */
json_t *feeds_json(struct node *n, uint32_t persona);
/** feed_json(n, persona, name): NULL: there is none. */
json_t *feed_json(struct node *n, uint32_t persona, const char *name);

/**
 * feed_set(n, persona, name, what, field, why): ${what} {url, format, region,
 * map, every, archive}. ERR_FORM with ${field} and ${why}; ERR_LIMIT;
 * ERR_CLOSED: it is being read; ERR_IO.
 */
NODISCARD err feed_set(struct node *n, uint32_t persona, const char *name,
    const json_t *what, const char **field, const char **why);

/** feeds_forget(n, persona): before its values in the vault go. ERR_MORE: one
 * is being read; try again. */
NODISCARD err feeds_forget(struct node *n, uint32_t persona);

/** feed_remove(n, persona, name): what it published stays. ERR_NOTFOUND;
 * ERR_CLOSED: it is being read; ERR_IO. */
NODISCARD err feed_remove(struct node *n, uint32_t persona, const char *name);

/**
 * feed_review(n, persona, name, decisions, archive): ${decisions} (NULL: none)
 * as of an import; ${archive}: what is missing may be archived, as often as was
 * asked. It is read again at once. ERR_NOTFOUND; ERR_LIMIT: over
 * FEED_WORDS_MAX words; ERR_IO.
 */
NODISCARD err feed_review(struct node *n, uint32_t persona, const char *name,
    const json_t *decisions, bool archive);

/* Once the sync has ended; ${o} as feed_json(), of a dry run what would be
 * done. Taken. */
typedef void feed_done(void *ctx, json_t *o);

/** feed_sync(n, persona, name, dry, done, ctx): now. ERR_NOTFOUND; ERR_CLOSED:
 * another one is being read; ERR_NOMEM. */
NODISCARD err feed_sync(struct node *n, uint32_t persona, const char *name,
    bool dry, feed_done *done, void *ctx);

/* Since the start. */
struct feed_stats {
	uint64_t changed, unchanged, failed, asked;
	unsigned feeds, failing;
};
void feed_stats(const struct node *n, struct feed_stats *out);
