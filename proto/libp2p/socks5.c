#include "proto/libp2p/socks5.h"

#include "crypto/crypto.h"

#define VERSION       5
#define AUTH_VERSION  1
#define METHOD_NONE   0
#define METHOD_USER   2
#define METHOD_REFUSE 0xff
#define CONNECT       1
#define ADDRESS_IP4   1
#define ADDRESS_NAME  3
#define ADDRESS_IP6   4

static void
out_put(struct socks5 *s, const void *p, size_t n)
{
	ASSERT(n <= sizeof(s->out) - s->out_n);
	memcpy(s->out + s->out_n, p, n);
	s->out_n = (uint16_t)(s->out_n + n);
}

static void
out_u8(struct socks5 *s, unsigned v)
{
	const uint8_t byte = (uint8_t)v;

	out_put(s, &byte, 1);
}

static err
copy(uint8_t out[SOCKS5_NAME_MAX], uint8_t *n, const char *in)
{
	const size_t len = strlen(in);

	if (len == 0 || len > SOCKS5_NAME_MAX)
		return ERR_FORM;
	memcpy(out, in, len);
	*n = (uint8_t)len;
	return OK;
}

err
socks5_init(struct socks5 *s, const struct socks5_target *target)
{
	*s = (struct socks5){ .state = SOCKS5_METHOD,
		.why = "",
		.v6 = target->v6,
		.port = target->port };
	if ((target->user == NULL) != (target->password == NULL))
		return ERR_FORM;
	if (target->name != NULL) {
		s->has_name = true;
		TRY(copy(s->name, &s->name_n, target->name));
	} else {
		memcpy(s->ip, target->ip, sizeof(s->ip));
	}
	if (target->user != NULL) {
		s->has_user = true;
		TRY(copy(s->user, &s->user_n, target->user));
		TRY(copy(s->password, &s->password_n, target->password));
	}
	s->password_optional = s->has_user && target->password_optional;
	/* A password that the settings name is meant: nothing else is offered,
	 * so that a proxy cannot take us for another. */
	out_u8(s, VERSION);
	out_u8(s, s->password_optional ? 2 : 1);
	if (s->password_optional)
		out_u8(s, METHOD_NONE);
	out_u8(s, s->has_user ? METHOD_USER : METHOD_NONE);
	return OK;
}

static void
say_connect(struct socks5 *s)
{
	uint8_t port[2];

	out_u8(s, VERSION);
	out_u8(s, CONNECT);
	out_u8(s, 0);
	if (s->has_name) {
		out_u8(s, ADDRESS_NAME);
		out_u8(s, s->name_n);
		out_put(s, s->name, s->name_n);
	} else {
		out_u8(s, s->v6 ? ADDRESS_IP6 : ADDRESS_IP4);
		out_put(s, s->ip, s->v6 ? 16 : 4);
	}
	put_u16be(port, s->port);
	out_put(s, port, 2);
	s->state = SOCKS5_REPLY;
}

static void
say_password(struct socks5 *s)
{
	out_u8(s, AUTH_VERSION);
	out_u8(s, s->user_n);
	out_put(s, s->user, s->user_n);
	out_u8(s, s->password_n);
	out_put(s, s->password, s->password_n);
	s->state = SOCKS5_AUTH;
}

static err
fail(struct socks5 *s, err e, const char *why)
{
	s->state = SOCKS5_FAILED;
	s->why = why;
	return e;
}

static err
on_method(struct socks5 *s)
{
	if (s->in[0] != VERSION)
		return fail(s, ERR_PEER, "the proxy does not speak SOCKS 5");
	if (s->in[1] == METHOD_REFUSE)
		return fail(s, ERR_AUTH,
		    s->has_user ? "the proxy takes no user and password"
				: "the proxy wants a user and password");
	const bool with = s->in[1] == METHOD_USER && s->has_user;
	const bool without =
	    s->in[1] == METHOD_NONE && (!s->has_user || s->password_optional);
	if (!with && !without)
		return fail(s, ERR_PEER, "the proxy does not speak SOCKS 5");
	if (with)
		say_password(s);
	else
		say_connect(s);
	return OK;
}

static err
on_auth(struct socks5 *s)
{
	if (s->in[0] != AUTH_VERSION)
		return fail(s, ERR_PEER, "the proxy does not speak SOCKS 5");
	if (s->in[1] != 0)
		return fail(
		    s, ERR_AUTH, "the proxy refuses the user and password");
	say_connect(s);
	return OK;
}

/* RFC 1928, 6; X'F0' and up are Tor's. */
static const char *
reply_text(uint8_t code)
{
	static const char *const texts[] = { "", "the proxy has a fault",
		"the proxy does not allow it", "proxy: network unreachable",
		"proxy: host unreachable", "proxy: connection refused",
		"proxy: timed out", "the proxy cannot connect",
		"the proxy knows no such address" };

	if (code < ARRAY_LEN(texts))
		return texts[code];
	if (code >= 0xf0 && code <= 0xf7)
		return "proxy: the onion service cannot be reached";
	return "the proxy refuses";
}

/* How long the reply is, as far as it is known; 0: it makes no sense. */
static size_t
need(const struct socks5 *s)
{
	if (s->state != SOCKS5_REPLY)
		return 2;
	if (s->in_n < 5)
		return 5;
	switch (s->in[3]) {
	case ADDRESS_IP4:
		return 4 + 4 + 2;
	case ADDRESS_IP6:
		return 4 + 16 + 2;
	case ADDRESS_NAME:
		return 4 + 1 + (size_t)s->in[4] + 2;
	default:
		return 0;
	}
}

static err
on_reply(struct socks5 *s)
{
	if (s->in[0] != VERSION || s->in[2] != 0)
		return fail(s, ERR_PEER, "the proxy does not speak SOCKS 5");
	if (s->in[1] != 0)
		return fail(s, ERR_CLOSED, reply_text(s->in[1]));
	s->state = SOCKS5_OPEN;
	return OK;
}

static err
on_message(struct socks5 *s)
{
	switch (s->state) {
	case SOCKS5_METHOD:
		return on_method(s);
	case SOCKS5_AUTH:
		return on_auth(s);
	case SOCKS5_REPLY:
		return on_reply(s);
	case SOCKS5_OPEN:
	case SOCKS5_FAILED:
		break;
	}
	return ERR_PEER;
}

err
socks5_recv(struct socks5 *s, struct slice *in)
{
	while (s->state != SOCKS5_OPEN) {
		if (s->state == SOCKS5_FAILED)
			return ERR_PEER;
		size_t want = need(s);
		if (want == 0)
			return fail(
			    s, ERR_PEER, "the proxy does not speak SOCKS 5");
		/* only as much as belongs to it: what follows is the peer's */
		if (s->in_n < want) {
			if (in->n == 0)
				return ERR_MORE;
			s->in[s->in_n++] = in->p[0];
			slice_skip(in, 1);
			continue;
		}
		TRY(on_message(s));
		s->in_n = 0;
	}
	return OK;
}

void
socks5_send(struct socks5 *s, struct buf *out)
{
	const size_t n = MIN((size_t)s->out_n, buf_room(out));

	if (n == 0)
		return;
	memcpy(out->p + out->n, s->out, n);
	out->n += n;
	s->out_n = (uint16_t)(s->out_n - n);
	memmove(s->out, s->out + n, s->out_n);
}

void
socks5_wipe(struct socks5 *s)
{
	crypto_wipe(s, sizeof(*s));
}
