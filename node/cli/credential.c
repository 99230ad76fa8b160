/*
 * cli/credential.c: credentials of others, as files. No node and no network
 * is needed: what is judged lies in the file. Own ones: cli/credential_own.c.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "node/base/since.h"
#include "node/cli/commands.h"
#include "node/credential/report.h"
#include "proto/base/text.h"

/* Texts of strangers on a terminal: no control characters, no tricks. */
static const char *
plain(char *out, size_t cap, const char *text)
{
	struct slice rest = slice_str(text);
	size_t n = 0;

	while (rest.n > 0 && n + 5 < cap) {
		const struct slice at = rest;
		uint32_t cp;
		if (!utf8_next(&rest, &cp))
			break;
		const struct slice one = slice_of(at.p, at.n - rest.n);
		if (text_is_clean(one)) {
			memcpy(out + n, one.p, one.n);
			n += one.n;
		} else {
			out[n++] = '?';
		}
	}
	out[n] = '\0';
	return n == 0 ? "-" : out;
}

static int
read_credential(struct cli *cli, const char *path, json_t **out)
{
	struct slice text;
	struct problem p;
	char why[JCS_WHY] = "", clean[JCS_WHY + 8];

	*out = NULL;
	if (file_read(path, JCS_MAX, &text, &p) != OK)
		return cli_fail(cli, &p);
	const err e = jcs_read(text, out, why);
	free((void *)(uintptr_t)text.p);
	if (e == OK && json_is_object(*out))
		return EXIT_DONE;
	problem_set(&p, EXIT_USAGE, "E1810",
	    "%s does not hold a credential as JSON", path);
	problem_why(&p, "%s",
	    e == OK ? "it is not a JSON object"
		    : plain(clean, sizeof(clean), why));
	problem_hint(&p, "a file of a wallet may be a JWT or an image: export "
			 "the JSON");
	json_decref(*out);
	*out = NULL;
	return cli_fail(cli, &p);
}

/* ---- for people ---- */

static void
line(struct cli *cli, const char *head, const char *text)
{
	char clean[600];

	if (text[0] != '\0')
		output_line(&cli->out, "%-10s %s", head,
		    plain(clean, sizeof(clean), text));
}

static void
line_time(struct cli *cli, const char *head, bool there, int64_t t)
{
	char text[PROOF_TIME_TEXT];

	if (!there || t < 0)
		return;
	proof_time_put(text, (uint64_t)t);
	line(cli, head, text);
}

