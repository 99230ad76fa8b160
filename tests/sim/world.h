/*
 * world.h: what the files of the simulator share; not for others.
 *
 *   world.c    the heap, time, the hash      node.c    a node's life
 *   wire.c     bytes between two ends        judge.c   its records
 *   disk.c     a map that fails              dial.c    who connects to whom
 *   record.c   authors, messages             fault.c   the swarm's faults
 *   stem.c     anonymous publishing
 *   check.c    safety and convergence        measure.c figures
 *   work.c     what a swarm publishes        scenario.c  ready-made worlds
 */
#pragma once

#include "node/record/announce.h"
#include "node/record/judge.h"
#include "node/sync/sync.h"
#include "proto/base/fifo.h"
#include "tests/sim/disk.h"
#include "tests/sim/heap.h"
#include "tests/sim/plant.h"
#include "tests/sim/sim.h"

#define SIM_WALL       UINT64_C(1800000000) /* seconds, at time 0 */
#define WHY            512
#define SIM_SYNC_PEERS 16 /* kept over a restart */
#define SIM_ROUTES     4  /* authors of a node that have guards of their own */

/* ---- wires ---- */

struct chunk {
	uint64_t at;
	uint32_t n; /* 0: the sender has closed */
};

/* Bytes in one direction. */
struct pipe {
	uint8_t *p;
	size_t n, cap;
	struct chunk *chunks;
	unsigned chunks_n, chunks_cap;
	uint64_t sent_at; /* when the last byte has left: bandwidth */
	uint64_t last_at; /* when the last byte arrives: order */
	bool held;        /* cannot arrive now; sim_release() tries again */
	bool waiting;     /* the sender has more than the window takes */
};

struct wire_end {
	unsigned node; /* also of a raw end: its address */
	uint32_t life;
	host_conn conn; /* 0: gone, or raw */
	const struct sim_end *raw;
	void *ctx;
	bool open;
};

struct wire {
	bool used;
	uint32_t serial;
	struct wire_end end[2]; /* 0 dialled */
	struct pipe pipe[2];    /* from end i */
};

/* ---- nodes ---- */

/* A record under judgement. */
struct job {
	struct fifo_link link;
	struct judging j;
	uint8_t *bytes;
	size_t n;
	judge_done *done;
	void *ctx;
	bool early; /* planted: it was acknowledged already */
};

struct sim_node {
	struct sim *s;
	unsigned index;
	struct sim_node_config cf;
	uint32_t life; /* counts restarts */
	bool up;
	uint32_t ip;
	uint8_t secret[ED25519_SECRET];
	struct prng random;
	struct env env;
	struct mem mem;
	size_t memory_peak;
	/* clocks */
	int32_t drift_ppm;
	int64_t wall_wrong_s;
	uint64_t mono_base_ms;
	/* its parts while it is up */
	struct host *host;
	struct sim_disk disk;
	char folder[160];   /* of an LMDB store */
	struct scope scope; /* if cf.scope */
	struct map *map;    /* inner: LMDB or memory */
	struct store *store;
	struct syncer *syncer;
	struct syncer_job *sync_job; /* under way */
	struct mem sync_mem;
	uint8_t sync_tag[SYNC_TAG];                    /* of the store */
	struct syncer_peer sync_peers[SIM_SYNC_PEERS]; /* saved */
	unsigned sync_peers_n;
	/* judging */
	struct fifo verifying, committing;
	unsigned jobs_n;
	uint32_t verify_us;
	uint64_t verify_free_at;
	bool commit_due, in_pump;
	struct announcer *announcer;
	struct stem *stem; /* if the world has it */
	struct mem stem_mem;
	struct {
		uint8_t author[ED25519_PUBLIC];
		struct stem_guards guards;
	} routes[SIM_ROUTES]; /* kept over a restart */
	uint32_t routes_n;
	uint8_t author[ED25519_PUBLIC]; /* of its own records */
	/* connections */
	unsigned *known; /* whose addresses it begins with */
	unsigned known_n, known_cap;
	struct {
		uint32_t number; /* 0: free */
		unsigned to;
	} dials[HOST_DIALS_MAX];
	uint32_t *wires;
	unsigned wires_n, wires_cap;
	uint64_t timer_at;
	uint64_t clogged_until, down_at;
	uint64_t expired_at, set_at; /* last expiry; last change of the clock */
	uint64_t ticks;
	/* what it said it holds: one bit per message */
	uint8_t *acked;
	size_t acked_n;
	/* since sim_count_from() */
	struct host_stats counted; /* at that time, of this life */
	uint64_t past_copies, past_bytes, past_messages; /* of past lives */
	uint64_t accepts; /* verdicts of this life */
	uint64_t wall_max_s;
	uint64_t cpu_ns;    /* since sim_clock_nodes() */
	uint64_t *heard_at; /* by message: a lasting verdict in this life */
	unsigned heard_n;
};

