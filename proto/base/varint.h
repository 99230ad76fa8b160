/*
 * varint.h: the unsigned varint of multiformats: base 128, least significant
 * group first, minimal, at most nine bytes (63 bits).
 * Spec: github.com/multiformats/unsigned-varint.
 */
#pragma once

#include "proto/base/base.h"

#define VARINT_MAX 9 /* bytes of the longest one */

/**
 * varint_get(in, v, used):
 * Decode one from the front of ${in}. OK; ERR_MORE (cut short); ERR_PEER
 * (not minimal, or over 63 bits). ${v} and ${used} are set on OK alone.
 */
NODISCARD err varint_get(struct slice in, uint64_t *v, size_t *used);

/** varint_put(b, v): append ${v} < 2^63; ERR_MORE when it does not fit. */
NODISCARD err varint_put(struct buf *b, uint64_t v);

/** varint_len(v): bytes that varint_put() would append. */
size_t varint_len(uint64_t v);
