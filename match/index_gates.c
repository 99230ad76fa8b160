#include "match/index.h"

#include "match/index_people.h"

/*
 * The gate of what is sought looks for one bit, or for nothing told at all:
 * which bits pass, and what passes without any that is looked for.
 */
static void
seeks_gates(struct search *s)
{
	const uint32_t other = 1U << 9; /* no bit of a card */
	struct fact_gates *g = &s->gates;
	struct card *c = &s->card;

	for (uint32_t bit = 1; bit < other; bit *= 2) {
		c->seeks = bit;
		c->offers = other;
		if (gate_seeks(s->posting, c).state != GATE_FAIL)
			g->seeks_pass |= bit;
		c->seeks = other;
		c->offers = bit;
		if (gate_seeks(s->posting, c).state != GATE_FAIL)
			g->offers_pass |= bit;
	}
	for (unsigned silent = 0; silent < 4; silent++) {
		c->seeks = (silent & 1) != 0 ? 0 : other;
		c->offers = (silent & 2) != 0 ? 0 : other;
		g->silent_pass[silent] =
		    gate_seeks(s->posting, c).state != GATE_FAIL;
	}
}

static void
place_gates(struct search *s)
{
	const struct posting *p = s->posting;
	struct fact_gates *g = &s->gates;
	struct card c = { .region = "zz" };

	for (uint8_t remote = 0; remote < 4; remote++) {
		const uint8_t bit = (uint8_t)(1U << remote);
		c.remote = remote;
		memcpy(c.region, "zz", 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			g->remote_silent |= bit;
		memcpy(c.region, p->region, 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			g->remote_same |= bit;
		memcpy(c.region, p->region[0] == 'x' ? "yy" : "xx", 3);
		if (gate_place(p, &c).state != GATE_FAIL)
			g->remote_other |= bit;
	}
	for (uint8_t hours = 0; hours < 8; hours++) {
		if (gate_hours(posting_hours_week(p), card_hours_max(hours))
			.state != GATE_FAIL)
			g->hours |= (uint8_t)(1U << hours);
	}
}

static void
add_filter(struct search *s)
{
	const struct index_filter *f = s->filter;
	struct fact_gates *g = &s->gates;
	uint32_t languages = 0;

	if (f == NULL)
		return;
	if (f->remote != 0)
		g->remote &= (uint8_t)f->remote;
	if (f->hours != 0)
		g->hours &= (uint8_t)f->hours;
	g->seeks_asked = f->seeks;
	for (uint16_t i = 0; i < f->languages_n; i++)
		languages |= facts_language(f->languages[i]);
	if (languages != 0)
		g->languages[g->languages_n++] = languages;
}

void
gates_make(struct search *s)
{
	const struct posting *p = s->posting;
	struct fact_gates *g = &s->gates;

	*g = (struct fact_gates){ .region = forward_region(p->region),
		.remote = 15 };
	if (s->excluded) { /* whatever the gates say */
		g->remote_same = g->remote_silent = g->remote_other = 15;
		g->hours = UINT8_MAX;
		memset(g->silent_pass, 1, sizeof(g->silent_pass));
		g->seeks_pass = g->offers_pass = UINT32_MAX;
	} else {
		place_gates(s);
		seeks_gates(s);
		for (uint16_t i = 0; i < p->languages_n; i++)
			g->languages[g->languages_n++] =
			    facts_language(p->languages[i].language) |
			    FACTS_LANGUAGE_NONE;
	}
	add_filter(s);
}

uint8_t
gates_region(const struct search *s, uint16_t region)
{
	const struct index_filter *f = s->filter;
	const struct fact_gates *g = &s->gates;
	bool wanted = f == NULL || f->regions_n == 0;

	for (uint16_t i = 0; !wanted && i < f->regions_n; i++)
		wanted = forward_region(f->regions[i]) == region;
	if (!wanted)
		return 0;
	return g->remote & (region == REGION_NOT_TOLD ? g->remote_silent
			       : region == g->region  ? g->remote_same
						      : g->remote_other);
}

/* Does the gate of what is sought let these through? */
static inline bool
seeks_pass(const struct fact_gates *g, uint32_t seeks, uint32_t offers)
{
	return (seeks & g->seeks_pass) != 0 || (offers & g->offers_pass) != 0 ||
	       g->silent_pass[(seeks == 0) | (offers == 0) << 1];
}

bool
gates_pass(const struct search *s, uint32_t facts, uint8_t remote)
{
	const struct fact_gates *g = &s->gates;
	const uint32_t seeks = facts >> FACTS_SEEKS & FACTS_MANY;

	if ((remote >> (facts & 3) & 1) == 0 ||
	    (g->hours >> (facts >> FACTS_HOURS & 7) & 1) == 0 ||
	    !seeks_pass(g, seeks, facts >> FACTS_OFFERS & FACTS_MANY) ||
	    (g->seeks_asked != 0 && (seeks & g->seeks_asked) == 0))
		return false;
	for (uint32_t i = 0; i < g->languages_n; i++) {
		if ((facts & g->languages[i]) == 0)
			return false;
	}
	return true;
}

bool
view_wanted(const struct index_filter *f, const struct forward_card_view *v)
{
	const uint8_t *at = v->languages;
	bool ok = f->regions_n == 0;

	for (uint16_t i = 0; i < f->regions_n && !ok; i++)
		ok = forward_region(f->regions[i]) == v->region;
	if (!ok || (f->remote != 0 && (f->remote >> v->remote & 1) == 0) ||
	    (f->hours != 0 && (f->hours >> v->hours & 1) == 0) ||
	    (f->seeks != 0 && (v->seeks & f->seeks) == 0))
		return false;
	ok = f->languages_n == 0;
	for (uint16_t i = 0; i < v->languages_n && !ok; i++) {
		const uint32_t l = forward_language(&at).language;
		for (uint16_t k = 0; k < f->languages_n && !ok; k++)
			ok = f->languages[k] == l;
	}
	return ok;
}

bool
view_passes(struct search *s, const struct forward_card_view *v)
{
	const uint8_t *at = v->languages;
	const struct fact_gates *g = &s->gates;
	const struct posting *p = s->posting;
	const uint8_t remote = v->region == REGION_NOT_TOLD ? g->remote_silent
			       : v->region == g->region     ? g->remote_same
							    : g->remote_other;
	struct card *c = &s->card;

	if ((remote >> v->remote & 1) == 0 || (g->hours >> v->hours & 1) == 0 ||
	    !seeks_pass(g, v->seeks, v->offers))
		return false;
	if (p->languages_n == 0)
		return true;
	c->languages_n = v->languages_n;
	for (uint16_t i = 0; i < v->languages_n; i++)
		c->languages[i] = forward_language(&at);
	for (uint16_t i = 0; i < p->languages_n; i++) {
		if (gate_language(&p->languages[i], c).state == GATE_FAIL)
			return false;
	}
	return true;
}
