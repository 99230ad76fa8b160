/*
 * The server and our client against each other: the server in this process's
 * loop, each request from a libcurl-like raw socket or from the client in a
 * thread of its own, so that nothing waits on a clock.
 */
#define _XOPEN_SOURCE 700 /* mkdtemp */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "crypto/crypto.h"
#include "node/base/paths.h"
#include "node/cli/client.h"
#include "node/http/http.h"
#include "test_env.h"

static char dir[] = "/tmp/ohcn-http-test-XXXXXX";

struct world {
	uv_loop_t loop;
	struct test_env env;
	struct http_server *server;
	struct paths paths;
	struct http_request *held; /* deferred */
	unsigned handled;
	char token[80];
};

static void
get_hello(struct http_request *r, void *ctx)
{
	struct world *w = ctx;
	const char *id = http_param(r, "id");
	const char *q = http_query(r, "q");
	uint64_t limit;

	w->handled++;
	if (!http_query_uint(r, "limit", 5, 10, &limit))
		return;
	http_reply(r, 200,
	    json_pack("{s:s,s:s,s:I}", "id", id == NULL ? "" : id, "q",
		q == NULL ? "" : q, "limit", (json_int_t)limit));
}

static void
post_echo(struct http_request *r, void *ctx)
{
	struct world *w = ctx;
	json_t *body = http_json(r);

	w->handled++;
	if (body != NULL)
		http_reply(r, 200, body);
}

static void
post_size(struct http_request *r, void *ctx)
{
	(void)ctx;
	http_reply(
	    r, 200, json_pack("{s:I}", "size", (json_int_t)http_body(r).n));
}

static void
post_later(struct http_request *r, void *ctx)
{
	struct world *w = ctx;

	w->handled++;
	w->held = r;
}

static void
get_fail(struct http_request *r, void *ctx)
{
	(void)ctx;
	http_fail(r, 409, "E2103", "pay", "EUR",
	    "row %d: no such currency \"%s\"", 14, "EURO");
}

static uv_timer_t stream_timer;
static struct http_waiting *stream_waiting;
static bool stream_waits;

static void
on_stream_timer(uv_timer_t *timer)
{
	(void)timer;
	http_stream_wake(stream_waiting);
}

static int64_t
pull(void *ctx, uint8_t *out, size_t cap)
{
	int *left = ctx;
	const size_t n = MIN(cap, 1000);

	if (*left == 0)
		return 0;
	/* Now and then there is nothing yet. */
	if (*left % 50 == 0 && !stream_waits) {
		stream_waits = true;
		uv_timer_start(&stream_timer, on_stream_timer, 1, 0);
		return HTTP_STREAM_WAIT;
	}
	stream_waits = false;
	--*left;
	memset(out, 'x', n);
	return (int64_t)n;
}

static int stream_left, stream_closed;

static void
closed(void *ctx)
{
	(void)ctx;
	stream_closed++;
}

static void
get_stream(struct http_request *r, void *ctx)
{
	(void)ctx;
	stream_left = 300;
	http_reply_stream(r, 200, "application/octet-stream",
	    &(struct http_stream){
		pull, closed, &stream_left, &stream_waiting });
}

static const struct http_route routes[] = {
	{ HTTP_GET, "/healthz", get_hello, HTTP_OPEN },
	{ HTTP_GET, "/api/hello/{id}", get_hello, 0 },
	{ HTTP_GET, "/api/hello/export", get_stream, 0 },
	{ HTTP_POST, "/api/echo", post_echo, 0 },
	{ HTTP_POST, "/api/size", post_size, 0 },
	{ HTTP_POST, "/api/later", post_later, 0 },
	{ HTTP_GET, "/api/fail", get_fail, 0 },
	{ HTTP_GET, "/api/events", NULL, HTTP_EVENTS },
};

static struct http_config
config_of(struct world *w)
{
	return (struct http_config){ .socket_path = w->paths.socket,
		.port = -1,
		.token_path = w->paths.token,
		.routes = routes,
		.routes_n = ARRAY_LEN(routes),
		.ctx = w,
		.env = &w->env.env,
		.body_max = 100000,
		.event_ring = 4,
		.event_clients_max = 2 };
}

