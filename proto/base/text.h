/*
 * text.h: bytes as text and back: hexadecimal, base32 (RFC 4648, lower case,
 * unpadded), base58btc; and the check of UTF-8 that records use.
 */
#pragma once

#include "proto/base/base.h"

/*
 * Encoders write a terminating zero. ${cap} counts it; ERR_MORE when the
 * text does not fit, ${out} then holds an empty string.
 */
NODISCARD err hex_put(char *out, size_t cap, struct slice in);
NODISCARD err base32_put(char *out, size_t cap, struct slice in);
NODISCARD err base58_put(char *out, size_t cap, struct slice in);

/*
 * Decoders append to ${out}. ERR_FORM: a character outside the alphabet or a
 * length that no encoder makes; ERR_MORE: no room. base58 input is limited
 * to 256 characters (its cost is quadratic), longer is ERR_FORM.
 */
NODISCARD err hex_get(struct slice text, struct buf *out);
NODISCARD err base32_get(struct slice text, struct buf *out);
NODISCARD err base58_get(struct slice text, struct buf *out);

/**
 * utf8_next(s, cp):
 * Take one code point off the front of ${s}. false: malformed (overlong,
 * surrogate, above U+10FFFF, cut short); ${s} is then left where it is.
 */
bool utf8_next(struct slice *s, uint32_t *cp);

/**
 * text_is_clean(s):
 * Valid UTF-8 without control characters (C0, DEL, C1, U+2028, U+2029) and
 * without bidirectional controls (U+061C, U+200E, U+200F, U+202A..U+202E,
 * U+2066..U+2069). The empty text is clean. SPEC.md, "Text".
 */
bool text_is_clean(struct slice s);
