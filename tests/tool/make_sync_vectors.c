/*
 * make_sync_vectors: writes tests/vectors/sync.json: values, prints, coded
 * symbols, scopes, messages that must be refused, and whole sessions byte by
 * byte. Run by hand when section 13 of SPEC.md changes:
 *
 *   tool_make_sync_vectors tests/vectors tests/fuzz/corpus/sync_stream
 *
 * The second folder gets each side of the sessions as a seed for fuzzing.
 * tests/unit/sync_vectors_test.c includes this file and checks that what is
 * committed is what it makes.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/base/varint.h"
#include "proto/sync/coded.h"
#include "proto/sync/set.h"
#include "tests/unit/sync_pair.h"

#define HOUR 490000

static void
set(json_t *o, const char *key, json_t *value)
{
	ASSERT(value != NULL && json_object_set_new(o, key, value) == 0);
}

static void
add(json_t *list, json_t *value)
{
	ASSERT(value != NULL && json_array_append_new(list, value) == 0);
}

static json_t *
hex(const void *p, size_t n)
{
	char *text = malloc(2 * n + 1);

	ASSERT(text != NULL);
	ASSERT(hex_put(text, 2 * n + 1, slice_of(p, n)) == OK);
	json_t *out = json_string(text);
	free(text);
	return out;
}

/* Numbers above 2^53 do not fit into JSON. */
static json_t *
hex_u64(uint64_t v)
{
	uint8_t raw[8];

	put_u64be(raw, v);
	return hex(raw, sizeof(raw));
}

static json_t *
number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

/* ---- values, prints, symbols ---- */

static json_t *
make_values(void)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < 8; i++) {
		json_t *o = json_object();
		uint8_t dialer[SYNC_NONCE], listener[SYNC_NONCE];
		uint8_t salt[SET_SALT];
		struct sync_item item = { .hour = HOUR + i };
		uint64_t v = 0;
		for (unsigned k = 0; k < SYNC_NONCE; k++) {
			dialer[k] = (uint8_t)(i * 31 + k);
			listener[k] = (uint8_t)(i * 17 + 200 - k);
		}
		for (unsigned k = 0; k < SYNC_ID; k++)
			item.id[k] = (uint8_t)(i * 7 + k * 11);
		set_salt(dialer, listener, salt);
		set_values(salt, &item, 1, &v);
		set(o, "dialer_nonce", hex(dialer, sizeof(dialer)));
		set(o, "listener_nonce", hex(listener, sizeof(listener)));
		set(o, "salt", hex(salt, sizeof(salt)));
		set(o, "id", hex(item.id, sizeof(item.id)));
		set(o, "value", hex_u64(v));
		add(list, o);
	}
	return list;
}

static void
values_fill(struct test_env *t, uint64_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = test_random(t);
}

static json_t *
values_json(const uint64_t *v, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		add(list, hex_u64(v[i]));
	return list;
}

static json_t *
make_prints(void)
{
	static const size_t sizes[] = { 0, 1, 2, 9, 300 };
	json_t *list = json_array();
	struct test_env t;

	test_env_init(&t, 7);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint64_t v[300];
		uint8_t raw[WIRE_PRINT];
		json_t *o = json_object();
		values_fill(&t, v, sizes[i]);
		const struct set s = { NULL, v, sizes[i] };
		const struct set_print p = set_print(&s, 0, sizes[i]);
		put_u64be(raw, p.sum);
		for (unsigned j = 0; j < SET_Z; j++)
			put_u16be(raw + 8 + 2 * j, p.z[j]);
		set(o, "values", values_json(v, sizes[i]));
		set(o, "count", number(p.count));
		set(o, "print", hex(raw, sizeof(raw)));
		add(list, o);
	}
	return list;
}

static json_t *
make_walks(void)
{
	json_t *list = json_array();
	struct test_env t;

	test_env_init(&t, 8);
	for (unsigned i = 0; i < 12; i++) {
		const uint64_t v = i == 0   ? 0
				   : i == 1 ? UINT64_MAX
					    : test_random(&t);
		json_t *o = json_object(), *at = json_array();
		struct coded_walk w = coded_walk(v);
		for (; w.at < CODED_MAX; coded_step(&w))
			add(at, number(w.at));
		set(o, "value", hex_u64(v));
		set(o, "check", number(coded_check(v)));
		set(o, "indices", at);
		add(list, o);
	}
	return list;
}

