/* cli/credential_own.c: credentials of this node: issue, accept, list, present,
 * revoke, export, import, forget. Judging files: cli/credential.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"

#define BASE "/api/v1/credentials"

/* ---- for people ---- */

static void
print_hour(struct cli *cli, const char *head, int64_t hour)
{
	char when[32];

	time_text(when, sizeof(when), hour * 3600);
	output_line(&cli->out, "%-10s %s UTC", head, when);
}

static void
print_one(struct cli *cli, const json_t *o)
{
	const json_t *c = json_object_get(o, "content");
	size_t i;
	json_t *one;

	output_line(&cli->out, "%.8s  %s: %s%s", json_str(o, "id"),
	    json_str(o, "standing"), json_str(c, "title"),
	    json_is_true(json_object_get(o, "waits_for_you"))
		? ", waits for you to accept it"
		: "");
	output_line(&cli->out, "%-10s %s", "issuer", json_str(c, "issuer"));
	output_line(&cli->out, "%-10s %s", "holder", json_str(c, "holder"));
	output_line(&cli->out, "%-10s %s", "how", json_str(c, "method"));
	if (json_int(c, "grade") > 0)
		output_line(&cli->out, "%-10s %" PRId64 "%s", "grade",
		    json_int(c, "grade"),
		    json_is_true(json_object_get(c, "coach"))
			? ", may coach at it"
			: "");
	json_array_foreach(json_object_get(c, "skills"), i, one)
	{
		const char *label = json_str(one, "label");
		output_line(&cli->out, "%-10s %s, level %" PRId64,
		    i == 0 ? "skills" : "",
		    label[0] == '\0' ? json_str(one, "term") : label,
		    json_int(one, "level"));
	}
	print_hour(cli, "issued", json_int(c, "issued"));
	print_hour(cli, "until", json_int(c, "expires"));
}

