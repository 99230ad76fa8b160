#include "proto/evidence/body.h"

/* Fields that all types begin with. SPEC.md, "Evidence", "Bodies". */
#define HEAD                                                                   \
	{ 0, "version", FIELD_UINT, true, 1, 1 },                              \
	    { 2, "type", FIELD_UINT, true, 1, EVIDENCE_TYPES },                \
	{                                                                      \
		4, "net", FIELD_STR, true, 1, NET_MAX                          \
	}
#define KEY(k, name)                                                           \
	{                                                                      \
		k, name, FIELD_BYTES, true, 32, 32                             \
	}
#define ID(k, name, required)                                                  \
	{                                                                      \
		k, name, FIELD_BYTES, required, 32, 32                         \
	}
#define HOUR(k, name, required)                                                \
	{                                                                      \
		k, name, FIELD_UINT, required, 0, UINT32_MAX                   \
	}

#define HOURS_MAX   100000
#define MINUTES_MAX 1000000

/* ---- choices ---- */

static const struct field_choice kind_choices[] = {
	{ AGREEMENT_JOB, "job" },
	{ AGREEMENT_GIG, "gig" },
	{ AGREEMENT_TASK, "task" },
	{ AGREEMENT_PROJECT, "project" },
	{ AGREEMENT_MENTORING, "mentoring" },
	{ AGREEMENT_COURSE, "course" },
	{ AGREEMENT_COHORT, "cohort" },
	{ AGREEMENT_PEER_SESSION, "peer-session" },
	{ AGREEMENT_COMMUNITY_ROLE, "community-role" },
	CHOICES_END,
};

static const struct field_choice invest_choices[] = {
	{ 1, "training-time" },
	{ 2, "course-budget" },
	{ 3, "mentoring" },
	{ 4, "certificate" },
	{ 5, "equipment" },
	CHOICES_END,
};

static const struct field_choice verb_choices[] = {
	{ PROGRESS_STARTED, "started" },
	{ PROGRESS_PROGRESSED, "progressed" },
	{ PROGRESS_COMPLETED, "completed" },
	{ PROGRESS_PASSED, "passed" },
	{ PROGRESS_FAILED, "failed" },
	{ PROGRESS_WAIVED, "waived" },
	CHOICES_END,
};

static const struct field_choice result_choices[] = {
	{ OUTCOME_HIRED, "hired" },
	{ OUTCOME_DELIVERED, "delivered" },
	{ OUTCOME_EXTENDED, "extended" },
	{ OUTCOME_ENDED, "ended" },
	CHOICES_END,
};

static const struct field_choice contract_choices[] = {
	{ 1, "permanent" },
	{ 2, "fixed-term" },
	{ 3, "freelance" },
	{ 4, "apprenticeship" },
	{ 5, "internship" },
	{ 6, "temporary" },
	{ 7, "volunteer" },
	{ 8, "none" },
	CHOICES_END,
};

static const struct field_choice pledge_choices[] = {
	{ PLEDGE_KEPT, "kept" },
	{ PLEDGE_PARTLY, "partly" },
	{ PLEDGE_BROKEN, "broken" },
	CHOICES_END,
};

static const struct field_choice place_choices[] = {
	{ FOLLOW_UP_HERE, "here" },
	{ FOLLOW_UP_MOVED, "moved" },
	{ FOLLOW_UP_ELSEWHERE, "elsewhere" },
	CHOICES_END,
};

static const struct field_choice side_choices[] = {
	{ 1, "company" },
	{ 2, "person" },
	CHOICES_END,
};

static const struct field_choice method_choices[] = {
	{ CREDENTIAL_ASSESSED, "assessed" },
	{ CREDENTIAL_OBSERVED, "observed" },
	{ CREDENTIAL_PEERS, "peers" },
	{ CREDENTIAL_COMPLETED, "completed" },
	CHOICES_END,
};

static const struct field_choice outcome_method_choices[] = {
	{ CREDENTIAL_ASSESSED, "assessed" },
	{ CREDENTIAL_OBSERVED, "observed" },
	{ CREDENTIAL_PEERS, "peers" },
	{ CREDENTIAL_COMPLETED, "completed" },
	{ CREDENTIAL_APPLIED, "applied" },
	CHOICES_END,
};

