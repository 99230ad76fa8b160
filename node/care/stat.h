/*
 * care/stat.h: a store in figures, as JSON: for the API of a node that runs
 * and for the command line beside one that does not.
 */
#pragma once

#include "node/care/care.h"

/**
 * care_stat(view, map, out): {"version", "records", "bytes", "kinds",
 * "own", "floors", "evicted", "refused_full", "quota": {"bytes", "records"},
 * "sample", "tables"[{"name", "rows", "bytes"}], "file": {"bytes", "used",
 * "free", "map"}, "oldest", "newest", "next_expiry", ...}. Times are seconds
 * since 1970. ERR_IO, ERR_CORRUPT.
 */
NODISCARD err care_stat(struct store_view *view, struct map *map, json_t **out);
