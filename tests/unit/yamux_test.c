#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/libp2p/yamux.h"
#include "tests/unit/test_env.h"

/* One session, spoken to by hand. */
struct world {
	struct test_env t;
	struct yamux y;
	uint8_t out[1 << 20];
	size_t n;  /* bytes in out */
	size_t at; /* how many of them were looked at */
};

static struct world *
world_new(bool dialer, uint32_t streams_max)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	test_env_init(&w->t, 1);
	yamux_init(&w->y, &(struct yamux_config){ .mem = &w->t.mem,
			      .dialer = dialer,
			      .streams_max = streams_max,
			      .window = YAMUX_WINDOW,
			      .tx_max = 1 << 18,
			      .events_max = 64 });
	return w;
}

static void
world_free(struct world *w)
{
	yamux_fini(&w->y);
	test_env_check(&w->t);
	free(w);
}

static err
say(struct world *w, enum yamux_type type, uint16_t flags, uint32_t stream,
    uint32_t length, const void *body)
{
	uint8_t head[YAMUX_HEAD];
	struct slice in = slice_of(head, sizeof(head));

	yamux_frame_put(
	    head, &(struct yamux_frame){ type, flags, stream, length });
	err e = yamux_recv(&w->y, w->t.now_ms, &in);
	if (e == OK && body != NULL) {
		in = slice_of(body, length);
		e = yamux_recv(&w->y, w->t.now_ms, &in);
	}
	return e;
}

/* The next frame that the session sends; the body is skipped. */
static bool
hear(struct world *w, struct yamux_frame *f)
{
	if (w->at == w->n) {
		struct buf b = { w->out, 0, sizeof(w->out) };
		yamux_send(&w->y, &b);
		w->n = b.n;
		w->at = 0;
	}
	if (yamux_frame_get(slice_of(w->out + w->at, w->n - w->at), f) != OK)
		return false;
	w->at += YAMUX_HEAD + (f->type == YAMUX_DATA ? f->length : 0);
	assert_true(w->at <= w->n);
	return true;
}

#define HEAR(w, t, fl, s, l)                                                   \
	do {                                                                   \
		struct yamux_frame f_;                                         \
		assert_true(hear(w, &f_));                                     \
		assert_int_equal(f_.type, t);                                  \
		assert_int_equal(f_.flags, fl);                                \
		assert_int_equal(f_.stream, s);                                \
		assert_int_equal(f_.length, l);                                \
	} while (0)
#define SILENCE(w)                                                             \
	do {                                                                   \
		struct yamux_frame f_;                                         \
		assert_false(hear(w, &f_));                                    \
		assert_false(yamux_pending(&(w)->y));                          \
	} while (0)

static struct yamux_stream *
expect_event(struct world *w, enum yamux_event_type type)
{
	struct yamux_event ev;

	assert_true(yamux_next(&w->y, &ev));
	assert_int_equal(ev.type, type);
	return ev.stream;
}

static void
no_event(struct world *w)
{
	struct yamux_event ev;

	assert_false(yamux_next(&w->y, &ev));
}

static const uint8_t zeros[1 << 18];

static void
test_open_talk_close(void **state)
{
	struct world *w = world_new(true, 16);
	struct yamux_stream *s = NULL;
	size_t taken = 0;

	(void)state;
	assert_int_equal(yamux_open(&w->y, &s), OK);
	assert_int_equal(s->id, 1);
	assert_int_equal(yamux_write(&w->y, s, slice_str("hello"), &taken), OK);
	assert_int_equal(taken, 5);
	HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0);
	HEAR(w, YAMUX_DATA, 0, 1, 5);
	SILENCE(w);
	/* the acknowledgement comes with the first data, FIN with it */
	assert_int_equal(
	    say(w, YAMUX_DATA, YAMUX_ACK | YAMUX_FIN, 1, 3, "abc"), OK);
	assert_ptr_equal(expect_event(w, YAMUX_READABLE), s);
	assert_ptr_equal(expect_event(w, YAMUX_END), s);
	assert_true(slice_eq_str(queue_peek(&s->rx), "abc"));
	yamux_close(&w->y, s);
	assert_int_equal(
	    yamux_write(&w->y, s, slice_str("x"), &taken), ERR_CLOSED);
	HEAR(w, YAMUX_DATA, YAMUX_FIN, 1, 0);
	no_event(w); /* not before all is read */
	yamux_consume(&w->y, s, 3);
	assert_ptr_equal(expect_event(w, YAMUX_CLOSED), s);
	yamux_drop(&w->y, s);
	SILENCE(w);
	assert_int_equal(w->y.streams_n, 0);
	world_free(w);
}