static const struct field_choice end_choices[] = {
	{ CREDENTIAL_END_UNSPECIFIED, "unspecified" },
	{ CREDENTIAL_END_MISTAKE, "mistake" },
	{ CREDENTIAL_END_REPLACED, "replaced" },
	{ CREDENTIAL_END_MISUSE, "misuse" },
	CHOICES_END,
};

/* ---- inner maps ---- */

static const struct field skill_fields[] = {
	{ 0, "term", FIELD_TERM, true },
	{ 2, "level", FIELD_UINT, true, 1, 5 },
	FIELDS_END,
};
static const struct field skill_item = { .type = FIELD_MAP,
	.fields = skill_fields };
static const struct field id_item = {
	.type = FIELD_BYTES, .min = 32, .max = 32
};
#define SKILLS(k, name)                                                        \
	{                                                                      \
		k, name, FIELD_LIST, false, 1, EVIDENCE_SKILLS,                \
		    .element = &skill_item                                     \
	}

static const struct field pledge_fields[] = {
	{ 0, "kind", FIELD_CHOICE, true, .choices = invest_choices },
	{ 2, "hours", FIELD_UINT, false, 1, HOURS_MAX },
	{ 4, "amount", FIELD_UINT, false, 1, FIELD_INTEGER_MAX },
	{ 6, "currency", FIELD_CURRENCY },
	{ 8, "term", FIELD_TERM },
	HOUR(10, "deadline", true),
	{ 12, "conditions", FIELD_STR, false, 1, EVIDENCE_TEXT },
	FIELDS_END,
};

/* ---- bodies ---- */

static const struct field agreement_fields[] = {
	HEAD,
	KEY(6, "company"),
	KEY(8, "person"),
	{ 10, "nonce", FIELD_BYTES, true, EVIDENCE_NONCE, EVIDENCE_NONCE },
	{ 12, "kind", FIELD_CHOICE, true, .choices = kind_choices },
	HOUR(14, "made", true),
	HOUR(16, "start", true),
	HOUR(18, "end", true),
	{ 20, "hours", FIELD_UINT, true, 1, HOURS_MAX },
	ID(22, "subject", false),
	{ 24, "title", FIELD_STR, false, 1, EVIDENCE_TITLE },
	{ 26, "pledge", FIELD_MAP, .fields = pledge_fields },
	ID(28, "terms_hash", false),
	SKILLS(30, "teaches"),
	{ 32, "coverage", FIELD_UINT, false, 0, 1000 },
	ID(34, "manager", false),
	{ 36, "team", FIELD_STR, false, 1, EVIDENCE_TEAM },
	{ 38, "answer_days", FIELD_UINT, false, 0, 3650 },
	FIELDS_END,
};

static const struct field progress_fields[] = {
	HEAD,
	KEY(6, "company"),
	KEY(8, "person"),
	ID(10, "agreement", false),
	{ 12, "verb", FIELD_CHOICE, true, .choices = verb_choices },
	HOUR(14, "at", true),
	{ 16, "number", FIELD_UINT, true, 1, UINT16_MAX },
	{ 18, "minutes", FIELD_UINT, false, 1, MINUTES_MAX },
	{ 20, "score", FIELD_INT, false, -1000, 1000 },
	ID(22, "subject", false),
	SKILLS(24, "reached"),
	FIELDS_END,
};

static const struct field outcome_fields[] = {
	HEAD,
	KEY(6, "company"),
	KEY(8, "person"),
	ID(10, "agreement", true),
	{ 12, "kind", FIELD_CHOICE, true, .choices = kind_choices },
	HOUR(14, "at", true),
	{ 16, "result", FIELD_CHOICE, true, .choices = result_choices },
	{ 18, "usefulness", FIELD_UINT, true, 1, 5 },
	{ 20, "usefulness_company", FIELD_UINT, false, 1, 5 },
	{ 22, "hours", FIELD_UINT, true, 0, HOURS_MAX },
	{ 24, "invested_hours", FIELD_UINT, false, 1, HOURS_MAX },
	{ 26, "invested_amount", FIELD_UINT, false, 1, FIELD_INTEGER_MAX },
	{ 28, "currency", FIELD_CURRENCY },
	SKILLS(30, "applied"),
	SKILLS(32, "learned"),
	{ 34, "contract_before", FIELD_CHOICE, .choices = contract_choices },
	{ 36, "contract_after", FIELD_CHOICE, .choices = contract_choices },
	{ 38, "pledge", FIELD_CHOICE, .choices = pledge_choices },
	{ 40, "pledge_share", FIELD_UINT, false, 1, 999 },
	{ 42, "team", FIELD_STR, false, 1, EVIDENCE_TEAM },
	HOUR(44, "began", false),
	HOUR(46, "ended", false),
	{ 48, "method", FIELD_CHOICE, .choices = outcome_method_choices },
	{ 50, "completion", FIELD_CHOICE, .choices = pledge_choices },
	FIELDS_END,
};

