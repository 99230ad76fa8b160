/*
 * autonat_dial.h: one dial-back of an AutoNAT server: a connection of its
 * own, with a key that is thrown away, that speaks nothing but the delivery
 * of a nonce. So the asker is not counted among our peers, and what it
 * learns from the connection is that its address works.
 *
 * Bytes and time go in, bytes and one result come out, as conn.h.
 */
#pragma once

#include "proto/libp2p/autonat.h"

struct autonat_dial;

/**
 * autonat_dial_new(env, mem, psk, peer, nonce, now_ms):
 * The socket to ${peer} is connected. ${psk}: of a private network, or NULL;
 * must stay. NULL: no memory.
 */
struct autonat_dial *autonat_dial_new(const struct env *env, struct mem *mem,
    const uint8_t *psk, const struct peer_id *peer, uint64_t nonce,
    uint64_t now_ms);
void autonat_dial_free(struct autonat_dial *d);

/**
 * autonat_dial_recv(d, in, now_ms): bytes from the socket, all are taken;
 * {NULL, 0}: it was closed. Then autonat_dial_send() and _result().
 */
void autonat_dial_recv(
    struct autonat_dial *d, struct slice in, uint64_t now_ms);

/** autonat_dial_send(d, out, now_ms): append bytes for the socket. */
void autonat_dial_send(
    struct autonat_dial *d, struct buf *out, uint64_t now_ms);

uint64_t autonat_dial_expiry(const struct autonat_dial *d);
void autonat_dial_on_time(struct autonat_dial *d, uint64_t now_ms);

/** autonat_dial_done(d, status): is it over? Send what is left, close. */
bool autonat_dial_done(
    const struct autonat_dial *d, enum autonat_dial_status *status);
