/* cli/backup.c: a whole node in one file: backup create|show|restore. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "node/care/backup.h"
#include "node/care/care.h"
#include "node/cli/commands.h"
#include "proto/libp2p/peer_id.h"
#include "proto/record/names.h"

/* ---- the passphrase ---- */

/*
 * That of the backup: of --backup-passphrase-file, else as that of the key.
 * A backup leaves this machine: without one it would be an open letter.
 */
static err
backup_passphrase(struct cli *cli, bool twice, char out[PASSPHRASE_MAX],
    size_t *n, struct problem *p)
{
	const char *file = cli_flag(cli, "backup-passphrase-file");
	const struct passphrase_source source = {
		.file = file != NULL ? file : cli->passphrase_file,
		.twice = twice
	};

	if (file != NULL || !cli->no_passphrase)
		return passphrase_get(&source, out, n, p);
	problem_set(p, EXIT_AUTH, "E1713", "a backup needs a passphrase");
	problem_why(p, "it holds your keys and private data, and leaves this "
		       "machine");
	problem_hint(p, "--backup-passphrase-file FILE");
	return ERR_AUTH;
}

/* ---- creating ---- */

/* What a node that runs here sends. */
static err
items_of_node(struct cli *cli, struct bytes *out, struct problem *p)
{
	char *text = NULL;
	size_t n = 0;
	uint64_t total;
	FILE *f = open_memstream(&text, &n);

	if (f == NULL) {
		problem_set(p, EXIT_TEMPORARY, "E1702", "out of memory");
		return ERR_NOMEM;
	}
	client_timeout(cli->client, 0);
	const err e =
	    client_download(cli->client, "/api/v1/backup", f, &total, p);
	(void)fclose(f);
	*out = (struct bytes){ (uint8_t *)text, n, n };
	return e;
}

/* The same from the files, when no node runs. */
static err
items_of_files(struct cli *cli, const struct key_material *km,
    struct bytes *out, struct problem *p)
{
	struct env env = { 0 };
	struct vault *v = NULL;
	struct care_store cs = { 0 };
	struct store_view *view = NULL;
	uint8_t pub[ED25519_PUBLIC], secret[ED25519_SECRET];

	persona_keypair(pub, secret, km->seed, 0);
	crypto_wipe(secret, sizeof(secret));
	TRY(vault_open(cli->paths.private_dir, km->private_key, &env, &v, p));
	err e = care_store_open(&cs, &cli->paths, &cli->config, pub, false, p);
	if (e == OK) {
		e = store_view_open(cs.store, &view);
		if (e == OK)
			e = backup_collect(v, view, out);
		store_view_close(view);
		if (e != OK)
			problem_set(p, problem_exit(e), "E1714",
			    "cannot read what is to be saved: %s", err_name(e));
	}
	care_store_close(&cs);
	vault_close(v);
	return e;
}

/* An absent file is none. */
static err
read_if(const char *path, struct slice *out, struct problem *p)
{
	*out = (struct slice){ 0 };
	if (path[0] == '\0' || (access(path, F_OK) != 0 && errno == ENOENT))
		return OK;
	return file_read(path, BACKUP_ITEM_MAX, out, p);
}

