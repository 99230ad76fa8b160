#include "node/company/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "node/access/scope.h"
#include "node/evidence/documents.h"
#include "node/keys/persona.h"
#include "node/keys/vault.h"
#include "node/record/owner.h"
#include "node/record/reader.h"
#include "proto/base/text.h"
#include "proto/mail/message.h"

#define CHUNK       200 /* leaves in one value of the vault */
#define COMMITS     8   /* that are remembered */
#define WEEK_H      168
#define LEDGER_ROOT 16 /* of an organisation's payload, as in SPEC.md */
#define LOOK_EVERY  60 /* ticks */

struct book {
	uint32_t persona;
	uint32_t n, cap;
	struct ledger_leaf *leaves;
	/* The root of the first 1, 2, ... n leaves; none of a damaged list. */
	uint8_t (*roots)[32];
	uint32_t roots_n;
	struct ledger_frontier frontier;
	/* The last is what counts; those before may still be published. */
	uint32_t commits[COMMITS];
	uint32_t week; /* of the last one */
	bool damaged;
};

struct ledgers {
	struct book books[PERSONAS_MAX];
	uint64_t ticks;
	struct held_document *one, *two; /* room to read in */
};

const char *
ledger_condition_name(enum ledger_condition c)
{
	static const char *const names[] = { "sound", "behind", "damaged",
		"full" };

	return names[c];
}

static struct slice
net_of(const struct node *n)
{
	return slice_str(n->config->node.network);
}

static uint32_t
now_h(const struct node *n)
{
	return (uint32_t)(node_now(n) / 3600);
}

static uint32_t
committed(const struct book *b)
{
	return b->commits[COMMITS - 1];
}

/* ---- in the vault ---- */

static void
leaf_put(uint8_t out[LEDGER_LEAF], const struct ledger_leaf *l)
{
	out[0] = (uint8_t)l->event;
	put_u32be(out + 1, l->at);
	put_u32be(out + 5, l->of);
	memcpy(out + 9, l->tag, 32);
}

static void
leaf_get(const uint8_t in[LEDGER_LEAF], struct ledger_leaf *l)
{
	l->event = (enum ledger_event)in[0];
	l->at = get_u32be(in + 1);
	l->of = get_u32be(in + 5);
	memcpy(l->tag, in + 9, 32);
}

static void
chunk_name(char out[VAULT_NAME_MAX + 1], const struct book *b, uint32_t chunk)
{
	(void)snprintf(out, VAULT_NAME_MAX + 1, "ledger/%u/%05u", b->persona,
	    (unsigned)chunk);
}

static void
head_name(char out[VAULT_NAME_MAX + 1], const struct book *b)
{
	(void)snprintf(out, VAULT_NAME_MAX + 1, "ledger/%u/head", b->persona);
}

static err
head_save(struct node *n, const struct book *b)
{
	char name[VAULT_NAME_MAX + 1];
	json_t *list = json_array();

	for (unsigned i = 0; i < COMMITS; i++)
		(void)json_array_append_new(
		    list, json_integer((json_int_t)b->commits[i]));
	json_t *o = json_pack(
	    "{s:o,s:I}", "commits", list, "week", (json_int_t)b->week);
	head_name(name, b);
	const err e = vault_put(n->vault, name, o);
	json_decref(o);
	return e;
}

/* The chunk that the last leaf lies in. */
static err
chunk_save(struct node *n, const struct book *b)
{
	const uint32_t chunk = (b->n - 1) / CHUNK, first = chunk * CHUNK;
	const size_t cap = 2 * (size_t)CHUNK * LEDGER_LEAF + 1;
	char name[VAULT_NAME_MAX + 1];
	uint8_t *bytes = malloc(cap);
	char *hex = malloc(cap);
	err e = bytes == NULL || hex == NULL ? ERR_NOMEM : OK;

	if (e == OK) {
		for (uint32_t i = first; i < b->n; i++)
			leaf_put(
			    bytes + (i - first) * LEDGER_LEAF, &b->leaves[i]);
		e = hex_put(hex, cap,
		    slice_of(bytes, (b->n - first) * (size_t)LEDGER_LEAF));
	}
	if (e == OK) {
		json_t *o = json_pack("{s:s}", "leaves", hex);
		chunk_name(name, b, chunk);
		e = vault_put(n->vault, name, o);
		json_decref(o);
	}
	free(bytes);
	free(hex);
	return e;
}

