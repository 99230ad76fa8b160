#include "proto/record/kind.h"
#include "proto/record/schema.h"

/* The tables follow SPEC.md. Version 0 was a draft: no schema, unread. */

static const struct field term_item = { .type = FIELD_TERM };
static const struct field key_item = {
	.type = FIELD_BYTES, .min = 32, .max = 32
};

/* A term and how well: 1 first steps .. 5 expert. */
static const struct field skill_fields[] = {
	{ 0, "term", FIELD_TERM, true },
	{ 2, "level", FIELD_UINT, true, 1, 5 },
	FIELDS_END,
};
static const struct field skill_item = { .type = FIELD_MAP,
	.fields = skill_fields };

static const struct field language_fields[] = {
	{ 0, "language", FIELD_LANGUAGE, true },
	{ 2, "cefr", FIELD_UINT, true, 1, 7 }, /* A1..C2, 7 native */
	FIELDS_END,
};
static const struct field language_item = { .type = FIELD_MAP,
	.fields = language_fields };

/* A record of anybody's by its slot, which stays when it is renewed. */
static const struct field slot_fields[] = {
	{ 0, "author", FIELD_BYTES, true, 32, 32 },
	{ 2, "slot", FIELD_UINT, true, 0, 1023 },
	FIELDS_END,
};
static const struct field slot_item = { .type = FIELD_MAP,
	.fields = slot_fields };

/* Terms of the author's own, so that others can show and match them. */
static const struct field own_term_fields[] = {
	{ 0, "uri", FIELD_STR, true, 3, 256 },
	{ 2, "labels", FIELD_TEXT, true, 1, 120 },
	FIELDS_END,
};
static const struct field own_term_item = { .type = FIELD_MAP,
	.fields = own_term_fields };

static const struct field_choice hours_choices[] = {
	{ 1, "up-to-5" },
	{ 2, "up-to-10" },
	{ 3, "up-to-20" },
	{ 4, "up-to-30" },
	{ 5, "over-30" },
	CHOICES_END,
};

static const struct field_choice person_remote_choices[] = {
	{ 1, "on-site" },
	{ 2, "either" },
	{ 3, "remote" },
	CHOICES_END,
};

static const struct field_choice activity_choices[] = {
	{ 1, "job" },
	{ 2, "gig" },
	{ 4, "project" },
	{ 8, "task" },
	{ 16, "mentoring" },
	{ 32, "coaching" },
	{ 64, "peers" },
	{ 128, "course" },
	{ 256, "community-role" },
	CHOICES_END,
};

static const struct field profile_fields[] = {
	{ 0, "skills", FIELD_LIST, false, 1, 64, .element = &skill_item },
	{ 2, "aspirations", FIELD_LIST, false, 1, 32, .element = &skill_item },
	{ 4, "purposes", FIELD_LIST, false, 1, 16, .element = &term_item },
	{ 6, "hours", FIELD_CHOICE, .choices = hours_choices },
	{ 8, "languages", FIELD_LIST, false, 1, 16, .element = &language_item },
	{ 10, "remote", FIELD_CHOICE, .choices = person_remote_choices },
	{ 12, "seeks", FIELD_BITS, .choices = activity_choices },
	{ 14, "offers", FIELD_BITS, .choices = activity_choices },
	{ 16, "intro_key", FIELD_BYTES, false, 32, 32 },
	{ 18, "terms", FIELD_LIST, false, 1, 16, .element = &own_term_item },
	FIELDS_END,
};

static const struct field_choice proof_choices[] = {
	{ 1, "dns-txt" },
	{ 2, "well-known" },
	CHOICES_END,
};

static const struct field domain_fields[] = {
	{ 0, "name", FIELD_STR, true, 3, 253 },
	{ 2, "method", FIELD_CHOICE, true, .choices = proof_choices },
	FIELDS_END,
};

static const struct field_choice organisation_choices[] = {
	{ 1, "company" },
	{ 2, "school" },
	{ 3, "agency" },
	{ 4, "association" },
	{ 5, "public-body" },
	{ 6, "cooperative" },
	{ 7, "other" },
	CHOICES_END,
};

static const struct field_choice size_choices[] = {
	{ 1, "1" },
	{ 2, "2-9" },
	{ 3, "10-49" },
	{ 4, "50-249" },
	{ 5, "250-999" },
	{ 6, "1000-or-more" },
	CHOICES_END,
};

