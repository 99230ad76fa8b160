#include <curl/curl.h>
#include <stdlib.h>

#include "node/cli/client.h"

#define REPLY_MAX ((size_t)256 << 20)

struct client {
	CURL *curl;
	char base[256];
	char auth[256]; /* header, or "" */
	char where[PATH_TEXT_MAX];
	unsigned timeout_s;
	bool (*is_flag)(const void *ctx, const char *name); /* NULL: none */
	const void *flags;
	client_progress *progress; /* NULL: nobody */
	void *progress_ctx;
	const char *persona; /* NULL: the first */
};

/* What comes back: kept, written to a file or read as events. */
struct sink {
	struct client *c;
	FILE *file;
	client_event *on_event;
	void *ctx;
	bool stop, failed_write;
	char *p;
	size_t n, cap;
	uint64_t total;
};

static bool
loopback(const char *api)
{
	return strncmp(api, "http://127.0.0.1:", 17) == 0 ||
	       strncmp(api, "http://localhost:", 17) == 0 ||
	       strncmp(api, "http://[::1]:", 13) == 0;
}

/* By the user: it then counts over the socket, too. */
static bool
token_is_chosen(void)
{
	const char *path = getenv("OHCN_TOKEN_FILE");

	return path != NULL && path[0] != '\0';
}

static err
read_token(struct client *c, const struct paths *paths, struct problem *p)
{
	const char *path = getenv("OHCN_TOKEN_FILE");
	struct slice token;

	if (path == NULL || path[0] == '\0')
		path = paths->token;
	if (file_read(path, 128, &token, p) != OK) {
		p->exit = EXIT_AUTH;
		problem_why(p, "the API over TCP asks for the node's token");
		problem_hint(p, "OHCN_TOKEN_FILE=FILE; the node writes it at "
				"start when api.port is set");
		return ERR_AUTH;
	}
	snprintf(c->auth, sizeof(c->auth), "Authorization: Bearer %.*s",
	    (int)strcspn((const char *)token.p, "\r\n"), (const char *)token.p);
	free((void *)(uintptr_t)token.p);
	return OK;
}

err
client_new(const struct paths *paths, const char *api, struct client **out,
    struct problem *p)
{
	struct client *c = calloc(1, sizeof(*c));
	err e = OK;

	*out = NULL;
	if (c == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
	    (c->curl = curl_easy_init()) == NULL) {
		free(c);
		problem_set(p, EXIT_TEMPORARY, "E1501", "cannot start libcurl");
		return ERR_NOMEM;
	}
	c->timeout_s = 120;
	if (api == NULL) {
		snprintf(c->base, sizeof(c->base), "http://localhost");
		snprintf(c->where, sizeof(c->where), "%s", paths->socket);
	} else if (!loopback(api)) {
		problem_set(p, EXIT_USAGE, "E1502",
		    "--api must be http://127.0.0.1:PORT: %.100s", api);
		problem_hint(p, "for a node elsewhere: ssh -L "
				"4142:127.0.0.1:4142 HOST");
		e = ERR_CONFIG;
	} else {
		snprintf(c->base, sizeof(c->base), "%.200s", api);
		if (c->base[strlen(c->base) - 1] == '/')
			c->base[strlen(c->base) - 1] = '\0';
		snprintf(c->where, sizeof(c->where), "%s", c->base);
		e = read_token(c, paths, p);
	}
	if (e == OK && api == NULL && token_is_chosen())
		e = read_token(c, paths, p);
	if (e != OK) {
		client_free(c);
		return e;
	}
	if (api == NULL)
		curl_easy_setopt(
		    c->curl, CURLOPT_UNIX_SOCKET_PATH, paths->socket);
	*out = c;
	return OK;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
	free(c);
}

void
client_flags(struct client *c,
    bool (*is_flag)(const void *ctx, const char *name), const void *ctx)
{
	c->is_flag = is_flag;
	c->flags = ctx;
}

void
client_persona(struct client *c, const char *name)
{
	c->persona = name;
}

void
client_timeout(struct client *c, unsigned seconds)
{
	c->timeout_s = seconds;
}

void
client_on_progress(struct client *c, client_progress *fn, void *ctx)
{
	c->progress = fn;
	c->progress_ctx = ctx;
}

static bool
sink_keep(struct sink *s, const char *p, size_t n)
{
	if (n > REPLY_MAX - s->n)
		return false;
	if (s->n + n + 1 > s->cap) {
		const size_t cap = MAX(s->cap * 2, s->n + n + 1);
		char *more = realloc(s->p, cap);

		if (more == NULL)
			return false;
		s->p = more;
		s->cap = cap;
	}
	memcpy(s->p + s->n, p, n);
	s->n += n;
	s->p[s->n] = '\0';
	return true;
}

