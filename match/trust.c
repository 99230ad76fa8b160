/* tau, a breadth of three steps over a sorted list of attestations. */
#include <stdlib.h>

#include "match/trust.h"

struct edge {
	uint32_t from, to; /* parties */
	uint32_t share;    /* then: the part handed on, of TRUST_ONE */
	uint32_t vouches;
};

struct trust {
	uint8_t (*keys)[TRUST_KEY];  /* ascending, each once */
	uint32_t *party;             /* of each key; a party is its first key */
	uint32_t *step[TRUST_STEPS]; /* what comes in 1, 2, 3 steps */
	uint32_t *pass[TRUST_STEPS]; /* what of it may be handed on */
	bool *anchor;
	struct edge *out; /* by from, then to */
	struct edge *in;  /* by to, then from */
	uint32_t keys_n, edges_n;
};

static int
key_cmp(const void *a, const void *b)
{
	return memcmp(a, b, TRUST_KEY);
}

static int
out_cmp(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	if (x->share != y->share)
		return x->share > y->share ? -1 : 1;
	return x->vouches == y->vouches ? 0 : x->vouches > y->vouches ? -1 : 1;
}

static int
in_cmp(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return x->from == y->from ? 0 : x->from < y->from ? -1 : 1;
}

/* The place of a key; UINT32_MAX: it is not among them. */
static uint32_t
find(const struct trust *t, const uint8_t key[TRUST_KEY])
{
	const uint8_t *p = t->keys_n == 0 ? NULL
					  : bsearch(key, t->keys, t->keys_n,
						TRUST_KEY, key_cmp);

	return p == NULL ? UINT32_MAX
			 : (uint32_t)((size_t)(p - t->keys[0]) / TRUST_KEY);
}

static uint32_t
party_find(const struct trust *t, const uint8_t key[TRUST_KEY])
{
	const uint32_t i = find(t, key);

	return i == UINT32_MAX ? i : t->party[i];
}

static void
put_key(struct trust *t, const uint8_t key[TRUST_KEY])
{
	memcpy(t->keys[t->keys_n++], key, TRUST_KEY);
}

static void
gather_keys(struct trust *t, const struct trust_input *in)
{
	uint32_t n = 0;

	for (size_t i = 0; i < in->anchors_n; i++)
		put_key(t, in->anchors + i * TRUST_KEY);
	for (size_t i = 0; i < in->attestations_n; i++) {
		put_key(t, in->attestations[i].from);
		put_key(t, in->attestations[i].to);
	}
	for (size_t i = 0; i < in->links_n; i++) {
		put_key(t, in->links[i].a);
		put_key(t, in->links[i].b);
	}
	if (t->keys_n == 0)
		return;
	qsort(t->keys, t->keys_n, TRUST_KEY, key_cmp);
	for (uint32_t i = 0; i < t->keys_n; i++) {
		if (n == 0 ||
		    memcmp(t->keys[n - 1], t->keys[i], TRUST_KEY) != 0)
			memmove(t->keys[n++], t->keys[i], TRUST_KEY);
	}
	t->keys_n = n;
}

static uint32_t
root_of(uint32_t *up, uint32_t i)
{
	while (up[i] != i) {
		up[i] = up[up[i]];
		i = up[i];
	}
	return i;
}

static void
join_linked(struct trust *t, const struct trust_input *in)
{
	for (uint32_t i = 0; i < t->keys_n; i++)
		t->party[i] = i;
	for (size_t i = 0; i < in->links_n; i++) {
		const uint32_t a = root_of(t->party, find(t, in->links[i].a));
		const uint32_t b = root_of(t->party, find(t, in->links[i].b));
		t->party[MAX(a, b)] = MIN(a, b);
	}
	for (uint32_t i = 0; i < t->keys_n; i++)
		t->party[i] = root_of(t->party, i);
}

/* The edges between parties; between two the largest share. */
static void
gather_edges(struct trust *t, const struct trust_input *in)
{
	uint32_t n = 0;

	for (size_t i = 0; i < in->attestations_n; i++) {
		const struct trust_attestation *a = &in->attestations[i];
		const struct edge e = { party_find(t, a->from),
			party_find(t, a->to), a->share, a->vouches };
		if (e.from != e.to && e.share >= 1 && e.share <= TRUST_SHARE &&
		    e.vouches >= 1 && e.vouches <= TRUST_VOUCHES_ALL)
			t->out[t->edges_n++] = e;
	}
	if (t->edges_n == 0)
		return;
	qsort(t->out, t->edges_n, sizeof(t->out[0]), out_cmp);
	for (uint32_t i = 0; i < t->edges_n; i++) {
		if (n == 0 || t->out[n - 1].from != t->out[i].from ||
		    t->out[n - 1].to != t->out[i].to)
			t->out[n++] = t->out[i];
	}
	t->edges_n = n;
}

