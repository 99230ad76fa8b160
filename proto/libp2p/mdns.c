#include "proto/libp2p/mdns.h"

#include "crypto/crypto.h"
#include "proto/libp2p/reach.h"

#define EVENTS_MAX    32
#define SEEN_MAX      128
#define SEEN_MS       60000 /* an address is told again after this */
#define ANSWER_GAP_MS 1000  /* RFC 6762, 6: between the same answers */
#define NAME_LEN      32

struct mdns_addr {
	uint16_t n;
	uint8_t bytes[MDNS_ADDR_MAX];
};

struct mdns {
	const struct env *env;
	struct mem *mem;
	struct peer_id self;
	bool silent;
	uint32_t each_ms;
	char name[MDNS_NAME_MAX];
	uint8_t key[16];
	uint32_t addrs_n;
	struct mdns_addr addrs[MDNS_ADDRS_MAX];
	/* What is to be sent, in this order. */
	bool ask, answer, enumerate;
	uint32_t asked; /* questions since the start, or a change */
	uint64_t ask_ms;
	uint64_t answer_ms, enumerate_ms; /* 0: nobody has asked */
	uint64_t answered_ms;             /* last; 0: never */
	struct mdns_event events[EVENTS_MAX];
	uint32_t events_at, events_n;
	struct {
		uint64_t what, until_ms;
	} seen[SEEN_MAX];
	struct mdns_stats stats;
	struct mdns_packet packet; /* scratch */
};

