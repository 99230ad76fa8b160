/*
 * Whatever is read as identify messages: however the bytes are cut, the same
 * fields come out and the same error; what comes out can be written and
 * reads back equal; memory stays within what one message may take.
 */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "proto/libp2p/identify.h"
#include "tests/unit/test_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	err e;
	bool at_end;
	uint8_t digest[SHA256_SIZE];
};

static void
mix(uint8_t digest[SHA256_SIZE], struct slice s)
{
	const uint8_t head[5] = { s.p != NULL, (uint8_t)(s.n >> 24),
		(uint8_t)(s.n >> 16), (uint8_t)(s.n >> 8), (uint8_t)s.n };
	const struct crypto_part parts[] = { { digest, SHA256_SIZE },
		{ head, sizeof(head) }, { s.p, s.n } };

	hash_sha256(digest, parts, 3);
}

static void
mix_all(uint8_t digest[SHA256_SIZE], const struct identify *m)
{
	mix(digest, m->public_key);
	mix(digest, m->agent);
	mix(digest, m->protocol_version);
	mix(digest, m->observed);
	for (uint32_t i = 0; i < m->addrs_n; i++)
		mix(digest, m->addrs[i]);
	mix(digest, slice_str("protocols"));
	for (uint32_t i = 0; i < m->protocols_n; i++)
		mix(digest, m->protocols[i]);
}

static void
check_round_trip(struct test_env *t, const struct identify *m)
{
	uint8_t raw[IDENTIFY_SEND_MAX];
	uint8_t a[SHA256_SIZE] = { 0 }, b[SHA256_SIZE] = { 0 };
	struct buf out = { raw, 0, sizeof(raw) };
	struct identify_reader r;
	struct identify again;

	if (identify_put(&out, m) != OK)
		return;
	struct slice in = buf_slice(&out);
	identify_reader_init(&r, &t->mem);
	ASSERT(identify_recv(&r, &in, &again) == OK && in.n == 0);
	ASSERT(again.addrs_n <= m->addrs_n);
	if (again.addrs_n == m->addrs_n) {
		mix_all(a, m);
		mix_all(b, &again);
		ASSERT(memcmp(a, b, sizeof(a)) == 0);
	}
	identify_reader_fini(&r);
}

static struct outcome
run(struct slice in, size_t cut)
{
	struct outcome o = { ERR_MORE, false, { 0 } };
	struct identify_reader r;
	struct identify m;
	struct test_env t;

	test_env_init(&t, 1);
	t.mem.cap = 128 << 10;
	identify_reader_init(&r, &t.mem);
	while (in.n > 0 && (o.e == OK || o.e == ERR_MORE)) {
		struct slice part = slice_of(in.p, MIN(in.n, cut));
		const size_t n = part.n;
		o.e = identify_recv(&r, &part, &m);
		slice_skip(&in, n - part.n);
		if (o.e == OK) {
			mix_all(o.digest, &m);
			check_round_trip(&t, &m);
		}
	}
	o.at_end = identify_at_end(&r);
	identify_reader_fini(&r);
	test_env_check(&t);
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 1 << 17)
		return 0;
	const struct outcome whole = run(slice_of(data, size), size);
	const struct outcome cut =
	    run(slice_of(data, size), 1 + data[size - 1] % 5);
	ASSERT(whole.e == cut.e && whole.at_end == cut.at_end);
	ASSERT(memcmp(whole.digest, cut.digest, SHA256_SIZE) == 0);
	return 0;
}
