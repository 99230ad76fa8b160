/* cli/assess.c: assessments and what to learn next. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/cli/commands.h"

#define BASE    "/api/v1/assessments"
#define RESULTS "/api/v1/assessment-results"

/* Words between commas as a list; NULL: none. */
static json_t *
words_json(const char *text)
{
	json_t *list;

	if (text == NULL)
		return NULL;
	list = json_array();
	while (*text != '\0') {
		const size_t n = strcspn(text, ",");
		size_t from = strspn(text, " "), to = n;
		while (to > from && text[to - 1] == ' ')
			to--;
		if (to > from)
			(void)json_array_append_new(
			    list, json_stringn(text + from, to - from));
		text += n + (text[n] == ',');
	}
	return list;
}

static const char *
label_of(const json_t *o)
{
	const char *label = json_str(o, "label");

	return label[0] != '\0' ? label : json_str(o, "term");
}

/* ---- list, show, new, close ---- */

int
run_assess_list(struct cli *cli)
{
	static const char *const heads[] = { "id", "how", "items", "min",
		"measures", "title" };
	json_t *reply, *v;
	size_t i;
	const int code = cli_get(cli, &reply, BASE, (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	const char *self[] = { "self", "adaptive", "-", "-", "what you name",
		"What I can do, in my own judgement (built in)" };
	table_add(t, self);
	json_array_foreach(json_object_get(reply, "assessments"), i, v)
	{
		char items[24], minutes[24], measures[128];
		const char *row[] = { short_id(json_str(v, "id")),
			!json_yes(v, "usable")    ? "unusable"
			: json_yes(v, "external") ? "external"
			: json_yes(v, "adaptive") ? "adaptive"
						  : "in order",
			items, minutes, measures, json_str(v, "title") };
		snprintf(
		    items, sizeof(items), "%" PRId64, json_int(v, "items"));
		snprintf(minutes, sizeof(minutes), "%" PRId64,
		    json_int(v, "minutes"));
		label_list(
		    json_object_get(v, "measures"), measures, sizeof(measures));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	output_note(&cli->out, "next: ohcn assess take self --about \"WHAT "
			       "YOU DO\"");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_assess_show(struct cli *cli)
{
	json_t *reply = NULL, *v;
	size_t i;
	const int code = cli_call_one(cli, "GET", BASE, "", NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "%s", json_str(reply, "title"));
	if (json_str(reply, "description")[0] != '\0')
		output_line(&cli->out, "%s", json_str(reply, "description"));
	json_array_foreach(json_object_get(reply, "measures"), i, v)
	{
		output_line(&cli->out,
		    "  measures %s, level %" PRId64 " to %" PRId64, label_of(v),
		    json_int(v, "from"), json_int(v, "to"));
	}
	if (json_yes(reply, "external"))
		output_line(&cli->out, "  taken at %s; results of %s count",
		    json_str(reply, "url"), json_str(reply, "assessor"));
	if (json_int(reply, "items") > 0)
		output_line(&cli->out, "  %" PRId64 " items, %s",
		    json_int(reply, "items"),
		    json_yes(reply, "adaptive")
			? "the next one depends on your answers"
			: "in order");
	if (!json_yes(reply, "usable"))
		output_line(&cli->out, "  it cannot be taken: %s",
		    json_str(reply, "why"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_assess_new(struct cli *cli)
{
	json_t *draft, *reply = NULL;
	int code = read_json(cli, cli->words[0], &draft);

	if (code != EXIT_DONE)
		return code;
	code = cli_call(cli, "POST", BASE,
	    json_pack("{s:o,s:b,s:b}", "assessment", draft, "hide_keys",
		cli_flag(cli, "hide-keys") != NULL, "dry_run",
		cli_flag(cli, "dry-run") != NULL),
	    &reply);
	return code == EXIT_DONE ? show_publication(cli, reply) : code;
}

int
run_assess_close(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call_one(cli, "POST", BASE, "close",
	    json_pack("{s:b}", "dry_run", cli_flag(cli, "dry-run") != NULL),
	    &reply);

	return code == EXIT_DONE ? show_publication(cli, reply) : code;
}

/* ---- taking ---- */

static void
show_levels(struct cli *cli, const json_t *levels)
{
	static const char *const heads[] = { "level", "sure", "range",
		"rests on", "what" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_t *v;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)levels, i, v)
	{
		char level[24], sure[24], range[48];
		const char *row[] = { level, sure, range, json_str(v, "basis"),
			label_of(v) };
		const bool none = strcmp(json_str(v, "basis"), "nothing") == 0;
		snprintf(
		    level, sizeof(level), "%" PRId64, json_int(v, "level"));
		snprintf(sure, sizeof(sure), "%" PRId64 " %%",
		    json_int(v, "confidence") / 10);
		snprintf(range, sizeof(range), "%" PRId64 "-%" PRId64,
		    json_int(v, "low"), json_int(v, "high"));
		if (none)
			row[0] = row[1] = row[2] = NULL;
		if (json_object_get(v, "low") == NULL)
			row[2] = NULL;
		table_add(t, row);
	}
	table_print(t, &cli->out);
}

static void
ask_item(struct cli *cli, const json_t *item)
{
	const char *type = json_str(item, "type");
	json_t *v;
	size_t i;

	fprintf(stderr, "\n%s\n", json_str(item, "prompt"));
	json_array_foreach(json_object_get(item, "options"), i, v)
	{
		fprintf(stderr, "  %zu  %s\n",
		    strcmp(type, "self-rating") == 0 ? i : i + 1,
		    json_string_value(v));
	}
	if (!cli->out.quiet)
		fprintf(stderr,
		    "%s; ? I do not know, Enter skips, q stops "
		    "for now\n> ",
		    strcmp(type, "multiple-choice") == 0 ||
			    strcmp(type, "checklist") == 0
			? "numbers, such as 1,3 (0: none)"
		    : strcmp(type, "self-rating") == 0 ? "0 to 5"
						       : "a number");
}

/* false: not an answer to such an item. */
static bool
read_answer(const json_t *item, char *line, json_t **out)
{
	const char *type = json_str(item, "type");
	const bool several = strcmp(type, "multiple-choice") == 0 ||
			     strcmp(type, "checklist") == 0;
	char *at = line;

	line[strcspn(line, "\r\n")] = '\0';
	*out = NULL;
	if (line[0] == '\0') {
		*out = json_null();
		return true;
	}
	if (strcmp(line, "?") == 0) {
		/* Of oneself one knows, or says nothing. */
		*out = strcmp(type, "self-rating") == 0 ||
			       strcmp(type, "checklist") == 0
			   ? json_null()
			   : json_string("unknown");
		return true;
	}
	*out = several ? json_array() : NULL;
	do {
		char *end = NULL;
		const long long v = strtoll(at, &end, 10);
		if (end == at)
			break;
		if (!several) {
			*out = json_integer(
			    strcmp(type, "single-choice") == 0 ? v - 1 : v);
			return *end == '\0';
		}
		if (v > 0)
			(void)json_array_append_new(*out, json_integer(v - 1));
		at = end + strspn(end, ", ");
	} while (*at != '\0');
	if (*at == '\0' && several)
		return true;
	json_decref(*out);
	*out = NULL;
	return false;
}

/* Takes ${value}, gives the new state. */
static int
send_answers(struct cli *cli, json_t *answers, json_t **state)
{
	json_decref(*state);
	*state = NULL;
	return cli_call_one(cli, "POST", BASE, "answer",
	    json_pack("{s:o}", "answers", answers), state);
}

static int
ask_all(struct cli *cli, json_t **state, bool *stopped)
{
	char line[256], key[24];
	int code = EXIT_DONE;

	*stopped = false;
	while (code == EXIT_DONE &&
	       json_is_object(json_object_get(*state, "next"))) {
		const json_t *item = json_object_get(*state, "next");
		json_t *value, *answers = json_object();
		ask_item(cli, item);
		if (fgets(line, sizeof(line), stdin) == NULL ||
		    line[0] == 'q') {
			*stopped = true;
			json_decref(answers);
			return EXIT_DONE;
		}
		if (!read_answer(item, line, &value)) {
			fprintf(stderr, "that is not an answer to it\n");
			json_decref(value);
			json_decref(answers);
			continue;
		}
		snprintf(key, sizeof(key), "%" PRId64, json_int(item, "item"));
		(void)json_object_set_new(answers, key, value);
		code = send_answers(cli, answers, state);
		if (code == EXIT_REFUSED) { /* said; asked once more */
			code = cli_call_one(
			    cli, "POST", BASE, "take", json_object(), state);
		}
	}
	return code;
}

static int
finish(struct cli *cli)
{
	json_t *reply = NULL;
	const int code =
	    cli_call_one(cli, "POST", BASE, "finish", json_object(), &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	show_levels(cli, json_object_get(reply, "levels"));
	output_note(&cli->out,
	    "kept on this node alone; into your draft: ohcn assess apply %s",
	    json_str(reply, "id"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_assess_take(struct cli *cli)
{
	const char *file = cli_flag(cli, "answers");
	json_t *body = json_object(), *state = NULL, *given = NULL;
	json_t *about = words_json(cli_flag(cli, "about"));
	bool stopped = false;
	int code = EXIT_DONE;

	if (file != NULL)
		code = read_json(cli, file, &given);
	if (about == NULL)
		about = json_incref(json_object_get(given, "about"));
	if (about != NULL)
		(void)json_object_set_new(body, "about", about);
	if (cli_flag(cli, "restart") != NULL)
		(void)json_object_set_new(body, "restart", json_true());
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	code = cli_call_one(cli, "POST", BASE, "take", body, &state);
	if (code == EXIT_DONE && given != NULL) {
		json_t *answers = json_object_get(given, "answers");
		code = send_answers(cli,
		    json_is_object(answers) ? json_incref(answers)
					    : json_object(),
		    &state);
	} else if (code == EXIT_DONE && isatty(STDIN_FILENO) == 1) {
		fprintf(stderr, "%s\n", json_str(state, "title"));
		code = ask_all(cli, &state, &stopped);
	} else if (code == EXIT_DONE) {
		/* What is asked, for programs. */
		json_decref(given);
		if (cli_show(cli, state))
			return EXIT_DONE;
		json_decref(state);
		return cli_usage(cli, "no terminal to answer on: --answers "
				      "FILE, or --json to see what is asked");
	}
	json_decref(state);
	json_decref(given);
	if (code != EXIT_DONE)
		return code;
	if (stopped) {
		output_note(&cli->out, "your answers are kept; go on with the "
				       "same command");
		return EXIT_DONE;
	}
	return finish(cli);
}

/* ---- results ---- */

int
run_assess_result(struct cli *cli)
{
	static const char *const heads[] = { "id", "taken", "by", "levels",
		"title" };
	json_t *reply = NULL, *v;
	size_t i;
	const int code = cli_call(cli, "GET", RESULTS, NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli->words_n == 0) {
		if (cli_show(cli, reply))
			return EXIT_DONE;
		struct table *t = table_new(heads, ARRAY_LEN(heads));
		json_array_foreach(json_object_get(reply, "results"), i, v)
		{
			char when[32], levels[24];
			const char *row[] = { json_str(v, "id"), when,
				json_str(v, "source"), levels,
				json_str(v, "title") };
			time_text(when, sizeof(when), json_int(v, "taken"));
			snprintf(levels, sizeof(levels), "%zu",
			    json_array_size(json_object_get(v, "levels")));
			table_add(t, row);
		}
		table_print(t, &cli->out);
		json_decref(reply);
		return EXIT_DONE;
	}
	json_array_foreach(json_object_get(reply, "results"), i, v)
	{
		if (strcmp(json_str(v, "id"), cli->words[0]) != 0)
			continue;
		json_incref(v);
		json_decref(reply);
		if (cli_show(cli, v))
			return EXIT_DONE;
		output_line(&cli->out, "%s", json_str(v, "title"));
		show_levels(cli, json_object_get(v, "levels"));
		json_decref(v);
		return EXIT_DONE;
	}
	json_decref(reply);
	struct problem p;
	problem_set(&p, EXIT_NOTFOUND, "E1014", "there is no result \"%s\"",
	    cli->words[0]);
	problem_hint(&p, "ohcn assess result");
	return cli_fail(cli, &p);
}

int
run_assess_apply(struct cli *cli)
{
	const char *sure = cli_flag(cli, "min-confidence");
	json_t *body = json_object(), *reply = NULL, *v;
	json_t *terms = words_json(cli_flag(cli, "terms"));
	size_t i;

	if (terms != NULL)
		(void)json_object_set_new(body, "terms", terms);
	if (sure != NULL)
		(void)json_object_set_new(
		    body, "min_confidence", json_integer(atoll(sure)));
	(void)json_object_set_new(
	    body, "private", json_boolean(cli_flag(cli, "private") != NULL));
	(void)json_object_set_new(
	    body, "dry_run", json_boolean(cli_flag(cli, "dry-run") != NULL));
	const int code =
	    cli_call_one(cli, "POST", RESULTS, "apply", body, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	json_array_foreach(json_object_get(reply, "changes"), i, v)
	{
		output_line(&cli->out, "%s: %" PRId64 " -> %" PRId64,
		    label_of(v), json_int(v, "from"), json_int(v, "to"));
	}
	output_note(&cli->out,
	    json_yes(reply, "saved")
		? "in your private draft; to show it to others: ohcn profile "
		  "publish --dry-run"
		: "nothing was changed");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_assess_forget(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call_one(cli, "POST", RESULTS, "apply",
	    json_pack("{s:b}", "forget", 1), &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "forgotten");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_assess_import(struct cli *cli)
{
	json_t *text, *reply = NULL;
	int code = read_text(cli, cli->words[0], &text);

	if (code != EXIT_DONE)
		return code;
	const char *hex = json_string_value(text);
	json_t *body = json_object();
	(void)json_object_set_new(
	    body, "result", json_stringn(hex, strcspn(hex, " \r\n\t")));
	json_decref(text);
	code = cli_call(cli, "POST", RESULTS, body, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "%s, signed by %s", json_str(reply, "title"),
	    json_str(reply, "assessor"));
	show_levels(cli, json_object_get(reply, "levels"));
	output_note(&cli->out,
	    "kept on this node alone; into your draft: ohcn assess apply %s",
	    json_str(reply, "id"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_assess_sign(struct cli *cli)
{
	json_t *body, *reply = NULL;
	int code = read_json(cli, cli->words[1], &body);

	if (code != EXIT_DONE)
		return code;
	code = cli_call_one(cli, "POST", BASE, "sign", body, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "%s", json_str(reply, "result"));
	output_note(&cli->out, "give this line to the person, and to nobody "
			       "else; they take it in with: ohcn assess "
			       "import-result FILE");
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- what to learn next ---- */

static void
show_suggestion(struct cli *cli, size_t i, const json_t *v)
{
	const json_t *course = json_object_get(v, "course");
	char leads[256];

	output_line(&cli->out, "%2zu. %s  (%s)", i + 1, label_of(v),
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(v, "score")));
	if (json_yes(v, "own_aspiration"))
		output_line(&cli->out, "      you want to learn it");
	if (json_int(v, "asked_by") > 0)
		output_line(&cli->out,
		    "      %" PRId64 " organisations ask for it",
		    json_int(v, "asked_by"));
	else if (json_int(json_object_get(v, "parts"), "demand") > 0)
		output_line(&cli->out, "      few organisations ask for it");
	if (json_int(v, "wanted_by") > 0)
		output_line(&cli->out,
		    "      %" PRId64 " people want to learn it",
		    json_int(v, "wanted_by"));
	label_list(json_object_get(v, "leads"), leads, sizeof(leads));
	if (json_int(v, "occupations") > 0)
		output_line(&cli->out,
		    "      %" PRId64
		    " occupations need it with what you can: %s",
		    json_int(v, "occupations"), leads);
	if (json_is_object(course))
		output_line(&cli->out,
		    "      shortest course: %s, %" PRId64 " hours",
		    short_id(json_str(course, "record")),
		    json_int(course, "hours"));
}

int
run_learn_next(struct cli *cli)
{
	json_t *reply, *v;
	size_t i;
	const int code = cli_get(cli, &reply, "/api/v1/learn/next", "limit",
	    cli_flag(cli, "limit"), "lang", cli_flag(cli, "lang"),
	    (char *)NULL);

	if (reply == NULL)
		return code;
	json_array_foreach(json_object_get(reply, "suggestions"), i, v)
	{
		show_suggestion(cli, i, v);
	}
	if (json_array_size(json_object_get(reply, "suggestions")) == 0)
		output_note(&cli->out, "nothing to go by yet: say what you "
				       "can with ohcn assess take self");
	json_decref(reply);
	return EXIT_DONE;
}
