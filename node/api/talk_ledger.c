/*
 * What a company told of its ledger of pledges in a conversation: shown to the
 * person, checked now; and told again, as far as it has grown, to them.
 */
#include <stdlib.h>

#include "node/api/proof.h"
#include "node/api/talk.h"
#include "node/company/told.h"
#include "proto/base/text.h"

/* The proofs that came, in their order: the first ones and the last. */
struct proofs {
	uint8_t bytes[TOLD_MAX][MAIL_LEDGER_MAX];
	struct slice list[TOLD_MAX];
	size_t n;
};

static void
proofs_of(struct proofs *p, const json_t *said)
{
	const json_t *one;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)said, i, one)
	{
		const size_t at = MIN(p->n, (size_t)TOLD_MAX - 1);
		const char *hex =
		    json_string_value(json_object_get(one, "ledger"));
		const char *from =
		    json_string_value(json_object_get(one, "from"));
		struct buf b = { p->bytes[at], 0, MAIL_LEDGER_MAX };
		if (hex == NULL || from == NULL || strcmp(from, "peer") != 0 ||
		    hex_get(slice_str(hex), &b) != OK)
			continue;
		p->list[at] = buf_slice(&b);
		p->n = at + 1;
	}
}

json_t *
talk_ledger_json(
    struct node *n, const struct talk *t, uint32_t language, const json_t *said)
{
	struct proofs *p = t->c.company ? NULL : calloc(1, sizeof(*p));
	json_t *o = NULL;

	if (p == NULL)
		return json_null();
	proofs_of(p, said);
	for (size_t i = 0; i < p->n && o == NULL; i++) {
		o = proof_json(n, language, p->list[i], t->c.peer);
		const char *type =
		    json_string_value(json_object_get(o, "type"));
		if (type != NULL && strcmp(type, "opening") == 0)
			break;
		json_decref(o);
		o = NULL;
	}
	if (p->n > 0 && o == NULL)
		o = json_pack("{s:b,s:s}", "good", 0, "says",
		    "what came as an opening of its ledger is none");
	if (o != NULL)
		(void)json_object_set_new(
		    o, "extension", proof_told(n, t->c.peer, p->list, p->n));
	free(p);
	return o == NULL ? json_null() : o;
}

/* ---- to tell ---- */

static void
fail_next(struct http_request *r, err e)
{
	if (e == ERR_EXISTS)
		http_fail(r, 409, "E3611", NULL,
		    "ohcn pledge ledger says when the root changes",
		    "the other side was told of the ledger as it is published "
		    "now");
	else if (e == ERR_NOTFOUND)
		http_fail(r, 409, "E3601", NULL, "ohcn pledge publish",
		    "no root of this ledger is published that others could "
		    "check it against");
	else if (e == ERR_CORRUPT)
		http_fail(r, 409, "E3612", NULL, "ohcn pledge ledger",
		    "the root that was told here is none of the list that this "
		    "node has: an old backup, or another device");
	else
		http_fail_err(r, e, "the proof cannot be written");
}

static void
tell(struct node *n, struct http_request *r, struct talk *t, bool dry)
{
	uint8_t bytes[MAIL_LEDGER_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	enum mail_outcome outcome = MAIL_FINE;
	uint32_t older, newer;
	err e = told_next(n, t, &out, &older, &newer);

	if (e != OK) {
		fail_next(r, e);
		return;
	}
	if (!dry)
		e = mailbox_say_document(
		    n, t, MAIL_LEDGER, buf_slice(&out), &outcome);
	if (e != OK || outcome != MAIL_FINE) {
		talk_fail(r, e, outcome);
		return;
	}
	json_t *o = json_pack("{s:b,s:s}", "dry_run", dry, "type",
	    older == 0 ? "opening" : "extension");
	if (older == 0)
		(void)json_object_set_new(o, "older_size", json_null());
	else
		json_uint(o, "older_size", older);
	json_uint(o, "size", newer);
	json_hex(o, "bytes_hex", buf_slice(&out));
	(void)json_object_set_new(o, "talk", talk_json(n, t));
	http_reply(r, 200, o);
}

void
api_talk_ledger(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	struct talk *t = talk_named(n, r);
	json_t *body = t == NULL ? NULL : http_json(r);

	if (body == NULL)
		return;
	if (t->c.company)
		tell(n, r, t, json_is_true(json_object_get(body, "dry_run")));
	else
		http_fail(r, 409, "E3610", NULL, "ohcn inbox show",
		    "a person keeps no ledger of pledges: the company tells "
		    "of its own");
	json_decref(body);
}
