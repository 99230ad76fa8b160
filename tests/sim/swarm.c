#include "tests/sim/swarm.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/world.h"

#define STEP       (5 * SIM_SECOND)
#define SETTLE_S   420   /* back-offs of dials and meshes */
#define CONVERGE_S 14400 /* the slow round of fetch may have to do it */
#define GOSSIP_S   30    /* a message after that */

/* What is published while the faults last; the ctx of its calls. */
struct work {
	unsigned nodes;
	uint64_t until;
	unsigned every_ms;
	unsigned hours; /* lifetime at most */
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
	/* Some authors sign on two nodes: then the larger seq wins. */
	d.author = prng_chance(r, 100) ? prng_below(r, w->nodes) + 1 : 0;
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
on_work(struct sim *s, void *ctx, uint64_t number)
{
	struct work *w = ctx;

	if (s->now >= w->until)
		return;
	if (number > 0)
		publish_something(s, w);
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
	cf.queue_max = (uint32_t)prng_between(r, 8, 512);
	cf.limits.events_max = (uint32_t)prng_between(r, 16, 1024);
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

/* What is said now must be everywhere soon, by gossip alone. */
static void
check_gossip(struct sim *s, unsigned nodes)
{
	uint32_t m[3] = { 0 };
	const uint64_t end = s->now + GOSSIP_S * SIM_SECOND;

	for (unsigned i = 0; i < ARRAY_LEN(m); i++) {
		const struct sim_draft d = {
			.kind = KIND_COURSE, .slot = 100 + i, .author = 1000 + i
		};
		const err e = sim_publish(s, i % nodes, &d, &m[i]);
		ASSERT(e == OK);
	}
	sim_run(s, end);
	for (unsigned i = 0; i < ARRAY_LEN(m) && !s->failed; i++)
		for (unsigned k = 0; k < nodes; k++)
			if (sim_delivered(s, m[i], k) > end)
				sim_fail(s,
				    "message %" PRIu32
				    " did not reach node %u within %u s, "
				    "without any fault",
				    m[i], k, GOSSIP_S);
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
	if (!s->failed)
		check_gossip(s, nodes);
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
	const bool patient = prng_chance(&dice, 120);
	struct sim *s = sim_new(&cf);
	bool evil = true;

	*r = (struct swarm_result){ .nodes = o->nodes != 0 ? o->nodes : nodes,
		.active_s = o->active_s != 0 ? o->active_s
			    : patient        ? 20 * active
					     : active };
	s->prng[PRNG_SWARM] = dice;
	const uint64_t until = (10 + r->active_s) * SIM_SECOND;
	struct work w = { .nodes = r->nodes,
		.until = until,
		.every_ms = (patient ? 20 : 1) *
			    (unsigned)prng_between(&dice, 800, 6000),
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
