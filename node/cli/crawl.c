/* cli/crawl.c: crawl run and crawl diff: a process of its own, no node. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "node/base/env.h"
#include "node/cli/commands.h"
#include "node/crawl/crawl.h"
#include "proto/base/text.h"

#define LINE_S      10 /* between lines of progress that are not redrawn */
#define RATE_MAX    1000
#define COMMAND_MAX 1000

struct crawling {
	struct cli *cli;
	struct crawl_config cf;
	struct crawl_seed *seeds;
	uint32_t seeds_n;
	char command[COMMAND_MAX];
	bool redrawn;
	uint64_t told_s;
};

/* ---- what is asked for ---- */

static int
take_u32(struct cli *cli, const char *flag, uint64_t min, uint64_t max,
    uint32_t *out)
{
	uint64_t v = *out;
	const int code = cli_number(cli, flag, min, max, &v);

	*out = (uint32_t)v;
	return code;
}

static int
take_rate(struct cli *cli, uint32_t *milli)
{
	const char *text = cli_flag(cli, "rate");
	char *end = NULL;

	if (text == NULL)
		return EXIT_DONE;
	const double rate = strtod(text, &end);
	if (end == text || (*end != 0 && strcmp(end, "/s") != 0) ||
	    !(rate >= 0.001 && rate <= RATE_MAX))
		return cli_usage(cli,
		    "--rate %s: calls per second, 0.001 to %d", text, RATE_MAX);
	*milli = (uint32_t)(rate * 1000);
	return EXIT_DONE;
}

static int
take_kinds(struct cli *cli, uint64_t kinds[2])
{
	const char *at = cli_flag(cli, "kinds");

	if (at == NULL)
		return EXIT_DONE;
	kinds[0] = kinds[1] = 0;
	while (*at != 0) {
		char name[24] = "";
		const size_t n = strcspn(at, ", ");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, at);
		const uint32_t k = kind_by_name(name);
		if (k == 0)
			return cli_usage(
			    cli, "--kinds: there is no kind \"%s\"", name);
		kinds[0] |= UINT64_C(1) << k;
		at += n + (at[n] != 0);
	}
	return EXIT_DONE;
}

static int
take_contact(struct cli *cli, struct crawl_parameters *p)
{
	const char *text = cli_flag(cli, "contact");

	if (text == NULL)
		text =
		    p->contact[0] != 0 ? p->contact : cli->config.crawl.contact;
	if (strlen(text) > CRAWL_CONTACT_MAX || !text_is_clean(slice_str(text)))
		return cli_usage(cli,
		    "--contact: clean text of at most %d bytes",
		    CRAWL_CONTACT_MAX);
	if (text != p->contact)
		(void)snprintf(p->contact, sizeof(p->contact), "%s", text);
	return EXIT_DONE;
}

static int
take_parameters(struct cli *cli, struct crawl_parameters *p)
{
	int code = cli_number(cli, "limit", 1, INT64_MAX, &p->limit);

	if (code == EXIT_DONE)
		code = take_rate(cli, &p->rate_milli);
	if (code == EXIT_DONE)
		code = take_u32(
		    cli, "parallel", 1, CRAWL_PARALLEL_MAX, &p->parallel);
	if (code == EXIT_DONE)
		code = take_u32(cli, "retries", 0, 10, &p->retries);
	if (code == EXIT_DONE)
		code = take_u32(cli, "subnet-pause", 0, 3600, &p->subnet_s);
	if (code == EXIT_DONE)
		code = take_u32(cli, "visit-time", 10, 86400, &p->visit_s);
	if (code == EXIT_DONE)
		code =
		    cli_number(cli, "peers-max", 1, 100000000, &p->peers_max);
	if (code == EXIT_DONE)
		code = take_kinds(cli, p->kinds);
	if (code == EXIT_DONE)
		code = take_contact(cli, p);
	if (cli_flag(cli, "addresses") != NULL)
		p->addresses = true;
	if (cli_flag(cli, "keep-key") != NULL)
		p->keep_key = true;
	if (cli_flag(cli, "no-records") != NULL)
		p->records = false;
	return code;
}

/* ---- where to begin ---- */

static void
seed_add(struct crawling *x, const struct crawl_seed *s)
{
	if (x->seeds_n < CRAWL_SEEDS_MAX)
		x->seeds[x->seeds_n++] = *s;
}

