/*
 * credential/jcs.h: the one byte form of a JSON value, of which signatures
 * are made: JSON Canonicalization Scheme, RFC 8785. Members are sorted by
 * UTF-16 code units, numbers are written as ECMAScript does, nothing is
 * between tokens.
 *
 * Reading is as strict as that needs (I-JSON, RFC 7493): no member twice, no
 * invalid UTF-8, no lone surrogate, no number beyond a double. Refused beside
 * that: an integer that no double holds (unless ECMAScript writes just these
 * digits for one), the character U+0000, more than JCS_DEPTH levels.
 */
#pragma once

#include <jansson.h>

#include "proto/base/base.h"

#define JCS_MAX   ((size_t)1 << 20) /* bytes, in and out */
#define JCS_DEPTH 64                /* levels of objects and arrays */
#define JCS_WHY   200               /* room for what is wrong, with a zero */

/** jcs_read(text, out, why): ERR_FORM, ERR_LIMIT; ${why} says what. */
NODISCARD err jcs_read(struct slice text, json_t **out, char why[JCS_WHY]);

/**
 * jcs_write(v, out, why):
 * ${out->p} is malloc'ed with a zero after the end, the caller frees it.
 * ERR_FORM: ${v} has no such form; ERR_LIMIT: too large or deep; ERR_NOMEM.
 */
NODISCARD err jcs_write(const json_t *v, struct slice *out, char why[JCS_WHY]);

#define JCS_NUMBER 48 /* room for any number, with a zero */

/**
 * jcs_number(out, x): "4.5", "1e+21", as Number::toString of ECMAScript.
 * false: not a finite number.
 */
NODISCARD bool jcs_number(char out[JCS_NUMBER], double x);
