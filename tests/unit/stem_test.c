/*
 * stem: whom a record is handed to, and what happens when nobody hands it on.
 * Hosts of test_net.h in virtual time; a node that is told to spread a record
 * tells all others, as gossip would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/stem/stem.h"
#include "tests/unit/test_net.h"
#include "tests/unit/test_records.h"

#define NODES 32

static const char *const protocols[] = { STEM_PROTOCOL };

struct world_node {
	struct stem *stem;
	bool swallows; /* takes, and hands nothing on */
	unsigned spread, spread_own;
	unsigned guards;
	uint8_t last[RECORD_ID]; /* that it spread */
};

static struct {
	struct test_net net;
	struct world_node nodes[NODES];
	bool deaf; /* what is spread is not heard */
	unsigned spreads;
} world;

static uint64_t
now(void)
{
	return world.net.t.now_ms;
}

static bool
on_event(struct test_net *net, unsigned i, const struct host_event *ev)
{
	(void)net;
	return stem_event(world.nodes[i].stem, ev, now());
}

static bool
no_output(struct test_net *net, unsigned i, host_conn conn)
{
	(void)net;
	(void)i;
	(void)conn;
	return false;
}

static void
hear(const struct record *r)
{
	for (unsigned i = 0; !world.deaf && i < world.net.nodes_n; i++)
		stem_heard(world.nodes[i].stem, r->id, r->bytes);
}

static bool
on_poll(struct test_net *net, unsigned i)
{
	static uint8_t room[RECORD_SCRATCH_BYTES];
	struct world_node *n = &world.nodes[i];
	struct arena scratch = arena_of(room, sizeof(room));
	struct record_rules rules = test_rules();
	struct stem_news news;
	struct record r;
	bool any = false;

	(void)net;
	while (stem_next(n->stem, &news)) {
		any = true;
		if (news.type == STEM_NEW_GUARDS) {
			n->guards++;
			continue;
		}
		if (n->swallows && !news.own)
			continue;
		assert_int_equal(
		    record_open(news.bytes, &rules, &scratch, &r), RECORD_FINE);
		memcpy(n->last, r.id, RECORD_ID);
		n->spread++;
		n->spread_own += news.own;
		world.spreads++;
		hear(&r);
	}
	return any;
}

static void
on_time(struct test_net *net, unsigned i)
{
	(void)net;
	if (stem_expiry(world.nodes[i].stem) <= now())
		stem_on_time(world.nodes[i].stem, now());
}

static struct stem_limits
limits(void)
{
	struct stem_limits l = stem_limits_default();

	l.spread_permille = 0;
	return l;
}

static unsigned
add(const struct stem_limits *l)
{
	struct host_config cf = test_net_config();

	cf.protocols = protocols;
	cf.protocols_n = 1;
	const unsigned i = test_net_add(&world.net, &cf);
	assert_true(i < NODES);
	const struct stem_config sc = { .env = &world.net.t.env,
		.mem = &world.net.nodes[i].mem,
		.host = world.net.nodes[i].host,
		.protocol = 0,
		.net = slice_str(TEST_NET),
		.limits = *l };
	world.nodes[i].stem = stem_new(&sc, now());
	assert_non_null(world.nodes[i].stem);
	return i;
}

/* ${n} nodes; each has dialled those that come ${reach} after it. */
static void
begin(uint64_t seed, unsigned n, unsigned reach, const struct stem_limits *l)
{
	memset(&world, 0, sizeof(world));
	test_net_init(&world.net, seed);
	world.net.t.wall_s = TEST_NOW;
	world.net.step_ms = 50;
	world.net.service_event = on_event;
	world.net.service_output = no_output;
	world.net.service_poll = on_poll;
	world.net.service_time = on_time;
	for (unsigned i = 0; i < n; i++)
		(void)add(l);
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 1; k <= reach; k++)
			assert_int_equal(
			    test_net_connect(&world.net, i, (i + k) % n, NULL),
			    OK);
	test_net_run(&world.net, 1000);
}

static void
end(void)
{
	for (unsigned i = 0; i < world.net.nodes_n; i++)
		stem_free(world.nodes[i].stem);
	test_net_fini(&world.net);
}

static err
publish(unsigned node, uint32_t route, uint64_t author, uint64_t n)
{
	static uint8_t bytes[RECORD_BYTES_MAX];
	const struct test_record t = { .author = author + 1,
		.seq = (TEST_HOUR << 8) + n };
	const size_t size = test_record_make(&t, bytes, sizeof(bytes));

	return stem_publish(
	    world.nodes[node].stem, route, slice_of(bytes, size), now());
}

