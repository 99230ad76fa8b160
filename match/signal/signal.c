#include "match/signal/signal.h"

#include <stdlib.h>

#include "match/card.h"
#include "match/signal/internal.h"
#include "proto/record/kind.h"
#include "proto/record/record.h"

/* Keys of the payloads that card.h has no use for. */
enum {
	ORGANISATION_INDUSTRY = 4,
	ORGANISATION_POSTING_KEYS = 10,
	DEMAND_ORGANISATION = 4,
	DEMAND_SEATS = 34,
	DEMAND_SINCE = 36,
	DEMAND_FILLED = 40,
};

/* A posting counts in its region, industry, both, neither. */
#define CELLS_OF_TERM 4
#define ROWS_LEAST    64

const struct signal_limits signal_limits_default = {
	.records_max = 1000000,
	.cells_max = 1000000,
	.shares_max = 2000000,
};

/* ---- tables ---- */

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static size_t
cell_home(const struct signal_table *t, uint64_t key)
{
	return (size_t)mix(key ^ t->seed) & (t->cells_rows - 1);
}

static size_t
share_home(const struct signal_table *t, uint64_t key, uint64_t company)
{
	return (size_t)mix(mix(key ^ t->seed) ^ company) & (t->shares_rows - 1);
}

static size_t
key_home(const struct signal_table *t, const uint8_t key[SIGNAL_KEY],
    uint64_t more, size_t rows)
{
	return (size_t)mix(mix(get_u64be(key) ^ t->seed) ^
			   mix(get_u64be(key + 8) + more)) &
	       (rows - 1);
}

static size_t
entry_home(const struct signal_table *t, const struct entry *e)
{
	return key_home(
	    t, e->author, (uint64_t)e->kind << 32 | e->slot, t->entries_rows);
}

static struct cell *
cell_at(const struct signal_table *t, uint64_t key)
{
	size_t i = cell_home(t, key);

	while (t->cells[i].used != 0 && t->cells[i].key != key)
		i = (i + 1) & (t->cells_rows - 1);
	return &t->cells[i];
}

static struct share *
share_at(const struct signal_table *t, uint64_t key, uint64_t company)
{
	size_t i = share_home(t, key, company);

	while (t->shares[i].used != 0 &&
	       (t->shares[i].key != key || t->shares[i].company != company))
		i = (i + 1) & (t->shares_rows - 1);
	return &t->shares[i];
}

const struct cell *
signal_cell(const struct signal_table *t, uint64_t key)
{
	const struct cell *c = cell_at(t, key);

	return c->used != 0 ? c : NULL;
}

const struct share *
signal_share(const struct signal_table *t, uint64_t key, uint64_t company)
{
	const struct share *s = share_at(t, key, company);

	return s->used != 0 ? s : NULL;
}

/* Who stood behind an emptied place moves up when that is nearer home. */
static bool
moves_up(size_t home, size_t hole, size_t at, size_t mask)
{
	return ((at - home) & mask) >= ((at - hole) & mask);
}

static void
cell_drop(struct signal_table *t, struct cell *c)
{
	const size_t mask = t->cells_rows - 1;
	size_t hole = (size_t)(c - t->cells), i = hole;

	t->cells_n--;
	for (;;) {
		i = (i + 1) & mask;
		if (t->cells[i].used == 0)
			break;
		if (moves_up(cell_home(t, t->cells[i].key), hole, i, mask)) {
			t->cells[hole] = t->cells[i];
			hole = i;
		}
	}
	t->cells[hole] = (struct cell){ 0 };
}

static void
share_drop(struct signal_table *t, struct share *s)
{
	const size_t mask = t->shares_rows - 1;
	size_t hole = (size_t)(s - t->shares), i = hole;

	t->shares_n--;
	for (;;) {
		i = (i + 1) & mask;
		const struct share *at = &t->shares[i];
		if (at->used == 0)
			break;
		if (moves_up(
			share_home(t, at->key, at->company), hole, i, mask)) {
			t->shares[hole] = *at;
			hole = i;
		}
	}
	t->shares[hole] = (struct share){ 0 };
}

