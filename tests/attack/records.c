#include "tests/attack/records.h"

#include <stdlib.h>

#include "tests/attack/sybil.h"

static struct attack_plan
plan_of(unsigned sybils, unsigned sybil_degree, struct sybil_brain *brain)
{
	return (struct attack_plan){ .publishers = 40,
		.honest = 200,
		.sybils = sybils,
		.degree = 20,
		.sybil_degree = sybil_degree,
		.actor = &sybil,
		.brain = brain,
		.ips = 10 };
}

static void
author_of(struct sim *s, uint64_t number, uint8_t out[32])
{
	static uint8_t memory[RECORD_SCRATCH_BYTES];
	uint8_t room[RECORD_BYTES_MAX];
	struct buf b = { room, 0, sizeof(room) };
	struct arena scratch = arena_of(memory, sizeof(memory));
	struct record rec;

	sim_record(s, &(struct sim_draft){ .author = number }, 0, &b);
	const enum record_outcome e =
	    record_read(buf_slice(&b), &scratch, &rec);
	ASSERT(e == RECORD_FINE);
	memcpy(out, rec.author, 32);
}

/* Sybils in every mesh pass on all but one author. */
void
attack_s5(const struct attack_options *o, struct attack_result *r)
{
	struct sybil_brain brain = { .silent_from = SIM_NEVER };
	const struct attack_plan plan = plan_of(800, 100, &brain);
	struct sim_config cf = sim_config_default();
	struct attack_world w;
	uint32_t m = 0;
	uint64_t worst = UINT64_MAX;

	if (o->defenceless)
		attack_undefended(&cf);
	attack_world_new(o, &plan, &cf, &w);
	author_of(w.s, 1, brain.censored);
	brain.censors = true;
	sim_run(w.s, 60 * SIM_SECOND);
	for (uint32_t slot = 0; slot < 20; slot++) {
		const err e = sim_publish(w.s, 0,
		    &(struct sim_draft){
			.kind = KIND_DEMAND, .slot = 1000 + slot },
		    &m);
		ASSERT(e == OK);
		attack_publish(&w, 20, 10);
		sim_run(w.s, sim_now(w.s) + 3 * SIM_SECOND);
		worst = MIN(worst, attack_reached(&w, m, 2 * SIM_SECOND));
	}
	attack_least(r, "seen within 2 gossip rounds", "%", 1000, worst, 95000);
	sim_run(w.s, sim_now(w.s) + 30 * SIM_SECOND);
	attack_delivery(&w, r, 0, sim_messages(w.s), 100000, 0);
	attack_world_end(&w, r);
}

/* A fifth of all peers swallow what they get, those of the author too. */
void
attack_holes(const struct attack_options *o, struct attack_result *r)
{
	struct sybil_brain brain = { .silent_from = 0 };
	const struct attack_plan plan = plan_of(50, 20, &brain);
	struct attack_world w;
	uint64_t worst = UINT64_MAX;

	attack_world_new(o, &plan, NULL, &w);
	sim_run(w.s, 60 * SIM_SECOND);
	attack_publish(&w, 100, 2);
	sim_run(w.s, sim_now(w.s) + 180 * SIM_SECOND);
	for (uint32_t m = 0; m < sim_messages(w.s); m++)
		worst = MIN(worst, attack_reached(&w, m, 180 * SIM_SECOND));
	attack_least(
	    r, "delivered within 3 min, worst", "%", 1000, worst, 99900);
	attack_delivery(&w, r, 0, sim_messages(w.s), 100000, 0);
	attack_world_end(&w, r);
}

/* ---- a flood of authors with good stamps ---- */

#define FLOOD_AUTHOR 1000000

struct flood {
	uint64_t next, end; /* authors by number */
	unsigned per_tick;
};

static void
flood_tick(struct sim *s, unsigned node, void *brain)
{
	struct flood *f = brain;
	char topic[TOPIC_TEXT];

	sim_topic(CLASS_DEMAND, topic);
	for (unsigned i = 0; i < f->per_tick && f->next < f->end; i++) {
		uint8_t room[RECORD_BYTES_MAX];
		struct buf b = { room, 0, sizeof(room) };
		uint32_t sent = 0;
		sim_record(s,
		    &(struct sim_draft){ .author = f->next, .text = 300 }, 0,
		    &b);
		const err e = host_publish(sim_host(s, node), topic,
		    buf_slice(&b), true, sim_mono_ms(s, node), &sent);
		if (e == ERR_EXISTS || (e == OK && sent > 0))
			f->next++;
	}
}

static bool
accept_all(
    struct sim *s, unsigned node, void *brain, const struct host_event *ev)
{
	(void)brain;
	if (ev->type != HOST_MESSAGE)
		return false;
	host_verdict(sim_host(s, node), ev->message.handle, GOSSIP_ACCEPT,
	    sim_mono_ms(s, node));
	return true;
}