static const struct field region_item = { .type = FIELD_REGION };

static const struct field organisation_fields[] = {
	{ 0, "name", FIELD_TEXT, true, 1, 120 },
	{ 1, "description", FIELD_TEXT, false, 1, 2000 },
	{ 2, "domain", FIELD_MAP, .fields = domain_fields },
	{ 4, "industry", FIELD_STR, false, 1, 5 },
	{ 6, "size", FIELD_CHOICE, .choices = size_choices },
	{ 8, "regions", FIELD_LIST, false, 1, 64, .element = &region_item },
	{ 10, "posting_keys", FIELD_LIST, false, 1, 64, .element = &key_item },
	{ 12, "inbox", FIELD_BYTES, false, 32, 32 },
	{ 14, "practice_level", FIELD_UINT, false, 1, 5 },
	{ 16, "ledger_root", FIELD_BYTES, false, 32, 32 },
	{ 18, "type", FIELD_CHOICE, .choices = organisation_choices },
	{ 20, "website", FIELD_STR, false, 4, 256 },
	FIELDS_END,
};

static const struct field_choice demand_choices[] = {
	{ 1, "job" },
	{ 2, "gig" },
	{ 3, "project" },
	{ 4, "task" },
	{ 5, "mentoring" },
	{ 6, "community-role" },
	CHOICES_END,
};

static const struct field requirement_fields[] = {
	{ 0, "term", FIELD_TERM, true },
	{ 2, "level", FIELD_UINT, false, 0, 5 }, /* 0, absent: any */
	{ 4, "weight", FIELD_UINT, true, 1, 100, .usual = 50 },
	{ 6, "must", FIELD_BOOL },
	FIELDS_END,
};
static const struct field requirement_item = { .type = FIELD_MAP,
	.fields = requirement_fields };

static const struct field_choice invest_choices[] = {
	{ 1, "training-time" },
	{ 2, "course-budget" },
	{ 3, "mentoring" },
	{ 4, "certificate" },
	{ 5, "equipment" },
	CHOICES_END,
};

static const struct field invest_fields[] = {
	{ 0, "kind", FIELD_CHOICE, true, .choices = invest_choices },
	{ 2, "hours", FIELD_UINT, false, 1, 10000 },
	{ 4, "amount", FIELD_UINT, false, 1, FIELD_INTEGER_MAX },
	{ 6, "currency", FIELD_CURRENCY },
	{ 8, "term", FIELD_TERM },
	FIELDS_END,
};
static const struct field invest_item = { .type = FIELD_MAP,
	.fields = invest_fields };

static const struct field_choice contract_choices[] = {
	{ 1, "permanent" },
	{ 2, "fixed-term" },
	{ 3, "freelance" },
	{ 4, "apprenticeship" },
	{ 5, "internship" },
	{ 6, "temporary" },
	{ 7, "volunteer" },
	CHOICES_END,
};

static const struct field_choice work_remote_choices[] = {
	{ 1, "on-site" },
	{ 2, "hybrid" },
	{ 3, "remote" },
	CHOICES_END,
};

static const struct field_choice period_choices[] = {
	{ 1, "hour" },
	{ 2, "day" },
	{ 3, "week" },
	{ 4, "month" },
	{ 5, "year" },
	{ 6, "total" },
	CHOICES_END,
};

static const struct field pay_fields[] = {
	{ 0, "min", FIELD_UINT, false, 0, FIELD_INTEGER_MAX },
	{ 2, "max", FIELD_UINT, false, 0, FIELD_INTEGER_MAX },
	{ 4, "currency", FIELD_CURRENCY, true },
	{ 6, "period", FIELD_CHOICE, true, .choices = period_choices },
	FIELDS_END,
};

static const struct field_choice permission_choices[] = {
	{ 1, "none" },
	{ 2, "manager" },
	CHOICES_END,
};

static const struct field_choice status_choices[] = {
	{ 1, "open" },
	{ 2, "paused" },
	{ 3, "filled" },
	{ 4, "withdrawn" },
	CHOICES_END,
};

static const struct field_choice direction_choices[] = {
	{ 1, "seeks-mentor" },
	{ 2, "offers-mentoring" },
	CHOICES_END,
};