static const struct field follow_up_fields[] = {
	HEAD,
	KEY(6, "company"),
	KEY(8, "person"),
	ID(10, "agreement", true),
	{ 12, "place", FIELD_CHOICE, true, .choices = place_choices },
	HOUR(14, "at", true),
	ID(16, "outcome", true),
	{ 18, "usefulness", FIELD_UINT, true, 1, 5 },
	{ 20, "contract", FIELD_CHOICE, .choices = contract_choices },
	SKILLS(30, "applied"),
	FIELDS_END,
};

static const struct field one_sided_fields[] = {
	HEAD,
	KEY(6, "company"),
	KEY(8, "person"),
	ID(10, "agreement", true),
	{ 12, "side", FIELD_CHOICE, true, .choices = side_choices },
	HOUR(14, "at", true),
	{ 16, "pledge", FIELD_CHOICE, .choices = pledge_choices },
	{ 18, "hours", FIELD_UINT, false, 1, HOURS_MAX },
	{ 20, "text", FIELD_STR, false, 1, EVIDENCE_TEXT },
	FIELDS_END,
};

static const struct field session_fields[] = {
	HEAD,
	{ 6, "peers", FIELD_LIST, true, 2, EVIDENCE_PEERS,
	    .element = &id_item },
	{ 8, "k", FIELD_UINT, true, 2, EVIDENCE_PEERS },
	{ 10, "nonce", FIELD_BYTES, true, EVIDENCE_NONCE, EVIDENCE_NONCE },
	HOUR(14, "at", true),
	{ 16, "minutes", FIELD_UINT, true, 1, 10000 },
	ID(18, "subject", false),
	ID(20, "agreement", false),
	{ 22, "number", FIELD_UINT, false, 1, UINT16_MAX },
	{ 24, "title", FIELD_STR, false, 1, EVIDENCE_TITLE },
	SKILLS(26, "practised"),
	FIELDS_END,
};

static const struct field credential_fields[] = {
	HEAD,
	KEY(6, "issuer"),
	KEY(8, "holder"),
	{ 10, "nonce", FIELD_BYTES, true, EVIDENCE_NONCE, EVIDENCE_NONCE },
	{ 12, "method", FIELD_CHOICE, true, .choices = method_choices },
	HOUR(14, "issued", true),
	HOUR(16, "expires", true),
	{ 18, "title", FIELD_STR, true, 1, EVIDENCE_TITLE },
	SKILLS(20, "skills"),
	{ 22, "grade", FIELD_UINT, false, 101, 499 },
	{ 24, "coach", FIELD_BOOL },
	ID(26, "subject", false),
	{ 28, "refs", FIELD_LIST, false, 1, EVIDENCE_REFS,
	    .element = &id_item },
	ID(30, "claims", false),
	FIELDS_END,
};

static const struct field credential_end_fields[] = {
	HEAD,
	KEY(6, "issuer"),
	ID(10, "credential", true),
	{ 12, "reason", FIELD_CHOICE, true, .choices = end_choices },
	HOUR(14, "at", true),
	FIELDS_END,
};

static const struct field moved_fields[] = {
	HEAD,
	KEY(6, "company"),
	KEY(8, "to"),
	KEY(10, "from"),
	HOUR(14, "at", true),
	{ 28, "refs", FIELD_LIST, false, 1, EVIDENCE_REFS,
	    .element = &id_item },
	FIELDS_END,
};

static const struct field linked_fields[] = {
	HEAD,
	KEY(6, "a"),
	KEY(8, "b"),
	HOUR(14, "at", true),
	FIELDS_END,
};

/* ---- where they lie ---- */

