/*
 * The router as a machine that a script drives: peers that come, go, change
 * addresses and write what they like, time that passes, verdicts, our own
 * messages. However the peers' bytes are cut it does the same; it stays
 * within its budget; what it explains adds up; and when all have left nothing
 * is left but what it may keep.
 *
 * The script: one byte says what to do and for which peer, the next ones are
 * its argument.
 */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "proto/libp2p/gossip_rpc.h"
#include "proto/libp2p/gossipsub.h"
#include "tests/unit/test_env.h"

#define PEERS      8
#define BUDGET     (4 << 20)
#define OUT_MAX    (1 << 20)
#define CHECK_EACH 8 /* steps: it is the most that a step costs */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const topics[] = { "t", "topic", "third", "fourth" };

struct machine {
	struct test_env t;
	struct gossip *g;
	bool up[PEERS];
	bool broken[PEERS]; /* it wrote what cannot be read */
	size_t cut;         /* bytes given at once */
	uint64_t held[8];   /* handles without a verdict */
	size_t held_n;
	uint32_t made;
	uint8_t digest[SHA256_SIZE];
};

static void
mix(struct machine *m, const void *p, size_t n)
{
	const struct crypto_part parts[] = { { m->digest, SHA256_SIZE },
		{ p, n } };

	hash_sha256(m->digest, parts, 2);
}

static struct peer_id
id_of(uint32_t peer)
{
	return (struct peer_id){ .n = 2, .bytes = { 7, (uint8_t)peer } };
}

static struct slice
record_of(void *ctx, const struct peer_id *id)
{
	static const uint8_t record[] = "a signed record";

	(void)ctx;
	return slice_of(record, id->bytes[1] % 2 == 0 ? sizeof(record) : 0);
}

static void
judge(struct machine *m, unsigned choice)
{
	struct gossip_message msg;

	while (gossip_next(m->g, &msg)) {
		mix(m, msg.data.p, msg.data.n);
		if (choice % 5 == 4 && m->held_n < ARRAY_LEN(m->held))
			m->held[m->held_n++] = msg.handle;
		else
			gossip_verdict(m->g, msg.handle,
			    (enum gossip_verdict)(choice % 4), m->t.now_ms);
	}
}

static void
release(struct machine *m, unsigned choice)
{
	while (m->held_n > 0)
		gossip_verdict(m->g, m->held[--m->held_n],
		    (enum gossip_verdict)(choice % 4), m->t.now_ms);
}

static void
peer_down(struct machine *m, uint32_t peer)
{
	if (m->up[peer])
		gossip_peer_down(m->g, peer);
	m->up[peer] = false;
	m->broken[peer] = false;
}

static void
peer_up(struct machine *m, uint32_t peer, uint8_t how)
{
	/* Some numbers share an id: two connections, or one that lies. */
	const struct peer_id id = id_of(how & 0x80 ? 0 : peer);
	const uint8_t ip[16] = { 198, 51, how & 3, how >> 2 & 3 };

	if (m->up[peer])
		return;
	m->up[peer] = gossip_peer_up(m->g, peer, &id, (how & 1) != 0,
			  (how & 2) != 0) == OK;
	if (m->up[peer])
		gossip_peer_ip(m->g, peer, slice_of(ip, how & 0x40 ? 16 : 4));
}

static void
write_as(struct machine *m, uint32_t peer, struct slice in, unsigned choice)
{
	while (in.n > 0 && m->up[peer] && !m->broken[peer]) {
		struct slice part = slice_of(in.p, MIN(in.n, m->cut));
		const size_t n = part.n;
		const err e = gossip_recv(m->g, peer, m->t.now_ms, &part);
		slice_skip(&in, n - part.n);
		m->broken[peer] = e != OK;
		if (e == OK && part.n > 0) { /* back-pressure */
			judge(m, choice % 4);
			release(m, choice);
		}
	}
}

static void
read_all(struct machine *m)
{
	static uint8_t bytes[OUT_MAX];
	uint32_t peer;

	while (gossip_next_output(m->g, &peer)) {
		struct buf out = { bytes, 0, sizeof(bytes) };
		ASSERT(peer < PEERS && m->up[peer]);
		ASSERT(!gossip_send(m->g, peer, &out));
		mix(m, bytes, out.n);
	}
}

static void
publish(struct machine *m, uint8_t arg)
{
	uint8_t body[400] = { 0 };
	uint32_t sent = 0;

	put_u32be(body, m->made++);
	const err e = gossip_publish(m->g, topics[arg % ARRAY_LEN(topics)],
	    slice_of(body, arg & 0x40 ? sizeof(body) : 8), (arg & 0x80) != 0,
	    m->t.now_ms, &sent);
	ASSERT(e == OK || e == ERR_MORE || e == ERR_LIMIT);
	ASSERT(e == OK || sent == 0);
	mix(m, &sent, sizeof(sent));
}

