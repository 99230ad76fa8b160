#include "proto/libp2p/conn.h"

#include "proto/libp2p/multistream.h"
#include "proto/libp2p/noise.h"
#include "proto/libp2p/psk.h"
#include "proto/libp2p/yamux.h"

#define RAW_OUT_MAX   4096 /* handshake bytes that wait for the socket */
#define PLAIN_OUT_MAX 4096 /* the same of the choice of the muxer */
#define RAW_IN_MAX    (NOISE_FRAME_HEAD + NOISE_MESSAGE_MAX + MULTISTREAM_PARTIAL)
#define PLAIN_IN_MAX  (NOISE_PLAIN_MAX + MULTISTREAM_PARTIAL)
#define PSK_PIECE     16384 /* deciphered at once */
/* A Noise frame is begun only where it can carry something. */
#define FRAME_ROOM_MIN (NOISE_FRAME_HEAD + AEAD_TAG + 2 * YAMUX_HEAD)

static const char *const noise_ids[] = { "/noise" };
static const char *const yamux_ids[] = { "/yamux/1.0.0" };

enum phase {
	PHASE_SECURITY,  /* multistream-select in the clear: /noise */
	PHASE_HANDSHAKE, /* Noise XX */
	PHASE_MUXER,     /* multistream-select within Noise: /yamux/1.0.0 */
	PHASE_OPEN,
};

/* Needed until PHASE_OPEN; freed then. */
struct handshake {
	struct noise_handshake noise;
	struct multistream select;
	bool expects;
	struct peer_id expect;
};

/* Of a connection in a private network. */
struct psk_pair {
	struct psk_stream send, recv;
	bool nonce_sent;
};

/* What conn adds to a yamux stream. */
struct stream {
	struct yamux_stream *y; /* NULL: gone, only events are left */
	uint32_t id;
	bool ours;
	bool announced; /* the application knows of it */
	bool given_up;  /* inbound: the "na" goes out, the rest is ignored */
	uint8_t events; /* bits: 1 << enum conn_event_type */
	const char *protocol; /* ours: what we propose */
	struct multistream select;
	uint64_t deadline_ms;
	struct link negotiating, event;
};

struct conn {
	const struct conn_config *cf;
	struct mem *parent;
	struct mem mem;
	bool dialer;
	bool closing;
	enum phase phase;
	err failed;
	const char *why;
	struct handshake *hs;
	uint64_t deadline_ms; /* of the handshake */
	uint64_t now_ms;      /* as last told */
	uint64_t heard_ms;    /* when bytes last came */
	bool peer_known;
	bool say_secured;
	uint32_t stream_faults;
	bool unreported; /* failed in a call that returns no error */
	struct peer_id peer;
	struct psk_pair *psk; /* NULL: none */
	struct noise_cipher send, recv;
	struct queue raw_in, raw_out, plain_in, plain_out;
	struct yamux yamux;
	struct link negotiating; /* streams, earliest deadline first */
	struct link events;
	uint32_t events_n;
};

struct conn_limits
conn_limits_default(void)
{
	return (struct conn_limits){
		.memory_bytes = 4 << 20,
		.streams_max = 256,
		.stream_window = YAMUX_WINDOW,
		.stream_queue_bytes = 256 << 10,
		.events_max = 256,
		.handshake_ms = 10000,
		.negotiate_ms = 10000,
		.keepalive_ms = 30000,
		.keepalive_reply_ms = 10000,
	};
}

static void
handshake_free(struct conn *c)
{
	if (c->hs == NULL)
		return;
	noise_handshake_wipe(&c->hs->noise);
	mem_free(&c->mem, c->hs, sizeof(*c->hs));
	c->hs = NULL;
}

static err
fail(struct conn *c, err e, const char *why)
{
	if (c->failed == OK) {
		c->failed = e;
		c->why = why;
		handshake_free(c);
		queue_fini(&c->raw_in);
		queue_fini(&c->plain_in);
	}
	return c->failed;
}

/* ---- handshake ---- */

