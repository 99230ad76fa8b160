#define _GNU_SOURCE /* memmem */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <time.h>

#include <cmocka.h>

#include "node/keys/signer.h"
#include "proto/evidence/claim.h"
#include "proto/evidence/document.h"
#include "proto/mail/certificate.h"
#include "proto/record/record.h"
#include "proto/record/result.h"
#include "tests/unit/test_evidence.h"
#include "tests/unit/test_records.h"

#define PERSONA 3
#define BLOCK   (1UL << 20)

/* What is looked for is kept with its bits turned round, so that the looking
 * does not find itself. */
static uint8_t seed_turned[SEED_SIZE];

static void
turn(uint8_t *out, const uint8_t *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)~in[i];
}

static struct signer *
start(void)
{
	struct key_material km = { .created = 1 };
	struct signer *s = NULL;
	struct problem p = { 0 };

	crypto_random(seed_turned, sizeof(seed_turned));
	turn(km.seed, seed_turned, SEED_SIZE);
	assert_int_equal(signer_start(&km, &s, &p), OK);
	key_material_wipe(&km);
	assert_true(signer_alive(s));
	return s;
}

/* Whether all of this process's memory holds what ${turned} turns to. */
static bool
memory_holds(const uint8_t *turned, size_t n)
{
	static uint8_t page[BLOCK + 64];
	uint8_t want[64];
	char line[512];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");
	const int mem = open("/proc/self/mem", O_RDONLY);

	assert_non_null(maps);
	assert_true(mem >= 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		unsigned long from, to;
		char mode[5];
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 ||
		    mode[0] != 'r' || mode[1] != 'w' || to - from > 1UL << 26)
			continue;
		/* a block and a little more: it may lie across two */
		for (unsigned long at = from; at < to; at += BLOCK) {
			const ssize_t got = pread(
			    mem, page, MIN(BLOCK + 64, to - at), (off_t)at);
			const uint8_t *p = page;
			while (got > 0 &&
			       (p = memchr(p, turned[0] ^ 0xff,
				    (size_t)(page + got - p))) != NULL) {
				const unsigned long here =
				    at + (unsigned long)(p - page);
				if ((here < (unsigned long)page ||
					here >= (unsigned long)page +
						    sizeof(page)) &&
				    page + got - p >= (ssize_t)n) {
					turn(want, turned, n);
					found =
					    found || memcmp(p, want, n) == 0;
					crypto_wipe(want, sizeof(want));
				}
				p++;
			}
		}
		crypto_wipe(page, sizeof(page));
	}
	fclose(maps);
	close(mem);
	return found;
}

/* The persona's keys, worked out by another process. */
static void
keys_elsewhere(uint8_t pub[ED25519_PUBLIC], uint8_t turned[ED25519_SEED])
{
	uint8_t both[ED25519_PUBLIC + ED25519_SEED];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	const pid_t pid = fork();
	if (pid == 0) {
		uint8_t seed[SEED_SIZE], secret[ED25519_SECRET];
		turn(seed, seed_turned, SEED_SIZE);
		persona_keypair(both, secret, seed, PERSONA);
		turn(both + ED25519_PUBLIC, secret, ED25519_SEED);
		_exit(
		    write(ends[1], both, sizeof(both)) == sizeof(both) ? 0 : 1);
	}
	assert_int_equal(read(ends[0], both, sizeof(both)), sizeof(both));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(ends[1]);
	memcpy(pub, both, ED25519_PUBLIC);
	memcpy(turned, both + ED25519_PUBLIC, ED25519_SEED);
}

static err
sign(void *ctx, struct slice body, uint8_t sig[ED25519_SIG])
{
	return signer_sign(
	    ctx, PERSONA, SIGN_RECORD, 0, slice_str(TEST_NET), body, sig);
}

