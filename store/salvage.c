#include "store/salvage.h"

#include <stdlib.h>

#include "store/internal.h"

#define BATCH 128
#define EVERY 1024 /* values between two calls of progress */

struct salvage {
	struct store *s;
	struct store_view *view; /* of what it has; opened anew by batches */
	uint64_t now_s;
	pages_progress_fn *progress;
	void *ctx;
	struct store_salvaged *out;
	uint64_t file_bytes;
	const uint8_t *file;
	size_t n;
	struct record records[BATCH];
	bool own[BATCH], heard[BATCH], quiet[BATCH];
	struct arena scratch[BATCH];
	err error;
};

/* An owner's record that others have is put in twice: as both. */
static err
flush(struct salvage *v)
{
	struct store_item items[2 * BATCH];
	size_t n = 0;

	store_view_close(v->view);
	v->view = NULL;
	for (size_t i = 0; i < v->n; i++) {
		items[n++] = (struct store_item){ .record = &v->records[i],
			.own = v->own[i],
			.quiet = v->quiet[i] };
		if (v->own[i] && v->heard[i])
			items[n++] =
			    (struct store_item){ .record = &v->records[i] };
	}
	v->n = 0;
	if (n > 0)
		TRY(store_apply(v->s, items, n, v->now_s, NULL, NULL));
	for (size_t i = 0; i < n; i++)
		v->out->stored += items[i].outcome == RECORD_STORED;
	return store_view_open(v->s, &v->view);
}

/* Is it a record, whole and signed, that the store wants? */
static err
look(struct salvage *v, const struct store_record *h, bool *wanted)
{
	struct record *r = &v->records[v->n];
	struct arena *scratch = &v->scratch[v->n];
	enum record_outcome o;

	*wanted = false;
	arena_reset(scratch);
	if (record_read(h->bytes, scratch, r) != RECORD_FINE ||
	    !slice_eq(r->net, slice_of(v->s->net, v->s->net_n)))
		return OK;
	TRY(store_look(v->view, r, v->now_s, &o, NULL));
	if (o != RECORD_FINE || record_verify(r, scratch) != RECORD_FINE)
		return OK;
	*wanted = true;
	return OK;
}

static bool
on_value(void *ctx, struct slice key, struct slice value)
{
	struct salvage *v = ctx;
	struct store_record h;
	bool wanted;

	if (v->progress != NULL && v->out->found % EVERY == 0 &&
	    !v->progress(v->ctx, (uint64_t)(key.p - v->file), v->file_bytes)) {
		v->error = ERR_CLOSED;
		return false;
	}
	if (store_record_parse(get_u64be(key.p), value, &h) != OK)
		return true;
	v->out->found++;
	v->error = look(v, &h, &wanted);
	if (v->error == OK && wanted) {
		v->out->wanted++;
		v->own[v->n] = h.own;
		v->heard[v->n] = h.heard;
		v->quiet[v->n] = h.quiet;
		if (++v->n == BATCH)
			v->error = flush(v);
	}
	return v->error == OK;
}

err
store_salvage(struct store *s, struct slice file, uint64_t now_s,
    pages_progress_fn *progress, void *ctx, struct store_salvaged *out)
{
	struct salvage *v = calloc(1, sizeof(*v));
	uint8_t *memory = malloc((size_t)BATCH * RECORD_SCRATCH_BYTES);
	uint64_t all = 0;

	*out = (struct store_salvaged){ 0 };
	if (v == NULL || memory == NULL) {
		free(v);
		free(memory);
		return ERR_NOMEM;
	}
	*v = (struct salvage){ .s = s,
		.now_s = now_s,
		.progress = progress,
		.ctx = ctx,
		.out = out,
		.file = file.p,
		.file_bytes = file.n };
	for (size_t i = 0; i < BATCH; i++)
		v->scratch[i] = arena_of(
		    memory + i * RECORD_SCRATCH_BYTES, RECORD_SCRATCH_BYTES);
	v->error = store_view_open(s, &v->view);
	if (v->error == OK)
		pages_salvage(file, 8, HEADER_BYTES + 1, on_value, v, &all);
	if (v->error == OK)
		v->error = flush(v);
	store_view_close(v->view);
	const err e = v->error;
	free(memory);
	free(v);
	return e;
}