/* One block of "field: value" lines; comments are skipped. */
static void
event_block(struct sink *s, char *block)
{
	const char *id = "", *type = "message", *data = NULL;

	for (char *line = block; line != NULL;) {
		char *next = strchr(line, '\n');

		if (next != NULL)
			*next++ = '\0';
		if (strncmp(line, "id: ", 4) == 0)
			id = line + 4;
		else if (strncmp(line, "event: ", 7) == 0)
			type = line + 7;
		else if (strncmp(line, "data: ", 6) == 0)
			data = line + 6;
		line = next;
	}
	if (data != NULL && !s->on_event(s->ctx, id, type, data))
		s->stop = true;
}

static bool
sink_events(struct sink *s)
{
	char *end;

	while (s->n > 0 && (end = strstr(s->p, "\n\n")) != NULL) {
		const size_t used = (size_t)(end - s->p) + 2;

		*end = '\0';
		event_block(s, s->p);
		memmove(s->p, s->p + used, s->n - used + 1);
		s->n -= used;
		if (s->stop)
			return false;
	}
	return s->n < (1 << 20);
}

static size_t
on_data(char *p, size_t size, size_t n, void *ctx)
{
	struct sink *s = ctx;
	long status = 0;

	n *= size;
	s->total += n;
	if (s->c->progress != NULL && s->file != NULL)
		s->c->progress(s->c->progress_ctx, s->total);
	curl_easy_getinfo(s->c->curl, CURLINFO_RESPONSE_CODE, &status);
	if (s->file != NULL && status == 200) {
		if (fwrite(p, 1, n, s->file) == n)
			return n;
		s->failed_write = true;
		return 0;
	}
	if (!sink_keep(s, p, n))
		return 0;
	if (s->on_event != NULL && status == 200 && !sink_events(s))
		return 0;
	return n;
}

static enum exit_code
exit_of_status(long status)
{
	switch (status) {
	case 401:
	case 403:
		return EXIT_AUTH;
	case 404:
		return EXIT_NOTFOUND;
	case 408:
	case 504:
		return EXIT_TIMEOUT;
	case 409:
		return EXIT_CONFLICT;
	case 423:
		return EXIT_AUTH;
	case 429:
	case 503:
		return EXIT_TEMPORARY;
	case 507:
		return EXIT_DISK;
	default:
		return EXIT_REFUSED;
	}
}

static err
err_of_status(long status)
{
	if (status == 401 || status == 403)
		return ERR_AUTH;
	if (status == 404)
		return ERR_NOTFOUND;
	if (status == 409)
		return ERR_EXISTS;
	return status >= 500 ? ERR_CLOSED : ERR_FORM;
}

/* What the command line itself gave: its user knows of no field. */
static bool
is_argument(const char *field)
{
	static const char *const given[] = { "id", "data", "address", "link",
		"peer_id", "key", "listen.addresses", "q", "dir", "source",
		"name" };

	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		if (strcmp(field, given[i]) == 0)
			return true;
	return false;
}

/* The node's problem+json in the words of a problem. */
static err
refused(
    const struct client *c, long status, const char *text, struct problem *p)
{
	json_t *body = text == NULL ? NULL : json_loads(text, 0, NULL);
	const char *detail = json_string_value(json_object_get(body, "detail"));
	const char *code = json_string_value(json_object_get(body, "code"));
	const char *field = json_string_value(json_object_get(body, "field"));
	const char *hint = json_string_value(json_object_get(body, "hint"));

	if (detail != NULL) {
		problem_set(p, exit_of_status(status),
		    code == NULL ? "E2000" : code, "%s", detail);
		if (field != NULL && c->is_flag != NULL &&
		    c->is_flag(c->flags, field))
			problem_why(p, "it is about --%s", field);
		else if (field != NULL && !is_argument(field))
			problem_why(p, "it is about the field \"%s\"", field);
		if (hint != NULL)
			problem_hint(p, "%s", hint);
	} else {
		problem_set(p, exit_of_status(status), "E1503",
		    "the node answered %ld without saying why", status);
		if (status == 503)
			problem_why(p, "it is starting or stopping");
	}
	json_decref(body);
	return err_of_status(status);
}

static err
no_answer(struct client *c, CURLcode code, struct problem *p)
{
	if (code == CURLE_OPERATION_TIMEDOUT) {
		problem_set(p, EXIT_TIMEOUT, "E1504",
		    "the node did not answer in %u seconds", c->timeout_s);
		return ERR_CLOSED;
	}
	problem_set(p, EXIT_UNREACHABLE, "E1505", "no node answers");
	problem_why(p, "%s: %s", c->where, curl_easy_strerror(code));
	problem_hint(p, "ohcn up");
	return ERR_IO;
}