static json_t *
cells_json(const struct coded *c)
{
	uint8_t raw[64 * WIRE_CELL];

	ASSERT(c->end <= 64);
	for (size_t i = 0; i < c->end; i++) {
		put_u64be(raw + i * WIRE_CELL, c->sum[i]);
		put_u32be(raw + i * WIRE_CELL + 8, c->check[i]);
	}
	return hex(raw, c->end * WIRE_CELL);
}

/* Two sets, their symbols, and what the second finds. */
static json_t *
make_coded(void)
{
	json_t *list = json_array();
	struct test_env t;

	test_env_init(&t, 9);
	for (unsigned i = 0; i < 6; i++) {
		uint64_t v[40], sum[64] = { 0 }, mine[64] = { 0 }, found[64];
		uint32_t check[64] = { 0 }, my_check[64] = { 0 };
		uint8_t scratch[64 * 5 + 16];
		const size_t n = 40, differ = (size_t)i * 3;
		struct coded a = { sum, check, 0, 64 };
		struct coded b = { mine, my_check, 0, 64 };
		json_t *o = json_object();
		values_fill(&t, v, n);
		/* The first of them are of one side, in turn. */
		json_t *theirs = json_array(), *ours = json_array();
		json_t *plus = json_array(), *minus = json_array();
		for (size_t k = 0; k < n; k++) {
			if (k >= differ || k % 2 == 0) {
				coded_add(&a, v[k]);
				add(theirs, hex_u64(v[k]));
			}
			if (k >= differ || k % 2 == 1) {
				coded_add(&b, v[k]);
				add(ours, hex_u64(v[k]));
			}
			if (k < differ)
				add(k % 2 == 0 ? plus : minus, hex_u64(v[k]));
		}
		set(o, "theirs", theirs);
		set(o, "ours", ours);
		set(o, "their_symbols", cells_json(&a));
		set(o, "our_symbols", cells_json(&b));
		for (size_t k = 0; k < 64; k++) {
			sum[k] -= mine[k];
			check[k] -= my_check[k];
		}
		struct coded_found f = { found, 0, 0 };
		ASSERT(coded_decode(&a, scratch, &f));
		ASSERT(f.plus + f.minus == differ);
		set(o, "only_theirs", plus);
		set(o, "only_ours", minus);
		add(list, o);
	}
	return list;
}

/* ---- scopes ---- */

static json_t *
scope_json(const struct scope *s)
{
	uint8_t raw[256];
	struct buf b = { raw, 0, sizeof(raw) };

	wire_put_scope(&b, s);
	return hex(b.p, b.n);
}

static struct scope
scope_some(unsigned i)
{
	struct scope s = scope_all();

	if ((i & 1) != 0)
		s.class_mask = 1U << CLASS_DEMAND | 1U << CLASS_META;
	if ((i & 2) != 0) {
		s.kinds[0] = 1U << KIND_DEMAND | 1U << KIND_STATISTIC;
		s.kinds[1] = 1;
	}
	if ((i & 4) != 0) {
		ASSERT(scope_add_region(&s, "de") == OK);
		ASSERT(scope_add_region(&s, "at") == OK);
		s.since_h = HOUR + i;
	}
	if ((i & 8) != 0) {
		memset(s.samples[0].salt, (int)i, SCOPE_SALT);
		s.samples[0].below = 0x80000000U;
	}
	return s;
}

