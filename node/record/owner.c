#include "node/record/owner.h"

#include <stdio.h>
#include <stdlib.h>

#include "match/card.h"
#include "node/keys/signer.h"
#include "node/keys/intro.h"
#include "node/keys/vault.h"
#include "node/record/conflict.h"
#include "node/vocabulary_load.h"
#include "proto/base/text.h"
#include "proto/record/schema.h"

#define PLAN_NAME      "plan/profile"
#define RENEW_PER_TICK 4
#define RENEW_RETRY_S  600
/* What publish.h gives a record whose owner named no end. Others end when
 * their owner said so and are not renewed. */
#define OPEN_END_HOURS  (30 * 24)
#define PLAN_RETRY_S    60
#define DRAWS           64
#define PRESIGNED_MAX   512
#define PRESIGN_S       (30 * 86400)
#define PRESIGN_TICKS   10
#define ID_PART_MIN     6
#define DEMAND_STATUS   38 /* keys of the payloads, as in SPEC.md */
#define DEMAND_EXTERNAL 42
#define ATTESTATION_KEY 0
#define COURSE_EXTERNAL 42 /* of all others that have one, too */

static const uint32_t kinds[] = { KIND_PROFILE, KIND_ORGANISATION, KIND_DEMAND,
	KIND_COURSE, KIND_STATISTIC, KIND_ASSESSMENT, KIND_PATHWAY,
	KIND_COMMUNITY, KIND_ATTESTATION, KIND_REVOCATION };
#define KINDS ARRAY_LEN(kinds)

/* Of one persona. */
struct book {
	struct owner_post *posts[KINDS];
	/* the plan */
	uint64_t plan_at; /* 0: none */
	bool publishing;
};

struct owner {
	struct node *n;
	struct book *books[PERSONAS_MAX]; /* NULL: not needed so far */
	uint64_t next_rid; /* of the store when it was last looked at */
	struct arena record_scratch, value_scratch;
	/* renewal goes round the personas, and the slots of each */
	uint32_t renew_persona, renew_kind, renew_slot;
	uint64_t renew_not_before;
};

static int
place_of_kind(uint32_t kind)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i] == kind)
			return (int)i;
	return -1;
}

static void
book_free(struct book *b)
{
	if (b == NULL)
		return;
	for (size_t k = 0; k < KINDS; k++) {
		for (uint32_t i = 0;
		     b->posts[k] != NULL && i < kind_info(kinds[k])->slots; i++)
			free(b->posts[k][i].mine);
		free(b->posts[k]);
	}
	free(b);
}

static struct book *
book_new(struct owner *o, uint32_t persona)
{
	struct book *b = calloc(1, sizeof(*b));

	for (size_t k = 0; b != NULL && k < KINDS; k++) {
		b->posts[k] =
		    calloc(kind_info(kinds[k])->slots, sizeof(*b->posts[k]));
		if (b->posts[k] == NULL) {
			book_free(b);
			b = NULL;
		}
	}
	if (b == NULL)
		return NULL;
	json_t *plan = persona_value(o->n, persona, PLAN_NAME, NULL);
	const json_int_t at = json_integer_value(json_object_get(plan, "at"));
	b->plan_at = at > 0 ? (uint64_t)at : 0;
	json_decref(plan);
	o->next_rid = 0; /* the store may hold something of it */
	return b;
}

static struct book *
book_of(struct owner *o, uint32_t persona)
{
	if (o == NULL || persona >= persona_count(o->n))
		return NULL;
	if (o->books[persona] == NULL)
		o->books[persona] = book_new(o, persona);
	return o->books[persona];
}

static struct owner_post *
slot_at(struct owner *o, uint32_t persona, uint32_t kind, uint32_t slot)
{
	struct book *b = book_of(o, persona);
	const int k = place_of_kind(kind);

	if (b == NULL || k < 0 || slot >= kind_info(kind)->slots)
		return NULL;
	return &b->posts[k][slot];
}

/* ---- what the store holds of our author ---- */

void
owner_content(
    uint8_t out[FINGERPRINT], const char *region, struct slice payload)
{
	uint8_t both[2 + FINGERPRINT];

	memcpy(both, region, 2);
	fingerprint(both + 2, "ohcn-own-payload", payload);
	fingerprint(out, "ohcn-own-content", slice_of(both, sizeof(both)));
}