static bool
room(struct book *b)
{
	if (b->n < b->cap)
		return true;
	const uint32_t cap = MIN(COMPANY_LEAVES_MAX, MAX(64, 2 * b->cap));
	struct ledger_leaf *more =
	    b->n >= cap ? NULL : realloc(b->leaves, cap * sizeof(*more));
	if (more == NULL)
		return false;
	b->leaves = more;
	uint8_t(*roots)[32] = realloc(b->roots, cap * sizeof(*roots));
	if (roots == NULL)
		return false;
	b->roots = roots;
	b->cap = cap;
	return true;
}

/* Of all leaves that have none yet; they are sound. */
static void
roots_grow(const struct node *n, struct book *b)
{
	const struct author *p = persona_get(n, b->persona);
	struct ledger_head head;

	for (; p != NULL && b->roots_n < b->n; b->roots_n++) {
		ledger_frontier_add(&b->frontier, &b->leaves[b->roots_n]);
		ledger_frontier_head(&b->frontier, &head);
		ledger_root(b->roots[b->roots_n], net_of(n), p->pub, &head);
	}
}

/* It is on the disk or it is not there at all. */
static bool
append(struct node *n, struct book *b, const struct ledger_leaf *leaf)
{
	if (b->damaged || !room(b)) {
		env_log(&n->env, LOG_UNUSUAL, "ledger_not_kept", "what=%s",
		    b->damaged ? "damaged" : "full");
		return false;
	}
	/* A ledger begins within a week, not at its first leaf. */
	if (b->n == 0 && b->week == 0) {
		b->week = now_h(n) / WEEK_H;
		if (head_save(n, b) != OK)
			return false;
	}
	b->leaves[b->n++] = *leaf;
	if (chunk_save(n, b) == OK) {
		roots_grow(n, b);
		return true;
	}
	b->n--;
	env_log(&n->env, LOG_UNUSUAL, "ledger_not_kept", "what=disk");
	return false;
}

/* Leaves of one chunk; false: damaged. */
static bool
chunk_take(struct book *b, const json_t *o)
{
	const char *hex = json_string_value(json_object_get(o, "leaves"));
	uint8_t bytes[CHUNK * LEDGER_LEAF];
	struct buf out = { bytes, 0, sizeof(bytes) };

	if (hex == NULL || hex_get(slice_str(hex), &out) != OK || out.n == 0 ||
	    out.n % LEDGER_LEAF != 0)
		return false;
	for (size_t at = 0; at < out.n; at += LEDGER_LEAF) {
		if (!room(b))
			return false;
		leaf_get(bytes + at, &b->leaves[b->n++]);
	}
	return true;
}

static bool
is_sound(const struct node *n, const struct book *b)
{
	struct ledger_counts counts;
	uint32_t *order = malloc((b->n + 1) * sizeof(*order));
	const bool sound =
	    order != NULL && ledger_audit(b->leaves, b->n, now_h(n), order,
				 &counts) == EVIDENCE_FINE;

	free(order);
	return sound;
}

