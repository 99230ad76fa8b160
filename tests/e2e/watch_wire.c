/*
 * watch_wire.c: a preload library that notes what a process says to its peers
 * before Noise seals it: each call of the cipher, in the file that
 * OHCN_TEST_DIALS names, as
 *
 *   key 8 bytes of it | nonce u64le | bytes of associated data u32le
 *   | n u32le | n bytes
 *
 * Nothing is held back. The node's own files are sealed by the same function,
 * with associated data; a Noise transport has none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

typedef unsigned char byte;
typedef unsigned long long number;

int crypto_aead_chacha20poly1305_ietf_encrypt(byte *c, number *c_n,
    const byte *m, number m_n, const byte *ad, number ad_n, const byte *nsec,
    const byte *nonce, const byte *key);

static void
note(const byte *m, number m_n, number ad_n, const byte *nonce, const byte *key)
{
	const char *path = getenv("OHCN_TEST_DIALS");
	byte head[24];
	const uint32_t sizes[2] = { (uint32_t)ad_n, (uint32_t)m_n };
	const struct iovec all[2] = { { head, sizeof(head) },
		{ (void *)(uintptr_t)m, (size_t)m_n } };
	const int fd =
	    path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (fd < 0)
		return;
	memcpy(head, key, 8);
	memcpy(head + 8, nonce + 4, 8);
	memcpy(head + 16, sizes, 8);
	if (writev(fd, all, 2) != (ssize_t)(sizeof(head) + m_n))
		abort();
	close(fd);
}

int
crypto_aead_chacha20poly1305_ietf_encrypt(byte *c, number *c_n, const byte *m,
    number m_n, const byte *ad, number ad_n, const byte *nsec,
    const byte *nonce, const byte *key)
{
	int (*next)(byte *, number *, const byte *, number, const byte *,
	    number, const byte *, const byte *, const byte *);

	*(void **)&next =
	    dlsym(RTLD_NEXT, "crypto_aead_chacha20poly1305_ietf_encrypt");
	if (ad_n == 0 || ad_n == 32) /* transport, handshake */
		note(m, m_n, ad_n, nonce, key);
	return next(c, c_n, m, m_n, ad, ad_n, nsec, nonce, key);
}
