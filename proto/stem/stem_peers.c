#include "crypto/crypto.h"
#include "proto/libp2p/multiaddr.h"
#include "proto/libp2p/reach.h"
#include "proto/stem/stem_internal.h"

#define DAY_S UINT64_C(86400)

/* ---- who may be one ---- */

/*
 * An IPv4 /16 or an IPv6 /32 of the world; of a name, which a proxy looks up
 * for us, a number of its own. 0: near us, or no address.
 */
static uint64_t
wide_of(struct slice addr)
{
	static const uint8_t key[16] = { 0 };
	struct multiaddr_ip ip;

	if (addr.n == 0)
		return 0;
	if (multiaddr_front_ip(addr, &ip) != OK)
		return (uint64_t)1 << 56 |
		       hash_siphash(addr.p, addr.n, key) >> 8;
	if (reach_of_ip(&ip) != REACH_WORLD)
		return 0;
	return ip.v6 ? (uint64_t)6 << 56 | get_u32be(ip.ip)
		     : (uint64_t)4 << 56 | get_u32be(ip.ip) >> 16;
}

struct candidate {
	struct peer_id id;
	uint64_t wide;
};

/*
 * Peers of our own choice alone: whoever comes to us by the thousand does not
 * get a single record of ours.
 */
static bool
candidate_at(struct stem *s, uint32_t i, bool *good, struct candidate *out)
{
	struct host_peer_info info;

	if (!host_peer_at(s->cf.host, i, &info))
		return false;
	out->id = info.id;
	out->wide = wide_of(info.remote);
	*good = info.outbound && !info.limited && info.identified &&
		info.score >= 0 &&
		host_peer_speaks(s->cf.host, &out->id, STEM_PROTOCOL);
	return true;
}

uint32_t
stem_relays_count(struct stem *s)
{
	struct candidate c;
	uint32_t n = 0;
	bool good = false;

	for (uint32_t i = 0; candidate_at(s, i, &good, &c); i++)
		n += good;
	return n;
}

/* What a choice must not be. */
struct unfit {
	const struct peer_id *ids;
	size_t ids_n;
	uint64_t wide;      /* this part of the world; 0: anything goes */
	bool others_guards; /* of routes beside ${route} */
	uint32_t route;
};

static bool
is_guard(const struct stem *s, const struct peer_id *id, uint32_t beside)
{
	for (uint32_t r = 0; r < STEM_ROUTES_MAX; r++)
		for (uint32_t i = 0; r != beside && i < STEM_GUARDS; i++)
			if (s->routes[r].v[i].id.n > 0 &&
			    peer_id_eq(&s->routes[r].v[i].id, id))
				return true;
	return false;
}

static bool
is_unfit(const struct stem *s, const struct candidate *c, const struct unfit *u)
{
	if (u->wide != 0 && c->wide == u->wide)
		return true;
	for (size_t i = 0; i < u->ids_n; i++)
		if (peer_id_eq(&u->ids[i], &c->id))
			return true;
	return u->others_guards && is_guard(s, &c->id, u->route);
}

/* One by chance, each as likely. */
static bool
choose(struct stem *s, const struct unfit *u, struct peer_id *out)
{
	struct candidate c;
	uint64_t n = 0;
	bool good = false;

	for (uint32_t i = 0; candidate_at(s, i, &good, &c); i++)
		if (good && !is_unfit(s, &c, u) &&
		    env_random_below(s->cf.env, ++n) == 0)
			*out = c.id;
	return n > 0;
}

/* Is it the first of those in its part of the world? */
static bool
is_first_of_wide(struct stem *s, uint32_t at, const struct candidate *c,
    const struct unfit *u)
{
	struct candidate o;
	bool good = false;

	for (uint32_t i = 0; i < at && candidate_at(s, i, &good, &o); i++)
		if (good && o.wide == c->wide && !is_unfit(s, &o, u))
			return false;
	return true;
}

/*
 * One by chance, each part of the world as likely: who has many nodes in one
 * network has one ticket. Those near us are a part each, since there it is no
 * network that tells who they are. ${wides}: how many there were; ${near}: all
 * of them near us.
 */