/* Who opens, on which frame type, and how it ends: all honoured. */
static void
test_flags_on_either_type(void **state)
{
	static const enum yamux_type types[] = { YAMUX_DATA,
		YAMUX_WINDOW_UPDATE };

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct world *w = world_new(false, 16);
		const enum yamux_type syn = types[i & 1],
				      fin = types[i >> 1 & 1];
		const bool reset = (i & 4) != 0;
		assert_int_equal(say(w, syn, YAMUX_SYN, 1, 0, NULL), OK);
		struct yamux_stream *s = expect_event(w, YAMUX_OPENED);
		HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
		assert_int_equal(
		    say(w, fin, reset ? YAMUX_RST : YAMUX_FIN, 1,
			reset && fin == YAMUX_WINDOW_UPDATE ? 7 : 0, NULL),
		    OK);
		assert_ptr_equal(
		    expect_event(w, reset ? YAMUX_CLOSED : YAMUX_END), s);
		no_event(w);
		yamux_drop(&w->y, s);
		if (!reset)
			HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, 0);
		SILENCE(w);
		world_free(w);
	}
}

static void
test_strangers_are_harmless(void **state)
{
	struct world *w = world_new(false, 16);

	(void)state;
	assert_int_equal(
	    say(w, YAMUX_DATA, 0, 9, 70000, zeros), OK); /* drained */
	assert_int_equal(say(w, YAMUX_DATA, YAMUX_FIN, 9, 3, "abc"), OK);
	assert_int_equal(say(w, YAMUX_WINDOW_UPDATE, 0, 9, 5, NULL), OK);
	assert_int_equal(
	    say(w, YAMUX_WINDOW_UPDATE, YAMUX_RST, 2, 5, NULL), OK);
	assert_int_equal(say(w, YAMUX_PING, YAMUX_ACK, 0, 77, NULL), OK);
	no_event(w);
	SILENCE(w);
	/* opened and reset before anybody looked: never happened */
	assert_int_equal(
	    say(w, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 11, 0, NULL), OK);
	assert_int_equal(say(w, YAMUX_DATA, YAMUX_RST, 11, 0, NULL), OK);
	no_event(w);
	SILENCE(w);
	assert_int_equal(w->y.streams_n, 0);
	world_free(w);
}

