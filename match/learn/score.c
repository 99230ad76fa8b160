/* From the book's cells to parts, scores and reasons. */
#include <stdlib.h>

#include "match/learn/internal.h"

static const struct {
	const char *name;
	unsigned weight;
} parts[LEARN_ROLES][LEARN_PARTS] = {
	{ { "effort", 30 }, { "novelty", 20 }, { "response", 25 },
	    { "follow-through", 25 } },
	{ { "investment", 35 }, { "openness", 25 }, { "loop speed", 15 },
	    { "lift", 25 } },
};

#define PROMISE_FLOOR 13107 /* 0.2 */

const char *
learn_part_name(enum learn_role role, unsigned i)
{
	ASSERT((unsigned)role < LEARN_ROLES && i < LEARN_PARTS);
	return parts[role][i].name;
}

unsigned
learn_part_weight(enum learn_role role, unsigned i)
{
	ASSERT((unsigned)role < LEARN_ROLES && i < LEARN_PARTS);
	return parts[role][i].weight;
}

const char *
learn_confidence_name(enum learn_confidence c)
{
	static const char *const names[] = { "none", "low", "moderate",
		"high" };

	ASSERT((unsigned)c < ARRAY_LEN(names));
	return names[c];
}

/* ---- one subject ---- */

/* A counterparty whom the viewer trusts. */
struct source {
	uint32_t party, tau;
	uint32_t events;
	uint64_t value[SERIES]; /* units, aged and capped */
	uint64_t x[LEARN_PARTS];
};

struct subject {
	const struct learn_book *b;
	enum learn_role role;
	uint32_t party;
	struct source *sources; /* the most trusted first, then by key */
	uint32_t *notes;        /* its outcomes with them, ascending */
	uint32_t *note_source;  /* with which of them */
	uint32_t sources_n, notes_n;
};

static void
subject_free(struct subject *s)
{
	free(s->sources);
	free(s->notes);
	free(s->note_source);
}

static int
source_cmp(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->tau != y->tau)
		return x->tau > y->tau ? -1 : 1;
	return x->party == y->party ? 0 : x->party < y->party ? -1 : 1;
}

/* The cells of a party: [*from, *end). */
static void
cells_of(const struct learn_book *b, enum learn_role role, uint32_t party,
    uint32_t *from, uint32_t *end)
{
	uint32_t low = 0, high = b->cells_n[role];

	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;
		if (b->cells[role][mid].subject < party)
			low = mid + 1;
		else
			high = mid;
	}
	*from = low;
	while (low < b->cells_n[role] && b->cells[role][low].subject == party)
		low++;
	*end = low;
}

static void
source_add(const struct learn_book *b, struct source *s, const struct cell *c)
{
	s->events += c->n;
	for (unsigned i = 0; i < SERIES; i++) {
		const bool aged = i != SERIES_KEPT && i != SERIES_BROKEN;
		if (c->sum[i] > 0)
			s->value[i] +=
			    aged
				? c->sum[i] *
				      learn_decay(b->in->month - c->newest[i]) /
				      LEARN_ONE
				: c->sum[i];
	}
}

/* From cells to sources; what a counterparty is worth over all years. */
static void
subject_sources(struct subject *s, uint32_t from, uint32_t end)
{
	const struct learn_book *b = s->b;

	for (uint32_t i = from; i < end; i++) {
		const struct cell *c = &b->cells[s->role][i];
		const uint32_t tau = b->parties[c->other].tau;
		if (tau == 0)
			continue;
		if (s->sources_n == 0 ||
		    s->sources[s->sources_n - 1].party != c->other)
			s->sources[s->sources_n++] =
			    (struct source){ .party = c->other, .tau = tau };
		source_add(b, &s->sources[s->sources_n - 1], c);
	}
	for (uint32_t i = 0; i < s->sources_n; i++) {
		for (unsigned k = 0; k < SERIES && !b->in->unbounded; k++)
			s->sources[i].value[k] =
			    MIN(s->sources[i].value[k], (uint64_t)LEARN_KAPPA);
	}
	qsort(s->sources, s->sources_n, sizeof(s->sources[0]), source_cmp);
}

