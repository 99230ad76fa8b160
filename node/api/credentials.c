/*
 * Credentials of a persona over the API: issued, accepted, held, shown, taken
 * back; as a file, and in the W3C form: node/evidence/credentials.h.
 */
#include "node/evidence/credentials.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/api/choose.h"
#include "node/api/parts.h"
#include "node/api/talk.h"
#include "node/credential/report.h"
#include "node/keys/persona.h"
#include "proto/base/text.h"
#include "proto/record/result.h"

#define DAYS_DEFAULT 730

/* ---- what went wrong ---- */

static void
fail(struct http_request *r, err e, enum evidence_fault f,
    enum mail_outcome outcome, const char *why)
{
	if (e == ERR_NOTFOUND)
		http_fail(r, 404, "E3541", "id", "ohcn credential list",
		    "there is no such credential of this persona");
	else if (e == ERR_FORM || (e == ERR_LIMIT && why[0] != '\0'))
		http_fail(r, 422, "E3540", NULL, "ohcn help credential", "%s",
		    why[0] == '\0' ? "this persona cannot do that with it"
				   : why);
	else if (e == OK && f != EVIDENCE_FINE)
		http_fail(r, 422, "E3542", NULL,
		    f == EVIDENCE_BAD_ROLE
			? "the issuer revokes, the holder accepts"
			: "ohcn help credential",
		    "it is no good document: %s", evidence_fault_name(f));
	else if (e == OK || e == ERR_CLOSED)
		talk_fail(r, e, outcome);
	else
		http_fail_err(
		    r, e, "the credential cannot be kept: %s", err_name(e));
}

/* Of {id} in the path; NULL: answered. */
static const struct holding *
named(struct node *n, struct http_request *r, uint32_t *persona)
{
	bool several = false;
	const struct holding *h;

	if (!persona_asked(n, r, persona))
		return NULL;
	h = documents_named(n, *persona, http_param(r, "id"), &several);
	if (h != NULL && h->type == EVIDENCE_CREDENTIAL)
		return h;
	http_fail(r, 404, "E3541", "id", "ohcn credential list",
	    "there is no credential \"%.40s\"%s", http_param(r, "id"),
	    several ? ", or several begin so" : "");
	return NULL;
}

/* ---- to issue ---- */

static bool
bad(struct http_request *r, const char *field, const char *hint,
    const char *what)
{
	http_fail(r, 422, "E3543", field, hint, "%s", what);
	return false;
}

/* "welding:3"; only what is called just so. */
static bool
skill_read(struct node *n, struct http_request *r, const char *text,
    struct evidence_skill *out)
{
	size_t len = text == NULL ? 0 : strlen(text);
	struct term_choice choice;
	char guesses[160] = "";

	out->level = 0;
	if (len == 0 || !level_cut(text, &len, &out->level) || out->level == 0)
		return bad(
		    r, "skills", "welding:3", "a skill has a level 1..5");
	const bool there =
	    term_choose(n->terms, text, len, 0, language_of(n, r), &choice);
	if (choice.guessed_of != NULL)
		terms_text(choice.guessed_of, guesses, sizeof(guesses));
	const bool exact = there && choice.guessed_of == NULL;
	json_decref(choice.guessed_of);
	if (!exact) {
		http_fail(r, 422, "E3543", "skills",
		    guesses[0] == '\0' ? "ohcn vocabulary search WORD"
				       : guesses,
		    "there is no skill called just \"%.*s\"",
		    (int)MIN(len, (size_t)80), text);
		return false;
	}
	out->term = vocabulary_term(n->terms->vocabulary, choice.at);
	return true;
}

static bool
skills_read(struct node *n, struct http_request *r, const json_t *list,
    struct evidence_skills *out)
{
	size_t i;
	json_t *one;

