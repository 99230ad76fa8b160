/* cli/bundle.c: bundle make|show|review. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/cli/commands.h"

#define BASE "/api/v1/bundles"

/* ${flag} names a file with an object; it becomes ${key} of ${body}. */
static int
put_file(struct cli *cli, json_t *body, const char *key, const char *flag)
{
	const char *path = cli_flag(cli, flag);
	json_t *value = NULL;

	if (path == NULL)
		return EXIT_DONE;
	const int code = read_json(cli, path, &value);
	if (code == EXIT_DONE)
		(void)json_object_set_new(body, key, value);
	return code;
}

static int
put_result(struct cli *cli, json_t *body)
{
	const char *path = cli_flag(cli, "result");
	json_t *text = NULL;

	if (path == NULL)
		return EXIT_DONE;
	const int code = read_text(cli, path, &text);
	if (code != EXIT_DONE)
		return code;
	const char *hex = json_string_value(text);
	(void)json_object_set_new(body, "results",
	    json_pack("[o]", json_stringn(hex, strcspn(hex, " \r\n"))));
	json_decref(text);
	return EXIT_DONE;
}

int
run_bundle_make(struct cli *cli)
{
	static const char *const words[] = { "note", "for" };
	const char *path = cli_flag(cli, "output");
	struct problem p = { 0 };
	json_t *body = json_object(), *reply = NULL;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (cli_flag(cli, words[i]) != NULL)
			(void)json_object_set_new(body, words[i],
			    json_string(cli_flag(cli, words[i])));
	int code = put_file(cli, body, "profile", "profile");
	if (code == EXIT_DONE)
		code = put_file(cli, body, "wishes", "wishes");
	if (code == EXIT_DONE)
		code = put_file(cli, body, "path", "path");
	if (code == EXIT_DONE)
		code = put_result(cli, body);
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	code = cli_call(cli, "POST", BASE, body, &reply);
	if (code != EXIT_DONE)
		return code;
	char *text = json_dumps(reply, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	err e = text == NULL ? ERR_NOMEM : OK;
	if (e == OK && path != NULL)
		e = file_replace(path, slice_str(text), 0600, &p);
	else if (e == OK && !cli->json)
		output_line(&cli->out, "%s", text);
	free(text);
	if (e != OK) {
		json_decref(reply);
		if (p.code[0] == '\0')
			problem_set(
			    &p, EXIT_DISK, "E1506", "cannot write the output");
		return cli_fail(cli, &p);
	}
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_note(&cli->out,
	    "signed by %s; the person reads it with ohcn "
	    "bundle review",
	    json_str(reply, "adviser"));
	json_decref(reply);
	return EXIT_DONE;
}

static char *
short_text(const json_t *v)
{
	return json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
}

static void
show_parts(struct cli *cli, const json_t *reply)
{
	size_t i;
	json_t *part;

	output_line(
	    &cli->out, "from the adviser %s", json_str(reply, "adviser"));
	if (json_str(reply, "note")[0] != '\0')
		output_line(&cli->out, "%s", json_str(reply, "note"));
	json_array_foreach(json_object_get(reply, "parts"), i, part)
	{
		char *now = short_text(json_object_get(part, "present"));
		char *then = short_text(json_object_get(part, "proposed"));
		output_line(&cli->out, "%s%s", json_str(part, "part"),
		    json_yes(part, "taken")  ? ": taken"
		    : json_yes(part, "same") ? ": the same"
					     : "");
		if (!json_yes(part, "same")) {
			output_line(
			    &cli->out, "  now       %s", now ? now : "");
			output_line(
			    &cli->out, "  proposed  %s", then ? then : "");
		}
		free(now);
		free(then);
	}
	output_line(&cli->out, "signed results: %zu%s",
	    json_array_size(json_object_get(reply, "results")),
	    json_is_null(json_object_get(reply, "path")) ? "" : "; a path");
}

/* Which parts, asked one by one. */
static json_t *
ask(struct cli *cli, const json_t *reply)
{
	json_t *accept = json_array(), *part;
	size_t i;

	json_array_foreach(json_object_get(reply, "parts"), i, part)
	{
		char question[160];
		if (json_yes(part, "same"))
			continue;
		(void)snprintf(question, sizeof(question), "Take %s?",
		    json_str(part, "part"));
		if (cli_confirm(cli, question))
			(void)json_array_append(
			    accept, json_object_get(part, "part"));
	}
	return accept;
}

/* The signed results go where those go that a person hands in. */
static int
take_results(struct cli *cli, const json_t *reply)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(reply, "results"), i, one)
	{
		json_t *taken = NULL;
		const int code =
		    cli_call(cli, "POST", "/api/v1/assessment-results",
			json_pack("{s:O}", "result", one), &taken);
		json_decref(taken);
		if (code != EXIT_DONE)
			return code;
	}
	return EXIT_DONE;
}

static int
review(struct cli *cli, json_t *accept, json_t **reply)
{
	json_t *bundle = NULL;
	const int code = read_json(cli, cli->words[0], &bundle);

	if (code != EXIT_DONE) {
		json_decref(accept);
		return code;
	}
	return cli_call(cli, "POST", BASE "/review",
	    json_pack("{s:o,s:o}", "bundle", bundle, "accept", accept), reply);
}

int
run_bundle_show(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = review(cli, json_array(), &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_parts(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_bundle_review(struct cli *cli)
{
	const char *accept = cli_flag(cli, "accept");
	json_t *reply = NULL, *chosen;
	int code = review(cli, json_array(), &reply);

	if (code != EXIT_DONE)
		return code;
	if (accept == NULL && !cli->json)
		show_parts(cli, reply);
	chosen = accept != NULL ? cli_words(accept, ", ") : ask(cli, reply);
	json_decref(reply);
	reply = NULL;
	code = review(cli, chosen, &reply);
	if (code == EXIT_DONE && cli_flag(cli, "results") != NULL)
		code = take_results(cli, reply);
	if (code != EXIT_DONE) {
		json_decref(reply);
		return code;
	}
	if (cli_show(cli, reply))
		return EXIT_DONE;
	show_parts(cli, reply);
	output_note(&cli->out,
	    "In your draft alone; nothing is published. next: ohcn profile "
	    "show, ohcn profile publish --dry-run");
	json_decref(reply);
	return EXIT_DONE;
}
