#include "proto/libp2p/multiaddr.h"

#include <stdio.h>

#include "proto/base/text.h"
#include "proto/base/varint.h"

#define VALUE_NONE 0
#define VALUE_LP   SIZE_MAX /* length-prefixed */

enum form {
	FORM_NONE,
	FORM_IP4,
	FORM_IP6,
	FORM_PORT,
	FORM_BYTE,
	FORM_U64,
	FORM_TEXT, /* no slash inside */
	FORM_ESCAPED,
	FORM_PATH, /* all the rest, slashes included */
	FORM_PEER,
	FORM_BASE64,
	FORM_ONION3, /* 56 characters of base32, a colon, a port */
};

static const struct protocol {
	enum multiaddr_code code;
	const char *name;
	enum form form;
	size_t size;
} protocols[] = {
	{ MULTIADDR_IP4, "ip4", FORM_IP4, 4 },
	{ MULTIADDR_TCP, "tcp", FORM_PORT, 2 },
	{ MULTIADDR_IP6, "ip6", FORM_IP6, 16 },
	{ MULTIADDR_IP6ZONE, "ip6zone", FORM_TEXT, VALUE_LP },
	{ MULTIADDR_IPCIDR, "ipcidr", FORM_BYTE, 1 },
	{ MULTIADDR_DNS, "dns", FORM_TEXT, VALUE_LP },
	{ MULTIADDR_DNS4, "dns4", FORM_TEXT, VALUE_LP },
	{ MULTIADDR_DNS6, "dns6", FORM_TEXT, VALUE_LP },
	{ MULTIADDR_DNSADDR, "dnsaddr", FORM_TEXT, VALUE_LP },
	{ MULTIADDR_UDP, "udp", FORM_PORT, 2 },
	{ MULTIADDR_WEBRTC_DIRECT, "webrtc-direct", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_P2P_CIRCUIT, "p2p-circuit", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_UNIX, "unix", FORM_PATH, VALUE_LP },
	{ MULTIADDR_P2P, "p2p", FORM_PEER, VALUE_LP },
	{ MULTIADDR_P2P, "ipfs", FORM_PEER, VALUE_LP }, /* its old name */
	{ MULTIADDR_ONION3, "onion3", FORM_ONION3, MULTIADDR_ONION3_KEY + 2 },
	{ MULTIADDR_TLS, "tls", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_SNI, "sni", FORM_TEXT, VALUE_LP },
	{ MULTIADDR_NOISE, "noise", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_QUIC, "quic", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_QUIC_V1, "quic-v1", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_WEBTRANSPORT, "webtransport", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_CERTHASH, "certhash", FORM_BASE64, VALUE_LP },
	{ MULTIADDR_WS, "ws", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_WSS, "wss", FORM_NONE, VALUE_NONE },
	{ MULTIADDR_HTTP_PATH, "http-path", FORM_ESCAPED, VALUE_LP },
	{ MULTIADDR_MEMORY, "memory", FORM_U64, 8 },
};

static const struct protocol *
protocol_of_code(uint64_t code)
{
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if ((uint64_t)protocols[i].code == code)
			return &protocols[i];
	return NULL;
}

static const struct protocol *
protocol_of_name(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++)
		if (slice_eq_str(name, protocols[i].name))
			return &protocols[i];
	return NULL;
}

/* A length-prefixed value that its text form could not carry is malformed,
 * so that every address that is accepted can be printed and read again. */
static bool
value_fits(enum form form, struct slice value)
{
	struct peer_id id;

	if (value.n == 0)
		return false;
	switch (form) {
	case FORM_TEXT:
		return memchr(value.p, '/', value.n) == NULL &&
		       text_is_clean(value);
	case FORM_PATH:
		return value.n > 1 && value.p[0] == '/' &&
		       value.p[value.n - 1] != '/' && text_is_clean(value);
	case FORM_PEER:
		return peer_id_parse(value, &id) == OK;
	case FORM_NONE:
	case FORM_IP4:
	case FORM_IP6:
	case FORM_PORT:
	case FORM_BYTE:
	case FORM_U64:
	case FORM_ESCAPED:
	case FORM_BASE64:
	case FORM_ONION3:
		return true;
	}
	return false;
}

