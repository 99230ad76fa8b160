#include "proto/libp2p/host_internal.h"

#define BACKOFF_FIRST_MS 2000
#define BACKOFF_LAST_MS  300000
#define STAGGER_MS       250   /* before the next address, beside the first */
#define BESIDE_MAX       3     /* addresses of one peer at once */
#define LASTED_MS        60000 /* a connection that was of use */
#define ASK_AGAIN_MS     5000  /* what was asked for ignores back-offs */
#define SWEEP_MS         60000
#define ROUND_WAIT_MS    100 /* all places are taken: look again */

void
host_dials_init(struct host *h, uint64_t now_ms)
{
	h->dials.at_ms = now_ms;
	h->dials.feeler_ms = now_ms + h->limits.feeler_ms;
	h->dials.sweep_ms = now_ms + SWEEP_MS;
	h->limits.dials_max =
	    MIN(h->limits.dials_max, (uint32_t)HOST_DIALS_MAX);
}

/* Something has changed: host_next_dial() looks again. */
static void
look_again(struct host *h)
{
	h->dials.due = true;
}

/* Doubles, with a quarter up or down so that many do not come at once. */
static uint64_t
backoff_ms(struct host *h, unsigned fails)
{
	const uint64_t base =
	    MIN((uint64_t)BACKOFF_FIRST_MS << MIN(fails, 16U), BACKOFF_LAST_MS);

	return base * 3 / 4 + env_random_below(h->env, base / 2);
}

static uint8_t
more(uint8_t fails)
{
	return fails == UINT8_MAX ? fails : (uint8_t)(fails + 1);
}

/* ---- rounds and attempts ---- */

static struct host_attempt *
attempt_of(struct host *h, uint32_t number)
{
	for (uint32_t i = 0; number != 0 && i < HOST_DIALS_MAX; i++)
		if (h->dials.attempts[i].number == number)
			return &h->dials.attempts[i];
	return NULL;
}

static struct host_round *
round_of(struct host *h, const struct known_peer *p)
{
	for (uint32_t i = 0; i < HOST_DIALS_MAX; i++)
		if (h->dials.rounds[i].peer == p)
			return &h->dials.rounds[i];
	return NULL;
}

static void
attempt_end(struct host *h, struct host_attempt *t)
{
	t->addr->dial = 0;
	t->round->peer->dials--;
	*t = (struct host_attempt){ 0 };
	h->dials.attempts_n--;
	look_again(h);
}

/* What is still under way is of no use: a socket that comes is refused. */
static struct known_peer *
round_end(struct host *h, struct host_round *r)
{
	struct known_peer *p = r->peer;

	for (uint32_t i = 0; i < HOST_DIALS_MAX; i++)
		if (h->dials.attempts[i].number != 0 &&
		    h->dials.attempts[i].round == r)
			attempt_end(h, &h->dials.attempts[i]);
	p->dials--;
	*r = (struct host_round){ 0 };
	look_again(h);
	return p;
}

static void
unask(struct host *h, struct known_peer *p, bool tell)
{
	struct host_dials *d = &h->dials;

	if (!p->asked)
		return;
	p->asked = false;
	d->asked_n--;
	if (tell && d->unreachable_n < HOST_ASKED_MAX)
		d->unreachable[d->unreachable_n++] = p->id;
}

static void
round_failed(struct host *h, struct host_round *r, uint64_t now_ms)
{
	struct known_peer *p = round_end(h, r);

	p->next_ms = now_ms + backoff_ms(h, p->fails);
	p->fails = more(p->fails);
	unask(h, p, true);
	/* Its addresses may have gone meanwhile. */
	if (p->addrs == NULL)
		peer_store_drop(h->known, p);
}

static void
attempt_failed(
    struct host *h, struct host_attempt *t, bool impostor, uint64_t now_ms)
{
	struct known_addr *a = t->addr;
	struct known_peer *p = t->round->peer;

	h->stats.dials_failed++;
	a->next_ms = now_ms + backoff_ms(h, a->fails);
	a->fails = more(a->fails);
	attempt_end(h, t);
	if (impostor && a->source > PEER_BOOTSTRAP)
		(void)peer_store_drop_addr(h->known, p, a);
}

/* ---- what the driver says of a dial ---- */

