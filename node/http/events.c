/*
 * http/events.c: server-sent events (WHATWG HTML, "Server-sent events"). A
 * client that has seen everything is suspended; publishing wakes it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node/http/server.h"

#define EVENT_DATA_MAX (64 * 1024)

err
http_events_init(struct http_server *s)
{
	s->ring = calloc(s->cf.event_ring, sizeof(*s->ring));
	if (s->ring == NULL)
		return ERR_NOMEM;
	/* Larger than any id of an earlier run, so that a gap is noticed. */
	s->next_id = s->cf.env->wall_s(s->cf.env->ctx) * 1000000 + 1;
	s->first_id = s->next_id;
	return OK;
}

void
http_events_fini(struct http_server *s)
{
	for (size_t i = 0; s->ring != NULL && i < s->cf.event_ring; i++) {
		free(s->ring[i].data);
		free(s->ring[i].open);
	}
	free(s->ring);
	s->ring = NULL;
}

static void
wake(struct event_client *c)
{
	if (!c->suspended)
		return;
	c->suspended = false;
	MHD_resume_connection(c->conn);
	http_kick(c->listener);
}

/* Takes the reference. NULL is sent as {}. */
static char *
text_of(json_t *data)
{
	char *text = json_dumps(data, JSON_COMPACT);

	json_decref(data);
	if (text != NULL && strlen(text) > EVENT_DATA_MAX) {
		free(text);
		text = NULL;
	}
	return text;
}

/* The next place in the ring, in which ${data} is to stand. */
static struct event *
publish(struct http_server *s, const char *type, char *data)
{
	struct event *e = &s->ring[s->next_id % s->cf.event_ring];

	free(e->data);
	free(e->open);
	e->data = data;
	e->open = NULL;
	e->make = NULL;
	e->id = s->next_id;
	e->to = (struct http_event_for){
		s->cf.access == NULL ? 0 : s->cf.access->of_event(type), 0,
		false
	};
	snprintf(e->type, sizeof(e->type), "%s", type);
	s->next_id++;
	if (s->next_id - s->first_id > s->cf.event_ring)
		s->first_id = s->next_id - s->cf.event_ring;
	s->stats.events++;
	for (struct event_client *c = s->event_clients; c != NULL; c = c->next)
		wake(c);
	return e;
}

void
http_events_publish(struct http_server *s, const char *type, json_t *data)
{
	char *text = text_of(data);

	if (s->stopping)
		free(text);
	else
		(void)publish(s, type, text);
}

void
http_events_publish_to(struct http_server *s, const char *type,
    const struct http_event_for *to, json_t *data, json_t *open)
{
	char *text = text_of(data),
	     *other = open == NULL ? NULL : text_of(open);

	if (s->stopping) {
		free(text);
		free(other);
		return;
	}
	struct event *e = publish(s, type, text);
	e->to = *to;
	e->open = other;
}

void
http_events_publish_later(struct http_server *s, const char *type,
    http_event_make *make, const void *what, size_t n)
{
	ASSERT(n <= HTTP_EVENT_WHAT);
	if (s->stopping)
		return;
	struct event *e = publish(s, type, NULL);
	e->make = make;
	memcpy(e->what, what, n);
}

void
http_events_beat(struct http_server *s)
{
	for (struct event_client *c = s->event_clients; c != NULL;
	     c = c->next) {
		c->beat = true;
		wake(c);
	}
}

void
http_events_end(struct http_server *s)
{
	for (struct event_client *c = s->event_clients; c != NULL;
	     c = c->next) {
		c->ended = true;
		wake(c);
	}
}

void
http_events_drop(struct http_server *s, const char *name)
{
	for (struct event_client *c = s->event_clients; c != NULL;
	     c = c->next) {
		if (strcmp(c->caller.name, name) == 0) {
			c->ended = true;
			wake(c);
		}
	}
}

/* Is all of it for this client? */
static bool
is_for(const struct event_client *c, const struct event *e)
{
	const struct http_caller *caller = &c->caller;

	return caller->name[0] == '\0' ||
	       ((e->to.scopes & caller->scopes) != 0 &&
		   (e->to.only == 0 || caller->only == 0 ||
		       caller->only == e->to.only));
}

/* What it is told; NULL: nothing. */
static const char *
told(const struct event_client *c, const struct event *e)
{
	const struct http_server *s = c->server;
	char name[20];

	snprintf(name, sizeof(name), ",%s,", e->type);
	if (c->types[0] != '\0' && strstr(c->types, name) == NULL)
		return NULL;
	if (is_for(c, e))
		return e->to.knew ? NULL : e->data == NULL ? "{}" : e->data;
	return (s->cf.access->of_event(e->type) & c->caller.scopes) == 0
		   ? NULL
		   : e->open;
}

