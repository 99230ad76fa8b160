/* cli/talk.c: offer send|list|show|answer, inbox list|show|answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/cli/commands.h"
#include "node/cli/pledge.h"

#define BASE "/api/v1/talks"

/* ---- lists ---- */

static int
list(struct cli *cli, const char *side, bool hands)
{
	static const char *const heads[] = { "id", "state", "asks", "role",
		"peer", "relied on", "ends" };
	json_t *reply, *all, *one;
	size_t i;
	const int code = cli_get(cli, &reply, BASE, "side", side, (char *)NULL);

	if (reply == NULL)
		return code;
	struct table *t = table_new(heads, ARRAY_LEN(heads));
	all = json_object_get(reply, "talks");
	json_array_foreach(all, i, one)
	{
		const json_t *trust = json_object_get(one, "trust");
		char id[9], ends[32] = "-", relied[24] = "stranger";
		if (hands && !json_is_object(json_object_get(one, "hand")))
			continue;
		const char *row[] = { id, json_str(one, "state"),
			json_str(one, "asks"),
			json_str(json_object_get(one, "offer"), "role"),
			json_str(one, "peer"), relied, ends };
		(void)snprintf(id, sizeof(id), "%s", json_str(one, "id"));
		if (!json_yes(trust, "stranger"))
			(void)snprintf(relied, sizeof(relied), "%.1f %%",
			    (double)json_int(trust, "trust_permille") / 10);
		if (json_array_size(json_object_get(trust, "warnings")) > 0)
			(void)snprintf(relied, sizeof(relied), "warned of");
		if (json_int(one, "ends") > 0)
			time_text(ends, sizeof(ends), json_int(one, "ends"));
		table_add(t, row);
	}
	table_print(t, &cli->out);
	json_array_foreach(json_object_get(reply, "damaged"), i, one)
	{
		const char *of = json_str(one, "side");
		if (of[0] != '\0' && strcmp(of, side) != 0)
			continue;
		output_line(&cli->out, "%.8s: %s: %s", json_str(one, "id"),
		    json_str(one, "what"), json_str(one, "why"));
		output_line(&cli->out, "  try: %s", json_str(one, "try"));
	}
	json_decref(reply);
	return EXIT_DONE;
}

int
run_offer_list(struct cli *cli)
{
	return list(cli, "company", false);
}

int
run_inbox_list(struct cli *cli)
{
	return list(cli, "person", false);
}

/* ---- one ---- */

static void
show_said(struct cli *cli, const json_t *said)
{
	size_t i;
	json_t *one;

	json_array_foreach(said, i, one)
	{
		char when[32];
		time_text(when, sizeof(when), json_int(one, "at"));
		output_line(&cli->out, "%s  %-4s  %s%s%s%s%s", when,
		    json_str(one, "from"), json_str(one, "type"),
		    json_str(one, "text")[0] == '\0' ? "" : ": ",
		    json_str(one, "text"),
		    json_str(one, "identity")[0] == '\0' ? "" : ": ",
		    json_str(one, "identity"));
		if (json_str(one, "not_kept")[0] != '\0')
			output_line(&cli->out,
			    "  it could not be stored here (%s): ask for it "
			    "again",
			    json_str(one, "not_kept"));
	}
}

/* What one knows of the other side, beside what it says. */
static void
show_trust(struct cli *cli, const json_t *trust)
{
	const json_t *l = json_object_get(trust, "learnability");
	json_t *one;
	size_t i;

	if (json_yes(trust, "stranger"))
		output_line(
		    &cli->out, "a stranger: nobody you rely on vouches for it");
	else
		output_line(&cli->out, "you rely on it to %.1f %%",
		    (double)json_int(trust, "trust_permille") / 10);
	if (json_int(trust, "practice_level") > 0)
		output_line(&cli->out,
		    "its practice of investing in people, in its own word: "
		    "%" PRId64 " of 5",
		    json_int(trust, "practice_level"));
	if (json_is_object(l))
		output_line(&cli->out,
		    "Learnability %.1f of 100, confidence %s: ohcn "
		    "learnability why",
		    (double)json_int(l, "score_permille") / 10,
		    json_str(l, "confidence"));
	json_array_foreach(json_object_get(trust, "warnings"), i, one)
	    output_line(&cli->out, "warned of (%s): list \"%s\"",
		json_str(one, "reason"), json_str(one, "title"));
}