err
host_dial_taken(struct host *h, uint32_t number, struct peer_id *expect,
    const struct host_round **round)
{
	struct host_attempt *t = attempt_of(h, number);
	bool stands = false;

	if (t == NULL || t->conn != 0)
		return ERR_EXISTS;
	for (uint32_t i = 0; i < HOST_DIALS_MAX; i++)
		if (h->dials.attempts[i].round == t->round &&
		    h->dials.attempts[i].conn != 0)
			stands = true;
	*expect = t->round->peer->id;
	*round = t->round;
	if (!stands)
		return OK;
	attempt_end(h, t); /* another address of the peer was faster */
	return ERR_EXISTS;
}

void
host_dial_stands(struct host *h, uint32_t number, host_conn conn)
{
	struct host_attempt *t = attempt_of(h, number);

	ASSERT(t != NULL);
	t->conn = conn;
}

/* A limit of ours: not the address's fault. */
void
host_dial_refused(struct host *h, uint32_t number, uint64_t now_ms)
{
	struct host_attempt *t = attempt_of(h, number);

	if (t == NULL)
		return;
	t->addr->next_ms = now_ms + BACKOFF_FIRST_MS;
	attempt_end(h, t);
}

void
host_dial_failed(struct host *h, uint32_t number, uint64_t now_ms)
{
	struct host_attempt *t = attempt_of(h, number);

	if (t != NULL)
		attempt_failed(h, t, false, now_ms);
}

/* The connection broke before it was secured. */
void
host_dial_lost(struct host_link *l, err e, uint64_t now_ms)
{
	struct host_attempt *t = attempt_of(l->h, l->dial);

	l->dial = 0;
	if (t != NULL)
		attempt_failed(l->h, t, e == ERR_AUTH, now_ms);
}

void
host_dial_secured(
    struct host_link *l, const struct peer_id *id, uint64_t now_ms)
{
	struct host *h = l->h;
	struct host_attempt *t = attempt_of(h, l->dial);
	struct known_peer *p = peer_store_find(h->known, id);

	l->dial = 0;
	if (t != NULL) {
		struct known_addr *a = t->addr;
		h->stats.dials_done++;
		p = round_end(h, t->round);
		peer_store_proven(h->known, p, a, now_ms);
		if (p->id.n == 0)
			p = peer_store_name(h->known, p, id);
	}
	if (p == NULL || p->id.n == 0)
		return;
	struct host_round *r = round_of(h, p);
	if (r != NULL)
		(void)round_end(h, r);
	unask(h, p, false);
	if (!p->connected)
		p->up_ms = now_ms;
	p->connected = true;
	look_again(h);
}

void
host_dial_peer_down(struct host *h, const struct peer_id *id, uint64_t now_ms)
{
	struct known_peer *p = peer_store_find(h->known, id);

	look_again(h);
	if (p == NULL)
		return;
	p->connected = false;
	if (now_ms - p->up_ms >= LASTED_MS)
		p->fails = 0;
	p->next_ms = now_ms + backoff_ms(h, p->fails);
	if (now_ms - p->up_ms < LASTED_MS)
		p->fails = more(p->fails);
}

/* ---- what is wanted ---- */

/* The /16 of each peer that we have reached or are reaching by choice. */
struct chosen {
	uint32_t n, ips_n;
	struct multiaddr_ip ips[2 * HOST_DIALS_MAX];
};

static void
chosen_ip(struct chosen *c, struct slice addr)
{
	if (c->ips_n < ARRAY_LEN(c->ips) &&
	    address_ip(addr, &c->ips[c->ips_n]) &&
	    reach_of_ip(&c->ips[c->ips_n]) == REACH_WORLD)
		c->ips_n++;
}

static struct chosen
count_chosen(const struct host *h)
{
	struct chosen c = { 0 };

	for (uint32_t i = 0; i < h->peers_top; i++) {
		const struct host_peer *p = h->peers[i];
		if (p == NULL || !host_peer_is_ours(p))
			continue;
		c.n++;
		for (const struct host_link *l = p->links; l != NULL;
		     l = l->sibling)
			if (l->dialer)
				chosen_ip(&c, slice_of(l->remote, l->remote_n));
	}
	for (uint32_t i = 0; i < HOST_DIALS_MAX; i++)
		if (h->dials.rounds[i].peer != NULL &&
		    !h->dials.rounds[i].feeler && !h->dials.rounds[i].once)
			c.n++;
	for (uint32_t i = 0; i < HOST_DIALS_MAX; i++)
		if (h->dials.attempts[i].number != 0)
			chosen_ip(&c, slice_of(h->dials.attempts[i].addr->bytes,
					  h->dials.attempts[i].addr->n));
	return c;
}