static void
book_load(struct node *n, struct book *b, uint32_t persona)
{
	char name[VAULT_NAME_MAX + 1];
	bool bad = false;
	json_t *o;

	b->persona = persona;
	for (uint32_t chunk = 0; !b->damaged; chunk++) {
		chunk_name(name, b, chunk);
		o = vault_get(n->vault, name, &bad);
		if (o == NULL && !bad)
			break;
		/* Only the last may be short. */
		b->damaged = bad || b->n != chunk * CHUNK || !chunk_take(b, o);
		json_decref(o);
	}
	head_name(name, b);
	o = vault_get(n->vault, name, &bad);
	const json_t *list = json_object_get(o, "commits");
	for (unsigned i = 0; i < COMMITS; i++)
		b->commits[i] =
		    (uint32_t)json_integer_value(json_array_get(list, i));
	b->week = (uint32_t)json_integer_value(json_object_get(o, "week"));
	json_decref(o);
	if (bad || committed(b) > b->n || (b->n > 0 && !is_sound(n, b)))
		b->damaged = true;
	if (!b->damaged)
		roots_grow(n, b);
	if (b->damaged)
		env_log(&n->env, LOG_UNUSUAL, "ledger_damaged", "persona=%u",
		    persona);
}

/* ---- what enters ---- */

static struct book *
book_of(const struct node *n, uint32_t persona)
{
	return n->ledgers == NULL || persona >= PERSONAS_MAX
		   ? NULL
		   : &n->ledgers->books[persona];
}

static bool
is_settled(const struct book *b, uint32_t number)
{
	for (uint32_t i = number + 1; i < b->n; i++)
		if (b->leaves[i].of == number &&
		    b->leaves[i].event >= LEDGER_KEPT &&
		    b->leaves[i].event <= LEDGER_LAPSED)
			return true;
	return false;
}

/* Its number; b->n: it is no pledge, or could not be kept. */
static uint32_t
enter_agreement(struct node *n, struct book *b, const struct document *a)
{
	const uint32_t number = ledger_find(b->leaves, b->n, a->id);
	struct ledger_leaf leaf;

	if (number < b->n)
		return number;
	if (ledger_pledged(&leaf, b->n, a) != EVIDENCE_FINE ||
	    !append(n, b, &leaf))
		return b->n;
	return b->n - 1;
}

static void
enter_outcome(struct node *n, struct book *b, const struct document *a,
    const struct document *o)
{
	struct ledger_leaf leaf;

	if (ledger_find(b->leaves, b->n, o->id) < b->n)
		return;
	const uint32_t of = enter_agreement(n, b, a);
	/* What was settled first stays, also what had lapsed. */
	if (of < b->n && is_settled(b, of))
		return;
	if (ledger_settled(&leaf, b->n, of, a, o) == EVIDENCE_FINE)
		(void)append(n, b, &leaf);
}

/* One that is complete, in which the persona is the company. */
static void
enter(struct node *n, const struct holding *h)
{
	struct ledgers *l = n->ledgers;
	struct book *b = book_of(n, h->persona);

	if (b == NULL || !h->complete || h->role != ROLE_COMPANY ||
	    (h->type != EVIDENCE_AGREEMENT && h->type != EVIDENCE_OUTCOME) ||
	    documents_read(n, h, l->one) != OK)
		return;
	if (h->type == EVIDENCE_AGREEMENT) {
		(void)enter_agreement(n, b, &l->one->d);
		return;
	}
	const struct holding *a =
	    documents_find(n, h->persona, l->one->d.is.outcome.agreement);
	if (a != NULL && documents_read(n, a, l->two) == OK)
		enter_outcome(n, b, &l->two->d, &l->one->d);
}

static void
on_document(
    struct node *n, enum held_change change, const struct holding *h, void *ctx)
{
	(void)ctx;
	struct book *b = book_of(n, h->persona);
	const uint32_t before = b == NULL ? 0 : b->n;

	if (change == HELD_COMPLETE && b != NULL)
		enter(n, h);
	if (b != NULL && b->n != before)
		node_event_of(n, "ledger", h->persona, SCOPE_EVIDENCE,
		    json_pack("{s:s,s:I}", "persona",
			persona_get(n, h->persona)->name, "leaves",
			(json_int_t)b->n));
}

static bool
on_held(void *ctx, const struct holding *h)
{
	enter(ctx, h);
	return true;
}