/* What the table keeps of a payload. */
static void
read_payload(struct owner *o, const struct record *r, struct owner_post *p)
{
	struct value payload;
	const struct value *v;

	p->external_id[0] = 0;
	p->status = 0;
	p->old_intro = false;
	if (r->kind == KIND_ORGANISATION || r->kind == KIND_REVOCATION)
		return;
	arena_reset(&o->value_scratch);
	if (value_parse(r->payload, &o->value_scratch, &payload) != OK ||
	    payload.type != VALUE_MAP)
		return;
	if (intro_field(r->kind) != 0) {
		v = value_find(&payload, intro_field(r->kind));
		p->old_intro = v != NULL && v->type == VALUE_BIN &&
			       v->s.n == X25519_SIZE &&
			       intro_find(o->n, v->s.p) == NULL;
	}
	if (r->kind == KIND_PROFILE)
		return;
	if (r->kind == KIND_ATTESTATION) { /* its name: whom it vouches for */
		v = value_find(&payload, ATTESTATION_KEY);
		if (v != NULL && v->type == VALUE_BIN &&
		    hex_put(p->external_id, sizeof(p->external_id), v->s) != OK)
			p->external_id[0] = 0;
		return;
	}
	v = value_find(&payload,
	    r->kind == KIND_DEMAND ? DEMAND_EXTERNAL : COURSE_EXTERNAL);
	if (v != NULL && v->type == VALUE_STR && v->s.n <= OWNER_EXTERNAL_MAX) {
		memcpy(p->external_id, v->s.p, v->s.n);
		p->external_id[v->s.n] = 0;
	}
	if (r->kind == KIND_DEMAND) {
		v = value_find(&payload, DEMAND_STATUS);
		p->status = v != NULL && v->type == VALUE_UINT &&
				    v->u <= POSTING_WITHDRAWN
				? (uint8_t)v->u
				: POSTING_OPEN;
	}
}

static void
keep_mine(struct owner_post *p, struct slice bytes)
{
	uint8_t *copy = malloc(bytes.n);

	free(p->mine);
	p->mine = copy;
	p->mine_n = copy == NULL ? 0 : bytes.n;
	if (copy != NULL)
		memcpy(copy, bytes.p, bytes.n);
}

/* Whether two records say the same, each with a key for offers of its own. */
static bool
says_the_same(struct owner *o, const struct record *a, const struct record *b)
{
	uint8_t x[RECORD_BODY_MAX], y[RECORD_BODY_MAX];
	struct buf ax = { x, 0, sizeof(x) }, by = { y, 0, sizeof(y) };
	static const uint8_t any[X25519_SIZE];

	(void)o;
	if (memcmp(a->region, b->region, 2) != 0 ||
	    record_deleted(a) != record_deleted(b))
		return false;
	const uint32_t field = intro_field(a->kind);
	if (field == 0 || record_deleted(a))
		return slice_eq(a->payload, b->payload);
	return intro_put(field, a->payload, any, &ax) == OK &&
	       intro_put(field, b->payload, any, &by) == OK &&
	       slice_eq(buf_slice(&ax), buf_slice(&by));
}

/* ${now} has taken the slot: did we make it? What we know of the one before
 * is a record of ours, unless that was foreign as well. */
static void
compare(struct owner *o, uint32_t persona, struct owner_post *p,
    const struct record *now)
{
	struct record mine;
	uint8_t copy[RECORD_BYTES_MAX];

	if (now->kind == KIND_REVOCATION)
		return;
	if (p->rid == 0) { /* the first look since the start */
		p->foreign = conflict_any(o->n, persona, now->kind, now->slot);
		return;
	}
	/* While it is busy the change is ours; its id comes with the answer. */
	if (!p->own || p->busy || p->mine == NULL ||
	    memcmp(p->made, now->id, RECORD_ID) == 0)
		return;
	if (p->foreign)
		return; /* another one of theirs: ours is kept already */
	const size_t n = MIN(p->mine_n, sizeof(copy));
	memcpy(copy, p->mine, n);
	struct arena scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	if (scratch.p != NULL &&
	    record_read(slice_of(copy, n), &scratch, &mine) == RECORD_FINE &&
	    !says_the_same(o, &mine, now)) {
		p->foreign = true;
		conflict_note(o->n, persona, &mine);
	}
	free(scratch.p);
}

