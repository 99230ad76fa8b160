/*
 * wire.h: reading and writing what messages of sync are made of: the three
 * forms of canonical msgpack that they use (unsigned integers, bin and str,
 * arrays), bounds and scopes. Strict: anything but the shortest form is bad.
 * Internal to proto/sync. SPEC.md, "Sync".
 */
#pragma once

#include "proto/sync/sync.h"

enum wire_type {
	WIRE_HELLO = 1,
	WIRE_WELCOME = 2,
	WIRE_CLOSE = 3,
	WIRE_REFUSE = 4,
	WIRE_FRESH = 5,
	WIRE_RANGES = 6,
	WIRE_LIST = 7,
	WIRE_ASK = 8,
	WIRE_CODED = 9,
	WIRE_MORE = 10,
	WIRE_WANT = 11,
	WIRE_RECORD = 12,
	WIRE_END = 13,
	WIRE_DONE = 14,
};
#define WIRE_TYPES 15

#define WIRE_FLAG_CRAWLER   1U
#define WIRE_FLAG_LIGHT     2U
#define WIRE_FLAG_TAKE_ONLY 4U

#define WIRE_RANGES_MAX  256
#define WIRE_PRINT       24   /* bytes of a fingerprint without its count */
#define WIRE_RANGE_ITEMS 4    /* values per range in RANGES */
#define WIRE_VALUE       8    /* bytes of a short id */
#define WIRE_CELL        12   /* bytes of a coded symbol */
#define WIRE_IDS_MAX     8000 /* short ids that we put into one message */
#define WIRE_CELLS_MAX   5400 /* symbols that we put into one message */
#define WIRE_HOUR_END    ((uint64_t)1 << 32) /* after every item */

/* A place between items: those before it are smaller than (hour, id). */
struct wire_bound {
	uint64_t hour; /* WIRE_HOUR_END: the end, id is zero */
	uint8_t id[SYNC_ID];
};

/* A reader; a fault sticks, and what is read afterwards is 0 or empty. */
struct wire_in {
	struct slice in;
	bool bad;
};

uint64_t wire_uint(struct wire_in *w, uint64_t max); /* over max: bad */
struct slice wire_bin(struct wire_in *w, size_t min, size_t max);
struct slice wire_str(struct wire_in *w, size_t max);
uint32_t wire_array(struct wire_in *w);
struct wire_bound wire_bound(struct wire_in *w);
struct scope wire_scope(struct wire_in *w);

/* Writers into room that was reserved; too little is a programmer's error. */
void wire_put_uint(struct buf *b, uint64_t v);
void wire_put_bin(struct buf *b, const void *p, size_t n);
void wire_put_bin_head(struct buf *b, size_t n); /* n bytes follow */
void wire_put_str(struct buf *b, struct slice s);
void wire_put_array(struct buf *b, uint32_t n);
void wire_put_bound(struct buf *b, const struct wire_bound *v);
void wire_put_prefix(struct buf *b, const uint8_t id[SYNC_ID]);
void wire_put_scope(struct buf *b, const struct scope *s);
void wire_put_u64be(struct buf *b, uint64_t v);
void wire_put_u32be(struct buf *b, uint32_t v);
void wire_put_u16be(struct buf *b, uint16_t v);

int wire_bound_cmp(const struct wire_bound *a, const struct wire_bound *b);
