#include "match/gate.h"

struct gate
gate_status(const struct posting *p)
{
	const bool open = p->status == 0 || p->status == POSTING_OPEN;

	return (struct gate){ .kind = GATE_STATUS,
		.state = open ? GATE_PASS : GATE_FAIL };
}

struct gate
gate_seeks(const struct posting *p, const struct card *c)
{
	struct gate g = { .kind = GATE_KIND, .state = GATE_FAIL };
	uint32_t told = c->seeks, bit = 0;

	switch (p->type) {
	case POSTING_JOB:
		bit = SEEKS_JOB;
		break;
	case POSTING_GIG:
		bit = SEEKS_GIG;
		break;
	case POSTING_PROJECT:
		bit = SEEKS_PROJECT;
		break;
	case POSTING_TASK:
		bit = SEEKS_TASK;
		break;
	case POSTING_MENTORING:
		bit = SEEKS_MENTORING;
		if (p->direction == POSTING_SEEKS_MENTOR)
			told = c->offers;
		else if (p->direction != POSTING_OFFERS_MENTORING)
			told = c->seeks | c->offers;
		break;
	default:
		break;
	}
	if (bit == 0 || (told & bit) != 0)
		g.state = GATE_PASS;
	else if (told == 0)
		g.state = GATE_ASK;
	return g;
}

struct gate
gate_language(const struct spoken_language *need, const struct card *c)
{
	struct gate g = { .kind = GATE_LANGUAGE,
		.state = GATE_FAIL,
		.language = need->language };
	bool spoken = false;
	uint8_t best = 0;

	for (size_t i = 0; i < c->languages_n; i++) {
		if (c->languages[i].language != need->language)
			continue;
		spoken = true;
		best = MAX(best, c->languages[i].cefr);
	}
	if (c->languages_n == 0 || (spoken && best == 0)) {
		g.state = GATE_ASK;
	} else if (spoken && best >= need->cefr) {
		g.state = GATE_PASS;
	} else if (spoken) {
		g.short_by = (uint64_t)need->cefr - best;
		g.state = g.short_by == 1 ? GATE_NEAR : GATE_FAIL;
	}
	return g;
}

struct gate
gate_place(const struct posting *p, const struct card *c)
{
	struct gate g = { .kind = GATE_PLACE, .state = GATE_ASK };
	const bool told =
	    strcmp(p->region, "zz") != 0 && strcmp(c->region, "zz") != 0;
	const bool same = told && strcmp(p->region, c->region) == 0;

	if (p->remote == PLACE_REMOTE)
		g.state = c->remote == PLACE_ON_SITE ? GATE_FAIL : GATE_PASS;
	else if (p->remote == PLACE_ON_SITE && c->remote == PLACE_REMOTE)
		g.state = GATE_FAIL;
	else if (same)
		g.state = GATE_PASS;
	else if (told && p->remote == PLACE_ON_SITE)
		g.state = GATE_FAIL;
	return g;
}

struct gate
gate_hours(uint32_t need, uint32_t max)
{
	struct gate g = { .kind = GATE_HOURS, .state = GATE_PASS };

	if (need == 0 || max == 0) {
		g.state = GATE_ASK;
	} else if (need > max) {
		g.short_by = need - max;
		g.state = g.short_by <= max / 4 ? GATE_NEAR : GATE_FAIL;
	}
	return g;
}

/* A limit of ${max}, 0: none, and what is needed, 0: not told. */
static struct gate
gate_limit(enum gate_kind kind, uint64_t need, uint64_t max, uint64_t near)
{
	struct gate g = { .kind = kind, .state = GATE_PASS };

	if (max == 0)
		return g;
	if (need == 0) {
		g.state = GATE_ASK;
	} else if (need > max) {
		g.short_by = need - max;
		g.state = g.short_by <= near ? GATE_NEAR : GATE_FAIL;
	}
	return g;
}

struct gate
gate_contract(const struct posting *p, const struct wishes *w)
{
	struct gate g = { .kind = GATE_CONTRACT, .state = GATE_PASS };

	if (w->contract_mask == 0)
		return g;
	if (p->contract == 0)
		g.state = GATE_ASK;
	else if ((w->contract_mask >> (p->contract & 31) & 1) == 0)
		g.state = GATE_FAIL;
	return g;
}

struct gate
gate_day(const struct posting *p, const struct wishes *w)
{
	return gate_limit(GATE_DAY, p->hours_day, w->hours_day_max, 1);
}

struct gate
gate_days(const struct posting *p, const struct wishes *w)
{
	return gate_limit(GATE_DAYS, p->days_week, w->days_week_max, 1);
}

