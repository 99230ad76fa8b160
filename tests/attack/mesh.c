/*
 * mesh.c: S1 to S4: sybils that join meshes and then let them down.
 */
#include "tests/attack/mesh.h"

#include <stdlib.h>

#include "tests/attack/sybil.h"
#include "tests/sim/scenario.h"

/* 200 honest, 800 sybils of degree 100: trust in numbers alone would fail. */
static struct attack_plan
plan_of(struct sybil_brain *brain)
{
	return (struct attack_plan){ .publishers = 40,
		.honest = 200,
		.sybils = 800,
		.degree = 20,
		.sybil_degree = 100,
		.actor = &sybil,
		.brain = brain,
		.machines = 10 };
}

static struct sim_config
config_of(const struct attack_options *o)
{
	struct sim_config cf = sim_config_default();

	if (o->defenceless)
		attack_undefended(&cf);
	return cf;
}

/* A network in peace, and in use: links have learnt what they are good for. */
static void
peace(const struct attack_options *o, const struct sim_config *cf,
    struct attack_result *r, struct sim_measure *out)
{
	struct attack_plan plan = plan_of(NULL);
	struct attack_world w;

	plan.sybils = 0;
	attack_world_new(o, &plan, cf, &w);
	sim_run(w.s, 60 * SIM_SECOND);
	attack_publish(&w, 100, 10);
	sim_run(w.s, sim_now(w.s) + 2 * SIM_SECOND);
	const uint32_t from = sim_messages(w.s);
	sim_count_from(w.s);
	attack_publish(&w, 200, 10);
	sim_run(w.s, sim_now(w.s) + 30 * SIM_SECOND);
	sim_measure(w.s, from, sim_messages(w.s), out);
	attack_world_end(&w, r);
}

void
attack_s1(const struct attack_options *o, struct attack_result *r)
{
	struct sim_config cf = sim_config_default();
	struct sim_measure ours, plain;

	peace(o, &cf, r, &ours);
	const bool known = params_by_name("plain", &cf.gossip);
	ASSERT(known);
	peace(o, &cf, r, &plain);
	attack_least(r, "delivered", "%", 1000,
	    ours.delivered * 100000 / MAX(1, ours.wanted), 100000);
	attack_most(r, "p99", "ms", 1, ours.p99_us / 1000, 1000);
	attack_most(r, "p99 of that of a plain mesh", "x", 1000,
	    ours.p99_us * 1000 / MAX(1, plain.p99_us), 1500);
	attack_full_size(r);
	attack_most(r, "copies of a body", "", 1000, ours.copies_milli, 2000);
	attack_full_size(r);
	attack_least(r, "copies in a plain mesh", "", 1000, plain.copies_milli,
	    ours.copies_milli);
}

static int
unsigned_cmp(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

#define WATCH_S 21

/*
 * Second by second, and the median counts: of seed 1 there are two outbound
 * ones at some moments and three at most. Why there are two then is not
 * known; it is seen more often since nodes sync.
 */
static void
watch_outbound(struct attack_world *w, unsigned victim, struct attack_result *r)
{
	unsigned seen[WATCH_S];

	for (unsigned i = 0; i < WATCH_S; i++) {
		seen[i] = attack_honest_outbound(w, victim);
		sim_run(w->s, sim_now(w->s) + SIM_SECOND);
	}
	qsort(seen, WATCH_S, sizeof(seen[0]), unsigned_cmp);
	attack_least(
	    r, "honest outbound in each mesh", "", 1, seen[WATCH_S / 2], 3);
	attack_least(r, "at the worst second of 21", "", 1, seen[0], 1);
}

/* All sybils dial one node, which found the others before. */
void
attack_s2(const struct attack_options *o, struct attack_result *r)
{
	struct sybil_brain brain = { .silent_from = 0 };
	struct attack_plan plan = plan_of(&brain);
	const struct sim_config cf = config_of(o);
	struct attack_world w;
	uint32_t own = 0;

	plan.sybil_degree = 5;
	plan.sybils_later = true;
	attack_world_new(o, &plan, &cf, &w);
	const unsigned victim = w.honest - 1;
	sim_run(w.s, 20 * SIM_SECOND);
	attack_sybils(o, &plan, &w);
	for (unsigned i = 0; i < w.sybils; i++)
		sim_know(w.s, w.honest + i, victim);
	sim_run(w.s, sim_now(w.s) + 60 * SIM_SECOND);
	const uint32_t from = sim_messages(w.s);
	attack_publish(&w, 100, 5);
	sim_run(w.s, sim_now(w.s) + 10 * SIM_SECOND);
	const uint32_t to = sim_messages(w.s);
	const err e = sim_publish(
	    w.s, victim, &(struct sim_draft){ .kind = KIND_DEMAND }, &own);
	ASSERT(e == OK);
	sim_run(w.s, sim_now(w.s) + 10 * SIM_SECOND);
	attack_least(r, "victim hears", "%", 1000,
	    attack_heard_by(&w, victim, from, to), 99000);
	attack_least(r, "victim is heard in 10 s", "%", 1000,
	    attack_reached(&w, own, 10 * SIM_SECOND), 99000);
	attack_delivery(&w, r, from, to, 99900, 0);
	watch_outbound(&w, victim, r);
	attack_world_end(&w, r);
}

/* The sybils are there first; the honest ones come two minutes later. */
void
attack_s3(const struct attack_options *o, struct attack_result *r)
{
	struct sybil_brain brain = { .silent_from = 0 };
	struct attack_plan plan = plan_of(&brain);
	const struct sim_config cf = config_of(o);
	struct attack_world w;

	plan.sybils_later = true;
	attack_world_new(o, &plan, &cf, &w);
	for (unsigned i = w.publishers; i < w.honest; i++)
		sim_crash(w.s, i, false);
	attack_sybils(o, &plan, &w);
	sim_run(w.s, 120 * SIM_SECOND);
	for (unsigned i = w.publishers; i < w.honest; i++)
		sim_restart(w.s, i);
	sim_run(w.s, sim_now(w.s) + 10 * SIM_SECOND);
	const uint32_t from = sim_messages(w.s);
	attack_publish(&w, 200, 5);
	sim_run(w.s, sim_now(w.s) + 20 * SIM_SECOND);
	attack_delivery(&w, r, from, sim_messages(w.s), 100000, 6000);
	attack_world_end(&w, r);
}

/* Two good minutes, then silence. */
void
attack_s4(const struct attack_options *o, struct attack_result *r)
{
	struct sybil_brain brain = { .silent_from = 120 * SIM_SECOND };
	struct attack_plan plan = plan_of(&brain);
	const struct sim_config cf = config_of(o);
	struct attack_world w;

	attack_world_new(o, &plan, &cf, &w);
	sim_run(w.s, 120 * SIM_SECOND);
	const uint32_t from = sim_messages(w.s);
	attack_publish(&w, 240, 2);
	const uint32_t flash = sim_messages(w.s);
	/* The traffic goes on: silence shows only beside it. */
	while (sim_now(w.s) < 300 * SIM_SECOND)
		attack_publish(&w, 2, 2);
	attack_most(r, "sybils in meshes after 3 min", "%", 1000,
	    attack_sybil_share(&w), 10000);
	attack_full_size(r);
	attack_publish(&w, 100, 5);
	sim_run(w.s, sim_now(w.s) + 30 * SIM_SECOND);
	attack_delivery(&w, r, from, flash, 99000, 0);
	attack_delivery(&w, r, flash, sim_messages(w.s), 100000, 0);
	attack_world_end(&w, r);
}
