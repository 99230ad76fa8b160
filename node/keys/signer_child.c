/*
 * signer_child.c: the process behind signer.h. What it can reach: its socket,
 * its memory, random bytes. Nothing here logs, opens or allocates once it has
 * said hello.
 */
#define _GNU_SOURCE /* close_range */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "crypto/secret.h"
#include "node/credential/proof.h"
#include "node/keys/signer.h"
#include "node/keys/signer_internal.h"
#include "proto/evidence/claim.h"
#include "proto/evidence/document.h"
#include "proto/evidence/warning.h"
#include "proto/mail/certificate.h"
#include "proto/record/result.h"
#include "proto/record/value.h"

#define FD_SOCKET     3
#define OFFER_BYTES   (16 + 32 + 32 + 32)
#define VOUCHER_BYTES (ED25519_PUBLIC + VOUCHER_TOKEN + 4)
#define SCRATCH                                                                \
	MAX(RECORD_SCRATCH_BYTES,                                              \
	    MAX(PRESENTATION_SCRATCH_BYTES, DOCUMENT_SCRATCH_BYTES))

struct receive_key {
	uint8_t pub[X25519_SIZE];
	uint8_t secret[X25519_SIZE];
};

/* All that is secret; in locked memory. */
struct secrets {
	uint8_t seed[SEED_SIZE];
	bool shut;                     /* all of it is forgotten */
	uint8_t first[ED25519_PUBLIC]; /* of persona 0: is it the same seed? */
	unsigned keys_n;
	struct receive_key keys[SIGNER_KEYS_MAX];
	/* made when they are first asked for */
	bool known[SIGNER_PERSONAS];
	uint8_t secret[SIGNER_PERSONAS][ED25519_SECRET];
	uint8_t other[ED25519_SECRET]; /* of the last one beyond them */
	struct signer_request request;
	struct signer_answer answer;
};

struct child {
	struct secrets *s;
	struct arena scratch;
};

/* ---- shutting itself in ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE
#define LOAD(at) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define ALLOW(call)                                                            \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),                     \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* Whatever else is asked of the kernel fails with EPERM. */
static bool
shut_in(void)
{
	struct sock_filter rules[] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_recvfrom),
		ALLOW(SYS_sendto),
		ALLOW(SYS_getrandom),
		ALLOW(SYS_exit_group),
		ALLOW(SYS_exit),
		ALLOW(SYS_rt_sigreturn),
		ALLOW(SYS_restart_syscall),
		/* of malloc and of the sanitizers */
		ALLOW(SYS_brk),
		ALLOW(SYS_mmap),
		ALLOW(SYS_munmap),
		ALLOW(SYS_madvise),
		ALLOW(SYS_futex),
		ALLOW(SYS_clock_gettime),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	const struct sock_fprog program = { ARRAY_LEN(rules), rules };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
static bool
shut_in(void)
{
	return false;
}
#endif

static void
let_go(int fd)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE,
		SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const struct rlimit none = { 0, 0 };
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		(void)sigaction(ignored[i], &ignore, NULL);
	for (int i = 0; i < 3 && null >= 0; i++)
		(void)dup2(null, i);
	if (fd != FD_SOCKET && dup2(fd, FD_SOCKET) < 0)
		_exit(1);
	if (close_range(FD_SOCKET + 1, ~0U, 0) != 0)
		for (int i = FD_SOCKET + 1; i < 65536; i++)
			(void)close(i);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)prctl(PR_SET_NAME, "ohcn-signer", 0, 0, 0);
}

/* ---- answers ---- */

static const uint8_t *
secret_of(struct secrets *s, uint32_t persona)
{
	uint8_t pub[ED25519_PUBLIC];

	if (persona >= SIGNER_PERSONAS) {
		persona_keypair(pub, s->other, s->seed, persona);
		return s->other;
	}
	if (!s->known[persona])
		persona_keypair(pub, s->secret[persona], s->seed, persona);
	s->known[persona] = true;
	return s->secret[persona];
}