/* What the company opened of its ledger, before one answers. */
static void
show_opened(struct cli *cli, const json_t *l)
{
	if (!json_is_object(l))
		return;
	output_line(&cli->out, "its ledger of pledges came along: %s",
	    json_str(l, "says"));
	if (json_yes(l, "good"))
		show_pledge_counts(cli, json_object_get(l, "counts"));
	const json_t *x = json_object_get(l, "extension");
	if (!json_is_object(x))
		return;
	output_line(
	    &cli->out, "how its ledger grew since: %s", json_str(x, "says"));
	if (!json_yes(x, "good"))
		return;
	output_line(&cli->out, "  %" PRId64 " entries then, %" PRId64 " now",
	    json_int(x, "since"), json_int(x, "size"));
	show_pledge_counts(cli, json_object_get(x, "counts"));
}

/* Whose demand an offer names. */
static void
show_demand(struct cli *cli, const json_t *d)
{
	if (!json_is_object(d))
		return;
	output_line(&cli->out, "%s%s",
	    json_yes(d, "warning") ? "WARNING: it names " : "it names ",
	    json_str(d, "says"));
	if (json_str(d, "author")[0] == '\0')
		return;
	output_line(&cli->out, "  demand \"%s\" of %s%s%s",
	    json_str(d, "title"), json_str(d, "author"),
	    json_str(d, "name")[0] == '\0' ? "" : ", who calls itself ",
	    json_str(d, "name"));
}

static void
show_talk(struct cli *cli, const json_t *t)
{
	const json_t *offer = json_object_get(t, "offer");

	output_line(&cli->out, "%.8s  %s%s%s", json_str(t, "id"),
	    json_str(t, "state"),
	    json_str(t, "asks")[0] == '\0' ? "" : ", waits for you: ",
	    json_str(t, "asks"));
	if (json_is_object(offer)) {
		output_line(&cli->out, "%s: %s", json_str(offer, "activity"),
		    json_str(offer, "role"));
		show_pledge(cli, json_object_get(offer, "pledge"));
		if (json_str(offer, "note")[0] != '\0')
			output_line(&cli->out, "%s", json_str(offer, "note"));
	}
	show_demand(cli, json_object_get(t, "demand"));
	const json_t *hand = json_object_get(t, "hand");
	if (json_is_object(hand)) {
		output_line(&cli->out, "a hand for the demand %s",
		    json_str(hand, "demand"));
		if (json_str(hand, "introducer")[0] != '\0')
			output_line(&cli->out, "introduced by %s%s",
			    json_str(hand, "introducer"),
			    json_is_true(
				json_object_get(hand, "introducer_known"))
				? ""
				: " (whom you do not know)");
	}
	output_line(&cli->out, "with %s", json_str(t, "peer"));
	show_trust(cli, json_object_get(t, "trust"));
	show_opened(cli, json_object_get(t, "ledger"));
	if (json_str(t, "peer_identity")[0] != '\0')
		output_line(&cli->out, "who is, they say: %s",
		    json_str(t, "peer_identity"));
	show_said(cli, json_object_get(t, "said"));
}