/* ---- records ---- */

struct author {
	uint64_t number;
	uint8_t pub[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	uint8_t stamp[STAMP_WORK_BYTES];
	bool revoked;
};

struct message {
	uint8_t id[RECORD_ID];
	uint8_t *bytes;
	uint32_t n;
	uint32_t author; /* index */
	uint32_t kind, slot;
	uint64_t seq, expires_h;
	char region[3];
	unsigned node; /* that published it */
	uint64_t at;
	bool deleted, expect_none;
	bool acked;         /* the publisher's store has it */
	uint32_t *after_us; /* by node; UINT32_MAX: not delivered */
	unsigned nodes;
};

/* ---- all of it ---- */

struct sim {
	struct sim_config cf;
	struct heap heap;
	uint64_t now, hash, events;
	uint64_t wall_leapt_s; /* sim_wall_leap() */
	struct prng prng[PRNG_ATTACK + 1];
	struct sim_node **nodes;
	unsigned nodes_n, nodes_cap;
	struct wire **wires;
	uint32_t wires_n, wires_cap, wire_serial;
	uint32_t *spare; /* wires that may be used again */
	uint32_t spare_n, spare_cap;
	uint8_t *side; /* of a partition, by node; NULL: none */
	unsigned side_n;
	struct {
		unsigned from, to;
	} * blocks;
	unsigned blocks_n, blocks_cap;
	struct author *authors;
	unsigned authors_n, authors_cap;
	struct message *messages;
	uint32_t messages_n, messages_cap;
	uint32_t *by_id; /* open addressing: message + 1 */
	uint32_t by_id_n;
	char folder[128]; /* of all LMDB stores; "" */
	struct arena scratch;
	bool clocks_nodes;
	bool failed;
	char why[WHY];
};

/* world.c */
void sim_put(struct sim *s, uint64_t at, enum event_kind kind, uint32_t a,
    uint32_t b, uint32_t serial);
void sim_hash_bytes(struct sim *s, const void *p, size_t n);
void sim_trace(struct sim *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void *sim_grow(void *p, unsigned n, unsigned *cap, size_t size);

/* node.c */
struct sim_node *sim_node(const struct sim *s, unsigned node);
void node_event(struct sim_node *n, const struct event *e);
void node_pump(struct sim_node *n);
void node_stop(struct sim_node *n);
uint64_t node_at_mono(const struct sim_node *n, uint64_t mono_ms);

/* judge.c */
void judge_submit(struct sim_node *n, struct slice bytes, uint32_t class_mask,
    bool own, judge_done *done, void *ctx);
void judge_message(struct sim_node *n, const struct gossip_message *m);
void judge_verified(struct sim_node *n);
void judge_commit(struct sim_node *n);
void judge_drop(struct sim_node *n);

/* stem.c */
void stem_start(struct sim_node *n);
void stem_stop(struct sim_node *n);
err stem_quietly(void *ctx, const struct store_record *r);
void stem_drain(struct sim_node *n);

/* dial.c */
void dial_start(struct sim_node *n);
bool dial_next(struct sim_node *n);
void dial_decided(struct sim_node *n, unsigned place);
NODISCARD err dial_raw(
    struct sim *s, unsigned from, struct sim_node *to, host_conn *conn);

/* wire.c */
uint32_t wire_new(struct sim *s, struct wire_end a, struct wire_end b);
void wire_output(struct sim_node *n, host_conn conn);
void wire_closed(struct sim_node *n, host_conn conn);
void wire_event(struct sim *s, const struct event *e);
unsigned wire_event_node(const struct sim *s, const struct event *e);
void wire_break(struct sim *s, uint32_t wire);
void wires_of_dead(struct sim_node *n, bool silent);
void wires_release(struct sim *s);
bool wire_blocked(const struct sim *s, unsigned from, unsigned to);
void wires_free(struct sim *s);

/* record.c */
struct author *author_of(struct sim *s, uint64_t number);
void record_acked(struct sim_node *n, const uint8_t id[RECORD_ID]);
uint32_t message_of_bytes(struct sim *s, struct slice bytes);
uint32_t message_find(const struct sim *s, const uint8_t id[RECORD_ID]);
void records_free(struct sim *s);

/* check.c */
void check_acked(struct sim_node *n);
