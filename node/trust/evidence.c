#include "node/trust/evidence.h"

#include <stdlib.h>

/* All documents, by id, and an index by what they are about. */
struct pile {
	struct document *list;
	size_t n;
	const struct document **by_about; /* those that are about another one */
	size_t about_n;
	const struct vocabulary *v;
	uint32_t now_h;
	struct evidence_set *out;
	size_t events_cap;
};

/* ---- reading ---- */

static const uint8_t *
about_of(const struct document *d)
{
	switch (d->is.type) {
	case EVIDENCE_PROGRESS:
		return d->is.progress.agreement;
	case EVIDENCE_OUTCOME:
		return d->is.outcome.agreement;
	case EVIDENCE_ONE_SIDED:
		return d->is.one_sided.agreement;
	case EVIDENCE_FOLLOW_UP:
		return d->is.follow_up.outcome;
	case EVIDENCE_CREDENTIAL_END:
		return d->is.credential_end.credential;
	case EVIDENCE_AGREEMENT:
	case EVIDENCE_SESSION:
	case EVIDENCE_CREDENTIAL:
	case EVIDENCE_MOVED:
	case EVIDENCE_LINKED:
		break;
	}
	return NULL;
}

/* Copies of one document: the one with the most signatures is first. */
static int
by_id(const void *a, const void *b)
{
	const struct document *x = a, *y = b;
	const int c = memcmp(x->id, y->id, EVIDENCE_ID);

	if (c != 0)
		return c;
	if (x->complete != y->complete)
		return x->complete ? -1 : 1;
	return x->signed_by == y->signed_by  ? 0
	       : x->signed_by > y->signed_by ? -1
					     : 1;
}

static int
by_about(const void *a, const void *b)
{
	const struct document *x = *(const struct document *const *)a;
	const struct document *y = *(const struct document *const *)b;
	const int c = memcmp(about_of(x), about_of(y), EVIDENCE_ID);

	return c != 0 ? c : memcmp(x->id, y->id, EVIDENCE_ID);
}

static err
pile_read(
    struct pile *p, const struct slice *documents, size_t n, struct slice net)
{
	void *memory = malloc(DOCUMENT_SCRATCH_BYTES);
	struct arena scratch = arena_of(memory, DOCUMENT_SCRATCH_BYTES);
	size_t kept = 0;

	p->list = calloc(n + 1, sizeof(*p->list));
	p->by_about = calloc(n + 1, sizeof(*p->by_about));
	if (memory == NULL || p->list == NULL || p->by_about == NULL) {
		free(memory);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < n; i++)
		if (document_open(documents[i], net, 0, &scratch,
			&p->list[p->n]) == EVIDENCE_FINE)
			p->n++;
		else
			p->out->left_out++;
	free(memory);
	qsort(p->list, p->n, sizeof(*p->list), by_id);
	for (size_t i = 0; i < p->n; i++)
		if (kept == 0 || memcmp(p->list[kept - 1].id, p->list[i].id,
				     EVIDENCE_ID) != 0)
			p->list[kept++] = p->list[i];
	p->n = kept;
	for (size_t i = 0; i < p->n; i++) {
		p->out->documents++;
		p->out->waiting += !p->list[i].complete;
		if (about_of(&p->list[i]) != NULL)
			p->by_about[p->about_n++] = &p->list[i];
	}
	qsort(p->by_about, p->about_n, sizeof(struct document *), by_about);
	return OK;
}

/* The first of those about ${id}; ${end} is behind the last one. */
static size_t
about(const struct pile *p, const uint8_t id[EVIDENCE_ID], size_t *end)
{
	size_t low = 0, high = p->about_n;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		if (memcmp(about_of(p->by_about[mid]), id, EVIDENCE_ID) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*end = low;
	while (*end < p->about_n &&
	       memcmp(about_of(p->by_about[*end]), id, EVIDENCE_ID) == 0)
		(*end)++;
	return low;
}

/* ---- writing ---- */

/* NULL: no room for another event. */
static struct learn_event *
event_next(struct pile *p, struct learn_term **terms)
{
	struct evidence_set *s = p->out;

	if (s->events_n == p->events_cap) {
		s->left_out++;
		return NULL;
	}
	*terms = s->terms[s->events_n];
	return &s->events[s->events_n];
}

/*
 * What a company signed with one key of a person holds for the key that both
 * say it has moved to (SPEC.md, "Rules between documents").
 */
static void
event_moves(
    const struct pile *p, const struct document *d, struct learn_event *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct document *m = &p->list[i];
		if (m->is.type != EVIDENCE_MOVED || !m->complete ||
		    memcmp(m->is.moved.company, e->partner, TRUST_KEY) != 0 ||
		    memcmp(m->is.moved.from, e->learner, TRUST_KEY) != 0 ||
		    !moved_covers(m, d))
			continue;
		memcpy(e->learner, m->is.moved.to, TRUST_KEY);
		return;
	}
}

/* ---- an agreement and what came of it ---- */

static bool
counts_beside(const struct document *d, const struct document *agreement)
{
	return d->complete && evidence_belongs(d, agreement) == EVIDENCE_FINE;
}

static const struct document *
follow_up_of(const struct pile *p, const struct document *outcome)
{
	const struct document *best = NULL;
	size_t end;

	for (size_t i = about(p, outcome->id, &end); i < end; i++) {
		const struct document *d = p->by_about[i];
		if (d->is.type == EVIDENCE_FOLLOW_UP && d->complete &&
		    evidence_follows(d, outcome) == EVIDENCE_FINE &&
		    (best == NULL ||
			d->is.follow_up.at > best->is.follow_up.at))
			best = d;
	}
	return best;
}