static struct stem_stats
stats(unsigned node)
{
	struct stem_stats s;

	stem_stats(world.nodes[node].stem, &s);
	return s;
}

static const struct stem_guard *
guard(unsigned node, uint32_t route, unsigned i)
{
	static struct stem_guards g[2 * NODES];

	assert_true(route < 2);
	stem_guards(world.nodes[node].stem, route, &g[2 * node + route]);
	return &g[2 * node + route].v[i];
}

static unsigned
index_of(const struct peer_id *id)
{
	for (unsigned i = 0; i < world.net.nodes_n; i++)
		if (peer_id_eq(test_net_id(&world.net, i), id))
			return i;
	fail();
	return 0;
}

/* ---- */

static void
another_node_spreads_it(void **state)
{
	struct stem_limits l = stem_limits_default();

	(void)state;
	l.spread_permille = 300;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		begin(seed, 12, 4, &l);
		for (uint64_t n = 0; n < 10; n++) {
			assert_int_equal(publish(0, 0, 0, n), OK);
			test_net_run(&world.net, 12000);
		}
		assert_int_equal(stats(0).published, 10);
		assert_int_equal(stats(0).heard, 10);
		assert_int_equal(stats(0).fell_back, 0);
		assert_int_equal(stats(0).own_now, 0);
		assert_true(world.spreads >= 10);
		for (unsigned i = 0; i < 12; i++)
			assert_int_equal(stats(i).pool_now, 0);
		end();
	}
}

static void
all_go_to_one_guard(void **state)
{
	struct stem_limits l = limits();

	(void)state;
	l.epoch_ms = 4000;
	l.epoch_spread_ms = 1000;
	l.embargo_min_ms = 500;
	l.embargo_mean_ms = 1000;
	begin(3, 16, 6, &l);
	for (uint64_t n = 0; n < 30; n++) {
		assert_int_equal(publish(0, 0, 0, n), OK);
		test_net_run(&world.net, 9000); /* over some epochs */
	}
	assert_int_equal(stats(0).heard, 30);
	assert_int_equal(stats(0).tried, 30);
	const unsigned g = index_of(&guard(0, 0, 0)->id);
	assert_true(stats(g).taken >= 30);
	assert_int_equal(world.nodes[0].guards, 1);
	end();
}

static void
personas_have_guards_of_their_own(void **state)
{
	const struct stem_limits l = limits();

	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		begin(seed, 8, 4, &l);
		assert_int_equal(publish(0, 0, 0, 0), OK);
		assert_int_equal(publish(0, 1, 1, 0), OK);
		test_net_run(&world.net, 100);
		assert_false(
		    peer_id_eq(&guard(0, 0, 0)->id, &guard(0, 1, 0)->id));
		end();
	}
}

/* Who takes and hands nothing on does not keep it from the world. */
static void
a_hole_is_gone_around(void **state)
{
	const struct stem_limits l = limits();

	(void)state;
	begin(7, 12, 5, &l);
	assert_int_equal(publish(0, 0, 0, 0), OK);
	test_net_run(&world.net, 40000);
	const unsigned hole = index_of(&guard(0, 0, 0)->id);
	world.nodes[hole].swallows = true;
	/* All relays of the hole are itself: it hands on to nobody. */
	for (unsigned i = 0; i < 12; i++)
		if (i != 0 && i != hole)
			host_conn_close(world.net.nodes[hole].host,
			    host_peer_conn(world.net.nodes[hole].host,
				test_net_id(&world.net, i), 0),
			    "", now());
	test_net_run(&world.net, 1000);
	assert_int_equal(publish(0, 0, 0, 1), OK);
	test_net_run(&world.net, 100000);
	assert_int_equal(stats(0).heard, 2);
	assert_int_equal(stats(0).fell_back, 0);
	assert_true(stats(0).tried >= 3);
	assert_int_not_equal(guard(0, 0, 1)->id.n, 0);
	end();
}

