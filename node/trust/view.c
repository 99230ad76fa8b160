#include "node/trust/view.h"

#include <stdlib.h>

#include "match/card.h"
#include "node/signals.h"
#include "node/trust/gaps.h"
#include "node/trust/posting.h"

#define POSTINGS_SEEN 1000 /* of one company, for its positions */
/* Keys whose attestations are read, with all that are linked to them. */
#define STEP_MAX   (TRUST_EDGES_MAX + 4 * TRUST_LINKS_MAX)
#define LOOKED_MAX (4 * TRUST_EDGES_MAX) /* keys whose links are looked up */
#define ASKED_MAX  (2 * LOOKED_MAX)      /* and with whom they could be */

/* ---- attestations that are followed ---- */

struct follow {
	struct store_view *view;
	struct arena record_scratch, value_scratch;
	uint32_t now_h;
	struct trust_attestation *list;
	size_t n, cap;
	size_t revoked_n;
	bool cut, no_memory;
	/* keys whose attestations are read: those of this step, the next */
	uint8_t (*step)[TRUST_KEY], (*next)[TRUST_KEY], (*seen)[TRUST_KEY];
	size_t step_n, next_n, seen_n;
	/* keys of one party: of documents, then of posting keys */
	struct posting_keys *posting;
	uint8_t (*looked)[TRUST_KEY], (*look)[TRUST_KEY];
	size_t looked_n, look_n;
};

static bool
is_revoked(struct store_view *view, const uint8_t key[TRUST_KEY])
{
	struct store_record r;

	return store_get_slot(view, key, KIND_REVOCATION, 0, &r) == OK;
}

static int
key_cmp(const void *a, const void *b)
{
	return memcmp(a, b, TRUST_KEY);
}

static bool
attestation_put(struct follow *f, const struct trust_attestation *a)
{
	if (f->n == TRUST_EDGES_MAX) {
		f->cut = true;
		return false;
	}
	if (f->n == f->cap) {
		const size_t cap = f->cap == 0 ? 256 : 2 * f->cap;
		struct trust_attestation *more =
		    realloc(f->list, cap * sizeof(*more));
		if (more == NULL) {
			f->no_memory = true;
			return false;
		}
		f->list = more;
		f->cap = cap;
	}
	f->list[f->n++] = *a;
	return true;
}

static void
next_put(struct follow *f, const uint8_t key[TRUST_KEY])
{
	if (f->next_n < TRUST_EDGES_MAX)
		memcpy(f->next[f->next_n++], key, TRUST_KEY);
}

static bool
on_attestation(void *ctx, const struct store_record *s)
{
	struct follow *f = ctx;
	struct trust_attestation a;
	struct value payload;
	struct record r;

	arena_reset(&f->value_scratch);
	if (s->deleted || s->opaque || s->expires_h <= f->now_h ||
	    record_read(s->bytes, &f->record_scratch, &r) != RECORD_FINE ||
	    value_parse(r.payload, &f->value_scratch, &payload) != OK ||
	    !trust_from_record(s->author, &payload, f->now_h, &a))
		return true;
	if (is_revoked(f->view, a.to)) {
		f->revoked_n++;
		return true;
	}
	if (!attestation_put(f, &a))
		return false;
	if ((a.vouches & TRUST_VOUCHES_ATTESTING) != 0)
		next_put(f, a.to);
	return true;
}

static size_t
keys_once(uint8_t (*keys)[TRUST_KEY], size_t n)
{
	size_t kept = 0;

	qsort(keys, n, TRUST_KEY, key_cmp);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 ||
		    memcmp(keys[kept - 1], keys[i], TRUST_KEY) != 0)
			memmove(keys[kept++], keys[i], TRUST_KEY);
	return kept;
}

static bool
keys_have(
    uint8_t (*const keys)[TRUST_KEY], size_t n, const uint8_t key[TRUST_KEY])
{
	return n > 0 && bsearch(key, keys, n, TRUST_KEY, key_cmp) != NULL;
}