static size_t
make_record(struct signer *s, const char *net, uint8_t *raw, size_t cap, err *e)
{
	static const uint8_t none[STAMP_WORK_BYTES] = { STAMP_WORK };
	struct buf out = { raw, 0, cap };
	uint8_t pub[ED25519_PUBLIC];
	const struct record_draft d = { .net = slice_str(net),
		.kind = KIND_PROFILE,
		.region = "de",
		.seq = (uint64_t)TEST_HOUR << 8,
		.expires_h = TEST_HOUR + 24,
		.stamp = slice_of(none, sizeof(none)),
		.payload = slice_of("\x80", 1) };
	const struct record_signing with = { pub, sign, s };

	assert_int_equal(signer_public(s, PERSONA, pub), OK);
	*e = record_make_with(&d, &with, &out);
	return out.n;
}

/* A record signed there is as good as one signed here. */
static void
test_records(void **state)
{
	uint8_t raw[RECORD_BYTES_MAX], pub[ED25519_PUBLIC], turned[32];
	uint8_t again[ED25519_PUBLIC];
	struct arena scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	struct record r;
	err e;

	(void)state;
	struct signer *s = start();
	keys_elsewhere(pub, turned);
	assert_int_equal(signer_public(s, PERSONA, again), OK);
	assert_memory_equal(pub, again, sizeof(pub));
	assert_int_equal(signer_public(s, PERSONA + 1, again), OK);
	assert_memory_not_equal(pub, again, sizeof(pub));
	/* Beyond those that it keeps, too. */
	assert_int_equal(signer_public(s, 1000, again), OK);
	const size_t n = make_record(s, TEST_NET, raw, sizeof(raw), &e);
	assert_int_equal(e, OK);
	assert_int_equal(
	    record_read(slice_of(raw, n), &scratch, &r), RECORD_FINE);
	assert_memory_equal(r.author, pub, sizeof(pub));
	/* The stamp is none: all up to it was right, and so is this. */
	assert_int_equal(record_verify(&r, &scratch), RECORD_BAD_STAMP);
	uint8_t text[128];
	uint8_t *m = text;
	memset(m, 0, 16);
	memcpy(m, "ohcn-sig-v1", 11);
	m[16] = (uint8_t)strlen(TEST_NET);
	memcpy(m + 17, TEST_NET, strlen(TEST_NET));
	m[17 + strlen(TEST_NET)] = 1;
	memcpy(m + 18 + strlen(TEST_NET), r.id, RECORD_ID);
	assert_true(ed25519_verify(
	    r.sig, text, 18 + strlen(TEST_NET) + RECORD_ID, pub));
	signer_stop(s);
	free(scratch.p);
}

/* What it was not made to sign it does not sign. */
static void
test_refusals(void **state)
{
	uint8_t raw[RECORD_BYTES_MAX], sig[ED25519_SIG], pub[ED25519_PUBLIC];
	static uint8_t big[SIGNER_BYTES_MAX + 1];
	const struct slice net = slice_str(TEST_NET);
	err e;

	(void)state;
	struct signer *s = start();
	/* a body of another network than the one it is asked for */
	(void)make_record(s, "elsewhere", raw, sizeof(raw), &e);
	assert_int_equal(e, ERR_FORM);
	/* no body at all, an empty one, another persona's */
	assert_int_equal(signer_sign(s, PERSONA, SIGN_RECORD, 0, net,
			     slice_str("sign this"), sig),
	    ERR_FORM);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_RECORD, 0, net,
			     slice_of(NULL, 0), sig),
	    ERR_FORM);
	const size_t n = make_record(s, TEST_NET, raw, sizeof(raw), &e);
	assert_int_equal(e, OK);
	struct arena scratch =
	    arena_of(malloc(RECORD_SCRATCH_BYTES), RECORD_SCRATCH_BYTES);
	struct record r;
	assert_int_equal(
	    record_read(slice_of(raw, n), &scratch, &r), RECORD_FINE);
	assert_int_equal(
	    signer_sign(s, PERSONA, SIGN_RECORD, 0, net, r.body, sig), OK);
	assert_int_equal(
	    signer_sign(s, PERSONA + 1, SIGN_RECORD, 0, net, r.body, sig),
	    ERR_FORM);
	/* a body is not a statement, nor a certificate */
	assert_int_equal(
	    signer_sign(s, PERSONA, SIGN_RESULT, 0, net, r.body, sig),
	    ERR_FORM);
	assert_int_equal(
	    signer_sign(s, PERSONA, SIGN_CERTIFICATE, 0, net, r.body, sig),
	    ERR_FORM);
	/* nor a document */
	assert_int_equal(
	    signer_sign(s, PERSONA, SIGN_DOCUMENT, 1, net, r.body, sig),
	    ERR_FORM);
	assert_int_equal(
	    signer_sign(s, PERSONA, SIGN_DOMAINS, 0, net, r.body, sig),
	    ERR_FORM);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_DOCUMENT, 0, net,
			     slice_of(big, sizeof(big)), sig),
	    ERR_FORM);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_DOCUMENT, 0,
			     slice_str("Not A Net"), r.body, sig),
	    ERR_FORM);
	assert_int_equal(signer_public(s, PERSONA, pub), OK);
	assert_true(signer_alive(s));
	free(scratch.p);
	signer_stop(s);
}

