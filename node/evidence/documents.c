/*
 * The store of documents: documents.h. In the vault each is a value of its
 * own, under a number that says nothing:
 *   doc/NUMBER  {"bytes": hex, "persona", "talk", "imported", "came",
 *               "changed"}
 */
#include "node/evidence/documents.h"
#include "node/access/scope.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/keys/persona.h"
#include "node/keys/signer.h"
#include "node/keys/vault.h"
#include "proto/base/text.h"

#define NAMES     "doc/"
#define NAMED_MIN 4 /* characters of an id */
#define HEX_MAX   (2 * DOCUMENT_MAX + 1)

struct documents {
	struct holding *list; /* in the order of their numbers */
	unsigned n, cap;
	unsigned shown;      /* of them, those of others */
	uint32_t next;       /* number */
	unsigned unreadable; /* values in the vault, at the start */
	struct arena scratch;
	struct {
		held_listener *fn;
		void *ctx;
	} listeners[HELD_LISTENERS];
	unsigned listeners_n;
	struct document_refusal refusals[REFUSALS_MAX]; /* a ring */
	unsigned refusals_n;                            /* ever */
};

void
document_id_text(const uint8_t id[EVIDENCE_ID], char out[DOCUMENT_ID_TEXT])
{
	const err e = hex_put(out, DOCUMENT_ID_TEXT, slice_of(id, EVIDENCE_ID));

	ASSERT(e == OK);
}

static struct slice
net_of(const struct node *n)
{
	return slice_str(n->config->node.network);
}

/* ---- what the index says of one ---- */

static const uint8_t *
about_of(const struct evidence *e)
{
	switch (e->type) {
	case EVIDENCE_PROGRESS:
		return e->progress.agreement;
	case EVIDENCE_OUTCOME:
		return e->outcome.agreement;
	case EVIDENCE_FOLLOW_UP:
		return e->follow_up.outcome;
	case EVIDENCE_ONE_SIDED:
		return e->one_sided.agreement;
	case EVIDENCE_SESSION:
		return e->session.agreement;
	case EVIDENCE_CREDENTIAL_END:
		return e->credential_end.credential;
	case EVIDENCE_AGREEMENT:
	case EVIDENCE_CREDENTIAL:
	case EVIDENCE_MOVED:
	case EVIDENCE_LINKED:
		break;
	}
	return NULL;
}

/* A role that does not sign is one all the same: in a one-sided statement the
 * other side is named, and it is about it. */
static bool
is_about(const struct document *d, const uint8_t key[ED25519_PUBLIC])
{
	const struct evidence *e = &d->is;

	return document_role_of(d, key) != 0 ||
	       (e->type == EVIDENCE_ONE_SIDED &&
		   (memcmp(e->one_sided.company, key, ED25519_PUBLIC) == 0 ||
		       memcmp(e->one_sided.person, key, ED25519_PUBLIC) ==
			   0)) ||
	       (e->type == EVIDENCE_MOVED &&
		   memcmp(e->moved.from, key, ED25519_PUBLIC) == 0);
}

/* What follows from the document and its persona. */
static void
describe(const struct node *n, const struct document *d, bool imported,
    struct holding *h)
{
	const uint8_t *about = about_of(&d->is);
	const uint8_t *key = persona_get(n, h->persona)->pub;

	memcpy(h->id, d->id, EVIDENCE_ID);
	h->type = d->is.type;
	h->role = document_role_of(d, key);
	h->origin = is_about(d, key) ? HELD_OWN
		    : imported       ? HELD_IMPORTED
				     : HELD_SHOWN;
	if (about != NULL)
		memcpy(h->about, about, EVIDENCE_ID);
	h->made = d->made;
	h->needed = d->needed;
	h->signed_by = d->signed_by;
	h->complete = d->complete;
}

/* ---- the vault ---- */

static void
name_of(uint32_t number, char out[VAULT_NAME_MAX + 1])
{
	(void)snprintf(out, VAULT_NAME_MAX + 1, NAMES "%010" PRIu32, number);
}

