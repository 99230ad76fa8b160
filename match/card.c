#include "match/card.h"

#include "proto/record/names.h"

/* Keys of the payloads, version 0: proto/record/schema_tables.c. */
enum {
	PROFILE_SKILLS = 0,
	PROFILE_ASPIRATIONS = 2,
	PROFILE_PURPOSES = 4,
	PROFILE_HOURS = 6,
	PROFILE_LANGUAGES = 8,
	PROFILE_REMOTE = 10,
	PROFILE_SEEKS = 12,
	PROFILE_OFFERS = 14,

	DEMAND_TYPE = 0,
	DEMAND_REQUIREMENTS = 6,
	DEMAND_TEACHES = 8,
	DEMAND_INVESTS = 10,
	DEMAND_CONTRACT = 12,
	DEMAND_GUARANTEED_HOURS = 14,
	DEMAND_HOURS_DAY = 16,
	DEMAND_DAYS_WEEK = 18,
	DEMAND_REMOTE = 24,
	DEMAND_TIME_ZONE = 26,
	DEMAND_PAY = 28,
	DEMAND_STATUS = 38,
	DEMAND_LANGUAGES = 44,
	DEMAND_START = 46,
	DEMAND_WEEKS = 48,
	DEMAND_PURPOSES = 54,
	DEMAND_DIRECTION = 56,
	DEMAND_OCCUPATION = 58,

	COURSE_TYPE = 0,
	COURSE_TEACHES = 4,
	COURSE_NEEDS = 6,
	COURSE_HOURS = 8,
	COURSE_SELF_PACED = 16,
	COURSE_LANGUAGES = 18,
	COURSE_COST = 28,
	COURSE_WEEKS = 44,

	ITEM_TERM = 0,
	ITEM_LEVEL = 2,
	REQUIREMENT_WEIGHT = 4,
	REQUIREMENT_MUST = 6,
	TEACH_FROM = 2,
	TEACH_TO = 4,
	LANGUAGE_CODE = 0,
	LANGUAGE_CEFR = 2,
	INVEST_KIND = 0,
	INVEST_HOURS = 2,
	INVEST_AMOUNT = 4,
	INVEST_CURRENCY = 6,
	INVEST_TERM = 8,
	PAY_MIN = 0,
	PAY_MAX = 2,
	PAY_CURRENCY = 4,
	PAY_PERIOD = 6,
	COST_AMOUNT = 0,
	COST_CURRENCY = 2,
};

uint32_t
card_hours_max(uint8_t bucket)
{
	static const uint32_t hours[] = { 0, 5, 10, 20, 30, 168 };

	return bucket < ARRAY_LEN(hours) ? hours[bucket] : 0;
}

uint32_t
posting_hours_week(const struct posting *p)
{
	if (p->hours_day > 0 && p->days_week > 0)
		return MIN(p->hours_day * p->days_week, 168U);
	return p->guaranteed_hours;
}

uint64_t
posting_end(const struct posting *p)
{
	if (p->start == 0 || p->weeks == 0)
		return 0;
	return p->start + UINT64_C(168) * p->weeks;
}

/* ---- reading values ---- */

/* An integer up to ${max}; 0 when the key is not there. */
NODISCARD static err
number(const struct value *map, uint64_t key, uint64_t max, uint64_t *out)
{
	const struct value *v = value_find(map, key);

	*out = 0;
	if (v == NULL)
		return OK;
	if ((v->type != VALUE_UINT && v->type != VALUE_BOOL) || v->u > max)
		return ERR_FORM;
	*out = v->u;
	return OK;
}

NODISCARD static err
small(const struct value *map, uint64_t key, uint8_t max, uint8_t *out)
{
	uint64_t u;

	TRY(number(map, key, max, &u));
	*out = (uint8_t)u;
	return OK;
}

NODISCARD static err
medium(const struct value *map, uint64_t key, uint32_t *out)
{
	uint64_t u;

	TRY(number(map, key, UINT32_MAX, &u));
	*out = (uint32_t)u;
	return OK;
}

NODISCARD static err
term_of(const struct value *v, uint64_t *out)
{
	if (v == NULL || v->type != VALUE_BIN || v->s.n != TERM_ID)
		return ERR_FORM;
	*out = get_u64be(v->s.p);
	return OK;
}

NODISCARD static err
currency(const struct value *map, uint64_t key, char out[4])
{
	const struct value *v = value_find(map, key);

	memset(out, 0, 4);
	if (v == NULL)
		return OK;
	if (v->type != VALUE_STR || v->s.n != 3)
		return ERR_FORM;
	memcpy(out, v->s.p, 3);
	return OK;
}

