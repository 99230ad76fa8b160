/*
 * portmap.h: asks the router to let others in: by NAT-PMP, which answers at
 * once where it is spoken, then by UPnP. On a thread of its own, since both
 * libraries wait; the loop hears of it by ${changed}. Renewed at half of its
 * life, removed at the end.
 *
 * A router believes whoever is inside; so do we believe the router only so
 * far that its address is one to be tested (autonat.h), not one to announce.
 */
#pragma once

#include <uv.h>

#include "proto/base/env.h"
#include "proto/libp2p/multiaddr.h"

struct portmap;

struct portmap_config {
	uv_loop_t *loop;
	uint16_t port;       /* TCP, where we listen */
	unsigned lifetime_s; /* of a mapping; renewed at half of it */
	const char *gateway; /* IPv4 for NAT-PMP; "": the default route's */
	void (*changed)(void *ctx); /* on the loop's thread */
	void *ctx;
};

enum portmap_method { PORTMAP_NONE, PORTMAP_NATPMP, PORTMAP_UPNP };

struct portmap_status {
	enum portmap_method method; /* NONE: nothing is mapped */
	struct multiaddr_ip external;
	char why[96]; /* when nothing is mapped */
	unsigned tries;
};

/** portmap_new(cf): begins at once; ERR_NOMEM, ERR_IO: no thread. */
NODISCARD err portmap_new(
    const struct portmap_config *cf, struct portmap **out);

void portmap_status(struct portmap *p, struct portmap_status *out);

/** portmap_method_name(m): "NAT-PMP", "UPnP", "none". */
const char *portmap_method_name(enum portmap_method m);

/**
 * portmap_stop(p): remove the mapping and end. The loop runs until that is
 * done, a few seconds at most; free after the loop has run out.
 */
void portmap_stop(struct portmap *p);
void portmap_free(struct portmap *p);
