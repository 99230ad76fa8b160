#include "tests/sim/plant.h"

#include <string.h>

#include "crypto/crypto.h"
#include "node/sync/sync.h"
#include "proto/libp2p/gossipsub.h"
#include "store/store.h"

static enum plant now;

static const char *const names[PLANTS] = { "none", "ack-early", "store-lost",
	"commit-lies", "index-hole", "floor-lost", "stale-stored",
	"revocation-off", "signature-off", "stale-accepted", "seen-short",
	"iwant-deaf", "backoff-ever", "queue-open", "sync-hole", "expiry-mono",
	"expiry-off", "keepalive-off", "announce-once", "id-unsigned",
	"no-winner", "refused-lost", "stem-shown" };

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

err __real_store_each_item(struct store_view *v, const struct scope *scope,
    uint64_t now_s, store_item_fn *fn, void *ctx);
err __wrap_store_each_item(struct store_view *v, const struct scope *scope,
    uint64_t now_s, store_item_fn *fn, void *ctx);
bool __real_record_beats(uint64_t a_seq, const uint8_t a_id[RECORD_ID],
    uint64_t b_seq, const uint8_t b_id[RECORD_ID]);
bool __wrap_record_beats(uint64_t a_seq, const uint8_t a_id[RECORD_ID],
    uint64_t b_seq, const uint8_t b_id[RECORD_ID]);

void __real_gossip_id(uint8_t id[GOSSIP_ID], struct slice data);
void __wrap_gossip_id(uint8_t id[GOSSIP_ID], struct slice data);

void __real_sync_judged(struct sync *s, enum sync_verdict verdict,
    const uint8_t *id, const struct sync_item *winner);
void __wrap_sync_judged(struct sync *s, enum sync_verdict verdict,
    const uint8_t *id, const struct sync_item *winner);
void __real_no_want_add(struct syncer *y, const struct peer_id *peer,
    const struct sync_item *item, uint64_t expires_h);
void __wrap_no_want_add(struct syncer *y, const struct peer_id *peer,
    const struct sync_item *item, uint64_t expires_h);

/* Who is told that it was kept never hears of the winner. */
void
__wrap_sync_judged(struct sync *s, enum sync_verdict verdict, const uint8_t *id,
    const struct sync_item *winner)
{
	if (planted(PLANT_NO_WINNER) && verdict == SYNC_BEATEN)
		__real_sync_judged(s, SYNC_KEPT, NULL, NULL);
	else
		__real_sync_judged(s, verdict, id, winner);
}

void
__wrap_no_want_add(struct syncer *y, const struct peer_id *peer,
    const struct sync_item *item, uint64_t expires_h)
{
	if (!planted(PLANT_REFUSED_LOST))
		__real_no_want_add(y, peer, item, expires_h);
}

struct holed_walk {
	store_item_fn *fn;
	void *ctx;
};

static bool
on_item(void *ctx, const struct store_item_key *key)
{
	const struct holed_walk *w = ctx;

	return (key->id[0] & 3) == 0 || w->fn(w->ctx, key);
}

static bool
show_hidden(void *ctx, const struct store_record *r)
{
	const struct holed_walk *w = ctx;
	struct store_item_key key = {
		.hour = (uint32_t)(r->seq >> 8), .arrival = r->rid, .kind = r->kind
	};

	memcpy(key.id, r->id, sizeof(key.id));
	return !store_is_hidden(r) || w->fn(w->ctx, &key);
}

err
__wrap_store_each_item(struct store_view *v, const struct scope *scope,
    uint64_t now_s, store_item_fn *fn, void *ctx)
{
	struct holed_walk w = { fn, ctx };

	if (planted(PLANT_SYNC_HOLE))
		return __real_store_each_item(v, scope, now_s, on_item, &w);
	if (planted(PLANT_STEM_SHOWN)) {
		const err e = store_each_own(v, show_hidden, &w);
		if (e != OK)
			return e;
	}
	return __real_store_each_item(v, scope, now_s, fn, ctx);
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
