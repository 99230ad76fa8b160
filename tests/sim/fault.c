#include <stdlib.h>

#include "tests/sim/swarm.h"
#include "tests/sim/world.h"

/* A class of faults that strikes now and then; the ctx of its calls. */
struct strike {
	enum sim_fault fault;
	unsigned nodes;
	uint64_t until;
};

/* Seconds between two strikes at strength 1, on average. */
static const unsigned every_s[SIM_FAULTS] = { [FAULT_CUT] = 40,
	[FAULT_PARTITION] = 150,
	[FAULT_ONE_WAY] = 80,
	[FAULT_CLOG] = 60,
	[FAULT_CRASH] = 90,
	[FAULT_CLOCK] = 120,
	[FAULT_SLOW_VERIFY] = 90,
	[FAULT_DISK] = 100 };

static struct prng *
dice(struct sim *s)
{
	return sim_prng(s, PRNG_FAULT);
}

static uint64_t
seconds(struct sim *s, unsigned low, unsigned high)
{
	return prng_between(dice(s), low * SIM_SECOND, high * SIM_SECOND);
}

static void
end_partition(struct sim *s, void *ctx, uint64_t number)
{
	(void)ctx;
	(void)number;
	sim_partition(s, NULL);
}

static void
end_block(struct sim *s, void *ctx, uint64_t pair)
{
	(void)ctx;
	sim_block(s, (unsigned)(pair >> 32), (unsigned)(uint32_t)pair, false);
}

static void
end_crash(struct sim *s, void *ctx, uint64_t node)
{
	(void)ctx;
	sim_restart(s, (unsigned)node);
	if (sim_node(s, (unsigned)node)->store != NULL)
		check_acked(sim_node(s, (unsigned)node));
}

static void
end_clock(struct sim *s, void *ctx, uint64_t node)
{
	(void)ctx;
	sim_wall_step(
	    s, (unsigned)node, -sim_node(s, (unsigned)node)->wall_wrong_s);
}

static void
end_slow(struct sim *s, void *ctx, uint64_t node)
{
	(void)ctx;
	sim_verify_price(s, (unsigned)node, s->cf.verify_us);
}

static void
end_disk(struct sim *s, void *ctx, uint64_t node)
{
	(void)ctx;
	sim_disk_full(s, (unsigned)node, false);
}

static void
partition(struct sim *s, unsigned nodes)
{
	uint8_t *side = calloc(s->nodes_n, 1);

	ASSERT(side != NULL);
	for (unsigned i = 0; i < nodes; i++)
		side[i] = prng_next(dice(s)) & 1;
	sim_partition(s, side);
	free(side);
	sim_at(s, s->now + seconds(s, 20, 120), end_partition, NULL, 0);
}

static void
one_way(struct sim *s, unsigned a, unsigned nodes)
{
	const unsigned b = (unsigned)prng_below(dice(s), nodes);

	if (a == b)
		return;
	sim_block(s, a, b, true);
	sim_at(s, s->now + seconds(s, 20, 90), end_block, NULL,
	    (uint64_t)a << 32 | b);
}

static void
strike(struct sim *s, const struct strike *k, unsigned node)
{
	switch (k->fault) {
	case FAULT_CUT:
		sim_cut(s, node);
		return;
	case FAULT_PARTITION:
		partition(s, k->nodes);
		return;
	case FAULT_ONE_WAY:
		one_way(s, node, k->nodes);
		return;
	case FAULT_CLOG:
		sim_clog(s, node, s->now + seconds(s, 5, 60));
		return;
	case FAULT_CRASH:
		sim_crash(s, node, prng_chance(dice(s), 500));
		sim_at(s,
		    s->now + (prng_chance(dice(s), 250) ? seconds(s, 130, 300)
							: seconds(s, 3, 60)),
		    end_crash, NULL, node);
		return;
	case FAULT_CLOCK:
		sim_wall_step(
		    s, node, (int64_t)prng_below(dice(s), 3600) - 1800);
		sim_at(s, s->now + seconds(s, 30, 200), end_clock, NULL, node);
		return;
	case FAULT_SLOW_VERIFY:
		sim_verify_price(
		    s, node, (uint32_t)prng_between(dice(s), 50000, 800000));
		sim_at(s, s->now + seconds(s, 20, 60), end_slow, NULL, node);
		return;
	case FAULT_DISK:
		sim_disk_full(s, node, true);
		sim_at(s, s->now + seconds(s, 10, 60), end_disk, NULL, node);
		return;
	case FAULT_SPLIT:
	case FAULT_JITTER:
	case FAULT_DRIFT:
	case FAULT_EVIL:
	case SIM_FAULTS:
		break;
	}
}