int
show_credential(struct cli *cli)
{
	json_t *reply;
	const int code = cli_call_one(cli, "GET", BASE, "", NULL, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	print_one(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_credential_list(struct cli *cli)
{
	static const char *const heads[] = { "id", "you are", "stands", "title",
		"grade", "with" };
	json_t *reply = NULL, *one;
	size_t i;
	const int code = cli_call(cli, "GET", BASE, NULL, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "credentials"), i, one)
	{
		const json_t *c = json_object_get(one, "content");
		const bool issuer =
		    strcmp(json_str(one, "role"), "issuer") == 0;
		char id[9], grade[16] = "";
		(void)snprintf(id, sizeof(id), "%s", json_str(one, "id"));
		if (json_int(c, "grade") > 0)
			(void)snprintf(grade, sizeof(grade), "%" PRId64,
			    json_int(c, "grade"));
		const char *row[] = { id, json_str(one, "role"),
			json_is_true(json_object_get(one, "waits_for_you"))
			    ? "accept it?"
			    : json_str(one, "standing"),
			json_str(c, "title"), grade,
			json_str(c, issuer ? "holder" : "issuer") };
		table_add(t, row);
	}
	json_array_foreach(json_object_get(reply, "badges"), i, one)
	{
		const char *row[] = { json_str(one, "held_as"), "-",
			"W3C, see verify", json_str(one, "name"), "",
			json_str(one, "issuer") };
		table_add(t, row);
	}
	table_print(t, &cli->out);
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- to issue ---- */

static json_t *
list_json(const char *text)
{
	json_t *list = json_array();
	char *copy = text == NULL ? NULL : strdup(text), *rest = NULL;

	for (char *part = copy == NULL ? NULL : strtok_r(copy, ",", &rest);
	     part != NULL; part = strtok_r(NULL, ",", &rest)) {
		while (*part == ' ')
			part++;
		(void)json_array_append_new(list, json_string(part));
	}
	free(copy);
	return list;
}

/* "87/100" is a number, "yes" a truth, the rest text. */
static json_t *
claim_value(const char *text)
{
	int number, max, used = 0;

	if (sscanf(text, "%d/%d%n", &number, &max, &used) == 2 &&
	    text[used] == '\0')
		return json_pack("{s:i,s:i}", "number", number, "max", max);
	if (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0)
		return json_boolean(strcmp(text, "yes") == 0);
	return json_string(text);
}

/* "exam=87/100,passed=yes"; NULL: not. */
static json_t *
claims_json(const char *text)
{
	json_t *list = list_json(text), *o = json_object(), *one;
	bool good = true;
	size_t i;

	json_array_foreach(list, i, one)
	{
		char *part = strdup(json_string_value(one));
		char *equals = part == NULL ? NULL : strchr(part, '=');
		good = good && equals != NULL;
		if (equals != NULL) {
			*equals = '\0';
			(void)json_object_set_new(
			    o, part, claim_value(equals + 1));
		}
		free(part);
	}
	json_decref(list);
	if (good)
		return o;
	json_decref(o);
	return NULL;
}

static void
put_text(struct cli *cli, json_t *body, const char *key, const char *flag)
{
	const char *value = cli_flag(cli, flag);

	if (value != NULL)
		(void)json_object_set_new(body, key, json_string(value));
}

static void
put_number(struct cli *cli, json_t *body, const char *key)
{
	const char *value = cli_flag(cli, key);

	if (value != NULL)
		(void)json_object_set_new(
		    body, key, json_integer(strtol(value, NULL, 10)));
}

static json_t *
order_json(struct cli *cli)
{
	const char *claims = cli_flag(cli, "claim");
	json_t *body = json_object();

	put_text(cli, body, "holder", "to");
	put_text(cli, body, "talk", "talk");
	put_text(cli, body, "title", "title");
	put_text(cli, body, "method", "method");
	put_text(cli, body, "subject", "subject");
	put_text(cli, body, "result", "result");
	put_number(cli, body, "grade");
	put_number(cli, body, "days");
	put_number(cli, body, "copies");
	(void)json_object_set_new(
	    body, "coach", json_boolean(cli_flag(cli, "coach") != NULL));
	(void)json_object_set_new(
	    body, "skills", list_json(cli_flag(cli, "skill")));
	(void)json_object_set_new(
	    body, "refs", list_json(cli_flag(cli, "ref")));
	(void)json_object_set_new(
	    body, "dry_run", json_boolean(cli_flag(cli, "dry-run") != NULL));
	if (claims != NULL) {
		json_t *o = claims_json(claims);
		if (o == NULL) {
			json_decref(body);
			return NULL;
		}
		(void)json_object_set_new(body, "claims", o);
	}
	return body;
}

int
run_credential_issue(struct cli *cli)
{
	json_t *body = order_json(cli), *reply = NULL, *one;
	size_t i;

	if (body == NULL)
		return cli_usage(cli, "--claim NAME=VALUE,NAME=87/100");
	const int code = cli_call(cli, "POST", BASE, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	json_array_foreach(json_object_get(reply, "would_sign"), i, one)
	{
		output_line(
		    &cli->out, "would sign %s", json_str(one, "document"));
	}
	json_array_foreach(json_object_get(reply, "issued"), i, one)
	{
		output_line(&cli->out, "%.16s  signed%s",
		    json_string_value(one),
		    json_is_true(json_object_get(reply, "sent"))
			? " and sent: the holder accepts it or leaves it"
			: "");
	}
	if (!json_is_true(json_object_get(reply, "sent")) &&
	    json_array_size(json_object_get(reply, "issued")) > 0)
		output_note(&cli->out,
		    "give it to the holder: ohcn credential export ID -o FILE");
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- to accept, to show, to take back ---- */

static int
done(struct cli *cli, int code, json_t *reply, const char *sent,
    const char *kept)
{
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	print_one(cli, json_object_get(reply, "credential"));
	output_note(&cli->out, "%s",
	    json_is_true(json_object_get(reply, "sent")) ? sent : kept);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_credential_accept(struct cli *cli)
{
	json_t *reply;
	const int code =
	    cli_call_one(cli, "POST", BASE, "accept", json_object(), &reply);

	return done(cli, code, reply, "signed, and its issuer is told",
	    "signed; the issuer wants it back: ohcn credential export ID");
}

int
run_credential_present(struct cli *cli)
{
	const char *talk = cli_flag(cli, "talk");
	json_t *reply = NULL;

	if (talk == NULL)
		return cli_usage(cli, "--talk ID: to whom");
	if (!cli_confirm(cli, "The other side will hold this credential, for "
			      "good. Show it?"))
		return cli_not_confirmed(cli, "E1852", "nothing was shown");
	const int code = cli_call_one(cli, "POST", BASE, "send",
	    json_pack("{s:s}", "talk", talk), &reply);
	return done(cli, code, reply, "shown; it is on its way", "");
}

int
run_credential_revoke(struct cli *cli)
{
	const char *reason = cli_flag(cli, "reason");
	json_t *reply = NULL;

	if (reason == NULL)
		return cli_usage(
		    cli, "--reason: unspecified, mistake, replaced or misuse");
	const int code = cli_call_one(cli, "POST", BASE, "revoke",
	    json_pack("{s:s}", "reason", reason), &reply);
	return done(cli, code, reply,
	    "taken back for good, and its holder is told",
	    "taken back for good; nobody knows yet: ohcn credential export ID "
	    "is to be given to its holder and to those who were shown it");
}

/* ---- files ---- */

int
run_credential_export(struct cli *cli)
{
	const char *to = cli_flag(cli, "output");
	json_t *reply;
	int code = cli_call_one(cli, "GET", BASE,
	    cli_flag(cli, "badge") != NULL ? "badge" : "file", NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	const size_t format = JSON_INDENT(1) | JSON_SORT_KEYS;
	if (to == NULL)
		(void)json_dumpf(reply, stdout, format);
	else if (json_dump_file(reply, to, format) != 0) {
		struct problem p = { 0 };
		problem_set(
		    &p, EXIT_USAGE, "E1853", "%s cannot be written", to);
		code = cli_fail(cli, &p);
	}
	if (to == NULL)
		(void)putchar('\n');
	json_decref(reply);
	return code;
}

int
run_credential_import(struct cli *cli)
{
	json_t *file, *reply = NULL;
	int code = read_json(cli, cli->words[0], &file);

	if (code != EXIT_DONE)
		return code;
	code = cli_call(cli, "POST", BASE "/import", file, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (json_object_get(reply, "badge") != NULL)
		output_line(&cli->out, "%s  held: %s",
		    json_str(reply, "held_as"),
		    json_str(json_object_get(reply, "badge"), "name"));
	else
		print_one(cli, json_object_get(reply, "credential"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_credential_forget(struct cli *cli)
{
	json_t *reply;
	const int code =
	    cli_call_one(cli, "POST", BASE, "forget", json_object(), &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "forgotten here; others may hold it still");
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- coaches ---- */

static void
how_known(const json_t *coach, char out[160])
{
	const json_t *c =
	    json_array_get(json_object_get(coach, "certificates"), 0);
	const json_t *named = json_object_get(coach, "named_by");

	const char *standing = c == NULL ? "" : json_str(c, "standing");

	if (c != NULL)
		(void)snprintf(out, 160, "%s%s%.60s, by %.60s",
		    strcmp(standing, "good") == 0 ? "" : standing,
		    strcmp(standing, "good") == 0 ? "" : ": ",
		    json_str(c, "title"), json_str(c, "issuer"));
	else if (json_array_size(named) > 0)
		(void)snprintf(out, 160, "named by %.60s",
		    json_str(json_array_get(named, 0), "author"));
	else
		(void)snprintf(out, 160, "says so on the card");
}

int
run_coach_list(struct cli *cli)
{
	static const char *const heads[] = { "coach", "card", "region", "grade",
		"how we know" };
	json_t *reply = NULL, *one;
	size_t i;
	const int code = cli_get(cli, &reply, "/api/v1/coaches", "grade",
	    cli_flag(cli, "grade"), "region", cli_flag(cli, "region"),
	    "language", cli_flag(cli, "language"), "skill",
	    cli_flag(cli, "skill"), "all",
	    cli_flag(cli, "all") == NULL ? NULL : "1", "limit",
	    cli_flag(cli, "limit"), (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "coaches"), i, one)
	{
		char how[160], grade[16] = "";
		const json_t *c =
		    json_array_get(json_object_get(one, "certificates"), 0);
		how_known(one, how);
		if (c != NULL)
			(void)snprintf(grade, sizeof(grade), "%" PRId64,
			    json_int(c, "grade"));
		const char *row[] = { json_str(one, "did"),
			short_id(json_str(one, "card")),
			json_str(one, "region"), grade, how };
		table_add(t, row);
	}
	table_print(t, &cli->out);
	show_guess(cli, json_object_get(reply, "guessed_of"));
	json_decref(reply);
	return EXIT_DONE;
}
