/*
 * conn.h: one libp2p connection over a byte stream, as a state machine:
 * [PSK], multistream-select, Noise XX, multistream-select again, Yamux, and
 * multistream-select on every stream. Bytes and time go in, bytes and events
 * come out; it knows no socket. What runs on the streams is not its concern:
 * see identify.h, ping.h, gossipsub.h, and host.h that joins them.
 *
 * Invariants: no call re-enters another; events are polled; every byte that
 * a peer can make us keep counts against the conn's memory budget; a stream
 * whose reader is slow gets no more window (back-pressure), and never blocks
 * the other streams.
 *
 * Spec: github.com/libp2p/specs: connections, noise, yamux; multistream 1.0.
 */
#pragma once

#include "proto/base/env.h"
#include "proto/base/mem.h"
#include "proto/libp2p/peer_id.h"

struct conn;

/* What one connection may use and how long it may take. */
struct conn_limits {
	size_t memory_bytes;         /* all buffers of this connection */
	uint32_t streams_max;        /* open at once; 1/8 is for our own */
	uint32_t stream_window;      /* receive window per stream, >= 262144 */
	size_t stream_queue_bytes;   /* unsent bytes per stream */
	uint32_t events_max;         /* events that wait to be polled */
	uint32_t handshake_ms;       /* until CONN_SECURED, else closed */
	uint32_t negotiate_ms;       /* per stream, until its protocol is set */
	uint32_t keepalive_ms;       /* silence before a Yamux ping */
	uint32_t keepalive_reply_ms; /* without an answer: closed */
};

/** conn_limits_default(): 4 MiB, 256 streams, 256 KiB windows, 10 s, 30 s. */
struct conn_limits conn_limits_default(void);

/* Shared by all connections of a host; must outlive them. */
struct noise_static;

struct conn_config {
	const struct env *env;
	const uint8_t *secret; /* Ed25519 node key, ED25519_SECRET bytes */
	/* Of the same node key, borrowed; NULL: a new one per connection. */
	const struct noise_static *noise;
	const uint8_t *psk; /* of a private network, PSK_SIZE; NULL: none */
	struct conn_limits limits;
	/* Protocols that we answer on streams which the peer opens. */
	const char *const *protocols;
	size_t protocols_n;
};

enum conn_event_type {
	CONN_SECURED,        /* ${peer} is authenticated and streams may open */
	CONN_STREAM_OPENED,  /* by the peer, for ${protocol} of the config */
	CONN_STREAM_READY,   /* ours: the peer agreed on the protocol */
	CONN_STREAM_REFUSED, /* ours: it does not speak it; the id is gone */
	CONN_STREAM_DATA,    /* there are bytes to read */
	CONN_STREAM_WRITABLE, /* after a short write: there is room again */
	CONN_STREAM_END,      /* the peer will send no more; read the rest */
	CONN_STREAM_CLOSED,   /* reset, or closed both ways; the id is gone */
};

struct conn_event {
	enum conn_event_type type;
	uint32_t stream;
	size_t protocol;     /* OPENED: index into conn_config.protocols */
	struct peer_id peer; /* SECURED */
};

/**
 * conn_new(cf, mem, dialer, expect, now_ms):
 * A connection whose buffers come from ${mem} (and count there), at most
 * limits.memory_bytes. ${expect}: the peer id that was dialled, copied, or
 * NULL for any. NULL: over budget. Free with conn_free().
 */
struct conn *conn_new(const struct conn_config *cf, struct mem *mem,
    bool dialer, const struct peer_id *expect, uint64_t now_ms);
void conn_free(struct conn *c);

/**
 * conn_recv(c, now_ms, in):
 * Feed bytes from the socket; ${in} is advanced over what was taken. It
 * stops early only while events wait: poll conn_next() until it is empty and
 * call again. OK; any error: send what conn_send() still has and close the
 * socket; conn_why() says why. ERR_PEER protocol broken; ERR_AUTH identity;
 * ERR_LIMIT a bound of ours; ERR_CLOSED the peer said goodbye.
 */
