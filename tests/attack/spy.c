#include "tests/attack/spy.h"

#include <stdlib.h>

#include "tests/attack/probe.h"
#include "tests/sim/plant.h"
#include "tests/sim/scenario.h"

#define NODES       200
#define NODES_LEAST 60 /* fewer have no crowd to hide in */
#define DEGREE      20
#define PERSONAS    100 /* each at a node of its own */
#define RECORDS     100 /* of each persona, that can be linked */
#define SOME        30  /* of them are judged, */
#define FEW_RECORDS 10  /* or, in smaller worlds, these */
#define SLOTS       10  /* that a persona's records take in turn */
#define WARM_S      60
#define EPOCH_S     10
#define NOBODY      UINT32_MAX

/*
 * As the default, but epochs of 10 s in the place of ten minutes, a record of
 * each persona in each of them: else most of the time nothing happens. What a
 * node can hold is less, since there are many in one process.
 */
static struct stem_limits
limits_of_world(void)
{
	struct stem_limits l = stem_limits_default();

	l.epoch_ms = EPOCH_S * 1000;
	l.epoch_spread_ms = EPOCH_S * 100;
	l.own_max = 8;
	l.pool_max = 64;
	l.streams_max = 16;
	return l;
}

/* ---- the world ---- */

struct world {
	struct attack_world w;
	struct sim_config cf;
	struct stem_limits limits;
	unsigned nodes, personas, records;
	bool redraws;     /* of guards, after each record */
	unsigned plant;   /* PLANT_NONE */
	bool many_scopes; /* the bad ones sync narrow scopes, each its own */
};

static uint32_t
ip_of(unsigned i)
{
	return (20 + i / 250) << 24 | (1 + i % 250) << 16 | 0x0101;
}

/* All, one class, one region, or a quarter of the authors. */
static struct scope
scope_of(unsigned i)
{
	struct scope s = scope_all();

	if (i % 4 == 1)
		s.class_mask = 1U << CLASS_DEMAND;
	if (i % 4 == 2)
		ASSERT(scope_add_region(&s, "de") == OK);
	if (i % 4 == 3)
		s.samples[0] = (struct scope_sample){ .salt = { (uint8_t)i, 1 },
			.below = UINT32_MAX / 4 };
	return s;
}

/*
 * The bad ones come last, and are linked as all others are. One topic is
 * enough: all that is said here is a demand.
 */
static void
world_new(struct world *w, const struct attack_options *o,
    unsigned bad_permille, const struct sim_actor *actor, void *brain)
{
	w->nodes = MAX(NODES_LEAST, NODES * o->percent / 100);
	w->cf.seed = o->seed;
	w->cf.loud = o->loud;
	w->cf.outbound_wanted = DEGREE / 2;
	w->cf.plant = w->plant;
	w->w.s = sim_new(&w->cf);
	w->w.sybils = w->nodes * bad_permille / 1000;
	w->w.honest = w->nodes - w->w.sybils;
	w->personas = w->w.publishers = MIN(w->w.honest, PERSONAS);
	for (unsigned i = 0; i < w->nodes; i++) {
		const bool bad = i >= w->w.honest;
		const struct scope scope = scope_of(i);
		(void)sim_add(w->w.s,
		    &(struct sim_node_config){ .ip = ip_of(i),
			.classes = 1U << CLASS_DEMAND,
			.actor = bad ? actor : NULL,
			.brain = brain,
			.scope = bad && w->many_scopes ? &scope : NULL });
	}
	sim_link_random(w->w.s, 0, w->nodes, DEGREE / 2);
	sim_run(w->w.s, WARM_S * SIM_SECOND);
}

static void
publish(struct sim *s, void *ctx, uint64_t number)
{
	const struct world *w = ctx;
	const unsigned node = (unsigned)(number % w->personas);
	const uint32_t slot = (uint32_t)(number / w->personas) % SLOTS;
	const err e = sim_publish(s, node,
	    &(struct sim_draft){ .kind = KIND_DEMAND, .slot = slot }, NULL);

	ASSERT(e == OK);
}