static json_t *
make_scopes(void)
{
	static const struct {
		uint32_t kind;
		const char *region;
		uint32_t hour;
		uint8_t author;
	} records[] = {
		{ KIND_PROFILE, "de", HOUR + 100, 1 },
		{ KIND_DEMAND, "de", HOUR + 100, 2 },
		{ KIND_DEMAND, "at", HOUR + 100, 3 },
		{ KIND_DEMAND, "fr", HOUR + 100, 4 },
		{ KIND_DEMAND, "de", HOUR + 1, 5 },
		{ KIND_STATISTIC, "zz", HOUR + 100, 6 },
		{ KIND_OPEN_FIRST, "de", HOUR + 100, 7 },
		{ KIND_OPEN_LAST, "de", HOUR + 100, 8 },
		{ KIND_REVOCATION, "zz", 1, 9 },
	};
	json_t *list = json_array();

	for (unsigned i = 0; i < 16; i++) {
		const struct scope s = scope_some(i);
		json_t *o = json_object(), *of = json_array();
		for (size_t k = 0; k < ARRAY_LEN(records); k++) {
			uint8_t author[32];
			json_t *r = json_object();
			memset(author, records[k].author, sizeof(author));
			set(r, "kind", number(records[k].kind));
			set(r, "region", json_string(records[k].region));
			set(r, "hour", number(records[k].hour));
			set(r, "author", hex(author, sizeof(author)));
			set(r, "in",
			    json_boolean(scope_has(&s, records[k].kind,
				records[k].region, records[k].hour, author)));
			add(of, r);
		}
		set(o, "scope", scope_json(&s));
		set(o, "records", of);
		add(list, o);
	}
	return list;
}

static json_t *
make_meets(void)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < 16; i++) {
		for (unsigned k = i % 3; k < 16; k += 3) {
			const struct scope a = scope_some(i);
			const struct scope b = scope_some(k);
			struct scope both;
			json_t *o = json_object();
			ASSERT(scope_meet(&a, &b, &both) == OK);
			set(o, "a", scope_json(&a));
			set(o, "b", scope_json(&b));
			set(o, "common", scope_json(&both));
			add(list, o);
		}
	}
	return list;
}

/* ---- messages that a listener refuses as the first ---- */

#define NONCE "c4080102030405060708"

static const struct {
	const char *name, *bytes; /* without the length in front */
	bool good;
} hellos[] = {
	{ "good", "9701a474657374 90 " NONCE " 00 c400 00", true },
	{ "with a cursor", "9701a474657374 90 " NONCE " 00 c40411223344 cd0100",
	    true },
	{ "unknown flags", "9701a474657374 90 " NONCE " 78 c400 00", true },
	{ "a narrow scope",
	    "9701a474657374 94 02 c400 c40461746465 ce00077a10 " NONCE
	    " 00 c400 00",
	    true },
	{ "two samples",
	    "9701a474657374 98 1f c400 c400 00 c4080000000000000001 05 "
	    "c4080000000000000002 06 " NONCE " 00 c400 00",
	    true },
	{ "samples descend",
	    "9701a474657374 98 1f c400 c400 00 c4080000000000000002 05 "
	    "c4080000000000000001 06 " NONCE " 00 c400 00",
	    false },
	{ "a sample of everybody",
	    "9701a474657374 96 1f c400 c400 00 c4080000000000000002 "
	    "ceffffffff " NONCE " 00 c400 00",
	    false },
	{ "regions descend",
	    "9701a474657374 94 02 c400 c40464656174 00 " NONCE " 00 c400 00",
	    false },
	{ "a region twice",
	    "9701a474657374 94 02 c400 c40464656465 00 " NONCE " 00 c400 00",
	    false },
	{ "half a region",
	    "9701a474657374 94 02 c400 c403646561 00 " NONCE " 00 c400 00",
	    false },
	{ "a class too many",
	    "9701a474657374 94 20 c400 c400 00 " NONCE " 00 c400 00", false },
	{ "kinds of 8 bytes",
	    "9701a474657374 94 02 c4080000000000000001 c400 00 " NONCE
	    " 00 c400 00",
	    false },
	{ "three values of a scope",
	    "9701a474657374 93 02 c400 c400 " NONCE " 00 c400 00", false },
	{ "a long integer", "9701a474657374 90 " NONCE " cc00 c400 00", false },
	{ "a long type", "97cc01a474657374 90 " NONCE " 00 c400 00", false },
	{ "a long array", "dc000701a474657374 90 " NONCE " 00 c400 00", false },
	{ "a long str", "9701d90474657374 90 " NONCE " 00 c400 00", false },
	{ "a long bin", "9701a474657374 90 c500080102030405060708 00 c400 00",
	    false },
	{ "the net as bin", "9701c40474657374 90 " NONCE " 00 c400 00", false },
	{ "a nonce of 7 bytes",
	    "9701a474657374 90 c40701020304050607 00 c400 00", false },
	{ "a tag of 3 bytes", "9701a474657374 90 " NONCE " 00 c403112233 05",
	    false },
	{ "a rid without a tag", "9701a474657374 90 " NONCE " 00 c400 05",
	    false },
	{ "a negative flag", "9701a474657374 90 " NONCE " ff c400 00", false },
	{ "a value too few", "9601a474657374 90 " NONCE " 00 c400", false },
	{ "a value too many", "9801a474657374 90 " NONCE " 00 c400 00 00",
	    false },
	{ "a byte behind it", "9701a474657374 90 " NONCE " 00 c400 00 00",
	    false },
	{ "cut short", "9701a474657374 90 " NONCE " 00 c400", false },
	{ "nil", "9701a474657374 c0 " NONCE " 00 c400 00", false },
	{ "DONE first", "930ec4041122334405", false },
	{ "END first", "910d", false },
	{ "no type", "90", false },
	{ "type 0", "9100", false },
	{ "an unknown type", "910f", false },
};