static err
certify(struct signer *s, uint32_t not_after)
{
	uint8_t bytes[ED25519_PUBLIC + 4] = { 1 }, sig[ED25519_SIG];

	put_u32be(bytes + ED25519_PUBLIC, not_after);
	return signer_sign(s, PERSONA, SIGN_CERTIFICATE, 0, slice_str(TEST_NET),
	    slice_of(bytes, sizeof(bytes)), sig);
}

/* One-time keys for about a month, not for good; vouchers for two. */
static void
test_certificates(void **state)
{
	const uint64_t now_h = (uint64_t)time(NULL) / 3600;
	const uint32_t ours = certificate_not_after(now_h);
	uint8_t voucher[ED25519_PUBLIC + VOUCHER_TOKEN + 4] = { 1 };
	uint8_t sig[ED25519_SIG];

	(void)state;
	struct signer *s = start();
	assert_int_equal(certify(s, ours), OK);
	assert_int_equal(certify(s, ours + CERTIFICATE_WEEK), OK);
	assert_int_equal(certify(s, ours + 1), ERR_FORM);
	assert_int_equal(certify(s, ours + 3 * CERTIFICATE_WEEK), ERR_FORM);
	assert_int_equal(certify(s, ours - 3 * CERTIFICATE_WEEK), ERR_FORM);
	assert_int_equal(
	    certify(s, UINT32_MAX / CERTIFICATE_WEEK * CERTIFICATE_WEEK),
	    ERR_FORM);
	assert_int_equal(certify(s, 0), ERR_FORM);
	put_u32be(
	    voucher + sizeof(voucher) - 4, (uint32_t)now_h + VOUCHER_HOURS);
	assert_int_equal(
	    signer_sign(s, PERSONA, SIGN_VOUCHER, 0, slice_str(TEST_NET),
		slice_of(voucher, sizeof(voucher)), sig),
	    OK);
	put_u32be(voucher + sizeof(voucher) - 4,
	    (uint32_t)now_h + VOUCHER_HOURS + 50);
	assert_int_equal(
	    signer_sign(s, PERSONA, SIGN_VOUCHER, 0, slice_str(TEST_NET),
		slice_of(voucher, sizeof(voucher)), sig),
	    ERR_FORM);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_VOUCHER, 0,
			     slice_str(TEST_NET), slice_of(voucher, 8), sig),
	    ERR_FORM);
	signer_stop(s);
}