static size_t
rows_for(size_t n)
{
	size_t rows = ROWS_LEAST;

	while (rows / 4 * 3 < n)
		rows *= 2;
	return rows;
}

NODISCARD static err
cells_room(struct signal_table *t, size_t more)
{
	struct cell *old = t->cells;
	const size_t before = t->cells_rows, rows = rows_for(t->cells_n + more);

	if (t->cells_n + more > t->limits.cells_max)
		return ERR_LIMIT;
	if (rows <= before)
		return OK;
	struct cell *fresh = calloc(rows, sizeof(*fresh));
	if (fresh == NULL)
		return ERR_NOMEM;
	t->cells = fresh;
	t->cells_rows = rows;
	for (size_t i = 0; i < before; i++)
		if (old[i].used != 0)
			*cell_at(t, old[i].key) = old[i];
	free(old);
	return OK;
}

NODISCARD static err
shares_room(struct signal_table *t, size_t more)
{
	struct share *old = t->shares;
	const size_t before = t->shares_rows;
	const size_t rows = rows_for(t->shares_n + more);

	if (t->shares_n + more > t->limits.shares_max)
		return ERR_LIMIT;
	if (rows <= before)
		return OK;
	struct share *fresh = calloc(rows, sizeof(*fresh));
	if (fresh == NULL)
		return ERR_NOMEM;
	t->shares = fresh;
	t->shares_rows = rows;
	for (size_t i = 0; i < before; i++)
		if (old[i].used != 0)
			*share_at(t, old[i].key, old[i].company) = old[i];
	free(old);
	return OK;
}

static struct entry **
entry_at(const struct signal_table *t, const uint8_t *author, uint32_t kind,
    uint32_t slot)
{
	const size_t mask = t->entries_rows - 1;
	size_t i =
	    key_home(t, author, (uint64_t)kind << 32 | slot, t->entries_rows);

	for (; t->entries[i] != NULL; i = (i + 1) & mask) {
		const struct entry *e = t->entries[i];
		if (e->kind == kind && e->slot == slot &&
		    memcmp(e->author, author, SIGNAL_KEY) == 0)
			break;
	}
	return &t->entries[i];
}

NODISCARD static err
entries_room(struct signal_table *t)
{
	struct entry **old = t->entries;
	const size_t before = t->entries_rows;
	const size_t rows = rows_for(t->entries_n + 1);

	if (t->entries_n + 1 > t->limits.records_max)
		return ERR_LIMIT;
	if (rows <= before)
		return OK;
	struct entry **fresh = calloc(rows, sizeof(struct entry *));
	if (fresh == NULL)
		return ERR_NOMEM;
	t->entries = fresh;
	t->entries_rows = rows;
	for (size_t i = 0; i < before; i++)
		if (old[i] != NULL)
			*entry_at(t, old[i]->author, old[i]->kind,
			    old[i]->slot) = old[i];
	free(old);
	return OK;
}

static struct employer **
employer_at(const struct signal_table *t, const uint8_t *key)
{
	const size_t mask = t->employers_rows - 1;
	size_t i = key_home(t, key, 0, t->employers_rows);

	while (t->employers[i] != NULL &&
	       memcmp(t->employers[i]->key, key, SIGNAL_KEY) != 0)
		i = (i + 1) & mask;
	return &t->employers[i];
}

NODISCARD static err
employers_room(struct signal_table *t)
{
	struct employer **old = t->employers;
	const size_t before = t->employers_rows;
	const size_t rows = rows_for(t->employers_n + 1);

	/* each is named by a record or is one */
	if (t->employers_n + 1 > t->limits.records_max)
		return ERR_LIMIT;
	if (rows <= before)
		return OK;
	struct employer **fresh = calloc(rows, sizeof(struct employer *));
	if (fresh == NULL)
		return ERR_NOMEM;
	t->employers = fresh;
	t->employers_rows = rows;
	for (size_t i = 0; i < before; i++)
		if (old[i] != NULL)
			*employer_at(t, old[i]->key) = old[i];
	free(old);
	return OK;
}

