#include "tests/attack/bomb.h"

#include "proto/libp2p/gossip_rpc.h"
#include "tests/sim/talker.h"

#define BOMBS    30
#define VICTIM   0
#define WATCH_S  60
#define PER_S    20 /* records of the honest nodes */
#define SLOT_MAX 1023

enum bomb_kind {
	SLOW_READER,  /* reads nothing of what gossip sends it */
	HALF_FRAMES,  /* begins a long frame and never ends it */
	MANY_STREAMS, /* opens as many streams as it may */
	BOMB_KINDS
};

struct bomb {
	enum bomb_kind kind;
	uint32_t streams, stream;
	struct talker *t;
	unsigned unread_s, unread_most; /* bytes for it wait: now, ever */
	bool cut;                       /* the victim hung up */
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

static void
bomb_gone(struct talker *t, void *ctx)
{
	(void)t;
	((struct bomb *)ctx)->cut = true;
}

static const struct talker_ops bomb_ops = {
	.secured = bomb_secured, .event = bomb_event, .gone = bomb_gone
};

static const struct sim_actor bystander = { .name = "bystander" };

static void
bombs_start(struct sim *s, struct bomb *bombs)
{
	for (unsigned i = 0; i < BOMBS; i++) {
		struct bomb *b = &bombs[i];
		*b = (struct bomb){ .kind = i % BOMB_KINDS };
		/* From a machine of its own each, or it would be refused. */
		const unsigned at = sim_add(
		    s, &(struct sim_node_config){ .ip = attack_sybil_ip(i),
			   .no_store = true,
			   .actor = &bystander });
		const err e = talker_dial(
		    s, at, VICTIM, 1000 + i, false, &bomb_ops, b, &b->t);
		ASSERT(e == OK);
		/* Not more handshakes at once than are allowed. */
		sim_run(s, sim_now(s) + SIM_SECOND / 4);
	}
}

/*
 * Once a second: for whom do bytes wait, and how long have they? Not for all
 * slow readers: the mesh has no room for all.
 */
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

/* Bodies for the mesh, so that there is something to read. */
static void
publish_much(struct attack_world *w, unsigned second)
{
	for (unsigned k = 0; k < PER_S; k++) {
		const struct sim_draft d = { .kind = KIND_DEMAND,
			.slot = MIN(second * PER_S + k, SLOT_MAX),
			.text = 8000 };
		/* A slot may have had its changes of this hour. */
		(void)!sim_publish(w->s, 1 + k % (w->honest - 1), &d, NULL);
	}
}

/* Ten of each kind at one node, while the others go on. */
void
attack_s10(const struct attack_options *o, struct attack_result *r)
{
	static struct bomb bombs[BOMBS];
	const struct attack_plan plan = {
		.publishers = 40, .honest = 50, .degree = 20
	};
	struct sim_config cf = sim_config_default();
	struct attack_world w;
	size_t peak = 0;
	unsigned slowest = 0, cut = 0;

	if (o->defenceless)
		cf.limits.unread_ms = 3600000;
	attack_world_new(o, &plan, &cf, &w);
	sim_run(w.s, 60 * SIM_SECOND);
	bombs_start(w.s, bombs);
	for (unsigned i = 0; i < WATCH_S; i++) {
		publish_much(&w, i);
		sim_run(w.s, sim_now(w.s) + SIM_SECOND);
		watch(w.s, bombs);
	}
	(void)sim_memory(w.s, VICTIM, &peak);
	for (unsigned i = 0; i < BOMBS; i++) {
		slowest = MAX(slowest, bombs[i].unread_most);
		cut += bombs[i].kind == SLOW_READER && bombs[i].cut;
		talker_free(bombs[i].t);
	}
	attack_most(r, "slow readers cut after", "s", 1, slowest, 30);
	attack_least(r, "slow readers cut", "", 1, cut, 1);
	attack_most(r, "memory of the host", "KiB", 1, peak / 1024,
	    cf.limits.memory_bytes / 1024);
	attack_delivery(&w, r, 0, sim_messages(w.s), 100000, 2000);
	attack_world_end(&w, r);
}