/* Keys of claim trees, presentations and badges: of this persona alone. */
static void
test_claims(void **state)
{
	static const uint8_t tree[16] = { 1 }, other[16] = { 2 };
	static uint8_t scratch_bytes[PRESENTATION_SCRATCH_BYTES];
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	uint8_t key[32], key2[32], want[32], secret[32], seed[SEED_SIZE];
	uint8_t bytes[PRESENTATION_MAX], sig[ED25519_SIG];
	const struct slice net = slice_str(TEST_NET);
	const struct claim claim = { slice_str("name"), slice_of("\xa1L", 2) };
	const struct claim_choice choice = { .number = 0 };
	const struct presentation_for to = { .net = net, .made = TEST_HOUR };
	const struct test_author a = test_author(1);
	struct buf out = { bytes, 0, sizeof(bytes) };
	struct claim_tree t;
	struct value all;

	(void)state;
	struct signer *s = start();
	turn(seed, seed_turned, SEED_SIZE);
	persona_claim_secret(secret, seed, PERSONA);
	claim_tree_key(want, secret, tree);
	crypto_wipe(seed, sizeof(seed));
	assert_int_equal(signer_claim_key(s, PERSONA, tree, key), OK);
	assert_memory_equal(key, want, 32);
	assert_int_equal(signer_claim_key(s, PERSONA, other, key2), OK);
	assert_memory_not_equal(key, key2, 32);
	assert_int_equal(signer_claim_key(s, PERSONA + 1, tree, key2), OK);
	assert_memory_not_equal(key, key2, 32);
	/* A presentation of another holder; what is none; a record's body. */
	assert_int_equal(claim_tree_build_keyed(&t, key, tree, &claim, 1), OK);
	assert_int_equal(presentation_write(&t, &claim, &choice, 1, &to,
			     a.secret, &scratch, &out),
	    OK);
	arena_reset(&scratch);
	assert_int_equal(value_parse(buf_slice(&out), &scratch, &all), OK);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_PRESENTATION, 0, net,
			     all.items[0].s, sig),
	    ERR_FORM);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_PRESENTATION, 0, net,
			     slice_str("sign this"), sig),
	    ERR_FORM);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_BADGE, 0, net,
			     slice_str("12345678{\"@context\":[]}"), sig),
	    ERR_FORM);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_BADGE, 0, net,
			     slice_str("1234567"), sig),
	    ERR_FORM);
	assert_true(signer_alive(s));
	signer_stop(s);
}

/* Only a sound document, of the network that was named, in the role in which
 * the persona stands in it. */
static void
test_documents(void **state)
{
	static uint8_t scratch_bytes[DOCUMENT_SCRATCH_BYTES];
	uint8_t raw[DOCUMENT_MAX], sig[ED25519_SIG], made[DOCUMENT_MAX];
	const struct slice net = slice_str(TEST_NET);
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	struct evidence e = test_evidence(EVIDENCE_AGREEMENT);
	struct buf out = { raw, 0, sizeof(raw) };
	struct buf with = { made, 0, sizeof(made) };
	struct document d;

	(void)state;
	struct signer *s = start();
	assert_int_equal(signer_public(s, PERSONA, e.agreement.company), OK);
	assert_int_equal(
	    document_write(&e, net, &scratch, &out), EVIDENCE_FINE);
	assert_int_equal(document_open(buf_slice(&out), net, 0, &scratch, &d),
	    EVIDENCE_FINE);
	const struct {
		uint32_t persona;
		uint8_t role;
		struct slice net, body;
		err e;
	} cases[] = {
		{ PERSONA, ROLE_COMPANY, net, d.body, OK },
		{ PERSONA, ROLE_PERSON, net, d.body, ERR_FORM },
		{ PERSONA, ROLE_MANAGER, net, d.body, ERR_FORM },
		{ PERSONA, ROLE_PEER, net, d.body, ERR_FORM },
		{ PERSONA, 0, net, d.body, ERR_FORM },
		{ PERSONA, 255, net, d.body, ERR_FORM },
		{ PERSONA + 1, ROLE_COMPANY, net, d.body, ERR_FORM },
		{ PERSONA, ROLE_COMPANY, slice_str("elsewhere"), d.body,
		    ERR_FORM },
		{ PERSONA, ROLE_COMPANY, net, slice_of(d.body.p, d.body.n - 1),
		    ERR_FORM },
		{ PERSONA, ROLE_COMPANY, net, slice_of(NULL, 0), ERR_FORM },
		{ PERSONA, ROLE_COMPANY, net, buf_slice(&out), ERR_FORM },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
		    signer_sign(s, cases[i].persona, SIGN_DOCUMENT,
			cases[i].role, cases[i].net, cases[i].body, sig),
		    cases[i].e);
	assert_int_equal(signer_sign(s, PERSONA, SIGN_DOCUMENT, ROLE_COMPANY,
			     net, d.body, sig),
	    OK);
	assert_int_equal(document_add(buf_slice(&out), net, ROLE_COMPANY, sig,
			     &scratch, &with),
	    EVIDENCE_FINE);
	assert_int_equal(document_open(buf_slice(&with), net, 0, &scratch, &d),
	    EVIDENCE_FINE);
	assert_int_equal(d.signed_by, 1U << ROLE_COMPANY);
	sig[5] ^= 1;
	with.n = 0;
	assert_int_equal(document_add(buf_slice(&out), net, ROLE_COMPANY, sig,
			     &scratch, &with),
	    EVIDENCE_BAD_SIGNATURE);
	signer_stop(s);
}