static void
on_strike(struct sim *s, void *ctx, uint64_t number)
{
	struct strike *k = ctx;
	const unsigned mean = every_s[k->fault] * 1000 / s->cf.fault[k->fault];

	if (s->now >= k->until) {
		free(k);
		return;
	}
	if (number > 0)
		strike(s, k, (unsigned)prng_below(dice(s), k->nodes));
	sim_at(s,
	    MIN(k->until, s->now + SIM_MS * prng_between(dice(s), 1, 2 * mean)),
	    on_strike, k, number + 1);
}

void
faults_start(struct sim *s, unsigned nodes, uint64_t until)
{
	for (unsigned f = 0; f < SIM_FAULTS; f++) {
		if (every_s[f] == 0 || s->cf.fault[f] == 0)
			continue;
		struct strike *k = malloc(sizeof(*k));
		ASSERT(k != NULL);
		*k = (struct strike){ (enum sim_fault)f, nodes, until };
		on_strike(s, k, 0);
	}
}

void
faults_end(struct sim *s, unsigned nodes)
{
	sim_partition(s, NULL);
	s->blocks_n = 0;
	for (unsigned i = 0; i < nodes; i++) {
		end_disk(s, NULL, i);
		end_clock(s, NULL, i);
		end_slow(s, NULL, i);
		sim_node(s, i)->clogged_until = s->now;
		end_crash(s, NULL, i);
	}
	wires_release(s);
}

/* ---- a peer that changes bytes, and says old things again ---- */

static void
say(struct sim *s, unsigned node, const char *topic, struct slice data)
{
	uint32_t sent_to = 0;
	const err e = host_publish(sim_host(s, node), topic, data, true,
	    sim_mono_ms(s, node), &sent_to);

	(void)e; /* the same bytes twice, or full queues: so be it */
}

static void
say_mutated(struct sim *s, unsigned node, const struct gossip_message *m)
{
	struct prng *r = sim_prng(s, PRNG_ATTACK);
	uint8_t bytes[RECORD_BYTES_MAX];

	if (m->data.n == 0 || m->data.n > sizeof(bytes))
		return;
	memcpy(bytes, m->data.p, m->data.n);
	for (uint64_t i = prng_below(r, 3) + 1; i > 0; i--) {
		const uint64_t at = prng_below(r, m->data.n);
		bytes[at] ^= (uint8_t)(1U << prng_below(r, 8));
	}
	say(s, node, m->topic, slice_of(bytes, m->data.n));
}

static bool
evil_event(
    struct sim *s, unsigned node, void *brain, const struct host_event *ev)
{
	const bool *active = brain;

	if (ev->type != HOST_MESSAGE)
		return false;
	if (*active && prng_chance(sim_prng(s, PRNG_ATTACK), 300))
		say_mutated(s, node, &ev->message);
	host_verdict(sim_host(s, node), ev->message.handle, GOSSIP_ACCEPT,
	    sim_mono_ms(s, node));
	return true;
}

/* Any record that was ever published. */
static void
evil_tick(struct sim *s, unsigned node, void *brain)
{
	const bool *active = brain;
	char topic[TOPIC_TEXT];

	if (!*active || s->messages_n == 0)
		return;
	const struct message *m =
	    &s->messages[prng_below(sim_prng(s, PRNG_ATTACK), s->messages_n)];
	sim_topic(kind_info(m->kind)->class, topic);
	if (m->acked)
		say(s, node, topic, slice_of(m->bytes, m->n));
}

const struct sim_actor *
evil_actor(void)
{
	static const struct sim_actor evil = { .name = "evil",
		.event = evil_event,
		.tick = evil_tick,
		.tick_ms = 4000 };

	return &evil;
}
