/*
 * Mail: what it costs to try a key on an envelope that is somebody else's, by
 * its size, beside a bare X25519; and keys that are not tried, because they
 * take letters of one company alone. Processor time of one core.
 */
#include "proto/mail/envelope.h"
#include "tests/bench/bench.h"

#define KEYS   256
#define ROUNDS 16

static struct envelope_key keys[KEYS];
static uint8_t plain[ENVELOPE_PLAIN_MAX];

static void
fill(uint8_t *p, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695;
		p[i] = (uint8_t)(seed >> 56);
	}
}

static double
tries_per_s(size_t size)
{
	static uint8_t sealed[ENVELOPE_SEALED_MAX], author[RECORD_AUTHOR];
	struct envelope_opened o;
	const double t = thread_now();

	for (unsigned i = 0; i < ROUNDS; i++) {
		fill(sealed, size, i + 1);
		must(envelope_open(slice_of(sealed, size), slice_str(BENCH_NET),
			 author, keys, KEYS, plain, &o) == ERR_NOTFOUND,
		    "a stranger's envelope opened");
	}
	return ROUNDS * KEYS / (thread_now() - t);
}

int
main(int argc, char **argv)
{
	uint8_t q[X25519_SIZE];

	bench_json = argc > 1 && strcmp(argv[1], "--json") == 0;
	must(crypto_init(), "crypto_init");
	for (unsigned i = 0; i < KEYS; i++) {
		fill(keys[i].secret, X25519_SIZE, 1000 + i);
		x25519_public(keys[i].pub, keys[i].secret);
	}
	double t = thread_now();
	for (unsigned i = 0; i < KEYS * 4; i++)
		must(x25519_shared(q, keys[i % KEYS].secret, keys[7].pub),
		    "x25519");
	const double bare = KEYS * 4 / (thread_now() - t);
	figure("mail.try_1k", tries_per_s(1024), "/s", -1, "X25519", bare);
	figure("mail.try_2k", tries_per_s(2048), "/s", -1, "X25519", bare);
	figure("mail.try_4k", tries_per_s(4096), "/s", -1, "X25519", bare);
	for (unsigned i = 0; i < KEYS; i++) {
		keys[i].one_author = true;
		keys[i].author[0] = 1;
	}
	t = tries_per_s(1024);
	figure("mail.skip", t / 1e6, "M/s", -1, NULL, 0);
	return 0;
}
