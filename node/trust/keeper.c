#include "node/trust/keeper.h"

#include <stdlib.h>

#include "match/card.h"
#include "node/evidence/documents.h"
#include "node/keys/persona.h"
#include "node/keys/vault.h"
#include "node/signals.h"
#include "node/trust/warnings.h"
#include "proto/record/names.h"

#define ANCHORS        "trust/anchors"
#define PRACTICE_LEVEL 14          /* of an organisation's payload */
#define REST_TICKS     UINT64_C(5) /* between a change and the view that shows it */
#define REST_MOST      UINT64_C(60)
#define REST_TIMES     20   /* as long as the last one took */
#define AGE_TICKS      3600 /* attestations end, months go by */
#define NEWS_MAX       1024 /* records that are not looked at yet */

/* A record that was stored, or has gone. */
struct news {
	uint32_t kind;
	uint8_t author[TRUST_KEY];
};

struct trust_keeper {
	struct node *n;
	struct trust_anchor anchors[TRUST_ANCHORS_MAX];
	size_t anchors_n;
	uint64_t dropped[TRUST_INBOX_RULES]; /* offers, since the start */
	bool stopping;

	/* Of what has changed so far. */
	atomic_uint_fast64_t number;

	uv_mutex_t lock; /* for what follows */
	struct trust_view *latest;
	/* A ring: records are stored on another thread. */
	struct news news[NEWS_MAX];
	uint64_t news_end, news_read; /* for the latest view */

	/* one at a time */
	uv_work_t work;
	bool busy;
	uint64_t begun;   /* ticks */
	uint64_t took_ms; /* the last one */
	struct trust_material *material;
	struct store_view *view;
	struct terms *terms;
	struct trust_view *made;
	err error;
};

/* ---- views ---- */

struct trust_view *
trust_latest(struct trust_keeper *k)
{
	uv_mutex_lock(&k->lock);
	struct trust_view *v = k->latest;
	if (v != NULL)
		trust_view_take(v);
	uv_mutex_unlock(&k->lock);
	return v;
}

void
trust_offer(struct trust_keeper *k, struct trust_view *v)
{
	struct trust_view *old = NULL;

	uv_mutex_lock(&k->lock);
	if (k->latest == NULL || k->latest->number <= v->number) {
		old = k->latest;
		k->latest = v;
		k->news_read = v->news_from;
		trust_view_take(v);
	}
	uv_mutex_unlock(&k->lock);
	trust_view_give(old);
}

static bool
is_current(struct node *n, const struct trust_view *v)
{
	return v->number == atomic_load(&n->trust->number) &&
	       v->vocabulary == n->terms->vocabulary &&
	       node_now(n) < v->made_s + AGE_TICKS;
}

/* Does what was stored since concern the latest view? Then it is old. */
static void
read_news(struct trust_keeper *k)
{
	bool old;

	uv_mutex_lock(&k->lock);
	old = k->news_end - k->news_read > NEWS_MAX;
	for (uint64_t i = k->news_read;
	     k->latest != NULL && i < k->news_end && !old; i++) {
		const struct news *one = &k->news[i % NEWS_MAX];
		old = trust_view_reads(k->latest, one->kind, one->author);
	}
	k->news_read = k->news_end;
	uv_mutex_unlock(&k->lock);
	if (old)
		trust_changed(k->n);
}

struct trust_view *
trust_current(struct node *n)
{
	struct trust_view *v;

	read_news(n->trust);
	v = trust_latest(n->trust);
	if (v == NULL || is_current(n, v))
		return v;
	trust_view_give(v);
	return NULL;
}

void
trust_changed(struct node *n)
{
	if (n->trust != NULL)
		atomic_fetch_add(&n->trust->number, 1);
}

