#define _XOPEN_SOURCE 700 /* realpath */
/* cli/network.c: record, peer, topic, vocabulary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/cli/commands.h"

/* A list of ${key} as a table of the members ${heads}; ${none}: it is empty. */
static void
show_list(struct cli *cli, const json_t *reply, const char *key,
    const char *const *heads, const char *const *members, size_t n,
    const char *none)
{
	struct table *t = table_new(heads, n);
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(reply, key), i, v)
	{
		char cells[8][160];
		const char *row[8];

		for (size_t k = 0; k < n; k++) {
			const json_t *cell = json_object_get(v, members[k]);

			row[k] = cells[k];
			if (json_is_array(cell))
				snprintf(cells[k], sizeof(cells[k]), "%zu",
				    json_array_size(cell));
			else if (json_is_boolean(cell))
				row[k] = json_is_true(cell) ? "by us" : "them";
			else if (json_is_number(cell))
				snprintf(cells[k], sizeof(cells[k]), "%" PRId64,
				    json_int(v, members[k]));
			else
				row[k] = json_str(v, members[k]);
		}
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
		return;
	}
	table_free(t);
	output_line(&cli->out, "%s", none);
}

static bool
any_filter(const struct cli *cli)
{
	return cli_flag(cli, "kind") != NULL ||
	       cli_flag(cli, "region") != NULL ||
	       cli_flag(cli, "author") != NULL ||
	       cli_flag(cli, "cursor") != NULL;
}

