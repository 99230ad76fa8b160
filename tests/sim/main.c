#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/crypto.h"
#include "tests/sim/converge.h"
#include "tests/sim/plant.h"
#include "tests/sim/scenario.h"
#include "tests/sim/selftest.h"
#include "tests/sim/swarm.h"

static const char help[] =
    "usage: ./dev sim [OPTIONS]      a network in one process, in virtual "
    "time\n"
    "\n"
    "  --seed N          one history: what happened, and its hash\n"
    "  --seeds A-B       many; fails when one does, or differs from itself\n"
    "  --hashes          with --seeds: print each hash, run each once\n"
    "  --scenario NAME   a measured world instead of one that the seed makes\n"
    "                    up: --scenario list\n"
    "  --converge        worlds of nodes that keep different things, for "
    "--seeds\n"
    "  --compare A,B     measure with these sets of gossip parameters\n"
    "  --nodes N         so many nodes\n"
    "  --messages N      of a scenario\n"
    "  --active S        seconds of faults\n"
    "  --without A,B     classes of faults that are left out\n"
    "  --calm            no faults at all\n"
    "  --lmdb            stores on disk (16 MiB maps), else in memory\n"
    "  --shrink          of a seed that fails: the smallest world that does\n"
    "  --plant NAME      with a bug planted: --plant list\n"
    "  --plants K        each planted bug must be found within K seeds\n"
    "  --self-test       what no swarm uses: raw ends, faults by hand\n"
    "  --log             every event and every log line\n"
    "  --real, --stub    with real cryptography (default), or without\n"
    "\n"
    "faults: split jitter cut partition one-way clog crash clock drift\n"
    "        slow-verify disk evil\n";

struct options {
	struct swarm_options swarm;
	uint64_t last; /* --seeds */
	bool many, hashes, shrink, self, converge;
	const char *scenario, *compare;
	unsigned messages, plants;
};

static _Noreturn void
refuse(const char *what, const char *value)
{
	(void)fprintf(
	    stderr, "sim: %s '%s'\ntry: ./dev sim --help\n", what, value);
	exit(2);
}

static uint64_t
number(const char *text, char **end)
{
	const uint64_t v = strtoull(text, end, 10);

	if (*end == text)
		refuse("not a number:", text);
	return v;
}

static void
read_without(struct options *o, const char *list)
{
	while (*list != '\0') {
		const size_t n = strcspn(list, ",");
		unsigned f = 0;
		while (f < SIM_FAULTS && !slice_eq_str(slice_of(list, n),
					     sim_fault_name((enum sim_fault)f)))
			f++;
		if (f == SIM_FAULTS)
			refuse("no class of faults is called", list);
		o->swarm.without |= 1U << f;
		list += n + (list[n] == ',');
	}
}

static void
read_plant(struct options *o, const char *name)
{
	if (strcmp(name, "list") == 0) {
		for (unsigned p = 1; p < PLANTS; p++)
			(void)printf("%s\n", plant_name((enum plant)p));
		exit(0);
	}
	o->swarm.plant = plant_by_name(name);
	if (o->swarm.plant == PLANTS)
		refuse("no bug is called", name);
}

static void
read_seeds(struct options *o, const char *text)
{
	char *end;

	o->many = true;
	o->swarm.seed = number(text, &end);
	o->last = *end == '-' ? number(end + 1, &end) : o->swarm.seed;
}

/* An option with a value; false: there is no such option. */
static bool
read_valued(struct options *o, const char *name, const char *value)
{
	char *end;

	if (strcmp(name, "--seed") == 0)
		o->swarm.seed = number(value, &end);
	else if (strcmp(name, "--seeds") == 0)
		read_seeds(o, value);
	else if (strcmp(name, "--nodes") == 0)
		o->swarm.nodes = (unsigned)number(value, &end);
	else if (strcmp(name, "--messages") == 0)
		o->messages = (unsigned)number(value, &end);
	else if (strcmp(name, "--active") == 0)
		o->swarm.active_s = (unsigned)number(value, &end);
	else if (strcmp(name, "--without") == 0)
		read_without(o, value);
	else if (strcmp(name, "--scenario") == 0)
		o->scenario = value;
	else if (strcmp(name, "--compare") == 0)
		o->compare = value;
	else if (strcmp(name, "--plant") == 0)
		read_plant(o, value);
	else if (strcmp(name, "--plants") == 0)
		o->plants = (unsigned)number(value, &end);
	else
		return false;
	return true;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			(void)fputs(help, stdout);
			exit(0);
		} else if (strcmp(argv[i], "--log") == 0) {
			o->swarm.loud = true;
		} else if (strcmp(argv[i], "--lmdb") == 0) {
			o->swarm.lmdb = true;
		} else if (strcmp(argv[i], "--calm") == 0) {
			o->swarm.calm = true;
		} else if (strcmp(argv[i], "--hashes") == 0) {
			o->hashes = true;
		} else if (strcmp(argv[i], "--self-test") == 0) {
			o->self = true;
		} else if (strcmp(argv[i], "--converge") == 0) {
			o->converge = true;
		} else if (strcmp(argv[i], "--shrink") == 0) {
			o->shrink = true;
		} else if (i + 1 < argc &&
			   read_valued(o, argv[i], argv[i + 1])) {
			i++;
		} else {
			refuse("unknown option", argv[i]);
		}
	}
}

