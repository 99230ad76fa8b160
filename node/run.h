/*
 * run.h: the life of the process: opens the parts of a node in order, runs
 * its loop, closes them in the reverse order.
 */
#pragma once

#include "node/node.h"

/**
 * node_run(cf, paths, km, ready_fd, p):
 * Run a node until it is told to stop. ${km} is wiped once the node has what
 * it needs. When it is ready, one byte is written to ${ready_fd} (-1: none),
 * which is then closed. The exit code of the process; ${p} is filled when it
 * is not 0.
 */
int node_run(const struct config *cf, const struct paths *paths,
    struct key_material *km, int ready_fd, struct problem *p);

/** node_stop(n): begin to shut down in order; node_run() returns after. */
void node_stop(struct node *n);
