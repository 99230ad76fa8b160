/*
 * http/request.c: one request: who may ask, which route, its body, its reply.
 */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "node/http/server.h"
#include "proto/base/text.h"

/* Replies */

void
http_headers(struct MHD_Response *response)
{
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
}

static void
request_free(struct http_request *r)
{
	struct http_server *s = r->server;
	struct http_request **at = &s->requests;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (r->response != NULL)
		MHD_destroy_response(r->response);
	free(r->body);
	free(r->path);
	free(r);
}

/* Takes the response; a request whose client has gone ends here. */
static void
reply(struct http_request *r, unsigned status, struct MHD_Response *response,
    const char *type)
{
	struct http_server *s = r->server;

	ASSERT(!r->replied);
	r->replied = true;
	r->status = status;
	if (r->caller.name[0] != '\0')
		s->cf.access->answered(
		    s->cf.ctx, &r->caller, r->method, r->path, status, r->note);
	if (r->conn == NULL) {
		if (response != NULL)
			MHD_destroy_response(response);
		request_free(r);
		http_release(s);
		return;
	}
	if (response != NULL) {
		if (type != NULL)
			MHD_add_response_header(
			    response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
		http_headers(response);
	}
	r->response = response; /* NULL: out of memory, connection is cut */
	if (r->suspended) {
		r->suspended = false;
		s->stats.pending--;
		MHD_resume_connection(r->conn);
		http_kick(r->listener);
	}
}

static struct MHD_Response *
response_of_json(json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT | JSON_PRESERVE_ORDER);

	json_decref(body);
	if (text == NULL)
		return NULL;
	return MHD_create_response_from_buffer(
	    strlen(text), text, MHD_RESPMEM_MUST_FREE);
}

void
http_reply(struct http_request *r, unsigned status, json_t *body)
{
	reply(r, status, response_of_json(body), "application/json");
}

void
http_reply_bytes(struct http_request *r, unsigned status,
    const char *content_type, struct slice bytes)
{
	static uint8_t nothing[1];

	reply(r, status,
	    MHD_create_response_from_buffer(bytes.n,
		bytes.n == 0 ? nothing : (void *)(uintptr_t)bytes.p,
		MHD_RESPMEM_MUST_COPY),
	    content_type);
}

static ssize_t
stream_read(void *ctx, uint64_t pos, char *out, size_t max)
{
	struct http_waiting *w = ctx;

	(void)pos;
	if (w->ended)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	const int64_t n = w->stream.pull(w->stream.ctx, (uint8_t *)out, max);
	if (n == HTTP_STREAM_WAIT) {
		w->suspended = true;
		MHD_suspend_connection(w->conn);
		return 0;
	}
	if (n == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return n < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)n;
}

static void
stream_close(void *ctx)
{
	struct http_waiting *w = ctx, **at = &w->server->streams;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (w->stream.close != NULL)
		w->stream.close(w->stream.ctx);
	free(w);
}

void
http_stream_wake(struct http_waiting *w)
{
	if (!w->suspended)
		return;
	w->suspended = false;
	MHD_resume_connection(w->conn);
	http_kick(w->listener);
}

void
http_caller_gone(struct http_server *s, const char *name)
{
	for (struct http_waiting *w = s->streams; w != NULL; w = w->next) {
		if (strcmp(w->caller.name, name) == 0) {
			w->ended = true;
			http_stream_wake(w);
		}
	}
	http_events_drop(s, name);
}

void
http_streams_end(struct http_server *s)
{
	for (struct http_waiting *w = s->streams; w != NULL; w = w->next) {
		w->ended = true;
		http_stream_wake(w);
	}
}

void
http_reply_stream(struct http_request *r, unsigned status,
    const char *content_type, const struct http_stream *stream)
{
	struct http_waiting *w = calloc(1, sizeof(*w));
	struct MHD_Response *response = NULL;

	if (w != NULL) {
		*w = (struct http_waiting){ .stream = *stream,
			.server = r->server,
			.listener = r->listener,
			.conn = r->conn,
			.caller = r->caller };
		response = MHD_create_response_from_callback(
		    MHD_SIZE_UNKNOWN, 64 * 1024, stream_read, w, stream_close);
	}
	if (response == NULL) {
		free(w);
		if (stream->close != NULL)
			stream->close(stream->ctx);
	} else {
		w->next = r->server->streams;
		r->server->streams = w;
		if (stream->waiting != NULL)
			*stream->waiting = w;
	}
	reply(r, status, response, content_type);
}