err
multiaddr_next(struct slice *addr, struct multiaddr_part *out)
{
	struct slice in = *addr;
	uint64_t code = 0, n = 0;
	size_t used = 0;

	if (in.n == 0)
		return ERR_NOTFOUND;
	if (varint_get(in, &code, &used) != OK)
		return ERR_FORM;
	slice_skip(&in, used);
	const struct protocol *p = protocol_of_code(code);
	if (p == NULL)
		return ERR_FORM;
	n = p->size;
	if (p->size == VALUE_LP) {
		if (varint_get(in, &n, &used) != OK)
			return ERR_FORM;
		slice_skip(&in, used);
	}
	if (n > in.n)
		return ERR_FORM;
	const struct slice value = slice_of(in.p, (size_t)n);
	if (p->size == VALUE_LP && !value_fits(p->form, value))
		return ERR_FORM;
	*out = (struct multiaddr_part){ p->code, value };
	slice_skip(&in, (size_t)n);
	*addr = in;
	return OK;
}

err
multiaddr_check(struct slice addr)
{
	struct multiaddr_part part;
	err e;

	if (addr.n == 0 || addr.n > MULTIADDR_MAX)
		return ERR_FORM;
	while ((e = multiaddr_next(&addr, &part)) == OK)
		if (part.code == MULTIADDR_UNIX && addr.n > 0)
			return ERR_FORM; /* a path takes all of the text */
	return e == ERR_NOTFOUND ? OK : e;
}

/* ---- text to binary ---- */

/* A decimal number without sign or leading zeros, at most max. */
static err
decimal_get(struct slice text, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (text.n == 0 || text.n > 20 || (text.n > 1 && text.p[0] == '0'))
		return ERR_FORM;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return ERR_FORM;
		const uint64_t digit = (uint64_t)(text.p[i] - '0');
		if (digit > max || v > (max - digit) / 10)
			return ERR_FORM;
		v = v * 10 + digit;
	}
	*out = v;
	return OK;
}

static struct slice
take_until(struct slice *s, uint8_t mark)
{
	const uint8_t *at = s->n == 0 ? NULL : memchr(s->p, mark, s->n);
	const size_t n = at == NULL ? s->n : (size_t)(at - s->p);
	const struct slice out = slice_of(s->p, n);

	slice_skip(s, at == NULL ? n : n + 1);
	return out;
}

static err
ip4_get(struct slice text, uint8_t out[4])
{
	for (size_t i = 0; i < 4; i++) {
		const bool last = i == 3;
		uint64_t v = 0;
		if (!last && memchr(text.p, '.', text.n) == NULL)
			return ERR_FORM;
		TRY(decimal_get(last ? text : take_until(&text, '.'), 255, &v));
		out[i] = (uint8_t)v;
	}
	return OK;
}

static err
group_get(struct slice text, uint16_t *out)
{
	unsigned v = 0;

	if (text.n == 0 || text.n > 4)
		return ERR_FORM;
	for (size_t i = 0; i < text.n; i++) {
		const uint8_t c = text.p[i];
		unsigned digit;
		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10u;
		else if (c >= 'A' && c <= 'F')
			digit = c - 'A' + 10u;
		else
			return ERR_FORM;
		v = v << 4 | digit;
	}
	*out = (uint16_t)v;
	return OK;
}

/* RFC 4291, 2.2: groups, one "::", an IPv4 address as the last two groups. */
static err
ip6_get(struct slice text, uint8_t out[16])
{
	size_t n = 0, gap = SIZE_MAX;

	memset(out, 0, 16);
	if (text.n >= 2 && text.p[0] == ':' && text.p[1] == ':') {
		gap = 0;
		slice_skip(&text, 2);
	}
	while (text.n > 0) {
		const bool more = memchr(text.p, ':', text.n) != NULL;
		struct slice word = take_until(&text, ':');
		uint16_t group = 0;

		if (!more && memchr(word.p, '.', word.n) != NULL) {
			if (n > 12)
				return ERR_FORM;
			TRY(ip4_get(word, out + n));
			n += 4;
			break;
		}
		if (n > 14)
			return ERR_FORM;
		TRY(group_get(word, &group));
		put_u16be(out + n, group);
		n += 2;
		if (!more)
			break;
		if (text.n == 0)
			return ERR_FORM; /* a single colon at the end */
		if (text.p[0] == ':') {
			if (gap != SIZE_MAX)
				return ERR_FORM;
			gap = n;
			slice_skip(&text, 1);
		}
	}
	if (gap == SIZE_MAX)
		return n == 16 ? OK : ERR_FORM;
	if (n > 14)
		return ERR_FORM; /* "::" stands for at least one group */
	memmove(out + 16 - (n - gap), out + gap, n - gap);
	memset(out + gap, 0, 16 - n);
	return OK;
}

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* RFC 4648, section 5, unpadded; the bits left over must be zero. */
static err
base64_get(struct slice text, struct buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;

	if (text.n % 4 == 1)
		return ERR_FORM;
	for (size_t i = 0; i < text.n; i++) {
		const char *at =
		    text.p[i] == 0 ? NULL : strchr(base64_alphabet, text.p[i]);
		if (at == NULL)
			return ERR_FORM;
		bits = bits << 6 | (uint32_t)(at - base64_alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			TRY(buf_put_u8(out, (uint8_t)(bits >> have)));
			bits &= (1u << have) - 1;
		}
	}
	return bits == 0 ? OK : ERR_FORM;
}

