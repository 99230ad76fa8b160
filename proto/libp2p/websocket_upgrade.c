#include <openssl/evp.h>
#include <stdio.h>

#include "proto/base/text.h"
#include "proto/libp2p/websocket.h"

#define GUID     "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */
#define ACCEPT_N 28
#define SHA1_N   20

enum seen {
	SEEN_HOST = 1,
	SEEN_UPGRADE = 2,
	SEEN_CONNECTION = 4,
	SEEN_KEY = 8,
	SEEN_VERSION = 16,
	SEEN_ACCEPT = 32,
};
#define SERVER_NEEDS                                                           \
	(SEEN_HOST | SEEN_UPGRADE | SEEN_CONNECTION | SEEN_KEY | SEEN_VERSION)
#define CLIENT_NEEDS (SEEN_UPGRADE | SEEN_CONNECTION | SEEN_ACCEPT)

/*
 * Which Origin and which Host a browser names is not looked at, and any page
 * of the web may connect. That is meant: a page that runs js-libp2p is a peer
 * like any other, from wherever it was loaded. What a page could abuse is not
 * here: the local API has its own listeners with a token, a list of hosts and
 * a header that no page can send across origins, so DNS rebinding gains
 * nothing by this port. Whoever comes has to prove a key by Noise and gets
 * what any stranger on the network gets, within the same limits; no cookie or
 * other right of the browser's user is attached to the connection.
 *
 * What remains: a page learns, by connecting to a listener on the loopback
 * address, that this machine runs a node, and its peer id. A person's node
 * therefore listens to WebSocket only where the settings say so, and a PSK
 * keeps pages out as it does all others.
 */

/* ---- text ---- */

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* ${word} is in lower case. */
static bool
is_word(struct slice s, const char *word)
{
	if (s.n != strlen(word))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (lower(s.p[i]) != (uint8_t)word[i])
			return false;
	return true;
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		slice_skip(&s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static struct slice
take_until(struct slice *s, char mark)
{
	const uint8_t *at = s->n == 0 ? NULL : memchr(s->p, mark, s->n);
	const size_t n = at == NULL ? s->n : (size_t)(at - s->p);
	const struct slice out = slice_of(s->p, n);

	slice_skip(s, at == NULL ? n : n + 1);
	return out;
}

/* Is ${word} in a list with commas: "keep-alive, Upgrade"? */
static bool
has_word(struct slice list, const char *word)
{
	while (list.n > 0)
		if (is_word(trim(take_until(&list, ',')), word))
			return true;
	return false;
}

static bool
is_base64(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
		    !(c >= '0' && c <= '9') && c != '+' && c != '/' &&
		    !(c == '=' && i + 2 >= s.n))
			return false;
	}
	return true;
}

static void
accept_text(char out[ACCEPT_N + 1], const char *key)
{
	char text[WEBSOCKET_KEY + sizeof(GUID)];
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	const int text_n = snprintf(text, sizeof(text), "%s" GUID, key);
	const bool good =
	    EVP_Digest(text, (size_t)text_n, sum, &n, EVP_sha1(), NULL) == 1;
	ASSERT(good && n == SHA1_N);
	(void)EVP_EncodeBlock((unsigned char *)out, sum, SHA1_N);
}

/* ---- what we say ---- */

static void
out_text(struct websocket_upgrade *u, const char *text)
{
	const size_t n = strlen(text);

	ASSERT(n <= sizeof(u->out) - u->out_n);
	memcpy(u->out + u->out_n, text, n);
	u->out_n += n;
}

static err
refuse(struct websocket_upgrade *u, err e, const char *status, const char *why)
{
	u->why = why;
	u->failed = e;
	if (u->client)
		return e;
	out_text(u, "HTTP/1.1 ");
	out_text(u, status);
	out_text(u, "\r\nConnection: close\r\nUpgrade: websocket\r\n"
		    "Sec-WebSocket-Version: 13\r\nContent-Type: text/plain\r\n"
		    "Content-Length: 40\r\n\r\n"
		    "This port speaks libp2p over WebSocket.\n");
	return e;
}

