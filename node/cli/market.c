/* Teams, communities and the market, from the command line. */
#include <stdio.h>
#include <string.h>

#include "node/cli/commands.h"

/* What a result is made from, and how old it is. */
static void
view_line(struct cli *cli, const json_t *reply)
{
	const json_t *view = json_object_get(reply, "view");
	const json_t *newest = json_object_get(view, "newest_age_s");
	const json_t *oldest = json_object_get(view, "oldest_age_s");
	char new_text[32], old_text[32];

	if (!json_is_integer(newest) || !json_is_integer(oldest)) {
		output_note(&cli->out,
		    "this node holds no records yet; who sends them: ohcn "
		    "peer list");
		return;
	}
	span_text(
	    new_text, sizeof(new_text), (uint64_t)json_integer_value(newest));
	span_text(
	    old_text, sizeof(old_text), (uint64_t)json_integer_value(oldest));
	output_note(&cli->out,
	    "from the %" PRId64 " records this node holds, made %s to %s ago",
	    json_int(view, "records"), new_text, old_text);
}

static const char *
name_of(const json_t *term)
{
	const char *label = json_str(term, "label");

	return label[0] == '\0' ? json_str(term, "term") : label;
}

static void
row_add(struct table *t, const json_t *m)
{
	char brings[300], wants[200], fields[200], hours[24];
	const char *row[6] = { short_id(json_str(m, "record")),
		json_str(m, "region"), hours, brings, fields, wants };

	(void)snprintf(hours, sizeof(hours), "%" PRId64, json_int(m, "hours"));
	if (json_int(m, "hours") == 0)
		(void)snprintf(hours, sizeof(hours), "ask");
	label_list(json_object_get(m, "brings"), brings, sizeof(brings));
	label_list(json_object_get(m, "fields"), fields, sizeof(fields));
	label_list(json_object_get(m, "wants_to_learn"), wants, sizeof(wants));
	table_add(t, row);
}

static void
show_members(struct cli *cli, const json_t *members)
{
	static const char *const heads[] = { "record", "region", "hours",
		"best at", "at home in", "wants to learn" };
	struct table *t = table_new(heads, 6);
	size_t i;
	json_t *m;

	json_array_foreach(members, i, m) row_add(t, m);
	table_print(t, &cli->out);
}

static void
need_line(struct cli *cli, const json_t *need)
{
	const json_t *could = json_object_get(need, "could_learn");
	char level[24] = "", who[160] = "";

	if (json_int(need, "level") > 0)
		(void)snprintf(level, sizeof(level), " at level %" PRId64,
		    json_int(need, "level"));
	if (json_yes(need, "missing") && json_is_object(could))
		(void)snprintf(who, sizeof(who), "; %s %s",
		    short_id(json_str(could, "record")),
		    json_yes(could, "wants") ? "wants to learn it"
					     : "is nearest to it");
	if (json_yes(need, "missing"))
		output_line(&cli->out, "  missing  %s%s%s%s%s", name_of(need),
		    level, json_yes(need, "must") ? ", a must" : "", who,
		    json_int(need, "credit") > 0 ? " (something near is there)"
						 : "");
	else if (json_yes(need, "fragile"))
		output_line(&cli->out,
		    "  fragile  %s%s: held by %" PRId64 " of %" PRId64,
		    name_of(need), level, json_int(need, "held_by"),
		    json_int(need, "times"));
}

/* Words that are no skill's name, and what was made of them. */
static void
show_read_as(struct cli *cli, const json_t *list)
{
	char text[400];
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	{
		label_list(json_object_get(one, "terms"), text, sizeof(text));
		output_line(&cli->out, "\"%s\" is %s; taken as: %s",
		    json_str(one, "text"),
		    json_is_object(json_object_get(one, "occupation"))
			? "an occupation"
			: "called otherwise",
		    text);
	}
}

static void
show_needs(struct cli *cli, const json_t *needs)
{
	size_t i;
	json_t *need;

	json_array_foreach(needs, i, need) need_line(cli, need);
}

