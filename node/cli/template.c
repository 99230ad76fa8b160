/* cli/template.c: offer template add|list|show|remove. */
#include <stdio.h>
#include <string.h>

#include "node/cli/commands.h"
#include "node/cli/pledge.h"

#define BASE "/api/v1/offer-templates"

static void
pledge_text(const json_t *p, char *out, size_t cap)
{
	char money[64] = "", hours[32] = "";

	if (!json_is_object(p)) {
		(void)snprintf(out, cap, "-");
		return;
	}
	if (json_int(p, "amount") > 0)
		(void)snprintf(money, sizeof(money), " %" PRId64 ".%02d %s",
		    json_int(p, "amount") / 100,
		    (int)(json_int(p, "amount") % 100),
		    json_str(p, "currency"));
	if (json_int(p, "hours") > 0)
		(void)snprintf(hours, sizeof(hours), " %" PRId64 " hours",
		    json_int(p, "hours"));
	(void)snprintf(out, cap, "%s%s%s within %" PRId64 " days",
	    json_str(p, "kind"), money, hours, json_int(p, "days"));
}

static int
list(struct cli *cli)
{
	static const char *const heads[] = { "name", "role", "pledge", "note" };
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, BASE, (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "templates"), i, one)
	{
		char pledge[128];
		const char *row[] = { json_str(one, "name"),
			json_str(one, "role"), pledge, json_str(one, "note") };
		pledge_text(
		    json_object_get(one, "pledge"), pledge, sizeof(pledge));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	json_decref(reply);
	return EXIT_DONE;
}

static void
show(struct cli *cli, const json_t *t)
{
	const json_t *pledge = json_object_get(t, "pledge");
	char text[128];

	output_line(&cli->out, "%s", json_str(t, "name"));
	if (json_str(t, "activity")[0] != '\0')
		output_line(&cli->out, "activity: %s", json_str(t, "activity"));
	if (json_str(t, "role")[0] != '\0')
		output_line(&cli->out, "role: %s", json_str(t, "role"));
	if (json_str(t, "note")[0] != '\0')
		output_line(&cli->out, "note: %s", json_str(t, "note"));
	pledge_text(pledge, text, sizeof(text));
	output_line(&cli->out, "pledge: %s%s%s", text,
	    json_str(pledge, "conditions")[0] == '\0' ? "" : "; ",
	    json_str(pledge, "conditions"));
}

/* PUT, GET or DELETE of the one that is named. */
static int
one(struct cli *cli, const char *method, json_t *body)
{
	char path[160];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), BASE, cli->words[1], "") != OK) {
		json_decref(body);
		return cli_usage(cli, "the name is too long");
	}
	const int code = cli_call(cli, method, path, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (strcmp(method, "DELETE") == 0)
		output_line(
		    &cli->out, "%s removed", json_str(reply, "removed"));
	else
		show(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

static int
add(struct cli *cli)
{
	const char *pledge = cli_flag(cli, "pledge");
	json_t *body = json_object(), *promised;

	cli_put_flag(cli, body, "role", "role");
	cli_put_flag(cli, body, "note", "note");
	cli_put_flag(cli, body, "activity", "activity");
	if (pledge != NULL) {
		promised = pledge_read(pledge);
		if (promised == NULL) {
			json_decref(body);
			return cli_usage(cli,
			    "--pledge is kind=course,amount=800,currency=EUR,"
			    "hours=40,days=90");
		}
		(void)json_object_set_new(body, "pledge", promised);
	}
	return one(cli, "PUT", body);
}

int
run_offer_template(struct cli *cli)
{
	const char *what = cli->words[0];

	if (strcmp(what, "list") == 0 && cli->words_n == 1)
		return list(cli);
	if (cli->words_n == 2 && strcmp(what, "add") == 0)
		return add(cli);
	if (cli->words_n == 2 && strcmp(what, "show") == 0)
		return one(cli, "GET", NULL);
	if (cli->words_n == 2 && strcmp(what, "remove") == 0)
		return one(cli, "DELETE", NULL);
	return cli_usage(cli, "list, or add NAME, show NAME, remove NAME");
}
