/* cli/path.c: what leads to an occupation, a demand, a skill, a pathway. */
#include <stdlib.h>

#include "node/cli/match.h"

static void
price_text(char *out, size_t cap, int64_t amount, const char *currency)
{
	char money[64];

	if (amount == 0) {
		snprintf(out, cap, "free");
		return;
	}
	money_text(money, sizeof(money), amount, currency);
	snprintf(out, cap, "%s", money + 1); /* it begins with a space */
}

static void
day_text(char out[24], int64_t t)
{
	time_text(out, 24, t);
	out[strcspn(out, " ")] = '\0';
}

/* ---- the diagnosis ---- */

static void
show_state(
    struct cli *cli, const json_t *reply, const char *state, const char *head)
{
	char text[900] = "";
	size_t i, n = 0, shown = 0;
	json_t *v;

	json_array_foreach(json_object_get(reply, "diagnosis"), i, v)
	{
		const json_t *via = json_object_get(v, "via");
		char more[160] = "";
		if (strcmp(json_str(v, "state"), state) != 0)
			continue;
		if (strcmp(state, "level") == 0)
			snprintf(more, sizeof(more),
			    " (level %" PRId64 " of %" PRId64 ")",
			    json_int(v, "level"), json_int(v, "asked"));
		else if (json_is_object(via))
			snprintf(more, sizeof(more), " (by %.100s)",
			    json_str(via, "label"));
		if (++shown <= 12 && n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%s%s%s%s", shown == 1 ? "" : ", ",
			    json_str(v, "label")[0] == '\0'
				? json_str(v, "term")
				: json_str(v, "label"),
			    more, json_yes(v, "must") ? " (must)" : "");
	}
	if (shown > 12 && n < sizeof(text))
		snprintf(
		    text + n, sizeof(text) - n, " and %zu more", shown - 12);
	if (shown > 0)
		output_line(&cli->out, "  %-8s %s", head, text);
}

/* No label was just that: what else could have been meant. */
void
show_guess(struct cli *cli, const json_t *list)
{
	char text[300];

	if (json_array_size(list) == 0)
		return;
	label_list(list, text, sizeof(text));
	output_line(&cli->out,
	    "  guessed: nothing is called just so; there is %s", text);
}

static void
show_diagnosis(struct cli *cli, const json_t *reply)
{
	const json_t *counts = json_object_get(reply, "counts");

	output_line(&cli->out,
	    "diagnosis: %" PRId64 " of %" PRId64 " skills are there",
	    json_int(counts, "have"), json_int(counts, "asked"));
	show_state(cli, reply, "have", "have");
	show_state(cli, reply, "level", "higher");
	show_state(cli, reply, "near", "near");
	show_state(cli, reply, "missing", "missing");
	show_state(cli, reply, "unknown", "unknown");
}

/* ---- ways ---- */

static void
show_step(
    struct cli *cli, size_t number, const json_t *step, const char *currency)
{
	char day[24], price[72], paid[110] = "", gains[500] = "";
	size_t i, n = 0;
	json_t *g;

	day_text(day, json_int(step, "start"));
	if (!json_yes(step, "price_known"))
		snprintf(price, sizeof(price), "price not told");
	else
		price_text(
		    price, sizeof(price), json_int(step, "price"), currency);
	if (json_int(step, "paid_by_company") > 0) {
		char sum[72];
		price_text(sum, sizeof(sum), json_int(step, "paid_by_company"),
		    currency);
		snprintf(paid, sizeof(paid), ", the company pays %s", sum);
	}
	output_line(&cli->out, "  %zu. %s: %s%s%s%s%s", number,
	    json_str(step, "kind"),
	    json_str(step, "title")[0] == '\0' ? "without a title"
					       : json_str(step, "title"),
	    json_str(step, "provider")[0] == '\0' ? "" : ", by ",
	    json_str(step, "provider"),
	    json_str(step, "id")[0] == '\0' ? "" : ", record ",
	    json_str(step, "id")[0] == '\0' ? ""
					    : short_id(json_str(step, "id")));
	json_array_foreach(json_object_get(step, "gains"), i, g)
	{
		if (n < sizeof(gains))
			n += (size_t)snprintf(gains + n, sizeof(gains) - n,
			    "%s%s to level %" PRId64, i == 0 ? "" : ", ",
			    json_str(g, "label"), json_int(g, "to"));
	}
	output_line(&cli->out,
	    "     from %s, week %" PRId64 " to %" PRId64 ", %s%" PRId64
	    " h, %s%s",
	    day, json_int(step, "from_week") + 1, json_int(step, "to_week") + 1,
	    json_yes(step, "hours_guessed") ? "about " : "",
	    json_int(step, "hours"), price, paid);
	if (gains[0] != '\0')
		output_line(&cli->out, "     %s", gains);
	json_array_foreach(json_object_get(step, "ask"), i, g) output_line(
	    &cli->out, "     not told, so ask: %s", json_string_value(g));
}

static void
show_way(
    struct cli *cli, const char *name, const json_t *p, const char *currency)
{
	char price[72], paid[120] = "", day[24];
	size_t k;
	json_t *step;

	price_text(price, sizeof(price), json_int(p, "cost"), currency);
	day_text(day, json_int(p, "done"));
	if (json_int(p, "paid_by_company") > 0) {
		char sum[72];
		price_text(
		    sum, sizeof(sum), json_int(p, "paid_by_company"), currency);
		snprintf(paid, sizeof(paid), ", the company pays %s", sum);
	}
	output_line(&cli->out,
	    "%s: %s%s, %" PRId64 " h, %" PRId64 " week%s, done by %s", name,
	    price, paid, json_int(p, "hours"), json_int(p, "weeks"),
	    json_int(p, "weeks") == 1 ? "" : "s", day);
	json_array_foreach(json_object_get(p, "steps"), k, step)
	    show_step(cli, k + 1, step, currency);
}

