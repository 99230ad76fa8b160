#include "proto/libp2p/websocket.h"

#include "crypto/crypto.h"

/* Opcodes, RFC 6455, 5.2. */
#define OP_CONTINUE 0
#define OP_TEXT     1
#define OP_BINARY   2
#define OP_CLOSE    8
#define OP_PING     9
#define OP_PONG     10

#define FIN    0x80
#define RSV    0x70
#define MASKED 0x80

/* Status codes, 7.4.1. */
#define CODE_NORMAL   1000
#define CODE_PROTOCOL 1002
#define CODE_TYPE     1003
#define CODE_TOO_BIG  1009

void
websocket_init(struct websocket *w, bool client)
{
	*w = (struct websocket){ .client = client, .why = "", .head_need = 2 };
}

/* XOR with the mask, from its byte ${at} on; the next byte of the mask. */
static uint8_t
mask_bytes(uint8_t *p, size_t n, const uint8_t mask[4], uint8_t at)
{
	uint8_t turned[8];
	uint64_t wide;
	size_t i = 0;

	for (size_t k = 0; k < sizeof(turned); k++)
		turned[k] = mask[(at + k) % 4];
	memcpy(&wide, turned, sizeof(wide));
	for (; n - i >= sizeof(wide); i += sizeof(wide)) {
		uint64_t v;
		memcpy(&v, p + i, sizeof(v));
		v ^= wide;
		memcpy(p + i, &v, sizeof(v));
	}
	for (; i < n; i++)
		p[i] ^= turned[i % 4];
	return (uint8_t)((at + n) % 4);
}

/* ---- sending ---- */

size_t
websocket_wrap(struct websocket *w, uint8_t head[WEBSOCKET_HEAD_MAX],
    uint8_t *payload, size_t n, const uint8_t mask[4])
{
	const uint8_t masked = w->client ? MASKED : 0;
	size_t head_n = 2;

	ASSERT(n > 0 && n <= WEBSOCKET_FRAME_MAX);
	head[0] = FIN | OP_BINARY;
	if (n < 126) {
		head[1] = (uint8_t)(masked | n);
	} else if (n <= UINT16_MAX) {
		head[1] = (uint8_t)(masked | 126);
		put_u16be(head + 2, (uint16_t)n);
		head_n += 2;
	} else {
		head[1] = (uint8_t)(masked | 127);
		put_u64be(head + 2, n);
		head_n += 8;
	}
	if (w->client) {
		memcpy(head + head_n, mask, 4);
		head_n += 4;
		(void)mask_bytes(payload, n, mask, 0);
	}
	return head_n;
}

static void
reply(struct websocket *w, uint8_t opcode, const uint8_t *p, size_t n)
{
	/* A newer ping replaces an older one; a close replaces anything, and
	 * nothing replaces it. */
	if (w->closing)
		return;
	w->closing = opcode == OP_CLOSE;
	w->reply_opcode = opcode;
	w->reply_n = (uint8_t)n;
	if (n > 0)
		memcpy(w->reply, p, n);
}

void
websocket_close(struct websocket *w, uint16_t code)
{
	uint8_t raw[2];

	put_u16be(raw, code);
	reply(w, OP_CLOSE, raw, sizeof(raw));
}

void
websocket_reply_send(
    struct websocket *w, struct buf *out, const uint8_t mask[4])
{
	uint8_t *at = out->p + out->n;

	if (w->reply_opcode == 0 ||
	    buf_room(out) < 2 + 4 + WEBSOCKET_CONTROL_MAX)
		return;
	*at++ = (uint8_t)(FIN | w->reply_opcode);
	*at++ = (uint8_t)((w->client ? MASKED : 0) | w->reply_n);
	if (w->client) {
		memcpy(at, mask, 4);
		at += 4;
		(void)mask_bytes(w->reply, w->reply_n, mask, 0);
	}
	memcpy(at, w->reply, w->reply_n);
	out->n = (size_t)(at - out->p) + w->reply_n;
	w->reply_opcode = 0;
}

/* ---- receiving ---- */

static err
fail(struct websocket *w, err e, uint16_t code, const char *why)
{
	w->failed = e;
	w->why = why;
	websocket_close(w, code);
	return e;
}

static bool
is_control(uint8_t opcode)
{
	return opcode >= OP_CLOSE;
}