void
trust_stored(struct node *n, uint32_t kind, const uint8_t author[TRUST_KEY])
{
	struct trust_keeper *k = n->trust;

	if (k == NULL || (kind != KIND_ATTESTATION && kind != KIND_REVOCATION &&
			     kind != KIND_ORGANISATION))
		return;
	uv_mutex_lock(&k->lock);
	struct news *one = &k->news[k->news_end++ % NEWS_MAX];
	one->kind = kind;
	memcpy(one->author, author, TRUST_KEY);
	uv_mutex_unlock(&k->lock);
}

/* ---- what a view is made of ---- */

struct gather {
	struct node *n;
	struct trust_material *m;
	uint8_t raw[DOCUMENT_MAX];
	size_t cap, bytes_n, bytes_cap;
	bool no_memory;
};

static bool
gather_room(struct gather *g, size_t more)
{
	struct trust_material *m = g->m;

	if (m->documents_n == g->cap) {
		const size_t cap = g->cap == 0 ? 64 : 2 * g->cap;
		struct slice *list = realloc(m->documents, cap * sizeof(*list));
		if (list == NULL)
			return false;
		m->documents = list;
		g->cap = cap;
	}
	if (g->bytes_n + more > g->bytes_cap) {
		const size_t cap = 2 * g->bytes_cap + 16 * DOCUMENT_MAX;
		uint8_t *bytes = realloc(m->bytes, cap);
		if (bytes == NULL)
			return false;
		m->bytes = bytes;
		g->bytes_cap = cap;
	}
	return true;
}

/* Places are offsets until all are there: the bytes may still move. */
static bool
on_held(void *ctx, const struct holding *h)
{
	struct gather *g = ctx;
	struct trust_material *m = g->m;

	struct buf out = { g->raw, 0, sizeof(g->raw) };

	/* Its signatures are for the worker. */
	if (documents_bytes(g->n, h, &out) != OK)
		return true;
	const struct slice bytes = buf_slice(&out);
	if (!gather_room(g, bytes.n)) {
		g->no_memory = true;
		return false;
	}
	memcpy(m->bytes + g->bytes_n, bytes.p, bytes.n);
	m->documents[m->documents_n++] = slice_of(NULL, bytes.n);
	g->bytes_n += bytes.n;
	return true;
}

static uint16_t
private_hours(struct node *n, uint32_t persona)
{
	json_t *wishes = persona_value(n, persona, "draft/wishes", NULL);
	const json_int_t hours =
	    json_integer_value(json_object_get(wishes, "hours_week_max"));

	json_decref(wishes);
	return hours < 1 || hours > 168 ? 0 : (uint16_t)hours;
}

static void
gather_warned(struct gather *g)
{
	struct trust_material *m = g->m;
	const struct warning_held *w;

	m->warned =
	    calloc(WARNINGS_MAX * WARNING_ENTRIES + 1, sizeof(*m->warned));
	g->no_memory = m->warned == NULL;
	for (unsigned i = 0;
	     !g->no_memory && (w = warnings_at(g->n, i)) != NULL; i++) {
		if (!warnings_in_force(g->n, w))
			continue;
		for (size_t k = 0; k < w->list.entries_n; k++) {
			struct trust_warned *one = &m->warned[m->warned_n++];
			memcpy(one->key, w->list.entries[k].key, TRUST_KEY);
			one->reason = w->list.entries[k].reason;
			memcpy(one->title, w->list.title.p, w->list.title.n);
		}
	}
}

