/*
 * negentropy.h: what negentropy, protocol version 1, pays to find out in which
 * items two sets differ: written from its specification for comparison, with
 * the values that its implementations use (16 buckets, lists below 32 items)
 * and without a frame limit, which would only add rounds.
 *
 * All is in its favour: timestamps are our hours, whose differences are
 * small; what it costs to ask for the ids found is not counted.
 */
#pragma once

#include "crypto/crypto.h"
#include "proto/sync/sync.h"
#include "tests/bench/bench.h"

#define NEGENTROPY_ID      32
#define NEGENTROPY_BUCKETS 16
#define NEGENTROPY_LIST    32 /* below it a range is listed */

enum negentropy_mode { NEGENTROPY_SKIP, NEGENTROPY_PRINT, NEGENTROPY_LISTED };

struct negentropy_bytes {
	uint8_t *p;
	size_t n, cap;
	uint64_t last_time; /* of the bounds in this message */
};

struct negentropy_set {
	const struct sync_item *items;
	size_t n;
};

struct negentropy_bound {
	uint64_t time; /* UINT64_MAX: infinity */
	uint8_t id[NEGENTROPY_ID];
	size_t id_n;
};

static inline void
negentropy_put(struct negentropy_bytes *b, const void *p, size_t n)
{
	if (b->n + n > b->cap) {
		b->cap = (b->n + n) * 2;
		b->p = realloc(b->p, b->cap);
		must(b->p != NULL, "memory");
	}
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* Base 128, the most significant digit first. */
static inline void
negentropy_put_number(struct negentropy_bytes *b, uint64_t x)
{
	uint8_t out[10];
	size_t at = sizeof(out);

	out[--at] = (uint8_t)(x & 127);
	while ((x >>= 7) > 0)
		out[--at] = (uint8_t)(128 | (x & 127));
	negentropy_put(b, out + at, sizeof(out) - at);
}

static inline uint64_t
negentropy_number(const struct negentropy_bytes *b, size_t *at)
{
	uint64_t x = 0;
	uint8_t byte = 0;

	do {
		must(*at < b->n, "negentropy");
		byte = b->p[(*at)++];
		x = x << 7 | (byte & 127);
	} while ((byte & 128) != 0);
	return x;
}

/* Its ids have 32 bytes; ours are 16 and grow by their own repetition. */
static inline void
negentropy_id(const struct sync_item *i, uint8_t out[NEGENTROPY_ID])
{
	memcpy(out, i->id, SYNC_ID);
	memcpy(out + SYNC_ID, i->id, SYNC_ID);
}

static inline void
negentropy_put_bound(
    struct negentropy_bytes *b, const struct negentropy_bound *x)
{
	if (x->time == UINT64_MAX) {
		negentropy_put_number(b, 0);
	} else {
		negentropy_put_number(b, 1 + x->time - b->last_time);
		b->last_time = x->time;
	}
	negentropy_put_number(b, x->id_n);
	negentropy_put(b, x->id, x->id_n);
}

static inline struct negentropy_bound
negentropy_bound(struct negentropy_bytes *b, size_t *at)
{
	struct negentropy_bound x = { 0 };
	const uint64_t time = negentropy_number(b, at);

	x.time = time == 0 ? UINT64_MAX : b->last_time + time - 1;
	if (time != 0)
		b->last_time = x.time;
	x.id_n = (size_t)negentropy_number(b, at);
	must(x.id_n <= NEGENTROPY_ID && *at + x.id_n <= b->n, "negentropy");
	memcpy(x.id, b->p + *at, x.id_n);
	*at += x.id_n;
	return x;
}

/* The shortest bound between two neighbours. */
static inline struct negentropy_bound
negentropy_between(const struct sync_item *a, const struct sync_item *b)
{
	struct negentropy_bound x = { .time = b->hour };
	uint8_t id[NEGENTROPY_ID];

	if (a->hour != b->hour)
		return x;
	negentropy_id(b, id);
	while (a->id[x.id_n] == b->id[x.id_n])
		x.id_n++;
	x.id_n++;
	memcpy(x.id, id, x.id_n);
	return x;
}

/* Its first item that is not below a bound. */
static inline size_t
negentropy_lower(
    const struct negentropy_set *s, const struct negentropy_bound *x)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;
		uint8_t id[NEGENTROPY_ID];
		negentropy_id(&s->items[mid], id);
		const bool below = s->items[mid].hour != x->time
				       ? s->items[mid].hour < x->time
				       : memcmp(id, x->id, NEGENTROPY_ID) < 0;
		if (below)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static inline void
negentropy_print(
    const struct negentropy_set *s, size_t from, size_t to, uint8_t out[16])
{
	uint64_t sum[4] = { 0 };
	uint8_t raw[NEGENTROPY_ID], hash[SHA256_SIZE];
	struct negentropy_bytes b = { 0 };

	for (size_t i = from; i < to; i++) {
		uint64_t carry = 0;
		negentropy_id(&s->items[i], raw);
		for (size_t k = 0; k < 4; k++) {
			uint64_t word;
			memcpy(&word, raw + 8 * k, 8); /* little-endian here */
			const uint64_t half = sum[k] + carry;
			carry = half < carry;
			sum[k] = half + word;
			carry += sum[k] < word;
		}
	}
	negentropy_put(&b, sum, sizeof(sum));
	negentropy_put_number(&b, to - from);
	hash_sha256(hash, &(struct crypto_part){ b.p, b.n }, 1);
	memcpy(out, hash, 16);
	free(b.p);
}

static inline void
negentropy_list(const struct negentropy_set *s, size_t from, size_t to,
    const struct negentropy_bound *end, struct negentropy_bytes *out)
{
	negentropy_put_bound(out, end);
	negentropy_put_number(out, NEGENTROPY_LISTED);
	negentropy_put_number(out, to - from);
	for (size_t i = from; i < to; i++) {
		uint8_t id[NEGENTROPY_ID];
		negentropy_id(&s->items[i], id);
		negentropy_put(out, id, sizeof(id));
	}
}

static inline void
negentropy_split(const struct negentropy_set *s, size_t from, size_t to,
    const struct negentropy_bound *end, struct negentropy_bytes *out)
{
	const size_t n = to - from;
	size_t at = from;

	if (n < NEGENTROPY_LIST) {
		negentropy_list(s, from, to, end, out);
		return;
	}
	for (size_t i = 0; i < NEGENTROPY_BUCKETS; i++) {
		const size_t next = at + n / NEGENTROPY_BUCKETS +
				    (i < n % NEGENTROPY_BUCKETS ? 1 : 0);
		const struct negentropy_bound bound =
		    next == to ? *end
			       : negentropy_between(
				     &s->items[next - 1], &s->items[next]);
		uint8_t print[16];
		negentropy_print(s, at, next, print);
		negentropy_put_bound(out, &bound);
		negentropy_put_number(out, NEGENTROPY_PRINT);
		negentropy_put(out, print, sizeof(print));
		at = next;
	}
}

static const struct negentropy_bound negentropy_end = { .time = UINT64_MAX };

/*
 * Answer ${in}; ${out} is begun. The initiator learns from lists what differs,
 * and has nothing more to say about their ranges.
 */
static inline void
negentropy_answer(const struct negentropy_set *s, bool initiator,
    struct negentropy_bytes *in, struct negentropy_bytes *out)
{
	struct negentropy_bound last = { 0 };
	size_t at = 1, from = 0;
	bool skip = false;

	in->last_time = 0;
	while (at < in->n) {
		const struct negentropy_bound end = negentropy_bound(in, &at);
		const uint64_t mode = negentropy_number(in, &at);
		const size_t to =
		    end.time == UINT64_MAX ? s->n : negentropy_lower(s, &end);
		bool differs = false;
		uint8_t print[16];
		if (mode == NEGENTROPY_PRINT) {
			negentropy_print(s, from, to, print);
			differs = memcmp(print, in->p + at, 16) != 0;
			at += 16;
		} else if (mode == NEGENTROPY_LISTED) {
			const size_t n = (size_t)negentropy_number(in, &at);
			at += n * NEGENTROPY_ID;
			differs = !initiator;
		}
		if (differs && skip) {
			negentropy_put_bound(out, &last);
			negentropy_put_number(out, NEGENTROPY_SKIP);
			skip = false;
		}
		if (!differs)
			skip = true;
		else if (mode == NEGENTROPY_PRINT)
			negentropy_split(s, from, to, &end, out);
		else
			negentropy_list(s, from, to, &end, out);
		from = to;
		last = end;
	}
}

struct negentropy_cost {
	uint64_t bytes; /* both directions */
	unsigned pairs; /* messages of the initiator that were answered */
};

/** What it costs an initiator with set ${a} to learn how ${b} differs. */
static inline struct negentropy_cost
negentropy_cost(const struct negentropy_set *a, const struct negentropy_set *b)
{
	struct negentropy_cost cost = { 0 };
	struct negentropy_bytes question = { 0 }, answer = { 0 };

	negentropy_put(&question, "\x61", 1);
	negentropy_split(a, 0, a->n, &negentropy_end, &question);
	while (question.n > 1) {
		cost.pairs++;
		answer.n = 0;
		answer.last_time = 0;
		negentropy_put(&answer, "\x61", 1);
		negentropy_answer(b, false, &question, &answer);
		cost.bytes += question.n + answer.n;
		question.n = 0;
		question.last_time = 0;
		negentropy_put(&question, "\x61", 1);
		negentropy_answer(a, true, &answer, &question);
	}
	free(question.p);
	free(answer.p);
	return cost;
}
