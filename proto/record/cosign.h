/*
 * cosign.h: others who stand for a record: the co-signatures that course,
 * pathway and statistic may carry in the field `cosig`.
 *
 *   cid = BLAKE2b-256("ohcn-cosig-id-v1"; u32be(kind) || author || region
 *                     || u32be(slot) || u64be(pv) || payload without `cosig`)
 *   sig = Ed25519 by key over pad16("ohcn-cosig-v1") || len(net) || net
 *                     || role || u32be(until) || cid
 *
 * It holds for the content, not for one record: the author may publish the
 * same payload again, with a later seq, until the hour ${until}. SPEC.md,
 * "Co-signatures".
 */
#pragma once

#include "proto/record/record.h"

#define COSIGN_ID  32
#define COSIGN_KEY 46 /* key of the field in those payloads */
#define COSIGN_MAX 8

enum cosign_result {
	COSIGN_GOOD,
	COSIGN_NO_END,  /* it has no `until`: says nothing */
	COSIGN_EXPIRED, /* `until` has come */
	COSIGN_SELF,    /* the author's own key */
	COSIGN_TWICE,   /* an earlier one has the same key */
	COSIGN_BAD,     /* the signature is not good */
};

/** cosign_result_name(r): "expired". */
const char *cosign_result_name(enum cosign_result r);

/* One co-signature of a record; borrows the record's bytes. */
struct cosignature {
	const uint8_t *key;
	unsigned role;
	uint64_t until_h;
	enum cosign_result result;
};

/**
 * cosign_id(kind, author, region, slot, pv, payload, scratch, id):
 * What a co-signature stands for. ${payload} is canonical, with or without
 * the field. ERR_FORM: it is no such map, or the kind has no co-signatures.
 */
NODISCARD err cosign_id(uint32_t kind, const uint8_t author[RECORD_AUTHOR],
    const char region[2], uint32_t slot, uint64_t pv, struct slice payload,
    struct arena *scratch, uint8_t id[COSIGN_ID]);

/** cosign_make(sig, net, role, until_h, id, secret): one signature. */
void cosign_make(uint8_t sig[ED25519_SIG], struct slice net, unsigned role,
    uint32_t until_h, const uint8_t id[COSIGN_ID],
    const uint8_t secret[ED25519_SECRET]);

/**
 * cosign_check(r, now_h, scratch, out, n):
 * All co-signatures of a record that record_verify() found fine, in their
 * order; ${out} holds COSIGN_MAX. Only those with COSIGN_GOOD may be shown as
 * valid. A record without any, opaque or deleted: n = 0.
 */
NODISCARD err cosign_check(const struct record *r, uint64_t now_h,
    struct arena *scratch, struct cosignature *out, size_t *n);
