/*
 * erase.h: a small file of random keys that can be forgotten for good. What
 * lies in a database cannot: its old pages stay on the disk until they are
 * used again, and copies of it stay in backups. So whoever wants to erase
 * seals it under a key of this file as well, and erases that: the slot is
 * overwritten in place and synced. The file is in no backup of ours.
 *
 * What cannot be promised: that the medium itself (a flash disk, a file
 * system that writes copies, a snapshot of the machine) keeps no older block.
 */
#pragma once

#include "node/base/problem.h"
#include "proto/base/base.h"

#define ERASE_SLOTS 512
#define ERASE_KEY   32

struct eraser;

/** eraser_open(path, out, p): makes it if it is not there. ERR_IO;
 * ERR_CORRUPT: not of its size; ERR_NOMEM. */
NODISCARD err eraser_open(
    const char *path, struct eraser **out, struct problem *p);
void eraser_close(struct eraser *e); /* NULL is fine */

/** eraser_new(e, slot, key): on the disk on return. ERR_LIMIT: no slot is
 * free; ERR_IO. */
NODISCARD err eraser_new(
    struct eraser *e, uint32_t *slot, uint8_t key[ERASE_KEY]);

/** eraser_get(e, slot, key): ERR_NOTFOUND: erased, or never was. */
NODISCARD err eraser_get(
    const struct eraser *e, uint32_t slot, uint8_t key[ERASE_KEY]);

/** eraser_wipe(e, slot): overwritten and synced on return; OK also if it was
 * free. ERR_IO: it may still be there. */
NODISCARD err eraser_wipe(struct eraser *e, uint32_t slot);