static void
test_broken_peers(void **state)
{
	static const struct {
		const char *name;
		enum yamux_type type;
		uint16_t flags;
		uint32_t stream, length;
		const char *why;
	} cases[] = {
		{ "data on stream 0", YAMUX_DATA, 0, 0, 1,
		    "yamux: data on the session" },
		{ "opened twice", YAMUX_DATA, YAMUX_SYN, 1, 0,
		    "yamux: stream opened twice" },
		{ "id of our side", YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0,
		    "yamux: stream id of our side" },
		{ "one byte over the window", YAMUX_DATA, 0, 1,
		    YAMUX_WINDOW + 1, "yamux: window exceeded" },
		{ "over the window at once", YAMUX_DATA, YAMUX_SYN, 3,
		    UINT32_MAX, "yamux: window exceeded" },
		{ "endless frame for nobody", YAMUX_DATA, 0, 99, 1 << 21,
		    "yamux: frame too long" },
		{ "type 4", (enum yamux_type)4, 0, 0, 0, "yamux: not a frame" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct world *w = world_new(false, 16);
		assert_int_equal(
		    say(w, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, NULL), OK);
		(void)expect_event(w, YAMUX_OPENED);
		HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
		const err e = say(w, cases[i].type, cases[i].flags,
		    cases[i].stream, cases[i].length, NULL);
		if (e != ERR_PEER)
			fail_msg("%s: %s", cases[i].name, err_name(e));
		assert_string_equal(w->y.why, cases[i].why);
		HEAR(w, YAMUX_GOAWAY, 0, 0, YAMUX_PROTOCOL_ERROR);
		SILENCE(w);
		assert_int_equal(
		    say(w, YAMUX_PING, YAMUX_SYN, 0, 1, NULL), ERR_PEER);
		world_free(w);
	}
}

static void
test_receive_window(void **state)
{
	struct world *w = world_new(false, 16);

	(void)state;
	assert_int_equal(
	    say(w, YAMUX_DATA, YAMUX_SYN, 1, YAMUX_WINDOW, zeros), OK);
	struct yamux_stream *s = expect_event(w, YAMUX_OPENED);
	(void)expect_event(w, YAMUX_READABLE);
	HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
	assert_int_equal(s->rx.n, YAMUX_WINDOW);
	yamux_consume(&w->y, s, YAMUX_WINDOW / 2 - 1);
	SILENCE(w); /* not half of it yet */
	yamux_consume(&w->y, s, 1);
	HEAR(w, YAMUX_WINDOW_UPDATE, 0, 1, YAMUX_WINDOW / 2);
	assert_int_equal(say(w, YAMUX_DATA, 0, 1, YAMUX_WINDOW / 2, zeros), OK);
	assert_int_equal(say(w, YAMUX_DATA, 0, 1, 1, NULL), ERR_PEER);
	world_free(w);
}

/* A larger window is announced with SYN and with ACK. */
static void
test_larger_window(void **state)
{
	struct test_env t;
	struct yamux y;
	struct yamux_stream *s = NULL;
	struct yamux_frame f;
	uint8_t out[64], syn[YAMUX_HEAD];
	struct buf b = { out, 0, sizeof(out) };
	struct slice in = slice_of(syn, sizeof(syn));

	(void)state;
	test_env_init(&t, 1);
	yamux_init(&y, &(struct yamux_config){ .mem = &t.mem,
			   .dialer = true,
			   .streams_max = 4,
			   .window = 1 << 20,
			   .tx_max = 100,
			   .events_max = 4 });
	assert_int_equal(yamux_open(&y, &s), OK);
	yamux_frame_put(
	    syn, &(struct yamux_frame){ YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 5 });
	assert_int_equal(yamux_recv(&y, 1000, &in), OK);
	yamux_send(&y, &b);
	assert_int_equal(b.n, 2 * YAMUX_HEAD);
	assert_int_equal(yamux_frame_get(slice_of(out, 12), &f), OK);
	assert_int_equal(f.flags, YAMUX_SYN);
	assert_int_equal(f.length, (1 << 20) - YAMUX_WINDOW);
	assert_int_equal(yamux_frame_get(slice_of(out + 12, 12), &f), OK);
	assert_int_equal(f.flags, YAMUX_ACK);
	assert_int_equal(f.length, (1 << 20) - YAMUX_WINDOW);
	assert_int_equal(yamux_find(&y, 2)->tx_credit, YAMUX_WINDOW + 5);
	yamux_fini(&y);
	test_env_check(&t);
}

static void
test_send_window_and_turns(void **state)
{
	struct world *w = world_new(true, 16);
	struct yamux_stream *a = NULL, *b = NULL;
	struct yamux_frame f;
	size_t taken = 0, sent[2] = { 0, 0 }, lead = 0;

	(void)state;
	assert_int_equal(yamux_open(&w->y, &a), OK);
	assert_int_equal(yamux_open(&w->y, &b), OK);
	assert_int_equal(
	    yamux_write(&w->y, a, slice_of(zeros, 1 << 18), &taken), OK);
	assert_int_equal(
	    yamux_write(&w->y, b, slice_of(zeros, 100000), &taken), OK);
	/* both streams take turns by frames of at most 16 KiB */
	while (hear(w, &f)) {
		if (f.type != YAMUX_DATA)
			continue;
		assert_true(f.length <= YAMUX_FRAME_MAX);
		sent[f.stream == a->id ? 0 : 1] += f.length;
		if (sent[1] < 100000)
			lead = MAX(lead, sent[0] > sent[1] ? sent[0] - sent[1]
							   : sent[1] - sent[0]);
	}
	assert_true(lead <= YAMUX_FRAME_MAX);
	assert_int_equal(sent[0], YAMUX_WINDOW); /* and no further */
	assert_int_equal(sent[1], 100000);
	assert_int_equal(
	    yamux_write(&w->y, a, slice_of(zeros, 1 << 18), &taken), OK);
	assert_int_equal(taken, 1 << 18);
	assert_int_equal(
	    yamux_write(&w->y, a, slice_of(zeros, 10), &taken), OK);
	assert_int_equal(taken, 0);
	SILENCE(w);
	no_event(w);
	assert_int_equal(say(w, YAMUX_WINDOW_UPDATE, 0, 1, 100, NULL), OK);
	HEAR(w, YAMUX_DATA, 0, 1, 100);
	no_event(w); /* more than half full still */
	assert_int_equal(
	    say(w, YAMUX_WINDOW_UPDATE, 0, 1, UINT32_MAX, NULL), OK);
	assert_int_equal(
	    say(w, YAMUX_WINDOW_UPDATE, 0, 1, UINT32_MAX, NULL), OK);
	while (hear(w, &f))
		assert_int_equal(f.stream, 1);
	assert_ptr_equal(expect_event(w, YAMUX_WRITABLE), a);
	world_free(w);
}

static void
test_floods_are_cut(void **state)
{
	struct world *w = world_new(false, 16);
	err e = OK;
	size_t n = 0;

	(void)state;
	while (e == OK && n++ < 10000)
		e = say(w, YAMUX_PING, YAMUX_SYN, 0, (uint32_t)n, NULL);
	assert_int_equal(e, ERR_LIMIT);
	assert_string_equal(w->y.why, "yamux: replies are not read");
	assert_true(n <= YAMUX_CONTROL_MAX / YAMUX_HEAD + 1);
	world_free(w);

	/* a reader that keeps up may ping for ever, but not without pause */
	w = world_new(false, 16);
	for (n = 0; n < 3 * YAMUX_CHURN_BURST; n++) {
		w->t.now_ms += 1000 / YAMUX_CHURN_PER_S;
		assert_int_equal(
		    say(w, YAMUX_PING, YAMUX_SYN, 0, (uint32_t)n, NULL), OK);
		HEAR(w, YAMUX_PING, YAMUX_ACK, 0, (uint32_t)n);
	}
	for (n = 0, e = OK; e == OK && n < 3 * YAMUX_CHURN_BURST; n++) {
		e = say(w, YAMUX_PING, YAMUX_SYN, 0, (uint32_t)n, NULL);
		if (e == OK)
			HEAR(w, YAMUX_PING, YAMUX_ACK, 0, (uint32_t)n);
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_in_range(n, YAMUX_CHURN_BURST, YAMUX_CHURN_BURST + 2);
	assert_string_equal(w->y.why, "yamux: resets or pings without end");
	world_free(w);

	/* opened and reset at once, opened and reset at once */
	w = world_new(false, 16);
	for (n = 0, e = OK; e == OK && n < 3 * YAMUX_CHURN_BURST; n++) {
		e = say(w, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2 * (uint32_t)n + 1,
		    0, NULL);
		if (e == OK)
			e = say(w, YAMUX_WINDOW_UPDATE, YAMUX_RST,
			    2 * (uint32_t)n + 1, 0, NULL);
	}
	assert_int_equal(e, ERR_LIMIT);
	assert_in_range(n, YAMUX_CHURN_BURST, YAMUX_CHURN_BURST + 2);
	assert_true(w->y.streams_n <= 1);
	world_free(w);
}

static void
test_stream_limits(void **state)
{
	struct world *w = world_new(false, 16);
	struct yamux_stream *s = NULL;

	(void)state;
	for (uint32_t i = 0; i < 14; i++) {
		assert_int_equal(
		    say(w, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2 * i + 1, 0, NULL),
		    OK);
		(void)expect_event(w, YAMUX_OPENED);
		HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 2 * i + 1, 0);
	}
	/* the fifteenth is refused with its data: two are kept for us */
	assert_int_equal(say(w, YAMUX_DATA, YAMUX_SYN, 29, 3, "abc"), OK);
	HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_RST, 29, 0);
	no_event(w);
	assert_int_equal(yamux_open(&w->y, &s), OK);
	assert_int_equal(yamux_open(&w->y, &s), OK);
	assert_int_equal(yamux_open(&w->y, &s), ERR_LIMIT);
	world_free(w);

	/* streams of ours that nobody acknowledges */
	w = world_new(true, 1000);
	for (uint32_t i = 0; i < YAMUX_UNACKED_MAX; i++)
		assert_int_equal(yamux_open(&w->y, &s), OK);
	assert_int_equal(yamux_open(&w->y, &s), ERR_LIMIT);
	assert_int_equal(
	    say(w, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0, NULL), OK);
	assert_int_equal(yamux_open(&w->y, &s), OK);
	world_free(w);
}

