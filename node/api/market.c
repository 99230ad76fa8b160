/*
 * Who for which, over all open demands of this node: GET /market. The best of
 * what this node knows for each demand, put together by match/market.h so
 * that the sum of the scores is as large as can be; the prices say how
 * contested a person is. Advice: nobody is asked, told or bound.
 */
#include <stdio.h>
#include <stdlib.h>

#include "match/market.h"
#include "node/api/advice.h"
#include "node/api/feed.h"
#include "node/api/find.h"
#include "node/api/postings.h"

#define MARKET_DEMANDS   1000 /* at most */
#define MARKET_EACH      50   /* people for each, if nothing is said */
#define MARKET_EACH_MAX  500
#define MARKET_CONGESTED 50 /* people shown as contested */
#define MARKET_BIDS      (UINT64_C(1) << 24)
#define SEATS_KEY        34 /* of a demand's payload, as in SPEC.md */

#define NOBODY UINT32_MAX

/* One request; ${more} of its task. */
struct market_ask {
	uint64_t each, places;
	uint32_t language;
	char without[96];   /* what if this person were not there; "" */
	uint64_t seats_rid; /* what if this demand had so many seats; 0 */
	uint64_t seats;
	size_t left_out; /* demands over MARKET_DEMANDS */
	size_t rids_n;
	uint64_t rids[MARKET_DEMANDS];
};

struct stall { /* a demand in the market */
	uint64_t rid;
	uint8_t id[RECORD_ID];
	char *title;
	uint16_t seats;
	uint32_t hours; /* a week; 0: not told */
};

struct bazaar {
	struct task *t;
	const struct market_ask *ask;
	struct reader rd;
	struct stall *stalls;
	size_t stalls_n;
	/* all hits, by demand; then by person */
	struct scan_result *hits;
	size_t hits_n, hits_cap;
	uint32_t *start;
	struct market_edge *edges;
	uint16_t *seats, *places;
	uint8_t (*people)[RECORD_ID]; /* sorted */
	size_t people_n;
	uint64_t known;
	bool by_index;
};

/* ---- what there is ---- */

static uint16_t
open_seats(const struct value *payload)
{
	const struct value *seats = value_find(payload, SEATS_KEY);
	const struct value *filled = value_find(payload, POSTING_FILLED_KEY);
	const uint64_t n =
	    seats != NULL && seats->type == VALUE_UINT ? seats->u : 1;
	const uint64_t taken =
	    filled != NULL && filled->type == VALUE_UINT ? filled->u : 0;

	return (uint16_t)(taken >= n ? 0 : MIN(n - taken, UINT64_C(1000)));
}

static bool
hits_put(struct bazaar *b, const struct found *h)
{
	if (b->hits_n + h->n > b->hits_cap) {
		const size_t cap = MAX(2 * b->hits_cap, b->hits_n + h->n);
		void *p = realloc(b->hits, cap * sizeof(*b->hits));
		if (p == NULL) {
			advice_fail(b->t, ERR_NOMEM);
			return false;
		}
		b->hits = p;
		b->hits_cap = cap;
	}
	for (size_t i = 0; i < h->n; i++)
		if (h->list[i].both > 0)
			b->hits[b->hits_n++] = h->list[i];
	return true;
}

/* A demand that is gone since is passed over. */
static bool
stall_open(struct bazaar *b, uint64_t rid)
{
	static const struct match_filter none;
	const struct find_options o = { .filter = &none, .max = b->ask->each };
	struct stall *s = &b->stalls[b->stalls_n];
	struct store_record r;
	struct posting p;
	struct slice title;
	struct found h;

	if (store_get_rid(b->t->view, rid, &r) != OK ||
	    !record_is_live(&r, b->t->now_s) || !reader_open(&b->rd, &r) ||
	    posting_decode(&b->rd.payload, r.region, &p) != OK)
		return true;
	posting_resolve(&p, b->t->terms->vocabulary);
	s->rid = rid;
	memcpy(s->id, r.id, RECORD_ID);
	s->seats = open_seats(&b->rd.payload);
	s->hours = posting_hours_week(&p);
	if (text_pick(value_find(&b->rd.payload, POSTING_TITLE),
		b->ask->language, &title))
		s->title = strndup((const char *)title.p, title.n);
	b->stalls_n++;
	if (!find_people(b->t, &p, &o, &h))
		return false;
	b->known = h.known;
	b->by_index = h.by_index;
	const bool good = hits_put(b, &h);
	found_free(&h);
	b->start[b->stalls_n] = (uint32_t)b->hits_n;
	return good;
}

