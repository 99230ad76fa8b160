#include "proto/libp2p/keys.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/crypto.h"
#include "proto/libp2p/libp2p.pb-c.h"
#include "proto/libp2p/protobuf.h"

#define RSA_BITS_MIN   2048
#define RSA_BITS_MAX   8192
#define RSA_E_BITS_MAX 32 /* a long one makes a check cost like a signature */
#define SECP256K1_SIZE 33 /* compressed point */
#define SIG_MAX        1024

err
peer_key_parse(
    struct slice key, uint8_t room[PEER_KEY_ROOM], struct peer_key *out)
{
	uint8_t again[PEER_KEY_MAX];
	struct buf b = { again, 0, sizeof(again) };
	struct protobuf p;
	ProtobufCMessage *m = NULL;

	if (key.n == 0 || key.n > PEER_KEY_MAX)
		return ERR_PEER;
	protobuf_init_block(&p, room, PEER_KEY_ROOM);
	if (protobuf_get(&p, &libp2p__public_key__descriptor, key, &m) != OK)
		return ERR_PEER;
	/* the id is a hash of these bytes, so there must be one form only */
	if (m->n_unknown_fields > 0 || protobuf_put(&b, m) != OK ||
	    !slice_eq(buf_slice(&b), key))
		return ERR_PEER;
	const Libp2p__PublicKey *pk = (const Libp2p__PublicKey *)m;
	*out = (struct peer_key){ (enum peer_key_type)pk->type,
		protobuf_slice(&pk->data) };
	if (out->type == PEER_KEY_ED25519 && out->data.n != ED25519_PUBLIC)
		return ERR_PEER;
	return OK;
}

err
peer_key_put_ed25519(struct buf *out, const uint8_t pub[32])
{
	Libp2p__PublicKey pk = LIBP2P__PUBLIC_KEY__INIT;

	pk.type = LIBP2P__KEY_TYPE__ED25519;
	pk.data = protobuf_bytes(slice_of(pub, ED25519_PUBLIC));
	return protobuf_put(out, &pk.base);
}

/* A DER SubjectPublicKeyInfo, all of it, of the wanted algorithm. */
static EVP_PKEY *
pkey_of_der(struct slice der, int algorithm)
{
	const unsigned char *at = der.p;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)der.n);

	if (pkey == NULL)
		return NULL;
	if (at != der.p + der.n || EVP_PKEY_get_base_id(pkey) != algorithm) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

static bool
exponent_is_short(const EVP_PKEY *pkey)
{
	BIGNUM *e = NULL;
	const bool is_short =
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_num_bits(e) <= RSA_E_BITS_MAX;

	BN_free(e);
	return is_short;
}

static EVP_PKEY *
pkey_of_rsa(struct slice der)
{
	EVP_PKEY *pkey = pkey_of_der(der, EVP_PKEY_RSA);

	if (pkey == NULL)
		return NULL;
	const int bits = EVP_PKEY_get_bits(pkey);
	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX ||
	    !exponent_is_short(pkey)) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

static EVP_PKEY *
pkey_of_ecdsa(struct slice der)
{
	char group[32] = "";
	size_t n = 0;
	EVP_PKEY *pkey = pkey_of_der(der, EVP_PKEY_EC);

	if (pkey == NULL)
		return NULL;
	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &n) != 1 ||
	    strcmp(group, "prime256v1") != 0) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

static EVP_PKEY *
pkey_of_secp256k1(struct slice point)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = NULL;

	if (point.n != SECP256K1_SIZE)
		return NULL;
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (bld != NULL && ctx != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(
		bld, OSSL_PKEY_PARAM_GROUP_NAME, "secp256k1", 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(
		bld, OSSL_PKEY_PARAM_PUB_KEY, point.p, point.n) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(bld)) != NULL &&
	    EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* RSA: PKCS #1 v1.5, EVP's default; EC: a DER signature; SHA-256 for both. */
static bool
pkey_verify(EVP_PKEY *pkey, struct slice message, struct slice sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = false;

	if (ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1)
		good = EVP_DigestVerify(
			   ctx, sig.p, sig.n, message.p, message.n) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

err
peer_key_check(
    const struct peer_key *key, struct slice message, struct slice sig)
{
	EVP_PKEY *pkey = NULL;

	switch (key->type) {
	case PEER_KEY_ED25519:
		return sig.n == ED25519_SIG && ed25519_verify(sig.p, message.p,
						   message.n, key->data.p)
			   ? OK
			   : ERR_AUTH;
	case PEER_KEY_RSA:
		pkey = pkey_of_rsa(key->data);
		break;
	case PEER_KEY_ECDSA:
		pkey = pkey_of_ecdsa(key->data);
		break;
	case PEER_KEY_SECP256K1:
		pkey = pkey_of_secp256k1(key->data);
		break;
	default:
		return ERR_NOTFOUND;
	}
	err e = ERR_PEER;
	if (pkey != NULL)
		e = sig.n > 0 && sig.n <= SIG_MAX &&
			    pkey_verify(pkey, message, sig)
			? OK
			: ERR_AUTH;
	EVP_PKEY_free(pkey);
	/* what a stranger's key left in OpenSSL's queue is no concern */
	ERR_clear_error();
	return e;
}