static void
redraw(struct sim *s, void *ctx, uint64_t number)
{
	const struct world *w = ctx;

	sim_guards_drop(s, (unsigned)(number % w->personas));
}

/* All personas say something in each epoch, at any time of it. */
static void
publish_all(struct world *w)
{
	struct sim *s = w->w.s;
	struct prng *r = sim_prng(s, PRNG_WORK);
	const uint64_t epoch = EPOCH_S * SIM_SECOND, began = sim_now(s);

	for (uint64_t k = 0; k < w->records; k++)
		for (unsigned i = 0; i < w->personas; i++) {
			const uint64_t number = k * w->personas + i;
			const uint64_t at =
			    began + k * epoch + prng_below(r, epoch);
			if (w->redraws)
				sim_at(s, at - 1, redraw, w, number);
			sim_at(s, at, publish, w, number);
		}
	sim_run(s, began + w->records * epoch);
}

/* Of 100,000 pairs of an honest node and a record, so soon. */
static uint64_t
delivered(struct world *w, uint64_t within_us)
{
	const uint32_t n = sim_messages(w->w.s);
	uint64_t sum = 0;

	for (uint32_t m = 0; m < n; m++)
		sum += attack_reached(&w->w, m, within_us);
	return n == 0 ? 0 : sum / n;
}

/* ---- S8 ---- */

struct hole {
	struct host_stream streams[4096];
	unsigned n;
	uint64_t swallowed;
};

static bool
hole_event(
    struct sim *s, unsigned node, void *brain, const struct host_event *ev)
{
	struct hole *h = &((struct hole *)brain)[node];
	struct host *host = sim_host(s, node);
	const uint8_t taken = 0;
	size_t n = 0;

	if (ev->type == HOST_STREAM_OPENED &&
	    ev->protocol == SIM_PROTOCOL_STEM && h->n < ARRAY_LEN(h->streams)) {
		h->streams[h->n++] =
		    (struct host_stream){ ev->conn, ev->stream };
		return true;
	}
	if (ev->type < HOST_STREAM_READY || ev->type > HOST_STREAM_CLOSED)
		return false;
	for (unsigned i = 0; i < h->n; i++) {
		const struct host_stream stream = h->streams[i];
		if (stream.conn != ev->conn || stream.stream != ev->stream)
			continue;
		if (ev->type == HOST_STREAM_CLOSED ||
		    ev->type == HOST_STREAM_END)
			h->streams[i] = h->streams[--h->n];
		if (ev->type == HOST_STREAM_DATA)
			host_stream_consume(
			    host, stream, host_stream_read(host, stream).n);
		if (ev->type != HOST_STREAM_END)
			return true;
		h->swallowed++;
		if (host_stream_write(host, stream, slice_of(&taken, 1), &n) ==
		    OK)
			host_stream_close(host, stream);
		return true;
	}
	return false;
}

static const struct sim_actor hole = { .name = "hole", .event = hole_event };

/* A fifth of all nodes take what they are handed, and that was it. */
void
attack_s8(const struct attack_options *o, struct attack_result *r)
{
	struct hole *holes = calloc(NODES, sizeof(*holes));
	struct world w = { .cf = sim_config_default(),
		.limits = limits_of_world(),
		.records = 5 };
	struct sim_measure m;
	uint64_t swallowed = 0;

	ASSERT(holes != NULL);
	w.cf.stem = &w.limits;
	if (o->defenceless) { /* nobody watches what becomes of it */
		w.limits.embargo_min_ms = 3600000;
		w.limits.patience_ms = 3600000;
	}
	world_new(&w, o, 200, &hole, holes);
	publish_all(&w);
	sim_run(w.w.s, sim_now(w.w.s) + 180 * SIM_SECOND);
	attack_least(r, "delivered within 3 min", "%", 1000,
	    delivered(&w, 180 * SIM_SECOND), 99900);
	sim_measure(w.w.s, 0, sim_messages(w.w.s), &m);
	attack_figure(r, "median", "ms", 1, m.p50_us / 1000);
	attack_figure(r, "p99", "ms", 1, m.p99_us / 1000);
	for (unsigned i = 0; i < NODES; i++)
		swallowed += holes[i].swallowed;
	attack_least(r, "records swallowed", "", 1, swallowed, 1);
	attack_world_end(&w.w, r);
	free(holes);
}

