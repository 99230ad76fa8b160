#include "match/index/index.h"

#include <stdlib.h>

#include "match/index/internal.h"

#define MERGE_TOGETHER 4 /* segments of about one size */

const struct index_limits index_limits_default = {
	.records_max = 20000000,
	.tail_max = 4096,
};

/* ---- tails ---- */

static void
tail_drop(struct tail *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	for (uint32_t i = 0; i < t->slabs_n; i++)
		free(t->slabs[i]);
	free(t->slabs);
	free(t->ids);
	free(t->records);
	free(t->slots);
	free(t->dead);
	free(t);
}

static struct dead *
dead_new(uint32_t n)
{
	struct dead *d =
	    calloc(1, sizeof(*d) + ((size_t)n / 64 + 1) * sizeof(d->bits[0]));

	if (d != NULL)
		d->refs = 1;
	return d;
}

static void
dead_drop(struct dead *d)
{
	if (d != NULL && --d->refs == 0)
		free(d);
}

static struct dead *
dead_copy(const struct dead *d, uint32_t n)
{
	struct dead *copy = dead_new(n);

	if (copy == NULL)
		return NULL;
	copy->count = d->count;
	memcpy(copy->bits, d->bits, ((size_t)n / 64 + 1) * sizeof(d->bits[0]));
	return copy;
}

static struct tail *
tail_new(uint32_t cap)
{
	struct tail *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->refs = 1;
	t->cap = cap;
	t->ids = malloc((size_t)cap * sizeof(*t->ids));
	t->records = malloc((size_t)cap * sizeof(*t->records));
	t->slots = calloc((size_t)cap * 2, sizeof(*t->slots));
	t->dead = dead_new(cap);
	if (t->ids == NULL || t->records == NULL || t->slots == NULL ||
	    t->dead == NULL) {
		tail_drop(t);
		return NULL;
	}
	return t;
}

/* Room for the next record's bytes; NULL: out of memory. */
static uint8_t *
tail_room(struct tail *t, size_t n)
{
	if (t->slabs_n == 0 || t->slab_used + n > SLAB_BYTES) {
		void *p =
		    realloc(t->slabs, (t->slabs_n + 1) * sizeof(*t->slabs));
		if (p == NULL)
			return NULL;
		t->slabs = p;
		if ((t->slabs[t->slabs_n] = malloc(SLAB_BYTES)) == NULL)
			return NULL;
		t->slabs_n++;
		t->slab_used = 0;
	}
	return t->slabs[t->slabs_n - 1] + t->slab_used;
}

/* The number of what is there and not removed. */
static uint32_t
tail_find(const struct tail *t, uint64_t seed, const uint8_t *id)
{
	const uint32_t n = t->cap * 2;

	for (uint32_t at = id_slot(seed, id, n); t->slots[at] != 0;
	     at = at + 1 == n ? 0 : at + 1) {
		const uint32_t i = t->slots[at] - 1;
		if (!dead_at(t->dead, i) &&
		    memcmp(t->ids[i], id, RECORD_ID) == 0)
			return i;
	}
	return UINT32_MAX;
}

static void
tail_add(struct tail *t, uint64_t seed, const uint8_t *id, const uint8_t *bytes)
{
	const uint32_t i = t->n++, n = t->cap * 2;
	uint32_t at = id_slot(seed, id, n);

	memcpy(t->ids[i], id, RECORD_ID);
	t->records[i] = bytes;
	t->slab_used += forward_size(bytes);
	while (t->slots[at] != 0)
		at = at + 1 == n ? 0 : at + 1;
	t->slots[at] = i + 1;
}

/* ---- segments ---- */

static void
segment_drop(struct segment *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	dead_drop(s->dead);
	s->dead = NULL;
	segment_free(s);
}

static uint32_t
records_per_segment(const struct index *ix)
{
	return ix->kind == INDEX_PEOPLE ? SEGMENT_PEOPLE : SEGMENT_JOBS;
}

/* ---- the index ---- */

