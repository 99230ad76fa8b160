/*
 * attack.c: marks, and the worlds that most attacks share.
 */
#include "tests/attack/attack.h"

#include <limits.h>
#include <stdio.h>

/* ---- marks ---- */

static void
mark(struct attack_result *r, struct attack_mark m)
{
	ASSERT(r->marks_n < ATTACK_MARKS);
	r->marks[r->marks_n++] = m;
}

void
attack_most(struct attack_result *r, const char *what, const char *unit,
    uint32_t scale, uint64_t value, uint64_t reach)
{
	mark(r, (struct attack_mark){ .what = what,
		    .unit = unit,
		    .scale = scale,
		    .value = value,
		    .reach = reach,
		    .sense = ATTACK_MOST });
}

void
attack_least(struct attack_result *r, const char *what, const char *unit,
    uint32_t scale, uint64_t value, uint64_t reach)
{
	mark(r, (struct attack_mark){ .what = what,
		    .unit = unit,
		    .scale = scale,
		    .value = value,
		    .reach = reach,
		    .sense = ATTACK_LEAST });
}

void
attack_figure(struct attack_result *r, const char *what, const char *unit,
    uint32_t scale, uint64_t value)
{
	mark(r, (struct attack_mark){ .what = what,
		    .unit = unit,
		    .scale = scale,
		    .value = value,
		    .sense = ATTACK_FIGURE });
}

static struct attack_mark *
last_mark(struct attack_result *r)
{
	ASSERT(r->marks_n > 0);
	return &r->marks[r->marks_n - 1];
}

void
attack_full_size(struct attack_result *r)
{
	last_mark(r)->full_size = true;
}

enum attack_outcome
attack_outcome(const struct attack_mark *m, unsigned percent)
{
	if (m->sense == ATTACK_FIGURE || (m->full_size && percent < 100))
		return ATTACK_NOT_JUDGED;
	if (m->sense == ATTACK_LEAST ? m->value >= m->reach
				     : m->value <= m->reach)
		return ATTACK_MET;
	return ATTACK_MISSED;
}

/* ---- worlds ---- */

#define SYBIL_NET 150 /* first byte of every sybil's address */

static unsigned
scaled(unsigned n, const struct attack_options *o)
{
	return n == 0 ? 0 : MAX(1U, n * o->percent / 100);
}

/* Public addresses, no two honest nodes in one /16. */
static uint32_t
honest_ip(unsigned i)
{
	return (uint32_t)(20 + i / 250) << 24 | (uint32_t)(1 + i % 250) << 16 |
	       0x0101;
}

/* The attacker rents machines, each in a /24 of its own. */
uint32_t
attack_sybil_ip(unsigned i)
{
	return (uint32_t)SYBIL_NET << 24 | (uint32_t)(i / 250) << 16 |
	       (uint32_t)(i % 250) << 8 | 9;
}

void
attack_undefended(struct sim_config *cf)
{
	struct gossip_score_params *score = &cf->gossip.score;

	score->topic.invalid_weight = 0;
	score->behaviour_weight = score->slow_weight = 0;
	for (unsigned i = 0; i < GOSSIP_IP_GROUPS; i++)
		score->ip[i].weight = 0;
	cf->gossip.d_out = cf->gossip.d_score = 0;
	cf->gossip.opportunistic_peers = 0;
	cf->gossip.silent_messages = 0;
	cf->gossip.gossip_factor_percent = 0;
	cf->gossip.d_lazy = 0;
	cf->gossip.lazy.on = false;
}

void
attack_world_new(const struct attack_options *o, const struct attack_plan *plan,
    const struct sim_config *cf, struct attack_world *w)
{
	struct sim_config own = cf == NULL ? sim_config_default() : *cf;

	own.seed = o->seed;
	own.loud = o->loud;
	own.outbound_wanted = plan->degree / 2;
	*w = (struct attack_world){ .publishers = scaled(plan->publishers, o),
		.honest = scaled(plan->honest, o) };
	w->s = sim_new(&own);
	for (unsigned i = 0; i < w->honest; i++)
		(void)sim_add(
		    w->s, &(struct sim_node_config){ .ip = honest_ip(i) });
	sim_link_random(w->s, 0, w->honest, plan->degree / 2);
	if (!plan->sybils_later)
		attack_sybils(o, plan, w);
}

/* Each sybil dials so many honest nodes, and is known to none. */
void
attack_sybils(const struct attack_options *o, const struct attack_plan *plan,
    struct attack_world *w)
{
	struct prng *r = sim_prng(w->s, PRNG_ATTACK);
	struct host_limits limits = sim_config_default().limits;

	limits.outbound_wanted = plan->sybil_degree;
	w->sybils = scaled(plan->sybils, o);
	for (unsigned i = 0; i < w->sybils; i++) {
		const unsigned n = sim_add(
		    w->s, &(struct sim_node_config){
			      .ip = attack_sybil_ip(
				  plan->machines == 0 ? i : i % plan->machines),
			      .no_store = true,
			      .actor = plan->actor,
			      .brain = plan->brain,
			      .limits = &limits });
		for (unsigned k = 0; k < plan->sybil_degree; k++)
			sim_know(w->s, n, (unsigned)prng_below(r, w->honest));
	}
}