static void
test_ping_and_goodbye(void **state)
{
	struct world *w = world_new(true, 16);
	struct yamux_stream *s = NULL;
	size_t taken = 0;

	(void)state;
	yamux_ping(&w->y, w->t.now_ms);
	HEAR(w, YAMUX_PING, YAMUX_SYN, 0, 1);
	w->t.now_ms += 25;
	assert_int_equal(say(w, YAMUX_PING, YAMUX_ACK, 0, 9, NULL), OK);
	assert_true(w->y.ping_out);
	assert_int_equal(say(w, YAMUX_PING, YAMUX_ACK, 0, 1, NULL), OK);
	assert_false(w->y.ping_out);
	assert_int_equal(w->y.rtt_ms, 25);

	assert_int_equal(yamux_open(&w->y, &s), OK);
	assert_int_equal(yamux_write(&w->y, s, slice_str("x"), &taken), OK);
	yamux_goaway(&w->y);
	assert_int_equal(yamux_open(&w->y, &s), ERR_CLOSED);
	HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0);
	HEAR(w, YAMUX_DATA, 0, 1, 1);
	HEAR(w, YAMUX_GOAWAY, 0, 0, YAMUX_NORMAL);
	SILENCE(w);
	/* no new streams of the peer from now on */
	assert_int_equal(
	    say(w, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, NULL), OK);
	HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_RST, 2, 0);
	assert_int_equal(say(w, YAMUX_GOAWAY, 0, 0, 0, NULL), ERR_CLOSED);
	assert_string_equal(w->y.why, "the peer said goodbye");
	world_free(w);
}