NODISCARD static err
employer_need(struct signal_table *t, const uint8_t *key, struct employer **out)
{
	*out = *employer_at(t, key);
	if (*out != NULL)
		return OK;
	TRY(employers_room(t));
	struct employer *m = calloc(1, sizeof(*m));
	if (m == NULL)
		return ERR_NOMEM;
	memcpy(m->key, key, SIGNAL_KEY);
	m->sector = SECTOR_UNKNOWN;
	*employer_at(t, key) = m;
	t->employers_n++;
	*out = m;
	return OK;
}

/* Nobody needs it any more? */
static void
employer_settle(struct signal_table *t, struct employer *m)
{
	const size_t mask = t->employers_rows - 1;

	if (m == NULL || m->held || m->first != NULL)
		return;
	size_t hole = (size_t)(employer_at(t, m->key) - t->employers);
	size_t i = hole;
	t->employers_n--;
	for (;;) {
		i = (i + 1) & mask;
		if (t->employers[i] == NULL)
			break;
		if (moves_up(
			key_home(t, t->employers[i]->key, 0, t->employers_rows),
			hole, i, mask)) {
			t->employers[hole] = t->employers[i];
			hole = i;
		}
	}
	t->employers[hole] = NULL;
	free(m->keys);
	free(m);
}

static void
entry_unlink(struct signal_table *t, struct entry *e)
{
	struct employer *m = e->employer;

	if (m == NULL)
		return;
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		m->first = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	e->employer = NULL;
	e->next = e->prev = NULL;
	employer_settle(t, m);
}

static void
entry_drop(struct signal_table *t, struct entry **place)
{
	const size_t mask = t->entries_rows - 1;
	size_t hole = (size_t)(place - t->entries), i = hole;
	struct entry *e = *place;

	t->entries_n--;
	for (;;) {
		i = (i + 1) & mask;
		if (t->entries[i] == NULL)
			break;
		if (moves_up(entry_home(t, t->entries[i]), hole, i, mask)) {
			t->entries[hole] = t->entries[i];
			hole = i;
		}
	}
	t->entries[hole] = NULL;
	entry_unlink(t, e);
	t->entry_bytes -=
	    sizeof(*e) + (size_t)(e->held_n + e->wanted_n) * sizeof(e->at[0]);
	free(e);
}

/* ---- counting ---- */

size_t
signal_closure(struct signal_table *t, const uint32_t *at, size_t n)
{
	size_t have = 0;

	t->round++;
	for (size_t i = 0; i < n; i++) {
		if (at[i] == TERM_NOWHERE || t->mark[at[i]] == t->round ||
		    have == SIGNAL_CLOSURE_MAX)
			continue;
		t->mark[at[i]] = t->round;
		t->closure[have++] = at[i];
	}
	for (size_t i = 0; i < have; i++) {
		const struct term_list up =
		    vocabulary_broader(t->v, t->closure[i]);
		for (uint32_t k = 0; k < up.n; k++) {
			if (t->mark[up.at[k]] == t->round ||
			    have == SIGNAL_CLOSURE_MAX)
				continue;
			t->mark[up.at[k]] = t->round;
			t->closure[have++] = up.at[k];
		}
	}
	if (have > 0)
		t->closure[have++] = vocabulary_size(t->v);
	return have;
}

/* Room for it must be there. */
static struct cell *
cell_need(struct signal_table *t, uint64_t key)
{
	struct cell *c = cell_at(t, key);

	if (c->used == 0) {
		*c = (struct cell){ .key = key };
		t->cells_n++;
	}
	return c;
}

static void
count_person(struct signal_table *t, uint64_t key, unsigned which, bool add)
{
	struct cell *c = add ? cell_need(t, key) : cell_at(t, key);

	ASSERT(add || c->used > 0);
	if (add) {
		c->used++;
		c->counts.people[which]++;
	} else {
		c->counts.people[which]--;
		if (--c->used == 0)
			cell_drop(t, c);
	}
}

