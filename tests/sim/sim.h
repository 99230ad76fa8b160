/*
 * sim.h: the simulator: a network of real hosts, records and stores in one
 * process and in virtual time. One seed is one history, and has one hash.
 * This header is its manual; `./dev sim` is its command line.
 *
 * What is real: proto/libp2p (multistream, Noise, Yamux, identify, gossipsub)
 * byte for byte, proto/record, proto/stem where it is switched on, store, the
 * judging and /ohcn/sync/1 of node/. What is played: sockets (wire.h), clocks, disks that fill up or lose
 * power (disk.h), the threads of the pipeline (node.c gives their work a
 * virtual price). The program `sim_stub` has crypto_stub.c in the place of
 * crypto/, for worlds of thousands of nodes.
 *
 * How it runs: one heap of events, ordered by (time, number of the event).
 * Time is in microseconds since the world began. Each node has a monotonic
 * clock that drifts and a wall clock that may be set wrong. Nothing that
 * differs from run to run may reach an event: no pointer, no order of a hash
 * table, no padding, no floating point.
 *
 * A world of one's own:
 *
 *	struct sim_config cf = sim_config_default();
 *	cf.seed = 7;
 *	struct sim *s = sim_new(&cf);
 *	for (unsigned i = 0; i < 200; i++)
 *		sim_add(s, NULL);
 *	sim_link_random(s, 0, 200, 10);
 *	sim_run(s, 10 * SIM_SECOND);
 *	sim_publish(s, 3, &(struct sim_draft){ .kind = KIND_DEMAND }, &m);
 *	sim_run(s, 20 * SIM_SECOND);
 *	... sim_delivered(s, m, node) ...
 *	sim_free(s);
 *
 * Attackers: see "Actors" and "Raw ends" below, and talker.h.
 */
#pragma once

#include "proto/libp2p/host.h"
#include "proto/record/record.h"
#include "proto/record/scope.h"
#include "proto/stem/stem.h"
#include "tests/sim/prng.h"

struct sim;

#define SIM_MS     UINT64_C(1000)
#define SIM_SECOND UINT64_C(1000000)
#define SIM_NEVER  UINT64_MAX
#define SIM_NONE   UINT32_MAX
#define SIM_NET    "test-sim" /* stamps of 8 bits */

/* What the hosts speak, by the number in HOST_STREAM_OPENED. */
enum { SIM_PROTOCOL_SYNC, SIM_PROTOCOL_STEM };

/* ---- the world ---- */

/* How bytes travel on a wire, in each direction. */
struct sim_path {
	uint32_t latency_us;     /* at least */
	uint32_t jitter_us;      /* up to this more; the order is kept */
	uint32_t bytes_per_ms;   /* bandwidth; 0: no limit */
	uint32_t window;         /* bytes under way, then the sender waits */
	uint32_t split_permille; /* of arrivals that come in two pieces */
};

/* Classes of faults; the shrinker takes them away one by one. */
enum sim_fault {
	FAULT_SPLIT,       /* arrivals are cut anywhere */
	FAULT_JITTER,      /* latencies vary widely */
	FAULT_CUT,         /* a connection breaks in the middle of a frame */
	FAULT_PARTITION,   /* the net falls into two */
	FAULT_ONE_WAY,     /* bytes go in one direction only */
	FAULT_CLOG,        /* a node does not read for a while */
	FAULT_CRASH,       /* a node dies; RST or silence; it comes back */
	FAULT_CLOCK,       /* a wall clock is set wrong, and right again */
	FAULT_DRIFT,       /* clocks run at different speeds */
	FAULT_SLOW_VERIFY, /* judging takes long: the queue fills up */
	FAULT_DISK,        /* a disk is full for a while */
	FAULT_EVIL,        /* a peer passes on mutated records */
	SIM_FAULTS
};
const char *sim_fault_name(enum sim_fault f);