static const struct field demand_fields[] = {
	{ 0, "type", FIELD_CHOICE, true, .choices = demand_choices },
	{ 1, "description", FIELD_TEXT, false, 1, 2000 },
	{ 2, "title", FIELD_TEXT, true, 1, 120 },
	{ 4, "organisation", FIELD_BYTES, false, 32, 32 },
	{ 6, "requirements", FIELD_LIST, false, 1, 64,
	    .element = &requirement_item },
	{ 8, "teaches", FIELD_LIST, false, 1, 32, .element = &skill_item },
	{ 10, "invests", FIELD_LIST, false, 1, 16, .element = &invest_item },
	{ 12, "contract", FIELD_CHOICE, .choices = contract_choices },
	{ 14, "guaranteed_hours", FIELD_UINT, false, 1, 168 }, /* a week */
	{ 16, "hours_day", FIELD_UINT, false, 1, 24 },
	{ 18, "days_week", FIELD_UINT, false, 1, 7 },
	{ 20, "notice_hours", FIELD_UINT, false, 0, 8760 },
	{ 22, "place", FIELD_STR, false, 1, 80 },
	{ 24, "remote", FIELD_CHOICE, .choices = work_remote_choices },
	{ 26, "time_zone", FIELD_INT, false, -720, 840 }, /* minutes */
	{ 28, "pay", FIELD_MAP, .fields = pay_fields },
	{ 30, "experience", FIELD_TEXT, false, 1, 280 },
	{ 32, "permission", FIELD_CHOICE, .choices = permission_choices },
	{ 34, "seats", FIELD_UINT, false, 1, 10000 },
	{ 36, "since", FIELD_UINT, false, 0, UINT32_MAX }, /* unix hour */
	{ 38, "status", FIELD_CHOICE, .choices = status_choices },
	{ 40, "filled", FIELD_UINT, false, 0, 10000 },
	{ 42, "external_id", FIELD_STR, false, 1, 64 },
	{ 44, "languages", FIELD_LIST, false, 1, 16,
	    .element = &language_item },
	{ 46, "start", FIELD_UINT, false, 0, UINT32_MAX }, /* unix hour */
	{ 48, "weeks", FIELD_UINT, false, 1, 520 },
	{ 50, "website", FIELD_STR, false, 4, 256 },
	{ 52, "terms", FIELD_LIST, false, 1, 16, .element = &own_term_item },
	{ 54, "purposes", FIELD_LIST, false, 1, 16, .element = &term_item },
	{ 56, "direction", FIELD_CHOICE, .choices = direction_choices },
	{ 58, "occupation", FIELD_TERM },
	{ 60, "community", FIELD_MAP, .fields = slot_fields },
	FIELDS_END,
};

static const struct field_choice course_choices[] = {
	{ 1, "course" },
	{ 2, "micro-lesson" },
	{ 3, "peer-group" },
	{ 4, "activity" },
	{ 5, "simulation" },
	{ 6, "cohort" },
	CHOICES_END,
};

static const struct field teach_fields[] = {
	{ 0, "term", FIELD_TERM, true },
	{ 2, "from", FIELD_UINT, false, 0, 5 },
	{ 4, "to", FIELD_UINT, true, 1, 5 },
	FIELDS_END,
};
static const struct field teach_item = { .type = FIELD_MAP,
	.fields = teach_fields };

static const struct field language_code_item = { .type = FIELD_LANGUAGE };

static const struct field_choice format_choices[] = {
	{ 1, "online" },
	{ 2, "on-site" },
	{ 4, "phone" },
	{ 8, "print" },
	{ 16, "audio" },
	{ 32, "video" },
	CHOICES_END,
};

static const struct field_choice access_choices[] = {
	{ 1, "captions" },
	{ 2, "screen-reader" },
	{ 4, "sign-language" },
	{ 8, "step-free" },
	{ 16, "easy-to-read" },
	CHOICES_END,
};

static const struct field cost_fields[] = {
	{ 0, "amount", FIELD_UINT, true, 0, FIELD_INTEGER_MAX },
	{ 2, "currency", FIELD_CURRENCY, true },
	FIELDS_END,
};

static const struct field content_fields[] = {
	{ 0, "hash", FIELD_BYTES, true, 32, 32 },
	{ 2, "bytes", FIELD_UINT, true, 1, FIELD_INTEGER_MAX },
	FIELDS_END,
};