static void
count_company(struct signal_table *t, uint64_t key, uint64_t company,
    const uint32_t amount[COMPANY_COUNTS], bool add)
{
	struct cell *c = add ? cell_need(t, key) : cell_at(t, key);
	struct share *s = share_at(t, key, company);

	ASSERT(add || (c->used > 0 && s->used > 0));
	if (s->used == 0) {
		*s = (struct share){ .key = key, .company = company };
		t->shares_n++;
	}
	for (unsigned i = 0; i < COMPANY_COUNTS; i++) {
		const bool had = s->amount[i] > 0;
		if (add) {
			c->counts.amount[i] += amount[i];
			s->amount[i] += amount[i];
		} else {
			c->counts.amount[i] -= amount[i];
			s->amount[i] -= amount[i];
		}
		if (had != (s->amount[i] > 0))
			c->counts.companies[i] += had ? UINT32_MAX : 1U;
	}
	c->used += add ? 1U : UINT32_MAX;
	s->used += add ? 1U : UINT32_MAX;
	if (s->used == 0)
		share_drop(t, s);
	if (c->used == 0)
		cell_drop(t, c);
}

/* What an entry counts for in the week at hand. */
static void
amounts_of(const struct signal_table *t, const struct entry *e,
    uint32_t amount[COMPANY_COUNTS])
{
	const uint64_t from = week_begins(t->week),
		       to = week_begins(t->week + 1);
	const uint64_t since = e->since_h != 0 ? e->since_h : e->made_h;

	memset(amount, 0, COMPANY_COUNTS * sizeof(*amount));
	if (e->kind == KIND_COURSE) {
		amount[SIGNAL_TAUGHT - SIGNAL_PEOPLE] = 1;
		return;
	}
	amount[SIGNAL_DEMAND - SIGNAL_PEOPLE] = e->places_open;
	if (since >= from && since < to)
		amount[SIGNAL_OPENED - SIGNAL_PEOPLE] = e->places_all;
	if (e->made_h >= from && e->made_h < to)
		amount[SIGNAL_FILLED - SIGNAL_PEOPLE] = e->places_filled;
}

static void
count_posting(struct signal_table *t, const struct entry *e, bool add)
{
	const size_t n = signal_closure(t, e->at, e->held_n);
	const bool told = memcmp(e->region, SIGNAL_EVERYWHERE, 2) != 0;
	const char *const region = told ? e->region : SIGNAL_UNTOLD;
	uint32_t amount[COMPANY_COUNTS];

	amounts_of(t, e, amount);
	for (size_t i = 0; i < n; i++) {
		const uint32_t at = t->closure[i];
		count_company(t, cell_key(at, region, e->sector), e->company,
		    amount, add);
		count_company(t, cell_key(at, region, SECTOR_ALL), e->company,
		    amount, add);
		count_company(t, cell_key(at, SIGNAL_EVERYWHERE, e->sector),
		    e->company, amount, add);
		count_company(t, cell_key(at, SIGNAL_EVERYWHERE, SECTOR_ALL),
		    e->company, amount, add);
	}
}

static void
count_card(struct signal_table *t, const struct entry *e, bool add)
{
	const bool told = memcmp(e->region, SIGNAL_EVERYWHERE, 2) != 0;
	const char *const region = told ? e->region : SIGNAL_UNTOLD;

	for (unsigned which = 0; which < SIGNAL_PEOPLE; which++) {
		const size_t n =
		    which == SIGNAL_SUPPLY
			? signal_closure(t, e->at, e->held_n)
			: signal_closure(t, e->at + e->held_n, e->wanted_n);
		for (size_t i = 0; i < n; i++) {
			const uint32_t at = t->closure[i];
			count_person(
			    t, cell_key(at, region, SECTOR_ALL), which, add);
			count_person(t,
			    cell_key(at, SIGNAL_EVERYWHERE, SECTOR_ALL), which,
			    add);
		}
	}
}

static void
count_entry(struct signal_table *t, struct entry *e, bool add)
{
	if (e->kind == KIND_PROFILE)
		count_card(t, e, add);
	else
		count_posting(t, e, add);
	e->counted = add;
}

static void
uncount_entry(struct signal_table *t, struct entry *e)
{
	if (e->counted)
		count_entry(t, e, false);
}

