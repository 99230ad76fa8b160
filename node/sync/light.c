#include "node/sync/light.h"

#include <stdlib.h>

#include "node/keys/vault.h"
#include "node/record/publish.h"
#include "node/record/stem_node.h"

#define SAVED        "light/day" /* in the vault */
#define DAY_S        86400
#define WINDOW_BYTES (256U << 10) /* of a stream: may be under way */
#define RESERVE      (48U << 10)  /* for each later sync of the day */
#define WHOLE_S      (3 * DAY_S)  /* so old, the newest come first again */
#define CALL_MS      20000        /* for a peer to come and to be known */
#define LINGER_MS    5000         /* gossip has to get out */
#define PUBLISH_MS   30000        /* and so long, if nobody takes it */
#define STRANGER_MS  60000        /* a connection that nobody needs */
#define TRIES_MAX    6            /* peers called for one sync */
#define RETRY_S      1800         /* nobody was there */
#define ALONE_S      60           /* nobody is known: that costs nothing */
#define SAVE_TICKS   60

/* How far back it asks while it has not caught up; 0: all. */
static const uint32_t horizons_h[] = { 24, 24 * 7, 24 * 30, 0 };
#define STAGES ARRAY_LEN(horizons_h)

enum phase { RESTING, CALLING, SYNCING, LINGERING };

struct light {
	struct node *n;
	enum phase phase;
	uint64_t phase_ms; /* since when */
	uint64_t next_s;   /* of the wall clock */
	unsigned stage;
	unsigned tries;
	struct peer_id peer; /* that is called, or talked to */
	struct peer_id tried[TRIES_MAX];
	/* The budget. */
	uint64_t day;
	uint64_t before;  /* bytes of this day before the host's count */
	uint64_t base;    /* the host's count when the day began */
	unsigned syncs;   /* of this day */
	uint64_t whole_s; /* when all was last agreed upon; 0: never */
	uint64_t cut;     /* sessions broken off for the budget */
	unsigned ticks;
};

static uint64_t
now_ms(const struct light *l)
{
	return l->n->env.mono_ms(l->n->env.ctx);
}

static uint64_t
host_bytes(const struct light *l)
{
	struct host_stats st;

	host_stats(l->n->host, &st);
	return st.bytes_in + st.bytes_out;
}

static uint64_t
used(const struct light *l)
{
	return l->before + host_bytes(l) - l->base;
}

static uint64_t
day_left(const struct light *l)
{
	const uint64_t day = l->n->config->light.day_bytes;

	return day - MIN(day, used(l));
}

uint64_t
light_left(const struct light *l)
{
	const unsigned per_day = l->n->config->light.syncs_per_day;
	const uint64_t later = per_day - MIN(per_day, l->syncs);
	const uint64_t day = l->n->config->light.day_bytes;
	/* Of a small budget what is kept for later is a quarter at most. */
	const uint64_t reserve = MIN(later * RESERVE, day / 4) + WINDOW_BYTES;
	const uint64_t left = day_left(l);

	return left - MIN(left, reserve);
}

/* ---- over a restart ---- */

static uint64_t
get(const json_t *o, const char *key)
{
	const json_int_t v = json_integer_value(json_object_get(o, key));

	return v < 0 ? 0 : (uint64_t)v;
}

struct light *
light_new(struct node *n)
{
	struct light *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->n = n;
	l->day = node_now(n) / DAY_S;
	json_t *saved = vault_get(n->vault, SAVED, NULL);
	if (get(saved, "day") == l->day) {
		l->before = get(saved, "bytes");
		l->syncs = (unsigned)get(saved, "syncs");
	}
	if (!store_info(n->store).created)
		l->whole_s = get(saved, "whole");
	l->next_s = get(saved, "next");
	json_decref(saved);
	if (l->next_s > node_now(n) + DAY_S)
		l->next_s = 0; /* the clock was wrong */
	host_hold(n->host, true);
	return l;
}

void
light_free(struct light *l)
{
	free(l);
}

bool
light_rests(const struct light *l)
{
	return l->phase == RESTING;
}

