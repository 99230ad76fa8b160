/* Warning lists: each fault of SPEC.md, in its order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/evidence/warning.h"

#define NOW_H 490000U
#define NOW_S ((uint64_t)NOW_H * 3600)

static uint8_t scratch_bytes[WARNING_SCRATCH_BYTES];
static uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
static const uint8_t low[32] = { 1 }, high[32] = { 2 };

static struct warning_list
sample(void)
{
	struct warning_list l = { .made_h = NOW_H,
		.expires_h = NOW_H + 100,
		.title = slice_str("Fair work"),
		.entries_n = 2 };

	memcpy(l.issuer, pub, sizeof(pub));
	l.entries[0] = (struct warning_entry){ low, WARNING_SPAM, 0,
		slice_str("a hundred a day") };
	l.entries[1] =
	    (struct warning_entry){ high, WARNING_FRAUD, 1000, { NULL, 0 } };
	return l;
}

struct made {
	uint8_t bytes[WARNING_BYTES_MAX];
	struct buf out;
};

static void
make(struct made *m, const struct warning_list *l)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	uint8_t body[WARNING_BODY_MAX], sig[ED25519_SIG];
	struct buf b = { body, 0, sizeof(body) };
	const struct slice net = slice_str("test");

	m->out = (struct buf){ m->bytes, 0, sizeof(m->bytes) };
	assert_int_equal(warning_body_write(l, net, &b), OK);
	assert_int_equal(
	    warning_body_sign(buf_slice(&b), net, secret, &scratch, sig), OK);
	assert_int_equal(warning_join(buf_slice(&b), sig, &m->out), OK);
}

static enum evidence_fault
judge(const struct made *m, const char *net, uint64_t now_s,
    struct warning_list *out)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));

	return warning_open(
	    buf_slice(&m->out), slice_str(net), now_s, &scratch, out);
}

static void
test_round_trip(void **state)
{
	static struct made m;
	const struct warning_list l = sample();
	struct warning_list got;

	(void)state;
	make(&m, &l);
	assert_int_equal(judge(&m, "test", NOW_S, &got), EVIDENCE_FINE);
	assert_int_equal(got.entries_n, 2);
	assert_memory_equal(got.issuer, pub, 32);
	assert_memory_equal(got.entries[1].key, high, 32);
	assert_int_equal(got.entries[1].since_h, 1000);
	assert_true(slice_eq(got.entries[0].text, l.entries[0].text));
	assert_true(slice_eq(got.title, l.title));
}

static void
test_faults(void **state)
{
	static struct made m;
	const struct warning_list l = sample();
	struct warning_list got;

	(void)state;
	make(&m, &l);
	assert_int_equal(judge(&m, "other", NOW_S, &got), EVIDENCE_WRONG_NET);
	assert_int_equal(
	    judge(&m, "test", NOW_S - 7200, &got), EVIDENCE_FROM_FUTURE);
	assert_int_equal(
	    judge(&m, "test", NOW_S + 100 * 3600, &got), EVIDENCE_EXPIRED);
	assert_int_equal(judge(&m, "test", 0, &got), EVIDENCE_FINE);
	m.bytes[m.out.n - 1] ^= 1;
	assert_int_equal(
	    judge(&m, "test", NOW_S, &got), EVIDENCE_BAD_SIGNATURE);
	m.bytes[m.out.n - 1] ^= 1;
	for (size_t n = 0; n < m.out.n; n++) {
		struct made cut = m;
		cut.out.p = cut.bytes;
		cut.out.n = n;
		assert_int_not_equal(
		    judge(&cut, "test", NOW_S, &got), EVIDENCE_FINE);
	}
	m.out.n = 0;
	assert_int_equal(
	    judge(&m, "test", NOW_S, &got), EVIDENCE_NOT_CANONICAL);
}

/* What may not be written cannot be signed either. */
static void
test_refused(void **state)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	uint8_t body[WARNING_BODY_MAX], sig[ED25519_SIG];
	struct buf b = { body, 0, sizeof(body) };
	const struct slice net = slice_str("test");
	struct warning_list l = sample();

	(void)state;
	l.entries[1].key = low; /* twice */
	assert_int_equal(warning_body_write(&l, net, &b), ERR_FORM);
	l = sample();
	l.entries[0].key = l.issuer;
	assert_int_equal(warning_body_write(&l, net, &b), ERR_FORM);
	l = sample();
	l.expires_h = l.made_h + WARNING_VALID_H + 1;
	assert_int_equal(warning_body_write(&l, net, &b), ERR_FORM);
	l = sample();
	l.entries[0].reason = 99;
	assert_int_equal(warning_body_write(&l, net, &b), ERR_FORM);
	/* Of another issuer, or another network. */
	l = sample();
	l.issuer[0] ^= 1;
	b.n = 0;
	assert_int_equal(warning_body_write(&l, net, &b), OK);
	assert_int_equal(
	    warning_body_sign(buf_slice(&b), net, secret, &scratch, sig),
	    ERR_FORM);
	l = sample();
	b.n = 0;
	assert_int_equal(warning_body_write(&l, net, &b), OK);
	assert_int_equal(warning_body_sign(buf_slice(&b), slice_str("other"),
			     secret, &scratch, sig),
	    ERR_FORM);
}

int
main(void)
{
	static const uint8_t seed[ED25519_SEED] = { 9 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_refused),
	};

	ed25519_keypair(pub, secret, seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