/* Room for all cells of it first, so that it counts as a whole or not. */
NODISCARD static err
count_if_room(struct signal_table *t, struct entry *e)
{
	size_t cells, shares = 0;

	if (e->kind == KIND_PROFILE) {
		cells =
		    2 * (signal_closure(t, e->at, e->held_n) +
			    signal_closure(t, e->at + e->held_n, e->wanted_n));
	} else {
		cells = CELLS_OF_TERM * signal_closure(t, e->at, e->held_n);
		shares = cells;
	}
	TRY(cells_room(t, cells));
	TRY(shares_room(t, shares));
	count_entry(t, e, true);
	return OK;
}

/* ---- whose it is ---- */

static bool
speaks_for(const struct employer *m, const uint8_t *author)
{
	if (memcmp(m->key, author, SIGNAL_KEY) == 0)
		return true;
	for (uint16_t i = 0; i < m->keys_n; i++)
		if (memcmp(m->keys[i], author, SIGNAL_KEY) == 0)
			return true;
	return false;
}

static void
entry_assign(struct entry *e)
{
	const struct employer *m = e->employer;

	e->company = get_u64be(e->author);
	e->sector = e->own_sector;
	if (m == NULL || !m->held || !speaks_for(m, e->author))
		return;
	e->company = get_u64be(m->key);
	if (m->sector != SECTOR_UNKNOWN)
		e->sector = m->sector;
}

/* The employer has changed: so have those who name it. */
static void
employer_changed(struct signal_table *t, struct employer *m)
{
	for (struct entry *e = m->first; e != NULL; e = e->next) {
		const uint64_t company = e->company;
		const uint8_t sector = e->sector;
		entry_assign(e);
		if (company == e->company && sector == e->sector)
			continue;
		const uint64_t new_company = e->company;
		const uint8_t new_sector = e->sector;
		e->company = company;
		e->sector = sector;
		uncount_entry(t, e);
		e->company = new_company;
		e->sector = new_sector;
		if (count_if_room(t, e) != OK)
			t->left_out++;
	}
}

static void
employer_forget(struct signal_table *t, struct employer *m)
{
	m->held = false;
	m->sector = SECTOR_UNKNOWN;
	m->keys_n = 0;
	free(m->keys);
	m->keys = NULL;
	employer_changed(t, m);
	employer_settle(t, m);
}

NODISCARD static err
put_organisation(struct signal_table *t, const struct signal_record *r)
{
	struct employer *m = *employer_at(t, r->author);
	uint8_t(*keys)[SIGNAL_KEY] = NULL;
	uint16_t keys_n = 0;

	if (m != NULL && m->held && m->rid > r->rid)
		return OK;
	if (r->payload == NULL || r->payload->type != VALUE_MAP) {
		if (m != NULL && m->held)
			employer_forget(t, m);
		return OK;
	}
	const struct value *list =
	    value_find(r->payload, ORGANISATION_POSTING_KEYS);
	if (list != NULL && list->type == VALUE_ARRAY && list->n > 0) {
		keys = malloc(POSTING_KEYS * sizeof(*keys));
		if (keys == NULL)
			return ERR_NOMEM;
		for (uint32_t i = 0; i < list->n && keys_n < POSTING_KEYS; i++)
			if (list->items[i].type == VALUE_BIN &&
			    list->items[i].s.n == RECORD_AUTHOR)
				memcpy(keys[keys_n++], list->items[i].s.p,
				    SIGNAL_KEY);
	}
	const err e = employer_need(t, r->author, &m);
	if (e != OK) {
		free(keys);
		return e;
	}
	const struct value *industry =
	    value_find(r->payload, ORGANISATION_INDUSTRY);
	m->sector = industry != NULL && industry->type == VALUE_STR
			? sector_of_isic(industry->s)
			: SECTOR_UNKNOWN;
	m->held = true;
	m->rid = r->rid;
	m->expires_h = r->expires_h;
	free(m->keys);
	m->keys = keys;
	m->keys_n = keys_n;
	employer_changed(t, m);
	return OK;
}

/* ---- from payloads ---- */

static uint64_t
number_of(const struct value *payload, uint64_t key, uint64_t absent)
{
	const struct value *v = value_find(payload, key);

	return v != NULL && v->type == VALUE_UINT ? v->u : absent;
}