static void
look_put(struct follow *f, const uint8_t key[TRUST_KEY])
{
	if (f->look_n < LOOKED_MAX)
		memcpy(f->look[f->look_n++], key, TRUST_KEY);
}

/* Posting keys of those in ${look}, and of whom they are linked with. */
static err
look_all(struct follow *f)
{
	struct posting_keys *p = f->posting;

	while (f->look_n > 0) {
		const size_t n = keys_once(f->look, f->look_n);
		const size_t before = p->links_n, known = f->looked_n;
		for (size_t i = 0; i < n && f->looked_n < LOOKED_MAX; i++) {
			if (keys_have(f->looked, known, f->look[i]))
				continue;
			TRY(posting_look(p, f->look[i]));
			memcpy(f->looked[f->looked_n++], f->look[i], TRUST_KEY);
		}
		f->looked_n = keys_once(f->looked, f->looked_n);
		f->look_n = 0;
		for (size_t i = before; i < p->links_n; i++) {
			look_put(f, p->links[i].a);
			look_put(f, p->links[i].b);
		}
	}
	return OK;
}

/* All that are linked with a key belong to it, over several links, too. */
static void
add_linked(struct follow *f)
{
	size_t before;

	do {
		before = f->next_n;
		for (size_t i = 0; i < f->posting->links_n; i++) {
			const struct trust_link *l = &f->posting->links[i];
			const bool a = keys_have(f->next, before, l->a);
			const bool b = keys_have(f->next, before, l->b);
			if (a != b)
				memcpy(f->next[f->next_n++], a ? l->b : l->a,
				    TRUST_KEY);
		}
		f->next_n = keys_once(f->next, f->next_n);
	} while (f->next_n > before);
}

/* From ${next} to ${step}: ascending, each once, none that was read. */
static err
step_begin(struct follow *f)
{
	f->next_n = keys_once(f->next, f->next_n);
	for (size_t i = 0; i < f->next_n; i++)
		look_put(f, f->next[i]);
	TRY(look_all(f));
	add_linked(f);
	f->step_n = 0;
	for (size_t i = 0; i < f->next_n; i++)
		if (!keys_have(f->seen, f->seen_n, f->next[i]))
			memcpy(f->step[f->step_n++], f->next[i], TRUST_KEY);
	f->next_n = 0;
	for (size_t i = 0; i < f->step_n && f->seen_n < STEP_MAX; i++)
		memcpy(f->seen[f->seen_n++], f->step[i], TRUST_KEY);
	f->seen_n = keys_once(f->seen, f->seen_n);
	return OK;
}

/*
 * Only who is reached hands on anything, so only their attestations are
 * read: of the anchors, then of those they vouch for as attesters, and so
 * on. In order of keys, so that the cut is the same everywhere.
 */
static err
follow_all(struct follow *f, const struct evidence_set *e)
{
	for (unsigned step = 0; step < TRUST_STEPS; step++) {
		TRY(step_begin(f));
		for (size_t i = 0; i < f->step_n && !f->cut && !f->no_memory;
		     i++)
			TRY(store_each_author(f->view, f->step[i],
			    KIND_ATTESTATION, on_attestation, f));
	}
	for (size_t i = 0; i < e->vouches_n && !f->no_memory; i++)
		if (!is_revoked(f->view, e->vouches[i].from) &&
		    !is_revoked(f->view, e->vouches[i].to))
			(void)attestation_put(f, &e->vouches[i]);
	for (size_t i = 0; i < f->n; i++) {
		look_put(f, f->list[i].from);
		look_put(f, f->list[i].to);
	}
	TRY(look_all(f));
	return f->no_memory ? ERR_NOMEM : OK;
}

