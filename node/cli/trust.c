/*
 * cli/trust.c: trust anchor add|remove|list, show, why, attest, withdraw,
 * given; learnability show|why; block and warning.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/base/paths.h"
#include "node/cli/commands.h"
#include "node/cli/pledge.h"
#include "proto/base/text.h"

#define TRUST "/api/v1/trust"

static double
per_cent(const json_t *o, const char *key)
{
	return (double)json_int(o, key) / 10;
}

/* "did:key:z6Mk...abcdef", and the name if there is one. */
static const char *
who_text(const json_t *o, char *out, size_t cap)
{
	const char *did = json_str(o, "key");
	const size_t n = strlen(did);
	const char *name = json_str(o, "label");

	if (name[0] == 0)
		name = json_str(o, "name");
	(void)snprintf(out, cap, "%s%s..%s%s", name, name[0] == 0 ? "" : " (",
	    n > 8 ? did + n - 8 : did, name[0] == 0 ? "" : ")");
	return out;
}

/* ---- @NAME ---- */

/* Of a word: a did:key or "me" as they are; an organisation's key. */
static int
key_of(struct cli *cli, const char *word, char out[128])
{
	json_t *reply = NULL, *found, *one;
	char path[400];
	size_t i;

	if (word[0] != '@') {
		(void)snprintf(out, 128, "%s", word);
		return EXIT_DONE;
	}
	if (cli_query(path, sizeof(path), TRUST "/find", "who", word + 1,
		(char *)NULL) != OK)
		return cli_usage(cli, "the name is too long");
	const int code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	found = json_object_get(reply, "found");
	const size_t n = json_array_size(found);
	if (n == 1)
		(void)snprintf(
		    out, 128, "%s", json_str(json_array_get(found, 0), "key"));
	else {
		struct problem p = { 0 };
		problem_set(&p, EXIT_REFUSED, "E1860",
		    n == 0 ? "no organisation is called \"%s\""
			   : "several organisations are called \"%s\"",
		    word + 1);
		problem_why(
		    &p, n == 0 ? "this node holds no record of one by that name"
			       : "anybody can take a name: the key tells them "
				 "apart");
		json_array_foreach(found, i, one) output_note(&cli->out,
		    "  %s  %s", json_str(one, "key"), json_str(one, "region"));
		problem_hint(&p, "ask them for their did:key, and name that");
		json_decref(reply);
		return cli_fail(cli, &p);
	}
	json_decref(reply);
	return EXIT_DONE;
}

