/* cli/signal.c: signal top, series, map, import, publish. */
#include <stdio.h>
#include <stdlib.h>

#include "node/cli/commands.h"

#define BAR         24
#define STRIP_MAX   160
#define FIGURES_MAX 200 /* of one table */

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

static void
count_of(char *out, size_t cap, const json_t *o, const char *key)
{
	count_text(out, cap, json_object_get(o, key));
}

static const char *
region_of(const json_t *v)
{
	const char *region = json_str(v, "region");

	if (region[0] == '\0')
		return "not told";
	return strcmp(region, "zz") == 0 ? "everywhere" : region;
}

static const char *
name_of(const json_t *v)
{
	const char *label = json_str(v, "label");

	return label[0] == '\0' ? json_str(v, "term") : label;
}

/* "1,234.50": minor units of most currencies. */
static void
pay_text(char *out, size_t cap, const json_t *pay)
{
	if (pay == NULL)
		snprintf(out, cap, "-");
	else
		snprintf(out, cap, "%" PRId64 " %s/%s",
		    json_int(pay, "middle") / 100, json_str(pay, "currency"),
		    json_str(pay, "period"));
}

static void
trend_text(char *out, size_t cap, const json_t *v)
{
	const json_t *t = json_object_get(v, "trend");
	const int64_t milli = json_int(t, "per_week_milli");

	if (t == NULL)
		snprintf(out, cap, "-");
	else
		snprintf(out, cap, "%s%" PRId64 ".%" PRId64 "/wk",
		    milli < 0 ? "-" : "+", (milli < 0 ? -milli : milli) / 1000,
		    (milli < 0 ? -milli : milli) % 1000 / 100);
}

static void
note_hidden(struct cli *cli, const json_t *reply)
{
	const json_t *k = json_object_get(reply, "k");

	if (json_int(reply, "suppressed") == 0)
		return;
	output_note(&cli->out,
	    "%" PRId64 " counts are not shown: fewer than %" PRId64
	    " people or %" PRId64 " companies, or they would tell such a one",
	    json_int(reply, "suppressed"), json_int(k, "people"),
	    json_int(k, "companies"));
}

/* Why a series says "few". */
static void
few_line(struct cli *cli, const json_t *reply)
{
	const json_t *k = json_object_get(reply, "k");

	output_note(&cli->out,
	    "few: fewer than %" PRId64 " people or %" PRId64
	    " companies, maybe none; it is shown when there are more",
	    json_int(k, "people"), json_int(k, "companies"));
}

static void
say_nothing(struct cli *cli, const json_t *reply)
{
	output_line(&cli->out,
	    json_int(reply, "suppressed") == 0
		? "no signals: this node holds no demands or cards yet"
		: "no signals: too few authors for each term");
}

/* GET ${base} with the flags that all of them have. */
static int
ask(struct cli *cli, const char *base, const char *word, json_t **reply)
{
	return cli_get(cli, reply, base, "term",
	    word != NULL ? word : cli_flag(cli, "term"), "by",
	    cli_flag(cli, "by"), "region", cli_flag(cli, "region"), "industry",
	    cli_flag(cli, "industry"), "measure", cli_flag(cli, "measure"),
	    "weeks", cli_flag(cli, "weeks"), "k", cli_flag(cli, "k"), "limit",
	    cli_flag(cli, "limit"), "lang", cli_flag(cli, "lang"),
	    (char *)NULL);
}