static err
noise_message_send(struct conn *c)
{
	uint8_t payload[NOISE_PAYLOAD_MAX];
	uint8_t
	    frame[NOISE_FRAME_HEAD + NOISE_PAYLOAD_MAX + NOISE_SECOND_OVERHEAD];
	const struct noise_static *own = c->cf->noise;
	struct noise_handshake *n = &c->hs->noise;
	struct buf p = { payload, 0, sizeof(payload) };
	struct buf b = { frame, NOISE_FRAME_HEAD, sizeof(frame) };

	if (n->messages > 0 && own != NULL)
		TRY(buf_put(&p, own->payload, own->payload_n));
	else if (n->messages > 0)
		TRY(noise_payload_put(&p, c->cf->secret, n->s));
	TRY(noise_handshake_write(n, buf_slice(&p), &b));
	put_u16be(frame, (uint16_t)(b.n - NOISE_FRAME_HEAD));
	return queue_put(&c->raw_out, frame, b.n);
}

static void
noise_start(struct conn *c)
{
	const struct conn_config *cf = c->cf;
	const struct slice none = { NULL, 0 };
	uint8_t e[X25519_SIZE], s[X25519_SIZE];

	cf->env->random(cf->env->ctx, e, sizeof(e));
	if (cf->noise != NULL) {
		noise_handshake_init_with(
		    &c->hs->noise, c->dialer, none, cf->noise, e);
	} else {
		cf->env->random(cf->env->ctx, s, sizeof(s));
		noise_handshake_init(&c->hs->noise, c->dialer, none, s, e);
		crypto_wipe(s, sizeof(s));
	}
	crypto_wipe(e, sizeof(e));
}

static bool
psk_start(struct conn *c)
{
	uint8_t nonce[PSK_NONCE];

	if (c->cf->psk == NULL)
		return true;
	c->psk = mem_alloc(&c->mem, sizeof(*c->psk));
	if (c->psk == NULL)
		return false;
	c->cf->env->random(c->cf->env->ctx, nonce, sizeof(nonce));
	psk_begin(&c->psk->send, c->cf->psk, nonce);
	return true;
}

static void
psk_free(struct conn *c)
{
	if (c->psk == NULL)
		return;
	psk_wipe(&c->psk->send);
	psk_wipe(&c->psk->recv);
	mem_free(&c->mem, c->psk, sizeof(*c->psk));
}

struct conn *
conn_new(const struct conn_config *cf, struct mem *mem, bool dialer,
    const struct peer_id *expect, uint64_t now_ms)
{
	if (cf->limits.memory_bytes <= sizeof(struct conn))
		return NULL;
	struct conn *c = mem_alloc(mem, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->cf = cf;
	c->parent = mem;
	c->mem = mem_child(mem, cf->limits.memory_bytes - sizeof(*c));
	c->dialer = dialer;
	c->why = "";
	c->now_ms = c->heard_ms = now_ms;
	c->deadline_ms = now_ms + cf->limits.handshake_ms;
	queue_init(&c->raw_in, &c->mem, RAW_IN_MAX);
	queue_init(&c->raw_out, &c->mem, RAW_OUT_MAX);
	queue_init(&c->plain_in, &c->mem, PLAIN_IN_MAX);
	queue_init(&c->plain_out, &c->mem, PLAIN_OUT_MAX);
	link_init(&c->negotiating);
	link_init(&c->events);
	yamux_init(&c->yamux, &(struct yamux_config){
				  .mem = &c->mem,
				  .dialer = dialer,
				  .streams_max = cf->limits.streams_max,
				  .window = cf->limits.stream_window,
				  .tx_max = cf->limits.stream_queue_bytes,
				  .events_max = cf->limits.events_max,
			      });
	c->hs = mem_alloc(&c->mem, sizeof(*c->hs));
	if (c->hs == NULL || !psk_start(c))
		goto fail1;
	noise_start(c);
	if (expect != NULL) {
		c->hs->expects = true;
		c->hs->expect = *expect;
	}
	/* one candidate only, so the first Noise message goes right behind */
	if (multistream_start(
		&c->hs->select, dialer, noise_ids, 1, &c->raw_out) != OK ||
	    (dialer && noise_message_send(c) != OK))
		goto fail1;
	return c;
fail1:
	conn_free(c);
	return NULL;
}

static void
stream_free(struct conn *c, struct stream *s)
{
	if (!link_is_alone(&s->event))
		c->events_n--;
	link_drop(&s->event);
	link_drop(&s->negotiating);
	mem_free(&c->mem, s, sizeof(*s));
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < YAMUX_BUCKETS; i++)
		for (struct yamux_stream *y = c->yamux.buckets[i]; y != NULL;
		     y = y->bucket_next)
			if (y->user != NULL) {
				struct stream *s = y->user;
				s->y = NULL;
				/* those with events are freed below */
				if (link_is_alone(&s->event))
					stream_free(c, s);
			}
	while (!list_is_empty(&c->events))
		stream_free(
		    c, CONTAINER_OF(c->events.next, struct stream, event));
	yamux_fini(&c->yamux);
	handshake_free(c);
	psk_free(c);
	queue_fini(&c->raw_in);
	queue_fini(&c->raw_out);
	queue_fini(&c->plain_in);
	queue_fini(&c->plain_out);
	crypto_wipe(&c->send, sizeof(c->send));
	crypto_wipe(&c->recv, sizeof(c->recv));
	ASSERT(c->mem.used == 0);
	mem_free(c->parent, c, sizeof(*c));
}

