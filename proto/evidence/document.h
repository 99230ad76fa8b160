/*
 * document.h: evidence as signed bytes.
 *
 *   document = msgpack [ body: bin, sigtype: uint, sigs: [[role, sig], ...] ]
 *   id       = BLAKE2b-256("ohcn-doc-id-v1"; body)
 *   sig      = Ed25519 over pad16("ohcn-doc-v1") || len(net) || net
 *                        || role || id
 *
 * All canonical msgpack. A document begins without signatures and gains them
 * one by one; its id never changes. Whoever carries documents treats them as
 * opaque bytes of at most DOCUMENT_MAX. Pure, no allocation. SPEC.md,
 * "Evidence".
 */
#pragma once

#include "proto/base/arena.h"
#include "proto/evidence/evidence.h"
#include "proto/evidence/fault.h"
#include "proto/record/schema.h"

#define DOCUMENT_MAX  3072 /* bytes, with all signatures */
#define DOCUMENT_SIGS (EVIDENCE_PEERS)

/* Who a signature is from; the key stands in the body. */
enum document_role {
	ROLE_COMPANY = 1, /* also: issuer of a credential or of its end */
	ROLE_PERSON = 2,  /* also: holder of a credential; the new key */
	ROLE_MANAGER = 3,
	ROLE_PEER = 16, /* + number of the participant, from 0 */
};

/* Scratch for the functions below; they reset it. */
#define DOCUMENT_SCRATCH_BYTES (VALUE_ARENA_BYTES + 16 * 1024)

struct document {
	struct slice bytes; /* borrowed, as they came */
	struct slice body;  /* within ${bytes} */
	uint8_t id[EVIDENCE_ID];
	char net[NET_MAX + 1];
	uint32_t made;      /* the hour that the body states */
	uint64_t needed;    /* 1 << role: who must sign; of a session: may */
	uint64_t signed_by; /* 1 << role: whose signature is there, and good */
	bool complete;      /* all that must sign have; of a session k */
	struct evidence is; /* what it says */
};

/**
 * document_open(bytes, net, now_s, scratch, d):
 * Judge bytes from anybody: form, fields, parties, times, and every signature
 * that is there. EVIDENCE_FINE: ${d} is filled and borrows ${bytes};
 * ${d}->complete says whether it counts yet. Else the first fault, in the
 * order of SPEC. ${net} is the judge's network; ${now_s} seconds since 1970,
 * 0: times are not compared with the clock (what lies in the vault).
 */
NODISCARD enum evidence_fault document_open(struct slice bytes,
    struct slice net, uint64_t now_s, struct arena *scratch,
    struct document *d);

/**
 * document_write(e, net, scratch, out):
 * Append ${e} as a document without signatures. EVIDENCE_FINE, or what
 * document_open() would say of it. ${out} needs room for DOCUMENT_MAX.
 */
NODISCARD enum evidence_fault document_write(const struct evidence *e,
    struct slice net, struct arena *scratch, struct buf *out);

/**
 * document_sign(bytes, net, role, secret, scratch, out):
 * Append ${bytes} with one more signature to ${out}. It judges first; beside
 * those faults: EVIDENCE_BAD_ROLE (the type lacks the role, or ${secret} is
 * not its key), EVIDENCE_BAD_ORDER (the company is to sign first). Signing
 * twice changes nothing. ${out} needs room for DOCUMENT_MAX and is not ${bytes}.
 */
NODISCARD enum evidence_fault document_sign(struct slice bytes,
    struct slice net, unsigned role, const uint8_t secret[ED25519_SECRET],
    struct arena *scratch, struct buf *out);

/**
 * document_add(bytes, net, role, sig, scratch, out):
 * The same with a signature that was made elsewhere, by who holds the secret;
 * EVIDENCE_BAD_SIGNATURE: it is not that.
 */
NODISCARD enum evidence_fault document_add(struct slice bytes, struct slice net,
    unsigned role, const uint8_t sig[ED25519_SIG], struct arena *scratch,
    struct buf *out);

/**
 * document_wrap(body, out):
 * Append a body as a document without signatures; it is not judged.
 * ERR_MORE.
 */
NODISCARD err document_wrap(struct slice body, struct buf *out);

/**
 * document_merge(a, b, net, scratch, out):
 * One document with the signatures of both; they have one body, else
 * EVIDENCE_WRONG_REFERENCE.
 */
NODISCARD enum evidence_fault document_merge(struct slice a, struct slice b,
    struct slice net, struct arena *scratch, struct buf *out);

/** document_role_of(d, key): the role ${key} has in it; 0: none. */
unsigned document_role_of(
    const struct document *d, const uint8_t key[ED25519_PUBLIC]);

/** document_key_of(e, role): whose signature that is; NULL: no such role. */
const uint8_t *document_key_of(const struct evidence *e, unsigned role);

/**
 * document_schema(type):
 * The fields of a body as a table, for faces that show and read them as JSON
 * as they do with records; NULL: no type. ${kind} of the schema is the type.
 */
const struct schema *document_schema(uint32_t type);
