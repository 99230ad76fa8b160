/* sync/peers.c: what is known of peers; whose turn it is. */
#include "node/sync/internal.h"

#define WHOLE_MS       3600000 /* or as many as there were within this time */
#define STALL_MS       120000  /* a first session so long is not waited for */
#define RETRY_MS       30000   /* another peer, as long as we are behind */
#define SOON_MS        2000    /* between sessions with those who have come */
#define REST_MS        10000   /* something was left for the next time */
#define GONE_MS        10000   /* the connection went: it may come back */
#define BUSY_MS        15000   /* doubled each time */
#define FAIL_MAX_MS    14400000
#define LIE_MS         3600000 /* doubled each time */
#define REFUSED_MS     86400000
#define SERVED_AT_ONCE 6     /* sessions of one peer in a row, */
#define SERVED_EACH_MS 20000 /* and one more after each such time */
#define TELL_PART      8 /* of the pace: we have news that gossip had lost */

static uint64_t
mono_ms(const struct syncer *y)
{
	return y->cf.env->mono_ms(y->cf.env->ctx);
}

static uint64_t
wall_s(const struct syncer *y)
{
	return y->cf.env->wall_s(y->cf.env->ctx);
}

/* Three quarters to five quarters of it, so that nodes do not fall in step. */
static uint64_t
about(const struct syncer *y, uint64_t ms)
{
	return ms - ms / 4 + env_random_below(y->cf.env, ms / 2 + 1);
}

struct syncer_entry *
entry_find(struct syncer *y, const struct peer_id *id)
{
	for (unsigned i = 0; i < SYNCER_PEERS_MAX; i++)
		if (y->peers[i].p.id.n != 0 &&
		    peer_id_eq(&y->peers[i].p.id, id))
			return &y->peers[i];
	return NULL;
}

struct syncer_entry *
entry_take(struct syncer *y, const struct peer_id *id)
{
	struct syncer_entry *e = entry_find(y, id);

	if (e != NULL)
		return e;
	for (unsigned i = 0; i < SYNCER_PEERS_MAX; i++) {
		struct syncer_entry *o = &y->peers[i];
		if (o->p.id.n == 0) {
			e = o;
			break;
		}
		if (o->p.connected || o->p.talking)
			continue;
		if (e == NULL || MAX(o->p.tried_s, o->p.agreed_s) <
				     MAX(e->p.tried_s, e->p.agreed_s))
			e = o;
	}
	if (e != NULL) {
		*e = (struct syncer_entry){ 0 };
		e->p.id = *id;
		e->p.why = "";
	}
	return e;
}

/* ---- were we away? ---- */

static bool
is_behind(const struct syncer *y)
{
	return y->whole_n == 0 || (y->whole_n < SYNCER_WHOLE &&
				      mono_ms(y) < y->whole_ms + WHOLE_MS);
}

bool
policy_behind(const struct syncer *y)
{
	return is_behind(y);
}

static void
note_whole(struct syncer *y, const struct peer_id *id)
{
	for (unsigned i = 0; i < y->whole_n; i++)
		if (peer_id_eq(&y->whole[i], id))
			return;
	if (y->whole_n == SYNCER_WHOLE)
		return;
	if (y->whole_n == 0)
		y->whole_ms = mono_ms(y);
	y->whole[y->whole_n++] = *id;
}

static bool
any_peer(const struct syncer *y)
{
	for (unsigned i = 0; i < SYNCER_PEERS_MAX; i++)
		if (y->peers[i].p.connected)
			return true;
	return false;
}

/* Without a peer for a while, or asleep: what came meanwhile is missing. */
void
policy_tick(struct syncer *y)
{
	const uint64_t wall = wall_s(y), mono = mono_ms(y);
	const bool away =
	    (y->seen_s != 0 && wall > y->seen_s + SYNCER_AWAY_S) ||
	    mono > y->seen_ms + SYNCER_AWAY_S * 1000;

	if (away) {
		y->whole_n = 0;
		for (unsigned i = 0; i < SYNCER_PEERS_MAX; i++) {
			struct syncer_entry *e = &y->peers[i];
			e->wanted = e->p.connected;
			if (e->p.fails == 0 && e->p.lies == 0)
				e->next_ms = MIN(e->next_ms, mono);
		}
		y->next_soon_ms = MIN(y->next_soon_ms, mono);
	}
	if (away || any_peer(y)) {
		y->seen_s = wall;
		y->seen_ms = mono;
	}
}

/* ---- who has come and gone ---- */