NODISCARD err conn_recv(struct conn *c, uint64_t now_ms, struct slice *in);

/**
 * conn_send(c, now_ms, out):
 * Append bytes for the socket, as fit in ${out}. With less than 128 bytes of
 * room it may append nothing; 16 KiB and more make good frames. ERR_LIMIT:
 * close the connection.
 */
NODISCARD err conn_send(struct conn *c, uint64_t now_ms, struct buf *out);

/** conn_pending(c): would conn_send() append anything? */
bool conn_pending(const struct conn *c);

/** conn_next(c, ev): take the oldest event; false when there is none. */
bool conn_next(struct conn *c, struct conn_event *ev);

/** conn_expiry(c): when to call conn_on_time(); UINT64_MAX: never. */
uint64_t conn_expiry(const struct conn *c);

/**
 * conn_on_time(c, now_ms): time-outs (ERR_LIMIT) and keep-alive pings; other
 * errors as conn_recv(). A stream that is not negotiated in time is reset.
 */
NODISCARD err conn_on_time(struct conn *c, uint64_t now_ms);

/**
 * conn_probe(c, now_ms): ask at once whether the peer still lives; without an
 * answer conn_on_time() fails after keepalive_reply_ms.
 */
void conn_probe(struct conn *c, uint64_t now_ms);

/** conn_why(c): a short static text; "" while nothing is wrong. */
const char *conn_why(const struct conn *c);

/** conn_close(c, now_ms): queue a GoAway; no more streams after this. */
void conn_close(struct conn *c, uint64_t now_ms);

/** conn_peer(c): the authenticated peer; NULL before CONN_SECURED. */
const struct peer_id *conn_peer(const struct conn *c);

/** conn_rtt_ms(c): of the last keep-alive ping; UINT32_MAX: unknown. */
uint32_t conn_rtt_ms(const struct conn *c);

/**
 * conn_stream_faults(c): streams so far on which the peer did not speak
 * multistream, or named no protocol in time. They cost it the stream alone.
 */
uint32_t conn_stream_faults(const struct conn *c);

/** conn_memory(c): bytes of the budget in use. */
size_t conn_memory(const struct conn *c);

/**
 * conn_stream_open(c, protocol, now_ms, stream):
 * Open a stream for ${protocol} (borrowed, must outlive the conn: a string
 * constant). Writing may start at once; the bytes follow the negotiation.
 * ERR_LIMIT: too many streams; ERR_CLOSED: going away or not yet secured.
 */
NODISCARD err conn_stream_open(
    struct conn *c, const char *protocol, uint64_t now_ms, uint32_t *stream);

/**
 * conn_stream_write(c, stream, in, taken):
 * Queue as much of ${in} as the stream's queue has room for; ${taken} says
 * how much. Short: CONN_STREAM_WRITABLE follows when there is room again.
 * ERR_NOTFOUND: no such stream; ERR_CLOSED: we closed it for writing;
 * ERR_LIMIT: the memory budget has no room at all, and no event will follow.
 */
NODISCARD err conn_stream_write(
    struct conn *c, uint32_t stream, struct slice in, size_t *taken);

/** conn_stream_room(c, stream): bytes that a write would take now. */
size_t conn_stream_room(const struct conn *c, uint32_t stream);

/** conn_stream_read(c, stream): unread bytes, until the next conn_ call. */
struct slice conn_stream_read(struct conn *c, uint32_t stream);

/**
 * conn_stream_consume(c, stream, n): done with the first ${n} bytes; gives
 * window. Does nothing when the stream is gone.
 */
void conn_stream_consume(struct conn *c, uint32_t stream, size_t n);

/** conn_stream_ended(c, stream): the peer has closed and all is read, or the
 * stream is gone. */
bool conn_stream_ended(const struct conn *c, uint32_t stream);

/** conn_stream_close(c, stream): half-close after what is queued. */
void conn_stream_close(struct conn *c, uint32_t stream);

/** conn_stream_reset(c, stream): drop both directions; no event follows. */
void conn_stream_reset(struct conn *c, uint32_t stream);
