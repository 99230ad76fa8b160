/* cli/agreement.c: agreement, progress, outcome, document. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"
#include "node/cli/pledge.h"

#define BASE    "/api/v1/documents"
#define TALKS   "/api/v1/talks"
#define FORMAT  "ohcn.document/1"
#define PATHLEN 300

/* ---- from flags to JSON ---- */

enum part_form { WORD, NUMBER, DATE, MONEY, SKILLS, PLEDGE };

struct part {
	const char *flag, *key; /* ${key} NULL: as the flag */
	enum part_form form;
};

static json_t *
skills_list(const char *text)
{
	json_t *list = json_array();
	char *copy = strdup(text), *rest = NULL;

	for (char *one = copy == NULL ? NULL : strtok_r(copy, ",", &rest);
	     one != NULL; one = strtok_r(NULL, ",", &rest)) {
		while (*one == ' ')
			one++;
		if (*one != '\0')
			(void)json_array_append_new(list, json_string(one));
	}
	free(copy);
	return list;
}

static json_t *
whole_number(const char *text)
{
	char *end;
	const long long v = strtoll(text, &end, 10);

	return end == text || *end != '\0' ? NULL : json_integer(v);
}

static json_t *
positive(int64_t v)
{
	return v <= 0 ? NULL : json_integer(v);
}

/* NULL: not that. */
static json_t *
part_json(enum part_form form, const char *text)
{
	switch (form) {
	case WORD:
		return json_string(text);
	case NUMBER:
		return whole_number(text);
	case DATE:
		return positive(date_hour(text));
	case MONEY:
		return positive(amount_of(text));
	case SKILLS:
		return skills_list(text);
	case PLEDGE:
		return strcmp(text, "none") == 0 ? json_null()
						 : pledge_read(text);
	}
	return NULL;
}

/* EXIT_DONE, or the code of the mistake. */
static int
put_parts(struct cli *cli, const struct part *parts, size_t n, json_t *body)
{
	static const char *const right[] = { "text", "a whole number",
		"a date as 2027-03-01", "an amount as 800 or 800.50",
		"a list as welding:3,planning:2",
		("kind=course,amount=800,currency=EUR,hours=40,"
		 "deadline=2027-03-01, or none") };

	for (size_t i = 0; i < n; i++) {
		const char *text = cli_flag(cli, parts[i].flag);
		if (text == NULL)
			continue;
		json_t *v = part_json(parts[i].form, text);
		if (v == NULL)
			return cli_usage(cli, "--%s is %s", parts[i].flag,
			    right[parts[i].form]);
		(void)json_object_set_new(body,
		    parts[i].key == NULL ? parts[i].flag : parts[i].key, v);
	}
	if (cli_flag(cli, "dry-run") != NULL)
		(void)json_object_set_new(body, "dry_run", json_true());
	return EXIT_DONE;
}

/* ---- in words ---- */

static void
show_skills(struct cli *cli, const char *head, const json_t *list)
{
	char line[600] = "";
	size_t i, n = 0;
	const json_t *one;

	json_array_foreach(list, i, one)
	{
		const char *label = json_str(one, "label");
		if (n < sizeof(line))
			n += (size_t)snprintf(line + n, sizeof(line) - n,
			    "%s%s %d", i == 0 ? "" : ", ",
			    label[0] == '\0' ? json_str(one, "term") : label,
			    (int)json_int(one, "level"));
	}
	if (i > 0)
		output_line(&cli->out, "%s: %s", head, line);
}

static void
show_hour(struct cli *cli, const char *head, const json_t *o, const char *key)
{
	char when[32];

	if (json_int(o, key) == 0)
		return;
	time_text(when, sizeof(when), json_int(o, key) * 3600);
	output_line(&cli->out, "%s: %s UTC", head, when);
}

static void
show_word(struct cli *cli, const char *head, const json_t *o, const char *key)
{
	if (json_str(o, key)[0] != '\0')
		output_line(&cli->out, "%s: %s", head, json_str(o, key));
}

static void
show_number(struct cli *cli, const char *head, const json_t *o, const char *key)
{
	if (json_object_get(o, key) != NULL)
		output_line(&cli->out, "%s: %" PRId64, head, json_int(o, key));
}