static const struct field_choice role_choices[] = {
	{ 1, "co-author" },
	{ 2, "company" },
	{ 3, "school" },
	{ 4, "source" },
	{ 5, "coach" },
	CHOICES_END,
};

static const struct field cosig_fields[] = {
	{ 0, "key", FIELD_BYTES, true, 32, 32 },
	{ 2, "role", FIELD_CHOICE, true, .choices = role_choices },
	{ 4, "sig", FIELD_BYTES, true, 64, 64 },
	{ 6, "until", FIELD_UINT, false, 0, UINT32_MAX }, /* unix hour */
	FIELDS_END,
};
static const struct field cosig_item = { .type = FIELD_MAP,
	.fields = cosig_fields };

static const struct field_choice rhythm_choices[] = {
	{ 1, "once" },
	{ 2, "daily" },
	{ 3, "weekly" },
	{ 4, "fortnightly" },
	{ 5, "monthly" },
	{ 6, "quarterly" },
	{ 7, "as-needed" },
	CHOICES_END,
};

static const struct field course_fields[] = {
	{ 0, "type", FIELD_CHOICE, true, .choices = course_choices },
	{ 1, "description", FIELD_TEXT, false, 1, 2000 },
	{ 2, "title", FIELD_TEXT, true, 1, 120 },
	{ 4, "teaches", FIELD_LIST, true, 1, 32, .element = &teach_item },
	{ 6, "needs", FIELD_LIST, false, 1, 32, .element = &skill_item },
	{ 8, "hours", FIELD_UINT, false, 1, 10000 },
	{ 10, "sessions", FIELD_UINT, false, 1, 1000 },
	{ 12, "start", FIELD_UINT, false, 0, UINT32_MAX }, /* unix hour */
	{ 14, "seats", FIELD_UINT, false, 1, 1000000 },
	{ 16, "self_paced", FIELD_BOOL },
	{ 18, "languages", FIELD_LIST, false, 1, 16,
	    .element = &language_code_item },
	{ 20, "formats", FIELD_BITS, .choices = format_choices },
	{ 22, "reading_level", FIELD_UINT, false, 1, 6 }, /* CEFR A1..C2 */
	{ 24, "accessibility", FIELD_BITS, .choices = access_choices },
	{ 26, "offline", FIELD_BOOL },
	{ 28, "cost", FIELD_MAP, .fields = cost_fields },
	{ 30, "credential", FIELD_TEXT, false, 1, 120 },
	{ 32, "content", FIELD_MAP, .fields = content_fields },
	{ 34, "co_authors", FIELD_LIST, false, 1, 16, .element = &key_item },
	{ 36, "case_demand", FIELD_MAP, .fields = slot_fields },
	{ 38, "website", FIELD_STR, false, 4, 256 },
	{ 40, "terms", FIELD_LIST, false, 1, 16, .element = &own_term_item },
	{ 42, "external_id", FIELD_STR, false, 1, 64 },
	{ 44, "weeks", FIELD_UINT, false, 1, 520 },
	{ 46, "cosig", FIELD_LIST, false, 1, 8, .element = &cosig_item },
	{ 48, "organisation", FIELD_BYTES, false, 32, 32 },
	{ 50, "facilitators", FIELD_LIST, false, 1, 16, .element = &key_item },
	{ 52, "rhythm", FIELD_CHOICE, .choices = rhythm_choices },
	{ 54, "minutes", FIELD_UINT, false, 1, 1440 }, /* of a session */
	{ 56, "grade", FIELD_UINT, false, 101, 499 },
	{ 58, "pathway", FIELD_MAP, .fields = slot_fields },
	{ 60, "place", FIELD_STR, false, 1, 80 },
	{ 62, "time_zone", FIELD_INT, false, -720, 840 }, /* minutes */
	{ 64, "filled", FIELD_UINT, false, 0, 1000000 },
	FIELDS_END,
};

static const struct field_choice item_choices[] = {
	{ 1, "single-choice" },
	{ 2, "multiple-choice" },
	{ 3, "number" },
	{ 4, "self-rating" },
	{ 5, "checklist" },
	CHOICES_END,
};

static const struct field measure_fields[] = {
	{ 0, "term", FIELD_TERM, true },
	{ 2, "from", FIELD_UINT, false, 1, 5 },
	{ 4, "to", FIELD_UINT, false, 1, 5 },
	FIELDS_END,
};
static const struct field measure_item = { .type = FIELD_MAP,
	.fields = measure_fields };

