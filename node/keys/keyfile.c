#define _GNU_SOURCE /* clock_gettime is POSIX; O_CLOEXEC, termios too */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "node/base/paths.h"
#include "node/keys/keyfile.h"

#define MAGIC      "ohcnsec1"
#define PLAIN_SIZE KEY_MATERIAL_BYTES

void
key_material_new(
    struct key_material *out, const uint8_t seed[SEED_SIZE], uint64_t now)
{
	if (seed != NULL)
		memcpy(out->seed, seed, SEED_SIZE);
	else
		crypto_random(out->seed, SEED_SIZE);
	crypto_random(out->node_seed, sizeof(out->node_seed));
	crypto_random(out->private_key, sizeof(out->private_key));
	out->created = now;
}

void
key_material_wipe(struct key_material *km)
{
	crypto_wipe(km, sizeof(*km));
}

struct seal_cost
keyfile_cost(unsigned target_ms)
{
	struct seal_cost cost = { SEAL_OPS_MIN, SEAL_MEM_KIB_MIN };
	uint8_t out[SEAL_OVERHEAD + 1], random[40] = { 0 };
	struct timespec a, b;
	uint64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &a);
	if (!seal_make(out, (const uint8_t *)"", 0, "x", 1, cost, random))
		return cost;
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (uint64_t)((b.tv_sec - a.tv_sec) * 1000 +
			(b.tv_nsec - a.tv_nsec) / 1000000);
	ms = MAX(ms, 1);
	while (cost.ops < 8 && ms * (cost.ops + 1) / 2 < target_ms)
		cost.ops++;
	return cost;
}

void
key_material_put(uint8_t out[PLAIN_SIZE], const struct key_material *km)
{
	uint8_t *at = out;

	memcpy(at, MAGIC, 8);
	at += 8;
	*at++ = 1; /* version */
	*at++ = 0; /* flags */
	memcpy(at, km->seed, SEED_SIZE);
	at += SEED_SIZE;
	memcpy(at, km->node_seed, ED25519_SEED);
	at += ED25519_SEED;
	memcpy(at, km->private_key, AEAD_KEY);
	at += AEAD_KEY;
	put_u64be(at, km->created);
}

bool
key_material_get(const uint8_t in[PLAIN_SIZE], struct key_material *km)
{
	if (memcmp(in, MAGIC, 8) != 0 || in[8] != 1 || in[9] != 0)
		return false;
	in += 10;
	memcpy(km->seed, in, SEED_SIZE);
	in += SEED_SIZE;
	memcpy(km->node_seed, in, ED25519_SEED);
	in += ED25519_SEED;
	memcpy(km->private_key, in, AEAD_KEY);
	km->created = get_u64be(in + AEAD_KEY);
	return true;
}

err
keyfile_create(const char *path, const struct key_material *km,
    const char *pass, size_t pass_n, struct seal_cost cost, struct problem *p)
{
	uint8_t plain[PLAIN_SIZE], sealed[PLAIN_SIZE + SEAL_OVERHEAD];
	uint8_t random[40];
	bool made;
	err e;

	if (access(path, F_OK) == 0) {
		problem_set(p, EXIT_CONFLICT, "E1301",
		    "there is a key file already: %s", path);
		problem_why(p, "a key is never overwritten; it cannot be "
			       "made again");
		problem_hint(p, "another --home, or move the file away");
		return ERR_EXISTS;
	}
	key_material_put(plain, km);
	crypto_random(random, sizeof(random));
	made = seal_make(sealed, plain, PLAIN_SIZE, pass, pass_n, cost, random);
	crypto_wipe(plain, sizeof(plain));
	if (!made) {
		problem_set(p, EXIT_TEMPORARY, "E1302",
		    "not enough memory to seal the key (%" PRIu32 " MiB)",
		    cost.mem_kib / 1024);
		return ERR_NOMEM;
	}
	e = file_create(path, slice_of(sealed, sizeof(sealed)), 0600, p);
	if (e == ERR_EXISTS)
		problem_set(p, EXIT_CONFLICT, "E1301",
		    "there is a key file already: %s", path);
	return e;
}

static err
open_problem(enum seal_result result, const char *path, struct problem *p)
{
	switch (result) {
	case SEAL_OK:
		return OK;
	case SEAL_WRONG:
		problem_set(p, EXIT_AUTH, "E1303",
		    "the passphrase does not open the key file");
		problem_why(p, "it is the wrong one, or %s was changed", path);
		problem_hint(p, "check the passphrase; the 24 words make a "
				"new key file: ohcn init --words-from FILE");
		return ERR_AUTH;
	case SEAL_NO_MEMORY:
		problem_set(p, EXIT_TEMPORARY, "E1302",
		    "not enough memory to open the key file");
		return ERR_NOMEM;
	case SEAL_TOO_COSTLY:
		problem_set(p, EXIT_DAMAGED, "E1304",
		    "the key file %s asks for a cost outside the limits", path);
		problem_why(p, "its header is damaged or was made to exhaust "
			       "this machine");
		return ERR_LIMIT;
	case SEAL_FOREIGN:
		break;
	}
	problem_set(
	    p, EXIT_DAMAGED, "E1305", "%s is not a key file of ohcn", path);
	problem_why(p, "it is damaged, foreign, or of a later version");
	problem_hint(p, "restore the file from a backup");
	return ERR_CORRUPT;
}

