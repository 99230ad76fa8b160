/* credential/credential.c: reading and judging; writing is write.c. */
#include "node/credential/credential.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/record/names.h"

#define LIST_MAX 64 /* items of a list that are looked at */

static const struct {
	const char *name, *text;
} faults[CREDENTIAL_FAULTS] = {
	[CREDENTIAL_FINE] = { "fine", "the credential is good" },
	[CREDENTIAL_NOT_ONE] = { "not-a-credential",
	    "this is no VerifiableCredential" },
	[CREDENTIAL_UNKNOWN_VERSION] = { "unknown-version",
	    "it is not of version 2.0 of the data model" },
	[CREDENTIAL_MALFORMED] = { "malformed-credential",
	    "a member is missing or is not what it must be" },
	[CREDENTIAL_BAD_PROOF] = { "bad-proof", "its proof does not hold" },
	[CREDENTIAL_WRONG_ISSUER] = { "wrong-issuer",
	    "it is signed by another key than its issuer's" },
	[CREDENTIAL_UNBOUND_ISSUER] = { "unbound-issuer",
	    "the signature is good, but nothing says that the key is the "
	    "issuer's" },
	[CREDENTIAL_NOT_YET_VALID] = { "not-yet-valid", "it is not valid yet" },
	[CREDENTIAL_EXPIRED] = { "expired", "it has expired" },
};

const char *
credential_fault_name(enum credential_fault f)
{
	ASSERT((unsigned)f < CREDENTIAL_FAULTS);
	return faults[f].name;
}

const char *
credential_fault_text(enum credential_fault f)
{
	ASSERT((unsigned)f < CREDENTIAL_FAULTS);
	return faults[f].text;
}

/* ---- reading JSON-LD that may be one or a list ---- */

static const json_t *
nth(const json_t *v, size_t i)
{
	if (json_is_array(v))
		return i < LIST_MAX ? json_array_get(v, i) : NULL;
	return i == 0 ? v : NULL;
}

/* A text, of a list the first, of a text with its language the text. */
static const char *
text_of(const json_t *o, const char *key)
{
	const json_t *v = nth(json_object_get(o, key), 0);

	if (json_is_object(v))
		v = json_object_get(v, "@value");
	return json_is_string(v) ? json_string_value(v) : "";
}

static bool
names(const json_t *list, const char *name)
{
	for (size_t i = 0; nth(list, i) != NULL; i++) {
		const char *s = json_string_value(nth(list, i));
		if (s != NULL && strcmp(s, name) == 0)
			return true;
	}
	return false;
}

/* ---- skills of an achievement ---- */

static uint64_t
term_of(const char *url)
{
	static const char own[] = "urn:ohcn:term:";
	uint8_t raw[TERM_ID + 1];
	struct buf b = { raw, 0, sizeof(raw) };

	if (url[0] == '\0')
		return 0;
	if (strncmp(url, own, sizeof(own) - 1) == 0 &&
	    hex_get(slice_str(url + sizeof(own) - 1), &b) == OK &&
	    b.n == TERM_ID)
		return get_u64be(raw);
	return term_of_uri(slice_str(url));
}

/* Does the description of a result, or the result itself, name the skill? */
static bool
is_about(const json_t *o, const char *url)
{
	const json_t *list = json_object_get(o, "alignment");

	for (size_t i = 0; nth(list, i) != NULL; i++)
		if (strcmp(text_of(nth(list, i), "targetUrl"), url) == 0)
			return true;
	return false;
}

static const json_t *
described(const json_t *achievement, const char *id)
{
	const json_t *all = json_object_get(achievement, "resultDescription");

	for (size_t i = 0; id[0] != '\0' && nth(all, i) != NULL; i++)
		if (strcmp(text_of(nth(all, i), "id"), id) == 0)
			return nth(all, i);
	return NULL;
}

static void
take_result(struct credential_skill *s, const json_t *subject,
    const json_t *achievement)
{
	const json_t *results = json_object_get(subject, "result");

	for (size_t i = 0; nth(results, i) != NULL; i++) {
		const json_t *r = nth(results, i);
		const json_t *d =
		    described(achievement, text_of(r, "resultDescription"));
		if (!is_about(r, s->url) && !is_about(d, s->url))
			continue;
		s->value = text_of(r, "value");
		/* only of a scale that is ours: other fives mean other things */
		if (strlen(s->value) == 1 && s->value[0] >= '1' &&
		    s->value[0] <= '5' &&
		    strncmp(text_of(d, "id"), "urn:ohcn:", 9) == 0)
			s->level = (uint8_t)(s->value[0] - '0');
		return;
	}
}

static void
take_skills(
    const json_t *subject, const json_t *achievement, struct credential_view *v)
{
	const json_t *list = json_object_get(achievement, "alignment");

	for (size_t i = 0; nth(list, i) != NULL; i++) {
		if (v->skills_n == ARRAY_LEN(v->skills)) {
			v->skills_left_out++;
			continue;
		}
		struct credential_skill *s = &v->skills[v->skills_n++];
		s->url = text_of(nth(list, i), "targetUrl");
		s->name = text_of(nth(list, i), "targetName");
		s->value = "";
		s->term = term_of(s->url);
		if (s->url[0] != '\0')
			take_result(s, subject, achievement);
	}
	if (json_is_array(list) && json_array_size(list) > LIST_MAX)
		v->skills_left_out += json_array_size(list) - LIST_MAX;
}

/* ---- the whole ---- */

static enum credential_fault
malformed(char why[JCS_WHY], const char *member)
{
	(void)snprintf(why, JCS_WHY, "%s", member);
	return CREDENTIAL_MALFORMED;
}