static const struct field option_item = {
	.type = FIELD_TEXT, .min = 1, .max = 300
};
static const struct field level_item = {
	.type = FIELD_UINT, .min = 1, .max = 5
};

#define NUMBER_MAX 1000000000000
static const struct field question_fields[] = {
	{ 0, "term", FIELD_TERM, true },
	{ 2, "type", FIELD_CHOICE, true, .choices = item_choices },
	{ 4, "prompt", FIELD_TEXT, true, 1, 1000 },
	{ 6, "options", FIELD_LIST, false, 2, 16, .element = &option_item },
	{ 8, "level", FIELD_UINT, false, 1, 5 },
	{ 10, "levels", FIELD_LIST, false, 2, 16, .element = &level_item },
	{ 12, "key", FIELD_INT, false, -NUMBER_MAX, NUMBER_MAX },
	{ 14, "tolerance", FIELD_UINT, false, 0, NUMBER_MAX },
	{ 16, "key_hash", FIELD_BYTES, false, 16, 16 },
	FIELDS_END,
};
static const struct field question_item = { .type = FIELD_MAP,
	.fields = question_fields };

static const struct field stop_fields[] = {
	{ 0, "items_max", FIELD_UINT, false, 1, 128 }, /* of one term */
	{ 2, "confidence", FIELD_UINT, false, 1, 1000 },
	FIELDS_END,
};

static const struct field external_fields[] = {
	{ 0, "url", FIELD_STR, true, 4, 256 },
	{ 2, "key", FIELD_BYTES, true, 32, 32 },
	FIELDS_END,
};

static const struct field assessment_fields[] = {
	{ 0, "title", FIELD_TEXT, true, 1, 120 },
	{ 1, "description", FIELD_TEXT, false, 1, 2000 },
	{ 2, "measures", FIELD_LIST, true, 1, 32, .element = &measure_item },
	{ 4, "items", FIELD_LIST, false, 1, 128, .element = &question_item },
	{ 6, "adaptive", FIELD_BOOL },
	{ 8, "stop", FIELD_MAP, .fields = stop_fields },
	{ 10, "minutes", FIELD_UINT, false, 1, 10000 },
	{ 12, "languages", FIELD_LIST, false, 1, 16,
	    .element = &language_code_item },
	{ 14, "external", FIELD_MAP, .fields = external_fields },
	{ 16, "salt", FIELD_BYTES, false, 16, 16 },
	{ 38, "website", FIELD_STR, false, 4, 256 },
	{ 40, "terms", FIELD_LIST, false, 1, 16, .element = &own_term_item },
	{ 42, "external_id", FIELD_STR, false, 1, 64 },
	{ 44, "organisation", FIELD_BYTES, false, 32, 32 },
	FIELDS_END,
};

/* A step of a pathway; ${needs} are numbers of steps, from 0. */
static const struct field step_number_item = {
	.type = FIELD_UINT, .min = 0, .max = 63
};
static const struct field step_fields[] = {
	{ 0, "title", FIELD_TEXT, false, 1, 120 },
	{ 2, "skills", FIELD_LIST, false, 1, 32, .element = &skill_item },
	{ 4, "courses", FIELD_LIST, false, 1, 16, .element = &slot_item },
	{ 6, "task", FIELD_TEXT, false, 1, 1000 },
	{ 8, "needs", FIELD_LIST, false, 1, 64, .element = &step_number_item },
	{ 10, "grade", FIELD_UINT, false, 101, 499 },
	{ 12, "hours", FIELD_UINT, false, 1, 10000 },
	{ 14, "optional", FIELD_BOOL },
	{ 16, "assessments", FIELD_LIST, false, 1, 16, .element = &slot_item },
	FIELDS_END,
};
static const struct field step_item = { .type = FIELD_MAP,
	.fields = step_fields };