static int
id_order(const void *a, const void *b)
{
	return memcmp(a, b, RECORD_ID);
}

/* The number of a person; NOBODY. */
static uint32_t
person_at(const struct bazaar *b, const uint8_t *id)
{
	size_t lo = 0, hi = b->people_n;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		if (memcmp(b->people[mid], id, RECORD_ID) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < b->people_n && memcmp(b->people[lo], id, RECORD_ID) == 0
		   ? (uint32_t)lo
		   : NOBODY;
}

/* Each once, with a number. */
static bool
people_number(struct bazaar *b)
{
	size_t n = 0;

	b->people = calloc(b->hits_n + 1, RECORD_ID);
	b->edges = calloc(b->hits_n + 1, sizeof(*b->edges));
	b->places = calloc(b->hits_n + 1, sizeof(*b->places));
	b->seats = calloc(b->stalls_n + 1, sizeof(*b->seats));
	if (b->people == NULL || b->edges == NULL || b->places == NULL ||
	    b->seats == NULL) {
		advice_fail(b->t, ERR_NOMEM);
		return false;
	}
	for (size_t i = 0; i < b->hits_n; i++)
		memcpy(b->people[i], b->hits[i].id, RECORD_ID);
	qsort(b->people, b->hits_n, RECORD_ID, id_order);
	for (size_t i = 0; i < b->hits_n; i++)
		if (i == 0 ||
		    memcmp(b->people[i], b->people[n - 1], RECORD_ID) != 0)
			memmove(b->people[n++], b->people[i], RECORD_ID);
	b->people_n = n;
	for (size_t i = 0; i < b->hits_n; i++)
		b->edges[i] = (struct market_edge){ person_at(b, b->hits[i].id),
			b->hits[i].both };
	for (size_t i = 0; i < b->stalls_n; i++)
		b->seats[i] = b->stalls[i].seats;
	return true;
}

/* So many as were asked for, and as the hours allow when both are told. */
static void
places_count(struct bazaar *b)
{
	uint32_t longest = 0;

	for (size_t i = 0; i < b->stalls_n; i++)
		longest = MAX(longest, b->stalls[i].hours);
	for (size_t i = 0; i < b->people_n; i++) {
		struct store_record r;
		struct card c;
		uint64_t places = b->ask->places;
		if (places > 1 && longest > 0 &&
		    store_get(b->t->view, b->people[i], &r) == OK &&
		    reader_open(&b->rd, &r) &&
		    card_decode(&b->rd.payload, r.region, &c) == OK &&
		    c.hours > 0)
			places =
			    MAX(MIN(places, card_hours_max(c.hours) / longest),
				UINT64_C(1));
		b->places[i] = (uint16_t)places;
	}
}

static bool
bazaar_open(struct bazaar *b)
{
	b->stalls = calloc(b->ask->rids_n + 1, sizeof(*b->stalls));
	b->start = calloc(b->ask->rids_n + 1, sizeof(*b->start));
	if (b->stalls == NULL || b->start == NULL) {
		advice_fail(b->t, ERR_NOMEM);
		return false;
	}
	for (size_t i = 0; i < b->ask->rids_n; i++)
		if (!stall_open(b, b->ask->rids[i]))
			return false;
	if (!people_number(b))
		return false;
	places_count(b);
	return true;
}

static void
bazaar_close(struct bazaar *b)
{
	for (size_t i = 0; i < b->stalls_n; i++)
		free(b->stalls[i].title);
	free(b->stalls);
	free(b->hits);
	free(b->start);
	free(b->edges);
	free(b->seats);
	free(b->places);
	free(b->people);
	reader_fini(&b->rd);
}

static bool
solve(struct bazaar *b, struct market_result *r)
{
	const struct market m = { (uint32_t)b->stalls_n, (uint32_t)b->people_n,
		b->start, b->edges, b->seats, b->places };
	const struct market_options o = { .gap_ppm = 0,
		.bids_max = MARKET_BIDS };
	const err e = market_solve(&m, &o, r);

	if (e != OK)
		advice_fail(b->t, e);
	return e == OK;
}

/* ---- the answer ---- */

static json_t *
demand_json(const struct stall *s)
{
	json_t *o = json_object();

	json_id(o, "id", s->id);
	(void)json_object_set_new(
	    o, "title", json_string(s->title == NULL ? "" : s->title));
	return o;
}

/* How contested somebody is, in words. */
static void
put_price(const struct market_result *r, uint32_t person, json_t *o)
{
	const uint32_t others =
	    r->wanted[person] > 0 ? r->wanted[person] - 1 : 0;
	char text[200];

	json_uint(o, "price", (uint64_t)r->price[person]);
	json_uint(o, "others", others);
	if (others == 0)
		(void)snprintf(text, sizeof(text),
		    "no other demand of yours would gain by this person");
	else
		(void)snprintf(text, sizeof(text),
		    "%" PRIu32 " other%s of your demands would take this "
		    "person; the next best would give up %" PRId32
		    " points for it",
		    others, others == 1 ? "" : "s", r->price[person]);
	(void)json_object_set_new(o, "why", json_string(text));
}

/* Best hit of a demand that is not in the plan for it. */
static json_t *
next_json(const struct bazaar *b, const struct market_result *r, size_t stall,
    size_t from, size_t to)
{
	for (size_t e = b->start[stall]; e < b->start[stall + 1]; e++) {
		bool taken = false;
		for (size_t i = from; i < to; i++)
			taken = taken || r->pairs[i].edge == e;
		if (taken)
			continue;
		json_t *o = json_object();
		json_id(o, "record", b->hits[e].id);
		json_uint(o, "score", (uint64_t)b->hits[e].both);
		put_price(r, b->edges[e].person, o);
		return o;
	}
	return json_null();
}

static json_t *
assigned_json(struct bazaar *b, const struct market_result *r)
{
	json_t *list = json_array();
	size_t at = 0;

	for (size_t i = 0; i < b->stalls_n; i++) {
		const struct stall *s = &b->stalls[i];
		const size_t from = at;
		json_t *o = json_object(), *people = json_array();
		for (; at < r->pairs_n && r->pairs[at].gig == i; at++) {
			const struct market_pair *p = &r->pairs[at];
			const struct scan_result *hit = &b->hits[p->edge];
			json_t *one = json_object();
			json_id(one, "record", hit->id);
			json_uint(one, "score", (uint64_t)hit->both);
			json_uint(one, "fit", (uint64_t)hit->fit);
			json_uint(one, "wish", (uint64_t)hit->wish);
			json_uint(one, "place", p->edge - b->start[i] + 1);
			put_price(r, p->person, one);
			(void)json_array_append_new(people, one);
		}
		(void)json_object_set_new(o, "demand", demand_json(s));
		json_uint(o, "seats", b->seats[i]);
		json_uint(o, "candidates", b->start[i + 1] - b->start[i]);
		(void)json_object_set_new(o, "people", people);
		json_uint(o, "open_seats", b->seats[i] - (at - from));
		(void)json_object_set_new(
		    o, "next", next_json(b, r, i, from, at));
		(void)json_array_append_new(list, o);
	}
	return list;
}

struct contested {
	uint32_t person;
	int32_t price;
	uint32_t wanted;
};

static int
contested_order(const void *a, const void *b)
{
	const struct contested *x = a, *y = b;

	if (x->price != y->price)
		return x->price > y->price ? -1 : 1;
	if (x->wanted != y->wanted)
		return x->wanted > y->wanted ? -1 : 1;
	return (x->person > y->person) - (x->person < y->person);
}

static json_t *
congestion_json(const struct bazaar *b, const struct market_result *r)
{
	struct contested *all = calloc(b->people_n + 1, sizeof(*all));
	json_t *list = json_array();
	size_t n = 0;

	for (size_t i = 0; all != NULL && i < b->people_n; i++)
		if (r->price[i] > 0 && r->wanted[i] > 1)
			all[n++] = (struct contested){ (uint32_t)i, r->price[i],
				r->wanted[i] };
	if (n > 0)
		qsort(all, n, sizeof(*all), contested_order);
	for (size_t i = 0; i < MIN(n, (size_t)MARKET_CONGESTED); i++) {
		json_t *o = json_object();
		json_id(o, "record", b->people[all[i].person]);
		put_price(r, all[i].person, o);
		(void)json_array_append_new(list, o);
	}
	free(all);
	return list;
}

/* How many of the demands have the same first choice as another. */
static uint64_t
first_choices_shared(const struct bazaar *b)
{
	uint32_t *count = calloc(b->people_n + 1, sizeof(*count));
	uint64_t n = 0;

	if (count == NULL)
		return 0;
	for (size_t i = 0; i < b->stalls_n; i++)
		if (b->start[i] < b->start[i + 1])
			count[b->edges[b->start[i]].person]++;
	for (size_t i = 0; i < b->people_n; i++)
		n += count[i] > 1 ? count[i] : 0;
	free(count);
	return n;
}

static void
put_totals(const struct bazaar *b, const struct market_result *r, json_t *o)
{
	const struct market m = { (uint32_t)b->stalls_n, (uint32_t)b->people_n,
		b->start, b->edges, b->seats, b->places };
	size_t seats = 0;
	uint32_t n = 0;

	for (size_t i = 0; i < b->stalls_n; i++)
		seats += b->seats[i];
	struct market_pair *pairs = calloc(seats + 1, sizeof(*pairs));
	const int64_t greedy =
	    pairs == NULL ? -1 : market_greedy(&m, pairs, &n);
	free(pairs);
	json_uint(o, "value", (uint64_t)r->value);
	json_uint(o, "bound", (uint64_t)r->bound);
	json_truth(o, "exact", r->exact);
	json_uint(o, "best_pair_first", (uint64_t)MAX(greedy, 0));
	json_uint(o, "seats", seats);
	json_uint(o, "seats_taken", r->pairs_n);
	json_uint(o, "first_choices_shared", first_choices_shared(b));
	json_uint(o, "price_step", (uint64_t)r->step);
}

/* ---- what if ---- */

/* Takes a person out of the market, or changes seats; false: answered. */
static bool
change_market(struct bazaar *b, char *text, size_t cap)
{
	const struct market_ask *ask = b->ask;

	if (ask->seats_rid != 0) {
		for (size_t i = 0; i < b->stalls_n; i++)
			if (b->stalls[i].rid == ask->seats_rid) {
				b->seats[i] = (uint16_t)ask->seats;
				(void)snprintf(text, cap,
				    "if \"%.60s\" had %" PRIu64 " open seat%s",
				    b->stalls[i].title == NULL
					? ""
					: b->stalls[i].title,
				    ask->seats, ask->seats == 1 ? "" : "s");
				return true;
			}
		task_fail(b->t, 409, "E3427", "ohcn demand list",
		    "this demand is not open");
		return false;
	}
	struct store_record r;
	if (!find_record(b->t, ask->without, KIND_PROFILE, &r))
		return false;
	const uint32_t person = person_at(b, r.id);
	if (person != NOBODY)
		b->places[person] = 0;
	(void)snprintf(text, cap, "if %.60s were not there", ask->without);
	return true;
}

/* Demands whose people are others than before. */
static json_t *
moves_json(const struct bazaar *b, const struct market_result *before,
    const struct market_result *after)
{
	json_t *list = json_array();
	size_t x = 0, y = 0;

	for (size_t i = 0; i < b->stalls_n; i++) {
		json_t *was = json_array(), *is = json_array();
		for (; x < before->pairs_n && before->pairs[x].gig == i; x++) {
			json_t *o = json_object();
			json_id(o, "record", b->hits[before->pairs[x].edge].id);
			(void)json_array_append_new(was, o);
		}
		for (; y < after->pairs_n && after->pairs[y].gig == i; y++) {
			json_t *o = json_object();
			json_id(o, "record", b->hits[after->pairs[y].edge].id);
			(void)json_array_append_new(is, o);
		}
		if (!json_equal(was, is)) {
			json_t *o = json_object();
			(void)json_object_set_new(
			    o, "demand", demand_json(&b->stalls[i]));
			(void)json_object_set(o, "was", was);
			(void)json_object_set(o, "becomes", is);
			(void)json_array_append_new(list, o);
		}
		json_decref(was);
		json_decref(is);
	}
	return list;
}

static bool
put_what_if(struct bazaar *b, const struct market_result *r, json_t *o)
{
	struct market_result other;
	char text[200];

	if (b->ask->seats_rid == 0 && b->ask->without[0] == '\0') {
		(void)json_object_set_new(o, "what_if", json_null());
		return true;
	}
	if (!change_market(b, text, sizeof(text)) || !solve(b, &other))
		return false;
	json_t *w = json_object();
	(void)json_object_set_new(w, "text", json_string(text));
	json_uint(w, "value", (uint64_t)other.value);
	(void)json_object_set_new(
	    w, "change", json_integer(other.value - r->value));
	json_truth(w, "exact", other.exact && r->exact);
	json_uint(w, "seats_taken", other.pairs_n);
	(void)json_object_set_new(w, "moves", moves_json(b, r, &other));
	(void)json_object_set_new(o, "what_if", w);
	market_free(&other);
	return true;
}

static json_t *
market_json(struct bazaar *b, const struct market_result *r)
{
	json_t *o = json_object();

	(void)json_object_set_new(o, "demands", assigned_json(b, r));
	(void)json_object_set_new(o, "congestion", congestion_json(b, r));
	put_totals(b, r, o);
	json_uint(o, "score_max", SCORE_MAX);
	json_uint(o, "people", b->people_n);
	json_uint(o, "known", b->known);
	json_uint(o, "demands_left_out", b->ask->left_out);
	(void)json_object_set_new(
	    o, "by", json_string(b->by_index ? "index" : "scan"));
	(void)json_object_set_new(o, "note",
	    json_string("advice from what this node holds: nobody is asked, "
			"told or bound, and others may want the same people"));
	hashes_json(b->t, o);
	advice_view(b->t, o);
	return o;
}

static void
market_run(struct task *t)
{
	struct bazaar b = { .t = t, .ask = t->more };
	struct market_result r = { 0 };

	if (reader_init(&b.rd) != OK) {
		advice_fail(t, ERR_NOMEM);
		return;
	}
	if (bazaar_open(&b) && solve(&b, &r)) {
		json_t *o = market_json(&b, &r);
		if (put_what_if(&b, &r, o))
			t->result = o;
		else
			json_decref(o);
	}
	market_free(&r);
	bazaar_close(&b);
}

/* ---- the request ---- */

static void
open_demands(struct node *n, uint32_t persona, struct market_ask *ask)
{
	for (uint32_t slot = 0; slot < kind_info(KIND_DEMAND)->slots; slot++) {
		const struct owner_post *p =
		    owner_post(n, persona, KIND_DEMAND, slot);
		if (p == NULL || p->rid == 0 || p->deleted ||
		    (p->status != 0 && p->status != POSTING_OPEN))
			continue;
		if (ask->rids_n == MARKET_DEMANDS)
			ask->left_out++;
		else
			ask->rids[ask->rids_n++] = p->rid;
	}
}

/* "DEMAND:N" */
static bool
seats_read(struct node *n, struct http_request *r, uint32_t persona,
    struct market_ask *ask)
{
	const char *text = http_query(r, "seats");
	const char *colon = text == NULL ? NULL : strrchr(text, ':');
	char demand[96];
	char *end = NULL;
	uint32_t slot = 0;

	if (text == NULL || text[0] == '\0')
		return true;
	if (colon != NULL)
		ask->seats = strtoul(colon + 1, &end, 10);
	if (colon == NULL || colon[1] < '0' || colon[1] > '9' || *end != '\0' ||
	    ask->seats > 1000 || (size_t)(colon - text) >= sizeof(demand)) {
		http_fail(r, 422, "E3426", "seats",
		    "ohcn market --seats DEMAND:2",
		    "a demand, a colon and 0 to 1000 seats are needed");
		return false;
	}
	(void)snprintf(
	    demand, sizeof(demand), "%.*s", (int)(colon - text), text);
	if (!find_post(n, r, persona, KIND_DEMAND, demand, &slot))
		return false;
	ask->seats_rid = owner_post(n, persona, KIND_DEMAND, slot)->rid;
	return true;
}

void
api_market(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *without = http_query(r, "without");
	uint32_t persona;
	struct market_ask *ask;

	if (!persona_asked(n, r, &persona))
		return;
	ask = calloc(1, sizeof(*ask));
	if (ask == NULL) {
		http_fail_err(r, ERR_NOMEM, "out of memory");
		return;
	}
	ask->language = language_of(n, r);
	if (!http_query_range(
		r, "each", 1, MARKET_EACH, MARKET_EACH_MAX, &ask->each) ||
	    !http_query_range(r, "places", 1, 1, 20, &ask->places) ||
	    !seats_read(n, r, persona, ask)) {
		free(ask);
		return;
	}
	ask->each = MAX(ask->each, UINT64_C(1));
	ask->places = MAX(ask->places, UINT64_C(1));
	if (without != NULL)
		(void)snprintf(
		    ask->without, sizeof(ask->without), "%s", without);
	open_demands(n, persona, ask);
	task_start_with(n, r, market_run, NULL, ask);
}