static void
show_differences(struct cli *cli, const json_t *list)
{
	size_t i;
	const json_t *one;

	json_array_foreach(list, i, one)
	{
		char *a = json_dumps(json_object_get(one, "offer"),
		    JSON_ENCODE_ANY | JSON_COMPACT);
		char *b = json_dumps(json_object_get(one, "agreement"),
		    JSON_ENCODE_ANY | JSON_COMPACT);
		output_line(&cli->out,
		    "NOT AS OFFERED: %s of the pledge was %s, here it is %s",
		    json_str(one, "field"), a == NULL ? "?" : a,
		    b == NULL ? "?" : b);
		free(a);
		free(b);
	}
}

static void
show_agreement(struct cli *cli, const json_t *d, const json_t *c)
{
	char from[32], to[32];

	time_text(from, sizeof(from), json_int(c, "start") * 3600);
	time_text(to, sizeof(to), json_int(c, "end") * 3600);
	output_line(&cli->out, "%s: %s", json_str(c, "kind"),
	    json_str(c, "title")[0] == '\0' ? "-" : json_str(c, "title"));
	output_line(&cli->out, "%" PRId64 " hours, from %.10s to %.10s",
	    json_int(c, "hours"), from, to);
	show_pledge(cli, json_object_get(c, "pledge"));
	show_differences(cli, json_object_get(d, "differences"));
	show_skills(cli, "to learn", json_object_get(c, "teaches"));
	show_word(cli, "needs the permission of", c, "manager");
	show_word(cli, "who lends from the team", c, "team");
	show_word(cli, "further terms, by their hash", c, "terms_hash");
	show_word(cli, "the pledge is", d, "standing");
	if (json_str(d, "outcome")[0] != '\0')
		output_line(&cli->out, "outcome: %.8s", json_str(d, "outcome"));
}

static void
show_outcome(struct cli *cli, const json_t *c)
{
	output_line(
	    &cli->out, "%s: %s", json_str(c, "kind"), json_str(c, "result"));
	output_line(&cli->out, "useful to the person: %" PRId64 " of 5",
	    json_int(c, "usefulness"));
	show_number(
	    cli, "useful to the company, of 5", c, "usefulness_company");
	show_number(cli, "hours", c, "hours");
	show_number(cli, "of them learning that was paid", c, "invested_hours");
	if (json_int(c, "invested_amount") > 0)
		output_line(&cli->out,
		    "invested in the person: %" PRId64 ".%02d %s",
		    json_int(c, "invested_amount") / 100,
		    (int)(json_int(c, "invested_amount") % 100),
		    json_str(c, "currency"));
	show_skills(cli, "applied", json_object_get(c, "applied"));
	show_skills(cli, "learned", json_object_get(c, "learned"));
	show_word(cli, "contract before", c, "contract_before");
	show_word(cli, "contract after", c, "contract_after");
	show_word(cli, "the pledge was", c, "pledge");
	show_number(cli, "of it, in thousandths", c, "pledge_share");
	show_word(cli, "what the person undertook was", c, "completion");
	show_word(cli, "lent by the team", c, "team");
}

static void
show_other(struct cli *cli, const json_t *c)
{
	show_word(cli, "what", c, "verb");
	show_number(cli, "number", c, "number");
	show_word(cli, "title", c, "title");
	show_word(cli, "says the side of the", c, "side");
	show_word(cli, "the pledge was, it says", c, "pledge");
	show_word(cli, "the person is", c, "place");
	show_word(cli, "contract now", c, "contract");
	show_number(cli, "useful, of 5", c, "usefulness");
	show_number(cli, "hours", c, "hours");
	show_number(cli, "minutes", c, "minutes");
	show_number(cli, "score, in thousandths", c, "score");
	show_number(cli, "must sign", c, "k");
	show_number(cli, "grade", c, "grade");
	show_skills(cli, "reached", json_object_get(c, "reached"));
	show_skills(cli, "applied", json_object_get(c, "applied"));
	show_skills(cli, "practised", json_object_get(c, "practised"));
	show_skills(cli, "skills", json_object_get(c, "skills"));
	show_word(cli, "words", c, "text");
}

static void
roles_text(const json_t *list, char *out, size_t cap)
{
	size_t i, n = 0;
	const json_t *one;

	(void)snprintf(out, cap, "nobody");
	json_array_foreach(list, i, one) if (n < cap) n +=
	    (size_t)snprintf(out + n, cap - n, "%s%s", i == 0 ? "" : ", ",
		json_str(one, "role"));
}

