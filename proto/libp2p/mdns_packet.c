#include <stdio.h>

#include "proto/libp2p/mdns.h"
#include "proto/libp2p/multiaddr.h"

#define ENUMERATION "_services._dns-sd._udp.local"
#define HEAD        12
#define NAME_CAP    256 /* text of a name, with zero */
#define PARTS_MAX   128 /* questions and records that we look at */
#define TYPE_PTR    12
#define TYPE_TXT    16
#define TYPE_ANY    255
#define CLASS_IN    1
#define FLAG_QR     0x8000
#define FLAG_AA     0x0400
#define FLAG_OPCODE 0x7800
#define TTL_S       120
#define DNSADDR     "dnsaddr="

/* ---- reading ---- */

struct reader {
	struct slice in;
	size_t at;
};

static err
take_u16(struct reader *r, uint16_t *out)
{
	if (r->in.n - r->at < 2)
		return ERR_PEER;
	*out = get_u16be(r->in.p + r->at);
	r->at += 2;
	return OK;
}

/*
 * A name as lower case text with dots. A pointer leads to an earlier place
 * than the one it was reached from, so that no names run in circles; a dot
 * or a zero within a label is none of the names we know, and becomes '?'.
 */
static err
take_name(struct reader *r, char out[NAME_CAP])
{
	size_t at = r->at, n = 0, floor = r->at;
	bool jumped = false;

	for (;;) {
		if (at >= r->in.n)
			return ERR_PEER;
		const uint8_t len = r->in.p[at];
		if ((len & 0xc0) == 0xc0) {
			if (r->in.n - at < 2)
				return ERR_PEER;
			const size_t to = get_u16be(r->in.p + at) & 0x3fff;
			if (!jumped)
				r->at = at + 2;
			jumped = true;
			if (to >= floor)
				return ERR_PEER;
			floor = at = to;
			continue;
		}
		if ((len & 0xc0) != 0 || r->in.n - at - 1 < len)
			return ERR_PEER;
		at++;
		if (len == 0)
			break;
		if (n + len + 1 >= NAME_CAP)
			return ERR_PEER;
		if (n > 0)
			out[n++] = '.';
		for (uint8_t i = 0; i < len; i++) {
			const uint8_t c = r->in.p[at + i];
			out[n++] = c == '.' || c == 0 ? '?'
				   : c >= 'A' && c <= 'Z'
				       ? (char)(c - 'A' + 'a')
				       : (char)c;
		}
		at += len;
	}
	out[n] = '\0';
	if (!jumped)
		r->at = at;
	return OK;
}

static err
take_question(struct reader *r, struct mdns_packet *out)
{
	char name[NAME_CAP];
	uint16_t type = 0, class = 0;

	TRY(take_name(r, name));
	TRY(take_u16(r, &type));
	TRY(take_u16(r, &class));
	if ((type != TYPE_PTR && type != TYPE_ANY) ||
	    ((class & 0x7fff) != CLASS_IN && (class & 0x7fff) != TYPE_ANY))
		return OK;
	if (strcmp(name, MDNS_SERVICE) == 0)
		out->type = MDNS_QUERY;
	else if (strcmp(name, ENUMERATION) == 0 && out->type == MDNS_OTHER)
		out->type = MDNS_ENUMERATE;
	else
		return OK;
	out->unicast = out->unicast || (class & 0x8000) != 0;
	return OK;
}

/* "dnsaddr=/ip4/.../p2p/ID"; anything else is somebody else's business. */
static void
take_string(struct slice s, struct mdns_packet *out)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf b = { raw, 0, sizeof(raw) };
	struct peer_id id;

	if (out->addrs_n == MDNS_ADDRS_MAX || s.n <= strlen(DNSADDR) ||
	    memcmp(s.p, DNSADDR, strlen(DNSADDR)) != 0)
		return;
	slice_skip(&s, strlen(DNSADDR));
	if (multiaddr_get(s, &b) != OK || b.n > MDNS_ADDR_MAX ||
	    multiaddr_peer(buf_slice(&b), &id) != OK ||
	    multiaddr_strip_peer(buf_slice(&b)).n == 0)
		return;
	memcpy(out->addr[out->addrs_n], b.p, b.n);
	out->addr_n[out->addrs_n++] = (uint16_t)b.n;
	out->type = MDNS_ANSWER;
}

static bool
is_of_service(const char *name)
{
	const size_t n = strlen(name), tail = strlen("." MDNS_SERVICE);

	return n > tail && strcmp(name + n - tail, "." MDNS_SERVICE) == 0;
}

static err
take_record(struct reader *r, struct mdns_packet *out)
{
	char name[NAME_CAP];
	uint16_t type = 0, class = 0, len = 0, high = 0, low = 0;

	TRY(take_name(r, name));
	TRY(take_u16(r, &type));
	TRY(take_u16(r, &class));
	TRY(take_u16(r, &high));
	TRY(take_u16(r, &low));
	TRY(take_u16(r, &len));
	if (r->in.n - r->at < len)
		return ERR_PEER;
	const struct slice data = slice_of(r->in.p + r->at, len);
	r->at += len;
	/* A life of zero says goodbye. */
	if (type != TYPE_TXT || (class & 0x7fff) != CLASS_IN ||
	    (high == 0 && low == 0) || !is_of_service(name))
		return OK;
	for (size_t at = 0; at < data.n;) {
		const size_t n = data.p[at++];
		if (n > data.n - at)
			return ERR_PEER;
		take_string(slice_of(data.p + at, n), out);
		at += n;
	}
	return OK;
}