/* The domain of documents that two sides sign: the id of a body, and in which
 * role it is signed. Only a sound body of the network that was named, and only
 * for a role whose key is this persona's. */
static err
sign_document(struct child *c, const struct signer_request *q,
    const uint8_t secret[ED25519_SECRET], uint8_t sig[ED25519_SIG])
{
	uint8_t bytes[DOCUMENT_MAX];
	struct buf out = { bytes, 0, sizeof(bytes) };
	uint8_t m[16 + 1 + SIGNER_NET_MAX + 1 + 32] = "ohcn-doc-v1";
	size_t n = 16;
	struct document d;

	if (document_wrap(slice_of(q->bytes, q->n), &out) != OK ||
	    document_open(buf_slice(&out),
		slice_of((const uint8_t *)q->net, q->net_n), 0, &c->scratch,
		&d) != EVIDENCE_FINE)
		return ERR_FORM;
	const uint8_t *key = document_key_of(&d.is, q->role);
	if (key == NULL ||
	    memcmp(key, secret + ED25519_SEED, ED25519_PUBLIC) != 0)
		return ERR_FORM;
	m[n++] = q->net_n;
	memcpy(m + n, q->net, q->net_n);
	n += q->net_n;
	m[n++] = q->role;
	memcpy(m + n, d.id, 32);
	ed25519_sign(sig, m, n + 32, secret);
	return OK;
}

static uint64_t
own_hour(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_REALTIME, &t) == 0 && t.tv_sec > 0
		   ? (uint64_t)t.tv_sec / 3600
		   : 0;
}

/* As ours are made, give or take a week: one that counts for longer would be
 * of use to whoever had the parent once. */
static err
sign_certificate(const struct signer_request *q,
    const uint8_t secret[ED25519_SECRET], uint8_t *sig)
{
	const uint32_t ours = certificate_not_after(own_hour());

	if (q->n != ED25519_PUBLIC + 4)
		return ERR_FORM;
	const uint32_t not_after = get_u32be(q->bytes + ED25519_PUBLIC);
	if (not_after % CERTIFICATE_WEEK != 0 ||
	    not_after + CERTIFICATE_WEEK < ours ||
	    not_after > ours + CERTIFICATE_WEEK)
		return ERR_FORM;
	record_certificate_sign(slice_of((const uint8_t *)q->net, q->net_n),
	    q->bytes, not_after, secret, sig);
	return OK;
}

static err
sign_voucher(const struct signer_request *q,
    const uint8_t secret[ED25519_SECRET], uint8_t *sig)
{
	uint8_t m[16 + 1 + SIGNER_NET_MAX + VOUCHER_BYTES] = "ohcn-voucher-v1";

	if (q->n != VOUCHER_BYTES || get_u32be(q->bytes + VOUCHER_BYTES - 4) >
					 own_hour() + VOUCHER_HOURS + 1)
		return ERR_FORM;
	m[16] = q->net_n;
	memcpy(m + 17, q->net, q->net_n);
	memcpy(m + 17 + q->net_n, q->bytes, VOUCHER_BYTES);
	ed25519_sign(sig, m, 17U + q->net_n + VOUCHER_BYTES, secret);
	return OK;
}

/* The domain of offers. */
static void
sign_offer(const struct signer_request *q, const uint8_t secret[ED25519_SECRET],
    uint8_t sig[ED25519_SIG])
{
	uint8_t m[16 + 1 + SIGNER_NET_MAX + OFFER_BYTES] = "ohcn-offer-v1";

	m[16] = q->net_n;
	memcpy(m + 17, q->net, q->net_n);
	memcpy(m + 17 + q->net_n, q->bytes, OFFER_BYTES);
	ed25519_sign(sig, m, 17U + q->net_n + OFFER_BYTES, secret);
}

