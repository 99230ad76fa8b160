/* cli/community.c: community and cohort found|edit|publish|list|show|end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/cli/commands.h"

static bool
is_cohort(const struct cli *cli)
{
	return strcmp(cli->command->noun, "cohort") == 0;
}

const char *
community_base(const struct cli *cli)
{
	return is_cohort(cli) ? "/api/v1/cohorts" : "/api/v1/communities";
}

/* ---- the draft ---- */

static void
set_text(json_t *draft, const char *name, const char *lang, const char *text)
{
	json_t *o = json_object_get(draft, name);

	if (!json_is_object(o)) {
		o = json_object();
		(void)json_object_set_new(draft, name, o);
	}
	(void)json_object_set_new(o, lang, json_string(text));
}

/* "welding:3" to a term and a level; without one the level is 3. */
static int
edit_skill(struct cli *cli, json_t *draft, const char *list, const char *text)
{
	const char *colon = strrchr(text, ':');
	char words[200], term[20], label[160];
	int level = 3;

	if (colon != NULL && colon[1] >= '1' && colon[1] <= '5' &&
	    colon[2] == '\0')
		level = colon[1] - '0';
	else
		colon = NULL;
	(void)snprintf(words, sizeof(words), "%.*s",
	    (int)(colon == NULL ? strlen(text) : (size_t)(colon - text)), text);
	const int code =
	    find_term(cli, words, NULL, term, label, sizeof(label));
	if (code != EXIT_DONE)
		return code;
	output_note(&cli->out, "\"%s\" is %s, level %d", words, label, level);
	list_remove(draft, list, term);
	(void)json_array_append_new(list_of(draft, list),
	    json_pack("{s:s,s:i}", "term", term, "level", level));
	return EXIT_DONE;
}

static int
edit_terms(struct cli *cli, json_t *draft)
{
	const char *purpose = cli_flag(cli, "purpose");
	const char *gone = cli_flag(cli, "remove");
	char term[20], label[160];
	int code = EXIT_DONE;

	if (purpose != NULL) {
		code =
		    find_term(cli, purpose, NULL, term, label, sizeof(label));
		if (code != EXIT_DONE)
			return code;
		output_note(&cli->out, "\"%s\" is %s", purpose, label);
		list_remove(draft, "purposes", term);
		(void)json_array_append_new(
		    list_of(draft, "purposes"), json_string(term));
	}
	if (cli_flag(cli, "skill") != NULL)
		code = edit_skill(cli, draft, "skills", cli_flag(cli, "skill"));
	if (code == EXIT_DONE && cli_flag(cli, "teaches") != NULL)
		code =
		    edit_skill(cli, draft, "teaches", cli_flag(cli, "teaches"));
	if (code != EXIT_DONE || gone == NULL)
		return code;
	code = find_term(cli, gone, NULL, term, label, sizeof(label));
	if (code == EXIT_DONE) {
		list_remove(draft, "purposes", term);
		list_remove(draft, "skills", term);
		list_remove(draft, "teaches", term);
	}
	return code;
}

/* "Treasurer:6": six hours a month. */
static void
edit_role(json_t *draft, const char *lang, const char *text)
{
	const char *colon = strrchr(text, ':');
	const long hours = colon == NULL ? 0 : strtol(colon + 1, NULL, 10);
	const size_t n = hours > 0 ? (size_t)(colon - text) : strlen(text);
	json_t *role =
	    json_pack("{s:{s:o}}", "title", lang, json_stringn(text, n));

	if (hours > 0)
		(void)json_object_set_new(
		    role, "hours_month", json_integer(hours));
	(void)json_array_append_new(list_of(draft, "roles"), role);
}

static int
edit_numbers(struct cli *cli, json_t *draft)
{
	static const char *const names[] = { "minutes", "members", "seats" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		uint64_t v = 0;
		if (cli_flag(cli, names[i]) == NULL)
			continue;
		const int code = cli_number(cli, names[i], 1, 1000000, &v);
		if (code != EXIT_DONE)
			return code;
		(void)json_object_set_new(
		    draft, names[i], json_integer((json_int_t)v));
	}
	return EXIT_DONE;
}

