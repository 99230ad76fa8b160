/*
 * The input as a key file: what is accepted can be written and read again.
 * The input as a stream: any split decrypts to the same bytes, and back.
 */
#include "proto/libp2p/psk.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
as_file(struct slice in)
{
	uint8_t key[PSK_SIZE], again[PSK_SIZE], file[256];
	struct buf b = { file, 0, sizeof(file) };
	const char *why = NULL;

	const err e = psk_file_get(in, key, &why);
	ASSERT(why != NULL && (e == OK) == (why[0] == 0));
	if (e != OK)
		return;
	ASSERT(psk_file_put(&b, key) == OK);
	ASSERT(psk_file_get(buf_slice(&b), again, &why) == OK);
	ASSERT(memcmp(key, again, PSK_SIZE) == 0);
}

/* What comes out for the bytes in pieces of ${step}; 0: of random size. */
static size_t
play(struct test_env *t, struct slice all, size_t step, uint8_t *out)
{
	static const uint8_t key[PSK_SIZE] = { 1, 2, 3 };
	struct psk_stream s = { 0 };
	size_t n = 0;

	while (all.n > 0) {
		const size_t want = step == 0 ? 1 + test_below(t, 200) : step;
		struct slice in = slice_of(all.p, MIN(all.n, want));
		slice_skip(&all, in.n);
		if (!s.begun && psk_nonce_recv(&s, key, &in) != OK)
			continue;
		psk_xor(&s, out + n, in.p, in.n);
		psk_advance(&s, in.n);
		n += in.n;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = { SIZE_MAX, 1, 64, 0 };
	static uint8_t out[4][8192];
	struct test_env t;
	const struct slice in = slice_of(data, size);

	if (size > sizeof(out[0]))
		return 0;
	as_file(in);
	test_env_init(&t, size);
	const size_t n = play(&t, in, steps[0], out[0]);
	ASSERT(n == (size > PSK_NONCE ? size - PSK_NONCE : 0));
	for (size_t i = 1; i < 4; i++) {
		ASSERT(play(&t, in, steps[i], out[i]) == n);
		ASSERT(memcmp(out[0], out[i], n) == 0);
	}
	return 0;
}
