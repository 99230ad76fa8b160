#include "tests/sim/selftest.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/libp2p/gossip_rpc.h"
#include "tests/sim/talker.h"

#define CHECK(x)                                                               \
	do {                                                                   \
		if (!(x)) {                                                    \
			(void)fprintf(                                         \
			    stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);    \
			abort();                                               \
		}                                                              \
	} while (0)

struct seen {
	unsigned secured, ready, plain, gone;
	uint32_t stream;
};

static void
on_secured(struct talker *t, void *ctx)
{
	(void)t;
	((struct seen *)ctx)->secured++;
}

static void
on_event(struct talker *t, void *ctx, const struct conn_event *ev)
{
	struct seen *seen = ctx;

	seen->ready +=
	    ev->type == CONN_STREAM_READY && ev->stream == seen->stream;
	if (ev->type == CONN_STREAM_DATA)
		(void)talker_read(t, ev->stream);
}

static void
on_plain(struct talker *t, void *ctx, struct slice in)
{
	(void)t;
	((struct seen *)ctx)->plain += in.n > 0;
}

static void
on_gone(struct talker *t, void *ctx)
{
	(void)t;
	((struct seen *)ctx)->gone++;
}

static const struct talker_ops ops = { on_secured, on_event, on_plain,
	on_gone };

static struct sim *
two_nodes(void)
{
	struct sim_config cf = sim_config_default();

	cf.path.split_permille = 500;
	struct sim *s = sim_new(&cf);
	(void)sim_add(s, NULL);
	(void)sim_add(s, NULL);
	sim_know(s, 0, 1);
	return s;
}

/* A record by gossip from one that has no host, good and forged. */
static void
test_talker(void)
{
	struct sim *s = two_nodes();
	struct seen seen = { 0 };
	struct talker *t = NULL;
	struct host_stats st;
	uint8_t room[4096], frame[8192];
	struct buf record = { room, 0, sizeof(room) };
	struct buf out = { frame, 0, sizeof(frame) };
	char topic[TOPIC_TEXT];

	CHECK(talker_dial(s, 1, 0, 77, false, &ops, &seen, &t) == OK);
	sim_run(s, 2 * SIM_SECOND);
	CHECK(seen.secured == 1);
	CHECK(talker_open(t, GOSSIP_PROTOCOL_11, &seen.stream) == OK);
	sim_record(s, &(struct sim_draft){ .author = 9 }, 0, &record);
	sim_topic(CLASS_DEMAND, topic);
	(void)rpc_message_put(&out, slice_str(topic), buf_slice(&record));
	CHECK(talker_write(t, seen.stream, buf_slice(&out)) == out.n);
	sim_run(s, 8 * SIM_SECOND);
	CHECK(seen.ready == 1);
	host_stats(sim_host(s, 0), &st);
	CHECK(st.gossip.accepted == 1);
	host_stats(sim_host(s, 1), &st);
	CHECK(st.gossip.accepted == 1); /* node 0 has passed it on */

	out.n = 0;
	room[record.n - 1] ^= 1;
	(void)rpc_message_put(&out, slice_str(topic), buf_slice(&record));
	CHECK(talker_write(t, seen.stream, buf_slice(&out)) == out.n);
	sim_run(s, 12 * SIM_SECOND);
	host_stats(sim_host(s, 0), &st);
	CHECK(st.gossip.rejected + st.gossip.ignored == 1);
	CHECK(seen.gone == 0 && sim_check_deep(s));
	talker_free(t);
	sim_free(s);
}

/* Plain bytes that are no Yamux cost the connection. */
static void
test_raw(void)
{
	struct sim *s = two_nodes();
	struct seen seen = { 0 };
	struct talker *t = NULL;

	CHECK(talker_dial(s, 1, 0, 78, true, &ops, &seen, &t) == OK);
	sim_run(s, 2 * SIM_SECOND);
	CHECK(seen.secured == 1 && seen.gone == 0);
	talker_say(t, slice_str("this is no frame of yamux"));
	sim_run(s, 4 * SIM_SECOND);
	CHECK(seen.gone == 1);
	talker_free(t);
	sim_free(s);
}

/* A node that dies in silence is missed; what it held is there again. */
static void
test_crash(void)
{
	struct sim *s = two_nodes();
	struct host_stats st;
	uint32_t m = 0;

	sim_run(s, 5 * SIM_SECOND);
	CHECK(sim_publish(s, 0, &(struct sim_draft){ .text = 300 }, &m) == OK);
	sim_run(s, 8 * SIM_SECOND);
	CHECK(sim_delivered(s, m, 1) < 8 * SIM_SECOND);
	sim_crash(s, 1, true);
	CHECK(!sim_is_up(s, 1) && sim_host(s, 1) == NULL);
	host_stats(sim_host(s, 0), &st);
	CHECK(st.peers_now == 1);
	sim_run(s, 120 * SIM_SECOND);
	host_stats(sim_host(s, 0), &st);
	CHECK(st.peers_now == 0);
	sim_restart(s, 1);
	CHECK(sim_holds(s, 1, sim_message_id(s, m)));
	sim_run(s, 200 * SIM_SECOND);
	host_stats(sim_host(s, 0), &st);
	CHECK(st.peers_now == 1 && sim_converged(s) && sim_check_deep(s));
	sim_free(s);
}

/* A record goes by the stem, is heard, and its guard outlasts a restart. */
static void
test_stem(void)
{
	struct stem_limits limits = stem_limits_default();
	struct sim_config cf = sim_config_default();
	struct peer_id before, after;
	struct stem_stats st;
	uint32_t m[2] = { 0 };

	cf.seed = 5;
	cf.stem = &limits;
	struct sim *s = sim_new(&cf);
	for (unsigned i = 0; i < 12; i++)
		(void)sim_add(s, NULL);
	sim_link_random(s, 0, 12, 6);
	sim_run(s, 20 * SIM_SECOND);
	for (unsigned k = 0; k < 2; k++) {
		CHECK(sim_publish(
			  s, 0, &(struct sim_draft){ .slot = k }, &m[k]) == OK);
		sim_run(s, sim_now(s) + 150 * SIM_SECOND);
		CHECK(sim_stem_stats(s, 0, &st));
		CHECK(st.published == 1 && st.heard == 1 && st.own_now == 0);
		CHECK(st.fell_back == 0 && st.tried >= 1);
		if (k == 1)
			break;
		CHECK(sim_guard(s, 0, 0, &before));
		sim_crash(s, 0, false);
		sim_restart(s, 0);
		sim_run(s, sim_now(s) + 30 * SIM_SECOND);
	}
	CHECK(sim_guard(s, 0, 0, &after) && peer_id_eq(&before, &after));
	CHECK(sim_converged(s) && sim_check_deep(s));
	sim_free(s);
}

void
selftest(void)
{
	test_talker();
	test_raw();
	test_crash();
	test_stem();
}
