#include "tests/sim/swarm.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/world.h"

#define STEP       (5 * SIM_SECOND)
#define SETTLE_S   420  /* back-offs of dials and meshes */
#define CONVERGE_S 7200 /* the slow round of sync may have to do it */
#define GOSSIP_S   30   /* a message after that */

/* What is published while the faults last; the ctx of its calls. */
struct work {
	unsigned nodes;
	uint64_t until;
	unsigned every_ms;
	unsigned hours; /* lifetime at most */
	unsigned burst; /* per mille */
};

static void
publish_something(struct sim *s, const struct work *w)
{
	struct prng *r = sim_prng(s, PRNG_WORK);
	const unsigned node = (unsigned)prng_below(r, w->nodes);
	const uint64_t what = prng_below(r, 100);
	struct sim_draft d = { .kind = KIND_DEMAND,
		.slot = (uint32_t)prng_below(r, 6),
		.hours = (uint32_t)prng_between(r, 1, w->hours) };

	d.text = prng_chance(r, 300) ? (uint32_t)prng_between(r, 300, 2000) : 0;
	d.deleted = prng_chance(r, 120);
	d.careless = prng_chance(r, 300);
	/* Some authors sign on two nodes: then the larger seq wins. */
	d.author = prng_chance(r, w->hours > 2 ? 100 : 300)
		       ? prng_below(r, w->nodes) + 1
		       : 0;
	if (what < 20) {
		d.kind = KIND_COURSE;
	} else if (what < 40) {
		d.kind = KIND_PROFILE;
		d.slot = 0;
		d.author = 0;
	} else if (what == 99) {
		d.kind = KIND_REVOCATION;
		d.slot = 0;
		d.deleted = false;
	}
	const err e = sim_publish(s, node, &d, NULL);
	sim_note(s, (uint64_t)-e); /* down, or 64 changes in an hour */
}

static void
rejoin(struct sim *s, void *ctx, uint64_t node)
{
	char topic[TOPIC_TEXT];

	(void)ctx;
	if (!sim_is_up(s, (unsigned)node))
		return;
	sim_topic(CLASS_LEARN, topic);
	const err e = host_subscribe(
	    sim_host(s, (unsigned)node), topic, sim_mono_ms(s, (unsigned)node));
	ASSERT(e == OK || e == ERR_EXISTS);
	sim_pump(s, (unsigned)node);
}

/* A node leaves a topic, is pruned and comes back. */
static void
leave(struct sim *s, unsigned node)
{
	struct prng *r = sim_prng(s, PRNG_WORK);
	const uint64_t back = prng_between(r, 2, 30) * SIM_SECOND;
	char topic[TOPIC_TEXT];

	if (!sim_is_up(s, node))
		return;
	sim_topic(CLASS_LEARN, topic);
	host_unsubscribe(sim_host(s, node), topic, sim_mono_ms(s, node));
	sim_pump(s, node);
	sim_at(s, s->now + back, rejoin, NULL, node);
}

static void
on_work(struct sim *s, void *ctx, uint64_t number)
{
	struct work *w = ctx;

	if (s->now >= w->until)
		return;
	struct prng *r = sim_prng(s, PRNG_WORK);
	/* Mostly one record, now and then many at once. */
	const uint64_t some = number == 0                ? 0
			      : prng_chance(r, w->burst) ? 24
							 : 1;
	for (uint64_t i = 0; i < some; i++)
		publish_something(s, w);
	if (prng_chance(r, 40))
		leave(s, (unsigned)prng_below(r, w->nodes));
	sim_at(s,
	    s->now + SIM_MS * prng_between(
				  sim_prng(s, PRNG_WORK), 1, 2 * w->every_ms),
	    on_work, w, 1);
}

/* ---- what world it is ---- */

/* All draws are made, whatever the options say, so that they say it alone. */
static struct sim_config
world_of(const struct swarm_options *o, struct prng *r)
{
	struct sim_config cf = sim_config_default();

	cf.seed = o->seed;
	cf.loud = o->loud;
	cf.lmdb = o->lmdb;
	cf.plant = o->plant;
	cf.path.latency_us = (uint32_t)prng_between(r, 500, 150000);
	cf.path.jitter_us = cf.path.latency_us / 2;
	cf.path.bytes_per_ms = (uint32_t)prng_between(r, 20, 5000);
	cf.path.window = (uint32_t)prng_between(r, 8192, 262144);
	cf.commit_us = (uint32_t)prng_between(r, 500, 30000);
	cf.queue_max = (uint32_t)prng_between(r, 4, 100);
	cf.limits.events_max = (uint32_t)prng_between(r, 16, 1024);
	cf.limits.memory_bytes = prng_between(r, 4, 32) << 20;
	for (unsigned f = 0; f < SIM_FAULTS; f++) {
		const bool on = prng_chance(r, 450);
		const uint64_t strength = prng_between(r, 1, 3);
		if (on && !o->calm && (o->without >> f & 1) == 0)
			cf.fault[f] = (uint8_t)strength;
	}
	cf.path.split_permille = 250U * cf.fault[FAULT_SPLIT];
	cf.path.jitter_us *= 1 + 2U * cf.fault[FAULT_JITTER];
	return cf;
}