err
index_new(const struct meaning *m, enum index_kind kind,
    const struct index_limits *limits, struct index **out)
{
	struct index *ix = calloc(1, sizeof(*ix));

	*out = NULL;
	if (ix == NULL)
		return ERR_NOMEM;
	ASSERT(limits->tail_max >= 64 && limits->tail_max <= 65536);
	ix->m = *m;
	ix->kind = kind;
	ix->limits = *limits;
	ix->form = forward_form(m->vocabulary);
	err e = shape_new(m, &ix->shape);
	if (e == OK && (ix->tail = tail_new(limits->tail_max)) == NULL)
		e = ERR_NOMEM;
	if (e != OK) {
		index_free(ix);
		return e;
	}
	*out = ix;
	return OK;
}

void
index_free(struct index *ix)
{
	if (ix == NULL)
		return;
	for (uint32_t i = 0; i < ix->segments_n; i++)
		segment_drop(ix->segments[i]);
	for (uint32_t i = 0; i < ix->waiting_n; i++)
		tail_drop(ix->waiting[i]);
	tail_drop(ix->tail);
	shape_free(ix->shape);
	free(ix);
}

/* ---- jobs ---- */

struct index_job {
	struct index *ix;
	struct segment *out;
	uint32_t parts_n;
	struct part parts[JOB_INPUTS_MAX];
};

/* ${d} NULL: out of memory, nothing is held. */
static bool
part_hold(struct part *p, struct segment *s, struct tail *t)
{
	const struct dead *d = s != NULL ? s->dead : t->dead;

	*p = (struct part){ s, t, NULL, s != NULL ? s->n : t->n };
	if (s != NULL) {
		p->dead = s->dead;
		s->dead->refs++;
		s->refs++;
		return true;
	}
	/* of tails a copy: their bits change all the time */
	if ((p->dead = dead_copy(d, t->n)) == NULL)
		return false;
	t->refs++;
	return true;
}

static void
part_drop(struct part *p)
{
	dead_drop(p->dead);
	segment_drop(p->segment);
	tail_drop(p->tail);
}

static uint32_t
alive(const struct segment *s)
{
	return s->n - s->dead->count;
}

/* Sizes within a factor of four are of one class. */
static unsigned
class_of(const struct index *ix, const struct segment *s)
{
	unsigned class = 0;

	for (uint32_t n = alive(s) / ix->limits.tail_max; n >= MERGE_TOGETHER;
	     n /= MERGE_TOGETHER)
		class ++;
	return class;
}

/* Up to ${n} segments of a class that fit into one. */
static uint32_t
same_class(const struct index *ix, unsigned class, struct segment **out)
{
	const uint32_t most = records_per_segment(ix);
	uint32_t n = 0, sum = 0;

	for (uint32_t i = 0; i < ix->segments_n && n < JOB_INPUTS_MAX; i++) {
		struct segment *s = ix->segments[i];
		if (class_of(ix, s) != class || sum + alive(s) > most)
			continue;
		sum += alive(s);
		out[n++] = s;
	}
	return n;
}

/* Which segments to make one of. 0: all is well. */
static uint32_t
choose_merge(const struct index *ix, struct segment **out)
{
	const bool crowded = ix->segments_n > SEGMENTS_MAX - 16;

	for (uint32_t i = 0; i < ix->segments_n; i++) {
		struct segment *s = ix->segments[i];
		if (s->dead->count > s->n / 2) {
			out[0] = s;
			return 1;
		}
	}
	for (unsigned class = 0; class < 16; class ++) {
		const uint32_t n = same_class(ix, class, out);
		if (n >= MERGE_TOGETHER || (crowded && n > 1))
			return n;
	}
	return 0;
}

static void
job_free(struct index_job *job)
{
	for (uint32_t i = 0; i < job->parts_n; i++)
		part_drop(&job->parts[i]);
	segment_drop(job->out);
	free(job);
}

