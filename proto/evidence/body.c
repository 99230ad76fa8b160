#include "proto/evidence/body.h"

#include "proto/record/names.h"

/* Keys of the inner maps. */
enum { SKILL_TERM = 0, SKILL_LEVEL = 2 };
enum {
	PLEDGE_KIND = 0,
	PLEDGE_HOURS = 2,
	PLEDGE_AMOUNT = 4,
	PLEDGE_CURRENCY = 6,
	PLEDGE_TERM = 8,
	PLEDGE_DEADLINE = 10,
	PLEDGE_CONDITIONS = 12,
};

/* All bodies begin at the same place of struct evidence. */
#define BODY_AT offsetof(struct evidence, agreement)

/* ---- reading; the schema has seen to types, sizes and ranges ---- */

static void
read_str(const struct value *v, char *out, size_t cap)
{
	ASSERT(v->type == VALUE_STR && v->s.n < cap);
	memcpy(out, v->s.p, v->s.n);
	out[v->s.n] = '\0';
}

static void
read_skills(const struct value *list, struct evidence_skills *out)
{
	ASSERT(list->n <= EVIDENCE_SKILLS);
	out->n = (uint16_t)list->n;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *m = &list->items[i];
		out->at[i].term = get_u64be(value_find(m, SKILL_TERM)->s.p);
		out->at[i].level = (uint8_t)value_find(m, SKILL_LEVEL)->u;
	}
}

static uint64_t
number_or_0(const struct value *map, uint64_t key)
{
	const struct value *v = value_find(map, key);

	return v == NULL ? 0 : v->u;
}

static void
read_pledge(const struct value *map, struct pledge *out)
{
	const struct value *currency = value_find(map, PLEDGE_CURRENCY);
	const struct value *term = value_find(map, PLEDGE_TERM);
	const struct value *text = value_find(map, PLEDGE_CONDITIONS);

	out->kind = (uint8_t)number_or_0(map, PLEDGE_KIND);
	out->hours = (uint32_t)number_or_0(map, PLEDGE_HOURS);
	out->amount = number_or_0(map, PLEDGE_AMOUNT);
	out->deadline = (uint32_t)number_or_0(map, PLEDGE_DEADLINE);
	if (currency != NULL)
		read_str(currency, out->currency, sizeof(out->currency));
	if (term != NULL)
		out->term = get_u64be(term->s.p);
	if (text != NULL)
		read_str(text, out->conditions, sizeof(out->conditions));
}

static void
read_ids(const struct value *list, uint8_t *base, const struct body_place *at)
{
	const uint16_t n = (uint16_t)list->n;

	ASSERT(n <= at->size);
	memcpy(base + at->count, &n, sizeof(n));
	for (uint32_t i = 0; i < list->n; i++)
		memcpy(base + at->at + 32 * i, list->items[i].s.p, 32);
}

static void
read_field(const struct value *v, uint8_t *base, const struct body_place *at)
{
	uint8_t *const to = base + at->at;
	const bool yes = true;

	switch (at->form) {
	case BODY_U8:
		*to = (uint8_t)v->u;
		return;
	case BODY_U16:
	case BODY_U16_PLUS: {
		const uint16_t n =
		    (uint16_t)(v->u + (at->form == BODY_U16_PLUS ? 1 : 0));
		memcpy(to, &n, sizeof(n));
		return;
	}
	case BODY_U32: {
		const uint32_t n = (uint32_t)v->u;
		memcpy(to, &n, sizeof(n));
		return;
	}
	case BODY_U64:
		memcpy(to, &v->u, sizeof(v->u));
		return;
	case BODY_FLAG: {
		const bool on = v->u != 0;
		memcpy(to, &on, sizeof(on));
		return;
	}
	case BODY_SCORE: {
		const int16_t n =
		    (int16_t)(v->type == VALUE_INT ? v->i : (int64_t)v->u);
		memcpy(to, &n, sizeof(n));
		memcpy(base + at->count, &yes, sizeof(yes));
		return;
	}
	case BODY_BYTES:
		ASSERT(v->s.n == at->size);
		memcpy(to, v->s.p, at->size);
		return;
	case BODY_STR:
		read_str(v, (char *)to, at->size);
		return;
	case BODY_SKILLS:
		read_skills(v, (struct evidence_skills *)(void *)to);
		return;
	case BODY_IDS:
		read_ids(v, base, at);
		return;
	case BODY_PLEDGE:
		read_pledge(v, (struct pledge *)(void *)to);
		return;
	}
}