/* Hexadecimal with spaces. */
static size_t
unhex(const char *text, uint8_t *out, size_t cap)
{
	char packed[1024];
	struct buf b = { out, 0, cap };
	size_t n = 0;

	for (; *text != '\0'; text++)
		if (*text != ' ' && n < sizeof(packed))
			packed[n++] = *text;
	ASSERT(hex_get(slice_of(packed, n), &b) == OK);
	return b.n;
}

static json_t *
make_hellos(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(hellos); i++) {
		uint8_t raw[512], framed[600];
		struct buf b = { framed, 0, sizeof(framed) };
		const size_t n = unhex(hellos[i].bytes, raw, sizeof(raw));
		json_t *o = json_object();
		ASSERT(varint_put(&b, n) == OK && buf_put(&b, raw, n) == OK);
		set(o, "name", json_string(hellos[i].name));
		set(o, "bytes", hex(b.p, b.n));
		set(o, "good", json_boolean(hellos[i].good));
		add(list, o);
	}
	return list;
}

/* ---- sessions ---- */

struct session {
	const char *name;
	size_t both, a, b, revoked;
	uint32_t hours;
	bool met;          /* cursors on both sides, what is alone is fresh */
	bool missed;       /* and one more item of b that is not */
	bool refuse, beat; /* b's verdict on one record of a */
	bool crawler;      /* a is one, b declines */
	bool take_only;    /* a */
	bool narrow;       /* b's scope */
};

static const struct session sessions[] = {
	{ "equal, nothing at all", 0, 0, 0, 0, 1 },
	{ "equal", 20, 0, 0, 2, 10 },
	{ "the dialer has nothing", 0, 0, 6, 2, 4 },
	{ "the listener has nothing", 0, 6, 0, 2, 4 },
	{ "lists", 12, 2, 3, 2, 6 },
	{ "the dialer is asked for a list", 3, 0, 60, 0, 1 },
	{ "one hour", 40, 5, 5, 0, 1 },
	{ "symbols", 400, 4, 3, 5, 200 },
	{ "symbols and lists", 300, 60, 40, 0, 40 },
	{ "arrivals", 30, 3, 4, 1, 10, .met = true },
	{ "arrivals are not all", 30, 3, 4, 1, 10, .met = true,
	    .missed = true },
	{ "a refusal", 10, 3, 0, 0, 3, .refuse = true },
	{ "a winner", 10, 3, 2, 0, 3, .beat = true },
	{ "a crawler", 5, 0, 2, 0, 3, .crawler = true },
	{ "take only", 5, 2, 3, 0, 3, .take_only = true },
	{ "a narrow scope", 5, 1, 1, 1, 3, .narrow = true },
};

/* What was said, turn by turn. */
struct transcript {
	json_t *turns;
	struct sync_side *speaker;
	struct buf b;
	bool dialer;
};

static void
transcript_flush(struct transcript *t)
{
	if (t->speaker == NULL)
		return;
	json_t *o = json_object();
	set(o, "from", json_string(t->dialer ? "dialer" : "listener"));
	set(o, "bytes", hex(t->b.p, t->b.n));
	add(t->turns, o);
	t->b.n = 0;
}