static err
over_budget(struct conn *c)
{
	return fail(c, ERR_LIMIT, "over the memory budget");
}

static err
select_failed(struct conn *c, err e, const char *refused)
{
	if (e == ERR_NOTFOUND)
		return fail(c, ERR_PEER, refused);
	if (e == ERR_LIMIT)
		return fail(c, ERR_LIMIT, "too many protocol proposals");
	return fail(c, ERR_PEER, "not multistream-select");
}

/* Multistream-select in the clear; what is incomplete is kept in raw_in. */
static err
select_security(struct conn *c, struct slice *in)
{
	err e;

	if (c->raw_in.n == 0) {
		e = multistream_recv(&c->hs->select, in, &c->raw_out);
		if (e == ERR_MORE) {
			if (queue_put(&c->raw_in, in->p, in->n) != OK)
				return over_budget(c);
			slice_skip(in, in->n);
		}
	} else {
		const size_t n = MIN(in->n, MULTISTREAM_PARTIAL - c->raw_in.n);
		if (queue_put(&c->raw_in, in->p, n) != OK)
			return over_budget(c);
		slice_skip(in, n);
		struct slice kept = queue_peek(&c->raw_in);
		e = multistream_recv(&c->hs->select, &kept, &c->raw_out);
		queue_skip(&c->raw_in, c->raw_in.n - kept.n);
	}
	if (e == ERR_MORE)
		return OK;
	if (e != OK)
		return select_failed(c, e, "the peer does not speak /noise");
	c->phase = PHASE_HANDSHAKE;
	return OK;
}

static void
cipher_ready(struct conn *c, const struct noise_identity *who)
{
	noise_handshake_split(&c->hs->noise, &c->send, &c->recv);
	c->peer = who->peer;
	c->peer_known = true;
	c->say_secured = true;
}

static void
muxer_ready(struct conn *c)
{
	c->phase = PHASE_OPEN;
	handshake_free(c);
}

/* Both have named muxers within Noise, or it is negotiated now. */
static err
select_muxer_start(struct conn *c, const struct noise_identity *who)
{
	if (who->yamux) {
		muxer_ready(c);
		return OK;
	}
	if (who->muxers)
		return fail(c, ERR_PEER, "no stream muxer in common");
	c->phase = PHASE_MUXER;
	if (multistream_start(
		&c->hs->select, c->dialer, yamux_ids, 1, &c->plain_out) != OK)
		return over_budget(c);
	return OK;
}

static err
check_identity(struct conn *c, struct slice payload, struct noise_identity *who)
{
	const err e =
	    noise_payload_check(payload, c->hs->noise.rs, &c->mem, who);

	if (e == ERR_LIMIT)
		return over_budget(c);
	if (e == ERR_AUTH)
		return fail(c, e, "noise: bad identity signature");
	if (e != OK)
		return fail(c, ERR_PEER, "noise: malformed identity");
	if (c->hs->expects && !peer_id_eq(&c->hs->expect, &who->peer))
		return fail(c, ERR_AUTH, "another peer than expected");
	return OK;
}

static err
on_noise_message(struct conn *c, struct slice message)
{
	uint8_t room[NOISE_HANDSHAKE_MAX];
	struct buf payload = { room, 0, sizeof(room) };
	struct noise_identity who = { .muxers = false };

	if (message.n > NOISE_HANDSHAKE_MAX)
		return fail(c, ERR_PEER, "noise: handshake message too long");
	err e = noise_handshake_read(&c->hs->noise, message, &payload);
	if (e != OK)
		return fail(c, e, "noise: bad handshake message");
	if (c->hs->noise.messages > 1)
		TRY(check_identity(c, buf_slice(&payload), &who));
	if (!noise_handshake_done(&c->hs->noise)) {
		e = noise_message_send(c);
		if (e != OK)
			return fail(c, e, "noise: cannot answer");
	}
	if (!noise_handshake_done(&c->hs->noise))
		return OK;
	cipher_ready(c, &who);
	return select_muxer_start(c, &who);
}

