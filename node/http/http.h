/*
 * http.h: the local HTTP server: routes, JSON, deferred replies, events.
 * It hides libmicrohttpd, which runs inside the libuv loop without threads;
 * everything here is called from the loop's thread.
 *
 * One server listens on a Unix socket (mode 0600, the peer's uid must be ours
 * or root's) and, if asked, on one loopback TCP port (bearer token always,
 * Host allow-list). Methods other than GET need the header "X-OHCN: 1" and,
 * if there is an Origin, the same one (both listeners).
 *
 * Beside the owner there may be callers with a token of their own (both
 * listeners): each route names the scopes of which one is needed.
 *
 * Errors are RFC 9457 application/problem+json: type, title, status, code,
 * detail, hint, field.
 */
#pragma once

#include <jansson.h>

#include "proto/base/env.h"

#include "node/base/problem.h"

struct uv_loop_s;
struct http_server;
struct http_request;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE };

/*
 * A handler replies at once or returns without a reply and replies later
 * from the loop. It has to reply exactly once; until then the request is
 * valid, even if the client or the server has gone.
 */
typedef void http_handler(struct http_request *r, void *ctx);

enum http_route_flag {
	HTTP_OPEN = 1,      /* no token, no uid: for /healthz alone */
	HTTP_EVENTS = 2,    /* served by the server itself; handler is NULL */
	HTTP_NO_KEYS = 4,   /* not a GET, and yet signs and opens nothing */
	HTTP_ALL_OF_US = 8, /* of all personas: for no token of one alone */
};
/* The other bits of the flags: scopes; none: for the owner alone. */
#define HTTP_SCOPES (~0U << 8)

#define HTTP_CALLER_MAX 32 /* bytes of a caller's name */

/* Who asks. */
struct http_caller {
	char name[HTTP_CALLER_MAX + 1]; /* "": the owner */
	unsigned scopes;                /* of the owner: all */
	uint32_t only; /* 1 + the one persona that it speaks for; 0: any */
};

/* Who answers for tokens, events and scopes; all on the loop's thread. */
struct http_access {
	/* Whose token is that? false: nobody's (now). */
	bool (*authorise)(
	    void *ctx, const char *token, struct http_caller *caller);
	/* Something is to be changed; ${keys}: by the owner's keys, maybe.
	 * false: it has answered. NULL: all may. */
	bool (*may_act)(void *ctx, struct http_request *r, bool keys);
	/* A caller with a token got this answer; ${note} of http_note(). */
	void (*answered)(void *ctx, const struct http_caller *caller,
	    enum http_method method, const char *path, unsigned status,
	    const char *note);
	/* Any of these scopes hears of events of that type; 0: the owner. */
	unsigned (*of_event)(const char *type);
	/* "read or match" */
	void (*text)(
	    char *out, size_t cap, unsigned scopes, const char *between);
};

struct http_route {
	enum http_method method;
	const char *path; /* "/api/v1/records/{id}"; {x} is one segment */
	http_handler *handler;
	unsigned flags;
};

struct http_config {
	const char *socket_path; /* NULL: none */
	int port;                /* TCP; 0: none, -1: any free one */
	const char *bind;        /* NULL: 127.0.0.1; must be loopback */
	const char *token_path;  /* written 0640 when there is a port */
	const struct http_route *routes;
	size_t routes_n;
	void *ctx;                        /* to the handlers and ${access} */
	const struct http_access *access; /* NULL: the owner alone */
	const struct env *env;
	size_t body_max;            /* 0: 16 MiB */
	unsigned connections_max;   /* 0: 64 */
	unsigned event_clients_max; /* 0: 16 */
	unsigned event_ring;        /* 0: 1024 events kept for resumption */
	unsigned heartbeat_ms;      /* 0: 15000 */
};

/**
 * http_server_new(loop, cf, out, p):
 * Listen. ERR_EXISTS: the port is in use, or a node answers on the socket
 * (a dead socket file is removed); ERR_CONFIG: not a loopback address;
 * ERR_IO; ERR_NOMEM. ${cf} is copied, what it points at is not and stays.
 */
NODISCARD err http_server_new(struct uv_loop_s *loop,
    const struct http_config *cf, struct http_server **out, struct problem *p);

/**
 * http_server_stop(s):
 * Stop listening, end event streams, answer 503 to what is pending, close
 * the loop's handles. Requests that a handler still holds may be replied to
 * afterwards without effect. The memory goes with the last of them.
 */
void http_server_stop(struct http_server *s);

/** http_server_port(s): the TCP port, 0 if none. */
int http_server_port(const struct http_server *s);

/* Counters for /metrics. */
struct http_stats {
	uint64_t requests, refused, failed; /* refused 4xx, failed 5xx */
	uint32_t pending, event_clients;
	uint64_t events, event_gaps;
};
struct http_stats http_server_stats(const struct http_server *s);