/* ---- S9 ---- */

/* What the spies know of a record. */
struct trace {
	uint64_t stem_at, gossip_at, answer_at; /* 0: not heard */
	unsigned stem_from, gossip_from;
	/* Who answered to IWANT before any spy had heard it by gossip. */
	unsigned answer_from, answers;
};

struct spies {
	struct world *w;
	struct trace *traces; /* by message */
	uint8_t scratch[RECORD_SCRATCH_BYTES];
	uint64_t by_stem, syncs;
	struct probes *probes;
};

static unsigned
node_of(struct sim *s, const struct peer_id *id)
{
	for (unsigned i = 0; i < sim_nodes(s); i++)
		if (peer_id_eq(host_self(sim_host(s, i)), id))
			return i;
	return NOBODY;
}

static struct trace *
trace_of(struct spies *b, struct slice bytes)
{
	struct sim *s = b->w->w.s;
	struct arena scratch = arena_of(b->scratch, sizeof(b->scratch));
	struct record r;

	if (record_read(bytes, &scratch, &r) != RECORD_FINE)
		return NULL;
	for (uint32_t m = sim_messages(s); m > 0; m--)
		if (memcmp(sim_message_id(s, m - 1), r.id, RECORD_ID) == 0)
			return &b->traces[m - 1];
	return NULL;
}

static void
on_answer(void *ctx, unsigned target, uint32_t number)
{
	struct spies *b = ctx;
	struct trace *t = &b->traces[number];

	if (t->gossip_at != 0)
		return;
	if (t->answers++ == 0) {
		t->answer_at = sim_now(b->w->w.s);
		t->answer_from = target;
	}
}

/* The first spy asks for all; each syncs with one after the other. */
static void
spy_tick(struct sim *s, unsigned node, void *brain)
{
	struct spies *b = brain;
	struct prng *r = sim_prng(s, PRNG_ATTACK);
	struct host_peer_info p;
	uint32_t n = 0;

	if (b->probes == NULL)
		return;
	if (node == b->w->w.honest)
		probes_again(b->probes);
	while (host_peer_at(sim_host(s, node), n, &p))
		n++;
	if (n > 0 &&
	    host_peer_at(sim_host(s, node), (uint32_t)prng_below(r, n), &p) &&
	    sim_sync_now(s, node, &p.id) == OK)
		b->syncs++;
}

/* The record of a frame that is here whole; of any other stream none. */
static struct slice
frame_record(struct slice in)
{
	uint64_t n = 0;
	size_t at = 0;

	if (in.n < 512 || in.n % 512 != 0)
		return slice_of(NULL, 0);
	for (unsigned shift = 0; shift < 21; shift += 7) {
		n |= (uint64_t)(in.p[at] & 0x7f) << shift;
		if (in.p[at++] < 0x80)
			break;
	}
	return n == 0 || n > in.n - at ? slice_of(NULL, 0)
				       : slice_of(in.p + at, (size_t)n);
}

static bool
spy_event(
    struct sim *s, unsigned node, void *brain, const struct host_event *ev)
{
	struct spies *b = brain;
	const uint64_t now = sim_now(s);
	struct trace *t = NULL;

