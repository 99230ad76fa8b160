/*
 * since.h: "since when" as people write it.
 */
#pragma once

#include "proto/base/base.h"

/**
 * since_read(text, now_s, hour):
 * The unix hour that ${text} means, UTC:
 *   30d, 12h, 2w, 90m      so long before ${now_s}, rounded down to the hour
 *   2026-11-22             the beginning of the day
 *   2026-11-22T10          that hour; minutes and a Z may follow
 *   494250                 the hour itself, of 7 digits at most
 *   1779300000             seconds since 1970
 * ERR_FORM: none of them, or before 1970.
 */
NODISCARD err since_read(const char *text, uint64_t now_s, uint64_t *hour);