static struct entry *
entry_new(size_t held, size_t wanted)
{
	struct entry *e =
	    calloc(1, sizeof(*e) + (held + wanted) * sizeof(e->at[0]));

	if (e != NULL) {
		e->held_n = (uint16_t)held;
		e->wanted_n = (uint16_t)wanted;
		e->own_sector = SECTOR_UNKNOWN;
		e->pay_bin = SIGNAL_BINS;
	}
	return e;
}

static void
take_pay(struct entry *e, const struct pay *pay)
{
	const uint64_t low = pay->min, high = pay->max;
	const uint64_t middle =
	    low > 0 && high > 0 ? low / 2 + high / 2 : MAX(low, high);

	if (middle == 0 || pay->currency[0] == 0 || pay->period == 0)
		return;
	e->pay_bin = (uint16_t)signal_bin(middle);
	e->pay_period = (uint8_t)pay->period;
	memcpy(e->currency, pay->currency, sizeof(e->currency));
}

static void
take_places(
    struct entry *e, const struct posting *p, const struct value *payload)
{
	const uint64_t seats =
	    MIN(number_of(payload, DEMAND_SEATS, 1), SIGNAL_PLACES_MAX);
	const bool done = p->status == POSTING_FILLED;
	const uint64_t filled =
	    MIN(number_of(payload, DEMAND_FILLED, done ? seats : 0), seats);

	e->places_all = (uint32_t)seats;
	e->places_filled = (uint32_t)filled;
	e->places_open = p->status == 0 || p->status == POSTING_OPEN
			     ? (uint32_t)(seats - filled)
			     : 0;
	e->since_h = number_of(payload, DEMAND_SINCE, 0);
	if (done && e->since_h > 0 && e->made_h >= e->since_h)
		e->fill_hours =
		    (uint32_t)MIN(MAX(e->made_h - e->since_h, 1U), UINT32_MAX);
}

NODISCARD static err
read_demand(
    struct signal_table *t, const struct signal_record *r, struct entry **out)
{
	struct posting *p = malloc(sizeof(*p));

	if (p == NULL)
		return ERR_NOMEM;
	err e = posting_decode(r->payload, r->region, p);
	if (e == OK) {
		posting_resolve(p, t->v);
		*out = entry_new(p->requirements_n, 0);
		e = *out == NULL ? ERR_NOMEM : OK;
	}
	if (e == OK) {
		for (uint16_t i = 0; i < p->requirements_n; i++)
			(*out)->at[i] = p->requirements[i].at;
		(*out)->made_h = r->made_h;
		take_places(*out, p, r->payload);
		take_pay(*out, &p->pay);
		if (p->occupation.at != TERM_NOWHERE &&
		    vocabulary_type(t->v, p->occupation.at) ==
			TERM_OCCUPATION) {
			const uint32_t isco =
			    vocabulary_isco(t->v, p->occupation.at);
			if (isco > 0 && isco < 10000)
				(*out)->own_sector =
				    (uint8_t)(SECTOR_ISCO_0 + isco / 1000);
		}
	}
	free(p);
	return e;
}

NODISCARD static err
read_course(
    struct signal_table *t, const struct signal_record *r, struct entry **out)
{
	struct lesson *l = malloc(sizeof(*l));

	if (l == NULL)
		return ERR_NOMEM;
	err e = lesson_decode(r->payload, l);
	if (e == OK) {
		lesson_resolve(l, t->v);
		*out = entry_new(l->teaches_n, 0);
		e = *out == NULL ? ERR_NOMEM : OK;
	}
	for (uint16_t i = 0; e == OK && i < l->teaches_n; i++)
		(*out)->at[i] = l->teaches[i].at;
	free(l);
	return e;
}

NODISCARD static err
read_card(
    struct signal_table *t, const struct signal_record *r, struct entry **out)
{
	struct card *c = malloc(sizeof(*c));

	if (c == NULL)
		return ERR_NOMEM;
	err e = card_decode(r->payload, r->region, c);
	if (e == OK) {
		card_resolve(c, t->v);
		*out = entry_new(c->skills_n, c->aspirations_n);
		e = *out == NULL ? ERR_NOMEM : OK;
	}
	if (e == OK) {
		for (uint16_t i = 0; i < c->skills_n; i++)
			(*out)->at[i] = c->skills[i].at;
		for (uint16_t i = 0; i < c->aspirations_n; i++)
			(*out)->at[c->skills_n + i] = c->aspirations[i].at;
	}
	free(c);
	return e;
}

