/*
 * swarm_key.h: the file with the key of a private network (libp2p's
 * pre-shared key, kubo's "swarm.key"). Form and use: proto/libp2p/psk.h.
 */
#pragma once

#include "node/base/problem.h"
#include "proto/libp2p/psk.h"

/**
 * swarm_key_read(path, key, p):
 * ERR_NOTFOUND, ERR_IO; ERR_CONFIG: it is no such key, or others than its
 * owner can read it. ${p} says it; ${key} is then zeroed. The caller wipes it.
 */
NODISCARD err swarm_key_read(
    const char *path, uint8_t key[PSK_SIZE], struct problem *p);

/**
 * swarm_key_new(path, key, p): a new random key in a new file that its owner
 * alone can read. ERR_EXISTS, ERR_IO. The caller wipes ${key}.
 */
NODISCARD err swarm_key_new(
    const char *path, uint8_t key[PSK_SIZE], struct problem *p);