static struct curl_slist *
headers_of(struct client *c, const char *type)
{
	struct curl_slist *list = curl_slist_append(NULL, "X-OHCN: 1");
	char line[128];

	snprintf(line, sizeof(line), "Content-Type: %s",
	    type == NULL ? "application/json" : type);
	list = curl_slist_append(list, line);
	list = curl_slist_append(list, "Expect:");
	if (c->auth[0] != '\0')
		list = curl_slist_append(list, c->auth);
	return list;
}

static err
perform(struct client *c, const char *method, const char *path,
    const char *type, struct slice body, struct sink *s, struct problem *p)
{
	struct curl_slist *headers = headers_of(c, type);
	char url[4096];
	CURLcode code;
	long status = 0;

	s->c = c;
	snprintf(url, sizeof(url), "%s%s%s%s", c->base, path,
	    c->persona == NULL          ? ""
	    : strchr(path, '?') == NULL ? "?persona="
					: "&persona=",
	    c->persona == NULL ? "" : c->persona);
	curl_easy_setopt(c->curl, CURLOPT_URL, url);
	curl_easy_setopt(c->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)c->timeout_s);
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, s);
	if (strcmp(method, "GET") == 0) {
		curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	} else {
		curl_easy_setopt(c->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(
		    c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS,
		    body.n == 0 ? "" : (const char *)body.p);
	}
	code = curl_easy_perform(c->curl);
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	if (s->stop)
		return OK;
	if (s->failed_write) {
		problem_set(p, EXIT_DISK, "E1506", "cannot write the output");
		return ERR_IO;
	}
	if (code != CURLE_OK)
		return no_answer(c, code, p);
	return status / 100 == 2 ? OK : refused(s->c, status, s->p, p);
}

static err
json_reply(struct sink *s, json_t **reply, struct problem *p)
{
	json_t *body = s->p == NULL ? NULL : json_loadb(s->p, s->n, 0, NULL);

	if (body == NULL) {
		problem_set(
		    p, EXIT_REFUSED, "E1507", "the node's answer is not JSON");
		problem_why(p, "another program, or another version of ohcn");
		return ERR_FORM;
	}
	if (reply != NULL)
		*reply = body;
	else
		json_decref(body);
	return OK;
}

err
client_call(struct client *c, const char *method, const char *path,
    json_t *body, json_t **reply, struct problem *p)
{
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	struct sink s = { 0 };
	err e;

	json_decref(body);
	if (reply != NULL)
		*reply = NULL;
	e = perform(c, method, path, NULL,
	    text == NULL ? (struct slice){ 0 } : slice_str(text), &s, p);
	if (e == OK)
		e = json_reply(&s, reply, p);
	free(text);
	free(s.p);
	return e;
}

err
client_upload(struct client *c, const char *path, const char *type,
    struct slice body, json_t **reply, struct problem *p)
{
	struct sink s = { 0 };
	err e;

	*reply = NULL;
	e = perform(c, "POST", path, type, body, &s, p);
	if (e == OK)
		e = json_reply(&s, reply, p);
	free(s.p);
	return e;
}

err
client_download(struct client *c, const char *path, FILE *to, uint64_t *n,
    struct problem *p)
{
	struct sink s = { .file = to };
	const err e = perform(c, "GET", path, NULL, (struct slice){ 0 }, &s, p);

	*n = s.total;
	free(s.p);
	if (e == OK && fflush(to) != 0) {
		problem_set(p, EXIT_DISK, "E1506", "cannot write the output");
		return ERR_IO;
	}
	return e;
}

err
client_events(struct client *c, const char *path, client_event *on_event,
    void *ctx, struct problem *p)
{
	struct sink s = { .on_event = on_event, .ctx = ctx };
	const unsigned before = c->timeout_s;
	err e;

	c->timeout_s = 0;
	e = perform(c, "GET", path, NULL, (struct slice){ 0 }, &s, p);
	c->timeout_s = before;
	free(s.p);
	return e;
}

err
url_escape(char *out, size_t cap, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;
		const bool plain = (c >= '0' && c <= '9') ||
				   ((c | 32) >= 'a' && (c | 32) <= 'z') ||
				   c == '-' || c == '.' || c == '_' || c == '~';

		if (n + 4 > cap)
			return ERR_MORE;
		if (plain) {
			out[n++] = (char)c;
		} else {
			out[n++] = '%';
			out[n++] = digits[c >> 4];
			out[n++] = digits[c & 15];
		}
	}
	out[n] = '\0';
	return OK;
}