void
body_read(const struct value *map, struct evidence *e)
{
	const uint64_t number = value_find(map, BODY_TYPE)->u;
	const struct body_type *type = body_type_of(number);

	*e = (struct evidence){ .type = (enum evidence_type)number };
	for (size_t i = 0; i < type->places_n; i++) {
		const struct value *v = value_find(map, type->places[i].key);
		if (v != NULL)
			read_field(
			    v, (uint8_t *)&e->agreement, &type->places[i]);
	}
}

/* ---- writing ---- */

static void
put_pair(struct value *pairs, size_t *n, uint64_t key, struct value v)
{
	pairs[2 * *n] = value_uint(key);
	pairs[2 * *n + 1] = v;
	++*n;
}

static struct value
put_term(struct body_parts *p, uint64_t term)
{
	ASSERT(p->terms_n < ARRAY_LEN(p->terms));
	uint8_t *const at = p->terms[p->terms_n++];
	put_u64be(at, term);
	return value_bin(slice_of(at, TERM_ID));
}

/* Room for the pairs of an inner map. */
static struct value *
take_small(struct body_parts *p, size_t n)
{
	ASSERT(p->small_n + n <= ARRAY_LEN(p->small));
	struct value *const at = &p->small[p->small_n];
	p->small_n += n;
	return at;
}

static struct value
put_skills(const struct evidence_skills *s, struct body_parts *p)
{
	struct value *const list = &p->lists[p->lists_n];
	const size_t n = MIN(s->n, EVIDENCE_SKILLS);

	p->over = p->over || s->n > EVIDENCE_SKILLS;
	ASSERT(p->lists_n + n <= ARRAY_LEN(p->lists));
	p->lists_n += n;
	for (size_t i = 0; i < n; i++) {
		struct value *pairs = take_small(p, 4);
		size_t at = 0;
		put_pair(pairs, &at, SKILL_TERM, put_term(p, s->at[i].term));
		put_pair(pairs, &at, SKILL_LEVEL, value_uint(s->at[i].level));
		list[i] = value_map(pairs, at);
	}
	return value_array(list, n);
}

static struct value
put_ids(const uint8_t *ids, size_t n, struct body_parts *p)
{
	struct value *const list = &p->lists[p->lists_n];

	ASSERT(p->lists_n + n <= ARRAY_LEN(p->lists));
	p->lists_n += n;
	for (size_t i = 0; i < n; i++)
		list[i] = value_bin(slice_of(ids + 32 * i, 32));
	return value_array(list, n);
}

static struct value
put_pledge(const struct pledge *g, struct body_parts *p)
{
	struct value *pairs = take_small(p, 14);
	size_t n = 0;

	put_pair(pairs, &n, PLEDGE_KIND, value_uint(g->kind));
	if (g->hours > 0)
		put_pair(pairs, &n, PLEDGE_HOURS, value_uint(g->hours));
	if (g->amount > 0)
		put_pair(pairs, &n, PLEDGE_AMOUNT, value_uint(g->amount));
	if (g->currency[0] != '\0')
		put_pair(pairs, &n, PLEDGE_CURRENCY,
		    value_str(slice_str(g->currency)));
	if (g->term != 0)
		put_pair(pairs, &n, PLEDGE_TERM, put_term(p, g->term));
	put_pair(pairs, &n, PLEDGE_DEADLINE, value_uint(g->deadline));
	if (g->conditions[0] != '\0')
		put_pair(pairs, &n, PLEDGE_CONDITIONS,
		    value_str(slice_str(g->conditions)));
	return value_map(pairs, n);
}

static bool
all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* The number of any of the plain forms. */
static uint64_t
number_at(const uint8_t *from, enum body_form form)
{
	uint64_t u64 = 0;
	uint32_t u32 = 0;
	uint16_t u16 = 0;

	if (form == BODY_U64) {
		memcpy(&u64, from, sizeof(u64));
		return u64;
	}
	if (form == BODY_U32) {
		memcpy(&u32, from, sizeof(u32));
		return u32;
	}
	if (form == BODY_U16 || form == BODY_U16_PLUS) {
		memcpy(&u16, from, sizeof(u16));
		return u16;
	}
	return *from != 0 && form == BODY_FLAG ? 1 : *from;
}

