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
scenario(uint64_t seed, size_t cut, char *out, size_t cap)
{
	struct pair *p = pair_new(seed, cut);
	size_t n = 0;

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
	scenario(1, SIZE_MAX, want, sizeof(want));
	if (getenv("LOUD") != NULL)
		puts(want);
	assert_non_null(strstr(want, "0/1 ready end closed 20000 "));
	assert_non_null(strstr(want, "0/3 refused 0 0"));
	assert_non_null(strstr(want, "1/1 open1 end closed 20000 "));
	assert_non_null(strstr(want, "0/2 open0 end 5000 "));
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		scenario(1 + i, cuts[i], got, sizeof(got));
		assert_string_equal(got, want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_split_gives_the_same),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