static void
from_agreement(struct pile *p, const struct document *agreement)
{
	struct learn_documents all = { .agreement = agreement };
	const struct document *claims[8];
	struct learn_term *terms;
	struct learn_event *e;
	size_t end, claims_n = 0;

	for (size_t i = about(p, agreement->id, &end); i < end; i++) {
		const struct document *d = p->by_about[i];
		if (!counts_beside(d, agreement))
			continue;
		if (d->is.type == EVIDENCE_OUTCOME &&
		    (all.outcome == NULL || evidence_wins(d, all.outcome)))
			all.outcome = d;
		if (d->is.type == EVIDENCE_PROGRESS &&
		    d->is.progress.verb == PROGRESS_PASSED &&
		    all.passed == NULL)
			all.passed = d;
		if (d->is.type == EVIDENCE_ONE_SIDED &&
		    claims_n < ARRAY_LEN(claims))
			claims[claims_n++] = d;
	}
	if (all.outcome != NULL)
		all.follow_up = follow_up_of(p, all.outcome);
	e = event_next(p, &terms);
	for (size_t i = 0; e != NULL && i < MAX(claims_n, (size_t)1); i++) {
		all.one_sided = claims_n == 0 ? NULL : claims[i];
		if (!learn_from_agreement(&all, p->v, p->now_h, e, terms))
			continue;
		if (all.outcome != NULL)
			event_moves(p, all.outcome, e);
		p->out->events_n++;
		return;
	}
}

/* ---- the others ---- */

static void
from_session(struct pile *p, const struct document *d)
{
	const struct session *s = &d->is.session;

	if (!d->complete)
		return;
	for (uint16_t i = 0; i < s->peers_n; i++)
		for (uint16_t k = 0; k < s->peers_n; k++) {
			struct learn_term *terms;
			struct learn_event *e;
			if (i == k || !session_attended(d, s->peers[i]) ||
			    !session_attended(d, s->peers[k]) ||
			    (e = event_next(p, &terms)) == NULL)
				continue;
			p->out->events_n += learn_from_session(
			    d, s->peers[i], s->peers[k], p->v, e, terms);
		}
}

static void
from_credential(struct pile *p, const struct document *d)
{
	const struct document *end = NULL;
	struct learn_term *terms;
	struct learn_event *e;
	size_t to;

	for (size_t i = about(p, d->id, &to); i < to; i++) {
		const struct document *c = p->by_about[i];
		if (c->is.type == EVIDENCE_CREDENTIAL_END && c->complete &&
		    memcmp(c->is.credential_end.issuer, d->is.credential.issuer,
			TRUST_KEY) == 0)
			end = c;
	}
	if (!trust_from_credential(
		d, end, p->now_h, &p->out->vouches[p->out->vouches_n]))
		return;
	p->out->vouches_n++;
	e = event_next(p, &terms);
	if (e == NULL ||
	    !learn_from_credential(d, end, p->v, p->now_h, e, terms))
		return;
	event_moves(p, d, e);
	p->out->events_n++;
}

static void
from_all(struct pile *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct document *d = &p->list[i];
		if (d->is.type == EVIDENCE_AGREEMENT && d->complete)
			from_agreement(p, d);
		else if (d->is.type == EVIDENCE_SESSION)
			from_session(p, d);
		else if (d->is.type == EVIDENCE_CREDENTIAL)
			from_credential(p, d);
		else if (d->is.type == EVIDENCE_LINKED &&
			 p->out->links_n < TRUST_LINKS_MAX &&
			 trust_from_linked(d, &p->out->links[p->out->links_n]))
			p->out->links_n++;
	}
}

/* How many events there may be at most. */
static size_t
events_most(const struct pile *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct document *d = &p->list[i];
		if (d->is.type == EVIDENCE_SESSION)
			n += (size_t)d->is.session.peers_n *
			     (d->is.session.peers_n - 1U);
		else
			n += d->is.type == EVIDENCE_AGREEMENT ||
			     d->is.type == EVIDENCE_CREDENTIAL;
	}
	return MIN(n, (size_t)LEARN_EVENTS_MAX);
}

err
evidence_set_make(const struct slice *documents, size_t n, struct slice net,
    const struct vocabulary *v, uint32_t now_h, struct evidence_set *out)
{
	struct pile p = { .v = v, .now_h = now_h, .out = out };
	err e;

	memset(out, 0, sizeof(*out));
	e = pile_read(&p, documents, n, net);
	if (e == OK) {
		p.events_cap = events_most(&p);
		out->events = calloc(p.events_cap + 1, sizeof(*out->events));
		out->terms = calloc(p.events_cap + 1, sizeof(*out->terms));
		out->vouches = calloc(p.n + 1, sizeof(*out->vouches));
		out->links = calloc(p.n + 1, sizeof(*out->links));
		if (out->events == NULL || out->terms == NULL ||
		    out->vouches == NULL || out->links == NULL)
			e = ERR_NOMEM;
	}
	if (e == OK)
		from_all(&p);
	free(p.list);
	free(p.by_about);
	if (e != OK)
		evidence_set_free(out);
	return e;
}

void
evidence_set_free(struct evidence_set *s)
{
	free(s->events);
	free(s->terms);
	free(s->vouches);
	free(s->links);
	memset(s, 0, sizeof(*s));
}