static void
transcript_tap(void *ctx, struct sync_side *from, struct slice bytes)
{
	struct transcript *t = ctx;

	(void)ctx;
	if (from != t->speaker)
		transcript_flush(t);
	t->speaker = from;
	t->dialer = from->cf.dialer;
	ASSERT(buf_put(&t->b, bytes.p, bytes.n) == OK);
}

static json_t *
item_json(const struct sync_item *item)
{
	uint8_t raw[4 + SYNC_ID];

	put_u32be(raw, item->hour);
	memcpy(raw + 4, item->id, SYNC_ID);
	return hex(raw, sizeof(raw));
}

static json_t *
items_json(const struct sync_item *items, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		add(list, item_json(&items[i]));
	return list;
}

static json_t *
cursor_json(const struct sync_cursor *c)
{
	json_t *o = json_object();

	if (!c->known) {
		json_decref(o);
		return json_null();
	}
	set(o, "tag", hex(c->tag, SYNC_TAG));
	set(o, "rid", number(c->rid));
	return o;
}

/* What a side begins with. */
static json_t *
side_json(const struct sync_side *side)
{
	json_t *o = json_object();

	set(o, "nonce", hex(side->cf.nonce, SYNC_NONCE));
	set(o, "scope", scope_json(&side->cf.scope));
	set(o, "flags",
	    number(
		(side->cf.crawler ? 1U : 0) | (side->cf.take_only ? 4U : 0)));
	set(o, "no_crawlers", json_boolean(side->cf.no_crawlers));
	set(o, "tag", hex(side->cf.tag, SYNC_TAG));
	set(o, "head", number(side->head));
	set(o, "cursor", cursor_json(&side->cf.cursor));
	set(o, "items", items_json(side->items, side->n));
	json_t *fresh = json_array();
	for (size_t i = 0; i < side->fresh_n; i++)
		add(fresh, number(side->fresh[i]));
	set(o, "fresh", side->fresh_known ? fresh : json_null());
	if (!side->fresh_known)
		json_decref(fresh);
	return o;
}

/* How it ended for a side. */
static void
end_json(json_t *o, const struct sync_side *side)
{
	const bool done = side->end.type == SYNC_DONE;

	set(o, "end",
	    json_string(done ? "done" : sync_why_name(side->end.why)));
	set(o, "end_cursor", cursor_json(&side->end.cursor));
	set(o, "received", items_json(side->got, side->got_n));
	set(o, "refused", items_json(side->refused, side->refused_n));
}

/* The first record that comes is refused, or beaten by one outside the set. */
static enum sync_verdict
judge_first(
    struct sync_side *side, const struct sync_item *item, struct sync_item *w)
{
	const struct session *s = side->ctx;

	if (side->judged++ > 0)
		return SYNC_KEPT;
	*w = *item;
	w->hour += 7;
	w->id[0] ^= 0xff;
	return s->beat ? SYNC_BEATEN : s->refuse ? SYNC_REFUSE : SYNC_KEPT;
}

static void
session_fill(struct sync_pair *p, const struct session *s)
{
	const size_t n = s->both + s->a + s->b;

	for (size_t i = 0; i < n; i++) {
		const uint32_t hour =
		    i < s->revoked
			? 0
			: HOUR + (uint32_t)test_below(&p->t, s->hours);
		const struct sync_item item = sync_pair_item(p, hour);
		if (i < s->both + s->a)
			sync_side_add(&p->a, &item);
		if (i < s->both || i >= s->both + s->a)
			sync_side_add(&p->b, &item);
	}
	sync_side_sort(&p->a);
	sync_side_sort(&p->b);
}

/* Items that the other does not have are fresh, but for the last one if
 * ${missed}. */
static void
session_fresh(
    struct sync_side *side, const struct sync_side *other, bool missed)
{
	side->fresh_known = true;
	for (size_t i = 0; i < side->n; i++)
		if (!sync_side_has(other, &side->items[i]))
			side->fresh[side->fresh_n++] = (uint32_t)i;
	side->fresh_n -= missed;
	side->cf.cursor =
	    (struct sync_cursor){ .known = true, .rid = other->head / 2 };
	memcpy(side->cf.cursor.tag, other->cf.tag, SYNC_TAG);
}

