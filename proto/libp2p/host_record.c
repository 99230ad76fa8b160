#include "proto/libp2p/host_internal.h"
#include "proto/libp2p/peer_record.h"

/*
 * Our own record, made anew when our addresses have changed. The number is
 * the wall clock's, so that it is larger after a restart, and never less
 * than the last one plus one, should that clock be set back.
 */
void
host_own_record(struct host *h)
{
	struct slice addrs[HOST_ADDRS_MAX];
	struct buf out = { h->record, 0, sizeof(h->record) };

	for (uint32_t i = 0; i < h->listens; i++)
		addrs[i] = slice_of(h->listen[i], h->listen_n[i]);
	h->record_seq = MAX(h->record_seq + 1, h->env->wall_s(h->env->ctx));
	h->record_n = 0;
	if (h->listens > 0 && peer_record_seal(&out, h->secret, h->record_seq,
				  addrs, h->listens) == OK)
		h->record_n = out.n;
}

struct slice
host_peer_record(struct host *h, const struct peer_id *id)
{
	const struct known_peer *p = peer_store_find(h->known, id);

	if (peer_id_eq(id, &h->self))
		return slice_of(h->record, h->record_n);
	return p == NULL ? slice_of(NULL, 0) : slice_of(p->record, p->record_n);
}

/* Its addresses, and the record itself when it is the newest. */
static err
take_record(struct host *h, const struct peer_id *teller,
    const struct peer_record *r, struct slice envelope, enum peer_source source,
    uint64_t now_ms)
{
	err e = ERR_NOTFOUND;
	struct known_peer *p = peer_store_find(h->known, &r->id);

	if (p != NULL && p->record != NULL && r->seq <= p->record_seq)
		return ERR_EXISTS;
	for (uint32_t i = 0; i < r->addrs_n; i++) {
		const err one = host_peer_told(
		    h, teller, &r->id, r->addrs[i], source, now_ms);
		/* What only its own LAN can dial is no fault of the record. */
		if (one == OK || (e == ERR_NOTFOUND && one != ERR_AUTH))
			e = one;
	}
	p = peer_store_find(h->known, &r->id);
	if (p == NULL)
		return e == ERR_LIMIT ? e : OK; /* none that we may dial */
	return peer_store_record(h->known, p, r->seq, envelope);
}

err
host_peer_record_add(struct host *h, const struct peer_id *teller,
    struct slice envelope, enum peer_source source, uint64_t now_ms,
    struct peer_id *id)
{
	struct peer_record r;
	uint8_t *room = mem_alloc(&h->mem, ENVELOPE_ROOM);

	if (room == NULL)
		return ERR_LIMIT;
	err e = peer_record_open(envelope, room, &r);
	if (e == OK && id != NULL)
		*id = r.id;
	if (e == OK && peer_id_eq(&r.id, &h->self))
		e = ERR_EXISTS;
	if (e == OK)
		e = take_record(h, teller, &r, envelope, source, now_ms);
	mem_free(&h->mem, room, ENVELOPE_ROOM);
	return e;
}