static void
people_world(struct sim *s, unsigned nodes, bool *evil)
{
	struct prng *r = sim_prng(s, PRNG_SWARM);
	const unsigned each = (unsigned)prng_between(r, 1, 4);

	for (unsigned i = 0; i < nodes; i++)
		(void)sim_add(s, NULL);
	for (unsigned i = 0; i < nodes; i++)
		sim_know(s, i, (i + 1) % nodes); /* nobody is left out */
	sim_link_random(s, 0, nodes, each);
	if (s->cf.fault[FAULT_EVIL] > 0) {
		const struct sim_node_config cf = {
			.no_store = true, .actor = evil_actor(), .brain = evil
		};
		const unsigned e = sim_add(s, &cf);
		for (unsigned i = 0; i < nodes; i++)
			sim_know(s, e, i);
	}
}

/* ---- after the faults ---- */

/* Everybody can be reached from node 0, over connections as hosts see them. */
static void
check_connected(struct sim *s, unsigned nodes)
{
	uint8_t *reached = calloc(nodes, 1);
	bool more = true;

	ASSERT(reached != NULL);
	reached[0] = 1;
	while (more) {
		more = false;
		for (unsigned i = 0; i < nodes * nodes; i++) {
			const unsigned a = i / nodes, b = i % nodes;
			const struct peer_id id = peer_id_of_ed25519(
			    s->nodes[b]->secret + ED25519_SEED);
			struct host_peer_info info;
			if (reached[a] == reached[b] ||
			    !host_peer_find(s->nodes[a]->host, &id, &info))
				continue;
			reached[a] = reached[b] = 1;
			more = true;
		}
	}
	for (unsigned i = 0; i < nodes; i++)
		if (!reached[i])
			sim_fail(s, "node %u is cut off, %u s after the faults",
			    i, SETTLE_S);
	free(reached);
}

static void
check_mesh_grown(struct sim_node *n)
{
	for (unsigned c = 0; c < RECORD_CLASSES; c++) {
		struct gossip_topic t = { 0 };
		char name[TOPIC_TEXT];
		sim_topic((enum record_class)c, name);
		(void)host_topic(n->host, name, &t);
		if (t.mesh < MIN(t.peers, n->s->cf.gossip.d_lo))
			sim_fail(n->s,
			    "node %u: %" PRIu32 " of %" PRIu32
			    " peers in the mesh of %s, %u s after the faults",
			    n->index, t.mesh, t.peers, name, SETTLE_S);
	}
}

static uint64_t
promises_broken(struct sim *s, unsigned nodes)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < nodes; i++) {
		struct host_stats st;
		host_stats(sim_host(s, i), &st);
		sum += st.gossip.promises_broken;
	}
	return sum;
}

/* What is said now must be everywhere soon, by gossip alone. */
static void
check_gossip(struct sim *s, unsigned nodes)
{
	uint32_t m[10] = { 0 };
	uint64_t broken = promises_broken(s, nodes);
	const uint64_t end = s->now + GOSSIP_S * SIM_SECOND;

	for (unsigned i = 0; i < ARRAY_LEN(m); i++) {
		const struct sim_draft d = { .kind = KIND_COURSE,
			.slot = 100 + i,
			.text = 1500,
			.author = 1000 + i };
		const err e = sim_publish(s, i % nodes, &d, &m[i]);
		ASSERT(e == OK);
		sim_run(s, s->now + SIM_SECOND);
	}
	sim_run(s, end);
	broken = promises_broken(s, nodes) - broken;
	if (broken > 0)
		sim_fail(s,
		    "%" PRIu64
		    " messages were offered, asked for and not sent, without "
		    "any fault",
		    broken);
	for (unsigned i = 0; i < ARRAY_LEN(m) && !s->failed; i++)
		for (unsigned k = 0; k < nodes; k++)
			if (sim_delivered(s, m[i], k) > end)
				sim_fail(s,
				    "message %" PRIu32
				    " did not reach node %u within %u s, "
				    "without any fault",
				    m[i], k, GOSSIP_S);
}

