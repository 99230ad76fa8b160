/*
 * yamux.h: many streams over one ordered byte stream, with flow control per
 * stream. It knows nothing of what the streams carry; conn.h negotiates that.
 *
 * Invariants: a peer that exceeds a window ends the session; what a stream
 * holds unread is at most its window; a slow reader stops its own stream
 * alone; replies to a peer that does not read are capped, and beyond the cap
 * the session ends. Data frames are at most YAMUX_FRAME_MAX bytes and streams
 * take turns.
 *
 * Spec: github.com/hashicorp/yamux spec.md; github.com/libp2p/specs, yamux.
 */
#pragma once

#include "proto/base/mem.h"
#include "proto/libp2p/list.h"

#define YAMUX_HEAD        12
#define YAMUX_WINDOW      262144 /* of both directions at the start */
#define YAMUX_FRAME_MAX   16384  /* payload of a data frame that we send */
#define YAMUX_UNACKED_MAX 256    /* streams of ours the peer has not acked */
#define YAMUX_CONTROL_MAX 4092   /* bytes of unsent session frames: 341 */
#define YAMUX_BUCKETS     16

#define YAMUX_CHURN_BURST 2000
#define YAMUX_CHURN_PER_S 200

enum yamux_type {
	YAMUX_DATA = 0,
	YAMUX_WINDOW_UPDATE = 1,
	YAMUX_PING = 2,
	YAMUX_GOAWAY = 3,
};

enum yamux_flag {
	YAMUX_SYN = 1,
	YAMUX_ACK = 2,
	YAMUX_FIN = 4,
	YAMUX_RST = 8,
};

/* Codes of a GoAway. */
enum yamux_code {
	YAMUX_NORMAL = 0,
	YAMUX_PROTOCOL_ERROR = 1,
	YAMUX_INTERNAL_ERROR = 2,
};

struct yamux_frame {
	enum yamux_type type;
	uint16_t flags; /* enum yamux_flag; others are kept and ignored */
	uint32_t stream;
	uint32_t length; /* bytes, credit, opaque or code, as the type says */
};

/**
 * yamux_frame_get(in, out): the 12-byte header at the front. ERR_MORE: fewer
 * bytes; ERR_PEER: unknown version or type.
 */
NODISCARD err yamux_frame_get(struct slice in, struct yamux_frame *out);
void yamux_frame_put(uint8_t out[YAMUX_HEAD], const struct yamux_frame *f);

/* One stream. The owner reads the first group; the rest is yamux.c's. */
struct yamux_stream {
	uint32_t id;
	void *user;      /* the owner's */
	struct queue rx; /* received and unread */
	struct queue tx; /* written and unsent */
	bool rx_ended;   /* the peer has closed its direction */

	uint8_t events; /* bits: 1 << enum yamux_event_type */
	bool want_room; /* a write was cut short */
	bool closing;   /* FIN follows what is in tx */
	bool fin_sent;
	bool dead; /* reset; only CLOSED is left to say */
	bool need_syn, need_ack;
	bool unacked;       /* ours, and the peer did not answer yet */
	uint32_t rx_credit; /* bytes that the peer may still send */
	uint32_t tx_credit; /* bytes that we may still send */
	uint32_t consumed;  /* read since the last window update */
	uint32_t grant;     /* credit to give with the next update */
	struct yamux_stream *bucket_next;
	struct link event, control, data;
};

enum yamux_event_type {
	YAMUX_OPENED,   /* by the peer */
	YAMUX_READABLE, /* rx has grown */
	YAMUX_WRITABLE, /* after a short write: tx is at most half full */
	YAMUX_END,      /* the peer has closed; read the rest */
	YAMUX_CLOSED,   /* reset, or closed both ways and all read */
};

struct yamux_event {
	enum yamux_event_type type;
	struct yamux_stream *stream;
};

