/*
 * How messages spread: copies of bodies and time, beside plain gossipsub on
 * the same links, and with members that take and do not give. Prints what it
 * measures. Arguments make another run of it, key=value:
 *   nodes seed dials messages warm every bytes bad (1 mute, 2 liar) percent
 *   lazy pull retry announce others d d_lo
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/gossip_net.h"

static struct gossip_net_result
measure(const char *name, const struct gossip_net_config *cf)
{
	const struct gossip_net_result r = gossip_net_run(cf);

	print_message("%-22s %4u nodes: bodies %u.%02u, p50 %u, p99 %u, "
		      "max %u ms; missing %u, asked %u %%, again %u, "
		      "control %u bytes\n",
	    name, cf->nodes, r.bodies_percent / 100, r.bodies_percent % 100,
	    r.p50_ms, r.p99_ms, r.max_ms, r.missing, r.pulled_percent,
	    r.retries, (unsigned)r.control_bytes);
	return r;
}

/* What libp2p's routers do, in the size of mesh that they do it with. */
static struct gossip_net_config
plain(struct gossip_net_config cf)
{
	cf.params.lazy.on = false;
	cf.params.d = 6;
	cf.params.d_lo = 5;
	cf.params.d_out = 2;
	return cf;
}

static void
test_copies_and_time(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct gossip_net_config cf = gossip_net_default();
		cf.seed = seed;
		cf.warm = 60;
		cf.messages = 100;
		const struct gossip_net_config other = plain(cf);
		const struct gossip_net_result mesh = measure("plain", &other);
		const struct gossip_net_result ours = measure("lazy", &cf);
		assert_int_equal(ours.missing, 0);
		assert_int_equal(mesh.missing, 0);
		assert_int_equal(ours.below_zero, 0);
		assert_true(ours.bodies_percent <= 200);
		assert_true(ours.p99_ms * 2 <= mesh.p99_ms * 3);
	}
}

/* Eager members fall silent, or announce what they never send. */
static void
test_silent_members(void **state)
{
	static const struct {
		const char *name;
		enum gossip_net_kind bad;
		uint32_t percent, p99_ms;
	} cases[] = {
		{ "a fifth mute", NET_MUTE, 20, 600 },
		{ "half mute", NET_MUTE, 50, 2000 },
		{ "a fifth liars", NET_LIAR, 20, 700 },
		{ "half liars", NET_LIAR, 50, 2000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gossip_net_config cf = gossip_net_default();
		cf.bad = cases[i].bad;
		cf.loss_percent = cases[i].percent;
		cf.warm = 40;
		cf.messages = 60;
		const struct gossip_net_result r = measure(cases[i].name, &cf);
		assert_int_equal(r.missing, 0);
		assert_true(r.p99_ms <= cases[i].p99_ms);
		assert_int_equal(r.below_zero, 0);
	}
}

/* The same seed gives the same run. */
static void
test_deterministic(void **state)
{
	struct gossip_net_config cf = gossip_net_default();
	struct gossip_net_result a = { 0 }, b = { 0 };

	(void)state;
	cf.nodes = 40;
	cf.warm = 10;
	cf.messages = 20;
	a = gossip_net_run(&cf);
	b = gossip_net_run(&cf);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(a.p99_ms > 0);
}

static bool
is_set(struct gossip_net_config *cf, const char *key, uint32_t v)
{
	const struct {
		const char *key;
		uint32_t *at;
	} numbers[] = {
		{ "nodes", &cf->nodes },
		{ "dials", &cf->dials },
		{ "messages", &cf->messages },
		{ "warm", &cf->warm },
		{ "every", &cf->every_ms },
		{ "bytes", &cf->bytes },
		{ "percent", &cf->loss_percent },
		{ "publishers", &cf->publishers },
		{ "latency_min", &cf->latency_min_ms },
		{ "latency_max", &cf->latency_max_ms },
		{ "pull", &cf->params.lazy.pull_ms },
		{ "retry", &cf->params.lazy.retry_ms },
		{ "announce", &cf->params.lazy.announce_ms },
		{ "others", &cf->params.lazy.others },
		{ "d", &cf->params.d },
		{ "d_lo", &cf->params.d_lo },
	};

	if (strcmp(key, "seed") == 0)
		cf->seed = v;
	else if (strcmp(key, "bad") == 0)
		cf->bad = (enum gossip_net_kind)v;
	else if (strcmp(key, "lazy") == 0)
		cf->params.lazy.on = v != 0;
	else {
		for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
			if (strcmp(key, numbers[i].key) == 0) {
				*numbers[i].at = v;
				return true;
			}
		return false;
	}
	return true;
}

static int
run_one(int argc, char **argv)
{
	struct gossip_net_config cf = gossip_net_default();

	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value == NULL)
			return 2;
		*value++ = '\0';
		if (!is_set(&cf, argv[i], (uint32_t)strtoul(value, NULL, 10)))
			return 2;
	}
	(void)measure(cf.params.lazy.on ? "lazy" : "off", &cf);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies_and_time),
		cmocka_unit_test(test_silent_members),
		cmocka_unit_test(test_deterministic),
	};

	if (argc > 1)
		return run_one(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
