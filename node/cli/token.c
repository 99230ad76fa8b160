/* cli/token.c: token add|list|revoke|log|scopes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/base/since.h"
#include "node/cli/commands.h"

#define BASE "/api/v1/tokens"

static void
scopes_line(const json_t *one, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *name;

	out[0] = '\0';
	json_array_foreach(json_object_get(one, "scopes"), i, name)
	{
		if (n + 1 < cap)
			n += (size_t)snprintf(out + n, cap - n, "%s%s",
			    i == 0 ? "" : ",", json_string_value(name));
	}
}

/* "90d" is a span from now on, all else a time. 0: neither. */
static uint64_t
end_of(const char *text)
{
	const uint64_t now = (uint64_t)time(NULL);
	const size_t n = strlen(text);
	uint64_t hour;

	if (since_read(text, now, &hour) != OK)
		return 0;
	if (n > 0 && strchr("dhwm", text[n - 1]) != NULL)
		return 2 * now - hour * 3600;
	return hour * 3600;
}

int
run_token_add(struct cli *cli)
{
	const char *scope = cli_flag(cli, "scope");
	const char *expires = cli_flag(cli, "expires");
	json_t *reply = NULL, *body;
	char line[256];

	if (scope == NULL)
		return cli_usage(cli,
		    "--scope is missing, such as read,match: ohcn token "
		    "scopes");
	body = json_pack("{s:s,s:o}", "name", cli->words[0], "scopes",
	    cli_words(scope, ", "));
	if (expires != NULL) {
		const uint64_t end = end_of(expires);
		if (end == 0) {
			json_decref(body);
			return cli_usage(cli,
			    "--expires is a span or a date: 90d, 2027-01-31");
		}
		(void)json_object_set_new(
		    body, "expires", json_integer((json_int_t)end));
	}
	const int code = cli_call(cli, "POST", BASE, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s", json_str(reply, "token"));
	scopes_line(reply, line, sizeof(line));
	output_note(&cli->out,
	    "\"%s\" may: %s%s%s. It is shown this once; whoever has it may do "
	    "that. As a file:\nOHCN_TOKEN_FILE=FILE ohcn ..., or the header "
	    "Authorization: Bearer TOKEN.",
	    json_str(reply, "name"), line,
	    json_str(reply, "persona")[0] == '\0' ? "" : ", as the persona ",
	    json_str(reply, "persona"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_token_list(struct cli *cli)
{
	static const char *const heads[] = { "name", "state", "scopes", "made",
		"expires", "used", "persona" };
	json_t *reply = NULL, *one;
	size_t i;
	const int code = cli_call(cli, "GET", BASE, NULL, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "tokens"), i, one)
	{
		char scopes[256], made[32], end[32] = "-", used[32] = "-";
		const char *row[] = { json_str(one, "name"),
			json_str(one, "state"), scopes, made, end, used,
			json_str(one, "persona")[0] == '\0'
			    ? "any"
			    : json_str(one, "persona") };
		scopes_line(one, scopes, sizeof(scopes));
		time_text(made, sizeof(made), json_int(one, "made"));
		if (json_int(one, "expires") > 0)
			time_text(end, sizeof(end), json_int(one, "expires"));
		if (json_int(one, "used") > 0)
			time_text(used, sizeof(used), json_int(one, "used"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	output_note(&cli->out, "\"used\": since the node started.");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_token_revoke(struct cli *cli)
{
	char path[160];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), BASE, cli->words[0], "revoke") != OK)
		return cli_usage(cli, "the name is too long");
	const int code = cli_call(cli, "POST", path, NULL, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s counts no more; its log stays",
	    json_str(reply, "name"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_token_log(struct cli *cli)
{
	static const char *const heads[] = { "when", "token", "call", "answer",
		"times", "what" };
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, BASE "/log", "token",
	    cli->words_n > 0 ? cli->words[0] : NULL, "limit",
	    cli_flag(cli, "limit"), (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "calls"), i, one)
	{
		char at[32], call[160], status[24], times[24];
		const char *row[] = { at, json_str(one, "token"), call, status,
			times, json_str(one, "note") };
		time_text(at, sizeof(at), json_int(one, "at"));
		(void)snprintf(call, sizeof(call), "%s %s",
		    json_str(one, "method"), json_str(one, "path"));
		(void)snprintf(status, sizeof(status), "%" PRId64,
		    json_int(one, "status"));
		(void)snprintf(
		    times, sizeof(times), "%" PRId64, json_int(one, "times"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	json_decref(reply);
	return EXIT_DONE;
}

static void
show_routes(struct cli *cli, const json_t *routes)
{
	size_t i;
	json_t *one;

	json_array_foreach(routes, i, one)
	    output_line(&cli->out, "    %s", json_string_value(one));
}

int
run_token_scopes(struct cli *cli)
{
	const bool all = cli_flag(cli, "routes") != NULL;
	json_t *reply = NULL, *one;
	size_t i;
	const int code = cli_call(cli, "GET", BASE "/scopes", NULL, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	json_array_foreach(json_object_get(reply, "scopes"), i, one)
	{
		output_line(&cli->out, "%-10s %s", json_str(one, "name"),
		    json_str(one, "text"));
		if (all)
			show_routes(cli, json_object_get(one, "routes"));
	}
	output_line(&cli->out,
	    "%-10s all of it, keys, tokens, backups: no token opens these",
	    "(owner)");
	if (all)
		show_routes(cli, json_object_get(reply, "owner_alone"));
	json_decref(reply);
	return EXIT_DONE;
}
