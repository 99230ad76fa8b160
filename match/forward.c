#include "match/forward.h"

struct forward_form
forward_form(const struct vocabulary *v)
{
	/* 65535 itself says that a posting's term is not understood */
	return (struct forward_form){ v, vocabulary_size(v) >= UINT16_MAX };
}

/* ---- writing ---- */

struct pen {
	uint8_t *start, *at;
	bool wide;
	unsigned half; /* of a byte of levels */
};

static void
put_byte(struct pen *p, uint8_t byte)
{
	*p->at++ = byte;
}

static void
put_place(struct pen *p, uint32_t at)
{
	const uint16_t narrow = (uint16_t)MIN(at, (uint32_t)UINT16_MAX);

	if (p->wide)
		memcpy(p->at, &at, sizeof(at));
	else
		memcpy(p->at, &narrow, sizeof(narrow));
	p->at += p->wide ? sizeof(at) : sizeof(narrow);
}

static void
put_level(struct pen *p, uint8_t level)
{
	if (p->half++ % 2 == 0)
		*p->at++ = level & 15;
	else
		p->at[-1] |= (uint8_t)(level << 4);
}

static void
put_number(struct pen *p, uint64_t n)
{
	for (; n >= 128; n >>= 7)
		put_byte(p, (uint8_t)(n | 128));
	put_byte(p, (uint8_t)n);
}

static void
put_languages(struct pen *p, const struct spoken_language *l, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		put_number(p, (uint64_t)l[i].language << 3 | (l[i].cefr & 7));
}

static size_t
put_end(struct pen *p)
{
	if ((p->at - p->start) % 2 != 0)
		put_byte(p, 0);
	const size_t n = (size_t)(p->at - p->start);
	ASSERT(n <= FORWARD_MAX);
	p->start[0] = (uint8_t)n;
	p->start[1] = (uint8_t)(n >> 8);
	return n;
}

static uint8_t
put_known_places(struct pen *p, const struct graded_term *t, uint16_t n)
{
	uint8_t known = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (t[i].at == TERM_NOWHERE)
			continue;
		put_place(p, t[i].at);
		known++;
	}
	return known;
}

static void
put_known_levels(struct pen *p, const struct graded_term *t, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (t[i].at != TERM_NOWHERE)
			put_level(p, t[i].level);
	}
}

static bool
held_before(const struct card *c, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		if (c->skills[i].at == c->skills[n].at)
			return true;
	}
	return false;
}

/* Are two skills of one place? */
static bool
is_twice(const struct card *c)
{
	uint64_t seen[16] = { 0 }; /* spares most comparisons */

	for (uint16_t i = 0; i < c->skills_n; i++) {
		const uint32_t at = c->skills[i].at;
		uint64_t *word = &seen[at >> 6 & 15];
		if (at == TERM_NOWHERE)
			continue;
		if ((*word >> (at & 63) & 1) != 0 && held_before(c, i))
			return true;
		*word |= UINT64_C(1) << (at & 63);
	}
	return false;
}

size_t
forward_put_card(const struct forward_form *f, const struct card *c,
    uint8_t out[FORWARD_MAX])
{
	struct pen p = { out, out + FORWARD_CARD_HEAD, f->wide, 0 };

	out[2] = (uint8_t)c->region[0];
	out[3] = (uint8_t)c->region[1];
	out[4] = (uint8_t)((c->remote & 3) | (c->hours & 7) << 2);
	out[5] = (uint8_t)c->seeks;
	out[6] = (uint8_t)c->offers;
	out[7] = put_known_places(&p, c->skills, c->skills_n);
	out[8] = put_known_places(&p, c->aspirations, c->aspirations_n);
	out[9] = put_known_places(&p, c->purposes, c->purposes_n);
	out[10] = (uint8_t)c->languages_n;
	/* bits without a meaning: only that there are any */
	out[11] = (uint8_t)((c->seeks > UINT8_MAX) |
			    (c->offers > UINT8_MAX) << 1 | is_twice(c) << 2);
	put_known_levels(&p, c->skills, c->skills_n);
	put_known_levels(&p, c->aspirations, c->aspirations_n);
	put_languages(&p, c->languages, c->languages_n);
	return put_end(&p);
}

static void
put_places(struct pen *p, const struct graded_term *t, uint16_t n, bool levels)
{
	for (uint16_t i = 0; i < n; i++) {
		put_place(p, t[i].at);
		if (levels)
			put_byte(p, t[i].level);
	}
}

static void
put_currency(struct pen *p, const char currency[4])
{
	memcpy(p->at, currency, 3);
	p->at += 3;
}

