#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/sim/world.h"

#define TICK_MS      1000
#define EXPIRE_EVERY 60 /* ticks, as node/run.c */
#define EXPIRE_BATCH 1000
#define JOB_TIME     (2 * SIM_MS)
#define SYNC_MEMORY  (16U << 20)
#define SYNC_PACE_S  300
#define SYNC_AT_ONCE 8
#define SOON         (1 * SIM_MS)

static const char *const protocols[] = {
	[SIM_PROTOCOL_SYNC] = SYNC_PROTOCOL,
	[SIM_PROTOCOL_STEM] = STEM_PROTOCOL,
};

struct sim_node *
sim_node(const struct sim *s, unsigned node)
{
	ASSERT(node < s->nodes_n);
	return s->nodes[node];
}

/* ---- clocks ---- */

/* Microseconds of the node's own clock since the world began. */
static uint64_t
own_us(const struct sim_node *n)
{
	return n->s->now * (uint64_t)(1000000 + n->drift_ppm) / 1000000;
}

uint64_t
sim_mono_ms(const struct sim *s, unsigned node)
{
	const struct sim_node *n = sim_node(s, node);

	return n->mono_base_ms + own_us(n) / 1000;
}

uint64_t
sim_wall_s(const struct sim *s, unsigned node)
{
	const struct sim_node *n = sim_node(s, node);

	return (uint64_t)((int64_t)(SIM_WALL + s->wall_leapt_s +
				    own_us(n) / SIM_SECOND) +
			  n->wall_wrong_s);
}

/* World time at which its clock shows so much; SIM_NEVER stays. */
uint64_t
node_at_mono(const struct sim_node *n, uint64_t mono_ms)
{
	if (mono_ms > UINT64_C(1) << 40)
		return SIM_NEVER;
	if (mono_ms <= n->mono_base_ms)
		return 0;
	const uint64_t own = (mono_ms - n->mono_base_ms) * 1000;
	return own * 1000000 / (uint64_t)(1000000 + n->drift_ppm) + 2;
}

void
sim_wall_step(struct sim *s, unsigned node, int64_t seconds)
{
	sim_node(s, node)->wall_wrong_s += seconds;
	sim_node(s, node)->set_at = s->now;
}

void
sim_wall_leap(struct sim *s, uint64_t seconds)
{
	s->wall_leapt_s += seconds;
	for (unsigned i = 0; i < s->nodes_n; i++)
		s->nodes[i]->set_at = s->now;
}

/* ---- its surroundings ---- */

static uint64_t
env_mono_ms(void *ctx)
{
	const struct sim_node *n = ctx;

	return sim_mono_ms(n->s, n->index);
}

static uint64_t
env_wall_s(void *ctx)
{
	const struct sim_node *n = ctx;

	return sim_wall_s(n->s, n->index);
}

static void
env_random(void *ctx, uint8_t *out, size_t n)
{
	prng_fill(&((struct sim_node *)ctx)->random, out, n);
}

static void
env_log_line(void *ctx, enum log_level level, const char *event, const char *kv)
{
	struct sim_node *n = ctx;

	if (level == LOG_BROKEN)
		sim_fail(n->s, "node %u logs: %s %s", n->index, event, kv);
	else if (n->s->cf.loud)
		sim_trace(n->s, "node %u %s %s", n->index, event, kv);
}

static void *
mem_take(void *ctx, size_t size)
{
	struct sim_node *n = ctx;

	n->memory_peak = MAX(n->memory_peak, n->mem.used + size);
	return malloc(size);
}

