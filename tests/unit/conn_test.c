#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "tests/unit/raw_peer.h"

#define ECHO   "/echo/1"
#define SINK   "/sink/1"
#define HEADER "\x13/multistream/1.0.0\n"

static const char *const protocols[] = { SINK, ECHO };

/* Two conns, and the bytes on their way between them. */
struct end {
	struct conn_config cf;
	uint8_t secret[ED25519_SECRET];
	struct peer_id id;
	struct conn *c;
	uint8_t wire[1 << 17]; /* sent by this end, not yet delivered */
	size_t wire_n;
	/* what it has seen of each stream, by id */
	char log[64][96];
	uint64_t bytes[64], hash[64];
	bool secured;
	uint64_t echo_left[64]; /* bytes still to be written */
	bool slow;              /* reads little at a time */
};

struct pair {
	struct test_env t;
	struct end end[2]; /* 0 dials */
	size_t cut;        /* bytes delivered at once; 0: random */
};

static void
end_init(struct pair *p, size_t i)
{
	uint8_t seed[ED25519_SEED] = { (uint8_t)(i + 1) };
	uint8_t pub[ED25519_PUBLIC];
	struct end *e = &p->end[i];

	ed25519_keypair(pub, e->secret, seed);
	e->id = peer_id_of_ed25519(pub);
	e->cf = (struct conn_config){
		.env = &p->t.env,
		.secret = e->secret,
		.limits = conn_limits_default(),
		.protocols = protocols,
		.protocols_n = ARRAY_LEN(protocols),
	};
}

static struct pair *
pair_new(uint64_t seed, size_t cut)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	test_env_init(&p->t, seed);
	p->cut = cut;
	end_init(p, 0);
	end_init(p, 1);
	return p;
}

static void
pair_start(struct pair *p, const struct peer_id *expect)
{
	for (size_t i = 0; i < 2; i++) {
		struct end *e = &p->end[i];
		e->c = conn_new(&e->cf, &p->t.mem, i == 0,
		    i == 0 ? expect : NULL, p->t.now_ms);
		assert_non_null(e->c);
	}
}

static void
pair_free(struct pair *p)
{
	conn_free(p->end[0].c);
	conn_free(p->end[1].c);
	test_env_check(&p->t);
	free(p);
}

static void
note(struct end *e, uint32_t stream, const char *what)
{
	char *log = e->log[stream % 64];
	const size_t n = strlen(log);

	(void)snprintf(log + n, sizeof(e->log[0]) - n, "%s ", what);
}

static void
write_more(struct end *e, uint32_t id)
{
	uint8_t chunk[3000];
	uint64_t *left = &e->echo_left[id % 64];

	while (*left > 0) {
		size_t taken = 0;
		const size_t n = (size_t)MIN(*left, sizeof(chunk));
		/* the content follows from the position */
		for (size_t i = 0; i < n; i++)
			chunk[i] = (uint8_t)((*left - i) * 31 >> 3);
		assert_int_equal(
		    conn_stream_write(e->c, id, slice_of(chunk, n), &taken),
		    OK);
		*left -= taken;
		if (taken < n)
			return;
	}
	conn_stream_close(e->c, id);
}

/* Reads, and sends back when the stream is an echo. */
static void
read_some(struct end *e, uint32_t id, bool echo)
{
	struct slice in = conn_stream_read(e->c, id);
	size_t n = e->slow ? MIN(in.n, (size_t)700) : in.n;

	if (echo) {
		n = MIN(n, conn_stream_room(e->c, id));
		size_t taken = 0;
		if (n > 0)
			assert_int_equal(conn_stream_write(e->c, id,
					     slice_of(in.p, n), &taken),
			    OK);
		n = taken;
	}
	e->bytes[id % 64] += n;
	for (size_t i = 0; i < n; i++)
		e->hash[id % 64] =
		    (e->hash[id % 64] ^ in.p[i]) * 0x100000001b3u;
	conn_stream_consume(e->c, id, n);
	if (echo && conn_stream_ended(e->c, id))
		conn_stream_close(e->c, id);
}