/* false: the field is absent. */
static bool
put_field(const uint8_t *base, const struct body_place *at, bool required,
    struct body_parts *p, struct value *out)
{
	const uint8_t *const from = base + at->at;

	switch (at->form) {
	case BODY_U8:
	case BODY_U16:
	case BODY_U32:
	case BODY_U64:
	case BODY_FLAG: {
		*out = value_uint(number_at(from, at->form));
		return required || out->u != 0;
	}
	case BODY_U16_PLUS: {
		const uint64_t n = number_at(from, at->form);
		*out = value_uint(n == 0 ? 0 : n - 1);
		return n != 0;
	}
	case BODY_SCORE: {
		int16_t n = 0;
		bool there = false;
		memcpy(&n, from, sizeof(n));
		memcpy(&there, base + at->count, sizeof(there));
		*out = value_int(n);
		return there;
	}
	case BODY_BYTES:
		*out = value_bin(slice_of(from, at->size));
		return required || !all_zero(from, at->size);
	case BODY_STR: {
		const uint8_t *end = memchr(from, 0, at->size);
		*out = value_str(slice_of(
		    from, end == NULL ? at->size : (size_t)(end - from)));
		return required || out->s.n > 0;
	}
	case BODY_SKILLS: {
		const struct evidence_skills *s = (const void *)from;
		if (s->n == 0)
			return false;
		*out = put_skills(s, p);
		return true;
	}
	case BODY_IDS: {
		uint16_t n = 0;
		memcpy(&n, base + at->count, sizeof(n));
		p->over = p->over || n > at->size;
		*out = put_ids(from, MIN(n, at->size), p);
		return n > 0;
	}
	case BODY_PLEDGE: {
		const struct pledge *g = (const void *)from;
		if (g->kind == 0)
			return false;
		*out = put_pledge(g, p);
		return true;
	}
	}
	return false;
}

bool
body_write(const struct evidence *e, struct slice net, struct body_parts *p,
    struct value *out)
{
	const struct body_type *type = body_type_of(e->type);

	ASSERT(type != NULL);
	p->n = p->lists_n = p->small_n = p->terms_n = 0;
	p->over = false;
	put_pair(p->pairs, &p->n, BODY_VERSION, value_uint(1));
	put_pair(p->pairs, &p->n, BODY_TYPE, value_uint(e->type));
	put_pair(p->pairs, &p->n, BODY_NET, value_str(net));
	for (size_t i = 0; i < type->places_n; i++) {
		const struct body_place *at = &type->places[i];
		const struct field *f =
		    field_by_key(type->schema.fields, at->key);
		struct value v;
		if (put_field(
			(const uint8_t *)&e->agreement, at, f->required, p, &v))
			put_pair(p->pairs, &p->n, at->key, v);
	}
	ASSERT(p->n <= BODY_PAIRS_MAX);
	*out = value_map(p->pairs, p->n);
	return !p->over;
}

/* ---- rules beyond the tables ---- */

static bool
same(const uint8_t a[32], const uint8_t b[32])
{
	return memcmp(a, b, 32) == 0;
}

static bool
is_set(const uint8_t id[32])
{
	return !all_zero(id, 32);
}

static bool
each_once(const struct evidence_skills *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < i; j++)
			if (s->at[i].term == s->at[j].term)
				return false;
	return true;
}

static enum evidence_fault
check_agreement(const struct agreement *a)
{
	const bool managed = is_set(a->manager);

	if (same(a->company, a->person) ||
	    (managed &&
		(same(a->manager, a->company) || same(a->manager, a->person))))
		return EVIDENCE_BAD_PARTIES;
	if (managed != (a->team[0] != '\0') || !each_once(&a->teaches) ||
	    (a->pledge.amount > 0) != (a->pledge.currency[0] != '\0'))
		return EVIDENCE_BAD_BODY;
	if (a->start > a->end || a->made > a->end ||
	    (a->pledge.kind != 0 && a->pledge.deadline < a->made))
		return EVIDENCE_BAD_TIMES;
	return EVIDENCE_FINE;
}

static enum evidence_fault
check_progress(const struct progress *p)
{
	if (same(p->company, p->person))
		return EVIDENCE_BAD_PARTIES;
	return each_once(&p->reached) &&
		       (is_set(p->agreement) || is_set(p->subject))
		   ? EVIDENCE_FINE
		   : EVIDENCE_BAD_BODY;
}

