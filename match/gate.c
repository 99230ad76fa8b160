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

bool
pay_comparable(const struct posting *p, const struct pay *floor)
{
	return floor->min > 0 && MAX(p->pay.min, p->pay.max) > 0 &&
	       floor->currency[0] != '\0' && floor->period != 0 &&
	       strcmp(p->pay.currency, floor->currency) == 0 &&
	       p->pay.period == floor->period;
}

struct gate
gate_pay(const struct posting *p, const struct pay *floor)
{
	struct gate g = { .kind = GATE_PAY, .state = GATE_PASS };
	const uint64_t most = MAX(p->pay.min, p->pay.max);

	if (floor->min == 0)
		return g;
	if (!pay_comparable(p, floor)) {
		g.state = GATE_ASK;
	} else if (most < floor->min) {
		g.short_by = floor->min - most;
		g.state = g.short_by <= floor->min / 10 ? GATE_NEAR : GATE_FAIL;
	}
	return g;
}

const char *
gate_name(enum gate_kind kind)
{
	static const char *const names[GATE_KINDS] = { "status", "kind", "must",
		"language", "place", "hours", "pay", "unwanted" };

	return names[kind];
}

const char *
gate_state_name(enum gate_state state)
{
	static const char *const names[] = { "pass", "ask", "near", "fail" };

	return names[state];
}