/* The pair of session i, not begun yet. */
static void
session_pair(struct sync_pair *p, size_t i)
{
	const struct session *s = &sessions[i];

	sync_pair_init(p, 1000 + i);
	session_fill(p, s);
	p->b.judge = judge_first;
	p->b.ctx = (void *)(uintptr_t)s;
	if (s->met) {
		session_fresh(&p->a, &p->b, false);
		session_fresh(&p->b, &p->a, s->missed);
	}
	p->a.cf.crawler = p->b.cf.no_crawlers = s->crawler;
	p->a.cf.take_only = s->take_only;
	if (s->narrow)
		p->b.cf.scope = scope_some(7);
}

static json_t *
make_session(size_t i)
{
	static uint8_t bytes[200000];
	struct sync_pair p;
	struct transcript t = { .turns = json_array(),
		.b = { bytes, 0, sizeof(bytes) } };
	json_t *o = json_object();

	session_pair(&p, i);
	p.a.tap = p.b.tap = transcript_tap;
	p.a.tap_ctx = p.b.tap_ctx = &t;
	ASSERT(sync_pair_run(&p));
	transcript_flush(&t);
	json_t *a = side_json(&p.a), *b = side_json(&p.b);
	end_json(a, &p.a);
	end_json(b, &p.b);
	set(o, "name", json_string(sessions[i].name));
	set(o, "net", json_string("test"));
	set(o, "dialer", a);
	set(o, "listener", b);
	set(o, "turns", t.turns);
	sync_pair_free(&p);
	return o;
}

static json_t *
make_sessions(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(sessions); i++)
		add(list, make_session(i));
	return list;
}

static json_t *
make_sync(void)
{
	json_t *o = json_object();

	set(o, "values", make_values());
	set(o, "prints", make_prints());
	set(o, "walks", make_walks());
	set(o, "coded", make_coded());
	set(o, "scopes", make_scopes());
	set(o, "meets", make_meets());
	set(o, "hellos", make_hellos());
	set(o, "sessions", make_sessions());
	return o;
}

#ifndef VECTORS_WITHOUT_MAIN
#define SEED_MAX 10000

/* What ${from} said in session i, for tests/fuzz/sync_stream_fuzz.c. */
static void
write_seed(const char *folder, size_t i, const char *from, uint8_t which)
{
	static uint8_t raw[200000];
	struct buf b = { raw, 0, sizeof(raw) };
	char path[512];
	json_t *o = make_session(i), *turn;
	size_t k;

	ASSERT(buf_put_u8(&b, which) == OK);
	json_array_foreach(json_object_get(o, "turns"), k, turn)
	{
		const char *text =
		    json_string_value(json_object_get(turn, "bytes"));
		if (strcmp(json_string_value(json_object_get(turn, "from")),
			from) == 0)
			ASSERT(hex_get(slice_str(text), &b) == OK);
	}
	json_decref(o);
	(void)snprintf(path, sizeof(path), "%s/%02zu_%s", folder, i, from);
	FILE *f = b.n < SEED_MAX ? fopen(path, "wb") : NULL;
	if (f == NULL)
		return;
	ASSERT(fwrite(b.p, 1, b.n, f) == b.n);
	ASSERT(fclose(f) == 0);
}

int
main(int argc, char **argv)
{
	char path[512];

	if (argc < 2 || argc > 3 || !crypto_init()) {
		(void)fprintf(stderr, "usage: %s FOLDER [CORPUS]\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; argc == 3 && i < ARRAY_LEN(sessions); i++) {
		write_seed(argv[2], i, "listener", (uint8_t)i);
		write_seed(argv[2], i, "dialer", (uint8_t)(0x80 | i));
	}
	json_t *o = make_sync();
	(void)snprintf(path, sizeof(path), "%s/sync.json", argv[1]);
	const int bad =
	    json_dump_file(o, path, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(o);
	if (bad != 0)
		(void)fprintf(stderr, "cannot write %s\n", path);
	return bad != 0;
}
#endif