static void
show_document(struct cli *cli, const json_t *d)
{
	const json_t *c = json_object_get(d, "content");
	const char *type = json_str(d, "type");
	char signed_by[200], needed[200], about[9];

	roles_text(json_object_get(d, "signed"), signed_by, sizeof(signed_by));
	roles_text(json_object_get(d, "needed"), needed, sizeof(needed));
	output_line(&cli->out, "%.8s  %s, %s: signed by %s of %s",
	    json_str(d, "id"), type,
	    json_yes(d, "complete") ? "complete" : "not complete", signed_by,
	    needed);
	if (json_str(d, "role")[0] != '\0')
		output_line(&cli->out, "you (%s) are the %s",
		    json_str(d, "persona"), json_str(d, "role"));
	(void)snprintf(about, sizeof(about), "%.8s", json_str(d, "about"));
	if (about[0] != '\0')
		output_line(&cli->out, "about %s", about);
	if (strcmp(type, "agreement") == 0)
		show_agreement(cli, d, c);
	else if (strcmp(type, "outcome") == 0)
		show_outcome(cli, c);
	else
		show_other(cli, c);
	show_hour(cli, "stated at", c, "at");
	if (strcmp(json_str(d, "asks"), "sign") == 0)
		output_line(&cli->out,
		    "waits for your signature: ohcn document sign %.8s",
		    json_str(d, "id"));
}

/* The answer to what makes, signs or sends one. */
static int
show_done(struct cli *cli, int code, json_t *reply)
{
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_document(cli, json_object_get(reply, "document"));
	if (json_object_get(reply, "everybody_sees") != NULL) {
		show_differences(cli, json_object_get(reply, "differences"));
		output_line(&cli->out, "nothing was signed or sent");
		output_line(&cli->out, "everybody would see %s",
		    json_str(reply, "everybody_sees"));
		output_line(&cli->out, "the other side would see %s",
		    json_str(reply, "other_side_sees"));
		output_line(&cli->out, "%s",
		    json_str(json_object_get(reply, "document"), "bytes_hex"));
	} else if (json_yes(reply, "sent")) {
		output_line(&cli->out, "sent");
	} else {
		output_line(&cli->out, "not sent: %s", json_str(reply, "why"));
	}
	json_decref(reply);
	return EXIT_DONE;
}

/* POST BASE/WORD/REST with ?persona= where one is named. */
static int
post(struct cli *cli, const char *base, const char *rest, json_t *body)
{
	char path[PATHLEN], full[PATHLEN + 60];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), base, cli->words[0], rest) != OK ||
	    cli_query(full, sizeof(full), path, "lang", cli_flag(cli, "lang"),
		(char *)NULL) != OK) {
		json_decref(body);
		return cli_usage(cli, "the id is too long");
	}
	const int code = cli_call(cli, "POST", full, body, &reply);
	return show_done(cli, code, reply);
}

static int
make(struct cli *cli, const char *base, const char *rest,
    const struct part *parts, size_t n)
{
	json_t *body = json_object();
	const int code = put_parts(cli, parts, n, body);

	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	if (cli_flag(cli, "changed-pledge") != NULL)
		(void)json_object_set_new(body, "changed_pledge", json_true());
	return post(cli, base, rest, body);
}

/* ---- the commands ---- */

int
run_agreement_propose(struct cli *cli)
{
	static const struct part parts[] = {
		{ "kind", NULL, WORD },
		{ "title", NULL, WORD },
		{ "hours", NULL, NUMBER },
		{ "start", NULL, DATE },
		{ "end", NULL, DATE },
		{ "pledge", NULL, PLEDGE },
		{ "teaches", NULL, SKILLS },
		{ "coverage", NULL, NUMBER },
		{ "answer-days", "answer_days", NUMBER },
		{ "manager", NULL, WORD },
		{ "team", NULL, WORD },
		{ "person", NULL, WORD },
		{ "terms-hash", "terms_hash", WORD },
	};

	if (cli_flag(cli, "hours") == NULL || cli_flag(cli, "end") == NULL)
		return cli_usage(cli, "--hours N and --end DATE are needed");
	return make(cli, TALKS, "agreement", parts, ARRAY_LEN(parts));
}