static bool
is_echo(const struct end *e, uint32_t id)
{
	return strstr(e->log[id % 64], "open1") != NULL;
}

static void
on_event(struct end *e, const struct conn_event *ev)
{
	char text[16];
	const uint32_t id = ev->stream;

	switch (ev->type) {
	case CONN_SECURED:
		e->secured = true;
		break;
	case CONN_STREAM_OPENED:
		(void)snprintf(text, sizeof(text), "open%zu", ev->protocol);
		note(e, id, text);
		break;
	case CONN_STREAM_READY:
		note(e, id, "ready");
		break;
	case CONN_STREAM_REFUSED:
		note(e, id, "refused");
		break;
	case CONN_STREAM_DATA:
		read_some(e, id, is_echo(e, id));
		break;
	case CONN_STREAM_WRITABLE:
		if (e->echo_left[id % 64] > 0)
			write_more(e, id);
		break;
	case CONN_STREAM_END:
		note(e, id, "end");
		read_some(e, id, is_echo(e, id));
		break;
	case CONN_STREAM_CLOSED:
		note(e, id, "closed");
		break;
	}
}

/* Whatever is unread although no event waits (a slow or full reader). */
static void
poke(struct end *e)
{
	for (uint32_t id = 1; id < 64; id++)
		if (e->log[id][0] != 0 && strstr(e->log[id], "closed") == NULL)
			read_some(e, id, is_echo(e, id));
}

/* One turn of one end: send, deliver a cut of it, drain events. */
static err
turn(struct pair *p, size_t i)
{
	struct end *from = &p->end[i], *to = &p->end[1 - i];
	struct buf b = { from->wire, from->wire_n, sizeof(from->wire) };
	struct conn_event ev;

	assert_int_equal(conn_send(from->c, p->t.now_ms, &b), OK);
	from->wire_n = b.n;
	size_t cut = p->cut;
	if (cut == 0)
		cut = 1 +
		      test_below(&p->t, test_below(&p->t, 4) == 0 ? 40000 : 90);
	struct slice in = slice_of(from->wire, MIN(cut, from->wire_n));
	const size_t given = in.n;
	err e = OK;
	do {
		e = conn_recv(to->c, p->t.now_ms, &in);
		while (conn_next(to->c, &ev))
			on_event(to, &ev);
	} while (e == OK && in.n > 0);
	memmove(from->wire, from->wire + given, from->wire_n - given);
	from->wire_n -= given;
	return e;
}

static bool
idle(const struct pair *p)
{
	return p->end[0].wire_n == 0 && p->end[1].wire_n == 0 &&
	       !conn_pending(p->end[0].c) && !conn_pending(p->end[1].c);
}

/* Until nothing moves; the first error of either end. */
static err
run(struct pair *p)
{
	for (size_t quiet = 0; quiet < 3;) {
		for (size_t i = 0; i < 2; i++) {
			const err e = turn(p, i);
			if (e != OK)
				return e;
		}
		poke(&p->end[0]);
		poke(&p->end[1]);
		quiet = idle(p) ? quiet + 1 : 0;
	}
	return OK;
}

static uint32_t
open_stream(struct end *e, const char *protocol, uint64_t bytes)
{
	uint32_t id = 0;

	assert_int_equal(conn_stream_open(e->c, protocol, 1000, &id), OK);
	e->echo_left[id % 64] = bytes;
	write_more(e, id);
	return id;
}