static err
keep(struct node *n, const struct holding *h, bool imported, struct slice bytes)
{
	char hex[HEX_MAX], name[VAULT_NAME_MAX + 1];

	if (hex_put(hex, sizeof(hex), bytes) != OK)
		return ERR_LIMIT;
	json_t *value = json_pack("{s:s,s:I,s:s,s:b,s:I,s:I}", "bytes", hex,
	    "persona", (json_int_t)h->persona, "talk", h->talk, "imported",
	    imported, "came", (json_int_t)h->came_s, "changed",
	    (json_int_t)h->changed_s);
	name_of(h->number, name);
	const err e =
	    value == NULL ? ERR_NOMEM : vault_put(n->vault, name, value);
	json_decref(value);
	return e;
}

/* The signed bytes of a value; false: it is none of ours. */
static bool
bytes_of(const json_t *value, struct buf *out)
{
	const char *hex = json_string_value(json_object_get(value, "bytes"));

	return hex != NULL && hex_get(slice_str(hex), out) == OK;
}

static bool
add(struct documents *s, const struct holding *h)
{
	if (s->n == s->cap) {
		const unsigned cap = s->cap == 0 ? 16 : 2 * s->cap;
		struct holding *list = realloc(s->list, cap * sizeof(*list));
		if (list == NULL)
			return false;
		s->list = list;
		s->cap = cap;
	}
	s->list[s->n++] = *h;
	s->shown += h->origin != HELD_OWN;
	return true;
}

struct loading {
	struct node *n;
	bool no_memory;
};

static bool
on_value(void *ctx, const char *name, json_t *value)
{
	struct loading *l = ctx;
	struct documents *s = l->n->documents;
	uint8_t raw[DOCUMENT_MAX];
	struct buf bytes = { raw, 0, sizeof(raw) };
	const char *talk = json_string_value(json_object_get(value, "talk"));
	const json_int_t persona =
	    json_integer_value(json_object_get(value, "persona"));
	struct holding h = { .number = (uint32_t)strtoul(
				 name + strlen(NAMES), NULL, 10) };
	struct document d;

	s->next = MAX(s->next, h.number + 1);
	if (persona < 0 || persona >= persona_count(l->n) ||
	    !bytes_of(value, &bytes) ||
	    document_open(buf_slice(&bytes), net_of(l->n), 0, &s->scratch,
		&d) != EVIDENCE_FINE) {
		s->unreadable++;
		return true;
	}
	h.persona = (uint32_t)persona;
	h.came_s = (uint64_t)json_integer_value(json_object_get(value, "came"));
	h.changed_s =
	    (uint64_t)json_integer_value(json_object_get(value, "changed"));
	(void)snprintf(h.talk, sizeof(h.talk), "%s", talk == NULL ? "" : talk);
	describe(
	    l->n, &d, json_is_true(json_object_get(value, "imported")), &h);
	l->no_memory = !add(s, &h);
	return !l->no_memory;
}

err
documents_open(struct node *n)
{
	struct documents *s = calloc(1, sizeof(*s));
	struct loading l = { .n = n };

	if (s == NULL)
		return ERR_NOMEM;
	s->scratch =
	    arena_of(malloc(DOCUMENT_SCRATCH_BYTES), DOCUMENT_SCRATCH_BYTES);
	n->documents = s;
	if (s->scratch.p == NULL)
		return ERR_NOMEM;
	vault_each(n->vault, NAMES, on_value, &l);
	if (s->unreadable > 0)
		env_log(&n->env, LOG_UNUSUAL, "documents_not_read",
		    "n=%u what=\"documents in the vault cannot be read; they "
		    "are left as they are\"",
		    s->unreadable);
	return l.no_memory ? ERR_NOMEM : OK;
}

void
documents_close(struct node *n)
{
	struct documents *s = n->documents;

	if (s == NULL)
		return;
	n->documents = NULL;
	free(s->scratch.p);
	free(s->list);
	free(s);
}

/* ---- finding ---- */

static struct holding *
find(const struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID])
{
	struct documents *s = n->documents;

	for (unsigned i = 0; i < s->n; i++)
		if (s->list[i].persona == persona &&
		    memcmp(s->list[i].id, id, EVIDENCE_ID) == 0)
			return &s->list[i];
	return NULL;
}

const struct holding *
documents_find(
    const struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID])
{
	return find(n, persona, id);
}

