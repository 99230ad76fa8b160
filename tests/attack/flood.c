#include "tests/attack/flood.h"

#include "proto/libp2p/gossip_rpc.h"
#include "tests/attack/sybil.h"
#include "tests/sim/talker.h"

#define FLOODERS 10
#define PER_TICK 100 /* of 100 ms: 1,000 a second each */
#define BOMBS    30
#define VICTIM   0

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
	.tick_ms = 100 };

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

static uint64_t
judged(struct attack_world *w, unsigned *most)
{
	uint64_t worst = 0;

	for (unsigned i = 0; i < w->honest; i++) {
		struct host_stats st;
		host_stats(sim_host(w->s, i), &st);
		const uint64_t n =
		    st.gossip.accepted + st.gossip.ignored + st.gossip.rejected;
		if (n > worst) {
			worst = n;
			*most = i;
		}
	}
	return worst;
}

void
attack_s6(const struct attack_options *o, struct attack_result *r)
{
	struct garbage g = { 0 };
	struct attack_plan plan = { .publishers = 40,
		.honest = 200,
		.sybils = FLOODERS,
		.degree = 20,
		.sybil_degree = 30,
		.actor = &garbler,
		.brain = &g,
		.ips = FLOODERS,
		.sybils_later = true };
	struct sim_config cf = sim_config_default();
	struct attack_world w;
	struct sim_measure calm, flooded;
	uint64_t gray_s = 0;
	unsigned most = 0;

	if (o->defenceless)
		attack_undefended(&cf);
	attack_world_new(o, &plan, &cf, &w);
	sim_run(w.s, 60 * SIM_SECOND);
	attack_publish(&w, 100, 5);
	const uint32_t before = sim_messages(w.s);
	const uint64_t judged_before = judged(&w, &most);
	const uint64_t began = sim_now(w.s);
	attack_sybils(o, &plan, &w);
	for (gray_s = 0; gray_s < 60; gray_s++) {
		attack_publish(&w, 2, 2);
		sim_run(w.s, began + (gray_s + 1) * SIM_SECOND);
		if (gray_s >= 2 &&
		    listened_to(
			&w, cf.gossip.score.graylist_threshold / 1000) == 0)
			break;
	}
	const uint64_t work_us =
	    (judged(&w, &most) - judged_before) * cf.verify_us;
	const uint64_t took_us = sim_now(w.s) - began;
	attack_publish(&w, 50, 5);
	sim_run(w.s, sim_now(w.s) + 20 * SIM_SECOND);
	sim_measure(w.s, 0, before, &calm);
	sim_measure(w.s, before, sim_messages(w.s), &flooded);
	attack_most(r, "attackers graylisted after", "s", 1, gray_s, 10);
	attack_most(r, "core of the busiest node", "%", 1000,
	    work_us * 100000 / took_us, 50000);
	attack_most(r, "honest p99", "ms", 1, flooded.p99_us / 1000,
	    2 * calm.p99_us / 1000);
	attack_least(r, "delivered", "%", 1000,
	    flooded.delivered * 100000 / MAX(1, flooded.wanted), 100000);
	attack_world_end(&w, r);
}

static const struct sim_actor bystander = { .name = "bystander" };

/* ---- S10: who does not read, and who wants bytes kept ---- */

enum bomb_kind { SLOW_READER, HALF_FRAMES, MANY_STREAMS };

struct bomb {
	enum bomb_kind kind;
	uint32_t streams, stream;
	struct talker *t;
	unsigned unread_s, unread_most; /* bytes for it wait: now, ever */
};

static void
bomb_secured(struct talker *t, void *ctx)
{
	struct bomb *b = ctx;

	if (talker_open(t, GOSSIP_PROTOCOL_12, &b->stream) != OK)
		return;
	b->streams = 1;
	if (b->kind == MANY_STREAMS)
		while (b->streams < 4096 &&
		       talker_open(t, GOSSIP_PROTOCOL_12, &b->stream) == OK)
			b->streams++;
}

