#include "node/net/swarm_key.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "node/base/paths.h"

err
swarm_key_read(const char *path, uint8_t key[PSK_SIZE], struct problem *p)
{
	struct slice file = { NULL, 0 };
	const char *why = "";
	struct stat st;

	memset(key, 0, PSK_SIZE);
	const err e = file_read(path, PSK_FILE_MAX, &file, p);
	if (e != OK && p->hint[0] == '\0')
		problem_hint(p, "network.psk_file names the key file of the "
				"others; ohcn network key new makes one");
	if (e == ERR_LIMIT)
		why = "it is too long for a key file";
	else if (e != OK)
		return e;
	const bool good = e == OK && psk_file_get(file, key, &why) == OK;
	if (file.p != NULL) {
		crypto_wipe((void *)(uintptr_t)file.p, file.n);
		free((void *)(uintptr_t)file.p);
	}
	if (!good) {
		problem_set(p, EXIT_CONFIG, "E1320",
		    "%s is not the key of a private network", path);
		problem_why(p, "%s", why);
		problem_hint(p, "the file that the others use, or a new one: "
				"ohcn network key new");
		return ERR_CONFIG;
	}
	if (stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		crypto_wipe(key, PSK_SIZE);
		problem_set(p, EXIT_CONFIG, "E1321",
		    "others on this machine can read %s", path);
		problem_why(p, "who has this key is in the network");
		problem_hint(p, "chmod 600 %s", path);
		return ERR_CONFIG;
	}
	return OK;
}

err
swarm_key_new(const char *path, uint8_t key[PSK_SIZE], struct problem *p)
{
	uint8_t raw[256];
	struct buf b = { raw, 0, sizeof(raw) };

	crypto_random(key, PSK_SIZE);
	err e = psk_file_put(&b, key);
	ASSERT(e == OK);
	e = file_create(path, buf_slice(&b), 0600, p);
	crypto_wipe(raw, sizeof(raw));
	if (e != OK)
		crypto_wipe(key, PSK_SIZE);
	return e;
}