int
run_record_list(struct cli *cli)
{
	static const char *const heads[] = { "kind", "region", "expires",
		"bytes", "id", "title" };
	struct table *t;
	char path[700];
	json_t *reply = NULL, *r;
	const char *cursor;
	size_t i;
	int code;

	if (cli_query(path, sizeof(path), "/api/v1/records", "kind",
		cli_flag(cli, "kind"), "region", cli_flag(cli, "region"),
		"author", cli_flag(cli, "author"), "limit",
		cli_flag(cli, "limit"), "cursor", cli_flag(cli, "cursor"),
		(char *)NULL) != OK)
		return cli_usage(cli, "a flag is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	t = table_new(heads, 6);
	json_array_foreach(json_object_get(reply, "records"), i, r)
	{
		char expires[32], size[24];
		const char *row[6] = { json_str(r, "kind"),
			json_str(r, "region"), expires, size,
			short_id(json_str(r, "id")), json_str(r, "title") };

		time_text(expires, sizeof(expires), json_int(r, "expires"));
		snprintf(size, sizeof(size), "%" PRId64, json_int(r, "size"));
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
	} else {
		table_free(t);
		output_line(&cli->out,
		    any_filter(cli)
			? "no such records here; all: ohcn record list"
			: "no records yet; who sends them: ohcn peer list");
	}
	cursor = json_str(reply, "cursor");
	if (cursor[0] != '\0')
		output_note(&cli->out, "more: --cursor %s", cursor);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_record_show(struct cli *cli)
{
	static const char *const lines[] = { "id", "kind", "author", "region",
		"slot", "seq", "made", "expires", "flags", "size" };
	char path[400];
	json_t *reply = NULL;
	char *text;
	int code;

	if (cli_under(
		path, sizeof(path), "/api/v1/records", cli->words[0], "") != OK)
		return cli_usage(cli, "the id is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_flag(cli, "bytes") != NULL && !cli->json) {
		output_line(&cli->out, "%s", json_str(reply, "bytes_hex"));
		json_decref(reply);
		return EXIT_DONE;
	}
	if (cli_show(cli, reply))
		return EXIT_DONE;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const json_t *v = json_object_get(reply, lines[i]);
		char when[32];

		if (strcmp(lines[i], "made") == 0 ||
		    strcmp(lines[i], "expires") == 0) {
			time_text(
			    when, sizeof(when), json_int(reply, lines[i]));
			output_line(&cli->out, "%-8s %s UTC", lines[i], when);
		} else if (json_is_string(v)) {
			output_line(&cli->out, "%-8s %s", lines[i],
			    json_string_value(v));
		} else if (v != NULL) {
			output_line(&cli->out, "%-8s %" PRId64, lines[i],
			    json_int(reply, lines[i]));
		}
	}
	text = json_dumps(json_object_get(reply, "payload"),
	    JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
	for (char *line = text; line != NULL && *line != '\0';) {
		const size_t n = strcspn(line, "\n");

		output_line(&cli->out, "%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
	free(text);
	json_decref(reply);
	return EXIT_DONE;
}

/* GET, then a table; what most lists are. */
static int
plain_list(struct cli *cli, const char *path, const char *key,
    const char *const *heads, const char *const *members, size_t n,
    const char *none)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "GET", path, NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	show_list(cli, reply, key, heads, members, n, none);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_peer_list(struct cli *cli)
{
	static const char *const heads[] = { "called", "rtt ms", "meshes",
		"score", "since s", "agent", "peer", "address" };
	static const char *const members[] = { "outbound", "rtt_ms", "meshes",
		"score", "since_s", "agent", "peer_id", "address" };

	return plain_list(cli, "/api/v1/peers", "peers", heads, members, 8,
	    "no peer is connected; ohcn join INVITATION, or "
	    "peers.bootstrap in the settings");
}

int
run_peer_connect(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "POST", "/api/v1/peers/connect",
	    json_pack("{s:s}", "address", cli->words[0]), &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "%sconnected to %s",
	    json_yes(reply, "already") ? "already " : "", cli->words[0]);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_peer_find(struct cli *cli)
{
	json_t *reply = NULL, *peer, *addr;
	size_t i, k;
	const int code = cli_call(cli, "POST", "/api/v1/discovery/find",
	    json_pack("{s:s}", "peer_id", cli->words[0]), &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	json_array_foreach(json_object_get(reply, "found"), i, peer)
	{
		json_array_foreach(json_object_get(peer, "addresses"), k, addr)
		    output_line(&cli->out, "%s/p2p/%s", json_string_value(addr),
			json_str(peer, "peer_id"));
	}
	if (i == 0)
		output_line(&cli->out,
		    "nobody knows; %" PRId64 " peers were asked",
		    json_int(reply, "asked"));
	json_decref(reply);
	return i == 0 ? EXIT_NOTFOUND : EXIT_DONE;
}

int
run_topic_list(struct cli *cli)
{
	static const char *const heads[] = { "topic", "peers", "mesh" };
	static const char *const members[] = { "name", "peers", "mesh" };

	return plain_list(
	    cli, "/api/v1/topics", "topics", heads, members, 3, "no topics");
}

int
run_vocabulary_search(struct cli *cli)
{
	static const char *const heads[] = { "term", "type", "source",
		"label" };
	static const char *const members[] = { "term", "type", "source",
		"label" };
	char words[400] = "", path[1600];
	size_t n = 0;

	for (unsigned i = 0; i < cli->words_n && n < sizeof(words); i++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s",
		    i == 0 ? "" : " ", cli->words[i]);
	if (n >= sizeof(words) ||
	    cli_query(path, sizeof(path), "/api/v1/vocabulary/search", "q",
		words, "lang", cli_flag(cli, "lang"), "limit",
		cli_flag(cli, "limit"), (char *)NULL) != OK)
		return cli_usage(cli, "the words are too long");
	return plain_list(cli, path, "terms", heads, members, 4,
	    "no term is called so; fewer or other words, or --lang CODE");
}

int
run_vocabulary_import(struct cli *cli)
{
	char *dir = realpath(cli->words[1], NULL);
	json_t *reply = NULL;
	struct problem p;
	int code;

	if (dir == NULL) {
		problem_set(&p, EXIT_NOTFOUND, "E1206", "cannot read %s: %s",
		    cli->words[1], strerror(errno));
		return cli_fail(cli, &p);
	}
	code = cli_need_client(cli);
	if (code != EXIT_DONE) {
		free(dir);
		return code;
	}
	client_timeout(cli->client, 600);
	code = cli_call(cli, "POST", "/api/v1/vocabulary/import",
	    json_pack("{s:s,s:s}", "source", cli->words[0], "dir", dir),
	    &reply);
	free(dir);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out,
	    "%" PRId64 " terms, %" PRId64 " labels, %" PRId64 " links; %" PRId64
	    " protected attributes left out",
	    json_int(reply, "terms"), json_int(reply, "labels"),
	    json_int(reply, "links"), json_int(reply, "filtered"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_vocabulary_list(struct cli *cli)
{
	static const char *const heads[] = { "name", "version", "terms",
		"licence" };

	return plain_list(cli, "/api/v1/vocabulary", "sources", heads, heads, 4,
	    "no vocabulary is loaded");
}
