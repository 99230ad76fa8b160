#include "node/care/forget.h"

#include <stdio.h>
#include <string.h>

#include "node/access/token.h"
#include "node/community/community.h"
#include "node/company/feed.h"
#include "node/company/ledger.h"
#include "node/evidence/documents.h"
#include "node/keys/intro.h"
#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "node/mail/mailbox.h"
#include "node/record/conflict.h"
#include "node/record/owner.h"
#include "node/record/reader.h"

#define MARKS       "forgetting" /* [index, ...] */
#define GUARDS      "stem/guards"
#define LOOK_TICKS  2
#define AGAIN_TICKS 20

/* ---- the marks ---- */

static bool
is_marked(const json_t *marks, uint32_t persona)
{
	size_t i;
	json_t *one;

	json_array_foreach(marks, i, one)
	{
		if (json_integer_value(one) == (json_int_t)persona)
			return true;
	}
	return false;
}

err
forget_begin(struct node *n, uint32_t persona)
{
	const struct author *a = persona_get(n, persona);
	bool bad = false;

	if (persona == 0 || a == NULL)
		return ERR_FORM;
	json_t *marks = vault_get(n->vault, MARKS, &bad);
	if (is_marked(marks, persona) || persona_is_unnamed(n, persona)) {
		json_decref(marks);
		return ERR_EXISTS;
	}
	if (marks == NULL)
		marks = json_array();
	(void)json_array_append_new(marks, json_integer((json_int_t)persona));
	const err e = vault_put(n->vault, MARKS, marks);
	json_decref(marks);
	return e;
}

/* ---- what there is ---- */

struct count {
	unsigned n;
};

static bool
count_value(void *ctx, const char *name, json_t *value)
{
	(void)name;
	(void)value;
	((struct count *)ctx)->n++;
	return true;
}

static void
prefix_of(char out[PERSONA_VAULT_NAME], uint32_t persona)
{
	ASSERT(persona > 0);
	persona_vault_name(out, persona, "");
}

struct search {
	uint32_t persona;
	unsigned n;
	struct holding first;
};

static bool
on_document(void *ctx, const struct holding *h)
{
	struct search *s = ctx;

	if (h->persona == s->persona && s->n++ == 0)
		s->first = *h;
	return true;
}

static struct search
documents_of(const struct node *n, uint32_t persona)
{
	struct search s = { .persona = persona };

	documents_each(n, NULL, on_document, &s);
	return s;
}

static unsigned
talks_of(struct node *n, uint32_t persona)
{
	const struct talk *t;
	unsigned found = 0;

	for (unsigned i = 0; (t = mailbox_at(n, i)) != NULL; i++)
		found += t->persona == persona;
	return found;
}

struct named {
	unsigned n;
	char first[COMMUNITY_NAME_MAX + 1];
};

static bool
on_community(void *ctx, const char *name, json_t *value)
{
	struct named *c = ctx;

	(void)value;
	if (c->n++ == 0)
		(void)snprintf(c->first, sizeof(c->first), "%s", name);
	return true;
}

static unsigned
records_of(struct node *n, uint32_t persona)
{
	unsigned found = 0;

	for (uint32_t kind = 0; kind < STORE_KINDS; kind++)
		if (kind_info(kind) != NULL && kind != KIND_REVOCATION)
			found += owner_live(n, persona, kind);
	return found;
}

json_t *
forget_json(struct node *n, uint32_t persona)
{
	char prefix[PERSONA_VAULT_NAME];
	struct count values = { 0 };
	struct named communities = { 0 };

	if (persona > 0) {
		prefix_of(prefix, persona);
		vault_each(n->vault, prefix, count_value, &values);
	}
	communities_each(n, persona, on_community, &communities);
	return json_pack("{s:s,s:i,s:i,s:i,s:i,s:i,s:[s,s,s,s]}", "persona",
	    persona_get(n, persona)->name, "records",
	    (int)records_of(n, persona), "talks", (int)talks_of(n, persona),
	    "documents", (int)documents_of(n, persona).n, "communities",
	    (int)communities.n, "values", (int)values.n, "stays",
	    "what others have copied, read or signed with it",
	    "its revocation, in the network, for 400 days: it shows the key",
	    "that there was one, here: its key is not made anew",
	    "backups that were made before");
}

