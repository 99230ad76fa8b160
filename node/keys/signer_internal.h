/*
 * signer_internal.h: what signer.c and the process that it forks
 * (signer_child.c) say to each other: one request, one answer, each a
 * datagram of a SOCK_SEQPACKET pair.
 */
#pragma once

#include "node/keys/keyfile.h"
#include "node/keys/signer.h"

#define SIGNER_PERSONAS 32 /* of which the key is kept */

enum signer_op {
	SIGNER_HELLO, /* answer: u8: memory locked */
	SIGNER_PUBLIC,
	SIGNER_SIGN,
	SIGNER_NOISE_KEY,
	SIGNER_RECEIVE_NEW,  /* bytes: wrap; answer: pub, sealed */
	SIGNER_RECEIVE_LOAD, /* bytes: wrap, sealed; answer: pub */
	SIGNER_RECEIVE_DROP, /* bytes: pub */
	SIGNER_SHARED,       /* bytes: pub, peer; answer: the secret */
	SIGNER_SHARED_ALL,   /* bytes: peer; answer: (pub, secret) ... */
	SIGNER_CLAIM_KEY,    /* bytes: tree; answer: its key */
	SIGNER_LOCK,         /* forget all that is secret */
	SIGNER_UNLOCK,       /* bytes: seed */
};

struct signer_request {
	uint32_t serial;
	uint16_t op;
	uint8_t domain, role;
	uint32_t persona;
	uint32_t n; /* of ${bytes}: as many are sent */
	uint8_t net_n;
	char net[SIGNER_NET_MAX];
	uint8_t bytes[SIGNER_BYTES_MAX];
};

struct signer_answer {
	uint32_t serial;
	int32_t error; /* err */
	uint32_t n;
	uint8_t bytes[SIGNER_KEYS_MAX * 2 * X25519_SIZE];
};

#define SIGNER_REQUEST_HEAD offsetof(struct signer_request, bytes)
#define SIGNER_ANSWER_HEAD  offsetof(struct signer_answer, bytes)

/** signer_child(fd, km): of the new process; wipes ${km}; never returns. */
_Noreturn void signer_child(int fd, struct key_material *km);
