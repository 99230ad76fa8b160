#include "node/record/announce.h"

#include <stdlib.h>

#define PER_TICK 64
#define NOBODY   UINT32_MAX
#define AGAIN_MS 600000 /* beyond what gossip remembers as seen */

struct announcer {
	struct announce_config cf;
	char net[NET_MAX + 1];
	uint64_t *rids; /* that wait */
	size_t n, cap;
	uint64_t again_ms;  /* the next look at what is hidden */
	uint32_t open;      /* the author that may be told of */
	uint64_t others_ms; /* from when on another one may */
};

static uint64_t
now_ms(const struct announcer *a)
{
	return a->cf.env->mono_ms(a->cf.env->ctx);
}

struct announcer *
announcer_new(const struct announce_config *cf)
{
	ASSERT(net_is_valid(cf->net));
	struct announcer *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->cf = *cf;
	memcpy(a->net, cf->net.p, cf->net.n);
	a->again_ms = now_ms(a) + AGAIN_MS;
	return a;
}

void
announcer_free(struct announcer *a)
{
	if (a == NULL)
		return;
	free(a->rids);
	free(a);
}

static void
wait_add(struct announcer *a, uint64_t rid)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->rids[i] == rid)
			return;
	if (a->n == ANNOUNCE_MAX)
		return; /* sync brings it to peers all the same */
	if (a->n == a->cap) {
		const size_t cap = a->cap == 0 ? 16 : 2 * a->cap;
		uint64_t *more = realloc(a->rids, cap * sizeof(*more));
		if (more == NULL)
			return;
		a->rids = more;
		a->cap = cap;
	}
	a->rids[a->n++] = rid;
}

/* Which of our authors; NOBODY for one that is none any more. */
static uint32_t
author_of(const struct announcer *a, const uint8_t author[RECORD_AUTHOR])
{
	const uint8_t *own;

	for (uint32_t i = 0; (own = a->cf.author_at(a->cf.ctx, i)) != NULL; i++)
		if (memcmp(own, author, RECORD_AUTHOR) == 0)
			return i;
	uint32_t whose = NOBODY;
	if (a->cf.one_time == NULL ||
	    !a->cf.one_time(a->cf.ctx, author, &whose))
		return NOBODY;
	return whose;
}

static bool
may_speak(const struct announcer *a, uint32_t author)
{
	return author == a->open || now_ms(a) >= a->others_ms;
}

static void
spoke(struct announcer *a, uint32_t author)
{
	a->open = author;
	if (a->cf.gap_ms > 0)
		a->others_ms = now_ms(a) + a->cf.gap_ms +
			       env_random_below(a->cf.env, a->cf.gap_ms);
}

/*
 * To how many peers it went; ERR_MORE: later. Where nobody listens it is not
 * said at all: gossip would remember it as said, and never say it again.
 * What is hidden never floods: it would point at where it began.
 */
static err
announce(struct announcer *a, const struct store_record *r, uint32_t *sent_to)
{
	struct gossip_topic now;
	char topic[TOPIC_TEXT];

	*sent_to = 0;
	topic_put(topic, slice_str(a->net), kind_info(r->kind)->class);
	if (!host_topic(a->cf.host, topic, &now) || now.peers == 0)
		return OK;
	return host_publish(a->cf.host, topic, r->bytes,
	    a->cf.flood && !store_is_hidden(r), now_ms(a), sent_to);
}

/* False: it has to wait. */
static bool
announce_rid(struct announcer *a, struct store_view *view, uint64_t rid,
    uint32_t *sent_to, bool *quiet)
{
	struct store_record r;

	*sent_to = 0;
	*quiet = false;
	if (store_get_rid(view, rid, &r) != OK)
		return true; /* replaced or gone meanwhile */
	const uint32_t author = author_of(a, r.author);
	*quiet = store_is_hidden(&r) && a->cf.quietly != NULL;
	if (!may_speak(a, author))
		return false;
	if (*quiet) {
		const err e = a->cf.quietly(a->cf.ctx, &r);
		if (e == OK)
			spoke(a, author);
		return e == OK || e == ERR_EXISTS;
	}
	const err e = announce(a, &r, sent_to);
	if (*sent_to > 0)
		spoke(a, author);
	return (e == OK && *sent_to > 0) || e == ERR_EXISTS;
}

uint32_t
announce_stored(struct announcer *a, uint64_t rid, bool *quiet)
{
	struct store_view *view = NULL;
	uint32_t sent_to = 0;

	*quiet = false;
	if (store_view_open(a->cf.store, &view) != OK) {
		wait_add(a, rid);
		return 0;
	}
	if (!announce_rid(a, view, rid, &sent_to, quiet))
		wait_add(a, rid);
	store_view_close(view);
	return sent_to;
}

void
announce_again(struct announcer *a, const uint8_t id[RECORD_ID])
{
	struct store_view *view = NULL;
	struct store_record r;

	if (store_view_open(a->cf.store, &view) != OK)
		return; /* it is hidden: found again within ten minutes */
	if (store_get(view, id, &r) == OK)
		wait_add(a, r.rid);
	store_view_close(view);
}

static bool
wait_for_hidden(void *ctx, const struct store_record *r)
{
	if (store_is_hidden(r))
		wait_add(ctx, r->rid);
	return true;
}

void
announce_tick(struct announcer *a)
{
	const bool again = now_ms(a) >= a->again_ms;
	struct host_peer_info peer;
	struct store_view *view = NULL;
	size_t kept = 0, tried = 0;
	uint32_t sent_to = 0;
	bool quiet = false;

	if ((a->n == 0 && !again) || !host_peer_at(a->cf.host, 0, &peer) ||
	    store_view_open(a->cf.store, &view) != OK)
		return;
	if (again) {
		a->again_ms = now_ms(a) + AGAIN_MS;
		/* What cannot be read now is looked at the next time. */
		const err e = store_each_own(view, wait_for_hidden, a);
		(void)e;
	}
	for (size_t i = 0; i < a->n; i++)
		if (tried++ >= PER_TICK ||
		    !announce_rid(a, view, a->rids[i], &sent_to, &quiet))
			a->rids[kept++] = a->rids[i];
	a->n = kept;
	store_view_close(view);
}

size_t
announce_waiting(const struct announcer *a)
{
	return a->n;
}
