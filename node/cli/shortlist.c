/* cli/shortlist.c: shortlist list|new|show|add|set|drop|export|remove. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"

#define BASE "/api/v1/shortlists"

static const char *
by_whom(const json_t *o)
{
	return json_str(o, "by")[0] == '\0' ? "you" : json_str(o, "by");
}

int
run_shortlist_list(struct cli *cli)
{
	static const char *const heads[] = { "name", "need", "candidates",
		"made", "by" };
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, BASE, (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "shortlists"), i, one)
	{
		char made[32], many[24];
		const char *row[] = { json_str(one, "name"),
			json_str(json_object_get(one, "demand"), "title"), many,
			made, by_whom(one) };
		(void)snprintf(many, sizeof(many), "%" PRId64,
		    json_int(one, "candidates"));
		time_text(made, sizeof(made), json_int(one, "made"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	json_decref(reply);
	return EXIT_DONE;
}

static void
show(struct cli *cli, const json_t *list)
{
	static const char *const heads[] = { "card", "state", "talk", "changed",
		"by", "note" };
	const json_t *demand = json_object_get(list, "demand");
	const int64_t dropped = json_int(list, "dropped");
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	size_t i;
	json_t *one;

	output_line(&cli->out, "%s: %s %s", json_str(list, "name"),
	    json_str(demand, "external_id"), json_str(demand, "title"));
	json_array_foreach(json_object_get(list, "candidates"), i, one)
	{
		const json_t *talk = json_object_get(one, "talk");
		const bool live = json_str(one, "card")[0] != '\0';
		char said[48] = "-", when[32];
		const char *row[] = { live ? short_id(json_str(one, "card"))
					   : json_str(one, "gone"),
			json_str(one, "state"), said, when, by_whom(one),
			json_str(one, "note") };
		if (json_is_object(talk))
			(void)snprintf(said, sizeof(said), "%.8s %s",
			    json_str(talk, "id"), json_str(talk, "state"));
		time_text(when, sizeof(when), json_int(one, "changed"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	if (dropped > 0)
		output_note(&cli->out,
		    "%" PRId64 " fell out: they have withdrawn their cards, "
		    "and nothing is kept of them",
		    dropped);
}

/* A call about the list that the first word names; ${card}: and of it. */
static int
one(struct cli *cli, const char *method, const char *rest, json_t *body)
{
	char path[400];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), BASE, cli->words[0], rest) != OK) {
		json_decref(body);
		return cli_usage(cli, "a name is too long");
	}
	const int code = cli_call(cli, method, path, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (json_str(reply, "removed")[0] != '\0')
		output_line(
		    &cli->out, "%s removed", json_str(reply, "removed"));
	else
		show(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_shortlist_show(struct cli *cli)
{
	return one(cli, "GET", "", NULL);
}

int
run_shortlist_remove(struct cli *cli)
{
	return one(cli, "DELETE", "", NULL);
}

int
run_shortlist_new(struct cli *cli)
{
	json_t *body = json_object();

	if (cli_flag(cli, "demand") == NULL) {
		json_decref(body);
		return cli_usage(cli, "--demand ID is needed");
	}
	cli_put_flag(cli, body, "demand", "demand");
	return one(cli, "PUT", "", body);
}

static json_t *
words_of(const struct cli *cli)
{
	json_t *body = json_object();

	cli_put_flag(cli, body, "state", "state");
	cli_put_flag(cli, body, "note", "note");
	return body;
}

int
run_shortlist_add(struct cli *cli)
{
	json_t *body = words_of(cli);

	(void)json_object_set_new(body, "card", json_string(cli->words[1]));
	return one(cli, "POST", "candidates", body);
}

/* Below the list: the candidate that the second word names. */
static int
of_candidate(struct cli *cli, const char *method, json_t *body)
{
	char rest[320], card[300];

	if (url_escape(card, sizeof(card), cli->words[1]) != OK) {
		json_decref(body);
		return cli_usage(cli, "the id is too long");
	}
	(void)snprintf(rest, sizeof(rest), "candidates/%s", card);
	return one(cli, method, rest, body);
}

int
run_shortlist_set(struct cli *cli)
{
	if (cli_flag(cli, "state") == NULL && cli_flag(cli, "note") == NULL)
		return cli_usage(cli, "--state or --note is needed");
	return of_candidate(cli, "POST", words_of(cli));
}

int
run_shortlist_drop(struct cli *cli)
{
	return of_candidate(cli, "DELETE", NULL);
}

int
run_shortlist_export(struct cli *cli)
{
	const char *to = cli_flag(cli, "output");
	char base[160], path[200];
	struct problem p = { 0 };
	FILE *f = stdout;
	uint64_t n = 0;

	if (cli_under(base, sizeof(base), BASE, cli->words[0], "") != OK ||
	    cli_query(path, sizeof(path), base, "format", "csv", "persona",
		cli->persona, (char *)NULL) != OK)
		return cli_usage(cli, "the name is too long");
	const int code = cli_need_client(cli);
	if (code != EXIT_DONE)
		return code;
	if (to != NULL && (f = fopen(to, "we")) == NULL) {
		problem_set(&p, EXIT_DISK, "E1012", "cannot write %s: %s", to,
		    strerror(errno));
		return cli_fail(cli, &p);
	}
	err e = client_download(cli->client, path, f, &n, &p);
	if (to != NULL && fclose(f) != 0 && e == OK) {
		problem_set(&p, EXIT_DISK, "E1012", "cannot write %s", to);
		e = ERR_IO;
	}
	if (e != OK)
		return cli_fail(cli, &p);
	if (to != NULL)
		(void)cli_tell(cli,
		    json_pack("{s:s,s:I}", "file", to, "bytes", (json_int_t)n));
	return EXIT_DONE;
}