static enum evidence_fault
check_outcome(const struct outcome *o)
{
	if (same(o->company, o->person))
		return EVIDENCE_BAD_PARTIES;
	if (!each_once(&o->applied) || !each_once(&o->learned) ||
	    (o->pledge_share != 0 && o->pledge != PLEDGE_PARTLY) ||
	    (o->invested_amount > 0) != (o->currency[0] != '\0') ||
	    o->invested_hours > o->hours)
		return EVIDENCE_BAD_BODY;
	if (o->ended > o->at || (o->ended > 0 && o->began > o->ended) ||
	    o->began > o->at)
		return EVIDENCE_BAD_TIMES;
	return EVIDENCE_FINE;
}

static enum evidence_fault
check_session(const struct session *s)
{
	for (size_t i = 1; i < s->peers_n; i++)
		if (memcmp(s->peers[i - 1], s->peers[i], 32) >= 0)
			return EVIDENCE_BAD_PARTIES;
	return s->k <= s->peers_n && each_once(&s->practised)
		   ? EVIDENCE_FINE
		   : EVIDENCE_BAD_BODY;
}

static enum evidence_fault
check_credential(const struct credential *c)
{
	if (same(c->issuer, c->holder))
		return EVIDENCE_BAD_PARTIES;
	if (!each_once(&c->skills) || (c->skills.n == 0 && c->grade == 0) ||
	    (c->coach && c->grade == 0))
		return EVIDENCE_BAD_BODY;
	return c->expires > c->issued &&
		       c->expires - c->issued <= EVIDENCE_VALID_H
		   ? EVIDENCE_FINE
		   : EVIDENCE_BAD_TIMES;
}

static enum evidence_fault
check_one_sided(const struct one_sided *o)
{
	if (same(o->company, o->person))
		return EVIDENCE_BAD_PARTIES;
	return o->pledge != 0 || o->hours != 0 || o->text[0] != '\0'
		   ? EVIDENCE_FINE
		   : EVIDENCE_BAD_BODY;
}

static enum evidence_fault
check_moved(const struct moved *m)
{
	return same(m->company, m->from) || same(m->company, m->to) ||
		       same(m->from, m->to)
		   ? EVIDENCE_BAD_PARTIES
		   : EVIDENCE_FINE;
}

enum evidence_fault
body_check(const struct evidence *e)
{
	switch (e->type) {
	case EVIDENCE_AGREEMENT:
		return check_agreement(&e->agreement);
	case EVIDENCE_PROGRESS:
		return check_progress(&e->progress);
	case EVIDENCE_OUTCOME:
		return check_outcome(&e->outcome);
	case EVIDENCE_FOLLOW_UP:
		if (same(e->follow_up.company, e->follow_up.person))
			return EVIDENCE_BAD_PARTIES;
		return each_once(&e->follow_up.applied) ? EVIDENCE_FINE
							: EVIDENCE_BAD_BODY;
	case EVIDENCE_ONE_SIDED:
		return check_one_sided(&e->one_sided);
	case EVIDENCE_SESSION:
		return check_session(&e->session);
	case EVIDENCE_CREDENTIAL:
		return check_credential(&e->credential);
	case EVIDENCE_CREDENTIAL_END:
		return EVIDENCE_FINE;
	case EVIDENCE_MOVED:
		return check_moved(&e->moved);
	case EVIDENCE_LINKED:
		return same(e->linked.a, e->linked.b) ? EVIDENCE_BAD_PARTIES
						      : EVIDENCE_FINE;
	}
	return EVIDENCE_UNKNOWN_TYPE;
}

uint32_t
body_made(const struct evidence *e)
{
	switch (e->type) {
	case EVIDENCE_AGREEMENT:
		return e->agreement.made;
	case EVIDENCE_PROGRESS:
		return e->progress.at;
	case EVIDENCE_OUTCOME:
		return e->outcome.at;
	case EVIDENCE_FOLLOW_UP:
		return e->follow_up.at;
	case EVIDENCE_ONE_SIDED:
		return e->one_sided.at;
	case EVIDENCE_SESSION:
		return e->session.at;
	case EVIDENCE_CREDENTIAL:
		return e->credential.issued;
	case EVIDENCE_CREDENTIAL_END:
		return e->credential_end.at;
	case EVIDENCE_MOVED:
		return e->moved.at;
	case EVIDENCE_LINKED:
		return e->linked.at;
	}
	return 0;
}
