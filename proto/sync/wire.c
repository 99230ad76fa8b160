#include "proto/sync/wire.h"

#define SCOPE_FIELDS 4

/* ---- reading ---- */

static uint8_t
take_u8(struct wire_in *w)
{
	if (w->in.n == 0) {
		w->bad = true;
		return 0;
	}
	const uint8_t v = w->in.p[0];
	slice_skip(&w->in, 1);
	return v;
}

static uint64_t
take_be(struct wire_in *w, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | take_u8(w);
	return v;
}

/* A value of 2^k bytes that needed them; else it is not the shortest form. */
static uint64_t
take_wide(struct wire_in *w, unsigned k, uint64_t below)
{
	const uint64_t v = take_be(w, 1U << k);

	if (v < below)
		w->bad = true;
	return v;
}

uint64_t
wire_uint(struct wire_in *w, uint64_t max)
{
	const uint8_t head = take_u8(w);
	uint64_t v = head;

	if (head == 0xcc)
		v = take_wide(w, 0, 0x80);
	else if (head == 0xcd)
		v = take_wide(w, 1, 0x100);
	else if (head == 0xce)
		v = take_wide(w, 2, 0x10000);
	else if (head == 0xcf)
		v = take_wide(w, 3, (uint64_t)1 << 32);
	else if (head >= 0x80)
		w->bad = true;
	if (v > max)
		w->bad = true;
	return w->bad ? 0 : v;
}

static struct slice
take_bytes(struct wire_in *w, uint64_t n, size_t min, size_t max)
{
	if (w->bad || n > w->in.n || n < min || n > max) {
		w->bad = true;
		return slice_of(NULL, 0);
	}
	const struct slice out = slice_of(w->in.p, (size_t)n);
	slice_skip(&w->in, (size_t)n);
	return out;
}

struct slice
wire_bin(struct wire_in *w, size_t min, size_t max)
{
	const uint8_t head = take_u8(w);
	uint64_t n = 0;

	if (head == 0xc4)
		n = take_be(w, 1);
	else if (head == 0xc5)
		n = take_wide(w, 1, 0x100);
	else if (head == 0xc6)
		n = take_wide(w, 2, 0x10000);
	else
		w->bad = true;
	return take_bytes(w, n, min, max);
}

struct slice
wire_str(struct wire_in *w, size_t max)
{
	const uint8_t head = take_u8(w);
	uint64_t n = 0;

	if (head >= 0xa0 && head < 0xc0)
		n = head & 0x1f;
	else if (head == 0xd9)
		n = take_wide(w, 0, 0x20);
	else
		w->bad = true;
	return take_bytes(w, n, 0, max);
}

uint32_t
wire_array(struct wire_in *w)
{
	const uint8_t head = take_u8(w);
	uint64_t n = 0;

	if (head >= 0x90 && head < 0xa0)
		n = head & 0xf;
	else if (head == 0xdc)
		n = take_wide(w, 1, 0x10);
	else
		w->bad = true;
	return w->bad ? 0 : (uint32_t)n;
}

/* Leading bytes of an id; a zero at the end would say nothing. */
static void
take_prefix(struct wire_in *w, uint8_t id[SYNC_ID])
{
	const struct slice p = wire_bin(w, 0, SYNC_ID);

	memset(id, 0, SYNC_ID);
	if (p.n == 0)
		return;
	memcpy(id, p.p, p.n);
	if (p.p[p.n - 1] == 0)
		w->bad = true;
}

struct wire_bound
wire_bound(struct wire_in *w)
{
	struct wire_bound v = { .hour = wire_uint(w, WIRE_HOUR_END) };
	static const uint8_t zero[SYNC_ID];

	take_prefix(w, v.id);
	if (v.hour == WIRE_HOUR_END && memcmp(v.id, zero, SYNC_ID) != 0)
		w->bad = true;
	return v;
}

static void
take_regions(struct wire_in *w, struct scope *s)
{
	const struct slice r = wire_bin(w, 0, sizeof(s->regions));

	if (r.n % 2 != 0)
		w->bad = true;
	for (size_t i = 0; i + 1 < r.n && !w->bad; i += 2) {
		const char region[2] = { (char)r.p[i], (char)r.p[i + 1] };
		/* Ascending, each once. */
		if ((i > 0 && memcmp(r.p + i - 2, r.p + i, 2) >= 0) ||
		    scope_add_region(s, region) != OK)
			w->bad = true;
	}
}

