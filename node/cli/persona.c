/* cli/persona.c: persona list|add|rename|retire|resume|revoke. */
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
confirmed(struct cli *cli, const char *name)
{
	char answer[64];

	if (cli->yes)
		return true;
	if (!isatty(STDIN_FILENO))
		return false;
	fprintf(stderr,
	    "Nothing takes a revocation back: all that \"%s\" published is "
	    "dropped everywhere,\nand nobody accepts anything of it again. "
	    "Type its name to go on: ",
	    name);
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
	if (!dry && !confirmed(cli, name)) {
		struct problem p = { 0 };
		problem_set(&p, EXIT_REFUSED, "E1840", "nothing was revoked");
		problem_why(&p, "it was not confirmed");
		problem_hint(&p, "--yes where there is no terminal");
		return cli_fail(cli, &p);
	}
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
