/* cli/mesh.c: peer explain and topic explain: what the API says, for people. */
#include <stdio.h>

#include "node/cli/commands.h"

static double
points(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void
show_list(struct cli *cli, const char *label, const json_t *list)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		output_line(&cli->out, "%-8s %s", i == 0 ? label : "",
		    json_string_value(v));
	}
}

static const char *
yes_no(bool v)
{
	return v ? "yes" : "no";
}

/* ---- peer ---- */

static void
show_connection(struct cli *cli, const json_t *r)
{
	char since[48], rtt[32] = "";

	span_text(since, sizeof(since), (uint64_t)json_int(r, "since_s"));
	if (json_is_integer(json_object_get(r, "rtt_ms")))
		snprintf(rtt, sizeof(rtt), ", round trip %" PRId64 " ms",
		    json_int(r, "rtt_ms"));
	output_line(&cli->out, "%-8s %s", "agent", json_str(r, "agent"));
	output_line(&cli->out, "%-8s %s, %s, for %s%s%s", "link",
	    json_str(r, "address"),
	    json_yes(r, "outbound") ? "called by us" : "called by it", since,
	    rtt, json_yes(r, "limited") ? ", through a relay" : "");
}

/* Parts that count for nothing are left out. */
static void
show_score(struct cli *cli, const json_t *score)
{
	static const char *const heads[] = { "part", "points", "what",
		"counts" };
	struct table *t = table_new(heads, 4);
	size_t i, rows = 0;
	json_t *v;

	output_line(&cli->out,
	    "%-8s %.3f; gossip with it: %s, our own messages to it: %s, "
	    "ignored: %s",
	    "score", points(score, "points"),
	    yes_no(json_yes(score, "gossips")),
	    yes_no(json_yes(score, "publishes")),
	    yes_no(json_yes(score, "graylisted")));
	json_array_foreach(json_object_get(score, "parts"), i, v)
	{
		char value[32];
		const char *row[4] = { json_str(v, "part"), value,
			json_str(v, "name"), json_str(v, "meaning") };

		if (points(v, "points") > -0.0005 &&
		    points(v, "points") < 0.0005)
			continue;
		snprintf(value, sizeof(value), "%+.3f", points(v, "points"));
		table_add(t, row);
		rows++;
	}
	if (rows > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
}

static void
show_standings(struct cli *cli, const json_t *topics)
{
	static const char *const heads[] = { "topic", "in our mesh", "why",
		"for", "points" };
	struct table *t = table_new(heads, 5);
	size_t i;
	json_t *v;

	json_array_foreach(topics, i, v)
	{
		char span[48] = "", sum[32], why[200];
		const bool member =
		    strcmp(json_str(v, "standing"), "member") == 0;
		const int64_t left = json_int(v, "backoff_s");
		const char *row[5] = { json_str(v, "name"), yes_no(member), why,
			span, sum };

		if (member)
			span_text(span, sizeof(span),
			    (uint64_t)json_int(v, "member_s"));
		snprintf(why, sizeof(why), "%s%s", json_str(v, "text"),
		    member && !json_yes(v, "eager") ? ", ids first" : "");
		if (left > 0)
			snprintf(
			    span, sizeof(span), "%" PRId64 " s more", left);
		snprintf(sum, sizeof(sum), "%.3f",
		    points(v, "P1") + points(v, "P2") + points(v, "P3") +
			points(v, "P3b") + points(v, "P4"));
		table_add(t, row);
	}
	if (i > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
}

static void
show_traffic(struct cli *cli, const json_t *r)
{
	const json_t *c = json_object_get(r, "counts");
	size_t i;
	json_t *v;

	output_line(&cli->out,
	    "%-8s first with %" PRId64 " messages, %" PRId64
	    " duplicates, %" PRId64 " rejected, %" PRId64 " ignored",
	    "from it", json_int(c, "first"), json_int(c, "duplicates"),
	    json_int(c, "invalid"), json_int(c, "ignored"));
	output_line(&cli->out,
	    "%-8s %" PRId64 " messages, %" PRId64 " ids first, %" PRId64
	    " bytes wait",
	    "to it", json_int(c, "sent"), json_int(c, "announced"),
	    json_int(r, "queued_bytes"));
	if (json_int(c, "promises_broken") + json_int(c, "backoff_breached") >
	    0)
		output_line(&cli->out,
		    "%-8s %" PRId64 " promises, %" PRId64
		    " times GRAFT in back-off",
		    "broken", json_int(c, "promises_broken"),
		    json_int(c, "backoff_breached"));
	json_array_foreach(json_object_get(r, "drops"), i, v)
	{
		if (json_int(v, "count") > 0)
			output_line(&cli->out, "%-8s %" PRId64 " %s", "dropped",
			    json_int(v, "count"), json_str(v, "text"));
	}
}

static void
show_known(struct cli *cli, const json_t *known)
{
	const json_t *seen = json_object_get(known, "seen_ago_s");
	char span[48];

	if (!json_is_object(known))
		return;
	show_list(cli, "known at", json_object_get(known, "addresses"));
	if (!json_is_integer(seen))
		return;
	span_text(span, sizeof(span), (uint64_t)json_integer_value(seen));
	output_line(&cli->out, "%-8s %s ago", "seen", span);
}

int
run_peer_explain(struct cli *cli)
{
	char path[400];
	json_t *r = NULL;
	int code;

	if (cli_under(path, sizeof(path), "/api/v1/peers", cli->words[0],
		"explain") != OK)
		return cli_usage(cli, "the id is too long");
	code = cli_call(cli, "GET", path, NULL, &r);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, r))
		return EXIT_DONE;
	output_line(&cli->out, "%-8s %s, %s", "peer", json_str(r, "peer_id"),
	    json_yes(r, "connected") ? "connected" : "not connected");
	show_list(cli, "why", json_object_get(r, "why"));
	show_list(cli, "try", json_object_get(r, "try"));
	if (json_yes(r, "connected"))
		show_connection(cli, r);
	show_known(cli, json_object_get(r, "known"));
	if (json_is_string(json_object_get(r, "gossip"))) {
		show_traffic(cli, r);
		show_score(cli, json_object_get(r, "score"));
		show_standings(cli, json_object_get(r, "topics"));
	}
	json_decref(r);
	return EXIT_DONE;
}