static void
show_paths(struct cli *cli, const json_t *reply)
{
	const char *currency = json_str(reply, "currency");
	const json_t *partial = json_object_get(reply, "partial");
	char name[64];
	size_t i;
	json_t *p;

	if (json_is_object(partial)) {
		snprintf(name, sizeof(name), "what can be closed: %zu of %zu",
		    json_array_size(json_object_get(partial, "closes")),
		    json_array_size(json_object_get(partial, "closes")) +
			json_array_size(json_object_get(partial, "leaves")));
		show_way(cli, name, partial, currency);
		json_array_foreach(json_object_get(partial, "leaves"), i, p)
		    output_line(&cli->out, "  left: %s",
			json_str(p, "label")[0] == '\0' ? json_str(p, "term")
							: json_str(p, "label"));
	}
	json_array_foreach(json_object_get(reply, "paths"), i, p)
	{
		snprintf(name, sizeof(name), "%s %zu",
		    i == 0 ? "path" : "faster path", i + 1);
		show_way(cli, name, p, currency);
	}
}

static void
show_open(struct cli *cli, const json_t *reply)
{
	const json_t *list = json_object_get(reply, "open");
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		if (i == 0)
			output_line(&cli->out,
			    "%zu stay%s open, the general before the special:",
			    json_array_size(list),
			    json_array_size(list) == 1 ? "s" : "");
		if (i == 20) {
			output_line(&cli->out, "  and %zu more: --json",
			    json_array_size(list) - i);
			break;
		}
		output_line(&cli->out, "  %zu. %s, to level %" PRId64 ": %s",
		    i + 1,
		    json_str(v, "label")[0] == '\0' ? json_str(v, "term")
						    : json_str(v, "label"),
		    json_int(v, "asked"),
		    json_int(v, "offers") > 0 ? json_str(v, "help")
		    : json_yes(v, "known")    ? "by yourself, no known offer"
					      : "no vocabulary here knows it");
	}
}

static void
show_value(struct cli *cli, const json_t *reply)
{
	const json_t *value = json_object_get(reply, "value");

	if (json_int(value, "demands") == 0)
		return;
	output_line(&cli->out,
	    "value: it opens %" PRId64 " and improves %" PRId64 " of %" PRId64
	    " demands this node knows",
	    json_int(value, "unlocked"), json_int(value, "raised"),
	    json_int(value, "demands"));
}

static void
show_notes(struct cli *cli, const json_t *reply)
{
	const json_t *means = json_object_get(reply, "means");
	const json_t *offers = json_object_get(reply, "offers");

	if (!json_yes(reply, "profile"))
		output_note(&cli->out,
		    "there is no profile yet, so all is missing: ohcn profile "
		    "import FILE");
	if (json_yes(means, "hours_assumed"))
		output_note(&cli->out,
		    "assumed: %" PRId64 " hours of learning a week; --hours N",
		    json_int(means, "hours_week"));
	output_note(&cli->out,
	    "%" PRId64 " offers known here, %" PRId64 " teach something of "
	    "it, %" PRId64 " can be taken",
	    json_int(offers, "known"), json_int(offers, "useful"),
	    json_int(offers, "usable"));
	output_note(&cli->out, "computed here; vocabulary %.12s, rarity %.12s",
	    json_str(reply, "vocabulary_hash"), json_str(reply, "rarity_hash"));
}

int
run_path(struct cli *cli)
{
	json_t *reply;

	const int code = cli_get(cli, &reply, "/api/v1/path", "occupation",
	    cli_flag(cli, "occupation"), "demand", cli_flag(cli, "demand"),
	    "skill", cli_flag(cli, "skill"), "pathway",
	    cli_flag(cli, "pathway"), "hours", cli_flag(cli, "hours"), "budget",
	    cli_flag(cli, "budget"), "currency", cli_flag(cli, "currency"),
	    "language", cli_flag(cli, "language"), "format",
	    cli_flag(cli, "format"), "until", cli_flag(cli, "until"), "busy",
	    cli_flag(cli, "busy"), "lang", cli_flag(cli, "lang"), (char *)NULL);
	if (reply == NULL)
		return code;
	const json_t *target = json_object_get(reply, "target");
	output_line(&cli->out, "to: %s (%s)", json_str(target, "name"),
	    json_str(target, "kind"));
	show_guess(cli, json_object_get(target, "guessed_of"));
	show_diagnosis(cli, reply);
	char other[300];
	label_list(json_object_get(reply, "asked_too"), other, sizeof(other));
	if (json_array_size(json_object_get(reply, "asked_too")) > 0)
		output_line(&cli->out,
		    "asked for, too, and nothing to learn as such: %s", other);
	output_line(&cli->out, "strategy: %s", json_str(reply, "strategy"));
	if (json_is_object(json_object_get(reply, "block")))
		output_line(&cli->out, "but: %s",
		    json_str(json_object_get(reply, "block"), "text"));
	output_line(&cli->out, "next: %s",
	    json_str(json_object_get(reply, "next_action"), "text"));
	show_paths(cli, reply);
	show_open(cli, reply);
	show_value(cli, reply);
	show_notes(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}
