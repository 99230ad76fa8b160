/*
 * stamp.h: the proof of work that each author's key carries once. A brake
 * against key floods, never a source of trust. SPEC.md, "Stamp".
 *
 * The work: find an 8-byte nonce such that the first eight bytes of
 * BLAKE2b-256(personal "ohcn-stamp-v1"; len(net) || net || author || nonce),
 * read as a big-endian number, are below 2^(64 - bits).
 */
#pragma once

#include "crypto/crypto.h"

#define STAMP_NONCE 8

/** stamp_check(net, net_n, author, nonce, bits): is the work done? */
CRYPTO_CHECKED bool stamp_check(const uint8_t *net, size_t net_n,
    const uint8_t author[ED25519_PUBLIC], const uint8_t nonce[STAMP_NONCE],
    unsigned bits);

/**
 * stamp_search(net, net_n, author, bits, start, tries, nonce):
 * Try ${tries} nonces from ${start} upwards. true: ${nonce} is filled. About
 * 2^bits tries are needed; 0.3 microseconds each on a 2020s core.
 */
CRYPTO_CHECKED bool stamp_search(const uint8_t *net, size_t net_n,
    const uint8_t author[ED25519_PUBLIC], unsigned bits, uint64_t start,
    uint64_t tries, uint8_t nonce[STAMP_NONCE]);