static void
seeds_of_peer(struct crawling *x, const json_t *peer, const json_t *addrs)
{
	const char *id = json_str(peer, "peer_id");
	size_t i;
	json_t *v;

	json_array_foreach(addrs, i, v)
	{
		char text[MULTIADDR_TEXT_MAX];
		struct crawl_seed s;
		(void)snprintf(
		    text, sizeof(text), "%s/p2p/%s", json_string_value(v), id);
		if (crawl_seed_get(text, FRONTIER_NODE, &s) == OK)
			seed_add(x, &s);
	}
}

/* The node of this home, if one runs: itself, and whom it knows. */
static void
seeds_of_node(struct crawling *x)
{
	struct problem p = { 0 };
	struct cli *cli = x->cli;
	json_t *status = NULL, *known = NULL, *v;
	size_t i;

	if (cli_flag(cli, "no-node") != NULL ||
	    client_new(&cli->paths, cli->api, &cli->client, &p) != OK)
		return;
	client_timeout(cli->client, 10);
	if (client_call(
		cli->client, "GET", "/api/v1/status", NULL, &status, &p) != OK)
		return;
	json_array_foreach(json_object_get(status, "addresses"), i, v)
	{
		struct crawl_seed s;
		if (crawl_seed_get(json_string_value(v), FRONTIER_NODE, &s) ==
		    OK)
			seed_add(x, &s);
	}
	json_decref(status);
	if (client_call(cli->client, "GET", "/api/v1/peers/known", NULL, &known,
		&p) != OK)
		return;
	json_array_foreach(json_object_get(known, "peers"), i, v)
	{
		seeds_of_peer(x, v, json_object_get(v, "addresses"));
	}
	json_decref(known);
}

static int
take_seeds(struct crawling *x)
{
	struct cli *cli = x->cli;
	const struct config_list *list = &cli->config.peers.bootstrap;
	struct crawl_seed s;

	x->seeds = calloc(CRAWL_SEEDS_MAX, sizeof(*x->seeds));
	if (x->seeds == NULL)
		return cli_usage(cli, "out of memory");
	for (unsigned i = 0; i < cli->words_n; i++) {
		if (crawl_seed_get(cli->words[i], FRONTIER_SEED, &s) != OK)
			return cli_usage(cli,
			    "%s: a multiaddr that ends in /p2p/ID is needed",
			    cli->words[i]);
		seed_add(x, &s);
	}
	for (size_t i = 0; i < list->n; i++)
		if (crawl_seed_get(list->v[i], FRONTIER_SEED, &s) == OK)
			seed_add(x, &s);
	seeds_of_node(x);
	x->cf.seeds = x->seeds;
	x->cf.seeds_n = x->seeds_n;
	if (x->seeds_n > 0 || x->cf.resume)
		return EXIT_DONE;
	struct problem p;
	problem_set(&p, EXIT_USAGE, "E1028", "there is nobody to begin with");
	problem_hint(&p, "ohcn crawl run -o DIR "
			 "/ip4/192.0.2.1/tcp/4141/p2p/12D3KooW..., or start "
			 "the node: ohcn up");
	return cli_fail(cli, &p);
}

/* What was typed, for the manifest. */
static void
take_command(struct crawling *x)
{
	const struct cli *cli = x->cli;
	size_t n = 0;

	n += (size_t)snprintf(x->command, sizeof(x->command), "ohcn crawl run");
	for (int i = 0; cli->command->flags[i].name != NULL; i++) {
		const struct cli_flag *f = &cli->command->flags[i];
		if (cli->flag_values[i] == NULL || n >= sizeof(x->command))
			continue;
		n += (size_t)snprintf(x->command + n, sizeof(x->command) - n,
		    " --%s%s%s", f->name, f->value == NULL ? "" : " ",
		    f->value == NULL ? "" : cli->flag_values[i]);
	}
	x->cf.command = x->command;
}

/* ---- progress ---- */

static void
tell_json(const struct crawl_progress *g)
{
	const struct frontier_totals *t = &g->totals;
	json_t *o = json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b}",
	    "schema", "ohcn.crawl.progress/1", "seconds",
	    (json_int_t)g->seconds, "peers_heard_of", (json_int_t)t->peers,
	    "visits", (json_int_t)t->visits, "answered",
	    (json_int_t)t->answered, "unreachable", (json_int_t)t->unreachable,
	    "opted_out", (json_int_t)t->opted_out, "waiting",
	    (json_int_t)t->waiting, "visiting", (json_int_t)g->visiting,
	    "records", (json_int_t)g->records, "writing", g->ended);
	char *text = o == NULL
			 ? NULL
			 : json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);

	if (text != NULL)
		(void)fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(o);
}

