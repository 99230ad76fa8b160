#define _GNU_SOURCE /* O_CLOEXEC */
#include "node/keys/erase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/secret.h"

struct eraser {
	int fd;
	uint8_t (*keys)[ERASE_KEY]; /* zeros: free */
};

static const uint8_t none[ERASE_KEY];

#define FILE_BYTES ((size_t)ERASE_SLOTS * ERASE_KEY)

static err
write_slot(struct eraser *e, uint32_t slot)
{
	const off_t at = (off_t)slot * ERASE_KEY;

	if (pwrite(e->fd, e->keys[slot], ERASE_KEY, at) != ERASE_KEY ||
	    fdatasync(e->fd) != 0)
		return ERR_IO;
	return OK;
}

static err
load(struct eraser *e)
{
	const ssize_t got = pread(e->fd, e->keys, FILE_BYTES, 0);

	if (got < 0)
		return ERR_IO;
	if ((size_t)got == FILE_BYTES)
		return OK;
	if (got != 0)
		return ERR_CORRUPT;
	/* new: its blocks are taken now, so that erasing needs no room */
	if (pwrite(e->fd, e->keys, FILE_BYTES, 0) != (ssize_t)FILE_BYTES ||
	    fsync(e->fd) != 0)
		return ERR_IO;
	return OK;
}

err
eraser_open(const char *path, struct eraser **out, struct problem *p)
{
	struct eraser *e = calloc(1, sizeof(*e));
	bool locked;
	err bad = ERR_IO;

	if (e == NULL)
		return ERR_NOMEM;
	e->keys = secret_alloc(FILE_BYTES, &locked);
	if (e->keys == NULL) {
		free(e);
		return ERR_NOMEM;
	}
	e->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (e->fd >= 0)
		bad = load(e);
	if (bad != OK) {
		problem_set(p, problem_exit(bad), "E1322",
		    "cannot use the file of keys to erase, %s", path);
		problem_why(p, "%s",
		    bad == ERR_CORRUPT ? "it is cut short" : strerror(errno));
		eraser_close(e);
		return bad;
	}
	*out = e;
	return OK;
}

void
eraser_close(struct eraser *e)
{
	if (e == NULL)
		return;
	if (e->fd >= 0)
		(void)close(e->fd);
	secret_free(e->keys);
	free(e);
}

err
eraser_new(struct eraser *e, uint32_t *slot, uint8_t key[ERASE_KEY])
{
	for (uint32_t i = 0; i < ERASE_SLOTS; i++) {
		if (memcmp(e->keys[i], none, ERASE_KEY) != 0)
			continue;
		crypto_random(e->keys[i], ERASE_KEY);
		const err bad = write_slot(e, i);
		if (bad != OK) {
			crypto_wipe(e->keys[i], ERASE_KEY);
			return bad;
		}
		memcpy(key, e->keys[i], ERASE_KEY);
		*slot = i;
		return OK;
	}
	return ERR_LIMIT;
}

err
eraser_get(const struct eraser *e, uint32_t slot, uint8_t key[ERASE_KEY])
{
	if (slot >= ERASE_SLOTS || memcmp(e->keys[slot], none, ERASE_KEY) == 0)
		return ERR_NOTFOUND;
	memcpy(key, e->keys[slot], ERASE_KEY);
	return OK;
}

err
eraser_wipe(struct eraser *e, uint32_t slot)
{
	if (slot >= ERASE_SLOTS || memcmp(e->keys[slot], none, ERASE_KEY) == 0)
		return OK;
	crypto_wipe(e->keys[slot], ERASE_KEY);
	return write_slot(e, slot);
}
