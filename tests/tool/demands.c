/*
 * demands: a record file of made-up demands, for benchmarks with real nodes:
 *
 *   demands NET REGION FIRST COUNT REVISION TEXT > FILE
 *
 * Demand i is of author i / 32, slot i % 32. Revision 0: made in the last 30
 * days, evenly; 1: replaced in the hour that is now. TEXT: bytes of its
 * description. NET must be a "test-..." one, whose stamps are cheap.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "crypto/keys.h"
#include "crypto/stamp.h"
#include "proto/base/varint.h"
#include "proto/record/record.h"
#include "proto/record/schema.h"
#include "proto/record/value.h"

#define PER_AUTHOR 32
#define DAYS_H     720

struct author {
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	uint8_t stamp[STAMP_WORK_BYTES];
};

static struct slice net;

static void
die(const char *what)
{
	(void)fprintf(stderr, "demands: %s\n", what);
	exit(1);
}

static void
author_make(struct author *a, uint64_t number)
{
	uint8_t seed[ED25519_SEED] = { 9 }, nonce[STAMP_NONCE];

	put_u64be(seed + 8, number);
	ed25519_keypair(a->pub, a->secret, seed);
	if (!stamp_search(net.p, net.n, a->pub, net_stamp_bits(net), 0,
		UINT64_C(1) << 30, nonce))
		die("no stamp");
	stamp_put(nonce, a->stamp);
}

/* Text that does not compress well, of the same length for everybody. */
static void
words_make(uint8_t *out, size_t n, uint64_t number)
{
	uint64_t x = number * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < n; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407U;
		out[i] = (uint8_t)(i % 7 == 6 ? ' ' : 'a' + (x >> 33) % 26);
	}
}

static void
demand_put(const struct author *a, uint64_t i, bool replaced, size_t text,
    const char *region)
{
	const uint64_t now_h = (uint64_t)time(NULL) / 3600;
	uint8_t words[2000], payload[2400], raw[RECORD_BYTES_MAX];
	uint8_t head[VARINT_MAX];
	struct buf pay = { payload, 0, sizeof(payload) };
	struct buf out = { raw, 0, sizeof(raw) };
	struct buf length = { head, 0, sizeof(head) };

	words_make(words, text, i + (replaced ? 1U << 30 : 0));
	struct value title[] = { value_uint(0x656e),
		value_str(slice_str("Work at a place of ours")) };
	struct value label[] = { value_uint(0x656e),
		value_str(slice_of(words, text)) };
	struct value map[] = { value_uint(0), value_uint(2), value_uint(1),
		value_map(label, 1), value_uint(2), value_map(title, 1) };
	const struct value v = value_map(map, 3);
	const struct record_draft d = { .net = net,
		.kind = KIND_DEMAND,
		.region = region,
		.slot = (uint32_t)(i % PER_AUTHOR),
		.seq = (replaced ? now_h : now_h - 1 - i % (DAYS_H - 1)) << 8,
		.expires_h = now_h + (replaced ? DAYS_H + 24 : DAYS_H),
		.stamp = slice_of(a->stamp, sizeof(a->stamp)),
		.pv = schema_pv(KIND_DEMAND),
		.payload = (value_write(&v, &pay) == OK) ? buf_slice(&pay)
							 : slice_of(NULL, 0) };
	if (record_make(&d, a->pub, a->secret, &out) != OK ||
	    varint_put(&length, out.n) != OK)
		die("no record");
	if (fwrite(head, 1, length.n, stdout) != length.n ||
	    fwrite(raw, 1, out.n, stdout) != out.n)
		die("cannot write");
}

int
main(int argc, char **argv)
{
	struct author a;
	uint8_t count_be[8];

	if (argc != 7 || !crypto_init())
		die("NET REGION FIRST COUNT REVISION TEXT");
	net = slice_str(argv[1]);
	const uint64_t first = strtoull(argv[3], NULL, 10);
	const uint64_t count = strtoull(argv[4], NULL, 10);
	const size_t text = strtoul(argv[6], NULL, 10);
	if (text < 1 || text > 2000 || strlen(argv[2]) != 2)
		die("TEXT is 1 to 2000, REGION two letters");
	(void)printf("OHCNREC\n%c%c%s", 1, (int)net.n, argv[1]);
	for (uint64_t i = first; i < first + count; i++) {
		if (i == first || i % PER_AUTHOR == 0)
			author_make(&a, i / PER_AUTHOR);
		demand_put(&a, i, argv[5][0] == '1', text, argv[2]);
	}
	put_u64be(count_be, count);
	(void)putchar(0);
	(void)fwrite(count_be, 1, sizeof(count_be), stdout);
	(void)printf("OHCNEND\n");
	return fflush(stdout) == 0 ? 0 : 1;
}
