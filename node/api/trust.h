/*
 * api/trust.h: what the handlers about trust and Learnability share: a task
 * that has a view of them (node/trust/view.h).
 */
#pragma once

#include "node/api/parts.h"
#include "node/trust/keeper.h"

/** trust_task(n, r, run, input): task_start() with a view; takes ${input}. */
void trust_task(
    struct node *n, struct http_request *r, task_run *run, json_t *input);

/** trust_task_view(t): on the worker; to be given back by
 * trust_task_end(t). NULL: task_fail() was called. */
const struct trust_view *trust_task_view(struct task *t);
void trust_task_end(struct task *t);

/** trust_task_key(t, key): the did:key that is "key" of its input. */
void trust_task_key(const struct task *t, uint8_t key[ED25519_PUBLIC]);

/**
 * key_asked(n, r, field, text, key):
 * A did:key, or "me": the persona that is asked for. false: answered.
 */
bool key_asked(struct node *n, struct http_request *r, const char *field,
    const char *text, uint8_t key[ED25519_PUBLIC]);

/** json_share(o, key, v): of 65536, as it is; and in thousandths as
 * "${key}_permille". */
void json_share(json_t *o, const char *key, uint64_t v);

/** trust_inbox_json(n): the rules of the inbox, and what they dropped. */
json_t *trust_inbox_json(const struct node *n);

/** party_name(t, rd, key): what the organisation of that key calls itself; a
 * new string or null. */
json_t *party_name(
    struct task *t, struct reader *rd, const uint8_t key[ED25519_PUBLIC]);
