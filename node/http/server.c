/*
 * http/server.c: the listeners, and libmicrohttpd inside the libuv loop.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "node/base/paths.h"
#include "node/http/server.h"
#include "proto/base/text.h"

#define BODY_MAX_DEFAULT (16 * 1024 * 1024)
#define TIMEOUT_SECONDS  30

/* The loop */

void
http_release(struct http_server *s)
{
	if (!s->stopping || s->handles > 0 || s->requests != NULL)
		return;
	http_events_fini(s);
	free(s->socket_path);
	crypto_wipe(s->token, sizeof(s->token));
	free(s);
}

static void do_stop(struct http_server *s);

static void
drive(struct http_listener *l)
{
	struct http_server *s = l->server;
	MHD_UNSIGNED_LONG_LONG ms;

	if (l->running || l->daemon == NULL)
		return;
	l->running = true;
	MHD_run(l->daemon);
	l->running = false;
	if (s->stop_wanted) {
		do_stop(s);
		return;
	}
	if (MHD_get_timeout(l->daemon, &ms) == MHD_YES)
		uv_timer_start(&l->timer, l->timer.timer_cb, ms, 0);
	else
		uv_timer_stop(&l->timer);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	drive(CONTAINER_OF(poll, struct http_listener, poll));
}

static void
on_timer(uv_timer_t *timer)
{
	drive(CONTAINER_OF(timer, struct http_listener, timer));
}

void
http_kick(struct http_listener *l)
{
	if (l->daemon != NULL && l->polling && !l->running)
		uv_timer_start(&l->timer, on_timer, 0, 0);
}

static void
on_heartbeat(uv_timer_t *timer)
{
	http_events_beat(CONTAINER_OF(timer, struct http_server, heartbeat));
}

/* Sockets */

static err
listen_problem(struct problem *p, const char *where, int error)
{
	if (error == EADDRINUSE) {
		problem_set(p, EXIT_CONFLICT, "E1401", "%s is in use", where);
		problem_why(p, "another program listens there");
		problem_hint(p, "another port: --set api.port=4143");
		return ERR_EXISTS;
	}
	problem_set(p, error == EACCES ? EXIT_CONFIG : EXIT_DISK, "E1402",
	    "cannot listen on %s: %s", where, strerror(error));
	return ERR_IO;
}

/* A dead socket is removed; a living one is a node that runs. */
static err
clear_socket(const struct sockaddr_un *at, struct problem *p)
{
	struct stat st;
	int fd, answer;

	if (lstat(at->sun_path, &st) != 0)
		return OK;
	if (!S_ISSOCK(st.st_mode)) {
		problem_set(p, EXIT_CONFLICT, "E1403",
		    "%s exists and is not a socket", at->sun_path);
		problem_hint(p, "move it away, or set api.socket");
		return ERR_EXISTS;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return listen_problem(p, at->sun_path, errno);
	answer = connect(fd, (const struct sockaddr *)at, sizeof(*at));
	close(fd);
	if (answer == 0) {
		problem_set(p, EXIT_CONFLICT, "E1404",
		    "a node is already running here");
		problem_why(p, "it answers on %s", at->sun_path);
		problem_hint(p, "ohcn status, or ohcn down");
		return ERR_EXISTS;
	}
	unlink(at->sun_path);
	return OK;
}

static err
listen_unix(
    struct http_server *s, const char *path, int *out, struct problem *p)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	mode_t old;
	int fd, bad;

	if (strlen(path) >= sizeof(at.sun_path)) {
		problem_set(p, EXIT_CONFIG, "E1201",
		    "the path of the API's socket is too long");
		return ERR_CONFIG;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	TRY(clear_socket(&at, p));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return listen_problem(p, path, errno);
	old = umask(0177); /* mode 0600 from the first moment */
	bad = bind(fd, (const struct sockaddr *)&at, sizeof(at));
	umask(old);
	if (bad != 0 || listen(fd, 64) != 0) {
		const int error = errno;

		close(fd);
		return listen_problem(p, path, error);
	}
	s->socket_path = strdup(path);
	*out = fd;
	return OK;
}

static err
listen_tcp(struct http_server *s, const char *bind_to, int port, int *out,
    struct problem *p)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr *at = (struct sockaddr *)&v4;
	socklen_t n = sizeof(v4);
	const int yes = 1;
	char where[80];
	int fd;

	if (bind_to == NULL)
		bind_to = "127.0.0.1";
	snprintf(where, sizeof(where), "%.40s, port %d", bind_to, port);
	v4.sin_port = v6.sin6_port = htons((uint16_t)MAX(port, 0));
	if (inet_pton(AF_INET6, bind_to, &v6.sin6_addr) == 1 &&
	    IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) {
		at = (struct sockaddr *)&v6;
		n = sizeof(v6);
	} else if (inet_pton(AF_INET, bind_to, &v4.sin_addr) != 1 ||
		   ntohl(v4.sin_addr.s_addr) >> 24 != 127) {
		problem_set(p, EXIT_CONFIG, "E1405",
		    "the API listens on loopback only, not on %.60s", bind_to);
		problem_hint(p, "an ssh tunnel to 127.0.0.1");
		return ERR_CONFIG;
	}
	fd = socket(
	    at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return listen_problem(p, where, errno);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, at, n) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, at, &n) != 0) {
		const int error = errno;

		close(fd);
		return listen_problem(p, where, error);
	}
	s->port = ntohs(at->sa_family == AF_INET ? v4.sin_port : v6.sin6_port);
	*out = fd;
	return OK;
}

