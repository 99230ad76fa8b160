/* cli/keys.c: key words|show, network key, config list|show|check. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/cli/commands.h"
#include "node/net/swarm_key.h"
#include "proto/libp2p/peer_id.h"
#include "proto/record/names.h"

int
run_key_words(struct cli *cli)
{
	struct key_material km;
	char words[SEED_TEXT_MAX];
	int code = cli_need_config(cli);

	if (code == EXIT_DONE)
		code = unlock_key(cli, &km);
	if (code != EXIT_DONE)
		return code;
	seed_to_words(words, km.seed);
	key_material_wipe(&km);
	if (!cli_tell(cli, json_pack("{s:s}", "words", words))) {
		output_note(&cli->out,
		    "Who has these words is you. Write them on paper, in "
		    "this order.");
		output_line(&cli->out, "%s", words);
	}
	crypto_wipe(words, sizeof(words));
	return EXIT_DONE;
}

int
run_key_show(struct cli *cli)
{
	struct key_material km;
	uint8_t pub[ED25519_PUBLIC], node[ED25519_PUBLIC];
	uint8_t secret[ED25519_SECRET];
	char did[DID_KEY_TEXT], peer[PEER_ID_TEXT_MAX], when[32];
	struct peer_id id;
	int code = cli_need_config(cli);

	if (code == EXIT_DONE)
		code = unlock_key(cli, &km);
	if (code != EXIT_DONE)
		return code;
	persona_keypair(pub, secret, km.seed, 0);
	ed25519_keypair(node, secret, km.node_seed);
	crypto_wipe(secret, sizeof(secret));
	time_text(when, sizeof(when), (int64_t)km.created);
	key_material_wipe(&km);
	did_key_put(did, pub);
	id = peer_id_of_ed25519(node);
	peer_id_put(peer, &id);
	if (cli_tell(cli, json_pack("{s:s,s:s,s:s}", "author", did, "peer_id",
			      peer, "created", when)))
		return EXIT_DONE;
	output_line(&cli->out, "author   %s", did);
	output_line(&cli->out, "peer id  %s", peer);
	output_line(&cli->out, "created  %s", when);
	return EXIT_DONE;
}

/* What it is called, and how a node is told of it. */
static int
tell_network_key(
    struct cli *cli, const char *path, const uint8_t *key, bool made)
{
	char print[PSK_FINGERPRINT_TEXT];

	psk_fingerprint(print, key);
	if (cli_tell(cli,
		json_pack("{s:s,s:s}", "file", path, "fingerprint", print)))
		return EXIT_DONE;
	output_line(&cli->out, "file         %s", path);
	output_line(&cli->out, "fingerprint  %s", print);
	if (made)
		output_note(&cli->out,
		    "Give the file to whom you want in, by a safe way, and "
		    "set\nnetwork.psk_file = %s",
		    path);
	return EXIT_DONE;
}

int
run_network_key(struct cli *cli)
{
	const bool made = strcmp(cli->words[0], "new") == 0;
	uint8_t key[PSK_SIZE];
	char beside[4200];
	const char *path = cli->words_n > 1 ? cli->words[1] : beside;
	struct problem p = { 0 };
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (!made && strcmp(cli->words[0], "show") != 0)
		return cli_usage(
		    cli, "\"%s\" is neither new nor show", cli->words[0]);
	if (cli->config.network.psk_file[0] != '\0' && !made &&
	    cli->words_n == 1)
		path = cli->config.network.psk_file;
	else
		(void)snprintf(
		    beside, sizeof(beside), "%s/swarm.key", cli->paths.home);
	err e = made && path == beside ? paths_make(&cli->paths, &p) : OK;
	if (e == OK)
		e = made ? swarm_key_new(path, key, &p)
			 : swarm_key_read(path, key, &p);
	if (e != OK)
		return cli_fail(cli, &p);
	code = tell_network_key(cli, path, key, made);
	crypto_wipe(key, sizeof(key));
	return code;
}

static json_t *
setting_json(const struct config *c, const struct config_setting *s, size_t i)
{
	char value[8192], origin[40];

	if (config_text(c, s, value, sizeof(value)) != OK)
		value[0] = '\0';
	config_origin_text(c, i, origin, sizeof(origin));
	return json_pack("{s:s,s:s,s:s,s:s,s:b,s:s}", "name", s->name, "value",
	    value, "default", s->def, "origin", origin, "restart", s->restart,
	    "help", s->help);
}