static void
test_receive_keys(void **state)
{
	uint8_t wrap[32], other[32], pub[X25519_SIZE], sealed[SIGNER_SEALED];
	uint8_t mine[X25519_SIZE], my_pub[X25519_SIZE], a[32], b[32];
	static uint8_t pubs[SIGNER_KEYS_MAX][X25519_SIZE];
	static uint8_t shared[SIGNER_KEYS_MAX][X25519_SIZE];
	static const uint8_t low[X25519_SIZE];
	unsigned n;

	(void)state;
	struct signer *s = start();
	crypto_random(wrap, sizeof(wrap));
	crypto_random(other, sizeof(other));
	crypto_random(mine, sizeof(mine));
	x25519_public(my_pub, mine);
	assert_int_equal(signer_receive_new(s, wrap, pub, sealed), OK);
	assert_int_equal(signer_shared(s, pub, my_pub, a), OK);
	assert_true(x25519_shared(b, mine, pub));
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(signer_shared_all(s, my_pub, pubs, shared, &n), OK);
	assert_int_equal(n, 1);
	assert_memory_equal(pubs[0], pub, X25519_SIZE);
	assert_memory_equal(shared[0], b, X25519_SIZE);
	assert_int_equal(signer_shared(s, pub, low, a), ERR_FORM);
	assert_int_equal(signer_shared(s, my_pub, my_pub, a), ERR_NOTFOUND);
	/* wiped, and back from what lies on the disk */
	assert_int_equal(signer_receive_drop(s, pub), OK);
	assert_int_equal(signer_shared(s, pub, my_pub, a), ERR_NOTFOUND);
	assert_int_equal(
	    signer_receive_load(s, other, sealed, my_pub), ERR_AUTH);
	assert_int_equal(signer_receive_load(s, wrap, sealed, a), OK);
	assert_memory_equal(a, pub, sizeof(a));
	assert_int_equal(signer_receive_load(s, wrap, sealed, a), OK);
	x25519_public(my_pub, mine);
	assert_int_equal(signer_shared_all(s, my_pub, pubs, shared, &n), OK);
	assert_int_equal(n, 1); /* not twice */
	for (n = 1; n < SIGNER_KEYS_MAX; n++)
		assert_int_equal(signer_receive_new(s, wrap, pub, sealed), OK);
	assert_int_equal(signer_receive_new(s, wrap, pub, sealed), ERR_LIMIT);
	assert_int_equal(signer_shared_all(s, my_pub, pubs, shared, &n), OK);
	assert_int_equal(n, SIGNER_KEYS_MAX);
	signer_stop(s);
}

