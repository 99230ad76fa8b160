/* credential/write.c: a native credential as an Open Badge. */
#include <stdio.h>
#include <stdlib.h>

#include "node/credential/credential.h"
#include "proto/base/text.h"
#include "proto/record/names.h"

#define URN_TEXT 160

/* What stands behind the credential, for people and as OB 3.0 names it. */
static const struct {
	const char *type, *narrative;
} methods[] = {
	[CREDENTIAL_ASSESSED] = { "Assessment", "An assessment was passed." },
	[CREDENTIAL_OBSERVED] = { "Competency",
	    "The skills were seen at work by the issuer." },
	[CREDENTIAL_PEERS] = { "Competency",
	    "Several peers have confirmed it together." },
	[CREDENTIAL_COMPLETED] = { "CertificateOfCompletion",
	    "It was attended to the end; no skill was tested." },
};

static const char *
narrative_of(const struct credential *c)
{
	if (c->method < ARRAY_LEN(methods) &&
	    methods[c->method].narrative != NULL)
		return methods[c->method].narrative;
	return "The issuer states it.";
}

static const char *
type_of(const struct credential *c)
{
	if (c->grade != 0 || c->coach)
		return "Certification";
	if (c->method < ARRAY_LEN(methods) && methods[c->method].type != NULL)
		return methods[c->method].type;
	return "Achievement";
}

static void
urn_put(char out[URN_TEXT], const uint8_t id[EVIDENCE_ID], const char *rest)
{
	char hex[2 * EVIDENCE_ID + 1];

	const err e = hex_put(hex, sizeof(hex), slice_of(id, EVIDENCE_ID));
	ASSERT(e == OK);
	(void)snprintf(out, URN_TEXT, "urn:ohcn:document:%s%s", hex, rest);
}

/* One skill as the target of an alignment. */
static json_t *
alignment(uint64_t term, const struct credential_names *names)
{
	struct slice uri = { NULL, 0 }, label = { NULL, 0 };
	char own[48];

	if (names != NULL && !names->name(names->ctx, term, &uri, &label))
		uri = label = slice_of(NULL, 0);
	(void)snprintf(own, sizeof(own), "urn:ohcn:term:%016" PRIx64, term);
	if (uri.n == 0)
		uri = slice_str(own);
	if (label.n == 0)
		label = uri;
	return json_pack("{s:[s],s:s%,s:s%}", "type", "Alignment", "targetName",
	    (const char *)label.p, label.n, "targetUrl", (const char *)uri.p,
	    uri.n);
}

/* Appends; takes the reference. */
static bool
append(json_t *list, json_t *item)
{
	return item != NULL && json_array_append_new(list, item) == 0;
}

struct lists {
	json_t *alignments, *descriptions, *results;
};

static bool
add_skill(struct lists *l, const struct evidence_skill *s, const char *scale,
    const struct credential_names *names)
{
	const char level[2] = { (char)('0' + s->level % 10), '\0' };
	json_t *target = alignment(s->term, names);

	if (target == NULL)
		return false;
	const bool ok =
	    append(l->alignments, json_incref(target)) &&
	    append(l->descriptions,
		json_pack("{s:s,s:[s],s:s,s:s,s:[s,s,s,s,s],s:[O]}", "id",
		    scale, "type", "ResultDescription", "name",
		    "Level, from 1 (beginner) to 5 (expert)", "resultType",
		    "PerformanceLevel", "allowedValue", "1", "2", "3", "4", "5",
		    "alignment", target)) &&
	    append(l->results, json_pack("{s:[s],s:s,s:s,s:[O]}", "type",
				   "Result", "resultDescription", scale,
				   "value", level, "alignment", target));
	json_decref(target);
	return ok;
}

static bool
add_skills(struct lists *l, const struct credential *c,
    const uint8_t id[EVIDENCE_ID], const struct credential_names *names)
{
	for (size_t i = 0; i < MIN(c->skills.n, EVIDENCE_SKILLS); i++) {
		char rest[16], scale[URN_TEXT];
		(void)snprintf(rest, sizeof(rest), ":level:%u", (unsigned)i);
		urn_put(scale, id, rest);
		if (!add_skill(l, &c->skills.at[i], scale, names))
			return false;
	}
	return true;
}