struct mdns *
mdns_new(const struct mdns_config *cf, uint64_t now_ms)
{
	struct mdns *m = mem_alloc(cf->mem, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->env = cf->env;
	m->mem = cf->mem;
	m->self = cf->self;
	m->silent = cf->silent;
	m->each_ms = MAX(cf->each_ms, 1000U);
	m->env->random(m->env->ctx, m->key, sizeof(m->key));
	/* A new one at each start: the name itself tells nothing. */
	for (unsigned i = 0; i < NAME_LEN; i++)
		m->name[i] = (char)('a' + env_random_below(m->env, 26));
	m->ask_ms = now_ms;
	return m;
}

void
mdns_free(struct mdns *m)
{
	if (m != NULL)
		mem_free(m->mem, m, sizeof(*m));
}

void
mdns_addrs_set(struct mdns *m, const struct slice *addrs, size_t n)
{
	m->addrs_n = 0;
	for (size_t i = 0; i < n && m->addrs_n < MDNS_ADDRS_MAX; i++) {
		struct mdns_addr *a = &m->addrs[m->addrs_n];
		if (addrs[i].n == 0 || addrs[i].n > sizeof(a->bytes) ||
		    reach_of(addrs[i]) == REACH_NOWHERE)
			continue;
		memcpy(a->bytes, addrs[i].p, addrs[i].n);
		a->n = (uint16_t)addrs[i].n;
		m->addrs_n++;
	}
}

void
mdns_changed(struct mdns *m, uint64_t now_ms)
{
	m->asked = 0;
	m->ask_ms = now_ms;
}

/* ---- packets that come ---- */

/* Told within the last minute? If not, it is now. */
static bool
is_news(struct mdns *m, const struct mdns_event *ev, uint64_t now_ms)
{
	uint8_t both[PEER_ID_MAX + MDNS_ADDR_MAX];
	struct buf b = { both, 0, sizeof(both) };
	uint32_t oldest = 0;

	if (buf_put(&b, ev->id.bytes, ev->id.n) != OK ||
	    buf_put(&b, ev->addr, ev->addr_n) != OK)
		return false;
	const uint64_t what = hash_siphash(b.p, b.n, m->key);
	for (uint32_t i = 0; i < SEEN_MAX; i++) {
		if (m->seen[i].until_ms > now_ms && m->seen[i].what == what)
			return false;
		if (m->seen[i].until_ms < m->seen[oldest].until_ms)
			oldest = i;
	}
	/* All places are fresh: more news than a network has. */
	if (m->seen[oldest].until_ms > now_ms) {
		m->stats.dropped++;
		return false;
	}
	m->seen[oldest].what = what;
	m->seen[oldest].until_ms = now_ms + SEEN_MS;
	return true;
}

static void
note_addr(struct mdns *m, struct slice addr, uint64_t now_ms)
{
	struct mdns_event ev = { 0 };

	if (multiaddr_peer(addr, &ev.id) != OK || peer_id_eq(&ev.id, &m->self))
		return;
	addr = multiaddr_strip_peer(addr);
	if (reach_of(addr) == REACH_NOWHERE)
		return;
	memcpy(ev.addr, addr.p, addr.n);
	ev.addr_n = (uint16_t)addr.n;
	if (m->events_n == EVENTS_MAX) {
		m->stats.dropped++;
		return;
	}
	if (is_news(m, &ev, now_ms))
		m->events[(m->events_at + m->events_n++) % EVENTS_MAX] = ev;
}

/* All answer together: each waits a little, and not again at once. */
static uint64_t
answer_at(const struct mdns *m, uint64_t now_ms)
{
	const uint64_t at = now_ms + 20 + env_random_below(m->env, 100);

	return m->answered_ms == 0 ? at
				   : MAX(at, m->answered_ms + ANSWER_GAP_MS);
}

void
mdns_recv(struct mdns *m, struct slice in, uint64_t now_ms)
{
	struct mdns_packet *p = &m->packet;

	m->stats.packets_in++;
	if (mdns_get(in, p) != OK) {
		m->stats.bad++;
		return;
	}
	switch (p->type) {
	case MDNS_OTHER:
		return;
	case MDNS_QUERY: /* our own too: so the others hear of us */
		m->stats.queries_in++;
		if (!m->silent && m->addrs_n > 0 && m->answer_ms == 0)
			m->answer_ms = answer_at(m, now_ms);
		return;
	case MDNS_ENUMERATE:
		if (!m->silent && m->addrs_n > 0 && m->enumerate_ms == 0)
			m->enumerate_ms = answer_at(m, now_ms);
		return;
	case MDNS_ANSWER:
		m->stats.answers_in++;
		for (uint32_t i = 0; i < p->addrs_n; i++)
			note_addr(
			    m, slice_of(p->addr[i], p->addr_n[i]), now_ms);
		return;
	}
}

bool
mdns_next(struct mdns *m, struct mdns_event *ev)
{
	if (m->events_n == 0)
		return false;
	*ev = m->events[m->events_at];
	m->events_at = (m->events_at + 1) % EVENTS_MAX;
	m->events_n--;
	return true;
}

/* ---- packets that go ---- */

bool
mdns_send(const struct mdns *m, bool machine, struct buf *out)
{
	struct slice addrs[MDNS_ADDRS_MAX];
	size_t n = 0;
	err e = OK;

	if (!m->ask && !m->answer && !m->enumerate)
		return false;
	if (m->ask) {
		e = mdns_put_query(out);
	} else if (m->answer) {
		for (uint32_t i = 0; i < m->addrs_n; i++) {
			const struct slice a =
			    slice_of(m->addrs[i].bytes, m->addrs[i].n);
			if ((reach_of(a) == REACH_MACHINE) == machine)
				addrs[n++] = a;
		}
		/* Nothing to say on this interface: nothing is said. */
		if (n > 0)
			e = mdns_put_answer(
			    out, false, m->name, &m->self, addrs, n);
	} else {
		e = mdns_put_answer(out, true, m->name, &m->self, NULL, 0);
	}
	(void)e; /* what has no room is not said either */
	return true;
}

void
mdns_sent(struct mdns *m, uint64_t now_ms)
{
	if (m->ask) {
		m->ask = false;
		m->stats.queries_out++;
	} else if (m->answer) {
		m->answer = false;
		m->answered_ms = now_ms;
		m->stats.answers_out++;
	} else {
		m->enumerate = false;
	}
}

/* ---- time ---- */

uint64_t
mdns_expiry(const struct mdns *m)
{
	uint64_t at = m->ask_ms;

	if (m->answer_ms != 0)
		at = MIN(at, m->answer_ms);
	if (m->enumerate_ms != 0)
		at = MIN(at, m->enumerate_ms);
	return at;
}

void
mdns_on_time(struct mdns *m, uint64_t now_ms)
{
	if (m->ask_ms <= now_ms) {
		m->ask = true;
		m->asked++;
		/* Three at once: packets get lost. Then now and then. */
		m->ask_ms =
		    now_ms + (m->asked < 3
				     ? (uint64_t)1000 * m->asked
				     : m->each_ms + env_random_below(m->env,
							m->each_ms / 8 + 1));
	}
	if (m->answer_ms != 0 && m->answer_ms <= now_ms) {
		m->answer_ms = 0;
		m->answer = true;
	}
	if (m->enumerate_ms != 0 && m->enumerate_ms <= now_ms) {
		m->enumerate_ms = 0;
		m->enumerate = true;
	}
}

void
mdns_stats(const struct mdns *m, struct mdns_stats *out)
{
	*out = m->stats;
}
