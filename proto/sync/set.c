#include "proto/sync/set.h"

#include "crypto/crypto.h"

#define NEWEST   256 /* items in the newest range */
#define RANGES   48  /* into which the bulk is cut */
#define SMALLEST 16  /* fewer are not cut */

void
set_salt(const uint8_t dialer[SYNC_NONCE], const uint8_t listener[SYNC_NONCE],
    uint8_t out[SET_SALT])
{
	const struct crypto_part parts[] = { { dialer, SYNC_NONCE },
		{ listener, SYNC_NONCE } };

	hash_blake2b(out, SET_SALT, "ohcn-sync-1", parts, ARRAY_LEN(parts));
}

void
set_values(const uint8_t salt[SET_SALT], const struct sync_item *items,
    size_t n, uint64_t *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = hash_siphash(items[i].id, SYNC_ID, salt);
}

static int
item_cmp(const struct sync_item *a, const struct wire_bound *b)
{
	if (a->hour != b->hour)
		return a->hour < b->hour ? -1 : 1;
	return memcmp(a->id, b->id, SYNC_ID);
}

size_t
set_at(const struct set *s, const struct wire_bound *bound)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		if (item_cmp(&s->items[mid], bound) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct wire_bound
set_between(const struct set *s, size_t at)
{
	struct wire_bound v = { .hour = 0 };

	if (at == s->n)
		return (struct wire_bound){ .hour = WIRE_HOUR_END };
	if (at == 0)
		return v;
	const struct sync_item *a = &s->items[at - 1], *b = &s->items[at];
	v.hour = b->hour;
	if (a->hour != b->hour)
		return v;
	for (size_t i = 0; i < SYNC_ID; i++) {
		v.id[i] = b->id[i];
		if (a->id[i] != b->id[i])
			break;
	}
	return v;
}

/* Adds the lanes of ${spread}, byte p for bit 7 - p. */
static void
lanes_flush(uint64_t *spread, uint64_t ones[SET_Z])
{
	for (unsigned j = 0; j < SET_Z; j++)
		ones[j] += *spread >> 8 * (SET_Z - 1 - j) & 0xff;
	*spread = 0;
}

struct set_print
set_print(const struct set *s, size_t from, size_t to)
{
	struct set_print p = { .count = to - from };
	uint64_t ones[SET_Z] = { 0 }, spread = 0;
	unsigned filled = 0;

	for (size_t i = from; i < to; i++) {
		const uint64_t v = s->values[i];
		p.sum += v;
		/* The product holds the low byte eight times, 9 bits apart:
		 * the top bit of byte p is then its bit 7 - p. */
		spread += ((v & 0xff) * 0x8040201008040201ULL) >> 7 &
			  0x0101010101010101ULL;
		if (++filled == 255) {
			lanes_flush(&spread, ones);
			filled = 0;
		}
	}
	lanes_flush(&spread, ones);
	for (unsigned j = 0; j < SET_Z; j++)
		p.z[j] = (uint16_t)(p.count - 2 * ones[j]);
	return p;
}

bool
set_print_equal(const struct set_print *a, const struct set_print *b)
{
	return a->count == b->count && a->sum == b->sum;
}

uint64_t
set_difference(const struct set_print *a, const struct set_print *b)
{
	uint64_t squares = 0;

	if (set_print_equal(a, b))
		return 0;
	for (unsigned j = 0; j < SET_Z; j++) {
		const uint16_t d = (uint16_t)(a->z[j] - b->z[j]);
		const uint64_t size = d < 0x8000 ? d : 0x10000U - d;
		squares += size * size;
	}
	const uint64_t by_count =
	    a->count > b->count ? a->count - b->count : b->count - a->count;
	const uint64_t by_z = squares / SET_Z;
	const uint64_t most =
	    a->count > UINT64_MAX - b->count ? UINT64_MAX : a->count + b->count;
	return MAX(MIN(MAX(by_z, by_count), most), 1);
}

size_t
set_cut(const struct set *s, size_t at[WIRE_RANGES_MAX])
{
	const struct wire_bound first = { .hour = 1 };
	const size_t revoked = set_at(s, &first), rest = s->n - revoked;
	const size_t bulk = MAX(rest / RANGES, (size_t)SMALLEST);
	size_t n = 0, end = s->n, size = MIN((size_t)NEWEST, bulk);

	/* From the end, the newest first; turned round below. */
	while (end > revoked && n < WIRE_RANGES_MAX - 2) {
		end = end - revoked > size + size / 2 ? end - size : revoked;
		at[n++] = end;
		size = MIN(size + size / 2, bulk);
	}
	if (end > 0 || n == 0)
		at[n++] = 0;
	for (size_t i = 0; i < n / 2; i++) {
		const size_t t = at[i];
		at[i] = at[n - 1 - i];
		at[n - 1 - i] = t;
	}
	return n;
}

/* ---- tables ---- */

size_t
set_table_slots(size_t n)
{
	size_t slots = 16;

	while (slots < 2 * n)
		slots *= 2;
	return slots;
}

size_t
set_table_bytes(size_t n)
{
	const size_t slots = set_table_slots(n);

	return slots * sizeof(uint64_t) + slots / 8 + slots * 2;
}

/* A liar may choose short ids, but does not know where they go. */
static uint64_t
table_hash(const struct set_table *t, uint64_t v)
{
	const uint64_t x = (v ^ t->key[0]) * t->key[1];

	return (x ^ x >> 29) * t->key[1];
}

static size_t
table_slot(const struct set_table *t, uint64_t v, uint64_t hash)
{
	size_t at = (size_t)(hash >> 32) & t->mask;

	while (t->slots[at] != 0 && t->slots[at] != v)
		at = (at + 1) & t->mask;
	return at;
}

static size_t
table_filter(const struct set_table *t, uint64_t hash)
{
	return (size_t)(hash >> 28) & (t->mask << 4 | 0xf);
}

void
set_table_make(struct set_table *t, void *memory, size_t n,
    const uint8_t secret[SYNC_SECRET])
{
	const size_t slots = set_table_slots(n);

	memset(memory, 0, set_table_bytes(n));
	*t = (struct set_table){ .slots = memory,
		.mask = slots - 1,
		.key = { get_u64be(secret),
		    (get_u64be(secret + 8) ^ 0x9e3779b97f4a7c14ULL) | 1 },
		.found = (uint8_t *)memory + slots * sizeof(uint64_t),
		.filter =
		    (uint8_t *)memory + slots * sizeof(uint64_t) + slots / 8 };
}

void
set_table_put(struct set_table *t, uint64_t v)
{
	const uint64_t hash = table_hash(t, v);
	const size_t bit = table_filter(t, hash);

	if (v == 0) {
		t->has_zero = true;
		return;
	}
	t->slots[table_slot(t, v, hash)] = v;
	t->filter[bit / 8] |= (uint8_t)(1U << bit % 8);
}

void
set_table_put_all(struct set_table *t, struct slice ids)
{
	for (size_t i = 0; i + WIRE_VALUE <= ids.n; i += WIRE_VALUE)
		set_table_put(t, get_u64be(ids.p + i));
}

bool
set_table_find(struct set_table *t, uint64_t v)
{
	if (v == 0) {
		t->found_zero |= t->has_zero;
		return t->has_zero;
	}
	const uint64_t hash = table_hash(t, v);
	const size_t bit = table_filter(t, hash);
	if ((t->filter[bit / 8] >> bit % 8 & 1) == 0)
		return false;
	const size_t at = table_slot(t, v, hash);
	if (t->slots[at] == 0)
		return false;
	t->found[at / 8] |= (uint8_t)(1U << at % 8);
	return true;
}

bool
set_table_rest(const struct set_table *t, size_t *at, uint64_t *v)
{
	for (; *at <= t->mask; (*at)++) {
		if (t->slots[*at] == 0 ||
		    (t->found[*at / 8] >> *at % 8 & 1) != 0)
			continue;
		*v = t->slots[(*at)++];
		return true;
	}
	if (*at == t->mask + 1 && t->has_zero && !t->found_zero) {
		(*at)++;
		*v = 0;
		return true;
	}
	return false;
}
