/*
 * invite.h: an invitation: a link that carries what a new node needs to find
 * the network: its name, a peer and its addresses. See SPEC.md,
 * "Invitations". Text only: nothing is dialled or stored here.
 */
#pragma once

#include "node/base/config.h"
#include "proto/libp2p/multiaddr.h"

#define INVITE_ADDRS_MAX   8
#define INVITE_ADDR_MAX    160  /* characters of one, with zero */
#define INVITE_TEXT_MAX    2048 /* characters of a link, with zero */
#define INVITE_FINGERPRINT 32   /* hexadecimal characters, as psk.h */

struct invite {
	char net[17];
	struct peer_id id;
	size_t addrs_n;
	char addrs[INVITE_ADDRS_MAX][INVITE_ADDR_MAX]; /* without /p2p/ID */
	char psk[INVITE_FINGERPRINT + 1]; /* of the network's key; "": none */
	bool has_key;
	uint8_t key[32]; /* the key itself, only when it was asked for */
};

/** invite_put(i, out): the link. ERR_MORE: it is too long. */
NODISCARD err invite_put(const struct invite *i, char out[INVITE_TEXT_MAX]);

/**
 * invite_get(text, out, p):
 * Read a link; ERR_FORM with ${p} in words: what is wrong with it. Blanks
 * around it, and a trailing newline, are forgiven.
 */
NODISCARD err invite_get(
    const char *text, struct invite *out, struct problem *p);
