#include "node/api/feed.h"

#include <stdlib.h>

#include "match/course.h"

/* ---- records one after the other ---- */

static bool
on_rid(void *ctx, const struct store_record *s)
{
	struct feed *f = ctx;

	if (!record_is_live(s, f->now_s) || s->opaque ||
	    (f->skip_own != NULL && task_owns(f->skip_own, s->author)))
		return true;
	if (f->n == f->cap) {
		const size_t cap = f->cap == 0 ? 1024 : 2 * f->cap;
		uint64_t *more = realloc(f->rids, cap * sizeof(*more));
		f->no_memory = more == NULL;
		if (more == NULL)
			return false;
		f->rids = more;
		f->cap = cap;
	}
	f->rids[f->n++] = s->rid;
	return true;
}

struct feed *
feed_open(struct task *t, uint32_t kind, bool skip_own)
{
	struct feed *f = calloc(1, sizeof(*f));
	err e = f == NULL ? ERR_NOMEM : reader_init(&f->rd);

	if (e == OK) {
		f->view = t->view;
		f->kind = kind;
		f->vocabulary = t->terms->vocabulary;
		f->now_s = t->now_s;
		f->skip_own = skip_own ? t : NULL;
		e = store_each_kind(t->view, kind, on_rid, f);
	}
	if (e == OK && f->no_memory)
		e = ERR_NOMEM;
	if (e == OK)
		return f;
	task_fail(t, 500, "E3902", "ohcn store check",
	    "the store cannot be read: %s", err_name(e));
	feed_close(f);
	return NULL;
}

void
feed_close(struct feed *f)
{
	if (f == NULL)
		return;
	reader_fini(&f->rd);
	free(f->rids);
	free(f);
}

bool
feed_step(struct feed *f)
{
	while (f->at < f->n) {
		const uint64_t rid = f->rids[f->at];
		f->at += MAX(f->step, (size_t)1);
		if (store_get_rid(f->view, rid, &f->s) == OK &&
		    reader_open(&f->rd, &f->s))
			return true;
	}
	return false;
}

static bool
next_card(void *ctx, struct card_item *item)
{
	struct feed *f = ctx;

	while (feed_step(f)) {
		if (card_decode(&f->rd.payload, f->s.region, &f->card) != OK)
			continue;
		card_resolve(&f->card, f->vocabulary);
		*item = (struct card_item){ f->s.id, f->s.author, &f->card };
		return true;
	}
	return false;
}

static bool
next_posting(void *ctx, struct posting_item *item)
{
	struct feed *f = ctx;

	while (feed_step(f)) {
		const err e = f->kind == KIND_COURSE
				  ? course_posting(&f->rd.payload, f->s.region,
					&f->posting)
				  : posting_decode(&f->rd.payload, f->s.region,
					&f->posting);
		if (e != OK)
			continue;
		posting_resolve(&f->posting, f->vocabulary);
		*item =
		    (struct posting_item){ f->s.id, f->s.author, &f->posting };
		return true;
	}
	return false;
}

struct card_source
feed_cards(struct feed *f)
{
	f->at = 0;
	return (struct card_source){ next_card, f };
}

struct posting_source
feed_postings(struct feed *f)
{
	f->at = 0;
	return (struct posting_source){ next_posting, f };
}

/* ---- courses ---- */

bool
lessons_load(struct task *t, struct lessons *l)
{
	struct feed *f = feed_open(t, KIND_COURSE, false);

	*l = (struct lessons){ 0 };
	if (f == NULL)
		return false;
	const size_t most = MIN(f->n, (size_t)LESSONS_MAX);
	l->left_out = f->n - most;
	/* The newest ones stay. */
	f->at = l->left_out;
	if (most > 0) {
		l->lessons = malloc(most * sizeof(*l->lessons));
		l->ids = malloc(most * sizeof(*l->ids));
		if (l->lessons == NULL || l->ids == NULL) {
			task_fail(t, 503, "E1901", "try again in a moment",
			    "out of memory");
			lessons_free(l);
			feed_close(f);
			return false;
		}
	}
	while (l->n < most && feed_step(f)) {
		struct lesson *one = &l->lessons[l->n];
		if (lesson_decode(&f->rd.payload, one) != OK)
			continue;
		lesson_resolve(one, f->vocabulary);
		memcpy(l->ids[l->n++], f->s.id, RECORD_ID);
	}
	feed_close(f);
	return true;
}

void
lessons_free(struct lessons *l)
{
	free(l->lessons);
	free(l->ids);
	*l = (struct lessons){ 0 };
}

static bool
next_lesson(void *ctx, struct lesson_entry *item)
{
	struct lessons *l = ctx;

	if (l->at == l->n)
		return false;
	*item = (struct lesson_entry){ l->ids[l->at], &l->lessons[l->at] };
	l->at++;
	return true;
}

struct lesson_source
lessons_source(struct lessons *l)
{
	l->at = 0;
	return (struct lesson_source){ next_lesson, l };
}

/* ---- one record ---- */

struct looking {
	const char *text;
	uint32_t kind;
	uint64_t rid;
	unsigned found;
};

static bool
on_look(void *ctx, const struct store_record *s)
{
	struct looking *l = ctx;

	if ((l->kind != 0 && s->kind != l->kind) ||
	    !record_text_is(s->id, l->text))
		return true;
	l->rid = s->rid;
	return ++l->found < 2;
}

bool
find_record(
    struct task *t, const char *text, uint32_t kind, struct store_record *out)
{
	uint8_t id[RECORD_ID];
	struct looking l = { text, kind, 0, 0 };
	err e;

	if (record_id_get(slice_str(text), id) == OK) {
		e = store_get(t->view, id, out);
		if (e == OK && kind != 0 && out->kind != kind)
			e = ERR_NOTFOUND;
	} else {
		e = store_each_arrival(t->view, 0, on_look, &l);
		if (e == OK && l.found > 1) {
			task_fail(t, 409, "E3203", "give more characters of it",
			    "\"%.80s\" fits several records", text);
			return false;
		}
		if (e == OK)
			e = l.found == 0 ? ERR_NOTFOUND
					 : store_get_rid(t->view, l.rid, out);
	}
	if (e == ERR_NOTFOUND)
		task_fail(t, 404, "E3202", "ohcn record list",
		    "there is no %s \"%.80s\"",
		    kind == 0 ? "record" : kind_info(kind)->name, text);
	else if (e != OK)
		task_fail(t, 500, "E3902", "ohcn store check",
		    "the store cannot be read: %s", err_name(e));
	return e == OK;
}
