/* cli/session.c: community join|members|welcome|accept|leave, and session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"

#define SESSIONS "/api/v1/sessions"

static bool
on(const struct cli *cli, const char *flag)
{
	return cli_flag(cli, flag) != NULL;
}

/* POST BASE/WORD/VERB; ${reply} NULL: the code is the end. */
static int
act(struct cli *cli, const char *base, const char *verb, json_t *body,
    json_t **reply)
{
	char path[256];

	*reply = NULL;
	if (cli_under(path, sizeof(path), base, cli->words[0], verb) != OK) {
		json_decref(body);
		return cli_usage(cli, "the name or id is too long");
	}
	const int code = cli_call(cli, "POST", path, body, reply);
	if (code == EXIT_DONE && cli_show(cli, *reply))
		*reply = NULL;
	return code;
}

static int
put_number(struct cli *cli, json_t *body, const char *flag, const char *key,
    uint64_t max)
{
	uint64_t v = 0;

	if (cli_flag(cli, flag) == NULL)
		return EXIT_DONE;
	const int code = cli_number(cli, flag, 1, max, &v);
	if (code == EXIT_DONE)
		(void)json_object_set_new(
		    body, key, json_integer((json_int_t)v));
	return code;
}

/* ---- taking part ---- */

int
run_community_join(struct cli *cli)
{
	json_t *reply,
	    *body = json_pack("{s:b}", "dry_run", on(cli, "dry-run"));

	cli_put_flag(cli, body, "name", "name");
	cli_put_flag(cli, body, "text", "text");
	const int code = act(cli, community_base(cli), "join", body, &reply);
	if (reply == NULL)
		return code;
	if (on(cli, "dry-run")) {
		output_line(&cli->out, "everybody would see: %s",
		    json_str(reply, "everybody_sees"));
		output_line(&cli->out, "who leads it would see: %s",
		    json_str(reply, "facilitator_sees"));
		output_note(&cli->out, "nothing was sent");
	} else {
		output_line(
		    &cli->out, "asked, as \"%s\"", json_str(reply, "name"));
		output_note(&cli->out, "next: ohcn %s show %s",
		    cli->command->noun, json_str(reply, "name"));
	}
	json_decref(reply);
	return EXIT_DONE;
}

static void
show_requests(struct cli *cli, const json_t *list, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		output_line(&cli->out, "asks  %.8s  %s%s%s",
		    json_str(one, "talk"),
		    json_yes(one, "waiting") ? "waiting list"
					     : json_str(one, "state"),
		    json_str(one, "text")[0] == '\0' ? "" : ": ",
		    json_str(one, "text"));
		if (!json_yes(one, "welcomed"))
			output_note(&cli->out,
			    "next: ohcn %s welcome %s %.8s%s",
			    cli->command->noun, name, json_str(one, "talk"),
			    strcmp(cli->command->noun, "cohort") == 0
				? ""
				: " --role TEXT");
	}
}

int
run_community_members(struct cli *cli)
{
	static const char *const heads[] = { "role", "hours", "until", "state",
		"key" };
	char path[256];
	json_t *reply, *one;
	struct table *t;
	size_t i;

	if (cli_under(path, sizeof(path), community_base(cli), cli->words[0],
		"members") != OK)
		return cli_usage(cli, "the name is too long");
	const int code = cli_get(cli, &reply, path, (char *)NULL);
	if (reply == NULL)
		return code;
	show_requests(cli, json_object_get(reply, "requests"), cli->words[0]);
	t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "members"), i, one)
	{
		char until[32], hours[24];
		const char *row[] = { json_str(one, "role"), hours, until,
			json_yes(one, "over")       ? "over"
			: json_yes(one, "complete") ? "agreed"
						    : "offered",
			json_yes(one, "me") ? "(you)" : json_str(one, "key") };
		time_text(until, sizeof(until), json_int(one, "end"));
		(void)snprintf(
		    hours, sizeof(hours), "%" PRId64, json_int(one, "hours"));
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
	} else {
		table_free(t);
		output_line(&cli->out, "no roles are agreed on yet");
	}
	json_decref(reply);
	return EXIT_DONE;
}

