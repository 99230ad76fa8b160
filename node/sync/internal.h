/*
 * sync/internal.h: what the files of node/sync share; not for others.
 *
 *   sync/session.c  sessions: bytes, records, their end
 *   sync/peers.c    what is known of peers; whose turn it is
 *   sync/items.c    jobs: the list of what we hold; who refused what
 *   sync/judge.c    records that came: to the pipeline and back
 */
#pragma once

#include "node/sync/sync.h"
#include "proto/base/fifo.h"

#define SYNCER_WHOLE    3 /* peers that must agree before we have caught up */
#define SYNCER_DECLINES 4 /* sessions beside the others that say "busy" */

/* ---- peers ---- */

struct syncer_entry {
	struct syncer_peer p; /* id.n == 0: a free place */
	bool speaks, outbound;
	bool slow;          /* the last one was: it may not open the next */
	bool wanted;        /* it has come: soon, not at the slow pace */
	uint64_t next_ms;   /* not before */
	uint64_t agreed_ms; /* 0: not in this life */
	unsigned busy;      /* times in a row that it had no room */
	unsigned tokens;    /* sessions that it may open now */
	uint64_t tokens_ms;
};

/* What the end of a session says of the peer. */
enum syncer_fault {
	SYNCER_GONE,    /* the connection went, or it has just closed */
	SYNCER_BUSY,    /* it has no room now */
	SYNCER_FAILED,  /* slow, or something of ours */
	SYNCER_LIED,    /* it broke the rules */
	SYNCER_REFUSED, /* it will not talk to us */
};

struct syncer_entry *entry_find(struct syncer *y, const struct peer_id *id);

/** entry_take(y, id): find or make; NULL: all places are connected. */
struct syncer_entry *entry_take(struct syncer *y, const struct peer_id *id);

/**
 * policy_agreed(y, e, late, partial, soon): a session has ended well; ${late}:
 * records it brought that gossip should have brought long ago; ${partial}:
 * something is left for the next one, which pays to be ${soon}.
 */
void policy_agreed(struct syncer *y, struct syncer_entry *e, uint64_t late,
    bool partial, bool soon);
void policy_failed(struct syncer *y, struct syncer_entry *e,
    enum syncer_fault fault, const char *why);

/** policy_next(y): whom to begin with now; NULL: nobody. */
struct syncer_entry *policy_next(struct syncer *y);

/** policy_begun(y, e): a session of ours was begun. */
void policy_begun(struct syncer *y, struct syncer_entry *e);

/** policy_may_serve(y, e): may it open a session with us now? */
bool policy_may_serve(struct syncer *y, struct syncer_entry *e);

void policy_peer_gone(struct syncer *y, const struct peer_id *peer);
bool policy_behind(const struct syncer *y);

/** policy_tick(y): were we away? */
void policy_tick(struct syncer *y);

/* ---- what peers do not want ---- */

struct no_want {
	uint64_t peer; /* hash of its id; 0: a free place */
	struct sync_item item;
	uint32_t expires_h;
};

/* ---- sessions ---- */

enum syncer_work { WORK_NONE, WORK_COUNT, WORK_LIST, WORK_CORE };

struct syncer_session {
	bool used, dialer;
	bool declined; /* a listener's that only says why not */
	bool open;     /* the stream is there */
	bool over;     /* the core has ended; what is left is written */
	bool pumping, stalled;
	bool reset; /* do not close the stream in order */
	enum syncer_work wants;
	struct host_stream stream;
	struct peer_id peer;
	struct sync *core;         /* NULL: gone; records may still be judged */
	const struct scope *scope; /* of the items; the core's */
	struct sync_cursor since;
	struct sync_item *items;
	size_t items_n, items_cap;
	uint32_t *fresh; /* SYNC_FRESH_MAX positions; NULL: none asked for */
	struct fifo waiting; /* records that the pipeline has not taken */
	struct fifo judged;  /* the core cannot be told now: it works */
	unsigned judging;    /* with the pipeline */
	uint64_t moved_ms;   /* the pipeline took one */
	uint64_t over_ms;
	uint64_t ticked_ms, due_ms; /* how long the peer was waited for */
	uint64_t short_ms;          /* since when memory is short; 0: no */
	uint64_t fresh_in, late_in;
	size_t refused_n; /* of the peer, when the items were listed */
};