static void
catch_up(struct node *n)
{
	const struct held_filter agreements = { .type = EVIDENCE_AGREEMENT,
		.complete = true };
	const struct held_filter outcomes = { .type = EVIDENCE_OUTCOME,
		.complete = true };

	documents_each(n, &agreements, on_held, n);
	documents_each(n, &outcomes, on_held, n);
}

/* 30 days after they were due, what nobody settled has lapsed. */
static void
lapse(struct node *n, struct book *b)
{
	uint8_t *settled = calloc(b->n + 1, 1);
	const uint32_t held = b->n, now = now_h(n);

	for (uint32_t i = 0; settled != NULL && i < held; i++)
		if (b->leaves[i].event >= LEDGER_KEPT &&
		    b->leaves[i].event <= LEDGER_LAPSED)
			settled[b->leaves[i].of] = 1;
	for (uint32_t i = 0; settled != NULL && i < held; i++) {
		const struct ledger_leaf *p = &b->leaves[i];
		if (p->event != LEDGER_PLEDGED || settled[i] != 0 ||
		    (uint64_t)p->at + EVIDENCE_GRACE_H > now)
			continue;
		struct ledger_leaf leaf = { LEDGER_LAPSED, now, i, { 0 } };
		memcpy(leaf.tag, p->tag, sizeof(leaf.tag));
		if (!append(n, b, &leaf))
			break;
	}
	free(settled);
}

err
ledger_forget(struct node *n, uint32_t persona)
{
	struct book *b = book_of(n, persona);
	char prefix[VAULT_NAME_MAX + 1];

	(void)snprintf(prefix, sizeof(prefix), "ledger/%u/", (unsigned)persona);
	TRY(vault_delete_all(n->vault, prefix));
	if (b == NULL)
		return OK;
	free(b->leaves);
	free(b->roots);
	*b = (struct book){ .persona = persona };
	return OK;
}

/* ---- roots ---- */

struct ledger_of
ledger_of_persona(const struct node *n, uint32_t persona)
{
	struct ledger_of of = { .net = net_of(n) };

	memcpy(of.company, persona_get(n, persona)->pub, sizeof(of.company));
	return of;
}

bool
ledger_root_of(
    const struct node *n, uint32_t persona, uint32_t leaves_n, uint8_t out[32])
{
	const struct book *b = book_of(n, persona);

	if (b == NULL || leaves_n == 0 || leaves_n > b->roots_n)
		return false;
	memcpy(out, b->roots[leaves_n - 1], 32);
	return true;
}

uint32_t
ledger_size_of(const struct node *n, uint32_t persona, const uint8_t root[32])
{
	const struct book *b = book_of(n, persona);

	for (uint32_t i = b == NULL ? 0 : MIN(b->roots_n, committed(b)); i > 0;
	     i--)
		if (memcmp(b->roots[i - 1], root, 32) == 0)
			return i;
	return 0;
}

/* Is the published root one of those that this node committed to? */
static bool
is_ours(struct node *n, const struct book *b, const uint8_t published[32])
{
	uint8_t root[32];

	for (unsigned i = COMMITS; i > 0; i--)
		if (b->commits[i - 1] > 0 &&
		    ledger_root_of(n, b->persona, b->commits[i - 1], root) &&
		    memcmp(root, published, sizeof(root)) == 0)
			return true;
	return false;
}

void
ledger_state_of(struct node *n, uint32_t persona, struct ledger_state *out)
{
	const struct book *b = book_of(n, persona);

	*out = (struct ledger_state){ .condition = LEDGER_SOUND };
	out->published = ledger_published(n, persona, out->published_root);
	if (b == NULL)
		return;
	out->n = b->n;
	out->committed = committed(b);
	out->leaves = b->leaves;
	if (b->n > committed(b))
		out->next_s = ((uint64_t)b->week + 1) * WEEK_H * 3600;
	if (b->damaged)
		out->condition = LEDGER_DAMAGED;
	else if (out->published && !is_ours(n, b, out->published_root))
		out->condition = LEDGER_BEHIND;
	else if (b->n >= COMPANY_LEAVES_MAX)
		out->condition = LEDGER_FULL;
}