struct gate
gate_zone(const struct posting *p, const struct wishes *w)
{
	struct gate g = { .kind = GATE_ZONE, .state = GATE_PASS };

	if (!w->zone_told || p->remote == PLACE_ON_SITE)
		return g;
	if (!p->zone_told) {
		g.state = GATE_ASK;
		return g;
	}
	/* the shorter way around the earth */
	const uint32_t ahead =
	    (uint32_t)(p->time_zone - w->time_zone + 2 * 1440) % 1440;
	const uint32_t off = MIN(ahead, 1440 - ahead);
	if (off > w->zone_shift_max) {
		g.short_by = off - w->zone_shift_max;
		g.state = g.short_by <= 60 ? GATE_NEAR : GATE_FAIL;
	}
	return g;
}

/* ${from} is not to be later than ${to}; hours, 0: not told. */
static struct gate
gate_date(enum gate_kind kind, uint64_t from, uint64_t to, uint64_t near_days)
{
	struct gate g = { .kind = kind, .state = GATE_PASS };

	if (from == 0 || to == 0) {
		g.state = GATE_ASK;
	} else if (from > to) {
		g.short_by = (from - to + 23) / 24;
		g.state = g.short_by <= near_days ? GATE_NEAR : GATE_FAIL;
	}
	return g;
}

struct gate
gate_start(const struct posting *p, const struct wishes *w)
{
	if (w->free_from == 0)
		return (struct gate){ .kind = GATE_START, .state = GATE_PASS };
	return gate_date(GATE_START, w->free_from, p->start, 14);
}

struct gate
gate_end(const struct posting *p, const struct wishes *w)
{
	if (w->free_until == 0)
		return (struct gate){ .kind = GATE_END, .state = GATE_PASS };
	return gate_date(GATE_END, posting_end(p), w->free_until, 7);
}

/* ---- pay ---- */

enum period {
	PERIOD_HOUR = 1,
	PERIOD_DAY,
	PERIOD_WEEK,
	PERIOD_MONTH,
	PERIOD_YEAR,
	PERIOD_TOTAL,
};

/*
 * How many hours a period has, for this posting; of months for a month and a
 * year, which no number of hours is exact for. 0: not told.
 */
static uint64_t
period_units(const struct posting *p, uint32_t period)
{
	const uint64_t week = posting_hours_week(p);

	switch (period) {
	case PERIOD_HOUR:
	case PERIOD_MONTH:
		return 1;
	case PERIOD_DAY:
		return p->hours_day;
	case PERIOD_WEEK:
		return week;
	case PERIOD_YEAR:
		return 12;
	case PERIOD_TOTAL:
		return week * p->weeks;
	default:
		return 0;
	}
}

static bool
period_of_months(uint32_t period)
{
	return period == PERIOD_MONTH || period == PERIOD_YEAR;
}

#define FLOOR_MAX (UINT64_C(1) << 45) /* so that no product overflows */

uint64_t
pay_floor(const struct posting *p, const struct pay *floor)
{
	if (floor->min == 0 || MAX(p->pay.min, p->pay.max) == 0 ||
	    floor->currency[0] == '\0' || floor->period == 0 ||
	    strcmp(p->pay.currency, floor->currency) != 0)
		return 0;
	if (p->pay.period == floor->period)
		return floor->min;
	const uint64_t from = period_units(p, floor->period);
	const uint64_t to = period_units(p, p->pay.period);
	if (from == 0 || to == 0 || floor->min > FLOOR_MAX ||
	    period_of_months(floor->period) != period_of_months(p->pay.period))
		return 0;
	return (floor->min * to + from - 1) / from;
}

bool
pay_comparable(const struct posting *p, const struct pay *floor)
{
	return pay_floor(p, floor) > 0;
}

struct gate
gate_pay(const struct posting *p, const struct pay *floor)
{
	struct gate g = { .kind = GATE_PAY, .state = GATE_PASS };
	const uint64_t most = MAX(p->pay.min, p->pay.max);
	const uint64_t least = pay_floor(p, floor);

	if (floor->min == 0)
		return g;
	if (least == 0) {
		g.state = GATE_ASK;
	} else if (most < least) {
		g.short_by = least - most;
		g.state = g.short_by <= least / 10 ? GATE_NEAR : GATE_FAIL;
	}
	return g;
}

const char *
gate_name(enum gate_kind kind)
{
	static const char *const names[GATE_KINDS] = { "status", "kind", "must",
		"language", "place", "hours", "pay", "unwanted", "contract",
		"day", "days", "zone", "start", "end" };

	return names[kind];
}

const char *
gate_state_name(enum gate_state state)
{
	static const char *const names[] = { "pass", "ask", "near", "fail" };

	return names[state];
}
