/*
 * index/internal.h: what the files of the index share. Nobody else includes
 * this.
 *
 * Parts of an index: segments, immutable but for a bit per removed record
 * that is copied when a snapshot still looks at it, and tails, which only
 * grow at their end. Both are counted by reference.
 */
#pragma once

/*
 * For loops over many cards: also compiled for AVX2, which the processor is
 * asked for at the start. Not with sanitizers, which come too late for that.
 */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&         \
    !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

#include "match/forward.h"
#include "match/index/index.h"

#define BLOCK_RECORDS   32
#define SEGMENT_PEOPLE  524288
#define SEGMENT_JOBS    65536 /* postings: an entry has 16 bits for each */
#define SHARE_UNITS     60000 /* the whole fit of a posting */
#define TAILS_WAITING   8
#define SEGMENTS_MAX    512
#define JOB_INPUTS_MAX  16
#define REGION_NOT_TOLD 0x7a7aU /* "zz" */

#define FEATURES 10 /* lists of a place */

/* What a posting is found by: 0 to 5, a term that is asked at this level. */
#define ASKED_LEVELS 6
enum posting_feature {
	ASKED_ANY, /* and what is above 5 */
	FEATURE_TEACHES = ASKED_LEVELS,
	FEATURE_PURPOSE,
};

/* Which terms go together. */
struct vote {
	uint32_t cluster;
	uint32_t weight;
};

/*
 * rank: an order of all places in which those directly below one are neighbours,
 * and those below neighbours are, too.
 */
struct shape {
	uint32_t places_n, clusters_n;
	uint32_t *rank;      /* by place */
	uint32_t *vote_from; /* places + 1 */
	struct vote *votes;
	uint8_t *told; /* rarity of what a card can tell, else 0 */
};
NODISCARD err shape_new(const struct meaning *m, struct shape **out);
void shape_free(struct shape *s);
uint64_t shape_bytes(const struct shape *s);

/* ---- parts ---- */

struct dead {
	uint32_t refs;
	uint32_t count;
	uint64_t bits[];
};

static inline bool
dead_at(const struct dead *d, uint32_t i)
{
	return (d->bits[i / 64] >> i % 64 & 1) != 0;
}

struct block {
	uint64_t id_least; /* the first 8 bytes of the smallest id */
	uint32_t from;     /* of the first record's bytes */
};

struct list {
	uint32_t from; /* into the entries */
	uint32_t n;
	uint8_t feature;
};

struct segment {
	uint32_t refs;
	uint32_t n, blocks_n, lists_n, slots_n;
	uint64_t entries_n, bytes_n;
	uint8_t (*ids)[RECORD_ID];
	uint8_t *bytes;
	uint32_t *slots; /* by id; 0: none */
	struct block *blocks;
	uint16_t *starts;    /* people: of each card's bytes in its block */
	struct cards *cards; /* people: see index/cards.h */
	uint32_t *list_from; /* by place, places + 2 */
	struct list *lists;
	uint32_t *offsets; /* postings: of each one's bytes */
	uint8_t *classes;  /* postings: see asked_class() */
	uint32_t *shares;  /* postings: entries, see index/postings.c */
	struct dead *dead;
};

struct tail {
	uint32_t refs;
	uint32_t cap, n;
	bool waiting; /* full, for a job */
	uint8_t (*ids)[RECORD_ID];
	const uint8_t **records;
	uint32_t *slots; /* 2 * cap */
	uint8_t **slabs;
	uint32_t slabs_n;
	size_t slab_used;
	struct dead *dead;
};
#define SLAB_BYTES 65536

/* A segment or a tail as it was at one moment. */
struct part {
	struct segment *segment; /* one of the two is NULL */
	struct tail *tail;
	struct dead *dead;
	uint32_t n;
};

struct index_snapshot {
	const struct index *ix;
	uint64_t live;
	uint32_t parts_n;
	struct part parts[];
};