static const struct field pathway_fields[] = {
	{ 0, "title", FIELD_TEXT, true, 1, 120 },
	{ 1, "description", FIELD_TEXT, false, 1, 2000 },
	{ 2, "occupation", FIELD_TERM },
	{ 4, "steps", FIELD_LIST, true, 1, 64, .element = &step_item },
	{ 6, "languages", FIELD_LIST, false, 1, 16,
	    .element = &language_code_item },
	{ 8, "needs", FIELD_LIST, false, 1, 32, .element = &skill_item },
	{ 10, "credential", FIELD_TEXT, false, 1, 120 },
	{ 38, "website", FIELD_STR, false, 4, 256 },
	{ 40, "terms", FIELD_LIST, false, 1, 16, .element = &own_term_item },
	{ 42, "external_id", FIELD_STR, false, 1, 64 },
	{ 44, "organisation", FIELD_BYTES, false, 32, 32 },
	{ 46, "cosig", FIELD_LIST, false, 1, 8, .element = &cosig_item },
	FIELDS_END,
};

static const struct field_choice term_choices[] = {
	{ 1, "skill" },
	{ 2, "knowledge" },
	{ 3, "interest" },
	{ 4, "occupation" },
	{ 5, "purpose" },
	CHOICES_END,
};

static const struct field entry_fields[] = {
	{ 0, "uri", FIELD_STR, true, 3, 256 },
	{ 2, "type", FIELD_CHOICE, true, .choices = term_choices },
	{ 4, "labels", FIELD_TEXT, true, 1, 120 },
	{ 6, "broader", FIELD_LIST, false, 1, 16, .element = &term_item },
	{ 8, "related", FIELD_LIST, false, 1, 32, .element = &term_item },
	{ 10, "same_as", FIELD_LIST, false, 1, 16, .element = &term_item },
	FIELDS_END,
};
static const struct field entry_item = { .type = FIELD_MAP,
	.fields = entry_fields };

static const struct field vocabulary_fields[] = {
	{ 0, "terms", FIELD_LIST, true, 1, 256, .element = &entry_item },
	{ 2, "name", FIELD_TEXT, true, 1, 120 },
	{ 4, "licence", FIELD_STR, false, 1, 120 },
	FIELDS_END,
};

static const struct field_choice measure_choices[] = {
	{ 1, "demand" },
	{ 2, "supply" },
	{ 3, "gap" },
	{ 4, "wanted" },
	{ 5, "taught" },
	{ 6, "pay" },
	{ 7, "time-to-fill" },
	{ 8, "employed" },
	{ 9, "unemployed" },
	{ 10, "vacancies" },
	{ 11, "other" },
	CHOICES_END,
};

static const struct field_choice basis_choices[] = {
	{ 1, "records" },
	{ 2, "official" },
	{ 3, "survey" },
	{ 4, "noised" },
	CHOICES_END,
};

static const struct field_choice unit_choices[] = {
	{ 1, "people" },
	{ 2, "places" },
	{ 3, "postings" },
	{ 4, "organisations" },
	{ 5, "courses" },
	{ 6, "money" }, /* minor units of ${currency} */
	{ 7, "hours" },
	{ 8, "per-mille" },
	{ 9, "index" },
	CHOICES_END,
};

#define FIGURE_MAX INT64_C(1000000000000)

static const struct field figure_fields[] = {
	{ 0, "value", FIELD_INT, true, -FIGURE_MAX, FIGURE_MAX },
	{ 2, "term", FIELD_TERM },
	{ 4, "isco", FIELD_STR, false, 1, 4 },
	{ 6, "industry", FIELD_STR, false, 1, 5 },
	{ 8, "region", FIELD_REGION },
	{ 10, "start", FIELD_UINT, false, 0, UINT32_MAX }, /* unix hour */
	{ 12, "end", FIELD_UINT, false, 0, UINT32_MAX },
	{ 14, "n", FIELD_UINT, false, 0, FIELD_INTEGER_MAX },
	{ 16, "low", FIELD_INT, false, -FIGURE_MAX, FIGURE_MAX },
	{ 18, "high", FIELD_INT, false, -FIGURE_MAX, FIGURE_MAX },
	FIELDS_END,
};
static const struct field figure_item = { .type = FIELD_MAP,
	.fields = figure_fields };

static const struct field source_fields[] = {
	{ 0, "name", FIELD_TEXT, true, 1, 120 },
	{ 2, "licence", FIELD_STR, true, 1, 120 },
	{ 4, "website", FIELD_STR, false, 4, 256 },
	{ 6, "table", FIELD_STR, false, 1, 80 },
	FIELDS_END,
};