	if (ev->type == HOST_MESSAGE) {
		const unsigned from = node_of(s, &ev->message.from);
		t = trace_of(b, ev->message.data);
		if (t != NULL && t->gossip_at == 0 && from < b->w->w.honest) {
			t->gossip_at = now;
			t->gossip_from = from;
		}
	} else if (ev->type == HOST_STREAM_DATA) {
		const struct slice in =
		    frame_record(host_stream_read(sim_host(s, node),
			(struct host_stream){ ev->conn, ev->stream }));
		const unsigned from = node_of(s, &ev->peer);
		t = in.n == 0 ? NULL : trace_of(b, in);
		if (t != NULL && t->stem_at == 0 && from < b->w->w.honest) {
			t->stem_at = now;
			t->stem_from = from;
			b->by_stem++;
			if (b->probes != NULL)
				probes_ask(b->probes, in,
				    (uint32_t)(t - b->traces), from);
		}
	}
	return false; /* and then as everybody does */
}

static const struct sim_actor spy = {
	.name = "spy", .event = spy_event, .tick = spy_tick, .tick_ms = 2000
};

/* Whom they name for it: of many whom they asked, one alone had it. */
static unsigned
named(const struct trace *t)
{
	if (t->answers == 1)
		return t->answer_from;
	if (t->stem_at != 0 &&
	    (t->gossip_at == 0 || t->stem_at <= t->gossip_at))
		return t->stem_from;
	return t->gossip_at != 0 ? t->gossip_from : NOBODY;
}

/* The author of each message, by the order in which they were published. */
struct found {
	uint64_t recall, precision; /* of 1000 */
};

/* Who is named for a persona by its first records, one vote each. */
static unsigned
voted(struct spies *b, const uint32_t *of, unsigned persona, unsigned records)
{
	unsigned votes[NODES] = { 0 }, best = NOBODY, seen = 0;

	for (uint32_t m = 0; m < sim_messages(b->w->w.s) && seen < records;
	     m++) {
		if (of[m] != persona)
			continue;
		seen++;
		const unsigned who = named(&b->traces[m]);
		if (who == NOBODY)
			continue;
		votes[who]++;
		if (best == NOBODY || votes[who] > votes[best])
			best = who;
	}
	return best;
}

/*
 * Recall: personas that are named rightly. Precision as of Fanti et al.: of
 * these, divided by how many are named for the same node.
 */
static struct found
find(struct spies *b, const uint32_t *of, unsigned records)
{
	const unsigned n = b->w->personas;
	unsigned who[NODES], times[NODES] = { 0 };
	uint64_t right = 0, precise = 0;

	for (unsigned i = 0; i < n; i++) {
		who[i] = voted(b, of, i, records);
		if (who[i] != NOBODY)
			times[who[i]]++;
	}
	for (unsigned i = 0; i < n; i++)
		if (who[i] == i) {
			right += 1000;
			precise += 1000 / times[i];
		}
	return (struct found){ right / n, precise / n };
}

/* Records for which the spies name the right one, of 1000. */
static uint64_t
single_recall(struct spies *b, const uint32_t *of)
{
	const uint32_t n = sim_messages(b->w->w.s);
	uint64_t right = 0;

	for (uint32_t m = 0; m < n; m++)
		right += named(&b->traces[m]) == of[m] ? 1000 : 0;
	return n == 0 ? 0 : right / n;
}

/*
 * Records that a spy came to hold before anybody but the author had spread
 * them, and that were not handed to it: by sync, then.
 */
static uint64_t
leaked(struct spies *b, const uint32_t *of)
{
	struct sim *s = b->w->w.s;
	uint64_t count = 0;

	for (uint32_t m = 0; m < sim_messages(s); m++) {
		uint64_t first = SIM_NEVER, first_spy = SIM_NEVER;
		for (unsigned i = 0; i < b->w->nodes; i++) {
			const uint64_t at = sim_delivered(s, m, i);
			if (i >= b->w->w.honest)
				first_spy = MIN(first_spy, at);
			else if (i != of[m])
				first = MIN(first, at);
		}
		const struct trace *t = &b->traces[m];
		const bool heard = t->stem_at != 0 && t->stem_at <= first_spy;
		const bool gossip =
		    t->gossip_at != 0 && t->gossip_at <= first_spy;
		count += first_spy < first && !heard && !gossip;
	}
	return count;
}