int
run_team_form(struct cli *cli)
{
	json_t *reply;
	int code;

	if (cli_flag(cli, "demand") == NULL && cli_flag(cli, "skills") == NULL)
		return cli_usage(cli,
		    "--demand ID or --skills LIST is needed; yours: ohcn "
		    "demand list");
	code = cli_get(cli, &reply, "/api/v1/team", "demand",
	    cli_flag(cli, "demand"), "skills", cli_flag(cli, "skills"), "size",
	    cli_flag(cli, "size"), "redundancy", cli_flag(cli, "redundancy"),
	    "diversity", cli_flag(cli, "diversity"), "language",
	    cli_flag(cli, "language"), "hours", cli_flag(cli, "hours"), "lang",
	    cli_flag(cli, "lang"), (char *)NULL);
	if (reply == NULL)
		return code;
	show_read_as(cli, json_object_get(reply, "read_as"));
	if (json_array_size(json_object_get(reply, "members")) == 0)
		output_line(&cli->out,
		    "nobody here can do any of it: %" PRId64 " cards looked at",
		    json_int(reply, "looked_at"));
	else
		show_members(cli, json_object_get(reply, "members"));
	output_line(&cli->out,
	    "covered: %" PRId64 ".%" PRId64 " %% of what is needed%s",
	    json_int(reply, "covered") / 10, json_int(reply, "covered") % 10,
	    json_yes(reply, "musts") ? "" : "; a must is missing");
	show_needs(cli, json_object_get(reply, "needs"));
	if (json_str(reply, "language")[0] != '\0')
		output_line(&cli->out, "all speak: %s (or do not say)",
		    json_str(reply, "language"));
	output_note(&cli->out,
	    "%s (%" PRId64 " candidates of %" PRId64 " cards)",
	    json_str(reply, "guarantee"), json_int(reply, "candidates"),
	    json_int(reply, "known"));
	view_line(cli, reply);
	output_note(&cli->out, "a proposal: nobody has been asked or told");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_community_suggest(struct cli *cli)
{
	char needs[500];
	json_t *reply, *cell;
	size_t i;
	int code;

	if (cli_flag(cli, "purpose") == NULL)
		return cli_usage(cli,
		    "--purpose NAME is needed; find one: ohcn vocabulary "
		    "search WORD");
	code = cli_get(cli, &reply, "/api/v1/communities/suggest", "purpose",
	    cli_flag(cli, "purpose"), "size", cli_flag(cli, "size"), "lang",
	    cli_flag(cli, "lang"), (char *)NULL);
	if (reply == NULL)
		return code;
	label_list(json_object_get(reply, "needs"), needs, sizeof(needs));
	output_line(&cli->out, "%s: %" PRId64 " people here care about it",
	    name_of(json_object_get(reply, "purpose")),
	    json_int(reply, "interested"));
	show_guess(cli, json_object_get(reply, "guessed_of"));
	if (json_array_size(json_object_get(reply, "needs")) > 0)
		output_line(&cli->out, "it needs: %s", needs);
	json_array_foreach(json_object_get(reply, "cells"), i, cell)
	{
		output_line(&cli->out,
		    "cell %zu, covers %" PRId64 ".%" PRId64 " %%%s%s", i + 1,
		    json_int(cell, "covered") / 10,
		    json_int(cell, "covered") % 10,
		    json_str(cell, "language")[0] == '\0' ? "" : ", speaks ",
		    json_str(cell, "language"));
		show_members(cli, json_object_get(cell, "members"));
		show_needs(cli, json_object_get(cell, "needs"));
	}
	if (i == 0)
		output_line(
		    &cli->out, "too few who can meet for a cell of five");
	if (json_int(reply, "waiting") + json_int(reply, "unconnected") > 0)
		output_note(&cli->out,
		    "%" PRId64 " wait for others, %" PRId64
		    " share neither language nor place with anybody",
		    json_int(reply, "waiting"), json_int(reply, "unconnected"));
	view_line(cli, reply);
	output_note(&cli->out, "a proposal: nobody is enrolled, asked or told");
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- market ---- */

static size_t
show_plan(struct cli *cli, const json_t *reply)
{
	static const char *const heads[] = { "need", "person", "score", "place",
		"price", "others", "open" };
	struct table *t = table_new(heads, 7);
	size_t i, k, rows = 0;
	json_t *d, *p;

	json_array_foreach(json_object_get(reply, "demands"), i, d)
	{
		const json_t *people = json_object_get(d, "people");
		const char *title =
		    json_str(json_object_get(d, "demand"), "title");
		char open[24];
		const char *none[7] = { title, "-", "-", "-", "-", "-", open };
		(void)snprintf(
		    open, sizeof(open), "%" PRId64, json_int(d, "open_seats"));
		rows++;
		if (json_array_size(people) == 0)
			table_add(t, none);
		json_array_foreach(people, k, p)
		{
			char score[POINTS_TEXT], place[24];
			char price[POINTS_TEXT], others[24];
			const char *row[7] = { k == 0 ? title : "",
				short_id(json_str(p, "record")), score, place,
				price, others, k == 0 ? open : "" };
			(void)points_text(score, json_int(p, "score"));
			(void)snprintf(place, sizeof(place), "%" PRId64,
			    json_int(p, "place"));
			(void)points_text(price, json_int(p, "price"));
			(void)snprintf(others, sizeof(others), "%" PRId64,
			    json_int(p, "others"));
			table_add(t, row);
		}
	}
	if (rows > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
	return rows;
}

static void
show_congestion(struct cli *cli, const json_t *list)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		if (i == 0)
			output_line(&cli->out, "contested:");
		if (i == 10)
			break;
		output_line(&cli->out, "  %s  %s",
		    short_id(json_str(v, "record")), json_str(v, "why"));
	}
}

static void
record_list(const json_t *list, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *v;

	(void)snprintf(out, cap, "nobody");
	json_array_foreach(list, i, v) if (n < cap) n +=
	    (size_t)snprintf(out + n, cap - n, "%s%s", i == 0 ? "" : ", ",
		short_id(json_str(v, "record")));
}

static void
show_what_if(struct cli *cli, const json_t *w)
{
	size_t i;
	json_t *v;

	if (!json_is_object(w))
		return;
	output_line(&cli->out, "%s: the sum would be %s (%s)",
	    json_str(w, "text"),
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(w, "value")),
	    points_change((char[POINTS_TEXT]){ 0 }, json_int(w, "change")));
	json_array_foreach(json_object_get(w, "moves"), i, v)
	{
		char was[200], becomes[200];
		record_list(json_object_get(v, "was"), was, sizeof(was));
		record_list(
		    json_object_get(v, "becomes"), becomes, sizeof(becomes));
		output_line(&cli->out, "  %s: %s instead of %s",
		    json_str(json_object_get(v, "demand"), "title"), becomes,
		    was);
	}
	if (i == 0)
		output_line(&cli->out, "  nobody would move");
}

