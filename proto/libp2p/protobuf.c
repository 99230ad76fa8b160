#include "proto/libp2p/protobuf.h"

#include <stdalign.h>

#define BLOCK_SIZE 2048
#define ALIGN      alignof(max_align_t)

struct protobuf_block {
	alignas(max_align_t) struct protobuf_block *next;
	size_t size;
};

static struct protobuf_block *
block_take(struct protobuf *p, size_t payload)
{
	const size_t size = sizeof(struct protobuf_block) + payload;

	if (p->mem == NULL || payload > p->left || size > p->left)
		return NULL;
	struct protobuf_block *b = mem_alloc(p->mem, size);
	if (b == NULL)
		return NULL;
	b->size = size;
	b->next = p->blocks;
	p->blocks = b;
	p->left -= size;
	return b;
}

static void *
protobuf_alloc(void *ctx, size_t size)
{
	struct protobuf *p = ctx;

	if (size > SIZE_MAX / 2)
		goto fail0;
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size > p->rest && size > BLOCK_SIZE / 4) {
		/* large ones get a block of their own, the current one stays */
		struct protobuf_block *own = block_take(p, size);
		if (own == NULL)
			goto fail0;
		return own + 1;
	}
	if (size > p->rest) {
		size_t n = BLOCK_SIZE;
		struct protobuf_block *b = block_take(p, n);
		if (b == NULL)
			b = block_take(p, n = size);
		if (b == NULL)
			goto fail0;
		p->at = (uint8_t *)(b + 1);
		p->rest = n;
	}
	void *out = p->at;
	p->at += size;
	p->rest -= size;
	return out;
fail0:
	p->limited = true;
	return NULL;
}

/* Nothing is freed alone: protobuf_fini() forgets all of it. */
static void
protobuf_free(void *ctx, void *pointer)
{
	(void)ctx;
	(void)pointer;
}

void
protobuf_init(struct protobuf *p, struct mem *mem, size_t cap)
{
	*p = (struct protobuf){
		.allocator = { protobuf_alloc, protobuf_free, p },
		.mem = mem,
		.left = cap,
	};
}

void
protobuf_init_block(struct protobuf *p, void *block, size_t n)
{
	const size_t pad = (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;

	*p = (struct protobuf){
		.allocator = { protobuf_alloc, protobuf_free, p },
	};
	if (n > pad) {
		p->at = (uint8_t *)block + pad;
		p->rest = n - pad;
	}
}

void
protobuf_fini(struct protobuf *p)
{
	while (p->blocks != NULL) {
		struct protobuf_block *b = p->blocks;
		p->blocks = b->next;
		mem_free(p->mem, b, b->size);
	}
	p->at = NULL;
	p->rest = 0;
}

err
protobuf_get(struct protobuf *p, const ProtobufCMessageDescriptor *type,
    struct slice in, ProtobufCMessage **out)
{
	static const uint8_t none[1];

	p->limited = false;
	*out = protobuf_c_message_unpack(
	    type, &p->allocator, in.n, in.n == 0 ? none : in.p);
	if (*out != NULL)
		return OK;
	return p->limited ? ERR_LIMIT : ERR_PEER;
}

err
protobuf_put(struct buf *out, const ProtobufCMessage *m)
{
	const size_t n = protobuf_c_message_get_packed_size(m);

	if (n > buf_room(out))
		return ERR_MORE;
	if (n == 0)
		return OK;
	const size_t written = protobuf_c_message_pack(m, out->p + out->n);
	ASSERT(written == n);
	out->n += n;
	return OK;
}

ProtobufCBinaryData
protobuf_bytes(struct slice s)
{
	/* the generated structs have no const; packing only reads */
	union {
		const uint8_t *in;
		uint8_t *out;
	} p = { .in = s.p };

	return (ProtobufCBinaryData){ .len = s.n, .data = p.out };
}
