/* cli/match_explain.c: one match in words, and two side by side. */
#include <stdlib.h>

#include "node/cli/match.h"

static const char *
level_text(int64_t level, char out[32])
{
	if (level > 0)
		snprintf(out, 32, "level %" PRId64, level);
	else
		snprintf(out, 32, "any level");
	return out;
}

/* Why a line has its points. */
static void
why_text(const json_t *v, bool person, char *out, size_t cap)
{
	const char *kind = json_str(v, "kind");
	const json_t *through = json_object_get(v, "via");
	const char *via = json_is_string(through) ? json_string_value(through)
						  : json_str(through, "label");
	const int64_t held = json_int(v, "held");
	const char *const has = person ? "you have" : "the card has";
	char asked[32], have[32];

	level_text(json_int(v, "asked"), asked);
	level_text(held, have);
	if (strcmp(kind, "neutral") == 0)
		snprintf(out, cap, "what nobody told counts half");
	else if (strcmp(kind, "overlap") == 0)
		snprintf(out, cap,
		    "the first that is met counts most; %" PRId64 " %%",
		    json_int(v, "credit") / 10);
	else if (strcmp(kind, "uses") == 0)
		snprintf(out, cap,
		    "how much of what %s do is asked; %" PRId64 " %%",
		    person ? "you can" : "the card can",
		    json_int(v, "credit") / 10);
	else if (json_yes(v, "ask"))
		snprintf(out, cap, "not told: ask");
	else if (via[0] != '\0')
		snprintf(out, cap,
		    "%s asked; %s is near (%s), counts %" PRId64 " %%", asked,
		    via, have, json_int(v, "credit") / 10);
	else if (strcmp(kind, "requirement") == 0 && held > 0)
		snprintf(out, cap, "%s asked, %s %s%s", asked, has, have,
		    json_yes(v, "must") ? "; a must" : "");
	else if (strcmp(kind, "requirement") == 0)
		snprintf(out, cap, "%s asked, missing%s", asked,
		    json_yes(v, "must") ? "; a must" : "");
	else
		snprintf(out, cap, "wanted%s%s, %s",
		    json_int(v, "asked") > 0 ? ": " : "",
		    json_int(v, "asked") > 0 ? asked : "",
		    json_int(v, "points") > 0 ? "given" : "not given");
}

/* What a line is called here; some are about no term. */
static const char *
line_label(const json_t *v)
{
	static const struct {
		const char *kind, *label;
	} names[] = { { "neutral", "unknown" }, { "overlap", "all together" },
		{ "uses", "what it uses" } };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(json_str(v, "kind"), names[i].kind) == 0)
			return names[i].label;
	return json_str(v, "label");
}

/* The lines of one side, and their sum. */
static void
show_side(struct cli *cli, const json_t *reply, const char *side,
    const char *meaning, bool person)
{
	int64_t sum = 0, most = 0;
	size_t i, n = 0;
	json_t *v;

	json_array_foreach(json_object_get(reply, "terms"), i, v)
	{
		char why[400];

		if (strcmp(json_str(v, "of"), side) != 0)
			continue;
		if (n++ == 0)
			output_line(&cli->out, "%s: %s", side, meaning);
		why_text(v, person, why, sizeof(why));
		output_line(&cli->out, "  %6s of %6s  %s: %s",
		    points_text(
			(char[POINTS_TEXT]){ 0 }, json_int(v, "points")),
		    points_text(
			(char[POINTS_TEXT]){ 0 }, json_int(v, "points_most")),
		    line_label(v), why);
		sum += json_int(v, "points");
		most += json_int(v, "points_most");
	}
	if (n == 0)
		return;
	output_line(&cli->out, "  %6s of %6s  is the %s%s",
	    points_text((char[POINTS_TEXT]){ 0 }, sum),
	    points_text((char[POINTS_TEXT]){ 0 }, most), side,
	    sum == json_int(reply, side) ? "" : ", which an exclusion lowers");
}

/* Gates of both sides, each once, by how they ended. */
static void
show_gates(struct cli *cli, const json_t *gates)
{
	static const struct {
		const char *state, *words;
	} kinds[] = { { "fail", "excluded by" }, { "near", "nearly missed" },
		{ "ask", "not told, so ask" }, { "pass", "passed" } };
	size_t i, n;
	json_t *g;

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		char text[500] = "", one[200];

		n = 0;
		json_array_foreach(gates, i, g)
		{
			const char *why = json_str(g, "why");
			const bool plain = k == 2 || why[0] == '\0';

			if (strcmp(json_str(g, "state"), kinds[k].state) != 0)
				continue;
			snprintf(one, sizeof(one), "%s%s%s%s",
			    json_str(g, "name"), plain ? "" : " (",
			    plain ? "" : why, plain ? "" : ")");
			if (strstr(text, one) == NULL && n < sizeof(text))
				n +=
				    (size_t)snprintf(text + n, sizeof(text) - n,
					"%s%s", n == 0 ? "" : ", ", one);
		}
		if (n > 0)
			output_line(&cli->out, "%s: %s", kinds[k].words, text);
	}
}