static int
show(struct cli *cli)
{
	char path[160];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), BASE, cli->words[0], "") != OK)
		return cli_usage(cli, "the id is too long");
	const int code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	show_talk(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

static int
say(struct cli *cli, const char *what, const char *text, json_t **reply)
{
	char path[160];
	json_t *body = json_pack("{s:s}", "say", what);

	if (text != NULL)
		(void)json_object_set_new(body, "text", json_string(text));
	if (cli_under(path, sizeof(path), BASE, cli->words[0], "say") != OK) {
		json_decref(body);
		return cli_usage(cli, "the id is too long");
	}
	return cli_call(cli, "POST", path, body, reply);
}

int
run_offer_show(struct cli *cli)
{
	return show(cli);
}

/* To look at an offer is what lets it be answered; nobody is told. */
int
run_inbox_show(struct cli *cli)
{
	char path[160];
	json_t *reply = NULL;

	if (cli_under(path, sizeof(path), BASE, cli->words[0], "") != OK)
		return cli_usage(cli, "the id is too long");
	int code = cli_call(cli, "GET", path, NULL, &reply);
	if (code != EXIT_DONE)
		return code;
	const bool unseen = strcmp(json_str(reply, "state"), "offered") == 0;
	json_decref(reply);
	reply = NULL;
	if (unseen) {
		code = say(cli, "seen", NULL, &reply);
		if (code != EXIT_DONE)
			return code;
		json_decref(reply);
	}
	return show(cli);
}

/* ---- to answer ---- */

static const struct {
	const char *flag;
	bool needs_yes;
} answers[] = {
	{ "interest", false },
	{ "text", false },
	{ "commit", false },
	{ "open", true },
	{ "withdraw", false },
	{ "ignore", false },
	{ "close", false },
	{ "block", true },
};

static int
answer(struct cli *cli)
{
	const char *what = NULL, *text = cli_flag(cli, "text");
	bool ask = false;
	json_t *reply = NULL;

	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		const char *value = cli_flag(cli, answers[i].flag);
		if (value == NULL)
			continue;
		/* Some words may go along with an interest or a withdrawal. */
		if (what != NULL && strcmp(answers[i].flag, "text") == 0 &&
		    strcmp(what, "interest") == 0)
			continue;
		if (what != NULL && strcmp(what, "text") == 0 &&
		    strcmp(answers[i].flag, "withdraw") == 0)
			what = NULL;
		if (what != NULL)
			return cli_usage(cli, "one answer at a time");
		what = answers[i].flag;
		ask = answers[i].needs_yes;
		if (strcmp(what, "commit") == 0)
			text = value;
	}
	if (what == NULL)
		return cli_usage(cli, "what to answer is missing");
	if (ask && !cli_confirm(cli,
		       strcmp(what, "open") == 0
			   ? "The other side will learn who you are, for good. "
			     "Go on?"
			   : "This ends the conversation without a word, and "
			     "drops all later offers. Go on?"))
		return cli_not_confirmed(cli, "E1850", "nothing was said");
	const int code = say(cli, what, text, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%.8s  %s", json_str(reply, "id"),
	    json_str(reply, "state"));
	json_decref(reply);
	return EXIT_DONE;
}

int
run_offer_answer(struct cli *cli)
{
	return answer(cli);
}

int
run_inbox_answer(struct cli *cli)
{
	return answer(cli);
}

int
run_offer_withdraw(struct cli *cli)
{
	json_t *reply = NULL;
	const int code = say(cli, "withdraw", cli_flag(cli, "text"), &reply);

	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "withdrawn; an envelope says so");
	json_decref(reply);
	return EXIT_DONE;
}

