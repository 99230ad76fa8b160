#include "match/course.h"

#define COURSE_FORMATS 20 /* key of the payload, as in SPEC.md */
#define FORMAT_ON_SITE 2U

static void
take_lists(const struct lesson *l, struct posting *p)
{
	for (uint16_t i = 0; i < l->needs_n; i++)
		p->requirements[p->requirements_n++] =
		    (struct requirement){ .term = l->needs[i].term,
			    .at = l->needs[i].at,
			    .level = l->needs[i].level,
			    .weight = REQUIREMENT_WEIGHT_DEFAULT };
	for (uint16_t i = 0; i < l->teaches_n; i++)
		p->teaches[p->teaches_n++] =
		    (struct graded_term){ .term = l->teaches[i].term,
			    .at = l->teaches[i].at,
			    .level = l->teaches[i].to };
	for (uint16_t i = 0; i < l->languages_n; i++)
		p->languages[p->languages_n++] = l->languages[i];
}

err
course_posting(
    const struct value *payload, const char *region, struct posting *out)
{
	struct lesson l;

	TRY(lesson_decode(payload, &l));
	const struct value *formats = value_find(payload, COURSE_FORMATS);
	const bool on_site = formats != NULL && formats->type == VALUE_UINT &&
			     formats->u == FORMAT_ON_SITE;

	*out = (struct posting){ .status = POSTING_OPEN,
		.remote = on_site ? PLACE_ON_SITE : PLACE_EITHER,
		.occupation = { .at = TERM_NOWHERE },
		.left_out = l.left_out };
	memcpy(out->region, region, 2);
	if (l.hours > 0 && l.weeks > 0)
		out->guaranteed_hours = (l.hours + l.weeks - 1) / l.weeks;
	take_lists(&l, out);
	return OK;
}

_Static_assert(LESSON_NEEDS_MAX <= POSTING_REQUIREMENTS_MAX, "they fit");
_Static_assert(LESSON_TEACHES_MAX <= POSTING_TEACHES_MAX, "they fit");