struct trust_material *
trust_gather(struct node *n)
{
	struct trust_material *m = calloc(1, sizeof(*m));
	struct gather g = { .n = n, .m = m };
	size_t at = 0;

	if (m == NULL) {
		free(m);
		return NULL;
	}
	/* What is stored from here on may be missing in the view. */
	uv_mutex_lock(&n->trust->lock);
	m->news_from = n->trust->news_end;
	uv_mutex_unlock(&n->trust->lock);
	m->number = atomic_load(&n->trust->number);
	m->now_s = node_now(n);
	m->anchors_n = trust_anchors(n, m->anchors);
	memcpy(m->net, n->config->node.network,
	    MIN(strlen(n->config->node.network), sizeof(m->net) - 1));
	memcpy(m->region, n->config->node.region, 2);
	for (uint32_t i = 0; i < persona_count(n); i++) {
		struct learn_availability *a = &m->own[m->own_n++];
		memcpy(a->key, persona_get(n, i)->pub, TRUST_KEY);
		a->hours_week = private_hours(n, i);
	}
	gather_warned(&g);
	if (!g.no_memory)
		documents_each(n, NULL, on_held, &g);
	for (size_t i = 0; i < m->documents_n; i++) {
		m->documents[i].p = m->bytes + at;
		at += m->documents[i].n;
	}
	if (!g.no_memory)
		return m;
	trust_material_free(m);
	return NULL;
}

/* ---- now and then ---- */

static void
on_work(uv_work_t *work)
{
	struct trust_keeper *k = CONTAINER_OF(work, struct trust_keeper, work);

	const uint64_t begun = uv_hrtime();

	k->error = trust_view_make(
	    k->material, k->view, k->n->signals, k->terms, &k->made);
	k->took_ms = (uv_hrtime() - begun) / 1000000;
}

static void
on_worked(uv_work_t *work, int status)
{
	struct trust_keeper *k = CONTAINER_OF(work, struct trust_keeper, work);

	(void)status;
	if (k->made != NULL)
		trust_offer(k, k->made);
	else
		env_log(&k->n->env, LOG_UNUSUAL, "trust_not_computed",
		    "error=%s", err_name(k->error));
	trust_view_give(k->made);
	k->made = NULL;
	trust_material_free(k->material);
	k->material = NULL;
	store_view_close(k->view);
	k->view = NULL;
	terms_give(k->n, k->terms);
	k->terms = NULL;
	k->busy = false;
}

void
trust_tick(struct node *n)
{
	struct trust_keeper *k = n->trust;
	struct trust_view *v;
	const uint64_t rest =
	    k == NULL ? 0
		      : MAX(REST_TICKS,
			    MIN(REST_MOST, REST_TIMES * k->took_ms / 1000));

	if (k == NULL || k->stopping || k->busy ||
	    (k->begun != 0 && n->ticks < k->begun + rest))
		return;
	v = trust_current(n);
	if (v != NULL) {
		trust_view_give(v);
		return;
	}
	/* In this order: nothing is missed that is stored meanwhile. */
	k->material = trust_gather(n);
	if (k->material == NULL)
		return;
	if (store_view_open(n->store, &k->view) != OK) {
		trust_material_free(k->material);
		k->material = NULL;
		return;
	}
	k->begun = n->ticks;
	k->terms = terms_take(n);
	k->busy = true;
	if (uv_queue_work(&n->loop, &k->work, on_work, on_worked) != 0) {
		k->error = ERR_NOMEM;
		on_worked(&k->work, 0);
	}
}

/* ---- life ---- */

static void
on_document(
    struct node *n, enum held_change change, const struct holding *h, void *ctx)
{
	(void)h;
	(void)ctx;
	if (change != HELD_NEW)
		trust_changed(n);
}

static void
load_anchors(struct trust_keeper *k)
{
	json_t *list = vault_get(k->n->vault, ANCHORS, NULL), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		struct trust_anchor *a = &k->anchors[k->anchors_n];
		const char *did =
		    json_string_value(json_object_get(one, "key"));
		const char *label =
		    json_string_value(json_object_get(one, "label"));
		if (k->anchors_n == TRUST_ANCHORS_MAX || did == NULL ||
		    did_key_get(slice_str(did), a->key) != OK)
			continue;
		if (label != NULL)
			memcpy(a->label, label,
			    MIN(strlen(label), (size_t)TRUST_LABEL_MAX));
		a->added_s =
		    (uint64_t)json_integer_value(json_object_get(one, "added"));
		k->anchors_n++;
	}
	json_decref(list);
}

