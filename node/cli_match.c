/* cli_match.c: match, candidate, signal. */
#include <stdlib.h>

#include "node/cli_commands.h"

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

static void
hashes_line(struct cli *cli, const json_t *reply)
{
	output_note(&cli->out,
	    "looked at %" PRId64 "; vocabulary %.12s, rarity %.12s",
	    json_int(reply, "scanned"), json_str(reply, "vocabulary_hash"),
	    json_str(reply, "rarity_hash"));
}

int
run_match_list(struct cli *cli)
{
	char path[256], pays[400];
	json_t *reply = NULL, *m;
	const char *next;
	size_t i;
	int code;

	if (cli_query(path, sizeof(path), "/api/v1/matches", "limit",
		cli_flag(cli, "limit"), "lang", cli_flag(cli, "lang"),
		(char *)NULL) != OK)
		return cli_usage(cli, "a flag is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	json_array_foreach(json_object_get(reply, "matches"), i, m)
	{
		output_line(&cli->out, "%2zu.  %s, %s (%s)", i + 1,
		    json_str(m, "title"), json_str(m, "organisation"),
		    json_str(m, "region"));
		output_line(&cli->out,
		    "     %-10s %" PRId64 " (fit %" PRId64 ", wish %" PRId64
		    ")",
		    "score", json_int(m, "score"), json_int(m, "fit"),
		    json_int(m, "wish"));
		list_line(cli, "teaches", json_object_get(m, "teaches"));
		if (json_array_size(json_object_get(m, "pays")) > 0) {
			pays_text(
			    json_object_get(m, "pays"), pays, sizeof(pays));
			output_line(
			    &cli->out, "     %-10s %s", "invests", pays);
		}
		list_line(cli, "missing", json_object_get(m, "missing"));
		next = any_text(json_object_get(m, "next_step"));
		if (next[0] != '\0')
			output_line(
			    &cli->out, "     %-10s %s", "next step", next);
		output_line(&cli->out, "     %-10s ohcn match explain %s",
		    "why", short_id(json_str(m, "record")));
	}
	if (i == 0)
		output_note(&cli->out, "nothing fits yet; your draft: ohcn "
				       "profile show");
	hashes_line(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

static void
show_terms(struct cli *cli, const json_t *terms)
{
	static const char *const heads[] = { "part", "points", "of", "asked",
		"held", "credit", "term" };
	struct table *t = table_new(heads, 7);
	size_t i;
	json_t *v;

	json_array_foreach(terms, i, v)
	{
		char cells[5][24], term[300];
		static const char *const keys[5] = { "points", "points_most",
			"asked", "held", "credit" };
		const char *row[7] = { json_str(v, "of"), cells[0], cells[1],
			cells[2], cells[3], cells[4], term };
		const json_t *via = json_object_get(v, "via");
		const char *through = json_is_string(via)
					  ? json_string_value(via)
					  : json_str(via, "label");

		for (size_t k = 0; k < 5; k++)
			snprintf(cells[k], sizeof(cells[k]), "%" PRId64,
			    json_int(v, keys[k]));
		snprintf(term, sizeof(term), "%s%s%s%s", json_str(v, "label"),
		    through[0] == '\0' ? "" : " (through ", through,
		    through[0] == '\0' ? "" : ")");
		table_add(t, row);
	}
	table_print(t, &cli->out);
}

static int
explain(struct cli *cli, const char *path)
{
	json_t *reply = NULL, *g;
	const char *text;
	size_t i;
	const int code = cli_call(cli, "GET", path, NULL, &reply);

	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "%s", json_str(reply, "title"));
	output_line(&cli->out,
	    "score %" PRId64 " (fit %" PRId64 ", wish %" PRId64 ")",
	    json_int(reply, "score"), json_int(reply, "fit"),
	    json_int(reply, "wish"));
	show_terms(cli, json_object_get(reply, "terms"));
	json_array_foreach(json_object_get(reply, "gates"), i, g)
	{
		output_line(&cli->out, "gate %s: %s%s%s", json_str(g, "name"),
		    json_yes(g, "passed") ? "passed" : "not passed",
		    json_str(g, "why")[0] == '\0' ? "" : ", ",
		    json_str(g, "why"));
	}
	list_line(cli, "missing", json_object_get(reply, "missing"));
	list_line(cli, "ask", json_object_get(reply, "unknown"));
	list_line(cli, "not read", json_object_get(reply, "not_understood"));
	text = any_text(json_object_get(reply, "what_would_change_it"));
	if (text[0] != '\0')
		output_line(&cli->out, "what would change it: %s", text);
	text = any_text(json_object_get(reply, "next_step"));
	if (text[0] != '\0')
		output_line(&cli->out, "next step: %s", text);
	hashes_line(cli, reply);
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
	return explain(cli, path);
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
	return explain(cli, path);
}

int
run_candidate_list(struct cli *cli)
{
	static const char *const heads[] = { "score", "region", "record",
		"missing", "ask" };
	const char *demand = cli_flag(cli, "demand");
	struct table *t;
	char path[512];
	json_t *reply = NULL, *v;
	size_t i;
	int code;

	if (demand == NULL)
		return cli_usage(cli, "--demand ID is needed");
	if (cli_query(path, sizeof(path), "/api/v1/candidates", "demand",
		demand, "limit", cli_flag(cli, "limit"), "lang",
		cli_flag(cli, "lang"), (char *)NULL) != OK)
		return cli_usage(cli, "the id is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	t = table_new(heads, 5);
	json_array_foreach(json_object_get(reply, "candidates"), i, v)
	{
		char score[24], missing[300], ask[300];
		const char *row[5] = { score, json_str(v, "region"),
			short_id(json_str(v, "record")), missing, ask };

		snprintf(
		    score, sizeof(score), "%" PRId64, json_int(v, "score"));
		label_list(
		    json_object_get(v, "missing"), missing, sizeof(missing));
		label_list(json_object_get(v, "ask"), ask, sizeof(ask));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	json_array_foreach(json_object_get(reply, "excluded_by"), i, v)
	{
		if (i == 0)
			output_line(&cli->out, "who is left out, and by what:");
		output_line(&cli->out, "  %" PRId64 " by %s",
		    json_int(v, "people"), json_str(v, "label"));
	}
	hashes_line(cli, reply);
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
	table_print(t, &cli->out);
	output_note(&cli->out, "%" PRId64 " cells are too small to show",
	    json_int(reply, "suppressed"));
	json_decref(reply);
	return EXIT_DONE;
}
