/*
 * multistream.h: multistream-select 1.0, the agreement on which protocol a
 * byte stream speaks. A message is a length (uvarint) and a line that ends
 * in "\n". Both sides say "/multistream/1.0.0"; the dialer proposes, the
 * listener echoes what it accepts or says "na".
 *
 * The dialer sends header and first proposal at once, and whoever drives it
 * may put data right behind when there is one candidate only (then nothing
 * can be misread, since a refusal ends the stream). It must still read on
 * until MULTISTREAM_DONE before it takes a byte for its own, also when it
 * has closed its side.
 *
 * Spec: github.com/multiformats/multistream-select.
 */
#pragma once

#include "proto/base/mem.h"

#define MULTISTREAM_MAX 1024 /* bytes of a message, "\n" counted */

/* Input that may have to be kept until a message is complete. */
#define MULTISTREAM_PARTIAL (MULTISTREAM_MAX + 2)

enum multistream_state {
	MULTISTREAM_HEADER, /* the peer's header is still to come */
	MULTISTREAM_CHOICE, /* proposals (listener) or answers (dialer) */
	MULTISTREAM_DONE,   /* agreed on protocols[chosen] */
};

struct multistream {
	const char *const *protocols; /* in order of preference; borrowed */
	size_t protocols_n;
	size_t chosen; /* dialer: the one that is proposed now */
	uint16_t messages;
	bool dialer;
	enum multistream_state state;
};

/**
 * multistream_start(m, dialer, protocols, n, out):
 * Begin. ${protocols}: 1..${n} ids without "\n", shorter than
 * MULTISTREAM_MAX. The dialer's header and proposal are appended to ${out}.
 * ERR_LIMIT: ${out} has no room.
 */
NODISCARD err multistream_start(struct multistream *m, bool dialer,
    const char *const *protocols, size_t n, struct queue *out);

/**
 * multistream_recv(m, in, out):
 * Take whole messages off ${in}; answers are appended to ${out}. OK: look at
 * m->state; when it is MULTISTREAM_DONE, the rest of ${in} is the protocol's
 * own. ERR_MORE: what is left in ${in} is an incomplete message, of less
 * than MULTISTREAM_PARTIAL bytes: call again with it and what follows.
 * ERR_NOTFOUND: the peer speaks none of ours (dialer). ERR_PEER: not
 * multistream-select. ERR_LIMIT: no room in ${out}, or too many proposals.
 */
NODISCARD err multistream_recv(
    struct multistream *m, struct slice *in, struct queue *out);
