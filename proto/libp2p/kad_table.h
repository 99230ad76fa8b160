/*
 * kad_table.h: the routing table of Kademlia: contacts in buckets by the
 * leading bits that the SHA-256 of their id shares with ours. Bounded in
 * every way: k of a bucket, so many of one subnet in a bucket and in all,
 * so many in all.
 *
 * Who is in it keeps its place while it answers: an old contact is worth
 * more than a new one (Maymounkov and Mazieres 2002, 2.2), and a newcomer
 * gets in only where there is room or where someone is dead.
 */
#pragma once

#include "proto/libp2p/kad_message.h"
#include "proto/libp2p/list.h"
#include "proto/libp2p/reach.h"

#define KAD_BUCKETS 256

/* Where an id or a key lies: its SHA-256. */
struct kad_point {
	uint8_t bytes[32];
};

struct kad_point kad_point_of(struct slice key);

/** kad_shared_bits(a, b): leading bits that are the same, 0..256. */
uint32_t kad_shared_bits(const struct kad_point *a, const struct kad_point *b);

/** kad_closer(to, a, b): is ${a} closer to ${to} than ${b}? */
bool kad_closer(const struct kad_point *to, const struct kad_point *a,
    const struct kad_point *b);

struct kad_entry {
	struct link link; /* of its bucket, oldest first */
	struct kad_point point;
	struct kad_contact contact;
	reach_group group; /* of the address it answered from; 0: none */
	bool exempt;       /* the subnet rules do not hold for it */
	uint64_t answered_ms;
	uint32_t failures; /* since it answered last */
};

struct kad_table {
	struct mem *mem;
	struct kad_point self;
	uint32_t k, max, group_bucket, group_table;
	bool private_too;
	uint32_t n;
	struct link buckets[KAD_BUCKETS];
	uint32_t bucket_n[KAD_BUCKETS];
};

/** kad_table_init(t, mem, self): limits are the caller's to set. */
void kad_table_init(
    struct kad_table *t, struct mem *mem, const struct peer_id *self);
void kad_table_fini(struct kad_table *t);

struct kad_entry *kad_table_find(
    const struct kad_table *t, const struct peer_id *id);

/**
 * kad_table_answered(t, contact, remote, now_ms):
 * A peer answered, as a server, from the binary address ${remote}: put it in
 * or renew it. OK; ERR_EXISTS: it is us; ERR_LIMIT: the bucket is full of
 * those who answer, or the table is; ERR_AUTH: too many of its subnet.
 */
NODISCARD err kad_table_answered(struct kad_table *t,
    const struct kad_contact *contact, struct slice remote, uint64_t now_ms);

/** kad_table_failed(t, id): it did not answer; twice in a row: it goes. */
void kad_table_failed(struct kad_table *t, const struct peer_id *id);

/** kad_table_room(t, id): would a newcomer have a place, subnets apart? */
bool kad_table_room(const struct kad_table *t, const struct peer_id *id);

/**
 * kad_table_closest(t, to, out, max): entries by distance, nearest first;
 * how many. They are borrowed until the table changes.
 */
uint32_t kad_table_closest(const struct kad_table *t,
    const struct kad_point *to, const struct kad_entry **out, uint32_t max);

/** kad_table_at(t, i): the i-th, by bucket; NULL past the end. */
const struct kad_entry *kad_table_at(const struct kad_table *t, uint32_t i);
