/*
 * api/communities.h: what the handlers of communities share: the one that a
 * request is about.
 */
#pragma once

#include "node/api/parts.h"
#include "node/community/role.h"
#include "node/evidence/documents.h"

struct community_asked {
	struct node *n;
	struct http_request *r;
	uint32_t persona;
	uint32_t kind; /* KIND_COMMUNITY; of /cohorts: KIND_COURSE */
	char hint[96]; /* community_hint() */
	char name[COMMUNITY_NAME_MAX + 1]; /* "": none of ours */
	json_t *value; /* what is kept of it; NULL: nothing */
	bool known;    /* its record is here, in ${record} */
	struct community_record record;
};

/**
 * community_asked(n, r, out): {id} of the path: a name of ours, or the id of a
 * record or a part of it. False: answered. Else community_answered().
 */
bool community_asked(
    struct node *n, struct http_request *r, struct community_asked *out);
void community_answered(struct community_asked *a);

/** community_kind_asked(r): which of both, by the path. */
uint32_t community_kind_asked(const struct http_request *r);

/** community_hint(a, verb): "ohcn community VERB" or "ohcn cohort VERB";
 * borrowed of ${a}, until the next one. */
const char *community_hint(struct community_asked *a, const char *verb);

/** community_noun(a): "community" or "cohort". */
const char *community_noun(const struct community_asked *a);

/** community_founded(a): by this persona; false: answered. */
bool community_founded(struct community_asked *a);

/** community_state(a): known, asked, member, draft, published, ended. */
const char *community_state(const struct community_asked *a);

/** skills_json(scope, s): [{term, label, level}]. */
json_t *skills_json(
    const struct label_scope *scope, const struct evidence_skills *s);