static bool
on_own(void *ctx, const struct store_record *s)
{
	struct owner *o = ctx;
	const struct author *a = persona_of_key(o->n, s->author);
	struct owner_post *p =
	    a == NULL ? NULL : slot_at(o, a->index, s->kind, s->slot);
	struct record r;

	if (p == NULL)
		return true;
	p->own = s->own;
	if (p->rid == s->rid)
		return true;
	if (record_read(s->bytes, &o->record_scratch, &r) != RECORD_FINE)
		return true;
	compare(o, a->index, p, &r);
	if (record_read(s->bytes, &o->record_scratch, &r) != RECORD_FINE)
		return true; /* it was the other one that was read last */
	p->rid = s->rid;
	memcpy(p->id, s->id, RECORD_ID);
	p->seq = s->seq;
	p->expires_h = s->expires_h;
	memcpy(p->region, s->region, sizeof(p->region));
	p->deleted = s->deleted;
	owner_content(p->content, s->region, r.payload);
	read_payload(o, &r, p);
	p->old_pv = !s->deleted && r.pv < schema_pv(s->kind);
	if (!p->foreign)
		keep_mine(p, s->bytes);
	return true;
}

/* Nothing arrived since the last look: the table is right as it is. */
static void
refresh(struct owner *o)
{
	struct store_view *view = NULL;
	struct store_totals totals;

	if (o == NULL)
		return;
	for (uint32_t i = 0; i < persona_count(o->n); i++)
		(void)book_of(o, i);
	if (store_view_open(o->n->store, &view) != OK)
		return;
	if (store_totals(view, &totals) == OK &&
	    totals.next_rid != o->next_rid) {
		err e = OK;
		for (uint32_t i = 0; i < persona_count(o->n); i++)
			for (size_t k = 0; k < KINDS && e == OK; k++)
				e = store_each_author(view,
				    persona_get(o->n, i)->pub, kinds[k], on_own,
				    o);
		if (e == OK)
			o->next_rid = totals.next_rid;
	}
	store_view_close(view);
}

static bool
is_live(const struct owner *o, const struct owner_post *p)
{
	return p->rid != 0 && p->expires_h > node_now(o->n) / 3600;
}

/* The store has dropped them. */
static void
forget_posts(struct owner *o, uint32_t persona)
{
	struct book *b = book_of(o, persona);

	for (size_t k = 0; b != NULL && k < KINDS; k++)
		for (uint32_t i = 0; i < kind_info(kinds[k])->slots; i++)
			if (kinds[k] != KIND_REVOCATION)
				b->posts[k][i].rid = 0;
}

/* A revocation has come, from here or from another device: nothing of the
 * persona is made any more, and nothing that is sealed to it is opened. */
static void
take_revocations(struct owner *o)
{
	struct node *n = o->n;

	for (uint32_t i = 0; i < persona_count(n); i++) {
		const struct owner_post *p = slot_at(o, i, KIND_REVOCATION, 0);
		if (p == NULL || !is_live(o, p) ||
		    persona_get(n, i)->state == PERSONA_REVOKED)
			continue;
		if (persona_set_state(n, i, PERSONA_REVOKED) != OK ||
		    owner_plan_cancel(n, i) != OK)
			env_log(&n->env, LOG_BROKEN, "revocation_not_saved",
			    "persona=%s", persona_get(n, i)->name);
		(void)intro_erase(n, i); /* else when they expire */
		forget_posts(o, i);
		node_event(n, "persona_revoked",
		    json_pack("{s:s}", "name", persona_get(n, i)->name));
	}
}

/* What the table says, without a look at the store. */
static const struct owner_post *
live_post(struct node *n, uint32_t persona, uint32_t kind, uint32_t slot)
{
	const struct owner_post *p = slot_at(n->owner, persona, kind, slot);

	return p != NULL && is_live(n->owner, p) && !p->deleted ? p : NULL;
}