/* What is asked, by how it stands; each with what it counts. */
static void
show_stand(
    struct cli *cli, const json_t *list, const char *status, const char *words)
{
	char text[900] = "";
	size_t i, n = 0;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		const json_t *source = json_object_get(v, "source");
		const char *by = json_str(source, "label");
		char through[200] = "", at[32] = "";

		if (strcmp(json_str(v, "status"), status) != 0)
			continue;
		if (by[0] != '\0' && strcmp(by, json_str(v, "label")) != 0)
			snprintf(through, sizeof(through), " by %s", by);
		if (json_int(v, "level") > 0)
			snprintf(at, sizeof(at), " (level %" PRId64 ")",
			    json_int(v, "level"));
		if (n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s%s%s%s", n == 0 ? "" : ", ",
			    json_str(v, "label"), at, through,
			    json_yes(v, "must") ? ", a must" : "");
	}
	if (n > 0)
		output_line(&cli->out, "  %-8s %s", words, text);
}

static void
show_requirements(struct cli *cli, const json_t *reply)
{
	const json_t *list = json_object_get(reply, "requirements");

	if (json_array_size(list) == 0)
		return;
	output_line(&cli->out, "what is asked:");
	show_stand(cli, list, "have", "have");
	show_stand(cli, list, "near", "near");
	show_stand(cli, list, "missing", "missing");
	show_stand(cli, list, "unknown", "ask");
}

/* "3rd of 120" and what would move it. */
static void
show_rank(struct cli *cli, const json_t *rank, bool person)
{
	const json_t *change = json_object_get(rank, "change");
	const char *who = person ? "you are" : "this person is";

	if (!json_is_object(rank))
		return;
	if (json_yes(rank, "excluded"))
		output_line(&cli->out,
		    "place: excluded, among %" PRId64 " people known here",
		    json_int(rank, "of"));
	else if (json_int(rank, "now") > 0)
		output_line(&cli->out,
		    "place: %s number %" PRId64 " of %" PRId64
		    " people known here%s",
		    who, json_int(rank, "now"), json_int(rank, "of"),
		    json_yes(rank, "of_excluded_too") ? ""
						      : " who can be chosen");
	else
		output_line(&cli->out,
		    "place: %s below number %" PRId64 " of %" PRId64
		    " people known here",
		    who, json_int(rank, "places"), json_int(rank, "of"));
	if (json_is_object(change))
		output_line(&cli->out, "the cheapest change: %s",
		    json_str(change, "text"));
	else if (json_int(rank, "now") != 1)
		output_line(&cli->out, "no single skill would move that place");
}

static void
show_explanation(struct cli *cli, const json_t *reply, bool person)
{
	const char *text;

	output_line(&cli->out, "%s", json_str(reply, "title"));
	output_line(&cli->out,
	    "score %s of %" PRId64
	    ": the harmonic mean of fit %s and wish %s%s",
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(reply, "score")),
	    json_int(reply, "score_max") / 100,
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(reply, "fit")),
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(reply, "wish")),
	    json_yes(reply, "excluded") ? "; excluded" : "");
	show_rank(cli, json_object_get(reply, "rank"), person);
	show_requirements(cli, reply);
	show_side(cli, reply, "fit",
	    person ? "what they ask, and you can" : "what is asked, and known",
	    person);
	show_side(cli, reply, "wish",
	    person ? "what you want, and they give"
		   : "what the person wants, and this gives",
	    person);
	show_gates(cli, json_object_get(reply, "gates"));
	list_line(cli, "not used", json_object_get(reply, "unused"));
	list_line(cli, "not read", json_object_get(reply, "not_understood"));
	text = any_text(json_object_get(reply, "what_would_change_it"));
	if (text[0] != '\0')
		output_line(&cli->out, "     %-10s %s", "would help", text);
	step_line(cli, json_object_get(reply, "next_step"), person);
	output_note(&cli->out, "computed here; vocabulary %.12s, rarity %.12s",
	    json_str(reply, "vocabulary_hash"), json_str(reply, "rarity_hash"));
}