/*
 * The list at ${key}; at most ${max} of its items are to be read, the others
 * are counted. A list that is not there is empty.
 */
NODISCARD static err
list(const struct value *map, uint64_t key, size_t max,
    const struct value **items, uint16_t *n, uint16_t *left_out)
{
	const struct value *v = value_find(map, key);

	*items = NULL;
	*n = 0;
	if (v == NULL)
		return OK;
	if (v->type != VALUE_ARRAY)
		return ERR_FORM;
	*items = v->items;
	*n = (uint16_t)MIN((size_t)v->n, max);
	*left_out = (uint16_t)(*left_out + (v->n - *n));
	return OK;
}

NODISCARD static err
graded(const struct value *map, struct graded_term *out)
{
	*out = (struct graded_term){ .at = TERM_NOWHERE };
	if (map->type != VALUE_MAP)
		return ERR_FORM;
	TRY(term_of(value_find(map, ITEM_TERM), &out->term));
	return small(map, ITEM_LEVEL, LEVEL_MAX, &out->level);
}

NODISCARD static err
graded_list(const struct value *map, uint64_t key, struct graded_term *out,
    size_t max, uint16_t *n, uint16_t *left_out)
{
	const struct value *items;

	TRY(list(map, key, max, &items, n, left_out));
	for (size_t i = 0; i < *n; i++)
		TRY(graded(&items[i], &out[i]));
	return OK;
}

NODISCARD static err
term_list(const struct value *map, uint64_t key, struct graded_term *out,
    size_t max, uint16_t *n, uint16_t *left_out)
{
	const struct value *items;

	TRY(list(map, key, max, &items, n, left_out));
	for (size_t i = 0; i < *n; i++) {
		out[i] = (struct graded_term){ .at = TERM_NOWHERE };
		TRY(term_of(&items[i], &out[i].term));
	}
	return OK;
}

NODISCARD static err
language_list(const struct value *map, uint64_t key, bool with_cefr,
    struct spoken_language *out, uint16_t *n, uint16_t *left_out)
{
	const struct value *items;

	TRY(list(map, key, CARD_LANGUAGES_MAX, &items, n, left_out));
	for (size_t i = 0; i < *n; i++) {
		out[i] = (struct spoken_language){ 0 };
		if (with_cefr) {
			if (items[i].type != VALUE_MAP)
				return ERR_FORM;
			TRY(medium(&items[i], LANGUAGE_CODE, &out[i].language));
			TRY(small(&items[i], LANGUAGE_CEFR, CEFR_NATIVE,
			    &out[i].cefr));
		} else {
			if (items[i].type != VALUE_UINT ||
			    items[i].u > UINT32_MAX)
				return ERR_FORM;
			out[i].language = (uint32_t)items[i].u;
		}
	}
	return OK;
}

static void
region_set(char out[3], const char *region)
{
	memcpy(out, region, 2);
	out[2] = '\0';
}

err
card_decode(const struct value *payload, const char *region, struct card *out)
{
	struct card *c = out;

	memset(c, 0, sizeof(*c));
	if (payload->type != VALUE_MAP)
		return ERR_FORM;
	region_set(c->region, region);
	TRY(graded_list(payload, PROFILE_SKILLS, c->skills, CARD_SKILLS_MAX,
	    &c->skills_n, &c->left_out));
	TRY(graded_list(payload, PROFILE_ASPIRATIONS, c->aspirations,
	    CARD_ASPIRATIONS_MAX, &c->aspirations_n, &c->left_out));
	TRY(term_list(payload, PROFILE_PURPOSES, c->purposes, CARD_PURPOSES_MAX,
	    &c->purposes_n, &c->left_out));
	TRY(language_list(payload, PROFILE_LANGUAGES, true, c->languages,
	    &c->languages_n, &c->left_out));
	TRY(small(payload, PROFILE_HOURS, 5, &c->hours));
	TRY(small(payload, PROFILE_REMOTE, PLACE_REMOTE, &c->remote));
	TRY(medium(payload, PROFILE_SEEKS, &c->seeks));
	return medium(payload, PROFILE_OFFERS, &c->offers);
}

NODISCARD static err
requirements_decode(const struct value *payload, struct posting *p)
{
	const struct value *items;

	TRY(list(payload, DEMAND_REQUIREMENTS, POSTING_REQUIREMENTS_MAX, &items,
	    &p->requirements_n, &p->left_out));
	for (size_t i = 0; i < p->requirements_n; i++) {
		struct requirement *r = &p->requirements[i];
		struct graded_term g;
		uint8_t must;
		TRY(graded(&items[i], &g));
		*r = (struct requirement){
			.term = g.term, .at = TERM_NOWHERE, .level = g.level
		};
		TRY(small(&items[i], REQUIREMENT_WEIGHT, 100, &r->weight));
		if (r->weight == 0)
			r->weight = REQUIREMENT_WEIGHT_DEFAULT;
		TRY(small(&items[i], REQUIREMENT_MUST, 1, &must));
		r->must = must != 0;
	}
	return OK;
}