const struct owner_post *
owner_post(struct node *n, uint32_t persona, uint32_t kind, uint32_t slot)
{
	refresh(n->owner);
	return live_post(n, persona, kind, slot);
}

static uint32_t
count(struct node *n, uint32_t persona, uint32_t kind, bool open_only)
{
	const int k = place_of_kind(kind);
	const struct book *b = book_of(n->owner, persona);
	uint32_t found = 0;

	refresh(n->owner);
	if (k < 0 || b == NULL)
		return 0;
	for (uint32_t i = 0; i < kind_info(kind)->slots; i++) {
		const struct owner_post *p = &b->posts[k][i];
		found += is_live(n->owner, p) && !p->deleted &&
			 (!open_only || p->status == POSTING_OPEN);
	}
	return found;
}

uint32_t
owner_live(struct node *n, uint32_t persona, uint32_t kind)
{
	return count(n, persona, kind, false);
}

uint32_t
owner_open(struct node *n, uint32_t persona)
{
	return count(n, persona, KIND_DEMAND, true);
}

bool
owner_busy(struct node *n, uint32_t persona, uint32_t kind, uint32_t slot)
{
	const struct owner_post *p = slot_at(n->owner, persona, kind, slot);

	return p != NULL && p->busy;
}

/* ---- finding ---- */

/* Characters that the ids of all records begin with. */
static size_t
head_length(void)
{
	static const uint8_t other[2][RECORD_ID] = { { 0 }, { 0xff } };
	char a[RECORD_ID_TEXT], b[RECORD_ID_TEXT];
	size_t n = 0;

	record_id_put(a, other[0]);
	record_id_put(b, other[1]);
	while (a[n] != 0 && a[n] == b[n])
		n++;
	return n;
}

bool
record_text_is(const uint8_t id[RECORD_ID], const char *text)
{
	char full[RECORD_ID_TEXT];
	const size_t n = strlen(text);

	record_id_put(full, id);
	const size_t all = strlen(full), head = head_length();
	if (n > all)
		return false;
	if (n >= head + ID_PART_MIN && strncmp(full, text, n) == 0)
		return true;
	if (n < ID_PART_MIN)
		return false;
	return strcmp(full + all - n, text) == 0 ||
	       strncmp(full + head, text, n) == 0;
}

err
owner_find_external(struct node *n, uint32_t persona, uint32_t kind,
    const char *external_id, uint32_t *slot)
{
	const uint32_t slots = kind_info(kind)->slots;

	if (external_id[0] == 0)
		return ERR_NOTFOUND;
	refresh(n->owner);
	for (uint32_t i = 0; i < slots; i++) {
		const struct owner_post *p = live_post(n, persona, kind, i);
		if (p != NULL && strcmp(p->external_id, external_id) == 0) {
			*slot = i;
			return OK;
		}
	}
	return ERR_NOTFOUND;
}

static bool
slot_number(const char *text, uint32_t slots, uint32_t *slot)
{
	char *end = NULL;
	const unsigned long v = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != 0 || v >= slots)
		return false;
	*slot = (uint32_t)v;
	return true;
}

err
owner_find(struct node *n, uint32_t persona, uint32_t kind, const char *text,
    uint32_t *slot)
{
	const uint32_t slots = kind_info(kind)->slots;
	uint32_t found = 0;

	if (owner_find_external(n, persona, kind, text, slot) == OK)
		return OK;
	for (uint32_t i = 0; i < slots; i++) {
		const struct owner_post *p = live_post(n, persona, kind, i);
		if (p == NULL || !record_text_is(p->id, text))
			continue;
		*slot = i;
		if (found++ > 0)
			return ERR_EXISTS;
	}
	if (found == 1)
		return OK;
	if (slot_number(text, slots, slot) &&
	    live_post(n, persona, kind, *slot) != NULL)
		return OK;
	return ERR_NOTFOUND;
}

