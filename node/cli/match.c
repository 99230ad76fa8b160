/* cli/match.c: lists of matches and candidates, signal. */
#include <stdlib.h>

#include "node/cli/match.h"

/* Amounts are in minor units; a few currencies have none. */
void
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

void
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

void
list_line(struct cli *cli, const char *name, const json_t *list)
{
	char text[600];

	if (json_array_size(list) == 0)
		return;
	label_list(list, text, sizeof(text));
	output_line(&cli->out, "     %-10s %s", name, text);
}

/* What a step of learning is, in words for its reader. */
void
step_line(struct cli *cli, const json_t *step, bool person)
{
	const json_t *course = json_object_get(step, "course");
	const json_t *cost = json_object_get(step, "cost");
	const char *payer = json_str(step, "payer");
	char price[64] = "", span[48] = "", who[40] = "";

	if (!json_is_object(step) || json_str(step, "label")[0] == '\0') {
		if (any_text(step)[0] != '\0')
			output_line(&cli->out, "     %-10s %s", "next step",
			    any_text(step));
		return;
	}
	if (json_int(cost, "amount") > 0)
		money_text(price, sizeof(price), json_int(cost, "amount"),
		    json_str(cost, "currency"));
	if (json_int(step, "hours") > 0)
		snprintf(span, sizeof(span), ", %" PRId64 " hours",
		    json_int(step, "hours"));
	else if (json_int(step, "weeks") > 0)
		snprintf(span, sizeof(span), ", %" PRId64 " weeks",
		    json_int(step, "weeks"));
	if (strcmp(payer, "posting") == 0)
		snprintf(who, sizeof(who), ", the employer pays");
	else if (strcmp(payer, "shared") == 0)
		snprintf(who, sizeof(who), ", the employer pays a part");
	else if (strcmp(payer, "person") == 0)
		snprintf(who, sizeof(who), ", paid by %s",
		    person ? "you" : "the person");
	output_line(&cli->out,
	    "     %-10s learn %s to level %" PRId64
	    ": %s%s%s%s%s%s; fit %s becomes %s",
	    "next step", json_str(step, "label"), json_int(step, "to_level"),
	    json_yes(step, "by_posting")           ? "on the job"
	    : json_str(course, "title")[0] == '\0' ? "a course"
						   : json_str(course, "title"),
	    json_str(course, "provider")[0] == '\0' ? "" : " by ",
	    json_str(course, "provider"), span, price, who,
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(step, "before")),
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(step, "after")));
}

/* No step in the reply: say what to do all the same. */
static void
other_step(struct cli *cli, const json_t *m, const char *record)
{
	const json_t *first = json_array_get(json_object_get(m, "missing"), 0);

	if (first == NULL)
		output_line(&cli->out,
		    "     %-10s nothing is missing; read it: ohcn record "
		    "show %s",
		    "next step", record);
	else
		output_line(&cli->out,
		    "     %-10s no course here teaches what is missing; if "
		    "you can do it: ohcn profile edit --add-skill \"%s\"",
		    "next step", json_str(first, "label"));
}

/* How many were looked at, and why some are not in the list. */
static void
counts_line(struct cli *cli, const json_t *reply, const char *what,
    size_t hidden, const char *all)
{
	const int64_t seen = json_int(reply, "scanned");
	const int64_t out = json_int(reply, "excluded");
	char text[200] = "";

	if (hidden > 0)
		snprintf(text, sizeof(text), "; %zu share%s nothing with %s",
		    hidden, hidden == 1 ? "s" : "",
		    strcmp(what, "card") == 0 ? "it" : "you");
	output_note(&cli->out, "looked at %" PRId64 " %s%s%s", seen, what,
	    seen == 1 ? "" : "s", text);
	if (out > 0)
		output_note(&cli->out,
		    "%" PRId64 " excluded by a must, language, place, hours, "
		    "pay or status%s%s",
		    out, all[0] == '\0' ? "" : "; see them: ", all);
}

