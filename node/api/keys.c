/* The keys over the API: locked now, unlocked by the passphrase. */
#include <stdlib.h>

#include "node/api/parts.h"
#include "node/access/lock.h"
#include "node/keys/signer.h"

void
api_keys_lock(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const err e = lock_now(n);

	if (e == ERR_CONFIG)
		http_fail(r, 409, "E3133", NULL,
		    "ohcn backup create FILE, then ohcn init with a "
		    "passphrase and ohcn backup restore",
		    "the key file has no passphrase: whoever asks could "
		    "unlock it");
	else if (e != OK)
		http_fail(r, 503, "E3124", NULL, "ohcn down, ohcn up",
		    "the process that holds the keys has ended");
	else
		http_reply(r, 200, lock_json(n));
}

struct unlocking {
	uv_work_t work;
	struct node *n;
	struct http_request *r;
	char pass[PASSPHRASE_MAX];
	size_t pass_n;
	uint64_t orders; /* of locking, before it was tried */
	struct key_material km;
	err error;
	struct problem problem;
};

static void
unlock_run(uv_work_t *work)
{
	struct unlocking *u = CONTAINER_OF(work, struct unlocking, work);

	u->error = keyfile_open(
	    u->n->paths->key, u->pass, u->pass_n, &u->km, &u->problem);
}

static void
unlock_done(uv_work_t *work, int status)
{
	struct unlocking *u = CONTAINER_OF(work, struct unlocking, work);
	struct node *n = u->n;

	if (status != 0)
		u->error = ERR_CLOSED;
	const err opened = u->error;
	if (opened == OK)
		u->error = lock_open(n, &u->km, u->orders);
	n->unlocking = false;
	if (opened == ERR_AUTH)
		http_fail(u->r, 403, "E3134", "passphrase", NULL,
		    "the passphrase is wrong, or the key file has changed");
	else if (u->error == ERR_EXISTS)
		http_fail(u->r, 409, "E3138", NULL, "ohcn key unlock",
		    "the keys were locked again while the passphrase was "
		    "tried");
	else if (u->error == ERR_AUTH)
		http_fail(u->r, 409, "E3134", NULL,
		    "ohcn down, then ohcn up with the key file that you mean",
		    "the key file is another one than this node began with");
	else if (u->error != OK)
		http_fail_err(u->r, u->error, "the keys cannot be unlocked: %s",
		    err_name(u->error));
	else
		http_reply(u->r, 200, lock_json(n));
	key_material_wipe(&u->km);
	crypto_wipe(u->pass, sizeof(u->pass));
	free(u);
}

void
api_keys_unlock(struct http_request *r, void *ctx)
{
	struct node *n = ctx;
	const struct slice said = http_body(r);
	json_t *body = http_json(r);
	json_t *text = json_object_get(body, "passphrase");
	struct unlocking *u = calloc(1, sizeof(*u));

	if (body == NULL) {
		free(u);
		return;
	}
	const size_t size = json_string_length(text);
	if (u != NULL && text != NULL && size < PASSPHRASE_MAX) {
		memcpy(u->pass, json_string_value(text), size);
		u->pass_n = size;
	}
	/* nothing of it stays in the memory of the request */
	if (size > 0)
		crypto_wipe((void *)(uintptr_t)json_string_value(text), size);
	if (said.n > 0)
		crypto_wipe((void *)(uintptr_t)said.p, said.n);
	json_decref(body);
	if (u == NULL || n->unlocking || u->pass_n == 0) {
		if (u == NULL || n->unlocking)
			http_fail(r, 429, "E3135", NULL, "in a second",
			    "a passphrase is being tried");
		else
			http_fail(r, 422, "E3134", "passphrase", NULL,
			    "the passphrase is missing, or too long");
		free(u);
		return;
	}
	n->unlocking = true;
	u->n = n;
	u->r = r;
	u->orders = n->lock_orders;
	const int rc =
	    uv_queue_work(&n->loop, &u->work, unlock_run, unlock_done);
	ASSERT(rc == 0);
}