static void
format(struct event_client *c, uint64_t id, const char *type, const char *data)
{
	const size_t cap = strlen(data) + strlen(type) + 64;
	int n;

	free(c->out);
	c->out = malloc(cap);
	c->out_at = c->out_n = 0;
	if (c->out == NULL) {
		c->ended = true; /* it comes back and resumes */
		return;
	}
	n = snprintf(c->out, cap, "id: %" PRIu64 "\nevent: %s\ndata: %s\n\n",
	    id, type, data);
	c->out_n = (size_t)n;
}

/* Make the next thing to send; false: there is none. */
static bool
fill(struct event_client *c)
{
	struct http_server *s = c->server;

	while (c->next_id != s->next_id) {
		if (c->next_id < s->first_id || c->next_id > s->next_id) {
			const uint64_t to = c->next_id < s->first_id
						? s->first_id - 1
						: s->next_id - 1;
			char data[96];

			snprintf(data, sizeof(data),
			    "{\"from\":%" PRIu64 ",\"to\":%" PRIu64 "}",
			    c->next_id, to);
			s->stats.event_gaps++;
			c->next_id = to + 1;
			format(c, to, "gap", data);
			return true;
		}
		struct event *e = &s->ring[c->next_id % s->cf.event_ring];

		c->next_id++;
		if (e->make != NULL && is_for(c, e)) {
			e->data = text_of(e->make(e->what));
			e->make = NULL;
		}
		const char *data = told(c, e);
		if (data != NULL) {
			format(c, e->id, e->type, data);
			return true;
		}
	}
	if (c->beat) {
		static const char beat[] = ": heartbeat\n\n";

		c->beat = false;
		free(c->out);
		c->out = strdup(beat);
		c->out_at = 0;
		c->out_n = c->out == NULL ? 0 : sizeof(beat) - 1;
		return c->out != NULL;
	}
	return false;
}

static ssize_t
read_events(void *ctx, uint64_t pos, char *out, size_t max)
{
	struct event_client *c = ctx;
	size_t n;

	(void)pos;
	if (c->out_at == c->out_n && (c->ended || !fill(c))) {
		if (c->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		c->suspended = true;
		MHD_suspend_connection(c->conn);
		return 0;
	}
	n = MIN(max, c->out_n - c->out_at);
	memcpy(out, c->out + c->out_at, n);
	c->out_at += n;
	return (ssize_t)n;
}

static void
gone(void *ctx)
{
	struct event_client *c = ctx, **at = &c->server->event_clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->server->stats.event_clients--;
	free(c->out);
	free(c);
}

/* Where a client wants to go on: after ${since}. */
static bool
position(struct http_request *r, uint64_t *next_id)
{
	const char *last = http_header(r, "Last-Event-ID");
	const char *since = http_query(r, "since");
	char *end;
	uint64_t id;

	*next_id = r->server->next_id;
	if (last == NULL)
		last = since;
	if (last == NULL)
		return true;
	id = strtoull(last, &end, 10);
	if (last[0] < '0' || last[0] > '9' || *end != '\0') {
		http_fail(r, 400, "E2001", "since", NULL,
		    "the id of an event is a number");
		return false;
	}
	*next_id = id == 0 ? r->server->first_id : id + 1;
	return true;
}

void
http_events_start(struct http_request *r)
{
	struct http_server *s = r->server;
	const char *types = http_query(r, "types");
	struct event_client *c;
	uint64_t next_id;

	if (!position(r, &next_id))
		return;
	if (s->stats.event_clients >= s->cf.event_clients_max) {
		http_fail(r, 429, "E2029", NULL, "limits.event_clients",
		    "too many event streams are open");
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c != NULL) {
		*c = (struct event_client){ .server = s,
			.listener = r->listener,
			.conn = r->conn,
			.next_id = next_id,
			.caller = r->caller,
			.beat = true }; /* so that the headers go out */
		if (types != NULL)
			snprintf(c->types, sizeof(c->types), ",%.120s,", types);
		r->response = MHD_create_response_from_callback(
		    MHD_SIZE_UNKNOWN, 4096, read_events, c, gone);
	}
	if (c == NULL || r->response == NULL) {
		free(c);
		http_fail(r, 503, "E2075", NULL, NULL, "no memory");
		return;
	}
	c->next = s->event_clients;
	s->event_clients = c;
	s->stats.event_clients++;
	MHD_add_response_header(
	    r->response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
	http_headers(r->response);
	r->status = 200;
	r->replied = true;
	if (r->caller.name[0] != '\0')
		s->cf.access->answered(
		    s->cf.ctx, &r->caller, r->method, r->path, 200, "");
}