static void
check(struct machine *m)
{
	static struct gossip_peer_explain x;
	struct gossip_topic_explain t;

	ASSERT(m->t.mem.used <= BUDGET);
	for (uint32_t i = 0; i < PEERS; i++) {
		ASSERT(
		    gossip_peer_explain(m->g, i, m->t.now_ms, &x) == m->up[i]);
		if (!m->up[i])
			continue;
		const struct gossip_score_parts *s = &x.score;
		ASSERT(s->total == s->mesh_time + s->first + s->mesh +
				       s->failure + s->invalid + s->capped +
				       s->application + s->colocation +
				       s->behaviour + s->slow);
		ASSERT(s->mesh_time >= 0 && s->first >= 0 && s->mesh <= 0 &&
		       s->failure <= 0 && s->invalid <= 0 && s->capped <= 0 &&
		       s->colocation <= 0 && s->behaviour <= 0 && s->slow <= 0);
		mix(m, &s->total, sizeof(s->total));
	}
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		if (gossip_topic_explain(m->g, topics[i], m->t.now_ms, &t)) {
			ASSERT(t.mesh <= t.peers);
			ASSERT(!t.subscribed ||
			       t.standing[GOSSIP_MEMBER] == t.mesh);
		}
}

static void
step(struct machine *m, uint8_t what, uint8_t arg, struct slice *rest)
{
	const uint32_t peer = what % PEERS;
	const struct peer_id id = id_of(arg % PEERS);
	struct gossip_exchange x;

	switch (what >> 3 & 15) {
	case 0:
		peer_up(m, peer, arg);
		break;
	case 1:
		peer_down(m, peer);
		break;
	case 2:
		m->t.now_ms += (uint64_t)arg * arg * 4;
		gossip_on_time(m->g, m->t.now_ms);
		break;
	case 3:
		m->t.now_ms = MAX(m->t.now_ms, gossip_expiry(m->g));
		gossip_on_time(m->g, m->t.now_ms);
		break;
	case 4: {
		const err e = gossip_subscribe(
		    m->g, topics[arg % ARRAY_LEN(topics)], m->t.now_ms);
		ASSERT(e == OK || e == ERR_EXISTS || e == ERR_LIMIT);
		break;
	}
	case 5:
		gossip_unsubscribe(
		    m->g, topics[arg % ARRAY_LEN(topics)], m->t.now_ms);
		break;
	case 6:
		publish(m, arg);
		break;
	case 7:
		ASSERT(gossip_application_score(m->g, &id,
			   ((int32_t)arg - 128) * 50 * GOSSIP_POINT) == OK);
		break;
	case 8: {
		const err e = gossip_direct_add(m->g, &id);
		ASSERT(e == OK || e == ERR_EXISTS || e == ERR_LIMIT);
		break;
	}
	case 9:
		gossip_direct_del(m->g, &id);
		break;
	case 10:
		while (gossip_next_exchange(m->g, &x))
			mix(m, x.record.p, x.record.n);
		break;
	case 11:
		judge(m, arg);
		break;
	case 12:
		release(m, arg);
		break;
	case 13:
		read_all(m);
		break;
	default: {
		const size_t n = MIN(rest->n, (size_t)arg);
		write_as(m, peer, slice_of(rest->p, n), what);
		slice_skip(rest, n);
		break;
	}
	}
}

static void
run(struct machine *m, struct slice script, size_t cut)
{
	struct gossip_params p = gossip_params_default();
	unsigned steps = 0;

	*m = (struct machine){ .cut = cut };
	test_env_init(&m->t, 1);
	m->t.mem.cap = BUDGET;
	p.peers_max = PEERS;
	p.rpc_bytes_max = 1 << 14;
	p.pending_max = 6;
	p.pending_per_peer_max = 4;
	p.topics_max = 3;
	p.pulls_max = 16;
	p.exchange_max = 4;
	p.peer_queue_bytes = 8192;
	p.d = 3;
	p.d_lo = 2;
	p.d_hi = 4;
	p.d_out = 1;
	p.d_score = 2;
	p.opportunistic_beats = 3;
	p.score.retain_max = 16;
	p.score.topic.mesh_weight = -GOSSIP_POINT;
	p.score.topic.failure_weight = -GOSSIP_POINT;
	m->g = gossip_new(&p, &m->t.env, &m->t.mem, m->t.now_ms);
	ASSERT(m->g != NULL);
	gossip_exchange_set(m->g, record_of, NULL);
	while (script.n >= 2) {
		const uint8_t what = script.p[0], arg = script.p[1];
		slice_skip(&script, 2);
		step(m, what, arg, &script);
		if (++steps % CHECK_EACH == 0)
			check(m);
	}
	check(m);
	judge(m, 0);
	release(m, 0);
	read_all(m);
	struct gossip_stats s;
	gossip_stats(m->g, &s);
	mix(m, &s, sizeof(s));
	gossip_free(m->g);
	test_env_check(&m->t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct machine whole, cut;

	if (size == 0 || size > 1 << 14)
		return 0;
	run(&whole, slice_of(data, size), SIZE_MAX);
	run(&cut, slice_of(data, size), 1 + data[size - 1] % 5);
	ASSERT(memcmp(whole.digest, cut.digest, SHA256_SIZE) == 0);
	return 0;
}
