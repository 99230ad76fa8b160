/*
 * care/check.h: is a store sound? Its file page by page, then every record
 * and index; each in a process of its own (care/child.h), beside a node that
 * may be running.
 */
#pragma once

#include "node/care/care.h"
#include "node/care/child.h"

struct care_ask {
	const char *dir;     /* of the store */
	const char *private; /* of the private data: its pages; NULL: not */
	const char *net;
	uint64_t map_size;
	bool signatures; /* verify each one as well; slow */
	bool quick;      /* the pages alone */
};

/**
 * care_check(ask, news, result, p):
 * ${result}: {"faults", "private_faults" (of those), "texts"[], "complete", "version", "records",
 * "entries", "signatures", "pages": {"all", "used", "free", "lost"}}. A file
 * that cannot be walked, or crashes who does, is a fault.
 * OK (also with faults: look at "faults"); ERR_CLOSED with ${p}: it could
 * not be checked (none there, of another net, of a newer ohcn).
 */
NODISCARD err care_check(const struct care_ask *ask,
    const struct care_news *news, json_t **result, struct problem *p);

/* Of a child's own use: the file in memory. */
struct care_file {
	struct slice bytes;
	int fd;
};

/** care_file_open(dir, out): ERR_IO. Read only. */
NODISCARD err care_file_open(const char *dir, struct care_file *out);
void care_file_close(struct care_file *f);

/** care_look(ask, map, why): the map of a store, read only. */
NODISCARD err care_look(
    const struct care_ask *ask, struct map **map, char why[STORE_WHY]);