static err
escaped_get(struct slice text, struct buf *out)
{
	while (text.n > 0) {
		uint16_t v = text.p[0];
		if (v == '%') {
			if (text.n < 3)
				return ERR_FORM;
			TRY(group_get(slice_of(text.p + 1, 2), &v));
			slice_skip(&text, 2);
		}
		TRY(buf_put_u8(out, (uint8_t)v));
		slice_skip(&text, 1);
	}
	return OK;
}

static err
onion3_get(struct slice text, struct buf *out)
{
	const struct slice name = take_until(&text, ':');
	const size_t before = out->n;
	uint8_t port[2];
	uint64_t v = 0;

	TRY(base32_get(name, out));
	if (out->n - before != MULTIADDR_ONION3_KEY)
		return ERR_FORM;
	TRY(decimal_get(text, UINT16_MAX, &v));
	put_u16be(port, (uint16_t)v);
	return buf_put(out, port, 2);
}

/* The text of one value, in binary, without a length prefix. */
static err
value_get(enum form form, struct slice text, struct buf *out)
{
	uint8_t raw[16];
	struct peer_id id;
	uint64_t v = 0;

	switch (form) {
	case FORM_NONE:
		return OK;
	case FORM_IP4:
		TRY(ip4_get(text, raw));
		return buf_put(out, raw, 4);
	case FORM_IP6:
		TRY(ip6_get(text, raw));
		return buf_put(out, raw, 16);
	case FORM_PORT:
		TRY(decimal_get(text, UINT16_MAX, &v));
		put_u16be(raw, (uint16_t)v);
		return buf_put(out, raw, 2);
	case FORM_BYTE:
		TRY(decimal_get(text, UINT8_MAX, &v));
		return buf_put_u8(out, (uint8_t)v);
	case FORM_U64:
		TRY(decimal_get(text, UINT64_MAX, &v));
		put_u64be(raw, v);
		return buf_put(out, raw, 8);
	case FORM_TEXT:
	case FORM_PATH:
		return buf_put(out, text.p, text.n);
	case FORM_ESCAPED:
		return escaped_get(text, out);
	case FORM_PEER:
		TRY(peer_id_get(text, &id));
		return buf_put(out, id.bytes, id.n);
	case FORM_BASE64:
		/* multibase: we read and write base64url alone */
		if (text.n < 2 || text.p[0] != 'u')
			return ERR_FORM;
		slice_skip(&text, 1);
		return base64_get(text, out);
	case FORM_ONION3:
		return onion3_get(text, out);
	}
	return ERR_FORM;
}

static err
part_get(const struct protocol *p, struct slice text, struct buf *out)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf value = { raw, 0, sizeof(raw) };

	const err e = value_get(p->form, text, &value);
	if (e == ERR_MORE)
		return ERR_FORM; /* longer than any address */
	TRY(e);
	TRY(varint_put(out, (uint64_t)p->code));
	if (p->size == VALUE_LP) {
		if (!value_fits(p->form, buf_slice(&value)))
			return ERR_FORM;
		TRY(varint_put(out, value.n));
	}
	return buf_put(out, raw, value.n);
}

static err
text_get(struct slice text, struct buf *out)
{
	if (text.n < 2 || text.n >= MULTIADDR_TEXT_MAX || text.p[0] != '/')
		return ERR_FORM;
	if (text.p[text.n - 1] == '/')
		text.n--;
	slice_skip(&text, 1);
	while (text.n > 0) {
		const struct protocol *p =
		    protocol_of_name(take_until(&text, '/'));
		struct slice value = { NULL, 0 };

		if (p == NULL)
			return ERR_FORM;
		if (p->form == FORM_PATH) {
			/* the slash that was just passed belongs to it */
			value = slice_of(text.p - 1, text.n + 1);
			slice_skip(&text, text.n);
		} else if (p->form != FORM_NONE) {
			if (text.n == 0)
				return ERR_FORM;
			value = take_until(&text, '/');
		}
		TRY(part_get(p, value, out));
	}
	return OK;
}

