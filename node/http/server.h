/*
 * http/server.h: what the three parts of the HTTP server share: the server
 * (http/server.c), requests (http/request.c) and events (http/events.c).
 * Nobody else includes it; http.h is for the others.
 */
#pragma once

#include <microhttpd.h>
#include <uv.h>

#include "node/http/http.h"

#define HTTP_PARAMS_MAX 4
#define HTTP_PARAM_MAX  256
#define HTTP_TOKEN_HEX  64

struct http_listener {
	struct http_server *server;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	bool is_unix;
	bool polling; /* handles are initialised */
	bool running; /* inside MHD_run() */
};

struct event {
	uint64_t id;
	char type[16];
	struct http_event_for to;
	char *data;
	char *open; /* for tokens that are not in ${to}; NULL: nothing */
	http_event_make *make; /* of ${what}, when first sent; or NULL */
	_Alignas(8) uint8_t what[HTTP_EVENT_WHAT];
};

struct event_client {
	struct event_client *next;
	struct http_server *server;
	struct http_listener *listener;
	struct MHD_Connection *conn;
	uint64_t next_id; /* the next one this client has not seen */
	char types[128];  /* ",record,peer,"; "": all */
	struct http_caller caller;
	char *out; /* formatted, not yet sent */
	size_t out_at, out_n;
	bool beat, suspended, ended;
};

/* A stream of bytes that is being sent. */
struct http_waiting {
	struct http_waiting *next;
	struct http_stream stream;
	struct http_server *server;
	struct http_listener *listener;
	struct MHD_Connection *conn;
	struct http_caller caller;
	bool suspended, ended;
};

struct http_server {
	uv_loop_t *loop;
	struct http_config cf;
	char *socket_path; /* to be removed at the end */
	char token[HTTP_TOKEN_HEX + 1];
	struct http_listener listeners[2];
	size_t listeners_n;
	int port;
	bool v6;
	uv_timer_t heartbeat;
	bool beating; /* the handle is initialised */
	unsigned handles;
	struct http_request *requests;
	struct http_waiting *streams;
	bool stopping, stop_wanted;
	struct http_stats stats;
	/* events: a ring, ids without holes */
	struct event *ring;
	uint64_t first_id, next_id; /* [first, next) are held */
	struct event_client *event_clients;
};

struct http_request {
	struct http_request *next;
	struct http_server *server;
	struct http_listener *listener;
	struct MHD_Connection *conn; /* NULL: the client has gone */
	const struct http_route *route;
	struct http_caller caller;
	char note[96]; /* http_note() */
	enum http_method method;
	char *path;
	struct {
		const char *name; /* in the route */
		size_t name_n;
		char value[HTTP_PARAM_MAX];
	} params[HTTP_PARAMS_MAX];
	size_t params_n;
	uint8_t *body;
	size_t body_n, body_cap;
	uint64_t dropped; /* bytes of a refused body */
	struct MHD_Response *response;
	unsigned status;
	bool called, replied, suspended;
};

/** http_kick(l): run the daemon soon, from the loop. */
void http_kick(struct http_listener *l);

/** http_release(s): free a stopped server that nobody holds any more. */
void http_release(struct http_server *s);

/* libmicrohttpd's callbacks; ${ctx} is the listener. */
enum MHD_Result http_on_request(void *ctx, struct MHD_Connection *conn,
    const char *url, const char *method, const char *version,
    const char *upload, size_t *upload_n, void **state);
void http_on_completed(void *ctx, struct MHD_Connection *conn, void **state,
    enum MHD_RequestTerminationCode code);

/** http_headers(response): what every reply carries. */
void http_headers(struct MHD_Response *response);

/** http_streams_end(s): every stream of bytes is cut. */
void http_streams_end(struct http_server *s);

/** http_events_start(r): answer ${r} with a stream of events, or refuse. */
void http_events_start(struct http_request *r);
/** http_events_beat(s): a comment to every client. */
void http_events_beat(struct http_server *s);
/** http_events_drop(s, name): the streams of that caller end. */
void http_events_drop(struct http_server *s, const char *name);
/** http_events_end(s): every stream ends at its next turn. */
void http_events_end(struct http_server *s);
NODISCARD err http_events_init(struct http_server *s);
void http_events_fini(struct http_server *s);
