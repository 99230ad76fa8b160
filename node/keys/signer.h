/*
 * signer.h: the process that holds the secrets of the personas. It is forked
 * before the node opens a socket, keeps seed and receive keys in locked
 * memory, has no file but the one socket to its parent, and may do nothing
 * but answer (seccomp where the kernel has it). The parent, which reads what
 * the network sends, forgets the key material: it asks.
 *
 * What it signs it has looked at: a record is signed only if its body names
 * the persona's key and this network, a document only if it is sound, of this
 * network, and the persona's key stands in it in that role, every other thing
 * only in its own domain, so that a signature asked for as one thing is of no
 * use as another.
 *
 * It can be made to forget (signer_lock()): seed, persona keys and receive
 * keys are wiped, and what needs one of them fails with ERR_AUTH until
 * signer_unlock() brings the same seed again.
 *
 * Calls take about 50 microseconds and wait for the answer. Where the process
 * has died, each of them fails with ERR_CLOSED from then on: nothing more is
 * signed until the node is started again. For the loop's thread.
 */
#pragma once

#include "crypto/crypto.h"
#include "node/keys/keyfile.h"

struct signer;

#define SIGNER_NET_MAX   16
#define SIGNER_BYTES_MAX 16384                    /* of what is signed */
#define SIGNER_KEYS_MAX  256                      /* receive keys */
#define SIGNER_SEALED    (X25519_SIZE + AEAD_TAG) /* a receive key at rest */

/**
 * signer_start(km, out, p):
 * Fork; before there are threads. ${km} is still the caller's to wipe (the
 * child wipes its own copy). The child ends with its parent. ERR_IO,
 * ERR_NOMEM.
 */
NODISCARD err signer_start(
    struct key_material *km, struct signer **out, struct problem *p);

/** signer_stop(s): ends the child and waits for it; NULL is fine. */
void signer_stop(struct signer *s);

/** signer_alive(s): false: it has died, or never was. Cheap. */
bool signer_alive(struct signer *s);

/** signer_locked(s): whether its secrets are locked in memory. */
bool signer_locked(const struct signer *s);

/** signer_lock(s): forget; OK also when it has. ERR_CLOSED. */
NODISCARD err signer_lock(struct signer *s);

/** signer_is_shut(s): it has forgotten; nothing is signed or opened. */
bool signer_is_shut(const struct signer *s);

/**
 * signer_unlock(s, seed): receive keys are to be loaded again. ERR_AUTH: the
 * seed is another one, and nothing has changed; ERR_CLOSED.
 */
NODISCARD err signer_unlock(struct signer *s, const uint8_t seed[SEED_SIZE]);

/** signer_public(s, persona, pub): the public key of a persona. */
NODISCARD err signer_public(
    struct signer *s, uint32_t persona, uint8_t pub[ED25519_PUBLIC]);

enum signer_domain {
	SIGN_RECORD,       /* bytes: a body; SPEC.md, 5 */
	SIGN_RESULT,       /* bytes: a statement of an assessor; SPEC.md, 10 */
	SIGN_DOCUMENT,     /* bytes: the body; ${role}: of the signer, whose key
			it has to name there; SPEC.md, 20 */
	SIGN_CERTIFICATE,  /* bytes: one-time key 32, not_after u32be: as
			certificate_not_after() says by its own clock, or a
			week on either side; SPEC.md, 6 */
	SIGN_OFFER,        /* bytes: conversation 16, to 32, key 32, hash of the
			terms 32; SPEC.md, 19 */
	SIGN_VOUCHER,      /* bytes: company 32, token 16, until u32be, which is
			at most VOUCHER_HOURS away; SPEC.md, 19 */
	SIGN_PRESENTATION, /* bytes: the body; SPEC.md, 20 */
	SIGN_BADGE,        /* bytes: created u64be, the JCS text of a badge:
			proof_text_sign() of node/credential/proof.h */
	SIGN_WARNING,      /* bytes: the body of a warning list; SPEC.md, 21 */
	SIGN_BUNDLE, /* bytes: hash of an adviser's bundle 32; SPEC.md, 20 */
	SIGN_DOMAINS,
};

/**
 * signer_sign(s, persona, domain, role, net, bytes, sig):
 * ERR_FORM: ${bytes} are not what the domain says, or name another key or
 * network; ERR_CLOSED.
 */
NODISCARD err signer_sign(struct signer *s, uint32_t persona,
    enum signer_domain domain, uint8_t role, struct slice net,
    struct slice bytes, uint8_t sig[ED25519_SIG]);

/**
 * signer_sign_as(ctx, bytes, sig): signer_sign() as a callback, of struct
 * record_signing; ${ctx} is a struct signer_use, borrowed.
 */
struct signer_use {
	struct signer *signer;
	uint32_t persona;
	enum signer_domain domain; /* without a role */
	struct slice net;          /* borrowed */
};
NODISCARD err signer_sign_as(
    void *ctx, struct slice bytes, uint8_t sig[ED25519_SIG]);

/**
 * signer_noise_key(s, persona, out): the key from which noise on published
 * figures is drawn: of the persona, and of use for nothing else.
 */
NODISCARD err signer_noise_key(
    struct signer *s, uint32_t persona, uint8_t out[32]);

/**
 * signer_claim_key(s, persona, tree, out): the key of one claim tree (16
 * bytes of id) of the persona: claim_tree_key(). The claim secret itself stays
 * where the seed is. ${out} is the caller's to wipe.
 */
NODISCARD err signer_claim_key(struct signer *s, uint32_t persona,
    const uint8_t tree[16], uint8_t out[32]);

/*
 * Receive keys (X25519): random, known by their public key. At rest the
 * secret is sealed under a key of the seed and ${wrap}, 32 bytes of the
 * caller: with ${wrap} erased nobody opens it any more (intro.h).
 */

/** signer_receive_new(s, wrap, pub, sealed): draws one. ERR_LIMIT. */
NODISCARD err signer_receive_new(struct signer *s, const uint8_t wrap[32],
    uint8_t pub[X25519_SIZE], uint8_t sealed[SIGNER_SEALED]);

/** signer_receive_load(s, wrap, sealed, pub): ERR_AUTH: does not open;
 * ERR_LIMIT. */
NODISCARD err signer_receive_load(struct signer *s, const uint8_t wrap[32],
    const uint8_t sealed[SIGNER_SEALED], uint8_t pub[X25519_SIZE]);

/** signer_receive_drop(s, pub): wipe it; OK also if it is not there. */
NODISCARD err signer_receive_drop(
    struct signer *s, const uint8_t pub[X25519_SIZE]);

/**
 * signer_shared(s, pub, peer, out):
 * X25519 of the receive key ${pub} with ${peer}. ERR_NOTFOUND: no such key;
 * ERR_FORM: ${peer} is of low order.
 */
NODISCARD err signer_shared(struct signer *s, const uint8_t pub[X25519_SIZE],
    const uint8_t peer[X25519_SIZE], uint8_t out[X25519_SIZE]);

/**
 * signer_shared_all(s, peer, pubs, out, n):
 * With every receive key, in one call: up to SIGNER_KEYS_MAX pairs. For
 * trying an envelope whose receiver is hidden. ${out} is the caller's to wipe.
 */
NODISCARD err signer_shared_all(struct signer *s,
    const uint8_t peer[X25519_SIZE], uint8_t pubs[][X25519_SIZE],
    uint8_t out[][X25519_SIZE], unsigned *n);
