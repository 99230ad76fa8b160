/*
 * socks5.h: the client's side of SOCKS 5: asks a proxy (Tor's, an ssh -D) to
 * connect to a name or an address, after which the stream is the peer's. Names
 * go to the proxy as they are: nothing is looked up here.
 *
 * All of it fits in the struct: a reply is at most 262 bytes.
 * Spec: RFC 1928 (CONNECT alone), RFC 1929 (user and password).
 */
#pragma once

#include "proto/base/base.h"

#define SOCKS5_NAME_MAX 255 /* also of user and password */
#define SOCKS5_OUT_MAX  (16 + 3 * SOCKS5_NAME_MAX)

/* Whom to reach, and as whom. Strings are copied. */
struct socks5_target {
	/* A host name, or NULL for an address. */
	const char *name;
	bool v6;
	uint8_t ip[16]; /* the first 4 for IPv4 */
	uint16_t port;
	/* Both or neither; 1..255 bytes each. Tor gives each pair of them
	 * circuits of its own (IsolateSOCKSAuth). */
	const char *user, *password;
	/* They are for keeping circuits apart alone: a proxy that wants none
	 * is fine. Tor takes them when it may choose. */
	bool password_optional;
};

struct socks5 {
	enum {
		SOCKS5_METHOD, /* waits for the choice of a method */
		SOCKS5_AUTH,   /* for the answer to the password */
		SOCKS5_REPLY,  /* for the answer to CONNECT */
		SOCKS5_OPEN,
		SOCKS5_FAILED
	} state;
	const char *why; /* FAILED: static text for people */
	bool v6, has_name, has_user, password_optional;
	uint8_t ip[16];
	uint16_t port;
	uint8_t name_n, user_n, password_n;
	uint8_t name[SOCKS5_NAME_MAX];
	uint8_t user[SOCKS5_NAME_MAX], password[SOCKS5_NAME_MAX];
	uint8_t in[7 + SOCKS5_NAME_MAX]; /* a reply in pieces */
	uint16_t in_n;
	uint8_t out[SOCKS5_OUT_MAX];
	uint16_t out_n;
};

/**
 * socks5_init(s, target): ready to send the greeting. ERR_FORM: a name, user
 * or password of 0 or over 255 bytes, or one of the two alone.
 */
NODISCARD err socks5_init(struct socks5 *s, const struct socks5_target *target);

/**
 * socks5_recv(s, in):
 * Take what belongs to SOCKS; what follows is the peer's and stays in ${in}.
 * OK: connected; ERR_MORE: not yet; ERR_PEER: not SOCKS 5; ERR_AUTH: user and
 * password are refused; ERR_CLOSED: the proxy could not connect. s->why says
 * more; an error is final.
 */
NODISCARD err socks5_recv(struct socks5 *s, struct slice *in);

/** socks5_send(s, out): append what waits for the proxy, as fits. */
void socks5_send(struct socks5 *s, struct buf *out);

void socks5_wipe(struct socks5 *s);