static void
scenario(uint64_t seed, size_t cut, const uint8_t *psk, char *out, size_t cap)
{
	struct pair *p = pair_new(seed, cut);
	size_t n = 0;

	p->end[0].cf.psk = p->end[1].cf.psk = psk;
	pair_start(p, &p->end[1].id);
	assert_int_equal(run(p), OK);
	assert_true(p->end[0].secured && p->end[1].secured);
	assert_true(peer_id_eq(conn_peer(p->end[0].c), &p->end[1].id));
	assert_true(peer_id_eq(conn_peer(p->end[1].c), &p->end[0].id));
	(void)open_stream(&p->end[0], ECHO, 20000);
	(void)open_stream(&p->end[0], "/nobody/speaks/this", 100);
	(void)open_stream(&p->end[0], ECHO, 0);
	(void)open_stream(&p->end[1], SINK, 5000);
	(void)open_stream(&p->end[1], ECHO, 1);
	assert_int_equal(run(p), OK);
	for (size_t i = 0; i < 2; i++)
		for (size_t id = 1; id < 8; id++)
			n += (size_t)snprintf(out + n, cap - n,
			    "%zu/%zu %s%" PRIu64 " %" PRIx64 "\n", i, id,
			    p->end[i].log[id], p->end[i].bytes[id],
			    p->end[i].hash[id]);
	assert_true(n < cap);
	pair_free(p);
}

static void
test_any_split_gives_the_same(void **state)
{
	static const size_t cuts[] = { 1, 2, 17, 1000, 0, 0, 0 };
	char want[2048], got[2048];

	(void)state;
	scenario(1, SIZE_MAX, NULL, want, sizeof(want));
	assert_non_null(strstr(want, "0/1 ready end closed 20000 "));
	assert_non_null(strstr(want, "0/3 refused 0 0"));
	assert_non_null(strstr(want, "1/1 open1 end closed 20000 "));
	assert_non_null(strstr(want, "0/2 open0 end 5000 "));
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		scenario(1 + i, cuts[i], NULL, got, sizeof(got));
		assert_string_equal(got, want);
	}
}

/* The same within a private network, whatever the cuts. */
static void
test_private_network(void **state)
{
	static const size_t cuts[] = { SIZE_MAX, 1, 17, 0, 0 };
	static const uint8_t psk[32] = { 1, 2, 3 };
	char want[2048], got[2048];

	(void)state;
	scenario(1, SIZE_MAX, NULL, want, sizeof(want));
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		scenario(1 + i, cuts[i], psk, got, sizeof(got));
		assert_string_equal(got, want);
	}
}

/* Another key or none, on either side: noise, and an end at once. */
static void
test_private_network_keeps_out(void **state)
{
	static const uint8_t keys[2][32] = { { 1 }, { 2 } };
	static const struct {
		const uint8_t *dialer, *listener;
	} cases[] = { { keys[0], keys[1] }, { keys[0], NULL },
		{ NULL, keys[0] } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct pair *p = pair_new(i + 1, SIZE_MAX);
		uint8_t room[512];
		struct buf b = { room, 0, sizeof(room) };
		p->end[0].cf.psk = cases[i].dialer;
		p->end[1].cf.psk = cases[i].listener;
		pair_start(p, &p->end[1].id);
		assert_int_equal(conn_send(p->end[0].c, p->t.now_ms, &b), OK);
		assert_true(b.n > 24 + 20);
		assert_int_equal(cases[i].dialer == NULL,
		    memcmp(room + 1, "/multistream", 12) == 0);
		memcpy(p->end[0].wire, room, b.n);
		p->end[0].wire_n = b.n;
		assert_int_equal(run(p), ERR_PEER);
		assert_string_equal(
		    conn_why(p->end[1].c), "not multistream-select");
		assert_false(p->end[0].secured || p->end[1].secured);
		pair_free(p);
	}
}

static void
test_idle_costs_little(void **state)
{
	struct pair *p = pair_new(5, SIZE_MAX);

	(void)state;
	pair_start(p, &p->end[1].id);
	assert_int_equal(run(p), OK);
	const size_t bare = conn_memory(p->end[0].c);
	/* gossip keeps a stream in each direction */
	(void)open_stream(&p->end[0], SINK, 4000);
	(void)open_stream(&p->end[1], SINK, 4000);
	uint32_t id = 0;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(
		    conn_stream_open(p->end[i].c, SINK, 1000, &id), OK);
	assert_int_equal(run(p), OK);
	for (size_t i = 0; i < 2; i++)
		print_message("idle, secured: %zu bytes; with streams: %zu\n",
		    bare, conn_memory(p->end[i].c));
	assert_true(bare < 1536);
	assert_true(conn_memory(p->end[0].c) < 4096);
	assert_true(conn_memory(p->end[1].c) < 4096);
	pair_free(p);
}

