#include "proto/libp2p/ping.h"

void
ping_start(struct ping *p, const struct env *env, uint64_t now_ms)
{
	*p = (struct ping){ .sent_ms = now_ms };
	env->random(env->ctx, p->bytes, sizeof(p->bytes));
}

err
ping_recv(struct ping *p, uint64_t now_ms, struct slice *in, uint32_t *rtt_ms)
{
	const size_t n = MIN(in->n, (size_t)(PING_BYTES - p->got));

	if (n > 0 && memcmp(in->p, p->bytes + p->got, n) != 0)
		return ERR_PEER;
	p->got += (uint32_t)n;
	slice_skip(in, n);
	if (p->got < PING_BYTES)
		return ERR_MORE;
	const uint64_t ms = now_ms - MIN(now_ms, p->sent_ms);
	*rtt_ms = (uint32_t)MIN(ms, (uint64_t)UINT32_MAX - 1);
	return OK;
}
