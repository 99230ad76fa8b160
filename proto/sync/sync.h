/*
 * sync.h: one session of /ohcn/sync/1 over one stream: two nodes find out
 * which records of their common scope the other lacks, for a price that grows
 * with the difference and not with the sets, and exchange those. SPEC.md,
 * "Sync".
 *
 * A session sees items (hour, id), never records' meaning: it has no store,
 * no clock, no randomness. Who drives it supplies the items, the bytes of
 * records when asked, judges the records that come in, and runs the long
 * calculations on a thread of its choice.
 *
 * Both sides speak in turns, the dialer first. It is a session's own turn
 * while it waits for its driver (items, work, bodies, judgements); bytes that
 * come too early wait, in bounded room, for their turn. So the same bytes give
 * the same events however they are cut.
 *
 * What a record is worth is decided by the one pipeline, not here: a lying
 * peer can waste bounded time and memory and nothing else. Item values are
 * salted with both nonces, so who writes records cannot aim at them.
 *
 *   session = sync_new(...)
 *   loop:  sync_recv() what the stream has
 *          while sync_next(): serve the event
 *          write what sync_send() shows, sync_sent() what was taken
 *   SYNC_DONE or SYNC_FAILED (write what is left, close or reset) -> sync_free
 */
#pragma once

#include "proto/base/mem.h"
#include "proto/record/record.h"
#include "proto/record/scope.h"

#define SYNC_PROTOCOL    "/ohcn/sync/1"
#define SYNC_NO_CRAWL    "/ohcn/no-crawl/1" /* in identify: no crawlers here */
#define SYNC_ID          16                 /* leading bytes of a record id */
#define SYNC_NONCE       8 /* of each side, fresh for every session */
#define SYNC_SECRET      16
#define SYNC_TAG         4     /* names a store: random, made with the store */
#define SYNC_MESSAGE_MAX 65536 /* bytes, without the length in front */
#define SYNC_FRESH_MAX   1024  /* arrivals that a cursor is worth */

struct sync;

/*
 * What the set consists of: a live record of the scope, not hidden, that does
 * not expire within ten minutes. Ordered by (hour, id as bytes); no two equal.
 */
struct sync_item {
	uint32_t hour; /* hour(seq); 0 for a revocation: they come first */
	uint8_t id[SYNC_ID];
};

/* Up to which arrival in the store ${tag} one knows everything. */
struct sync_cursor {
	bool known; /* false: the rest means nothing */
	uint8_t tag[SYNC_TAG];
	uint64_t rid;
};

/* Why a peer will not, or will no longer, talk: the message CLOSE. */
enum sync_close {
	SYNC_CLOSE_NONE = 0,
	SYNC_CLOSE_BUSY = 1,    /* enough sessions, or too soon: try later */
	SYNC_CLOSE_CRAWLER = 2, /* no crawlers here */
	SYNC_CLOSE_NET = 3,     /* another network */
	SYNC_CLOSE_SCOPE = 4,   /* scopes that cannot be met */
	SYNC_CLOSE_LIMIT = 5,   /* a bound of mine was reached */
};

/* Zero means the default. What a peer reaches ends the session. */
struct sync_limits {
	unsigned turns;          /* of the peer; 16 */
	size_t judging;          /* records with the driver at once; 64 */
	uint64_t records;        /* taken in one session; 16 M */
	uint64_t overhead_bytes; /* received besides records, in addition to 24
				    for each item of mine and 16 for each of
				    the peer's; 1 MiB */
	uint64_t peer_items; /* that are believed for the line above; 16 M */
	size_t symbols;      /* coded symbols of one side; 2^18 */
	size_t wants;        /* records asked for in one session; 2^18:
				    what is over it comes next time */
	uint64_t idle_ms;    /* without progress of the peer; 60 s */
	uint64_t whole_ms;   /* from the first byte; 2 h */
};