static bool
is_crowded(const struct chosen *c, const struct known_addr *a)
{
	struct multiaddr_ip ip;

	if (!address_ip(slice_of(a->bytes, a->n), &ip))
		return false;
	for (uint32_t i = 0; i < c->ips_n; i++)
		if (address_same(&ip, &c->ips[i], ADDRESS_WIDE))
			return true;
	return false;
}

static unsigned
addr_cost(const struct known_addr *a)
{
	return address_rank(slice_of(a->bytes, a->n)) * 16 +
	       (a->proven ? 0 : 8) + MIN(a->fails, 7U);
}

/* The address to try next, or NULL; ${wake}: when one may be ready. */
static struct known_addr *
best_addr(
    const struct known_peer *p, bool in_round, uint64_t now_ms, uint64_t *wake)
{
	struct known_addr *best = NULL;

	for (struct known_addr *a = p->addrs; a != NULL; a = a->next) {
		if (a->dial != 0 || (in_round && a->round == p->round))
			continue;
		if (a->next_ms > now_ms) {
			*wake = MIN(*wake, a->next_ms);
			continue;
		}
		if (best == NULL || addr_cost(a) < addr_cost(best))
			best = a;
	}
	return best;
}

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9U;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebU;
	return x ^ x >> 31;
}

/*
 * Smaller is better: what is asked for, what the operator wants, another
 * network than we have, what was proven. By chance in one case of four an
 * unproven one counts as much, so that whoever came first does not stay the
 * only one for ever.
 */
static uint64_t
peer_cost(const struct known_peer *p, const struct known_addr *a,
    const struct chosen *c, uint64_t salt)
{
	const uint64_t draw = mix(salt + p->slot);
	uint64_t cost = draw & 0xff;

	if (!a->proven && (draw >> 8 & 3) != 0)
		cost += 1U << 12;
	if (p->source >= PEER_LAN)
		cost += (uint64_t)MIN(p->fails, 7U) << 9;
	if (!peer_store_kept(p) && is_crowded(c, a))
		cost += 1U << 16;
	if (!p->asked)
		cost += 1U << 20;
	if (!p->asked && !peer_store_kept(p))
		cost += 1U << 21;
	return cost;
}

/* Whom to begin with now, if anyone. */
static struct known_peer *
choose(struct host *h, uint64_t now_ms, bool *feeler)
{
	struct host_dials *d = &h->dials;
	const struct chosen c = count_chosen(h);
	const bool wanted = !d->held && c.n < h->limits.outbound_wanted;
	const bool look =
	    !d->held && h->limits.feeler_ms > 0 && now_ms >= d->feeler_ms;
	const uint64_t salt = env_random_u64(h->env);
	struct known_peer *best = NULL, *unproven = NULL;
	uint64_t best_cost = UINT64_MAX, unproven_draw = 0;

	for (uint32_t i = 0; i < peer_store_top(h->known); i++) {
		struct known_peer *p = peer_store_at(h->known, i);
		if (p == NULL || (p->connected && !p->asked) || p->dials > 0)
			continue;
		const bool needed =
		    p->asked || (!d->held && peer_store_kept(p));
		if (!needed && !wanted && !look)
			continue;
		if (!p->asked && p->next_ms > now_ms) {
			if (needed || wanted)
				d->at_ms = MIN(d->at_ms, p->next_ms);
			continue;
		}
		/* Who has no name cannot be told connected. */
		if (p->id.n == 0 && h->peer_ids.n > 0)
			continue;
		uint64_t later = UINT64_MAX;
		struct known_addr *a = best_addr(p, false, now_ms, &later);
		if (a == NULL) {
			if (needed || wanted)
				d->at_ms = MIN(d->at_ms, later);
			continue;
		}
		const uint64_t cost = peer_cost(p, a, &c, salt);
		if ((needed || wanted) && cost < best_cost) {
			best_cost = cost;
			best = p;
		}
		if (!needed && !a->proven && mix(salt ^ i) >= unproven_draw) {
			unproven_draw = mix(salt ^ i);
			unproven = p;
		}
	}
	*feeler = best == NULL && look && unproven != NULL;
	if (look)
		d->feeler_ms = now_ms + h->limits.feeler_ms;
	return *feeler ? unproven : best;
}