/* ---- swarms ---- */

static int
one_seed(const struct options *o)
{
	struct swarm_result r;

	swarm_run(&o->swarm, &r);
	(void)printf("seed %" PRIu64 ": %u nodes, %u s of", o->swarm.seed,
	    r.nodes, r.active_s);
	bool any = false;
	for (unsigned f = 0; f < SIM_FAULTS; f++) {
		if (r.fault[f] == 0)
			continue;
		(void)printf("%s %s=%d", any ? "," : "",
		    sim_fault_name((enum sim_fault)f), r.fault[f]);
		any = true;
	}
	(void)printf("%s; %" PRIu32 " messages, %" PRIu64 " events in %" PRIu64
		     " s\n",
	    any ? "" : " calm", r.messages, r.events, r.world_s);
	if (r.failed)
		(void)printf("FAILED: %s\n", r.why);
	else
		(void)printf("all stores agree %" PRIu64
			     " s after the faults\n",
		    r.healed_s);
	(void)printf("hash %016" PRIx64 "\n", r.hash);
	return r.failed ? 1 : 0;
}

static int
many_seeds(struct options *o)
{
	unsigned failed = 0, seeds = 0;
	uint64_t world_s = 0, events = 0, slowest = 0;

	for (; o->swarm.seed <= o->last; o->swarm.seed++, seeds++) {
		struct swarm_result r, again;
		swarm_run(&o->swarm, &r);
		world_s += r.world_s;
		events += r.events;
		slowest = MAX(slowest, r.healed_s);
		if (o->hashes)
			(void)printf("%" PRIu64 " %016" PRIx64 "\n",
			    o->swarm.seed, r.hash);
		else if (o->swarm.seed % 20 == 0) {
			swarm_run(&o->swarm, &again);
			if (again.hash != r.hash) {
				(void)printf("seed %" PRIu64
					     ": two runs, two hashes\n",
				    o->swarm.seed);
				failed++;
			}
		}
		if (r.failed) {
			failed++;
			(void)printf("seed %" PRIu64 " FAILED: %s\n",
			    o->swarm.seed, r.why);
		}
		(void)fflush(stdout);
	}
	(void)fprintf(o->hashes ? stderr : stdout,
	    "%u seeds, %u failed; %" PRIu64 ".%" PRIu64
	    " virtual hours, %" PRIu64 " events; stores agreed within %" PRIu64
	    " s\n",
	    seeds, failed, world_s / 3600, world_s % 3600 / 360, events,
	    slowest);
	return failed > 0 ? 1 : 0;
}

/* Each seed once; twice the 20th ones. */
static int
converge_seeds(const struct options *o)
{
	struct converge_options co = { .nodes = o->swarm.nodes,
		.plant = o->swarm.plant,
		.loud = o->swarm.loud,
		.lmdb = o->swarm.lmdb };
	const uint64_t last = o->many ? o->last : o->swarm.seed;
	uint64_t healed = 0, quiet = 0, sessions = 0, bytes = 0, messages = 0;
	unsigned failed = 0, nodes = 0;

	for (co.seed = o->swarm.seed; co.seed <= last; co.seed++) {
		struct converge_outcome r;
		converge_world(&co, &r);
		if (o->hashes)
			(void)printf(
			    "%" PRIu64 " %016" PRIx64 "\n", co.seed, r.hash);
		failed += r.failed;
		if (r.failed)
			(void)printf(
			    "seed %" PRIu64 " FAILED: %s\n", co.seed, r.why);
		(void)fflush(stdout);
		nodes += r.nodes;
		messages += r.messages;
		sessions += r.sessions;
		healed = MAX(healed, r.healed_s);
		quiet = MAX(quiet, r.quiet_s);
		bytes = MAX(bytes, r.bytes_max);
	}
	(void)printf("%u nodes, %" PRIu64 " records, %u seeds failed; all held "
		     "what the model says within %" PRIu64
		     " s, no record was sent after %" PRIu64
		     " s more; then %" PRIu64 " sessions of at most %" PRIu64
		     " bytes on average\n",
	    nodes, messages, failed, healed, quiet, sessions, bytes);
	return failed > 0 ? 1 : 0;
}

