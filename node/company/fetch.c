#include "node/company/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REDIRECTS 3
#define FILE_HEAD "file:"

/* ---- addresses ---- */

struct block {
	uint8_t bytes[4];
	unsigned bits;
};

/* RFC 6890 and after: what is not for everybody. */
static const struct block not_public[] = { { { 0 }, 8 }, { { 10 }, 8 },
	{ { 100, 64 }, 10 }, { { 127 }, 8 }, { { 169, 254 }, 16 },
	{ { 172, 16 }, 12 }, { { 192, 0, 0 }, 24 }, { { 192, 0, 2 }, 24 },
	{ { 192, 88, 99 }, 24 }, { { 192, 168 }, 16 }, { { 198, 18 }, 15 },
	{ { 198, 51, 100 }, 24 }, { { 203, 0, 113 }, 24 }, { { 224 }, 3 } };

static bool
is_in(const uint8_t *a, const uint8_t *block, unsigned bits)
{
	const unsigned whole = bits / 8, rest = bits % 8;
	const uint8_t mask = (uint8_t)(0xff00 >> rest);

	return memcmp(a, block, whole) == 0 &&
	       (rest == 0 || ((a[whole] ^ block[whole]) & mask) == 0);
}

static bool
is_public4(const uint8_t a[4])
{
	for (size_t i = 0; i < ARRAY_LEN(not_public); i++)
		if (is_in(a, not_public[i].bytes, not_public[i].bits))
			return false;
	return true;
}

bool
fetch_address_public(int family, const uint8_t *a)
{
	static const uint8_t global[1] = { 0x20 };
	static const uint8_t documentation[4] = { 0x20, 0x01, 0x0d, 0xb8 };
	static const uint8_t protocols[3] = { 0x20, 0x01, 0x00 };
	static const uint8_t six_to_four[2] = { 0x20, 0x02 };

	if (family == AF_INET)
		return is_public4(a);
	/* Only 2000::/3 is handed out; parts of it lead to IPv4. */
	return family == AF_INET6 && is_in(a, global, 3) &&
	       !is_in(a, documentation, 32) && !is_in(a, protocols, 23) &&
	       !is_in(a, six_to_four, 16);
}

static curl_socket_t
on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct fetch *f = ctx;
	const void *a = NULL;

	(void)purpose;
	if (to->family == AF_INET)
		a = &((const struct sockaddr_in *)(const void *)&to->addr)
			 ->sin_addr;
	else if (to->family == AF_INET6)
		a = &((const struct sockaddr_in6 *)(const void *)&to->addr)
			 ->sin6_addr;
	/* The address of the proxy is the owner's own word. */
	if (f->proxy[0] == '\0' && !f->allow_private &&
	    (a == NULL || !fetch_address_public(to->family, a))) {
		(void)snprintf(f->why, sizeof(f->why),
		    "it leads to a private address (feeds.allow_private)");
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* A name that no public name server answers for: of one label, or of a tree
 * that is kept for a house. */
static bool
is_house_name(const char *host)
{
	static const char *const trees[] = { ".localhost", ".local",
		".internal", ".lan", ".home.arpa", ".intranet", ".private" };
	size_t n = strlen(host);

	if (n > 0 && host[n - 1] == '.')
		n--;
	if (memchr(host, '.', n) == NULL)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(trees); i++) {
		const size_t m = strlen(trees[i]);
		if (n >= m && strncasecmp(host + n - m, trees[i], m) == 0)
			return true;
	}
	return false;
}

bool
fetch_host_public(const char *url)
{
	CURLU *u = curl_url();
	char *host = NULL, *text;
	uint8_t a[16];
	bool good = false;

	/* The parser writes every way to say an IPv4 address as a.b.c.d. */
	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		text = host;
		if (text[0] == '[') {
			text++;
			text[strcspn(text, "]%")] = '\0';
			good = inet_pton(AF_INET6, text, a) == 1 &&
			       fetch_address_public(AF_INET6, a);
		} else if (inet_pton(AF_INET, text, a) == 1) {
			good = fetch_address_public(AF_INET, a);
		} else {
			good = !is_house_name(text);
		}
	}
	curl_free(host);
	curl_url_cleanup(u);
	return good;
}

