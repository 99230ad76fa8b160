#include "tests/attack/flood.h"

#include "tests/attack/sybil.h"

#define FLOODERS  10
#define TICK_MS   100
#define HONEST    200 /* nodes, at most */
#define GIVE_UP_S 20
#define PER_TICK  100 /* garbage: 1,000 a second from each */

/* ---- S6: messages that are not even records ---- */

struct garbage {
	uint64_t serial;
};

static void
garbage_tick(struct sim *s, unsigned node, void *brain)
{
	struct garbage *g = brain;
	char topic[TOPIC_TEXT];
	uint32_t sent = 0;

	sim_topic(CLASS_DEMAND, topic);
	for (unsigned i = 0; i < PER_TICK; i++) {
		uint8_t room[RECORD_BYTES_MAX];
		struct buf b = { room, 0, sizeof(room) };
		/* Right in every way but for the signature: dear to judge. */
		sim_record(s,
		    &(struct sim_draft){ .author = 1 + g->serial % 40,
			.slot = (uint32_t)(g->serial / 40 % 1024),
			.text = (uint32_t)(g->serial / 40960) },
		    0, &b);
		b.p[b.n - 1] ^= 1;
		g->serial++;
		if (host_publish(sim_host(s, node), topic, buf_slice(&b), true,
			sim_mono_ms(s, node), &sent) != OK)
			return;
	}
}

static bool
garbage_event(
    struct sim *s, unsigned node, void *brain, const struct host_event *ev)
{
	(void)brain;
	if (ev->type != HOST_MESSAGE)
		return false;
	host_verdict(sim_host(s, node), ev->message.handle, GOSSIP_IGNORE,
	    sim_mono_ms(s, node));
	return true;
}

static const struct sim_actor garbler = { .name = "garbler",
	.event = garbage_event,
	.tick = garbage_tick,
	.tick_ms = TICK_MS };

/* Attackers that a node still listens to. */
static unsigned
listened_to(struct attack_world *w, int32_t graylist)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->honest; i++) {
		struct host_peer_info p;
		struct host *h = sim_host(w->s, i);
		for (uint32_t k = 0; host_peer_at(h, k, &p); k++)
			n += attack_is_sybil(&p) && p.score > graylist;
	}
	return n;
}

static struct gossip_stats
gossip_of(struct attack_world *w, unsigned node)
{
	struct host_stats st;

	host_stats(sim_host(w->s, node), &st);
	return st.gossip;
}

/* What each node had judged when the flood began. */
struct before {
	uint64_t judged, rejected;
};

static uint64_t
judged(const struct gossip_stats *g)
{
	return g->accepted + g->ignored + g->rejected;
}

static void
note_before(struct attack_world *w, struct before *before)
{
	for (unsigned i = 0; i < w->honest; i++) {
		const struct gossip_stats g = gossip_of(w, i);
		before[i] = (struct before){ judged(&g), g.rejected };
	}
	sim_clock_nodes(w->s);
}

/*
 * The busiest node by the simulator's price of judging; and what this machine
 * really took for the node that took most, less than the price if there is
 * no cryptography.
 */
static void
tell_work(struct attack_world *w, const struct before *before, uint64_t took_us,
    uint32_t price_us, struct attack_result *r)
{
	uint64_t most = 0, rejected = 0, cpu_us = 0;

	for (unsigned i = 0; i < w->honest; i++) {
		const struct gossip_stats g = gossip_of(w, i);
		most = MAX(most, judged(&g) - before[i].judged);
		if (sim_cpu_us(w->s, i) <= cpu_us)
			continue;
		cpu_us = sim_cpu_us(w->s, i);
		rejected = g.rejected - before[i].rejected;
	}
	attack_most(r, "core of the busiest node", "%", 1000,
	    most * price_us * 100000 / took_us, 50000);
	attack_figure(
	    r, "core as measured", "%", 1000, cpu_us * 100000 / took_us);
	attack_figure(r, "measured per message refused", "us", 1,
	    cpu_us / MAX(1, rejected));
}

/* Seconds until nobody listens to the attackers any more, or GIVE_UP_S. */
static uint64_t
run_until_graylisted(struct attack_world *w, int32_t graylist)
{
	const uint64_t began = sim_now(w->s);
	uint64_t s = 0;

	for (s = 0; s < GIVE_UP_S; s++) {
		attack_publish(w, 2, 2);
		sim_run(w->s, began + (s + 1) * SIM_SECOND);
		if (s >= 2 && listened_to(w, graylist) == 0)
			break;
	}
	return s;
}

