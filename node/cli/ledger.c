/* cli/ledger.c: pledge list|ledger|publish|open|extend|verify. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"
#include "node/cli/pledge.h"
#include "proto/base/text.h"

#define LEDGER "/api/v1/ledger"

/* ---- pledges ---- */

static void
worth(const json_t *p, char *out, size_t cap)
{
	char money[64] = "", hours[32] = "";

	if (json_int(p, "amount") > 0)
		(void)snprintf(money, sizeof(money), " %" PRId64 ".%02d %s",
		    json_int(p, "amount") / 100,
		    (int)(json_int(p, "amount") % 100),
		    json_str(p, "currency"));
	if (json_int(p, "hours") > 0)
		(void)snprintf(hours, sizeof(hours), " %" PRId64 " hours",
		    json_int(p, "hours"));
	(void)snprintf(out, cap, "%s%s%s", json_str(p, "kind"), money, hours);
}

static void
show_totals(struct cli *cli, const json_t *totals)
{
	size_t i;
	json_t *t;

	json_array_foreach(totals, i, t)
	{
		const char *state;
		json_t *sum;
		output_line(&cli->out, "%s, %s%s%s:", json_str(t, "side"),
		    json_str(t, "kind"),
		    json_str(t, "currency")[0] == '\0' ? "" : ", ",
		    json_str(t, "currency"));
		json_object_foreach(json_object_get(t, "states"), state, sum)
		{
			char line[96] = "";
			if (json_int(sum, "count") == 0)
				continue;
			if (json_int(sum, "amount") > 0)
				(void)snprintf(line, sizeof(line),
				    "  %" PRId64 ".%02d",
				    json_int(sum, "amount") / 100,
				    (int)(json_int(sum, "amount") % 100));
			output_line(&cli->out,
			    "    %-8s %4" PRId64 "  %" PRId64 " hours%s", state,
			    json_int(sum, "count"), json_int(sum, "hours"),
			    line);
		}
	}
}

int
run_pledge_list(struct cli *cli)
{
	static const char *const heads[] = { "side", "state", "due", "pledge",
		"title", "agreement", "ledger" };
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, "/api/v1/pledges", "side",
	    cli_flag(cli, "side"), "state", cli_flag(cli, "state"),
	    (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "pledges"), i, one)
	{
		const json_t *place = json_object_get(one, "ledger");
		char due[32], what[128], id[13], leaf[24] = "-";
		const char *row[] = { json_str(one, "side"),
			json_str(one, "state"), due, what,
			json_str(one, "title"), id, leaf };
		time_text(due, sizeof(due), json_int(one, "due"));
		worth(json_object_get(one, "pledge"), what, sizeof(what));
		(void)snprintf(
		    id, sizeof(id), "%s", json_str(one, "agreement"));
		if (json_is_object(place))
			(void)snprintf(leaf, sizeof(leaf), "%" PRId64 "%s",
			    json_int(place, "number"),
			    json_yes(place, "committed") ? "" : " (new)");
		table_add(t, row);
	}
	table_print(t, &cli->out);
	show_totals(cli, json_object_get(reply, "totals"));
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- the ledger ---- */

void
show_pledge_counts(struct cli *cli, const json_t *c)
{
	output_line(&cli->out,
	    "pledged %" PRId64 ": kept %" PRId64 ", partly %" PRId64
	    ", broken %" PRId64 ", lapsed %" PRId64 ", open %" PRId64,
	    json_int(c, "pledged"), json_int(c, "kept"), json_int(c, "partly"),
	    json_int(c, "broken"), json_int(c, "lapsed"), json_int(c, "open"));
	if (json_int(c, "overdue") > 0)
		output_line(&cli->out,
		    "overdue: %" PRId64 ", and in no outcome",
		    json_int(c, "overdue"));
}

static void
show_practice(struct cli *cli, const json_t *p)
{
	const int64_t shown = json_int(p, "shown");
	size_t i;
	json_t *c;

	if (json_is_null(json_object_get(p, "claimed")))
		output_line(
		    &cli->out, "practice: level %" PRId64 " is shown", shown);
	else
		output_line(&cli->out,
		    "practice: claims level %" PRId64 ", level %" PRId64
		    " is shown: %s",
		    json_int(p, "claimed"), shown, json_str(p, "says"));
	json_array_foreach(json_object_get(p, "criteria"), i, c)
	{
		if (json_int(c, "level") != shown + 1)
			continue;
		if (json_is_null(json_object_get(c, "have")))
			output_line(&cli->out,
			    "  level %" PRId64 " needs %s %" PRId64
			    "; counts do not tell it",
			    json_int(c, "level"), json_str(c, "what"),
			    json_int(c, "need"));
		else if (!json_yes(c, "met"))
			output_line(&cli->out,
			    "  level %" PRId64 " needs %s %" PRId64
			    ", there are %" PRId64,
			    json_int(c, "level"), json_str(c, "what"),
			    json_int(c, "need"), json_int(c, "have"));
	}
}

static void
show_ledger(struct cli *cli, const json_t *l)
{
	char when[32];

	output_line(&cli->out, "%s", json_str(l, "company"));
	output_line(&cli->out,
	    "%s: %" PRId64 " leaves, %" PRId64 " under the root",
	    json_str(l, "condition"), json_int(l, "size"),
	    json_int(l, "committed"));
	if (json_str(l, "why")[0] != '\0')
		output_line(&cli->out, "%s", json_str(l, "why"));
	if (json_str(l, "root")[0] != '\0')
		output_line(&cli->out, "root %s", json_str(l, "root"));
	if (json_str(l, "published_root")[0] == '\0')
		output_line(&cli->out, "no root is published");
	else if (strcmp(json_str(l, "root"), json_str(l, "published_root")) !=
		 0)
		output_line(
		    &cli->out, "published %s", json_str(l, "published_root"));
	if (json_int(l, "changes") > 0) {
		time_text(when, sizeof(when), json_int(l, "changes"));
		output_line(&cli->out,
		    "the root changes at the turn of the week, %s", when);
	}
	show_pledge_counts(cli, json_object_get(l, "counts"));
	show_practice(cli, json_object_get(l, "practice"));
}

