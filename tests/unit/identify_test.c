#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/base/varint.h"
#include "proto/libp2p/identify.h"
#include "proto/libp2p/ping.h"
#include "tests/unit/test_env.h"

/* Reads a whole stream, cut at ${cut}; the error it ends with. */
static err
read_all(struct test_env *t, struct slice in, size_t cut, struct identify *last,
    unsigned *messages, bool *at_end)
{
	struct identify_reader r;
	err e = ERR_MORE;

	*messages = 0;
	identify_reader_init(&r, &t->mem);
	while (in.n > 0 && (e == OK || e == ERR_MORE)) {
		struct slice part = slice_of(in.p, MIN(in.n, cut));
		const size_t n = part.n;
		e = identify_recv(&r, &part, last);
		*messages += e == OK;
		slice_skip(&in, n - part.n);
	}
	*at_end = identify_at_end(&r);
	/* Sizes alone are looked at after this: the bytes are gone. */
	identify_reader_fini(&r);
	return e;
}

static void
test_round_trip(void **state)
{
	uint8_t raw[IDENTIFY_SEND_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	struct identify m = { .public_key = slice_str("key"),
		.agent = slice_str("agent/1"),
		.protocol_version = slice_str("v"),
		.observed = slice_str("seen"),
		.addrs_n = 2,
		.protocols_n = 3,
		.addrs = { slice_str("a1"), slice_str("a22") },
		.protocols = { slice_str("/p/1"), slice_str("/p/22"),
		    slice_str("/p/333") } };
	struct test_env t;

	(void)state;
	test_env_init(&t, 1);
	assert_int_equal(identify_put(&out, &m), OK);
	for (size_t cut = 1; cut <= out.n; cut++) {
		struct identify_reader r;
		struct identify got;
		struct slice in = buf_slice(&out);
		err e = ERR_MORE;
		identify_reader_init(&r, &t.mem);
		while (in.n > 0) {
			struct slice part = slice_of(in.p, MIN(in.n, cut));
			const size_t n = part.n;
			assert_int_equal(e, ERR_MORE);
			e = identify_recv(&r, &part, &got);
			slice_skip(&in, n - part.n);
		}
		assert_int_equal(e, OK);
		assert_true(slice_eq(got.public_key, m.public_key));
		assert_true(slice_eq(got.agent, m.agent));
		assert_true(slice_eq(got.observed, m.observed));
		assert_true(slice_eq(got.protocol_version, m.protocol_version));
		assert_int_equal(got.addrs_n, 2);
		assert_true(slice_eq(got.addrs[1], m.addrs[1]));
		assert_int_equal(got.protocols_n, 3);
		assert_true(slice_eq(got.protocols[2], m.protocols[2]));
		assert_true(identify_at_end(&r));
		identify_reader_fini(&r);
		test_env_check(&t);
	}
}

/* Bytes as the spec has them: tag order, field 8 skipped, absent is NULL. */
static void
test_wire_form(void **state)
{
	static const uint8_t wire[] = { 18, 0x12, 2, 'x', 'y', 0x1a, 3, '/',
		'a', '/', 0x42, 2, 9, 9, 0x32, 3, 'a', 'g', 't' };
	struct test_env t;
	struct identify_reader r;
	struct identify got;
	struct slice in = slice_of(wire, sizeof(wire));

	(void)state;
	test_env_init(&t, 1);
	identify_reader_init(&r, &t.mem);
	assert_int_equal(identify_recv(&r, &in, &got), OK);
	assert_null(got.public_key.p);
	assert_null(got.observed.p);
	assert_true(slice_eq_str(got.agent, "agt"));
	assert_int_equal(got.addrs_n, 1);
	assert_true(slice_eq_str(got.addrs[0], "xy"));
	assert_true(slice_eq_str(got.protocols[0], "/a/"));
	identify_reader_fini(&r);
	test_env_check(&t);
}

static void
test_bounds(void **state)
{
	static uint8_t big[IDENTIFY_MESSAGE_MAX + 16];
	uint8_t many[IDENTIFY_MESSAGES_MAX + 1] = { 0 };
	struct test_env t;
	struct identify last;
	unsigned n = 0;
	bool end = false;

	(void)state;
	test_env_init(&t, 1);
	/* Ten messages, not eleven. */
	assert_int_equal(read_all(&t, slice_of(many, IDENTIFY_MESSAGES_MAX), 3,
			     &last, &n, &end),
	    OK);
	assert_int_equal(n, IDENTIFY_MESSAGES_MAX);
	assert_true(end);
	assert_int_equal(
	    read_all(&t, slice_of(many, sizeof(many)), 3, &last, &n, &end),
	    ERR_LIMIT);
	/* A length over the maximum is refused by its head alone. */
	struct buf b = { big, 0, sizeof(big) };
	assert_int_equal(varint_put(&b, IDENTIFY_MESSAGE_MAX + 1), OK);
	assert_int_equal(
	    read_all(&t, buf_slice(&b), 1, &last, &n, &end), ERR_LIMIT);
	/* The longest there may be, all empty protocols: cut, not grown. */
	b.n = 0;
	assert_int_equal(varint_put(&b, IDENTIFY_MESSAGE_MAX), OK);
	for (unsigned i = 0; i < IDENTIFY_MESSAGE_MAX / 2; i++) {
		big[b.n++] = 0x1a;
		big[b.n++] = 0;
	}
	const err e = read_all(&t, buf_slice(&b), 1000, &last, &n, &end);
	assert_true(e == ERR_LIMIT ||
		    (e == OK && last.protocols_n == IDENTIFY_PROTOCOLS_MAX));
	assert_true(t.peak < 128 << 10);
	/* Cut short: the stream may not end here. */
	b.n = 100;
	assert_int_equal(
	    read_all(&t, buf_slice(&b), 7, &last, &n, &end), ERR_MORE);
	assert_false(end);
	/* Malformed. */
	static const uint8_t bad[] = { 2, 0x1a, 9 };
	assert_int_equal(
	    read_all(&t, slice_of(bad, 3), 3, &last, &n, &end), ERR_PEER);
	test_env_check(&t);
}

/* Addresses are left out before we exceed what the strictest peer takes. */
static void
test_send_limit(void **state)
{
	static uint8_t long_addr[400];
	uint8_t raw[IDENTIFY_SEND_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	struct identify m = { .agent = slice_str("x"),
		.addrs_n = IDENTIFY_ADDRS_MAX };
	struct test_env t;
	struct identify last;
	unsigned n = 0;
	bool end = false;

	(void)state;
	test_env_init(&t, 1);
	for (unsigned i = 0; i < IDENTIFY_ADDRS_MAX; i++)
		m.addrs[i] = slice_of(long_addr, sizeof(long_addr));
	assert_int_equal(identify_put(&out, &m), OK);
	assert_in_range(out.n, 3600, IDENTIFY_SEND_MAX);
	assert_int_equal(
	    read_all(&t, buf_slice(&out), 999, &last, &n, &end), OK);
	assert_int_equal(last.addrs_n, 10);
	struct buf small = { raw, 0, 10 };
	assert_int_equal(identify_put(&small, &m), ERR_MORE);
	assert_int_equal(small.n, 0);
	test_env_check(&t);
}

static void
test_ping_bytes(void **state)
{
	struct test_env t;
	struct ping p;
	uint32_t rtt = 0;

	(void)state;
	test_env_init(&t, 1);
	ping_start(&p, &t.env, 1000);
	struct slice in = slice_of(p.bytes, 20);
	assert_int_equal(ping_recv(&p, 1010, &in, &rtt), ERR_MORE);
	in = slice_of(p.bytes + 20, 12);
	assert_int_equal(ping_recv(&p, 1042, &in, &rtt), OK);
	assert_int_equal(rtt, 42);
	ping_start(&p, &t.env, 1000);
	uint8_t wrong[PING_BYTES];
	memcpy(wrong, p.bytes, sizeof(wrong));
	wrong[31] ^= 1;
	in = slice_of(wrong, sizeof(wrong));
	assert_int_equal(ping_recv(&p, 1042, &in, &rtt), ERR_PEER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_wire_form),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_send_limit),
		cmocka_unit_test(test_ping_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
