/*
 * fingerprint.h: BLAKE2b-256 for folders above that do not use crypto/:
 * snapshots of vocabularies and tables are named by it.
 */
#pragma once

#include "proto/base/base.h"

#define FINGERPRINT 32 /* bytes */

/**
 * fingerprint(out, personal, bytes):
 * BLAKE2b-256 of ${bytes}, personalised by a C string of at most 16 bytes.
 */
void fingerprint(
    uint8_t out[FINGERPRINT], const char *personal, struct slice bytes);