static void
on_progress(void *ctx, const struct crawl_progress *g)
{
	struct crawling *x = ctx;
	const struct frontier_totals *t = &g->totals;
	const bool draws = isatty(STDERR_FILENO) == 1;

	if (x->cli->json) {
		tell_json(g);
		return;
	}
	if (x->cli->quiet ||
	    (!draws && !g->ended && g->seconds < x->told_s + LINE_S))
		return;
	x->told_s = g->seconds;
	(void)fprintf(stderr,
	    "%s%" PRIu64 " s: %" PRIu64 " peers heard of, %" PRIu64
	    " answered, %" PRIu64 " unreachable, %" PRIu64
	    " want no crawl, %" PRIu64 " wait; %" PRIu64 " records%s%s",
	    draws ? "\r" : "", g->seconds, t->peers, t->answered,
	    t->unreachable, t->opted_out, t->waiting, g->records,
	    draws ? "\033[K" : "", draws && !g->ended ? "" : "\n");
	(void)fflush(stderr);
}

/* ---- crawl run ---- */

static void
show_plan(struct cli *cli, json_t *o)
{
	const char *name, *with = "with   ";
	json_t *list, *v;
	size_t i;
	char *text;

	output_line(&cli->out, "A dry run: nobody is called, nothing is "
			       "written.");
	output_line(&cli->out, "agent   %s", json_str(o, "agent"));
	output_line(&cli->out, "folder  %s",
	    json_is_string(json_object_get(o, "folder"))
		? json_str(o, "folder")
		: "(-o DIR is not given)");
	list = json_object_get(o, "seeds");
	json_array_foreach(list, i, v)
	{
		output_line(&cli->out, "%s %s/p2p/%s (%s)",
		    i == 0 ? "begins " : "       ", json_str(v, "address"),
		    json_str(v, "peer"), json_str(v, "source"));
	}
	json_object_foreach(json_object_get(o, "parameters"), name, v)
	{
		text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
		output_line(&cli->out, "%s %s = %s", with, name,
		    text == NULL ? "" : text);
		with = "       ";
		free(text);
	}
	json_array_foreach(json_object_get(o, "files"), i, v)
	{
		output_line(&cli->out, "%s %-28s %s",
		    i == 0 ? "writes " : "       ", json_str(v, "name"),
		    json_str(v, "about"));
	}
	json_array_foreach(json_object_get(o, "sends"), i, v)
	{
		output_line(&cli->out, "%s %s, %" PRId64 " bytes: %s",
		    i == 0 ? "sends  " : "       ", json_str(v, "what"),
		    json_int(v, "bytes"), json_str(v, "why"));
		output_line(&cli->out, "          %s", json_str(v, "hex"));
	}
}

static int
plan(struct crawling *x)
{
	json_t *o = crawl_plan(&x->cf);

	if (cli_show(x->cli, o))
		return EXIT_DONE;
	show_plan(x->cli, o);
	json_decref(o);
	return EXIT_DONE;
}

static void
show_result(struct cli *cli, const json_t *o, const char *dir)
{
	const json_t *counts = json_object_get(o, "counts");
	json_t *v;
	size_t i;

	output_line(&cli->out,
	    "%s: %" PRId64 " peers heard of, %" PRId64 " answered, %" PRId64
	    " unreachable, %" PRId64 " want no crawl; %" PRId64 " records",
	    json_str(o, "state"), json_int(counts, "peers_heard_of"),
	    json_int(counts, "answered"), json_int(counts, "unreachable"),
	    json_int(counts, "opted_out"), json_int(counts, "records"));
	json_array_foreach(json_object_get(o, "files"), i, v)
	{
		char size[32];
		size_text(size, sizeof(size), (uint64_t)json_int(v, "bytes"));
		output_line(&cli->out, "  %-32s %10" PRId64 " rows %12s",
		    json_str(v, "name"), json_int(v, "rows"), size);
	}
	output_note(&cli->out,
	    "in %s; read it: cd %s && duckdb -init "
	    "schema/duckdb.sql",
	    dir, dir);
	if (strcmp(json_str(o, "state"), "partial") == 0)
		output_note(&cli->out,
		    "go on: ohcn crawl run --resume -o %s\n"
		    "%s/%s holds ids and addresses until then",
		    dir, dir, CRAWL_WORK);
}

