#include "node/company/told.h"

#include <stdlib.h>

#include "node/company/ledger.h"
#include "node/evidence/documents.h"
#include "proto/base/text.h"

/* ---- to check ---- */

struct root {
	uint8_t root[32];
	bool from_seen;
	uint32_t since;
};

struct checking {
	const struct ledger_of *l;
	struct arena *scratch;
	const uint8_t *published;
	struct root roots[TOLD_MAX + 1];
	unsigned n;
	struct ledger_opening opening; /* room */
};

static const struct root *
root_find(const struct checking *c, const uint8_t root[32])
{
	for (unsigned i = 0; i < c->n; i++)
		if (memcmp(c->roots[i].root, root, 32) == 0)
			return &c->roots[i];
	return NULL;
}

static void
root_add(
    struct checking *c, const uint8_t root[32], bool from_seen, uint32_t since)
{
	if (root_find(c, root) != NULL || c->n == ARRAY_LEN(c->roots))
		return;
	c->roots[c->n].from_seen = from_seen;
	c->roots[c->n].since = since;
	memcpy(c->roots[c->n++].root, root, 32);
}

static enum evidence_fault
check_extension(struct checking *c, struct slice bytes, const uint8_t older[32],
    const uint8_t newer[32], struct told *out)
{
	struct ledger_extension x;
	const enum evidence_fault f =
	    ledger_extension_read(bytes, c->l, older, newer, c->scratch, &x);

	if (f != EVIDENCE_FINE)
		return f;
	const struct root *of = root_find(c, older);
	if (of == NULL) {
		out->unknown++;
		return f;
	}
	const struct root base = *of;
	const uint32_t since = base.since != 0 ? base.since : x.older.n;
	out->extensions++;
	root_add(c, newer, base.from_seen, since);
	if (c->published != NULL && memcmp(newer, c->published, 32) == 0) {
		out->reaches = true;
		out->from_seen = out->from_seen || base.from_seen;
		out->head = x.newer;
		out->since = since;
	}
	return f;
}

static enum evidence_fault
check_one(struct checking *c, struct slice bytes, struct told *out)
{
	static const uint8_t none[32];
	uint8_t older[32], newer[32];
	enum evidence_fault f =
	    ledger_roots(bytes, c->l, c->scratch, older, newer);

	if (f != EVIDENCE_FINE)
		return f;
	if (memcmp(older, none, sizeof(none)) != 0)
		return check_extension(c, bytes, older, newer, out);
	f = ledger_opening_read(bytes, c->l, newer, c->scratch, &c->opening);
	if (f == EVIDENCE_FINE) {
		out->openings++;
		root_add(c, newer, false, c->opening.head.n);
	}
	return f;
}

void
told_check(const struct ledger_of *l, const struct slice *proofs, size_t n,
    const uint8_t *seen, const uint8_t *published, struct arena *scratch,
    struct told *out)
{
	struct checking c = {
		.l = l, .scratch = scratch, .published = published
	};

	*out = (struct told){ .fault = EVIDENCE_FINE };
	if (seen != NULL)
		root_add(&c, seen, true, 0);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && i >= TOLD_MAX - 1)
			continue;
		const enum evidence_fault f = check_one(&c, proofs[i], out);
		if (f == EVIDENCE_FINE)
			continue;
		out->refused++;
		out->fault = f;
	}
}

/* ---- in a conversation ---- */

static struct ledger_of
ledger_of_key(const struct node *n, const uint8_t key[ED25519_PUBLIC])
{
	struct ledger_of of = { .net = slice_str(n->config->node.network) };

	memcpy(of.company, key, ED25519_PUBLIC);
	return of;
}

err
told_take(struct node *n, struct talk *t, struct slice bytes)
{
	const struct ledger_of of = ledger_of_key(n, t->c.peer);
	void *memory = malloc(LEDGER_SCRATCH_BYTES);
	struct arena scratch = arena_of(memory, LEDGER_SCRATCH_BYTES);
	char name[TALK_ID_TEXT];
	const struct held_from from = { .persona = t->persona, .talk = name };
	struct told told = { .fault = EVIDENCE_BAD_PARTIES };

	if (memory == NULL)
		return ERR_NOMEM;
	talk_id_text(t, name);
	/* A person has no ledger to tell of. */
	if (!t->c.company)
		told_check(&of, &bytes, 1, NULL, NULL, &scratch, &told);
	free(memory);
	if (told.fault == EVIDENCE_FINE && bytes.n <= MAIL_LEDGER_MAX)
		return OK;
	documents_refused(n, &from,
	    told.fault != EVIDENCE_FINE ? told.fault : EVIDENCE_OVERSIZE);
	return ERR_FORM;
}

/* The last root that the owner told the other side; false: none. */
static bool
last_told(struct node *n, const struct talk *t, const struct ledger_of *of,
    struct arena *scratch, uint8_t root[32])
{
	json_t *said = mailbox_messages(n, t), *one;
	uint8_t bytes[MAIL_LEDGER_MAX], older[32], newer[32];
	bool found = false;
	size_t i;

	json_array_foreach(said, i, one)
	{
		struct buf b = { bytes, 0, sizeof(bytes) };
		const char *from =
		    json_string_value(json_object_get(one, "from"));
		const char *hex =
		    json_string_value(json_object_get(one, "ledger"));
		if (from == NULL || strcmp(from, "me") != 0 || hex == NULL ||
		    hex_get(slice_str(hex), &b) != OK ||
		    ledger_roots(buf_slice(&b), of, scratch, older, newer) !=
			EVIDENCE_FINE)
			continue;
		memcpy(root, newer, sizeof(newer));
		found = true;
	}
	json_decref(said);
	return found;
}

err
told_next(struct node *n, const struct talk *t, struct buf *out,
    uint32_t *older, uint32_t *newer)
{
	const struct ledger_of of = ledger_of_persona(n, t->persona);
	uint8_t root[32], told[32];
	struct ledger_state s;

	*older = *newer = 0;
	if (!ledger_is_open(n, t->persona, &s, root))
		return ERR_NOTFOUND;
	void *memory = malloc(LEDGER_SCRATCH_BYTES);
	struct arena scratch = arena_of(memory, LEDGER_SCRATCH_BYTES);
	if (memory == NULL)
		return ERR_NOMEM;
	*newer = s.committed;
	err e = OK;
	if (!last_told(n, t, &of, &scratch, told))
		e = ledger_for_offer(n, t->persona, out);
	else if (memcmp(told, root, sizeof(root)) == 0)
		e = ERR_EXISTS;
	else if ((*older = ledger_size_of(n, t->persona, told)) == 0)
		e = ERR_CORRUPT;
	else
		e = ledger_extension_write(
		    &of, s.leaves, *older, s.committed, &scratch, out);
	free(memory);
	return e;
}