static void
subject_notes(struct subject *s, uint32_t from, uint32_t end)
{
	const struct learn_book *b = s->b;
	const struct cell *cells = b->cells[s->role];

	for (uint32_t k = 0; k < s->sources_n; k++) {
		const uint32_t party = s->sources[k].party;
		uint32_t low = from, high = end;
		while (low < high) {
			const uint32_t mid = low + (high - low) / 2;
			if (cells[mid].other < party)
				low = mid + 1;
			else
				high = mid;
		}
		for (; low < end && cells[low].other == party; low++) {
			for (uint32_t e = 0; e < cells[low].n; e++) {
				s->notes[s->notes_n] =
				    b->order[s->role][cells[low].first + e];
				s->note_source[s->notes_n++] = k;
			}
		}
	}
}

static err
subject_open(struct subject *s, const struct learn_book *b, uint32_t party,
    enum learn_role role)
{
	uint32_t from, end, notes = 0;

	*s = (struct subject){ .b = b, .role = role, .party = party };
	cells_of(b, role, party, &from, &end);
	for (uint32_t i = from; i < end; i++)
		notes += b->cells[role][i].n;
	s->sources = calloc((size_t)(end - from) + 1, sizeof(s->sources[0]));
	s->notes = calloc((size_t)notes + 1, sizeof(s->notes[0]));
	s->note_source = calloc((size_t)notes + 1, sizeof(s->note_source[0]));
	if (s->sources == NULL || s->notes == NULL || s->note_source == NULL) {
		subject_free(s);
		return ERR_NOMEM;
	}
	subject_sources(s, from, end);
	subject_notes(s, from, end);
	return OK;
}

/* ---- what can be counted once only ---- */

/*
 * Outcomes of a subject that share resources: the hours of days, or the
 * pieces of terms. What is counted is a flow from counterparties over their
 * outcomes to resources.
 */
struct counting {
	struct subject *s;
	unsigned series;
	uint32_t first, end;  /* of notes */
	struct piece *pieces; /* the resources, ascending; or NULL */
	uint64_t *days;       /* on which an outcome begins, or has ended */
	uint32_t resources_n;
};

static const struct noted *
note_at(const struct counting *c, uint32_t i)
{
	return &c->s->b->notes[c->s->notes[i]];
}

static int
day_cmp(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x == y ? 0 : x < y ? -1 : 1;
}

/* Days at which the set of running outcomes changes, ascending, each once. */
static void
gather_days(struct counting *c)
{
	uint32_t n = 0, kept = 0;

	for (uint32_t i = c->first; i < c->end; i++) {
		const struct learn_event *e = note_at(c, i)->e;
		if (e->last_day < e->first_day)
			continue;
		c->days[n++] = e->first_day;
		c->days[n++] = (uint64_t)e->last_day + 1;
	}
	qsort(c->days, n, sizeof(c->days[0]), day_cmp);
	for (uint32_t i = 0; i < n; i++) {
		if (kept == 0 || c->days[kept - 1] != c->days[i])
			c->days[kept++] = c->days[i];
	}
	c->resources_n = kept; /* the last one only ends */
}

static void
gather_pieces(struct counting *c)
{
	uint32_t n = 0, kept = 0;

	for (uint32_t i = c->first; i < c->end; i++)
		n += (uint32_t)learn_pieces(note_at(c, i)->e, &c->pieces[n]);
	qsort(c->pieces, n, sizeof(c->pieces[0]), learn_piece_cmp);
	for (uint32_t i = 0; i < n; i++) {
		if (kept == 0 ||
		    learn_piece_cmp(&c->pieces[kept - 1], &c->pieces[i]) != 0)
			c->pieces[kept++] = c->pieces[i];
	}
	c->resources_n = kept;
}

/* Hours of a unit: of effort the learner's, of investment the partner's. */
static uint64_t
day_size(const struct counting *c)
{
	const struct party *p = &c->s->b->parties[c->s->party];

	return (uint64_t)LEARN_DAY * LEARN_ONE /
	       (c->s->role == LEARN_PERSON ? p->reference : p->funding);
}