/* Each attester's shares become parts of one, within its budget. */
static void
share_out(struct trust *t)
{
	for (uint32_t i = 0, end; i < t->edges_n; i = end) {
		const uint32_t budget = t->anchor[t->out[i].from]
					    ? TRUST_BUDGET_FIRST
					    : TRUST_BUDGET;
		uint64_t sum = 0;
		for (end = i;
		     end < t->edges_n && t->out[end].from == t->out[i].from;
		     end++)
			sum += t->out[end].share;
		const uint64_t whole =
		    MAX((uint64_t)TRUST_SHARE, (sum + budget - 1) / budget);
		for (uint32_t k = i; k < end; k++)
			t->out[k].share =
			    (uint32_t)(TRUST_ONE / 2 *
				       (uint64_t)t->out[k].share / whole);
	}
	if (t->edges_n == 0)
		return;
	memcpy(t->in, t->out, t->edges_n * sizeof(t->in[0]));
	qsort(t->in, t->edges_n, sizeof(t->in[0]), in_cmp);
}

static uint32_t
times(uint32_t amount, uint32_t part)
{
	return (uint32_t)((uint64_t)amount * part / TRUST_ONE);
}

/* The edge between two parties, or NULL. */
static const struct edge *
edge_of(const struct trust *t, uint32_t from, uint32_t to)
{
	uint32_t low = 0, high = t->edges_n;

	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;
		const struct edge *e = &t->out[mid];
		if (e->from < from || (e->from == from && e->to < to))
			low = mid + 1;
		else
			high = mid;
	}
	return low < t->edges_n && t->out[low].from == from &&
		       t->out[low].to == to
		   ? &t->out[low]
		   : NULL;
}

/*
 * What an edge brings in the step after ${k}. A path that came to the
 * attester through the attested one does not lead back to it.
 */
static uint32_t
brings(const struct trust *t, const struct edge *e, unsigned k)
{
	const struct edge *back = NULL;
	uint32_t less = 0;

	if (t->anchor[e->to] || (k == 0) != t->anchor[e->from])
		return 0;
	if (k == 0)
		return e->share;
	if (k == 2)
		back = edge_of(t, e->to, e->from);
	if (back != NULL && (back->vouches & TRUST_VOUCHES_ATTESTING) != 0)
		less = times(t->pass[0][e->to], back->share);
	return times(
	    t->pass[k - 1][e->from] - MIN(less, t->pass[k - 1][e->from]),
	    e->share);
}

static uint32_t
sum_of(uint32_t *const steps[TRUST_STEPS], uint32_t party)
{
	return steps[0][party] + steps[1][party] + steps[2][party];
}

static uint32_t
at_most(uint64_t sum, uint32_t room)
{
	return sum < room ? (uint32_t)sum : room;
}

static void
flow(struct trust *t)
{
	for (unsigned k = 0; k < TRUST_STEPS; k++) {
		for (uint32_t i = 0, end; i < t->edges_n; i = end) {
			const uint32_t to = t->in[i].to;
			uint64_t step = 0, pass = 0;
			for (end = i; end < t->edges_n && t->in[end].to == to;
			     end++) {
				const struct edge *e = &t->in[end];
				const uint32_t amount = brings(t, e, k);
				if ((e->vouches & TRUST_VOUCHES_ITSELF) != 0)
					step += amount;
				if ((e->vouches & TRUST_VOUCHES_ATTESTING) != 0)
					pass += amount;
			}
			t->step[k][to] =
			    at_most(step, TRUST_ONE - sum_of(t->step, to));
			t->pass[k][to] =
			    at_most(pass, TRUST_ONE - sum_of(t->pass, to));
		}
	}
}

static err
allocate(struct trust *t, const struct trust_input *in)
{
	const size_t keys =
	    in->anchors_n + 2 * in->attestations_n + 2 * in->links_n + 1;
	const size_t edges = in->attestations_n + 1;

	t->keys = calloc(keys, sizeof(t->keys[0]));
	t->party = calloc(keys, sizeof(t->party[0]));
	t->anchor = calloc(keys, sizeof(t->anchor[0]));
	t->out = calloc(edges, sizeof(t->out[0]));
	t->in = calloc(edges, sizeof(t->in[0]));
	for (unsigned k = 0; k < TRUST_STEPS; k++) {
		t->step[k] = calloc(keys, sizeof(t->step[k][0]));
		t->pass[k] = calloc(keys, sizeof(t->pass[k][0]));
		if (t->step[k] == NULL || t->pass[k] == NULL)
			return ERR_NOMEM;
	}
	return t->keys == NULL || t->party == NULL || t->anchor == NULL ||
		       t->out == NULL || t->in == NULL
		   ? ERR_NOMEM
		   : OK;
}