err
owner_free_slot(struct node *n, uint32_t persona, uint32_t kind,
    const uint8_t *taken, uint32_t *slot)
{
	const uint32_t slots = kind_info(kind)->slots;

	refresh(n->owner);
	for (uint32_t i = 0; i < slots; i++) {
		if ((taken != NULL && taken[i] != 0) ||
		    live_post(n, persona, kind, i) != NULL ||
		    owner_busy(n, persona, kind, i))
			continue;
		*slot = i;
		return OK;
	}
	return ERR_LIMIT;
}

/* ---- publishing ---- */

struct publishing {
	struct node *n;
	uint32_t persona, kind, slot;
	publish_done *done;
	void *ctx;
};

static void
on_published(void *ctx, const struct publish_result *r)
{
	struct publishing *p = ctx;
	struct owner_post *post =
	    slot_at(p->n->owner, p->persona, p->kind, p->slot);

	if (post != NULL)
		post->busy = false;
	if (post != NULL && r->error == OK) {
		memcpy(post->made, r->id, RECORD_ID);
		post->foreign = post->take_over = false;
		if (post->mine != NULL || post->rid != 0)
			(void)!conflict_forget(
			    p->n, p->persona, p->kind, p->slot);
		refresh(p->n->owner);
	}
	if (p->done != NULL)
		p->done(p->ctx, r);
	free(p);
}

static void
refuse(publish_done *done, void *ctx, err e, const char *why)
{
	struct publish_result r = { .error = e };

	(void)snprintf(r.why, sizeof(r.why), "%s", why);
	if (done != NULL)
		done(ctx, &r);
}

void
owner_publish(struct node *n, const struct publish_request *q,
    publish_done *done, void *ctx)
{
	struct owner_post *post =
	    slot_at(n->owner, q->persona, q->kind, q->slot);

	if (post != NULL && post->busy) {
		refuse(done, ctx, ERR_EXISTS,
		    "a change of the same record is under way");
		return;
	}
	struct publishing *p = calloc(1, sizeof(*p));
	if (p == NULL) {
		refuse(done, ctx, ERR_NOMEM, "out of memory");
		return;
	}
	*p = (struct publishing){ n, q->persona, q->kind, q->slot, done, ctx };
	if (post != NULL)
		post->busy = true;
	publish_record(n, q, on_published, p);
}

/* ---- the plan of a publication to come ---- */

err
owner_plan(struct node *n, const struct publish_request *q, uint64_t at_s)
{
	const size_t cap = 2 * q->payload.n + 1;
	struct book *b = book_of(n->owner, q->persona);
	char *hex = malloc(cap);

	if (hex == NULL || b == NULL) {
		free(hex);
		return ERR_NOMEM;
	}
	err e = hex_put(hex, cap, q->payload);
	json_t *plan =
	    e != OK ? NULL
		    : json_pack("{s:I, s:s, s:s}", "at", (json_int_t)at_s,
			  "region", q->region, "payload", hex);
	if (plan == NULL)
		e = ERR_NOMEM;
	else
		e = persona_keep(n, q->persona, PLAN_NAME, plan);
	json_decref(plan);
	free(hex);
	if (e == OK)
		b->plan_at = at_s;
	return e;
}

uint64_t
owner_plan_at(const struct node *n, uint32_t persona)
{
	const struct book *b = book_of(n->owner, persona);

	return b == NULL ? 0 : b->plan_at;
}

err
owner_plan_cancel(struct node *n, uint32_t persona)
{
	struct book *b = book_of(n->owner, persona);

	if (b == NULL || b->plan_at == 0)
		return OK;
	TRY(persona_drop(n, persona, PLAN_NAME));
	b->plan_at = 0;
	return OK;
}

uint64_t
owner_draw_time(struct node *n, uint32_t persona, uint32_t delay_s)
{
	const uint64_t now = node_now(n);
	const uint64_t gap = n->config->publish.persona_gap_s;
	uint64_t at = now;

	for (unsigned tries = 0; tries < DRAWS; tries++) {
		bool close = false;
		/* with every try a little further out */
		at = MAX(now, publish_open_at(n, persona)) +
		     env_random_below(&n->env, (uint64_t)delay_s + 1) +
		     tries / 4 * gap;
		for (uint32_t i = 0; i < persona_count(n); i++) {
			const uint64_t plan = owner_plan_at(n, i);
			close = close ||
				(i != persona && plan != 0 &&
				    (plan > at ? plan - at : at - plan) < gap);
		}
		if (!close)
			break;
	}
	return at;
}

