#include "proto/libp2p/kad_internal.h"

#define RETRY_MS 200 /* when all questions are under way for others */

static struct kad_query *
query_find(struct kad *k, uint32_t id)
{
	for (uint32_t i = 0; i < k->params.queries_max; i++)
		if (k->queries[i] != NULL && k->queries[i]->id == id)
			return k->queries[i];
	return NULL;
}

static void
query_free(struct kad *k, struct kad_query *q)
{
	for (uint32_t p = 0; p < KAD_PATHS; p++)
		for (uint32_t i = 0; i < q->paths[p].n; i++)
			mem_free(k->mem, q->paths[p].c[i],
			    sizeof(struct kad_candidate));
	for (uint32_t i = 0; i < k->params.queries_max; i++)
		if (k->queries[i] == q)
			k->queries[i] = NULL;
	mem_free(k->mem, q, sizeof(*q));
}

void
kad_queries_free(struct kad *k)
{
	for (uint32_t i = 0; i < k->params.queries_max; i++)
		if (k->queries[i] != NULL)
			query_free(k, k->queries[i]);
	mem_free(
	    k->mem, k->queries, k->params.queries_max * sizeof(*k->queries));
}

static struct kad_candidate *
candidate_find(
    const struct kad_query *q, const struct peer_id *id, uint32_t *path)
{
	for (uint32_t p = 0; p < KAD_PATHS; p++)
		for (uint32_t i = 0; i < q->paths[p].n; i++)
			if (peer_id_eq(&q->paths[p].c[i]->contact.id, id)) {
				*path = p;
				return q->paths[p].c[i];
			}
	return NULL;
}

/* The farthest that nobody was asked about; n: there is none. */
static uint32_t
last_unasked(const struct kad_path *p)
{
	for (uint32_t i = p->n; i-- > 0;)
		if (p->c[i]->state == HEARD || p->c[i]->state == FAILED)
			return i;
	return p->n;
}

/* A peer belongs to the path that heard of it first. */
static void
candidate_add(struct kad *k, struct kad_query *q, uint32_t path,
    const struct peer_id *teller, const struct kad_contact *contact)
{
	struct kad_path *p = &q->paths[path];
	const struct kad_point point =
	    kad_point_of(peer_id_slice(&contact->id));
	struct kad_candidate *c = NULL;
	uint32_t other = 0, at = 0;

	if (peer_id_eq(&contact->id, &k->self.id) ||
	    candidate_find(q, &contact->id, &other) != NULL)
		return;
	while (at < p->n && !kad_closer(&q->target, &point, &p->c[at]->point))
		at++;
	if (p->n == KAD_PATH_MAX) {
		const uint32_t last = last_unasked(p);
		if (last == p->n || at > last)
			return;
		c = p->c[last];
		memmove(&p->c[last], &p->c[last + 1],
		    (p->n - last - 1) * sizeof(p->c[0]));
		p->n--;
	} else {
		c = mem_alloc(k->mem, sizeof(*c));
		if (c == NULL)
			return;
	}
	*c = (struct kad_candidate){ .point = point, .contact = *contact };
	if (teller != NULL)
		c->teller = *teller;
	memmove(&p->c[at + 1], &p->c[at], (p->n - at) * sizeof(p->c[0]));
	p->c[at] = c;
	p->n++;
}

/* Each path begins with others of those that we know. */
static void
query_seed(struct kad *k, struct kad_query *q)
{
	const struct kad_entry *near[KAD_CLOSER_MAX];
	const uint32_t n = kad_table_closest(&k->table, &q->target, near,
	    MIN(k->params.k, (uint32_t)KAD_CLOSER_MAX));
	struct host_peer_info info;
	struct kad_contact c;

	for (uint32_t i = 0; i < n; i++)
		candidate_add(k, q, i % KAD_PATHS, NULL, &near[i]->contact);
	/* With an empty table: whoever is connected and says that it serves. */
	for (uint32_t i = 0; n == 0 && host_peer_at(k->host, i, &info); i++) {
		const struct peer_id id = info.id;
		if (host_peer_speaks(k->host, &id, k->protocol) &&
		    kad_contact_of(k, &id, slice_of(NULL, 0), &c))
			candidate_add(k, q, i % KAD_PATHS, NULL, &c);
	}
}

/* ---- the end ---- */