struct yamux_config {
	struct mem *mem;
	bool dialer;
	uint32_t streams_max; /* both directions; 1/8 is kept for our own */
	uint32_t window;      /* receive window, >= YAMUX_WINDOW */
	size_t tx_max;        /* unsent bytes per stream */
	uint32_t events_max;  /* streams with events before recv stops */
};

struct yamux {
	struct yamux_config cf;
	err failed;
	const char *why; /* static text; "" while nothing is wrong */
	struct yamux_stream *buckets[YAMUX_BUCKETS];
	uint32_t streams_n;
	uint32_t inbound_n;
	uint32_t unacked_n;
	uint32_t next_id;
	uint8_t head[YAMUX_HEAD];
	uint8_t head_n;
	struct yamux_frame frame; /* being received */
	uint32_t body_left;
	bool body_drained; /* nobody wants this body */
	struct queue control;
	struct link events, controls, datas;
	uint32_t events_n;
	bool goaway_wanted, goaway_sent, goaway_seen;
	/* Frames that make work and move nothing; see churn() */
	uint64_t now_ms, churn_ms;
	uint32_t churn;
	bool ping_out;
	uint32_t ping_id;
	uint64_t ping_ms;
	uint32_t rtt_ms; /* of the last ping; UINT32_MAX: unknown */
};

void yamux_init(struct yamux *y, const struct yamux_config *cf);

/** yamux_fini(y): frees all streams; the owner has dropped their users. */
void yamux_fini(struct yamux *y);

/**
 * yamux_recv(y, now_ms, in):
 * Take bytes. Stops early only when events_max streams have events. Errors
 * are final, a GoAway is queued: ERR_PEER protocol broken; ERR_LIMIT it does
 * not read our replies, or floods with pings, resets, streams over the limit
 * and empty frames (YAMUX_CHURN_BURST, YAMUX_CHURN_PER_S); ERR_CLOSED it sent
 * a GoAway.
 */
NODISCARD err yamux_recv(struct yamux *y, uint64_t now_ms, struct slice *in);

/** yamux_send(y, out): append frames as fit; control before data. */
void yamux_send(struct yamux *y, struct buf *out);
bool yamux_pending(const struct yamux *y);

/** yamux_next(y, ev): take the oldest event. */
bool yamux_next(struct yamux *y, struct yamux_event *ev);

/** yamux_find(y, id): a stream that is alive, or NULL. */
struct yamux_stream *yamux_find(const struct yamux *y, uint32_t id);

/**
 * yamux_open(y, out): ERR_LIMIT: too many streams, or over budget;
 * ERR_CLOSED: a GoAway was sent or received, or ids are used up.
 */
NODISCARD err yamux_open(struct yamux *y, struct yamux_stream **out);

/**
 * yamux_write(y, s, in, taken): queue what fits. ERR_CLOSED: we closed it,
 * or it is dead; ERR_LIMIT: the budget has no room for a single byte.
 */
NODISCARD err yamux_write(
    struct yamux *y, struct yamux_stream *s, struct slice in, size_t *taken);

/** yamux_flush(y, s): the owner put bytes into s->tx by itself. */
void yamux_flush(struct yamux *y, struct yamux_stream *s);

/** yamux_consume(y, s, n): the first ${n} bytes of s->rx were read. */
void yamux_consume(struct yamux *y, struct yamux_stream *s, size_t n);

/** yamux_close(y, s): half-close after what is queued. */
void yamux_close(struct yamux *y, struct yamux_stream *s);

/** yamux_drop(y, s): free the stream, with an RST unless it was over. */
void yamux_drop(struct yamux *y, struct yamux_stream *s);

/** yamux_ping(y, now_ms): ask for an answer; y->ping_out until it comes. */
void yamux_ping(struct yamux *y, uint64_t now_ms);

/** yamux_goaway(y): say goodbye after what can be sent now. */
void yamux_goaway(struct yamux *y);