const struct holding *
documents_named(
    const struct node *n, uint32_t persona, const char *text, bool *several)
{
	const struct documents *s = n->documents;
	const size_t length = strlen(text);
	const struct holding *found = NULL;

	if (several != NULL)
		*several = false;
	if (length < NAMED_MIN || length >= DOCUMENT_ID_TEXT)
		return NULL;
	for (unsigned i = 0; i < s->n; i++) {
		char id[DOCUMENT_ID_TEXT];
		if (s->list[i].persona != persona)
			continue;
		document_id_text(s->list[i].id, id);
		if (strncmp(id, text, length) != 0)
			continue;
		if (found != NULL) {
			if (several != NULL)
				*several = true;
			return NULL;
		}
		found = &s->list[i];
	}
	return found;
}

err
documents_bytes(struct node *n, const struct holding *h, struct buf *out)
{
	char name[VAULT_NAME_MAX + 1];

	name_of(h->number, name);
	json_t *value = vault_get(n->vault, name, NULL);
	const bool good = bytes_of(value, out);
	json_decref(value);
	return good ? OK : ERR_NOTFOUND;
}

err
documents_read(
    struct node *n, const struct holding *h, struct held_document *out)
{
	struct buf bytes = { out->bytes, 0, sizeof(out->bytes) };

	TRY(documents_bytes(n, h, &bytes));
	if (document_open(buf_slice(&bytes), net_of(n), 0,
		&n->documents->scratch, &out->d) != EVIDENCE_FINE)
		return ERR_NOTFOUND;
	return OK;
}

static bool
fits(const struct holding *h, const struct held_filter *f)
{
	return (f->type == 0 || h->type == f->type) &&
	       (!f->of_persona || h->persona == f->persona) &&
	       (f->talk == NULL || strcmp(h->talk, f->talk) == 0) &&
	       (f->about == NULL ||
		   memcmp(h->about, f->about, EVIDENCE_ID) == 0) &&
	       (!f->complete || h->complete);
}

void
documents_each(const struct node *n, const struct held_filter *f,
    bool (*fn)(void *ctx, const struct holding *h), void *ctx)
{
	const struct documents *s = n->documents;

	for (unsigned i = 0; i < s->n; i++)
		if ((f == NULL || fits(&s->list[i], f)) &&
		    !fn(ctx, &s->list[i]))
			return;
}

unsigned
documents_count(const struct node *n)
{
	return n->documents->n;
}

/* ---- who wants to know ---- */

void
documents_listen(struct node *n, held_listener *fn, void *ctx)
{
	struct documents *s = n->documents;

	ASSERT(s->listeners_n < HELD_LISTENERS);
	s->listeners[s->listeners_n].fn = fn;
	s->listeners[s->listeners_n++].ctx = ctx;
}

static void
tell(struct node *n, enum held_change change, const struct holding *h)
{
	static const char *const names[] = { "new", "signed", "complete",
		"gone" };
	const struct documents *s = n->documents;
	char id[DOCUMENT_ID_TEXT];

	document_id_text(h->id, id);
	node_event_of(n, "document", h->persona, SCOPE_EVIDENCE,
	    json_pack("{s:s,s:s,s:s,s:s,s:s}", "what", names[change], "id", id,
		"type", evidence_type_name(h->type), "talk", h->talk, "persona",
		persona_get(n, h->persona)->name));
	for (unsigned i = 0; i < s->listeners_n; i++)
		s->listeners[i].fn(n, change, h, s->listeners[i].ctx);
}

void
documents_refused(
    struct node *n, const struct held_from *from, enum evidence_fault f)
{
	struct documents *s = n->documents;
	struct document_refusal *r =
	    &s->refusals[s->refusals_n++ % REFUSALS_MAX];

	*r = (struct document_refusal){
		.at_s = node_now(n), .persona = from->persona, .fault = f
	};
	(void)snprintf(r->talk, sizeof(r->talk), "%s",
	    from->talk == NULL ? "" : from->talk);
	env_log(&n->env, LOG_UNUSUAL, "document_refused", "talk=%s fault=%s",
	    r->talk, evidence_fault_name(f));
	node_event_of(n, "document", r->persona, SCOPE_EVIDENCE,
	    json_pack("{s:s,s:s,s:s,s:s}", "what", "refused", "fault",
		evidence_fault_name(f), "talk", r->talk, "persona",
		persona_get(n, r->persona)->name));
}

