/* cli/pathway.c: pathway list|show; publish and close are in cli/owner.c. */
#include <stdio.h>
#include <string.h>

#include "node/cli/commands.h"

#define BASE "/api/v1/pathways"

int
run_pathway_list(struct cli *cli)
{
	static const char *const heads[] = { "external id", "region", "expires",
		"record", "title" };
	const bool all = cli_flag(cli, "all") != NULL;
	struct table *t;
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, BASE, "all", all ? "1" : NULL,
	    "limit", cli_flag(cli, "limit"), "lang", cli_flag(cli, "lang"),
	    (char *)NULL);

	if (reply == NULL)
		return code;
	t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "pathways"), i, one)
	{
		char expires[32];
		const char *row[] = { json_str(json_object_get(one, "payload"),
					  "external_id"),
			json_str(one, "region"), expires,
			short_id(json_str(one, "id")),
			any_text(json_object_get(one, "title")) };
		time_text(expires, sizeof(expires), json_int(one, "expires"));
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
	} else {
		table_free(t);
		output_line(&cli->out, all ? "no pathways are known here"
					   : "no pathways of yours yet");
		output_note(&cli->out,
		    "next: ohcn pathway publish FILE --dry-run%s",
		    all ? "" : ", or ohcn pathway list --all");
	}
	json_decref(reply);
	return EXIT_DONE;
}

/* Records named by author and slot. */
static void
show_slots(struct cli *cli, const json_t *list, const char *what)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one) output_line(&cli->out,
	    "      %s: slot %" PRId64 " of %s", what, json_int(one, "slot"),
	    json_string_value(json_object_get(one, "author")));
}

static void
show_step(struct cli *cli, size_t number, const json_t *step)
{
	const json_t *needs = json_object_get(step, "needs");
	char skills[400], grade[16] = "", hours[32] = "";
	json_t *one;
	size_t i;

	label_list(json_object_get(step, "skills"), skills, sizeof(skills));
	if (json_int(step, "grade") > 0)
		(void)snprintf(grade, sizeof(grade), "%" PRId64 "  ",
		    json_int(step, "grade"));
	if (json_int(step, "hours") > 0)
		(void)snprintf(hours, sizeof(hours), ", %" PRId64 " hours",
		    json_int(step, "hours"));
	output_line(&cli->out, "%2zu  %s%s%s%s", number, grade,
	    any_text(json_object_get(step, "title")), hours,
	    json_yes(step, "optional") ? " (may be left out)" : "");
	if (strcmp(skills, "-") != 0)
		output_line(&cli->out, "      one can then: %s", skills);
	if (any_text(json_object_get(step, "task"))[0] != '\0')
		output_line(&cli->out, "      to see that one can: %s",
		    any_text(json_object_get(step, "task")));
	json_array_foreach(needs, i, one) output_line(&cli->out,
	    "      after step %" JSON_INTEGER_FORMAT, json_integer_value(one));
	show_slots(cli, json_object_get(step, "courses"), "a course for it");
	show_slots(cli, json_object_get(step, "assessments"), "an assessment");
}

int
run_pathway_show(struct cli *cli)
{
	char base[512];
	json_t *reply, *one, *payload;
	size_t i;
	int code;

	if (cli_under(base, sizeof(base), BASE, cli->words[0], "") != OK)
		return cli_usage(cli, "the id is too long");
	code = cli_get(
	    cli, &reply, base, "lang", cli_flag(cli, "lang"), (char *)NULL);
	if (reply == NULL)
		return code;
	payload = json_object_get(reply, "payload");
	output_line(&cli->out, "%s  %s", short_id(json_str(reply, "id")),
	    any_text(json_object_get(reply, "title")));
	if (any_text(json_object_get(payload, "description"))[0] != '\0')
		output_line(&cli->out, "%s",
		    any_text(json_object_get(payload, "description")));
	output_line(&cli->out, "by %s", json_str(reply, "author"));
	json_array_foreach(json_object_get(payload, "steps"), i, one)
	    show_step(cli, i, one);
	json_array_foreach(json_object_get(reply, "cosigned"), i, one)
	    output_line(&cli->out, "%s by %s: %s", json_str(one, "role"),
		json_str(one, "key"), json_str(one, "result"));
	json_decref(reply);
	return EXIT_DONE;
}
