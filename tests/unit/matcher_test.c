/*
 * The match index inside a node: whatever happens in the store, a search by
 * the index gives what looking at each record gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match_world.h"
#include "node/api/desk.h"
#include "node/api/find.h"
#include "node/api/parts.h"
#include "node/matcher.h"
#include "test_env.h"
#include "test_records.h"
#include "test_store.h"

#define OWN     900 /* author of the node's own records */
#define AUTHORS 40
#define SLUGS   8

static const char *const slugs[SLUGS] = { "welding", "teamwork", "cooking",
	"first-aid", "python", "climate-protection", "troubleshooting",
	"patient-care" };

/* A node of which the matcher needs these parts alone. */
struct fixture {
	struct node n;
	struct config config;
	struct test_env env;
	struct test_map map;
	uint64_t seed;
	uint64_t seq[AUTHORS + 1][KIND_LAST + 1]; /* counters of slot 0 */
};

static uint64_t
below(struct fixture *f, uint64_t n)
{
	return chance(&f->seed, n);
}

static void
new_terms(struct fixture *f)
{
	struct vocabulary *core = NULL;

	assert_int_equal(core_vocabulary_new(&core), OK);
	assert_int_equal(terms_replace(&f->n, core), OK);
}

static void
setup(struct fixture *f, enum test_backend backend, uint32_t records_max)
{
	const struct store_config sc = { .net = slice_str(TEST_NET) };
	char why[STORE_WHY];

	*f = (struct fixture){ .seed = 7 };
	test_env_init(&f->env, 1);
	f->env.wall_s = TEST_NOW;
	test_map_open(&f->map, backend);
	f->config.limits.match_records = records_max;
	f->n.config = &f->config;
	f->n.env = f->env.env;
	memcpy(f->n.authors[0].pub, test_author(OWN).pub, ED25519_PUBLIC);
	f->n.authors_n = 1;
	assert_int_equal(uv_loop_init(&f->n.loop), 0);
	assert_int_equal(store_open(f->map.map, &sc, &f->n.store, why), OK);
	new_terms(f);
	f->n.matcher = matcher_new(&f->n);
	assert_non_null(f->n.matcher);
}

static void
teardown(struct fixture *f)
{
	matcher_stop(f->n.matcher);
	(void)uv_run(&f->n.loop, UV_RUN_DEFAULT);
	matcher_free(f->n.matcher);
	assert_int_equal(f->n.terms->users, 1);
	terms_free(f->n.terms);
	store_close(f->n.store);
	test_map_close(&f->map);
	assert_int_equal(uv_loop_close(&f->n.loop), 0);
	test_env_check(&f->env);
}

/* Ticks until the index is ready, and lets it do what it wants to. */
static void
settle(struct fixture *f)
{
	struct matcher_stats s;

	for (int i = 0; i < 200; i++) {
		matcher_tick(f->n.matcher);
		(void)uv_run(&f->n.loop, UV_RUN_DEFAULT);
		matcher_stats(f->n.matcher, &s);
		if (s.state == MATCHER_READY && i > 2)
			return;
	}
	fail_msg("no index");
}

/* ---- records ---- */

