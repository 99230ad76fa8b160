/* cli/claims.c: fact list|set|remove; offer|inbox ask, claims, disclose. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"

#define BASE "/api/v1/talks"

/* ---- facts ---- */

static void
value_text(const json_t *leaf, char *out, size_t cap)
{
	const json_t *v = json_object_get(leaf, "value");
	const json_t *least = json_object_get(leaf, "at_least");
	const json_t *most = json_object_get(leaf, "at_most");

	if (json_is_string(v))
		(void)snprintf(out, cap, "%s", json_string_value(v));
	else if (json_is_boolean(v))
		(void)snprintf(out, cap, "%s", json_is_true(v) ? "yes" : "no");
	else if (json_is_integer(v))
		(void)snprintf(
		    out, cap, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_integer(json_object_get(leaf, "number")))
		(void)snprintf(out, cap, "%" PRId64 " of %" PRId64,
		    json_int(leaf, "number"), json_int(leaf, "max"));
	else if (json_is_integer(least) && json_is_integer(most) &&
		 json_equal(least, most))
		(void)snprintf(out, cap, "%" PRId64 " of %" PRId64,
		    json_int(leaf, "at_least"), json_int(leaf, "max"));
	else if (json_is_integer(least) || json_is_integer(most))
		(void)snprintf(out, cap,
		    "%s%.0" PRId64 "%s%s%.0" PRId64 " (of %" PRId64 ")",
		    json_is_integer(least) ? "at least " : "",
		    json_is_integer(least) ? json_int(leaf, "at_least") : 0,
		    json_is_integer(least) && json_is_integer(most) ? ", " : "",
		    json_is_integer(most) ? "at most " : "",
		    json_is_integer(most) ? json_int(leaf, "at_most") : 0,
		    json_int(leaf, "max"));
	else if (json_int(leaf, "max") > 0)
		(void)snprintf(
		    out, cap, "a number up to %" PRId64, json_int(leaf, "max"));
	else
		(void)snprintf(out, cap, "%s", json_str(leaf, "value_hex"));
}

static void
print_leaves(struct cli *cli, const json_t *leaves)
{
	static const char *const heads[] = { "leaf", "what", "value", "" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	size_t i;
	json_t *one;

	json_array_foreach(leaves, i, one)
	{
		char value[512];
		const json_t *worth = json_object_get(one, "worth");
		const char *note =
		    json_is_true(json_object_get(one, "shown"))   ? "shown"
		    : json_is_true(json_object_get(one, "asked")) ? "asked for"
		    : json_is_true(json_object_get(one, "own"))   ? "your own"
								  : "";
		if (worth != NULL)
			note =
			    strcmp(json_str(worth, "kind"), "credential") == 0
				? json_str(worth, "standing")
				: "their own word";
		else if (json_str(one, "credential")[0] != '\0' && *note == 0)
			note = "of a credential";
		value_text(one, value, sizeof(value));
		const char *row[] = { json_str(one, "name"),
			json_str(one, "label"), value, note };
		table_add(t, row);
	}
	table_print(t, &cli->out);
}

static int
show_facts(struct cli *cli, int code, json_t *reply)
{
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	print_leaves(cli, json_object_get(reply, "leaves"));
	if (json_int(reply, "left_out") > 0)
		output_note(&cli->out,
		    "%" PRId64 " more have no place: 64 leaves are the most",
		    json_int(reply, "left_out"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_fact_list(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "GET", "/api/v1/facts", NULL, &reply);

	return show_facts(cli, code, reply);
}

int
run_fact_set(struct cli *cli)
{
	const char *max = cli_flag(cli, "max"), *text = cli->words[1];
	json_t *reply = NULL, *value;
	char *end;

	if (max != NULL) {
		const long number = strtol(text, &end, 10);
		if (*end != '\0' || end == text)
			return cli_usage(cli, "with --max the value is a "
					      "whole number");
		value = json_pack("{s:I,s:I}", "number", (json_int_t)number,
		    "max", (json_int_t)strtol(max, NULL, 10));
	} else if (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0) {
		value = json_boolean(strcmp(text, "yes") == 0);
	} else {
		value = json_string(text);
	}
	if (value == NULL)
		return cli_usage(cli, "the value is not UTF-8 text");
	const int code = cli_call(cli, "PUT", "/api/v1/facts",
	    json_pack("{s:{s:o}}", "set", cli->words[0], value), &reply);
	return show_facts(cli, code, reply);
}

int
run_fact_remove(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "PUT", "/api/v1/facts",
	    json_pack("{s:[s]}", "remove", cli->words[0]), &reply);

	return show_facts(cli, code, reply);
}

/* ---- in a talk ---- */

static int
talk_call(struct cli *cli, const char *method, const char *what, json_t *body,
    json_t **reply)
{
	char path[160];

	if (cli_under(path, sizeof(path), BASE, cli->words[0], what) == OK)
		return cli_call(cli, method, path, body, reply);
	json_decref(body);
	return cli_usage(cli, "the id is too long");
}

static void
print_asked(struct cli *cli, const json_t *reply)
{
	char names[512] = "";
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(reply, "asked"), i, one)
	{
		const size_t n = strlen(names);
		(void)snprintf(names + n, sizeof(names) - n, "%s%s",
		    n > 0 ? ", " : "", json_string_value(one));
	}
	output_line(
	    &cli->out, "asked for: %s", names[0] == '\0' ? "nothing" : names);
}

static int
show_claims(struct cli *cli, int code, json_t *reply)
{
	size_t i;
	json_t *one;

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	print_asked(cli, reply);
	if (strcmp(json_str(reply, "side"), "company") == 0) {
		print_leaves(cli, json_object_get(reply, "shown"));
		json_array_foreach(json_object_get(reply, "refused"), i, one)
		{
			output_note(&cli->out,
			    "something shown was refused: %s",
			    json_str(one, "fault"));
		}
	} else {
		print_leaves(cli, json_object_get(reply, "leaves"));
		output_note(&cli->out,
		    "nothing is shown unless you say so: ohcn inbox disclose "
		    "%s --leaf NAME --dry-run",
		    cli->words[0]);
	}
	json_decref(reply);
	return EXIT_DONE;
}

int
run_talk_claims(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = talk_call(cli, "GET", "claims", NULL, &reply);

	return show_claims(cli, code, reply);
}

int
run_talk_ask(struct cli *cli)
{
	json_t *reply = NULL, *names = json_array();

	for (unsigned i = 1; i < cli->words_n; i++)
		(void)json_array_append_new(names, json_string(cli->words[i]));
	const int code = talk_call(
	    cli, "POST", "ask", json_pack("{s:o}", "names", names), &reply);
	return show_claims(cli, code, reply);
}

/* ---- to show ---- */

static json_t *
wish_named(json_t *list, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		if (strcmp(json_str(one, "leaf"), name) == 0)
			return one;
	}
	one = json_pack("{s:s}", "leaf", name);
	(void)json_array_append_new(list, one);
	return one;
}