err
websocket_connect(struct websocket_upgrade *u, const char *host, uint16_t port,
    const uint8_t random[16])
{
	const bool v6 = strchr(host, ':') != NULL;
	char number[8];

	*u = (struct websocket_upgrade){ .client = true, .why = "" };
	if (host[0] == 0 || strlen(host) > 255)
		return ERR_FORM;
	for (const char *c = host; *c != 0; c++)
		if (*c <= ' ' || *c == 0x7f || *c == '/' || *c == '@')
			return ERR_FORM;
	(void)EVP_EncodeBlock((unsigned char *)u->key, random, 16);
	(void)snprintf(number, sizeof(number), ":%u", (unsigned)port);
	out_text(u, "GET / HTTP/1.1\r\nHost: ");
	out_text(u, v6 ? "[" : "");
	out_text(u, host);
	out_text(u, v6 ? "]" : "");
	out_text(u, number);
	out_text(u, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ");
	out_text(u, u->key);
	out_text(u, "\r\n\r\n");
	return OK;
}

void
websocket_accept(struct websocket_upgrade *u)
{
	*u = (struct websocket_upgrade){ .why = "" };
}

void
websocket_upgrade_send(struct websocket_upgrade *u, struct buf *out)
{
	const size_t n = MIN(u->out_n, buf_room(out));

	if (n == 0)
		return;
	memcpy(out->p + out->n, u->out, n);
	out->n += n;
	u->out_n -= n;
	memmove(u->out, u->out + n, u->out_n);
}

/* ---- what we hear ---- */

/* "GET /path HTTP/1.1", or "HTTP/1.1 101 Switching Protocols". */
static err
on_first_line(struct websocket_upgrade *u, struct slice line)
{
	if (u->client) {
		const struct slice version = take_until(&line, ' ');
		const struct slice status = take_until(&line, ' ');
		if (!slice_eq_str(version, "HTTP/1.1"))
			return refuse(
			    u, ERR_PEER, "", "websocket: no HTTP there");
		if (!slice_eq_str(status, "101"))
			return refuse(u, ERR_PEER, "",
			    "websocket: the server does not want it");
		return OK;
	}
	const struct slice method = take_until(&line, ' ');
	const struct slice path = take_until(&line, ' ');
	if (!slice_eq_str(method, "GET"))
		return refuse(u, ERR_PEER, "405 Method Not Allowed",
		    "websocket: not a GET");
	if (path.n == 0 || path.p[0] != '/' || !slice_eq_str(line, "HTTP/1.1"))
		return refuse(
		    u, ERR_PEER, "400 Bad Request", "websocket: not HTTP/1.1");
	return OK;
}

static err
on_key(struct websocket_upgrade *u, struct slice value)
{
	if (u->seen & SEEN_KEY || value.n != WEBSOCKET_KEY || !is_base64(value))
		return refuse(
		    u, ERR_PEER, "400 Bad Request", "websocket: a bad key");
	memcpy(u->key, value.p, WEBSOCKET_KEY);
	u->key[WEBSOCKET_KEY] = 0;
	u->seen |= SEEN_KEY;
	return OK;
}

static err
on_accept(struct websocket_upgrade *u, struct slice value)
{
	char want[ACCEPT_N + 1];

	accept_text(want, u->key);
	if (u->seen & SEEN_ACCEPT || !slice_eq_str(value, want))
		return refuse(u, ERR_PEER, "",
		    "websocket: the answer is not to our question");
	u->seen |= SEEN_ACCEPT;
	return OK;
}

static err
on_header(struct websocket_upgrade *u, struct slice line)
{
	const bool named = memchr(line.p, ':', line.n) != NULL;
	const struct slice name = take_until(&line, ':');
	const struct slice value = trim(line);
	const bool cut = u->line_n > sizeof(u->line);

	/* a line that goes on from the one before, a space before the colon,
	 * or no name at all: how to read those is disputed */
	if (!named || name.n == 0 || name.p[0] == ' ' || name.p[0] == '\t' ||
	    name.p[name.n - 1] == ' ' || name.p[name.n - 1] == '\t')
		return refuse(u, ERR_PEER, "400 Bad Request",
		    "websocket: not an HTTP header");
	/* a cookie may be long, what we need may not */
	if (cut)
		return OK;
	if (is_word(name, "upgrade") && has_word(value, "websocket"))
		u->seen |= SEEN_UPGRADE;
	else if (is_word(name, "connection") && has_word(value, "upgrade"))
		u->seen |= SEEN_CONNECTION;
	else if (u->client && is_word(name, "sec-websocket-accept"))
		return on_accept(u, value);
	else if (u->client && (is_word(name, "sec-websocket-extensions") ||
				  is_word(name, "sec-websocket-protocol")))
		return refuse(u, ERR_PEER, "",
		    "websocket: something was agreed that we did not offer");
	else if (!u->client && is_word(name, "host") && value.n > 0)
		u->seen |= SEEN_HOST;
	else if (!u->client && is_word(name, "sec-websocket-version") &&
		 has_word(value, "13"))
		u->seen |= SEEN_VERSION;
	else if (!u->client && is_word(name, "sec-websocket-key"))
		return on_key(u, value);
	return OK;
}

static err
on_end(struct websocket_upgrade *u)
{
	const unsigned needs = u->client ? CLIENT_NEEDS : SERVER_NEEDS;
	char accept[ACCEPT_N + 1];

	if ((u->seen & needs) != needs)
		return refuse(u, ERR_PEER,
		    u->seen & SEEN_HOST ? "426 Upgrade Required"
					: "400 Bad Request",
		    "websocket: not an upgrade to it");
	u->done = true;
	if (u->client)
		return OK;
	accept_text(accept, u->key);
	out_text(u, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		    "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
	out_text(u, accept);
	out_text(u, "\r\n\r\n");
	return OK;
}

static err
on_line(struct websocket_upgrade *u)
{
	const size_t kept = MIN(u->line_n, sizeof(u->line));
	struct slice line = slice_of(u->line, kept);

	if (kept == u->line_n && kept > 0 && line.p[kept - 1] == '\r')
		line.n--;
	if (u->lines++ == 0) {
		if (kept < u->line_n)
			return refuse(u, ERR_PEER, "414 URI Too Long",
			    "websocket: the first line is too long");
		return on_first_line(u, line);
	}
	return line.n == 0 ? on_end(u) : on_header(u, line);
}

err
websocket_upgrade_recv(struct websocket_upgrade *u, struct slice *in)
{
	while (u->failed == OK && !u->done) {
		if (in->n == 0)
			return ERR_MORE;
		if (u->total++ == WEBSOCKET_UPGRADE_MAX)
			return refuse(u, ERR_LIMIT,
			    "431 Request Header Fields Too Large",
			    "websocket: too much before the upgrade");
		const uint8_t c = in->p[0];
		slice_skip(in, 1);
		if (c == 0)
			return refuse(u, ERR_PEER, "400 Bad Request",
			    "websocket: not HTTP");
		if (c != '\n') {
			if (u->line_n < sizeof(u->line))
				u->line[u->line_n] = (char)c;
			u->line_n++;
			continue;
		}
		TRY(on_line(u));
		u->line_n = 0;
	}
	return u->failed;
}
