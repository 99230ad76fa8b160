#include "node/credential/report.h"

#include <stdio.h>

#include "proto/record/names.h"

static json_t *
text_or_null(const char *text)
{
	return text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *
time_or_null(bool there, int64_t t)
{
	char text[PROOF_TIME_TEXT];

	if (!there || t < 0)
		return json_null();
	proof_time_put(text, (uint64_t)t);
	return json_string(text);
}

static json_t *
skills_json(const struct credential_view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->skills_n; i++) {
		const struct credential_skill *s = &v->skills[i];
		char term[2 * TERM_ID + 1];
		(void)snprintf(term, sizeof(term), "%016" PRIx64, s->term);
		json_array_append_new(list,
		    json_pack("{s:o,s:o,s:o,s:o,s:o}", "name",
			text_or_null(s->name), "url", text_or_null(s->url),
			"term", s->term == 0 ? json_null() : json_string(term),
			"value", text_or_null(s->value), "level",
			s->level == 0 ? json_null() : json_integer(s->level)));
	}
	return list;
}

json_t *
credential_view_json(const struct credential_view *v)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:o,s:o,s:b,s:I,s:o,"
			 "s:I}",
	    "id", text_or_null(v->id), "issuer", text_or_null(v->issuer),
	    "issuer_name", text_or_null(v->issuer_name), "subject",
	    text_or_null(v->subject), "name", text_or_null(v->name),
	    "description", text_or_null(v->description), "open_badge",
	    (int)v->badge, "valid_from", time_or_null(v->has_from, v->from),
	    "valid_until", time_or_null(v->has_until, v->until), "has_status",
	    (int)v->has_status, "subjects", (json_int_t)v->subjects_n, "skills",
	    skills_json(v), "skills_left_out", (json_int_t)v->skills_left_out);
}

const char *
credential_outcome(const struct credential_check *c)
{
	return c->fault == CREDENTIAL_BAD_PROOF
		   ? proof_fault_name(c->proof.fault)
		   : credential_fault_name(c->fault);
}

json_t *
credential_check_json(const struct credential_check *c)
{
	const bool proved = c->proof_checked && c->proof.fault == PROOF_FINE;
	char did[DID_KEY_TEXT];

	did_key_put(did, c->proof.key);
	return json_pack("{s:b,s:s,s:s,s:o,s:o,s:s,s:o}", "valid",
	    c->fault == CREDENTIAL_FINE, "outcome", credential_outcome(c),
	    "proof",
	    !c->proof_checked ? "not-checked"
			      : proof_fault_name(c->proof.fault),
	    "signed_by", proved ? json_string(did) : json_null(), "signed_at",
	    proved ? time_or_null(c->proof.has_created, c->proof.created)
		   : json_null(),
	    "status", c->view.has_status ? "not-checked" : "none", "credential",
	    c->proof_checked ? credential_view_json(&c->view) : json_null());
}