static void
an_unreachable_guard_is_gone_around_and_kept(void **state)
{
	const struct stem_limits l = limits();
	struct host_peer_info info;

	(void)state;
	begin(9, 12, 5, &l);
	assert_int_equal(publish(0, 0, 0, 0), OK);
	test_net_run(&world.net, 40000);
	const struct stem_guard was = *guard(0, 0, 0);
	host_conn_close(world.net.nodes[0].host,
	    host_peer_conn(world.net.nodes[0].host, &was.id, 0), "", now());
	test_net_run(&world.net, 1000);
	assert_false(host_peer_find(world.net.nodes[0].host, &was.id, &info));
	assert_int_equal(publish(0, 0, 0, 1), OK);
	test_net_run(&world.net, 100000);
	assert_int_equal(stats(0).heard, 2);
	assert_true(peer_id_eq(&guard(0, 0, 0)->id, &was.id));
	assert_int_not_equal(guard(0, 0, 0)->gone_s, 0);
	assert_int_equal(guard(0, 0, 0)->misses, 1);
	/* Not reached once, four days ago: that says nothing. */
	struct stem_guards g;
	stem_guards(world.nodes[0].stem, 0, &g);
	g.v[0].gone_s -= 96 * 3600;
	g.v[0].missed_s -= 96 * 3600;
	stem_guards_set(world.nodes[0].stem, 0, &g);
	assert_int_equal(publish(0, 0, 0, 2), OK);
	test_net_run(&world.net, 100000);
	assert_true(peer_id_eq(&guard(0, 0, 0)->id, &was.id));
	/* In vain twice, within the hour: as once. */
	assert_int_equal(publish(0, 0, 0, 3), OK);
	test_net_run(&world.net, 100000);
	assert_int_equal(guard(0, 0, 0)->misses, 2);
	/* Gone for three days, looked for three times: another one. */
	stem_guards(world.nodes[0].stem, 0, &g);
	g.v[0].misses = 3;
	stem_guards_set(world.nodes[0].stem, 0, &g);
	assert_int_equal(publish(0, 0, 0, 4), OK);
	test_net_run(&world.net, 1000);
	assert_false(peer_id_eq(&guard(0, 0, 0)->id, &was.id));
	stem_guards(world.nodes[0].stem, 0, &g);
	assert_int_equal(g.redraws, 1);
	end();
}

static void
guards_are_replaced_seldom(void **state)
{
	const struct stem_limits l = limits();
	struct stem_guards g;

	(void)state;
	begin(11, 12, 6, &l);
	for (uint64_t n = 0; n < 6; n++) {
		assert_int_equal(publish(0, 0, 0, n), OK);
		test_net_run(&world.net, 100);
		stem_guards(world.nodes[0].stem, 0, &g);
		/* One that is there would not be replaced. */
		host_conn_close(world.net.nodes[0].host,
		    host_peer_conn(world.net.nodes[0].host, &g.v[0].id, 0), "",
		    now());
		test_net_run(&world.net, 1000);
		g.v[0].gone_s = world.net.t.wall_s - 100 * 3600;
		g.v[0].misses = l.guard_misses;
		stem_guards_set(world.nodes[0].stem, 0, &g);
	}
	assert_int_equal(g.redraws, l.redraws_max);
	end();
}

static void
alone_it_waits_and_then_speaks(void **state)
{
	struct stem_limits l = limits();

	(void)state;
	l.alone_ms = 60000;
	begin(1, 1, 0, &l);
	assert_int_equal(publish(0, 0, 0, 0), OK);
	test_net_run(&world.net, 50000);
	assert_int_equal(world.nodes[0].spread, 0);
	test_net_run(&world.net, 20000);
	assert_int_equal(world.nodes[0].spread_own, 1);
	end();
	l.alone_ms = UINT32_MAX;
	begin(1, 1, 0, &l);
	assert_int_equal(publish(0, 0, 0, 0), OK);
	test_net_run(&world.net, 150000);
	assert_int_equal(world.nodes[0].spread, 0);
	assert_int_equal(stats(0).own_now, 1);
	end();
}

/* Peers that came to us are handed nothing: anybody can send a thousand. */
static void
only_peers_of_our_own_choice(void **state)
{
	struct stem_limits l = limits();

	(void)state;
	begin(5, 1, 0, &l);
	for (unsigned i = 1; i < 6; i++)
		assert_int_equal(
		    test_net_connect(&world.net, add(&l), 0, NULL), OK);
	test_net_run(&world.net, 1000);
	assert_int_equal(publish(0, 0, 0, 0), OK);
	test_net_run(&world.net, 60000);
	assert_int_equal(stats(0).tried, 0);
	assert_int_equal(guard(0, 0, 0)->id.n, 0);
	end();
}

/* ---- hostile ends ---- */

static void
write_raw(unsigned from, unsigned to, struct slice bytes, bool close)
{
	struct host_stream s;
	size_t taken = 0;

	assert_int_equal(
	    host_stream_open(world.net.nodes[from].host,
		test_net_id(&world.net, to), STEM_PROTOCOL, now(), &s),
	    OK);
	assert_int_equal(
	    host_stream_write(world.net.nodes[from].host, s, bytes, &taken),
	    OK);
	assert_int_equal(taken, bytes.n);
	if (close)
		host_stream_close(world.net.nodes[from].host, s);
	test_net_run(&world.net, 1500);
}

