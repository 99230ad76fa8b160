/* cli/persona.c: persona list|add|rename|retire|resume|revoke|forget. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/cli/commands.h"

#define BASE "/api/v1/personas"

int
run_persona_list(struct cli *cli)
{
	static const char *const heads[] = { "name", "state", "card", "demands",
		"next card", "key" };
	json_t *reply = NULL, *list, *one;
	size_t i;
	const int code = cli_call(cli, "GET", BASE, NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	list = json_object_get(reply, "personas");
	json_array_foreach(list, i, one)
	{
		char demands[24], when[32] = "-";
		const char *card = json_str(one, "profile");
		const char *row[] = { json_str(one, "name"),
			json_str(one, "state"),
			card[0] == '\0' ? "-" : short_id(card), demands, when,
			json_str(one, "did") };
		snprintf(demands, sizeof(demands), "%" PRId64,
		    json_int(one, "demands"));
		if (json_int(one, "publish_at") > 0)
			time_text(
			    when, sizeof(when), json_int(one, "publish_at"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	output_note(&cli->out,
	    "Names stay on this node. Nobody can tell that the keys belong "
	    "together, as long as\nwhat they say does not.");
	json_decref(reply);
	return EXIT_DONE;
}

/* POST BASE/NAME/WHAT; ${said} with the persona's name in it. */
static int
change(struct cli *cli, const char *what, json_t *body, const char *said)
{
	char path[160];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), BASE, cli->words[0], what) != OK) {
		json_decref(body);
		return cli_usage(cli, "the name is too long");
	}
	const int code = cli_call(cli, "POST", path, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s %s", json_str(reply, "name"), said);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_persona_add(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "POST", BASE,
	    json_pack("{s:s}", "name", cli->words[0]), &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s  %s", json_str(reply, "name"),
	    json_str(reply, "did"));
	output_note(&cli->out,
	    "The proof of work of its key is under way, once. Next: ohcn "
	    "profile edit --persona %s",
	    json_str(reply, "name"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_persona_rename(struct cli *cli)
{
	return change(cli, "rename", json_pack("{s:s}", "name", cli->words[1]),
	    "is its name from now on, on this node alone");
}

int
run_persona_retire(struct cli *cli)
{
	return change(cli, "state", json_pack("{s:s}", "state", "retired"),
	    "publishes nothing any more; what is out ends by itself");
}

int
run_persona_resume(struct cli *cli)
{
	return change(cli, "state", json_pack("{s:s}", "state", "live"),
	    "may publish again");
}

/* The name typed once more, unless --yes. */
static bool
confirmed(struct cli *cli, const char *name, const char *what)
{
	char answer[64];

	if (cli->yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return false;
	fprintf(stderr,
	    "Nothing takes a revocation back: all that \"%s\" published is "
	    "dropped everywhere,\nand nobody accepts anything of it again. "
	    "%sType its name to go on: ",
	    name, what);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		return false;
	answer[strcspn(answer, "\r\n")] = '\0';
	return strcmp(answer, name) == 0;
}

int
run_persona_revoke(struct cli *cli)
{
	const char *name = cli->words[0], *reason = cli_flag(cli, "reason");
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	char path[160];
	json_t *reply = NULL;

	if (reason == NULL)
		return cli_usage(cli,
		    "--reason is missing: lost, stolen, retired or "
		    "unspecified");
	if (!dry && !confirmed(cli, name, ""))
		return cli_not_confirmed(cli, "E1840", "nothing was revoked");
	if (cli_under(path, sizeof(path), BASE, name, "revoke") != OK)
		return cli_usage(cli, "the name is too long");
	const int code = cli_call(cli, "POST", path,
	    json_pack("{s:s, s:s, s:b}", "reason", reason, "confirm", name,
		"dry_run", dry),
	    &reply);
	if (code != EXIT_DONE)
		return code;
	if (dry)
		return show_publication(cli, reply);
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "revoked %s, sent to %" PRId64 " peers", name,
	    json_int(reply, "sent_to"));
	output_note(&cli->out, "next: %s", json_str(reply, "next"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_persona_forget(struct cli *cli)
{
	static const struct {
		const char *key, *text;
	} parts[] = { { "records", "records in the network" },
		{ "talks", "talks" }, { "documents", "documents" },
		{ "communities", "communities" },
		{ "values", "drafts, facts, claims and the like" } };
	const char *name = cli->words[0];
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	char path[160];
	json_t *reply = NULL, *stays;
	size_t i;

	if (!dry && !confirmed(cli, name,
			"All that this node keeps of it is erased.\n"))
		return cli_not_confirmed(cli, "E1841", "nothing was forgotten");
	if (cli_under(path, sizeof(path), BASE, name, "forget") != OK)
		return cli_usage(cli, "the name is too long");
	const int code = cli_call(cli, "POST", path,
	    json_pack("{s:s, s:b}", "confirm", name, "dry_run", dry), &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s %s:", name,
	    dry ? "would be forgotten" : "is being forgotten");
	for (i = 0; i < ARRAY_LEN(parts); i++)
		output_line(&cli->out, "  %" PRId64 " %s",
		    json_int(reply, parts[i].key), parts[i].text);
	json_array_foreach(json_object_get(reply, "stays"), i, stays)
	{
		output_line(&cli->out, "stays: %s", json_string_value(stays));
	}
	output_note(&cli->out, "ohcn help forgetting");
	json_decref(reply);
	return EXIT_DONE;
}

static void
show_version(struct cli *cli, const char *whose, const json_t *v)
{
	char when[32];

	if (!json_is_object(v)) {
		output_line(&cli->out, "  %s: not kept", whose);
		return;
	}
	time_text(when, sizeof(when), json_int(v, "made"));
	output_line(&cli->out, "  %s: %s, made %s UTC", whose,
	    short_id(json_str(v, "id")), when);
	char *text = json_dumps(
	    json_object_get(v, "payload"), JSON_COMPACT | JSON_SORT_KEYS);
	if (text != NULL)
		output_line(&cli->out, "    %s", text);
	free(text);
}

int
run_persona_conflicts(struct cli *cli)
{
	json_t *reply = NULL, *list, *one;
	size_t i;
	const int code =
	    cli_call(cli, "GET", "/api/v1/conflicts", NULL, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	list = json_object_get(reply, "conflicts");
	json_array_foreach(list, i, one)
	{
		output_line(&cli->out, "%s %s %" PRId64,
		    json_str(one, "persona"), json_str(one, "kind"),
		    json_int(one, "slot"));
		show_version(cli, "mine", json_object_get(one, "mine"));
		show_version(cli, "theirs", json_object_get(one, "theirs"));
	}
	if (json_array_size(list) == 0)
		output_line(&cli->out, "no other device published over this "
				       "one");
	else
		output_note(&cli->out,
		    "next: ohcn persona keep mine|theirs KIND SLOT "
		    "[--persona NAME]");
	if (json_yes(reply, "restoring"))
		output_note(&cli->out,
		    "this node was restored and still asks the network");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_persona_keep(struct cli *cli)
{
	char *end = NULL;
	json_t *reply = NULL;
	const char *slot = cli->words_n > 2 ? cli->words[2] : "0";
	const long number = strtol(slot, &end, 10);

	if (*end != '\0' || number < 0 || number > 4096)
		return cli_usage(cli, "\"%s\" is no slot", slot);
	const int code = cli_call(cli, "POST", "/api/v1/conflicts/keep",
	    json_pack("{s:s, s:s, s:i}", "keep", cli->words[0], "kind",
		cli->words[1], "slot", (int)number),
	    &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "kept %s", json_str(reply, "kept"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_key_restore(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "POST", "/api/v1/restore",
	    json_pack("{s:b}", "now", cli_flag(cli, "now") != NULL), &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out,
	    "under way: nothing is published before the network was asked");
	output_note(&cli->out, "next: ohcn persona list, ohcn persona "
			       "conflicts");
	json_decref(reply);
	return EXIT_DONE;
}