static bool
begin_round(struct host *h, uint64_t now_ms)
{
	struct host_round *r = round_of(h, NULL);
	uint32_t rounds = 0;
	bool feeler = false;

	for (uint32_t i = 0; i < HOST_DIALS_MAX; i++)
		rounds += h->dials.rounds[i].peer != NULL;
	if (r == NULL || rounds >= h->limits.dials_max)
		return false;
	struct known_peer *p = choose(h, now_ms, &feeler);
	if (p == NULL)
		return false;
	*r = (struct host_round){ p, now_ms, feeler,
		p->asked && p->once && !peer_store_kept(p) };
	p->dials++;
	p->round++;
	return true;
}

/* The next address of a round; false: none now, or the round is over. */
static bool
round_next(struct host *h, struct host_round *r, uint64_t now_ms,
    struct host_dial *out)
{
	struct host_dials *d = &h->dials;
	struct host_attempt *t = NULL;
	uint32_t beside = 0;
	uint64_t ignored = UINT64_MAX;
	bool stands = false;

	for (uint32_t i = 0; i < HOST_DIALS_MAX; i++) {
		struct host_attempt *other = &d->attempts[i];
		if (other->number == 0 && t == NULL)
			t = other;
		if (other->number == 0 || other->round != r)
			continue;
		beside++;
		stands = stands || other->conn != 0;
	}
	struct known_addr *a = best_addr(r->peer, true, now_ms, &ignored);
	if (a == NULL && beside == 0) {
		round_failed(h, r, now_ms);
		return false;
	}
	if (a == NULL || stands || beside >= BESIDE_MAX)
		return false;
	if (beside > 0 && r->next_ms > now_ms) {
		d->at_ms = MIN(d->at_ms, r->next_ms);
		return false;
	}
	if (t == NULL || d->attempts_n >= h->limits.dials_max) {
		d->at_ms = MIN(d->at_ms, now_ms + ROUND_WAIT_MS);
		return false;
	}
	if (++d->number == 0)
		d->number = 1;
	*t =
	    (struct host_attempt){ .number = d->number, .round = r, .addr = a };
	a->dial = d->number;
	a->round = r->peer->round;
	r->peer->dials++;
	r->next_ms = now_ms + STAGGER_MS;
	d->attempts_n++;
	h->stats.dials++;
	out->number = d->number;
	out->peer = r->peer->id;
	out->world = a->source > PEER_INVITATION;
	out->addr_n = a->n;
	memcpy(out->addr, a->bytes, a->n);
	return true;
}

bool
host_next_dial(struct host *h, struct host_dial *out)
{
	const uint64_t now_ms = h->env->mono_ms(h->env->ctx);
	struct host_dials *d = &h->dials;

	if (!d->due)
		return false;
	d->due = false;
	d->at_ms = d->sweep_ms;
	do {
		for (uint32_t i = 0; i < HOST_DIALS_MAX; i++)
			if (d->rounds[i].peer != NULL &&
			    round_next(h, &d->rounds[i], now_ms, out)) {
				d->due = true;
				return true;
			}
	} while (begin_round(h, now_ms));
	d->due = false; /* what failed meanwhile has its time in at_ms */
	if (h->limits.feeler_ms > 0 && !d->held && d->feeler_ms > now_ms)
		d->at_ms = MIN(d->at_ms, d->feeler_ms);
	host_wake_at(h, d->at_ms);
	return false;
}

void
host_dials_time(struct host *h, uint64_t now_ms)
{
	struct host_dials *d = &h->dials;

	if (now_ms >= d->sweep_ms) {
		peer_store_sweep(h->known, now_ms);
		d->sweep_ms = now_ms + SWEEP_MS;
	}
	if (now_ms >= d->at_ms) {
		d->at_ms = d->sweep_ms;
		look_again(h);
	}
	host_wake_at(h, d->at_ms);
}

