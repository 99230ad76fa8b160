#include <stdio.h>

#include "node/access/scope.h"

static const struct scope_info scopes[] = {
	{ SCOPE_READ, "read",
	    "what the network shows; not which of it is this node's" },
	{ SCOPE_MATCH, "match",
	    "matches, candidates, teams and paths; they tell of the private "
	    "profile" },
	{ SCOPE_PROFILE, "profile",
	    "read and change the private profile, wishes, assessment results" },
	{ SCOPE_PUBLISH, "publish",
	    "publish and withdraw everything: card, organisation, demands, "
	    "courses" },
	{ SCOPE_DEMAND, "demand", "publish and withdraw demands" },
	{ SCOPE_COURSE, "course", "publish and withdraw courses" },
	{ SCOPE_ASSESS, "assess",
	    "publish assessments, sign results, hand in signed results" },
	{ SCOPE_OFFER, "offer", "make offers and go on with those made" },
	{ SCOPE_INBOX, "inbox", "read offers that came and answer them" },
	{ SCOPE_EVIDENCE, "evidence",
	    "agreements, outcomes, credentials, the ledger of pledges" },
	{ SCOPE_COMMUNITY, "community", "communities and their sessions" },
	{ SCOPE_TRUST, "trust", "whom this node trusts and blocks" },
	{ SCOPE_NETWORK, "network",
	    "peers, sync, import of records and vocabularies" },
};

static const struct {
	const char *type;
	unsigned scopes;
} events[] = {
	{ "record", SCOPE_READ },
	{ "gone", SCOPE_READ },
	{ "peer", SCOPE_READ | SCOPE_NETWORK },
	{ "vocabulary", SCOPE_READ },
	{ "ledger", SCOPE_EVIDENCE },
	{ "feed", SCOPE_DEMAND | SCOPE_PUBLISH },
	{ "document", SCOPE_EVIDENCE },
	{ "gap", SCOPE_ALL },
};

const struct scope_info *
scope_table(size_t *n)
{
	*n = ARRAY_LEN(scopes);
	return scopes;
}

unsigned
scope_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
		if (strcmp(scopes[i].name, name) == 0)
			return scopes[i].scope;
	return 0;
}

void
scopes_text(char *out, size_t cap, unsigned held, const char *between)
{
	size_t n = 0;

	(void)snprintf(out, cap, "owner");
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		if ((held & scopes[i].scope) == 0 || n + 1 >= cap)
			continue;
		const int more = snprintf(out + n, cap - n, "%s%s",
		    n == 0 ? "" : between, scopes[i].name);
		n = MIN(cap - 1, n + (size_t)more);
	}
}

unsigned
scope_of_event(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (strcmp(events[i].type, type) == 0)
			return events[i].scopes;
	return 0;
}