	if (json_array_size(list) + out->n > EVIDENCE_SKILLS)
		return bad(r, "skills", NULL, "at most 16 skills");
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		if (!skill_read(n, r, json_string_value(one), &out->at[out->n]))
			return false;
		out->n++;
	}
	return true;
}

static bool
method_read(const char *text, uint8_t *out)
{
	static const char *const names[] = { "assessed", "observed", "peers",
		"completed" };

	for (size_t i = 0; text != NULL && i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (uint8_t)(i + 1);
			return true;
		}
	return false;
}

static bool
refs_read(struct http_request *r, const json_t *list, struct credential *c)
{
	size_t i;
	json_t *one;

	if (json_array_size(list) > EVIDENCE_REFS)
		return bad(r, "refs", NULL, "at most 8 documents");
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		struct buf b = { c->refs[i], 0, EVIDENCE_ID };
		const char *hex = json_string_value(one);
		if (hex == NULL || hex_get(slice_str(hex), &b) != OK ||
		    b.n != EVIDENCE_ID)
			return bad(r, "refs", "64 hexadecimal digits",
			    "a document is named by its id");
		c->refs_n++;
	}
	return true;
}

/* The holder: of the conversation, or by key. */
static bool
holder_read(struct node *n, struct http_request *r, const json_t *body,
    struct credential_order *o)
{
	const char *talk = json_string_value(json_object_get(body, "talk"));
	const char *did = json_string_value(json_object_get(body, "holder"));

	if (talk != NULL) {
		o->talk = mailbox_find(n, talk);
		if (o->talk == NULL)
			return bad(r, "talk", "ohcn offer list",
			    "there is no such conversation");
		if (o->talk->persona != o->persona)
			return bad(r, "talk", "--persona",
			    "the conversation is another persona's");
		if (!credentials_holder_in(n, o->talk, o->c.holder) &&
		    did == NULL)
			return bad(r, "holder",
			    "sign an agreement there first, or give it as a "
			    "file: --holder did:key:... without --talk",
			    "who raised a hand has shown no key of their own "
			    "in this conversation");
	}
	if (did != NULL && did_key_get(slice_str(did), o->c.holder) != OK)
		return bad(r, "holder", "did:key:z6Mk...",
		    "this is no key of a persona");
	return talk != NULL || did != NULL ||
	       bad(r, "holder", "a did:key, or the id of a conversation",
		   "to whom is missing");
}

static bool
subject_read(struct http_request *r, const json_t *body, struct credential *c)
{
	const char *text = json_string_value(json_object_get(body, "subject"));

	return text == NULL ||
	       record_id_get(slice_str(text), c->subject) == OK ||
	       bad(r, "subject", "ohcn record list",
		   "this is no id of a record");
}

/*
 * What an assessor has signed about a person becomes a credential: holder and
 * skills are those of the result. Whoever issues it stands for the assessor's
 * word; where they are the same, for their own.
 */
static bool
result_read(struct node *n, struct http_request *r, const char *hex,
    struct credential_order *o)
{
	uint8_t bytes[ASSESS_RESULT_MAX], id[RECORD_ID];
	struct buf b = { bytes, 0, sizeof(bytes) };
	void *memory = malloc(VALUE_ARENA_BYTES);
	struct arena arena = arena_of(memory, VALUE_ARENA_BYTES);
	struct assess_result *a = malloc(sizeof(*a));
	bool good = memory != NULL && a != NULL &&
		    hex_get(slice_str(hex), &b) == OK &&
		    assess_result_read(buf_slice(&b), &arena, a, id) == OK &&
		    strcmp(a->net, n->config->node.network) == 0 &&
		    a->expires_h > node_now(n) / 3600;