static int
post_key(struct cli *cli, const char *path, json_t *body)
{
	char key[128];
	json_t *reply = NULL;
	int code = key_of(cli, cli->words[0], key);

	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	(void)json_object_set_new(body, "key", json_string(key));
	code = cli_call(cli, "POST", path, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s  %s", json_str(reply, "key"),
	    json_str(reply, "state"));
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- anchors ---- */

int
run_trust_anchor(struct cli *cli)
{
	static const char *const heads[] = { "key", "label", "name", "since" };
	const char *what = cli->words[0];
	const char *label = cli_flag(cli, "label");
	json_t *reply, *list, *one;
	size_t i;

	if (strcmp(what, "add") == 0 || strcmp(what, "remove") == 0) {
		if (cli->words_n != 2)
			return cli_usage(
			    cli, "which key? did:key:..., me or @NAME");
		cli->words[0] = cli->words[1];
		return post_key(cli,
		    strcmp(what, "add") == 0 ? TRUST "/anchors"
					     : TRUST "/anchors/remove",
		    label == NULL ? json_object()
				  : json_pack("{s:s}", "label", label));
	}
	if (strcmp(what, "list") != 0 || cli->words_n != 1)
		return cli_usage(cli, "add KEY, remove KEY or list");
	const int code = cli_get(cli, &reply, TRUST, (char *)NULL);
	if (reply == NULL)
		return code;
	list = json_object_get(reply, "anchors");
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(list, i, one)
	{
		char since[32];
		const char *row[] = { json_str(one, "key"),
			json_str(one, "label"), json_str(one, "name"), since };
		time_text(since, sizeof(since), json_int(one, "added"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	if (json_array_size(list) == 0)
		output_line(&cli->out,
		    "you rely on nobody yet: everybody is a stranger, and no "
		    "evidence counts. ohcn trust anchor add KEY");
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- show, why ---- */

static void
show_ways(struct cli *cli, const json_t *reply, bool all)
{
	const json_t *ways = json_object_get(reply, "ways");
	json_t *one, *key;
	size_t i, k;

	json_array_foreach(ways, i, one)
	{
		char line[600] = "", who[140];
		size_t at = 0;
		if (!all && i == 3) {
			output_line(&cli->out, "  and %" PRId64 " more ways",
			    json_int(reply, "ways_in_all") - 3);
			break;
		}
		json_array_foreach(json_object_get(one, "keys"), k, key)
		{
			const int n = snprintf(line + at, sizeof(line) - at,
			    "%s%s", k == 0 ? "" : " -> ",
			    who_text(key, who, sizeof(who)));
			at += n < 0 ? 0 : MIN((size_t)n, sizeof(line) - at - 1);
		}
		output_line(&cli->out, "  %5.1f %%  %s",
		    per_cent(one, "amount_permille"), line);
	}
}

static int
show_trust(struct cli *cli, bool all)
{
	char key[128], path[200];
	json_t *reply = NULL, *one;
	size_t i;
	int code = key_of(cli, cli->words[0], key);

	if (code != EXIT_DONE)
		return code;
	if (cli_under(path, sizeof(path), TRUST "/keys", key, "") != OK)
		return cli_usage(cli, "the key is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s  %s", json_str(reply, "key"),
	    json_str(reply, "name"));
	output_line(&cli->out, "trust %.1f %%: %s",
	    per_cent(reply, "trust_permille"), json_str(reply, "says"));
	show_ways(cli, reply, all);
	json_array_foreach(json_object_get(reply, "warnings"), i, one)
	    output_line(&cli->out, "warned of: %s, says list \"%s\"",
		json_str(one, "reason"), json_str(one, "title"));
	if (json_yes(reply, "blocked"))
		output_line(&cli->out, "blocked: its offers are dropped");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_trust_show(struct cli *cli)
{
	return show_trust(cli, false);
}

int
run_trust_why(struct cli *cli)
{
	return show_trust(cli, true);
}

/* ---- what is vouched for, in public ---- */

static int
publish_attestation(struct cli *cli, const char *path, json_t *body)
{
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	char key[128];
	json_t *reply = NULL;
	int code = key_of(cli, cli->words[0], key);

	(void)json_object_set_new(body, "key", json_string(key));
	(void)json_object_set_new(body, "dry_run", json_boolean(dry));
	if (code == EXIT_DONE && !dry &&
	    !cli_confirm(cli,
		"Everybody will be able to read that this persona vouches for "
		"that key, also after it is taken back. Go on?"))
		code = cli_not_confirmed(cli, "E1861", "nothing was published");
	if (code != EXIT_DONE) {
		json_decref(body);
		return code;
	}
	code = cli_call(cli, "POST", path, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s  %s%s", json_str(reply, "key"),
	    json_str(reply, "state"), dry ? " (dry run)" : "");
	output_line(
	    &cli->out, "everybody sees %s", json_str(reply, "everybody_sees"));
	return show_publication(cli, reply);
}

int
run_trust_attest(struct cli *cli)
{
	uint64_t share = 0, days = 365;
	const char *vouches = cli_flag(cli, "for");
	const char *note = cli_flag(cli, "note");
	const char *known = cli_flag(cli, "known-by");
	json_t *body;
	int code = cli_number(cli, "share", 1, 1000, &share);

	if (code == EXIT_DONE)
		code = cli_number(cli, "days", 1, 400, &days);
	if (code != EXIT_DONE)
		return code;
	if (share == 0)
		return cli_usage(cli, "--share 1..1000 is missing: how many "
				      "thousandths of your weight");
	body = json_pack(
	    "{s:I,s:I}", "share", (json_int_t)share, "days", (json_int_t)days);
	if (vouches != NULL)
		(void)json_object_set_new(
		    body, "vouches", cli_words(vouches, ","));
	if (note != NULL)
		(void)json_object_set_new(
		    body, "description", json_pack("{s:s}", "en", note));
	if (known != NULL)
		(void)json_object_set_new(body, "known_by", json_string(known));
	return publish_attestation(cli, TRUST "/attestations", body);
}

int
run_trust_withdraw(struct cli *cli)
{
	return publish_attestation(
	    cli, TRUST "/attestations/withdraw", json_object());
}

int
run_trust_given(struct cli *cli)
{
	static const char *const heads[] = { "key", "share", "until" };
	json_t *reply, *one;
	size_t i;
	const int code =
	    cli_get(cli, &reply, TRUST "/attestations", (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_array_foreach(json_object_get(reply, "attestations"), i, one)
	{
		char share[24], until[32];
		const char *row[] = { json_str(one, "key"), share, until };
		(void)snprintf(
		    share, sizeof(share), "%" PRId64, json_int(one, "share"));
		time_text(until, sizeof(until), json_int(one, "until"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	output_line(&cli->out,
	    "given: %" PRId64 " of %" PRId64
	    " thousandths; over that each is worth less in proportion",
	    json_int(reply, "given"), json_int(reply, "whole"));
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- learnability ---- */

static void
show_parts(struct cli *cli, const json_t *reply)
{
	static const char *const heads[] = { "part", "score", "weight",
		"what it is" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(reply, "parts"), i, one)
	{
		char score[16], weight[16];
		const char *row[] = { json_str(one, "name"), score, weight,
			json_str(one, "means") };
		(void)snprintf(score, sizeof(score), "%.1f",
		    per_cent(one, "score_permille"));
		(void)snprintf(weight, sizeof(weight), "%" PRId64 " %%",
		    json_int(one, "weight"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
}

static void
show_list(struct cli *cli, const json_t *list, const char *before)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
	    output_line(&cli->out, "%s%s", before, json_string_value(one));
}

static void
show_why(struct cli *cli, const json_t *reply)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(reply, "sources"), i, one)
	{
		char who[140];
		output_line(&cli->out,
		    "from %s: trust %.1f %%, %" PRId64 " outcomes",
		    who_text(one, who, sizeof(who)),
		    per_cent(one, "trust_permille"), json_int(one, "outcomes"));
	}
	if (json_is_null(json_object_get(reply, "contributions"))) {
		output_line(&cli->out, "what each outcome is worth takes too "
				       "long to work out: there are too many");
		return;
	}
	json_array_foreach(json_object_get(reply, "contributions"), i, one)
	    output_line(&cli->out, "without document %.12s it is %.1f less",
		json_str(one, "document"),
		(double)json_int(one, "score") * 100 / 65536);
	if (json_int(reply, "rest") != 0)
		output_line(&cli->out,
		    "%.1f is of several together: one stands for another",
		    (double)json_int(reply, "rest") * 100 / 65536);
}

static int
learnability(struct cli *cli, bool why)
{
	const char *role = cli_flag(cli, "company") != NULL  ? "company"
			   : cli_flag(cli, "person") != NULL ? "person"
							     : NULL;
	char key[128], base[200], path[300];
	json_t *reply = NULL;
	int code = key_of(cli, cli->words_n == 0 ? "me" : cli->words[0], key);

	if (code != EXIT_DONE)
		return code;
	if (cli_under(base, sizeof(base), "/api/v1/learnability", key, "") !=
		OK ||
	    cli_query(path, sizeof(path), base, "role", role, "why",
		why ? "1" : NULL, (char *)NULL) != OK)
		return cli_usage(cli, "the key is too long");
	code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s  %s as %s", json_str(reply, "key"),
	    json_str(reply, "name"), json_str(reply, "role"));
	output_line(&cli->out, "%s", json_str(reply, "says"));
	if (json_int(reply, "counterparties") > 0)
		show_parts(cli, reply);
	const json_t *ledger = json_object_get(reply, "ledger");
	if (json_is_object(ledger)) {
		output_line(&cli->out, "its ledger, as it was opened to you%s:",
		    json_yes(ledger, "current")
			? ""
			: " under a root of before: ask for it anew");
		show_pledge_counts(cli, json_object_get(ledger, "counts"));
	}
	show_list(cli, json_object_get(reply, "hints"), "note: ");
	if (why)
		show_why(cli, reply);
	show_list(cli, json_object_get(reply, "would_change"), "it takes: ");
	output_line(&cli->out,
	    "your view alone: told to nobody, and no list is ordered by it "
	    "(%.16s)",
	    json_str(reply, "hash"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_learnability_show(struct cli *cli)
{
	return learnability(cli, false);
}

int
run_learnability_why(struct cli *cli)
{
	return learnability(cli, true);
}

/* ---- blocks ---- */

int
run_block_add(struct cli *cli)
{
	return post_key(cli, "/api/v1/blocks", json_object());
}

int
run_block_remove(struct cli *cli)
{
	return post_key(cli, "/api/v1/blocks/remove", json_object());
}

int
run_block_list(struct cli *cli)
{
	json_t *reply;
	const int code = cli_get(cli, &reply, "/api/v1/blocks", (char *)NULL);

	if (reply == NULL)
		return code;
	show_list(cli, json_object_get(reply, "blocked"), "");
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- warning lists ---- */

#define WARNINGS "/api/v1/warnings"
#define LIST_MAX 65536

static void
show_head(struct cli *cli, const json_t *o)
{
	char until[32];

	time_text(until, sizeof(until), json_int(o, "expires"));
	output_line(&cli->out,
	    "%s  %s: %s, %" PRId64 " keys, until %s%s, by %s",
	    json_str(o, "id"), json_str(o, "effect"), json_str(o, "title"),
	    json_int(o, "keys"), until, json_yes(o, "expired") ? " (over)" : "",
	    json_str(o, "issuer"));
}

int
run_warning_import(struct cli *cli)
{
	const char *effect = cli_flag(cli, "effect");
	struct problem p = { 0 };
	struct slice bytes;
	json_t *reply = NULL, *body = json_object();

	if (file_read(cli->words[0], LIST_MAX, &bytes, &p) != OK) {
		json_decref(body);
		return cli_fail(cli, &p);
	}
	char *hex = malloc(2 * bytes.n + 1);
	if (hex != NULL && hex_put(hex, 2 * bytes.n + 1, bytes) == OK)
		(void)json_object_set_new(body, "list", json_string(hex));
	free(hex);
	free((void *)(uintptr_t)bytes.p);
	if (effect != NULL)
		(void)json_object_set_new(body, "effect", json_string(effect));
	const int code = cli_call(cli, "POST", WARNINGS, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_head(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_warning_list(struct cli *cli)
{
	json_t *reply, *one;
	size_t i;
	const int code = cli_get(cli, &reply, WARNINGS, (char *)NULL);

	if (reply == NULL)
		return code;
	json_array_foreach(json_object_get(reply, "lists"), i, one)
	    show_head(cli, one);
	if (json_array_size(json_object_get(reply, "lists")) == 0)
		output_line(&cli->out, "none: there is none by itself");
	json_decref(reply);
	return EXIT_DONE;
}

static int
one_list(struct cli *cli, const char *method, const char *what, json_t *body,
    json_t **reply)
{
	char path[200];

	if (cli_under(path, sizeof(path), WARNINGS, cli->words[0], what) !=
	    OK) {
		json_decref(body);
		return cli_usage(cli, "the id is too long");
	}
	return cli_call(cli, method, path, body, reply);
}

int
run_warning_show(struct cli *cli)
{
	json_t *reply = NULL, *one;
	size_t i;
	const int code = one_list(cli, "GET", "", NULL, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_head(cli, reply);
	json_array_foreach(
	    json_object_get(reply, "entries"), i, one) output_line(&cli->out,
	    "  %s  %s%s%s", json_str(one, "key"), json_str(one, "reason"),
	    json_str(one, "text")[0] == 0 ? "" : ": ", json_str(one, "text"));
	json_decref(reply);
	return EXIT_DONE;
}

static int
changed(struct cli *cli, const char *what, json_t *body)
{
	json_t *reply = NULL;
	const int code = one_list(cli, "POST", what, body, &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_head(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

int
run_warning_set(struct cli *cli)
{
	return changed(
	    cli, "effect", json_pack("{s:s}", "effect", cli->words[1]));
}

int
run_warning_remove(struct cli *cli)
{
	return changed(cli, "remove", json_object());
}

/* KEY,REASON[,TEXT] a line. */
static json_t *
entries_of(const char *text)
{
	json_t *list = json_array();
	char *copy = strdup(text), *rest = NULL;

	for (char *line = copy == NULL ? NULL : strtok_r(copy, "\n", &rest);
	     line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char *reason = strchr(line, ','), *words = NULL;
		if (line[0] == '#' || line[0] == 0 || line[0] == '\r')
			continue;
		if (reason != NULL) {
			*reason++ = 0;
			words = strchr(reason, ',');
		}
		if (words != NULL)
			*words++ = 0;
		json_t *o = json_pack("{s:s,s:s}", "key", line, "reason",
		    reason == NULL ? "" : reason);
		if (words != NULL && words[0] != 0)
			(void)json_object_set_new(
			    o, "text", json_string(words));
		(void)json_array_append_new(list, o);
	}
	free(copy);
	return list;
}

int
run_warning_make(struct cli *cli)
{
	const char *title = cli_flag(cli, "title");
	const char *path = cli_flag(cli, "output");
	uint8_t bytes[16384];
	struct buf b = { bytes, 0, sizeof(bytes) };
	json_t *reply = NULL, *text = NULL, *body;
	struct problem p = { 0 };
	uint64_t days = 180;
	int code = cli_number(cli, "days", 1, 400, &days);

	if (code == EXIT_DONE)
		code = title == NULL || path == NULL
			   ? cli_usage(cli, "--title TEXT and --output FILE "
					    "are needed")
			   : read_text(cli, cli->words[0], &text);
	if (code != EXIT_DONE)
		return code;
	body = json_pack("{s:s,s:I,s:o}", "title", title, "days",
	    (json_int_t)days, "entries", entries_of(json_string_value(text)));
	json_decref(text);
	code = cli_call(cli, "POST", WARNINGS "/make", body, &reply);
	if (code != EXIT_DONE)
		return code;
	if (hex_get(slice_str(json_str(reply, "list")), &b) != OK ||
	    file_replace(path, buf_slice(&b), 0644, &p) != OK) {
		json_decref(reply);
		if (p.code[0] == 0)
			problem_set(&p, EXIT_REFUSED, "E1862",
			    "the answer cannot be read");
		return cli_fail(cli, &p);
	}
	(void)json_object_del(reply, "list");
	if (cli_show(cli, reply))
		return EXIT_DONE;
	output_line(&cli->out, "%s: %" PRId64 " keys. Everybody sees %s", path,
	    json_int(reply, "keys"), json_str(reply, "everybody_sees"));
	json_decref(reply);
	return EXIT_DONE;
}
