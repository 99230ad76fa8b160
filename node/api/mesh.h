/*
 * api/mesh.h: what the two explanations share, peer_explain.c and
 * topic_explain.c: small pieces of JSON, and sentences with reasons.
 */
#pragma once

#include "node/api/parts.h"

/* Sentences for people: why it is so, and what to try. */
struct reasons {
	json_t *why, *try;
};

/** mesh_now(n): the clock that times of host.h go by. */
static inline uint64_t
mesh_now(const struct node *n)
{
	return n->env.mono_ms(n->env.ctx);
}

/** mesh_points(o, key, v): thousandths of a point as points. */
void mesh_points(json_t *o, const char *key, int64_t thousandths);
void mesh_string(json_t *o, const char *key, const char *text);
void mesh_peer(json_t *o, const struct peer_id *id);
/** mesh_agent(o, agent): what a stranger calls itself, if it is clean. */
void mesh_agent(json_t *o, const char *agent);
/** mesh_backoff(o, until, now): "backoff_s", rounded up; 0: none. */
void mesh_backoff(json_t *o, uint64_t until_ms, uint64_t now_ms);
/** mesh_say(list, fmt, ...): one more sentence, unless it is there. */
void mesh_say(json_t *list, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/** mesh_standing(s): its name in the API. */
const char *mesh_standing(enum gossip_standing s);