void
attack_world_end(struct attack_world *w, struct attack_result *r)
{
	(void)sim_check(w->s);
	r->hash ^= sim_hash(w->s);
	if (sim_failed(w->s) && r->why[0] == '\0')
		(void)snprintf(r->why, sizeof(r->why), "%s", sim_why(w->s));
	sim_free(w->s);
	w->s = NULL;
}

void
attack_publish(struct attack_world *w, unsigned n, unsigned per_s)
{
	struct prng *r = sim_prng(w->s, PRNG_WORK);

	for (unsigned i = 0; i < n; i++) {
		const uint32_t m = sim_messages(w->s);
		const struct sim_draft d = { .kind = KIND_DEMAND,
			.slot = m / w->publishers % 1000,
			.text = 450 };
		const err e = sim_publish(w->s, m % w->publishers, &d, NULL);
		ASSERT(e == OK || e == ERR_LIMIT);
		sim_run(w->s,
		    sim_now(w->s) + prng_between(r, 0, 2 * SIM_SECOND / per_s));
	}
}

void
attack_delivery(struct attack_world *w, struct attack_result *r, uint32_t from,
    uint32_t to, uint64_t least_milli, uint64_t p99_ms)
{
	struct sim_measure m;

	sim_measure(w->s, from, to, &m);
	attack_least(r, "delivered", "%", 1000,
	    m.wanted == 0 ? 0 : m.delivered * 100000 / m.wanted, least_milli);
	if (p99_ms > 0)
		attack_most(r, "p99", "ms", 1, m.p99_us / 1000, p99_ms);
}

/* ---- what came of it ---- */

bool
attack_is_sybil(const struct host_peer_info *p)
{
	return p->remote.n > 1 && p->remote.p[1] == SYBIL_NET;
}

/* Is it in the mesh of the topic that all scenarios speak on? */
static bool
in_mesh(struct attack_world *w, unsigned node, const struct peer_id *id)
{
	struct gossip_peer_explain x;
	char topic[TOPIC_TEXT];

	sim_topic(CLASS_DEMAND, topic);
	if (!host_peer_explain(
		sim_host(w->s, node), id, sim_mono_ms(w->s, node), &x))
		return false;
	for (uint32_t i = 0; i < x.topics_n; i++)
		if (strcmp(x.topics[i].name, topic) == 0)
			return x.topics[i].member_since_ms != 0;
	return false;
}

uint64_t
attack_sybil_share(struct attack_world *w)
{
	uint64_t all = 0, bad = 0;

	for (unsigned i = 0; i < w->honest; i++) {
		struct host *h = sim_host(w->s, i);
		struct host_peer_info p;
		for (uint32_t k = 0; h != NULL && host_peer_at(h, k, &p); k++) {
			const bool is_in = in_mesh(w, i, &p.id);
			all += is_in ? 1 : 0;
			bad += is_in && attack_is_sybil(&p) ? 1 : 0;
		}
	}
	return all == 0 ? 0 : bad * 100000 / all;
}

/* Adds 1 for each topic in whose mesh the peer is; how many topics. */
static uint32_t
count_topics(const struct gossip_peer_explain *x, unsigned counts[64])
{
	for (uint32_t t = 0; t < x->topics_n; t++)
		counts[t] += x->topics[t].standing == GOSSIP_MEMBER ? 1 : 0;
	return x->topics_n;
}

unsigned
attack_honest_outbound(struct attack_world *w, unsigned node)
{
	static struct gossip_peer_explain x;
	struct host *h = sim_host(w->s, node);
	struct host_peer_info p;
	unsigned counts[ARRAY_LEN(x.topics)] = { 0 }, least = UINT_MAX;
	uint32_t topics = 0;

	for (uint32_t k = 0; h != NULL && host_peer_at(h, k, &p); k++)
		if (p.outbound && !attack_is_sybil(&p) &&
		    host_peer_explain(h, &p.id, sim_mono_ms(w->s, node), &x))
			topics = count_topics(&x, counts);
	for (uint32_t t = 0; t < topics; t++)
		least = MIN(least, counts[t]);
	return topics == 0 ? 0 : least;
}

uint64_t
attack_heard_by(
    struct attack_world *w, unsigned node, uint32_t from, uint32_t to)
{
	uint64_t n = 0;

	for (uint32_t m = from; m < to; m++)
		n += sim_delivered(w->s, m, node) != SIM_NEVER ? 1 : 0;
	return from == to ? 0 : n * 100000 / (to - from);
}

uint64_t
attack_reached(struct attack_world *w, uint32_t message, uint64_t us)
{
	const uint64_t until = sim_published(w->s, message) + us;
	uint64_t n = 0;

	for (unsigned i = 0; i < w->honest; i++)
		n += sim_delivered(w->s, message, i) <= until ? 1 : 0;
	return n * 100000 / w->honest;
}