struct planned {
	struct node *n;
	uint32_t persona;
};

static void
on_plan_published(void *ctx, const struct publish_result *r)
{
	const struct planned p = *(struct planned *)ctx;
	struct node *n = p.n;
	struct book *b = book_of(n->owner, p.persona);

	free(ctx);
	if (b == NULL)
		return;
	b->publishing = false;
	if (r->error == ERR_CLOSED)
		return; /* shutting down: the plan holds */
	if (r->error == ERR_LIMIT || r->error == ERR_EXISTS) {
		b->plan_at =
		    PLAN_RETRY_S + owner_draw_time(n, p.persona, PLAN_RETRY_S);
		return;
	}
	if (r->error != OK)
		env_log(&n->env, LOG_UNUSUAL, "planned_profile_refused",
		    "why=\"%s\"", r->why);
	if (owner_plan_cancel(n, p.persona) != OK)
		b->plan_at = node_now(n) + PLAN_RETRY_S;
}

static void
plan_tick(struct owner *o, uint32_t persona)
{
	struct node *n = o->n;
	struct book *b = book_of(o, persona);
	uint8_t raw[RECORD_BODY_MAX];
	struct buf payload = { raw, 0, sizeof(raw) };

	if (b == NULL || b->plan_at == 0 || b->publishing ||
	    node_now(n) < b->plan_at)
		return;
	struct planned *p = malloc(sizeof(*p));
	json_t *plan = persona_value(n, persona, PLAN_NAME, NULL);
	const char *hex = json_string_value(json_object_get(plan, "payload"));
	const char *region = json_string_value(json_object_get(plan, "region"));
	if (p == NULL || hex == NULL || region == NULL || strlen(region) != 2 ||
	    hex_get(slice_str(hex), &payload) != OK) {
		env_log(&n->env, LOG_BROKEN, "plan_unreadable",
		    "what=\"it is dropped\"");
		b->plan_at = 0;
		free(p);
	} else {
		const struct publish_request q = { .persona = persona,
			.kind = KIND_PROFILE,
			.region = region,
			.payload = buf_slice(&payload) };
		*p = (struct planned){ n, persona };
		b->publishing = true;
		owner_publish(n, &q, on_plan_published, p);
	}
	json_decref(plan);
}

/* ---- renewal ---- */

/* Cards are renewed after a week and up to a day more, each at a time of its
 * own, so that the hour tells nothing. */
static uint64_t
card_hours(const struct owner_post *p)
{
	return INTRO_ROTATE_S / 3600 + p->id[0] % 24;
}

static bool
is_due(const struct owner *o, uint32_t kind, const struct owner_post *p)
{
	const uint64_t now_h = node_now(o->n) / 3600, made_h = p->seq >> 8;

	/* Whoever has the seed keeps it alive, whoever made it. */
	if (kind == KIND_REVOCATION)
		return is_live(o, p) && !p->busy &&
		       (p->expires_h - now_h) * 4 < p->expires_h - made_h;
	if (!is_live(o, p) || p->deleted || p->busy || !p->own || p->foreign)
		return false;
	if (p->old_pv)
		return true; /* nobody reads it */
	if (p->expires_h - made_h !=
	    MIN(OPEN_END_HOURS, kind_info(kind)->lifetime_hours))
		return false;
	if (intro_field(kind) != 0 &&
	    ((p->old_intro && p->take_over) || now_h >= made_h + card_hours(p)))
		return true; /* its key for offers rotates */
	if (kind == KIND_DEMAND && p->status != POSTING_OPEN &&
	    p->status != POSTING_PAUSED)
		return false; /* may be forgotten */
	return (p->expires_h - now_h) * 4 < p->expires_h - made_h;
}

static void
on_renewed(void *ctx, const struct publish_result *r)
{
	struct node *n = ctx;

	if (r->error != OK && n->owner != NULL) {
		n->owner->renew_not_before = node_now(n) + RENEW_RETRY_S;
		env_log(
		    &n->env, LOG_UNUSUAL, "not_renewed", "why=\"%s\"", r->why);
	}
}