static const char *
title_of(unsigned status)
{
	switch (status) {
	case 400:
		return "Bad request";
	case 401:
		return "Not authorised";
	case 403:
		return "Forbidden";
	case 404:
		return "Not found";
	case 405:
		return "Method not allowed";
	case 409:
		return "Conflict";
	case 413:
		return "Too large";
	case 429:
		return "Too much";
	case 503:
		return "Not now";
	case 507:
		return "Cannot write";
	default:
		return status < 500 ? "Refused" : "Failed";
	}
}

static void fail_with(struct http_request *r, unsigned status, const char *code,
    const char *field, const char *hint, const char *fmt, va_list args)
    __attribute__((format(printf, 6, 0)));

static void
fail_with(struct http_request *r, unsigned status, const char *code,
    const char *field, const char *hint, const char *fmt, va_list args)
{
	char detail[600], type[48];
	json_t *body = json_object();
	struct slice cut;
	uint32_t cp;

	vsnprintf(detail, sizeof(detail), fmt, args);
	/* Never half a character: jansson would refuse the string. */
	for (cut = slice_str(detail); cut.n > 0 && utf8_next(&cut, &cp);)
		;
	detail[strlen(detail) - cut.n] = '\0';
	snprintf(type, sizeof(type), "urn:ohcn:error:%s", code);
	json_object_set_new(body, "type", json_string(type));
	json_object_set_new(body, "title", json_string(title_of(status)));
	json_object_set_new(body, "status", json_integer((json_int_t)status));
	json_object_set_new(body, "code", json_string(code));
	json_object_set_new(body, "detail", json_string(detail));
	if (hint != NULL && hint[0] != '\0')
		json_object_set_new(body, "hint", json_string(hint));
	if (field != NULL && field[0] != '\0')
		json_object_set_new(body, "field", json_string(field));
	if (status >= 500)
		r->server->stats.failed++;
	else
		r->server->stats.refused++;
	reply(r, status, response_of_json(body), "application/problem+json");
}

void
http_fail(struct http_request *r, unsigned status, const char *code,
    const char *field, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fail_with(r, status, code, field, hint, fmt, args);
	va_end(args);
}

void
http_fail_err(struct http_request *r, err e, const char *fmt, ...)
{
	unsigned status = 500;
	const char *code = "E2000";
	va_list args;

	switch (e) {
	case ERR_FORM:
	case ERR_PEER:
	case ERR_CONFIG:
		status = 400;
		code = "E2001";
		break;
	case ERR_AUTH:
		status = 403;
		code = "E2003";
		break;
	case ERR_NOTFOUND:
		status = 404;
		code = "E2004";
		break;
	case ERR_EXISTS:
		status = 409;
		code = "E2009";
		break;
	case ERR_LIMIT:
	case ERR_MORE:
		status = 429;
		code = "E2029";
		break;
	case ERR_CLOSED:
	case ERR_NOMEM:
		status = 503;
		code = "E2075";
		break;
	case ERR_IO:
		status = 507;
		code = "E2073";
		break;
	case ERR_CORRUPT:
		code = "E2065";
		break;
	case OK:
		break;
	}
	va_start(args, fmt);
	fail_with(r, status, code, NULL, NULL, fmt, args);
	va_end(args);
}

/* Requests */

const char *
http_path(const struct http_request *r)
{
	return r->path;
}

const char *
http_param(const struct http_request *r, const char *name)
{
	for (size_t i = 0; i < r->params_n; i++)
		if (slice_eq_str(
			slice_of(r->params[i].name, r->params[i].name_n), name))
			return r->params[i].value;
	return NULL;
}

static enum MHD_Result
find_query(
    void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	const char **found = ctx;

	(void)kind;
	if (strcmp(key, found[0]) != 0)
		return MHD_YES;
	found[1] = value == NULL ? "" : value;
	return MHD_NO;
}

const char *
http_query(const struct http_request *r, const char *name)
{
	const char *found[2] = { name, NULL };

	if (r->conn != NULL)
		MHD_get_connection_values(
		    r->conn, MHD_GET_ARGUMENT_KIND, find_query, (void *)found);
	return found[1];
}