/* ---- frames of Noise ---- */

/*
 * Finds the next whole frame in raw_in, or straight in ${in} when nothing is
 * kept. ERR_MORE: ${in} is used up. frame_skip() when done with it.
 */
static err
frame_next(struct conn *c, struct slice *in, struct slice *message)
{
	if (c->raw_in.n == 0 && in->n >= NOISE_FRAME_HEAD) {
		const size_t n = get_u16be(in->p);
		if (in->n - NOISE_FRAME_HEAD >= n) {
			*message = slice_of(in->p + NOISE_FRAME_HEAD, n);
			return OK;
		}
	}
	for (;;) {
		const struct slice kept = queue_peek(&c->raw_in);
		size_t need = NOISE_FRAME_HEAD;
		uint8_t *room = NULL;
		if (kept.n >= NOISE_FRAME_HEAD) {
			need += get_u16be(kept.p);
			if (kept.n >= need) {
				*message = slice_of(kept.p + NOISE_FRAME_HEAD,
				    need - NOISE_FRAME_HEAD);
				return OK;
			}
		}
		/* a stranger gets no buffer for what will be refused */
		if (c->phase == PHASE_HANDSHAKE &&
		    need > NOISE_FRAME_HEAD + NOISE_HANDSHAKE_MAX)
			return fail(
			    c, ERR_PEER, "noise: handshake message too long");
		if (in->n == 0)
			return ERR_MORE;
		/* reserve the whole frame at once: no growing by copies */
		need -= kept.n;
		if (queue_reserve(&c->raw_in, need, &room) != OK)
			return over_budget(c);
		const size_t n = MIN(need, in->n);
		memcpy(room, in->p, n);
		queue_commit(&c->raw_in, n);
		slice_skip(in, n);
	}
}

static void
frame_skip(struct conn *c, struct slice *in, size_t n)
{
	if (c->raw_in.n > 0)
		queue_skip(&c->raw_in, NOISE_FRAME_HEAD + n);
	else
		slice_skip(in, NOISE_FRAME_HEAD + n);
}

/* Decrypts one frame into plain_in. */
static err
on_transport_message(struct conn *c, struct slice message)
{
	uint8_t *room = NULL;

	if (message.n < AEAD_TAG)
		return fail(c, ERR_AUTH, "noise: message without tag");
	const size_t n = message.n - AEAD_TAG;
	/* one more byte, since an empty message is fine as well */
	if (queue_reserve(&c->plain_in, MAX(n, (size_t)1), &room) != OK)
		return over_budget(c);
	const err e = noise_open(&c->recv, room, message.p, message.n);
	if (e != OK)
		return fail(c, e,
		    e == ERR_AUTH ? "noise: forged message"
				  : "noise: nonces used up");
	queue_commit(&c->plain_in, n);
	if (c->plain_in.n == 0)
		queue_fini(&c->plain_in);
	return OK;
}

/* ---- streams ---- */

static void
stream_event(struct conn *c, struct stream *s, enum conn_event_type type)
{
	if (link_is_alone(&s->event))
		c->events_n++;
	s->events |= (uint8_t)(1u << type);
	list_put(&c->events, &s->event);
}

/* The stream is over: its id is gone, one last event tells so. */
static void
stream_over(struct conn *c, struct stream *s, enum conn_event_type last)
{
	struct yamux_stream *y = s->y;
	const bool heard_of =
	    s->announced && (s->events & 1u << CONN_STREAM_OPENED) == 0;
	const bool whole = y->rx_ended && y->fin_sent;

	s->y = NULL;
	y->user = NULL;
	yamux_drop(&c->yamux, y);
	link_drop(&s->negotiating);
	if (!heard_of) {
		stream_free(c, s);
		return;
	}
	/* a stream that was reset has nothing more to say than that */
	s->events &=
	    (uint8_t)(whole ? 1u << CONN_STREAM_READY | 1u << CONN_STREAM_END
			    : 0);
	stream_event(c, s, last);
}

