#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "node/keys/signer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/keys/signer_internal.h"

#define ANSWER_S 10 /* far beyond what it takes: it hangs */

struct signer {
	int fd; /* -1: dead */
	pid_t pid;
	uint32_t serial;
	bool locked;
	bool shut; /* it has forgotten */
	struct signer_request request;
	struct signer_answer answer;
};

static void
give_up(struct signer *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

/* Sends ${s}->request, waits for ${s}->answer with ${n} bytes in it. */
static err
ask(struct signer *s, enum signer_op op, size_t n)
{
	struct signer_request *q = &s->request;
	struct signer_answer *a = &s->answer;
	ssize_t got;

	if (s == NULL || s->fd < 0)
		return ERR_CLOSED;
	q->op = (uint16_t)op;
	q->serial = ++s->serial;
	do {
		got = send(s->fd, q, SIGNER_REQUEST_HEAD + q->n, MSG_NOSIGNAL);
	} while (got < 0 && errno == EINTR);
	if (got >= 0) {
		do {
			got = recv(s->fd, a, sizeof(*a), 0);
		} while (got < 0 && errno == EINTR);
	}
	if (got < (ssize_t)SIGNER_ANSWER_HEAD || a->serial != q->serial ||
	    (size_t)got != SIGNER_ANSWER_HEAD + a->n) {
		give_up(s);
		return ERR_CLOSED;
	}
	if (a->error != OK)
		return (err)a->error;
	return n == 0 || a->n == n ? OK : ERR_CLOSED;
}

static struct signer_request *
request(struct signer *s, uint32_t persona, const void *bytes, size_t n)
{
	struct signer_request *q = &s->request;

	ASSERT(n <= sizeof(q->bytes));
	q->persona = persona;
	q->domain = q->role = q->net_n = 0;
	q->n = (uint32_t)n;
	if (n > 0)
		memcpy(q->bytes, bytes, n);
	return q;
}

/* Nothing secret stays in the buffers. */
static err
done(struct signer *s, err e)
{
	crypto_wipe(s->request.bytes, s->request.n);
	crypto_wipe(s->answer.bytes, MIN(s->answer.n, sizeof(s->answer.bytes)));
	return e;
}

/* ---- life ---- */

static _Noreturn void
be_child(int ends[2], struct key_material *km)
{
	(void)close(ends[0]);
	signer_child(ends[1], km);
}

err
signer_start(struct key_material *km, struct signer **out, struct problem *p)
{
	const struct timeval patience = { .tv_sec = ANSWER_S };
	struct signer *s = calloc(1, sizeof(*s));
	int ends[2];

	if (s == NULL)
		return ERR_NOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		goto fail1;
	s->pid = fork();
	if (s->pid < 0)
		goto fail2;
	if (s->pid == 0)
		be_child(ends, km);
	(void)close(ends[1]);
	s->fd = ends[0];
	(void)setsockopt(
	    s->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(
	    s->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	(void)request(s, 0, NULL, 0);
	if (ask(s, SIGNER_HELLO, 1) != OK) {
		signer_stop(s);
		goto fail3;
	}
	s->locked = s->answer.bytes[0] != 0;
	*out = s;
	return OK;
fail2:
	(void)close(ends[0]);
	(void)close(ends[1]);
fail1:
	free(s);
fail3:
	problem_set(p, EXIT_TEMPORARY, "E1320",
	    "the process that holds the keys cannot be started");
	problem_why(p, "%s", strerror(errno));
	problem_hint(p, "free memory or processes, then start again");
	return ERR_IO;
}

void
signer_stop(struct signer *s)
{
	int status;

	if (s == NULL)
		return;
	give_up(s); /* its end of the socket closes: it ends */
	if (s->pid > 0)
		while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
			;
	crypto_wipe(s, sizeof(*s));
	free(s);
}

bool
signer_alive(struct signer *s)
{
	int status;

	if (s == NULL || s->fd < 0)
		return false;
	if (s->pid > 0 && waitpid(s->pid, &status, WNOHANG) == s->pid) {
		s->pid = 0;
		give_up(s);
	}
	return s->fd >= 0;
}

bool
signer_locked(const struct signer *s)
{
	return s != NULL && s->locked;
}

/* ---- forgetting ---- */

err
signer_lock(struct signer *s)
{
	if (s == NULL)
		return ERR_CLOSED;
	(void)request(s, 0, NULL, 0);
	TRY(ask(s, SIGNER_LOCK, 0));
	s->shut = true;
	return OK;
}

bool
signer_is_shut(const struct signer *s)
{
	return s != NULL && s->shut;
}

err
signer_unlock(struct signer *s, const uint8_t seed[SEED_SIZE])
{
	if (s == NULL)
		return ERR_CLOSED;
	(void)request(s, 0, seed, SEED_SIZE);
	const err e = ask(s, SIGNER_UNLOCK, 0);
	if (e == OK)
		s->shut = false;
	return done(s, e);
}

/* ---- questions ---- */

err
signer_public(struct signer *s, uint32_t persona, uint8_t pub[ED25519_PUBLIC])
{
	if (s == NULL)
		return ERR_CLOSED;
	(void)request(s, persona, NULL, 0);
	TRY(ask(s, SIGNER_PUBLIC, ED25519_PUBLIC));
	memcpy(pub, s->answer.bytes, ED25519_PUBLIC);
	return OK;
}

err
signer_sign(struct signer *s, uint32_t persona, enum signer_domain domain,
    uint8_t role, struct slice net, struct slice bytes,
    uint8_t sig[ED25519_SIG])
{
	if (s == NULL)
		return ERR_CLOSED;
	if (bytes.n > SIGNER_BYTES_MAX || net.n > SIGNER_NET_MAX)
		return ERR_FORM;
	struct signer_request *q = request(s, persona, bytes.p, bytes.n);
	q->domain = (uint8_t)domain;
	q->role = role;
	q->net_n = (uint8_t)net.n;
	memcpy(q->net, net.p, net.n);
	TRY(ask(s, SIGNER_SIGN, ED25519_SIG));
	memcpy(sig, s->answer.bytes, ED25519_SIG);
	return OK;
}

err
signer_sign_as(void *ctx, struct slice bytes, uint8_t sig[ED25519_SIG])
{
	const struct signer_use *use = ctx;

	return signer_sign(
	    use->signer, use->persona, use->domain, 0, use->net, bytes, sig);
}

err
signer_noise_key(struct signer *s, uint32_t persona, uint8_t out[32])
{
	if (s == NULL)
		return ERR_CLOSED;
	(void)request(s, persona, NULL, 0);
	const err e = ask(s, SIGNER_NOISE_KEY, 32);
	if (e == OK)
		memcpy(out, s->answer.bytes, 32);
	return done(s, e);
}

err
signer_claim_key(
    struct signer *s, uint32_t persona, const uint8_t tree[16], uint8_t out[32])
{
	if (s == NULL)
		return ERR_CLOSED;
	(void)request(s, persona, tree, 16);
	const err e = ask(s, SIGNER_CLAIM_KEY, 32);
	if (e == OK)
		memcpy(out, s->answer.bytes, 32);
	return done(s, e);
}

err
signer_receive_new(struct signer *s, const uint8_t wrap[32],
    uint8_t pub[X25519_SIZE], uint8_t sealed[SIGNER_SEALED])
{
	if (s == NULL)
		return ERR_CLOSED;
	(void)request(s, 0, wrap, 32);
	const err e = ask(s, SIGNER_RECEIVE_NEW, X25519_SIZE + SIGNER_SEALED);
	if (e == OK) {
		memcpy(pub, s->answer.bytes, X25519_SIZE);
		memcpy(sealed, s->answer.bytes + X25519_SIZE, SIGNER_SEALED);
	}
	return done(s, e);
}

err
signer_receive_load(struct signer *s, const uint8_t wrap[32],
    const uint8_t sealed[SIGNER_SEALED], uint8_t pub[X25519_SIZE])
{
	uint8_t both[32 + SIGNER_SEALED];

	if (s == NULL)
		return ERR_CLOSED;
	memcpy(both, wrap, 32);
	memcpy(both + 32, sealed, SIGNER_SEALED);
	(void)request(s, 0, both, sizeof(both));
	crypto_wipe(both, sizeof(both));
	const err e = ask(s, SIGNER_RECEIVE_LOAD, X25519_SIZE);
	if (e == OK)
		memcpy(pub, s->answer.bytes, X25519_SIZE);
	return done(s, e);
}

err
signer_receive_drop(struct signer *s, const uint8_t pub[X25519_SIZE])
{
	if (s == NULL)
		return ERR_CLOSED;
	(void)request(s, 0, pub, X25519_SIZE);
	return ask(s, SIGNER_RECEIVE_DROP, 0);
}

err
signer_shared(struct signer *s, const uint8_t pub[X25519_SIZE],
    const uint8_t peer[X25519_SIZE], uint8_t out[X25519_SIZE])
{
	uint8_t both[2 * X25519_SIZE];

	if (s == NULL)
		return ERR_CLOSED;
	memcpy(both, pub, X25519_SIZE);
	memcpy(both + X25519_SIZE, peer, X25519_SIZE);
	(void)request(s, 0, both, sizeof(both));
	const err e = ask(s, SIGNER_SHARED, X25519_SIZE);
	if (e == OK)
		memcpy(out, s->answer.bytes, X25519_SIZE);
	return done(s, e);
}

err
signer_shared_all(struct signer *s, const uint8_t peer[X25519_SIZE],
    uint8_t pubs[][X25519_SIZE], uint8_t out[][X25519_SIZE], unsigned *n)
{
	*n = 0;
	if (s == NULL)
		return ERR_CLOSED;
	(void)request(s, 0, peer, X25519_SIZE);
	err e = ask(s, SIGNER_SHARED_ALL, 0);
	if (e == OK && s->answer.n % (2 * X25519_SIZE) != 0)
		e = ERR_CLOSED;
	if (e == OK) {
		*n = s->answer.n / (2 * X25519_SIZE);
		for (unsigned i = 0; i < *n; i++) {
			const uint8_t *at =
			    s->answer.bytes + (size_t)i * 2 * X25519_SIZE;
			memcpy(pubs[i], at, X25519_SIZE);
			memcpy(out[i], at + X25519_SIZE, X25519_SIZE);
		}
	}
	return done(s, e);
}