/* IWANT that the author answered before anybody else had its record. */
static uint64_t
answered(struct spies *b, const uint32_t *of)
{
	struct sim *s = b->w->w.s;
	uint64_t count = 0;

	for (uint32_t m = 0; m < sim_messages(s); m++) {
		const struct trace *t = &b->traces[m];
		uint64_t first = SIM_NEVER;
		for (unsigned i = 0; i < b->w->nodes; i++)
			if (i != of[m])
				first = MIN(first, sim_delivered(s, m, i));
		count += t->answers > 0 && t->answer_from == of[m] &&
			 t->answer_at < first;
	}
	return count;
}

/* Personas whose first guard is a spy, of 1000. */
static uint64_t
guarded_by_spies(struct world *w)
{
	struct peer_id id;
	uint64_t n = 0;

	for (unsigned i = 0; i < w->personas; i++)
		if (sim_guard(w->w.s, i, 0, &id)) {
			const unsigned who = node_of(w->w.s, &id);
			n += who != NOBODY && who >= w->w.honest ? 1000 : 0;
		}
	return n / w->personas;
}

/* Spies among the peers that a persona's node dialled, of 1000: what chance
 * alone gives for a guard. */
static uint64_t
dialled_spies(struct world *w)
{
	uint64_t all = 0, bad = 0;
	struct host_peer_info p;

	for (unsigned i = 0; i < w->personas; i++)
		for (uint32_t k = 0; host_peer_at(sim_host(w->w.s, i), k, &p);
		     k++) {
			const unsigned who = node_of(w->w.s, &p.id);
			all += p.outbound ? 1 : 0;
			bad += p.outbound && who >= w->w.honest ? 1 : 0;
		}
	return all == 0 ? 0 : bad * 1000 / all;
}

struct outcome {
	uint64_t single;
	struct found one, some, all;
	uint64_t guards, dialled, leaked, delivered, median_ms, by_stem;
	uint64_t answered, syncs;
	struct probes_stats probes;
	bool few; /* records of each persona: a small world */
};

static uint32_t *
authors_of(struct world *w)
{
	struct sim *s = w->w.s;
	const uint32_t n = sim_messages(s);
	uint32_t *of = calloc(n + 1, sizeof(*of));

	ASSERT(of != NULL);
	for (uint32_t m = 0; m < n; m++) {
		of[m] = NOBODY;
		for (unsigned i = 0; i < w->w.honest; i++)
			if (sim_delivered(s, m, i) == SIM_NEVER)
				continue;
			else if (of[m] == NOBODY ||
				 sim_delivered(s, m, i) <
				     sim_delivered(s, m, of[m]))
				of[m] = i;
	}
	return of;
}

/* What the spies have found out. */
static void
conclude(struct spies *b, struct outcome *out)
{
	struct world *w = b->w;
	uint32_t *of = authors_of(w);
	struct sim_measure m;

	out->single = single_recall(b, of);
	out->one = find(b, of, 1);
	out->some = find(b, of, MIN(w->records, SOME));
	out->all = find(b, of, w->records);
	out->guards = guarded_by_spies(w);
	out->dialled = dialled_spies(w);
	out->leaked = leaked(b, of);
	out->answered = answered(b, of);
	out->by_stem = b->by_stem;
	out->syncs = b->syncs;
	out->delivered = delivered(w, 180 * SIM_SECOND);
	sim_measure(w->w.s, 0, sim_messages(w->w.s), &m);
	out->median_ms = m.p50_us / 1000;
	if (b->probes != NULL)
		out->probes = probes_stats(b->probes);
	free(of);
}