static size_t
frame(uint64_t author, uint8_t *out, size_t size)
{
	static uint8_t bytes[RECORD_BYTES_MAX];
	const struct test_record t = { .author = author };
	const size_t n = test_record_make(&t, bytes, sizeof(bytes));

	assert_true(n >= 128 && n + 2 <= size);
	memset(out, 0, size);
	out[0] = (uint8_t)(n | 0x80);
	out[1] = (uint8_t)(n >> 7);
	memcpy(out + 2, bytes, n);
	return n;
}

static void
what_is_no_record_is_refused(void **state)
{
	const struct stem_limits l = limits();
	uint8_t f[1024];

	(void)state;
	begin(2, 2, 1, &l);
	const size_t n = frame(1, f, 512);
	write_raw(0, 1, slice_of(f, 511), true); /* cut short */
	assert_int_equal(stats(1).refused, 1);
	assert_int_equal(stats(1).taken, 0);
	f[511] = 1; /* padding that is none */
	write_raw(0, 1, slice_of(f, 512), true);
	assert_int_equal(stats(1).refused, 2);
	f[511] = 0;
	f[2 + n - 1] ^= 1; /* the signature */
	write_raw(0, 1, slice_of(f, 512), true);
	assert_int_equal(stats(1).refused, 3);
	f[2 + n - 1] ^= 1;
	memset(f + 2, 0xff, 60); /* no record */
	write_raw(0, 1, slice_of(f, 512), true);
	assert_int_equal(stats(1).refused, 4);
	memset(f, 0xff, 10); /* no length */
	write_raw(0, 1, slice_of(f, 512), true);
	assert_int_equal(stats(1).refused, 5);
	(void)frame(1, f, 512);
	write_raw(0, 1, slice_of(f, 513), true); /* one byte too many */
	assert_int_equal(stats(1).refused, 6);
	assert_int_equal(stats(1).taken, 0);
	assert_int_equal(stats(1).pool_now, 0);
	(void)frame(1, f, 512);
	write_raw(0, 1, slice_of(f, 512), true);
	assert_int_equal(stats(1).taken, 1);
	end();
}

/* The second time it comes it has gone in a circle, and is spread. */
static void
a_circle_ends(void **state)
{
	struct stem_limits l = limits();
	uint8_t f[512];

	(void)state;
	begin(2, 4, 1, &l);
	world.deaf = true;
	(void)frame(1, f, 512);
	write_raw(0, 1, slice_of(f, 512), true);
	/* 1 -> 2 -> 3 -> 0 -> 1 */
	assert_int_equal(world.nodes[1].spread, 1);
	assert_int_equal(stats(0).taken, 1);
	assert_int_equal(stats(1).taken, 1);
	end();
}

static void
tables_are_bounded(void **state)
{
	struct stem_limits l = limits();
	uint8_t f[512];

	(void)state;
	l.per_peer_max = 3;
	l.embargo_min_ms = 1000000;
	begin(2, 3, 1, &l);
	world.deaf = true;
	for (uint64_t i = 1; i <= 5; i++) {
		(void)frame(i, f, 512);
		write_raw(0, 1, slice_of(f, 512), true);
	}
	assert_true(stats(1).taken <= 5);
	assert_true(stats(1).pool_now <= 3);
	assert_true(stats(1).bytes_now <= 3 * 512);
	/* A stream that says nothing is cut. */
	for (unsigned i = 0; i < l.streams_max; i++)
		write_raw(0, 1, slice_of(f, 10), false);
	const uint64_t busy = stats(1).busy;
	write_raw(0, 1, slice_of(f, 10), false);
	test_net_run(&world.net, l.timeout_ms + 1000);
	(void)frame(9, f, 512);
	write_raw(0, 1, slice_of(f, 512), true);
	assert_true(stats(1).busy <= busy + 2);
	end();
}