static void
test_slow_reader_of_8_mib(void **state)
{
	struct pair *p = pair_new(6, 30000);
	const uint64_t total = 8 << 20;

	(void)state;
	p->end[1].slow = true;
	p->end[1].cf.limits.memory_bytes = 1 << 20;
	pair_start(p, NULL);
	assert_int_equal(run(p), OK);
	const uint32_t id = open_stream(&p->end[0], SINK, total);
	size_t most = 0;
	while (p->end[1].bytes[id] < total) {
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(turn(p, i), OK);
			most = MAX(most, conn_memory(p->end[1].c));
		}
		for (int i = 0; i < 8; i++)
			read_some(&p->end[1], id, false);
	}
	print_message("slow reader: %zu bytes at most\n", most);
	assert_true(most < (1 << 20));
	assert_int_equal(run(p), OK);
	assert_string_equal(p->end[1].log[id], "open0 end ");
	pair_free(p);

	/* and there and back again */
	p = pair_new(7, 30000);
	pair_start(p, NULL);
	assert_int_equal(run(p), OK);
	const uint32_t echo = open_stream(&p->end[0], ECHO, total);
	assert_int_equal(run(p), OK);
	assert_int_equal(p->end[0].bytes[echo], total);
	assert_int_equal(p->end[0].hash[echo], p->end[1].hash[echo]);
	assert_string_equal(p->end[0].log[echo], "ready end closed ");
	assert_true(p->t.peak < 2 * conn_limits_default().memory_bytes);
	pair_free(p);
}

static void
test_another_peer_than_expected(void **state)
{
	struct pair *p = pair_new(8, 0);

	(void)state;
	pair_start(p, &p->end[0].id);
	assert_int_equal(run(p), ERR_AUTH);
	assert_string_equal(
	    conn_why(p->end[0].c), "another peer than expected");
	assert_null(conn_peer(p->end[0].c));
	assert_false(p->end[0].secured || p->end[1].secured);
	pair_free(p);
}

/* A conn, and a raw peer that was through the handshake with it. */
struct raw {
	struct pair p; /* end 0 is the conn's side */
	struct raw_peer peer;
};

static struct raw *
raw_new(bool conn_dials, bool handshake)
{
	struct raw *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	test_env_init(&r->p.t, 9);
	end_init(&r->p, 0);
	end_init(&r->p, 1);
	struct end *e = &r->p.end[0];
	e->cf.limits.events_max = 2;
	raw_peer_init(&r->peer, &r->p.t, !conn_dials, r->p.end[1].secret);
	e->c = conn_new(&e->cf, &r->p.t.mem, conn_dials, NULL, r->p.t.now_ms);
	assert_non_null(e->c);
	if (handshake)
		raw_peer_handshake(&r->peer, e->c, &r->p.t);
	return r;
}

static void
raw_free(struct raw *r)
{
	conn_free(r->p.end[0].c);
	test_env_check(&r->p.t);
	free(r);
}

static err
say(struct raw *r, struct slice plain)
{
	return raw_peer_say(&r->peer, r->p.end[0].c, &r->p.t, plain);
}

