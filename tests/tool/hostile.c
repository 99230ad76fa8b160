/*
 * hostile.c: a peer that keeps to the protocols up to a layer and sends
 * garbage there, for end-to-end tests:
 *
 *   tool_hostile PORT LEVEL SEED
 *
 * LEVEL: identity (a wrong signature in Noise), noise (a forged frame),
 * yamux (random bytes), frames (random well-formed Yamux headers), stream
 * (random bytes for multistream on a stream), flood (5,000 open streams),
 * /PROTOCOL/ID (random length-prefixed messages on such a stream).
 *
 * Exit code 0: the other side closed the connection; 3: it was still open
 * after two seconds of silence; 1: it did not even come to that layer.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/varint.h"
#include "proto/libp2p/noise.h"
#include "proto/libp2p/yamux.h"

#define MULTISTREAM "\x13/multistream/1.0.0\n"
#define PATIENCE_MS 2000

static int fd;
static uint64_t state;
static struct noise_cipher out_key;

static uint64_t
draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void
draw_bytes(uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)draw();
}

static bool
put(const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		const ssize_t k = send(fd, at, n, MSG_NOSIGNAL);
		if (k <= 0)
			return false;
		at += k;
		n -= (size_t)k;
	}
	return true;
}

static bool
take(void *p, size_t n)
{
	uint8_t *at = p;

	while (n > 0) {
		struct pollfd w = { .fd = fd, .events = POLLIN };
		if (poll(&w, 1, 10000) != 1)
			return false;
		const ssize_t k = recv(fd, at, n, 0);
		if (k <= 0)
			return false;
		at += k;
		n -= (size_t)k;
	}
	return true;
}

static bool
dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(port) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
}

/* Until the peer hangs up, or nothing comes for a while. */
static int
wait_end(void)
{
	uint8_t buf[65536];

	for (;;) {
		struct pollfd w = { .fd = fd, .events = POLLIN };
		if (poll(&w, 1, PATIENCE_MS) != 1)
			return 3;
		if (recv(fd, buf, sizeof(buf), 0) <= 0)
			return 0;
	}
}

static bool
put_message(struct slice m)
{
	const uint8_t head[2] = { (uint8_t)(m.n >> 8), (uint8_t)m.n };

	return put(head, 2) && put(m.p, m.n);
}

/* Plain bytes as Noise frames. */
static bool
put_sealed(const uint8_t *p, size_t n)
{
	static uint8_t sealed[NOISE_MESSAGE_MAX];

	while (n > 0) {
		const size_t k = MIN(n, (size_t)NOISE_PLAIN_MAX);
		if (noise_seal(&out_key, sealed, p, k) != OK ||
		    !put_message(slice_of(sealed, k + AEAD_TAG)))
			return false;
		p += k;
		n -= k;
	}
	return true;
}

/* multistream and Noise XX; ${lie}: the signature in it is wrong. */
static bool
secure(bool lie)
{
	static const char hello[] = MULTISTREAM "\x07/noise\n";
	uint8_t s[X25519_SIZE], e[X25519_SIZE], s_pub[X25519_SIZE];
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	uint8_t seed[ED25519_SEED], back[sizeof(hello) - 1], head[2];
	static uint8_t raw[NOISE_HANDSHAKE_MAX], pay[NOISE_HANDSHAKE_MAX];
	struct noise_handshake hs;
	struct noise_cipher in_key;
	struct buf m = { raw, 0, sizeof(raw) };
	struct buf payload = { pay, 0, sizeof(pay) };

	crypto_random(seed, sizeof(seed));
	crypto_random(s, sizeof(s));
	crypto_random(e, sizeof(e));
	x25519_public(s_pub, s);
	ed25519_keypair(pub, secret, seed);
	noise_handshake_init(&hs, true, (struct slice){ 0 }, s, e);
	if (!put(hello, sizeof(hello) - 1) || !take(back, sizeof(back)) ||
	    memcmp(back, hello, sizeof(back)) != 0 ||
	    noise_handshake_write(&hs, (struct slice){ 0 }, &m) != OK ||
	    !put_message(buf_slice(&m)) || !take(head, 2))
		return false;
	const size_t n = (size_t)head[0] << 8 | head[1];
	if (n > sizeof(raw) || !take(raw, n) ||
	    noise_handshake_read(&hs, slice_of(raw, n), &payload) != OK)
		return false;
	payload.n = 0;
	m.n = 0;
	if (noise_payload_put(&payload, secret, lie ? s : s_pub) != OK ||
	    noise_handshake_write(&hs, buf_slice(&payload), &m) != OK ||
	    !put_message(buf_slice(&m)))
		return false;
	noise_handshake_split(&hs, &out_key, &in_key);
	return true;
}