void
attack_s6(const struct attack_options *o, struct attack_result *r)
{
	struct garbage g = { 0 };
	const struct attack_plan plan = { .publishers = 40,
		.honest = HONEST,
		.sybils = FLOODERS,
		.degree = 20,
		.sybil_degree = 30,
		.actor = &garbler,
		.brain = &g,
		.sybils_later = true };
	struct sim_config cf = sim_config_default();
	struct before before[HONEST];
	struct attack_world w;
	struct sim_measure calm, flooded;

	if (o->defenceless)
		attack_undefended(&cf);
	attack_world_new(o, &plan, &cf, &w);
	ASSERT(w.honest <= HONEST);
	sim_run(w.s, 60 * SIM_SECOND);
	attack_publish(&w, 100, 5);
	const uint32_t from = sim_messages(w.s);
	const uint64_t began = sim_now(w.s);
	note_before(&w, before);
	attack_sybils(o, &plan, &w);
	const uint64_t gray_s = run_until_graylisted(
	    &w, cf.gossip.score.graylist_threshold / GOSSIP_POINT);
	attack_most(r, "attackers graylisted after", "s", 1, gray_s, 10);
	tell_work(&w, before, sim_now(w.s) - began, cf.verify_us, r);
	attack_publish(&w, 50, 5);
	sim_run(w.s, sim_now(w.s) + 20 * SIM_SECOND);
	sim_measure(w.s, 0, from, &calm);
	sim_measure(w.s, from, sim_messages(w.s), &flooded);
	attack_most(r, "honest p99", "ms", 1, flooded.p99_us / 1000,
	    2 * calm.p99_us / 1000);
	attack_least(r, "delivered", "%", 1000,
	    flooded.delivered * 100000 / MAX(1, flooded.wanted), 100000);
	attack_world_end(&w, r);
}

/* ---- S7: authors with good stamps ---- */

#define FLOOD_AUTHOR 1000000
#define NEWCOMERS    900000 /* authors by number */
#define FLOOD_S      3600   /* time for all of it */

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

static const struct sim_actor flooder = { .name = "flooder",
	.event = sybil_accept,
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

static uint64_t
fullest(struct attack_world *w)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < w->honest; i++)
		most = MAX(most, sim_records(w->s, i));
	return most;
}

/* Messages that some store still holds, of 100,000. */
static uint64_t
held_somewhere(struct attack_world *w, uint32_t from, uint32_t to)
{
	uint64_t n = 0;

	for (uint32_t m = from; m < to; m++) {
		unsigned i = 0;
		while (i < w->honest &&
		       !sim_holds(w->s, i, sim_message_id(w->s, m)))
			i++;
		n += i < w->honest;
	}
	return n * 100000 / MAX(1, to - from);
}

/* People who come when the stores are full already, one record each. */
static void
newcomers(struct attack_world *w, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct sim_draft d = { .author = NEWCOMERS + i,
			.text = 300 };
		const err e = sim_publish(w->s, i % w->publishers, &d, NULL);
		ASSERT(e == OK);
		sim_run(w->s, sim_now(w->s) + SIM_SECOND / 5);
	}
}

/*
 * A hundred new authors for each percent, by ten attackers, against stores
 * that hold half of them. A store narrows its sample of authors: whoever they
 * are, as many of them stay as there is room for, the flood's like the
 * others', those who come late like those who were there; each node by a salt
 * of its own, so that together they lose nothing.
 */
void
attack_s7(const struct attack_options *o, struct attack_result *r)
{
	const uint64_t authors = 100 * (uint64_t)o->percent;
	const uint64_t quota = authors / 2;
	struct flood flood = { .next = FLOOD_AUTHOR,
		.end = FLOOD_AUTHOR + authors,
		.per_tick = 10 };
	const struct attack_plan plan = { .publishers = 40,
		.honest = HONEST,
		.sybils = FLOODERS,
		.degree = 20,
		.sybil_degree = 20,
		.actor = &flooder,
		.brain = &flood,
		.sybils_later = true };
	struct sim_config cf = sim_config_default();
	struct attack_world w;

	cf.store_records = o->defenceless ? 0 : quota;
	attack_world_new(o, &plan, &cf, &w);
	sim_run(w.s, 60 * SIM_SECOND);
	attack_publish(&w, 100, 5);
	const uint32_t from = sim_messages(w.s);
	attack_sybils(o, &plan, &w);
	while (flood.next < flood.end && sim_now(w.s) < FLOOD_S * SIM_SECOND)
		sim_run(w.s, sim_now(w.s) + SIM_SECOND);
	sim_run(w.s, sim_now(w.s) + 30 * SIM_SECOND);
	newcomers(&w, 100);
	const uint32_t to = sim_messages(w.s);
	sim_run(w.s, sim_now(w.s) + 60 * SIM_SECOND);
	const uint64_t share = quota * 100000 / (authors + to);
	attack_least(r, "authors of the flood", "", 1,
	    flood.next - FLOOD_AUTHOR, authors);
	attack_most(r, "records in the fullest store", "", 1, fullest(&w),
	    quota + quota / 8 + to / w.publishers + 1);
	attack_least(r, "honest old records kept", "%", 1000, held(&w, 0, from),
	    share * 85 / 100);
	attack_least(r, "honest new records stored", "%", 1000,
	    held(&w, from, to), share * 85 / 100);
	attack_least(r, "honest records held by some", "%", 1000,
	    held_somewhere(&w, 0, to), 100000);
	attack_world_end(&w, r);
}
