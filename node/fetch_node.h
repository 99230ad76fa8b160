/*
 * fetch_node.h: fetch.h within this node: its pipeline judges, a worker of
 * the loop searches, its transport sends.
 */
#pragma once

#include "node/fetch.h"
#include "node/node.h"

/** fetch_node(n, behind_h): fetch_new() for ${n}; its host and store exist. */
struct fetch *fetch_node(struct node *n, uint64_t behind_h);
