#include "tests/sim/plant.h"

#include <string.h>

#include "crypto/crypto.h"
#include "proto/libp2p/gossipsub.h"
#include "store/store.h"

static enum plant now;

static const char *const names[PLANTS] = { "none", "ack-early", "store-lost",
	"commit-lies", "index-hole", "floor-lost", "stale-stored",
	"revocation-off", "signature-off", "stale-accepted", "seen-short",
	"iwant-deaf", "backoff-ever", "queue-open", "fetch-hour", "expiry-mono",
	"expiry-off", "keepalive-off", "announce-once", "id-unsigned" };

void
plant_set(enum plant p)
{
	now = p;
}

bool
planted(enum plant p)
{
	return now == p;
}

const char *
plant_name(enum plant p)
{
	return names[p];
}

enum plant
plant_by_name(const char *name)
{
	unsigned p = 0;

	while (p < PLANTS && strcmp(names[p], name) != 0)
		p++;
	return (enum plant)p;
}

/* ---- between public functions and who calls them: the linker's --wrap ---- */

err __real_store_each_time(struct store_view *v, uint64_t from_h,
    uint32_t class_mask, store_each_fn *fn, void *ctx);
err __wrap_store_each_time(struct store_view *v, uint64_t from_h,
    uint32_t class_mask, store_each_fn *fn, void *ctx);
bool __real_record_beats(uint64_t a_seq, const uint8_t a_id[RECORD_ID],
    uint64_t b_seq, const uint8_t b_id[RECORD_ID]);
bool __wrap_record_beats(uint64_t a_seq, const uint8_t a_id[RECORD_ID],
    uint64_t b_seq, const uint8_t b_id[RECORD_ID]);

void __real_gossip_id(uint8_t id[GOSSIP_ID], struct slice data);
void __wrap_gossip_id(uint8_t id[GOSSIP_ID], struct slice data);

/* A walk that ends two hours after it begins: the newest hour is missing. */
struct cut_walk {
	uint64_t end_h;
	store_each_fn *fn;
	void *ctx;
};

static bool
on_each(void *ctx, const struct store_record *r)
{
	const struct cut_walk *w = ctx;

	return r->seq >> 8 < w->end_h && w->fn(w->ctx, r);
}

err
__wrap_store_each_time(struct store_view *v, uint64_t from_h,
    uint32_t class_mask, store_each_fn *fn, void *ctx)
{
	struct cut_walk w = { from_h + 2, fn, ctx };

	if (planted(PLANT_FETCH_HOUR) && from_h > 0)
		return __real_store_each_time(
		    v, from_h, class_mask, on_each, &w);
	return __real_store_each_time(v, from_h, class_mask, fn, ctx);
}

/* The store's comparison alone: the oracle calls the real one. */
bool
__wrap_record_beats(uint64_t a_seq, const uint8_t a_id[RECORD_ID],
    uint64_t b_seq, const uint8_t b_id[RECORD_ID])
{
	if (planted(PLANT_STALE_STORED))
		return !__real_record_beats(a_seq, a_id, b_seq, b_id);
	return __real_record_beats(a_seq, a_id, b_seq, b_id);
}

/* A forged copy then has the id of the record. */
void
__wrap_gossip_id(uint8_t id[GOSSIP_ID], struct slice data)
{
	if (planted(PLANT_ID_UNSIGNED) && data.n > ED25519_SIG)
		data.n -= ED25519_SIG;
	__real_gossip_id(id, data);
}