/* ---- the steps ---- */

static void
on_revoked(void *ctx, const struct publish_result *r)
{
	struct node *n = ctx;

	if (r->error != OK)
		env_log(&n->env, LOG_UNUSUAL, "not_forgotten_yet",
		    "what=\"its revocation is tried again\" why=\"%s\"",
		    r->why);
}

static void
revoke(struct node *n, uint32_t persona)
{
	struct user_payload *p = malloc(sizeof(*p));
	json_t *draft = json_pack("{s:s}", "reason", "retired");
	struct payload_fault f = { 0 };

	if (p != NULL &&
	    user_payload_read(KIND_REVOCATION, draft, "zz", p, &f) == OK) {
		const struct publish_request q = { .persona = persona,
			.kind = KIND_REVOCATION,
			.region = p->region,
			.payload = slice_of(p->bytes, p->n) };
		owner_publish(n, &q, on_revoked, n);
	}
	json_decref(draft);
	free(p);
}

static err
erase_values(struct node *n, uint32_t persona)
{
	char prefix[PERSONA_VAULT_NAME];
	/* The revocation goes the way that all else went. */
	json_t *guards = persona_value(n, persona, GUARDS, NULL);
	err e;

	prefix_of(prefix, persona);
	e = vault_delete_all(n->vault, prefix);
	if (e == OK && guards != NULL)
		e = persona_keep(n, persona, GUARDS, guards);
	json_decref(guards);
	return e;
}

/* All of it, in an order that may begin anew at any moment. */
static err
erase(struct node *n, uint32_t persona)
{
	if (mailbox_forget(n, persona) > 0)
		return ERR_MORE; /* one is being sent: the next time */
	for (;;) {
		const struct search s = documents_of(n, persona);
		if (s.n == 0)
			break;
		TRY(documents_forget(n, persona, s.first.id));
	}
	for (;;) {
		struct named c = { 0 };
		communities_each(n, persona, on_community, &c);
		if (c.n == 0)
			break;
		TRY(community_erase(n, persona, c.first));
	}
	if (intro_erase(n, persona) > 0)
		return ERR_IO;
	TRY(owner_plan_cancel(n, persona));
	TRY(feeds_forget(n, persona));
	TRY(ledger_forget(n, persona));
	TRY(conflict_forget_all(n, persona));
	TRY(erase_values(n, persona));
	TRY(tokens_forget(n, persona));
	return persona_unname(n, persona);
}

static bool
step(struct node *n, uint32_t persona)
{
	const struct author *a = persona_get(n, persona);

	if (a == NULL)
		return true;
	if (a->state != PERSONA_REVOKED) {
		if (!signer_is_shut(n->signer) &&
		    !owner_busy(n, persona, KIND_REVOCATION, 0) &&
		    n->ticks % AGAIN_TICKS == 0)
			revoke(n, persona);
		return false;
	}
	const err e = erase(n, persona);
	if (e != OK && e != ERR_MORE)
		env_log(&n->env, LOG_BROKEN, "not_forgotten_yet",
		    "what=\"the disk refuses; it is tried again\" error=%s",
		    err_name(e));
	if (e == OK)
		node_event(n, "persona_forgotten",
		    json_pack("{s:i}", "index", (int)persona));
	return e == OK;
}

void
forget_tick(struct node *n)
{
	if (n->stopping || n->ticks % LOOK_TICKS != 0)
		return;
	json_t *marks = vault_get(n->vault, MARKS, NULL);
	bool changed = false;
	for (size_t i = json_array_size(marks); i-- > 0;) {
		const json_int_t persona =
		    json_integer_value(json_array_get(marks, i));
		if (persona <= 0 || persona >= PERSONAS_MAX ||
		    step(n, (uint32_t)persona)) {
			(void)json_array_remove(marks, i);
			changed = true;
		}
	}
	if (changed) {
		const err e = json_array_size(marks) == 0
				  ? vault_delete(n->vault, MARKS)
				  : vault_put(n->vault, MARKS, marks);
		(void)e; /* it is looked at once more */
	}
	json_decref(marks);
}
