/*
 * session.h: the inside of a session, shared by the files that make it up:
 * session.c (life, events, time), hear.c (messages of the peer), plan.c (what
 * to answer), speak.c (messages of ours). Internal to proto/sync.
 */
#pragma once

#include "proto/sync/coded.h"
#include "proto/sync/set.h"

enum phase {
	PHASE_HEAR,  /* the peer's turn */
	PHASE_JUDGE, /* its turn is over, records are with the driver */
	PHASE_ITEMS, /* SYNC_NEED_ITEMS */
	PHASE_WORK,  /* SYNC_WORK */
	PHASE_SPEAK, /* our turn */
	PHASE_OVER,
};

enum work {
	WORK_START,  /* values and the root */
	WORK_ENCODE, /* symbols that we send */
	WORK_DECODE, /* ours off the peer's, and what is left */
};

/* Short ids that grow as they come. */
struct ids {
	uint64_t *v;
	size_t n, cap;
};

/* A range that a peer sent fingerprints of, or that we did. */
struct range {
	struct wire_bound from;
	struct set_print print;
};

/* A range for which LIST or ASK is to be said. */
struct answer {
	struct wire_bound from, to;
	bool ask;
	bool listing; /* ${at} is set */
	size_t at;    /* position of the first item not listed yet */
};

/* What is being said in this turn. */
struct plan {
	bool hello, welcome, fresh, ranges, more;
	enum sync_close close;
	bool expecting; /* something was said that wants an answer */
	bool record;    /* a record was said */
	enum wire_type step;
	size_t at; /* progress within the step */
};

/* What was heard in the peer's turn. */
struct heard {
	unsigned last; /* type of the last message, 0: none yet */
	bool hello, welcome, fresh, ranges, coded, more;
	bool record, done;
	struct wire_bound list_end, ask_end;
};

struct sync {
	struct mem *mem;
	struct sync_config cf; /* net points to ${net} */
	uint8_t net[NET_MAX];
	struct scope common;
	bool has_common;
	uint8_t peer_nonce[SYNC_NONCE];
	struct sync_cursor peer_cursor; /* how far the peer knows our store */
	struct sync_cursor peer_head;   /* of the peer's own store, as told */
	uint64_t peer_fresh;            /* 0: not known; else one more */
	struct sync_figures figures;

	enum phase phase;
	bool told; /* the event of this phase was given */
	bool worked;
	enum work work;
	enum sync_why why;
	enum sync_close close;
	bool partial;

	struct queue in, out;
	size_t in_skip; /* of a record that was given out */
	struct heard heard;
	struct plan plan;
	bool said_done; /* our last turn ended with DONE */
	uint64_t overhead_in;
	size_t judging;
	uint64_t began_ms, last_ms;
	bool touched; /* progress that was not timed yet */

	struct sync_set set_in; /* as the driver gave it */
	struct set set;
	uint64_t *values;
	struct set_print root;
	uint64_t peer_count, peer_sum; /* its root */
	uint8_t *give;                 /* a bit per item: to be sent */
	uint8_t *refused;              /* a bit per item; NULL: none */
	size_t refused_at;
	size_t bits; /* bytes of each of them */

	struct ids asked; /* of WANT or REFUSE, not looked up yet */
	bool asked_refuse;
	struct ids wants; /* to be asked for */
	uint64_t wants_all;
	struct ids refuses;
	struct sync_item *winners;
	size_t winners_n, winners_at, winners_cap;
	bool body; /* SYNC_BODY was given */
	struct ids fresh;
	uint64_t fresh_count, fresh_sum;

	bool ranges_done;     /* RANGES was said or heard */
	struct range *ranges; /* of either side */
	size_t ranges_n;
	struct answer *answers; /* WIRE_RANGES_MAX of them, or NULL */
	size_t answers_n;

	/* Coded symbols. */
	uint8_t coded_ranges[WIRE_RANGES_MAX / 8];
	bool coding;   /* we are their writer */
	bool decoding; /* we are their reader, more may come */
	struct coded cells;
	size_t cells_cap; /* allocated, from cells.first */
	bool cells_lost;  /* no memory: lists instead */
	unsigned tries;
	size_t more_upto;  /* what MORE asks for, in either direction */
	struct coded left; /* for decoding */
	void *scratch;
	struct coded_found found;
	bool found_all;
};

#define TRIES_MAX     3    /* times that more symbols are asked for */
#define REFUSES_MAX   4096 /* kept for one turn; heard in one session */
#define WINNERS_MAX   4096
#define ASKED_MEMORY  128   /* bytes of one, with its table, and to spare */
#define ASKED_AT_ONCE 8192U /* ids looked up in one walk over the items */

/* session.c */
void session_fail(struct sync *s, enum sync_why why);
void session_over(struct sync *s);
void session_salt(const struct sync *s, uint8_t out[SET_SALT]);
/** Grow by doubling; false: no memory, nothing has changed. */
bool ids_push(struct sync *s, struct ids *ids, uint64_t v);
void ids_free(struct sync *s, struct ids *ids);
void coded_cells_free(struct sync *s);
void left_free(struct sync *s);

static inline void
bit_set(uint8_t *bits, size_t at)
{
	bits[at / 8] |= (uint8_t)(1U << at % 8);
}

static inline bool
bit_get(const uint8_t *bits, size_t at)
{
	return (bits[at / 8] >> at % 8 & 1) != 0;
}

/** bit_next(bits, from, n): the next that is set, or n. */
size_t bit_next(const uint8_t *bits, size_t from, size_t n);

/* hear.c */
enum step {
	STEP_ON,    /* go on */
	STEP_EVENT, /* ${ev} is filled */
	STEP_WAIT,  /* for bytes, room or the driver */
};
enum step hear(struct sync *s, struct sync_event *ev);

/* plan.c */
/** The peer's turn is over: what now? Sets the phase. */
void plan_turn(struct sync *s);
/** sync_work() has returned. */
void plan_worked(struct sync *s);
/** Bytes that may still be had. */
size_t plan_memory(const struct sync *s);
/** Looks up what WANT or REFUSE named so far; false: failed. */
bool plan_asked(struct sync *s);
/** LIST: ${ids} is what the peer has in [from, to). */
bool plan_list(struct sync *s, const struct wire_bound *from,
    const struct wire_bound *to, struct slice ids);
bool plan_answer(struct sync *s, const struct wire_bound *from,
    const struct wire_bound *to, bool ask);
void work(struct sync *s);

/* speak.c */
enum step speak(struct sync *s, struct sync_event *ev);
/** The message CLOSE; if there is no room for it, nothing. */
void say_close(struct sync *s, enum sync_close close);