err
trust_new(const struct trust_input *in, struct trust **out)
{
	struct trust *t;
	err e;

	*out = NULL;
	if (in->anchors_n > TRUST_ANCHORS_MAX ||
	    in->attestations_n > TRUST_EDGES_MAX ||
	    in->links_n > TRUST_LINKS_MAX)
		return ERR_LIMIT;
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return ERR_NOMEM;
	e = allocate(t, in);
	if (e != OK) {
		trust_free(t);
		return e;
	}
	gather_keys(t, in);
	join_linked(t, in);
	for (size_t i = 0; i < in->anchors_n; i++)
		t->anchor[party_find(t, in->anchors + i * TRUST_KEY)] = true;
	gather_edges(t, in);
	share_out(t);
	flow(t);
	*out = t;
	return OK;
}

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	free(t->keys);
	free(t->party);
	free(t->anchor);
	free(t->out);
	free(t->in);
	for (unsigned k = 0; k < TRUST_STEPS; k++) {
		free(t->step[k]);
		free(t->pass[k]);
	}
	free(t);
}

static uint32_t
tau_of(const struct trust *t, uint32_t party)
{
	const uint32_t sum =
	    t->anchor[party] ? TRUST_ONE : sum_of(t->step, party);

	return sum < TRUST_FLOOR ? 0 : sum;
}

uint32_t
trust_of(const struct trust *t, const uint8_t key[TRUST_KEY])
{
	const uint32_t party = party_find(t, key);

	return party == UINT32_MAX ? 0 : tau_of(t, party);
}

bool
trust_is_anchor(const struct trust *t, const uint8_t key[TRUST_KEY])
{
	const uint32_t party = party_find(t, key);

	return party != UINT32_MAX && t->anchor[party];
}

const uint8_t *
trust_party(const struct trust *t, const uint8_t key[TRUST_KEY])
{
	const uint32_t party = party_find(t, key);

	return party == UINT32_MAX ? key : t->keys[party];
}

/* ---- posting keys ---- */

static int
claim_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct trust_claim));
}

/* Does ${by} say it of ${of}? */
static bool
claims(const struct trust_claim *sorted, size_t n, const uint8_t by[TRUST_KEY],
    const uint8_t of[TRUST_KEY])
{
	struct trust_claim want;

	memcpy(want.by, by, TRUST_KEY);
	memcpy(want.of, of, TRUST_KEY);
	return n > 0 &&
	       bsearch(&want, sorted, n, sizeof(want), claim_cmp) != NULL;
}

static void
sort_claims(struct trust_claim *list, size_t n)
{
	if (n > 0)
		qsort(list, n, sizeof(*list), claim_cmp);
}

static void
link_put(struct trust_link *out, size_t cap, size_t *n,
    const uint8_t a[TRUST_KEY], const uint8_t b[TRUST_KEY])
{
	if (*n < cap) {
		memcpy(out[*n].a, a, TRUST_KEY);
		memcpy(out[*n].b, b, TRUST_KEY);
	}
	(*n)++;
}

size_t
trust_postings(struct trust_claim *lists, size_t lists_n,
    struct trust_claim *names, size_t names_n, struct trust_link *out,
    size_t cap)
{
	size_t n = 0;

	sort_claims(lists, lists_n);
	sort_claims(names, names_n);
	for (size_t i = 0, end; i < names_n; i = end) {
		const struct trust_claim *last = NULL;
		unsigned found = 0; /* organisations, each once */
		for (end = i; end < names_n && memcmp(names[end].by,
						   names[i].by, TRUST_KEY) == 0;
		     end++) {
			const struct trust_claim *c = &names[end];
			if (memcmp(c->by, c->of, TRUST_KEY) == 0 ||
			    (last != NULL && claim_cmp(last, c) == 0) ||
			    !claims(lists, lists_n, c->of, c->by))
				continue;
			last = c;
			found++;
		}
		if (found == 1)
			link_put(out, cap, &n, last->by, last->of);
	}
	for (size_t i = 0; i < lists_n; i++) {
		const struct trust_claim *c = &lists[i];
		if (memcmp(c->by, c->of, TRUST_KEY) < 0 &&
		    (i == 0 || claim_cmp(c, c - 1) != 0) &&
		    claims(lists, lists_n, c->of, c->by))
			link_put(out, cap, &n, c->by, c->of);
	}
	return n;
}