/* The process that talks to the network has neither seed nor secret. */
static void
test_memory(void **state)
{
	uint8_t pub[ED25519_PUBLIC], turned[ED25519_SEED];
	uint8_t raw[RECORD_BYTES_MAX];
	err e;

	(void)state;
	struct signer *s = start();
	keys_elsewhere(pub, turned);
	(void)make_record(s, TEST_NET, raw, sizeof(raw), &e);
	assert_int_equal(e, OK);
	assert_false(memory_holds(seed_turned, SEED_SIZE));
	assert_false(memory_holds(turned, ED25519_SEED));
	/* The looking finds what is there. */
	uint8_t *plain = malloc(SEED_SIZE);
	assert_non_null(plain);
	turn(plain, seed_turned, SEED_SIZE);
	assert_true(memory_holds(seed_turned, SEED_SIZE));
	crypto_wipe(plain, SEED_SIZE);
	free(plain);
	signer_stop(s);
}

/* Its process: no files, and the kernel refuses to open any. */
static void
test_shut_in(void **state)
{
	char path[64], line[256];
	unsigned files = 0;
	int children = 0;

	(void)state;
	struct signer *s = start();
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	FILE *f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%d", &children) != 1) {
		if (f != NULL)
			fclose(f);
		signer_stop(s);
		skip();
	}
	fclose(f);
	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", children, i);
		files += readlink(path, line, sizeof(line)) > 0;
	}
	/* three times /dev/null and the socket; 0 where we may not look */
	assert_true(files == 4 || files == 0);
	/* It dies: every call says so, none hangs. */
	uint8_t pub[ED25519_PUBLIC];
	assert_int_equal(kill(children, SIGKILL), 0);
	assert_int_equal(signer_public(s, 0, pub), ERR_CLOSED);
	assert_int_equal(signer_public(s, 0, pub), ERR_CLOSED);
	assert_false(signer_alive(s));
	signer_stop(s);
}

/* Forgotten, and there again by the same seed alone. */
static void
test_lock(void **state)
{
	uint8_t wrap[32] = { 7 }, pub[X25519_SIZE], again[X25519_SIZE];
	uint8_t sealed[SIGNER_SEALED], shared[X25519_SIZE], key[32];
	uint8_t before[ED25519_PUBLIC], after[ED25519_PUBLIC];
	uint8_t seed[SEED_SIZE], peer[X25519_SIZE], secret[X25519_SIZE];
	struct signer *s = start();

	(void)state;
	crypto_random(secret, sizeof(secret));
	x25519_public(peer, secret);
	assert_int_equal(signer_public(s, PERSONA, before), OK);
	assert_int_equal(signer_receive_new(s, wrap, pub, sealed), OK);
	assert_int_equal(signer_shared(s, pub, peer, shared), OK);
	assert_false(signer_is_shut(s));
	for (unsigned i = 0; i < 2; i++) { /* twice is once */
		assert_int_equal(signer_lock(s), OK);
		assert_true(signer_is_shut(s));
	}
	assert_int_equal(signer_public(s, PERSONA, after), ERR_AUTH);
	assert_int_equal(signer_noise_key(s, 0, key), ERR_AUTH);
	assert_int_equal(signer_claim_key(s, 0, wrap, key), ERR_AUTH);
	assert_int_equal(signer_receive_new(s, wrap, again, sealed), ERR_AUTH);
	assert_int_equal(signer_shared(s, pub, peer, shared), ERR_AUTH);
	assert_int_equal(signer_receive_drop(s, peer), OK);
	assert_true(signer_alive(s));

	crypto_random(seed, sizeof(seed));
	assert_int_equal(signer_unlock(s, seed), ERR_AUTH);
	assert_true(signer_is_shut(s));
	turn(seed, seed_turned, SEED_SIZE);
	assert_int_equal(signer_unlock(s, seed), OK);
	assert_false(signer_is_shut(s));
	crypto_wipe(seed, sizeof(seed));
	assert_int_equal(signer_public(s, PERSONA, after), OK);
	assert_memory_equal(before, after, sizeof(after));
	/* receive keys have to be loaded again */
	assert_int_equal(signer_shared(s, pub, peer, shared), ERR_NOTFOUND);
	signer_stop(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_receive_keys),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_shut_in),
	};

	if (!crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