const struct document_refusal *
documents_refusal(const struct node *n, unsigned i)
{
	const struct documents *s = n->documents;

	if (i >= s->refusals_n || i >= REFUSALS_MAX)
		return NULL;
	return &s->refusals[(s->refusals_n - 1 - i) % REFUSALS_MAX];
}

/* ---- taking ---- */

static err
room_for(
    const struct node *n, const struct held_from *from, const struct holding *h)
{
	const struct documents *s = n->documents;
	const unsigned max = n->config->evidence.documents;
	unsigned of_talk = 0;

	if (s->n >= (from->own ? max : max - max / 8) ||
	    (h->origin != HELD_OWN && s->shown >= n->config->evidence.shown))
		return ERR_LIMIT;
	for (unsigned i = 0; !from->own && h->talk[0] != '\0' && i < s->n; i++)
		of_talk += s->list[i].persona == h->persona &&
			   strcmp(s->list[i].talk, h->talk) == 0;
	return of_talk > 0 && of_talk >= n->config->evidence.per_talk
		   ? ERR_LIMIT
		   : OK;
}

/* ${d} is what is to be held from now on. */
static err
take_new(struct node *n, const struct held_from *from, const struct document *d,
    struct holding *out, enum evidence_fault *fault)
{
	struct documents *s = n->documents;
	struct holding h = { .persona = from->persona,
		.number = s->next,
		.came_s = node_now(n),
		.changed_s = node_now(n) };

	(void)snprintf(
	    h.talk, sizeof(h.talk), "%s", from->talk == NULL ? "" : from->talk);
	describe(n, d, from->imported, &h);
	if (h.origin != HELD_OWN && !h.complete) {
		*fault = EVIDENCE_INCOMPLETE;
		return OK;
	}
	TRY(room_for(n, from, &h));
	if (!add(s, &h))
		return ERR_NOMEM;
	const err e = keep(n, &h, from->imported, d->bytes);
	if (e != OK) {
		s->n--;
		s->shown -= h.origin != HELD_OWN;
		return e;
	}
	s->next++;
	*out = h;
	tell(n, h.complete ? HELD_COMPLETE : HELD_NEW, &h);
	return OK;
}

static err
take_more(struct node *n, struct holding *held, const struct document *d,
    struct holding *out, enum evidence_fault *fault)
{
	struct held_document old;
	uint8_t bytes[DOCUMENT_MAX];
	struct buf merged = { bytes, 0, sizeof(bytes) };
	struct document now;
	struct holding h = *held;
	struct arena *scratch = &n->documents->scratch;

	*out = h;
	if ((d->signed_by & ~h.signed_by) == 0)
		return OK; /* nothing new */
	/* ${d} borrows nothing of the scratch memory. */
	TRY(documents_read(n, held, &old));
	*fault =
	    document_merge(old.d.bytes, d->bytes, net_of(n), scratch, &merged);
	if (*fault == EVIDENCE_FINE)
		*fault = document_open(
		    buf_slice(&merged), net_of(n), 0, scratch, &now);
	if (*fault != EVIDENCE_FINE)
		return OK;
	const bool was = h.complete, imported = h.origin == HELD_IMPORTED;
	describe(n, &now, imported, &h);
	h.changed_s = node_now(n);
	TRY(keep(n, &h, imported, now.bytes));
	*held = *out = h;
	tell(n, h.complete && !was ? HELD_COMPLETE : HELD_SIGNED, &h);
	return OK;
}

enum evidence_fault
documents_judge(struct node *n, struct slice bytes, struct document *d)
{
	return document_open(
	    bytes, net_of(n), node_now(n), &n->documents->scratch, d);
}

err
documents_take(struct node *n, const struct held_from *from, struct slice bytes,
    struct holding *out, enum evidence_fault *fault)
{
	struct holding h;
	struct document d;