struct sim_config {
	uint64_t seed;
	struct sim_path path;
	uint8_t fault[SIM_FAULTS]; /* strength 0 (none) to 3 */
	bool lmdb;                 /* stores on disk, else in memory */
	const char *folder;        /* of LMDB stores; NULL: one in /dev/shm */
	uint64_t store_bytes;      /* map size of each store */
	uint64_t store_records;    /* its quota; 0: none */
	struct host_limits limits;
	struct gossip_params gossip;
	uint32_t verify_us; /* price of judging a record */
	uint32_t commit_us; /* of a commit; those that come meanwhile share */
	uint32_t queue_max; /* records under judgement, then they are refused */
	uint32_t outbound_wanted; /* peers that a node dials by itself */
	bool flood;               /* publishers tell all peers of the topic */
	/* Own records are quiet and go by the stem (proto/stem), which all
	 * nodes with a store speak; must stay. NULL: there is no stem. */
	const struct stem_limits *stem;
	unsigned plant; /* a planted bug; plant.h */
	bool loud;      /* print every event and the logs of the hosts */
};

/** sim_config_default(): 40 to 60 ms, no faults, stores of 16 MiB in memory. */
struct sim_config sim_config_default(void);

/** sim_new(cf): an empty world; aborts without memory, as all here does. */
struct sim *sim_new(const struct sim_config *cf);
void sim_free(struct sim *s);

uint64_t sim_now(const struct sim *s); /* microseconds */

/** sim_run(s, until): all events up to a time, which is then now. */
void sim_run(struct sim *s, uint64_t until);

/** sim_at(s, at, fn, ctx, number): call once, at a time. */
typedef void sim_call(struct sim *s, void *ctx, uint64_t number);
void sim_at(
    struct sim *s, uint64_t at, sim_call *fn, void *ctx, uint64_t number);

/** sim_hash(s): over everything that happened so far. */
uint64_t sim_hash(const struct sim *s);

/** sim_note(s, v): put a number of one's own into the hash. */
void sim_note(struct sim *s, uint64_t v);

/** sim_prng(s, stream): for scenarios (PRNG_WORK) and PRNG_ATTACK. */
struct prng *sim_prng(struct sim *s, enum prng_stream stream);

/* ---- nodes ---- */

struct sim_actor;

struct sim_node_config {
	uint32_t ip;      /* IPv4, 0: one of its own in 10.0.0.0/8 */
	bool no_store;    /* judges nothing: an actor does all */
	bool no_topics;   /* subscribes to nothing at the start */
	uint32_t classes; /* 1 << class to subscribe to; 0: all five */
	const struct sim_actor *actor; /* NULL: an honest node */
	void *brain;
	const struct host_limits *limits; /* NULL: the world's */
	const struct gossip_params *gossip;
	const struct scope *scope; /* what it keeps, copied; NULL: all */
	uint64_t quota;            /* records of its store; 0: the world's */
};

/** sim_add(s, cf): a node that starts now; its number. NULL: honest. */
unsigned sim_add(struct sim *s, const struct sim_node_config *cf);
unsigned sim_nodes(const struct sim *s);

/** sim_know(s, a, b): a knows the address of b, as from its bootstrap list;
 * whom to dial is its host's choice, among these and what it hears. */
void sim_know(struct sim *s, unsigned a, unsigned b);

/** sim_link_random(s, from, n, each): each of n nodes knows some others. */
void sim_link_random(struct sim *s, unsigned from, unsigned n, unsigned each);

bool sim_is_up(const struct sim *s, unsigned node);
void sim_crash(struct sim *s, unsigned node, bool silent);
void sim_restart(struct sim *s, unsigned node);

/** sim_host(s, node): NULL while it is down. After calls to it: sim_pump(). */
struct host *sim_host(struct sim *s, unsigned node);

/** sim_pump(s, node): polls events and output, and arms the timer. Not
 * needed within the callbacks of an actor. */
void sim_pump(struct sim *s, unsigned node);

/** sim_mono_ms(s, node): the clock that its host goes by. */
uint64_t sim_mono_ms(const struct sim *s, unsigned node);
uint64_t sim_wall_s(const struct sim *s, unsigned node);

