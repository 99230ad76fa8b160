/*
 * crawl/crawl.h: walks a network from some peers to all that can be found,
 * asks each who it is, whom it knows and which records it holds, and writes
 * down what it found as a data set that other programs read: README.md,
 * "For researchers".
 *
 * It says that it is a crawler wherever it speaks: in identify (agent
 * "ohcn-crawler/VERSION (CONTACT)") and in the hello of sync. Who does not
 * want that says so by the protocol SYNC_NO_CRAWL and is left alone: counted,
 * nothing else is written of it.
 *
 * A process of its own with a random node key: it listens nowhere, serves
 * nothing, publishes nothing and forwards nothing.
 */
#pragma once

#include "node/base/config.h"
#include "node/crawl/frontier.h"
#include "proto/record/names.h"

#define CRAWL_SEEDS_MAX    1024
#define CRAWL_PARALLEL_MAX 64
#define CRAWL_CONTACT_MAX  100
#define CRAWL_WORK         ".work" /* in the folder; see frontier.h */
#define CRAWL_MANIFEST     "crawl.json"

/* What can be chosen, and what a crawl that goes on keeps. */
struct crawl_parameters {
	uint64_t limit;      /* visits that end the crawl; 0: none */
	uint32_t rate_milli; /* calls in 1000 seconds */
	uint32_t parallel;   /* visits at once */
	uint32_t retries;    /* calls again of who did not answer */
	uint32_t retry_s;    /* and when */
	uint32_t subnet_s;   /* pause between calls into one subnet */
	uint32_t visit_s;    /* a visit ends at the latest */
	uint64_t peers_max;  /* that are kept in mind */
	bool addresses;      /* write addresses down */
	bool keep_key;       /* write the key of the names down */
	bool records;        /* compare and copy records */
	uint64_t kinds[2];   /* of record, a bit each; all ones: all */
	char contact[CRAWL_CONTACT_MAX + 1];
	char network[NET_MAX + 1];
};

/** crawl_parameters_default(): 10 calls a second, 16 at once, ... */
struct crawl_parameters crawl_parameters_default(void);

struct crawl_seed {
	struct peer_id id;
	struct frontier_addr addr;
	enum frontier_source source;
};

/** crawl_seed_get(text, source, out): a multiaddr with /p2p; ERR_FORM. */
NODISCARD err crawl_seed_get(
    const char *text, enum frontier_source source, struct crawl_seed *out);

struct crawl_progress {
	struct frontier_totals totals;
	uint64_t seconds; /* of this run */
	uint64_t records;
	uint32_t visiting;
	bool ended; /* the files are being written */
};

struct crawl_config {
	const struct config *config; /* network, key, proxy */
	const char *dir;
	struct crawl_parameters parameters;
	const struct crawl_seed *seeds;
	uint32_t seeds_n;
	bool resume;
	const char *command; /* that was typed, for the manifest */
	/* Each second, and at the end. */
	void (*progress)(void *ctx, const struct crawl_progress *p);
	void *ctx;
};

/* How a crawl ended. */
enum crawl_end {
	CRAWL_ALL,     /* nobody is left to visit */
	CRAWL_LIMIT,   /* as many as were asked for */
	CRAWL_STOPPED, /* by a signal: partial, can go on */
};

/**
 * crawl_run(cf, end, manifest, p):
 * The whole of it, with a loop of its own, until nobody is left, the limit is
 * reached or SIGINT or SIGTERM comes. ${manifest} gets what CRAWL_MANIFEST
 * holds, a new reference. On an error what was found is in CRAWL_WORK, and
 * ${p} says how to go on.
 */
NODISCARD err crawl_run(const struct crawl_config *cf, enum crawl_end *end,
    json_t **manifest, struct problem *p);

/** crawl_plan(cf): what crawl_run() would do, and the bytes it would send to
 * each peer; a new object, or NULL. Nothing is opened or sent. */
json_t *crawl_plan(const struct crawl_config *cf);

/** crawl_resume_parameters(dir, out, p): of a crawl that can go on. */
NODISCARD err crawl_resume_parameters(
    const char *dir, struct crawl_parameters *out, struct problem *p);

/**
 * crawl_diff(a, b, out, p): what changed between two data sets: networks'
 * size, records by kind, region and slot, shown counts by term. A new object.
 */
NODISCARD err crawl_diff(
    const char *a, const char *b, json_t **out, struct problem *p);