/* The first two bytes: what kind, and how long the head is. */
static err
on_first_bytes(struct websocket *w)
{
	const uint8_t opcode = w->head[0] & 0x0f, n = w->head[1] & 0x7f;
	const bool fin = (w->head[0] & FIN) != 0;

	if ((w->head[0] & RSV) != 0)
		return fail(w, ERR_PEER, CODE_PROTOCOL,
		    "websocket: an extension that was not agreed on");
	if (((w->head[1] & MASKED) != 0) == w->client)
		return fail(w, ERR_PEER, CODE_PROTOCOL,
		    w->client ? "websocket: a masked frame of a server"
			      : "websocket: an unmasked frame of a client");
	switch (opcode) {
	case OP_CONTINUE:
	case OP_BINARY:
		if ((opcode == OP_CONTINUE) != w->in_message)
			return fail(w, ERR_PEER, CODE_PROTOCOL,
			    "websocket: fragments out of order");
		w->in_message = !fin;
		break;
	case OP_TEXT:
		return fail(
		    w, ERR_PEER, CODE_TYPE, "websocket: text where bytes go");
	case OP_CLOSE:
	case OP_PING:
	case OP_PONG:
		if (!fin || n > WEBSOCKET_CONTROL_MAX)
			return fail(w, ERR_PEER, CODE_PROTOCOL,
			    "websocket: a control frame that is too long");
		break;
	default:
		return fail(w, ERR_PEER, CODE_PROTOCOL,
		    "websocket: an unknown kind of frame");
	}
	w->opcode = opcode;
	w->head_need = (uint8_t)(2 +
				 (n == 126      ? 2
				     : n == 127 ? 8
						: 0) +
				 (w->client ? 0 : 4));
	return OK;
}

/* The head is whole. */
static err
on_head(struct websocket *w)
{
	const uint8_t n = w->head[1] & 0x7f;
	uint64_t left = n;

	if (n == 126)
		left = get_u16be(w->head + 2);
	else if (n == 127)
		left = get_u64be(w->head + 2);
	if ((n == 126 && left < 126) || (n == 127 && left <= UINT16_MAX))
		return fail(w, ERR_PEER, CODE_PROTOCOL,
		    "websocket: a length that is not in its shortest form");
	if (left > WEBSOCKET_FRAME_MAX)
		return fail(w, ERR_LIMIT, CODE_TOO_BIG,
		    "websocket: a frame over our limit");
	w->left = left;
	w->mask_at = 0;
	w->control_n = 0;
	if (!w->client)
		memcpy(w->mask, w->head + w->head_need - 4, 4);
	return OK;
}

static err
on_control(struct websocket *w)
{
	switch (w->opcode) {
	case OP_PING:
		reply(w, OP_PONG, w->control, w->control_n);
		return OK;
	case OP_CLOSE:
		if (w->control_n == 1)
			return fail(w, ERR_PEER, CODE_PROTOCOL,
			    "websocket: half a status code");
		return fail(w, ERR_CLOSED,
		    w->control_n >= 2 ? get_u16be(w->control) : CODE_NORMAL,
		    "websocket: closed by the peer");
	default:
		return OK; /* a pong that nobody asked for is fine */
	}
}

/* The payload of the current frame has some bytes in in[0..n). */
static size_t
take_payload(struct websocket *w, uint8_t *in, size_t n, struct slice *payload)
{
	n = (size_t)MIN((uint64_t)n, w->left);
	if (!w->client)
		w->mask_at = mask_bytes(in, n, w->mask, w->mask_at);
	w->left -= n;
	if (is_control(w->opcode)) {
		memcpy(w->control + w->control_n, in, n);
		w->control_n = (uint8_t)(w->control_n + n);
	} else {
		*payload = slice_of(in, n);
	}
	return n;
}

err
websocket_recv(struct websocket *w, uint8_t *in, size_t n, size_t *used,
    struct slice *payload)
{
	*used = 0;
	*payload = (struct slice){ NULL, 0 };
	while (w->failed == OK && payload->n == 0) {
		if (w->head_n < w->head_need) {
			if (*used == n)
				return OK;
			w->head[w->head_n++] = in[(*used)++];
			if (w->head_n == 2)
				TRY(on_first_bytes(w));
			if (w->head_n == w->head_need)
				TRY(on_head(w));
		} else if (w->left > 0) {
			if (*used == n)
				return OK;
			*used +=
			    take_payload(w, in + *used, n - *used, payload);
		}
		if (w->head_n == w->head_need && w->left == 0) {
			w->head_n = 0;
			w->head_need = 2;
			if (is_control(w->opcode))
				TRY(on_control(w));
		}
	}
	return w->failed;
}