struct sync_config {
	bool dialer;
	struct slice net; /* copied */
	struct scope scope;
	uint8_t nonce[SYNC_NONCE]; /* fresh random bytes */
	/* Random, never sent: keeps tables safe from ids that a liar chose. */
	uint8_t secret[SYNC_SECRET];
	uint8_t tag[SYNC_TAG];     /* of our store */
	struct sync_cursor cursor; /* how far we know the peer's store */
	bool crawler;              /* we are one, and say so */
	bool light;                /* we are a light node, and say so */
	/* We take and give nothing: no record of ours is sent or asked for. */
	bool take_only;
	/* Listener: answer whoever comes with CLOSE; NONE: talk. */
	enum sync_close decline;
	bool no_crawlers; /* listener: decline those who say they are one */
	struct sync_limits limits;
};

enum sync_event_type {
	/*
	 * Collect the items of event.scope, on a worker as it takes long, and
	 * call sync_items(). event.since says which arrivals count as fresh.
	 */
	SYNC_NEED_ITEMS,
	/*
	 * Call sync_work() on any thread; until it returns nobody may touch
	 * the session. Then go on with sync_next(). Below 100 ms per million
	 * items at the start, up to 400 when coded symbols are computed.
	 */
	SYNC_WORK,
	/*
	 * A record came: event.bytes, valid until the next call. Judge it, any
	 * way and as late as you like, and call sync_judged() for each.
	 */
	SYNC_RECORD,
	/* The peer lacks event.item: call sync_body() before sync_next(). */
	SYNC_BODY,
	/*
	 * The peer will not hold event.item as long as it lives (its scope, a
	 * floor): leave it out of the items for this peer, in a bounded table.
	 */
	SYNC_REFUSED,
	/*
	 * It is over and went well: event.cursor is how far we know the peer's
	 * store now, event.partial that something was left for the next time
	 * (do not keep the cursor then). Nothing more comes.
	 */
	SYNC_DONE,
	/*
	 * It is over: event.why; if the peer said CLOSE, event.close. Records
	 * that came are yours all the same. Nothing more comes.
	 */
	SYNC_FAILED,
};

enum sync_why {
	SYNC_FINE,
	SYNC_CLOSED,         /* the peer said CLOSE: event.close */
	SYNC_DECLINED,       /* we did: event.close */
	SYNC_BAD_MESSAGE,    /* not a message of this protocol */
	SYNC_BAD_TURN,       /* a message out of place, or out of turn */
	SYNC_BAD_RECORD,     /* the pipeline rejected one */
	SYNC_BAD_CODED,      /* symbols that name what we do not have */
	SYNC_TOO_MANY_TURNS, /* limits.turns */
	SYNC_TOO_MUCH,       /* limits.overhead_bytes, records, symbols */
	SYNC_NO_MEMORY,      /* struct mem is spent */
	SYNC_IDLE,           /* limits.idle_ms */
	SYNC_TOO_LONG,       /* limits.whole_ms */
};

struct sync_event {
	enum sync_event_type type;
	const struct scope *scope; /* NEED_ITEMS: the session's own */
	struct sync_cursor since;  /* NEED_ITEMS: fresh: rid > since.rid; not
				      known: nothing is fresh */
	struct slice bytes;        /* RECORD */
	struct sync_item item;     /* BODY, REFUSED */
	struct sync_cursor cursor; /* DONE */
	bool partial;              /* DONE */
	enum sync_why why;         /* FAILED */
	enum sync_close close;     /* FAILED: CLOSED, DECLINED */
};

/**
 * sync_new(mem, config, now_ms): a session; the dialer has its first message
 * to send at once. ${now_ms} here and below is a monotonic clock. NULL: no
 * memory. It takes 8.2 bytes per item and up to 800 kB for buffers and ranges;
 * then what the difference needs: 8 to 24 bytes for each record to be asked
 * for (what there is no room for is left for the next session: partial), 36
 * for each coded symbol (without room: lists instead).
 */
struct sync *sync_new(
    struct mem *mem, const struct sync_config *config, uint64_t now_ms);
void sync_free(struct sync *s); /* NULL is fine */

