/*
 * mail/certificate.h: one-time keys. A company puts them into each message
 * with its certificate (stamp type 3), so that the answer can travel under a
 * key that says nothing but "solicited by this company, once". And what else
 * keys sign in the mail: offers and vouchers.
 *
 * Secret keys stay with whoever has them: signing is a function that is passed
 * in. SPEC.md, "Stamp" and "Mail".
 */
#pragma once

#include "proto/record/record.h"

#define CERTIFICATE_WEEK  168 /* not_after is a multiple of it, hours */
#define CERTIFICATE_AHEAD 672 /* and at least so far ahead when made */
#define CERTIFICATE_MAX   (CERTIFICATE_AHEAD + CERTIFICATE_WEEK)
#define VOUCHER_TOKEN     16
#define VOUCHER_HOURS     1440 /* it counts no longer than that */

/* The owner of an author key. Every message begins with a domain of ours. */
struct mail_signer {
	bool (*sign)(void *ctx, const uint8_t *m, size_t n,
	    uint8_t sig[ED25519_SIG]); /* false: it will not, or cannot */
	void *ctx;
	uint8_t pub[ED25519_PUBLIC];
	uint8_t stamp[8]; /* the nonce of its stamp of type 1 */
};

/** certificate_not_after(now_h): the hour that a company writes now. */
uint32_t certificate_not_after(uint64_t now_h);

/**
 * certificate_sign(signer, net, author, not_after, sig):
 * ERR_CLOSED: the signer refused.
 */
NODISCARD err certificate_sign(const struct mail_signer *signer,
    struct slice net, const uint8_t author[ED25519_PUBLIC], uint32_t not_after,
    uint8_t sig[ED25519_SIG]);

/** certificate_check(company, net, author, not_after, sig): is it good? */
NODISCARD bool certificate_check(const uint8_t company[ED25519_PUBLIC],
    struct slice net, const uint8_t author[ED25519_PUBLIC], uint32_t not_after,
    const uint8_t sig[ED25519_SIG]);

/** certificate_stamp(out, company, nonce, not_after, sig): the stamp field. */
void certificate_stamp(uint8_t out[STAMP_CERTIFICATE_BYTES],
    const uint8_t company[ED25519_PUBLIC], const uint8_t nonce[8],
    uint32_t not_after, const uint8_t sig[ED25519_SIG]);

/*
 * The signature of an offer: by the company, over network, conversation, the
 * persona that it is for, the key that it is sealed to, and the terms. Nobody
 * can pass it on as an offer to somebody else, and the company cannot deny it.
 */
struct offer_bound {
	struct slice net;
	const uint8_t *conversation; /* 16 */
	const uint8_t *to;           /* author key of the person, 32 */
	const uint8_t *to_key;       /* X25519, 32 */
	struct slice terms;
};
NODISCARD err offer_sign(const struct mail_signer *signer,
    const struct offer_bound *b, uint8_t sig[ED25519_SIG]);
NODISCARD bool offer_check(const uint8_t company[ED25519_PUBLIC],
    const struct offer_bound *b, const uint8_t sig[ED25519_SIG]);

/* "Whoever shows this token to ${company} until then comes from me." */
struct voucher {
	uint8_t introducer[ED25519_PUBLIC];
	uint8_t token[VOUCHER_TOKEN]; /* random; counts once */
	uint32_t until_h;
	uint8_t sig[ED25519_SIG];
};

/** voucher_sign(signer, net, company, v): fills ${introducer} and ${sig}. */
NODISCARD err voucher_sign(const struct mail_signer *signer, struct slice net,
    const uint8_t company[ED25519_PUBLIC], struct voucher *v);

/** voucher_check(net, company, now_h, v): good, and still counts? */
NODISCARD bool voucher_check(struct slice net,
    const uint8_t company[ED25519_PUBLIC], uint64_t now_h,
    const struct voucher *v);