int
run_progress_report(struct cli *cli)
{
	static const struct part parts[] = {
		{ "verb", NULL, WORD },
		{ "minutes", NULL, NUMBER },
		{ "score", NULL, NUMBER },
		{ "number", NULL, NUMBER },
		{ "reached", NULL, SKILLS },
	};

	const char *file = cli_flag(cli, "xapi");
	json_t *statement = NULL, *body;
	int code;

	if (cli_flag(cli, "verb") == NULL && file == NULL)
		return cli_usage(cli,
		    "--verb is needed: started, progressed, completed, passed, "
		    "failed or waived; or --xapi FILE");
	if (file == NULL)
		return make(cli, BASE, "progress", parts, ARRAY_LEN(parts));
	code = read_json(cli, file, &statement);
	if (code != EXIT_DONE)
		return code;
	body = json_pack("{s:o}", "xapi", statement);
	code = put_parts(cli, parts, ARRAY_LEN(parts), body);
	if (code == EXIT_DONE)
		return post(cli, BASE, "progress", body);
	json_decref(body);
	return code;
}

/* A statement of xAPI, as it is: for another program. */
int
run_progress_export(struct cli *cli)
{
	char path[PATHLEN];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), BASE, cli->words[0], "xapi") != OK)
		return cli_usage(cli, "the id is too long");
	const int code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	char *text = json_dumps(reply, JSON_INDENT(1));
	output_line(&cli->out, "%s", text == NULL ? "" : text);
	free(text);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_document_moved(struct cli *cli)
{
	static const struct part parts[] = {
		{ "from", NULL, WORD },
		{ "to", NULL, WORD },
	};

	if (cli_flag(cli, "from") == NULL)
		return cli_usage(cli, "--from DID, the old key, is needed");
	return make(cli, TALKS, "moved", parts, ARRAY_LEN(parts));
}

int
run_document_link(struct cli *cli)
{
	static const struct part parts[] = { { "with", NULL, WORD } };

	if (cli_flag(cli, "with") == NULL)
		return cli_usage(cli, "--with PERSONA is needed");
	if (cli_flag(cli, "dry-run") == NULL &&
	    !cli_confirm(cli,
		"Whoever you show it to knows for good that both are you. Go "
		"on?"))
		return cli_not_confirmed(cli, "E1851", "nothing was done");
	return make(cli, "/api/v1/personas", "link", parts, ARRAY_LEN(parts));
}

int
run_outcome_propose(struct cli *cli)
{
	static const struct part parts[] = {
		{ "result", NULL, WORD },
		{ "usefulness", NULL, NUMBER },
		{ "usefulness-company", "usefulness_company", NUMBER },
		{ "hours", NULL, NUMBER },
		{ "invested-hours", "invested_hours", NUMBER },
		{ "invested", "invested_amount", MONEY },
		{ "currency", NULL, WORD },
		{ "applied", NULL, SKILLS },
		{ "learned", NULL, SKILLS },
		{ "before", "contract_before", WORD },
		{ "after", "contract_after", WORD },
		{ "pledge", NULL, WORD },
		{ "share", "pledge_share", NUMBER },
		{ "method", NULL, WORD },
		{ "completion", NULL, WORD },
		{ "began", NULL, DATE },
		{ "ended", NULL, DATE },
	};

	if (cli_flag(cli, "result") == NULL ||
	    cli_flag(cli, "usefulness") == NULL ||
	    cli_flag(cli, "hours") == NULL)
		return cli_usage(cli,
		    "--result, --usefulness 1..5 and --hours N are needed");
	return make(cli, BASE, "outcome", parts, ARRAY_LEN(parts));
}

int
run_outcome_claim(struct cli *cli)
{
	static const struct part parts[] = {
		{ "pledge", NULL, WORD },
		{ "hours", NULL, NUMBER },
		{ "text", NULL, WORD },
	};

	return make(cli, BASE, "claim", parts, ARRAY_LEN(parts));
}

int
run_outcome_follow_up(struct cli *cli)
{
	static const struct part parts[] = {
		{ "place", NULL, WORD },
		{ "usefulness", NULL, NUMBER },
		{ "contract", NULL, WORD },
		{ "applied", NULL, SKILLS },
	};

	if (cli_flag(cli, "place") == NULL ||
	    cli_flag(cli, "usefulness") == NULL)
		return cli_usage(cli,
		    "--place here, moved or elsewhere, and --usefulness 1..5 "
		    "are needed");
	return make(cli, BASE, "follow-up", parts, ARRAY_LEN(parts));
}

int
run_document_sign(struct cli *cli)
{
	return make(cli, BASE, "sign", NULL, 0);
}

int
run_document_send(struct cli *cli)
{
	return post(cli, BASE, "send", json_object());
}

/* ---- to look ---- */

