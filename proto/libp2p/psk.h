/*
 * psk.h: private networks by a pre-shared key. Each side of a byte stream
 * first sends 24 random bytes and from then on XORs what it says with the
 * XSalsa20 stream of that nonce and the network's key. Who lacks the key
 * sees noise and can say nothing that is understood.
 *
 * It keeps strangers out and proves nothing: Noise within still says who the
 * peer is, and guards every byte. Works on the bytes of one conn, whatever
 * carries them: TCP, WebSocket, a relay's circuit.
 *
 * Spec: github.com/libp2p/specs, pnet/Private-Networks-PSK-V1.md.
 */
#pragma once

#include "crypto/crypto.h"
#include "proto/base/base.h"

#define PSK_SIZE             SALSA20_KEY
#define PSK_NONCE            XSALSA20_NONCE
#define PSK_FILE_MAX         1024 /* bytes of a key file that are looked at */
#define PSK_FINGERPRINT      16
#define PSK_FINGERPRINT_TEXT 33

/**
 * psk_file_get(file, key, why):
 * A key file as go and js have it: "/key/swarm/psk/1.0.0/", a line with
 * "/base16/", "/base64/" or "/bin/", then the 32 bytes in that form. Lines may
 * end with CR LF, the last one with nothing. ERR_FORM: ${why} gets a static
 * text, and ${key} is zeroed. The caller wipes both file and key.
 */
NODISCARD err psk_file_get(
    struct slice file, uint8_t key[PSK_SIZE], const char **why);

/** psk_file_put(out, key): append a key file in base16; ERR_MORE. */
NODISCARD err psk_file_put(struct buf *out, const uint8_t key[PSK_SIZE]);

/**
 * psk_fingerprint(out, key): as kubo prints it at start ("Swarm key
 * fingerprint"), in hex; names a key without telling it.
 */
void psk_fingerprint(
    char out[PSK_FINGERPRINT_TEXT], const uint8_t key[PSK_SIZE]);

/* One direction. */
struct psk_stream {
	bool begun; /* the nonce is known, and has passed */
	uint8_t nonce_n;
	uint8_t nonce[PSK_NONCE];
	uint8_t key[SALSA20_KEY]; /* of this nonce; a secret */
	uint64_t at;              /* bytes so far, without the nonce */
};

/**
 * psk_begin(s, key, nonce): to send: ${nonce} goes out first and as it is.
 */
void psk_begin(struct psk_stream *s, const uint8_t key[PSK_SIZE],
    const uint8_t nonce[PSK_NONCE]);

/**
 * psk_nonce_recv(s, key, in): to receive: take the nonce off the front of
 * ${in}. ERR_MORE: ${in} is used up and it is not whole yet.
 */
NODISCARD err psk_nonce_recv(
    struct psk_stream *s, const uint8_t key[PSK_SIZE], struct slice *in);

/**
 * psk_xor(s, out, in, n): the next ${n} bytes, without moving on, so that it
 * can be done again; psk_advance() moves on. ${out} may be ${in}.
 */
void psk_xor(
    const struct psk_stream *s, uint8_t *out, const uint8_t *in, size_t n);

static inline void
psk_advance(struct psk_stream *s, size_t n)
{
	s->at += n;
}

void psk_wipe(struct psk_stream *s);