struct index {
	struct meaning m;
	enum index_kind kind;
	struct index_limits limits;
	struct forward_form form;
	struct shape *shape;
	uint64_t live;
	uint32_t segments_n, waiting_n;
	bool loading, job;
	struct segment *segments[SEGMENTS_MAX];
	struct tail *waiting[TAILS_WAITING];
	struct tail *tail;
};

/* The bytes of a card. */
static inline const uint8_t *
segment_card(const struct segment *s, uint32_t i)
{
	return s->bytes + s->blocks[i / BLOCK_RECORDS].from + s->starts[i];
}

/** id_slot(seed, id, n): where to look first in a table of ${n} slots. */
static inline uint32_t
id_slot(uint64_t seed, const uint8_t *id, uint32_t n)
{
	uint64_t h = get_u64be(id) ^ seed;

	h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
	h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)((h >> 32) * n >> 32);
}

/** segment_find(s, seed, id): its number, UINT32_MAX: not there. */
uint32_t segment_find(
    const struct segment *s, uint64_t seed, const uint8_t *id);
void segment_free(struct segment *s);
/** segment_chunks(s): of people, which are searched one by one. */
uint32_t segment_chunks(const struct segment *s);
uint64_t segment_bytes(const struct segment *s, const struct shape *shape);

/** segment_build(ix, parts, n, out): of what lives in them; reads only. */
NODISCARD err segment_build(const struct index *ix, const struct part *parts,
    uint32_t n, struct segment **out);

/* The lists of what is in postings. ERR_NOMEM. */
NODISCARD err posting_lists(const struct index *ix, struct segment *s);

/* The lists of a place in a segment. */
static inline const struct list *
segment_list(const struct segment *s, uint32_t at, uint8_t feature)
{
	for (uint32_t i = s->list_from[at]; i < s->list_from[at + 1]; i++) {
		if (s->lists[i].feature == feature)
			return &s->lists[i];
	}
	return NULL;
}

/* ---- a posting's fit, from the bytes of a card ---- */

/*
 * What a plan finds out of a card without its explanation, faster: the credit
 * of each requirement. Equal to plan_fit_brief() in total, and in whether a
 * must-have is missing.
 */
struct fit_kernel {
	bool wide;
	uint16_t asked_n;
	uint64_t *filter; /* a bit for each place that earns anything */
	uint32_t *first;  /* by place: its first entry */
	const struct relate_entry *entries;
	uint32_t entries_n;
	const uint32_t *weight;
	const uint8_t *rarity; /* of each requirement */
	const uint8_t *place_rarity;
	bool all_tell; /* no requirement is an ask */
	uint64_t most; /* if so: what all requirements earn */
	uint64_t must; /* bits: must not be met by nothing */
	uint64_t asks; /* bits: counts only when met in full */
	uint16_t adequacy[POSTING_REQUIREMENTS_MAX][8];
};
NODISCARD err fit_kernel_new(
    const struct plan *plan, const struct index *ix, struct fit_kernel **out);
void fit_kernel_free(struct fit_kernel *k);

struct kernel_result {
	uint64_t earned, most; /* see fit_of_share() */
	int32_t uses;          /* credit of LINE_USES, -1: there is none */
	bool missing;          /* a must-have is */
};

/** fit_kernel_run(k, v): ${v} must not have a skill twice. */
struct kernel_result fit_kernel_run(
    const struct fit_kernel *k, const struct forward_card_view *v);

/* ---- the best so far ---- */

struct top {
	struct scan_result *out;
	size_t max, n;
};

/** top_least(t): a smaller score cannot enter any more; -1: all can. */
static inline int32_t
top_least(const struct top *t)
{
	return t->n < t->max ? -1 : t->out[t->n - 1].both;
}

/** top_wants(t, both, id): could it enter, with a score up to this? */
bool top_wants(const struct top *t, int32_t both, const uint8_t *id);
void top_put(struct top *t, const struct scan_result *r);
