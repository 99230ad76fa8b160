/* cli/match.c: match, candidate, signal. */
#include <stdlib.h>

#include "node/cli/commands.h"

/* Amounts are in minor units; a few currencies have none. */
static void
money_text(char *out, size_t cap, int64_t amount, const char *currency)
{
	static const char none[] = "BIF CLP DJF GNF JPY KMF KRW PYG RWF UGX "
				   "UYI VND VUV XAF XOF XPF ";

	if (strlen(currency) == 3 && strstr(none, currency) != NULL)
		snprintf(out, cap, " %" PRId64 " %s", amount, currency);
	else
		snprintf(out, cap, " %" PRId64 ".%02d %.8s", amount / 100,
		    (int)(amount % 100), currency);
}

static void
pays_text(const json_t *list, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *v;

	snprintf(out, cap, "-");
	json_array_foreach(list, i, v)
	{
		char amount[64] = "";

		if (json_int(v, "amount") > 0)
			money_text(amount, sizeof(amount),
			    json_int(v, "amount"), json_str(v, "currency"));
		else if (json_int(v, "hours") > 0)
			snprintf(amount, sizeof(amount), " %" PRId64 " h",
			    json_int(v, "hours"));
		if (n < cap)
			n += (size_t)snprintf(out + n, cap - n, "%s%s%s",
			    i == 0 ? "" : ", ", json_str(v, "kind"), amount);
	}
}

static void
list_line(struct cli *cli, const char *name, const json_t *list)
{
	char text[600];

	if (json_array_size(list) == 0)
		return;
	label_list(list, text, sizeof(text));
	output_line(&cli->out, "     %-10s %s", name, text);
}

/* What a step of learning is, in words for its reader. */
static void
step_line(struct cli *cli, const json_t *step, bool person)
{
	const json_t *course = json_object_get(step, "course");
	const json_t *cost = json_object_get(step, "cost");
	const char *payer = json_str(step, "payer");
	char price[64] = "", span[48] = "", who[40] = "";

	if (!json_is_object(step) || json_str(step, "label")[0] == '\0') {
		if (any_text(step)[0] != '\0')
			output_line(&cli->out, "     %-10s %s", "next step",
			    any_text(step));
		return;
	}
	if (json_int(cost, "amount") > 0)
		money_text(price, sizeof(price), json_int(cost, "amount"),
		    json_str(cost, "currency"));
	if (json_int(step, "hours") > 0)
		snprintf(span, sizeof(span), ", %" PRId64 " hours",
		    json_int(step, "hours"));
	else if (json_int(step, "weeks") > 0)
		snprintf(span, sizeof(span), ", %" PRId64 " weeks",
		    json_int(step, "weeks"));
	if (strcmp(payer, "posting") == 0)
		snprintf(who, sizeof(who), ", the employer pays");
	else if (strcmp(payer, "shared") == 0)
		snprintf(who, sizeof(who), ", the employer pays a part");
	else if (strcmp(payer, "person") == 0)
		snprintf(who, sizeof(who), ", paid by %s",
		    person ? "you" : "the person");
	output_line(&cli->out,
	    "     %-10s learn %s to level %" PRId64
	    ": %s%s%s%s%s%s; fit %" PRId64 " becomes %" PRId64,
	    "next step", json_str(step, "label"), json_int(step, "to_level"),
	    json_yes(step, "by_posting")           ? "on the job"
	    : json_str(course, "title")[0] == '\0' ? "a course"
						   : json_str(course, "title"),
	    json_str(course, "provider")[0] == '\0' ? "" : " by ",
	    json_str(course, "provider"), span, price, who,
	    json_int(step, "before"), json_int(step, "after"));
}

/* No step in the reply: say what to do all the same. */
static void
other_step(struct cli *cli, const json_t *m, const char *record)
{
	const json_t *first = json_array_get(json_object_get(m, "missing"), 0);

	if (first == NULL)
		output_line(&cli->out,
		    "     %-10s nothing is missing; read it: ohcn record "
		    "show %s",
		    "next step", record);
	else
		output_line(&cli->out,
		    "     %-10s no course here teaches what is missing; if "
		    "you can do it: ohcn profile edit --add-skill \"%s\"",
		    "next step", json_str(first, "label"));
}