/* The seed that finds it, or 0. */
static uint64_t
find_plant(const struct options *o, enum plant p, char why[512])
{
	for (uint64_t seed = 1; seed <= o->plants; seed++) {
		struct swarm_options sw = o->swarm;
		struct swarm_result r;
		sw.seed = seed;
		sw.plant = p;
		swarm_run(&sw, &r);
		if (r.failed) {
			memcpy(why, r.why, sizeof(r.why));
			return seed;
		}
	}
	return 0;
}

static int
all_plants(const struct options *o)
{
	unsigned missed = 0;
	char why[512];

	for (unsigned p = 1; p < PLANTS_OF_SWARM; p++) {
		const uint64_t seed = find_plant(o, (enum plant)p, why);
		if (seed == 0) {
			missed++;
			(void)printf("%-16s NOT FOUND in %u seeds\n",
			    plant_name((enum plant)p), o->plants);
		} else {
			(void)printf("%-16s seed %3" PRIu64 ": %.90s\n",
			    plant_name((enum plant)p), seed, why);
		}
		(void)fflush(stdout);
	}
	(void)printf(
	    "%u planted bugs, %u not found\n", PLANTS_OF_SWARM - 1, missed);
	return missed > 0 ? 1 : 0;
}

/* ---- scenarios ---- */

static int
list_scenarios(void)
{
	const struct scenario *c;

	for (unsigned i = 0; (c = scenario_at(i)) != NULL; i++)
		(void)printf("%-10s %s\n", c->name, c->what);
	(void)printf("\nsets of parameters:");
	for (unsigned i = 0; params_name(i) != NULL; i++)
		(void)printf(" %s", params_name(i));
	(void)printf("\n");
	return 0;
}

static void
print_head(void)
{
	(void)printf("%-10s %-10s %9s %7s %7s %7s %7s %9s %8s %7s %8s  %s\n",
	    "scenario", "params", "delivered", "p50 ms", "p99 ms", "max ms",
	    "copies", "KB/node", "host KB", "wall s", "RSS MB", "hash");
}

static void
print_result(const char *name, const char *set, const struct scenario_result *r)
{
	const struct sim_measure *m = &r->m;
	const uint64_t ratio =
	    m->wanted == 0 ? 0 : m->delivered * 100000 / m->wanted;

	(void)printf("%-10s %-10s %5" PRIu64 ".%03" PRIu64 " %7" PRIu64
		     " %7" PRIu64 " %7" PRIu64 " %3" PRIu64 ".%03" PRIu64
		     " %9" PRIu64 " %8" PRIu64 " %5lu.%lu %8lu  %016" PRIx64
		     "\n",
	    name, set, ratio / 1000, ratio % 1000, m->p50_us / 1000,
	    m->p99_us / 1000, m->max_us / 1000, m->copies_milli / 1000,
	    m->copies_milli % 1000, m->bytes_per_node / 1024,
	    m->memory_max / 1024, r->wall_ms / 1000, r->wall_ms % 1000 / 100,
	    r->rss_kb / 1024, r->hash);
	if (r->failed)
		(void)printf("FAILED: %s\n", r->why);
	(void)fflush(stdout);
}

static int
measure(const struct options *o)
{
	const struct scenario *c = scenario_find(o->scenario);
	const char *list = o->compare != NULL ? o->compare : "default";
	int failed = 0;

	if (strcmp(o->scenario, "list") == 0)
		return list_scenarios();
	if (c == NULL)
		refuse("no scenario is called", o->scenario);
	print_head();
	while (*list != '\0') {
		const size_t n = strcspn(list, ",");
		char set[32] = "";
		struct gossip_params p;
		struct scenario_result r;
		memcpy(set, list, MIN(n, sizeof(set) - 1));
		if (!params_by_name(set, &p))
			refuse("no set of parameters is called", set);
		const struct scenario_options so = { .seed = o->swarm.seed,
			.nodes = o->swarm.nodes,
			.messages = o->messages,
			.params = set,
			.lmdb = o->swarm.lmdb,
			.loud = o->swarm.loud };
		scenario_run(c, &so, &r);
		print_result(c->name, set, &r);
		failed |= r.failed;
		list += n + (list[n] == ',');
	}
	return failed;
}

int
main(int argc, char **argv)
{
	struct options o = { .swarm.seed = 1 };

	read_options(&o, argc, argv);
	if (!crypto_init())
		return 1;
	if (o.self) {
		selftest();
		return 0;
	}
	if (o.converge)
		return converge_seeds(&o);
	if (o.scenario != NULL)
		return measure(&o);
	if (o.plants > 0)
		return all_plants(&o);
	if (o.shrink) {
		swarm_shrink(&o.swarm);
		return 0;
	}
	return o.many ? many_seeds(&o) : one_seed(&o);
}
