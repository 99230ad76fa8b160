/*
 * api/communities.h: what the handlers of communities share: the one that a
 * request is about.
 */
#pragma once

#include "node/api/parts.h"
#include "node/community/community.h"
#include "node/evidence/documents.h"

struct community_asked {
	struct node *n;
	struct http_request *r;
	uint32_t persona;
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

/** community_founded(a): by this persona; false: answered. */
bool community_founded(const struct community_asked *a);

/** community_state(a): known, asked, member, draft, published, ended. */
const char *community_state(const struct community_asked *a);

/** skills_json(scope, s): [{term, label, level}]. */
json_t *skills_json(
    const struct label_scope *scope, const struct evidence_skills *s);