/* "NAME,NAME" or, with ${bound}, "NAME=3,NAME=5". */
static bool
take_names(json_t *list, const char *text, const char *bound)
{
	char *copy = text == NULL ? NULL : strdup(text), *rest = NULL;
	bool good = true;

	for (char *part = copy == NULL ? NULL : strtok_r(copy, ",", &rest);
	     good && part != NULL; part = strtok_r(NULL, ",", &rest)) {
		char *equals = bound == NULL ? NULL : strchr(part, '='), *end;
		if (bound == NULL) {
			(void)wish_named(list, part);
			continue;
		}
		good = equals != NULL;
		if (!good)
			break;
		*equals = '\0';
		const long v = strtol(equals + 1, &end, 10);
		good = *end == '\0' && end != equals + 1;
		(void)json_object_set_new(
		    wish_named(list, part), bound, json_integer(v));
	}
	free(copy);
	return good;
}

static void
print_disclosed(struct cli *cli, const json_t *reply)
{
	size_t i;
	json_t *one;

	output_line(&cli->out, "%s learns:", json_str(reply, "to"));
	print_leaves(cli, json_object_get(reply, "they_learn"));
	json_array_foreach(json_object_get(reply, "they_also_learn"), i, one)
	{
		output_line(&cli->out, "  %s", json_string_value(one));
	}
}

int
run_inbox_disclose(struct cli *cli)
{
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	json_t *list = json_array(), *body, *reply = NULL;

	if (!take_names(list, cli_flag(cli, "leaf"), NULL) ||
	    !take_names(list, cli_flag(cli, "at-least"), "at_least") ||
	    !take_names(list, cli_flag(cli, "at-most"), "at_most") ||
	    json_array_size(list) == 0) {
		json_decref(list);
		return cli_usage(cli,
		    "--leaf NAME,NAME; of numbers also --at-least NAME=3 and "
		    "--at-most NAME=40");
	}
	body = json_pack("{s:o,s:b,s:b}", "leaves", list, "unasked",
	    cli_flag(cli, "unasked") != NULL, "dry_run", 1);
	int code =
	    talk_call(cli, "POST", "disclose", json_incref(body), &reply);
	if (code == EXIT_DONE && !dry) {
		if (!cli->json)
			print_disclosed(cli, reply);
		json_decref(reply);
		reply = NULL;
		if (!cli_confirm(cli, "This cannot be taken back. Show it?")) {
			json_decref(body);
			return cli_not_confirmed(
			    cli, "E1851", "nothing was shown");
		}
		(void)json_object_set_new(body, "dry_run", json_false());
		code = talk_call(
		    cli, "POST", "disclose", json_incref(body), &reply);
	}
	json_decref(body);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (dry) {
		print_disclosed(cli, reply);
		output_note(&cli->out, "nothing was sent");
	} else {
		output_line(&cli->out, "shown; it is on its way");
	}
	json_decref(reply);
	return EXIT_DONE;
}