static void
mem_give(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

/* ---- what sync needs ---- */

static void
sync_submit(void *ctx, struct slice bytes, judge_done *done, void *done_ctx)
{
	judge_submit(ctx, bytes, 0, false, done, done_ctx);
}

static err
sync_job(void *ctx, struct syncer_job *job)
{
	struct sim_node *n = ctx;

	ASSERT(n->sync_job == NULL);
	n->sync_job = job;
	sim_put(
	    n->s, n->s->now + JOB_TIME, EVENT_SYNC_JOB, n->index, 0, n->life);
	return OK;
}

static void
sync_wake(void *ctx)
{
	(void)ctx; /* node_pump() follows whatever happens */
}

static void
sync_scope_of(void *ctx, struct scope *out)
{
	store_scope(((struct sim_node *)ctx)->store, out);
}

static void
job_run(struct sim_node *n)
{
	struct syncer_job *job = n->sync_job;

	if (job == NULL)
		return;
	n->sync_job = NULL;
	syncer_job_run(job);
	syncer_job_done(job);
}

/* What node/sync/sync_node.c keeps in the vault. */
static void
sync_save(struct sim_node *n)
{
	n->sync_peers_n = 0;
	while (n->sync_peers_n < SIM_SYNC_PEERS &&
	       syncer_peer_at(
		   n->syncer, n->sync_peers_n, &n->sync_peers[n->sync_peers_n]))
		n->sync_peers_n++;
}

static void
sync_start(struct sim_node *n, bool fresh)
{
	struct syncer_config sc = {
		.host = n->host,
		.env = &n->env,
		.store = n->store,
		.net = slice_str(SIM_NET),
		.sessions_max = SYNC_AT_ONCE,
		.mem = &n->sync_mem,
		.pace_s = SYNC_PACE_S,
		.scope = sync_scope_of,
		.submit = sync_submit,
		.work = sync_job,
		.wake = sync_wake,
		.ctx = n,
	};

	if (fresh) {
		prng_fill(&n->random, n->sync_tag, sizeof(n->sync_tag));
		n->sync_peers_n = 0;
	}
	memcpy(sc.tag, n->sync_tag, sizeof(sc.tag));
	n->sync_mem = mem_child(&n->mem, SYNC_MEMORY);
	n->syncer = syncer_new(&sc);
	ASSERT(n->syncer != NULL);
	for (unsigned i = 0; i < n->sync_peers_n; i++)
		syncer_restore(n->syncer, &n->sync_peers[i]);
}

/* ---- start and stop ---- */

static const uint8_t *
author_at(void *ctx, uint32_t i)
{
	return i == 0 ? ((struct sim_node *)ctx)->author : NULL;
}

static void
store_start(struct sim_node *n)
{
	struct sim *s = n->s;
	struct store_config cf = { .net = slice_str(SIM_NET),
		.max_records =
		    n->cf.quota != 0 ? n->cf.quota : s->cf.store_records,
		.scope = n->cf.scope };
	char why[STORE_WHY];

	if (planted(PLANT_STORE_LOST) && n->map != NULL && !s->cf.lmdb) {
		map_close(n->map);
		n->map = NULL;
	}
	if (n->map == NULL && !s->cf.lmdb)
		ASSERT(map_memory_open(s->cf.store_bytes, &n->map) == OK);
	if (s->cf.lmdb) {
		const struct map_lmdb_options o = {
			.map_bytes = s->cf.store_bytes, .create = true
		};
		(void)snprintf(
		    n->folder, sizeof(n->folder), "%s/%u", s->folder, n->index);
		if (map_lmdb_open(n->folder, &o, &n->map, why) != OK) {
			(void)fprintf(stderr, "%s: %s\n", n->folder, why);
			abort();
		}
	}
	sim_disk_init(&n->disk, n->map);
	prng_fill(&n->random, cf.random, sizeof(cf.random));
	if (store_open(&n->disk.map, &cf, &n->store, why) != OK)
		sim_fail(
		    s, "node %u: its store does not open: %s", n->index, why);
	ASSERT(n->store != NULL);
	sync_start(n, store_info(n->store).created);
	memcpy(n->author, author_of(s, n->index + 1)->pub, sizeof(n->author));
	const struct announce_config ac = {
		.host = n->host,
		.env = &n->env,
		.store = n->store,
		.net = slice_str(SIM_NET),
		.author_at = author_at,
		.quietly = s->cf.stem != NULL ? stem_quietly : NULL,
		.ctx = n,
		.flood = s->cf.flood,
	};
	n->announcer = announcer_new(&ac);
	ASSERT(n->announcer != NULL);
	stem_start(n);
}

static struct gossip_params
params_of(const struct sim_node *n)
{
	struct gossip_params p =
	    n->cf.gossip != NULL ? *n->cf.gossip : n->s->cf.gossip;

	if (planted(PLANT_SEEN_SHORT))
		p.seen_ttl_ms = 1;
	if (planted(PLANT_IWANT_DEAF))
		p.gossip_retransmission = 0;
	if (planted(PLANT_BACKOFF_EVER))
		p.prune_backoff_ms = p.unsubscribe_backoff_ms = 3600000;
	return p;
}

static void
host_start(struct sim_node *n)
{
	struct host_config hc = {
		.env = &n->env,
		.mem = &n->mem,
		.secret = n->secret,
		.agent = "sim/1",
		.protocol_version = "ohcn/1",
		.protocols = protocols,
		.protocols_n = n->cf.no_store          ? 0
			       : n->s->cf.stem == NULL ? SIM_PROTOCOL_STEM
						       : ARRAY_LEN(protocols),
		.limits =
		    n->cf.limits != NULL ? *n->cf.limits : n->s->cf.limits,
		.gossip = params_of(n),
	};

	hc.limits.outbound_wanted = n->s->cf.outbound_wanted;
	if (planted(PLANT_KEEPALIVE_OFF))
		hc.limits.conn.keepalive_ms = 1U << 30;
	n->host = host_new(&hc, sim_mono_ms(n->s, n->index));
	ASSERT(n->host != NULL);
	for (unsigned c = 0; !n->cf.no_topics && c < RECORD_CLASSES; c++) {
		char topic[TOPIC_TEXT];
		if (n->cf.classes != 0 && (n->cf.classes >> c & 1) == 0)
			continue;
		sim_topic((enum record_class)c, topic);
		const err e =
		    host_subscribe(n->host, topic, sim_mono_ms(n->s, n->index));
		ASSERT(e == OK);
	}
}

static void
node_start(struct sim_node *n)
{
	struct sim *s = n->s;
	const struct sim_actor *a = n->cf.actor;

	n->life++;
	n->up = true;
	n->timer_at = SIM_NEVER;
	n->ticks = 0;
	n->accepts = 0;
	n->verify_free_at = s->now;
	n->commit_due = false;
	n->counted = (struct host_stats){ 0 };
	host_start(n);
	dial_start(n);
	if (!n->cf.no_store)
		store_start(n);
	sim_put(s, s->now + prng_below(&n->random, TICK_MS) * SIM_MS,
	    EVENT_TICK, n->index, 0, n->life);
	if (a != NULL && a->start != NULL)
		a->start(s, n->index, n->cf.brain);
	if (a != NULL && a->tick != NULL)
		sim_put(s, s->now + a->tick_ms * SIM_MS, EVENT_ACTOR, n->index,
		    0, n->life);
	node_pump(n);
}

unsigned
sim_add(struct sim *s, const struct sim_node_config *cf)
{
	struct sim_node *n = calloc(1, sizeof(*n));
	uint8_t seed[ED25519_SEED] = { 0 }, pub[ED25519_PUBLIC];

	ASSERT(n != NULL);
	s->nodes = sim_grow(s->nodes, s->nodes_n, &s->nodes_cap, sizeof(n));
	n->s = s;
	n->index = s->nodes_n;
	s->nodes[s->nodes_n++] = n;
	if (cf != NULL)
		n->cf = *cf;
	if (n->cf.scope != NULL) {
		n->scope = *n->cf.scope;
		n->cf.scope = &n->scope;
	}
	/* Neighbours by number are none by address. */
	n->ip = n->cf.ip != 0 ? n->cf.ip
			      : (11 + n->index % 180) << 24 |
				    (n->index / 180 * 37 % 256) << 16 |
				    (n->index & 255) << 8 | 1;
	put_u32be(seed, n->index + 1);
	put_u64be(seed + 8, s->cf.seed);
	ed25519_keypair(pub, n->secret, seed);
	n->random = prng_of(s->cf.seed, PRNG_NODE + n->index);
	n->mono_base_ms = 1000 + prng_below(&n->random, 100000);
	if (s->cf.fault[FAULT_DRIFT] > 0) {
		const int32_t most = 200 * s->cf.fault[FAULT_DRIFT];
		n->drift_ppm =
		    (int32_t)prng_between(&n->random, 0, 2 * (uint64_t)most) -
		    most;
	}
	n->verify_us = s->cf.verify_us;
	n->env = (struct env){ env_mono_ms, env_wall_s, env_random,
		env_log_line, n };
	n->mem = (struct mem){ .alloc = mem_take,
		.release = mem_give,
		.ctx = n,
		.cap = SIZE_MAX / 2 };
	node_start(n);
	return n->index;
}

unsigned
sim_nodes(const struct sim *s)
{
	return s->nodes_n;
}

static void
keep_counts(struct sim_node *n)
{
	struct host_stats st;

	host_stats(n->host, &st);
	n->past_copies += st.gossip.messages_in - n->counted.gossip.messages_in;
	n->past_bytes += st.bytes_in - n->counted.bytes_in;
}

/* The process is no more; its disk, its clock and its key remain. */
static void
node_die(struct sim_node *n)
{
	keep_counts(n);
	n->in_pump = true; /* nobody listens any more */
	n->disk.dead = true;
	if (n->syncer != NULL) {
		syncer_stop(n->syncer);
		judge_drop(n);
		job_run(n);
	}
	judge_drop(n);
	stem_stop(n);
	syncer_free(n->syncer);
	announcer_free(n->announcer);
	host_free(n->host);
	store_close(n->store);
	if (n->s->cf.lmdb) {
		map_close(n->map);
		n->map = NULL;
	}
	n->syncer = NULL;
	n->announcer = NULL;
	n->host = NULL;
	n->store = NULL;
	n->heard_n = 0;
	n->in_pump = false;
	n->up = false;
	n->down_at = n->s->now;
	n->life++;
}

void
sim_crash(struct sim *s, unsigned node, bool silent)
{
	struct sim_node *n = sim_node(s, node);

	if (!n->up)
		return;
	wires_of_dead(n, silent);
	node_die(n);
}

void
sim_restart(struct sim *s, unsigned node)
{
	struct sim_node *n = sim_node(s, node);

	if (n->up)
		return;
	node_start(n);
	wires_release(s);
}

static void
folder_remove(const struct sim_node *n)
{
	static const char *const files[] = { "data.mdb", "lock.mdb",
		"owner.lock" };
	char path[200];

	for (size_t i = 0; n->folder[0] != '\0' && i < ARRAY_LEN(files); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/%s", n->folder, files[i]);
		(void)unlink(path);
	}
	if (n->folder[0] != '\0')
		(void)rmdir(n->folder);
}

/* At the end of the world. */
void
node_stop(struct sim_node *n)
{
	if (n->up)
		node_die(n);
	map_close(n->map);
	folder_remove(n);
	free(n->known);
	free(n->wires);
	free(n->acked);
	free(n->heard_at);
	n->wires = NULL;
	n->wires_n = 0;
}

/* ---- what happens to it ---- */

static void
on_event(struct sim_node *n, const struct host_event *ev)
{
	const struct sim_actor *a = n->cf.actor;
	const bool taken = a != NULL && a->event != NULL &&
			   a->event(n->s, n->index, n->cf.brain, ev);

	/* What an actor deals with is no affair of its stem either. */
	const bool stems = n->stem != NULL && !taken &&
			   stem_event(n->stem, ev, sim_mono_ms(n->s, n->index));
	if (ev->type == HOST_CLOSE) {
		wire_closed(n, ev->conn);
		return;
	}
	if (stems)
		return;
	if (taken || n->cf.no_store) {
		if (!taken && ev->type == HOST_MESSAGE)
			host_verdict(n->host, ev->message.handle, GOSSIP_ACCEPT,
			    sim_mono_ms(n->s, n->index));
		return;
	}
	if (ev->type == HOST_MESSAGE)
		judge_message(n, &ev->message);
	else if (ev->type == HOST_PEER_DOWN)
		syncer_peer_gone(n->syncer, &ev->peer);
	else if (ev->type == HOST_IDENTIFIED &&
		 host_peer_speaks(n->host, &ev->peer, SYNC_PROTOCOL))
		syncer_peer(n->syncer, &ev->peer);
	else if (ev->type >= HOST_STREAM_OPENED &&
		 ev->type <= HOST_STREAM_CLOSED)
		(void)syncer_event(n->syncer, ev);
}

static void
arm(struct sim_node *n)
{
	const uint64_t stem_at =
	    n->stem != NULL ? stem_expiry(n->stem) : UINT64_MAX;
	const uint64_t expiry = MIN(host_expiry(n->host), stem_at);
	uint64_t at = node_at_mono(n, expiry);

	if (at == SIM_NEVER)
		return;
	at = MAX(at, n->s->now + SOON);
	if (at >= n->timer_at)
		return;
	n->timer_at = at;
	sim_put(n->s, at, EVENT_TIMER, n->index, 0, n->life);
}

void
node_pump(struct sim_node *n)
{
	struct host_event ev;
	host_conn conn = 0;
	bool more = true;

	if (!n->up || n->in_pump)
		return;
	n->in_pump = true;
	while (more) {
		more = false;
		while (host_next(n->host, &ev)) {
			sim_note(n->s, (uint64_t)ev.type << 32 | ev.stream);
			on_event(n, &ev);
			more = true;
		}
		stem_drain(n);
		while (host_next_output(n->host, &conn)) {
			wire_output(n, conn);
			more = true;
		}
		while (dial_next(n))
			more = true;
	}
	n->in_pump = false;
	arm(n);
}

void
sim_pump(struct sim *s, unsigned node)
{
	node_pump(sim_node(s, node));
}

static void
expire(struct sim_node *n)
{
	uint64_t now = sim_wall_s(n->s, n->index);
	size_t removed = 0;

	n->expired_at = n->s->now;
	if (planted(PLANT_EXPIRY_OFF))
		return;
	if (planted(PLANT_EXPIRY_MONO))
		now = SIM_WALL + 40 * sim_mono_ms(n->s, n->index) / 1000;
	do {
		if (store_expire(n->store, now, EXPIRE_BATCH, NULL, NULL,
			&removed) != OK)
			return;
	} while (removed == EXPIRE_BATCH);
}

static void
on_tick(struct sim_node *n)
{
	const uint64_t mono = sim_mono_ms(n->s, n->index);

	n->ticks++;
	n->wall_max_s = MAX(n->wall_max_s, sim_wall_s(n->s, n->index));
	if (!n->cf.no_store) {
		syncer_tick(n->syncer);
		if (!planted(PLANT_ANNOUNCE_ONCE))
			announce_tick(n->announcer);
		if (n->ticks % EXPIRE_EVERY == 1)
			expire(n);
		if (n->ticks % EXPIRE_EVERY == 0)
			sync_save(n);
	}
	sim_put(n->s, MAX(node_at_mono(n, mono + TICK_MS), n->s->now + SOON),
	    EVENT_TICK, n->index, 0, n->life);
}

static void
on_timer(struct sim_node *n, const struct event *e)
{
	const uint64_t mono = sim_mono_ms(n->s, n->index);

	if (e->at != n->timer_at)
		return; /* an earlier one was armed meanwhile */
	n->timer_at = SIM_NEVER;
	if (host_expiry(n->host) <= mono)
		host_on_time(n->host, mono);
	if (n->stem != NULL && stem_expiry(n->stem) <= mono)
		stem_on_time(n->stem, mono);
}

void
node_event(struct sim_node *n, const struct event *e)
{
	if (n->life != e->serial || !n->up)
		return;
	if (e->kind == EVENT_TIMER) {
		on_timer(n, e);
	} else if (e->kind == EVENT_TICK) {
		on_tick(n);
	} else if (e->kind == EVENT_VERIFIED) {
		judge_verified(n);
	} else if (e->kind == EVENT_COMMIT) {
		judge_commit(n);
	} else if (e->kind == EVENT_SYNC_JOB) {
		job_run(n);
	} else if (e->kind == EVENT_DIALLED) {
		dial_decided(n, e->b);
	} else if (e->kind == EVENT_ACTOR) {
		n->cf.actor->tick(n->s, n->index, n->cf.brain);
		sim_put(n->s, n->s->now + n->cf.actor->tick_ms * SIM_MS,
		    EVENT_ACTOR, n->index, 0, n->life);
	}
	node_pump(n);
}

/* ---- questions and faults by hand ---- */

bool
sim_is_up(const struct sim *s, unsigned node)
{
	return sim_node(s, node)->up;
}

struct host *
sim_host(struct sim *s, unsigned node)
{
	return sim_node(s, node)->host;
}

size_t
sim_memory(const struct sim *s, unsigned node, size_t *peak)
{
	const struct sim_node *n = sim_node(s, node);

	if (peak != NULL)
		*peak = n->memory_peak;
	return n->mem.used;
}

err
sim_sync_now(struct sim *s, unsigned node, const struct peer_id *peer)
{
	struct sim_node *n = sim_node(s, node);

	return n->up && n->syncer != NULL ? syncer_now(n->syncer, peer)
					  : ERR_CLOSED;
}

void
sim_topic(enum record_class c, char out[TOPIC_TEXT])
{
	topic_put(out, slice_str(SIM_NET), c);
}

void
sim_clog(struct sim *s, unsigned node, uint64_t until)
{
	sim_node(s, node)->clogged_until = until;
}

void
sim_disk_full(struct sim *s, unsigned node, bool full)
{
	sim_node(s, node)->disk.full = full;
}

void
sim_verify_price(struct sim *s, unsigned node, uint32_t us)
{
	sim_node(s, node)->verify_us = us;
}