/* The organisation that a record names, else its author. */
static const uint8_t *
named_by(const struct signal_record *r)
{
	const struct value *said =
	    r->kind == KIND_DEMAND ? value_find(r->payload, DEMAND_ORGANISATION)
				   : NULL;

	return said != NULL && said->type == VALUE_BIN &&
		       said->s.n == RECORD_AUTHOR
		   ? said->s.p
		   : r->author;
}

NODISCARD static err
link_employer(
    struct signal_table *t, struct entry *e, const struct signal_record *r)
{
	struct employer *m;

	if (e->kind == KIND_PROFILE)
		return OK;
	TRY(employer_need(t, named_by(r), &m));
	e->employer = m;
	e->next = m->first;
	if (m->first != NULL)
		m->first->prev = e;
	m->first = e;
	entry_assign(e);
	return OK;
}

NODISCARD static err
put_entry(struct signal_table *t, const struct signal_record *r)
{
	struct entry *e = NULL;
	err result = r->kind == KIND_PROFILE  ? read_card(t, r, &e)
		     : r->kind == KIND_DEMAND ? read_demand(t, r, &e)
					      : read_course(t, r, &e);

	if (result == OK)
		result = entries_room(t);
	if (result != OK) {
		free(e);
		return result == ERR_FORM ? OK : result;
	}
	memcpy(e->author, r->author, SIGNAL_KEY);
	memcpy(e->region, r->region, 2);
	e->rid = r->rid;
	e->kind = (uint8_t)r->kind;
	e->slot = r->slot;
	e->made_h = r->made_h;
	e->expires_h = r->expires_h;
	result = link_employer(t, e, r);
	if (result == OK)
		result = count_if_room(t, e);
	if (result != OK) {
		entry_unlink(t, e);
		free(e);
		return result;
	}
	*entry_at(t, e->author, e->kind, e->slot) = e;
	t->entries_n++;
	t->entry_bytes +=
	    sizeof(*e) + (size_t)(e->held_n + e->wanted_n) * sizeof(e->at[0]);
	return OK;
}

err
signal_put(struct signal_table *t, const struct signal_record *r)
{
	err e = OK;

	if (r->kind == KIND_ORGANISATION) {
		e = put_organisation(t, r);
	} else if (r->kind == KIND_PROFILE || r->kind == KIND_DEMAND ||
		   r->kind == KIND_COURSE) {
		struct entry **had = entry_at(t, r->author, r->kind, r->slot);
		if (*had != NULL && (*had)->rid > r->rid)
			return OK;
		if (*had != NULL) {
			uncount_entry(t, *had);
			entry_drop(t, had);
		}
		if (r->payload != NULL && r->payload->type == VALUE_MAP)
			e = put_entry(t, r);
	}
	if (e != OK)
		t->left_out++;
	return e;
}

/* ---- going ---- */

void
signal_remove(
    struct signal_table *t, const uint8_t *author, uint32_t kind, uint32_t slot)
{
	if (kind == KIND_ORGANISATION) {
		struct employer *m = *employer_at(t, author);
		if (m != NULL && m->held)
			employer_forget(t, m);
		return;
	}
	struct entry **had = entry_at(t, author, kind, slot);
	if (*had == NULL)
		return;
	uncount_entry(t, *had);
	entry_drop(t, had);
}

void
signal_remove_author(struct signal_table *t, const uint8_t *author)
{
	static const uint32_t kinds[] = { KIND_PROFILE, KIND_ORGANISATION,
		KIND_DEMAND, KIND_COURSE };

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (uint32_t s = 0; s < kind_info(kinds[k])->slots; s++)
			signal_remove(t, author, kinds[k], s);
}

