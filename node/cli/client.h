/*
 * client.h: the command line's side of the local API, by libcurl, over the
 * Unix socket or over --api URL with the token. No redirects, no proxies.
 */
#pragma once

#include <jansson.h>

#include "node/base/paths.h"

struct client;

/**
 * client_new(paths, api, out, p):
 * ${api} NULL: the socket of ${paths}, with the token of $OHCN_TOKEN_FILE if
 * that is set; else "http://127.0.0.1:4142" and the
 * token of $OHCN_TOKEN_FILE or ${paths}. ERR_AUTH: no token can be read.
 */
NODISCARD err client_new(const struct paths *paths, const char *api,
    struct client **out, struct problem *p);
void client_free(struct client *c);

/** client_flags(c, is_flag, ctx): which fields were given by a flag. */
void client_flags(struct client *c,
    bool (*is_flag)(const void *ctx, const char *name), const void *ctx);

/** client_persona(c, name): every call is as that persona; borrowed. */
void client_persona(struct client *c, const char *name);

/** client_timeout(c, s): of a whole call; 0: none. 120 s at first. */
void client_timeout(struct client *c, unsigned seconds);

/**
 * client_call(c, method, path, body, reply, p):
 * One JSON call; takes the reference to ${body} (NULL: none). ${reply} is
 * the caller's reference. ERR_IO: no node answers; ERR_AUTH; ERR_NOTFOUND;
 * ERR_EXISTS; ERR_FORM (4xx); ERR_CLOSED (5xx); ${p} says it in the words of
 * the node.
 */
NODISCARD err client_call(struct client *c, const char *method,
    const char *path, json_t *body, json_t **reply, struct problem *p);

/** client_upload(...): the body is bytes of ${type} from memory. */
NODISCARD err client_upload(struct client *c, const char *path,
    const char *type, struct slice body, json_t **reply, struct problem *p);

/* Told now and then how many bytes have come. */
typedef void client_progress(void *ctx, uint64_t bytes);

/** client_on_progress(c, fn, ctx): of downloads; NULL: nobody. */
void client_on_progress(struct client *c, client_progress *fn, void *ctx);

/** client_download(...): GET into a file; ${n} gets the bytes. */
NODISCARD err client_download(struct client *c, const char *path, FILE *to,
    uint64_t *n, struct problem *p);

/* false ends the stream without an error. */
typedef bool client_event(
    void *ctx, const char *id, const char *type, const char *data);

/** client_events(...): read a stream of events until it ends. */
NODISCARD err client_events(struct client *c, const char *path,
    client_event *on_event, void *ctx, struct problem *p);

/** url_escape(out, cap, text): percent-encode what is not unreserved. */
NODISCARD err url_escape(char *out, size_t cap, const char *text);