err
multiaddr_get(struct slice text, struct buf *out)
{
	const size_t start = out->n;
	err e = text_get(text, out);

	if (e == OK &&
	    multiaddr_check(slice_of(out->p + start, out->n - start)) != OK)
		e = ERR_FORM;
	if (e != OK)
		out->n = start;
	return e;
}

/* ---- binary to text ---- */

static err
put_text(struct buf *b, const char *s)
{
	return buf_put(b, s, strlen(s));
}

static err
put_number(struct buf *b, uint64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, v);
	return put_text(b, text);
}

static err
ip4_put(struct buf *b, const uint8_t ip[4])
{
	char text[16];

	(void)snprintf(
	    text, sizeof(text), "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
	return put_text(b, text);
}

/* RFC 5952: lower case, the longest run of two or more zero groups as "::". */
static err
ip6_put(struct buf *b, const uint8_t ip[16])
{
	size_t best = 8, best_n = 1;

	for (size_t i = 0; i < 8; i++) {
		size_t n = 0;
		while (i + n < 8 && get_u16be(ip + 2 * (i + n)) == 0)
			n++;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
	}
	for (size_t i = 0; i < 8; i++) {
		char text[8];
		if (i == best) {
			TRY(put_text(b, "::"));
			i += best_n - 1;
			continue;
		}
		const bool colon = i > 0 && i != best + best_n;
		(void)snprintf(text, sizeof(text), "%s%x", colon ? ":" : "",
		    (unsigned)get_u16be(ip + 2 * i));
		TRY(put_text(b, text));
	}
	return OK;
}

static err
base64_put(struct buf *b, struct slice in)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < in.n; i++) {
		bits = bits << 8 | in.p[i];
		for (have += 8; have >= 6; have -= 6)
			TRY(buf_put(
			    b, &base64_alphabet[bits >> (have - 6) & 63], 1));
		bits &= (1u << have) - 1;
	}
	if (have > 0)
		TRY(buf_put(b, &base64_alphabet[bits << (6 - have) & 63], 1));
	return OK;
}

static bool
is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
	       c == '~';
}

static err
escaped_put(struct buf *b, struct slice in)
{
	for (size_t i = 0; i < in.n; i++) {
		char text[4];
		if (is_plain(in.p[i])) {
			TRY(buf_put_u8(b, in.p[i]));
			continue;
		}
		(void)snprintf(text, sizeof(text), "%%%02X", in.p[i]);
		TRY(put_text(b, text));
	}
	return OK;
}

static err
onion3_put(struct buf *b, const uint8_t *value)
{
	char text[64];

	TRY(base32_put(
	    text, sizeof(text), slice_of(value, MULTIADDR_ONION3_KEY)));
	TRY(put_text(b, text));
	TRY(put_text(b, ":"));
	return put_number(b, get_u16be(value + MULTIADDR_ONION3_KEY));
}

static err
value_put(struct buf *b, enum form form, struct slice value)
{
	char text[PEER_ID_TEXT_MAX];
	struct peer_id id;

	switch (form) {
	case FORM_NONE:
		return OK;
	case FORM_IP4:
		return ip4_put(b, value.p);
	case FORM_IP6:
		return ip6_put(b, value.p);
	case FORM_PORT:
		return put_number(b, get_u16be(value.p));
	case FORM_BYTE:
		return put_number(b, value.p[0]);
	case FORM_U64:
		return put_number(b, get_u64be(value.p));
	case FORM_TEXT:
	case FORM_PATH:
		return buf_put(b, value.p, value.n);
	case FORM_ESCAPED:
		return escaped_put(b, value);
	case FORM_PEER:
		TRY(peer_id_parse(value, &id));
		peer_id_put(text, &id);
		return put_text(b, text);
	case FORM_BASE64:
		TRY(put_text(b, "u"));
		return base64_put(b, value);
	case FORM_ONION3:
		return onion3_put(b, value.p);
	}
	return ERR_FORM;
}

err
multiaddr_put(char *out, size_t cap, struct slice addr)
{
	struct buf b = { (uint8_t *)out, 0, cap };
	struct multiaddr_part part;

	ASSERT(cap > 0);
	err e = multiaddr_check(addr);
	while (e == OK && multiaddr_next(&addr, &part) == OK) {
		const struct protocol *p = protocol_of_code(part.code);
		ASSERT(p != NULL);
		if ((e = put_text(&b, "/")) != OK ||
		    (e = put_text(&b, p->name)) != OK)
			break;
		if (p->form != FORM_NONE && p->form != FORM_PATH &&
		    (e = put_text(&b, "/")) != OK)
			break;
		e = value_put(&b, p->form, part.value);
	}
	if (e == OK)
		e = buf_put_u8(&b, 0);
	if (e != OK)
		out[0] = 0;
	return e;
}