const char *
http_header(const struct http_request *r, const char *name)
{
	if (r->conn == NULL)
		return NULL;
	return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

struct slice
http_body(const struct http_request *r)
{
	return slice_of(r->body, r->body_n);
}

bool
http_query_uint(struct http_request *r, const char *name, uint64_t def,
    uint64_t max, uint64_t *out)
{
	return http_query_range(r, name, 0, def, max, out);
}

bool
http_query_range(struct http_request *r, const char *name, uint64_t min,
    uint64_t def, uint64_t max, uint64_t *out)
{
	const char *text = http_query(r, name);
	char *end, hint[80];

	*out = def;
	if (text == NULL)
		return true;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    *out >= min && *out <= max)
		return true;
	(void)snprintf(hint, sizeof(hint),
	    "a whole number from %" PRIu64 " to %" PRIu64, min, max);
	http_fail(
	    r, 400, "E2001", name, hint, "%s cannot be \"%.40s\"", name, text);
	return false;
}

json_t *
http_json(struct http_request *r)
{
	json_error_t where;
	json_t *body = json_loadb(
	    (const char *)r->body, r->body_n, JSON_REJECT_DUPLICATES, &where);

	if (json_is_object(body))
		return body;
	if (body != NULL)
		http_fail(r, 400, "E2002", NULL, NULL,
		    "the body must be a JSON object");
	else
		http_fail(r, 400, "E2002", NULL, NULL,
		    "the body is not JSON: line %d, column %d: %s", where.line,
		    where.column, where.text);
	json_decref(body);
	return NULL;
}

/* Who may ask */

static bool
host_is_ours(const struct http_request *r)
{
	static const char *const names[] = { "127.0.0.1", "localhost",
		"[::1]" };
	const char *host = http_header(r, MHD_HTTP_HEADER_HOST);
	char want[64];

	if (r->listener->is_unix)
		return true; /* no browser comes this way */
	for (size_t i = 0; host != NULL && i < ARRAY_LEN(names); i++) {
		snprintf(
		    want, sizeof(want), "%s:%d", names[i], r->server->port);
		if (strcmp(host, want) == 0)
			return true;
	}
	return false;
}

