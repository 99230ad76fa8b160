#include "tests/unit/raw_peer.h"

#include <stdlib.h>

#define HEADER "\x13/multistream/1.0.0\n"
#define NOISE  "\x07/noise\n"

void
raw_peer_init(struct raw_peer *p, struct test_env *t, bool dialer,
    const uint8_t secret[ED25519_SECRET])
{
	uint8_t keys[2 * X25519_SIZE];

	*p = (struct raw_peer){ .dialer = dialer };
	memcpy(p->secret, secret, ED25519_SECRET);
	p->id = peer_id_of_ed25519(secret + ED25519_SEED);
	t->env.random(t->env.ctx, keys, sizeof(keys));
	noise_handshake_init(
	    &p->hs, dialer, slice_of(NULL, 0), keys, keys + X25519_SIZE);
}

err
raw_peer_give(struct conn *c, struct test_env *t, struct slice bytes)
{
	err e = OK;

	for (int i = 0; e == OK && i < 2; i++)
		e = conn_recv(c, t->now_ms, &bytes);
	return e;
}

void
raw_peer_pull(struct raw_peer *p, struct conn *c, struct test_env *t)
{
	struct buf b = { p->from, p->from_n, sizeof(p->from) };

	ASSERT(conn_send(c, t->now_ms, &b) == OK);
	p->from_n = b.n;
}

static void
drop_from(struct raw_peer *p, size_t n)
{
	ASSERT(n <= p->from_n);
	memmove(p->from, p->from + n, p->from_n - n);
	p->from_n -= n;
}

static void
expect_text(struct raw_peer *p, const char *text)
{
	const size_t n = strlen(text);

	ASSERT(p->from_n >= n && memcmp(p->from, text, n) == 0);
	drop_from(p, n);
}

static void
read_message(struct raw_peer *p)
{
	uint8_t room[1024];
	struct buf payload = { room, 0, sizeof(room) };
	const size_t n = p->from_n < 2 ? 0 : get_u16be(p->from);

	ASSERT(p->from_n >= 2 + n);
	ASSERT(noise_handshake_read(
		   &p->hs, slice_of(p->from + 2, n), &payload) == OK);
	drop_from(p, 2 + n);
}

static void
write_message(struct raw_peer *p, struct conn *c, struct test_env *t)
{
	uint8_t room[1024], frame[1024];
	struct buf payload = { room, 0, sizeof(room) };
	struct buf b = { frame, 2, sizeof(frame) };

	if (p->hs.messages > 0 && p->payload.n > 0)
		ASSERT(buf_put(&payload, p->payload.p, p->payload.n) == OK);
	else if (p->hs.messages > 0)
		ASSERT(noise_payload_put(&payload, p->secret, p->hs.s) == OK);
	/* the extension is the last field, 16 bytes of it */
	if (p->hs.messages > 0 && p->no_muxers)
		payload.n -= 16;
	ASSERT(noise_handshake_write(&p->hs, buf_slice(&payload), &b) == OK);
	put_u16be(frame, (uint16_t)(b.n - 2));
	ASSERT(raw_peer_give(c, t, buf_slice(&b)) == OK);
}

void
raw_peer_handshake(struct raw_peer *p, struct conn *c, struct test_env *t)
{
	struct conn_event ev;

	ASSERT(raw_peer_give(c, t, slice_str(HEADER NOISE)) == OK);
	while (!noise_handshake_done(&p->hs)) {
		if ((p->hs.messages % 2 == 0) == p->dialer) {
			write_message(p, c, t);
			continue;
		}
		raw_peer_pull(p, c, t);
		if (p->hs.messages < 2)
			expect_text(p, HEADER NOISE);
		read_message(p);
	}
	noise_handshake_split(&p->hs, &p->send, &p->recv);
	ASSERT(conn_next(c, &ev) && ev.type == CONN_SECURED);
	ASSERT(peer_id_eq(&ev.peer, &p->id));
}

void
raw_peer_open(struct raw_peer *p)
{
	while (p->from_n >= 2 && p->from_n >= 2u + get_u16be(p->from)) {
		const size_t n = get_u16be(p->from);
		ASSERT(p->plain_n + n <= sizeof(p->plain));
		ASSERT(noise_open(&p->recv, p->plain + p->plain_n, p->from + 2,
			   n) == OK);
		p->plain_n += n - AEAD_TAG;
		drop_from(p, 2 + n);
	}
}

err
raw_peer_say(
    struct raw_peer *p, struct conn *c, struct test_env *t, struct slice plain)
{
	static uint8_t frame[2 + NOISE_MESSAGE_MAX];

	put_u16be(frame, (uint16_t)(plain.n + AEAD_TAG));
	ASSERT(noise_seal(&p->send, frame + 2, plain.p, plain.n) == OK);
	return raw_peer_give(c, t, slice_of(frame, 2 + plain.n + AEAD_TAG));
}