static json_t *
random_skills(struct fixture *f, const char *more, uint64_t most)
{
	json_t *list = json_array();

	for (uint64_t i = 1 + below(f, most); i > 0; i--) {
		char term[17];
		(void)snprintf(term, sizeof(term), "%016" PRIx64,
		    slug_term(slugs[below(f, SLUGS)]));
		json_t *o = json_pack("{s:s, s:I}", "term", term, "level",
		    (json_int_t)(1 + below(f, 5)));
		if (more != NULL) /* a requirement */
			(void)json_object_set_new(o, "weight",
			    json_integer((json_int_t)(1 + below(f, 99))));
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
draft(struct fixture *f, uint32_t kind)
{
	static const char *const remote[] = { "on-site", "hybrid", "remote" };
	json_t *teaches, *item;
	size_t i;

	if (kind == KIND_PROFILE)
		return json_pack("{s:o, s:o, s:[s]}", "skills",
		    random_skills(f, NULL, 5), "aspirations",
		    random_skills(f, NULL, 2), "seeks", "job");
	if (kind == KIND_DEMAND)
		return json_pack("{s:s, s:{s:s}, s:o, s:o, s:s}", "type",
		    below(f, 2) == 0 ? "job" : "gig", "title", "en", "work",
		    "requirements", random_skills(f, "weight", 4), "teaches",
		    random_skills(f, NULL, 2), "remote", remote[below(f, 3)]);
	teaches = random_skills(f, NULL, 3);
	json_array_foreach(teaches, i, item)
	{
		(void)json_object_set(
		    item, "to", json_object_get(item, "level"));
		(void)json_object_del(item, "level");
	}
	return json_pack("{s:s, s:{s:s}, s:o}", "type", "course", "title", "en",
	    "lesson", "teaches", teaches);
}

static void
hex_payload(struct fixture *f, uint32_t kind, char *out)
{
	static struct user_payload p;
	struct payload_fault fault = { 0 };
	json_t *in = draft(f, kind);
	const err e = user_payload_read(kind, in, "de", &p, &fault);

	if (e != OK)
		fail_msg("%s %s", fault.path, fault.why);
	for (size_t i = 0; i < p.n; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", p.bytes[i]);
	json_decref(in);
}

static void
on_gone(void *ctx, const struct store_gone *gone)
{
	matcher_gone(ctx, gone);
}

static void
apply(struct fixture *f, const struct test_record *t)
{
	static uint8_t scratch[RECORD_SCRATCH_BYTES];
	static uint8_t bytes[RECORD_BODY_MAX + 1024];
	struct arena a = arena_of(scratch, sizeof(scratch));
	struct record r;
	struct store_item item = { .record = &r };
	const size_t n = test_record_make(t, bytes, sizeof(bytes));

	assert_int_equal(record_read(slice_of(bytes, n), &a, &r), RECORD_FINE);
	assert_int_equal(store_apply(f->n.store, &item, 1, f->env.wall_s,
			     on_gone, f->n.matcher),
	    OK);
}

/* A record of an author: new, in the place of the last, or withdrawn. */
static void
publish(struct fixture *f, uint64_t author, uint32_t kind, bool withdrawn)
{
	static const char *const regions[] = { "de", "at", "zz" };
	static char payload[2 * RECORD_BODY_MAX];
	const uint64_t hour = f->env.wall_s / 3600;
	uint64_t *last = &f->seq[author % (AUTHORS + 1)][kind];
	struct test_record t = { .author = author,
		.kind = kind,
		.seq = MAX(hour << 8, *last + 1),
		.expires_h =
		    kind == KIND_REVOCATION ? 0 : hour + 2 + below(f, 200),
		.flags = withdrawn ? RECORD_FLAG_DELETED : 0,
		.region = regions[below(f, 3)] };

	*last = t.seq;
	if (!withdrawn && kind != KIND_REVOCATION) {
		hex_payload(f, kind, payload);
		t.payload = payload;
	}
	apply(f, &t);
}

static void
publish_any(struct fixture *f)
{
	static const uint32_t kinds[] = { KIND_PROFILE, KIND_DEMAND,
		KIND_COURSE };

	publish(f, below(f, AUTHORS), kinds[below(f, 3)], below(f, 8) == 0);
}

static void
expire(struct fixture *f)
{
	size_t removed;

	assert_int_equal(store_expire(f->n.store, f->env.wall_s, 1000, on_gone,
			     f->n.matcher, &removed),
	    OK);
}

/* ---- searching ---- */

static void
task_make(struct fixture *f, struct task *t)
{
	*t = (struct task){ .node = &f->n,
		.now_s = f->env.wall_s,
		.terms = f->n.terms,
		.matcher = f->n.matcher,
		.meaning = { f->n.terms->vocabulary,
		    vocabulary_rarity(f->n.terms->vocabulary) } };
	memcpy(t->author, f->n.authors[0].pub, RECORD_AUTHOR);
	memcpy(t->own[t->own_n++], t->author, RECORD_AUTHOR);
	assert_int_equal(store_view_open(f->n.store, &t->view), OK);
}

static void
task_end(struct task *t)
{
	assert_null(t->code);
	for (unsigned i = 0; i < t->older_n; i++)
		store_view_close(t->older[i]);
	store_view_close(t->view);
}

static bool
find_list(struct task *t, enum match_list list, uint64_t seed,
    const struct find_options *o, struct found *out)
{
	const struct world w = {
		(struct vocabulary *)(uintptr_t)t->meaning.vocabulary,
		t->meaning
	};
	struct card c;
	struct posting p;

	if (list == MATCH_PEOPLE) {
		posting_random(&w, &seed, &p);
		p.status = POSTING_OPEN;
		return find_people(t, &p, o, out);
	}
	card_random(&w, &seed, &c);
	return find_postings(t, list, &c, NULL, o, out);
}

/* The index and the scan, for one question. */
static void
same_answer(struct fixture *f, enum match_list list, uint64_t seed,
    const struct match_filter *filter, bool by_index)
{
	struct find_options o = {
		.filter = filter, .max = 1 + seed % 20, .all = seed % 3 == 0
	};
	struct found a, b;
	struct task t;

	task_make(f, &t);
	assert_true(find_list(&t, list, seed, &o, &a));
	o.scan = true;
	assert_true(find_list(&t, list, seed, &o, &b));
	assert_int_equal(a.by_index, by_index);
	assert_int_equal(a.n, b.n);
	for (size_t i = 0; i < a.n; i++) {
		assert_memory_equal(a.list[i].id, b.list[i].id, RECORD_ID);
		assert_int_equal(a.list[i].both, b.list[i].both);
		assert_int_equal(a.list[i].fit, b.list[i].fit);
		assert_int_equal(a.list[i].wish, b.list[i].wish);
		assert_int_equal(a.list[i].excluded, b.list[i].excluded);
	}
	assert_true(a.counted && b.counted);
	found_free(&a);
	found_free(&b);
	task_end(&t);
}

static void
same_answers(struct fixture *f, bool by_index)
{
	static const struct match_filter all;
	struct match_filter some = { .index = { .regions_n = 2,
					 .remote = 1U << PLACE_UNKNOWN |
						   1U << PLACE_REMOTE },
		.regions = { "at", "zz" } };

	some.index.regions = (const char(*)[3])some.regions;
	for (int i = 0; i < 12; i++) {
		const uint64_t seed = below(f, UINT32_MAX) + 1;
		same_answer(f, (enum match_list)(i % MATCH_LISTS), seed,
		    i % 4 == 3 ? &some : &all, by_index);
	}
}

static uint64_t
known(struct fixture *f, enum match_list list)
{
	static const struct match_filter all;
	const struct find_options o = {
		.filter = &all, .max = 100, .all = true
	};
	struct found a;
	struct task t;

	task_make(f, &t);
	assert_true(find_list(&t, list, 5, &o, &a));
	const uint64_t n = a.n;
	found_free(&a);
	task_end(&t);
	return n;
}

/* ---- tests ---- */

static void
test_index_is_scan(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, TEST_MEMORY, 1000);
	for (int i = 0; i < 60; i++)
		publish_any(&f);
	same_answers(&f, false); /* not built yet */
	settle(&f);
	for (int round = 0; round < 25; round++) {
		for (uint64_t i = below(&f, 12); i > 0; i--)
			publish_any(&f);
		if (round % 7 == 3) /* what has expired, and is still held */
			f.env.wall_s += 3600 * 12;
		if (round % 7 == 5)
			expire(&f);
		if (round % 11 == 8)
			publish(&f, below(&f, AUTHORS), KIND_REVOCATION, false);
		if (round % 5 == 2)
			settle(&f);
		same_answers(&f, true);
	}
	teardown(&f);
}

/* Each event is seen by the very next search. */
static void
test_events(void **state)
{
	struct fixture f;
	struct matcher_stats s;

	(void)state;
	setup(&f, TEST_MEMORY, 1000);
	settle(&f);
	assert_int_equal(known(&f, MATCH_DEMANDS), 0);
	publish(&f, 1, KIND_DEMAND, false);
	publish(&f, 2, KIND_DEMAND, false);
	assert_int_equal(known(&f, MATCH_DEMANDS), 2);
	publish(&f, 2, KIND_DEMAND, false); /* replaced: one of a slot */
	assert_int_equal(known(&f, MATCH_DEMANDS), 2);
	publish(&f, OWN, KIND_DEMAND, false); /* nobody meets oneself */
	assert_int_equal(known(&f, MATCH_DEMANDS), 2);
	publish(&f, 2, KIND_DEMAND, true);
	assert_int_equal(known(&f, MATCH_DEMANDS), 1);
	publish(&f, 3, KIND_PROFILE, false);
	publish(&f, 3, KIND_PROFILE, false);
	assert_int_equal(known(&f, MATCH_PEOPLE), 1);
	publish(&f, 3, KIND_REVOCATION, false);
	assert_int_equal(known(&f, MATCH_PEOPLE), 0);
	f.env.wall_s += 3600 * 300;
	assert_int_equal(
	    known(&f, MATCH_DEMANDS), 0); /* before it is removed */
	expire(&f);
	settle(&f);
	matcher_stats(f.n.matcher, &s);
	for (int i = 0; i < MATCH_LISTS; i++)
		assert_int_equal(s.records[i], 0);
	assert_int_equal(s.builds, 1);
	teardown(&f);
}

static void
test_another_vocabulary(void **state)
{
	struct fixture f;
	struct matcher_stats s;

	(void)state;
	setup(&f, TEST_MEMORY, 1000);
	for (int i = 0; i < 40; i++)
		publish_any(&f);
	settle(&f);
	same_answers(&f, true);
	new_terms(&f);
	same_answers(&f, false); /* the index is of the one before */
	settle(&f);
	same_answers(&f, true);
	matcher_stats(f.n.matcher, &s);
	assert_int_equal(s.builds, 2);
	teardown(&f);
}

static void
test_none(void **state)
{
	struct fixture f;
	struct matcher_stats s;

	(void)state;
	setup(&f, TEST_MEMORY, 0);
	publish(&f, 1, KIND_DEMAND, false);
	matcher_tick(f.n.matcher);
	(void)uv_run(&f.n.loop, UV_RUN_DEFAULT);
	matcher_stats(f.n.matcher, &s);
	assert_int_equal(s.state, MATCHER_OFF);
	assert_int_equal(known(&f, MATCH_DEMANDS), 1);
	teardown(&f);
}

/* Over the limit nothing breaks, it is told, and room is used again. */
static void
test_full(void **state)
{
	struct fixture f;
	struct matcher_stats s;

	(void)state;
	setup(&f, TEST_MEMORY, 16);
	for (uint64_t i = 0; i < 30; i++)
		publish(&f, i, KIND_PROFILE, false);
	settle(&f);
	matcher_stats(f.n.matcher, &s);
	assert_int_equal(s.records[MATCH_PEOPLE], 16);
	assert_int_equal(s.left_out, 14);
	for (uint64_t i = 0; i < 20; i++)
		publish(&f, i, KIND_PROFILE, true);
	for (int i = 0; i < 700; i++)
		settle(&f);
	matcher_stats(f.n.matcher, &s);
	assert_int_equal(s.records[MATCH_PEOPLE], 10);
	assert_int_equal(s.left_out, 0);
	same_answers(&f, true);
	teardown(&f);
}

/* ---- the place in a list, worked out by hand ---- */

/* How many of ${all} come before a score; ties count as before. */
static uint64_t
place_by_hand(const struct found *all, int32_t both, bool excluded)
{
	uint64_t before = 0;

	if (excluded)
		return 0;
	for (size_t i = 0; i < all->n; i++)
		before += !all->list[i].excluded && all->list[i].both >= both;
	return before + 1;
}

static uint64_t
place_of_card(const struct task *t, const struct posting *p,
    const struct card *c, const struct found *all)
{
	struct score fit, wish;

	assert_int_equal(score_fit(&t->meaning, p, c, &fit), OK);
	assert_int_equal(score_wish(&t->meaning, p, c, NULL, &wish), OK);
	return place_by_hand(all, score_both(fit.total, wish.total),
	    fit.excluded || wish.excluded);
}

static uint64_t
json_place(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

/* What rank_json() says of the desk's pair, against every single change. */
static void
rank_is_right(struct desk *d, const struct found *all)
{
	json_t *o = rank_json(d);
	const json_t *change = json_object_get(o, "change");
	const uint64_t now = place_of_card(d->t, &d->posting, &d->bare, all);
	const int said = (int)json_place(change, "to_level") -
			 (int)json_place(change, "from_level");
	bool any = false;

	assert_non_null(o);
	assert_true(json_place(o, "now") == now);
	for (uint16_t i = 0; i < d->posting.requirements_n; i++) {
		const struct requirement *r = &d->posting.requirements[i];
		for (uint8_t to = 1; to <= MAX(r->level, 1); to++) {
			struct card c = d->bare;
			uint8_t from;
			if (r->at == TERM_NOWHERE ||
			    !card_raise(&c, r->term, r->at, to, &from) ||
			    from >= to)
				continue;
			const uint64_t then =
			    place_of_card(d->t, &d->posting, &c, all);
			const bool better =
			    then != 0 && (now == 0 || then < now);
			any = any || better;
			if (better) /* nothing cheaper was passed over */
				assert_true(to - from >= said);
			if (better && to - from == said)
				assert_true(then >= json_place(change, "rank"));
		}
	}
	assert_int_equal(json_is_object(change), any);
	json_decref(o);
}

static void
test_rank(void **state)
{
	static const struct match_filter none;
	const struct find_options o = {
		.filter = &none, .max = 100, .scan = true
	};
	struct match_ask ask = { .for_person = true };
	struct desk *d = calloc(1, sizeof(*d));
	struct fixture f;
	struct found all;
	struct task t;

	(void)state;
	assert_non_null(d);
	setup(&f, TEST_MEMORY, 1000);
	for (uint64_t i = 0; i < AUTHORS; i++)
		publish(&f, i, KIND_PROFILE, false);
	settle(&f);
	for (int i = 0; i < 60; i++) {
		task_make(&f, &t);
		const struct world w = { f.n.terms->vocabulary, t.meaning };
		*d = (struct desk){ .t = &t, .ask = &ask };
		d->r.kind = KIND_DEMAND;
		d->scope.vocabulary = f.n.terms->vocabulary;
		card_random(&w, &f.seed, &d->bare);
		posting_random(&w, &f.seed, &d->posting);
		d->posting.status = POSTING_OPEN;
		if (i % 2 == 0) /* or nearly all are excluded */
			for (uint16_t r = 0; r < d->posting.requirements_n; r++)
				d->posting.requirements[r].must = false;
		assert_true(find_people(&t, &d->posting, &o, &all));
		rank_is_right(d, &all);
		found_free(&all);
		task_end(&t);
	}
	free(d);
	teardown(&f);
}

/* Searches on other threads, while the store changes and jobs run. */
struct searcher {
	uv_thread_t thread;
	struct fixture *f;
	struct terms *terms;
	uint64_t seed, searches;
	bool *stop;
};

static void
search_on(void *ctx)
{
	static const struct match_filter all;
	struct searcher *s = ctx;

	while (!__atomic_load_n(s->stop, __ATOMIC_RELAXED)) {
		const struct find_options o = { .filter = &all, .max = 10 };
		struct found found;
		struct task t;
		task_make(s->f, &t);
		const bool good =
		    find_list(&t, (enum match_list)(s->seed % MATCH_LISTS),
			chance(&s->seed, UINT32_MAX) + 1, &o, &found);
		if (!good)
			abort();
		for (size_t i = 0; i < found.n; i++) {
			struct store_record r;
			if (store_get(t.view, found.list[i].id, &r) != OK)
				abort();
		}
		found_free(&found);
		task_end(&t);
		s->searches++;
	}
}

static void
test_threads(void **state)
{
	struct searcher searchers[3];
	struct fixture f;
	bool stop = false;

	(void)state;
	setup(&f, TEST_LMDB, 1000);
	for (int i = 0; i < 20; i++)
		publish_any(&f);
	settle(&f);
	for (size_t i = 0; i < ARRAY_LEN(searchers); i++) {
		searchers[i] =
		    (struct searcher){ .f = &f, .seed = i + 1, .stop = &stop };
		assert_int_equal(uv_thread_create(&searchers[i].thread,
				     search_on, &searchers[i]),
		    0);
	}
	for (int i = 0; i < 120; i++) {
		publish_any(&f);
		if (i % 10 == 0)
			settle(&f);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_LEN(searchers); i++)
		(void)uv_thread_join(&searchers[i].thread);
	same_answers(&f, true);
	teardown(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_index_is_scan),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_another_vocabulary),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_rank),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
