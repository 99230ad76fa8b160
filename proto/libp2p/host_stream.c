#include "proto/libp2p/host_internal.h"

/* The streams of services are not the application's to touch. */
static struct host_link *
link_of(const struct host *h, struct host_stream s)
{
	struct host_link *l = host_link_find(h, s.conn);

	if (l == NULL || l->closing || host_service_find(l, s.stream) != NULL)
		return NULL;
	return l;
}

static bool
may_run_limited(const struct host *h, const char *protocol)
{
	for (size_t i = 0; i < h->protocols_n; i++)
		if (strcmp(h->protocols[i], protocol) == 0)
			return host_runs_limited(h, i);
	return false;
}

err
host_stream_open_on(struct host *h, host_conn conn, const char *protocol,
    uint64_t now_ms, struct host_stream *out)
{
	struct host_link *l = host_link_find(h, conn);

	if (l == NULL || l->closing || l->peer == NULL)
		return ERR_NOTFOUND;
	TRY(conn_stream_open(l->c, protocol, now_ms, &out->stream));
	out->conn = conn;
	host_touch(l);
	return OK;
}

err
host_stream_open(struct host *h, const struct peer_id *peer,
    const char *protocol, uint64_t now_ms, struct host_stream *out)
{
	struct host_peer *p = host_peer_lookup(h, peer);
	const bool anywhere = p != NULL && host_peer_link(p) == NULL &&
			      may_run_limited(h, protocol);
	err e = ERR_NOTFOUND;

	for (struct host_link *l = p == NULL ? NULL : p->links; l != NULL;
	     l = l->sibling) {
		if (l->limited && !anywhere)
			continue;
		e = conn_stream_open(l->c, protocol, now_ms, &out->stream);
		if (e != OK)
			continue;
		out->conn = l->id;
		host_touch(l);
		return OK;
	}
	return e;
}

err
host_stream_write(
    struct host *h, struct host_stream s, struct slice in, size_t *taken)
{
	struct host_link *l = link_of(h, s);

	*taken = 0;
	if (l == NULL)
		return ERR_NOTFOUND;
	TRY(conn_stream_write(l->c, s.stream, in, taken));
	host_touch(l);
	return OK;
}

struct slice
host_stream_read(struct host *h, struct host_stream s)
{
	const struct host_link *l = link_of(h, s);

	return l == NULL ? slice_of(NULL, 0) : conn_stream_read(l->c, s.stream);
}

void
host_stream_consume(struct host *h, struct host_stream s, size_t n)
{
	struct host_link *l = link_of(h, s);

	if (l == NULL)
		return;
	conn_stream_consume(l->c, s.stream, n);
	host_drain(l, h->env->mono_ms(h->env->ctx));
}

bool
host_stream_ended(struct host *h, struct host_stream s)
{
	const struct host_link *l = link_of(h, s);

	return l == NULL || conn_stream_ended(l->c, s.stream);
}

void
host_stream_close(struct host *h, struct host_stream s)
{
	struct host_link *l = link_of(h, s);

	if (l == NULL)
		return;
	conn_stream_close(l->c, s.stream);
	host_touch(l);
}

void
host_stream_reset(struct host *h, struct host_stream s)
{
	struct host_link *l = link_of(h, s);

	if (l == NULL)
		return;
	conn_stream_reset(l->c, s.stream);
	host_app_closed(l, s.stream);
	host_touch(l);
}