static uint32_t
day_find(const struct counting *c, uint64_t day)
{
	uint32_t low = 0, high = c->resources_n;

	while (low < high) {
		const uint32_t mid = low + (high - low) / 2;
		if (c->days[mid] < day)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t
piece_find(const struct counting *c, const struct piece *p)
{
	const struct piece *at =
	    bsearch(p, c->pieces, c->resources_n, sizeof(*p), learn_piece_cmp);

	ASSERT(at != NULL);
	return (uint32_t)(at - c->pieces);
}

/* The arcs from an outcome, or only their number where ${n} is NULL. */
static uint32_t
note_arcs(const struct counting *c, const struct noted *x, struct net *n,
    uint32_t node, uint32_t resources)
{
	uint32_t arcs = 0;

	if (c->days != NULL) {
		if (x->e->last_day < x->e->first_day)
			return 0;
		const uint32_t from = day_find(c, x->e->first_day);
		const uint32_t end = day_find(c, (uint64_t)x->e->last_day + 1);
		for (uint32_t r = from; n != NULL && r < end; r++)
			net_arc(n, node, resources + r, LEARN_ONE);
		return end - from;
	}
	struct piece pieces[LEARN_TERMS * LEARN_PIECES];
	arcs = (uint32_t)learn_pieces(x->e, pieces);
	for (uint32_t i = 0; n != NULL && i < arcs; i++)
		net_arc(n, node, resources + piece_find(c, &pieces[i]),
		    (uint64_t)x->base * learn_piece_size(pieces[i].level) /
			LEARN_ONE);
	return arcs;
}

static void
resource_arcs(const struct counting *c, struct net *n, uint32_t resources)
{
	for (uint32_t r = 0; r < c->resources_n; r++) {
		uint64_t size = 0;
		if (c->pieces != NULL)
			size = learn_piece_size(c->pieces[r].level);
		else if (r + 1 < c->resources_n)
			size = day_size(c) * (c->days[r + 1] - c->days[r]);
		net_arc(n, resources + r, 1, size);
	}
}

/*
 * The counterparties are added one by one, the most trusted first: so the sum
 * of trust · flow is the largest there is.
 */
static err
count_flow(struct counting *c, unsigned part)
{
	struct subject *s = c->s;
	const uint32_t notes = c->end - c->first;
	const uint32_t first_source = s->note_source[c->first];
	const uint32_t sources = s->note_source[c->end - 1] - first_source + 1;
	const uint32_t resources = 2 + sources + notes;
	uint32_t arcs = sources + notes + c->resources_n;
	struct net *n;

	for (uint32_t i = 0; i < notes; i++)
		arcs += note_arcs(c, note_at(c, c->first + i), NULL, 0, 0);
	n = net_new(resources + c->resources_n, arcs);
	if (n == NULL)
		return ERR_NOMEM;
	for (uint32_t i = 0; i < notes; i++) {
		const struct noted *x = note_at(c, c->first + i);
		const uint32_t node = 2 + sources + i;
		net_arc(n, 2 + s->note_source[c->first + i] - first_source,
		    node, x->weight[s->role][c->series]);
		(void)note_arcs(c, x, n, node, resources);
	}
	resource_arcs(c, n, resources);
	for (uint32_t k = 0; k < sources; k++) {
		struct source *from = &s->sources[first_source + k];
		net_arc(n, 0, 2 + k, from->value[c->series]);
		from->x[part] = net_push(n) * from->tau;
	}
	net_free(n);
	return OK;
}

/* Notes [first, end) share days, or the pieces of terms. */
static err
count_once(
    struct subject *s, unsigned part, bool days, uint32_t first, uint32_t end)
{
	struct counting c = {
		.s = s, .series = part, .first = first, .end = end
	};
	const size_t n = end - first;
	err e;

	if (n == 0)
		return OK;
	if (n > LEARN_SUBJECT_MAX)
		return ERR_LIMIT;
	if (days)
		c.days = calloc(2 * n, sizeof(c.days[0]));
	else
		c.pieces =
		    calloc(n * LEARN_TERMS * LEARN_PIECES, sizeof(c.pieces[0]));
	if (c.days == NULL && c.pieces == NULL)
		return ERR_NOMEM;
	if (days)
		gather_days(&c);
	else
		gather_pieces(&c);
	e = count_flow(&c, part);
	free(c.days);
	free(c.pieces);
	return e;
}

/* A company's learners each have days of their own. */
static err
count_investment(struct subject *s)
{
	for (uint32_t i = 0, end; i < s->notes_n; i = end) {
		for (end = i; end < s->notes_n &&
			      s->note_source[end] == s->note_source[i];
		     end++)
			;
		TRY(count_once(s, COMPANY_INVESTMENT, true, i, end));
	}
	return OK;
}

static void
count_plain(struct subject *s, unsigned part)
{
	for (uint32_t i = 0; i < s->sources_n; i++)
		s->sources[i].x[part] =
		    s->sources[i].value[part] * s->sources[i].tau;
}

/* ---- follow-through ---- */

/* Was a term learned in ${x} and applied in ${y}, not before? */
static bool
leads_to(const struct noted *x, const struct noted *y)
{
	if (x->month > y->month ||
	    x->weight[LEARN_PERSON][PERSON_LEARNED] == 0 ||
	    y->weight[LEARN_PERSON][PERSON_USED] == 0)
		return false;
	for (uint8_t i = 0; i < x->e->terms_n; i++) {
		for (uint8_t k = 0; x->e->terms[i].learned && k < y->e->terms_n;
		     k++) {
			if (y->e->terms[k].applied &&
			    y->e->terms[k].term == x->e->terms[i].term)
				return true;
		}
	}
	return false;
}

/* which[a · sources + b]: something was learned at a and used at b. */
static uint32_t
find_followed(const struct subject *s, bool *which)
{
	const struct learn_book *b = s->b;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->notes_n; i++) {
		for (uint32_t k = 0; k < s->notes_n; k++) {
			const uint32_t from = s->note_source[i];
			const uint32_t to = s->note_source[k];
			bool *w = &which[(size_t)from * s->sources_n + to];
			if (from == to || *w ||
			    !leads_to(
				&b->notes[s->notes[i]], &b->notes[s->notes[k]]))
				continue;
			*w = true;
			n++;
		}
	}
	return n;
}

/*
 * A third for promises kept; a third each for where it was learned and where
 * it was used, as a flow from the one to the other.
 */
static err
count_follow(struct subject *s)
{
	const uint32_t k = s->sources_n;
	bool *which;
	struct net *n;
	uint64_t sum = 0;

	if (s->notes_n > LEARN_SUBJECT_MAX)
		return ERR_LIMIT;
	which = calloc((size_t)k * k + 1, sizeof(*which));
	if (which == NULL)
		return ERR_NOMEM;
	n = net_new(2 + 2 * k, 2 * k + find_followed(s, which));
	if (n == NULL) {
		free(which);
		return ERR_NOMEM;
	}
	for (uint32_t i = 0; i < k; i++) {
		const struct source *a = &s->sources[i];
		net_arc(n, 2 + k + i, 1, a->value[PERSON_LEARNED] * a->tau);
		for (uint32_t to = 0; to < k; to++) {
			if (which[(size_t)i * k + to])
				net_arc(n, 2 + to, 2 + k + i, UINT64_MAX / 2);
		}
	}
	for (uint32_t i = 0; i < k; i++) {
		struct source *a = &s->sources[i];
		const uint64_t before = sum / 3;
		net_arc(n, 0, 2 + i, a->value[PERSON_USED] * a->tau);
		sum += a->value[PERSON_COMPLETED] * a->tau + net_push(n);
		a->x[3] = sum / 3 - before;
	}
	net_free(n);
	free(which);
	return OK;
}

/* ---- scores ---- */

static err
count_parts(struct subject *s)
{
	if (s->role == LEARN_COMPANY) {
		for (unsigned i = COMPANY_OPENNESS; i <= COMPANY_LIFT; i++)
			count_plain(s, i);
		return count_investment(s);
	}
	count_plain(s, PERSON_RESPONSE);
	TRY(count_once(s, PERSON_EFFORT, true, 0, s->notes_n));
	TRY(count_once(s, PERSON_NOVELTY, false, 0, s->notes_n));
	return count_follow(s);
}

#define SHIFT 16 /* from 1/2^32 to 1/2^16 */

/* floor(65536 · up / down), up <= down, both below 2^62 */
static uint32_t
ratio(uint64_t up, uint64_t down)
{
	uint32_t q = up == down;

	if (up == down)
		up = 0;
	for (unsigned i = 0; i < 16; i++) {
		up *= 2;
		q *= 2;
		if (up >= down) {
			up -= down;
			q++;
		}
	}
	return q;
}

static uint32_t
saturate(uint64_t x)
{
	return ratio(x, x + ((uint64_t)LEARN_BETA << SHIFT));
}

/* (kept + 1) / (kept + broken + 1), not below a fifth. */
static uint32_t
promise_of(uint64_t kept, uint64_t broken)
{
	const uint64_t one = (uint64_t)LEARN_ONE << SHIFT;

	return MAX(
	    (uint32_t)PROMISE_FLOOR, ratio(kept + one, kept + broken + one));
}

static enum learn_confidence
confidence_of(uint64_t independent)
{
	if (9 * independent < UINT64_C(3) * LEARN_ONE)
		return LEARN_NO_CONFIDENCE;
	if (independent < UINT64_C(2) * LEARN_ONE)
		return LEARN_LOW;
	if (35 * independent < UINT64_C(195) * LEARN_ONE)
		return LEARN_MODERATE;
	return LEARN_HIGH;
}

static void
sum_up(const struct subject *s, struct learnability *out)
{
	uint64_t independent = 0;

	for (uint32_t i = 0; i < s->sources_n; i++) {
		const struct source *a = &s->sources[i];
		for (unsigned k = 0; k < LEARN_PARTS; k++)
			out->parts[k].x += a->x[k];
		independent += a->value[SERIES_BASE] * a->tau;
		out->counterparties += a->value[SERIES_BASE] > 0;
		out->kept += a->value[SERIES_KEPT] * a->tau;
		out->broken += a->value[SERIES_BROKEN] * a->tau;
	}
	out->independent =
	    (uint32_t)MIN(independent >> SHIFT, (uint64_t)UINT32_MAX);
	out->confidence = confidence_of(out->independent);
	out->promise = promise_of(out->kept, out->broken);
}

static uint32_t
times(uint32_t score, uint32_t promise)
{
	return (uint32_t)((uint64_t)score * promise / LEARN_ONE);
}

static void
finish(struct learnability *out)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < LEARN_PARTS; i++) {
		struct learn_part *p = &out->parts[i];
		p->score = saturate(p->x);
		/* A company's promises bear on all, a person's on the last. */
		if (out->role == LEARN_COMPANY || i == LEARN_PARTS - 1)
			p->score = times(p->score, out->promise);
		sum += parts[out->role][i].weight * p->score;
	}
	out->score = sum / 100;
}