static bool
take_time(const json_t *o, const char *key, bool *there, int64_t *t)
{
	const json_t *v = json_object_get(o, key);

	*there = v != NULL;
	return v == NULL ||
	       (json_is_string(v) && proof_time(json_string_value(v), t) == OK);
}

static enum credential_fault
take_issuer(const json_t *o, struct credential_view *v, char why[JCS_WHY])
{
	const json_t *issuer = json_object_get(o, "issuer");

	if (json_is_string(issuer)) {
		v->issuer = json_string_value(issuer);
	} else if (json_is_object(issuer)) {
		const json_t *id = json_object_get(issuer, "id");
		v->issuer = json_is_string(id) ? json_string_value(id) : "";
		v->issuer_name = text_of(issuer, "name");
	}
	return v->issuer[0] == '\0' ? malformed(why, "issuer")
				    : CREDENTIAL_FINE;
}

static enum credential_fault
take_subject(const json_t *o, struct credential_view *v, char why[JCS_WHY])
{
	const json_t *list = json_object_get(o, "credentialSubject");
	const json_t *subject = nth(list, 0);

	if (!json_is_object(subject) || json_object_size(subject) == 0)
		return malformed(why, "credentialSubject");
	v->subjects_n = json_is_array(list) ? json_array_size(list) : 1;
	v->subject = text_of(subject, "id");
	if (!v->badge)
		return CREDENTIAL_FINE;
	const json_t *achievement =
	    nth(json_object_get(subject, "achievement"), 0);
	if (!json_is_object(achievement))
		return malformed(why, "credentialSubject.achievement");
	v->description = text_of(achievement, "description");
	if (v->name[0] == '\0')
		v->name = text_of(achievement, "name");
	take_skills(subject, achievement, v);
	return CREDENTIAL_FINE;
}

enum credential_fault
credential_read(
    const json_t *document, struct credential_view *out, char why[JCS_WHY])
{
	const json_t *type = json_object_get(document, "type");
	const json_t *first = nth(json_object_get(document, "@context"), 0);

	*out = (struct credential_view){ .id = "",
		.issuer = "",
		.issuer_name = "",
		.subject = "",
		.name = "",
		.description = "" };
	why[0] = '\0';
	if (!names(type, "VerifiableCredential"))
		return CREDENTIAL_NOT_ONE;
	if (!json_is_string(first) ||
	    strcmp(json_string_value(first), CREDENTIAL_CONTEXT) != 0) {
		(void)snprintf(why, JCS_WHY,
		    "its first @context is not " CREDENTIAL_CONTEXT);
		return CREDENTIAL_UNKNOWN_VERSION;
	}
	out->id = text_of(document, "id");
	out->name = text_of(document, "name");
	out->description = text_of(document, "description");
	out->badge = names(type, "OpenBadgeCredential") ||
		     names(type, "AchievementCredential");
	out->has_status = json_object_get(document, "credentialStatus") != NULL;
	if (!take_time(document, "validFrom", &out->has_from, &out->from))
		return malformed(why, "validFrom");
	if (!take_time(document, "validUntil", &out->has_until, &out->until))
		return malformed(why, "validUntil");
	if (out->has_from && out->has_until && out->until < out->from)
		return malformed(why, "validUntil lies before validFrom");
	const enum credential_fault f = take_issuer(document, out, why);
	return f != CREDENTIAL_FINE ? f : take_subject(document, out, why);
}

static enum credential_fault
check_issuer(const struct credential_check *c,
    const uint8_t key[ED25519_PUBLIC], char why[JCS_WHY])
{
	uint8_t named[ED25519_PUBLIC];
	char did[DID_KEY_TEXT];

	did_key_put(did, c->proof.key);
	(void)snprintf(why, JCS_WHY, "signed by %s", did);
	if (key != NULL && memcmp(key, c->proof.key, ED25519_PUBLIC) != 0)
		return CREDENTIAL_WRONG_ISSUER;
	if (strncmp(c->view.issuer, "did:key:", 8) != 0)
		return key == NULL ? CREDENTIAL_UNBOUND_ISSUER
				   : CREDENTIAL_FINE;
	if (did_key_get(slice_str(c->view.issuer), named) != OK ||
	    memcmp(named, c->proof.key, ED25519_PUBLIC) != 0)
		return CREDENTIAL_WRONG_ISSUER;
	return CREDENTIAL_FINE;
}

static enum credential_fault
check_times(const struct credential_view *v, uint64_t now_s, char why[JCS_WHY])
{
	const int64_t now = (int64_t)MIN(now_s, (uint64_t)INT64_MAX);

	why[0] = '\0';
	if (now_s == 0)
		return CREDENTIAL_FINE;
	if (v->has_from && v->from > now) {
		(void)snprintf(why, JCS_WHY, "validFrom");
		return CREDENTIAL_NOT_YET_VALID;
	}
	if (v->has_until && v->until <= now) {
		(void)snprintf(why, JCS_WHY, "validUntil");
		return CREDENTIAL_EXPIRED;
	}
	return CREDENTIAL_FINE;
}

enum credential_fault
credential_verify(const json_t *document, uint64_t now_s,
    const uint8_t key[ED25519_PUBLIC], struct credential_check *out)
{
	memset(out, 0, sizeof(*out));
	out->fault = credential_read(document, &out->view, out->why);
	if (out->fault != CREDENTIAL_FINE)
		return out->fault;
	out->proof_checked = true;
	if (proof_verify(document, now_s, &out->proof) != PROOF_FINE) {
		memcpy(out->why, out->proof.why, sizeof(out->why));
		return out->fault = CREDENTIAL_BAD_PROOF;
	}
	out->fault = check_issuer(out, key, out->why);
	if (out->fault == CREDENTIAL_FINE)
		out->fault = check_times(&out->view, now_s, out->why);
	return out->fault;
}
