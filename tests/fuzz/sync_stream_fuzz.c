/*
 * One session of sync against whatever a peer says. The first byte chooses
 * one of the sessions of the vectors and a side of it (top bit: the
 * listener); the rest is what the other side says, so that the transcripts of
 * the vectors are the seeds. Told at once or in pieces of any size, it gives
 * the same events and answers, within bounded memory.
 */
#define VECTORS_WITHOUT_MAIN
#include "tests/tool/make_sync_vectors.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX ((size_t)2 << 20)

/* All events, and all that it said, each in order. */
struct trace {
	uint64_t hash, events, said, bytes;
};

static void
trace_add(struct trace *t, const void *p, size_t n)
{
	static const uint8_t key[16] = { 1 };

	t->said = t->said * 31 + hash_siphash(p, n, key);
}

static void
drain(struct sync_side *side, struct trace *t)
{
	struct slice out;

	sync_side_serve_traced(side, &t->hash, &t->events);
	while ((out = sync_send(side->s)).n > 0) {
		/* Whole or not, the answer is the same bytes. */
		for (size_t i = 0; i < out.n; i++)
			trace_add(t, out.p + i, 1);
		t->bytes += out.n;
		sync_sent(side->s, out.n, 1);
		sync_side_serve_traced(side, &t->hash, &t->events);
	}
}

static struct trace
run(const uint8_t *data, size_t size, uint8_t which, size_t piece)
{
	struct trace t = { 0 };
	struct sync_pair p;

	session_pair(&p, (which & 0x7f) % ARRAY_LEN(sessions));
	sync_pair_start(&p);
	struct sync_side *side = which >> 7 != 0 ? &p.b : &p.a;
	drain(side, &t);
	while (size > 0 && !side->over) {
		const size_t n =
		    sync_recv(side->s, slice_of(data, MIN(size, piece)), 1);
		data += n;
		size -= n;
		drain(side, &t);
		/* It takes bytes, or it is over: nothing else to wait for. */
		ASSERT(n > 0 || side->over);
	}
	ASSERT(p.t.peak <= MEMORY_MAX);
	const struct sync_figures f = sync_figures(side->s);
	ASSERT(f.records_in ==
	       f.kept + f.refused + f.beaten + f.later + side->rejected);
	sync_pair_free(&p);
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)make_sync; /* the sessions alone are used */
	if (size < 1)
		return 0;
	const uint8_t which = data[0];
	const struct trace whole = run(data + 1, size - 1, which, SIZE_MAX);
	const struct trace bytes = run(data + 1, size - 1, which, 1);
	const struct trace some = run(data + 1, size - 1, which, 37);

	ASSERT(memcmp(&whole, &bytes, sizeof(whole)) == 0);
	ASSERT(memcmp(&whole, &some, sizeof(whole)) == 0);
	return 0;
}