static void
found_add(struct kad_query *q, const struct peer_id *teller,
    const struct kad_contact *c)
{
	for (uint32_t i = 0; i < q->found_n; i++)
		if (peer_id_eq(&q->found[i].id, &c->id))
			return;
	if (q->found_n == KAD_FOUND_MAX)
		return;
	q->found_teller[q->found_n] = teller == NULL ? c->id : *teller;
	q->found[q->found_n++] = *c;
}

/* The nearest of those who answered, over all paths. */
static void
found_closest(struct kad *k, struct kad_query *q)
{
	uint32_t at[KAD_PATHS] = { 0 };

	while (q->found_n < MIN(k->params.k, (uint32_t)KAD_FOUND_MAX)) {
		uint32_t best = KAD_PATHS;
		for (uint32_t p = 0; p < KAD_PATHS; p++) {
			struct kad_path *path = &q->paths[p];
			while (at[p] < path->n &&
			       path->c[at[p]]->state != ANSWERED)
				at[p]++;
			if (at[p] < path->n &&
			    (best == KAD_PATHS ||
				kad_closer(&q->target, &path->c[at[p]]->point,
				    &q->paths[best].c[at[best]]->point)))
				best = p;
		}
		if (best == KAD_PATHS)
			return;
		found_add(q, NULL, &q->paths[best].c[at[best]++]->contact);
	}
}

static void
provide_to(struct kad *k, struct kad_query *q, uint64_t now_ms)
{
	const struct slice key = slice_of(q->key, q->key_n);
	struct kad_own *own = kad_own_find(k, key);
	uint32_t told = 0;

	if (own == NULL || !k->server)
		return;
	for (uint32_t i = 0; i < q->found_n; i++)
		told += kad_ask(k, &q->found[i].id, KAD_FOR_PROVIDE, 0,
		    KAD_ADD_PROVIDER, key, now_ms);
	/*
	 * A young network grows: the first times come soon, so that those who
	 * arrive find the record near the key, where they look.
	 */
	if (told == 0)
		own->pause_ms = MIN(own->pause_ms, (uint64_t)60000);
	own->next_ms = now_ms + own->pause_ms;
	own->pause_ms = MIN(4 * own->pause_ms, k->params.republish_ms);
}

static void
connect_to(struct kad *k, struct kad_query *q, uint64_t now_ms)
{
	for (uint32_t i = 0; i < q->found_n; i++) {
		const struct kad_contact *c = &q->found[i];
		if (peer_id_eq(&c->id, &k->self.id))
			continue;
		for (uint32_t a = 0; a < c->addrs_n; a++)
			k->book.add(k->book.ctx, &q->found_teller[i], &c->id,
			    kad_contact_addr(c, a), now_ms);
	}
}

static void
query_end(struct kad *k, struct kad_query *q, uint64_t now_ms)
{
	q->done = true;
	if (q->what == KAD_CLOSEST)
		found_closest(k, q);
	q->error = q->found_n > 0    ? OK
		   : q->answered > 0 ? ERR_NOTFOUND
				     : ERR_CLOSED;
	switch (q->purpose) {
	case KAD_FOR_CALLER:
		return; /* kept until it is polled */
	case KAD_FOR_REFRESH:
		break;
	case KAD_TO_PROVIDE:
		provide_to(k, q, now_ms);
		break;
	case KAD_TO_CONNECT:
		connect_to(k, q, now_ms);
		break;
	}
	query_free(k, q);
}

/* ---- on the way ---- */

/*
 * The next of a path: the nearest that was not asked, as long as it is among
 * the nearest of the path that may still answer.
 */
static struct kad_candidate *
path_next(const struct kad *k, const struct kad_path *p)
{
	const uint32_t width = (k->params.k + KAD_PATHS - 1) / KAD_PATHS;
	uint32_t alive = 0;

	for (uint32_t i = 0; i < p->n && alive < width; i++) {
		if (p->c[i]->state == HEARD)
			return p->c[i];
		alive += p->c[i]->state != FAILED;
	}
	return NULL;
}

/*
 * When the paths are through: whoever is among the k nearest of all, for one
 * path may have heard of most of them.
 */
