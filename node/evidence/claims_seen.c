/* What comes in: questions to a person, leaves shown to a company, and what
 * those are worth. */
#include <stdio.h>
#include <stdlib.h>

#include "node/evidence/claims.h"
#include "node/evidence/claims_internal.h"
#include "node/evidence/documents.h"
#include "node/evidence/shown.h"
#include "node/keys/persona.h"
#include "proto/base/text.h"

#define REFUSED 8

/* ---- what comes ---- */

err
claims_on_ask(struct node *n, struct talk *t, struct slice bytes)
{
	json_t *page = claims_page(n, t), *names = json_array();

	while (bytes.n > 0) {
		size_t k = 0;
		while (k < bytes.n && bytes.p[k] != '\n')
			k++;
		(void)json_array_append_new(
		    names, json_stringn((const char *)bytes.p, k));
		bytes = slice_of(bytes.p + k, bytes.n - k);
		if (bytes.n > 0)
			bytes = slice_of(bytes.p + 1, bytes.n - 1);
	}
	(void)json_object_set_new(page, "asked", names);
	const err e = claims_page_put(n, t, page);
	json_decref(page);
	return e;
}

static enum evidence_fault
judge(struct node *n, const struct talk *t, const json_t *page,
    struct slice bytes, uint64_t now_s, struct arena *scratch,
    struct presentation *p, bool *unasked)
{
	const struct shown_from from = {
		.net = slice_str(n->config->node.network),
		.verifier = t->c.own,
		.holder = t->c.by_hand ? NULL : t->c.peer,
		.nonce = t->c.own_nonce,
		.conversation = t->c.id,
		.asked = json_object_get(page, "asked"),
		.now_s = now_s,
	};

	return shown_open(bytes, &from, scratch, p, unasked);
}

/* Only the newest of what was refused. */
static void
note_refused(struct node *n, json_t *page, const char *fault)
{
	json_t *list = claims_list(page, "refused");

	if (json_array_size(list) >= REFUSED)
		(void)json_array_remove(list, 0);
	(void)json_array_append_new(list, json_pack("{s:s,s:I}", "fault", fault,
					      "at", (json_int_t)node_now(n)));
}

static err
keep_shown(struct node *n, struct talk *t, json_t *page, struct slice bytes,
    const struct presentation *p, bool unasked)
{
	const json_int_t count =
	    json_integer_value(json_object_get(page, "count"));
	char name[VAULT_NAME_MAX + 1];
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < p->claims_n; i++)
		(void)json_array_append_new(list, shown_leaf(&p->claims[i]));
	(void)json_object_set_new(
	    o, "at", json_integer((json_int_t)node_now(n)));
	(void)json_object_set_new(o, "asked", json_boolean(!unasked));
	claims_hex_put(o, "holder", p->holder, ED25519_PUBLIC);
	claims_hex_put(o, "root", p->root, 32);
	claims_hex_put(o, "bytes", bytes.p, bytes.n);
	(void)json_object_set_new(o, "leaves", list);
	(void)json_object_set_new(page, "count", json_integer(count + 1));
	claims_name_put(name, t, 'v', (unsigned)count);
	const err e = vault_put(n->vault, name, o);
	json_decref(o);
	return e;
}

/* It came before, byte for byte. */
static bool
had_before(struct node *n, const struct talk *t, const json_t *page,
    struct slice bytes)
{
	const json_int_t count =
	    json_integer_value(json_object_get(page, "count"));
	bool had = false;

	for (json_int_t i = 0; i < count && !had; i++) {
		char name[VAULT_NAME_MAX + 1], hex[2 * PRESENTATION_MAX + 1];
		claims_name_put(name, t, 'v', (unsigned)i);
		json_t *o = vault_get(n->vault, name, NULL);
		const char *text =
		    json_string_value(json_object_get(o, "bytes"));
		had = text != NULL && hex_put(hex, sizeof(hex), bytes) == OK &&
		      strcmp(text, hex) == 0;
		json_decref(o);
	}
	return had;
}

err
claims_on_presentation(struct node *n, struct talk *t, struct slice bytes)
{
	void *memory = malloc(PRESENTATION_SCRATCH_BYTES);
	struct arena scratch = arena_of(memory, PRESENTATION_SCRATCH_BYTES);
	json_t *page = claims_page(n, t);
	struct presentation p;
	bool unasked;
	err e = memory == NULL ? ERR_NOMEM : OK;

	if (e == OK) {
		const enum evidence_fault f = judge(
		    n, t, page, bytes, node_now(n), &scratch, &p, &unasked);
		if (f != EVIDENCE_FINE)
			note_refused(n, page, evidence_fault_name(f));
		else if (json_integer_value(json_object_get(page, "count")) >=
			 CLAIMS_KEPT)
			note_refused(n, page, "too-many");
		else if (!had_before(n, t, page, bytes))
			e = keep_shown(n, t, page, bytes, &p, unasked);
	}
	if (e == OK)
		e = claims_page_put(n, t, page);
	json_decref(page);
	free(memory);
	return e;
}

