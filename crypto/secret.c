#include "crypto/secret.h"

#include <sodium.h>
#include <string.h>

void *
secret_alloc(size_t n, bool *locked)
{
	void *p = sodium_malloc(n);

	if (p == NULL)
		return NULL;
	memset(p, 0, n);
	/* sodium_malloc() locks too, but does not say whether it could. */
	*locked = sodium_mlock(p, n) == 0;
	return p;
}

void
secret_free(void *p)
{
	sodium_free(p);
}

bool
secret_lock(void *p, size_t n)
{
	return sodium_mlock(p, n) == 0;
}

void
secret_unlock(void *p, size_t n)
{
	(void)sodium_munlock(p, n);
	sodium_memzero(p, n);
}