/* Who opens one session after the other costs us a walk each time. */
bool
policy_may_serve(struct syncer *y, struct syncer_entry *e)
{
	const uint64_t now = mono_ms(y);
	const uint64_t more = e->tokens_ms == 0
				  ? SERVED_AT_ONCE
				  : (now - e->tokens_ms) / SERVED_EACH_MS;

	if ((e->p.lies > 0 || e->slow) && now < e->next_ms)
		return false;
	if (more > 0) {
		e->tokens =
		    (unsigned)MIN(e->tokens + more, (uint64_t)SERVED_AT_ONCE);
		e->tokens_ms = now;
	}
	if (e->tokens == 0)
		return false;
	e->tokens--;
	return true;
}

void
syncer_peer(struct syncer *y, const struct peer_id *peer)
{
	struct syncer_entry *e = entry_take(y, peer);
	struct host_peer_info info;
	const uint64_t now = mono_ms(y);

	if (e == NULL || (e->p.connected && e->speaks))
		return;
	e->p.connected = true;
	e->speaks = true;
	e->outbound = host_peer_find(y->cf.host, peer, &info) && info.outbound;
	/* Who only lost the line for a moment has nothing new to say. */
	e->wanted = e->agreed_ms == 0 ||
		    now > e->agreed_ms + 1000 * (uint64_t)y->cf.pace_s ||
		    is_behind(y);
	if (e->wanted && e->p.fails == 0 && e->p.lies == 0)
		e->next_ms = MIN(MAX(e->next_ms, now),
		    now + env_random_below(y->cf.env, SOON_MS));
}

void
policy_peer_gone(struct syncer *y, const struct peer_id *peer)
{
	struct syncer_entry *e = entry_find(y, peer);

	if (e != NULL)
		e->p.connected = e->speaks = e->wanted = false;
}

/* ---- how a session has ended ---- */

static uint64_t
pace_ms(const struct syncer *y)
{
	return 1000 * (uint64_t)y->cf.pace_s;
}

/* Others lack what gossip had lost and we have just got: tell them soon. */
static void
tell_others(struct syncer *y, const struct syncer_entry *from, uint64_t now)
{
	for (unsigned i = 0; i < SYNCER_PEERS_MAX; i++) {
		struct syncer_entry *e = &y->peers[i];
		if (e != from && e->p.connected && e->p.fails == 0 &&
		    e->p.lies == 0 && e->busy == 0)
			e->next_ms = MIN(e->next_ms, now);
	}
	y->next_round_ms =
	    MIN(y->next_round_ms, now + about(y, pace_ms(y) / TELL_PART));
}

void
policy_agreed(struct syncer *y, struct syncer_entry *e, uint64_t late,
    bool partial, bool soon)
{
	const uint64_t now = mono_ms(y);

	e->p.why = "";
	e->p.fails = e->busy = 0;
	e->slow = false;
	e->p.agreed_s = wall_s(y);
	e->agreed_ms = now;
	e->wanted = soon;
	e->p.equals = e->p.differences == 0 ? e->p.equals + 1 : 0;
	e->next_ms = now + about(y, pace_ms(y) << MIN(e->p.equals, 2U));
	if (soon)
		e->next_ms = now + about(y, REST_MS);
	if (!partial)
		note_whole(y, &e->p.id);
	if (late > 0)
		tell_others(y, e, now);
}

void
policy_failed(struct syncer *y, struct syncer_entry *e, enum syncer_fault fault,
    const char *why)
{
	const uint64_t now = mono_ms(y);
	uint64_t wait = GONE_MS;

	e->p.why = why;
	switch (fault) {
	case SYNCER_GONE:
		break;
	case SYNCER_BUSY:
		e->busy++;
		wait = (uint64_t)BUSY_MS << MIN(e->busy - 1, 5U);
		break;
	case SYNCER_FAILED:
		e->p.fails++;
		wait = MIN(pace_ms(y) << MIN(e->p.fails, 10U), FAIL_MAX_MS);
		break;
	case SYNCER_LIED:
		e->p.fails++;
		e->p.lies++;
		wait = (uint64_t)LIE_MS << MIN(e->p.lies - 1, 4U);
		break;
	case SYNCER_REFUSED:
		e->wanted = false;
		wait = REFUSED_MS;
		break;
	}
	e->next_ms = MAX(e->next_ms, now + about(y, wait));
}

/* ---- whose turn it is ---- */

static bool
may_begin(const struct syncer_entry *e, bool round, uint64_t now)
{
	return e->p.id.n != 0 && e->p.connected && e->speaks && !e->p.talking &&
	       e->next_ms <= now && (round || e->wanted);
}