/* A stream that was answered is its peer's until the peer has closed it. */
static void
open_streams_keep_their_places(void **state)
{
	struct stem_limits l = limits();
	uint8_t f[512];

	(void)state;
	l.streams_max = 4;
	l.spread_permille = 1000;
	begin(2, 3, 1, &l);
	world.deaf = true;
	for (uint64_t i = 1; i <= 4; i++) {
		(void)frame(i, f, 512);
		write_raw(0, 1, slice_of(f, 512), false);
	}
	assert_int_equal(stats(1).taken, 4);
	assert_int_equal(stats(1).busy, 0);
	(void)frame(5, f, 512);
	write_raw(0, 1, slice_of(f, 512), true);
	assert_int_equal(stats(1).taken, 4);
	assert_int_equal(stats(1).busy, 1);
	test_net_run(&world.net, l.timeout_ms);
	write_raw(0, 1, slice_of(f, 512), true);
	assert_int_equal(stats(1).taken, 5);
	end();
}

/* So many records within one step of the world. */
static void
flood(unsigned from, unsigned to, unsigned n)
{
	uint8_t f[512];

	for (unsigned i = 0; i < n; i++) {
		struct host_stream s;
		size_t taken = 0;

		(void)frame(100 + i, f, sizeof(f));
		assert_int_equal(
		    host_stream_open(world.net.nodes[from].host,
			test_net_id(&world.net, to), STEM_PROTOCOL, now(), &s),
		    OK);
		assert_int_equal(host_stream_write(world.net.nodes[from].host,
				     s, slice_of(f, sizeof(f)), &taken),
		    OK);
		host_stream_close(world.net.nodes[from].host, s);
	}
}

/* Who floods a guard does not drive others' records away from it. */
static void
a_flood_is_busy_with_itself(void **state)
{
	struct stem_limits l = limits();

	(void)state;
	l.checks_per_s = 8;
	begin(6, 12, 5, &l);
	assert_int_equal(publish(0, 0, 0, 0), OK);
	test_net_run(&world.net, 40000);
	const unsigned g = index_of(&guard(0, 0, 0)->id);
	const unsigned bad = (g + 11) % 12 == 0 ? (g + 10) % 12 : (g + 11) % 12;
	for (unsigned k = 0; k < 5; k++) {
		flood(bad, g, 30);
		assert_int_equal(publish(0, 0, 0, 1 + k), OK);
		test_net_run(&world.net, 1000);
	}
	test_net_run(&world.net, 30000);
	assert_true(stats(g).busy > 50);
	assert_int_equal(stats(0).heard, 6);
	assert_int_equal(stats(0).tried, 6); /* the guard alone */
	end();
}

/* A guard that is busy is asked again before anybody else is. */
static void
a_busy_guard_is_asked_again(void **state)
{
	struct stem_limits l = limits();

	(void)state;
	l.checks_per_s = 0;
	l.checks_each = 1;
	begin(6, 12, 5, &l);
	assert_int_equal(publish(0, 0, 0, 0), OK);
	assert_int_equal(publish(0, 0, 0, 1), OK);
	assert_int_equal(publish(0, 0, 0, 2), OK);
	test_net_run(&world.net, 900);
	const unsigned g = index_of(&guard(0, 0, 0)->id);
	assert_true(stats(g).busy >= 2);
	test_net_run(&world.net, 20000);
	assert_int_equal(stats(0).tried, 3);
	assert_int_equal(stats(0).untaken_now, 0);
	end();
}

static void
twice_is_once(void **state)
{
	struct stem_limits l = limits();

	(void)state;
	l.own_max = 2;
	begin(4, 1, 0, &l);
	assert_int_equal(publish(0, 0, 0, 0), OK);
	assert_int_equal(publish(0, 0, 0, 0), ERR_EXISTS);
	assert_int_equal(publish(0, 0, 0, 1), OK);
	assert_int_equal(publish(0, 0, 0, 2), ERR_LIMIT);
	const uint8_t rubbish[4] = { 1, 2, 3, 4 };
	assert_int_equal(
	    stem_publish(world.nodes[0].stem, 0, slice_of(rubbish, 4), now()),
	    ERR_FORM);
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_node_spreads_it),
		cmocka_unit_test(all_go_to_one_guard),
		cmocka_unit_test(personas_have_guards_of_their_own),
		cmocka_unit_test(a_hole_is_gone_around),
		cmocka_unit_test(an_unreachable_guard_is_gone_around_and_kept),
		cmocka_unit_test(guards_are_replaced_seldom),
		cmocka_unit_test(alone_it_waits_and_then_speaks),
		cmocka_unit_test(only_peers_of_our_own_choice),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(a_circle_ends),
		cmocka_unit_test(tables_are_bounded),
		cmocka_unit_test(open_streams_keep_their_places),
		cmocka_unit_test(a_flood_is_busy_with_itself),
		cmocka_unit_test(a_busy_guard_is_asked_again),
		cmocka_unit_test(twice_is_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