static int
explain(struct cli *cli, const char *path, json_t *body, bool person)
{
	json_t *reply = NULL;
	const int code =
	    cli_call(cli, body == NULL ? "GET" : "POST", path, body, &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	show_explanation(cli, reply, person);
	json_decref(reply);
	return EXIT_DONE;
}

static int
explain_posting(struct cli *cli, const char *id)
{
	char under[400], path[480];

	if (cli_under(under, sizeof(under), "/api/v1/matches", id, "") != OK ||
	    cli_query(path, sizeof(path), under, "lang", cli_flag(cli, "lang"),
		(char *)NULL) != OK)
		return cli_usage(cli, "the id is too long");
	return explain(cli, path, NULL, true);
}

/* ${demand} NULL: of --draft. */
static int
explain_person(struct cli *cli, const char *demand, const char *id)
{
	char base[400] = "/api/v1/candidates", under[800], path[880];
	json_t *body = NULL;
	int code = EXIT_DONE;

	if ((demand != NULL && cli_under(base, sizeof(base),
				   "/api/v1/candidates", demand, "") != OK) ||
	    cli_under(under, sizeof(under), base, id, "") != OK ||
	    cli_query(path, sizeof(path), under, "lang", cli_flag(cli, "lang"),
		(char *)NULL) != OK)
		return cli_usage(cli, "the id is too long");
	if (demand == NULL)
		code = draft_body(cli, &body);
	return code != EXIT_DONE ? code : explain(cli, path, body, false);
}

int
run_match_explain(struct cli *cli)
{
	if (by_draft(cli))
		return explain_person(cli, NULL, cli->words[0]);
	if (cli->words_n == 2)
		return explain_person(cli, cli->words[0], cli->words[1]);
	return explain_posting(cli, cli->words[0]);
}

int
run_candidate_explain(struct cli *cli)
{
	return explain_person(cli, cli->words[0], cli->words[1]);
}

/* ---- two side by side ---- */

static void
cell_text(char out[POINTS_TEXT], const json_t *points)
{
	if (json_is_integer(points))
		(void)points_text(out, json_integer_value(points));
	else
		snprintf(out, POINTS_TEXT, "-");
}

static void
pair_row(struct table *t, const char *what, const char *a, const char *b)
{
	const char *row[4] = { what, a, b, "" };

	table_add(t, row);
}

static void
number_row(
    struct table *t, const char *what, const json_t *reply, const char *key)
{
	const json_t *a = json_object_get(reply, "a");
	const json_t *b = json_object_get(reply, "b");
	const int64_t by = json_int(a, key) - json_int(b, key);
	char x[POINTS_TEXT], y[POINTS_TEXT], difference[POINTS_TEXT];
	const char *row[4] = { what, x, y, difference };

	(void)points_text(x, json_int(a, key));
	(void)points_text(y, json_int(b, key));
	(void)points_change(difference, by);
	table_add(t, row);
}

static void
line_rows(struct table *t, const json_t *reply, const char *of)
{
	size_t i;
	json_t *v;

	json_array_foreach(json_object_get(reply, "rows"), i, v)
	{
		const json_t *x = json_object_get(v, "a");
		const json_t *y = json_object_get(v, "b");
		char what[200], a[POINTS_TEXT], b[POINTS_TEXT];
		char difference[POINTS_TEXT];
		const char *row[4] = { what, a, b, difference };

		if (strcmp(json_str(v, "of"), of) != 0)
			continue;
		snprintf(what, sizeof(what), "  %s", line_label(v));
		cell_text(a, x);
		cell_text(b, y);
		(void)points_change(
		    difference, json_integer_value(x) - json_integer_value(y));
		table_add(t, row);
	}
}

/* The gates that failed or nearly did, in one cell. */
static void
gates_text(const json_t *side, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *g;

	snprintf(out, cap, "-");
	json_array_foreach(json_object_get(side, "gates"), i, g)
	{
		const char *name = json_str(g, "name");
		if (strcmp(json_str(g, "state"), "fail") == 0 &&
		    strstr(out, name) == NULL && n < cap)
			n += (size_t)snprintf(
			    out + n, cap - n, "%s%s", n == 0 ? "" : ", ", name);
	}
}

static void
show_comparison(struct cli *cli, const json_t *reply)
{
	static const char *const heads[] = { "", "A", "B", "A ahead by" };
	const json_t *a = json_object_get(reply, "a");
	const json_t *b = json_object_get(reply, "b");
	const bool first = strcmp(json_str(reply, "ahead"), "a") == 0;
	const bool people = strcmp(json_str(a, "kind"), "profile") == 0;
	struct table *t = table_new(heads, 4);
	char x[200], y[200];

	output_line(&cli->out, "A  %s  %s", short_id(json_str(a, "record")),
	    people ? json_str(a, "region") : json_str(a, "title"));
	output_line(&cli->out, "B  %s  %s", short_id(json_str(b, "record")),
	    people ? json_str(b, "region") : json_str(b, "title"));
	number_row(t, "score", reply, "score");
	number_row(t, "fit", reply, "fit");
	line_rows(t, reply, "fit");
	number_row(t, "wish", reply, "wish");
	line_rows(t, reply, "wish");
	label_list(json_object_get(a, "missing"), x, sizeof(x));
	label_list(json_object_get(b, "missing"), y, sizeof(y));
	pair_row(t, "missing", x, y);
	gates_text(a, x, sizeof(x));
	gates_text(b, y, sizeof(y));
	pair_row(t, "excluded by", x, y);
	table_print(t, &cli->out);
	output_line(&cli->out, "%s comes first", first ? "A" : "B");
	output_note(&cli->out, "computed here; vocabulary %.12s, rarity %.12s",
	    json_str(reply, "vocabulary_hash"), json_str(reply, "rarity_hash"));
}

int
run_match_compare(struct cli *cli)
{
	json_t *reply;

	const int code =
	    cli_get(cli, &reply, "/api/v1/compare", "a", cli->words[0], "b",
		cli->words[1], "demand", cli_flag(cli, "demand"), "lang",
		cli_flag(cli, "lang"), (char *)NULL);
	if (reply == NULL)
		return code;
	show_comparison(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}