/* Is a longer without us than b? Equal: by chance. */
static bool
comes_first(const struct syncer *y, const struct syncer_entry *a,
    const struct syncer_entry *b)
{
	if (a->agreed_ms != b->agreed_ms)
		return a->agreed_ms < b->agreed_ms;
	if (a->p.agreed_s != b->p.agreed_s)
		return a->p.agreed_s < b->p.agreed_s;
	return env_random_below(y->cf.env, 2) == 0;
}

static struct syncer_entry *
choose(struct syncer *y, bool round, bool outbound, uint64_t now)
{
	struct syncer_entry *best = NULL;

	for (unsigned i = 0; i < SYNCER_PEERS_MAX; i++) {
		struct syncer_entry *e = &y->peers[i];
		if (!may_begin(e, round, now) || (outbound && !e->outbound))
			continue;
		if (best == NULL || comes_first(y, e, best))
			best = e;
	}
	return best;
}

/* Half of our sessions, and the first one, may be with who came to us. */
static bool
strangers_fill(struct syncer *y)
{
	unsigned n = 0;

	for (unsigned i = 0; i < y->sessions_n; i++) {
		const struct syncer_session *s = &y->sessions[i];
		if (!s->used || !s->dialer)
			continue;
		const struct syncer_entry *e = entry_find(y, &s->peer);
		n += e == NULL || !e->outbound;
	}
	return n > 0 && n >= sessions_own_max(y) / 2;
}

struct syncer_entry *
policy_next(struct syncer *y)
{
	const uint64_t now = mono_ms(y);
	const bool round = now >= y->next_round_ms;
	const unsigned own = sessions_now(y, true);
	struct syncer_entry *e = NULL;

	if (y->cf.light || y->stopped || own >= sessions_own_max(y) ||
	    (!round && now < y->next_soon_ms))
		return NULL;
	/* Who catches up takes it from one: the others have the same. */
	if (y->whole_n == 0 && own > 0 && now < y->begun_ms + STALL_MS)
		return NULL;
	const bool filled = strangers_fill(y);
	if (filled || (y->turn & 1) != 0)
		e = choose(y, round, true, now);
	return e != NULL || filled ? e : choose(y, round, false, now);
}

void
syncer_soon(struct syncer *y)
{
	struct syncer_entry *best = NULL;

	for (unsigned i = 0; i < SYNCER_PEERS_MAX; i++) {
		struct syncer_entry *e = &y->peers[i];
		if (e->p.connected && e->speaks && !e->p.talking &&
		    e->p.fails == 0 && e->p.lies == 0 &&
		    (best == NULL || comes_first(y, e, best)))
			best = e;
	}
	if (best == NULL)
		return;
	best->wanted = true;
	best->next_ms = MIN(best->next_ms, mono_ms(y) + about(y, REST_MS));
}

void
policy_begun(struct syncer *y, struct syncer_entry *e)
{
	const uint64_t now = mono_ms(y);

	y->turn++;
	y->begun_ms = now;
	e->p.tried_s = wall_s(y);
	y->next_soon_ms = now + about(y, SOON_MS);
	y->next_round_ms = now + (is_behind(y) ? MIN(RETRY_MS, pace_ms(y))
					       : about(y, pace_ms(y)));
}

/* ---- what others may see ---- */

static void
show(const struct syncer *y, const struct syncer_entry *e,
    struct syncer_peer *out)
{
	const uint64_t now = mono_ms(y);

	*out = e->p;
	out->wait_s =
	    e->next_ms > now ? (uint32_t)((e->next_ms - now) / 1000) : 0;
}

bool
syncer_peer_at(const struct syncer *y, unsigned i, struct syncer_peer *out)
{
	for (unsigned k = 0; k < SYNCER_PEERS_MAX; k++) {
		if (y->peers[k].p.id.n == 0 || i-- > 0)
			continue;
		show(y, &y->peers[k], out);
		return true;
	}
	return false;
}

bool
syncer_peer_find(
    const struct syncer *y, const struct peer_id *id, struct syncer_peer *out)
{
	for (unsigned k = 0; k < SYNCER_PEERS_MAX; k++) {
		if (y->peers[k].p.id.n == 0 ||
		    !peer_id_eq(&y->peers[k].p.id, id))
			continue;
		show(y, &y->peers[k], out);
		return true;
	}
	return false;
}

void
syncer_restore(struct syncer *y, const struct syncer_peer *p)
{
	struct syncer_entry *e = entry_take(y, &p->id);

	if (e == NULL)
		return;
	const struct syncer_peer now = e->p;
	e->p = *p;
	e->p.connected = now.connected;
	e->p.talking = now.talking;
	e->p.why = "";
	/* A lie is not forgotten by restarting, but what it costs is. */
	if (p->lies > 0)
		e->next_ms = mono_ms(y) + about(y, LIE_MS);
}