/* ---- bytes ---- */

static size_t
on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct fetch *f = ctx;
	const size_t more = size * n;

	if (more > f->bytes_max - f->n) {
		(void)snprintf(f->why, sizeof(f->why),
		    "it is larger than %zu bytes", f->bytes_max);
		return 0;
	}
	uint8_t *bytes = realloc(f->bytes, f->n + more + 1);
	if (bytes == NULL)
		return 0;
	f->bytes = bytes;
	memcpy(f->bytes + f->n, p, more);
	f->n += more;
	return more;
}

/* "ETag: x" into ${out}; too long is as if it were not there. */
static void
take_header(const char *p, size_t n, const char *name, char *out)
{
	const size_t head = strlen(name);

	if (n <= head || strncasecmp(p, name, head) != 0)
		return;
	p += head;
	n -= head;
	while (n > 0 && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	while (n > 0 && strchr("\r\n \t", p[n - 1]) != NULL)
		n--;
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		if (n > FETCH_MARK_MAX || p[i] < ' ' || p[i] > '~')
			return;
	memcpy(out, p, n);
	out[n] = '\0';
}

struct answer {
	struct fetch *f;
	char etag[FETCH_MARK_MAX + 1], modified[FETCH_MARK_MAX + 1];
};

static size_t
on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct answer *a = ctx;
	const size_t all = size * n;

	if (all > 5 && memcmp(p, "HTTP/", 5) == 0) /* after a redirect */
		a->etag[0] = a->modified[0] = '\0';
	take_header(p, all, "etag:", a->etag);
	take_header(p, all, "last-modified:", a->modified);
	return all;
}

static struct curl_slist *
conditions(const struct fetch *f)
{
	struct curl_slist *list = NULL;
	char line[FETCH_MARK_MAX + 32];

	if (f->etag[0] != '\0') {
		(void)snprintf(
		    line, sizeof(line), "If-None-Match: %s", f->etag);
		list = curl_slist_append(list, line);
	}
	if (f->modified[0] != '\0') {
		(void)snprintf(
		    line, sizeof(line), "If-Modified-Since: %s", f->modified);
		list = curl_slist_append(list, line);
	}
	return list;
}

static int
on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct fetch *f = ctx;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load(&f->stop) ? 1 : 0;
}

static void
set_up(CURL *c, struct fetch *f, struct answer *a)
{
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	/* By hand: each hop is looked at, by a proxy too. */
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, f->proxy);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 15L);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_USERAGENT, "ohcn-feed");
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, f);
}

/* One hop to the next: ${*next} is where the server points, to be freed, or
 * NULL when this was the last one. */
static bool
hop(CURL *c, struct fetch *f, const char *url, long *status, char **next)
{
	char *to = NULL;

	*next = NULL;
	/* A proxy looks names up itself, so on_socket() cannot judge. */
	if (f->proxy[0] != '\0' && !f->allow_private &&
	    !fetch_host_public(url)) {
		(void)snprintf(f->why, sizeof(f->why),
		    "it leads to a private address (feeds.allow_private)");
		return false;
	}
	f->n = 0; /* what a redirect said */
	curl_easy_setopt(c, CURLOPT_URL, url);
	const CURLcode code = curl_easy_perform(c);
	if (code != CURLE_OK) {
		if (f->why[0] == '\0')
			(void)snprintf(f->why, sizeof(f->why), "%s",
			    curl_easy_strerror(code));
		return false;
	}
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
	curl_easy_getinfo(c, CURLINFO_REDIRECT_URL, &to);
	if (to == NULL || *status == 304)
		return true;
	*next = strdup(to);
	if (*next == NULL)
		(void)snprintf(f->why, sizeof(f->why), "out of memory");
	return *next != NULL;
}