static struct outcome
watch(const struct attack_options *o, unsigned spies_permille, bool stem,
    struct attack_result *r)
{
	const bool open = stem && o->defenceless;
	struct world w = { .cf = sim_config_default(),
		.limits = limits_of_world(),
		.records = o->percent < 100 ? FEW_RECORDS
			   : stem           ? RECORDS
					    : SOME,
		.redraws = open,
		.plant = open ? PLANT_STEM_SHOWN : PLANT_NONE,
		.many_scopes = true };
	struct spies *b = calloc(1, sizeof(*b));
	struct outcome out = { .few = o->percent < 100 };

	ASSERT(b != NULL);
	b->w = &w;
	b->traces = calloc((size_t)NODES * RECORDS, sizeof(*b->traces));
	ASSERT(b->traces != NULL);
	w.cf.stem = stem ? &w.limits : NULL;
	world_new(&w, o, spies_permille, &spy, b);
	const struct probes_config pc = { .s = w.w.s,
		.honest = w.w.honest,
		.machines = w.w.sybils,
		.answered = on_answer,
		.ctx = b };
	b->probes = probes_new(&pc);
	sim_run(w.w.s, sim_now(w.w.s) + 10 * SIM_SECOND);
	probes_settle(b->probes);
	publish_all(&w);
	sim_run(w.w.s, sim_now(w.w.s) + 90 * SIM_SECOND);
	conclude(b, &out);
	probes_free(b->probes);
	attack_world_end(&w.w, r);
	free(b->traces);
	free(b);
	return out;
}

/* ${most} 0: there is no mark. */
static void
judged(const struct outcome *stem, uint64_t most, struct attack_result *r)
{
	if (most > 0)
		attack_most(r, "recall after 30 records", "", 1000,
		    stem->some.recall, most);
	else
		attack_figure(
		    r, "recall after 30 records", "", 1000, stem->some.recall);
	attack_figure(r, "precision after 30", "", 1000, stem->some.precision);
	attack_figure(
	    r, "recall after 100 records", "", 1000, stem->all.recall);
	attack_figure(r, "precision after 100", "", 1000, stem->all.precision);
}

/*
 * By a majority of the records of a persona. Small worlds are judged by what
 * the votes add to having a spy for a guard, which is a matter of luck there.
 */
static void
marks(const struct outcome *stem, uint64_t most, struct attack_result *r)
{
	const uint64_t worst = MAX(stem->some.recall, stem->all.recall);

	attack_figure(r, "recall of one record, stem", "", 1000, stem->single);
	attack_figure(r, "recall, first records", "", 1000, stem->one.recall);
	attack_figure(
	    r, "precision, first records", "", 1000, stem->one.precision);
	if (stem->few)
		attack_figure(
		    r, "recall after 10 records", "", 1000, stem->all.recall);
	else
		judged(stem, most, r);
	attack_figure(r, "spies among peers dialled", "", 1000, stem->dialled);
	attack_figure(r, "first guard is a spy", "", 1000, stem->guards);
	attack_most(r, "recall of a persona beyond that", "", 1000,
	    worst - MIN(worst, stem->guards), 50);
	attack_least(r, "nodes that are probed", "", 1, stem->probes.ready, 1);
	attack_least(
	    r, "IWANT for hidden records", "", 1, stem->probes.asked, 1);
	attack_most(
	    r, "answered before it was spread", "", 1, stem->answered, 0);
	attack_least(r, "sessions of sync by spies", "", 1, stem->syncs, 1);
	attack_most(r, "synced before it was spread", "", 1, stem->leaked, 0);
	attack_most(r, "subscriptions that changed", "", 1,
	    stem->probes.subscriptions, 0);
	attack_least(r, "records handed to spies", "", 1, stem->by_stem, 1);
	attack_least(r, "delivered", "%", 1000, stem->delivered, 99900);
	attack_most(r, "median", "ms", 1, stem->median_ms, 10000);
}