static err
subject_score(struct subject *s, struct learnability *out)
{
	*out = (struct learnability){ .role = s->role };
	TRY(count_parts(s));
	sum_up(s, out);
	finish(out);
	return OK;
}

static uint32_t
party_of(const struct learn_book *b, const uint8_t key[TRUST_KEY])
{
	return learn_party(b, trust_party(b->trust, key));
}

err
learnability_of(const struct learn_book *b, const uint8_t key[TRUST_KEY],
    enum learn_role role, struct learnability *out)
{
	struct subject s;
	const uint32_t party = party_of(b, key);
	err e;

	*out = (struct learnability){ .role = role, .promise = LEARN_ONE };
	if (party == UINT32_MAX)
		return OK;
	TRY(subject_open(&s, b, party, role));
	e = subject_score(&s, out);
	subject_free(&s);
	return e;
}

/* ---- reasons ---- */

struct ranked {
	struct learn_source source;
	uint64_t weight;
};

static int
ranked_cmp(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return memcmp(x->source.key, y->source.key, TRUST_KEY);
}

static struct ranked
rank(const struct subject *s, const struct source *a)
{
	struct ranked r = { .source = {
				.trust = a->tau, .events = a->events } };

	memcpy(r.source.key, s->b->parties[a->party].key, TRUST_KEY);
	for (unsigned i = 0; i < LEARN_PARTS; i++) {
		r.source.x[i] = a->x[i];
		r.weight += parts[s->role][i].weight * a->x[i];
	}
	return r;
}