static void
match_entry(
    struct cli *cli, size_t number, const json_t *reply, const json_t *m)
{
	const char *record = short_id(json_str(m, "record"));
	const json_t *step = json_object_get(m, "next_step");
	const char *region = json_str(m, "region");
	char pays[400], most[32] = "";

	if (json_int(reply, "score_max") > 0)
		snprintf(most, sizeof(most), " of %" PRId64,
		    json_int(reply, "score_max") / 100);
	output_line(&cli->out, "%2zu.  %s, %s%s%s%s%s", number,
	    json_str(m, "title"),
	    json_str(m, "organisation")[0] == '\0'
		? "an organisation without a name"
		: json_str(m, "organisation"),
	    region[0] == '\0' ? "" : " (", region, region[0] == '\0' ? "" : ")",
	    json_yes(m, "excluded") ? ", excluded" : "");
	output_line(&cli->out, "     %-10s %s (fit %s, wish %s)%s", "score",
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(m, "score")),
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(m, "fit")),
	    points_text((char[POINTS_TEXT]){ 0 }, json_int(m, "wish")), most);
	list_line(cli, "teaches", json_object_get(m, "teaches"));
	if (json_array_size(json_object_get(m, "pays")) > 0) {
		pays_text(json_object_get(m, "pays"), pays, sizeof(pays));
		output_line(&cli->out, "     %-10s %s", "invests", pays);
	}
	list_line(cli, "missing", json_object_get(m, "missing"));
	if (step == NULL || json_is_null(step))
		other_step(cli, m, record);
	else
		step_line(cli, step, true);
	output_line(
	    &cli->out, "     %-10s ohcn match explain %s", "why", record);
}

/* ---- asking for a list ---- */

bool
by_draft(const struct cli *cli)
{
	return cli_flag(cli, "draft") != NULL;
}

int
draft_body(struct cli *cli, json_t **body)
{
	json_t *demand = NULL;
	const int code = read_json(cli, cli_flag(cli, "draft"), &demand);

	if (code == EXIT_DONE)
		*body = json_pack("{s:o}", "demand", demand);
	return code;
}

/* All flags of a list go along under their names. */
static err
list_query(const struct cli *cli, char *path, size_t cap, const char *base,
    const char *demand, const char *limit)
{
	return cli_query(path, cap, base, "demand", demand, "limit",
	    limit != NULL ? limit : cli_flag(cli, "limit"), "lang",
	    cli_flag(cli, "lang"), "kind", cli_flag(cli, "kind"), "region",
	    cli_flag(cli, "region"), "language", cli_flag(cli, "language"),
	    "hours", cli_flag(cli, "hours"), "remote",
	    cli_flag(cli, "remote") != NULL ? "1" : NULL, "pay",
	    cli_flag(cli, "pay"), "lane", cli_flag(cli, "lane"), "all",
	    cli_flag(cli, "all") != NULL ? "1" : NULL, "scan",
	    cli_flag(cli, "scan") != NULL ? "1" : NULL, "exact",
	    cli_flag(cli, "exact") != NULL ? "1" : NULL, (char *)NULL);
}

static bool
is_reach(const json_t *reply)
{
	return strcmp(json_str(reply, "lane"), "reach") == 0;
}

/* How far the list is to be trusted: what this node has heard of. */
static void
view_line(struct cli *cli, const json_t *reply)
{
	const json_t *v = json_object_get(reply, "view");
	const json_t *index = json_object_get(v, "index");
	char age[40];

	if (!json_is_object(v))
		return;
	span_text(age, sizeof(age), (uint64_t)json_int(v, "oldest_age_s"));
	output_note(&cli->out,
	    "from %" PRId64 " records that this node holds, the oldest made "
	    "%s ago",
	    json_int(v, "records"), age);
	if (strcmp(json_str(index, "state"), "waiting") == 0 ||
	    strcmp(json_str(index, "state"), "building") == 0)
		output_note(&cli->out,
		    "the match index is being built: each record was looked "
		    "at; ohcn status");
	if (json_int(index, "left_out") > 0)
		output_note(&cli->out,
		    "%" PRId64 " records are not in it: limits.match_records",
		    json_int(index, "left_out"));
}