bool
ledger_root_now(struct node *n, uint32_t persona, uint8_t out[32])
{
	struct ledger_state s;

	ledger_state_of(n, persona, &s);
	if (s.condition == LEDGER_BEHIND || s.condition == LEDGER_DAMAGED) {
		memcpy(out, s.published_root, 32);
		return s.published;
	}
	return ledger_root_of(n, persona, s.committed, out);
}

err
ledger_commit(struct node *n, uint32_t persona)
{
	struct book *b = book_of(n, persona);
	struct ledger_state s;

	if (b == NULL || b->n == 0)
		return ERR_NOTFOUND;
	ledger_state_of(n, persona, &s);
	if (s.condition == LEDGER_BEHIND || s.condition == LEDGER_DAMAGED)
		return ERR_CORRUPT;
	if (b->n == committed(b))
		return OK;
	const struct book before = *b;
	memmove(
	    b->commits, b->commits + 1, (COMMITS - 1) * sizeof(b->commits[0]));
	b->commits[COMMITS - 1] = b->n;
	b->week = now_h(n) / WEEK_H;
	const err e = head_save(n, b);
	if (e != OK)
		*b = before;
	return e;
}

bool
ledger_is_open(
    struct node *n, uint32_t persona, struct ledger_state *s, uint8_t root[32])
{
	ledger_state_of(n, persona, s);
	return s->published && s->condition != LEDGER_BEHIND &&
	       s->condition != LEDGER_DAMAGED &&
	       ledger_root_of(n, persona, s->committed, root) &&
	       memcmp(root, s->published_root, 32) == 0;
}

err
ledger_for_offer(struct node *n, uint32_t persona, struct buf *out)
{
	const struct ledger_of of = ledger_of_persona(n, persona);
	uint8_t root[32], bytes[LEDGER_BYTES_MAX];
	struct ledger_state s;
	err e = ERR_NOTFOUND;

	if (!ledger_is_open(n, persona, &s, root))
		return ERR_NOTFOUND;
	void *memory = malloc(LEDGER_SCRATCH_BYTES);
	if (memory == NULL)
		return ERR_NOMEM;
	for (uint32_t k = MIN(s.committed, 32U); k > 0 && e != OK; k /= 2) {
		struct arena scratch = arena_of(memory, LEDGER_SCRATCH_BYTES);
		struct buf b = { bytes, 0, sizeof(bytes) };
		e = ledger_opening_write(&of, s.leaves, s.committed,
		    s.committed - k, k, &scratch, &b);
		if (e == OK && b.n > MESSAGE_LEDGER_MAX)
			e = ERR_NOTFOUND;
		else if (e == OK)
			e = buf_put(out, b.p, b.n);
	}
	free(memory);
	return e;
}

/* ---- in the organisation record ---- */

/* The live organisation record's payload; ${rd} is the caller's, open. */
static bool
read_record(struct node *n, uint32_t persona, struct store_view *view,
    struct reader *rd, struct store_record *s)
{
	const struct owner_post *post =
	    owner_post(n, persona, KIND_ORGANISATION, 0);

	return post != NULL && !post->deleted && post->rid != 0 &&
	       store_get_rid(view, post->rid, s) == OK &&
	       record_is_live(s, node_now(n)) && reader_open(rd, s);
}

bool
ledger_published(struct node *n, uint32_t persona, uint8_t root[32])
{
	struct store_view *view = NULL;
	struct store_record s;
	struct reader rd;
	bool there = false;

	if (reader_init(&rd) == OK && store_view_open(n->store, &view) == OK &&
	    read_record(n, persona, view, &rd, &s)) {
		const struct value *v = value_find(&rd.payload, LEDGER_ROOT);
		there = v != NULL && v->s.n == 32;
		if (there)
			memcpy(root, v->s.p, 32);
	}
	store_view_close(view);
	reader_fini(&rd);
	return there;
}