/* place, weight, level and must, of each requirement */
static void
put_requirements(struct pen *pen, const struct posting *p)
{
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		put_place(pen, r->at);
		put_byte(pen, r->weight);
		put_byte(pen, (uint8_t)(r->level | (r->must ? 128 : 0)));
	}
}

static void
put_invests(struct pen *pen, const struct posting *p)
{
	for (uint16_t i = 0; i < p->invests_n; i++) {
		const struct investment *v = &p->invests[i];
		put_byte(pen, v->term != 0);
		put_place(pen, v->term != 0 ? v->at : TERM_NOWHERE);
		put_number(pen, v->kind);
		put_number(pen, v->hours);
		put_number(pen, v->amount);
		put_currency(pen, v->currency);
	}
}

static bool
invests_in_term(const struct posting *p)
{
	for (uint16_t i = 0; i < p->invests_n; i++) {
		if (p->invests[i].term != 0)
			return true;
	}
	return false;
}

size_t
forward_put_posting(const struct forward_form *f, const struct posting *p,
    uint8_t out[FORWARD_MAX])
{
	struct pen pen = { out, out + FORWARD_POSTING_HEAD, f->wide, 0 };
	const uint32_t invested = investment_credit(p);

	out[2] = (uint8_t)p->region[0];
	out[3] = (uint8_t)p->region[1];
	out[4] =
	    (uint8_t)((p->remote & 3) | (p->direction & 3) << 2 |
		      (p->pay.min != 0 || p->pay.max != 0) << 4 |
		      (p->occupation.term != 0) << 5 | invests_in_term(p) << 6);
	out[5] = p->type;
	out[6] = (uint8_t)p->requirements_n;
	out[7] = p->status;
	out[8] = (uint8_t)p->teaches_n;
	out[9] = (uint8_t)p->purposes_n;
	out[10] = (uint8_t)p->languages_n;
	out[11] = (uint8_t)p->invests_n;
	out[12] = (uint8_t)MIN(posting_hours_week(p), (uint32_t)UINT8_MAX);
	out[13] = p->contract;
	out[14] = (uint8_t)invested;
	out[15] = (uint8_t)(invested >> 8);
	put_requirements(&pen, p);
	put_places(&pen, p->teaches, p->teaches_n, true);
	put_places(&pen, p->purposes, p->purposes_n, false);
	put_languages(&pen, p->languages, p->languages_n);
	put_number(&pen, p->guaranteed_hours);
	put_number(&pen, p->hours_day);
	put_number(&pen, p->days_week);
	put_number(&pen, p->start);
	put_number(&pen, p->weeks);
	put_number(&pen, p->zone_told ? (uint64_t)(p->time_zone + 1441) : 0);
	if ((out[4] & 16) != 0) {
		put_number(&pen, p->pay.min);
		put_number(&pen, p->pay.max);
		put_number(&pen, p->pay.period);
		put_currency(&pen, p->pay.currency);
	}
	if ((out[4] & 32) != 0)
		put_place(&pen, p->occupation.at);
	put_invests(&pen, p);
	return put_end(&pen);
}

/* ---- reading ---- */

struct eye {
	const struct forward_form *f;
	const uint8_t *at;
};

static uint32_t
get_place(struct eye *e)
{
	const uint32_t at = forward_place(e->at, 0, e->f->wide);

	e->at += e->f->wide ? 4 : 2;
	return at == UINT16_MAX && !e->f->wide ? TERM_NOWHERE : at;
}

static uint64_t
get_number(const uint8_t **at)
{
	uint64_t n = 0;
	unsigned shift = 0;

	for (; **at >= 128; (*at)++, shift += 7)
		n |= (uint64_t)(**at & 127) << shift;
	n |= (uint64_t) * *at << shift;
	(*at)++;
	return n;
}

struct spoken_language
forward_language(const uint8_t **at)
{
	const uint64_t n = get_number(at);

	return (struct spoken_language){ (uint32_t)(n >> 3), n & 7 };
}

static void
set_region(char out[3], const uint8_t *bytes)
{
	out[0] = (char)bytes[2];
	out[1] = (char)bytes[3];
	out[2] = '\0';
}

/* A term that is not understood keeps an id, so that it is not "none". */
static struct graded_term
term_at(const struct forward_form *f, uint32_t at, uint8_t level)
{
	return (struct graded_term){ at == TERM_NOWHERE
					 ? UINT64_MAX
					 : vocabulary_term(f->vocabulary, at),
		at, level };
}