/* With whom there are outcomes, and who is linked by documents. */
static err
look_evidence(struct follow *f, const struct evidence_set *e)
{
	struct posting_keys *p = f->posting;

	p->links_n = MIN(e->links_n, (size_t)TRUST_LINKS_MAX);
	if (p->links_n > 0)
		memcpy(p->links, e->links, p->links_n * sizeof(p->links[0]));
	for (size_t i = 0; i < p->links_n; i++) {
		look_put(f, p->links[i].a);
		look_put(f, p->links[i].b);
	}
	for (size_t i = 0; i < e->events_n; i++) {
		look_put(f, e->events[i].learner);
		look_put(f, e->events[i].partner);
	}
	return look_all(f);
}

static bool
follow_alloc(struct follow *f)
{
	struct posting_keys *p = calloc(1, sizeof(*p));

	f->record_scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	f->value_scratch =
	    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	f->step = calloc(STEP_MAX, TRUST_KEY);
	f->next = calloc(STEP_MAX, TRUST_KEY);
	f->seen = calloc(STEP_MAX, TRUST_KEY);
	f->look = calloc(LOOKED_MAX, TRUST_KEY);
	f->looked = calloc(LOOKED_MAX, TRUST_KEY);
	f->posting = p;
	if (p == NULL)
		return false;
	p->view = f->view;
	p->now_h = f->now_h;
	p->record_scratch = &f->record_scratch;
	p->value_scratch = &f->value_scratch;
	p->links = calloc(TRUST_LINKS_MAX, sizeof(p->links[0]));
	p->asked = calloc(ASKED_MAX, TRUST_KEY);
	p->asked_cap = ASKED_MAX;
	return p->links != NULL && p->asked != NULL &&
	       f->record_scratch.p != NULL && f->value_scratch.p != NULL &&
	       f->step != NULL && f->next != NULL && f->seen != NULL &&
	       f->look != NULL && f->looked != NULL;
}

static void
follow_free(struct follow *f)
{
	free(f->record_scratch.p);
	free(f->value_scratch.p);
	free(f->step);
	free(f->next);
	free(f->seen);
	free(f->look);
	free(f->looked);
	free(f->list);
	if (f->posting != NULL) {
		free(f->posting->links);
		free(f->posting->asked);
	}
	free(f->posting);
}

/* The list itself, no longer than it is. */
static uint8_t (*keys_take(uint8_t (**keys)[TRUST_KEY], size_t n))[TRUST_KEY]
{
	uint8_t(*all)[TRUST_KEY] = *keys;
	uint8_t(*less)[TRUST_KEY] = realloc(all, (n + 1) * TRUST_KEY);

	*keys = NULL;
	return less == NULL ? all : less;
}

static err
make_trust(struct trust_view *v, const struct trust_material *m,
    struct store_view *view)
{
	struct follow f = { .view = view,
		.now_h = (uint32_t)(m->now_s / 3600) };
	uint8_t anchors[TRUST_ANCHORS_MAX][TRUST_KEY];
	err e = ERR_NOMEM;
	size_t n = 0;

	for (size_t i = 0; i < m->anchors_n; i++) {
		if (is_revoked(view, m->anchors[i].key)) {
			f.revoked_n++;
			continue;
		}
		memcpy(anchors[n++], m->anchors[i].key, TRUST_KEY);
	}
	if (follow_alloc(&f)) {
		for (size_t i = 0; i < n; i++)
			next_put(&f, anchors[i]);
		e = look_evidence(&f, &v->evidence);
	}
	if (e == OK)
		e = follow_all(&f, &v->evidence);
	if (e == OK) {
		const struct trust_input in = { .anchors = anchors[0],
			.anchors_n = n,
			.attestations = f.list,
			.attestations_n = f.n,
			.links = f.posting->links,
			.links_n = f.posting->links_n };
		e = trust_new(&in, &v->trust);
		/* for what they declare, and for who looks at the view */
		v->links = f.posting->links;
		v->links_n = f.posting->links_n;
		v->cut = f.cut || f.posting->cut;
		f.posting->links = NULL;
		v->read = keys_take(&f.seen, f.seen_n);
		v->read_n = f.seen_n;
		v->keys_n = keys_once(f.posting->asked, f.posting->asked_n);
		v->keys = keys_take(&f.posting->asked, v->keys_n);
		v->keys_all = f.posting->asked_full || f.cut;
	}
	v->attestations_n = f.n;
	v->revoked_n = f.revoked_n;
	follow_free(&f);
	return e;
}

