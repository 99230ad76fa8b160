/* cli/term.c: own terms: what no vocabulary has. */
#include <stdio.h>
#include <stdlib.h>

#include "node/cli/commands.h"

static void
labels_text(const json_t *labels, char *out, size_t cap)
{
	const char *code;
	json_t *text;
	size_t n = 0;

	out[0] = '\0';
	json_object_foreach((json_t *)(uintptr_t)labels, code, text)
	{
		if (n < cap)
			n += (size_t)snprintf(out + n, cap - n, "%s%s: %s",
			    n == 0 ? "" : ", ", code, json_string_value(text));
	}
}

int
run_term_list(struct cli *cli)
{
	static const char *const heads[] = { "term", "type", "labels",
		"broader", "the same as", "uri" };
	struct table *t;
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, "/api/v1/terms", "lang",
	    cli_flag(cli, "lang"), (char *)NULL);

	if (reply == NULL)
		return code;
	t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "terms"), i, one)
	{
		char labels[300], broader[200], same[200];
		const char *row[6] = { json_str(one, "term"),
			json_str(one, "type"), labels, broader, same,
			json_str(one, "uri") };

		labels_text(
		    json_object_get(one, "labels"), labels, sizeof(labels));
		label_list(
		    json_object_get(one, "broader"), broader, sizeof(broader));
		label_list(json_object_get(one, "same_as"), same, sizeof(same));
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
	} else {
		table_free(t);
		output_line(&cli->out,
		    "no own terms; one that no vocabulary has: ohcn term add "
		    "\"pretzel shaping\" --lang en");
	}
	json_decref(reply);
	return EXIT_DONE;
}

/* A change builds the vocabulary anew: with ESCO that takes seconds. */
static int
change(struct cli *cli, const char *path, json_t *body, json_t **reply)
{
	int code = cli_need_client(cli);

	*reply = NULL;
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	client_timeout(cli->client, 600);
	code = cli_call(cli, "POST", path, body, reply);
	if (code == EXIT_DONE && cli_show(cli, *reply))
		*reply = NULL;
	return code;
}

int
run_term_add(struct cli *cli)
{
	static const char *const flags[] = { "lang", "type", "broader" };
	const char *same = cli_flag(cli, "same-as");
	json_t *body = json_pack("{s:s}", "label", cli->words[0]), *reply;
	char broader[200];

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (cli_flag(cli, flags[i]) != NULL)
			(void)json_object_set_new(body, flags[i],
			    json_string(cli_flag(cli, flags[i])));
	if (same != NULL)
		(void)json_object_set_new(body, "same_as", json_string(same));
	const int code = change(cli, "/api/v1/terms", body, &reply);
	if (reply == NULL)
		return code;
	output_line(&cli->out, "%s is a term now: %s", cli->words[0],
	    json_str(reply, "term"));
	output_line(&cli->out, "  %s", json_str(reply, "uri"));
	label_list(json_object_get(reply, "broader"), broader, sizeof(broader));
	if (json_array_size(json_object_get(reply, "broader")) > 0)
		output_line(&cli->out, "  a special case of %s", broader);
	if (json_yes(reply, "joined"))
		output_line(&cli->out, "  the same as %s, whose id counts",
		    json_str(reply, "label"));
	output_note(&cli->out,
	    "use it by its name, as in: ohcn profile edit --add-skill \"%s\"",
	    cli->words[0]);
	output_note(&cli->out,
	    "others see its name; it is matched where somebody has added it "
	    "in the same words");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_term_remove(struct cli *cli)
{
	json_t *reply;
	const int code = change(cli, "/api/v1/terms/remove",
	    json_pack("{s:s}", "name", cli->words[0]), &reply);

	if (reply == NULL)
		return code;
	output_line(&cli->out, "forgotten; %" PRId64 " own terms are left",
	    json_int(reply, "count"));
	output_note(&cli->out, "records that use it still name it");
	json_decref(reply);
	return EXIT_DONE;
}
