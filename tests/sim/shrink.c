#include <stdio.h>

#include "tests/sim/swarm.h"

static bool
fails(const struct swarm_options *o)
{
	struct swarm_result r;

	swarm_run(o, &r);
	(void)printf("  %s\n", r.failed ? r.why : "holds");
	(void)fflush(stdout);
	return r.failed;
}

/* Fault classes go one by one, as long as it fails without them. */
static void
fewer_faults(struct swarm_options *o)
{
	for (unsigned f = 0; f < SIM_FAULTS; f++) {
		struct swarm_options less = *o;
		less.without |= 1U << f;
		if (less.without == o->without)
			continue;
		(void)printf("without %s:", sim_fault_name((enum sim_fault)f));
		if (fails(&less))
			*o = less;
	}
}

static void
fewer_nodes(struct swarm_options *o)
{
	while (o->nodes > 2) {
		struct swarm_options less = *o;
		less.nodes--;
		(void)printf("%u nodes:", less.nodes);
		if (!fails(&less))
			return;
		*o = less;
	}
}

static void
less_time(struct swarm_options *o)
{
	while (o->active_s > 20) {
		struct swarm_options less = *o;
		less.active_s = o->active_s * 3 / 4;
		(void)printf("%u s:", less.active_s);
		if (!fails(&less))
			return;
		*o = less;
	}
}

void
swarm_shrink(struct swarm_options *o)
{
	struct swarm_result r;

	swarm_run(o, &r);
	if (!r.failed) {
		(void)printf("seed %" PRIu64 " does not fail\n", o->seed);
		return;
	}
	o->nodes = r.nodes;
	o->active_s = r.active_s;
	for (unsigned f = 0; f < SIM_FAULTS; f++)
		if (r.fault[f] == 0)
			o->without |= 1U << f;
	fewer_faults(o);
	fewer_nodes(o);
	less_time(o);
	(void)printf("smallest: ./dev sim --seed %" PRIu64
		     " --nodes %u --active %u",
	    o->seed, o->nodes, o->active_s);
	bool first = true;
	for (unsigned f = 0; f < SIM_FAULTS; f++) {
		if ((o->without >> f & 1) == 0)
			continue;
		(void)printf("%s%s", first ? " --without " : ",",
		    sim_fault_name((enum sim_fault)f));
		first = false;
	}
	(void)printf("\n");
}