void
forward_card(
    const struct forward_form *f, const uint8_t *bytes, struct card *out)
{
	struct forward_card_view v;
	size_t n = 0;

	forward_view_card(bytes, f->wide, &v);
	set_region(out->region, bytes);
	out->remote = v.remote;
	out->hours = v.hours;
	out->seeks = v.seeks;
	out->offers = v.offers;
	out->skills_n = v.skills_n;
	out->aspirations_n = v.aspirations_n;
	out->purposes_n = v.purposes_n;
	out->languages_n = v.languages_n;
	out->left_out = 0;
	for (uint16_t i = 0; i < v.skills_n; i++, n++)
		out->skills[i] = term_at(f, forward_place(v.places, n, f->wide),
		    forward_level(v.levels, n));
	for (uint16_t i = 0; i < v.aspirations_n; i++, n++)
		out->aspirations[i] =
		    term_at(f, forward_place(v.places, n, f->wide),
			forward_level(v.levels, n));
	for (uint16_t i = 0; i < v.purposes_n; i++, n++)
		out->purposes[i] =
		    term_at(f, forward_place(v.places, n, f->wide), 0);
	for (uint16_t i = 0; i < v.languages_n; i++)
		out->languages[i] = forward_language(&v.languages);
}

static void
get_requirements(struct eye *e, struct posting *out)
{
	for (uint16_t i = 0; i < out->requirements_n; i++) {
		const struct graded_term t = term_at(e->f, get_place(e), 0);
		const uint8_t weight = *e->at++;
		const uint8_t level = *e->at++;
		out->requirements[i] = (struct requirement){ t.term, t.at,
			level & 127, weight, level >> 7 != 0 };
	}
}

static void
get_currency(struct eye *e, char out[4])
{
	memcpy(out, e->at, 3);
	out[3] = '\0';
	e->at += 3;
}

static void
get_invests(struct eye *e, struct posting *out)
{
	for (uint16_t i = 0; i < out->invests_n; i++) {
		struct investment *v = &out->invests[i];
		const bool tied = *e->at++ != 0;
		const struct graded_term t = term_at(e->f, get_place(e), 0);
		*v = (struct investment){ .at = t.at };
		v->term = tied ? t.term : 0;
		v->kind = (uint32_t)get_number(&e->at);
		v->hours = (uint32_t)get_number(&e->at);
		v->amount = get_number(&e->at);
		get_currency(e, v->currency);
	}
}

static void
get_lists(struct eye *e, struct posting *out)
{
	get_requirements(e, out);
	for (uint16_t i = 0; i < out->teaches_n; i++) {
		out->teaches[i] = term_at(e->f, get_place(e), 0);
		out->teaches[i].level = *e->at++;
	}
	for (uint16_t i = 0; i < out->purposes_n; i++)
		out->purposes[i] = term_at(e->f, get_place(e), 0);
	for (uint16_t i = 0; i < out->languages_n; i++)
		out->languages[i] = forward_language(&e->at);
}

void
forward_posting(
    const struct forward_form *f, const uint8_t *bytes, struct posting *out)
{
	const uint8_t *b = bytes;
	struct eye e = { f, b + FORWARD_POSTING_HEAD };

	set_region(out->region, b);
	out->remote = b[4] & 3;
	out->direction = b[4] >> 2 & 3;
	out->type = b[5];
	out->status = b[7];
	out->contract = b[13];
	out->requirements_n = b[6];
	out->teaches_n = b[8];
	out->purposes_n = b[9];
	out->languages_n = b[10];
	out->invests_n = b[11];
	out->left_out = 0;
	get_lists(&e, out);
	out->guaranteed_hours = (uint32_t)get_number(&e.at);
	out->hours_day = (uint32_t)get_number(&e.at);
	out->days_week = (uint32_t)get_number(&e.at);
	out->start = (uint32_t)get_number(&e.at);
	out->weeks = (uint32_t)get_number(&e.at);
	const uint32_t zone = (uint32_t)get_number(&e.at);
	out->zone_told = zone != 0;
	out->time_zone = (int16_t)(zone == 0 ? 0 : (int)zone - 1441);
	out->pay = (struct pay){ 0 };
	if ((b[4] & 16) != 0) {
		out->pay.min = get_number(&e.at);
		out->pay.max = get_number(&e.at);
		out->pay.period = (uint32_t)get_number(&e.at);
		get_currency(&e, out->pay.currency);
	}
	out->occupation = (struct graded_term){ .at = TERM_NOWHERE };
	if ((b[4] & 32) != 0)
		out->occupation = term_at(f, get_place(&e), 0);
	get_invests(&e, out);
}
