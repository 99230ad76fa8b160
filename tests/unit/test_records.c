#include "test_records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/stamp.h"
#include "proto/base/text.h"
#include "proto/record/schema.h"

struct test_author
test_author(uint64_t n)
{
	struct test_author a;
	uint8_t seed[ED25519_SEED] = { 0 }, nonce[STAMP_NONCE];
	const struct slice net = slice_str(TEST_NET);

	put_u64be(seed, n + 1);
	ed25519_keypair(a.pub, a.secret, seed);
	assert_true(stamp_search(
	    net.p, net.n, a.pub, net_stamp_bits(net), 0, 1U << 20, nonce));
	stamp_put(nonce, a.stamp);
	return a;
}

/* sealed: 1024 bytes in hexadecimal, all of them 0 */
static const char *
sealed_payload(void)
{
	static char hex[2 * (5 + 1024) + 1];

	memset(hex, '0', sizeof(hex) - 1);
	memcpy(hex, "8100c50400", 10);
	return hex;
}

static const char *
small_payload(uint32_t kind)
{
	switch (kind) {
	case KIND_ORGANISATION: /* name: en "A" */
		return "810081cd656ea141";
	case KIND_DEMAND: /* type gig, title: en "A" */
		return "82000202"
		       "81cd656ea141";
	case KIND_COURSE: /* type, title, teaches one term to 2 */
		return "8300010281cd656ea141049182"
		       "00c40801020304050607080402";
	case KIND_VOCABULARY:
		return "82009183"
		       "00a3613a6202010481cd656ea1610281cd656ea141";
	case KIND_ASSESSMENT: /* title, one measure */
		return "820081cd656ea1410291810"
		       "0c4080102030405060708";
	case KIND_PATHWAY: /* title, one empty step */
		return "820081cd656ea141049180";
	case KIND_STATISTIC: /* demand, title, records, one figure, ... */
		return "8700010281cd656ea1410401"
		       "06918100010802"
		       "12001401";
	case KIND_COMMUNITY: /* title, one purpose, a facilitator, to ask */
		return "840081cd656ea1410291c4080102030405060708"
		       "1291c420"
		       "00000000000000000000000000000000"
		       "00000000000000000000000000000000"
		       "1402";
	case KIND_ATTESTATION: /* a key, investing, 1, until hour 0 */
		return "8400c420"
		       "00000000000000000000000000000000"
		       "00000000000000000000000000000000"
		       "020104010600";
	case KIND_ENVELOPE:
		return sealed_payload();
	case KIND_REVOCATION:
		return "810002";
	default: /* an empty map */
		return "80";
	}
}

static uint64_t
default_hours(uint32_t kind)
{
	return kind == KIND_REVOCATION ? kind_info(kind)->lifetime_hours : 24;
}

size_t
test_record_make(const struct test_record *t, uint8_t *out, size_t cap)
{
	const struct test_author a = test_author(t->author);
	uint8_t payload[RECORD_BODY_MAX];
	struct buf p = { payload, 0, sizeof(payload) };
	struct buf b = { out, 0, cap };
	const uint32_t kind = t->kind == 0 ? KIND_PROFILE : t->kind;
	const uint64_t seq = t->seq == 0 ? TEST_HOUR << 8 : t->seq;
	const char *hex = t->payload != NULL ? t->payload
			  : (t->flags & RECORD_FLAG_DELETED) != 0
			      ? "80"
			      : small_payload(kind);

	assert_int_equal(hex_get(slice_str(hex), &p), OK);
	const struct record_draft d = {
		.net = slice_str(t->net != NULL ? t->net : TEST_NET),
		.kind = kind,
		.region = t->region != NULL ? t->region : "de",
		.slot = t->slot,
		.seq = seq,
		.expires_h = t->expires_h == 0
				 ? (seq >> 8) + default_hours(kind)
				 : t->expires_h,
		.flags = t->flags,
		.stamp = kind == KIND_REVOCATION
			     ? slice_of(NULL, 0)
			     : slice_of(a.stamp, sizeof(a.stamp)),
		.pv = t->pv == 0 && !t->draft ? schema_pv(kind) : t->pv,
		.payload = buf_slice(&p),
	};
	assert_int_equal(record_make(&d, a.pub, a.secret, &b), OK);
	return b.n;
}

struct record_rules
test_rules(void)
{
	return (struct record_rules){ slice_str(TEST_NET), TEST_NOW, 0 };
}