NODISCARD static err
invests_decode(const struct value *payload, struct posting *p)
{
	const struct value *items;

	TRY(list(payload, DEMAND_INVESTS, POSTING_INVESTS_MAX, &items,
	    &p->invests_n, &p->left_out));
	for (size_t i = 0; i < p->invests_n; i++) {
		struct investment *v = &p->invests[i];
		*v = (struct investment){ .at = TERM_NOWHERE };
		if (items[i].type != VALUE_MAP)
			return ERR_FORM;
		TRY(medium(&items[i], INVEST_KIND, &v->kind));
		TRY(medium(&items[i], INVEST_HOURS, &v->hours));
		TRY(number(&items[i], INVEST_AMOUNT, UINT64_MAX, &v->amount));
		TRY(currency(&items[i], INVEST_CURRENCY, v->currency));
		const struct value *term = value_find(&items[i], INVEST_TERM);
		if (term != NULL)
			TRY(term_of(term, &v->term));
	}
	return OK;
}

NODISCARD static err
pay_decode(const struct value *payload, struct pay *pay)
{
	const struct value *map = value_find(payload, DEMAND_PAY);

	if (map == NULL)
		return OK;
	if (map->type != VALUE_MAP)
		return ERR_FORM;
	TRY(number(map, PAY_MIN, UINT64_MAX, &pay->min));
	TRY(number(map, PAY_MAX, UINT64_MAX, &pay->max));
	TRY(currency(map, PAY_CURRENCY, pay->currency));
	return medium(map, PAY_PERIOD, &pay->period);
}

NODISCARD static err
zone_decode(const struct value *payload, struct posting *p)
{
	const struct value *v = value_find(payload, DEMAND_TIME_ZONE);

	if (v == NULL)
		return OK;
	if (v->type == VALUE_UINT && v->u <= 1440)
		p->time_zone = (int16_t)v->u;
	else if (v->type == VALUE_INT && v->i >= -1440)
		p->time_zone = (int16_t)v->i;
	else
		return ERR_FORM;
	p->zone_told = true;
	return OK;
}

err
posting_decode(
    const struct value *payload, const char *region, struct posting *out)
{
	struct posting *p = out;

	memset(p, 0, sizeof(*p));
	if (payload->type != VALUE_MAP)
		return ERR_FORM;
	region_set(p->region, region);
	p->occupation.at = TERM_NOWHERE;
	TRY(small(payload, DEMAND_TYPE, UINT8_MAX, &p->type));
	TRY(requirements_decode(payload, p));
	TRY(graded_list(payload, DEMAND_TEACHES, p->teaches,
	    POSTING_TEACHES_MAX, &p->teaches_n, &p->left_out));
	TRY(invests_decode(payload, p));
	TRY(small(payload, DEMAND_CONTRACT, 31, &p->contract));
	TRY(medium(payload, DEMAND_GUARANTEED_HOURS, &p->guaranteed_hours));
	uint8_t hours_day, days_week;
	TRY(small(payload, DEMAND_HOURS_DAY, 24, &hours_day));
	TRY(small(payload, DEMAND_DAYS_WEEK, 7, &days_week));
	p->hours_day = hours_day;
	p->days_week = days_week;
	TRY(small(payload, DEMAND_REMOTE, 3, &p->remote));
	if (p->remote == 2) /* hybrid: one has to be there */
		p->remote = PLACE_ON_SITE;
	TRY(zone_decode(payload, p));
	TRY(medium(payload, DEMAND_START, &p->start));
	TRY(medium(payload, DEMAND_WEEKS, &p->weeks));
	TRY(pay_decode(payload, &p->pay));
	TRY(small(payload, DEMAND_STATUS, UINT8_MAX, &p->status));
	TRY(language_list(payload, DEMAND_LANGUAGES, true, p->languages,
	    &p->languages_n, &p->left_out));
	TRY(term_list(payload, DEMAND_PURPOSES, p->purposes, CARD_PURPOSES_MAX,
	    &p->purposes_n, &p->left_out));
	TRY(small(payload, DEMAND_DIRECTION, UINT8_MAX, &p->direction));
	const struct value *occupation = value_find(payload, DEMAND_OCCUPATION);
	if (occupation != NULL)
		TRY(term_of(occupation, &p->occupation.term));
	return OK;
}