/*
 * What was said in a version of payloads that is unread now is said again in
 * the one that others read, if it can be said so: versions have most fields
 * in common. What cannot is the owner's to publish anew.
 */
static bool
still_fits(struct owner *o, const struct record *r, struct owner_post *p)
{
	struct schema_fault fault = { "a field", "is unknown" };
	struct value payload;

	if (r->pv == schema_pv(r->kind))
		return true;
	if (!p->old_pv)
		return false; /* of a newer one */
	arena_reset(&o->value_scratch);
	if (value_parse(r->payload, &o->value_scratch, &payload) == OK)
		switch (
		    schema_check(schema_latest(r->kind), &payload, &fault)) {
		case SCHEMA_OK:
			return true;
		case SCHEMA_OPAQUE:
			fault =
			    (struct schema_fault){ "a field", "is not known" };
			break;
		case SCHEMA_BAD:
			break;
		}
	p->old_pv = false;
	env_log(&o->n->env, LOG_UNUSUAL, "not_renewed",
	    "kind=%s slot=%" PRIu32 " pv=%" PRIu64
	    " why=\"%s %s: nobody reads it; publish it again\"",
	    kind_info(r->kind)->name, r->slot, r->pv, fault.path, fault.why);
	return false;
}

/* The same payload again, with a new seq and as long a life as before, or
 * until the end that its owner chose. */
static void
renew(struct owner *o, uint32_t persona, uint32_t kind, uint32_t slot,
    struct owner_post *p)
{
	const uint64_t now_h = node_now(o->n) / 3600;
	struct store_view *view = NULL;
	struct store_record s;
	struct record r;

	if (store_view_open(o->n->store, &view) != OK)
		return;
	if (store_get_rid(view, p->rid, &s) == OK &&
	    record_read(s.bytes, &o->record_scratch, &r) == RECORD_FINE &&
	    still_fits(o, &r, p)) {
		const uint64_t life_h = s.expires_h - (s.seq >> 8);
		const bool open_end =
		    !p->old_pv ||
		    life_h ==
			MIN(OPEN_END_HOURS, kind_info(kind)->lifetime_hours);
		const struct publish_request q = { .persona = persona,
			.kind = kind,
			.slot = slot,
			.region = s.region,
			.payload = r.payload,
			.lifetime_hours =
			    (uint32_t)(open_end ? life_h
						: s.expires_h - now_h) };
		owner_publish(o->n, &q, on_renewed, o->n);
	}
	store_view_close(view);
}

/* The next place of the round. */
static void
renew_next(struct owner *o)
{
	if (++o->renew_slot < kind_info(kinds[o->renew_kind])->slots)
		return;
	o->renew_slot = 0;
	if (++o->renew_kind < KINDS)
		return;
	o->renew_kind = 0;
	if (++o->renew_persona >= persona_count(o->n))
		o->renew_persona = 0;
}

static bool
may_renew(const struct node *n, uint32_t persona, uint32_t kind)
{
	return kind == KIND_REVOCATION ||
	       (!n->restoring && persona_may_publish(n, persona) &&
		   persona_get(n, persona)->stamped &&
		   publish_open_at(n, persona) == 0);
}

static void
renew_tick(struct owner *o)
{
	unsigned done = 0, looked = 0;

	/* A clock that has leapt would put records into the future, and the
	 * slot could not be used before it has come. */
	if (node_now(o->n) < o->renew_not_before ||
	    o->n->ticks < o->n->expire_after)
		return;
	while (done < RENEW_PER_TICK && looked++ < 256) {
		const uint32_t persona = o->renew_persona;
		const uint32_t kind = kinds[o->renew_kind];
		struct owner_post *p = slot_at(o, persona, kind, o->renew_slot);
		if (p != NULL && may_renew(o->n, persona, kind) &&
		    is_due(o, kind, p)) {
			renew(o, persona, kind, o->renew_slot, p);
			done++;
		}
		renew_next(o);
	}
}

/*
 * A revocation of each live persona lies signed in the vault, and so in every
 * backup: for the day on which the key is somebody else's. It is made anew
 * now and then, since one is of use for its 400 days only.
 */