err
learn_sources(const struct learn_book *b, const uint8_t key[TRUST_KEY],
    enum learn_role role, struct learn_source *out, size_t cap, size_t *n)
{
	const uint32_t party = party_of(b, key);
	struct ranked *all;
	struct subject s;
	err e;

	*n = 0;
	if (party == UINT32_MAX)
		return OK;
	TRY(subject_open(&s, b, party, role));
	all = calloc((size_t)s.sources_n + 1, sizeof(*all));
	e = all == NULL ? ERR_NOMEM : count_parts(&s);
	if (e == OK) {
		*n = s.sources_n;
		for (size_t i = 0; i < *n; i++)
			all[i] = rank(&s, &s.sources[i]);
		qsort(all, *n, sizeof(*all), ranked_cmp);
		for (size_t i = 0; i < *n && i < cap; i++)
			out[i] = all[i].source;
	}
	free(all);
	subject_free(&s);
	return e;
}

static int
contribution_cmp(const void *a, const void *b)
{
	const struct learn_contribution *x = a, *y = b;

	if (x->points != y->points)
		return x->points > y->points ? -1 : 1;
	return memcmp(x->id, y->id, 32);
}

/* The score once more, without the outcome ${c->id}. */
static err
leave_out(const struct learn_input *in, const struct trust *trust,
    const uint8_t key[TRUST_KEY], const struct learnability *whole,
    struct learn_event *copy, struct learn_contribution *c)
{
	struct learn_input less = *in;
	struct learn_book *b;
	struct learnability l;
	err e;