/* ${only}: one name or NULL. NULL: there is no such setting. */
static json_t *
settings_json(const struct config *c, const char *only)
{
	size_t n;
	const struct config_setting *s = config_settings(&n);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (only == NULL || strcmp(only, s[i].name) == 0)
			json_array_append_new(list, setting_json(c, &s[i], i));
	if (json_array_size(list) > 0)
		return list;
	json_decref(list);
	return NULL;
}

static void
show_settings(
    struct cli *cli, json_t *list, const char *const *heads, size_t columns)
{
	struct table *t = table_new(heads, columns);
	const char *row[4];
	size_t i;
	json_t *s;

	json_array_foreach(list, i, s)
	{
		for (size_t k = 0; k < columns; k++)
			row[k] = json_str(s, heads[k]);
		table_add(t, row);
	}
	table_print(t, &cli->out);
}

int
run_config_list(struct cli *cli)
{
	static const char *const heads[] = { "name", "default", "help" };
	const int code = cli_need_config(cli);
	json_t *list;

	if (code != EXIT_DONE)
		return code;
	list = settings_json(&cli->config, NULL);
	if (cli_tell(cli, json_pack("{s:O}", "settings", list))) {
		json_decref(list);
		return EXIT_DONE;
	}
	show_settings(cli, list, heads, 3);
	json_decref(list);
	return EXIT_DONE;
}

int
run_config_show(struct cli *cli)
{
	static const char *const heads[] = { "name", "value", "origin" };
	const char *only = cli->words_n > 0 ? cli->words[0] : NULL;
	const int code = cli_need_config(cli);
	struct problem p;
	json_t *list;

	if (code != EXIT_DONE)
		return code;
	list = settings_json(&cli->config, only);
	if (list == NULL) {
		(void)!config_set(&cli->config, only, "", &p);
		p.exit = EXIT_NOTFOUND;
		return cli_fail(cli, &p);
	}
	if (cli->json)
		(void)cli_tell(cli, json_pack("{s:O}", "settings", list));
	else if (only != NULL && cli_flag(cli, "origin") == NULL)
		output_line(&cli->out, "%s",
		    json_str(json_array_get(list, 0), "value"));
	else
		show_settings(
		    cli, list, heads, cli_flag(cli, "origin") != NULL ? 3 : 2);
	json_decref(list);
	return EXIT_DONE;
}

int
run_config_check(struct cli *cli)
{
	struct config c;
	struct problem p = { 0 };
	const char *file = cli->words_n > 0 ? cli->words[0] : NULL;
	err e;

	if (file == NULL) { /* the one in force, with all that changes it */
		const int code = cli_need_config(cli);

		if (code != EXIT_DONE)
			return code;
		file = cli->paths.config;
		if (access(file, F_OK) != 0)
			file = "no file; the built-in settings";
	} else {
		if (config_init(&c) != OK)
			return EXIT_TEMPORARY;
		e = config_read(&c, file, &p);
		if (e == OK)
			e = config_mode(&c);
		if (e == OK)
			e = config_check(&c, &p);
		config_fini(&c);
		if (e != OK)
			return cli_fail(cli, &p);
	}
	if (!cli_tell(cli, json_pack("{s:b,s:s}", "ok", 1, "file", file)))
		output_line(&cli->out, "right: %s", file);
	return EXIT_DONE;
}

int
run_key_lock(struct cli *cli)
{
	json_t *reply = NULL;
	const int code =
	    cli_call(cli, "POST", "/api/v1/keys/lock", json_object(), &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "the keys are forgotten: ohcn key unlock");
	if (json_int(reply, "waiting") > 0)
		output_note(&cli->out,
		    "%" PRId64 " publications wait until then",
		    json_int(reply, "waiting"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_unlock(struct cli *cli)
{
	const struct passphrase_source source = { .none = cli->no_passphrase,
		.file = cli->passphrase_file };
	char pass[PASSPHRASE_MAX];
	json_t *reply = NULL, *body = NULL;
	struct problem p;
	size_t n = 0;

	const err e = passphrase_get(&source, pass, &n, &p);
	if (e == OK)
		body = json_pack("{s:s#}", "passphrase", pass, (int)n);
	crypto_wipe(pass, sizeof(pass));
	if (e != OK)
		return cli_fail(cli, &p);
	const int code =
	    cli_call(cli, "POST", "/api/v1/keys/unlock", body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "unlocked");
	json_decref(reply);
	return EXIT_DONE;
}