/* All hops, in ${seconds_max} together. */
static bool
follow(CURL *c, struct fetch *f, long *status)
{
	char *url = strdup(f->url), *next = NULL;
	double spent = 0, took = 0;
	bool good = url != NULL;

	for (int i = 0; good && url != NULL; i++) {
		const long left = f->seconds_max - (long)spent;
		if (i > REDIRECTS || (f->seconds_max > 0 && left <= 0)) {
			(void)snprintf(f->why, sizeof(f->why), "%s",
			    i > REDIRECTS ? "it is redirected too often"
					  : "it takes too long");
			good = false;
			break;
		}
		curl_easy_setopt(c, CURLOPT_TIMEOUT, left > 0 ? left : 0L);
		good = hop(c, f, url, status, &next);
		curl_easy_getinfo(c, CURLINFO_TOTAL_TIME, &took);
		spent += took;
		free(url);
		url = next;
		next = NULL;
	}
	free(url);
	return good;
}

static void
from_web(struct fetch *f)
{
	struct answer a = { .f = f };
	struct curl_slist *list = conditions(f);
	CURL *c = curl_easy_init();
	long status = 0;

	f->outcome = FETCH_FAILED;
	if (c == NULL) {
		curl_slist_free_all(list);
		(void)snprintf(f->why, sizeof(f->why), "out of memory");
		return;
	}
	set_up(c, f, &a);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
	const bool good = follow(c, f, &status);
	curl_easy_cleanup(c);
	curl_slist_free_all(list);
	if (!good)
		return;
	if (status == 304) {
		f->outcome = FETCH_SAME;
	} else if (status != 200) {
		(void)snprintf(
		    f->why, sizeof(f->why), "the server answers %ld", status);
	} else {
		f->outcome = FETCH_GOOD;
		memcpy(f->etag, a.etag, sizeof(f->etag));
		memcpy(f->modified, a.modified, sizeof(f->modified));
	}
}

/* ---- a file of the owner's directory ---- */

static bool
is_plain_name(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL &&
	       strlen(name) <= 200;
}

static void
from_file(struct fetch *f)
{
	char path[800];
	struct stat st;

	f->outcome = FETCH_FAILED;
	(void)snprintf(path, sizeof(path), "%s/%s", f->directory,
	    f->url + strlen(FILE_HEAD));
	const int fd =
	    f->directory[0] == '\0'
		? -1
		: open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		(void)snprintf(f->why, sizeof(f->why), "%s",
		    f->directory[0] == '\0'
			? "feeds.directory names no directory of files"
			: strerror(errno));
		return;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		(void)snprintf(f->why, sizeof(f->why), "it is no file");
	else
		f->outcome = FETCH_GOOD;
	char part[16384];
	ssize_t n = 0;
	while (
	    f->outcome == FETCH_GOOD && (n = read(fd, part, sizeof(part))) > 0)
		if (on_bytes(part, 1, (size_t)n, f) == 0)
			f->outcome = FETCH_FAILED;
	if (n < 0) {
		f->outcome = FETCH_FAILED;
		(void)snprintf(f->why, sizeof(f->why), "it cannot be read");
	}
	(void)close(fd);
}

bool
fetch_url_good(const char *url)
{
	const size_t n = strlen(url), head = strlen(FILE_HEAD);

	for (size_t i = 0; i < n; i++)
		if (url[i] <= ' ' || url[i] > '~')
			return false;
	if (strncmp(url, FILE_HEAD, head) == 0)
		return is_plain_name(url + head);
	const size_t web = strncmp(url, "https://", 8) == 0  ? 8
			   : strncmp(url, "http://", 7) == 0 ? 7
							     : 0;
	if (web == 0 || n <= web || n > FETCH_URL_MAX)
		return false;
	/* A password would stand in lists and logs. */
	const char *end = url + web + strcspn(url + web, "/?#");
	return memchr(url + web, '@', (size_t)(end - url) - web) == NULL;
}

void
fetch_run(struct fetch *f)
{
	f->why[0] = '\0';
	if (strncmp(f->url, FILE_HEAD, strlen(FILE_HEAD)) == 0)
		from_file(f);
	else
		from_web(f);
}