static bool
peer_is_us(struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred who;
	socklen_t n = sizeof(who);

	return info != NULL &&
	       getsockopt(
		   info->connect_fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

/*
 * Whose token came with it, into r->caller. Over the Unix socket none is
 * needed; one that is sent there counts, so that a plug-in of the same user
 * has no more rights than its token.
 */
static bool
token_is_right(struct http_request *r)
{
	const struct http_config *cf = &r->server->cf;
	const char *sent = http_header(r, MHD_HTTP_HEADER_AUTHORIZATION);

	if (sent == NULL)
		return r->listener->is_unix;
	if (strncmp(sent, "Bearer ", 7) != 0)
		return false;
	if (r->server->token[0] != '\0' && strlen(sent + 7) == HTTP_TOKEN_HEX &&
	    crypto_equal(sent + 7, r->server->token, HTTP_TOKEN_HEX))
		return true;
	return cf->access != NULL &&
	       cf->access->authorise(cf->ctx, sent + 7, &r->caller);
}

const struct http_caller *
http_caller(const struct http_request *r)
{
	return &r->caller;
}

bool
http_may(const struct http_request *r, unsigned scopes)
{
	return r->caller.name[0] == '\0' ||
	       (r->caller.scopes & scopes & HTTP_SCOPES) != 0;
}

bool
http_need(struct http_request *r, unsigned scopes)
{
	char need[160], hint[224];

	scopes &= HTTP_SCOPES;
	if (http_may(r, scopes))
		return true;
	r->server->cf.access->text(need, sizeof(need), scopes, " or ");
	(void)snprintf(hint, sizeof(hint),
	    scopes == 0 ? "the owner alone may: without a token, by the Unix "
			  "socket"
			: "a token with it: ohcn token add NAME --scope %s",
	    need);
	http_fail(r, 403, "E2019", NULL, hint,
	    "the token \"%s\" lacks the scope for this: %s", r->caller.name,
	    need);
	return false;
}

void
http_note(struct http_request *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(r->note, sizeof(r->note), fmt, args);
	va_end(args);
}

static bool
origin_is_ours(const struct http_request *r)
{
	const char *origin = http_header(r, "Origin");
	const char *host = http_header(r, MHD_HTTP_HEADER_HOST);

	return origin == NULL ||
	       (host != NULL && strncmp(origin, "http://", 7) == 0 &&
		   strcmp(origin + 7, host) == 0);
}

/* Routes */

/* Does ${pattern} fit, and what are its {words}? */
static bool
route_fits(struct http_request *r, const char *pattern)
{
	const char *path = r->path;

	r->params_n = 0;
	while (*pattern != '\0' && *path != '\0') {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		const size_t n = strcspn(path, "/");
		const size_t name_n = strcspn(pattern + 1, "}");

		if (n == 0 || n >= HTTP_PARAM_MAX ||
		    r->params_n == HTTP_PARAMS_MAX)
			return false;
		r->params[r->params_n].name = pattern + 1;
		r->params[r->params_n].name_n = name_n;
		memcpy(r->params[r->params_n].value, path, n);
		r->params[r->params_n++].value[n] = '\0';
		pattern += name_n + 2;
		path += n;
	}
	return *pattern == '\0' && *path == '\0';
}

static bool
method_of(const char *text, enum http_method *out)
{
	static const struct {
		const char *name;
		enum http_method method;
	} names[] = { { "GET", HTTP_GET }, { "HEAD", HTTP_GET },
		{ "POST", HTTP_POST }, { "PUT", HTTP_PUT },
		{ "DELETE", HTTP_DELETE } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(text, names[i].name) == 0) {
			*out = names[i].method;
			return true;
		}
	}
	return false;
}

/* Plain words go before {id}: "/records/export" is no record. */
static bool
find_route(struct http_request *r, bool method_known)
{
	const struct http_route *routes = r->server->cf.routes, *best = NULL;
	bool path_known = false;

	for (size_t i = 0; i < r->server->cf.routes_n; i++) {
		if (!route_fits(r, routes[i].path))
			continue;
		path_known = true;
		if (method_known && routes[i].method == r->method &&
		    (best == NULL || strchr(best->path, '{') != NULL))
			best = &routes[i];
	}
	r->route = best;
	if (best != NULL)
		(void)route_fits(r, best->path);
	return path_known;
}

static bool
is_utf8(const char *text)
{
	struct slice s = slice_str(text);
	uint32_t cp;

	while (s.n > 0)
		if (!utf8_next(&s, &cp))
			return false;
	return true;
}

static enum MHD_Result
query_is_utf8(
    void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	bool *good = ctx;

	(void)kind;
	*good = is_utf8(key) && (value == NULL || is_utf8(value));
	return *good ? MHD_YES : MHD_NO;
}

/* Handlers put these words into JSON, which knows UTF-8 alone. */
static bool
words_are_utf8(const struct http_request *r)
{
	bool good = is_utf8(r->path);

	if (good)
		(void)MHD_get_connection_values(
		    r->conn, MHD_GET_ARGUMENT_KIND, query_is_utf8, &good);
	return good;
}

/* What can be said from the headers alone; replies when it is a no. */
static void
check(struct http_request *r, const char *method)
{
	const bool method_known = method_of(method, &r->method);
	const bool path_known = find_route(r, method_known);
	const bool open = r->route != NULL && (r->route->flags & HTTP_OPEN);
	const char *header;

	if (!host_is_ours(r)) {
		http_fail(r, 403, "E2011", NULL, NULL,
		    "the Host header names another machine");
	} else if (!open && r->listener->is_unix && !peer_is_us(r->conn)) {
		http_fail(r, 403, "E2012", NULL, NULL,
		    "this node belongs to another user");
	} else if (!open && !token_is_right(r)) {
		http_fail(r, 401, "E2013", NULL,
		    "send the token of the file that `ohcn paths` names, or "
		    "one of `ohcn token add`",
		    "the token is missing, wrong, expired or revoked");
	} else if (!words_are_utf8(r)) {
		http_fail(r, 400, "E2001", NULL,
		    "write it in UTF-8, as terminals do by default",
		    "the words of the request are no valid UTF-8 text");
	} else if (!path_known) {
		http_fail(r, 404, "E2014", NULL, NULL,
		    "the API has no such path: %.200s", r->path);
	} else if (r->route == NULL) {
		http_fail(r, 405, "E2015", NULL, NULL,
		    "%.20s is not for this path", method);
	} else if (!open && !http_need(r, r->route->flags)) {
		return;
	} else if (r->caller.only != 0 &&
		   (r->route->flags & HTTP_ALL_OF_US) != 0) {
		http_fail(r, 403, "E2020", NULL,
		    "a token for all personas: ohcn token add NAME",
		    "the token \"%s\" is for one persona, and this is of all "
		    "of them",
		    r->caller.name);
	} else if (r->method != HTTP_GET && !origin_is_ours(r)) {
		http_fail(r, 403, "E2016", NULL, NULL,
		    "the request comes from another site");
	} else if (r->method != HTTP_GET &&
		   ((header = http_header(r, "X-OHCN")) == NULL ||
		       strcmp(header, "1") != 0)) {
		http_fail(r, 403, "E2017", NULL, "send the header X-OHCN: 1",
		    "the header X-OHCN is missing");
	} else if (r->method != HTTP_GET && r->server->cf.access != NULL &&
		   r->server->cf.access->may_act != NULL &&
		   !r->server->cf.access->may_act(r->server->cf.ctx, r,
		       (r->route->flags & HTTP_NO_KEYS) == 0)) {
		return;
	} else if ((header = http_header(r, "Content-Length")) != NULL &&
		   strtoull(header, NULL, 10) > r->server->cf.body_max) {
		http_fail(r, 413, "E2018", NULL, "limits.body",
		    "the body is larger than %zu bytes",
		    r->server->cf.body_max);
		r->dropped = r->server->cf.body_max + 1; /* do not read it */
	}
}

static struct http_request *
request_new(
    struct http_listener *l, struct MHD_Connection *conn, const char *path)
{
	struct http_request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->path = strdup(path);
	if (r->path == NULL) {
		free(r);
		return NULL;
	}
	r->server = l->server;
	r->listener = l;
	r->conn = conn;
	r->next = l->server->requests;
	l->server->requests = r;
	l->server->stats.requests++;
	return r;
}

/* false: cut the connection. */
static bool
take_body(struct http_request *r, const char *bytes, size_t n)
{
	const size_t max = r->server->cf.body_max;

	if (r->replied) {
		r->dropped += n;
		return r->dropped <= 4 * (uint64_t)max;
	}
	if (n > max - r->body_n) {
		http_fail(r, 413, "E2018", NULL, "limits.body",
		    "the body is larger than %zu bytes", max);
		return true;
	}
	if (n > r->body_cap - r->body_n) {
		const size_t cap =
		    MIN(max, MAX(r->body_n + n, MAX(r->body_cap * 2, 4096)));
		uint8_t *more = realloc(r->body, cap);

		if (more == NULL)
			return false;
		r->body = more;
		r->body_cap = cap;
	}
	memcpy(r->body + r->body_n, bytes, n);
	r->body_n += n;
	return true;
}

static enum MHD_Result
queue(struct http_request *r)
{
	struct MHD_Response *response = r->response;
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	result = MHD_queue_response(r->conn, r->status, response);
	r->response = NULL;
	MHD_destroy_response(response);
	return result;
}

enum MHD_Result
http_on_request(void *ctx, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_n, void **state)
{
	struct http_listener *l = ctx;
	struct http_request *r = *state;

	(void)version;
	if (r == NULL) {
		r = request_new(l, conn, url);
		*state = r;
		if (r == NULL)
			return MHD_NO;
		check(r, method);
		return r->dropped > l->server->cf.body_max ? queue(r) : MHD_YES;
	}
	if (*upload_n > 0) {
		const bool ok = take_body(r, upload, *upload_n);

		*upload_n = 0;
		return ok ? MHD_YES : MHD_NO;
	}
	if (!r->replied && !r->called) {
		r->called = true;
		if (l->server->stopping)
			http_fail(r, 503, "E2075", NULL, NULL,
			    "the node is stopping");
		else if ((r->route->flags & HTTP_EVENTS) != 0)
			http_events_start(r);
		else
			r->route->handler(r, l->server->cf.ctx);
	}
	if (r->replied || r->response != NULL)
		return queue(r);
	if (!r->suspended) {
		r->suspended = true;
		l->server->stats.pending++;
		MHD_suspend_connection(conn);
	}
	return MHD_YES;
}

void
http_on_completed(void *ctx, struct MHD_Connection *conn, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct http_request *r = *state;

	(void)ctx;
	(void)conn;
	(void)code;
	if (r == NULL)
		return;
	*state = NULL;
	r->conn = NULL;
	if (r->replied || !r->called)
		request_free(r);
	/* else the handler still holds it; reply() frees it. */
}