/* ---- why ---- */

struct why {
	const struct trust *t;
	struct trust_path *paths;
	size_t cap, n, total;
};

static int
path_cmp(const struct trust_path *a, const struct trust_path *b)
{
	if (a->amount != b->amount)
		return a->amount > b->amount ? -1 : 1;
	return memcmp(a->keys, b->keys, sizeof(a->keys));
}

/* ${parties} from the anchor on; the best ${cap} are kept in order. */
static void
why_add(struct why *w, const uint32_t *parties, unsigned steps)
{
	struct trust_path p = { .amount = TRUST_ONE, .steps = (uint8_t)steps };
	size_t at;

	for (unsigned i = 0; i <= steps; i++)
		memcpy(p.keys[i], w->t->keys[parties[i]], TRUST_KEY);
	for (unsigned i = 0; i < steps; i++) {
		const struct edge *e =
		    edge_of(w->t, parties[i], parties[i + 1]);
		const uint32_t want = i + 1 < steps ? TRUST_VOUCHES_ATTESTING
						    : TRUST_VOUCHES_ITSELF;
		if (e == NULL || (e->vouches & want) == 0)
			return;
		p.amount = times(p.amount, e->share);
	}
	if (p.amount == 0)
		return;
	w->total++;
	for (at = w->n; at > 0 && path_cmp(&p, &w->paths[at - 1]) < 0; at--) {
		if (at < w->cap)
			w->paths[at] = w->paths[at - 1];
	}
	if (at < w->cap) {
		w->paths[at] = p;
		w->n = MIN(w->n + 1, w->cap);
	}
}

/* The edges into a party: [*from, *end) of in. */
static void
edges_into(const struct trust *t, uint32_t to, uint32_t *from, uint32_t *end)
{
	uint32_t low = 0, high = t->edges_n;

	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;
		if (t->in[mid].to < to)
			low = mid + 1;
		else
			high = mid;
	}
	*from = low;
	for (*end = low; *end < t->edges_n && t->in[*end].to == to; (*end)++)
		;
}

/* Backwards from way[depth]; way[depth .. TRUST_STEPS] is taken. */
static void
why_walk(struct why *w, uint32_t way[TRUST_STEPS + 1], unsigned depth)
{
	uint32_t i, end;

	if (depth == 0)
		return;
	edges_into(w->t, way[depth], &i, &end);
	for (; i < end; i++) {
		const uint32_t from = w->t->in[i].from;
		bool again = false;
		for (unsigned k = depth; k <= TRUST_STEPS; k++)
			again |= way[k] == from;
		/* Only an anchor may stand where the last step begins. */
		if (again || (depth == 1 && !w->t->anchor[from]))
			continue;
		way[depth - 1] = from;
		if (w->t->anchor[from])
			why_add(w, &way[depth - 1], TRUST_STEPS - (depth - 1));
		else
			why_walk(w, way, depth - 1);
	}
}

size_t
trust_why(const struct trust *t, const uint8_t key[TRUST_KEY],
    struct trust_path *paths, size_t cap, size_t *total)
{
	struct why w = { t, paths, cap, 0, 0 };
	uint32_t way[TRUST_STEPS + 1] = { 0 };
	const uint32_t party = party_find(t, key);

	if (party != UINT32_MAX && t->anchor[party]) {
		why_add(&w, &party, 0);
	} else if (party != UINT32_MAX) {
		way[TRUST_STEPS] = party;
		why_walk(&w, way, TRUST_STEPS);
	}
	if (total != NULL)
		*total = w.total;
	return w.n;
}

void
trust_each(const struct trust *t,
    void (*use)(void *arg, const uint8_t key[TRUST_KEY], uint32_t tau),
    void *arg)
{
	for (uint32_t i = 0; i < t->keys_n; i++) {
		if (t->party[i] == i)
			use(arg, t->keys[i], tau_of(t, i));
	}
}

uint64_t
trust_inflow(const struct trust *t,
    bool (*inside)(void *arg, const uint8_t key[TRUST_KEY]), void *arg)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < t->edges_n; i++) {
		const struct edge *e = &t->out[i];
		const uint32_t has =
		    t->anchor[e->from]
			? TRUST_ONE
			: t->pass[0][e->from] + t->pass[1][e->from];
		if (has > 0 && !inside(arg, t->keys[e->from]) &&
		    inside(arg, t->keys[e->to]))
			sum += times(has, e->share);
	}
	return sum;
}