/* ---- topic ---- */

static void
show_peers(struct cli *cli, const json_t *r)
{
	static const char *const heads[] = { "in mesh", "why", "called",
		"points", "first", "again", "agent", "peer" };
	static const char *const keys[] = { "members", "others" };
	struct table *t = table_new(heads, 8);
	size_t rows = 0;

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		size_t i;
		json_t *v;

		json_array_foreach(json_object_get(r, keys[k]), i, v)
		{
			char sum[32], first[24], again[24], why[160];
			const int64_t left = json_int(v, "backoff_s");
			const char *row[8] = { yes_no(k == 0), why,
				json_yes(v, "outbound") ? "by us" : "them", sum,
				first, again, json_str(v, "agent"),
				json_str(v, "peer_id") };

			snprintf(why, sizeof(why), "%s", json_str(v, "text"));
			if (left > 0)
				snprintf(why, sizeof(why),
				    "%s, %" PRId64 " s more",
				    json_str(v, "text"), left);
			snprintf(sum, sizeof(sum), "%.3f", points(v, "points"));
			snprintf(first, sizeof(first), "%" PRId64,
			    json_int(v, "first"));
			snprintf(again, sizeof(again), "%" PRId64,
			    json_int(v, "duplicates"));
			table_add(t, row);
			rows++;
		}
	}
	if (rows > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
}

int
run_topic_explain(struct cli *cli)
{
	char path[700];
	json_t *r = NULL;
	int code;

	if (cli_query(path, sizeof(path), "/api/v1/topics/explain", "name",
		cli->words[0], (char *)NULL) != OK)
		return cli_usage(cli, "the name is too long");
	code = cli_call(cli, "GET", path, NULL, &r);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, r))
		return EXIT_DONE;
	const json_t *wanted = json_object_get(r, "wanted");
	const int64_t messages = json_int(r, "messages");
	output_line(&cli->out, "%-8s %s, %s", "topic", json_str(r, "name"),
	    !json_yes(r, "subscribed") ? "not subscribed"
	    : json_yes(r, "healthy")   ? "healthy"
				       : "something is missing");
	show_list(cli, "why", json_object_get(r, "why"));
	show_list(cli, "try", json_object_get(r, "try"));
	output_line(&cli->out,
	    "%-8s %" PRId64 " of %" PRId64 " subscribed peers; wanted %" PRId64
	    ", %" PRId64 " to %" PRId64 "; called by us %" PRId64
	    ", wanted %" PRId64,
	    "mesh", json_int(r, "mesh"), json_int(r, "peers"),
	    json_int(wanted, "d"), json_int(wanted, "d_lo"),
	    json_int(wanted, "d_hi"), json_int(r, "outbound"),
	    json_int(wanted, "d_out"));
	output_line(&cli->out, "%-8s %" PRId64 ", and %" PRId64 " duplicates",
	    "messages", messages, json_int(r, "duplicates"));
	output_line(&cli->out, "%-8s %.3f in the median of the members",
	    "score", points(r, "median"));
	show_peers(cli, r);
	json_decref(r);
	return EXIT_DONE;
}