static struct kad_candidate *
rest_next(const struct kad *k, const struct kad_query *q)
{
	uint32_t at[KAD_PATHS] = { 0 };

	for (uint32_t n = 0; n < k->params.k;) {
		struct kad_candidate *best = NULL;
		uint32_t from = 0;
		for (uint32_t p = 0; p < KAD_PATHS; p++) {
			if (at[p] == q->paths[p].n)
				continue;
			struct kad_candidate *c = q->paths[p].c[at[p]];
			if (best == NULL ||
			    kad_closer(&q->target, &c->point, &best->point)) {
				best = c;
				from = p;
			}
		}
		if (best == NULL || best->state == HEARD)
			return best;
		at[from]++;
		n += best->state != FAILED;
	}
	return NULL;
}

static struct kad_candidate *
query_next(const struct kad *k, struct kad_query *q)
{
	for (uint32_t i = 0; i < KAD_PATHS; i++) {
		struct kad_candidate *c =
		    path_next(k, &q->paths[q->turn++ % KAD_PATHS]);
		if (c != NULL)
			return c;
	}
	return rest_next(k, q);
}

static void
candidate_ask(struct kad *k, struct kad_query *q, struct kad_candidate *c,
    uint64_t now_ms)
{
	struct host_peer_info info;

	/* Only whom we ask is told to the book, and who said so. */
	if (!host_peer_find(k->host, &c->contact.id, &info))
		for (uint32_t a = 0; a < c->contact.addrs_n; a++)
			k->book.add(k->book.ctx,
			    c->teller.n > 0 ? &c->teller : &c->contact.id,
			    &c->contact.id, kad_contact_addr(&c->contact, a),
			    now_ms);
	const enum kad_type type =
	    q->what == KAD_PROVIDERS ? KAD_GET_PROVIDERS : KAD_FIND_NODE;
	if (!kad_ask(k, &c->contact.id, KAD_FOR_LOOKUP, q->id, type,
		slice_of(q->key, q->key_n), now_ms)) {
		c->state = FAILED;
		return;
	}
	c->state = ASKED;
	q->asked++;
	q->pending++;
}

static bool
requests_full(const struct kad *k)
{
	for (uint32_t i = 0; i < k->params.requests_max; i++)
		if (k->requests[i].state == REQUEST_FREE ||
		    k->requests[i].state == REQUEST_LINGERS)
			return false;
	return true;
}

/* Asks as many as may be; ends it when nobody is left to be asked. */
static void
query_step(struct kad *k, struct kad_query *q, uint64_t now_ms)
{
	if (q->done)
		return;
	q->retry_ms = UINT64_MAX;
	while (
	    q->pending < k->params.parallel && q->asked < k->params.asked_max) {
		struct kad_candidate *c = query_next(k, q);
		if (c == NULL)
			break;
		if (requests_full(k)) {
			q->retry_ms = now_ms + RETRY_MS;
			return;
		}
		candidate_ask(k, q, c, now_ms);
	}
	if (q->pending == 0)
		query_end(k, q, now_ms);
}

static bool
is_target(const struct kad_query *q, const struct kad_contact *c)
{
	return q->what == KAD_PEER &&
	       slice_eq(peer_id_slice(&c->id), slice_of(q->key, q->key_n));
}

/* One who tells feeds its own path, and those that could not begin. */
static uint32_t
path_for(const struct kad_query *q, uint32_t path)
{
	for (uint32_t p = 0; p < KAD_PATHS; p++)
		if (q->paths[p].n == 0)
			return p;
	return path;
}

/* What of a contact may be believed of one who talks from ${remote}. */
static void
contact_take(
    const struct kad_contact *in, struct slice remote, struct kad_contact *out)
{
	*out = (struct kad_contact){ .id = in->id, .connected = in->connected };
	for (uint32_t i = 0; i < in->addrs_n; i++)
		if (reach_may_name(remote, kad_contact_addr(in, i)))
			(void)kad_contact_add(out, kad_contact_addr(in, i));
}

void
kad_query_answer(struct kad *k, uint32_t id, const struct peer_id *peer,
    const struct kad_message *m, uint64_t now_ms)
{
	struct kad_query *q = query_find(k, id);
	uint8_t raw[MULTIADDR_MAX];
	const struct slice remote = kad_remote(k, peer, raw);
	struct kad_contact c;
	uint32_t path = 0;

	if (q == NULL || q->done)
		return;
	struct kad_candidate *from = candidate_find(q, peer, &path);
	if (from == NULL || from->state != ASKED)
		return;
	from->state = ANSWERED;
	q->pending--;
	q->answered++;
	for (uint32_t i = 0; q->what == KAD_PROVIDERS && i < m->providers_n;
	     i++) {
		contact_take(&m->providers[i], remote, &c);
		found_add(q, peer, &c);
	}
	for (uint32_t i = 0; i < m->closer_n; i++) {
		contact_take(&m->closer[i], remote, &c);
		if (is_target(q, &c) && c.addrs_n > 0)
			found_add(q, peer, &c);
		/* Without an address nobody can ask it. */
		if (c.addrs_n > 0)
			candidate_add(k, q, path_for(q, path), peer, &c);
	}
	if ((q->what == KAD_PEER && q->found_n > 0) ||
	    q->found_n == KAD_FOUND_MAX) {
		query_end(k, q, now_ms);
		return;
	}
	query_step(k, q, now_ms);
}

