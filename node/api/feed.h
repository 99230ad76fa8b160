/*
 * api/feed.h: the records of a kind one after the other, decoded for
 * matching: what match/scan.h asks for. For a worker, with the view and the
 * vocabulary of its task. Tombstones, expired and opaque records, and those of
 * our own author are left out.
 */
#pragma once

#include "match/scan.h"
#include "node/api/parts.h"

struct feed {
	struct store_view *view;
	const struct vocabulary *vocabulary;
	uint64_t now_s;
	const struct task *skip_own; /* of which to leave out; NULL: none */
	uint64_t *rids;
	size_t n, cap, at;
	size_t step; /* each so many; 0 is 1 */
	bool no_memory;
	struct reader rd;
	struct store_record s;
	uint32_t kind;
	union {
		struct card card;
		struct posting posting;
		struct lesson lesson;
	};
};

/** feed_open(t, kind): NULL: task_fail() was called. */
struct feed *feed_open(struct task *t, uint32_t kind, bool skip_own);
void feed_close(struct feed *f); /* NULL is fine */

/** feed_step(f): the next that can be read, in ${f}->s and rd; false: the end. */
bool feed_step(struct feed *f);

/* Sources over a feed, from its beginning. */
struct card_source feed_cards(struct feed *f);
/** feed_postings(f): demands, or courses as postings (match/course.h). */
struct posting_source feed_postings(struct feed *f);

/* All courses, decoded once, since many results ask for the next step. */
#define LESSONS_MAX 4096
struct lessons {
	struct lesson *lessons;
	uint8_t (*ids)[RECORD_ID];
	size_t n, at;
	size_t left_out; /* over LESSONS_MAX */
};

/** lessons_load(t, l): false: task_fail() was called. */
NODISCARD bool lessons_load(struct task *t, struct lessons *l);
void lessons_free(struct lessons *l);
struct lesson_source lessons_source(struct lessons *l);

/**
 * find_record(t, text, kind, out): by id or a part of it (record_text_is());
 * ${kind} 0: any. false: task_fail() was called.
 */
NODISCARD bool find_record(
    struct task *t, const char *text, uint32_t kind, struct store_record *out);