/* How many were looked at, and why some are not in the list. */
static void
counts_line(struct cli *cli, const json_t *reply, const char *what,
    size_t hidden, const char *all)
{
	const int64_t seen = json_int(reply, "scanned");
	const int64_t out = json_int(reply, "excluded");
	char text[200] = "";

	if (hidden > 0)
		snprintf(text, sizeof(text), "; %zu share%s nothing with %s",
		    hidden, hidden == 1 ? "s" : "",
		    strcmp(what, "card") == 0 ? "it" : "you");
	output_note(&cli->out, "looked at %" PRId64 " %s%s%s", seen, what,
	    seen == 1 ? "" : "s", text);
	if (out > 0)
		output_note(&cli->out,
		    "%" PRId64 " excluded by a must, language, place, hours, "
		    "pay or status%s%s",
		    out, all[0] == '\0' ? "" : "; see them: ", all);
}

static void
match_entry(
    struct cli *cli, size_t number, const json_t *reply, const json_t *m)
{
	const char *record = short_id(json_str(m, "record"));
	const json_t *step = json_object_get(m, "next_step");
	const char *region = json_str(m, "region");
	char pays[400], most[32] = "";

	if (json_int(reply, "score_max") > 0)
		snprintf(most, sizeof(most), " of %" PRId64,
		    json_int(reply, "score_max"));
	output_line(&cli->out, "%2zu.  %s, %s%s%s%s%s", number,
	    json_str(m, "title"),
	    json_str(m, "organisation")[0] == '\0'
		? "an organisation without a name"
		: json_str(m, "organisation"),
	    region[0] == '\0' ? "" : " (", region, region[0] == '\0' ? "" : ")",
	    json_yes(m, "excluded") ? ", excluded" : "");
	output_line(&cli->out,
	    "     %-10s %" PRId64 " (fit %" PRId64 ", wish %" PRId64 ")%s",
	    "score", json_int(m, "score"), json_int(m, "fit"),
	    json_int(m, "wish"), most);
	list_line(cli, "teaches", json_object_get(m, "teaches"));
	if (json_array_size(json_object_get(m, "pays")) > 0) {
		pays_text(json_object_get(m, "pays"), pays, sizeof(pays));
		output_line(&cli->out, "     %-10s %s", "invests", pays);
	}
	list_line(cli, "missing", json_object_get(m, "missing"));
	if (step == NULL || json_is_null(step))
		other_step(cli, m, record);
	else
		step_line(cli, step, true);
	output_line(
	    &cli->out, "     %-10s ohcn match explain %s", "why", record);
}

