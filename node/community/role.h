/*
 * community/role.h: who has which role in a community: what the agreements of
 * kind community-role say that this node holds. On the node of who founded it
 * these are all roles that were agreed on, on a member's the member's own:
 * nobody learns of others but by what these show.
 *
 * A role is over when its end has come, when both signed an outcome of it, or
 * when it was left: then it ends in that hour.
 */
#pragma once

#include "node/community/community.h"
#include "node/evidence/documents.h"

struct community_role {
	uint8_t agreement[EVIDENCE_ID];
	uint8_t company[ED25519_PUBLIC], person[ED25519_PUBLIC];
	char title[EVIDENCE_TITLE + 1];
	char talk[HELD_TALK];
	uint32_t hours, start; /* hours in all; unix hours */
	uint32_t end;          /* as agreed, or when it was left */
	bool complete;         /* both have signed */
	bool left, over;
};

/* All of a group; community_role_list() fills it, free() ${list}. */
struct community_roles {
	struct community_role *list;
	size_t n;
};

/**
 * community_roles(n, persona, value, out, cap): those of a community as
 * ${value} is kept of it, in the order in which they came; how many are in
 * ${out}.
 */
size_t community_roles(struct node *n, uint32_t persona, const json_t *value,
    struct community_role *out, size_t cap);

/** community_role_of(n, persona, value, key, out): the last one that ${key}
 * has as its person and that both signed; false: none. */
bool community_role_of(struct node *n, uint32_t persona, const json_t *value,
    const uint8_t key[ED25519_PUBLIC], struct community_role *out);

/** community_role_list(n, persona, value): those of a group, at most
 * community.members; an empty list also without memory. */
struct community_roles community_role_list(
    struct node *n, uint32_t persona, const json_t *value);

/** community_role_at(roles, key, at): the last one of ${key} that both signed
 * and that had begun and was not over in that hour; NULL: none. */
const struct community_role *community_role_at(
    const struct community_roles *roles, const uint8_t key[ED25519_PUBLIC],
    uint32_t at);

/** community_role_leave(n, persona, agreement): from now on it is over. ERR_IO,
 * ERR_NOMEM. */
NODISCARD err community_role_leave(
    struct node *n, uint32_t persona, const uint8_t agreement[EVIDENCE_ID]);

/* What may be wrong with an agreement on a role. */
enum role_fault {
	ROLE_FINE,
	ROLE_NO_COMMUNITY, /* it names none that the persona knows */
	ROLE_NOT_LED_BY,   /* its company is no facilitator of the record */
	ROLE_ENDED,        /* the community has ended */
};

/** role_fault_text(f): in words. */
const char *role_fault_text(enum role_fault f);

/**
 * community_role_judge(n, persona, a):
 * May the persona sign it? As the person: the record it names is here and
 * live, and its company is one of the facilitators that stand there. As the
 * company: the persona founded it.
 */
enum role_fault community_role_judge(
    struct node *n, uint32_t persona, const struct agreement *a);