static void
presign(struct owner *o, uint32_t persona)
{
	static const uint8_t unspecified[] = { 0x81, 0x00, 0x01 };
	struct node *n = o->n;
	uint8_t raw[PRESIGNED_MAX];
	char hex[2 * PRESIGNED_MAX + 1], why[160];
	struct buf out = { raw, 0, sizeof(raw) };
	struct record r;
	const struct publish_request q = { .persona = persona,
		.kind = KIND_REVOCATION,
		.region = "zz",
		.payload = slice_of(unspecified, sizeof(unspecified)) };
	json_t *had = persona_value(n, persona, PRESIGNED, NULL);
	const json_int_t made =
	    json_integer_value(json_object_get(had, "made"));
	const bool fresh = made > 0 && (uint64_t)made <= node_now(n) &&
			   node_now(n) - (uint64_t)made < PRESIGN_S;

	json_decref(had);
	if (fresh ||
	    publish_build(n, &q, &out, &r, &o->record_scratch, why) != OK ||
	    hex_put(hex, sizeof(hex), buf_slice(&out)) != OK)
		return;
	json_t *value = json_pack(
	    "{s:I, s:s}", "made", (json_int_t)node_now(n), "record", hex);
	if (value == NULL || persona_keep(n, persona, PRESIGNED, value) != OK)
		env_log(&n->env, LOG_UNUSUAL, "revocation_not_kept",
		    "what=\"a backup has none; it is tried again\"");
	json_decref(value);
}

void
owner_tick(struct node *n)
{
	if (n->owner == NULL || n->stopping)
		return;
	refresh(n->owner);
	take_revocations(n->owner);
	if (signer_is_shut(n->signer))
		return; /* what is due stays due */
	for (uint32_t i = 0; i < persona_count(n); i++)
		if (persona_may_publish(n, i)) {
			plan_tick(n->owner, i);
			if (n->ticks % PRESIGN_TICKS == 1)
				presign(n->owner, i);
		}
	renew_tick(n->owner);
}

/* ---- life ---- */

void
owner_start(struct node *n)
{
	struct owner *o = calloc(1, sizeof(*o));
	bool good = o != NULL;

	if (good) {
		o->n = n;
		o->record_scratch = arena_of(
		    malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
		o->value_scratch =
		    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
		good = o->record_scratch.p != NULL &&
		       o->value_scratch.p != NULL && book_of(o, 0) != NULL;
	}
	n->owner = o;
	if (!good) {
		env_log(&n->env, LOG_BROKEN, "out_of_memory", "what=owner");
		owner_stop(n);
		return;
	}
	refresh(o);
	vocabulary_reload(n);
}

void
owner_look_again(struct node *n)
{
	if (n->owner == NULL)
		return;
	n->owner->next_rid = 0;
	refresh(n->owner);
	/* Once, and not whenever another device has renewed a card: two of
	 * them would do so for ever. */
	for (uint32_t i = 0; i < persona_count(n); i++)
		for (size_t k = 0; k < KINDS; k++)
			for (uint32_t s = 0; intro_field(kinds[k]) != 0 &&
					     s < kind_info(kinds[k])->slots;
			     s++) {
				struct owner_post *p =
				    slot_at(n->owner, i, kinds[k], s);
				if (p != NULL)
					p->take_over = true;
			}
}

void
owner_settle(struct node *n, uint32_t persona, uint32_t kind, uint32_t slot)
{
	struct owner_post *p = slot_at(n->owner, persona, kind, slot);
	struct store_view *view = NULL;
	struct store_record s;

	if (p == NULL || store_view_open(n->store, &view) != OK)
		return;
	p->foreign = false;
	p->take_over = true;
	if (store_get_rid(view, p->rid, &s) == OK)
		keep_mine(p, s.bytes);
	store_view_close(view);
}

void
owner_stop(struct node *n)
{
	struct owner *o = n->owner;

	if (o == NULL)
		return;
	for (size_t i = 0; i < PERSONAS_MAX; i++)
		book_free(o->books[i]);
	free(o->record_scratch.p);
	free(o->value_scratch.p);
	free(o);
	n->owner = NULL;
}