int
run_market(struct cli *cli)
{
	json_t *reply;

	const int code = cli_get(cli, &reply, "/api/v1/market", "each",
	    cli_flag(cli, "each"), "places", cli_flag(cli, "places"), "without",
	    cli_flag(cli, "without"), "seats", cli_flag(cli, "seats"), "lang",
	    cli_flag(cli, "lang"), (char *)NULL);
	if (reply == NULL)
		return code;
	if (show_plan(cli, reply) == 0)
		output_line(&cli->out,
		    "none of your needs is open: ohcn demand post FILE");
	show_congestion(cli, json_object_get(reply, "congestion"));
	show_what_if(cli, json_object_get(reply, "what_if"));
	output_note(&cli->out,
	    "sum of scores %s%s; the best pair first would come to "
	    "%s; %" PRId64 " of %" PRId64 " seats taken",
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(reply, "value")),
	    json_yes(reply, "exact") ? ", proven to be the most" : "",
	    points_text(
		(char[POINTS_TEXT]){ 0 }, json_int(reply, "best_pair_first")),
	    json_int(reply, "seats_taken"), json_int(reply, "seats"));
	if (!json_yes(reply, "exact"))
		output_note(&cli->out, "no plan comes to more than %s",
		    points_text(
			(char[POINTS_TEXT]){ 0 }, json_int(reply, "bound")));
	output_note(&cli->out, "place: of this person in the need's own list; "
			       "price: what another need gives up");
	view_line(cli, reply);
	output_note(&cli->out, "advice: nobody has been asked, told or bound");
	json_decref(reply);
	return EXIT_DONE;
}
