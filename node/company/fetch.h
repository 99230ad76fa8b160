/*
 * company/fetch.h: one file of a feed, from the web or from a directory that
 * the owner has named. What it is told by others is a URL that may lead
 * anywhere: so it goes to public addresses alone, looked at when the
 * connection is made (a name may have another address by then, and a redirect
 * another name), over http and https alone, with few redirects, and ends at a
 * size and a time.
 *
 * With network.socks5 it goes by that proxy, which then looks names up: so the
 * host of each hop is judged as it is written (fetch_host_public()). What a
 * public name leads to is then known to the proxy alone.
 */
#pragma once

#include <stdatomic.h>

#include "node/base/problem.h"
#include "proto/base/base.h"

#define FETCH_URL_MAX  512
#define FETCH_MARK_MAX 200 /* of an ETag or a date */

enum fetch_outcome {
	FETCH_GOOD,
	FETCH_SAME,   /* 304 */
	FETCH_FAILED, /* ${why} */
};

struct fetch {
	/* asked */
	char url[FETCH_URL_MAX + 1]; /* http(s)://, or file:NAME */
	char etag[FETCH_MARK_MAX + 1], modified[FETCH_MARK_MAX + 1];
	char directory[512]; /* of file:NAME; "": none */
	char proxy[300];     /* "socks5h://host:port"; "": none */
	bool allow_private;
	size_t bytes_max;
	long seconds_max;
	atomic_bool stop; /* from the loop: end it soon */
	/* the answer; ${etag} and ${modified} are the new ones */
	enum fetch_outcome outcome;
	char why[160];
	uint8_t *bytes; /* to be freed */
	size_t n;
};

/** fetch_url_good(url): is it one that fetch_run() takes? */
bool fetch_url_good(const char *url);

/** fetch_address_public(family, address): of AF_INET (4 bytes) or AF_INET6
 * (16): may it be dialled for a stranger? */
bool fetch_address_public(int family, const uint8_t *address);

/** fetch_host_public(url): is the host of this URL, as written, one that may
 * be public: no private address in any notation, no name of one label, of
 * localhost, .local, .internal and the like? Nothing is looked up. */
bool fetch_host_public(const char *url);

/** fetch_run(f): on a worker; waits. */
void fetch_run(struct fetch *f);