/** sim_memory(s, node, peak): bytes of its host now, and the most so far. */
size_t sim_memory(const struct sim *s, unsigned node, size_t *peak);

/**
 * sim_clock_nodes(s): from now on the processor time of this machine is
 * measured that each node takes with all that happens to it: its host, its
 * judging and its store. sim_cpu_us(s, node): so much. It differs from run to
 * run: print it, but let nothing depend on it.
 */
void sim_clock_nodes(struct sim *s);
uint64_t sim_cpu_us(const struct sim *s, unsigned node);

/** sim_sync_now(s, node, peer): as syncer_now(). */
NODISCARD err sim_sync_now(
    struct sim *s, unsigned node, const struct peer_id *peer);

/** sim_topic(class, out): as node_topic(). */
void sim_topic(enum record_class c, char out[TOPIC_TEXT]);

/* ---- faults by hand; the swarm uses the same ---- */

/** sim_block(s, a, b, blocked): bytes from a to b stand still. */
void sim_block(struct sim *s, unsigned a, unsigned b, bool blocked);

/** sim_partition(s, side): nodes of unlike sides do not reach each other;
 * ${side} has sim_nodes() entries; NULL: healed. */
void sim_partition(struct sim *s, const uint8_t *side);
void sim_clog(struct sim *s, unsigned node, uint64_t until);
void sim_wall_step(struct sim *s, unsigned node, int64_t seconds);
/** sim_guards_drop(s, node): its personas forget their guards. */
void sim_guards_drop(struct sim *s, unsigned node);
/** sim_wall_leap(s, seconds): it is later for everybody: records expire, but
 * nothing else has happened meanwhile. */
void sim_wall_leap(struct sim *s, uint64_t seconds);
void sim_disk_full(struct sim *s, unsigned node, bool full);
void sim_verify_price(struct sim *s, unsigned node, uint32_t us);
/** sim_cut(s, node): one of its connections, drawn from PRNG_FAULT. */
void sim_cut(struct sim *s, unsigned node);

/* ---- records ---- */

/* What a node publishes; defaults in brackets. */
struct sim_draft {
	uint32_t kind; /* [KIND_DEMAND] */
	uint32_t slot;
	bool deleted;       /* a tombstone */
	bool careless;      /* may expire before what it replaces does */
	uint32_t text;      /* bytes of description [0]; about the size */
	uint32_t hours;     /* lifetime [48] */
	uint64_t author;    /* [the node's own]: an author by number, from 1 */
	const char *region; /* ["de"] */
	bool expect_none;   /* nobody need hold it: not in the oracle */
};

/**
 * sim_publish(s, node, d, message):
 * As the node's publisher: next seq, signed, judged, stored, then announced
 * when there is someone to hear it. ${message} (may be NULL) is its number
 * from now on. OK; ERR_LIMIT: 64 changes within the hour; ERR_CLOSED: down.
 */
NODISCARD err sim_publish(
    struct sim *s, unsigned node, const struct sim_draft *d, uint32_t *message);

/**
 * sim_record(s, d, seq, wall_s, out): the bytes alone, for attackers; ${seq}
 * 0: of now. The author must be given.
 */
void sim_record(
    struct sim *s, const struct sim_draft *d, uint64_t seq, struct buf *out);

uint32_t sim_messages(const struct sim *s);

/** sim_delivered(s, m, node): when it was accepted there; SIM_NEVER. */
uint64_t sim_delivered(const struct sim *s, uint32_t message, unsigned node);
uint64_t sim_published(const struct sim *s, uint32_t message);
const uint8_t *sim_message_id(const struct sim *s, uint32_t message);

/** sim_holds(s, node, id): is the record in its store now? */
bool sim_holds(struct sim *s, unsigned node, const uint8_t id[RECORD_ID]);

/** sim_records(s, node): how many its store holds. */
uint64_t sim_records(struct sim *s, unsigned node);