	less.events = copy;
	less.events_n = 0;
	for (size_t i = 0; i < in->events_n; i++) {
		if (memcmp(in->events[i].id, c->id, 32) != 0)
			copy[less.events_n++] = in->events[i];
	}
	TRY(learn_book_new(&less, trust, &b));
	e = learnability_of(b, key, whole->role, &l);
	learn_book_free(b);
	if (e != OK)
		return e;
	c->points = (int32_t)whole->score - (int32_t)l.score;
	for (unsigned i = 0; i < LEARN_PARTS; i++)
		c->parts[i] =
		    (int32_t)whole->parts[i].score - (int32_t)l.parts[i].score;
	return OK;
}

/* Whose outcomes they are, and the score of all of them. */
static err
list_contributions(const struct learn_book *b, const uint8_t key[TRUST_KEY],
    struct learnability *whole, struct learn_contribution **out, size_t *n)
{
	const uint32_t party = party_of(b, key);
	const enum learn_role role = whole->role;
	struct subject s;
	err e = OK;

	TRY(learnability_of(b, key, role, whole));
	if (party == UINT32_MAX)
		return OK;
	TRY(subject_open(&s, b, party, role));
	if (s.notes_n > LEARN_SUBJECT_MAX)
		e = ERR_LIMIT;
	else
		*out = calloc((size_t)s.notes_n + 1, sizeof(**out));
	if (e == OK && *out == NULL)
		e = ERR_NOMEM;
	for (uint32_t i = 0; e == OK && i < s.notes_n; i++) {
		const struct noted *x = &b->notes[s.notes[i]];
		const uint32_t other =
		    role == LEARN_PERSON ? x->partner : x->learner;
		memcpy((*out)[i].id, x->e->id, 32);
		memcpy(
		    (*out)[i].counterparty, b->parties[other].key, TRUST_KEY);
		*n = i + 1;
	}
	subject_free(&s);
	return e;
}

err
learn_contributions(const struct learn_input *in, const struct trust *trust,
    const uint8_t key[TRUST_KEY], enum learn_role role,
    struct learn_contribution *out, size_t cap, size_t *n, int32_t *rest)
{
	struct learnability whole = { .role = role };
	struct learn_contribution *all = NULL;
	struct learn_event *copy;
	struct learn_book *b;
	err e;

