/*
 * access/scope.h: what a token of the API may do. The table of routes
 * (api/routes.c) gives each route the scopes of which any one lets a token
 * in; a route without one is for the owner alone: who comes by the Unix
 * socket without a token, or over TCP with that of the node.
 *
 * A scope says what may be asked of this node, never what others reveal: an
 * offer made with a token is an offer of the persona.
 */
#pragma once

#include "node/http/http.h"

/* Bits of http_route.flags and http_caller.scopes. */
#define SCOPE_SHIFT 8
enum token_scope {
	SCOPE_OWNER = 0,
	SCOPE_READ = 1 << 8,       /* what everybody may know */
	SCOPE_MATCH = 1 << 9,      /* matches, candidates, teams, paths */
	SCOPE_PROFILE = 1 << 10,   /* the private profile, wishes, results */
	SCOPE_PUBLISH = 1 << 11,   /* all that this node publishes */
	SCOPE_DEMAND = 1 << 12,    /* of that: demands */
	SCOPE_COURSE = 1 << 13,    /* of that: courses */
	SCOPE_ASSESS = 1 << 14,    /* of that: assessments; hand in results */
	SCOPE_OFFER = 1 << 15,     /* conversations as the one who offers */
	SCOPE_INBOX = 1 << 16,     /* conversations as the one who is asked */
	SCOPE_EVIDENCE = 1 << 17,  /* agreements, outcomes, credentials */
	SCOPE_COMMUNITY = 1 << 18, /* communities and their sessions */
	SCOPE_TRUST = 1 << 19,     /* whom this node trusts */
	SCOPE_NETWORK = 1 << 20,   /* peers, sync, imports */
	SCOPE_TALK = SCOPE_OFFER | SCOPE_INBOX,
	SCOPE_ALL = (1 << 21) - (1 << 8),
	/* Any of these may know which records are of this node. */
	SCOPE_OWN = SCOPE_PROFILE | SCOPE_PUBLISH | SCOPE_DEMAND |
		    SCOPE_COURSE | SCOPE_ASSESS,
};

struct scope_info {
	enum token_scope scope;
	const char *name; /* "read" */
	const char *text; /* what it allows, a line */
};

/** scope_table(n): all of them. */
const struct scope_info *scope_table(size_t *n);

/** scope_find(name): 0: there is none of that name. */
unsigned scope_find(const char *name);

/** scopes_text(out, cap, scopes): "read or match"; "owner" for none. */
void scopes_text(char *out, size_t cap, unsigned scopes, const char *between);

/** scope_of_event(type): who may hear of it; 0: the owner alone. */
unsigned scope_of_event(const char *type);
