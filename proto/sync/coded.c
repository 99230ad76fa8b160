#include "proto/sync/coded.h"

#define STEP 0x9e3779b9U

/* A bijection of 32 bits that mixes well. */
static uint32_t
mix(uint32_t h)
{
	h ^= h >> 16;
	h *= 0x85ebca6bU;
	h ^= h >> 13;
	h *= 0xc2b2ae35U;
	h ^= h >> 16;
	return h;
}

uint32_t
coded_check(uint64_t v)
{
	return mix((uint32_t)(v >> 32) ^ mix((uint32_t)v + STEP));
}

struct coded_walk
coded_walk(uint64_t v)
{
	return (
	    struct coded_walk){ .hi = (uint32_t)(v >> 32), .lo = (uint32_t)v };
}

/*
 * The next index j after i: P(next > j) = (i + 1)(i + 2) / ((j + 1)(j + 2)),
 * so that index i is hit with probability 2 / (i + 2). That is the smaller of
 * two: P(a > j) = (i + 1) / (j + 1), P(b > j) = (i + 2) / (j + 2).
 */
void
coded_step(struct coded_walk *w)
{
	w->k++;
	const uint64_t r = (uint64_t)mix(w->hi + w->k * STEP) + 1;
	const uint64_t q = (uint64_t)mix(w->lo + w->k * STEP) + 1;
	const uint64_t a = ((w->at + 1) << 32) / r;
	const uint64_t b = ((w->at + 2) << 32) / q - 1;

	w->at = MIN(a, b);
}

static void
add(struct coded *c, uint64_t v, uint64_t sum, uint32_t check)
{
	struct coded_walk w = coded_walk(v);

	while (w.at < c->first)
		coded_step(&w);
	while (w.at < c->end) {
		c->sum[w.at - c->first] += sum;
		c->check[w.at - c->first] += check;
		coded_step(&w);
	}
}

void
coded_add(struct coded *c, uint64_t v)
{
	add(c, v, v, coded_check(v));
}

void
coded_sub(struct coded *c, uint64_t v)
{
	add(c, v, 0 - v, 0 - coded_check(v));
}

static uint64_t
root(uint64_t v)
{
	uint64_t r = 0;

	for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1)
		if ((r + bit) * (r + bit) <= v)
			r += bit;
	return r;
}

/* 1.36 per difference, and more where chance weighs more: found by trial. */
size_t
coded_enough(uint64_t differences, uint64_t deviation)
{
	const uint64_t d = MIN(differences, (uint64_t)CODED_MAX) +
			   2 * MIN(deviation, (uint64_t)CODED_MAX);

	return (size_t)MIN(d + d * 3 / 8 + 3 * root(d) + 12, CODED_MAX);
}

static bool
maps_to(uint64_t v, size_t at)
{
	struct coded_walk w = coded_walk(v);

	while (w.at < at)
		coded_step(&w);
	return w.at == at;
}

/* +1, -1: the symbol is one value of theirs, of ours; 0: neither. */
static int
pure(const struct coded *c, size_t at)
{
	const uint64_t v = c->sum[at];

	if (v == 0 && c->check[at] == 0)
		return 0;
	if (coded_check(v) == c->check[at] && maps_to(v, at))
		return 1;
	if (coded_check(0 - v) == 0 - c->check[at] && maps_to(0 - v, at))
		return -1;
	return 0;
}

/* Symbols to look at; each is there at most once. */
struct todo {
	uint32_t *stack;
	size_t n;
	uint8_t *on; /* a bit per symbol */
};

static void
todo_push(struct todo *t, size_t at)
{
	if ((t->on[at / 8] >> at % 8 & 1) != 0)
		return;
	t->on[at / 8] |= (uint8_t)(1U << at % 8);
	t->stack[t->n++] = (uint32_t)at;
}

static size_t
todo_pop(struct todo *t)
{
	const size_t at = t->stack[--t->n];

	t->on[at / 8] &= (uint8_t) ~(1U << at % 8);
	return at;
}

size_t
coded_scratch(size_t n)
{
	return n * sizeof(uint32_t) + n / 8 + 1;
}

bool
coded_decode(struct coded *c, void *scratch, struct coded_found *out)
{
	struct todo t = { .stack = scratch,
		.on = (uint8_t *)scratch + c->end * sizeof(uint32_t) };

	ASSERT(c->first == 0);
	memset(t.on, 0, c->end / 8 + 1);
	out->plus = out->minus = 0;
	for (size_t i = 0; i < c->end; i++)
		todo_push(&t, i);
	while (t.n > 0) {
		const size_t at = todo_pop(&t);
		const int sign = pure(c, at);
		if (sign == 0)
			continue;
		if (out->plus + out->minus == c->end)
			return false; /* a liar's */
		const uint64_t sum = c->sum[at];
		const uint32_t check = c->check[at];
		const uint64_t v = sign > 0 ? sum : 0 - sum;
		if (sign > 0)
			out->values[out->plus++] = v;
		else
			out->values[c->end - ++out->minus] = v;
		for (struct coded_walk w = coded_walk(v); w.at < c->end;
		     coded_step(&w)) {
			c->sum[w.at] -= sum;
			c->check[w.at] -= check;
			todo_push(&t, w.at);
		}
	}
	for (size_t i = 0; i < c->end; i++)
		if (c->sum[i] != 0 || c->check[i] != 0)
			return false;
	return true;
}
