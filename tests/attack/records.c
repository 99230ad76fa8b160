#include "tests/attack/records.h"

#include <stdlib.h>

#include "tests/attack/sybil.h"
#include "tests/sim/plant.h"

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
		.machines = 10 };
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
	const uint64_t two_rounds = 2 * cf.gossip.heartbeat_ms * SIM_MS;
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
		worst = MIN(worst, attack_reached(&w, m, two_rounds));
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
	struct sim_config cf = sim_config_default();
	struct attack_world w;
	uint64_t worst = UINT64_MAX;

	if (o->defenceless) {
		attack_undefended(&cf);
		/* Many ways for each message are the defence. */
		cf.gossip.d = cf.gossip.d_hi = 2;
		cf.gossip.d_lo = 1;
	}
	attack_world_new(o, &plan, &cf, &w);
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
	return sybil_accept(s, node, brain, ev);
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

#define REPLAY_SLOTS  60
#define REPLAY_ROUNDS 3

/*
 * Three rounds over the same slots: what the first two say is replaced by the
 * third, of a third of the slots deleted. Another third of the last ones live
 * an hour, less than what they replaced.
 */
static void
change_thrice(struct attack_world *w)
{
	for (uint32_t i = 0; i < REPLAY_ROUNDS * REPLAY_SLOTS; i++) {
		const uint32_t slot = i % REPLAY_SLOTS;
		const bool last = i / REPLAY_SLOTS == REPLAY_ROUNDS - 1;
		const struct sim_draft d = { .kind = KIND_DEMAND,
			.slot = slot / w->publishers,
			.hours = last && slot % 3 == 0 ? 1 : 48,
			.careless = true,
			.deleted = last && slot % 3 == 1 };
		const err e = sim_publish(w->s, slot % w->publishers, &d, NULL);
		ASSERT(e == OK);
		sim_run(w->s, sim_now(w->s) + SIM_SECOND / 2);
	}
}

/* Of those that were replaced: held again, by how many stores in all. */
static uint64_t
came_back(struct attack_world *w)
{
	uint64_t n = 0;

	for (uint32_t m = 0; m < (REPLAY_ROUNDS - 1) * REPLAY_SLOTS; m++)
		for (unsigned i = 0; i < w->honest; i++)
			n += sim_holds(w->s, i, sim_message_id(w->s, m));
	return n;
}

/* Records that were replaced, deleted or have expired are said again. */
void
attack_replay(const struct attack_options *o, struct attack_result *r)
{
	static struct tape tape;
	struct attack_plan plan = plan_of(1, 40, NULL);
	struct sim_config cf = sim_config_default();
	struct attack_world w;

	tape = (struct tape){ .records = true };
	plan.actor = &taper;
	plan.brain = &tape;
	plan.honest = 100;
	cf.plant = o->defenceless ? PLANT_FLOOR_LOST : PLANT_NONE;
	attack_world_new(o, &plan, &cf, &w);
	sim_run(w.s, 30 * SIM_SECOND);
	change_thrice(&w);
	sim_run(w.s, sim_now(w.s) + 70 * 60 * SIM_SECOND);
	tape.records = false;
	const uint64_t before = came_back(&w);
	const uint64_t passed = forwarded(&w);
	tape.replays = true;
	sim_run(w.s, sim_now(w.s) + 120 * SIM_SECOND);
	attack_least(r, "records replayed", "", 1, tape.said,
	    REPLAY_ROUNDS * REPLAY_SLOTS);
	attack_most(r, "old records held before", "", 1, before, 0);
	attack_most(r, "old records held after", "", 1, came_back(&w), 0);
	attack_least(
	    r, "stores right after", "", 1, sim_converged(w.s) ? 1 : 0, 1);
	attack_most(r, "copies passed on", "", 1, forwarded(&w) - passed, 0);
	attack_world_end(&w, r);
	for (unsigned i = 0; i < tape.heard_n; i++)
		free(tape.heard[i].p);
}

/*
 * A copy with a bad signature has the record's id, and comes first. It must
 * not have the id of the message as well, or the good one is a duplicate.
 */
void
attack_forged(const struct attack_options *o, struct attack_result *r)
{
	static struct tape tape;
	struct attack_plan plan = plan_of(5, 200, NULL);
	struct sim_config cf = sim_config_default();
	struct attack_world w;
	uint64_t rejected = 0;

	tape = (struct tape){ 0 };
	plan.actor = &taper;
	plan.brain = &tape;
	cf.plant = o->defenceless ? PLANT_ID_UNSIGNED : PLANT_NONE;
	attack_world_new(o, &plan, &cf, &w);
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