void
light_save(struct light *l)
{
	json_t *o =
	    json_pack("{s:I,s:I,s:I,s:I,s:I}", "day", (json_int_t)l->day,
		"bytes", (json_int_t)used(l), "syncs", (json_int_t)l->syncs,
		"whole", (json_int_t)l->whole_s, "next", (json_int_t)l->next_s);

	if (o == NULL || vault_put(l->n->vault, SAVED, o) != OK)
		env_log(&l->n->env, LOG_UNUSUAL, "light_not_saved",
		    "what=\"after a restart the budget of today is whole\"");
	json_decref(o);
}

/* ---- phases ---- */

static void
phase_set(struct light *l, enum phase p)
{
	l->phase = p;
	l->phase_ms = now_ms(l);
}

static void
hang_up(struct light *l, uint64_t older_ms)
{
	struct host *h = l->n->host;
	const uint64_t now = now_ms(l);
	struct host_peer_info p;

	for (uint32_t i = 0; host_peer_at(h, i, &p); i++) {
		const struct peer_id id = p.id;
		if (now < p.since_ms + older_ms)
			continue;
		for (uint32_t k = 0;; k++) {
			const host_conn c = host_peer_conn(h, &id, k);
			if (c == 0)
				break;
			host_conn_close(h, c, "a light node rests", now);
		}
	}
}

/* Spread over the day, by chance, so that light nodes do not come at once. */
static void
rest(struct light *l, uint64_t wait_s)
{
	l->next_s = node_now(l->n) + wait_s - wait_s / 8 +
		    env_random_below(&l->n->env, wait_s / 4 + 1);
	l->stage = 0;
	l->tries = 0;
	hang_up(l, 0);
	phase_set(l, RESTING);
	light_save(l);
}

static uint64_t
interval_s(const struct light *l)
{
	return DAY_S / l->n->config->light.syncs_per_day;
}

static bool
was_tried(const struct light *l, const struct peer_id *id)
{
	for (unsigned i = 0; i < l->tries; i++)
		if (peer_id_eq(&l->tried[i], id))
			return true;
	return false;
}

static uint64_t
agreed_s(const struct light *l, const struct peer_id *id)
{
	struct syncer_peer p;

	return syncer_peer_find(l->n->syncer, id, &p) ? p.agreed_s : 0;
}

/*
 * Whom to call: of those who have answered before, or that the owner named,
 * who was longest not asked; else anybody.
 */
static bool
choose(const struct light *l, struct peer_id *out)
{
	struct host_known_peer p;
	uint64_t best = UINT64_MAX;

	for (uint32_t i = 0; host_known_peer_at(l->n->host, i, &p); i++) {
		if (p.id.n == 0 || p.addrs_n == 0 || was_tried(l, &p.id))
			continue;
		const bool good = p.proven || p.source <= PEER_BOOTSTRAP;
		const uint64_t cost = (good ? 0 : UINT64_C(1) << 40) +
				      ((uint64_t)MIN(p.fails, 7U) << 36) +
				      (agreed_s(l, &p.id) >> 2);
		if (cost < best) {
			best = cost;
			*out = p.id;
		}
	}
	return best != UINT64_MAX;
}

static void linger(struct light *l);

/* Sync with whom is called, once it is there. */
static void
talk(struct light *l)
{
	if (syncer_now(l->n->syncer, &l->peer) == OK)
		phase_set(l, SYNCING);
}

static void
call_next(struct light *l)
{
	const uint64_t now = now_ms(l);

	while (l->tries < TRIES_MAX && choose(l, &l->peer)) {
		l->tried[l->tries++] = l->peer;
		const err e = host_connect(l->n->host, &l->peer, now);
		phase_set(l, CALLING);
		if (e == ERR_EXISTS)
			talk(l);
		if (e == OK || l->phase == SYNCING)
			return;
	}
	if (l->tries > 0)
		env_log(
		    &l->n->env, LOG_INFO, "light_alone", "tried=%u", l->tries);
	l->syncs -= l->syncs > 0; /* it was none */
	rest(l, MIN(l->tries == 0 ? ALONE_S : RETRY_S, interval_s(l)));
}

static void
begin(struct light *l)
{
	const uint64_t now = node_now(l->n);
	/* Who has it all lately asks for all at once. */
	const bool caught_up = l->whole_s != 0 && now < l->whole_s + WHOLE_S;

	l->stage = caught_up ? STAGES - 1 : 0;
	l->tries = 0;
	l->syncs++;
	call_next(l);
}

err
light_now(struct light *l)
{
	if (light_left(l) == 0)
		return ERR_LIMIT;
	if (l->phase == RESTING)
		l->next_s = 0;
	return OK;
}