/** sim_guard(s, node, i, out): of the first author that published there by
 * the stem; false: none. */
bool sim_guard(
    const struct sim *s, unsigned node, unsigned i, struct peer_id *out);

/** sim_stem_stats(s, node, out): false: it has no stem, or is down. */
bool sim_stem_stats(const struct sim *s, unsigned node, struct stem_stats *out);

/* ---- what came of it ---- */

/* Over the messages [from, to) and the honest nodes. */
struct sim_measure {
	uint64_t wanted, delivered; /* pairs of message and node */
	uint64_t p50_us, p99_us, max_us;
	uint64_t copies_milli; /* body copies per node and message, × 1000 */
	uint64_t bytes_per_node;
	uint64_t memory_max; /* most that one host held */
};

void sim_measure(
    struct sim *s, uint32_t from, uint32_t to, struct sim_measure *out);

/** sim_count_from(s): copies and bytes are counted from now on. */
void sim_count_from(struct sim *s);

/** sim_check(s): safety of all nodes that are up; false: see sim_why(). */
bool sim_check(struct sim *s);

/** sim_check_deep(s): and store_check() of every store. */
bool sim_check_deep(struct sim *s);

/**
 * sim_converged(s): does every store hold what it should: of each slot the
 * winner of all acknowledged records, nothing of revoked keys, and nothing
 * else? sim_why() tells what is missing where.
 */
bool sim_converged(struct sim *s);

/** sim_failed(s) / sim_why(s): an invariant broke; the first one, in words. */
bool sim_failed(const struct sim *s);
const char *sim_why(const struct sim *s);

/** sim_fail(s, fmt, ...): for scenarios with rules of their own. */
void sim_fail(struct sim *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- actors: nodes that are not honest ---- */

/*
 * An actor drives a real host, and may share a brain with others. All
 * callbacks may be NULL; within them everything of this header may be
 * called but sim_run(), sim_free(), sim_crash() and sim_restart().
 */
struct sim_actor {
	const char *name;
	/* The host is new: subscribe, sim_know(). Also after a restart. */
	void (*start)(struct sim *s, unsigned node, void *brain);
	/*
	 * An event of its host. True: it was dealt with (a HOST_MESSAGE needs
	 * host_verdict()); false: as an honest node would. HOST_CLOSE is seen
	 * but always dealt with by the simulator.
	 */
	bool (*event)(struct sim *s, unsigned node, void *brain,
	    const struct host_event *ev);
	/* Each ${tick_ms} of world time while it is up. */
	void (*tick)(struct sim *s, unsigned node, void *brain);
	uint32_t tick_ms;
};

/* ---- raw ends: no host at all ---- */

/*
 * What sits at one end of a wire in the place of a host, and speaks whatever
 * it likes to an honest node: from the first byte on. talker.h builds on it
 * a connection with streams (struct conn), and raw bytes after the handshake.
 */
struct sim_end {
	/* Bytes have come; what is not taken is lost. */
	void (*recv)(struct sim *s, uint32_t wire, void *ctx, struct slice in);
	/* There is room: append; after that sim_ready() is needed again. */
	void (*send)(struct sim *s, uint32_t wire, void *ctx, struct buf *out);
	/* The other side is gone; the wire is dead. */
	void (*gone)(struct sim *s, uint32_t wire, void *ctx);
};

/**
 * sim_dial_raw(s, from, to, end, ctx, wire):
 * Connect to a node at once, from the address of node ${from}. ERR_LIMIT: the
 * node refused the connection; ERR_CLOSED: it is down.
 */
NODISCARD err sim_dial_raw(struct sim *s, unsigned from, unsigned to,
    const struct sim_end *end, void *ctx, uint32_t *wire);

/** sim_ready(s, wire): the raw end has bytes: send() is called soon. */
void sim_ready(struct sim *s, uint32_t wire);

/** sim_hang_up(s, wire): the raw end closes; no callback follows. */
void sim_hang_up(struct sim *s, uint32_t wire);