static void
bundle_sign(const struct signer_request *q,
    const uint8_t secret[ED25519_SECRET], uint8_t sig[ED25519_SIG])
{
	uint8_t m[16 + 1 + SIGNER_NET_MAX + 32] = "ohcn-bundle-v1";

	m[16] = q->net_n;
	memcpy(m + 17, q->net, q->net_n);
	memcpy(m + 17 + q->net_n, q->bytes, 32);
	ed25519_sign(sig, m, 17U + q->net_n + 32, secret);
}

static err
sign(struct child *c, const struct signer_request *q, uint8_t *sig)
{
	const struct slice net = slice_of((const uint8_t *)q->net, q->net_n);
	const struct slice bytes = slice_of(q->bytes, q->n);
	const uint8_t *secret = secret_of(c->s, q->persona);

	if (!net_is_valid(net))
		return ERR_FORM;
	switch ((enum signer_domain)q->domain) {
	case SIGN_RECORD:
		return record_body_sign(bytes, net, secret, &c->scratch, sig);
	case SIGN_RESULT:
		return assess_statement_sign(
		    bytes, net, secret, &c->scratch, sig);
	case SIGN_DOCUMENT:
		return sign_document(c, q, secret, sig);
	case SIGN_CERTIFICATE:
		return sign_certificate(q, secret, sig);
	case SIGN_VOUCHER:
		return sign_voucher(q, secret, sig);
	case SIGN_OFFER:
		if (q->n != OFFER_BYTES)
			return ERR_FORM;
		sign_offer(q, secret, sig);
		return OK;
	case SIGN_PRESENTATION:
		return presentation_body_sign(
		    bytes, net, secret, &c->scratch, sig);
	case SIGN_BADGE:
		if (q->n < 8)
			return ERR_FORM;
		return proof_text_sign(slice_of(q->bytes + 8, q->n - 8),
		    get_u64be(q->bytes), secret, sig);
	case SIGN_WARNING:
		return warning_body_sign(bytes, net, secret, &c->scratch, sig);
	case SIGN_BUNDLE:
		if (q->n != 32)
			return ERR_FORM;
		bundle_sign(q, secret, sig);
		return OK;
	case SIGN_DOMAINS:
		break;
	}
	return ERR_FORM;
}

static struct receive_key *
key_find(struct secrets *s, const uint8_t *pub)
{
	for (unsigned i = 0; i < s->keys_n; i++)
		if (memcmp(s->keys[i].pub, pub, X25519_SIZE) == 0)
			return &s->keys[i];
	return NULL;
}

static void
wrap_key(const struct secrets *s, const uint8_t wrap[32], uint8_t out[AEAD_KEY])
{
	const struct crypto_part parts[] = { { s->seed, SEED_SIZE },
		{ wrap, 32 } };

	hash_blake2b(out, AEAD_KEY, "ohcn-recv-wrap", parts, 2);
}

/* One key wraps one secret: the nonce may be a constant. */
static const uint8_t no_nonce[AEAD_NONCE];
static const struct crypto_part no_ad;

static err
receive_new(struct secrets *s, const uint8_t wrap[32], uint8_t *out)
{
	struct receive_key *k = &s->keys[s->keys_n];
	uint8_t key[AEAD_KEY];

	if (s->keys_n == SIGNER_KEYS_MAX)
		return ERR_LIMIT;
	crypto_random(k->secret, sizeof(k->secret));
	x25519_public(k->pub, k->secret);
	s->keys_n++;
	wrap_key(s, wrap, key);
	memcpy(out, k->pub, X25519_SIZE);
	chachapoly_seal(
	    out + X25519_SIZE, k->secret, X25519_SIZE, no_ad, no_nonce, key);
	crypto_wipe(key, sizeof(key));
	return OK;
}

