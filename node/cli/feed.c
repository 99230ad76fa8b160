/* cli/feed.c: feed list|show|add|sync|review|remove. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"

#define BASE "/api/v1/feeds"

static void
counts_text(const json_t *last, char *out, size_t cap)
{
	(void)snprintf(out, cap,
	    "%" PRId64 " new, %" PRId64 " changed, %" PRId64 " the same, "
	    "%" PRId64 " archived, %" PRId64 " held, %" PRId64 " failed",
	    json_int(last, "created"), json_int(last, "updated"),
	    json_int(last, "unchanged"), json_int(last, "archived"),
	    json_int(last, "held"), json_int(last, "errors"));
}

int
run_feed_list(struct cli *cli)
{
	static const char *const heads[] = { "name", "state", "last", "next",
		"postings", "from", "why" };
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, BASE, (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "feeds"), i, one)
	{
		const json_t *last = json_object_get(one, "last");
		char at[32] = "-", next[32], many[24];
		const char *row[] = { json_str(one, "name"),
			json_yes(one, "busy")  ? "is being read"
			: json_is_object(last) ? json_str(last, "result")
					       : "new",
			at, next, many, json_str(one, "url"),
			json_str(last, "why") };
		if (json_is_object(last))
			time_text(at, sizeof(at), json_int(last, "at"));
		time_text(next, sizeof(next), json_int(one, "next"));
		(void)snprintf(
		    many, sizeof(many), "%" PRId64, json_int(one, "known"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	json_decref(reply);
	return EXIT_DONE;
}

static void
show(struct cli *cli, const json_t *f)
{
	const json_t *last = json_object_get(f, "last");
	const json_t *ask = json_object_get(f, "ask");
	char line[200];
	size_t i, k;
	json_t *one, *other;

	output_line(&cli->out, "%s  %s  %s", json_str(f, "name"),
	    json_str(f, "format"), json_str(f, "url"));
	if (json_is_object(last)) {
		counts_text(last, line, sizeof(line));
		output_line(&cli->out, "%s%s%s%s: %s",
		    json_yes(f, "dry_run") ? "nothing was published; " : "",
		    json_str(last, "result"),
		    json_str(last, "why")[0] == '\0' ? "" : ", ",
		    json_str(last, "why"), line);
	}
	if (json_is_object(ask))
		output_line(&cli->out,
		    "%" PRId64 " of %" PRId64 " postings are missing in it: "
		    "ohcn feed review %s --archive",
		    json_int(ask, "missing"), json_int(ask, "known"),
		    json_str(f, "name"));
	json_array_foreach(json_object_get(f, "errors"), i, one)
	    output_line(&cli->out, "  %s: %s", json_str(one, "external_id"),
		json_str(one, "message"));
	json_array_foreach(json_object_get(f, "review"), i, one)
	{
		output_line(
		    &cli->out, "unsure: \"%s\" may be", json_str(one, "text"));
		json_array_foreach(json_object_get(one, "alternatives"), k,
		    other) output_line(&cli->out, "    %s  %s",
		    json_str(other, "term"), json_str(other, "label"));
	}
}

static int
one_feed(struct cli *cli, const char *method, const char *rest, json_t *body)
{
	json_t *reply = NULL;
	const int code = cli_call_one(cli, method, BASE, rest, body, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (json_str(reply, "removed")[0] != '\0')
		output_line(&cli->out,
		    "%s removed; what it has published stays",
		    json_str(reply, "removed"));
	else
		show(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_feed_show(struct cli *cli)
{
	return one_feed(cli, "GET", "", NULL);
}

int
run_feed_remove(struct cli *cli)
{
	return one_feed(cli, "DELETE", "", NULL);
}

int
run_feed_sync(struct cli *cli)
{
	return one_feed(cli, "POST", "sync",
	    json_pack("{s:b}", "dry_run", cli_flag(cli, "dry-run") != NULL));
}

int
run_feed_add(struct cli *cli)
{
	const char *map = cli_flag(cli, "map");
	uint64_t every = 0;
	json_t *body = json_pack("{s:s}", "url", cli->words[1]);
	struct problem p = { 0 };
	struct slice file = slice_of(NULL, 0);

	const int code = cli_number(cli, "minutes", 1, 43200, &every);
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	if (map != NULL && file_read(map, 2000, &file, &p) != OK) {
		json_decref(body);
		return cli_fail(cli, &p);
	}
	if (map != NULL)
		(void)json_object_set_new(
		    body, "map", json_stringn((const char *)file.p, file.n));
	free((void *)(uintptr_t)file.p);
	cli_put_flag(cli, body, "format", "format");
	cli_put_flag(cli, body, "region", "region");
	if (every > 0)
		(void)json_object_set_new(
		    body, "every", json_integer((json_int_t)every * 60));
	(void)json_object_set_new(body, "archive",
	    json_boolean(cli_flag(cli, "keep-missing") == NULL));
	return one_feed(cli, "PUT", "", body);
}

int
run_feed_review(struct cli *cli)
{
	const char *accept = cli_flag(cli, "accept");
	const char *reject = cli_flag(cli, "reject");
	json_t *body =
	    json_pack("{s:b}", "archive", cli_flag(cli, "archive") != NULL);
	json_t *said = json_object();

	if (accept != NULL && strchr(accept, '=') != NULL) {
		const char *is = strrchr(accept, '=');
		char words[300];
		(void)snprintf(
		    words, sizeof(words), "%.*s", (int)(is - accept), accept);
		(void)json_object_set_new(said, words, json_string(is + 1));
	} else if (accept != NULL) {
		(void)json_object_set_new(said, accept, json_true());
	}
	if (reject != NULL)
		(void)json_object_set_new(said, reject, json_false());
	(void)json_object_set_new(body, "decisions", said);
	return one_feed(cli, "POST", "review", body);
}
