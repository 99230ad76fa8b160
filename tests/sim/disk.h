/*
 * disk.h: a map (store/map.h) that passes everything on to another one, and
 * can be full, or without power: then nothing is written any more.
 */
#pragma once

#include "store/map.h"

struct sim_disk {
	struct map map; /* pass &d.map */
	struct map *inner;
	bool full; /* every commit fails */
	bool dead; /* the power is gone: nothing begins */
	uint64_t commits;
	uint64_t puts; /* for planted bugs: which one is left out */
};

/** sim_disk_init(d, inner): closing it leaves ${inner} open. */
void sim_disk_init(struct sim_disk *d, struct map *inner);