/* ---- what the two sides declared ---- */

struct parties {
	uint8_t (*keys)[TRUST_KEY];
	size_t n;
};

static bool
parties_of(const struct trust_view *v, bool learners, struct parties *out)
{
	const struct evidence_set *e = &v->evidence;
	size_t n = e->events_n;

	out->keys = calloc(e->events_n + 2 * v->links_n + 1, TRUST_KEY);
	if (out->keys == NULL)
		return false;
	for (size_t i = 0; i < e->events_n; i++)
		memcpy(out->keys[i],
		    learners ? e->events[i].learner : e->events[i].partner,
		    TRUST_KEY);
	/* and under which other keys they post */
	for (size_t i = 0; i < v->links_n; i++) {
		memcpy(out->keys[n++], v->links[i].a, TRUST_KEY);
		memcpy(out->keys[n++], v->links[i].b, TRUST_KEY);
	}
	out->n = keys_once(out->keys, n);
	return true;
}

struct declared {
	struct arena record_scratch, value_scratch;
	uint32_t now_h;
	uint32_t positions; /* of one company */
	size_t seen;
};

static bool
declared_read(
    struct declared *d, const struct store_record *s, struct value *payload)
{
	struct record r;

	arena_reset(&d->value_scratch);
	return !s->deleted && !s->opaque && s->expires_h > d->now_h &&
	       record_read(s->bytes, &d->record_scratch, &r) == RECORD_FINE &&
	       value_parse(r.payload, &d->value_scratch, payload) == OK;
}

/* Of its card; 0: not told. */
static uint16_t
hours_of(
    struct declared *d, struct store_view *view, const uint8_t key[TRUST_KEY])
{
	struct store_record s;
	struct value payload;
	struct card card;

	if (store_get_slot(view, key, KIND_PROFILE, 0, &s) != OK ||
	    !declared_read(d, &s, &payload) ||
	    card_decode(&payload, s.region, &card) != OK)
		return 0;
	return (uint16_t)card_hours_max(card.hours);
}

static bool
on_posting(void *ctx, const struct store_record *s)
{
	struct declared *d = ctx;
	struct value payload;

	if (declared_read(d, s, &payload)) {
		const struct value *status = value_find(&payload, 38);
		const struct value *seats = value_find(&payload, 34);
		const bool open = status == NULL || status->u == POSTING_OPEN;
		if (open)
			d->positions += seats == NULL ? 1 : (uint32_t)seats->u;
	}
	return ++d->seen < POSTINGS_SEEN;
}

static err
make_declared(struct trust_view *v, const struct trust_material *m,
    struct store_view *view)
{
	struct declared d = { .now_h = (uint32_t)(m->now_s / 3600) };
	struct parties people = { 0 }, companies = { 0 };
	err e = ERR_NOMEM;

	d.record_scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	d.value_scratch =
	    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	if (d.record_scratch.p != NULL && d.value_scratch.p != NULL &&
	    parties_of(v, true, &people) && parties_of(v, false, &companies)) {
		v->availability =
		    calloc(people.n + m->own_n + 1, sizeof(*v->availability));
		v->positions = calloc(companies.n + 1, sizeof(*v->positions));
		e = v->availability == NULL || v->positions == NULL ? ERR_NOMEM
								    : OK;
	}
	for (size_t i = 0; e == OK && i < m->own_n; i++)
		if (m->own[i].hours_week != 0)
			v->availability[v->input.availability_n++] = m->own[i];
	for (size_t i = 0; e == OK && i < people.n; i++) {
		const uint16_t hours = hours_of(&d, view, people.keys[i]);
		struct learn_availability *a =
		    &v->availability[v->input.availability_n];
		if (hours == 0)
			continue;
		memcpy(a->key, people.keys[i], TRUST_KEY);
		a->hours_week = hours;
		v->input.availability_n++;
	}
	for (size_t i = 0; e == OK && i < companies.n; i++) {
		d.positions = 0;
		d.seen = 0;
		e = store_each_author(
		    view, companies.keys[i], KIND_DEMAND, on_posting, &d);
		if (e != OK || d.positions == 0)
			continue;
		memcpy(v->positions[v->input.positions_n].key,
		    companies.keys[i], TRUST_KEY);
		v->positions[v->input.positions_n++].n = d.positions;
	}
	free(people.keys);
	free(companies.keys);
	free(d.record_scratch.p);
	free(d.value_scratch.p);
	return e;
}