static bool
choose_wide(struct stem *s, const struct unfit *u, struct peer_id *out,
    uint32_t *wides, bool *near)
{
	struct candidate c;
	uint64_t of_wide = 0, wide = 0;
	bool good = false;

	*wides = 0;
	*near = true;
	for (uint32_t i = 0; candidate_at(s, i, &good, &c); i++) {
		if (!good || is_unfit(s, &c, u))
			continue;
		*near = *near && c.wide == 0;
		if (c.wide != 0 && !is_first_of_wide(s, i, &c, u))
			continue;
		if (env_random_below(s->cf.env, ++*wides) == 0) {
			*out = c.id;
			wide = c.wide;
		}
	}
	for (uint32_t i = 0; wide != 0 && candidate_at(s, i, &good, &c); i++)
		if (good && c.wide == wide && !is_unfit(s, &c, u) &&
		    env_random_below(s->cf.env, ++of_wide) == 0)
			*out = c.id;
	return *wides > 0;
}

/* ---- guards ---- */

static uint64_t
now_s(const struct stem *s)
{
	return s->cf.env->wall_s(s->cf.env->ctx);
}

static void
remember_address(struct stem *s, struct stem_guard *g)
{
	struct host_peer_info info;

	if (!host_peer_find(s->cf.host, &g->id, &info) || !info.outbound ||
	    info.remote.n > sizeof(g->addr))
		return;
	memcpy(g->addr, info.remote.p, info.remote.n);
	g->addr_n = (uint16_t)info.remote.n;
}

/* A guard that changes often is a lottery ticket for whoever waits. */
static bool
may_redraw(struct stem *s, struct stem_guards *r)
{
	const uint64_t now = now_s(s);

	if (now - MIN(now, r->redraws_s) > s->cf.limits.guard_days * DAY_S) {
		r->redraws = 0;
		r->redraws_s = now;
	}
	return r->redraws < s->cf.limits.redraws_max;
}

/*
 * With few peers to choose from it waits for more, but not in a network of
 * this place alone.
 */
static bool
draw(struct stem *s, uint32_t route, uint32_t i, bool share, uint64_t now_ms)
{
	const struct stem_limits *l = &s->cf.limits;
	struct stem_guard *g = &s->routes[route].v[i];
	const struct stem_guard *twin = &s->routes[route].v[1 - i];
	const struct peer_id not [2] = { g->id, twin->id };
	const struct unfit u = { .ids = not,
		.ids_n = 2,
		.wide = wide_of(slice_of(twin->addr, twin->addr_n)),
		.others_guards = !share,
		.route = route };
	struct peer_id id;
	uint32_t wides = 0;
	bool near = false;

	if (!choose_wide(s, &u, &id, &wides, &near) ||
	    (!near && wides < l->guard_choice &&
		now_ms - s->began_ms < l->guard_wait_ms))
		return false;
	const uint64_t days =
	    l->guard_days - l->guard_spread_days +
	    env_random_below(s->cf.env, 2 * (uint64_t)l->guard_spread_days + 1);
	*g = (struct stem_guard){ .id = id,
		.since_s = now_s(s),
		.until_s = now_s(s) + days * DAY_S };
	remember_address(s, g);
	s->changed[route] = true;
	return true;
}

/* Drawn when there is none, or its time is over, or it has gone for good. */
static void
keep_up(struct stem *s, uint32_t route, uint32_t i, bool share, uint64_t now_ms)
{
	struct stem_guards *r = &s->routes[route];
	const struct stem_guard *g = &r->v[i];
	const uint64_t now = now_s(s);
	struct host_peer_info info;

	/* What failed once says nothing of a guard that is there. */
	if (g->id.n > 0 && host_peer_find(s->cf.host, &g->id, &info))
		stem_guard_seen(s, route, &g->id, true);

	if (g->id.n == 0 || now >= g->until_s) {
		(void)draw(s, route, i, share, now_ms);
		return;
	}
	if (g->gone_s != 0 && now > g->gone_s &&
	    now - g->gone_s > s->cf.limits.guard_gone_h * UINT64_C(3600) &&
	    g->misses >= s->cf.limits.guard_misses && may_redraw(s, r) &&
	    draw(s, route, i, share, now_ms))
		r->redraws++;
}