	if (good) {
		memcpy(o->c.holder, a->person, ED25519_PUBLIC);
		o->c.method = CREDENTIAL_ASSESSED;
		for (uint16_t i = 0; i < a->levels_n; i++)
			if (a->levels[i].level > 0 &&
			    o->c.skills.n < EVIDENCE_SKILLS)
				o->c.skills.at[o->c.skills.n++] =
				    (struct evidence_skill){ a->levels[i].term,
					    a->levels[i].level };
	}
	free(memory);
	free(a);
	return good || bad(r, "result", "the line that ohcn assess sign gave",
			   "it is no signed result of this network that is "
			   "still good");
}

/* What the document's rules would refuse, said of the field it is about. */
static bool
order_fits(struct http_request *r, const struct credential *c)
{
	if (c->grade != 0 && (c->grade < 101 || c->grade > 499))
		return bad(r, "grade", NULL,
		    "101 first steps, 201, 301, 401 advanced, to 499");
	if (c->coach && c->grade == 0)
		return bad(r, "coach", "--grade 201",
		    "a coach is certified at a grade, and there is none");
	if (c->skills.n == 0 && c->grade == 0)
		return bad(r, "skills", "--skill welding:3",
		    "it says nothing that its holder can do: a skill with a "
		    "level, or a grade");
	return true;
}

static bool
order_read(struct node *n, struct http_request *r, const json_t *body,
    struct credential_order *o)
{
	const json_t *grade = json_object_get(body, "grade");
	const json_t *days = json_object_get(body, "days");
	const json_t *copies = json_object_get(body, "copies");
	const char *title = json_string_value(json_object_get(body, "title"));

	o->dry = json_is_true(json_object_get(body, "dry_run"));
	o->claims = json_object_get(body, "claims");
	if (title == NULL || strlen(title) > EVIDENCE_TITLE)
		return bad(r, "title", NULL, "a title of up to 120 bytes");
	(void)snprintf(o->c.title, sizeof(o->c.title), "%s", title);
	const char *result = json_string_value(json_object_get(body, "result"));
	if (result != NULL) {
		uint8_t person[ED25519_PUBLIC];
		if (!result_read(n, r, result, o))
			return false;
		memcpy(person, o->c.holder, sizeof(person));
		if (json_object_get(body, "talk") != NULL &&
		    (!holder_read(n, r, body, o)))
			return false;
		if (memcmp(person, o->c.holder, sizeof(person)) != 0)
			return bad(r, "result", NULL,
			    "the result is about somebody else than the other "
			    "side of the conversation");
	} else if (!method_read(
		       json_string_value(json_object_get(body, "method")),
		       &o->c.method))
		return bad(r, "method", NULL,
		    "how it is known: assessed, observed, peers or completed");
	o->c.grade = (uint16_t)MIN(
	    (uint64_t)json_integer_value(grade), (uint64_t)UINT16_MAX);
	o->c.coach = json_is_true(json_object_get(body, "coach"));
	o->days = days == NULL
		      ? DAYS_DEFAULT
		      : (uint32_t)MIN((uint64_t)json_integer_value(days),
			    (uint64_t)UINT32_MAX);
	o->copies = copies == NULL
			? 1
			: (unsigned)MIN((uint64_t)json_integer_value(copies),
			      (uint64_t)UINT16_MAX);
	return (result != NULL || holder_read(n, r, body, o)) &&
	       subject_read(r, body, &o->c) &&
	       refs_read(r, json_object_get(body, "refs"), &o->c) &&
	       skills_read(
		   n, r, json_object_get(body, "skills"), &o->c.skills) &&
	       order_fits(r, &o->c);
}

void
api_credential_issue(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct credential_order *o = calloc(1, sizeof(*o));
	json_t *body, *out = NULL;
	enum evidence_fault f;
	enum mail_outcome outcome;
	char why[CREDENTIALS_WHY];

	if (o == NULL) {
		http_fail_err(r, ERR_NOMEM, "no memory");
		return;
	}
	body = persona_asked(n, r, &o->persona) ? http_json(r) : NULL;
	if (body != NULL && order_read(n, r, body, o)) {
		const err e = credentials_issue(n, o, &out, &f, &outcome, why);
		if (e != OK || f != EVIDENCE_FINE || outcome != MAIL_FINE)
			fail(r, e, f, outcome, why);
		else
			http_reply(r, 200,
			    json_pack("{s:b,s:b,s:O}", "dry_run", o->dry,
				"sent", o->talk != NULL && !o->dry,
				o->dry ? "would_sign" : "issued", out));
	}
	json_decref(out);
	json_decref(body);
	free(o);
}

