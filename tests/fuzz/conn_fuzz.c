/*
 * A whole connection. The first byte: bit 0 who dials, bit 1 whether the
 * rest comes instead of a handshake or, as plaintext within Noise, after it;
 * bit 2 whether the muxer is still to be agreed on; bit 3 whether the network
 * is private (then never a handshake). The application echoes,
 * opens and resets streams at random. Nothing may leak or exceed the budget,
 * and a failed connection says why.
 */
#include "tests/unit/raw_peer.h"

#define BUDGET (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const protocols[] = { "/a/1", "/b/1" };

static void
on_event(struct conn *c, struct test_env *t, const struct conn_event *ev)
{
	const struct slice in = conn_stream_read(c, ev->stream);
	uint32_t id = 0;
	size_t taken = 0;

	switch (test_below(t, 16)) {
	case 0:
		conn_stream_reset(c, ev->stream);
		return;
	case 1:
		conn_stream_close(c, ev->stream);
		return;
	case 2:
		(void)!conn_stream_open(c, "/b/1", t->now_ms, &id);
		return;
	default:
		(void)!conn_stream_write(c, ev->stream, in, &taken);
		conn_stream_consume(c, ev->stream, in.n);
		if (conn_stream_ended(c, ev->stream))
			conn_stream_close(c, ev->stream);
		return;
	}
}

static void
drain(struct conn *c, struct test_env *t)
{
	static uint8_t out[1 << 16];
	struct conn_event ev;

	while (conn_next(c, &ev))
		if (ev.type != CONN_SECURED)
			on_event(c, t, &ev);
	struct buf b = { out, 0, 50 + test_below(t, sizeof(out) - 50) };
	ASSERT(conn_send(c, t->now_ms, &b) == OK);
	ASSERT(conn_memory(c) <= BUDGET);
}

static void
play(struct raw_peer *peer, struct conn *c, struct test_env *t,
    struct slice all, bool sealed)
{
	err e = OK;

	while (all.n > 0 && e == OK) {
		const size_t want = 1 + test_below(t, 300);
		const size_t n = MIN(want, all.n);
		const struct slice part = slice_of(all.p, n);
		e = sealed ? raw_peer_say(peer, c, t, part)
			   : raw_peer_give(c, t, part);
		slice_skip(&all, n);
		drain(c, t);
		if (e == OK && test_below(t, 20) == 0) {
			t->now_ms += 4000;
			e = conn_on_time(c, t->now_ms);
		}
	}
	ASSERT((e == OK) || conn_why(c)[0] != 0);
	ASSERT(e == OK || e == ERR_PEER || e == ERR_AUTH || e == ERR_LIMIT ||
	       e == ERR_CLOSED);
	drain(c, t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct raw_peer peer;
	static const uint8_t seed[2][ED25519_SEED] = { { 1 }, { 2 } };
	uint8_t pub[ED25519_PUBLIC], secret[2][ED25519_SECRET];
	struct test_env t;

	if (size < 1 || size > 1 << 17)
		return 0;
	ASSERT(crypto_init());
	test_env_init(&t, size);
	for (size_t i = 0; i < 2; i++)
		ed25519_keypair(pub, secret[i], seed[i]);
	struct conn_config cf = { .env = &t.env,
		.secret = secret[0],
		.limits = conn_limits_default(),
		.protocols = protocols,
		.protocols_n = ARRAY_LEN(protocols) };
	cf.limits.memory_bytes = BUDGET;
	cf.limits.streams_max = 16;
	cf.limits.events_max = 4;
	static const uint8_t psk[32] = { 7 };
	if (data[0] & 8)
		cf.psk = psk;
	const bool dialer = data[0] & 1, sealed = (data[0] & 10) == 0;
	struct conn *c = conn_new(&cf, &t.mem, dialer, NULL, t.now_ms);
	ASSERT(c != NULL);
	if (sealed) {
		raw_peer_init(&peer, &t, !dialer, secret[1]);
		peer.no_muxers = (data[0] & 4) != 0;
		raw_peer_handshake(&peer, c, &t);
	}
	play(&peer, c, &t, slice_of(data + 1, size - 1), sealed);
	conn_free(c);
	test_env_check(&t);
	return 0;
}