int
run_offer_ledger(struct cli *cli)
{
	char path[160];
	json_t *reply = NULL;
	const bool dry = cli_flag(cli, "dry-run") != NULL;

	if (cli_under(path, sizeof(path), BASE, cli->words[0], "ledger") != OK)
		return cli_usage(cli, "the id is too long");
	const int code = cli_call(
	    cli, "POST", path, json_pack("{s:b}", "dry_run", dry), &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%s of your ledger, %" PRId64 " entries%s",
	    json_str(reply, "type"), json_int(reply, "size"),
	    dry ? "; nothing was sent" : ": sent");
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- an offer ---- */

int
run_offer_send(struct cli *cli)
{
	const char *pledge = cli_flag(cli, "pledge");
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	json_t *reply = NULL, *body, *promised = NULL;

	if (cli_flag(cli, "demand") == NULL ||
	    (cli_flag(cli, "to") == NULL && cli_flag(cli, "hand") == NULL))
		return cli_usage(
		    cli, "--demand ID and --to CARD or --hand ID are needed");
	if (pledge != NULL && (promised = pledge_read(pledge)) == NULL)
		return cli_usage(cli,
		    "--pledge is kind=course,amount=800,currency=EUR,hours=40,"
		    "deadline=2027-03-01");
	body = json_pack("{s:b,s:b}", "dry_run", dry, "ledger",
	    cli_flag(cli, "no-ledger") == NULL);
	cli_put_flag(cli, body, "demand", "demand");
	cli_put_flag(cli, body, "to", "to");
	cli_put_flag(cli, body, "hand", "hand");
	cli_put_flag(cli, body, "template", "template");
	cli_put_flag(cli, body, "role", "role");
	cli_put_flag(cli, body, "note", "note");
	cli_put_flag(cli, body, "activity", "activity");
	if (promised != NULL)
		(void)json_object_set_new(body, "pledge", promised);
	const int code = cli_call(cli, "POST", BASE, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (dry) {
		output_line(&cli->out,
		    "an envelope of %" PRId64 " sealed bytes; nothing was sent",
		    json_int(reply, "sealed_bytes"));
		const json_t *offer = json_object_get(reply, "offer");
		output_line(&cli->out, "%s: %s", json_str(offer, "activity"),
		    json_str(offer, "role"));
		show_pledge(cli, json_object_get(offer, "pledge"));
		if (json_str(offer, "note")[0] != '\0')
			output_line(&cli->out, "%s", json_str(offer, "note"));
		output_line(&cli->out, "%s",
		    json_yes(reply, "ledger")
			? "your ledger of pledges is opened to the person"
			: "no ledger goes along: ohcn pledge publish");
		output_line(&cli->out, "everybody sees %s",
		    json_str(reply, "everybody_sees"));
		output_line(&cli->out, "the person sees %s",
		    json_str(reply, "person_sees"));
		output_line(&cli->out, "%s", json_str(reply, "sealed_hex"));
	} else {
		output_line(&cli->out, "%.8s  sent; silence is the decline",
		    json_str(reply, "id"));
	}
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- hands and introductions ---- */

int
run_hand_list(struct cli *cli)
{
	return list(cli, "person", true);
}

int
run_hand_show(struct cli *cli)
{
	return show(cli);
}

int
run_hand_withdraw(struct cli *cli)
{
	return run_offer_withdraw(cli);
}

int
run_hand_raise(struct cli *cli)
{
	const bool dry = cli_flag(cli, "dry-run") != NULL;
	json_t *reply = NULL, *body;

	if (cli_flag(cli, "demand") == NULL)
		return cli_usage(cli, "--demand ID is needed");
	body = json_pack("{s:b,s:b,s:b}", "dry_run", dry, "card",
	    cli_flag(cli, "card") != NULL, "introduced",
	    cli_flag(cli, "introduced") != NULL);
	cli_put_flag(cli, body, "demand", "demand");
	cli_put_flag(cli, body, "text", "text");
	const int code = cli_call(cli, "POST", "/api/v1/hands", body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	if (dry) {
		output_line(&cli->out,
		    "an envelope of %" PRId64 " sealed bytes; nothing was sent",
		    json_int(reply, "sealed_bytes"));
		output_line(&cli->out, "everybody sees %s",
		    json_str(reply, "everybody_sees"));
		output_line(&cli->out, "the company sees %s",
		    json_str(reply, "company_sees"));
		output_line(&cli->out, "%s", json_str(reply, "sealed_hex"));
	} else {
		output_line(&cli->out,
		    "%.8s  raised; it goes out when its proof of work is done",
		    json_str(reply, "id"));
	}
	json_decref(reply);
	return EXIT_DONE;
}

int
run_talk_introduce(struct cli *cli)
{
	char path[160];
	json_t *reply = NULL, *body;

	if (cli_flag(cli, "company") == NULL)
		return cli_usage(cli, "--company DID is needed");
	if (cli_under(path, sizeof(path), BASE, cli->words[0], "introduce") !=
	    OK)
		return cli_usage(cli, "the id is too long");
	body = json_object();
	cli_put_flag(cli, body, "company", "company");
	cli_put_flag(cli, body, "text", "text");
	const int code = cli_call(cli, "POST", path, body, &reply);
	if (code != EXIT_DONE || cli_show(cli, reply))
		return code;
	output_line(&cli->out, "%.8s  introduced", json_str(reply, "id"));
	json_decref(reply);
	return EXIT_DONE;
}