void
kad_query_failed(
    struct kad *k, uint32_t id, const struct peer_id *peer, uint64_t now_ms)
{
	struct kad_query *q = query_find(k, id);
	uint32_t path = 0;

	if (q == NULL || q->done)
		return;
	struct kad_candidate *c = candidate_find(q, peer, &path);
	if (c == NULL || c->state != ASKED)
		return;
	c->state = FAILED;
	q->pending--;
	query_step(k, q, now_ms);
}

err
kad_query_new(struct kad *k, enum kad_purpose purpose, enum kad_lookup what,
    struct slice key, uint64_t now_ms, uint32_t *id)
{
	struct kad_query **place = NULL;
	struct kad_contact known;

	ASSERT(key.n > 0 && key.n <= KAD_KEY_MAX);
	for (uint32_t i = 0; i < k->params.queries_max && place == NULL; i++)
		if (k->queries[i] == NULL)
			place = &k->queries[i];
	if (place == NULL)
		return ERR_LIMIT;
	struct kad_query *q = mem_alloc(k->mem, sizeof(*q));
	if (q == NULL)
		return ERR_LIMIT;
	*q = (struct kad_query){ .id = ++k->next_query,
		.what = what,
		.purpose = purpose,
		.key_n = (uint8_t)key.n,
		.target = kad_point_of(key),
		.deadline_ms = now_ms + k->params.query_ms };
	memcpy(q->key, key.p, key.n);
	*place = q;
	*id = q->id;
	k->stats.lookups++;
	query_seed(k, q);
	if (what == KAD_PEER) {
		struct peer_id peer;
		if (peer_id_parse(key, &peer) == OK &&
		    kad_contact_of(k, &peer, slice_of(NULL, 0), &known) &&
		    known.addrs_n > 0) {
			found_add(q, NULL, &known);
			query_end(k, q, now_ms);
			return OK;
		}
	}
	/* What others told us counts as well. */
	if (what == KAD_PROVIDERS)
		q->found_n = kad_providers_get(
		    &k->providers, key, q->found, KAD_FOUND_MAX);
	for (uint32_t i = 0; i < q->found_n; i++)
		q->found_teller[i] = q->found[i].id;
	query_step(k, q, now_ms);
	return OK;
}

void
kad_queries_time(struct kad *k, uint64_t now_ms)
{
	for (uint32_t i = 0; i < k->params.queries_max; i++) {
		struct kad_query *q = k->queries[i];
		if (q == NULL || q->done)
			continue;
		if (q->deadline_ms <= now_ms)
			query_end(k, q, now_ms);
		else if (q->retry_ms <= now_ms)
			query_step(k, q, now_ms);
	}
}

uint64_t
kad_queries_expiry(const struct kad *k)
{
	uint64_t at = UINT64_MAX;

	for (uint32_t i = 0; i < k->params.queries_max; i++)
		if (k->queries[i] != NULL && !k->queries[i]->done)
			at = MIN(at, MIN(k->queries[i]->deadline_ms,
					 k->queries[i]->retry_ms));
	return at;
}

/* The results of a caller's lookup, and then that it is done. */
bool
kad_queries_next(struct kad *k, struct kad_event *ev)
{
	for (uint32_t i = 0; i < k->params.queries_max; i++) {
		struct kad_query *q = k->queries[i];
		if (q == NULL || !q->done)
			continue;
		*ev = (struct kad_event){
			.query = q->id, .asked = q->asked, .error = q->error
		};
		if (q->told < q->found_n) {
			ev->type = KAD_FOUND;
			ev->contact = q->found[q->told++];
			return true;
		}
		ev->type = KAD_DONE;
		query_free(k, q);
		return true;
	}
	return false;
}