static int
set_up(void **state)
{
	static struct world w;
	struct http_config cf;
	struct problem p;
	struct slice token;

	memset(&w, 0, sizeof(w));
	test_env_init(&w.env, 1);
	uv_loop_init(&w.loop);
	uv_timer_init(&w.loop, &stream_timer);
	snprintf(w.paths.socket, sizeof(w.paths.socket), "%s/api.sock", dir);
	snprintf(w.paths.token, sizeof(w.paths.token), "%s/token", dir);
	cf = config_of(&w);
	assert_int_equal(http_server_new(&w.loop, &cf, &w.server, &p), OK);
	assert_int_equal(file_read(w.paths.token, 100, &token, &p), OK);
	snprintf(w.token, sizeof(w.token), "%.64s", (const char *)token.p);
	free((void *)(uintptr_t)token.p);
	*state = &w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	if (w->server != NULL)
		http_server_stop(w->server);
	uv_close((uv_handle_t *)&stream_timer, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	assert_int_not_equal(access(w->paths.socket, F_OK), 0);
	return 0;
}

/* A connection that is read while the loop turns. */
struct wire {
	int fd;
	char text[600000];
	size_t n;
	bool ended;
};

static struct wire wire, other, once; /* once: of ask() */

static void
dial(struct world *w, struct wire *at, bool tcp)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)http_server_port(w->server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	at->n = 0;
	at->text[0] = '\0';
	at->ended = false;
	at->fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
	assert_true(at->fd >= 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%.100s", w->paths.socket);
	if (tcp)
		assert_int_equal(
		    connect(at->fd, (struct sockaddr *)&in, sizeof(in)), 0);
	else
		assert_int_equal(
		    connect(at->fd, (struct sockaddr *)&un, sizeof(un)), 0);
}

static void
turn(struct world *w, struct wire *at)
{
	ssize_t n;

	uv_run(&w->loop, UV_RUN_NOWAIT);
	n = recv(at->fd, at->text + at->n, sizeof(at->text) - 1 - at->n,
	    MSG_DONTWAIT);
	if (n > 0)
		at->n += (size_t)n;
	if (n == 0)
		at->ended = true;
	at->text[at->n] = '\0';
}

/* Turn until ${text} has come; the test's own time limit ends a failure. */
static void
wait_for(struct world *w, struct wire *at, const char *text)
{
	while (strstr(at->text, text) == NULL) {
		if (at->ended)
			fail_msg("closed before \"%s\": %s", text, at->text);
		turn(w, at);
	}
}

static void put(struct world *w, struct wire *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
put(struct world *w, struct wire *at, const char *fmt, ...)
{
	static char text[200000];
	va_list args;
	size_t n, sent = 0;

	va_start(args, fmt);
	n = (size_t)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	while (sent < n) {
		const ssize_t k = send(
		    at->fd, text + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (k > 0)
			sent += (size_t)k;
		uv_run(&w->loop, UV_RUN_NOWAIT);
	}
}

/* One request on a connection of its own; the whole answer. */
static const char *
ask(struct world *w, bool tcp, const char *method, const char *path,
    const char *headers, const char *body)
{
	dial(w, &once, tcp);
	put(w, &once,
	    "%s %s HTTP/1.1\r\n%sConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    method, path, headers, strlen(body), body);
	while (!once.ended)
		turn(w, &once);
	close(once.fd);
	return once.text;
}

static bool
status_is(const char *answer, unsigned status)
{
	char want[16];

	snprintf(want, sizeof(want), "HTTP/1.1 %u", status);
	if (strncmp(answer, want, strlen(want)) != 0)
		print_message("wanted %u, got: %.300s\n", status, answer);
	return strncmp(answer, want, strlen(want)) == 0;
}

#define UNIX "Host: localhost\r\n"

static void
test_routes(void **state)
{
	struct world *w = *state;
	const char *a;

	a = ask(w, false, "GET", "/api/hello/a%20b?q=x%26y&limit=7", UNIX, "");
	assert_true(status_is(a, 200));
	assert_non_null(
	    strstr(a, "{\"id\":\"a b\",\"q\":\"x&y\",\"limit\":7}"));
	assert_non_null(strstr(a, "nosniff"));
	a = ask(w, false, "GET", "/api/hello/x?limit=11", UNIX, "");
	assert_true(status_is(a, 400));
	assert_non_null(strstr(a, "\"field\":\"limit\""));
	assert_true(status_is(
	    ask(w, false, "GET", "/api/hello/x?limit=-1", UNIX, ""), 400));
	assert_true(status_is(ask(w, false, "GET", "/nosuch", UNIX, ""), 404));
	assert_true(
	    status_is(ask(w, false, "GET", "/api/hello/", UNIX, ""), 404));
	assert_true(
	    status_is(ask(w, false, "GET", "/api/hello/a/b", UNIX, ""), 404));
	assert_true(
	    status_is(ask(w, false, "DELETE", "/api/echo", UNIX, ""), 405));
	assert_true(
	    status_is(ask(w, false, "BREW", "/api/echo", UNIX, ""), 405));
	/* what is no text never reaches a handler, which would make JSON of it */
	static const char *const no_text[] = { "/api/hello/x?q=%FF%FE",
		"/api/hello/x?q=a%C3", "/api/hello/x?%ED%A0%80=1",
		"/api/hello/x?q=a&r=%C0%AF", "/api/hello/%FF" };
	const unsigned handled = w->handled;
	for (size_t i = 0; i < ARRAY_LEN(no_text); i++) {
		a = ask(w, false, "GET", no_text[i], UNIX, "");
		assert_true(status_is(a, 400));
		assert_non_null(strstr(a, "UTF-8"));
	}
	assert_int_equal(w->handled, handled);
	a = ask(w, false, "GET", "/api/hello/%C3%BC?q=%E2%82%AC", UNIX, "");
	assert_true(status_is(a, 200));
	a = ask(w, false, "GET", "/api/fail", UNIX, "");
	assert_true(status_is(a, 409));
	assert_non_null(strstr(a, "application/problem+json"));
	assert_non_null(strstr(a, "\"code\":\"E2103\""));
	assert_non_null(strstr(a, "row 14: no such currency \\\"EURO\\\""));
	assert_non_null(strstr(a, "\"hint\":\"EUR\""));
	/* a plain word before {id}, and a streamed body */
	a = ask(w, false, "GET", "/api/hello/export", UNIX, "");
	assert_true(status_is(a, 200));
	assert_true(once.n > 300000);
	assert_int_equal(stream_closed, 1);
}

static void
test_security(void **state)
{
	struct world *w = *state;
	char host[40], good[300], text[400];
	const unsigned before = w->handled;
	struct stat st;

	snprintf(host, sizeof(host), "Host: 127.0.0.1:%d\r\n",
	    http_server_port(w->server));
	snprintf(good, sizeof(good), "%sAuthorization: Bearer %s\r\n", host,
	    w->token);
	assert_true(
	    status_is(ask(w, true, "GET", "/api/hello/x", host, ""), 401));
	snprintf(text, sizeof(text), "%sAuthorization: Bearer %.63sg\r\n", host,
	    w->token);
	assert_true(
	    status_is(ask(w, true, "GET", "/api/hello/x", text, ""), 401));
	/* rebinding: the right token under another name */
	snprintf(text, sizeof(text),
	    "Host: evil.example:%d\r\nAuthorization: Bearer %s\r\n",
	    http_server_port(w->server), w->token);
	assert_true(
	    status_is(ask(w, true, "GET", "/api/hello/x", text, ""), 403));
	snprintf(text, sizeof(text),
	    "Host: localhost\r\nAuthorization: Bearer %s\r\n", w->token);
	assert_true(
	    status_is(ask(w, true, "GET", "/api/hello/x", text, ""), 403));
	assert_true(
	    status_is(ask(w, true, "POST", "/api/echo", good, "{}"), 403));
	snprintf(
	    text, sizeof(text), "%sX-OHCN: 1\r\nOrigin: http://evil\r\n", good);
	assert_true(
	    status_is(ask(w, true, "POST", "/api/echo", text, "{}"), 403));
	assert_true(
	    status_is(ask(w, false, "POST", "/api/echo", UNIX, "{}"), 403));
	assert_int_equal(w->handled, before);

	assert_true(status_is(ask(w, true, "GET", "/healthz", host, ""), 200));
	assert_true(
	    status_is(ask(w, true, "GET", "/api/hello/x", good, ""), 200));
	snprintf(text, sizeof(text),
	    "%sX-OHCN: 1\r\nOrigin: http://127.0.0.1:%d\r\n", good,
	    http_server_port(w->server));
	assert_true(
	    status_is(ask(w, true, "POST", "/api/echo", text, "{}"), 200));
	assert_int_equal(w->handled, before + 3);
	assert_int_equal(stat(w->paths.token, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(stat(w->paths.socket, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

#define POST UNIX "X-OHCN: 1\r\n"

static void
test_body(void **state)
{
	struct world *w = *state;
	static char big[150000];
	const char *a;

	a = ask(w, false, "POST", "/api/echo", POST, "{\"a\":[1,2]}");
	assert_true(status_is(a, 200));
	assert_non_null(strstr(a, "{\"a\":[1,2]}"));
	a = ask(w, false, "POST", "/api/echo", POST, "{\"a\":");
	assert_true(status_is(a, 400));
	assert_non_null(strstr(a, "line 1, column"));
	assert_true(
	    status_is(ask(w, false, "POST", "/api/echo", POST, "[1]"), 400));
	assert_true(status_is(
	    ask(w, false, "POST", "/api/echo", POST, "{\"a\":1,\"a\":2}"),
	    400));
	assert_true(
	    status_is(ask(w, false, "POST", "/api/echo", POST, ""), 400));
	memset(big, 'b', sizeof(big) - 1);
	big[100000] = '\0';
	a = ask(w, false, "POST", "/api/size", POST, big);
	assert_true(status_is(a, 200));
	assert_non_null(strstr(a, "{\"size\":100000}"));
	big[100000] = 'b';
	big[100001] = '\0';
	/* said by its length, then by its chunks */
	dial(w, &wire, false);
	put(w, &wire,
	    "POST /api/size HTTP/1.1\r\n" POST
	    "Content-Length: 100001\r\n\r\n");
	wait_for(w, &wire, "\"code\":\"E2018\"");
	assert_true(status_is(wire.text, 413));
	close(wire.fd);
	dial(w, &wire, false);
	put(w, &wire,
	    "POST /api/size HTTP/1.1\r\n" POST
	    "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
	    100001u, big);
	wait_for(w, &wire, "\"code\":\"E2018\"");
	close(wire.fd);
}

static void
test_deferred(void **state)
{
	struct world *w = *state;

	dial(w, &wire, false);
	put(w, &wire,
	    "POST /api/later HTTP/1.1\r\n" POST "Content-Length: 2\r\n\r\n{}");
	while (w->held == NULL)
		turn(w, &wire);
	for (int i = 0; i < 50; i++)
		turn(w, &wire);
	assert_int_equal(wire.n, 0);
	assert_int_equal(http_server_stats(w->server).pending, 1);
	/* others are served meanwhile */
	dial(w, &other, false);
	put(w, &other, "GET /api/hello/x HTTP/1.1\r\n" UNIX "\r\n");
	wait_for(w, &other, "\"id\":\"x\"");
	close(other.fd);
	http_reply(w->held, 201, json_pack("{s:s}", "done", "yes"));
	wait_for(w, &wire, "{\"done\":\"yes\"}");
	assert_true(status_is(wire.text, 201));
	assert_int_equal(http_server_stats(w->server).pending, 0);
	/* the connection is good for another one */
	wire.n = 0;
	put(w, &wire, "GET /api/hello/y HTTP/1.1\r\n" UNIX "\r\n");
	wait_for(w, &wire, "\"id\":\"y\"");
	close(wire.fd);
}

/* The client leaves first; the reply comes to nothing, and nothing leaks. */
static void
test_deferred_client_gone(void **state)
{
	struct world *w = *state;

	dial(w, &wire, false);
	put(w, &wire,
	    "POST /api/later HTTP/1.1\r\n" POST "Content-Length: 0\r\n\r\n");
	while (w->held == NULL)
		turn(w, &wire);
	close(wire.fd);
	for (int i = 0; i < 20; i++)
		uv_run(&w->loop, UV_RUN_NOWAIT);
	http_reply(w->held, 200, json_object());
	for (int i = 0; i < 20; i++)
		uv_run(&w->loop, UV_RUN_NOWAIT);
}

/* The server stops while one is held; the late reply is harmless. */
static void
test_stop_with_pending(void **state)
{
	struct world *w = *state;

	dial(w, &wire, false);
	put(w, &wire,
	    "POST /api/later HTTP/1.1\r\n" POST "Content-Length: 0\r\n\r\n");
	while (w->held == NULL)
		turn(w, &wire);
	http_server_stop(w->server);
	w->server = NULL;
	while (!wire.ended)
		turn(w, &wire);
	assert_true(status_is(wire.text, 503));
	http_reply(w->held, 200, json_object());
	close(wire.fd);
}

static unsigned made; /* events that were put into words when wanted */

static json_t *
make_said(const void *what)
{
	int n;

	made++;
	memcpy(&n, what, sizeof(n));
	return json_pack("{s:i}", "n", n);
}

/* Those of records are told later, all others at once. */
static void
say(struct world *w, const char *type, int n)
{
	if (strcmp(type, "record") == 0)
		http_events_publish_later(
		    w->server, type, make_said, &n, sizeof(n));
	else
		http_events_publish(
		    w->server, type, json_pack("{s:i}", "n", n));
}

static void
listen_from(
    struct world *w, struct wire *at, const char *path, const char *headers)
{
	dial(w, at, false);
	put(w, at, "GET %s HTTP/1.1\r\n" UNIX "%s\r\n", path, headers);
	wait_for(w, at, ": heartbeat");
}

static uint64_t
id_before(const char *text, const char *data)
{
	const char *at = strstr(text, data);
	uint64_t id = 0;

	assert_non_null(at);
	while (at > text && strncmp(at, "id: ", 4) != 0)
		at--;
	id = strtoull(at + 4, NULL, 10);
	assert_true(id > 0);
	return id;
}

static void
test_events(void **state)
{
	struct world *w = *state;
	char headers[64], path[96];
	uint64_t second;

	say(w, "peer", 0);
	made = 0;
	say(w, "record", 0);
	listen_from(w, &wire, "/api/events", "");
	assert_non_null(strstr(wire.text, "text/event-stream"));
	say(w, "record", 1);
	say(w, "peer", 2);
	wait_for(w, &wire, "event: peer\ndata: {\"n\":2}\n\n");
	assert_non_null(
	    strstr(wire.text, "event: record\ndata: {\"n\":1}\n\n"));
	assert_null(strstr(wire.text, "{\"n\":0}"));
	assert_int_equal(made, 1); /* of two: one had no listener */
	second = id_before(wire.text, "{\"n\":1}");
	assert_int_equal(id_before(wire.text, "{\"n\":2}"), second + 1);

	/* goes on where it was, nothing lost */
	snprintf(
	    headers, sizeof(headers), "Last-Event-ID: %" PRIu64 "\r\n", second);
	dial(w, &other, false);
	put(w, &other,
	    "GET /api/events?types=peer,gap HTTP/1.1\r\n" UNIX "%s\r\n",
	    headers);
	wait_for(w, &other, "{\"n\":2}");
	assert_null(strstr(other.text, "{\"n\":1}"));
	assert_null(strstr(other.text, "event: gap"));

	/* a third is one too many */
	assert_true(
	    status_is(ask(w, false, "GET", "/api/events", UNIX, ""), 429));
	close(other.fd);
	close(wire.fd);
	/* The dead surface when something is written to them. */
	while (http_server_stats(w->server).event_clients > 0) {
		say(w, "peer", 3); /* both want this type */
		uv_run(&w->loop, UV_RUN_NOWAIT);
	}
	for (int i = 10; i < 20; i++)
		say(w, "record", i);
	snprintf(path, sizeof(path), "/api/events?since=%" PRIu64, second);
	dial(w, &wire, false);
	put(w, &wire, "GET %s HTTP/1.1\r\n" UNIX "\r\n", path);
	wait_for(w, &wire, "{\"n\":19}");
	snprintf(path, sizeof(path), "event: gap\ndata: {\"from\":%" PRIu64,
	    second + 1);
	assert_non_null(strstr(wire.text, path));
	assert_non_null(strstr(wire.text, "{\"n\":16}"));
	assert_null(strstr(wire.text, "{\"n\":15}"));
	assert_int_equal(http_server_stats(w->server).event_gaps, 1);
	http_server_stop(w->server);
	w->server = NULL;
	while (!wire.ended)
		turn(w, &wire);
	close(wire.fd);
}

static void
test_listening(void **state)
{
	struct world *w = *state;
	struct http_server *second = NULL;
	struct http_config cf = config_of(w);
	struct problem p;

	/* a node that runs */
	assert_int_equal(
	    http_server_new(&w->loop, &cf, &second, &p), ERR_EXISTS);
	assert_int_equal(p.exit, EXIT_CONFLICT);
	assert_non_null(strstr(p.what, "already running"));
	assert_int_equal(access(w->paths.socket, F_OK), 0);
	/* a port in use */
	cf.socket_path = NULL;
	cf.port = http_server_port(w->server);
	assert_int_equal(
	    http_server_new(&w->loop, &cf, &second, &p), ERR_EXISTS);
	assert_int_equal(p.exit, EXIT_CONFLICT);
	assert_non_null(strstr(p.what, "in use"));
	/* the world */
	cf.bind = "0.0.0.0";
	cf.port = -1;
	assert_int_equal(
	    http_server_new(&w->loop, &cf, &second, &p), ERR_CONFIG);
	cf.bind = "::";
	assert_int_equal(
	    http_server_new(&w->loop, &cf, &second, &p), ERR_CONFIG);
	/* a file that is no socket is left alone */
	cf = config_of(w);
	cf.port = 0;
	cf.socket_path = w->paths.token;
	assert_int_equal(
	    http_server_new(&w->loop, &cf, &second, &p), ERR_EXISTS);
	assert_int_equal(access(w->paths.token, F_OK), 0);
}

static void
test_dead_socket(void **state)
{
	struct world *w = *state;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct http_config cf = config_of(w);
	struct problem p;
	int fd;

	http_server_stop(w->server);
	w->server = NULL;
	uv_run(&w->loop, UV_RUN_DEFAULT);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "%.100s", w->paths.socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd); /* the file stays, nobody listens */
	cf.port = 0;
	assert_int_equal(http_server_new(&w->loop, &cf, &w->server, &p), OK);
	assert_true(
	    status_is(ask(w, false, "GET", "/api/hello/x", UNIX, ""), 200));
}

/* Our client in a thread of its own, while the loop turns here. */
struct caller {
	struct world *w;
	const char *api, *method, *path;
	json_t *body, *reply;
	struct problem p;
	err e;
	bool done;
	uv_async_t wake;
	unsigned events;
};

static void
woken(uv_async_t *async)
{
	struct caller *c = async->data;

	c->done = true;
	uv_close((uv_handle_t *)async, NULL);
}

static bool
on_event(void *ctx, const char *id, const char *type, const char *data)
{
	struct caller *c = ctx;

	assert_true(strtoull(id, NULL, 10) > 0);
	assert_string_equal(type, "record");
	assert_string_equal(data, "{\"n\":1}");
	return ++c->events < 2;
}

static void
call(void *ctx)
{
	struct caller *c = ctx;
	struct client *client;

	c->e = client_new(&c->w->paths, c->api, &client, &c->p);
	if (c->e == OK) {
		if (strcmp(c->method, "WATCH") == 0)
			c->e =
			    client_events(client, c->path, on_event, c, &c->p);
		else
			c->e = client_call(client, c->method, c->path, c->body,
			    &c->reply, &c->p);
		client_free(client);
	}
	uv_async_send(&c->wake);
}

static struct caller
run_client(struct world *w, const char *api, const char *method,
    const char *path, json_t *body)
{
	static struct caller c;
	uv_thread_t thread;

	c = (struct caller){
		.w = w, .api = api, .method = method, .path = path, .body = body
	};
	uv_async_init(&w->loop, &c.wake, woken);
	c.wake.data = &c;
	assert_int_equal(uv_thread_create(&thread, call, &c), 0);
	while (!c.done) {
		if (strcmp(method, "WATCH") == 0)
			say(w, "record", 1);
		uv_run(&w->loop, UV_RUN_NOWAIT);
		if (w->held != NULL) {
			http_reply(w->held, 200, json_pack("{s:b}", "ok", 1));
			w->held = NULL;
		}
	}
	uv_thread_join(&thread);
	return c;
}

static void
test_client(void **state)
{
	struct world *w = *state;
	char api[64], escaped[64];
	struct caller c;

	c = run_client(
	    w, NULL, "POST", "/api/echo", json_pack("{s:i}", "x", 5));
	assert_int_equal(c.e, OK);
	assert_int_equal(json_integer_value(json_object_get(c.reply, "x")), 5);
	json_decref(c.reply);
	snprintf(api, sizeof(api), "http://127.0.0.1:%d/",
	    http_server_port(w->server));
	c = run_client(w, api, "POST", "/api/later", json_object());
	assert_int_equal(c.e, OK);
	json_decref(c.reply);
	c = run_client(w, NULL, "GET", "/api/fail", NULL);
	assert_int_equal(c.e, ERR_EXISTS);
	assert_int_equal(c.p.exit, EXIT_CONFLICT);
	assert_string_equal(c.p.code, "E2103");
	assert_non_null(strstr(c.p.why, "pay"));
	assert_string_equal(c.p.hint, "EUR");
	c = run_client(w, NULL, "GET", "/nosuch", NULL);
	assert_int_equal(c.p.exit, EXIT_NOTFOUND);
	c = run_client(w, NULL, "WATCH", "/api/events?types=record", NULL);
	assert_int_equal(c.e, OK);
	assert_int_equal(c.events, 2);
	c = run_client(w, "http://192.0.2.1:80", "GET", "/", NULL);
	assert_int_equal(c.p.exit, EXIT_USAGE);
	w->paths.token[0] = '\0';
	c = run_client(w, api, "GET", "/", NULL);
	assert_int_equal(c.p.exit, EXIT_AUTH);
	snprintf(w->paths.token, sizeof(w->paths.token), "%s/token", dir);
	http_server_stop(w->server);
	w->server = NULL;
	c = run_client(w, NULL, "GET", "/api/fail", NULL);
	assert_int_equal(c.e, ERR_IO);
	assert_int_equal(c.p.exit, EXIT_UNREACHABLE);
	assert_non_null(strstr(c.p.hint, "ohcn up"));
	assert_int_equal(url_escape(escaped, sizeof(escaped), "a b/ü"), OK);
	assert_string_equal(escaped, "a%20b%2F%C3%BC");
	assert_int_equal(url_escape(escaped, 4, "abcd"), ERR_MORE);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_routes),
		T(test_security),
		T(test_body),
		T(test_deferred),
		T(test_deferred_client_gone),
		T(test_stop_with_pending),
		T(test_events),
		T(test_listening),
		T(test_dead_socket),
		T(test_client),
	};

	if (!crypto_init() || mkdtemp(dir) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