bool
ledger_can_publish(struct node *n, uint32_t persona)
{
	const struct owner_post *post =
	    owner_post(n, persona, KIND_ORGANISATION, 0);

	return post != NULL && !post->deleted && !post->busy &&
	       persona_may_publish(n, persona) &&
	       publish_open_at(n, persona) == 0;
}

void
ledger_root_into(struct node *n, uint32_t persona, json_t *draft)
{
	uint8_t root[32];
	char hex[65];

	if (ledger_root_now(n, persona, root) &&
	    hex_put(hex, sizeof(hex), slice_of(root, 32)) == OK)
		(void)json_object_set_new(
		    draft, "ledger_root", json_string(hex));
	else
		(void)json_object_del(draft, "ledger_root");
}

static void
on_published(void *ctx, const struct publish_result *r)
{
	struct node *n = ctx;

	if (r->error != OK || r->outcome != RECORD_STORED)
		env_log(&n->env, LOG_UNUSUAL, "ledger_root_not_published",
		    "why=\"%s\"", r->why);
}

void
ledger_publish(struct node *n, uint32_t persona)
{
	struct user_payload *p = malloc(sizeof(*p));
	struct store_view *view = NULL;
	struct payload_fault f = { 0 };
	struct store_record s;
	struct reader rd;
	json_t *draft = NULL;
	char region[3] = "zz";

	if (reader_init(&rd) == OK && p != NULL &&
	    store_view_open(n->store, &view) == OK &&
	    read_record(n, persona, view, &rd, &s)) {
		memcpy(region, rd.r.region, 2);
		if (payload_to_json(schema_of(KIND_ORGANISATION, rd.r.pv),
			&rd.payload, NULL, &draft) != OK)
			draft = NULL;
	}
	store_view_close(view);
	reader_fini(&rd);
	if (draft != NULL) {
		ledger_root_into(n, persona, draft);
		if (user_payload_read(
			KIND_ORGANISATION, draft, region, p, &f) == OK) {
			const struct publish_request q = { .persona = persona,
				.kind = KIND_ORGANISATION,
				.region = p->region,
				.payload = slice_of(p->bytes, p->n) };
			owner_publish(n, &q, on_published, n);
		}
	}
	json_decref(draft);
	free(p);
}

/* ---- life ---- */

static void
turn_of_week(struct node *n, struct book *b)
{
	if (b->damaged || b->n == committed(b) ||
	    now_h(n) / WEEK_H <= b->week ||
	    !ledger_can_publish(n, b->persona) ||
	    ledger_commit(n, b->persona) != OK)
		return;
	ledger_publish(n, b->persona);
}

void
ledgers_tick(struct node *n)
{
	if (n->ledgers == NULL || n->ledgers->ticks++ % LOOK_EVERY != 0)
		return;
	for (uint32_t i = 0; i < persona_count(n); i++) {
		struct book *b = &n->ledgers->books[i];
		if (b->n == 0)
			continue;
		if (!b->damaged)
			lapse(n, b);
		turn_of_week(n, b);
	}
}

err
ledgers_open(struct node *n)
{
	struct ledgers *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NOMEM;
	n->ledgers = l;
	l->one = malloc(sizeof(*l->one));
	l->two = malloc(sizeof(*l->two));
	if (l->one == NULL || l->two == NULL)
		return ERR_NOMEM; /* ledgers_close() follows */
	for (uint32_t i = 0; i < PERSONAS_MAX; i++)
		book_load(n, &l->books[i], i);
	catch_up(n);
	documents_listen(n, on_document, NULL);
	return OK;
}

void
ledgers_close(struct node *n)
{
	struct ledgers *l = n->ledgers;

	n->ledgers = NULL;
	if (l == NULL)
		return;
	for (uint32_t i = 0; i < PERSONAS_MAX; i++) {
		free(l->books[i].leaves);
		free(l->books[i].roots);
	}
	free(l->one);
	free(l->two);
	free(l);
}