struct scope
wire_scope(struct wire_in *w)
{
	struct scope s = scope_all();
	const uint32_t n = wire_array(w);

	if (n == 0)
		return s;
	if (n != SCOPE_FIELDS && n != SCOPE_FIELDS + 2 &&
	    n != SCOPE_FIELDS + 4) {
		w->bad = true;
		return s;
	}
	s.class_mask = (uint32_t)wire_uint(w, SCOPE_ALL_CLASSES);
	const struct slice kinds = wire_bin(w, 0, 16);
	if (kinds.n == 16) {
		s.kinds[1] = get_u64be(kinds.p);
		s.kinds[0] = get_u64be(kinds.p + 8);
	} else if (kinds.n != 0) {
		w->bad = true;
	}
	take_regions(w, &s);
	s.since_h = (uint32_t)wire_uint(w, UINT32_MAX);
	for (unsigned i = 0; i < (n - SCOPE_FIELDS) / 2; i++) {
		const struct slice salt = wire_bin(w, SCOPE_SALT, SCOPE_SALT);
		s.samples[i].below =
		    (uint32_t)wire_uint(w, SCOPE_EVERYBODY - 1);
		if (w->bad)
			break;
		memcpy(s.samples[i].salt, salt.p, SCOPE_SALT);
		if (i > 0 && memcmp(s.samples[i - 1].salt, s.samples[i].salt,
				 SCOPE_SALT) >= 0)
			w->bad = true;
	}
	return w->bad ? scope_all() : s;
}

/* ---- writing ---- */

static void
put(struct buf *b, const void *p, size_t n)
{
	const err e = buf_put(b, p, n);

	ASSERT(e == OK);
}

static void
put_head(struct buf *b, uint8_t head, uint64_t v, unsigned bytes)
{
	uint8_t raw[9] = { head };

	for (unsigned i = 0; i < bytes; i++)
		raw[1 + i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
	put(b, raw, 1 + bytes);
}

void
wire_put_uint(struct buf *b, uint64_t v)
{
	if (v < 0x80)
		put_head(b, (uint8_t)v, 0, 0);
	else if (v < 0x100)
		put_head(b, 0xcc, v, 1);
	else if (v < 0x10000)
		put_head(b, 0xcd, v, 2);
	else if (v < (uint64_t)1 << 32)
		put_head(b, 0xce, v, 4);
	else
		put_head(b, 0xcf, v, 8);
}

void
wire_put_bin_head(struct buf *b, size_t n)
{
	if (n < 0x100)
		put_head(b, 0xc4, n, 1);
	else if (n < 0x10000)
		put_head(b, 0xc5, n, 2);
	else
		put_head(b, 0xc6, n, 4);
}

void
wire_put_bin(struct buf *b, const void *p, size_t n)
{
	wire_put_bin_head(b, n);
	if (n > 0)
		put(b, p, n);
}

void
wire_put_str(struct buf *b, struct slice s)
{
	ASSERT(s.n < 0x20); /* names of nets alone */
	put_head(b, (uint8_t)(0xa0 | s.n), 0, 0);
	put(b, s.p, s.n);
}

void
wire_put_array(struct buf *b, uint32_t n)
{
	if (n < 0x10)
		put_head(b, (uint8_t)(0x90 | n), 0, 0);
	else
		put_head(b, 0xdc, n, 2);
}

void
wire_put_prefix(struct buf *b, const uint8_t id[SYNC_ID])
{
	size_t n = SYNC_ID;

	while (n > 0 && id[n - 1] == 0)
		n--;
	wire_put_bin(b, id, n);
}

void
wire_put_bound(struct buf *b, const struct wire_bound *v)
{
	wire_put_uint(b, v->hour);
	wire_put_prefix(b, v->id);
}

void
wire_put_u64be(struct buf *b, uint64_t v)
{
	uint8_t raw[8];

	put_u64be(raw, v);
	put(b, raw, sizeof(raw));
}

void
wire_put_u32be(struct buf *b, uint32_t v)
{
	uint8_t raw[4];

	put_u32be(raw, v);
	put(b, raw, sizeof(raw));
}

void
wire_put_u16be(struct buf *b, uint16_t v)
{
	uint8_t raw[2];

	put_u16be(raw, v);
	put(b, raw, sizeof(raw));
}

void
wire_put_scope(struct buf *b, const struct scope *s)
{
	const struct scope all = scope_all();
	unsigned samples = 0;

	if (scope_equal(s, &all)) {
		wire_put_array(b, 0);
		return;
	}
	while (samples < SCOPE_SAMPLES &&
	       s->samples[samples].below != SCOPE_EVERYBODY)
		samples++;
	wire_put_array(b, SCOPE_FIELDS + 2 * samples);
	wire_put_uint(b, s->class_mask);
	if (s->kinds[0] == UINT64_MAX && s->kinds[1] == UINT64_MAX) {
		wire_put_bin_head(b, 0);
	} else {
		wire_put_bin_head(b, 16);
		wire_put_u64be(b, s->kinds[1]);
		wire_put_u64be(b, s->kinds[0]);
	}
	wire_put_bin(b, s->regions, (size_t)s->regions_n * 2);
	wire_put_uint(b, s->since_h);
	for (unsigned i = 0; i < samples; i++) {
		wire_put_bin(b, s->samples[i].salt, SCOPE_SALT);
		wire_put_uint(b, s->samples[i].below);
	}
}

int
wire_bound_cmp(const struct wire_bound *a, const struct wire_bound *b)
{
	if (a->hour != b->hour)
		return a->hour < b->hour ? -1 : 1;
	return memcmp(a->id, b->id, SYNC_ID);
}