/* ---- all of it ---- */

err
trust_view_make(struct trust_material *m, struct store_view *view,
    struct signals *signals, const struct terms *terms, struct trust_view **out)
{
	struct trust_view *v = calloc(1, sizeof(*v));
	const uint32_t now_h = (uint32_t)(m->now_s / 3600);
	const struct gap_own own = { m->own, m->own_n, m->region };
	err e;

	if (v == NULL)
		return ERR_NOMEM;
	atomic_init(&v->users, 1);
	v->number = m->number;
	v->news_from = m->news_from;
	v->made_s = m->now_s;
	v->vocabulary = terms->vocabulary;
	memcpy(v->anchors, m->anchors, sizeof(v->anchors));
	v->anchors_n = m->anchors_n;
	v->warned = m->warned;
	v->warned_n = m->warned_n;
	m->warned = NULL;
	e = evidence_set_make(m->documents, m->documents_n, slice_str(m->net),
	    terms->vocabulary, now_h, &v->evidence);
	if (e == OK)
		e = make_trust(v, m, view);
	if (e == OK)
		e = make_declared(v, m, view);
	if (e == OK)
		e = gaps_fill(&v->evidence, &own, view, signals, terms,
		    m->now_s, &v->terms_told, &v->terms_n);
	if (e == OK) {
		v->input.events = v->evidence.events;
		v->input.events_n = v->evidence.events_n;
		v->input.availability = v->availability;
		v->input.positions = v->positions;
		v->input.month = learn_month(now_h);
		e = learn_book_new(&v->input, v->trust, &v->book);
	}
	if (e != OK) {
		trust_view_give(v);
		return e;
	}
	*out = v;
	return OK;
}

bool
trust_view_reads(
    const struct trust_view *v, uint32_t kind, const uint8_t author[TRUST_KEY])
{
	switch (kind) {
	case KIND_ATTESTATION:
		return keys_have(v->read, v->read_n, author);
	case KIND_REVOCATION:
	case KIND_ORGANISATION:
		return v->keys_all || keys_have(v->keys, v->keys_n, author);
	default:
		return false;
	}
}

json_t *
trust_view_warned(const struct trust_view *v, const uint8_t key[TRUST_KEY])
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->warned_n; i++)
		if (memcmp(v->warned[i].key, key, TRUST_KEY) == 0)
			(void)json_array_append_new(
			    list, json_pack("{s:s,s:s}", "reason",
				      warning_reason_name(v->warned[i].reason),
				      "title", v->warned[i].title));
	return list;
}

void
trust_view_take(struct trust_view *v)
{
	atomic_fetch_add(&v->users, 1);
}

void
trust_view_give(struct trust_view *v)
{
	if (v == NULL || atomic_fetch_sub(&v->users, 1) != 1)
		return;
	learn_book_free(v->book);
	trust_free(v->trust);
	evidence_set_free(&v->evidence);
	free(v->availability);
	free(v->positions);
	free(v->warned);
	free(v->links);
	free(v->read);
	free(v->keys);
	free(v);
}

void
trust_material_free(struct trust_material *m)
{
	if (m == NULL)
		return;
	if (m->bytes != NULL)
		free(m->bytes);
	free(m->documents);
	free(m->warned);
	free(m);
}