	ASSERT(from->persona < persona_count(n));
	*fault = documents_judge(n, bytes, &d);
	if (*fault != EVIDENCE_FINE)
		return OK;
	struct holding *held = find(n, from->persona, d.id);
	const err e = held == NULL ? take_new(n, from, &d, &h, fault)
				   : take_more(n, held, &d, &h, fault);
	if (e == OK && *fault == EVIDENCE_FINE && out != NULL)
		*out = h;
	return e;
}

/* ---- the owner's own ---- */

err
documents_draft(struct node *n, const struct evidence *e,
    struct held_document *out, enum evidence_fault *fault)
{
	struct arena *scratch = &n->documents->scratch;
	struct buf bytes = { out->bytes, 0, sizeof(out->bytes) };

	*fault = document_write(e, net_of(n), scratch, &bytes);
	if (*fault == EVIDENCE_FINE)
		*fault = document_open(buf_slice(&bytes), net_of(n),
		    node_now(n), scratch, &out->d);
	return OK;
}

/* ${d} with the persona's signature. */
static err
add_own(struct node *n, uint32_t persona, const struct document *d,
    struct buf *out, enum evidence_fault *fault)
{
	const unsigned role = document_role_of(d, persona_get(n, persona)->pub);
	uint8_t sig[ED25519_SIG];

	if (role == 0) {
		*fault = EVIDENCE_BAD_ROLE;
		return OK;
	}
	TRY(signer_sign(n->signer, persona, SIGN_DOCUMENT, (uint8_t)role,
	    net_of(n), d->body, sig));
	*fault = document_add(
	    d->bytes, net_of(n), role, sig, &n->documents->scratch, out);
	return OK;
}

err
documents_make(struct node *n, const struct held_from *asked,
    const struct evidence *e, bool sign, struct holding *out,
    enum evidence_fault *fault)
{
	struct held_from mine = *asked, *from = &mine;
	struct held_document draft;
	uint8_t raw[DOCUMENT_MAX];
	struct buf bytes = { raw, 0, sizeof(raw) };

	mine.own = true;
	TRY(documents_draft(n, e, &draft, fault));
	if (*fault != EVIDENCE_FINE)
		return OK;
	if (!sign)
		return documents_take(n, from, draft.d.bytes, out, fault);
	TRY(add_own(n, from->persona, &draft.d, &bytes, fault));
	if (*fault != EVIDENCE_FINE)
		return OK;
	return documents_take(n, from, buf_slice(&bytes), out, fault);
}

err
documents_sign(struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID],
    struct holding *out, enum evidence_fault *fault)
{
	const struct holding *h = find(n, persona, id);
	struct held_document held;
	uint8_t raw[DOCUMENT_MAX];
	struct buf bytes = { raw, 0, sizeof(raw) };

	if (h == NULL)
		return ERR_NOTFOUND;
	const struct held_from from = { .persona = persona, .own = true };
	TRY(documents_read(n, h, &held));
	TRY(add_own(n, persona, &held.d, &bytes, fault));
	if (*fault != EVIDENCE_FINE)
		return OK;
	return documents_take(n, &from, buf_slice(&bytes), out, fault);
}

err
documents_place(struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID],
    const char *talk)
{
	struct holding *held = find(n, persona, id);
	struct held_document content;

	if (held == NULL)
		return ERR_NOTFOUND;
	TRY(documents_read(n, held, &content));
	struct holding h = *held;
	(void)snprintf(h.talk, sizeof(h.talk), "%s", talk);
	TRY(keep(n, &h, h.origin == HELD_IMPORTED, content.d.bytes));
	*held = h;
	return OK;
}

err
documents_forget(
    struct node *n, uint32_t persona, const uint8_t id[EVIDENCE_ID])
{
	struct documents *s = n->documents;
	struct holding *held = find(n, persona, id);
	char name[VAULT_NAME_MAX + 1];

	if (held == NULL)
		return OK;
	const struct holding h = *held;
	name_of(h.number, name);
	TRY(vault_delete(n->vault, name));
	s->n--;
	s->shown -= h.origin != HELD_OWN;
	memmove(
	    held, held + 1, (size_t)(&s->list[s->n] - held) * sizeof(*held));
	tell(n, HELD_GONE, &h);
	return OK;
}