/* "450EUR": whole units. */
static int
edit_cost(struct cli *cli, json_t *draft)
{
	const char *text = cli_flag(cli, "cost");
	char currency[4] = "", rest[2] = "";
	unsigned long amount = 0;

	if (text == NULL)
		return EXIT_DONE;
	if (sscanf(text, "%lu%3[A-Z]%1s", &amount, currency, rest) != 2 ||
	    strlen(currency) != 3 || amount > 10000000)
		return cli_usage(cli, "--cost: as 450EUR, or 0EUR if free");
	(void)json_object_set_new(draft, "cost",
	    json_pack("{s:I,s:s}", "amount", (json_int_t)amount * 100,
		"currency", currency));
	return EXIT_DONE;
}

/* "welding:3": the level after it. */
static int
edit_taught(struct cli *cli, json_t *draft)
{
	json_t *one, *o = json_object();
	int code = EXIT_DONE;
	size_t i;

	if (cli_flag(cli, "teaches") != NULL)
		code = edit_skill(cli, o, "t", cli_flag(cli, "teaches"));
	json_array_foreach(json_object_get(o, "t"), i, one)
	{
		const char *term = json_str(one, "term");
		list_remove(draft, "teaches", term);
		(void)json_array_append_new(list_of(draft, "teaches"),
		    json_pack("{s:s,s:I}", "term", term, "to",
			(json_int_t)json_int(one, "level")));
	}
	json_decref(o);
	if (code == EXIT_DONE && cli_flag(cli, "needs") != NULL)
		code = edit_skill(cli, draft, "needs", cli_flag(cli, "needs"));
	return code;
}

static int
edit_cohort(struct cli *cli, json_t *draft)
{
	static const struct {
		const char *name;
		uint64_t min, max;
	} numbers[] = { { "hours", 1, 10000 }, { "sessions", 1, 1000 },
		{ "minutes", 1, 1440 }, { "weeks", 1, 520 },
		{ "seats", 1, 1000000 }, { "grade", 101, 401 } };
	uint64_t v = 0;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		const char *name = numbers[i].name;
		if (cli_flag(cli, name) == NULL)
			continue;
		const int code =
		    cli_number(cli, name, numbers[i].min, numbers[i].max, &v);
		if (code != EXIT_DONE)
			return code;
		(void)json_object_set_new(
		    draft, name, json_integer((json_int_t)v));
	}
	if (cli_flag(cli, "in-days") != NULL) {
		const int code = cli_number(cli, "in-days", 0, 730, &v);
		if (code != EXIT_DONE)
			return code;
		(void)json_object_set_new(draft, "start",
		    json_integer(
			(json_int_t)(time(NULL) / 3600) + (json_int_t)v * 24));
	}
	if (cli_flag(cli, "case") != NULL)
		(void)json_object_set_new(
		    draft, "case_demand", json_string(cli_flag(cli, "case")));
	const int code = edit_cost(cli, draft);
	return code == EXIT_DONE ? edit_taught(cli, draft) : code;
}

static int
edit_flags(struct cli *cli, json_t *draft)
{
	static const char *const texts[] = { "title", "description", "rules",
		"credential" };
	static const char *const plain[] = { "rhythm", "joining", "region",
		"place", "remote", "website" };
	static const struct {
		const char *flag, *list;
	} lists[] = { { "facilitator", "facilitators" },
		{ "coach", "facilitators" }, { "format", "formats" },
		{ "demand", "demands" }, { "language", "languages" } };
	const char *lang = cli_flag(cli, "lang");

	if (lang == NULL)
		lang = cli->config.node.language;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (cli_flag(cli, texts[i]) != NULL)
			set_text(
			    draft, texts[i], lang, cli_flag(cli, texts[i]));
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (cli_flag(cli, plain[i]) != NULL)
			(void)json_object_set_new(draft, plain[i],
			    json_string(cli_flag(cli, plain[i])));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (cli_flag(cli, lists[i].flag) != NULL)
			(void)json_array_append_new(
			    list_of(draft, lists[i].list),
			    json_string(cli_flag(cli, lists[i].flag)));
	if (cli_flag(cli, "role") != NULL)
		edit_role(draft, lang, cli_flag(cli, "role"));
	if (is_cohort(cli))
		return edit_cohort(cli, draft);
	const int code = edit_numbers(cli, draft);
	return code == EXIT_DONE ? edit_terms(cli, draft) : code;
}