int
run_signal_top(struct cli *cli)
{
	static const char *const heads[] = { "demand", "from", "supply", "gap",
		"wanted", "taught", "trend", "pay", "region", "industry",
		"term" };
	struct table *t;
	json_t *reply, *v;
	size_t i;
	const int code = ask(cli, "/api/v1/signals", NULL, &reply);

	if (reply == NULL)
		return code;
	t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "cells"), i, v)
	{
		char c[8][40];
		const json_t *least = json_object_get(v, "gap_if_few");
		const char *row[11] = { c[0], c[1], c[2], c[3], c[4], c[5],
			c[6], c[7], region_of(v), json_str(v, "industry"),
			name_of(v) };

		count_of(c[0], sizeof(c[0]), v, "demand");
		snprintf(c[1], sizeof(c[1]), "-");
		if (json_object_get(v, "companies") != NULL)
			count_of(c[1], sizeof(c[1]), v, "companies");
		count_of(c[2], sizeof(c[2]), v, "supply");
		snprintf(c[3], sizeof(c[3]), "-");
		if (json_is_integer(json_object_get(v, "gap")))
			count_of(c[3], sizeof(c[3]), v, "gap");
		else if (least != NULL)
			snprintf(c[3], sizeof(c[3]), ">= %" PRId64,
			    json_int(v, "gap_if_few"));
		count_of(c[4], sizeof(c[4]), v, "wanted");
		count_of(c[5], sizeof(c[5]), v, "taught");
		trend_text(c[6], sizeof(c[6]), v);
		pay_text(c[7], sizeof(c[7]), json_object_get(v, "pay"));
		table_add(t, row);
	}
	if (i == 0) {
		say_nothing(cli, reply);
		table_free(t);
	} else {
		table_print(t, &cli->out);
		if (json_int(reply, "cells_in_all") > (int64_t)i)
			output_note(&cli->out,
			    "%zu of %" PRId64 " rows; more: --limit N", i,
			    json_int(reply, "cells_in_all"));
	}
	note_hidden(cli, reply);
	show_guess(cli, json_object_get(reply, "guessed_of"));
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- a series ---- */

/* One character a week, by height; a dot where nothing is known. */
static void
strip(struct cli *cli, const json_t *weeks, const char *measure)
{
	static const char *const marks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇",
		"█" };
	char text[3 * STRIP_MAX + 1] = "";
	int64_t most = 0;
	size_t i, n = 0;
	bool any = false;
	json_t *v;

	json_array_foreach(weeks, i, v)
	{
		most = MAX(most, json_int(v, measure));
		any = any || json_is_integer(json_object_get(v, measure));
	}
	if (!any)
		return;
	const size_t all = json_array_size(weeks);
	for (i = all > STRIP_MAX ? all - STRIP_MAX : 0; i < all; i++) {
		v = json_array_get(weeks, i);
		const bool is = json_is_integer(json_object_get(v, measure));
		const int64_t at =
		    most == 0 ? 0 : json_int(v, measure) * 7 / most;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
		    is ? marks[at < 0 ? 0 : at] : ".");
	}
	output_line(
	    &cli->out, "  %-7s %s  up to %" PRId64, measure, text, most);
}

static void
show_forecast(struct cli *cli, const json_t *all, const char *measure)
{
	const json_t *f = json_object_get(all, measure);
	const json_t *points = json_object_get(f, "points");
	char text[400] = "";
	size_t i, n = 0;
	json_t *v;

	json_array_foreach(points, i, v)
	{
		if (n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s %" PRId64 " (%" PRId64 " to %" PRId64 ")",
			    i == 0 ? "" : ", ", json_str(v, "week") + 5,
			    json_int(v, "value"), json_int(v, "low"),
			    json_int(v, "high"));
	}
	if (i > 0)
		output_line(&cli->out, "  %-7s %s; n = %" PRId64 " weeks, %s",
		    measure, text, json_int(f, "weeks"), json_str(f, "method"));
}

static void
show_loop(struct cli *cli, const json_t *loop, const json_t *last)
{
	static const char *const steps[] = { "demand", "taught", "supply",
		"filled" };
	static const char *const words[] = { "asked for", "taught", "held",
		"filled" };
	const json_t *fill = json_object_get(last, "hours_to_fill");
	size_t i;
	json_t *v;

	output_line(&cli->out, "the loop, since when it is seen:");
	for (i = 0; i < ARRAY_LEN(steps); i++) {
		char first[32], weeks[32], after[60] = "";
		snprintf(first, sizeof(first), "%s_first", steps[i]);
		snprintf(weeks, sizeof(weeks), "weeks_to_%s", steps[i]);
		const char *week = json_str(loop, first);
		if (json_object_get(loop, weeks) != NULL)
			snprintf(after, sizeof(after),
			    ", %" PRId64 " weeks after it was asked for",
			    json_int(loop, weeks));
		output_line(&cli->out, "  %-9s %s%s", words[i],
		    week[0] == '\0' ? "not seen" : week, after);
	}
	if (fill != NULL)
		output_line(&cli->out,
		    "  a place takes %" PRId64 " days to fill (half of them "
		    "%" PRId64 " to %" PRId64 "; n = %" PRId64 ")",
		    json_int(fill, "middle") / 24, json_int(fill, "low") / 24,
		    json_int(fill, "high") / 24, json_int(fill, "n"));
	json_array_foreach(json_object_get(loop, "not_measured"), i, v)
	{
		output_line(
		    &cli->out, "  not measured: %s", json_string_value(v));
	}
}