err
lesson_decode(const struct value *payload, struct lesson *out)
{
	struct lesson *l = out;
	const struct value *items;
	uint8_t self_paced;

	memset(l, 0, sizeof(*l));
	if (payload->type != VALUE_MAP)
		return ERR_FORM;
	TRY(small(payload, COURSE_TYPE, UINT8_MAX, &l->type));
	TRY(list(payload, COURSE_TEACHES, LESSON_TEACHES_MAX, &items,
	    &l->teaches_n, &l->left_out));
	for (size_t i = 0; i < l->teaches_n; i++) {
		struct lesson_item *t = &l->teaches[i];
		*t = (struct lesson_item){ .at = TERM_NOWHERE };
		if (items[i].type != VALUE_MAP)
			return ERR_FORM;
		TRY(term_of(value_find(&items[i], ITEM_TERM), &t->term));
		TRY(small(&items[i], TEACH_FROM, LEVEL_MAX, &t->from));
		TRY(small(&items[i], TEACH_TO, LEVEL_MAX, &t->to));
	}
	TRY(graded_list(payload, COURSE_NEEDS, l->needs, LESSON_NEEDS_MAX,
	    &l->needs_n, &l->left_out));
	TRY(medium(payload, COURSE_HOURS, &l->hours));
	TRY(small(payload, COURSE_SELF_PACED, 1, &self_paced));
	l->self_paced = self_paced != 0;
	TRY(language_list(payload, COURSE_LANGUAGES, false, l->languages,
	    &l->languages_n, &l->left_out));
	TRY(medium(payload, COURSE_WEEKS, &l->weeks));
	const struct value *cost = value_find(payload, COURSE_COST);
	if (cost == NULL)
		return OK;
	if (cost->type != VALUE_MAP)
		return ERR_FORM;
	TRY(number(cost, COST_AMOUNT, UINT64_MAX, &l->cost));
	return currency(cost, COST_CURRENCY, l->currency);
}

/* ---- places ---- */

static void
resolve(struct graded_term *t, size_t n, const struct vocabulary *v)
{
	for (size_t i = 0; i < n; i++)
		t[i].at = vocabulary_find(v, t[i].term);
}

void
card_resolve(struct card *c, const struct vocabulary *v)
{
	resolve(c->skills, c->skills_n, v);
	resolve(c->aspirations, c->aspirations_n, v);
	resolve(c->purposes, c->purposes_n, v);
}

void
posting_resolve(struct posting *p, const struct vocabulary *v)
{
	for (size_t i = 0; i < p->requirements_n; i++)
		p->requirements[i].at =
		    vocabulary_find(v, p->requirements[i].term);
	for (size_t i = 0; i < p->invests_n; i++)
		p->invests[i].at = p->invests[i].term == 0
				       ? TERM_NOWHERE
				       : vocabulary_find(v, p->invests[i].term);
	resolve(p->teaches, p->teaches_n, v);
	resolve(p->purposes, p->purposes_n, v);
	p->occupation.at = p->occupation.term == 0
			       ? TERM_NOWHERE
			       : vocabulary_find(v, p->occupation.term);
}

void
lesson_resolve(struct lesson *l, const struct vocabulary *v)
{
	for (size_t i = 0; i < l->teaches_n; i++)
		l->teaches[i].at = vocabulary_find(v, l->teaches[i].term);
	resolve(l->needs, l->needs_n, v);
}

void
wishes_resolve(struct wishes *w, const struct vocabulary *v)
{
	resolve(w->skills, w->skills_n, v);
}

void
card_with_wishes(const struct card *c, const struct wishes *w, struct card *out)
{
	*out = *c;
	for (size_t i = 0; i < w->skills_n; i++) {
		if (out->skills_n == CARD_SKILLS_MAX) {
			out->left_out++;
			continue;
		}
		out->skills[out->skills_n++] = w->skills[i];
	}
}

bool
card_raise(
    struct card *c, uint64_t term, uint32_t at, uint8_t level, uint8_t *from)
{
	struct graded_term *held = NULL;

	for (uint16_t i = 0; i < c->skills_n; i++) {
		struct graded_term *t = &c->skills[i];
		if (t->at == at && (held == NULL || t->level > held->level))
			held = t;
	}
	*from = held == NULL ? 0 : held->level;
	if (held != NULL) {
		held->level = MAX(held->level, level);
		return true;
	}
	if (c->skills_n == CARD_SKILLS_MAX)
		return false;
	c->skills[c->skills_n++] = (struct graded_term){ term, at, level };
	return true;
}