#define AT(T, member)                                                          \
	(uint16_t) offsetof(struct T, member),                                 \
	    sizeof(((struct T *)0)->member), 0
#define COUNTED(T, member, number)                                             \
	(uint16_t) offsetof(struct T, member),                                 \
	    ARRAY_LEN(((struct T *)0)->member),                                \
	    (uint16_t)offsetof(struct T, number)

static const struct body_place agreement_places[] = {
	{ 6, BODY_BYTES, AT(agreement, company) },
	{ 8, BODY_BYTES, AT(agreement, person) },
	{ 10, BODY_BYTES, AT(agreement, nonce) },
	{ 12, BODY_U8, AT(agreement, kind) },
	{ 14, BODY_U32, AT(agreement, made) },
	{ 16, BODY_U32, AT(agreement, start) },
	{ 18, BODY_U32, AT(agreement, end) },
	{ 20, BODY_U32, AT(agreement, hours) },
	{ 22, BODY_BYTES, AT(agreement, subject) },
	{ 24, BODY_STR, AT(agreement, title) },
	{ 26, BODY_PLEDGE, AT(agreement, pledge) },
	{ 28, BODY_BYTES, AT(agreement, terms_hash) },
	{ 30, BODY_SKILLS, AT(agreement, teaches) },
	{ 32, BODY_U16_PLUS, AT(agreement, coverage) },
	{ 34, BODY_BYTES, AT(agreement, manager) },
	{ 36, BODY_STR, AT(agreement, team) },
	{ 38, BODY_U16_PLUS, AT(agreement, answer_days) },
};

static const struct body_place progress_places[] = {
	{ 6, BODY_BYTES, AT(progress, company) },
	{ 8, BODY_BYTES, AT(progress, person) },
	{ 10, BODY_BYTES, AT(progress, agreement) },
	{ 12, BODY_U8, AT(progress, verb) },
	{ 14, BODY_U32, AT(progress, at) },
	{ 16, BODY_U16, AT(progress, number) },
	{ 18, BODY_U32, AT(progress, minutes) },
	{ 20, BODY_SCORE, (uint16_t)offsetof(struct progress, score), 2,
	    (uint16_t)offsetof(struct progress, scored) },
	{ 22, BODY_BYTES, AT(progress, subject) },
	{ 24, BODY_SKILLS, AT(progress, reached) },
};

static const struct body_place outcome_places[] = {
	{ 6, BODY_BYTES, AT(outcome, company) },
	{ 8, BODY_BYTES, AT(outcome, person) },
	{ 10, BODY_BYTES, AT(outcome, agreement) },
	{ 12, BODY_U8, AT(outcome, kind) },
	{ 14, BODY_U32, AT(outcome, at) },
	{ 16, BODY_U8, AT(outcome, result) },
	{ 18, BODY_U8, AT(outcome, usefulness) },
	{ 20, BODY_U8, AT(outcome, usefulness_company) },
	{ 22, BODY_U32, AT(outcome, hours) },
	{ 24, BODY_U32, AT(outcome, invested_hours) },
	{ 26, BODY_U64, AT(outcome, invested_amount) },
	{ 28, BODY_STR, AT(outcome, currency) },
	{ 30, BODY_SKILLS, AT(outcome, applied) },
	{ 32, BODY_SKILLS, AT(outcome, learned) },
	{ 34, BODY_U8, AT(outcome, contract_before) },
	{ 36, BODY_U8, AT(outcome, contract_after) },
	{ 38, BODY_U8, AT(outcome, pledge) },
	{ 40, BODY_U16, AT(outcome, pledge_share) },
	{ 42, BODY_STR, AT(outcome, team) },
	{ 44, BODY_U32, AT(outcome, began) },
	{ 46, BODY_U32, AT(outcome, ended) },
	{ 48, BODY_U8, AT(outcome, method) },
	{ 50, BODY_U8, AT(outcome, completion) },
};

static const struct body_place follow_up_places[] = {
	{ 6, BODY_BYTES, AT(follow_up, company) },
	{ 8, BODY_BYTES, AT(follow_up, person) },
	{ 10, BODY_BYTES, AT(follow_up, agreement) },
	{ 12, BODY_U8, AT(follow_up, place) },
	{ 14, BODY_U32, AT(follow_up, at) },
	{ 16, BODY_BYTES, AT(follow_up, outcome) },
	{ 18, BODY_U8, AT(follow_up, usefulness) },
	{ 20, BODY_U8, AT(follow_up, contract) },
	{ 30, BODY_SKILLS, AT(follow_up, applied) },
};