static bool
put_frame(enum yamux_type type, unsigned flags, uint32_t stream, const void *p,
    size_t n)
{
	static uint8_t raw[YAMUX_HEAD + 65536];
	const struct yamux_frame f = { type, (uint16_t)flags, stream,
		(uint32_t)n };

	yamux_frame_put(raw, &f);
	if (p == NULL)
		return put_sealed(raw, YAMUX_HEAD);
	memcpy(raw + YAMUX_HEAD, p, n);
	return put_sealed(raw, YAMUX_HEAD + n);
}

static void
send_garbage(void)
{
	uint8_t junk[4096];

	for (int i = 0; i < 64; i++) {
		draw_bytes(junk, sizeof(junk));
		if (!put_sealed(junk, 1 + draw() % sizeof(junk)))
			return;
	}
}

static void
send_frames(void)
{
	uint8_t body[1024];

	for (int i = 0; i < 2000; i++) {
		const enum yamux_type type = (enum yamux_type)(draw() % 4);
		const size_t n = draw() % sizeof(body);
		draw_bytes(body, n);
		if (type == YAMUX_GOAWAY && i < 1500)
			continue;
		if (!put_frame(type, (unsigned)draw() & 15,
			(uint32_t)draw() % 64, type == YAMUX_DATA ? body : NULL,
			n))
			return;
	}
}

/* ${protocol} NULL: random bytes instead of the negotiation. */
static void
send_stream(const char *protocol, uint32_t stream)
{
	uint8_t out[2048];
	struct buf b = { out, 0, sizeof(out) };

	if (protocol == NULL) {
		draw_bytes(out, 512);
		(void)put_frame(YAMUX_DATA, YAMUX_SYN, stream, out, 512);
		return;
	}
	err e = buf_put(&b, (const uint8_t *)MULTISTREAM, 20);
	ASSERT(e == OK);
	e = varint_put(&b, strlen(protocol) + 1);
	ASSERT(e == OK);
	e = buf_put(&b, (const uint8_t *)protocol, strlen(protocol));
	ASSERT(e == OK);
	e = buf_put(&b, (const uint8_t *)"\n", 1);
	ASSERT(e == OK);
	if (!put_frame(YAMUX_DATA, YAMUX_SYN, stream, out, b.n))
		return;
	for (int i = 0; i < 200; i++) {
		uint8_t body[1024];
		const size_t n = 1 + draw() % sizeof(body);
		b.n = 0;
		draw_bytes(body, n);
		e = varint_put(&b, n);
		ASSERT(e == OK);
		e = buf_put(&b, body, n);
		ASSERT(e == OK);
		if (!put_frame(YAMUX_DATA, 0, stream, out, b.n))
			return;
	}
}

static void
send_flood(void)
{
	for (uint32_t i = 0; i < 5000; i++)
		if (!put_frame(
			YAMUX_DATA, YAMUX_SYN, 2 * i + 1, MULTISTREAM, 20))
			return;
}

int
main(int argc, char **argv)
{
	if (argc != 4 || !crypto_init())
		return 2;
	const char *level = argv[2];
	state = strtoull(argv[3], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) + 1;
	if (!dial((uint16_t)strtoul(argv[1], NULL, 10)) ||
	    !secure(strcmp(level, "identity") == 0))
		return 1;
	if (strcmp(level, "noise") == 0) {
		uint8_t junk[600];
		draw_bytes(junk, sizeof(junk));
		(void)put_message(slice_of(junk, sizeof(junk)));
	} else if (strcmp(level, "yamux") == 0) {
		send_garbage();
	} else if (strcmp(level, "frames") == 0) {
		send_frames();
	} else if (strcmp(level, "stream") == 0) {
		for (uint32_t i = 0; i < 50; i++)
			send_stream(NULL, 2 * i + 1);
	} else if (strcmp(level, "flood") == 0) {
		send_flood();
	} else if (level[0] == '/') {
		send_stream(level, 1);
	}
	return wait_end();
}
