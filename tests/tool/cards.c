/*
 * cards: a record file of cards, each of an author of its own, for tests with
 * real nodes that need more people than there are nodes:
 *
 *   cards NET FIRST < LINES > FILE
 *
 * A line is a profile as the API takes it, with "region". NET must be a
 * "test-..." one, whose stamps are cheap. FIRST numbers the authors.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crypto.h"
#include "crypto/keys.h"
#include "crypto/stamp.h"
#include "node/api/parts.h"
#include "proto/base/varint.h"
#include "proto/record/schema.h"

#define LIFE_H 720

static struct slice net;

static void
die(const char *what, const char *more)
{
	(void)fprintf(stderr, "cards: %s %s\n", what, more);
	exit(1);
}

static void
card_put(const char *line, uint64_t number)
{
	static struct user_payload payload;
	static uint8_t raw[RECORD_BYTES_MAX];
	uint8_t seed[ED25519_SEED] = { 11 }, nonce[STAMP_NONCE];
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];
	uint8_t stamp[STAMP_WORK_BYTES], head[VARINT_MAX];
	struct buf out = { raw, 0, sizeof(raw) };
	struct buf length = { head, 0, sizeof(head) };
	struct payload_fault f = { 0 };
	const uint64_t now_h = (uint64_t)time(NULL) / 3600;
	json_t *draft = json_loads(line, 0, NULL);

	if (user_payload_read(KIND_PROFILE, draft, "zz", &payload, &f) != OK)
		die(f.path, f.why);
	json_decref(draft);
	put_u64be(seed + 8, number);
	ed25519_keypair(pub, secret, seed);
	if (!stamp_search(net.p, net.n, pub, net_stamp_bits(net), 0,
		UINT64_C(1) << 30, nonce))
		die("no stamp", "");
	stamp_put(nonce, stamp);
	const struct record_draft d = { .net = net,
		.kind = KIND_PROFILE,
		.region = payload.region,
		.seq = (now_h - 1) << 8,
		.expires_h = now_h + LIFE_H,
		.stamp = slice_of(stamp, sizeof(stamp)),
		.pv = schema_pv(KIND_PROFILE),
		.payload = slice_of(payload.bytes, payload.n) };
	if (record_make(&d, pub, secret, &out) != OK ||
	    varint_put(&length, out.n) != OK)
		die("no record", "");
	(void)fwrite(head, 1, length.n, stdout);
	(void)fwrite(raw, 1, out.n, stdout);
}

int
main(int argc, char **argv)
{
	static char line[16384];
	uint8_t count_be[8];
	uint64_t count = 0;

	if (argc != 3 || !crypto_init())
		die("NET FIRST", "");
	net = slice_str(argv[1]);
	(void)printf("OHCNREC\n%c%c%s", 1, (int)net.n, argv[1]);
	while (fgets(line, sizeof(line), stdin) != NULL)
		card_put(line, strtoull(argv[2], NULL, 10) + count++);
	put_u64be(count_be, count);
	(void)putchar(0);
	(void)fwrite(count_be, 1, sizeof(count_be), stdout);
	(void)printf("OHCNEND\n");
	return fflush(stdout) == 0 ? 0 : 1;
}