/* ---- what addresses are for ---- */

/* After the transport: nothing, or one /p2p/ID. */
static err
rest_is_peer(struct slice rest)
{
	struct multiaddr_part part;

	if (rest.n == 0)
		return OK;
	TRY(multiaddr_next(&rest, &part));
	return part.code == MULTIADDR_P2P && rest.n == 0 ? OK : ERR_NOTFOUND;
}

err
multiaddr_ip_tcp(struct slice addr, struct multiaddr_ip *out)
{
	struct multiaddr_part ip, tcp;

	TRY(multiaddr_check(addr));
	TRY(multiaddr_next(&addr, &ip));
	if (ip.code != MULTIADDR_IP4 && ip.code != MULTIADDR_IP6)
		return ERR_NOTFOUND;
	TRY(multiaddr_next(&addr, &tcp));
	if (tcp.code != MULTIADDR_TCP)
		return ERR_NOTFOUND;
	TRY(rest_is_peer(addr));
	*out = (struct multiaddr_ip){ .v6 = ip.code == MULTIADDR_IP6,
		.port = get_u16be(tcp.value.p) };
	memcpy(out->ip, ip.value.p, ip.value.n);
	return OK;
}

err
multiaddr_put_ip_tcp(struct buf *out, const struct multiaddr_ip *ip)
{
	uint8_t raw[1 + 16 + 1 + 2];
	const size_t n = ip->v6 ? 16 : 4;

	raw[0] = ip->v6 ? MULTIADDR_IP6 : MULTIADDR_IP4;
	memcpy(raw + 1, ip->ip, n);
	raw[1 + n] = MULTIADDR_TCP;
	put_u16be(raw + n + 2, ip->port);
	return buf_put(out, raw, n + 4);
}

err
multiaddr_dns_tcp(struct slice addr, struct multiaddr_dns *out)
{
	struct multiaddr_part dns, tcp;

	TRY(multiaddr_check(addr));
	TRY(multiaddr_next(&addr, &dns));
	if (dns.code != MULTIADDR_DNS && dns.code != MULTIADDR_DNS4 &&
	    dns.code != MULTIADDR_DNS6)
		return ERR_NOTFOUND;
	TRY(multiaddr_next(&addr, &tcp));
	if (tcp.code != MULTIADDR_TCP)
		return ERR_NOTFOUND;
	TRY(rest_is_peer(addr));
	*out = (struct multiaddr_dns){ .name = dns.value,
		.v4 = dns.code != MULTIADDR_DNS6,
		.v6 = dns.code != MULTIADDR_DNS4,
		.port = get_u16be(tcp.value.p) };
	return OK;
}

bool
multiaddr_is_loopback(const struct multiaddr_ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!ip->v6)
		return ip->ip[0] == 127;
	if (memcmp(ip->ip, mapped, sizeof(mapped)) == 0)
		return ip->ip[12] == 127;
	return memcmp(ip->ip, one, sizeof(one)) == 0;
}

/* Finds the last part; ${before} is how many bytes come before it. */
static err
last_part(struct slice addr, struct multiaddr_part *out, size_t *before)
{
	struct slice rest = addr;

	TRY(multiaddr_check(addr));
	do {
		*before = addr.n - rest.n;
		TRY(multiaddr_next(&rest, out));
	} while (rest.n > 0);
	return OK;
}

err
multiaddr_peer(struct slice addr, struct peer_id *out)
{
	struct multiaddr_part part;
	size_t before = 0;

	TRY(last_part(addr, &part, &before));
	if (part.code != MULTIADDR_P2P)
		return ERR_NOTFOUND;
	return peer_id_parse(part.value, out);
}

struct slice
multiaddr_strip_peer(struct slice addr)
{
	struct multiaddr_part part;
	size_t before = 0;

	if (last_part(addr, &part, &before) == OK && part.code == MULTIADDR_P2P)
		addr.n = before;
	return addr;
}

err
multiaddr_put_peer(struct buf *out, const struct peer_id *id)
{
	uint8_t raw[2 * VARINT_MAX + PEER_ID_MAX];
	struct buf b = { raw, 0, sizeof(raw) };

	TRY(varint_put(&b, MULTIADDR_P2P));
	TRY(varint_put(&b, id->n));
	TRY(buf_put(&b, id->bytes, id->n));
	return buf_put(out, raw, b.n);
}
