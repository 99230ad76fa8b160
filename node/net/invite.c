#include "node/net/invite.h"

#include <stdio.h>

#include "proto/libp2p/address.h"

#define SCHEME "ohcn:invite?"

/* ---- writing ---- */

/* Appends; false once it was too long. */
static bool
append(char out[INVITE_TEXT_MAX], size_t *n, const char *text)
{
	const size_t len = strlen(text);

	if (*n + len >= INVITE_TEXT_MAX)
		return false;
	memcpy(out + *n, text, len + 1);
	*n += len;
	return true;
}

/* RFC 3986: what may stand in a query unescaped, '&' and '=' apart. */
static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~/:@!$'()*,;?", c) != NULL);
}

static bool
append_value(
    char out[INVITE_TEXT_MAX], size_t *n, const char *name, const char *value)
{
	char one[8];

	if (!append(out, n, out[*n - 1] == '?' ? "" : "&") ||
	    !append(out, n, name) || !append(out, n, "="))
		return false;
	for (; *value != '\0'; value++) {
		(void)snprintf(one, sizeof(one),
		    is_plain(*value) ? "%c" : "%%%02X", (unsigned char)*value);
		if (!append(out, n, one))
			return false;
	}
	return true;
}

err
invite_put(const struct invite *i, char out[INVITE_TEXT_MAX])
{
	char id[PEER_ID_TEXT_MAX], key[65];
	size_t n = 0;

	peer_id_put(id, &i->id);
	bool fits = append(out, &n, SCHEME) &&
		    append_value(out, &n, "net", i->net) &&
		    append_value(out, &n, "id", id);
	for (size_t a = 0; a < i->addrs_n; a++)
		fits = fits && append_value(out, &n, "addr", i->addrs[a]);
	if (i->psk[0] != '\0')
		fits = fits && append_value(out, &n, "psk", i->psk);
	if (i->has_key) {
		for (size_t k = 0; k < sizeof(i->key); k++)
			(void)snprintf(
			    key + 2 * k, 3, "%02x", (unsigned)i->key[k]);
		fits = fits && append_value(out, &n, "key", key);
	}
	if (fits)
		return OK;
	out[0] = '\0';
	return ERR_MORE;
}

/* ---- reading ---- */

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* One "name=value", the value unescaped; false: malformed, or too long. */
static bool
take_value(const char *at, size_t n, char *out, size_t cap)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)at[i];
		if (at[i] == '%') {
			if (i + 2 >= n || hex_digit(at[i + 1]) < 0 ||
			    hex_digit(at[i + 2]) < 0)
				return false;
			c = 16 * hex_digit(at[i + 1]) + hex_digit(at[i + 2]);
			i += 2;
		}
		if (c <= ' ' || c > '~' || used + 1 >= cap)
			return false;
		out[used++] = (char)c;
	}
	out[used] = '\0';
	return true;
}

static bool
is_network(const char *s)
{
	const size_t n = strlen(s);

	return n >= 1 && n <= 16 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static bool
take_addr(const char *value, struct invite *out)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	if (multiaddr_get(slice_str(value), &b) != OK)
		return false;
	/* What we cannot dial or keep may be of use to a later version. */
	if (out->addrs_n == INVITE_ADDRS_MAX ||
	    strlen(value) >= INVITE_ADDR_MAX ||
	    address_kind(buf_slice(&b)) == ADDRESS_OTHER)
		return true;
	memcpy(out->addrs[out->addrs_n++], value, strlen(value) + 1);
	return true;
}

static bool
take_hex(const char *value, uint8_t *out, size_t n)
{
	if (strlen(value) != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		const int a = hex_digit(value[2 * i]);
		const int b = hex_digit(value[2 * i + 1]);
		if (a < 0 || b < 0)
			return false;
		out[i] = (uint8_t)(16 * a + b);
	}
	return true;
}

/* The part that is wrong, or NULL. What we do not know is left alone. */
static const char *
take_part(
    const char *name, size_t name_n, const char *value, struct invite *out)
{
	const struct slice s = slice_of(name, name_n);
	uint8_t psk[INVITE_FINGERPRINT / 2];

	if (slice_eq_str(s, "net")) {
		if (out->net[0] != '\0' || !is_network(value))
			return "the name of the network (net)";
		memcpy(out->net, value, strlen(value) + 1);
	} else if (slice_eq_str(s, "id")) {
		if (out->id.n > 0 ||
		    peer_id_get(slice_str(value), &out->id) != OK)
			return "the peer (id)";
	} else if (slice_eq_str(s, "addr")) {
		if (!take_addr(value, out))
			return "an address (addr)";
	} else if (slice_eq_str(s, "psk")) {
		if (out->psk[0] != '\0' || !take_hex(value, psk, sizeof(psk)))
			return "the fingerprint of the key (psk)";
		/* as we write it, whatever the case: it is compared */
		for (size_t i = 0; i < sizeof(psk); i++)
			(void)snprintf(out->psk + 2 * i, 3, "%02x", psk[i]);
	} else if (slice_eq_str(s, "key")) {
		if (out->has_key ||
		    !take_hex(value, out->key, sizeof(out->key)))
			return "the key (key)";
		out->has_key = true;
	}
	return NULL;
}

static err
wrong(struct problem *p, const char *what, const char *why)
{
	problem_set(p, EXIT_USAGE, "E1450", "this invitation %s", what);
	problem_why(p, "%s", why);
	problem_hint(p, "copy the whole link, from \"ohcn:\" on; or ask for "
			"a new one: ohcn invite");
	return ERR_FORM;
}

err
invite_get(const char *text, struct invite *out, struct problem *p)
{
	const char *at = text + strspn(text, " \t\r\n");
	size_t left = strlen(at);

	*out = (struct invite){ 0 };
	while (left > 0 && strchr(" \t\r\n", at[left - 1]) != NULL)
		left--;
	if (left < strlen(SCHEME) || memcmp(at, SCHEME, strlen(SCHEME)) != 0)
		return wrong(
		    p, "is none", "an invitation begins with \"" SCHEME "\"");
	if (left >= INVITE_TEXT_MAX)
		return wrong(p, "is too long", "2047 characters are allowed");
	at += strlen(SCHEME);
	left -= strlen(SCHEME);
	while (left > 0) {
		char value[INVITE_TEXT_MAX];
		const char *end = memchr(at, '&', left);
		const size_t n = end == NULL ? left : (size_t)(end - at);
		const char *equals = memchr(at, '=', n);
		const size_t name = equals == NULL ? n : (size_t)(equals - at);
		const char *bad = "an escaped character";
		if (equals != NULL &&
		    take_value(equals + 1, n - name - 1, value, sizeof(value)))
			bad = take_part(at, name, value, out);
		if (bad != NULL)
			return wrong(p, "is damaged", bad);
		at += n + (end == NULL ? 0 : 1);
		left -= n + (end == NULL ? 0 : 1);
	}
	if (out->net[0] == '\0' || out->id.n == 0 || out->addrs_n == 0)
		return wrong(p, "is not whole",
		    out->net[0] == '\0' ? "it names no network (net)"
		    : out->id.n == 0
			? "it names no peer (id)"
			: "it has no address that can be dialled (addr)");
	return OK;
}
