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
	json_t *reply, *r;
	const char *cursor;
	size_t i;

	const int code = cli_get(cli, &reply, "/api/v1/records", "kind",
	    cli_flag(cli, "kind"), "region", cli_flag(cli, "region"), "author",
	    cli_flag(cli, "author"), "limit", cli_flag(cli, "limit"), "cursor",
	    cli_flag(cli, "cursor"), (char *)NULL);
	if (reply == NULL)
		return code;
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
	const int code = cli_get(cli, &reply, path, (char *)NULL);
	if (reply == NULL)
		return code;
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

/* Suggestions of the bridge, for a term or a title in one's own words. */
static int
show_bridge(struct cli *cli, const char *term, const char *title)
{
	static const char *const heads[] = { "sure", "occupation", "term",
		"uri" };
	struct table *t;
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, "/api/v1/vocabulary/bridge",
	    "term", term, "title", title, "about", cli_flag(cli, "about"), "to",
	    cli_flag(cli, "to"), "limit", cli_flag(cli, "limit"), "lang",
	    cli_flag(cli, "lang"), (char *)NULL);

	if (reply == NULL)
		return code;
	show_guess(cli, json_object_get(reply, "guessed_of"));
	t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "suggestions"), i, one)
	{
		char sure[40];
		const char *row[4] = { sure, json_str(one, "label"),
			json_str(one, "term"), json_str(one, "uri") };

		snprintf(sure, sizeof(sure), "%" PRId64 " %%%s",
		    json_int(one, "confidence") / 10,
		    json_yes(one, "linked") ? ", linked" : "");
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
	} else {
		table_free(t);
		output_line(&cli->out, "nothing like it is known");
	}
	output_note(&cli->out, "%s", json_str(reply, "note"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_vocabulary_bridge(struct cli *cli)
{
	return show_bridge(cli, cli->words[0], NULL);
}

int
run_vocabulary_search(struct cli *cli)
{
	static const char *const heads[] = { "term", "type", "source",
		"label" };
	static const char *const members[] = { "term", "type", "source",
		"label" };
	char words[400] = "", path[1600];
	json_t *reply;
	size_t n = 0;

	for (unsigned i = 0; i < cli->words_n && n < sizeof(words); i++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s",
		    i == 0 ? "" : " ", cli->words[i]);
	if (cli_flag(cli, "meaning") != NULL && n < sizeof(words))
		return show_bridge(cli, NULL, words);
	if (n >= sizeof(words) ||
	    cli_query(path, sizeof(path), "/api/v1/vocabulary/search", "q",
		words, "lang", cli_flag(cli, "lang"), "limit",
		cli_flag(cli, "limit"), (char *)NULL) != OK)
		return cli_usage(cli, "the words are too long");
	const int code = cli_get(cli, &reply, path, (char *)NULL);
	if (reply == NULL)
		return code;
	show_list(cli, reply, "terms", heads, members, 4,
	    json_yes(reply, "protected")
		? "never used: nobody is matched by an attribute such as this"
		: "no term is called so; fewer or other words, or --lang CODE");
	json_decref(reply);
	return EXIT_DONE;
}

/* Rows that were not taken as they are: where, and what to do. */
static void
show_notes(struct cli *cli, const json_t *reply)
{
	size_t i;
	json_t *note;

	json_array_foreach(json_object_get(reply, "warnings"), i, note)
	    output_line(&cli->out, "  %s", json_string_value(note));
	json_array_foreach(json_object_get(reply, "notes"), i, note)
	{
		const char *column = json_str(note, "column");
		output_line(&cli->out, "  %s, line %" PRId64 "%s%s: %s; %s",
		    json_str(note, "file"), json_int(note, "line"),
		    column[0] == 0 ? "" : ", column ", column,
		    json_str(note, "message"), json_str(note, "hint"));
	}
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
	if (strcmp(cli->words[0], "crosswalk") == 0)
		output_line(&cli->out,
		    "%" PRId64 " pairs are the same, %" PRId64
		    " are close; %" PRId64 " rows were left out",
		    json_int(reply, "same"), json_int(reply, "close"),
		    json_int(reply, "left_out"));
	else
		output_line(&cli->out,
		    "%" PRId64 " terms, %" PRId64 " labels, %" PRId64
		    " links; %" PRId64 " protected attributes left out",
		    json_int(reply, "terms"), json_int(reply, "labels"),
		    json_int(reply, "links"), json_int(reply, "filtered"));
	show_notes(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_vocabulary_remove(struct cli *cli)
{
	char *dir = realpath(cli->words[0], NULL);
	const char *name = cli->words[0];
	json_t *reply = NULL;

	if (strchr(name, '/') != NULL && dir != NULL)
		name = dir;
	int code = cli_need_client(cli);
	if (code == EXIT_DONE) {
		client_timeout(cli->client, 600);
		code = cli_call(cli, "POST", "/api/v1/vocabulary/remove",
		    json_pack("{s:s}", "name", name), &reply);
	}
	free(dir);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "forgotten; %" PRId64 " terms are left",
	    json_int(reply, "terms_in_all"));
	json_decref(reply);
	return EXIT_DONE;
}

static const json_t *
part_called(const json_t *list, const char *name)
{
	size_t i;
	json_t *part;

	json_array_foreach(list, i,
	    part) if (strcmp(json_str(part, "name"), name) == 0) return part;
	return NULL;
}

/* Parts of ${a} that ${b} has otherwise or (unless ${twice}) not. */
static void
add_differences(json_t *out, const json_t *a, const json_t *b, bool swapped)
{
	size_t i;
	json_t *part;

	json_array_foreach(a, i, part)
	{
		const char *name = json_str(part, "name");
		const json_t *other = part_called(b, name);
		const int64_t theirs =
		    other == NULL ? 0 : json_int(other, "rows");
		if (other != NULL &&
		    (swapped || strcmp(json_str(other, "hash"),
				    json_str(part, "hash")) == 0))
			continue;
		(void)json_array_append_new(out,
		    json_pack("{s:s,s:I,s:I}", "name", name, "here",
			(json_int_t)(swapped ? theirs : json_int(part, "rows")),
			"there",
			(json_int_t)(swapped ? json_int(part, "rows")
					     : theirs)));
	}
}

int
run_vocabulary_diff(struct cli *cli)
{
	json_error_t fault;
	json_t *theirs = json_load_file(cli->words[0], 0, &fault);
	json_t *reply = NULL, *part, *list;
	struct problem p;
	size_t i;

	const json_t *data = json_object_get(theirs, "data");
	const json_t *there =
	    json_object_get(data != NULL ? data : theirs, "parts");
	if (!json_is_array(there)) {
		problem_set(&p, EXIT_NOTFOUND, "E1206",
		    "%s is not the answer of `ohcn vocabulary list --json`",
		    cli->words[0]);
		json_decref(theirs);
		return cli_fail(cli, &p);
	}
	const int code =
	    cli_call(cli, "GET", "/api/v1/vocabulary", NULL, &reply);
	if (code != EXIT_DONE) {
		json_decref(theirs);
		return code;
	}
	list = json_array();
	add_differences(list, json_object_get(reply, "parts"), there, false);
	add_differences(list, there, json_object_get(reply, "parts"), true);
	json_decref(reply);
	json_decref(theirs);
	reply = json_pack(
	    "{s:b,s:o}", "same", json_array_size(list) == 0, "parts", list);
	if (cli_show(cli, reply))
		return EXIT_DONE;
	if (json_array_size(list) == 0)
		output_line(&cli->out, "both have the same vocabulary");
	json_array_foreach(list, i, part) output_line(&cli->out,
	    "%s: %" PRId64 " here, %" PRId64 " there%s", json_str(part, "name"),
	    json_int(part, "here"), json_int(part, "there"),
	    json_int(part, "here") == json_int(part, "there")
		? ", not the same ones"
		: "");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_vocabulary_list(struct cli *cli)
{
	static const char *const heads[] = { "name", "version", "terms",
		"licence", "dir" };

	return plain_list(cli, "/api/v1/vocabulary", "sources", heads, heads, 5,
	    "no vocabulary is loaded");
}