/* What failed may have failed for want of a network. */
void
host_dials_resume(struct host *h, uint64_t now_ms)
{
	for (uint32_t i = 0; i < peer_store_top(h->known); i++) {
		struct known_peer *p = peer_store_at(h->known, i);
		if (p == NULL)
			continue;
		p->fails = 0;
		p->next_ms = now_ms + env_random_below(h->env, 1000);
		for (struct known_addr *a = p->addrs; a != NULL; a = a->next)
			a->next_ms = now_ms;
	}
	look_again(h);
}

void
host_hold(struct host *h, bool on)
{
	h->dials.held = on;
	look_again(h);
}

bool
host_is_direct(const struct host *h, const struct peer_id *id)
{
	for (uint32_t i = 0; i < h->dials.direct_n; i++)
		if (peer_id_eq(&h->dials.direct[i], id))
			return true;
	return false;
}

err
host_dials_direct(struct host *h, const struct peer_id *id, bool on)
{
	struct host_dials *d = &h->dials;
	struct known_peer *p = peer_store_find(h->known, id);

	if (on && !host_is_direct(h, id)) {
		if (d->direct_n == HOST_DIRECT_MAX)
			return ERR_LIMIT;
		d->direct[d->direct_n++] = *id;
	}
	for (uint32_t i = 0; !on && i < d->direct_n; i++)
		if (peer_id_eq(&d->direct[i], id))
			d->direct[i--] = d->direct[--d->direct_n];
	if (p != NULL)
		p->pinned = on;
	look_again(h);
	return OK;
}

/* ---- what is told of addresses ---- */

/* How far away a teller is that is not known: as far as anyone we hear. */
static enum reach
farthest(const struct host *h)
{
	enum reach far = REACH_MACHINE;

	for (uint32_t i = 0; i < h->peers_top; i++) {
		const struct host_peer *p = h->peers[i];
		for (const struct host_link *l = p == NULL ? NULL : p->links;
		     l != NULL; l = l->sibling)
			far = MAX(
			    far, reach_of(slice_of(l->remote, l->remote_n)));
	}
	return far;
}

/*
 * A peer far away that names addresses of this machine or site would have us
 * knock at our own doors.
 */
static bool
may_name(struct host *h, const struct peer_id *teller, struct slice addr,
    enum peer_source source)
{
	enum reach near = REACH_MACHINE;

	if (source == PEER_LAN)
		near = REACH_SITE;
	if (source == PEER_LAN && reach_of(addr) == REACH_MACHINE)
		near = REACH_MACHINE; /* two nodes of one machine */
	if (source >= PEER_RECORD) {
		const struct host_peer *p =
		    teller == NULL ? NULL : host_peer_lookup(h, teller);
		if (p != NULL)
			return reach_may_name(
			    slice_of(p->links->remote, p->links->remote_n),
			    addr);
		/* Who has gone since may have been anywhere. */
		near = source == PEER_EXCHANGE && teller != NULL ? REACH_WORLD
								 : farthest(h);
	}
	return reach_of(addr) >= near;
}

err
host_peer_told(struct host *h, const struct peer_id *teller,
    const struct peer_id *id, struct slice addr, enum peer_source source,
    uint64_t now_ms)
{
	struct known_peer *p = NULL;
	struct peer_id named;

	if (multiaddr_check(addr) != OK)
		return ERR_FORM;
	if (multiaddr_peer(addr, &named) == OK) {
		if (id != NULL && !peer_id_eq(id, &named))
			return ERR_FORM;
		id = &named;
	}
	if (id == NULL && source > PEER_BOOTSTRAP)
		return ERR_FORM;
	if (id != NULL && peer_id_eq(id, &h->self))
		return ERR_EXISTS;
	addr = multiaddr_strip_peer(addr);
	if (!may_name(h, teller, addr, source))
		return ERR_AUTH;
	TRY(peer_store_add(h->known, id, addr, source, now_ms, &p));
	p->pinned = id != NULL && host_is_direct(h, id);
	if (id != NULL && host_peer_lookup(h, id) != NULL && !p->connected) {
		p->connected = true;
		p->up_ms = now_ms;
	}
	look_again(h);
	return OK;
}

err
host_peer_add(struct host *h, const struct peer_id *id, struct slice addr,
    enum peer_source source, uint64_t now_ms)
{
	const bool here = id != NULL && host_peer_lookup(h, id) != NULL;

	return host_peer_told(h, here ? id : NULL, id, addr, source, now_ms);
}