/* Who comes back to a topic hears of what was said a moment ago, by IHAVE,
 * and gets it, by IWANT. */
static void
check_history(struct sim *s, unsigned nodes)
{
	const unsigned x = nodes - 1;
	const struct sim_draft d = {
		.kind = KIND_COURSE, .slot = 99, .text = 300, .author = 1099
	};
	char topic[TOPIC_TEXT];
	uint32_t m = 0;

	sim_topic(CLASS_LEARN, topic);
	host_unsubscribe(sim_host(s, x), topic, sim_mono_ms(s, x));
	sim_pump(s, x);
	sim_run(s, s->now + SIM_SECOND);
	err e = sim_publish(s, 0, &d, &m);
	ASSERT(e == OK);
	sim_run(s, s->now + SIM_SECOND);
	if (s->failed)
		return;
	e = host_subscribe(sim_host(s, x), topic, sim_mono_ms(s, x));
	ASSERT(e == OK);
	sim_pump(s, x);
	const uint64_t end = s->now + GOSSIP_S * SIM_SECOND;
	sim_run(s, end);
	if (sim_delivered(s, m, x) > end)
		sim_fail(s,
		    "node %u came back to a topic and did not get message "
		    "%" PRIu32 " of a second before",
		    x, m);
}

static void
come_right(struct sim *s, unsigned nodes, struct swarm_result *r)
{
	const uint64_t healed = s->now;
	const bool evil = s->cf.fault[FAULT_EVIL] > 0;

	sim_run(s, s->now + SETTLE_S * SIM_SECOND);
	if (!s->failed)
		check_connected(s, nodes);
	/* Who is punished may be missing in a mesh. */
	for (unsigned i = 0; i < nodes && !s->failed && !evil; i++)
		check_mesh_grown(s->nodes[i]);
	if (!s->failed && !evil)
		check_gossip(s, nodes);
	if (!s->failed && !evil)
		check_history(s, nodes);
	while (!s->failed && !sim_converged(s)) {
		if (s->now > healed + CONVERGE_S * SIM_SECOND) {
			char what[400];
			(void)snprintf(what, sizeof(what), "%.399s", s->why);
			sim_fail(
			    s, "%u s after the faults %s", CONVERGE_S, what);
			return;
		}
		sim_run(s, s->now + 30 * SIM_SECOND);
		(void)sim_check(s);
	}
	r->healed_s = (s->now - healed) / SIM_SECOND;
}

static void
note_result(struct sim *s, struct swarm_result *r)
{
	r->failed = s->failed;
	(void)snprintf(r->why, sizeof(r->why), "%s", s->why);
	memcpy(r->fault, s->cf.fault, sizeof(r->fault));
	r->hash = s->hash;
	r->events = s->events;
	r->messages = s->messages_n;
	r->world_s = s->now / SIM_SECOND;
}

void
swarm_run(const struct swarm_options *o, struct swarm_result *r)
{
	struct prng dice = prng_of(o->seed, PRNG_SWARM);
	const struct sim_config cf = world_of(o, &dice);
	const unsigned nodes = (unsigned)prng_between(&dice, 3, 12);
	const unsigned active = (unsigned)prng_between(&dice, 60, 400);
	const bool patient = prng_chance(&dice, 200);
	struct sim *s = sim_new(&cf);
	bool evil = true;

	*r = (struct swarm_result){ .nodes = o->nodes != 0 ? o->nodes : nodes,
		.active_s = o->active_s != 0 ? o->active_s
			    : patient        ? 4000 + 5 * active
					     : active };
	s->prng[PRNG_SWARM] = dice;
	const uint64_t until = (10 + r->active_s) * SIM_SECOND;
	struct work w = { .nodes = r->nodes,
		.until = until,
		.every_ms = (patient ? 20 : 1) *
			    (unsigned)prng_between(&dice, 800, 6000),
		.burst = patient ? 5 : 30,
		.hours = patient ? 2 : 48 };
	people_world(s, r->nodes, &evil);
	sim_run(s, 10 * SIM_SECOND);
	on_work(s, &w, 0);
	faults_start(s, r->nodes, until);
	while (s->now < until && sim_check(s))
		sim_run(s, MIN(until, s->now + STEP));
	if (sim_check_deep(s)) {
		sim_run(s, until + 1); /* the last strikes are over */
		evil = false;
		faults_end(s, r->nodes);
		come_right(s, r->nodes, r);
		(void)sim_check_deep(s);
	}
	note_result(s, r);
	sim_free(s);
}