static const struct field threshold_fields[] = {
	{ 0, "people", FIELD_UINT, false, 1, 1000000 },
	{ 2, "companies", FIELD_UINT, false, 1, 1000000 },
	{ 4, "share", FIELD_UINT, false, 1, 100 }, /* per cent */
	FIELDS_END,
};

static const struct field_choice mechanism_choices[] = {
	{ 1, "discrete-laplace" },
	CHOICES_END,
};

static const struct field noise_fields[] = {
	{ 0, "mechanism", FIELD_CHOICE, true, .choices = mechanism_choices },
	{ 2, "epsilon", FIELD_UINT, true, 1, 1000000 }, /* thousandths */
	{ 4, "sensitivity", FIELD_UINT, true, 1, 1000000 },
	{ 6, "threshold", FIELD_UINT, false, 0, FIELD_INTEGER_MAX },
	{ 8, "delta", FIELD_UINT, false, 1, 18 }, /* 10^-delta */
	FIELDS_END,
};

static const struct field statistic_fields[] = {
	{ 0, "measure", FIELD_CHOICE, true, .choices = measure_choices },
	{ 1, "description", FIELD_TEXT, false, 1, 2000 },
	{ 2, "title", FIELD_TEXT, true, 1, 120 },
	{ 4, "basis", FIELD_CHOICE, true, .choices = basis_choices },
	{ 6, "figures", FIELD_LIST, true, 1, 256, .element = &figure_item },
	{ 8, "unit", FIELD_CHOICE, true, .choices = unit_choices },
	{ 10, "scale", FIELD_UINT, false, 0, 9 }, /* decimal places */
	{ 12, "currency", FIELD_CURRENCY },
	{ 14, "pay_period", FIELD_CHOICE, .choices = period_choices },
	{ 16, "source", FIELD_MAP, .fields = source_fields },
	{ 18, "start", FIELD_UINT, true, 0, UINT32_MAX }, /* unix hour */
	{ 20, "end", FIELD_UINT, true, 0, UINT32_MAX },
	{ 22, "hidden_below", FIELD_MAP, .fields = threshold_fields },
	{ 24, "noise", FIELD_MAP, .fields = noise_fields },
	{ 26, "terms", FIELD_LIST, false, 1, 16, .element = &own_term_item },
	{ 42, "external_id", FIELD_STR, false, 1, 64 },
	{ 46, "cosig", FIELD_LIST, false, 1, 8, .element = &cosig_item },
	FIELDS_END,
};

static const struct field_choice reason_choices[] = {
	{ 1, "unspecified" },
	{ 2, "lost" },
	{ 3, "stolen" },
	{ 4, "retired" },
	CHOICES_END,
};

static const struct field revocation_fields[] = {
	{ 0, "reason", FIELD_CHOICE, true, .choices = reason_choices },
	FIELDS_END,
};

static const struct field_choice joining_choices[] = {
	{ 1, "open" },
	{ 2, "ask" },
	{ 3, "invited" },
	CHOICES_END,
};

static const struct field post_fields[] = {
	{ 0, "title", FIELD_TEXT, true, 1, 120 },
	{ 1, "description", FIELD_TEXT, false, 1, 500 },
	{ 2, "skills", FIELD_LIST, false, 1, 16, .element = &skill_item },
	{ 4, "hours_month", FIELD_UINT, false, 1, 744 },
	{ 6, "seats", FIELD_UINT, false, 1, 10000 },
	{ 8, "filled", FIELD_UINT, false, 0, 10000 },
	FIELDS_END,
};
static const struct field post_item = { .type = FIELD_MAP,
	.fields = post_fields };