const struct stem_guard *
stem_guard_of(
    struct stem *s, uint32_t route, uint32_t i, bool share, uint64_t now_ms)
{
	struct stem_guard *g = &s->routes[route].v[i];

	keep_up(s, route, i, share, now_ms);
	return g->id.n > 0 ? g : NULL;
}

const struct stem_guard *
stem_guard_find(const struct stem *s, uint32_t route, const struct peer_id *id)
{
	for (uint32_t i = 0; i < STEM_GUARDS; i++) {
		const struct stem_guard *g = &s->routes[route].v[i];
		if (g->id.n > 0 && peer_id_eq(&g->id, id))
			return g;
	}
	return NULL;
}

/* One attempt in vain says little: it may have been our own line. */
static void
guard_missed(struct stem *s, uint32_t route, struct stem_guard *g)
{
	const uint64_t now = now_s(s);

	if (g->gone_s != 0 && now - MIN(now, g->missed_s) <
				  s->cf.limits.guard_miss_h * UINT64_C(3600))
		return;
	if (g->gone_s == 0)
		g->gone_s = now;
	g->missed_s = now;
	g->misses++;
	s->changed[route] = true;
}

void
stem_guard_seen(
    struct stem *s, uint32_t route, const struct peer_id *id, bool there)
{
	for (uint32_t i = 0; i < STEM_GUARDS; i++) {
		struct stem_guard *g = &s->routes[route].v[i];
		if (g->id.n == 0 || !peer_id_eq(&g->id, id))
			continue;
		if (!there) {
			guard_missed(s, route, g);
			continue;
		}
		if (g->gone_s == 0)
			continue;
		g->gone_s = g->missed_s = 0;
		g->misses = 0;
		remember_address(s, g);
		s->changed[route] = true;
	}
}

bool
stem_other(struct stem *s, const struct stem_carried *c, bool share,
    struct peer_id *out)
{
	const struct unfit u = { .ids = c->tried,
		.ids_n = c->tried_n,
		.others_guards = !share,
		.route = c->route };

	return choose(s, &u, out);
}

/* ---- relays ---- */

void
stem_epoch(struct stem *s, uint64_t now_ms)
{
	const struct stem_limits *l = &s->cf.limits;
	const struct env *env = s->cf.env;

	if (now_ms < s->epoch_end_ms)
		return;
	s->epoch_end_ms = now_ms + l->epoch_ms +
			  env_random_below(env, l->epoch_spread_ms + 1);
	s->spreads = env_random_below(env, 1000) < l->spread_permille;
	env->random(env->ctx, s->key, sizeof(s->key));
	s->relays[0].n = 0;
	s->relays[1].n = 0;
}

/* Its place is filled again when the peer has gone meanwhile. */
static bool
relay_fill(struct stem *s, uint32_t i)
{
	struct host_peer_info info;
	const struct unfit u = { .ids = &s->relays[1 - i], .ids_n = 1 };

	if (s->relays[i].n > 0 &&
	    host_peer_find(s->cf.host, &s->relays[i], &info))
		return true;
	s->relays[i].n = 0;
	return choose(s, &u, &s->relays[i]);
}

bool
stem_relay_of(struct stem *s, const struct peer_id *from, struct peer_id *out)
{
	const uint32_t first =
	    (uint32_t)(hash_siphash(from->bytes, from->n, s->key) & 1);

	/* Back to where it comes from only when nobody else is there. */
	for (uint32_t k = 0; k < 2; k++) {
		const uint32_t i = first ^ k;
		if (!relay_fill(s, i))
			continue;
		*out = s->relays[i];
		if (!peer_id_eq(out, from))
			return true;
	}
	return false;
}