int
run_signal_series(struct cli *cli)
{
	static const char *const measures[] = { "demand", "supply", "wanted",
		"taught", "opened", "filled" };
	json_t *reply;
	const int code = ask(cli, "/api/v1/signals/series",
	    cli->words_n > 0 ? cli->words[0] : NULL, &reply);

	if (reply == NULL)
		return code;
	const json_t *weeks = json_object_get(reply, "weeks");
	const size_t n = json_array_size(weeks);
	const json_t *last = json_array_get(weeks, n == 0 ? 0 : n - 1);
	output_line(&cli->out, "%s, %s, %s: %zu weeks to %s", name_of(reply),
	    region_of(reply), json_str(reply, "industry"), n,
	    json_str(last, "week"));
	for (size_t m = 0; m < ARRAY_LEN(measures); m++)
		strip(cli, weeks, measures[m]);
	output_line(&cli->out, "now:");
	bool few = false;
	for (size_t m = 0; m < ARRAY_LEN(measures); m++) {
		char text[24];
		count_of(text, sizeof(text), last, measures[m]);
		few =
		    few || !json_is_integer(json_object_get(last, measures[m]));
		output_line(&cli->out, "  %-7s %s", measures[m], text);
	}
	if (few)
		few_line(cli, reply);
	output_line(&cli->out, "forecast, with the range of four in five:");
	bool any = false;
	for (size_t m = 0; m < ARRAY_LEN(measures); m++) {
		const json_t *all = json_object_get(reply, "forecast");
		any = any ||
		      json_array_size(json_object_get(
			  json_object_get(all, measures[m]), "points")) > 0;
		show_forecast(cli, all, measures[m]);
	}
	if (!any)
		output_line(
		    &cli->out, "  none: it takes four weeks that are known");
	show_loop(cli, json_object_get(reply, "loop"), last);
	note_hidden(cli, reply);
	show_guess(cli, json_object_get(reply, "guessed_of"));
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- a map ---- */

int
run_signal_map(struct cli *cli)
{
	const char *heads[] = { "region", "", "" };
	struct table *t;
	json_t *reply, *v;
	int64_t most = 1;
	size_t i, n = 0;
	const int code = ask(cli, "/api/v1/signals/map",
	    cli->words_n > 0 ? cli->words[0] : NULL, &reply);

	if (reply == NULL)
		return code;
	const char *measure = json_str(reply, "measure");
	const json_t *regions = json_object_get(reply, "regions");
	heads[1] = measure;
	json_array_foreach(regions, i, v)
	{
		most = MAX(most, json_int(v, measure));
	}
	t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(regions, i, v)
	{
		char count[24], bar[3 * BAR + 1] = "";
		const char *row[3] = { region_of(v), count, bar };
		const json_t *x = json_object_get(v, measure);

		if (!json_is_integer(x))
			continue;
		count_text(count, sizeof(count), x);
		for (int64_t k = 0; k < json_integer_value(x) * BAR / most; k++)
			memcpy(bar + 3 * k, "█", 4);
		table_add(t, row);
		n++;
	}
	const json_t *all = json_object_get(reply, "everywhere");
	if (n == 0) {
		say_nothing(cli, reply);
		table_free(t);
	} else {
		output_line(&cli->out, "%s of %s by region", measure,
		    json_object_get(reply, "of") != NULL
			? name_of(json_object_get(reply, "of"))
			: "all terms");
		table_print(t, &cli->out);
	}
	if (json_is_object(all)) {
		char count[24];
		count_of(count, sizeof(count), all, measure);
		output_line(&cli->out, "everywhere: %s", count);
	}
	note_hidden(cli, reply);
	show_guess(cli, json_object_get(reply, "guessed_of"));
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- official figures, and own ones ---- */

/* What the figures are about: a file, and flags that change it. */
static int
about_of(struct cli *cli, json_t **out)
{
	const char *file = cli_flag(cli, "about");
	uint64_t scale = UINT64_MAX;
	json_t *source;
	int code = cli_number(cli, "scale", 0, 9, &scale);

	*out = NULL;
	if (code == EXIT_DONE && file != NULL)
		code = read_json(cli, file, out);
	if (code != EXIT_DONE)
		return code;
	if (file == NULL)
		*out = json_object();
	cli_put_flag(cli, *out, "measure", "measure");
	cli_put_flag(cli, *out, "title", "title");
	cli_put_flag(cli, *out, "unit", "unit");
	cli_put_flag(cli, *out, "basis", "basis");
	cli_put_flag(cli, *out, "currency", "currency");
	cli_put_flag(cli, *out, "pay-period", "pay_period");
	cli_put_flag(cli, *out, "id", "external_id");
	if (scale != UINT64_MAX)
		(void)json_object_set_new(
		    *out, "scale", json_integer((json_int_t)scale));
	source = json_object_get(*out, "source");
	if (!json_is_object(source)) {
		source = json_object();
		cli_put_flag(cli, source, "source", "name");
		cli_put_flag(cli, source, "licence", "licence");
		cli_put_flag(cli, source, "website", "website");
		cli_put_flag(cli, source, "table", "table");
		if (json_object_size(source) > 0)
			(void)json_object_set(*out, "source", source);
		json_decref(source);
	}
	return EXIT_DONE;
}

static int
add_noise(struct cli *cli, json_t *body)
{
	const char *epsilon = cli_flag(cli, "noise");
	uint64_t sensitivity = 1;
	char *end;
	const int code =
	    cli_number(cli, "sensitivity", 1, 1000000, &sensitivity);

	if (epsilon == NULL || code != EXIT_DONE)
		return code;
	const double e = strtod(epsilon, &end);
	if (end == epsilon || *end != '\0')
		return cli_usage(cli, "--noise takes a number such as 1");
	(void)json_object_set_new(body, "noise",
	    json_pack("{s:f,s:I}", "epsilon", e, "sensitivity",
		(json_int_t)sensitivity));
	return EXIT_DONE;
}

int
run_signal_import(struct cli *cli)
{
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	const char *map = cli_flag(cli, "map");
	json_t *data = NULL, *about = NULL, *text = NULL, *reply = NULL;
	char path[128];
	int code = read_text(cli, cli->words[0], &data);

	if (code == EXIT_DONE)
		code = about_of(cli, &about);
	if (code == EXIT_DONE && map != NULL)
		code = read_text(cli, map, &text);
	if (code != EXIT_DONE) {
		json_decref(data);
		json_decref(about);
		return code;
	}
	json_t *body = json_pack("{s:s,s:o,s:o,s:b,s:b}", "format", "csv",
	    "data", data, "about", about, "dry_run", dry, "allow_partial",
	    cli_flag(cli, "allow-partial") != NULL);
	if (text != NULL)
		(void)json_object_set_new(body, "map", text);
	code = add_noise(cli, body);
	if (code == EXIT_DONE &&
	    cli_query(path, sizeof(path), "/api/v1/signals/import", "lang",
		cli_flag(cli, "lang"), (char *)NULL) != OK)
		code = cli_usage(cli, "--lang is too long");
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	code = cli_call(cli, "POST", path, body, &reply);
	if (code != EXIT_DONE)
		return code;
	const int64_t wrong = json_int(reply, "errors");
	if (!cli->json)
		show_import(cli, reply);
	if (dry)
		output_note(&cli->out, "nothing was published%s",
		    wrong == 0 ? "; without --dry-run it is" : "");
	else if (wrong > 0 && cli_flag(cli, "allow-partial") == NULL)
		output_note(&cli->out, "nothing was published: correct the "
				       "rows, or --allow-partial");
	else
		output_note(
		    &cli->out, "next: ohcn record list --kind statistic");
	if (!cli_show(cli, reply))
		json_decref(reply);
	return wrong > 0 ? EXIT_PARTIAL : EXIT_DONE;
}

int
run_signal_publish(struct cli *cli)
{
	static const char *const flags[] = { "measure", "region", "industry",
		"title" };
	uint64_t limit = 0;
	json_t *body = json_object(), *reply = NULL;
	int code = cli_number(cli, "limit", 1, FIGURES_MAX, &limit);

	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		cli_put_flag(cli, body, flags[i], flags[i]);
	if (limit > 0)
		(void)json_object_set_new(
		    body, "limit", json_integer((json_int_t)limit));
	(void)json_object_set_new(
	    body, "dry_run", json_boolean(cli_flag(cli, "dry-run") != NULL));
	code = cli_call(cli, "POST", "/api/v1/signals/publish", body, &reply);
	if (code != EXIT_DONE)
		return code;
	if (!cli->json)
		output_line(&cli->out,
		    "%" PRId64 " figures; basis: public records that this "
		    "node holds; noise: none, since anybody can count them; "
		    "small groups are left out",
		    json_int(reply, "figures"));
	return show_publication(cli, reply);
}
