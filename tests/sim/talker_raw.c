#include "tests/sim/talker_raw.h"

#include <stdlib.h>

#define HEADER "\x13/multistream/1.0.0\n"
#define NOISE  "\x07/noise\n"
#define ROOM   (1 << 20)

struct bytes {
	uint8_t *p;
	size_t n;
};

struct talker_noise {
	uint8_t secret[ED25519_SECRET];
	struct noise_handshake hs;
	struct noise_cipher send, recv;
	bool greeted, done;
	struct bytes in, out;
	uint8_t plain[NOISE_MESSAGE_MAX];
};

static void
append(struct bytes *b, const void *p, size_t n)
{
	ASSERT(b->n + n <= ROOM);
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void
drop(struct bytes *b, size_t n)
{
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

static void
write_message(struct talker_noise *n)
{
	uint8_t room[1024], frame[1024];
	struct buf payload = { room, 0, sizeof(room) };
	struct buf b = { frame, 2, sizeof(frame) };
	err e = OK;

	if (n->hs.messages > 0)
		e = noise_payload_put(&payload, n->secret, n->hs.s);
	ASSERT(e == OK);
	e = noise_handshake_write(&n->hs, buf_slice(&payload), &b);
	ASSERT(e == OK);
	put_u16be(frame, (uint16_t)(b.n - 2));
	append(&n->out, frame, b.n);
}

struct talker_noise *
talker_noise_new(const uint8_t secret[ED25519_SECRET], struct prng *random)
{
	struct talker_noise *n = calloc(1, sizeof(*n));
	uint8_t keys[2 * X25519_SIZE];

	ASSERT(n != NULL && (n->in.p = malloc(ROOM)) != NULL &&
	       (n->out.p = malloc(ROOM)) != NULL);
	memcpy(n->secret, secret, ED25519_SECRET);
	prng_fill(random, keys, sizeof(keys));
	noise_handshake_init(
	    &n->hs, true, slice_of(NULL, 0), keys, keys + X25519_SIZE);
	append(&n->out, HEADER NOISE, sizeof(HEADER NOISE) - 1);
	write_message(n);
	return n;
}

void
talker_noise_free(struct talker_noise *n)
{
	if (n == NULL)
		return;
	free(n->in.p);
	free(n->out.p);
	free(n);
}

bool
talker_noise_done(const struct talker_noise *n)
{
	return n->done;
}

static err
greeting(struct talker_noise *n)
{
	const size_t len = sizeof(HEADER NOISE) - 1;

	if (n->in.n < len)
		return ERR_MORE;
	if (memcmp(n->in.p, HEADER NOISE, len) != 0)
		return ERR_PEER;
	drop(&n->in, len);
	n->greeted = true;
	return OK;
}

static err
handshake(struct talker_noise *n)
{
	uint8_t room[1024];
	struct buf payload = { room, 0, sizeof(room) };

	if (n->in.n < 2 || n->in.n < 2u + get_u16be(n->in.p))
		return ERR_MORE;
	const size_t len = get_u16be(n->in.p);
	TRY(noise_handshake_read(&n->hs, slice_of(n->in.p + 2, len), &payload));
	drop(&n->in, 2 + len);
	write_message(n);
	noise_handshake_split(&n->hs, &n->send, &n->recv);
	n->done = true;
	return OK;
}

err
talker_noise_recv(struct talker_noise *n, struct slice in)
{
	err e = OK;

	append(&n->in, in.p, in.n);
	if (!n->greeted)
		e = greeting(n);
	if (e == OK && !n->done)
		e = handshake(n);
	return e == ERR_MORE ? OK : e;
}

bool
talker_noise_plain(struct talker_noise *n, struct slice *out)
{
	if (!n->done || n->in.n < 2 || n->in.n < 2u + get_u16be(n->in.p))
		return false;
	const size_t len = get_u16be(n->in.p);
	const bool good = len >= AEAD_TAG && noise_open(&n->recv, n->plain,
						 n->in.p + 2, len) == OK;
	drop(&n->in, 2 + len);
	*out = slice_of(n->plain, good ? len - AEAD_TAG : 0);
	return good;
}

void
talker_noise_say(struct talker_noise *n, struct slice in)
{
	static uint8_t frame[2 + NOISE_MESSAGE_MAX];

	ASSERT(n->done && in.n + AEAD_TAG <= NOISE_MESSAGE_MAX);
	if (n->out.n + 2 + in.n + AEAD_TAG > ROOM)
		return; /* it does not read: a raw end drops what it says */
	put_u16be(frame, (uint16_t)(in.n + AEAD_TAG));
	const err e = noise_seal(&n->send, frame + 2, in.p, in.n);
	ASSERT(e == OK);
	append(&n->out, frame, 2 + in.n + AEAD_TAG);
}

bool
talker_noise_pending(const struct talker_noise *n)
{
	return n->out.n > 0;
}

void
talker_noise_send(struct talker_noise *n, struct buf *out)
{
	const size_t len = MIN(buf_room(out), n->out.n);
	const err e = buf_put(out, n->out.p, len);

	ASSERT(e == OK);
	drop(&n->out, len);
}
