/*
 * Any bytes as a course of events: records put, replaced and removed, jobs
 * begun, run, ended and given up, searches with filters. Every search must
 * find what a linear scan over the same records finds.
 *
 * An event is three bytes: what, and two that seed what it is about.
 */
#include <stdlib.h>

#include "tests/unit/index_world.h"

#define EVENTS_MAX 400
#define SEARCHES   8

static struct world world;
static struct index_world *w;

struct course {
	uint64_t seed;
	struct index_job *job;
	bool ran;
	unsigned searches;
};

static void
put(struct course *c, const uint8_t *id)
{
	if (w->kind == INDEX_PEOPLE) {
		struct card card;
		card_random(&world, &c->seed, &card);
		index_world_put_card(w, id, &card);
	} else {
		struct posting posting;
		posting_random(&world, &c->seed, &posting);
		index_world_put_posting(w, id, &posting);
	}
}

static void
search(struct course *c, unsigned how)
{
	const size_t max = (size_t)1 << how % 8;
	const bool with_excluded = (how & 8) != 0;
	struct index_filter filter, *f = NULL;

	if (c->searches++ >= SEARCHES)
		return;
	if ((how & 16) != 0) {
		filter_random(&c->seed, &filter);
		f = &filter;
	}
	if (w->kind == INDEX_PEOPLE) {
		struct posting posting;
		posting_random(&world, &c->seed, &posting);
		(void)index_world_people(w, &posting, f, with_excluded, max);
	} else {
		struct card card;
		struct wishes wishes;
		card_random(&world, &c->seed, &card);
		wishes_random(&world, &c->seed, &wishes);
		(void)index_world_postings(w, &card,
		    (how & 32) != 0 ? &wishes : NULL, f, with_excluded, max);
	}
}

static void
upkeep(struct course *c, unsigned how)
{
	if (c->job == NULL) {
		c->ran = false;
		ASSERT(index_job_new(w->ix, &c->job) != ERR_NOMEM);
	} else if (how % 2 == 0 && !c->ran) {
		ASSERT(index_job_run(c->job) == OK);
		c->ran = true;
	} else {
		index_job_finish(w->ix, c->job);
		c->job = NULL;
	}
}

static void
event(struct course *c, const uint8_t *e)
{
	uint8_t id[RECORD_ID] = { 0 };

	c->seed = 1 + (uint64_t)get_u16be(e + 1) * 2654435761U;
	switch (e[0] % 8) {
	case 0:
		if (w->n > 0)
			index_world_remove(w, chance(&c->seed, w->n));
		break;
	case 1:
		upkeep(c, e[1]);
		break;
	case 2:
		search(c, e[2]);
		break;
	case 3: /* several at once, so that tails fill */
		for (unsigned i = 0; i < 30 && w->n < 300; i++) {
			put_u64be(id + 8, chance(&c->seed, UINT64_MAX >> 11));
			put(c, id);
		}
		break;
	case 4:
		ASSERT(index_settle(w->ix) == OK);
		break;
	default: /* few different ids, so that they meet again */
		id[e[0] % 32] = e[1];
		put(c, id);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct course c = { 0 };

	if (size == 0)
		return 0;
	if (w == NULL) {
		world_open(&world);
		w = calloc(1, sizeof(*w));
		ASSERT(w != NULL);
	}
	index_world_open(
	    w, &world, data[0] % 2 == 0 ? INDEX_PEOPLE : INDEX_POSTINGS, 64);
	for (size_t i = 1; i + 3 <= size && i < EVENTS_MAX * 3; i += 3)
		event(&c, data + i);
	index_job_finish(w->ix, c.job);
	c.searches = 0;
	search(&c, 3);
	index_world_close(w);
	return 0;
}