/* ---- what is held ---- */

void
api_credentials(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;

	if (persona_asked(n, r, &persona))
		http_reply(
		    r, 200, credentials_list(n, persona, language_of(n, r)));
}

void
api_credential(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = named(n, r, &persona);

	if (h != NULL)
		http_reply(r, 200, credentials_json(n, h, language_of(n, r)));
}

static void
reply_done(struct node *n, struct http_request *r, uint32_t persona,
    const uint8_t id[EVIDENCE_ID], bool sent)
{
	const struct holding *h = documents_find(n, persona, id);
	json_t *o =
	    h == NULL ? NULL : credentials_json(n, h, language_of(n, r));

	http_reply(
	    r, 200, json_pack("{s:b,s:o?}", "sent", sent, "credential", o));
}

void
api_credential_accept(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = named(n, r, &persona);
	uint8_t id[EVIDENCE_ID];
	enum evidence_fault f;
	enum mail_outcome outcome;
	bool sent;

	if (h == NULL)
		return;
	memcpy(id, h->id, sizeof(id));
	const err e = credentials_accept(n, persona, id, &sent, &outcome, &f);
	if (e != OK || f != EVIDENCE_FINE || outcome != MAIL_FINE)
		fail(r, e, f, outcome, "");
	else
		reply_done(n, r, persona, id, sent);
}

void
api_credential_send(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = named(n, r, &persona);
	json_t *body = h == NULL ? NULL : http_json(r);
	uint8_t id[EVIDENCE_ID];
	char why[CREDENTIALS_WHY] = "";
	enum mail_outcome outcome;

	if (body == NULL)
		return;
	memcpy(id, h->id, sizeof(id));
	const char *name = json_string_value(json_object_get(body, "talk"));
	struct talk *t = name == NULL ? NULL : mailbox_find(n, name);
	if (t == NULL) {
		(void)bad(r, "talk", "ohcn inbox list, ohcn offer list",
		    "there is no such conversation");
	} else {
		const err e =
		    credentials_send(n, persona, id, t, &outcome, why);
		if (e != OK || outcome != MAIL_FINE)
			fail(r, e, EVIDENCE_FINE, outcome, why);
		else
			reply_done(n, r, persona, id, true);
	}
	json_decref(body);
}

static uint8_t
reason_of(const char *text)
{
	static const char *const names[] = { "unspecified", "mistake",
		"replaced", "misuse" };

	for (size_t i = 0; text != NULL && i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0)
			return (uint8_t)(i + 1);
	return 0;
}

void
api_credential_revoke(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = named(n, r, &persona);
	json_t *body = h == NULL ? NULL : http_json(r);
	uint8_t id[EVIDENCE_ID];
	enum evidence_fault f;
	enum mail_outcome outcome;
	bool sent;

	if (body == NULL)
		return;
	memcpy(id, h->id, sizeof(id));
	const uint8_t reason =
	    reason_of(json_string_value(json_object_get(body, "reason")));
	json_decref(body);
	if (reason == 0) {
		(void)bad(r, "reason", NULL,
		    "why: unspecified, mistake, replaced or misuse");
		return;
	}
	const err e = credentials_revoke(n, persona, id,
	    (enum credential_end_reason)reason, &sent, &outcome, &f);
	if (e != OK || f != EVIDENCE_FINE || outcome != MAIL_FINE)
		fail(r, e, f, outcome, "");
	else
		reply_done(n, r, persona, id, sent);
}