int
run_pledge_ledger(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = cli_call(cli, "GET", LEDGER, NULL, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_ledger(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_pledge_publish(struct cli *cli)
{
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	json_t *reply = NULL;
	const int code = cli_call(cli, "POST", LEDGER "/publish",
	    json_pack("{s:b}", "dry_run", dry), &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (dry) {
		output_line(&cli->out, "root %s of %" PRId64 " leaves",
		    json_str(reply, "root"), json_int(reply, "size"));
		output_line(&cli->out, "everybody sees %s",
		    json_str(reply, "everybody_sees"));
	} else {
		show_ledger(cli, reply);
	}
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- proofs ---- */

/* The bytes of a proof into the file of --output. */
static int
save(struct cli *cli, const json_t *reply)
{
	const char *path = cli_flag(cli, "output");
	const char *hex = json_str(reply, "bytes_hex");
	const size_t n = strlen(hex) / 2;
	struct problem p = { 0 };
	uint8_t *bytes = malloc(n + 1);
	struct buf out = { bytes, 0, n };
	err e = bytes == NULL ? ERR_NOMEM : hex_get(slice_str(hex), &out);

	if (e == OK && path != NULL && strcmp(path, "-") != 0)
		e = file_replace(path, buf_slice(&out), 0644, &p);
	else if (e == OK && fwrite(bytes, 1, out.n, stdout) != out.n)
		e = ERR_IO;
	free(bytes);
	if (e == OK)
		return EXIT_DONE;
	if (p.code[0] == '\0')
		problem_set(&p, EXIT_DISK, "E1506", "cannot write the output");
	return cli_fail(cli, &p);
}

static int
proof(struct cli *cli, const char *path, json_t *body)
{
	json_t *reply = NULL;
	int code = cli_call(cli, "POST", path, body, &reply);

	if (code != EXIT_DONE)
		return code;
	if (!cli->json || cli_flag(cli, "output") != NULL)
		code = save(cli, reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (!json_yes(reply, "published"))
		output_note(&cli->out,
		    "This root is not published (yet): nobody can check it. "
		    "ohcn pledge ledger says when.");
	json_decref(reply);
	return code;
}

int
run_pledge_open(struct cli *cli)
{
	const char *agreement = cli_flag(cli, "agreement");
	json_t *body = json_object();
	uint64_t first = 0, count = 0;

	int code = cli_number(cli, "first", 0, UINT32_MAX, &first);
	if (code == EXIT_DONE)
		code = cli_number(cli, "count", 1, 64, &count);
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	if (agreement != NULL)
		(void)json_object_set_new(
		    body, "agreement", json_string(agreement));
	if (cli_flag(cli, "first") != NULL || count > 0) {
		(void)json_object_set_new(
		    body, "first", json_integer((json_int_t)first));
		(void)json_object_set_new(
		    body, "count", json_integer((json_int_t)MAX(count, 1)));
	}
	return proof(cli, LEDGER "/open", body);
}

int
run_pledge_extend(struct cli *cli)
{
	return proof(
	    cli, LEDGER "/extend", json_pack("{s:s}", "older", cli->words[0]));
}

int
run_pledge_verify(struct cli *cli)
{
	struct problem p = { 0 };
	struct slice file;
	char hex[2 * 6144 + 1];
	json_t *reply = NULL, *one;
	size_t i;

	if (file_read(cli->words[0], 6144, &file, &p) != OK)
		return cli_fail(cli, &p);
	const err e = hex_put(hex, sizeof(hex), file);
	free((void *)(uintptr_t)file.p);
	if (e != OK)
		return cli_usage(cli, "the file is too large for a proof");
	const int code = cli_call(cli, "POST", LEDGER "/verify",
	    json_pack("{s:s}", "bytes_hex", hex), &reply);
	if (code != EXIT_DONE)
		return code;
	const bool good = json_yes(reply, "good");
	if (cli_show(cli, reply))
		return good ? EXIT_DONE : EXIT_REFUSED;
	output_line(&cli->out, "%s%s%s", json_str(reply, "name"),
	    json_str(reply, "name")[0] == '\0' ? "" : "  ",
	    json_str(reply, "company"));
	output_line(&cli->out, "%s [%s]", json_str(reply, "says"),
	    json_str(reply, "fault"));
	if (good) {
		show_pledge_counts(cli, json_object_get(reply, "counts"));
		show_practice(cli, json_object_get(reply, "practice"));
	}
	json_array_foreach(json_object_get(reply, "leaves"), i, one)
	{
		char at[32];
		time_text(at, sizeof(at), json_int(one, "at"));
		output_line(&cli->out, "  %4" PRId64 "  %-7s %s%s%.12s",
		    json_int(one, "number"), json_str(one, "event"), at,
		    json_str(one, "document")[0] == '\0' ? "" : "  yours: ",
		    json_str(one, "document"));
	}
	json_array_foreach(json_object_get(reply, "missing"), i, one)
	    output_line(&cli->out,
		"  MISSING: your agreement %.12s; you can show this to "
		"others",
		json_string_value(one));
	json_decref(reply);
	return good ? EXIT_DONE : EXIT_REFUSED;
}
