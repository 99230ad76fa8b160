/*
 * websocket.h: a byte stream within WebSocket, both roles: the HTTP/1.1
 * upgrade, then binary messages, whose bounds mean nothing to libp2p. It is
 * here so that a browser can be a peer.
 *
 * Own code instead of libwslay: that allocates by malloc beside our budgets,
 * collects messages where we want bytes as they come, and copies each byte
 * twice through a buffer of 4 KiB; and it leaves the upgrade to its user.
 * Here nothing is allocated or collected: payload is unmasked in place, in the
 * buffer that the socket was read into.
 *
 * Not here: TLS (a proxy in front does /tls/ws), extensions, subprotocols.
 * Spec: RFC 6455; github.com/libp2p/specs, websockets.
 */
#pragma once

#include "proto/base/base.h"

#define WEBSOCKET_HEAD_MAX    14        /* bytes before a frame's payload */
#define WEBSOCKET_CONTROL_MAX 125       /* payload of ping, pong, close */
#define WEBSOCKET_FRAME_MAX   (1 << 24) /* payload of a frame we accept */
#define WEBSOCKET_KEY         24        /* of the upgrade, in base64 */
#define WEBSOCKET_LINE_MAX    384       /* of a header line we look at */
#define WEBSOCKET_UPGRADE_MAX 8192      /* bytes of a whole upgrade */
#define WEBSOCKET_OUT_MAX     640       /* what we say in an upgrade */

/* Until the upgrade is done. */
struct websocket_upgrade {
	bool client;
	bool done;
	err failed;
	const char *why; /* what was wrong; static text */
	char key[WEBSOCKET_KEY + 1];
	unsigned seen;  /* bits of the headers that were good */
	unsigned lines; /* complete so far */
	size_t total;   /* bytes so far */
	char line[WEBSOCKET_LINE_MAX];
	size_t line_n; /* may exceed LINE_MAX: the rest was not kept */
	uint8_t out[WEBSOCKET_OUT_MAX];
	size_t out_n;
};

/**
 * websocket_connect(u, host, port, random):
 * The client's request. ${host}: a name or an address as text, put into
 * "Host:" (IPv6 in brackets by us); ${random}: 16 bytes of randomness.
 * ERR_FORM: ${host} is too long or not clean.
 */
NODISCARD err websocket_connect(struct websocket_upgrade *u, const char *host,
    uint16_t port, const uint8_t random[16]);

/** websocket_accept(u): the server's side, waits for a request. */
void websocket_accept(struct websocket_upgrade *u);

/**
 * websocket_upgrade_recv(u, in):
 * Take the request or the answer to it; what follows is frames and stays in
 * ${in}. OK: both sides speak WebSocket; ERR_MORE; ERR_PEER: not an upgrade
 * that we can take (a server then has an HTTP error to send, before it
 * closes); ERR_LIMIT: over WEBSOCKET_UPGRADE_MAX. Errors are final.
 */
NODISCARD err websocket_upgrade_recv(
    struct websocket_upgrade *u, struct slice *in);

/** websocket_upgrade_send(u, out): append what waits, as fits. */
void websocket_upgrade_send(struct websocket_upgrade *u, struct buf *out);

/* After the upgrade. */
struct websocket {
	bool client;
	bool closing; /* a Close was sent, or waits */
	err failed;
	const char *why; /* what was wrong; static text */
	/* The frame that is being received. */
	uint8_t head[WEBSOCKET_HEAD_MAX];
	uint8_t head_n, head_need;
	uint8_t opcode;
	bool in_message; /* a continuation frame may come */
	uint64_t left;   /* payload bytes still to come */
	uint8_t mask[4];
	uint8_t mask_at;
	uint8_t control[WEBSOCKET_CONTROL_MAX];
	uint8_t control_n;
	/* One control frame that waits to be sent: a pong or a close. */
	uint8_t reply_opcode; /* 0: none */
	uint8_t reply_n;
	uint8_t reply[WEBSOCKET_CONTROL_MAX];
};

void websocket_init(struct websocket *w, bool client);

/**
 * websocket_recv(w, in, n, used, payload):
 * Look at in[0..n): ${used} bytes of it are done, and ${payload} is the next
 * piece of the stream, unmasked in place within ${in}; empty when there was
 * none. Call again with the rest until ${n} is used up. A pong to send may
 * wait then. ERR_CLOSED: the peer said Close, and ours waits to be sent;
 * ERR_PEER: against RFC 6455, or text; ERR_LIMIT: a frame too big. Errors are
 * final; send what waits and close.
 */
NODISCARD err websocket_recv(struct websocket *w, uint8_t *in, size_t n,
    size_t *used, struct slice *payload);

/**
 * websocket_wrap(w, head, payload, n, mask):
 * Make ${payload} one binary frame: writes its head to ${head} and, as
 * client, masks the payload in place by 4 random bytes. Returns the length of
 * the head, to be sent right before the payload. 0 < n <= FRAME_MAX.
 */
size_t websocket_wrap(struct websocket *w, uint8_t head[WEBSOCKET_HEAD_MAX],
    uint8_t *payload, size_t n, const uint8_t mask[4]);

/** websocket_reply_pending(w): is there a pong or a close to send? */
static inline bool
websocket_reply_pending(const struct websocket *w)
{
	return w->reply_opcode != 0;
}

/**
 * websocket_reply_send(w, out, mask): append the control frame that waits;
 * it goes between two frames of data. Not when ${out} lacks room: 131 bytes.
 */
void websocket_reply_send(
    struct websocket *w, struct buf *out, const uint8_t mask[4]);

/** websocket_close(w, code): a Close frame waits to be sent. */
void websocket_close(struct websocket *w, uint16_t code);
