/* Offers from records, and the names of things: see path.h. */
#include "match/path/path.h"

/* Keys of the payloads, version 0: proto/record/schema_tables.c. */
enum {
	COURSE_START = 12,
	COURSE_FORMATS = 20,
	COURSE_READING_LEVEL = 22,
	COURSE_OFFLINE = 26,
	DEMAND_START = 46,
	DEMAND_WEEKS = 48,
};

enum { COURSE_PEER_GROUP = 3, COURSE_COHORT = 6 };
enum { CONTRACT_APPRENTICESHIP = 4, CONTRACT_INTERNSHIP = 5 };

static err
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

err
path_offer_of_course(const uint8_t id[RECORD_ID], const char *region,
    const struct value *payload, const struct vocabulary *v,
    struct path_offer *out)
{
	struct path_offer *o = out;
	struct lesson l;
	uint64_t formats, reading, offline;

	memset(o, 0, sizeof(*o));
	TRY(lesson_decode(payload, &l));
	lesson_resolve(&l, v);
	TRY(number(payload, COURSE_START, UINT32_MAX, &o->start_h));
	TRY(number(payload, COURSE_FORMATS, UINT32_MAX, &formats));
	TRY(number(payload, COURSE_READING_LEVEL, 6, &reading));
	TRY(number(payload, COURSE_OFFLINE, 1, &offline));
	memcpy(o->id, id, RECORD_ID);
	memcpy(o->region, region, 2);
	o->kind = l.type == COURSE_PEER_GROUP || l.type == COURSE_COHORT
		      ? PATH_PEERS
		      : PATH_COURSE;
	o->self_paced = l.self_paced;
	o->reading_level = (uint8_t)reading;
	o->formats = (uint32_t)formats | (offline != 0 ? PATH_OFFLINE : 0);
	o->hours = l.hours;
	o->weeks = l.weeks;
	o->cost = l.cost;
	memcpy(o->currency, l.currency, sizeof(o->currency));
	o->teaches_n = (uint8_t)l.teaches_n;
	memcpy(o->teaches, l.teaches, l.teaches_n * sizeof(*o->teaches));
	o->needs_n = (uint8_t)l.needs_n;
	memcpy(o->needs, l.needs, l.needs_n * sizeof(*o->needs));
	o->languages_n = (uint8_t)l.languages_n;
	memcpy(
	    o->languages, l.languages, l.languages_n * sizeof(*o->languages));
	return OK;
}

/* Work that one takes up in order to learn, too. */
static bool
is_taken_to_learn(const struct posting *p)
{
	switch ((enum posting_type)p->type) {
	case POSTING_GIG:
	case POSTING_PROJECT:
	case POSTING_TASK:
	case POSTING_COMMUNITY_ROLE:
		return true;
	case POSTING_MENTORING:
		return p->direction != POSTING_SEEKS_MENTOR;
	case POSTING_JOB:
		return p->contract == CONTRACT_APPRENTICESHIP ||
		       p->contract == CONTRACT_INTERNSHIP;
	}
	return false;
}

err
path_offer_of_posting(const uint8_t id[RECORD_ID], const struct value *payload,
    const struct posting *posting, struct path_offer *out)
{
	const struct posting *p = posting;
	struct path_offer *o = out;
	uint64_t weeks;

	memset(o, 0, sizeof(*o));
	if (p->teaches_n == 0 || !is_taken_to_learn(p) ||
	    (p->status != 0 && p->status != POSTING_OPEN))
		return ERR_NOTFOUND;
	TRY(number(payload, DEMAND_START, UINT32_MAX, &o->start_h));
	TRY(number(payload, DEMAND_WEEKS, UINT32_MAX, &weeks));
	memcpy(o->id, id, RECORD_ID);
	memcpy(o->region, p->region, 2);
	o->kind = p->type == POSTING_MENTORING ? PATH_MENTORING : PATH_WORK;
	o->speak_all = true;
	o->formats = p->remote == PLACE_REMOTE    ? PATH_ONLINE
		     : p->remote == PLACE_ON_SITE ? PATH_ON_SITE
		     : p->remote == PLACE_EITHER  ? PATH_ONLINE | PATH_ON_SITE
						  : 0;
	o->weeks = (uint32_t)weeks;
	o->hours = (uint32_t)weeks * posting_hours_week(p);
	for (uint16_t i = 0; i < p->teaches_n; i++)
		o->teaches[o->teaches_n++] =
		    (struct lesson_item){ p->teaches[i].term, p->teaches[i].at,
			    0, MAX(p->teaches[i].level, (uint8_t)1) };
	for (uint16_t i = 0; i < p->requirements_n; i++) {
		const struct requirement *r = &p->requirements[i];
		if (r->must && o->needs_n < LESSON_NEEDS_MAX)
			o->needs[o->needs_n++] =
			    (struct graded_term){ r->term, r->at, r->level };
	}
	o->languages_n = (uint8_t)p->languages_n;
	memcpy(
	    o->languages, p->languages, p->languages_n * sizeof(*o->languages));
	return OK;
}

const char *
path_offer_kind_name(enum path_offer_kind kind)
{
	static const char *const names[PATH_OFFER_KINDS] = { "course", "peers",
		"mentoring", "work", "on-the-job" };

	return names[kind];
}

const char *
path_state_name(enum path_state state)
{
	static const char *const names[PATH_STATES] = { "have", "level", "near",
		"missing", "unknown" };

	return names[state];
}

const char *
path_bar_name(enum path_bar bar)
{
	static const char *const names[PATH_BARS] = { "language", "format",
		"place", "date", "hours", "budget", "needs", "unwanted" };

	return names[bar];
}

const char *
path_payer_name(enum path_payer payer)
{
	static const char *const names[] = { "nobody", "company", "shared",
		"person", "unknown" };

	return names[payer];
}