/* ---- files ---- */

void
api_credential_file(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = named(n, r, &persona);

	if (h == NULL)
		return;
	json_t *o = credentials_file(n, persona, h->id);
	if (o == NULL)
		http_fail_err(r, ERR_CORRUPT, "it cannot be read");
	else
		http_reply(r, 200, o);
}

void
api_credential_badge(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	const struct holding *h = named(n, r, &persona);
	uint8_t id[EVIDENCE_ID];
	char why[CREDENTIALS_WHY];
	json_t *o;

	if (h == NULL)
		return;
	memcpy(id, h->id, sizeof(id));
	const err e = credentials_badge(n, persona, id, &o, why);
	if (e != OK)
		fail(r, e, EVIDENCE_FINE, MAIL_FINE, why);
	else
		http_reply(r, 200, o);
}

/* A W3C credential of others: only what is good is held. */
static void
import_badge(struct node *n, struct http_request *r, uint32_t persona,
    const json_t *badge)
{
	struct credential_check c;
	char name[17], why[CREDENTIALS_WHY] = "";

	if (credential_verify(badge, node_now(n), NULL, &c) !=
	    CREDENTIAL_FINE) {
		http_fail(r, 422, "E3544", NULL,
		    "ohcn credential verify FILE says more",
		    "it is not good, so it is not kept: %s",
		    credential_outcome(&c));
		return;
	}
	const err e = credentials_keep_badge(n, persona, badge, name, why);
	if (e != OK)
		fail(r, e, EVIDENCE_FINE, MAIL_FINE, why);
	else
		http_reply(r, 200,
		    json_pack("{s:s,s:o}", "held_as", name, "badge",
			credential_view_json(&c.view)));
}

void
api_credential_import(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const struct slice text = http_body(r);
	uint8_t id[EVIDENCE_ID];
	char why[CREDENTIALS_WHY] = "larger than 64 KiB";
	enum evidence_fault f;
	json_t *body = NULL;
	uint32_t persona;

	if (!persona_asked(n, r, &persona))
		return;
	if (text.n > (size_t)64 << 10 || jcs_read(text, &body, why) != OK ||
	    !json_is_object(body)) {
		http_fail(r, 422, "E3521", "credential",
		    "a file of ohcn credential export, or a W3C credential",
		    "this is no credential as JSON: %s", why);
		json_decref(body);
		return;
	}
	if (json_object_get(body, "ohcn") == NULL) {
		import_badge(n, r, persona, body);
	} else {
		const err e =
		    credentials_take_file(n, persona, body, id, &f, why);
		if (e != OK || f != EVIDENCE_FINE)
			fail(r, e, f, MAIL_FINE, why);
		else
			reply_done(n, r, persona, id, false);
	}
	json_decref(body);
}

void
api_badge(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	uint32_t persona;
	json_t *o;

	if (!persona_asked(n, r, &persona))
		return;
	o = credentials_badge_named(n, persona, http_param(r, "name"));
	if (o == NULL)
		http_fail(r, 404, "E3541", "name", "ohcn credential list",
		    "no such badge is held");
	else
		http_reply(r, 200, o);
}

/* A native one, or a badge. */
void
api_credential_forget(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const char *name = http_param(r, "id");
	uint32_t persona;
	err e;

	if (!persona_asked(n, r, &persona))
		return;
	json_t *badge = credentials_badge_named(n, persona, name);
	if (badge != NULL) {
		json_decref(badge);
		e = credentials_badge_forget(n, persona, name);
	} else {
		const struct holding *h = named(n, r, &persona);
		if (h == NULL)
			return;
		e = documents_forget(n, persona, h->id);
	}
	if (e != OK)
		http_fail_err(r, e, "it cannot be deleted");
	else
		http_reply(r, 200, json_pack("{s:b}", "forgotten", 1));
}