err
trust_open(struct node *n)
{
	struct trust_keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return ERR_NOMEM;
	if (uv_mutex_init(&k->lock) != 0) {
		free(k);
		return ERR_NOMEM;
	}
	k->n = n;
	n->trust = k;
	load_anchors(k);
	documents_listen(n, on_document, NULL);
	return warnings_open(n);
}

void
trust_stop(struct node *n)
{
	if (n->trust != NULL)
		n->trust->stopping = true;
}

void
trust_keeper_free(struct trust_keeper *k)
{
	if (k == NULL)
		return;
	trust_view_give(k->latest);
	uv_mutex_destroy(&k->lock);
	free(k);
}

/* ---- anchors ---- */

size_t
trust_anchors(struct node *n, struct trust_anchor list[TRUST_ANCHORS_MAX])
{
	memcpy(list, n->trust->anchors, sizeof(n->trust->anchors));
	return n->trust->anchors_n;
}

static err
keep_anchors(struct trust_keeper *k, const struct trust_anchor *list, size_t n)
{
	json_t *out = json_array();

	for (size_t i = 0; i < n; i++) {
		char did[DID_KEY_TEXT];
		did_key_put(did, list[i].key);
		(void)json_array_append_new(out,
		    json_pack("{s:s,s:s,s:I}", "key", did, "label",
			list[i].label, "added", (json_int_t)list[i].added_s));
	}
	const err e = vault_put(k->n->vault, ANCHORS, out);
	json_decref(out);
	if (e != OK)
		return e;
	memcpy(k->anchors, list, sizeof(k->anchors));
	k->anchors_n = n;
	trust_changed(k->n);
	return OK;
}

static size_t
anchor_at(const struct trust_anchor *list, size_t n, const uint8_t *key)
{
	size_t i = 0;

	while (i < n && memcmp(list[i].key, key, TRUST_KEY) != 0)
		i++;
	return i;
}

err
trust_anchor_add(
    struct node *n, const uint8_t key[TRUST_KEY], const char *label)
{
	struct trust_anchor list[TRUST_ANCHORS_MAX];
	const size_t have = trust_anchors(n, list);
	const size_t i = anchor_at(list, have, key);

	if (i == TRUST_ANCHORS_MAX)
		return ERR_LIMIT;
	memset(list[i].label, 0, sizeof(list[i].label));
	memcpy(
	    list[i].label, label, MIN(strlen(label), (size_t)TRUST_LABEL_MAX));
	memcpy(list[i].key, key, TRUST_KEY);
	if (i == have)
		list[i].added_s = node_now(n);
	TRY(keep_anchors(n->trust, list, MAX(have, i + 1)));
	return i < have ? ERR_EXISTS : OK;
}

err
trust_anchor_remove(struct node *n, const uint8_t key[TRUST_KEY])
{
	struct trust_anchor list[TRUST_ANCHORS_MAX];
	const size_t have = trust_anchors(n, list);
	const size_t i = anchor_at(list, have, key);

	if (i == have)
		return ERR_NOTFOUND;
	memmove(&list[i], &list[i + 1], (have - i - 1) * sizeof(*list));
	memset(&list[have - 1], 0, sizeof(*list));
	return keep_anchors(n->trust, list, have - 1);
}

/* ---- what others ask ---- */

uint32_t
trust_of_key(struct node *n, const uint8_t key[TRUST_KEY])
{
	if (n->trust == NULL)
		return 0;
	uv_mutex_lock(&n->trust->lock);
	const uint32_t tau = n->trust->latest == NULL
				 ? 0
				 : trust_of(n->trust->latest->trust, key);
	uv_mutex_unlock(&n->trust->lock);
	return tau;
}