/* The tails that wait, else what is to be merged. */
NODISCARD static err
job_choose(struct index *ix, struct index_job **out)
{
	struct segment *merge[JOB_INPUTS_MAX];
	struct index_job *job = calloc(1, sizeof(*job));
	uint32_t sum = 0;
	bool ok = true;

	*out = NULL;
	if (job == NULL)
		return ERR_NOMEM;
	job->ix = ix;
	for (uint32_t i = 0; i < ix->waiting_n && ok; i++) {
		sum += ix->waiting[i]->n;
		if (i > 0 && sum > records_per_segment(ix))
			break;
		ok = part_hold(&job->parts[job->parts_n], NULL, ix->waiting[i]);
		job->parts_n += ok;
	}
	if (ix->waiting_n == 0) {
		const uint32_t n = choose_merge(ix, merge);
		for (uint32_t i = 0; i < n; i++)
			job->parts_n +=
			    part_hold(&job->parts[i], merge[i], NULL);
	}
	if (!ok || job->parts_n == 0) {
		job_free(job);
		return ok ? ERR_NOTFOUND : ERR_NOMEM;
	}
	*out = job;
	return OK;
}

err
index_job_new(struct index *ix, struct index_job **out)
{
	*out = NULL;
	if (ix->job)
		return ERR_NOTFOUND;
	TRY(job_choose(ix, out));
	ix->job = true;
	return OK;
}

err
index_job_run(struct index_job *job)
{
	return segment_build(job->ix, job->parts, job->parts_n, &job->out);
}

static const struct dead *
part_dead_now(const struct part *p)
{
	return p->segment != NULL ? p->segment->dead : p->tail->dead;
}

/* What was removed while the job ran is removed from its result. */
static void
remove_since(struct index_job *job, const struct part *p)
{
	const struct dead *now = part_dead_now(p);
	struct segment *s = job->out;

	for (uint32_t w = 0; w <= p->n / 64; w++) {
		uint64_t bits = now->bits[w] & ~p->dead->bits[w];
		for (uint32_t i = w * 64; bits != 0; bits >>= 1, i++) {
			if ((bits & 1) == 0 || i >= p->n)
				continue;
			const uint8_t *id = p->segment != NULL
						? p->segment->ids[i]
						: p->tail->ids[i];
			const uint32_t at =
			    segment_find(s, job->ix->limits.seed, id);
			ASSERT(at != UINT32_MAX && !dead_at(s->dead, at));
			s->dead->bits[at / 64] |= UINT64_C(1) << at % 64;
			s->dead->count++;
		}
	}
}

static void
forget(struct index *ix, const struct part *p)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < ix->segments_n; i++) {
		if (ix->segments[i] == p->segment)
			segment_drop(p->segment);
		else
			ix->segments[kept++] = ix->segments[i];
	}
	ix->segments_n = kept;
	kept = 0;
	for (uint32_t i = 0; i < ix->waiting_n; i++) {
		if (ix->waiting[i] == p->tail)
			tail_drop(p->tail);
		else
			ix->waiting[kept++] = ix->waiting[i];
	}
	ix->waiting_n = kept;
}

/* Is it still as it was, so that a job's result may take its place? */
static bool
still_there(const struct index *ix, const struct part *p)
{
	for (uint32_t i = 0; i < ix->segments_n; i++) {
		if (p->segment != NULL && ix->segments[i] == p->segment)
			return true;
	}
	for (uint32_t i = 0; i < ix->waiting_n; i++) {
		if (p->tail != NULL && ix->waiting[i] == p->tail)
			return true;
	}
	return false;
}

static void
job_apply(struct index *ix, struct index_job *job)
{
	bool there = job->out != NULL;

	/* whoever had no room meanwhile did it without us */
	for (uint32_t i = 0; i < job->parts_n; i++)
		there = there && still_there(ix, &job->parts[i]);
	if (!there)
		return;
	for (uint32_t i = 0; i < job->parts_n; i++) {
		remove_since(job, &job->parts[i]);
		forget(ix, &job->parts[i]);
	}
	if (alive(job->out) == 0)
		return;
	ASSERT(ix->segments_n < SEGMENTS_MAX);
	ix->segments[ix->segments_n++] = job->out;
	job->out = NULL;
}

void
index_job_finish(struct index *ix, struct index_job *job)
{
	if (job == NULL)
		return;
	job_apply(ix, job);
	job_free(job);
	ix->job = false;
}

