#include "node/company/practice.h"

enum fact { GIVEN, KEPT, SHARE, PEOPLE, LEARNED, FOLLOWED };

static const char *const names[] = { "pledges-given", "pledges-kept",
	"kept-per-thousand", "people", "outcomes-with-learning", "follow-ups" };

static const struct {
	unsigned level;
	enum fact fact;
	uint32_t need;
} rules[] = {
	{ 1, GIVEN, 1 },
	{ 2, KEPT, 1 },
	{ 3, KEPT, 5 },
	{ 3, SHARE, 800 },
	{ 3, PEOPLE, 3 },
	{ 4, KEPT, 20 },
	{ 4, SHARE, 900 },
	{ 4, PEOPLE, 8 },
	{ 4, LEARNED, 5 },
	{ 5, KEPT, 50 },
	{ 5, SHARE, 950 },
	{ 5, FOLLOWED, 5 },
};
_Static_assert(ARRAY_LEN(rules) == PRACTICE_CRITERIA, "all of them");

/* Of all that was to be kept by now; what is overdue was not. */
static uint32_t
share(const struct ledger_counts *c)
{
	const uint64_t due =
	    (uint64_t)c->kept + c->partly + c->broken + c->lapsed + c->overdue;

	return due == 0 ? 0 : (uint32_t)((uint64_t)c->kept * 1000 / due);
}

static uint32_t
have(const struct practice_facts *f, enum fact fact)
{
	switch (fact) {
	case GIVEN:
		return f->counts.pledged;
	case KEPT:
		return f->counts.kept;
	case SHARE:
		return share(&f->counts);
	case PEOPLE:
		return f->people;
	case LEARNED:
		return f->learned;
	case FOLLOWED:
		return f->follow_ups;
	}
	return 0;
}

void
practice_of(const struct practice_facts *facts, struct practice *out)
{
	unsigned short_of = PRACTICE_LEVELS + 1, never = short_of;

	*out = (struct practice){ .n = ARRAY_LEN(rules) };
	for (unsigned i = 0; i < ARRAY_LEN(rules); i++) {
		struct practice_criterion *c = &out->criteria[i];
		const enum fact fact = rules[i].fact;

		*c = (struct practice_criterion){ rules[i].level, names[fact],
			rules[i].need, have(facts, fact),
			facts->documents || fact < PEOPLE, false };
		c->met = c->known && c->have >= c->need;
		if (!c->met)
			short_of = MIN(short_of, c->level);
		if (!c->met && c->known)
			never = MIN(never, c->level);
	}
	out->shown = short_of - 1;
	out->allow = never - 1;
}