static struct stream *
stream_new(struct conn *c, struct yamux_stream *y, bool ours)
{
	struct stream *s = mem_alloc(&c->mem, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->y = y;
	s->id = y->id;
	s->ours = ours;
	s->announced = ours;
	link_init(&s->event);
	link_init(&s->negotiating);
	s->deadline_ms = c->now_ms + c->cf->limits.negotiate_ms;
	list_put(&c->negotiating, &s->negotiating);
	y->user = s;
	return s;
}

static void
on_stream_opened(struct conn *c, struct yamux_stream *y)
{
	struct stream *s = stream_new(c, y, false);

	if (s == NULL) {
		yamux_drop(&c->yamux, y);
		return;
	}
	/* a listener says nothing before it is asked */
	const err e = multistream_start(
	    &s->select, false, c->cf->protocols, c->cf->protocols_n, &y->tx);
	ASSERT(e == OK);
}

/*
 * A dialer may put data behind a proposal that we refuse. It should get our
 * "na", so the stream is closed and not reset; what it sends is dropped.
 */
static void
stream_give_up(struct conn *c, struct stream *s)
{
	s->given_up = true;
	yamux_close(&c->yamux, s->y);
	yamux_consume(&c->yamux, s->y, s->y->rx.n);
}

/* Some bytes came on a stream whose protocol is not settled. */
static void
stream_negotiate(struct conn *c, struct stream *s)
{
	struct slice in = queue_peek(&s->y->rx);
	const size_t before = in.n;

	if (s->given_up) {
		yamux_consume(&c->yamux, s->y, before);
		return;
	}

	const err e = multistream_recv(&s->select, &in, &s->y->tx);
	if (e == ERR_NOTFOUND) {
		stream_over(c, s, CONN_STREAM_REFUSED);
		return;
	}
	if (e == ERR_PEER)
		c->stream_faults++;
	if (e == ERR_PEER && !s->ours &&
	    s->select.state == MULTISTREAM_CHOICE) {
		stream_give_up(c, s);
		return;
	}
	if (e != OK && e != ERR_MORE) {
		stream_over(c, s, CONN_STREAM_CLOSED);
		return;
	}
	yamux_consume(&c->yamux, s->y, before - in.n);
	yamux_flush(&c->yamux, s->y);
	if (e == ERR_MORE)
		return;
	link_drop(&s->negotiating);
	s->announced = true;
	stream_event(c, s, s->ours ? CONN_STREAM_READY : CONN_STREAM_OPENED);
	if (s->y->rx.n > 0)
		stream_event(c, s, CONN_STREAM_DATA);
}

static bool
is_negotiating(const struct stream *s)
{
	return !link_is_alone(&s->negotiating);
}

static void
on_stream_end(struct conn *c, struct stream *s)
{
	if (!is_negotiating(s))
		stream_event(c, s, CONN_STREAM_END);
	else if (s->ours || s->select.state == MULTISTREAM_HEADER)
		stream_over(c, s, CONN_STREAM_CLOSED);
	else
		stream_give_up(c, s);
}

/* Translates what yamux has to say. */
static void
pump(struct conn *c)
{
	struct yamux_event ev;

	while (yamux_next(&c->yamux, &ev)) {
		struct stream *s = ev.stream->user;
		if (ev.type == YAMUX_OPENED) {
			on_stream_opened(c, ev.stream);
			continue;
		}
		ASSERT(s != NULL);
		switch (ev.type) {
		case YAMUX_OPENED:
			break;
		case YAMUX_READABLE:
			if (is_negotiating(s))
				stream_negotiate(c, s);
			else
				stream_event(c, s, CONN_STREAM_DATA);
			break;
		case YAMUX_WRITABLE:
			stream_event(c, s, CONN_STREAM_WRITABLE);
			break;
		case YAMUX_END:
			on_stream_end(c, s);
			break;
		case YAMUX_CLOSED:
			stream_over(c, s, CONN_STREAM_CLOSED);
			break;
		}
	}
}

/* ---- receiving ---- */

static bool
events_are_full(const struct conn *c)
{
	return c->events_n >= c->cf->limits.events_max;
}

/* Hands what was decrypted to the muxer, or to its choice. */
static err
on_plain(struct conn *c)
{
	while (c->plain_in.n > 0) {
		struct slice in = queue_peek(&c->plain_in);
		const size_t before = in.n;
		if (c->phase == PHASE_MUXER) {
			const err e = multistream_recv(
			    &c->hs->select, &in, &c->plain_out);
			queue_skip(&c->plain_in, before - in.n);
			if (e == ERR_MORE)
				return OK;
			if (e != OK)
				return select_failed(c, e,
				    "the peer does not speak /yamux/1.0.0");
			muxer_ready(c);
			continue;
		}
		if (events_are_full(c))
			return OK;
		const err e = yamux_recv(&c->yamux, c->now_ms, &in);
		queue_skip(&c->plain_in, before - in.n);
		pump(c);
		if (e != OK)
			return fail(c, e, c->yamux.why);
		if (c->yamux.failed != OK)
			return fail(c, c->yamux.failed, c->yamux.why);
	}
	return OK;
}

static err
on_frames(struct conn *c, struct slice *in)
{
	struct slice message;

	for (;;) {
		TRY(on_plain(c));
		/* what is left is a stop for events, or part of a message */
		if (c->plain_in.n > 0 && c->phase == PHASE_OPEN)
			return OK;
		const err e = frame_next(c, in, &message);
		if (e == ERR_MORE)
			return OK;
		TRY(e);
		const size_t n = message.n;
		TRY(c->phase == PHASE_HANDSHAKE
			? on_noise_message(c, message)
			: on_transport_message(c, message));
		frame_skip(c, in, n);
	}
}

static err
recv_clear(struct conn *c, struct slice *in)
{
	while (c->phase == PHASE_SECURITY && in->n > 0)
		TRY(select_security(c, in));
	if (c->phase == PHASE_SECURITY)
		return OK;
	return on_frames(c, in);
}

/* What is not taken now is deciphered again the next time: nothing is kept. */
static err
recv_private(struct conn *c, struct slice *in)
{
	struct psk_stream *s = &c->psk->recv;
	uint8_t clear[PSK_PIECE];
	struct slice part;

	if (!s->begun && psk_nonce_recv(s, c->cf->psk, in) != OK)
		return OK;
	do {
		const size_t n = MIN(in->n, sizeof(clear));
		psk_xor(s, clear, in->p, n);
		part = slice_of(clear, n);
		TRY(recv_clear(c, &part));
		psk_advance(s, n - part.n);
		slice_skip(in, n - part.n);
	} while (part.n == 0 && in->n > 0);
	return OK;
}

err
conn_recv(struct conn *c, uint64_t now_ms, struct slice *in)
{
	c->unreported = false;
	if (c->failed != OK)
		return c->failed;
	c->now_ms = MAX(c->now_ms, now_ms);
	if (in->n > 0)
		c->heard_ms = c->now_ms;
	return c->psk == NULL ? recv_clear(c, in) : recv_private(c, in);
}

bool
conn_next(struct conn *c, struct conn_event *ev)
{
	if (c->say_secured) {
		c->say_secured = false;
		*ev = (struct conn_event){ .type = CONN_SECURED,
			.peer = c->peer };
		return true;
	}
	/* what had to wait for room among the events goes on now; an error
	 * is kept and returned by the next call that can */
	if (list_is_empty(&c->events) && c->failed == OK &&
	    c->phase == PHASE_OPEN && c->plain_in.n > 0 && on_plain(c) != OK)
		c->unreported = true;
	if (list_is_empty(&c->events))
		return false;
	struct stream *s = CONTAINER_OF(c->events.next, struct stream, event);
	unsigned type = 0;
	while ((s->events >> type & 1) == 0)
		type++;
	s->events &= (uint8_t) ~(1u << type);
	*ev = (struct conn_event){
		.type = (enum conn_event_type)type,
		.stream = s->id,
		.protocol = s->select.chosen,
	};
	if (s->events == 0) {
		link_drop(&s->event);
		c->events_n--;
		if (s->y == NULL)
			stream_free(c, s);
	}
	return true;
}

/* ---- sending ---- */

/*
 * May frames of yamux go out? The dialer need not wait for the echo. After
 * a failure only what yamux itself has to say about it.
 */
static bool
may_mux(const struct conn *c)
{
	if (c->failed != OK && c->yamux.failed == OK)
		return false;
	return c->phase == PHASE_OPEN || (c->phase == PHASE_MUXER && c->dialer);
}

static bool
plain_pending(const struct conn *c)
{
	return c->plain_out.n > 0 || (may_mux(c) && yamux_pending(&c->yamux));
}

bool
conn_pending(const struct conn *c)
{
	/* js waits for our nonce before it says anything */
	return c->raw_out.n > 0 || plain_pending(c) ||
	       (c->psk != NULL && !c->psk->nonce_sent);
}

static size_t
queue_move(struct queue *q, struct buf *out)
{
	const struct slice in = queue_peek(q);
	const size_t n = MIN(in.n, buf_room(out));

	if (n > 0) {
		memcpy(out->p + out->n, in.p, n);
		out->n += n;
		queue_skip(q, n);
	}
	return n;
}

static err
send_clear(struct conn *c, struct buf *out)
{
	size_t want = FRAME_ROOM_MIN;

	(void)queue_move(&c->raw_out, out);
	while (c->raw_out.n == 0 && plain_pending(c) && buf_room(out) >= want) {
		uint8_t *head = out->p + out->n;
		struct buf plain = { head + NOISE_FRAME_HEAD, 0,
			MIN(buf_room(out) - NOISE_FRAME_HEAD - AEAD_TAG,
			    (size_t)NOISE_PLAIN_MAX) };

		(void)queue_move(&c->plain_out, &plain);
		if (c->plain_out.n == 0 && may_mux(c))
			yamux_send(&c->yamux, &plain);
		if (plain.n == 0)
			break;
		if (noise_seal(&c->send, plain.p, plain.p, plain.n) != OK)
			return fail(c, ERR_LIMIT, "noise: nonces used up");
		put_u16be(head, (uint16_t)(plain.n + AEAD_TAG));
		out->n += NOISE_FRAME_HEAD + plain.n + AEAD_TAG;
		/* no crumbs at the end of a buffer that has something */
		want = 1024;
	}
	pump(c);
	return OK;
}

static err
send_private(struct conn *c, struct buf *out)
{
	struct psk_stream *s = &c->psk->send;

	if (!c->psk->nonce_sent) {
		if (buf_room(out) < PSK_NONCE)
			return OK;
		c->psk->nonce_sent = true;
		TRY(buf_put(out, s->nonce, PSK_NONCE));
	}
	uint8_t *from = out->p + out->n;
	const size_t before = out->n;
	const err e = send_clear(c, out);
	psk_xor(s, from, from, out->n - before);
	psk_advance(s, out->n - before);
	return e;
}

err
conn_send(struct conn *c, uint64_t now_ms, struct buf *out)
{
	c->now_ms = MAX(c->now_ms, now_ms);
	return c->psk == NULL ? send_clear(c, out) : send_private(c, out);
}

/* ---- time ---- */

uint64_t
conn_expiry(const struct conn *c)
{
	uint64_t at = UINT64_MAX;

	if (c->failed != OK)
		return c->unreported ? c->now_ms : UINT64_MAX;
	if (c->phase != PHASE_OPEN)
		return c->deadline_ms;
	at = c->yamux.ping_out ? MAX(c->yamux.ping_ms, c->heard_ms) +
				     c->cf->limits.keepalive_reply_ms
			       : c->heard_ms + c->cf->limits.keepalive_ms;
	if (!list_is_empty(&c->negotiating)) {
		const struct stream *s = CONTAINER_OF(
		    c->negotiating.next, struct stream, negotiating);
		at = MIN(at, s->deadline_ms);
	}
	return at;
}

err
conn_on_time(struct conn *c, uint64_t now_ms)
{
	const struct conn_limits *l = &c->cf->limits;

	c->unreported = false;
	c->now_ms = MAX(c->now_ms, now_ms);
	if (c->failed != OK)
		return c->failed;
	if (c->phase != PHASE_OPEN) {
		if (c->now_ms >= c->deadline_ms)
			return fail(c, ERR_LIMIT, "handshake timed out");
		return OK;
	}
	while (!list_is_empty(&c->negotiating)) {
		struct stream *s = CONTAINER_OF(
		    c->negotiating.next, struct stream, negotiating);
		if (c->now_ms < s->deadline_ms)
			break;
		c->stream_faults++;
		stream_over(c, s, CONN_STREAM_CLOSED);
	}
	struct yamux *y = &c->yamux;
	if (y->ping_out) {
		if (c->now_ms >=
		    MAX(y->ping_ms, c->heard_ms) + l->keepalive_reply_ms)
			return fail(c, ERR_LIMIT, "keep-alive unanswered");
	} else if (c->now_ms >= c->heard_ms + l->keepalive_ms) {
		yamux_ping(y, c->now_ms);
	}
	if (y->failed != OK)
		return fail(c, y->failed, y->why);
	return OK;
}

/* What was heard last may have been before a long sleep. */
void
conn_probe(struct conn *c, uint64_t now_ms)
{
	c->now_ms = MAX(c->now_ms, now_ms);
	if (c->failed != OK || c->phase != PHASE_OPEN)
		return;
	if (!c->yamux.ping_out)
		yamux_ping(&c->yamux, c->now_ms);
	c->yamux.ping_ms = c->now_ms;
}

/* ---- what is asked from above ---- */

const char *
conn_why(const struct conn *c)
{
	return c->why;
}

void
conn_close(struct conn *c, uint64_t now_ms)
{
	c->now_ms = MAX(c->now_ms, now_ms);
	c->closing = true;
	yamux_goaway(&c->yamux);
}

const struct peer_id *
conn_peer(const struct conn *c)
{
	return c->peer_known ? &c->peer : NULL;
}

uint32_t
conn_stream_faults(const struct conn *c)
{
	return c->stream_faults;
}

uint32_t
conn_rtt_ms(const struct conn *c)
{
	return c->yamux.rtt_ms;
}

size_t
conn_memory(const struct conn *c)
{
	return sizeof(*c) + c->mem.used;
}

static struct stream *
stream_find(const struct conn *c, uint32_t id)
{
	const struct yamux_stream *y = yamux_find(&c->yamux, id);
	struct stream *s = y == NULL ? NULL : y->user;

	return s != NULL && s->announced ? s : NULL;
}

err
conn_stream_open(
    struct conn *c, const char *protocol, uint64_t now_ms, uint32_t *stream)
{
	struct yamux_stream *y = NULL;

	c->now_ms = MAX(c->now_ms, now_ms);
	if (c->failed != OK || !c->peer_known || c->closing)
		return ERR_CLOSED;
	TRY(yamux_open(&c->yamux, &y));
	struct stream *s = stream_new(c, y, true);
	if (s == NULL)
		goto fail1;
	s->protocol = protocol;
	if (multistream_start(&s->select, true, &s->protocol, 1, &y->tx) != OK)
		goto fail2;
	yamux_flush(&c->yamux, y);
	*stream = s->id;
	return OK;
fail2:
	stream_free(c, s);
fail1:
	y->user = NULL;
	yamux_drop(&c->yamux, y);
	return ERR_LIMIT;
}

err
conn_stream_write(
    struct conn *c, uint32_t stream, struct slice in, size_t *taken)
{
	struct stream *s = stream_find(c, stream);

	*taken = 0;
	if (s == NULL)
		return ERR_NOTFOUND;
	return yamux_write(&c->yamux, s->y, in, taken);
}

size_t
conn_stream_room(const struct conn *c, uint32_t stream)
{
	const struct stream *s = stream_find(c, stream);

	return s == NULL || s->y->closing ? 0 : queue_room(&s->y->tx);
}

struct slice
conn_stream_read(struct conn *c, uint32_t stream)
{
	const struct stream *s = stream_find(c, stream);

	if (s == NULL || is_negotiating(s))
		return (struct slice){ NULL, 0 };
	return queue_peek(&s->y->rx);
}

void
conn_stream_consume(struct conn *c, uint32_t stream, size_t n)
{
	struct stream *s = stream_find(c, stream);

	if (n == 0 || s == NULL)
		return;
	ASSERT(!is_negotiating(s));
	yamux_consume(&c->yamux, s->y, n);
	pump(c);
}

bool
conn_stream_ended(const struct conn *c, uint32_t stream)
{
	const struct stream *s = stream_find(c, stream);

	return s == NULL || (s->y->rx_ended && s->y->rx.n == 0);
}

void
conn_stream_close(struct conn *c, uint32_t stream)
{
	struct stream *s = stream_find(c, stream);

	if (s != NULL)
		yamux_close(&c->yamux, s->y);
}

void
conn_stream_reset(struct conn *c, uint32_t stream)
{
	struct stream *s = stream_find(c, stream);

	if (s == NULL)
		return;
	struct yamux_stream *y = s->y;
	y->user = NULL;
	yamux_drop(&c->yamux, y);
	stream_free(c, s);
}