/* Empty lists are left out: contexts know no empty result. */
static bool
set_list(json_t *o, const char *key, json_t *list)
{
	return json_array_size(list) == 0 || json_object_set(o, key, list) == 0;
}

static json_t *
achievement(const struct credential *c, const uint8_t id[EVIDENCE_ID],
    const struct lists *l)
{
	char urn[URN_TEXT], text[EVIDENCE_TITLE + 160], grade[16];
	const char *why = narrative_of(c);

	urn_put(urn, id, ":achievement");
	(void)snprintf(text, sizeof(text), "%s%s", why,
	    c->coach ? " The holder may coach at this grade." : "");
	json_t *a = json_pack("{s:s,s:[s],s:s,s:s,s:s,s:{s:s}}", "id", urn,
	    "type", "Achievement", "achievementType", type_of(c), "name",
	    c->title, "description", text, "criteria", "narrative", why);
	bool ok = a != NULL && set_list(a, "alignment", l->alignments) &&
		  set_list(a, "resultDescription", l->descriptions);
	(void)snprintf(grade, sizeof(grade), "%u", c->grade);
	if (ok && c->grade != 0)
		ok = json_object_set_new(a, "humanCode", json_string(grade)) ==
		     0;
	if (ok)
		return a;
	json_decref(a);
	return NULL;
}

static json_t *
subject(const struct credential *c, const uint8_t id[EVIDENCE_ID],
    const struct credential_names *names)
{
	struct lists l = { json_array(), json_array(), json_array() };
	char holder[DID_KEY_TEXT];
	json_t *s = NULL, *a = NULL;

	did_key_put(holder, c->holder);
	if (l.alignments != NULL && l.descriptions != NULL &&
	    l.results != NULL && add_skills(&l, c, id, names))
		a = achievement(c, id, &l);
	if (a != NULL)
		s = json_pack("{s:s,s:[s],s:o}", "id", holder, "type",
		    "AchievementSubject", "achievement", a);
	if (s != NULL && !set_list(s, "result", l.results)) {
		json_decref(s);
		s = NULL;
	}
	json_decref(l.alignments);
	json_decref(l.descriptions);
	json_decref(l.results);
	return s;
}

/* The documents it rests on, by id: whoever holds them shows them. */
static bool
set_evidence(json_t *o, const struct credential *c)
{
	json_t *list = json_array();
	bool ok = list != NULL;

	for (size_t i = 0; ok && i < MIN(c->refs_n, EVIDENCE_REFS); i++) {
		char urn[URN_TEXT];
		urn_put(urn, c->refs[i], "");
		ok = append(list,
		    json_pack("{s:s,s:[s]}", "id", urn, "type", "Evidence"));
	}
	ok = ok && set_list(o, "evidence", list);
	json_decref(list);
	return ok;
}

err
credential_write(const struct credential *c, const uint8_t id[EVIDENCE_ID],
    const struct credential_names *names, json_t **out)
{
	char urn[URN_TEXT], issuer[DID_KEY_TEXT];
	char from[PROOF_TIME_TEXT], until[PROOF_TIME_TEXT];
	json_t *about;

	*out = NULL;
	if (!text_is_clean(slice_str(c->title)))
		return ERR_FORM;
	about = subject(c, id, names);
	if (about == NULL)
		return ERR_NOMEM;
	urn_put(urn, id, "");
	did_key_put(issuer, c->issuer);
	proof_time_put(from, (uint64_t)c->issued * 3600);
	*out = json_pack("{s:[s,s],s:s,s:[s,s],s:{s:s,s:[s]},s:s,s:s,s:o}",
	    "@context", CREDENTIAL_CONTEXT, CREDENTIAL_BADGE_CONTEXT, "id", urn,
	    "type", "VerifiableCredential", "OpenBadgeCredential", "issuer",
	    "id", issuer, "type", "Profile", "name", c->title, "validFrom",
	    from, "credentialSubject", about);
	if (*out == NULL)
		return ERR_NOMEM;
	proof_time_put(until, (uint64_t)c->expires * 3600);
	if ((c->expires == 0 || json_object_set_new(*out, "validUntil",
				    json_string(until)) == 0) &&
	    set_evidence(*out, c))
		return OK;
	json_decref(*out);
	*out = NULL;
	return ERR_NOMEM;
}
