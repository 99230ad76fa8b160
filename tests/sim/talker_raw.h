/*
 * talker_raw.h: the way of a raw talker down to plain bytes within Noise:
 * multistream-select and the handshake done by hand, with noise.h alone.
 */
#pragma once

#include "proto/libp2p/noise.h"
#include "tests/sim/prng.h"

struct talker_noise;

struct talker_noise *talker_noise_new(
    const uint8_t secret[ED25519_SECRET], struct prng *random);
void talker_noise_free(struct talker_noise *n);
bool talker_noise_done(const struct talker_noise *n);

/** talker_noise_recv(n, in): ERR_PEER, ERR_AUTH: the other side erred. */
NODISCARD err talker_noise_recv(struct talker_noise *n, struct slice in);

/** talker_noise_plain(n, out): the next decrypted frame, until the next
 * call; false: none. */
bool talker_noise_plain(struct talker_noise *n, struct slice *out);

/** talker_noise_say(n, in): a frame to send. */
void talker_noise_say(struct talker_noise *n, struct slice in);

bool talker_noise_pending(const struct talker_noise *n);
void talker_noise_send(struct talker_noise *n, struct buf *out);