/**
 * sync_recv(s, in, now_ms): take bytes of the stream, as many as there is
 * room for: the rest when sync_next() has no event any more. Returns how many
 * were taken. After the end all are taken and ignored.
 */
NODISCARD size_t sync_recv(struct sync *s, struct slice in, uint64_t now_ms);

/**
 * sync_next(s, ev): the next event; false: nothing to do before more bytes
 * come, some are sent, a record is judged or the time is up.
 */
NODISCARD bool sync_next(struct sync *s, struct sync_event *ev);

/** sync_send(s): bytes for the stream, valid until the next call; empty: none
 * now. sync_sent(): that so many of them were taken: sync_next() may have
 * something to do then. */
struct slice sync_send(const struct sync *s);
void sync_sent(struct sync *s, size_t n, uint64_t now_ms);

/* The answer to SYNC_NEED_ITEMS; arrays are borrowed until sync_free(), and
 * may serve several sessions. */
struct sync_set {
	const struct sync_item *items;
	size_t n; /* below 2^32 - 1 */
	/* Positions in ${items} that arrived after event.since, ascending, if
	 * there are at most SYNC_FRESH_MAX; else, and without a cursor: n 0 and
	 * fresh_known false. */
	const uint32_t *fresh;
	size_t fresh_n;
	bool fresh_known;
	uint64_t head; /* the newest arrival that the items show */
};
void sync_items(struct sync *s, const struct sync_set *set);

/** sync_work(s): what SYNC_WORK asked for; allocates nothing. */
void sync_work(struct sync *s);

/** sync_body(s, bytes): the record that SYNC_BODY asked for; empty: it is
 * gone meanwhile, and not sent. */
void sync_body(struct sync *s, struct slice bytes);

/* What became of a record that came. */
enum sync_verdict {
	SYNC_KEPT,   /* stored, or we have it */
	SYNC_REFUSE, /* never, as long as it lives: the peer is told */
	SYNC_BEATEN, /* ${winner} (a record, a tombstone, a revocation) wins: it
			is sent back, whatever the scope */
	SYNC_LATER,  /* could not be taken now: the session is partial */
	SYNC_REJECT, /* the peer is at fault: the session fails */
};

/**
 * sync_judged(s, verdict, id, winner): one record of SYNC_RECORD is judged, in
 * any order. ${id}: its leading SYNC_ID bytes, for REFUSE, else NULL.
 * ${winner}: for BEATEN, else NULL; SYNC_BODY will ask for it.
 */
void sync_judged(struct sync *s, enum sync_verdict verdict, const uint8_t *id,
    const struct sync_item *winner);

/** sync_expiry(s): when to call sync_on_time() at the latest; UINT64_MAX:
 * the session is over. sync_on_time() may end it with IDLE or TOO_LONG. */
uint64_t sync_expiry(const struct sync *s);
void sync_on_time(struct sync *s, uint64_t now_ms);

/** sync_abort(s, close): end it from our side: tells the peer if it is our
 * turn and nothing is half sent; SYNC_FAILED (DECLINED) follows. */
void sync_abort(struct sync *s, enum sync_close close);

struct sync_figures {
	unsigned turns_in, turns_out; /* complete ones */
	uint64_t bytes_in, bytes_out; /* all */
	/* Of these the bytes of records themselves. */
	uint64_t record_bytes_in, record_bytes_out;
	uint64_t records_in, records_out;
	uint64_t kept, refused, beaten, later; /* by us, of records_in */
	uint64_t refused_by_peer;
	uint64_t wanted;     /* that we asked for */
	uint64_t items;      /* of ours in the common scope */
	uint64_t peer_items; /* as it says */
	uint64_t symbols;    /* coded, in and out */
	bool equal;          /* the sets were equal at the start */
	bool peer_crawler, peer_light, peer_take_only;
};
struct sync_figures sync_figures(const struct sync *s);

/** sync_why_name(w): "bad_turn"; sync_close_name(c): "busy". */
const char *sync_why_name(enum sync_why w);
const char *sync_close_name(enum sync_close c);
