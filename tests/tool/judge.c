/*
 * judge: what our code says about records, for tests that compare it with
 * another implementation. Each line of standard input is
 *
 *   NOW NET CLASSMASK HEX      seconds, name, 1 << class (0: any), the record
 *
 * and is answered by one line: the outcome, the id in hex or - if the checks
 * did not get that far, and 1 if the record is fine and opaque, else 0. It
 * knows no other records: nothing is a duplicate, stale or revoked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/text.h"
#include "proto/record/record.h"

#define LINE_MAX_BYTES (4 * 65536)

static char line[LINE_MAX_BYTES];
static uint8_t raw[LINE_MAX_BYTES / 2];
static uint8_t scratch_bytes[RECORD_SCRATCH_BYTES];

/* A record in a block of its own size, so that a sanitizer sees its end. */
static void
judge(struct slice bytes, const struct record_rules *rules)
{
	struct arena scratch = arena_of(scratch_bytes, sizeof(scratch_bytes));
	uint8_t *copy = malloc(MAX(bytes.n, 1));
	char id[2 * RECORD_ID + 1] = "-";
	struct record r;

	ASSERT(copy != NULL);
	if (bytes.n > 0)
		memcpy(copy, bytes.p, bytes.n);
	enum record_outcome o =
	    record_open(slice_of(copy, bytes.n), rules, &scratch, &r);
	if (o == RECORD_FINE) {
		const struct slice s = slice_of(r.id, sizeof(r.id));
		ASSERT(hex_put(id, sizeof(id), s) == OK);
		o = record_verify(&r, &scratch);
	}
	(void)printf("%s %s %d\n", record_outcome_name(o), id,
	    o == RECORD_FINE && r.opaque);
	free(copy);
}

static bool
judge_line(void)
{
	struct record_rules rules = { 0 };
	struct buf bytes = { raw, 0, sizeof(raw) };
	char net[NET_MAX + 1];
	int hex = 0;

	if (sscanf(line, "%" SCNu64 " %16s %" SCNu32 " %n", &rules.now_s, net,
		&rules.class_mask, &hex) != 3 ||
	    hex == 0)
		return false;
	rules.net = slice_str(net);
	const size_t n = strcspn(line + hex, "\r\n");
	if (hex_get(slice_of(line + hex, n), &bytes) != OK)
		return false;
	judge(buf_slice(&bytes), &rules);
	return true;
}

int
main(void)
{
	if (!crypto_init())
		return 2;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (!judge_line()) {
			(void)fprintf(stderr, "judge: %.80s\n", line);
			return 2;
		}
	}
	return ferror(stdin) || fflush(stdout) != 0 ? 2 : 0;
}
