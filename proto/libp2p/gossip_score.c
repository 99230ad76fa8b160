/*
 * What a peer did, and the score that follows: P1 to P7 of gossipsub v1.1 in
 * integers. Counters are millionths of one, weights and scores thousandths;
 * with counters below 1000 and weights below 1000 points no product of the
 * formula leaves 64 bits.
 *
 * The score is kept with the peer and computed anew after each deed and at
 * each heartbeat: it is asked for far more often than it changes.
 */
#include "crypto/crypto.h"
#include "proto/libp2p/gossip_internal.h"

#define ONE         1000000u /* a counter's 1 */
#define COUNTER_MAX (1000 * (uint64_t)ONE)
#define PART_MAX    1000000000000 /* a part of a score, absolute */
#define TICK_MS     1000          /* what decays are meant for */

/* (x/10^9)^n in 10^9ths. */
static uint64_t
power(uint64_t x, uint64_t n)
{
	uint64_t out = 1000000000;

	for (; n > 0; n >>= 1, x = x * x / 1000000000)
		if (n & 1)
			out = out * x / 1000000000;
	return out;
}

uint32_t
gossip_decay(uint64_t ms)
{
	const uint64_t ticks = MAX(1u, ms / TICK_MS);
	uint32_t low = 0, high = GOSSIP_DECAY_UNIT;

	/* The largest that falls to a hundredth in time. */
	while (low + 1 < high) {
		const uint32_t mid = low + (high - low) / 2;
		if (power((uint64_t)mid * 1000, ticks) <= 10000000)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static int64_t
clamp(int64_t x)
{
	return x > PART_MAX ? PART_MAX : x < -PART_MAX ? -PART_MAX : x;
}

static int64_t
linear(int32_t weight, uint64_t count)
{
	return clamp(weight * (int64_t)count / ONE);
}

static int64_t
square(int32_t weight, uint64_t count)
{
	const uint64_t c = MIN(count, COUNTER_MAX);

	return clamp(weight * (int64_t)(c * c / ONE) / ONE);
}

static void
count_up(uint64_t *counter, uint64_t by, uint64_t max)
{
	*counter = MIN(*counter + by, MIN(max * ONE, COUNTER_MAX));
}

static void
decay(const struct gossip *g, uint64_t *counter, uint32_t left)
{
	*counter = *counter * left / GOSSIP_DECAY_UNIT;
	if (*counter < g->p.score.decay_to_zero)
		*counter = 0;
}

const struct gossip_topic_score *
gossip_topic_params(const struct gossip *g, uint64_t topic)
{
	const struct gossip_slot_topic *t = gossip_topic_find(g, topic);

	return t != NULL && t->own_score ? &t->score : &g->p.score.topic;
}

/* What lacks in a mesh in which it has been for long enough. */
static uint64_t
deficit(const struct gossip *g, const struct gossip_topic_score *s,
    const struct gossip_deeds *d)
{
	const uint64_t want =
	    MIN(s->mesh_threshold * (uint64_t)ONE, COUNTER_MAX);

	if (d->since_ms == 0 ||
	    g->now_ms - d->since_ms < s->mesh_activation_ms || d->mesh >= want)
		return 0;
	return want - d->mesh;
}

void
gossip_deeds_score(const struct gossip *g, const struct gossip_deeds *d,
    struct gossip_score_parts *out)
{
	const struct gossip_topic_score *s = gossip_topic_params(g, d->topic);
	const int64_t w = s->weight;
	uint64_t quanta = 0;

	if (d->since_ms != 0)
		quanta = MIN((g->now_ms - d->since_ms) /
				 MAX(1u, s->mesh_time_quantum_ms),
		    s->mesh_time_cap);
	*out = (struct gossip_score_parts){
		.mesh_time = linear(s->mesh_time_weight, quanta * ONE) * w,
		.first = linear(s->first_weight, d->first) * w,
		.mesh = square(s->mesh_weight, deficit(g, s, d)) * w,
		.failure = linear(s->failure_weight, d->failure) * w,
		.invalid = square(s->invalid_weight, d->invalid) * w,
	};
	int64_t *const parts[] = { &out->mesh_time, &out->first, &out->mesh,
		&out->failure, &out->invalid };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		*parts[i] = clamp(*parts[i] / GOSSIP_POINT);
		out->total += *parts[i];
	}
}

static void
add_topics(const struct gossip *g, const struct gossip_record *r,
    struct gossip_score_parts *sum)
{
	for (uint32_t i = 0; i < r->deeds_n; i++) {
		struct gossip_score_parts one;
		gossip_deeds_score(g, &r->deeds[i], &one);
		sum->mesh_time += one.mesh_time;
		sum->first += one.first;
		sum->mesh += one.mesh;
		sum->failure += one.failure;
		sum->invalid += one.invalid;
		sum->total += one.total;
	}
	if (sum->total > g->p.score.topics_cap) {
		sum->capped = g->p.score.topics_cap - sum->total;
		sum->total = g->p.score.topics_cap;
	}
}

static uint64_t
above(uint64_t counter, uint32_t threshold)
{
	const uint64_t t = MIN(threshold * (uint64_t)ONE, COUNTER_MAX);

	return counter > t ? counter - t : 0;
}

uint32_t
gossip_same_ip(const struct gossip *g, const struct gossip_peer *p, size_t i)
{
	const uint64_t *n =
	    p->ip[i] == 0 ? NULL : table_get(&g->ip_counts, p->ip[i]);

	return n == NULL ? 0 : (uint32_t)*n;
}

static int64_t
colocation(const struct gossip *g, const struct gossip_peer *p)
{
	int64_t sum = 0;

	for (size_t i = 0; i < GOSSIP_IP_GROUPS; i++) {
		const uint32_t n = gossip_same_ip(g, p, i);
		const uint32_t most = g->p.score.ip[i].threshold;
		const uint64_t over = n > most ? n - most : 0;
		sum += square(g->p.score.ip[i].weight,
		    MIN(over, COUNTER_MAX / ONE) * ONE);
	}
	return sum;
}

static int64_t
application(const struct gossip *g, uint64_t id_key)
{
	const uint64_t *v = table_get(&g->applied, id_key);

	return v == NULL ? 0
			 : (int64_t)(int32_t)(uint32_t)*v *
			       g->p.score.application_weight / GOSSIP_POINT;
}

static void
parts_of(const struct gossip *g, const struct gossip_record *r, uint64_t id_key,
    struct gossip_score_parts *out)
{
	const struct gossip_score_params *s = &g->p.score;

	*out = (struct gossip_score_parts){ 0 };
	add_topics(g, r, out);
	out->application = application(g, id_key);
	out->behaviour = square(
	    s->behaviour_weight, above(r->breaches, s->behaviour_threshold));
	out->slow = linear(s->slow_weight, above(r->slow, s->slow_threshold));
	out->total += out->application + out->behaviour + out->slow;
}

void
gossip_score_parts(const struct gossip *g, const struct gossip_peer *p,
    struct gossip_score_parts *out)
{
	parts_of(g, &p->record, p->id_key, out);
	out->colocation = colocation(g, p);
	out->total += out->colocation;
}

void
gossip_score_update(struct gossip *g, struct gossip_peer *p)
{
	struct gossip_score_parts parts;

	gossip_score_parts(g, p, &parts);
	p->score = parts.total;
}

static bool
is_blank(const struct gossip_deeds *d)
{
	return d->since_ms == 0 && d->first == 0 && d->mesh == 0 &&
	       d->failure == 0 && d->invalid == 0 && d->silences == 0;
}

/* NULL: no room; then the deed is not counted. */
static struct gossip_deeds *
deeds_of(struct gossip *g, struct gossip_record *r, uint64_t topic)
{
	for (uint32_t i = 0; i < r->deeds_n; i++)
		if (r->deeds[i].topic == topic)
			return &r->deeds[i];
	for (uint32_t i = 0; i < r->deeds_n; i++)
		if (is_blank(&r->deeds[i])) {
			r->deeds[i].topic = topic;
			return &r->deeds[i];
		}
	if (r->deeds_n == r->deeds_cap) {
		const uint32_t cap =
		    MIN(MAX(1u, 2u * r->deeds_cap), g->p.topics_max);
		struct gossip_deeds *more =
		    cap == r->deeds_cap
			? NULL
			: mem_alloc(g->mem, cap * sizeof(*more));
		if (more == NULL)
			return NULL;
		if (r->deeds_n > 0)
			memcpy(more, r->deeds, r->deeds_n * sizeof(*more));
		mem_free(g->mem, r->deeds, r->deeds_cap * sizeof(*more));
		r->deeds = more;
		r->deeds_cap = (uint16_t)cap;
	}
	r->deeds[r->deeds_n] = (struct gossip_deeds){ .topic = topic };
	return &r->deeds[r->deeds_n++];
}

void
gossip_record_fini(struct gossip *g, struct gossip_record *r)
{
	mem_free(g->mem, r->deeds, r->deeds_cap * sizeof(r->deeds[0]));
	*r = (struct gossip_record){ 0 };
}

void
gossip_score_joined(struct gossip *g, struct gossip_peer *p, uint64_t topic)
{
	struct gossip_deeds *d = deeds_of(g, &p->record, topic);

	if (d == NULL)
		return;
	const struct gossip_slot_topic *t = gossip_topic_find(g, topic);
	d->since_ms = MAX(1u, g->now_ms);
	d->mesh = 0;
	d->brought_at = t == NULL ? 0 : t->first;
}

struct gossip_deeds *
gossip_deeds_find(const struct gossip_peer *p, uint64_t topic)
{
	for (uint32_t i = 0; i < p->record.deeds_n; i++)
		if (p->record.deeds[i].topic == topic)
			return &p->record.deeds[i];
	return NULL;
}

/* A good message, first or not, or its id before it was from us. */
void
gossip_score_brought(struct gossip *g, struct gossip_peer *p, uint64_t topic)
{
	const struct gossip_slot_topic *t = gossip_topic_find(g, topic);
	struct gossip_deeds *d = deeds_of(g, &p->record, topic);

	if (d == NULL || t == NULL)
		return;
	d->brought = true;
	d->brought_at = t->first;
	d->silences = 0;
}

/* Has it brought something of late? */
bool
gossip_brings(const struct gossip *g, const struct gossip_slot_topic *t,
    const struct gossip_peer *p)
{
	const struct gossip_deeds *d = gossip_deeds_find(p, t->key);

	return d != NULL && d->brought &&
	       t->first - MIN(d->brought_at, t->first) < g->p.silent_messages;
}

/* It left the mesh: what lacked then stays with it for a while (P3b). */
static void
left(struct gossip *g, struct gossip_deeds *d)
{
	const struct gossip_topic_score *s = gossip_topic_params(g, d->topic);
	const uint64_t lacks = deficit(g, s, d);

	if (s->failure_weight != 0)
		count_up(&d->failure, lacks * lacks / ONE, 1000);
	d->since_ms = 0;
	d->mesh = 0;
}

void
gossip_score_left(struct gossip *g, struct gossip_peer *p, uint64_t topic)
{
	struct gossip_deeds *d = deeds_of(g, &p->record, topic);

	if (d == NULL)
		return;
	left(g, d);
	gossip_score_update(g, p);
}

void
gossip_score_first(struct gossip *g, struct gossip_peer *p, uint64_t topic)
{
	const struct gossip_topic_score *s = gossip_topic_params(g, topic);
	struct gossip_deeds *d = deeds_of(g, &p->record, topic);

	p->counts.first++;
	if (d == NULL)
		return;
	count_up(&d->first, ONE, s->first_cap);
	gossip_score_mesh(g, p, topic);
	gossip_score_update(g, p);
}

/* It delivered in time as a member, if not as the first. */
void
gossip_score_mesh(struct gossip *g, struct gossip_peer *p, uint64_t topic)
{
	const struct gossip_topic_score *s = gossip_topic_params(g, topic);
	struct gossip_deeds *d = NULL;

	if (s->mesh_weight == 0)
		return;
	d = deeds_of(g, &p->record, topic);
	if (d != NULL && d->since_ms != 0)
		count_up(&d->mesh, ONE, s->mesh_cap);
}

void
gossip_score_invalid(struct gossip *g, struct gossip_peer *p, uint64_t topic)
{
	struct gossip_deeds *d = deeds_of(g, &p->record, topic);

	p->counts.invalid++;
	if (d != NULL)
		count_up(&d->invalid, ONE, 1000);
	gossip_score_update(g, p);
}

void
gossip_score_breach(struct gossip *g, struct gossip_peer *p, uint32_t times)
{
	count_up(&p->record.breaches, (uint64_t)times * ONE, 1000);
	gossip_score_update(g, p);
}

void
gossip_score_slow(struct gossip *g, struct gossip_peer *p)
{
	count_up(&p->record.slow, ONE, 1000);
	gossip_score_update(g, p);
}

/* ---- those who left ---- */

static struct gossip_record *
retained(const struct gossip *g, uint64_t id_key)
{
	const uint64_t *at = table_get(&g->retained, id_key);

	return at == NULL ? NULL : (struct gossip_record *)(uintptr_t)*at;
}

static void
retained_drop(struct gossip *g, struct gossip_record *r, uint64_t id_key)
{
	(void)table_del(&g->retained, id_key);
	gossip_record_fini(g, r);
	mem_free(g->mem, r, sizeof(*r));
}

/* Room for one of this score: the best of those kept goes, if better. */
static bool
retained_room(struct gossip *g, int64_t score)
{
	struct gossip_record *best = NULL;
	uint64_t key = 0;

	if (g->retained.n < g->p.score.retain_max)
		return true;
	for (uint32_t i = 0; i < g->retained.cap; i++) {
		const struct gossip_slot *s = &g->retained.slots[i];
		if (s->key == 0)
			continue;
		struct gossip_record *r =
		    (struct gossip_record *)(uintptr_t)s->value;
		if (best == NULL || r->score > best->score) {
			best = r;
			key = s->key;
		}
	}
	if (best == NULL || best->score <= score)
		return false;
	retained_drop(g, best, key);
	return true;
}

/* Takes over what ${r} holds. */
static void
retain(struct gossip *g, uint64_t id_key, struct gossip_record *r)
{
	struct gossip_record *old = retained(g, id_key), *kept = NULL;

	if (old != NULL)
		retained_drop(g, old, id_key);
	if (retained_room(g, r->score))
		kept = mem_alloc(g->mem, sizeof(*kept));
	if (kept == NULL ||
	    table_put(&g->retained, id_key, (uint64_t)(uintptr_t)kept) != OK) {
		mem_free(g->mem, kept, sizeof(*kept));
		gossip_record_fini(g, r);
		return;
	}
	*kept = *r;
	kept->forget_ms = g->now_ms + g->p.score.retain_ms;
	*r = (struct gossip_record){ 0 };
}

/* Good scores are not kept: who comes back has to earn them again. */
void
gossip_score_down(struct gossip *g, struct gossip_peer *p)
{
	struct gossip_score_parts parts;

	for (uint32_t i = 0; i < p->record.deeds_n; i++) {
		left(g, &p->record.deeds[i]);
		p->record.deeds[i].first = 0;
	}
	parts_of(g, &p->record, p->id_key, &parts);
	p->record.score = parts.total - parts.application;
	if (p->record.score < 0)
		retain(g, p->id_key, &p->record);
	else
		gossip_record_fini(g, &p->record);
	gossip_peer_ip(g, p->number, slice_of(NULL, 0));
}

void
gossip_score_up(struct gossip *g, struct gossip_peer *p)
{
	struct gossip_record *r = retained(g, p->id_key);

	if (r != NULL) {
		p->record = *r;
		(void)table_del(&g->retained, p->id_key);
		mem_free(g->mem, r, sizeof(*r));
	}
	gossip_score_update(g, p);
}

/* A message was rejected whose sender has hung up meanwhile. */
void
gossip_score_invalid_gone(
    struct gossip *g, const struct peer_id *id, uint64_t topic)
{
	const uint64_t key = gossip_peer_key(g, id);
	struct gossip_record *r = retained(g, key), fresh = { 0 };
	struct gossip_score_parts parts;
	struct gossip_deeds *d = deeds_of(g, r == NULL ? &fresh : r, topic);

	if (d == NULL)
		return;
	count_up(&d->invalid, ONE, 1000);
	parts_of(g, r == NULL ? &fresh : r, key, &parts);
	if (r != NULL) {
		r->score = parts.total - parts.application;
		return;
	}
	fresh.score = parts.total - parts.application;
	retain(g, key, &fresh);
}

static bool
is_forgotten(void *ctx, const struct gossip_slot *s)
{
	struct gossip *g = ctx;
	struct gossip_record *r = (struct gossip_record *)(uintptr_t)s->value;

	if (r->forget_ms > g->now_ms)
		return false;
	gossip_record_fini(g, r);
	mem_free(g->mem, r, sizeof(*r));
	return true;
}

static bool
is_any(void *ctx, const struct gossip_slot *s)
{
	struct gossip *g = ctx;
	struct gossip_record *r = (struct gossip_record *)(uintptr_t)s->value;

	gossip_record_fini(g, r);
	mem_free(g->mem, r, sizeof(*r));
	return true;
}

void
gossip_score_fini(struct gossip *g)
{
	table_sweep(&g->retained, is_any, g);
	table_fini(&g->retained);
	table_fini(&g->applied);
	table_fini(&g->ip_counts);
}

static void
decay_record(struct gossip *g, struct gossip_record *r)
{
	const struct gossip_score_params *p = &g->p.score;

	for (uint32_t i = 0; i < r->deeds_n; i++) {
		struct gossip_deeds *d = &r->deeds[i];
		const struct gossip_topic_score *s =
		    gossip_topic_params(g, d->topic);
		decay(g, &d->first, s->first_decay);
		decay(g, &d->mesh, s->mesh_decay);
		decay(g, &d->failure, s->failure_decay);
		decay(g, &d->invalid, s->invalid_decay);
	}
	decay(g, &r->breaches, p->behaviour_decay);
	decay(g, &r->slow, p->slow_decay);
}

/* At each heartbeat; counters fall once a second, however long that is. */
void
gossip_scores_beat(struct gossip *g)
{
	const bool tick = g->now_ms >= g->decay_ms;

	if (tick) {
		g->decay_ms += TICK_MS;
		if (g->decay_ms <= g->now_ms) /* we slept: once is enough */
			g->decay_ms = g->now_ms + TICK_MS;
		table_sweep(&g->retained, is_forgotten, g);
	}
	for (uint32_t i = 0; i < g->peers_top; i++) {
		struct gossip_peer *p = g->peers[i];
		if (p == NULL)
			continue;
		if (tick)
			decay_record(g, &p->record);
		gossip_score_update(g, p);
	}
}

/* ---- addresses ---- */

/* 10/8, 172.16/12, 192.168/16, 100.64/10, 169.254/16; fc00::/7, fe80::/10 */
static bool
is_private(const uint8_t *a, size_t n)
{
	if (n == 16)
		return (a[0] & 0xfe) == 0xfc ||
		       (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
	return a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
	       (a[0] == 192 && a[1] == 168) ||
	       (a[0] == 100 && (a[1] & 0xc0) == 64) ||
	       (a[0] == 169 && a[1] == 254);
}

static bool
is_loopback(const uint8_t *a, size_t n)
{
	static const uint8_t six[16] = { [15] = 1 };

	return n == 4 ? a[0] == 127 : memcmp(a, six, 16) == 0;
}

/* The key of the group that an address belongs to; 0: none. */
static uint64_t
ip_group(const struct gossip *g, const uint8_t *a, size_t n, size_t group)
{
	uint8_t raw[18] = { (uint8_t)group, (uint8_t)n };
	const uint32_t bits = n == 4 ? g->p.score.ip[group].ip4_bits
				     : g->p.score.ip[group].ip6_bits;

	if (is_loopback(a, n) || (group > 0 && is_private(a, n)))
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t have = bits > 8 * i ? MIN(8, bits - 8 * i) : 0;
		raw[2 + i] = (uint8_t)(a[i] & (0xff00u >> have));
	}
	const uint64_t key = hash_siphash(raw, sizeof(raw), g->secret);
	return key == 0 ? 1 : key;
}

void
gossip_peer_ip(struct gossip *g, uint32_t peer, struct slice ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	ASSERT(peer < g->p.peers_max && g->peers[peer] != NULL);
	struct gossip_peer *p = g->peers[peer];

	if (ip.n == 16 && memcmp(ip.p, mapped, sizeof(mapped)) == 0)
		slice_skip(&ip, sizeof(mapped));
	for (size_t i = 0; i < GOSSIP_IP_GROUPS; i++) {
		uint64_t *n =
		    p->ip[i] == 0 ? NULL : table_get(&g->ip_counts, p->ip[i]);
		if (n != NULL && --*n == 0)
			(void)table_del(&g->ip_counts, p->ip[i]);
		p->ip[i] =
		    ip.n == 4 || ip.n == 16 ? ip_group(g, ip.p, ip.n, i) : 0;
		if (p->ip[i] == 0)
			continue;
		n = table_get(&g->ip_counts, p->ip[i]);
		if (n != NULL)
			++*n;
		else if (table_put(&g->ip_counts, p->ip[i], 1) != OK)
			p->ip[i] = 0;
	}
	gossip_score_update(g, p);
}

/* ---- for the application ---- */

err
gossip_application_score(
    struct gossip *g, const struct peer_id *id, int32_t points)
{
	const uint64_t key = gossip_peer_key(g, id);
	const int32_t most = 1000000000;

	if (points == 0)
		(void)table_del(&g->applied, key);
	else
		TRY(table_put(
		    &g->applied, key, (uint32_t)MIN(most, MAX(-most, points))));
	for (uint32_t i = 0; i < g->peers_top; i++)
		if (g->peers[i] != NULL && g->peers[i]->id_key == key)
			gossip_score_update(g, g->peers[i]);
	return OK;
}

err
gossip_topic_score_set(struct gossip *g, const char *topic,
    const struct gossip_topic_score *params)
{
	struct gossip_slot_topic *t =
	    gossip_topic_find(g, gossip_topic_key(g, slice_str(topic)));

	if (t == NULL || !t->subscribed)
		return ERR_NOTFOUND;
	gossip_topic_score_check(params);
	t->score = *params;
	t->own_score = true;
	return OK;
}

/* A programmer wrote them: signs, bounds and decays as documented. */
void
gossip_topic_score_check(const struct gossip_topic_score *s)
{
	const int32_t good[] = { s->weight, s->mesh_time_weight,
		s->first_weight };
	const int32_t bad[] = { s->mesh_weight, s->failure_weight,
		s->invalid_weight };
	const uint32_t decays[] = { s->first_decay, s->mesh_decay,
		s->failure_decay, s->invalid_decay };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ASSERT(good[i] >= 0 && good[i] <= GOSSIP_WEIGHT_MAX);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT(bad[i] <= 0 && bad[i] >= -GOSSIP_WEIGHT_MAX);
	for (size_t i = 0; i < ARRAY_LEN(decays); i++)
		ASSERT(decays[i] < GOSSIP_DECAY_UNIT);
}

int64_t
gossip_score(const struct gossip *g, uint32_t peer)
{
	return peer >= g->p.peers_max || g->peers[peer] == NULL
		   ? 0
		   : g->peers[peer]->score;
}