static const struct body_place one_sided_places[] = {
	{ 6, BODY_BYTES, AT(one_sided, company) },
	{ 8, BODY_BYTES, AT(one_sided, person) },
	{ 10, BODY_BYTES, AT(one_sided, agreement) },
	{ 12, BODY_U8, AT(one_sided, side) },
	{ 14, BODY_U32, AT(one_sided, at) },
	{ 16, BODY_U8, AT(one_sided, pledge) },
	{ 18, BODY_U32, AT(one_sided, hours) },
	{ 20, BODY_STR, AT(one_sided, text) },
};

static const struct body_place session_places[] = {
	{ 6, BODY_IDS, COUNTED(session, peers, peers_n) },
	{ 8, BODY_U8, AT(session, k) },
	{ 10, BODY_BYTES, AT(session, nonce) },
	{ 14, BODY_U32, AT(session, at) },
	{ 16, BODY_U32, AT(session, minutes) },
	{ 18, BODY_BYTES, AT(session, subject) },
	{ 20, BODY_BYTES, AT(session, agreement) },
	{ 22, BODY_U16, AT(session, number) },
	{ 24, BODY_STR, AT(session, title) },
	{ 26, BODY_SKILLS, AT(session, practised) },
};

static const struct body_place credential_places[] = {
	{ 6, BODY_BYTES, AT(credential, issuer) },
	{ 8, BODY_BYTES, AT(credential, holder) },
	{ 10, BODY_BYTES, AT(credential, nonce) },
	{ 12, BODY_U8, AT(credential, method) },
	{ 14, BODY_U32, AT(credential, issued) },
	{ 16, BODY_U32, AT(credential, expires) },
	{ 18, BODY_STR, AT(credential, title) },
	{ 20, BODY_SKILLS, AT(credential, skills) },
	{ 22, BODY_U16, AT(credential, grade) },
	{ 24, BODY_FLAG, AT(credential, coach) },
	{ 26, BODY_BYTES, AT(credential, subject) },
	{ 28, BODY_IDS, COUNTED(credential, refs, refs_n) },
	{ 30, BODY_BYTES, AT(credential, claims) },
};

static const struct body_place credential_end_places[] = {
	{ 6, BODY_BYTES, AT(credential_end, issuer) },
	{ 10, BODY_BYTES, AT(credential_end, credential) },
	{ 12, BODY_U8, AT(credential_end, reason) },
	{ 14, BODY_U32, AT(credential_end, at) },
};

static const struct body_place moved_places[] = {
	{ 6, BODY_BYTES, AT(moved, company) },
	{ 8, BODY_BYTES, AT(moved, to) },
	{ 10, BODY_BYTES, AT(moved, from) },
	{ 14, BODY_U32, AT(moved, at) },
	{ 28, BODY_IDS, COUNTED(moved, refs, refs_n) },
};

static const struct body_place linked_places[] = {
	{ 6, BODY_BYTES, AT(linked, a) },
	{ 8, BODY_BYTES, AT(linked, b) },
	{ 14, BODY_U32, AT(linked, at) },
};

#define TYPE(number, name)                                                     \
	[number] = { { number, 1, name##_fields }, name##_places,              \
		ARRAY_LEN(name##_places) }

static const struct body_type types[EVIDENCE_TYPES + 1] = {
	TYPE(EVIDENCE_AGREEMENT, agreement),
	TYPE(EVIDENCE_PROGRESS, progress),
	TYPE(EVIDENCE_OUTCOME, outcome),
	TYPE(EVIDENCE_FOLLOW_UP, follow_up),
	TYPE(EVIDENCE_ONE_SIDED, one_sided),
	TYPE(EVIDENCE_SESSION, session),
	TYPE(EVIDENCE_CREDENTIAL, credential),
	TYPE(EVIDENCE_CREDENTIAL_END, credential_end),
	TYPE(EVIDENCE_MOVED, moved),
	TYPE(EVIDENCE_LINKED, linked),
};

const struct body_type *
body_type_of(uint64_t type)
{
	return type == 0 || type > EVIDENCE_TYPES ? NULL : &types[type];
}