/* A tenth are spies, and beside it the same without a stem. */
void
attack_s9(const struct attack_options *o, struct attack_result *r)
{
	const struct outcome mesh = watch(o, 100, false, r);
	const struct outcome stem = watch(o, 100, true, r);

	/* Else the spies are blind. */
	attack_least(
	    r, "recall of one record, mesh", "", 1000, mesh.single, 350);
	attack_full_size(r);
	attack_figure(
	    r, "recall of a persona, mesh", "", 1000, mesh.all.recall);
	attack_figure(
	    r, "precision of a persona, mesh", "", 1000, mesh.all.precision);
	marks(&stem, 150, r);
}

/*
 * A fifth are. How many of a hundred personas have a spy for a guard has a
 * standard error of four: judged is what else their records tell.
 */
void
attack_s9_fifth(const struct attack_options *o, struct attack_result *r)
{
	const struct outcome stem = watch(o, 200, true, r);

	marks(&stem, 0, r);
	if (o->percent < 100)
		return; /* figures alone, which take as long as all the rest */
	const struct outcome mesh = watch(o, 200, false, r);
	attack_figure(r, "recall of one record, mesh", "", 1000, mesh.single);
	attack_figure(
	    r, "recall of a persona, mesh", "", 1000, mesh.all.recall);
	attack_figure(
	    r, "precision of a persona, mesh", "", 1000, mesh.all.precision);
}

/* ---- guards of those who meet a spy first ---- */

#define NEWCOMERS 40

static const struct sim_actor idle = { .name = "idle" };

/*
 * Newcomers whose bootstrap list has one address, a spy's, and who publish at
 * once; others they get to know ten seconds later. Who is met first must not
 * be the guard for that. Without defence the first one that is there is.
 */
void
attack_s9_first(const struct attack_options *o, struct attack_result *r)
{
	struct world w = { .cf = sim_config_default(),
		.limits = limits_of_world() };
	unsigned ids[NEWCOMERS];
	uint64_t bad = 0, drawn = 0;
	struct peer_id guard;

	w.cf.stem = &w.limits;
	if (o->defenceless)
		w.limits.guard_choice = 0;
	world_new(&w, o, 100, &idle, NULL);
	struct sim *s = w.w.s;
	struct prng *random = sim_prng(s, PRNG_WORK);
	for (unsigned i = 0; i < NEWCOMERS; i++) {
		ids[i] = sim_add(
		    s, &(struct sim_node_config){ .ip = ip_of(w.nodes + i),
			   .classes = 1U << CLASS_DEMAND });
		sim_know(s, ids[i], w.w.honest + i % w.w.sybils);
	}
	sim_run(s, sim_now(s) + 2 * SIM_SECOND);
	for (unsigned i = 0; i < NEWCOMERS; i++) {
		const err e = sim_publish(s, ids[i],
		    &(struct sim_draft){ .kind = KIND_DEMAND }, NULL);
		ASSERT(e == OK);
	}
	sim_run(s, sim_now(s) + 10 * SIM_SECOND);
	for (unsigned i = 0; i < NEWCOMERS; i++)
		for (unsigned k = 0; k < DEGREE / 2; k++)
			sim_know(
			    s, ids[i], (unsigned)prng_below(random, w.nodes));
	sim_run(s, sim_now(s) + 240 * SIM_SECOND);
	for (unsigned i = 0; i < NEWCOMERS; i++) {
		if (!sim_guard(s, ids[i], 0, &guard))
			continue;
		const unsigned who = node_of(s, &guard);
		drawn++;
		bad += who >= w.w.honest && who < w.nodes ? 1000 : 0;
	}
	attack_least(r, "newcomers with a guard", "", 1, drawn, NEWCOMERS);
	attack_most(
	    r, "of them, it is a spy", "", 1000, bad / MAX(1, drawn), 300);
	attack_least(
	    r, "delivered", "%", 1000, delivered(&w, 250 * SIM_SECOND), 99900);
	attack_world_end(&w.w, r);
}