/* ---- what it is worth ---- */

struct backing {
	struct node *n;
	const uint8_t *holder, *root;
	json_t *out;
};

struct ended {
	const uint8_t *issuer;
	struct node *n;
	bool is;
};

static bool
on_end(void *ctx, const struct holding *h)
{
	struct ended *e = ctx;
	struct held_document *d = malloc(sizeof(*d));

	if (d != NULL && documents_read(e->n, h, d) == OK &&
	    memcmp(d->d.is.credential_end.issuer, e->issuer, ED25519_PUBLIC) ==
		0)
		e->is = true;
	free(d);
	return !e->is;
}

/* Is there a good credential of this holder with this root? */
static bool
on_credential(void *ctx, const struct holding *h)
{
	struct backing *b = ctx;
	struct held_document *d = malloc(sizeof(*d));

	if (d == NULL || documents_read(b->n, h, d) != OK) {
		free(d);
		return true;
	}
	const struct credential *c = &d->d.is.credential;
	if (memcmp(c->holder, b->holder, ED25519_PUBLIC) == 0 &&
	    memcmp(c->claims, b->root, 32) == 0) {
		struct ended e = { c->issuer, b->n, false };
		const struct held_filter f = { .type = EVIDENCE_CREDENTIAL_END,
			.about = h->id,
			.complete = true };
		char id[DOCUMENT_ID_TEXT], did[DID_KEY_TEXT];
		documents_each(b->n, &f, on_end, &e);
		document_id_text(h->id, id);
		did_key_put(did, c->issuer);
		json_decref(b->out);
		b->out = json_pack("{s:s,s:s,s:s,s:s,s:s}", "kind",
		    "credential", "credential", id, "issuer", did, "title",
		    c->title, "standing",
		    e.is                                  ? "revoked"
		    : c->expires <= node_now(b->n) / 3600 ? "expired"
							  : "good");
	}
	free(d);
	return b->out == NULL;
}

static json_t *
worth_of(struct node *n, uint32_t persona, const json_t *shown)
{
	const struct held_filter f = { .type = EVIDENCE_CREDENTIAL,
		.of_persona = true,
		.persona = persona,
		.complete = true };
	uint8_t holder[ED25519_PUBLIC], root[32];
	struct backing b = { n, holder, root, NULL };

	if (claims_hex_get(shown, "holder", holder, sizeof(holder)) &&
	    claims_hex_get(shown, "root", root, sizeof(root)))
		documents_each(n, &f, on_credential, &b);
	if (b.out != NULL)
		return b.out;
	return json_pack("{s:s,s:n,s:n,s:n,s:n}", "kind", "own-word",
	    "credential", "issuer", "title", "standing");
}

json_t *
claims_of_company(struct node *n, struct talk *t, uint32_t language)
{
	json_t *page = claims_page(n, t), *all = json_array(), *one;
	const json_int_t count =
	    json_integer_value(json_object_get(page, "count"));

	for (json_int_t i = 0; i < count; i++) {
		char name[VAULT_NAME_MAX + 1], did[DID_KEY_TEXT] = "";
		uint8_t holder[ED25519_PUBLIC];
		size_t k;
		claims_name_put(name, t, 'v', (unsigned)i);
		json_t *o = vault_get(n->vault, name, NULL);
		json_t *worth = worth_of(n, t->persona, o);
		if (claims_hex_get(o, "holder", holder, sizeof(holder)))
			did_key_put(did, holder);
		json_array_foreach(json_object_get(o, "leaves"), k, one)
		{
			json_t *leaf = json_deep_copy(one);
			claims_label_add(n, language, leaf);
			(void)json_object_set_new(
			    leaf, "holder", json_string(did));
			(void)json_object_set(
			    leaf, "at", json_object_get(o, "at"));
			(void)json_object_set(
			    leaf, "asked", json_object_get(o, "asked"));
			(void)json_object_set(leaf, "worth", worth);
			(void)json_array_append_new(all, leaf);
		}
		json_decref(worth);
		json_decref(o);
	}
	json_t *said = json_pack("{s:s,s:O,s:o,s:O}", "side", "company",
	    "asked", claims_list(page, "asked"), "shown", all, "refused",
	    claims_list(page, "refused"));
	json_decref(page);
	return said;
}