err
keyfile_open(const char *path, const char *pass, size_t pass_n,
    struct key_material *out, struct problem *p)
{
	uint8_t plain[PLAIN_SIZE];
	struct slice file;
	err e;

	crypto_wipe(out, sizeof(*out));
	e = file_read(path, 65536, &file, p);
	if (e == ERR_NOTFOUND) {
		problem_set(p, EXIT_NOTFOUND, "E1306",
		    "there is no key file: %s", path);
		problem_hint(p, "ohcn init");
		return e;
	}
	if (e == ERR_LIMIT)
		return open_problem(SEAL_FOREIGN, path, p);
	TRY(e);
	if (file.n != PLAIN_SIZE + SEAL_OVERHEAD) {
		e = open_problem(SEAL_FOREIGN, path, p);
		if (file.n < PLAIN_SIZE + SEAL_OVERHEAD)
			problem_why(p, "it is cut short: %zu of %d bytes",
			    file.n, PLAIN_SIZE + SEAL_OVERHEAD);
	} else {
		e = open_problem(
		    seal_open(plain, file.p, file.n, pass, pass_n), path, p);
		if (e == OK && !key_material_get(plain, out))
			e = open_problem(SEAL_FOREIGN, path, p);
		out->guarded = e == OK && pass_n > 0;
	}
	crypto_wipe(plain, sizeof(plain));
	free((void *)(uintptr_t)file.p);
	return e;
}

static err
from_file(
    const char *path, char out[PASSPHRASE_MAX], size_t *n, struct problem *p)
{
	struct slice text;
	err e;

	TRY(file_read(path, 65536, &text, p));
	*n = 0;
	while (*n < text.n && text.p[*n] != '\n' && text.p[*n] != '\r')
		(*n)++;
	e = *n < PASSPHRASE_MAX ? OK : ERR_LIMIT;
	if (e == OK) {
		memcpy(out, text.p, *n);
		out[*n] = '\0';
	} else {
		problem_set(p, EXIT_USAGE, "E1307",
		    "the passphrase in %s is too long", path);
	}
	crypto_wipe((void *)(uintptr_t)text.p, text.n);
	free((void *)(uintptr_t)text.p);
	return e;
}

/* One line from the terminal without echo. */
static err
ask(int tty, const char *prompt, char out[PASSPHRASE_MAX], size_t *n)
{
	struct termios shown, hidden;
	ssize_t got;

	if (tcgetattr(tty, &shown) != 0)
		return ERR_IO;
	hidden = shown;
	hidden.c_lflag &= (tcflag_t) ~(tcflag_t)ECHO;
	hidden.c_lflag |= ECHONL;
	if (write(tty, prompt, strlen(prompt)) < 0 ||
	    tcsetattr(tty, TCSAFLUSH, &hidden) != 0)
		return ERR_IO;
	do {
		got = read(tty, out, PASSPHRASE_MAX - 1);
	} while (got < 0 && errno == EINTR);
	tcsetattr(tty, TCSAFLUSH, &shown);
	if (got <= 0)
		return ERR_IO;
	*n = (size_t)got;
	while (*n > 0 && (out[*n - 1] == '\n' || out[*n - 1] == '\r'))
		(*n)--;
	out[*n] = '\0';
	return OK;
}

static err
from_terminal(
    bool twice, char out[PASSPHRASE_MAX], size_t *n, struct problem *p)
{
	char again[PASSPHRASE_MAX];
	size_t again_n = 0;
	const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	err e;

	if (tty < 0) {
		problem_set(p, EXIT_AUTH, "E1308",
		    "a passphrase is needed and there is no terminal to ask");
		problem_hint(p, "--passphrase-file FILE, or "
				"OHCN_PASSPHRASE_FILE, or --no-passphrase");
		return ERR_AUTH;
	}
	e = ask(tty, twice ? "New passphrase: " : "Passphrase: ", out, n);
	if (e == OK && twice)
		e = ask(tty, "The same again: ", again, &again_n);
	close(tty);
	if (e != OK) {
		problem_set(p, EXIT_AUTH, "E1308", "no passphrase was given");
		e = ERR_AUTH;
	} else if (twice && (again_n != *n || !crypto_equal(again, out, *n))) {
		problem_set(p, EXIT_AUTH, "E1309", "the two differ");
		e = ERR_AUTH;
	}
	crypto_wipe(again, sizeof(again));
	return e;
}

err
passphrase_get(const struct passphrase_source *source, char out[PASSPHRASE_MAX],
    size_t *n, struct problem *p)
{
	const char *file = source->file;

	*n = 0;
	out[0] = '\0';
	if (source->none)
		return OK;
	if (file == NULL)
		file = getenv("OHCN_PASSPHRASE_FILE");
	if (file != NULL && file[0] != '\0')
		TRY(from_file(file, out, n, p));
	else
		TRY(from_terminal(source->twice, out, n, p));
	if (*n == 0) {
		problem_set(p, EXIT_AUTH, "E1310", "the passphrase is empty");
		problem_why(p, "who reads the key file could then use it");
		problem_hint(p, "--no-passphrase if that is what you want");
		return ERR_AUTH;
	}
	return OK;
}
