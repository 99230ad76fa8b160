#include "proto/mail/certificate.h"

#define DOMAIN     16
#define SIGNED_MAX (DOMAIN + 1 + NET_MAX + 128)

/* What is signed: a domain, the network, and then a few things. */
struct statement {
	uint8_t bytes[SIGNED_MAX];
	size_t n;
};

static void
add(struct statement *s, const void *p, size_t n)
{
	ASSERT(n <= sizeof(s->bytes) - s->n);
	memcpy(s->bytes + s->n, p, n);
	s->n += n;
}

static void
add_u32(struct statement *s, uint32_t v)
{
	uint8_t raw[4];

	put_u32be(raw, v);
	add(s, raw, sizeof(raw));
}

static void
begin(struct statement *s, const char *domain, struct slice net)
{
	uint8_t raw[DOMAIN] = { 0 };
	const uint8_t len = (uint8_t)net.n;

	ASSERT(net.n <= NET_MAX);
	memcpy(raw, domain, strlen(domain));
	s->n = 0;
	add(s, raw, sizeof(raw));
	add(s, &len, 1);
	add(s, net.p, net.n);
}

static err
sign(const struct mail_signer *signer, const struct statement *s,
    uint8_t sig[ED25519_SIG])
{
	if (signer->sign(signer->ctx, s->bytes, s->n, sig))
		return OK;
	memset(sig, 0, ED25519_SIG);
	return ERR_CLOSED;
}

/* ---- one-time keys ---- */

uint32_t
certificate_not_after(uint64_t now_h)
{
	const uint64_t least = now_h + CERTIFICATE_AHEAD;

	return (uint32_t)((least + CERTIFICATE_WEEK - 1) / CERTIFICATE_WEEK *
			  CERTIFICATE_WEEK);
}

static void
certified(struct statement *s, struct slice net,
    const uint8_t author[ED25519_PUBLIC], uint32_t not_after)
{
	begin(s, "ohcn-cert-v1", net);
	add(s, author, ED25519_PUBLIC);
	add_u32(s, not_after);
}

err
certificate_sign(const struct mail_signer *signer, struct slice net,
    const uint8_t author[ED25519_PUBLIC], uint32_t not_after,
    uint8_t sig[ED25519_SIG])
{
	struct statement s;

	certified(&s, net, author, not_after);
	return sign(signer, &s, sig);
}

bool
certificate_check(const uint8_t company[ED25519_PUBLIC], struct slice net,
    const uint8_t author[ED25519_PUBLIC], uint32_t not_after,
    const uint8_t sig[ED25519_SIG])
{
	struct statement s;

	certified(&s, net, author, not_after);
	return ed25519_verify(sig, s.bytes, s.n, company);
}

void
certificate_stamp(uint8_t out[STAMP_CERTIFICATE_BYTES],
    const uint8_t company[ED25519_PUBLIC], const uint8_t nonce[8],
    uint32_t not_after, const uint8_t sig[ED25519_SIG])
{
	out[0] = STAMP_CERTIFICATE;
	memcpy(out + 1, company, ED25519_PUBLIC);
	memcpy(out + 33, nonce, 8);
	put_u32be(out + 41, not_after);
	memcpy(out + 45, sig, ED25519_SIG);
}

/* ---- offers ---- */

static void
offered(struct statement *s, const struct offer_bound *b)
{
	uint8_t hash[32];
	const struct crypto_part part = { b->terms.p, b->terms.n };

	hash_blake2b(hash, sizeof(hash), "ohcn-terms-v1", &part, 1);
	begin(s, "ohcn-offer-v1", b->net);
	add(s, b->conversation, 16);
	add(s, b->to, ED25519_PUBLIC);
	add(s, b->to_key, X25519_SIZE);
	add(s, hash, sizeof(hash));
}

err
offer_sign(const struct mail_signer *signer, const struct offer_bound *b,
    uint8_t sig[ED25519_SIG])
{
	struct statement s;

	offered(&s, b);
	return sign(signer, &s, sig);
}

bool
offer_check(const uint8_t company[ED25519_PUBLIC], const struct offer_bound *b,
    const uint8_t sig[ED25519_SIG])
{
	struct statement s;

	offered(&s, b);
	return ed25519_verify(sig, s.bytes, s.n, company);
}

/* ---- vouchers ---- */

static void
vouched(struct statement *s, struct slice net,
    const uint8_t company[ED25519_PUBLIC], const struct voucher *v)
{
	begin(s, "ohcn-voucher-v1", net);
	add(s, company, ED25519_PUBLIC);
	add(s, v->token, VOUCHER_TOKEN);
	add_u32(s, v->until_h);
}

err
voucher_sign(const struct mail_signer *signer, struct slice net,
    const uint8_t company[ED25519_PUBLIC], struct voucher *v)
{
	struct statement s;

	memcpy(v->introducer, signer->pub, ED25519_PUBLIC);
	vouched(&s, net, company, v);
	return sign(signer, &s, v->sig);
}

bool
voucher_check(struct slice net, const uint8_t company[ED25519_PUBLIC],
    uint64_t now_h, const struct voucher *v)
{
	struct statement s;

	if (v->until_h <= now_h || v->until_h > now_h + VOUCHER_HOURS)
		return false;
	vouched(&s, net, company, v);
	return ed25519_verify(v->sig, s.bytes, s.n, v->introducer);
}