int
run_community_welcome(struct cli *cli)
{
	json_t *reply, *body = json_pack("{s:s,s:b}", "talk", cli->words[1],
			   "dry_run", on(cli, "dry-run"));
	int code;

	cli_put_flag(cli, body, "role", "role");
	cli_put_flag(cli, body, "note", "note");
	if (on(cli, "over"))
		(void)json_object_set_new(body, "over", json_true());
	code = put_number(cli, body, "hours-week", "hours_week", 80);
	if (code == EXIT_DONE)
		code = put_number(cli, body, "weeks", "weeks", 520);
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	code = act(cli, community_base(cli), "welcome", body, &reply);
	if (reply == NULL)
		return code;
	output_line(&cli->out,
	    "%s: %s, %" PRId64 " hours a week for %" PRId64 " weeks",
	    on(cli, "dry-run") ? "would be offered" : "offered",
	    json_str(reply, "role"), json_int(reply, "hours_week"),
	    json_int(reply, "weeks"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_community_accept(struct cli *cli)
{
	json_t *reply;
	const int code = act(cli, community_base(cli), "accept",
	    json_pack("{s:b}", "dry_run", on(cli, "dry-run")), &reply);

	if (reply == NULL)
		return code;
	const char *step = json_str(reply, "step");
	output_line(&cli->out, "%s%s",
	    strcmp(step, "signed") == 0       ? "the agreement is signed"
	    : strcmp(step, "interested") == 0 ? "the role is accepted"
					      : "nothing waits for you",
	    on(cli, "dry-run") ? " (it would be)" : "");
	output_line(&cli->out, "it tells: %s", json_str(reply, "tells"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_community_leave(struct cli *cli)
{
	json_t *reply, *body = json_pack("{s:b}", "forget", on(cli, "forget"));

	if (on(cli, "forget") &&
	    !cli_confirm(cli, "Erase your role, sessions and all that is kept "
			      "of it?")) {
		json_decref(body);
		return cli_usage(cli, "--forget: not without --yes");
	}
	cli_put_flag(cli, body, "text", "text");
	const int code = act(cli, community_base(cli), "leave", body, &reply);
	if (reply == NULL)
		return code;
	output_line(&cli->out, "left \"%s\"%s", json_str(reply, "name"),
	    json_yes(reply, "told") ? "" : ", without a word");
	if (json_yes(reply, "forgotten"))
		output_line(&cli->out,
		    "erased here, with %" PRId64 " documents; what others "
		    "hold of it stays theirs",
		    json_int(reply, "documents"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_cohort_wait(struct cli *cli)
{
	json_t *reply;
	const int code = act(cli, community_base(cli), "wait",
	    json_pack("{s:s}", "talk", cli->words[1]), &reply);

	if (reply == NULL)
		return code;
	output_line(&cli->out, "%.8s is on the waiting list; nothing was sent",
	    json_str(reply, "talk"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_community_release(struct cli *cli)
{
	json_t *reply;
	const int code = act(cli, community_base(cli), "release",
	    json_pack("{s:s}", "key", cli->words[1]), &reply);

	if (reply == NULL)
		return code;
	output_line(&cli->out, "over from now on; what was signed stays");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_cohort_finish(struct cli *cli)
{
	static const char *const heads[] = { "attended", "certificate", "why",
		"key" };
	json_t *one, *reply = NULL,
		     *body = json_pack("{s:b,s:b}", "dry_run",
			 on(cli, "dry-run"), "assessed", on(cli, "assessed"));
	size_t i;
	int code = put_number(cli, body, "sessions", "sessions", 1000);

	if (code == EXIT_DONE)
		code = put_number(cli, body, "grade", "grade", 401);
	if (code == EXIT_DONE)
		code = put_number(cli, body, "days", "days", 3650);
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	code = act(cli, community_base(cli), "finish", body, &reply);
	if (reply == NULL)
		return code;
	output_line(&cli->out,
	    "%" PRId64 " sessions count; a certificate%s from %" PRId64
	    " attended on",
	    json_int(reply, "held"),
	    json_int(reply, "grade") == 0 ? "" : " of the level",
	    json_int(reply, "needed"));
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "participants"), i, one)
	{
		char n[24];
		const char *row[] = { n, json_str(one, "given"),
			json_str(one, "why"), json_str(one, "key") };
		(void)snprintf(
		    n, sizeof(n), "%" PRId64, json_int(one, "attended"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	output_note(&cli->out,
	    on(cli, "dry-run")
		? "nothing was signed or sent"
		: "each counts when its holder has accepted it: ohcn "
		  "credential list; next: ohcn cohort end %s",
	    json_str(reply, "name"));
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- sessions ---- */

/* Of ${reply}, as one JSON object that `session take` reads. */
static int
write_document(struct cli *cli, const json_t *reply)
{
	const char *path = cli_flag(cli, "out");
	json_t *o;
	struct problem p;

	if (path == NULL || on(cli, "dry-run"))
		return EXIT_DONE;
	o = json_pack("{s:s,s:s}", "type", "session", "document",
	    json_str(reply, "document"));
	const int wrote = json_dump_file(o, path, JSON_INDENT(1));
	json_decref(o);
	if (wrote == 0) {
		output_note(&cli->out, "written to %s", path);
		return EXIT_DONE;
	}
	problem_set(&p, EXIT_DISK, "E1860", "%s cannot be written", path);
	return cli_fail(cli, &p);
}

static void
show_session(struct cli *cli, const json_t *s)
{
	char when[32], skills[300];
	json_t *one;
	size_t i;

	time_text(when, sizeof(when), json_int(s, "at"));
	label_list(json_object_get(s, "practised"), skills, sizeof(skills));
	output_line(&cli->out, "%.8s  %s  %s, %" PRId64 " minutes%s%s",
	    json_str(s, "id"),
	    json_str(s, "title")[0] == '\0' ? "session" : json_str(s, "title"),
	    when, json_int(s, "minutes"),
	    json_str(s, "community")[0] == '\0' ? "" : ", of ",
	    json_str(s, "community"));
	output_line(&cli->out,
	    "signed by %" PRId64 " of %" PRId64 ", %" PRId64 " needed: %s",
	    json_int(s, "signed"), json_int(s, "participants"),
	    json_int(s, "k"),
	    json_yes(s, "complete") ? "it counts" : "not complete yet");
	output_line(&cli->out, "practised: %s", skills);
	if (json_str(s, "why")[0] != '\0')
		output_line(&cli->out, "beware: %s", json_str(s, "why"));
	json_array_foreach(json_object_get(s, "keys"), i, one)
	    output_line(&cli->out, "  %s  %s%s",
		json_yes(one, "signed") ? "signed" : "-     ",
		json_str(one, "key"), json_yes(one, "me") ? " (you)" : "");
	json_array_foreach(json_object_get(s, "passed"), i, one)
	    output_line(&cli->out, "sent to %s: %s", json_str(one, "to"),
		json_str(one, "outcome"));
}

/* What an act on a session answered. */
static int
show_done(struct cli *cli, int code, json_t *reply)
{
	if (code != EXIT_DONE)
		return code;
	code = write_document(cli, reply);
	if (code == EXIT_DONE && cli_show(cli, reply))
		return code;
	if (code == EXIT_DONE)
		show_session(cli, reply);
	json_decref(reply);
	return code;
}

/* "welding:3,first aid:2" */
static int
put_practised(struct cli *cli, json_t *body)
{
	const char *text = cli_flag(cli, "practised");
	json_t *list = list_of(body, "practised");

	while (text != NULL && *text != '\0') {
		const size_t n = strcspn(text, ",");
		char words[200], term[20], label[160];
		(void)snprintf(words, sizeof(words), "%.*s", (int)n, text);
		char *colon = strrchr(words, ':');
		if (colon == NULL || colon[1] < '1' || colon[1] > '5' ||
		    colon[2] != '\0')
			return cli_usage(
			    cli, "--practised: NAME:LEVEL, 1 to 5, is needed");
		*colon = '\0';
		const int code =
		    find_term(cli, words, NULL, term, label, sizeof(label));
		if (code != EXIT_DONE)
			return code;
		(void)json_array_append_new(
		    list, json_pack("{s:s,s:i}", "term", term, "level",
			      colon[1] - '0'));
		text += n + (text[n] == ',');
	}
	return EXIT_DONE;
}

static void
put_with(const struct cli *cli, json_t *body)
{
	const char *text = cli_flag(cli, "with");

	while (text != NULL && *text != '\0') {
		const size_t n = strcspn(text, ", ");
		if (n > 0)
			(void)json_array_append_new(
			    list_of(body, "with"), json_stringn(text, n));
		text += n + (text[n] != '\0');
	}
}

int
run_session_propose(struct cli *cli)
{
	json_t *reply = NULL, *body = json_pack("{s:b,s:b}", "dry_run",
				  on(cli, "dry-run"), "send", on(cli, "send"));
	uint64_t ago = 0;
	int code = put_practised(cli, body);

	if (cli->words_n > 0)
		(void)json_object_set_new(
		    body, "community", json_string(cli->words[0]));
	put_with(cli, body);
	cli_put_flag(cli, body, "title", "title");
	if (code == EXIT_DONE)
		code = put_number(cli, body, "k", "k", 16);
	if (code == EXIT_DONE)
		code = put_number(cli, body, "minutes", "minutes", 10000);
	if (code == EXIT_DONE)
		code = put_number(cli, body, "number", "number", 65535);
	if (code == EXIT_DONE)
		code = cli_number(cli, "hours-ago", 0, 8760, &ago);
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	if (ago > 0)
		(void)json_object_set_new(
		    body, "hours_ago", json_integer((json_int_t)ago));
	code = cli_call(cli, "POST", SESSIONS, body, &reply);
	if (code == EXIT_DONE && on(cli, "dry-run")) {
		if (cli_show(cli, reply))
			return code;
		output_line(
		    &cli->out, "readers: %s", json_str(reply, "readers"));
		output_note(&cli->out, "nothing was signed or sent");
		json_decref(reply);
		return code;
	}
	return show_done(cli, code, reply);
}

static int
session_act(struct cli *cli, const char *verb)
{
	char path[256];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), SESSIONS, cli->words[0], verb) != OK)
		return cli_usage(cli, "the id is too long");
	const int code = cli_call(cli, "POST", path,
	    json_pack("{s:b}", "send", on(cli, "send")), &reply);
	return show_done(cli, code, reply);
}

int
run_session_sign(struct cli *cli)
{
	return session_act(cli, "sign");
}

int
run_session_send(struct cli *cli)
{
	return session_act(cli, "send");
}

int
run_session_take(struct cli *cli)
{
	json_t *file = NULL, *reply = NULL;
	int code = read_json(cli, cli->words[0], &file);

	if (code != EXIT_DONE)
		return code;
	code = cli_call(cli, "POST", SESSIONS "/take",
	    json_pack("{s:s}", "document", json_str(file, "document")), &reply);
	json_decref(file);
	return show_done(cli, code, reply);
}

int
run_session_list(struct cli *cli)
{
	static const char *const heads[] = { "id", "held", "community",
		"signed", "state", "title" };
	json_t *reply, *one;
	struct table *t;
	size_t i;
	const int code = cli_get(cli, &reply, SESSIONS, "community",
	    cli_flag(cli, "community"), (char *)NULL);

	if (reply == NULL)
		return code;
	t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "sessions"), i, one)
	{
		char id[9], when[32], count[40];
		const bool fine = strcmp(json_str(one, "verdict"), "fine") == 0;
		const char *row[] = { id, when, json_str(one, "community"),
			count,
			!fine                       ? json_str(one, "verdict")
			: json_yes(one, "complete") ? "counts"
			: json_yes(one, "signed_by_me") ? "waits for others"
							: "waits for you",
			json_str(one, "title") };
		(void)snprintf(id, sizeof(id), "%s", json_str(one, "id"));
		time_text(when, sizeof(when), json_int(one, "at"));
		(void)snprintf(count, sizeof(count), "%" PRId64 " of %" PRId64,
		    json_int(one, "signed"), json_int(one, "k"));
		table_add(t, row);
	}
	if (i > 0) {
		table_print(t, &cli->out);
	} else {
		table_free(t);
		output_line(&cli->out, "no sessions yet");
		output_note(&cli->out, "next: ohcn session propose COMMUNITY");
	}
	json_decref(reply);
	return EXIT_DONE;
}

int
run_session_show(struct cli *cli)
{
	char path[256];
	json_t *reply;

	if (cli_under(path, sizeof(path), SESSIONS, cli->words[0], "") != OK)
		return cli_usage(cli, "the id is too long");
	const int code = cli_get(cli, &reply, path, (char *)NULL);
	if (reply == NULL)
		return code;
	show_session(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_session_forget(struct cli *cli)
{
	char path[256];
	json_t *reply = NULL;

	if (!cli_confirm(cli, "Keep it no longer?"))
		return cli_usage(cli, "not without --yes");
	if (cli_under(path, sizeof(path), SESSIONS, cli->words[0], "") != OK)
		return cli_usage(cli, "the id is too long");
	const int code = cli_call(cli, "DELETE", path, NULL, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "forgotten %.8s", json_str(reply, "id"));
	json_decref(reply);
	return EXIT_DONE;
}