static json_t *
manifest(struct cli *cli, const struct key_material *km)
{
	uint8_t pub[ED25519_PUBLIC], node[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	char did[DID_KEY_TEXT], peer[PEER_ID_TEXT_MAX];

	persona_keypair(pub, secret, km->seed, 0);
	ed25519_keypair(node, secret, km->node_seed);
	crypto_wipe(secret, sizeof(secret));
	const struct peer_id id = peer_id_of_ed25519(node);
	did_key_put(did, pub);
	peer_id_put(peer, &id);
	return json_pack("{s:I,s:s,s:s,s:s,s:s,s:s}", "made",
	    (json_int_t)time(NULL), "made_by", "ohcn " OHCN_VERSION, "network",
	    cli->config.node.network, "role", role_name(cli->config.node.role),
	    "author", did, "peer_id", peer);
}

static json_t *
describe(const struct backup *b, const char *path)
{
	json_t *o = json_pack("{s:s,s:O,s:i,s:i,s:b,s:b}", "file", path,
	    "manifest", b->manifest, "private_values", (int)b->private_n,
	    "own_records", (int)b->records_n, "settings", b->settings.n > 0,
	    "network_key", b->network.n > 0);

	return o == NULL ? json_object() : o;
}

static void
show(struct cli *cli, const struct backup *b, const char *path)
{
	char when[32];

	time_text(when, sizeof(when), json_int(b->manifest, "made"));
	output_line(&cli->out, "file      %s", path);
	output_line(&cli->out, "made      %s UTC by %s", when,
	    json_str(b->manifest, "made_by"));
	output_line(
	    &cli->out, "network   %s", json_str(b->manifest, "network"));
	output_line(&cli->out, "author    %s", json_str(b->manifest, "author"));
	output_line(
	    &cli->out, "peer id   %s", json_str(b->manifest, "peer_id"));
	output_line(&cli->out,
	    "holds     keys, %u private values, %u own record%s%s%s",
	    b->private_n, b->records_n, b->records_n == 1 ? "" : "s",
	    b->settings.n > 0 ? ", settings" : "",
	    b->network.n > 0 ? ", key of the private network" : "");
}

static void
count(struct backup *b)
{
	struct slice in = b->items, bytes;
	enum backup_item type;

	b->private_n = b->records_n = 0;
	while (backup_next(&in, &type, &bytes) == OK) {
		b->private_n += type == BACKUP_PRIVATE;
		b->records_n += type == BACKUP_RECORD;
	}
}

/* The rest of the backup from here, then into the file. */
static err
create(struct cli *cli, struct backup *b, struct bytes *items, const char *path,
    struct problem *p)
{
	char pass[PASSPHRASE_MAX] = "";
	size_t pass_n = 0;

	TRY(read_if(cli->paths.config, &b->settings, p));
	TRY(read_if(cli->config.network.psk_file, &b->network, p));
	b->items = slice_of(items->p, items->n);
	b->manifest = manifest(cli, &b->keys);
	if (b->manifest == NULL) {
		problem_set(p, EXIT_TEMPORARY, "E1702", "out of memory");
		return ERR_NOMEM;
	}
	count(b);
	err e = backup_passphrase(cli, true, pass, &pass_n, p);
	if (e == OK)
		e = backup_save(path, b, pass, pass_n, keyfile_cost(500),
		    cli_flag(cli, "force") != NULL, p);
	crypto_wipe(pass, sizeof(pass));
	return e;
}

static void
created(struct cli *cli, const struct backup *b, const char *path)
{
	care_note(&cli->paths, "node_backup",
	    json_pack("{s:I,s:s}", "at", (json_int_t)time(NULL), "file", path));
	if (cli_tell(cli, describe(b, path)))
		return;
	show(cli, b, path);
	output_note(&cli->out,
	    "Keep it on another machine, and its passphrase elsewhere.\n"
	    "Records of others are not in it; they come from the network.");
}

static void
free_slice(struct slice s)
{
	free((void *)(uintptr_t)s.p);
}

int
run_backup_create(struct cli *cli)
{
	struct backup b = { 0 };
	struct bytes items = { 0 };
	struct problem p = { 0 };
	json_t *status = NULL;
	const char *path = cli->words[0];
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (access(path, F_OK) == 0 && cli_flag(cli, "force") == NULL) {
		problem_set(&p, EXIT_CONFLICT, "E1701",
		    "%s exists and is left as it is", path);
		problem_hint(&p, "another name, or --force");
		return cli_fail(cli, &p);
	}
	code = unlock_key(cli, &b.keys);
	if (code != EXIT_DONE)
		return code;
	const bool runs = node_answers(cli, &status);
	json_decref(status);
	if (runs)
		code = cli_need_client(cli);
	err e = code != EXIT_DONE ? ERR_IO
		: runs            ? items_of_node(cli, &items, &p)
				  : items_of_files(cli, &b.keys, &items, &p);
	if (e == OK)
		e = create(cli, &b, &items, path, &p);
	if (e == OK)
		created(cli, &b, path);
	else if (code == EXIT_DONE)
		code = cli_fail(cli, &p);
	free_slice(b.settings);
	if (b.network.p != NULL)
		crypto_wipe((void *)(uintptr_t)b.network.p, b.network.n);
	free_slice(b.network);
	free(items.p);
	json_decref(b.manifest);
	key_material_wipe(&b.keys);
	return code;
}

/* ---- reading ---- */

int
run_backup_show(struct cli *cli)
{
	struct backup b = { 0 };
	struct problem p = { 0 };
	char pass[PASSPHRASE_MAX] = "";
	size_t n = 0;

	err e = backup_passphrase(cli, false, pass, &n, &p);
	if (e == OK)
		e = backup_load(cli->words[0], pass, n, &b, &p);
	crypto_wipe(pass, sizeof(pass));
	if (e != OK)
		return cli_fail(cli, &p);
	if (!cli_tell(cli, describe(&b, cli->words[0]))) {
		show(cli, &b, cli->words[0]);
		output_note(&cli->out, "checked to the end: all is well");
	}
	backup_free(&b);
	return EXIT_DONE;
}

/* ---- restoring ---- */

/*
 * The new key file has the passphrase that is given for keys, if it is not
 * the backup's own.
 */
static err
key_passphrase(struct cli *cli, const char *backup_pass, size_t backup_n,
    char out[PASSPHRASE_MAX], size_t *n, struct problem *p)
{
	const struct passphrase_source source = { .none = cli->no_passphrase,
		.file = cli->passphrase_file,
		.twice = true };

	if (cli_flag(cli, "backup-passphrase-file") != NULL &&
	    (cli->no_passphrase || cli->passphrase_file != NULL))
		return passphrase_get(&source, out, n, p);
	memcpy(out, backup_pass, backup_n + 1);
	*n = backup_n;
	return OK;
}

static void
restored(
    struct cli *cli, const struct backup *b, const struct backup_restored *r)
{
	if (cli_tell(cli,
		json_pack("{s:s,s:s,s:s,s:i,s:i,s:i}", "home", cli->paths.home,
		    "author", json_str(b->manifest, "author"), "peer_id",
		    json_str(b->manifest, "peer_id"), "private_values",
		    (int)r->private_n, "own_records", (int)r->records_n,
		    "expired", (int)r->expired_n)))
		return;
	output_line(&cli->out, "home      %s", cli->paths.home);
	output_line(&cli->out, "author    %s", json_str(b->manifest, "author"));
	output_line(&cli->out, "restored  %u private values, %u own record%s",
	    r->private_n, r->records_n, r->records_n == 1 ? "" : "s");
	if (b->private_n > r->private_n)
		output_line(&cli->out,
		    "left out  %u private value%s about the old store",
		    b->private_n - r->private_n,
		    b->private_n - r->private_n == 1 ? "" : "s");
	if (r->expired_n > 0)
		output_line(&cli->out,
		    "left out  %u own record%s that expired meanwhile",
		    r->expired_n, r->expired_n == 1 ? "" : "s");
	output_note(&cli->out,
	    "If the old node still runs somewhere, stop it for good: two "
	    "nodes with\none key contradict each other and lose records.\n"
	    "next: ohcn up");
}

int
run_backup_restore(struct cli *cli)
{
	struct backup b = { 0 };
	struct backup_restored r = { 0 };
	struct problem p = { 0 };
	char pass[PASSPHRASE_MAX] = "", key_pass[PASSPHRASE_MAX] = "";
	size_t n = 0, key_n = 0;
	const int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	err e = backup_passphrase(cli, false, pass, &n, &p);
	if (e == OK)
		e = backup_load(cli->words[0], pass, n, &b, &p);
	if (e == OK)
		e = key_passphrase(cli, pass, n, key_pass, &key_n, &p);
	if (e == OK)
		e = backup_restore(&b, &cli->paths, key_pass, key_n,
		    keyfile_cost(300), (uint64_t)time(NULL), &r, &p);
	crypto_wipe(pass, sizeof(pass));
	crypto_wipe(key_pass, sizeof(key_pass));
	if (e == OK)
		restored(cli, &b, &r);
	backup_free(&b);
	return e == OK ? EXIT_DONE : cli_fail(cli, &p);
}