/** http_caller_gone(s, name): its token counts no more: end its streams. */
void http_caller_gone(struct http_server *s, const char *name);

/* What was asked. All is borrowed until the reply. */
const struct http_caller *http_caller(const struct http_request *r);
/** http_may(r, scope): has the caller any of these scopes? The owner has. */
bool http_may(const struct http_request *r, unsigned scopes);
/** http_need(r, scopes): the same; false: answered with 403. */
NODISCARD bool http_need(struct http_request *r, unsigned scopes);
/** http_note(r, fmt, ...): what a log of calls says beside the path. */
void http_note(struct http_request *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
const char *http_path(const struct http_request *r);
/** http_param(r, "id"): the segment of the path, decoded; NULL if none. */
const char *http_param(const struct http_request *r, const char *name);
/** http_query(r, name): NULL if absent, "" if without a value. */
const char *http_query(const struct http_request *r, const char *name);
const char *http_header(const struct http_request *r, const char *name);
struct slice http_body(const struct http_request *r);

/**
 * http_query_uint(r, name, def, max, out):
 * A whole number; ${def} if absent. false: it was no number or over ${max},
 * and the request has been answered with 400.
 */
NODISCARD bool http_query_uint(struct http_request *r, const char *name,
    uint64_t def, uint64_t max, uint64_t *out);

/**
 * http_query_range(r, name, min, def, max, out): the same from ${min} on;
 * ${def} need not lie in between.
 */
NODISCARD bool http_query_range(struct http_request *r, const char *name,
    uint64_t min, uint64_t def, uint64_t max, uint64_t *out);

/**
 * http_json(r): the body as a JSON object, the caller's reference. NULL: it
 * was none, and the request has been answered with 400.
 */
NODISCARD json_t *http_json(struct http_request *r);

/** http_reply(r, status, body): takes over the reference to ${body}. */
void http_reply(struct http_request *r, unsigned status, json_t *body);

/** http_reply_bytes(r, status, type, bytes): copied. */
void http_reply_bytes(struct http_request *r, unsigned status,
    const char *content_type, struct slice bytes);

/*
 * pull() fills up to ${cap} bytes and says how many; 0 is the end, below 0 a
 * failure, which cuts the connection, but HTTP_STREAM_WAIT: nothing yet, it
 * is called again after http_stream_wake(). close() is called once at the
 * end.
 */
#define HTTP_STREAM_WAIT INT64_MIN

struct http_waiting;
struct http_stream {
	int64_t (*pull)(void *ctx, uint8_t *out, size_t cap);
	void (*close)(void *ctx);
	void *ctx;
	/* NULL, or set before the first pull(), good until close(). */
	struct http_waiting **waiting;
};

/** http_stream_wake(w): there is more, or the end; from the loop. */
void http_stream_wake(struct http_waiting *w);

/** http_reply_stream(r, status, type, stream): pulled from the loop. */
void http_reply_stream(struct http_request *r, unsigned status,
    const char *content_type, const struct http_stream *stream);

/**
 * http_fail(r, status, code, field, hint, fmt, ...):
 * A problem. ${code} as "E2103"; ${field} and ${hint} may be NULL.
 */
void http_fail(struct http_request *r, unsigned status, const char *code,
    const char *field, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));

/** http_fail_err(r, e, fmt, ...): the same, status and code from ${e}. */
void http_fail_err(struct http_request *r, err e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * http_events_publish(s, type, data):
 * One event to all listeners and into the ring; takes the reference. ${type}
 * is a constant of letters. A listener that fell out of the ring gets a
 * "gap" event with {"from","to"} first.
 */
void http_events_publish(struct http_server *s, const char *type, json_t *data);

/* Which tokens hear of something. */
struct http_event_for {
	unsigned scopes; /* any of these, whatever the type */
	uint32_t only; /* 1 + the persona it is of: not those of others; or 0 */
	bool knew;     /* those were told before: now the others are */
};

/**
 * http_events_publish_to(s, type, to, data, open):
 * The same, of tokens to those in ${to} alone; all others that may hear of the
 * type get ${open} instead, or, where it is NULL, nothing. Takes both
 * references.
 */
void http_events_publish_to(struct http_server *s, const char *type,
    const struct http_event_for *to, json_t *data, json_t *open);

/**
 * http_events_publish_later(s, type, make, what, n):
 * The same for what happens often: ${what}, of ${n} <= HTTP_EVENT_WHAT bytes,
 * is copied, and ${make} makes the data of it when a listener is to have it.
 */
#define HTTP_EVENT_WHAT 96
typedef json_t *http_event_make(const void *what);
void http_events_publish_later(struct http_server *s, const char *type,
    http_event_make *make, const void *what, size_t n);
