/*
 * messages: what our code makes of libp2p's messages, for tests that compare
 * it with another implementation. Each line of standard input is
 *
 *   KIND HEX      kad, hop, stop, autonat or identify; without its length
 *
 * and is answered by one line: the message as we write it again, in hex and
 * without its length ("-": of no bytes), or "refused". Identify is cut into
 * two reads.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/base/env.h"
#include "proto/base/text.h"
#include "proto/base/varint.h"
#include "proto/libp2p/autonat_wire.h"
#include "proto/libp2p/identify.h"
#include "proto/libp2p/kad_message.h"
#include "proto/libp2p/relay_wire.h"

#define BYTES_MAX 65536

static char line[2 * BYTES_MAX + 64], text[2 * BYTES_MAX + 1];
static uint8_t raw[BYTES_MAX], out_raw[BYTES_MAX], block[BYTES_MAX];

static struct mem heap;

static err
kad(struct slice in, struct buf *out)
{
	static struct kad_message m;
	uint8_t key[KAD_KEY_MAX];

	TRY(kad_message_get(in, &heap, &m, key));
	ASSERT(heap.used == 0);
	return kad_message_put(out, &m);
}

static err
relay(bool stop, struct slice in, struct buf *out)
{
	struct relay_message m;
	struct protobuf p;

	protobuf_init_block(&p, block, sizeof(block));
	TRY(relay_message_get(&p, stop, in, &m));
	return relay_message_put(out, stop, &m);
}

static err
autonat(struct slice in, struct buf *out)
{
	struct autonat_message m;
	struct protobuf p;

	protobuf_init_block(&p, block, sizeof(block));
	TRY(autonat_message_get(&p, in, &m));
	return autonat_message_put(out, &m);
}

static err
identify(struct slice in, struct buf *out)
{
	static uint8_t framed[BYTES_MAX + VARINT_MAX];
	struct buf b = { framed, 0, sizeof(framed) };
	struct identify_reader r;
	struct identify m;

	ASSERT(varint_put(&b, in.n) == OK && buf_put(&b, in.p, in.n) == OK);
	identify_reader_init(&r, &heap);
	struct slice head = slice_of(b.p, b.n / 2);
	struct slice tail = slice_of(b.p + b.n / 2, b.n - b.n / 2);
	err e = identify_recv(&r, &head, &m);
	if (e == ERR_MORE)
		e = identify_recv(&r, &tail, &m);
	if (e == OK)
		e = identify_put(out, &m);
	identify_reader_fini(&r);
	ASSERT(heap.used == 0);
	return e;
}

static bool
answer(void)
{
	struct buf in = { raw, 0, sizeof(raw) };
	struct buf out = { out_raw, 0, sizeof(out_raw) };
	struct slice body = { NULL, 0 };
	char kind[16];
	size_t used = 0;
	int hex = 0;
	err e;

	if (sscanf(line, "%15s %n", kind, &hex) != 1 || hex == 0)
		return false;
	const size_t n = strcspn(line + hex, "\r\n");
	if (hex_get(slice_of(line + hex, n), &in) != OK)
		return false;
	/* In a block of its own size, so that a sanitizer sees its end. */
	uint8_t *copy = malloc(MAX(in.n, 1));
	ASSERT(copy != NULL);
	memcpy(copy, in.p, in.n);
	const struct slice all = slice_of(copy, in.n);
	if (strcmp(kind, "kad") == 0)
		e = kad(all, &out);
	else if (strcmp(kind, "autonat") == 0)
		e = autonat(all, &out);
	else if (strcmp(kind, "identify") == 0)
		e = identify(all, &out);
	else
		e = relay(strcmp(kind, "stop") == 0, all, &out);
	free(copy);
	if (e != OK) {
		(void)printf("refused\n");
		return true;
	}
	ASSERT(frame_get(buf_slice(&out), BYTES_MAX, &body, &used) == OK);
	ASSERT(used == out.n && hex_put(text, sizeof(text), body) == OK);
	(void)printf("%s\n", text[0] == '\0' ? "-" : text);
	return true;
}

int
main(void)
{
	heap = mem_heap(SIZE_MAX);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (!answer()) {
			(void)fprintf(stderr, "messages: %.80s\n", line);
			return 2;
		}
	}
	return ferror(stdin) || fflush(stdout) != 0 ? 2 : 0;
}