/* ---- postings for a person ---- */

static const char *const match_heads[] = { "#", "score", "fit", "wish", "kind",
	"where", "record", "title" };
static const char *const reach_heads[] = { "#", "reach", "fit", "wish", "kind",
	"where", "record", "title" };

/* " (excluded: place, language: de)" or nothing. */
static void
excluded_text(const json_t *m, char *out, size_t cap)
{
	size_t i, n = 0;
	json_t *g;

	snprintf(out, cap, "%s", json_yes(m, "excluded") ? " (excluded)" : "");
	json_array_foreach(json_object_get(m, "gates"), i, g)
	{
		const char *name = json_str(g, "name");
		if (strcmp(json_str(g, "state"), "fail") == 0 &&
		    (n == 0 || strstr(out, name) == NULL) && n < cap)
			n += (size_t)snprintf(out + n, cap - n, "%s%s",
			    n == 0 ? " (excluded: " : ", ", name);
	}
	if (n > 0 && n < cap)
		snprintf(out + n, cap - n, ")");
}

static void
match_row(struct table *t, size_t number, const json_t *m, bool reach)
{
	char n[24], score[POINTS_TEXT], fit[POINTS_TEXT], wish[POINTS_TEXT],
	    title[700], excluded[300];
	const char *organisation = json_str(m, "organisation");
	const char *row[8] = { n, score, fit, wish, json_str(m, "type"),
		json_str(m, "region"), short_id(json_str(m, "record")), title };

	snprintf(n, sizeof(n), "%zu", number);
	(void)points_text(score, json_int(m, reach ? "reach" : "score"));
	(void)points_text(fit, json_int(m, "fit"));
	(void)points_text(wish, json_int(m, "wish"));
	excluded_text(m, excluded, sizeof(excluded));
	snprintf(title, sizeof(title), "%s%s%s%s", json_str(m, "title"),
	    organisation[0] == '\0' ? "" : ", ", organisation, excluded);
	table_add(t, row);
}

