/*
 * base.h: the words every other module is written in: error codes, borrowed
 * and owned byte ranges, big-endian integers.
 *
 * Not here: time, randomness and logs (env.h), memory (mem.h, arena.h), text
 * encodings (text.h), varints (varint.h).
 */
#pragma once

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NODISCARD             __attribute__((warn_unused_result))
#define ARRAY_LEN(a)          (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, T, m) ((T *)(void *)((char *)(p)-offsetof(T, m)))
#ifndef MIN /* <sys/param.h> has the same ones */
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif

/*
 * Checked in every build, release too. Only for what a programmer can get
 * wrong: bytes from a peer, a user or a disk are answered with an error.
 */
_Noreturn void assert_failed(const char *what, const char *file, int line);
#define ASSERT(x)                                                              \
	do {                                                                   \
		if (!(x))                                                      \
			assert_failed(#x, __FILE__, __LINE__);                 \
	} while (0)

/* The one error enum of the project, grouped by who has to act. */
typedef enum err {
	OK = 0,
	ERR_MORE = -1,     /* need more input or more room; not a failure */
	ERR_PEER = -2,     /* the peer broke the protocol: close it */
	ERR_AUTH = -3,     /* a signature, MAC or identity check failed */
	ERR_LIMIT = -4,    /* a configured bound of ours was reached */
	ERR_NOTFOUND = -5, /* key, peer or protocol absent */
	ERR_EXISTS = -6,   /* already stored, already open */
	ERR_CLOSED = -7,   /* stream, connection or node is closing */
	ERR_CONFIG = -8,   /* an option or a file of the operator is wrong */
	ERR_IO = -9,       /* the operating system said no */
	ERR_CORRUPT = -10, /* our own disk contradicts itself */
	ERR_NOMEM = -11,   /* only at start-up, in match/ and in node/ */
	ERR_FORM = -12,    /* malformed text or bytes from a user or a file */
} err;

/** err_name(e): the constant's name in lower case, "limit"; static string. */
const char *err_name(err e);

/* Return early with the error of an expression; only where nothing is held. */
#define TRY(expr)                                                              \
	do {                                                                   \
		const err try_e_ = (expr);                                     \
		if (try_e_ != OK)                                              \
			return try_e_;                                         \
	} while (0)

/* Borrowed, read-only bytes. An empty slice may have p == NULL. */
struct slice {
	const uint8_t *p;
	size_t n;
};

/* Bytes to append to: the caller's memory, [0,n) is filled, cap is fixed. */
struct buf {
	uint8_t *p;
	size_t n;
	size_t cap;
};

static inline struct slice
slice_of(const void *p, size_t n)
{
	return (struct slice){ (const uint8_t *)p, n };
}

/* A C string's bytes, without the terminating zero. */
static inline struct slice
slice_str(const char *s)
{
	return (struct slice){ (const uint8_t *)s, strlen(s) };
}

static inline struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){ b->p, b->n };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
slice_eq_str(struct slice a, const char *s)
{
	return slice_eq(a, slice_str(s));
}

/** slice_cmp(a, b): order as memcmp, a proper prefix first; <0, 0 or >0. */
int slice_cmp(struct slice a, struct slice b);

/* Drops the first n bytes; n must not exceed s->n. */
static inline void
slice_skip(struct slice *s, size_t n)
{
	ASSERT(n <= s->n);
	s->p += n;
	s->n -= n;
}

static inline size_t
buf_room(const struct buf *b)
{
	return b->cap - b->n;
}

/** buf_put(b, p, n): append all n bytes, or none: ERR_MORE when too small. */
NODISCARD err buf_put(struct buf *b, const void *p, size_t n);

NODISCARD err buf_put_u8(struct buf *b, uint8_t v);

static inline uint16_t
get_u16be(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t
get_u32be(const uint8_t *p)
{
	return (uint32_t)get_u16be(p) << 16 | get_u16be(p + 2);
}

static inline uint64_t
get_u64be(const uint8_t *p)
{
	return (uint64_t)get_u32be(p) << 32 | get_u32be(p + 4);
}

static inline void
put_u16be(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put_u32be(uint8_t *p, uint32_t v)
{
	put_u16be(p, (uint16_t)(v >> 16));
	put_u16be(p + 2, (uint16_t)v);
}

static inline void
put_u64be(uint8_t *p, uint64_t v)
{
	put_u32be(p, (uint32_t)(v >> 32));
	put_u32be(p + 4, (uint32_t)v);
}