static const struct sim_actor flooder = { .name = "flooder",
	.event = accept_all,
	.tick = flood_tick,
	.tick_ms = 100 };

static uint64_t
held(struct attack_world *w, uint32_t from, uint32_t to)
{
	uint64_t n = 0;

	for (uint32_t m = from; m < to; m++)
		for (unsigned i = 0; i < w->honest; i++)
			n += sim_holds(w->s, i, sim_message_id(w->s, m));
	return n * 100000 / MAX(1, (uint64_t)(to - from) * w->honest);
}

/* 10,000 new authors, each with one good record, by ten attackers. */
void
attack_s7(const struct attack_options *o, struct attack_result *r)
{
	struct flood flood = { .next = FLOOD_AUTHOR,
		.end = FLOOD_AUTHOR + 100 * (uint64_t)o->percent,
		.per_tick = 10 };
	struct attack_plan plan = plan_of(10, 20, NULL);
	struct attack_world w;
	struct sim_measure calm, flooded;

	plan.actor = &flooder;
	plan.brain = &flood;
	plan.sybils_later = true;
	attack_world_new(o, &plan, NULL, &w);
	sim_run(w.s, 60 * SIM_SECOND);
	attack_publish(&w, 100, 5);
	const uint32_t before = sim_messages(w.s);
	attack_sybils(o, &plan, &w);
	sim_run(w.s, sim_now(w.s) + 5 * SIM_SECOND);
	attack_publish(&w, 100, 5);
	const uint32_t end = sim_messages(w.s);
	sim_run(w.s, sim_now(w.s) + 60 * SIM_SECOND);
	sim_measure(w.s, 0, before, &calm);
	sim_measure(w.s, before, end, &flooded);
	attack_least(r, "flood that got in", "%", 1000,
	    (flood.next - FLOOD_AUTHOR) * 1000 / o->percent, 90000);
	attack_least(
	    r, "honest records kept", "%", 1000, held(&w, 0, before), 100000);
	attack_least(r, "honest new records stored", "%", 1000,
	    held(&w, before, end), 100000);
	attack_most(r, "honest p99 in the flood", "ms", 1,
	    flooded.p99_us / 1000, 2 * calm.p99_us / 1000);
	attack_world_end(&w, r);
}

/* ---- old records and forged ones ---- */

#define TAPE_MAX 4096

/* What one attacker heard, to be said again. */
struct tape {
	struct {
		uint8_t *p;
		size_t n;
	} heard[TAPE_MAX];
	unsigned heard_n, said;
	bool records, replays;
};

static bool
tape_event(
    struct sim *s, unsigned node, void *brain, const struct host_event *ev)
{
	struct tape *t = brain;

	if (ev->type == HOST_MESSAGE && t->records && t->heard_n < TAPE_MAX) {
		uint8_t *p = malloc(ev->message.data.n);
		ASSERT(p != NULL);
		memcpy(p, ev->message.data.p, ev->message.data.n);
		t->heard[t->heard_n].p = p;
		t->heard[t->heard_n++].n = ev->message.data.n;
	}
	return accept_all(s, node, brain, ev);
}

static void
tape_tick(struct sim *s, unsigned node, void *brain)
{
	struct tape *t = brain;
	char topic[TOPIC_TEXT];
	uint32_t sent = 0;

	sim_topic(CLASS_DEMAND, topic);
	for (unsigned i = 0; i < 5 && t->replays && t->said < t->heard_n; i++)
		if (host_publish(sim_host(s, node), topic,
			slice_of(t->heard[t->said].p, t->heard[t->said].n),
			true, sim_mono_ms(s, node), &sent) == OK &&
		    sent > 0)
			t->said++;
}

static const struct sim_actor taper = {
	.name = "taper", .event = tape_event, .tick = tape_tick, .tick_ms = 100
};

static uint64_t
forwarded(struct attack_world *w)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < w->honest; i++) {
		struct host_stats st;
		host_stats(sim_host(w->s, i), &st);
		n += st.gossip.forwarded;
	}
	return n;
}

