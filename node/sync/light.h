/*
 * light.h: a node on a metered line. It subscribes to no topic and is
 * connected to nobody, but a few times a day: then it dials one peer it
 * knows, syncs its scope, says what it has to publish (to peers of the topic,
 * without subscribing: gossip calls it fanout), and hangs up.
 *
 * Its budget counts every byte of its connections, both ways, by days of
 * UTC. Each sync may use what is left but a reserve for the later ones of
 * the day, and ends a stream's window before, since so much may be under
 * way. What does not fit waits: revocations come first whatever happens,
 * then the newest: while it has not caught up it asks for the last day, then
 * the last week, the last month, and then for all.
 *
 * Multicast on the local network is not counted.
 */
#pragma once

#include "node/node.h"
#include "node/sync/sync.h"

struct light;

/** light_new(n): holds the host's dials; NULL: no memory. */
struct light *light_new(struct node *n);
void light_free(struct light *l);

/** light_tick(l): each second. */
void light_tick(struct light *l);

/** light_now(l): sync now, whatever the hour; ERR_LIMIT: nothing is left. */
NODISCARD err light_now(struct light *l);

/** light_event(l, ev): whom it has called is there, or is not. */
void light_event(struct light *l, const struct host_event *ev);

/** light_over(l, peer, why): a session of sync is over; as syncer_config. */
void light_over(struct light *l, const struct peer_id *peer, const char *why);

/** light_scope(l, scope): narrows it to what this session asks for. */
void light_scope(const struct light *l, struct scope *scope);

/** light_left(l): bytes that this sync may still use. */
uint64_t light_left(const struct light *l);

/** light_save(l): what was used today, in the vault. */
void light_save(struct light *l);

/** light_rests(l): between two syncs, with nobody connected. */
bool light_rests(const struct light *l);

/** light_json(l): for the status. */
json_t *light_json(const struct light *l);
