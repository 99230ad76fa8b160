#include "proto/record/kind.h"

#define DAYS(n) ((n)*24U)
#define BODY    16384U

static const struct kind_info kinds[KIND_LAST + 1] = {
	[KIND_PROFILE] = { "profile", CLASS_PEOPLE, 1, DAYS(90), 4096, true },
	[KIND_ORGANISATION] = { "organisation", CLASS_DEMAND, 1, DAYS(400),
	    BODY, true },
	[KIND_DEMAND] = { "demand", CLASS_DEMAND, 1024, DAYS(60), BODY, true },
	[KIND_COURSE] = { "course", CLASS_LEARN, 256, DAYS(60), BODY, true },
	[KIND_ASSESSMENT] = { "assessment", CLASS_LEARN, 32, DAYS(400), BODY,
	    true },
	[KIND_PATHWAY] = { "pathway", CLASS_LEARN, 32, DAYS(400), BODY, true },
	[KIND_COMMUNITY] = { "community", CLASS_LEARN, 32, DAYS(400), BODY,
	    true },
	[KIND_ATTESTATION] = { "attestation", CLASS_META, 256, DAYS(400), BODY,
	    true },
	[KIND_VOCABULARY] = { "vocabulary", CLASS_META, 64, DAYS(400), BODY,
	    true },
	[KIND_STATISTIC] = { "statistic", CLASS_META, 256, DAYS(400), BODY,
	    true },
	[KIND_ENVELOPE] = { "envelope", CLASS_MAIL, 512, DAYS(14), BODY, true },
	[KIND_REVOCATION] = { "revocation", CLASS_META, 1, DAYS(400), BODY,
	    false },
};

static const struct kind_info open_kind = { "open", CLASS_META, 1, DAYS(30),
	1024, true };

const struct kind_info *
kind_info(uint64_t kind)
{
	if (kind >= KIND_OPEN_FIRST && kind <= KIND_OPEN_LAST)
		return &open_kind;
	if (kind == 0 || kind > KIND_LAST)
		return NULL;
	return &kinds[kind];
}

uint32_t
kind_by_name(const char *name)
{
	for (uint32_t k = 1; k <= KIND_LAST; k++)
		if (strcmp(kinds[k].name, name) == 0)
			return k;
	return 0;
}

const char *
class_name(enum record_class c)
{
	static const char *const names[RECORD_CLASSES] = { "people", "demand",
		"learn", "mail", "meta" };

	return names[c];
}