static err
write_token(struct http_server *s, struct problem *p)
{
	uint8_t raw[HTTP_TOKEN_HEX / 2];
	char line[HTTP_TOKEN_HEX + 2];

	crypto_random(raw, sizeof(raw));
	if (hex_put(s->token, sizeof(s->token), slice_of(raw, sizeof(raw))) !=
	    OK)
		return ERR_IO;
	snprintf(line, sizeof(line), "%s\n", s->token);
	return file_replace(s->cf.token_path, slice_str(line), 0640, p);
}

/* Takes ${fd}. */
static err
start(struct http_server *s, int fd, bool is_unix, struct problem *p)
{
	struct http_listener *l = &s->listeners[s->listeners_n++];
	const union MHD_DaemonInfo *info;

	l->server = s;
	l->is_unix = is_unix;
	l->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME,
	    0, NULL, NULL, http_on_request, l, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, s->cf.connections_max,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 * 1024,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
	    http_on_completed, l, MHD_OPTION_END);
	if (l->daemon == NULL) { /* it has closed ${fd} */
		problem_set(
		    p, EXIT_TEMPORARY, "E1406", "cannot start the HTTP server");
		return ERR_NOMEM;
	}
	info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL ||
	    uv_poll_init(s->loop, &l->poll, info->epoll_fd) != 0) {
		problem_set(
		    p, EXIT_TEMPORARY, "E1406", "cannot start the HTTP server");
		return ERR_IO;
	}
	uv_timer_init(s->loop, &l->timer);
	l->timer.timer_cb = on_timer;
	l->polling = true;
	s->handles += 2;
	uv_poll_start(&l->poll, UV_READABLE, on_poll);
	http_kick(l);
	return OK;
}

static err
open_all(struct http_server *s, struct problem *p)
{
	int fd;

	TRY(http_events_init(s));
	if (s->cf.socket_path != NULL) {
		TRY(listen_unix(s, s->cf.socket_path, &fd, p));
		TRY(start(s, fd, true, p));
	}
	if (s->cf.port != 0) {
		TRY(listen_tcp(s, s->cf.bind, s->cf.port, &fd, p));
		if (s->cf.token_path != NULL) {
			const err e = write_token(s, p);

			if (e != OK) {
				close(fd);
				return e;
			}
		}
		TRY(start(s, fd, false, p));
	}
	uv_timer_init(s->loop, &s->heartbeat);
	s->beating = true;
	s->handles++;
	uv_timer_start(&s->heartbeat, on_heartbeat, s->cf.heartbeat_ms,
	    s->cf.heartbeat_ms);
	return OK;
}

err
http_server_new(struct uv_loop_s *loop, const struct http_config *cf,
    struct http_server **out, struct problem *p)
{
	struct http_server *s = calloc(1, sizeof(*s));
	err e;

	*out = NULL;
	if (s == NULL) {
		problem_set(p, EXIT_TEMPORARY, "E1406", "no memory");
		return ERR_NOMEM;
	}
	ASSERT(cf->port == 0 || cf->token_path != NULL);
	s->loop = loop;
	s->cf = *cf;
	if (s->cf.body_max == 0)
		s->cf.body_max = BODY_MAX_DEFAULT;
	if (s->cf.connections_max == 0)
		s->cf.connections_max = 64;
	if (s->cf.event_clients_max == 0)
		s->cf.event_clients_max = 16;
	if (s->cf.event_ring == 0)
		s->cf.event_ring = 1024;
	if (s->cf.heartbeat_ms == 0)
		s->cf.heartbeat_ms = 15000;
	e = open_all(s, p);
	if (e != OK) {
		http_server_stop(s);
		return e;
	}
	*out = s;
	return OK;
}

static void
on_closed(uv_handle_t *handle)
{
	struct http_server *s = handle->data;

	s->handles--;
	http_release(s);
}

static void
close_handle(struct http_server *s, uv_handle_t *handle)
{
	handle->data = s;
	uv_close(handle, on_closed);
}

static void
stop_listener(struct http_listener *l)
{
	struct MHD_Daemon *daemon = l->daemon;

	if (daemon == NULL)
		return;
	/* Twice: a resumed connection answers in the turn after. */
	l->running = true;
	MHD_run(daemon);
	MHD_run(daemon);
	l->running = false;
	if (l->polling)
		uv_poll_stop(&l->poll);
	l->daemon = NULL;
	MHD_stop_daemon(daemon);
}

static void
do_stop(struct http_server *s)
{
	struct http_request *r, *next;

	s->stop_wanted = false;
	if (s->stopping)
		return;
	s->stopping = true;
	http_events_end(s);
	http_streams_end(s);
	for (r = s->requests; r != NULL; r = next) {
		next = r->next;
		if (!r->suspended)
			continue;
		/* The handler still holds it: 503 by hand, then let go. */
		r->suspended = false;
		s->stats.pending--;
		r->response = MHD_create_response_from_buffer(
		    0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
		r->status = 503;
		MHD_resume_connection(r->conn);
	}
	for (size_t i = 0; i < s->listeners_n; i++)
		stop_listener(&s->listeners[i]);
	for (size_t i = 0; i < s->listeners_n; i++) {
		if (!s->listeners[i].polling)
			continue;
		close_handle(s, (uv_handle_t *)&s->listeners[i].poll);
		close_handle(s, (uv_handle_t *)&s->listeners[i].timer);
	}
	if (s->beating)
		close_handle(s, (uv_handle_t *)&s->heartbeat);
	if (s->socket_path != NULL)
		unlink(s->socket_path);
	http_release(s);
}

void
http_server_stop(struct http_server *s)
{
	for (size_t i = 0; i < s->listeners_n; i++)
		if (s->listeners[i].running)
			s->stop_wanted = true;
	if (!s->stop_wanted)
		do_stop(s);
}

int
http_server_port(const struct http_server *s)
{
	return s->port;
}

struct http_stats
http_server_stats(const struct http_server *s)
{
	return s->stats;
}