static err
receive_load(struct secrets *s, const uint8_t *wrap, uint8_t *out)
{
	struct receive_key *k = &s->keys[s->keys_n];
	uint8_t key[AEAD_KEY];

	if (s->keys_n == SIGNER_KEYS_MAX)
		return ERR_LIMIT;
	wrap_key(s, wrap, key);
	const bool opened = chachapoly_open(
	    k->secret, wrap + 32, SIGNER_SEALED, no_ad, no_nonce, key);
	crypto_wipe(key, sizeof(key));
	if (!opened)
		return ERR_AUTH;
	x25519_public(k->pub, k->secret);
	memcpy(out, k->pub, X25519_SIZE);
	if (key_find(s, out) == NULL)
		s->keys_n++;
	else
		crypto_wipe(k, sizeof(*k));
	return OK;
}

static void
receive_drop(struct secrets *s, const uint8_t *pub)
{
	struct receive_key *k = key_find(s, pub);

	if (k == NULL)
		return;
	s->keys_n--;
	*k = s->keys[s->keys_n];
	crypto_wipe(&s->keys[s->keys_n], sizeof(*k));
}

/* What is not secret stays: whose seed may come back. */
static void
forget(struct secrets *s)
{
	if (s->shut)
		return;
	memcpy(s->first, secret_of(s, 0) + ED25519_SEED, ED25519_PUBLIC);
	crypto_wipe(s->seed, sizeof(s->seed));
	crypto_wipe(s->keys, sizeof(s->keys));
	crypto_wipe(s->secret, sizeof(s->secret));
	crypto_wipe(s->other, sizeof(s->other));
	memset(s->known, 0, sizeof(s->known));
	s->keys_n = 0;
	s->shut = true;
}

static err
remember(struct secrets *s, const uint8_t seed[SEED_SIZE])
{
	uint8_t pub[ED25519_PUBLIC];

	if (!s->shut)
		memcpy(s->first, secret_of(s, 0) + ED25519_SEED, sizeof(pub));
	persona_keypair(pub, s->other, seed, 0);
	crypto_wipe(s->other, sizeof(s->other));
	if (!crypto_equal(pub, s->first, sizeof(pub)))
		return ERR_AUTH;
	memcpy(s->seed, seed, SEED_SIZE);
	s->shut = false;
	return OK;
}

static err
shared_all(struct secrets *s, const uint8_t *peer, struct signer_answer *a)
{
	for (unsigned i = 0; i < s->keys_n; i++) {
		uint8_t *at = a->bytes + a->n;
		memcpy(at, s->keys[i].pub, X25519_SIZE);
		if (!x25519_shared(at + X25519_SIZE, s->keys[i].secret, peer))
			return ERR_FORM;
		a->n += 2 * X25519_SIZE;
	}
	return OK;
}

/* How many bytes belong to a request of this kind; -1: any number. */
static int
bytes_of(uint16_t op)
{
	switch ((enum signer_op)op) {
	case SIGNER_HELLO:
	case SIGNER_PUBLIC:
	case SIGNER_NOISE_KEY:
	case SIGNER_LOCK:
		return 0;
	case SIGNER_UNLOCK:
		return SEED_SIZE;
	case SIGNER_SIGN:
		return -1;
	case SIGNER_RECEIVE_NEW:
	case SIGNER_RECEIVE_DROP:
	case SIGNER_SHARED_ALL:
		return 32;
	case SIGNER_RECEIVE_LOAD:
		return 32 + SIGNER_SEALED;
	case SIGNER_SHARED:
		return 2 * X25519_SIZE;
	case SIGNER_CLAIM_KEY:
		return CLAIM_TREE_ID;
	}
	return -2;
}