static void
show_care(struct cli *cli, const json_t *care)
{
	const json_t *words = json_object_get(care, "words");
	json_t *one;
	size_t i;

	json_array_foreach(words, i, one)
	    output_note(&cli->out, "care: %s", json_string_value(one));
	if (json_yes(care, "enforced") &&
	    strcmp(json_str(care, "verdict"), "refuse") == 0)
		output_note(&cli->out,
		    "like this it is not published: --persona, or --force");
}

/* ${draft} is taken. */
static int
put_draft(struct cli *cli, const char *path, json_t *draft)
{
	json_t *reply = NULL;
	const int code = cli_call(
	    cli, "PUT", path, json_pack("{s:o}", "draft", draft), &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(
	    &cli->out, "draft of \"%s\" kept here", json_str(reply, "name"));
	show_care(cli, json_object_get(reply, "care"));
	output_note(&cli->out, "next: ohcn %s publish %s --dry-run",
	    cli->command->noun, json_str(reply, "name"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_community_edit(struct cli *cli)
{
	const bool found = strcmp(cli->command->verb, "found") == 0;
	char path[160];
	json_t *reply = NULL, *draft = NULL;
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	if (cli_under(path, sizeof(path), community_base(cli), cli->words[0],
		"") != OK)
		return cli_usage(cli, "the name is too long");
	if (cli_flag(cli, "from") != NULL) {
		code = read_json(cli, cli_flag(cli, "from"), &draft);
	} else if (found) {
		draft = json_object();
	} else {
		code = cli_call(cli, "GET", path, NULL, &reply);
		if (json_is_object(json_object_get(reply, "draft")))
			draft = json_deep_copy(json_object_get(reply, "draft"));
		else
			draft = json_object();
		json_decref(reply);
	}
	if (code == EXIT_DONE)
		code = edit_flags(cli, draft);
	if (code == EXIT_DONE)
		return put_draft(cli, path, draft);
	json_decref(draft);
	return code;
}

/* ---- publishing ---- */

static int
publish(struct cli *cli, const char *verb, json_t *body)
{
	char path[160];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), community_base(cli), cli->words[0],
		verb) != OK) {
		json_decref(body);
		return cli_usage(cli, "the name is too long");
	}
	const int code = cli_call(cli, "POST", path, body, &reply);
	if (code != EXIT_DONE)
		return code;
	show_care(cli, json_object_get(reply, "care"));
	if (!json_is_null(json_object_get(reply, "record")))
		return show_publication(cli, reply);
	if (!cli_show(cli, reply)) {
		output_line(&cli->out, "ended; nothing was published");
		json_decref(reply);
	}
	return EXIT_DONE;
}

int
run_community_publish(struct cli *cli)
{
	if (cli_flag(cli, "force") != NULL &&
	    !cli_confirm(cli, "Publish what may tell who you are? It cannot "
			      "be taken back."))
		return cli_usage(cli, "--force: not without --yes");
	return publish(cli, "publish",
	    json_pack("{s:b,s:b}", "dry_run", cli_flag(cli, "dry-run") != NULL,
		"force", cli_flag(cli, "force") != NULL));
}

int
run_community_end(struct cli *cli)
{
	return publish(cli, "end",
	    json_pack("{s:b}", "dry_run", cli_flag(cli, "dry-run") != NULL));
}

/* ---- lists ---- */

static void
list_own(struct cli *cli, const json_t *reply)
{
	static const char *const heads[] = { "name", "state", "expires",
		"record", "title" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_t *one;
	size_t i;

	json_array_foreach(
	    json_object_get(reply, is_cohort(cli) ? "cohorts" : "communities"),
	    i, one)
	{
		char expires[32];
		const char *row[] = { json_str(one, "name"),
			json_str(one, "state"), expires,
			short_id(json_str(one, "record")),
			json_str(one, "title") };
		time_text(expires, sizeof(expires), json_int(one, "expires"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
}

static void
list_known(struct cli *cli, const json_t *reply)
{
	static const char *const heads[] = { "record", "region", "rhythm",
		"joining", "purposes", "title" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(reply, "known"), i, one)
	{
		const json_t *p = json_object_get(one, "payload");
		char purposes[200];
		const char *row[] = { short_id(json_str(one, "id")),
			json_str(one, "region"), json_str(p, "rhythm"),
			json_str(p, "joining"), purposes,
			json_str(one, "title") };
		label_list(
		    json_object_get(p, "purposes"), purposes, sizeof(purposes));
		table_add(t, row);
	}
	table_print(t, &cli->out);
}

static void
list_cohorts(struct cli *cli, const json_t *reply)
{
	static const char *const heads[] = { "record", "region", "begins",
		"hours", "weeks", "seats", "grade", "teaches", "title" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(reply, "known"), i, one)
	{
		const json_t *p = json_object_get(one, "payload");
		char teaches[200], begins[32], n[4][40];
		const char *row[] = { short_id(json_str(one, "id")),
			json_str(one, "region"), begins, n[0], n[1], n[2], n[3],
			teaches, json_str(one, "title") };
		time_text(begins, sizeof(begins), json_int(p, "start") * 3600);
		(void)snprintf(
		    n[0], sizeof(n[0]), "%" PRId64, json_int(p, "hours"));
		(void)snprintf(
		    n[1], sizeof(n[1]), "%" PRId64, json_int(p, "weeks"));
		(void)snprintf(n[2], sizeof(n[2]), "%" PRId64 " of %" PRId64,
		    json_int(p, "filled"), json_int(p, "seats"));
		(void)snprintf(
		    n[3], sizeof(n[3]), "%" PRId64, json_int(p, "grade"));
		label_list(
		    json_object_get(p, "teaches"), teaches, sizeof(teaches));
		table_add(t, row);
	}
	table_print(t, &cli->out);
}

int
run_community_list(struct cli *cli)
{
	const bool all = cli_flag(cli, "all") != NULL;
	json_t *reply;
	const int code = cli_get(cli, &reply, community_base(cli), "all",
	    all ? "1" : NULL, "limit", cli_flag(cli, "limit"), "lang",
	    cli_flag(cli, "lang"), (char *)NULL);

	if (reply == NULL)
		return code;
	if (json_int(reply, "count") == 0) {
		output_line(
		    &cli->out, all ? "none are known here" : "none of yours");
		output_note(&cli->out,
		    all ? "next: ohcn %s found NAME"
			: "next: ohcn %s list --all",
		    cli->command->noun);
	} else if (all) {
		if (is_cohort(cli))
			list_cohorts(cli, reply);
		else
			list_known(cli, reply);
		output_note(
		    &cli->out, "next: ohcn %s show ID", cli->command->noun);
	} else {
		list_own(cli, reply);
	}
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- one ---- */

static void
show_list(struct cli *cli, const json_t *p, const char *name, const char *head)
{
	char text[400];

	if (json_array_size(json_object_get(p, name)) == 0)
		return;
	label_list(json_object_get(p, name), text, sizeof(text));
	output_line(&cli->out, "%s: %s", head, text);
}

static void
show_content(struct cli *cli, const json_t *p)
{
	json_t *one;
	size_t i;

	if (any_text(json_object_get(p, "description"))[0] != '\0')
		output_line(&cli->out, "%s",
		    any_text(json_object_get(p, "description")));
	show_list(cli, p, "purposes", "for");
	show_list(cli, p, "skills", "seeks");
	show_list(cli, p, "teaches", "one learns");
	if (json_str(p, "rhythm")[0] != '\0')
		output_line(&cli->out, "meets: %s", json_str(p, "rhythm"));
	if (json_int(p, "minutes") > 0)
		output_line(&cli->out, "a session: %" PRId64 " minutes",
		    json_int(p, "minutes"));
	if (!is_cohort(cli) &&
	    (json_int(p, "members") > 0 || json_int(p, "seats") > 0))
		output_line(&cli->out,
		    "members, it says: %" PRId64 " of %" PRId64,
		    json_int(p, "members"), json_int(p, "seats"));
	json_array_foreach(json_object_get(p, "roles"), i, one)
	    output_line(&cli->out, "role: %s, %" PRId64 " hours a month",
		any_text(json_object_get(one, "title")),
		json_int(one, "hours_month"));
	if (json_str(p, "joining")[0] != '\0')
		output_line(&cli->out, "joining: %s", json_str(p, "joining"));
}

static void
show_learned(struct cli *cli, const json_t *l)
{
	json_t *one;
	size_t i;

	if (json_int(l, "sessions") == 0 && json_int(l, "outcomes") == 0)
		return;
	output_line(&cli->out,
	    "together, as far as this node knows: %" PRId64
	    " sessions, %" PRId64 " minutes, %" PRId64 " times somebody was "
	    "there; %" PRId64 " roles fulfilled, %" PRId64 " hours",
	    json_int(l, "sessions"), json_int(l, "minutes"),
	    json_int(l, "attended"), json_int(l, "outcomes"),
	    json_int(l, "hours"));
	json_array_foreach(json_object_get(l, "terms"), i, one) output_line(
	    &cli->out, "  %s, up to level %" PRId64 ": %" PRId64 " sessions",
	    json_str(one, "label")[0] != '\0' ? json_str(one, "label")
					      : json_str(one, "term"),
	    json_int(one, "level"), json_int(one, "sessions"));
}

static void
show_cohort(struct cli *cli, const json_t *c, const json_t *p)
{
	const json_t *cost = json_object_get(p, "cost");
	char begins[32];

	if (!json_is_object(c))
		return;
	time_text(begins, sizeof(begins), json_int(c, "start"));
	output_line(&cli->out,
	    "begins %s; %" PRId64 " weeks, %" PRId64 " hours (%" PRId64
	    " a week), %" PRId64 " sessions",
	    begins, json_int(c, "weeks"), json_int(c, "hours"),
	    json_int(c, "hours_week"), json_int(c, "sessions"));
	output_line(&cli->out, "seats: %" PRId64 " of %" PRId64 " filled%s",
	    json_int(c, "filled"), json_int(c, "seats"),
	    json_int(c, "seats") > 0 &&
		    json_int(c, "filled") >= json_int(c, "seats")
		? ": who asks now can only wait for one"
		: "");
	if (json_int(c, "grade") > 0)
		output_line(&cli->out, "certificate: level %" PRId64,
		    json_int(c, "grade"));
	if (cost != NULL)
		output_line(&cli->out, "costs: %.2f %s",
		    (double)json_int(cost, "amount") / 100,
		    json_str(cost, "currency"));
	if (!json_yes(c, "takes_requests"))
		output_line(&cli->out,
		    "its provider tells no inbox: nobody can ask to join");
}

int
run_community_show(struct cli *cli)
{
	char path[512];
	json_t *reply, *one;
	size_t i;

	if (cli_under(path, sizeof(path), community_base(cli), cli->words[0],
		"") != OK)
		return cli_usage(cli, "the id is too long");
	const int code = cli_get(
	    cli, &reply, path, "lang", cli_flag(cli, "lang"), (char *)NULL);
	if (reply == NULL)
		return code;
	output_line(&cli->out, "%s  (%s)", json_str(reply, "title"),
	    json_str(reply, "state"));
	show_content(
	    cli, json_object_get(json_object_get(reply, "content"), "payload"));
	show_cohort(cli, json_object_get(reply, "cohort"),
	    json_object_get(json_object_get(reply, "content"), "payload"));
	json_array_foreach(json_object_get(reply, "facilitators"), i, one)
	    output_line(&cli->out, "led by %s", json_string_value(one));
	json_array_foreach(json_object_get(reply, "demands"), i, one)
	    output_line(&cli->out, "project: %s  %s",
		short_id(json_str(one, "id")),
		json_str(one, "title")[0] != '\0' ? json_str(one, "title")
						  : "(not here, or over)");
	show_learned(cli, json_object_get(reply, "learned"));
	json_decref(reply);
	return EXIT_DONE;
}