err
mdns_get(struct slice in, struct mdns_packet *out)
{
	struct reader r = { in, HEAD };
	uint32_t parts = 0;

	out->type = MDNS_OTHER;
	out->unicast = false;
	out->addrs_n = 0;
	if (in.n < HEAD || in.n > MDNS_PACKET_MAX)
		return ERR_PEER;
	out->id = get_u16be(in.p);
	const uint16_t flags = get_u16be(in.p + 2);
	const uint32_t questions = get_u16be(in.p + 4);
	const uint32_t records = (uint32_t)get_u16be(in.p + 6) +
				 get_u16be(in.p + 8) + get_u16be(in.p + 10);
	if ((flags & FLAG_OPCODE) != 0)
		return OK;
	for (uint32_t i = 0; i < questions && parts < PARTS_MAX; i++, parts++)
		TRY(take_question(&r, out));
	/* What a question brings along is what its sender knows already. */
	if ((flags & FLAG_QR) == 0)
		return OK;
	out->type = MDNS_OTHER;
	for (uint32_t i = 0; i < records && parts < PARTS_MAX; i++, parts++)
		TRY(take_record(&r, out));
	return OK;
}

/* ---- writing ---- */

static err
put_u16(struct buf *b, uint16_t v)
{
	uint8_t raw[2];

	put_u16be(raw, v);
	return buf_put(b, raw, sizeof(raw));
}

static err
put_head(struct buf *b, uint16_t flags, uint16_t questions, uint16_t answers,
    uint16_t additional)
{
	TRY(put_u16(b, 0));
	TRY(put_u16(b, flags));
	TRY(put_u16(b, questions));
	TRY(put_u16(b, answers));
	TRY(put_u16(b, 0));
	return put_u16(b, additional);
}

/* Labels of a text with dots, each 1..63. */
static err
put_name(struct buf *b, const char *name)
{
	while (*name != '\0') {
		const char *dot = strchr(name, '.');
		const size_t n =
		    dot == NULL ? strlen(name) : (size_t)(dot - name);
		ASSERT(n > 0 && n < 64);
		TRY(buf_put_u8(b, (uint8_t)n));
		TRY(buf_put(b, name, n));
		name += n + (dot == NULL ? 0 : 1);
	}
	return buf_put_u8(b, 0);
}

/* All of a record before its data; ${at}: where its length goes. */
static err
put_record(
    struct buf *b, const char *name, uint16_t type, uint16_t class, size_t *at)
{
	TRY(put_name(b, name));
	TRY(put_u16(b, type));
	TRY(put_u16(b, class));
	TRY(put_u16(b, 0));
	TRY(put_u16(b, TTL_S));
	*at = b->n;
	return put_u16(b, 0);
}

static void
put_length(struct buf *b, size_t at)
{
	put_u16be(b->p + at, (uint16_t)(b->n - at - 2));
}

err
mdns_put_query(struct buf *out)
{
	const struct buf before = *out;
	err e = put_head(out, 0, 1, 0, 0);

	if (e == OK)
		e = put_name(out, MDNS_SERVICE);
	if (e == OK)
		e = put_u16(out, TYPE_PTR);
	if (e == OK)
		e = put_u16(out, CLASS_IN);
	if (e != OK)
		*out = before;
	return e;
}

/* One string of the TXT record; false: it does not fit, or has no text. */
static bool
put_addr(struct buf *b, const struct peer_id *id, struct slice addr)
{
	uint8_t raw[MULTIADDR_MAX];
	struct buf full = { raw, 0, sizeof(raw) };
	char text[MULTIADDR_TEXT_MAX];
	const struct buf before = *b;

	if (buf_put(&full, addr.p, addr.n) != OK ||
	    multiaddr_put_peer(&full, id) != OK ||
	    multiaddr_put(text, sizeof(text), buf_slice(&full)) != OK)
		return false;
	const size_t n = strlen(DNSADDR) + strlen(text);
	if (n <= UINT8_MAX && buf_put_u8(b, (uint8_t)n) == OK &&
	    buf_put(b, DNSADDR, strlen(DNSADDR)) == OK &&
	    buf_put(b, text, strlen(text)) == OK)
		return true;
	*b = before;
	return false;
}

static err
put_answer(struct buf *out, bool enumerate, const char *full,
    const struct peer_id *id, const struct slice *addrs, size_t n)
{
	size_t at = 0, told = 0;

	TRY(put_head(out, FLAG_QR | FLAG_AA, 0, 1, enumerate ? 0 : 1));
	TRY(put_record(out, enumerate ? ENUMERATION : MDNS_SERVICE, TYPE_PTR,
	    CLASS_IN, &at));
	TRY(put_name(out, enumerate ? MDNS_SERVICE : full));
	put_length(out, at);
	if (enumerate)
		return OK;
	/* Only we have this name: the cache may forget what it had. */
	TRY(put_record(out, full, TYPE_TXT, 0x8000 | CLASS_IN, &at));
	for (size_t i = 0; i < n; i++)
		told += put_addr(out, id, addrs[i]);
	put_length(out, at);
	return told > 0 ? OK : ERR_MORE;
}

err
mdns_put_answer(struct buf *out, bool enumerate, const char *name,
    const struct peer_id *id, const struct slice *addrs, size_t n)
{
	char full[NAME_CAP];
	struct buf limited = { out->p, out->n,
		MIN(out->cap, out->n + MDNS_SEND_MAX) };

	(void)snprintf(full, sizeof(full), "%s.%s", name, MDNS_SERVICE);
	const err e = put_answer(&limited, enumerate, full, id, addrs, n);
	if (e == OK)
		out->n = limited.n;
	return e;
}