static int
list(struct cli *cli, const char *type)
{
	static const char *const heads[] = { "id", "type", "as", "complete",
		"waits for", "what", "stated" };
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, BASE, "type", type, "talk",
	    cli_flag(cli, "talk"), "lang", cli_flag(cli, "lang"), (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "documents"), i, one)
	{
		const json_t *c = json_object_get(one, "content");
		char id[9], when[32];
		const char *what = json_str(c, "title");
		const char *row[] = { id, json_str(one, "type"),
			json_str(one, "role"),
			json_yes(one, "complete") ? "yes" : "no",
			json_str(one, "asks")[0] == '\0' ? "-" : "you", what,
			when };
		if (what[0] == '\0')
			row[5] = json_str(c, "result");
		if (row[5][0] == '\0')
			row[5] = json_str(c, "verb");
		(void)snprintf(id, sizeof(id), "%s", json_str(one, "id"));
		time_text(when, sizeof(when), json_int(one, "made"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	json_array_foreach(json_object_get(reply, "refused"), i, one)
	    output_note(&cli->out, "refused in %.8s: %s", json_str(one, "talk"),
		json_str(one, "fault"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_agreement_list(struct cli *cli)
{
	return list(cli, "agreement");
}

int
run_progress_list(struct cli *cli)
{
	return list(cli, "progress");
}

int
run_outcome_list(struct cli *cli)
{
	return list(cli, "outcome");
}

int
run_document_list(struct cli *cli)
{
	return list(cli, cli_flag(cli, "type"));
}

static int
get(struct cli *cli, json_t **reply)
{
	char path[PATHLEN], full[PATHLEN + 60];

	if (cli_under(path, sizeof(path), BASE, cli->words[0], "") != OK ||
	    cli_query(full, sizeof(full), path, "lang", cli_flag(cli, "lang"),
		(char *)NULL) != OK)
		return cli_usage(cli, "the id is too long");
	return cli_call(cli, "GET", full, NULL, reply);
}

int
run_document_show(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = get(cli, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_document(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_document_forget(struct cli *cli)
{
	char path[PATHLEN];
	json_t *reply = NULL;

	if (!cli_confirm(
		cli, "What is forgotten no longer speaks for you. Go on?"))
		return cli_not_confirmed(cli, "E1851", "nothing was forgotten");
	if (cli_under(path, sizeof(path), BASE, cli->words[0], "forget") != OK)
		return cli_usage(cli, "the id is too long");
	const int code = cli_call(cli, "POST", path, json_object(), &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(
	    &cli->out, "%.8s  forgotten here", json_str(reply, "forgotten"));
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- files ---- */

static int
file_write(struct cli *cli, const char *path, const json_t *file)
{
	struct problem p = { 0 };
	FILE *to = fopen(path, "wx");
	bool good = to != NULL && json_dumpf(file, to, JSON_INDENT(1)) == 0 &&
		    fputc('\n', to) != EOF;

	if (to != NULL)
		good = fclose(to) == 0 && good;
	if (good)
		return EXIT_DONE;
	problem_set(&p, EXIT_FAILURE, "E1852", "cannot write %s", path);
	problem_hint(&p, "a new name in a folder of yours");
	return cli_fail(cli, &p);
}

int
run_document_export(struct cli *cli)
{
	json_t *reply = NULL;
	int code = get(cli, &reply);

	if (code != EXIT_DONE)
		return code;
	json_t *file = json_pack("{s:s,s:O,s:O,s:O}", "format", FORMAT, "type",
	    json_object_get(reply, "type"), "id", json_object_get(reply, "id"),
	    "bytes_hex", json_object_get(reply, "bytes_hex"));
	code = file_write(cli, cli->words[1], file);
	json_decref(file);
	if (code != EXIT_DONE || cli_show(cli, reply)) {
		if (code != EXIT_DONE)
			json_decref(reply);
		return code;
	}
	output_line(&cli->out, "%.8s  %s, in %s", json_str(reply, "id"),
	    json_str(reply, "type"), cli->words[1]);
	output_note(&cli->out, "who has the file can read it and show it");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_document_import(struct cli *cli)
{
	json_t *file = NULL, *reply = NULL;
	int code = read_json(cli, cli->words[0], &file);

	if (code != EXIT_DONE)
		return code;
	json_t *body =
	    json_pack("{s:s}", "bytes_hex", json_str(file, "bytes_hex"));
	const bool ours = strcmp(json_str(file, "format"), FORMAT) == 0;
	json_decref(file);
	if (!ours) {
		json_decref(body);
		return cli_usage(
		    cli, "the file is none of ohcn document export");
	}
	code = cli_call(cli, "POST", BASE, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_document(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}