static const struct field community_fields[] = {
	{ 0, "title", FIELD_TEXT, true, 1, 120 },
	{ 1, "description", FIELD_TEXT, false, 1, 2000 },
	{ 2, "purposes", FIELD_LIST, true, 1, 16, .element = &term_item },
	{ 4, "skills", FIELD_LIST, false, 1, 32, .element = &skill_item },
	{ 6, "teaches", FIELD_LIST, false, 1, 32, .element = &skill_item },
	{ 8, "rhythm", FIELD_CHOICE, .choices = rhythm_choices },
	{ 10, "minutes", FIELD_UINT, false, 1, 1440 }, /* of a session */
	{ 12, "members", FIELD_UINT, false, 1, 1000000 },
	{ 14, "seats", FIELD_UINT, false, 1, 1000000 },
	{ 16, "roles", FIELD_LIST, false, 1, 16, .element = &post_item },
	{ 18, "facilitators", FIELD_LIST, true, 1, 16, .element = &key_item },
	{ 20, "joining", FIELD_CHOICE, true, .choices = joining_choices },
	{ 22, "rules", FIELD_TEXT, false, 1, 2000 },
	{ 24, "regions", FIELD_LIST, false, 1, 64, .element = &region_item },
	{ 26, "place", FIELD_STR, false, 1, 80 },
	{ 28, "remote", FIELD_CHOICE, .choices = work_remote_choices },
	{ 30, "languages", FIELD_LIST, false, 1, 16,
	    .element = &language_code_item },
	{ 32, "start", FIELD_UINT, false, 0, UINT32_MAX }, /* unix hour */
	{ 34, "inbox", FIELD_BYTES, false, 32, 32 },
	{ 36, "demands", FIELD_LIST, false, 1, 16, .element = &slot_item },
	{ 38, "website", FIELD_STR, false, 4, 256 },
	{ 40, "terms", FIELD_LIST, false, 1, 16, .element = &own_term_item },
	{ 42, "external_id", FIELD_STR, false, 1, 64 },
	{ 44, "organisation", FIELD_BYTES, false, 32, 32 },
	FIELDS_END,
};

static const struct field_choice vouch_choices[] = {
	{ 1, "investing" },
	{ 2, "issuing" },
	{ 4, "assessing" },
	{ 8, "coaching" },
	{ 16, "facilitating" },
	{ 32, "attesting" },
	CHOICES_END,
};

static const struct field_choice known_by_choices[] = {
	{ 1, "personally" },
	{ 2, "worked-together" },
	{ 3, "examined" },
	{ 4, "member" },
	{ 5, "register" },
	CHOICES_END,
};

static const struct field attestation_fields[] = {
	{ 0, "key", FIELD_BYTES, true, 32, 32 },
	{ 1, "description", FIELD_TEXT, false, 1, 500 },
	{ 2, "vouches", FIELD_BITS, true, .choices = vouch_choices },
	{ 4, "budget", FIELD_UINT, true, 1, 1000 },      /* thousandths */
	{ 6, "until", FIELD_UINT, true, 0, UINT32_MAX }, /* unix hour */
	{ 8, "skills", FIELD_LIST, false, 1, 32, .element = &term_item },
	{ 10, "known_by", FIELD_CHOICE, .choices = known_by_choices },
	FIELDS_END,
};

/* One of three sizes, which is all that it tells. */
static const struct field_choice sealed_sizes[] = {
	{ 1024, "1024" },
	{ 2048, "2048" },
	{ 4096, "4096" },
	CHOICES_END,
};

static const struct field envelope_fields[] = {
	{ 0, "sealed", FIELD_BYTES, true, 1024, 4096, sealed_sizes },
	FIELDS_END,
};

static const struct schema schemas[] = {
	{ KIND_PROFILE, 1, profile_fields },
	{ KIND_ORGANISATION, 1, organisation_fields },
	{ KIND_DEMAND, 1, demand_fields },
	{ KIND_COURSE, 1, course_fields },
	{ KIND_ASSESSMENT, 1, assessment_fields },
	{ KIND_PATHWAY, 1, pathway_fields },
	{ KIND_COMMUNITY, 1, community_fields },
	{ KIND_ATTESTATION, 1, attestation_fields },
	{ KIND_VOCABULARY, 1, vocabulary_fields },
	{ KIND_STATISTIC, 1, statistic_fields },
	{ KIND_ENVELOPE, 1, envelope_fields },
	{ KIND_REVOCATION, 1, revocation_fields },
};

const struct schema *
schema_of(uint32_t kind, uint64_t pv)
{
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
		if (schemas[i].kind == kind && schemas[i].pv == pv)
			return &schemas[i];
	return NULL;
}

const struct schema *
schema_latest(uint32_t kind)
{
	const struct schema *best = NULL;

	for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
		if (schemas[i].kind == kind &&
		    (best == NULL || schemas[i].pv > best->pv))
			best = &schemas[i];
	return best;
}

uint64_t
schema_pv(uint32_t kind)
{
	const struct schema *s = schema_latest(kind);

	return s == NULL ? 0 : s->pv;
}