static err
answer(struct child *c, const struct signer_request *q, struct signer_answer *a,
    bool locked)
{
	struct secrets *s = c->s;
	struct receive_key *k;
	uint8_t secret[32];
	const struct crypto_part part = { s->other, ED25519_SECRET };

	if (s->shut && q->op != SIGNER_HELLO && q->op != SIGNER_LOCK &&
	    q->op != SIGNER_UNLOCK && q->op != SIGNER_RECEIVE_DROP)
		return ERR_AUTH;
	switch ((enum signer_op)q->op) {
	case SIGNER_LOCK:
		forget(s);
		return OK;
	case SIGNER_UNLOCK:
		return remember(s, q->bytes);
	case SIGNER_HELLO:
		a->bytes[0] = locked;
		a->n = 1;
		return OK;
	case SIGNER_PUBLIC:
		memcpy(a->bytes, secret_of(s, q->persona) + ED25519_SEED,
		    ED25519_PUBLIC);
		a->n = ED25519_PUBLIC;
		return OK;
	case SIGNER_SIGN:
		a->n = ED25519_SIG;
		return sign(c, q, a->bytes);
	case SIGNER_NOISE_KEY:
		memcpy(s->other, secret_of(s, q->persona), ED25519_SECRET);
		a->n = 32;
		hash_blake2b(a->bytes, 32, "ohcn-noise-key", &part, 1);
		return OK;
	case SIGNER_RECEIVE_NEW:
		a->n = X25519_SIZE + SIGNER_SEALED;
		return receive_new(s, q->bytes, a->bytes);
	case SIGNER_RECEIVE_LOAD:
		a->n = X25519_SIZE;
		return receive_load(s, q->bytes, a->bytes);
	case SIGNER_RECEIVE_DROP:
		receive_drop(s, q->bytes);
		return OK;
	case SIGNER_SHARED:
		k = key_find(s, q->bytes);
		if (k == NULL)
			return ERR_NOTFOUND;
		a->n = X25519_SIZE;
		return x25519_shared(
			   a->bytes, k->secret, q->bytes + X25519_SIZE)
			   ? OK
			   : ERR_FORM;
	case SIGNER_SHARED_ALL:
		return shared_all(s, q->bytes, a);
	case SIGNER_CLAIM_KEY:
		a->n = 32;
		persona_claim_secret(secret, s->seed, q->persona);
		claim_tree_key(a->bytes, secret, q->bytes);
		crypto_wipe(secret, sizeof(secret));
		return OK;
	}
	return ERR_FORM;
}

static void
serve(struct child *c, bool locked)
{
	struct signer_request *q = &c->s->request;
	struct signer_answer *a = &c->s->answer;

	for (;;) {
		const ssize_t got =
		    recv(FD_SOCKET, (uint8_t *)q, sizeof(*q), 0);
		if (got < 0 && errno == EINTR)
			continue;
		/* The parent is ours: who talks nonsense is no parent. */
		if (got < (ssize_t)SIGNER_REQUEST_HEAD ||
		    (size_t)got != SIGNER_REQUEST_HEAD + q->n ||
		    q->net_n > SIGNER_NET_MAX)
			return;
		const int n = bytes_of(q->op);
		if (n == -2 || (n >= 0 && q->n != (uint32_t)n))
			return;
		a->serial = q->serial;
		a->n = 0;
		const err e = answer(c, q, a, locked);
		a->error = e;
		if (e != OK)
			a->n = 0;
		if (send(FD_SOCKET, (uint8_t *)a, SIGNER_ANSWER_HEAD + a->n,
			MSG_NOSIGNAL) < 0)
			return;
		crypto_wipe(q, SIGNER_REQUEST_HEAD + q->n);
		crypto_wipe(a, sizeof(*a));
	}
}

_Noreturn void
signer_child(int fd, struct key_material *km)
{
	bool locked = false;
	struct child c = { .s = secret_alloc(sizeof(*c.s), &locked) };

	let_go(fd);
	c.scratch = arena_of(malloc(SCRATCH), SCRATCH);
	if (c.s == NULL || c.scratch.p == NULL) {
		key_material_wipe(km);
		_exit(1);
	}
	memcpy(c.s->seed, km->seed, SEED_SIZE);
	key_material_wipe(km);
	(void)shut_in(); /* an old kernel: it has its one socket all the same */
	serve(&c, locked);
	crypto_wipe(c.s, sizeof(*c.s));
	_exit(0);
}