/* A listen address that a connected peer says of itself. */
void
host_dials_learn(struct host_link *l, struct slice addr, uint64_t now_ms)
{
	struct host *h = l->h;
	const struct peer_id *id = &l->peer->id;

	if (host_peer_told(h, id, id, addr, PEER_IDENTIFY, now_ms) != OK ||
	    !l->dialer)
		return;
	/* Where we have reached it, it is. */
	struct known_peer *p = peer_store_find(h->known, id);
	addr = multiaddr_strip_peer(addr);
	for (struct known_addr *a = p->addrs; a != NULL; a = a->next)
		if (slice_eq(slice_of(a->bytes, a->n), addr) &&
		    slice_eq(slice_of(l->remote, l->remote_n), addr))
			peer_store_proven(h->known, p, a, now_ms);
}

/* Who answers a lookup names peers without end: they get a share. */
static uint32_t
once_max(const struct host *h)
{
	return MAX(h->limits.conns_max / 4, 16U);
}

static err
ask_for(struct host *h, const struct peer_id *id, bool once, uint64_t now_ms)
{
	const struct host_peer *up = host_peer_lookup(h, id);
	struct known_peer *p = peer_store_find(h->known, id);

	if (peer_id_eq(id, &h->self) || (up != NULL && !up->links->limited))
		return ERR_EXISTS;
	if (p == NULL || p->addrs == NULL)
		return ERR_NOTFOUND;
	if (p->asked) {
		p->once = p->once && once;
		return OK;
	}
	if (h->dials.asked_n + h->dials.unreachable_n >= HOST_ASKED_MAX)
		return ERR_LIMIT;
	if (once && host_once_count(h) + h->dials.asked_n >= once_max(h))
		return ERR_LIMIT;
	/* Who asks does not wait for a back-off, unless he has just asked. */
	if (p->asked_ms == 0 || now_ms - p->asked_ms >= ASK_AGAIN_MS)
		for (struct known_addr *a = p->addrs; a != NULL; a = a->next)
			a->next_ms = MIN(a->next_ms, now_ms);
	p->asked_ms = now_ms;
	p->asked = true;
	p->once = once;
	h->dials.asked_n++;
	look_again(h);
	return OK;
}

err
host_connect(struct host *h, const struct peer_id *id, uint64_t now_ms)
{
	return ask_for(h, id, false, now_ms);
}

err
host_connect_once(struct host *h, const struct peer_id *id, uint64_t now_ms)
{
	return ask_for(h, id, true, now_ms);
}

uint32_t
host_peer_addrs(
    struct host *h, const struct peer_id *id, struct slice out[PEER_ADDRS_MAX])
{
	const struct known_peer *p = peer_store_find(h->known, id);
	unsigned cost[PEER_ADDRS_MAX];
	uint32_t n = 0;

	for (const struct known_addr *a = p == NULL ? NULL : p->addrs;
	     a != NULL; a = a->next) {
		uint32_t at = n++;
		for (; at > 0 && cost[at - 1] > addr_cost(a); at--) {
			out[at] = out[at - 1];
			cost[at] = cost[at - 1];
		}
		out[at] = slice_of(a->bytes, a->n);
		cost[at] = addr_cost(a);
	}
	return n;
}

void
host_peer_forget(struct host *h, const struct peer_id *id)
{
	struct known_peer *p = peer_store_find(h->known, id);

	if (p != NULL)
		peer_store_drop(h->known, p);
}

bool
host_known_at(struct host *h, uint32_t i, struct host_known *out)
{
	for (uint32_t slot = 0; slot < peer_store_top(h->known); slot++) {
		const struct known_peer *p = peer_store_at(h->known, slot);
		if (p == NULL)
			continue;
		if (i >= p->addrs_n) {
			i -= p->addrs_n;
			continue;
		}
		const struct known_addr *a = p->addrs;
		while (i-- > 0)
			a = a->next;
		const struct host_peer *up = host_peer_lookup(h, &p->id);
		*out = (struct host_known){ .id = p->id,
			.addr = slice_of(a->bytes, a->n),
			.anchor = p->connected && up != NULL &&
				  up->links->dialer && a->proven,
			.proven = a->proven,
			.seen_ms = a->seen_ms };
		return true;
	}
	return false;
}