static void
test_garbage_in_the_clear(void **state)
{
	static const struct {
		const char *name;
		const char *bytes;
		size_t n;
		bool dialer;
		err want;
		const char *why;
	} cases[] = {
		{ "HTTP",
		    "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aaaaaaaaaaaaaaaaaaaaaaaa",
		    78, false, ERR_PEER, "not multistream-select" },
		{ "zeros", "\0\0\0\0", 4, true, ERR_PEER,
		    "not multistream-select" },
		{ "na to noise", HEADER "\x03na\n", 24, true, ERR_PEER,
		    "the peer does not speak /noise" },
		{ "short noise",
		    HEADER "\x07/noise\n\0\x04"
			   "abcd",
		    34, false, ERR_PEER, "noise: bad handshake message" },
		{ "empty noise", HEADER "\x07/noise\n\0\0", 30, true, ERR_PEER,
		    "noise: bad handshake message" },
		{ "long noise", HEADER "\x07/noise\n\xff\xff", 30, false,
		    ERR_PEER, "noise: handshake message too long" },
		{ "half a message", HEADER "\x07/noise\n\x01\x00", 30, false,
		    OK, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct raw *r = raw_new(cases[i].dialer, false);
		struct conn *c = r->p.end[0].c;
		err e = raw_peer_give(
		    c, &r->p.t, slice_of(cases[i].bytes, cases[i].n));
		if (e != cases[i].want)
			fail_msg("%s: %s", cases[i].name, err_name(e));
		assert_string_equal(conn_why(c), cases[i].why);
		/* what comes next cannot make it better */
		const uint64_t at = conn_expiry(c);
		assert_true((at == UINT64_MAX) == (e != OK));
		if (e == OK) {
			assert_int_equal(conn_on_time(c, at - 1), OK);
			assert_int_equal(conn_on_time(c, at), ERR_LIMIT);
			assert_string_equal(conn_why(c), "handshake timed out");
		}
		assert_int_equal(raw_peer_give(c, &r->p.t, slice_str("x")),
		    cases[i].want == OK ? ERR_LIMIT : cases[i].want);
		raw_free(r);
	}
}

/* Each message of the handshake, with each byte wrong. */
static void
test_forged_handshake(void **state)
{
	size_t noticed = 0;

	(void)state;
	for (int dialer = 0; dialer < 2; dialer++)
		for (size_t at = 0; at < 320; at += 7) {
			struct pair *p = pair_new(at, SIZE_MAX);
			err e = OK;
			bool forged = false;
			pair_start(p, NULL);
			for (int i = 0; i < 6 && e == OK; i++) {
				struct end *from = &p->end[i & 1];
				struct buf b = { from->wire, from->wire_n,
					sizeof(from->wire) };
				assert_int_equal(
				    conn_send(from->c, 1000, &b), OK);
				from->wire_n = b.n;
				if ((i & 1) == dialer && i >= 1 && b.n > at) {
					from->wire[at] ^= 4;
					forged = true;
				}
				e = turn(p, (size_t)(i & 1));
			}
			/* a wrong length may leave it waiting */
			struct end *victim = &p->end[1 - dialer];
			if (e == OK && !victim->secured)
				e = conn_on_time(victim->c, 100000);
			assert_true(e == OK || e == ERR_AUTH || e == ERR_PEER ||
				    e == ERR_LIMIT);
			assert_int_equal(e != OK, forged);
			noticed += e != OK;
			pair_free(p);
		}
	assert_true(noticed > 50);
}

static void
test_forged_transport(void **state)
{
	static const struct {
		uint8_t bytes[20];
		const char *why;
	} cases[] = {
		{ { 0, 17, 1, 2, 3 }, "noise: forged message" },
		{ { 0, 16, 1, 2, 3 }, "noise: forged message" },
		{ { 0, 15, 1, 2, 3 }, "noise: message without tag" },
		{ { 0, 0 }, "noise: message without tag" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct raw *r = raw_new(i % 2 == 0, true);
		struct conn *c = r->p.end[0].c;
		assert_int_equal(
		    raw_peer_give(c, &r->p.t, slice_of(cases[i].bytes, 20)),
		    ERR_AUTH);
		assert_string_equal(conn_why(c), cases[i].why);
		raw_free(r);
	}
}

static const uint8_t ping[12] = { 0, 2, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4 };

static void
test_frames_of_every_size(void **state)
{
	static uint8_t big[NOISE_PLAIN_MAX];
	struct raw *r = raw_new(false, true);
	struct conn *c = r->p.end[0].c;
	static const uint8_t syn[12] = { 0, 1, 0, 1, 0, 0, 0, 1 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(say(r, slice_of(NULL, 0)), OK);
	for (size_t i = 0; i < 12; i++)
		assert_int_equal(say(r, slice_of(ping + i, 1)), OK);
	assert_int_equal(say(r, slice_of(syn, 12)), OK);
	/* as large as can be: a drained body and a ping behind it */
	const uint32_t body = NOISE_PLAIN_MAX - 24;
	put_u32be(big + 4, 99);
	put_u32be(big + 8, body);
	memcpy(big + 12 + body, ping, 12);
	assert_int_equal(say(r, slice_of(big, sizeof(big))), OK);
	raw_peer_pull(&r->peer, c, &r->p.t);
	raw_peer_open(&r->peer);
	assert_int_equal(r->peer.plain_n, 36);
	assert_int_equal(r->peer.plain[3], 2); /* pongs first */
	assert_memory_equal(r->peer.plain + 8, ping + 8, 4);
	assert_memory_equal(r->peer.plain + 20, ping + 8, 4);
	raw_free(r);
}

static void
test_bad_frames_end_it(void **state)
{
	static const uint8_t bad[12] = { 1 };
	static const uint8_t bye[12] = { 0, 3 };
	struct raw *r = raw_new(true, true);
	struct conn *c = r->p.end[0].c;
	struct slice none = { NULL, 0 };
	uint32_t id = 0;

	(void)state;
	raw_peer_pull(&r->peer, c, &r->p.t);
	raw_peer_open(&r->peer);
	r->peer.plain_n = 0;
	assert_int_equal(say(r, slice_of(bad, 12)), ERR_PEER);
	assert_string_equal(conn_why(c), "yamux: not a frame");
	assert_true(conn_pending(c));
	raw_peer_pull(&r->peer, c, &r->p.t);
	raw_peer_open(&r->peer);
	assert_int_equal(r->peer.plain_n, 12);
	assert_int_equal(r->peer.plain[1], 3);  /* GoAway */
	assert_int_equal(r->peer.plain[11], 1); /* protocol error */
	assert_int_equal(conn_recv(c, 1000, &none), ERR_PEER);
	assert_int_equal(conn_stream_open(c, ECHO, 1000, &id), ERR_CLOSED);
	raw_free(r);

	r = raw_new(true, true);
	assert_int_equal(say(r, slice_of(bye, 12)), ERR_CLOSED);
	assert_string_equal(conn_why(r->p.end[0].c), "the peer said goodbye");
	raw_free(r);

	/* a flood of pings that reads nothing */
	r = raw_new(true, true);
	err e = OK;
	size_t n = 0;
	while (e == OK && n++ < 5000)
		e = say(r, slice_of(ping, 12));
	assert_int_equal(e, ERR_LIMIT);
	assert_true(n < 500);
	assert_true(conn_memory(r->p.end[0].c) < 16384);
	raw_free(r);
}

/* Peers without the early choice (rust) negotiate the muxer in Noise. */
static void
test_muxer_is_negotiated(void **state)
{
	(void)state;
	for (int dials = 0; dials < 2; dials++) {
		struct raw *r = raw_new(dials, false);
		struct conn *c = r->p.end[0].c;
		const char *text = HEADER "\x0d/yamux/1.0.0\n";
		r->peer.no_muxers = true;
		raw_peer_handshake(&r->peer, c, &r->p.t);
		for (size_t i = 0; i < strlen(text); i++)
			assert_int_equal(say(r, slice_of(text + i, 1)), OK);
		assert_int_equal(say(r, slice_of(ping, 12)), OK);
		raw_peer_pull(&r->peer, c, &r->p.t);
		raw_peer_open(&r->peer);
		assert_int_equal(r->peer.plain_n, strlen(text) + 12);
		assert_memory_equal(r->peer.plain, text, strlen(text));
		raw_free(r);

		r = raw_new(dials, false);
		c = r->p.end[0].c;
		r->peer.no_muxers = true;
		raw_peer_handshake(&r->peer, c, &r->p.t);
		assert_int_equal(say(r, slice_str(HEADER "\x03na\n"
							 "\x02")),
		    dials ? ERR_PEER : OK);
		if (dials)
			assert_string_equal(conn_why(c),
			    "the peer does not speak /yamux/1.0.0");
		raw_free(r);
	}
}

static void
test_keep_alive(void **state)
{
	struct pair *p = pair_new(10, SIZE_MAX);
	struct conn *c = NULL;

	(void)state;
	pair_start(p, NULL);
	assert_int_equal(run(p), OK);
	c = p->end[0].c;
	assert_int_equal(conn_rtt_ms(c), UINT32_MAX);
	assert_int_equal(conn_expiry(c), 31000);
	p->t.now_ms = 30999;
	assert_int_equal(conn_on_time(c, 30999), OK);
	assert_false(conn_pending(c));
	p->t.now_ms = 31000;
	assert_int_equal(conn_on_time(c, 31000), OK);
	assert_true(conn_pending(c));
	assert_int_equal(turn(p, 0), OK);
	p->t.now_ms = 31040;
	assert_int_equal(run(p), OK);
	assert_int_equal(conn_rtt_ms(c), 40);
	assert_int_equal(conn_expiry(c), 61040);
	/* and now nobody is there */
	p->t.now_ms = 61040;
	assert_int_equal(conn_on_time(c, 61040), OK);
	assert_int_equal(conn_expiry(c), 71040);
	assert_int_equal(conn_on_time(c, 71039), OK);
	assert_int_equal(conn_on_time(c, 71040), ERR_LIMIT);
	assert_string_equal(conn_why(c), "keep-alive unanswered");
	assert_int_equal(conn_expiry(c), UINT64_MAX);
	pair_free(p);
}

static void
test_negotiation_times_out(void **state)
{
	static const uint8_t syn[12] = { 0, 1, 0, 1, 0, 0, 0, 1 };
	struct raw *r = raw_new(false, true);
	struct conn *c = r->p.end[0].c;
	struct conn_event ev;
	uint32_t id = 0;
	size_t taken = 0;

	(void)state;
	assert_int_equal(say(r, slice_of(syn, 12)), OK);
	assert_int_equal(conn_stream_open(c, ECHO, 1000, &id), OK);
	assert_int_equal(conn_stream_write(c, id, slice_str("x"), &taken), OK);
	assert_int_equal(conn_expiry(c), 11000);
	assert_int_equal(conn_on_time(c, 10999), OK);
	assert_false(conn_next(c, &ev));
	assert_int_equal(conn_on_time(c, 11000), OK);
	assert_true(conn_next(c, &ev));
	assert_int_equal(ev.type, CONN_STREAM_CLOSED);
	assert_int_equal(ev.stream, id);
	assert_false(conn_next(c, &ev));
	assert_int_equal(
	    conn_stream_write(c, id, slice_str("x"), &taken), ERR_NOTFOUND);
	raw_free(r);
}

/* Five streams in one frame, room for the events of two. */
static void
test_events_hold_back_input(void **state)
{
	static const char hello[] = HEADER "\x08" ECHO "\n"
					   "data";
	const size_t hello_n = sizeof(hello) - 1;
	struct raw *r = raw_new(false, true);
	struct conn *c = r->p.end[0].c;
	uint8_t frame[1024];
	struct buf b = { frame, 0, sizeof(frame) };
	struct conn_event ev;
	size_t opened = 0, data = 0;

	(void)state;
	for (uint8_t i = 0; i < 5; i++) {
		const uint8_t head[12] = { 0, 0, 0, 1, 0, 0, 0,
			(uint8_t)(2 * i + 1), 0, 0, 0, (uint8_t)hello_n };
		assert_int_equal(buf_put(&b, head, 12), OK);
		assert_int_equal(buf_put(&b, hello, hello_n), OK);
	}
	/* the last is a broken frame, noticed when its turn comes */
	assert_int_equal(buf_put(&b, "\xff...........", 12), OK);
	assert_int_equal(say(r, buf_slice(&b)), OK);
	while (conn_next(c, &ev)) {
		opened += ev.type == CONN_STREAM_OPENED;
		data += ev.type == CONN_STREAM_DATA;
		assert_true(ev.type != CONN_STREAM_OPENED || ev.protocol == 1);
		assert_true(
		    slice_eq_str(conn_stream_read(c, ev.stream), "data"));
	}
	assert_int_equal(opened, 5);
	assert_int_equal(data, 5);
	assert_int_equal(conn_expiry(c), 1000); /* it has something to say */
	assert_int_equal(conn_on_time(c, 1000), ERR_PEER);
	raw_free(r);
}

static void
test_resets_and_goodbye(void **state)
{
	struct pair *p = pair_new(11, SIZE_MAX);
	uint32_t id = 0;

	(void)state;
	pair_start(p, NULL);
	assert_int_equal(
	    conn_stream_open(p->end[0].c, ECHO, 1000, &id), ERR_CLOSED);
	assert_int_equal(run(p), OK);
	const uint32_t a = open_stream(&p->end[0], SINK, 100);
	assert_int_equal(run(p), OK);
	conn_stream_reset(p->end[0].c, a);
	conn_stream_reset(p->end[0].c, a); /* twice is harmless */
	assert_int_equal(run(p), OK);
	assert_string_equal(p->end[0].log[a], "ready ");
	assert_string_equal(p->end[1].log[a], "open0 end closed ");
	(void)open_stream(&p->end[0], SINK, 77);
	conn_close(p->end[0].c, 1000);
	assert_int_equal(
	    conn_stream_open(p->end[0].c, ECHO, 1000, &id), ERR_CLOSED);
	assert_int_equal(run(p), ERR_CLOSED);
	assert_string_equal(conn_why(p->end[1].c), "the peer said goodbye");
	assert_int_equal(p->end[1].bytes[a + 2], 77); /* it came before */
	pair_free(p);
}

static void
test_small_budgets(void **state)
{
	struct pair *p = pair_new(12, SIZE_MAX);
	struct end *e = &p->end[0];

	(void)state;
	/* any budget gives a conn that works, fails cleanly, or none */
	for (size_t cap = 100; cap < 6000; cap += 61) {
		struct conn_event ev;
		e->cf.limits.memory_bytes = cap;
		struct conn *c = conn_new(&e->cf, &p->t.mem, true, NULL, 1000);
		if (c == NULL)
			continue;
		struct slice in = slice_str(HEADER "\x07/noise\n");
		struct slice more = slice_of(e->wire, 4000);
		e->wire[0] = 0x10;
		if (conn_recv(c, 1000, &in) == OK) {
			const err got = conn_recv(c, 1000, &more);
			assert_true(got == OK || got == ERR_LIMIT);
		}
		assert_true(conn_memory(c) <= cap);
		assert_false(conn_next(c, &ev));
		conn_free(c);
	}
	p->end[0].c = p->end[1].c = NULL;
	pair_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_split_gives_the_same),
		cmocka_unit_test(test_private_network),
		cmocka_unit_test(test_private_network_keeps_out),
		cmocka_unit_test(test_idle_costs_little),
		cmocka_unit_test(test_slow_reader_of_8_mib),
		cmocka_unit_test(test_another_peer_than_expected),
		cmocka_unit_test(test_garbage_in_the_clear),
		cmocka_unit_test(test_forged_handshake),
		cmocka_unit_test(test_forged_transport),
		cmocka_unit_test(test_frames_of_every_size),
		cmocka_unit_test(test_bad_frames_end_it),
		cmocka_unit_test(test_muxer_is_negotiated),
		cmocka_unit_test(test_keep_alive),
		cmocka_unit_test(test_negotiation_times_out),
		cmocka_unit_test(test_events_hold_back_input),
		cmocka_unit_test(test_resets_and_goodbye),
		cmocka_unit_test(test_small_budgets),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