static void
bomb_event(struct talker *t, void *ctx, const struct conn_event *ev)
{
	struct bomb *b = ctx;
	uint8_t room[2048];
	struct buf out = { room, 0, sizeof(room) };
	char topic[TOPIC_TEXT];

	if (ev->type != CONN_STREAM_READY || ev->stream != b->stream)
		return;
	sim_topic(CLASS_DEMAND, topic);
	rpc_frame_put(&out, rpc_subscription_size(strlen(topic)));
	rpc_subscription_put(&out, true, slice_str(topic));
	rpc_graft_put(&out, slice_str(topic));
	(void)talker_write(t, ev->stream, buf_slice(&out));
	if (b->kind == HALF_FRAMES) {
		/* A frame of 60,000 bytes that never ends. */
		static uint8_t half[59000] = { 0xe0, 0xd4, 0x03, 0x12 };
		(void)talker_write(t, ev->stream, slice_of(half, sizeof(half)));
	}
	if (b->kind == SLOW_READER)
		talker_stop_reading(t);
}

static const struct talker_ops bomb_ops = { .secured = bomb_secured,
	.event = bomb_event };

/* Once a second: for whom do bytes wait, and how long have they? */
static void
watch(struct sim *s, struct bomb *bombs)
{
	for (unsigned i = 0; i < BOMBS; i++) {
		struct bomb *b = &bombs[i];
		struct gossip_peer_explain x;
		const bool waits =
		    host_peer_explain(sim_host(s, VICTIM), talker_id(b->t),
			sim_mono_ms(s, VICTIM), &x) &&
		    x.queued_bytes > 0;
		b->unread_s = waits ? b->unread_s + 1 : 0;
		b->unread_most = MAX(b->unread_most, b->unread_s);
	}
}

/* Ten of each kind at one node, while the others go on. */
void
attack_s10(const struct attack_options *o, struct attack_result *r)
{
	static struct bomb bombs[BOMBS];
	struct attack_plan plan = { .publishers = 40,
		.honest = 200,
		.sybils = 1,
		.degree = 20,
		.actor = &garbler,
		.ips = 1 };
	static struct garbage idle;
	struct attack_world w;
	struct host_limits limits;
	size_t peak = 0;
	unsigned slowest = 0;

	plan.honest = 50;
	plan.brain = &idle;
	plan.sybils_later = true;
	attack_world_new(o, &plan, NULL, &w);
	limits = sim_config_default().limits;
	sim_run(w.s, 60 * SIM_SECOND);
	for (unsigned i = 0; i < BOMBS; i++) {
		struct bomb *b = &bombs[i];
		*b = (struct bomb){ .kind = i % 3 };
		/* From a machine of its own each, or it would be refused. */
		const unsigned at = sim_add(
		    w.s, &(struct sim_node_config){ .ip = attack_sybil_ip(i),
			     .no_store = true,
			     .actor = &bystander });
		const err e = talker_dial(
		    w.s, at, VICTIM, 1000 + i, false, &bomb_ops, b, &b->t);
		ASSERT(e == OK);
		/* Not more handshakes at once than are allowed. */
		sim_run(w.s, sim_now(w.s) + SIM_SECOND / 4);
	}
	for (unsigned i = 0; i < 60; i++) {
		/* Bodies for the mesh, so that there is something to read. */
		for (unsigned k = 0; k < 20; k++) {
			const struct sim_draft d = { .kind = KIND_DEMAND,
				.slot = i * 20 + k >= 1024 ? 1023 : i * 20 + k,
				.text = 8000 };
			(void)!sim_publish(
			    w.s, 1 + k % (w.honest - 1), &d, NULL);
		}
		sim_run(w.s, sim_now(w.s) + SIM_SECOND);
		watch(w.s, bombs);
	}
	(void)sim_memory(w.s, VICTIM, &peak);
	for (unsigned i = 0; i < BOMBS; i++) {
		slowest = MAX(slowest, bombs[i].unread_most);
		talker_free(bombs[i].t);
	}
	attack_least(r, "bytes waited for an attacker", "s", 1, slowest, 10);
	attack_most(r, "memory of the host", "KiB", 1, peak / 1024,
	    limits.memory_bytes / 1024);
	attack_most(r, "slow readers cut after", "s", 1, slowest, 30);
	attack_delivery(&w, r, 0, sim_messages(w.s), 100000, 2000);
	attack_world_end(&w, r);
}