size_t
signal_sweep(struct signal_table *t, uint64_t now_h,
    bool (*held)(void *ctx, uint64_t rid), void *ctx)
{
	size_t gone = 0;

	for (size_t i = 0; i < t->entries_rows;) {
		struct entry *e = t->entries[i];
		if (e == NULL || (e->expires_h > now_h &&
				     (held == NULL || held(ctx, e->rid)))) {
			i++;
			continue;
		}
		/* Another may have moved into its place: look again. */
		uncount_entry(t, e);
		entry_drop(t, &t->entries[i]);
		gone++;
	}
	for (size_t i = 0; i < t->employers_rows;) {
		struct employer *m = t->employers[i];
		if (m == NULL || !m->held ||
		    (m->expires_h > now_h &&
			(held == NULL || held(ctx, m->rid)))) {
			i++;
			continue;
		}
		employer_forget(t, m);
		gone++;
	}
	return gone;
}

void
signal_set_week(struct signal_table *t, uint32_t week)
{
	if (week == t->week)
		return;
	const uint32_t before = t->week;
	for (size_t i = 0; i < t->entries_rows; i++) {
		struct entry *e = t->entries[i];
		if (e == NULL || e->kind != KIND_DEMAND)
			continue;
		t->week = before;
		const bool counted = e->counted;
		uncount_entry(t, e);
		t->week = week;
		if (counted && count_if_room(t, e) != OK)
			t->left_out++;
	}
	t->week = week;
}

/* ---- the table ---- */

err
signal_table_new(const struct vocabulary *v, const struct signal_limits *limits,
    uint64_t seed, uint32_t week, struct signal_table **out)
{
	struct signal_table *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return ERR_NOMEM;
	t->v = v;
	t->limits = *limits;
	t->seed = seed;
	t->week = week;
	t->mark = calloc((size_t)vocabulary_size(v) + 1, sizeof(*t->mark));
	t->cells = calloc(ROWS_LEAST, sizeof(*t->cells));
	t->shares = calloc(ROWS_LEAST, sizeof(*t->shares));
	t->entries = calloc(ROWS_LEAST, sizeof(struct entry *));
	t->employers = calloc(ROWS_LEAST, sizeof(struct employer *));
	t->cells_rows = t->shares_rows = ROWS_LEAST;
	t->entries_rows = t->employers_rows = ROWS_LEAST;
	if (t->mark == NULL || t->cells == NULL || t->shares == NULL ||
	    t->entries == NULL || t->employers == NULL) {
		t->entries_rows = t->entries == NULL ? 0 : ROWS_LEAST;
		t->employers_rows = t->employers == NULL ? 0 : ROWS_LEAST;
		signal_table_free(t);
		return ERR_NOMEM;
	}
	*out = t;
	return OK;
}

void
signal_table_free(struct signal_table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->entries_rows; i++)
		free(t->entries[i]);
	for (size_t i = 0; i < t->employers_rows; i++) {
		if (t->employers[i] != NULL)
			free(t->employers[i]->keys);
		free(t->employers[i]);
	}
	free(t->mark);
	free(t->cells);
	free(t->shares);
	free(t->entries);
	free(t->employers);
	free(t);
}

uint32_t
signal_week(const struct signal_table *t)
{
	return t->week;
}

void
signal_stats(const struct signal_table *t, struct signal_stats *out)
{
	*out = (struct signal_stats){
		.records = (uint32_t)t->entries_n,
		.cells = (uint32_t)t->cells_n,
		.shares = (uint32_t)t->shares_n,
		.employers = (uint32_t)t->employers_n,
		.left_out = t->left_out,
		.bytes = sizeof(*t) + t->entry_bytes +
			 t->cells_rows * sizeof(*t->cells) +
			 t->shares_rows * sizeof(*t->shares) +
			 t->entries_rows * sizeof(struct entry *) +
			 t->employers_rows * sizeof(struct employer *) +
			 t->employers_n * sizeof(struct employer) +
			 vocabulary_size(t->v) * sizeof(*t->mark),
	};
}

bool
signal_counts(const struct signal_table *t, uint32_t at, const char region[3],
    uint8_t sector, struct signal_counts *out)
{
	const struct cell *c = signal_cell(t, cell_key(at, region, sector));

	if (c == NULL)
		return false;
	*out = c->counts;
	return true;
}
