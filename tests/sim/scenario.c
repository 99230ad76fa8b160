#include "tests/sim/scenario.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

static const struct scenario scenarios[] = {
	{ "s1", "baseline: 200 nodes, degree 20, 40 publishers", 200, 20, 40,
	    400, 10, 450, 60, 30 },
	{ "s1-2000", "the same with 2,000 nodes", 2000, 20, 40, 100, 5, 450, 30,
	    30 },
	{ "sparse", "200 nodes, degree 8", 200, 8, 40, 400, 10, 450, 60, 30 },
	{ "small", "20 nodes, for a look", 20, 10, 10, 50, 5, 450, 20, 20 },
};

const struct scenario *
scenario_at(unsigned i)
{
	return i < ARRAY_LEN(scenarios) ? &scenarios[i] : NULL;
}

const struct scenario *
scenario_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LEN(scenarios); i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}

/* ---- sets of parameters ---- */

static void
params_default(struct gossip_params *p)
{
	*p = gossip_params_default();
}

static void
params_eager(struct gossip_params *p)
{
	*p = gossip_params_default();
	p->lazy.on = false;
}

static void
params_thin(struct gossip_params *p)
{
	params_eager(p);
	p->d = 4;
	p->d_lo = 3;
	p->d_hi = 8;
	p->d_out = 1;
}

/* What libp2p's routers do: every member gets every body. */
static void
params_plain(struct gossip_params *p)
{
	params_eager(p);
	p->d = 6;
	p->d_lo = 5;
	p->d_hi = 12;
	p->d_out = 2;
	p->d_lazy = 6;
	p->silent_messages = 0;
}

static const struct {
	const char *name;
	void (*fill)(struct gossip_params *p);
} params[] = {
	{ "default", params_default }, { "plain", params_plain }, /* libp2p's */
	{ "eager", params_eager }, /* ours, every member gets every body */
	{ "thin", params_thin },   /* that, with D 4 */
};

const char *
params_name(unsigned i)
{
	return i < ARRAY_LEN(params) ? params[i].name : NULL;
}

bool
params_by_name(const char *name, struct gossip_params *out)
{
	for (unsigned i = 0; i < ARRAY_LEN(params); i++)
		if (strcmp(params[i].name, name) == 0) {
			params[i].fill(out);
			return true;
		}
	return false;
}

/* ---- a run ---- */

static unsigned long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000 +
	       (unsigned long)t.tv_nsec / 1000000;
}

static void
publish_all(
    struct sim *s, const struct scenario *c, unsigned nodes, unsigned messages)
{
	struct prng *r = sim_prng(s, PRNG_WORK);

	for (unsigned i = 0; i < messages; i++) {
		const unsigned publishers = MIN(c->publishers, nodes);
		const struct sim_draft d = { .kind = KIND_DEMAND,
			.slot = i / publishers,
			.text = c->text };
		const err e = sim_publish(s, i % publishers, &d, NULL);
		ASSERT(e == OK);
		sim_run(s,
		    sim_now(s) + prng_between(r, 0, 2 * SIM_SECOND / c->per_s));
	}
}

void
scenario_run(const struct scenario *c, const struct scenario_options *o,
    struct scenario_result *r)
{
	const unsigned nodes = o->nodes != 0 ? o->nodes : c->nodes;
	const unsigned messages = o->messages != 0 ? o->messages : c->messages;
	struct sim_config cf = sim_config_default();
	const unsigned long began = now_ms();
	struct rusage usage;

	*r = (struct scenario_result){ 0 };
	cf.seed = o->seed;
	cf.loud = o->loud;
	cf.lmdb = o->lmdb;
	cf.outbound_wanted = c->degree / 2;
	cf.fault[FAULT_DRIFT] = 1;
	ASSERT(params_by_name(o->params, &cf.gossip));
	struct sim *s = sim_new(&cf);
	for (unsigned i = 0; i < nodes; i++)
		(void)sim_add(s, NULL);
	sim_link_random(s, 0, nodes, c->degree / 2);
	sim_run(s, c->warm_s * SIM_SECOND);
	sim_count_from(s);
	publish_all(s, c, nodes, messages);
	sim_run(s, sim_now(s) + c->drain_s * SIM_SECOND);
	(void)sim_check(s);
	sim_measure(s, 0, sim_messages(s), &r->m);
	r->hash = sim_hash(s);
	r->failed = sim_failed(s);
	(void)snprintf(r->why, sizeof(r->why), "%s", sim_why(s));
	(void)getrusage(RUSAGE_SELF, &usage);
	r->rss_kb = (unsigned long)usage.ru_maxrss;
	sim_free(s);
	r->wall_ms = now_ms() - began;
}