/* What of the list is shown; what shares nothing with the person is not. */
static size_t
match_table(struct cli *cli, const json_t *reply, const char *key, bool wanted,
    size_t most, size_t *hidden)
{
	const bool all = cli_flag(cli, "all") != NULL;
	const bool reach = is_reach(reply);
	struct table *t = table_new(reach ? reach_heads : match_heads, 8);
	size_t i, shown = 0;
	json_t *m;

	json_array_foreach(json_object_get(reply, key), i, m)
	{
		const bool nothing = json_int(m, "score") == 0 ||
				     (wanted && json_array_size(json_object_get(
						    m, "gives")) == 0);
		if (nothing && !all && !reach)
			++*hidden;
		else if (shown < most)
			match_row(t, ++shown, m, reach);
	}
	if (shown > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
	return shown;
}

static size_t
match_entries(struct cli *cli, const json_t *reply, size_t *hidden)
{
	const bool all = cli_flag(cli, "all") != NULL;
	size_t i, shown = 0;
	json_t *m;

	json_array_foreach(json_object_get(reply, "matches"), i, m)
	{
		if (!all && json_int(m, "score") == 0)
			++*hidden;
		else
			match_entry(cli, ++shown, reply, m);
	}
	return shown;
}

/* Under a table: what to do about the first of it. */
static void
first_step(struct cli *cli, const json_t *reply)
{
	const json_t *m = json_array_get(json_object_get(reply, "matches"), 0);
	const json_t *step = json_object_get(m, "next_step");
	const char *record = short_id(json_str(m, "record"));

	output_line(&cli->out, "%s", "");
	output_line(&cli->out, "for number 1, %s:", json_str(m, "title"));
	if (step == NULL || json_is_null(step))
		other_step(cli, m, record);
	else
		step_line(cli, step, true);
	output_note(&cli->out,
	    "why: ohcn match explain %s; more of each: --long", record);
}

#define COURSES_SHOWN 5

static void
show_matches(struct cli *cli, const json_t *reply)
{
	const bool wide = cli_flag(cli, "long") != NULL && !is_reach(reply);
	size_t hidden = 0, ignored = 0;
	const size_t shown =
	    wide ? match_entries(cli, reply, &hidden)
		 : match_table(cli, reply, "matches", false, SIZE_MAX, &hidden);

	if (shown > 0 && !wide)
		first_step(cli, reply);
	if (json_array_size(json_object_get(reply, "learning")) > 0) {
		const bool alone = json_object_get(reply, "matches") == NULL;
		if (shown > 0)
			output_line(&cli->out, "%s", "");
		output_line(&cli->out, "courses that teach what you want:");
		if (match_table(cli, reply, "learning", true,
			alone ? SIZE_MAX : COURSES_SHOWN, &ignored) == 0)
			output_line(&cli->out,
			    "  none that you can take; what you want to learn: "
			    "ohcn profile show");
	}
	if (json_object_get(reply, "matches") == NULL)
		return;
	counts_line(cli, reply, "demand", hidden,
	    cli_flag(cli, "all") != NULL ? "" : "ohcn match list --all");
	if (shown > 0)
		output_note(&cli->out, "fit: what they ask and you can; wish: "
				       "what you want and they give");
	else if (json_int(reply, "scanned") == 0)
		output_note(&cli->out,
		    "this node holds no demands yet; who sends them: ohcn "
		    "peer list");
	else
		output_note(&cli->out,
		    "nothing fits yet; more skills in your draft may help: "
		    "ohcn profile show");
}

static int
person_list(struct cli *cli)
{
	char path[1024];
	json_t *reply = NULL;

	if (list_query(
		cli, path, sizeof(path), "/api/v1/matches", NULL, NULL) != OK)
		return cli_usage(cli, "a flag is too long");
	const int code = cli_get(cli, &reply, path, (char *)NULL);
	if (reply == NULL)
		return code;
	show_matches(cli, reply);
	view_line(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

/* ---- people for demands ---- */

#define BARRIERS_SHOWN 6

/* Which requirement keeps how many away; most first. */
static void
show_barriers(struct cli *cli, const json_t *list)
{
	const bool all = cli_flag(cli, "all") != NULL;
	const size_t n = json_array_size(list);
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
	{
		if (i == 0)
			output_line(&cli->out, "who is left out, and by what:");
		if (i == BARRIERS_SHOWN && n > BARRIERS_SHOWN + 1 && !all) {
			output_line(&cli->out,
			    "  and by %zu more, fewer people each: --all or "
			    "--json",
			    n - i);
			break;
		}
		output_line(&cli->out,
		    "  %" PRId64 " by %s (%" PRId64 " by this alone)",
		    json_int(v, "people"), json_str(v, "label"),
		    json_int(v, "alone"));
	}
}

static size_t
show_candidates(struct cli *cli, const json_t *reply, size_t *hidden)
{
	const bool reach = is_reach(reply);
	const bool turns = json_object_get(reply, "turns") != NULL;
	const char *const heads[] = { "#", reach ? "reach" : "score", "fit",
		"wish", "region", "record", reach ? "next step" : "missing",
		"ask" };
	struct table *t = table_new(heads, reach ? 7 : 8);
	size_t i, shown = 0;
	json_t *v;

	json_array_foreach(json_object_get(reply, "candidates"), i, v)
	{
		char n[24], score[POINTS_TEXT], fit[POINTS_TEXT],
		    wish[POINTS_TEXT];
		char missing[600], ask[300] = "", excluded[300];
		const char *row[8] = { n, score, fit, wish,
			json_str(v, "region"), short_id(json_str(v, "record")),
			missing, ask };

		if (json_int(v, "score") == 0 && !reach) {
			++*hidden;
			continue;
		}
		shown++;
		snprintf(n, sizeof(n), "%" PRId64,
		    turns ? json_int(v, "rank") : (int64_t)shown);
		(void)points_text(
		    score, json_int(v, reach ? "reach" : "score"));
		(void)points_text(fit, json_int(v, "fit"));
		(void)points_text(wish, json_int(v, "wish"));
		if (reach)
			snprintf(missing, sizeof(missing), "%s",
			    json_str(json_object_get(v, "next_step"), "text"));
		else
			label_list(json_object_get(v, "missing"), missing, 300);
		/* with --all: who is in the list and not to be chosen */
		excluded_text(v, excluded, sizeof(excluded));
		snprintf(missing + strlen(missing),
		    sizeof(missing) - strlen(missing), "%s", excluded);
		label_list(json_object_get(v, "ask"), ask, sizeof(ask));
		table_add(t, row);
	}
	if (shown > 0)
		table_print(t, &cli->out);
	else
		table_free(t);
	return shown;
}

/* That the list is not by score alone, when it shows. */
static void
turns_line(struct cli *cli, const json_t *turns)
{
	if (json_int(turns, "moved") > 0)
		output_note(&cli->out,
		    "people within %s points take turns, so that no "
		    "few stand on top of every list; by score alone: --exact",
		    points_text(
			(char[POINTS_TEXT]){ 0 }, json_int(turns, "points")));
}

/* The list of one demand, and who is not in it. */
static void
show_demand(struct cli *cli, const json_t *reply, const char *demand)
{
	size_t hidden = 0;
	const size_t shown = show_candidates(cli, reply, &hidden);

	if (shown == 0)
		output_line(&cli->out,
		    "no candidates: %" PRId64 " card%s looked at, %" PRId64
		    " excluded, %zu without a skill that is asked",
		    json_int(reply, "scanned"),
		    json_int(reply, "scanned") == 1 ? "" : "s",
		    json_int(reply, "excluded"), hidden);
	show_barriers(cli, json_object_get(reply, "excluded_by"));
	if (shown > 0) {
		counts_line(cli, reply, "card", hidden, "");
		turns_line(cli, json_object_get(reply, "turns"));
		if (demand != NULL)
			output_note(&cli->out,
			    "why: ohcn match explain %s RECORD", demand);
	} else if (json_int(reply, "scanned") == 0) {
		output_note(&cli->out, "this node holds no cards yet; who "
				       "sends them: ohcn peer list");
	} else {
		output_note(&cli->out,
		    "fewer musts, remote work or other languages may help; "
		    "supply: ohcn signal top");
	}
}

/* People for one demand, published or a draft. */
static int
demand_list(struct cli *cli)
{
	const char *demand = cli_flag(cli, "demand");
	char path[1024];
	json_t *reply = NULL, *body = NULL;
	int code = by_draft(cli) ? draft_body(cli, &body) : EXIT_DONE;

	if (code != EXIT_DONE)
		return code;
	if (list_query(cli, path, sizeof(path), "/api/v1/candidates",
		body == NULL ? demand : NULL, NULL) != OK) {
		json_decref(body);
		return cli_usage(cli, "a flag is too long");
	}
	code = cli_call(cli, body == NULL ? "GET" : "POST", path, body, &reply);
	if (code != EXIT_DONE)
		return code;
	if (cli_show(cli, reply))
		return EXIT_DONE;
	show_demand(cli, reply, body == NULL ? demand : NULL);
	view_line(cli, reply);
	json_decref(reply);
	return EXIT_DONE;
}

#define DEMANDS_SHOWN  50
#define BEST_OF_DEMAND "5"

static const char *
demand_name(const json_t *d)
{
	const char *id = json_str(d, "external_id");

	return id[0] == '\0' ? short_id(json_str(d, "record")) : id;
}

/* One of them; ${nobody} gathers the names of those nobody fits. */
static void
show_each(struct cli *cli, const json_t *d, const json_t *reply, bool *first,
    json_t *nobody)
{
	size_t hidden = 0, shown = 0, i;
	json_t *v;

	json_array_foreach(json_object_get(reply, "candidates"), i, v)
	{
		shown += json_int(v, "score") > 0;
	}
	if (shown == 0 && !is_reach(reply)) {
		(void)json_array_append_new(
		    nobody, json_pack("{s:s}", "label", demand_name(d)));
		return;
	}
	if (!*first)
		output_line(&cli->out, "%s", "");
	*first = false;
	output_line(&cli->out, "%s  %s", demand_name(d), json_str(d, "title"));
	(void)show_candidates(cli, reply, &hidden);
}

/* The best for each open demand; ${out}: instead of showing them. */
static int
each_demand(struct cli *cli, const json_t *demands, json_t *out)
{
	json_t *nobody = json_array(), *d;
	const char *limit = cli_flag(cli, "limit");
	bool first = true;
	int code = EXIT_DONE;
	size_t i;

	json_array_foreach(demands, i, d)
	{
		char path[1024];
		json_t *reply = NULL;

		if (i == DEMANDS_SHOWN || code != EXIT_DONE)
			break;
		if (list_query(cli, path, sizeof(path), "/api/v1/candidates",
			json_str(d, "record"),
			limit == NULL ? BEST_OF_DEMAND : limit) != OK)
			code = cli_usage(cli, "a flag is too long");
		else
			code = cli_call(cli, "GET", path, NULL, &reply);
		if (code == EXIT_DONE && out != NULL)
			(void)json_array_append(out, reply);
		else if (code == EXIT_DONE)
			show_each(cli, d, reply, &first, nobody);
		json_decref(reply);
	}
	list_line(cli, "nobody yet", nobody);
	json_decref(nobody);
	if (code == EXIT_DONE && json_array_size(demands) > DEMANDS_SHOWN)
		output_note(&cli->out,
		    "%zu more demands: ohcn match list --demand ID",
		    json_array_size(demands) - DEMANDS_SHOWN);
	return code;
}

/* People for every open demand of this node. */
static int
company_list(struct cli *cli)
{
	json_t *reply = NULL, *out = cli->json ? json_array() : NULL;
	int code =
	    cli_call(cli, "GET", "/api/v1/demands?status=open", NULL, &reply);

	if (code == EXIT_DONE)
		code = each_demand(cli, json_object_get(reply, "demands"), out);
	if (code == EXIT_DONE && out != NULL)
		(void)cli_tell(cli, json_pack("{s:O}", "demands", out));
	else if (code == EXIT_DONE && json_int(reply, "count") == 0)
		output_note(&cli->out,
		    "no demand is open; publish one: ohcn help demand import");
	json_decref(reply);
	json_decref(out);
	return code;
}

/* A company, school or agency looks for people, a person for work. */
static int
seeks_people(struct cli *cli, bool *people)
{
	json_t *status = NULL;
	const int code = cli_call(cli, "GET", "/api/v1/status", NULL, &status);
	const char *role = json_str(status, "role");

	*people = strcmp(role, "company") == 0 || strcmp(role, "provider") == 0;
	json_decref(status);
	return code;
}

int
run_match_list(struct cli *cli)
{
	bool people = false;
	int code;

	if (cli_flag(cli, "demand") != NULL || by_draft(cli))
		return demand_list(cli);
	code = seeks_people(cli, &people);
	if (code != EXIT_DONE)
		return code;
	return people && cli_flag(cli, "kind") == NULL ? company_list(cli)
						       : person_list(cli);
}

int
run_candidate_list(struct cli *cli)
{
	if (cli_flag(cli, "demand") == NULL && !by_draft(cli))
		return cli_usage(
		    cli, "--demand ID is needed; yours: ohcn demand list");
	return demand_list(cli);
}