/* What it says of itself; 0: nothing. */
static uint64_t
practice_level(struct node *n, const uint8_t key[TRUST_KEY])
{
	struct arena records =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	struct arena values =
	    arena_of(malloc(VALUE_ARENA_BYTES), VALUE_ARENA_BYTES);
	struct store_view *view = NULL;
	const struct value *v = NULL;
	struct store_record s;
	struct value payload;
	struct record r;
	uint64_t level = 0;

	if (records.p != NULL && values.p != NULL &&
	    store_view_open(n->store, &view) == OK &&
	    store_get_slot(view, key, KIND_ORGANISATION, 0, &s) == OK &&
	    !s.deleted && record_read(s.bytes, &records, &r) == RECORD_FINE &&
	    value_parse(r.payload, &values, &payload) == OK)
		v = value_find(&payload, PRACTICE_LEVEL);
	if (v != NULL && v->type == VALUE_UINT)
		level = v->u;
	store_view_close(view);
	free(records.p);
	free(values.p);
	return level;
}

json_t *
trust_peer_json(
    struct node *n, const uint8_t key[TRUST_KEY], enum learn_role role)
{
	struct trust_view *v = trust_latest(n->trust);
	const uint64_t level = practice_level(n, key);
	json_t *o = json_object(), *l = json_null();
	struct learnability is;
	uint32_t tau = 0;

	if (v != NULL) {
		tau = trust_of(v->trust, key);
		if (learnability_of(v->book, key, role, &is) == OK &&
		    is.counterparties > 0)
			l = json_pack("{s:I,s:s,s:I}", "score_permille",
			    (json_int_t)((uint64_t)is.score * 1000 / LEARN_ONE),
			    "confidence", learn_confidence_name(is.confidence),
			    "counterparties", (json_int_t)is.counterparties);
	}
	(void)json_object_set_new(o, "trust_permille",
	    json_integer((json_int_t)((uint64_t)tau * 1000 / TRUST_ONE)));
	(void)json_object_set_new(o, "stranger", json_boolean(tau == 0));
	(void)json_object_set_new(o, "anchor",
	    json_boolean(v != NULL && trust_is_anchor(v->trust, key)));
	(void)json_object_set_new(o, "practice_level",
	    level == 0 ? json_null() : json_integer((json_int_t)level));
	(void)json_object_set_new(o, "learnability", l);
	(void)json_object_set_new(o, "warnings", warnings_of(n, key));
	trust_view_give(v);
	return o;
}

const char *
trust_inbox_name(enum trust_inbox rule)
{
	static const char *const names[TRUST_INBOX_RULES] = { "in", "quiet",
		"stranger", "pledge", "warned", "demand" };

	return names[rule];
}

enum trust_inbox
trust_inbox(struct node *n, const uint8_t sender[TRUST_KEY], uint64_t pledge,
    bool foreign)
{
	const struct config *c = n->config;

	if (warnings_block(n, sender))
		return TRUST_INBOX_WARNED;
	/* Of everybody: what the offer says is at odds with who says it. */
	if (foreign && c->inbox.others_demands == INBOX_OTHERS_REFUSE)
		return TRUST_INBOX_DEMAND;
	if (trust_of_key(n, sender) > 0)
		return TRUST_INBOX_IN;
	if (c->inbox.strangers == INBOX_STRANGERS_DROP)
		return TRUST_INBOX_STRANGER;
	if (pledge < c->inbox.stranger_pledge)
		return TRUST_INBOX_PLEDGE;
	return c->inbox.strangers == INBOX_STRANGERS_QUIET ? TRUST_INBOX_QUIET
							   : TRUST_INBOX_IN;
}

void
trust_inbox_count(struct node *n, enum trust_inbox rule)
{
	n->trust->dropped[rule]++;
}

uint64_t
trust_inbox_counted(const struct node *n, enum trust_inbox rule)
{
	return n->trust->dropped[rule];
}