/* A record that came, until it is judged. */
struct arrival {
	struct fifo_link link;
	struct syncer *y;
	struct syncer_session *s;
	enum sync_verdict verdict;
	uint8_t id[SYNC_ID];
	struct sync_item winner;
	size_t n;
	uint8_t bytes[];
};

/* Work on a thread: of one session, which nobody touches meanwhile. */
struct syncer_job {
	struct syncer *y;
	struct syncer_session *s;
	enum syncer_work kind;
	struct store_view *view;
	uint64_t now_s;
	/* For COUNT and LIST. */
	struct no_want *no_wants; /* of this peer, in order */
	size_t no_wants_n, no_wants_at;
	size_t n, fresh_n;
	bool fresh_many;
	uint64_t head;
	err result;
};

struct syncer {
	struct syncer_config cf;
	char net[NET_MAX + 1];
	struct mem *mem; /* items, cores, arrivals */
	uint8_t key[16]; /* of hashes */
	struct syncer_session *sessions;
	unsigned sessions_n;
	struct syncer_job *job; /* NULL: none under way */
	unsigned job_turn;
	struct store_view *view; /* while a session is pumped */
	struct syncer_entry peers[SYNCER_PEERS_MAX];
	struct no_want *no_wants;
	unsigned no_wants_at;
	bool stopped;
	struct syncer_stats stats;
	/* policy */
	struct peer_id whole[SYNCER_WHOLE];
	unsigned whole_n;
	uint64_t whole_ms;
	uint64_t seen_s, seen_ms; /* when we last had a peer */
	uint64_t next_round_ms, next_soon_ms, begun_ms;
	unsigned turn;
};

/** sessions_now(y, own): under way; of ours, or of theirs. */
unsigned sessions_now(const struct syncer *y, bool own);

/** sessions_own_max(y): of ours at once; nobody else gets their places. */
static inline unsigned
sessions_own_max(const struct syncer *y)
{
	return MAX(y->cf.sessions_max / 4, 1U);
}

/** session_works(y, s): a job is under way: nobody touches its core. */
static inline bool
session_works(const struct syncer *y, const struct syncer_session *s)
{
	return y->job != NULL && y->job->s == s;
}

/** session_pump(y, s): whatever can be done now. */
void session_pump(struct syncer *y, struct syncer_session *s);

/** session_end(y, s, fault, why): from our side, without a word. */
void session_end(struct syncer *y, struct syncer_session *s,
    enum syncer_fault fault, const char *why);

/* sync/judge.c */

/** records_take(y, s, bytes): one came; it is judged some time. */
void records_take(
    struct syncer *y, struct syncer_session *s, struct slice bytes);
/** records_drain(y, s): give the pipeline what waits; false: nothing. */
bool records_drain(struct syncer *y, struct syncer_session *s);
void records_drop(struct syncer *y, struct syncer_session *s);
/** records_tell(y, s): what was judged while the core worked. */
void records_tell(struct syncer *y, struct syncer_session *s);

/* sync/items.c */

/** job_next(y): begin what a session waits for, if none is under way. */
void job_next(struct syncer *y);
void items_free(struct syncer *y, struct syncer_session *s);
/** scope_fit(y, scope): narrow it to what there is memory to list. */
void scope_fit(struct syncer *y, struct scope *scope);
void no_want_add(struct syncer *y, const struct peer_id *peer,
    const struct sync_item *item, uint64_t expires_h);

/** no_want_drop(y, peer, id): it sent the record, so it has it by now. */
void no_want_drop(
    struct syncer *y, const struct peer_id *peer, const uint8_t id[SYNC_ID]);
