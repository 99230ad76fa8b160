#include "proto/base/base.h"

#include <stdio.h>
#include <stdlib.h>

void
assert_failed(const char *what, const char *file, int line)
{
	(void)fprintf(
	    stderr, "%s:%d: assertion failed: %s\n", file, line, what);
	abort();
}

const char *
err_name(err e)
{
	switch (e) {
	case OK:
		return "ok";
	case ERR_MORE:
		return "more";
	case ERR_PEER:
		return "peer";
	case ERR_AUTH:
		return "auth";
	case ERR_LIMIT:
		return "limit";
	case ERR_NOTFOUND:
		return "notfound";
	case ERR_EXISTS:
		return "exists";
	case ERR_CLOSED:
		return "closed";
	case ERR_CONFIG:
		return "config";
	case ERR_IO:
		return "io";
	case ERR_CORRUPT:
		return "corrupt";
	case ERR_NOMEM:
		return "nomem";
	case ERR_FORM:
		return "form";
	}
	return "unknown";
}

int
slice_cmp(struct slice a, struct slice b)
{
	const size_t n = MIN(a.n, b.n);
	const int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (c != 0)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

err
buf_put(struct buf *b, const void *p, size_t n)
{
	ASSERT(b->n <= b->cap);
	if (n > b->cap - b->n)
		return ERR_MORE;
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	return OK;
}

err
buf_put_u8(struct buf *b, uint8_t v)
{
	return buf_put(b, &v, 1);
}
