/*
 * talker.h: raw ends for attackers. A talker is a libp2p connection without
 * a host: it does an honest handshake under an identity of its own, opens
 * streams for any protocol and writes whatever bytes it likes on them. It
 * answers identify by itself, saying that it speaks gossipsub (a host listens
 * to nobody's gossip otherwise), and takes the streams of TALKER_PROTOCOLS.
 * A raw one goes below Yamux: any plain bytes within valid Noise frames.
 *
 * Identities are cheap: each talker may have another one.
 */
#pragma once

#include "tests/sim/sim.h"

/* What it answers; CONN_STREAM_OPENED names them by these numbers. */
enum { TALKER_IDENTIFY, TALKER_PUSH, TALKER_GOSSIP_11, TALKER_PROTOCOLS };

struct talker;

struct talker_ops {
	/* The handshake is done. */
	void (*secured)(struct talker *t, void *ctx);
	/* An event of conn.h; read with talker_read(). */
	void (*event)(struct talker *t, void *ctx, const struct conn_event *ev);
	/* Raw: decrypted bytes of the honest node. */
	void (*plain)(struct talker *t, void *ctx, struct slice in);
	/* It is over. The only callback in which talker_free() may be
	 * called; it must be, here or later. */
	void (*gone)(struct talker *t, void *ctx);
};

/**
 * talker_dial(s, from, to, identity, raw, ops, ctx, out):
 * ${identity}: any number; the key follows from it. Errors of sim_dial_raw().
 */
NODISCARD err talker_dial(struct sim *s, unsigned from, unsigned to,
    uint64_t identity, bool raw, const struct talker_ops *ops, void *ctx,
    struct talker **out);

/** talker_free(t): hangs up, if it has not. */
void talker_free(struct talker *t);

struct sim *talker_sim(struct talker *t);
const struct peer_id *talker_id(const struct talker *t);

/** talker_open(t, protocol, stream): as conn_stream_open(). */
NODISCARD err talker_open(
    struct talker *t, const char *protocol, uint32_t *stream);

/** talker_write(t, stream, in): how much was taken. */
size_t talker_write(struct talker *t, uint32_t stream, struct slice in);

/** talker_read(t, stream): all that is there, consumed with this call. */
struct slice talker_read(struct talker *t, uint32_t stream);

/** talker_stop_reading(t): its window fills up: a slow reader. */
void talker_stop_reading(struct talker *t);

/** talker_say(t, in): raw: one Noise frame of at most 65,519 bytes. */
void talker_say(struct talker *t, struct slice in);
