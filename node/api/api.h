/*
 * api.h: the local HTTP API of a node: one table of routes; API.md describes
 * what each takes and answers. The handlers lie beside it, what they share
 * in api/parts.h.
 */
#pragma once

#include "node/node.h"

/** api_routes(n): the table; the context of its handlers is the node. */
const struct http_route *api_routes(size_t *n);