static void
show_skills(struct cli *cli, const struct credential_view *v)
{
	static const char *const heads[] = { "skill", "level", "term" };
	struct table *t = table_new(heads, ARRAY_LEN(heads));

	for (size_t i = 0; i < v->skills_n; i++) {
		const struct credential_skill *s = &v->skills[i];
		char name[200], value[40], url[300];
		const char *row[] = { plain(name, sizeof(name), s->name),
			plain(value, sizeof(value), s->value),
			plain(url, sizeof(url), s->url) };
		table_add(t, row);
	}
	if (v->skills_n > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
	if (v->skills_left_out > 0)
		output_line(
		    &cli->out, "and %zu more skills", v->skills_left_out);
}

static void
show_view(struct cli *cli, const struct credential_view *v)
{
	line(cli, "name", v->name);
	line(cli, "about", v->description);
	line(cli, "issuer", v->issuer);
	line(cli, "called", v->issuer_name);
	line(cli, "holder", v->subject);
	line_time(cli, "valid from", v->has_from, v->from);
	line_time(cli, "until", v->has_until, v->until);
	line(cli, "form",
	    v->badge ? "Open Badges 3.0 data model, as a "
		       "Verifiable Credential 2.0"
		     : "Verifiable Credential 2.0");
	if (v->subjects_n > 1)
		output_line(&cli->out, "           the first of %zu holders",
		    v->subjects_n);
	show_skills(cli, v);
}

int
run_credential_show(struct cli *cli)
{
	struct credential_view v;
	struct problem p;
	char why[JCS_WHY];
	json_t *document;

	/* What is no file is one that the node holds. */
	if (strcmp(cli->words[0], "-") != 0 &&
	    strchr(cli->words[0], '/') == NULL &&
	    access(cli->words[0], F_OK) != 0)
		return show_credential(cli);
	const int code = read_credential(cli, cli->words[0], &document);

	if (code != EXIT_DONE)
		return code;
	const enum credential_fault f = credential_read(document, &v, why);
	if (f == CREDENTIAL_FINE) {
		if (!cli_tell(cli, credential_view_json(&v))) {
			show_view(cli, &v);
			output_note(&cli->out,
			    "nothing of this is checked; ohcn credential "
			    "verify %s",
			    cli->words[0]);
		}
		json_decref(document);
		return EXIT_DONE;
	}
	json_decref(document);
	problem_set(&p, EXIT_REFUSED, "E1811", "%s [%s]",
	    credential_fault_text(f), credential_fault_name(f));
	problem_why(&p, "%s", why);
	return cli_fail(cli, &p);
}

static const char *
hint_for(const struct credential_check *c)
{
	if (c->fault == CREDENTIAL_UNBOUND_ISSUER)
		return "ask the issuer for their key, then: ohcn credential "
		       "verify FILE --key did:key:...";
	if (c->fault == CREDENTIAL_EXPIRED)
		return "ask the issuer for a new one, or see whether it was "
		       "good then: --at 2026-01-31";
	if (c->fault == CREDENTIAL_BAD_PROOF &&
	    (c->proof.fault == PROOF_UNKNOWN_SUITE ||
		c->proof.fault == PROOF_FOREIGN_METHOD))
		return "use a verifier that knows it: this one reads "
		       "eddsa-jcs-2022 and did:key of Ed25519, and fetches "
		       "nothing";
	if (c->fault == CREDENTIAL_BAD_PROOF)
		return "ask the holder for the file as the issuer signed it";
	return "do not rely on it";
}

static int
fail_check(struct cli *cli, const struct credential_check *c)
{
	const bool bad = c->fault == CREDENTIAL_BAD_PROOF;
	struct problem p;
	char why[JCS_WHY + 8];

	problem_set(&p, EXIT_REFUSED, "E1812", "%s [%s]",
	    bad ? proof_fault_text(c->proof.fault)
		: credential_fault_text(c->fault),
	    credential_outcome(c));
	problem_why(
	    &p, "%s", c->why[0] == '\0' ? "" : plain(why, sizeof(why), c->why));
	problem_hint(&p, "%s", hint_for(c));
	return cli_fail(cli, &p);
}

/* --at and --key; the exit code. */
static int
take_flags(struct cli *cli, uint64_t *now_s, uint8_t key[ED25519_PUBLIC],
    const uint8_t **trusted)
{
	const char *at = cli_flag(cli, "at"), *did = cli_flag(cli, "key");
	uint64_t hour;

	*now_s = (uint64_t)time(NULL);
	*trusted = NULL;
	if (at != NULL) {
		if (since_read(at, *now_s, &hour) != OK || hour == 0)
			return cli_usage(cli, "--at: no time: %s", at);
		*now_s = hour * 3600;
	}
	if (did == NULL)
		return EXIT_DONE;
	if (did_key_get(slice_str(did), key) != OK)
		return cli_usage(
		    cli, "--key: no did:key of Ed25519 (did:key:z6Mk...)");
	*trusted = key;
	return EXIT_DONE;
}

int
run_credential_verify(struct cli *cli)
{
	uint8_t key[ED25519_PUBLIC];
	const uint8_t *trusted;
	struct credential_check c;
	uint64_t now_s;
	json_t *document;
	int code = take_flags(cli, &now_s, key, &trusted);

	if (code == EXIT_DONE)
		code = read_credential(cli, cli->words[0], &document);
	if (code != EXIT_DONE)
		return code;
	(void)credential_verify(document, now_s, trusted, &c);
	code = c.fault == CREDENTIAL_FINE ? EXIT_DONE : EXIT_REFUSED;
	if (cli_tell(cli, credential_check_json(&c))) {
		json_decref(document);
		return code;
	}
	if (code != EXIT_DONE) {
		code = fail_check(cli, &c);
		json_decref(document);
		return code;
	}
	output_line(&cli->out, "good: signed by its issuer, and valid%s",
	    cli_flag(cli, "at") == NULL ? " now" : " then");
	show_view(cli, &c.view);
	if (c.view.has_status)
		output_note(&cli->out,
		    "it names a status, such as a list of those taken back: "
		    "that is elsewhere and was not asked");
	json_decref(document);
	return EXIT_DONE;
}