static int
run(struct crawling *x)
{
	struct problem p = { 0 };
	enum crawl_end end = CRAWL_ALL;
	json_t *manifest = NULL;
	const err e = crawl_run(&x->cf, &end, &manifest, &p);

	if (e != OK) {
		json_decref(manifest);
		return cli_fail(x->cli, &p);
	}
	const json_t *counts = json_object_get(manifest, "counts");
	const bool met =
	    json_int(counts, "answered") + json_int(counts, "opted_out") > 0;
	(void)json_object_del(manifest, "schema"); /* it gets the command's */
	if (!cli_show(x->cli, manifest)) {
		show_result(x->cli, manifest, x->cf.dir);
		json_decref(manifest);
	}
	if (end == CRAWL_STOPPED)
		return EXIT_PARTIAL;
	if (!met)
		output_note(&x->cli->out, "nobody answered: is the network "
					  "the right one (node.network, "
					  "network.psk_file)?");
	return met ? EXIT_DONE : EXIT_UNREACHABLE;
}

int
run_crawl_run(struct cli *cli)
{
	struct crawling x = { .cli = cli };
	struct problem p = { 0 };
	int code = cli_need_config(cli);

	if (code != EXIT_DONE)
		return code;
	x.cf = (struct crawl_config){ .config = &cli->config,
		.dir = cli_flag(cli, "output"),
		.resume = cli_flag(cli, "resume") != NULL,
		.progress = on_progress,
		.ctx = &x,
		.parameters = crawl_parameters_default() };
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	if (x.cf.dir == NULL && (!dry || x.cf.resume))
		return cli_usage(cli, "-o DIR is missing: where to write");
	if (x.cf.resume &&
	    crawl_resume_parameters(x.cf.dir, &x.cf.parameters, &p) != OK)
		return cli_fail(cli, &p);
	if (!x.cf.resume)
		(void)snprintf(x.cf.parameters.network,
		    sizeof(x.cf.parameters.network), "%s",
		    cli->config.node.network);
	code = take_parameters(cli, &x.cf.parameters);
	if (code == EXIT_DONE)
		code = take_seeds(&x);
	take_command(&x);
	if (code == EXIT_DONE && x.cf.parameters.contact[0] == 0 && !cli->quiet)
		output_note(&cli->out,
		    "tell whom you visit how to reach you: --contact TEXT or "
		    "crawl.contact");
	if (code == EXIT_DONE)
		code = dry ? plan(&x) : run(&x);
	free(x.seeds);
	return code;
}

/* ---- crawl diff ---- */

static void
show_diff(struct cli *cli, const json_t *o)
{
	static const char *const heads[] = { "kind", "region", "before",
		"after", "appeared", "vanished", "changed",
		"of these deleted" };
	static const char *const keys[] = { "before", "after", "appeared",
		"vanished", "changed", "deleted" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	const char *name;
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(o, "notes"), i, v)
	{
		output_line(&cli->out, "note: %s", json_string_value(v));
	}
	json_object_foreach(
	    (json_t *)(uintptr_t)json_object_get(o, "network"), name, v)
	{
		output_line(&cli->out,
		    "%-16s %8" PRId64 " -> %8" PRId64 "  %+" PRId64, name,
		    json_int(v, "before"), json_int(v, "after"),
		    json_int(v, "change"));
	}
	json_array_foreach(json_object_get(o, "records"), i, v)
	{
		char cells[6][24];
		const char *row[8] = { json_str(v, "kind"),
			json_str(v, "region") };
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			(void)snprintf(cells[k], sizeof(cells[k]), "%" PRId64,
			    json_int(v, keys[k]));
			row[2 + k] = cells[k];
		}
		table_add(t, row);
	}
	if (i > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
	json_array_foreach(json_object_get(o, "terms"), i, v)
	{
		output_line(&cli->out,
		    "%s %s %s %s %s: records %" PRId64 " -> %" PRId64
		    ", authors %" PRId64 " -> %" PRId64,
		    json_str(v, "what"), json_str(v, "kind"),
		    json_str(v, "region"), json_str(v, "term"),
		    json_str(v, "label"), json_int(v, "records_before"),
		    json_int(v, "records"), json_int(v, "authors_before"),
		    json_int(v, "authors"));
	}
}

int
run_crawl_diff(struct cli *cli)
{
	struct problem p = {
		.exit = EXIT_TEMPORARY, .code = "E1000", .what = "no memory"
	};
	json_t *o = NULL;

	if (crawl_diff(cli->words[0], cli->words[1], &o, &p) != OK) {
		json_decref(o);
		return cli_fail(cli, &p);
	}
	if (cli_show(cli, o))
		return EXIT_DONE;
	show_diff(cli, o);
	json_decref(o);
	return EXIT_DONE;
}