int
run_match_list(struct cli *cli)
{
	const bool all = cli_flag(cli, "all") != NULL;
	char path[256];
	json_t *reply = NULL, *m;
	size_t i, shown = 0, hidden = 0;
	int code;

	if (cli_query(path, sizeof(path), "/api/v1/matches", "limit",
		cli_flag(cli, "limit"), "lang", cli_flag(cli, "lang"), "all",
		all ? "1" : NULL, (char *)NULL) != OK)
		return cli_usage(cli, "a flag is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	json_array_foreach(json_object_get(reply, "matches"), i, m)
	{
		if (!all && json_int(m, "score") == 0)
			hidden++;
		else
			match_entry(cli, ++shown, reply, m);
	}
	counts_line(
	    cli, reply, "demand", hidden, all ? "" : "ohcn match list --all");
	if (shown > 0)
		output_note(&cli->out, "fit: what they ask and you can; wish: "
				       "what you want and they give");
	else if (json_int(reply, "scanned") == 0)
		output_note(&cli->out,
		    "this node holds no demands yet; who sends them: ohcn "
		    "peer list");
	else
		output_note(&cli->out,
		    "nothing fits yet; more skills in your draft may help: "
		    "ohcn profile show");
	json_decref(reply);
	return EXIT_DONE;
}

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
		output_line(&cli->out, "  %5" PRId64 " of %5" PRId64 "  %s: %s",
		    json_int(v, "points"), json_int(v, "points_most"),
		    strcmp(json_str(v, "kind"), "neutral") == 0
			? "unknown"
			: json_str(v, "label"),
		    why);
		sum += json_int(v, "points");
		most += json_int(v, "points_most");
	}
	if (n == 0)
		return;
	output_line(&cli->out, "  %5" PRId64 " of %5" PRId64 "  is the %s%s",
	    sum, most, side,
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

static int
explain(struct cli *cli, const char *path, bool person)
{
	json_t *reply = NULL;
	const char *text;
	const int code = cli_call(cli, "GET", path, NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "%s", json_str(reply, "title"));
	output_line(&cli->out,
	    "score %" PRId64 " of %" PRId64
	    ": the harmonic mean of fit %" PRId64 " and wish %" PRId64,
	    json_int(reply, "score"), json_int(reply, "score_max"),
	    json_int(reply, "fit"), json_int(reply, "wish"));
	show_side(cli, reply, "fit",
	    person ? "what they ask, and you can" : "what is asked, and known",
	    person);
	show_side(cli, reply, "wish",
	    person ? "what you want, and they give"
		   : "what the person wants, and this gives",
	    person);
	show_gates(cli, json_object_get(reply, "gates"));
	list_line(cli, "missing", json_object_get(reply, "missing"));
	list_line(cli, "not read", json_object_get(reply, "not_understood"));
	text = any_text(json_object_get(reply, "what_would_change_it"));
	if (text[0] != '\0')
		output_line(&cli->out, "     %-10s %s", "would help", text);
	step_line(cli, json_object_get(reply, "next_step"), person);
	output_note(&cli->out, "computed here; vocabulary %.12s, rarity %.12s",
	    json_str(reply, "vocabulary_hash"), json_str(reply, "rarity_hash"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_match_explain(struct cli *cli)
{
	char under[400], path[480];

	if (cli_under(under, sizeof(under), "/api/v1/matches", cli->words[0],
		"") != OK ||
	    cli_query(path, sizeof(path), under, "lang", cli_flag(cli, "lang"),
		(char *)NULL) != OK)
		return cli_usage(cli, "the id is too long");
	return explain(cli, path, true);
}

int
run_candidate_explain(struct cli *cli)
{
	char demand[400], under[800], path[880];

	if (cli_under(demand, sizeof(demand), "/api/v1/candidates",
		cli->words[0], "") != OK ||
	    cli_under(under, sizeof(under), demand, cli->words[1], "") != OK ||
	    cli_query(path, sizeof(path), under, "lang", cli_flag(cli, "lang"),
		(char *)NULL) != OK)
		return cli_usage(cli, "the id is too long");
	return explain(cli, path, false);
}

/* Which requirement keeps how many away. */
static void
show_barriers(struct cli *cli, const json_t *list)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		if (i == 0)
			output_line(&cli->out, "who is left out, and by what:");
		output_line(&cli->out,
		    "  %" PRId64 " by %s (%" PRId64 " by nothing else)",
		    json_int(v, "people"), json_str(v, "label"),
		    json_int(v, "alone"));
	}
}

static size_t
show_candidates(struct cli *cli, const json_t *reply, size_t *hidden)
{
	static const char *const heads[] = { "score", "region", "record",
		"missing", "ask" };
	struct table *t = table_new(heads, 5);
	size_t i, shown = 0;
	json_t *v;

	json_array_foreach(json_object_get(reply, "candidates"), i, v)
	{
		char score[24], missing[300], ask[300];
		const char *row[5] = { score, json_str(v, "region"),
			short_id(json_str(v, "record")), missing, ask };

		if (json_int(v, "score") == 0) {
			++*hidden;
			continue;
		}
		snprintf(
		    score, sizeof(score), "%" PRId64, json_int(v, "score"));
		label_list(
		    json_object_get(v, "missing"), missing, sizeof(missing));
		label_list(json_object_get(v, "ask"), ask, sizeof(ask));
		table_add(t, row);
		shown++;
	}
	if (shown > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
	return shown;
}

int
run_candidate_list(struct cli *cli)
{
	const char *demand = cli_flag(cli, "demand");
	char path[512];
	json_t *reply = NULL;
	size_t shown, hidden = 0;
	int code;

	if (demand == NULL)
		return cli_usage(
		    cli, "--demand ID is needed; yours: ohcn demand list");
	if (cli_query(path, sizeof(path), "/api/v1/candidates", "demand",
		demand, "limit", cli_flag(cli, "limit"), "lang",
		cli_flag(cli, "lang"), (char *)NULL) != OK)
		return cli_usage(cli, "the id is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	shown = show_candidates(cli, reply, &hidden);
	if (shown == 0)
		output_line(&cli->out,
		    "no candidates: %" PRId64 " card%s looked at, %" PRId64
		    " excluded, %zu without a skill that is asked",
		    json_int(reply, "scanned"),
		    json_int(reply, "scanned") == 1 ? "" : "s",
		    json_int(reply, "excluded"), hidden);
	show_barriers(cli, json_object_get(reply, "excluded_by"));
	if (shown > 0) {
		counts_line(cli, reply, "card", hidden, "");
		output_note(
		    &cli->out, "why: ohcn candidate explain %s RECORD", demand);
	} else if (json_int(reply, "scanned") == 0) {
		output_note(&cli->out, "this node holds no cards yet; who "
				       "sends them: ohcn peer list");
	} else {
		output_note(&cli->out,
		    "fewer musts, remote work or other languages may help; "
		    "supply: ohcn signal top");
	}
	json_decref(reply);
	return EXIT_DONE;
}

/* A count that is too small to be shown is null. */
static void
count_text(char *out, size_t cap, const json_t *v)
{
	if (json_is_integer(v))
		snprintf(
		    out, cap, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else
		snprintf(out, cap, "few");
}

int
run_signal_top(struct cli *cli)
{
	static const char *const heads[] = { "demand", "supply", "region",
		"term" };
	struct table *t;
	char path[512];
	json_t *reply = NULL, *v;
	size_t i;
	int code;

	if (cli_query(path, sizeof(path), "/api/v1/signals", "by",
		cli_flag(cli, "by"), "limit", cli_flag(cli, "limit"), "lang",
		cli_flag(cli, "lang"), (char *)NULL) != OK)
		return cli_usage(cli, "a flag is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	t = table_new(heads, 4);
	json_array_foreach(json_object_get(reply, "cells"), i, v)
	{
		char demand[24], supply[24];
		const char *row[4] = { demand, supply, json_str(v, "region"),
			json_str(v, "label")[0] == '\0'
			    ? json_str(v, "term")
			    : json_str(v, "label") };

		count_text(
		    demand, sizeof(demand), json_object_get(v, "demand"));
		count_text(
		    supply, sizeof(supply), json_object_get(v, "supply"));
		table_add(t, row);
	}
	if (i == 0)
		output_line(&cli->out,
		    json_int(reply, "suppressed") == 0
			? "no signals: this node holds no demands or cards yet"
			: "no signals: too few authors for each term");
	if (i == 0)
		table_free(t);
	else
		table_print(t, &cli->out);
	if (json_int(reply, "suppressed") > 0)
		output_note(&cli->out,
		    "%" PRId64 " cells are too small to show: fewer than "
		    "%" PRId64 " people or %" PRId64 " organisations",
		    json_int(reply, "suppressed"),
		    json_int(json_object_get(reply, "k"), "people"),
		    json_int(json_object_get(reply, "k"), "organisations"));
	json_decref(reply);
	return EXIT_DONE;
}