/* One job here and now. */
NODISCARD static err
job_do(struct index *ix)
{
	struct index_job *job;

	TRY(job_choose(ix, &job));
	const err e = index_job_run(job);
	job_apply(ix, job);
	job_free(job);
	return e;
}

err
index_settle(struct index *ix)
{
	err e = OK;

	while (e == OK)
		e = job_do(ix);
	return e == ERR_NOTFOUND ? OK : e;
}

/* ---- putting and removing ---- */

/* A new tail; the old one waits. */
NODISCARD static err
tail_turn(struct index *ix, uint32_t cap)
{
	if (ix->waiting_n == TAILS_WAITING ||
	    ix->segments_n >= SEGMENTS_MAX - 1)
		TRY(job_do(ix));
	struct tail *t = tail_new(cap);
	if (t == NULL)
		return ERR_NOMEM;
	if (ix->tail->n > 0) {
		ix->tail->waiting = true;
		ix->waiting[ix->waiting_n++] = ix->tail;
	} else {
		tail_drop(ix->tail);
	}
	ix->tail = t;
	return OK;
}

NODISCARD static err
put(struct index *ix, const uint8_t *id, const uint8_t *bytes)
{
	const size_t n = forward_size(bytes);

	if (ix->live >= ix->limits.records_max && !index_has(ix, id))
		return ERR_LIMIT;
	if (ix->tail->n == ix->tail->cap) {
		TRY(tail_turn(ix, ix->tail->cap));
		if (ix->loading)
			TRY(job_do(ix));
	}
	uint8_t *room = tail_room(ix->tail, n);
	if (room == NULL)
		return ERR_NOMEM;
	memcpy(room, bytes, n);
	if (index_has(ix, id) && !index_remove(ix, id))
		return ERR_NOMEM;
	tail_add(ix->tail, ix->limits.seed, id, room);
	ix->live++;
	return OK;
}

err
index_put_card(struct index *ix, const uint8_t *id, const struct card *c)
{
	uint8_t bytes[FORWARD_MAX];

	ASSERT(ix->kind == INDEX_PEOPLE);
	(void)forward_put_card(&ix->form, c, bytes);
	return put(ix, id, bytes);
}

err
index_put_posting(struct index *ix, const uint8_t *id, const struct posting *p)
{
	uint8_t bytes[FORWARD_MAX];

	ASSERT(ix->kind == INDEX_POSTINGS);
	(void)forward_put_posting(&ix->form, p, bytes);
	return put(ix, id, bytes);
}

/* Where a live record is. */
struct found_at {
	struct segment *segment;
	struct tail *tail;
	uint32_t i;
};

static bool
find(const struct index *ix, const uint8_t *id, struct found_at *out)
{
	const uint64_t seed = ix->limits.seed;

	*out = (struct found_at){ .tail = ix->tail };
	if ((out->i = tail_find(ix->tail, seed, id)) != UINT32_MAX)
		return true;
	for (uint32_t i = 0; i < ix->waiting_n; i++) {
		out->tail = ix->waiting[i];
		if ((out->i = tail_find(out->tail, seed, id)) != UINT32_MAX)
			return true;
	}
	out->tail = NULL;
	for (uint32_t i = 0; i < ix->segments_n; i++) {
		out->segment = ix->segments[i];
		out->i = segment_find(out->segment, seed, id);
		if (out->i != UINT32_MAX &&
		    !dead_at(out->segment->dead, out->i))
			return true;
	}
	return false;
}

bool
index_has(const struct index *ix, const uint8_t *id)
{
	struct found_at at;

	return find(ix, id, &at);
}

bool
index_remove(struct index *ix, const uint8_t *id)
{
	struct found_at at;

	if (!find(ix, id, &at))
		return false;
	struct dead **d =
	    at.segment != NULL ? &at.segment->dead : &at.tail->dead;
	if ((*d)->refs > 1) { /* somebody still looks at it */
		struct dead *copy = dead_copy(*d, at.segment->n);
		if (copy == NULL)
			return false;
		dead_drop(*d);
		*d = copy;
	}
	(*d)->bits[at.i / 64] |= UINT64_C(1) << at.i % 64;
	(*d)->count++;
	ix->live--;
	return true;
}