/* The budget runs out in the middle of a body: that stream alone goes. */
static void
test_out_of_memory_costs_the_stream(void **state)
{
	struct world *w = world_new(false, 16);

	(void)state;
	assert_int_equal(say(w, YAMUX_DATA, YAMUX_SYN, 1, 5, "hello"), OK);
	assert_int_equal(say(w, YAMUX_DATA, YAMUX_SYN, 3, 5, "hello"), OK);
	struct yamux_stream *a = expect_event(w, YAMUX_OPENED);
	(void)expect_event(w, YAMUX_READABLE);
	(void)expect_event(w, YAMUX_OPENED);
	(void)expect_event(w, YAMUX_READABLE);
	w->t.mem.cap = w->t.mem.used + 10000;
	assert_int_equal(say(w, YAMUX_DATA, 0, 1, 100000, zeros), OK);
	assert_ptr_equal(expect_event(w, YAMUX_CLOSED), a);
	HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, 0);
	HEAR(w, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 3, 0);
	SILENCE(w);
	world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_talk_close),
		cmocka_unit_test(test_flags_on_either_type),
		cmocka_unit_test(test_strangers_are_harmless),
		cmocka_unit_test(test_broken_peers),
		cmocka_unit_test(test_receive_window),
		cmocka_unit_test(test_larger_window),
		cmocka_unit_test(test_send_window_and_turns),
		cmocka_unit_test(test_floods_are_cut),
		cmocka_unit_test(test_stream_limits),
		cmocka_unit_test(test_ping_and_goodbye),
		cmocka_unit_test(test_out_of_memory_costs_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