	*n = 0;
	*rest = 0;
	TRY(learn_book_new(in, trust, &b));
	e = list_contributions(b, key, &whole, &all, n);
	learn_book_free(b);
	copy = calloc(in->events_n + 1, sizeof(*copy));
	if (e == OK && copy == NULL)
		e = ERR_NOMEM;
	*rest = (int32_t)whole.score;
	for (size_t i = 0; e == OK && i < *n; i++) {
		e = leave_out(in, trust, key, &whole, copy, &all[i]);
		*rest -= all[i].points;
	}
	if (e == OK && all != NULL) {
		qsort(all, *n, sizeof(*all), contribution_cmp);
		memcpy(out, all, MIN(*n, cap) * sizeof(*out));
	}
	free(copy);
	free(all);
	return e;
}

/* ---- hints ---- */

/* How many of a counterparty's outcomes are with those who have no other. */
static bool
is_captive(const struct learn_book *b, enum learn_role role, uint32_t other)
{
	uint32_t all = 0, alone = 0;

	for (uint32_t i = 0, end; i < b->cells_n[role]; i = end) {
		const struct cell *c = &b->cells[role][i];
		uint32_t here = 0;
		bool only = true;
		for (end = i; end < b->cells_n[role] &&
			      b->cells[role][end].subject == c->subject;
		     end++) {
			const struct cell *d = &b->cells[role][end];
			if (d->other == other)
				here += d->n;
			else
				only = false;
		}
		all += here;
		alone += only ? here : 0;
	}
	return all >= 5 && (uint64_t)alone * 5 > (uint64_t)all * 4;
}

static bool
is_mutual(const struct learn_book *b, uint32_t party, uint32_t other,
    enum learn_role role)
{
	uint32_t i, end;

	cells_of(b, role == LEARN_PERSON ? LEARN_COMPANY : LEARN_PERSON, party,
	    &i, &end);
	for (; i < end; i++) {
		const struct cell *c =
		    &b->cells[role == LEARN_PERSON ? LEARN_COMPANY
						   : LEARN_PERSON][i];
		if (c->other == other)
			return true;
	}
	return false;
}

void
learn_hints_of(const struct learn_book *b, const uint8_t key[TRUST_KEY],
    enum learn_role role, struct learn_hints *out)
{
	const uint32_t party = party_of(b, key);
	uint32_t from, end, n = 0, month = 0;
	bool same_month = true, same_other = true;

	*out = (struct learn_hints){ 0 };
	if (party == UINT32_MAX)
		return;
	cells_of(b, role, party, &from, &end);
	for (uint32_t i = from; i < end; i++) {
		const struct cell *c = &b->cells[role][i];
		for (uint32_t k = 0; k < c->n; k++) {
			const struct noted *x =
			    &b->notes[b->order[role][c->first + k]];
			if (n++ == 0)
				month = x->month;
			same_month &= x->month == month;
		}
		same_other &= c->other == b->cells[role][from].other;
		out->reciprocal |= is_mutual(b, party, c->other, role);
		if (i == from || c->other != b->cells[role][i - 1].other)
			out->captive |= is_captive(b, role, c->other);
	}
	out->one_month = n >= 3 && same_month;
	out->alone = n >= 3 && same_other;
}

/* ---- doors ---- */

static uint32_t
square_root(uint64_t x)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1) {
		if ((r + bit) * (r + bit) <= x)
			r += bit;
	}
	return (uint32_t)r;
}

uint32_t
learnability_door(uint32_t fit, const struct learn_missing *missing, size_t n,
    uint32_t person, uint32_t company)
{
	const uint64_t mean = square_root(
	    (uint64_t)MIN(person, LEARN_ONE) * MIN(company, LEARN_ONE));
	uint64_t sum = fit;

	for (size_t i = 0; i < n; i++) {
		const struct learn_missing *m = &missing[i];
		if (m->taught)
			sum += MIN(m->share, 10000U) * MIN(m->near, 1000U) *
			       mean / (UINT64_C(1000) * LEARN_ONE);
	}
	return (uint32_t)MAX((uint64_t)fit, MIN(sum, UINT64_C(10000)));
}