err
index_load(struct index *ix, bool on)
{
	if (on == ix->loading)
		return OK;
	TRY(tail_turn(ix, on ? records_per_segment(ix) : ix->limits.tail_max));
	ix->loading = on;
	return on ? OK : index_settle(ix);
}

static uint64_t
tail_bytes(const struct tail *t)
{
	return sizeof(*t) + (uint64_t)t->slabs_n * SLAB_BYTES +
	       (uint64_t)t->cap * (sizeof(*t->ids) + sizeof(*t->records) +
				      2 * sizeof(*t->slots));
}

void
index_stat(const struct index *ix, struct index_stat *out)
{
	*out = (struct index_stat){ .records = ix->live,
		.tail = ix->tail->n - ix->tail->dead->count,
		.dead = ix->tail->dead->count,
		.segments = ix->segments_n,
		.bytes = sizeof(*ix) + tail_bytes(ix->tail) +
			 shape_bytes(ix->shape) };
	for (uint32_t i = 0; i < ix->waiting_n; i++) {
		const struct tail *t = ix->waiting[i];
		out->tail += t->n - t->dead->count;
		out->dead += t->dead->count;
		out->bytes += tail_bytes(t);
	}
	for (uint32_t i = 0; i < ix->segments_n; i++) {
		const struct segment *s = ix->segments[i];
		out->dead += s->dead->count;
		out->blocks += segment_chunks(s);
		out->bytes += segment_bytes(s, ix->shape);
	}
}

/* ---- snapshots ---- */

err
index_snapshot_new(struct index *ix, struct index_snapshot **out)
{
	const uint32_t most = ix->segments_n + ix->waiting_n + 1;
	struct index_snapshot *s =
	    calloc(1, sizeof(*s) + most * sizeof(s->parts[0]));
	bool ok = true;

	*out = NULL;
	if (s == NULL)
		return ERR_NOMEM;
	s->ix = ix;
	s->live = ix->live;
	for (uint32_t i = 0; i < ix->segments_n && ok; i++) {
		ok = part_hold(&s->parts[s->parts_n], ix->segments[i], NULL);
		s->parts_n += ok;
	}
	for (uint32_t i = 0; i <= ix->waiting_n && ok; i++) {
		struct tail *t = i < ix->waiting_n ? ix->waiting[i] : ix->tail;
		ok = part_hold(&s->parts[s->parts_n], NULL, t);
		s->parts_n += ok;
	}
	if (!ok) {
		index_snapshot_free(ix, s);
		return ERR_NOMEM;
	}
	*out = s;
	return OK;
}

void
index_snapshot_free(struct index *ix, struct index_snapshot *s)
{
	(void)ix;
	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->parts_n; i++)
		part_drop(&s->parts[i]);
	free(s);
}

static bool
next_record(struct index_walk *w, const uint8_t **id, const uint8_t **bytes)
{
	while (w->part < w->s->parts_n) {
		const struct part *p = &w->s->parts[w->part];
		const uint32_t i = w->at++;
		if (i == p->n) {
			w->part++;
			w->at = 0;
			w->offset = 0;
			continue;
		}
		if (p->segment != NULL) {
			*bytes = p->segment->bytes + w->offset;
			*id = p->segment->ids[i];
			w->offset += (uint32_t)forward_size(*bytes);
		} else {
			*bytes = p->tail->records[i];
			*id = p->tail->ids[i];
		}
		if (!dead_at(p->dead, i))
			return true;
	}
	return false;
}

bool
index_next_card(void *walk, struct card_item *item)
{
	struct index_walk *w = walk;
	const uint8_t *bytes;

	if (!next_record(w, &item->id, &bytes))
		return false;
	forward_card(&w->s->ix->form, bytes, &w->is.card);
	item->author = item->id;
	item->card = &w->is.card;
	return true;
}

bool
index_next_posting(void *walk, struct posting_item *item)
{
	struct index_walk *w = walk;
	const uint8_t *bytes;

	if (!next_record(w, &item->id, &bytes))
		return false;
	forward_posting(&w->s->ix->form, bytes, &w->is.posting);
	item->author = item->id;
	item->posting = &w->is.posting;
	return true;
}