/* Records that were replaced, deleted or have expired are said again. */
void
attack_replay(const struct attack_options *o, struct attack_result *r)
{
	static struct tape tape;
	struct attack_plan plan = plan_of(1, 40, NULL);
	struct attack_world w;

	tape = (struct tape){ .records = true };
	plan.actor = &taper;
	plan.brain = &tape;
	plan.honest = 100;
	attack_world_new(o, &plan, NULL, &w);
	sim_run(w.s, 30 * SIM_SECOND);
	for (uint32_t round = 0; round < 3; round++)
		for (uint32_t slot = 0; slot < 60; slot++) {
			const struct sim_draft d = { .kind = KIND_DEMAND,
				.slot = slot / w.publishers,
				.hours = slot % 3 == 0 ? 1 : 48,
				.deleted = round == 2 && slot % 3 == 1 };
			const err e =
			    sim_publish(w.s, slot % w.publishers, &d, NULL);
			ASSERT(e == OK);
			sim_run(w.s, sim_now(w.s) + SIM_SECOND / 2);
		}
	sim_run(w.s, sim_now(w.s) + 70 * 60 * SIM_SECOND);
	tape.records = false;
	const bool before = sim_converged(w.s);
	const uint64_t passed = forwarded(&w);
	tape.replays = true;
	sim_run(w.s, sim_now(w.s) + 120 * SIM_SECOND);
	attack_least(r, "records replayed", "%", 1000,
	    (uint64_t)tape.said * 100000 / MAX(1U, tape.heard_n), 100000);
	attack_least(r, "stores right before", "", 1, before ? 1 : 0, 1);
	attack_least(
	    r, "stores right after", "", 1, sim_converged(w.s) ? 1 : 0, 1);
	attack_most(r, "copies passed on", "", 1, forwarded(&w) - passed, 0);
	attack_world_end(&w, r);
	for (unsigned i = 0; i < tape.heard_n; i++)
		free(tape.heard[i].p);
}

/* A copy with a bad signature has the id of the good one, and comes first. */
void
attack_forged(const struct attack_options *o, struct attack_result *r)
{
	static struct tape tape;
	struct attack_plan plan = plan_of(5, 200, NULL);
	struct attack_world w;
	uint64_t rejected = 0;

	tape = (struct tape){ 0 };
	plan.actor = &taper;
	plan.brain = &tape;
	attack_world_new(o, &plan, NULL, &w);
	sim_run(w.s, 30 * SIM_SECOND);
	for (uint32_t i = 0; i < 40; i++) {
		static uint8_t rooms[40][RECORD_BYTES_MAX];
		struct buf b = { rooms[i], 0, RECORD_BYTES_MAX };
		const unsigned node = i % w.publishers;
		const struct sim_draft d = { .kind = KIND_DEMAND,
			.slot = i / w.publishers,
			.author = node + 1 };
		sim_record(w.s, &d, 0, &b);
		b.p[b.n - 1] ^= 1;
		tape.heard[tape.heard_n].p = b.p;
		tape.heard[tape.heard_n++].n = b.n;
		tape.replays = true;
		sim_run(w.s, sim_now(w.s) + SIM_SECOND);
		const err e = sim_publish(w.s, node, &d, NULL);
		ASSERT(e == OK);
		sim_run(w.s, sim_now(w.s) + SIM_SECOND);
	}
	sim_run(w.s, sim_now(w.s) + 10 * SIM_SECOND);
	for (unsigned i = 0; i < w.honest; i++) {
		struct host_stats st;
		host_stats(sim_host(w.s, i), &st);
		rejected += st.gossip.rejected;
	}
	attack_least(
	    r, "forged copies refused per node", "", 1, rejected / w.honest, 1);
	attack_delivery(&w, r, 0, sim_messages(w.s), 100000, 1000);
	attack_world_end(&w, r);
}

/* ---- a network in two halves for an hour ---- */

static void
change_both(struct attack_world *w, uint32_t round)
{
	for (uint32_t i = 0; i < 40; i++) {
		/* The same author and slot, on both sides of the cut. */
		const struct sim_draft d = { .kind = KIND_DEMAND,
			.slot = i % 4,
			.author = 1 + i % w->publishers,
			.text = 100 + i,
			.deleted = (i + round) % 3 == 0 };
		const err e =
		    sim_publish(w->s, (i * 7 + round) % w->honest, &d, NULL);
		ASSERT(e == OK || e == ERR_LIMIT);
		sim_run(w->s, sim_now(w->s) + SIM_SECOND);
	}
}

void
attack_s11(const struct attack_options *o, struct attack_result *r)
{
	const struct attack_plan plan = plan_of(0, 0, NULL);
	uint8_t *side = NULL;
	struct attack_world w;
	uint64_t healed = 0;

	attack_world_new(o, &plan, NULL, &w);
	side = calloc(w.honest, 1);
	ASSERT(side != NULL);
	for (unsigned i = 0; i < w.honest; i++)
		side[i] = i % 2 == 0;
	sim_run(w.s, 60 * SIM_SECOND);
	change_both(&w, 0);
	sim_partition(w.s, side);
	for (uint32_t round = 1; round < 10; round++) {
		change_both(&w, round);
		sim_run(w.s, sim_now(w.s) + 360 * SIM_SECOND);
	}
	const bool differ = !sim_converged(w.s);
	sim_partition(w.s, NULL);
	while (!sim_converged(w.s) && healed < 600) {
		sim_run(w.s, sim_now(w.s) + 5 * SIM_SECOND);
		healed += 5;
	}
	attack_least(r, "the halves differed", "", 1, differ ? 1 : 0, 1);
	attack_most(r, "agreed after", "s", 1, healed, 300);
	free(side);
	attack_world_end(&w, r);
}