static void
linger(struct light *l)
{
	phase_set(l, LINGERING);
}

void
light_over(struct light *l, const struct peer_id *peer, const char *why)
{
	if (l->phase != SYNCING || !peer_id_eq(peer, &l->peer))
		return;
	if (strcmp(why, "budget") == 0) {
		l->cut++;
		linger(l);
	} else if (why[0] != '\0') {
		phase_set(l, CALLING); /* light_tick() goes on */
		l->phase_ms = 0;
	} else if (l->stage + 1 < STAGES) {
		l->stage++;
		phase_set(l, CALLING);
	} else {
		l->whole_s = node_now(l->n);
		linger(l);
	}
}

void
light_event(struct light *l, const struct host_event *ev)
{
	if (l->phase != CALLING || !peer_id_eq(&ev->peer, &l->peer))
		return;
	if (ev->type == HOST_IDENTIFIED)
		talk(l);
	else if (ev->type == HOST_UNREACHABLE || ev->type == HOST_PEER_DOWN)
		l->phase_ms = 0;
}

void
light_scope(const struct light *l, struct scope *scope)
{
	const uint64_t hour = node_now(l->n) / 3600;
	const uint32_t back = horizons_h[l->stage];

	if (l->phase != RESTING && back != 0 && hour > back)
		scope->since_h = MAX(scope->since_h, (uint32_t)(hour - back));
}

static void
new_day(struct light *l)
{
	const uint64_t day = node_now(l->n) / DAY_S;

	if (day == l->day)
		return;
	l->day = day;
	l->before = 0;
	l->base = host_bytes(l);
	l->syncs = 0;
}

static bool
has_news(const struct light *l)
{
	return publisher_waiting(l->n->publisher) > 0 ||
	       stem_node_untaken(l->n) > 0;
}

void
light_tick(struct light *l)
{
	const uint64_t now = now_ms(l), wall = node_now(l->n);

	new_day(l);
	/* A clock that was set back must not keep it silent for a month. */
	l->next_s = MIN(l->next_s, wall + DAY_S);
	switch (l->phase) {
	case RESTING:
		if (light_left(l) > 0 &&
		    (wall >= l->next_s ||
			(has_news(l) && now > l->phase_ms + STRANGER_MS)))
			begin(l);
		else
			hang_up(l, day_left(l) == 0 ? 0 : STRANGER_MS);
		break;
	case CALLING:
		if (light_left(l) == 0)
			linger(l);
		else if (now > l->phase_ms + CALL_MS)
			call_next(l);
		else
			talk(l);
		break;
	case SYNCING:
		break; /* light_over() */
	case LINGERING:
		if (now > l->phase_ms + (has_news(l) ? PUBLISH_MS : LINGER_MS))
			rest(l, interval_s(l));
		break;
	}
	if (++l->ticks % SAVE_TICKS == 0 && l->phase != RESTING)
		light_save(l);
}

/* ---- for people ---- */

json_t *
light_json(const struct light *l)
{
	const uint64_t hour = node_now(l->n) / 3600;
	const uint32_t back = l->phase == RESTING ? 0 : horizons_h[l->stage];
	json_t *o = json_object();

	(void)hour;
	(void)json_object_set_new(o, "day_bytes",
	    json_integer((json_int_t)l->n->config->light.day_bytes));
	(void)json_object_set_new(
	    o, "used_today", json_integer((json_int_t)used(l)));
	(void)json_object_set_new(
	    o, "left_today", json_integer((json_int_t)day_left(l)));
	(void)json_object_set_new(o, "syncs_per_day",
	    json_integer(l->n->config->light.syncs_per_day));
	(void)json_object_set_new(o, "syncs_today", json_integer(l->syncs));
	(void)json_object_set_new(
	    o, "next_sync_at", json_integer((json_int_t)l->next_s));
	(void)json_object_set_new(o, "whole_at",
	    l->whole_s == 0 ? json_null()
			    : json_integer((json_int_t)l->whole_s));
	(void)json_object_set_new(o, "resting", json_boolean(light_rests(l)));
	(void)json_object_set_new(
	    o, "horizon_h", back == 0 ? json_null() : json_integer(back));
	(void)json_object_set_new(
	    o, "cut_short", json_integer((json_int_t)l->cut));
	return o;
}
